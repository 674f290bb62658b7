//! When a tumour that is followed by a scan or by a marker has progressed.

use lutetia_outcome::OutcomeError;
use lutetia_outcome::endpoint::{
    NonTarget, PsaRules, PsaValue, RecistRules, Scan, assess, psa_progression,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What progression is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Progression {
    /// The diameter, the cube root of the response, is a fifth and 5 mm over its smallest ([`assess`], RECIST 1.1).
    #[default]
    Diameter,
    /// A marker in proportion to the response is a quarter and 2 ug/L over its smallest, and still is three weeks later
    /// ([`psa_progression`], PCWG3).
    Marker,
}

/// Sum of the diameters of target lesions at the start, mm. Assumed: the response has no length, and RECIST asks for
/// 5 mm.
const BASELINE_MM: f64 = 60.0;

/// PSA at the start, ng/mL. Assumed, as PCWG3 asks for 2 ng/mL.
const BASELINE_NG_PER_ML: f64 = 40.0;

impl Progression {
    /// The visit that shows progression, or none; `days` are those of the visits, the first of them the start.
    ///
    /// # Errors
    /// A response that is zero at the start, visits out of order.
    pub(super) fn visit(
        self,
        days: &[f64],
        response: &[f64],
    ) -> Result<Option<usize>, OutcomeError> {
        let mut visits = days.iter().copied().zip(response.iter().map(|r| r.max(0.0)));
        let Some((_, baseline)) = visits.next() else { return Ok(None) };
        match self {
            Self::Diameter => {
                let sum_mm = |response: f64| BASELINE_MM * response.cbrt();
                let scans: Vec<Scan> = visits
                    .map(|(day, response)| Scan {
                        day,
                        sum_mm: sum_mm(response),
                        new_lesion: false,
                        non_target: NonTarget::Gone,
                    })
                    .collect();
                let course = assess(sum_mm(baseline), &scans, RecistRules::default())?;
                // Scans after progression are not judged: the last one is that of progression.
                Ok(course.progression_day.map(|_| course.assessments.len()))
            }
            Self::Marker => {
                let ng_per_ml = |response: f64| BASELINE_NG_PER_ML * response;
                let values: Vec<PsaValue> = visits
                    .map(|(day, response)| PsaValue { day, ng_per_ml: ng_per_ml(response) })
                    .collect();
                // PCWG3 lets rises before 12 weeks pass where the marker never fell. Here the untreated arm, in which it
                // never does, is a null, and its early rises count.
                let rules = PsaRules { early_days: 0.0, ..PsaRules::default() };
                let day = psa_progression(ng_per_ml(baseline), &values, rules)?;
                Ok(day.and_then(|day| values.iter().position(|v| v.day >= day)).map(|i| i + 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(progression: Progression, every: f64, response: &[f64]) -> Option<usize> {
        let days: Vec<f64> = (0_u32..).map(|k| every * f64::from(k)).take(response.len()).collect();
        progression.visit(&days, response).expect("visits in order")
    }

    #[test]
    fn exact_progression_is_a_fifth_over_the_smallest_diameter() {
        let cube = |d: f64| d * d * d;
        let seen = |response: &[f64]| seen(Progression::Diameter, 56.0, response);
        assert_eq!(seen(&[1.0, cube(1.1), cube(1.21), cube(1.3)]), Some(2));
        assert_eq!(seen(&[1.0, cube(0.5), cube(0.59), cube(0.61)]), Some(3));
        assert_eq!(seen(&[1.0, 0.5, 0.0, 0.0]), None);
        // From a hundredth of the diameter to twice that is half a millimetre; to a tenth, more than five.
        assert_eq!(seen(&[1.0, cube(0.01), cube(0.02), cube(0.1)]), Some(3));
    }

    #[test]
    fn exact_a_marker_progresses_a_quarter_over_its_lowest_and_confirmed() {
        let seen = |response: &[f64]| seen(Progression::Marker, 28.0, response);
        assert_eq!(seen(&[1.0, 1.2, 1.3, 1.4]), Some(2));
        // A rise that is gone at the next sample does not count, nor one that nothing follows.
        assert_eq!(seen(&[1.0, 1.3, 1.1, 1.3]), None);
        assert_eq!(seen(&[1.0, 0.4, 0.45, 0.51, 0.6]), Some(3));
        assert_eq!(seen(&[1.0, 0.01, 0.02, 0.05, 0.07, 0.09]), Some(4));
    }

    /// PCWG3: the value that confirms is three weeks or more after the rise.
    #[test]
    fn exact_a_marker_is_confirmed_three_weeks_later() {
        let weekly = |response: &[f64]| seen(Progression::Marker, 7.0, response);
        assert_eq!(weekly(&[1.0, 0.5, 0.7, 0.7, 0.5, 0.5, 0.5]), None);
        assert_eq!(weekly(&[1.0, 0.5, 0.7, 0.5, 0.5, 0.7, 0.7]), Some(2));
    }
}
