//! What of a regimen may be chosen, and within which bounds.

use lutetia_trial::regimen::Knob;
use lutetia_units::{Dimension, Quantity};

use super::{ProposeSpec, limits::number};
use crate::{
    steps::{TrialStepError, trial::ArmSpec},
    written::{Amount, Written},
};

/// What may be chosen: of the ligand, the first dose of the regimen, or of the partner, the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// Activity of a cycle.
    Activity,
    /// Interval between cycles.
    Every,
    /// Amount of ligand of a cycle.
    Amount,
    /// Amount of the partner's dose.
    PartnerAmount,
    /// The partner's start.
    PartnerAt,
    /// Number of cycles.
    Cycles,
}

impl Choice {
    /// The key under which its bounds are typed.
    fn key(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Every => "every",
            Self::Amount => "amount",
            Self::PartnerAmount => "partner_amount",
            Self::PartnerAt => "partner_at",
            Self::Cycles => "cycles",
        }
    }

    fn is_of_partner(self) -> bool {
        matches!(self, Self::PartnerAmount | Self::PartnerAt)
    }
}

/// A choice with its bounds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chosen {
    what: Choice,
    /// Empty for a number.
    unit: &'static str,
    pub(super) lower: f64,
    pub(super) upper: f64,
}

impl Chosen {
    /// Name in the table: `activity (GBq)`, `cycles`.
    pub(super) fn name(&self) -> String {
        match self.unit {
            "" => self.what.key().to_owned(),
            unit => format!("{} ({unit})", self.what.key()),
        }
    }

    pub(super) fn knob(&self) -> Knob {
        Knob {
            name: self.name(),
            lower: self.lower,
            upper: self.upper,
            whole: self.what == Choice::Cycles,
        }
    }

    /// Sets it in an arm that has the dose in question.
    fn set(&self, arm: &mut ArmSpec, value: f64) {
        let Some(dose) = arm.doses.get_mut(usize::from(self.what.is_of_partner())) else { return };
        let text = Some(format!("{value} {}", self.unit));
        match self.what {
            Choice::Activity => dose.activity = text,
            Choice::Every => dose.every = text,
            Choice::Amount | Choice::PartnerAmount => dose.amount = text,
            Choice::PartnerAt => dose.at = text,
            Choice::Cycles => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "whole and at least one by its bounds"
                )]
                let cycles = value.round() as u32;
                dose.cycles = Some(cycles);
            }
        }
    }
}

/// A regimen with everything that was chosen.
pub(super) fn varied(from: &ArmSpec, chosen: &[Chosen], values: &[f64]) -> ArmSpec {
    let mut arm = from.clone();
    for (chosen, value) in chosen.iter().zip(values) {
        chosen.set(&mut arm, *value);
    }
    arm
}

/// What a search may choose: activity in GBq, interval and start in weeks, amounts in nmol or mg.
///
/// # Errors
/// Bounds of another dimension.
pub(super) fn choices(spec: &ProposeSpec) -> Result<Vec<Chosen>, TrialStepError> {
    let mut all = Vec::new();
    let typed = [
        (Choice::Activity, "GBq", quantities(spec.activity.as_ref())),
        (Choice::Every, "week", quantities(spec.every.as_ref())),
        (Choice::Amount, amount_unit(spec.amount.as_ref()), quantities(spec.amount.as_ref())),
        (
            Choice::PartnerAmount,
            amount_unit(spec.partner_amount.as_ref()),
            quantities(spec.partner_amount.as_ref()),
        ),
        (Choice::PartnerAt, "week", quantities(spec.partner_at.as_ref())),
    ];
    for (what, unit, bounds) in typed {
        let Some([lower, upper]) = bounds else { continue };
        let key = format!("the bounds of `{}`", what.key());
        let (lower, upper) = (number(&key, lower, unit)?, number(&key, upper, unit)?);
        all.push(Chosen { what, unit, lower, upper });
    }
    if let Some([lower, upper]) = spec.cycles {
        let (lower, upper) = (f64::from(lower), f64::from(upper));
        all.push(Chosen { what: Choice::Cycles, unit: "", lower, upper });
    }
    Ok(all)
}

/// Unit of what is given: mg where it is typed as a mass, as drugs are, else nmol.
fn amount_unit(bounds: Option<&[Amount; 2]>) -> &'static str {
    let mass = bounds.is_some_and(|b| b[0].quantity().dimension() == Dimension::MASS);
    if mass { "mg" } else { "nmol" }
}

/// Bounds as quantities.
fn quantities<K>(bounds: Option<&[Written<K>; 2]>) -> Option<[&Quantity; 2]> {
    bounds.map(|bounds| bounds.each_ref().map(Written::quantity))
}
