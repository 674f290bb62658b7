//! Models connected through their ports, and inputs driven by measured curves, as an experiment
//! writes them.

use lutetia_testkit::{Files, Rows, checked, heading, said};

/// Runs an experiment on the shipped models; gives its table `out`, or why it failed.
fn table(experiment: &str, curve: &str) -> Result<Rows, String> {
    let files = Files::of(&[("curve.csv", curve)]);
    let ran = files.run(&format!("{}{experiment}", heading(1)));
    ran.map(|ran| ran.table("out")).map_err(|failure| said(&failure))
}

const COUPLED: &str = r#"
[models.coupled]
nuclides = ["Lu-177"]
parts = [
  { name = "pk", file = "models/psma/tumour-kidney.toml" },
  { name = "damage", file = "models/radiobiology/linear-quadratic.toml" },
]
connect = [{ from = "pk.A_kidneys", to = "damage.dose_rate", scale = "0.3 mGy/(MBq h)" }]

[[step]]
kind = "simulate"
id = "out"
model = "coupled"
doses = [{ into = "pk:L.plasma", activity = "7.4 GBq", amount = "100 nmol", over = "10 min" }]
outputs = ["pk:A_kidneys", "damage:dose", "damage:survival", "damage:BED"]
until = "1000 h"
points = 4001
"#;

#[test]
fn exact_the_dose_is_the_integral_of_what_drives_it() {
    let rows = table(COUPLED, "").expect("the models are connected");
    let (time, activity) = (rows.numbers("time"), rows.numbers("pk:A_kidneys"));
    let integral: f64 = (1..rows.len())
        .map(|i| 0.5 * (activity[i - 1] + activity[i]) * (time[i] - time[i - 1]))
        .sum();
    let last = rows.last().expect("rows");
    let (dose, bed) = (last.number("damage:dose"), last.number("damage:BED"));
    let expected = 0.3e-3 * integral;
    // The trapezoid at 15 min misses about 1e-3 of the uptake in the first minutes.
    assert!((dose / expected - 1.0).abs() < 3e-3, "{dose} Gy, {expected} Gy");
    // More than the dose, and less than the same dose at once: D (1 + D/(alpha/beta)).
    assert!(bed > dose && bed < dose * (1.0 + dose / 1.5));
}

/// A constant dose rate R for a time T: E = alpha D + beta G D^2 with
/// G = 2 (exp(-mu T) - 1 + mu T)/(mu T)^2 (Dale 1985).
#[test]
fn exact_a_measured_dose_rate_gives_the_lea_catcheside_factor() {
    let experiment = r#"
[data.rate]
table = "curve.csv"
[models.lq]
file = "models/radiobiology/linear-quadratic.toml"
[[step]]
kind = "simulate"
id = "out"
model = "lq"
inputs = { dose_rate = { table = "rate", time = "time", value = "rate" } }
until = "24 h"
points = 3
"#;
    // 120 cGy/h for 10 h.
    let curve = "time (min),rate (mGy/min)\n0,20\n600,20\n600,0\n";
    let rows = table(experiment, curve).expect("it runs");
    let row = rows.last().expect("rows");
    let (d, mt) = (12.0, std::f64::consts::LN_2 / 1.9 * 10.0);
    let g = 2.0 * ((-mt).exp() - 1.0 + mt) / (mt * mt);
    let e = 0.147 * d + 0.098 * g * d * d;
    // The tolerance of the integration is 1e-6 and six digits are printed.
    assert!((row.number("dose") / d - 1.0).abs() < 1e-5, "{row:?}");
    assert!((row.number("BED") / (e / 0.147) - 1.0).abs() < 2e-5, "{row:?} {e}");
    assert!((row.number("survival") / (-e).exp() - 1.0).abs() < 1e-4, "{row:?} {e}");
}

#[test]
fn regress_faulty_connections_give_their_messages() {
    let cases = [
        ("other dimension", COUPLED.replace("0.3 mGy/(MBq h)", "0.3 mGy/MBq")),
        ("unknown output", COUPLED.replace("pk.A_kidneys\"", "pk.A_kidney\"")),
        ("unknown input", COUPLED.replace("damage.dose_rate", "damage.doserate")),
        ("unknown part", COUPLED.replace("from = \"pk.", "from = \"kp.")),
        ("no scale", COUPLED.replace(", scale = \"0.3 mGy/(MBq h)\"", "")),
        ("unreadable scale", COUPLED.replace("0.3 mGy/(MBq h)", "0.3 mGyy")),
        ("neither file nor parts", "[models.x]\nnuclides = []\n".to_owned()),
        ("unknown place", COUPLED.replace("pk:L.plasma", "L.plasma")),
        ("unknown shown output", COUPLED.replace("\"damage:dose\"", "\"damage:dosis\"")),
        ("no interval", COUPLED.replace("until = \"1000 h\"", "until = \"1000 h\"\ncycles = 3")),
    ];
    let mut text = String::new();
    for (name, experiment) in cases {
        let error = table(&experiment, "").err().unwrap_or_else(|| panic!("{name} has no fault"));
        text.push_str(&format!("== {name}\n"));
        for line in error.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    insta::assert_snapshot!(text);
}

/// The shipped model as differential equations beside the closed form of the dose crate, for uptake
/// and two washouts.
#[test]
fn exact_closed_form_and_differential_equations_agree() {
    use lutetia_dose::{DoseRatePhase, Tissue, effective_dose};
    use lutetia_model::{Binding, compile};
    use lutetia_sim::{Options, Regimen, Request, Simulator};

    let phases = [(0.9, 0.012), (0.4, 0.09), (-1.3, 0.9)];
    let rate: Vec<String> = phases.iter().map(|(a, k)| format!("{a}*u*exp(-{k}*t/h)")).collect();
    let text = lutetia_testkit::text("models/radiobiology/linear-quadratic.toml")
        .replace("dose_rate     = { unit = \"Gy/h\", default = \"0 Gy/h\" }\n", "")
        .replacen("[parameters]", "[parameters]\nu = \"1 Gy/h\"\nh = \"1 h\"", 1)
        .replace("[states]", &format!("[define]\ndose_rate = \"{}\"\n[states]", rate.join(" + ")));
    let model = checked("lq.toml", &text);
    let system = compile(&model, &Binding::new(lutetia_data::nuclides())).expect("no nuclide");
    let parameters = system.default_parameters();
    let simulator = Simulator::new(system);
    let options = Options { rtol: 1e-13, atol_relative: Some(1e-15), ..Options::default() };
    // After 3000 h the slowest phase has fallen by exp(-36).
    let run = simulator
        .run(&Request::new(&parameters, &Regimen::default(), &[0.0, 3000.0]).options(&options))
        .expect("it runs");
    let output = |name: &str| {
        let index = simulator.output(name).expect("an output");
        run.outputs.get(1, index).expect("a value")
    };
    let tissue = Tissue::new(1.5, 1.9).expect("a tissue");
    let phases: Vec<DoseRatePhase> =
        phases.iter().map(|&(gy_per_h, per_h)| DoseRatePhase { gy_per_h, per_h }).collect();
    let closed = effective_dose(&phases, tissue).expect("a dose");
    let unit = model.units.from_internal(1.0, &lutetia_units::Unit::parse("Gy").expect("a unit"));
    assert!((output("dose") * unit / closed.dose_gy - 1.0).abs() < 1e-10);
    assert!((output("BED") * unit / closed.bed_gy - 1.0).abs() < 1e-10);
}

const CLEARED: &str = r#"
[model]
id    = "cleared"
title = "One compartment with a clearance"
units = { time = "h", amount = "nmol", volume = "L" }
[compartments]
c = "10 L"
[parameters]
CL = "2 L/h"
[species]
X = { in = ["c"] }
[scheme]
processes = "out: X.c -> 0 @ CL/volume(c)"
[observables]
N = { of = "X.c", unit = "nmol" }
"#;

/// A clearance of 2, and from 3 h of 5 L/h, in 10 L; where the curve has ended its last value is held, and that is said.
#[test]
fn exact_a_parameter_follows_a_curve_of_an_experiment() {
    let experiment = r#"
[data.clearance]
table = "curve.csv"
[models.m]
file = "cleared.toml"
[[step]]
kind = "simulate"
id = "out"
model = "m"
inputs = { CL = { table = "clearance", time = "time", value = "CL", interpolation = "previous" } }
doses = [{ into = "X.c", amount = "100 nmol" }]
until = "10 h"
points = 11
"#;
    let curve = "time (h),CL (L/h)\n0,2\n3,5\n7,5\n";
    let files = Files::of(&[("curve.csv", curve), ("cleared.toml", CLEARED)]);
    let text = format!("{}{experiment}", heading(1));
    let ran = files.run(&text).unwrap_or_else(|e| panic!("{}", said(&e)));
    let rows = ran.table("out");
    let (time, found) = (rows.numbers("time"), rows.numbers("N"));
    assert_eq!(time.len(), 11);
    for (t, found) in time.iter().zip(found) {
        let exact = 100.0 * (-(2.0 * t.min(3.0) + 5.0 * (t - 3.0).max(0.0)) / 10.0).exp();
        // 100 times the tolerance of the integration, of what was given.
        assert!((found - exact).abs() < 1e-2, "{t} h: {found}, exactly {exact}");
    }
    let notes: Vec<&String> =
        ran.made.settings.values().filter(|note| note.contains("its last value is held")).collect();
    assert_eq!(notes.len(), 1, "{:?}", ran.made.settings);
}
