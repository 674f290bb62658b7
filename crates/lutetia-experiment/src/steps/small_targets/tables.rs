//! The tables of small targets.

use std::f64::consts::PI;

use lutetia_table::{Cell, Table};

use super::{
    SmallTargets,
    compute::{Left, OfNuclide, PLACES},
};
use crate::results::{Measure, Results, Shown};

/// All of them.
pub(super) fn all(step: &SmallTargets, found: &[OfNuclide]) -> [Shown; 3] {
    [spheres(step, found).into(), sizes(step, found).into(), cells(step, found).into()]
}

/// Mass of a sphere of water, g.
fn mass_g(diameter_mm: f64) -> f64 {
    PI / 6.0 * (0.1 * diameter_mm).powi(3)
}

/// Dose of a target over that of the bulk of the same concentration: the doses per decay times the masses that hold them.
fn relative(small: (Left, f64), bulk: (Left, f64), rbe: f64) -> f64 {
    small.0.weighted(rbe) * small.1 / (bulk.0.weighted(rbe) * bulk.1)
}

/// A nuclide in one of the spheres.
struct Sphere<'a> {
    step: &'a SmallTargets,
    of: &'a OfNuclide,
    at: usize,
}

impl Sphere<'_> {
    fn mm(&self) -> f64 {
        self.step.diameters[self.at].mm()
    }

    /// Dose over that of the bulk with all daughters in place; 0 in place, 1 with those that leave.
    fn relative(&self, leaving: usize, rbe: f64) -> f64 {
        let last = self.step.diameters.len() - 1;
        let bulk = (self.of.spheres[last][0], mass_g(self.step.diameters[last].mm()));
        relative((self.of.spheres[self.at][leaving], mass_g(self.mm())), bulk, rbe)
    }

    /// Cells that fill it, at least one.
    fn cells(&self) -> f64 {
        (self.mm() / self.step.cell.diameter.mm()).powi(3).max(1.0)
    }

    /// RBE-weighted dose of the bulk, Gy, with which no cell of the sphere is left with the probability asked:
    /// `ln(N/(-ln p))/(α f)`.
    fn needed(&self, leaving: usize, rbe: f64) -> f64 {
        let wanted = -self.step.control.share().ln();
        (self.cells() / wanted).ln() / (self.step.alpha * self.relative(leaving, rbe))
    }

    /// The least and the greatest of something over the weights of alphas.
    fn range(&self, of: impl Fn(&Self, f64) -> f64) -> (f64, f64) {
        let weights = self.step.rbe_range.iter().chain([&self.step.rbe]);
        weights
            .map(|rbe| of(self, *rbe))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
    }
}

/// `<id>`: every nuclide in every sphere.
fn spheres(step: &SmallTargets, found: &[OfNuclide]) -> Table {
    let bulk = step.diameters.last().map_or("", |d| d.text());
    let caption = format!(
        "Spheres of the same concentration: absorbed fractions, RBE-weighted dose over that of the bulk ({bulk}), and the \
         dose of the bulk with which no cell is left with a probability of {}",
        step.control.text()
    );
    let mut table = Table::new(&step.id, &caption)
        .column("row", "")
        .column("nuclide", "")
        .column("particles", "")
        .column("diameter", "mm")
        .column("cells", "")
        .column("alpha_fraction", "")
        .column("electron_fraction", "")
        .column("relative", "")
        .column("relative_low", "")
        .column("relative_high", "")
        .column("relative_leaving", "")
        .column("needed", "Gy(RBE)")
        .column("needed_leaving", "Gy(RBE)");
    for of in found {
        for (at, diameter) in step.diameters.iter().enumerate() {
            let sphere = Sphere { step, of, at };
            let (low, high) = sphere.range(|s, rbe| s.relative(0, rbe));
            let left = of.spheres[at][0];
            let particles = match left.alpha_fraction() {
                Some(_) => "with alphas",
                None => "electrons alone",
            };
            table.push(vec![
                format!("{} {}", of.name, diameter.text()).into(),
                of.name.as_str().into(),
                particles.into(),
                sphere.mm().into(),
                sphere.cells().into(),
                left.alpha_fraction().into(),
                left.electron_fraction().into(),
                sphere.relative(0, step.rbe).into(),
                low.into(),
                high.into(),
                sphere.relative(1, step.rbe).into(),
                sphere.needed(0, step.rbe).into(),
                sphere.needed(1, step.rbe).into(),
            ]);
        }
    }
    table
}

/// `<id>.sizes`: which nuclide each size asks for, that is which needs the least dose of the bulk.
fn sizes(step: &SmallTargets, found: &[OfNuclide]) -> Table {
    let mut table = Table::new(
        format!("{}.sizes", step.id),
        "The nuclides that need the least and the most dose of the bulk to control spheres of a size; leaving: with \
         daughters that leave",
    )
    .column("diameter", "")
    .column("best", "")
    .column("needed", "Gy(RBE)")
    .column("best_without_alphas", "")
    .column("needed_without_alphas", "Gy(RBE)")
    .column("worst", "")
    .column("needed_by_worst", "Gy(RBE)")
    .column("best_leaving", "")
    .column("needed_leaving", "Gy(RBE)");
    // The bulk is what all are compared with.
    let smaller = step.diameters.len() - 1;
    for (at, diameter) in step.diameters.iter().enumerate().take(smaller) {
        let dose =
            |of: &OfNuclide, leaving: usize| Sphere { step, of, at }.needed(leaving, step.rbe);
        let least = |leaving: usize, alphas: bool| {
            let some =
                found.iter().filter(|of| alphas || of.spheres[at][0].alpha_fraction().is_none());
            some.min_by(|a, b| dose(a, leaving).total_cmp(&dose(b, leaving)))
        };
        let worst = found.iter().max_by(|a, b| dose(a, 0).total_cmp(&dose(b, 0)));
        let mut row: Vec<Cell> = vec![diameter.text().into()];
        for (of, leaving) in
            [(least(0, true), 0), (least(0, false), 0), (worst, 0), (least(1, true), 1)]
        {
            row.push(of.map_or("", |of| of.name.as_str()).into());
            row.push(of.map(|of| dose(of, leaving)).into());
        }
        table.push(row);
    }
    table
}

/// `<id>.cells`: the dose of the nucleus of a single cell.
fn cells(step: &SmallTargets, found: &[OfNuclide]) -> Results {
    let caption = format!(
        "Nucleus ({}) of a single cell ({}) by the place of the decays, all daughters in place: dose per decay, and \
         RBE-weighted dose where as many decay per mass as give the bulk {}",
        step.cell.nucleus.text(),
        step.cell.diameter.text(),
        step.equal.text()
    );
    let mut table = Results::new(format!("{}.cells", step.id), &caption)
        .subject("row", "")
        .text("nuclide")
        .text("place")
        .number(Measure::Output("alpha".to_owned()), "mGy/(MBq s)")
        .number(Measure::Output("electron".to_owned()), "mGy/(MBq s)")
        .number(Measure::Output("relative".to_owned()), "")
        .number(Measure::Output("at_equal".to_owned()), "Gy(RBE)")
        .number(Measure::Output("decays".to_owned()), "");
    let last = step.diameters.len() - 1;
    let cell_mass = mass_g(step.cell.diameter.mm());
    let equal = step.equal.quantity().si();
    for of in found {
        let bulk = (of.spheres[last][0], mass_g(step.diameters[last].mm()));
        for (left, (_, place)) in of.cells.iter().zip(PLACES) {
            let relative = relative((*left, cell_mass), bulk, step.rbe);
            // mGy/(MBq s) is 1e-9 Gy per decay.
            let decays = equal * cell_mass / (1e-9 * bulk.0.weighted(step.rbe) * bulk.1);
            table.push(vec![
                format!("{} {place}", of.name).into(),
                of.name.as_str().into(),
                place.into(),
                left.alpha.into(),
                left.electron.into(),
                relative.into(),
                (equal * relative).into(),
                decays.into(),
            ]);
        }
    }
    table
}
