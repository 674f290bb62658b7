//! Dimensions: exponents over base quantities.

use std::{
    fmt,
    ops::{Div, Mul},
};

/// Number of axes.
pub(crate) const AXES: usize = 9;

/// Exponents of the base quantities time, length, mass, amount, activity, energy and count, and of
/// two marks that keep RBE-weighted dose and biologically effective dose apart from absorbed dose.
///
/// Exponents are kept in twelfths, so that square, cube and fourth roots stay exact. Activity is a
/// base quantity of its own: Bq is not 1/s, and only a nuclide turns it into an amount.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, PartialOrd, Ord)]
pub struct Dimension([i16; AXES]);

const TWELFTHS: i16 = 12;
/// No physical quantity needs a higher power; a bound keeps the arithmetic from overflowing.
const LIMIT: i16 = 40 * TWELFTHS;

impl Dimension {
    /// A pure number.
    pub const NONE: Self = Self([0; AXES]);
    /// Time.
    pub const TIME: Self = Self::axis(0);
    /// Length.
    pub const LENGTH: Self = Self::axis(1);
    /// Mass.
    pub const MASS: Self = Self::axis(2);
    /// Amount of substance.
    pub const AMOUNT: Self = Self::axis(3);
    /// Activity.
    pub const ACTIVITY: Self = Self::axis(4);
    /// Energy.
    pub const ENERGY: Self = Self::axis(5);
    /// Count of things (cells).
    pub const COUNT: Self = Self::axis(6);
    /// Volume.
    pub const VOLUME: Self = Self([0, 3 * TWELFTHS, 0, 0, 0, 0, 0, 0, 0]);
    /// Concentration: amount / volume.
    pub const CONCENTRATION: Self = Self([0, -3 * TWELFTHS, 0, TWELFTHS, 0, 0, 0, 0, 0]);
    /// 1 / time.
    pub const RATE: Self = Self([-TWELFTHS, 0, 0, 0, 0, 0, 0, 0, 0]);
    /// Clearance or flow: volume / time.
    pub const FLOW: Self = Self([-TWELFTHS, 3 * TWELFTHS, 0, 0, 0, 0, 0, 0, 0]);
    /// Absorbed dose: energy / mass.
    pub const DOSE: Self = Self([0, 0, -TWELFTHS, 0, 0, TWELFTHS, 0, 0, 0]);
    /// Absorbed dose rate.
    pub const DOSE_RATE: Self = Self([-TWELFTHS, 0, -TWELFTHS, 0, 0, TWELFTHS, 0, 0, 0]);
    /// RBE-weighted dose, Gy(RBE).
    pub const RBE_DOSE: Self = Self([0, 0, -TWELFTHS, 0, 0, TWELFTHS, 0, TWELFTHS, 0]);
    /// Biologically effective dose, Gy(BED).
    pub const BED: Self = Self([0, 0, -TWELFTHS, 0, 0, TWELFTHS, 0, 0, TWELFTHS]);
    /// Time-integrated activity.
    pub const TIME_INTEGRATED_ACTIVITY: Self = Self([TWELFTHS, 0, 0, 0, TWELFTHS, 0, 0, 0, 0]);

    const fn axis(i: usize) -> Self {
        let mut exponents = [0; AXES];
        exponents[i] = TWELFTHS;
        Self(exponents)
    }

    /// Whether this is a pure number.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// The dimension to an integer power, saturating far outside what occurs.
    #[must_use]
    pub fn powi(self, exponent: i32) -> Self {
        let exponent = exponent.clamp(-1000, 1000);
        Self(
            self.0.map(|e| {
                (i32::from(e) * exponent).clamp(i32::from(-LIMIT), i32::from(LIMIT)) as i16
            }),
        )
    }

    /// The dimension to a real power, if the exponents stay multiples of 1/12.
    #[must_use]
    pub fn pow(self, exponent: f64) -> Option<Self> {
        let mut out = [0; AXES];
        for (slot, e) in out.iter_mut().zip(self.0) {
            let x = f64::from(e) * exponent;
            if !x.is_finite() || x.abs() > f64::from(LIMIT) || (x - x.round()).abs() > 1e-9 {
                return None;
            }
            *slot = x.round() as i16;
        }
        Some(Self(out))
    }

    /// Whether an exponent has been cut off at the bound, so that the dimension says nothing.
    pub(crate) fn is_at_limit(self) -> bool {
        self.0.iter().any(|e| e.abs() >= LIMIT)
    }

    /// Exponents in twelfths, axis by axis.
    pub(crate) fn twelfths(self) -> [i16; AXES] {
        self.0
    }

    fn combine(self, other: Self, sign: i16) -> Self {
        let mut out = self.0;
        for (a, b) in out.iter_mut().zip(other.0) {
            *a = a.saturating_add(sign * b).clamp(-LIMIT, LIMIT);
        }
        Self(out)
    }
}

impl Mul for Dimension {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.combine(other, 1)
    }
}

impl Div for Dimension {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        self.combine(other, -1)
    }
}

const NAMED: [(Dimension, &str); 9] = [
    (Dimension::NONE, "dimensionless"),
    (Dimension::VOLUME, "volume"),
    (Dimension::CONCENTRATION, "concentration (amount / volume)"),
    (Dimension::FLOW, "volume / time"),
    (Dimension::DOSE, "absorbed dose"),
    (Dimension::DOSE_RATE, "absorbed dose rate"),
    (Dimension::RBE_DOSE, "RBE-weighted dose"),
    (Dimension::BED, "biologically effective dose"),
    (Dimension::TIME_INTEGRATED_ACTIVITY, "time-integrated activity"),
];

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, name)) = NAMED.iter().find(|(d, _)| d == self) {
            return f.write_str(name);
        }
        let names =
            ["time", "length", "mass", "amount", "activity", "energy", "count", "RBE", "BED"];
        let mut over = Vec::new();
        let mut under = Vec::new();
        let mut exponents = self.0;
        // Whole powers of length³ read better as volume.
        let volumes = exponents[1] / (3 * TWELFTHS);
        if volumes != 0 && exponents[1] % (3 * TWELFTHS) == 0 {
            exponents[1] = 0;
            let side = if volumes > 0 { &mut over } else { &mut under };
            side.push(power("volume", volumes.abs() * TWELFTHS));
        }
        for (name, e) in names.into_iter().zip(exponents) {
            if e > 0 {
                over.push(power(name, e));
            } else if e < 0 {
                under.push(power(name, -e));
            }
        }
        let over = if over.is_empty() { "1".to_owned() } else { over.join(" · ") };
        match under.len() {
            0 => f.write_str(&over),
            1 => write!(f, "{over} / {}", under[0]),
            _ => write!(f, "{over} / ({})", under.join(" · ")),
        }
    }
}

fn power(name: &str, twelfths: i16) -> String {
    if twelfths == TWELFTHS {
        name.to_owned()
    } else if twelfths % TWELFTHS == 0 {
        format!("{name}^{}", twelfths / TWELFTHS)
    } else {
        format!("{name}^({twelfths}/12)")
    }
}
