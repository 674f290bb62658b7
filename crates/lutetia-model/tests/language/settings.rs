//! What users set: levels by name, covariates within their range, the nuclide of a dose.

use lutetia_model::{Binding, System, compile};
use lutetia_testkit::checked;

const MODEL: &str = r#"
[model]
id    = "m"
title = "A label and a free nuclide"
units = { time = "h", amount = "nmol", volume = "L" }
label = { on = ["L"], decayed = "Bi" }
[patient]
sex    = { levels = ["male", "female"], typical = "male" }
stage  = { levels = ["1", "2", "3"], typical = "2" }
weight = { unit = "kg", range = ["30 kg", "200 kg"], typical = "70 kg" }
[compartments]
body = "3 L"
[parameters]
k    = "(1 + 0.1*sex.female)*k0*weight/w0"
k0   = "0.1 1/h"
w0   = "70 kg"
idle = "3 1/h"
[species]
L  = { in = ["body"] }
Bi = { in = ["body"], nuclide = "Bi-212", decayed = "lost" }
R  = { in = ["body"] }
[scheme]
processes = '''
out: L.body -> 0 @ k
gone: R.body -> 0 @ k
'''
[outputs]
A = { of = "activity(L.body)", unit = "MBq" }
"#;

fn system() -> System {
    compile(&checked("m.toml", MODEL), &Binding::all(lutetia_data::nuclides(), ["Pb-212"]))
        .expect("it compiles")
}

#[test]
fn exact_a_category_is_set_by_its_level_and_never_between_two() {
    let system = system();
    let read = |name: &str, text: &str| {
        let index = system.parameter_index(name).expect("a covariate");
        system.parameters()[index].setting(text).map_err(|e| e.to_string())
    };
    for (name, text, value) in [
        ("sex", "male", 0.0),
        ("sex", "female", 1.0),
        ("sex", "0", 0.0),
        ("sex", "1", 1.0),
        // A level called by a number is that level, not the code of another.
        ("stage", "1", 0.0),
        ("stage", "3", 2.0),
    ] {
        assert_eq!(read(name, text), Ok(value), "{name}={text}");
    }
    for (name, text) in [
        ("sex", "0.5"),
        ("sex", "2"),
        ("sex", "-1"),
        ("sex", "1.0"),
        ("sex", "Female"),
        ("sex", ""),
        ("sex", "NaN"),
        ("sex", "1 kg"),
        ("stage", "0"),
        ("stage", "2.5"),
    ] {
        let said = read(name, text).expect_err(text);
        assert!(
            said.starts_with(&format!("`{text}` is not a level of `{name}`; its levels are ")),
            "{said}"
        );
    }
    // The ends of the range belong to it, in any unit.
    for good in ["30 kg", "200 kg", "200000 g", "70 kg"] {
        assert!(read("weight", good).is_ok(), "{good}");
    }
    for bad in ["29.9 kg", "201 kg", "0 kg", "-70 kg"] {
        let said = read("weight", bad).expect_err(bad);
        assert_eq!(
            said,
            format!("`weight` = {bad} is outside the range of the model, 30 to 200 kg")
        );
    }
    assert!(read("weight", "70 L").is_err_and(|e| e.contains("cannot set `weight`")));
}

#[test]
fn exact_a_dose_is_of_the_only_nuclide_that_its_pool_carries() {
    let system = system();
    assert_eq!(system.nuclides().len(), 2);
    let nuclide =
        |into: &str, said: Option<&str>| system.dose_nuclide(into, said).map_err(|e| e.to_string());
    assert_eq!(nuclide("L.body", None).as_deref(), Ok("Pb-212"));
    assert_eq!(nuclide("Bi.body", None).as_deref(), Ok("Bi-212"));
    assert_eq!(nuclide("L.body", Some("Pb-212")).as_deref(), Ok("Pb-212"));
    let said = nuclide("L.body", Some("Bi-212")).expect_err("another nuclide");
    assert_eq!(said, "a dose into `L.body` is of `Bi-212`; `L.body` can carry Pb-212");
    let said = nuclide("R.body", None).expect_err("no nuclide");
    assert!(said.contains("`R.body` carries no nuclide"), "{said}");
}

#[test]
fn exact_what_nothing_reads_is_known() {
    let system = system();
    let unread: Vec<&str> = system
        .unread_parameters()
        .into_iter()
        .map(|k| system.parameters()[k].name.as_str())
        .collect();
    assert_eq!(unread, ["idle", "stage"]);
}
