//! One function through one region, and what follows from it.

use lutetia_fit::{
    ActivityCurve, DerivedKind, Fit, FitParameter, GateFailure, MISFIT, Misfit, TimeActivity as _,
    Weighed, widened,
};
use lutetia_units::significant;

use crate::{NoIntegral, NoQuantity};

/// One function fitted to one region.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Name as asked for.
    pub function: String,
    /// The curve at the measured times.
    pub curve: ActivityCurve,
    /// Parameters with their starts.
    pub parameters: Vec<FitParameter>,
    /// The fit, or why there is none.
    pub fit: Result<Box<Fit>, NoIntegral>,
    /// What lies outside the quality gates; empty where the fit passes.
    pub failures: Vec<GateFailure>,
    /// How the integral is made, in words: the function, and the error where it stands in for that of the table.
    pub method: String,
}

impl Candidate {
    /// What averaging needs: AICc, integral and its standard error; `None` where one is missing.
    pub(crate) fn weighed(&self) -> Option<Weighed> {
        let fit = self.fit.as_ref().ok().filter(|f| f.status.converged())?;
        let (value, sd) = self.quantity(DerivedKind::Tia).ok()?;
        Some(Weighed { aicc: fit.aicc?, value, sd: sd? })
    }

    /// A derived quantity with its standard error; the latter widened by Birge's ratio where the data refute the
    /// function.
    ///
    /// # Errors
    /// [`NoQuantity`].
    pub fn quantity(&self, kind: DerivedKind) -> Result<(f64, Option<f64>), NoQuantity> {
        let unfitted = |why: &NoIntegral| NoQuantity::Unfitted(Box::new(why.clone()));
        let fit = self.fit.as_ref().map_err(unfitted)?;
        let found = fit.derived(kind).ok_or(NoQuantity::Infinite)?;
        if !found.determined.is_determined() {
            return Err(NoQuantity::NotDetermined(found.determined.clone()));
        }
        let Some(misfit) = self.misfit() else { return Ok((found.value, found.se)) };
        match found.se.and_then(|sd| widened(found.value, sd, misfit.birge_ratio())) {
            Some(sd) => Ok((found.value, Some(sd))),
            None => Err(NoQuantity::Refuted(misfit)),
        }
    }

    /// How the data refute the function under the variances they were fitted with; `None` where they do not, or where
    /// nothing can be said because the variance was estimated from the same data.
    #[must_use]
    pub fn misfit(&self) -> Option<Misfit> {
        self.fit.as_ref().ok()?.misfit(MISFIT)
    }

    /// Names of the parameters that rest at a bound of their range.
    #[must_use]
    pub fn at_bound(&self) -> Vec<String> {
        let estimates = self.fit.as_ref().map(|f| f.estimates.as_slice()).unwrap_or_default();
        estimates.iter().filter(|e| e.at_bound.is_some()).map(|e| e.name.clone()).collect()
    }

    /// Amplitudes (MBq) and effective rates (1/h) of its phases.
    pub(super) fn phases(&self) -> Vec<(f64, f64)> {
        self.fit.as_ref().map(|f| self.curve.effective_phases(&f.theta())).unwrap_or_default()
    }

    /// Whether the fit converged and lies within the quality gates.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.fit.as_ref().is_ok_and(|f| f.status.converged()) && self.failures.is_empty()
    }

    /// What a reader must know: what is not determined, and why.
    #[must_use]
    pub fn note(&self) -> String {
        match &self.fit {
            Err(why) => why.to_string(),
            Ok(fit) => {
                let mut notes: Vec<String> = Vec::new();
                if !fit.status.converged() {
                    notes.push(fit.status.to_string());
                }
                for e in &fit.estimates {
                    if !e.determined.is_determined() {
                        notes.push(format!("{} {}", e.name, e.determined));
                    }
                }
                notes.extend(self.misfit().map(|m| match self.quantity(DerivedKind::Tia) {
                    Ok(_) => format!(
                        "{m}; standard errors are widened by √(χ²/ν) = {}",
                        significant(m.birge_ratio(), 3)
                    ),
                    Err(_) => format!("not determined: {m}"),
                }));
                notes.extend(fit.criteria_note.map(|note| note.to_string()));
                notes.join("; ")
            }
        }
    }
}
