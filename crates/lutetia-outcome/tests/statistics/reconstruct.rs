//! Individual times from curves: by hand, there and back, and the digitised curve of CheckMate 067.

use lutetia_outcome::OutcomeError;
use lutetia_outcome::survival::{
    Cox, Distribution, Groups, Interval, KaplanMeier, PublishedCurve, SurvivalData,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{close, shared};

/// Four patients, deaths at 1 and 3, one censored between 1 and 2: found as drawn, the censoring in
/// the middle of its piece.
#[test]
fn exact_four_patients() {
    let points = [(1.0, 0.75), (2.0, 0.75), (3.0, 0.375), (4.0, 0.375)];
    let at_risk = [(0.0, 4), (1.0, 4), (2.0, 2), (4.0, 1)];
    let found = PublishedCurve::new(&points, &at_risk, None).expect("a curve").reconstruct();
    let found = found.expect("times");
    assert_eq!(found.data.time(), [1.0, 1.5, 3.0, 4.0]);
    assert_eq!(found.data.event(), [true, false, true, false]);
    close(found.largest_distance, 0.0, 1e-15);
    assert_eq!(found.largest_at_risk_difference, 0);
    assert_eq!(found.missing_events, None);
}

#[test]
fn exact_curves_that_cannot_be() {
    let message = |r: Result<PublishedCurve, OutcomeError>| r.expect_err("refused").to_string();
    let points = [(1.0, 0.75), (2.0, 0.5)];
    let new = |points: &[(f64, f64)], at_risk: &[(f64, usize)], events| {
        PublishedCurve::new(points, at_risk, events)
    };
    assert!(message(new(&[], &[(0.0, 4)], None)).contains("has no patients"));
    assert_eq!(
        message(new(&[(1.0, 75.0)], &[(0.0, 4)], None)),
        "survival at point 1 of the curve is 75; expected a fraction between 0 and 1; divide percentages by 100"
    );
    assert!(message(new(&points, &[], None)).contains("a risk table without rows"));
    assert!(message(new(&points, &[(1.0, 4)], None)).contains("starts at 1, expected 0"));
    assert_eq!(
        message(new(&points, &[(0.0, 4), (1.0, 6)], None)),
        "4 at risk at 0 and 6 at 1; numbers at risk only fall; check the row and the arm"
    );
    assert!(message(new(&points, &[(0.0, 4), (0.0, 3)], None)).contains("time of the risk table"));
    assert!(message(new(&points, &[(0.0, 0)], None)).contains("number at risk at time 0"));
    assert!(message(new(&points, &[(0.0, 4)], Some(9))).contains("9 events of 4 patients"));
    let curve = new(&points, &[(0.0, 4)], None).expect("a curve");
    assert!(curve.until(0.5).is_err());
    assert!(new(&[(0.0, 1.0)], &[(0.0, 4)], None).expect("a curve").reconstruct().is_err());
}

/// A reading error that rises is averaged away, and the number of patients is kept.
#[test]
fn exact_noise_and_totals() {
    let points = [(1.0, 0.9), (2.0, 0.79), (2.5, 0.81), (3.0, 0.7), (4.0, 0.6)];
    let curve = PublishedCurve::new(&points, &[(0.0, 10)], None).expect("a curve");
    let found = curve.reconstruct().expect("times").data;
    assert_eq!((found.len(), found.events()), (10, 4));
    // Half-way through, at 2 the averaged 0.8.
    let km = KaplanMeier::fit(&found, Interval::Log, 0.95).expect("a curve");
    close(km.survival_at(2.0).expect("seen"), 0.8, 1e-12);
    // Fewer events asked for than the curve has: the last interval gives way, as the paper says.
    let curve = PublishedCurve::new(&points, &[(0.0, 10), (2.2, 8)], Some(3)).expect("a curve");
    let found = curve.reconstruct().expect("times");
    assert_eq!(found.data.len(), 10);
    assert_eq!(found.missing_events, Some(3 - found.data.events() as i64));
}

/// Simulated trials, drawn to the eye's precision, read off and reconstructed: curves within what
/// the reading allows, hazard ratios within a few hundredths.
#[test]
fn prop_there_and_back() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for (shape, scale) in [(1.4, 13.0), (0.8, 20.0)] {
        let truth = Distribution::Weibull { shape, scale };
        let mut arms = Vec::new();
        for stretch in [1.0, 1.5] {
            let (mut time, mut event) = (Vec::new(), Vec::new());
            for _ in 0..250 {
                let t = stretch * truth.sample(&mut rng);
                let c = 12.0 + 18.0 * rng.random::<f64>();
                time.push(t.min(c));
                event.push(t <= c);
            }
            arms.push(SurvivalData::new(time, event).expect("data"));
        }
        let back: Vec<SurvivalData> = arms.iter().map(|d| through_the_figure(d, 0.1)).collect();
        for (before, after) in arms.iter().zip(&back) {
            assert_eq!(before.len(), after.len());
            let fit = |d| KaplanMeier::fit(d, Interval::Log, 0.95).expect("a curve");
            let (a, b) = (fit(before), fit(after));
            close(b.rmst(24.0).expect("a mean").mean, a.rmst(24.0).expect("a mean").mean, 0.15);
            let differ = before.events().abs_diff(after.events());
            assert!(differ <= 5, "{} events, {} found", before.events(), after.events());
        }
        close(ln_hazard_ratio(&back), ln_hazard_ratio(&arms), 0.03);
    }
}

/// Readings once a month, as coarse as the numbers at risk: with the deaths on the readings a tenth of
/// them is lost to censorings that nobody had; between the readings nearly all are kept.
#[test]
fn prop_coarse_readings_lie_between_the_steps() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let truth = Distribution::Weibull { shape: 1.3, scale: 5.0 };
    let times: Vec<f64> = (0..400).map(|_| truth.sample(&mut rng)).collect();
    let seen = SurvivalData::new(
        times.iter().map(|t| t.min(12.0)).collect(),
        times.iter().map(|t| *t <= 12.0).collect(),
    )
    .expect("data");
    let km = KaplanMeier::fit(&seen, Interval::Log, 0.95).expect("a curve");
    let months: Vec<f64> = (0..=12).map(f64::from).collect();
    let points: Vec<(f64, f64)> =
        months.iter().map(|&t| (t, km.survival_at(t).expect("observed"))).collect();
    let at_risk: Vec<(f64, usize)> =
        months.iter().step_by(3).map(|&t| (t, km.at_risk_at(t))).collect();
    let curve = PublishedCurve::new(&points, &at_risk, None).expect("a curve");
    let events = |curve: PublishedCurve| curve.reconstruct().expect("times").data.events();
    let on = events(curve.clone());
    let between = events(curve.read_between_steps());
    assert!(on < seen.events() - 20, "{on} of {}", seen.events());
    assert!(between.abs_diff(seen.events()) <= 4, "{between} of {}", seen.events());
}

fn ln_hazard_ratio(arms: &[SurvivalData]) -> f64 {
    let (mut time, mut event, mut label) = (Vec::new(), Vec::new(), Vec::new());
    for (data, name) in arms.iter().zip(["a", "b"]) {
        time.extend_from_slice(data.time());
        event.extend_from_slice(data.event());
        label.extend(std::iter::repeat_n(name, data.len()));
    }
    let data = SurvivalData::new(time, event).expect("data");
    let cox = Cox::new(&data).groups(&Groups::by_appearance(&label)).fit().expect("a fit");
    cox.coefficients[0].value
}

/// Reads the curve every `step` of time to three decimals, and the numbers at risk every 30 steps.
fn through_the_figure(data: &SurvivalData, step: f64) -> SurvivalData {
    let km = KaplanMeier::fit(data, Interval::Log, 0.95).expect("a curve");
    let count = (data.last_time() / step).floor() as usize;
    let points: Vec<(f64, f64)> = (0..=count)
        .map(|i| {
            let t = i as f64 * step;
            (t, (1000.0 * km.survival_at(t).expect("observed")).round() / 1000.0)
        })
        .collect();
    let at_risk: Vec<(f64, usize)> = (0..=count)
        .step_by(30)
        .map(|i| (i as f64 * step, km.at_risk_at(i as f64 * step)))
        .collect();
    let curve = PublishedCurve::new(&points, &at_risk, None).expect("a curve");
    curve.reconstruct().expect("times").data
}

#[test]
fn val_there_and_back_with_lung() {
    let Some(table) = shared("classic/lung.csv") else { return };
    let lung = table.survival("time", "status", 2.0);
    let whole = through_the_figure(&lung, 1.0);
    let fit = |d| KaplanMeier::fit(d, Interval::Log, 0.95).expect("a curve");
    let (before, after) = (fit(&lung), fit(&whole));
    // Reading every day: the median within a day, its interval within a few (ties and censorings
    // move within the interval of the risk table).
    close(after.median().estimate.expect("reached"), 310.0, 1.0);
    close(after.median().lower.expect("reached"), 285.0, 3.0);
    close(after.median().upper.expect("reached"), 363.0, 3.0);
    // The reference implementation moves it from 310.33 to 310.56.
    close(before.rmst(500.0).expect("a mean").mean, 310.33, 5.1e-3);
    close(after.rmst(500.0).expect("a mean").mean, 310.33, 0.5);
    let sexes = Groups::with_order(&["1", "2"], &table.text("sex")).expect("groups");
    let arms = sexes.split(&lung).expect("two groups");
    let back: Vec<SurvivalData> = arms.iter().map(|d| through_the_figure(d, 1.0)).collect();
    close(ln_hazard_ratio(&arms).exp(), 0.588, 5.1e-4);
    // 0.583 by the reference implementation.
    close(ln_hazard_ratio(&back).exp(), 0.588, 0.01);
}

#[test]
fn val_checkmate_067() {
    let Some(curve) = shared("Checkmate_067_S3A_Nivolumab.csv") else { return };
    let risk = shared("Checkmate_067_At_Risk.csv").expect("beside the curve");
    let points: Vec<(f64, f64)> = curve.numbers("T").into_iter().zip(curve.numbers("S")).collect();
    let numbers = risk.numbers("nrisk").into_iter().map(|n| n.round() as usize);
    let at_risk: Vec<(f64, usize)> = risk.numbers("trisk").into_iter().zip(numbers).collect();
    // The shared reconstruction (kmdata, MIT) ends with the last number at risk above 0.
    let curve = PublishedCurve::new(&points, &at_risk, None).expect("a curve");
    let found = curve.clone().until(42.0).expect("points").reconstruct().expect("times");
    assert_eq!((found.data.len(), found.data.events()), (80, 32));
    let ipd = shared("Checkmate_067_S3A_Nivolumab_IPD.csv").expect("beside the curve");
    let expected = ipd.survival("time", "event", 1.0);
    assert_eq!(found.data.event(), expected.event());
    for (a, b) in found.data.time().iter().zip(expected.time()) {
        // Readings are printed to 0.1 months, so that several have one time; kmdata averages those,
        // here they are a vertical line. A death can move by one reading.
        close(*a, *b, 0.101);
    }
    let km = KaplanMeier::fit(&found.data, Interval::Log, 0.95).expect("a curve");
    for (t, survival) in [(12.0, 0.8609), (24.0, 0.7216), (36.0, 0.6059)] {
        close(km.survival_at(t).expect("seen"), survival, 5.1e-5);
    }
    let whole = curve.reconstruct().expect("times");
    assert_eq!((whole.data.len(), whole.data.events()), (80, 32));
}

/// A risk table or a number of events of another arm is said to contradict the curve; errors of reading are not.
#[test]
fn exact_contradictions_are_said() {
    let points: Vec<(f64, f64)> =
        (1..=30).map(|k| (f64::from(k), (-0.046 * f64::from(k)).exp())).collect();
    let found = |at_risk: &[(f64, usize)], events| {
        let curve = PublishedCurve::new(&points, at_risk, events).expect("a curve");
        let found = curve.reconstruct().expect("times").contradiction();
        found.map(|c| c.to_string())
    };
    // S(10) = .63, S(20) = .40, S(30) = .25.
    let own = [(0.0, 100), (10.0, 63), (20.0, 40), (30.0, 25)];
    assert_eq!(found(&own, None), None);
    assert_eq!(found(&own, Some(75)), None);
    let other = [(0.0, 100), (10.0, 95), (20.0, 94), (30.0, 93)];
    let said = found(&other, None).expect("a warning");
    assert!(said.contains("numbers at risk contradict"), "{said}");
    let said = found(&own, Some(10)).expect("a warning");
    assert!(said.contains("10 are given"), "{said}");
}
