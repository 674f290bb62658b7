//! What the file declares, table by table, with templates expanded for every organ.

use lutetia_diagnostic::{Diagnostic, Sources, Span, closest};

use super::{
    Resolve, code,
    keys::{self, Form, TABLES},
    organs::{self, Organs},
    sums,
    text::Text,
    tree::{Node, Value},
};

/// One declared thing: its name and its fields.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: Text,
    pub(super) fields: Fields,
}

/// The fields of an entry; a bare value is the field `value`.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pub(super) list: Vec<(Text, Node)>,
    pub(super) span: Span,
}

impl Fields {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.list.iter().find(|(k, _)| k.as_str() == key).map(|(_, n)| n)
    }
}

/// Everything the file declares.
#[derive(Debug, Default)]
pub(super) struct Declarations {
    pub(super) model: Option<Fields>,
    pub(super) patient: Vec<Entry>,
    pub(super) compartments: Vec<Entry>,
    pub(super) parameters: Vec<Entry>,
    pub(super) species: Vec<Entry>,
    pub(super) states: Vec<Entry>,
    pub(super) defines: Vec<Entry>,
    pub(super) events: Vec<Entry>,
    pub(super) inputs: Vec<Entry>,
    pub(super) outputs: Vec<Entry>,
    pub(super) derived: Vec<Entry>,
    pub(super) observables: Vec<Entry>,
    pub(super) processes: Vec<Text>,
    pub(super) population: Option<Fields>,
    /// Parameters that organ columns made are not reported as unused.
    pub(super) from_columns: Vec<String>,
    /// The organ table.
    pub(super) organs: Organs,
    /// Whether names are missing that a faulty template or table would have made; that they are is not a second fault.
    pub(super) torn: bool,
}

/// Reads the tables of a document.
pub(super) fn read(
    root: &[(Text, Node)],
    resolve: &dyn Resolve,
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) -> Declarations {
    let mut found = Declarations::default();
    let mut organs = Organs::default();
    for (key, node) in root {
        if keys::table(key.as_str()).is_none() {
            let known: Vec<&str> = TABLES.iter().map(|t| t.name).collect();
            faults.push(unknown(key, "table", &known));
        } else if key.as_str() == "organs" {
            organs = organs::read(node, resolve, sources, faults);
        }
    }
    found.from_columns = organs.parameters.iter().map(|e| e.name.as_str().to_owned()).collect();
    let mut torn = organs.torn;
    for parameter in &organs.parameters {
        match summed(&parameter.fields, &organs, faults) {
            Some(fields) => found.parameters.push(Entry { name: parameter.name.clone(), fields }),
            None => torn = true,
        }
    }
    for (key, node) in root {
        let Some(table) = keys::table(key.as_str()) else { continue };
        let allowed = keys::names(table.keys);
        let mut named = || {
            let bare = match table.form {
                Form::Named(bare) => bare,
                Form::Plain => "value",
            };
            entries(node, key, &allowed, bare, &organs, &mut torn, faults)
        };
        match key.as_str() {
            "model" => found.model = fields(node, key, &allowed, faults),
            "population" => found.population = fields(node, key, &allowed, faults),
            "scheme" => {
                if let Some(scheme) = fields(node, key, &allowed, faults)
                    && let Some((_, Node { value, span })) = scheme.list.first()
                {
                    match value {
                        Value::Text(text) => {
                            for line in text.lines() {
                                let Some(line) = sums::written_out(&line, &organs, faults) else {
                                    torn = true;
                                    continue;
                                };
                                if line.placeholders().is_empty() {
                                    found.processes.push(line);
                                    continue;
                                }
                                let Some(chosen) = organs.chosen(&line, faults) else {
                                    torn = true;
                                    continue;
                                };
                                found.processes.extend(chosen.iter().map(|o| line.expand(o)));
                            }
                        }
                        other => faults.push(wrong_kind(
                            "processes",
                            other,
                            "a text, one process per line",
                            *span,
                        )),
                    }
                }
            }
            "patient" => found.patient = named(),
            "compartments" => found.compartments = named(),
            "parameters" => {
                let own = named();
                found.parameters.extend(own);
            }
            "species" => found.species = named(),
            "states" => found.states = named(),
            "define" => found.defines = named(),
            "events" => found.events = named(),
            "inputs" => found.inputs = named(),
            "outputs" => found.outputs = named(),
            "observables" => found.observables = named(),
            "derived" => found.derived = named(),
            _ => {}
        }
    }
    found.organs = organs;
    found.torn = torn;
    found
}

/// "unknown key" with what there is.
pub(super) fn unknown(key: &Text, what: &str, known: &[&str]) -> Diagnostic {
    let hint = closest(key.as_str(), known.iter().copied()).map_or_else(
        || format!("known here: {}", known.join(", ")),
        |c| format!("did you mean `{c}`?"),
    );
    Diagnostic::error(code::KEY, format!("unknown {what} `{}`", key.as_str()))
        .at(key.span(), "unknown")
        .hint(hint)
}

/// A value of the wrong kind.
pub(super) fn wrong_kind(key: &str, found: &Value, expected: &str, span: Span) -> Diagnostic {
    Diagnostic::error(code::SYNTAX, format!("`{key}` is {}; expected {expected}", found.kind()))
        .at(span, format!("expected {expected}"))
}

/// The fields of a table that has one meaning (`[model]`, `[scheme]`).
fn fields(
    node: &Node,
    key: &Text,
    allowed: &[&str],
    faults: &mut Vec<Diagnostic>,
) -> Option<Fields> {
    match &node.value {
        Value::Table(list) => {
            for (k, _) in list {
                if !allowed.contains(&k.as_str()) {
                    faults.push(unknown(k, "key", allowed));
                }
            }
            Some(Fields { list: list.clone(), span: key.span() })
        }
        other => {
            faults.push(wrong_kind(key.as_str(), other, "a table", node.span));
            None
        }
    }
}

/// The entries of a table of named things, expanded for every organ.
fn entries(
    node: &Node,
    key: &Text,
    allowed: &[&str],
    bare: &str,
    organs: &Organs,
    torn: &mut bool,
    faults: &mut Vec<Diagnostic>,
) -> Vec<Entry> {
    let Value::Table(list) = &node.value else {
        faults.push(wrong_kind(key.as_str(), &node.value, "a table", node.span));
        return Vec::new();
    };
    let mut out = Vec::new();
    for (name, value) in list {
        let fields = match &value.value {
            Value::Table(list) => {
                for (k, _) in list {
                    if !allowed.contains(&k.as_str()) {
                        faults.push(unknown(k, "key", allowed));
                    }
                }
                Fields { list: list.clone(), span: name.span() }
            }
            _ => Fields {
                list: vec![(Text::lumped(name.span(), bare), value.clone())],
                span: name.span(),
            },
        };
        let Some(fields) = summed(&fields, organs, faults) else {
            *torn = true;
            continue;
        };
        if name.placeholders().is_empty() {
            out.push(Entry { name: name.clone(), fields });
            continue;
        }
        let chosen = organs.chosen(name, faults);
        let first = name.placeholders().first().and_then(|p| p.filter.clone()).unwrap_or_default();
        let agree = chosen.is_some()
            && fields.list.iter().all(|(_, n)| same_choice(n, &first, organs, faults));
        let Some(chosen) = chosen.filter(|_| agree) else {
            *torn = true;
            continue;
        };
        for organ in chosen {
            let list =
                fields.list.iter().map(|(k, n)| (k.clone(), expand_node(n, &organ))).collect();
            out.push(Entry {
                name: name.expand(&organ),
                fields: Fields { list, span: fields.span },
            });
        }
    }
    out
}

/// Whether the placeholders in the fields of an entry are those of its name: a filter of their own would be ignored.
fn same_choice(node: &Node, first: &str, organs: &Organs, faults: &mut Vec<Diagnostic>) -> bool {
    match &node.value {
        Value::Text(text) => same_filter(text, first, organs, faults),
        Value::List(items) => items.iter().all(|n| same_choice(n, first, organs, faults)),
        Value::Table(list) => list.iter().all(|(k, n)| {
            same_filter(k, first, organs, faults) && same_choice(n, first, organs, faults)
        }),
        _ => true,
    }
}

fn same_filter(text: &Text, first: &str, organs: &Organs, faults: &mut Vec<Diagnostic>) -> bool {
    let other = text.placeholders().into_iter().find_map(|p| {
        let filter = p.filter.filter(|filter| !filter.is_empty() && filter != first)?;
        Some((p.start, p.end, filter))
    });
    let Some((start, end, filter)) = other else { return true };
    let own = if first.is_empty() { "{organ}".to_owned() } else { format!("{{organ:{first}}}") };
    // An unknown column is said to be unknown.
    if organs.filters.iter().any(|f| f.0 == organs::negated(&filter).1) {
        faults.push(
            Diagnostic::error(
                code::PLACEHOLDER,
                format!(
                    "`{{organ:{filter}}}` in an entry for `{own}`: an entry stands for one choice of organs"
                ),
            )
            .at(text.place(start, end), "")
            .hint("write `{organ}`, or choose in the name of the entry"),
        );
    } else {
        organs.chosen(&text.part(start, end), faults);
    }
    false
}

/// Fields that are prose or lists of names, not expressions.
const WORDS: [&str; 5] = ["about", "source", "unit", "in", "unbalanced"];

/// The fields with every sum over organs written out; `None` after a fault was reported.
fn summed(fields: &Fields, organs: &Organs, faults: &mut Vec<Diagnostic>) -> Option<Fields> {
    let mut good = true;
    let list = fields
        .list
        .iter()
        .map(|(key, node)| {
            let words = WORDS.contains(&key.as_str());
            let out = if words { None } else { summed_node(node, organs, faults, &mut good) };
            (key.clone(), out.unwrap_or_else(|| node.clone()))
        })
        .collect();
    good.then_some(Fields { list, span: fields.span })
}

/// The node with sums written out, where it has any text that may hold one.
fn summed_node(
    node: &Node,
    organs: &Organs,
    faults: &mut Vec<Diagnostic>,
    good: &mut bool,
) -> Option<Node> {
    let value = match &node.value {
        Value::Text(text) if text.as_str().contains("sum") => {
            let out = sums::written_out(text, organs, faults);
            *good &= out.is_some();
            Value::Text(out?)
        }
        Value::Table(list) => Value::Table(
            list.iter()
                .map(|(key, node)| {
                    let out = summed_node(node, organs, faults, good);
                    (key.clone(), out.unwrap_or_else(|| node.clone()))
                })
                .collect(),
        ),
        Value::List(items) => Value::List(
            items
                .iter()
                .map(|node| summed_node(node, organs, faults, good).unwrap_or_else(|| node.clone()))
                .collect(),
        ),
        _ => return None,
    };
    Some(Node { value, span: node.span })
}

fn expand_node(node: &Node, organ: &str) -> Node {
    let value = match &node.value {
        Value::Text(text) => Value::Text(text.expand(organ)),
        Value::List(items) => Value::List(items.iter().map(|n| expand_node(n, organ)).collect()),
        Value::Table(list) => Value::Table(
            list.iter().map(|(k, n)| (k.expand(organ), expand_node(n, organ))).collect(),
        ),
        other => other.clone(),
    };
    Node { value, span: node.span }
}
