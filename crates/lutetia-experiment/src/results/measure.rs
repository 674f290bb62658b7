//! What a number of a step is.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The quantities with a name of their own.
macro_rules! quantities {
    ($($variant:ident = $name:literal,)*) => {
        /// A quantity by the word under which tables and experiments have it; what it means is said where the kind of
        /// step is documented that finds it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub(crate) enum Quantity {
            $($variant,)*
        }

        impl Quantity {
            /// All of them.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its word.
            pub(crate) fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        /// The same as what a column holds.
        #[expect(non_upper_case_globals, reason = "they are read as the variants that they are")]
        impl Measure {
            $(pub(crate) const $variant: Self = Self::Of(Quantity::$variant);)*
        }
    };
}

quantities! {
    A = "a",
    Absorbed = "absorbed",
    Activity = "activity",
    ActivityAt5PercentRisk = "activity_at_5_percent_risk",
    ActivityExpected = "activity_expected",
    ActivityRelative = "activity_relative",
    AicDifference = "aic_difference",
    Alone = "alone",
    Alpha = "alpha",
    Amount = "amount",
    At = "at",
    At12Mo = "at_12_mo",
    At24Mo = "at_24_mo",
    B = "b",
    Base = "base",
    Bed = "bed",
    Behind = "behind",
    Benefit = "benefit",
    BestShare = "best_share",
    Beyond10 = "beyond_10",
    Bias = "bias",
    Bliss = "bliss",
    Both = "both",
    ChiSquare = "chi_square",
    Combination = "combination",
    Concordance = "concordance",
    Contraction = "contraction",
    Correlated = "correlated",
    Correlation = "correlation",
    CvTia = "cv_tia",
    CyclesOfActivityAsked = "cycles_of_activity_asked",
    CyclesOfActivityAskedAt5PercentRisk = "cycles_of_activity_asked_at_5_percent_risk",
    CyclesToCome = "cycles_to_come",
    Determined = "determined",
    Deviation = "deviation",
    Difference = "difference",
    EffectiveHalfLife = "effective_half_life",
    Electron = "electron",
    Eqd2 = "eqd2",
    Estimate = "estimate",
    Events = "events",
    EventsMissing = "events_missing",
    Excess = "excess",
    ExcessBliss = "excess_bliss",
    ExcessHsa = "excess_hsa",
    Extrapolated = "extrapolated",
    FactorRelative = "factor_relative",
    FreeAtEnd = "free_at_end",
    From = "from",
    FrontShare = "front_share",
    Given = "given",
    HalfLife = "half_life",
    HalfLifeCv = "half_life_cv",
    Harm = "harm",
    HazardRatio = "hazard_ratio",
    High = "high",
    HighAt = "high_at",
    Horizon = "horizon",
    Hot = "hot",
    HrA = "hr_a",
    HrB = "hr_b",
    Hsa = "hsa",
    Key = "key",
    LackOfFit = "lack_of_fit",
    LackOfFitDf = "lack_of_fit_df",
    LackOfFitP = "lack_of_fit_p",
    LargestAtRiskDifference = "largest_at_risk_difference",
    LargestDistance = "largest_distance",
    Left = "left",
    Limit = "limit",
    LogLikelihood = "log_likelihood",
    LogRank = "log_rank",
    Low = "low",
    LowAt = "low_at",
    Mass = "mass",
    Mean = "mean",
    MeanDeviation = "mean_deviation",
    MeanUntilEnd = "mean_until_end",
    Median = "median",
    MedianAfter = "median_after",
    MedianBetween = "median_between",
    MedianBy = "median_by",
    MedianDose = "median_dose",
    MedianTia = "median_tia",
    MoreHarm = "more_harm",
    Nearest = "nearest",
    Needed = "needed",
    Nnh = "nnh",
    NotAlpha = "not_alpha",
    Null = "null",
    Observations = "observations",
    OnFront = "on_front",
    Other = "other",
    P = "p",
    Parameters = "parameters",
    Patients = "patients",
    PerActivity = "per_activity",
    Photon = "photon",
    Points = "points",
    Prior = "prior",
    PriorCv = "prior_cv",
    PriorMedian = "prior_median",
    ProportionalHazards = "proportional_hazards",
    ProportionalHazardsP = "proportional_hazards_p",
    Protraction = "protraction",
    Published = "published",
    Ratio = "ratio",
    RbeAlpha = "rbe_alpha",
    RbeElectron = "rbe_electron",
    RbePhoton = "rbe_photon",
    Relative = "relative",
    RestrictedMean = "restricted_mean",
    RestrictedMeanDifference = "restricted_mean_difference",
    RestrictedMeanP = "restricted_mean_p",
    RiskOfActivityAsked = "risk_of_activity_asked",
    Sd = "sd",
    Se = "se",
    Share = "share",
    Simulated = "simulated",
    SpreadLeft = "spread_left",
    Start = "start",
    Synergy = "synergy",
    Tia = "tia",
    TiaCoefficient = "tia_coefficient",
    To = "to",
    Total = "total",
    Untreated = "untreated",
    Utility = "utility",
    Value = "value",
    Weighted = "weighted",
}

/// What a column of results holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Measure {
    /// A quantity.
    Of(Quantity),
    /// The standard deviation of one.
    SdOf(Box<Measure>),
    /// The lower end of its interval.
    LowOf(Box<Measure>),
    /// The upper end of its interval.
    HighOf(Box<Measure>),
    /// An output of a model.
    Output(String),
    /// A parameter that is varied.
    Parameter(String),
    /// The integral of an output over the activity given.
    TiaCoefficientOf(String),
    /// The integral of one output over that of another.
    RatioOf(String, String),
    /// The lowest value of an output.
    LowestOf(String),
    /// Its last value.
    LastOf(String),
    /// Its mean over patients.
    MeanOf(String),
    /// A dose weighted by the RBE of this number, from 1.
    WeightedBy(usize),
    /// The share alive at a time, as typed.
    SurvivalAt(String),
    /// Those at risk then.
    AtRiskAt(String),
    /// The least that the share alive then can be.
    SurvivalFrom(String),
    /// The most.
    SurvivalTo(String),
}

impl Measure {
    /// Its standard deviation.
    pub(crate) fn sd(self) -> Self {
        Self::SdOf(Box::new(self))
    }

    /// The lower end of its interval.
    pub(crate) fn low(self) -> Self {
        Self::LowOf(Box::new(self))
    }

    /// The upper end of its interval.
    pub(crate) fn high(self) -> Self {
        Self::HighOf(Box::new(self))
    }

    /// The name of its column.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Of(quantity) => quantity.word().into(),
            Self::SdOf(of) => format!("{}_sd", of.name()).into(),
            Self::LowOf(of) => format!("{}_low", of.name()).into(),
            Self::HighOf(of) => format!("{}_high", of.name()).into(),
            Self::Output(name) | Self::Parameter(name) => name.clone().into(),
            Self::TiaCoefficientOf(output) => format!("tiac_{output}").into(),
            Self::RatioOf(over, under) => format!("ratio_{over}_{under}").into(),
            Self::LowestOf(output) => format!("lowest_{}", within(output)).into(),
            Self::LastOf(output) => format!("last_{}", within(output)).into(),
            Self::MeanOf(output) => format!("mean_{}", within(output)).into(),
            Self::WeightedBy(number) => format!("weighted_{number}").into(),
            Self::SurvivalAt(time) => format!("survival_{time}").into(),
            Self::AtRiskAt(time) => format!("at_risk_{time}").into(),
            Self::SurvivalFrom(time) => format!("survival_{time}_from").into(),
            Self::SurvivalTo(time) => format!("survival_{time}_to").into(),
        }
    }
}

/// An output within the name of a column.
fn within(output: &str) -> String {
    output.replace(':', "_").to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn exact_no_two_quantities_have_one_word() {
        let words: BTreeSet<&str> = Quantity::ALL.iter().map(|quantity| quantity.word()).collect();
        assert_eq!(words.len(), Quantity::ALL.len());
    }

    #[test]
    fn exact_measures_are_named_as_their_columns() {
        for (measure, name) in [
            (Measure::Tia.sd(), "tia_sd"),
            (Measure::Benefit.low(), "benefit_low"),
            (Measure::SurvivalAt("24".to_owned()).high(), "survival_24_high"),
            (Measure::LowestOf("marrow:Platelets".to_owned()), "lowest_marrow_platelets"),
            (Measure::Output("marrow:dose".to_owned()), "marrow:dose"),
            (Measure::RatioOf("tumour".to_owned(), "kidneys".to_owned()), "ratio_tumour_kidneys"),
        ] {
            assert_eq!(measure.name(), name);
        }
    }
}
