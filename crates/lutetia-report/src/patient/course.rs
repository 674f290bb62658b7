//! From a patient's cycles to the cycles to come.

use super::Patient;
use crate::steps::plan::{Course, Given, given_cycle, per_activity};

/// The course of every region: the cycles to come are like the last one in which it was measured.
///
/// With `after_given`, the cycles of the study count against the limit. One that was not measured is
/// taken to be like the measured one before it, or else the first one after it, with its own activity.
#[must_use]
pub fn courses(patient: &Patient, after_given: bool) -> Vec<Course> {
    let mut regions: Vec<&str> = Vec::new();
    for dose in patient.cycles.iter().flat_map(|c| &c.doses) {
        if !regions.contains(&dose.region.as_str()) {
            regions.push(&dose.region);
        }
    }
    regions.into_iter().map(|region| course(patient, region, after_given)).collect()
}

fn course(patient: &Patient, region: &str, after_given: bool) -> Course {
    let measured: Vec<_> = patient
        .cycles
        .iter()
        .filter_map(|c| Some((c, c.doses.iter().find(|d| d.region == region)?)))
        .collect();
    let Some((last, dose)) = measured.last() else {
        let reason = "it was not measured".to_owned();
        return Course {
            region: region.to_owned(),
            next: Err(reason.clone()),
            given: Err(reason),
            note: String::new(),
        };
    };
    let mut course = Course::of(dose);
    let mut notes = Vec::new();
    if patient.cycles.len() > 1 {
        notes.push(format!("like cycle {}", last.number));
    }
    if after_given {
        // Every cycle given, with its activity in GBq.
        let mut given: Vec<(u16, f64)> = patient
            .cycles
            .iter()
            .map(|c| (c.number, c.injected.iter().map(|i| i.1).sum::<f64>() / 1000.0))
            .chain(patient.unmeasured.iter().copied())
            .collect();
        given.sort_by_key(|g| g.0);
        let counted = given.into_iter().map(|(number, gbq)| {
            if let Some((_, dose)) = measured.iter().find(|(c, _)| c.number == number) {
                return given_cycle(dose).map_err(|e| format!("cycle {number}: {e}"));
            }
            let near = measured.iter().rfind(|(c, _)| c.number < number).or(measured.first());
            let Some((like, dose)) = near else { return Err("it was not measured".to_owned()) };
            let (d, sd, protraction) =
                per_activity(dose).map_err(|e| format!("cycle {number}: {e}"))?;
            notes.push(format!(
                "cycle {number} ({gbq:.2} GBq) was not measured and is taken to be like cycle {}",
                like.number
            ));
            Ok(Given { dose_gy: gbq * d, relative_sd: sd.map(|sd| sd / d), protraction })
        });
        course.given = counted.collect();
    }
    course.note = notes.join("; ");
    course
}
