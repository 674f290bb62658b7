//! The parts of a chain, checked and joined, with what the chain sets.

use lutetia_diagnostic::{Diagnostic, Sources, closest, has_errors};
use lutetia_units::{Dimension, Unit, UnitSystem, significant};

use super::{
    super::{Named, Resolve, check_in, code, fields, text::Text},
    by_port,
    lines::{By, Line, Lines, Setting, Wire},
    roles,
};
use crate::{
    connect::{Connection, Link, Mass, connect},
    model::{
        ALIAS_SEPARATOR, Chain, ChainPart, ChainSetting, ChainWire, Model, Parameter,
        ParameterValue,
    },
};

/// The joined model of the lines of a chain.
pub(super) fn model(
    lines: &Lines,
    resolve: &dyn Resolve,
    units: Option<&UnitSystem>,
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) -> Option<Model> {
    let parts = parts(lines, resolve, units, sources, faults);
    // What a part with a fault would give is not known.
    let found = match has_errors(faults) {
        true => by_port::ByPorts::default(),
        false => by_port::connections(lines, &parts, resolve, sources, faults),
    };
    let connections: Vec<Connection> = lines
        .connect
        .iter()
        .chain(found.found.iter().map(|found| &found.line))
        .filter_map(|line| connection(&line.name, line.given.as_ref()?, faults))
        .collect();
    if has_errors(faults) {
        return None;
    }
    let (model, more) = connect(&parts, &connections);
    // What has no place of its own is a fault of the whole file.
    faults.extend(more.into_iter().map(|fault| match (fault.labels.is_empty(), lines.place) {
        (true, Some(place)) => fault.at(place, ""),
        _ => fault,
    }));
    let mut model = model?;
    model.id.clone_from(&lines.id);
    model.title.clone_from(&lines.title);
    model.about.clone_from(&lines.about);
    model.reference.clone_from(&lines.reference);
    // What is made of a sketch is one, whatever the chain says of itself.
    model.status = model.status.or(lines.status);
    for line in &lines.set {
        if let Some(setting) = &line.given {
            set(&mut model, &line.name, setting, faults);
        }
    }
    roles::declare(&mut model, lines, faults);
    let chain = model.chain.get_or_insert_with(Chain::default);
    write_down(chain, lines, &found.found);
    let adult = lines.adult.unwrap_or_default();
    chain.dose_factors.iter_mut().for_each(|factor| factor.adult = adult);
    chain.ports = found.file;
    Some(model)
}

/// The models of the parts; the internal units are those of the first.
fn parts(
    lines: &Lines,
    resolve: &dyn Resolve,
    units: Option<&UnitSystem>,
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) -> Vec<(String, Model)> {
    let mut units = units.cloned();
    let mut parts: Vec<(String, Model)> = Vec::new();
    for Line { name, given, .. } in &lines.parts {
        let Some(named) = given else { continue };
        if let Some(fault) = fields::identifier(name) {
            faults.push(fault);
            continue;
        }
        let part = named.as_str();
        let fault = |text: String| Diagnostic::error(code::PART, text).at(named.span(), "");
        let Some(Named { file, resolve: beside }) = resolve.named(part) else {
            let near = resolve.nearest(part).map(|near| format!("did you mean `{near}`?"));
            faults.push(
                fault(format!("there is no model `{part}`"))
                    .hint("`lutetia models` lists the bundled models; a path of your own begins with `./`")
                    .maybe_hint(near),
            );
            continue;
        };
        let (model, mut found) = check_in(&file, beside.as_ref(), units.as_ref(), sources);
        // Warnings of a part belong to whoever checks the part.
        found.retain(|d| has_errors(std::slice::from_ref(d)));
        faults.extend(found);
        let Some(model) = model else { continue };
        if model.chain.is_some() {
            faults.push(
                fault(format!("`{part}` is a chain; a part is a model"))
                    .hint("extend the chain, or name its parts here"),
            );
            continue;
        }
        units.get_or_insert_with(|| model.units.clone());
        parts.push((name.as_str().to_owned(), model));
    }
    parts
}

fn connection(to: &Text, wire: &Wire, faults: &mut Vec<Diagnostic>) -> Option<Connection> {
    let by = match &wire.by {
        By::Same => Link::Same,
        By::Times(times) => Link::Times(fields::quantity(times, faults)?),
        By::DoseRate { mass, region } if fields::looks_like_quantity(mass.as_str()) => {
            let what = "the mass of a dose rate";
            let mass = fields::quantity_of(mass, Dimension::MASS, what, faults)?;
            match region {
                Some(region) => Link::OrganDoseRate { region: region.as_str().to_owned(), mass },
                None => Link::DoseRate(Mass::Fixed(mass)),
            }
        }
        By::DoseRate { mass, region: Some(region) } => {
            faults.push(
                Diagnostic::error(
                    code::WIRE,
                    format!("the dose factor of `{}` needs a fixed mass", region.as_str()),
                )
                .at(mass.span(), "")
                .hint("give `mass` as a quantity, such as `310 g`, or leave `region` out"),
            );
            return None;
        }
        By::DoseRate { mass, region: None } => {
            Link::DoseRate(Mass::Output(mass.as_str().to_owned()))
        }
    };
    let (from, to_port) = (wire.from.as_str().to_owned(), to.as_str().to_owned());
    Some(Connection { from, to: to_port, by, place: Some(to.span()) })
}

/// Gives a parameter, or an input that nothing drives, another value.
fn set(model: &mut Model, name: &Text, setting: &Setting, faults: &mut Vec<Diagnostic>) {
    // `pk.K_D` is `pk:K_D` inside the joined model.
    let inside = name.as_str().replacen('.', &ALIAS_SEPARATOR.to_string(), 1);
    let quantity = |dimension: Dimension, unit: &Unit, faults: &mut Vec<Diagnostic>| {
        let what = format!("`{}`", name.as_str());
        let text = setting.value.as_str();
        let found = fields::quantity_of(&setting.value, dimension, &what, faults);
        if let (None, Ok(_), Some(fault)) = (&found, text.parse::<f64>(), faults.last_mut()) {
            fault.hint = Some(format!("write it with its unit: `\"{text} {unit}\"`"));
        }
        found
    };
    let named = named(model, name.as_str(), &inside);
    if let Some(&first) = named.first() {
        if let Some(fault) = disagreement(model, &named, name) {
            faults.push(fault);
            return;
        }
        let parameter = &model.parameters[first];
        if let Some(q) = quantity(parameter.dimension, &parameter.unit, faults) {
            // A range that is faulty is so once, however many parts it is for.
            let mut again = Vec::new();
            for k in named {
                let parameter = &mut model.parameters[k];
                parameter.value = ParameterValue::Number(model.units.to_internal(&q));
                // It was that of the number before.
                parameter.uncertainty = None;
                parameter.unit = q.unit().clone();
                parameter.source.clone_from(&setting.source);
                parameter.evidence = setting.evidence;
                // What is set is not that of a nuclide any more.
                parameter.of_nuclide = None;
                parameter.daughter = None;
                let value = model.units.to_internal(&q);
                let told = if k == first { &mut *faults } else { &mut again };
                bounds(parameter, value, setting, &model.units, told);
            }
        }
        return;
    }
    if let Some(input) = model.inputs.iter_mut().find(|i| i.name == inside) {
        if let Some(q) = quantity(input.unit.dimension(), &input.unit, faults) {
            input.default = Some(model.units.to_internal(&q));
        }
        return;
    }
    let driven = model.defines.iter().any(|d| d.name == inside);
    let names = model.parameters.iter().map(|p| &p.name);
    let names: Vec<String> = names
        .chain(model.inputs.iter().map(|i| &i.name))
        .map(|n| n.replacen(ALIAS_SEPARATOR, ".", 1))
        .collect();
    let near = closest(name.as_str(), names.iter().map(String::as_str))
        .map(|near| format!("did you mean `{near}`?"));
    let text = if driven {
        format!("`{}` is driven by a connection or a definition and cannot be set", name.as_str())
    } else {
        format!("no part has a parameter or input `{}`", name.as_str())
    };
    faults.push(
        Diagnostic::error(code::SET, text)
            .at(name.span(), "")
            .hint("`lutetia explain` lists the parameters of a model; write `part.parameter`, or `parameter` where all parts that have it agree")
            .maybe_hint(near),
    );
}

/// The parameters that a name means: the one of a part, or without a part those of all.
fn named(model: &Model, name: &str, inside: &str) -> Vec<usize> {
    let own = |p: &Parameter| p.in_part().is_some_and(|(_, own)| own == name);
    let meant = |p: &Parameter| p.name == inside || (!name.contains('.') && own(p));
    let list = model.parameters.iter().enumerate();
    list.filter(|(_, p)| meant(p)).map(|(k, _)| k).collect()
}

/// A fault where parameters that are to be set together are not the same before.
fn disagreement(model: &Model, named: &[usize], name: &Text) -> Option<Diagnostic> {
    let found: Vec<&Parameter> = named.iter().map(|&k| &model.parameters[k]).collect();
    if found.windows(2).all(|pair| pair[0].stands_like(pair[1])) {
        return None;
    }
    let written = |p: &Parameter| p.name.replacen(ALIAS_SEPARATOR, ".", 1);
    let value = |p: &Parameter| match &p.value {
        ParameterValue::Number(x) => {
            format!("{} {}", significant(model.units.from_internal(*x, &p.unit), 6), p.unit)
        }
        ParameterValue::Formula { text, .. } => text.clone(),
    };
    let shown: Vec<String> =
        found.iter().map(|p| format!("`{}` = {}", written(p), value(p))).collect();
    let first = written(found[0]);
    Some(
        Diagnostic::error(
            code::DISAGREE,
            format!("parts do not agree in `{}`: {}", name.as_str(), shown.join(", ")),
        )
        .at(name.span(), "")
        .hint(format!("set it in one part, such as `\"{first}\"`")),
    )
}

/// The range that a chain gives with a value, which lies in it; without one that of the part stays.
fn bounds(
    parameter: &mut Parameter,
    value: f64,
    setting: &Setting,
    units: &UnitSystem,
    faults: &mut Vec<Diagnostic>,
) {
    let dimension = parameter.dimension;
    let mut read = |text: &Option<Text>, key: &str| {
        let q = fields::quantity_of(text.as_ref()?, dimension, &format!("`{key}`"), faults)?;
        Some(units.to_internal(&q))
    };
    let (low, high) = (read(&setting.min, "min"), read(&setting.max, "max"));
    if low.is_none() && high.is_none() {
        return;
    }
    parameter.bounds = (low, high);
    if low.is_some_and(|low| value < low) || high.is_some_and(|high| value > high) {
        let end = |text: &Option<Text>| text.as_ref().map_or("…", Text::as_str).to_owned();
        let message = format!(
            "the value is `{}`; expected {} to {}, its range",
            setting.value.as_str(),
            end(&setting.min),
            end(&setting.max)
        );
        faults.push(
            Diagnostic::error(code::NUMBER, message)
                .at(setting.value.span(), "")
                .hint("correct `value`, `min` or `max`"),
        );
    }
}

/// Keeps every line with the file that says it.
fn write_down(chain: &mut Chain, lines: &Lines, found: &[by_port::Found]) {
    for Line { name, given, file } in &lines.parts {
        if let Some(model) = given {
            chain.parts.push(ChainPart {
                alias: name.as_str().to_owned(),
                model: model.as_str().to_owned(),
                file: file.clone(),
            });
        }
    }
    let said = lines.connect.iter().map(|line| (line, None));
    let found = found.iter().map(|found| (&found.line, Some(found.port.clone())));
    for (Line { name, given, file }, port) in said.chain(found) {
        let Some(wire) = given else { continue };
        let from = wire.from.as_str();
        let from = match &wire.by {
            By::Same => from.to_owned(),
            By::Times(times) => format!("{from} * {}", times.as_str()),
            By::DoseRate { mass, region: None } => format!("{from} * Delta / {}", mass.as_str()),
            By::DoseRate { mass, region: Some(region) } => {
                format!("{from} * S({}, {})", region.as_str(), mass.as_str())
            }
        };
        chain.wires.push(ChainWire {
            to: name.as_str().to_owned(),
            from,
            source: wire.source.clone(),
            port,
            file: file.clone(),
        });
    }
    for Line { name, given, file } in &lines.set {
        if let Some(setting) = given {
            chain.set.push(ChainSetting {
                name: name.as_str().to_owned(),
                value: setting.value.as_str().to_owned(),
                source: setting.source.clone(),
                evidence: setting.evidence,
                file: file.clone(),
            });
        }
    }
}
