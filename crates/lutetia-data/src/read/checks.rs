//! What only shows when the rows of a curve are seen together.

use std::collections::BTreeSet;

use lutetia_units::{NuclideTable, typed};

use super::{doses::Cycles, mixed::Mixed, significant};
use crate::{
    DoseRow, Subject, codes,
    study::{BELOW_DETECTION, CORRECTION_UNDONE, Row, Rows},
    table::{Fault, Faults, Part, Place},
};

/// Relative standard deviation taken for a point whose row gives none; for this test alone.
const ASSUMED_RELATIVE_SD: f64 = 0.05;
/// Standard errors by which a fall must be slower than physical decay.
const SIGNIFICANT: f64 = 2.0;
/// Regions named in one message.
const NAMED: usize = 8;

fn key(row: &Row) -> (u32, u16, u32, u8) {
    (row.subject, row.cycle, row.region, row.nuclide)
}

/// Duplicated rows, single time points, and regions that look decay-corrected.
///
/// Where rows were refused (not `whole`), a single point may be what is left of several and is not
/// spoken of.
pub(super) fn curves(
    rows: &Rows,
    whole: bool,
    cycles: &Cycles<'_>,
    nuclides: &NuclideTable,
    faults: &mut Faults,
) {
    let mut order: Vec<u32> = (0..u32::try_from(rows.rows.len()).unwrap_or(u32::MAX)).collect();
    let row = |i: u32| &rows.rows[i as usize];
    order.sort_unstable_by(|&a, &b| {
        let (a, b) = (row(a), row(b));
        key(a).cmp(&key(b)).then(a.time_h.total_cmp(&b.time_h)).then(a.line.cmp(&b.line))
    });
    let lambdas: Vec<f64> = (0..=u8::MAX)
        .map(|i| {
            let name = rows.nuclides.name(u32::from(i));
            nuclides.get(name).map_or(0.0, |n| n.lambda_per_s() * 3600.0)
        })
        .collect();
    let mut single = Single::default();
    let mut mixed = Mixed::default();
    let mut points: Vec<&Row> = Vec::new();
    for curve in order.chunk_by(|&a, &b| key(row(a)) == key(row(b))) {
        points.clear();
        let mut previous: Option<&Row> = None;
        for &i in curve {
            let this = row(i);
            if let Some(first) = previous.filter(|p| p.time_h.total_cmp(&this.time_h).is_eq()) {
                duplicate(rows, first, this, faults);
                continue;
            }
            previous = Some(this);
            if this.flags & BELOW_DETECTION == 0 && this.activity_mbq > 0.0 {
                points.push(this);
            }
        }
        let Some(&first) = points.first() else { continue };
        if single.key.is_some_and(|k| k != (first.subject, first.cycle)) {
            single.tell(rows, faults);
        }
        if points.len() == 1 {
            if whole {
                single.add(first);
            }
            continue;
        }
        let lambda = lambdas[usize::from(first.nuclide)];
        let fall = slower_than_decay(&points, lambda);
        mixed.add(&points, fall.is_some(), rows, cycles, nuclides, faults);
        if let Some(fall) = fall {
            decay_corrected(rows, &points, lambda, fall, cycles, faults);
        }
    }
    mixed.tell(rows, cycles, nuclides, faults);
    single.tell(rows, faults);
}

fn duplicate(rows: &Rows, first: &Row, second: &Row, faults: &mut Faults) {
    let place = |row: &Row| Place { file: super::ACTIVITY, line: row.line, part: Part::Line };
    faults.error(codes::DUPLICATE_ROW, place(second), || {
        Fault::new(
            format!(
                "`{}` of subject `{}` is there twice at {} h",
                rows.regions.name(second.region),
                rows.subjects.name(second.subject),
                typed(second.time_h)
            ),
            "the second one",
        )
        .hint("remove one of the rows, or correct its time or cycle")
        .also(place(first), "the first one")
    });
}

/// Regions of one subject and cycle that have one point.
#[derive(Default)]
struct Single {
    key: Option<(u32, u16)>,
    line: u32,
    regions: Vec<u32>,
    count: usize,
}

impl Single {
    fn add(&mut self, row: &Row) {
        if self.key.is_none() {
            self.line = row.line;
        }
        self.key = Some((row.subject, row.cycle));
        self.count += 1;
        if self.regions.len() < NAMED {
            self.regions.push(row.region);
        }
    }

    fn tell(&mut self, rows: &Rows, faults: &mut Faults) {
        let Some((subject, cycle)) = self.key.take() else { return };
        let place = Place { file: super::ACTIVITY, line: self.line, part: Part::Cell(0) };
        faults.warning(codes::ONE_TIME_POINT, place, || {
            let mut names: Vec<String> =
                self.regions.iter().map(|&r| format!("`{}`", rows.regions.name(r))).collect();
            if self.count > names.len() {
                names.push(format!("{} more", self.count - names.len()));
            }
            Fault::new(
                format!(
                    "subject `{}` has one measured time in cycle {cycle} for {}",
                    rows.subjects.name(subject),
                    names.join(", ")
                ),
                "one point does not determine a curve",
            )
            .hint("only a model with priors, or a population half-life, gives an integral here")
        });
        self.regions.clear();
        self.count = 0;
    }
}

/// The rate of fall (1/h) and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fall {
    pub(super) rate: f64,
    pub(super) se: f64,
}

/// Whether the end of a curve falls more slowly than physical decay, which no measured activity does
/// once uptake is over.
///
/// The logarithm of the activity over time after the peak is fitted by weighted least squares
/// (relative variance as weight, widened by the observed scatter). Where an uptake phase shows
/// before the peak, the peak is left out as well: uptake still balances decay there. Uptake that
/// goes on makes the fall approach decay with time, while decay-corrected data stay below it, so
/// the last interval must be slower than decay, too.
pub(super) fn slower_than_decay(points: &[&Row], lambda_per_h: f64) -> Option<Fall> {
    if points.iter().any(|p| p.flags & CORRECTION_UNDONE != 0) {
        return None;
    }
    // The last of equal maxima, as a plateau is still uptake.
    let peak = (0..points.len())
        .max_by(|&a, &b| points[a].activity_mbq.total_cmp(&points[b].activity_mbq))?;
    let tail = &points[if peak == 0 { 0 } else { peak + 1 }..];
    let [.., before, last] = tail else { return None };
    let slope = |a: &Row, b: &Row| (a.activity_mbq / b.activity_mbq).ln() / (b.time_h - a.time_h);
    if slope(before, last) >= lambda_per_h {
        return None;
    }
    let fall = log_linear_fall(tail);
    (fall.rate + SIGNIFICANT * fall.se < lambda_per_h).then_some(fall)
}

fn log_linear_fall(points: &[&Row]) -> Fall {
    let (mut sw, mut swt, mut swy) = (0.0, 0.0, 0.0);
    let weighted = |p: &Row| {
        let relative =
            if p.sd_mbq.is_nan() { ASSUMED_RELATIVE_SD } else { p.sd_mbq / p.activity_mbq };
        (1.0 / (relative * relative), p.time_h, p.activity_mbq.ln())
    };
    for (w, t, y) in points.iter().map(|p| weighted(p)) {
        sw += w;
        swt += w * t;
        swy += w * y;
    }
    let (mean_t, mean_y) = (swt / sw, swy / sw);
    let (mut stt, mut sty) = (0.0, 0.0);
    for (w, t, y) in points.iter().map(|p| weighted(p)) {
        stt += w * (t - mean_t) * (t - mean_t);
        sty += w * (t - mean_t) * (y - mean_y);
    }
    let rate = -sty / stt;
    let mut se = (1.0 / stt).sqrt();
    let freedom = points.len() - 2;
    if freedom > 0 {
        let chi2: f64 = points
            .iter()
            .map(|p| weighted(p))
            .map(|(w, t, y)| {
                let residual = y - mean_y + rate * (t - mean_t);
                w * residual * residual
            })
            .sum();
        se *= (chi2 / freedom as f64).sqrt().max(1.0);
    }
    Fall { rate, se }
}

/// Root mean square distance of (t, ln A) from the straight line through them, per degree of freedom.
pub(super) fn log_linear_scatter(logs: &[(f64, f64)]) -> f64 {
    let n = logs.len() as f64;
    let t = logs.iter().map(|p| p.0).sum::<f64>() / n;
    let y = logs.iter().map(|p| p.1).sum::<f64>() / n;
    let stt: f64 = logs.iter().map(|p| (p.0 - t) * (p.0 - t)).sum();
    let sty: f64 = logs.iter().map(|p| (p.0 - t) * (p.1 - y)).sum();
    let slope = sty / stt;
    let squares: f64 = logs.iter().map(|p| (p.1 - y - slope * (p.0 - t)).powi(2)).sum();
    (squares / (n - 2.0)).sqrt()
}

fn decay_corrected(
    rows: &Rows,
    points: &[&Row],
    lambda: f64,
    fall: Fall,
    cycles: &Cycles<'_>,
    faults: &mut Faults,
) {
    let first = points[0];
    let (subject, region) = (rows.subjects.name(first.subject), rows.regions.name(first.region));
    let nuclide = rows.nuclides.name(u32::from(first.nuclide));
    // A daughter's activity follows its parent, not its own half-life.
    if cycles.get(subject, first.cycle).is_none_or(|c| c.nuclides.iter().all(|n| n.name != nuclide))
    {
        return;
    }
    let place = Place { file: super::ACTIVITY, line: first.line, part: Part::Line };
    faults.warning(codes::LOOKS_DECAY_CORRECTED, place, || {
        let half_life = |rate: f64| {
            if rate > 0.0 {
                format!("half-life {} h", significant(std::f64::consts::LN_2 / rate))
            } else {
                "no fall".to_owned()
            }
        };
        Fault::new(
            format!(
                "`{region}` of subject `{subject}` falls more slowly than {nuclide} decays: {} against {}",
                half_life(fall.rate),
                half_life(lambda)
            ),
            "looks decay-corrected; this curve starts here",
        )
        .hint("if the values are decay-corrected to the injection, say `yes` in a column `decay_corrected`")
    });
}

/// Subjects that no dose or no measurement names.
pub(super) fn unused_subjects(
    subjects: &[Subject],
    doses: &[DoseRow],
    rows: &Rows,
    faults: &mut Faults,
) {
    let dosed: BTreeSet<&str> = doses.iter().map(|d| d.subject.as_str()).collect();
    for subject in subjects {
        let lacks = match (dosed.contains(subject.id.as_str()), rows.subjects.get(&subject.id)) {
            (false, _) => "dose",
            (true, None) => "measurement",
            (true, Some(_)) => continue,
        };
        let place = Place { file: super::SUBJECTS, line: subject.line, part: Part::Line };
        faults.warning(codes::UNUSED_SUBJECT, place, || {
            Fault::new(format!("subject `{}` has no {lacks}", subject.id), "named nowhere else")
                .hint("add the rows, or remove the subject")
        });
    }
}
