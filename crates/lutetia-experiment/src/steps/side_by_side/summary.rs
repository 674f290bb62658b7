//! The best amount of each case, ranks, and what the cases have in common.

use std::collections::BTreeSet;

use lutetia_table::Cell;

use super::{
    SideBySide,
    run::{Found, Row},
    tables,
};
use crate::results::Results;

/// What keeps a case out of a ranking.
pub(super) const SKETCH: &str = "sketch";

/// The part of the greatest dose above which an amount is as good as the best.
const ALIKE: f64 = 0.95;

/// The places a case may have among those that are ranked, 1 for the greatest dose of the target at the limits: from one
/// behind those that lie above it with all of their interval to one before those that lie below it.
/// Where the places differ between the seeds that were drawn with, none is determined.
pub(super) fn rank(row: &Row, rows: &[Row]) -> Cell {
    if row.status == SKETCH {
        return Cell::Text(format!("none, a {SKETCH}"));
    }
    let seeds = rows.iter().map(|r| r.again.len()).max().unwrap_or(0) + 1;
    let places: Option<Vec<String>> = (0..seeds).map(|seed| places(row, rows, seed)).collect();
    let Some(mut places) = places else { return Cell::Missing };
    places.sort();
    places.dedup();
    Cell::Text(match &places[..] {
        [place] => place.clone(),
        _ => format!("not determined: {} by seed", places.join(" or ")),
    })
}

/// The places of a case with the draws of a seed, 0 for that of the step.
fn places(row: &Row, rows: &[Row], seed: usize) -> Option<String> {
    let target = |o: &super::run::Outcome| o.at_limit.as_ref().and_then(|a| a.target);
    let interval =
        |row: &Row| row.middle_with(seed, target).or_else(|| target(&row.main).map(|x| (x, x)));
    let (low, high) = interval(row)?;
    let others: Vec<(f64, f64)> =
        rows.iter().filter(|r| r.status != SKETCH).filter_map(interval).collect();
    let above = others.iter().filter(|o| o.0 > high).count();
    let below = others.iter().filter(|o| o.1 < low).count();
    let (first, last) = (above + 1, others.len() - below);
    Some(if first == last { first.to_string() } else { format!("{first} to {last}") })
}

/// `<id>.best`: the amount that gives the target of each case the greatest dose within the limits, with mean and SD.
pub(super) fn best(step: &SideBySide, found: &Found) -> Results {
    let target = step.target.as_deref().unwrap_or_default();
    let mut table = tables::results(
        format!("{}.best", step.id),
        format!(
            "The amount of those tried that gives `{target}` the greatest dose within the limits; from and to: least and greatest of the amounts that give at least 95 % of it"
        ),
        &tables::best(step),
    );
    let mut sums: [Vec<f64>; 3] = Default::default();
    let key = |row: &Row| (row.case.clone(), row.value.clone());
    let mut keys: Vec<(String, Option<String>)> = Vec::new();
    for row in &found.rows {
        if !keys.contains(&key(row)) {
            keys.push(key(row));
        }
    }
    for of in keys {
        let own: Vec<&Row> = found.rows.iter().filter(|r| key(r) == of).collect();
        let dose = |row: &Row| row.main.at_limit.as_ref().and_then(|a| a.target);
        let at = (0..own.len())
            .filter_map(|k| Some((k, dose(own[k])?)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((k, most)) = at else { continue };
        let Some(limit) = &own[k].main.at_limit else { continue };
        let place = match k {
            0 => "least tried",
            _ if k + 1 == own.len() => "greatest tried",
            _ => "between",
        };
        for (sum, x) in sums.iter_mut().zip([own[k].given_nmol, limit.gbq, most]) {
            sum.push(x);
        }
        let mut cells = tables::keyed(step, own[k], None);
        cells.extend([own[k].given_nmol, limit.gbq, most].map(Cell::from));
        let alike = own.iter().filter(|row| dose(row).is_some_and(|x| x >= ALIKE * most));
        let amounts: Vec<f64> = alike.map(|row| row.given_nmol).collect();
        let end = |of: fn(f64, f64) -> f64| amounts.iter().copied().reduce(of);
        cells.extend([Cell::from(limit.by.as_str()), place.into()]);
        cells.extend([Cell::from(end(f64::min)), end(f64::max).into()]);
        table.push(cells);
    }
    if step.vary.is_none() && sums[0].len() > 1 {
        for (name, of) in [("mean", mean as fn(&[f64]) -> f64), ("standard deviation", deviation)] {
            let mut row: Vec<Cell> = vec![name.into(), Cell::Missing];
            row.extend(sums.iter().map(|x| Cell::from(of(x))));
            row.resize(row.len() + 4, Cell::Missing);
            table.push(row);
        }
    }
    table
}

/// `<id>.summary`: mean, standard deviation, least and greatest of every number of the cases.
pub(super) fn summary(step: &SideBySide, made: &[Results]) -> Results {
    let (name, caption) = (format!("{}.summary", step.id), "The cases together".to_owned());
    let mut table = tables::results(name, caption, &tables::summarised());
    let mut seen = BTreeSet::new();
    for of in made.iter().map(Results::table) {
        for (at, column) in of.columns.iter().enumerate() {
            let numbers: Vec<f64> = of.rows.iter().filter_map(|r| r.get(at)?.number()).collect();
            let apart = ["case", "drawn"].contains(&column.name.as_str());
            if numbers.len() < 2 || apart || !seen.insert(column.name.clone()) {
                continue;
            }
            let end = |of: fn(f64, f64) -> f64| numbers.iter().copied().reduce(of);
            table.push(vec![
                column.name.as_str().into(),
                column.unit.as_str().into(),
                numbers.len().into(),
                mean(&numbers).into(),
                deviation(&numbers).into(),
                end(f64::min).into(),
                end(f64::max).into(),
            ]);
        }
    }
    table
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases")]
fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// Of a sample; not a number of fewer than two.
#[expect(clippy::cast_precision_loss, reason = "counts of cases")]
fn deviation(x: &[f64]) -> f64 {
    let mean = mean(x);
    let squares: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
    if x.len() < 2 { f64::NAN } else { (squares / (x.len() as f64 - 1.0)).sqrt() }
}
