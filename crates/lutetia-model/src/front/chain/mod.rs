//! Chain files: models by name, connected through their ports, with a few values of their own.
//!
//! ```text
//! chain file ─► lines with places ─► over those of the chain it extends ─► parts checked ─► connected, by ports too
//!            ─► joined ─► values set ─► roles checked
//! ```
//!
//! A chain may extend one other. What both say is taken from the extending one, line by line; a part that is
//! replaced keeps its place in the order of the states.

mod by_port;
mod join;
mod lines;
mod roles;

use lutetia_diagnostic::{Diagnostic, SourceId, Sources, has_errors};
use lutetia_units::UnitSystem;

use super::{Named, Resolve, SourceFile, code, document, text::Text, tree::Node};
use crate::model::Model;
use lines::Lines;

/// Whether a document is a chain.
pub(super) fn is(root: &[(Text, Node)]) -> bool {
    root.iter().any(|(key, _)| key.as_str() == "chain")
}

/// More chains than this do not extend each other by intention.
const DEEPEST: usize = 16;

/// Checks a chain file: its model, joined, and all faults of the chain, of what it extends and of its parts.
pub(super) fn check(
    source: &SourceFile,
    id: SourceId,
    root: &[(Text, Node)],
    resolve: &dyn Resolve,
    units: Option<&UnitSystem>,
    sources: &mut Sources,
) -> (Option<Model>, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let lines = lines::read(id, root, &mut faults);
    let path = vec![source.name.clone()];
    let lines = over_parent(lines, &source.name, resolve, path, sources, &mut faults);
    if has_errors(&faults) {
        return (None, faults);
    }
    let model = join::model(&lines, resolve, units, sources, &mut faults);
    (model.filter(|_| !has_errors(&faults)), faults)
}

/// The lines of a chain laid over those of the chains it extends.
fn over_parent(
    mut lines: Lines,
    file: &str,
    resolve: &dyn Resolve,
    mut path: Vec<String>,
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) -> Lines {
    lines.came_from(file);
    let Some(extends) = lines.extends.clone() else {
        lines.over(Lines::default(), faults);
        return lines;
    };
    let fault = |text: String| Diagnostic::error(code::EXTENDS, text).at(extends.span(), "");
    let name = extends.as_str();
    let Some(Named { file, resolve: next }) = resolve.named(name) else {
        let near = resolve.nearest(name).map(|near| format!("did you mean `{near}`?"));
        faults.push(
            fault(format!("there is no chain `{name}` to extend"))
                .hint("`lutetia models chains` lists the bundled chains; a path of your own begins with `./`")
                .maybe_hint(near),
        );
        return lines;
    };
    if path.contains(&file.name) || path.len() >= DEEPEST {
        path.push(file.name);
        faults.push(
            fault(format!("the chain extends itself: {}", path.join(" -> ")))
                .hint("take one `extends` of the circle away"),
        );
        return lines;
    }
    let (id, root) = match document(&file, sources) {
        Ok(found) => found,
        Err(more) => {
            faults.extend(more);
            return lines;
        }
    };
    if !is(&root) {
        faults.push(
            fault(format!("`{name}` is a model, not a chain"))
                .hint("name it under `[parts]` and leave `extends` out"),
        );
        return lines;
    }
    let parent = lines::read(id, &root, faults);
    path.push(file.name.clone());
    let parent = over_parent(parent, &file.name, next.as_ref(), path, sources, faults);
    lines.over(parent, faults);
    lines
}
