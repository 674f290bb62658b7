//! Which paths lead to which items.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{ModuleId, Tree, item_is_public};

/// What a path can lead to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// An item of the crate: its module, and its name there.
    Item(ModuleId, String),
    /// A module of the crate.
    Module(ModuleId),
    /// Something of another crate, by its path there; a glob ends in `*`.
    Foreign(Vec<String>),
}

/// A target with the paths by which users name it, the shortest first.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) target: Target,
    pub(crate) paths: Vec<String>,
}

/// Everything that can be named from outside.
pub(crate) fn surface(tree: &Tree) -> Vec<Named> {
    let mut found: BTreeMap<Target, BTreeSet<(usize, String)>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    walk(tree, 0, &tree.name, &mut seen, &mut found);
    found
        .into_iter()
        .map(|(target, paths)| Named {
            target,
            paths: paths.into_iter().map(|(_, path)| path).collect(),
        })
        .collect()
}

/// Adds what is public in a module that is reached by `path`.
fn walk(
    tree: &Tree,
    module: ModuleId,
    path: &str,
    seen: &mut BTreeSet<(ModuleId, String)>,
    found: &mut BTreeMap<Target, BTreeSet<(usize, String)>>,
) {
    if !seen.insert((module, path.to_owned())) || path.matches("::").count() > 12 {
        return;
    }
    for (name, target) in exports(tree, module, &mut BTreeSet::new()) {
        let path = format!("{path}::{name}");
        let depth = path.matches("::").count();
        found.entry(target.clone()).or_default().insert((depth, path.clone()));
        if let Target::Module(inner) = target {
            walk(tree, inner, &path, seen, found);
        }
    }
}

/// The public names of a module, those that globs bring in included.
fn exports(
    tree: &Tree,
    module: ModuleId,
    globs: &mut BTreeSet<ModuleId>,
) -> BTreeSet<(String, Target)> {
    let mut out = BTreeSet::new();
    if !globs.insert(module) {
        return out;
    }
    let here = &tree.modules[module];
    for (name, item) in &here.items {
        if item_is_public(item) {
            out.insert((name.clone(), Target::Item(module, name.clone())));
        }
    }
    for (name, (inner, public)) in &here.modules {
        if *public {
            out.insert((name.clone(), Target::Module(*inner)));
        }
    }
    for import in here.imports.iter().filter(|import| import.public) {
        match (&import.name, resolve(tree, module, &import.path)) {
            (Some(name), Some(target)) => {
                out.insert((name.clone(), target));
            }
            (None, Some(Target::Module(inner))) => out.extend(exports(tree, inner, globs)),
            (None, Some(Target::Foreign(mut path))) => {
                path.push("*".to_owned());
                out.insert((path.join("::"), Target::Foreign(path)));
            }
            // All variants of an enum.
            (None, Some(Target::Item(..))) | (_, None) => {}
        }
    }
    out
}

/// What a path that is written in a module leads to.
pub(crate) fn resolve(tree: &Tree, module: ModuleId, path: &[String]) -> Option<Target> {
    resolve_at(tree, module, path, 0)
}

fn resolve_at(tree: &Tree, module: ModuleId, path: &[String], depth: usize) -> Option<Target> {
    if depth > 20 {
        return None;
    }
    let (first, rest) = path.split_first()?;
    let start = match first.as_str() {
        "crate" => Target::Module(0),
        "self" => Target::Module(module),
        "super" => Target::Module(tree.modules[module].parent?),
        name => match lookup(tree, module, name, depth) {
            Some(target) => target,
            None if is_foreign(name) => Target::Foreign(vec![name.to_owned()]),
            None => return None,
        },
    };
    follow(tree, start, rest, depth)
}

/// What the rest of a path leads to.
fn follow(tree: &Tree, start: Target, rest: &[String], depth: usize) -> Option<Target> {
    let Some((next, after)) = rest.split_first() else { return Some(start) };
    match start {
        Target::Module(inner) if next == "super" => {
            follow(tree, Target::Module(tree.modules[inner].parent?), after, depth)
        }
        Target::Module(inner) => follow(tree, lookup(tree, inner, next, depth)?, after, depth),
        Target::Foreign(mut path) => {
            path.extend(rest.iter().cloned());
            Some(Target::Foreign(path))
        }
        // A variant, or an associated item: what it belongs to is listed.
        Target::Item(..) => None,
    }
}

/// What a name means in a module, private names included.
fn lookup(tree: &Tree, module: ModuleId, name: &str, depth: usize) -> Option<Target> {
    let here = &tree.modules[module];
    if let Some((inner, _)) = here.modules.get(name) {
        return Some(Target::Module(*inner));
    }
    if here.items.iter().any(|(known, _)| known == name) {
        return Some(Target::Item(module, name.to_owned()));
    }
    if let Some(import) = here.imports.iter().find(|i| i.name.as_deref() == Some(name)) {
        // `use serde;` and `use a::a` name something else than themselves.
        if import.path.first().is_some_and(|first| first == name) {
            return Some(Target::Foreign(import.path.clone()));
        }
        return resolve_at(tree, module, &import.path, depth + 1);
    }
    here.imports.iter().filter(|import| import.name.is_none()).find_map(|import| match resolve_at(
        tree,
        module,
        &import.path,
        depth + 1,
    )? {
        Target::Module(inner) if inner != module => lookup(tree, inner, name, depth + 1),
        _ => None,
    })
}

/// Whether a first name that nothing in the crate explains may be another crate.
fn is_foreign(name: &str) -> bool {
    name.starts_with(|c: char| c.is_lowercase())
}
