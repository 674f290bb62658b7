//! Survival had nobody changed treatment: rank-preserving structural failure times and inverse
//! probability of censoring weights.

use serde::Serialize;

use super::cox::{Coefficient, Cox, CoxFit};
use super::data::{Groups, SurvivalData, same_length};
use super::log_rank::LogRank;
use crate::error::{
    Asked, Contradiction, NoAnswer, OutcomeError, not_determined, not_negative, within,
};
use crate::numeric::two_sided_z;

/// A randomised patient with the time spent on the experimental treatment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SwitchingPatient {
    /// Whether randomised to the experimental arm.
    pub experimental: bool,
    /// Time to the event or to censoring.
    pub time: f64,
    /// Whether it was the event.
    pub event: bool,
    /// Time of it on the experimental treatment: all in the experimental arm, what follows the
    /// switch in the control arm.
    pub time_on_treatment: f64,
    /// Time from randomisation to the end of the study, when the patient would have been censored.
    pub end_of_study: f64,
}

/// A rank-preserving structural failure time model (Robins and Tsiatis 1991).
///
/// Without the experimental treatment a patient would have had the event at
/// `U(ψ) = T_off + e^ψ T_on`; treatment multiplies the time spent on it by `e^{−ψ}`, so that a
/// negative ψ is a benefit. Since U does not depend on the arm, ψ is where the log-rank statistic of
/// U between the arms is zero, and its interval where that is within ± z. The effect is assumed to
/// be the same whenever the treatment starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rpsftm {
    /// ψ.
    pub psi: f64,
    /// Lower limit; none where the statistic does not get there within −3 to 3.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
    /// `e^{−ψ}`, by which treatment multiplies time.
    pub time_ratio: f64,
    /// Other roots of the statistic, if it crosses zero more than once.
    pub other_roots: Vec<f64>,
    /// Hazard ratio of the experimental arm against the control arm without switching.
    pub hazard_ratio: f64,
    /// Its interval, made so that the p-value is that of the comparison as randomised
    /// (`se = |ln HR/z|`); none when z is 0.
    pub hazard_ratio_interval: Option<(f64, f64)>,
    /// Log-rank z as randomised.
    pub intention_to_treat_z: f64,
    /// The control arm without switching.
    pub untreated_control: SurvivalData,
}

/// Options of [`rpsftm`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RpsftmOptions {
    /// Censor U at `min(C, C e^ψ)`, so that censoring does not depend on the treatment (White 1999);
    /// information is lost, bias is not gained.
    pub recensor: bool,
    /// Level of the intervals.
    pub level: f64,
}

impl Default for RpsftmOptions {
    fn default() -> Self {
        Self { recensor: true, level: 0.95 }
    }
}

/// Fits the model by g-estimation.
///
/// # Errors
/// Times that contradict each other, an arm without patients; not determined when no ψ between −3
/// and 3 balances the arms.
pub fn rpsftm(
    patients: &[SwitchingPatient],
    options: RpsftmOptions,
) -> Result<Rpsftm, OutcomeError> {
    for (i, p) in patients.iter().enumerate() {
        let n = i + 1;
        not_negative(format!("time of patient {n}"), p.time, "")?;
        let on = p.time_on_treatment;
        let good = (0.0..=p.time * (1.0 + 1e-9)).contains(&on);
        within(
            format!("time on treatment of patient {n}"),
            on,
            "",
            good,
            "0 to the time of the patient",
        )?;
        let end = p.end_of_study;
        let good = end >= p.time * (1.0 - 1e-9);
        within(
            format!("end of study of patient {n}"),
            end,
            "",
            good,
            "the time of the patient or later",
        )?;
    }
    let arms: Vec<&str> =
        patients.iter().map(|p| if p.experimental { "experimental" } else { "control" }).collect();
    let arms = Groups::with_order(&["control", "experimental"], &arms)?;
    let statistic = |psi: f64| -> Result<f64, OutcomeError> {
        let data = untreated(patients.iter(), psi, options.recensor)?;
        let z = LogRank::new(&data, &arms).test()?.z;
        z.ok_or_else(|| not_determined(Asked::LogRankStatistic, NoAnswer::OneArm))
    };
    let z = two_sided_z(options.level);
    let grid: Vec<(f64, f64)> = (-150..=150)
        .map(|i| f64::from(i) / 50.0)
        .filter_map(|psi| statistic(psi).ok().map(|value| (psi, value)))
        .collect();
    let crossings = |target: f64| -> Vec<f64> {
        grid.windows(2)
            .filter(|w| (w[0].1 > target) != (w[1].1 > target))
            .map(|w| refine(&statistic, target, w[0], w[1]))
            .collect()
    };
    let mut roots = crossings(0.0);
    if roots.is_empty() {
        return Err(not_determined(Asked::StructuralModel, NoAnswer::NoPsi));
    }
    // With several crossings the middle one, as the package rpsftm of R does not decide either.
    let psi = roots.remove(roots.len() / 2);
    let ends: Vec<f64> = [crossings(z), crossings(-z)].concat();
    let lower = ends
        .iter()
        .copied()
        .filter(|&e| e < psi)
        .fold(None, |m: Option<f64>, e| Some(m.map_or(e, |m| m.min(e))));
    let upper = ends
        .iter()
        .copied()
        .filter(|&e| e > psi)
        .fold(None, |m: Option<f64>, e| Some(m.map_or(e, |m| m.max(e))));
    let control = patients.iter().filter(|p| !p.experimental);
    let untreated_control = untreated(control, psi, options.recensor)?;
    let mut time = untreated_control.time().to_vec();
    let mut event = untreated_control.event().to_vec();
    let mut labels = vec!["control"; time.len()];
    for p in patients.iter().filter(|p| p.experimental) {
        time.push(p.time);
        event.push(p.event);
        labels.push("experimental");
    }
    let adjusted = SurvivalData::new(time, event)?;
    let labels = Groups::with_order(&["control", "experimental"], &labels)?;
    let ln_hr = Cox::new(&adjusted).groups(&labels).fit()?.coefficients[0].value;
    let observed = SurvivalData::new(
        patients.iter().map(|p| p.time).collect(),
        patients.iter().map(|p| p.event).collect(),
    )?;
    let itt = LogRank::new(&observed, &arms).test()?.z.unwrap_or(f64::NAN);
    let half = z * (ln_hr / itt).abs();
    Ok(Rpsftm {
        psi,
        lower,
        upper,
        time_ratio: (-psi).exp(),
        other_roots: roots,
        hazard_ratio: ln_hr.exp(),
        hazard_ratio_interval: half
            .is_finite()
            .then(|| ((ln_hr - half).exp(), (ln_hr + half).exp())),
        intention_to_treat_z: itt,
        untreated_control,
    })
}

fn untreated<'a>(
    patients: impl Iterator<Item = &'a SwitchingPatient>,
    psi: f64,
    recensor: bool,
) -> Result<SurvivalData, OutcomeError> {
    let factor = psi.exp();
    let (time, event) = patients
        .map(|p| {
            let on = p.time_on_treatment.min(p.time);
            let u = (p.time - on) + factor * on;
            let limit = if recensor { p.end_of_study * factor.min(1.0) } else { f64::INFINITY };
            (u.min(limit), p.event && u <= limit)
        })
        .unzip();
    SurvivalData::new(time, event)
}

/// Bisection between two points of the grid; the statistic is a step function, so the place of its
/// jump over the target is what is found.
fn refine(
    statistic: &dyn Fn(f64) -> Result<f64, OutcomeError>,
    target: f64,
    mut a: (f64, f64),
    mut b: (f64, f64),
) -> f64 {
    for _ in 0..30 {
        let middle = 0.5 * (a.0 + b.0);
        let Ok(value) = statistic(middle) else { return middle };
        let to = if (value > target) == (a.1 > target) { &mut a } else { &mut b };
        *to = (middle, value);
    }
    0.5 * (a.0 + b.0)
}

/// A piece of a control patient's time, with the covariates that held during it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlPiece {
    /// Who; pieces of one patient follow each other.
    pub patient: usize,
    /// Start of the piece.
    pub start: f64,
    /// End of the piece.
    pub stop: f64,
    /// Whether the event ended it.
    pub event: bool,
    /// Whether a switch to the experimental treatment ended it; the patient is not followed further.
    pub switched: bool,
    /// Covariates that decide about the switch and about survival.
    pub covariates: Vec<f64>,
}

/// Result of weighting for the censoring at the switch.
#[derive(Debug, Clone)]
pub struct Ipcw {
    /// Hazard ratio of the experimental arm, with errors robust by patient.
    pub arm: Coefficient,
    /// The model of the switch.
    pub switch_model: CoxFit,
    /// Largest stabilised weight; far above 10 means that few patients carry the answer.
    pub largest_weight: f64,
    /// Mean stabilised weight, near 1 when the model of the switch fits.
    pub mean_weight: f64,
}

/// Compares the arms with switchers censored at the switch and those who remain weighted by the
/// inverse of their probability to remain (Robins and Finkelstein 2000, Biometrics 56:779).
///
/// Weights are stabilised, `exp(−H(t))/exp(−H(t|x))`, with the hazard of switching from a Cox model
/// on the covariates. Unbiased when the covariates contain all that decides about both the switch
/// and survival, and nobody is certain to switch.
///
/// # Errors
/// Pieces that do not follow each other, nobody switched, covariates that do not fit; what a Cox
/// model refuses.
pub fn ipcw(
    experimental: &SurvivalData,
    control: &[ControlPiece],
    names: &[&str],
) -> Result<Ipcw, OutcomeError> {
    if control.is_empty() {
        return Err(OutcomeError::Empty { what: "the control arm".to_owned() });
    }
    check_pieces(control, names)?;
    if !control.iter().any(|p| p.switched) {
        return Err(not_determined(Asked::SwitchWeights, NoAnswer::NobodySwitched));
    }
    let switches = SurvivalData::new(
        control.iter().map(|p| p.stop).collect(),
        control.iter().map(|p| p.switched).collect(),
    )?;
    let starts: Vec<f64> = control.iter().map(|p| p.start).collect();
    let mut model = Cox::new(&switches).entry(&starts);
    for (j, name) in names.iter().enumerate() {
        let column: Vec<f64> = control.iter().map(|p| p.covariates[j]).collect();
        model = model.covariate(*name, &column);
    }
    let switch_model = model.fit()?;
    let beta: Vec<f64> = switch_model.coefficients.iter().map(|c| c.value).collect();
    let steps = increments(&switch_model.baseline_hazard(0));
    let marginal = nelson_aalen(control, &steps);

    let (mut start, mut time, mut event, mut arm, mut weight, mut who) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut patient, mut ln_weight) = (None, 0.0);
    for piece in control {
        if patient != Some(piece.patient) {
            (patient, ln_weight) = (Some(piece.patient), 0.0);
        }
        let risk: f64 = beta.iter().zip(&piece.covariates).map(|(b, x)| b * x).sum::<f64>().exp();
        // Cut at the times of switches, where the weight jumps.
        let mut from = piece.start;
        let inside = |t: f64| t > piece.start && t <= piece.stop;
        let jumps = steps.iter().zip(&marginal).filter(|((t, _), _)| inside(*t));
        for ((t, h), m) in jumps {
            start.push(from);
            time.push(*t);
            event.push(piece.event && *t >= piece.stop);
            arm.push(0.0);
            weight.push(f64::exp(ln_weight));
            who.push(format!("c{}", piece.patient));
            ln_weight += h * risk - m;
            from = *t;
        }
        if from < piece.stop {
            start.push(from);
            time.push(piece.stop);
            event.push(piece.event);
            arm.push(0.0);
            weight.push(f64::exp(ln_weight));
            who.push(format!("c{}", piece.patient));
        }
    }
    let rows = weight.len() as f64;
    let largest_weight = weight.iter().copied().fold(0.0, f64::max);
    let mean_weight = weight.iter().sum::<f64>() / rows;
    for i in 0..experimental.len() {
        // A time of 0 has no interval at risk.
        if experimental.time()[i] > 0.0 {
            start.push(0.0);
            time.push(experimental.time()[i]);
            event.push(experimental.event()[i]);
            arm.push(1.0);
            weight.push(1.0);
            who.push(format!("e{i}"));
        }
    }
    let data = SurvivalData::new(time, event)?;
    let cluster = Groups::by_appearance(&who);
    let fit = Cox::new(&data)
        .covariate("experimental", &arm)
        .entry(&start)
        .weights(&weight)
        .cluster(&cluster)
        .fit()?;
    let arm = fit.coefficients[0].clone();
    Ok(Ipcw { arm, switch_model, largest_weight, mean_weight })
}

fn check_pieces(control: &[ControlPiece], names: &[&str]) -> Result<(), OutcomeError> {
    for (i, piece) in control.iter().enumerate() {
        let n = i + 1;
        same_length(&format!("covariates of piece {n}"), piece.covariates.len(), names.len())?;
        let good = piece.start >= 0.0 && piece.start < piece.stop;
        within(
            format!("start of piece {n}"),
            piece.start,
            "",
            good,
            "0 or later and before its end",
        )?;
        let Some(next) = control.get(i + 1).filter(|next| next.patient == piece.patient) else {
            continue;
        };
        let what = format!("start of piece {} of one patient", n + 1);
        let gap = (next.start - piece.stop).abs() <= 1e-9 * piece.stop;
        within(what, next.start, "", gap, "the end of the piece before it")?;
        if piece.event || piece.switched {
            return Err(Contradiction::PieceAfterEnd { piece: n }.into());
        }
    }
    Ok(())
}

/// Jumps of a cumulative hazard, in the order of time.
fn increments(hazard: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut before = 0.0;
    let mut jumps = Vec::new();
    for &(t, h) in hazard {
        if h > before {
            jumps.push((t, h - before));
            before = h;
        }
    }
    jumps
}

/// Jumps of the hazard of switching without covariates, at the times of the steps.
fn nelson_aalen(control: &[ControlPiece], steps: &[(f64, f64)]) -> Vec<f64> {
    let jump = |t: f64| {
        // Times that differ by rounding are one, as in the Cox model of the steps.
        let near = |x: f64| (x - t).abs() <= 1e-8 * t;
        let at_risk = control.iter().filter(|p| p.start < t && (t <= p.stop || near(p.stop)));
        let switches = control.iter().filter(|p| p.switched && near(p.stop));
        switches.count() as f64 / at_risk.count() as f64
    };
    steps.iter().map(|&(t, _)| jump(t)).collect()
}
