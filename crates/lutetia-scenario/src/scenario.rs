//! One subject as he is simulated.

use std::{collections::BTreeMap, sync::Arc};

use lutetia_model::system::System;
use lutetia_sim::{Inputs, Regimen, Request, Simulator};

use crate::{Clock, LoadedModel, ScenarioError, Treatment};

/// A compiled model with a value for every parameter, what is given, and what drives its inputs. Whoever
/// simulates it once and whoever fits it are given the same.
#[derive(Debug, Clone)]
pub struct Scenario {
    simulator: Arc<Simulator>,
    parameters: Vec<f64>,
    treatment: Treatment,
    /// The doses of `treatment`.
    regimen: Regimen,
    inputs: Inputs,
}

impl Scenario {
    /// A model under a treatment. `parameters` are internal values in the order of [`System::parameters`]; they hold
    /// on every occasion. Inputs keep their defaults.
    #[must_use]
    pub fn new(simulator: Arc<Simulator>, parameters: Vec<f64>, treatment: Treatment) -> Self {
        let regimen = treatment.regimen();
        Self { simulator, parameters, treatment, regimen, inputs: Inputs::default() }
    }

    /// The same with curves that drive inputs.
    #[must_use]
    pub fn with_inputs(self, inputs: Inputs) -> Self {
        Self { inputs, ..self }
    }

    /// Runs the model.
    #[must_use]
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// The compiled model.
    #[must_use]
    pub fn system(&self) -> &System {
        self.simulator.system()
    }

    /// The value of every parameter, internal.
    #[must_use]
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// What is given.
    #[must_use]
    pub fn treatment(&self) -> &Treatment {
        &self.treatment
    }

    /// What drives inputs.
    #[must_use]
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The doses of the treatment, as the simulator takes them.
    #[must_use]
    pub fn regimen(&self) -> &Regimen {
        &self.regimen
    }

    /// When a run that is read at some times (internal, ascending) starts: at zero, or at the first dose or time where
    /// that is earlier.
    #[must_use]
    pub fn start(&self, times: &[f64]) -> f64 {
        let doses = self.regimen.doses.iter().map(|dose| dose.at);
        doses.chain(times.first().copied()).fold(0.0, f64::min)
    }

    /// A run of it that is read at some times (internal, ascending).
    #[must_use]
    pub fn request<'r>(&'r self, times: &'r [f64]) -> Request<'r> {
        self.request_with(&self.parameters, times)
    }

    /// As [`Scenario::request`], with other values of the parameters: one step of a search for them.
    #[must_use]
    pub fn request_with<'r>(&'r self, parameters: &'r [f64], times: &'r [f64]) -> Request<'r> {
        Request::new(parameters, &self.regimen, times).inputs(&self.inputs)
    }
}

impl LoadedModel {
    /// The model under a treatment, with some parameters or covariates set by name and the others at their defaults.
    ///
    /// # Errors
    /// As [`LoadedModel::parameters`].
    pub fn scenario(
        &self,
        set: &BTreeMap<String, String>,
        treatment: Treatment,
    ) -> Result<Scenario, ScenarioError> {
        Ok(Scenario::new(Arc::clone(&self.simulator), self.parameters(set)?, treatment))
    }

    /// The clock of the model.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock::of(self.simulator.system())
    }
}
