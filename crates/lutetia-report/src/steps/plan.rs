//! How much activity until a limit is reached, in cycles to come, and with which risk.
//!
//! The cycles to come are taken to be like the one measured: a dose per activity d and a protraction
//! factor G. The limit is one of absorbed dose or of biologically effective dose, over all cycles,
//! those already given with it. The error of the dose is one relative error common to all cycles,
//! `D (1 + u x)` with x standard normal: calibration, volume and dose factor are common to them in
//! truth, and taking the rest to be so, too, gives the larger risk below one half.

use std::collections::BTreeMap;

use lutetia_dose::{Tissue, activity_for_bed};
use lutetia_fit::ln_normal_cdf;
use serde::Deserialize;

use super::{
    Context, StepKind, Use,
    dose::{RegionDose, TissueSpec, effective as effective_of, relative, tissue},
};
use crate::table::{Cell, Table, significant};

/// Standard normal quantile of 95 %.
const Z_95: f64 = 1.644_853_626_951_472_2;

/// Risks below it say nothing: that the next cycles are like this one is not that certain.
const LEAST_RISK: f64 = 1e-6;

/// Points of a curve of risk.
const CURVE_POINTS: u32 = 60;

/// What must not be exceeded over all cycles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// Biologically effective dose, Gy, of a tissue.
    Bed(f64, Tissue),
    /// Absorbed dose, Gy.
    Dose(f64),
}

impl Limit {
    /// Gy.
    #[must_use]
    pub fn gy(self) -> f64 {
        match self {
            Self::Bed(gy, _) | Self::Dose(gy) => gy,
        }
    }

    /// What the limit is one of.
    #[must_use]
    pub fn of(self) -> String {
        match self {
            Self::Bed(_, tissue) => {
                let [(share, first), (_, second)] = tissue.repair();
                // One phase is one whose share is all, or two alike.
                let one = share >= 1.0 || (first - second).abs() <= 1e-12 * first;
                let repair = if one {
                    format!("{} h", significant(first, 6))
                } else {
                    {
                        let digits = |x: f64| significant(x, 6);
                        format!(
                            "{} h ({} %) and {} h",
                            digits(first),
                            digits(100.0 * share),
                            digits(second)
                        )
                    }
                };
                format!(
                    "BED, alpha/beta {} Gy, repair {repair}",
                    significant(tissue.alpha_beta_gy(), 6)
                )
            }
            Self::Dose(_) => "absorbed dose".to_owned(),
        }
    }

    /// What a dose counts against the limit, Gy: `D (1 + G D/(α/β))` or D.
    fn counts(self, dose_gy: f64, protraction: f64) -> f64 {
        match self {
            Self::Bed(_, tissue) => {
                dose_gy * (1.0 + protraction * dose_gy / tissue.alpha_beta_gy())
            }
            Self::Dose(_) => dose_gy,
        }
    }

    /// The activity per cycle, GBq, whose `cycles` cycles count `gy`; zero where nothing is left.
    fn activity(
        self,
        gy: f64,
        cycles: u32,
        gy_per_gbq: f64,
        protraction: f64,
    ) -> Result<f64, String> {
        if gy <= 0.0 {
            return Ok(0.0);
        }
        match self {
            Self::Bed(_, tissue) => activity_for_bed(gy, cycles, gy_per_gbq, protraction, tissue)
                .map_err(|e| e.to_string()),
            Self::Dose(_) => Ok(gy / (f64::from(cycles) * gy_per_gbq)),
        }
    }
}

/// What is planned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Over all cycles.
    pub limit: Limit,
    /// Equal cycles to come, far apart against repair.
    pub cycles: u32,
    /// An activity per cycle whose risk is asked for, GBq.
    pub activity_gbq: Option<f64>,
    /// Relative standard deviation of the dose per activity from the cycle measured to those to
    /// come; taken as common to all of them.
    pub between_cycles: f64,
}

/// A cycle that was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Given {
    /// Absorbed dose, Gy.
    pub dose_gy: f64,
    /// Its relative standard deviation; `None` where it is not determined.
    pub relative_sd: Option<f64>,
    /// Lea–Catcheside factor.
    pub protraction: f64,
}

/// A region's way through its cycles.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Region as the study names it.
    pub region: String,
    /// Dose per activity of the cycles to come, Gy/GBq, with its standard deviation, and their
    /// protraction factor; or why there is none.
    pub next: Result<(f64, Option<f64>, f64), String>,
    /// Cycles already given and counted, or why they cannot be.
    pub given: Result<Vec<Given>, String>,
    /// What was taken for granted.
    pub note: String,
}

/// The plan of one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Dose per activity, Gy/GBq, and its standard deviation.
    pub gy_per_gbq: (f64, Option<f64>),
    /// Lea–Catcheside factor.
    pub protraction: f64,
    /// What the cycles given count, Gy.
    pub given_gy: f64,
    /// Activity per cycle at which the limit is expected to be reached, GBq.
    pub expected_gbq: f64,
    /// Activity per cycle at which the limit is exceeded with 5 % probability, GBq.
    pub cautious_gbq: Option<f64>,
    /// Probability that the activity asked for exceeds the limit.
    pub risk: Option<f64>,
    /// Cycles of the activity asked for until the limit: expected, and with 5 % risk.
    pub cycles_possible: Option<(f64, Option<f64>)>,
    /// (activity per cycle in GBq, probability of exceeding the limit).
    pub curve: Vec<(f64, f64)>,
}

impl Course {
    /// One cycle measured, none counted as given.
    #[must_use]
    pub fn of(dose: &RegionDose) -> Self {
        Self {
            region: dose.region.clone(),
            next: per_activity(dose),
            given: Ok(Vec::new()),
            note: String::new(),
        }
    }
}

/// Gy/GBq with standard deviation, and protraction factor (that of a dose at once where none was
/// asked for).
///
/// # Errors
/// Why there is none.
pub fn per_activity(dose: &RegionDose) -> Result<(f64, Option<f64>, f64), String> {
    let found = dose.dose.as_ref().map_err(Clone::clone)?;
    let d = found.gy_per_gbq.ok_or("the injected activity is not known")?;
    if found.total <= 0.0 {
        return Err("the dose is zero".to_owned());
    }
    let sd = found.sd.map(|sd| sd * d / found.total);
    let protraction = dose.effective.map_or(f64::NAN, |e| e.protraction);
    Ok((d, sd, protraction))
}

/// Plans the cycles to come.
///
/// # Errors
/// Why there is no plan: no dose, no injected activity, no curve of exponentials.
pub fn plan(course: &Course, plan: &Plan) -> Result<Planned, String> {
    let (d, sd, protraction) = course.next.clone()?;
    let given = course.given.clone()?;
    if matches!(plan.limit, Limit::Bed(..)) {
        let exponentials = "the curve is no sum of exponentials";
        if protraction.is_nan() || given.iter().any(|g| g.protraction.is_nan()) {
            return Err(exponentials.to_owned());
        }
    }
    // Without the standard deviation of one of them nothing is known of the risk.
    let u = sd.map(|sd| (sd / d).hypot(plan.between_cycles));
    let known = u.is_some() && given.iter().all(|g| g.relative_sd.is_some());
    let u = u.filter(|_| known);
    let limit = plan.limit;
    let counted = |x: f64| -> f64 {
        given
            .iter()
            .map(|g| {
                let factor = (1.0 + g.relative_sd.unwrap_or(0.0) * x).max(0.0);
                limit.counts(g.dose_gy * factor, g.protraction)
            })
            .sum()
    };
    let to_come = |gbq: f64, x: f64| {
        let factor = (1.0 + u.unwrap_or(0.0) * x).max(0.0);
        limit.counts(gbq * d * factor, protraction)
    };
    let n = f64::from(plan.cycles);
    let expected_gbq = limit.activity(limit.gy() - counted(0.0), plan.cycles, d, protraction)?;
    let cautious_gbq = u
        .map(|u| {
            let left = limit.gy() - counted(Z_95);
            limit.activity(left, plan.cycles, d * (1.0 + u * Z_95), protraction)
        })
        .transpose()?;
    let uncertain = u.filter(|u| *u > 0.0).is_some()
        || (known && given.iter().any(|g| g.relative_sd.is_some_and(|u| u > 0.0)));
    let risk = |gbq: f64| {
        // What is counted grows with x; where it meets the limit, bisection finds.
        let over = |x: f64| counted(x) + n * to_come(gbq, x) > limit.gy();
        let (mut low, mut high) = (-12.0, 12.0);
        if over(low) {
            return 1.0;
        }
        if !over(high) {
            return 0.0;
        }
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if over(middle) { high = middle } else { low = middle }
        }
        let risk = ln_normal_cdf(-0.5 * (low + high)).exp();
        if risk < LEAST_RISK { 0.0 } else { risk }
    };
    let possible = |gbq: f64, x: f64| {
        let left = limit.gy() - counted(x);
        // A limit met to rounding is not exceeded.
        if left <= 0.0 { 0.0 } else { (left / to_come(gbq, x) * (1.0 + 1e-12)).floor() }
    };
    let top = 2.0 * expected_gbq.max(plan.activity_gbq.unwrap_or(0.0));
    let curve = if uncertain && top > 0.0 {
        (0..=CURVE_POINTS)
            .map(|i| top * f64::from(i) / f64::from(CURVE_POINTS))
            .map(|gbq| (gbq, risk(gbq)))
            .collect()
    } else {
        Vec::new()
    };
    Ok(Planned {
        gy_per_gbq: (d, sd),
        protraction,
        given_gy: counted(0.0),
        expected_gbq,
        cautious_gbq,
        risk: plan.activity_gbq.filter(|_| uncertain).map(risk),
        cycles_possible: plan
            .activity_gbq
            .map(|gbq| (possible(gbq, 0.0), u.map(|_| possible(gbq, Z_95)))),
        curve,
    })
}

/// The tables `<id>` and `<id>.risk`.
#[must_use]
pub fn tables(id: &str, courses: &[Course], what: &Plan) -> [Table; 2] {
    let mut table = Table::new(
        id,
        "Activity per cycle until the limit over all cycles; the cycles to come are taken to be like the one measured",
    )
    .column("region", "")
    .column("limit", "Gy")
    .column("limit_of", "")
    .column("given", "Gy")
    .column("cycles_to_come", "")
    .column("per_activity", "Gy/GBq")
    .column("per_activity_sd", "Gy/GBq")
    .column("protraction", "")
    .column("activity_expected", "GBq")
    .column("activity_at_5_percent_risk", "GBq")
    .column("risk_of_activity_asked", "%")
    .column("cycles_of_activity_asked", "")
    .column("cycles_of_activity_asked_at_5_percent_risk", "")
    .column("note", "");
    let mut risks = Table::new(
        format!("{id}.risk"),
        "Probability that the limit is exceeded, by activity per cycle to come",
    )
    .column("region", "")
    .column("activity", "GBq")
    .column("risk", "%");
    for course in courses {
        let mut row =
            vec![course.region.as_str().into(), what.limit.gy().into(), what.limit.of().into()];
        match plan(course, what) {
            Ok(p) => {
                let mut notes: Vec<&str> = Vec::new();
                if p.given_gy >= what.limit.gy() {
                    notes.push("the cycles given have reached the limit");
                }
                if p.curve.is_empty() && p.expected_gbq > 0.0 {
                    notes.push("the dose has no standard error, so that no risk is known");
                }
                notes.extend((!course.note.is_empty()).then_some(course.note.as_str()));
                row.extend([
                    p.given_gy.into(),
                    f64::from(what.cycles).into(),
                    p.gy_per_gbq.0.into(),
                    p.gy_per_gbq.1.into(),
                    p.protraction.into(),
                    p.expected_gbq.into(),
                    p.cautious_gbq.into(),
                    p.risk.map(|r| 100.0 * r).into(),
                    p.cycles_possible.map(|c| c.0).into(),
                    p.cycles_possible.and_then(|c| c.1).into(),
                    notes.join("; ").into(),
                ]);
                for (gbq, risk) in p.curve {
                    risks.push(vec![
                        course.region.as_str().into(),
                        gbq.into(),
                        (100.0 * risk).into(),
                    ]);
                }
            }
            Err(reason) => {
                row.resize(13, Cell::Missing);
                let reason = reason.trim_start_matches("not determined: ");
                row.push(format!("not determined: {reason}").into());
            }
        }
        table.push(row);
    }
    [table, risks]
}

/// How much activity until a limit, as a step of an experiment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanStep {
    /// Name of the tables.
    pub id: String,
    /// Step of doses of the cycle that those to come are like.
    pub from: String,
    /// Steps of doses of the cycles given that count; none if left out.
    #[serde(default)]
    pub given: Vec<String>,
    /// Regions; all if left out.
    pub regions: Option<Vec<String>>,
    /// Limit over all cycles, such as `40 Gy`.
    pub limit: String,
    /// α/β and half-time of repair: the limit is one of biologically effective dose; without it, one
    /// of absorbed dose.
    pub tissue: Option<TissueSpec>,
    /// Cycles to come.
    pub cycles: u32,
    /// An activity per cycle whose risk is asked for, such as `7.4 GBq`.
    pub activity: Option<String>,
    /// Relative standard deviation of the dose per activity between cycles, such as `15 %`.
    pub between_cycles: Option<String>,
}

impl StepKind for PlanStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        std::iter::once(&self.from).chain(&self.given).map(|step| Use::Step(step)).collect()
    }

    fn run(&self, context: &mut Context) -> Result<(), String> {
        let read = |text: &str, unit: &str| -> Result<f64, String> {
            let unit = lutetia_units::Unit::parse(unit).map_err(|e| e.to_string())?;
            let quantity = lutetia_units::Quantity::parse(text).map_err(|e| e.to_string())?;
            match quantity.to(&unit).map_err(|e| e.to_string())? {
                x if x > 0.0 => Ok(x),
                _ => Err(format!("`{text}` is not above 0")),
            }
        };
        if self.cycles == 0 {
            return Err("`cycles` is 0; expected at least one cycle to come".to_owned());
        }
        let tissue = self.tissue.as_ref().map(|t| tissue(&t.alpha_beta, &t.repair)).transpose()?;
        let limit = read(&self.limit, "Gy").map_err(|e| format!("limit: {e}"))?;
        let what = Plan {
            limit: tissue.map_or(Limit::Dose(limit), |t| Limit::Bed(limit, t)),
            cycles: self.cycles,
            activity_gbq: self.activity.as_deref().map(|a| read(a, "GBq")).transpose()?,
            between_cycles: self
                .between_cycles
                .as_deref()
                .map_or(Ok(0.0), relative)
                .map_err(|e| format!("between_cycles: {e}"))?,
        };
        let with_tissue = |step: &String| -> Result<BTreeMap<String, RegionDose>, String> {
            let (from, doses) = context
                .doses
                .get(step)
                .ok_or_else(|| format!("step `{step}` makes no absorbed doses"))?;
            let tias = context.tias.get(from).map(Vec::as_slice).unwrap_or_default();
            Ok(doses
                .iter()
                .map(|d| {
                    let tia = tias.iter().find(|t| t.region == d.region);
                    let effective = tissue.zip(tia).zip(d.dose.as_ref().ok());
                    let effective =
                        effective.and_then(|((t, tia), dose)| effective_of(tia, dose, t));
                    (d.region.clone(), RegionDose { effective, ..d.clone() })
                })
                .collect())
        };
        let next = with_tissue(&self.from)?;
        let given = self.given.iter().map(with_tissue).collect::<Result<Vec<_>, _>>()?;
        let regions: Vec<String> =
            self.regions.clone().unwrap_or_else(|| next.keys().cloned().collect());
        let courses = regions
            .iter()
            .map(|region| {
                let known: Vec<&str> = next.keys().map(String::as_str).collect();
                let dose = next.get(region).ok_or_else(|| {
                    format!(
                        "step `{}` has no region `{region}`; it has: {}",
                        self.from,
                        known.join(", ")
                    )
                })?;
                let given = given
                    .iter()
                    .zip(&self.given)
                    .map(|(doses, step)| match doses.get(region) {
                        Some(dose) => given_cycle(dose).map_err(|e| format!("`{step}`: {e}")),
                        None => Err(format!("step `{step}` has no dose of it")),
                    })
                    .collect();
                Ok(Course { given, ..Course::of(dose) })
            })
            .collect::<Result<Vec<_>, String>>()?;
        for table in tables(&self.id, &courses, &what) {
            context.add(table);
        }
        Ok(())
    }
}

/// A cycle given and measured.
///
/// # Errors
/// Why its dose is not determined.
pub fn given_cycle(dose: &RegionDose) -> Result<Given, String> {
    let found = dose.dose.as_ref().map_err(Clone::clone)?;
    Ok(Given {
        dose_gy: found.total,
        relative_sd: found.sd.filter(|_| found.total > 0.0).map(|sd| sd / found.total),
        protraction: dose.effective.map_or(f64::NAN, |e| e.protraction),
    })
}

#[cfg(test)]
mod tests {
    use lutetia_dose::{
        Mass, Region, Sex, Tia, absorbed_dose, bundled, effective_dose, self_dose_factor,
    };

    use super::*;

    fn kidney() -> (RegionDose, Tissue) {
        let region = Region::named("kidney_left").expect("a region");
        let mass = Mass::of_volume(&region, 241.0, Some(12.0)).expect("a mass");
        let tia = Tia::new("kidney_left", 7580.0, Some(380.0), None, "mono").expect("an integral");
        let source = bundled::source("Lu-177").expect("a nuclide");
        let factor = self_dose_factor(&source, &region, mass.g, Sex::Male).expect("a factor");
        let dose = absorbed_dose(&tia, &factor, mass, Some(7210.0)).expect("a dose");
        let tissue = Tissue::new(2.5, 2.8).expect("a tissue");
        let rate = std::f64::consts::LN_2 / 50.0;
        let phase = lutetia_dose::DoseRatePhase { gy_per_h: dose.total * rate, per_h: rate };
        let effective = effective_dose(&[phase], tissue).ok();
        (RegionDose { region: "kidney_left".into(), dose: Ok(dose), effective }, tissue)
    }

    const NOTHING: Plan =
        Plan { limit: Limit::Dose(23.0), cycles: 4, activity_gbq: None, between_cycles: 0.0 };

    #[test]
    fn exact_the_risk_is_half_at_the_expected_activity_and_5_percent_at_the_cautious_one() {
        let (dose, tissue) = kidney();
        for limit in [Limit::Bed(40.0, tissue), Limit::Dose(23.0)] {
            for given in [0, 2] {
                let course = Course {
                    given: Ok(vec![given_cycle(&dose).expect("a dose"); given]),
                    ..Course::of(&dose)
                };
                let at = |activity_gbq| {
                    plan(&course, &Plan { limit, activity_gbq, ..NOTHING }).expect("a plan")
                };
                let first = at(None);
                let expected = at(Some(first.expected_gbq)).risk.expect("a risk");
                // Bisection from ±12 in 80 halvings ends at the rounding of x, about 1e-15.
                assert!((expected - 0.5).abs() < 1e-12, "{expected}");
                let cautious = first.cautious_gbq.expect("a standard deviation");
                assert!(cautious < first.expected_gbq);
                let risk = at(Some(cautious)).risk.expect("a risk");
                // The quantile above is given to 16 digits.
                assert!((risk - 0.05).abs() < 1e-10, "{risk}");
            }
        }
    }

    #[test]
    fn exact_a_limit_of_dose_is_shared_by_what_was_given_and_what_comes() {
        let (dose, _) = kidney();
        let (d, _, _) = per_activity(&dose).expect("a dose");
        let given = vec![given_cycle(&dose).expect("a dose"); 2];
        let course = Course { given: Ok(given), ..Course::of(&dose) };
        let found = plan(&course, &NOTHING).expect("a plan");
        let left = 23.0 - 2.0 * 7.21 * d;
        assert!((found.expected_gbq - left / (4.0 * d)).abs() < 1e-12);
        assert!((found.given_gy - 2.0 * 7.21 * d).abs() < 1e-12);
        // Five more of the same activity would need this limit, to rounding.
        let limit = Limit::Dose(7.0 * 7.21 * d);
        let asked = Plan { limit, activity_gbq: Some(7.21), ..NOTHING };
        assert_eq!(plan(&course, &asked).expect("a plan").cycles_possible.map(|c| c.0), Some(5.0));
        // What has been given may be more than the limit.
        let spent = Plan { limit: Limit::Dose(1.0), activity_gbq: Some(7.21), ..NOTHING };
        let found = plan(&course, &spent).expect("a plan");
        assert_eq!((found.expected_gbq, found.cautious_gbq), (0.0, Some(0.0)));
        assert_eq!(found.cycles_possible, Some((0.0, Some(0.0))));
        assert!(found.risk.expect("a risk") > 0.999);
    }

    #[test]
    fn val_the_risk_against_sampling() {
        // The dose per activity and the doses given drawn with one common error, BED summed.
        let (dose, tissue) = kidney();
        let given = given_cycle(&dose).expect("a dose");
        let course = Course { given: Ok(vec![given]), ..Course::of(&dose) };
        let what = Plan {
            limit: Limit::Bed(28.0, tissue),
            activity_gbq: Some(15.0),
            between_cycles: 0.1,
            ..NOTHING
        };
        let found = plan(&course, &what).expect("a plan");
        let (d, sd, g) = per_activity(&dose).expect("a dose");
        let u = (sd.expect("a standard deviation") / d).hypot(0.1);
        let bed = |dose: f64| dose + g * dose * dose / 2.5;
        // Equal steps of probability instead of random numbers: quantiles by bisection of the
        // distribution function.
        let n = 4000;
        let above = (0..n)
            .map(|i| (f64::from(i) + 0.5) / f64::from(n))
            .map(|p| {
                let (mut low, mut high) = (-9.0, 9.0);
                for _ in 0..60 {
                    let middle = 0.5 * (low + high);
                    if ln_normal_cdf(middle).exp() < p { low = middle } else { high = middle }
                }
                low
            })
            .filter(|x| {
                let g = given.relative_sd.expect("a standard deviation");
                bed(given.dose_gy * (1.0 + g * x)) + 4.0 * bed(15.0 * d * (1.0 + u * x)) > 28.0
            })
            .count();
        let sampled = above as f64 / f64::from(n);
        let risk = found.risk.expect("a risk");
        assert!(risk > 0.02 && risk < 0.98, "{risk} tells nothing");
        // One step is 0.00025.
        assert!((risk - sampled).abs() < 5e-4, "{risk} {sampled}");
    }

    #[test]
    fn exact_without_a_standard_error_there_is_no_risk() {
        let (dose, tissue) = kidney();
        let mut found = dose.dose.clone().expect("a dose");
        found.sd = None;
        let dose = RegionDose { dose: Ok(found), ..dose };
        let what = Plan { limit: Limit::Bed(40.0, tissue), activity_gbq: Some(7.4), ..NOTHING };
        let planned = plan(&Course::of(&dose), &what).expect("a plan");
        assert_eq!((planned.risk, planned.cautious_gbq), (None, None));
        assert!(planned.curve.is_empty() && planned.expected_gbq > 0.0);
        let without = RegionDose { effective: None, ..dose };
        assert!(plan(&Course::of(&without), &what).is_err());
        assert!(plan(&Course::of(&without), &NOTHING).is_ok());
    }
}
