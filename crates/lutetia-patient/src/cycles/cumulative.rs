//! Doses of several cycles together.

use lutetia_diagnostic::Verdict;
use lutetia_dose::{AbsorbedDose, Budget, DoseError, Input};

use super::Patient;
use crate::{
    NoValue,
    dose::{Effective, Weights, bed_unit, has_alphas},
    shown,
};

/// A sum and its standard deviation, Gy.
type Sum = (f64, Option<f64>);

/// The sum over cycles of one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Cumulative {
    /// Region as the study names it.
    pub region: String,
    /// Cycles in the sum.
    pub cycles: Vec<u16>,
    /// Activity of these cycles, GBq; none where they are of several nuclides.
    pub activity_gbq: Option<f64>,
    /// Absorbed dose, or why there is none: a cycle without one, or cycles of radiation that is worth
    /// different things per Gy.
    pub dose: Verdict<Sum>,
    /// Dose weighted by each RBE that was asked for, Gy(RBE).
    pub weighted: Vec<Verdict<Sum>>,
    /// Biologically effective dose with its standard deviation, and EQD2, where it was asked for.
    pub bed: Option<Verdict<(Sum, f64)>>,
    /// Unit of the latter: Gy, or Gy(RBE).
    pub bed_unit: &'static str,
    /// What is not in the sum.
    pub note: String,
}

impl Cumulative {
    /// Everything a reader must know of the sum.
    #[must_use]
    pub fn said(&self) -> String {
        let bed = match &self.bed {
            Some(bed) if bed.is_refused() && !self.dose.is_refused() => {
                format!("BED {}", bed.note())
            }
            _ => String::new(),
        };
        let notes = [self.dose.note(), bed, self.note.clone()];
        let notes: Vec<String> = notes.into_iter().filter(|n| !n.is_empty()).collect();
        notes.join("; ")
    }
}

/// A term of the sum: dose, budget, and what a Gy of it counts.
struct Term<'a> {
    dose: &'a AbsorbedDose,
    budget: Option<&'a Budget>,
    weight: f64,
}

/// Standard deviation of `Σ w_k D_k`: fits are independent between cycles and add in quadrature;
/// calibration, recovery curve, volume and dose factor are taken as common to all cycles, each adding
/// with its sign. `None` where one of them is not determined.
fn sd(terms: &[Term<'_>]) -> Option<f64> {
    let mut variance = 0.0;
    // A dose without a budget (the red marrow, a cortex) is taken as common, which is cautious.
    let mut whole = 0.0;
    for term in terms.iter().filter(|t| t.budget.is_none()) {
        whole += term.dose.sd? * term.weight;
    }
    variance += whole * whole;
    for input in Input::ALL {
        let mut common = 0.0;
        for (term, budget) in terms.iter().filter_map(|t| Some((t, t.budget?))) {
            let part = budget.contributions.iter().find(|c| c.input == input)?;
            let effect = part.sensitivity * part.relative_sd? * term.dose.total * term.weight;
            if input == Input::Fit {
                variance += effect * effect;
            } else {
                common += effect;
            }
        }
        variance += common * common;
    }
    Some(variance.sqrt())
}

/// Sums the cycles of a patient, region by region. Cycles lie far apart against repair, so that
/// their BED add.
///
/// A region whose dose is not determined in one of its cycles has no sum, and cycles of different
/// radiation, alphas among it, have one in Gy(RBE) alone.
#[must_use]
pub fn cumulative(patient: &Patient) -> Vec<Cumulative> {
    let mut regions: Vec<&str> = Vec::new();
    for dose in patient.cycles.iter().flat_map(|c| &c.doses.regions) {
        if !regions.contains(&dose.region.as_str()) {
            regions.push(&dose.region);
        }
    }
    regions.into_iter().map(|region| of_region(patient, region)).collect()
}

/// A cycle's dose with its budget.
type Part<'a> = (&'a AbsorbedDose, Option<&'a Budget>);

fn of_region(patient: &Patient, region: &str) -> Cumulative {
    let tissue = patient.options.dose.bed.get(region).copied().or(patient.options.tissue);
    let (mut cycles, mut without) = (Vec::new(), Vec::new());
    let mut parts: Vec<Verdict<Part<'_>>> = Vec::new();
    let mut effects: Vec<Verdict<(Part<'_>, &Effective)>> = Vec::new();
    let mut injected: Vec<&(String, f64)> = Vec::new();
    for cycle in &patient.cycles {
        let Some(found) = cycle.doses.regions.iter().find(|d| d.region == region) else {
            without.push(cycle.number);
            continue;
        };
        cycles.push(cycle.number);
        injected.extend(&cycle.injected);
        // A dose without a budget is taken as it is; what stands against both stands against the dose.
        let budget = found.budget.as_ref().and_then(|budget| shown(budget).0);
        let of = format!("cycle {}", cycle.number);
        let part = found.dose.as_ref().map(|dose| (dose, budget)).within(&of);
        if let Some(effective) = &found.effective {
            effects.push(part.clone().zip(effective.as_ref().within(&of)));
        }
        parts.push(part);
    }
    let all = Verdict::all(parts);
    let terms = |parts: &[Part<'_>], weigh: &dyn Fn(&AbsorbedDose) -> f64| -> Sum {
        let terms: Vec<Term<'_>> = parts
            .iter()
            .map(|&(dose, budget)| Term { dose, budget, weight: weigh(dose) })
            .collect();
        (terms.iter().map(|t| t.dose.total * t.weight).sum(), sd(&terms))
    };
    let rbe: Vec<&Weights> = patient.options.dose.rbe.iter().collect();
    let dose = all.clone().and_then(|parts| match mixed(&parts) {
        Some(reason) => Verdict::refused(reason),
        None => Verdict::determined(terms(&parts, &|_| 1.0)),
    });
    let weighted = rbe
        .iter()
        .map(|spec| {
            if !spec.is_for(region) {
                return Verdict::refused(NoValue::OtherRbe);
            }
            let weights = |parts: &[Part<'_>]| -> Result<Vec<f64>, DoseError> {
                parts.iter().map(|(dose, _)| Ok(spec.weigh(dose)?.gy_rbe() / dose.total)).collect()
            };
            all.clone().try_map(|parts| {
                let weights = weights(&parts)?;
                let terms: Vec<Term<'_>> = parts
                    .iter()
                    .zip(weights)
                    .map(|(&(dose, budget), weight)| Term { dose, budget, weight })
                    .collect();
                Ok::<_, DoseError>((
                    terms.iter().map(|t| t.dose.total * t.weight).sum(),
                    sd(&terms),
                ))
            })
        })
        .collect();
    let unit = bed_unit(
        patient
            .cycles
            .iter()
            .flat_map(|c| &c.doses.regions)
            .filter(|d| d.region == region)
            .filter_map(|d| d.effective.as_ref()),
    );
    let bed = tissue.filter(|_| !effects.is_empty()).map(|tissue| {
        let ratio = tissue.alpha_beta_gy();
        // One BED per cycle, or it is not the sum.
        let whole = effects.len() == cycles.len();
        let effects =
            if whole { Verdict::all(effects) } else { Verdict::refused(NoValue::NotEveryCycle) };
        effects.map(|effects| {
            let sum: f64 = effects.iter().map(|(_, e)| e.bed_gy).sum();
            let terms: Vec<Term<'_>> = effects
                .iter()
                .map(|&((dose, budget), e)| {
                    // ∂BED/∂D = w + 2 G D/(α/β); w and G are taken as exact.
                    let weight = e.linear.weight + 2.0 * e.protraction * dose.total / ratio;
                    Term { dose, budget, weight }
                })
                .collect();
            ((sum, sd(&terms)), sum / (1.0 + 2.0 / ratio))
        })
    });
    let mut notes = Vec::new();
    for number in without {
        notes.push(format!("not measured in cycle {number}"));
    }
    for u in &patient.unmeasured {
        let nuclides = u.nuclides.join(" and ");
        let (number, gbq) = (u.number, u.activity_gbq);
        notes.push(format!("cycle {number} ({gbq:.2} GBq {nuclides}) was not measured"));
    }
    if !notes.is_empty() {
        notes.push("not in the sum".to_owned());
    }
    let one = injected.iter().all(|i| i.0 == injected[0].0);
    Cumulative {
        region: region.to_owned(),
        cycles,
        activity_gbq: one.then(|| injected.iter().map(|i| i.1).sum::<f64>() / 1000.0),
        dose,
        weighted,
        bed,
        bed_unit: unit,
        note: notes.join(", "),
    }
}

/// Why the doses of cycles do not add: their nuclides differ, and alphas are among what they give.
fn mixed(parts: &[Part<'_>]) -> Option<NoValue> {
    let alphas = parts.iter().any(|(dose, _)| has_alphas(dose));
    let mut sources: Vec<String> = Vec::new();
    for (dose, _) in parts {
        if !sources.contains(&dose.source) {
            sources.push(dose.source.clone());
        }
    }
    (alphas && sources.len() > 1).then_some(NoValue::Mixed { sources })
}
