//! One line for what an organ template made: the organs of a table, put together again.

use crate::model::{Model, OrganTable};

/// A row of a table of the explanation.
pub(super) type Row = Vec<String>;

/// The organ whose name stands in a text, bounded by what is not a letter or digit; of several the longest.
pub(super) fn organ_in<'a>(organs: &'a OrganTable, text: &str) -> Option<&'a str> {
    let within = |organ: &&String| places(text, organ).next().is_some();
    organs.names.iter().filter(within).max_by_key(|organ| organ.len()).map(String::as_str)
}

/// Where an organ stands in a text.
fn places<'a>(text: &'a str, organ: &'a str) -> impl Iterator<Item = usize> + 'a {
    let word = |c: char| c.is_ascii_alphanumeric();
    text.match_indices(organ)
        .map(|found| found.0)
        .filter(move |&at| !text[..at].ends_with(word))
        .filter(move |&at| !text[at + organ.len()..].starts_with(word))
}

/// The text with `{organ}` for an organ, the first of them as `first`.
pub(super) fn template(text: &str, organ: &str, first: &str) -> String {
    let mut out = String::new();
    let mut end = 0;
    for (k, at) in places(text, organ).enumerate() {
        out.push_str(&text[end..at]);
        out.push_str(if k == 0 { first } else { "{organ}" });
        end = at + organ.len();
    }
    out.push_str(&text[end..]);
    out
}

/// Rows that differ by the organ alone, and what they have in common.
struct Group {
    key: Option<Row>,
    members: Vec<(String, Row)>,
}

/// Rows that differ by the organ alone become one, where the first of them stood; in the columns `free` they may differ
/// in more. A last column says how many organs a row stands for.
pub(super) fn folded(model: &Model, rows: Vec<Row>, free: &[usize]) -> Vec<Row> {
    let organs = &model.organs;
    if organs.names.len() < 2 {
        return rows;
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut known: std::collections::HashMap<Row, usize> = std::collections::HashMap::new();
    for row in rows {
        let organ = row.first().and_then(|name| organ_in(organs, name)).map(str::to_owned);
        let Some(organ) = organ else {
            groups.push(Group { key: None, members: vec![(String::new(), row)] });
            continue;
        };
        let key: Row =
            row.iter()
                .enumerate()
                .map(|(c, cell)| {
                    if free.contains(&c) {
                        String::new()
                    } else {
                        template(cell, &organ, "{organ}")
                    }
                })
                .collect();
        match known.get(&key) {
            Some(&group) => groups[group].members.push((organ, row)),
            None => {
                known.insert(key.clone(), groups.len());
                groups.push(Group { key: Some(key), members: vec![(organ, row)] });
            }
        }
    }
    groups
        .into_iter()
        .map(|group| match (group.key, group.members) {
            (Some(key), members) if members.len() > 1 => one(organs, key, &members, free),
            (_, mut members) => {
                let (_, mut row) = members.swap_remove(0);
                row.push(String::new());
                row
            }
        })
        .collect()
}

/// The row of several organs.
fn one(organs: &OrganTable, key: Row, members: &[(String, Row)], free: &[usize]) -> Row {
    let names: Vec<&str> = members.iter().map(|m| m.0.as_str()).collect();
    let choice = organs.choice(&names);
    let (_, sample) = &members[0];
    let mut row: Row = key
        .into_iter()
        .enumerate()
        .map(|(c, cell)| {
            if free.contains(&c) {
                return range(members, c);
            }
            match (&choice, c) {
                (Some(choice), 0) => template(&sample[0], names[0], choice),
                _ => cell,
            }
        })
        .collect();
    row.push(match choice {
        Some(_) => format!("{} organs", names.len()),
        None => {
            let others: Vec<&str> =
                organs.names.iter().map(String::as_str).filter(|o| !names.contains(o)).collect();
            if others.len() < names.len().min(4) {
                format!("{} organs: all but {}", names.len(), others.join(", "))
            } else {
                format!("{} organs: {}", names.len(), names.join(", "))
            }
        }
    });
    row
}

/// What the cells of a column have in common: their template, or the range of their numbers.
fn range(members: &[(String, Row)], column: usize) -> String {
    let cells: Vec<String> =
        members.iter().map(|(organ, row)| template(&row[column], organ, "{organ}")).collect();
    if cells.iter().all(|cell| *cell == cells[0]) {
        return cells[0].clone();
    }
    let numbers: Option<Vec<f64>> = cells.iter().map(|cell| cell.parse().ok()).collect();
    let Some(numbers) = numbers else { return "by organ".to_owned() };
    let of = |better: fn(f64, f64) -> bool| {
        let mut best = 0;
        for k in 1..numbers.len() {
            if better(numbers[k], numbers[best]) {
                best = k;
            }
        }
        cells[best].clone()
    };
    format!("{} to {}", of(|a, b| a < b), of(|a, b| a > b))
}

/// Terms of a sum, each with whether it is subtracted, as text; the terms of all organs of a choice are one sum. Also
/// whether one such sum is all there is.
pub(super) fn sum_text(organs: &OrganTable, terms: &[(bool, String)]) -> (String, bool) {
    let mut out: Vec<(bool, String)> = Vec::new();
    let mut alone = false;
    let mut k = 0;
    while k < terms.len() {
        if let Some((text, length)) = run(organs, &terms[k..]) {
            alone = length == terms.len();
            out.push((false, text));
            k += length;
        } else {
            out.push(terms[k].clone());
            k += 1;
        }
    }
    let mut text = String::new();
    for (k, (minus, term)) in out.iter().enumerate() {
        match (k, minus) {
            (0, false) => {}
            (0, true) => text.push('-'),
            (_, false) => text.push_str(" + "),
            (_, true) => text.push_str(" - "),
        }
        text.push_str(term);
    }
    (text, alone)
}

/// The sum over organs with which the terms begin, and how many terms it takes.
fn run(organs: &OrganTable, terms: &[(bool, String)]) -> Option<(String, usize)> {
    if organs.names.len() < 2 || terms.len() < 2 || terms[0].0 {
        return None;
    }
    let first = organ_in(organs, &terms[0].1)?;
    let key = template(&terms[0].1, first, "{organ}");
    let mut names = vec![first];
    for (minus, term) in &terms[1..] {
        let Some(organ) = organ_in(organs, term).filter(|o| !minus && !names.contains(o)) else {
            break;
        };
        if template(term, organ, "{organ}") != key {
            break;
        }
        names.push(organ);
    }
    if names.len() < 2 {
        return None;
    }
    let choice = organs.choice(&names)?;
    Some((format!("sum({})", template(&terms[0].1, first, &choice)), names.len()))
}
