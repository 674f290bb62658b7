//! The tables of a patient.

use std::collections::BTreeMap;

use lutetia_diagnostic::Verdict;
use lutetia_dose::Budget;
use lutetia_experiment::steps::{
    dose::tables as doses, fit_curves::tables as curves, integrate::tables::integrals, uncertainty,
};
use lutetia_patient::{
    PatientError,
    cycles::{Cumulative, Cycle, Patient, cumulative},
    dose::Weights,
    shown,
};
use lutetia_table::{Cell, Table, Tables};

/// A table of a cycle, by what it is called among those of the patient. Its own name is that of the steps of an
/// experiment, which charts know: `c<number>` and `c<number>.<part>`.
pub(super) type Part = (&'static str, Table);

/// The tables of one cycle.
///
/// # Errors
/// [`PatientError`] where a fitted curve cannot be drawn.
pub(super) fn parts(
    cycle: &Cycle,
    until_h: f64,
    weights: &[Weights],
) -> Result<Vec<Part>, PatientError> {
    let id = format!("c{}", cycle.number);
    let mut parts: Vec<Part> = Vec::new();
    if cycle.curves.is_empty() {
        parts.push(("integrals", integrals(&id, &cycle.tias).table()));
    } else {
        parts.push(("integrals", curves::results(&id, &cycle.curves).table()));
        parts.push(("functions", curves::candidates(&id, &cycle.curves)));
        parts.push(("points", curves::points(&id, &cycle.curves)));
        parts.push(("curves", curves::curves(&id, &cycle.curves, until_h)?));
        parts.push(("averaged", curves::averaged(&id, &cycle.curves).table()));
    }
    let dose = format!("{id}.dose");
    let found = &cycle.doses;
    parts.push(("doses", doses::doses(&dose, &found.regions).table()));
    parts.extend(found.marrow.as_ref().map(|m| ("marrow", doses::marrow(&dose, m))));
    parts.extend(found.members.as_ref().map(|m| ("daughters", doses::daughters(&dose, m))));
    if !weights.is_empty() {
        parts.push(("rbe", doses::weighted(&dose, weights, &found.regions).table()));
    }
    let budgets: Vec<(String, Verdict<Budget>)> =
        found.regions.iter().filter_map(|d| Some((d.region.clone(), d.budget.clone()?))).collect();
    let [totals, shares] = uncertainty::tables::all(&format!("{id}.uncertainty"), &budgets);
    parts.extend([("uncertainty", totals), ("budget", shares)]);
    Ok(parts)
}

/// All tables of a patient: those of every cycle one below the other, with the cycle in front; `cumulative` where there
/// are several cycles.
///
/// # Errors
/// [`PatientError`] where a fitted curve cannot be drawn.
pub fn tables(patient: &Patient) -> Result<Tables, PatientError> {
    let weights = &patient.options.dose.rbe;
    let mut stacked: BTreeMap<String, Table> = BTreeMap::new();
    for cycle in &patient.cycles {
        for (name, table) in parts(cycle, patient.options.until_h, weights)? {
            let lead = [Cell::Number(f64::from(cycle.number))];
            let whole = stacked
                .entry(name.to_owned())
                .or_insert_with(|| Table::new(name, table.caption.clone()));
            whole.append(&["cycle"], &lead, &table);
        }
    }
    if patient.cycles.len() + patient.unmeasured.len() > 1 {
        let table = cumulative_table("cumulative", &cumulative(patient), weights);
        stacked.insert(table.name.clone(), table);
    }
    Ok(stacked)
}

/// The table of sums over cycles: `<id>`.
#[must_use]
pub fn cumulative_table(id: &str, sums: &[Cumulative], rbe: &[Weights]) -> Table {
    let mut table = Table::new(
        id,
        "Absorbed dose of all cycles measured; errors of fits are independent between cycles, those of calibration, recovery, volume and dose factor are common to all",
    )
    .column("region", "")
    .column("cycles", "")
    .column("activity", "GBq")
    .column("total", "Gy")
    .column("total_sd", "Gy");
    for (i, spec) in rbe.iter().enumerate() {
        let name = match rbe.len() {
            1 => "weighted".to_owned(),
            _ => format!("weighted_{}", i + 1),
        };
        table.caption += &format!("; {name}: {}", spec.words());
        table = table.column(&name, "Gy(RBE)").column(&format!("{name}_sd"), "Gy(RBE)");
    }
    let with_bed = sums.iter().any(|s| s.bed.is_some());
    if with_bed {
        let weighted = sums.iter().any(|s| s.bed_unit != "Gy");
        let unit = if weighted { "Gy(RBE)" } else { "Gy" };
        table = table.column("bed", unit).column("bed_sd", unit).column("eqd2", unit);
    }
    table = table.column("note", "");
    for s in sums {
        let cycles: Vec<String> = s.cycles.iter().map(u16::to_string).collect();
        let mut row: Vec<Cell> =
            vec![s.region.as_str().into(), cycles.join(" + ").into(), s.activity_gbq.into()];
        let found = shown(&s.dose).0;
        row.push(found.map(|d| d.0).into());
        row.push(found.and_then(|d| d.1).into());
        for weighted in &s.weighted {
            let found = shown(weighted).0;
            row.push(found.map(|d| d.0).into());
            row.push(found.and_then(|d| d.1).into());
        }
        if with_bed {
            let found = s.bed.as_ref().and_then(|bed| shown(bed).0);
            row.push(found.map(|b| b.0.0).into());
            row.push(found.and_then(|b| b.0.1).into());
            row.push(found.map(|b| b.1).into());
        }
        row.push(s.said().into());
        table.push(row);
    }
    table
}
