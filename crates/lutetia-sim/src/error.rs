//! What can go wrong, and what is to be done about it.

use lutetia_model::system::DoseTargetError;
use lutetia_units::{Dimension, UnitSystem};
use thiserror::Error;

/// Why a simulation was refused or failed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SimError {
    /// A dose into something that takes none.
    #[error("dose {dose}: {error}")]
    Target {
        /// Which dose of the regimen, from 1.
        dose: usize,
        /// What the model says.
        error: DoseTargetError,
    },
    /// A nuclide the pool does not carry.
    #[error("dose {dose}: `{into}` does not carry `{nuclide}`{hint}; it carries {known}")]
    Nuclide {
        /// Which dose, from 1.
        dose: usize,
        /// As typed.
        nuclide: String,
        /// The pool.
        into: String,
        /// Did-you-mean, or empty.
        hint: String,
        /// What it carries.
        known: String,
    },
    /// More activity than the amount can carry.
    #[error(
        "dose {dose}: {activity} {verb} {hot} of hot ligand; the dose has {amount}; give at least \
         {hot}, or leave out the amount for a carrier-free dose"
    )]
    HotExceedsAmount {
        /// Which dose, from 1.
        dose: usize,
        /// `7.4 GBq of Lu-177`.
        activity: String,
        /// `is` or `are`.
        verb: &'static str,
        /// Molecules that carry it.
        hot: String,
        /// Molecules given.
        amount: String,
    },
    /// A carrier with a species that has no cold form.
    #[error(
        "dose {dose}: `{into}` is itself radioactive and has no cold form, so {amount} cannot hold \
         {hot} of hot atoms and a carrier; leave out the amount"
    )]
    NoColdForm {
        /// Which dose, from 1.
        dose: usize,
        /// The pool.
        into: String,
        /// Amount given.
        amount: String,
        /// Hot atoms.
        hot: String,
    },
    /// A dose of nothing.
    #[error("dose {dose} into `{into}` has neither activity nor amount; give one of them")]
    EmptyDose {
        /// Which dose, from 1.
        dose: usize,
        /// The pool.
        into: String,
    },
    /// A number of a dose that makes no sense.
    #[error("dose {dose} into `{into}`: the {what} is {value}; expected {expected}")]
    BadDose {
        /// Which dose, from 1.
        dose: usize,
        /// The pool.
        into: String,
        /// `start`, `duration`, `activity`, `amount`.
        what: &'static str,
        /// The number.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
    /// An unknown output, parameter or input.
    #[error("there is no {what} `{name}`{hint}; the model has {known}")]
    UnknownName {
        /// `output`, `parameter`, `input`.
        what: &'static str,
        /// As typed.
        name: String,
        /// Did-you-mean, or empty.
        hint: String,
        /// What there is.
        known: String,
    },
    /// An index outside a table, or twice in a list.
    #[error(
        "{what} {index} is {reason}; the model has {count}, counted from 0, each named at most once"
    )]
    BadIndex {
        /// `output`, `parameter`.
        what: &'static str,
        /// The index.
        index: usize,
        /// `out of range`, `named twice`.
        reason: &'static str,
        /// How many there are.
        count: usize,
    },
    /// A curve that is not a function of time.
    #[error("the curve of input `{input}` cannot be used: {reason}")]
    BadCurve {
        /// The input.
        input: String,
        /// Why.
        reason: String,
    },
    /// An input without a curve and without a default.
    #[error(
        "input `{input}` ({unit}) is given neither a curve nor a default; connect it, or declare a \
         default in the model"
    )]
    MissingInput {
        /// The input.
        input: String,
        /// Its unit.
        unit: String,
    },
    /// A parameter vector of another length.
    #[error("{found} parameter values were given; the model has {expected}")]
    ParameterCount {
        /// How many were given.
        found: usize,
        /// How many there are.
        expected: usize,
    },
    /// States of another model.
    #[error("a run goes on from {found} states; the model has {expected}")]
    StateCount {
        /// How many were given.
        found: usize,
        /// How many there are.
        expected: usize,
    },
    /// A parameter that is not a number.
    #[error("parameter `{name}` ({unit}) is {value}; expected a finite number{hint}")]
    NonFiniteParameter {
        /// Its name.
        name: String,
        /// Value in its declared unit.
        value: String,
        /// Declared unit.
        unit: String,
        /// What to do, or empty.
        hint: &'static str,
    },
    /// Nothing that could change.
    #[error(
        "model `{model}` has no states, so there is nothing to simulate; give it species or states"
    )]
    NoStates {
        /// Its id.
        model: String,
    },
    /// A time that cannot be asked for.
    #[error("output time {index} is {value}; expected {expected}")]
    BadTime {
        /// Position, from 1.
        index: usize,
        /// The time with its unit.
        value: String,
        /// What was expected.
        expected: String,
    },
    /// An option outside its range.
    #[error("option `{option}` is {value}; expected {expected}")]
    BadOption {
        /// Its name.
        option: &'static str,
        /// The value.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A number that nature does not allow.
    #[error("{what} is {value}{when} with {parameters}; expected {expected}")]
    Impossible {
        /// What it is: ``the volume of `spleen` (`Vs`)``.
        what: String,
        /// Its value, with unit.
        value: String,
        /// What was expected.
        expected: &'static str,
        /// When, and where in the schedule; empty where the parameters alone decide.
        when: String,
        /// Names, values, units.
        parameters: String,
    },
    /// Something goes into an organ that is not there.
    #[error(
        "`{organ}` has a volume of zero with {parameters}, so the patient does not have it, yet \
         {what}; set that to zero too, or give `{organ}` a volume"
    )]
    MissingOrgan {
        /// The compartment.
        organ: String,
        /// What goes into it.
        what: String,
        /// Names, values, units.
        parameters: String,
    },
    /// Sensitivities where branches change at one moment that a parameter moves apart.
    #[error(
        "several branches of the model change at the very same moment, {when}, and the parameters \
         differentiated by move them apart, so there is no derivative; move one of them a little"
    )]
    NoDerivative {
        /// When, and where in the schedule.
        when: String,
    },
    /// The start of the simulation, or a moment right after a dose, has no finite value.
    #[error(
        "{what} is not a finite number at {when} with {parameters}; likely a division by \
         zero, a logarithm or root of a negative number, or an overflow: look at the formula that \
         uses the extreme value"
    )]
    NonFinite {
        /// `the initial value of L.plasma`, `the rate of change of L.plasma`.
        what: String,
        /// When, and where in the schedule.
        when: String,
        /// Names, values, units.
        parameters: String,
    },
    /// The integrator gave up.
    #[error(
        "the integration stopped at {when} after {steps} steps with {parameters}: {cause}; \
         {hint}"
    )]
    Stopped {
        /// When, and where in the schedule.
        when: String,
        /// Steps taken so far.
        steps: usize,
        /// Names, values, units.
        parameters: String,
        /// Likely cause.
        cause: String,
        /// What to do.
        hint: String,
    },
    /// An integral to infinity that does not exist.
    #[error(
        "the integral of output `{output}` to infinity does not converge: at {when} it is \
         still {value} {unit}, and it does not fall as a nuclide does; integrate it to a time \
         instead"
    )]
    DoesNotDecay {
        /// The output.
        output: String,
        /// When it was given up, and where in the schedule.
        when: String,
        /// Value then, in the declared unit.
        value: String,
        /// Declared unit.
        unit: String,
    },
}

/// A number for people: six significant digits, exponent only where it helps.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "not a number".to_owned()
        } else if value > 0.0 {
            "infinite".to_owned()
        } else {
            "minus infinite".to_owned()
        };
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e7).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let digits = if magnitude == 0.0 {
        0
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "the exponent lies in −4..7")]
        let exponent = magnitude.log10().floor() as i32;
        usize::try_from((3 - exponent).clamp(0, 8)).unwrap_or(0)
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// An internal number with its unit.
pub(crate) fn quantity_text(units: &UnitSystem, dimension: Dimension, internal: f64) -> String {
    let unit = units.unit_of(dimension);
    with_unit(units.from_internal(internal, &unit), unit.symbol())
}

/// A number with its unit, if it has one: `2 L`, `2`.
pub(crate) fn with_unit(declared: f64, unit: &str) -> String {
    if unit.is_empty() || unit == "1" || !declared.is_finite() {
        number(declared)
    } else {
        format!("{} {unit}", number(declared))
    }
}

/// A time with its unit.
pub(crate) fn time_text(units: &UnitSystem, internal: f64) -> String {
    quantity_text(units, Dimension::TIME, internal)
}

/// An activity (MBq) in the unit people use for its size.
pub(crate) fn activity_text(mbq: f64) -> String {
    if mbq.abs() >= 1e3 {
        format!("{} GBq", number(mbq / 1e3))
    } else if mbq.abs() >= 1.0 || mbq.abs() == 0.0 || mbq.is_nan() {
        format!("{} MBq", number(mbq))
    } else {
        format!("{} kBq", number(mbq * 1e3))
    }
}

/// `; did you mean …?`, or nothing.
pub(crate) fn closest(name: &str, known: &[&str]) -> String {
    lutetia_diagnostic::closest(name, known.iter().copied())
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
