//! What neither treatment, each, and both leave of the tumour, beside two null models.

use lutetia_scenario::LoadedModel;
use lutetia_sim::Trajectory;
use lutetia_units::Unit;
use rayon::prelude::*;

use super::{
    Set, Setting,
    setting::{ARMS, case, nulls, scenarios, settled, shifts},
};
use crate::steps::StepError;

/// Times of a curve.
const POINTS: u32 = 121;

/// What was simulated.
pub(super) struct Arms {
    /// Outputs whose lowest value is harm.
    pub(super) lowest: Vec<Harm>,
    /// Outputs whose last value is harm or dose.
    pub(super) last: Vec<Harm>,
    /// Times of the curves, d.
    pub(super) days: Vec<f64>,
    /// Scenarios and starts, in their order.
    pub(super) cases: Vec<Case>,
}

/// An output that is harm or dose.
pub(super) struct Harm {
    output: usize,
    pub(super) name: String,
    pub(super) unit: Unit,
}

/// One scenario and start.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) scenario: String,
    /// By how much B is later, d.
    pub(super) start_d: f64,
    /// When the tumour is judged.
    pub(super) judged: Shares,
    /// Neither, A, B, both.
    pub(super) arms: Vec<Arm>,
    /// Of every time; empty with several starts, whose many curves are not drawn.
    pub(super) over_time: Vec<Shares>,
}

/// One arm of a case.
pub(super) struct Arm {
    /// Tumour over its size at the start, when it is judged.
    pub(super) left: f64,
    /// In the order of [`Arms::lowest`], in their units.
    pub(super) lowest: Vec<f64>,
    /// In the order of [`Arms::last`], in their units.
    pub(super) last: Vec<f64>,
}

/// Shares of the untreated tumour that are left.
#[derive(Clone, Copy)]
pub(super) struct Shares {
    /// Neither, A, B, both: the tumour over its size at the start.
    pub(super) left: [f64; 4],
    /// What both would leave by Bliss; none where a treatment makes the tumour larger than none.
    pub(super) bliss: Option<f64>,
    /// What both would leave if the better one acted alone.
    pub(super) hsa: Option<f64>,
}

impl Shares {
    fn of(left: [f64; 4]) -> Self {
        let (bliss, hsa) = nulls(left[1] / left[0], left[2] / left[0]);
        Self { left, bliss, hsa }
    }

    /// What an arm leaves over what neither leaves.
    pub(super) fn share(&self, arm: usize) -> f64 {
        self.left[arm] / self.left[0]
    }

    /// What both leave beyond a null model.
    pub(super) fn excess(&self, null: Option<f64>) -> Option<f64> {
        null.map(|n| settled(self.share(3) - n))
    }

    /// ln of Bliss over found.
    pub(super) fn synergy(&self) -> Option<f64> {
        let both = self.share(3);
        self.bliss.filter(|_| both > 0.0).map(|n| settled((n / both).ln()))
    }
}

/// What can be known of the arms before they are simulated.
pub(super) fn asked(setting: &Setting<'_>) -> Result<(), StepError> {
    let step = setting.step;
    harm(setting.model, &step.lowest)?;
    harm(setting.model, &step.last)?;
    for scenario in scenarios(step) {
        let mut set = step.set.clone();
        set.extend(scenario.set);
        setting.model.parameters(&set)?;
    }
    setting.regimen((1.0, 1.0), 0.0)?;
    Ok(())
}

/// The four arms of every scenario and start.
pub(super) fn of(setting: &Setting<'_>, common: &Set) -> Result<Arms, StepError> {
    let step = setting.step;
    let at = setting.time("at", &step.at)?;
    let end = step.until.as_ref().map_or(Ok(at), |u| setting.time("until", u))?.max(at);
    let mut times: Vec<f64> =
        (0..POINTS).map(|i| end * f64::from(i) / f64::from(POINTS - 1)).collect();
    let judged = times.partition_point(|t| *t < at);
    times.insert(judged, at);
    let (lowest, last) = (harm(setting.model, &step.lowest)?, harm(setting.model, &step.last)?);
    let mut arms = Arms {
        lowest,
        last,
        days: times.iter().map(|t| t / setting.day).collect(),
        cases: Vec::new(),
    };
    let shifts = shifts(step);
    for scenario in scenarios(step) {
        let mut set = common.clone();
        set.extend(scenario.set.clone());
        let parameters = setting.model.parameters(&set)?;
        for shift in &shifts {
            let later = setting.time("shifts", shift)?;
            let runs = ARMS
                .par_iter()
                .map(|levels| {
                    let regimen = setting.regimen(*levels, later)?;
                    setting.simulate(&parameters, &regimen, &times)
                })
                .collect::<Result<Vec<_>, StepError>>()?;
            let response: Vec<Vec<f64>> =
                runs.iter().map(|r| r.outputs.column(setting.response).collect()).collect();
            let shares = |row: usize| Shares::of([0, 1, 2, 3].map(|arm| response[arm][row]));
            let over_time = if shifts.len() > 1 { 0..0 } else { 0..times.len() };
            let judged = shares(judged);
            let case = Case {
                name: case(step, &scenario, shift),
                scenario: scenario.name.clone(),
                start_d: later / setting.day,
                judged,
                arms: runs
                    .iter()
                    .zip(judged.left)
                    .map(|(run, left)| arms.arm(setting, run, left))
                    .collect(),
                over_time: over_time.map(shares).collect(),
            };
            arms.cases.push(case);
        }
    }
    Ok(arms)
}

fn harm(model: &LoadedModel, names: &[String]) -> Result<Vec<Harm>, StepError> {
    let outputs = names.iter().map(|name| {
        let output = model.simulator.output(name)?;
        let info = &model.simulator.system().outputs()[output];
        Ok(Harm { output, name: info.name.clone(), unit: info.unit.clone() })
    });
    outputs.collect()
}

impl Arms {
    fn arm(&self, setting: &Setting<'_>, run: &Trajectory, left: f64) -> Arm {
        let units = &setting.model.model.units;
        let lowest = self.lowest.iter().map(|harm| {
            let low = run.outputs.column(harm.output).fold(f64::INFINITY, f64::min);
            units.from_internal(low, &harm.unit)
        });
        let last = self.last.iter().map(|harm| {
            let y = run.outputs.get(self.days.len() - 1, harm.output).unwrap_or(f64::NAN);
            units.from_internal(y, &harm.unit)
        });
        Arm { left, lowest: lowest.collect(), last: last.collect() }
    }
}
