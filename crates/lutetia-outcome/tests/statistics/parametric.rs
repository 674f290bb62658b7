//! Parametric families: closed forms, identities between families, R and lifelines.

use lutetia_outcome::lack_of_fit::survival_lack_of_fit;
use lutetia_outcome::survival::{
    Aft, AftFamily, Distribution, Family, Interval, KaplanMeier, SurvivalData, fit_all,
    fit_parametric,
};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::common::{close, shared};

fn data(time: &[f64], event: &[bool]) -> SurvivalData {
    SurvivalData::new(time.to_vec(), event.to_vec()).expect("survival data")
}

fn small() -> SurvivalData {
    data(&[0.7, 1.1, 1.4, 2.0, 2.2, 3.5, 4.1], &[true, true, false, true, true, false, true])
}

/// rate = d/Σt, se = rate/√d, ln L = d ln rate − d.
#[test]
fn exact_exponential() {
    let fit = fit_parametric(&small(), Family::Exponential, 0.95).expect("a fit");
    let (d, total) = (5.0, 15.0);
    close(fit.parameters[0].value, d / total, 1e-9);
    close(fit.parameters[0].standard_error, d / total / f64::sqrt(d), 1e-8);
    close(fit.log_likelihood, d * f64::ln(d / total) - d, 1e-12);
    close(fit.aic, 2.0 - 2.0 * fit.log_likelihood, 1e-12);
    // Median ln 2/rate, error of its logarithm 1/√d.
    let (median, lower, _) = fit.quantile(0.5).expect("a median");
    close(median, 2.0_f64.ln() * 3.0, 1e-8);
    close(lower, median * f64::exp(-1.959_963_985 / f64::sqrt(d)), 1e-6);
}

/// Without censoring the log-normal estimates are mean and (population) deviation of ln t.
#[test]
fn exact_log_normal_without_censoring() {
    let times = [0.5, 1.0, 2.0, 4.0, 9.0];
    let fit = fit_parametric(&data(&times, &[true; 5]), Family::LogNormal, 0.95).expect("a fit");
    let logs = times.map(f64::ln);
    let mu = logs.iter().sum::<f64>() / 5.0;
    let sigma = (logs.iter().map(|x| (x - mu).powi(2)).sum::<f64>() / 5.0).sqrt();
    close(fit.parameters[0].value, mu, 1e-8);
    close(fit.parameters[1].value, sigma, 1e-8);
    close(fit.parameters[0].standard_error, sigma / 5.0_f64.sqrt(), 1e-7);
    close(fit.parameters[1].standard_error, sigma / 10.0_f64.sqrt(), 1e-6);
}

/// The estimating equations of the Weibull shape and scale.
#[test]
fn exact_weibull_score_is_zero() {
    let data = small();
    let fit = fit_parametric(&data, Family::Weibull, 0.95).expect("a fit");
    let (k, scale) = (fit.parameters[0].value, fit.parameters[1].value);
    let d = data.events() as f64;
    let sum = |f: &dyn Fn(f64) -> f64| data.time().iter().map(|&t| f(t)).sum::<f64>();
    close(scale, (sum(&|t| t.powf(k)) / d).powf(1.0 / k), 1e-8);
    let logs: f64 =
        data.time().iter().zip(data.event()).filter(|(_, e)| **e).map(|(t, _)| t.ln()).sum();
    let score = 1.0 / k + logs / d - sum(&|t| t.powf(k) * t.ln()) / sum(&|t| t.powf(k));
    close(score, 0.0, 1e-8);
}

/// Exponential inside Weibull and Gompertz; Weibull and log-normal inside the generalised gamma.
#[test]
fn exact_families_contain_each_other() {
    let pairs = [
        (
            Distribution::Exponential { rate: 0.3 },
            Distribution::Weibull { shape: 1.0, scale: 1.0 / 0.3 },
        ),
        (
            Distribution::Exponential { rate: 0.3 },
            Distribution::Gompertz { shape: 1e-18, rate: 0.3 },
        ),
        (
            Distribution::Weibull { shape: 2.5, scale: 4.0 },
            Distribution::GeneralisedGamma { mu: 4.0_f64.ln(), sigma: 0.4, q: 1.0 },
        ),
        (
            Distribution::LogNormal { mu: 1.0, sigma: 0.5 },
            Distribution::GeneralisedGamma { mu: 1.0, sigma: 0.5, q: 0.0 },
        ),
    ];
    for (a, b) in pairs {
        for t in [0.05, 0.4, 1.3, 3.0, 8.0] {
            // The incomplete gamma function is good to about 1e-12.
            close(a.ln_survival(t) / b.ln_survival(t), 1.0, 1e-9);
            close(a.ln_density(t), b.ln_density(t), 1e-10);
        }
        close(a.quantile(0.3).expect("p") / b.quantile(0.3).expect("p"), 1.0, 1e-10);
    }
    // Through Q = 0 the family is smooth: values on both sides and beyond lie on one parabola.
    let at = |q| Distribution::GeneralisedGamma { mu: 1.0, sigma: 0.5, q };
    for t in [0.8, 2.7, 9.0] {
        for f in [Distribution::ln_survival, Distribution::ln_density] {
            let (h, zero) = (4e-3, f(&at(0.0), t));
            let curvature = (f(&at(h), t) + f(&at(-h), t) - 2.0 * zero) / (h * h);
            let slope = (f(&at(h), t) - f(&at(-h), t)) / (2.0 * h);
            for q in [-9e-4, -3e-4, 1e-5, 5e-4, 1.1e-3] {
                // Of third order in 4e-3, with the rounding of the gamma functions.
                close(f(&at(q), t), zero + slope * q + 0.5 * curvature * q * q, 2e-6);
            }
        }
    }
}

fn some_distribution() -> impl Strategy<Value = Distribution> {
    prop_oneof![
        (0.01..5.0).prop_map(|rate| Distribution::Exponential { rate }),
        (0.3..4.0, 0.1..50.0).prop_map(|(shape, scale)| Distribution::Weibull { shape, scale }),
        (-2.0..3.0, 0.2..2.0).prop_map(|(mu, sigma)| Distribution::LogNormal { mu, sigma }),
        (0.3..4.0, 0.1..50.0).prop_map(|(shape, scale)| Distribution::LogLogistic { shape, scale }),
        (0.001..1.0, 0.01..2.0).prop_map(|(shape, rate)| Distribution::Gompertz { shape, rate }),
        (-1.0..2.0, 0.2..1.5, -2.0..2.0)
            .prop_map(|(mu, sigma, q)| Distribution::GeneralisedGamma { mu, sigma, q }),
    ]
}

proptest! {
    #[test]
    fn prop_quantile_inverts_survival(d in some_distribution(), p in 0.01..0.99) {
        let t = d.quantile(p).expect("every p is reached");
        prop_assert!((d.survival(t) - (1.0 - p)).abs() < 1e-8, "{d:?} {p} {t}");
    }

    /// f = −dS/dt by central differences.
    #[test]
    fn prop_density_is_the_slope_of_survival(d in some_distribution(), p in 0.05..0.95) {
        let t = d.quantile(p).expect("every p is reached");
        let h = 1e-4 * t;
        let slope = (d.survival(t - h) - d.survival(t + h)) / (2.0 * h);
        let density = d.ln_density(t).exp();
        // Truncation is of the order of h²; rounding 1e-13/h.
        prop_assert!((slope / density - 1.0).abs() < 1e-4, "{d:?} {t} {slope} {density}");
        prop_assert!((d.hazard(t) * d.survival(t) / density - 1.0).abs() < 1e-9);
    }
}

/// Restricted means that are known: exponential (1 − e^{−rτ})/r; a Weibull of shape ½ at τ = scale,
/// 2 scale ∫₀¹ x e^{−x} dx.
#[test]
fn exact_restricted_means() {
    let d = Distribution::Exponential { rate: 0.2 };
    let exact = (1.0 - f64::exp(-0.2 * 9.0)) / 0.2;
    close(d.restricted_mean(9.0).expect("a mean"), exact, 1e-9);
    let d = Distribution::Weibull { shape: 0.5, scale: 3.0 };
    let exact = 6.0 * (1.0 - 2.0 * f64::exp(-1.0));
    close(d.restricted_mean(3.0).expect("a mean"), exact, 1e-8);
}

/// 10,000 draws: the empirical curve keeps to S within 1.95/√n (the 0.1 % point of Kolmogorov's D).
#[test]
fn prop_samples_follow_their_distribution() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for d in [
        Distribution::Weibull { shape: 1.4, scale: 13.0 },
        Distribution::Gompertz { shape: 0.5, rate: 0.2 },
        Distribution::GeneralisedGamma { mu: 2.0, sigma: 0.7, q: -0.6 },
    ] {
        let mut draws: Vec<f64> = (0..10_000).map(|_| d.sample(&mut rng)).collect();
        draws.sort_by(f64::total_cmp);
        let n = draws.len() as f64;
        let distance = draws
            .iter()
            .enumerate()
            .map(|(i, &t)| (1.0 - (i as f64 + 0.5) / n - d.survival(t)).abs())
            .fold(0.0, f64::max);
        assert!(distance < 1.95 / n.sqrt(), "{d:?}: {distance}");
    }
    let d = Distribution::Exponential { rate: 1.0 };
    // Without memory: the mean of what follows 2 is 3, its error 1/√4000 = 0.016.
    let after: f64 =
        (0..4000).map(|_| d.sample_after(2.0, &mut rng).expect("a time")).sum::<f64>() / 4000.0;
    close(after, 3.0, 0.06);
}

/// With a negative shape some never have the event: exp(rate/shape) of them.
#[test]
fn exact_gompertz_with_a_cured_share() {
    let d = Distribution::Gompertz { shape: -0.5, rate: 0.2 };
    close(d.survival(1e6), f64::exp(-0.4), 1e-12);
    assert!(d.quantile(0.2).is_ok());
    assert_eq!(
        d.quantile(0.5).expect_err("never reached").to_string(),
        "the time by which a share of 0.5 has the event is not determined: with this distribution only 0.3297 ever have it"
    );
    // A hazard that overflows ends all lives; it does not become NaN.
    let d = Distribution::Gompertz { shape: 3.0, rate: 1.0 };
    close(d.survival(1e4), 0.0, 0.0);
    assert!(d.quantile(0.999).expect("reached") < 10.0);
}

#[test]
fn exact_what_does_not_determine_a_family() {
    let one = data(&[1.0, 2.0, 3.0], &[false, true, false]);
    assert!(fit_parametric(&one, Family::Exponential, 0.95).is_ok());
    assert_eq!(
        fit_parametric(&one, Family::Weibull, 0.95).expect_err("one event").to_string(),
        "the weibull distribution is not determined: 1 different event times for 2 parameters; take a family with fewer, or follow the patients longer"
    );
    let zero = data(&[0.0, 2.0, 3.0], &[true, true, false]);
    let refused = fit_parametric(&zero, Family::Weibull, 0.95).expect_err("time 0").to_string();
    assert!(refused.contains("the event of patient 1 is at time 0"), "{refused}");
    let censored = data(&[1.0, 2.0], &[false, false]);
    assert!(fit_parametric(&censored, Family::Exponential, 0.95).is_err());
    let (fits, refused) = fit_all(&one, 0.95).expect("a level");
    assert_eq!((fits.len(), refused.len()), (1, 5));
    assert_eq!(
        Family::named("wiebull").expect_err("a typing error").to_string(),
        "no family of survival times named `wiebull`; known are exponential, weibull, log-normal, log-logistic, gompertz, generalised-gamma"
    );
    assert!(Distribution::new(Family::Weibull, &[1.0]).is_err());
    assert!(Distribution::new(Family::Weibull, &[1.0, -3.0]).is_err());
}

/// A large sample gives its parameters back within four standard errors.
#[test]
fn prop_parameters_come_back() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for truth in [
        Distribution::Weibull { shape: 1.446, scale: 13.26 },
        Distribution::LogNormal { mu: 2.292, sigma: 0.974 },
        Distribution::LogLogistic { shape: 1.8, scale: 9.0 },
        Distribution::Gompertz { shape: 0.05, rate: 0.04 },
        Distribution::GeneralisedGamma { mu: 2.0, sigma: 0.8, q: 0.5 },
    ] {
        let (mut time, mut event) = (Vec::new(), Vec::new());
        for _ in 0..1500 {
            let (t, c) = (truth.sample(&mut rng), 30.0);
            time.push(t.min(c));
            event.push(t < c);
        }
        let fit = fit_parametric(&data(&time, &event), truth.family(), 0.95).expect("a fit");
        for (found, expected) in fit.parameters.iter().zip(truth.parameters()) {
            close(found.value, expected, 4.0 * found.standard_error);
        }
        // The fitted curve is near that of Kaplan and Meier.
        let km = KaplanMeier::fit(&data(&time, &event), Interval::Log, 0.95).expect("a curve");
        close(fit.distribution.survival(10.0), km.survival_at(10.0).expect("seen"), 0.05);
    }
}

#[test]
fn val_generalised_gamma_and_gompertz_of_lung() {
    let Some(table) = shared("classic/lung.csv") else { return };
    let lung = table.survival("time", "status", 2.0);
    let fit = fit_parametric(&lung, Family::GeneralisedGamma, 0.95).expect("a fit");
    // R flexsurv; its optimiser stops at a relative change of 1e-8 of the likelihood.
    close(fit.parameters[0].value, 6.076_52, 2e-4);
    close(fit.parameters[1].value.ln(), -0.318_76, 2e-4);
    close(fit.parameters[2].value, 1.126_47, 5e-4);
    close(fit.log_likelihood, -1_153.689_80, 5.1e-6);
    let years: Vec<f64> = lung.time().iter().map(|t| t / 365.25).collect();
    let years = SurvivalData::new(years, lung.event().to_vec()).expect("data");
    let fit = fit_parametric(&years, Family::Gompertz, 0.95).expect("a fit");
    close(fit.parameters[0].value, 0.507_139, 5.1e-6);
    close(fit.parameters[1].value, 0.609_870, 5.1e-6);
    close(fit.log_likelihood, -181.759_350, 5.1e-7);
}

#[test]
fn val_accelerated_failure_times() {
    let Some(lung) = shared("classic/lung.csv") else { return };
    let lung = lung.complete(&["ph.ecog"]);
    let data = lung.survival("time", "status", 2.0);
    let fit = |family| {
        let mut model = Aft::new(&data, family);
        for name in ["age", "sex", "ph.ecog"] {
            model = model.covariate(name, &lung.numbers(name));
        }
        model.fit().expect("a fit")
    };
    let weibull = fit(AftFamily::Weibull);
    close(weibull.log_likelihood, -1_132.438_746, 5.1e-7);
    close(weibull.scale, 0.731_109_0, 5.1e-8);
    close(fit(AftFamily::LogNormal).log_likelihood, -1_146.881_831, 5.1e-7);
    close(fit(AftFamily::LogLogistic).log_likelihood, -1_137.489_612, 5.1e-7);

    let rossi = shared("classic/rossi.csv").expect("beside lung");
    let data = rossi.survival("week", "arrest", 1.0);
    for (family, expected) in [
        (AftFamily::Weibull, -679.916_56),
        (AftFamily::LogNormal, -683.234_63),
        (AftFamily::LogLogistic, -679.938_51),
    ] {
        // lifelines' optimiser stopped 1e-4 below the maximum of the log-logistic; a maximum can
        // only be higher than what another has found.
        let tolerance = if family == AftFamily::LogLogistic { 1.1e-4 } else { 5.1e-6 };
        let mut model = Aft::new(&data, family);
        for name in ["fin", "age", "race", "wexp", "mar", "paro", "prio"] {
            model = model.covariate(name, &rossi.numbers(name));
        }
        let found = model.fit().expect("a fit").log_likelihood;
        close(found, expected, tolerance);
        assert!(found > expected - 5.1e-6);
    }
}

/// Without covariates the two ways to the maximum meet.
#[test]
fn exact_aft_is_the_family() {
    let data = small();
    let aft = Aft::new(&data, AftFamily::Weibull).fit().expect("a fit");
    let fit = fit_parametric(&data, Family::Weibull, 0.95).expect("a fit");
    close(aft.log_likelihood, fit.log_likelihood, 1e-9);
    close(1.0 / aft.scale, fit.parameters[0].value, 1e-5);
    close(aft.coefficients[0].value, fit.parameters[1].value.ln(), 1e-5);
    let x = [1.0; 7];
    assert!(Aft::new(&data, AftFamily::Weibull).covariate("one", &x).fit().is_err());
}

/// Events in periods beside those that the cumulative hazard expects. Twenty deaths at 1, 2, … 20, all dead: under
/// Λ(t) = t/10 the period up to 5 expects (1 + 2 + 3 + 4 + 5 + 15 · 5)/10 = 9, and so on.
#[test]
fn exact_lack_of_fit_of_a_curve_by_hand() {
    let time: Vec<f64> = (1..=20).map(f64::from).collect();
    let data = SurvivalData::new(time, vec![true; 20]).expect("times");
    let test = survival_lack_of_fit(&data, |t| t / 10.0).expect("four periods");
    let expected = [9.0, 6.5, 4.0, 1.5];
    let chi_squared: f64 = expected.iter().map(|e| (5.0 - e) * (5.0 - e) / e).sum();
    assert!((test.chi_squared - chi_squared).abs() < 1e-12, "{test:?}");
    assert_eq!(test.df, 3);
    let few = SurvivalData::new(vec![1.0, 2.0, 3.0], vec![true; 3]).expect("times");
    assert!(survival_lack_of_fit(&few, |t| t).is_err());
}

/// Quantiles of a Weibull distribution with shape 4 refute an exponential, and no Weibull distribution.
#[test]
fn exact_an_exponential_is_refuted_by_times_that_are_none() {
    let time: Vec<f64> =
        (0..200).map(|i| (-(1.0 - (f64::from(i) + 0.5) / 200.0).ln()).powf(0.25)).collect();
    let data = SurvivalData::new(time, vec![true; 200]).expect("times");
    let tested = |family| {
        let fit = fit_parametric(&data, family, 0.95).expect("it is determined");
        survival_lack_of_fit(&data, |t| fit.distribution.cumulative_hazard(t)).expect("periods")
    };
    assert!(tested(Family::Exponential).refuted());
    assert!(!tested(Family::Weibull).refuted(), "{:?}", tested(Family::Weibull));
}
