//! The posterior of a calibration, read from the tables of another experiment.

use lutetia_scenario::{LoadedModel, internal};
use std::collections::BTreeMap;

use lutetia_trial::resample;
use schemars::JsonSchema;
use serde::Deserialize;

use super::PosteriorFault;
use crate::steps::StepError;
use crate::{Failure, Reading, world::hash};
use lutetia_table::{Cell, Table, Tables};

/// Where calibrated values come from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Calibrated {
    /// An earlier step of the kind `calibrate` of this experiment.
    Step(String),
    /// A step of that kind of another experiment, read from its tables: `{ experiment = "06_vision",
    /// step = "posterior", draws = 8 }`.
    Elsewhere(Elsewhere),
}

/// A calibration of another experiment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// Folder under `reports/`.
    pub experiment: String,
    /// Its step of the kind `calibrate`.
    pub step: String,
    /// Draws from the posterior, in proportion to the weights, for steps that carry its uncertainty on.
    #[serde(default = "draws")]
    pub draws: u32,
    /// Parameters that are called otherwise here: theirs to ours.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// Parameters that this model has not and that are left out; any other that is missing is refused.
    #[serde(default)]
    pub without: Vec<String>,
}

fn draws() -> u32 {
    8
}

/// Most draws.
const MOST_DRAWS: u32 = 1000;

/// Where draws of typical values are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DrawnFrom {
    /// The posterior of a calibration.
    Calibration,
    /// The uncertainty of the numbers of the model.
    Uncertainty,
}

/// What a posterior, or the uncertainty of the model, says of the parameters of a model, internal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drawn {
    pub(crate) from: DrawnFrom,
    /// The particle nearest to the targets, or the values of the model.
    pub(crate) nearest: Vec<(String, f64)>,
    /// Draws in proportion to the weights.
    pub(crate) draws: Vec<Vec<(String, f64)>>,
    /// 1/Σw² of a posterior, else the number of draws.
    pub(crate) effective_size: f64,
}

impl Elsewhere {
    /// The name under which the table is kept.
    pub(crate) fn table(&self) -> String {
        format!("{}/{}.particles", self.experiment, self.step)
    }

    fn path(&self) -> String {
        format!("reports/{}/tables/{}.particles.csv", self.experiment, self.step)
    }

    /// Reads the table, and the hash of its bytes, which goes into the provenance too.
    pub(crate) fn read(&self, inputs: &mut Reading<'_>) -> Result<(Table, String), Failure> {
        let fail = |fault: PosteriorFault| Failure::Step {
            step: "calibrated".to_owned(),
            reason: fault.into(),
        };
        let simple = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-".contains(c))
        };
        for name in [&self.experiment, &self.step] {
            if !simple(name) {
                return Err(fail(PosteriorFault::Name { name: name.clone() }));
            }
        }
        let text = inputs.text(&self.path()).map_err(|source| {
            fail(PosteriorFault::NotThere {
                experiment: self.experiment.clone(),
                step: self.step.clone(),
                source: Box::new(source),
            })
        })?;
        Ok((lutetia_table::read(&self.table(), &text), hash(text.as_bytes())))
    }

    /// The nearest particle and draws, as parameters of a model.
    pub(crate) fn draw(
        &self,
        tables: &Tables,
        model: &LoadedModel,
        seed: u64,
    ) -> Result<Drawn, StepError> {
        let name = self.table();
        let table =
            tables.get(&name).ok_or_else(|| PosteriorFault::NotRead { table: name.clone() })?;
        if !(1..=MOST_DRAWS).contains(&self.draws) {
            return Err(PosteriorFault::Draws { found: self.draws, most: MOST_DRAWS }.into());
        }
        let column = |column: &'static str| {
            let fault = || PosteriorFault::NoColumn { table: name.clone(), column };
            table.index_of(column).ok_or_else(fault)
        };
        let (weight, distance) = (column("weight")?, column("distance")?);
        let mut parameters: Vec<(usize, String)> = Vec::new();
        for (at, c) in table.columns.iter().enumerate() {
            if at == weight || at == distance || self.without.contains(&c.name) {
                continue;
            }
            let ours = self.rename.get(&c.name).unwrap_or(&c.name);
            if model.simulator.system().parameter_index(ours).is_none() {
                let (theirs, ours) = (c.name.clone(), ours.clone());
                return Err(PosteriorFault::NotOurs { table: name, theirs, ours }.into());
            }
            parameters.push((at, ours.clone()));
        }
        if parameters.is_empty() {
            return Err(PosteriorFault::NothingOurs { table: name }.into());
        }
        let number =
            |row: &[Cell], at: usize| row.get(at).and_then(Cell::number).filter(|x| x.is_finite());
        let values = |row: &[Cell]| -> Result<Vec<(String, f64)>, StepError> {
            parameters
                .iter()
                .map(|(at, ours)| {
                    let x = number(row, *at).ok_or_else(|| PosteriorFault::NoNumber {
                        table: name.clone(),
                        parameter: ours.clone(),
                    })?;
                    let text = format!("{x} {}", table.columns[*at].unit);
                    Ok((ours.clone(), internal(model, ours, text.trim())?))
                })
                .collect()
        };
        let weights: Vec<f64> =
            table.rows.iter().map(|r| number(r, weight).unwrap_or(0.0).max(0.0)).collect();
        let total: f64 = weights.iter().sum();
        if total.is_nan() || total <= 0.0 {
            return Err(PosteriorFault::NoWeight { table: name }.into());
        }
        // Six digits were printed: the sum is 1 but for them.
        let weights: Vec<f64> = weights.iter().map(|w| w / total).collect();
        let nearest = table
            .rows
            .iter()
            .filter_map(|r| Some((number(r, distance)?, r)))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .ok_or_else(|| PosteriorFault::NoDistance { table: name.clone() })?
            .1;
        let draws = resample(&weights, self.draws as usize, seed)?
            .into_iter()
            .map(|k| values(&table.rows[k]))
            .collect::<Result<_, _>>()?;
        let effective_size = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
        Ok(Drawn { from: DrawnFrom::Calibration, nearest: values(nearest)?, draws, effective_size })
    }
}
