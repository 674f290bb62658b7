//! `doses.csv`: what was injected, when, in whom.

use std::collections::{BTreeMap, HashMap};

use lutetia_units::{Nuclide, NuclideTable, typed};

use super::{
    columns::dose::{
        ACTIVITY, AMOUNT, CYCLE, DURATION, EVERY, INTO, KIND, NOTE, NUCLIDE, NUMBER, SUBJECT,
    },
    decaying_nuclide, significant,
    subjects::Known,
};
use crate::{
    DoseRow, RowKind, codes,
    table::{Bad, Fault, Faults, Input, Moment, Part, Place, ReadAs, RowView, TableReader, When},
};

/// The start of the first injection of a subject whose injections have dates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Zero {
    pub(super) moment: Moment,
    pub(super) line: u32,
}

/// What `doses.csv` holds.
#[derive(Default)]
pub(super) struct Doses {
    pub(super) rows: Vec<DoseRow>,
    /// Where injections have dates.
    pub(super) zeros: BTreeMap<String, Zero>,
    pub(super) layout: (u8, Vec<ReadAs>),
}

pub(super) fn read(
    reader: &TableReader<'_>,
    input: &Input<'_>,
    known: &Known<'_>,
    nuclides: &NuclideTable,
    faults: &mut Faults,
) -> Doses {
    let mut found: Vec<Injection> = Vec::new();
    let mut column = Part::Line;
    let layout = reader.read(input, faults, |row, faults| {
        column = row.place(row.when_column()).part;
        found.extend(read_row(row, known, nuclides, faults));
    });
    let place = |line: u32, part: Part| Place { file: super::DOSES, line, part };
    let mut zeros: BTreeMap<String, Zero> = BTreeMap::new();
    for Injection { dose, moment, .. } in &found {
        let Some(moment) = *moment else { continue };
        let first = Zero { moment, line: dose.line };
        let zero = zeros.entry(dose.subject.clone()).or_insert(first);
        if zero.moment.zoned != moment.zoned {
            faults.error(codes::MIXED_ZONES, place(dose.line, column), || {
                mixed_zones(moment, "this injection", zero.moment, "another of the subject")
                    .also(place(zero.line, column), "written in the other way")
            });
        } else if moment.is_before(zero.moment) {
            *zero = first;
        }
    }
    let mut rows: Vec<DoseRow> = Vec::with_capacity(found.len());
    let mut seen: HashMap<(String, u16, u64, String, Option<String>), u32> = HashMap::new();
    for dose in found.into_iter().flat_map(|injection| injection.all(&zeros)) {
        let key = (
            dose.subject.clone(),
            dose.cycle,
            dose.time_h.to_bits(),
            dose.nuclide.clone(),
            dose.into.clone(),
        );
        if let Some(&line) = seen.get(&key) {
            faults.error(codes::DUPLICATE_ROW, place(dose.line, Part::Line), || {
                Fault::new(
                    format!(
                        "dose of {} into subject `{}` at {} h is there twice",
                        dose.nuclide,
                        dose.subject,
                        typed(dose.time_h)
                    ),
                    "the second one",
                )
                .hint("remove one of the rows")
                .also(place(line, Part::Line), "the first one")
            });
            continue;
        }
        seen.insert(key, dose.line);
        rows.push(dose);
    }
    Doses { rows, zeros, layout }
}

/// A row as it is read.
struct Injection {
    dose: DoseRow,
    /// Where it has a date.
    moment: Option<Moment>,
    /// Interval (h), and how often in all.
    repeated: (f64, u16),
}

impl Injection {
    /// It and its repetitions, each in the next cycle.
    fn all(self, zeros: &BTreeMap<String, Zero>) -> impl Iterator<Item = DoseRow> + use<> {
        let Self { mut dose, moment, repeated: (every, number) } = self;
        if let (Some(moment), Some(zero)) = (moment, zeros.get(&dose.subject)) {
            dose.time_h = moment.hours_since(zero.moment);
        }
        (0..number).map(move |k| DoseRow {
            cycle: dose.cycle.saturating_add(k),
            time_h: if k == 0 { dose.time_h } else { dose.time_h + every * f64::from(k) },
            // The others are added to what the first leaves.
            kind: if k == 0 { dose.kind } else { RowKind::Add },
            every_h: dose.every_h.filter(|_| k == 0),
            ..dose.clone()
        })
    }
}

/// Most repetitions of an injection.
const MOST: u16 = 1000;

/// What a row does to what is there.
fn kind(row: &mut RowView<'_>, faults: &mut Faults) -> Result<RowKind, Bad> {
    let Some(text) = row.text(KIND) else { return Ok(RowKind::Add) };
    RowKind::named(&text).ok_or_else(|| {
        faults.error(codes::OUT_OF_RANGE, row.place(KIND), || {
            Fault::new(format!("`kind` is `{text}`"), "not a kind of dose").hint(
                "write `add`, `steady` (1), `add-steady` (2) or `reset`, or leave the cell empty",
            )
        });
        Bad
    })
}

/// The interval and the number of a row: both or neither, and the interval of a steady state always.
fn repeated(
    row: &mut RowView<'_>,
    (cycle, kind): (u16, RowKind),
    faults: &mut Faults,
) -> Result<(f64, u16), Bad> {
    let every = positive(row, EVERY, "h", false, faults)?;
    if kind.is_steady() && every.is_none() {
        faults.error(codes::OUT_OF_RANGE, row.place(EVERY), || {
            Fault::new(format!("a `{}` dose has no interval", kind.word()), "`every` is missing")
                .hint("fill the column `every (h)`, such as 12 for twice a day")
        });
        return Err(Bad);
    }
    let Some(text) = row.text(NUMBER) else {
        return match every {
            None => Ok((0.0, 1)),
            Some(every) if kind.is_steady() => Ok((every, 1)),
            Some(every) => {
                faults.error(codes::OUT_OF_RANGE, row.place(EVERY), || {
                    Fault::new(
                        format!("an injection every {} h has no `number`", typed(every)),
                        "the total number of injections is not given",
                    )
                    .hint("fill the column `number`, such as 4, or leave `every` empty")
                });
                Err(Bad)
            }
        };
    };
    let most = MOST.min(u16::MAX - cycle);
    let number = text.parse::<u16>().ok().filter(|n| (1..=most).contains(n));
    match (number, every) {
        (None, _) => {
            faults.error(codes::OUT_OF_RANGE, row.place(NUMBER), || {
                Fault::new(
                    format!("`number` is `{text}`; expected a whole number from 1 to {most}"),
                    "not a number of injections",
                )
                .hint("write how often it is given in all, such as 4, or leave the cell empty")
            });
            Err(Bad)
        }
        (Some(number), None) if number > 1 => {
            faults.error(codes::OUT_OF_RANGE, row.place(NUMBER), || {
                Fault::new(format!("{number} injections have no interval"), "`every` is missing")
                    .hint("fill the column `every (h)`, such as 1008 for six weeks")
            });
            Err(Bad)
        }
        (Some(number), every) => Ok((every.unwrap_or(0.0), number)),
    }
}

/// One time with an offset from UTC and one without.
pub(super) fn mixed_zones(this: Moment, what: &str, other: Moment, of: &str) -> Fault {
    let with = |zoned: bool| if zoned { "an" } else { "no" };
    Fault::new(
        format!(
            "{what} ({this}) has {} offset from UTC, {of} ({other}) has {}",
            with(this.zoned),
            if other.zoned { "one" } else { "none" }
        ),
        "cannot be compared",
    )
    .hint("write all times with their offset, such as `2025-03-31T10:30+02:00`, or all as one clock shows them")
}

fn read_row(
    row: &mut RowView<'_>,
    known: &Known<'_>,
    nuclides: &NuclideTable,
    faults: &mut Faults,
) -> Option<Injection> {
    // Every cell is looked at before the row is given up, so that all its faults are told.
    let subject = row.name(SUBJECT, faults);
    let in_study = subject.as_ref().is_ok_and(|id| known.check(id, row, SUBJECT, faults));
    let cycle = row.cycle(CYCLE, faults);
    let when = row.when(faults).and_then(|when| {
        let (When::Hours(time) | When::After(time)) = when else { return Ok(when) };
        if time < 0.0 {
            faults.error(codes::BEFORE_INJECTION, row.place(row.when_column()), || {
                Fault::new(format!("dose at {time} h, before the first injection"), "negative time")
                    .hint("count times from the start of the first injection")
            });
            return Err(Bad);
        }
        Ok(when)
    });
    let nuclide = row.name(NUCLIDE, faults).and_then(|text| {
        decaying_nuclide(nuclides, &text).map_err(|(message, hint)| {
            faults.error(codes::BAD_NUCLIDE, row.place(NUCLIDE), || {
                Fault::new(message, "not a nuclide that can be injected")
                    .hint("write a nuclide such as `Lu-177`")
                    .maybe_hint(hint)
            });
            Bad
        })
    });
    let activity = row.needed(ACTIVITY, faults).and_then(|activity| {
        if activity <= 0.0 {
            faults.error(codes::BAD_ACTIVITY, row.place(ACTIVITY), || {
                Fault::new(format!("injected activity of {activity} MBq"), "must be positive")
                    .hint("a dose needs an activity above 0 MBq")
            });
            return Err(Bad);
        }
        Ok(activity)
    });
    let amount = positive(row, AMOUNT, "nmol", false, faults);
    let duration = positive(row, DURATION, "h", true, faults);
    let kind = kind(row, faults);
    let of = (*cycle.as_ref().unwrap_or(&1), *kind.as_ref().unwrap_or(&RowKind::Add));
    let repeated = repeated(row, of, faults);
    if let (Ok(nuclide), Ok(activity), Ok(Some(amount))) = (&nuclide, &activity, &amount) {
        let hot = nuclide.amount_mol(activity * 1e6) * 1e9;
        // Rounding of an amount that is all hot must not refuse it.
        if hot > amount * (1.0 + 1e-6) {
            faults.error(codes::ABOVE_CARRIER, row.place(AMOUNT), || {
                Fault::new(
                    format!(
                        "{activity} MBq of {} are {} nmol, more than the {amount} nmol injected",
                        nuclide.name,
                        significant(hot)
                    ),
                    "too little ligand to carry the activity",
                )
                .hint("look at the units of activity and amount")
            });
            return None;
        }
    }
    let optional = |column: usize| row.text(column).map(std::borrow::Cow::into_owned);
    let (into, note) = (optional(INTO), optional(NOTE));
    let (time_h, moment) = match when.ok()? {
        When::Hours(time) | When::After(time) => (time, None),
        When::At(moment) => (0.0, Some(moment)),
    };
    let (kind, repeated) = (kind.ok()?, repeated.ok()?);
    let dose = DoseRow {
        subject: subject.ok().filter(|_| in_study)?.into_owned(),
        cycle: cycle.ok()?,
        time_h,
        nuclide: nuclide.ok()?.name.clone(),
        activity_mbq: activity.ok()?,
        amount_nmol: amount.ok()?,
        duration_h: duration.ok()?,
        kind,
        every_h: kind.is_steady().then_some(repeated.0),
        into,
        note,
        line: row.line,
    };
    Some(Injection { dose, moment, repeated })
}

/// An optional number that must be positive, or not negative.
pub(super) fn positive(
    row: &mut RowView<'_>,
    column: usize,
    unit: &str,
    zero_allowed: bool,
    faults: &mut Faults,
) -> Result<Option<f64>, Bad> {
    let Some(value) = row.number(column, None, faults)? else { return Ok(None) };
    if value < 0.0 || (value <= 0.0 && !zero_allowed) {
        let name = row.column_name(column);
        faults.error(codes::OUT_OF_RANGE, row.place(column), || {
            let expected = if zero_allowed { "not be negative" } else { "be positive" };
            Fault::new(format!("`{name}` is {value} {unit}"), format!("must {expected}"))
                .hint("leave the cell empty where it is not known")
        });
        return Err(Bad);
    }
    Ok(Some(value))
}

/// What was injected into one subject in one cycle.
#[derive(Debug, Default)]
pub(super) struct Cycle<'a> {
    pub(super) start_h: f64,
    pub(super) line: u32,
    /// Nuclides by name.
    pub(super) nuclides: Vec<&'a Nuclide>,
}

/// What was injected, by subject and cycle.
pub(super) struct Cycles<'a> {
    doses: BTreeMap<&'a str, Vec<(&'a DoseRow, f64)>>,
    cycles: HashMap<(&'a str, u16), Cycle<'a>>,
    zeros: &'a BTreeMap<String, Zero>,
    /// Without faults in `doses.csv`; otherwise an absent cycle may be a row that was refused.
    pub(super) whole: bool,
}

/// Activity injected up to a time, as injected and as decay leaves it, MBq.
#[derive(Debug, Clone, Copy)]
pub(super) struct Injected {
    pub(super) injected_mbq: f64,
    pub(super) remaining_mbq: f64,
}

impl<'a> Cycles<'a> {
    pub(super) fn new(doses: &'a Doses, nuclides: &'a NuclideTable, whole: bool) -> Self {
        let mut by_subject: BTreeMap<&str, Vec<(&DoseRow, f64)>> = BTreeMap::new();
        let mut cycles: HashMap<(&str, u16), Cycle<'_>> = HashMap::new();
        for dose in &doses.rows {
            // Doses carry the names of this table.
            let Ok(nuclide) = nuclides.get(&dose.nuclide) else { continue };
            let lambda = nuclide.lambda_per_s() * 3600.0;
            by_subject.entry(&dose.subject).or_default().push((dose, lambda));
            let cycle = cycles.entry((&dose.subject, dose.cycle)).or_insert_with(|| Cycle {
                start_h: dose.time_h,
                line: dose.line,
                nuclides: Vec::new(),
            });
            if dose.time_h < cycle.start_h {
                (cycle.start_h, cycle.line) = (dose.time_h, dose.line);
            }
            if let Err(at) = cycle.nuclides.binary_search_by(|n| n.name.cmp(&nuclide.name)) {
                cycle.nuclides.insert(at, nuclide);
            }
        }
        Self { doses: by_subject, cycles, zeros: &doses.zeros, whole }
    }

    /// The start of the first injection of a subject, where `doses.csv` gives its date.
    pub(super) fn zero(&self, subject: &str) -> Option<Zero> {
        self.zeros.get(subject).copied()
    }

    /// Whether a dose of a subject stands for more than what was injected with it.
    fn is_steady(&self, subject: &str) -> bool {
        self.doses.get(subject).is_some_and(|all| all.iter().any(|(d, _)| d.kind.is_steady()))
    }

    pub(super) fn get<'s>(&'s self, subject: &'s str, cycle: u16) -> Option<&'s Cycle<'s>> {
        self.cycles.get(&(subject, cycle))
    }

    /// Activity of a nuclide injected in one cycle up to a time, MBq; `None` where it was not, or not alone.
    pub(super) fn given(
        &self,
        subject: &str,
        cycle: u16,
        nuclide: &str,
        time_h: f64,
    ) -> Option<f64> {
        if self.is_steady(subject) {
            return None;
        }
        let doses = self.doses.get(subject)?.iter().map(|(dose, _)| dose);
        let given: Vec<f64> = doses
            .filter(|d| d.nuclide == nuclide && d.cycle == cycle && d.time_h <= time_h)
            .map(|dose| dose.activity_mbq)
            .collect();
        (!given.is_empty()).then(|| given.iter().sum())
    }

    /// Activity of a nuclide injected in this cycle, with what earlier cycles leave of theirs;
    /// `None` where the nuclide was not injected (a daughter may be measured).
    pub(super) fn injected(
        &self,
        subject: &str,
        cycle: u16,
        nuclide: &str,
        time_h: f64,
    ) -> Option<Injected> {
        if self.is_steady(subject) {
            return None;
        }
        let mut sum = Injected { injected_mbq: 0.0, remaining_mbq: 0.0 };
        let mut found = false;
        for (dose, lambda) in self.doses.get(subject)? {
            if dose.nuclide != nuclide || dose.cycle > cycle || dose.time_h > time_h {
                continue;
            }
            let left = dose.activity_mbq * (-lambda * (time_h - dose.time_h)).exp();
            found |= dose.cycle == cycle;
            sum.injected_mbq += if dose.cycle == cycle { dose.activity_mbq } else { left };
            sum.remaining_mbq += left;
        }
        found.then_some(sum)
    }
}
