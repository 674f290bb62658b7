//! Compartment models beside the closed forms for an input that is a sum of exponentials, and beside noiseless scans.

use lutetia_fit::{DMatrix, Predictor};
use lutetia_pet::{
    Compartments, Curve, Frame, Frames, GraphicalInput, Input, Known, ReferencePredictor, Start,
    TissueCurve, TissuePredictor, TissueSetting, fit_reference, fit_tissue, logan, ma1, patlak,
    reference_logan,
};

/// `C_P = Σ A_j e^{−λ_j t}`, the sum of which is 0 at the start.
const INPUT: [(f64, f64); 3] = [(-110.0, 4.0), (100.0, 0.8), (10.0, 0.02)];

fn plasma(t: f64) -> f64 {
    INPUT.iter().map(|(a, l)| a * (-l * t).exp()).sum()
}

/// Samples so dense that a line between two of them is the curve.
fn dense(f: impl Fn(f64) -> f64, until: f64) -> Curve {
    let fine = (0..8000).map(|k| f64::from(k) * 1e-3);
    let coarse = (0..).map(|k| 8.0 + 0.02 * f64::from(k)).take_while(|t| *t <= until + 0.01);
    let times: Vec<f64> = fine.chain(coarse).collect();
    let values = times.iter().map(|t| f(*t)).collect();
    Curve::new(times, values).expect("a curve")
}

/// Frames as brain scans have them.
pub(crate) fn frames() -> Frames {
    let pattern = [(6, 1.0 / 6.0), (4, 0.5), (5, 1.0), (4, 3.0), (12, 6.0)];
    let mut start = 0.0;
    let mut list = Vec::new();
    for (count, length) in pattern {
        for _ in 0..count {
            list.push(Frame { start, end: start + length });
            start += length;
        }
    }
    Frames::new(list).expect("frames")
}

/// `∫ₐᵇ (e^{−λt} ⊗ e^{−θt})(t) dt / (b − a)`.
fn mean_convolved(lambda: f64, theta: f64, frame: Frame) -> f64 {
    let integral = |rate: f64, t: f64| if rate > 0.0 { -(-rate * t).exp_m1() / rate } else { t };
    let both = |t: f64| (integral(lambda, t) - integral(theta, t)) / (theta - lambda);
    (both(frame.end) - both(frame.start)) / frame.duration()
}

fn mean_input(frame: Frame) -> f64 {
    let sum: f64 = INPUT
        .iter()
        .map(|(a, l)| a * ((-l * frame.start).exp() - (-l * frame.end).exp()) / l)
        .sum();
    sum / frame.duration()
}

/// Means over frames of the tissue, of the exponentials of its impulse response.
fn tissue(response: &[(f64, f64)], frames: &Frames) -> Vec<f64> {
    let one = |frame: &Frame| {
        let terms = response.iter().flat_map(|(phi, theta)| {
            INPUT.iter().map(move |(a, l)| phi * a * mean_convolved(*l, *theta, *frame))
        });
        terms.sum()
    };
    frames.list().iter().map(one).collect()
}

fn input() -> Input {
    // Whole blood is 0.6 of the plasma throughout.
    Input::new(dense(plasma, 93.0), dense(|t| 0.6 * plasma(t), 93.0))
}

/// The same seen every few seconds: what is made of its own samples is exact.
fn sampled() -> Input {
    let curve = |share: f64| {
        let early = (0..40).map(|k| 0.05 * f64::from(k));
        let times: Vec<f64> = early.chain((1..93).map(|k| 1.0 + f64::from(k))).collect();
        let values = times.iter().map(|t| share * plasma(*t)).collect();
        Curve::new(times, values).expect("a curve")
    };
    Input::new(curve(1.0), curve(0.6))
}

/// Amplitudes and rates by the eigenvalues of the matrix of exchange, not by the formulas of the crate.
fn two_tissue([k1, k2, k3, k4]: [f64; 4]) -> Vec<(f64, f64)> {
    // C' = M C + (K1, 0) C_P; the eigenvalues of M are −θ, found by bisection of its characteristic polynomial.
    let polynomial = |x: f64| (k2 + k3 - x) * (k4 - x) - k3 * k4;
    let bisect = |mut low: f64, mut high: f64| {
        let rising = polynomial(high) > polynomial(low);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if (polynomial(middle) > 0.0) == rising { high = middle } else { low = middle }
        }
        0.5 * (low + high)
    };
    // The polynomial is positive at 0 (or 0), negative at its vertex, positive beyond the sum.
    let vertex = 0.5 * (k2 + k3 + k4);
    let (slow, fast) =
        (if k4 > 0.0 { bisect(0.0, vertex) } else { 0.0 }, bisect(vertex, 3.0 * vertex));
    // Total content of both compartments per unit of input: at 0 it is K1, and its slope −K1 k2.
    let second = (k1 * k2 - k1 * fast) / (slow - fast);
    vec![(k1 - second, fast), (second, slow)]
}

#[test]
fn exact_compartments_have_the_means_of_their_closed_forms() {
    let (input, frames) = (input(), frames());
    let rates = [0.12, 0.11, 0.09, 0.06];
    let cases = [
        (Compartments::OneTissue, 2, vec![(0.12, 0.11)]),
        (Compartments::TwoTissue, 4, two_tissue(rates)),
        (Compartments::TwoTissueIrreversible, 3, two_tissue([0.12, 0.11, 0.09, 0.0])),
    ];
    for (model, n, response) in cases {
        let fraction = 0.05;
        let theta: Vec<f64> = rates[..n].iter().copied().chain([fraction, 0.0]).collect();
        let predictor = TissuePredictor::new(model, &input, &frames);
        let mut found = vec![0.0; frames.len()];
        predictor.predict(&theta, &mut found, None).expect("values");
        let expected = tissue(&response, &frames);
        for ((found, expected), frame) in found.iter().zip(expected).zip(frames.list()) {
            let expected = (1.0 - fraction) * expected + fraction * 0.6 * mean_input(*frame);
            // Chords of 1 ms miss the area under c″ = 1760 kBq/mL/min² by h²c″/12 per minute.
            assert!(
                (found - expected).abs() < 2e-6 * expected + 5e-6,
                "{model:?} {frame:?}: {found} {expected}"
            );
        }
    }
}

#[test]
fn exact_a_delay_moves_the_input() {
    let frames = frames();
    let input = input();
    let late = |t: f64| if t > 0.25 { plasma(t - 0.25) } else { 0.0 };
    let moved = Input::new(dense(late, 93.0), dense(|t| 0.6 * late(t), 93.0));
    let theta = [0.12, 0.11, 0.09, 0.06, 0.05];
    let values = |input: &Input, delay: f64| {
        let mut found = vec![0.0; frames.len()];
        let theta: Vec<f64> = theta.iter().copied().chain([delay]).collect();
        TissuePredictor::new(Compartments::TwoTissue, input, &frames)
            .predict(&theta, &mut found, None)
            .expect("values");
        found
    };
    for (by_delay, by_samples) in values(&input, 0.25).iter().zip(values(&moved, 0.0)) {
        assert!((by_delay - by_samples).abs() <= 2e-6 * by_samples, "{by_delay} {by_samples}");
    }
}

#[test]
fn exact_derivatives_are_those_of_differences() {
    let (input, frames) = (input(), frames());
    let region = TissueCurve::new(frames.clone(), vec![1.0; frames.len()]).expect("a curve");
    let reference = tissue(&[(0.3, 0.2)], &frames);
    let reference = TissueCurve::new(frames.clone(), reference).expect("a curve");
    let simplified = ReferencePredictor::new(&region, &reference).expect("a model");
    let one = TissuePredictor::new(Compartments::OneTissue, &input, &frames);
    let two = TissuePredictor::new(Compartments::TwoTissue, &input, &frames);
    let kept = TissuePredictor::new(Compartments::TwoTissueIrreversible, &input, &frames);
    let cases: [(&dyn Predictor, &[f64]); 4] = [
        (&one, &[0.12, 0.11, 0.05, 0.1]),
        (&two, &[0.12, 0.11, 0.09, 0.06, 0.05, -0.1]),
        (&kept, &[0.12, 0.11, 0.09, 0.05, 0.1]),
        (&simplified, &[1.1, 0.1, 1.4]),
    ];
    for (predictor, theta) in cases {
        let (n, m) = (predictor.n_values(), theta.len());
        let mut jacobian = DMatrix::zeros(n, m);
        let mut values = vec![0.0; n];
        predictor.predict(theta, &mut values, Some(&mut jacobian)).expect("values");
        for j in 0..m {
            let at = |step: f64| {
                let mut moved = theta.to_vec();
                moved[j] += step;
                let mut values = vec![0.0; n];
                predictor.predict(&moved, &mut values, None).expect("values");
                values
            };
            let (low, high) = (at(-1e-6), at(1e-6));
            let scale = jacobian.column(j).amax();
            for i in 0..n {
                let slope = (high[i] - low[i]) / 2e-6;
                let difference = (slope - jacobian[(i, j)]).abs();
                assert!(difference < 1e-5 * scale, "{j} {i}: {slope} {}", jacobian[(i, j)]);
            }
        }
        let derived = predictor.derived(theta).expect("quantities");
        for quantity in &derived {
            for j in 0..m {
                let at = |step: f64| {
                    let mut moved = theta.to_vec();
                    moved[j] += step;
                    let found = predictor.derived(&moved).expect("quantities");
                    found.iter().find(|q| q.name() == quantity.name()).expect("the same").value
                };
                let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
                let difference = (slope - quantity.gradient[j]).abs();
                assert!(
                    difference < 1e-6 * quantity.value.abs().max(1.0) / theta[j].abs().max(0.01),
                    "{} {j}",
                    quantity.name()
                );
            }
        }
    }
}

#[test]
fn exact_scans_without_noise_give_their_parameters() {
    let (input, frames) = (sampled(), frames());
    let held = TissueSetting { delay: Known::Fixed(0.0), ..TissueSetting::default() };
    let cases: [(Compartments, &[f64], &str, f64); 3] = [
        (Compartments::OneTissue, &[0.3, 0.05, 0.04, 0.0], "V_T", 6.0),
        (Compartments::TwoTissue, &[0.12, 0.11, 0.09, 0.06, 0.04, 0.0], "V_T", 0.12 / 0.11 * 2.5),
        (
            Compartments::TwoTissueIrreversible,
            &[0.1, 0.15, 0.05, 0.04, 0.0],
            "K_i",
            0.1 * 0.05 / 0.2,
        ),
    ];
    for (model, theta, name, expected) in cases {
        let mut values = vec![0.0; frames.len()];
        let predictor = TissuePredictor::new(model, &input, &frames);
        predictor.predict(theta, &mut values, None).expect("values");
        let region = TissueCurve::new(frames.clone(), values).expect("a curve");
        let found = fit_tissue(model, &input, &region, &held).expect("a fit");
        for (estimate, value) in found.fit.estimates.iter().zip(theta) {
            assert!((estimate.value - value).abs() < 1e-6, "{model:?} {estimate:?}");
        }
        let quantity = found.fit.derived.iter().find(|d| d.name() == name).expect("a quantity");
        assert!((quantity.value - expected).abs() < 1e-6 * expected, "{quantity:?}");
    }
}

#[test]
fn exact_a_delay_is_found() {
    let (input, frames) = (sampled(), frames());
    let theta = [0.12, 0.11, 0.09, 0.06, 0.04, 0.21];
    let mut values = vec![0.0; frames.len()];
    TissuePredictor::new(Compartments::TwoTissue, &input, &frames)
        .predict(&theta, &mut values, None)
        .expect("values");
    let region = TissueCurve::new(frames, values).expect("a curve");
    let found = fit_tissue(Compartments::TwoTissue, &input, &region, &TissueSetting::default());
    for (estimate, value) in found.expect("a fit").fit.estimates.iter().zip(theta) {
        assert!((estimate.value - value).abs() < 1e-5, "{estimate:?} {value}");
    }
}

#[test]
fn exact_what_a_scan_does_not_determine_is_not_given() {
    // One tissue compartment seen as two: k3 and k4 say nothing, V_T stays what it is.
    let (input, frames) = (sampled(), frames());
    let values = tissue(&[(0.3, 0.05)], &frames);
    let noisy = values.iter().enumerate();
    let noisy = noisy.map(|(k, v)| v * (1.0 + 0.01 * (1.7 * k as f64).sin())).collect();
    let region = TissueCurve::new(frames, noisy).expect("a curve");
    let setting = TissueSetting {
        delay: Known::Fixed(0.0),
        blood_fraction: Known::Fixed(0.0),
        ..TissueSetting::default()
    };
    let found = fit_tissue(Compartments::TwoTissue, &input, &region, &setting).expect("a fit").fit;
    let quantity = |name: &str| found.derived.iter().find(|d| d.name() == name).expect("one");
    assert!(!quantity("BP_ND").determined.is_determined(), "{:?}", quantity("BP_ND"));
    let one = fit_tissue(Compartments::OneTissue, &input, &region, &setting).expect("a fit").fit;
    assert!(one.derived[0].determined.is_determined());
    assert!((one.derived[0].value - 6.0).abs() < 0.1, "{:?}", one.derived[0]);
}

#[test]
fn exact_plots_have_their_limits() {
    let (input, frames) = (input(), frames());
    let with = GraphicalInput { input: &input, delay: 0.0, blood_fraction: 0.0 };
    let start = Start::Time(30.0);
    let curve = |response: &[(f64, f64)]| {
        TissueCurve::new(frames.clone(), tissue(response, &frames)).expect("a curve")
    };
    // One tissue compartment is a line from the injection on: C' = K1 C_P − k2 C, so MA1 holds for all times.
    let one = curve(&[(0.3, 0.05)]);
    for (name, found) in [("Logan", logan(&one, with, start)), ("MA1", ma1(&one, with, start))] {
        let found = found.expect("a line").quantity;
        assert!((found.value - 6.0).abs() < 2e-3, "{name}: {found:?}");
    }
    // Trapped for good: the slope is K_i.
    let kept = curve(&two_tissue([0.1, 0.3, 0.1, 0.0]));
    let found = patlak(&kept, with, start).expect("a line").quantity;
    assert!((found.value / 0.025 - 1.0).abs() < 5e-3, "{found:?}");
    // And what is not trapped has none.
    let found = patlak(&one, with, start).expect("a line").quantity;
    assert!(found.value < 0.01, "{found:?}");
}

#[test]
fn exact_reference_regions_give_the_binding_potential() {
    let frames = frames();
    // Reference: K1' = 0.5, k2' = 0.2. Region: R1 = 1.2, k2 = R1 k2', BP = 1.5, as one compartment with k2/(1 + BP).
    let reference = tissue(&[(0.5, 0.2)], &frames);
    let region = tissue(&[(0.6, 0.24 / 2.5)], &frames);
    let curve = |v| TissueCurve::new(frames.clone(), v).expect("a curve");
    let (region, reference) = (curve(region), curve(reference));
    let found = fit_reference(&region, &reference, Default::default()).expect("a fit").fit;
    for (name, expected, within) in [("R1", 1.2, 0.01), ("k2", 0.24, 0.01), ("BP_ND", 1.5, 0.003)] {
        let value = found.estimate(name).expect("a parameter").value;
        assert!((value / expected - 1.0).abs() < within, "{name}: {value}");
    }
    assert!((found.derived[0].value / 0.2 - 1.0).abs() < 0.02, "{:?}", found.derived[0]);
    let plot = reference_logan(&region, &reference, Some(0.2), Start::Time(30.0));
    let plot = plot.expect("a line").quantity;
    assert!((plot.value - 1.5).abs() < 0.005, "{plot:?}");
}
