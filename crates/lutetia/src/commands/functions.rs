//! `lutetia functions`.

use clap::Args;
use lutetia_fit::{FUNCTIONS, NameSource};
use lutetia_table::Table;

use super::table;
use crate::{failure::Outcome, terminal::Terminal};

const EXAMPLE: &str = "\
Which one is used where several are fitted:
  1. A function is refuted where its χ² under the known errors is less probable than 1 %.
  2. Of those not refuted the lowest AICc is used; one whose χ² another with more parameters
     lowers by more than chance allows (5 %) is passed over.
  3. Where AICc is defined for none of those, the simplest whose integral is determined.
  4. Where all are refuted, the one that misses the data least; its standard errors are widened by
     √(χ²/ν), and beyond a factor of 5 nothing is determined.

Example:
  lutetia functions
  lutetia fit data/studies/snmmi_patient4 --function f4d";

/// Arguments of `functions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {}

/// Lists the functions.
pub(crate) fn run(_arguments: &Arguments, terminal: &Terminal) -> Outcome {
    table::print(&functions(), terminal)
}

/// The functions there are.
fn functions() -> Table {
    let mut table = Table::new("functions", "Functions of time and activity")
        .column("name", "")
        .column("published", "")
        .column("parameters", "")
        .column("meaning", "")
        .column("equation", "");
    for f in &FUNCTIONS {
        let published: Vec<String> = f
            .published
            .iter()
            .map(|(name, source)| {
                let by = match source {
                    NameSource::Hardiansyah2021 => "Hardiansyah 2021",
                    NameSource::Hardiansyah2023 => "Hardiansyah 2023",
                    NameSource::Nukfit => "NUKFIT, letter quoted from memory",
                };
                format!("{name} ({by})")
            })
            .collect();
        table.push(vec![
            f.name.into(),
            published.join("; ").into(),
            (f.parameters as f64).into(),
            f.meaning.into(),
            f.equation.into(),
        ]);
    }
    table
}
