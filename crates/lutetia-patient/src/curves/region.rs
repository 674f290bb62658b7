//! One region with all functions tried, and the one used.

use lutetia_data::Curve;
use lutetia_fit::{
    Average, DerivedKind, ErrorModel, Misfit, Observation, Prediction, Weighed, Why, average,
};

use super::{Candidate, CurveOptions, functions};
use crate::{NoIntegral, PatientError, RegionTia, judge};

/// One region with all its candidates.
#[derive(Debug, Clone)]
pub struct RegionCurve {
    /// The data.
    pub data: Curve,
    /// The data as they were fitted.
    pub observations: Vec<Observation>,
    /// The error model they were fitted under.
    pub error: ErrorModel,
    /// In the order asked for.
    pub candidates: Vec<Candidate>,
    /// Index of the one used.
    pub chosen: usize,
    /// Why that one; [`Why::None`] where none could be fitted.
    pub why: Why,
    /// Whether every function with an AICc was refuted (or there was none), so that the one used was not ranked.
    pub without_aicc: bool,
    /// Why no function can be integrated to infinity, where the data themselves stand against it.
    pub refused: Option<NoIntegral>,
    /// How the data refute the candidate used, where they do.
    pub misfit: Option<Misfit>,
    /// Parameters of the candidate used that rest at a bound of their range.
    pub at_bound: Vec<String>,
    pub(super) gates: bool,
}

impl RegionCurve {
    /// A region whose data no function can be fitted to.
    pub(super) fn without(
        data: Curve,
        observations: Vec<Observation>,
        error: ErrorModel,
        options: &CurveOptions,
        why: &NoIntegral,
    ) -> Self {
        let times: Vec<f64> = data.points.iter().map(|p| p.time_h).collect();
        let candidates = functions(&options.functions)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(function, f)| {
                let curve = f.curve(0.0, 1.0, &times).ok()?;
                let fit = Err(why.clone());
                Some(Candidate {
                    method: function.clone(),
                    function,
                    curve,
                    parameters: Vec::new(),
                    fit,
                    failures: Vec::new(),
                })
            })
            .collect();
        Self {
            data,
            observations,
            error,
            candidates,
            chosen: 0,
            why: Why::None,
            without_aicc: false,
            refused: None,
            misfit: None,
            at_bound: Vec::new(),
            gates: options.gates,
        }
    }

    /// The candidate used.
    #[must_use]
    pub fn best(&self) -> &Candidate {
        &self.candidates[self.chosen]
    }

    /// The time-integrated activity of the candidate used, with what stands against it.
    #[must_use]
    pub fn tia(&self) -> RegionTia {
        let tia = judge::curve(self);
        RegionTia {
            region: self.data.region.clone(),
            nuclide: self.data.nuclide.clone(),
            injected_mbq: self.data.injected_mbq,
            phases: if tia.is_refused() { Vec::new() } else { self.best().phases() },
            tia,
        }
    }

    /// The time-integrated activity averaged over the candidates, by Akaike weights. Functions that the data refute have
    /// no weight as long as one is not refuted; where all are, their standard errors are the widened ones.
    ///
    /// # Errors
    /// [`NoIntegral`]: the end of the curve, no criterion, nothing to average.
    pub fn average(&self) -> Result<Average, NoIntegral> {
        if let Some(reason) = &self.refused {
            return Err(reason.clone());
        }
        if self.without_aicc {
            return Err(NoIntegral::NothingToAverage);
        }
        let refuted = self.misfit.is_some();
        let all: Vec<Option<Weighed>> = self
            .candidates
            .iter()
            .map(|c| {
                let fits = refuted || c.misfit().is_none();
                c.weighed().filter(|_| fits && (!self.gates || c.passes()))
            })
            .collect();
        Ok(average(&all)?)
    }

    /// The effective half-life of the function used, h, with its standard error: none of the latter where it rests on a
    /// parameter at its bound, nothing where the end of the curve stands against it.
    #[must_use]
    pub fn effective_half_life(&self) -> Option<(f64, Option<f64>)> {
        let found = self.best().quantity(DerivedKind::EffectiveHalfLife).ok();
        let (value, sd) = found.filter(|_| self.refused.is_none())?;
        Some((value, sd.filter(|_| self.at_bound.is_empty())))
    }

    /// The curve of the function used at some times, h, with its pointwise 95 % interval; none where nothing was fitted.
    ///
    /// # Errors
    /// [`PatientError`] where the curve cannot be evaluated.
    pub fn drawn(&self, times_h: &[f64]) -> Result<Vec<Prediction>, PatientError> {
        let best = self.best();
        let Ok(fit) = &best.fit else { return Ok(Vec::new()) };
        Ok(fit.predict(&best.curve.at_times(times_h)?)?)
    }

    /// Times at which the curve is drawn up to `until_h`: dense where uptake happens, then even.
    #[must_use]
    pub fn grid(&self, until_h: f64) -> Vec<f64> {
        let first = self.data.points.first().map_or(1.0, |p| p.time_h);
        let early = (1..=12).map(|i| first * f64::from(i) / 12.0);
        let late = (1..=60).map(|i| first + (until_h - first) * f64::from(i) / 60.0);
        early.chain(late.filter(|t| *t > first)).collect()
    }
}
