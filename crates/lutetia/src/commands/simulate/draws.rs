//! `simulate --draws`: outputs where the numbers of the model are uncertain, or patients differ.

use clap::ValueEnum;
use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_scenario::Treatment;
use lutetia_table::{Cell, Table};
use lutetia_trial::{
    Uncertainty,
    draws::{Band, Drawn, DrawsOf, Quantile, bands},
};
use lutetia_units::Dimension;

use super::{
    super::{driven, table},
    Arguments,
    case::Case,
    failed, set_names,
    settings::complete,
};
use crate::{
    failure::{Failure, Outcome},
    terminal::Terminal,
};

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Of {
    /// How certain the numbers of the model are.
    Uncertainty,
    /// How patients differ.
    BetweenPatients,
    /// Both.
    Both,
}

impl Of {
    fn meaning(self) -> DrawsOf {
        match self {
            Self::Uncertainty => DrawsOf::Uncertainty,
            Self::BetweenPatients => DrawsOf::BetweenPatients,
            Self::Both => DrawsOf::Both,
        }
    }

    /// As it stands in each row.
    fn words(self) -> &'static str {
        match self {
            Self::Uncertainty => "uncertainty",
            Self::BetweenPatients => "between patients",
            Self::Both => "uncertainty and between patients",
        }
    }
}

/// Simulates draws and prints a row per time and output.
pub(super) fn run(case: &Case, arguments: &Arguments, count: u32, terminal: &Terminal) -> Outcome {
    complete(&case.model.model, case.system(), &case.parameters)?;
    let set = set_names(&arguments.settings);
    let uncertainty = Uncertainty::of(&case.model.model, case.system(), &set);
    let varying: Vec<&str> = case
        .system()
        .parameters()
        .iter()
        .filter(|info| info.iiv.is_some())
        .map(|info| info.name.as_str())
        .collect();
    say(arguments.draws_of, count, arguments.seed, (&uncertainty, &varying), terminal)?;
    let treatment = Treatment::on_one_occasion(case.doses.clone());
    let scenario = case.scenario(case.parameters.clone(), treatment);
    driven::covered(&case.drives, &case.model.model, case.span(&scenario))?;
    for remark in scenario.remarks(&set, case.end()) {
        terminal.diagnostics(&[Diagnostic::warning("LUT8030", remark)], &Sources::new());
    }
    let (of, seed) = (arguments.draws_of.meaning(), arguments.seed);
    let drawn = Drawn { model: &case.model, of, uncertainty: &uncertainty, count, seed };
    let (parameters, again) =
        drawn.parameters(&case.parameters).map_err(|e| failed(e.code(), &e.to_string()))?;
    if again > 0 {
        terminal.talk(&format!(
            "note: {again} draws of patients lay outside `min` to `max` of a parameter of the model and were drawn again"
        ));
    }
    let asked = (&case.times[..], &case.shown[..]);
    let found = bands(&scenario, &parameters, asked, &case.options)
        .map_err(|(draw, error)| failed(error.code(), &format!("draw {draw}: {error}")))?;
    if found.iter().flatten().any(|band| band.lower.is_none() || band.upper.is_none()) {
        terminal.talk(&format!(
            "note: {count} draws are too few for the 2.5 % and 97.5 % quantiles, which are left out; 146 are enough"
        ));
    }
    table::print(&rows(case, arguments.draws_of, &found), terminal)
}

/// The first line: what is drawn, and then what is not.
fn say(
    of: Of,
    count: u32,
    seed: u64,
    (uncertainty, varying): (&Uncertainty, &[&str]),
    terminal: &Terminal,
) -> Outcome {
    let uncertain: Vec<&str> = uncertainty.drawn().collect();
    let nothing = |message: &str, hint: &str| Err(Failure::usage(message, hint));
    if of != Of::BetweenPatients && uncertain.is_empty() {
        return nothing(
            "the model states no uncertainty of its parameters, so there is nothing to draw",
            "write `uncertainty = \"12 %\"` at a parameter of the model, or draw patients with `--draws-of between-patients`",
        );
    }
    if of != Of::Uncertainty && varying.is_empty() {
        return nothing(
            "no parameter of the model differs between patients, so there is nothing to draw",
            "write `iiv = \"30 %\"` at a parameter of the model, or leave `--draws-of` out",
        );
    }
    let uncertain = format!("the uncertainty of {}", uncertain.join(", "));
    let between = format!("differences between patients in {}", varying.join(", "));
    let (what, not) = match of {
        Of::Uncertainty => (uncertain, "differences between patients"),
        Of::BetweenPatients => (between, "the uncertainty of the numbers of the model"),
        Of::Both => (format!("{uncertain}, and {between}"), ""),
    };
    let not = if not.is_empty() { String::new() } else { format!("; not drawn: {not}") };
    terminal.talk(&format!("drawn: {what} ({count} draws, seed {seed}){not}"));
    if of != Of::BetweenPatients && !uncertainty.held().is_empty() {
        terminal.talk(&format!(
            "held fixed, as no uncertainty is stated or they are set: {}",
            uncertainty.held().join(", ")
        ));
    }
    Ok(())
}

fn rows(case: &Case, of: Of, found: &[Vec<Band>]) -> Table {
    let system = case.system();
    let time = system.units().unit_of(Dimension::TIME);
    let mut table = Table::new("draws", "Quantiles of outputs over draws of the parameters")
        .column("time", time.symbol())
        .column("output", "")
        .column("unit", "")
        .column("drawn", "");
    for name in ["median", "2.5 %", "97.5 %"] {
        table = table
            .column(name, "")
            .column(&format!("{name} low"), "")
            .column(&format!("{name} high"), "");
    }
    for (time, bands) in case.times.iter().zip(found) {
        for (&output, band) in case.shown.iter().zip(bands) {
            let info = &system.outputs()[output];
            let mut cells = vec![
                Cell::from(*time),
                Cell::from(info.name.as_str()),
                Cell::from(info.unit.symbol()),
                Cell::from(of.words()),
            ];
            for quantile in [band.median, band.lower, band.upper] {
                let of =
                    |part: fn(Quantile) -> f64| Cell::from(quantile.map(|q| part(q) * info.factor));
                cells.extend([of(|q| q.value), of(|q| q.low), of(|q| q.high)]);
            }
            table.push(cells);
        }
    }
    table
}
