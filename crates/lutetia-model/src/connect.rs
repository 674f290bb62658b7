//! Several models through their ports into one.

mod order;

use std::collections::BTreeMap;

use lutetia_diagnostic::{Diagnostic, Span, closest, has_errors};
use lutetia_units::{Dimension, Quantity, Unit};

use crate::{
    expr::{Expr, Symbol},
    model::{
        ALIAS_SEPARATOR, Adult, Chain, Define, DoseFactor, DoseNumber, Fate, Model, Parameter,
        ParameterValue, Participant, Rate, Status,
    },
};

pub(crate) use order::order_definitions;

/// An output of one part drives an input of another (or of itself).
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// `pk.A_tumour`: alias and output port or observable.
    pub from: String,
    /// `tumour.dose_rate`: alias and input.
    pub to: String,
    /// How the input follows from the output.
    pub by: Link,
    /// Where it is written, for messages.
    pub place: Option<Span>,
}

/// How an input follows from an output.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// They are the same.
    Same,
    /// The input is the output times this, where the dimensions differ (`2.3 mGy/(MBq s)`).
    Times(Quantity),
    /// The input is the dose rate of the activity in a mass: `Ḋ = A Δ / m`, with Δ (Gy g/(MBq h)) the energy that the
    /// nuclide and its daughters deposit in place per decay. Δ becomes a parameter that follows the nuclide.
    DoseRate(Mass),
    /// The same in an organ of a fixed mass: Δ is `S m`, with S the organ's own dose factor at that mass.
    OrganDoseRate {
        /// The organ, such as `kidneys`.
        region: String,
        /// Its mass.
        mass: Quantity,
    },
}

/// The mass in which an activity deposits its energy.
#[derive(Debug, Clone, PartialEq)]
pub enum Mass {
    /// Always the same.
    Fixed(Quantity),
    /// `tumour.mass`: an output of a part.
    Output(String),
}

impl Connection {
    /// The output is the input.
    #[must_use]
    pub fn new(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { from: from.into(), to: to.into(), by: Link::Same, place: None }
    }

    /// The input is the output times a quantity.
    #[must_use]
    pub fn times(self, scale: Quantity) -> Self {
        Self { by: Link::Times(scale), ..self }
    }

    /// Where it is written.
    #[must_use]
    pub fn at(self, place: Span) -> Self {
        Self { place: Some(place), ..self }
    }
}

/// Unit of the energy that a nuclide deposits in place per decay.
const DEPOSITED: &str = "Gy g/(MBq h)";

/// What drives an input, resolved.
#[derive(Debug, Clone)]
struct Driver {
    from: Port,
    by: Factor,
    /// The organ of the dose factor, with its mass in g.
    organ: Option<(String, f64)>,
}

/// What an output is multiplied by, internal.
#[derive(Debug, Clone, Copy)]
enum Factor {
    One,
    Number(f64),
    /// Δ over a mass.
    PerMass(f64),
    /// Δ over an output.
    PerOutput(Port),
}

/// Joins models into one: every name is prefixed by the alias of its part (`pk:L.plasma`), every
/// connected input becomes a definition with the meaning of the output that drives it, so that
/// feedback in both directions is one ODE system.
///
/// All parts must have the same internal units; check them with the units of the first.
///
/// Diagnostics: LUT2601 the same alias twice, no part, or an alias that is not a name; LUT2602 parts
/// of different internal units; LUT2603 a port that is not written `alias.port` or an unknown
/// alias; LUT2604 an unknown port; LUT2605 units that differ across a port; LUT2606 an input
/// connected twice; LUT2607 an algebraic loop.
#[must_use]
pub fn connect(
    parts: &[(String, Model)],
    connections: &[Connection],
) -> (Option<Model>, Vec<Diagnostic>) {
    let mut diagnostics = check_parts(parts);
    let mut driven: BTreeMap<Port, Driver> = BTreeMap::new();
    for connection in connections {
        let found = match resolve(parts, connection) {
            Ok((to, driver)) if driven.insert(to, driver.clone()).is_some() => Err(Box::new(
                Diagnostic::error(
                    "LUT2606",
                    format!("input `{}` is connected twice", connection.to),
                )
                .hint(format!(
                    "remove the connection from `{}` or add the outputs up in a model",
                    connection.from
                )),
            )),
            Ok(_) => Ok(()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = found {
            diagnostics.push(match connection.place {
                Some(place) => fault.at(place, ""),
                None => *fault,
            });
        }
    }
    if has_errors(&diagnostics) {
        return (None, diagnostics);
    }
    let Some(mut model) = merge(parts, &driven) else { return (None, diagnostics) };
    if let Err(circle) = order_definitions(&mut model) {
        diagnostics.push(
            Diagnostic::error(
                "LUT2607",
                format!("the connections form an algebraic loop: {}", circle.join(" -> ")),
            )
            .hint(
                "let one of them depend on a state (a quantity that changes in time) or remove a \
                 connection",
            ),
        );
        return (None, diagnostics);
    }
    // What is made of a sketch is one.
    model.status = parts.iter().any(|(_, part)| part.is_sketch()).then_some(Status::Sketch);
    (Some(model), diagnostics)
}

fn check_parts(parts: &[(String, Model)]) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let Some((first_alias, first)) = parts.first() else {
        return vec![
            Diagnostic::error("LUT2601", "there is no model to connect")
                .hint("name at least one part"),
        ];
    };
    for (k, (alias, model)) in parts.iter().enumerate() {
        let plain = alias.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain || !alias.starts_with(|c: char| c.is_ascii_alphabetic()) {
            diagnostics.push(
                Diagnostic::error("LUT2601", format!("`{alias}` cannot name a part"))
                    .hint("use a letter, then letters, digits and underscores"),
            );
        }
        if parts[..k].iter().any(|(other, _)| other == alias) {
            diagnostics.push(
                Diagnostic::error("LUT2601", format!("two parts are named `{alias}`"))
                    .hint("give each part its own alias"),
            );
        }
        if model.units != first.units {
            diagnostics.push(
                Diagnostic::error(
                    "LUT2602",
                    format!(
                        "parts `{first_alias}` and `{alias}` have different internal units: {} and {}",
                        base_units(first),
                        base_units(model)
                    ),
                )
                .hint(format!("check `{alias}` with the units of `{first_alias}`")),
            );
        }
    }
    diagnostics
}

fn base_units(model: &Model) -> String {
    use lutetia_units::Dimension;
    let unit = |d| model.units.unit_of(d).symbol().to_owned();
    format!("({}, {}, {})", unit(Dimension::TIME), unit(Dimension::AMOUNT), unit(Dimension::VOLUME))
}

type Port = (usize, usize);

fn resolve(
    parts: &[(String, Model)],
    connection: &Connection,
) -> Result<(Port, Driver), Box<Diagnostic>> {
    let from = output(parts, &connection.from)?;
    let (to_part, to_name) = split(parts, &connection.to)?;
    let target = &parts[to_part].1;
    let inputs = || target.inputs.iter().map(|i| i.name.as_str());
    let input = inputs()
        .position(|name| name == to_name)
        .ok_or_else(|| unknown_port("input", to_name, &parts[to_part].0, inputs().collect()))?;
    let from_unit = &parts[from.0].1.outputs[from.1].unit;
    let to_unit = &target.inputs[input].unit;
    let by = match &connection.by {
        Link::Same => {
            fits(connection, from_unit, None, to_unit, target)?;
            Factor::One
        }
        Link::Times(scale) => {
            fits(connection, from_unit, Some(scale), to_unit, target)?;
            Factor::Number(target.units.to_internal(scale))
        }
        Link::DoseRate(mass) => dose_rate(parts, connection, mass, (from_unit, to_unit))?,
        Link::OrganDoseRate { mass, .. } => {
            let mass = Mass::Fixed(mass.clone());
            dose_rate(parts, connection, &mass, (from_unit, to_unit))?
        }
    };
    let organ = match &connection.by {
        Link::OrganDoseRate { region, mass } => {
            Unit::parse("g").and_then(|g| mass.to(&g)).ok().map(|g| (region.clone(), g))
        }
        _ => None,
    };
    Ok(((to_part, input), Driver { from, by, organ }))
}

/// Whether an output, times a scale, has the dimension of an input.
fn fits(
    connection: &Connection,
    from_unit: &Unit,
    scale: Option<&Quantity>,
    to_unit: &Unit,
    target: &Model,
) -> Result<(), Box<Diagnostic>> {
    let scaled =
        scale.map_or(from_unit.dimension(), |scale| from_unit.dimension() * scale.dimension());
    if scaled == to_unit.dimension() {
        return Ok(());
    }
    let text = match scale {
        None => format!("`{from_unit}`"),
        Some(scale) => format!("`{from_unit}` times `{scale}`"),
    };
    let missing = to_unit.dimension() / from_unit.dimension();
    // What a chain calls `times` is the `scale` of an experiment.
    let word = if connection.place.is_some() { "times" } else { "scale" };
    Err(Box::new(
        Diagnostic::error(
            "LUT2605",
            format!(
                "`{}` gives {text} ({scaled}); `{}` expects `{to_unit}` ({})",
                connection.from,
                connection.to,
                to_unit.dimension()
            ),
        )
        .hint(format!(
            "give the connection a `{word}` in `{}` ({missing})",
            target.units.unit_of(missing)
        )),
    ))
}

/// The factor of a dose rate: an activity, into a dose rate, in a mass.
fn dose_rate(
    parts: &[(String, Model)],
    connection: &Connection,
    mass: &Mass,
    (from_unit, to_unit): (&Unit, &Unit),
) -> Result<Factor, Box<Diagnostic>> {
    let wrong = |name: &str, found: &Unit, expected: &str| {
        Box::new(
            Diagnostic::error(
                "LUT2605",
                format!("`{name}` is in `{found}` ({}); expected {expected}", found.dimension()),
            )
            .hint("`dose_rate_of` takes an activity and a `mass`, and drives a dose rate"),
        )
    };
    if from_unit.dimension() != Dimension::ACTIVITY {
        return Err(wrong(&connection.from, from_unit, "an activity, such as MBq"));
    }
    if to_unit.dimension() != Dimension::DOSE_RATE {
        return Err(wrong(&connection.to, to_unit, "a dose rate, such as Gy/h"));
    }
    match mass {
        Mass::Fixed(mass) if mass.dimension() != Dimension::MASS => {
            Err(wrong(&mass.to_string(), mass.unit(), "a mass, such as g"))
        }
        // All parts have the same internal units.
        Mass::Fixed(mass) => Ok(Factor::PerMass(parts[0].1.units.to_internal(mass))),
        Mass::Output(name) => {
            let port = output(parts, name)?;
            let unit = &parts[port.0].1.outputs[port.1].unit;
            if unit.dimension() == Dimension::MASS {
                Ok(Factor::PerOutput(port))
            } else {
                Err(wrong(name, unit, "a mass, such as g"))
            }
        }
    }
}

/// The output that a port names.
fn output(parts: &[(String, Model)], port: &str) -> Result<Port, Box<Diagnostic>> {
    let (part, name) = split(parts, port)?;
    let outputs = || parts[part].1.outputs.iter().map(|o| o.name.as_str());
    let place = outputs().position(|o| o == name);
    let place =
        place.ok_or_else(|| unknown_port("output", name, &parts[part].0, outputs().collect()))?;
    Ok((part, place))
}

fn split<'a>(
    parts: &[(String, Model)],
    port: &'a str,
) -> Result<(usize, &'a str), Box<Diagnostic>> {
    let aliases = || parts.iter().map(|p| p.0.as_str());
    let Some((alias, name)) = port.split_once('.') else {
        return Err(Box::new(
            Diagnostic::error("LUT2603", format!("`{port}` is not a port"))
                .hint("write `alias.port`, such as `pk.A_tumour`"),
        ));
    };
    aliases().position(|a| a == alias).map(|part| (part, name)).ok_or_else(|| {
        let near = closest(alias, aliases()).map(|near| format!("did you mean `{near}`?"));
        let known = crate::system::labels::list(aliases());
        Box::new(
            Diagnostic::error("LUT2603", format!("no part is named `{alias}` (in `{port}`)"))
                .hint(format!("parts are {known}"))
                .maybe_hint(near),
        )
    })
}

fn unknown_port(kind: &str, name: &str, alias: &str, known: Vec<&str>) -> Box<Diagnostic> {
    let near = closest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    let all = if known.is_empty() {
        format!("`{alias}` has no {kind}s")
    } else {
        format!("{kind}s of `{alias}` are {}", crate::system::labels::list(known))
    };
    Box::new(
        Diagnostic::error("LUT2604", format!("`{alias}` has no {kind} `{name}`"))
            .hint(all)
            .maybe_hint(near),
    )
}

/// Where the tables of one part begin in the joined model.
#[derive(Clone, Default)]
struct Offsets {
    labels: usize,
    covariates: usize,
    parameters: usize,
    compartments: usize,
    species: usize,
    pools: usize,
    quantities: usize,
    defines: usize,
    /// What each input of the part became.
    inputs: Vec<Symbol>,
}

impl Offsets {
    fn symbol(&self, symbol: Symbol) -> Symbol {
        match symbol {
            Symbol::Time => Symbol::Time,
            Symbol::Parameter(i) => Symbol::Parameter(i + self.parameters),
            Symbol::Covariate(i) => Symbol::Covariate(i + self.covariates),
            Symbol::CovariateLevel(i, level) => Symbol::CovariateLevel(i + self.covariates, level),
            Symbol::Define(i) => Symbol::Define(i + self.defines),
            Symbol::Input(i) => self.inputs[i],
            Symbol::Quantity(i) => Symbol::Quantity(i + self.quantities),
            Symbol::Amount(i, form) => Symbol::Amount(i + self.pools, form),
            Symbol::Volume(i) => Symbol::Volume(i + self.compartments),
            Symbol::Activity(i) => Symbol::Activity(i + self.pools),
        }
    }

    fn expr(&self, expr: &Expr) -> Expr {
        let boxed = |e: &Expr| Box::new(self.expr(e));
        match expr {
            Expr::Number(x) => Expr::Number(*x),
            Expr::Symbol(s) => Expr::Symbol(self.symbol(*s)),
            Expr::Neg(a) => Expr::Neg(boxed(a)),
            Expr::Add(a, b) => Expr::Add(boxed(a), boxed(b)),
            Expr::Sub(a, b) => Expr::Sub(boxed(a), boxed(b)),
            Expr::Mul(a, b) => Expr::Mul(boxed(a), boxed(b)),
            Expr::Div(a, b) => Expr::Div(boxed(a), boxed(b)),
            Expr::Pow(a, b) => Expr::Pow(boxed(a), boxed(b)),
            Expr::Call(f, arguments) => {
                Expr::Call(*f, arguments.iter().map(|a| self.expr(a)).collect())
            }
        }
    }

    fn participant(&self, participant: Participant) -> Participant {
        match participant {
            Participant::Pool(p) => Participant::Pool(p + self.pools),
            Participant::Quantity(q) => Participant::Quantity(q + self.quantities),
        }
    }

    fn fate(&self, fate: &Fate) -> Fate {
        Fate { cold: fate.cold, products: fate.products.iter().map(|p| p + self.species).collect() }
    }
}

fn merge(parts: &[(String, Model)], driven: &BTreeMap<Port, Driver>) -> Option<Model> {
    let (_, first) = parts.first()?;
    let ids: Vec<&str> = parts.iter().map(|(_, m)| m.id.as_str()).collect();
    let titles: Vec<&str> = parts.iter().map(|(_, m)| m.title.as_str()).collect();
    let mut joined = Model::empty(ids.join("+"), titles.join("; "), first.units.clone());
    let offsets = offsets(parts, driven, &mut joined);
    for ((alias, part), at) in parts.iter().zip(&offsets) {
        append(&mut joined, alias, part, at);
    }
    // Connected inputs come after all definitions of the parts, in the order of `offsets`.
    for (&(to_part, input), driver) in driven {
        let organ = driver.organ.clone();
        let (alias, target) = &parts[to_part];
        let input = &target.inputs[input];
        let port = |(part, output): Port| {
            let output = &parts[part].1.outputs[output];
            (offsets[part].expr(&output.expr), format!("{}.{}", parts[part].0, output.name))
        };
        let (value, text) = port(driver.from);
        let name = prefixed(alias, &input.name);
        let times = |value, factor| Expr::Mul(Box::new(value), Box::new(factor));
        let over = |value, mass| Expr::Div(Box::new(value), Box::new(mass));
        let expr = match driver.by {
            Factor::One => value,
            Factor::Number(scale) if (scale - 1.0).abs() <= 0.0 => value,
            Factor::Number(scale) => times(value, Expr::Number(scale)),
            Factor::PerMass(mass) => {
                over(times(value, deposited(&mut joined, &name, organ)?), Expr::Number(mass))
            }
            Factor::PerOutput(mass) => {
                over(times(value, deposited(&mut joined, &name, organ)?), port(mass).0)
            }
        };
        joined.defines.push(Define { name, dimension: input.unit.dimension(), expr, text });
    }
    Some(joined)
}

/// A new parameter: what the nuclide deposits in place per decay, unknown until there is a nuclide.
fn deposited(joined: &mut Model, input: &str, organ: Option<(String, f64)>) -> Option<Expr> {
    let unit = Unit::parse(DEPOSITED).ok()?;
    joined.parameters.push(Parameter {
        name: format!("{input}~Delta"),
        dimension: unit.dimension(),
        unit,
        value: ParameterValue::Number(f64::NAN),
        fixed: true,
        bounds: (None, None),
        iiv: None,
        iov: None,
        uncertainty: None,
        effects: Vec::new(),
        source: Some("of the nuclide with its daughters".to_owned()),
        about: Some(match &organ {
            Some((region, _)) => format!("absorbed in the {region} per decay in them"),
            None => "alphas and electrons absorbed in place, per decay".to_owned(),
        }),
        evidence: None,
        of_nuclide: None,
        daughter: None,
    });
    let index = joined.parameters.len() - 1;
    joined.parameter_order.push(index);
    let (region, mass_g) = organ.unzip();
    let made = DoseFactor { parameter: index, region, mass_g, adult: Adult::default() };
    joined.chain.get_or_insert_with(Chain::default).dose_factors.push(made);
    Some(Expr::Symbol(Symbol::Parameter(index)))
}

fn offsets(
    parts: &[(String, Model)],
    driven: &BTreeMap<Port, Driver>,
    joined: &mut Model,
) -> Vec<Offsets> {
    let mut next = Offsets::default();
    let mut connected: usize = parts.iter().map(|(_, m)| m.defines.len()).sum();
    let mut all = Vec::with_capacity(parts.len());
    for (k, (alias, part)) in parts.iter().enumerate() {
        let mut here = next.clone();
        for (i, input) in part.inputs.iter().enumerate() {
            here.inputs.push(if driven.contains_key(&(k, i)) {
                connected += 1;
                Symbol::Define(connected - 1)
            } else {
                let mut open = input.clone();
                open.name = prefixed(alias, &input.name);
                joined.inputs.push(open);
                Symbol::Input(joined.inputs.len() - 1)
            });
        }
        next.labels += part.labels.len();
        next.covariates += part.covariates.len();
        next.parameters += part.parameters.len();
        next.compartments += part.compartments.len();
        next.species += part.species.len();
        next.pools += part.pools.len();
        next.quantities += part.quantities.len();
        next.defines += part.defines.len();
        all.push(here);
    }
    all
}

fn prefixed(alias: &str, name: &str) -> String {
    format!("{alias}{ALIAS_SEPARATOR}{name}")
}

fn append(joined: &mut Model, alias: &str, part: &Model, at: &Offsets) {
    // Organs of several tables are not one choice: those of the first part that has some.
    if joined.organs.names.is_empty() {
        joined.organs = part.organs.clone();
    }
    let named = |name: &str| prefixed(alias, name);
    for group in &part.labels {
        let mut group = group.clone();
        group.name = named(&group.name);
        group.on.iter_mut().for_each(|s| *s += at.species);
        group.decayed = at.fate(&group.decayed);
        joined.labels.push(group);
    }
    for covariate in &part.covariates {
        let mut covariate = covariate.clone();
        covariate.name = named(&covariate.name);
        joined.covariates.push(covariate);
    }
    for parameter in &part.parameters {
        let mut parameter = parameter.clone();
        parameter.name = named(&parameter.name);
        if let ParameterValue::Formula { expr, .. } = &mut parameter.value {
            *expr = at.expr(expr);
        }
        for effect in &mut parameter.effects {
            effect.covariate += at.covariates;
            effect.coefficient += at.parameters;
        }
        joined.parameters.push(parameter);
    }
    joined.parameter_order.extend(part.parameter_order.iter().map(|p| p + at.parameters));
    for compartment in &part.compartments {
        let mut compartment = compartment.clone();
        compartment.name = named(&compartment.name);
        compartment.volume = at.expr(&compartment.volume);
        joined.compartments.push(compartment);
    }
    for species in &part.species {
        let mut species = species.clone();
        species.name = named(&species.name);
        species.label = species.label.map(|l| l + at.labels);
        species.decayed = species.decayed.map(|fate| at.fate(&fate));
        joined.species.push(species);
    }
    for pool in &part.pools {
        let mut pool = pool.clone();
        pool.species += at.species;
        pool.place += at.compartments;
        pool.initial = pool.initial.map(|e| at.expr(&e));
        for number in DoseNumber::ALL {
            if let Some(formula) = pool.dosing.of_mut(number) {
                formula.value = at.expr(&formula.value);
            }
        }
        joined.pools.push(pool);
    }
    for quantity in &part.quantities {
        let mut quantity = quantity.clone();
        quantity.name = named(&quantity.name);
        quantity.initial = at.expr(&quantity.initial);
        joined.quantities.push(quantity);
    }
    for delay in &part.delays {
        let mut delay = delay.clone();
        delay.name = named(&delay.name);
        delay.of = at.expr(&delay.of);
        delay.mean = at.expr(&delay.mean);
        delay.first += at.quantities;
        joined.delays.push(delay);
    }
    for define in &part.defines {
        let mut define = define.clone();
        define.name = named(&define.name);
        define.expr = at.expr(&define.expr);
        joined.defines.push(define);
    }
    let moved = |side: &mut Vec<(Participant, f64)>| {
        for (participant, _) in side {
            *participant = at.participant(*participant);
        }
    };
    for process in &part.processes {
        let mut process = process.clone();
        process.name = named(&process.name);
        moved(&mut process.reactants);
        moved(&mut process.products);
        match &mut process.rate {
            Rate::MassAction { coefficient, place, .. } => {
                *coefficient = at.expr(coefficient);
                *place = place.map(|p| p + at.compartments);
            }
            Rate::Explicit(flux) => *flux = at.expr(flux),
        }
        joined.processes.push(process);
    }
    for event in &part.events {
        let mut event = event.clone();
        event.name = named(&event.name);
        event.for_each_expr(&mut |e| *e = at.expr(e));
        for action in &mut event.actions {
            action.target = at.participant(action.target);
        }
        joined.events.push(event);
    }
    append_read(joined, &named, part, at);
    for correlation in &part.correlations {
        let mut correlation = *correlation;
        correlation.first += at.parameters;
        correlation.second += at.parameters;
        joined.correlations.push(correlation);
    }
}

/// What is read of a part: its outputs, and the quantities that follow from its parameters.
fn append_read(joined: &mut Model, named: &impl Fn(&str) -> String, part: &Model, at: &Offsets) {
    for output in &part.outputs {
        let mut output = output.clone();
        output.name = named(&output.name);
        output.expr = at.expr(&output.expr);
        joined.outputs.push(output);
    }
    for derived in &part.derived {
        let mut derived = derived.clone();
        derived.name = named(&derived.name);
        derived.expr = at.expr(&derived.expr);
        joined.derived.push(derived);
    }
}
