//! The only way between mass and amount.

/// Molar mass in g/mol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MolarMass(f64);

impl MolarMass {
    /// A molar mass; `None` unless it is positive and finite.
    #[must_use]
    pub fn new(g_per_mol: f64) -> Option<Self> {
        (g_per_mol.is_finite() && g_per_mol > 0.0).then_some(Self(g_per_mol))
    }

    /// Mass in g of an amount in mol: m = M·n.
    #[must_use]
    pub fn mass_g(self, amount_mol: f64) -> f64 {
        self.0 * amount_mol
    }

    /// Amount in mol of a mass in g: n = m / M.
    #[must_use]
    pub fn amount_mol(self, mass_g: f64) -> f64 {
        mass_g / self.0
    }
}
