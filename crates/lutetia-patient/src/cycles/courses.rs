//! From a patient's cycles to the cycles to come.

use lutetia_diagnostic::Verdict;

use super::Patient;
use crate::NoValue;
use crate::plan::{Course, Given, given_cycle, per_activity};

/// The course of every region: the cycles to come are like the last one in which it was measured.
///
/// With `after_given`, the cycles of the study count against the limit. One that was not measured is
/// taken to be like the measured one before it, or else the first one after it, with its own activity; where it
/// was one of another nuclide, nothing can be said of it.
#[must_use]
pub fn courses(patient: &Patient, after_given: bool) -> Vec<Course> {
    let mut regions: Vec<&str> = Vec::new();
    for dose in patient.cycles.iter().flat_map(|c| &c.doses.regions) {
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
        .filter_map(|c| Some((c, c.doses.regions.iter().find(|d| d.region == region)?)))
        .collect();
    let Some((last, dose)) = measured.last() else {
        return Course {
            region: region.to_owned(),
            next: Verdict::refused(NoValue::NotMeasured),
            given: Verdict::refused(NoValue::NotMeasured),
            note: String::new(),
        };
    };
    let rbe = &patient.options.dose.rbe;
    let mut course = Course::of(dose, rbe);
    let mut notes = Vec::new();
    if patient.cycles.len() > 1 {
        notes.push(format!("like cycle {}", last.number));
    }
    if after_given {
        // Every cycle given, with its nuclides and its activity in GBq.
        let mut given: Vec<(u16, f64, Vec<&str>)> = patient
            .cycles
            .iter()
            .map(|c| {
                let gbq = c.injected.iter().map(|i| i.1).sum::<f64>() / 1000.0;
                (c.number, gbq, c.injected.iter().map(|i| i.0.as_str()).collect())
            })
            .chain(patient.unmeasured.iter().map(|u| {
                (u.number, u.activity_gbq, u.nuclides.iter().map(String::as_str).collect())
            }))
            .collect();
        given.sort_by_key(|g| g.0);
        let counted = given.into_iter().map(|(number, gbq, nuclides)| {
            let of = format!("cycle {number}");
            if let Some((_, dose)) = measured.iter().find(|(c, _)| c.number == number) {
                return given_cycle(dose, rbe).within(&of);
            }
            let near = measured.iter().rfind(|(c, _)| c.number < number).or(measured.first());
            let Some((like, dose)) = near else { return Verdict::refused(NoValue::NotMeasured) };
            let others = |name: &&str| !like.injected.iter().any(|i| i.0 == **name);
            if let Some(other) = nuclides.iter().find(|name| others(name)) {
                return Verdict::refused(NoValue::OtherNuclide {
                    cycle: number,
                    nuclide: (*other).to_owned(),
                    region: region.to_owned(),
                    like: like.number,
                    nuclides: like.injected.iter().map(|i| i.0.clone()).collect(),
                });
            }
            notes.push(format!(
                "cycle {number} ({gbq:.2} GBq) was not measured and is taken to be like cycle {}",
                like.number
            ));
            per_activity(dose, rbe).within(&of).map(|like| Given {
                dose_gy: gbq * like.gy_per_gbq,
                relative_sd: like.sd.map(|sd| sd / like.gy_per_gbq),
                worth: like.worth,
            })
        });
        course.given = Verdict::all(counted);
    }
    course.note = notes.join("; ");
    course
}
