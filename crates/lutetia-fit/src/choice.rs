//! The rule by which one function is chosen among those fitted to the same data: fit first, then AICc.
//!
//! 1. A function whose search found no minimum, or with more parameters than measurements, does not compete.
//! 2. A function is *refuted* where its χ² under the known variances is less probable than [`MISFIT`]
//!    ([`Fit::misfit`]). Where the variance is estimated from the same data none can be refuted.
//! 3. Among those not refuted for which AICc is defined, the lowest AICc is chosen; but one whose χ² another of them with
//!    more parameters lowers by more than chance allows ([`GAIN`], the likelihood-ratio test) is passed over. The
//!    small-sample term of AICc was derived for a variance estimated from the data; where it is known, the term alone
//!    would keep a function of one parameter that misses four measurements.
//! 4. Where there are none, those not refuted compete though AICc is not defined for them (`n ≤ K + 1`, down to a curve
//!    through every point): first those whose integral is determined, then those without a parameter at a bound, then
//!    the fewest parameters, then the lowest χ².
//! 5. Where all are refuted, the one with the least Birge ratio `√(χ²/ν)` is chosen, and is refuted: its standard errors
//!    are widened by that ratio, up to [`MOST_BIRGE`], beyond which the function and not the stated standard deviations
//!    must be wrong and nothing is determined.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::predictor::DerivedKind;
use crate::result::Fit;

/// A function with a χ² less probable than this under the known variances is refuted.
pub const MISFIT: f64 = 0.01;

/// A fall of χ² less probable than this, for the number of parameters that it took, is not chance.
pub const GAIN: f64 = 0.05;

/// Largest Birge ratio by which a standard error is widened. Counting statistics of 1–2 % stated for measurements that
/// scatter by 5–10 % give up to about 5.
pub const MOST_BIRGE: f64 = 5.0;

/// The standard error of a quantity of a function that the data refute, widened by Birge's ratio; `None` where that is
/// above [`MOST_BIRGE`] or leaves more than half of the value, so that nothing is determined.
pub fn widened(value: f64, sd: f64, birge: f64) -> Option<f64> {
    let sd = birge * sd;
    (birge <= MOST_BIRGE && sd <= LARGEST_RSE * value.abs()).then_some(sd)
}

/// Largest relative standard error of a determined quantity, as in [`FitOptions::cv_gate`](crate::FitOptions::cv_gate).
const LARGEST_RSE: f64 = 0.5;

/// Why a function was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No other was asked for.
    Only,
    /// Of those not refuted, it has the lowest AICc.
    LowestAicc,
    /// Every function with an AICc is refuted or there is none; this one is not refuted.
    FitsWithoutAicc,
    /// The data refute all; this one misses them least.
    LeastRefuted,
    /// None could be fitted.
    None,
}

impl Why {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Only => "the only function asked for",
            Self::LowestAicc => "lowest AICc of the functions that the data do not refute",
            Self::FitsWithoutAicc => {
                "no function with an AICc fits the data; the simplest of those that fit without one"
            }
            Self::LeastRefuted => "the data refute every function; this one misses them least",
            Self::None => "no function could be fitted",
        }
    }
}

/// What the rule looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Standing {
    refuted: bool,
    /// Whether the variance is known, so that falls of χ² can be tested.
    known: bool,
    birge: f64,
    aicc: Option<f64>,
    undetermined: bool,
    at_bound: bool,
    parameters: usize,
    chi_square: f64,
}

impl Standing {
    fn of(fit: &Fit) -> Option<Self> {
        let parameters = fit.estimates.iter().filter(|e| !e.fixed).count();
        if !fit.status.converged() || parameters > fit.n {
            return None;
        }
        let misfit = fit.misfit(MISFIT);
        Some(Self {
            refuted: misfit.is_some(),
            known: fit.known_variance(),
            birge: misfit.map_or(1.0, |m| m.birge_ratio()),
            aicc: fit.aicc.filter(|a| a.is_finite()),
            undetermined: fit
                .derived(DerivedKind::Tia)
                .is_none_or(|d| !d.determined.is_determined()),
            at_bound: fit.estimates.iter().any(|e| e.at_bound.is_some()),
            parameters,
            chi_square: fit.chi_square,
        })
    }

    /// Whether it has more parameters than `other` and lowers χ² by more than chance allows.
    fn betters(&self, other: &Self) -> bool {
        let more = self.parameters.saturating_sub(other.parameters);
        let fall = other.chi_square - self.chi_square;
        self.known
            && more > 0
            && fall > 0.0
            && ChiSquared::new(more as f64).is_ok_and(|law| law.sf(fall) < GAIN)
    }
}

/// The place of the function to use among `fits` (`None` where there is no fit, or where a caller leaves it out), by the
/// rule of this module, and why. Where none can be used the first is named.
pub fn choose(fits: &[Option<&Fit>]) -> (usize, Why) {
    let standings: Vec<Option<Standing>> = fits.iter().map(|f| f.and_then(Standing::of)).collect();
    by_rule(&standings)
}

fn by_rule(standings: &[Option<Standing>]) -> (usize, Why) {
    if standings.len() == 1 {
        return (0, Why::Only);
    }
    let all = || standings.iter().enumerate().filter_map(|(i, s)| Some((i, (*s)?)));
    let fitting = || all().filter(|(_, s)| !s.refuted);
    let with_aicc = || fitting().filter(|(_, s)| s.aicc.is_some());
    let ranked = with_aicc()
        .filter(|(_, s)| !with_aicc().any(|(_, larger)| larger.betters(s)))
        .filter_map(|(i, s)| Some((i, s.aicc?)))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((i, _)) = ranked {
        return (i, Why::LowestAicc);
    }
    let without = fitting().min_by(|(_, a), (_, b)| {
        (a.undetermined, a.at_bound, a.parameters)
            .cmp(&(b.undetermined, b.at_bound, b.parameters))
            .then(a.chi_square.total_cmp(&b.chi_square))
    });
    if let Some((i, _)) = without {
        return (i, Why::FitsWithoutAicc);
    }
    match all().min_by(|(_, a), (_, b)| a.birge.total_cmp(&b.birge)) {
        Some((i, _)) => (i, Why::LeastRefuted),
        None => (0, Why::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(refuted: bool, aicc: Option<f64>, parameters: usize) -> Option<Standing> {
        let birge = if refuted { 3.0 } else { 1.0 };
        Some(Standing {
            refuted,
            known: true,
            birge,
            aicc,
            undetermined: false,
            at_bound: false,
            parameters,
            chi_square: 1.0,
        })
    }

    #[test]
    fn exact_the_rule_looks_at_fit_before_aicc() {
        let refuted = standing(true, Some(-10.0), 2);
        let good = standing(false, Some(5.0), 3);
        let better = standing(false, Some(4.0), 4);
        let through = standing(false, None, 3);
        let wider = standing(false, None, 4);
        assert_eq!(by_rule(&[refuted, good, better]), (2, Why::LowestAicc));
        // Physical decay alone, AICc 4.7 but χ² 6.7, beside one exponential, 16.4 and 0.4: p 0.012 for one parameter.
        let one = standing(false, Some(4.7), 1).map(|s| Standing { chi_square: 6.7, ..s });
        let two = standing(false, Some(16.4), 2).map(|s| Standing { chi_square: 0.4, ..s });
        assert_eq!(by_rule(&[one, two]), (1, Why::LowestAicc));
        // For a fall of 2 the criterion stands.
        let near = one.map(|s| Standing { chi_square: 2.4, ..s });
        assert_eq!(by_rule(&[near, two]), (0, Why::LowestAicc));
        // A function without AICc does not displace one that fits and has one …
        assert_eq!(by_rule(&[refuted, through, good]), (2, Why::LowestAicc));
        // … but displaces one that the data refute; the simplest that is determined.
        assert_eq!(by_rule(&[refuted, wider, through]), (2, Why::FitsWithoutAicc));
        let open = through.map(|s| Standing { undetermined: true, ..s });
        assert_eq!(by_rule(&[refuted, open, wider]), (2, Why::FitsWithoutAicc));
        let bound = through.map(|s| Standing { at_bound: true, ..s });
        assert_eq!(by_rule(&[refuted, bound, wider]), (2, Why::FitsWithoutAicc));
        let worse = refuted.map(|s| Standing { birge: 4.0, aicc: Some(-20.0), ..s });
        assert_eq!(by_rule(&[worse, refuted, None]), (1, Why::LeastRefuted));
        assert_eq!(by_rule(&[None, None]), (0, Why::None));
        assert_eq!(by_rule(&[worse]), (0, Why::Only));
    }
}
