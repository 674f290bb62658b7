//! The quasi-likelihood of a variance that follows the curve with a known size.
//!
//! Under a normal likelihood with `V = (cv f)²` the term `ln V` draws every curve down, by `cv²` of its height where the
//! data scatter less than assumed. The quasi-score `Σ (y − f) f'/V(f)` (Wedderburn 1974, Biometrika 61:439) has the same
//! weights without that term: a curve through all points is its root whatever the size assumed, and its bias under real
//! scatter is of higher order. It is the gradient of the deviance below, which the searches minimise.

use crate::problem::ErrorModel;

/// `V(f) = s² + c² f²`, in the squared unit of the values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct VarianceFunction {
    s: f64,
    c: f64,
}

impl VarianceFunction {
    /// That of an error model; `None` where the variance does not follow the curve or its size is estimated.
    pub(crate) fn of(error: ErrorModel) -> Option<Self> {
        match error {
            ErrorModel::Proportional { cv } if !cv.estimated() => {
                Some(Self { s: 0.0, c: cv.value() })
            }
            ErrorModel::Combined { sd, cv } if !sd.estimated() && !cv.estimated() => {
                Some(Self { s: sd.value(), c: cv.value() })
            }
            _ => None,
        }
    }

    /// `V(f)`.
    pub(crate) fn variance(self, f: f64) -> f64 {
        self.s * self.s + (self.c * f).powi(2)
    }

    /// Half the deviance of a value about its prediction, `∫_f^y (y − u)/V(u) du`, never negative and near `f` equal to
    /// `½ (y − f)²/V(f)`. Infinite where a proportional variance leaves no way from `f` to `y`, which is where they
    /// differ in sign or one is 0.
    pub(crate) fn half_deviance(self, y: f64, f: f64) -> f64 {
        let c2 = self.c * self.c;
        if self.s > 0.0 {
            // y/(s c) (atan(c y/s) − atan(c f/s)) − ln(V(y)/V(f))/(2 c²), with differences formed before they cancel.
            let (a, b) = (self.c * y / self.s, self.c * f / self.s);
            let angle = if 1.0 + a * b > 0.0 {
                ((a - b) / (1.0 + a * b)).atan()
            } else {
                a.atan() - b.atan()
            };
            let growth = c2 * (y - f) * (y + f) / self.variance(f);
            return (y * angle / (self.s * self.c) - growth.ln_1p() / (2.0 * c2)).max(0.0);
        }
        // A curve of the other sign than the value, or at nothing, is infinitely far: the variance vanishes on the way.
        if (y / f).partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
            return f64::INFINITY;
        }
        let r = (y - f) / f;
        let value = if r.abs() < 1e-3 {
            // r − ln(1 + r); the next term is below 1e-15 of the first.
            r * r * (1.0 / 2.0 - r * (1.0 / 3.0 - r * (1.0 / 4.0 - r * (1.0 / 5.0 - r / 6.0))))
        } else {
            r - r.ln_1p()
        };
        value / c2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Magnitude;

    fn functions() -> [VarianceFunction; 3] {
        let fixed = Magnitude::Fixed;
        [
            ErrorModel::Proportional { cv: fixed(0.3) },
            ErrorModel::Combined { sd: fixed(2.0), cv: fixed(0.1) },
            ErrorModel::Combined { sd: fixed(1e-3), cv: fixed(0.2) },
        ]
        .map(|e| VarianceFunction::of(e).expect("a variance that follows the curve"))
    }

    #[test]
    fn exact_slope_of_the_deviance_is_the_quasi_score() {
        for q in functions() {
            for (y, f) in [(10.0, 7.0), (10.0, 9.9999), (3.0, 30.0), (5.0, 5.001), (1e-3, 2e-3)] {
                let h = 1e-5 * f;
                let slope = (q.half_deviance(y, f + h) - q.half_deviance(y, f - h)) / (2.0 * h);
                let score = (f - y) / q.variance(f);
                // Central differences: truncation h²/f² of the size of 1/V·f, rounding 1e-16/h.
                assert!(
                    (slope - score).abs() < 1e-6 * f / q.variance(f),
                    "{q:?} {y} {f}: {slope} {score}"
                );
            }
        }
    }

    #[test]
    fn exact_deviance_vanishes_at_the_value_and_is_the_square_near_it() {
        for q in functions() {
            assert!(q.half_deviance(4.0, 4.0).abs() < f64::MIN_POSITIVE);
            assert!(q.s > 0.0 || q.half_deviance(4.0, -1e-9).is_infinite());
            for d in [1e-2, 1e-4, 1e-6] {
                let f: f64 = 4.0;
                let y = f * (1.0 + d);
                let expected = 0.5 * (y - f).powi(2) / q.variance(f);
                // The next term is of relative order d; rounding of the angle leaves 1e-15/d.
                let found = q.half_deviance(y, f);
                assert!(
                    (found / expected - 1.0).abs() < 2.0 * d + 1e-13 / d.powi(2) * 1e-2,
                    "{q:?} {d} {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn exact_estimated_sizes_have_none() {
        let e = Magnitude::Estimated(0.1);
        assert!(VarianceFunction::of(ErrorModel::Proportional { cv: e }).is_none());
        assert!(VarianceFunction::of(ErrorModel::Known).is_none());
    }
}
