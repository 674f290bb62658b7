//! Compiling a model of about 200 states, and evaluating it beside the same equations by hand.
//!
//! The hand-written right-hand side knows the structure (a loop over organs); the compiled one
//! learns it from the model.

use divan::{Bencher, black_box};
use lutetia_model::{
    Binding, Compartment, Expr, Fate, LabelGroup, Model, Output, Parameter, ParameterValue,
    Participant, Pool, Process, Rate, Species, Symbol, System, compile,
};
use lutetia_units::{MeanEnergy, Nuclide, NuclideTable, Unit, UnitSystem};

fn main() {
    divan::main();
}

fn unit(text: &str) -> Unit {
    Unit::parse(text).expect("a unit of this file")
}

fn table() -> NuclideTable {
    let nuclide = |name: &str, half_life_s: f64, daughter: Option<&str>| Nuclide {
        name: name.to_owned(),
        half_life_s,
        half_life_sd_s: None,
        branches: daughter
            .map(|d| lutetia_units::Branch {
                daughter: d.to_owned(),
                fraction: 1.0,
                mode: "B-".to_owned(),
            })
            .into_iter()
            .collect(),
        energy: MeanEnergy::default(),
        source: "bench".to_owned(),
    };
    NuclideTable::from_nuclides(vec![
        nuclide("Lu-177", 574_068.0, Some("Hf-177")),
        nuclide("Hf-177", f64::INFINITY, None),
    ])
    .expect("a table without contradictions")
}

const RATES: [f64; 6] = [2.4, 0.1, 2.76, 2.76, 0.06, 0.02];

/// Plasma and `organs` organs: exchange, binding to one receptor pool, internalisation, release.
/// 2 + 7·organs states.
fn receptor_model(organs: usize) -> Model {
    let units = UnitSystem::new(&unit("h"), &unit("nmol"), &unit("L")).expect("base units");
    let names = [
        ("CL", "L/h"),
        ("PS", "L/h"),
        ("kon", "L/nmol/h"),
        ("koff", "1/h"),
        ("k_int", "1/h"),
        ("k_rel", "1/h"),
    ];
    let parameters = names
        .iter()
        .zip(RATES)
        .map(|(&(name, text), value)| Parameter {
            name: name.to_owned(),
            dimension: unit(text).dimension(),
            unit: unit(text),
            value: ParameterValue::Number(value),
            fixed: false,
            bounds: (None, None),
            iiv: None,
            iov: None,
            effects: Vec::new(),
            source: None,
            about: None,
        })
        .collect();
    let compartment = |name: String, volume: f64| Compartment {
        name,
        volume: Expr::Number(volume),
        text: String::new(),
        source: None,
    };
    let species = |name: &str, label: Option<usize>| Species {
        name: name.to_owned(),
        label,
        nuclide: None,
        decayed: None,
        molar_mass: None,
        about: None,
    };
    let mut model = Model {
        id: "bench".to_owned(),
        title: "bench".to_owned(),
        reference: None,
        about: None,
        units,
        labels: vec![LabelGroup {
            name: "label".to_owned(),
            on: vec![0, 2, 3],
            decayed: Fate { cold: true, products: Vec::new() },
        }],
        covariates: Vec::new(),
        parameters,
        compartments: vec![compartment("plasma".to_owned(), 3.0)],
        species: vec![
            species("L", Some(0)),
            species("R", None),
            species("LR", Some(0)),
            species("Li", Some(0)),
        ],
        pools: vec![Pool { species: 0, place: 0, initial: None, lag: 0.0 }],
        quantities: Vec::new(),
        defines: Vec::new(),
        processes: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        correlations: Vec::new(),
        parameter_order: Vec::new(),
        chain: None,
    };
    let parameter = |k| Expr::Symbol(Symbol::Parameter(k));
    let process = |from: &[usize], to: &[usize], k: usize, power: i32, place: usize| {
        let side = |pools: &[usize]| pools.iter().map(|&p| (Participant::Pool(p), 1.0)).collect();
        Process {
            name: "p".to_owned(),
            reactants: side(from),
            products: side(to),
            rate: Rate::MassAction {
                coefficient: parameter(k),
                volume_power: power,
                place: Some(place),
            },
            text: String::new(),
        }
    };
    model.processes.push(process(&[0], &[], 0, 1, 0));
    for organ in 0..organs {
        let place = organ + 1;
        model.compartments.push(compartment(format!("organ{organ}"), 0.02 + 0.01 * organ as f64));
        let first = model.pools.len();
        for kind in 0..4 {
            let initial = (kind == 1).then_some(Expr::Number(5.0));
            model.pools.push(Pool { species: kind, place, initial, lag: 0.0 });
        }
        let (l, r, lr, li) = (first, first + 1, first + 2, first + 3);
        model.processes.extend([
            process(&[0], &[l], 1, 1, 0),
            process(&[l], &[0], 1, 1, place),
            process(&[l, r], &[lr], 2, 1, place),
            process(&[lr], &[l, r], 3, 0, place),
            process(&[lr], &[li, r], 4, 0, place),
            process(&[li], &[0], 5, 0, place),
        ]);
        let activity = |pool| Box::new(Expr::Symbol(Symbol::Activity(pool)));
        model.outputs.push(Output {
            name: format!("A_{organ}"),
            unit: unit("MBq"),
            expr: Expr::Add(Box::new(Expr::Add(activity(l), activity(lr))), activity(li)),
            text: String::new(),
            error: None,
            port: false,
            about: None,
        });
    }
    model
}

fn system(organs: usize) -> System {
    let table = table();
    compile(&receptor_model(organs), &Binding::all(&table, ["Lu-177"])).expect("compiles")
}

#[divan::bench(args = [8, 28])]
fn compile_model(bencher: Bencher<'_, '_>, organs: usize) {
    let (model, table) = (receptor_model(organs), table());
    bencher.bench(|| compile(&model, &Binding::all(&table, ["Lu-177"])).expect("compiles"));
}

#[divan::bench(args = [8, 28])]
fn compile_sensitivities_of_all(bencher: Bencher<'_, '_>, organs: usize) {
    let system = system(organs);
    bencher.bench(|| system.sensitivity(&[0, 1, 2, 3, 4, 5]));
}

#[divan::bench(args = [8, 28])]
fn rhs(bencher: Bencher<'_, '_>, organs: usize) {
    let system = system(organs);
    let mut evaluator = system.evaluator();
    let x = vec![1.0; system.states().len()];
    let mut dx = vec![0.0; x.len()];
    bencher.bench_local(|| {
        evaluator.rhs(0.0, black_box(&x), &[], &mut dx);
        black_box(dx[0])
    });
}

#[divan::bench(args = [8, 28])]
fn rhs_by_hand(bencher: Bencher<'_, '_>, organs: usize) {
    let hand = ByHand::new(organs);
    let x = vec![1.0; 2 + 7 * organs];
    let mut dx = vec![0.0; x.len()];
    bencher.bench_local(|| {
        hand.rhs(black_box(&x), &mut dx);
        black_box(dx[0])
    });
}

#[divan::bench(args = [8, 28])]
fn jacobian(bencher: Bencher<'_, '_>, organs: usize) {
    let system = system(organs);
    let mut evaluator = system.evaluator();
    let x = vec![1.0; system.states().len()];
    let mut values = vec![0.0; system.jacobian_pattern().entries()];
    bencher.bench_local(|| {
        evaluator.jacobian(0.0, black_box(&x), &[], &mut values);
        black_box(values[0])
    });
}

#[divan::bench(args = [8, 28])]
fn outputs(bencher: Bencher<'_, '_>, organs: usize) {
    let system = system(organs);
    let mut evaluator = system.evaluator();
    let x = vec![1.0; system.states().len()];
    let mut y = vec![0.0; system.outputs().len()];
    bencher.bench_local(|| {
        evaluator.outputs(0.0, black_box(&x), &[], &mut y);
        black_box(y[0])
    });
}

#[divan::bench(args = [28])]
fn set_parameters(bencher: Bencher<'_, '_>, organs: usize) {
    let system = system(organs);
    let mut evaluator = system.evaluator();
    let p = system.default_parameters();
    bencher.bench_local(|| evaluator.set_parameters(black_box(&p)));
}

struct ByHand {
    lambda: f64,
    clearance: f64,
    out: f64,
    organs: Vec<(f64, f64)>,
}

impl ByHand {
    fn new(organs: usize) -> Self {
        let [cl, ps, kon, ..] = RATES;
        let volume = |k: usize| 0.02 + 0.01 * k as f64;
        Self {
            lambda: std::f64::consts::LN_2 / 574_068.0 * 3600.0,
            clearance: cl / 3.0,
            out: ps / 3.0,
            organs: (0..organs).map(|k| (ps / volume(k), kon / volume(k))).collect(),
        }
    }

    fn rhs(&self, x: &[f64], dx: &mut [f64]) {
        let [.., koff, k_int, k_rel] = RATES;
        let (cold, hot) = (x[0], x[1]);
        let decay = self.lambda * hot;
        let (mut d_cold, mut d_hot) =
            (decay - self.clearance * cold, -decay - self.clearance * hot);
        let organs = x[2..].chunks_exact(7).zip(dx[2..].chunks_exact_mut(7));
        for ((x, dx), (back, bind)) in organs.zip(&self.organs) {
            let &[l_c, l_h, r, lr_c, lr_h, li_c, li_h] = x else { continue };
            let (in_c, in_h) = (self.out * cold, self.out * hot);
            let (out_c, out_h) = (back * l_c, back * l_h);
            let (on_c, on_h) = (bind * r * l_c, bind * r * l_h);
            let (off_c, off_h) = (koff * lr_c, koff * lr_h);
            let (int_c, int_h) = (k_int * lr_c, k_int * lr_h);
            let (rel_c, rel_h) = (k_rel * li_c, k_rel * li_h);
            d_cold += out_c - in_c + rel_c;
            d_hot += out_h - in_h + rel_h;
            let (d_l, d_lr, d_li) = (self.lambda * l_h, self.lambda * lr_h, self.lambda * li_h);
            dx[0] = in_c - out_c - on_c + off_c + d_l;
            dx[1] = in_h - out_h - on_h + off_h - d_l;
            dx[2] = off_c + off_h + int_c + int_h - on_c - on_h;
            dx[3] = on_c - off_c - int_c + d_lr;
            dx[4] = on_h - off_h - int_h - d_lr;
            dx[5] = int_c - rel_c + d_li;
            dx[6] = int_h - rel_h - d_li;
        }
        (dx[0], dx[1]) = (d_cold, d_hot);
    }
}
