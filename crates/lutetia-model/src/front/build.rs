//! From declarations to a model: names first, then what can be said with them.

use std::collections::{BTreeMap, BTreeSet};

use lutetia_diagnostic::{Diagnostic, SourceId, Span, closest};
use lutetia_units::{Dimension, Unit, UnitSystem};

use super::{
    code,
    declare::{Declarations, Entry, Fields, unknown, wrong_kind},
    fields::{
        self, identifier, looks_like_quantity, place, quantity, quantity_of, required, string,
        text, texts,
    },
    names::{Meaning, Names, Place, RESERVED},
    population,
    scheme::{self, Labels},
    syntax::{self, Raw, RawKind},
    text::Text,
    tree::{Node, Value},
};
use crate::{
    expr::{Expr, Symbol},
    model::{
        Compartment, Covariate, Define, Effect, EffectForm, Fate, Input, LabelGroup, Model, Output,
        Parameter, ParameterValue, Pool, QuantityState, Species,
    },
};

/// Most states of a model.
const MOST_POOLS: usize = 5000;

/// Builds the model; what is faulty is reported and left out.
pub(super) fn model(
    found: &Declarations,
    source: SourceId,
    given: Option<&UnitSystem>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Model> {
    let Some(head) = &found.model else {
        faults.push(
            Diagnostic::error(code::MISSING, "the file has no `[model]`")
                .at(Span::new(source, 0, 0), "")
                .hint("begin with `[model]`, `id = \"…\"`, `title = \"…\"` and `units = { time = \"h\", amount = \"nmol\", volume = \"L\" }`"),
        );
        return None;
    };
    let id = required(head, "id", "`[model]`", "\"my-model\"", faults).map(|t| {
        let good = t
            .as_str()
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
        if !good || t.as_str().is_empty() {
            faults.push(
                Diagnostic::error(
                    code::IDENTIFIER,
                    format!("`{}` cannot be the id of a model", t.as_str()),
                )
                .at(t.span(), "")
                .hint("use lower-case letters, digits and hyphens"),
            );
        }
        t.as_str().to_owned()
    });
    let title = required(head, "title", "`[model]`", "\"what the model is\"", faults)
        .map(|t| t.as_str().to_owned());
    let units = units(head, given, faults)?;
    let mut builder = Builder::new(found, units, faults);
    builder.covariates(faults);
    builder.species(head, faults);
    builder.plain_names(faults);
    builder.parameters(faults);
    builder.quantities_and_inputs(faults);
    builder.volumes(faults);
    builder.defines(faults);
    builder.initials(faults);
    builder.processes(faults);
    builder.outputs(faults);
    let correlations = found.population.as_ref().map(|p| {
        let index = |name: &str| {
            builder
                .parameters
                .iter()
                .position(|q| q.name == name)
                .map(|i| (i, builder.parameters[i].iiv.is_some()))
        };
        population::correlations(p, &index, faults)
    });
    builder.unused(faults);
    Some(Model {
        id: id?,
        title: title?,
        reference: string(head, "reference", faults),
        about: string(head, "about", faults),
        units: builder.names.units,
        labels: builder.labels,
        covariates: builder.covariates,
        parameters: builder.parameters,
        compartments: builder.compartments,
        species: builder.species,
        pools: builder.pools,
        quantities: builder.quantities,
        defines: builder.defines,
        processes: builder.processes,
        inputs: builder.inputs,
        outputs: builder.outputs,
        correlations: correlations.unwrap_or_default(),
        parameter_order: builder.parameter_order,
    })
}

fn units(
    head: &Fields,
    given: Option<&UnitSystem>,
    faults: &mut Vec<Diagnostic>,
) -> Option<UnitSystem> {
    let example = "{ time = \"h\", amount = \"nmol\", volume = \"L\" }";
    let Some(node) = head.get("units") else {
        faults.push(
            Diagnostic::error(code::MISSING, "`[model]` has no `units`")
                .at(head.span, "`units` is missing")
                .hint(format!("write `units = {example}`")),
        );
        return None;
    };
    let Value::Table(list) = &node.value else {
        faults.push(
            wrong_kind("units", &node.value, "a table", node.span)
                .hint(format!("write `units = {example}`")),
        );
        return None;
    };
    let own = Fields { list: list.clone(), span: node.span };
    for (k, _) in list {
        if !["time", "amount", "volume"].contains(&k.as_str()) {
            faults.push(unknown(k, "key", &["time", "amount", "volume"]));
        }
    }
    let mut one = |key: &str, dimension: Dimension, example: &str| {
        let t = required(&own, key, "`units`", example, faults)?;
        let unit = fields::unit(t, faults)?;
        if unit.dimension() != dimension {
            faults.push(
                Diagnostic::error(
                    code::DIMENSION,
                    format!(
                        "the unit of {key} is `{}` ({}); expected {dimension}",
                        t.as_str(),
                        unit.dimension()
                    ),
                )
                .at(t.span(), "")
                .hint(format!("write `{key} = {example}`")),
            );
            return None;
        }
        Some(unit)
    };
    let time = one("time", Dimension::TIME, "\"h\"");
    let amount = one("amount", Dimension::AMOUNT, "\"nmol\"");
    let volume = one("volume", Dimension::VOLUME, "\"L\"");
    let own = UnitSystem::new(&time?, &amount?, &volume?).ok()?;
    Some(given.cloned().unwrap_or(own))
}

struct Builder<'a> {
    found: &'a Declarations,
    names: Names,
    labels: Vec<LabelGroup>,
    covariates: Vec<Covariate>,
    parameters: Vec<Parameter>,
    parameter_order: Vec<usize>,
    compartments: Vec<Compartment>,
    species: Vec<Species>,
    pools: Vec<Pool>,
    quantities: Vec<QuantityState>,
    defines: Vec<Define>,
    processes: Vec<crate::model::Process>,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    groups: Vec<Option<usize>>,
}

impl<'a> Builder<'a> {
    fn new(found: &'a Declarations, units: UnitSystem, faults: &mut Vec<Diagnostic>) -> Self {
        let mut compartments = BTreeMap::new();
        for (i, e) in found.compartments.iter().enumerate() {
            if let Some(bad) = identifier(&e.name) {
                faults.push(bad);
            }
            if compartments.insert(e.name.as_str().to_owned(), i).is_some() {
                faults.push(twice(&e.name, None));
            }
        }
        Self {
            found,
            names: Names {
                plain: BTreeMap::new(),
                pools: BTreeMap::new(),
                pool_parts: Vec::new(),
                labelled: Vec::new(),
                radioactive: Vec::new(),
                places_of: Vec::new(),
                compartments,
                levels: BTreeMap::new(),
                units,
                used: BTreeSet::new(),
            },
            labels: Vec::new(),
            covariates: Vec::new(),
            parameters: Vec::new(),
            parameter_order: Vec::new(),
            compartments: Vec::new(),
            species: Vec::new(),
            pools: Vec::new(),
            quantities: Vec::new(),
            defines: Vec::new(),
            processes: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            groups: Vec::new(),
        }
    }

    fn covariates(&mut self, faults: &mut Vec<Diagnostic>) {
        for e in &self.found.patient {
            let f = &e.fields;
            let index = self.covariates.len();
            let levels: Vec<String> =
                texts(f, "levels", faults).iter().map(|t| t.as_str().to_owned()).collect();
            let about = string(f, "about", faults);
            if levels.is_empty() {
                let mut covariate = Covariate {
                    name: e.name.as_str().to_owned(),
                    unit: Unit::dimensionless(),
                    typical: None,
                    range: None,
                    levels,
                    about,
                };
                let typical =
                    text(f, "typical", faults).and_then(|t| Some((t, quantity(t, faults)?)));
                let unit = text(f, "unit", faults).and_then(|t| fields::unit(t, faults));
                covariate.unit = unit.or_else(|| typical.as_ref().map(|t| t.1.unit().clone())).unwrap_or_else(|| {
                    faults.push(
                        Diagnostic::error(code::MISSING, format!("covariate `{}` has no `unit`", e.name.as_str()))
                            .at(e.name.span(), "`unit` is missing")
                            .hint("write `unit = \"kg\"`, or `levels = [\"female\", \"male\"]` for a categorical one"),
                    );
                    Unit::dimensionless()
                });
                let dimension = covariate.unit.dimension();
                let read = |t: &Text, what: &str, faults: &mut Vec<Diagnostic>| {
                    quantity_of(t, dimension, what, faults)
                        .map(|q| self.names.units.to_internal(&q))
                };
                covariate.typical =
                    text(f, "typical", faults).and_then(|t| read(t, "the typical value", faults));
                let range = texts(f, "range", faults);
                covariate.range = match range[..] {
                    [] => None,
                    [low, high] => {
                        match (read(low, "the range", faults), read(high, "the range", faults)) {
                            (Some(a), Some(b)) if a < b => Some((a, b)),
                            (Some(_), Some(_)) => {
                                faults.push(
                                    Diagnostic::error(
                                        code::COVARIATE,
                                        format!("the range of `{}` is empty", e.name.as_str()),
                                    )
                                    .at(low.span(), "")
                                    .hint("give the lower end first"),
                                );
                                None
                            }
                            _ => None,
                        }
                    }
                    _ => {
                        faults.push(
                            Diagnostic::error(code::COVARIATE, "a range has two ends")
                                .at(place(f, "range"), "")
                                .hint("write `range = [\"30 kg\", \"200 kg\"]`"),
                        );
                        None
                    }
                };
                if let (Some(x), Some((low, high))) = (covariate.typical, covariate.range)
                    && !(low..=high).contains(&x)
                {
                    faults.push(
                        Diagnostic::error(
                            code::COVARIATE,
                            format!(
                                "the typical value of `{}` is outside its range",
                                e.name.as_str()
                            ),
                        )
                        .at(place(f, "typical"), "")
                        .hint("widen the range or correct the value"),
                    );
                }
                self.covariates.push(covariate);
            } else {
                let typical = text(f, "typical", faults).and_then(|t| {
                    let at = levels.iter().position(|l| l == t.as_str());
                    if at.is_none() {
                        faults.push(
                            Diagnostic::error(
                                code::COVARIATE,
                                format!("`{}` is not a level of `{}`", t.as_str(), e.name.as_str()),
                            )
                            .at(t.span(), "")
                            .hint(format!("the levels are {}", levels.join(", "))),
                        );
                    }
                    at
                });
                for (i, level) in levels.iter().enumerate() {
                    self.names.levels.insert(format!("{}.{level}", e.name.as_str()), (index, i));
                }
                self.covariates.push(Covariate {
                    name: e.name.as_str().to_owned(),
                    unit: Unit::dimensionless(),
                    typical: typical.map(|i| i as f64),
                    range: None,
                    levels,
                    about,
                });
            }
        }
    }

    fn species(&mut self, head: &Fields, faults: &mut Vec<Diagnostic>) {
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

    fn read_labels(
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
                if !["name", "on", "decayed"].contains(&k.as_str()) {
                    faults.push(unknown(k, "key", &["name", "on", "decayed"]));
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
                    None => faults.push(undeclared_species(t, index)),
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

    fn make_pools(&mut self, index: &BTreeMap<String, usize>, faults: &mut Vec<Diagnostic>) {
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
                    }
                } else {
                    places.push(t.clone());
                }
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
    fn check_fates(&self, faults: &mut Vec<Diagnostic>) {
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

    /// Declares every plain name, so that expressions may use names declared further down.
    fn plain_names(&mut self, faults: &mut Vec<Diagnostic>) {
        let mut declare = |name: &Text, symbol: Symbol, faults: &mut Vec<Diagnostic>| {
            if let Some(bad) = identifier(name) {
                faults.push(bad);
                return;
            }
            if RESERVED.contains(&name.as_str()) {
                faults.push(
                    Diagnostic::error(
                        code::IDENTIFIER,
                        format!("`{}` already means something", name.as_str()),
                    )
                    .at(name.span(), "")
                    .hint("`t` is time; functions cannot be names"),
                );
                return;
            }
            let meaning = Meaning { symbol, dimension: None, span: name.span() };
            if let Some(first) = self.names.plain.insert(name.as_str().to_owned(), meaning) {
                faults.push(twice(name, Some(first.span)));
            }
        };
        let of = |list: &'a [Entry]| list.iter().map(|e| &e.name).enumerate();
        for (i, name) in of(&self.found.parameters) {
            declare(name, Symbol::Parameter(i), faults);
        }
        for (i, name) in of(&self.found.patient) {
            declare(name, Symbol::Covariate(i), faults);
        }
        for (i, name) in of(&self.found.states) {
            declare(name, Symbol::Quantity(i), faults);
        }
        for (i, name) in of(&self.found.inputs) {
            declare(name, Symbol::Input(i), faults);
        }
        // Definitions get their place in the order of evaluation.
        for (i, name) in of(&self.found.defines) {
            declare(name, Symbol::Define(i), faults);
        }
        for i in 0..self.covariates.len() {
            let (name, dimension) =
                (self.covariates[i].name.clone(), self.covariates[i].unit.dimension());
            self.set_dimension(&name, dimension);
        }
    }

    fn set_dimension(&mut self, name: &str, dimension: Dimension) {
        if let Some(m) = self.names.plain.get_mut(name) {
            m.dimension = Some(dimension);
        }
    }

    fn parameters(&mut self, faults: &mut Vec<Diagnostic>) {
        let mut formulas: Vec<Option<(Raw, Text)>> = Vec::new();
        for e in &self.found.parameters {
            let own = self.parameter(e, faults);
            formulas.push(own.1);
            if let Some(dimension) = own.2 {
                self.set_dimension(e.name.as_str(), dimension);
            }
            self.parameters.push(own.0);
        }
        let names: Vec<String> =
            self.found.parameters.iter().map(|e| e.name.as_str().to_owned()).collect();
        let raws: Vec<Option<&Raw>> = formulas.iter().map(|f| f.as_ref().map(|f| &f.0)).collect();
        let order = sorted(&names, &raws, faults);
        for i in &order {
            let Some((raw, t)) = &formulas[*i] else { continue };
            let Some((expr, dimension)) = self.names.resolve(raw, Place::Formula, faults) else {
                continue;
            };
            let mut dimension = dimension.unwrap_or(Dimension::NONE);
            let parameter = &mut self.parameters[*i];
            let declared = text(&self.found.parameters[*i].fields, "unit", faults)
                .and_then(|t| fields::unit(t, faults));
            if let Some(unit) = declared {
                if unit.dimension() == dimension {
                    parameter.unit = unit;
                } else {
                    faults.push(
                        Diagnostic::error(
                            code::DIMENSION,
                            format!(
                                "`{}` is {dimension}, but its unit `{unit}` is {}",
                                names[*i],
                                unit.dimension()
                            ),
                        )
                        .at(
                            t.span(),
                            format!(
                                "this is {dimension} ({})",
                                self.names.units.unit_of(dimension)
                            ),
                        )
                        .note_at(
                            place(&self.found.parameters[*i].fields, "unit"),
                            format!("this is {}", unit.dimension()),
                        )
                        .hint("correct the formula or the unit"),
                    );
                    dimension = unit.dimension();
                }
            } else {
                parameter.unit = self.names.units.unit_of(dimension);
            }
            parameter.dimension = dimension;
            parameter.value = ParameterValue::Formula { expr, text: t.as_str().to_owned() };
            self.set_dimension(&names[*i], dimension);
        }
        self.parameter_order = order;
        self.effects(faults);
    }

    /// A parameter without its formula and effects, the formula as typed, and its dimension.
    fn parameter(
        &mut self,
        e: &Entry,
        faults: &mut Vec<Diagnostic>,
    ) -> (Parameter, Option<(Raw, Text)>, Option<Dimension>) {
        let f = &e.fields;
        let mut parameter = Parameter {
            name: e.name.as_str().to_owned(),
            dimension: Dimension::NONE,
            unit: Unit::dimensionless(),
            value: ParameterValue::Number(0.0),
            fixed: fields::flag(f, "fixed", faults),
            bounds: (None, None),
            iiv: None,
            iov: None,
            effects: Vec::new(),
            source: string(f, "source", faults),
            about: string(f, "about", faults),
        };
        let what = format!("parameter `{}`", e.name.as_str());
        // A plain TOML number is a pure number.
        let number = match f.get("value") {
            Some(Node { value: Value::Number(x), span }) => {
                Some(Text::lumped(*span, &x.to_string()))
            }
            _ => None,
        };
        let Some(t) =
            number.or_else(|| required(f, "value", &what, "\"2.4 L/h\"", faults).cloned())
        else {
            return (parameter, None, None);
        };
        if !looks_like_quantity(t.as_str()) {
            for key in ["iiv", "iov"] {
                if f.get(key).is_some() {
                    faults.push(
                        Diagnostic::error(
                            code::POPULATION,
                            format!(
                                "`{}` is a formula, so it has no `{key}` of its own",
                                e.name.as_str()
                            ),
                        )
                        .at(place(f, key), "")
                        .hint("give the variability to a parameter in the formula"),
                    );
                }
            }
            let raw = syntax::expression(&t).map_err(|d| faults.push(*d)).ok();
            return (parameter, raw.map(|r| (r, t)), None);
        }
        let Some(q) = quantity(&t, faults) else { return (parameter, None, None) };
        parameter.dimension = q.dimension();
        parameter.unit = q.unit().clone();
        let value = self.names.units.to_internal(&q);
        if !value.is_finite() {
            faults.push(
                Diagnostic::error(
                    code::NUMBER,
                    format!("`{}` is too large for the units of the model", t.as_str()),
                )
                .at(t.span(), "")
                .hint("give the value in a larger unit"),
            );
        }
        parameter.value = ParameterValue::Number(value);
        if let Some(ut) = text(f, "unit", faults)
            && let Some(unit) = fields::unit(ut, faults)
            && unit.dimension() != q.dimension()
        {
            faults.push(
                Diagnostic::error(
                    code::DIMENSION,
                    format!(
                        "`{}` is {}, but its unit `{unit}` is {}",
                        e.name.as_str(),
                        q.dimension(),
                        unit.dimension()
                    ),
                )
                .at(t.span(), format!("this is {}", q.dimension()))
                .note_at(ut.span(), format!("this is {}", unit.dimension()))
                .hint("the value already has its unit; leave `unit` out"),
            );
        }
        let dimension = q.dimension();
        let mut bound = |key: &str| {
            let t = text(f, key, faults)?;
            quantity_of(t, dimension, &format!("`{key}`"), faults)
                .map(|q| self.names.units.to_internal(&q))
        };
        parameter.bounds = (bound("min"), bound("max"));
        let inside = parameter.bounds.0.is_none_or(|low| low <= value)
            && parameter.bounds.1.is_none_or(|high| value <= high);
        if !inside {
            faults.push(
                Diagnostic::error(
                    code::NUMBER,
                    format!("the value of `{}` is outside its bounds", e.name.as_str()),
                )
                .at(t.span(), "")
                .hint("correct `value`, `min` or `max`"),
            );
        }
        let distribution = population::distribution(f, faults);
        parameter.iiv = population::variability(
            f,
            "iiv",
            distribution,
            &parameter.unit,
            &self.names.units,
            faults,
        );
        parameter.iov = population::variability(
            f,
            "iov",
            distribution,
            &parameter.unit,
            &self.names.units,
            faults,
        );
        if parameter.fixed && (parameter.iiv.is_some() || parameter.iov.is_some()) {
            faults.push(
                Diagnostic::error(
                    code::POPULATION,
                    format!("`{}` is fixed and varies between individuals", e.name.as_str()),
                )
                .at(place(f, "fixed"), "")
                .hint("leave `fixed` or `iiv` out"),
            );
        }
        if (parameter.iiv.is_some() || parameter.iov.is_some())
            && distribution == crate::model::Distribution::LogNormal
            && value <= 0.0
        {
            faults.push(
                Diagnostic::error(
                    code::POPULATION,
                    format!("`{}` is log-normal and its value is not above zero", e.name.as_str()),
                )
                .at(t.span(), "")
                .hint("write `distribution = \"normal\"`"),
            );
        }
        if distribution == crate::model::Distribution::LogitNormal
            && (parameter.bounds.0.is_none() || parameter.bounds.1.is_none())
        {
            faults.push(
                Diagnostic::error(
                    code::POPULATION,
                    format!("`{}` is logit-normal and has no `min` and `max`", e.name.as_str()),
                )
                .at(place(f, "distribution"), "")
                .hint("give both ends"),
            );
        }
        (parameter, None, Some(dimension))
    }

    /// Covariate effects; each coefficient becomes a parameter of its own.
    fn effects(&mut self, faults: &mut Vec<Diagnostic>) {
        const KEYS: [&str; 5] = ["of", "form", "reference", "level", "coefficient"];
        for (i, e) in self.found.parameters.iter().enumerate() {
            let nodes: Vec<Node> = match e.fields.get("effects") {
                None => continue,
                Some(Node { value: Value::List(items), .. }) => items.clone(),
                Some(node) => vec![node.clone()],
            };
            for node in &nodes {
                let Value::Table(list) = &node.value else {
                    faults.push(wrong_kind("effects", &node.value, "a list of tables", node.span));
                    continue;
                };
                for (k, _) in list {
                    if !KEYS.contains(&k.as_str()) {
                        faults.push(unknown(k, "key", &KEYS));
                    }
                }
                let own = Fields { list: list.clone(), span: node.span };
                if let Some((effect, coefficient)) = self.effect(e, &own, faults) {
                    let index = self.parameters.len();
                    self.parameter_order.push(index);
                    self.parameters.push(coefficient);
                    self.parameters[i].effects.push(Effect { coefficient: index, ..effect });
                }
            }
        }
    }

    fn effect(
        &mut self,
        e: &Entry,
        own: &Fields,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<(Effect, Parameter)> {
        let of = required(own, "of", "an effect", "\"weight\"", faults)?;
        let Some(covariate) = self.covariates.iter().position(|c| c.name == of.as_str()) else {
            let known = self.covariates.iter().map(|c| c.name.as_str());
            let hint = closest(of.as_str(), known).map_or_else(
                || "declare it under `[patient]`".to_owned(),
                |c| format!("did you mean `{c}`?"),
            );
            faults.push(
                Diagnostic::error(
                    code::UNDECLARED,
                    format!("`{}` is not a covariate", of.as_str()),
                )
                .at(of.span(), "not declared")
                .hint(hint),
            );
            return None;
        };
        self.names.used.insert(of.as_str().to_owned());
        let unit = self.covariates[covariate].unit.clone();
        let form_text = required(own, "form", "an effect", "\"power\"", faults)?;
        let reference = |names: &Names, faults: &mut Vec<Diagnostic>| {
            let t = required(own, "reference", "an effect", "\"70 kg\"", faults)?;
            quantity_of(t, unit.dimension(), "the reference", faults)
                .map(|q| names.units.to_internal(&q))
        };
        let (form, dimension) = match form_text.as_str() {
            "power" => {
                let reference = reference(&self.names, faults)?;
                if reference <= 0.0 {
                    faults.push(
                        Diagnostic::error(
                            code::COVARIATE,
                            "the reference of a power must be above zero",
                        )
                        .at(place(own, "reference"), "")
                        .hint("use form = \"linear\""),
                    );
                    return None;
                }
                (EffectForm::Power { reference }, Dimension::NONE)
            }
            "exponential" => (
                EffectForm::Exponential { reference: reference(&self.names, faults)? },
                Dimension::NONE / unit.dimension(),
            ),
            "linear" => (
                EffectForm::Linear { reference: reference(&self.names, faults)? },
                Dimension::NONE / unit.dimension(),
            ),
            "level" => {
                let t = required(own, "level", "an effect", "\"female\"", faults)?;
                let Some(level) =
                    self.covariates[covariate].levels.iter().position(|l| l == t.as_str())
                else {
                    faults.push(
                        Diagnostic::error(
                            code::COVARIATE,
                            format!("`{}` is not a level of `{}`", t.as_str(), of.as_str()),
                        )
                        .at(t.span(), "")
                        .hint(format!(
                            "the levels are {}",
                            self.covariates[covariate].levels.join(", ")
                        )),
                    );
                    return None;
                };
                (EffectForm::Level { level }, Dimension::NONE)
            }
            other => {
                faults.push(
                    Diagnostic::error(
                        code::COVARIATE,
                        format!("unknown form `{other}` of an effect"),
                    )
                    .at(form_text.span(), "")
                    .hint("one of `power`, `exponential`, `linear`, `level`"),
                );
                return None;
            }
        };
        let t = required(own, "coefficient", "an effect", "\"0.75\"", faults)?;
        let q = quantity_of(t, dimension, "the coefficient", faults)?;
        let coefficient = Parameter {
            name: format!("{}~{}", e.name.as_str(), of.as_str()),
            dimension,
            unit: q.unit().clone(),
            value: ParameterValue::Number(self.names.units.to_internal(&q)),
            fixed: false,
            bounds: (None, None),
            iiv: None,
            iov: None,
            effects: Vec::new(),
            source: string(&e.fields, "source", faults),
            about: Some(format!("effect of {} on {}", of.as_str(), e.name.as_str())),
        };
        Some((Effect { covariate, form, coefficient: 0 }, coefficient))
    }

    fn quantities_and_inputs(&mut self, faults: &mut Vec<Diagnostic>) {
        for e in &self.found.states {
            let initial = text(&e.fields, "initial", faults).cloned();
            let declared = text(&e.fields, "unit", faults).and_then(|t| fields::unit(t, faults));
            let from_initial = initial
                .as_ref()
                .filter(|t| looks_like_quantity(t.as_str()))
                .and_then(|t| lutetia_units::Quantity::parse(t.as_str()).ok());
            let unit =
                declared.or_else(|| from_initial.map(|q| q.unit().clone())).unwrap_or_else(|| {
                    faults.push(
                        Diagnostic::error(
                            code::MISSING,
                            format!("state `{}` has no `unit`", e.name.as_str()),
                        )
                        .at(e.name.span(), "`unit` is missing")
                        .hint("write `unit = \"g\"`"),
                    );
                    Unit::dimensionless()
                });
            self.set_dimension(e.name.as_str(), unit.dimension());
            self.quantities.push(QuantityState {
                name: e.name.as_str().to_owned(),
                unit,
                initial: Expr::Number(0.0),
                about: string(&e.fields, "about", faults),
            });
        }
        for e in &self.found.inputs {
            let unit = required(
                &e.fields,
                "unit",
                &format!("input `{}`", e.name.as_str()),
                "\"Gy/h\"",
                faults,
            )
            .and_then(|t| fields::unit(t, faults))
            .unwrap_or_else(Unit::dimensionless);
            let default = text(&e.fields, "default", faults)
                .and_then(|t| quantity_of(t, unit.dimension(), "the default", faults))
                .map(|q| self.names.units.to_internal(&q));
            self.set_dimension(e.name.as_str(), unit.dimension());
            self.inputs.push(Input {
                name: e.name.as_str().to_owned(),
                unit,
                default,
                about: string(&e.fields, "about", faults),
            });
        }
    }

    /// A value that is a quantity or an expression, of a dimension.
    fn value(
        &mut self,
        t: &Text,
        expected: Dimension,
        what: &str,
        place: Place,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Expr> {
        if looks_like_quantity(t.as_str()) {
            return quantity_of(t, expected, what, faults)
                .map(|q| Expr::Number(self.names.units.to_internal(&q)));
        }
        let raw = syntax::expression(t).map_err(|d| faults.push(*d)).ok()?;
        let (expr, found) = self.names.resolve(&raw, place, faults)?;
        if let Some(found) = found.filter(|f| *f != expected) {
            faults.push(
                Diagnostic::error(
                    code::DIMENSION,
                    format!("{what} is {found}; expected {expected}"),
                )
                .at(t.span(), format!("this is in {}", self.names.units.unit_of(found)))
                .hint(format!("expected a unit such as {}", self.names.units.unit_of(expected))),
            );
            return None;
        }
        Some(expr)
    }

    fn volumes(&mut self, faults: &mut Vec<Diagnostic>) {
        for e in &self.found.compartments {
            let what = format!("compartment `{}`", e.name.as_str());
            let t = required(&e.fields, "volume", &what, "\"3.0 L\"", faults).cloned();
            let volume = t.as_ref().and_then(|t| {
                self.value(
                    t,
                    Dimension::VOLUME,
                    &format!("the volume of `{}`", e.name.as_str()),
                    Place::Volume,
                    faults,
                )
            });
            if let (Some(Expr::Number(x)), Some(t)) = (&volume, &t)
                && *x <= 0.0
            {
                faults.push(
                    Diagnostic::error(
                        code::NUMBER,
                        format!(
                            "the volume of `{}` is `{}`; expected a volume above zero",
                            e.name.as_str(),
                            t.as_str()
                        ),
                    )
                    .at(t.span(), "")
                    .hint("a compartment without volume has no concentration"),
                );
            }
            self.compartments.push(Compartment {
                name: e.name.as_str().to_owned(),
                volume: volume.unwrap_or(Expr::Number(1.0)),
                text: t.map(|t| t.as_str().to_owned()).unwrap_or_default(),
                source: string(&e.fields, "source", faults),
            });
        }
    }

    fn defines(&mut self, faults: &mut Vec<Diagnostic>) {
        let mut raws: Vec<Option<(Raw, Text)>> = Vec::new();
        for e in &self.found.defines {
            let t = required(
                &e.fields,
                "value",
                &format!("definition `{}`", e.name.as_str()),
                "\"LR.tumour/(LR.tumour + R.tumour)\"",
                faults,
            );
            raws.push(t.and_then(|t| {
                if looks_like_quantity(t.as_str())
                    && quantity(t, &mut Vec::new()).is_some_and(|q| !q.dimension().is_none())
                {
                    faults.push(
                        Diagnostic::error(
                            code::NOT_HERE,
                            format!("`{}` is a constant", e.name.as_str()),
                        )
                        .at(t.span(), "")
                        .hint("declare it under `[parameters]`"),
                    );
                    return None;
                }
                let raw = syntax::expression(t).map_err(|d| faults.push(*d)).ok()?;
                Some((raw, t.clone()))
            }));
        }
        let names: Vec<String> =
            self.found.defines.iter().map(|e| e.name.as_str().to_owned()).collect();
        let order = sorted(
            &names,
            &raws.iter().map(|r| r.as_ref().map(|r| &r.0)).collect::<Vec<_>>(),
            faults,
        );
        for i in order {
            let Some((raw, t)) = &raws[i] else { continue };
            let Some((expr, dimension)) = self.names.resolve(raw, Place::Anywhere, faults) else {
                continue;
            };
            let dimension = dimension.unwrap_or(Dimension::NONE);
            if let Some(ut) = text(&self.found.defines[i].fields, "unit", faults)
                && let Some(unit) = fields::unit(ut, faults)
                && unit.dimension() != dimension
            {
                faults.push(
                    Diagnostic::error(
                        code::DIMENSION,
                        format!(
                            "`{}` is {dimension}; its unit `{unit}` is {}",
                            names[i],
                            unit.dimension()
                        ),
                    )
                    .at(t.span(), format!("this is in {}", self.names.units.unit_of(dimension)))
                    .hint("correct the expression or the unit"),
                );
            }
            if let Some(m) = self.names.plain.get_mut(&names[i]) {
                m.dimension = Some(dimension);
                m.symbol = Symbol::Define(self.defines.len());
            }
            self.defines.push(Define {
                name: names[i].clone(),
                dimension,
                expr,
                text: t.as_str().to_owned(),
            });
        }
    }

    fn initials(&mut self, faults: &mut Vec<Diagnostic>) {
        for (i, e) in self.found.species.iter().enumerate() {
            let Some(node) = e.fields.get("initial") else { continue };
            let of_place: Vec<(Option<Text>, Text)> = match &node.value {
                Value::Text(t) => vec![(None, t.clone())],
                Value::Table(list) => list
                    .iter()
                    .filter_map(|(k, n)| match &n.value {
                        Value::Text(t) => Some((Some(k.clone()), t.clone())),
                        other => {
                            faults.push(wrong_kind("initial", other, "a text", n.span));
                            None
                        }
                    })
                    .collect(),
                other => {
                    faults.push(wrong_kind(
                        "initial",
                        other,
                        "a text, or a table of places",
                        node.span,
                    ));
                    continue;
                }
            };
            for (place, t) in of_place {
                if let Some(p) = &place
                    && p.placeholder().is_none()
                    && !self.names.pools.contains_key(&format!(
                        "{}.{}",
                        e.name.as_str(),
                        p.as_str()
                    ))
                {
                    faults.push(
                        Diagnostic::error(
                            code::UNDECLARED,
                            format!("`{}` is not in `{}`", e.name.as_str(), p.as_str()),
                        )
                        .at(p.span(), "")
                        .hint("add the place to `in`"),
                    );
                    continue;
                }
                for pool in 0..self.pools.len() {
                    if self.pools[pool].species != i {
                        continue;
                    }
                    let here = self.found.compartments[self.pools[pool].place].name.clone();
                    let template = place.as_ref().is_some_and(|p| p.placeholder().is_some());
                    if let Some(p) = &place {
                        let named = if template {
                            here.organ.as_ref().map(|o| p.expand(o))
                        } else {
                            Some(p.clone())
                        };
                        if named.is_none_or(|n| n.as_str() != here.as_str()) {
                            continue;
                        }
                    }
                    // An initial value with a placeholder is that of the organ of its place.
                    let own = match (&t.placeholder(), &here.organ) {
                        (Some(_), Some(organ)) => t.expand(organ),
                        _ => t.clone(),
                    };
                    let what =
                        format!("the initial amount of `{}.{}`", e.name.as_str(), here.as_str());
                    self.pools[pool].initial =
                        self.value(&own, Dimension::AMOUNT, &what, Place::Initial, faults);
                }
            }
        }
        for (i, e) in self.found.states.iter().enumerate() {
            let what = format!("the initial value of `{}`", e.name.as_str());
            let t = required(
                &e.fields,
                "initial",
                &format!("state `{}`", e.name.as_str()),
                "\"7 g\"",
                faults,
            )
            .cloned();
            if let Some(t) = t {
                let dimension = self.quantities[i].unit.dimension();
                if let Some(expr) = self.value(&t, dimension, &what, Place::Initial, faults) {
                    self.quantities[i].initial = expr;
                }
            }
        }
    }

    fn processes(&mut self, faults: &mut Vec<Diagnostic>) {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for line in &self.found.processes {
            let labels = Labels { group: &self.groups };
            let made = scheme::process(line, &mut self.names, &labels, &self.quantities, faults);
            if let Some((name, _)) = made.first()
                && let Some(first) = seen.insert(name.as_str().to_owned(), name.span())
            {
                faults.push(twice(name, Some(first)));
            }
            self.processes.extend(made.into_iter().map(|p| p.1));
        }
        if self.found.processes.is_empty() && !(self.pools.is_empty() && self.quantities.is_empty())
        {
            let at =
                self.found.species.first().or(self.found.states.first()).map(|e| e.name.span());
            if let Some(at) = at {
                faults.push(
                    Diagnostic::warning(
                        code::MISSING,
                        "the model has no processes, so nothing ever changes",
                    )
                    .at(at, "")
                    .hint("write them under `[scheme]`, `processes = '''…'''`"),
                );
            }
        }
    }

    fn outputs(&mut self, faults: &mut Vec<Diagnostic>) {
        let both = self
            .found
            .observables
            .iter()
            .map(|e| (e, false))
            .chain(self.found.outputs.iter().map(|e| (e, true)));
        for (e, port) in both {
            if let Some(bad) = identifier(&e.name) {
                faults.push(bad);
                continue;
            }
            let what =
                format!("{} `{}`", if port { "output" } else { "observable" }, e.name.as_str());
            let of = required(&e.fields, "of", &what, "\"activity(L.tumour)\"", faults).cloned();
            let unit = required(&e.fields, "unit", &what, "\"MBq\"", faults)
                .and_then(|t| fields::unit(t, faults));
            let (Some(of), Some(unit)) = (of, unit) else { continue };
            if self.outputs.iter().any(|o| o.name == e.name.as_str()) {
                faults.push(twice(&e.name, None));
                continue;
            }
            let error = text(&e.fields, "error", faults)
                .cloned()
                .and_then(|t| population::residual_error(&t, &unit, &self.names.units, faults));
            let Some(expr) = self.value(&of, unit.dimension(), &what, Place::Anywhere, faults)
            else {
                continue;
            };
            self.outputs.push(Output {
                name: e.name.as_str().to_owned(),
                unit,
                expr,
                text: of.as_str().to_owned(),
                error,
                port,
                about: string(&e.fields, "about", faults),
            });
        }
    }

    fn unused(&self, faults: &mut Vec<Diagnostic>) {
        let mut warn = |name: &Text, what: &str| {
            if !self.names.used.contains(name.as_str()) && identifier(name).is_none() {
                faults.push(
                    Diagnostic::warning(
                        code::UNUSED,
                        format!("{what} `{}` is never used", name.as_str()),
                    )
                    .at(name.span(), "")
                    .hint("remove it, or use it"),
                );
            }
        };
        for e in &self.found.parameters {
            if !self.found.from_columns.iter().any(|c| c == e.name.as_str()) {
                warn(&e.name, "parameter");
            }
        }
        for e in &self.found.species {
            let decays_to = self.species.iter().any(|s| {
                s.decayed
                    .iter()
                    .chain(s.label.map(|g| &self.labels[g].decayed))
                    .any(|f| f.products.iter().any(|p| self.species[*p].name == e.name.as_str()))
            });
            if !decays_to {
                warn(&e.name, "species");
            }
        }
        for e in &self.found.inputs {
            warn(&e.name, "input");
        }
    }
}

fn twice(name: &Text, first: Option<Span>) -> Diagnostic {
    let d = Diagnostic::error(code::TWICE, format!("`{}` is declared twice", name.as_str()))
        .at(name.span(), "again here")
        .hint("give one of them another name");
    match first {
        Some(span) => d.note_at(span, "first here"),
        None => d,
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
                        closest(name, index.keys().map(String::as_str).chain(["cold", "lost"]));
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

/// The names in an expression, for ordering.
fn mentioned(raw: &Raw, out: &mut Vec<String>) {
    match &raw.kind {
        RawKind::Number(_) | RawKind::Concentration(_) => {}
        RawKind::Name(name) => out.push(name.clone()),
        RawKind::Neg(a) => mentioned(a, out),
        RawKind::Binary(_, a, b) => {
            mentioned(a, out);
            mentioned(b, out);
        }
        RawKind::Call(_, arguments) => arguments.iter().for_each(|a| mentioned(a, out)),
    }
}

/// An order in which each item uses only earlier ones; members of a circle are reported and left out.
fn sorted(names: &[String], raws: &[Option<&Raw>], faults: &mut Vec<Diagnostic>) -> Vec<usize> {
    let index: BTreeMap<&str, usize> =
        names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
    let uses: Vec<Vec<usize>> = raws
        .iter()
        .map(|raw| {
            let mut found = Vec::new();
            if let Some(raw) = raw {
                mentioned(raw, &mut found);
            }
            found.iter().filter_map(|n| index.get(n.as_str()).copied()).collect()
        })
        .collect();
    // 0 new, 1 on the way, 2 done. An explicit stack: a chain may be as long as the file.
    let mut state = vec![0_u8; names.len()];
    let mut order = Vec::new();
    let mut in_circle = vec![false; names.len()];
    for start in 0..names.len() {
        let mut stack = vec![(start, 0)];
        while let Some((item, next)) = stack.pop() {
            if next == 0 {
                if state[item] != 0 {
                    continue;
                }
                state[item] = 1;
            }
            if let Some(used) = uses[item].get(next).copied() {
                stack.push((item, next + 1));
                if state[used] == 0 {
                    stack.push((used, 0));
                } else if state[used] == 1 && !in_circle[used] {
                    let from = stack.iter().position(|s| s.0 == used).unwrap_or(0);
                    let circle: Vec<usize> = stack[from..].iter().map(|s| s.0).collect();
                    let mut path: Vec<&str> = circle.iter().map(|i| names[*i].as_str()).collect();
                    path.push(&names[used]);
                    for i in &circle {
                        in_circle[*i] = true;
                    }
                    if let Some(raw) = raws[used] {
                        faults.push(
                            Diagnostic::error(
                                code::CYCLE,
                                format!(
                                    "these definitions go round in a circle: {}",
                                    path.join(" -> ")
                                ),
                            )
                            .at(raw.span, "")
                            .hint("define one of them without the others"),
                        );
                    }
                }
            } else {
                state[item] = 2;
                order.push(item);
            }
        }
    }
    order.retain(|i| !in_circle[*i]);
    order
}
