//! Several subjects as one problem, with some parameters shared among them.

use nalgebra::DMatrix;

use crate::error::{CurveError, PredictError};
use crate::predictor::Predictor;
use crate::problem::FitParameter;

/// Curves of several subjects side by side. A shared parameter has its own name once; the others are named
/// `name[subject]`.
///
/// With few scans each, no subject alone may tell two functions apart; a cohort together can (Hardiansyah 2021).
pub struct Pooled<'a> {
    parts: Vec<&'a dyn Predictor>,
    names: Vec<String>,
    places: Vec<Vec<usize>>,
    n_values: usize,
    canonical: bool,
}

impl<'a> Pooled<'a> {
    /// Pools the subjects' curves. `shared` names parameters that all subjects have in common.
    ///
    /// # Errors
    /// When there is no subject, or one has no parameter of a shared name.
    pub fn new(
        parts: Vec<&'a dyn Predictor>,
        subjects: &[String],
        shared: &[String],
    ) -> Result<Self, PredictError> {
        if parts.is_empty() || parts.len() != subjects.len() {
            return Err(CurveError::Pool { curves: parts.len(), subjects: subjects.len() }.into());
        }
        let mut names: Vec<String> = Vec::new();
        let mut places = Vec::with_capacity(parts.len());
        for name in shared {
            if let Some(part) = parts.iter().position(|p| !p.names().contains(name)) {
                return Err(CurveError::NotShared {
                    name: name.clone(),
                    parameters: parts[part].names().join(", "),
                }
                .into());
            }
            names.push(name.clone());
        }
        for (part, subject) in parts.iter().zip(subjects) {
            let mut own = Vec::with_capacity(part.names().len());
            for name in part.names() {
                own.push(match shared.iter().position(|s| s == name) {
                    Some(at) => at,
                    None => {
                        names.push(format!("{name}[{subject}]"));
                        names.len() - 1
                    }
                });
            }
            places.push(own);
        }
        let n_values = parts.iter().map(|p| p.n_values()).sum();
        Ok(Self { parts, names, places, n_values, canonical: shared.is_empty() })
    }

    /// Parameters of the pooled problem from those of each subject: a shared one starts at the geometric mean (the mean
    /// where it is not positive) and has the widest bounds.
    pub fn parameters(&self, each: &[Vec<FitParameter>]) -> Vec<FitParameter> {
        self.names
            .iter()
            .enumerate()
            .filter_map(|(at, name)| {
                let of: Vec<&FitParameter> = each
                    .iter()
                    .zip(&self.places)
                    .filter_map(|(list, places)| list.get(places.iter().position(|p| *p == at)?))
                    .collect();
                let first = (*of.first()?).clone();
                let n = of.len() as f64;
                let start = if of.iter().all(|p| p.start > 0.0) {
                    (of.iter().map(|p| p.start.ln()).sum::<f64>() / n).exp()
                } else {
                    of.iter().map(|p| p.start).sum::<f64>() / n
                };
                let bounds =
                    of.iter().filter_map(|p| p.bounds).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
                Some(FitParameter { name: name.clone(), start, bounds, ..first })
            })
            .collect()
    }

    fn own(&self, part: usize, theta: &[f64]) -> Vec<f64> {
        self.places[part].iter().map(|&at| theta[at]).collect()
    }
}

impl Predictor for Pooled<'_> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn n_values(&self) -> usize {
        self.n_values
    }

    fn predict(
        &self,
        theta: &[f64],
        values: &mut [f64],
        mut jacobian: Option<&mut DMatrix<f64>>,
    ) -> Result<(), PredictError> {
        if theta.len() != self.names.len() {
            return Err(PredictError::Shape {
                what: "parameters",
                expected: self.names.len(),
                found: theta.len(),
            });
        }
        if let Some(j) = jacobian.as_mut() {
            j.fill(0.0);
        }
        let mut row = 0;
        for (part, predictor) in self.parts.iter().enumerate() {
            let n = predictor.n_values();
            let own = self.own(part, theta);
            let mut block = jacobian.is_some().then(|| DMatrix::zeros(n, own.len()));
            predictor.predict(&own, &mut values[row..row + n], block.as_mut())?;
            if let (Some(j), Some(block)) = (jacobian.as_mut(), block) {
                for r in 0..n {
                    for (c, &at) in self.places[part].iter().enumerate() {
                        j[(row + r, at)] = block[(r, c)];
                    }
                }
            }
            row += n;
        }
        Ok(())
    }

    fn precision(&self) -> f64 {
        self.parts.iter().map(|p| p.precision()).fold(0.0, f64::max)
    }

    fn canonical(&self, theta: &mut [f64]) {
        // A shared rate belongs to all subjects and cannot be exchanged in one.
        if !self.canonical {
            return;
        }
        for (part, predictor) in self.parts.iter().enumerate() {
            let mut own = self.own(part, theta);
            predictor.canonical(&mut own);
            for (value, &at) in own.iter().zip(&self.places[part]) {
                theta[at] = *value;
            }
        }
    }
}
