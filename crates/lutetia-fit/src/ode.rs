//! A simulated model as a predictor: its parameters, the patient's doses, the patient's observations.

use lutetia_model::System;
use lutetia_model::system::ParameterKind;
use lutetia_population::{ParameterLaw, RandomEffect, Transform};
use lutetia_scenario::Scenario;
use lutetia_sim::{Options, SimError};
use nalgebra::DMatrix;

use crate::error::PredictError;
use crate::predictor::{Derived, DerivedKind, Predictor, named};
use crate::problem::FitParameter;

/// An observation of a model: which output, when.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Name of the output.
    pub output: String,
    /// Internal time of the model, from the start of the first dose.
    pub time: f64,
}

/// A compiled model under a patient's doses, as a [`Predictor`] of observations at given times.
///
/// Parameters are those chosen, in their declared units; all others stay at the values of the scenario. Values are in
/// the declared unit of each output. Derivatives are forward sensitivities of the integrator, under its error control.
///
/// Derived quantities, for each output asked for with [`with_integrals`](Self::with_integrals), in (unit of the output)
/// × (internal time): `tia(OUTPUT)` to infinity, `tia_to_last(OUTPUT)` to the last sample, and
/// `extrapolated_fraction(OUTPUT)`; and what the model file derives from its parameters, in the units declared there.
#[derive(Clone, Debug)]
pub struct OdePredictor {
    scenario: Scenario,
    wrt: Vec<usize>,
    names: Vec<String>,
    /// internal = declared · factor, for each chosen parameter.
    factors: Vec<f64>,
    /// Distinct times, ascending.
    times: Vec<f64>,
    /// For each sample, row in `times`, column of the output, declared = internal · factor.
    samples: Vec<(usize, usize, f64)>,
    integrals: Vec<usize>,
    options: Options,
}

impl OdePredictor {
    /// A scenario, of whose parameters those named are to be estimated, observed at `samples`.
    ///
    /// # Errors
    /// When a parameter or output is unknown, the scenario has another number of parameters than its system, or a time
    /// is not finite or negative.
    pub fn new(
        scenario: Scenario,
        parameters: &[&str],
        samples: &[Sample],
        options: Options,
    ) -> Result<Self, PredictError> {
        let (simulator, system) = (scenario.simulator(), scenario.system());
        let (expected, found) = (system.parameters().len(), scenario.parameters().len());
        if expected != found {
            return Err(PredictError::Shape { what: "parameters", expected, found });
        }
        let wrt = parameters
            .iter()
            .map(|name| simulator.parameter(name))
            .collect::<Result<Vec<usize>, SimError>>()?;
        let factors = wrt.iter().map(|&i| system.parameters()[i].factor).collect();
        if let Some(bad) = samples.iter().find(|s| !(s.time.is_finite() && s.time >= 0.0)) {
            return Err(PredictError::SampleTime { output: bad.output.clone(), time: bad.time });
        }
        let mut times: Vec<f64> = samples.iter().map(|s| s.time).collect();
        times.sort_by(f64::total_cmp);
        times.dedup_by(|a, b| a.to_bits() == b.to_bits());
        let samples = samples
            .iter()
            .map(|s| {
                let output = simulator.output(&s.output)?;
                let row = times.partition_point(|t| *t < s.time);
                Ok((row, output, system.outputs()[output].factor))
            })
            .collect::<Result<Vec<_>, PredictError>>()?;
        Ok(Self {
            names: parameters.iter().map(|n| (*n).to_owned()).collect(),
            scenario,
            wrt,
            factors,
            times,
            samples,
            integrals: Vec::new(),
            options,
        })
    }

    /// The same, with the integrals of these outputs as derived quantities.
    ///
    /// # Errors
    /// When an output is unknown.
    pub fn with_integrals(mut self, outputs: &[&str]) -> Result<Self, PredictError> {
        self.integrals = outputs
            .iter()
            .map(|name| self.scenario.simulator().output(name))
            .collect::<Result<_, SimError>>()?;
        Ok(self)
    }

    /// The same model observed elsewhere, for drawing. Its integrals run to its own last time.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn at_samples(&self, samples: &[Sample]) -> Result<Self, PredictError> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        Self::new(self.scenario.clone(), &names, samples, self.options.clone())
    }

    /// Names of the parameters of a system that its author left to be estimated.
    pub fn estimable(system: &System) -> Vec<&str> {
        let wanted = |p: &&lutetia_model::system::ParameterInfo| {
            !p.fixed && p.kind == ParameterKind::Parameter
        };
        system.parameters().iter().filter(wanted).map(|p| p.name.as_str()).collect()
    }

    /// The chosen parameters ready to be fitted: started at their values, on the scale of their variability between
    /// individuals (log where none is declared and the value is positive), within the bounds of the model file, and with
    /// that variability as prior where `priors` asks for maximum a posteriori.
    ///
    /// Variability within an individual (`iov`) is not part of the prior.
    pub fn parameters(&self, priors: bool) -> Vec<FitParameter> {
        let (system, base) = (self.scenario.system(), self.scenario.parameters());
        self.wrt
            .iter()
            .zip(self.names.iter().zip(&self.factors))
            .map(|(&i, (name, &factor))| {
                let info = &system.parameters()[i];
                let start = base[i] / factor;
                let (lo, hi) =
                    (info.bounds.0.map(|b| b / factor), info.bounds.1.map(|b| b / factor));
                let law = info
                    .iiv
                    .map(|v| RandomEffect::declared(i, info, v).law(base[i]).in_unit(factor));
                let transform = match law {
                    Some(law) => law.transform(),
                    None if start > 0.0 => Transform::Log,
                    None => Transform::Identity,
                };
                let prior = law.filter(|_| priors).map(ParameterLaw::prior);
                let open =
                    matches!(transform, Transform::Logit { .. }) || (lo.is_none() && hi.is_none());
                let bounds =
                    (!open).then(|| (lo.unwrap_or(f64::NEG_INFINITY), hi.unwrap_or(f64::INFINITY)));
                let mut p = FitParameter::new(name.clone(), start, transform);
                p.bounds = bounds;
                p.prior = prior;
                p
            })
            .collect()
    }

    /// Full parameter vector of the system, internal units.
    pub fn internal(&self, theta: &[f64]) -> Vec<f64> {
        let mut full = self.scenario.parameters().to_vec();
        for ((&i, factor), value) in self.wrt.iter().zip(&self.factors).zip(theta) {
            full[i] = value * factor;
        }
        full
    }

    /// What the model file derives from its parameters, at all of them.
    fn of_model(&self, full: &[f64]) -> Vec<Derived> {
        let system = self.scenario.system();
        system
            .derive(full, &self.wrt)
            .into_iter()
            .zip(system.derived())
            .map(|(found, info)| {
                let by = found.gradient.iter().zip(&self.factors);
                let gradient = by.map(|(g, factor)| g * info.factor * factor).collect();
                let value = found.value * info.factor;
                let made = Derived::of_output(DerivedKind::OfModel, &info.name, value, gradient);
                Derived { positive: info.positive, ..made }
            })
            .collect()
    }

    fn failed_at(&self, theta: &[f64], cause: SimError) -> PredictError {
        PredictError::Simulation { cause: Box::new(cause), parameters: named(&self.names, theta) }
    }
}

impl Predictor for OdePredictor {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn n_values(&self) -> usize {
        self.samples.len()
    }

    fn precision(&self) -> f64 {
        self.options.rtol
    }

    fn predict(
        &self,
        theta: &[f64],
        values: &mut [f64],
        jacobian: Option<&mut DMatrix<f64>>,
    ) -> Result<(), PredictError> {
        for (what, expected, found) in [
            ("parameters", self.names.len(), theta.len()),
            ("values", self.samples.len(), values.len()),
        ] {
            if expected != found {
                return Err(PredictError::Shape { what, expected, found });
            }
        }
        let full = self.internal(theta);
        let wrt = if jacobian.is_some() { &self.wrt[..] } else { &[] };
        let run = self
            .scenario
            .simulator()
            .run(&self.scenario.request_with(&full, &self.times).options(&self.options).wrt(wrt))
            .map_err(|e| self.failed_at(theta, e))?;
        if let Some(j) = jacobian {
            for (k, &(row, output, factor)) in self.samples.iter().enumerate() {
                for (c, by) in run.sensitivities.outputs.iter().enumerate() {
                    let slope = by.get(row, output).unwrap_or(f64::NAN);
                    j[(k, c)] = slope * factor * self.factors[c];
                }
            }
        }
        for (value, &(row, output, factor)) in values.iter_mut().zip(&self.samples) {
            *value = run.outputs.get(row, output).unwrap_or(f64::NAN) * factor;
        }
        Ok(())
    }

    fn derived(&self, theta: &[f64]) -> Result<Vec<Derived>, PredictError> {
        let full = self.internal(theta);
        let of_model = self.of_model(&full);
        if self.integrals.is_empty() {
            return Ok(of_model);
        }
        let options = Options {
            integrals: self.integrals.clone(),
            to_infinity: true,
            ..self.options.clone()
        };
        let run = self
            .scenario
            .simulator()
            .run(&self.scenario.request_with(&full, &self.times).options(&options).wrt(&self.wrt))
            .map_err(|e| self.failed_at(theta, e))?;
        let d = &run.sensitivities;
        let mut out = Vec::new();
        let last = self.times.len().saturating_sub(1);
        for (column, &output) in self.integrals.iter().enumerate() {
            let info = &self.scenario.system().outputs()[output];
            let parameters = 0..self.names.len();
            let to_last = run.integrals.get(last, column).unwrap_or(f64::NAN) * info.factor;
            let to_last_by: Vec<f64> = parameters
                .clone()
                .map(|c| {
                    let g = d.integrals[c].get(last, column).unwrap_or(f64::NAN);
                    g * info.factor * self.factors[c]
                })
                .collect();
            let infinite = run.integrals_to_infinity.get(column);
            if let Some(infinite) = infinite {
                let tia = infinite.value * info.factor;
                let tia_by: Vec<f64> = parameters
                    .map(|c| {
                        let g = d.integrals_to_infinity.get(c, column).unwrap_or(f64::NAN);
                        g * info.factor * self.factors[c]
                    })
                    .collect();
                // 1 − to_last/tia
                let fraction_by = to_last_by
                    .iter()
                    .zip(&tia_by)
                    .map(|(l, t)| (to_last * t / tia - l) / tia)
                    .collect();
                out.push(Derived::of_output(DerivedKind::Tia, &info.name, tia, tia_by));
                out.push(Derived::of_output(
                    DerivedKind::ExtrapolatedFraction,
                    &info.name,
                    infinite.extrapolated_fraction,
                    fraction_by,
                ));
            }
            out.push(Derived::of_output(DerivedKind::TiaToLast, &info.name, to_last, to_last_by));
        }
        match out
            .iter()
            .find(|q| !(q.value.is_finite() && q.gradient.iter().all(|g| g.is_finite())))
        {
            Some(bad) => Err(PredictError::NonFiniteDerived {
                name: bad.name(),
                value: bad.value,
                parameters: named(&self.names, theta),
            }),
            None => Ok(out.into_iter().chain(of_model).collect()),
        }
    }
}
