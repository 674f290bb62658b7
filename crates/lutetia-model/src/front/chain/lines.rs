//! What a chain file says, line by line, and how one lies over another.

use lutetia_diagnostic::{Diagnostic, SourceId, Span, closest};

use super::super::{
    code,
    declare::{Fields, unknown, wrong_kind},
    fields, grade, keys,
    text::Text,
    tree::{Node, Value},
};
use super::roles::{Grading, grading};
use crate::model::{Adult, Evidence, Status};

/// What takes a line of the extended chain away.
const NONE: &str = "none";

/// What makes parts connect by themselves.
const BY_PORTS: &str = "ports";

/// A line: a name and what it is given, or that it is taken away.
#[derive(Debug, Clone)]
pub(super) struct Line<T> {
    pub(super) name: Text,
    /// Nothing: the line of the extended chain is taken away.
    pub(super) given: Option<T>,
    /// The file that says so.
    pub(super) file: String,
}

/// What drives an input.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub(super) from: Text,
    pub(super) by: By,
    pub(super) source: Option<String>,
}

/// How the input follows from the output.
#[derive(Debug, Clone)]
pub(super) enum By {
    Same,
    Times(Text),
    DoseRate { mass: Text, region: Option<Text> },
}

/// Whether the parts connect by themselves.
#[derive(Debug, Clone)]
pub(super) struct Connecting {
    pub(super) word: Text,
    /// The file that says so.
    pub(super) file: String,
}

impl Connecting {
    pub(super) fn by_ports(&self) -> bool {
        self.word.as_str() == BY_PORTS
    }
}

/// What a name is set to.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) value: Text,
    pub(super) min: Option<Text>,
    pub(super) max: Option<Text>,
    pub(super) source: Option<String>,
    pub(super) evidence: Option<Evidence>,
}

/// The lines of a chain.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) about: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) status: Option<Status>,
    pub(super) adult: Option<Adult>,
    pub(super) extends: Option<Text>,
    pub(super) parts: Vec<Line<Text>>,
    pub(super) connect: Vec<Line<Wire>>,
    pub(super) set: Vec<Line<Setting>>,
    pub(super) connecting: Option<Connecting>,
    /// Inputs that ports leave open.
    pub(super) open: Vec<Line<Wire>>,
    pub(super) roles: Vec<Line<Text>>,
    pub(super) toxicities: Vec<Line<Grading>>,
    /// The whole of the file, for what has no place of its own.
    pub(super) place: Option<Span>,
}

/// Reads the lines of a document.
pub(super) fn read(id: SourceId, root: &[(Text, Node)], faults: &mut Vec<Diagnostic>) -> Lines {
    let mut lines = Lines { place: Some(Span::new(id, 0, 0)), ..Lines::default() };
    for (key, node) in root {
        let Some(table) = keys::CHAIN.iter().find(|t| t.name == key.as_str()) else {
            let known: Vec<&str> = keys::CHAIN.iter().map(|t| t.name).collect();
            faults.push(unknown(key, "table of a chain", &known));
            continue;
        };
        let Value::Table(list) = &node.value else {
            faults.push(wrong_kind(key.as_str(), &node.value, "a table", node.span));
            continue;
        };
        if table.name == "roles" {
            roles(&mut lines, list, table.keys, faults);
            continue;
        }
        if let keys::Form::Plain = table.form {
            heading(&mut lines, &known_fields(list, key.span(), table.keys, faults), faults);
            continue;
        }
        for (name, node) in list {
            // A bare text is the key that says most.
            if let Value::Text(text) = &node.value
                && text.as_str() == NONE
            {
                take_away(&mut lines, key.as_str(), name);
                continue;
            }
            let fields = match (&node.value, table.form) {
                (Value::Table(list), _) => known_fields(list, name.span(), table.keys, faults),
                (Value::Text(_) | Value::Number(_), keys::Form::Named(bare)) => Fields {
                    list: vec![(Text::lumped(name.span(), bare), node.clone())],
                    span: name.span(),
                },
                (other, keys::Form::Named(bare)) => {
                    faults.push(
                        wrong_kind(name.as_str(), other, "a text or a table", node.span)
                            .hint(format!("write `… = \"…\"`, or `… = {{ {bare} = \"…\" }}`")),
                    );
                    continue;
                }
                (_, keys::Form::Plain) => continue,
            };
            match key.as_str() {
                "parts" => {
                    if let Some(model) = fields::required(
                        &fields,
                        "model",
                        "a part",
                        "\"psma/tumour-kidney\"",
                        faults,
                    ) {
                        lines.parts.push(line(name, model.clone()));
                    }
                }
                "connect" => {
                    if let Some(wire) = wire(name, &fields, faults) {
                        lines.connect.push(line(name, wire));
                    }
                }
                "toxicities" => {
                    if let Some(grading) = grading(name, &fields, faults) {
                        lines.toxicities.push(line(name, grading));
                    }
                }
                _ => {
                    if let Some(setting) = setting(&fields, faults) {
                        lines.set.push(line(name, setting));
                    }
                }
            }
        }
    }
    lines
}

fn line<T>(name: &Text, given: T) -> Line<T> {
    Line { name: name.clone(), given: Some(given), file: String::new() }
}

fn take_away(lines: &mut Lines, table: &str, name: &Text) {
    let file = String::new();
    match table {
        "parts" => lines.parts.push(Line { name: name.clone(), given: None, file }),
        "connect" => lines.connect.push(Line { name: name.clone(), given: None, file }),
        "toxicities" => lines.toxicities.push(Line { name: name.clone(), given: None, file }),
        _ => lines.set.push(Line { name: name.clone(), given: None, file }),
    }
}

/// The roles of outputs: keys of one table, each an output or `"none"`.
fn roles(
    lines: &mut Lines,
    list: &[(Text, Node)],
    allowed: &[keys::Key],
    faults: &mut Vec<Diagnostic>,
) {
    let allowed = keys::names(allowed);
    for (name, node) in list {
        if !allowed.contains(&name.as_str()) {
            faults.push(unknown(name, "role", &allowed));
            continue;
        }
        match &node.value {
            Value::Text(text) => {
                let given = (text.as_str() != NONE).then(|| text.clone());
                lines.roles.push(Line { name: name.clone(), given, file: String::new() });
            }
            other => faults.push(
                wrong_kind(name.as_str(), other, "a text", node.span)
                    .hint("write an output as `part.output`"),
            ),
        }
    }
}

fn known_fields(
    list: &[(Text, Node)],
    span: Span,
    allowed: &[keys::Key],
    faults: &mut Vec<Diagnostic>,
) -> Fields {
    let allowed = keys::names(allowed);
    for (key, _) in list {
        if !allowed.contains(&key.as_str()) {
            faults.push(unknown(key, "key", &allowed));
        }
    }
    Fields { list: list.to_vec(), span }
}

fn heading(lines: &mut Lines, chain: &Fields, faults: &mut Vec<Diagnostic>) {
    if let Some(id) = fields::required(chain, "id", "the chain", "\"psma-survival\"", faults) {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.as_str().is_empty() || !id.as_str().chars().all(good) {
            faults.push(
                Diagnostic::error(code::IDENTIFIER, format!("`{}` cannot be an id", id.as_str()))
                    .at(id.span(), "")
                    .hint("lower-case letters, digits and hyphens"),
            );
        }
        id.as_str().clone_into(&mut lines.id);
    }
    if let Some(title) = fields::required(chain, "title", "the chain", "\"…\"", faults) {
        title.as_str().clone_into(&mut lines.title);
    }
    lines.about = fields::string(chain, "about", faults);
    lines.reference = fields::string(chain, "reference", faults);
    lines.status = grade::status(chain, faults);
    lines.adult = grade::adult(chain, faults);
    lines.extends = fields::text(chain, "extends", faults).cloned();
    if let Some(word) = fields::text(chain, "connect", faults) {
        if !keys::CONNECTING.contains(&word.as_str()) {
            faults.push(unknown(word, "way to connect", keys::CONNECTING));
        }
        lines.connecting = Some(Connecting { word: word.clone(), file: String::new() });
    }
}

fn wire(name: &Text, given: &Fields, faults: &mut Vec<Diagnostic>) -> Option<Wire> {
    let before = faults.len();
    let [from, times, rate, mass, region] = ["from", "times", "dose_rate_of", "mass", "region"]
        .map(|key| fields::text(given, key, faults).cloned());
    let source = fields::string(given, "source", faults);
    if faults.len() > before {
        return None;
    }
    match (from, times, rate, mass, region) {
        (Some(from), None, None, None, None) => Some(Wire { from, by: By::Same, source }),
        (Some(from), Some(times), None, None, None) => {
            Some(Wire { from, by: By::Times(times), source })
        }
        (None, None, Some(from), Some(mass), region) => {
            Some(Wire { from, by: By::DoseRate { mass, region }, source })
        }
        _ => {
            faults.push(
                Diagnostic::error(
                    code::WIRE,
                    format!("what drives `{}` is not clear", name.as_str()),
                )
                .at(name.span(), "")
                .hint(
                    "give `from` alone, `from` and `times`, or `dose_rate_of` and `mass`, such as `{ dose_rate_of = \"pk.A_kidneys\", mass = \"310 g\" }`",
                ),
            );
            None
        }
    }
}

fn setting(given: &Fields, faults: &mut Vec<Diagnostic>) -> Option<Setting> {
    // A plain number is a quantity without dimension.
    let value = match given.get("value") {
        Some(Node { value: Value::Number(x), span }) => Text::lumped(*span, &x.to_string()),
        _ => fields::required(given, "value", "a setting", "\"1 nmol/L\"", faults)?.clone(),
    };
    let [min, max] = ["min", "max"].map(|key| fields::text(given, key, faults).cloned());
    let source = fields::string(given, "source", faults);
    let evidence = grade::evidence(given, faults);
    Some(Setting { value, min, max, source, evidence })
}

impl Lines {
    /// Notes the file that the lines stand in, and takes paths of parts from its folder.
    pub(super) fn came_from(&mut self, file: &str) {
        let folder = file.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
        for line in &mut self.parts {
            file.clone_into(&mut line.file);
            if let Some(model) = &mut line.given
                && model.as_str().starts_with('.')
            {
                *model = Text::lumped(model.span(), &joined(folder, model.as_str()));
            }
        }
        self.connect.iter_mut().for_each(|line| file.clone_into(&mut line.file));
        self.set.iter_mut().for_each(|line| file.clone_into(&mut line.file));
        self.roles.iter_mut().for_each(|line| file.clone_into(&mut line.file));
        self.toxicities.iter_mut().for_each(|line| file.clone_into(&mut line.file));
        self.connecting.iter_mut().for_each(|line| file.clone_into(&mut line.file));
    }

    /// Lays these lines over those of the chain that they extend.
    pub(super) fn over(&mut self, parent: Self, faults: &mut Vec<Diagnostic>) {
        let gone: Vec<String> = self
            .parts
            .iter()
            .filter(|line| line.given.is_none())
            .map(|line| line.name.as_str().to_owned())
            .collect();
        // What belongs to a part that is left out goes with it.
        let of = |port: &str| port.split_once('.').map_or(port, |(alias, _)| alias).to_owned();
        let stays = |port: &str| !gone.contains(&of(port));
        let mut wires = parent.connect;
        wires.retain(|line| {
            let from = line.given.as_ref().is_none_or(|wire| {
                let mass = match &wire.by {
                    By::DoseRate { mass, .. } => stays(mass.as_str()),
                    By::Same | By::Times(_) => true,
                };
                mass && stays(wire.from.as_str())
            });
            stays(line.name.as_str()) && from
        });
        let mut set = parent.set;
        set.retain(|line| stays(line.name.as_str()));
        let mut roles = parent.roles;
        roles.retain(|line| line.given.as_ref().is_none_or(|output| stays(output.as_str())));
        let mut toxicities = parent.toxicities;
        toxicities.retain(|line| line.given.as_ref().is_none_or(|t| stays(t.output.as_str())));
        let mut open = parent.open;
        open.retain(|line| stays(line.name.as_str()));
        self.connecting = self.connecting.take().or(parent.connecting);
        if self.connecting.as_ref().is_some_and(Connecting::by_ports) {
            // Where ports connect, what is left out stays open; there need be no line of it.
            let left = |line: &&Line<Wire>| line.given.is_none();
            let said: Vec<Line<Wire>> = self.connect.iter().filter(left).cloned().collect();
            let anew = |name: &str| self.connect.iter().any(|line| line.name.as_str() == name);
            open.retain(|line| !anew(line.name.as_str()));
            self.connect.retain(|line| {
                let under = wires.iter().any(|old| old.name.as_str() == line.name.as_str());
                line.given.is_some() || under
            });
            open.extend(said);
        }
        self.open = open;
        self.roles = laid(roles, std::mem::take(&mut self.roles), "role", faults);
        self.toxicities =
            laid(toxicities, std::mem::take(&mut self.toxicities), "toxicity", faults);
        self.parts = laid(parent.parts, std::mem::take(&mut self.parts), "part", faults);
        self.connect = laid(wires, std::mem::take(&mut self.connect), "connection", faults);
        self.set = laid(set, std::mem::take(&mut self.set), "setting", faults);
        self.reference = self.reference.take().or(parent.reference);
        self.status = self.status.or(parent.status);
        self.adult = self.adult.or(parent.adult);
    }
}

/// Lines over lines: those of the same name are replaced in their place, others follow.
fn laid<T>(
    under: Vec<Line<T>>,
    over: Vec<Line<T>>,
    what: &str,
    faults: &mut Vec<Diagnostic>,
) -> Vec<Line<T>> {
    let mut lines = under;
    for line in over {
        let name = line.name.as_str();
        let same = lines.iter().position(|old| old.name.as_str() == name);
        match (same, line.given.is_some()) {
            (Some(place), true) => lines[place] = line,
            (Some(place), false) => {
                lines.remove(place);
            }
            (None, true) => lines.push(line),
            (None, false) => {
                let near = closest(name, lines.iter().map(|old| old.name.as_str()))
                    .map(|near| format!("did you mean `{near}`?"));
                faults.push(
                    Diagnostic::error(
                        code::NOTHING,
                        format!("there is no {what} `{name}` that could be left out"),
                    )
                    .at(line.name.span(), "")
                    .hint("`\"none\"` takes a line of the extended chain away")
                    .maybe_hint(near),
                );
            }
        }
    }
    lines
}

/// A path from a folder, without `.` and `..`.
fn joined(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let rooted = folder.starts_with('/');
    for part in folder.split(['/', '\\']).chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("{}{}", if rooted { "/" } else { "" }, parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn exact_paths_are_taken_from_the_folder_of_the_chain() {
        assert_eq!(joined("models/chains", "./mine"), "models/chains/mine");
        assert_eq!(joined("models/chains", "../psma/x"), "models/psma/x");
        assert_eq!(joined("/here", "./x.toml"), "/here/x.toml");
        assert_eq!(joined("", "../x"), "../x");
    }
}
