//! The file of ports: what models share, by which outputs it is given and by which inputs it is taken.

use lutetia_diagnostic::{Diagnostic, Sources, has_errors};
use lutetia_units::{Dimension, Quantity, Unit};

use super::{
    SourceFile, code,
    declare::{Fields, unknown, wrong_kind},
    document, fields, keys,
    text::Text,
    tree::{Node, Value},
};

/// The ports that models share.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ports {
    /// In the order of the file.
    pub list: Vec<Port>,
}

/// Something that one model gives and another takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Port {
    /// Its name in the file.
    pub name: String,
    /// What it is.
    pub is: String,
    /// A unit of its dimension.
    pub unit: Unit,
    /// The default of an input by which nothing acts.
    pub nothing: Quantity,
    /// Outputs that give it.
    pub given: Vec<PortPattern>,
    /// Inputs that take it.
    pub taken: Vec<PortPattern>,
    /// Outputs that carry the name of one that is given and are something else.
    pub apart: Vec<PortPattern>,
    /// What a reader should know.
    pub about: Option<String>,
}

/// `family/name.port`, in whose model `*` stands for any part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortPattern {
    /// `tumour/growth-kill-*`.
    pub model: String,
    /// The name of an input or output.
    pub port: String,
}

impl PortPattern {
    /// Whether it names this port of this model.
    #[must_use]
    pub fn holds(&self, model: &str, port: &str) -> bool {
        self.port == port && fits(&self.model, model)
    }
}

impl std::fmt::Display for PortPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.model, self.port)
    }
}

/// Whether a name fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

impl Ports {
    /// Whether the file speaks of a model by its name; of another one the names of its ports decide.
    #[must_use]
    pub fn knows(&self, model: &str) -> bool {
        let all = |p: &Port| {
            p.given
                .iter()
                .chain(&p.taken)
                .chain(&p.apart)
                .any(|pattern| fits(&pattern.model, model))
        };
        self.list.iter().any(all)
    }

    /// The ports that an input of a model takes.
    #[must_use]
    pub fn taken(&self, model: &str, input: &str, dimension: Dimension) -> Vec<&Port> {
        self.of(model, input, dimension, |port| &port.taken)
    }

    /// The ports that an output of a model gives.
    #[must_use]
    pub fn given(&self, model: &str, output: &str, dimension: Dimension) -> Vec<&Port> {
        self.of(model, output, dimension, |port| &port.given)
    }

    fn of(
        &self,
        model: &str,
        name: &str,
        dimension: Dimension,
        side: impl Fn(&Port) -> &Vec<PortPattern>,
    ) -> Vec<&Port> {
        let known = self.knows(model);
        let holds = |p: &PortPattern| match known {
            true => p.holds(model, name),
            // A model of the user's own has its ports by their names.
            false => p.port == name,
        };
        let here =
            |port: &&Port| port.unit.dimension() == dimension && side(port).iter().any(holds);
        self.list.iter().filter(here).collect()
    }
}

/// Reads a file of ports: all of them, and all that is wrong with it.
#[must_use]
pub fn ports(source: &SourceFile) -> (Ports, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::new();
    let (ports, faults) = read(source, &mut sources);
    (ports, faults, sources)
}

/// The same among other sources.
pub(super) fn read(source: &SourceFile, sources: &mut Sources) -> (Ports, Vec<Diagnostic>) {
    let mut ports = Ports::default();
    let (_, root) = match document(source, sources) {
        Ok(found) => found,
        Err(faults) => return (ports, faults),
    };
    let mut faults = Vec::new();
    for (key, node) in &root {
        let Some(table) = keys::PORTS.iter().find(|t| t.name == key.as_str()) else {
            let known: Vec<&str> = keys::PORTS.iter().map(|t| t.name).collect();
            faults.push(unknown(key, "table of ports", &known));
            continue;
        };
        let Value::Table(list) = &node.value else {
            faults.push(wrong_kind(key.as_str(), &node.value, "a table", node.span));
            continue;
        };
        for (name, node) in list {
            ports.list.extend(port(name, node, table.keys, &mut faults));
        }
    }
    (ports, faults)
}

fn port(
    name: &Text,
    node: &Node,
    known: &[keys::Key],
    faults: &mut Vec<Diagnostic>,
) -> Option<Port> {
    let Value::Table(list) = &node.value else {
        faults.push(
            wrong_kind(name.as_str(), &node.value, "a table", node.span)
                .hint("write `[ports.NAME]` with `is`, `unit` and `nothing`"),
        );
        return None;
    };
    let before = faults.len();
    let allowed = keys::names(known);
    for (key, _) in list {
        if !allowed.contains(&key.as_str()) {
            faults.push(unknown(key, "key", &allowed));
        }
    }
    let given = Fields { list: list.clone(), span: name.span() };
    let is = fields::required(&given, "is", "a port", "\"kill by a drug\"", faults).cloned();
    let unit = fields::required(&given, "unit", "a port", "\"1/h\"", faults)
        .cloned()
        .and_then(|text| fields::unit(&text, faults));
    let nothing = fields::required(&given, "nothing", "a port", "\"0 1/h\"", faults).cloned();
    let nothing = match (&unit, nothing) {
        (Some(unit), Some(text)) => {
            fields::quantity_of(&text, unit.dimension(), "the default of a port", faults)
        }
        _ => None,
    };
    let [outputs, inputs, apart] = ["given", "taken", "apart"].map(|key| {
        let texts: Vec<Text> = fields::texts(&given, key, faults).into_iter().cloned().collect();
        texts.iter().filter_map(|text| pattern(text, faults)).collect::<Vec<_>>()
    });
    let about = fields::string(&given, "about", faults);
    if has_errors(&faults[before..]) {
        return None;
    }
    Some(Port {
        name: name.as_str().to_owned(),
        is: is?.as_str().to_owned(),
        unit: unit?,
        nothing: nothing?,
        given: outputs,
        taken: inputs,
        apart,
        about,
    })
}

fn pattern(text: &Text, faults: &mut Vec<Diagnostic>) -> Option<PortPattern> {
    match text.as_str().rsplit_once('.') {
        Some((model, port)) if !model.is_empty() && !port.is_empty() => {
            Some(PortPattern { model: model.to_owned(), port: port.to_owned() })
        }
        _ => {
            faults.push(
                Diagnostic::error(
                    code::PORT,
                    format!("`{}` is not a port of a model", text.as_str()),
                )
                .at(text.span(), "")
                .hint("write `family/name.port`, such as `tumour/growth-kill-*.kill_rate`"),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_a_star_stands_for_any_part_of_a_name() {
        assert!(fits("tumour/growth-kill-*", "tumour/growth-kill-radiobiological"));
        assert!(fits("*/marrow-dose", "toxicity/marrow-dose"));
        assert!(fits("psma/*-it-*", "psma/psma-it-population"));
        assert!(fits("psma/x", "psma/x") && !fits("psma/x", "psma/xy"));
        assert!(!fits("psma/*", "sstr2/psma") && !fits("a*b*c", "acb"));
    }

    #[test]
    fn exact_faults_of_a_file_of_ports_are_all_found() {
        let text = "[port]\n[ports.a]\nis = \"a\"\nunit = \"1/h\"\nnothing = \"0 h\"\ngiven = [\"x\"]\n\
                    [ports.b]\nis = \"b\"\nunit = \"1/h\"\nnothing = \"0 1/h\"\ntakes = []\n[ports.c]\nunit = 3\n";
        let file = SourceFile { name: "ports.toml".to_owned(), text: text.to_owned() };
        let (ports, faults, _) = ports(&file);
        assert!(ports.list.is_empty());
        let codes: Vec<&str> = faults.iter().map(|f| f.code).collect();
        assert_eq!(
            codes,
            [
                code::KEY,
                code::DIMENSION,
                code::PORT,
                code::KEY,
                code::MISSING,
                code::SYNTAX,
                code::MISSING
            ]
        );
    }
}
