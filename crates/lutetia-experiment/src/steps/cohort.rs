//! Virtual patients from the population of a model.

use crate::artefact::Artefact;
use lutetia_scenario::{LoadedModel, internal, setting, slots};
use std::{collections::BTreeMap, num::NonZeroU64, sync::Arc};

use lutetia_trial::{
    Cohort, CohortSpec, CovariateLaw, Limit, Margin, Population, TrialError, Weighting, weights,
};
use lutetia_units::Quantity;
use serde::Deserialize;

use super::{
    Context, StepKind, Use,
    posterior::{Calibrated, Drawn},
};
use crate::steps::StepError;
use lutetia_table::{Cell, Table};

/// Virtual patients from the population of a model. Tables: `<id>` (the first patients), `<id>.summary`
/// (everybody's mean, spread and quantiles) and `<id>.margins`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortStep {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// Number of patients in the tables.
    pub patients: u32,
    /// Seed, where it is not that of the experiment.
    pub seed: Option<u64>,
    /// Typical values that differ from the files.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// A step of the kind `calibrate`, of this experiment or of another one (`{ experiment = "06_vision",
    /// step = "posterior", draws = 8 }`), whose most likely values (the particle nearest to its targets) are
    /// the typical ones. From another experiment come draws of the posterior too, which a trade-off tries
    /// all patients under; they are tabulated as `<id>.draws`.
    pub calibrated: Option<Calibrated>,
    /// Laws of covariates.
    #[serde(default)]
    pub covariates: BTreeMap<String, LawSpec>,
    /// Correlations of covariates.
    #[serde(default)]
    pub correlations: Vec<CorrelationSpec>,
    /// Number of occasions (cycles) that are drawn.
    #[serde(default = "one")]
    pub occasions: u32,
    /// Covariates that follow the occasion: their values or levels, the last one for all later ones.
    #[serde(default)]
    pub by_occasion: BTreeMap<String, Vec<String>>,
    /// Plausibility limits: lower and upper, either may be empty.
    #[serde(default)]
    pub limits: BTreeMap<String, [String; 2]>,
    /// Published margins that the patients are weighted to; a trial with `weights = true` draws its patients in
    /// proportion to these weights.
    #[serde(default)]
    pub margins: Vec<MarginSpec>,
    /// Parameters and covariates in the tables; those that differ between patients if left out.
    pub show: Option<Vec<String>>,
}

fn one() -> u32 {
    1
}

/// The law of a covariate: `{ median, cv }`, `{ mean, sd }`, `{ lower, upper }`, `{ value }` or
/// `{ shares }` of its levels.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LawSpec {
    /// Median of a log-normal law.
    pub median: Option<String>,
    /// Its coefficient of variation.
    pub cv: Option<String>,
    /// Mean of a normal law.
    pub mean: Option<String>,
    /// Its standard deviation.
    pub sd: Option<String>,
    /// Lower end of a uniform law.
    pub lower: Option<String>,
    /// Its upper end.
    pub upper: Option<String>,
    /// The same value for everybody.
    pub value: Option<String>,
    /// Shares of the levels.
    pub shares: Option<Vec<f64>>,
}

/// Correlation of two covariates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrelationSpec {
    /// The two.
    pub of: [String; 2],
    /// Between −1 and 1.
    pub value: f64,
}

/// A published mean or share.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginSpec {
    /// A parameter or covariate.
    pub of: String,
    /// Its published mean.
    pub mean: Option<String>,
    /// Or a value, of which `share` lie below it.
    pub below: Option<String>,
    /// Or a level, which `share` have.
    pub level: Option<String>,
    /// The share.
    pub share: Option<f64>,
}

/// A cohort that later steps use.
#[derive(Debug, Clone)]
pub(crate) struct CohortUse {
    pub(crate) model: LoadedModel,
    pub(crate) spec: CohortSpec,
    pub(crate) population: Arc<Population>,
    margins: Vec<MarginSpec>,
    /// Patients that weights are found for.
    patients: usize,
    /// The effective number of them, where the population is weighted to the margins.
    pub(crate) effective_size: Option<f64>,
    /// What a calibration of another experiment says of its values.
    pub(crate) posterior: Option<Arc<Drawn>>,
}

impl CohortUse {
    /// The same patients with some typical values replaced (internal).
    pub(crate) fn with(&self, typical: &[(String, f64)]) -> Result<Population, TrialError> {
        self.stratified(typical, None)
    }

    /// The same, stratified: a cohort of that many which together resembles the population.
    pub(crate) fn stratified(
        &self,
        typical: &[(String, f64)],
        stratified: Option<NonZeroU64>,
    ) -> Result<Population, TrialError> {
        let mut spec = self.spec.clone();
        spec.typical.extend(typical.iter().cloned());
        // Weighted patients are drawn from a pool of independent ones, of another size.
        spec.stratified = stratified.filter(|_| self.effective_size.is_none());
        let population = Population::new(&self.model.model, self.model.simulator.system(), &spec)?;
        if self.effective_size.is_none() {
            return Ok(population);
        }
        // Other typical values are other patients, and other weights.
        let (weighting, _) = self.weighting(&population).map_err(|reason| {
            TrialError::NotDetermined { what: "the weights".to_owned(), reason: reason.to_string() }
        })?;
        Ok(population.weighted(&weighting.weights)?)
    }

    /// The population that the margins of the cohort make of its patients.
    pub(crate) fn weighted(mut self) -> Result<Self, StepError> {
        if self.margins.is_empty() {
            return Err("`weights = true` needs `margins` in the step of the cohort".into());
        }
        let (weighting, _) = self.weighting(&self.population)?;
        let population = Population::clone(&self.population);
        let population = population.weighted(&weighting.weights)?;
        self.population = Arc::new(population);
        self.effective_size = Some(weighting.effective_size);
        Ok(self)
    }

    /// Weights of the patients of the cohort, and the margins they meet.
    fn weighting(&self, population: &Population) -> Result<(Weighting, Vec<Margin>), StepError> {
        let drawn = population.cohort(0, self.patients)?;
        let margins = self.margins_of(&drawn)?;
        let found = weights(drawn.patients.len(), &margins)?;
        Ok((found, margins))
    }

    /// The published margins, with what each patient has.
    pub(crate) fn margins_of(&self, drawn: &Cohort) -> Result<Vec<Margin>, StepError> {
        let infos = self.model.simulator.system().parameters();
        let values = |slot: usize| -> Vec<f64> {
            drawn.patients.iter().map(|p| p.parameters(0)[slot] / infos[slot].factor).collect()
        };
        self.margins.iter().map(|m| margin(m, &self.model, &values)).collect()
    }
}

impl StepKind for CohortStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let calibrated = self.calibrated.iter().map(|c| match c {
            Calibrated::Step(id) => Use::Step(id),
            Calibrated::Elsewhere(e) => Use::Experiment(e),
        });
        std::iter::once(Use::Model(&self.model)).chain(calibrated).collect()
    }

    fn simulates(&self) -> bool {
        true
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let cohort = prepare(self, context)?;
        let drawn = cohort.population.cohort(0, self.patients as usize)?;
        for table in tables(self, &cohort, &drawn)? {
            context.add(table);
        }
        if let Some(posterior) = &cohort.posterior {
            context.add(draws_table(&self.id, &cohort.model, posterior));
        }
        context.artefacts.add(&self.id, Artefact::Cohort(Box::new(cohort)));
        Ok(())
    }
}

/// The population of a step, without drawing anybody.
pub(crate) fn prepare(step: &CohortStep, context: &Context) -> Result<CohortUse, StepError> {
    let model = context
        .models
        .get(&step.model)
        .ok_or_else(|| format!("`{}` is not a model of this experiment", step.model))?;
    let number = |name: &str, text: &str| internal(model, name, text);
    let law = |name: &String, spec: &LawSpec| -> Result<CovariateLaw, StepError> {
        let cv = |text: &str| {
            lutetia_patient::refuse_bare(text).map_err(|e| format!("the cv of `{name}`: {e}"))?;
            Quantity::parse(text)
                .and_then(|q| q.to(&lutetia_units::Unit::parse("1")?))
                .map_err(|e| format!("the cv of `{name}`: {e}"))
        };
        let given = [&spec.median, &spec.cv, &spec.mean, &spec.sd, &spec.lower, &spec.upper]
            .map(Option::as_deref);
        match (given, &spec.value, &spec.shares) {
            ([Some(m), Some(c), None, None, None, None], None, None) => {
                Ok(CovariateLaw::LogNormal { median: number(name, m)?, cv: cv(c)? })
            }
            ([None, None, Some(m), Some(s), None, None], None, None) => {
                Ok(CovariateLaw::Normal { mean: number(name, m)?, sd: number(name, s)? })
            }
            ([None, None, None, None, Some(a), Some(b)], None, None) => {
                Ok(CovariateLaw::Uniform { lower: number(name, a)?, upper: number(name, b)? })
            }
            ([None, None, None, None, None, None], Some(v), None) => {
                Ok(CovariateLaw::Constant(setting(model, name, v)?))
            }
            ([None, None, None, None, None, None], None, Some(s)) => {
                Ok(CovariateLaw::Levels(s.clone()))
            }
            _ => Err(format!(
                "the law of `{name}` mixes keys or lacks one; expected `median` and `cv`, `mean` and \
                 `sd`, `lower` and `upper`, `value`, or `shares`"
            ).into()),
        }
    };
    let mut typical = step
        .set
        .iter()
        .map(|(name, text)| Ok((name.clone(), setting(model, name, text)?)))
        .collect::<Result<Vec<_>, StepError>>()?;
    let mut posterior = None;
    match &step.calibrated {
        Some(Calibrated::Step(id)) => {
            let found = context.artefacts.calibrated(id)?;
            typical.extend(found.iter().cloned());
        }
        Some(Calibrated::Elsewhere(elsewhere)) => {
            // The draws belong to the calibration, not to the patients: cohorts of other seeds share them.
            let drawn = elsewhere.draw(&context.elsewhere, model, context.seed)?;
            typical.extend(drawn.nearest.iter().cloned());
            posterior = Some(Arc::new(drawn));
        }
        None => {}
    }
    let spec = CohortSpec {
        seed: step.seed.unwrap_or(context.seed),
        typical,
        covariates: step
            .covariates
            .iter()
            .map(|(name, spec)| Ok((name.clone(), law(name, spec)?)))
            .collect::<Result<_, StepError>>()?,
        correlations: step
            .correlations
            .iter()
            .map(|c| (c.of[0].clone(), c.of[1].clone(), c.value))
            .collect(),
        by_occasion: step
            .by_occasion
            .iter()
            .map(|(name, values)| {
                let values = values
                    .iter()
                    .map(|v| setting(model, name, v))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok((name.clone(), values))
            })
            .collect::<Result<_, StepError>>()?,
        occasions: step.occasions as usize,
        limits: step
            .limits
            .iter()
            .map(|(name, [lower, upper])| {
                let end = |text: &String| {
                    if text.is_empty() { Ok(None) } else { number(name, text).map(Some) }
                };
                Ok(Limit { name: name.clone(), lower: end(lower)?, upper: end(upper)? })
            })
            .collect::<Result<_, StepError>>()?,
        ..CohortSpec::default()
    };
    let population = Population::new(&model.model, model.simulator.system(), &spec)?;
    Ok(CohortUse {
        model: model.clone(),
        spec,
        population: Arc::new(population),
        margins: step.margins.clone(),
        patients: step.patients as usize,
        effective_size: None,
        posterior,
    })
}

/// The values taken from a calibration, in the units of the model.
fn draws_table(id: &str, model: &LoadedModel, posterior: &Drawn) -> Table {
    let system = model.simulator.system();
    let mut table = Table::new(
        format!("{id}.draws"),
        format!(
            "Values from the calibration: the particle nearest to its targets, and draws by weight \
             (effective size of the posterior {})",
            lutetia_table::significant(posterior.effective_size, 3)
        ),
    )
    .column("draw", "");
    let unit = |name: &str| system.parameter_index(name).map(|k| &system.parameters()[k]);
    for (name, _) in &posterior.nearest {
        table = table.column(name, unit(name).map_or("", |p| p.unit.symbol()));
    }
    let rows = std::iter::once(&posterior.nearest).chain(&posterior.draws);
    for (k, values) in rows.enumerate() {
        let draw = if k == 0 { "nearest".to_owned() } else { k.to_string() };
        let value =
            |(name, x): &(String, f64)| Cell::from(x / unit(name).map_or(1.0, |p| p.factor));
        let row = std::iter::once(Cell::from(draw)).chain(values.iter().map(value));
        table.push(row.collect());
    }
    table
}

fn tables(step: &CohortStep, cohort: &CohortUse, drawn: &Cohort) -> Result<Vec<Table>, StepError> {
    let model = &cohort.model;
    let infos = model.simulator.system().parameters();
    let differs = |slot: usize| {
        let first = drawn.patients[0].parameters(0)[slot];
        drawn.patients.iter().any(|p| p.parameters(0)[slot].to_bits() != first.to_bits())
    };
    let shown: Vec<usize> = match &step.show {
        Some(names) => names
            .iter()
            .map(|n| {
                let known = infos.iter().map(|p| p.name.as_str());
                slots(model, n).first().copied().ok_or_else(|| {
                    let near = lutetia_diagnostic::closest(n, known)
                        .map_or_else(String::new, |c| format!("; did you mean `{c}`?"));
                    format!("the model has no parameter or covariate `{n}`{near}")
                })
            })
            .collect::<Result<_, _>>()?,
        None => (0..infos.len()).filter(|k| differs(*k)).collect(),
    };
    let values = |slot: usize| -> Vec<f64> {
        drawn.patients.iter().map(|p| p.parameters(0)[slot] / infos[slot].factor).collect()
    };
    let weighting = if step.margins.is_empty() {
        None
    } else {
        let margins = cohort.margins_of(drawn)?;
        let found = weights(drawn.patients.len(), &margins)?;
        Some((margins, found))
    };
    let mut patients =
        Table::new(&step.id, "Virtual patients, first occasion").column("patient", "");
    for &slot in &shown {
        patients = patients.column(&infos[slot].name, infos[slot].unit.symbol());
    }
    if weighting.is_some() {
        patients = patients.column("weight", "");
    }
    for (k, p) in drawn.patients.iter().enumerate().take(MOST_ROWS) {
        #[expect(clippy::cast_precision_loss, reason = "numbers of patients")]
        let mut row = vec![Cell::Number(p.number as f64)];
        row.extend(shown.iter().map(|s| Cell::from(p.parameters(0)[*s] / infos[*s].factor)));
        row.extend(weighting.iter().map(|(_, w)| Cell::from(w.weights[k])));
        patients.push(row);
    }
    let mut summary = Table::new(format!("{}.summary", step.id), "The cohort")
        .column("name", "")
        .column("unit", "")
        .column("mean", "")
        .column("sd", "")
        .column("q05", "")
        .column("median", "")
        .column("q95", "");
    for &slot in &shown {
        let mut x = values(slot);
        x.sort_by(f64::total_cmp);
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let sd = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt();
        let info = &infos[slot];
        summary.push(vec![
            info.name.as_str().into(),
            info.unit.symbol().into(),
            mean.into(),
            sd.into(),
            quantile(&x, 0.05).into(),
            quantile(&x, 0.5).into(),
            quantile(&x, 0.95).into(),
        ]);
    }
    let mut drawing = Table::new(format!("{}.margins", step.id), "How the cohort was drawn")
        .column("name", "")
        .column("target", "")
        .column("unweighted", "")
        .column("weighted", "");
    drawing.push(vec![
        "acceptance rate of the plausibility limits".into(),
        Cell::Missing,
        drawn.acceptance_rate().into(),
        Cell::Missing,
    ]);
    if let Some((margins, found)) = &weighting {
        for m in margins {
            #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
            let mean = m.values.iter().sum::<f64>() / m.values.len() as f64;
            let weighted: f64 = m.values.iter().zip(&found.weights).map(|(v, w)| v * w).sum();
            drawing.push(vec![
                m.name.as_str().into(),
                m.target.into(),
                mean.into(),
                weighted.into(),
            ]);
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let n = drawn.patients.len() as f64;
        let effective = found.effective_size.into();
        drawing.push(vec!["effective sample size".into(), Cell::Missing, n.into(), effective]);
    }
    Ok(vec![patients, summary, drawing])
}

/// Most rows of a table of patients; whoever wants all of a large cohort streams a trial.
pub(crate) const MOST_ROWS: usize = 2000;

/// Quantile of sorted values, R's type 7.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    if sorted.is_empty() {
        return f64::NAN;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
    let place = share * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below])
}

fn margin(
    spec: &MarginSpec,
    model: &LoadedModel,
    values: &dyn Fn(usize) -> Vec<f64>,
) -> Result<Margin, StepError> {
    let infos = model.simulator.system().parameters();
    let slot = *slots(model, &spec.of)
        .first()
        .ok_or_else(|| format!("the model has no parameter or covariate `{}`", spec.of))?;
    let declared =
        |text: &str| Ok::<_, StepError>(internal(model, &spec.of, text)? / infos[slot].factor);
    let own = values(slot);
    let indicator =
        |holds: &dyn Fn(f64) -> bool| own.iter().map(|v| f64::from(u8::from(holds(*v)))).collect();
    match (&spec.mean, &spec.below, &spec.level, spec.share) {
        (Some(mean), None, None, None) => Ok(Margin {
            name: format!("mean of {}", spec.of),
            target: declared(mean)?,
            values: own.clone(),
        }),
        (None, Some(below), None, Some(share)) => {
            let limit = declared(below)?;
            Ok(Margin {
                name: format!("share of {} below {below}", spec.of),
                target: share,
                values: indicator(&|v| v < limit),
            })
        }
        (None, None, Some(level), Some(share)) => {
            let wanted = declared(level)?;
            Ok(Margin {
                name: format!("share of {} {level}", spec.of),
                target: share,
                values: indicator(&|v| (v - wanted).abs() < 0.5),
            })
        }
        _ => Err(format!(
            "the margin of `{}` needs `mean`, or `below` with `share`, or `level` with `share`",
            spec.of
        )
        .into()),
    }
}
