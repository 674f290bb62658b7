//! Shipped model files, alone or connected, run in the units they declare.

use std::fs;
use std::path::{Path, PathBuf};

use lutetia_model::{Binding, Connection, Model, compile, connect};
use lutetia_sim::{Curve, Dose, Inputs, Options, Regimen, Request, Simulator, Trajectory};
use lutetia_units::Quantity;

/// One model ready to run.
pub(crate) struct Shipped {
    pub(crate) simulator: Simulator,
}

/// Doses, changed parameters, measured inputs and output times (h), all in plain text and units.
#[derive(Default, Clone)]
pub(crate) struct Course<'a> {
    pub(crate) set: &'a [(&'a str, &'a str)],
    pub(crate) doses: Vec<Dose>,
    /// Input, and points (h, value in the unit of the input).
    pub(crate) inputs: Vec<(&'a str, Vec<(f64, f64)>)>,
    pub(crate) times: Vec<f64>,
    pub(crate) tight: bool,
}

/// What came out.
pub(crate) struct Outcome<'a> {
    shipped: &'a Shipped,
    pub(crate) trajectory: Trajectory,
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

/// A file under `models/`, or the text of a model where it begins with a table.
pub(crate) fn checked(file: &str) -> Model {
    let text = if file.trim_start().starts_with('[') {
        file.to_owned()
    } else {
        fs::read_to_string(folder().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
    };
    lutetia_testkit::checked(file, &text)
}

fn ready(model: &Model) -> Shipped {
    let nuclides: &[&str] = if model.labels.is_empty() { &[] } else { &["Lu-177"] };
    let binding = Binding::all(lutetia_data::nuclides(), nuclides.iter().copied());
    let system = compile(model, &binding).unwrap_or_else(|e| panic!("{}: {e}", model.id));
    Shipped { simulator: Simulator::new(system) }
}

/// One file.
pub(crate) fn one(file: &str) -> Shipped {
    ready(&checked(file))
}

/// Parts (alias, file) and wires (from, to, scale).
pub(crate) fn joined(parts: &[(&str, &str)], wires: &[(&str, &str, Option<&str>)]) -> Shipped {
    let parts: Vec<(String, Model)> =
        parts.iter().map(|(alias, file)| ((*alias).to_owned(), checked(file))).collect();
    let wires: Vec<Connection> = wires
        .iter()
        .map(|(from, to, scale)| match scale {
            Some(scale) => {
                Connection::new(*from, *to).times(Quantity::parse(scale).expect("a quantity"))
            }
            None => Connection::new(*from, *to),
        })
        .collect();
    let (model, diagnostics) = connect(&parts, &wires);
    ready(&model.unwrap_or_else(|| panic!("{diagnostics:#?}")))
}

/// Activity of 177Lu without carrier, or molecules without label, at a time, as a bolus.
pub(crate) fn activity(into: &str, at: f64, mbq: f64) -> Dose {
    Dose {
        at,
        into: into.to_owned(),
        activities: vec![("Lu-177".to_owned(), mbq)],
        amount: None,
        ..Dose::default()
    }
}

pub(crate) fn drug(into: &str, at: f64, nmol: f64) -> Dose {
    Dose {
        at,
        into: into.to_owned(),
        activities: Vec::new(),
        amount: Some(nmol),
        ..Dose::default()
    }
}

/// A dose rate D (l_c l_u/(l_u - l_c)) (exp(-l_c t) - exp(-l_u t)) of dose D in all, with half-times
/// of uptake and clearance, in an output `rate`.
pub(crate) fn uptake_and_clearance(dose: f64, uptake_h: f64, clearance_h: f64) -> String {
    format!(
        r#"[model]
id = "rate"
title = "a dose rate"
units = {{ time = "h", amount = "nmol", volume = "L" }}
[parameters]
D = "{dose} Gy"
T_u = "{uptake_h} h"
T_c = "{clearance_h} h"
l_u = "ln(2)/T_u"
l_c = "ln(2)/T_c"
[states]
X = {{ unit = "Gy", initial = "0 Gy" }}
[scheme]
processes = '''
sum: 0 => X @ D*l_c*l_u/(l_u - l_c)*(exp(-l_c*t) - exp(-l_u*t))
'''
[outputs]
rate = {{ of = "D*l_c*l_u/(l_u - l_c)*(exp(-l_c*t) - exp(-l_u*t))", unit = "Gy/h" }}
"#
    )
}

impl Shipped {
    pub(crate) fn run(&self, course: &Course<'_>) -> Outcome<'_> {
        let system = self.simulator.system();
        let mut parameters = system.default_parameters();
        for (name, text) in course.set {
            let index = self.simulator.parameter(name).unwrap_or_else(|e| panic!("{e}"));
            let info = &system.parameters()[index];
            let value = Quantity::parse(text).and_then(|q| q.to(&info.unit));
            parameters[index] = value.unwrap_or_else(|e| panic!("{name}: {e}")) * info.factor;
        }
        let curves = course
            .inputs
            .iter()
            .map(|(name, points)| {
                let index = system.input_index(name).unwrap_or_else(|| panic!("no input {name}"));
                let factor = system.inputs()[index].factor;
                let points = points.iter().map(|(t, y)| (*t, y * factor)).collect();
                Curve { input: (*name).to_owned(), points }
            })
            .collect();
        let options = if course.tight {
            Options { rtol: 1e-11, atol_relative: Some(1e-14), ..Options::default() }
        } else {
            Options::default()
        };
        let regimen = Regimen { doses: course.doses.clone() };
        let trajectory = self
            .simulator
            .run(
                &Request::new(&parameters, &regimen, &course.times)
                    .inputs(&Inputs { curves })
                    .options(&options),
            )
            .unwrap_or_else(|error| panic!("{}: {error}", system.id()));
        Outcome { shipped: self, trajectory }
    }
}

impl Outcome<'_> {
    /// An output at one of the times, in its declared unit.
    pub(crate) fn at(&self, name: &str, row: usize) -> f64 {
        self.all(name)[row]
    }

    /// An output at all times, in its declared unit.
    pub(crate) fn all(&self, name: &str) -> Vec<f64> {
        let index = self.shipped.simulator.output(name).unwrap_or_else(|e| panic!("{e}"));
        let factor = self.shipped.simulator.system().outputs()[index].factor;
        self.trajectory.outputs.column(index).map(|y| y * factor).collect()
    }

    /// At the last time.
    pub(crate) fn last(&self, name: &str) -> f64 {
        *self.all(name).last().expect("at least one time")
    }

    /// (lowest value, its time in h).
    pub(crate) fn lowest(&self, name: &str) -> (f64, f64) {
        self.all(name)
            .into_iter()
            .zip(self.trajectory.times.iter().copied())
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .expect("at least one time")
    }
}

pub(crate) fn near(what: &str, found: f64, expected: f64, relative: f64) {
    let off = (found - expected).abs();
    assert!(off <= relative * expected.abs(), "{what}: {found}, expected {expected}");
}

/// Numbers in [0, 1) for tests that try many (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let u = 1.0 - self.uniform();
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}
