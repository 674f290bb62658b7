//! One compiled model, ready to run.

use std::sync::{Arc, Mutex, PoisonError};

use lutetia_model::system::{ParameterKind, System};
use rayon::prelude::*;

use crate::elimination::Elimination;
use crate::equations::{Layout, TangentLayout};
use crate::error::{SimError, closest, number, time_text};
use crate::inputs::{Feeds, Inputs, known};
use crate::integrate::{Request, integrate};
use crate::regimen::{Course, Regimen};
use crate::trajectory::{Sensitivities, Trajectory};

/// How to integrate and what to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Relative tolerance, in (0, 1e-2]. Default 1e-6.
    pub rtol: f64,
    /// Absolute tolerance of each state as a share of the most that can be in it, in (0, 1e-2].
    /// For an amount that is the largest of what is given into it over the whole regimen, what it
    /// starts with, and what can come to it along the processes of the model, of a complex never
    /// more than of the partner there is least of; hot forms count hot molecules. What is given of
    /// a species that cannot become this one does not count. For a quantity that is not an amount
    /// it is the initial value. Where all of that is zero it is one internal unit.
    ///
    /// `None` (the default) is 1e-9, or a thousandth of `rtol` where that is less: tightening
    /// `rtol` alone then makes small amounts converge too.
    pub atol_relative: Option<f64>,
    /// Most steps between two stops of the schedule. Default 100 000.
    pub max_steps: usize,
    /// Outputs to integrate over time, as indices into
    /// [`System::outputs`](lutetia_model::System::outputs).
    pub integrals: Vec<usize>,
    /// Whether to carry the integrals to infinity: the run goes on after the last output (and the
    /// last dose) until what physical decay leaves of each integral is below 1e-8 of it.
    pub to_infinity: bool,
    /// Whether to keep the states.
    pub states: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rtol: 1e-6,
            atol_relative: None,
            max_steps: 100_000,
            integrals: Vec::new(),
            to_infinity: false,
            states: false,
        }
    }
}

/// Parameters that hold from a time on: those of the next occasion (cycle) of a patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Internal time, zero or later.
    pub from: f64,
    /// All parameters, internal, in the order of
    /// [`System::parameters`](lutetia_model::System::parameters).
    pub parameters: Vec<f64>,
}

/// Where a run stands, before anything is given at that time: what its next piece starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Internal time.
    pub time: f64,
    /// All states, internal, in the order of [`System::states`](lutetia_model::System::states).
    pub states: Vec<f64>,
}

/// One piece of a run that goes on piece by piece.
#[derive(Clone, Copy)]
pub struct Piece<'p> {
    /// Where it starts; at time zero and the initial state if there is none. What begins at that very time is
    /// given, what was given before is in the states.
    pub from: Option<&'p Standing>,
    /// Where it ends, before anything is given there; at or after the last time.
    pub until: f64,
    /// Looks at each row (index, outputs) as it is read; the piece ends after one for which it is false.
    pub watch: &'p dyn Fn(usize, &[f64]) -> bool,
}

/// Derivative programs kept for the last few choices of parameters: a fit asks for the same ones
/// thousands of times.
const MOST_TANGENT_LAYOUTS: usize = 8;

/// A compiled system and what the solver worked out about it once. Shared between threads.
#[derive(Debug)]
pub struct Simulator {
    system: System,
    layout: Layout,
    plan: Option<Arc<Elimination>>,
    tangent_layouts: Mutex<Vec<Arc<TangentLayout>>>,
}

impl Simulator {
    /// Works out the order of elimination of the system's Jacobian.
    #[must_use]
    pub fn new(system: System) -> Self {
        let layout = Layout::new(
            system.states().len(),
            system.inputs().len(),
            system.outputs().len(),
            system.jacobian_pattern(),
        );
        let plan = Elimination::plan(Arc::clone(&layout.pattern)).map(Arc::new);
        Self { system, layout, plan, tangent_layouts: Mutex::default() }
    }

    /// The system.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Default parameters with some replaced: (name, internal value).
    ///
    /// # Errors
    ///
    /// [`SimError::UnknownName`] for a name the model does not have.
    pub fn parameters(&self, replace: &[(&str, f64)]) -> Result<Vec<f64>, SimError> {
        let mut values = self.system.default_parameters();
        for (name, value) in replace {
            values[self.parameter(name)?] = *value;
        }
        Ok(values)
    }

    /// Index of a parameter or covariate.
    ///
    /// # Errors
    ///
    /// [`SimError::UnknownName`] with the nearest name.
    pub fn parameter(&self, name: &str) -> Result<usize, SimError> {
        self.system.parameter_index(name).ok_or_else(|| {
            let names: Vec<&str> =
                self.system.parameters().iter().map(|p| p.name.as_str()).collect();
            unknown("parameter", name, &names)
        })
    }

    /// Index of an output.
    ///
    /// # Errors
    ///
    /// [`SimError::UnknownName`] with the nearest name.
    pub fn output(&self, name: &str) -> Result<usize, SimError> {
        self.system.output_index(name).ok_or_else(|| {
            let names: Vec<&str> = self.system.outputs().iter().map(|o| o.name.as_str()).collect();
            unknown("output", name, &names)
        })
    }

    /// Runs one parameter set.
    ///
    /// `parameters` are internal values in the order of
    /// [`System::parameters`](lutetia_model::System::parameters); `times` are finite, not negative
    /// and ascending (repeated times are allowed). Outputs at the time of a bolus are those after it.
    ///
    /// # Errors
    ///
    /// Any [`SimError`]: what was asked for does not make sense, or the integration failed.
    pub fn run(
        &self,
        parameters: &[f64],
        regimen: &Regimen,
        inputs: &Inputs,
        times: &[f64],
        options: &Options,
    ) -> Result<Trajectory, SimError> {
        let course = Course::new(&self.system, regimen)?;
        let feeds = Feeds::new(&self.system, inputs)?;
        self.check(times, options)?;
        self.run_checked(parameters, &course, &feeds, times, options, None).map(|result| result.0)
    }

    /// Whether a regimen can be given to this model at all.
    ///
    /// # Errors
    ///
    /// A place that does not exist, a nuclide the model does not carry, an activity its amount
    /// cannot carry, a number out of range.
    pub fn check_regimen(&self, regimen: &Regimen) -> Result<(), SimError> {
        Course::new(&self.system, regimen).map(|_| ())
    }

    /// Runs a patient whose parameters change from occasion to occasion: `parameters` hold until the
    /// first change and set the initial state, which a change leaves as it is.
    ///
    /// # Errors
    ///
    /// As [`Simulator::run`]; [`SimError::BadTime`] for a change before zero or out of order.
    pub fn run_occasions(
        &self,
        parameters: &[f64],
        changes: &[Change],
        regimen: &Regimen,
        inputs: &Inputs,
        times: &[f64],
        options: &Options,
    ) -> Result<Trajectory, SimError> {
        let course = Course::new(&self.system, regimen)?;
        let feeds = Feeds::new(&self.system, inputs)?;
        self.check(times, options)?;
        let starts: Vec<f64> = changes.iter().map(|change| change.from).collect();
        self.check_times(&starts)?;
        for change in changes {
            self.check_parameters(&change.parameters)?;
        }
        self.run_changing(parameters, changes, &course, &feeds, times, options, None)
            .map(|result| result.0)
    }

    /// Runs one piece of what [`Simulator::run_occasions`] runs at once, so that what is given later can depend on
    /// what was seen, and that nothing is simulated that nobody asks for. A piece begins anew where a run stops
    /// anyway: at a dose, and at no other place without need.
    ///
    /// `times` lie from where the piece starts to where it ends; `regimen` and `changes` are those of the whole run.
    /// Where `watch` ends the piece, the trajectory has the rows until then, and the standing is somewhat after them.
    ///
    /// # Errors
    ///
    /// As [`Simulator::run_occasions`]; [`SimError::BadTime`] also for a time outside the piece;
    /// [`SimError::BadOption`] for integrals, which know nothing of the pieces before.
    pub fn run_piece(
        &self,
        piece: Piece<'_>,
        parameters: &[f64],
        changes: &[Change],
        regimen: &Regimen,
        times: &[f64],
        options: &Options,
    ) -> Result<(Trajectory, Standing), SimError> {
        let course = Course::new(&self.system, regimen)?;
        let feeds = Feeds::new(&self.system, &Inputs::default())?;
        self.check(times, options)?;
        if !options.integrals.is_empty() {
            return Err(SimError::BadOption {
                option: "integrals",
                value: options.integrals.len().to_string(),
                expected: "none in a piece of a run",
            });
        }
        let expected = self.system.states().len();
        if let Some(found) = piece.from.map(|s| s.states.len()).filter(|n| *n != expected) {
            return Err(SimError::StateCount { found, expected });
        }
        let start = piece.from.map_or(0.0, |s| s.time);
        let mut all: Vec<f64> = vec![start];
        all.extend(times);
        all.push(piece.until);
        self.check_times(&all)?;
        for change in changes {
            self.check_parameters(&change.parameters)?;
        }
        self.check_parameters(parameters)?;
        integrate(&Request {
            system: &self.system,
            layout: &self.layout,
            plan: self.plan.as_ref(),
            tangents: None,
            parameters,
            changes,
            course: &course,
            feeds: &feeds,
            times,
            options,
            piece: Some(piece),
        })
        .map(|(trajectory, _, standing)| (trajectory, standing))
    }

    /// Runs one parameter set with the derivatives of every output and integral by the parameters
    /// `wrt` (indices; each at most once). The derivatives are under error control like the states.
    ///
    /// # Errors
    ///
    /// As [`Simulator::run`], and [`SimError::BadIndex`] for `wrt`.
    pub fn run_sensitivities(
        &self,
        parameters: &[f64],
        regimen: &Regimen,
        inputs: &Inputs,
        times: &[f64],
        options: &Options,
        wrt: &[usize],
    ) -> Result<(Trajectory, Sensitivities), SimError> {
        check_indices("parameter", wrt, self.system.parameters().len())?;
        let course = Course::new(&self.system, regimen)?;
        let feeds = Feeds::new(&self.system, inputs)?;
        self.check(times, options)?;
        let tangents = (!wrt.is_empty()).then(|| self.tangent_layout(wrt));
        self.run_checked(parameters, &course, &feeds, times, options, tangents.as_deref())
    }

    /// Runs many parameter sets, in parallel on the threads of the present rayon pool. Each result
    /// is the same as that of [`Simulator::run`], whatever the number of threads.
    pub fn run_many(
        &self,
        parameter_sets: &[Vec<f64>],
        regimen: &Regimen,
        inputs: &Inputs,
        times: &[f64],
        options: &Options,
    ) -> Vec<Result<Trajectory, SimError>> {
        let prepared = Course::new(&self.system, regimen).and_then(|course| {
            let feeds = Feeds::new(&self.system, inputs)?;
            self.check(times, options)?;
            Ok((course, feeds))
        });
        match prepared {
            Err(error) => parameter_sets.iter().map(|_| Err(error.clone())).collect(),
            Ok((course, feeds)) => parameter_sets
                .par_iter()
                .map(|parameters| {
                    self.run_checked(parameters, &course, &feeds, times, options, None)
                        .map(|result| result.0)
                })
                .collect(),
        }
    }

    fn run_checked(
        &self,
        parameters: &[f64],
        course: &Course,
        feeds: &Feeds,
        times: &[f64],
        options: &Options,
        tangents: Option<&TangentLayout>,
    ) -> Result<(Trajectory, Sensitivities), SimError> {
        self.run_changing(parameters, &[], course, feeds, times, options, tangents)
    }

    fn run_changing(
        &self,
        parameters: &[f64],
        changes: &[Change],
        course: &Course,
        feeds: &Feeds,
        times: &[f64],
        options: &Options,
        tangents: Option<&TangentLayout>,
    ) -> Result<(Trajectory, Sensitivities), SimError> {
        self.check_parameters(parameters)?;
        integrate(&Request {
            system: &self.system,
            layout: &self.layout,
            plan: self.plan.as_ref(),
            tangents,
            parameters,
            changes,
            course,
            feeds,
            times,
            options,
            piece: None,
        })
        .map(|(trajectory, sensitivities, _)| (trajectory, sensitivities))
    }

    fn tangent_layout(&self, wrt: &[usize]) -> Arc<TangentLayout> {
        let find = |layouts: &[Arc<TangentLayout>]| {
            layouts.iter().find(|layout| layout.tapes.wrt() == wrt).cloned()
        };
        let lock = || self.tangent_layouts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(layout) = find(&lock()) {
            return layout;
        }
        // Compiled outside the lock: two threads may do it twice, none waits for the other.
        let layout = Arc::new(TangentLayout::new(self.system.sensitivity(wrt)));
        let mut layouts = lock();
        if layouts.len() == MOST_TANGENT_LAYOUTS {
            layouts.remove(0);
        }
        layouts.push(Arc::clone(&layout));
        layout
    }

    fn check(&self, times: &[f64], options: &Options) -> Result<(), SimError> {
        if self.system.states().is_empty() {
            return Err(SimError::NoStates { model: self.system.id().to_owned() });
        }
        self.check_times(times)?;
        let bad = |option: &'static str, value: String, expected: &'static str| {
            Err(SimError::BadOption { option, value, expected })
        };
        if !(options.rtol > 0.0 && options.rtol <= 1e-2) {
            return bad("rtol", number(options.rtol), "a number above 0, at most 0.01");
        }
        if let Some(share) = options.atol_relative
            && !(share > 0.0 && share <= 1e-2)
        {
            return bad("atol_relative", number(share), "a number above 0, at most 0.01");
        }
        if options.max_steps == 0 {
            return bad("max_steps", "0".to_owned(), "at least 1");
        }
        if options.to_infinity && options.integrals.is_empty() {
            return bad("to_infinity", "true".to_owned(), "at least one output in `integrals`");
        }
        check_indices("output", &options.integrals, self.system.outputs().len())
    }

    fn check_times(&self, times: &[f64]) -> Result<(), SimError> {
        let units = self.system.units();
        for (k, &time) in times.iter().enumerate() {
            let bad = |expected: String| SimError::BadTime {
                index: k + 1,
                value: time_text(units, time),
                expected,
            };
            if !time.is_finite() || time < 0.0 {
                return Err(bad("a finite time, zero or later".to_owned()));
            }
            if k > 0 && time < times[k - 1] {
                return Err(bad(format!(
                    "not earlier than the time before it, {}; sort the times",
                    time_text(units, times[k - 1])
                )));
            }
        }
        Ok(())
    }

    fn check_parameters(&self, parameters: &[f64]) -> Result<(), SimError> {
        let infos = self.system.parameters();
        if parameters.len() != infos.len() {
            return Err(SimError::ParameterCount {
                found: parameters.len(),
                expected: infos.len(),
            });
        }
        for (info, value) in infos.iter().zip(parameters) {
            if !value.is_finite() {
                return Err(SimError::NonFiniteParameter {
                    name: info.name.clone(),
                    value: number(*value),
                    unit: info.unit.symbol().to_owned(),
                    hint: if info.kind == ParameterKind::Covariate && value.is_nan() {
                        "; the covariate has no typical value, so give it for this patient"
                    } else {
                        ""
                    },
                });
            }
        }
        Ok(())
    }
}

fn unknown(what: &'static str, name: &str, names: &[&str]) -> SimError {
    SimError::UnknownName {
        what,
        name: name.to_owned(),
        hint: closest(name, names),
        known: known(names),
    }
}

fn check_indices(what: &'static str, indices: &[usize], count: usize) -> Result<(), SimError> {
    for (k, &index) in indices.iter().enumerate() {
        let reason = if index >= count {
            "out of range"
        } else if indices[..k].contains(&index) {
            "named twice"
        } else {
            continue;
        };
        return Err(SimError::BadIndex { what, index, reason, count });
    }
    Ok(())
}
