//! Errors of what a model file derives: the delta method beside its closed form and beside a bootstrap.

use std::path::Path;

use lutetia_data::{PetAllowed, PetSamples, PetStudy};
use lutetia_fit::{DerivedEstimate, DerivedKind, Sampler};
use lutetia_pet::{
    BloodSamples, Compartments, Curve, Frame, Frames, Input, KineticFit, Known, TissueCurve,
    TissueSetting, fit_tissue,
};

/// The input of scan cgyu_2 of `data/pet`, and its frontal cortex.
fn scan() -> (Input, TissueCurve) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/pet");
    let (study, diagnostics, _) = PetStudy::read(
        &folder.join("tacs.csv"),
        Some(&folder.join("blood.csv")),
        PetAllowed::default(),
    );
    let study = study.unwrap_or_else(|| panic!("{diagnostics:#?}"));
    let scan = study.scans.iter().find(|s| s.name == "cgyu_2").expect("a scan");
    let blood = scan.blood.as_ref().expect("blood");
    let curve = |s: &PetSamples| {
        (!s.values.is_empty())
            .then(|| Curve::new(s.times_min.clone(), s.values.clone()).expect("a curve"))
    };
    let input = Input::of_samples(&BloodSamples {
        whole_blood: curve(&blood.whole_blood),
        plasma: curve(&blood.plasma),
        plasma_fraction: curve(&blood.plasma_fraction),
        parent_fraction: curve(&blood.parent_fraction),
        parent: curve(&blood.parent),
    })
    .expect("an input");
    let region = scan.regions.iter().find(|r| r.name == "FC").expect("a region");
    let list = region.frames.iter().map(|f| Frame { start: f.start_min, end: f.end_min });
    let frames = Frames::new(list.collect()).expect("frames");
    let tissue = TissueCurve::new(frames, region.activity.clone()).expect("a curve");
    (input, tissue.weighted(region.weights.clone().expect("weights")).expect("weights"))
}

fn of<'a>(found: &'a KineticFit, name: &str) -> &'a DerivedEstimate {
    found.fit.derived_of(DerivedKind::OfModel, name).expect("a quantity")
}

/// `√(gᵀVg)` with the covariance of the fit and the gradients of V_T, V_ND, BP_ND, BP_P and K_i by hand.
#[test]
fn exact_errors_of_derived_quantities_are_those_of_the_closed_gradients() {
    let (input, tissue) = scan();
    for model in Compartments::ALL {
        let found = fit_tissue(model, &input, &tissue, &TissueSetting::default()).expect("a fit");
        let covariance = found.fit.covariance.as_ref().expect("a covariance");
        let theta = found.fit.theta();
        let (k1, k2) = (theta[0], theta[1]);
        let (k3, k4) = (theta[2], theta[3]);
        let nd = k1 / k2;
        let of_nd = ("V_ND", nd, vec![1.0 / k2, -nd / k2]);
        let gradients = match model {
            Compartments::OneTissue => vec![("V_T", nd, vec![1.0 / k2, -nd / k2])],
            Compartments::TwoTissue => {
                let bp = k3 / k4;
                let (total, bound) = (nd * (1.0 + bp), nd * bp);
                vec![
                    ("V_T", total, vec![total / k1, -total / k2, nd / k4, -bound / k4]),
                    of_nd,
                    ("BP_ND", bp, vec![0.0, 0.0, 1.0 / k4, -bp / k4]),
                    ("BP_P", bound, vec![bound / k1, -bound / k2, nd / k4, -bound / k4]),
                ]
            }
            Compartments::TwoTissueIrreversible => {
                let (sum, net) = (k2 + k3, k1 * k3 / (k2 + k3));
                vec![("K_i", net, vec![k3 / sum, -net / sum, k1 * k2 / (sum * sum)]), of_nd]
            }
        };
        assert_eq!(found.fit.derived.len(), gradients.len());
        for (name, value, g) in gradients {
            let d = of(&found, name);
            // Formulas of four numbers, and the same sums in another order.
            assert!((d.value / value - 1.0).abs() < 1e-12, "{model:?} {name}: {d:?} {value}");
            let mut variance = 0.0;
            for (i, a) in g.iter().enumerate() {
                for (j, b) in g.iter().enumerate() {
                    variance += a * covariance[(i, j)] * b;
                }
            }
            let Some(se) = d.se else {
                assert!(!d.determined.is_determined(), "{model:?} {name}: {d:?}");
                continue;
            };
            // Cancelling terms cost digits: K1 and k2 rise together.
            assert!((se / variance.sqrt() - 1.0).abs() < 1e-6, "{model:?} {name}: {se}");
            let (low, high) = d.ci95.expect("an interval");
            // On the log scale, so that the estimate is the geometric mean of the ends.
            assert!((low * high / (value * value) - 1.0).abs() < 1e-9, "{name}");
        }
    }
    let two = fit_tissue(Compartments::TwoTissue, &input, &tissue, &TissueSetting::default());
    assert!(of(&two.expect("a fit"), "V_T").determined.is_determined());
}

/// Scans drawn from the fitted one, each fitted again: the spread of V_T and BP_ND is the standard error.
#[test]
fn val_errors_of_v_t_are_those_of_a_parametric_bootstrap() {
    const SCANS: u32 = 60;
    let (input, tissue) = scan();
    let model = Compartments::TwoTissue;
    let free = fit_tissue(model, &input, &tissue, &TissueSetting::default()).expect("a fit");
    // Delay and blood held, where the fit has them: a search in four rates.
    let held = |name: &str| Known::Fixed(free.fit.estimate(name).expect("an estimate").value);
    let setting = TissueSetting {
        blood_fraction: held("vB"),
        delay: held("delay"),
        ..TissueSetting::default()
    };
    let found = fit_tissue(model, &input, &tissue, &setting).expect("a fit");
    let sampler = Sampler::new(&found.fit, 20).expect("a sampler");
    let names = ["V_T", "V_ND"];
    let mut drawn: [Vec<f64>; 2] = Default::default();
    for k in 0..SCANS {
        let mut values = tissue.values().to_vec();
        for (&frame, value) in found.frames.iter().zip(sampler.draw(u64::from(k))) {
            values[frame] = value.expect("nothing is below detection");
        }
        let scan = TissueCurve::new(tissue.frames().clone(), values).expect("a curve");
        let scan = scan.weighted(tissue.weights().to_vec()).expect("weights");
        let again = fit_tissue(model, &input, &scan, &setting).expect("a fit");
        for (name, list) in names.iter().zip(&mut drawn) {
            list.push(of(&again, name).value);
        }
    }
    let n = f64::from(SCANS);
    for (name, list) in names.iter().zip(drawn) {
        let mean = list.iter().sum::<f64>() / n;
        let sd = (list.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let d = of(&found, name);
        let (se, value) = (d.se.expect("an error"), d.value);
        println!("{name} = {value:.4}, delta method {se:.4}, bootstrap {sd:.4}, mean {mean:.4}");
        // A standard deviation of 60 draws has a relative standard error of 9 %: three of them, and 5 % for the curvature
        // that the delta method leaves out.
        assert!((sd / se - 1.0).abs() < 0.32, "{name}: {se} {sd}");
        assert!((mean / value - 1.0).abs() < 3.0 * se / value / n.sqrt() + 0.01, "{name}: {mean}");
    }
}
