//! Every scan, under everything that is wrong.

use lutetia_patient::predict::{Outcome, Way, outcomes};

use rayon::prelude::*;

use super::{
    PetToTherapy,
    asked::{Asked, asked},
};
use crate::steps::{Context, StepError};

/// All of it.
pub(super) struct Found<'c> {
    pub(super) asked: Asked<'c>,
    /// Of each case, in their order.
    pub(super) outcomes: Vec<Vec<Outcome>>,
    /// Gy/GBq per h of a coefficient, of each patient (by number) and region; alike in every case.
    pub(super) factors: Vec<Vec<f64>>,
}

/// A prediction beside the truth, by patient.
pub(super) type Pairs = Vec<(f64, Option<lutetia_patient::predict::Predicted>)>;

impl Found<'_> {
    /// What a way says of a region in a case, beside the truth.
    pub(super) fn pairs(&self, case: usize, region: usize, way: Way) -> Pairs {
        let pair = |o: &Outcome| (o.truth_h[region], o.by(way, region));
        self.outcomes[case].iter().map(pair).collect()
    }
}

pub(super) fn of<'c>(step: &PetToTherapy, context: &'c Context) -> Result<Found<'c>, StepError> {
    let asked = asked(step, context)?;
    // Cases go side by side, so that no thread waits for the last patient of each; of several failures the first case's is
    // said, whichever ends first.
    let found: Vec<_> = asked.cases.par_iter().map(|case| outcomes(&case.study)).collect();
    let all = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    let factors = all
        .first()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(|patient| {
            let factor = |place: &crate::steps::side_by_side::cases::Place| {
                let gy = place.gy_per_mbq_h(asked.therapy, &asked.source, &patient.parameters)?;
                // 1 GBq gives 1000 MBq h per h of a coefficient.
                Ok(1000.0 * gy)
            };
            asked.places.iter().map(factor).collect::<Result<Vec<_>, StepError>>()
        })
        .collect::<Result<_, StepError>>()?;
    Ok(Found { asked, outcomes: all, factors })
}
