//! Every model of the library against its own run at much tighter tolerances.

use std::fs;
use std::path::{Path, PathBuf};

use lutetia_model::{Binding, Model, Named, Resolve, SourceFile, System, check, compile};
use lutetia_sim::{Curve, Dose, Inputs, Options, Regimen, Request, Simulator};

use crate::build::logspace;
use crate::closed_forms::{assert_close, column};

struct Beside(PathBuf);

impl Resolve for Beside {
    fn resolve(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.0.join(name)).ok()
    }

    fn named(&self, name: &str) -> Option<Named<'_>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        let path = root.join(format!("{name}.toml"));
        let text = fs::read_to_string(&path).ok()?;
        let beside = Self(path.parent().expect("in a folder").to_owned());
        let file = SourceFile { name: path.display().to_string(), text };
        Some(Named { file, resolve: Box::new(beside) })
    }

    fn ports(&self) -> Option<SourceFile> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/ports.toml");
        let text = fs::read_to_string(&path).ok()?;
        Some(SourceFile { name: path.display().to_string(), text })
    }
}

fn model_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("folder").map(|e| e.expect("entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            model_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "toml")
            && !path.ends_with("Cargo.toml")
            && !path.ends_with("ports.toml")
        {
            found.push(path);
        }
    }
}

/// The model or the chain of a file.
pub(crate) fn at_path(path: &Path) -> Model {
    let source = SourceFile {
        name: path.display().to_string(),
        text: fs::read_to_string(path).expect("readable"),
    };
    let beside = Beside(path.parent().expect("in a folder").to_owned());
    let checked = check(&source, &beside);
    checked.model.unwrap_or_else(|| panic!("{}: {:#?}", path.display(), checked.diagnostics))
}

/// The model with the first nuclide it can carry.
pub(crate) fn compiled(path: &Path) -> System {
    let model = at_path(path);
    let mut refusals = Vec::new();
    for nuclide in ["Lu-177", "Ac-225", "Pb-212", "I-131", "Y-90", "Ra-223", "At-211"] {
        match compile(&model, &Binding::all(lutetia_data::nuclides(), [nuclide])) {
            Ok(system) => return system,
            Err(error) => refusals.push(error.to_string()),
        }
    }
    panic!("{}: {refusals:#?}", path.display());
}

/// 7.4 GBq (or 10 MBq of an alpha emitter) on 100 nmol over half an hour, twice, a week apart, into
/// the blood, or as much of a drug without label; a week-long hump for inputs that have no default and
/// for dose rates.
fn treatment(system: &System, hour: f64) -> (Regimen, Inputs) {
    let blood = |name: &str| ["plasma", "blood", "serum"].iter().any(|w| name.contains(w));
    let target = system
        .dose_targets()
        .iter()
        .filter(|t| !t.hot.is_empty() && t.cold.is_some())
        .min_by_key(|t| !blood(&t.name));
    // A drug without a label: 1000 nmol, into the gut where it is swallowed.
    let drug = || {
        let targets = system.dose_targets();
        let gut = targets.iter().find(|t| t.name.ends_with(".gut"));
        gut.or_else(|| targets.iter().min_by_key(|t| !blood(&t.name))).map(|target| {
            // A daughter that is free has no cold form.
            let free = target.hot.first().map(|hot| system.nuclides()[hot.0].name.clone());
            Dose {
                at: 0.0,
                into: target.name.clone(),
                amount: free.is_none().then_some(1000.0),
                activities: free.into_iter().map(|nuclide| (nuclide, 10.0)).collect(),
                over: Some(0.5 * hour),
                ..Dose::default()
            }
        })
    };
    let cold = || drug().map_or_else(Regimen::default, |d| Regimen::repeat(&d, 168.0 * hour, 2));
    let regimen = target.map_or_else(cold, |target| {
        let nuclide = &system.nuclides()[target.hot[0].0];
        let alpha = ["Ac-225", "Pb-212", "Ra-223", "At-211"].contains(&nuclide.name.as_str());
        let nmol = 1e-9 / system.units().factor(lutetia_units::Dimension::AMOUNT);
        let dose = Dose {
            at: 0.0,
            into: target.name.clone(),
            activities: vec![(nuclide.name.clone(), if alpha { 10.0 } else { 7400.0 })],
            amount: Some(100.0 * nmol),
            over: Some(0.5 * hour),
            ..Dose::default()
        };
        Regimen::repeat(&dose, 168.0 * hour, 2)
    });
    let curves = system
        .inputs()
        .iter()
        .filter(|input| input.default.is_none() || input.name == "dose_rate")
        .map(|input| Curve {
            input: input.name.clone(),
            points: vec![
                (0.0, 0.0),
                (24.0 * hour, input.factor),
                (100.0 * hour, 0.3 * input.factor),
                (168.0 * hour, 0.0),
            ],
        })
        .collect();
    (regimen, Inputs { curves })
}

/// The models of some folders with their treatment and times until two weeks.
pub(crate) fn treated(folders: &[&str]) -> Vec<(String, Simulator, Regimen, Inputs, Vec<f64>)> {
    let mut files = Vec::new();
    for folder in folders {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        model_files(&models.join(folder), &mut files);
    }
    let ready = |path: PathBuf| {
        let system = compiled(&path);
        let hour = 3600.0 / system.units().factor(lutetia_units::Dimension::TIME);
        let (regimen, inputs) = treatment(&system, hour);
        let times = logspace(0.01 * hour, 336.0 * hour, 30);
        (path.display().to_string(), Simulator::new(system), regimen, inputs, times)
    };
    files.into_iter().map(ready).collect()
}

/// Covariates without a typical value stand in the middle of their range.
pub(crate) fn parameters(system: &System) -> Vec<f64> {
    system
        .parameters()
        .iter()
        .map(|p| match p.bounds {
            (Some(low), Some(high)) if p.default.is_nan() => 0.5 * (low + high),
            // What lutetium-177 deposits in place, 147.9 keV per decay, in the unit of the file, Gy g/(MBq h).
            _ if p.default.is_nan() && p.name.ends_with("~Delta") => 0.0853 * p.factor,
            _ => p.default,
        })
        .collect()
}

/// The design promises 1e-4 of each curve's peak at the default tolerances.
#[test]
fn val_every_shipped_model_agrees_with_its_reference_at_1e_10() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let mut files = Vec::new();
    model_files(&folder, &mut files);
    assert!(!files.is_empty(), "no model in {}", folder.display());
    for path in files {
        let system = compiled(&path);
        // A part of formulas alone runs in a chain.
        if system.states().is_empty() {
            continue;
        }
        let hour = 3600.0 / system.units().factor(lutetia_units::Dimension::TIME);
        let simulator = Simulator::new(system);
        let (regimen, inputs) = treatment(simulator.system(), hour);
        let parameters = parameters(simulator.system());
        let times = logspace(0.01 * hour, 336.0 * hour, 150);
        let run = |options: &Options| {
            simulator
                .run(&Request::new(&parameters, &regimen, &times).inputs(&inputs).options(options))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let default = run(&Options::default());
        let reference =
            run(&Options { rtol: 1e-10, atol_relative: Some(1e-14), ..Options::default() });
        println!(
            "{}: {} states, {:?}",
            path.display(),
            simulator.system().states().len(),
            default.statistics
        );
        for output in 0..default.outputs.columns() {
            assert_close(&column(&default, output), &column(&reference, output), 1e-4);
        }
    }
}

/// Every number of a shipped model says where it comes from, or that it is assumed; the coefficient
/// of a covariate effect has the source of its parameter.
#[test]
fn exact_every_parameter_has_a_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let mut files = Vec::new();
    model_files(&folder, &mut files);
    for path in files {
        let source = SourceFile {
            name: path.display().to_string(),
            text: fs::read_to_string(&path).expect("readable"),
        };
        let checked = check(&source, &Beside(path.parent().expect("in a folder").to_owned()));
        let model = checked.model.unwrap_or_else(|| panic!("{}", path.display()));
        let missing: Vec<&str> = model
            .parameters
            .iter()
            .filter(|p| matches!(p.value, lutetia_model::ParameterValue::Number(_)))
            .filter(|p| !p.name.contains('~') && p.source.is_none())
            .map(|p| p.name.as_str())
            .collect();
        assert!(missing.is_empty(), "{}: {missing:?}", path.display());
    }
}
