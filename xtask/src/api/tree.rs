//! The modules of a crate with their items, read from its sources.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use syn::{Item, Visibility};

/// Number of a module in its [`Tree`]; the root of the crate is 0.
pub(crate) type ModuleId = usize;

/// A name that a `use` brings into a module.
#[derive(Debug)]
pub(crate) struct Import {
    /// The name; `None` of a glob.
    pub(crate) name: Option<String>,
    /// What it is, as written.
    pub(crate) path: Vec<String>,
    pub(crate) public: bool,
}

/// A module.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) parent: Option<ModuleId>,
    /// Modules within it, and whether they are public.
    pub(crate) modules: BTreeMap<String, (ModuleId, bool)>,
    pub(crate) imports: Vec<Import>,
    /// Items that have a name, public and private.
    pub(crate) items: Vec<(String, Item)>,
    pub(crate) impls: Vec<syn::ItemImpl>,
}

/// A crate.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) name: String,
    pub(crate) modules: Vec<Module>,
}

impl Tree {
    /// Reads the crate whose root is `file`.
    pub(crate) fn read(name: &str, file: &Path) -> Result<Self> {
        let mut tree = Self { name: name.replace('-', "_"), modules: vec![Module::default()] };
        let folder = file.parent().context("a source lies in a folder")?.to_path_buf();
        tree.add(0, parse(file)?.items, &folder)?;
        Ok(tree)
    }

    /// The crate whose root holds `text`, with modules that are written within it.
    #[cfg(test)]
    pub(crate) fn of(name: &str, text: &str) -> Result<Self> {
        let mut tree = Self { name: name.to_owned(), modules: vec![Module::default()] };
        tree.add(0, syn::parse_file(text)?.items, Path::new("no-such-folder"))?;
        Ok(tree)
    }

    /// Puts items into a module whose own modules lie in `folder`.
    fn add(&mut self, module: ModuleId, items: Vec<Item>, folder: &Path) -> Result<()> {
        for item in items {
            if of_tests(attributes(&item)) {
                continue;
            }
            match item {
                Item::Mod(inner) => self.add_module(module, inner, folder)?,
                Item::Use(used) => {
                    let public = is_public(&used.vis);
                    imports(&used.tree, &mut Vec::new(), public, &mut self.modules[module].imports);
                }
                Item::Impl(block) => self.modules[module].impls.push(block),
                item => {
                    if let Some(name) = name(&item) {
                        self.modules[module].items.push((name, item));
                    }
                }
            }
        }
        Ok(())
    }

    fn add_module(&mut self, parent: ModuleId, inner: syn::ItemMod, folder: &Path) -> Result<()> {
        let name = inner.ident.to_string();
        let id = self.modules.len();
        self.modules.push(Module { parent: Some(parent), ..Module::default() });
        self.modules[parent].modules.insert(name.clone(), (id, is_public(&inner.vis)));
        let below = folder.join(&name);
        match inner.content {
            Some((_, items)) => self.add(id, items, &below),
            None => self.add(id, parse(&source(&below)?)?.items, &below),
        }
    }
}

/// The file of the module that lies at `below`, `below.rs` or `below/mod.rs`.
fn source(below: &Path) -> Result<PathBuf> {
    let candidates = [below.with_extension("rs"), below.join("mod.rs")];
    match candidates.into_iter().find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!("{}: there is no such module", below.display()),
    }
}

fn parse(file: &Path) -> Result<syn::File> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    syn::parse_file(&text).with_context(|| file.display().to_string())
}

pub(crate) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Whether the attributes leave an item to tests.
fn of_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// The names that a `use` brings in.
fn imports(tree: &syn::UseTree, at: &mut Vec<String>, public: bool, into: &mut Vec<Import>) {
    match tree {
        syn::UseTree::Path(path) => {
            at.push(path.ident.to_string());
            imports(&path.tree, at, public, into);
            at.pop();
        }
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                imports(tree, at, public, into);
            }
        }
        syn::UseTree::Glob(_) => into.push(Import { name: None, path: at.clone(), public }),
        syn::UseTree::Name(name) => import(&name.ident, &name.ident, at, public, into),
        syn::UseTree::Rename(name) => import(&name.ident, &name.rename, at, public, into),
    }
}

fn import(
    ident: &syn::Ident,
    name: &syn::Ident,
    at: &[String],
    public: bool,
    into: &mut Vec<Import>,
) {
    let mut path = at.to_vec();
    // `use a::{self}` brings in `a`.
    let own = ident == "self";
    if !own {
        path.push(ident.to_string());
    }
    let name = if own && name == "self" { at.last().cloned() } else { Some(name.to_string()) };
    if let Some(name) = name.filter(|name| name != "_") {
        into.push(Import { name: Some(name), path, public });
    }
}

/// The attributes of an item.
pub(crate) fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(i) => &i.attrs,
        Item::Enum(i) => &i.attrs,
        Item::Fn(i) => &i.attrs,
        Item::Impl(i) => &i.attrs,
        Item::Macro(i) => &i.attrs,
        Item::Mod(i) => &i.attrs,
        Item::Static(i) => &i.attrs,
        Item::Struct(i) => &i.attrs,
        Item::Trait(i) => &i.attrs,
        Item::Type(i) => &i.attrs,
        Item::Union(i) => &i.attrs,
        Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

/// The name of an item that has one.
fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(i) => &i.ident,
        Item::Enum(i) => &i.ident,
        Item::Fn(i) => &i.sig.ident,
        Item::Static(i) => &i.ident,
        Item::Struct(i) => &i.ident,
        Item::Trait(i) => &i.ident,
        Item::Type(i) => &i.ident,
        Item::Union(i) => &i.ident,
        Item::Macro(i) => i.ident.as_ref()?,
        _ => return None,
    };
    (ident != "_").then(|| ident.to_string())
}

/// Whether everybody may name an item of a module that they reach.
pub(crate) fn item_is_public(item: &Item) -> bool {
    match item {
        Item::Const(i) => is_public(&i.vis),
        Item::Enum(i) => is_public(&i.vis),
        Item::Fn(i) => is_public(&i.vis),
        Item::Static(i) => is_public(&i.vis),
        Item::Struct(i) => is_public(&i.vis),
        Item::Trait(i) => is_public(&i.vis),
        Item::Type(i) => is_public(&i.vis),
        Item::Union(i) => is_public(&i.vis),
        _ => false,
    }
}
