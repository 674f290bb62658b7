//! `lutetia fit --model`: a compartmental model through all regions of a patient at once.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use lutetia_data::{PatientTable, Study};
use lutetia_diagnostic::Diagnostic;
use lutetia_experiment::steps::fit_model::tables;
use lutetia_patient::{
    curves::error_model,
    model::{FitDraws, ModelFit, fit_model, uncertain},
};
use lutetia_scenario::{LoadedModel, PatientColumns, compiled, of_subject};

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

    /// A table of patients beside the study: a row per subject (column `patient`), with parameters and covariates of the model
    /// by name, in the place of those of `subjects.csv`. Doses are those of the study.
    #[arg(long, value_name = "FILE.csv", requires = "model")]
    patients: Option<PathBuf>,

    /// A measured curve that drives an input of the model, or a parameter or covariate that changes
    /// during the cycle, over the time after its first dose: `GFR=gfr.csv`, or
    /// `GFR={ file, value, interpolation, delay, before, after }`. Repeat for several.
    #[arg(long = "input", value_name = "NAME=FILE", requires = "model")]
    inputs: Vec<String>,

    /// Fit again so many times, each with other values of the parameters that are fixed and have an `uncertainty` in the
    /// model (or `min` to `max`, where they are assumed), and print how their spread joins the errors of the
    /// estimates; errors from 9 converged fits on. `--seed` is that of the draws too.
    #[arg(long, value_name = "N", requires = "model", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub(super) draws: Option<u32>,

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

/// What the row of a subject in a table of patients sets; every fault of the table is shown at its place.
fn row_of(
    path: &Path,
    (study, subject): (&Study, &str),
    model: &LoadedModel,
    set: &BTreeMap<String, String>,
    terminal: &Terminal,
) -> Outcome<BTreeMap<String, String>> {
    std::fs::metadata(path).map_err(|error| Failure::reading(path, &error))?;
    let base = model.simulator.system().default_parameters();
    let set_for_all = set.keys().map(String::as_str).collect();
    let subjects = study.subjects().iter().map(|s| s.id.as_str()).collect();
    let columns = PatientColumns::new(model, base, set_for_all).beside(subjects);
    let (found, diagnostics, sources) = PatientTable::read(path, None, &columns);
    terminal.diagnostics(&diagnostics, &sources);
    let found = found.ok_or(Failure::shown(Exit::Data))?;
    match found.patients.iter().find(|patient| patient.id == subject) {
        Some(patient) => Ok(of_subject(model, patient)),
        None => {
            let names: Vec<&str> = found.patients.iter().map(|p| p.id.as_str()).collect();
            let message = format!(
                "`{}` has no row of `{subject}`; it has: {}",
                path.display(),
                names.join(", ")
            );
            let hint =
                "add his row, with empty cells where nothing is known, or leave `--patients` out";
            Err(Failure::new(Exit::Data, Diagnostic::error("LUT8013", message).hint(hint)))
        }
    }
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
    let mut set = pairs("set", &with.set)?;
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
    if let Some(path) = &with.patients {
        let own = row_of(path, (&study, &subject), &model, &set, terminal)?;
        for (name, value) in &own {
            terminal.talk(&format!("note: `{name}` = {value}, out of `{}`", path.display()));
        }
        set.extend(own);
    }
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
    if with.draws.is_some() {
        uncertain(&study, &subject, &model, &asked).map_err(|e| {
            Failure::asked(e.code(), &e, "write `uncertainty = \"12 %\"` at a parameter of the model, or leave `--draws` out")
        })?;
    }
    let found =
        fit_model(&study, &subject, curves.cycle(), &model, &asked).map_err(|e| failed(&e))?;
    if let Some(count) = with.draws {
        let draws = FitDraws { count, seed: curves.seed(), stop: Arc::default() };
        let of = (&study, subject.as_str(), curves.cycle());
        let drawn = found.drawn_again(of, &model, &asked, &draws).map_err(|e| failed(&e))?;
        terminal.talk(&format!("drawn: {}", tables::said(&drawn, draws.seed)));
        if !drawn.held.is_empty() {
            terminal.talk(&format!(
                "held fixed, as no uncertainty is stated or they are set: {}",
                drawn.held.join(", ")
            ));
        }
        return table::print(&tables::draws("fit", &drawn).table(), terminal);
    }
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
