//! What is given, when, and where does it go?

use lutetia_model::system::{DoseTarget, System};
use lutetia_units::Dimension;

use crate::error::SimError;
use crate::text::{activity_text, closest, quantity_text, time_text};

/// One administration, in the internal units of the model.
///
/// The dose is split into hot and cold molecules: a nuclide of decay constant λ and activity A
/// (at the moment `at`) is `A / λ` molecules, `amount` counts hot and cold together. With
/// `over = T > 0` it flows in at a constant volume rate while the syringe decays:
/// `hot rate(t) = (h₀/T)·exp(−λ·(t − at))`, and the decayed part enters as cold, so that for a
/// single syringe whose decayed molecules stay cold, `hot(t) = exp(−λ·(t − at))·f₀·total(t)` holds at
/// all times. Daughters that grow in inside the syringe are not given.
#[derive(Debug, Clone, PartialEq)]
pub struct Dose {
    /// Start, internal time, ≥ 0. It arrives later by the lag of the pool, where the model file has one.
    pub at: f64,
    /// The pool, such as `L.plasma`.
    pub into: String,
    /// Nuclide and activity (MBq) at the start of the dose. May be empty for a cold dose.
    pub activities: Vec<(String, f64)>,
    /// Hot and cold molecules together (internal amount); `None` means carrier-free: every
    /// molecule is hot.
    pub amount: Option<f64>,
    /// Duration of a constant-rate infusion, internal time; 0 for a bolus.
    pub over: f64,
}

/// All administrations of one course of treatment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Regimen {
    /// The doses, in any order; they may overlap.
    pub doses: Vec<Dose>,
}

impl Regimen {
    /// One dose.
    #[must_use]
    pub fn single(dose: Dose) -> Self {
        Self { doses: vec![dose] }
    }

    /// The same dose `times` times, `every` internal time units apart, the first at `dose.at`.
    #[must_use]
    pub fn repeat(dose: &Dose, every: f64, times: usize) -> Self {
        let doses = (0..times)
            .map(|k| {
                let mut dose = dose.clone();
                #[expect(clippy::cast_precision_loss, reason = "cycles are few")]
                let shift = k as f64;
                dose.at += every * shift;
                dose
            })
            .collect();
        Self { doses }
    }
}

/// Material that flows into one state during a segment: `constant + Σ size·exp(−λ·(t − start))`.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) state: usize,
    pub(crate) constant: f64,
    /// (size, decay constant, start).
    pub(crate) decaying: Vec<(f64, f64, f64)>,
}

/// A bolus, resolved to states.
#[derive(Debug, Clone)]
pub(crate) struct Bolus {
    pub(crate) time: f64,
    pub(crate) adds: Vec<(usize, f64)>,
}

/// An infusion, resolved to states.
#[derive(Debug, Clone)]
pub(crate) struct Infusion {
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) sources: Vec<Source>,
}

/// Times closer than this (relative) are one moment.
const SAME_MOMENT: f64 = 1e-12;

/// Whether two times cannot be told apart.
pub(crate) fn same_moment(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME_MOMENT * a.abs().max(b.abs())
}

/// A regimen resolved against a system.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doses {
    pub(crate) boluses: Vec<Bolus>,
    pub(crate) infusions: Vec<Infusion>,
    /// Distinct starts in time order, with whether an infusion begins there.
    starts: Vec<(f64, bool)>,
    /// All molecules given.
    pub(crate) total_amount: f64,
    /// Hot molecules given, per nuclide of the system.
    pub(crate) hot_amounts: Vec<f64>,
    /// What goes into which state, dose by dose.
    pub(crate) given: Vec<(usize, f64)>,
}

impl Doses {
    /// Resolves and checks a regimen.
    pub(crate) fn new(system: &System, regimen: &Regimen) -> Result<Self, SimError> {
        let mut doses = Self { hot_amounts: vec![0.0; system.nuclides().len()], ..Self::default() };
        for (index, dose) in regimen.doses.iter().enumerate() {
            doses.add(system, index + 1, dose)?;
        }
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

    fn add(&mut self, system: &System, dose_number: usize, dose: &Dose) -> Result<(), SimError> {
        let target = system
            .dose_target(&dose.into)
            .map_err(|error| SimError::Target { dose: dose_number, error })?;
        let units = system.units();
        let bad = |what: &'static str, value: String, expected: &'static str| SimError::BadDose {
            dose: dose_number,
            into: dose.into.clone(),
            what,
            value,
            expected,
        };
        if !dose.at.is_finite() || dose.at < 0.0 {
            let value = time_text(units, dose.at);
            return Err(bad("start", value, "a finite time, zero or later"));
        }
        if !dose.over.is_finite() || dose.over < 0.0 {
            let value = time_text(units, dose.over);
            return Err(bad("duration", value, "a finite time, zero or more"));
        }
        if let Some(amount) = dose.amount
            && !(amount.is_finite() && amount > 0.0)
        {
            let value = quantity_text(units, Dimension::AMOUNT, amount);
            return Err(bad("amount", value, "a finite number above zero"));
        }
        // It arrives later than it is given. Only what carries no nuclide lags, so that no decay is missed.
        let dose = &Dose { at: dose.at + target.lag, ..dose.clone() };
        let mut hot: Vec<(usize, usize, f64)> = Vec::new();
        for (name, activity) in &dose.activities {
            if !activity.is_finite() || *activity < 0.0 {
                return Err(bad(
                    "activity",
                    activity_text(*activity),
                    "a finite number, zero or more",
                ));
            }
            let (nuclide, state) = find_nuclide(system, &target, dose_number, name)?;
            let amount = activity / system.nuclides()[nuclide].activity_per_amount;
            if !amount.is_finite() {
                return Err(bad("activity", activity_text(*activity), "what a syringe can hold"));
            }
            hot.push((nuclide, state, amount));
        }
        let hot_total: f64 = hot.iter().map(|h| h.2).sum();
        let total = dose.amount.unwrap_or(hot_total);
        if total <= 0.0 {
            return Err(SimError::EmptyDose { dose: dose_number, into: dose.into.clone() });
        }
        // An amount typed with a few digits may lie a rounding below the hot amount it should equal.
        if hot_total > total * (1.0 + 1e-9) {
            return Err(self.hot_exceeds(system, dose_number, dose, hot_total, total));
        }
        if target.cold.is_none() && total > hot_total * (1.0 + 1e-9) {
            return Err(SimError::NoColdForm {
                dose: dose_number,
                into: dose.into.clone(),
                amount: quantity_text(system.units(), Dimension::AMOUNT, total),
                hot: quantity_text(system.units(), Dimension::AMOUNT, hot_total),
            });
        }
        self.total_amount += total;
        for &(nuclide, _, amount) in &hot {
            self.hot_amounts[nuclide] += amount;
        }
        self.given.extend(hot.iter().map(|h| (h.1, h.2)));
        if let Some(cold) = target.cold {
            self.given.push((cold, total));
        }
        // An infusion too short to be told from its start is a bolus.
        let infused = !same_moment(dose.at, dose.at + dose.over);
        self.starts.push((dose.at, infused));
        if infused {
            self.infusions.push(infusion(system, dose, target.cold, &hot, total));
        } else {
            let mut adds: Vec<(usize, f64)> = hot.iter().map(|h| (h.1, h.2)).collect();
            if let Some(cold) = target.cold {
                adds.push((cold, (total - hot_total).max(0.0)));
            }
            self.boluses.push(Bolus { time: dose.at, adds });
        }
        Ok(())
    }

    fn hot_exceeds(
        &self,
        system: &System,
        dose_number: usize,
        dose: &Dose,
        hot: f64,
        total: f64,
    ) -> SimError {
        let parts: Vec<String> = dose
            .activities
            .iter()
            .map(|(nuclide, activity)| format!("{} of {nuclide}", activity_text(*activity)))
            .collect();
        SimError::HotExceedsAmount {
            dose: dose_number,
            activity: parts.join(" and "),
            verb: if parts.len() > 1 { "are" } else { "is" },
            hot: quantity_text(system.units(), Dimension::AMOUNT, hot),
            amount: quantity_text(system.units(), Dimension::AMOUNT, total),
        }
    }

    /// Every time at which the right-hand side or the state jumps.
    pub(crate) fn edges(&self) -> Vec<f64> {
        self.boluses
            .iter()
            .map(|b| b.time)
            .chain(self.infusions.iter().flat_map(|i| [i.start, i.end]))
            .collect()
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

fn infusion(
    system: &System,
    dose: &Dose,
    cold: Option<usize>,
    hot: &[(usize, usize, f64)],
    total: f64,
) -> Infusion {
    let rate = |amount: f64| amount / dose.over;
    let lambda = |nuclide: usize| system.nuclides()[nuclide].lambda;
    let mut sources: Vec<Source> = hot
        .iter()
        .map(|&(nuclide, state, amount)| Source {
            state,
            constant: 0.0,
            decaying: vec![(rate(amount), lambda(nuclide), dose.at)],
        })
        .collect();
    if let Some(state) = cold {
        sources.push(Source {
            state,
            constant: rate(total),
            decaying: hot
                .iter()
                .map(|&(nuclide, _, amount)| (-rate(amount), lambda(nuclide), dose.at))
                .collect(),
        });
    }
    Infusion { start: dose.at, end: dose.at + dose.over, sources }
}
