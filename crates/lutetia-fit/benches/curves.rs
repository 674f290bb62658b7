//! Fits of organ curves: six regions at four times, as one patient of a dosimetry study.

use divan::{Bencher, black_box};
use lutetia_fit::{
    ErrorModel, ExponentialForm, Magnitude, Observation, Problem, SumOfExponentials, fit,
};

fn main() {
    divan::main();
}

const LP: f64 = 0.004_346_7;
const TIMES: [f64; 4] = [3.741, 27.725, 103.094, 123.984];
/// Six regions with effective half-lives between 50 and 100 h.
const REGIONS: [[f64; 4]; 6] = [
    [98.56, 73.60, 25.40, 19.05],
    [92.89, 66.86, 23.21, 15.67],
    [378.47, 347.40, 192.66, 173.23],
    [87.21, 77.63, 34.66, 27.94],
    [671.64, 317.52, 150.30, 121.74],
    [1328.78, 883.02, 426.22, 357.62],
];

fn six(form: &ExponentialForm, random_starts: usize) -> f64 {
    let mut sum = 0.0;
    for y in &REGIONS {
        let Ok(curve) = SumOfExponentials::new(form.clone(), LP, &TIMES) else { continue };
        let Ok(parameters) = curve.parameters(y) else { continue };
        let data = y.iter().map(|v| Observation::new("scan", *v)).collect();
        let error = ErrorModel::Additive { sd: Magnitude::Estimated(1.0) };
        let mut problem = Problem::new(&curve, data, error, parameters);
        problem.options.random_starts = random_starts;
        if let Ok(f) = fit(&problem) {
            sum += f.derived("tia").map_or(0.0, |d| d.value);
        }
    }
    sum
}

#[divan::bench(args = [0, 12])]
fn mono_six_regions(bencher: Bencher<'_, '_>, random_starts: usize) {
    bencher.bench(|| black_box(six(&ExponentialForm::mono(), random_starts)));
}

#[divan::bench(args = [0, 12])]
fn bi_uptake_six_regions(bencher: Bencher<'_, '_>, random_starts: usize) {
    bencher.bench(|| black_box(six(&ExponentialForm::bi_uptake(), random_starts)));
}

#[divan::bench(args = [0, 12])]
fn bi_six_regions(bencher: Bencher<'_, '_>, random_starts: usize) {
    bencher.bench(|| black_box(six(&ExponentialForm::bi(), random_starts)));
}
