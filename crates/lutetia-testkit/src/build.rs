//! Models built by hand, in internal units throughout: h, nmol, L, and MBq for activities.

use lutetia_model::{
    Binding, Compartment, Define, Dosing, Expr, Fate, Form, Function, Input, LabelGroup, Model,
    NoFiles, Output, Parameter, ParameterValue, Participant, Pool, Process, QuantityState, Rate,
    SourceFile, Species, Symbol, System, check, compile,
};
use lutetia_units::{Dimension, NuclideTable, Unit, UnitSystem};

/// A number.
#[must_use]
pub fn num(x: f64) -> Expr {
    Expr::Number(x)
}
/// The amount in a pool, of all forms together.
#[must_use]
pub fn amount(pool: usize) -> Expr {
    Expr::Symbol(Symbol::Amount(pool, Form::Total))
}
/// The activity in a pool.
#[must_use]
pub fn activity(pool: usize) -> Expr {
    Expr::Symbol(Symbol::Activity(pool))
}
/// The volume of a place.
#[must_use]
pub fn volume(place: usize) -> Expr {
    Expr::Symbol(Symbol::Volume(place))
}
/// The value of a state that is not an amount.
#[must_use]
pub fn quantity(index: usize) -> Expr {
    Expr::Symbol(Symbol::Quantity(index))
}
/// A function of the model language.
#[must_use]
pub fn call(function: Function, arguments: impl Into<Vec<Expr>>) -> Expr {
    Expr::Call(function, arguments.into())
}
/// A unit by its text.
///
/// # Panics
/// When it is not one.
#[must_use]
pub fn unit(text: &str) -> Unit {
    Unit::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The model of a text.
///
/// # Panics
/// When the text has a fault, which is shown as a user reads it.
#[must_use]
pub fn checked(name: &str, text: &str) -> Model {
    let file = SourceFile { name: name.to_owned(), text: text.to_owned() };
    let found = check(&file, &NoFiles);
    found.model.unwrap_or_else(|| {
        panic!("{}", lutetia_diagnostic::render(&found.diagnostics, &found.sources, false))
    })
}

/// A model under construction; hours, nanomoles, litres.
pub struct Build(pub Model);

impl Build {
    /// A model without anything in it.
    ///
    /// # Panics
    /// Never: h, nmol and L make a system of units.
    #[must_use]
    pub fn new(id: &str) -> Self {
        let units = UnitSystem::new(&unit("h"), &unit("nmol"), &unit("L"))
            .unwrap_or_else(|e| panic!("{e}"));
        Self(Model::empty(id.to_owned(), id.to_owned(), units))
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
            uncertainty: None,
            effects: Vec::new(),
            source: None,
            evidence: None,
            of_nuclide: None,
            daughter: None,
            about: None,
        });
        Expr::Symbol(Symbol::Parameter(self.0.parameters.len() - 1))
    }

    /// A parameter with a value in its unit.
    pub fn parameter(&mut self, name: &str, value: f64, unit: &str) -> Expr {
        self.add_parameter(name, unit, ParameterValue::Number(value))
    }

    /// A parameter that is a formula of others.
    pub fn formula(&mut self, name: &str, expr: Expr, unit: &str) -> Expr {
        self.0.parameter_order.push(self.0.parameters.len());
        let text = format!("{name} formula");
        self.add_parameter(name, unit, ParameterValue::Formula { expr, text })
    }

    /// A place; gives its index.
    pub fn compartment(&mut self, name: &str, volume: Expr) -> usize {
        self.0.compartments.push(Compartment {
            name: name.to_owned(),
            volume,
            text: String::new(),
            source: None,
        });
        self.0.compartments.len() - 1
    }

    /// A species that carries no label of its own; gives its index.
    pub fn species(&mut self, name: &str) -> usize {
        self.radioactive(name, None, None)
    }

    /// A species of a nuclide, or with a fate of its own; gives its index.
    pub fn radioactive(&mut self, name: &str, nuclide: Option<&str>, fate: Option<Fate>) -> usize {
        self.0.species.push(Species {
            name: name.to_owned(),
            label: None,
            nuclide: nuclide.map(str::to_owned),
            decayed: fate,
            molar_mass: None,
            about: None,
        });
        self.0.species.len() - 1
    }

    /// A label on the species given, and what a decayed molecule becomes.
    pub fn label(&mut self, on: &[usize], decayed: Fate) {
        for &species in on {
            self.0.species[species].label = Some(self.0.labels.len());
        }
        self.0.labels.push(LabelGroup { name: "label".to_owned(), on: on.to_vec(), decayed });
    }

    /// A species at a place; gives its index.
    pub fn pool(&mut self, species: usize, place: usize, initial: Option<Expr>) -> usize {
        self.0.pools.push(Pool { species, place, initial, dosing: Dosing::default() });
        self.0.pools.len() - 1
    }

    /// A state that is not an amount; gives its index.
    pub fn state(&mut self, name: &str, unit_text: &str, initial: Expr) -> usize {
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
    pub fn mass_action(
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

    /// An explicit flux between pools.
    pub fn flux(&mut self, name: &str, from: &[usize], to: &[usize], flux: Expr) {
        self.process(name, from, to, Rate::Explicit(flux));
    }

    /// A flux into a state.
    pub fn feed(&mut self, name: &str, quantity: usize, flux: Expr) {
        self.explicit(name, Vec::new(), vec![(Participant::Quantity(quantity), 1.0)], flux);
    }

    /// A flux out of a state.
    pub fn drain(&mut self, name: &str, quantity: usize, flux: Expr) {
        self.explicit(name, vec![(Participant::Quantity(quantity), 1.0)], Vec::new(), flux);
    }

    fn explicit(
        &mut self,
        name: &str,
        reactants: Vec<(Participant, f64)>,
        products: Vec<(Participant, f64)>,
        flux: Expr,
    ) {
        self.0.processes.push(Process {
            name: name.to_owned(),
            reactants,
            products,
            rate: Rate::Explicit(flux),
            text: format!("{name} flux"),
        });
    }

    /// A port that takes.
    pub fn input(&mut self, name: &str, unit_text: &str, default: Option<f64>) -> Expr {
        self.0.inputs.push(Input {
            name: name.to_owned(),
            unit: unit(unit_text),
            default,
            about: None,
        });
        Expr::Symbol(Symbol::Input(self.0.inputs.len() - 1))
    }

    /// A named expression.
    pub fn define(&mut self, name: &str, dimension: Dimension, expr: Expr) -> Expr {
        let text = format!("{name} text");
        self.0.defines.push(Define { name: name.to_owned(), dimension, expr, text });
        Expr::Symbol(Symbol::Define(self.0.defines.len() - 1))
    }

    /// A port that gives.
    pub fn output(&mut self, name: &str, unit_text: &str, expr: Expr) {
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

    /// The system with nuclides on its label.
    ///
    /// # Panics
    /// When the model cannot be compiled.
    #[must_use]
    pub fn compiled(&self, table: &NuclideTable, nuclides: &[&str]) -> System {
        let binding = Binding::all(table, nuclides.iter().copied());
        compile(&self.0, &binding).unwrap_or_else(|e| panic!("{e}"))
    }
}

/// What decays goes on as the unlabelled molecule.
#[must_use]
pub fn stays_cold() -> Fate {
    Fate { cold: true, products: Vec::new() }
}

/// The receptor model of the design: ligand in plasma and tumour, one receptor pool,
/// internalisation. Without `excretion` nothing leaves. Pools: 0 L.plasma, 1 L.tumour, 2 R.tumour,
/// 3 LR.tumour, 4 Li.tumour.
#[must_use]
pub fn receptor(labelled: bool, excretion: bool) -> Build {
    let mut b = Build::new("psma-minimal");
    let v_plasma = b.parameter("V_plasma", 3.0, "L");
    let v_tumour = b.parameter("V_tumour", 0.02, "L");
    let cl = excretion.then(|| b.parameter("CL", 2.4, "L/h"));
    let ps = b.parameter("PS", 0.1, "L/h");
    let kon = b.parameter("kon", 2.76, "L/nmol/h");
    let kd = b.parameter("KD", 1.0, "nmol/L");
    let koff = b.formula("koff", kon.clone() * kd, "1/h");
    let k_int = b.parameter("k_int", 0.06, "1/h");
    let conc = b.parameter("R_conc", 50.0, "nmol/L");
    let plasma = b.compartment("plasma", v_plasma);
    let tumour = b.compartment("tumour", v_tumour);
    let (l, r, lr, li) = (b.species("L"), b.species("R"), b.species("LR"), b.species("Li"));
    if labelled {
        b.label(&[l, lr, li], stays_cold());
    }
    let l_p = b.pool(l, plasma, None);
    let l_t = b.pool(l, tumour, None);
    let r_t = b.pool(r, tumour, Some(conc * volume(tumour)));
    let lr_t = b.pool(lr, tumour, None);
    let li_t = b.pool(li, tumour, None);
    if let Some(cl) = cl {
        b.mass_action("excrete", &[l_p], &[], cl, 1);
    }
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
