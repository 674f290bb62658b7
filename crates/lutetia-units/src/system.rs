//! Coherent internal units.

use crate::{dimension::Dimension, error::UnitError, quantity::Quantity, unit::Unit};

/// The internal units of one model: an SI size per base quantity.
///
/// In coherent units a product of numbers is the number of the product, so that compiled models
/// need no factors. Masses are in g, activities in MBq and energies in mJ, so that energy / mass is
/// Gy; time, amount and volume are the author's.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitSystem {
    bases: [(f64, String); 7],
    volume: (f64, String),
}

impl UnitSystem {
    /// Internal units from the author's units of time, amount and volume.
    ///
    /// # Errors
    /// [`UnitError::Mismatch`] when a unit has another dimension.
    pub fn new(time: &Unit, amount: &Unit, volume: &Unit) -> Result<Self, UnitError> {
        let expect = |unit: &Unit, dimension: Dimension, symbol: &str| {
            unit.conversion_to(&Unit::from_parts(dimension, 1.0, symbol)).map(|_| ())
        };
        expect(time, Dimension::TIME, "h")?;
        expect(amount, Dimension::AMOUNT, "nmol")?;
        expect(volume, Dimension::VOLUME, "L")?;
        let named = |scale: f64, symbol: &str| (scale, symbol.to_owned());
        Ok(Self {
            bases: [
                named(time.scale(), time.symbol()),
                named(volume.scale().cbrt(), &format!("({})^(1/3)", volume.symbol())),
                named(1e-3, "g"),
                named(amount.scale(), amount.symbol()),
                named(1e6, "MBq"),
                named(1e-3, "mJ"),
                named(1.0, "cells"),
            ],
            volume: named(volume.scale(), volume.symbol()),
        })
    }

    /// SI value of one internal unit of a dimension.
    #[must_use]
    pub fn factor(&self, dimension: Dimension) -> f64 {
        let twelfths = dimension.twelfths();
        let mut factor = 1.0;
        for (i, ((scale, _), e)) in self.bases.iter().zip(twelfths).enumerate() {
            // Through the volume where the power of length is a multiple of three: exact.
            factor *= if i == 1 && e % 36 == 0 {
                self.volume.0.powi(i32::from(e / 36))
            } else if e % 12 == 0 {
                scale.powi(i32::from(e / 12))
            } else {
                scale.powf(f64::from(e) / 12.0)
            };
        }
        factor
    }

    /// The number of internal units of a quantity.
    #[must_use]
    pub fn to_internal(&self, quantity: &Quantity) -> f64 {
        quantity.value() * (quantity.unit().scale() / self.factor(quantity.dimension()))
    }

    /// An internal number in `unit`, which must have the number's dimension.
    #[must_use]
    pub fn from_internal(&self, internal: f64, unit: &Unit) -> f64 {
        internal * (self.factor(unit.dimension()) / unit.scale())
    }

    /// The internal unit of a dimension, printable.
    #[must_use]
    pub fn unit_of(&self, dimension: Dimension) -> Unit {
        let scale = self.factor(dimension);
        for (special, symbol) in [
            (Dimension::NONE, "1"),
            (Dimension::DOSE, "Gy"),
            (Dimension::RBE_DOSE, "Gy(RBE)"),
            (Dimension::BED, "Gy(BED)"),
        ] {
            if dimension == special {
                return Unit::from_parts(dimension, scale, symbol);
            }
        }
        let mut twelfths = dimension.twelfths();
        let mut over = Vec::new();
        let mut under = Vec::new();
        // Energy per mass is Gy, with its marks.
        for (mark, symbol) in [(7, "Gy(RBE)"), (8, "Gy(BED)"), (5, "Gy")] {
            let e = twelfths[mark];
            if e != 0 && twelfths[5] == e && twelfths[2] == -e {
                let side = if e > 0 { &mut over } else { &mut under };
                side.push(power(symbol, e.abs()));
                (twelfths[mark], twelfths[5], twelfths[2]) = (0, 0, 0);
            }
        }
        if twelfths[1] != 0 && twelfths[1] % 36 == 0 {
            let side = if twelfths[1] > 0 { &mut over } else { &mut under };
            side.push(power(&self.volume.1, twelfths[1].abs() / 3));
            twelfths[1] = 0;
        }
        // Time last: people write L/nmol/h.
        for i in [3, 4, 5, 2, 6, 1, 0] {
            let symbol = &self.bases[i].1;
            if twelfths[i] > 0 {
                over.push(power(symbol, twelfths[i]));
            } else if twelfths[i] < 0 {
                under.push(power(symbol, -twelfths[i]));
            }
        }
        let over = if over.is_empty() { "1".to_owned() } else { over.join(" ") };
        let symbol = under.iter().fold(over, |text, u| format!("{text}/{u}"));
        Unit::from_parts(dimension, scale, symbol)
    }
}

fn power(symbol: &str, twelfths: i16) -> String {
    match twelfths {
        12 => symbol.to_owned(),
        t if t % 12 == 0 => format!("{symbol}^{}", t / 12),
        t => format!("{symbol}^({t}/12)"),
    }
}
