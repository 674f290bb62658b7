//! Is the specification of a trial one of this model?

use lutetia_population::Instead;
use lutetia_sim::{Dose, Regimen, SimError, Simulator};
use lutetia_units::Dimension;

use super::{
    Outputs, Places,
    crossover::Known,
    spec::{Arm, Dependence, TrialSpec},
};
use crate::error::TrialError;

/// Checks the numbers of a trial that stand by themselves.
pub(super) fn check_numbers(spec: &TrialSpec) -> Result<(), TrialError> {
    let positive = |what: &str, value: f64| {
        if value.is_finite() && value > 0.0 {
            return Ok(());
        }
        Err(range(what, value, "a finite time above zero"))
    };
    positive("the follow-up", spec.follow_up)?;
    positive("the step of the curves", spec.step)?;
    if spec.follow_up / spec.step > 1e5 {
        return Err(range(
            "the step of the curves",
            spec.step,
            "at most 100 000 steps of follow-up; make it longer",
        ));
    }
    if !(spec.accrual.is_finite() && spec.accrual >= 0.0 && spec.accrual < spec.follow_up) {
        return Err(range("the accrual", spec.accrual, "zero or more, shorter than follow-up"));
    }
    if let Some(visits) = &spec.meaning.marker_visits {
        positive("the distance of the marker's measurements", visits.every)?;
        if !(visits.least_rise.is_finite() && visits.least_rise >= 0.0) {
            let expected = "a finite number of zero or more";
            return Err(range("the least rise of the marker", visits.least_rise, expected));
        }
    }
    if !(spec.visits.jitter.is_finite() && spec.visits.jitter >= 0.0) {
        return Err(range("the jitter of the scans", spec.visits.jitter, "zero or more days"));
    }
    if spec.arms.is_empty() {
        return Err(range("the number of arms", 0.0, "at least one arm"));
    }
    Ok(())
}

/// Finds the outputs that a trial names.
pub(super) fn outputs(simulator: &Simulator, spec: &TrialSpec) -> Result<Outputs, TrialError> {
    let system = simulator.system();
    let output = |name: &String| {
        system.output_index(name).ok_or_else(|| TrialError::Unknown {
            what: "output",
            name: name.clone(),
            instead: Instead::of(name, system.outputs().iter().map(|o| o.name.as_str())),
        })
    };
    let optional = |name: &Option<String>| name.as_ref().map(output).transpose();
    let meaning = &spec.meaning;
    Ok(Outputs {
        death: optional(&meaning.death)?,
        new_lesion: optional(&meaning.new_lesion)?,
        volume: optional(&meaning.volume)?,
        marker: optional(&meaning.marker)?,
        toxicities: meaning
            .toxicities
            .iter()
            .map(|t| {
                let falling = t.limits.windows(2).all(|w| w[0] >= w[1]);
                if t.limits.is_empty() || t.limits.len() > 4 || !falling {
                    return Err(TrialError::OutOfRange {
                        what: format!("the limits of `{}`", t.name),
                        found: format!("{:?}", t.limits),
                        expected: "one to four values, descending, from grade 1 up".to_owned(),
                    });
                }
                Ok((output(&t.output)?, t.limits.clone()))
            })
            .collect::<Result<_, _>>()?,
        keep: meaning.keep.iter().map(output).collect::<Result<_, _>>()?,
    })
}

/// Checks the arms and finds what they name.
pub(super) fn arms(simulator: &Simulator, spec: &TrialSpec) -> Result<Vec<Places>, TrialError> {
    spec.arms
        .iter()
        .map(|arm| {
            check_arm(arm)?;
            // What no patient can be given is said once, not once per patient.
            let doses: Vec<Dose> = arm.cycles.iter().flat_map(|c| c.doses.clone()).collect();
            simulator.check_regimen(&Regimen { doses })?;
            let set = arm
                .set
                .iter()
                .map(|(name, value)| Ok((simulator.parameter(name)?, *value)))
                .collect::<Result<_, SimError>>()?;
            let depends = arm.crossover.iter().flat_map(|c| &c.depends);
            let dependences =
                depends.map(|d| dependence(d, arm, simulator)).collect::<Result<_, _>>()?;
            let target = match &arm.crossover {
                None => None,
                Some(c) => {
                    let names = spec.arms.iter().map(|a| a.name.as_str());
                    let to = spec.arms.iter().position(|a| a.name == c.to);
                    Some(to.ok_or_else(|| TrialError::Unknown {
                        what: "arm",
                        name: c.to.clone(),
                        instead: Instead::of(&c.to, names),
                    })?)
                }
            };
            Ok(Places { set, target, dependences })
        })
        .collect()
}

/// Evenly spaced times until the end of follow-up.
pub(super) fn grid(spec: &TrialSpec) -> Vec<f64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be positive and below 1e5"
    )]
    let count = (spec.follow_up / spec.step).ceil() as u32;
    let mut times: Vec<f64> =
        (0..=count).map(|k| (f64::from(k) * spec.step).min(spec.follow_up)).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

/// Internal length of a day.
pub(super) fn day(simulator: &Simulator) -> f64 {
    86_400.0 / simulator.system().units().factor(Dimension::TIME)
}

/// Where a dependence is found, its numbers checked.
fn dependence(d: &Dependence, arm: &Arm, simulator: &Simulator) -> Result<Known, TrialError> {
    let of =
        |what: &str| format!("{what} of `{}` in the crossover of the arm `{}`", d.on, arm.name);
    if !d.coefficient.is_finite() {
        return Err(range(&of("the coefficient"), d.coefficient, "a finite number"));
    }
    if !d.reference.is_finite() || (d.log && d.reference <= 0.0) {
        let expected = if d.log {
            "a number above zero, as its logarithm is taken"
        } else {
            "a finite number"
        };
        return Err(range(&of("the reference"), d.reference, expected));
    }
    let system = simulator.system();
    let found = system
        .output_index(&d.on)
        .map(Known::Output)
        .or_else(|| system.parameter_index(&d.on).map(Known::Slot))
        .or_else(|| (d.on == "time").then_some(Known::Time));
    found.ok_or_else(|| {
        let outputs = system.outputs().iter().map(|o| o.name.as_str());
        let parameters = system.parameters().iter().map(|p| p.name.as_str());
        TrialError::Unknown {
            what: "output, parameter or covariate",
            name: d.on.clone(),
            instead: Instead::of(&d.on, outputs.chain(parameters).chain(std::iter::once("time"))),
        }
    })
}

fn check_arm(arm: &Arm) -> Result<(), TrialError> {
    let of = |what: &str| format!("{what} of the arm `{}`", arm.name);
    if arm.patients == 0 {
        return Err(range(&of("the number of patients"), 0.0, "at least one patient"));
    }
    let shares = [
        ("the share that drops out at the start", arm.drop_out_at_start),
        ("the share that crosses over", arm.crossover.as_ref().map_or(0.0, |c| c.share)),
    ];
    for (what, share) in shares {
        if !(0.0..=1.0).contains(&share) {
            return Err(range(&of(what), share, "a share from 0 to 1"));
        }
    }
    let rates = [
        ("the rate of drop-out", arm.drop_out_rate),
        ("the rate of loss to follow-up", arm.lost_rate),
        ("the delay of crossover", arm.crossover.as_ref().map_or(0.0, |c| c.delay)),
    ];
    for (what, rate) in rates {
        if !(rate.is_finite() && rate >= 0.0) {
            return Err(range(&of(what), rate, "a finite number of zero or more"));
        }
    }
    Ok(())
}

fn range(what: &str, found: f64, expected: &str) -> TrialError {
    TrialError::OutOfRange {
        what: what.to_owned(),
        found: found.to_string(),
        expected: expected.to_owned(),
    }
}
