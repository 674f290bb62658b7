//! Species, labels, fates and the pools they make.

use std::collections::BTreeMap;

use lutetia_diagnostic::{Diagnostic, closest};

use super::super::{
    code,
    declare::{Fields, unknown, wrong_kind},
    fields::{identifier, place, string, texts},
    keys,
    text::Text,
    tree::{Node, Value},
};
use super::{Builder, MOST_POOLS, twice};
use crate::model::{Fate, LabelGroup, Pool, Species};

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
            let mut places: Vec<Text> = Vec::new();
            for t in texts(&e.fields, "in", faults) {
                if t.placeholder().is_some() {
                    // `in = ["plasma", "{organ}"]` means the compartments the template made.
                    let pattern = t.as_str();
                    let cut = pattern.find("{organ").unwrap_or(0);
                    let (head, tail) =
                        (&pattern[..cut], pattern[cut..].split_once('}').map_or("", |p| p.1));
                    let filter = t.placeholder().unwrap_or("").to_owned();
                    let names = self.found.compartments.iter().filter(|c| {
                        c.name.organ.as_ref().is_some_and(|o| {
                            c.name.as_str() == format!("{head}{o}{tail}")
                                && (filter.is_empty() || self.found.organ_has(o, &filter))
                        })
                    });
                    let before = places.len();
                    places.extend(names.map(|c| Text::lumped(t.span(), c.name.as_str())));
                    if places.len() == before {
                        faults.push(
                            Diagnostic::error(
                                code::PLACEHOLDER,
                                format!("no compartment fits `{pattern}`"),
                            )
                            .at(t.span(), "")
                            .hint("declare the compartments with the same template"),
                        );
                        self.names.doubtful.insert(e.name.as_str().to_owned());
                    }
                } else {
                    places.push(t.clone());
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
            for t in places {
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
                self.pools.push(Pool { species: i, place, initial: None });
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
