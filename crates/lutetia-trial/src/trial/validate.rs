//! Is the specification of a trial one of this model?

use lutetia_population::Instead;
use lutetia_scenario::Clock;
use lutetia_sim::{Regimen, SimError, Simulator};

use super::{
    Outputs, Places,
    crossover::Known,
    spec::{Arm, Dependence, TrialSpec},
};
use crate::{
    error::TrialError,
    range::{ArmNumber, ArmShare, Time, TrialRange},
};

/// Checks the numbers of a trial that stand by themselves.
pub(super) fn check_numbers(spec: &TrialSpec) -> Result<(), TrialRange> {
    let positive = |what: Time, found: f64| {
        if found.is_finite() && found > 0.0 {
            return Ok(());
        }
        Err(TrialRange::Time { what, found })
    };
    positive(Time::FollowUp, spec.follow_up)?;
    positive(Time::Step, spec.step)?;
    if spec.follow_up / spec.step > 1e5 {
        return Err(TrialRange::Steps { step: spec.step });
    }
    if !(spec.accrual.is_finite() && spec.accrual >= 0.0 && spec.accrual < spec.follow_up) {
        return Err(TrialRange::Accrual { found: spec.accrual });
    }
    if let Some(visits) = &spec.meaning.marker_visits {
        positive(Time::MarkerVisits, visits.every)?;
        if !(visits.least_rise.is_finite() && visits.least_rise >= 0.0) {
            return Err(TrialRange::LeastRise { found: visits.least_rise });
        }
    }
    if !(spec.visits.jitter.is_finite() && spec.visits.jitter >= 0.0) {
        return Err(TrialRange::Jitter { found: spec.visits.jitter });
    }
    if spec.arms.is_empty() {
        return Err(TrialRange::NoArms);
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
                    let (toxicity, found) = (t.name.clone(), t.limits.clone());
                    return Err(TrialRange::Limits { toxicity, found }.into());
                }
                Ok((output(&t.output)?, t.limits.clone()))
            })
            .collect::<Result<_, TrialError>>()?,
        keep: meaning.keep.iter().map(output).collect::<Result<_, _>>()?,
    })
}

/// Checks the arms and finds what they name.
pub(super) fn arms(simulator: &Simulator, spec: &TrialSpec) -> Result<Vec<Places>, TrialError> {
    spec.arms
        .iter()
        .map(|arm| {
            check_arm(arm)?;
            let clock = Clock::of(simulator.system());
            if let Some(early) = arm.treatment.doses().into_iter().find(|dose| dose.at < 0.0) {
                let (arm, into) = (arm.name.clone(), early.into);
                let day = clock.days(early.at);
                return Err(TrialRange::BeforeStart { arm, into, day }.into());
            }
            // What no patient can be given is said once, not once per patient.
            simulator.check_regimen(&Regimen { doses: arm.treatment.doses() })?;
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
            let moments = arm.treatment.moments(clock);
            Ok(Places { set, moments, target, dependences })
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

/// Where a dependence is found, its numbers checked.
fn dependence(d: &Dependence, arm: &Arm, simulator: &Simulator) -> Result<Known, TrialError> {
    let of = || (arm.name.clone(), d.on.clone());
    if !d.coefficient.is_finite() {
        let (arm, on) = of();
        return Err(TrialRange::Coefficient { arm, on, found: d.coefficient }.into());
    }
    if !d.reference.is_finite() || (d.log && d.reference <= 0.0) {
        let (arm, on) = of();
        return Err(TrialRange::Reference { arm, on, found: d.reference, log: d.log }.into());
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

fn check_arm(arm: &Arm) -> Result<(), TrialRange> {
    let name = || arm.name.clone();
    if arm.patients == 0 {
        return Err(TrialRange::NoPatients { arm: name() });
    }
    let shares = [
        (ArmShare::DropOut, arm.drop_out_at_start),
        (ArmShare::Crossover, arm.crossover.as_ref().map_or(0.0, |c| c.share)),
    ];
    for (what, found) in shares {
        if !(0.0..=1.0).contains(&found) {
            return Err(TrialRange::ArmShare { what, arm: name(), found });
        }
    }
    let rates = [
        (ArmNumber::DropOutRate, arm.drop_out_rate),
        (ArmNumber::LostRate, arm.lost_rate),
        (ArmNumber::CrossoverDelay, arm.crossover.as_ref().map_or(0.0, |c| c.delay)),
    ];
    for (what, found) in rates {
        if !(found.is_finite() && found >= 0.0) {
            return Err(TrialRange::ArmNumber { what, arm: name(), found });
        }
    }
    Ok(())
}
