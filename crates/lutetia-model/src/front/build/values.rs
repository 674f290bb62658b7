//! What is said with names: volumes, definitions, initial values, processes, outputs.

use std::collections::BTreeMap;

use lutetia_diagnostic::{Diagnostic, Span};
use lutetia_units::{Dimension, Unit};

use super::super::{
    code,
    declare::{Entry, wrong_kind},
    fields::{
        self, identifier, looks_like_quantity, quantity, quantity_of, required, string, text,
    },
    names::Place,
    population,
    scheme::{self, Labels},
    syntax::{self, Raw},
    text::Text,
    tree::{Node, Value},
};
use super::{Builder, order::sorted, twice};
use crate::{
    expr::{Expr, Symbol},
    model::{Compartment, Define, DerivedQuantity, Input, Output, QuantityState},
};

impl Builder<'_> {
    pub(super) fn quantities_and_inputs(&mut self, faults: &mut Vec<Diagnostic>) {
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
            .and_then(|t| fields::unit(t, faults));
            // Without a readable unit a default cannot be judged.
            let default = text(&e.fields, "default", faults).filter(|_| unit.is_some());
            let unit = unit.unwrap_or_else(Unit::dimensionless);
            let default = default
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
    pub(super) fn value(
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

    pub(super) fn volumes(&mut self, faults: &mut Vec<Diagnostic>) {
        for e in &self.found.compartments {
            let what = format!("compartment `{}`", e.name.as_str());
            let t = required(&e.fields, "volume", &what, "\"3.0 L\"", faults).cloned();
            let volume = t.as_ref().and_then(|t| {
                self.value(
                    t,
                    Dimension::VOLUME,
                    &format!("the volume of `{}`", e.name.as_str()),
                    Place::Anywhere,
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

    pub(super) fn defines(&mut self, faults: &mut Vec<Diagnostic>) {
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
            let condition = self.names.is_condition(raw, &expr);
            if let Some(m) = self.names.plain.get_mut(&names[i]) {
                m.dimension = Some(dimension);
                m.condition = condition;
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

    pub(super) fn initials(&mut self, faults: &mut Vec<Diagnostic>) {
        for (i, e) in self.found.species.iter().enumerate() {
            for (place, t) in by_place(e, "initial", faults) {
                if place.as_ref().is_none_or(|p| self.is_a_place_of(e, p, faults)) {
                    self.initial(i, place.as_ref(), &t, faults);
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

    /// Whether a species is in the place, or, where its name has a placeholder, in the places of all its organs.
    pub(super) fn is_a_place_of(&self, e: &Entry, p: &Text, faults: &mut Vec<Diagnostic>) -> bool {
        let in_place = |p: &Text| {
            self.names.pools.contains_key(&format!("{}.{}", e.name.as_str(), p.as_str()))
        };
        if !p.has_placeholder() {
            if !in_place(p) {
                faults.push(
                    Diagnostic::error(
                        code::UNDECLARED,
                        format!("`{}` is not in `{}`", e.name.as_str(), p.as_str()),
                    )
                    .at(p.span(), "")
                    .hint("add the place to `in`"),
                );
            }
            return in_place(p);
        }
        // A name with a placeholder is for the compartments of those organs, and must find one.
        let Some(chosen) = self.found.organs.chosen(p, faults) else { return false };
        let Some(organ) = chosen.iter().find(|o| !in_place(&p.expand(o))) else { return true };
        if !self.names.doubtful.contains(e.name.as_str()) {
            faults.push(
                Diagnostic::error(
                    code::PLACEHOLDER,
                    format!(
                        "`{}` is not in `{}`, one of the places of `{}`",
                        e.name.as_str(),
                        p.expand(organ).as_str(),
                        p.as_str()
                    ),
                )
                .at(p.span(), "")
                .hint("choose the organs by the column that `in` names"),
            );
        }
        false
    }

    /// Gives the pools of a species, those of a place where one is named, their initial amount.
    fn initial(
        &mut self,
        species: usize,
        place: Option<&Text>,
        t: &Text,
        faults: &mut Vec<Diagnostic>,
    ) {
        let name = self.found.species[species].name.as_str();
        for (pool, own) in self.of_pools(species, place, t, "initial amount", faults) {
            let here = self.found.compartments[self.pools[pool].place].name.as_str();
            let what = format!("the initial amount of `{name}.{here}`");
            self.pools[pool].initial =
                self.value(&own, Dimension::AMOUNT, &what, Place::Initial, faults);
        }
    }

    /// What a text says of each pool of a species, or of those at a place, with the organ of the pool put in.
    pub(super) fn of_pools(
        &self,
        species: usize,
        place: Option<&Text>,
        t: &Text,
        what: &str,
        faults: &mut Vec<Diagnostic>,
    ) -> Vec<(usize, Text)> {
        let name = self.found.species[species].name.as_str();
        let mut said = Vec::new();
        for pool in 0..self.pools.len() {
            if self.pools[pool].species != species {
                continue;
            }
            let here = &self.found.compartments[self.pools[pool].place].name;
            let organ = &self.organs[pool];
            if let Some(p) = place {
                let named = if p.has_placeholder() {
                    let chosen = organ.iter().filter(|o| self.found.organs.holds(p, o));
                    chosen.map(|o| p.expand(o)).next()
                } else {
                    Some(p.clone())
                };
                if named.is_none_or(|n| n.as_str() != here.as_str()) {
                    continue;
                }
            }
            // A value with a placeholder is that of the organ of its place.
            let own = match organ {
                _ if !t.has_placeholder() => t.clone(),
                Some(organ) if self.found.organs.holds(t, organ) => t.expand(organ),
                _ => {
                    if self.found.organs.chosen(t, faults).is_some() {
                        faults.push(of_no_organ((name, what), here, t));
                    }
                    break;
                }
            };
            said.push((pool, own));
        }
        said
    }

    pub(super) fn processes(&mut self, faults: &mut Vec<Diagnostic>) {
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
        let changing = !(self.pools.is_empty() && self.quantities.is_empty());
        if self.found.processes.is_empty() && changing && !self.found.torn {
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

    pub(super) fn outputs(&mut self, faults: &mut Vec<Diagnostic>) {
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
}

impl Builder<'_> {
    /// What follows from the parameters, for fits.
    pub(super) fn derived(&mut self, faults: &mut Vec<Diagnostic>) {
        for e in &self.found.derived {
            if let Some(bad) = identifier(&e.name) {
                faults.push(bad);
                continue;
            }
            let name = e.name.as_str();
            let what = format!("derived quantity `{name}`");
            let of = required(&e.fields, "of", &what, "\"K1/k2\"", faults).cloned();
            let unit = required(&e.fields, "unit", &what, "\"1/h\"", faults)
                .and_then(|t| fields::unit(t, faults));
            let (Some(of), Some(unit)) = (of, unit) else { continue };
            // A fit lists them beside the parameters.
            let first = self.names.plain.get(name).map(|meaning| meaning.span);
            if first.is_some() || self.derived.iter().any(|d| d.name == name) {
                faults.push(twice(&e.name, first));
                continue;
            }
            let Some(expr) = self.value(&of, unit.dimension(), &what, Place::Derived, faults)
            else {
                continue;
            };
            self.derived.push(DerivedQuantity {
                name: name.to_owned(),
                unit,
                expr,
                text: of.as_str().to_owned(),
                about: string(&e.fields, "about", faults),
            });
        }
    }
}

/// The initial amounts of a species: one for all its places, or one by place.
pub(super) fn by_place(
    e: &Entry,
    key: &'static str,
    faults: &mut Vec<Diagnostic>,
) -> Vec<(Option<Text>, Text)> {
    let Some(node) = e.fields.get(key) else { return Vec::new() };
    // A number without a unit is a share, and nothing else.
    let share = |n: &Node| match &n.value {
        Value::Number(x) if key == "bioavailability" => Some(Text::lumped(n.span, &x.to_string())),
        _ => None,
    };
    if let Some(t) = share(node) {
        return vec![(None, t)];
    }
    let list = match &node.value {
        Value::Text(t) => return vec![(None, t.clone())],
        Value::Table(list) => list,
        other => {
            faults.push(wrong_kind(key, other, "a text, or a table of places", node.span));
            return Vec::new();
        }
    };
    let given = list.iter().filter_map(|(k, n)| match &n.value {
        Value::Text(t) => Some((Some(k.clone()), t.clone())),
        _ if share(n).is_some() => share(n).map(|t| (Some(k.clone()), t)),
        other => {
            faults.push(wrong_kind(key, other, "a text", n.span));
            None
        }
    });
    given.collect()
}

/// What is said of organs, for a place that is not one of them.
fn of_no_organ((species, what): (&str, &str), here: &Text, t: &Text) -> Diagnostic {
    Diagnostic::error(
        code::PLACEHOLDER,
        format!(
            "the {what} of `{species}` is that of an organ, and `{}` is not one of `{}`",
            here.as_str(),
            t.as_str()
        ),
    )
    .at(t.span(), "")
    .hint(format!("give the places by name: `initial = {{ {} = \"1 nmol\" }}`", here.as_str()))
}
