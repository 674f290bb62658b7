//! An item as lines of text.

use std::collections::BTreeSet;

use quote::ToTokens;
use syn::{Fields, ImplItem, Item, TraitItem};

use super::{
    resolve::{Named, Target, resolve},
    tree::{ModuleId, Tree, attributes, is_public},
};

/// A line with what it is sorted by: its item, then its own text.
pub(crate) type Line = (String, String);

/// Adds the lines of what a name leads to.
pub(crate) fn lines(tree: &Tree, surface: &[Named], named: &Named, into: &mut BTreeSet<Line>) {
    let Some((path, others)) = named.paths.split_first() else { return };
    for other in others {
        into.insert((other.clone(), format!("pub use {other} = {path}")));
    }
    match &named.target {
        Target::Module(_) => {
            into.insert((path.clone(), format!("pub mod {path}")));
        }
        Target::Foreign(foreign) => {
            into.insert((path.clone(), format!("pub use {path} = ::{}", foreign.join("::"))));
        }
        Target::Item(module, name) => {
            let here = tree.modules[*module].items.iter().filter(|(known, _)| known == name);
            for (_, item) in here {
                let mut lines = Vec::new();
                item_lines(item, path, &mut lines);
                into.extend(lines.into_iter().map(|line| (path.clone(), line)));
            }
            for line in implementations(tree, surface, *module, name, path) {
                into.insert((path.clone(), line));
            }
        }
    }
}

/// The lines of an item: itself, and what a user names through it.
fn item_lines(item: &Item, path: &str, out: &mut Vec<String>) {
    let mark = marks(attributes(item));
    match item {
        Item::Struct(i) => {
            let generics = generics(&i.generics);
            out.push(format!("{mark}pub struct {path}{generics}{}", tuple(&i.fields, true)));
            fields(&i.fields, path, true, out);
        }
        Item::Union(i) => out.push(format!("{mark}pub union {path}{}", generics(&i.generics))),
        Item::Enum(i) => {
            out.push(format!("{mark}pub enum {path}{}", generics(&i.generics)));
            for variant in &i.variants {
                let mark = marks(&variant.attrs);
                let name = format!("{path}::{}", variant.ident);
                out.push(format!("{mark}variant {name}{}", tuple(&variant.fields, false)));
                fields(&variant.fields, &name, false, out);
            }
        }
        Item::Fn(i) => out.push(format!("{mark}pub {}", signature(&i.sig, path))),
        Item::Const(i) => out.push(format!("{mark}pub const {path}: {}", shown(&i.ty))),
        Item::Static(i) => out.push(format!("{mark}pub static {path}: {}", shown(&i.ty))),
        Item::Type(i) => {
            out.push(format!("{mark}pub type {path}{} = {}", generics(&i.generics), shown(&i.ty)));
        }
        Item::Trait(i) => {
            let above = bounds(&i.supertraits);
            out.push(format!("{mark}pub trait {path}{}{above}", generics(&i.generics)));
            i.items.iter().for_each(|inner| trait_item(inner, path, out));
        }
        _ => {}
    }
}

fn trait_item(item: &TraitItem, path: &str, out: &mut Vec<String>) {
    match item {
        TraitItem::Fn(f) => {
            let given = if f.default.is_some() { "provided" } else { "required" };
            let name = format!("{path}::{}", f.sig.ident);
            out.push(format!("{given} {}", signature(&f.sig, &name)));
        }
        TraitItem::Const(c) => out.push(format!("const {path}::{}: {}", c.ident, shown(&c.ty))),
        TraitItem::Type(t) => out.push(format!("type {path}::{}{}", t.ident, bounds(&t.bounds))),
        _ => {}
    }
}

/// What is implemented anywhere in the crate for the item `name` of `module`.
fn implementations(
    tree: &Tree,
    surface: &[Named],
    module: ModuleId,
    name: &str,
    path: &str,
) -> Vec<String> {
    let own = Target::Item(module, name.to_owned());
    let mut out = Vec::new();
    for (place, within) in tree.modules.iter().enumerate() {
        for block in &within.impls {
            if self_type(tree, place, &block.self_ty).as_ref() != Some(&own) {
                continue;
            }
            match &block.trait_ {
                None => block.items.iter().for_each(|inner| impl_item(inner, path, &mut out)),
                Some((not, of, _)) if nameable(tree, surface, place, of) => {
                    let generics = generics(&block.generics);
                    let not = if not.is_some() { "!" } else { "" };
                    out.push(format!(
                        "impl{generics} {not}{} for {}",
                        shown(of),
                        with_path(&block.self_ty, path)
                    ));
                }
                Some(_) => {}
            }
        }
    }
    out
}

/// Whether users can name a trait: one of another crate, or one of ours that is public.
fn nameable(tree: &Tree, surface: &[Named], module: ModuleId, of: &syn::Path) -> bool {
    match resolve(tree, module, &segments(of)) {
        Some(target @ Target::Item(..)) => surface.iter().any(|named| named.target == target),
        _ => true,
    }
}

fn impl_item(item: &ImplItem, path: &str, out: &mut Vec<String>) {
    match item {
        ImplItem::Fn(f) if is_public(&f.vis) => {
            let name = format!("{path}::{}", f.sig.ident);
            out.push(format!("{}pub {}", marks(&f.attrs), signature(&f.sig, &name)));
        }
        ImplItem::Const(c) if is_public(&c.vis) => {
            out.push(format!("pub const {path}::{}: {}", c.ident, shown(&c.ty)));
        }
        _ => {}
    }
}

/// The item of the crate that a block implements something for.
fn self_type(tree: &Tree, module: ModuleId, ty: &syn::Type) -> Option<Target> {
    match ty {
        syn::Type::Path(path) => resolve(tree, module, &segments(&path.path)),
        syn::Type::Reference(reference) => self_type(tree, module, &reference.elem),
        _ => None,
    }
}

/// A type with the path of users in place of its own name.
fn with_path(ty: &syn::Type, path: &str) -> String {
    match ty {
        syn::Type::Path(own) => {
            let last = own.path.segments.last().map(|segment| shown(&segment.arguments));
            format!("{path}{}", last.unwrap_or_default())
        }
        syn::Type::Reference(reference) => format!("&{}", with_path(&reference.elem, path)),
        other => shown(other),
    }
}

fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

/// Public fields with names; of a variant all are public.
fn fields(of: &Fields, path: &str, with_visibility: bool, out: &mut Vec<String>) {
    let Fields::Named(named) = of else { return };
    for field in &named.named {
        if let Some(name) = field.ident.as_ref()
            && (!with_visibility || is_public(&field.vis))
        {
            out.push(format!("field {path}::{name}: {}", shown(&field.ty)));
        }
    }
}

/// The fields of a tuple; those that are private are `_`. The fields of a variant carry no visibility of their own.
fn tuple(of: &Fields, with_visibility: bool) -> String {
    let Fields::Unnamed(unnamed) = of else { return String::new() };
    let one = |field: &syn::Field| {
        if with_visibility && !is_public(&field.vis) { "_".to_owned() } else { shown(&field.ty) }
    };
    format!("({})", unnamed.unnamed.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn signature(of: &syn::Signature, path: &str) -> String {
    let mut bare = of.clone();
    bare.ident = syn::Ident::new("name_of_the_item", of.ident.span());
    // How an argument is called within is nobody's but the body's, and `mut` before it likewise.
    for input in &mut bare.inputs {
        match input {
            syn::FnArg::Receiver(own) if own.reference.is_none() => own.mutability = None,
            syn::FnArg::Typed(argument) => {
                if let syn::Pat::Ident(pattern) = &mut *argument.pat {
                    pattern.mutability = None;
                }
            }
            syn::FnArg::Receiver(_) => {}
        }
    }
    shown(&bare).replace("name_of_the_item", path)
}

fn generics(of: &syn::Generics) -> String {
    let mut out = shown(of);
    if let Some(conditions) = &of.where_clause {
        out.push(' ');
        out.push_str(&shown(conditions));
    }
    out
}

fn bounds<T: ToTokens, P: ToTokens>(of: &syn::punctuated::Punctuated<T, P>) -> String {
    if of.is_empty() { String::new() } else { format!(": {}", shown(of)) }
}

/// What a user must know of an item besides its type: derived traits, features, `non_exhaustive`.
fn marks(attributes: &[syn::Attribute]) -> String {
    let mut out = String::new();
    for attribute in attributes {
        let known = ["derive", "non_exhaustive", "deprecated", "cfg"];
        if known.iter().any(|name| attribute.path().is_ident(name)) {
            out.push_str(&format!("#[{}] ", shown(&attribute.meta)));
        }
    }
    out
}

/// Tokens as a person writes them.
pub(crate) fn shown(tokens: &(impl ToTokens + ?Sized)) -> String {
    let mut text = tokens.to_token_stream().to_string().replace('\n', " ");
    for (spaced, written) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" ::", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" <", "<"),
        (" > ", "> "),
        (" >", ">"),
        (" ,", ","),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("[ ", "["),
        (" ]", "]"),
        (" ;", ";"),
        ("& ", "&"),
        (" : ", ": "),
        (" :", ":"),
        ("' ", "'"),
        ("* const", "*const"),
        ("* mut", "*mut"),
        ("? Sized", "?Sized"),
        (",)", ")"),
        (", >", ">"),
        (",>", ">"),
    ] {
        text = text.replace(spaced, written);
    }
    // What the removal of blanks joined that belongs apart.
    for (joined, written) in [
        ("->(", "-> ("),
        ("=(", "= ("),
        (",(", ", ("),
        ("dyn(", "dyn ("),
        ("where(", "where ("),
        ("+(", "+ ("),
        (":(", ": ("),
        ("mut(", "mut ("),
        ("impl<", "impl <"),
        ("-><", "-> <"),
        ("=<", "= <"),
        ("for<", "for <"),
        (">where", "> where"),
        ("->&", "-> &"),
        (">for", "> for"),
    ] {
        text = text.replace(joined, written);
    }
    text.trim().to_owned()
}
