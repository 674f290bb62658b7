//! The page of a patient.

use std::{collections::BTreeMap, fmt::Write as _};

use lutetia_figure::charts::readable;
use lutetia_patient::{
    cycles::{Cycle, Integration, Patient, cumulative},
    shown,
};
use lutetia_table::{Cell, Table, Tables, significant};

use super::summary::{by_particle, by_region, over_cycles};
use crate::page::{PageError, patient_html};

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

/// Why something is not determined, and what a reader must know of the fits.
fn remarks(cycle: &Cycle, integrals: &Table) -> Vec<String> {
    let mut lines = Vec::new();
    for dose in &cycle.doses.regions {
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
    let mut text = heading(patient, how);
    if let Some(sums) = tables.get("cumulative") {
        let _ = writeln!(text, "## All cycles\n");
        let _ = writeln!(
            text,
            "{}\n*{}* ([CSV](tables/cumulative.csv))\n",
            over_cycles(&cumulative(patient)).to_markdown(),
            sums.caption
        );
    }
    for cycle in &patient.cycles {
        doses(&mut text, cycle, tables);
        for (name, caption) in figures.get(&cycle.number).into_iter().flatten() {
            let _ = writeln!(
                text,
                "![{caption}](figures/{name}.svg)\n\n*{caption}* ([data](figures/{name}.csv))\n"
            );
        }
        parts(&mut text, cycle, tables);
        origins(&mut text, cycle, tables);
    }
    provenance(&mut text, patient, how);
    patient_html(&patient.subject, &text)
}

/// Who the patient is, what was given, and what is to be looked at in the data.
fn heading(patient: &Patient, how: &How) -> String {
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
    text
}

/// Integrals and doses of a cycle, and what is to be known of them.
fn doses(text: &mut String, cycle: &Cycle, tables: &Tables) {
    let integrals = cycle_rows(tables, "integrals", cycle.number);
    let _ = writeln!(text, "## Cycle {}\n", cycle.number);
    let summary = by_region(cycle);
    let _ = writeln!(
        text,
        "{}\n*{}. TIA: time-integrated activity from the injection to infinity; extrapolated: its part after the last \
             measurement; dose: mean absorbed self dose.* ([integrals](tables/integrals.csv), [doses](tables/doses.csv))\n",
        summary.to_markdown(),
        summary.caption
    );
    let mut remarks = remarks(cycle, &integrals);
    remarks.extend(cycle.doses.warnings.iter().map(|w| plain(&w.to_string())));
    if !remarks.is_empty() {
        for line in remarks {
            let _ = writeln!(text, "- {line}");
        }
        text.push('\n');
    }
}

/// Every function tried, the parts of the dose, and the dose by particle.
fn parts(text: &mut String, cycle: &Cycle, tables: &Tables) {
    let functions = cycle_rows(tables, "functions", cycle.number);
    if functions.rows.len() > cycle.doses.regions.len() {
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
}

/// Where the uncertainty of each dose comes from, and how it was made.
fn origins(text: &mut String, cycle: &Cycle, tables: &Tables) {
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
        .regions
        .iter()
        .filter_map(|d| Some(format!("- {}: {}", readable(&d.region), shown(&d.dose).0?.method)))
        .collect();
    if !methods.is_empty() {
        let _ = writeln!(text, "### How each dose was made\n\n{}\n", methods.join("\n"));
    }
}

/// How the page was made, of which files.
fn provenance(text: &mut String, patient: &Patient, how: &How) {
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
    fn exact_names_mean_nothing_in_markdown() {
        assert_eq!(plain("Patient_004"), "Patient\\_004");
        assert_eq!(plain("a|b\n<script>"), "a\\|b \\<script\\>");
    }
}
