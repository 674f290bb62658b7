//! Curves that are linear between samples, and their convolution with exponentials, in closed form.

use crate::error::PetError;

/// A concentration that is linear between its samples, 0 before the first one and constant after the last.
///
/// Times in min, values in any one unit of concentration.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    times: Vec<f64>,
    values: Vec<f64>,
}

/// What a curve gives at one time: its convolution with `exp(−θ t)` and the integral of that, with derivatives by `θ`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Response {
    /// `E = ∫₀ᵗ c(s) exp(−θ(t−s)) ds`; the running integral of the curve for `θ = 0`.
    pub(crate) value: f64,
    /// `∫₀ᵗ E`.
    pub(crate) integral: f64,
    /// `∂E/∂θ`.
    pub(crate) by_rate: f64,
    /// `∂(∫E)/∂θ`.
    pub(crate) integral_by_rate: f64,
}

impl Curve {
    /// A curve through samples.
    ///
    /// # Errors
    /// Where there is no sample, a number is not finite, or times do not increase.
    pub fn new(times: Vec<f64>, values: Vec<f64>) -> Result<Self, PetError> {
        if times.len() != values.len() {
            return Err(PetError::Lengths { times: times.len(), values: values.len() });
        }
        if times.is_empty() {
            return Err(PetError::NoSample);
        }
        for (&time_min, &value) in times.iter().zip(&values) {
            if !(time_min.is_finite() && value.is_finite()) {
                return Err(PetError::NotFinite { time_min, value });
            }
        }
        if let Some(pair) = times.windows(2).find(|pair| pair[1] <= pair[0]) {
            return Err(PetError::Order { earlier_min: pair[0], later_min: pair[1] });
        }
        Ok(Self { times, values })
    }

    /// Times of the samples, min.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Values of the samples.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Time of the first sample, min.
    pub fn start(&self) -> f64 {
        self.times[0]
    }

    /// Time of the last sample, min.
    pub fn end(&self) -> f64 {
        self.times[self.times.len() - 1]
    }

    /// The value at a time.
    pub fn at(&self, time: f64) -> f64 {
        if time < self.start() {
            return 0.0;
        }
        let after = self.times.partition_point(|&t| t <= time);
        match self.times.get(after) {
            None => self.values[after - 1],
            Some(&next) => {
                let (t, v) = (self.times[after - 1], self.values[after - 1]);
                v + (self.values[after] - v) * (time - t) / (next - t)
            }
        }
    }

    /// The responses to `exp(−θ t)` at ascending times, `θ ≥ 0`.
    pub(crate) fn responses(&self, rate: f64, at: impl IntoIterator<Item = f64>) -> Vec<Response> {
        let mut now = self.start();
        let mut height = self.values[0];
        let mut next = 1;
        let mut state = Response::default();
        at.into_iter()
            .map(|time| {
                if time <= self.start() {
                    return Response::default();
                }
                while let Some(&knot) = self.times.get(next).filter(|&&knot| knot <= time) {
                    let to = self.values[next];
                    state = state.after(knot - now, rate, height, to);
                    (now, height, next) = (knot, to, next + 1);
                }
                if time > now {
                    let to = self.at(time);
                    state = state.after(time - now, rate, height, to);
                    (now, height) = (time, to);
                }
                state
            })
            .collect()
    }
}

impl Response {
    /// The response after a piece of length `h` along which the curve goes from `from` to `to`.
    ///
    /// With `x = θh` and `φ_k(x) = ∫₀¹ e^{−x(1−v)} v^{k−1}/(k−1)! dv`:
    /// `E ← E e^{−x} + h(c φ₁ + Δc φ₂)` and `∫E ← ∫E + h E φ₁ + h²(c φ₂ + Δc φ₃)`.
    fn after(self, h: f64, rate: f64, from: f64, to: f64) -> Self {
        let x = rate * h;
        let [p1, p2, p3, p4] = phi(x);
        // dφ_k/dx = k φ_{k+1} − φ_k.
        let (d1, d2, d3) = (p2 - p1, 2.0 * p3 - p2, 3.0 * p4 - p3);
        let (decay, change) = ((-x).exp(), to - from);
        Self {
            value: self.value * decay + h * (from * p1 + change * p2),
            integral: self.integral + h * self.value * p1 + h * h * (from * p2 + change * p3),
            by_rate: decay * (self.by_rate - h * self.value) + h * h * (from * d1 + change * d2),
            integral_by_rate: self.integral_by_rate
                + h * (self.by_rate * p1 + h * self.value * d1)
                + h * h * h * (from * d2 + change * d3),
        }
    }
}

/// `φ₁ … φ₄`: by their series where the recurrence `φ_{k+1} = (1/k! − φ_k)/x` would cancel.
fn phi(x: f64) -> [f64; 4] {
    if x < 1.0 {
        // φ_k = Σ (−x)ⁿ/(n+k)!, summed from the small end.
        let series = |k: u32| {
            let mut sum = 0.0;
            for n in (1..=18_u32).rev() {
                sum = (1.0 + sum) * -x / f64::from(n + k);
            }
            1.0 + sum
        };
        return [series(1), series(2) / 2.0, series(3) / 6.0, series(4) / 24.0];
    }
    let first = -(-x).exp_m1() / x;
    let second = (1.0 - first) / x;
    let third = (0.5 - second) / x;
    [first, second, third, (1.0 / 6.0 - third) / x]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `φ_k` by the trapezoid rule, refined by Richardson.
    fn by_quadrature(k: i32, x: f64) -> f64 {
        let factorial: f64 = (1..k).map(f64::from).product();
        let f = |v: f64| (-x * (1.0 - v)).exp() * v.powi(k - 1) / factorial;
        let trapezoid = |n: u32| {
            let h = 1.0 / f64::from(n);
            let inner: f64 = (1..n).map(|i| f(f64::from(i) * h)).sum();
            h * (inner + 0.5 * (f(0.0) + f(1.0)))
        };
        (4.0 * trapezoid(8192) - trapezoid(4096)) / 3.0
    }

    #[test]
    fn exact_the_functions_of_a_piece_are_their_integrals() {
        for x in [0.0, 1e-9, 0.01, 0.3, 0.999_999, 1.0, 2.5, 30.0] {
            for (k, value) in (1..).zip(phi(x)) {
                let expected = by_quadrature(k, x);
                assert!(
                    (value - expected).abs() < 1e-11 * expected,
                    "φ{k}({x}): {value} {expected}"
                );
            }
        }
    }

    #[test]
    fn exact_a_line_has_the_response_of_its_closed_form() {
        // c = 3 t from 0 to 2 min, then 6: E = 3 (θt − 1 + e^{−θt})/θ² up to 2 min.
        let curve = Curve::new(vec![0.0, 2.0], vec![0.0, 6.0]).expect("a curve");
        let rate: f64 = 0.7;
        let line = |t: f64| 3.0 * (rate * t - 1.0 + (-rate * t).exp()) / (rate * rate);
        let late = |t: f64| {
            line(2.0) * (-rate * (t - 2.0)).exp() + 6.0 * (1.0 - (-rate * (t - 2.0)).exp()) / rate
        };
        let found = curve.responses(rate, [-1.0, 0.0, 0.5, 2.0, 7.0]);
        let expected = [0.0, 0.0, line(0.5), line(2.0), late(7.0)];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found.value - expected).abs() < 1e-14, "{found:?} {expected}");
        }
        // E' = c − θE, so ∫E = (∫c − E)/θ.
        let area = 6.0 + 6.0 * 5.0;
        assert!((found[4].integral - (area - found[4].value) / rate).abs() < 1e-12);
    }

    #[test]
    fn exact_derivatives_by_the_rate_are_those_of_differences() {
        let curve =
            Curve::new(vec![0.0, 0.4, 1.0, 9.0], vec![1.0, 50.0, 20.0, 2.0]).expect("a curve");
        for rate in [1e-3, 0.1, 2.0, 40.0] {
            let h = 1e-5 * rate;
            let at = [0.2, 3.0, 12.0];
            let (low, high) = (curve.responses(rate - h, at), curve.responses(rate + h, at));
            for (k, found) in curve.responses(rate, at).iter().enumerate() {
                let value = (high[k].value - low[k].value) / (2.0 * h);
                let integral = (high[k].integral - low[k].integral) / (2.0 * h);
                assert!((found.by_rate - value).abs() <= 1e-6 * value.abs(), "{rate} {k}");
                assert!(
                    (found.integral_by_rate - integral).abs() <= 1e-6 * integral.abs(),
                    "{rate} {k}"
                );
            }
        }
    }
}
