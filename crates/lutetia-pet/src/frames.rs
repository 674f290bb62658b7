//! Frames of a scan and what was measured in them.

use crate::{curve::Curve, error::PetError};

/// Neighbours that miss each other by less than this part of the shorter one meet: times of scanners are rounded.
const ROUNDING: f64 = 0.01;

/// One frame: the scanner counts from start to end, min after injection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Start, min after injection.
    pub start: f64,
    /// End, min after injection.
    pub end: f64,
}

impl Frame {
    /// Its duration, min.
    pub fn duration(self) -> f64 {
        self.end - self.start
    }

    /// Its middle, min after injection.
    pub fn middle(self) -> f64 {
        0.5 * (self.start + self.end)
    }
}

/// The frames of a scan in the order of time, none of which overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct Frames(Vec<Frame>);

impl Frames {
    /// Frames in the order of time. Neighbours that miss each other by rounding (1 % of the shorter one) are joined.
    ///
    /// # Errors
    /// Where there is none, one has no duration or starts before the injection, or two overlap.
    pub fn new(mut frames: Vec<Frame>) -> Result<Self, PetError> {
        if frames.is_empty() {
            return Err(PetError::NoFrame);
        }
        for &Frame { start, end } in &frames {
            if !(start.is_finite() && end.is_finite() && start >= 0.0 && end > start) {
                return Err(PetError::Frame { start_min: start, end_min: end });
            }
        }
        for k in 1..frames.len() {
            let (before, this) = (frames[k - 1], frames[k]);
            if meets(before, this) {
                frames[k].start = before.end;
            } else if this.start < before.end {
                return Err(PetError::Overlap { end_min: before.end, start_min: this.start });
            }
        }
        Ok(Self(frames))
    }

    /// The frames.
    pub fn list(&self) -> &[Frame] {
        &self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none, which [`Frames::new`] refuses.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Times between frames in which nothing was measured: end of one and start of the next, min.
    pub fn gaps(&self) -> Vec<(f64, f64)> {
        let pairs = self.0.windows(2).filter(|pair| pair[1].start > pair[0].end);
        pairs.map(|pair| (pair[0].end, pair[1].start)).collect()
    }

    /// Start and end of each, in turn, `delay` earlier.
    pub(crate) fn edges(&self, delay: f64) -> impl Iterator<Item = f64> {
        self.0.iter().flat_map(move |frame| [frame.start - delay, frame.end - delay])
    }
}

/// Whether the second of two frames begins where the first ends, to rounding.
pub(crate) fn meets(before: Frame, this: Frame) -> bool {
    let shorter = before.duration().min(this.duration());
    (this.start - before.end).abs() <= ROUNDING * shorter
}

/// The time–activity curve of one region: the mean concentration over each frame.
#[derive(Debug, Clone, PartialEq)]
pub struct TissueCurve {
    frames: Frames,
    values: Vec<f64>,
    weights: Vec<f64>,
}

impl TissueCurve {
    /// Concentrations averaged over the frames, decay-corrected to injection, with equal weights.
    ///
    /// # Errors
    /// Where there are not as many values as frames, or one is not finite.
    pub fn new(frames: Frames, values: Vec<f64>) -> Result<Self, PetError> {
        if values.len() != frames.len() {
            return Err(PetError::Lengths { times: frames.len(), values: values.len() });
        }
        if let Some((frame, &value)) = frames.0.iter().zip(&values).find(|(_, v)| !v.is_finite()) {
            return Err(PetError::NotFinite { time_min: frame.middle(), value });
        }
        let weights = vec![1.0; values.len()];
        Ok(Self { frames, values, weights })
    }

    /// The same with weights, which are inverse variances up to a common factor. A frame of weight 0 is left out of the
    /// sum of squares of a fit and still counts in running integrals.
    ///
    /// # Errors
    /// Where there are not as many weights as frames, one is negative or not finite, or all are 0.
    pub fn weighted(mut self, weights: Vec<f64>) -> Result<Self, PetError> {
        if weights.len() != self.values.len() {
            return Err(PetError::Lengths { times: self.values.len(), values: weights.len() });
        }
        if let Some((frame, &weight)) =
            self.frames.0.iter().zip(&weights).find(|(_, w)| !(w.is_finite() && **w >= 0.0))
        {
            return Err(PetError::Weight { time_min: frame.middle(), weight });
        }
        if weights.iter().all(|&w| w <= 0.0) {
            return Err(PetError::NoWeight);
        }
        self.weights = weights;
        Ok(self)
    }

    /// The frames.
    pub fn frames(&self) -> &Frames {
        &self.frames
    }

    /// Mean concentrations, one for each frame.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Weights, one for each frame.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The curve without the blood in its vessels, `(C − v_B C_B)/(1 − v_B)`, with `blood` averaged over each frame.
    pub(crate) fn without_blood(&self, blood: &Curve, delay: f64, fraction: f64) -> Self {
        let means = means(blood, &self.frames, delay);
        let corrected = |(value, mean): (&f64, f64)| (value - fraction * mean) / (1.0 - fraction);
        Self { values: self.values.iter().zip(means).map(corrected).collect(), ..self.clone() }
    }

    /// A curve, linear between the middles of the frames, whose means over the frames are the measured ones.
    ///
    /// It is 0 at the injection and constant after the last middle. A line through the measured means themselves would
    /// have other means where the curve bends, and so another area.
    pub(crate) fn continuous(&self) -> Result<Curve, PetError> {
        let frames = self.frames.list();
        let n = frames.len();
        let middles: Vec<f64> = frames.iter().map(|f| f.middle()).collect();
        // Mean over frame k = lower·v[k−1] + diagonal·v[k] + upper·v[k+1].
        let (mut lower, mut diagonal, mut upper) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for k in 0..n {
            let half = 0.5 * frames[k].duration();
            let from = if k == 0 { 0.0 } else { middles[k - 1] };
            // Over the first half the weight of the earlier middle falls from half/(distance) to 0.
            let before = half / (middles[k] - from);
            let after = if k + 1 < n { half / (middles[k + 1] - middles[k]) } else { 0.0 };
            (lower[k], upper[k]) = (0.25 * before, 0.25 * after);
            diagonal[k] = 1.0 - lower[k] - upper[k];
        }
        // Elimination is stable: before and after are at most 1, so the diagonal is at least the sum of the others.
        let mut values = self.values.clone();
        for k in 1..n {
            let factor = lower[k] / diagonal[k - 1];
            diagonal[k] -= factor * upper[k - 1];
            values[k] -= factor * values[k - 1];
        }
        values[n - 1] /= diagonal[n - 1];
        for k in (0..n - 1).rev() {
            values[k] = (values[k] - upper[k] * values[k + 1]) / diagonal[k];
        }
        let times = std::iter::once(0.0).chain(middles).collect();
        Curve::new(times, std::iter::once(0.0).chain(values).collect())
    }
}

/// Means of a curve over frames, with the curve `delay` later.
pub(crate) fn means(curve: &Curve, frames: &Frames, delay: f64) -> Vec<f64> {
    let areas = curve.responses(0.0, frames.edges(delay));
    let mean = |(pair, frame): (&[crate::curve::Response], &Frame)| {
        (pair[1].value - pair[0].value) / frame.duration()
    };
    areas.chunks_exact(2).zip(frames.list()).map(mean).collect()
}

/// Means over frames of the running integral of a curve, with the curve `delay` later.
pub(crate) fn mean_integrals(curve: &Curve, frames: &Frames, delay: f64) -> Vec<f64> {
    let areas = curve.responses(0.0, frames.edges(delay));
    let mean = |(pair, frame): (&[crate::curve::Response], &Frame)| {
        (pair[1].integral - pair[0].integral) / frame.duration()
    };
    areas.chunks_exact(2).zip(frames.list()).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(edges: &[f64]) -> Frames {
        let list = edges.windows(2).map(|e| Frame { start: e[0], end: e[1] }).collect();
        Frames::new(list).expect("frames")
    }

    #[test]
    fn exact_a_continuous_curve_keeps_the_means_of_its_frames() {
        let frames = frames(&[0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0]);
        let values = vec![1.0, 80.0, 60.0, 30.0, 25.0, 12.0];
        let tissue = TissueCurve::new(frames.clone(), values.clone()).expect("a curve");
        let means = means(&tissue.continuous().expect("a curve"), &frames, 0.0);
        for (mean, value) in means.iter().zip(values) {
            assert!((mean - value).abs() < 1e-12 * value, "{mean} {value}");
        }
    }

    #[test]
    fn exact_frames_that_overlap_or_have_no_duration_are_refused_and_rounding_is_not() {
        let frame = |start: f64, end: f64| Frame { start, end };
        assert!(matches!(
            Frames::new(vec![frame(0.0, 1.0), frame(0.5, 2.0)]),
            Err(PetError::Overlap { .. })
        ));
        for bad in [frame(1.0, 1.0), frame(-1.0, 1.0), frame(0.0, f64::NAN)] {
            assert!(matches!(Frames::new(vec![bad]), Err(PetError::Frame { .. })), "{bad:?}");
        }
        let joined = Frames::new(vec![frame(0.0, 1.0), frame(0.9995, 2.0), frame(3.0, 4.0)]);
        let joined = joined.expect("frames");
        assert!((joined.list()[1].start - 1.0).abs() < 1e-15);
        assert_eq!(joined.gaps(), vec![(2.0, 3.0)]);
    }
}
