//! A small virtual trial, four cycles against none: `cargo run --release -p lutetia-trial --example small_trial`.
#![expect(clippy::print_stdout, reason = "an example prints")]

use lutetia_scenario::{DoseEntry, Treatment};
use lutetia_sim::Options;
use lutetia_trial::{
    Arm, CohortSpec, Endpoint, Meaning, Population, Trial, TrialSpec, Visits, summary,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = "chains/psma-survival";
    let chain =
        lutetia_scenario::model(name, &["Lu-177".to_owned()], &mut lutetia_scenario::bundled)?;
    let spec = CohortSpec { seed: 7, occasions: 4, ..CohortSpec::default() };
    let population = Population::new(&chain.model, chain.simulator.system(), &spec)?;
    let dose = DoseEntry::parse(
        r#"{ into = "pk:L.blood", activity = "7.4 GBq", over = "30 min", every = "6 week", cycles = 4 }"#,
    )?;
    let treatment = Treatment::of("four cycles", &[dose], &chain)?;
    let none = Arm::untreated("none", 60);
    let four = Arm { treatment, ..Arm::untreated("four cycles", 60) };
    let follow_up = 730.0;
    let trial = TrialSpec {
        arms: vec![none, four],
        meaning: Meaning {
            death: Some("survival:cumulative_hazard".to_owned()),
            volume: Some("tumour:scan_mass".to_owned()),
            ..Meaning::default()
        },
        follow_up,
        accrual: 0.0,
        step: 7.0,
        visits: Visits::every(56.0, 168.0, 84.0, follow_up, 60.0),
        toxicity_window: 60.0,
        options: Options { rtol: 1e-4, ..Options::default() },
    };
    let (records, failed) = Trial::new(&chain.simulator, &population, trial.clone())?.run();
    let ratio = summary::contrast(&trial, &records, 1, 0, Endpoint::OverallSurvival)?;
    println!("{} patients, {} could not be simulated", records.len(), failed.len());
    println!(
        "hazard ratio of death {:.2} ({:.2} to {:.2})",
        ratio.hazard_ratio, ratio.lower, ratio.upper
    );
    Ok(())
}
