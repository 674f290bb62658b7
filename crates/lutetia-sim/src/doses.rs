//! What do the doses of a regimen bring into which state of the model, and when?
//!
//! A dose becomes a bolus, an infusion, an amount that is set or a reset, in states and internal times, under the
//! parameters that hold when it is given. What a reset or a steady state takes away is taken away here.

use std::collections::BTreeMap;

use lutetia_model::DoseNumber;
use lutetia_model::system::{ActionInfo, DoseNumbers, DoseTarget, Evaluator, EventTarget, System};
use lutetia_units::Dimension;

use crate::error::{Bounded, SimError, SolveFailure};
use crate::regimen::{Change, Dose, DoseKind, Regimen, same_moment};
use crate::text::{activity_text, closest, parameters_text, quantity_text, time_text};

/// Most doses before a steady state that have not arrived when it is looked at.
const MOST_ON_THE_WAY: f64 = 10_000.0;

/// Material that flows into one state during a segment: `constant + Σ size·exp(−λ·(t − start))`.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) state: usize,
    pub(crate) constant: f64,
    /// (size, decay constant, start).
    pub(crate) decaying: Vec<(f64, f64, f64)>,
    /// How parameters change all of it.
    pub(crate) by: By,
}

impl Source {
    /// The rate so long after a time.
    pub(crate) fn rate(&self, time: f64, elapsed: f64) -> f64 {
        let mut rate = self.constant;
        for &(size, lambda, start) in &self.decaying {
            rate += size * (-lambda * (time - start + elapsed)).exp();
        }
        rate
    }
}

/// What decides how long a dose flows in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Lasting {
    /// The dose itself.
    Said,
    /// The duration that the model gives.
    Duration,
    /// The rate that the model gives.
    Rate,
}

/// On which numbers of the model something of a dose depends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct By {
    /// Index of the dose target.
    pub(crate) target: usize,
    pub(crate) lasting: Lasting,
}

/// What a bolus brings into a state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Add {
    pub(crate) state: usize,
    pub(crate) amount: f64,
    /// ∂amount/∂lag: what decays on the way.
    pub(crate) by_lag: f64,
}

/// A bolus, resolved to states.
#[derive(Debug, Clone)]
pub(crate) struct Bolus {
    /// When it was given.
    given: f64,
    /// When it arrives.
    pub(crate) time: f64,
    pub(crate) adds: Vec<Add>,
    /// Index of the dose target.
    pub(crate) target: usize,
    /// The steady state that it belongs to.
    of: Option<f64>,
}

/// An infusion, resolved to states.
#[derive(Debug, Clone)]
pub(crate) struct Infusion {
    given: f64,
    pub(crate) start: f64,
    pub(crate) end: f64,
    /// Whether its start and its end are where the dose has them, and not where a steady state or a reset cuts it.
    pub(crate) own: (bool, bool),
    /// Its whole length.
    pub(crate) over: f64,
    pub(crate) sources: Vec<Source>,
    pub(crate) by: By,
    /// The steady state that it belongs to.
    of: Option<f64>,
}

/// An amount that is set.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) time: f64,
    /// Of hot and cold together.
    pub(crate) total: (ActionInfo, f64),
    /// What each form holds, where the dose has an activity.
    pub(crate) forms: Option<Vec<(usize, f64)>>,
}

/// Doses that are in their steady state at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Steady {
    pub(crate) time: f64,
    pub(crate) every: f64,
    /// Whether it is added to what is there, and does not take its place.
    pub(crate) adds: bool,
    /// The pools, for people.
    pub(crate) into: Vec<String>,
    /// What arrives within one interval from that moment on.
    pub(crate) interval: Doses,
}

/// A regimen resolved against a system.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doses {
    pub(crate) boluses: Vec<Bolus>,
    pub(crate) infusions: Vec<Infusion>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) resets: Vec<f64>,
    pub(crate) steady: Vec<Steady>,
    /// Distinct starts in time order, with whether an infusion begins there.
    starts: Vec<(f64, bool)>,
    /// All molecules given.
    pub(crate) total_amount: f64,
    /// Hot molecules given, per nuclide of the system.
    pub(crate) hot_amounts: Vec<f64>,
    /// What goes into which state, dose by dose.
    pub(crate) given: Vec<(usize, f64)>,
    /// When doses are given.
    moments: Vec<f64>,
}

/// The molecules of a dose, all checked.
struct Molecules {
    target: DoseTarget,
    /// (nuclide, state, amount) of each activity.
    hot: Vec<(usize, usize, f64)>,
    /// Hot and cold together.
    total: f64,
}

/// What holds when doses are given: the parameters from a time on, the first from the beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holding<'a> {
    pub(crate) first: &'a [f64],
    pub(crate) later: &'a [Change],
}

impl<'a> Holding<'a> {
    /// Which of them hold at a time, and their number.
    fn at(&self, time: f64) -> (usize, &'a [f64]) {
        let holds = |change: &&Change| change.from <= time || same_moment(change.from, time);
        let begun = self.later.iter().take_while(holds).count();
        let last = begun.checked_sub(1).and_then(|k| self.later.get(k));
        (begun, last.map_or(self.first, |change| &change.parameters))
    }
}

impl Doses {
    /// Resolves and checks a regimen under the parameters that hold; without any, the numbers that the model gives are
    /// taken to be in range.
    pub(crate) fn new(
        system: &System,
        regimen: &Regimen,
        holding: Option<Holding<'_>>,
    ) -> Result<Self, SimError> {
        let mut doses = Self { hot_amounts: vec![0.0; system.nuclides().len()], ..Self::default() };
        let mut numbers = Numbers { system, holding, evaluators: BTreeMap::new() };
        for (index, dose) in regimen.doses.iter().enumerate() {
            doses.add(&mut numbers, (index + 1, dose))?;
        }
        doses.take_away();
        doses.boluses.sort_by(|a, b| a.time.total_cmp(&b.time));
        doses.starts.sort_by(|a, b| a.0.total_cmp(&b.0));
        doses.starts.dedup_by(|later, first| {
            let same = same_moment(later.0, first.0);
            if same {
                first.1 |= later.1;
            }
            same
        });
        Ok(doses)
    }

    fn add(
        &mut self,
        numbers: &mut Numbers<'_>,
        (number, dose): (usize, &Dose),
    ) -> Result<(), SimError> {
        let system = numbers.system;
        let faults = Faults { system, number, dose };
        if !dose.at.is_finite() {
            return Err(faults.time("start", dose.at, "a finite time"));
        }
        self.moments.push(dose.at);
        if dose.kind == DoseKind::Resets {
            self.resets.push(dose.at);
            if dose.activities.is_empty() && dose.amount.is_none() {
                return Ok(());
            }
        }
        let molecules = faults.molecules()?;
        self.count(&molecules);
        if dose.kind == DoseKind::Replaces {
            self.starts.push((dose.at, false));
            self.settings.push(setting(dose, &molecules));
            return Ok(());
        }
        let found = numbers.of(&molecules.target, dose.at)?;
        let (over, lasting) = lasting(dose, &found, molecules.total);
        let steady = match dose.kind {
            DoseKind::Steady { every } => Some((every, false)),
            DoseKind::AddsSteady { every } => Some((every, true)),
            _ => None,
        };
        let of = steady.map(|_| dose.at);
        let arriving =
            Arriving { system, molecules: &molecules, numbers: found, over, lasting, of };
        // An infusion too short to be told from its start is a bolus.
        let (start, end) = (dose.at + found.lag, dose.at + found.lag + over);
        self.starts.push((start, !same_moment(start, end)));
        self.arrive(&arriving, dose.at, f64::NEG_INFINITY);
        let Some((every, adds)) = steady else { return Ok(()) };
        faults.interval(every, found.lag + over)?;
        if adds {
            faults.linear(&molecules)?;
        }
        // What is added is so by itself; what takes the place of all is one state.
        let same = |s: &Steady| !adds && !s.adds && same_moment(s.time, dose.at);
        let place = self.steady.iter().position(same);
        let place = place.unwrap_or_else(|| {
            let hot_amounts = vec![0.0; self.hot_amounts.len()];
            let interval = Self { hot_amounts, ..Self::default() };
            let into = Vec::new();
            self.steady.push(Steady { time: dose.at, every, adds, into, interval });
            self.steady.len() - 1
        });
        if !same_moment(self.steady[place].every, every) {
            let expected = "the interval of the other doses that are in their steady state then";
            return Err(faults.time("interval", every, expected));
        }
        self.steady[place].into.push(dose.into.clone());
        self.steady[place].interval.count(&molecules);
        self.steady[place].interval.arrive(&arriving, dose.at, f64::NEG_INFINITY);
        // What was given before and is still on its way.
        let mut before = every;
        while before < found.lag + over || same_moment(before, found.lag + over) {
            self.arrive(&arriving, dose.at - before, dose.at);
            self.steady[place].interval.arrive(&arriving, dose.at - before, dose.at);
            before += every;
        }
        Ok(())
    }

    /// The same time without what is given; what decides the tolerances stays.
    pub(crate) fn emptied(&self) -> Self {
        Self { boluses: Vec::new(), infusions: Vec::new(), ..self.clone() }
    }

    /// Counts what a dose gives.
    fn count(&mut self, molecules: &Molecules) {
        let Molecules { target, hot, total } = molecules;
        for &(nuclide, _, amount) in hot {
            self.hot_amounts[nuclide] += amount;
        }
        self.given.extend(hot.iter().map(|h| (h.1, h.2)));
        if let Some(cold) = target.cold {
            self.given.push((cold, *total));
        }
        self.total_amount += total;
    }

    /// What arrives of a dose given at a time, as far as it does not before another time.
    fn arrive(&mut self, dose: &Arriving<'_>, given: f64, from: f64) {
        let start = given + dose.numbers.lag;
        let end = start + dose.over;
        if same_moment(start, end) {
            if start > from || same_moment(start, from) {
                self.boluses.push(dose.bolus(given));
            }
            return;
        }
        let infusion = dose.infusion(given);
        if start >= from || same_moment(start, from) {
            self.infusions.push(infusion);
        } else if end > from && !same_moment(end, from) {
            self.infusions.push(Infusion { start: from, own: (false, true), ..infusion });
        }
    }

    /// What a reset or a steady state takes away: what was given before it and has not arrived.
    fn take_away(&mut self) {
        let steady = self.steady.iter().filter(|s| !s.adds).map(|s| s.time);
        let ends: Vec<f64> = self.resets.iter().copied().chain(steady).collect();
        for time in ends {
            // What a steady state brings itself is given before it and arrives from it on.
            let early = |t: f64| t < time && !same_moment(t, time);
            let late = |t: f64| t > time || same_moment(t, time);
            let own = |of: Option<f64>| of.is_some_and(|of| same_moment(of, time));
            self.boluses.retain(|b| !(early(b.given) && late(b.time)) || own(b.of));
            for infusion in &mut self.infusions {
                let own = own(infusion.of);
                if early(infusion.given) && infusion.end > time && !own {
                    (infusion.end, infusion.own.1) = (time, false);
                }
            }
            self.infusions.retain(|i| i.end > i.start && !same_moment(i.start, i.end));
        }
    }

    /// Every time at which the right-hand side or the state jumps.
    pub(crate) fn edges(&self) -> Vec<f64> {
        let boluses = self.boluses.iter().map(|b| b.time);
        let infusions = self.infusions.iter().flat_map(|i| [i.start, i.end]);
        let settings = self.settings.iter().map(|s| s.time);
        let steady = self.steady.iter().map(|s| s.time);
        boluses
            .chain(infusions)
            .chain(settings)
            .chain(self.resets.iter().copied())
            .chain(steady)
            .collect()
    }

    /// When the first dose is given.
    pub(crate) fn first(&self) -> Option<f64> {
        self.moments.iter().copied().reduce(f64::min)
    }

    /// Where in the schedule a time lies, for people: `cycle 2, 0.5 h after the infusion began`.
    pub(crate) fn place(&self, system: &System, time: f64) -> String {
        let given = self.starts.partition_point(|start| start.0 <= time);
        match given.checked_sub(1).map(|last| self.starts[last]) {
            None if self.starts.is_empty() => "nothing is given".to_owned(),
            None => "before the first dose".to_owned(),
            Some((start, infused)) => format!(
                "cycle {given}, {} after the {}",
                time_text(system.units(), time - start),
                if infused { "infusion began" } else { "bolus" }
            ),
        }
    }
}

/// A dose on its way.
struct Arriving<'a> {
    system: &'a System,
    molecules: &'a Molecules,
    numbers: DoseNumbers,
    over: f64,
    lasting: Lasting,
    /// The steady state that it belongs to.
    of: Option<f64>,
}

impl Arriving<'_> {
    fn lambda(&self, nuclide: usize) -> f64 {
        self.system.nuclides()[nuclide].lambda
    }

    fn bolus(&self, given: f64) -> Bolus {
        let Molecules { target, hot, total } = self.molecules;
        let DoseNumbers { lag, bioavailability, .. } = self.numbers;
        let mut adds = Vec::with_capacity(hot.len() + 1);
        let mut cold = Add { state: 0, amount: bioavailability * total, by_lag: 0.0 };
        for &(nuclide, state, amount) in hot {
            let lambda = self.lambda(nuclide);
            let left = bioavailability * amount * (-lambda * lag).exp();
            adds.push(Add { state, amount: left, by_lag: -lambda * left });
            cold.amount -= left;
            cold.by_lag += lambda * left;
        }
        if let Some(state) = target.cold {
            adds.push(Add { state, amount: cold.amount.max(0.0), ..cold });
        }
        Bolus { given, time: given + lag, adds, target: target.index, of: self.of }
    }

    fn infusion(&self, given: f64) -> Infusion {
        let Molecules { target, hot, total } = self.molecules;
        let rate = |amount: f64| self.numbers.bioavailability * amount / self.over;
        let by = By { target: target.index, lasting: self.lasting };
        let mut sources: Vec<Source> = hot
            .iter()
            .map(|&(nuclide, state, amount)| Source {
                state,
                constant: 0.0,
                decaying: vec![(rate(amount), self.lambda(nuclide), given)],
                by,
            })
            .collect();
        if let Some(state) = target.cold {
            sources.push(Source {
                state,
                constant: rate(*total),
                decaying: hot
                    .iter()
                    .map(|&(nuclide, _, amount)| (-rate(amount), self.lambda(nuclide), given))
                    .collect(),
                by,
            });
        }
        let start = given + self.numbers.lag;
        let (end, over) = (start + self.over, self.over);
        Infusion { given, start, end, own: (true, true), over, sources, by, of: self.of }
    }
}

/// How long a dose flows in, and what decides that.
fn lasting(dose: &Dose, numbers: &DoseNumbers, total: f64) -> (f64, Lasting) {
    match (dose.over, numbers.duration, numbers.rate) {
        (Some(over), ..) => (over, Lasting::Said),
        (None, Some(duration), _) => (duration, Lasting::Duration),
        (None, None, Some(rate)) => (numbers.bioavailability * total / rate, Lasting::Rate),
        (None, None, None) => (0.0, Lasting::Said),
    }
}

/// An amount that is set.
fn setting(dose: &Dose, molecules: &Molecules) -> Setting {
    let Molecules { target, hot, total } = molecules;
    let all =
        EventTarget::Amount { cold: target.cold, hot: target.hot.iter().map(|h| h.1).collect() };
    let forms = (!dose.activities.is_empty()).then(|| {
        let of = |state: usize| hot.iter().filter(|h| h.1 == state).map(|h| h.2).sum::<f64>();
        let mut forms: Vec<(usize, f64)> = target.hot.iter().map(|h| (h.1, of(h.1))).collect();
        let all_hot: f64 = forms.iter().map(|f| f.1).sum();
        forms.extend(target.cold.map(|cold| (cold, (total - all_hot).max(0.0))));
        forms
    });
    let action = ActionInfo { name: target.name.clone(), target: all, adds: false };
    Setting { time: dose.at, total: (action, *total), forms }
}

/// The numbers that the model gives of doses, with an evaluator for each set of parameters that is needed.
struct Numbers<'a> {
    system: &'a System,
    holding: Option<Holding<'a>>,
    evaluators: BTreeMap<usize, Evaluator>,
}

impl Numbers<'_> {
    /// Those of a target when a dose is given.
    fn of(&mut self, target: &DoseTarget, at: f64) -> Result<DoseNumbers, SimError> {
        let Some(holding) = self.holding.filter(|_| target.formulas.iter().any(Option::is_some))
        else {
            return Ok(DoseNumbers::default());
        };
        let (place, parameters) = holding.at(at);
        let evaluator = self.evaluators.entry(place).or_insert_with(|| {
            let mut evaluator = self.system.evaluator();
            evaluator.set_parameters(parameters);
            evaluator
        });
        let numbers = evaluator.dose_numbers(target.index);
        for (number, formula) in DoseNumber::ALL.into_iter().zip(&target.formulas) {
            let Some(formula) = formula else { continue };
            let value = numbers.get(number).unwrap_or(f64::NAN);
            if !number.allows(value) {
                let (into, formula) = (target.name.clone(), formula.clone());
                return Err(SimError::Failed(SolveFailure::Impossible {
                    what: Box::new(Bounded::Dosing { number, into, formula }),
                    value: quantity_text(self.system.units(), number.dimension(), value),
                    expected: number.range(),
                    when: String::new(),
                    parameters: parameters_text(self.system, parameters),
                }));
            }
        }
        Ok(numbers)
    }
}

/// Looks at a dose and says what is wrong with it.
struct Faults<'a> {
    system: &'a System,
    /// From 1.
    number: usize,
    dose: &'a Dose,
}

impl Faults<'_> {
    fn bad(&self, what: &'static str, value: String, expected: &'static str) -> SimError {
        SimError::BadDose { dose: self.number, into: self.dose.into.clone(), what, value, expected }
    }

    fn time(&self, what: &'static str, value: f64, expected: &'static str) -> SimError {
        self.bad(what, time_text(self.system.units(), value), expected)
    }

    /// An interval at which not too many doses are on their way at once.
    fn interval(&self, every: f64, stay: f64) -> Result<(), SimError> {
        if !(every.is_finite() && every > 0.0) {
            return Err(self.time("interval", every, "a finite time above zero"));
        }
        if stay / every > MOST_ON_THE_WAY {
            let expected = "an interval in which at most 10 000 doses are on their way at once";
            return Err(self.time("interval", every, expected));
        }
        Ok(())
    }

    /// A model in which what the dose brings adds up.
    fn linear(&self, molecules: &Molecules) -> Result<(), SimError> {
        let states: Vec<usize> =
            molecules.hot.iter().map(|h| h.1).chain(molecules.target.cold).collect();
        match self.system.nonlinear_from(&states) {
            None => Ok(()),
            Some(state) => Err(SimError::NotLinear {
                dose: self.number,
                into: self.dose.into.clone(),
                state: self.system.states()[state].name.clone(),
            }),
        }
    }

    /// The molecules of the dose.
    fn molecules(&self) -> Result<Molecules, SimError> {
        let Self { system, number, dose } = *self;
        let target = system
            .dose_target(&dose.into)
            .map_err(|error| SimError::Target { dose: number, error })?;
        let units = system.units();
        if let Some(over) = dose.over
            && !(over.is_finite() && over >= 0.0)
        {
            return Err(self.time("duration", over, "a finite time, zero or more"));
        }
        let replaces = dose.kind == DoseKind::Replaces;
        if let Some(amount) = dose.amount
            && !(amount.is_finite() && (amount > 0.0 || (replaces && amount >= 0.0)))
        {
            let value = quantity_text(units, Dimension::AMOUNT, amount);
            let expected = if replaces {
                "a finite number, zero or more"
            } else {
                "a finite number above zero"
            };
            return Err(self.bad("amount", value, expected));
        }
        let mut hot: Vec<(usize, usize, f64)> = Vec::new();
        for (name, activity) in &dose.activities {
            if !activity.is_finite() || *activity < 0.0 {
                let expected = "a finite number, zero or more";
                return Err(self.bad("activity", activity_text(*activity), expected));
            }
            let (nuclide, state) = find_nuclide(system, &target, number, name)?;
            let amount = activity / system.nuclides()[nuclide].activity_per_amount;
            if !amount.is_finite() {
                return Err(self.bad(
                    "activity",
                    activity_text(*activity),
                    "what a syringe can hold",
                ));
            }
            hot.push((nuclide, state, amount));
        }
        let hot_total: f64 = hot.iter().map(|h| h.2).sum();
        let total = dose.amount.unwrap_or(hot_total);
        let something = !dose.activities.is_empty() || dose.amount.is_some();
        if total <= 0.0 && !(replaces && something) {
            return Err(SimError::EmptyDose { dose: number, into: dose.into.clone() });
        }
        // An amount typed with a few digits may lie a rounding below the hot amount it should equal.
        if hot_total > total * (1.0 + 1e-9) {
            return Err(self.hot_exceeds(hot_total, total));
        }
        if target.cold.is_none()
            && total > hot_total * (1.0 + 1e-9)
            && !(replaces && hot.is_empty())
        {
            return Err(SimError::NoColdForm {
                dose: number,
                into: dose.into.clone(),
                amount: quantity_text(units, Dimension::AMOUNT, total),
                hot: quantity_text(units, Dimension::AMOUNT, hot_total),
            });
        }
        Ok(Molecules { target, hot, total })
    }

    fn hot_exceeds(&self, hot: f64, total: f64) -> SimError {
        let parts: Vec<String> = self
            .dose
            .activities
            .iter()
            .map(|(nuclide, activity)| format!("{} of {nuclide}", activity_text(*activity)))
            .collect();
        SimError::HotExceedsAmount {
            dose: self.number,
            activity: parts.join(" and "),
            verb: if parts.len() > 1 { "are" } else { "is" },
            hot: quantity_text(self.system.units(), Dimension::AMOUNT, hot),
            amount: quantity_text(self.system.units(), Dimension::AMOUNT, total),
        }
    }
}

fn find_nuclide(
    system: &System,
    target: &DoseTarget,
    dose: usize,
    name: &str,
) -> Result<(usize, usize), SimError> {
    let simple = |text: &str| text.to_lowercase().replace('-', "");
    target
        .hot
        .iter()
        .find(|(nuclide, _)| simple(&system.nuclides()[*nuclide].name) == simple(name))
        .copied()
        .ok_or_else(|| {
            let known: Vec<&str> = target
                .hot
                .iter()
                .map(|(nuclide, _)| system.nuclides()[*nuclide].name.as_str())
                .collect();
            SimError::Nuclide {
                dose,
                nuclide: name.to_owned(),
                into: target.name.clone(),
                hint: closest(name, &known),
                known: if known.is_empty() {
                    "no nuclide: its species has no label".to_owned()
                } else {
                    known.join(", ")
                },
            }
        })
}
