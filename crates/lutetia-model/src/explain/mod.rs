//! The document a physicist signs: expanded equations, states, conservation laws, parameters with
//! their sources.

mod diagram;
mod fold;
mod laws;
mod print;
mod render;

use lutetia_units::{Dimension, Unit, significant};
use serde::Serialize;

use crate::{
    expr::{Expr, Form, Symbol},
    flows::{FlowBalance, flow_balance},
    model::{
        Action, Chain, Delay, Distribution, DoseNumber, EffectForm, Event, Evidence, Model,
        Parameter, ParameterValue, Participant, Process, Rate, Status, Trigger, Variability,
        listed_once,
    },
    system::{internal_factor, labels::fate, pool_name},
    values::Values,
};
use print::{Printer, Style, number};

pub use diagram::diagram_svg;
pub use laws::Law;
pub use render::{explain_latex, explain_text};

/// One state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StateRow {
    /// `L.tumour.hot`.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Initial value as an expression.
    pub initial: String,
    /// Description of the species or quantity.
    pub about: Option<String>,
}

/// One term of an equation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// Whether the term is subtracted.
    pub minus: bool,
    /// The process, or `decay`.
    pub process: String,
    /// As text.
    pub text: String,
    /// As LaTeX.
    pub latex: String,
}

/// d(state)/dt = Σ terms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Equation {
    /// Name of the state.
    pub state: String,
    /// The state in LaTeX.
    pub state_latex: String,
    /// Right-hand side; empty for a state that never changes.
    pub terms: Vec<Term>,
}

/// A name and what it stands for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Definition {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Meaning as text.
    pub text: String,
    /// Its value in the unit, at the defaults and typical covariates, where it is a formula that does not vary in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// `name = meaning` as LaTeX.
    pub latex: String,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParameterRow {
    /// Name; without a part where several have it.
    pub name: String,
    /// The parts that have it alike, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Number in the declared unit, or a formula.
    pub value: String,
    /// Value of a formula or of a number with covariate effects, in the unit, at the defaults and typical covariates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typical: Option<String>,
    /// Unit.
    pub unit: String,
    /// Variability between individuals.
    pub iiv: Option<String>,
    /// Variability between occasions.
    pub iov: Option<String>,
    /// Standard error of the value as an estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<String>,
    /// Covariate effects.
    pub effects: Vec<String>,
    /// Not estimated.
    pub fixed: bool,
    /// Where the number comes from; `None` is assumed.
    pub source: Option<String>,
    /// What the number rests on, where the file says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The range in which a graded number may lie, in its unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<[String; 2]>,
    /// Description.
    pub about: Option<String>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventRow {
    /// Name.
    pub name: String,
    /// `at interval, every interval, 6 times`, `when L.bladder > full, after hold`.
    pub when: String,
    /// `L.bladder = residual*L.bladder`, line by line.
    pub sets: Vec<String>,
    /// Priority among events of one moment.
    pub priority: f64,
    /// Where it comes from.
    pub source: Option<String>,
    /// Description.
    pub about: Option<String>,
}

/// What becomes of doses into one pool.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DoseRow {
    /// The pool.
    pub into: String,
    /// `lag = tl`, number by number.
    pub numbers: Vec<String>,
}

/// One covariate or input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GivenRow {
    /// Name.
    pub name: String,
    /// Unit, or the levels.
    pub unit: String,
    /// Typical or default value in that unit.
    pub typical: Option<String>,
    /// Description.
    pub about: Option<String>,
}

/// Everything `explain` says about a model; serialises for machines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Reference.
    pub reference: Option<String>,
    /// Description.
    pub about: Option<String>,
    /// How far it is trusted, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// How a chain was put together; nothing for a single model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
    /// Label groups: name, species, fate of a decayed molecule.
    pub labels: Vec<String>,
    /// States in the order of the compiled system; hot forms stand for each nuclide bound.
    pub states: Vec<StateRow>,
    /// Equations in the order of the states.
    pub equations: Vec<Equation>,
    /// Volumes.
    pub volumes: Vec<Definition>,
    /// `[define]` quantities.
    pub definitions: Vec<Definition>,
    /// What happens at moments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventRow>,
    /// What becomes of doses, pool by pool, where the model says anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doses: Vec<DoseRow>,
    /// Delays: what is delayed, by how much, and how sharply.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delays: Vec<Definition>,
    /// Observables and outputs.
    pub outputs: Vec<Definition>,
    /// What follows from the parameters, for fits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub derived: Vec<Definition>,
    /// Conservation laws and balances (hot and cold together).
    pub laws: Vec<Law>,
    /// What flows in and out of each compartment of a circulation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<FlowBalance>,
    /// Parameters.
    pub parameters: Vec<ParameterRow>,
    /// Names of parameters whose value has no source.
    pub assumed: Vec<String>,
    /// Covariates.
    pub covariates: Vec<GivenRow>,
    /// Inputs.
    pub inputs: Vec<GivenRow>,
}

/// Explains a model; no nuclide need be chosen: λ stands for the decay constant of the label.
#[must_use]
pub fn explain(model: &Model) -> Explanation {
    let writers = Writers {
        model,
        values: Values::new(model),
        text: Printer { model, style: Style::Text },
        latex: Printer { model, style: Style::Latex },
    };
    let (states, equations) = writers.states_and_equations();
    let rows = listed_once(&model.parameters);
    let parameters: Vec<ParameterRow> = rows.iter().map(|row| writers.row(row)).collect();
    let is_assumed = |p: &Parameter| {
        let source = p.source.as_deref();
        matches!(p.value, ParameterValue::Number(_))
            && source.is_none_or(|s| s.trim().eq_ignore_ascii_case("assumed"))
    };
    let assumed = rows
        .iter()
        .zip(&parameters)
        .filter(|(row, _)| is_assumed(&model.parameters[row[0]]))
        .map(|(_, row)| row.name.clone())
        .collect();
    let unit = |d| model.units.unit_of(d);
    Explanation {
        id: model.id.clone(),
        title: model.title.clone(),
        reference: model.reference.clone(),
        about: model.about.clone(),
        status: model.status,
        chain: model.chain.clone(),
        labels: writers.labels(),
        states,
        equations,
        volumes: model
            .compartments
            .iter()
            .enumerate()
            .map(|(i, c)| {
                let left = writers.latex.expr(&Expr::Symbol(Symbol::Volume(i)));
                writers.definition(&c.name, &left, &unit(Dimension::VOLUME), &c.volume)
            })
            .collect(),
        definitions: model
            .defines
            .iter()
            .map(|d| {
                let left = writers.latex.name(&d.name);
                writers.definition(&d.name, &left, &unit(d.dimension), &d.expr)
            })
            .collect(),
        events: model.events.iter().map(|e| writers.event(e)).collect(),
        doses: (0..model.pools.len()).filter_map(|pool| writers.doses(pool)).collect(),
        delays: model.delays.iter().map(|d| writers.delay(d)).collect(),
        outputs: model
            .outputs
            .iter()
            .map(|o| {
                let left = writers.latex.name(&o.name);
                writers.definition(&o.name, &left, &o.unit, &o.expr)
            })
            .collect(),
        derived: model
            .derived
            .iter()
            .map(|d| {
                let left = writers.latex.name(&d.name);
                writers.definition(&d.name, &left, &d.unit, &d.expr)
            })
            .collect(),
        laws: laws::laws(model),
        flows: flow_balance(model),
        parameters,
        assumed,
        covariates: model
            .covariates
            .iter()
            .map(|c| GivenRow {
                name: c.name.clone(),
                unit: if c.levels.is_empty() { c.unit.to_string() } else { c.levels.join(" | ") },
                typical: c.typical.map(|value| {
                    let level = c.levels.get(value.max(0.0).round() as usize);
                    level
                        .cloned()
                        .unwrap_or_else(|| number(value / internal_factor(&model.units, &c.unit)))
                }),
                about: c.about.clone(),
            })
            .collect(),
        inputs: model
            .inputs
            .iter()
            .map(|i| GivenRow {
                name: i.name.clone(),
                unit: i.unit.to_string(),
                typical: i
                    .default
                    .map(|value| number(value / internal_factor(&model.units, &i.unit))),
                about: i.about.clone(),
            })
            .collect(),
    }
}

struct Writers<'a> {
    model: &'a Model,
    values: Values<'a>,
    text: Printer<'a>,
    latex: Printer<'a>,
}

impl Writers<'_> {
    fn definition(&self, name: &str, left: &str, unit: &Unit, expr: &Expr) -> Definition {
        let text = self.text.expr(expr);
        let factor = internal_factor(&self.model.units, unit);
        let value = match expr {
            Expr::Number(_) => None,
            _ => self.values.of(expr).map(|x| significant(x / factor, 4)),
        };
        Definition {
            name: name.to_owned(),
            unit: unit.to_string(),
            text,
            value,
            latex: format!("{left} = {}", self.latex.expr(expr)),
        }
    }

    fn doses(&self, pool: usize) -> Option<DoseRow> {
        let said = |number: DoseNumber| {
            let formula = self.model.pools[pool].dosing.of(number)?;
            let value = match formula.value {
                Expr::Number(_) => formula.text.clone(),
                // Inside a chain names carry their part, which the author's text does not.
                _ => self.text.expr(&formula.value),
            };
            Some(format!("{} = {value}", number.key()))
        };
        let numbers: Vec<String> = DoseNumber::ALL.into_iter().filter_map(said).collect();
        (!numbers.is_empty()).then(|| DoseRow { into: pool_name(self.model, pool), numbers })
    }

    fn event(&self, event: &Event) -> EventRow {
        let time = self.model.units.unit_of(lutetia_units::Dimension::TIME);
        // A number is in the internal unit of time; a formula says what it is made of.
        let moment = |expr: &Expr| match expr {
            Expr::Number(_) => format!("{} {time}", self.text.expr(expr)),
            _ => self.text.expr(expr),
        };
        // Inside a chain names carry their part, which the author's text does not.
        let joined = event.name.contains(crate::model::ALIAS_SEPARATOR);
        let set = |action: &Action| {
            let sign = if action.adds { "+=" } else { "=" };
            let target = match action.target {
                Participant::Pool(pool) => pool_name(self.model, pool),
                Participant::Quantity(q) => self.model.quantities[q].name.clone(),
            };
            if joined {
                format!("{target} {sign} {}", self.text.expr(&action.value))
            } else {
                action.text.clone()
            }
        };
        let mut when = match &event.trigger {
            Trigger::When { condition, .. } if joined => {
                format!("when {}", self.text.expr(condition))
            }
            Trigger::When { text, .. } => format!("when {text}"),
            Trigger::Times { at, every, times } => {
                let mut when = format!("at {}", moment(at));
                if let Some(every) = every {
                    when.push_str(&format!(", every {}", moment(every)));
                }
                if let Some(times) = times {
                    when.push_str(&format!(", {times} times"));
                }
                when
            }
        };
        if let Some(delay) = &event.delay {
            when.push_str(&format!(", after {}", moment(delay)));
        }
        EventRow {
            name: event.name.clone(),
            when,
            sets: event.actions.iter().map(set).collect(),
            priority: event.priority,
            source: event.source.clone(),
            about: event.about.clone(),
        }
    }

    /// `delay(x, tau, n)` with what it means.
    fn delay(&self, delay: &Delay) -> Definition {
        let n = delay.states;
        let (of, mean) = (self.text.expr(&delay.of), self.text.expr(&delay.mean));
        let (of_latex, mean_latex) = (self.latex.expr(&delay.of), self.latex.expr(&delay.mean));
        let states =
            if n == 1 { "1 transit state".to_owned() } else { format!("{n} transit states") };
        Definition {
            name: delay.name.clone(),
            unit: self.model.units.unit_of(delay.dimension).symbol().to_owned(),
            text: format!(
                "delay({of}, {mean}, {n}): {states}, empty at the start; mean {mean}, variance ({mean})^2/{n}"
            ),
            latex: format!(
                "{} = \\operatorname{{delay}}\\left({of_latex}, {mean_latex}, {n}\\right)",
                self.latex.name(&delay.name)
            ),
            value: None,
        }
    }

    fn labels(&self) -> Vec<String> {
        let m = self.model;
        let fate_text = |fate: &crate::model::Fate| {
            let mut parts: Vec<&str> = Vec::new();
            if fate.cold {
                parts.push("cold");
            }
            parts.extend(fate.products.iter().map(|&p| m.species[p].name.as_str()));
            if parts.is_empty() { "lost".to_owned() } else { parts.join(" + ") }
        };
        let mut lines = Vec::new();
        for (index, group) in m.labels.iter().enumerate() {
            let on: Vec<&str> = m
                .species
                .iter()
                .filter(|s| s.label == Some(index))
                .map(|s| s.name.as_str())
                .collect();
            lines.push(format!(
                "{} on {}; a decayed molecule becomes: {}",
                group.name,
                on.join(", "),
                fate_text(&group.decayed)
            ));
        }
        for species in &m.species {
            if let Some(nuclide) = &species.nuclide {
                let fate = species.decayed.as_ref().map_or("lost".to_owned(), fate_text);
                lines.push(format!("{} is {nuclide}; it becomes: {fate}", species.name));
            } else if let (Some(_), Some(fate)) = (species.label, &species.decayed) {
                lines.push(format!("decayed {} becomes: {}", species.name, fate_text(fate)));
            }
        }
        lines
    }

    fn states_and_equations(&self) -> (Vec<StateRow>, Vec<Equation>) {
        let m = self.model;
        let (mut states, mut equations) = (Vec::new(), Vec::new());
        let amount = m.units.unit_of(lutetia_units::Dimension::AMOUNT).symbol().to_owned();
        // What decays where, to find what a decay brings to each pool.
        let decays: Vec<(usize, &crate::model::Fate)> = m
            .pools
            .iter()
            .enumerate()
            .filter(|(_, p)| {
                m.species[p.species].label.is_some() || m.species[p.species].nuclide.is_some()
            })
            .filter_map(|(index, p)| fate(m, p.species).map(|f| (index, f)))
            .collect();
        for (index, pool) in m.pools.iter().enumerate() {
            let species = &m.species[pool.species];
            let forms: &[Form] = if species.nuclide.is_none() && species.label.is_some() {
                &[Form::Cold, Form::Hot]
            } else {
                &[Form::Total]
            };
            for &form in forms {
                let name = self.text.amount(index, form);
                let initial = match (&pool.initial, form) {
                    (Some(initial), Form::Cold | Form::Total) => self.text.expr(initial),
                    _ => "0".to_owned(),
                };
                states.push(StateRow {
                    name: name.clone(),
                    unit: amount.clone(),
                    initial,
                    about: species.about.clone(),
                });
                let mut terms = self.process_terms(Participant::Pool(index), form);
                let decays_itself = form == Form::Hot || species.nuclide.is_some();
                if decays_itself {
                    terms.push(self.decay_term(index, true, None));
                }
                for &(parent, fate) in &decays {
                    let same_place = m.pools[parent].place == pool.place;
                    if form == Form::Cold && parent == index && fate.cold {
                        terms.push(self.decay_term(parent, false, None));
                    }
                    if form != Form::Hot && same_place && fate.products.contains(&pool.species) {
                        terms.push(self.decay_term(parent, false, species.nuclide.as_deref()));
                    }
                }
                equations.push(Equation {
                    state: name,
                    state_latex: self.latex.amount(index, form),
                    terms,
                });
            }
        }
        for (index, quantity) in m.quantities.iter().enumerate() {
            states.push(StateRow {
                name: quantity.name.clone(),
                unit: quantity.unit.to_string(),
                initial: self.text.expr(&quantity.initial),
                about: quantity.about.clone(),
            });
            equations.push(Equation {
                state: quantity.name.clone(),
                state_latex: self.latex.name(&quantity.name),
                terms: self.process_terms(Participant::Quantity(index), Form::Total),
            });
        }
        (states, equations)
    }

    fn decay_term(&self, parent: usize, minus: bool, daughter: Option<&str>) -> Term {
        let m = self.model;
        let species = &m.species[m.pools[parent].species];
        let (lambda, lambda_latex, form) = match (&species.nuclide, species.label) {
            (Some(nuclide), _) => (
                format!("lambda({nuclide})"),
                format!("\\lambda_{{\\mathrm{{{}}}}}", print::escape(nuclide)),
                Form::Total,
            ),
            (None, Some(group)) if m.labels.len() > 1 => {
                let group = &m.labels[group].name;
                (
                    format!("lambda({group})"),
                    format!("\\lambda_{{\\mathrm{{{}}}}}", print::escape(group)),
                    Form::Hot,
                )
            }
            _ => ("lambda".to_owned(), "\\lambda".to_owned(), Form::Hot),
        };
        let (share, share_latex) = daughter.map_or_else(
            || (String::new(), String::new()),
            |d| (format!("yield({d})*"), format!("y_{{\\mathrm{{{}}}}}\\,", print::escape(d))),
        );
        Term {
            minus,
            process: "decay".to_owned(),
            text: format!("{share}{lambda}*{}", self.text.amount(parent, form)),
            latex: format!("{share_latex}{lambda_latex}\\,{}", self.latex.amount(parent, form)),
        }
    }

    fn process_terms(&self, state: Participant, form: Form) -> Vec<Term> {
        let mut terms = Vec::new();
        for process in &self.model.processes {
            let count = |side: &[(Participant, f64)]| -> f64 {
                side.iter().filter(|s| s.0 == state).map(|s| s.1).sum()
            };
            let change = count(&process.products) - count(&process.reactants);
            if change.abs() <= 0.0 {
                continue;
            }
            let rate = self.rate(process, form);
            let times = change.abs();
            let write = |printer: &Printer<'_>, sign: &str| {
                if (times - 1.0).abs() <= 0.0 {
                    printer.factor(&rate)
                } else {
                    format!("{}{sign}{}", printer.number(times), printer.factor(&rate))
                }
            };
            terms.push(Term {
                minus: change < 0.0,
                process: process.name.clone(),
                text: write(&self.text, "*"),
                latex: write(&self.latex, "\\,"),
            });
        }
        terms
    }

    /// The rate of a process as one form of its labelled reactant sees it.
    fn rate(&self, process: &Process, form: Form) -> Expr {
        let m = self.model;
        let labelled = process.reactants.iter().find_map(|&(participant, _)| match participant {
            Participant::Pool(p) if m.species[m.pools[p].species].label.is_some() => Some(p),
            _ => None,
        });
        let amount = |pool, form| Expr::Symbol(Symbol::Amount(pool, form));
        let times = |a, b| Expr::Mul(Box::new(a), Box::new(b));
        let over = |a, b| Expr::Div(Box::new(a), Box::new(b));
        match &process.rate {
            Rate::MassAction { coefficient, volume_power, place } => {
                let mut rate = coefficient.clone();
                for &(participant, multiplicity) in &process.reactants {
                    let factor = match participant {
                        Participant::Pool(p) if labelled == Some(p) => amount(p, form),
                        Participant::Pool(p) => amount(p, Form::Total),
                        Participant::Quantity(q) => Expr::Symbol(Symbol::Quantity(q)),
                    };
                    rate = times(rate, powered(factor, multiplicity));
                }
                match (place, *volume_power) {
                    (Some(place), power) if power != 0 => {
                        let volume = Expr::Symbol(Symbol::Volume(*place));
                        over(rate, powered(volume, f64::from(power)))
                    }
                    _ => rate,
                }
            }
            Rate::Explicit(flux) => match labelled {
                Some(pool) if form != Form::Total => {
                    times(flux.clone(), over(amount(pool, form), amount(pool, Form::Total)))
                }
                _ => flux.clone(),
            },
        }
    }

    /// One line of parameters that stand alike.
    fn row(&self, same: &[usize]) -> ParameterRow {
        let parameters = || same.iter().map(|&k| &self.model.parameters[k]);
        let mut row = self.parameter(same[0], &self.model.parameters[same[0]]);
        if same.len() > 1 {
            let parts = parameters().filter_map(Parameter::in_part);
            row.parts = parts.clone().map(|(part, _)| part.to_owned()).collect();
            if let Some((_, own)) = parts.into_iter().next() {
                own.clone_into(&mut row.name);
            }
        }
        row
    }

    fn parameter(&self, index: usize, parameter: &Parameter) -> ParameterRow {
        let m = self.model;
        let factor = internal_factor(&m.units, &parameter.unit);
        // ω is stored; people read the coefficient of variation they wrote.
        let cv = |sd: f64| {
            format!("{} %", number((100.0 * crate::model::cv_of_log_sd(sd) * 1e6).round() / 1e6))
        };
        let variability = |v: Variability| match v.distribution {
            Distribution::LogNormal => cv(v.sd),
            Distribution::BoxCox { shape } => {
                format!("{} (Box-Cox, shape {})", cv(v.sd), number(shape))
            }
            Distribution::Normal => format!("sd {} {}", number(v.sd / factor), parameter.unit),
            Distribution::LogitNormal => format!("sd {} (logit)", number(v.sd)),
        };
        let effects = parameter
            .effects
            .iter()
            .map(|effect| {
                let covariate = &m.covariates[effect.covariate];
                let coefficient = &m.parameters[effect.coefficient].name;
                let unit_factor = internal_factor(&m.units, &covariate.unit);
                let reference = |r: f64| format!("{} {}", number(r / unit_factor), covariate.unit);
                let name = &covariate.name;
                match effect.form {
                    EffectForm::Power { reference: r } => {
                        format!("({name}/({}))^{coefficient}", reference(r))
                    }
                    EffectForm::Exponential { reference: r } => {
                        format!("exp({coefficient}*({name} - {}))", reference(r))
                    }
                    EffectForm::Linear { reference: r } => {
                        format!("(1 + {coefficient}*({name} - {}))", reference(r))
                    }
                    EffectForm::Level { level } => {
                        let level = covariate.levels.get(level).map_or("?", String::as_str);
                        format!("(1 + {coefficient}*{name}.{level})")
                    }
                }
            })
            .collect();
        ParameterRow {
            name: parameter.name.clone(),
            parts: Vec::new(),
            value: match &parameter.value {
                // No nuclide is chosen yet.
                ParameterValue::Number(value) if value.is_nan() => "of the nuclide".to_owned(),
                ParameterValue::Number(value) => number(value / factor),
                ParameterValue::Formula { expr, .. } => self.text.expr(expr),
            },
            typical: self.values.parameters[index]
                .filter(|_| {
                    matches!(parameter.value, ParameterValue::Formula { .. })
                        || !parameter.effects.is_empty()
                })
                .map(|x| significant(x / factor, 4)),
            unit: parameter.unit.to_string(),
            iiv: parameter.iiv.map(variability),
            iov: parameter.iov.map(variability),
            uncertainty: parameter.uncertainty.map(variability),
            effects,
            fixed: parameter.fixed,
            source: parameter.source.clone(),
            evidence: parameter.evidence,
            range: match (parameter.evidence, parameter.bounds) {
                (Some(_), (Some(low), Some(high))) => {
                    Some([low, high].map(|end| number(end / factor)))
                }
                _ => None,
            },
            about: parameter.about.clone(),
        }
    }
}

fn powered(base: Expr, power: f64) -> Expr {
    if (power - 1.0).abs() <= 0.0 {
        base
    } else {
        Expr::Pow(Box::new(base), Box::new(Expr::Number(power)))
    }
}

/// A process in the notation of the scheme: `L.tumour + R.tumour -> LR.tumour`.
pub(crate) fn process_text(model: &Model, process: &Process) -> String {
    let side = |side: &[(Participant, f64)]| {
        if side.is_empty() {
            return "0".to_owned();
        }
        side.iter()
            .map(|&(participant, multiplicity)| {
                let name = match participant {
                    Participant::Pool(pool) => pool_name(model, pool),
                    Participant::Quantity(quantity) => model.quantities[quantity].name.clone(),
                };
                if (multiplicity - 1.0).abs() <= 0.0 {
                    name
                } else {
                    format!("{} {name}", number(multiplicity))
                }
            })
            .collect::<Vec<_>>()
            .join(" + ")
    };
    let arrow = if matches!(process.rate, Rate::Explicit(_)) { "=>" } else { "->" };
    format!("{} {arrow} {}", side(&process.reactants), side(&process.products))
}
