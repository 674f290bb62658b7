//! The files of a patient: page, tables, figures, JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use lutetia_dose::Budget;
use lutetia_patient::{
    PatientError,
    cycles::{Cycle, Patient, Unmeasured},
    shown,
};

use super::{
    page::{How, page},
    tables::{parts, tables},
};
use crate::page::{IndexEntry, PageError, patients_index};
use crate::run::Failure;
use lutetia_figure::charts::{BudgetSpec, ChartSpec, TimeActivitySpec};
use lutetia_figure::figure::Figure;
use lutetia_figure::{charts, figure};
use lutetia_table::{Tables, json_number, json_numbers};

/// Files by path from the folder of the patient.
pub type PatientFolder = BTreeMap<String, Vec<u8>>;

/// Everything that is written about a patient: `index.html`, `results.json`, `tables/*.csv`,
/// and `figures/*.svg` with the CSV behind each.
///
/// # Errors
/// When a figure cannot be drawn or the page not be made.
pub fn files(patient: &Patient, how: &How) -> Result<PatientFolder, Failure> {
    let step = |error: PatientError| {
        let step = patient.subject.clone();
        Failure::from(lutetia_experiment::Failure::Step { step, reason: error.into() })
    };
    let tables = tables(patient).map_err(step)?;
    let mut files = PatientFolder::new();
    for (name, table) in &tables {
        files.insert(format!("tables/{name}.csv"), table.to_csv().into_bytes());
    }
    let mut named: BTreeMap<u16, Vec<(String, String)>> = BTreeMap::new();
    for cycle in &patient.cycles {
        let own = parts(cycle, patient.options.until_h, &patient.options.dose.rbe).map_err(step)?;
        let own: Tables = own.into_iter().map(|(_, t)| (t.name.clone(), t)).collect();
        for drawn in figures(cycle, &own)? {
            let (name, caption) = (drawn.name.clone(), drawn.caption.clone());
            files.insert(format!("figures/{name}.svg"), figure::svg(&drawn)?.into_bytes());
            files.insert(format!("figures/{name}.csv"), drawn.table().to_csv().into_bytes());
            named.entry(cycle.number).or_default().push((name, caption));
        }
    }
    let html = page(patient, &tables, &named, how)?;
    files.insert("index.html".to_owned(), html.into_bytes());
    let rows: serde_json::Map<String, Value> =
        tables.iter().map(|(name, table)| (name.clone(), table.to_json())).collect();
    let value = json!({
        "lutetia": env!("CARGO_PKG_VERSION"),
        "study": how.study,
        "subject": patient.subject,
        "cycles": patient.cycles.iter().map(given).collect::<Vec<_>>(),
        "cycles_not_measured": patient.unmeasured.iter().map(unmeasured).collect::<Vec<_>>(),
        "verdicts": patient.cycles.iter().map(verdicts).collect::<Vec<_>>(),
        "settings": how.settings,
        "warnings": how.warnings,
        "inputs": how.inputs,
        "tables": rows,
    });
    files.insert("results.json".to_owned(), format!("{value:#}\n").into_bytes());
    Ok(files)
}

/// What was given in a cycle, as JSON.
fn given(cycle: &Cycle) -> Value {
    let injected: Vec<Value> = cycle
        .injected
        .iter()
        .map(|(nuclide, mbq)| json!({ "nuclide": nuclide, "activity_mbq": json_number(*mbq) }))
        .collect();
    json!({ "cycle": cycle.number, "start_h": json_number(cycle.at_h), "injected": injected })
}

/// A cycle that was given and not measured, as JSON.
fn unmeasured(cycle: &Unmeasured) -> Value {
    let Unmeasured { number, activity_gbq, nuclides } = cycle;
    json!({ "cycle": number, "activity_gbq": json_number(*activity_gbq), "nuclides": nuclides })
}

/// The doses of a cycle with what stands against each, as JSON.
fn verdicts(cycle: &Cycle) -> Value {
    let regions: Vec<Value> = cycle
        .doses
        .regions
        .iter()
        .map(|d| json_numbers(json!({ "region": d.region, "dose": d.dose })))
        .collect();
    json!({ "cycle": cycle.number, "regions": regions })
}

/// The figures of one cycle from its tables: its curves where one was fitted, and its budget where a dose has one.
fn figures(cycle: &Cycle, tables: &Tables) -> Result<Vec<Figure>, Failure> {
    let (number, id) = (cycle.number, format!("c{}", cycle.number));
    let mut specs = Vec::new();
    if cycle.curves.iter().any(|c| c.best().fit.is_ok()) {
        specs.push(ChartSpec::TimeActivity(TimeActivitySpec {
            name: format!("curves_{number}"),
            caption: format!(
                "Cycle {number}: activity of each region, the function used with its 95 % band, and residuals in standard deviations"
            ),
            from: id.clone(),
            against: None,
        }));
    }
    let budgets = cycle.doses.regions.iter().filter_map(|d| d.budget.as_ref());
    let shared = |b: &Budget| b.contributions.iter().any(|c| c.share.is_some());
    if budgets.filter_map(|b| shown(b).0).any(shared) {
        specs.push(ChartSpec::Budget(BudgetSpec {
            name: format!("budget_{number}"),
            caption: format!(
                "Cycle {number}: share of each input in the variance of the absorbed dose"
            ),
            from: format!("{id}.uncertainty"),
        }));
    }
    let draw = |spec: ChartSpec| {
        charts::figure(&spec, tables).map_err(|source| {
            let figure = spec.name().to_owned();
            Failure::from(lutetia_experiment::Failure::Chart { figure, source: Box::new(source) })
        })
    };
    specs.into_iter().map(draw).collect()
}

/// A folder name for every patient, in their order: letters, digits, `-`, `_` and `.`; no two alike,
/// also where capitals do not count.
#[must_use]
pub fn folder_names(subjects: &[&str]) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    subjects
        .iter()
        .map(|subject| {
            let clean: String = subject
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
                .take(80)
                .collect();
            let clean = clean.trim_matches('.');
            let base = if clean.is_empty() { "patient" } else { clean }.to_owned();
            let mut name = base.clone();
            let mut n = 1;
            while taken.contains(&name.to_lowercase()) {
                n += 1;
                name = format!("{base}_{n}");
            }
            taken.push(name.to_lowercase());
            name
        })
        .collect()
}

/// The page that leads to the patients: folder, name, and one sentence each.
///
/// # Errors
/// Never for plain text; the signature is that of the template engine.
pub fn index_page(study: &str, patients: &[(String, &Patient)]) -> Result<String, PageError> {
    let entries: Vec<IndexEntry> = patients
        .iter()
        .map(|(folder, patient)| {
            let regions: usize =
                patient.cycles.iter().map(|c| c.doses.regions.len()).max().unwrap_or_default();
            let cycles = patient.cycles.len();
            let plural = |n: usize, noun: &str| {
                if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
            };
            IndexEntry {
                folder: folder.clone(),
                title: patient.subject.clone(),
                question: format!("{}, {}", plural(cycles, "cycle"), plural(regions, "region")),
                figure: patient
                    .cycles
                    .iter()
                    .find(|c| !c.curves.is_empty())
                    .map(|c| format!("figures/curves_{}.svg", c.number)),
            }
        })
        .collect();
    patients_index(study, &entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_folders_are_safe_and_differ() {
        let names = folder_names(&["P 1", "P_1", "p_1", "../..", "", "Müller"]);
        assert_eq!(names, ["P_1", "P_1_2", "p_1_3", "_", "patient", "M_ller"]);
    }
}
