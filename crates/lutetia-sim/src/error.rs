//! What can go wrong, and what is to be done about it.

use std::fmt;

use lutetia_model::DoseNumber;
use lutetia_model::system::{DoseTargetError, LimitKind};
use thiserror::Error;

use crate::engine_id::Unsupported;

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
    /// A steady state that is to be added where what is given does not add up.
    #[error(
        "dose {dose} into `{into}`: its steady state cannot be added to what is there, as the rate of `{state}` is not \
         linear in what the dose reaches; give all doses, or put the steady state of this one in the place of all"
    )]
    NotLinear {
        /// Which dose, from 1.
        dose: usize,
        /// The pool.
        into: String,
        /// The state whose rate is not linear.
        state: String,
    },
    /// A number of a dose that makes no sense.
    #[error("dose {dose} into `{into}`: the {what} is {value}; expected {expected}")]
    BadDose {
        /// Which dose, from 1.
        dose: usize,
        /// The pool.
        into: String,
        /// `start`, `duration`, `interval`, `activity`, `amount`.
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
    #[error("the curve of input `{input}` cannot be used: {fault}")]
    BadCurve {
        /// The input.
        input: String,
        /// Why.
        fault: CurveFault,
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
    /// The engine does not do what was asked.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The run began and failed.
    #[error(transparent)]
    Failed(#[from] SolveFailure),
}

impl SimError {
    /// The code of this fault.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Target { .. } => "LUT4001",
            Self::Nuclide { .. } => "LUT4002",
            Self::HotExceedsAmount { .. } => "LUT4003",
            Self::NoColdForm { .. } => "LUT4004",
            Self::EmptyDose { .. } => "LUT4005",
            Self::NotLinear { .. } => "LUT4017",
            Self::BadDose { .. } => "LUT4006",
            Self::UnknownName { .. } => "LUT4101",
            Self::BadIndex { .. } => "LUT4102",
            Self::BadCurve { .. } => "LUT4103",
            Self::MissingInput { .. } => "LUT4104",
            Self::ParameterCount { .. } => "LUT4105",
            Self::StateCount { .. } => "LUT4106",
            Self::NonFiniteParameter { .. } => "LUT4107",
            Self::NoStates { .. } => "LUT4108",
            Self::BadTime { .. } => "LUT4109",
            Self::BadOption { .. } => "LUT4110",
            Self::Unsupported(unsupported) => unsupported.code(),
            Self::Failed(failure) => failure.code(),
        }
    }
}

/// Why a curve is not a function of time.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CurveFault {
    /// Two curves for one input.
    #[error("it is given twice; give one curve")]
    Twice,
    /// A curve without points.
    #[error("it has no points; give at least one")]
    Empty,
    /// A time or value that is not a number.
    #[error("point {point} is ({time}, {value}); every time and value must be finite")]
    NotFinite {
        /// Which, from 1.
        point: usize,
        /// Its time.
        time: String,
        /// Its value.
        value: String,
    },
    /// A point earlier than the one before it.
    #[error("point {point} at time {time} comes after time {before}; sort the points by time")]
    OutOfOrder {
        /// Which, from 1.
        point: usize,
        /// Its time.
        time: String,
        /// The time of the point before it.
        before: String,
    },
}

/// A number that nature bounds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Bounded {
    /// A volume, a rate or an initial amount.
    Limit {
        /// What it is.
        kind: LimitKind,
        /// Of which compartment, process or state.
        name: String,
        /// The formula that gives it; empty where it is not written as one.
        formula: String,
    },
    /// What becomes of doses into a pool.
    Dosing {
        /// Which number.
        number: DoseNumber,
        /// The pool.
        into: String,
        /// The formula that gives it.
        formula: String,
    },
    /// A time of an event.
    EventTime {
        /// The event.
        event: String,
        /// Which of its times.
        which: EventTime,
    },
    /// What an event makes of a state.
    Made {
        /// The event.
        event: String,
        /// The state.
        state: String,
    },
}

/// A time of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTime {
    /// When it happens first.
    First,
    /// From one to the next.
    Interval,
    /// From its trigger to the event.
    Delay,
}

impl fmt::Display for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit { kind, name, formula } => {
                let what = match kind {
                    LimitKind::Volume => "volume of",
                    LimitKind::Coefficient => "rate of process",
                    LimitKind::Initial => "initial amount of",
                    LimitKind::Delay => "mean of",
                };
                write!(f, "the {what} `{name}`")?;
                if formula.is_empty() { Ok(()) } else { write!(f, " (`{formula}`)") }
            }
            Self::Dosing { number, into, formula } => {
                write!(f, "the {} of doses into `{into}` (`{formula}`)", number.key())
            }
            Self::EventTime { event, which } => {
                let what = match which {
                    EventTime::First => "first time",
                    EventTime::Interval => "interval",
                    EventTime::Delay => "delay",
                };
                write!(f, "the {what} of event `{event}`")
            }
            Self::Made { event, state } => write!(f, "what event `{event}` makes of `{state}`"),
        }
    }
}

/// What goes into an organ that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Filling {
    /// A state that is not empty at the start.
    #[error("`{state}` starts with {amount}")]
    Start {
        /// The state.
        state: String,
        /// With its unit.
        amount: String,
    },
    /// A process.
    #[error("process `{process}` flows into it at {rate}")]
    Process {
        /// Its name.
        process: String,
        /// With its unit.
        rate: String,
    },
    /// A dose.
    #[error("a dose is given into `{state}`")]
    Dose {
        /// The state.
        state: String,
    },
    /// Something on the way.
    #[error("something flows into `{state}`")]
    Flow {
        /// The state.
        state: String,
    },
}

/// A number of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OfState {
    /// At the start.
    #[error("the initial value")]
    Initial,
    /// Along the way.
    #[error("the value")]
    Value,
    /// Its derivative by time.
    #[error("the rate of change")]
    Rate,
    /// Its derivative by a parameter.
    #[error("a parameter derivative")]
    Sensitivity,
}

/// Why a run that had begun has no result.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SolveFailure {
    /// A number that nature does not allow.
    #[error("{what} is {value}{when} with {parameters}; expected {expected}")]
    Impossible {
        /// What it is.
        what: Box<Bounded>,
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
        what: Filling,
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
        "{what} of `{state}` is not a finite number at {when} with {parameters}; likely a division by \
         zero, a logarithm or root of a negative number, or an overflow: look at the formula that \
         uses the extreme value"
    )]
    NonFinite {
        /// Which number of the state.
        what: OfState,
        /// The state.
        state: String,
        /// When, and where in the schedule.
        when: String,
        /// Names, values, units.
        parameters: String,
    },
    /// The integrator gave up.
    #[error("the integration stopped at {when} after {steps} steps with {parameters}: {cause}")]
    Stopped {
        /// When, and where in the schedule.
        when: String,
        /// Steps taken so far.
        steps: usize,
        /// Names, values, units.
        parameters: String,
        /// Likely cause, and what to do.
        cause: Cause,
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
    /// Events that trigger each other for ever, or ever faster.
    #[error(
        "event `{event}` happens without an end: after {count} events {}, {when}; an event must make its own \
         condition false, or wait for a `delay`",
        if *at_once { "at one moment" } else { "in one run" }
    )]
    EventsWithoutEnd {
        /// The last of them.
        event: String,
        /// How many there were.
        count: usize,
        /// Whether all of them were at one moment.
        at_once: bool,
        /// When, and where in the schedule.
        when: String,
    },
    /// Doses at an interval under which something grows or falls for ever.
    #[error(transparent)]
    NoSteadyState(Box<NoSteadyState>),
    /// Somebody stopped it.
    #[error("the run was stopped from outside before it had ended")]
    Interrupted,
}

impl SolveFailure {
    /// The code of this failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Impossible { .. } => "LUT4301",
            Self::MissingOrgan { .. } => "LUT4302",
            Self::NonFinite { .. } => "LUT4303",
            Self::Stopped { .. } => "LUT4304",
            Self::NoDerivative { .. } => "LUT4305",
            Self::DoesNotDecay { .. } => "LUT4306",
            Self::Interrupted => "LUT4307",
            Self::EventsWithoutEnd { .. } => "LUT4308",
            Self::NoSteadyState(_) => "LUT4309",
        }
    }
}

/// Doses at an interval under which something grows or falls for ever.
#[derive(Debug, Clone, PartialEq, Error)]
#[error(
    "the dose into `{into}` every {every} has no steady state with {parameters}: in the last of {intervals} intervals \
     `{state}` {change}, and it does not settle; what comes in must go out again: give it a way out, or leave it out \
     of the model (`-> 0`)"
)]
pub struct NoSteadyState {
    /// The pool.
    pub into: String,
    /// The interval, with its unit.
    pub every: String,
    /// What does not settle.
    pub state: String,
    /// `gains 3.2 nmol` or `loses 3.2 nmol`.
    pub change: String,
    /// How many intervals were integrated.
    pub intervals: usize,
    /// Names, values, units.
    pub parameters: String,
}

/// Why an integrator gave up.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Cause {
    /// A rate far faster than the rest, or an oscillation that never ends.
    #[error(
        "the limit of {most} steps between two stops is used up; a rate far faster than the rest, or \
         an oscillation that never ends, costs steps: check the units of the fastest rate, or raise \
         `max_steps`"
    )]
    TooManySteps {
        /// [`Options::max_steps`](crate::Options::max_steps).
        most: usize,
    },
    /// A state beyond all measure.
    #[error("`{state}` has diverged to {value}; {LOOK_AT_PARAMETERS}")]
    RunAway {
        /// Its name.
        state: String,
        /// Its value, with unit.
        value: String,
    },
    /// No step is small enough to go on.
    #[error(
        "the step became too small to go on: a rate is infinite or not a number, or a branch of the \
         model changes back and forth; {LOOK_AT_PARAMETERS}"
    )]
    StepTooSmall,
    /// No step is small enough for the tolerance.
    #[error(
        "no step was small enough for the tolerance: the solution changes too suddenly; \
         {LOOK_AT_PARAMETERS}"
    )]
    TooSudden,
    /// The solver of the equations of a step found nothing.
    #[error("the equations of a step could not be solved ({reason}); {LOOK_AT_PARAMETERS}")]
    Unsolvable {
        /// What the solver says.
        reason: String,
    },
}

/// What helps in most cases.
const LOOK_AT_PARAMETERS: &str =
    "check the parameter farthest from its default and the units of the fastest rate";
