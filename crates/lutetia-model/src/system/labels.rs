//! Which nuclides each species carries, and what its decay yields.

use lutetia_units::{AVOGADRO, DecayChain, Dimension, Nuclide};

use super::{binding::Binding, error::CompileError, info::BoundNuclide};
use crate::model::{Fate, Model};

/// The bound nuclides of a model.
#[derive(Debug, Clone)]
pub(crate) struct Labels {
    pub(crate) nuclides: Vec<BoundNuclide>,
    /// For each species, the nuclides it carries: indices into `nuclides`.
    pub(crate) carried: Vec<Vec<usize>>,
}

impl Labels {
    pub(crate) fn bind(model: &Model, binding: &Binding<'_>) -> Result<Self, CompileError> {
        check_groups(model, binding)?;
        let mut labels =
            Self { nuclides: Vec::new(), carried: vec![Vec::new(); model.species.len()] };
        for (index, group) in model.labels.iter().enumerate() {
            let chosen = binding.nuclides_of(&group.name);
            // A label group on no pool needs no nuclide.
            let species: Vec<usize> = (0..model.species.len())
                .filter(|&s| model.species[s].label == Some(index))
                .collect();
            if chosen.is_empty() && !species.is_empty() {
                return Err(CompileError::Unbound {
                    model: model.id.clone(),
                    group: group.name.clone(),
                    species: list(species.iter().map(|&s| model.species[s].name.as_str())),
                });
            }
            let what = format!("label `{}`", group.name);
            let mut indices = Vec::new();
            for name in chosen {
                let n = labels.nuclide(model, binding, name, &what)?;
                if indices.contains(&n) {
                    return Err(CompileError::BoundTwice {
                        group: group.name.clone(),
                        nuclide: name.clone(),
                    });
                }
                indices.push(n);
            }
            for s in species {
                labels.carried[s].clone_from(&indices);
            }
        }
        for (index, species) in model.species.iter().enumerate() {
            if let Some(name) = &species.nuclide {
                let what = format!("species `{}`", species.name);
                let n = labels.nuclide(model, binding, name, &what)?;
                labels.carried[index] = vec![n];
            }
        }
        Ok(labels)
    }

    fn nuclide(
        &mut self,
        model: &Model,
        binding: &Binding<'_>,
        name: &str,
        what: &str,
    ) -> Result<usize, CompileError> {
        let found = look_up(binding, name, what)?;
        if found.is_stable() {
            return Err(CompileError::Stable {
                nuclide: found.name.clone(),
                what: what.to_owned(),
            });
        }
        if let Some(n) = self.nuclides.iter().position(|n| n.name == found.name) {
            return Ok(n);
        }
        let units = &model.units;
        let per_second = found.lambda_per_s();
        self.nuclides.push(BoundNuclide {
            name: found.name.clone(),
            lambda: per_second * units.factor(Dimension::TIME),
            activity_per_amount: per_second * AVOGADRO * units.factor(Dimension::AMOUNT)
                / units.factor(Dimension::ACTIVITY),
        });
        Ok(self.nuclides.len() - 1)
    }

    /// What a decay of `nuclide` on `species` yields: whether the cold molecule stays, and
    /// (species, expected number per decay).
    pub(crate) fn decay(
        &self,
        model: &Model,
        binding: &Binding<'_>,
        species: usize,
        nuclide: usize,
    ) -> Result<(bool, Vec<(usize, f64)>), CompileError> {
        let Some(fate) = fate(model, species) else { return Ok((false, Vec::new())) };
        let parent = &self.nuclides[nuclide].name;
        // The parent was found in the table, and a table holds all daughters.
        let chain = DecayChain::of(binding.table, parent).ok();
        let expected = |daughter: &str, before: &[&str]| {
            chain.as_ref().map_or(0.0, |c| c.yield_to(daughter, before))
        };
        let mut products = Vec::new();
        for &product in &fate.products {
            let Some(&daughter) =
                self.carried[product].first().filter(|_| model.species[product].nuclide.is_some())
            else {
                products.push((product, 1.0));
                continue;
            };
            let daughter = self.nuclides[daughter].name.as_str();
            // Other daughters of the same fate take their share first: what passes through them
            // continues from there.
            let others: Vec<&str> = fate
                .products
                .iter()
                .filter(|&&p| p != product && model.species[p].nuclide.is_some())
                .filter_map(|&p| self.carried[p].first().map(|&n| self.nuclides[n].name.as_str()))
                .collect();
            let amount = expected(daughter, &others);
            // Of several nuclides on one label (177Lu beside 225Ac) some may lack the daughter; that
            // none has it is a mistake.
            let reached = self.carried[species].iter().any(|&n| {
                DecayChain::of(binding.table, &self.nuclides[n].name)
                    .is_ok_and(|c| c.yield_to(daughter, &[]) > 0.0)
            });
            if !reached {
                return Err(CompileError::NotInChain {
                    parent: model.species[species].name.clone(),
                    nuclide: parent.clone(),
                    daughter: model.species[product].name.clone(),
                    daughter_nuclide: daughter.to_owned(),
                    chain: chain_text(binding, parent),
                });
            }
            products.push((product, amount));
        }
        Ok((fate.cold, products))
    }
}

/// The fate of a decayed molecule of a species, its own before its group's.
pub(crate) fn fate(model: &Model, species: usize) -> Option<&Fate> {
    let species = &model.species[species];
    species.decayed.as_ref().or_else(|| species.label.map(|group| &model.labels[group].decayed))
}

fn look_up<'a>(binding: &Binding<'a>, name: &str, what: &str) -> Result<&'a Nuclide, CompileError> {
    binding.table.get(name).map_err(|source| CompileError::UnknownNuclide {
        nuclide: name.to_owned(),
        what: what.to_owned(),
        source,
    })
}

fn check_groups(model: &Model, binding: &Binding<'_>) -> Result<(), CompileError> {
    for asked in binding.groups.keys() {
        let known =
            |name: &str| name == asked || name.rsplit(':').next().is_some_and(|bare| bare == asked);
        if !model.labels.iter().any(|g| known(&g.name)) {
            let names = model.labels.iter().map(|g| g.name.as_str());
            return Err(CompileError::UnknownGroup {
                model: model.id.clone(),
                group: asked.clone(),
                hint: suggestion(asked, names.clone()),
                known: if model.labels.is_empty() { "no labels".to_owned() } else { list(names) },
            });
        }
    }
    Ok(())
}

fn chain_text(binding: &Binding<'_>, parent: &str) -> String {
    DecayChain::of(binding.table, parent).map_or_else(
        |_| parent.to_owned(),
        |chain| chain.members().iter().map(|n| n.name.as_str()).collect::<Vec<_>>().join(" → "),
    )
}

/// "`a`, `b` and `c`", shortened after ten.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<String> = names.into_iter().map(|n| format!("`{n}`")).collect();
    match all.len() {
        0 => "none".to_owned(),
        1..=10 => all.join(", "),
        n => format!("{} and {} more", all[..10].join(", "), n - 10),
    }
}

/// "; did you mean `x`?" or nothing.
pub(crate) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    lutetia_diagnostic::closest(name, known)
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
