//! Nuclides: decay constant, branches, mean energies; the only way between activity and amount.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::AVOGADRO;

/// One way a nuclide decays.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Branch {
    /// Name of the daughter.
    pub daughter: String,
    /// Fraction of decays, 0 to 1.
    pub fraction: f64,
    /// Mode: `B-`, `A`, `EC`, `IT`, ….
    pub mode: String,
}

/// Mean energies per decay of a nuclide alone, in MeV.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct MeanEnergy {
    /// Alpha particles, without recoil.
    pub alpha_mev: f64,
    /// Nuclei recoiling from alpha decay.
    pub alpha_recoil_mev: f64,
    /// Electrons: beta, conversion, Auger; positrons.
    pub electron_mev: f64,
    /// Photons: gamma, X, annihilation.
    pub photon_mev: f64,
}

/// A nuclide.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nuclide {
    /// Name, element first: `Lu-177`, `Tc-99m`.
    pub name: String,
    /// Half-life in s; infinite for a stable nuclide.
    pub half_life_s: f64,
    /// Its standard uncertainty in s, where known.
    pub half_life_sd_s: Option<f64>,
    /// Branches; empty for a stable nuclide.
    pub branches: Vec<Branch>,
    /// Mean energies per decay.
    pub energy: MeanEnergy,
    /// Where the numbers come from.
    pub source: String,
}

impl Nuclide {
    /// Whether it does not decay.
    #[must_use]
    pub fn is_stable(&self) -> bool {
        self.half_life_s.is_infinite()
    }

    /// Decay constant λ = ln 2 / T½ in 1/s; 0 for a stable nuclide.
    #[must_use]
    pub fn lambda_per_s(&self) -> f64 {
        std::f64::consts::LN_2 / self.half_life_s
    }

    /// Activity in Bq of an amount in mol: A = λ·N_A·n.
    #[must_use]
    pub fn activity_bq(&self, amount_mol: f64) -> f64 {
        self.lambda_per_s() * AVOGADRO * amount_mol
    }

    /// Amount in mol of an activity in Bq: n = A / (λ·N_A); infinite for a stable nuclide.
    #[must_use]
    pub fn amount_mol(&self, activity_bq: f64) -> f64 {
        activity_bq / (self.lambda_per_s() * AVOGADRO)
    }
}

/// Nuclides by name, checked: every daughter is there, branching fractions sum to one.
#[derive(Debug, Clone, Default)]
pub struct NuclideTable {
    nuclides: BTreeMap<String, Nuclide>,
}

/// A table of nuclides that contradicts itself, or a name that is not in it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NuclideError {
    /// No nuclide of that name.
    #[error("unknown nuclide `{name}`{}; known are {known}", suggestion.as_ref().map_or_else(String::new, |s| format!(", did you mean `{s}`?")))]
    Unknown {
        /// As asked.
        name: String,
        /// The name in the table that is spelt most alike.
        suggestion: Option<String>,
        /// All names.
        known: String,
    },
    /// A branch leads nowhere.
    #[error("the nuclide `{parent}` decays to `{daughter}`, which is not in the table")]
    MissingDaughter {
        /// Parent.
        parent: String,
        /// Daughter.
        daughter: String,
    },
    /// Branching fractions do not sum to one.
    #[error("the branching fractions of `{name}` sum to {sum}; expected 1 within 1e-3")]
    Fractions {
        /// Nuclide.
        name: String,
        /// Sum found.
        sum: f64,
    },
    /// A half-life that is not positive.
    #[error("the half-life of `{name}` is {half_life_s} s; expected a positive number")]
    HalfLife {
        /// Nuclide.
        name: String,
        /// Value found.
        half_life_s: f64,
    },
    /// Two rows of one name.
    #[error("the nuclide `{name}` is listed twice")]
    Duplicate {
        /// Nuclide.
        name: String,
    },
    /// A nuclide is its own descendant.
    #[error("the decay chain of `{name}` returns to itself")]
    Cycle {
        /// Nuclide.
        name: String,
    },
}

impl NuclideTable {
    /// A table from its rows.
    ///
    /// # Errors
    /// The first contradiction found.
    pub fn from_nuclides(rows: Vec<Nuclide>) -> Result<Self, NuclideError> {
        let mut nuclides = BTreeMap::new();
        for row in rows {
            if row.half_life_s.is_nan() || row.half_life_s <= 0.0 {
                let (name, half_life_s) = (row.name, row.half_life_s);
                return Err(NuclideError::HalfLife { name, half_life_s });
            }
            let sum: f64 = row.branches.iter().map(|b| b.fraction).sum();
            let expected = if row.is_stable() { 0.0 } else { 1.0 };
            // Tables round rare branches away: 217At sums to 0.99988.
            if (sum - expected).abs() > 1e-3 || row.branches.iter().any(|b| b.fraction < 0.0) {
                return Err(NuclideError::Fractions { name: row.name, sum });
            }
            let name = row.name.clone();
            if nuclides.insert(name.clone(), row).is_some() {
                return Err(NuclideError::Duplicate { name });
            }
        }
        let table = Self { nuclides };
        for n in table.iter() {
            for b in &n.branches {
                if !table.nuclides.contains_key(&b.daughter) {
                    let (parent, daughter) = (n.name.clone(), b.daughter.clone());
                    return Err(NuclideError::MissingDaughter { parent, daughter });
                }
            }
            let mut reached: Vec<&str> = n.branches.iter().map(|b| b.daughter.as_str()).collect();
            let mut at = 0;
            while at < reached.len() {
                if reached[at] == n.name {
                    return Err(NuclideError::Cycle { name: n.name.clone() });
                }
                for b in table.nuclides.get(reached[at]).map_or(&[][..], |d| &d.branches) {
                    if !reached.contains(&b.daughter.as_str()) {
                        reached.push(&b.daughter);
                    }
                }
                at += 1;
            }
        }
        Ok(table)
    }

    /// The nuclide of that name; `Lu-177`, `177Lu`, `lu177` and `177-Lu` mean the same.
    ///
    /// # Errors
    /// [`NuclideError::Unknown`].
    pub fn get(&self, name: &str) -> Result<&Nuclide, NuclideError> {
        canonical(name).and_then(|c| self.nuclides.get(&c)).ok_or_else(|| NuclideError::Unknown {
            name: name.chars().take(40).collect(),
            suggestion: self.suggest(name),
            known: self
                .nuclides
                .values()
                .filter(|n| !n.is_stable())
                .map(|n| n.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    fn suggest(&self, name: &str) -> Option<String> {
        let asked = canonical(name).unwrap_or_else(|| name.chars().take(12).collect());
        self.names()
            .map(|n| (strsim::damerau_levenshtein(&asked, n), n))
            .filter(|(distance, _)| *distance <= 2)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, n)| n.to_owned())
    }

    /// All nuclides by name.
    pub fn iter(&self) -> impl Iterator<Item = &Nuclide> {
        self.nuclides.values()
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.nuclides.keys().map(String::as_str)
    }
}

/// `Lu-177` from the ways people write it; `None` for a text that is not a nuclide.
fn canonical(name: &str) -> Option<String> {
    let text: Vec<char> = name.trim().chars().filter(|c| !matches!(c, '-' | ' ' | '_')).collect();
    let digits: String = text.iter().filter(|c| c.is_ascii_digit()).collect();
    if digits.is_empty() || text.len() > 12 || !text.iter().all(char::is_ascii_alphanumeric) {
        return None;
    }
    let letters: String = text.iter().filter(|c| c.is_ascii_alphabetic()).collect();
    let first_digit = text.iter().position(char::is_ascii_digit)?;
    let (element, metastable) = if first_digit == 0 {
        // 99mTc: an `m` between the digits and the element.
        let metastable = letters.len() > 2 && letters.starts_with('m')
            || letters.len() == 2
                && letters.starts_with('m')
                && letters.chars().nth(1)?.is_uppercase();
        (if metastable { letters[1..].to_owned() } else { letters }, metastable)
    } else {
        let element: String = text[..first_digit].iter().collect();
        let suffix = letters.get(element.len()..)?.to_owned();
        if !(suffix.is_empty() || suffix == "m") {
            return None;
        }
        (element, suffix == "m")
    };
    let mut chars = element.chars();
    let head = chars.next()?.to_ascii_uppercase();
    let tail = chars.as_str().to_ascii_lowercase();
    Some(format!("{head}{tail}-{digits}{}", if metastable { "m" } else { "" }))
}
