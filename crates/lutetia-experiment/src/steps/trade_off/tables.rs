//! The tables of a trade-off.

use lutetia_table::{Cell, Table};
use lutetia_trial::tradeoff::{Banded, NeededToHarm, Point};

use super::{
    Benefit, TradeOffStep,
    compute::{Bands, StatedHarm, TradeOffResult},
};
use crate::results::{Measure, Results, Shown};

/// All tables of a trade-off, but for those of a proposal.
pub(super) fn tables(step: &TradeOffStep, result: &TradeOffResult<'_>) -> Vec<Shown> {
    let mut all: Vec<Shown> = vec![
        regimens(step, result).into(),
        fronts(step, result).into(),
        best(step, result).into(),
        index(step, result).into(),
    ];
    if !result.stated.is_empty() {
        all.push(own_harm(&step.id, &result.stated).into());
    }
    all
}

/// Unit of the benefit, and what makes it of a mean.
fn unit(step: &TradeOffStep) -> (&'static str, f64) {
    match step.benefit {
        Benefit::RestrictedMean => ("mo", 1.0),
        Benefit::ProgressionFree | Benefit::Alive => ("%", 100.0),
    }
}

fn band(b: Banded, factor: f64) -> [Cell; 3] {
    [(factor * b.estimate).into(), (factor * b.lower).into(), (factor * b.upper).into()]
}

fn none() -> [Cell; 3] {
    [Cell::Missing, Cell::Missing, Cell::Missing]
}

/// What bands are made of, for captions.
fn bands(bands: Bands) -> String {
    match bands {
        Bands::Patients => "95 % bands of a bootstrap of patients".to_owned(),
        Bands::FewDraws(n) => format!(
            "bands: a bootstrap of patients within {n} draws of the calibration, so few that the ends are about the \
             range of the draws"
        ),
        Bands::Draws(n) => {
            format!("95 % bands over {n} draws of the calibration and a bootstrap of patients")
        }
    }
}

fn regimens(step: &TradeOffStep, result: &TradeOffResult<'_>) -> Results {
    let (unit, factor) = unit(step);
    let mut table = Results::new(
        &step.id,
        format!(
            "Regimens on the same {} virtual patients ({} left out who could not be simulated under every one); {}; \
             behind: utility less that of the greatest of the series, paired",
            step.patients,
            result.lost,
            bands(result.bands)
        ),
    )
    .subject("regimen", "")
    .number(Measure::Key, "")
    .text("series")
    .number(Measure::Benefit, unit)
    .number(Measure::Benefit.low(), unit)
    .number(Measure::Benefit.high(), unit)
    .number(Measure::Harm, "%")
    .number(Measure::Harm.low(), "%")
    .number(Measure::Harm.high(), "%")
    .number(Measure::OnFront, "")
    .number(Measure::FrontShare, "%")
    .number(Measure::Utility, "")
    .number(Measure::Utility.low(), "")
    .number(Measure::Utility.high(), "")
    .number(Measure::BestShare, "%")
    .number(Measure::MoreHarm, "%")
    .number(Measure::MoreHarm.low(), "%")
    .number(Measure::MoreHarm.high(), "%")
    .number(Measure::Nnh, "")
    .number(Measure::Nnh.low(), "")
    .number(Measure::Nnh.high(), "")
    .text("number_needed_to_harm")
    .number(Measure::Behind, "")
    .number(Measure::Behind.low(), "")
    .number(Measure::Behind.high(), "");
    for (k, (p, r)) in result.points.iter().zip(&step.regimens).enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "regimens are few")]
        let key = (k + 1) as f64;
        let mut row: Vec<Cell> = vec![p.name.as_str().into(), key.into(), r.series.as_str().into()];
        row.extend(band(p.benefit, factor));
        row.extend(band(p.harm, 100.0));
        row.push(f64::from(u8::from(p.on_front)).into());
        row.push((100.0 * p.front_share).into());
        row.extend(band(p.utility, 1.0));
        row.push((100.0 * p.best_share).into());
        row.extend(needed_to_harm(p, result.unharmed));
        let standings = result.series.iter().filter_map(|s| s.best.as_ref()).map(|b| &b.1);
        let behind = standings.flat_map(|s| &s.behind).find(|b| b.0 == k);
        row.extend(behind.map_or_else(none, |b| band(b.1, 1.0)));
        table.push(row);
    }
    table
}

/// More harm, the number needed to harm, and the same in words.
fn needed_to_harm(p: &Point, unharmed: bool) -> Vec<Cell> {
    let needed = &p.needed_to_harm;
    let mut cells: Vec<Cell> =
        needed.difference().map_or_else(none, |d| band(d, 100.0)).into_iter().collect();
    cells.extend(match needed {
        NeededToHarm::Patients { number, .. } if !unharmed => band(*number, 1.0),
        _ => none(),
    });
    cells.push(match needed {
        NeededToHarm::Reference => needed.sentence().into(),
        _ if unharmed => "not given: the model harms nobody under the reference; state what befalls patients anyway as \
                          `background`"
            .into(),
        _ => needed.sentence().into(),
    });
    cells
}

/// The best benefit of each series at levels of harm.
fn fronts(step: &TradeOffStep, result: &TradeOffResult<'_>) -> Table {
    let (unit, factor) = unit(step);
    let caption = format!(
        "The best mean benefit of any regimen that harms no more than so many; {}",
        bands(result.bands)
    );
    let mut table = Table::new(format!("{}.fronts", step.id), caption)
        .column("series", "")
        .column("harm", "%")
        .column("benefit", unit)
        .column("benefit_low", unit)
        .column("benefit_high", unit);
    for series in &result.series {
        for level in &series.front {
            let mut row: Vec<Cell> = vec![series.name.into(), (100.0 * level.harm).into()];
            row.extend(level.benefit.map_or_else(none, |b| band(b, factor)));
            table.push(row);
        }
    }
    table
}

/// The regimen of greatest utility of each series; called so only where no other is not told apart from it.
fn best(step: &TradeOffStep, result: &TradeOffResult<'_>) -> Table {
    let mut table = Table::new(
        format!("{}.best", step.id),
        format!(
            "Which regimens of each series have the greatest utility: one is named as the best only where the paired \
             difference of every other one, on the same patients, excludes zero; utility: the greatest of any of its \
             regimens; {}",
            bands(result.bands)
        ),
    )
    .column("series", "")
    .column("regimen", "")
    .column("not_told_apart", "")
    .column("keys", "")
    .column("utility", "")
    .column("utility_low", "")
    .column("utility_high", "")
    .column("greatest", "")
    .column("share", "%");
    for series in &result.series {
        let Some((best, standing)) = &series.best else { continue };
        let unstated = step.regimens.iter().find(|r| r.series == series.name && step.unstated(r));
        if let Some(r) = unstated {
            let id = r.trial.as_deref().unwrap_or_default();
            table.push(vec![
                series.name.into(),
                format!("not ranked: nothing is stated of the harm of the partner of `{id}`")
                    .into(),
            ]);
            continue;
        }
        let near = standing.not_told_apart();
        let names: Vec<&str> = near.iter().map(|i| result.points[*i].name.as_str()).collect();
        let keys: Vec<String> = near.iter().map(|i| (i + 1).to_string()).collect();
        let greatest = result.points[best.regimen].name.as_str();
        let said = match names.len() {
            1 => greatest.to_owned(),
            n => format!("no single one: {n} are not told apart"),
        };
        let mut row: Vec<Cell> =
            vec![series.name.into(), said.into(), names.join("; ").into(), keys.join(" ").into()];
        row.extend(band(best.utility, 1.0));
        row.push(greatest.into());
        row.push((100.0 * best.share).into());
        table.push(row);
    }
    table
}

/// Benefit, harm and both, and the means of what the trial keeps, over what is given.
fn index(step: &TradeOffStep, result: &TradeOffResult<'_>) -> Results {
    let mut table = Results::new(
        format!("{}.index", step.id),
        "Benefit, harm, and benefit without harm over the activity given",
    )
    .subject("regimen", "")
    .text("series")
    .number(Measure::Activity, "GBq")
    .number(Measure::Amount, "nmol");
    for measure in [Measure::Benefit, Measure::Harm, Measure::Both] {
        for own in [measure.clone(), measure.clone().low(), measure.high()] {
            table = table.number(own, "");
        }
    }
    // Other trials keep the same, or the columns would not be comparable.
    let system = result.base.cohort.model.simulator.system();
    let keep: Vec<_> = result
        .base
        .spec
        .meaning
        .keep
        .iter()
        .filter_map(|name| Some(&system.outputs()[system.output_index(name)?]))
        .collect();
    for info in &keep {
        table = table.number(Measure::MeanOf(info.name.clone()), info.unit.symbol());
    }
    let mut order: Vec<usize> = (0..result.points.len()).collect();
    let activity = |k: &usize| result.given[*k].activity_gbq;
    let amount = |k: &usize| result.given[*k].ligand_nmol.unwrap_or(0.0);
    order.sort_by(|a, b| activity(a).total_cmp(&activity(b)).then(amount(a).total_cmp(&amount(b))));
    for k in order {
        let p = &result.points[k];
        let mut row: Vec<Cell> = vec![
            p.name.as_str().into(),
            step.regimens[k].series.as_str().into(),
            result.given[k].activity_gbq.into(),
            result.given[k].ligand_nmol.into(),
        ];
        row.extend(band(p.benefit, 1.0));
        row.extend(band(p.harm, 1.0));
        row.extend(p.both.map_or_else(none, |both| band(both, 1.0)));
        let means = keep.iter().enumerate();
        row.extend(
            means.map(|(j, info)| Cell::from(result.means[k].of(j).map(|x| x * info.factor))),
        );
        table.push(row);
    }
    table
}

fn own_harm(id: &str, stated: &[StatedHarm<'_>]) -> Table {
    let mut table = Table::new(
        format!("{id}.own_harm"),
        "Harms that the model does not compute: they befall so many patients, independently of all else and \
         the same patients under every regimen with the same partner",
    )
    .column("harm", "")
    .column("under", "")
    .column("share", "%")
    .column("source", "");
    for StatedHarm { harm, trial, share } in stated {
        let under =
            trial.map_or_else(|| "every regimen".to_owned(), |id| format!("the trial {id}"));
        table.push(vec![
            harm.what.as_str().into(),
            under.into(),
            (100.0 * share).into(),
            harm.source.as_str().into(),
        ]);
    }
    table
}
