//! Organs as a table that travels inside the program names them: their form, density and other names.

use std::sync::LazyLock;

use super::words::same;

/// How an organ keeps its particles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganForm {
    /// One or a few convex pieces.
    Solid,
    /// Shell around contents.
    Wall,
    /// Mixed with other tissue.
    Spread,
    /// The whole body or what is left of it.
    Body,
}

/// A row of `data/dose_factors_organs.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Organ {
    /// Its name, in lower case.
    pub name: &'static str,
    /// How it keeps its particles.
    pub form: OrganForm,
    /// Parts of its mass that lie apart; they sum to 1.
    pub pieces: Vec<f64>,
    /// Mean distance from inside to the surface, sphere of the same volume over organ.
    pub path_factor: f64,
    /// Surface, organ over sphere of the same volume.
    pub surface_factor: f64,
    /// Density, g/cm³.
    pub density: f64,
    /// Where its form is from.
    pub source: &'static str,
    aliases: Vec<&'static str>,
}

impl Organ {
    /// Its name and the others it goes by.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The organ that words such as `salivary gland` mean, whatever their plural; what was in the field of view
    /// (`remainder fov`) is still the organ.
    #[must_use]
    pub fn of_words(words: &str) -> Option<&'static Self> {
        Self::called(words).or_else(|| Self::called(words.trim_end_matches(" fov")))
    }

    /// The organ with that name, but for plurals.
    pub(super) fn called(words: &str) -> Option<&'static Self> {
        organs().iter().find(|organ| organ.names().any(|name| same(name, words)))
    }
}

static ORGANS: LazyLock<Vec<Organ>> =
    LazyLock::new(|| rows(lutetia_reference_data::DOSE_FACTOR_ORGANS).filter_map(parse).collect());

/// The organs there are, in the order of their table.
#[must_use]
pub fn organs() -> &'static [Organ] {
    &ORGANS
}

fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).skip(1)
}

fn parse(line: &'static str) -> Option<Organ> {
    let cells: Vec<&str> = line.splitn(8, ',').collect();
    let form = match *cells.get(1)? {
        "solid" => OrganForm::Solid,
        "wall" => OrganForm::Wall,
        "spread" => OrganForm::Spread,
        "body" => OrganForm::Body,
        _ => return None,
    };
    Some(Organ {
        name: cells[0],
        form,
        pieces: cells.get(2)?.split(';').map(str::parse).collect::<Result<_, _>>().ok()?,
        path_factor: cells.get(3)?.parse().ok()?,
        surface_factor: cells.get(4)?.parse().ok()?,
        density: cells.get(5)?.parse().ok()?,
        aliases: cells.get(6)?.split(';').filter(|alias| !alias.is_empty()).collect(),
        source: cells.get(7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_organ_table_is_whole() {
        // A row that cannot be read would be left out.
        assert_eq!(organs().len(), rows(lutetia_reference_data::DOSE_FACTOR_ORGANS).count());
        for organ in organs() {
            let sum: f64 = organ.pieces.iter().sum();
            assert!((sum - 1.0).abs() < 1e-9, "{}: pieces sum to {sum}", organ.name);
            assert!(organ.path_factor >= 1.0 && organ.surface_factor >= 1.0, "{}", organ.name);
            assert!(!organ.source.is_empty());
        }
    }
}
