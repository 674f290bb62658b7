//! The tables of a sweep.

use lutetia_table::{Cell, Table};

use super::{Sweep, grid::Grid};
use crate::results::{Measure, Results};

/// The observables of a step in the order of their columns, each once.
fn observed(step: &Sweep) -> Vec<&String> {
    let mut names: Vec<&String> = Vec::new();
    for name in &step.observe {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn named<'a>(step: &'a Sweep, output: &'a String) -> &'a str {
    step.names.get(output).unwrap_or(output)
}

/// `<id>`: a row per amount.
pub(super) fn coefficients(step: &Sweep, grid: &Grid) -> Results {
    let mut table = Results::new(
        &step.id,
        "Time-integrated activity coefficients (to infinity) and their ratios by ligand amount",
    )
    .subject("amount", "nmol")
    .number(Measure::Hot, "nmol");
    for name in observed(step) {
        let of = named(step, name).to_owned();
        table = table.number(Measure::TiaCoefficientOf(of), "h");
    }
    for [over, under] in &step.ratios {
        let [over, under] = [over, under].map(|output| named(step, output).to_owned());
        table = table.number(Measure::RatioOf(over, under), "");
    }
    for amount in &grid.amounts {
        let mut row: Vec<Cell> = vec![amount.nmol.into(), grid.hot_nmol.into()];
        row.extend(amount.coefficients.iter().chain(&amount.ratios).map(|x| Cell::from(*x)));
        table.push(row);
    }
    table
}

/// `<id>.curves`: the amounts whose curves are kept.
pub(super) fn curves(step: &Sweep, grid: &Grid) -> Table {
    let mut table =
        Table::new(format!("{}.curves", step.id), "Activity over time by ligand amount")
            .column("amount", "")
            .column("output", "")
            .column("time", "h")
            .column("activity", "MBq");
    for amount in &grid.amounts {
        for (name, points) in observed(step).into_iter().zip(&amount.curves) {
            for (hours, mbq) in points {
                table.push(vec![
                    amount.text.as_str().into(),
                    named(step, name).into(),
                    (*hours).into(),
                    (*mbq).into(),
                ]);
            }
        }
    }
    table
}
