//! Models built by hand, in internal units throughout (h, nmol, L, MBq).

use lutetia_model::{Expr, System};
use lutetia_sim::{Dose, Simulator};
use lutetia_testkit::{Build, activity, amount, nuclide_table, stays_cold, volume};
use lutetia_units::NuclideTable;

pub fn add(a: Expr, b: Expr) -> Expr {
    a + b
}
pub fn mul(a: Expr, b: Expr) -> Expr {
    a * b
}
pub fn div(a: Expr, b: Expr) -> Expr {
    a / b
}

/// Half-lives as in the literature to a few digits: the tests compare with closed forms that use
/// the very same numbers.
pub fn nuclides() -> NuclideTable {
    nuclide_table(&[
        ("Lu-177", 6.6443 * 86400.0, &[("Hf-177", 1.0)]),
        ("Hf-177", f64::INFINITY, &[]),
        ("Y-90", 64.05 * 3600.0, &[("Zr-90", 1.0)]),
        ("Zr-90", f64::INFINITY, &[]),
        ("Pb-212", 10.622 * 3600.0, &[("Bi-212", 1.0)]),
        ("Bi-212", 60.54 * 60.0, &[("Pb-208", 1.0)]),
        ("Pb-208", f64::INFINITY, &[]),
        ("Ac-225", 9.92 * 86400.0, &[("Bi-213", 1.0)]),
        ("Bi-213", 45.6 * 60.0, &[("Po-213", 0.98), ("Bi-209", 0.02)]),
        ("Po-213", 3.7e-6, &[("Bi-209", 1.0)]),
        ("Bi-209", f64::INFINITY, &[]),
    ])
}

/// What is run of a model built by hand.
pub trait Simulated {
    fn simulator(&self, nuclides_bound: &[&str]) -> Simulator;
    fn system(&self, nuclides_bound: &[&str]) -> System;
}

impl Simulated for Build {
    fn simulator(&self, nuclides_bound: &[&str]) -> Simulator {
        Simulator::new(self.system(nuclides_bound))
    }

    fn system(&self, nuclides_bound: &[&str]) -> System {
        self.compiled(&nuclides(), nuclides_bound)
    }
}

/// A cold bolus.
pub fn cold(at: f64, into: &str, amount: f64) -> Dose {
    Dose {
        at,
        into: into.to_owned(),
        activities: Vec::new(),
        amount: Some(amount),
        ..Dose::default()
    }
}

/// A labelled dose.
pub fn hot(at: f64, into: &str, nuclide: &str, mbq: f64, amount: Option<f64>, over: f64) -> Dose {
    Dose {
        at,
        into: into.to_owned(),
        activities: vec![(nuclide.to_owned(), mbq)],
        amount,
        over: Some(over),
        ..Dose::default()
    }
}

/// `L` in plasma (V = 3 L, CL = 2.4 L/h), exchanging with a peripheral compartment if `two`.
pub fn compartments(two: bool, labelled: bool) -> Build {
    let mut b = Build::new("compartments");
    let v = b.parameter("V", 3.0, "L");
    let cl = b.parameter("CL", 2.4, "L/h");
    let q = b.parameter("Q", 1.5, "L/h");
    let v2 = b.parameter("V2", 5.0, "L");
    let plasma = b.compartment("plasma", v);
    let l = b.species("L");
    if labelled {
        b.label(&[l], stays_cold());
    }
    let l_p = b.pool(l, plasma, None);
    b.mass_action("excrete", &[l_p], &[], cl, 1);
    if two {
        let rest = b.compartment("rest", v2);
        let l_r = b.pool(l, rest, None);
        b.mass_action("out", &[l_p], &[l_r], q.clone(), 1);
        b.mass_action("back", &[l_r], &[l_p], q, 1);
        b.output("n_rest", "nmol", amount(l_r));
    }
    b.output("C_plasma", "nmol/L", div(amount(l_p), volume(plasma)));
    b.output("A_plasma", "MBq", activity(l_p));
    b
}

/// Plasma and twelve organs, each vascular and interstitial; receptor binding and internalisation
/// in kidney, spleen and tumour; filtration in the kidney with partial re-uptake. 65 states when
/// labelled with one nuclide. Volumes and flows are typical of an adult; the receptor numbers are
/// assumed.
pub fn whole_body() -> Build {
    // name, vascular volume (L), interstitial volume (L), plasma flow (L/h), PS (L/h),
    // receptor concentration (nmol/L)
    const ORGANS: [(&str, f64, f64, f64, f64, f64); 12] = [
        ("heart", 0.04, 0.05, 9.0, 2.0, 0.0),
        ("lung", 0.25, 0.15, 180.0, 6.0, 0.0),
        ("liver", 0.30, 0.36, 55.0, 12.0, 0.0),
        ("spleen", 0.06, 0.04, 7.0, 3.0, 30.0),
        ("kidney", 0.05, 0.05, 38.0, 5.0, 25.0),
        ("gut", 0.08, 0.20, 28.0, 4.0, 0.0),
        ("muscle", 0.50, 3.60, 30.0, 6.0, 0.0),
        ("fat", 0.20, 2.00, 9.0, 2.0, 0.0),
        ("skin", 0.15, 1.10, 9.0, 3.0, 0.0),
        ("bone", 0.15, 0.80, 7.0, 2.0, 0.0),
        ("marrow", 0.10, 0.15, 5.0, 2.0, 0.0),
        ("tumour", 0.01, 0.03, 1.0, 0.2, 60.0),
    ];
    let mut b = Build::new("whole-body");
    let kon = b.parameter("kon", 2.76, "L/nmol/h");
    let kd = b.parameter("KD", 1.0, "nmol/L");
    let koff = b.formula("koff", mul(kon.clone(), kd), "1/h");
    let gfr = b.parameter("GFR", 6.0, "L/h");
    let f_re = b.parameter("f_reuptake", 0.03, "1");
    let (l, r, lr, li) = (b.species("L"), b.species("R"), b.species("LR"), b.species("Li"));
    b.label(&[l, lr, li], stays_cold());
    let v_plasma = b.parameter("V_plasma", 1.7, "L");
    let plasma = b.compartment("plasma", v_plasma);
    let l_plasma = b.pool(l, plasma, None);
    for (name, v_v, v_i, q, ps, receptors) in ORGANS {
        let v_v = b.parameter(&format!("Vv_{name}"), v_v, "L");
        let v_i = b.parameter(&format!("Vi_{name}"), v_i, "L");
        let q = b.parameter(&format!("Q_{name}"), q, "L/h");
        let ps = b.parameter(&format!("PS_{name}"), ps, "L/h");
        let vascular = b.compartment(&format!("{name}_v"), v_v);
        let interstitial = b.compartment(&format!("{name}_i"), v_i);
        let l_v = b.pool(l, vascular, None);
        let l_i = b.pool(l, interstitial, None);
        b.mass_action(&format!("perfuse {name}"), &[l_plasma], &[l_v], q.clone(), 1);
        b.mass_action(&format!("drain {name}"), &[l_v], &[l_plasma], q, 1);
        b.mass_action(&format!("leave {name}"), &[l_v], &[l_i], ps.clone(), 1);
        b.mass_action(&format!("return {name}"), &[l_i], &[l_v], ps, 1);
        let mut organ = add(activity(l_v), activity(l_i));
        if receptors > 0.0 {
            let conc = b.parameter(&format!("R_{name}"), receptors, "nmol/L");
            let k_int = b.parameter(&format!("k_int_{name}"), 0.06, "1/h");
            let k_rel = b.parameter(&format!("k_rel_{name}"), 0.01, "1/h");
            let r_i = b.pool(r, interstitial, Some(mul(conc, volume(interstitial))));
            let lr_i = b.pool(lr, interstitial, None);
            let li_i = b.pool(li, interstitial, None);
            b.mass_action(&format!("bind {name}"), &[l_i, r_i], &[lr_i], kon.clone(), 1);
            b.mass_action(&format!("unbind {name}"), &[lr_i], &[l_i, r_i], koff.clone(), 0);
            b.mass_action(&format!("internalise {name}"), &[lr_i], &[li_i, r_i], k_int, 0);
            b.mass_action(&format!("release {name}"), &[li_i], &[], k_rel, 0);
            organ = add(organ, add(activity(lr_i), activity(li_i)));
            if name == "kidney" {
                b.mass_action("filter", &[l_v], &[], gfr.clone(), 1);
                b.mass_action("reabsorb", &[l_v], &[li_i], mul(gfr.clone(), f_re.clone()), 1);
            }
        }
        b.output(&format!("A_{name}"), "MBq", organ);
    }
    b.output("A_plasma", "MBq", activity(l_plasma));
    b
}

/// `n` times from `first` to `last`, evenly spaced in the logarithm.
pub fn logspace(first: f64, last: f64, n: usize) -> Vec<f64> {
    (0..n).map(|k| first * (last / first).powf(k as f64 / (n - 1) as f64)).collect()
}

/// λ of a test nuclide in 1/h.
pub fn lambda(name: &str) -> f64 {
    nuclides().get(name).unwrap_or_else(|e| panic!("{e}")).lambda_per_s() * 3600.0
}

/// nmol of a test nuclide per MBq.
pub fn nmol_per_mbq(name: &str) -> f64 {
    nuclides().get(name).unwrap_or_else(|e| panic!("{e}")).amount_mol(1e6) * 1e9
}
