//! How much activity until a limit is reached, in cycles to come, and with which risk.
//!
//! The cycles to come are taken to be like the one measured: a dose per activity d and a protraction
//! factor G. The limit is one of absorbed dose or of biologically effective dose, over all cycles,
//! those already given with it. The error of the dose is one relative error common to all cycles,
//! `D (1 + u x)` with x standard normal: calibration, volume and dose factor are common to them in
//! truth, and taking the rest to be so, too, gives the larger risk below one half.
//!
//! There is no plan from a curve that its data refute, unless that is accepted, and none from alphas without
//! their RBE: a limit then is one in Gy(RBE), and a dose counts `w D` with w = Σ RBE·D/D against it.

use lutetia_diagnostic::{Flag, FlagKind, Gap, Verdict};
use lutetia_dose::{AbsorbedDose, DoseError, Tissue, activity_for_weighted_bed};
use lutetia_fit::ln_normal_cdf;
use lutetia_units::significant;

use crate::{
    NoValue, TextError,
    dose::{Linear, RegionDose, Weights, linear},
    shown,
};

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
                    let digits = |x: f64| significant(x, 6);
                    format!(
                        "{} h ({} %) and {} h",
                        digits(first),
                        digits(100.0 * share),
                        digits(second)
                    )
                };
                format!(
                    "BED, alpha/beta {} Gy, repair {repair}",
                    significant(tissue.alpha_beta_gy(), 6)
                )
            }
            Self::Dose(_) => "absorbed dose".to_owned(),
        }
    }

    /// What a dose counts against the limit, Gy or Gy(RBE): `w D + G D²/(α/β)` or `w D`.
    fn counts(self, dose_gy: f64, linear: f64, protraction: f64) -> f64 {
        match self {
            Self::Bed(_, tissue) => {
                dose_gy * (linear + protraction * dose_gy / tissue.alpha_beta_gy())
            }
            Self::Dose(_) => linear * dose_gy,
        }
    }

    /// The activity per cycle, GBq, whose `cycles` cycles count `gy`; zero where nothing is left.
    fn activity(
        self,
        gy: f64,
        cycles: u32,
        gy_per_gbq: f64,
        (linear, protraction): (f64, f64),
    ) -> Result<f64, DoseError> {
        if gy <= 0.0 {
            return Ok(0.0);
        }
        match self {
            Self::Bed(_, tissue) => {
                activity_for_weighted_bed(gy, cycles, gy_per_gbq, linear, protraction, tissue)
            }
            Self::Dose(_) => Ok(gy / (f64::from(cycles) * linear * gy_per_gbq)),
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
    /// Whether a curve that its data refute will do.
    pub accept_misfit: bool,
}

impl Plan {
    /// The flags with which there is a plan.
    fn accepted(&self) -> &'static [FlagKind] {
        if self.accept_misfit { &FlagKind::ALL } else { &FlagKind::NOT_REFUTING }
    }
}

/// What would do where a curve is refuted.
const REFUTED_HINT: &str = "no plan is made of a curve that its data refute: choose another function with \
                            `--function`, or take this one with `--accept misfit`";

/// A cycle that was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Absorbed dose, Gy.
    pub dose_gy: f64,
    /// Its relative standard deviation; `None` where it is not determined.
    pub relative_sd: Option<f64>,
    /// What it is worth.
    pub worth: Worth,
}

/// What a dose per activity is, of the cycles to come.
#[derive(Debug, Clone, PartialEq)]
pub struct PerActivity {
    /// Absorbed dose, Gy/GBq.
    pub gy_per_gbq: f64,
    /// Its standard deviation; `None` where it is not determined.
    pub sd: Option<f64>,
    /// What it is worth.
    pub worth: Worth,
}

/// What a dose is worth against a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Worth {
    /// Weight of its linear part.
    pub linear: Linear,
    /// Lea–Catcheside factor, or why there is none.
    pub protraction: Verdict<f64>,
}

impl Worth {
    fn of(found: &AbsorbedDose, dose: &RegionDose, rbe: &[Weights]) -> Verdict<Self> {
        let protraction = match &dose.effective {
            Some(effective) => effective.as_ref().map(|e| e.protraction),
            None => Verdict::refused(NoValue::NoEffectiveDose),
        };
        linear(found, rbe).map(|linear| Self { linear, protraction })
    }

    /// Weight and protraction factor, where the limit asks for one.
    fn against(&self, limit: Limit) -> Verdict<(f64, f64)> {
        match limit {
            Limit::Bed(..) => self.protraction.clone().map(|g| (self.linear.weight, g)),
            Limit::Dose(_) => Verdict::determined((self.linear.weight, 0.0)),
        }
    }
}

/// A region's way through its cycles.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Region as the study names it.
    pub region: String,
    /// Dose per activity of the cycles to come, or why there is none.
    pub next: Verdict<PerActivity>,
    /// Cycles already given and counted, or why they cannot be.
    pub given: Verdict<Vec<Given>>,
    /// What was taken for granted.
    pub note: String,
}

/// The plan of one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The limit, Gy; Gy(RBE) where an RBE is in it.
    pub limit_gy: f64,
    /// Dose per activity, Gy/GBq, and its standard deviation.
    pub gy_per_gbq: (f64, Option<f64>),
    /// Lea–Catcheside factor, where the limit asks for it.
    pub protraction: Option<f64>,
    /// What the cycles given count, Gy; Gy(RBE) where an RBE is in it.
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
    /// The RBE in words; empty where none is in it.
    pub rbe: String,
}

impl Course {
    /// One cycle measured, none counted as given; alphas are weighted by `rbe`.
    #[must_use]
    pub fn of(dose: &RegionDose, rbe: &[Weights]) -> Self {
        Self {
            region: dose.region.clone(),
            next: per_activity(dose, rbe),
            given: Verdict::determined(Vec::new()),
            note: String::new(),
        }
    }
}

/// Dose per activity and what it is worth, or why there is none: no dose, an injected activity that is not
/// known, alphas without an RBE.
pub fn per_activity(dose: &RegionDose, rbe: &[Weights]) -> Verdict<PerActivity> {
    dose.dose.as_ref().and_then(|found| {
        let Some(gy_per_gbq) = found.gy_per_gbq else {
            return Verdict::refused(NoValue::NoActivity);
        };
        if found.total <= 0.0 {
            return Verdict::refused(NoValue::NoDose);
        }
        let sd = found.sd.map(|sd| sd * gy_per_gbq / found.total);
        Worth::of(found, dose, rbe).map(|worth| PerActivity { gy_per_gbq, sd, worth })
    })
}

/// Plans the cycles to come, or says why there is no plan: no dose, no injected activity, no curve of
/// exponentials, alphas without an RBE, a curve that its data refute.
pub fn plan(course: &Course, plan: &Plan) -> Verdict<Planned> {
    let both = course.next.clone().zip(course.given.clone());
    // What its data refute is not planned with.
    let both = both.only(plan.accepted(), REFUTED_HINT);
    both.and_then(|(next, given)| {
        let worth = next.worth.against(plan.limit);
        let given = given.into_iter().map(|g| {
            let against = g.worth.against(plan.limit);
            against.map(|against| (g, against))
        });
        worth.zip(Verdict::all(given)).try_map(|(worth, given)| planned(&next, worth, &given, plan))
    })
    .and_then(|planned| match planned.gy_per_gbq.1 {
        Some(_) => Verdict::determined(planned),
        None => Verdict::determined(planned).with(Flag::Incomplete { what: Gap::StandardError }),
    })
}

fn planned(
    next: &PerActivity,
    (weight, protraction): (f64, f64),
    given: &[(Given, (f64, f64))],
    plan: &Plan,
) -> Result<Planned, DoseError> {
    let (d, sd) = (next.gy_per_gbq, next.sd);
    // Without the standard deviation of one of them nothing is known of the risk.
    let u = sd.map(|sd| (sd / d).hypot(plan.between_cycles));
    let known = u.is_some() && given.iter().all(|(g, _)| g.relative_sd.is_some());
    let u = u.filter(|_| known);
    let limit = plan.limit;
    let counted = |x: f64| -> f64 {
        given
            .iter()
            .map(|(g, (weight, protraction))| {
                let factor = (1.0 + g.relative_sd.unwrap_or(0.0) * x).max(0.0);
                limit.counts(g.dose_gy * factor, *weight, *protraction)
            })
            .sum()
    };
    let to_come = |gbq: f64, x: f64| {
        let factor = (1.0 + u.unwrap_or(0.0) * x).max(0.0);
        limit.counts(gbq * d * factor, weight, protraction)
    };
    let n = f64::from(plan.cycles);
    let worth = (weight, protraction);
    let expected_gbq = limit.activity(limit.gy() - counted(0.0), plan.cycles, d, worth)?;
    let cautious_gbq = u
        .map(|u| {
            let left = limit.gy() - counted(Z_95);
            limit.activity(left, plan.cycles, d * (1.0 + u * Z_95), worth)
        })
        .transpose()?;
    let uncertain = u.filter(|u| *u > 0.0).is_some()
        || (known && given.iter().any(|(g, _)| g.relative_sd.is_some_and(|u| u > 0.0)));
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
        limit_gy: limit.gy(),
        gy_per_gbq: (d, sd),
        protraction: matches!(limit, Limit::Bed(..)).then_some(protraction),
        given_gy: counted(0.0),
        expected_gbq,
        cautious_gbq,
        risk: plan.activity_gbq.filter(|_| uncertain).map(risk),
        cycles_possible: plan
            .activity_gbq
            .map(|gbq| (possible(gbq, 0.0), u.map(|_| possible(gbq, Z_95)))),
        curve,
        rbe: words(next, given),
    })
}

/// The RBE that are in a plan, in words.
fn words(next: &PerActivity, given: &[(Given, (f64, f64))]) -> String {
    let mut all: Vec<&str> = Vec::new();
    for linear in
        std::iter::once(&next.worth.linear).chain(given.iter().map(|(g, _)| &g.worth.linear))
    {
        if linear.is_weighted() && !all.contains(&linear.rbe.as_str()) {
            all.push(&linear.rbe);
        }
    }
    all.join(", ")
}

/// A course with its plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedCourse {
    /// The course.
    pub course: Course,
    /// Its plan, or why there is none.
    pub plan: Verdict<Planned>,
}

impl PlannedCourse {
    /// Everything a reader must know of the plan, or why there is none, and what was taken for granted.
    #[must_use]
    pub fn note(&self) -> String {
        let (found, note) = shown(&self.plan);
        let mut notes: Vec<String> = Vec::new();
        if let Some(p) = found {
            if p.given_gy >= p.limit_gy {
                notes.push("the cycles given have reached the limit".to_owned());
            }
            if p.gy_per_gbq.1.is_some() && p.curve.is_empty() && p.expected_gbq > 0.0 {
                notes.push("the dose has no standard error, so that no risk is known".to_owned());
            }
        }
        notes.extend([note, self.course.note.clone()].into_iter().filter(|n| !n.is_empty()));
        notes.join("; ")
    }
}

/// The plan of every course, in their order.
#[must_use]
pub fn plans(courses: Vec<Course>, what: &Plan) -> Vec<PlannedCourse> {
    let planned = |course: Course| PlannedCourse { plan: plan(&course, what), course };
    courses.into_iter().map(planned).collect()
}

/// Whether a misfit is among the flags accepted.
///
/// # Errors
/// [`TextError`]: a name that is not a flag, or one that needs no acceptance.
pub fn accepts_misfit(names: &[String]) -> Result<bool, TextError> {
    for name in names {
        match FlagKind::named(name) {
            Some(FlagKind::Misfit) => {}
            Some(_) => return Err(TextError::NeedsNoAcceptance { name: name.clone() }),
            None => return Err(TextError::Flag { name: name.clone() }),
        }
    }
    Ok(!names.is_empty())
}

/// A cycle given and measured, or why it cannot be counted.
pub fn given_cycle(dose: &RegionDose, rbe: &[Weights]) -> Verdict<Given> {
    dose.dose.as_ref().and_then(|found| {
        Worth::of(found, dose, rbe).map(|worth| Given {
            dose_gy: found.total,
            relative_sd: found.sd.filter(|_| found.total > 0.0).map(|sd| sd / found.total),
            worth,
        })
    })
}

#[cfg(test)]
mod tests {
    use lutetia_dose::{
        Mass, Region, Sex, Tia, absorbed_dose, bundled, effective_dose, self_dose_factor,
    };

    use super::*;
    use crate::dose::Effective;

    fn per_activity(dose: &RegionDose) -> (f64, Option<f64>, f64) {
        let found = super::per_activity(dose, &[]).accept(&[]).expect("a dose");
        (found.gy_per_gbq, found.sd, found.worth.protraction.accept(&[]).expect("a factor"))
    }

    fn given_cycle(dose: &RegionDose) -> Given {
        super::given_cycle(dose, &[]).accept(&[]).expect("a dose")
    }

    fn plan(course: &Course, what: &Plan) -> Result<Planned, lutetia_diagnostic::Refusal> {
        super::plan(course, what).accept(&FlagKind::ALL)
    }

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
        let plain = effective_dose(&[phase], tissue).expect("a dose");
        let effective = Effective::of(plain.dose_gy, plain.protraction, Linear::sparse(), tissue)
            .expect("a dose");
        // Sparse radiation is the case w = 1.
        assert!((effective.bed_gy - plain.bed_gy).abs() < 1e-12 * plain.bed_gy);
        assert!((effective.eqd2_gy - plain.eqd2_gy).abs() < 1e-12 * plain.eqd2_gy);
        let effective = Some(Verdict::determined(effective));
        let dose = Verdict::determined(dose);
        (RegionDose { region: "kidney_left".into(), dose, effective, budget: None }, tissue)
    }

    const NOTHING: Plan = Plan {
        limit: Limit::Dose(23.0),
        cycles: 4,
        activity_gbq: None,
        between_cycles: 0.0,
        accept_misfit: false,
    };

    #[test]
    fn exact_the_risk_is_half_at_the_expected_activity_and_5_percent_at_the_cautious_one() {
        let (dose, tissue) = kidney();
        for limit in [Limit::Bed(40.0, tissue), Limit::Dose(23.0)] {
            for given in [0, 2] {
                let course = Course {
                    given: Verdict::determined(vec![given_cycle(&dose); given]),
                    ..Course::of(&dose, &[])
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
        let (d, _, _) = per_activity(&dose);
        let given = Verdict::determined(vec![given_cycle(&dose); 2]);
        let course = Course { given, ..Course::of(&dose, &[]) };
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
        let given = given_cycle(&dose);
        let counted = Verdict::determined(vec![given.clone()]);
        let course = Course { given: counted, ..Course::of(&dose, &[]) };
        let what = Plan {
            limit: Limit::Bed(28.0, tissue),
            activity_gbq: Some(15.0),
            between_cycles: 0.1,
            ..NOTHING
        };
        let found = plan(&course, &what).expect("a plan");
        let (d, sd, g) = per_activity(&dose);
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
        let without_sd = dose.dose.clone().map(|found| AbsorbedDose { sd: None, ..found });
        let dose = RegionDose { dose: without_sd, ..dose };
        let what = Plan { limit: Limit::Bed(40.0, tissue), activity_gbq: Some(7.4), ..NOTHING };
        let planned = plan(&Course::of(&dose, &[]), &what).expect("a plan");
        assert_eq!((planned.risk, planned.cautious_gbq), (None, None));
        assert!(planned.curve.is_empty() && planned.expected_gbq > 0.0);
        let without = RegionDose { effective: None, ..dose };
        assert!(plan(&Course::of(&without, &[]), &what).is_err());
        assert!(plan(&Course::of(&without, &[]), &NOTHING).is_ok());
    }

    #[test]
    fn exact_no_plan_is_made_of_a_refuted_curve_unless_that_is_accepted() {
        let (dose, tissue) = kidney();
        let misfit = Flag::Misfit { chi_square: 20_937.0, dof: 1, p: 0.0 };
        let refuted = RegionDose { dose: dose.dose.clone().with(misfit), ..dose.clone() };
        for limit in [Limit::Bed(40.0, tissue), Limit::Dose(23.0)] {
            let what = Plan { limit, ..NOTHING };
            let accepting = Plan { accept_misfit: true, ..what };
            // As the cycle to come, and as one that was given.
            let next = Course::of(&refuted, &[]);
            let given = super::given_cycle(&refuted, &[]);
            let given = Course { given: Verdict::all([given]), ..Course::of(&dose, &[]) };
            for course in [next, given] {
                let found = super::plan(&course, &what);
                assert!(found.is_refused());
                let note = found.note();
                assert!(note.contains("misses the data") && note.contains("--accept misfit"));
                // What was accepted is said.
                let found = super::plan(&course, &accepting);
                assert!(!found.is_refused() && found.note().contains("misses the data"));
            }
        }
        assert_eq!(accepts_misfit(&["misfit".to_owned()]), Ok(true));
        assert_eq!(accepts_misfit(&[]), Ok(false));
        assert!(accepts_misfit(&["missfit".to_owned()]).is_err());
        assert!(accepts_misfit(&["prior".to_owned()]).is_err());
    }
}
