//! The tables of methods of integration on virtual patients.

use lutetia_table::Cell;

use super::{
    CohortCurves,
    judged::{JudgedMethod, JudgedRegion, label},
    uncertain::UncertainMethod,
};
use crate::{
    results::{Measure, Results},
    steps::cohort::BAND,
};

/// What the methods make of the patients, and what is true of these.
pub(super) fn tables(step: &CohortCurves, judged: &[JudgedRegion<'_>]) -> Vec<Results> {
    vec![summary(step, judged), truth(step, judged)]
}

fn summary(step: &CohortCurves, judged: &[JudgedRegion<'_>]) -> Results {
    let mut table = Results::new(
        &step.id,
        "Integral by each method over the true one, 1 being right: mean and standard deviation over the patients, range of the middle 95 %, and the share of patients off by more than 10 %",
    )
    .subject("label", "")
    .text("region")
    .text("method")
    .number(Measure::At, "h")
    .number(Measure::Patients, "")
    .number(Measure::Determined, "%")
    .number(Measure::Bias, "%")
    .tolerance(1e-2)
    .number(Measure::Bias.sd(), "%")
    .tolerance(1e-2)
    .number(Measure::MeanDeviation, "%")
    .tolerance(1e-2)
    .number(Measure::Ratio, "")
    .tolerance(2e-3)
    .number(Measure::Low, "")
    .tolerance(2e-3)
    .number(Measure::High, "")
    .tolerance(2e-3)
    .number(Measure::Beyond10, "%")
    .tolerance(5e-2)
    .number(Measure::MedianTia, "MBq h")
    .tolerance(2e-3);
    if !step.dose.is_empty() {
        table = table.number(Measure::MedianDose, "mGy/GBq").tolerance(2e-3);
    }
    for region in judged {
        for method in &region.methods {
            table.push(row(region, method, judged.len() > 1));
        }
    }
    table
}

fn row(region: &JudgedRegion<'_>, method: &JudgedMethod<'_>, several: bool) -> Vec<Cell> {
    let (name, at) = (method.way.name.as_str(), method.at);
    let (n, all) = (method.ratios.len() as f64, region.patients as f64);
    let (p, t) = (method.ratio, method.tia);
    vec![
        label(region, method, several).into(),
        region.region.into(),
        name.into(),
        Cell::from(at),
        all.into(),
        (100.0 * n / all).into(),
        p.map(|p| 100.0 * (p.mean - 1.0)).into(),
        p.map(|p| 100.0 * p.sd).into(),
        method.deviation().into(),
        p.map(|p| p.mean).into(),
        p.map(|p| p.low).into(),
        p.map(|p| p.high).into(),
        method.share(|r| (r - 1.0).abs() > 0.1).into(),
        t.map(|t| t.median).into(),
        t.and_then(|t| region.dose(t.median)).into(),
    ]
}

/// What uncertain typical values do to each method: `<id>.uncertainty`.
pub(super) fn uncertainty(step: &CohortCurves, found: &[UncertainMethod]) -> Results {
    let caption = "The same over draws of what is uncertain of the model: median and middle 95 % over the draws, each with its distribution-free 95 % interval; what so many draws do not allow is left out";
    let mut table = Results::new(format!("{}.uncertainty", step.id), caption)
        .subject("row", "")
        .text("label")
        .text("region")
        .text("method")
        .text("statistic")
        .text("unit");
    for name in BAND {
        table = table.number(Measure::Output(name.to_owned()), "").tolerance(1e-2);
    }
    for one in found {
        let mut row: Vec<Cell> = vec![
            format!("{}, {}", one.label, one.statistic).into(),
            one.label.as_str().into(),
            one.region.as_str().into(),
            one.method.as_str().into(),
            one.statistic.into(),
            one.unit.into(),
        ];
        row.extend(one.band.numbers().map(Cell::from));
        table.push(row);
    }
    table
}

fn truth(step: &CohortCurves, judged: &[JudgedRegion<'_>]) -> Results {
    let mut table = Results::new(
        format!("{}.population", step.id),
        "The virtual patients: true integral, and the effective half-life of one exponential through the clean curves of the training patients",
    )
    .subject("region", "")
    .number(Measure::Patients, "")
    .number(Measure::MedianTia, "MBq h")
    .number(Measure::CvTia, "%")
    .number(Measure::HalfLife, "h")
    .number(Measure::HalfLifeCv, "%")
    .tolerance(1e-2);
    if !step.dose.is_empty() {
        table = table.number(Measure::MedianDose, "mGy/GBq");
    }
    for region in judged {
        let (p, known) = (region.tia, &region.known);
        table.push(vec![
            region.region.into(),
            (region.patients as f64).into(),
            p.map(|p| p.median).into(),
            p.map(|p| 100.0 * p.sd / p.mean).into(),
            known.half_life_h.into(),
            // Equal half-lives scatter by the rounding of the integrator.
            (if known.cv < 1e-4 { 0.0 } else { 100.0 * known.cv }).into(),
            p.and_then(|p| region.dose(p.median)).into(),
        ]);
    }
    table
}
