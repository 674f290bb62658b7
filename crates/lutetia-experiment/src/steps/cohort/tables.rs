//! The tables of a cohort.

use lutetia_scenario::LoadedModel;
use lutetia_table::{Cell, Table, significant};
use lutetia_trial::Cohort;

use super::{
    CohortStep, CohortUse,
    posterior::{Drawn, DrawnFrom},
    result::CohortResult,
    uncertain::{BAND, UncertainSpread},
};

/// Most rows of a table of patients; whoever wants all of a large cohort streams a trial.
pub(crate) const MOST_ROWS: usize = 2000;

/// All tables of a cohort.
pub(super) fn tables(
    step: &CohortStep,
    cohort: &CohortUse,
    drawn: &Cohort,
    result: &CohortResult,
    uncertain: Option<&[UncertainSpread]>,
) -> Vec<Table> {
    let mut all = vec![
        patients(&step.id, cohort, drawn, result),
        summary(&step.id, cohort, result),
        drawing(&step.id, drawn, result),
    ];
    all.extend(uncertain.map(|found| uncertainty(&step.id, cohort, found)));
    all.extend(cohort.posterior.as_ref().map(|p| draws_table(&step.id, &cohort.model, p)));
    all
}

fn patients(id: &str, cohort: &CohortUse, drawn: &Cohort, result: &CohortResult) -> Table {
    let infos = cohort.model.simulator.system().parameters();
    let mut table = Table::new(id, "Virtual patients, first occasion").column("patient", "");
    for s in &result.spread {
        table = table.column(&infos[s.slot].name, infos[s.slot].unit.symbol());
    }
    if result.weighted.is_some() {
        table = table.column("weight", "");
    }
    for (k, p) in drawn.patients.iter().enumerate().take(MOST_ROWS) {
        #[expect(clippy::cast_precision_loss, reason = "numbers of patients")]
        let mut row = vec![Cell::Number(p.number as f64)];
        let values = result.spread.iter().map(|s| p.parameters(0)[s.slot] / infos[s.slot].factor);
        row.extend(values.map(Cell::from));
        row.extend(result.weighted.iter().map(|w| Cell::from(w.weighting.weights[k])));
        table.push(row);
    }
    table
}

fn summary(id: &str, cohort: &CohortUse, result: &CohortResult) -> Table {
    let infos = cohort.model.simulator.system().parameters();
    let mut table = Table::new(format!("{id}.summary"), "The cohort")
        .column("name", "")
        .column("unit", "")
        .column("mean", "")
        .column("sd", "")
        .column("q05", "")
        .column("median", "")
        .column("q95", "");
    for s in &result.spread {
        let info = &infos[s.slot];
        table.push(vec![
            info.name.as_str().into(),
            info.unit.symbol().into(),
            s.mean.into(),
            s.sd.into(),
            s.q05.into(),
            s.median.into(),
            s.q95.into(),
        ]);
    }
    table
}

fn drawing(id: &str, drawn: &Cohort, result: &CohortResult) -> Table {
    let mut table = Table::new(format!("{id}.margins"), "How the cohort was drawn")
        .column("name", "")
        .column("target", "")
        .column("unweighted", "")
        .column("weighted", "");
    table.push(vec![
        "acceptance rate of the plausibility limits".into(),
        Cell::Missing,
        result.acceptance_rate.into(),
        Cell::Missing,
    ]);
    if let Some(weighted) = &result.weighted {
        for m in &weighted.margins {
            table.push(vec![
                m.name.as_str().into(),
                m.target.into(),
                m.unweighted.into(),
                m.weighted.into(),
            ]);
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let n = drawn.patients.len() as f64;
        let effective = weighted.weighting.effective_size.into();
        table.push(vec!["effective sample size".into(), Cell::Missing, n.into(), effective]);
    }
    table
}

/// What draws of uncertain typical values do to the cohort: `<id>.uncertainty`.
fn uncertainty(id: &str, cohort: &CohortUse, found: &[UncertainSpread]) -> Table {
    let infos = cohort.model.simulator.system().parameters();
    let caption = "How certain the cohort is: median and middle 95 % of each statistic over draws of the uncertain typical values, \
                   the same patients under each, with distribution-free 95 % intervals; what so many draws do not allow is left out";
    let mut table = Table::new(format!("{id}.uncertainty"), caption)
        .column("name", "")
        .column("unit", "")
        .column("statistic", "");
    for name in BAND {
        table = table.column(name, "");
    }
    for UncertainSpread { slot, statistic, band } in found {
        let info = &infos[*slot];
        let mut row: Vec<Cell> =
            vec![info.name.as_str().into(), info.unit.symbol().into(), (*statistic).into()];
        row.extend(band.numbers().map(Cell::from));
        table.push(row);
    }
    table
}

/// The values taken from a calibration, in the units of the model.
fn draws_table(id: &str, model: &LoadedModel, posterior: &Drawn) -> Table {
    let system = model.simulator.system();
    let mut table = Table::new(
        format!("{id}.draws"),
        match posterior.from {
            DrawnFrom::Calibration => format!(
                "Values from the calibration: the particle nearest to its targets, and draws by weight \
                 (effective size of the posterior {})",
                significant(posterior.effective_size, 3)
            ),
            DrawnFrom::Uncertainty => {
                "Typical values of the model, and draws of what is uncertain of them".to_owned()
            }
        },
    )
    .column("draw", "");
    let unit = |name: &str| system.parameter_index(name).map(|k| &system.parameters()[k]);
    for (name, _) in &posterior.nearest {
        table = table.column(name, unit(name).map_or("", |p| p.unit.symbol()));
    }
    let rows = std::iter::once(&posterior.nearest).chain(&posterior.draws);
    for (k, values) in rows.enumerate() {
        let first = match posterior.from {
            DrawnFrom::Calibration => "nearest",
            DrawnFrom::Uncertainty => "typical",
        };
        let draw = if k == 0 { first.to_owned() } else { k.to_string() };
        let value =
            |(name, x): &(String, f64)| Cell::from(x / unit(name).map_or(1.0, |p| p.factor));
        let row = std::iter::once(Cell::from(draw)).chain(values.iter().map(value));
        table.push(row.collect());
    }
    table
}
