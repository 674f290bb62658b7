//! Curves and models of a large table: two arms, a third of the patients censored.

use divan::{Bencher, black_box};
use lutetia_outcome::survival::{
    AalenJohansen, CompetingData, Cox, Groups, Interval, KaplanMeier, PhTime, SurvivalData,
    fine_gray,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    divan::main();
}

struct Patients {
    data: SurvivalData,
    arms: Groups,
    age: Vec<f64>,
}

fn patients(n: usize) -> Patients {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut time, mut event, mut arm, mut age) = (vec![], vec![], vec![], vec![]);
    for _ in 0..n {
        let treated = rng.random_bool(0.5);
        let years: f64 = rng.random_range(40.0..80.0);
        let risk = f64::exp(0.02 * (years - 60.0) - if treated { 0.3 } else { 0.0 });
        let life = -12.0 * f64::ln(rng.random_range(1e-12..1.0)) / risk;
        let followed = rng.random_range(0.0..30.0);
        time.push(f64::min(life, followed));
        event.push(life < followed);
        arm.push(if treated { "treated" } else { "control" });
        age.push(years);
    }
    let data = SurvivalData::new(time, event).expect("times");
    Patients { data, arms: Groups::by_appearance(&arm), age }
}

#[divan::bench(args = [1000, 1_000_000])]
fn kaplan_meier(bencher: Bencher<'_, '_>, n: usize) {
    let p = patients(n);
    bencher.bench(|| KaplanMeier::fit(black_box(&p.data), Interval::Log, 0.95));
}

#[divan::bench(args = [1000, 1_000_000])]
fn cox_of_arms(bencher: Bencher<'_, '_>, n: usize) {
    let p = patients(n);
    bencher.bench(|| Cox::new(black_box(&p.data)).groups(&p.arms).fit());
}

#[divan::bench(args = [1000, 1_000_000])]
fn cox_of_arms_and_age_with_robust_errors(bencher: Bencher<'_, '_>, n: usize) {
    let p = patients(n);
    let model = || Cox::new(black_box(&p.data)).groups(&p.arms).covariate("age", &p.age).robust();
    bencher.bench(|| model().fit());
}

#[divan::bench(args = [1000, 1_000_000])]
fn proportional_hazards(bencher: Bencher<'_, '_>, n: usize) {
    let p = patients(n);
    let fit = Cox::new(&p.data).groups(&p.arms).fit().expect("a fit");
    bencher.bench(|| black_box(&fit).proportional_hazards(PhTime::KaplanMeier));
}

fn competing(n: usize) -> (CompetingData, Vec<f64>) {
    let p = patients(n);
    let cause =
        p.data.event().iter().zip(&p.age).map(|(e, age)| e.then(|| usize::from(*age > 65.0)));
    let data = CompetingData::new(p.data.time().to_vec(), cause.collect(), &["a", "b"]);
    (data.expect("causes"), p.arms.of().iter().map(|&g| f64::from(u8::from(g > 0))).collect())
}

#[divan::bench(args = [1000, 1_000_000])]
fn aalen_johansen(bencher: Bencher<'_, '_>, n: usize) {
    let (data, _) = competing(n);
    bencher.bench(|| AalenJohansen::fit(black_box(&data)));
}

/// Rows grow with the number of competing events times that of censorings.
#[divan::bench(args = [1000])]
fn fine_and_gray(bencher: Bencher<'_, '_>, n: usize) {
    let (data, arm) = competing(n);
    bencher.bench(|| fine_gray(black_box(&data), "a", &[("arm", &arm)]));
}
