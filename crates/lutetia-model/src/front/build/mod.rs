//! From declarations to a model: names first, then what can be said with them.

mod covariates;
mod dosing;
mod events;
mod order;
mod parameters;
mod species;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use lutetia_diagnostic::{Diagnostic, SourceId, Span, has_errors};
use lutetia_units::{Dimension, Unit, UnitSystem};

use super::{
    code,
    declare::{Declarations, Entry, Fields, unknown, wrong_kind},
    fields::{self, identifier, required, string},
    grade, keys,
    names::{Meaning, Names, RESERVED},
    population,
    text::Text,
    tree::Value,
};
use crate::{
    connect::order_definitions,
    expr::Symbol,
    flows::{FlowBalance, flow_balance},
    model::{
        Compartment, Covariate, Define, DerivedQuantity, Input, LabelGroup, Model, OrganTable,
        Output, Parameter, Pool, QuantityState, Species,
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
    let before = faults.len();
    builder.plain_names(faults);
    builder.parameters(faults);
    builder.molar_masses(faults);
    builder.dosing(faults);
    builder.quantities_and_inputs(faults);
    builder.defines(faults);
    builder.volumes(faults);
    builder.initials(faults);
    builder.processes(faults);
    builder.events(faults);
    builder.outputs(faults);
    builder.derived(faults);
    let (transit, passing) = builder.names.transit();
    builder.quantities.extend(transit);
    builder.processes.extend(passing);
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
    if builder.names.labels_doubtful {
        // Which species carry the label is not known, so rules about it cannot be judged.
        let mut place = 0;
        faults.retain(|d| {
            place += 1;
            place <= before || !(d.code == code::LABEL || d.code == code::LABEL_FLOW)
        });
    }
    // What is faulty may be the use of it.
    if !has_errors(faults) {
        builder.unused(faults);
    }
    let mut model = Model {
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
        delays: builder.names.delays,
        defines: builder.defines,
        processes: builder.processes,
        events: builder.events,
        inputs: builder.inputs,
        outputs: builder.outputs,
        derived: builder.derived,
        correlations: correlations.unwrap_or_default(),
        parameter_order: builder.parameter_order,
        organs: OrganTable {
            names: found.organs.names.clone(),
            columns: found.organs.filters.clone(),
        },
        chain: None,
        status: grade::status(head, faults),
    };
    circles_and_flows(&mut model, found, head.span, faults);
    Some(model)
}

/// What can be said only of the whole: volumes that need themselves, and flows that do not balance.
fn circles_and_flows(
    model: &mut Model,
    found: &Declarations,
    head: Span,
    faults: &mut Vec<Diagnostic>,
) {
    if has_errors(faults) {
        return;
    }
    if let Err(circle) = order_definitions(model) {
        let of_volume = |e: &&Entry| circle.contains(&format!("volume({})", e.name.as_str()));
        let at = found.compartments.iter().find(of_volume).map_or(head, |e| e.name.span());
        faults.push(
            Diagnostic::error(
                code::CYCLE,
                format!("a volume goes round in a circle: {}", circle.join(" -> ")),
            )
            .at(at, "")
            .hint("a volume may depend on amounts; a concentration in it already needs the volume"),
        );
        return;
    }
    if found.from_columns.is_empty() {
        return;
    }
    let columns: BTreeSet<&str> = found.from_columns.iter().map(String::as_str).collect();
    let from_table = |flow: &FlowBalance| {
        flow.parameters.iter().any(|p| columns.contains(model.parameters[*p].name.as_str()))
    };
    // What one compartment has too much another has too little: one fault, told of the one that is most off.
    let mut off: Vec<FlowBalance> = flow_balance(model)
        .into_iter()
        .filter(|flow| flow.plain && !flow.balances() && from_table(flow))
        .filter(|flow| found.compartments[flow.compartment].fields.get("unbalanced").is_none())
        .collect();
    off.sort_by(|a, b| b.share().total_cmp(&a.share()));
    let at = |flow: &FlowBalance| found.compartments[flow.compartment].name.span();
    let Some((worst, others)) = off.split_first() else { return };
    let message = format!("the flows of `{}` do not balance: {}", worst.place, worst.text());
    let warning = Diagnostic::warning(code::FLOWS, message)
        .at(at(worst), "")
        .hint("what flows into a compartment of the circulation flows out of it again: correct the organ table or the sum that stands for all, or say why under `unbalanced` of the compartment");
    faults.push(others.iter().take(8).fold(warning, |warning, flow| {
        warning.note_at(at(flow), format!("`{}`: {}", flow.place, flow.text()))
    }));
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
        let known = keys::names(keys::UNITS);
        if !known.contains(&k.as_str()) {
            faults.push(unknown(k, "key", &known));
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
    events: Vec<crate::model::Event>,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    derived: Vec<DerivedQuantity>,
    groups: Vec<Option<usize>>,
    /// The organ each pool is in, where a template says so.
    organs: Vec<Option<String>>,
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
                doubtful: BTreeSet::new(),
                labels_doubtful: false,
                organs: found.organs.names.clone(),
                states: found.states.len(),
                delays: Vec::new(),
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
            events: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            derived: Vec::new(),
            groups: Vec::new(),
            organs: Vec::new(),
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
                    .hint("`t` is time; functions, `and`, `or` and `not` cannot be names"),
                );
                return;
            }
            let meaning = Meaning { symbol, dimension: None, condition: false, span: name.span() };
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

    /// An internal number in a unit, for people.
    fn shown(&self, internal: f64, unit: &Unit) -> String {
        let x = self.names.units.from_internal(internal, unit);
        // The way there and back costs the last digits.
        let x: f64 = format!("{x:.9e}").parse().unwrap_or(x);
        format!("{x} {unit}")
    }

    fn set_dimension(&mut self, name: &str, dimension: Dimension) {
        if let Some(m) = self.names.plain.get_mut(name) {
            m.dimension = Some(dimension);
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
