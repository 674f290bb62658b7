//! Random expressions: what is differentiated, and what the tape computes.

use lutetia_model::{Expr, Function, Symbol};
use lutetia_testkit::{Build, amount, call, num};
use proptest::prelude::*;

use super::compiled;

/// Expressions of three positive amounts; every function is smooth for positive arguments, so
/// differences are meaningful.
fn expression() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        (0_usize..3).prop_map(amount),
        (0_usize..3).prop_map(amount),
        (0.5..2.0_f64).prop_map(num),
        Just(num(0.0)),
        Just(num(1.0)),
    ];
    leaf.prop_recursive(6, 40, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            pair.clone().prop_map(|(a, b)| a + b),
            pair.clone().prop_map(|(a, b)| a - b),
            pair.clone().prop_map(|(a, b)| a * b),
            pair.clone().prop_map(|(a, b)| a / (num(1.0) + b.clone() * b)),
            inner.clone().prop_map(|a| Expr::Neg(Box::new(a))),
            inner.clone().prop_map(|a| call(Function::Tanh, [a])),
            inner.clone().prop_map(|a| call(Function::Exp, [call(Function::Tanh, [a])])),
            inner.clone().prop_map(|a| call(Function::Ln, [num(1.0) + a.clone() * a])),
            inner.clone().prop_map(|a| call(Function::Sqrt, [num(1.0) + a.clone() * a])),
            (inner.clone(), 1_i32..6).prop_map(|(a, n)| Expr::Pow(
                Box::new(call(Function::Tanh, [a])),
                Box::new(num(f64::from(n)))
            )),
            (inner.clone(), 0.5..3.0_f64)
                .prop_map(|(a, n)| Expr::Pow(Box::new(num(1.0) + a.clone() * a), Box::new(num(n)))),
            (inner.clone(), 1.0..3.0_f64).prop_map(|(a, n)| call(
                Function::Hill,
                [num(0.5) + a.clone() * a, num(1.5), num(n)]
            )),
        ]
    })
}

/// The meaning of an expression, straight from the tree.
fn value(expr: &Expr, x: &[f64]) -> f64 {
    match expr {
        Expr::Number(c) => *c,
        Expr::Symbol(Symbol::Amount(i, _)) => x[*i],
        Expr::Symbol(_) => f64::NAN,
        Expr::Neg(a) => -value(a, x),
        Expr::Add(a, b) => value(a, x) + value(b, x),
        Expr::Sub(a, b) => value(a, x) - value(b, x),
        Expr::Mul(a, b) => value(a, x) * value(b, x),
        Expr::Div(a, b) => value(a, x) / value(b, x),
        Expr::Pow(a, b) => value(a, x).powf(value(b, x)),
        Expr::Call(function, arguments) => {
            let v: Vec<f64> = arguments.iter().map(|a| value(a, x)).collect();
            match function {
                Function::Tanh => v[0].tanh(),
                Function::Exp => v[0].exp(),
                Function::Ln => v[0].ln(),
                Function::Sqrt => v[0].sqrt(),
                Function::Hill => v[0].powf(v[2]) / (v[1].powf(v[2]) + v[0].powf(v[2])),
                _ => f64::NAN,
            }
        }
    }
}

proptest! {
    #[test]
    fn prop_tape_means_what_the_tree_means(expr in expression(), x in prop::array::uniform3(0.2..2.0_f64)) {
        let mut b = Build::new("random");
        let place = b.compartment("v", num(1.0));
        for name in ["A", "B", "C"] {
            let species = b.species(name);
            b.pool(species, place, None);
        }
        b.flux("made", &[], &[0], expr.clone());
        let system = compiled(&b.0, &[]);
        let mut evaluator = system.evaluator();
        let mut dx = [0.0; 3];
        evaluator.rhs(0.0, &x, &[], &mut dx);
        let expected = value(&expr, &x);
        prop_assume!(expected.is_finite() && expected.abs() < 1e6);
        // Rounding differs by the order of operations; cancellation is bounded by the size of the
        // terms, which the ranges above keep below about 1e6 of the result's unit.
        prop_assert!((dx[0] - expected).abs() <= 1e-9 * (1.0 + expected.abs()) , "{} against {expected}", dx[0]);

        let mut values = vec![0.0; system.jacobian_pattern().entries()];
        evaluator.jacobian(0.0, &x, &[], &mut values);
        for ((i, j), analytic) in system.jacobian_pattern().iter().zip(&values) {
            if i != 0 {
                continue;
            }
            // Five-point differences: truncation h⁴, rounding 1e-16·f/h.
            let h = 1e-3;
            let at = |k: f64| {
                let mut y = x;
                y[j] += k * h;
                value(&expr, &y)
            };
            let numeric = (at(-2.0) - 8.0 * at(-1.0) + 8.0 * at(1.0) - at(2.0)) / (12.0 * h);
            let scale = 1.0 + analytic.abs() + expected.abs();
            prop_assume!(scale < 1e5);
            // h⁴ times the fifth derivative: steep compositions of powers need the margin.
            let wide = |k: f64| at(2.0 * k);
            let coarse = (wide(-2.0) - 8.0 * wide(-1.0) + 8.0 * wide(1.0) - wide(2.0)) / (24.0 * h);
            let doubt = (numeric - coarse).abs();
            prop_assert!(
                (analytic - numeric).abs() <= 1e-8 * scale + doubt,
                "column {j}: {analytic} against {numeric} ± {doubt}"
            );
        }
    }
}
