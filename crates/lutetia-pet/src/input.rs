//! What reaches the tissue: whole blood, and the unchanged tracer in plasma.

use crate::{curve::Curve, error::PetError, frames::Frames};

/// How far a piece of the product of two lines may leave its chord, as a part of its largest value.
const CHORD: f64 = 1e-6;

/// Samples of blood as they were measured or modelled; each quantity has times of its own, min after injection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BloodSamples {
    /// Concentration in whole blood.
    pub whole_blood: Option<Curve>,
    /// Total concentration in plasma, metabolites included.
    pub plasma: Option<Curve>,
    /// Concentration in plasma over that in whole blood, where the plasma is not given.
    pub plasma_fraction: Option<Curve>,
    /// Unchanged tracer in plasma as a part of all activity in plasma, 0 to 1.
    pub parent_fraction: Option<Curve>,
    /// Unchanged tracer in plasma, where it is given outright.
    pub parent: Option<Curve>,
}

/// The input of a scan: the unchanged tracer in plasma, and the whole blood in the vessels of the tissue.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    parent: Curve,
    blood: Curve,
}

impl Input {
    /// An input of two curves.
    pub fn new(parent: Curve, blood: Curve) -> Self {
        Self { parent, blood }
    }

    /// The input that samples give:
    ///
    /// ```text
    /// C_P(t) = f_parent(t) · C_plasma(t),   C_plasma(t) = r(t) · C_B(t) where plasma was not measured
    /// ```
    ///
    /// Each factor is linear between its own samples; fractions are 1 (parent) or their first value (plasma) before the
    /// first sample and their last value after the last one. The product is followed to 1e-6 of its largest value.
    /// Without whole blood, the plasma stands for the blood in the vessels.
    ///
    /// # Errors
    /// Where the samples do not say what reaches the tissue, or a fraction is out of range: a parent fraction outside 0
    /// to 1, a plasma fraction that is not positive.
    pub fn of_samples(samples: &BloodSamples) -> Result<Self, PetError> {
        check("parent fraction", samples.parent_fraction.as_ref(), 1.0)?;
        check("plasma fraction", samples.plasma_fraction.as_ref(), f64::MAX)?;
        let plasma = match (&samples.plasma, &samples.whole_blood, &samples.plasma_fraction) {
            (Some(plasma), _, _) => Some(plasma.clone()),
            (None, Some(blood), Some(ratio)) => Some(product(blood, ratio, ratio.values()[0])?),
            _ => None,
        };
        let parent = match (&samples.parent, &plasma, &samples.parent_fraction) {
            (Some(parent), _, _) => parent.clone(),
            (None, Some(plasma), Some(fraction)) => {
                product(plasma, &beginning_at_one(fraction)?, 1.0)?
            }
            _ => return Err(PetError::NoInput),
        };
        let blood = samples.whole_blood.clone().or(plasma).unwrap_or_else(|| parent.clone());
        Ok(Self { parent, blood })
    }

    /// Unchanged tracer in plasma.
    pub fn parent(&self) -> &Curve {
        &self.parent
    }

    /// Whole blood.
    pub fn blood(&self) -> &Curve {
        &self.blood
    }

    /// Whether the input covers a scan: it begins at the injection or, with its delay, before the first frame, and ends at
    /// most a tenth of the scan, and never less than the last frame, before the scan does; the last value is held for
    /// that long.
    ///
    /// # Errors
    /// Where it does not.
    pub fn covers(&self, frames: &Frames, delay: f64) -> Result<(), PetError> {
        let list = frames.list();
        let (first, last) = (list[0], list[list.len() - 1]);
        let start = self.parent.start().max(self.blood.start());
        if start > 0.0 && start + delay > first.start {
            let input_min = start + delay;
            return Err(PetError::InputStartsLate { input_min, frame_min: first.start });
        }
        let input_min = self.parent.end().min(self.blood.end());
        let held_min = last.duration().max(0.1 * last.end);
        if input_min < last.end - held_min {
            return Err(PetError::InputEndsEarly { input_min, scan_min: last.end, held_min });
        }
        Ok(())
    }
}

/// Whether a fraction lies from 0 to `highest`.
fn check(what: &'static str, curve: Option<&Curve>, highest: f64) -> Result<(), PetError> {
    let outside = |v: &f64| *v < 0.0 || *v > highest;
    match curve.and_then(|c| c.values().iter().copied().find(outside)) {
        Some(value) => Err(PetError::Fraction { what, value, lowest: 0.0, highest }),
        None => Ok(()),
    }
}

/// A parent fraction that is 1 at the injection.
fn beginning_at_one(fraction: &Curve) -> Result<Curve, PetError> {
    if fraction.start() <= 0.0 {
        return Ok(fraction.clone());
    }
    let times = std::iter::once(0.0).chain(fraction.times().iter().copied()).collect();
    let values = std::iter::once(1.0).chain(fraction.values().iter().copied()).collect();
    Curve::new(times, values)
}

/// The product of a concentration and a fraction, which is `before` ahead of its first sample.
fn product(concentration: &Curve, fraction: &Curve, before: f64) -> Result<Curve, PetError> {
    let share = |t: f64| if t < fraction.start() { before } else { fraction.at(t) };
    let (from, to) = (concentration.start(), concentration.end());
    let mut knots: Vec<f64> = concentration.times().to_vec();
    knots.extend(fraction.times().iter().copied().filter(|t| *t > from && *t < to));
    // After its last sample the concentration is constant, and the fraction may still fall.
    knots.extend(fraction.times().iter().copied().filter(|t| *t > to));
    knots.sort_by(f64::total_cmp);
    knots.dedup_by(|a, b| a.total_cmp(b).is_eq());
    let peak = knots.iter().map(|&t| (concentration.at(t) * share(t)).abs()).fold(0.0, f64::max);
    let (mut times, mut values) = (Vec::new(), Vec::new());
    for (k, &t) in knots.iter().enumerate() {
        let (c, f) = (concentration.at(t), share(t));
        times.push(t);
        values.push(c * f);
        let Some(&next) = knots.get(k + 1) else { continue };
        // The product leaves its chord over 1/n of the piece by |Δc Δf|/(4n²).
        let bend = ((concentration.at(next) - c) * (share(next) - f)).abs() / 4.0;
        let pieces = (bend / (CHORD * peak).max(f64::MIN_POSITIVE)).sqrt().ceil().clamp(1.0, 1e3);
        for piece in 1..pieces as u32 {
            let t = t + (next - t) * f64::from(piece) / pieces;
            times.push(t);
            values.push(concentration.at(t) * share(t));
        }
    }
    Curve::new(times, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, f64)]) -> Curve {
        Curve::new(points.iter().map(|p| p.0).collect(), points.iter().map(|p| p.1).collect())
            .expect("a curve")
    }

    #[test]
    fn exact_metabolites_and_plasma_fraction_multiply() {
        let samples = BloodSamples {
            whole_blood: Some(curve(&[(0.0, 0.0), (1.0, 100.0), (60.0, 10.0)])),
            plasma_fraction: Some(curve(&[(0.0, 1.5), (60.0, 1.2)])),
            parent_fraction: Some(curve(&[(2.0, 0.9), (60.0, 0.2)])),
            ..BloodSamples::default()
        };
        let input = Input::of_samples(&samples).expect("an input");
        for t in [0.0_f64, 0.5, 1.0, 1.7, 13.0, 59.0, 60.0] {
            let blood = if t <= 1.0 { 100.0 * t } else { 100.0 - 90.0 * (t - 1.0) / 59.0 };
            let ratio = 1.5 - 0.3 * t / 60.0;
            let parent = if t <= 2.0 { 1.0 - 0.05 * t } else { 0.9 - 0.7 * (t - 2.0) / 58.0 };
            let (found, expected) = (input.parent().at(t), blood * ratio * parent);
            assert!((found - expected).abs() < 1e-3, "{t}: {found} {expected}");
            assert!((input.blood().at(t) - blood).abs() < 1e-12);
        }
    }

    #[test]
    fn exact_an_input_that_says_too_little_or_cannot_be_is_refused() {
        let blood = Some(curve(&[(0.0, 0.0), (60.0, 10.0)]));
        let only = BloodSamples { whole_blood: blood.clone(), ..BloodSamples::default() };
        assert_eq!(Input::of_samples(&only), Err(PetError::NoInput));
        let negative = BloodSamples {
            plasma: blood,
            parent_fraction: Some(curve(&[(0.0, 1.0), (30.0, -0.1)])),
            ..BloodSamples::default()
        };
        assert!(matches!(
            Input::of_samples(&negative),
            Err(PetError::Fraction { what: "parent fraction", value, .. }) if value < 0.0
        ));
    }
}
