//! How much activity until a limit of biologically effective dose is reached, and with which risk.

use lutetia_dose::{Tissue, activity_for_bed};
use lutetia_fit::ln_normal_cdf;

use super::dose::RegionDose;
use crate::table::{Cell, Table};

/// Standard normal quantile of 95 %.
const Z_95: f64 = 1.644_853_626_951_472_2;

/// Risks below it say nothing: that the next cycles are like this one is not that certain.
const LEAST_RISK: f64 = 1e-6;

/// What is planned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Limit of the BED over all cycles, Gy.
    pub limit_gy: f64,
    /// Equal cycles, far apart against repair.
    pub cycles: u32,
    /// The tissue that limits.
    pub tissue: Tissue,
    /// An activity per cycle whose risk is asked for, GBq.
    pub activity_gbq: Option<f64>,
}

/// The plan of one region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned {
    /// Dose per activity, Gy/GBq, and its standard deviation.
    pub gy_per_gbq: (f64, Option<f64>),
    /// Lea–Catcheside factor.
    pub protraction: f64,
    /// Activity per cycle at which the expected BED is the limit, GBq.
    pub expected_gbq: f64,
    /// Activity per cycle at which the limit is exceeded with 5 % probability, GBq.
    pub cautious_gbq: Option<f64>,
    /// Probability that the activity asked for exceeds the limit.
    pub risk: Option<f64>,
}

/// Plans one region from the dose of the cycle measured: the next cycles are taken to be like it, its
/// dose per activity to be normal with the standard deviation of the dose.
///
/// # Errors
/// Why there is no plan: no dose, no injected activity, no curve of exponentials.
pub fn plan(dose: &RegionDose, plan: &Plan) -> Result<Planned, String> {
    let found = dose.dose.as_ref().map_err(Clone::clone)?;
    let effective = dose.effective.ok_or("the curve is no sum of exponentials")?;
    let d = found.gy_per_gbq.ok_or("the injected activity is not known")?;
    let sd = found.sd.map(|sd| sd * d / found.total);
    let activity = |per: f64| {
        activity_for_bed(plan.limit_gy, plan.cycles, per, effective.protraction, plan.tissue)
            .map_err(|e| e.to_string())
    };
    let expected_gbq = activity(d)?;
    let cautious_gbq = sd.map(|sd| activity(d + Z_95 * sd)).transpose()?;
    let risk = plan.activity_gbq.zip(sd).filter(|(_, sd)| *sd > 0.0).map(|(gbq, sd)| {
        // The dose per activity at which this activity meets the limit.
        let at_limit = d * expected_gbq / gbq;
        let risk = ln_normal_cdf((d - at_limit) / sd).exp();
        if risk < LEAST_RISK { 0.0 } else { risk }
    });
    Ok(Planned {
        gy_per_gbq: (d, sd),
        protraction: effective.protraction,
        expected_gbq,
        cautious_gbq,
        risk,
    })
}

/// The table of plans.
#[must_use]
pub fn table(id: &str, doses: &[RegionDose], what: &Plan) -> Table {
    let mut table = Table::new(
        id,
        "Activity per cycle until the limit of the BED, next cycles like the one measured",
    )
    .column("region", "")
    .column("limit_bed", "Gy")
    .column("cycles", "")
    .column("per_activity", "Gy/GBq")
    .column("per_activity_sd", "Gy/GBq")
    .column("protraction", "")
    .column("activity_expected", "GBq")
    .column("activity_at_5_percent_risk", "GBq")
    .column("risk_of_activity_asked", "%")
    .column("note", "");
    for dose in doses {
        let head = |table: &mut Vec<Cell>| {
            table.push(dose.region.as_str().into());
            table.push(what.limit_gy.into());
            table.push(f64::from(what.cycles).into());
        };
        let mut row = Vec::new();
        head(&mut row);
        match plan(dose, what) {
            Ok(p) => row.extend([
                p.gy_per_gbq.0.into(),
                p.gy_per_gbq.1.into(),
                p.protraction.into(),
                p.expected_gbq.into(),
                p.cautious_gbq.into(),
                p.risk.map(|r| 100.0 * r).into(),
                "".into(),
            ]),
            Err(reason) => {
                row.resize(9, Cell::Missing);
                let reason = reason.trim_start_matches("not determined: ");
                row.push(format!("not determined: {reason}").into());
            }
        }
        table.push(row);
    }
    table
}

#[cfg(test)]
mod tests {
    use lutetia_dose::{
        Mass, Region, Sex, Tia, absorbed_dose, bundled, effective_dose, self_dose_factor,
    };

    use super::*;

    fn kidney() -> (RegionDose, Tissue) {
        let region = Region::named("kidney_left").expect("a region");
        let mass = Mass::of_volume(&region, 241.0, Some(12.0)).expect("a mass");
        let tia = Tia::new("kidney_left", 7580.0, Some(380.0), None, "mono").expect("an integral");
        let source = bundled::source("Lu-177").expect("a nuclide");
        let factor = self_dose_factor(&source, &region, mass.g, Sex::Male).expect("a factor");
        let dose = absorbed_dose(&tia, &factor, mass, Some(7210.0)).expect("a dose");
        let tissue = Tissue::new(2.5, 2.8).expect("a tissue");
        let rate = std::f64::consts::LN_2 / 50.0;
        let phase = lutetia_dose::DoseRatePhase { gy_per_h: dose.total * rate, per_h: rate };
        let effective = effective_dose(&[phase], tissue).ok();
        (RegionDose { region: "kidney_left".into(), dose: Ok(dose), effective }, tissue)
    }

    #[test]
    fn exact_the_risk_is_half_at_the_expected_activity_and_5_percent_at_the_cautious_one() {
        let (dose, tissue) = kidney();
        let at = |activity_gbq| {
            let what = Plan { limit_gy: 40.0, cycles: 4, tissue, activity_gbq };
            plan(&dose, &what).expect("a plan")
        };
        let first = at(None);
        let expected = at(Some(first.expected_gbq)).risk.expect("a risk");
        assert!((expected - 0.5).abs() < 1e-12, "{expected}");
        let cautious = first.cautious_gbq.expect("a standard deviation");
        assert!(cautious < first.expected_gbq);
        let risk = at(Some(cautious)).risk.expect("a risk");
        // The quantile above is given to 16 digits.
        assert!((risk - 0.05).abs() < 1e-10, "{risk}");
    }
}
