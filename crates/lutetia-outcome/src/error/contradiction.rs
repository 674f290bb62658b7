//! Inputs that contradict each other.

use crate::survival::Family;

/// What contradicts what, and what can be done.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Contradiction {
    /// A model with nothing in it.
    #[error("a Cox model without covariates; add one, or the arms")]
    NoCovariates,
    /// An exact likelihood of ties with what is not defined for it.
    #[error(
        "weights or robust errors with the exact likelihood of tied events, where neither is defined; take Efron's or \
         Breslow's ties"
    )]
    ExactTies,
    /// A decision after the switch.
    #[error(
        "decision {decision} of patient {patient} is a switch, and others follow; nothing is left to be decided after \
         the switch"
    )]
    DecisionAfterSwitch {
        /// Number of the decision, from 1.
        decision: usize,
        /// Number of the patient, from 1.
        patient: usize,
    },
    /// Time of a patient after the end of that patient.
    #[error(
        "piece {piece} ends with an event or a switch, and its patient goes on; nothing may follow the event or the \
         switch of a patient"
    )]
    PieceAfterEnd {
        /// Number of the piece, from 1.
        piece: usize,
    },
    /// Fewer than two groups.
    #[error(
        "{found} group for a comparison, expected 2 or more; give a column that separates the arms"
    )]
    OneGroup {
        /// Number of groups.
        found: usize,
    },
    /// Restricted means of different horizons.
    #[error(
        "restricted means to {own} and to {other} are compared; take the same horizon for both"
    )]
    Horizons {
        /// The one, in the unit of the times.
        own: f64,
        /// The other.
        other: f64,
    },
    /// An event at time 0.
    #[error(
        "the event of patient {patient} is at time 0, where the {} distribution has none; give the time at which the \
         event was seen, or leave the patient out", .family.name()
    )]
    EventAtZero {
        /// Number of the patient, from 1.
        patient: usize,
        /// The family.
        family: Family,
    },
    /// Parameters of another family.
    #[error(
        "{found} parameters for the {} family, expected {}; give each of them once",
        .family.name(), .family.parameter_names().join(", ")
    )]
    Parameters {
        /// How many.
        found: usize,
        /// The family.
        family: Family,
    },
    /// A risk table with nothing in it.
    #[error("a risk table without rows; give the number of patients at time 0")]
    NoRiskTable,
    /// A risk table that starts late.
    #[error(
        "a risk table that starts at {start}, expected 0; give the number of patients at time 0"
    )]
    LateRiskTable {
        /// Its first time, in the unit of the curve.
        start: f64,
    },
    /// Numbers at risk that rise.
    #[error(
        "{} at risk at {} and {} at {}; numbers at risk only fall; check the row and the arm",
        .earlier.1, .earlier.0, .later.1, .later.0
    )]
    RisingAtRisk {
        /// Time and number at risk.
        earlier: (f64, usize),
        /// The same of the row after it.
        later: (f64, usize),
    },
    /// More events than patients in a published curve.
    #[error("{events} events of {patients} patients; check the arm of the number of events")]
    EventsOfCurve {
        /// Number of events.
        events: usize,
        /// Number of patients.
        patients: usize,
    },
    /// More events than patients.
    #[error("{events} events of {patients} patients; count patients with an event, not events")]
    EventsOfPatients {
        /// Number of events.
        events: usize,
        /// Number of patients.
        patients: usize,
    },
    /// Weights that do not add to one.
    #[error(
        "the weights of benefit {benefit} and of harm {harm} add to {}, expected 1{}",
        .benefit + .harm, divided(*.benefit, *.harm)
    )]
    Weights {
        /// That of the benefit.
        benefit: f64,
        /// That of the harm.
        harm: f64,
    },
    /// A censoring after the last visit.
    #[error(
        "censored at {at} d, after the last visit at {last} d; progression-free survival is censored at the last visit \
         without progression"
    )]
    AfterLastVisit {
        /// Time of the censoring, d.
        at: f64,
        /// Time of the last visit, d.
        last: f64,
    },
}

/// Weights by their sum, where there is one.
fn divided(benefit: f64, harm: f64) -> String {
    let sum = benefit + harm;
    if sum > 0.0 {
        return format!(
            "; divided by their sum they are {:.4} and {:.4}",
            benefit / sum,
            harm / sum
        );
    }
    String::new()
}
