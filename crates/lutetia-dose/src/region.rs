//! From the name of a measured region to an organ, a tumour or the body.

use lutetia_data::{Organ, OrganForm, RegionWords, organs, says_tumour};

use crate::error::DoseError;

/// Density of a tumour where none is given: soft tissue, ICRU Report 44.
pub(crate) const SOFT_TISSUE_DENSITY: f64 = 1.06;

/// A region whose self dose is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    given: String,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Organ {
        organ: &'static Organ,
        /// Left or right one of two.
        one_of_pair: bool,
    },
    Sphere,
}

impl Region {
    /// The organ, tumour or part of the body a name means.
    ///
    /// Case, `_`, `-`, CamelCase, plural and side do not matter: `Kidney_Left`, `left kidney`,
    /// `Kidneys`, `RemainderOfBody_FOV`, `WholeFOV`. `left` or `right` takes one of a pair. A name
    /// whose first word is `tumour`, `tumor`, `lesion`, `metastasis`, `met` or `sphere` is a sphere
    /// of soft tissue.
    ///
    /// # Errors
    /// [`DoseError::UnknownRegion`], with the nearest name and all names.
    pub fn named(name: &str) -> Result<Self, DoseError> {
        let parts = RegionWords::of(name);
        let words: Vec<&str> = parts.without_side().collect();
        if words.first().is_some_and(|first| says_tumour(first)) {
            return Ok(Self { given: name.to_owned(), kind: Kind::Sphere });
        }
        let wanted = words.join(" ");
        if let Some(organ) = Organ::of_words(&wanted) {
            let one_of_pair = parts.side().is_some() && organ.pieces.len() >= 2;
            return Ok(Self { given: name.to_owned(), kind: Kind::Organ { organ, one_of_pair } });
        }
        let candidates = || organs().iter().flat_map(Organ::names);
        // What is cut short (`whole_field`) is meant before what is spelled alike.
        let begun = candidates().find(|name| !wanted.is_empty() && name.starts_with(&wanted));
        let near = begun.or_else(|| lutetia_diagnostic::closest(&wanted, candidates()));
        Err(DoseError::UnknownRegion {
            name: name.to_owned(),
            // What an organ holds is not its wall, however near the name.
            suggestion: near
                .filter(|_| !words.iter().any(|w| w.starts_with("content")))
                .map(str::to_owned),
            known: organs().iter().map(|organ| organ.name).collect::<Vec<_>>().join(", "),
        })
    }

    /// A tumour: a sphere of soft tissue.
    #[must_use]
    pub fn tumour(name: &str) -> Self {
        Self { given: name.to_owned(), kind: Kind::Sphere }
    }

    /// Whether it is the red marrow, whose factors are those of [`crate::marrow_self_factor`].
    #[must_use]
    pub fn is_red_marrow(&self) -> bool {
        matches!(&self.kind, Kind::Organ { organ, .. } if organ.name == "red marrow")
    }

    /// Whether it is the body or what is left of it.
    #[must_use]
    pub fn is_body(&self) -> bool {
        matches!(&self.kind, Kind::Organ { organ, .. } if organ.form == OrganForm::Body)
    }

    /// Mass of the reference adult's organ, g, halved for one of a pair; `None` where there is none.
    #[must_use]
    pub fn reference_mass_g(&self, sex: lutetia_data::Sex) -> Option<f64> {
        match &self.kind {
            Kind::Organ { organ, one_of_pair } => {
                let mass = lutetia_data::reference_mass_g(&organ.name.replace(' ', "_"), sex)?;
                Some(if *one_of_pair { mass / 2.0 } else { mass })
            }
            Kind::Sphere => None,
        }
    }

    /// The name as it was given.
    #[must_use]
    pub fn given(&self) -> &str {
        &self.given
    }

    /// The organ it was taken for: `kidneys`, `one of the kidneys`, `sphere`.
    #[must_use]
    pub fn taken_for(&self) -> String {
        match &self.kind {
            Kind::Sphere => "sphere".to_owned(),
            Kind::Organ { organ, one_of_pair: true } => format!("one of the {}", organ.name),
            Kind::Organ { organ, one_of_pair: false } => organ.name.to_owned(),
        }
    }

    /// Density in g/cm³ (mL) used to turn a volume into a mass: of the organ, or of soft tissue.
    #[must_use]
    pub fn density(&self) -> f64 {
        match &self.kind {
            Kind::Sphere => SOFT_TISSUE_DENSITY,
            Kind::Organ { organ, .. } => organ.density,
        }
    }
}

/// The organs that a dose can be asked for, as their table names them.
#[must_use]
pub fn organ_names() -> Vec<&'static str> {
    organs().iter().map(|organ| organ.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_names_of_measured_regions() {
        for (given, taken) in [
            ("Kidney_Left", "one of the kidneys"),
            ("right kidney", "one of the kidneys"),
            ("Kidneys", "kidneys"),
            ("Liver", "liver"),
            ("SPLEEN", "spleen"),
            ("SalivaryGlands", "salivary glands"),
            ("parotid_L", "one of the parotid glands"),
            ("RemainderOfBody_FOV", "remainder of body"),
            ("WholeFOV", "whole field of view"),
            ("whole body", "total body"),
            ("Tumour_3", "sphere"),
            ("tumor2", "sphere"),
            ("Lesion 12, left femur", "sphere"),
        ] {
            let region = Region::named(given).unwrap_or_else(|e| panic!("{given}: {e}"));
            assert_eq!(region.taken_for(), taken, "{given}");
        }
    }

    #[test]
    fn exact_unknown_region_says_what_exists() {
        let error = Region::named("Kidnys").expect_err("no such organ");
        assert_eq!(error.code(), "LUT6002");
        let message = error.to_string();
        assert!(
            message.starts_with("no region named `Kidnys`; did you mean `kidneys`?"),
            "{message}"
        );
        assert!(message.contains("salivary glands"), "{message}");
        assert!(Region::named("").is_err());
    }

    #[test]
    fn exact_what_is_suggested_is_accepted() {
        for given in ["whole_bod", "Kidnys", "livr", "red_marow", "urinary_blad"] {
            let Err(DoseError::UnknownRegion { suggestion: Some(name), .. }) = Region::named(given)
            else {
                panic!("`{given}` is known, or nothing is suggested");
            };
            assert!(Region::named(&name).is_ok(), "{given}: {name}");
            assert!(Region::named(&name.replace(' ', "_")).is_ok(), "{given}: {name}");
        }
    }
}
