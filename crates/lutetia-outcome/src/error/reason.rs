//! Why there is no answer.

/// Why the data do not determine the answer, and what would.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// Nobody had the event.
    #[error("nobody of {patients} patients had the event")]
    Nobody {
        /// Number of patients.
        patients: usize,
    },
    /// Everybody had the event.
    #[error("everybody of {patients} patients had the event")]
    Everybody {
        /// Number of patients.
        patients: usize,
    },
    /// No variation of the exposure.
    #[error("all {patients} patients had the exposure {exposure}")]
    OneExposure {
        /// Number of patients.
        patients: usize,
        /// In the unit of the exposures.
        exposure: f64,
    },
    /// An exposure between all with and all without the event.
    #[error(
        "an exposure of {exposure} separates all patients with the event from all without, so that the curve would be \
         a step; more patients between them would give a slope"
    )]
    Separated {
        /// In the unit of the exposures.
        exposure: f64,
    },
    /// No event among times that may be interval-censored.
    #[error("all {patients} patients are censored; follow them longer")]
    PatientsCensored {
        /// Number of patients.
        patients: usize,
    },
    /// No event among times of patients.
    #[error("all {times} times are censored; follow the patients longer")]
    TimesCensored {
        /// Number of times.
        times: usize,
    },
    /// A singular information matrix at the start.
    #[error(
        "a covariate is constant among those at risk, or follows from the others; leave it out"
    )]
    Dependent,
    /// Risk sets of one group only.
    #[error("{events} events, and at none of them were patients of two groups at risk")]
    OneGroupAtRisk {
        /// Number of events.
        events: usize,
    },
    /// A singular variance of the log-rank test.
    #[error(
        "the variance of the difference is 0: at every event all patients at risk had it, or all were in one group"
    )]
    NoVariance,
    /// A risk set of one arm only.
    #[error("only one arm has patients at risk")]
    OneArm,
    /// No acceleration factor makes the untreated times of the arms alike.
    #[error(
        "no psi between -3 and 3 makes the arms alike; treatment may do nothing like a factor of time, or events are \
         too few"
    )]
    NoPsi,
    /// Nobody switched.
    #[error("nobody switched; compare the arms as they are")]
    NobodySwitched,
    /// No decision, or all, to switch.
    #[error("nobody or everybody who could switch did; compare the arms as they are")]
    SwitchedAlike,
    /// A covariate of the switch that is the same at every decision.
    #[error("a covariate is the same at every decision; leave it out")]
    ConstantCovariate,
    /// Decisions that follow from the covariates.
    #[error(
        "the covariates tell those who switch from the others without fail, or follow from each other; no weight can \
         stand for people who do not exist"
    )]
    SeparatedSwitch,
    /// A horizon after the last observed time.
    #[error(
        "the last observed time is {last} with patients alive; take a horizon of at most {last}"
    )]
    BeyondFollowUp {
        /// The last time, in the unit of the times.
        last: f64,
    },
    /// An arm without an event up to the horizon.
    #[error("an arm has no event before {tau}")]
    NoEventBefore {
        /// The horizon, in the unit of the times.
        tau: f64,
    },
    /// A search that found no maximum.
    #[error("no maximum of the likelihood was found")]
    NoMaximum,
    /// A likelihood that rises to the edge of its family.
    #[error(
        "the likelihood rises to the edge of the family: too few events, or events at one time"
    )]
    EdgeOfFamily,
    /// Fewer different event times than parameters.
    #[error(
        "{distinct} different event times for {parameters} parameters; take a family with fewer, or follow the \
         patients longer"
    )]
    FewTimes {
        /// Number of different event times.
        distinct: usize,
        /// Number of parameters.
        parameters: usize,
    },
    /// Fewer different event times than coefficients of a spline.
    #[error(
        "there are {distinct} different event times for {coefficients} coefficients; take fewer knots"
    )]
    FewTimesForKnots {
        /// Number of different event times.
        distinct: usize,
        /// Number of coefficients.
        coefficients: usize,
    },
    /// Two knots at one time.
    #[error("so many events are at one time that two knots fall together; take fewer knots")]
    KnotsTogether,
    /// A spline whose likelihood has no maximum.
    #[error(
        "the likelihood has no maximum: too few events, or events at one time; take fewer knots"
    )]
    NoMaximumOfKnots,
    /// A fitted survival curve that is none.
    #[error("the fitted curve rises in places; take fewer knots")]
    Rises,
    /// A fitted curve that falls no further.
    #[error("the fitted curve does not get there")]
    FallsNoFurther,
    /// A distribution under which some never have the event.
    #[error("with this distribution only {share:.4} ever have it")]
    NeverAll {
        /// The share of those who ever have it.
        share: f64,
    },
    /// A number too large or too small to be held.
    #[error("it lies outside the range of floating point numbers")]
    OutsideFloats,
    /// A published curve that begins after the horizon.
    #[error("no point of the curve lies before the horizon of {horizon}")]
    NoPointBefore {
        /// The horizon, in the unit of the curve.
        horizon: f64,
    },
    /// A published curve without extent in time.
    #[error("all points of the curve are at time 0")]
    PointsAtZero,
    /// Too few groups of patients to test a fit.
    #[error(
        "the patients make {groups} groups in which one event and one patient without it are expected; three are needed"
    )]
    FewGroups {
        /// Number of groups.
        groups: usize,
    },
    /// Too few periods to test a fit.
    #[error("{events} events at different times make {periods} periods of five; three are needed")]
    FewPeriods {
        /// Number of events.
        events: usize,
        /// Number of periods.
        periods: usize,
    },
    /// A period in which the fitted curve expects no event.
    #[error("the curve expects nobody between {from} and {to}")]
    NobodyExpected {
        /// Start of the period, in the unit of the times.
        from: f64,
        /// Its end.
        to: f64,
    },
    /// A difference of 0.
    #[error("both arms have the same share")]
    SameShare,
    /// A cumulative hazard that is not a number.
    #[error(
        "the cumulative hazard is {hazard} at time {at}, from {before} at {from}; check the coefficients of the hazard \
         and the size of what they multiply"
    )]
    HazardNotFinite {
        /// The cumulative hazard.
        hazard: f64,
        /// Where.
        at: f64,
        /// The one before.
        before: f64,
        /// Where that was.
        from: f64,
    },
    /// Censored before anybody looked.
    #[error("censored at {at} d, before the first visit at {first} d")]
    BeforeFirstVisit {
        /// Time of the censoring, d.
        at: f64,
        /// Time of the visit, d.
        first: f64,
    },
    /// An effect that neither drug has alone.
    #[error("no dose of A alone (largest effect {a}) or of B alone ({b}) reaches {effect}")]
    NeitherReaches {
        /// Largest effect of A alone.
        a: f64,
        /// Largest effect of B alone.
        b: f64,
        /// The effect asked for.
        effect: f64,
    },
    /// A survival curve that does not fall that far.
    #[error("the curve of {0} does not reach it")]
    CurveEnds(Curve),
}

/// A curve of the additivity of event times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Curve {
    /// Under treatment A alone.
    #[error("A")]
    A,
    /// Under treatment B alone.
    #[error("B")]
    B,
    /// Under neither.
    #[error("the control")]
    Control,
}

/// What is known of why an iteration came to no end.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfinished {
    /// A likelihood that rises on and on.
    #[error("the likelihood keeps rising; the exposures all but separate the events")]
    KeepsRising,
    /// All iterations used up.
    #[error("{steps} iterations were not enough{}", if *.penalised { "; leave out covariates" } else { "" })]
    Steps {
        /// How many.
        steps: usize,
        /// Whether fewer covariates would help.
        penalised: bool,
    },
    /// Steps of self-consistency that left a gap.
    #[error(
        "{steps} steps of the iteration left more than {gap:e} to the maximum of the likelihood"
    )]
    Gap {
        /// How many.
        steps: usize,
        /// The largest gap that is accepted.
        gap: f64,
    },
    /// A singular information matrix.
    #[error("the information of {0} is singular; leave out covariates")]
    Singular(Of),
    /// No step along the gradient goes up.
    #[error("no step raises the likelihood; take fewer knots")]
    NoStepUp,
}

/// Whose information matrix it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Of {
    /// Of the estimate.
    #[error("the estimate")]
    Estimate,
    /// Of a point of the profile likelihood.
    #[error("a profile")]
    Profile,
}
