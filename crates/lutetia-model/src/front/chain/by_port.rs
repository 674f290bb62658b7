//! Connections that follow from the ports of the parts, where a chain asks for them with `connect = "ports"`.
//!
//! An input that no line connects or leaves open is of one port, and follows the one output of another part that
//! gives it. Two outputs that give it are a fault: which of them is meant is for the chain to say. An input that could
//! be of several ports stays open, as the dose rate of a tissue that the file of ports does not know.

use lutetia_diagnostic::{Diagnostic, Sources, Span, closest};

use super::{
    super::{Resolve, code, ports, text::Text},
    lines::{By, Line, Lines, Wire},
};
use crate::{Ports, model::Model, system::labels::list};

/// A connection that follows from a port.
pub(super) struct Found {
    pub(super) line: Line<Wire>,
    /// The port.
    pub(super) port: String,
}

/// What ports connect.
#[derive(Default)]
pub(super) struct ByPorts {
    pub(super) found: Vec<Found>,
    /// The file that lists the ports; none where a chain does not connect by them.
    pub(super) file: Option<String>,
}

/// The connections that the ports of the parts make beside the lines of the chain.
pub(super) fn connections(
    lines: &Lines,
    parts: &[(String, Model)],
    resolve: &dyn Resolve,
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) -> ByPorts {
    let Some(asked) = lines.connecting.as_ref().filter(|line| line.by_ports()) else {
        return ByPorts::default();
    };
    left_open(lines, parts, faults);
    let Some(file) = resolve.ports() else {
        faults.push(
            Diagnostic::error(code::PORT, "there is no file of ports to connect by")
                .at(asked.word.span(), "")
                .hint("write the connections under `[connect]` and leave this line out"),
        );
        return ByPorts::default();
    };
    let (known, more) = ports::read(&file, sources);
    faults.extend(more);
    let mut found = Vec::new();
    for (alias, model) in parts {
        for input in &model.inputs {
            let to = format!("{alias}.{}", input.name);
            let said = lines.connect.iter().map(|line| line.name.as_str());
            let open = lines.open.iter().map(|line| line.name.as_str());
            if said.chain(open).any(|name| name == to) {
                continue;
            }
            let taken = known.taken(name_of(lines, alias), &input.name, input.unit.dimension());
            let [port] = taken[..] else { continue };
            let givers = givers(lines, parts, &known, alias, &port.name);
            match &givers[..] {
                [] => {}
                [from] => {
                    let text = |name: &str| Text::lumped(asked.word.span(), name);
                    let wire = Wire { from: text(from), by: By::Same, source: None };
                    let file = asked.file.clone();
                    let line = Line { name: text(&to), given: Some(wire), file };
                    found.push(Found { line, port: port.name.clone() });
                }
                several => faults.push(two_givers(&to, several, &port.is, asked.word.span())),
            }
        }
    }
    ByPorts { found, file: Some(file.name) }
}

/// The model of a part, as the file of ports would call it.
fn name_of<'a>(lines: &'a Lines, alias: &str) -> &'a str {
    let part = lines.parts.iter().find(|line| line.name.as_str() == alias);
    let name = part.and_then(|line| line.given.as_ref()).map_or("", Text::as_str);
    let name = name.strip_prefix("models/").unwrap_or(name);
    name.strip_suffix(".toml").unwrap_or(name)
}

/// The outputs of other parts that give a port, as `part.output`.
fn givers(
    lines: &Lines,
    parts: &[(String, Model)],
    known: &Ports,
    taker: &str,
    port: &str,
) -> Vec<String> {
    let mut givers = Vec::new();
    for (alias, model) in parts.iter().filter(|(alias, _)| alias != taker) {
        for output in &model.outputs {
            let given = known.given(name_of(lines, alias), &output.name, output.unit.dimension());
            if given.iter().any(|p| p.name == port) {
                givers.push(format!("{alias}.{}", output.name));
            }
        }
    }
    givers
}

fn two_givers(to: &str, givers: &[String], is: &str, at: Span) -> Diagnostic {
    let first = &givers[0];
    Diagnostic::error(
        code::GIVERS,
        format!("`{to}` may follow {} ({is})", list(givers.iter().map(String::as_str))),
    )
    .at(at, "")
    .hint(format!(
        "say which under `[connect]`: `\"{to}\" = \"{first}\"`, or `\"{to}\" = \"none\"` to leave it open"
    ))
}

/// What is left open must be an input.
fn left_open(lines: &Lines, parts: &[(String, Model)], faults: &mut Vec<Diagnostic>) {
    let inputs: Vec<String> = parts
        .iter()
        .flat_map(|(alias, m)| m.inputs.iter().map(move |i| format!("{alias}.{}", i.name)))
        .collect();
    for line in &lines.open {
        let name = line.name.as_str();
        if !inputs.iter().any(|input| input == name) {
            let near = closest(name, inputs.iter().map(String::as_str))
                .map(|near| format!("did you mean `{near}`?"));
            faults.push(
                Diagnostic::error(
                    code::NOTHING,
                    format!("there is no connection `{name}` that could be left out"),
                )
                .at(line.name.span(), "")
                .hint("`\"none\"` leaves an input of a part open")
                .maybe_hint(near),
            );
        }
    }
}
