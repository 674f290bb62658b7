//! The tables of designs.

use std::ops::Range;

use lutetia_table::{Cell, Table};
use lutetia_units::{Quantity, significant};

use super::{
    DesignsStep,
    compute::{Case, Found, weighted},
};
use crate::results::{Measure, Results, Shown};

/// All of them.
pub(super) fn all(step: &DesignsStep, found: &Found) -> Vec<Shown> {
    let mut shown: Vec<Shown> = vec![
        index(step, found).into(),
        order(step, found).into(),
        equal(step, found).into(),
        regions(step, found).into(),
        moved(step, found).into(),
    ];
    if !step.vary.is_empty() {
        let scenarios = found.asked.scenarios.len();
        shown.extend([
            alone(step, found, "alone", 0..1).into(),
            alone(step, found, "assumptions", 0..scenarios).into(),
            gains(step, found).into(),
            gain_order(step, found).into(),
            best(step, found).into(),
            grid(step, found).into(),
        ]);
    }
    shown
}

/// The least and the greatest of some numbers.
fn range(of: impl Iterator<Item = f64>) -> (f64, f64) {
    of.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
}

fn region<'s>(step: &'s DesignsStep, case: &Case) -> &'s str {
    &step.regions[case.limiting].region
}

/// `<id>`: the base design of each nuclide, with the range over all assumptions.
fn index(step: &DesignsStep, found: &Found) -> Table {
    let caption = format!(
        "Designs at the first limit of an organ, under the assumptions `{}`; low and high over all {} assumptions",
        found.asked.scenarios[0].name,
        found.asked.scenarios.len()
    );
    let mut table = Table::new(&step.id, &caption)
        .column("nuclide", "")
        .column("target_dose", "Gy(RBE)/MBq")
        .column("alpha_share", "%")
        .column("equal_activity", "MBq")
        .column("limiting", "")
        .column("limit_activity", "MBq")
        .column("at_limit", "Gy(RBE)")
        .column("low", "Gy(RBE)")
        .column("high", "Gy(RBE)")
        .column("low_assumption", "")
        .column("high_assumption", "")
        .column("rank", "")
        .column("rank_best", "")
        .column("rank_worst", "");
    let base = found.asked.base;
    for model in 0..found.models() {
        let case = found.case(0, model, base);
        let of = |s: usize| found.case(s, model, base).at_limit;
        let scenarios = 0..found.asked.scenarios.len();
        let (low, high) = range(scenarios.clone().map(of));
        let name = |end: f64| {
            let at = scenarios
                .clone()
                .min_by(|a, b| (of(*a) - end).abs().total_cmp(&(of(*b) - end).abs()));
            at.map_or("", |s| found.asked.scenarios[s].name.as_str())
        };
        let parts = case.doses[found.asked.target].moved;
        let target = weighted(parts, case.rbe);
        let (rank_best, rank_worst) = range(scenarios.clone().map(|s| rank(found, s, model)));
        table.push(vec![
            case.nuclide.as_str().into(),
            target.into(),
            (100.0 * case.rbe * parts.alpha / target).into(),
            case.equal_mbq.into(),
            region(step, case).into(),
            case.limit_mbq.into(),
            case.at_limit.into(),
            low.into(),
            high.into(),
            name(low).into(),
            name(high).into(),
            rank(found, 0, model).into(),
            rank_best.into(),
            rank_worst.into(),
        ]);
    }
    table
}

/// The place of the base design of a nuclide under assumptions: 1 where the target gets most at the first limit.
fn rank(found: &Found, scenario: usize, model: usize) -> f64 {
    let base = found.asked.base;
    let own = found.case(scenario, model, base).at_limit;
    let above = |other: &usize| found.case(scenario, *other, base).at_limit > own;
    1.0 + (0..found.models()).filter(above).count() as f64
}

/// `<id>.order`: the nuclides from the greatest dose of the target at the first limit to the least.
fn order(step: &DesignsStep, found: &Found) -> Table {
    let mut table = Table::new(
        format!("{}.order", step.id),
        "Nuclides by the dose of the target at the first limit of an organ; low and high over all assumptions",
    )
    .column("place", "")
    .column("nuclide", "")
    .column("at_limit", "Gy(RBE)")
    .column("low", "Gy(RBE)")
    .column("high", "Gy(RBE)")
    .column("limiting", "")
    .column("rank_best", "")
    .column("rank_worst", "");
    let base = found.asked.base;
    let scenarios = 0..found.asked.scenarios.len();
    let mut models: Vec<usize> = (0..found.models()).collect();
    models.sort_by(|a, b| rank(found, 0, *a).total_cmp(&rank(found, 0, *b)));
    for (place, model) in models.into_iter().enumerate() {
        let case = found.case(0, model, base);
        let (low, high) = range(scenarios.clone().map(|s| found.case(s, model, base).at_limit));
        let (best, worst) = range(scenarios.clone().map(|s| rank(found, s, model)));
        table.push(vec![
            (place + 1).to_string().into(),
            case.nuclide.as_str().into(),
            case.at_limit.into(),
            low.into(),
            high.into(),
            region(step, case).into(),
            best.into(),
            worst.into(),
        ]);
    }
    table
}

/// `<id>.regions`: all regions of the base design of each nuclide at equal dose of the target.
fn regions(step: &DesignsStep, found: &Found) -> Results {
    let caption = format!(
        "All regions where the target has {}, RBE of alphas {}; low and high over all assumptions",
        step.equal.text(),
        found.case(0, 0, found.asked.base).rbe
    );
    let mut table = Results::new(format!("{}.regions", step.id), &caption)
        .subject("row", "")
        .text("nuclide")
        .text("region")
        .number(Measure::Output("physical".to_owned()), "Gy/MBq")
        .number(Measure::Output("weighted".to_owned()), "Gy(RBE)/MBq")
        .number(Measure::Output("at_equal".to_owned()), "Gy(RBE)")
        .number(Measure::Output("low".to_owned()), "Gy(RBE)")
        .number(Measure::Output("high".to_owned()), "Gy(RBE)")
        .number(Measure::Output("physical_at_equal".to_owned()), "Gy")
        .number(Measure::Output("in_place_at_equal".to_owned()), "Gy(RBE)")
        .number(Measure::Output("of_limit".to_owned()), "%")
        .number(Measure::Output("target_over_region".to_owned()), "");
    let base = found.asked.base;
    for model in 0..found.models() {
        let case = found.case(0, model, base);
        for (k, spec) in step.regions.iter().enumerate() {
            let at = |s: usize| {
                let case = found.case(s, model, base);
                case.equal_mbq * weighted(case.doses[k].moved, case.rbe)
            };
            let (low, high) = range((0..found.asked.scenarios.len()).map(at));
            let dose = &case.doses[k];
            let own = weighted(dose.moved, case.rbe);
            let target = weighted(case.doses[found.asked.target].moved, case.rbe);
            // A table that leaves daughters in place leaves them so in the target, too.
            let target_in_place = weighted(case.doses[found.asked.target].in_place, case.rbe);
            let in_place =
                step.equal.quantity().si() * weighted(dose.in_place, case.rbe) / target_in_place;
            let limit = found.asked.limits[k];
            table.push(vec![
                format!("{} {}", case.nuclide, spec.region).into(),
                case.nuclide.as_str().into(),
                spec.region.as_str().into(),
                dose.moved.total().into(),
                own.into(),
                at(0).into(),
                low.into(),
                high.into(),
                (case.equal_mbq * dose.moved.total()).into(),
                in_place.into(),
                limit.map(|limit| 100.0 * at(0) / limit).into(),
                (own > 0.0).then(|| target / own).into(),
            ]);
        }
    }
    table
}

/// `<id>.equal`: the organs where the target has the same dose of every nuclide, a row per nuclide.
fn equal(step: &DesignsStep, found: &Found) -> Table {
    let mut table = Table::new(
        format!("{}.equal", step.id),
        format!("RBE-weighted doses where the target has {}", step.equal.text()),
    )
    .column("nuclide", "")
    .column("activity", "MBq");
    for spec in &step.regions {
        table = table.column(&spec.region.replace(' ', "_"), "Gy(RBE)");
    }
    for model in 0..found.models() {
        let case = found.case(0, model, found.asked.base);
        let mut row: Vec<Cell> = vec![case.nuclide.as_str().into(), case.equal_mbq.into()];
        row.extend(
            case.doses
                .iter()
                .map(|dose| Cell::from(case.equal_mbq * weighted(dose.moved, case.rbe))),
        );
        table.push(row);
    }
    table
}

/// `<id>.moved`: of nuclides with daughters that are followed, the decays of each in every region, and what leaving does to
/// its dose.
fn moved(step: &DesignsStep, found: &Found) -> Table {
    let mut table = Table::new(
        format!("{}.moved", step.id),
        "Decays per activity given of the nuclide and of the daughters that are followed, and dose with daughters where \
         they are over that with all in place; low and high over all assumptions",
    )
    .column("row", "")
    .column("nuclide", "")
    .column("region", "")
    .column("given", "h")
    .column("daughters", "")
    .column("moved_over_in_place", "")
    .column("low", "")
    .column("high", "");
    let base = found.asked.base;
    for model in 0..found.models() {
        let case = found.case(0, model, base);
        for (k, spec) in step.regions.iter().enumerate() {
            let [(_, given), daughters @ ..] = &case.doses[k].decays[..] else { continue };
            if daughters.is_empty() {
                continue;
            }
            let ratio = |s: usize| {
                let case = found.case(s, model, base);
                let dose = &case.doses[k];
                weighted(dose.moved, case.rbe) / weighted(dose.in_place, case.rbe)
            };
            let scenarios = 0..found.asked.scenarios.len();
            let (low, high) = range(scenarios.map(ratio).filter(|x| x.is_finite()));
            let shown = |x: f64| x.is_finite().then_some(x);
            let texts: Vec<String> = daughters
                .iter()
                .map(|(name, h)| format!("{name} {} h", significant(*h, 2)))
                .collect();
            table.push(vec![
                format!("{} {}", case.nuclide, spec.region).into(),
                case.nuclide.as_str().into(),
                spec.region.as_str().into(),
                (*given).into(),
                texts.join(", ").into(),
                shown(ratio(0)).into(),
                shown(low).into(),
                shown(high).into(),
            ]);
        }
    }
    table
}

/// The combination of all bases but one axis.
fn apart(found: &Found, axis: usize, value: usize) -> usize {
    let bases = &found.asked.combinations[found.asked.base];
    let is = |c: &Vec<usize>| {
        c.iter()
            .zip(bases)
            .enumerate()
            .all(|(k, (v, base))| *v == if k == axis { value } else { *base })
    };
    found.asked.combinations.iter().position(is).unwrap_or(found.asked.base)
}

/// A value over that of the base, where both are quantities of one unit that are not zero.
fn over_base(value: &str, base: &str) -> Option<f64> {
    let [value, base] = [value, base].map(|text| Quantity::parse(text).ok());
    let (value, base) = (value?, base?);
    let ratio = value.to(base.unit()).ok()? / base.value();
    ratio.is_finite().then_some(ratio)
}

/// A value in the name of a row, in which a slash would end it.
fn spoken(value: &str) -> String {
    value.replace('/', " per ")
}

/// The name of the row of a parameter that is varied alone.
pub(crate) fn alone_row(scenario: &str, nuclide: &str, axis: &str, value: &str) -> String {
    format!("{scenario} {nuclide} {axis} {}", spoken(value))
}

/// `<id>.alone` and `<id>.assumptions`: every parameter varied alone, of every nuclide, under the first assumptions or all.
fn alone(step: &DesignsStep, found: &Found, part: &str, under: Range<usize>) -> Results {
    let mut table = Results::new(
        format!("{}.{part}", step.id),
        "One parameter varied, all others at their base: dose of the target at the first limit of an organ",
    )
    .subject("row", "")
    .text("scenario")
    .text("nuclide")
    .text("axis")
    .text("value")
    .number(Measure::Output("over_base".to_owned()), "")
    .number(Measure::Output("at_limit".to_owned()), "Gy(RBE)")
    .number(Measure::Output("gain".to_owned()), "")
    .text("limiting")
    .number(Measure::Output("target_dose".to_owned()), "Gy(RBE)/MBq");
    for spec in &step.regions {
        let gain = format!("{}_gain", spec.region.replace(' ', "_"));
        table = table.number(Measure::Output(gain), "");
    }
    for s in under {
        let scenario = &found.asked.scenarios[s];
        for model in 0..found.models() {
            let base = found.case(s, model, found.asked.base);
            for (a, axis) in step.vary.iter().enumerate() {
                for (v, value) in axis.values.iter().enumerate() {
                    let case = found.case(s, model, apart(found, a, v));
                    let dose = |case: &Case, k: usize| weighted(case.doses[k].moved, case.rbe);
                    let mut row: Vec<Cell> = vec![
                        alone_row(&scenario.name, &case.nuclide, &axis.name, value).into(),
                        scenario.name.as_str().into(),
                        case.nuclide.as_str().into(),
                        axis.name.as_str().into(),
                        value.as_str().into(),
                        over_base(value, &axis.base).into(),
                        case.at_limit.into(),
                        (case.at_limit / base.at_limit).into(),
                        region(step, case).into(),
                        dose(case, found.asked.target).into(),
                    ];
                    row.extend((0..step.regions.len()).map(|k| {
                        let whole = dose(base, k);
                        Cell::from((whole > 0.0).then(|| dose(case, k) / whole))
                    }));
                    table.push(row);
                }
            }
        }
    }
    table
}

/// The value of an axis that is best while all others are at their base, and its gain.
fn best_alone(step: &DesignsStep, found: &Found, scenario: usize, axis: usize) -> (usize, f64) {
    let base = found.case(scenario, 0, found.asked.base).at_limit;
    let gain = |v: usize| found.case(scenario, 0, apart(found, axis, v)).at_limit / base;
    let values = 0..step.vary[axis].values.len();
    let best = values.max_by(|a, b| gain(*a).total_cmp(&gain(*b))).unwrap_or(0);
    (best, gain(best))
}

/// Gain above which a change counts as one, and below whose inverse as a loss: the figures that a sketch of a model is
/// good for.
const COUNTS: f64 = 1.05;

/// What the best value of a parameter alone gains. Of the first nuclide.
struct Gain {
    axis: usize,
    best: usize,
    gain: f64,
    /// Over all assumptions, each with its own best value.
    low: f64,
    high: f64,
    /// Share of the assumptions with the same best value, %.
    same: f64,
    /// The least gain of that value under any assumptions.
    worst: f64,
}

impl Gain {
    fn of(step: &DesignsStep, found: &Found, axis: usize) -> Self {
        let (best, gain) = best_alone(step, found, 0, axis);
        let n = found.asked.scenarios.len();
        let (low, high) = range((0..n).map(|s| best_alone(step, found, s, axis).1));
        let same = (0..n).filter(|s| best_alone(step, found, *s, axis).0 == best).count();
        let kept = |s: usize| {
            found.case(s, 0, apart(found, axis, best)).at_limit
                / found.case(s, 0, found.asked.base).at_limit
        };
        let (worst, _) = range((0..n).map(kept));
        Self { axis, best, gain, low, high, same: 100.0 * same as f64 / n as f64, worst }
    }

    fn verdict(&self) -> &'static str {
        if self.worst >= COUNTS {
            "gains under all assumptions"
        } else if self.gain < COUNTS && self.high < COUNTS {
            "gains nothing"
        } else if self.worst * COUNTS > 1.0 {
            "gains under some assumptions, loses under none"
        } else {
            "gains or loses by the assumptions"
        }
    }
}

/// `<id>.gains`: what the best value of each parameter alone gains, with the range over all assumptions. Of the first
/// nuclide.
fn gains(step: &DesignsStep, found: &Found) -> Table {
    let mut table = Table::new(
        format!("{}.gains", step.id),
        "The best value of each parameter, all others at their base: dose of the target at the first limit of an organ \
         over that of the base; low and high over all assumptions, each with its own best value; worst is the least \
         gain that the best value of the first assumptions has under any other; 5 % count as a gain or a loss",
    )
    .column("axis", "")
    .column("base", "")
    .column("best", "")
    .column("estimate", "")
    .column("low", "")
    .column("high", "")
    .column("same_best", "%")
    .column("worst", "")
    .column("limiting", "")
    .column("verdict", "");
    for (a, axis) in step.vary.iter().enumerate() {
        let gain = Gain::of(step, found, a);
        table.push(vec![
            axis.name.as_str().into(),
            axis.base.as_str().into(),
            axis.values[gain.best].as_str().into(),
            gain.gain.into(),
            gain.low.into(),
            gain.high.into(),
            gain.same.into(),
            gain.worst.into(),
            region(step, found.case(0, 0, apart(found, a, gain.best))).into(),
            gain.verdict().into(),
        ]);
    }
    table
}

/// `<id>.gain_order`: the parameters from the greatest gain to the least.
fn gain_order(step: &DesignsStep, found: &Found) -> Table {
    let mut table = Table::new(
        format!("{}.gain_order", step.id),
        "Parameters by what their best value alone gains",
    )
    .column("place", "")
    .column("axis", "")
    .column("best", "")
    .column("gain", "")
    .column("worst", "")
    .column("verdict", "");
    let mut gains: Vec<Gain> = (0..step.vary.len()).map(|a| Gain::of(step, found, a)).collect();
    gains.sort_by(|a, b| b.gain.total_cmp(&a.gain));
    for (place, gain) in gains.iter().enumerate() {
        let axis = &step.vary[gain.axis];
        table.push(vec![
            (place + 1).to_string().into(),
            axis.name.as_str().into(),
            axis.values[gain.best].as_str().into(),
            gain.gain.into(),
            gain.worst.into(),
            gain.verdict().into(),
        ]);
    }
    table
}

/// `<id>.best`: the best of all combinations of the first nuclide under each assumption.
fn best(step: &DesignsStep, found: &Found) -> Table {
    let mut table = Table::new(
        format!("{}.best", step.id),
        "The combination with the greatest dose of the target at the first limit of an organ; product is what the gains \
         of the parameters alone would give together",
    )
    .column("scenario", "");
    for axis in &step.vary {
        table = table.column(&axis.name, "");
    }
    table = table
        .column("at_limit", "Gy(RBE)")
        .column("gain", "")
        .column("product", "")
        .column("limiting", "")
        .column("base_at_limit", "Gy(RBE)")
        .column("base_limiting", "");
    for (s, scenario) in found.asked.scenarios.iter().enumerate() {
        let of = |c: usize| found.case(s, 0, c).at_limit;
        let all = 0..found.asked.combinations.len();
        let best = all.max_by(|a, b| of(*a).total_cmp(&of(*b))).unwrap_or(0);
        let base = found.case(s, 0, found.asked.base);
        let product: f64 =
            (0..step.vary.len()).map(|axis| best_alone(step, found, s, axis).1).product();
        let mut row: Vec<Cell> = vec![scenario.name.as_str().into()];
        let chosen = step.vary.iter().zip(&found.asked.combinations[best]);
        row.extend(chosen.map(|(axis, v)| Cell::from(axis.values[*v].as_str())));
        row.extend([
            of(best).into(),
            (of(best) / base.at_limit).into(),
            product.into(),
            region(step, found.case(s, 0, best)).into(),
            base.at_limit.into(),
            region(step, base).into(),
        ]);
        table.push(row);
    }
    table
}

/// `<id>.grid`: every combination of every nuclide under the first assumptions.
fn grid(step: &DesignsStep, found: &Found) -> Table {
    let mut table = Table::new(
        format!("{}.grid", step.id),
        "Every combination: doses per activity and dose of the target at the first limit of an organ",
    )
    .column("row", "")
    .column("nuclide", "");
    for axis in &step.vary {
        table = table.column(&axis.name, "");
    }
    for spec in &step.regions {
        table = table.column(&spec.region.replace(' ', "_"), "Gy(RBE)/MBq");
    }
    table = table.column("limiting", "").column("at_limit", "Gy(RBE)");
    for case in found.cases.iter().filter(|case| case.scenario == 0) {
        let chosen: Vec<&str> = step
            .vary
            .iter()
            .zip(&found.asked.combinations[case.combination])
            .map(|(axis, v)| axis.values[*v].as_str())
            .collect();
        let mut row: Vec<Cell> = vec![
            format!("{} {}", case.nuclide, spoken(&chosen.join(", "))).into(),
            case.nuclide.as_str().into(),
        ];
        row.extend(chosen.iter().map(|text| Cell::from(*text)));
        row.extend(case.doses.iter().map(|dose| Cell::from(weighted(dose.moved, case.rbe))));
        row.extend([region(step, case).into(), case.at_limit.into()]);
        table.push(row);
    }
    table
}
