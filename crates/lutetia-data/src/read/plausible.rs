//! What can be read and yet is hardly what was meant: masses, sums, activities and times out of all proportion.
//!
//! All are warnings, each with the slip that would explain it: the table is usable, and a person should look.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::LN_2;

use lutetia_units::NuclideTable;

use super::{doses::Cycles, significant};
use crate::{
    DoseRow, RegionKind, RegionName, codes,
    study::{BELOW_DETECTION, CORRECTION_UNDONE, Row, Rows},
    table::{Fault, Faults, Part, Place},
};

/// What one litre is for another unit of volume, with the slip it stands for.
const VOLUME_SLIPS: [(f64, &str); 3] = [
    (1000.0, "the numbers look like L: write `volume (L)`"),
    (1e-3, "the numbers look like mm^3: write `volume (mm^3)`"),
    (1e6, "the numbers look like m^3: write `volume (m^3)`"),
];

/// What makes a mass likely, with the slip it stands for.
const MASS_SLIPS: [(f64, &str); 2] = [
    (1000.0, "a thousand times as much is likely: look at the unit of `mass`, such as g for kg"),
    (1e-3, "a thousandth of it is likely: look at the unit of `mass`, such as kg for g"),
];

/// From inflated lung (0.26 g/mL, ICRP Publication 89) to cortical bone (1.9 g/mL), with room for how volumes are
/// outlined.
const DENSITIES: std::ops::RangeInclusive<f64> = 0.15..=3.0;

/// Volumes of one region within a cycle that differ by more than this are not those of one outline.
const JUMP: f64 = 3.0;

/// Sums above what they are part of by more than the calibration of a dose calibrator against a scanner explains.
const SLACK: f64 = 1.1;

/// Measurements this near in time, relative to it or in h, are one scan.
const ONE_SCAN: (f64, f64) = (0.1, 0.25);

/// Regions of a cycle that are compared with one another.
const MOST_COMPARED: usize = 500;

/// A treatment is no more than this, MBq: ablation with iodine stays below 20 GBq.
const MOST_MBQ: f64 = 100e3;
/// The same of a nuclide that emits alphas with its daughters: their treatments are MBq, seldom 1 GBq. Bismuth-213, of which
/// much is given as it is gone within the hour, emits few itself and is not among them.
const MOST_ALPHA_MBQ: f64 = 2e3;
/// Alpha energy per decay, of the nuclide or its daughters, from which a nuclide counts among those, MeV.
const ALPHA_MEV: f64 = 1.0;
/// Less than this, MBq, no scanner sees.
const LEAST_MBQ: f64 = 1e-3;

/// Half-lives after which a thousandth is left: no organ is measured later.
const LATEST_HALF_LIVES: f64 = 10.0;
/// An organ whose whole curve falls this much faster than a nuclide of days decays has its times in another unit.
const FASTEST: f64 = 40.0;
/// Physical half-life, h, from which on that is so; short-lived nuclides are measured in minutes and hours.
const OF_DAYS_H: f64 = 24.0;

fn at(row: &Row) -> Place {
    Place { file: super::ACTIVITY, line: row.line, part: Part::Line }
}

/// Looks at a study whose tables have no fault.
pub(super) fn look(
    doses: &[DoseRow],
    rows: &Rows,
    cycles: &Cycles<'_>,
    nuclides: &NuclideTable,
    faults: &mut Faults,
) {
    injected(doses, nuclides, faults);
    let names: Vec<RegionName> = (0..u32::try_from(rows.regions.len()).unwrap_or(u32::MAX))
        .map(|id| RegionName::read(rows.regions.name(id)))
        .collect();
    let mut by_cycle: BTreeMap<(u32, u16), Vec<&Row>> = BTreeMap::new();
    for row in &rows.rows {
        by_cycle.entry((row.subject, row.cycle)).or_default().push(row);
    }
    spellings(rows, &names, faults);
    let mut weighed: BTreeSet<(u32, u32)> = BTreeSet::new();
    for list in by_cycle.values() {
        let mut by_region: BTreeMap<u32, Vec<&Row>> = BTreeMap::new();
        for row in list {
            by_region.entry(row.region).or_default().push(row);
        }
        for (region, points) in &mut by_region {
            points.sort_by(|a, b| a.time_h.total_cmp(&b.time_h));
            let name = &names[*region as usize];
            if weighed.insert((points[0].subject, *region)) {
                mass(rows, points, name, faults);
            }
            jump(rows, points, faults);
            times(rows, points, name, cycles, faults);
        }
        // Each is compared with each; so many are voxels, not organs.
        if by_region.len() > MOST_COMPARED {
            continue;
        }
        let regions: Vec<(u32, &Row)> = by_region.iter().map(|(r, p)| (*r, p[0])).collect();
        overlaps(rows, &regions, &names, faults);
        sums(rows, list, &names, cycles, nuclides, faults);
    }
}

fn injected(doses: &[DoseRow], nuclides: &NuclideTable, faults: &mut Faults) {
    for dose in doses {
        let alpha = nuclides.get(&dose.nuclide).is_ok_and(|n| n.energy.alpha_mev > ALPHA_MEV)
            || ["Ac-225", "Ra-223", "Ra-224", "Pb-212", "Th-227", "At-211"]
                .contains(&dose.nuclide.as_str());
        let most = if alpha { MOST_ALPHA_MBQ } else { MOST_MBQ };
        let a = dose.activity_mbq;
        if (LEAST_MBQ..=most).contains(&a) {
            continue;
        }
        let place = Place { file: super::DOSES, line: dose.line, part: Part::Line };
        faults.warning(codes::DOUBTFUL_INJECTED, place, || {
            let fault = Fault::new(
                format!(
                    "{} MBq of {} were injected into subject `{}`, and no treatment or scan is so {}",
                    significant(a),
                    dose.nuclide,
                    dose.subject,
                    if a > most { "large" } else { "small" }
                ),
                "look at the unit",
            );
            let slip = if a > most {
                (a / 1000.0 <= most).then_some("the number looks like MBq in a column of GBq")
            } else {
                (a * 1000.0 >= LEAST_MBQ).then_some("the number looks like MBq in a column of kBq")
            };
            fault.hint(slip.unwrap_or("look at the unit of `activity` in the header"))
        });
    }
}

/// Names of one subject that differ in how they are written alone.
fn spellings(rows: &Rows, names: &[RegionName], faults: &mut Faults) {
    let mut first: BTreeMap<(u32, &str), &Row> = BTreeMap::new();
    let mut told: BTreeSet<(u32, u32)> = BTreeSet::new();
    for row in &rows.rows {
        let key = (row.subject, names[row.region as usize].key.as_str());
        let earlier = *first.entry(key).or_insert(row);
        if earlier.region != row.region && told.insert((row.subject, row.region)) {
            let (a, b) = (rows.regions.name(earlier.region), rows.regions.name(row.region));
            faults.warning(codes::NAMES_ALIKE, at(row), || {
                Fault::new(
                    format!(
                        "subject `{}` has regions `{a}` and `{b}`, whose names differ only in case, separators or order of words",
                        rows.subjects.name(row.subject)
                    ),
                    "read as another region",
                )
                .hint(format!("if they are one region, write `{a}` in all rows"))
                .also(at(earlier), "written so here")
            });
        }
    }
}

fn volumes<'a>(points: &'a [&'a Row]) -> impl Iterator<Item = (&'a Row, f64)> {
    points.iter().filter(|p| !p.volume_ml.is_nan()).map(|p| (*p, p.volume_ml))
}

fn mass(rows: &Rows, points: &[&Row], name: &RegionName, faults: &mut Faults) {
    if let Some(first) = points.iter().find(|p| !p.mass_g.is_nan()) {
        given_mass(rows, points, first, name, faults);
        return;
    }
    let count = volumes(points).count();
    let Some((row, _)) = volumes(points).next() else { return };
    let ml = volumes(points).map(|v| v.1).sum::<f64>() / count as f64;
    let g = ml * name.density();
    let Some((reference, slip)) = name.doubtful_mass(g, &VOLUME_SLIPS) else { return };
    faults.warning(codes::DOUBTFUL_MASS, at(row), || {
        Fault::new(
            format!(
                "`{}` of subject `{}` has a volume of {} mL, a mass of {} g; {reference}",
                rows.regions.name(row.region),
                rows.subjects.name(row.subject),
                significant(ml),
                significant(g)
            ),
            "its volume is first given here",
        )
        .hint(slip.unwrap_or_else(|| {
            "look at the unit of `volume`, at the outline and at the name of the region".to_owned()
        }))
    });
}

/// A mass that is given is what doses take, whatever the volume.
fn given_mass(rows: &Rows, points: &[&Row], first: &Row, name: &RegionName, faults: &mut Faults) {
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (sum, n) =
            values.filter(|v| !v.is_nan()).fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
        (n > 0.0).then(|| sum / n)
    };
    let Some(g) = mean(&mut points.iter().map(|p| p.mass_g)) else { return };
    let (region, subject) = (rows.regions.name(first.region), rows.subjects.name(first.subject));
    if let Some((reference, slip)) = name.doubtful_mass(g, &MASS_SLIPS) {
        faults.warning(codes::DOUBTFUL_MASS, at(first), || {
            Fault::new(
                format!(
                    "`{region}` of subject `{subject}` has a mass of {} g; {reference}",
                    significant(g)
                ),
                "its mass is first given here",
            )
            .hint(slip.unwrap_or_else(|| {
                "look at the unit of `mass` and at the name of the region".to_owned()
            }))
        });
        return;
    }
    let Some(ml) = mean(&mut points.iter().map(|p| p.volume_ml)) else { return };
    if !DENSITIES.contains(&(g / ml)) {
        faults.warning(codes::DOUBTFUL_MASS, at(first), || {
            Fault::new(
                format!(
                    "`{region}` of subject `{subject}` has {} g in {} mL, {} g/mL, which no tissue has",
                    significant(g),
                    significant(ml),
                    significant(g / ml)
                ),
                "its mass is first given here",
            )
            .hint("look at the units of `mass` and `volume`; doses take the mass")
        });
    }
}

fn jump(rows: &Rows, points: &[&Row], faults: &mut Faults) {
    let by_size = |a: &(&Row, f64), b: &(&Row, f64)| a.1.total_cmp(&b.1);
    let (Some(least), Some(most)) =
        (volumes(points).min_by(by_size), volumes(points).max_by(by_size))
    else {
        return;
    };
    if most.1 <= JUMP * least.1 {
        return;
    }
    faults.warning(codes::VOLUME_JUMPS, at(most.0), || {
        Fault::new(
            format!(
                "`{}` of subject `{}` has {} mL at one scan and {} mL at another of cycle {}",
                rows.regions.name(most.0.region),
                rows.subjects.name(most.0.subject),
                significant(least.1),
                significant(most.1),
                most.0.cycle
            ),
            "the largest",
        )
        .hint(
            "look at these numbers; where outlines differ so, the mean is the mass of none of them",
        )
        .also(at(least.0), "the smallest")
    });
}

/// Times in another unit than the column says: measured when nothing can be left, or gone faster than any organ clears.
fn times(
    rows: &Rows,
    points: &[&Row],
    name: &RegionName,
    cycles: &Cycles<'_>,
    faults: &mut Faults,
) {
    let seen: Vec<&&Row> =
        points.iter().filter(|p| p.flags & BELOW_DETECTION == 0 && p.activity_mbq > 0.0).collect();
    let Some(last) = seen.last() else { return };
    let subject = rows.subjects.name(last.subject);
    let nuclide = rows.nuclides.name(u32::from(last.nuclide));
    let Some(given) = cycles.get(subject, last.cycle) else { return };
    // A daughter's activity follows its parent, not its own half-life.
    let Some(known) = given.nuclides.iter().find(|n| n.name == nuclide) else { return };
    let physical = LN_2 / (known.lambda_per_s() * 3600.0);
    let region = rows.regions.name(last.region);
    let after = last.time_h - given.start_h;
    if after > LATEST_HALF_LIVES * physical {
        faults.warning(codes::DOUBTFUL_TIME, at(last), || {
            let fault = Fault::new(
                format!(
                    "`{region}` of subject `{subject}` was measured {} h after the injection, {} half-lives of {nuclide}",
                    significant(after),
                    significant(after / physical)
                ),
                "hardly anything is left by then",
            );
            let slip = [(24.0, "h in a column of days: write `time (h)`"), (60.0, "min in a column of h: write `time (min)`")]
                .into_iter()
                .find(|(factor, _)| after / factor <= LATEST_HALF_LIVES * physical);
            fault.hint(slip.map_or_else(
                || "look at the unit of `time` in the header".to_owned(),
                |(_, slip)| format!("the numbers look like {slip}"),
            ))
        });
        return;
    }
    let organ = match name.kind {
        RegionKind::Organ(organ) => !["blood", "red marrow"].contains(&organ),
        RegionKind::Tumour => true,
        _ => false,
    };
    let corrected = points.iter().any(|p| p.flags & CORRECTION_UNDONE != 0);
    let Some(peak) = seen.iter().max_by(|a, b| a.activity_mbq.total_cmp(&b.activity_mbq)) else {
        return;
    };
    let fall = (peak.activity_mbq / last.activity_mbq).ln();
    if !organ || corrected || physical < OF_DAYS_H || seen.len() < 3 || fall < LN_2 {
        return;
    }
    let half_life = LN_2 * (last.time_h - peak.time_h) / fall;
    if half_life * FASTEST >= physical {
        return;
    }
    faults.warning(codes::DOUBTFUL_TIME, at(last), || {
        let slips: Vec<&str> = [(24.0, "days (`time (d)`)"), (60.0, "h in a column of minutes (`time (h)`)")]
            .into_iter()
            .filter(|(factor, _)| (physical / 20.0..=1.2 * physical).contains(&(half_life * factor)))
            .map(|slip| slip.1)
            .collect();
        Fault::new(
            format!(
                "`{region}` of subject `{subject}` falls with an effective half-life of {} h, {nuclide} with {} h; no \
                 organ clears so fast",
                significant(half_life),
                significant(physical)
            ),
            "its last measurement",
        )
        .hint(if slips.is_empty() {
            "look at the unit of `time` in the header".to_owned()
        } else {
            format!("the times look like {}", slips.join(", or like "))
        })
    });
}

/// Regions of one cycle that hold one another, the body apart, which is meant to.
fn overlaps(rows: &Rows, regions: &[(u32, &Row)], names: &[RegionName], faults: &mut Faults) {
    for (whole, row) in regions {
        if matches!(names[*whole as usize].kind, RegionKind::Whole(_)) {
            continue;
        }
        let parts: Vec<&(u32, &Row)> = regions
            .iter()
            .filter(|(part, _)| names[*part as usize].lies_in(&names[*whole as usize]))
            .collect();
        let Some(first) = parts.first() else { continue };
        faults.warning(codes::REGIONS_OVERLAP, at(row), || {
            let list: Vec<String> =
                parts.iter().map(|(r, _)| format!("`{}`", rows.regions.name(*r))).collect();
            Fault::new(
                format!(
                    "`{}` of subject `{}` stands beside {} in cycle {}, which it holds",
                    rows.regions.name(*whole),
                    rows.subjects.name(row.subject),
                    list.join(" and "),
                    row.cycle
                ),
                "the whole",
            )
            .hint("keep either the whole or its parts where sums are taken; each alone has its own dose")
            .also(at(first.1), "a part")
        });
    }
}

/// Regions that together hold more than was injected, or than the body that holds them all.
fn sums(
    rows: &Rows,
    list: &[&Row],
    names: &[RegionName],
    cycles: &Cycles<'_>,
    nuclides: &NuclideTable,
    faults: &mut Faults,
) {
    let mut order: Vec<&Row> =
        list.iter().copied().filter(|r| r.flags & BELOW_DETECTION == 0).collect();
    order.sort_by(|a, b| a.nuclide.cmp(&b.nuclide).then(a.time_h.total_cmp(&b.time_h)));
    let (mut told_sum, mut told_whole) = (false, false);
    let mut from = 0;
    while from < order.len() {
        let first = order[from];
        let start =
            cycles.get(rows.subjects.name(first.subject), first.cycle).map_or(0.0, |c| c.start_h);
        let until = first.time_h + (ONE_SCAN.0 * (first.time_h - start)).max(ONE_SCAN.1);
        let end = (from..order.len())
            .find(|i| order[*i].time_h > until || order[*i].nuclide != first.nuclide)
            .unwrap_or(order.len());
        let scan = &order[from..end];
        from = end;
        let nuclide = rows.nuclides.name(u32::from(first.nuclide));
        let Ok(known) = nuclides.get(nuclide) else { continue };
        let lambda = known.lambda_per_s() * 3600.0;
        // Each region once, brought to the time of the first, without what lies in another of them.
        let mut once: Vec<&Row> = Vec::new();
        for row in scan {
            if !once.iter().any(|o| o.region == row.region) {
                once.push(row);
            }
        }
        let name = |row: &Row| &names[row.region as usize];
        let then = |row: &Row| row.activity_mbq * (lambda * (row.time_h - first.time_h)).exp();
        let parts: Vec<&Row> = once
            .iter()
            .copied()
            .filter(|r| match name(r).kind {
                RegionKind::Organ(organ) => !["blood", "red marrow"].contains(&organ),
                RegionKind::Tumour => !name(r).total,
                RegionKind::Remainder => true,
                RegionKind::Whole(_) | RegionKind::Other => false,
            })
            .collect();
        let apart: Vec<&Row> = parts
            .iter()
            .copied()
            .filter(|r| {
                let within = |o: &&Row| o.region != r.region && name(r).lies_in(name(o));
                let alike = |o: &&Row| o.region < r.region && name(o).key == name(r).key;
                !parts.iter().any(|o| within(o) || alike(o))
            })
            // A tumour within an organ is counted there.
            .filter(|r| name(r).kind != RegionKind::Tumour)
            .collect();
        let sum: f64 = apart.iter().map(|r| then(r)).sum();
        let subject = rows.subjects.name(first.subject);
        let listed = |which: &[&Row]| {
            let named: Vec<String> =
                which.iter().map(|r| format!("`{}`", rows.regions.name(r.region))).collect();
            named.join(", ")
        };
        let injected = cycles.injected(subject, first.cycle, nuclide, first.time_h);
        if let Some(injected) = injected.filter(|i| sum > SLACK * i.remaining_mbq)
            && apart.len() > 1
            && !told_sum
        {
            told_sum = true;
            faults.warning(codes::SUM_ABOVE_INJECTED, at(first), || {
                Fault::new(
                    format!(
                        "{} of subject `{subject}` hold {} MBq together at {} h, when decay leaves {} of the {} MBq injected",
                        listed(&apart),
                        significant(sum),
                        significant(first.time_h),
                        significant(injected.remaining_mbq),
                        significant(injected.injected_mbq)
                    ),
                    "this scan",
                )
                .hint(
                    "look at the unit of the activities, whether the outlines overlap, and whether the values are \
                     decay-corrected",
                )
            });
        }
        let whole = once.iter().find(|r| matches!(name(r).kind, RegionKind::Whole(_)));
        if let Some(whole) = whole.filter(|w| sum > SLACK * then(w))
            && !told_whole
        {
            told_whole = true;
            faults.warning(codes::SUM_ABOVE_WHOLE, at(whole), || {
                Fault::new(
                    format!(
                        "`{}` of subject `{subject}` holds {} MBq at {} h, and {} within it {} MBq",
                        rows.regions.name(whole.region),
                        significant(then(whole)),
                        significant(first.time_h),
                        listed(&apart),
                        significant(sum)
                    ),
                    "the whole is less than its parts",
                )
                .hint("look at the unit of the activities and whether the outlines overlap")
            });
        }
    }
}
