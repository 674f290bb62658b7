//! One exponential from one measurement under a population's prior.

use std::f64::consts::LN_2;

use lutetia_dose::Tia;
use lutetia_fit::{
    DerivedKind, ErrorModel, ExponentialForm, FitParameter, Observation, Prior, Problem,
    SumOfExponentials, fit,
};
use lutetia_units::significant;

use super::MapPrior;
use crate::NoIntegral;

/// One exponential from one measurement `(h, MBq, MBq)` under a population's prior: the maximum a posteriori, with the
/// standard error of the posterior. Without a prior on the amplitude the half-life stays the population's and the value
/// is Madsen's; the error then holds the scatter of both the population and the measurement.
///
/// # Errors
/// [`NoIntegral`]: nothing to weigh the prior with, no fit, a half-life above that of the nuclide.
pub fn map(
    region: &str,
    (time_h, activity_mbq, sd_mbq): (f64, f64, f64),
    prior: &MapPrior,
    physical_per_h: f64,
) -> Result<Tia, NoIntegral> {
    if !(activity_mbq > 0.0 && sd_mbq > 0.0) {
        return Err(NoIntegral::NothingToWeigh { region: region.to_owned(), activity_mbq, time_h });
    }
    let decay = if prior.biological { physical_per_h } else { 0.0 };
    let curve = SumOfExponentials::new(ExponentialForm::mono(), decay, &[time_h])?;
    let rate = LN_2 / prior.half_life_h;
    let start = activity_mbq * ((rate + decay) * time_h).exp();
    let mut amplitude = FitParameter::log("a1", start);
    amplitude.prior = prior.amplitude.map(|(median, cv)| Prior::log_normal(median, cv));
    let lambda = FitParameter::log("lambda1", rate).with_prior(Prior::log_normal(rate, prior.cv));
    let data = vec![Observation::with_sd(region, activity_mbq, sd_mbq)];
    let mut problem = Problem::new(&curve, data, ErrorModel::Known, vec![amplitude, lambda]);
    problem.options.random_starts = 4;
    let found = fit(&problem)?;
    let tia = found.derived(DerivedKind::Tia).ok_or(NoIntegral::DoesNotFall)?;
    if !tia.determined.is_determined() {
        return Err(NoIntegral::NotDetermined(tia.determined.clone()));
    }
    // The prior of an effective half-life does not know the nuclide; what it makes of the measurement must.
    let half_life = found.derived(DerivedKind::EffectiveHalfLife).map(|d| d.value);
    let physical_h = LN_2 / physical_per_h;
    if let Some(half_life_h) = half_life.filter(|h| *h > physical_h * (1.0 + 1e-6)) {
        return Err(NoIntegral::SlowPosterior { half_life_h, physical_h });
    }
    let kind = if prior.biological { "biological" } else { "effective" };
    let method = format!(
        "one point, maximum a posteriori, prior {kind} half-life {} h ± {} %",
        significant(prior.half_life_h, 3),
        significant(100.0 * prior.cv, 3)
    );
    Ok(Tia::new(region, tia.value, tia.se, None, &method)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prior(biological: bool, amplitude: Option<(f64, f64)>) -> MapPrior {
        MapPrior { biological, half_life_h: 50.0, cv: 0.25, amplitude, error: 0.1 }
    }

    const PHYSICAL: f64 = 0.004_346_7;

    #[test]
    fn exact_without_a_prior_on_the_amplitude_it_is_madsen() {
        let (t, y, sd) = (72.0, 40.0, 4.0);
        let k = std::f64::consts::LN_2 / 50.0;
        let found = map("kidneys", (t, y, sd), &prior(false, None), PHYSICAL).expect("a value");
        let value = y * (k * t).exp() / k;
        // The search ends within 1e-7 standard errors (about 10 %).
        assert!((found.value_mbq_h() / value - 1.0).abs() < 1e-6, "{found:?}");
        // ln Ã = ln y + k t − ln k: the measurement and (k t − 1) times the scatter of ln k.
        let of_rate = (k * t - 1.0) * (1.0_f64 + 0.25 * 0.25).ln().sqrt();
        let expected = value * (0.1_f64 * 0.1 + of_rate * of_rate).sqrt();
        assert!((found.sd_mbq_h().expect("an SD") / expected - 1.0).abs() < 1e-5);
        // A biological half-life adds the decay: the effective one is shorter than both.
        let found = map("kidneys", (t, y, sd), &prior(true, None), PHYSICAL).expect("a value");
        let k = k + PHYSICAL;
        assert!((found.value_mbq_h() / (y * (k * t).exp() / k) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn val_with_a_prior_on_the_amplitude_beside_a_search_by_hand() {
        // The posterior of (ln a, ln k) on a fine grid.
        let (t, y, sd) = (96.0, 20.0, 2.0);
        let (median, cv) = (120.0, 0.4);
        let found =
            map("kidneys", (t, y, sd), &prior(false, Some((median, cv))), PHYSICAL).expect("one");
        let (sa, sk) = ((1.0 + cv * cv).ln().sqrt(), (1.0_f64 + 0.25 * 0.25).ln().sqrt());
        let k0 = std::f64::consts::LN_2 / 50.0;
        let mut best = (f64::INFINITY, 0.0);
        for i in -400..=400 {
            for j in -400..=400 {
                let (u, v) = (f64::from(i) * 0.002, f64::from(j) * 0.002);
                let (a, k) = (median * u.exp(), k0 * v.exp());
                let z = (y - a * (-k * t).exp()) / sd;
                let cost = z * z + (u / sa).powi(2) + (v / sk).powi(2);
                if cost < best.0 {
                    best = (cost, a / k);
                }
            }
        }
        // The grid knows each logarithm to 0.1 %.
        assert!((found.value_mbq_h() / best.1 - 1.0).abs() < 3e-3, "{found:?} {best:?}");
        // The measurement is low for the population: the value lies below Madsen's.
        let madsen = y * (k0 * t).exp() / k0;
        assert!(found.value_mbq_h() > madsen * 0.8 && (found.value_mbq_h() - madsen).abs() > 1.0);
        assert!(map("kidneys", (t, 0.0, 1.0), &prior(false, None), PHYSICAL).is_err());
    }
}
