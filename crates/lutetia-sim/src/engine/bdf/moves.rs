//! How do parameters change what becomes of doses?

use std::collections::BTreeMap;

use lutetia_model::system::{DoseNumbers, SensitivityEvaluator};

use crate::doses::{By, Lasting};
use crate::field::Field;

/// How parameters change what the model says of doses.
#[derive(Debug, Default)]
pub(super) struct Moves {
    lanes: usize,
    /// By dose target: the numbers, and for each lane their derivatives.
    of: BTreeMap<usize, (DoseNumbers, Vec<[f64; 4]>)>,
}

impl Moves {
    pub(super) fn new(field: &Field, evaluator: &SensitivityEvaluator, lanes: usize) -> Self {
        let mut of: BTreeMap<usize, (DoseNumbers, Vec<[f64; 4]>)> = BTreeMap::new();
        for (target, lane, by) in evaluator.doses_dp() {
            let entry = of
                .entry(target)
                .or_insert_with(|| (field.dose_numbers(target), vec![[0.0; 4]; lanes]));
            entry.1[lane] = by;
        }
        Self { lanes, of }
    }

    /// How a parameter moves the arrival of a dose.
    pub(super) fn arrival(&self, target: usize, lane: usize) -> f64 {
        self.of.get(&target).map_or(0.0, |(_, by)| by[lane][0])
    }

    /// All parameters.
    pub(super) fn arrivals(&self, target: usize) -> Vec<f64> {
        (0..self.lanes).map(|lane| self.arrival(target, lane)).collect()
    }

    /// The relative change of the share that arrives.
    pub(super) fn share(&self, target: usize, lane: usize) -> f64 {
        self.of.get(&target).map_or(0.0, |(numbers, by)| by[lane][1] / numbers.bioavailability)
    }

    /// The relative change of how long a dose flows in.
    pub(super) fn length(&self, by: By, lane: usize) -> f64 {
        let Some((numbers, of)) = self.of.get(&by.target) else { return 0.0 };
        let [_, _, duration, rate] = of[lane];
        match by.lasting {
            Lasting::Said => 0.0,
            Lasting::Duration => numbers.duration.map_or(0.0, |d| duration / d),
            Lasting::Rate => self.share(by.target, lane) - numbers.rate.map_or(0.0, |r| rate / r),
        }
    }

    /// The relative change of how fast it flows in.
    pub(super) fn rate(&self, by: By, lane: usize) -> f64 {
        self.share(by.target, lane) - self.length(by, lane)
    }

    /// Whether parameters change anything of doses.
    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}
