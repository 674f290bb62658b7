//! The tables of a calibration.

use lutetia_table::{Cell, Table, significant};
use lutetia_trial::{Generation, Posterior};

use super::{
    CalibrateStep, Quantity, TargetSpec,
    compute::{CalibrationResult, Left},
    declared,
    predict::{BandPoint, Middle, Predicted},
};
use crate::results::{Measure, Results, Shown};
use crate::steps::trial::TrialUse;

/// All tables of a calibration.
pub(super) fn tables(
    step: &CalibrateStep,
    base: &TrialUse,
    posterior: &Posterior,
    result: &CalibrationResult,
) -> Vec<Shown> {
    let mut all: Vec<Shown> = vec![
        unknowns(step, base, &result.unknowns).into(),
        targets(step, &result.targets).into(),
        band(step, base, &result.band).into(),
        correlations(step, &result.correlations).into(),
    ];
    all.extend(process_tables(step, base, posterior).into_iter().map(Shown::from));
    all
}

fn unknowns(step: &CalibrateStep, base: &TrialUse, found: &[Left]) -> Results {
    let mut table = Results::new(&step.id, "Unknowns before and after the calibration")
        .subject("name", "")
        .text("unit")
        .number(Measure::Prior.low(), "")
        .number(Measure::Prior.high(), "")
        .number(Measure::Nearest, "")
        .number(Measure::Mean, "")
        .number(Measure::Sd, "")
        .number(Measure::Low, "")
        .number(Measure::Median, "")
        .number(Measure::High, "")
        .number(Measure::SpreadLeft, "");
    for (u, left) in step.unknowns.iter().zip(found) {
        let (unit, factor) = declared(base, &u.name);
        table.push(vec![
            u.name.as_str().into(),
            unit.into(),
            (left.prior.0 / factor).into(),
            (left.prior.1 / factor).into(),
            Cell::from(left.nearest.map(|x| x / factor)),
            (left.mean / factor).into(),
            (left.sd / factor).into(),
            (left.low / factor).into(),
            (left.median / factor).into(),
            (left.high / factor).into(),
            left.spread.into(),
        ]);
    }
    table
}

fn targets(step: &CalibrateStep, found: &[Predicted]) -> Results {
    let mut table = Results::new(
        format!("{}.targets", step.id),
        "Published results and simulated trials of the same size",
    )
    .subject("target", "")
    .text("unit")
    .text("role")
    .number(Measure::Published, "")
    .number(Measure::Published.low(), "")
    .number(Measure::Published.high(), "")
    .number(Measure::Simulated, "")
    .number(Measure::Low, "")
    .number(Measure::High, "")
    .number(Measure::Ratio, "")
    .number(Measure::Ratio.low(), "")
    .number(Measure::Ratio.high(), "")
    .text("verdict")
    .text("simulated_with_interval")
    .text("source");
    for (t, p) in step.targets.iter().zip(found) {
        let of = |end: fn(&Middle) -> f64| p.simulated.as_ref().map(end);
        let (middle, low, high) = (of(|m| m.median), of(|m| m.low), of(|m| m.high));
        let ratio = |x: Option<f64>| Cell::from(x.map(|x| x / t.value));
        table.push(vec![
            t.name().into(),
            unit(t).into(),
            match (t.calibrate, t.other_endpoint) {
                (true, _) => "calibrated",
                (false, false) => "judged",
                (false, true) => "beside",
            }
            .into(),
            t.value.into(),
            Cell::from(t.interval.map(|i| i[0])),
            Cell::from(t.interval.map(|i| i[1])),
            middle.into(),
            low.into(),
            high.into(),
            ratio(middle),
            ratio(low),
            ratio(high),
            p.verdict.name().into(),
            p.simulated.map_or_else(|| "not determined".to_owned(), with_interval).into(),
            t.source.as_str().into(),
        ]);
    }
    table
}

/// The unit of a target.
fn unit(target: &TargetSpec) -> &'static str {
    match target.of {
        Quantity::Median => "mo",
        Quantity::HazardRatio => "",
        Quantity::Survival | Quantity::Share => "%",
    }
}

/// For sentences: `0.62 (0.52–0.74)`.
fn with_interval(m: Middle) -> String {
    format!("{} ({}–{})", significant(m.median, 3), significant(m.low, 3), significant(m.high, 3))
}

fn band(step: &CalibrateStep, base: &TrialUse, found: &[BandPoint]) -> Table {
    let mut table = Table::new(
        format!("{}.band", step.id),
        "Survival in simulated trials of the published size: median and 95 % of them",
    )
    .column("panel", "")
    .column("arm", "")
    .column("time", "mo")
    .column("median", "")
    .column("low", "")
    .column("high", "");
    for point in found {
        let of = |end: fn(&Middle) -> f64| Cell::from(point.survival.as_ref().map(end));
        table.push(vec![
            point.endpoint.name().into(),
            base.spec.arms[point.arm].name.as_str().into(),
            point.time.into(),
            of(|m| m.median),
            of(|m| m.low),
            of(|m| m.high),
        ]);
    }
    table
}

fn correlations(step: &CalibrateStep, found: &[(String, String, f64)]) -> Table {
    let mut table = Table::new(
        format!("{}.correlations", step.id),
        "Unknowns that the calibration leaves correlated, on the scales of their priors",
    )
    .column("pair", "")
    .column("correlation", "");
    for (a, b, r) in found {
        table.push(vec![format!("{a} and {b}").into(), (*r).into()]);
    }
    table
}

fn process_tables(step: &CalibrateStep, base: &TrialUse, posterior: &Posterior) -> Vec<Table> {
    let mut generations =
        Table::new(format!("{}.generations", step.id), "How the calibration went")
            .column("generation", "")
            .column("patients", "")
            .column("tolerance", "")
            .column("effective_size", "")
            .column("without_weight", "")
            .column("note", "");
    let count = |n: usize| Cell::Number(f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
    let mut row = |name: String, g: &Generation, without: usize, note: Cell| {
        generations.push(vec![
            name.into(),
            count(g.patients),
            g.tolerance.into(),
            g.effective_size.into(),
            count(without),
            note,
        ]);
    };
    for (k, g) in posterior.generations.iter().enumerate() {
        let explores = g.patients < step.patients as usize;
        let note = if explores { "explores".into() } else { Cell::Missing };
        row(k.to_string(), g, g.failed, note);
    }
    if let Some(last) = posterior.generations.last() {
        let without = posterior.particles.iter().filter(|p| p.weight <= 0.0).count();
        row("final".to_owned(), last, without, said(step, last).into());
    }
    let mut particles =
        Table::new(format!("{}.particles", step.id), "The posterior, particle by particle")
            .column("weight", "")
            .column("distance", "");
    for u in &step.unknowns {
        particles = particles.column(&u.name, &declared(base, &u.name).0);
    }
    // Those that explored were simulated otherwise and are not part of the posterior.
    for p in posterior.particles.iter().filter(|p| p.patients == step.patients as usize) {
        let finite = |x: f64| if x.is_finite() { Cell::Number(x) } else { Cell::Missing };
        let mut row = vec![finite(p.weight), finite(p.distance)];
        row.extend(
            step.unknowns
                .iter()
                .zip(&p.values)
                .map(|(u, x)| Cell::from(x / declared(base, &u.name).1)),
        );
        particles.push(row);
    }
    vec![generations, particles]
}

/// How the calibration ended.
fn said(step: &CalibrateStep, last: &Generation) -> String {
    let short = step.effective_size.filter(|wanted| last.effective_size < *wanted);
    match (last.tolerance > 1.0, short) {
        (false, None) => "tolerance 1 reached".to_owned(),
        (false, Some(wanted)) => {
            format!("tolerance 1 reached, an effective size of {wanted} not")
        }
        (true, _) => "tolerance 1 not reached; more particles, generations or unknowns, or a \
                      larger error of the target that pulls"
            .to_owned(),
    }
}
