use super::{faults, print::shown, surfaces, text, tree::Tree};
use crate::workspace;

fn surface(source: &str) -> Vec<String> {
    let tree = Tree::of("demo", source).expect("a source that reads");
    text(&tree).lines().map(str::to_owned).collect()
}

#[test]
fn exact_only_what_can_be_named_is_listed() {
    let found = surface(
        "mod inner { pub struct Seen; pub struct Hidden; pub(crate) fn ours() {} }
         pub use inner::Seen;
         pub(crate) fn also_ours() {}
         fn private() {}
         pub mod open { pub fn there(a: usize) -> f64 { 0.0 } pub(super) const NOT: u8 = 1; }
         #[cfg(test)] pub mod tests { pub fn never() {} }",
    );
    assert_eq!(
        found,
        [
            "pub struct demo::Seen",
            "pub mod demo::open",
            "pub fn demo::open::there(a: usize) -> f64",
        ]
    );
}

#[test]
fn exact_fields_variants_and_methods_are_lines_of_their_own() {
    let found = surface(
        "#[derive(Debug, Clone)] #[non_exhaustive]
         pub struct Point<T> { pub x: T, y: T }
         pub struct Wrapped(pub f64, usize);
         pub struct Closed([u8; 3]);
         pub enum Kind { One, Two(u8), Three { a: Vec<Option<f64>> } }
         pub trait Solver: Send { const N: usize; type State; fn step(&mut self); fn go(&self) -> bool { true } }
         mod elsewhere {
             use super::Point;
             impl<T> Point<T> { pub fn new(mut x: T) -> Self { loop {} } fn private(&self) {} pub const ZERO: u8 = 0; }
             impl<T> std::fmt::Display for Point<T> { }
         }",
    );
    for line in [
        "#[derive(Debug, Clone)] #[non_exhaustive] pub struct demo::Point<T>",
        "field demo::Point::x: T",
        "pub fn demo::Point::new(x: T) -> Self",
        "pub const demo::Point::ZERO: u8",
        "impl<T> std::fmt::Display for demo::Point<T>",
        "pub struct demo::Wrapped(f64, _)",
        "pub struct demo::Closed(_)",
        "variant demo::Kind::Two(u8)",
        "field demo::Kind::Three::a: Vec<Option<f64>>",
        "pub trait demo::Solver: Send",
        "const demo::Solver::N: usize",
        "type demo::Solver::State",
        "required fn demo::Solver::step(&mut self)",
        "provided fn demo::Solver::go(&self) -> bool",
    ] {
        assert!(found.iter().any(|f| f == line), "{line} is not in {found:#?}");
    }
    assert!(!found.iter().any(|f| f.contains("private") || f.contains("::y")), "{found:#?}");
}

#[test]
fn exact_globs_renames_and_other_crates_are_followed() {
    let found = surface(
        "mod a { pub use super::b::*; pub use other::Thing; }
         mod b { pub fn far() {} pub use crate::c::deep::X as Y; }
         pub mod c { pub mod deep { pub struct X; } }
         pub use a::*;
         pub use serde;
         pub use c::deep::X;",
    );
    assert_eq!(
        found,
        [
            "pub use demo::Thing = ::other::Thing",
            "pub struct demo::X",
            "pub use demo::Y = demo::X",
            "pub mod demo::c",
            "pub mod demo::c::deep",
            "pub use demo::c::deep::X = demo::X",
            "pub fn demo::far()",
            "pub use demo::serde = ::serde",
        ]
    );
}

#[test]
fn exact_a_change_of_a_type_changes_its_line() {
    let before = surface("pub fn f(x: &[f64]) -> Result<f64, Error> { loop {} }");
    let after = surface("pub fn f(x: &[f64]) -> Result<f32, Error> { loop {} }");
    assert_eq!(before, ["pub fn demo::f(x: &[f64]) -> Result<f64, Error>"]);
    assert_ne!(before, after);
    // What is within a body is nobody's affair.
    assert_eq!(before, surface("pub fn f(x: &[f64]) -> Result<f64, Error> { todo() }"));
}

#[test]
fn exact_types_are_shown_as_they_are_written() {
    for written in [
        "&'a mut Vec<(f64, usize)>",
        "Option<&dyn Fn(&str) -> bool>",
        "[f64; 3]",
        "Box<dyn Error + Send>",
        "impl Iterator<Item = (usize, &'a str)>",
        "std::collections::BTreeMap<String, Vec<u8>>",
    ] {
        let ty: syn::Type = syn::parse_str(written).expect("a type");
        assert_eq!(shown(&ty), written);
    }
}

#[test]
fn exact_the_committed_surfaces_are_those_of_the_sources() {
    let metadata = workspace::metadata().expect("cargo metadata of this workspace");
    assert_eq!(faults(&metadata).expect("sources that read"), Vec::<String>::new());
}

#[test]
fn exact_every_library_crate_has_an_example() {
    let metadata = workspace::metadata().expect("cargo metadata of this workspace");
    for (name, file, _) in surfaces(&metadata).expect("sources that read") {
        let package = metadata.workspace_packages().into_iter().find(|p| p.name.as_str() == name);
        let targets = &package.expect("it is in the workspace").targets;
        let root = targets.iter().map(|t| &t.src_path).find(|path| path.ends_with("lib.rs"));
        let text = std::fs::read_to_string(root.expect("a library")).expect("a source");
        // A block without a word behind its fence is compiled and run with the tests.
        let head = text.lines().take_while(|line| line.starts_with("//!"));
        let fences = head.filter(|line| line.starts_with("//! ```")).collect::<Vec<_>>();
        let runs = fences.iter().step_by(2).any(|fence| *fence == "//! ```");
        assert!(runs, "{}: no example in the documentation of the crate", file.display());
    }
}
