//! Species, labels, fates and the pools they make.

use std::collections::BTreeMap;

use lutetia_diagnostic::{Diagnostic, closest};
use lutetia_units::{Dimension, MolarMass, Unit};

use super::super::{
    code,
    declare::{Fields, unknown, wrong_kind},
    fields::{identifier, place, quantity_of, string, text, texts},
    keys,
    text::Text,
    tree::{Node, Value},
};
use super::{Builder, MOST_POOLS, twice};
use crate::model::{Dosing, Fate, LabelGroup, ParameterValue, Pool, Species};

impl Builder<'_> {
    pub(super) fn species(&mut self, head: &Fields, faults: &mut Vec<Diagnostic>) {
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        for e in &self.found.species {
            if let Some(bad) = identifier(&e.name) {
                faults.push(bad);
            }
            if index.insert(e.name.as_str().to_owned(), self.species.len()).is_some() {
                faults.push(twice(&e.name, None));
            }
            self.species.push(Species {
                name: e.name.as_str().to_owned(),
                label: None,
                nuclide: string(&e.fields, "nuclide", faults),
                decayed: None,
                molar_mass: None,
                about: string(&e.fields, "about", faults),
            });
        }
        self.read_labels(head, &index, faults);
        for (i, e) in self.found.species.iter().enumerate() {
            if let Some(t) = e.fields.get("decayed").map(|_| texts(&e.fields, "decayed", faults)) {
                if self.species[i].label.is_none() && self.species[i].nuclide.is_none() {
                    faults.push(
                        Diagnostic::error(
                            code::FATE,
                            format!(
                                "`{}` carries no nuclide, so it does not decay",
                                e.name.as_str()
                            ),
                        )
                        .at(place(&e.fields, "decayed"), "")
                        .hint("add it to `label.on`, or give it a `nuclide`"),
                    );
                } else {
                    let daughter = self.species[i].nuclide.is_some();
                    self.species[i].decayed = fate(&t, &index, daughter, faults);
                }
            }
            if self.species[i].label.is_some() && self.species[i].nuclide.is_some() {
                faults.push(
                    Diagnostic::error(
                        code::LABEL,
                        format!("`{}` carries a label and is itself a nuclide", e.name.as_str()),
                    )
                    .at(e.name.span(), "")
                    .hint("take it out of `label.on`, or leave `nuclide` out"),
                );
            }
        }
        self.make_pools(&index, faults);
    }

    /// Molar masses, which may be parameters and are therefore read after them.
    pub(super) fn molar_masses(&mut self, faults: &mut Vec<Diagnostic>) {
        let gram_per_mol = Dimension::MASS / Dimension::AMOUNT;
        for (i, e) in self.found.species.iter().enumerate() {
            let Some(t) = text(&e.fields, "molar_mass", faults) else { continue };
            let of = format!("`molar_mass` of `{}`", e.name.as_str());
            let parameter = self.parameters.iter().find(|p| p.name == t.as_str());
            let grams = match parameter.map(|p| (&p.value, p)) {
                Some((ParameterValue::Number(x), p)) if p.fixed && p.dimension == gram_per_mol => {
                    Unit::parse("g/mol").ok().map(|u| self.names.units.from_internal(*x, &u))
                }
                Some((_, p)) => {
                    let why = if p.dimension != gram_per_mol {
                        format!("is {}", p.dimension)
                    } else if matches!(p.value, ParameterValue::Number(_)) {
                        "is not fixed".to_owned()
                    } else {
                        "is a formula".to_owned()
                    };
                    faults.push(
                        Diagnostic::error(
                            code::DIMENSION,
                            format!("{of} is the parameter `{}`, which {why}; expected a fixed {gram_per_mol}", p.name),
                        )
                        .at(t.span(), "")
                        .hint("a molar mass is a constant: give a number with `fixed = true`, such as `434.5 g/mol`"),
                    );
                    continue;
                }
                None => quantity_of(t, gram_per_mol, &of, faults)
                    .and_then(|q| Unit::parse("g/mol").and_then(|u| q.to(&u)).ok()),
            };
            let Some(grams) = grams else { continue };
            self.species[i].molar_mass = MolarMass::new(grams);
            if self.species[i].molar_mass.is_none() {
                faults.push(
                    Diagnostic::error(code::NUMBER, format!("{of} is `{}`", t.as_str()))
                        .at(t.span(), "")
                        .hint("expected a number above 0, such as `434.5 g/mol`"),
                );
            }
        }
    }

    pub(super) fn read_labels(
        &mut self,
        head: &Fields,
        index: &BTreeMap<String, usize>,
        faults: &mut Vec<Diagnostic>,
    ) {
        let nodes: Vec<&Node> = match head.get("label") {
            None => return,
            Some(Node { value: Value::List(items), .. }) => items.iter().collect(),
            Some(node) => vec![node],
        };
        for node in nodes {
            let Value::Table(list) = &node.value else {
                faults.push(
                    wrong_kind("label", &node.value, "a table", node.span)
                        .hint("write `label = { on = [\"L\"], decayed = \"cold\" }`"),
                );
                continue;
            };
            for (k, _) in list {
                let known = keys::names(keys::LABEL);
                if !known.contains(&k.as_str()) {
                    faults.push(unknown(k, "key", &known));
                }
            }
            let own = Fields { list: list.clone(), span: node.span };
            let name = string(&own, "name", faults).unwrap_or_else(|| "label".to_owned());
            if self.labels.iter().any(|l| l.name == name) {
                faults.push(
                    Diagnostic::error(code::TWICE, format!("two label groups are called `{name}`"))
                        .at(place(&own, "name"), "")
                        .hint("give each group a `name` of its own"),
                );
            }
            let on = texts(&own, "on", faults);
            if on.is_empty() {
                faults.push(
                    Diagnostic::error(code::LABEL, "a label is on no species")
                        .at(place(&own, "on"), "")
                        .hint("write `on = [\"L\", \"LR\"]`"),
                );
            }
            let group = self.labels.len();
            let mut members = Vec::new();
            for t in on {
                match index.get(t.as_str()) {
                    Some(i) if self.species[*i].label.is_some() => faults.push(
                        Diagnostic::error(
                            code::LABEL,
                            format!("`{}` is labelled twice", t.as_str()),
                        )
                        .at(t.span(), "")
                        .hint("name each species in one group, once"),
                    ),
                    Some(i) => {
                        self.species[*i].label = Some(group);
                        members.push(*i);
                    }
                    None => {
                        self.names.labels_doubtful = true;
                        faults.push(undeclared_species(t, index));
                    }
                }
            }
            let decayed = texts(&own, "decayed", faults);
            let fate = if decayed.is_empty() {
                faults.push(
                    Diagnostic::error(
                        code::MISSING,
                        "a label does not say what a decayed molecule becomes",
                    )
                    .at(node.span, "`decayed` is missing")
                    .hint(
                        "write `decayed = \"cold\"`, `\"lost\"` or the name of a daughter species",
                    ),
                );
                None
            } else {
                fate(&decayed, index, false, faults)
            };
            self.labels.push(LabelGroup {
                name,
                on: members,
                decayed: fate.unwrap_or(Fate { cold: true, products: Vec::new() }),
            });
        }
    }

    pub(super) fn make_pools(
        &mut self,
        index: &BTreeMap<String, usize>,
        faults: &mut Vec<Diagnostic>,
    ) {
        let _ = index;
        for (i, e) in self.found.species.iter().enumerate() {
            // Each with the organ that its template stood for.
            let mut places: Vec<(Text, Option<String>)> = Vec::new();
            for t in texts(&e.fields, "in", faults) {
                if t.placeholders().is_empty() {
                    places.push((t.clone(), None));
                    continue;
                }
                // `in = ["plasma", "{organ}"]` means the compartments of the organs, however they were declared.
                let before = places.len();
                let mut missing: Vec<(String, String)> = Vec::new();
                for organ in self.found.organs.chosen(t, faults).unwrap_or_default() {
                    let name = t.expand(&organ).as_str().to_owned();
                    if self.names.compartments.contains_key(&name) {
                        places.push((Text::lumped(t.span(), &name), Some(organ)));
                    } else {
                        missing.push((organ, name));
                    }
                }
                if let [(organ, name), ..] = &missing[..] {
                    let all = places.len() == before;
                    let quoted = |list: &mut dyn Iterator<Item = &String>| {
                        list.map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
                    };
                    let message = match (all, missing.len()) {
                        (true, _) => format!("no compartment fits `{}`", t.as_str()),
                        (false, 1) => format!(
                            "`{}` stands for the organ `{organ}` too, which has no compartment `{name}`",
                            t.as_str()
                        ),
                        (false, n) => format!(
                            "`{}` stands for {n} organs too that have no such compartment: {}",
                            t.as_str(),
                            quoted(&mut missing.iter().map(|m| &m.0))
                        ),
                    };
                    faults.push(
                        Diagnostic::error(code::PLACEHOLDER, message).at(t.span(), "").hint(if all {
                            "declare the compartments with the same template".to_owned()
                        } else {
                            format!(
                                "declare {} under `[compartments]`, or choose the organs that have one by a column of true and false",
                                quoted(&mut missing.iter().map(|m| &m.1))
                            )
                        }),
                    );
                }
                if places.len() == before || !missing.is_empty() {
                    self.names.doubtful.insert(e.name.as_str().to_owned());
                }
            }
            if places.is_empty() {
                self.names.doubtful.insert(e.name.as_str().to_owned());
            }
            if places.is_empty() && e.fields.get("in").is_none() {
                faults.push(
                    Diagnostic::error(
                        code::MISSING,
                        format!("species `{}` is in no compartment", e.name.as_str()),
                    )
                    .at(e.name.span(), "`in` is missing")
                    .hint("write `in = [\"plasma\"]`"),
                );
            }
            for (t, organ) in places {
                let Some(place) = self.names.compartments.get(t.as_str()).copied() else {
                    let hint =
                        closest(t.as_str(), self.names.compartments.keys().map(String::as_str))
                            .map_or_else(
                                || "declare it under `[compartments]`".to_owned(),
                                |c| format!("did you mean `{c}`?"),
                            );
                    faults.push(
                        Diagnostic::error(
                            code::UNDECLARED,
                            format!("`{}` is not a compartment", t.as_str()),
                        )
                        .at(t.span(), "not declared")
                        .hint(hint),
                    );
                    self.names.doubtful.insert(e.name.as_str().to_owned());
                    continue;
                };
                if self.pools.len() >= MOST_POOLS {
                    faults.push(
                        Diagnostic::error(
                            code::SIZE,
                            format!("the model has more than {MOST_POOLS} amounts"),
                        )
                        .at(t.span(), "")
                        .hint("use fewer organs or species"),
                    );
                    return;
                }
                let name = format!("{}.{}", e.name.as_str(), t.as_str());
                if self.names.pools.insert(name, self.pools.len()).is_some() {
                    faults.push(twice(&t, None));
                    continue;
                }
                let label = self.species[i].label;
                self.names.pool_parts.push((e.name.as_str().to_owned(), t.as_str().to_owned()));
                self.names.labelled.push(label.is_some());
                self.names.radioactive.push(label.is_some() || self.species[i].nuclide.is_some());
                self.names.places_of.push(place);
                self.groups.push(label);
                self.organs
                    .push(organ.or_else(|| self.found.compartments[place].name.organ.clone()));
                let dosing = Dosing::default();
                self.pools.push(Pool { species: i, place, initial: None, dosing });
            }
        }
        self.check_fates(faults);
    }

    /// Every product of a decay must have somewhere to go.
    pub(super) fn check_fates(&self, faults: &mut Vec<Diagnostic>) {
        for (i, species) in self.species.iter().enumerate() {
            let fate =
                species.decayed.as_ref().or_else(|| species.label.map(|g| &self.labels[g].decayed));
            let Some(fate) = fate else { continue };
            for product in &fate.products {
                for pool in self.pools.iter().filter(|p| p.species == i) {
                    let place = &self.found.compartments[pool.place].name;
                    let name = format!("{}.{}", self.species[*product].name, place.as_str());
                    if !self.names.pools.contains_key(&name) {
                        faults.push(
                            Diagnostic::error(
                                code::FATE,
                                format!(
                                    "`{}` decays in `{}` to `{}`, which is not there",
                                    species.name,
                                    place.as_str(),
                                    self.species[*product].name
                                ),
                            )
                            .at(self.found.species[i].name.span(), "")
                            .hint(format!(
                                "add `{}` to `in` of `{}`",
                                place.as_str(),
                                self.species[*product].name
                            )),
                        );
                    }
                }
            }
        }
    }
}

fn undeclared_species(t: &Text, index: &BTreeMap<String, usize>) -> Diagnostic {
    let hint = closest(t.as_str(), index.keys().map(String::as_str)).map_or_else(
        || "declare it under `[species]`".to_owned(),
        |c| format!("did you mean `{c}`?"),
    );
    Diagnostic::error(code::UNDECLARED, format!("`{}` is not a species", t.as_str()))
        .at(t.span(), "not declared")
        .hint(hint)
}

/// What a decayed molecule becomes: `cold`, `lost`, species, or `cold + Bi`.
fn fate(
    parts: &[&Text],
    index: &BTreeMap<String, usize>,
    daughter: bool,
    faults: &mut Vec<Diagnostic>,
) -> Option<Fate> {
    let mut fate = Fate { cold: false, products: Vec::new() };
    let mut lost = false;
    let mut good = true;
    for t in parts.iter().flat_map(|t| t.split('+')) {
        match t.as_str() {
            "cold" if daughter => {
                faults.push(
                    Diagnostic::error(code::FATE, "a nuclide that decays has no cold form")
                        .at(t.span(), "")
                        .hint("write `lost` or the name of the next daughter"),
                );
                good = false;
            }
            "cold" => fate.cold = true,
            "lost" => lost = true,
            name => match index.get(name) {
                Some(i) => fate.products.push(*i),
                None => {
                    let near =
                        closest(name, index.keys().map(String::as_str).chain(["cold", "lost"]))
                            .filter(|_| !name.is_empty());
                    let hint = near.map_or_else(
                        || "one of `cold`, `lost`, or a species".to_owned(),
                        |c| format!("did you mean `{c}`?"),
                    );
                    faults.push(
                        Diagnostic::error(
                            code::FATE,
                            format!("a decayed molecule cannot become `{name}`"),
                        )
                        .at(t.span(), "")
                        .hint(hint),
                    );
                    good = false;
                }
            },
        }
    }
    if lost && (fate.cold || !fate.products.is_empty()) {
        if let Some(t) = parts.first() {
            faults.push(
                Diagnostic::error(code::FATE, "a molecule cannot be lost and become something")
                    .at(t.span(), "")
                    .hint("leave `lost` out"),
            );
        }
        good = false;
    }
    good.then_some(fate)
}
