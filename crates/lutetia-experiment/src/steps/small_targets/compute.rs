//! Doses of spheres and cells of the same concentration, against that of the bulk.

use lutetia_dose::{Cell, Compartment, SmallDose, bundled, cell_dose, small_sphere};
use lutetia_units::DecayChain;

use super::{SmallTargets, SmallTargetsError};
use crate::{steps::StepError, written::Length};

/// Longest half-life of a daughter that counts, in half-lives of the nuclide given.
const LONGEST_DAUGHTER: f64 = 10.0;

/// The places of the decays in a cell.
pub(crate) const PLACES: [(Compartment, &str); 4] = [
    (Compartment::Surface, "surface"),
    (Compartment::Cytoplasm, "cytoplasm"),
    (Compartment::Cell, "whole cell"),
    (Compartment::Nucleus, "nucleus"),
];

/// A dose per decay of the nuclide given, mGy/(MBq s), and the part of the energy of alphas and of electrons that stays.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Left {
    pub(super) alpha: f64,
    pub(super) electron: f64,
    /// Energies that were emitted, as doses.
    emitted: [f64; 2],
}

impl Left {
    fn add(&mut self, dose: SmallDose, share: f64) {
        self.alpha += share * dose.alpha;
        self.electron += share * dose.electron;
        let parts = [(dose.alpha, dose.alpha_fraction), (dose.electron, dose.electron_fraction)];
        for (sum, (dose, fraction)) in self.emitted.iter_mut().zip(parts) {
            // What stays over its share is what was emitted, also of a daughter that has left.
            if let Some(fraction) = fraction.filter(|f| *f > 0.0) {
                *sum += dose / fraction;
            }
        }
    }

    pub(super) fn weighted(self, rbe: f64) -> f64 {
        rbe * self.alpha + self.electron
    }

    /// Part of the energy of alphas that stays; none without alphas.
    pub(super) fn alpha_fraction(self) -> Option<f64> {
        (self.emitted[0] > 0.0).then(|| self.alpha / self.emitted[0])
    }

    pub(super) fn electron_fraction(self) -> Option<f64> {
        (self.emitted[1] > 0.0).then(|| self.electron / self.emitted[1])
    }
}

/// A nuclide in all targets, with all daughters in place and with those that leave.
pub(super) struct OfNuclide {
    pub(super) name: String,
    /// By diameter: in place, and with daughters that leave.
    pub(super) spheres: Vec<[Left; 2]>,
    /// Dose of the nucleus of a single cell by place of the decays, in place.
    pub(super) cells: Vec<Left>,
}

/// Everything that can fail, all numbers looked at.
pub(super) fn checked(step: &SmallTargets) -> Result<(), StepError> {
    let numbers =
        [("`rbe`", step.rbe), ("`alpha`", step.alpha), ("`equal`", step.equal.quantity().si())];
    for (what, value) in
        numbers.into_iter().chain(step.rbe_range.iter().map(|rbe| ("`rbe_range`", *rbe)))
    {
        if !(value > 0.0 && value.is_finite()) {
            return Err(SmallTargetsError::NotAboveZero { what, value }.into());
        }
    }
    for rate in step.leave.values() {
        if rate.quantity().si() < 0.0 {
            let value = rate.quantity().si();
            return Err(SmallTargetsError::NotAboveZero { what: "a rate of `leave`", value }.into());
        }
    }
    let (cell, nucleus) = (step.cell.diameter.mm(), step.cell.nucleus.mm());
    if !(nucleus > 0.0 && nucleus < cell) {
        let [nucleus, cell] =
            [&step.cell.nucleus, &step.cell.diameter].map(|length| length.text().to_owned());
        return Err(SmallTargetsError::Nucleus { nucleus, cell }.into());
    }
    let mm: Vec<f64> = step.diameters.iter().map(Length::mm).collect();
    let rise = mm.windows(2).all(|pair| pair[0] < pair[1]);
    if mm.len() < 2 || !rise || mm.iter().any(|d| *d <= 0.0) {
        let found = step.diameters.iter().map(|d| d.text().to_owned()).collect();
        return Err(SmallTargetsError::Diameters { found }.into());
    }
    let control = step.control.share();
    if !(control > 0.0 && control < 1.0) {
        return Err(SmallTargetsError::Control { text: step.control.text().to_owned() }.into());
    }
    for name in step.nuclides.iter().chain(step.leave.keys()) {
        lutetia_data::nuclides().get(name)?;
    }
    Ok(())
}

/// All nuclides.
pub(super) fn of(step: &SmallTargets) -> Result<Vec<OfNuclide>, StepError> {
    step.nuclides.iter().map(|name| nuclide(step, name)).collect()
}

fn nuclide(step: &SmallTargets, name: &str) -> Result<OfNuclide, StepError> {
    let shares = shares(step, name)?;
    let sum =
        |dose: &dyn Fn(&lutetia_dose::Source) -> Result<SmallDose, lutetia_dose::DoseError>| {
            let (mut place, mut left) = (Left::default(), Left::default());
            for (member, decays, stays) in &shares {
                let one = dose(&bundled::source(member)?)?;
                place.add(one, *decays);
                left.add(one, *stays);
            }
            // What was emitted is the same whatever left.
            left.emitted = place.emitted;
            Ok::<_, StepError>([place, left])
        };
    let spheres = step
        .diameters
        .iter()
        .map(|d| sum(&|source| small_sphere(source, 500.0 * d.mm())))
        .collect::<Result<_, _>>()?;
    let cell = Cell {
        radius_um: 500.0 * step.cell.diameter.mm(),
        nucleus_um: 500.0 * step.cell.nucleus.mm(),
    };
    let cells = PLACES
        .iter()
        .map(|(place, _)| Ok(sum(&|source| cell_dose(source, cell, *place))?[0]))
        .collect::<Result<_, StepError>>()?;
    let name = lutetia_data::nuclides().get(name)?.name.clone();
    Ok(OfNuclide { name, spheres, cells })
}

/// Members of a chain with their decays per decay of the first: all of them, and those that decay before they or one
/// above them has left. A daughter with the rate k of leaving decays in place with probability λ/(λ + k).
fn shares(step: &SmallTargets, name: &str) -> Result<Vec<(String, f64, f64)>, StepError> {
    let chain = DecayChain::of(lutetia_data::nuclides(), name)?;
    let members = chain.members();
    let longest = LONGEST_DAUGHTER * members[0].half_life_s;
    let mut decays = vec![0.0; members.len()];
    let mut stays = vec![0.0; members.len()];
    (decays[0], stays[0]) = (1.0, 1.0);
    let rate_per_s = |nuclide: &str| {
        let named =
            |given: &str| lutetia_data::nuclides().get(given).is_ok_and(|n| n.name == nuclide);
        step.leave
            .iter()
            .find(|(given, _)| named(given))
            .map_or(0.0, |(_, rate)| rate.quantity().si())
    };
    // A member comes after every member that feeds it.
    for (k, member) in members.iter().enumerate() {
        for branch in &member.branches {
            let Some(next) = members.iter().position(|m| m.name == branch.daughter) else {
                continue;
            };
            let daughter = &members[next];
            if daughter.is_stable() || daughter.half_life_s > longest {
                continue;
            }
            let lambda = daughter.lambda_per_s();
            decays[next] += branch.fraction * decays[k];
            stays[next] +=
                branch.fraction * stays[k] * lambda / (lambda + rate_per_s(&daughter.name));
        }
    }
    Ok(members
        .iter()
        .zip(decays.iter().zip(&stays))
        .filter(|(_, (decays, _))| **decays > 0.0)
        .map(|(member, (decays, stays))| (member.name.clone(), *decays, *stays))
        .collect())
}
