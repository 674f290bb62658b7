//! How does a parameter of one patient depart from its typical value?
//!
//! The law θ(η) of a parameter with typical value m, η ~ N(0, ω²):
//!
//! | form | θ(η) | lies in |
//! |---|---|---|
//! | normal | m + η | the real numbers |
//! | log-normal | m·e^η | above 0 |
//! | logit-normal | logit⁻¹(logit m + η) between `lo` and `hi` | (`lo`, `hi`) |
//! | Box–Cox of shape s | m·exp((e^(sη) − 1)/s) | above 0, and beyond m·e^(−1/s) on one side nowhere |
//!
//! Whoever draws a patient, fits one or tells of a prior asks here; the equations stand in no other place.
//! An estimator works on the same laws through a [`Transform`]: its φ is η counted from a point that does
//! not move with the typical value.

use lutetia_model::{Distribution, cv_of_log_sd, log_sd_of_cv};

/// How a value departs from a typical one, without the size of the departure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// θ = m + η.
    Normal,
    /// θ = m·e^η.
    LogNormal,
    /// The logit of (θ − lo)/(hi − lo) is that of m plus η.
    LogitNormal {
        /// Lower end.
        lo: f64,
        /// Upper end.
        hi: f64,
    },
    /// θ = m·exp((e^(sη) − 1)/s) (Petersson 2009, Pharm Res 26:2174).
    BoxCox {
        /// The shape s, not 0.
        shape: f64,
    },
}

/// The logit of where `theta` lies between two ends; NaN outside of them.
fn logit(lo: f64, hi: f64, theta: f64) -> f64 {
    let share = (theta - lo) / (hi - lo);
    (share / (1.0 - share)).ln()
}

/// The value between two ends whose logit is `x`. An exponential that overflows leaves the lower end.
fn logistic(lo: f64, hi: f64, x: f64) -> f64 {
    lo + (hi - lo) / (1.0 + (-x).exp())
}

/// The derivative of [`logistic`], written so that no exponential overflows.
fn logistic_slope(lo: f64, hi: f64, x: f64) -> f64 {
    let e = (-x.abs()).exp();
    (hi - lo) * e / (1.0 + e).powi(2)
}

impl Form {
    /// The form that a model file declares. A logit-normal parameter lies between its bounds, and between
    /// 0 and 1 where one of them is not given.
    #[must_use]
    pub fn declared(distribution: Distribution, bounds: (Option<f64>, Option<f64>)) -> Self {
        match distribution {
            Distribution::Normal => Self::Normal,
            Distribution::LogNormal => Self::LogNormal,
            Distribution::LogitNormal => {
                Self::LogitNormal { lo: bounds.0.unwrap_or(0.0), hi: bounds.1.unwrap_or(1.0) }
            }
            Distribution::BoxCox { shape } => Self::BoxCox { shape },
        }
    }

    /// The name for messages: `log-normal`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::LogNormal => "log-normal",
            Self::LogitNormal { .. } => "logit-normal",
            Self::BoxCox { .. } => "Box-Cox",
        }
    }

    /// θ(η) about a typical value.
    #[must_use]
    pub fn value(self, typical: f64, eta: f64) -> f64 {
        match self {
            Self::Normal => typical + eta,
            Self::LogNormal => typical * eta.exp(),
            Self::LogitNormal { lo, hi } => logistic(lo, hi, logit(lo, hi, typical) + eta),
            Self::BoxCox { shape } => typical * ((shape * eta).exp_m1() / shape).exp(),
        }
    }

    /// dθ/dη.
    #[must_use]
    pub fn slope(self, typical: f64, eta: f64) -> f64 {
        match self {
            Self::Normal => 1.0,
            Self::LogNormal => self.value(typical, eta),
            Self::LogitNormal { lo, hi } => logistic_slope(lo, hi, logit(lo, hi, typical) + eta),
            Self::BoxCox { shape } => self.value(typical, eta) * (shape * eta).exp(),
        }
    }

    /// The η of a value: the inverse of [`Form::value`]. NaN where no η leads to it.
    #[must_use]
    pub fn eta(self, typical: f64, theta: f64) -> f64 {
        match self {
            Self::Normal => theta - typical,
            Self::LogNormal => (theta / typical).ln(),
            Self::LogitNormal { lo, hi } => logit(lo, hi, theta) - logit(lo, hi, typical),
            Self::BoxCox { shape } => (shape * (theta / typical).ln()).ln_1p() / shape,
        }
    }

    /// The open interval in which values lie.
    #[must_use]
    pub fn support(self, typical: f64) -> (f64, f64) {
        match self {
            Self::Normal => (f64::NEG_INFINITY, f64::INFINITY),
            Self::LogNormal => (0.0, f64::INFINITY),
            Self::LogitNormal { lo, hi } => (lo, hi),
            Self::BoxCox { shape } => {
                let end = typical * (-1.0 / shape).exp();
                if shape < 0.0 { (0.0, end) } else { (end, f64::INFINITY) }
            }
        }
    }
}

/// The law of one parameter over patients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParameterLaw {
    /// Form.
    pub form: Form,
    /// Typical value m, at η = 0: the median.
    pub typical: f64,
    /// Standard deviation ω of η.
    pub sd: f64,
}

/// Half the length, in standard deviations, over which a moment is integrated: what lies beyond has a
/// probability of 1e-23.
const REACH: i32 = 10;

/// Points per standard deviation. The trapezoid rule converges faster than any power of the step on such
/// integrands; a logit-normal law with ω = 4 has its moments to 1e-12.
const POINTS: i32 = 40;

impl ParameterLaw {
    /// θ(η).
    #[must_use]
    pub fn value(self, eta: f64) -> f64 {
        self.form.value(self.typical, eta)
    }

    /// dθ/dη.
    #[must_use]
    pub fn slope(self, eta: f64) -> f64 {
        self.form.slope(self.typical, eta)
    }

    /// The η of a value; NaN where no η leads to it.
    #[must_use]
    pub fn eta(self, theta: f64) -> f64 {
        self.form.eta(self.typical, theta)
    }

    /// The open interval in which values lie.
    #[must_use]
    pub fn support(self) -> (f64, f64) {
        self.form.support(self.typical)
    }

    /// ln p(θ) = −½(η/ω)² − ln(ω√(2π)) − ln |dθ/dη|, the density per unit of the parameter; −∞ outside the
    /// support.
    #[must_use]
    pub fn ln_density(self, theta: f64) -> f64 {
        let eta = self.eta(theta);
        if eta.is_nan() || eta.is_infinite() {
            return f64::NEG_INFINITY;
        }
        let z = eta / self.sd;
        let norm = self.sd.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln();
        -0.5 * z * z - norm - self.slope(eta).abs().ln()
    }

    /// The mean, in the parameter's unit. None where it is infinite: of a Box–Cox law of a shape above zero.
    #[must_use]
    pub fn mean(self) -> Option<f64> {
        match self.form {
            Form::Normal => Some(self.typical),
            Form::LogNormal => Some(self.typical * (0.5 * self.sd * self.sd).exp()),
            Form::BoxCox { shape } if shape > 0.0 && self.sd > 0.0 => None,
            Form::BoxCox { .. } | Form::LogitNormal { .. } => Some(self.expected(|theta| theta)),
        }
    }

    /// The standard deviation, in the parameter's unit. None where it is infinite.
    #[must_use]
    pub fn sd_of_value(self) -> Option<f64> {
        match self.form {
            Form::Normal => Some(self.sd),
            Form::LogNormal => self.mean().map(|mean| mean.abs() * cv_of_log_sd(self.sd)),
            Form::BoxCox { .. } | Form::LogitNormal { .. } => {
                let mean = self.mean()?;
                Some(self.expected(|theta| (theta - mean).powi(2)).sqrt())
            }
        }
    }

    /// The coefficient of variation, standard deviation over mean. None where either is infinite, or the mean zero.
    #[must_use]
    pub fn cv(self) -> Option<f64> {
        let cv = match self.form {
            Form::LogNormal => cv_of_log_sd(self.sd),
            _ => self.sd_of_value()? / self.mean()?.abs(),
        };
        cv.is_finite().then_some(cv)
    }

    /// The coefficient of variation as a model file declares it, about the median: of a log-normal or Box–Cox
    /// law ω² = ln(1 + CV²) read backwards, of a normal one ω/|m|, of a logit-normal one ω·|dθ/dη|/|m|.
    #[must_use]
    pub fn declared_cv(self) -> Option<f64> {
        let cv = match self.form {
            Form::LogNormal | Form::BoxCox { .. } => cv_of_log_sd(self.sd),
            Form::Normal | Form::LogitNormal { .. } => {
                self.sd * self.slope(0.0).abs() / self.typical.abs()
            }
        };
        cv.is_finite().then_some(cv)
    }

    /// The same law in a unit of which one is `factor` of the present unit.
    #[must_use]
    pub fn in_unit(self, factor: f64) -> Self {
        let (form, sd) = match self.form {
            Form::Normal => (Form::Normal, self.sd / factor),
            Form::LogitNormal { lo, hi } => {
                (Form::LogitNormal { lo: lo / factor, hi: hi / factor }, self.sd)
            }
            form => (form, self.sd),
        };
        Self { form, typical: self.typical / factor, sd }
    }

    /// The scale on which an estimator sees the law.
    #[must_use]
    pub fn transform(self) -> Transform {
        match self.form {
            Form::Normal => Transform::Identity,
            Form::LogNormal => Transform::Log,
            Form::LogitNormal { lo, hi } => Transform::Logit { lo, hi },
            Form::BoxCox { shape } => Transform::BoxCox { median: self.typical, shape },
        }
    }

    /// The law as a prior on the scale of [`ParameterLaw::transform`].
    #[must_use]
    pub fn prior(self) -> Prior {
        Prior { mean: self.transform().forward(self.typical), sd: self.sd }
    }

    /// E g(θ) by the trapezoid rule over η.
    fn expected(self, g: impl Fn(f64) -> f64) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        for k in -REACH * POINTS..=REACH * POINTS {
            let z = f64::from(k) / f64::from(POINTS);
            let weight = (-0.5 * z * z).exp();
            sum += weight * g(self.value(self.sd * z));
            weights += weight;
        }
        sum / weights
    }
}

/// Scale on which a parameter is estimated, on which its prior is normal and its interval symmetric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Transform {
    /// `φ = θ`
    Identity,
    /// `φ = ln θ`, for positive parameters.
    Log,
    /// `φ = ln((θ − lo)/(hi − θ))`, for parameters between two ends.
    Logit {
        /// Lower end.
        lo: f64,
        /// Upper end.
        hi: f64,
    },
    /// `φ = ln(1 + s ln(θ/m))/s`: `θ = m exp((e^(sφ) − 1)/s)`, for positive parameters whose logarithm is the
    /// Box–Cox transform of `e^φ` around a median.
    BoxCox {
        /// The median m, positive.
        median: f64,
        /// The shape s, not 0.
        shape: f64,
    },
}

impl Transform {
    /// The form of the law of θ, and the value at φ = 0.
    fn about(self) -> (Form, f64) {
        match self {
            Self::Identity => (Form::Normal, 0.0),
            Self::Log => (Form::LogNormal, 1.0),
            Self::Logit { lo, hi } => (Form::LogitNormal { lo, hi }, 0.5 * (lo + hi)),
            Self::BoxCox { median, shape } => (Form::BoxCox { shape }, median),
        }
    }

    /// `φ(θ)`; NaN outside the domain.
    #[must_use]
    pub fn forward(self, theta: f64) -> f64 {
        if let Self::Logit { lo, hi } = self {
            // The middle of two ends is not always their exact half.
            return logit(lo, hi, theta);
        }
        let (form, origin) = self.about();
        form.eta(origin, theta)
    }

    /// `θ(φ)`
    #[must_use]
    pub fn backward(self, phi: f64) -> f64 {
        if let Self::Logit { lo, hi } = self {
            return logistic(lo, hi, phi);
        }
        let (form, origin) = self.about();
        form.value(origin, phi)
    }

    /// `dθ/dφ`
    #[must_use]
    pub fn slope(self, phi: f64) -> f64 {
        if let Self::Logit { lo, hi } = self {
            return logistic_slope(lo, hi, phi);
        }
        let (form, origin) = self.about();
        form.slope(origin, phi)
    }

    /// The open interval of values that have a φ.
    #[must_use]
    pub fn domain(self) -> (f64, f64) {
        let (form, origin) = self.about();
        form.support(origin)
    }

    /// Values of φ between which θ neither overflows nor becomes one of its ends.
    #[must_use]
    pub fn reach(self) -> (f64, f64) {
        match self {
            Self::Identity => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Log => (-690.0, 690.0),
            Self::Logit { .. } => (-36.0, 36.0),
            Self::BoxCox { shape, .. } => {
                // |ln(θ/m)| ≤ 690 on the long side, and within a rounding of the end on the short one.
                let long = (690.0 * shape.abs()).ln_1p() / shape.abs();
                let short = 36.0 / shape.abs();
                if shape < 0.0 { (-long, short) } else { (-short, long) }
            }
        }
    }

    /// Name of the transformed parameter for messages: `ln(k)`.
    #[must_use]
    pub fn describe(self, name: &str) -> String {
        match self {
            Self::Identity => name.to_owned(),
            Self::Log => format!("ln({name})"),
            Self::Logit { .. } => format!("logit({name})"),
            Self::BoxCox { .. } => format!("boxcox({name})"),
        }
    }
}

/// Normal prior on the transformed scale. A log-normal between-patient variability of 30 % about 2.4 is
/// `Prior { mean: ln 2.4, sd: √ln(1 + 0.3²) }` with [`Transform::Log`]; see [`Prior::log_normal`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Mean on the transformed scale.
    pub mean: f64,
    /// Standard deviation on the transformed scale, positive.
    pub sd: f64,
}

impl Prior {
    /// Prior of a log-transformed parameter from its median and its coefficient of variation `cv` (1 = 100 %):
    /// `sd = √ln(1 + cv²)`.
    #[must_use]
    pub fn log_normal(median: f64, cv: f64) -> Self {
        Self { mean: median.ln(), sd: log_sd_of_cv(cv) }
    }

    /// The law that this prior gives a parameter of a transform.
    #[must_use]
    pub fn law(self, transform: Transform) -> ParameterLaw {
        let form = transform.about().0;
        ParameterLaw { form, typical: transform.backward(self.mean), sd: self.sd }
    }

    /// How far a value lies from the mean, in standard deviations of the prior on its transformed scale.
    #[must_use]
    pub fn deviation(self, transform: Transform, theta: f64) -> f64 {
        (transform.forward(theta) - self.mean) / self.sd
    }
}
