//! Time-integrated activities of a model by the amount of ligand.

use std::sync::atomic::{AtomicBool, Ordering};

use lutetia_model::system::BoundNuclide;
use lutetia_scenario::{DoseEntry, LoadedModel, ScenarioError};
use lutetia_sim::{Dose, Options, Regimen, Request, Trajectory};
use lutetia_units::{Dimension, Unit};
use rayon::prelude::*;

use super::{Sweep, SweepError};
use crate::steps::StepError;

/// What was simulated.
pub(super) struct Grid {
    /// Amount of hot ligand in the dose, nmol.
    pub(super) hot_nmol: f64,
    /// Relative tolerance of the integration.
    pub(super) rtol: f64,
    /// In the order of the step.
    pub(super) amounts: Vec<OfAmount>,
}

/// What one amount of ligand does.
pub(super) struct OfAmount {
    /// As typed.
    pub(super) text: String,
    /// Hot and cold, nmol.
    pub(super) nmol: f64,
    /// Time-integrated activity coefficient of each observable, Ã/A₀ to infinity, h; none where the integral does not
    /// exist.
    pub(super) coefficients: Vec<Option<f64>>,
    /// Integral of the first over that of the second, of each pair; none where the second is not above zero.
    pub(super) ratios: Vec<Option<f64>>,
    /// Points (h, MBq) of each observable; empty where the curves are not kept.
    pub(super) curves: Vec<Vec<(f64, f64)>>,
}

/// The outputs whose integrals are asked for, each once.
fn outputs(step: &Sweep, model: &LoadedModel) -> Result<Vec<(String, usize)>, StepError> {
    let mut outputs: Vec<(String, usize)> = Vec::new();
    for name in step.observe.iter().chain(step.ratios.iter().flatten()) {
        let index = model.simulator.output(name)?;
        let unit = &model.simulator.system().outputs()[index].unit;
        if unit.dimension() != Dimension::ACTIVITY {
            let unit = Box::new(unit.clone());
            return Err(SweepError::NoActivity { name: name.clone(), unit }.into());
        }
        if !outputs.iter().any(|(n, _)| n == name) {
            outputs.push((name.clone(), index));
        }
    }
    Ok(outputs)
}

/// The keys of a step in the terms of its model.
pub(super) struct Asked<'m> {
    parameters: Vec<f64>,
    nuclide: &'m BoundNuclide,
    activity: f64,
    outputs: Vec<(String, usize)>,
    /// One for each amount.
    doses: Vec<Dose>,
}

/// What can be known of a sweep before it.
pub(super) fn asked<'m>(step: &Sweep, model: &'m LoadedModel) -> Result<Asked<'m>, StepError> {
    let parameters = model.parameters(&step.set)?;
    let nuclides = model.simulator.system().nuclides();
    let [nuclide] = nuclides else {
        let found = nuclides.iter().map(|n| n.name.clone()).collect();
        return Err(SweepError::Nuclides { found }.into());
    };
    let activity = model.internal("activity", step.activity.text(), Dimension::ACTIVITY)?;
    let outputs = outputs(step, model)?;
    let doses = step
        .amounts
        .iter()
        .map(|amount| {
            let entry = DoseEntry {
                nuclide: Some(nuclide.name.clone()),
                activity: Some(step.activity.text().to_owned()),
                amount: Some(amount.text().to_owned()),
                over: step.over.as_ref().map(|over| over.text().to_owned()),
                ..DoseEntry::into_pool(&step.into)
            };
            entry.dose(model.simulator.system()).map_err(ScenarioError::from)
        })
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(dose) = doses.first() {
        model.simulator.check_regimen(&Regimen::single(dose.clone()))?;
    }
    Ok(Asked { parameters, nuclide, activity, outputs, doses })
}

/// The amounts of a step, nmol; none where they are not those of the model.
pub(crate) fn amounts(step: &Sweep, model: &LoadedModel) -> Option<Vec<f64>> {
    let (asked, unit) = (asked(step, model).ok()?, Unit::parse("nmol").ok()?);
    let given = asked.doses.iter().filter_map(|dose| dose.amount);
    Some(given.map(|amount| model.model.units.from_internal(amount, &unit)).collect())
}

/// Simulates every amount of a step.
pub(super) fn of(step: &Sweep, model: &LoadedModel, stop: &AtomicBool) -> Result<Grid, StepError> {
    let Asked { parameters, nuclide, activity, outputs, doses } = asked(step, model)?;
    let options = Options {
        integrals: outputs.iter().map(|o| o.1).collect(),
        to_infinity: true,
        ..Options::default()
    };
    let until = step.until.h() * 3600.0 / model.model.units.factor(Dimension::TIME);
    // Dense where the dose is taken up, sparse where it only decays.
    let times: Vec<f64> = (0..=120).map(|i| until * (f64::from(i) / 120.0).powi(2)).collect();
    let trajectories = doses
        .par_iter()
        .map(|dose| {
            if stop.load(Ordering::Relaxed) {
                return Err(StepError::Interrupted);
            }
            let regimen = Regimen::single(dose.clone());
            model
                .simulator
                .run(&Request::new(&parameters, &regimen, &times).options(&options))
                .map_err(StepError::from)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let shown = Shown::of(step, model, &outputs, activity)?;
    let given = doses.iter().filter_map(|dose| dose.amount);
    let amounts = step.amounts.iter().zip(given).zip(&trajectories);
    Ok(Grid {
        hot_nmol: shown.nmol(activity / nuclide.activity_per_amount),
        rtol: options.rtol,
        amounts: amounts
            .map(|((text, n), run)| shown.amount(text.text(), n, run, &times))
            .collect(),
    })
}

/// How runs are read.
struct Shown<'a> {
    step: &'a Sweep,
    model: &'a LoadedModel,
    outputs: &'a [(String, usize)],
    units: [Unit; 4],
    /// MBq.
    injected: f64,
}

impl<'a> Shown<'a> {
    fn of(
        step: &'a Sweep,
        model: &'a LoadedModel,
        outputs: &'a [(String, usize)],
        activity: f64,
    ) -> Result<Self, StepError> {
        let units =
            [Unit::parse("nmol")?, Unit::parse("h")?, Unit::parse("MBq")?, Unit::parse("MBq h")?];
        let injected = model.model.units.from_internal(activity, &units[2]);
        Ok(Self { step, model, outputs, units, injected })
    }

    fn nmol(&self, x: f64) -> f64 {
        self.model.model.units.from_internal(x, &self.units[0])
    }

    fn amount(&self, text: &str, amount: f64, run: &Trajectory, times: &[f64]) -> OfAmount {
        let [_, hour, mbq, mbq_h] = &self.units;
        let in_unit = |x: f64, unit: &Unit| self.model.model.units.from_internal(x, unit);
        let place = |name: &String| self.outputs.iter().position(|o| o.0 == *name);
        let integral = |name: &String| {
            Some(in_unit(run.integrals_to_infinity.get(place(name)?)?.value, mbq_h))
        };
        let observed = self.outputs.iter().filter(|o| self.step.observe.contains(&o.0));
        let kept = self.step.curves.iter().any(|c| c.text() == text);
        let curve = |index: usize| {
            let values = times.iter().zip(run.outputs.column(index));
            values.map(|(t, y)| (in_unit(*t, hour), in_unit(y, mbq))).collect()
        };
        OfAmount {
            text: text.to_owned(),
            nmol: self.nmol(amount),
            coefficients: observed
                .clone()
                .map(|o| integral(&o.0).map(|x| x / self.injected))
                .collect(),
            ratios: self
                .step
                .ratios
                .iter()
                .map(|[a, b]| {
                    integral(a).zip(integral(b)).filter(|(_, b)| *b > 0.0).map(|(a, b)| a / b)
                })
                .collect(),
            curves: if kept { observed.map(|o| curve(o.1)).collect() } else { Vec::new() },
        }
    }
}
