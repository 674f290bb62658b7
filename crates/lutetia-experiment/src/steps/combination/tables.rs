//! The tables of a combination.

use lutetia_table::{Cell, Table};

use crate::results::{Measure, Results};

use super::{
    CohortUse, CombinationStep, arms::Arms, calibration::Calibration, cohort::Cohort, map::Map,
    setting::arm_names,
};

/// What begins a row of most tables.
fn head(name: impl Into<Cell>, scenario: &str, start_d: f64) -> Vec<Cell> {
    vec![name.into(), scenario.into(), start_d.into()]
}

/// `<id>`: a row per scenario and start.
pub(super) fn left(step: &CombinationStep, arms: &Arms) -> Results {
    let mut table = Results::new(
        &step.id,
        format!(
            "What {} (a), {} (b) and both leave of the tumour, over the untreated one (untreated: over \
             its size at the start); excess is what both leave beyond a null model (negative: less is \
             left), synergy the natural logarithm of Bliss over found",
            step.a.name, step.b.name
        ),
    )
    .subject("case", "")
    .text("scenario")
    .number(Measure::Start, "d");
    for measure in [
        Measure::Untreated,
        Measure::A,
        Measure::B,
        Measure::Both,
        Measure::Bliss,
        Measure::Hsa,
        Measure::ExcessBliss,
        Measure::ExcessHsa,
    ] {
        table = table.number(measure, "").tolerance(1e-3);
    }
    table = table.number(Measure::Synergy, "").tolerance(1e-2);
    for case in &arms.cases {
        let judged = &case.judged;
        let mut row = head(case.name.as_str(), &case.scenario, case.start_d);
        row.push(judged.left[0].into());
        row.extend([1, 2, 3].map(|arm| Cell::from(judged.share(arm))));
        let nulls = [judged.bliss, judged.hsa];
        row.extend(nulls.map(Cell::from));
        row.extend(nulls.map(|null| Cell::from(judged.excess(null))));
        row.push(judged.synergy().into());
        table.push(row);
    }
    table
}

/// `<id>.arms`: the harm of each arm.
pub(super) fn harm(step: &CombinationStep, arms: &Arms) -> Results {
    let mut table = Results::new(
        format!("{}.arms", step.id),
        "What each arm leaves of the tumour over its size at the start, and what it costs",
    )
    .subject("case", "")
    .text("scenario")
    .number(Measure::Start, "d")
    .text("arm")
    .number(Measure::Left, "");
    let lowest = arms.lowest.iter().map(|harm| (Measure::LowestOf(harm.name.clone()), harm));
    let last = arms.last.iter().map(|harm| (Measure::LastOf(harm.name.clone()), harm));
    for (measure, harm) in lowest.chain(last) {
        table = table.number(measure, harm.unit.symbol()).tolerance(1e-3);
    }
    let names = arm_names(step);
    for case in &arms.cases {
        for (k, arm) in case.arms.iter().enumerate() {
            let name = format!("{}: {}", case.name, ["untreated", "a", "b", "both"][k]);
            let mut row = head(name, &case.scenario, case.start_d);
            row.extend([names[k].as_str().into(), arm.left.into()]);
            row.extend(arm.lowest.iter().chain(&arm.last).map(|x| Cell::from(*x)));
            table.push(row);
        }
    }
    table
}

/// `<id>.curves`: the tumour over time, of each arm and by each null model; none with several starts.
pub(super) fn curves(step: &CombinationStep, arms: &Arms) -> Option<Table> {
    let mut table =
        Table::new(format!("{}.curves", step.id), "The tumour over its size at the start")
            .column("scenario", "")
            .column("start", "d")
            .column("arm", "")
            .column("time", "d")
            .column("left", "")
            .tolerance(1e-3);
    let names = arm_names(step);
    for case in arms.cases.iter().filter(|case| !case.over_time.is_empty()) {
        let mut draw = |arm: &str, left: &mut dyn Iterator<Item = Option<f64>>| {
            for (day, left) in arms.days.iter().zip(left) {
                let mut row: Vec<Cell> = vec![case.scenario.as_str().into(), case.start_d.into()];
                row.extend([arm.into(), (*day).into(), left.into()]);
                table.push(row);
            }
        };
        let shares = || case.over_time.iter();
        for (arm, name) in names.iter().enumerate() {
            draw(name, &mut shares().map(|s| Some(s.left[arm])));
        }
        draw("Bliss", &mut shares().map(|s| Some(s.bliss? * s.left[0])));
        draw("highest single agent", &mut shares().map(|s| Some(s.hsa? * s.left[0])));
    }
    (!table.rows.is_empty()).then_some(table)
}

/// `<id>.calibrated`: the effect that was set.
pub(super) fn calibrated(step: &CombinationStep, found: &Calibration) -> Results {
    let mut table = Results::new(
        format!("{}.calibrated", step.id),
        format!(
            "One effect set so that one arm has its published median; {} values tried",
            found.tried
        ),
    )
    .subject("parameter", "")
    .text("unit")
    .number(Measure::Value, "")
    .tolerance(2e-2)
    .text("arm")
    .number(Measure::Median, "mo")
    .number(Measure::Published, "mo");
    let arm = if found.of_a { &step.a } else { &step.b };
    table.push(vec![
        found.parameter.as_str().into(),
        found.symbol.as_str().into(),
        found.value.into(),
        arm.name.as_str().into(),
        found.median.into(),
        found.published.into(),
    ]);
    table
}

/// `<id>.grid`: a row per pair of doses and null model.
pub(super) fn grid(step: &CombinationStep, map: &Map) -> Table {
    let of = match map.patients {
        None => "the typical patient".to_owned(),
        Some(n) => {
            format!("{n} virtual patients (means, with 95 % intervals of a bootstrap of patients)")
        }
    };
    let mut table = Table::new(
        format!("{}.grid", step.id),
        format!(
            "Share of the tumour killed by multiples of {} (a) and {} (b) in {of}, and what null models \
             say; Loewe where each alone reaches the effect",
            step.a.name, step.b.name
        ),
    )
    .column("cell", "")
    .column("a", "")
    .column("b", "")
    .column("panel", "");
    for column in ["effect", "null", "excess", "low", "high"] {
        table = table.column(column, "").tolerance(2e-3);
    }
    table = table.column("patients", "");
    for cell in &map.cells {
        table.push(vec![
            format!("{} x {}, {}", cell.a, cell.b, cell.model).into(),
            cell.a.into(),
            cell.b.into(),
            cell.model.into(),
            cell.effect.into(),
            cell.null.into(),
            cell.excess.into(),
            cell.interval.map(|ends| ends.0).into(),
            cell.interval.map(|ends| ends.1).into(),
            (cell.known as f64).into(),
        ]);
    }
    table
}

/// The curves of every case by name: the arms, and independent action.
fn named<'c>(
    step: &CombinationStep,
    case: &'c super::cohort::Case,
) -> Vec<(String, &'c super::cohort::Free, Option<[f64; 3]>)> {
    let arms = arm_names(step).into_iter().zip(&case.arms).map(|(name, free)| (name, free, None));
    let nulls = case.nulls.iter().map(|null| {
        let name = format!("independent action, correlation {}", null.correlation);
        (name, &null.free, Some(null.excess))
    });
    arms.chain(nulls).collect()
}

/// `<id>.cohort`: a row per arm and null model of every case.
pub(super) fn times(step: &CombinationStep, cohort: &Cohort) -> Results {
    let mut table = Results::new(
        format!("{}.cohort", step.id),
        "Time to progression by visits, and independent action of the two treatments as its null (with 95 % \
         intervals of a bootstrap of patients)",
    )
    .subject("case", "")
    .text("scenario")
    .number(Measure::Start, "d")
    .text("arm");
    for measure in [Measure::Median, Measure::MedianBetween] {
        table = table.number(measure, "mo").tolerance(5e-2);
    }
    table = table
        .number(Measure::FreeAtEnd, "%")
        .tolerance(5e-2)
        .number(Measure::MeanUntilEnd, "mo")
        .tolerance(2e-2)
        .number(Measure::Excess, "mo")
        .tolerance(2e-1)
        .number(Measure::Excess.low(), "mo")
        .tolerance(2e-1)
        .number(Measure::Excess.high(), "mo")
        .tolerance(2e-1);
    // Rows are named by the arm alone where there is one case.
    let single = step.scenarios.len() < 2 && step.shifts.len() < 2;
    for case in &cohort.cases {
        for (name, free, excess) in named(step, case) {
            let key = if single { name.clone() } else { format!("{}: {name}", case.name) };
            let mut row = head(key, &case.scenario, case.start_d);
            row.push(name.into());
            row.extend([free.median, free.median_between].map(Cell::from));
            row.push(free.survival.last().map(|s| 100.0 * s).into());
            row.push(free.mean.into());
            row.extend(excess.into_iter().flatten().map(Cell::from));
            table.push(row);
        }
    }
    table
}

/// `<id>.excess`: both beyond independent action, a row per case.
pub(super) fn beyond(step: &CombinationStep, spec: &CohortUse, cohort: &Cohort) -> Results {
    let mut table = Results::new(
        format!("{}.excess", step.id),
        format!(
            "Both over independent action: mean time without progression beyond it, without correlation and \
             with one of {}, and hazard ratios of both over each alone",
            spec.correlation
        ),
    )
    .subject("case", "")
    .text("scenario")
    .number(Measure::Start, "d");
    for measure in [Measure::Excess, Measure::Correlated] {
        for own in [measure.clone(), measure.clone().low(), measure.high()] {
            table = table.number(own, "mo").tolerance(2e-1);
        }
    }
    for measure in [Measure::HrA, Measure::HrB] {
        for own in [measure.clone(), measure.clone().low(), measure.high()] {
            table = table.number(own, "").tolerance(5e-2);
        }
    }
    for case in &cohort.cases {
        let mut row = head(case.name.as_str(), &case.scenario, case.start_d);
        row.extend(case.nulls.iter().flat_map(|null| null.excess).map(Cell::from));
        for ratio in case.ratios {
            row.extend((0..3).map(|k| Cell::from(ratio.map(|r| r[k]))));
        }
        table.push(row);
    }
    table
}

/// `<id>.survival`: the curves of every case.
pub(super) fn survival(step: &CombinationStep, spec: &CohortUse, cohort: &Cohort) -> Table {
    let mut table = Table::new(
        format!("{}.survival", step.id),
        format!("Share of {} virtual patients without progression", spec.patients),
    )
    .column("arm", "")
    .column("scenario", "")
    .column("start", "d")
    .column("time", "mo")
    .column("survival", "")
    .tolerance(2e-2);
    for case in &cohort.cases {
        for (name, free, _) in named(step, case) {
            for (month, survival) in cohort.months.iter().zip(&free.survival) {
                let mut row = head(name.as_str(), &case.scenario, case.start_d);
                row.extend([*month, *survival].map(Cell::from));
                table.push(row);
            }
        }
    }
    table
}
