//! A model fitted again and again, each time with other values of what the fit holds fixed.
//!
//! The parameters that are fixed in a fit have errors of their own where the model file states them
//! ([`Uncertainty`]). Each draw takes other values of them and fits the same data; the spread of the estimates joins their
//! own error, as [`combined`] has it, on the scale on which the error of each is normal: that of its prior for a
//! parameter, the logarithm for what is positive by nature.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use lutetia_data::Study;
use lutetia_diagnostic::Verdict;
use lutetia_fit::{
    Combined, DerivedKind, FEWEST_FITS, Fit, FitError, FitOptions, Transform, combined,
};
use lutetia_population::Uncertainty;
use lutetia_scenario::{LoadedModel, Scenario};
use lutetia_units::Unit;
use rayon::prelude::*;

use super::{
    FittedModel, ModelFit, Series, estimated, region_tia, scenario, search,
    series::{CycleOf, treatment},
};
use crate::{NoValue, OpenInDraws, PatientError, RegionTia, region::shown};

/// Most of the draws that may leave a quantity open, one in so many: as an interval of 95 % leaves out. What more of them
/// leave open is not determined, as those that determine it were not drawn at random.
const ONE_OPEN_IN: usize = 20;

/// How often a model is fitted again.
#[derive(Debug, Clone)]
pub struct FitDraws {
    /// Draws of what is fixed.
    pub count: u32,
    /// Of the draws.
    pub seed: u64,
    /// Comes up when the work is to stop.
    pub stop: Arc<AtomicBool>,
}

/// What a quantity of a fit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// An estimated parameter.
    Parameter,
    /// What the model file derives.
    Derived,
    /// A time-integrated activity, MBq h.
    Integral,
}

/// A quantity over all draws.
#[derive(Debug, Clone)]
pub struct DrawnQuantity {
    /// What it is.
    pub sort: Sort,
    /// Its name: the parameter, the quantity, the region.
    pub name: String,
    /// Of every number here.
    pub unit: Unit,
    /// Its value with everything fixed as it is in the file.
    pub fixed: f64,
    /// Draws that determine it.
    pub fits: usize,
    /// Value, standard errors and interval of these, or why there are none.
    pub pooled: Result<Pooled, OpenInDraws>,
}

/// What several fits say of a quantity together, in its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pooled {
    /// Mean, on the scale on which errors are normal.
    pub value: f64,
    /// Standard error of a fit, to first order: the mean over the draws.
    pub within: f64,
    /// Standard deviation between the draws.
    pub between: f64,
    /// Standard error of both.
    pub se: f64,
    /// 95 % interval of both.
    pub ci95: (f64, f64),
    /// Share of the variance that what is fixed has.
    pub share: f64,
}

/// A fit under all draws.
#[derive(Debug, Clone)]
pub struct DrawnFit {
    /// Parameters that are fixed in the fit and uncertain.
    pub drawn: Vec<String>,
    /// Parameters that are fixed in the fit and of which no uncertainty is stated, or which are set.
    pub held: Vec<String>,
    /// Draws.
    pub count: usize,
    /// Of which the fit converged.
    pub converged: usize,
    /// Parameters, derived quantities, integrals.
    pub quantities: Vec<DrawnQuantity>,
    /// The integrals with the error of both, in the order of the fit's series; that of the fit alone where there are fewer
    /// than [`FEWEST_FITS`] draws. One that more than one draw in twenty leaves open is refused.
    pub tias: Vec<RegionTia>,
}

/// What a fit holds fixed and is uncertain of.
///
/// # Errors
/// [`PatientError::NothingUncertain`] where nothing of it is.
pub fn uncertain(
    study: &Study,
    subject: &str,
    model: &LoadedModel,
    asked: &ModelFit,
) -> Result<Uncertainty, PatientError> {
    let whole = asked.with_subject(study, subject, model);
    let names = estimated(model, &whole);
    let known = whole.set.keys().chain(&names);
    let known: Vec<&str> = known.map(String::as_str).collect();
    let found = Uncertainty::of(&model.model, model.simulator.system(), &known);
    let nothing = found.drawn().next().is_none();
    if nothing { Err(PatientError::NothingUncertain) } else { Ok(found) }
}

impl FittedModel {
    /// Fits again with other values of what is fixed. A draw is a function of seed and number; its fit starts as that with
    /// the values of the file does. The result is the same on any number of threads.
    ///
    /// # Errors
    /// [`PatientError`]: nothing fixed is uncertain, the interruption, what would fail whatever is drawn.
    pub fn drawn_again(
        &self,
        (study, subject, cycle): (&Study, &str, u16),
        model: &LoadedModel,
        asked: &ModelFit,
        draws: &FitDraws,
    ) -> Result<DrawnFit, PatientError> {
        let uncertainty = uncertain(study, subject, model, asked)?;
        let asked = &asked.with_subject(study, subject, model);
        let base =
            scenario(model, asked, treatment(CycleOf { study, subject, cycle }, asked, model)?)?;
        let names = estimated(model, asked);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let one = |number: u64| {
            if draws.stop.load(Ordering::Relaxed) {
                return None;
            }
            let parameters = uncertainty.draw(base.parameters(), draws.seed, number);
            let simulator = Arc::clone(&model.simulator);
            let other = Scenario::new(simulator, parameters, base.treatment().clone())
                .with_inputs(base.inputs().clone());
            let found = search(other, &self.series, &names, (asked.seed, self.hour)).ok()?;
            found.fit.status.converged().then_some(found.fit)
        };
        let fits: Vec<Option<Fit>> = (0..u64::from(draws.count)).into_par_iter().map(one).collect();
        if draws.stop.load(Ordering::Relaxed) {
            let (finished, starts) = (fits.iter().flatten().count(), fits.len());
            return Err(FitError::Interrupted { finished, starts }.into());
        }
        let count = fits.len();
        let fits: Vec<Fit> = fits.into_iter().flatten().collect();
        let mut quantities = self.parameters(&fits, count);
        quantities.extend(self.derived_quantities(&fits, count));
        let integrals = self.integrals(&fits, count)?;
        let tias = self.series.iter().zip(&integrals).zip(&self.tias);
        let tias = tias
            .map(|((series, quantity), own)| self.tia(series, (quantity, count), own))
            .collect();
        quantities.extend(integrals);
        let drawn = uncertainty.drawn().map(str::to_owned).collect();
        let estimated = |name: &&String| names.contains(&name.as_str());
        let held = uncertainty.held().iter().filter(|name| !estimated(name)).cloned().collect();
        Ok(DrawnFit { drawn, held, count, converged: fits.len(), quantities, tias })
    }

    fn parameters(&self, fits: &[Fit], draws: usize) -> Vec<DrawnQuantity> {
        let quantity = |own: &super::ModelEstimate| {
            let scale = own.estimate.transform;
            let of = |fit: &Fit| {
                let e = fit.estimate(&own.name).filter(|e| e.determined.is_determined())?;
                Some((e.value, e.se?))
            };
            let found: Vec<(f64, f64)> = fits.iter().filter_map(of).collect();
            // As in a single fit: what has a prior has no gate.
            let gated = scale != Transform::Identity && own.estimate.contraction.is_none();
            DrawnQuantity {
                sort: Sort::Parameter,
                name: own.name.clone(),
                unit: own.unit.clone(),
                fixed: own.estimate.value,
                fits: found.len(),
                pooled: pooled((scale, gated), &found, draws),
            }
        };
        self.estimates.iter().map(quantity).collect()
    }

    fn derived_quantities(&self, fits: &[Fit], draws: usize) -> Vec<DrawnQuantity> {
        let quantity = |own: &super::ModelDerived| {
            let name = own.estimate.output.clone().unwrap_or_default();
            let found = of_derived(fits, DerivedKind::OfModel, &name);
            // What may be negative has an error of its own scale.
            let positive = own.positive && found.iter().all(|f| f.0 > 0.0);
            let scale = if positive { Transform::Log } else { Transform::Identity };
            DrawnQuantity {
                sort: Sort::Derived,
                unit: own.unit.clone(),
                fixed: own.estimate.value,
                fits: found.len(),
                pooled: pooled((scale, own.positive), &found, draws),
                name,
            }
        };
        self.derived.iter().map(quantity).collect()
    }

    fn integrals(&self, fits: &[Fit], draws: usize) -> Result<Vec<DrawnQuantity>, PatientError> {
        let unit = Unit::parse("MBq h")?;
        let quantity = |series: &Series| {
            let hours = |x: (f64, f64)| (x.0 / self.hour, x.1 / self.hour);
            let found = of_derived(fits, DerivedKind::Tia, &series.observable);
            let found: Vec<(f64, f64)> = found.into_iter().map(hours).collect();
            let own = self.fit.derived_of(DerivedKind::Tia, &series.observable);
            DrawnQuantity {
                sort: Sort::Integral,
                name: series.region.clone(),
                unit: unit.clone(),
                fixed: own.map_or(f64::NAN, |d| d.value / self.hour),
                fits: found.len(),
                pooled: pooled((Transform::Log, true), &found, draws),
            }
        };
        Ok(self.series.iter().map(quantity).collect())
    }

    /// An integral with the error of both. What the draws leave open is refused, so that no dose stands on it.
    fn tia(
        &self,
        series: &Series,
        (quantity, draws): (&DrawnQuantity, usize),
        own: &RegionTia,
    ) -> RegionTia {
        let tia = self.fit.derived_of(DerivedKind::Tia, &series.observable);
        match (tia, quantity.pooled) {
            (Some(tia), Ok(p)) => region_tia(series, &self.fit, tia, (p.value, Some(p.se))),
            (_, Err(why)) if draws >= FEWEST_FITS && shown(&own.tia).0.is_some() => {
                let tia = Verdict::refused(NoValue::OpenInDraws(why));
                RegionTia { tia, phases: Vec::new(), ..own.clone() }
            }
            _ => own.clone(),
        }
    }
}

/// Values and standard errors of a derived quantity, of the fits that determine it.
fn of_derived(fits: &[Fit], kind: DerivedKind, name: &str) -> Vec<(f64, f64)> {
    let of = |fit: &Fit| {
        let d = fit.derived_of(kind, name).filter(|d| d.determined.is_determined())?;
        Some((d.value, d.se?))
    };
    fits.iter().filter_map(of).collect()
}

/// Values and standard errors combined on a scale, or why that says nothing. What is gated has no error beyond the gate.
fn pooled(
    (scale, gated): (Transform, bool),
    found: &[(f64, f64)],
    draws: usize,
) -> Result<Pooled, OpenInDraws> {
    let few = OpenInDraws::Fits { fits: found.len(), draws };
    if draws.saturating_sub(found.len()) * ONE_OPEN_IN > draws {
        return Err(few);
    }
    let on_scale = |&(value, se): &(f64, f64)| {
        let phi = scale.forward(value);
        (phi, (se / scale.slope(phi)).powi(2))
    };
    let on_scale: Vec<(f64, f64)> = found.iter().map(on_scale).collect();
    let all: Combined = combined(&on_scale).ok_or(few)?;
    let slope = scale.slope(all.value).abs();
    let ends = [all.value - all.half_width, all.value + all.half_width];
    let ends = ends.map(|phi| scale.backward(phi));
    let (value, se) = (scale.backward(all.value), slope * all.total.sqrt());
    let rse = se / value.abs();
    if let Some(gate) = FitOptions::default().cv_gate.filter(|gate| gated && rse > *gate) {
        return Err(OpenInDraws::Error { rse, gate });
    }
    Ok(Pooled {
        value,
        within: slope * all.within.sqrt(),
        between: slope * all.between.sqrt(),
        se,
        ci95: (ends[0].min(ends[1]), ends[0].max(ends[1])),
        share: all.share_between(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(fits: u32, step: f64) -> Vec<(f64, f64)> {
        (0..fits).map(|k| (f64::exp(step * f64::from(k)), 0.1)).collect()
    }

    /// Nine fits are enough to be combined, and not where they are what is left of sixty.
    #[test]
    fn exact_what_many_draws_leave_open_is_not_determined() {
        let of = |fits: u32, draws| pooled((Transform::Log, true), &values(fits, 0.01), draws);
        assert!(of(9, 9).is_ok() && of(57, 60).is_ok() && of(60, 60).is_ok());
        for (fits, draws) in [(56, 60), (9, 60), (8, 8)] {
            let expected = OpenInDraws::Fits { fits: fits as usize, draws };
            assert_eq!(of(fits, draws), Err(expected));
        }
        // The same numbers, whatever else was drawn.
        assert_eq!(of(57, 60), of(57, 57));
    }

    /// Estimates that lie apart by far more than their errors have a large error together, although none has it alone.
    #[test]
    fn exact_the_gate_of_a_fit_holds_for_all_of_them() {
        let of = |gated, step| pooled((Transform::Log, gated), &values(30, step), 30);
        let apart = of(false, 0.1).expect("not gated");
        assert!(apart.se > 0.5 * apart.value, "{apart:?}");
        assert!(matches!(of(true, 0.1), Err(OpenInDraws::Error { gate, .. }) if gate <= 0.5));
        assert!(of(true, 0.01).is_ok());
    }
}
