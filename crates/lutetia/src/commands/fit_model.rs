//! `lutetia fit --model`: a compartmental model through all regions of a patient at once.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use lutetia_experiment::steps::fit_model::tables;
use lutetia_patient::{
    curves::error_model,
    model::{ModelFit, fit_model},
};
use lutetia_scenario::{LoadedModel, compiled};

use super::{
    curves::{Curves, failed, wrong},
    driven,
    fit::Print,
    models, table,
};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

/// What a fit with a model needs beside the study.
#[derive(Debug, Args)]
#[command(next_help_heading = "With a model")]
pub(crate) struct WithModel {
    /// Fit this model (a file, or the name of a bundled one) by maximum a posteriori, with the
    /// population of the model file as prior, instead of exponentials.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,

    /// Observable of a region or of a sum of regions: `kidney_left + kidney_right=A_kidneys`.
    /// Repeat for several; without it every region with an observable `A_<region>`.
    #[arg(long, value_name = "REGION=NAME", requires = "model")]
    observe: Vec<String>,

    /// Where the doses go, such as `L.plasma`, where the study does not say.
    #[arg(long, value_name = "PLACE", requires = "model")]
    into: Option<String>,

    /// Ligand amount of the doses, such as `100 nmol`, where the study does not say.
    #[arg(long, value_name = "AMOUNT", requires = "model")]
    amount: Option<String>,

    /// Duration of the infusions, such as `30 min`, where the study does not say.
    #[arg(long, value_name = "TIME", requires = "model")]
    over: Option<String>,

    /// Set a parameter or covariate: `V_kidneys=0.48 L`. Repeat for several.
    #[arg(long = "set", value_name = "NAME=VALUE", requires = "model")]
    set: Vec<String>,

    /// A measured curve that drives an input of the model, or a parameter or covariate that changes
    /// during the cycle, over the time after its first dose: `GFR=gfr.csv`, or
    /// `GFR={ file, value, interpolation, delay, before, after }`. Repeat for several.
    #[arg(long = "input", value_name = "NAME=FILE", requires = "model")]
    inputs: Vec<String>,

    /// Estimate this parameter; repeat for several. Without it all with `iiv` in the model.
    #[arg(long, value_name = "NAME", requires = "model")]
    estimate: Vec<String>,
}

/// `a=b` of the command line.
fn pairs(what: &str, given: &[String]) -> Outcome<BTreeMap<String, String>> {
    given
        .iter()
        .map(|text| {
            let (name, value) = text.split_once('=').ok_or_else(|| {
                Failure::usage(
                    format!("`{text}` has no `=`"),
                    format!("write it as `--{what} \"NAME=VALUE\"`"),
                )
            })?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

/// Fits the model and prints one table.
pub(crate) fn run(
    file: &std::path::Path,
    with: &WithModel,
    curves: &Curves,
    print: Print,
    terminal: &Terminal,
) -> Outcome {
    if matches!(print, Print::Candidates | Print::Averaged | Print::Intervals | Print::Profile) {
        return Err(Failure::usage(
            "`--print candidates`, `averaged`, `intervals` and `profile` are about functions; with `--model` there is one model",
            "print `results`, `estimates`, `points` or `curves`",
        ));
    }
    let mut observe = pairs("observe", &with.observe)?;
    let set = pairs("set", &with.set)?;
    let mut model = models::load(file, terminal)?;
    if let Some(note) = lutetia_scenario::sketch_note(&model) {
        terminal.talk(&format!("note: {note}"));
    }
    let drives = driven::read(&with.inputs, &mut model, terminal)?;
    // Integrals go to infinity.
    driven::covered(&drives, &model, (0.0, f64::INFINITY))?;
    let (study, subject, regions) = curves.load(terminal)?;
    curves.say_cycle(&study, &subject, terminal);
    let nuclides: Vec<String> = regions
        .iter()
        .filter_map(|region| study.curve(&subject, curves.cycle(), region))
        .map(|curve| curve.nuclide)
        .take(1)
        .collect();
    let model: LoadedModel = compiled(&model.id.clone(), model, &nuclides)
        .map_err(|e| Failure::of(Exit::Data, e.code(), &e))?;
    if observe.is_empty() {
        let outputs = model.simulator.system().outputs();
        for region in regions {
            let name = format!("A_{region}");
            if outputs.iter().any(|o| o.name == name) {
                observe.insert(region, name);
            }
        }
    }
    if observe.is_empty() {
        let outputs: Vec<&str> =
            model.simulator.system().outputs().iter().map(|o| o.name.as_str()).collect();
        return Err(Failure::usage(
            "no region has an observable of its name in the model",
            format!(
                "name them with `--observe REGION=NAME`; observables are {}",
                outputs.join(", ")
            ),
        ));
    }
    let says = study.doses_of(&subject).iter().all(|d| d.into.is_some());
    let into = match (&with.into, says) {
        (Some(place), _) => place.clone(),
        (None, true) => String::new(),
        (None, false) => {
            return Err(Failure::usage(
                "the study does not say where its doses go",
                "name the place with `--into`, such as `--into L.plasma`",
            ));
        }
    };
    let error = curves.error().map(error_model).transpose();
    let asked = ModelFit {
        into,
        amount: with.amount.clone(),
        over: with.over.clone(),
        observe,
        set,
        drives,
        estimate: (!with.estimate.is_empty()).then(|| with.estimate.clone()),
        error: error.map_err(|e| wrong(&e))?,
        seed: curves.seed(),
    };
    let whole = asked.with_subject(&study, &subject, &model);
    for (name, value) in whole.set.iter().filter(|(name, _)| !asked.set.contains_key(*name)) {
        terminal.talk(&format!("note: `{name}` = {value}, out of subjects.csv"));
    }
    let found =
        fit_model(&study, &subject, curves.cycle(), &model, &asked).map_err(|e| failed(&e))?;
    let asked = match print {
        Print::Estimates => tables::estimates("fit", &found).table(),
        Print::Derived => tables::derived("fit", &found).table(),
        Print::Points => tables::points("fit", &found),
        Print::Curves => {
            tables::curves("fit", &found, curves.until_h()?).map_err(|e| failed(&e))?
        }
        _ => tables::integrals("fit", &found).table(),
    };
    table::print(&asked, terminal)
}
