//! What the name of a measured region says: an organ, a side of it, a tumour, a total, the body.
//!
//! [`RegionWords`] takes a name apart and [`Organ`] finds the organ; doses use both, where a name that means nothing is
//! an error. [`RegionName`] serves to look whether a table is plausible and whether regions hold one another, for which
//! it is none.

mod organs;
mod words;

use crate::{Sex, reference_mass_g};

pub use organs::{Organ, OrganForm, organs};
pub use words::{RegionWords, says_tumour};

/// What a region is, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionKind {
    /// An organ, as `data/dose_factors_organs.csv` names it.
    Organ(&'static str),
    /// The whole body or the whole field of view: it holds every other region.
    Whole(&'static str),
    /// What the other regions leave of the body.
    Remainder,
    /// A tumour or lesion.
    Tumour,
    /// The name says nothing known.
    Other,
}

/// The name of a region, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionName {
    /// What it is.
    pub kind: RegionKind,
    /// `left` or `right`, where the name says so.
    pub side: Option<&'static str>,
    /// Whether it says that it is all of several: `tumour_total`, `all lesions`.
    pub total: bool,
    /// The same for names that differ in case, separators and order of words alone.
    pub key: String,
}

/// Density of a tumour where none is given, g/mL: soft tissue.
const SOFT_TISSUE: f64 = 1.06;

/// Organs that are parts of another.
const PARTS: [(&str, &str); 2] =
    [("parotid glands", "salivary glands"), ("submandibular glands", "salivary glands")];

/// Organs that disease or age makes many times heavier than the reference: as often as that is not a slip.
const MAY_GROW: [(&str, f64); 4] =
    [("spleen", 30.0), ("thyroid", 30.0), ("prostate", 20.0), ("uterus", 20.0)];

/// Beyond this factor either way, a mass is not that of the organ.
const FAR: f64 = 5.0;

/// A tumour that an image can show and a patient can carry, g.
const TUMOUR_G: std::ops::RangeInclusive<f64> = 0.03..=5000.0;

impl RegionName {
    /// Reads a name: case, `_`, `-`, CamelCase, plural and side do not matter, as they do not where doses are computed.
    #[must_use]
    pub fn read(name: &str) -> Self {
        let words = RegionWords::of(name);
        let rest: Vec<&str> = words.without_side().collect();
        let total = rest.iter().any(|w| ["total", "all", "sum", "ttb"].contains(w));
        Self { kind: kind(&rest, total), side: words.side(), total, key: words.key() }
    }

    /// Whether this region lies within the other, as their names tell: a side or a part of an organ, a tumour within the
    /// total of tumours, anything within the whole body.
    #[must_use]
    pub fn lies_in(&self, other: &Self) -> bool {
        match (self.kind, other.kind) {
            (RegionKind::Organ(a), RegionKind::Organ(b)) => {
                let part = PARTS.contains(&(a, b));
                let same_side = other.side.is_none() || other.side == self.side;
                (part && same_side) || (a == b && other.side.is_none() && self.side.is_some())
            }
            (RegionKind::Tumour, RegionKind::Tumour) => other.total && !self.total,
            (RegionKind::Whole(_), RegionKind::Whole(_)) => false,
            (_, RegionKind::Whole(_)) => true,
            _ => false,
        }
    }

    /// Mass of the reference adult's organ, g, of one sex; halved for one side of a pair.
    #[must_use]
    pub fn reference_mass_g(&self, sex: Sex) -> Option<f64> {
        let (RegionKind::Organ(name) | RegionKind::Whole(name)) = self.kind else { return None };
        let mass = reference_mass_g(&name.replace(' ', "_"), sex)?;
        let pair = organs().iter().any(|o| o.name == name && o.pieces.len() >= 2);
        Some(if self.side.is_some() && pair { mass / 2.0 } else { mass })
    }

    /// Density by which a volume becomes a mass, g/mL.
    #[must_use]
    pub fn density(&self) -> f64 {
        let name = match self.kind {
            RegionKind::Organ(name) | RegionKind::Whole(name) => name,
            _ => return SOFT_TISSUE,
        };
        organs().iter().find(|o| o.name == name).map_or(SOFT_TISSUE, |o| o.density)
    }

    /// Whether a mass in g is one that this region can have; `None` where nothing is known of it.
    ///
    /// Organs lie within a factor of five of the adults of ICRP Publication 89; those that grow with age or disease may be
    /// heavier still. What is spread through the body, or holds contents, is not judged.
    #[must_use]
    pub fn plausible_mass(&self, g: f64) -> Option<bool> {
        let name = match self.kind {
            RegionKind::Tumour => return Some(TUMOUR_G.contains(&g)),
            RegionKind::Organ(name) => name,
            RegionKind::Whole("total body") => "total body",
            RegionKind::Whole(_) | RegionKind::Remainder => return Some(g <= 400_000.0),
            RegionKind::Other => return None,
        };
        if organs()
            .iter()
            .any(|o| o.name == name && matches!(o.form, OrganForm::Spread | OrganForm::Wall))
        {
            return None;
        }
        let masses: Vec<f64> =
            [Sex::Male, Sex::Female].iter().filter_map(|s| self.reference_mass_g(*s)).collect();
        let least = masses.iter().copied().reduce(f64::min)?;
        let most = masses.iter().copied().reduce(f64::max)?;
        let up = MAY_GROW.iter().find(|o| o.0 == name).map_or(FAR, |o| o.1);
        // One side may be all that is left of a pair, or the name may not say that it is one.
        let pair =
            self.side.is_none() && organs().iter().any(|o| o.name == name && o.pieces.len() == 2);
        let least = if pair { least / 2.0 } else { least };
        Some(g >= least / FAR && g <= most * up)
    }

    /// What is wrong with a mass in g that the region cannot have, and the likely slip; `None` where nothing is.
    ///
    /// `slips` are factors that would make it right, with what they mean.
    #[must_use]
    pub fn doubtful_mass(&self, g: f64, slips: &[(f64, &str)]) -> Option<(String, Option<String>)> {
        if self.plausible_mass(g)? {
            return None;
        }
        let slip = slips
            .iter()
            .find(|(factor, _)| self.plausible_mass(g * factor) == Some(true))
            .map(|(_, meaning)| (*meaning).to_owned());
        let reference = match (self.kind, self.reference_mass_g(Sex::Male)) {
            (RegionKind::Tumour, _) => "no tumour that an image shows".to_owned(),
            (_, Some(male)) => match self.reference_mass_g(Sex::Female) {
                Some(female) if (female - male).abs() > 1e-9 => {
                    format!("the reference adults have {male} g (male) and {female} g (female)")
                }
                _ => format!("the reference adult has {male} g"),
            },
            (_, None) => match self.reference_mass_g(Sex::Female) {
                Some(female) => format!("the reference adult has {female} g"),
                None => "more than any body".to_owned(),
            },
        };
        Some((reference, slip))
    }
}

fn kind(words: &[&str], total: bool) -> RegionKind {
    let of_totals = |word: &str| ["total", "all", "sum", "of"].contains(&word);
    let bare: Vec<&str> = words.iter().copied().filter(|word| !of_totals(word)).collect();
    let first = bare.first().copied().unwrap_or_default();
    if says_tumour(first) || words::says_tumours(first) {
        return RegionKind::Tumour;
    }
    let wanted = words.join(" ");
    let found = Organ::of_words(&wanted)
        .or_else(|| Organ::called(&format!("{wanted} of view")))
        .or_else(|| total.then(|| Organ::called(&bare.join(" "))).flatten());
    match found {
        Some(o) if o.name == "remainder of body" => RegionKind::Remainder,
        Some(o) if o.form == OrganForm::Body => RegionKind::Whole(o.name),
        Some(o) => RegionKind::Organ(o.name),
        None => RegionKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_names_hold_one_another() {
        for (part, whole) in [
            ("kidney_left", "kidneys"),
            ("Kidney_Right", "kidney"),
            ("left liver", "liver"),
            ("parotid_L", "salivary glands"),
            ("ParotidGland_Left", "parotids"),
            ("tumour3", "tumour_total"),
            ("lesion_femur", "all lesions"),
            ("Lesion_1", "TTB"),
            ("liver", "WholeBody"),
            ("remainder", "whole_field"),
        ] {
            let (part, whole) = (RegionName::read(part), RegionName::read(whole));
            assert!(part.lies_in(&whole), "{part:?} in {whole:?}");
            assert!(!whole.lies_in(&part), "{whole:?} in {part:?}");
        }
        for (a, b) in [("kidney_left", "kidney_right"), ("liver", "spleen"), ("tumour1", "tumour2")]
        {
            let (a, b) = (RegionName::read(a), RegionName::read(b));
            assert!(!a.lies_in(&b) && !b.lies_in(&a), "{a:?} {b:?}");
        }
    }

    #[test]
    fn exact_spellings_have_one_key() {
        for names in [
            ["kidney_left", "Kidney_Left", "left kidney", "KidneyLeft", "kidney l"],
            ["tumour1", "Tumor1", "TUMOUR1", "tumour1 ", "tumor1"],
        ] {
            let first = RegionName::read(names[0]).key;
            assert!(names.iter().all(|n| RegionName::read(n).key == first), "{names:?}");
        }
        assert_ne!(RegionName::read("tumour1").key, RegionName::read("tumour2").key);
    }

    #[test]
    fn prop_reference_masses_are_plausible_and_a_thousandfold_is_not() {
        for organ in organs() {
            let name = RegionName::read(organ.name);
            for g in [Sex::Male, Sex::Female].iter().filter_map(|s| name.reference_mass_g(*s)) {
                // Half to double is what healthy adults differ by.
                for f in [0.5, 1.0, 2.0] {
                    assert_ne!(name.plausible_mass(f * g), Some(false), "{} {f}", organ.name);
                }
                for f in [1e-3, 1e3] {
                    assert_ne!(name.plausible_mass(f * g), Some(true), "{} {f}", organ.name);
                }
            }
        }
    }
}
