//! Numbers of a trial, a calibration, a search or a trade-off that lie outside their ranges: what was found, and what
//! was expected.

/// A number of a trial.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrialRange {
    /// A time that is none.
    #[error("{what} is {found}; expected a finite time above zero")]
    Time {
        /// Which.
        what: Time,
        /// Days.
        found: f64,
    },
    /// Curves of too many points.
    #[error(
        "the step of the curves is {step}; expected at most 100 000 steps of follow-up; make it longer"
    )]
    Steps {
        /// Days.
        step: f64,
    },
    /// Patients who enter when the trial is over.
    #[error("the accrual is {found}; expected zero or more, shorter than follow-up")]
    Accrual {
        /// Days.
        found: f64,
    },
    /// A rise that is a fall.
    #[error("the least rise of the marker is {found}; expected a finite number of zero or more")]
    LeastRise {
        /// Internal.
        found: f64,
    },
    /// Scans before they are asked for.
    #[error("the jitter of the scans is {found}; expected zero or more days")]
    Jitter {
        /// Days.
        found: f64,
    },
    /// A trial of nothing.
    #[error("the number of arms is 0; expected at least one arm")]
    NoArms,
    /// Limits of grades that are none.
    #[error(
        "the limits of `{toxicity}` is {found:?}; expected one to four values, descending, from grade 1 up"
    )]
    Limits {
        /// The toxicity.
        toxicity: String,
        /// Internal.
        found: Vec<f64>,
    },
    /// A dependence that is none.
    #[error(
        "the coefficient of `{on}` in the crossover of the arm `{arm}` is {found}; expected a finite number"
    )]
    Coefficient {
        /// The arm.
        arm: String,
        /// What its crossover depends on.
        on: String,
        /// As given.
        found: f64,
    },
    /// A reference at which no odds are defined.
    #[error(
        "the reference of `{on}` in the crossover of the arm `{arm}` is {found}; expected {}",
        if *log { "a number above zero, as its logarithm is taken" } else { "a finite number" }
    )]
    Reference {
        /// The arm.
        arm: String,
        /// What its crossover depends on.
        on: String,
        /// As given.
        found: f64,
        /// Whether its logarithm is taken.
        log: bool,
    },
    /// An arm of nobody.
    #[error("the number of patients of the arm `{arm}` is 0; expected at least one patient")]
    NoPatients {
        /// The arm.
        arm: String,
    },
    /// A dose before the patients are followed.
    #[error(
        "the arm `{arm}` gives a dose into `{into}` on day {day}; expected day 0, from which patients are followed, or later"
    )]
    BeforeStart {
        /// The arm.
        arm: String,
        /// The pool.
        into: String,
        /// As given.
        day: f64,
    },
    /// A share of an arm.
    #[error("{what} of the arm `{arm}` is {found}; expected a share from 0 to 1")]
    ArmShare {
        /// Which.
        what: ArmShare,
        /// The arm.
        arm: String,
        /// As given.
        found: f64,
    },
    /// A rate or a delay of an arm.
    #[error("{what} of the arm `{arm}` is {found}; expected a finite number of zero or more")]
    ArmNumber {
        /// Which.
        what: ArmNumber,
        /// The arm.
        arm: String,
        /// As given.
        found: f64,
    },
}

/// A time of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Time {
    /// Longest follow-up.
    #[error("the follow-up")]
    FollowUp,
    /// Between the points of curves.
    #[error("the step of the curves")]
    Step,
    /// Between measurements of the marker.
    #[error("the distance of the marker's measurements")]
    MarkerVisits,
}

/// A share of the patients of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArmShare {
    /// Who leave at once.
    #[error("the share that drops out at the start")]
    DropOut,
    /// Who change treatment at progression.
    #[error("the share that crosses over")]
    Crossover,
}

/// A rate or a delay of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArmNumber {
    /// Of leaving assessments.
    #[error("the rate of drop-out")]
    DropOutRate,
    /// Of loss to all follow-up.
    #[error("the rate of loss to follow-up")]
    LostRate,
    /// From progression to the other treatment.
    #[error("the delay of crossover")]
    CrossoverDelay,
}

/// A number of a calibration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationRange {
    /// Nothing to look for.
    #[error("the number of unknowns is 0; expected at least one")]
    NoUnknowns,
    /// Nothing to meet.
    #[error("the number of targets is 0; expected at least one number to be met")]
    NoTargets,
    /// Too few particles.
    #[error(
        "the number of particles is {found}; expected at least {least}; hundreds where time allows"
    )]
    Particles {
        /// As given.
        found: usize,
        /// The least.
        least: usize,
    },
    /// Fewer generations at most than anyway.
    #[error(
        "the most generations is {found}; expected at least the {made} generations that are made anyway"
    )]
    MostGenerations {
        /// As given.
        found: usize,
        /// Made anyway.
        made: usize,
    },
    /// Particles of nobody.
    #[error("the number of patients is 0; expected at least one")]
    NoPatients,
    /// Exploring with nobody, or with more than all.
    #[error(
        "the number of patients that explore is {found}; expected 1 to the {most} patients of the last generations"
    )]
    Explorers {
        /// As given.
        found: usize,
        /// All.
        most: usize,
    },
    /// Nothing after exploring.
    #[error(
        "the number of generations with patients that explore is 0; expected at least 1, which all patients take part in"
    )]
    OnlyExploring,
    /// An effective size that no weights have.
    #[error(
        "the effective size that is wanted is {found}; expected 1 to {most}, the particles that can have weight; allow \
         more generations"
    )]
    EffectiveSize {
        /// As given.
        found: f64,
        /// Particles that can have weight.
        most: f64,
    },
    /// A prior that is none.
    #[error(
        "the prior of `{name}` is {} to {}; expected a lower bound below the upper one, above zero where it is \
         logarithmic", bounds.0, bounds.1
    )]
    Prior {
        /// The unknown.
        name: String,
        /// As given.
        bounds: (f64, f64),
    },
    /// A target that is not a number.
    #[error(
        "the target `{name}` is {value} with error {error}; expected a finite number with an error above zero"
    )]
    Target {
        /// Its name.
        name: String,
        /// As given.
        value: f64,
        /// Its standard error.
        error: f64,
    },
}

/// A number of a search for a regimen.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegimenRange {
    /// Nothing to choose.
    #[error("the number of things to choose is 0; expected at least one, such as the activity")]
    NothingToChoose,
    /// Bounds that are none.
    #[error(
        "the bounds of `{name}` is {} to {}; expected finite numbers, the lower first", bounds.0,
        bounds.1
    )]
    Bounds {
        /// What is chosen.
        name: String,
        /// As given.
        bounds: (f64, f64),
    },
    /// A limit that nothing meets.
    #[error("the limit of `{name}` is {most}; expected a number above zero")]
    Limit {
        /// What is limited.
        name: String,
        /// As given.
        most: f64,
    },
}

/// A number of a trade-off.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TradeOffRange {
    /// Nothing to weigh.
    #[error("the number of regimens is 0; expected at least one")]
    NoRegimens,
    /// Regimens on other patients.
    #[error(
        "the number of patients under `{name}` is {benefit} with {harmed} marks of harm; expected the same {} patients \
         under every regimen, at least one", (*expected).max(1)
    )]
    Patients {
        /// The regimen.
        name: String,
        /// Patients with a benefit.
        benefit: usize,
        /// Patients of whom it is known whether they were harmed.
        harmed: usize,
        /// Patients under the first regimen.
        expected: usize,
    },
    /// A benefit that is not a number.
    #[error(
        "a benefit under `{name}` is not a number; expected finite numbers; leave out patients who could not be \
         simulated under all regimens"
    )]
    Benefit {
        /// The regimen.
        name: String,
    },
    /// Draws that do not have the same patients.
    #[error(
        "the number of draws is {found} for {patients} patients in all; expected at least one, the same patients under \
         each"
    )]
    Draws {
        /// As given.
        found: usize,
        /// Under all draws.
        patients: usize,
    },
    /// A reference that is not a regimen.
    #[error("the index of the reference is {found}; expected one of the regimens")]
    Reference {
        /// As given.
        found: usize,
    },
    /// Too few samples.
    #[error(
        "the number of bootstrap samples is {found}; expected at least {least}, for an interval of 95 %"
    )]
    Samples {
        /// As given.
        found: usize,
        /// The least.
        least: usize,
    },
    /// A benefit that counts as one, and is none.
    #[error("the benefit that counts as one is {found}; expected a number above zero")]
    Scale {
        /// As given.
        found: f64,
    },
}
