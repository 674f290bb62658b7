//! What becomes of doses: lag, bioavailability, and how fast they flow in.

use super::{
    error::CompileError,
    graph::Id,
    lower::{Context, Lowering},
};
use crate::model::DoseNumber;

/// What becomes of doses into a pool, at given parameters and in internal units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoseNumbers {
    /// From a dose to its arrival; zero where the model does not say.
    pub lag: f64,
    /// Share of the molecules given that arrives; one where the model does not say.
    pub bioavailability: f64,
    /// How long a dose that does not say flows in.
    pub duration: Option<f64>,
    /// How fast a dose that does not say how long it takes flows in, all molecules together.
    pub rate: Option<f64>,
}

impl Default for DoseNumbers {
    fn default() -> Self {
        Self { lag: 0.0, bioavailability: 1.0, duration: None, rate: None }
    }
}

impl DoseNumbers {
    /// One of them, where the model says it.
    #[must_use]
    pub fn get(&self, number: DoseNumber) -> Option<f64> {
        match number {
            DoseNumber::Lag => Some(self.lag),
            DoseNumber::Bioavailability => Some(self.bioavailability),
            DoseNumber::Duration => self.duration,
            DoseNumber::Rate => self.rate,
        }
    }
}

/// How many numbers each target has.
pub(crate) const NUMBERS: usize = DoseNumber::ALL.len();

/// The numbers of all targets, target after target; all fixed by the parameters.
pub(crate) fn lower(lowering: &mut Lowering<'_>) -> Result<Vec<Id>, CompileError> {
    let model = lowering.model;
    let mut values = Vec::with_capacity(NUMBERS * model.pools.len());
    for pool in &model.pools {
        for number in DoseNumber::ALL {
            values.push(match pool.dosing.of(number) {
                Some(formula) => lowering.lower(&formula.value, Context::Running)?,
                None => lowering.graph.constant(match number {
                    DoseNumber::Lag => 0.0,
                    DoseNumber::Bioavailability => 1.0,
                    DoseNumber::Duration | DoseNumber::Rate => f64::NAN,
                }),
            });
        }
    }
    Ok(values)
}

/// The numbers of one target, from those of all.
pub(crate) fn numbers(values: &[f64], target: usize) -> DoseNumbers {
    let own = values.get(NUMBERS * target..NUMBERS * (target + 1)).unwrap_or(&[]);
    let [lag, bioavailability, duration, rate] = *own else { return DoseNumbers::default() };
    let said = |x: f64| (!x.is_nan()).then_some(x);
    DoseNumbers { lag, bioavailability, duration: said(duration), rate: said(rate) }
}
