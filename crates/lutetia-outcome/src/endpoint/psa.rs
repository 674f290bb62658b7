//! Response and progression of PSA by PCWG3 (Scher et al. 2016, J Clin Oncol 34:1402).

use serde::Serialize;

use crate::error::{OutcomeError, above_zero, not_negative, within};

/// One value of PSA after the start of treatment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PsaValue {
    /// Days since the start of treatment.
    pub day: f64,
    /// PSA, ng/mL.
    pub ng_per_ml: f64,
}

/// Thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PsaRules {
    /// Rise over the smallest value that is progression: 0.25.
    pub rise: f64,
    /// Least rise for it, ng/mL: 2.
    pub least_rise: f64,
    /// Least days to the value that confirms: 21.
    pub confirmation_days: f64,
    /// Without a fall from baseline, rises before this day do not count: 84.
    pub early_days: f64,
}

impl Default for PsaRules {
    fn default() -> Self {
        Self { rise: 0.25, least_rise: 2.0, confirmation_days: 21.0, early_days: 84.0 }
    }
}

/// A fall of PSA by a stated share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PsaResponse {
    /// Day of the first value that low; none if there is none.
    pub day: Option<f64>,
    /// Whether the next value at least 3 weeks later was as low.
    pub confirmed: bool,
}

fn check(baseline: f64, values: &[PsaValue]) -> Result<(), OutcomeError> {
    above_zero("PSA at baseline", baseline, "ng/mL")?;
    let mut before = 0.0;
    for (i, v) in values.iter().enumerate() {
        let n = i + 1;
        within(
            format!("day of PSA value {n}"),
            v.day,
            "d",
            v.day > before,
            "a day after the value before it",
        )?;
        not_negative(format!("PSA value {n}"), v.ng_per_ml, "ng/mL")?;
        before = v.day;
    }
    Ok(())
}

/// The first value at least 3 weeks after the i-th.
fn confirming(values: &[PsaValue], i: usize, rules: PsaRules) -> Option<&PsaValue> {
    values[i + 1..].iter().find(|v| v.day - values[i].day >= rules.confirmation_days)
}

/// A fall by `share` (0.5 for PSA50, 0.9 for PSA90): the first that is confirmed, else the first.
///
/// # Errors
/// A baseline that is not above 0, values out of order, a share outside 0 to 1.
pub fn psa_response(
    baseline: f64,
    values: &[PsaValue],
    share: f64,
    rules: PsaRules,
) -> Result<PsaResponse, OutcomeError> {
    check(baseline, values)?;
    within("share of a PSA response", share, "", share > 0.0 && share < 1.0, "between 0 and 1")?;
    let low = |v: &PsaValue| v.ng_per_ml <= (1.0 - share) * baseline;
    let confirmed = (0..values.len())
        .find(|&i| low(&values[i]) && confirming(values, i, rules).is_some_and(low));
    let first = confirmed.or_else(|| values.iter().position(low));
    Ok(PsaResponse { day: first.map(|i| values[i].day), confirmed: confirmed.is_some() })
}

/// Largest fall (or smallest rise) from baseline, a fraction, for waterfalls; none without values.
///
/// # Errors
/// A baseline that is not above 0, values out of order.
pub fn psa_best_change(baseline: f64, values: &[PsaValue]) -> Result<Option<f64>, OutcomeError> {
    check(baseline, values)?;
    Ok(values.iter().map(|v| v.ng_per_ml / baseline - 1.0).min_by(f64::total_cmp))
}

/// Day of progression of PSA: a rise of 25 % and 2 ng/mL over the smallest value so far, baseline
/// included, that the next value at least 3 weeks later confirms. Without a fall from baseline, rises
/// before 12 weeks do not count.
///
/// # Errors
/// A baseline that is not above 0, values out of order.
pub fn psa_progression(
    baseline: f64,
    values: &[PsaValue],
    rules: PsaRules,
) -> Result<Option<f64>, OutcomeError> {
    check(baseline, values)?;
    let mut nadir = baseline;
    for (i, v) in values.iter().enumerate() {
        let limit = (nadir * (1.0 + rules.rise)).max(nadir + rules.least_rise);
        let fell = nadir < baseline;
        let risen = |v: &PsaValue| v.ng_per_ml >= limit;
        let counts = fell || v.day >= rules.early_days;
        if counts && risen(v) && confirming(values, i, rules).is_some_and(risen) {
            return Ok(Some(v.day));
        }
        nadir = nadir.min(v.ng_per_ml);
    }
    Ok(None)
}
