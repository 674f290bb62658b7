//! Which uncertain value moves a trial's result most, each varied alone?

use lutetia_scenario::{MONTH_D as MONTH, internal};
use lutetia_trial::{Arm, Population, Trial, TrialError, TrialSpec, summary::Endpoint};
use rayon::prelude::*;
use serde::Deserialize;

use super::{
    Context, StepKind, Use,
    calibrate::declared,
    roles,
    trial::{TrialUse, days},
};
use crate::steps::StepError;
use lutetia_table::{Table, cell};

/// A result of one arm of a trial with each of several typical values at its low and at its high end and
/// all others in their middle, on the same virtual patients. The result is an expectation: chance decides
/// nothing but who the patients are, so that small differences are real ones. Table `<id>`, which the
/// chart `tornado` draws.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneAtATimeStep {
    /// Name of the table.
    pub id: String,
    /// An earlier step of the kind `trial`.
    pub trial: String,
    /// The arm.
    pub arm: String,
    /// The arm it is compared with: the result is then the difference.
    pub against: Option<String>,
    /// What is computed.
    pub result: Outcome,
    /// Until when.
    pub horizon: String,
    /// Number of virtual patients.
    pub patients: u32,
    /// What is varied.
    pub vary: Vec<Vary>,
}

/// A result of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Mean survival until the horizon, months, of the planned treatment without drop-out.
    RestrictedMean,
    /// Share with a toxicity of grade 3 or more, %.
    Grade3OrMore,
}

/// A value and its ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vary {
    /// A parameter of the model.
    pub name: String,
    /// Its low end; from the table of `from` if left out.
    pub low: Option<String>,
    /// Its high end.
    pub high: Option<String>,
    /// An earlier step of the kind `calibrate`, whose 95 % interval gives the ends.
    pub from: Option<String>,
    /// Or a table of `[data]`, such as that of a calibration of another experiment, with rows by name and the
    /// columns `low` and `high` in the parameter's unit.
    pub data: Option<String>,
}

impl StepKind for OneAtATimeStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let from = self.vary.iter().filter_map(|v| v.from.as_deref()).map(Use::Step);
        let data = self.vary.iter().filter_map(|v| v.data.as_deref()).map(Use::Data);
        std::iter::once(Use::Step(&self.trial)).chain(from).chain(data).collect()
    }

    fn simulates(&self) -> bool {
        true
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let table = self.compute(context)?;
        context.add(table);
        Ok(())
    }
}

impl OneAtATimeStep {
    fn compute(&self, context: &Context) -> Result<Table, StepError> {
        let (base, _) = context.trial(&self.trial)?;
        match self.result {
            Outcome::RestrictedMean => {
                let what = "the result `restricted-mean`";
                roles::needs(&base.spec, &self.trial, Endpoint::OverallSurvival, what)?;
            }
            Outcome::Grade3OrMore if base.spec.meaning.toxicities.is_empty() => {
                return Err(format!(
                    "the result `grade3-or-more` needs `toxicities`; the trial `{}` has none",
                    self.trial
                )
                .into());
            }
            Outcome::Grade3OrMore => {}
        }
        let spec = self.specification(base)?;
        if self.patients == 0 {
            return Err("`patients` is 0, expected at least 1".into());
        }
        let ends: Vec<[f64; 2]> =
            self.vary.iter().map(|v| ends(v, base, context)).collect::<Result<_, _>>()?;
        let middle = self.result_at(base, &spec, &base.cohort.population)?;
        let unit = match self.result {
            Outcome::RestrictedMean => "mo",
            Outcome::Grade3OrMore => "%",
        };
        let of = match &self.against {
            Some(other) => format!("`{}` over `{other}`", self.arm),
            None => format!("`{}`", self.arm),
        };
        let caption = format!("Result of {of} with one value at its low or high end");
        let mut table = Table::new(&self.id, caption)
            .column("parameter", "")
            .column("unit", "")
            .column("low_at", "")
            .column("high_at", "")
            .column("low", unit)
            .column("high", unit)
            .column("base", unit);
        for (vary, at) in self.vary.iter().zip(ends) {
            let mut results = Vec::new();
            for value in at {
                let population = base.cohort.with(&[(vary.name.clone(), value)])?;
                results.push(self.result_at(base, &spec, &population)?);
            }
            let (symbol, factor) = declared(base, &vary.name);
            table.push(vec![
                vary.name.as_str().into(),
                symbol.into(),
                (at[0] / factor).into(),
                (at[1] / factor).into(),
                results[0].into(),
                results[1].into(),
                middle.into(),
            ]);
        }
        Ok(table)
    }

    /// The arms in question until the horizon, the arm first.
    fn specification(&self, base: &TrialUse) -> Result<TrialSpec, StepError> {
        let horizon = days("horizon", &self.horizon)?;
        let find = |name: &String| -> Result<Arm, StepError> {
            base.spec.arms.iter().find(|a| a.name == *name).cloned().ok_or_else(|| {
                let known: Vec<&str> = base.spec.arms.iter().map(|a| a.name.as_str()).collect();
                format!("no arm `{name}`; the arms are {}", known.join(", ")).into()
            })
        };
        let arms = std::iter::once(&self.arm)
            .chain(&self.against)
            .map(|name| Ok(Arm { crossover: None, ..find(name)? }))
            .collect::<Result<_, StepError>>()?;
        Ok(TrialSpec { arms, follow_up: horizon, accrual: 0.0, ..base.spec.clone() })
    }

    fn result_at(
        &self,
        base: &TrialUse,
        spec: &TrialSpec,
        population: &Population,
    ) -> Result<f64, StepError> {
        let trial = Trial::new(&base.cohort.model.simulator, population, spec.clone())?;
        let one = |number: u64| -> Result<f64, TrialError> {
            let patient = population.patient(number)?;
            let mut result = 0.0;
            for arm in 0..spec.arms.len() {
                let (mean, _, grades) = trial.expected(&patient, arm, spec.follow_up)?;
                let value = match self.result {
                    Outcome::RestrictedMean => mean / MONTH,
                    Outcome::Grade3OrMore => {
                        100.0 * f64::from(u8::from(grades.iter().any(|g| *g >= 3)))
                    }
                };
                result += if arm == 0 { value } else { -value };
            }
            Ok(result)
        };
        let results: Vec<f64> =
            (0..u64::from(self.patients)).into_par_iter().map(one).collect::<Result<_, _>>()?;
        Ok(results.iter().sum::<f64>() / f64::from(self.patients))
    }
}

/// Low and high end, internal.
fn ends(vary: &Vary, base: &TrialUse, context: &Context) -> Result<[f64; 2], StepError> {
    let tabulated = vary
        .from
        .as_ref()
        .map(|id| (&context.tables, id))
        .xor(vary.data.as_ref().map(|id| (&context.published, id)));
    let at = match (&vary.low, &vary.high, tabulated) {
        (Some(low), Some(high), None) => {
            let model = &base.cohort.model;
            [internal(model, &vary.name, low)?, internal(model, &vary.name, high)?]
        }
        (None, None, Some((tables, id))) => {
            let end = |column: &str| -> Result<f64, StepError> {
                cell(tables, &format!("{id}/{}/{column}", vary.name))?
                    .number()
                    .ok_or_else(|| format!("`{id}` has no number for `{}`", vary.name).into())
            };
            let factor = declared(base, &vary.name).1;
            [end("low")? * factor, end("high")? * factor]
        }
        _ => {
            return Err(format!(
                "`{}` mixes keys or lacks one; expected `low` and `high`, `from`, or `data`",
                vary.name
            )
            .into());
        }
    };
    if at[0].partial_cmp(&at[1]) == Some(std::cmp::Ordering::Less) {
        return Ok(at);
    }
    Err(format!("the low end of `{}` is not below its high end", vary.name).into())
}
