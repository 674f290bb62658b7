//! A model under one injection, for patients who differ.

use std::{collections::BTreeMap, sync::Arc};

use lutetia_population::{Draws, Form};
use lutetia_scenario::{LoadedModel, Scenario, ScenarioError, Treatment, setting};
use lutetia_sim::{Dose, Options, Request};
use lutetia_units::Dimension;

use crate::{PatientError, designs::nuclide_given};

/// A parameter or covariate in which patients differ: log-normal about its median.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    /// As the model calls it.
    pub name: String,
    /// Its median, as a quantity.
    pub median: String,
    /// Standard deviation ω of its logarithm.
    pub log_sd: f64,
    /// Whether it is known of each patient.
    pub known: bool,
}

/// What one patient is.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// η of each law, in their order.
    pub etas: Vec<f64>,
}

impl Person {
    /// A patient out of his random numbers; `spread` multiplies the standard deviations of what is not known.
    #[must_use]
    pub fn drawn(laws: &[Law], draws: &Draws, spread: f64) -> Self {
        let eta = |law: &Law| {
            let spread = if law.known { 1.0 } else { spread };
            spread * law.log_sd * draws.normal(&law.name, 0)
        };
        Self { etas: laws.iter().map(eta).collect() }
    }

    /// The same with what is not known at its median.
    #[must_use]
    pub fn as_known(&self, laws: &[Law]) -> Self {
        let eta = |(law, eta): (&Law, &f64)| if law.known { *eta } else { 0.0 };
        Self { etas: laws.iter().zip(&self.etas).map(eta).collect() }
    }
}

/// A model under one injection, with the places of what patients differ in and of what is read.
#[derive(Debug, Clone)]
pub struct Injection<'m> {
    pub(super) model: &'m LoadedModel,
    pub(super) treatment: Treatment,
    /// Internal.
    base: Vec<f64>,
    /// Place of each law, and its median, internal.
    medians: Vec<(usize, f64)>,
    /// Outputs of the regions.
    pub(super) outputs: Vec<usize>,
    /// Internal.
    injected: f64,
}

impl<'m> Injection<'m> {
    /// Doses of one nuclide into a model whose parameters are `set`, with the activities of regions as `outputs`.
    ///
    /// # Errors
    /// [`PatientError`]: a name that the model does not have, a value that it cannot take, an output that is not an activity,
    /// doses without activity or of several nuclides.
    pub fn new(
        model: &'m LoadedModel,
        doses: Vec<Dose>,
        set: &BTreeMap<String, String>,
        laws: &[Law],
        outputs: &[String],
    ) -> Result<Self, PatientError> {
        let treatment = Treatment::on_one_occasion(doses);
        let (_, injected) = nuclide_given(&treatment)?;
        model.simulator.check_regimen(&treatment.regimen())?;
        let medians = laws
            .iter()
            .map(|law| {
                let slot = model.simulator.parameter(&law.name)?;
                let median = setting(model, &law.name, &law.median).map_err(ScenarioError::from)?;
                Ok((slot, median))
            })
            .collect::<Result<_, PatientError>>()?;
        let outputs = outputs
            .iter()
            .map(|name| {
                let output = model.simulator.output(name)?;
                let unit = &model.simulator.system().outputs()[output].unit;
                match unit.dimension() {
                    Dimension::ACTIVITY => Ok(output),
                    _ => Err(PatientError::NotAnActivity {
                        output: name.clone(),
                        unit: unit.clone(),
                    }),
                }
            })
            .collect::<Result<_, PatientError>>()?;
        Ok(Self { model, treatment, base: model.parameters(set)?, medians, outputs, injected })
    }

    /// How many regions are read.
    #[must_use]
    pub fn regions(&self) -> usize {
        self.outputs.len()
    }

    /// Every parameter of a patient, internal.
    #[must_use]
    pub fn parameters(&self, etas: &[f64]) -> Vec<f64> {
        let mut parameters = self.base.clone();
        for ((slot, median), eta) in self.medians.iter().zip(etas) {
            parameters[*slot] = Form::LogNormal.value(*median, *eta);
        }
        parameters
    }

    /// A patient as a fit sees him: `etas` where it starts.
    pub(super) fn scenario(&self, etas: &[f64]) -> Scenario {
        let simulator = Arc::clone(&self.model.simulator);
        Scenario::new(simulator, self.parameters(etas), self.treatment.clone())
    }

    /// The activity of each region at some times (h), in the declared units of the outputs.
    pub(super) fn uptakes(
        &self,
        etas: &[f64],
        times_h: &[f64],
    ) -> Result<Vec<Vec<f64>>, PatientError> {
        let hour = self.model.clock().hour();
        let times: Vec<f64> = times_h.iter().map(|t| t * hour).collect();
        let (parameters, regimen) = (self.parameters(etas), self.treatment.regimen());
        let run = self.model.simulator.run(&Request::new(&parameters, &regimen, &times))?;
        let infos = self.model.simulator.system().outputs();
        let curve = |&output: &usize| {
            run.outputs.column(output).map(|a| a * infos[output].factor).collect()
        };
        Ok(self.outputs.iter().map(curve).collect())
    }

    /// The integral of each region to infinity per activity given, h.
    ///
    /// # Errors
    /// [`PatientError`]: a simulation that fails, an activity without an end.
    pub fn coefficients(&self, etas: &[f64]) -> Result<Vec<f64>, PatientError> {
        let (parameters, regimen) = (self.parameters(etas), self.treatment.regimen());
        let options =
            Options { integrals: self.outputs.clone(), to_infinity: true, ..Options::default() };
        let times = [0.0, self.model.clock().hour()];
        let request = Request::new(&parameters, &regimen, &times).options(&options);
        let run = self.model.simulator.run(&request)?;
        (0..self.outputs.len())
            .map(|at| {
                let whole = run.integrals_to_infinity.get(at).ok_or(PatientError::NoEnd)?;
                Ok(self.coefficient(whole.value))
            })
            .collect()
    }

    /// An internal integral per activity given, h.
    pub(super) fn coefficient(&self, integral: f64) -> f64 {
        integral / (self.injected * self.model.clock().hour())
    }
}
