//! Steps about designs of a radioligand and about nuclides in small targets.

use lutetia_dose::{Region, Sex, bundled::source_with_daughters, self_dose_factor};
use lutetia_experiment::Failure;
use lutetia_testkit::{Files, Ran, heading};

/// A ligand that goes to tumour and kidneys and leaves both: every integral is a closed form.
const MODEL: &str = r#"
[model]
id = "small"
title = "small"
units = { time = "h", amount = "nmol", volume = "L" }
label = { on = ["L"], decayed = "lost" }

[compartments]
plasma = "3 L"
tumour = "0.01 L"
kidneys = "0.3 L"

[parameters]
k_t = { value = "0.01 1/h", source = "test" }
k_k = { value = "0.1 1/h", source = "test" }
k_out = { value = "0.02 1/h", source = "test" }

[species]
L = { in = ["plasma", "tumour", "kidneys"] }

[scheme]
processes = '''
to_tumour:  L.plasma  -> L.tumour  @ k_t
to_kidneys: L.plasma  -> L.kidneys @ k_k
from_tumour: L.tumour -> 0 @ k_out
from_kidneys: L.kidneys -> 0 @ k_out
'''

[observables]
A_tumour = { of = "activity(L.tumour)", unit = "MBq" }
A_kidneys = { of = "activity(L.kidneys)", unit = "MBq" }
"#;

const DESIGNS: &str = r#"
[models.lu]
file = "small.toml"
nuclides = ["Lu-177"]
[models.y]
file = "small.toml"
nuclides = ["Y-90"]
[[step]]
kind = "designs"
id = "d"
models = ["lu", "y"]
dose = { into = "L.plasma", activity = "2 MBq" }
target = "tumour"
rbe = 5.0
equal = "50 Gy"
regions = [
  { region = "tumour", activity = "A_tumour", mass = "10.6 g" },
  { region = "kidneys", activity = "A_kidneys", mass = "310 g", limit = "23 Gy" },
]
vary = [
  { name = "uptake", parameter = "k_t", values = ["0.01 1/h", "0.03 1/h"], base = "0.01 1/h" },
  { name = "kidneys", parameter = "k_k", values = ["0.05 1/h", "0.1 1/h"], base = "0.1 1/h" },
]
scenarios = [{ name = "as given" }, { name = "stays", set = { k_out = "0.002 1/h" } }]
"#;

const SMALL: &str = r#"
[[step]]
kind = "small-targets"
id = "s"
nuclides = ["Lu-177", "At-211"]
diameters = ["14 um", "1 mm", "20 mm"]
rbe = 5.0
equal = "50 Gy"
alpha = 0.2
cell = { diameter = "14 um", nucleus = "10 um" }
control = "90 %"
leave = { "Po-211" = "0 1/h" }
"#;

fn run(text: &str) -> Result<Ran, Failure> {
    Files::of(&[("small.toml", MODEL)]).run(&format!("{}{text}", heading(1)))
}

fn refused(text: &str) -> String {
    match run(text) {
        Err(Failure::Step { reason, .. }) => reason.to_string(),
        Err(Failure::Diagnostics { diagnostics, .. }) => {
            diagnostics.iter().map(|d| d.message.as_str()).collect::<Vec<_>>().join("\n")
        }
        other => panic!("{other:?}"),
    }
}

fn cell(ran: &Ran, table: &str, row: &str, column: &str) -> String {
    let rows = ran.table(table);
    let found = rows.iter().find(|r| r.name() == row);
    found.unwrap_or_else(|| panic!("no row {row} in {rows:?}"))[column].to_owned()
}

fn number(ran: &Ran, table: &str, row: &str, column: &str) -> f64 {
    let text = cell(ran, table, row, column);
    text.parse().unwrap_or_else(|_| panic!("{table}/{row}/{column} is `{text}`"))
}

/// Dose per activity of a region, Gy/MBq, by the integral in closed form and the factor of the data.
fn closed(
    nuclide: &str,
    half_life_h: f64,
    into: f64,
    all: f64,
    out: f64,
    region: &str,
    g: f64,
) -> f64 {
    let lambda = std::f64::consts::LN_2 / half_life_h;
    let hours = into / (all + lambda) / (out + lambda);
    let source = source_with_daughters(nuclide).expect("a nuclide");
    let region = Region::named(region).expect("a region");
    3.6 * hours * self_dose_factor(&source, &region, g, Sex::Male).expect("a factor").total()
}

#[test]
fn exact_designs_are_their_integrals() {
    let ran = run(DESIGNS).unwrap_or_else(|failure| panic!("{failure}"));
    for (nuclide, half_life) in [("Lu-177", 6.6443 * 24.0), ("Y-90", 64.05)] {
        let tumour =
            |t: f64, k: f64, out: f64| closed(nuclide, half_life, t, t + k, out, "tumour", 10.6);
        let kidneys =
            |t: f64, k: f64, out: f64| closed(nuclide, half_life, k, t + k, out, "kidneys", 310.0);
        let at_limit = |t: f64, k: f64, out: f64| 23.0 * tumour(t, k, out) / kidneys(t, k, out);
        let near = |found: f64, exact: f64| {
            assert!((found / exact - 1.0).abs() < 1e-4, "{nuclide}: {found} {exact}");
        };
        near(number(&ran, "d", nuclide, "target_dose"), tumour(0.01, 0.1, 0.02));
        near(number(&ran, "d", nuclide, "equal_activity"), 50.0 / tumour(0.01, 0.1, 0.02));
        near(number(&ran, "d", nuclide, "limit_activity"), 23.0 / kidneys(0.01, 0.1, 0.02));
        near(number(&ran, "d", nuclide, "at_limit"), at_limit(0.01, 0.1, 0.02));
        near(
            number(&ran, "d.regions", &format!("{nuclide} kidneys"), "physical"),
            kidneys(0.01, 0.1, 0.02),
        );
        near(
            number(&ran, "d.regions", &format!("{nuclide} kidneys"), "at_equal"),
            50.0 * kidneys(0.01, 0.1, 0.02) / tumour(0.01, 0.1, 0.02),
        );
        let row = format!("stays {nuclide} uptake 0.03 1 per h");
        near(number(&ran, "d.assumptions", &row, "at_limit"), at_limit(0.03, 0.1, 0.002));
        near(number(&ran, "d.assumptions", &row, "over_base"), 3.0);
        let row = format!("{nuclide} 0.03 1 per h, 0.05 1 per h");
        near(number(&ran, "d.grid", &row, "at_limit"), at_limit(0.03, 0.05, 0.02));
    }
    // Three times the uptake and half of that of the kidneys: together they gain what they gain alone, here.
    assert_eq!(cell(&ran, "d.best", "as given", "uptake"), "0.03 1/h");
    assert_eq!(cell(&ran, "d.best", "as given", "kidneys"), "0.05 1/h");
    assert!((number(&ran, "d.best", "as given", "gain") / 6.0 - 1.0).abs() < 1e-4);
    assert!((number(&ran, "d.best", "as given", "product") / 6.0 - 1.0).abs() < 1e-4);
    assert!((number(&ran, "d.gains", "uptake", "estimate") / 3.0 - 1.0).abs() < 1e-4);
    assert_eq!(cell(&ran, "d.gains", "uptake", "same_best"), "100");
    assert_eq!(cell(&ran, "d.gains", "uptake", "verdict"), "gains under all assumptions");
    assert_eq!(cell(&ran, "d.gain_order", "1", "axis"), "uptake");
}

#[test]
fn exact_designs_that_cannot_be_compared_are_refused() {
    for (from, to, expected) in [
        ("target = \"tumour\"", "target = \"tumor\"", "`target` is `tumor`"),
        (", limit = \"23 Gy\"", "", "no region beside the target has a `limit`"),
        ("rbe = 5.0", "rbe = 0.0", "`rbe` is 0"),
        ("limit = \"23 Gy\"", "limit = \"-1 Gy\"", "the limit of `kidneys` is -1"),
        ("base = \"0.1 1/h\"", "base = \"0.2 1/h\"", "`base` of `kidneys` is `0.2 1/h`"),
        ("nuclides = [\"Y-90\"]", "nuclides = [\"177Lu\"]", "both have Lu-177"),
        ("activity = \"2 MBq\"", "amount = \"2 nmol\"", "no activity is given"),
        ("parameter = \"k_t\"", "parameter = \"k_x\"", "k_x"),
        ("activity = \"A_kidneys\"", "activity = \"A_kidney\"", "A_kidney"),
        ("set = { k_out", "set = { k_outt", "k_outt"),
        ("region = \"kidneys\", activity", "region = \"kidneis\", activity", "kidneis"),
    ] {
        assert!(DESIGNS.contains(from), "{from}");
        let message = refused(&DESIGNS.replace(from, to));
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn exact_small_targets_are_compared_with_the_bulk() {
    let ran = run(SMALL).unwrap_or_else(|failure| panic!("{failure}"));
    for nuclide in ["Lu-177", "At-211"] {
        let bulk = number(&ran, "s", &format!("{nuclide} 20 mm"), "relative");
        assert!((bulk - 1.0).abs() < 1e-9, "{bulk}");
        for size in ["14 um", "1 mm", "20 mm"] {
            let row = format!("{nuclide} {size}");
            let (cells, relative) =
                (number(&ran, "s", &row, "cells"), number(&ran, "s", &row, "relative"));
            // The chance that no cell of N is left, each surviving with e^(-αfD), is exp(-N e^(-αfD)).
            let dose = number(&ran, "s", &row, "needed");
            let control = (-cells * (-0.2 * relative * dose).exp()).exp();
            assert!((control - 0.9).abs() < 1e-3, "{row}: {control}");
        }
    }
    // Of a sphere of radius R a straight path from a point inside leaves after 3R/4, 5.25 um here: at the 72 keV/um that
    // the alphas of At-211 lose at first (ICRU 49: 79 at 5.87 MeV, 67 at 7.45 MeV), 0.38 of 6.79 MeV. They lose a little
    // more as they slow down.
    let single = |nuclide: &str| number(&ran, "s", &format!("{nuclide} 14 um"), "relative");
    let (alpha, beta) = (single("At-211"), single("Lu-177"));
    assert!((0.055..0.062).contains(&alpha) && beta < alpha, "{alpha} {beta}");
    assert_eq!(cell(&ran, "s.sizes", "14 um", "best"), "At-211");
    assert_eq!(cell(&ran, "s.sizes", "14 um", "best_without_alphas"), "Lu-177");
    for (from, to, expected) in [
        ("nucleus = \"10 um\"", "nucleus = \"15 um\"", "is not within the cell"),
        ("\"1 mm\", \"20 mm\"", "\"20 mm\", \"1 mm\"", "do not rise"),
        ("control = \"90 %\"", "control = \"100 %\"", "between 0 % and 100 %"),
        ("alpha = 0.2", "alpha = -1.0", "`alpha` is -1"),
        ("\"At-211\"]", "\"At-212x\"]", "At-212x"),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let message = refused(&SMALL.replace(from, to));
        assert!(message.contains(expected), "{to}: {message}");
    }
}
