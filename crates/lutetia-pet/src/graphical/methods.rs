//! The methods: what is plotted against what, and what the line means.

use super::line::{Line, Points, Quantity, Start, fit};
use crate::{
    error::PetError,
    frames::{TissueCurve, mean_integrals, means},
    input::Input,
};

/// Largest part of the area up to t* that may lie before the first frame, where nothing was measured.
const BEFORE: f64 = 0.05;

/// What a method with a blood input takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GraphicalInput<'a> {
    /// Blood and plasma.
    pub input: &'a Input,
    /// How much later the blood of the samples reaches the region, min.
    pub delay: f64,
    /// Fraction of the region that is blood; its activity is taken away first.
    pub blood_fraction: f64,
}

/// What a graphical method found.
#[derive(Debug, Clone, PartialEq)]
pub struct Graphical {
    /// The quantity of the method: V_T, K_i, or BP_ND.
    pub quantity: Quantity,
    /// The line it was read from.
    pub line: Line,
    /// What is plotted, for each frame: abscissa and ordinate (of MA1: measured and fitted concentration).
    pub plot: Vec<(f64, f64)>,
}

/// Mean concentrations of a region over its frames, with their running integrals.
struct Means {
    values: Vec<f64>,
    integrals: Vec<f64>,
}

impl Means {
    /// Of a region; the running integral needs all of the time since the injection.
    fn of(tissue: &TissueCurve) -> Result<Self, PetError> {
        if let Some(&(start_min, end_min)) = tissue.frames().gaps().first() {
            return Err(PetError::Gap { start_min, end_min });
        }
        let integrals = mean_integrals(&tissue.continuous()?, tissue.frames(), 0.0);
        Ok(Self { values: tissue.values().to_vec(), integrals })
    }

    /// Refuses a region whose area up to t* was for a good part not measured.
    fn whole(&self, tissue: &TissueCurve, line: &Line) -> Result<(), PetError> {
        let first = tissue.frames().list()[0];
        let unmeasured = 0.5 * first.start * self.values[0].abs();
        if unmeasured > BEFORE * self.integrals[line.first] {
            return Err(PetError::Gap { start_min: 0.0, end_min: first.start });
        }
        Ok(())
    }
}

/// The region without its blood.
fn region(tissue: &TissueCurve, with: GraphicalInput<'_>) -> Result<TissueCurve, PetError> {
    let value = with.blood_fraction;
    if !(0.0..1.0).contains(&value) {
        return Err(PetError::Fraction {
            what: "blood fraction",
            value,
            lowest: 0.0,
            highest: 1.0,
        });
    }
    with.input.covers(tissue.frames(), with.delay)?;
    Ok(tissue.without_blood(with.input.blood(), with.delay, value))
}

/// A plot of one ratio against another, with an intercept and equal weights: both axes carry the noise of the tissue, so
/// that weights of the tissue alone would not be inverse variances.
fn line(tissue: &TissueCurve, plot: &[(f64, f64)], start: Start) -> Result<Line, PetError> {
    let weights = tissue.weights().iter().map(|&w| f64::from(u8::from(w > 0.0))).collect();
    let points = Points {
        x: plot.iter().map(|p| vec![p.0, 1.0]).collect(),
        y: plot.iter().map(|p| p.1).collect(),
        weights,
    };
    let line = fit(&points, tissue.frames(), start)?;
    Ok(line)
}

/// Refuses a plot that divides by something which is not positive from t* on.
fn positive(
    what: &'static str,
    divisor: &[f64],
    tissue: &TissueCurve,
    line: &Line,
) -> Result<(), PetError> {
    let mut frames = tissue.frames().list().iter().zip(divisor).skip(line.first);
    match frames.find(|(_, v)| **v <= 0.0 || v.is_nan()) {
        Some((frame, &value)) => {
            Err(PetError::NotPositive { what, value, time_min: frame.middle() })
        }
        None => Ok(()),
    }
}

/// Logan's plot with a blood input: `∫C_T/C_T = V_T ∫C_P/C_T + b` for `t ≥ t*`, with the standard error of the slope.
///
/// Noise in `C_T` stands on both axes and lowers the slope. Logan et al. 1990, J Cereb Blood Flow Metab 10:740.
///
/// # Errors
/// Where the input does not cover the scan, frames leave gaps, more than 5 % of the area up to t* lies before the first
/// frame, or too few points are left.
pub fn logan(
    tissue: &TissueCurve,
    with: GraphicalInput<'_>,
    start: Start,
) -> Result<Graphical, PetError> {
    let tissue = &region(tissue, with)?;
    let found = Means::of(tissue)?;
    let plasma = mean_integrals(with.input.parent(), tissue.frames(), with.delay);
    let plot = ratios(&plasma, &found.integrals, &found.values);
    let line = line(tissue, &plot, start)?;
    positive("concentration of the region", &found.values, tissue, &line)?;
    found.whole(tissue, &line)?;
    let quantity = Quantity::of(&line, line.coefficients[0], &[1.0, 0.0], 0.0);
    Ok(Graphical { quantity, line, plot })
}

/// Patlak's plot: `C_T/C_P = K_i ∫C_P/C_P + V₀` for `t ≥ t*`, with the standard error of the slope.
///
/// Patlak, Blasberg and Fenstermacher 1983, J Cereb Blood Flow Metab 3:1.
///
/// # Errors
/// Where the input does not cover the scan or too few points are left. Gaps between frames do not matter.
pub fn patlak(
    tissue: &TissueCurve,
    with: GraphicalInput<'_>,
    start: Start,
) -> Result<Graphical, PetError> {
    let tissue = &region(tissue, with)?;
    let plasma = means(with.input.parent(), tissue.frames(), with.delay);
    let area = mean_integrals(with.input.parent(), tissue.frames(), with.delay);
    let plot = ratios(&area, tissue.values(), &plasma);
    let line = line(tissue, &plot, start)?;
    positive("concentration of the plasma", &plasma, tissue, &line)?;
    let quantity = Quantity::of(&line, line.coefficients[0], &[1.0, 0.0], 0.0);
    Ok(Graphical { quantity, line, plot })
}

/// Multilinear analysis MA1: `C_T = −(V_T/b) ∫C_P + (1/b) ∫C_T` for `t ≥ t*`, weighted as the tissue is, with the error
/// of V_T by propagation from both coefficients.
///
/// Ichise et al. 2002, J Cereb Blood Flow Metab 22:1271.
///
/// # Errors
/// As for [`logan`].
pub fn ma1(
    tissue: &TissueCurve,
    with: GraphicalInput<'_>,
    start: Start,
) -> Result<Graphical, PetError> {
    let tissue = &region(tissue, with)?;
    let found = Means::of(tissue)?;
    let plasma = mean_integrals(with.input.parent(), tissue.frames(), with.delay);
    let x: Vec<Vec<f64>> = plasma.iter().zip(&found.integrals).map(|(p, t)| vec![*p, *t]).collect();
    let points = Points { x, y: found.values.clone(), weights: tissue.weights().to_vec() };
    let line = fit(&points, tissue.frames(), start)?;
    found.whole(tissue, &line)?;
    let [first, second] = [line.coefficients[0], line.coefficients[1]];
    let volume = -first / second;
    let quantity = Quantity::of(&line, volume, &[-1.0 / second, first / (second * second)], 0.0);
    let fitted = points.x.iter().map(|x| first * x[0] + second * x[1]);
    let plot = found.values.iter().copied().zip(fitted).collect();
    Ok(Graphical { quantity, line, plot })
}

/// Logan's plot with a reference region: `∫C_T/C_T = DVR (∫C_R + C_R/k₂′)/C_T + b` for `t ≥ t*`; the quantity is
/// `BP_ND = DVR − 1`.
///
/// `k2_prime` is the efflux of the reference region, 1/min; without it the term is left out, which is right only where
/// `C_R/C_T` is constant after t*. Logan et al. 1996, J Cereb Blood Flow Metab 16:834.
///
/// # Errors
/// Where region and reference have different frames or gaps, more than 5 % of an area lies before the first frame, or
/// too few points are left.
pub fn reference_logan(
    region: &TissueCurve,
    reference: &TissueCurve,
    k2_prime: Option<f64>,
    start: Start,
) -> Result<Graphical, PetError> {
    if region.frames() != reference.frames() {
        return Err(PetError::OtherFrames);
    }
    if let Some(value) = k2_prime.filter(|k| !(k.is_finite() && *k > 0.0)) {
        return Err(PetError::Fraction { what: "k2'", value, lowest: 0.0, highest: f64::INFINITY });
    }
    let (found, input) = (Means::of(region)?, Means::of(reference)?);
    let efflux = k2_prime.map_or(0.0, |k| 1.0 / k);
    let area: Vec<f64> =
        input.integrals.iter().zip(&input.values).map(|(area, c)| area + efflux * c).collect();
    let plot = ratios(&area, &found.integrals, &found.values);
    let line = line(region, &plot, start)?;
    positive("concentration of the region", &found.values, region, &line)?;
    found.whole(region, &line)?;
    input.whole(reference, &line)?;
    let quantity = Quantity::of(&line, line.coefficients[0] - 1.0, &[1.0, 0.0], -1.0);
    Ok(Graphical { quantity, line, plot })
}

/// Abscissae and ordinates over one divisor.
fn ratios(x: &[f64], y: &[f64], divisor: &[f64]) -> Vec<(f64, f64)> {
    x.iter().zip(y).zip(divisor).map(|((x, y), d)| (x / d, y / d)).collect()
}
