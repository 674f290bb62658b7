//! Jacobians and sensitivities against central finite differences.

use lutetia_model::{
    Covariate, Effect, EffectForm, Expr, Fate, Form, Function, Model, Symbol, System,
    system::SparsePattern,
};
use lutetia_testkit::{
    Build, activity, amount, call, num, quantity, receptor, stays_cold, unit, volume,
};
use lutetia_units::Dimension;

use super::{Numbers, compiled};

/// Central differences with h = 1e-6·|x| carry an error of about 1e-10 of the function's scale by
/// truncation and rounding; 1e-6 relative to the largest entry leaves a hundredfold margin over
/// the cancellation in steep terms.
const TOLERANCE: f64 = 1e-6;

fn close(analytic: f64, numeric: f64, scale: f64, what: &str) {
    assert!(
        (analytic - numeric).abs() <= TOLERANCE * scale.max(1e-9),
        "{what}: {analytic} against {numeric} by differences (scale {scale})"
    );
}

/// Dense ∂f/∂v by central differences: result[column][row].
fn differences(v: &[f64], rows: usize, mut f: impl FnMut(&[f64], &mut [f64])) -> Vec<Vec<f64>> {
    let mut columns = Vec::new();
    let mut point = v.to_vec();
    for j in 0..v.len() {
        let h = 1e-6 * v[j].abs().max(1e-3);
        let (mut up, mut down) = (vec![0.0; rows], vec![0.0; rows]);
        point[j] = v[j] + h;
        let step_up = point[j];
        f(&point, &mut up);
        point[j] = v[j] - h;
        let step = step_up - point[j];
        f(&point, &mut down);
        point[j] = v[j];
        columns.push(up.iter().zip(&down).map(|(a, b)| (a - b) / step).collect());
    }
    columns
}

fn compare(pattern: &SparsePattern, values: &[f64], numeric: &[Vec<f64>], what: &str) {
    let rows = pattern.rows();
    let mut dense = vec![vec![0.0; rows]; pattern.columns()];
    for ((i, j), value) in pattern.iter().zip(values) {
        dense[j][i] = *value;
    }
    for j in 0..pattern.columns() {
        for i in 0..rows {
            let scale = numeric.iter().fold(0.0_f64, |m, column| m.max(column[i].abs()));
            close(dense[j][i], numeric[j][i], scale, &format!("{what} row {i} column {j}"));
        }
    }
}

fn check_all(system: &System, seed: u64) {
    let (n, m) = (system.states().len(), system.outputs().len());
    let p = system.default_parameters();
    let mut numbers = Numbers(seed);
    let u: Vec<f64> = system.inputs().iter().map(|_| 0.2 + numbers.next()).collect();
    let wrt: Vec<usize> = (0..p.len()).collect();
    let tapes = system.sensitivity(&wrt);
    let mut evaluator = system.evaluator();
    let mut sensitivity = tapes.evaluator();
    for round in 0..5 {
        let p: Vec<f64> = p.iter().map(|p| p * (0.7 + 0.6 * numbers.next())).collect();
        let x = numbers.states(n);
        let t = 3.0 * numbers.next();
        evaluator.set_parameters(&p);
        sensitivity.set_parameters(&p);
        let mut jacobian = vec![0.0; system.jacobian_pattern().entries()];
        evaluator.jacobian(t, &x, &u, &mut jacobian);
        let numeric = differences(&x, n, |x, dx| evaluator.rhs(t, x, &u, dx));
        compare(
            system.jacobian_pattern(),
            &jacobian,
            &numeric,
            &format!("jacobian, round {round}"),
        );

        let mut values = vec![0.0; tapes.rhs_dp_pattern().entries()];
        sensitivity.rhs_dp(t, &x, &u, &mut values);
        let mut other = system.evaluator();
        let numeric = differences(&p, n, |p, dx| {
            other.set_parameters(p);
            other.rhs(t, &x, &u, dx);
        });
        compare(tapes.rhs_dp_pattern(), &values, &numeric, "rhs by parameters");

        let mut values = vec![0.0; tapes.output_dp_pattern().entries()];
        sensitivity.output_dp(t, &x, &u, &mut values);
        let numeric = differences(&p, m, |p, y| {
            other.set_parameters(p);
            other.outputs(t, &x, &u, y);
        });
        compare(tapes.output_dp_pattern(), &values, &numeric, "outputs by parameters");

        let mut values = vec![0.0; tapes.output_dx_pattern().entries()];
        sensitivity.output_dx(t, &x, &u, &mut values);
        let numeric = differences(&x, m, |x, y| evaluator.outputs(t, x, &u, y));
        compare(tapes.output_dx_pattern(), &values, &numeric, "outputs by states");

        let mut dense = vec![0.0; n * p.len()];
        sensitivity.initial(&mut dense);
        let numeric = differences(&p, n, |p, x| {
            other.set_parameters(p);
            other.initial(x);
        });
        for j in 0..p.len() {
            for i in 0..n {
                let scale = numeric.iter().fold(0.0_f64, |m, column| m.max(column[i].abs()));
                close(dense[j * n + i], numeric[j][i], scale, &format!("initial {i} by {j}"));
            }
        }
    }
}

#[test]
fn exact_receptor_binding_derivatives() {
    check_all(&compiled(&receptor(true, true).0, &["Lu-177"]), 1);
    check_all(&compiled(&receptor(true, true).0, &["Lu-177", "In-111"]), 2);
    check_all(&compiled(&receptor(false, true).0, &[]), 3);
}

/// Michaelis–Menten elimination of a labelled ligand, saturable uptake with a Hill exponent that
/// is a parameter, a zero-order leak that does not contain the amount.
pub(super) fn saturable() -> Model {
    let mut b = Build::new("saturable");
    let v = b.parameter("V", 2.0, "L");
    let vmax = b.parameter("Vmax", 3.0, "nmol/h");
    let km = b.parameter("Km", 0.7, "nmol/L");
    let n = b.parameter("n", 1.7, "1");
    let leak = b.parameter("leak", 0.3, "nmol/h");
    let blood = b.compartment("blood", v.clone());
    let cell = b.compartment("cell", num(0.5));
    let l = b.species("L");
    b.label(&[l], stays_cold());
    let l_b = b.pool(l, blood, None);
    let l_c = b.pool(l, cell, Some(v * num(0.1)));
    let concentration = || amount(l_b) / volume(blood);
    b.flux(
        "metabolise",
        &[l_b],
        &[],
        vmax.clone() * concentration() / (km.clone() + concentration()),
    );
    b.flux("take up", &[l_b], &[l_c], vmax * call(Function::Hill, [concentration(), km, n]));
    b.flux("leak", &[l_c], &[l_b], leak);
    b.output("A", "MBq", activity(l_b) + activity(l_c));
    b.output("hot", "nmol", Expr::Symbol(Symbol::Amount(l_c, Form::Hot)) * num(2.0));
    b.0
}

#[test]
fn exact_michaelis_menten_hill_and_guarded_share_derivatives() {
    check_all(&compiled(&saturable(), &["Lu-177"]), 4);
    check_all(&compiled(&saturable(), &["In-111", "Lu-177"]), 5);
}

/// A tumour whose mass grows, is killed by a dose rate given as input, and sets the volume in
/// which ligand binds; covariate effects of every form; functions of every kind.
pub(super) fn growing() -> Model {
    let mut b = Build::new("growing");
    let weight = {
        b.0.covariates.push(Covariate {
            name: "weight".to_owned(),
            unit: unit("kg"),
            typical: Some(70_000.0),
            range: None,
            levels: Vec::new(),
            driven: None,
            about: None,
        });
        Expr::Symbol(Symbol::Covariate(0))
    };
    let coefficient = b.parameter("k_in~weight", 0.75, "1");
    let linear = b.parameter("k_out~weight", 1e-5, "1/g");
    let k_in = b.parameter("k_in", 0.4, "1/h");
    let k_out = b.parameter("k_out", 0.3, "1/h");
    let growth = b.parameter("growth", 0.01, "1/h");
    let m0 = b.parameter("m0", 7.0, "g");
    let alpha = b.parameter("alpha", 0.2, "1/Gy");
    for (parameter, form, coefficient) in [
        (2, EffectForm::Power { reference: 70_000.0 }, 0),
        (3, EffectForm::Linear { reference: 65_000.0 }, 1),
        (4, EffectForm::Exponential { reference: 69_000.0 }, 1),
    ] {
        b.0.parameters[parameter].effects.push(Effect { covariate: 0, form, coefficient });
    }
    let _ = (coefficient, linear);
    let mass = b.state("mass", "g", m0.clone());
    let tumour = b.compartment("tumour", quantity(mass) * num(0.001));
    let blood = b.compartment("blood", num(5.0) * weight.clone() / num(70_000.0));
    let (l, r, lr) = (b.species("L"), b.species("R"), b.species("LR"));
    b.label(&[l, lr], Fate { cold: false, products: vec![r] });
    b.0.species[l].decayed = Some(Fate { cold: true, products: Vec::new() });
    let l_b = b.pool(l, blood, None);
    let l_t = b.pool(l, tumour, None);
    let r_t = b.pool(r, tumour, Some(num(50.0) * volume(tumour)));
    let lr_t = b.pool(lr, tumour, None);
    let dose_rate = b.input("dose_rate", "Gy/h", Some(0.0));
    b.mass_action("in", &[l_b], &[l_t], k_in.clone(), 0);
    b.mass_action("out", &[l_t], &[l_b], k_out, 0);
    b.mass_action("bind", &[l_t, r_t], &[lr_t], k_in.clone() * num(0.01), 1);
    let effect = b.define(
        "effect",
        Dimension::RATE,
        alpha * dose_rate.clone() * call(Function::Tanh, [amount(lr_t)])
            + k_in.clone() * call(Function::Exp, [num(0.0) - amount(l_t)]),
    );
    b.feed(
        "grow",
        mass,
        growth.clone() * quantity(mass) * call(Function::Ln, [num(200.0) * m0 / quantity(mass)]),
    );
    b.drain("die", mass, effect * quantity(mass));
    b.flux(
        "make receptors",
        &[],
        &[r_t],
        call(
            Function::IfPositive,
            [
                amount(l_t) - num(1.0),
                growth.clone() * call(Function::Sqrt, [amount(r_t)]),
                growth * call(Function::Max, [amount(r_t), amount(lr_t)])
                    + k_in
                        * call(Function::Min, [amount(l_b), num(1.3)])
                        * call(Function::Abs, [amount(l_t) - amount(lr_t)])
                        * call(Function::Step, [Expr::Symbol(Symbol::Time) - num(1.0)]),
            ],
        ),
    );
    b.output("mass", "g", quantity(mass));
    b.output("volume", "mL", volume(tumour));
    b.output(
        "relative",
        "1",
        call(Function::Log10, [Expr::Pow(Box::new(amount(l_b)), Box::new(num(2.5))) + num(1.0)])
            + Expr::Pow(Box::new(quantity(mass)), Box::new(num(-2.0)))
            + Expr::Pow(Box::new(amount(l_t)), Box::new(num(5.0))),
    );
    b.0
}

#[test]
fn exact_state_dependent_volume_and_covariate_effect_derivatives() {
    check_all(&compiled(&growing(), &["Lu-177"]), 6);
}

#[test]
fn exact_derivatives_stay_finite_where_nothing_is_there() {
    // At the start every amount is zero: shares of an empty pool, Hill terms and powers at zero
    // must give finite derivatives, or no implicit solver could take its first step.
    for (model, nuclides) in
        [(saturable(), vec!["Lu-177"]), (receptor(true, true).0, vec!["Lu-177"])]
    {
        let system = compiled(&model, &nuclides);
        let n = system.states().len();
        let (x, u) = (vec![0.0; n], vec![0.0; system.inputs().len()]);
        let mut evaluator = system.evaluator();
        let mut dx = vec![0.0; n];
        evaluator.rhs(0.0, &x, &u, &mut dx);
        assert!(dx.iter().all(|v| v.is_finite()), "{dx:?}");
        let mut values = vec![0.0; system.jacobian_pattern().entries()];
        evaluator.jacobian(0.0, &x, &u, &mut values);
        assert!(values.iter().all(|v| v.is_finite()), "{values:?}");
    }
}
