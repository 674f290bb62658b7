//! What no curve can be made of.

/// Why there is no such curve.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// Too few phases.
    #[error("curve has {found} phases, expected at least {needed}; add a rate")]
    Phases {
        /// Phases of the form.
        found: usize,
        /// Least number.
        needed: usize,
    },
    /// A physical rate that is none.
    #[error(
        "physical decay rate is {rate}, expected a finite number ≥ 0; take it from the nuclide"
    )]
    PhysicalRate {
        /// As given, 1/time.
        rate: f64,
    },
    /// A fixed rate that is none.
    #[error("fixed biological rate is {rate}, expected a finite number ≥ 0; correct it")]
    FixedRate {
        /// As given, 1/time.
        rate: f64,
    },
    /// A rate of the supply that is none.
    #[error(
        "rate of the supply from blood is {rate}, expected a finite number above 0; correct it"
    )]
    BloodRate {
        /// As given, 1/time.
        rate: f64,
    },
    /// A time that is none.
    #[error("time is {time}, expected a finite number ≥ 0; count from the injection")]
    Time {
        /// As given.
        time: f64,
    },
    /// No time after zero.
    #[error("no time after zero; a curve needs at least one")]
    NoTime,
    /// A sum of amplitudes that is none.
    #[error(
        "the amplitudes are to sum to {total}, expected a finite activity above 0; give the injected activity"
    )]
    AmplitudeSum {
        /// As given.
        total: f64,
    },
    /// An injected activity that is none.
    #[error("the injected activity is {activity}, expected a finite activity above 0; give it")]
    Injected {
        /// As given.
        activity: f64,
    },
    /// An uptake in a wrong place.
    #[error("an uptake is neither the first phase nor the one that closes the sum")]
    Uptake,
    /// A curve that cannot be superposed.
    #[error(
        "this function is the curve after one short injection; use a sum of exponentials, such as `mono` or `bi-uptake`"
    )]
    OneInjection,
    /// A schedule that gives nothing.
    #[error("there is no administration; give at least one")]
    NoAdministration,
    /// An administration at a time that is none.
    #[error(
        "an administration begins at {start} and takes {duration}, expected finite times of 0 or more"
    )]
    Administration {
        /// Start as given.
        start: f64,
        /// Duration as given.
        duration: f64,
    },
    /// A share that is none.
    #[error("an administration has the share {share}, expected a finite number above 0")]
    Share {
        /// As given.
        share: f64,
    },
    /// Curves and subjects of different number.
    #[error("{curves} curves of {subjects} subjects")]
    Pool {
        /// Number of curves.
        curves: usize,
        /// Number of subjects.
        subjects: usize,
    },
    /// A parameter that a curve does not have.
    #[error("`{name}` cannot be shared: the function has the parameters {parameters}")]
    NotShared {
        /// Name.
        name: String,
        /// The parameters there are.
        parameters: String,
    },
}
