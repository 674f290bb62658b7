//! Survival under a combination beside what independent action expects of its parts.

use lutetia_outcome::combination::IndependentAction;
use lutetia_outcome::survival::{Interval, KaplanMeier};

use super::IndependentActionStep;
use crate::steps::{
    StepError,
    survival::{Patients, SurvivalError},
};

/// 95 % of a normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// A time of a step.
#[derive(Debug)]
pub(super) struct At {
    pub(super) time: f64,
    /// None beyond the end of the curve of the combination or of the treatment alone.
    pub(super) found: Option<Beside>,
}

/// Survival at one time.
#[derive(Debug)]
pub(super) struct Beside {
    /// Under both treatments.
    pub(super) combination: f64,
    /// Under the one treatment.
    pub(super) alone: f64,
    /// Difference of the two, with its 95 % interval of Greenwood's errors.
    pub(super) difference: [f64; 3],
    pub(super) partner: Partner,
}

/// What is said of the other treatment.
#[derive(Debug)]
pub(super) enum Partner {
    /// Its survival alone, what independent action makes of the two, and what the combination has beyond that.
    Known { other: Option<f64>, null: Option<f64>, excess: Option<f64> },
    /// What it would have to do alone, S_B = (S_AB − S_A)/(1 − S_A), with its 95 % interval; none before the first death
    /// under the treatment alone.
    Needed(Option<[f64; 3]>),
}

fn curve(patients: &Patients, arm: &str) -> Result<KaplanMeier, StepError> {
    let arms = patients.by_arm();
    let data = arms
        .iter()
        .find(|a| a.0 == arm)
        .ok_or_else(|| SurvivalError::no_arm(arm, arms.iter().map(|a| a.0)))?;
    KaplanMeier::fit(&data.1, Interval::Log, 0.95).map_err(StepError::from)
}

/// S and its standard error at a time.
fn at(curve: &KaplanMeier, t: f64) -> Option<(f64, f64)> {
    let survival = curve.survival_at(t)?;
    Some((survival, curve.step_at(t).map_or(0.0, |s| s.standard_error)))
}

/// The times of a step.
pub(super) fn of(step: &IndependentActionStep, patients: &Patients) -> Result<Vec<At>, StepError> {
    let both = curve(patients, &step.combination)?;
    let one = curve(patients, &step.alone)?;
    let other = step.other.as_deref().map(|arm| curve(patients, arm)).transpose()?;
    let model = IndependentAction::new(step.correlation)?;
    step.at
        .iter()
        .map(|time| time.r#in(&step.unit))
        .map(|time| {
            let (Some((c, c_se)), Some((a, a_se))) = (at(&both, time), at(&one, time)) else {
                return Ok(At { time, found: None });
            };
            let partner = match &other {
                Some(other) => {
                    let other = other.survival_at(time);
                    let null = other.map(|b| model.survival(a, b)).transpose()?;
                    Partner::Known { other, null, excess: null.map(|n| c - n) }
                }
                None => Partner::Needed((a < 1.0).then(|| {
                    // S_AB = S_A + S_B − S_A S_B solved for S_B, with the error of both curves.
                    let needed = (c - a) / (1.0 - a);
                    let error = (c_se / (1.0 - a)).hypot(a_se * (1.0 - c) / (1.0 - a).powi(2));
                    [needed, needed - Z_95 * error, needed + Z_95 * error]
                })),
            };
            let half = Z_95 * c_se.hypot(a_se);
            let difference = [c - a, c - a - half, c - a + half];
            Ok(At { time, found: Some(Beside { combination: c, alone: a, difference, partner }) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use lutetia_outcome::survival::{Groups, SurvivalData};

    use super::*;
    use crate::written::{FollowUp, TimeUnit};

    /// Arms of four without censoring: S falls by a quarter at each time.
    fn patients() -> Patients {
        let time = vec![1.0, 2.0, 3.0, 4.0, 2.0, 4.0, 6.0, 8.0, 3.0, 6.0, 9.0, 12.0];
        let arm = ["a"; 4].into_iter().chain(["b"; 4]).chain(["both"; 4]).collect::<Vec<_>>();
        let data = SurvivalData::new(time, vec![true; 12]).expect("data");
        Patients { data, groups: Groups::by_appearance(&arm), notes: Vec::new() }
    }

    fn step(other: Option<&str>, at: &[f64]) -> IndependentActionStep {
        IndependentActionStep {
            id: "t".to_owned(),
            from: "t".to_owned(),
            endpoint: None,
            combination: "both".to_owned(),
            alone: "a".to_owned(),
            other: other.map(str::to_owned),
            correlation: 0.0,
            at: at.iter().map(|mo| FollowUp::parse(&format!("{mo} mo")).expect("a time")).collect(),
            unit: TimeUnit::parse("months").expect("a unit"),
        }
    }

    fn partners(other: Option<&str>, at: &[f64]) -> Vec<Partner> {
        let found = of(&step(other, at), &patients()).expect("arms");
        found.into_iter().map(|at| at.found.expect("within the curves").partner).collect()
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    /// At 2: S_a 1/2, S_b 3/4, together 1: null 7/8, excess 1/8; b would have needed 1.
    #[test]
    fn exact_null_and_needed() {
        let known = partners(Some("b"), &[2.0, 13.0]);
        let [
            Partner::Known { null: Some(early), excess: Some(excess), .. },
            Partner::Known { null: Some(late), .. },
        ] = known[..]
        else {
            panic!("{known:?}")
        };
        close(early, 0.875);
        close(excess, 0.125);
        close(late, 0.0);
        let needed = partners(None, &[2.0, 3.0, 0.5]);
        // At 3: S_a 1/4, together 3/4: (3/4 − 1/4)/(3/4). Before the first death nothing is asked of a partner.
        let [Partner::Needed(Some(two)), Partner::Needed(Some(three)), Partner::Needed(None)] =
            needed[..]
        else {
            panic!("{needed:?}")
        };
        close(two[0], 1.0);
        close(three[0], 2.0 / 3.0);
    }

    #[test]
    fn exact_an_arm_that_is_missing() {
        let refused = of(&step(Some("c"), &[2.0]), &patients()).expect_err("refused");
        assert_eq!(refused.to_string(), "no arm `c`; the arms are a, b, both");
    }
}
