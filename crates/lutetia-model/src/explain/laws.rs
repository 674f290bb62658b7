//! Conservation laws: the rational left null space of the stoichiometry.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    model::{Model, Participant},
    system::{labels::fate, pool_name},
};

/// A sum of states (hot and cold together) that nothing changes, or that only what enters and
/// leaves the model changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Law {
    /// `R.tumour + LR.tumour`.
    pub sum: String,
    /// Processes that change it; empty for a conserved sum.
    pub changed_by: Vec<String>,
}

/// Sparse integer row: (column, value).
type Row = BTreeMap<usize, i128>;

/// Larger than this the elimination is not tried: the laws of a model with so many processes are
/// not read by anybody.
const MOST_COLUMNS: usize = 20_000;

/// All independent laws of a model, conserved sums first.
///
/// Species that are themselves radioactive are left out: they decay whatever happens.
pub(super) fn laws(model: &Model) -> Vec<Law> {
    let Some((columns, names, open)) = stoichiometry(model) else { return Vec::new() };
    if columns.len() > MOST_COLUMNS {
        return Vec::new();
    }
    let rows = model.pools.len() + model.quantities.len();
    let counted: Vec<bool> = (0..rows)
        .map(|row| model.pools.get(row).is_none_or(|p| model.species[p.species].nuclide.is_none()))
        .collect();
    let conserved = null_space(&columns, &counted, |_| true);
    let closed = null_space(&columns, &counted, |column| !open[column]);
    let mut laws: Vec<Law> =
        conserved.iter().map(|law| Law { sum: text(model, law), changed_by: Vec::new() }).collect();
    for law in closed {
        let mut changed_by = BTreeSet::new();
        for (column, name) in columns.iter().zip(&names) {
            let change: i128 =
                column.iter().map(|(row, value)| value * law.get(row).copied().unwrap_or(0)).sum();
            if change != 0 {
                changed_by.insert(name.clone());
            }
        }
        // States that no process touches at all conserve themselves; that says nothing.
        if !changed_by.is_empty() {
            laws.push(Law { sum: text(model, &law), changed_by: changed_by.into_iter().collect() });
        }
    }
    laws
}

/// One column per process and per decay: changes of the totals, names, and whether something
/// enters or leaves the model; `None` where numbers of molecules are not fractions a person would write.
fn stoichiometry(model: &Model) -> Option<(Vec<Row>, Vec<String>, Vec<bool>)> {
    let (mut columns, mut names, mut open) = (Vec::new(), Vec::new(), Vec::new());
    let row_of = |participant: Participant| match participant {
        Participant::Pool(pool) => pool,
        Participant::Quantity(quantity) => model.pools.len() + quantity,
    };
    for process in &model.processes {
        // What passes through a delay is a signal, no substance.
        let transit = |side: &(Participant, f64)| matches!(side.0, Participant::Quantity(q) if model.delay_of(q).is_some());
        if process.products.iter().any(transit) {
            continue;
        }
        // A law holds for any multiple of the process: that in which all numbers are whole.
        let sides = || process.reactants.iter().chain(&process.products).map(|side| side.1);
        let times = common_denominator(sides())?;
        let whole = |m: f64| (m * times).round() as i128;
        let mut column = Row::new();
        for &(participant, m) in &process.reactants {
            *column.entry(row_of(participant)).or_insert(0) -= whole(m);
        }
        for &(participant, m) in &process.products {
            *column.entry(row_of(participant)).or_insert(0) += whole(m);
        }
        column.retain(|_, value| *value != 0);
        columns.push(column);
        names.push(process.name.clone());
        open.push(process.reactants.is_empty() || process.products.is_empty());
    }
    for (index, pool) in model.pools.iter().enumerate() {
        let species = &model.species[pool.species];
        if species.label.is_none() && species.nuclide.is_none() {
            continue;
        }
        let Some(fate) = fate(model, pool.species) else { continue };
        let mut column = Row::new();
        if !fate.cold {
            *column.entry(index).or_insert(0) -= 1;
        }
        for &product in &fate.products {
            let place =
                model.pools.iter().position(|p| p.species == product && p.place == pool.place);
            if let (Some(row), None) = (place, &model.species[product].nuclide) {
                *column.entry(row).or_insert(0) += 1;
            }
        }
        column.retain(|_, value| *value != 0);
        if !column.is_empty() {
            // A decay to nothing that is counted takes the molecule out of the model.
            open.push(column.values().all(|v| *v < 0));
            columns.push(column);
            names.push("decay".to_owned());
        }
    }
    // What an event changes, it changes from outside.
    for event in &model.events {
        for action in &event.actions {
            columns.push(Row::from([(row_of(action.target), 1)]));
            names.push(format!("event {}", event.name));
            open.push(true);
        }
    }
    Some((columns, names, open))
}

/// The least whole number that makes all numbers whole, up to a million.
fn common_denominator(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let mut all = 1_u128;
    for x in numbers {
        let own = denominator(x)?;
        all = all / gcd(all, own) * own;
        if all > 1_000_000 {
            return None;
        }
    }
    Some(all as f64)
}

/// The denominator of the first fraction of a continued fraction that cannot be told from a number.
fn denominator(x: f64) -> Option<u128> {
    let (mut rest, mut before, mut own) = (x, 0.0_f64, 1.0_f64);
    while own <= 1e6 {
        let near = (x * own).round() / own;
        if (near - x).abs() <= 1e-13 * x.abs() {
            return Some(own as u128);
        }
        rest = 1.0 / (rest - rest.floor());
        (before, own) = (own, rest.floor() * own + before);
    }
    None
}

/// Integer vectors y with y·column = 0 for every column taken, as few and as positive as
/// elimination makes them.
fn null_space(columns: &[Row], counted: &[bool], take: impl Fn(usize) -> bool) -> Vec<Row> {
    // Each row of the matrix, beside the combination of states it stands for.
    let mut rows: Vec<(Row, Row)> =
        (0..counted.len()).map(|row| (Row::new(), Row::from([(row, 1)]))).collect();
    let mut touched = vec![false; counted.len()];
    for (j, column) in columns.iter().enumerate() {
        for (&row, &value) in column {
            touched[row] = true;
            if take(j) {
                rows[row].0.insert(j, value);
            }
        }
    }
    let mut pending: Vec<(Row, Row)> = rows
        .into_iter()
        .enumerate()
        .filter(|(row, _)| counted[*row] && touched[*row])
        .map(|(_, pair)| pair)
        .collect();
    let mut laws = Vec::new();
    // Eliminate with the shortest rows first: the combinations stay short.
    while let Some(pivot_at) = (0..pending.len()).min_by_key(|&k| pending[k].0.len()) {
        let (pivot, combination) = pending.swap_remove(pivot_at);
        let Some((&column, &value)) = pivot.iter().next() else {
            laws.push(combination);
            continue;
        };
        for (row, sum) in &mut pending {
            let Some(&other) = row.get(&column) else { continue };
            let common = gcd(value.unsigned_abs(), other.unsigned_abs()) as i128;
            // A positive factor for the row keeps the signs readable.
            let (mut a, mut b) = (value / common, -other / common);
            if a < 0 {
                (a, b) = (-a, -b);
            }
            let combined = combine(row, a, &pivot, b).zip(combine(sum, a, &combination, b));
            // Coefficients beyond 128 bits are not a law for a person to read.
            let Some((new_row, new_sum)) = combined else { return Vec::new() };
            (*row, *sum) = reduced(new_row, new_sum);
        }
    }
    make_positive(&mut laws);
    laws.sort();
    laws.sort_by_key(|law| law.keys().next().copied());
    laws
}

fn combine(x: &Row, a: i128, y: &Row, b: i128) -> Option<Row> {
    let mut out = Row::new();
    for (&key, &value) in x {
        out.insert(key, value.checked_mul(a)?);
    }
    for (&key, &value) in y {
        let entry = out.entry(key).or_insert(0);
        *entry = entry.checked_add(value.checked_mul(b)?)?;
    }
    out.retain(|_, value| *value != 0);
    Some(out)
}

fn reduced(row: Row, sum: Row) -> (Row, Row) {
    let all = row.values().chain(sum.values()).fold(0_u128, |g, v| gcd(g, v.unsigned_abs()));
    let divide = |mut r: Row| {
        if all > 1 {
            r.values_mut().for_each(|v| *v /= all as i128);
        }
        r
    };
    (divide(row), divide(sum))
}

fn gcd(a: u128, b: u128) -> u128 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Any sum of laws is a law: adds others where that removes negative coefficients, and takes others
/// away where the rest stays non-negative and becomes shorter.
fn make_positive(laws: &mut [Row]) {
    let normal = |law: &mut Row| {
        let common = law.values().fold(0_u128, |g, v| gcd(g, v.unsigned_abs())).max(1) as i128;
        let negative = law.values().filter(|v| **v < 0).count();
        let sign = if 2 * negative > law.len() { -1 } else { 1 };
        law.values_mut().for_each(|v| *v = sign * *v / common);
    };
    laws.iter_mut().for_each(normal);
    let cost = |law: &Row| (law.values().filter(|v| **v < 0).count(), law.len());
    // A law is replaced only by a better one, so this ends; the bound guards against long tails.
    for _ in 0..20 {
        let mut changed = false;
        for k in 0..laws.len() {
            for other in 0..laws.len() {
                if other == k || !laws[k].keys().any(|key| laws[other].contains_key(key)) {
                    continue;
                }
                for sign in [1, -1] {
                    let Some(mut better) = combine(&laws[k], 1, &laws[other], sign) else {
                        continue;
                    };
                    normal(&mut better);
                    if !better.is_empty() && cost(&better) < cost(&laws[k]) {
                        laws[k] = better;
                        changed = true;
                    }
                }
            }
        }
        if !changed {
            break;
        }
    }
}

fn text(model: &Model, law: &Row) -> String {
    let mut out = String::new();
    for (&row, &value) in law {
        let name = if row < model.pools.len() {
            pool_name(model, row)
        } else {
            model.quantities[row - model.pools.len()].name.clone()
        };
        let sign = match (out.is_empty(), value < 0) {
            (true, false) => "",
            (true, true) => "-",
            (false, false) => " + ",
            (false, true) => " - ",
        };
        out.push_str(sign);
        if value.abs() != 1 {
            out.push_str(&format!("{}*", value.abs()));
        }
        out.push_str(&name);
    }
    out
}
