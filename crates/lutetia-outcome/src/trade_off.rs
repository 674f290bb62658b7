//! Benefit against harm.

use serde::Serialize;

use crate::error::{
    Asked, Contradiction, NoAnswer, OutcomeError, confidence_level, not_determined, not_negative,
    within,
};
use crate::numeric::two_sided_z;
use crate::survival::RmstContrast;

/// A share of patients with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Proportion {
    /// Patients with the event.
    pub events: usize,
    /// Patients.
    pub patients: usize,
    /// Share.
    pub share: f64,
    /// Lower limit (Wilson).
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

/// A share with Wilson's interval,
/// `(p + z²/2n ± z √(p(1−p)/n + z²/4n²))/(1 + z²/n)`: right down to no events at all.
///
/// # Errors
/// No patients, more events than patients, a level not between 0 and 1.
pub fn proportion(events: usize, patients: usize, level: f64) -> Result<Proportion, OutcomeError> {
    confidence_level(level)?;
    if patients == 0 {
        return Err(OutcomeError::Empty { what: "the arm".to_owned() });
    }
    if events > patients {
        return Err(Contradiction::EventsOfPatients { events, patients }.into());
    }
    let (n, z) = (patients as f64, two_sided_z(level));
    let p = events as f64 / n;
    let (lower, upper) = wilson(p, n, z);
    Ok(Proportion { events, patients, share: p, lower, upper })
}

/// A difference of two shares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RiskDifference {
    /// Treated minus control.
    pub difference: f64,
    /// Lower limit (Newcombe's, from the two Wilson intervals).
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

/// Treated minus control, with Newcombe's interval (1998, Stat Med 17:873, method 10).
#[must_use]
pub fn risk_difference(treated: &Proportion, control: &Proportion) -> RiskDifference {
    let difference = treated.share - control.share;
    let below = (treated.share - treated.lower).hypot(control.upper - control.share);
    let above = (treated.upper - treated.share).hypot(control.share - control.lower);
    RiskDifference { difference, lower: difference - below, upper: difference + above }
}

/// Treated minus control where the same patients are seen under both, as in a virtual trial with common
/// random numbers: Newcombe's interval for pairs (1998, Stat Med 17:2635, method 10), from the two Wilson
/// intervals and the correlation φ of the pairs, `φ = max(ad − bc − n/2, 0)/√((a+b)(c+d)(a+c)(b+d))` (without
/// the correction where `ad < bc`). It is not empty where nobody is harmed.
///
/// `both`, `treated`, `control` and `neither` are the numbers of patients harmed under both, under treatment
/// alone, under control alone, and under neither; they may be means over several runs and need not be whole.
///
/// # Errors
/// Numbers below zero, nobody, a level not between 0 and 1.
pub fn paired_risk_difference(
    both: f64,
    treated: f64,
    control: f64,
    neither: f64,
    level: f64,
) -> Result<RiskDifference, OutcomeError> {
    confidence_level(level)?;
    for (what, number) in [
        ("patients harmed under both", both),
        ("patients harmed under treatment alone", treated),
        ("patients harmed under control alone", control),
        ("patients harmed under neither", neither),
    ] {
        not_negative(what, number, "")?;
    }
    let n = both + treated + control + neither;
    if n <= 0.0 {
        return Err(OutcomeError::Empty { what: "the list of pairs".to_owned() });
    }
    let z = two_sided_z(level);
    let (p1, p0) = ((both + treated) / n, (both + control) / n);
    let ((l1, u1), (l0, u0)) = (wilson(p1, n, z), wilson(p0, n, z));
    let product = (both + treated) * (control + neither) * (both + control) * (treated + neither);
    let cross = both * neither - treated * control;
    let phi = match (product > 0.0, cross > 0.0) {
        (false, _) => 0.0,
        (true, true) => (cross - n / 2.0).max(0.0) / product.sqrt(),
        (true, false) => cross / product.sqrt(),
    };
    let half = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    let difference = p1 - p0;
    Ok(RiskDifference {
        difference,
        lower: difference - half(p1 - l1, u0 - p0),
        upper: difference + half(u1 - p1, p0 - l0),
    })
}

/// Wilson's limits of a share that need not come from whole numbers of patients, such as a mean over runs.
///
/// # Errors
/// A share outside 0 to 1, nobody, a level not between 0 and 1.
pub fn share_limits(share: f64, patients: f64, level: f64) -> Result<(f64, f64), OutcomeError> {
    let z = two_sided_z(confidence_level(level)?);
    within("share of patients", share, "", (0.0..=1.0).contains(&share), "0 to 1")?;
    within("number of patients", patients, "", patients > 0.0, "a number above 0")?;
    Ok(wilson(share, patients, z))
}

/// Wilson's limits of a share.
fn wilson(p: f64, n: f64, z: f64) -> (f64, f64) {
    let middle = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z * z / n;
    // At the ends the formula is 0 and 1 but for rounding.
    let lower = if p <= 0.0 { 0.0 } else { (middle - half) / whole };
    let upper = if p >= 1.0 { 1.0 } else { (middle + half) / whole };
    (lower, upper)
}

/// How many patients are treated for one more to be harmed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NumberNeeded {
    /// `1/(p₁ − p₀)`; negative: one fewer is harmed.
    pub number: f64,
    /// Limits of the number; none when the difference may be none, so that the number may be infinite.
    pub limits: Option<(f64, f64)>,
}

/// The number needed to harm of a difference of risks.
///
/// # Errors
/// Not determined when the shares are equal.
pub fn number_needed_to_harm(difference: &RiskDifference) -> Result<NumberNeeded, OutcomeError> {
    if difference.difference.abs() <= 0.0 {
        return Err(not_determined(Asked::NumberNeededToHarm, NoAnswer::SameShare));
    }
    let same_side = difference.lower * difference.upper > 0.0;
    let limits = same_side.then(|| (1.0 / difference.upper, 1.0 / difference.lower));
    Ok(NumberNeeded { number: 1.0 / difference.difference, limits })
}

/// How much a benefit and a harm count: weights that add to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct UtilityWeights {
    benefit: f64,
    harm: f64,
}

impl UtilityWeights {
    /// The weights of benefit and harm, 0 to 1.
    ///
    /// # Errors
    /// A negative weight, a sum that is not 1.
    pub fn new(benefit: f64, harm: f64) -> Result<Self, OutcomeError> {
        not_negative("weight of the benefit", benefit, "")?;
        not_negative("weight of the harm", harm, "")?;
        // 1e-6: a third typed with seven digits, not with two.
        if (benefit + harm - 1.0).abs() > 1e-6 {
            return Err(Contradiction::Weights { benefit, harm }.into());
        }
        Ok(Self { benefit, harm })
    }

    /// The weight of the benefit.
    #[must_use]
    pub fn benefit(self) -> f64 {
        self.benefit
    }

    /// The weight of the harm.
    #[must_use]
    pub fn harm(self) -> f64 {
        self.harm
    }

    /// Clinical utility `w_b b/b₁ + w_h (1 − h)` of a benefit `b`, of which `b₁` counts as one, in the same unit, and
    /// a risk of harm `h`, 0 to 1.
    #[must_use]
    pub fn utility(self, benefit: f64, counts_as_one: f64, harm: f64) -> f64 {
        self.benefit * benefit / counts_as_one + self.harm * (1.0 - harm)
    }
}

/// Time gained less what harm costs, in the unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NetBenefit {
    /// `ΔRMST − price Δp`.
    pub net: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
    /// The price at which nothing is gained; none when harm is not greater under treatment.
    pub break_even_price: Option<f64>,
}

/// Net benefit: the difference of restricted means less a stated price (time that a patient would give
/// to be spared one event) times the difference of risks. Both are taken as independent: the squares of
/// the half-widths of their intervals add. The interval of the risks must be of the same level.
///
/// # Errors
/// A negative price, a level not between 0 and 1.
pub fn net_benefit(
    gain: &RmstContrast,
    harm: &RiskDifference,
    price: f64,
    level: f64,
) -> Result<NetBenefit, OutcomeError> {
    not_negative("price of an event", price, "")?;
    let z = two_sided_z(confidence_level(level)?);
    let net = gain.difference - price * harm.difference;
    // Square-and-add, as for the difference of risks itself: each side with its own half-width.
    let below = (z * gain.standard_error).hypot(price * (harm.upper - harm.difference));
    let above = (z * gain.standard_error).hypot(price * (harm.difference - harm.lower));
    Ok(NetBenefit {
        net,
        lower: net - below,
        upper: net + above,
        break_even_price: (harm.difference > 0.0).then(|| gain.difference / harm.difference),
    })
}
