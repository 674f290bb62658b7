//! Of which kind is a step that another one names?

use crate::steps::{Step, cohort::Calibrated};

const INTEGRALS: &[&str] = &["fit-curves", "integrate", "fit-model"];
const DOSE: &[&str] = &["dose"];
const COHORT: &[&str] = &["cohort"];
const TRIAL: &[&str] = &["trial"];
const CALIBRATE: &[&str] = &["calibrate"];
const TIMES: &[&str] = &["reconstruct", "trial"];

/// The steps that a step takes something of, with the kinds that make it.
pub(super) fn needed(step: &Step) -> Vec<(&str, &'static [&'static str])> {
    match step {
        Step::Dose(s) => vec![(&s.from, INTEGRALS)],
        Step::Uncertainty(s) => vec![(&s.from, DOSE)],
        Step::Plan(s) => {
            std::iter::once(&s.from).chain(&s.given).map(|id| (id.as_str(), DOSE)).collect()
        }
        Step::SelectFunction(s) => {
            s.from.iter().map(|id| (id.as_str(), &["cohort-curves"][..])).collect()
        }
        // Patients' times are a part of what such a step makes.
        Step::Survival(s) => s.from.iter().map(|from| (of_part(from), TIMES)).collect(),
        Step::IndependentAction(s) => vec![(of_part(&s.from), TIMES)],
        Step::Simulate(s) => s.cohort.iter().map(|id| (id.as_str(), COHORT)).collect(),
        Step::Trial(s) => vec![(&s.cohort, COHORT)],
        Step::Calibrate(s) => vec![(&s.trial, TRIAL)],
        Step::Courses(s) => vec![(&s.trial, TRIAL)],
        Step::ExposureResponse(s) => vec![(&s.trial, TRIAL)],
        Step::OneAtATime(s) => {
            let from = s.vary.iter().filter_map(|vary| vary.from.as_deref());
            std::iter::once((s.trial.as_str(), TRIAL))
                .chain(from.map(|id| (id, CALIBRATE)))
                .collect()
        }
        Step::TradeOff(s) => {
            let others = s.regimens.iter().filter_map(|regimen| regimen.trial.as_deref());
            let fitted = s.propose.iter().filter_map(|p| p.fitted.as_ref());
            std::iter::once(s.trial.as_str())
                .chain(others)
                .map(|id| (id, TRIAL))
                .chain(fitted.map(|f| (f.step.as_str(), &["fit-model"][..])))
                .collect()
        }
        Step::Cohort(s) => match &s.calibrated {
            Some(Calibrated::Step(id)) => vec![(id, CALIBRATE)],
            _ => Vec::new(),
        },
        Step::Combination(s) => {
            let cohort = s.cohort.iter().filter_map(|c| c.of.as_deref());
            let effect = s.calibrated.as_deref();
            cohort
                .map(|id| (id, COHORT))
                .chain(effect.map(|id| (id, &["combination"][..])))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The step that a table is of.
fn of_part(table: &str) -> &str {
    table.split('.').next().unwrap_or(table)
}
