//! The tables of a proposal.

use lutetia_table::{Cell, Table};
use lutetia_trial::regimen::{Assessed, Proposal};

use super::{ProposeSpec, search::Proposed};
use crate::steps::{cohort::quantile, trade_off::DRAWS_FOR_AN_INTERVAL};

/// The proposed regimen, and the limits there.
pub(in crate::steps::trade_off) fn tables(
    id: &str,
    spec: &ProposeSpec,
    proposed: &Proposed,
) -> Vec<Table> {
    let whom = whom(spec);
    vec![regimen(id, &whom, proposed), limits(id, &whom, proposed)]
}

/// Whom the regimen is for.
fn whom(spec: &ProposeSpec) -> String {
    match (&spec.fitted, spec.patients) {
        (Some(f), _) => format!(
            "for the patient of the fit `{}`, who is given every cycle, as an expectation without death or \
             progression",
            f.step
        ),
        (None, 0) => {
            "for one patient, who is given every cycle, as an expectation without death or progression"
                .to_owned()
        }
        (None, n) => format!("for a cohort of {n}"),
    }
}

/// Low and high end over what is uncertain.
fn ends(spread: &[Assessed], of: &dyn Fn(&Assessed) -> f64) -> (Cell, Cell) {
    if spread.is_empty() {
        return (Cell::Missing, Cell::Missing);
    }
    let mut x: Vec<f64> = spread.iter().map(of).collect();
    x.sort_by(f64::total_cmp);
    let tail = if few(spread) { 0.0 } else { 0.025 };
    (quantile(&x, tail).into(), quantile(&x, 1.0 - tail).into())
}

/// A few draws have no 2.5 %.
fn few(spread: &[Assessed]) -> bool {
    spread.len() < DRAWS_FOR_AN_INTERVAL
}

fn regimen(id: &str, whom: &str, proposed: &Proposed) -> Table {
    let Proposed { chosen, proposal, spread, .. } = proposed;
    let (values, outcome, tried) = match proposal {
        // At an end of what was searched lies no optimum, but where the search was cut off.
        Proposal::Found { values, tried, bounds, .. } if !bounds.is_empty() => {
            (values, "no optimum inside the range that was searched, and no proposal", tried)
        }
        Proposal::Found { values, tried, .. } => (values, "found", tried),
        Proposal::Impossible { nearest, tried, .. } => {
            (nearest, "none; the nearest is shown", tried)
        }
    };
    let mut table = Table::new(
        format!("{id}.proposal"),
        format!("Proposed regimen {whom}; {tried} regimens tried"),
    )
    .column("what", "")
    .column("value", "")
    .column("lower_bound", "")
    .column("upper_bound", "")
    .column("low", "")
    .column("high", "")
    .column("note", "");
    for (chosen, value) in chosen.iter().zip(values) {
        table.push(vec![
            chosen.name().into(),
            (*value).into(),
            chosen.lower.into(),
            chosen.upper.into(),
        ]);
    }
    if let Proposal::Found { benefit, .. } = proposal {
        let (low, high) = ends(spread, &|a| a.benefit);
        table.push(vec![
            "benefit".into(),
            (*benefit).into(),
            Cell::Missing,
            Cell::Missing,
            low,
            high,
        ]);
    }
    let mut row = vec![Cell::from("outcome")];
    row.extend([Cell::Missing, Cell::Missing, Cell::Missing, Cell::Missing, Cell::Missing]);
    row.push(format!("{outcome}: {}", proposal.sentence()).into());
    table.push(row);
    table
}

fn limits(id: &str, whom: &str, proposed: &Proposed) -> Table {
    let Proposed { proposal, spread, .. } = proposed;
    let mut table = Table::new(
        format!("{id}.limits"),
        format!(
            "Limits at the proposed regimen {whom}{}",
            match spread.len() {
                0 => String::new(),
                n if few(spread) =>
                    format!("; low and high: the range over {n} draws of what is uncertain"),
                n => format!("; low and high: the middle 95 % over {n} draws of what is uncertain"),
            }
        ),
    )
    .column("limit", "")
    .column("value", "")
    .column("low", "")
    .column("high", "")
    .column("most", "")
    .column("met", "%")
    .column("least_possible", "")
    .column("binds", "");
    let (Proposal::Found { limits: reached, .. } | Proposal::Impossible { broken: reached, .. }) =
        proposal;
    for l in reached {
        let of = |a: &Assessed| a.limited.get(l.place).copied().unwrap_or(f64::NAN);
        let (low, high) = ends(spread, &of);
        #[expect(clippy::cast_precision_loss, reason = "draws are few")]
        let met = (!spread.is_empty()).then(|| {
            100.0 * spread.iter().filter(|a| of(a) <= l.most).count() as f64 / spread.len() as f64
        });
        table.push(vec![
            l.name.as_str().into(),
            l.value.into(),
            low,
            high,
            l.most.into(),
            met.into(),
            l.least.into(),
            if l.binds() { "yes" } else { "no" }.into(),
        ]);
    }
    table
}
