//! Progression in bone by PCWG3 (Scher et al. 2016, J Clin Oncol 34:1402): the 2 + 2 rule.

use serde::Serialize;

use crate::error::{OutcomeError, within};

/// A bone scan after the start of treatment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BoneScan {
    /// Days since the start of treatment.
    pub day: u32,
    /// Lesions not there at baseline, all that are seen now.
    pub new_lesions: u32,
}

/// Least days between progression in bone and the scan that confirms it.
const CONFIRMATION_DAYS: u32 = 42;

/// The day of progression in bone.
///
/// New lesions of the first scan may be a flare. Two or more of them are progression only if the next
/// scan, at least 6 weeks later, shows two more; otherwise the first scan becomes the baseline, and two
/// or more lesions beyond it are progression when the next scan at least 6 weeks later still shows them.
///
/// # Errors
/// Scans out of order.
pub fn bone_progression(scans: &[BoneScan]) -> Result<Option<u32>, OutcomeError> {
    for pair in scans.windows(2) {
        let day = pair[1].day;
        let good = day > pair[0].day;
        within("day of a bone scan", f64::from(day), "d", good, "a day after the scan before it")?;
    }
    let confirming =
        |i: usize| scans[i + 1..].iter().find(|s| s.day - scans[i].day >= CONFIRMATION_DAYS);
    let Some(first) = scans.first() else { return Ok(None) };
    if first.new_lesions >= 2
        && confirming(0).is_some_and(|s| s.new_lesions >= first.new_lesions + 2)
    {
        return Ok(Some(first.day));
    }
    let beyond = |s: &BoneScan| s.new_lesions >= first.new_lesions + 2;
    Ok((1..scans.len())
        .find(|&i| beyond(&scans[i]) && confirming(i).is_some_and(beyond))
        .map(|i| scans[i].day))
}
