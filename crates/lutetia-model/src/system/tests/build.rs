//! Models built by hand, in internal units throughout.

use std::ops::{Add, Div, Mul, Sub};

use lutetia_units::{Dimension, Unit, UnitSystem};

use crate::{
    expr::{Expr, Form, Function, Symbol},
    model::*,
};

impl Add for Expr {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::Add(Box::new(self), Box::new(other))
    }
}
impl Sub for Expr {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::Sub(Box::new(self), Box::new(other))
    }
}
impl Mul for Expr {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::Mul(Box::new(self), Box::new(other))
    }
}
impl Div for Expr {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self::Div(Box::new(self), Box::new(other))
    }
}

pub(crate) fn num(x: f64) -> Expr {
    Expr::Number(x)
}
pub(crate) fn amount(pool: usize) -> Expr {
    Expr::Symbol(Symbol::Amount(pool, Form::Total))
}
pub(crate) fn activity(pool: usize) -> Expr {
    Expr::Symbol(Symbol::Activity(pool))
}
pub(crate) fn volume(place: usize) -> Expr {
    Expr::Symbol(Symbol::Volume(place))
}
pub(crate) fn quantity(index: usize) -> Expr {
    Expr::Symbol(Symbol::Quantity(index))
}
pub(crate) fn call(function: Function, arguments: impl Into<Vec<Expr>>) -> Expr {
    Expr::Call(function, arguments.into())
}
pub(crate) fn unit(text: &str) -> Unit {
    Unit::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// A model under construction; hours, nanomoles, litres.
pub(crate) struct Build(pub(crate) Model);

impl Build {
    pub(crate) fn new(id: &str) -> Self {
        let units = UnitSystem::new(&unit("h"), &unit("nmol"), &unit("L"))
            .unwrap_or_else(|e| panic!("{e}"));
        Self(Model {
            id: id.to_owned(),
            title: id.to_owned(),
            reference: None,
            about: None,
            units,
            labels: Vec::new(),
            covariates: Vec::new(),
            parameters: Vec::new(),
            compartments: Vec::new(),
            species: Vec::new(),
            pools: Vec::new(),
            quantities: Vec::new(),
            defines: Vec::new(),
            processes: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            correlations: Vec::new(),
            parameter_order: Vec::new(),
            chain: None,
        })
    }

    fn add_parameter(&mut self, name: &str, unit_text: &str, value: ParameterValue) -> Expr {
        let unit = unit(unit_text);
        self.0.parameters.push(Parameter {
            name: name.to_owned(),
            dimension: unit.dimension(),
            unit,
            value,
            fixed: false,
            bounds: (None, None),
            iiv: None,
            iov: None,
            effects: Vec::new(),
            source: None,
            about: None,
        });
        Expr::Symbol(Symbol::Parameter(self.0.parameters.len() - 1))
    }

    pub(crate) fn parameter(&mut self, name: &str, value: f64, unit: &str) -> Expr {
        self.add_parameter(name, unit, ParameterValue::Number(value))
    }

    pub(crate) fn formula(&mut self, name: &str, expr: Expr, unit: &str) -> Expr {
        self.0.parameter_order.push(self.0.parameters.len());
        let text = format!("{name} formula");
        self.add_parameter(name, unit, ParameterValue::Formula { expr, text })
    }

    pub(crate) fn compartment(&mut self, name: &str, volume: Expr) -> usize {
        self.0.compartments.push(Compartment {
            name: name.to_owned(),
            volume,
            text: String::new(),
            source: None,
        });
        self.0.compartments.len() - 1
    }

    /// An unlabelled species.
    pub(crate) fn species(&mut self, name: &str) -> usize {
        self.0.species.push(Species {
            name: name.to_owned(),
            label: None,
            nuclide: None,
            decayed: None,
            molar_mass: None,
            about: None,
        });
        self.0.species.len() - 1
    }

    /// A label group on the species given; decayed molecules stay as cold ones if `cold`.
    pub(crate) fn label(&mut self, name: &str, on: &[usize], cold: bool, products: &[usize]) {
        for &species in on {
            self.0.species[species].label = Some(self.0.labels.len());
        }
        self.0.labels.push(LabelGroup {
            name: name.to_owned(),
            on: on.to_vec(),
            decayed: Fate { cold, products: products.to_vec() },
        });
    }

    pub(crate) fn pool(&mut self, species: usize, place: usize, initial: Option<Expr>) -> usize {
        self.0.pools.push(Pool { species, place, initial, lag: 0.0 });
        self.0.pools.len() - 1
    }

    pub(crate) fn state(&mut self, name: &str, unit_text: &str, initial: Expr) -> usize {
        self.0.quantities.push(QuantityState {
            name: name.to_owned(),
            unit: unit(unit_text),
            initial,
            about: None,
        });
        self.0.quantities.len() - 1
    }

    fn process(&mut self, name: &str, from: &[usize], to: &[usize], rate: Rate) {
        let side = |pools: &[usize]| pools.iter().map(|&p| (Participant::Pool(p), 1.0)).collect();
        self.0.processes.push(Process {
            name: name.to_owned(),
            reactants: side(from),
            products: side(to),
            rate,
            text: format!("{name} rate"),
        });
    }

    /// Mass action with the amounts divided by the volume of the place to the power given.
    pub(crate) fn mass_action(
        &mut self,
        name: &str,
        from: &[usize],
        to: &[usize],
        coefficient: Expr,
        volume_power: i32,
    ) {
        let place = from.first().map(|&p| self.0.pools[p].place);
        self.process(name, from, to, Rate::MassAction { coefficient, volume_power, place });
    }

    pub(crate) fn flux(&mut self, name: &str, from: &[usize], to: &[usize], flux: Expr) {
        self.process(name, from, to, Rate::Explicit(flux));
    }

    /// A flux into (positive) or out of a quantity.
    pub(crate) fn quantity_flux(&mut self, name: &str, quantity: usize, out: bool, flux: Expr) {
        let side = vec![(Participant::Quantity(quantity), 1.0)];
        let (reactants, products) = if out { (side, Vec::new()) } else { (Vec::new(), side) };
        self.0.processes.push(Process {
            name: name.to_owned(),
            reactants,
            products,
            rate: Rate::Explicit(flux),
            text: format!("{name} flux"),
        });
    }

    pub(crate) fn input(&mut self, name: &str, unit_text: &str, default: Option<f64>) -> Expr {
        self.0.inputs.push(Input {
            name: name.to_owned(),
            unit: unit(unit_text),
            default,
            about: None,
        });
        Expr::Symbol(Symbol::Input(self.0.inputs.len() - 1))
    }

    pub(crate) fn define(&mut self, name: &str, dimension: Dimension, expr: Expr) -> Expr {
        let text = format!("{name} text");
        self.0.defines.push(Define { name: name.to_owned(), dimension, expr, text });
        Expr::Symbol(Symbol::Define(self.0.defines.len() - 1))
    }

    pub(crate) fn output(&mut self, name: &str, unit_text: &str, expr: Expr) {
        self.0.outputs.push(Output {
            name: name.to_owned(),
            unit: unit(unit_text),
            expr,
            text: format!("{name} text"),
            error: None,
            port: true,
            about: None,
        });
    }
}

/// The receptor model of the design: ligand in plasma and tumour, one receptor pool,
/// internalisation; labelled unless `label` is false. Pools: 0 L.plasma, 1 L.tumour, 2 R.tumour,
/// 3 LR.tumour, 4 Li.tumour.
pub(crate) fn receptor(label: bool) -> Build {
    let mut b = Build::new("psma-minimal");
    let v_plasma = b.parameter("V_plasma", 3.0, "L");
    let v_tumour = b.parameter("V_tumour", 0.02, "L");
    let cl = b.parameter("CL", 2.4, "L/h");
    let ps = b.parameter("PS", 0.1, "L/h");
    let kon = b.parameter("kon", 2.76, "L/nmol/h");
    let kd = b.parameter("KD", 1.0, "nmol/L");
    let koff = b.formula("koff", kon.clone() * kd, "1/h");
    let k_int = b.parameter("k_int", 0.06, "1/h");
    let conc = b.parameter("R_conc", 50.0, "nmol/L");
    let plasma = b.compartment("plasma", v_plasma);
    let tumour = b.compartment("tumour", v_tumour);
    let (l, r, lr, li) = (b.species("L"), b.species("R"), b.species("LR"), b.species("Li"));
    if label {
        b.label("label", &[l, lr, li], true, &[]);
    }
    let l_p = b.pool(l, plasma, None);
    let l_t = b.pool(l, tumour, None);
    let r_t = b.pool(r, tumour, Some(conc * volume(tumour)));
    let lr_t = b.pool(lr, tumour, None);
    let li_t = b.pool(li, tumour, None);
    b.mass_action("excrete", &[l_p], &[], cl, 1);
    b.mass_action("extravasate", &[l_p], &[l_t], ps.clone(), 1);
    b.mass_action("extravasate (back)", &[l_t], &[l_p], ps, 1);
    b.mass_action("bind", &[l_t, r_t], &[lr_t], kon, 1);
    b.mass_action("bind (back)", &[lr_t], &[l_t, r_t], koff, 0);
    b.mass_action("internalise", &[lr_t], &[li_t, r_t], k_int, 0);
    b.output("A_tumour", "MBq", activity(l_t) + activity(lr_t) + activity(li_t));
    b.output("A_plasma", "MBq", activity(l_p));
    b.output("C_plasma", "nmol/L", amount(l_p) / volume(plasma));
    b
}
