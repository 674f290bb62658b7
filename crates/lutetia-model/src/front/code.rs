//! The codes of the diagnostics of a model file; `CODES.md` explains them.

/// The text is not TOML, or a value is of the wrong kind.
pub(super) const SYNTAX: &str = "LUT2001";
/// An unknown table or key.
pub(super) const KEY: &str = "LUT2002";
/// A key or table that must be there is missing.
pub(super) const MISSING: &str = "LUT2003";
/// An expression that cannot be read.
pub(super) const EXPRESSION: &str = "LUT2004";
/// A process that cannot be read.
pub(super) const PROCESS: &str = "LUT2005";
/// The file is larger than a model can be.
pub(super) const SIZE: &str = "LUT2006";
/// A number that is not finite or not in its range.
pub(super) const NUMBER: &str = "LUT2007";
/// A name that is not declared.
pub(super) const UNDECLARED: &str = "LUT2101";
/// A name declared twice.
pub(super) const TWICE: &str = "LUT2102";
/// A name that cannot be one.
pub(super) const IDENTIFIER: &str = "LUT2103";
/// Definitions that go round in a circle.
pub(super) const CYCLE: &str = "LUT2104";
/// A name that exists but may not be used here.
pub(super) const NOT_HERE: &str = "LUT2105";
/// Declared and never used (a warning).
pub(super) const UNUSED: &str = "LUT2106";
/// A quantity or unit that cannot be read.
pub(super) const UNIT: &str = "LUT2201";
/// Dimensions that do not fit.
pub(super) const DIMENSION: &str = "LUT2202";
/// A coefficient of a dimension that makes no flux.
pub(super) const FLUX: &str = "LUT2203";
/// Wrong number of arguments of a function.
pub(super) const ARGUMENTS: &str = "LUT2204";
/// A value where a condition is expected.
pub(super) const CONDITION: &str = "LUT2205";
/// A label that contradicts itself.
pub(super) const LABEL: &str = "LUT2301";
/// A labelled product without labelled reactant, or two labelled reactants.
pub(super) const LABEL_FLOW: &str = "LUT2302";
/// A fate that cannot be.
pub(super) const FATE: &str = "LUT2303";
/// Mass action where it cannot be.
pub(super) const MASS_ACTION: &str = "LUT2304";
/// An event that cannot happen or changes what it cannot.
pub(super) const EVENT: &str = "LUT2305";
/// An organ table that cannot be read.
pub(super) const ORGANS: &str = "LUT2401";
/// A placeholder without organs, or an unknown filter.
pub(super) const PLACEHOLDER: &str = "LUT2402";
/// The flows of an organ table do not balance (a warning).
pub(super) const FLOWS: &str = "LUT2403";
/// Population structure that cannot be.
pub(super) const POPULATION: &str = "LUT2501";
/// A residual error that cannot be read.
pub(super) const ERROR_MODEL: &str = "LUT2502";
/// A covariate that contradicts itself.
pub(super) const COVARIATE: &str = "LUT2503";
/// A chain that extends what is not a chain, or itself.
pub(super) const EXTENDS: &str = "LUT2611";
/// A part that is not a model, or cannot be used.
pub(super) const PART: &str = "LUT2612";
/// A value set to what a part does not have.
pub(super) const SET: &str = "LUT2613";
/// A line that takes away what is not there.
pub(super) const NOTHING: &str = "LUT2614";
/// A connection that does not say what drives the input.
pub(super) const WIRE: &str = "LUT2615";
/// Two outputs give one port.
pub(super) const GIVERS: &str = "LUT2616";
/// An output that cannot play its role.
pub(super) const ROLE: &str = "LUT2617";
/// A file of ports that cannot be read.
pub(super) const PORT: &str = "LUT2618";
/// A value set for several parts that do not agree.
pub(super) const DISAGREE: &str = "LUT2619";
