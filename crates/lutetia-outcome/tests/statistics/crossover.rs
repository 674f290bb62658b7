//! Crossover with a known truth.

use lutetia_outcome::survival::{
    ControlPatient, ControlPiece, Cox, Decision, Groups, RpsftmOptions, SurvivalData,
    SwitchingPatient, TwoStageOptions, ipcw, ipcw_by_decision, rpsftm, two_stage,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::close;

fn exponential(rng: &mut ChaCha8Rng, rate: f64) -> f64 {
    -(1.0 - rng.random::<f64>()).ln() / rate
}

/// A trial in which treatment multiplies time by `e^{−ψ}` and controls switch at progression, half
/// of the time without treatment after randomisation.
fn trial(psi: f64, switching: f64, n: usize, seed: u64) -> Vec<SwitchingPatient> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n)
        .map(|i| {
            let u = exponential(&mut rng, 1.0 / 12.0);
            let end = 24.0 + 12.0 * rng.random::<f64>();
            let experimental = i % 2 == 0;
            let switches = !experimental && rng.random::<f64>() < switching;
            // Untreated time before treatment starts.
            let off = if experimental {
                0.0
            } else if switches {
                0.5 * u
            } else {
                u
            };
            let whole = off + (u - off) * (-psi).exp();
            let time = whole.min(end);
            SwitchingPatient {
                experimental,
                time,
                event: whole <= end,
                time_on_treatment: (time - off).max(0.0),
                end_of_study: end,
            }
        })
        .collect()
}

/// ψ = −0.6, 60 % of controls switch: g-estimation finds ψ, and the hazard ratio of exponential
/// times, e^ψ, which the comparison as randomised does not.
#[test]
fn prop_rpsftm_finds_its_truth() {
    let patients = trial(-0.6, 0.6, 1600, 5);
    let found = rpsftm(&patients, RpsftmOptions::default()).expect("a psi");
    let (lower, upper) = (found.lower.expect("reached"), found.upper.expect("reached"));
    assert!(lower < -0.6 && -0.6 < upper, "{lower} to {upper}");
    close(found.psi, -0.6, 0.25);
    close(found.time_ratio, (-found.psi).exp(), 1e-12);
    let (low, high) = found.hazard_ratio_interval.expect("z is not 0");
    assert!(low < f64::exp(-0.6) && f64::exp(-0.6) < high, "{low} to {high}");
    // As randomised the benefit is diluted.
    let data = SurvivalData::new(
        patients.iter().map(|p| p.time).collect(),
        patients.iter().map(|p| p.event).collect(),
    )
    .expect("data");
    let arm: Vec<f64> = patients.iter().map(|p| f64::from(p.experimental)).collect();
    let diluted = Cox::new(&data).covariate("arm", &arm).fit().expect("a fit");
    assert!(diluted.coefficients[0].hazard_ratio() > found.hazard_ratio);
    // The p-value as randomised is kept: an interval touches 1 only if |z| < 1.96.
    assert_eq!(found.intention_to_treat_z.abs() > 1.96, high < 1.0);
}

/// Over many trials without an effect ψ is near 0 on average, and its 95 % interval holds 0 in at
/// least 17 of 20 (probability 98 % if it is true to its level).
#[test]
fn prop_rpsftm_of_no_effect() {
    let (mut covered, mut sum) = (0, 0.0);
    for seed in 0..20 {
        let found = rpsftm(&trial(0.0, 0.5, 300, 100 + seed), RpsftmOptions::default());
        let found = found.expect("a psi");
        sum += found.psi;
        let low = found.lower.unwrap_or(f64::NEG_INFINITY);
        let high = found.upper.unwrap_or(f64::INFINITY);
        covered += usize::from(low <= 0.0 && 0.0 <= high);
    }
    assert!(covered >= 17, "{covered} of 20");
    // One ψ has an error of about 0.2; the mean of 20, 0.05.
    close(sum / 20.0, 0.0, 0.15);
}

#[test]
fn exact_patients_that_cannot_be() {
    let good = trial(-0.3, 0.5, 20, 1);
    let with = |change: &dyn Fn(&mut SwitchingPatient)| {
        let mut patients = good.clone();
        change(&mut patients[1]);
        rpsftm(&patients, RpsftmOptions::default()).expect_err("refused").to_string()
    };
    assert!(
        with(&|p| p.time_on_treatment = p.time + 1.0).contains("time on treatment of patient 2")
    );
    assert!(with(&|p| p.end_of_study = 0.5 * p.time).contains("end of study of patient 2"));
    assert!(with(&|p| p.time = f64::NAN).contains("time of patient 2"));
    let one_arm: Vec<_> = good.iter().copied().filter(|p| p.experimental).collect();
    let refused = rpsftm(&one_arm, RpsftmOptions::default()).expect_err("refused").to_string();
    assert!(refused.contains("group `control` has no patients"), "{refused}");
}

/// No effect of treatment; a risk factor doubles death and makes switching likely. Censoring at the
/// switch flatters the control arm, weights remove it.
#[test]
fn prop_ipcw_removes_informative_censoring() {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let (mut time, mut event, mut control) = (Vec::new(), Vec::new(), Vec::new());
    let (mut naive_time, mut naive_event, mut naive_arm) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..3000 {
        let risk = f64::from(rng.random::<f64>() < 0.5);
        let death = exponential(&mut rng, 0.05 * f64::exp(1.2 * risk));
        let stop = death.min(24.0);
        if i % 2 == 0 {
            time.push(stop);
            event.push(death <= 24.0);
            naive_time.push(stop);
            naive_event.push(death <= 24.0);
            naive_arm.push(1.0);
        } else {
            let switch = exponential(&mut rng, 0.02 * f64::exp(2.0 * risk));
            let end = stop.min(switch);
            let (switched, died) = (switch < stop, death <= 24.0 && death <= switch);
            // Two pieces, as after a visit.
            let middle = 0.5 * end;
            let piece = |start, stop, event, switched| ControlPiece {
                patient: i,
                start,
                stop,
                event,
                switched,
                covariates: vec![risk],
            };
            control.push(piece(0.0, middle, false, false));
            control.push(piece(middle, end, died, switched));
            naive_time.push(end);
            naive_event.push(died);
            naive_arm.push(0.0);
        }
    }
    let naive = SurvivalData::new(naive_time, naive_event).expect("data");
    let naive = Cox::new(&naive).covariate("arm", &naive_arm).fit().expect("a fit");
    let naive = &naive.coefficients[0];
    let experimental = SurvivalData::new(time, event).expect("data");
    let found = ipcw(&experimental, &control, &["risk"]).expect("weights");
    assert!(naive.value > 3.0 * naive.standard_error, "{} {}", naive.value, naive.standard_error);
    assert!(found.arm.value.abs() < 2.5 * found.arm.standard_error, "{:?}", found.arm);
    assert!(found.arm.value.abs() < 0.5 * naive.value);
    close(found.switch_model.coefficients[0].value, 2.0, 0.3);
    close(found.mean_weight, 1.0, 0.1);
    assert!(found.largest_weight > 1.0 && found.largest_weight < 20.0);
}

/// With a covariate that says nothing the weights are 1, and the answer is that of censoring.
#[test]
fn exact_ipcw_of_a_covariate_that_says_nothing() {
    // Pairs that mirror each other in the covariate: the model of the switch has β = 0.
    let mut control = Vec::new();
    for (i, (stop, event, switched)) in
        [(2.0, true, false), (3.0, false, true), (5.0, true, false), (6.0, false, false)]
            .into_iter()
            .enumerate()
    {
        for x in [0.0, 1.0] {
            control.push(ControlPiece {
                patient: 2 * i + usize::from(x > 0.5),
                start: 0.0,
                stop,
                event,
                switched,
                covariates: vec![x],
            });
        }
    }
    let experimental =
        SurvivalData::new(vec![2.5, 4.0, 6.5, 7.0], vec![true, false, true, true]).expect("data");
    let found = ipcw(&experimental, &control, &["x"]).expect("weights");
    close(found.largest_weight, 1.0, 0.05);
    let mut time: Vec<f64> = control.iter().map(|p| p.stop).collect();
    let mut event: Vec<bool> = control.iter().map(|p| p.event).collect();
    let mut label = vec!["c"; time.len()];
    time.extend_from_slice(experimental.time());
    event.extend_from_slice(experimental.event());
    label.extend(["e"; 4]);
    let data = SurvivalData::new(time, event).expect("data");
    let cox = Cox::new(&data).groups(&Groups::by_appearance(&label)).fit().expect("a fit");
    close(found.arm.value, cox.coefficients[0].value, 0.02);

    for piece in &mut control {
        piece.switched = false;
    }
    let refused = ipcw(&experimental, &control, &["x"]).expect_err("refused").to_string();
    assert!(refused.contains("nobody switched"), "{refused}");
    control[0].stop = 0.0;
    assert!(ipcw(&experimental, &control, &["x"]).is_err());
    assert!(ipcw(&experimental, &[], &["x"]).is_err());
}

/// A trial in which controls decide once, after a third of their life without the switch; a risk factor shortens
/// life and makes the switch likely; the switch multiplies the rest of life by `ratio`, as treatment does the whole.
/// Also the times of the controls had nobody switched.
fn decided(ratio: f64, n: usize, seed: u64) -> (SurvivalData, Vec<ControlPatient>, SurvivalData) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let end = 40.0;
    let (mut time, mut event, mut control) = (Vec::new(), Vec::new(), Vec::new());
    let (mut truth_time, mut truth_event) = (Vec::new(), Vec::new());
    for i in 0..n {
        let risk = f64::from(rng.random::<f64>() < 0.5);
        // Weibull of shape 1.5, which scaling keeps.
        let life =
            16.0 * f64::exp(-0.8 * risk) * (-(1.0 - rng.random::<f64>()).ln()).powf(1.0 / 1.5);
        if i % 2 == 0 {
            time.push((ratio * life).min(end));
            event.push(ratio * life <= end);
            continue;
        }
        truth_time.push(life.min(end));
        truth_event.push(life <= end);
        let at = life / 3.0;
        let odds = 0.5 * f64::exp(2.0 * risk);
        let switched = rng.random::<f64>() < odds / (1.0 + odds);
        let whole = at + (life - at) * if switched { ratio } else { 1.0 };
        let decisions = if at < end {
            vec![Decision { at, switched, covariates: vec![risk] }]
        } else {
            Vec::new()
        };
        control.push(ControlPatient {
            time: whole.min(end),
            event: whole <= end,
            end_of_study: end,
            decisions,
        });
    }
    let data = |t, e| SurvivalData::new(t, e).expect("data");
    (data(time, event), control, data(truth_time, truth_event))
}

fn log_ratio(experimental: &SurvivalData, control: &SurvivalData) -> f64 {
    let all = |a: &[f64], b: &[f64]| [a, b].concat();
    let event = [experimental.event(), control.event()].concat();
    let data = SurvivalData::new(all(experimental.time(), control.time()), event).expect("data");
    let arm = all(&vec![1.0; experimental.len()], &vec![0.0; control.len()]);
    Cox::new(&data).covariate("arm", &arm).fit().expect("a fit").coefficients[0].value
}

#[test]
fn prop_weights_by_decision_remove_informative_censoring() {
    let (experimental, control, truth) = decided(1.6, 4000, 8);
    let truth = log_ratio(&experimental, &truth);
    let (time, event) = control
        .iter()
        .map(|p| match p.decisions.first() {
            Some(d) if d.switched => (d.at, false),
            _ => (p.time, p.event),
        })
        .unzip();
    let naive = log_ratio(&experimental, &SurvivalData::new(time, event).expect("data"));
    let found = ipcw_by_decision(&experimental, &control, &["risk"]).expect("weights");
    // The log odds of the switch by the risk, standard error about 0.1.
    close(found.switch_model[1].1, 2.0, 0.4);
    close(found.switch_model[0].1, 0.5_f64.ln(), 0.3);
    close(found.mean_weight, 1.0, 0.05);
    // Of the truth's own patients: within 2.5 standard errors, and censoring is not.
    let error = found.arm.standard_error;
    assert!((found.arm.value - truth).abs() < 2.5 * error, "{} {truth} {error}", found.arm.value);
    assert!((naive - truth).abs() > 2.5 * error, "{naive} {truth} {error}");
}

/// Where half switch with the covariate and half without it, it says nothing, and who remains counts twice.
#[test]
fn exact_decisions_by_a_coin_make_who_remains_count_twice() {
    let control: Vec<ControlPatient> = (0..80)
        .map(|i| ControlPatient {
            time: 10.0 + f64::from(i),
            event: i % 3 > 0,
            end_of_study: 100.0,
            decisions: vec![Decision {
                at: 3.0 + 0.5 * f64::from(i),
                switched: i % 4 < 2,
                covariates: vec![f64::from(i % 2)],
            }],
        })
        .collect();
    let times: Vec<f64> = (0..80).map(|i| 12.1 + 1.3 * f64::from(i)).collect();
    let experimental = SurvivalData::new(times.clone(), vec![true; 80]).expect("data");
    let found = ipcw_by_decision(&experimental, &control, &["x"]).expect("weights");
    close(found.switch_model[1].1, 0.0, 1e-9);
    close(found.largest_weight, 2.0, 1e-9);
    close(found.mean_weight, 1.0, 1e-9);
    // Put together by hand.
    let (mut entry, mut time, mut event) = (vec![0.0; 80], times, vec![true; 80]);
    let (mut arm, mut weight) = (vec![1.0; 80], vec![1.0; 80]);
    for p in &control {
        let d = &p.decisions[0];
        entry.push(0.0);
        time.push(d.at);
        event.push(false);
        weight.push(1.0);
        arm.push(0.0);
        if !d.switched {
            entry.push(d.at);
            time.push(p.time);
            event.push(p.event);
            weight.push(2.0);
            arm.push(0.0);
        }
    }
    let data = SurvivalData::new(time, event).expect("data");
    let fit = Cox::new(&data).covariate("arm", &arm).entry(&entry).weights(&weight).fit();
    close(found.arm.value, fit.expect("a fit").coefficients[0].value, 1e-9);
}

#[test]
fn prop_two_stages_find_their_truth() {
    let (experimental, control, truth) = decided(1.6, 3000, 8);
    let truth = log_ratio(&experimental, &truth);
    let options = TwoStageOptions { samples: 30, ..TwoStageOptions::default() };
    let found = two_stage(&experimental, &control, &["risk"], options).expect("two stages");
    // What is left after a third of a Weibull life is Weibull: the model is true, and with 1500 controls the
    // standard error of ln of the ratio is about 0.04.
    close(found.time_ratio.ln(), 1.6_f64.ln(), 0.12);
    let (low, high) = found.hazard_ratio_interval.expect("an interval");
    assert!(low < found.hazard_ratio && found.hazard_ratio < high, "{found:?}");
    // A standard error of 0.04 for each stage.
    assert!((found.hazard_ratio.ln() - truth).abs() < 0.12, "{found:?} {truth}");
    // Nothing done by the switch is found as nothing.
    let (experimental, control, _) = decided(1.0, 3000, 9);
    let options = TwoStageOptions { samples: 0, ..options };
    let found = two_stage(&experimental, &control, &["risk"], options).expect("two stages");
    assert!(found.hazard_ratio_interval.is_none());
    close(found.time_ratio.ln(), 0.0, 0.12);
}

#[test]
fn exact_what_decisions_cannot_be() {
    let (experimental, good, _) = decided(1.0, 60, 3);
    let refused = |change: &dyn Fn(&mut Vec<ControlPatient>)| {
        let mut control = good.clone();
        change(&mut control);
        ipcw_by_decision(&experimental, &control, &["risk"]).expect_err("refused").to_string()
    };
    let all = |switched: bool| {
        move |control: &mut Vec<ControlPatient>| {
            for d in control.iter_mut().flat_map(|p| &mut p.decisions) {
                d.switched = switched;
            }
        }
    };
    assert!(refused(&all(false)).contains("nobody switched"));
    assert!(refused(&all(true)).contains("everybody"));
    let certain = refused(&|control| {
        for d in control.iter_mut().flat_map(|p| &mut p.decisions) {
            d.covariates[0] = if d.switched { 2.0 } else { 1.0 };
        }
    });
    assert!(certain.contains("without fail"), "{certain}");
    assert!(refused(&|c| c[1].decisions[0].at = 1e3).contains("decision 1 of patient 2"));
    assert!(
        refused(&|c| c[1].decisions[0].covariates.clear()).contains("covariates of decision 1")
    );
    assert!(refused(&|c| c[1].decisions[0].covariates[0] = f64::NAN).contains("`risk`"));
    assert!(refused(&|c| c[1].end_of_study = 0.0).contains("end of study of patient 2"));
    assert!(ipcw_by_decision(&experimental, &[], &["risk"]).is_err());
}
