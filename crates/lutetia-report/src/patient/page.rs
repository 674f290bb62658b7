//! The page of a patient.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Cycle, Integration, Patient};
use crate::page::{PageError, patient_html};
use lutetia_experiment::steps::dose::{RegionDose, bed_unit};
use lutetia_figure::charts::readable;
use lutetia_patient::shown;
use lutetia_table::{Cell, Table, Tables, significant};

/// What the page says of how it was made.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// Name of the study.
    pub study: String,
    /// Settings by name, as asked for or assumed.
    pub settings: BTreeMap<String, String>,
    /// SHA-256 of every file read, by name.
    pub inputs: BTreeMap<String, String>,
    /// What is to be looked at in the data.
    pub warnings: Vec<String>,
}

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
fn summary(cycle: &Cycle, integrals: &Table) -> Table {
    let with_bed = cycle.doses.iter().any(|d| d.effective.is_some());
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
        let unit = bed_unit(cycle.doses.iter().filter_map(|d| d.effective.as_ref()));
        table = table.column("BED", unit).column("EQD2", unit);
    }
    table = table.column("note", "");
    for dose in &cycle.doses {
        let of = |column: &str| integrals.get(&dose.region, column).and_then(Cell::number);
        let half_life =
            of("effective_half_life").map(|x| plus_minus(x, of("effective_half_life_sd")));
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
fn by_particle(cycle: &Cycle) -> Table {
    let mut table = Table::new("particles", "Absorbed self dose by particle, without RBE")
        .column("region", "")
        .column("alpha", "Gy")
        .column("electron", "Gy")
        .column("photon", "Gy")
        .column("total", "Gy");
    for RegionDose { region, dose, .. } in &cycle.doses {
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

/// Why something is not determined, and what a reader must know of the fits.
fn remarks(cycle: &Cycle, integrals: &Table) -> Vec<String> {
    let mut lines = Vec::new();
    for dose in &cycle.doses {
        let name = readable(&dose.region);
        let tia = cycle.tias.iter().find(|t| t.region == dose.region);
        let mut said = dose.note();
        match tia {
            Some(t) if t.tia.is_refused() => said = format!("integral {}", t.tia.note()),
            _ if dose.dose.is_refused() => said = format!("dose {}", dose.dose.note()),
            _ => {}
        }
        // What the fit itself says, where the verdict has not said it.
        if let Some(Cell::Text(note)) = integrals.get(&dose.region, "note") {
            for part in note.split("; ") {
                if !part.is_empty() && !said.contains(part) {
                    let join = if said.is_empty() { "" } else { "; " };
                    said = format!("{said}{join}{part}");
                }
            }
        }
        if !said.is_empty() {
            lines.push(format!("**{name}**: {said}"));
        }
    }
    lines
}

/// Text of a user, kept from meaning anything in Markdown.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '(' | ')' | '/' | '-' | '%' | ':') {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

/// The page as HTML; `figures` holds name and caption of each figure by cycle.
pub(super) fn page(
    patient: &Patient,
    tables: &Tables,
    figures: &BTreeMap<u16, Vec<(String, String)>>,
    how: &How,
) -> Result<String, PageError> {
    let mut text = format!("# {}\n\n", plain(&patient.subject));
    let mut given: Vec<String> = patient
        .cycles
        .iter()
        .map(|c| {
            let doses: Vec<String> = c
                .injected
                .iter()
                .map(|(nuclide, mbq)| format!("{} GBq {nuclide}", significant(mbq / 1000.0, 4)))
                .collect();
            format!("cycle {}: {}", c.number, doses.join(" and "))
        })
        .collect();
    given.extend(patient.unmeasured.iter().map(|u| {
        let (gbq, nuclides) = (significant(u.activity_gbq, 4), u.nuclides.join(" and "));
        format!("cycle {}: {gbq} GBq {nuclides}, not measured here", u.number)
    }));
    let _ = writeln!(text, "> Study {}; {}.\n", plain(&how.study), given.join("; "));
    if !how.warnings.is_empty() {
        let _ = writeln!(text, "**To be looked at in the data:**\n");
        for warning in &how.warnings {
            let _ = writeln!(text, "- {}", plain(warning));
        }
        text.push('\n');
    }
    if let Some(sums) = tables.get("cumulative") {
        let _ = writeln!(text, "## All cycles\n");
        let mut sum_table = Table::new("cumulative", "")
            .column("region", "")
            .column("cycles", "")
            .column("activity", "GBq")
            .column("dose", "Gy");
        let weighted: Vec<String> = (sums.columns.iter().map(|c| c.name.clone()))
            .filter(|name| name.starts_with("weighted") && !name.ends_with("_sd"))
            .collect();
        for name in &weighted {
            sum_table = sum_table.column(&name.replace('_', " "), "Gy(RBE)");
        }
        let with_bed = sums.index_of("bed");
        if let Some(at) = with_bed {
            let unit = sums.columns[at].unit.clone();
            sum_table = sum_table.column("BED", &unit).column("EQD2", &unit);
        }
        sum_table = sum_table.column("note", "");
        for row in &sums.rows {
            let at = |name: &str| sums.index_of(name).and_then(|i| row.get(i));
            let number = |name: &str| at(name).and_then(Cell::number);
            let region = at("region").map(Cell::csv).unwrap_or_default();
            let mut cells = vec![
                readable(&region).into(),
                at("cycles").cloned().unwrap_or(Cell::Missing),
                at("activity").cloned().unwrap_or(Cell::Missing),
                number("total").map_or_else(
                    || Cell::Text("not determined".to_owned()),
                    |x| plus_minus(x, number("total_sd")).into(),
                ),
            ];
            for name in &weighted {
                let sd = number(&format!("{name}_sd"));
                cells.push(cell(number(name).map(|x| plus_minus(x, sd))));
            }
            if with_bed.is_some() {
                cells.push(cell(number("bed").map(|x| plus_minus(x, number("bed_sd")))));
                cells.push(cell(number("eqd2").map(|x| significant(x, 3))));
            }
            cells.push(at("note").cloned().unwrap_or(Cell::Missing));
            sum_table.push(cells);
        }
        let _ = writeln!(
            text,
            "{}\n*{}* ([CSV](tables/cumulative.csv))\n",
            sum_table.to_markdown(),
            sums.caption
        );
    }
    for cycle in &patient.cycles {
        let integrals = cycle_rows(tables, "integrals", cycle.number);
        let _ = writeln!(text, "## Cycle {}\n", cycle.number);
        let summary = summary(cycle, &integrals);
        let _ = writeln!(
            text,
            "{}\n*{}. TIA: time-integrated activity from the injection to infinity; extrapolated: its part after the last \
             measurement; dose: mean absorbed self dose.* ([integrals](tables/integrals.csv), [doses](tables/doses.csv))\n",
            summary.to_markdown(),
            summary.caption
        );
        let mut remarks = remarks(cycle, &integrals);
        remarks.extend(cycle.warnings.iter().map(|w| plain(w.trim_start_matches("warning: "))));
        if !remarks.is_empty() {
            for line in remarks {
                let _ = writeln!(text, "- {line}");
            }
            text.push('\n');
        }
        for (name, caption) in figures.get(&cycle.number).into_iter().flatten() {
            let _ = writeln!(
                text,
                "![{caption}](figures/{name}.svg)\n\n*{caption}* ([data](figures/{name}.csv))\n"
            );
        }
        let functions = cycle_rows(tables, "functions", cycle.number);
        if functions.rows.len() > cycle.doses.len() {
            let shown = named(functions).only(&[
                "region",
                "function",
                "tia",
                "tia_sd",
                "chi_square",
                "aicc",
                "weight",
                "largest_cv",
                "used",
                "note",
            ]);
            let _ = writeln!(
                text,
                "### Functions\n\n{}\n*{}; weights are Akaike's, from AICc, where it is defined.* ([CSV](tables/functions.csv))\n",
                shown.to_markdown(),
                shown.caption
            );
        }
        for (name, heading) in
            [("marrow", "Red marrow"), ("daughters", "Daughters"), ("rbe", "Weighted by RBE")]
        {
            let part = named(cycle_rows(tables, name, cycle.number));
            if !part.rows.is_empty() {
                let _ = writeln!(
                    text,
                    "### {heading}\n\n{}\n*{}* ([CSV](tables/{name}.csv))\n",
                    part.to_markdown(),
                    part.caption
                );
            }
        }
        let particles = by_particle(cycle);
        if !particles.rows.is_empty() {
            let _ = writeln!(
                text,
                "### Dose by particle\n\n{}\n*{}.*\n",
                particles.to_markdown(),
                particles.caption
            );
        }
        let totals = named(cycle_rows(tables, "uncertainty", cycle.number)).only(&[
            "region",
            "relative_sd",
            "activity_relative_sd",
            "factor_relative_sd",
            "correlation",
            "dominant",
        ]);
        if totals.rows.iter().any(|r| r.iter().any(|c| c.number().is_some())) {
            let _ = writeln!(
                text,
                "### Budget\n\n{}\n*Relative standard errors of dose, integral and dose factor, the correlation of the latter two \
                 through the volume, and the input with the largest share.* ([shares](tables/budget.csv))\n",
                totals.to_markdown()
            );
        }
        let methods: Vec<String> = cycle
            .doses
            .iter()
            .filter_map(|d| {
                Some(format!("- {}: {}", readable(&d.region), shown(&d.dose).0?.method))
            })
            .collect();
        if !methods.is_empty() {
            let _ = writeln!(text, "### How each dose was made\n\n{}\n", methods.join("\n"));
        }
    }
    let _ = writeln!(text, "## How this was made\n");
    let integration = match &patient.options.integration {
        Integration::Fit(how) => {
            format!("functions {}, seed {}", how.functions.join(", "), how.seed)
        }
        Integration::Method(..) => "integrals without a function".to_owned(),
    };
    let _ = writeln!(text, "Lutetia {}; {integration}.\n", env!("CARGO_PKG_VERSION"));
    for (name, value) in &how.settings {
        let _ = writeln!(text, "- {}: {}", plain(name), plain(value));
    }
    let _ = writeln!(text, "\n| input | SHA-256 |\n| :--- | :--- |");
    for (name, digest) in &how.inputs {
        let short: String = digest.chars().take(16).collect();
        let _ = writeln!(text, "| {} | `{short}…` |", plain(name));
    }
    let _ = writeln!(
        text,
        "\nEvery number stands in a CSV file of this folder, with all digits in `results.json`. Research software, no medical device."
    );
    patient_html(&patient.subject, &text)
}

/// Regions for people.
fn named(mut table: Table) -> Table {
    if let Some(at) = table.index_of("region") {
        for row in &mut table.rows {
            if let Some(Cell::Text(name)) = row.get_mut(at) {
                *name = readable(name);
            }
        }
    }
    table
}

/// The rows of one cycle of a stacked table, without the column of the cycle.
fn cycle_rows(tables: &Tables, name: &str, number: u16) -> Table {
    let Some(table) = tables.get(name) else { return Table::new(name, "") };
    let names: Vec<&str> =
        table.columns.iter().map(|c| c.name.as_str()).filter(|n| *n != "cycle").collect();
    let mut rows = table.clone();
    rows.rows.retain(|r| {
        r.first().and_then(Cell::number).is_some_and(|n| (n - f64::from(number)).abs() < 0.5)
    });
    rows.only(&names)
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

    #[test]
    fn exact_names_mean_nothing_in_markdown() {
        assert_eq!(plain("Patient_004"), "Patient\\_004");
        assert_eq!(plain("a|b\n<script>"), "a\\|b \\<script\\>");
    }
}
