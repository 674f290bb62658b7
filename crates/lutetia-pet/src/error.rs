//! What cannot be computed, and why.

use lutetia_fit::FitError;
use lutetia_units::{significant, typed};

/// Why a curve, a scan or a fit cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PetError {
    /// A curve without samples.
    #[error("a curve has no sample")]
    NoSample,
    /// As many values as times are needed.
    #[error("{times} times and {values} values; as many of one as of the other are needed")]
    Lengths {
        /// Times or frames.
        times: usize,
        /// Values or weights.
        values: usize,
    },
    /// A time or value that is infinite or not a number.
    #[error("the value {value} at {time_min} min is not finite")]
    NotFinite {
        /// Time, min.
        time_min: f64,
        /// Value.
        value: f64,
    },
    /// Samples out of order.
    #[error(
        "a sample at {} min follows one at {} min; times must increase",
        typed(*later_min),
        typed(*earlier_min)
    )]
    Order {
        /// The first of the two, min.
        earlier_min: f64,
        /// The one that follows it, min.
        later_min: f64,
    },
    /// A scan without frames.
    #[error("a scan has no frame")]
    NoFrame,
    /// A frame without duration, or before the injection.
    #[error(
        "a frame from {start_min} min to {end_min} min; it must start at 0 min or later and end after its start"
    )]
    Frame {
        /// Start, min.
        start_min: f64,
        /// End, min.
        end_min: f64,
    },
    /// Two frames overlap.
    #[error(
        "a frame starts at {} min, before the one before it ends at {} min",
        typed(*start_min),
        typed(*end_min)
    )]
    Overlap {
        /// End of the first, min.
        end_min: f64,
        /// Start of the second, min.
        start_min: f64,
    },
    /// A weight that is negative or not finite.
    #[error("the weight {weight} of the frame at {time_min} min must be 0 or more")]
    Weight {
        /// Middle of the frame, min.
        time_min: f64,
        /// The weight.
        weight: f64,
    },
    /// Every weight is 0.
    #[error("every frame has weight 0")]
    NoWeight,
    /// The input begins after the scan.
    #[error(
        "the input begins at {} min, after the first frame, which starts at {} min",
        significant(*input_min, 4),
        significant(*frame_min, 4)
    )]
    InputStartsLate {
        /// First sample, with the delay, min.
        input_min: f64,
        /// Start of the first frame, min.
        frame_min: f64,
    },
    /// The input ends long before the scan.
    #[error(
        "the input ends at {} min, the scan at {} min; the last value is held for at most {} min",
        significant(*input_min, 4),
        significant(*scan_min, 4),
        significant(*held_min, 4)
    )]
    InputEndsEarly {
        /// Last sample, min.
        input_min: f64,
        /// End of the last frame, min.
        scan_min: f64,
        /// How long the last value may be held, min.
        held_min: f64,
    },
    /// Nothing says what reaches the tissue.
    #[error(
        "no parent concentration in plasma: give it, or plasma (or whole blood and plasma fraction) with the parent fraction"
    )]
    NoInput,
    /// A fraction outside its range.
    #[error("{what} {value} lies outside {lowest} to {highest}")]
    Fraction {
        /// Which fraction.
        what: &'static str,
        /// The value.
        value: f64,
        /// Least.
        lowest: f64,
        /// Largest.
        highest: f64,
    },
    /// A range whose ends are not in order, or not finite.
    #[error("the {what} lies from {low} to {high}; the ends must be finite and in order")]
    Ends {
        /// Of what.
        what: &'static str,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Running integrals need what lies in a gap.
    #[error(
        "nothing was measured from {} min to {} min, and the running integral of the tissue needs it",
        typed(*start_min),
        typed(*end_min)
    )]
    Gap {
        /// End of the frame before, min.
        start_min: f64,
        /// Start of the frame after, min.
        end_min: f64,
    },
    /// A method that needs a reference region was given none.
    #[error("the method needs a reference region")]
    NoReference,
    /// Something that a graphical method cannot estimate.
    #[error("a graphical method does not estimate the {what}; give its value")]
    NotFitted {
        /// What.
        what: &'static str,
    },
    /// Two curves of different frames.
    #[error("region and reference region have different frames")]
    OtherFrames,
    /// The start of the linear part lies beyond the data.
    #[error(
        "{} frames start at t* = {} min or later, at least {needed} are needed",
        found,
        typed(*t_star_min)
    )]
    FewPoints {
        /// Frames found.
        found: usize,
        /// Frames needed.
        needed: usize,
        /// Start asked for, min.
        t_star_min: f64,
    },
    /// No linear part by the rule.
    #[error(
        "no {needed} frames at the end of the scan lie within {} % of a line; give t* where the plot is linear",
        significant(100.0 * deviation, 4)
    )]
    NotLinear {
        /// Frames needed.
        needed: usize,
        /// Deviation allowed, 1 = 100 %.
        deviation: f64,
    },
    /// A plot divides by a concentration that is not positive.
    #[error(
        "the {what} is {} in the frame at {} min; the plot divides by it, and a later t* leaves the frame out",
        significant(*value, 4),
        significant(*time_min, 4)
    )]
    NotPositive {
        /// What is divided by.
        what: &'static str,
        /// The value.
        value: f64,
        /// Middle of the frame, min.
        time_min: f64,
    },
    /// The fit cannot be made.
    #[error(transparent)]
    Fit(#[from] FitError),
}
