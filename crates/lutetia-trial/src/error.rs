//! What can be wrong with a cohort, a trial or a search.

/// Why a cohort, a trial, a calibration or a search cannot be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrialError {
    /// A name the model does not have.
    #[error("the model has no {what} `{name}`{hint}")]
    Unknown {
        /// `parameter`, `covariate`, `output`.
        what: &'static str,
        /// As given.
        name: String,
        /// `; did you mean …?` or what there is.
        hint: String,
    },
    /// A number outside its range.
    #[error("{what} is {found}; expected {expected}")]
    OutOfRange {
        /// What the number is.
        what: String,
        /// What was found.
        found: String,
        /// What was expected, with a hint where there is one.
        expected: String,
    },
    /// A parameter whose variability cannot be drawn.
    #[error("the variability of `{parameter}` cannot be drawn: {reason}")]
    Variability {
        /// Its name.
        parameter: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A covariate without a value.
    #[error(
        "the covariate `{name}` ({unit}) has neither a typical value nor a distribution; give its \
         distribution in the cohort"
    )]
    NoCovariate {
        /// Its name.
        name: String,
        /// Its unit.
        unit: String,
    },
    /// Correlations that cannot hold together.
    #[error(
        "these correlations of {of} cannot hold together: their matrix is not positive definite; \
         make them smaller, or give the missing ones"
    )]
    Correlations {
        /// `covariates`, `random effects`.
        of: &'static str,
    },
    /// Plausibility limits that (nearly) no draw meets.
    #[error(
        "patient {patient}: none of {attempts} draws meets the plausibility limits; {limit} refuses \
         {refused} of them; widen it or change the typical values"
    )]
    Implausible {
        /// Number of the patient.
        patient: u64,
        /// Draws tried.
        attempts: u32,
        /// The limit that refuses most.
        limit: String,
        /// How many it refuses.
        refused: u32,
    },
    /// Margins that no weighting of the cohort reaches.
    #[error(
        "no weighting of these {patients} patients meets the margin `{margin}`: {reason}; draw a \
         larger or wider cohort, or drop the margin"
    )]
    Margin {
        /// Size of the cohort.
        patients: usize,
        /// Name of the margin.
        margin: String,
        /// What stands against it.
        reason: String,
    },
    /// A statistic that the simulated patients do not determine.
    #[error("{what} is not determined: {reason}")]
    NotDetermined {
        /// Which.
        what: String,
        /// Why.
        reason: String,
    },
    /// The simulator refuses what is asked of all patients alike.
    #[error(transparent)]
    Simulation(#[from] lutetia_sim::SimError),
    /// Stopped by the user.
    #[error("interrupted")]
    Interrupted,
}

/// `; did you mean …?`, else the names there are.
pub(crate) fn known<'a>(name: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = lutetia_diagnostic::closest(name, names.clone()) {
        return format!("; did you mean `{near}`?");
    }
    let all: Vec<&str> = names.collect();
    if all.is_empty() {
        "; it has none".to_owned()
    } else {
        format!("; it has: {}", all.join(", "))
    }
}
