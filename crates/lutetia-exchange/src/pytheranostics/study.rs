//! The study folder that results become.

use lutetia_data::DoseRow;

use super::Measured;
use crate::{StudyFiles, csv_text};

/// The injection of a cycle, of which that program keeps activity and time.
pub(super) fn injection(
    subject: &str,
    nuclide: &str,
    cycle: u16,
    (time_h, activity_mbq): (f64, f64),
) -> DoseRow {
    DoseRow {
        subject: subject.to_owned(),
        cycle,
        time_h,
        nuclide: nuclide.to_owned(),
        activity_mbq,
        amount_nmol: None,
        duration_h: None,
        kind: lutetia_data::RowKind::Add,
        every_h: None,
        into: None,
        note: None,
        line: 0,
    }
}

/// The files of the study.
pub(super) fn write(
    name: &str,
    subject: &str,
    sex: Option<&str>,
    doses: &[DoseRow],
    measured: &[Measured],
) -> StudyFiles {
    let text = |x: &str| x.to_owned();
    let mut subjects = vec![vec![text("subject")], vec![text(subject)]];
    if let Some(sex) = sex {
        subjects[0].push(text("sex"));
        subjects[1].push(text(sex));
    }
    let mut header = ["subject", "cycle", "region", "time (h)", "activity (MBq)", "volume (mL)"]
        .map(text)
        .to_vec();
    let with_mass = measured.iter().any(|m| m.mass_g.is_some());
    if with_mass {
        header.push(text("mass (g)"));
    }
    let mut activity = vec![header];
    let header = ["subject", "cycle", "region", "TIA_MBq_h", "TIA_per_injected_h", "mean_dose_Gy"];
    let mut published = vec![header.map(text).to_vec()];
    for m in measured {
        let start = doses.iter().find(|d| d.cycle == m.cycle).map_or(0.0, |d| d.time_h);
        for (i, (t, a)) in m.times_h.iter().zip(&m.activities_mbq).enumerate() {
            let volume =
                if m.volumes_ml.len() == 1 { m.volumes_ml.first() } else { m.volumes_ml.get(i) };
            activity.push(vec![
                text(subject),
                m.cycle.to_string(),
                m.region.clone(),
                (start + t).to_string(),
                a.to_string(),
                volume.map_or_else(String::new, ToString::to_string),
            ]);
            if let (true, Some(row)) = (with_mass, activity.last_mut()) {
                row.push(m.mass_g.map_or_else(String::new, |g| g.to_string()));
            }
        }
        let mut row = vec![text(subject), m.cycle.to_string(), m.region.clone()];
        row.extend(m.results.map(|r| r.map_or_else(String::new, |r| r.to_string())));
        published.push(row);
    }
    let readme = format!(
        "# {subject}\n\nSource: results of PyTheranostics, file `{name}`, imported by Lutetia.\n\n\
         - `activity.csv`: activities as that program quantified them, not decay-corrected, at hours after the first \
         injection; it gives no standard deviations. A mass is that of the file, or its density times the volume.\n\
         - `published.csv`: its integrals and doses, for comparison only.\n\
         - Licence: that of the person who measured.\n"
    );
    StudyFiles {
        files: [
            ("subjects.csv", csv_text(&subjects)),
            ("doses.csv", DoseRow::table(doses)),
            ("activity.csv", csv_text(&activity)),
            ("published.csv", csv_text(&published)),
            ("README.md", readme),
        ]
        .into_iter()
        .collect(),
    }
}
