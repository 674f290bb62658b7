//! What a simulation was given and does not use: doses after its end, no dose at all, inputs that keep their defaults,
//! values that nothing reads. None of it is an error; a person should look.

use std::collections::BTreeMap;

use lutetia_model::system::System;
use lutetia_units::{Dimension, significant};

use crate::{LoadedModel, Scenario};

/// What a simulation is given.
struct Given<'a> {
    scenario: &'a Scenario,
    system: &'a System,
    /// The last time, internal; infinity where integrals go on.
    end: f64,
}

impl Scenario {
    /// A sentence for each thing that is without effect where a simulation ends at an internal time (infinity where
    /// integrals go on): late doses, none, inputs that nothing drives, and what was `set` and nothing reads.
    #[must_use]
    pub fn remarks(&self, set: &[&str], end: f64) -> Vec<String> {
        let given = Given { scenario: self, system: self.system(), end };
        let mut all = given.late_doses();
        all.extend(given.no_dose());
        all.extend(given.idle_inputs());
        all.extend(unread_of(given.system, set));
        all
    }
}

impl Given<'_> {
    fn time(&self, internal: f64) -> String {
        let unit = self.system.units().unit_of(Dimension::TIME);
        format!("{} {unit}", significant(self.system.units().from_internal(internal, &unit), 6))
    }

    /// Doses that arrive after the end, by pool.
    fn late_doses(&self) -> Vec<String> {
        let mut late: Vec<(&str, usize, f64)> = Vec::new();
        let mut evaluator = self.system.evaluator();
        evaluator.set_parameters(self.scenario.parameters());
        for dose in &self.scenario.regimen().doses {
            let lag = |index| evaluator.dose_numbers(index).lag;
            let lag = self.system.dose_target(&dose.into).map_or(0.0, |t| lag(t.index));
            // A lag that is not a number is refused elsewhere.
            if dose.into.is_empty() || dose.at + lag <= self.end || lag.is_nan() {
                continue;
            }
            match late.iter_mut().find(|l| l.0 == dose.into) {
                Some((_, n, first)) => {
                    *n += 1;
                    *first = first.min(dose.at);
                }
                None => late.push((&dose.into, 1, dose.at)),
            }
        }
        let said = |(into, n, first): (&str, usize, f64)| {
            let (at, end) = (self.time(first), self.time(self.end));
            if n == 1 {
                format!(
                    "the dose into `{into}` at {at} is given after the end, {end}, and changes nothing"
                )
            } else {
                format!(
                    "{n} doses into `{into}`, the first at {at}, are given after the end, {end}, and change nothing"
                )
            }
        };
        late.into_iter().map(said).collect()
    }

    /// No dose where a nuclide waits for one, or where nothing moves without.
    fn no_dose(&self) -> Option<String> {
        if !self.scenario.regimen().doses.is_empty() {
            return None;
        }
        if self.system.dose_targets().iter().any(|t| !t.hot.is_empty()) {
            return Some("no dose is given, so every activity is 0".to_owned());
        }
        // An event, or a branch at a time, may move later what stands still at the start.
        let later = !self.system.events().is_empty()
            || self.system.switches().iter().any(|switch| switch.timed);
        (self.scenario.inputs().curves.is_empty() && !later && self.still()).then(|| {
            "no dose is given and nothing else changes the model, so every output stays as it starts".to_owned()
        })
    }

    /// Whether no state moves at the start.
    fn still(&self) -> bool {
        let mut evaluator = self.system.evaluator();
        let states = self.system.states().len();
        let inputs: Vec<f64> =
            self.system.inputs().iter().map(|i| i.default.unwrap_or(f64::NAN)).collect();
        let (mut x, mut dx) = (vec![0.0; states], vec![0.0; states]);
        evaluator.initial(&mut x);
        evaluator.rhs(0.0, &x, &inputs, &mut dx);
        // Rounding of gain and loss in balance is not motion.
        states > 0 && x.iter().zip(&dx).all(|(x, dx)| dx.abs() <= 1e-12 * x.abs())
    }

    /// Inputs that nothing drives.
    fn idle_inputs(&self) -> Option<String> {
        let idle: Vec<String> = self
            .system
            .inputs()
            .iter()
            .filter(|i| self.scenario.inputs().curves.iter().all(|c| c.input != i.name))
            .filter_map(|i| {
                let value = significant(self.system.units().from_internal(i.default?, &i.unit), 6);
                let unit =
                    if i.unit.symbol() == "1" { String::new() } else { format!(" {}", i.unit) };
                Some(format!("`{}` ({value}{unit})", i.name))
            })
            .collect();
        match &idle[..] {
            [] => None,
            [one] => Some(format!("nothing drives the input {one}; it keeps its default")),
            several => Some(format!(
                "nothing drives the inputs {}; they keep their defaults",
                several.join(", ")
            )),
        }
    }
}

/// Parameters and covariates that were set and that no rate, output or initial value depends on.
fn unread_of(system: &System, set: &[&str]) -> Vec<String> {
    let infos = system.parameters();
    let names = system.unread_parameters().into_iter().map(|k| infos[k].name.as_str());
    let said = |name| format!("`{name}` is set, and nothing in the model reads it");
    names.filter(|name| set.contains(name)).map(said).collect()
}

/// The same for what a step of an experiment sets.
#[must_use]
pub fn unread(
    models: &BTreeMap<String, LoadedModel>,
    model: &str,
    set: &BTreeMap<String, String>,
) -> Vec<String> {
    let set: Vec<&str> = set.keys().map(String::as_str).collect();
    models.get(model).map_or_else(Vec::new, |m| unread_of(m.simulator.system(), &set))
}
