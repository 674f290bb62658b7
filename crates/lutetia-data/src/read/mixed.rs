//! Tables in which decay-corrected and measured activities stand together.
//!
//! Three things speak of it: rows of one curve that are marked differently; one scan that lies off all
//! curves by just what decay is until then; and regions that fall more slowly than the nuclide decays
//! beside others that do not. All are warnings: a person knows what was exported.

use lutetia_units::NuclideTable;

use super::{checks::log_linear_scatter, doses::Cycles, significant};
use crate::{
    codes,
    study::{CORRECTION_UNDONE, Row, Rows},
    table::{Fault, Faults, Part, Place},
};

/// Scatter about a straight line (of the logarithm) above which a curve does not fit one.
const OFF: f64 = 0.15;
/// Scatter below which it does.
const ON: f64 = 0.06;
/// Decay until a scan below which its correction does not show, as an exponent.
const LEAST_DECAY: f64 = 0.2;
/// Regions named in one message.
const NAMED: usize = 6;

/// The curves of one subject in one cycle.
#[derive(Default)]
pub(super) struct Mixed {
    key: Option<(u32, u16)>,
    curves: Vec<Vec<Row>>,
    slow: Vec<u32>,
    line: u32,
}

impl Mixed {
    /// Takes a curve (in order of time, detected points only) and whether it looks decay-corrected.
    /// Curves come subject by subject and cycle by cycle.
    pub(super) fn add(
        &mut self,
        points: &[&Row],
        slow: bool,
        rows: &Rows,
        cycles: &Cycles<'_>,
        nuclides: &NuclideTable,
        faults: &mut Faults,
    ) {
        let Some(first) = points.first() else { return };
        let key = (first.subject, first.cycle);
        if self.key.is_some_and(|k| k != key) {
            self.tell(rows, cycles, nuclides, faults);
        }
        if self.key.is_none() {
            (self.key, self.line) = (Some(key), first.line);
        }
        if slow {
            self.slow.push(first.region);
        }
        marked_differently(points, rows, faults);
        self.curves.push(points.iter().map(|p| **p).collect());
    }

    /// Says what the curves taken so far show, and forgets them.
    pub(super) fn tell(
        &mut self,
        rows: &Rows,
        cycles: &Cycles<'_>,
        nuclides: &NuclideTable,
        faults: &mut Faults,
    ) {
        let Self { key, curves, slow, line } = std::mem::take(self);
        let Some((subject, cycle)) = key else { return };
        let name = rows.subjects.name(subject);
        let Some(given) = cycles.get(name, cycle) else { return };
        let start = given.start_h;
        if let Some((time, corrected, count)) = odd_scan(&curves, start, rows, nuclides) {
            let place = Place { file: super::ACTIVITY, line, part: Part::Line };
            faults.warning(codes::MIXED_CORRECTION, place, || {
                let (this, others) = if corrected {
                    ("decay-corrected", "measured")
                } else {
                    ("measured", "decay-corrected")
                };
                Fault::new(
                    format!(
                        "the scan of subject `{name}` at {} h looks {this} and the others {others}: taken so, {count} \
                         curves of cycle {cycle} become straight",
                        significant(time)
                    ),
                    "one of these curves starts here",
                )
                .hint("say in a column `decay_corrected`, row by row, which values are corrected to the injection")
            });
            return;
        }
        let fast: Vec<u32> =
            curves.iter().map(|c| c[0].region).filter(|r| !slow.contains(r)).collect();
        let marked = curves.iter().flatten().any(|p| p.flags & CORRECTION_UNDONE != 0);
        if slow.is_empty() || fast.is_empty() || marked {
            return;
        }
        let list = |regions: &[u32]| {
            let mut names: Vec<String> = regions
                .iter()
                .take(NAMED)
                .map(|r| format!("`{}`", rows.regions.name(*r)))
                .collect();
            if regions.len() > NAMED {
                names.push(format!("{} more", regions.len() - NAMED));
            }
            names.join(", ")
        };
        let place = Place { file: super::ACTIVITY, line, part: Part::Line };
        faults.warning(codes::MIXED_CORRECTION, place, || {
            let plural = |n: usize, one: &'static str, many: &'static str| if n == 1 { one } else { many };
            Fault::new(
                format!(
                    "in cycle {cycle} of subject `{name}`, {} {} decay-corrected and {} {} not",
                    list(&slow),
                    plural(slow.len(), "looks", "look"),
                    list(&fast),
                    plural(fast.len(), "does", "do"),
                ),
                "the cycle starts here",
            )
            .hint("either these regions alone are corrected, or the whole table: say in a column `decay_corrected` which rows are")
        });
    }
}

/// A curve of which some rows say that they are corrected and others do not.
fn marked_differently(points: &[&Row], rows: &Rows, faults: &mut Faults) {
    let marked = |p: &&&Row| p.flags & CORRECTION_UNDONE != 0;
    let (Some(with), Some(without)) =
        (points.iter().find(marked), points.iter().find(|p| !marked(p)))
    else {
        return;
    };
    let place = |row: &Row| Place { file: super::ACTIVITY, line: row.line, part: Part::Line };
    faults.warning(codes::MIXED_CORRECTION, place(without), || {
        let count = points.iter().filter(marked).count();
        Fault::new(
            format!(
                "`{}` of subject `{}` is marked as decay-corrected in {count} of its {} rows",
                rows.regions.name(without.region),
                rows.subjects.name(without.subject),
                points.len()
            ),
            "not marked",
        )
        .hint("a curve is usually exported in one way; look at the marks")
        .also(place(with), "marked")
    });
}

/// The time of a scan that alone is corrected (`true`) or alone is not, and the number of curves that
/// become straight by it: most of those with four points, and two at least.
fn odd_scan(
    curves: &[Vec<Row>],
    start: f64,
    rows: &Rows,
    nuclides: &NuclideTable,
) -> Option<(f64, bool, usize)> {
    let usable: Vec<(&[Row], f64)> = curves
        .iter()
        .filter(|c| c.iter().all(|p| p.flags & CORRECTION_UNDONE == 0))
        .filter_map(|c| {
            let peak =
                (0..c.len()).max_by(|&a, &b| c[a].activity_mbq.total_cmp(&c[b].activity_mbq))?;
            // A corrected scan may be the peak itself.
            let tail = if peak + 4 <= c.len() { &c[peak..] } else { &c[..] };
            let nuclide = nuclides.get(rows.nuclides.name(u32::from(c[0].nuclide))).ok()?;
            (tail.len() >= 4).then_some((tail, nuclide.lambda_per_s() * 3600.0))
        })
        .collect();
    let (first, _) = usable.first()?;
    if usable.len() < 2 {
        return None;
    }
    let mut best: Option<((f64, bool, usize), f64)> = None;
    for scan in *first {
        for corrected in [true, false] {
            let after: Vec<f64> = usable
                .iter()
                .filter_map(|(tail, lambda)| {
                    let shift = lambda * (scan.time_h - start);
                    let at = tail.iter().position(|p| (p.time_h - scan.time_h).abs() < 1e-6);
                    let at = at.filter(|_| shift > LEAST_DECAY)?;
                    let mut logs: Vec<(f64, f64)> =
                        tail.iter().map(|p| (p.time_h, p.activity_mbq.ln())).collect();
                    let before = log_linear_scatter(&logs);
                    logs[at].1 += if corrected { -shift } else { shift };
                    let after = log_linear_scatter(&logs);
                    (before > OFF && after < ON).then_some(after)
                })
                .collect();
            let straight = after.len();
            let scatter = after.iter().sum::<f64>() / straight as f64;
            // One of two late scans corrected looks nearly like the other one measured of all
            // corrected, as early scans hardly show either. The straighter reading is told.
            let better =
                best.is_none_or(|(b, s)| straight > b.2 || (straight == b.2 && scatter < s));
            if straight >= 2 && 3 * straight >= 2 * usable.len() && better {
                best = Some(((scan.time_h - start, corrected, straight), scatter));
            }
        }
    }
    best.map(|b| b.0)
}
