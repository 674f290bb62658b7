//! Response by RECIST 1.1 (Eisenhauer et al. 2009, Eur J Cancer 45:228).

use std::f64::consts::PI;

use serde::Serialize;

use crate::error::{OutcomeError, above_zero, not_negative, within};

/// One scan after the start of treatment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scan {
    /// Days since the start of treatment.
    pub day: f64,
    /// Sum of the diameters of the target lesions, mm.
    pub sum_mm: f64,
    /// Whether a lesion was seen that was not there before.
    pub new_lesion: bool,
    /// The lesions that are followed without being measured.
    pub non_target: NonTarget,
}

/// State of the lesions that are followed without being measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NonTarget {
    /// None at baseline, or all gone.
    #[default]
    Gone,
    /// Still there, without unequivocal progression.
    Present,
    /// Unequivocal progression.
    Progression,
}

/// Response at one scan, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Response {
    /// Complete response.
    #[serde(rename = "CR")]
    Complete,
    /// Partial response.
    #[serde(rename = "PR")]
    Partial,
    /// Stable disease.
    #[serde(rename = "SD")]
    Stable,
    /// Progressive disease.
    #[serde(rename = "PD")]
    Progressive,
}

/// Thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RecistRules {
    /// Fall of the sum from baseline that is a partial response: 0.30.
    pub partial: f64,
    /// Rise over the smallest sum that is progression: 0.20.
    pub progression: f64,
    /// Least rise in mm for it: 5.
    pub least_rise_mm: f64,
    /// Least days between a response and the scan that confirms it: 28.
    pub confirmation_days: f64,
    /// Whether responses must be confirmed to count as best response. RECIST asks for it where
    /// response is the primary endpoint of a trial that is not randomised.
    pub confirm: bool,
    /// Least days from the start of treatment for stable disease: 42.
    pub stable_days: f64,
    /// A sum below this is not a measurable lesion any more, mm. Assumed: simulated tumours never vanish.
    pub vanished_mm: f64,
}

impl Default for RecistRules {
    fn default() -> Self {
        Self {
            partial: 0.30,
            progression: 0.20,
            least_rise_mm: 5.0,
            confirmation_days: 28.0,
            confirm: true,
            stable_days: 42.0,
            vanished_mm: 2.0,
        }
    }
}

/// Best response of a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum BestResponse {
    /// Complete response.
    #[serde(rename = "CR")]
    Complete,
    /// Partial response.
    #[serde(rename = "PR")]
    Partial,
    /// Stable disease.
    #[serde(rename = "SD")]
    Stable,
    /// Progressive disease.
    #[serde(rename = "PD")]
    Progressive,
    /// Not evaluable: no scan, or none late enough for stable disease.
    #[serde(rename = "NE")]
    NotEvaluable,
}

impl BestResponse {
    /// `CR`, `PR`, `SD`, `PD`, `NE`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "CR",
            Self::Partial => "PR",
            Self::Stable => "SD",
            Self::Progressive => "PD",
            Self::NotEvaluable => "NE",
        }
    }

    /// Whether it counts towards the objective response rate: complete or partial.
    #[must_use]
    pub fn is_objective(self) -> bool {
        matches!(self, Self::Complete | Self::Partial)
    }
}

/// One scan as judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Assessment {
    /// Days since the start of treatment.
    pub day: f64,
    /// Change of the sum from baseline, a fraction.
    pub change: f64,
    /// Change of the sum from the smallest sum before, a fraction.
    pub change_from_nadir: f64,
    /// Response at this scan.
    pub response: Response,
}

/// All scans of a patient as judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Course {
    /// Every scan up to progression, or to the last.
    pub assessments: Vec<Assessment>,
    /// Best response.
    pub best: BestResponse,
    /// Smallest change of the sum from baseline, for waterfalls; none without a scan.
    pub best_change: Option<f64>,
    /// Day of progression; none if it was not seen.
    pub progression_day: Option<f64>,
    /// Day of the last scan.
    pub last_scan_day: Option<f64>,
}

/// Diameter of the sphere of a volume, mm: `d = (6 V/π)^{1/3}`, so that d ∝ V^{1/3}.
///
/// # Errors
/// A volume that is negative or not finite.
pub fn sphere_diameter_mm(volume_ml: f64) -> Result<f64, OutcomeError> {
    not_negative("volume of a lesion", volume_ml, "mL")?;
    Ok((6000.0 * volume_ml / PI).cbrt())
}

/// Sum of the diameters of lesions taken as spheres, mm.
///
/// # Errors
/// As [`sphere_diameter_mm`].
pub fn sum_of_diameters_mm(volumes_ml: &[f64]) -> Result<f64, OutcomeError> {
    volumes_ml.iter().map(|&v| sphere_diameter_mm(v)).sum()
}

/// Judges the scans of a patient against the baseline.
///
/// Progression needs a rise of 20 % and 5 mm over the smallest sum so far, baseline included, or a new
/// lesion, or unequivocal progression of the others; scans after it are not judged.
///
/// # Errors
/// A baseline that is not above 0, sums that are negative, scans out of order.
pub fn assess(
    baseline_mm: f64,
    scans: &[Scan],
    rules: RecistRules,
) -> Result<Course, OutcomeError> {
    above_zero("sum of diameters at baseline", baseline_mm, "mm")?;
    let (mut nadir, mut before) = (baseline_mm, 0.0);
    let mut assessments: Vec<Assessment> = Vec::with_capacity(scans.len());
    for (i, scan) in scans.iter().enumerate() {
        let n = i + 1;
        let day = scan.day;
        within(
            format!("day of scan {n}"),
            day,
            "d",
            day > before,
            "a day after the scan before it",
        )?;
        not_negative(format!("sum of diameters at scan {n}"), scan.sum_mm, "mm")?;
        before = day;
        let change = scan.sum_mm / baseline_mm - 1.0;
        let rise = scan.sum_mm - nadir;
        // What has vanished can only grow by whole lesions: 5 mm alone decide then.
        let change_from_nadir = if nadir > 0.0 {
            rise / nadir
        } else if rise > 0.0 {
            f64::INFINITY
        } else {
            0.0
        };
        let grown = change_from_nadir >= rules.progression && rise >= rules.least_rise_mm;
        let vanished = scan.sum_mm < rules.vanished_mm;
        let response = if grown || scan.new_lesion || scan.non_target == NonTarget::Progression {
            Response::Progressive
        } else if vanished && scan.non_target == NonTarget::Gone {
            Response::Complete
        } else if change <= -rules.partial {
            Response::Partial
        } else {
            Response::Stable
        };
        assessments.push(Assessment { day, change, change_from_nadir, response });
        if response == Response::Progressive {
            break;
        }
        nadir = nadir.min(scan.sum_mm);
    }
    let progression =
        assessments.last().filter(|a| a.response == Response::Progressive).map(|a| a.day);
    Ok(Course {
        best: best_response(&assessments, rules),
        best_change: assessments.iter().map(|a| a.change).min_by(f64::total_cmp),
        progression_day: progression,
        last_scan_day: assessments.last().map(|a| a.day),
        assessments,
    })
}

/// Best response, by the table of RECIST 1.1 where confirmation is asked for.
fn best_response(assessments: &[Assessment], rules: RecistRules) -> BestResponse {
    let reached = |wanted: Response| {
        assessments.iter().enumerate().any(|(i, a)| {
            if a.response > wanted {
                return false;
            }
            let confirmed = assessments[i + 1..].iter().any(|b| {
                b.day - a.day >= rules.confirmation_days
                    && b.response <= wanted
                    // Between them the response must have held.
                    && assessments[i..].iter().take_while(|c| c.day < b.day).all(|c| c.response <= Response::Stable)
            });
            !rules.confirm || confirmed
        })
    };
    if reached(Response::Complete) {
        return BestResponse::Complete;
    }
    if reached(Response::Partial) {
        return BestResponse::Partial;
    }
    let held =
        assessments.iter().any(|a| a.response <= Response::Stable && a.day >= rules.stable_days);
    match assessments.last().map(|a| a.response) {
        _ if held => BestResponse::Stable,
        Some(Response::Progressive) => BestResponse::Progressive,
        _ => BestResponse::NotEvaluable,
    }
}
