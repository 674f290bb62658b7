//! The compiled form against finite differences, closed forms and itself.

mod derivatives;
mod derived;
mod labels;
mod linear;
mod random_graphs;

use lutetia_model::{Binding, Model, System, compile};
use lutetia_testkit::nuclide_table;
use lutetia_units::NuclideTable;

pub(crate) const DAY: f64 = 86_400.0;

/// Lu-177, In-111 and the Ac-225 and Pb-212 chains; half-lives to three digits are enough here.
/// Branching fractions: ENSDF (Bi-213 97.8 % β⁻ to Po-213; Bi-212 64.06 % β⁻ to Po-212).
pub(crate) fn table() -> NuclideTable {
    let stable = f64::INFINITY;
    nuclide_table(&[
        ("Lu-177", 6.6443 * DAY, &[("Hf-177", 1.0)]),
        ("Hf-177", stable, &[]),
        ("In-111", 2.8047 * DAY, &[("Cd-111", 1.0)]),
        ("Cd-111", stable, &[]),
        ("Ac-225", 9.92 * DAY, &[("Fr-221", 1.0)]),
        ("Fr-221", 286.1, &[("At-217", 1.0)]),
        ("At-217", 0.0326, &[("Bi-213", 1.0)]),
        ("Bi-213", 2736.0, &[("Po-213", 0.978), ("Tl-209", 0.022)]),
        ("Po-213", 3.7e-6, &[("Pb-209", 1.0)]),
        ("Tl-209", 129.7, &[("Pb-209", 1.0)]),
        ("Pb-209", 11_640.0, &[("Bi-209", 1.0)]),
        ("Bi-209", stable, &[]),
        ("Pb-212", 38_160.0, &[("Bi-212", 1.0)]),
        ("Bi-212", 3633.0, &[("Po-212", 0.6406), ("Tl-208", 0.3594)]),
        ("Po-212", 2.94e-7, &[("Pb-208", 1.0)]),
        ("Tl-208", 183.2, &[("Pb-208", 1.0)]),
        ("Pb-208", stable, &[]),
    ])
}

pub(crate) fn compiled(model: &Model, nuclides: &[&str]) -> System {
    let table = table();
    let binding = Binding::all(&table, nuclides.iter().copied());
    compile(model, &binding).unwrap_or_else(|e| panic!("{e}"))
}

/// A small deterministic generator of numbers in (0, 1): test states need variety, not quality.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64 + 0.5) / f64::from(1_u32 << 31)
    }

    pub(crate) fn states(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| 0.1 + 2.0 * self.next()).collect()
    }
}
