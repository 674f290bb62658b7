//! Survival had nobody changed treatment, where the change is decided at known moments: weights by the
//! probability of each decision, and the two-stage method.
//!
//! Crossover is offered at progression, not at any time: a hazard of the switch, as the weights of
//! [`ipcw`](super::ipcw) take it, does not exist before and is all spent at one moment. What is decided
//! there has a probability, which is modelled by what was known.

use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::cox::{Coefficient, Cox};
use super::data::{Groups, SurvivalData, same_length};
use super::parametric::{Aft, AftFamily};
use crate::error::{
    Asked, Contradiction, NoAnswer, OutcomeError, not_determined, not_negative, within,
};

/// One moment at which a patient might have changed treatment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// When.
    pub at: f64,
    /// Whether the patient did.
    pub switched: bool,
    /// What was known then and bears on both the decision and survival.
    pub covariates: Vec<f64>,
}

/// A patient of the arm whose patients may change treatment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlPatient {
    /// Time to the event or to censoring.
    pub time: f64,
    /// Whether it was the event.
    pub event: bool,
    /// Time from randomisation to the end of the study, when the patient would have been censored.
    pub end_of_study: f64,
    /// The decisions, in order of time; a switch is the last.
    pub decisions: Vec<Decision>,
}

/// Result of weighting by decisions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IpcwByDecision {
    /// Hazard ratio of the experimental arm, with errors robust by patient.
    pub arm: Coefficient,
    /// The model of the switch: intercept and coefficients of the log odds, by name.
    pub switch_model: Vec<(String, f64)>,
    /// Largest weight; far above 10 means that few patients carry the answer.
    pub largest_weight: f64,
    /// Sum of the weights of those who remain over the number of decisions: near 1 when the model of the switch
    /// fits.
    pub mean_weight: f64,
}

/// Compares the arms with switchers censored when they switch and those who do not weighted from then on by
/// the inverse of their probability to remain (Robins and Finkelstein 2000, Biometrics 56:779):
///
/// ```text
/// w = Π 1/(1 − p(x)),   ln p/(1 − p) = β₀ + xᵀβ  (pooled over all decisions)
/// ```
///
/// Whoever remains stands for those who switched too. Weights stabilised by a share of switchers would not do:
/// they would count those whose decision lies behind them less than those who have none yet, and these are not
/// alike. (For the same reason plain censoring misleads even where only chance decides.) Unbiased where x is all
/// that decides about both the switch and survival and where nobody is certain to switch.
///
/// # Errors
/// Decisions out of order, covariates that do not fit; not determined where nobody or everybody switched or where
/// the covariates tell switchers and others apart without fail; what a Cox model refuses.
pub fn ipcw_by_decision(
    experimental: &SurvivalData,
    control: &[ControlPatient],
    names: &[&str],
) -> Result<IpcwByDecision, OutcomeError> {
    check(control, names)?;
    let decisions: Vec<&Decision> = control.iter().flat_map(|p| &p.decisions).collect();
    let rows: Vec<&[f64]> = decisions.iter().map(|d| d.covariates.as_slice()).collect();
    let switched: Vec<bool> = decisions.iter().map(|d| d.switched).collect();
    let beta = logistic(&rows, &switched)?;

    let (mut start, mut time, mut event, mut arm, mut weight, mut who) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut add = |from: f64, to: f64, died: bool, experimental: bool, w: f64, name: String| {
        // A time of 0 has no interval at risk.
        if to > from {
            start.push(from);
            time.push(to);
            event.push(died);
            arm.push(f64::from(u8::from(experimental)));
            weight.push(w);
            who.push(name);
        }
    };
    let (mut largest_weight, mut once) = (1.0_f64, 0.0);
    for (k, p) in control.iter().enumerate() {
        let (mut from, mut w) = (0.0, 1.0);
        let mut followed = true;
        for d in &p.decisions {
            add(from, d.at, false, false, w, format!("c{k}"));
            from = d.at;
            if d.switched {
                followed = false;
                break;
            }
            let remains = 1.0 - probability(&beta, &d.covariates);
            w /= remains;
            once += 1.0 / remains;
            largest_weight = largest_weight.max(w);
        }
        if followed {
            add(from, p.time, p.event, false, w, format!("c{k}"));
        }
    }
    for k in 0..experimental.len() {
        let (to, died) = (experimental.time()[k], experimental.event()[k]);
        add(0.0, to, died, true, 1.0, format!("e{k}"));
    }
    let data = SurvivalData::new(time, event)?;
    let cluster = Groups::by_appearance(&who);
    let fit = Cox::new(&data)
        .covariate("experimental", &arm)
        .entry(&start)
        .weights(&weight)
        .cluster(&cluster)
        .fit()?;
    let names = std::iter::once("(intercept)").chain(names.iter().copied()).map(str::to_owned);
    Ok(IpcwByDecision {
        arm: fit.coefficients[0].clone(),
        switch_model: names.zip(beta).collect(),
        largest_weight,
        mean_weight: once / switched.len().max(1) as f64,
    })
}

/// Result of the two-stage method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TwoStage {
    /// By which the switch multiplies what is left of life, from the decision on.
    pub time_ratio: f64,
    /// Hazard ratio of the experimental arm over the control arm without switching.
    pub hazard_ratio: f64,
    /// Its interval, the percentiles of bootstrap samples of patients over both stages; none where more than one
    /// in ten of them has no answer.
    pub hazard_ratio_interval: Option<(f64, f64)>,
}

/// Options of [`two_stage`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoStageOptions {
    /// Censor those who had a decision where a switch would have had them censored had it come: the censoring is
    /// then independent of the switch, at the price of information (Latimer 2019, Stat Methods Med Res 28:2475).
    pub recensor: bool,
    /// Bootstrap samples.
    pub samples: usize,
    /// Seed of them.
    pub seed: u64,
    /// Level of the interval.
    pub level: f64,
}

impl Default for TwoStageOptions {
    fn default() -> Self {
        Self { recensor: true, samples: 200, seed: 1, level: 0.95 }
    }
}

/// The two-stage method (Latimer 2014, Med Decis Making 34:387; 2017, Stat Methods Med Res 26:724). From the
/// (last) decision on, the secondary baseline, time is Weibull, `ln T = β₀ + γ·switched + xᵀβ + σε`: the switch
/// multiplies it by `e^γ`. The rest of a switcher's life, divided by that, is what it would have been; then the
/// arms are compared as they are. Unbiased where x is all that decides about both the switch and survival.
///
/// # Errors
/// As [`ipcw_by_decision`]; what the accelerated failure time model and the Cox model refuse.
pub fn two_stage(
    experimental: &SurvivalData,
    control: &[ControlPatient],
    names: &[&str],
    options: TwoStageOptions,
) -> Result<TwoStage, OutcomeError> {
    check(control, names)?;
    let all: Vec<&ControlPatient> = control.iter().collect();
    let treated: Vec<usize> = (0..experimental.len()).collect();
    let (time_ratio, hazard_ratio) = stages(experimental, &treated, &all, names, options.recensor)?;
    let mut generator = ChaCha8Rng::seed_from_u64(options.seed);
    let mut found = Vec::with_capacity(options.samples);
    for _ in 0..options.samples {
        let some: Vec<&ControlPatient> =
            (0..all.len()).map(|_| all[generator.random_range(0..all.len())]).collect();
        let others: Vec<usize> =
            (0..treated.len()).map(|_| generator.random_range(0..treated.len())).collect();
        if let Ok((_, ratio)) = stages(experimental, &others, &some, names, options.recensor) {
            found.push(ratio);
        }
    }
    found.sort_by(f64::total_cmp);
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index within the samples"
        )]
        let place = (share * (found.len().saturating_sub(1)) as f64).round() as usize;
        found.get(place).copied()
    };
    let tail = 0.5 * (1.0 - options.level);
    let enough = found.len() * 10 >= options.samples * 9 && !found.is_empty();
    let hazard_ratio_interval = at(tail).zip(at(1.0 - tail)).filter(|_| enough);
    Ok(TwoStage { time_ratio, hazard_ratio, hazard_ratio_interval })
}

/// The ratio of times by the switch, and the hazard ratio without it.
fn stages(
    experimental: &SurvivalData,
    treated: &[usize],
    control: &[&ControlPatient],
    names: &[&str],
    recensor: bool,
) -> Result<(f64, f64), OutcomeError> {
    let second: Vec<(&ControlPatient, &Decision)> = control
        .iter()
        .filter_map(|p| p.decisions.last().map(|d| (*p, d)))
        .filter(|(p, d)| p.time > d.at)
        .collect();
    let switched: Vec<f64> = second.iter().map(|(_, d)| f64::from(u8::from(d.switched))).collect();
    if switched.iter().all(|s| *s < 0.5) || switched.iter().all(|s| *s > 0.5) {
        return Err(one_sided());
    }
    let rest = SurvivalData::new(
        second.iter().map(|(p, d)| p.time - d.at).collect(),
        second.iter().map(|(p, _)| p.event).collect(),
    )?;
    let mut model = Aft::new(&rest, AftFamily::Weibull).covariate("switched", &switched);
    for (j, name) in names.iter().enumerate() {
        let column: Vec<f64> = second.iter().map(|(_, d)| d.covariates[j]).collect();
        model = model.covariate(*name, &column);
    }
    let factor = model.fit()?.coefficients[1].value.exp();

    let (mut time, mut event, mut label) = (Vec::new(), Vec::new(), Vec::new());
    for p in control {
        let (mut t, mut died) = (p.time, p.event);
        if let Some(d) = p.decisions.last() {
            if d.switched {
                t = d.at + (p.time - d.at).max(0.0) / factor;
            }
            let limit = d.at + (p.end_of_study - d.at).max(0.0) / factor.max(1.0);
            if recensor && t > limit {
                (t, died) = (limit, false);
            }
        }
        time.push(t);
        event.push(died);
        label.push("control");
    }
    for &k in treated {
        time.push(experimental.time()[k]);
        event.push(experimental.event()[k]);
        label.push("experimental");
    }
    let data = SurvivalData::new(time, event)?;
    let arms = Groups::with_order(&["control", "experimental"], &label)?;
    let fit = Cox::new(&data).groups(&arms).fit()?;
    Ok((factor, fit.coefficients[0].hazard_ratio()))
}

fn one_sided() -> OutcomeError {
    not_determined(Asked::SwitchModel, NoAnswer::SwitchedAlike)
}

/// p of a row, with the intercept first.
fn probability(beta: &[f64], x: &[f64]) -> f64 {
    let eta = beta[0] + beta[1..].iter().zip(x).map(|(b, x)| b * x).sum::<f64>();
    1.0 / (1.0 + (-eta).exp())
}

/// Logistic regression by Newton's method; intercept first.
fn logistic(rows: &[&[f64]], outcome: &[bool]) -> Result<Vec<f64>, OutcomeError> {
    if outcome.iter().all(|y| *y) || !outcome.iter().any(|y| *y) {
        return Err(one_sided());
    }
    let m = rows.first().map_or(0, |r| r.len()) + 1;
    // Scaled, so that one bound on the coefficients serves all covariates.
    let n = rows.len() as f64;
    let moments: Vec<(f64, f64)> = (0..m - 1)
        .map(|j| {
            let mean = rows.iter().map(|r| r[j]).sum::<f64>() / n;
            let sd = (rows.iter().map(|r| (r[j] - mean).powi(2)).sum::<f64>() / n).sqrt();
            (mean, sd)
        })
        .collect();
    if moments.iter().any(|(mean, sd)| *sd <= 1e-12 * mean.abs().max(1e-300)) {
        return Err(not_determined(Asked::SwitchModel, NoAnswer::ConstantCovariate));
    }
    let design = DMatrix::from_fn(rows.len(), m, |i, j| match j.checked_sub(1) {
        None => 1.0,
        Some(j) => (rows[i][j] - moments[j].0) / moments[j].1,
    });
    let mut beta = DVector::<f64>::zeros(m);
    for _ in 0..50 {
        let p = (&design * &beta).map(|eta: f64| 1.0 / (1.0 + (-eta).exp()));
        let miss = DVector::from_fn(rows.len(), |i, _| f64::from(u8::from(outcome[i])) - p[i]);
        let weighted = DMatrix::from_fn(rows.len(), m, |i, j| design[(i, j)] * p[i] * (1.0 - p[i]));
        let information = design.transpose() * weighted;
        let Some(step) = information.cholesky().map(|c| c.solve(&(design.transpose() * miss)))
        else {
            break;
        };
        beta += &step;
        // Log odds of 20 per standard deviation are certainty: the likelihood has no maximum.
        if beta.amax() > 20.0 || !beta.amax().is_finite() {
            break;
        }
        if step.amax() < 1e-10 {
            let mut own: Vec<f64> = vec![beta[0]];
            for (j, (mean, sd)) in moments.iter().enumerate() {
                own.push(beta[j + 1] / sd);
                own[0] -= beta[j + 1] * mean / sd;
            }
            return Ok(own);
        }
    }
    Err(not_determined(Asked::SwitchModel, NoAnswer::SeparatedSwitch))
}

fn check(control: &[ControlPatient], names: &[&str]) -> Result<(), OutcomeError> {
    if control.is_empty() {
        return Err(OutcomeError::Empty { what: "the control arm".to_owned() });
    }
    for (i, p) in control.iter().enumerate() {
        let n = i + 1;
        not_negative(format!("time of patient {n}"), p.time, "")?;
        let end = p.end_of_study;
        let good = end >= p.time * (1.0 - 1e-9);
        within(
            format!("end of study of patient {n}"),
            end,
            "",
            good,
            "the time of the patient or later",
        )?;
        let mut before = 0.0;
        for (j, d) in p.decisions.iter().enumerate() {
            let of = format!("decision {} of patient {n}", j + 1);
            same_length(&format!("covariates of {of}"), d.covariates.len(), names.len())?;
            let good = d.at >= before && d.at <= p.time;
            within(of.clone(), d.at, "", good, "in order, and not after the time of the patient")?;
            for (name, x) in names.iter().zip(&d.covariates) {
                within(format!("`{name}` of {of}"), *x, "", x.is_finite(), "a finite number")?;
            }
            if d.switched && j + 1 < p.decisions.len() {
                let decision = j + 1;
                return Err(Contradiction::DecisionAfterSwitch { decision, patient: n }.into());
            }
            before = d.at;
        }
    }
    if !control.iter().any(|p| p.decisions.iter().any(|d| d.switched)) {
        return Err(not_determined(Asked::WithoutSwitch, NoAnswer::NobodySwitched));
    }
    Ok(())
}
