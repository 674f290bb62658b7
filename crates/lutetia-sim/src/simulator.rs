//! One compiled model, ready to run.

use lutetia_model::system::System;
use rayon::prelude::*;

use crate::doses::Doses;
use crate::engine::bdf::Bdf;
use crate::engine::rodas::{InstructionSet, Rodas};
use crate::engine::{Engine, Lane, Plan};
use crate::engine_id::EngineId;
use crate::error::{SimError, SolveFailure};
use crate::inputs::known;
use crate::record::Trajectory;
use crate::regimen::Regimen;
use crate::request::Request;
use crate::text::closest;

/// Below this relative tolerance a method of order four needs more steps than one of order five gains by.
const LEAST_RTOL_OF_LANES: f64 = 1e-7;

/// A compiled system and what the engines worked out about it once. Shared between threads.
#[derive(Debug)]
pub struct Simulator {
    system: System,
    bdf: Bdf,
    rodas: Rodas,
}

impl Simulator {
    /// Works out the order of elimination of the system's Jacobian.
    #[must_use]
    pub fn new(system: System) -> Self {
        let bdf = Bdf::new(&system);
        let rodas = Rodas::new(&system, bdf.elimination(), InstructionSet::best());
        Self { system, bdf, rodas }
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

    /// Whether a regimen can be given to this model at all.
    ///
    /// # Errors
    ///
    /// A place that does not exist, a nuclide the model does not carry, an activity its amount
    /// cannot carry, a number out of range.
    pub fn check_regimen(&self, regimen: &Regimen) -> Result<(), SimError> {
        Doses::new(&self.system, regimen, None).map(|_| ())
    }

    /// Runs one request.
    ///
    /// # Errors
    ///
    /// Any [`SimError`]: what was asked for does not make sense, or the integration failed.
    pub fn run(&self, request: &Request<'_>) -> Result<Trajectory, SimError> {
        let out = self.run_together(std::slice::from_ref(request)).pop();
        out.unwrap_or(Err(SolveFailure::Interrupted.into()))
    }

    /// Runs many requests, in parallel on the threads of the present rayon pool. Each result is the
    /// same as that of [`Simulator::run`], whatever the other requests and the number of threads.
    pub fn run_many(&self, requests: &[Request<'_>]) -> Vec<Result<Trajectory, SimError>> {
        let width = |id: EngineId| match id {
            EngineId::Bdf => self.bdf.width(),
            EngineId::Rodas | EngineId::Auto => self.rodas.width(),
        };
        let groups: Vec<&[Request<'_>]> = requests
            .chunk_by(Request::goes_with)
            .flat_map(|group| group.chunks(width(group[0].engine()).max(1)))
            .collect();
        let done: Vec<_> = groups.par_iter().map(|group| self.run_together(group)).collect();
        done.into_iter().flatten().collect()
    }

    /// Runs requests that have a plan in common.
    fn run_together(&self, requests: &[Request<'_>]) -> Vec<Result<Trajectory, SimError>> {
        let Some(first) = requests.first() else {
            return Vec::new();
        };
        let plan = first.plan();
        let engines: [&dyn Engine; 2] = [&self.bdf, &self.rodas];
        let mut lanes: [Vec<Lane<'_>>; 2] = [Vec::new(), Vec::new()];
        let ready: Vec<Result<usize, SimError>> = requests
            .iter()
            .map(|request| {
                let lane = request.lane(&self.system)?;
                let engine = usize::from(self.takes_lanes(first.engine(), &plan, &lane));
                engines[engine].can(&plan, &lane)?;
                lanes[engine].push(lane);
                Ok(engine)
            })
            .collect();
        let mut done = Vec::new();
        for (engine, mut lanes) in engines.into_iter().zip(lanes) {
            if !lanes.is_empty() {
                engine.run(&plan, &mut lanes, first.stops());
            }
            done.push(lanes.into_iter().map(|lane| lane.out));
        }
        ready
            .into_iter()
            .map(|ready| {
                let engine = ready?;
                let out = done[engine].next().unwrap_or(Err(SolveFailure::Interrupted))?;
                Ok(Trajectory { engine: engines[engine].id(), ..out })
            })
            .collect()
    }

    /// Whether the engine of several patients at once runs a lane: by what is asked of it and nothing else, so that the
    /// bits of a run do not depend on those beside it.
    fn takes_lanes(&self, id: EngineId, plan: &Plan<'_>, lane: &Lane<'_>) -> bool {
        match id {
            EngineId::Bdf => false,
            EngineId::Rodas => true,
            EngineId::Auto => {
                plan.tolerance.rtol >= LEAST_RTOL_OF_LANES && self.rodas.can(plan, lane).is_ok()
            }
        }
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

#[cfg(test)]
mod tests {
    use lutetia_model::{Binding, NoFiles, SourceFile, check, compile};

    use super::*;
    use crate::record::StopRule;
    use crate::regimen::{Change, Dose};
    use crate::request::Options;

    fn one() -> Simulator {
        let text = include_str!("../tests/models/one.toml").to_owned();
        let file = SourceFile { name: "one.toml".to_owned(), text };
        let model = check(&file, &NoFiles).model.expect("no faults");
        let binding = Binding::all(lutetia_data::nuclides(), ["Lu-177"]);
        Simulator::new(compile(&model, &binding).expect("compiles"))
    }

    fn dose(at: f64, into: &str, amount: f64, over: f64) -> Dose {
        let activities = vec![("Lu-177".to_owned(), 1000.0)];
        let over = Some(over);
        Dose {
            at,
            into: into.to_owned(),
            activities,
            amount: Some(amount),
            over,
            ..Dose::default()
        }
    }

    /// Whatever lies beside a lane, its bits are those of a run of its own.
    fn each_is_as_alone(simulator: &Simulator, requests: &[Request<'_>]) {
        let together = simulator.run_together(requests);
        assert_eq!(together.len(), requests.len());
        for (k, (request, found)) in requests.iter().zip(&together).enumerate() {
            assert_eq!(found, &simulator.run(request), "lane {k}");
        }
        let backwards: Vec<_> = requests.iter().rev().copied().collect();
        let mut found = simulator.run_together(&backwards);
        found.reverse();
        assert_eq!(found, together, "in another order");
    }

    #[test]
    fn exact_lanes_do_not_see_each_other() {
        let simulator = one();
        let set = |name: &str, value: f64| simulator.parameters(&[(name, value)]).expect("known");
        let sets = [set("CL", 2.0), set("CL", -2.0), set("ka", 7.3), set("V", 1e-7), set("Q", 0.0)];
        let short = vec![1.0];
        let regimens = [
            Regimen::single(dose(0.0, "L.g", 50.0, 0.0)),
            Regimen::repeat(&dose(1.0, "L.c", 70.0, 0.5), 24.0, 3),
            Regimen::default(),
            Regimen::single(dose(0.0, "L.nowhere", 50.0, 0.0)),
        ];
        let changes = [Change { from: 30.0, parameters: set("CL", 6.0) }];
        let rule = |_: usize, y: &[f64]| y[1] < 40.0;
        let rule: &StopRule<'_> = &rule;
        let times: Vec<f64> = (0..40).map(|k| f64::from(k) * 2.3).collect();
        let options = Options { max_steps: 300, states: true, ..Options::default() };
        let request = |p, r: usize| Request::new(p, &regimens[r], &times).options(&options);
        let requests = [
            request(&sets[0][..], 0),
            request(&sets[1], 0),
            request(&sets[2], 1),
            request(&sets[0], 3),
            request(&short, 0),
            request(&sets[3], 1),
            request(&sets[4], 2),
            request(&sets[0], 1).changes(&changes),
            request(&sets[0], 1).until(95.0).follow_while(rule),
            request(&sets[0], 0),
        ];
        each_is_as_alone(&simulator, &requests);
        let found = simulator.run_together(&requests);
        assert_eq!(found[0], found[9], "twice the same");
        assert!(matches!(found[1], Err(SimError::Failed(SolveFailure::Impossible { .. }))));
        assert!(matches!(found[3], Err(SimError::Target { .. })), "{:?}", found[3]);
        assert!(matches!(found[4], Err(SimError::ParameterCount { .. })), "{:?}", found[4]);
        let stopped = found[8].as_ref().expect("runs");
        assert!(stopped.stopped && stopped.outputs.rows() < times.len(), "the rule ends it");
        for k in [0, 2, 6, 7, 9] {
            assert_eq!(found[k].as_ref().expect("runs").outputs.rows(), times.len(), "lane {k}");
        }
        let many = simulator.run_many(&requests);
        assert_eq!(many, found, "in groups");
        // With derivatives, and integrals to infinity.
        let options = Options { integrals: vec![0, 1], to_infinity: true, ..Options::default() };
        let wrt =
            [simulator.parameter("V").expect("known"), simulator.parameter("CL").expect("known")];
        let requests = [(0, 0), (1, 0), (2, 1), (4, 1)]
            .map(|(p, r)| Request::new(&sets[p], &regimens[r], &times).options(&options).wrt(&wrt));
        each_is_as_alone(&simulator, &requests);
        assert_eq!(simulator.run_many(&requests).iter().filter(|run| run.is_ok()).count(), 3);
    }

    /// Requests that the engine of lanes runs: boluses and infusions, one of them from where another ended.
    fn on_each_set(simulator: &mut Simulator) -> Vec<Vec<Result<Trajectory, SimError>>> {
        let set = |s: &Simulator, cl: f64| s.parameters(&[("CL", cl)]).expect("known");
        let sets: Vec<Vec<f64>> = (1..20).map(|k| set(simulator, 0.3 * f64::from(k))).collect();
        let regimen = Regimen::repeat(&dose(1.0, "L.c", 70.0, 0.5), 24.0, 3);
        let times: Vec<f64> = (0..40).map(|k| f64::from(k) * 2.3).collect();
        let options = Options {
            engine: EngineId::Rodas,
            integrals: vec![0, 1],
            to_infinity: true,
            states: true,
            ..Options::default()
        };
        let mut found = Vec::new();
        for instructions in InstructionSet::all() {
            let elimination = simulator.bdf.elimination();
            simulator.rodas = Rodas::new(&simulator.system, elimination, instructions);
            let requests: Vec<_> =
                sets.iter().map(|p| Request::new(p, &regimen, &times).options(&options)).collect();
            found.push(simulator.run_many(&requests));
            found.push(requests.iter().map(|request| simulator.run(request)).collect());
        }
        found
    }

    /// The bits are the same on every set of instructions that the processor has, alone and beside others.
    #[test]
    fn exact_bits_do_not_depend_on_the_instructions() {
        let found = on_each_set(&mut one());
        assert!(found[0].iter().all(Result::is_ok), "{:?}", found[0]);
        // Equality of numbers; zeros of either sign do not occur in what was asked.
        for (k, other) in found.iter().enumerate() {
            assert_eq!(other, &found[0], "{k}");
        }
        assert_eq!(found.len(), 2 * InstructionSet::all().len());
    }

    /// What is chosen by itself is the engine of lanes where it can and is worth it, and has the bits of that engine.
    #[test]
    fn exact_the_choice_depends_on_what_is_asked_alone() {
        let simulator = one();
        let p = simulator.parameters(&[]).expect("defaults");
        let add = Regimen::single(dose(0.0, "L.c", 50.0, 0.0));
        let mut steady = add.clone();
        steady.doses[0].kind = crate::regimen::DoseKind::Steady { every: 24.0 };
        let chosen = |engine: EngineId, rtol: f64| Options { engine, rtol, ..Options::default() };
        let (auto, tight) = (chosen(EngineId::Auto, 1e-6), chosen(EngineId::Auto, 1e-8));
        let own = [chosen(EngineId::Rodas, 1e-6), chosen(EngineId::Bdf, 1e-8)];
        let times = [1.0, 24.0];
        let request = |regimen, options| Request::new(&p, regimen, &times).options(options);
        let requests = [request(&add, &auto), request(&steady, &auto), request(&add, &auto)];
        let engines = |runs: Vec<Result<Trajectory, SimError>>| -> Vec<EngineId> {
            runs.into_iter().map(|run| run.expect("runs").engine).collect()
        };
        let expected = [EngineId::Rodas, EngineId::Bdf, EngineId::Rodas];
        assert_eq!(engines(simulator.run_many(&requests)), expected);
        for (k, engine) in expected.iter().enumerate() {
            assert_eq!(simulator.run(&requests[k]).expect("runs").engine, *engine);
        }
        assert_eq!(simulator.run(&requests[0]), simulator.run(&request(&add, &own[0])));
        assert_eq!(simulator.run(&request(&add, &tight)), simulator.run(&request(&add, &own[1])));
        let of = |wrt| simulator.run(&request(&add, &auto).wrt(wrt)).expect("runs").engine;
        assert_eq!(of(&[0]), EngineId::Bdf);
    }

    #[test]
    fn exact_only_requests_of_one_plan_run_together() {
        let (p, regimen) = (vec![1.0], Regimen::default());
        let one = Request::new(&p, &regimen, &[1.0]);
        let (tight, states) = (
            Options { rtol: 1e-8, ..Options::default() },
            Options { states: true, ..Options::default() },
        );
        let (other_regimen, other_p) = (Regimen::single(dose(0.0, "L.g", 1.0, 0.0)), vec![2.0]);
        assert!(one.goes_with(&Request::new(&other_p, &other_regimen, &[1.0]).until(7.0)));
        for other in [one.options(&tight), one.options(&states), one.wrt(&[0])] {
            assert!(!one.goes_with(&other));
        }
        assert!(!one.goes_with(&Request::new(&p, &regimen, &[2.0])));
        let flag = std::sync::atomic::AtomicBool::new(false);
        assert!(!one.goes_with(&one.stop(crate::engine::Stop::when(&flag))));
    }
}
