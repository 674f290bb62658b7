//! R `survival` 3.5-3 on made-up patients with many ties, late entries, weights, strata, clusters and two causes:
//! `tests/peers/survival.R` makes both tables.

use lutetia_outcome::survival::{
    AalenJohansen, Aft, AftFamily, CompetingData, Cox, CoxFit, Interval, IntervalData, KaplanMeier,
    PhTime, SurvivalData, Ties, Turnbull, fine_gray,
};

use crate::common::{Table, peer};

/// R's answers.
struct Answers(Table);

impl Answers {
    fn read() -> Self {
        Self(peer("survival.csv"))
    }

    /// The values of a term in R's order, with where each stands.
    fn all(&self, case: &str, term: &str) -> Vec<(&str, f64)> {
        let (cases, terms) = (self.0.text("case"), self.0.text("term"));
        let (at, values) = (self.0.text("at"), self.0.numbers("value"));
        let found: Vec<_> = (0..values.len())
            .filter(|&i| cases[i] == case && terms[i] == term)
            .map(|i| (at[i], values[i]))
            .collect();
        assert!(!found.is_empty(), "R has no `{term}` of `{case}`");
        found
    }

    /// Compares a list of ours with R's, relatively.
    fn hold(&self, case: &str, term: &str, ours: &[f64], tolerance: f64) {
        let theirs = self.all(case, term);
        assert_eq!(theirs.len(), ours.len(), "{case}, {term}");
        for ((at, expected), found) in theirs.into_iter().zip(ours) {
            assert!(
                (found - expected).abs() <= tolerance * (1e-3 + expected.abs()),
                "{case}, {term} {at}: found {found}, expected {expected}"
            );
        }
    }
}

struct Patients {
    table: Table,
    data: SurvivalData,
    arm: Vec<f64>,
    age: Vec<f64>,
    entry: Vec<f64>,
    weight: Vec<f64>,
}

impl Patients {
    fn read() -> Self {
        let table = peer("patients.csv");
        let event = table.numbers("cause").iter().map(|c| *c > 0.0).collect();
        let data = SurvivalData::new(table.numbers("time"), event).expect("survival data");
        let [arm, age, entry, weight] =
            ["arm", "age", "entry", "weight"].map(|name| table.numbers(name));
        Self { data, arm, age, entry, weight, table }
    }

    fn cox(&self) -> Cox<'_> {
        Cox::new(&self.data).covariate("arm", &self.arm).covariate("age", &self.age)
    }

    fn competing(&self) -> CompetingData {
        let cause = |c: &f64| match *c {
            c if c < 0.5 => None,
            c if c < 1.5 => Some(0),
            _ => Some(1),
        };
        let causes = self.table.numbers("cause").iter().map(cause).collect();
        CompetingData::new(self.table.numbers("time"), causes, &["a", "b"]).expect("data")
    }
}

/// The printed digits of both, less those that sums in another order change.
const DIGITS: f64 = 1e-12;
/// Iterations that start alike and stop alike differ by the rounding of the steps.
const ITERATED: f64 = 1e-8;

#[test]
fn val_kaplan_meier_curves_and_their_limits() {
    let (r, patients) = (Answers::read(), Patients::read());
    for (case, interval) in
        [("plain", Interval::Plain), ("log", Interval::Log), ("log-log", Interval::LogLog)]
    {
        let curve = KaplanMeier::fit(&patients.data, interval, 0.9).expect("a curve");
        let of = |f: &dyn Fn(&lutetia_outcome::survival::Step) -> f64| {
            curve.steps.iter().map(f).collect::<Vec<f64>>()
        };
        r.hold(case, "survival", &of(&|s| s.survival), DIGITS);
        r.hold(case, "error", &of(&|s| s.standard_error), DIGITS);
        r.hold(case, "lower", &of(&|s| s.lower.expect("S is above 0")), DIGITS);
        r.hold(case, "upper", &of(&|s| s.upper.expect("S is above 0")), DIGITS);
    }
}

#[test]
fn val_incidences_and_their_errors() {
    let (r, patients) = (Answers::read(), Patients::read());
    let curves = AalenJohansen::fit(&patients.competing()).expect("curves");
    for (k, cause) in ["a", "b"].into_iter().enumerate() {
        let incidence: Vec<f64> = curves.steps.iter().map(|s| s.incidence[k]).collect();
        let error: Vec<f64> = curves.steps.iter().map(|s| s.standard_error[k]).collect();
        r.hold("incidence", cause, &incidence, DIGITS);
        r.hold("incidence", &format!("error of {cause}"), &error, DIGITS);
    }
}

/// Everything R says of a model, but its test of trends after exact ties, which R refuses.
fn hold_cox(r: &Answers, case: &str, fit: &CoxFit, baseline: bool) {
    let of = |f: &dyn Fn(&lutetia_outcome::survival::Coefficient) -> f64| {
        fit.coefficients.iter().map(f).collect::<Vec<f64>>()
    };
    r.hold(case, "value", &of(&|c| c.value), ITERATED);
    r.hold(case, "model error", &of(&|c| c.model_error), ITERATED);
    if fit.coefficients[0].robust_error.is_some() {
        let robust = of(&|c| c.robust_error.expect("of all"));
        r.hold(case, "robust error", &robust, ITERATED);
    }
    let likelihood = [fit.null_log_likelihood, fit.log_likelihood];
    r.hold(case, "likelihood", &likelihood, DIGITS);
    r.hold(case, "test", &[fit.score.chi_squared, fit.wald.chi_squared], ITERATED);
    let error = fit.concordance.standard_error.expect("an error");
    r.hold(case, "concordance", &[fit.concordance.c, error], DIGITS);
    if fit.ties == Ties::Exact {
        return;
    }
    for (term, time) in [
        ("trend km", PhTime::KaplanMeier),
        ("trend rank", PhTime::Rank),
        ("trend identity", PhTime::Identity),
        ("trend log", PhTime::Log),
    ] {
        // Ranks are those of pieces of patients, which R cuts otherwise for the same weights.
        if time == PhTime::Rank && case.starts_with("subdistribution") {
            continue;
        }
        let test = fit.proportional_hazards(time).expect("a test");
        let terms = test.terms.iter().map(|(_, t)| t.chi_squared);
        let found: Vec<f64> = terms.chain([test.global.chi_squared]).collect();
        r.hold(case, term, &found, ITERATED);
    }
    if baseline {
        let hazard: Vec<f64> = fit.baseline_hazard(0).iter().map(|(_, h)| *h).collect();
        r.hold(case, "baseline", &hazard, ITERATED);
    }
}

#[test]
fn val_cox_models_of_every_kind() {
    let (r, p) = (Answers::read(), Patients::read());
    let strata = p.table.groups("stratum");
    let cluster = p.table.groups("cluster");
    let all = p.cox().entry(&p.entry).weights(&p.weight).strata(&strata).cluster(&cluster);
    for (case, model, baseline) in [
        ("efron", p.cox(), true),
        ("breslow", p.cox().ties(Ties::Breslow), true),
        ("exact", p.cox().ties(Ties::Exact), false),
        ("entry", p.cox().entry(&p.entry), true),
        ("entry breslow", p.cox().entry(&p.entry).ties(Ties::Breslow), true),
        ("entry exact", p.cox().entry(&p.entry).ties(Ties::Exact), false),
        ("weights", p.cox().weights(&p.weight).robust(), true),
        ("weights breslow", p.cox().weights(&p.weight).robust().ties(Ties::Breslow), true),
        ("strata", p.cox().strata(&strata), false),
        ("strata exact", p.cox().strata(&strata).ties(Ties::Exact), false),
        ("cluster", p.cox().cluster(&cluster), true),
        ("everything", all, false),
    ] {
        hold_cox(&r, case, &model.fit().expect("a fit"), baseline);
    }
}

#[test]
fn val_subdistribution_hazards() {
    let (r, p) = (Answers::read(), Patients::read());
    for cause in ["a", "b"] {
        let fit = fine_gray(&p.competing(), cause, &[("arm", &p.arm), ("age", &p.age)]);
        hold_cox(&r, &format!("subdistribution {cause}"), &fit.expect("a fit"), false);
    }
}

#[test]
fn val_accelerated_failure_times_of_every_family() {
    let (r, p) = (Answers::read(), Patients::read());
    for (case, family) in [
        ("exponential", AftFamily::Exponential),
        ("weibull", AftFamily::Weibull),
        ("lognormal", AftFamily::LogNormal),
        ("loglogistic", AftFamily::LogLogistic),
    ] {
        let model = Aft::new(&p.data, family).covariate("arm", &p.arm).covariate("age", &p.age);
        let fit = model.fit().expect("a fit");
        let value: Vec<f64> = fit.coefficients.iter().map(|c| c.value).collect();
        let error: Vec<f64> = fit.coefficients.iter().map(|c| c.standard_error).collect();
        r.hold(case, "value", &value, ITERATED);
        r.hold(case, "model error", &error, ITERATED);
        r.hold(case, "scale", &[fit.scale], ITERATED);
        r.hold(case, "likelihood", &[fit.null_log_likelihood, fit.log_likelihood], DIGITS);
    }
}

/// R puts a fall into the middle of its interval, and its EM stops at 5e-5.
#[test]
fn val_events_between_visits() {
    let (r, p) = (Answers::read(), Patients::read());
    let right = p.table.text("right").iter().map(|t| t.parse().unwrap_or(f64::INFINITY)).collect();
    let data = IntervalData::new(p.table.numbers("left"), right).expect("intervals");
    let curve = Turnbull::fit(&data, Interval::Log, 0.95).expect("a curve");
    let theirs = r.all("intervals", "survival");
    let at = |time: f64| {
        let before = theirs.iter().rev().find(|(t, _)| t.parse::<f64>().expect("a time") <= time);
        before.map_or(1.0, |(_, s)| *s)
    };
    assert!(curve.falls.len() > 3);
    for fall in curve.falls.iter().filter(|f| f.to.is_finite()) {
        let difference = (at(fall.to) - fall.survival).abs();
        assert!(
            difference < 2e-3,
            "{}: found {}, expected {}",
            fall.to,
            fall.survival,
            at(fall.to)
        );
    }
}
