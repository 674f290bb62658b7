//! Which doses of an arm begin an occasion of the ligand?
//!
//! Occasions (of variability between occasions, of what follows them in a cohort, and the cycles that are counted)
//! belong to the administrations of the radioligand. A partner is given beside them and begins none.

use lutetia_sim::{Dose, Regimen};
use lutetia_trial::Cycle;
use lutetia_units::Dimension;

use super::{
    load::LoadedModel,
    simulate::{DoseSpec, dose},
    trial::{ArmDose, ArmSpec},
};

/// Times (days) that differ by less are one.
const MOMENT: f64 = 1e-9;

/// One entry of `doses` with everything it gives.
struct Entry<'a> {
    /// Its number, from 1.
    place: usize,
    spec: &'a ArmDose,
    /// Starts in days, with what is given.
    given: Vec<(f64, Dose)>,
}

/// What an arm gives, in order of time; doses of one start are together. An entry's `cycle` says to which occasion
/// its first dose belongs, and its repetitions belong to the next ones. Without any, the first entry of the ligand
/// begins an occasion with each of its doses. A later one joins occasions of the same start, or goes on with the
/// next ones where all of it comes later and is repeated; else it has to say.
pub(super) fn cycles(spec: &ArmSpec, model: &LoadedModel) -> Result<Vec<Cycle>, String> {
    let day = model.internal("a day", "1 d", Dimension::TIME)?;
    let entries = spec
        .doses
        .iter()
        .enumerate()
        .map(|(k, d)| entry(spec, k + 1, d, model, day))
        .filter_map(Result::transpose)
        .collect::<Result<Vec<_>, String>>()?;
    let starts = starts(spec, model, &entries)?;
    let mut cycles: Vec<Cycle> = Vec::new();
    for (at, given) in entries.into_iter().flat_map(|e| e.given) {
        match cycles.iter_mut().find(|c| same(c.at, at)) {
            Some(cycle) => cycle.doses.push(given),
            None => {
                let begins = starts.iter().any(|start| same(*start, at));
                cycles.push(Cycle { at, doses: vec![given], begins });
            }
        }
    }
    cycles.sort_by(|a, b| a.at.total_cmp(&b.at));
    Ok(cycles)
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < MOMENT
}

/// What an entry gives; none where an activity of zero would carry nothing.
fn entry<'a>(
    arm: &ArmSpec,
    place: usize,
    spec: &'a ArmDose,
    model: &LoadedModel,
    day: f64,
) -> Result<Option<Entry<'a>>, String> {
    let of = || format!("a dose of the arm `{}`", arm.name);
    let activity =
        spec.activity.as_deref().map(|t| model.internal("activity", t, Dimension::ACTIVITY));
    if matches!(activity, Some(Ok(a)) if a.abs() < f64::MIN_POSITIVE) && spec.amount.is_none() {
        return Ok(None);
    }
    let one = dose(
        &DoseSpec {
            at: spec.at.clone(),
            into: spec.into.clone(),
            nuclide: spec.nuclide.clone(),
            activity: spec.activity.clone(),
            amount: spec.amount.clone(),
            over: spec.over.clone(),
        },
        model,
    )
    .map_err(|e| format!("{}: {e}", of()))?;
    let every = match &spec.every {
        Some(text) => model.internal("every", text, Dimension::TIME)?,
        None if spec.cycles <= 1 => 0.0,
        None => return Err(format!("{} has `cycles` and needs `every`", of())),
    };
    if !(1..=1000).contains(&spec.cycles) {
        return Err(format!("{} has {} cycles; expected 1 to 1000", of(), spec.cycles));
    }
    let doses = Regimen::repeat(&one, every, spec.cycles as usize).doses;
    let given = doses.into_iter().map(|d| (d.at / day, d)).collect();
    Ok(Some(Entry { place, spec, given }))
}

/// When the occasions begin, in their order.
fn starts(arm: &ArmSpec, model: &LoadedModel, entries: &[Entry<'_>]) -> Result<Vec<f64>, String> {
    let numbered = entries.iter().any(|e| e.spec.cycle.is_some());
    // By number, from 1: (number, start).
    let mut doses: Vec<(u32, f64)> = Vec::new();
    for e in entries {
        if let Some(first) = e.spec.cycle {
            if first == 0 {
                return Err(format!(
                    "dose {} of the arm `{}` has `cycle = 0`; expected 1 for the first occasion",
                    e.place, arm.name
                ));
            }
            doses.extend((first..).zip(&e.given).map(|(n, (at, _))| (n, *at)));
        }
    }
    let ligand: Vec<&Entry<'_>> =
        entries.iter().filter(|e| e.spec.cycle.is_none() && is_ligand(e, model, entries)).collect();
    for e in ligand {
        let last = doses.iter().map(|d| d.1).fold(f64::NEG_INFINITY, f64::max);
        let joins = |at: f64| doses.iter().find(|d| same(d.1, at)).map(|d| d.0);
        if doses.is_empty() && !numbered {
            doses = (1..).zip(&e.given).map(|(n, (at, _))| (n, *at)).collect();
        } else if e.given.iter().all(|(at, _)| joins(*at).is_some()) {
            // Given together with what has begun them.
        } else if e.given.len() > 1 && e.given[0].0 > last + MOMENT {
            let next = doses.iter().map(|d| d.0).max().unwrap_or(0) + 1;
            doses.extend((next..).zip(&e.given).map(|(n, (at, _))| (n, *at)));
        } else {
            let at = e.given[0].0;
            let before = doses.iter().filter(|d| d.1 < at - MOMENT).map(|d| d.0).max();
            let (within, own) = (before.unwrap_or(1), before.unwrap_or(0) + 1);
            return Err(format!(
                "dose {} of the arm `{}` gives the ligand at {at} d and does not say on which occasion; write \
                 `cycle = {within}` where it is a further part of occasion {within}, or `cycle = {own}` where it \
                 begins occasion {own}",
                e.place, arm.name
            ));
        }
    }
    let count = doses.iter().map(|d| d.0).max().unwrap_or(0);
    let mut starts: Vec<f64> = Vec::new();
    for number in 1..=count {
        let own = doses.iter().filter(|d| d.0 == number).map(|d| d.1);
        let Some(start) = own.reduce(f64::min) else {
            return Err(format!(
                "the doses of the arm `{}` have a `cycle` of {count} and none of {number}; number them from 1 \
                 without gaps",
                arm.name
            ));
        };
        if let Some(before) = starts.last().filter(|b| start < **b + MOMENT) {
            return Err(format!(
                "occasion {number} of the arm `{}` begins at {start} d and occasion {} at {before} d; number them \
                 in order of time",
                arm.name,
                number - 1
            ));
        }
        starts.push(start);
    }
    Ok(starts)
}

/// Whether an entry gives the ligand: an activity. A model without anything labelled has no radioligand; there the
/// first entry says what it is.
fn is_ligand(entry: &Entry<'_>, model: &LoadedModel, all: &[Entry<'_>]) -> bool {
    if model.model.labels.is_empty() && all.iter().all(|e| e.spec.activity.is_none()) {
        return all.first().is_some_and(|first| first.place == entry.place);
    }
    entry.spec.activity.is_some()
}
