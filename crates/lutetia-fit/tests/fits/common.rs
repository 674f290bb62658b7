//! Helpers shared by the tests: predictors from closures, reference files.
#![allow(dead_code, unreachable_pub)]

use lutetia_fit::{DMatrix, Observation, PredictError, Predictor};

/// Value and gradient of a curve at abscissa `x` and parameters `b`.
pub type Curve = fn(x: f64, b: &[f64]) -> (f64, Vec<f64>);

/// A predictor from a closed form.
pub struct ClosedForm {
    pub names: Vec<String>,
    pub x: Vec<f64>,
    pub curve: Curve,
}

impl ClosedForm {
    pub fn new(names: &[&str], x: &[f64], curve: Curve) -> Self {
        Self { names: names.iter().map(|s| (*s).to_owned()).collect(), x: x.to_vec(), curve }
    }
}

impl Predictor for ClosedForm {
    fn names(&self) -> &[String] {
        &self.names
    }
    fn n_values(&self) -> usize {
        self.x.len()
    }
    fn predict(
        &self,
        theta: &[f64],
        values: &mut [f64],
        mut jacobian: Option<&mut DMatrix<f64>>,
    ) -> Result<(), PredictError> {
        for (i, &x) in self.x.iter().enumerate() {
            let (v, g) = (self.curve)(x, theta);
            values[i] = v;
            if let Some(j) = jacobian.as_mut() {
                for (c, d) in g.iter().enumerate() {
                    j[(i, c)] = *d;
                }
            }
        }
        Ok(())
    }
}

pub fn observations(y: &[f64]) -> Vec<Observation> {
    y.iter().enumerate().map(|(i, v)| Observation::new(format!("point {i}"), *v)).collect()
}

/// Asserts a relative difference.
pub fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    let difference = (found / expected - 1.0).abs();
    assert!(
        difference <= tolerance,
        "{what}: found {found}, expected {expected}, relative difference {difference:.2e} > {tolerance:.0e}"
    );
}
