//! From a model file to an absorbed dose: `cargo run -p lutetia-scenario --example absorbed_dose`.
#![expect(clippy::print_stdout, reason = "an example prints")]

use lutetia_dose::{Mass, Region, Sex, Tia, absorbed_dose, bundled, self_dose_factor};
use lutetia_sim::{Dose, Options, Regimen, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let nuclide = "Lu-177".to_owned();
    let name = "sstr2/dotatate-small";
    let nuclides = std::slice::from_ref(&nuclide);
    let model = lutetia_scenario::model(name, nuclides, &mut lutetia_scenario::bundled)?;
    // 7.4 GBq on 100 nmol of ligand over half an hour; the units of this model are h, nmol, L and MBq.
    let (into, activities) = ("L.plasma".to_owned(), vec![(nuclide, 7400.0)]);
    let dose = Dose { into, activities, amount: Some(100.0), over: Some(0.5), ..Dose::default() };
    let regimen = Regimen::single(dose);
    let simulator = &model.simulator;
    let parameters = simulator.parameters(&[])?;
    let integrals = vec![simulator.output("A_kidneys")?];
    let options = Options { integrals, to_infinity: true, ..Options::default() };
    let run =
        simulator.run(&Request::new(&parameters, &regimen, &[0.0, 168.0]).options(&options))?;
    let tia = Tia::new("kidneys", run.integrals_to_infinity[0].value, None, None, "a model")?;
    let kidneys = Region::named("kidneys")?;
    let mass = Mass::of_volume(&kidneys, 300.0, None)?;
    let factor = self_dose_factor(&bundled::source("Lu-177")?, &kidneys, mass.g, Sex::Male)?;
    let absorbed = absorbed_dose(&tia, &factor, mass, Some(7400.0))?;
    println!("kidneys: {:.3} Gy from {:.0} MBq h", absorbed.total, tia.value_mbq_h());
    Ok(())
}
