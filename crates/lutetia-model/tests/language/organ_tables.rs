//! Organ tables as people and spreadsheets write them, and what the filters of templates stand for.

use lutetia_diagnostic::{has_errors, render};
use lutetia_model::{Checked, Expr, ParameterValue, Resolve, SourceFile, check};

struct One<'a>(&'a str);

impl Resolve for One<'_> {
    fn resolve(&self, name: &str) -> Option<String> {
        (name == "organs.csv").then(|| self.0.to_owned())
    }
}

/// A model whose scheme uses the columns `V`, `F` and the filter `two`.
fn with_table(csv: &str) -> Checked {
    let text = r#"
[model]
id = "x"
title = "x"
units = { time = "h", amount = "nmol", volume = "L" }
[organs]
table = "organs.csv"
[compartments]
art = "1 L"
"{organ}" = "V_{organ}"
[species]
P = { in = ["art", "{organ}"] }
[scheme]
processes = '''
q_{organ:two}: P.art -> P.{organ} @ F_{organ:two}
back_{organ}: P.{organ} -> P.art @ F_{organ}
'''
[observables]
N = { of = "P.art", unit = "nmol" }
"#;
    check(&SourceFile { name: "x.toml".to_owned(), text: text.to_owned() }, &One(csv))
}

/// A model with inline organs, compartments, species and scheme.
fn inline(compartments: &str, species: &str, scheme: &str) -> Checked {
    let text = format!(
        r#"
[model]
id = "x"
title = "x"
units = {{ time = "h", amount = "nmol", volume = "L" }}
[organs]
rows = [
  {{ organ = "a", V = "1 L", n = "1 nmol", k = "1 1/h", ex = true, rec = true }},
  {{ organ = "b", V = "2 L", n = "1 nmol", k = "2 1/h", rec = true }},
  {{ organ = "c", V = "3 L", n = "1 nmol", k = "3 1/h", ex = true }},
]
[compartments]
{compartments}
[species]
{species}
[scheme]
processes = '''
{scheme}
'''
"#
    );
    check(&SourceFile { name: "x.toml".to_owned(), text }, &One(""))
}

fn rendered(checked: &Checked) -> String {
    render(&checked.diagnostics, &checked.sources, false)
}

/// Names and numbers a table gives: parameters, and the organs that `two` chose.
fn meaning(checked: &Checked) -> (Vec<(String, f64)>, Vec<String>) {
    assert!(checked.diagnostics.is_empty(), "{}", rendered(checked));
    let model = checked.model.as_ref().expect("a model");
    let numbers = model.parameters.iter().filter(|p| !p.name.starts_with("two"));
    let numbers = numbers.map(|p| match p.value {
        ParameterValue::Number(x) => (p.name.clone(), x),
        ParameterValue::Formula { .. } => (p.name.clone(), f64::NAN),
    });
    let fed = model.processes.iter().filter(|p| p.name.starts_with("q_"));
    (numbers.collect(), fed.map(|p| p.name.clone()).collect())
}

const PLAIN: &str = "organ,V (L),F (L/h),two\na,1.5,1,true\nb,2,2.25,false\nd,3,3,true\n";

#[test]
fn exact_flags_are_read_in_every_spelling() {
    let wanted = meaning(&with_table(PLAIN));
    assert_eq!(wanted.1, ["q_a", "q_d"]);
    for (yes, no) in [
        ("TRUE", "FALSE"),
        ("True", "False"),
        ("yes", "no"),
        ("Yes", "NO"),
        ("WAHR", "FALSCH"),
        ("ja", "nein"),
        ("VRAI", "FAUX"),
        ("1", "0"),
        ("1", ""),
        ("TRUE", "0"),
        (" true ", ""),
        ("\"TRUE\"", "\"FALSE\""),
    ] {
        let csv = PLAIN.replace("true", yes).replace("false", no);
        assert_eq!(meaning(&with_table(&csv)), wanted, "{csv}");
    }
}

#[test]
fn exact_tables_of_spreadsheets_are_read() {
    let wanted = meaning(&with_table(PLAIN));
    let semicolons = PLAIN.replace(',', ";");
    let comma = semicolons.replace('.', ",");
    for csv in [
        semicolons.clone(),
        comma.clone(),
        PLAIN.replace(',', "\t"),
        comma.replace(';', "\t"),
        PLAIN.replace('\n', "\r\n"),
        format!("\u{feff}{comma}")
            .replace('\n', "\r\n")
            .replace("true", "WAHR")
            .replace("false", "FALSCH"),
        format!("sep=;\n{semicolons}"),
        format!("\u{feff}sep=;\r\n{}", semicolons.replace('\n', "\r\n")),
        // Empty rows and columns beside the table.
        format!("{}\n;;;;;\n", semicolons.trim_end().replace('\n', ";;\n")),
        PLAIN.replace("\na,", "\n\na,"),
    ] {
        assert_eq!(meaning(&with_table(&csv)), wanted, "{csv}");
    }
}

#[test]
fn exact_a_formula_with_a_comma_stays_one_beside_decimal_commas() {
    let csv = "organ;V (L);F;two\na;1,5;max(f, g);true\nb;2;2,25 L/h;false\n";
    let checked = with_table(csv);
    // Only the names in the formula are not declared.
    let messages: Vec<&str> = checked.diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(messages, ["`f` is not declared", "`g` is not declared"]);
}

/// Each table, and words of the one message it gets.
#[test]
fn exact_a_faulty_table_is_one_fault_whose_hint_can_be_followed() {
    for (csv, message, hint) in [
        ("", "is empty", "begin with a header"),
        ("Organ,V (L),F (L/h),two\na,1,1,true\n", "no column `organ`", "write `organ` for `Organ`"),
        ("region,V (L),F (L/h),two\na,1,1,true\n", "no column `organ`", "a column `organ`"),
        ("organ,V (L),F (L/h),two\na,1,5,1,true\n", "5 cells; the header has 4", "decimal point"),
        ("organ,V (L),V (L),F (L/h),two\na,1,1,1,true\n", "two columns `V`", "name of its own"),
        (
            "organ,V (L),,F (L/h),two\na,1,3,1,true\n",
            "column 3 of the organ table has no name",
            "name it",
        ),
        (
            "organ;V (L);F (L/h);two\na;1,5;1;true\nb;2;2.5;true\n",
            "`1,5` has a decimal comma and `2.5`",
            "decimal point",
        ),
        (
            "organ;V (L);F (L/h);two\na;1.500,5;1;true\n",
            "`1.500,5` in column `V` is not a number",
            "`1.5`",
        ),
        (
            "organ,V (L),F (L/h),two\na,1,1,true\nb,1,1,perhaps\n",
            "`perhaps` in column `two` is neither true nor false",
            "write `true` or `false`",
        ),
        (
            "organ,V (L),F (L/h),two\na,1,1,3\nb,1,1,4\n",
            "`two` of the organ table is not of true and false",
            "write `true` or `false`",
        ),
        (
            "organ,V (L),F (L/h),two\na,1,1,Y\nb,1,1,N\n",
            "`two` of the organ table is not of true and false",
            "write `true` or `false`",
        ),
        ("organ,V (L),F (L/h)\na,1,1\n", "no column `two` of true and false", "add a column `two`"),
        (
            "organ,V (L),F (L/h),twoo\na,1,1,true\n",
            "no column `two` of true and false",
            "did you mean `{organ:twoo}`?",
        ),
        (
            "organ,V (L),F (L/h),other\na,1,1,true\n",
            "no column `two` of true and false",
            "columns of true and false: other",
        ),
    ] {
        let checked = with_table(csv);
        assert!(has_errors(&checked.diagnostics), "{csv}");
        assert_eq!(checked.diagnostics.len(), 1, "{csv}\n{}", rendered(&checked));
        let d = &checked.diagnostics[0];
        assert!(d.message.contains(message), "{csv}\n{}", d.message);
        let said = d.hint.as_deref().unwrap_or_default();
        assert!(said.contains(hint), "{csv}\n{said}");
        assert!(!said.ends_with([':', ' ']), "an empty list: {said}");
    }
}

#[test]
fn exact_a_filter_in_a_list_of_places_finds_every_compartment() {
    let compartments = "\"i_{organ:ex}\" = \"V_{organ}\"\ni_b = \"V_b\"";
    let species = r#"P = { in = ["i_{organ:ex}", "i_b"] }
R = { in = ["i_{organ:rec}"], initial = "V_{organ}*rho" }"#;
    let checked = inline(
        compartments,
        species,
        "x_{organ:rec}: P.i_{organ} + R.i_{organ} -> 0 @ kb\n'''\n[parameters]\nkb = \"1 L/nmol/h\"\nrho = \"1 nmol/L\"\n[define]\nunused = '''0",
    );
    let model = checked.model.as_ref().unwrap_or_else(|| panic!("{}", rendered(&checked)));
    let places = |name: &str| -> Vec<&str> {
        let of = model.pools.iter().filter(|p| model.species[p.species].name == name);
        of.map(|p| model.compartments[p.place].name.as_str()).collect()
    };
    assert_eq!(places("P"), ["i_a", "i_c", "i_b"]);
    assert_eq!(places("R"), ["i_a", "i_b"]);
    // The initial amount of the plain compartment is that of the organ it was found for.
    let receptors = model.pools.iter().filter(|p| model.species[p.species].name == "R");
    assert!(receptors.clone().all(|p| p.initial.is_some()));
    assert!(receptors.clone().all(|p| !matches!(p.initial, Some(Expr::Number(_)))));
    assert_ne!(model.pools[3].initial, model.pools[4].initial);
}

/// Texts whose filters were ignored, or could be, each with words of its one message.
#[test]
fn exact_no_filter_is_ignored() {
    let all = "\"{organ}\" = \"V_{organ}\"";
    for (compartments, species, scheme, message) in [
        // A place that the filter names and that is not there.
        (
            "\"i_{organ:ex}\" = \"V_{organ}\"",
            "P = { in = [\"i_{organ:rec}\"] }",
            "x: P.i_a -> 0 @ k_a",
            "the organ `b` too, which has no compartment `i_b`",
        ),
        (
            "\"i_{organ:ex}\" = \"V_{organ}\"",
            "P = { in = [\"i_{organ}\"] }",
            "x: P.i_a -> 0 @ k_a",
            "the organ `b` too",
        ),
        (
            "i_b = \"V_b\"",
            "P = { in = [\"i_{organ}\"] }",
            "x: P.i_b -> 0 @ k_b",
            "2 organs too that have no such compartment: `a`, `c`",
        ),
        (
            "art = \"1 L\"",
            "P = { in = [\"art\", \"i_{organ}\"] }",
            "x: P.art -> 0 @ k_b",
            "no compartment fits `i_{organ}`",
        ),
        (all, "P = { in = [\"{organ:nonsense}\"] }", "x: P.a -> 0 @ k_a", "no column `nonsense`"),
        // A second filter of a line.
        (
            all,
            "P = { in = [\"{organ}\"] }",
            "x_{organ:ex}: P.{organ} -> 0 @ k_{organ:rec}",
            "`{organ:rec}` after `{organ:ex}`",
        ),
        (
            all,
            "P = { in = [\"{organ}\"] }",
            "x_{organ}: P.{organ} -> 0 @ k_{organ:rec}",
            "`{organ:rec}` after `{organ}`",
        ),
        (
            all,
            "P = { in = [\"{organ}\"] }",
            "x_{organ:ex}: P.{organ:nonsense} -> 0 @ k_{organ}",
            "no column `nonsense`",
        ),
        // Filters in the fields of an entry.
        (
            "\"{organ}\" = \"V_{organ:ex}\"",
            "P = { in = [\"{organ}\"] }",
            "x: P.a -> 0 @ k_a",
            "`{organ:ex}` in an entry for `{organ}`",
        ),
        (
            "\"{organ:ex}\" = \"V_{organ:rec}\"",
            "P = { in = [\"a\"] }",
            "x: P.a -> 0 @ k_a",
            "`{organ:rec}` in an entry for `{organ:ex}`",
        ),
        (
            "\"{organ:ex}\" = \"V_{organ:nonsense}\"",
            "P = { in = [\"a\"] }",
            "x: P.a -> 0 @ k_a",
            "no column `nonsense`",
        ),
        // Initial amounts.
        (
            all,
            "P = { in = [\"{organ}\"], initial = \"2*n_{organ:ex}\" }",
            "x: P.a -> 0 @ k_a",
            "`b` is not one of `2*n_{organ:ex}`",
        ),
        (
            all,
            "P = { in = [\"{organ}\"], initial = \"2*n_{organ:nonsense}\" }",
            "x: P.a -> 0 @ k_a",
            "no column `nonsense`",
        ),
        (
            all,
            "P = { in = [\"{organ:ex}\"], initial = { \"{organ:rec}\" = \"2 nmol\" } }",
            "x: P.a -> 0 @ k_a",
            "`P` is not in `b`, one of the places of `{organ:rec}`",
        ),
        (
            all,
            "P = { in = [\"{organ}\"], initial = { \"{organ:nonsense}\" = \"2 nmol\" } }",
            "x: P.a -> 0 @ k_a",
            "no column `nonsense`",
        ),
        // Braces that hold something else.
        (all, "P = { in = [\"{organ}\"] }", "x_{o}: P.{o} -> 0 @ k_{o}", "`{o}` is not a place"),
        (all, "P = { in = [\"{organs}\"] }", "x: P.a -> 0 @ k_a", "`{organs}` is not a place"),
        (all, "P = { in = [\"{ organ }\"] }", "x: P.a -> 0 @ k_a", "`{ organ }` is not a place"),
        (all, "P = { in = [\"{organ}\"] }", "x_{organ: P.{organ} -> 0 @ k_a", "is not a place"),
    ] {
        let checked = inline(compartments, species, scheme);
        let what = format!("{compartments}\n{species}\n{scheme}\n{}", rendered(&checked));
        assert_eq!(checked.diagnostics.len(), 1, "{what}");
        assert!(checked.diagnostics[0].message.contains(message), "{what}");
    }
}

#[test]
fn exact_an_initial_amount_by_template_is_that_of_its_organs_alone() {
    let checked = inline(
        "\"{organ}\" = \"V_{organ}\"",
        "P = { in = [\"{organ}\"], initial = { \"{organ:ex}\" = \"2 nmol\" } }",
        "x_{organ}: P.{organ} -> 0 @ k_{organ}",
    );
    let model = checked.model.as_ref().unwrap_or_else(|| panic!("{}", rendered(&checked)));
    let given: Vec<bool> = model.pools.iter().map(|p| p.initial.is_some()).collect();
    assert_eq!(given, [true, false, true]);
}
