//! One function through every row of a table: the voxels of a map.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::choice::{MISFIT, widened};
use crate::curve::functions::Function;
use crate::curve::{ActivityCurve, StartScratch, TimeActivity};
use crate::error::PredictError;
use crate::fast::{FastFit, FastReason, FastResult, FastStatus};
use crate::fit::fit;
use crate::predictor::{DerivedKind, Predictor};
use crate::problem::{ErrorModel, FitParameter, Observation, Problem};
use crate::result::birge;

/// Extra starts of a curve of more than two parameters; one of two has one minimum.
const EXTRA_STARTS: usize = 4;

/// Fits rows of activities at the same times.
#[derive(Clone, Debug)]
pub struct VoxelFitter {
    curve: ActivityCurve,
    parameters: Vec<FitParameter>,
    error: ErrorModel,
    seed: u64,
    names: Vec<String>,
    /// χ² above which the data refute the function, and its degrees of freedom; none where the variance is estimated.
    critical: Option<(f64, usize)>,
}

/// One thread's room.
#[derive(Debug)]
pub struct VoxelWorker<'a> {
    fitter: &'a VoxelFitter,
    fast: Option<FastFit<'a>>,
    scratch: StartScratch,
    start: Vec<f64>,
}

/// What a row gave.
#[derive(Clone, Debug, PartialEq)]
pub enum RowFit {
    /// A minimum, with the integral determined or a reason why not.
    Fitted {
        /// Parameters on their natural scale; unused places are zero.
        theta: [f64; 6],
        /// Time-integrated activity.
        tia: f64,
        /// Its standard error.
        tia_sd: Option<f64>,
        /// Terminal effective rate.
        terminal_rate: f64,
        /// `Σ ((y − f)/sd)²`.
        chi_square: f64,
        /// Why the integral is not determined.
        not_determined: Option<&'static str>,
        /// What must be said of an integral that is determined: that the data refute the function, so that its standard
        /// error was widened, or that a parameter rests at its bound.
        doubt: Option<&'static str>,
        /// Whether the general fit had to settle it.
        general: bool,
    },
    /// No fit, and why.
    Failed(&'static str),
}

impl VoxelFitter {
    /// A fitter of `function` at these times (h) under an error model.
    ///
    /// # Errors
    /// When the curve cannot be made.
    pub fn new(
        function: &Function,
        physical_per_h: f64,
        injected: f64,
        times_h: &[f64],
        error: ErrorModel,
        seed: u64,
    ) -> Result<Self, PredictError> {
        let curve = function.curve(physical_per_h, injected, times_h)?;
        let ones = vec![1.0; times_h.len()];
        let parameters = function.parameters(&curve, injected, &ones)?;
        let names = curve.names().to_vec();
        let estimated = matches!(error, ErrorModel::Weighted)
            || error.magnitudes().iter().any(|(_, m)| m.estimated());
        let free = parameters.iter().filter(|p| !p.fixed).count();
        let dof = times_h.len().saturating_sub(free).max(1);
        let law = ChiSquared::new(dof as f64).ok().filter(|_| !estimated);
        let critical = law.map(|law| (law.inverse_cdf(1.0 - MISFIT), dof));
        Ok(Self { curve, parameters, error, seed, names, critical })
    }

    /// Names of the parameters.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// A worker for one thread.
    pub fn worker(&self) -> VoxelWorker<'_> {
        let free = self.parameters.iter().filter(|p| !p.fixed).count();
        let extra = if free > 2 { EXTRA_STARTS } else { 0 };
        VoxelWorker {
            fitter: self,
            fast: FastFit::new(&self.curve, &self.parameters, self.error, extra, self.seed),
            scratch: StartScratch::default(),
            start: vec![0.0; self.names.len()],
        }
    }
}

impl VoxelWorker<'_> {
    /// Fits one row: an activity for each time, and standard deviations where the error model is
    /// [`ErrorModel::Known`]. Allocates nothing unless the general fit must help.
    ///
    /// A function that the data refute is treated as everywhere: see [`choose`](crate::choose).
    pub fn fit(&mut self, y: &[f64], sd: &[f64]) -> RowFit {
        let mut found = self.raw(y, sd);
        if let (
            Some((critical, dof)),
            RowFit::Fitted { chi_square, tia, tia_sd, not_determined, doubt, .. },
        ) = (self.fitter.critical, &mut found)
            && *chi_square > critical
        {
            let ratio = birge(*chi_square, dof);
            *tia_sd = tia_sd.and_then(|sd| widened(*tia, sd, ratio));
            *doubt = Some("the function misses the data, SD widened");
            if tia_sd.is_none() {
                *not_determined = Some("not determined: the function misses the data");
            }
        }
        found
    }

    fn raw(&mut self, y: &[f64], sd: &[f64]) -> RowFit {
        if y.iter().any(|v| !v.is_finite()) {
            return RowFit::Failed("an activity is not a finite number");
        }
        if y.iter().all(|v| *v <= 0.0) {
            return RowFit::Failed("no activity above 0");
        }
        if matches!(self.fitter.error, ErrorModel::Known)
            && sd.iter().any(|s| !(s.is_finite() && *s > 0.0))
        {
            return RowFit::Failed("a standard deviation is not above 0");
        }
        if matches!(self.fitter.error, ErrorModel::Proportional { .. })
            && y.iter().any(|v| *v <= 0.0)
        {
            return RowFit::Failed("an activity of 0 or below under a proportional error");
        }
        self.fitter.curve.start(y, &mut self.scratch, &mut self.start);
        for (s, p) in self.start.iter_mut().zip(&self.fitter.parameters) {
            if p.fixed {
                *s = p.start;
            }
        }
        if let Some(fast) = &self.fast {
            let r = fast.fit(&self.start, y, sd);
            if r.status != FastStatus::Unsettled {
                return settled(&r);
            }
        }
        self.general(y, sd)
    }

    fn general(&self, y: &[f64], sd: &[f64]) -> RowFit {
        let VoxelFitter { curve, parameters, error, seed, .. } = self.fitter;
        let observations = y
            .iter()
            .enumerate()
            .map(|(j, v)| Observation { sd: sd.get(j).copied(), ..Observation::new("row", *v) })
            .collect();
        let parameters = parameters
            .iter()
            .zip(&self.start)
            .map(|(p, s)| FitParameter { start: *s, ..p.clone() })
            .collect();
        let mut problem = Problem::new(curve, observations, *error, parameters);
        problem.options.seed = *seed;
        let Ok(f) = fit(&problem) else { return RowFit::Failed("the curve cannot be evaluated") };
        if !f.status.converged() {
            return RowFit::Failed("the search found no minimum");
        }
        let Some(tia) = f.derived(DerivedKind::Tia) else { return RowFit::Failed("no integral") };
        let mut theta = [0.0; 6];
        for (slot, e) in theta.iter_mut().zip(&f.estimates) {
            *slot = e.value;
        }
        RowFit::Fitted {
            terminal_rate: curve.terminal_rate(&theta[..f.estimates.len()]),
            theta,
            tia: tia.value,
            tia_sd: tia.se,
            chi_square: f.chi_square,
            not_determined: (!tia.determined.is_determined())
                .then_some("not determined: the data leave a direction of the parameters open"),
            doubt: f.estimates.iter().any(|e| e.at_bound.is_some()).then_some(AT_BOUND),
            general: true,
        }
    }
}

/// What is said of a parameter at its bound.
const AT_BOUND: &str = "a parameter at its bound";

fn settled(r: &FastResult) -> RowFit {
    let not_determined = r.not_determined.map(|reason| match reason {
        FastReason::FewerData => "not determined: fewer measurements than parameters",
        FastReason::NoDegreesOfFreedom => {
            "not determined: as many parameters as measurements and no standard deviations"
        }
        FastReason::AtBound => "not determined: rests on a parameter at its bound",
        FastReason::LargeUncertainty => "not determined: relative standard error above 50 %",
        FastReason::StartsDisagree => "not determined: another curve fits equally well",
        FastReason::NoIntegral => "not determined: no finite integral above 0",
    });
    RowFit::Fitted {
        theta: r.theta,
        tia: r.tia,
        tia_sd: r.tia_sd,
        terminal_rate: r.terminal_rate,
        chi_square: r.chi_square,
        not_determined,
        doubt: (r.status == FastStatus::AtBound).then_some(AT_BOUND),
        general: false,
    }
}
