//! Fits of organ curves: six regions at four times, as one patient of a dosimetry study.

use divan::{Bencher, black_box};
use lutetia_fit::{
    DerivedKind, ErrorModel, ExponentialForm, FUNCTIONS, Function, Magnitude, Observation, Problem,
    Refit, RowFit, Sampler, SumOfExponentials, VoxelFitter, aicc, akaike_weights, fit, percentiles,
};
use rayon::prelude::*;

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
            sum += f.derived(DerivedKind::Tia).map_or(0.0, |d| d.value);
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

/// Rows of a map: activities at the times of a patient with a reproducible scatter.
fn rows(n: usize) -> Vec<[f64; 4]> {
    (0..n)
        .map(|i| {
            let (a, k) = (20.0 + (i % 97) as f64, 0.006 + 1e-4 * (i % 83) as f64);
            let mut y = [0.0; 4];
            for (j, t) in TIMES.iter().enumerate() {
                let wobble = 1.0 + 0.08 * ((i * 7 + j * 13) as f64).sin();
                y[j] = a * (-k * t).exp() * wobble;
            }
            y
        })
        .collect()
}

/// A thousand voxels on one thread: a million take a thousand times this, shared by the threads.
#[divan::bench(args = ["mono", "bi-uptake"])]
fn map_thousand_rows(bencher: Bencher<'_, '_>, name: &str) {
    let rows = rows(1000);
    let Ok(function) = Function::named(name) else { return };
    let error = ErrorModel::Proportional { cv: Magnitude::Fixed(0.1) };
    let Ok(fitter) = VoxelFitter::new(function, LP, 1.0, &TIMES, error, 1) else { return };
    bencher.bench(|| {
        let mut worker = fitter.worker();
        let mut sum = 0.0;
        for y in &rows {
            if let RowFit::Fitted { tia, .. } = worker.fit(y, &[]) {
                sum += tia;
            }
        }
        black_box(sum)
    });
}

/// The same rows by the general fit without random starts.
#[divan::bench]
fn general_thousand_rows_mono(bencher: Bencher<'_, '_>) {
    let rows = rows(1000);
    bencher.bench(|| {
        let mut sum = 0.0;
        for y in &rows {
            let Ok(curve) = SumOfExponentials::new(ExponentialForm::mono(), LP, &TIMES) else {
                continue;
            };
            let Ok(parameters) = curve.parameters(y) else { continue };
            let data = y.iter().map(|v| Observation::new("scan", *v)).collect();
            let error = ErrorModel::Proportional { cv: Magnitude::Fixed(0.1) };
            let mut problem = Problem::new(&curve, data, error, parameters);
            problem.options.random_starts = 0;
            if let Ok(f) = fit(&problem) {
                sum += f.derived(DerivedKind::Tia).map_or(0.0, |d| d.value);
            }
        }
        black_box(sum)
    });
}

/// One patient: six regions, four times, every function with 13 starts, weights, average, and a bootstrap of 1000
/// samples of the function used and of every function with a weight. The limit is 1 s on two cores.
#[divan::bench(sample_count = 5)]
fn patient_every_function_bootstrap_1000(bencher: Bencher<'_, '_>) {
    let error = ErrorModel::Proportional { cv: Magnitude::Fixed(0.1) };
    bencher.bench(|| {
        let sums: Vec<f64> = REGIONS
            .par_iter()
            .map(|y| {
                let data: Vec<Observation> =
                    y.iter().map(|v| Observation::new("scan", *v)).collect();
                let mut fits = Vec::new();
                for f in &FUNCTIONS {
                    let Ok(curve) = f.curve(LP, 7210.0, &TIMES) else { continue };
                    let Ok(p) = f.parameters(&curve, 7210.0, y) else { continue };
                    let problem = Problem::new(&curve, data.clone(), error, p.clone());
                    if let Ok(found) = fit(&problem) {
                        fits.push((curve.clone(), p, found));
                    }
                }
                let criteria: Vec<Option<f64>> = fits.iter().map(|f| f.2.aicc).collect();
                let weights = akaike_weights(&criteria);
                let Some(best) =
                    (0..fits.len()).filter(|&i| weights[i].is_some()).max_by(|&i, &j| {
                        weights[i].unwrap_or(0.0).total_cmp(&weights[j].unwrap_or(0.0))
                    })
                else {
                    return 0.0;
                };
                let Ok(sampler) = Sampler::new(&fits[best].2, 1) else { return 0.0 };
                let refits: Vec<Refit<'_>> = fits
                    .iter()
                    .zip(&weights)
                    .filter(|(_, w)| w.is_some())
                    .map(|((c, p, f), _)| Refit::new(c, p, &data, error, f))
                    .collect();
                let tias: Vec<f64> = (0..1000)
                    .into_par_iter()
                    .map(|i| {
                        let sample = sampler.draw(i);
                        let found: Vec<_> = refits.iter().filter_map(|r| r.fit(&sample)).collect();
                        let criteria: Vec<Option<f64>> = found
                            .iter()
                            .map(|r| aicc(r.minus_two_log_likelihood, 2, 4).ok())
                            .collect();
                        let w = akaike_weights(&criteria);
                        found.iter().zip(&w).map(|(r, w)| w.unwrap_or(0.0) * r.tia).sum()
                    })
                    .collect();
                percentiles(&tias).map_or(0.0, |p| p.sd)
            })
            .collect();
        black_box(sums)
    });
}
