//! What is followed, and what is counted, of the patients of a trial?

use crate::trial::{Observed, Record, TrialSpec};

/// What is followed over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// Death.
    OverallSurvival,
    /// Progression or death.
    ProgressionFreeSurvival,
    /// Progression of the marker or death.
    MarkerProgressionFree,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 3] =
        [Self::OverallSurvival, Self::ProgressionFreeSurvival, Self::MarkerProgressionFree];

    /// Those that a trial has.
    #[must_use]
    pub fn of_trial(spec: &TrialSpec) -> Vec<Self> {
        let meaning = &spec.meaning;
        let followed = |endpoint: &Self| match endpoint {
            Self::OverallSurvival => meaning.death.is_some(),
            Self::ProgressionFreeSurvival => {
                meaning.new_lesion.is_some() || meaning.volume.is_some()
            }
            Self::MarkerProgressionFree => meaning.marker_visits.is_some(),
        };
        Self::ALL.into_iter().filter(followed).collect()
    }

    /// `OS`, `PFS`, `marker PFS`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OverallSurvival => "OS",
            Self::ProgressionFreeSurvival => "PFS",
            Self::MarkerProgressionFree => "marker PFS",
        }
    }

    /// The endpoint of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }

    /// How long a patient was followed for it, and whether that ended with the event.
    #[must_use]
    pub fn of(self, record: &Record) -> Observed {
        match self {
            Self::OverallSurvival => record.survival,
            Self::ProgressionFreeSurvival => record.progression_free,
            // Whose marker is not measured is not followed for it.
            Self::MarkerProgressionFree => record.marker_free.unwrap_or(Observed::censored(0.0)),
        }
    }
}

/// What is counted: it holds for a patient or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// A complete or partial response by RECIST 1.1.
    ObjectiveResponse,
    /// The marker fell to half or less.
    MarkerHalved,
    /// The same, confirmed three weeks later.
    MarkerHalvedConfirmed,
    /// A grade of one toxicity, or a higher one.
    Grade {
        /// Place among the toxicities of the trial.
        toxicity: usize,
        /// Least grade.
        least: u8,
    },
    /// Grade 3 or more of any toxicity.
    AnySevere,
    /// The patient changed treatment.
    CrossedOver,
}

impl Share {
    /// Those that a trial can count.
    #[must_use]
    pub fn of_trial(spec: &TrialSpec) -> Vec<Self> {
        let meaning = &spec.meaning;
        let mut all = Vec::new();
        if meaning.volume.is_some() {
            all.push(Self::ObjectiveResponse);
        }
        if meaning.marker.is_some() {
            all.push(Self::MarkerHalved);
        }
        if meaning.marker_visits.is_some() {
            all.push(Self::MarkerHalvedConfirmed);
        }
        for (toxicity, t) in meaning.toxicities.iter().enumerate() {
            let grades = [2_u8, 3, 4].into_iter().filter(|g| t.limits.len() >= usize::from(*g));
            all.extend(grades.map(|least| Self::Grade { toxicity, least }));
        }
        if !meaning.toxicities.is_empty() {
            all.push(Self::AnySevere);
        }
        if spec.arms.iter().any(|a| a.crossover.is_some()) {
            all.push(Self::CrossedOver);
        }
        all
    }

    /// Name in tables and targets: `objective response`, `thrombocytopenia grade 3 or more`.
    #[must_use]
    pub fn name(self, spec: &TrialSpec) -> String {
        let fixed = match self {
            Self::ObjectiveResponse => "objective response",
            Self::MarkerHalved => "marker halved",
            Self::MarkerHalvedConfirmed => "marker halved, confirmed",
            Self::Grade { toxicity, least } => {
                let name = spec.meaning.toxicities.get(toxicity).map_or("", |t| t.name.as_str());
                return format!("{name} grade {least} or more");
            }
            Self::AnySevere => "any grade 3 or more",
            Self::CrossedOver => "crossed over",
        };
        fixed.to_owned()
    }

    /// The share of a name, among those of a trial.
    #[must_use]
    pub fn named(name: &str, spec: &TrialSpec) -> Option<Self> {
        Self::of_trial(spec).into_iter().find(|share| share.name(spec) == name)
    }

    /// Whether it holds for a patient; none where that is not known.
    #[must_use]
    pub fn of(self, record: &Record) -> Option<bool> {
        match self {
            Self::ObjectiveResponse => Some(record.response.is_objective()),
            Self::MarkerHalved => record.best_marker.map(|best| best <= -0.5),
            Self::MarkerHalvedConfirmed => record.marker_halved,
            Self::Grade { toxicity, least } => record.grades.get(toxicity).map(|g| *g >= least),
            Self::AnySevere => Some(record.grades.iter().any(|g| *g >= 3)),
            Self::CrossedOver => Some(record.crossed_at.is_some()),
        }
    }
}
