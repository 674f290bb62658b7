//! The short tables of a patient's page, with values as people read them.

use lutetia_figure::charts::readable;
use lutetia_patient::{
    curves::RegionCurve,
    cycles::{Cumulative, Cycle},
    dose::{RegionDose, bed_unit},
    shown,
};
use lutetia_table::{Cell, Table, significant};

/// A value with its standard deviation, to two digits of the latter.
pub(super) fn plus_minus(value: f64, sd: Option<f64>) -> String {
    let Some(sd) = sd.filter(|sd| sd.is_finite() && *sd > 0.0) else {
        return significant(value, 3);
    };
    let magnitude = |x: f64| x.abs().log10().floor() as i32;
    let decimals = 1 - magnitude(sd);
    if value.is_finite() && (0..=6).contains(&decimals) {
        let decimals = decimals.unsigned_abs() as usize;
        return format!("{value:.decimals$} ± {sd:.decimals$}");
    }
    // Digits of the value down to the second digit of its error.
    let digits = (magnitude(value) - magnitude(sd) + 2).clamp(2, 9);
    format!("{} ± {}", significant(value, digits.unsigned_abs() as usize), significant(sd, 2))
}

fn cell(text: Option<String>) -> Cell {
    text.map_or(Cell::Missing, Cell::Text)
}

/// One row per region: what a physicist signs.
pub(super) fn by_region(cycle: &Cycle) -> Table {
    let with_bed = cycle.doses.regions.iter().any(|d| d.effective.is_some());
    let mut table = Table::new("summary", "Value ± one standard error")
        .column("region", "")
        .column("function", "")
        .column("TIA", "MBq h")
        .column("TIA coefficient", "h")
        .column("effective half-life", "h")
        .column("extrapolated", "%")
        .column("mass", "g")
        .column("dose", "Gy")
        .column("dose per activity", "Gy/GBq");
    if with_bed {
        let unit = bed_unit(cycle.doses.regions.iter().filter_map(|d| d.effective.as_ref()));
        table = table.column("BED", unit).column("EQD2", unit);
    }
    table = table.column("note", "");
    for dose in &cycle.doses.regions {
        let curve = cycle.curves.iter().find(|c| c.data.region == dose.region);
        let half_life = curve.and_then(RegionCurve::effective_half_life);
        let half_life = half_life.map(|(value, sd)| plus_minus(value, sd));
        // The red marrow and a cortex have no curve of their own.
        let tia = cycle.tias.iter().find(|t| t.region == dose.region);
        let integral = tia.and_then(|t| Some((shown(&t.tia).0?, t.injected_mbq)));
        let found = shown(&dose.dose).0;
        let mut row = vec![
            readable(&dose.region).into(),
            cell(integral.map(|(t, _)| t.method().to_owned())),
            cell(integral.map(|(t, _)| plus_minus(t.value_mbq_h(), t.sd_mbq_h()))),
            cell(integral.map(|(t, injected)| {
                let per = |x: f64| x / injected;
                plus_minus(per(t.value_mbq_h()), t.sd_mbq_h().map(per))
            })),
            cell(half_life),
            cell(
                integral
                    .and_then(|(t, _)| t.extrapolated_fraction())
                    .map(|f| significant(100.0 * f, 2)),
            ),
            cell(found.map(|d| plus_minus(d.mass.g, d.mass.sd_g))),
            found.map_or_else(
                || Cell::Text("not determined".to_owned()),
                |d| plus_minus(d.total, d.sd).into(),
            ),
            cell(found.and_then(|d| {
                let per = d.gy_per_gbq?;
                Some(plus_minus(per, d.sd.filter(|_| d.total > 0.0).map(|sd| sd * per / d.total)))
            })),
        ];
        if with_bed {
            let effective = dose.effective.as_ref().and_then(|e| shown(e).0);
            row.push(cell(effective.map(|e| significant(e.bed_gy, 3))));
            row.push(cell(effective.map(|e| significant(e.eqd2_gy, 3))));
        }
        // The words stand below; here a reader is sent to them.
        let word = if dose.note().is_empty() { "" } else { "see below" };
        row.push(word.into());
        table.push(row);
    }
    table
}

/// Doses by particle.
pub(super) fn by_particle(cycle: &Cycle) -> Table {
    let mut table = Table::new("particles", "Absorbed self dose by particle, without RBE")
        .column("region", "")
        .column("alpha", "Gy")
        .column("electron", "Gy")
        .column("photon", "Gy")
        .column("total", "Gy");
    for RegionDose { region, dose, .. } in &cycle.doses.regions {
        let Some(d) = shown(dose).0 else { continue };
        let part = |x: f64| Cell::Text(significant(x, 3));
        table.push(vec![
            readable(region).into(),
            part(d.alpha),
            part(d.electron),
            part(d.photon),
            plus_minus(d.total, d.sd).into(),
        ]);
    }
    table
}

/// One row per region over all cycles.
pub(super) fn over_cycles(sums: &[Cumulative]) -> Table {
    let mut table = Table::new("cumulative", "")
        .column("region", "")
        .column("cycles", "")
        .column("activity", "GBq")
        .column("dose", "Gy");
    let weights = sums.first().map_or(0, |s| s.weighted.len());
    for i in 0..weights {
        let name = if weights == 1 { "weighted".to_owned() } else { format!("weighted {}", i + 1) };
        table = table.column(&name, "Gy(RBE)");
    }
    let with_bed = sums.iter().any(|s| s.bed.is_some());
    if with_bed {
        let weighted = sums.iter().any(|s| s.bed_unit != "Gy");
        let unit = if weighted { "Gy(RBE)" } else { "Gy" };
        table = table.column("BED", unit).column("EQD2", unit);
    }
    table = table.column("note", "");
    for s in sums {
        let cycles: Vec<String> = s.cycles.iter().map(u16::to_string).collect();
        let mut row = vec![
            readable(&s.region).into(),
            cycles.join(" + ").into(),
            s.activity_gbq.into(),
            shown(&s.dose).0.map_or_else(
                || Cell::Text("not determined".to_owned()),
                |(value, sd)| plus_minus(*value, *sd).into(),
            ),
        ];
        row.extend(
            s.weighted.iter().map(|w| cell(shown(w).0.map(|(value, sd)| plus_minus(*value, *sd)))),
        );
        if with_bed {
            let bed = s.bed.as_ref().and_then(|bed| shown(bed).0);
            row.push(cell(bed.map(|((value, sd), _)| plus_minus(*value, *sd))));
            row.push(cell(bed.map(|(_, eqd2)| significant(*eqd2, 3))));
        }
        row.push(s.said().into());
        table.push(row);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_errors_have_two_digits() {
        assert_eq!(plus_minus(2.6123, Some(0.1812)), "2.61 ± 0.18");
        assert_eq!(plus_minus(7593.75, Some(381.2)), "7590 ± 380");
        assert_eq!(plus_minus(50.31, Some(2.08)), "50.3 ± 2.1");
        assert_eq!(plus_minus(0.035_21, Some(0.000_41)), "0.03521 ± 0.00041");
        assert_eq!(plus_minus(56425.3, Some(12.0)), "56425 ± 12");
        assert_eq!(plus_minus(2.6123, None), "2.61");
        assert_eq!(plus_minus(1.0, Some(250.0)), "1 ± 250");
    }
}
