//! Time-integrated activity coefficients in the words of MIRDcalc.

use crate::{
    Exported, OrganIntegral, csv_text,
    organs::{notes, together},
};

/// A table to paste into MIRDcalc: source region (in the words of ICRP Publication 133), time-
/// integrated activity coefficient in h with its standard deviation and coefficient of variation,
/// mass in g, and the measured regions it is made of. Tumours follow as spheres.
///
/// Regions of one organ are added, their standard deviations in quadrature.
#[must_use]
pub fn mirdcalc_csv(integrals: &[OrganIntegral]) -> Exported {
    let (sums, left_out) = together(integrals);
    let header =
        ["source region", "TIAC (h)", "TIAC SD (h)", "TIAC CV (%)", "mass (g)", "measured as"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let row = |name: &str, tiac: f64, sd: Option<f64>, mass: Option<f64>, regions: &str| {
        let number = |x: Option<f64>| x.map_or_else(String::new, |x| format!("{x:.6e}"));
        let cv = sd.filter(|_| tiac > 0.0).map(|sd| 100.0 * sd / tiac);
        vec![
            name.to_owned(),
            number(Some(tiac)),
            number(sd),
            cv.map_or_else(String::new, |cv| format!("{cv:.2}")),
            mass.map_or_else(String::new, |m| format!("{m:.3}")),
            regions.to_owned(),
        ]
    };
    for t in &sums {
        rows.push(row(t.organ.mirdcalc, t.tiac_h, t.tiac_sd_h, t.mass_g, &t.regions.join(" + ")));
    }
    let (spheres, others): (Vec<_>, Vec<_>) =
        left_out.into_iter().partition(|(i, _)| i.organ == "sphere");
    for (i, _) in &spheres {
        rows.push(row("Sphere", i.tiac_h, i.tiac_sd_h, i.mass_g, &i.region));
    }
    Exported { text: csv_text(&rows), notes: notes(&sums, &others, |o| o.mirdcalc) }
}
