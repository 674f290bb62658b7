//! What is asked of a simulator?

use lutetia_model::system::{ParameterKind, System};

use crate::doses::{Doses, Holding};
use crate::engine::{Lane, Plan, Stop};
use crate::engine_id::EngineId;
use crate::error::{SimError, SolveFailure};
use crate::inputs::{Feeds, Inputs};
use crate::record::{Record, Standing, StopRule};
use crate::regimen::{Change, Regimen};
use crate::schedule::Schedule;
use crate::text::{number, time_text};
use crate::tolerance::Tolerance;

/// How to integrate and what to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Who integrates.
    pub engine: EngineId,
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

static DEFAULT_OPTIONS: Options = Options {
    engine: EngineId::Bdf,
    rtol: 1e-6,
    atol_relative: None,
    max_steps: 100_000,
    integrals: Vec::new(),
    to_infinity: false,
    states: false,
};

static NO_INPUTS: Inputs = Inputs { curves: Vec::new() };

impl Default for Options {
    fn default() -> Self {
        DEFAULT_OPTIONS.clone()
    }
}

/// One run: who is treated with what, and what is wanted of it. All of it is borrowed, so that a
/// request costs nothing to make or copy.
///
/// Without more than the three things of [`Request::new`] a run starts at time zero, or at the first
/// dose or output where one of them is earlier, in the initial state of the model, takes the defaults of its inputs, and ends at the last output time.
#[derive(Clone, Copy)]
pub struct Request<'r> {
    parameters: &'r [f64],
    regimen: &'r Regimen,
    times: &'r [f64],
    changes: &'r [Change],
    inputs: &'r Inputs,
    options: &'r Options,
    from: Option<&'r Standing>,
    until: Option<f64>,
    stop_rule: Option<&'r StopRule<'r>>,
    wrt: &'r [usize],
    stop: Stop<'r>,
}

impl<'r> Request<'r> {
    /// `parameters` are internal values in the order of
    /// [`System::parameters`](lutetia_model::System::parameters); `times` are finite
    /// and ascending (repeated times are allowed). Outputs at the time of a bolus are those after it.
    #[must_use]
    pub fn new(parameters: &'r [f64], regimen: &'r Regimen, times: &'r [f64]) -> Self {
        Self {
            parameters,
            regimen,
            times,
            changes: &[],
            inputs: &NO_INPUTS,
            options: &DEFAULT_OPTIONS,
            from: None,
            until: None,
            stop_rule: None,
            wrt: &[],
            stop: Stop::default(),
        }
    }

    /// Parameters of later occasions: the first hold until the first change and set the initial
    /// state, which a change leaves as it is. Times ascend.
    #[must_use]
    pub fn changes(mut self, changes: &'r [Change]) -> Self {
        self.changes = changes;
        self
    }

    /// Curves of the model's inputs.
    #[must_use]
    pub fn inputs(mut self, inputs: &'r Inputs) -> Self {
        self.inputs = inputs;
        self
    }

    /// How to integrate and what to keep.
    #[must_use]
    pub fn options(mut self, options: &'r Options) -> Self {
        self.options = options;
        self
    }

    /// Goes on from where another run ended. What begins at that very time is given, what was given
    /// before is in the states; parameters, changes and regimen are those of the whole run.
    ///
    /// So a run can be made piece by piece, what is given later can depend on what was seen, and
    /// nothing is simulated that nobody asks for. A piece begins anew where a run stops anyway: at a
    /// dose, and at no other place without need. Integrals, which know nothing of the pieces before,
    /// are refused.
    #[must_use]
    pub fn from(mut self, standing: Option<&'r Standing>) -> Self {
        self.from = standing;
        self
    }

    /// Ends there, before anything is given at that time; at or after the last output time.
    #[must_use]
    pub fn until(mut self, time: f64) -> Self {
        self.until = Some(time);
        self
    }

    /// Looks at each row (index, outputs) as it is read; the run ends after one for which it is
    /// false. The trajectory has the rows until then, and its end is somewhat after them.
    #[must_use]
    pub fn follow_while(mut self, rule: &'r StopRule<'r>) -> Self {
        self.stop_rule = Some(rule);
        self
    }

    /// Differentiates every output and integral by these parameters (indices; each at most once). The
    /// derivatives are under error control like the states.
    #[must_use]
    pub fn wrt(mut self, parameters: &'r [usize]) -> Self {
        self.wrt = parameters;
        self
    }

    /// Lets somebody stop the run from outside.
    #[must_use]
    pub fn stop(mut self, stop: Stop<'r>) -> Self {
        self.stop = stop;
        self
    }

    /// Who is to run it.
    pub(crate) fn engine(&self) -> EngineId {
        self.options.engine
    }

    /// Who may stop it.
    pub(crate) fn stops(&self) -> Stop<'r> {
        self.stop
    }

    /// What lanes that run together have in common.
    pub(crate) fn plan(&self) -> Plan<'r> {
        let Options { rtol, atol_relative, max_steps, to_infinity, states, .. } = *self.options;
        Plan {
            record: Record {
                times: self.times,
                integrals: &self.options.integrals,
                to_infinity,
                states,
            },
            tolerance: Tolerance { rtol, atol_relative, max_steps },
            wrt: self.wrt,
        }
    }

    /// Whether two can be lanes of one plan.
    pub(crate) fn goes_with(&self, other: &Self) -> bool {
        self.engine() == other.engine()
            && self.stop.is_same(other.stop)
            && self.plan() == other.plan()
    }

    /// The lane of this request, all of it checked.
    pub(crate) fn lane(&self, system: &System) -> Result<Lane<'r>, SimError> {
        check_indices("parameter", self.wrt, system.parameters().len())?;
        // That the doses can be given at all, then whether they can with these parameters.
        Doses::new(system, self.regimen, None)?;
        let inputs = Feeds::new(system, self.inputs)?;
        if system.states().is_empty() {
            return Err(SimError::NoStates { model: system.id().to_owned() });
        }
        check_times(system, self.times)?;
        self.check_options(system)?;
        self.check_piece(system)?;
        let starts: Vec<f64> = self.changes.iter().map(|change| change.from).collect();
        check_times(system, &starts)?;
        for change in self.changes {
            check_parameters(system, &change.parameters)?;
        }
        check_parameters(system, self.parameters)?;
        let holding = Holding { first: self.parameters, later: self.changes };
        let doses = Doses::new(system, self.regimen, Some(holding))?;
        let (changes, from, until) = (self.changes, self.from, self.until);
        let schedule = Schedule { doses, changes, from, until, still: None };
        Ok(Lane {
            parameters: self.parameters,
            schedule,
            inputs,
            stop_rule: self.stop_rule,
            out: Err(SolveFailure::Interrupted),
        })
    }

    fn check_options(&self, system: &System) -> Result<(), SimError> {
        let options = self.options;
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
        if options.to_infinity && self.stop_rule.is_some() {
            return bad("to_infinity", "true".to_owned(), "false where a rule may end the run");
        }
        check_indices("output", &options.integrals, system.outputs().len())
    }

    /// What a run that goes on from another, or ends before the last dose, must keep to.
    fn check_piece(&self, system: &System) -> Result<(), SimError> {
        if self.from.is_none() && self.until.is_none() {
            return Ok(());
        }
        if !self.options.integrals.is_empty() {
            return Err(SimError::BadOption {
                option: "integrals",
                value: self.options.integrals.len().to_string(),
                expected: "none in a piece of a run",
            });
        }
        let expected = system.states().len();
        if let Some(found) = self.from.map(|s| s.states.len()).filter(|n| *n != expected) {
            return Err(SimError::StateCount { found, expected });
        }
        if let Some(standing) = self.from {
            let events = system.events().len();
            let conditions = standing.truth.len();
            let unknown = standing.waiting.iter().find(|w| w.1 >= events || !w.0.is_finite());
            if unknown.is_some() || (conditions != 0 && conditions != events) {
                let index = unknown.map_or(conditions, |w| w.1);
                let reason = "of no event of the model";
                return Err(SimError::BadIndex { what: "event", index, reason, count: events });
            }
        }
        let mut all: Vec<f64> = self.from.iter().map(|standing| standing.time).collect();
        all.extend(self.times);
        all.extend(self.until);
        check_times(system, &all)
    }
}

fn check_times(system: &System, times: &[f64]) -> Result<(), SimError> {
    let units = system.units();
    for (k, &time) in times.iter().enumerate() {
        let bad = |expected: String| SimError::BadTime {
            index: k + 1,
            value: time_text(units, time),
            expected,
        };
        if !time.is_finite() {
            return Err(bad("a finite time".to_owned()));
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

fn check_parameters(system: &System, parameters: &[f64]) -> Result<(), SimError> {
    let infos = system.parameters();
    if parameters.len() != infos.len() {
        return Err(SimError::ParameterCount { found: parameters.len(), expected: infos.len() });
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
