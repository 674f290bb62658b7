//! What is given, when, and where does it go?

/// One administration, in the internal units of the model.
///
/// The dose is split into hot and cold molecules: a nuclide of decay constant λ and activity A
/// (at the moment `at`) is `A / λ` molecules, `amount` counts hot and cold together. With
/// `over = T > 0` it flows in at a constant volume rate while the syringe decays:
/// `hot rate(t) = (h₀/T)·exp(−λ·(t − at))`, and the decayed part enters as cold, so that for a
/// single syringe whose decayed molecules stay cold, `hot(t) = exp(−λ·(t − at))·f₀·total(t)` holds at
/// all times. Daughters that grow in inside the syringe are not given.
///
/// Where the model says so, a dose arrives later by the lag of its pool, and of it the share that is
/// bioavailable. What is labelled decays on the way: activities are those at `at`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dose {
    /// Start, internal time; before zero, too, where it is given before the clock of the model starts.
    pub at: f64,
    /// The pool, such as `L.plasma`.
    pub into: String,
    /// Nuclide and activity (MBq) at the start of the dose. May be empty for a cold dose.
    pub activities: Vec<(String, f64)>,
    /// Hot and cold molecules together (internal amount); `None` means carrier-free: every
    /// molecule is hot.
    pub amount: Option<f64>,
    /// Duration of a constant-rate infusion, internal time; 0 for a bolus. `None` is what the model says of the
    /// pool, a bolus where that says nothing.
    pub over: Option<f64>,
    /// What it does.
    pub kind: DoseKind,
}

/// What a dose does to what is there.
///
/// At one moment resets come first, then what is replaced, then steady states, then what is added, whatever the
/// order in which they are listed. A steady state that is added comes after one that takes the place of all.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum DoseKind {
    /// It is added.
    #[default]
    Adds,
    /// It is added to the steady state of itself, given at this interval (internal time) without an end before. That
    /// state takes the place of all that is there; what was given before and has not arrived never does. Doses of
    /// this kind at one moment make one steady state and have one interval.
    ///
    /// Time, inputs and what depends on them stand still while it is found, as they are at that moment, and events
    /// do not happen.
    Steady {
        /// From dose to dose.
        every: f64,
    },
    /// The steady state of itself, given at this interval (internal time) without an end before, is added to what is
    /// there: by superposition, the steady state with these doses less that without any. Nothing is taken away. Only
    /// where the model is linear in all that the dose reaches.
    ///
    /// Time, inputs and events as of [`Steady`](Self::Steady).
    AddsSteady {
        /// From dose to dose.
        every: f64,
    },
    /// The pool holds this amount afterwards. Without an activity hot and cold keep their shares; with one it holds
    /// that activity, and of other nuclides none. Lag, bioavailability and duration do not count.
    Replaces,
    /// Everything is as at the start of a run, and what was given before and has not arrived never does. Then it is
    /// added, where anything is given.
    Resets,
}

/// All administrations of one course of treatment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Regimen {
    /// The doses, in any order; they may overlap.
    pub doses: Vec<Dose>,
}

impl Regimen {
    /// One dose.
    #[must_use]
    pub fn single(dose: Dose) -> Self {
        Self { doses: vec![dose] }
    }

    /// The same dose `times` times, `every` internal time units apart, the first at `dose.at`. Of one in its steady
    /// state the others are added to it.
    #[must_use]
    pub fn repeat(dose: &Dose, every: f64, times: usize) -> Self {
        let doses = (0..times)
            .map(|k| {
                let mut dose = dose.clone();
                #[expect(clippy::cast_precision_loss, reason = "cycles are few")]
                let shift = k as f64;
                dose.at += every * shift;
                let steady =
                    matches!(dose.kind, DoseKind::Steady { .. } | DoseKind::AddsSteady { .. });
                if k > 0 && steady {
                    dose.kind = DoseKind::Adds;
                }
                dose
            })
            .collect();
        Self { doses }
    }
}

/// Parameters that hold from a time on: those of the next occasion (cycle) of a patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Internal time.
    pub from: f64,
    /// All parameters, internal, in the order of
    /// [`System::parameters`](lutetia_model::System::parameters).
    pub parameters: Vec<f64>,
}

/// Times closer than this (relative) are one moment.
const SAME_MOMENT: f64 = 1e-12;

/// Whether two times cannot be told apart.
pub(crate) fn same_moment(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME_MOMENT * a.abs().max(b.abs())
}
