//! What a table of patients on disk says of the endpoints of its trial.

use lutetia_trial::{
    TrialSpec,
    stream::Counted,
    summary::Endpoint,
    tally::{Ratio, RatioError, hazard_ratio},
};

/// An endpoint of an arm.
#[derive(Debug)]
pub struct ArmEndpoint {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The arm.
    pub arm: String,
    /// Patients who were followed for it.
    pub patients: u64,
    /// Patients of the arm who could not be simulated.
    pub failed: u64,
    /// Events.
    pub events: u64,
    /// Median time, days; none where it is not reached.
    pub median_d: Option<f64>,
    /// Over the first arm, or why there is none; missing for the first arm itself.
    pub ratio: Option<Result<Ratio, RatioError>>,
}

/// Every endpoint of every arm.
pub(super) fn endpoints(counted: &Counted, spec: &TrialSpec) -> Vec<ArmEndpoint> {
    let mut all = Vec::new();
    for (k, endpoint) in counted.endpoints.iter().enumerate() {
        for (arm, a) in spec.arms.iter().enumerate() {
            let tally = &counted.tallies[arm][k];
            all.push(ArmEndpoint {
                endpoint: *endpoint,
                arm: a.name.clone(),
                patients: tally.patients(),
                failed: counted.failed[arm],
                events: tally.events(),
                median_d: tally.median(),
                ratio: (arm > 0).then(|| hazard_ratio(tally, &counted.tallies[0][k])),
            });
        }
    }
    all
}
