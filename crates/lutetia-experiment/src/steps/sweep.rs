//! A model over a grid of ligand amounts: what competition of hot and cold does to uptake.

use lutetia_scenario::unread;
use std::{collections::BTreeMap, sync::atomic::Ordering};

use lutetia_sim::{Dose, Options, Regimen, Request};
use lutetia_units::{Dimension, Unit};
use rayon::prelude::*;

use serde::Deserialize;

use super::{Context, StepKind, Use, defaults};
use crate::steps::StepError;
use lutetia_table::{Cell, Table};

/// A model over a grid of ligand amounts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// Where the dose goes.
    pub into: String,
    /// Activity, such as `7.4 GBq`.
    pub activity: String,
    /// Duration, such as `10 min`.
    pub over: Option<String>,
    /// Ligand amounts, such as `["10 nmol", "100 nmol"]`.
    pub amounts: Vec<String>,
    /// Observables (in a unit of activity) whose time-integrated activity is tabulated.
    pub observe: Vec<String>,
    /// Names of observables in tables and figures; their own if left out.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// Pairs of observables whose ratio is tabulated.
    #[serde(default)]
    pub ratios: Vec<[String; 2]>,
    /// Amounts whose curves are kept (a subset of `amounts`).
    #[serde(default)]
    pub curves: Vec<String>,
    /// Parameters or covariates that differ from the file.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Last time of the curves, in hours, or with a unit such as `5 d`.
    #[serde(default = "defaults::until_h", deserialize_with = "defaults::hours")]
    pub until: f64,
}

impl StepKind for Sweep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Model(&self.model)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

/// Runs the step of an experiment.
pub(crate) fn run(step: &Sweep, context: &mut Context) -> Result<(), StepError> {
    let model = context
        .models
        .get(&step.model)
        .ok_or_else(|| format!("`{}` is not a model of this experiment", step.model))?;
    let simulator = &model.simulator;
    let system = simulator.system();
    let parameters = model.parameters(&step.set)?;
    let [nuclide] = system.nuclides() else {
        return Err("a sweep needs a model with exactly one nuclide".into());
    };
    let activity = model.internal("activity", &step.activity, Dimension::ACTIVITY)?;
    let over = match &step.over {
        Some(text) => model.internal("over", text, Dimension::TIME)?,
        None => 0.0,
    };
    let unit = |text: &str| Unit::parse(text).map_err(StepError::from);
    let (nmol, hour, mbq, mbq_h) = (unit("nmol")?, unit("h")?, unit("MBq")?, unit("MBq h")?);
    let in_unit = |x: f64, unit: &Unit| model.model.units.from_internal(x, unit);

    let mut outputs = Vec::new();
    let names = step.observe.iter().chain(step.ratios.iter().flatten());
    for name in names {
        let index = simulator.output(name)?;
        let info = &system.outputs()[index];
        if info.unit.dimension() != Dimension::ACTIVITY {
            return Err(format!(
                "the output `{name}` is in {}; expected a unit of activity",
                info.unit
            )
            .into());
        }
        if !outputs.iter().any(|(n, _)| n == name) {
            outputs.push((name.clone(), index));
        }
    }
    let options = Options {
        integrals: outputs.iter().map(|o| o.1).collect(),
        to_infinity: true,
        ..Options::default()
    };
    let until = step.until * 3600.0 / model.model.units.factor(Dimension::TIME);
    // Dense where the dose is taken up, sparse where it only decays.
    let times: Vec<f64> = (0..=120).map(|i| until * (f64::from(i) / 120.0).powi(2)).collect();
    let amounts = step
        .amounts
        .iter()
        .map(|text| model.dose_amount("amounts", text, &step.into))
        .collect::<Result<Vec<_>, _>>()?;
    let trajectories = amounts
        .par_iter()
        .map(|amount| {
            if context.stop.load(Ordering::Relaxed) {
                return Err("interrupted".into());
            }
            let dose = Dose {
                at: 0.0,
                into: step.into.clone(),
                activities: vec![(nuclide.name.clone(), activity)],
                amount: Some(*amount),
                over,
            };
            simulator
                .run(&Request::new(&parameters, &Regimen::single(dose), &times).options(&options))
                .map_err(StepError::from)
        })
        .collect::<Result<Vec<_>, _>>()?;

    let mut table = Table::new(
        &step.id,
        "Time-integrated activity coefficients (to infinity) and their ratios by ligand amount",
    )
    .column("amount", "nmol")
    .column("hot", "nmol");
    let columns: Vec<&(String, usize)> =
        outputs.iter().filter(|o| step.observe.contains(&o.0)).collect();
    let named = |output: &str| -> String {
        step.names.get(output).cloned().unwrap_or_else(|| output.to_owned())
    };
    for (name, _) in &columns {
        table = table.column(&format!("tiac_{}", named(name)), "h");
    }
    for [over, under] in &step.ratios {
        table = table.column(&format!("ratio_{}_{}", named(over), named(under)), "");
    }
    let hot = in_unit(activity / nuclide.activity_per_amount, &nmol);
    let injected = in_unit(activity, &mbq);
    for (amount, trajectory) in amounts.iter().zip(&trajectories) {
        let integral = |name: &str| {
            let at = outputs.iter().position(|o| o.0 == name)?;
            Some(in_unit(trajectory.integrals_to_infinity.get(at)?.value, &mbq_h))
        };
        let mut row: Vec<Cell> = vec![in_unit(*amount, &nmol).into(), hot.into()];
        row.extend(columns.iter().map(|o| Cell::from(integral(&o.0).map(|x| x / injected))));
        row.extend(step.ratios.iter().map(|[a, b]| {
            Cell::from(integral(a).zip(integral(b)).filter(|(_, b)| *b > 0.0).map(|(a, b)| a / b))
        }));
        table.push(row);
    }

    let mut curves =
        Table::new(format!("{}.curves", step.id), "Activity over time by ligand amount")
            .column("amount", "")
            .column("output", "")
            .column("time", "h")
            .column("activity", "MBq");
    for (text, trajectory) in step.amounts.iter().zip(&trajectories) {
        if !step.curves.contains(text) {
            continue;
        }
        for (name, index) in &columns {
            for (t, value) in times.iter().zip(trajectory.outputs.column(*index)) {
                curves.push(vec![
                    text.as_str().into(),
                    named(name).into(),
                    in_unit(*t, &hour).into(),
                    in_unit(value, &mbq).into(),
                ]);
            }
        }
    }
    context.settings.insert("rtol".to_owned(), format!("{:e}", options.rtol));
    context.add(table);
    let remarks = unread(&context.models, &step.model, &step.set);
    context.remark(&step.id, remarks);
    if !step.curves.is_empty() {
        context.add(curves);
    }
    Ok(())
}
