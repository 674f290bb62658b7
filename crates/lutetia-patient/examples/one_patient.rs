//! From the folder of a patient to absorbed doses with what stands against them:
//! `cargo run -p lutetia-patient --example one_patient -- data/studies/snmmi_patient4`.
#![expect(clippy::print_stdout, reason = "an example prints")]

use lutetia_data::{Sex, Study};
use lutetia_patient::{curves, cycles, dose::DoseOptions, shown};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("expected the folder of a study")?;
    let (study, faults, sources) = Study::read(folder.as_ref());
    let study = study.ok_or_else(|| lutetia_diagnostic::render(&faults, &sources, false))?;
    let options = cycles::Options {
        integration: cycles::Integration::Fit(curves::CurveOptions::new(curves::error_model(
            "proportional 10 %",
        )?)),
        dose: DoseOptions { volume_sd: Some(0.05), ..DoseOptions::new(Sex::Male) },
        reference: None,
        tissue: None,
        until_h: 200.0,
    };
    for subject in study.subjects() {
        let patient = cycles::compute(&study, &subject.id, &[1], None, &options)?;
        for region in patient.cycles.iter().flat_map(|cycle| &cycle.doses.regions) {
            match shown(&region.dose) {
                (Some(dose), note) => println!("{}: {:.3} Gy {note}", region.region, dose.total),
                (None, why) => println!("{}: not determined: {why}", region.region),
            }
        }
    }
    Ok(())
}
