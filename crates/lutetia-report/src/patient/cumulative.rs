//! Doses of several cycles together.

use lutetia_dose::{AbsorbedDose, Budget, Input};

use super::Patient;
use crate::{
    steps::dose::RegionDose,
    table::{Cell, Table},
};

/// The sum over cycles of one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Cumulative {
    /// Region as the study names it.
    pub region: String,
    /// Cycles in the sum.
    pub cycles: Vec<u16>,
    /// Activity of these cycles, GBq.
    pub activity_gbq: f64,
    /// Absorbed dose and its standard deviation, Gy; or why there is none.
    pub dose: Result<(f64, Option<f64>), String>,
    /// Biologically effective dose, its standard deviation, and EQD2, Gy, where it was asked for.
    pub bed: Option<(f64, Option<f64>, f64)>,
    /// What is not in the sum.
    pub note: String,
}

/// A term of the sum: dose, budget, and what a Gy of it counts.
struct Term<'a> {
    dose: &'a AbsorbedDose,
    budget: Option<&'a Budget>,
    weight: f64,
}

/// Standard deviation of `Σ w_k D_k`: fits are independent between cycles and add in quadrature;
/// calibration, recovery curve, volume and dose factor are taken as common to all cycles, each adding
/// with its sign. `None` where one of them is not determined.
fn sd(terms: &[Term<'_>]) -> Option<f64> {
    let mut variance = 0.0;
    // A dose without a budget (the red marrow, a cortex) is taken as common, which is cautious.
    let mut whole = 0.0;
    for term in terms.iter().filter(|t| t.budget.is_none()) {
        whole += term.dose.sd? * term.weight;
    }
    variance += whole * whole;
    for input in Input::ALL {
        let mut common = 0.0;
        for (term, budget) in terms.iter().filter_map(|t| Some((t, t.budget?))) {
            let part = budget.contributions.iter().find(|c| c.input == input)?;
            let effect = part.sensitivity * part.relative_sd? * term.dose.total * term.weight;
            if input == Input::Fit {
                variance += effect * effect;
            } else {
                common += effect;
            }
        }
        variance += common * common;
    }
    Some(variance.sqrt())
}

/// Sums the cycles of a patient, region by region. Cycles lie far apart against repair, so that
/// their BED add.
///
/// A region whose dose is not determined in one of its cycles has no sum.
#[must_use]
pub fn cumulative(patient: &Patient) -> Vec<Cumulative> {
    let mut regions: Vec<&str> = Vec::new();
    for dose in patient.cycles.iter().flat_map(|c| &c.doses) {
        if !regions.contains(&dose.region.as_str()) {
            regions.push(&dose.region);
        }
    }
    regions.into_iter().map(|region| of_region(patient, region)).collect()
}

fn of_region(patient: &Patient, region: &str) -> Cumulative {
    let tissue = patient.options.dose.bed.get(region).copied().or(patient.options.tissue);
    let alpha_beta = tissue.map(|t| t.alpha_beta_gy());
    let mut terms = Vec::new();
    let mut effects: Vec<(&RegionDose, Term<'_>)> = Vec::new();
    let (mut cycles, mut without) = (Vec::new(), Vec::new());
    let mut activity_gbq = 0.0;
    let mut missing = None;
    for cycle in &patient.cycles {
        let Some(at) = cycle.doses.iter().position(|d| d.region == region) else {
            without.push(cycle.number);
            continue;
        };
        let budget = cycle.budgets.get(at).and_then(|(_, b)| b.as_ref().ok());
        let found = &cycle.doses[at];
        cycles.push(cycle.number);
        activity_gbq += cycle.injected.iter().map(|i| i.1).sum::<f64>() / 1000.0;
        match &found.dose {
            Ok(dose) => {
                terms.push(Term { dose, budget, weight: 1.0 });
                if let (Some(e), Some(ab)) = (found.effective, alpha_beta) {
                    // ∂BED/∂D = 1 + 2 G D/(α/β); G is taken as exact.
                    let weight = 1.0 + 2.0 * e.protraction * dose.total / ab;
                    effects.push((found, Term { dose, budget, weight }));
                }
            }
            Err(reason) => {
                missing = missing.or_else(|| {
                    let reason = reason.trim_start_matches("not determined: ");
                    Some(format!("cycle {}: {reason}", cycle.number))
                });
            }
        }
    }
    let dose = match missing {
        Some(reason) => Err(reason),
        None => Ok((terms.iter().map(|t| t.dose.total).sum(), sd(&terms))),
    };
    let bed = alpha_beta.filter(|_| dose.is_ok() && effects.len() == cycles.len()).map(|ab| {
        let sum: f64 = effects.iter().filter_map(|(d, _)| d.effective).map(|e| e.bed_gy).sum();
        let terms: Vec<Term<'_>> = effects.into_iter().map(|(_, term)| term).collect();
        (sum, sd(&terms), sum / (1.0 + 2.0 / ab))
    });
    let mut notes = Vec::new();
    for number in without {
        notes.push(format!("not measured in cycle {number}"));
    }
    for (number, gbq) in &patient.unmeasured {
        notes.push(format!("cycle {number} ({gbq:.2} GBq) was not measured"));
    }
    if !notes.is_empty() {
        notes.push("not in the sum".to_owned());
    }
    Cumulative {
        region: region.to_owned(),
        cycles,
        activity_gbq,
        dose,
        bed,
        note: notes.join(", "),
    }
}

/// The table of sums.
#[must_use]
pub(super) fn table(id: &str, sums: &[Cumulative]) -> Table {
    let mut table = Table::new(
        id,
        "Absorbed dose of all cycles measured; errors of fits are independent between cycles, those of calibration, recovery, volume and dose factor are common to all",
    )
    .column("region", "")
    .column("cycles", "")
    .column("activity", "GBq")
    .column("total", "Gy")
    .column("total_sd", "Gy");
    let with_bed = sums.iter().any(|s| s.bed.is_some());
    if with_bed {
        table = table.column("bed", "Gy").column("bed_sd", "Gy").column("eqd2", "Gy");
    }
    table = table.column("note", "");
    for s in sums {
        let cycles: Vec<String> = s.cycles.iter().map(u16::to_string).collect();
        let mut row: Vec<Cell> =
            vec![s.region.as_str().into(), cycles.join(" + ").into(), s.activity_gbq.into()];
        let found = s.dose.as_ref().ok();
        row.push(found.map(|d| d.0).into());
        row.push(found.and_then(|d| d.1).into());
        if with_bed {
            row.push(s.bed.map(|b| b.0).into());
            row.push(s.bed.and_then(|b| b.1).into());
            row.push(s.bed.map(|b| b.2).into());
        }
        row.push(match &s.dose {
            Ok(_) => s.note.clone().into(),
            Err(reason) => format!("not determined: {reason}").into(),
        });
        table.push(row);
    }
    table
}
