//! Fits made by other tools.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use crate::common::{ClosedForm, Curve, close, observations};
use lutetia_fit::{
    DerivedKind, ErrorModel, ExponentialForm, Fit, FitParameter, Magnitude, Problem,
    SumOfExponentials, Transform, fit,
};
use lutetia_testkit::reference_text;

fn unknown_additive() -> ErrorModel {
    ErrorModel::Additive { sd: Magnitude::Estimated(1.0) }
}

/// One line of R's `nls` results: subject, RSS, coefficients, standard errors, log-likelihood.
struct RFit {
    subject: String,
    rss: f64,
    coef: Vec<f64>,
    se: Vec<f64>,
    log_likelihood: f64,
}

fn r_fits(text: &str, after: &str, p: usize) -> Vec<RFit> {
    let section = text.split(after).nth(1).unwrap();
    let mut out = Vec::new();
    for line in section.lines().skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.get(1) != Some(&"RSS") {
            if out.is_empty() {
                continue;
            }
            break;
        }
        let after = |key: &str, n: usize| -> Vec<f64> {
            let at = words.iter().position(|w| *w == key).unwrap();
            words[at + 1..=at + n].iter().map(|w| w.parse().unwrap()).collect()
        };
        out.push(RFit {
            subject: words[0].to_owned(),
            rss: after("RSS", 1)[0],
            coef: after("coef", p),
            se: after("se", p),
            log_likelihood: after("logLik", 1)[0],
        });
    }
    out
}

/// Columns of a small CSV whose first column is the subject.
fn rows(text: &str, subject: &str) -> Vec<Vec<f64>> {
    text.lines()
        .skip(1)
        .filter(|l| l.split(',').next() == Some(subject))
        .map(|l| l.split(',').map(|w| w.parse().unwrap()).collect())
        .collect()
}

fn compare(fit: &Fit, r: &RFit, found: &[(f64, f64)], tolerance: f64) {
    assert!(fit.status.converged(), "{}: {}", r.subject, fit.status);
    close(&format!("{} RSS", r.subject), fit.chi_square, r.rss, 1e-8);
    let log_likelihood = -0.5 * fit.minus_two_log_likelihood.unwrap();
    close(&format!("{} logLik", r.subject), log_likelihood, r.log_likelihood, 1e-8);
    for (k, (value, se)) in found.iter().enumerate() {
        // R stops at a relative offset of 1e-5: its estimates are within 1e-5·√df of a standard error.
        let off = (value - r.coef[k]).abs() / r.se[k];
        assert!(
            off < tolerance,
            "{} coefficient {k}: {value} {} ({off:e} se)",
            r.subject,
            r.coef[k]
        );
        close(&format!("{} se {k}", r.subject), *se, r.se[k], tolerance);
    }
}

#[test]
fn val_r_indometh_bi_exponential() {
    let (Some(reference), Some(data)) = (
        reference_text("data/nlme/R_reference_nls_nlme.txt"),
        reference_text("data/nlme/R_Indometh.csv"),
    ) else {
        return;
    };
    let fits = r_fits(&reference, "== Indometh", 4);
    assert_eq!(fits.len(), 6);
    for r in &fits {
        let rows = rows(&data, &r.subject);
        let (t, y): (Vec<f64>, Vec<f64>) = rows.iter().map(|v| (v[1], v[2])).unzip();
        let curve = SumOfExponentials::new(ExponentialForm::bi(), 0.0, &t).unwrap();
        let p = curve.parameters(&y).unwrap();
        let f = fit(&Problem::new(&curve, observations(&y), unknown_additive(), p)).unwrap();
        // SSbiexp: A1, lrc1 the fast phase, A2, lrc2 the slow one; rates as logarithms.
        let get = |n: &str| f.estimate(n).unwrap();
        let (fast, slow) = (get("lambda2"), get("lambda1"));
        let found = [
            (get("a2").value, get("a2").se.unwrap()),
            (fast.value.ln(), fast.rse.unwrap()),
            (get("a1").value, get("a1").se.unwrap()),
            (slow.value.ln(), slow.rse.unwrap()),
        ];
        compare(&f, r, &found, 1e-4);
    }
}

#[test]
fn val_r_theoph_first_order_absorption() {
    let (Some(reference), Some(data)) = (
        reference_text("data/nlme/R_reference_nls_nlme.txt"),
        reference_text("data/nlme/R_Theoph.csv"),
    ) else {
        return;
    };
    let fits = r_fits(&reference, "per-subject residual SS", 3);
    assert_eq!(fits.len(), 12);
    // SSfol: conc = Dose e^{lKe + lKa − lCl} (e^{−e^{lKe} t} − e^{−e^{lKa} t})/(e^{lKa} − e^{lKe}), per unit dose.
    let curve: Curve = |t, b| {
        let (ke, ka, cl) = (b[0].exp(), b[1].exp(), b[2].exp());
        let (e, a) = ((-ke * t).exp(), (-ka * t).exp());
        let c = ke * ka / cl / (ka - ke);
        let f = c * (e - a);
        let by_ke = f / ke + f / (ka - ke) - c * t * e;
        let by_ka = f / ka - f / (ka - ke) + c * t * a;
        (f, vec![by_ke * ke, by_ka * ka, -f])
    };
    for r in &fits {
        let rows = rows(&data, &r.subject);
        let dose = rows[0][2];
        let t: Vec<f64> = rows.iter().map(|v| v[3]).collect();
        let y: Vec<f64> = rows.iter().map(|v| v[4] / dose).collect();
        let predictor = ClosedForm::new(&["lKe", "lKa", "lCl"], &t, curve);
        let p = [("lKe", -2.5), ("lKa", 0.5), ("lCl", -3.2)]
            .map(|(n, v)| FitParameter::new(n, v, Transform::Identity));
        // Concentrations per unit dose with one common factor of the errors: the dose scales them back.
        let data =
            y.iter().map(|v| lutetia_fit::Observation::with_sd("point", *v, 1.0 / dose)).collect();
        let mut problem = Problem::new(&predictor, data, ErrorModel::Weighted, p.to_vec());
        // The curve is the same with ke and ka exchanged ("flip-flop"); R's start decides, so only that one is used.
        problem.options.random_starts = 0;
        let f = fit(&problem).unwrap();
        let found: Vec<(f64, f64)> = f.estimates.iter().map(|e| (e.value, e.se.unwrap())).collect();
        assert!(f.status.converged(), "{}", f.status);
        close("RSS", f.chi_square, r.rss, 1e-8);
        // The likelihood of y/dose differs from that of y by the Jacobian dose^n.
        let log_likelihood = -0.5 * f.minus_two_log_likelihood.unwrap() - 11.0 * dose.ln();
        close("logLik", log_likelihood, r.log_likelihood, 1e-7);
        for (k, (value, se)) in found.iter().enumerate() {
            let off = (value - r.coef[k]).abs() / r.se[k];
            assert!(off < 1e-4, "{} {k}: {value} {} ({off:e} se)", r.subject, r.coef[k]);
            close("se", *se, r.se[k], 1e-4);
        }
    }
}

/// PyTheranostics fits `A1 (e^{−l1 t} − e^{−l2 t})` to activities as measured, unweighted, by SciPy's `curve_fit` with
/// non-negative bounds; its rates are effective.
#[test]
fn val_pytheranostics_snmmi_patient() {
    let Some(text) = reference_text("data/tac/lu177_dotatate_snmmi_patient4.csv") else { return };
    let lp = std::f64::consts::LN_2 / (6.6443 * 24.0);
    let lines: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let mut regions: Vec<&str> = lines.iter().map(|l| l[2]).collect();
    regions.dedup();
    assert_eq!(regions.len(), 6);
    for region in regions {
        let rows: Vec<&Vec<&str>> = lines.iter().filter(|l| l[2] == region).collect();
        let number = |s: &str| s.parse::<f64>().unwrap();
        let t: Vec<f64> = rows.iter().map(|r| number(r[3])).collect();
        let y: Vec<f64> = rows.iter().map(|r| number(r[4])).collect();
        let (a1, l1, l2, tia) =
            (number(rows[0][7]), number(rows[0][8]), number(rows[0][9]), number(rows[0][10]));
        let curve = SumOfExponentials::new(ExponentialForm::bi_uptake(), lp, &t).unwrap();
        let p = curve.parameters(&y).unwrap();
        let f = fit(&Problem::new(&curve, observations(&y), unknown_additive(), p)).unwrap();
        let theirs: f64 = t
            .iter()
            .zip(&y)
            .map(|(t, y)| (y - a1 * ((-l1 * t).exp() - (-l2 * t).exp())).powi(2))
            .sum();
        println!(
            "{region}: RSS {} (theirs {theirs}), {}, lambda2 {} {}",
            f.chi_square,
            f.status,
            f.estimate("lambda2").unwrap().value,
            f.estimate("lambda2").unwrap().determined,
        );
        // Never worse than theirs; SciPy stops at 1e-8 of the sum of squares, their numbers carry 6 decimals.
        assert!(f.chi_square <= theirs * (1.0 + 1e-6), "{region}: {} {theirs}", f.chi_square);
        // One degree of freedom and a sum of squares flat along the uptake rate: curve_fit's stop leaves 1e-4.
        close(&format!("{region} a1"), f.estimate("a1").unwrap().value, a1, 1e-3);
        close(&format!("{region} l1"), f.estimate("lambda1").unwrap().value + lp, l1, 1e-3);
        close(&format!("{region} TIA"), f.derived(DerivedKind::Tia).unwrap().value, tia, 1e-3);
        if f.estimate("lambda2").unwrap().at_bound.is_none() && l2 < 5.0 {
            close(&format!("{region} l2"), f.estimate("lambda2").unwrap().value + lp, l2, 1e-3);
        }
        if l2 > 5.0 {
            // The first scan is 3.7 h after injection: an uptake with a half-life below eight minutes is invisible.
            assert!(!f.estimate("lambda2").unwrap().determined.is_determined(), "{region}");
        }
    }
}
