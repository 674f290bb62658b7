//! `simulate --patients`: a run per row of a table, in one long table.

use std::{collections::BTreeMap, path::Path};

use lutetia_data::{DoseRow, PatientTable, Refused as _, Subject};
use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_scenario::{DoseEntry, PatientColumns, Scenario, Treatment, Unsaid};
use lutetia_sim::{Dose, SimError};
use lutetia_table::{Cell, Table};

use super::{
    super::{driven, table},
    Arguments,
    case::{Case, repeated},
    set_names,
};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

/// Simulates every patient of a table; rows of the result are in the order of the table, and the same whatever the number
/// of threads.
pub(super) fn run(case: &Case, arguments: &Arguments, path: &Path, terminal: &Terminal) -> Outcome {
    for path in std::iter::once(path).chain(arguments.patient_doses.as_deref()) {
        std::fs::metadata(path).map_err(|error| Failure::reading(path, &error))?;
    }
    let set = set_names(&arguments.settings);
    let columns = PatientColumns::new(&case.model, case.parameters.clone(), set.clone());
    let doses = arguments.patient_doses.as_deref();
    let (found, diagnostics, sources) = PatientTable::read(path, doses, &columns);
    terminal.diagnostics(&diagnostics, &sources);
    let Some(found) = found else { return Err(Failure::shown(Exit::Data)) };
    let mut rows = row_doses(case, &found.doses, doses, terminal)?;
    let mut scenarios = Vec::with_capacity(found.patients.len());
    let mut unsaid: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for patient in &found.patients {
        let given = columns.patient(patient, &found.columns).map_err(|refusal| {
            let report =
                Diagnostic::error(refusal.code(), refusal.to_string()).hint(refusal.hint());
            Failure::new(Exit::Data, report)
        })?;
        for name in given.unsaid {
            unsaid.entry(name).or_default().push(&patient.id);
        }
        let mut doses = case.doses.clone();
        doses.extend(repeated(arguments, case.system(), given.doses)?);
        doses.extend(rows.remove(&patient.id).unwrap_or_default());
        scenarios.push(case.scenario(given.parameters, Treatment::on_one_occasion(doses)));
    }
    for (name, patients) in &unsaid {
        let of = some(patients);
        terminal
            .talk(&format!("note: `{name}` is empty for {of}, and the value of the model holds"));
    }
    for scenario in &scenarios {
        driven::covered(&case.drives, &case.model.model, case.span(scenario))?;
    }
    remarks(case, &found.patients, &scenarios, &set, terminal);
    print(case, &found.patients, &scenarios, terminal)
}

/// The doses of a table, by patient; all that cannot be given are said at once.
fn row_doses(
    case: &Case,
    rows: &[DoseRow],
    path: Option<&Path>,
    terminal: &Terminal,
) -> Outcome<BTreeMap<String, Vec<Dose>>> {
    let mut given: BTreeMap<String, Vec<Dose>> = BTreeMap::new();
    let mut faults = Vec::new();
    let file = path.map(|path| path.display().to_string()).unwrap_or_default();
    for row in rows {
        match DoseEntry::of_row(row, 0.0, Unsaid::default()).dose(case.system()) {
            Ok(dose) => given.entry(row.subject.clone()).or_default().push(dose),
            Err(error) => {
                let message = format!("`{file}`, line {}: {error}", row.line);
                let hint = match &row.into {
                    None => "fill the column `into` with a pool of the model, such as `L.plasma`"
                        .to_owned(),
                    Some(_) => error.hint(),
                };
                faults.push(Diagnostic::error(error.code(), message).hint(hint));
            }
        }
    }
    terminal.diagnostics(&faults, &Sources::new());
    if faults.is_empty() { Ok(given) } else { Err(Failure::shown(Exit::Data)) }
}

/// What runs do not use, each once with the patients whom it is about.
fn remarks(
    case: &Case,
    patients: &[Subject],
    scenarios: &[Scenario],
    set: &[&str],
    terminal: &Terminal,
) {
    let mut said: Vec<(String, Vec<&str>)> = Vec::new();
    for (patient, scenario) in patients.iter().zip(scenarios) {
        for remark in scenario.remarks(set, case.end()) {
            match said.iter_mut().find(|(known, _)| *known == remark) {
                Some((_, of)) => of.push(&patient.id),
                None => said.push((remark, vec![&patient.id])),
            }
        }
    }
    for (remark, of) in said {
        let remark = match of.len() == patients.len() {
            true => remark,
            false => format!("{}: {remark}", some(&of)),
        };
        terminal.diagnostics(&[Diagnostic::warning("LUT8030", remark)], &Sources::new());
    }
}

/// The first of some patients, and how many more.
fn some(patients: &[&str]) -> String {
    match patients {
        [one] => format!("patient {one}"),
        [first, rest @ ..] if rest.len() > 3 => {
            format!("patient {first} and {} others", rest.len())
        }
        all => format!("patients {}", all.join(", ")),
    }
}

fn print(
    case: &Case,
    patients: &[Subject],
    scenarios: &[Scenario],
    terminal: &Terminal,
) -> Outcome {
    let requests: Vec<_> = scenarios
        .iter()
        .map(|scenario| scenario.request(&case.times).options(&case.options))
        .collect();
    let runs = case.model.simulator.run_many(&requests);
    let failed: Vec<Diagnostic> = patients
        .iter()
        .zip(&runs)
        .filter_map(|(patient, run)| {
            let error: &SimError = run.as_ref().err()?;
            let message = format!("patient `{}`: {error}", patient.id);
            Some(Diagnostic::error(error.code(), message))
        })
        .collect();
    if !failed.is_empty() {
        terminal.diagnostics(&failed, &Sources::new());
        return Err(Failure::shown(Exit::Data));
    }
    let result = Table::new("simulation", "Outputs over time, by patient").column("patient", "");
    let mut result = case.columns(result);
    for (patient, run) in patients.iter().zip(&runs) {
        if let Ok(trajectory) = run {
            case.push(&mut result, trajectory, &[Cell::from(patient.id.as_str())]);
        }
    }
    table::print(&result, terminal)
}
