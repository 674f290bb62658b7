//! Survival of a cohort of any size in little memory: eight bytes a patient, whose times are exact.
//!
//! The Kaplan–Meier curve and Cox's estimate with Efron's ties are those of `lutetia_outcome::survival` on the same
//! times; times that differ by rounding are one there and here.

use lutetia_outcome::survival::join_ties;

/// Times of events and of censorings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tally {
    events: Vec<f64>,
    censored: Vec<f64>,
}

/// What happens at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Moment {
    time: f64,
    events: u64,
    censored: u64,
}

impl Tally {
    /// Counts one patient. A time that is none is not counted.
    pub fn add(&mut self, time: f64, event: bool) {
        if time.is_finite() && time >= 0.0 {
            if event { self.events.push(time) } else { self.censored.push(time) }
        }
    }

    /// Patients.
    #[must_use]
    pub fn patients(&self) -> u64 {
        (self.events.len() + self.censored.len()) as u64
    }

    /// Events.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events.len() as u64
    }

    /// Time by time, in order.
    fn moments(&self) -> Vec<Moment> {
        let (mut events, mut censored) = (self.events.clone(), self.censored.clone());
        join_ties(&mut [&mut events, &mut censored]);
        moments(events, censored)
    }

    /// (time, S) after each time with events.
    #[must_use]
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let mut at_risk = number(self.patients());
        let mut survival = 1.0;
        let mut curve = Vec::new();
        for m in self.moments() {
            if m.events > 0 {
                survival *= 1.0 - number(m.events) / at_risk;
                curve.push((m.time, survival));
            }
            at_risk -= number(m.events + m.censored);
        }
        curve
    }

    /// The first time at which S is below one half, or the middle of the piece on which it is one half.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        // √ε: a half that rounding put a little off, as the curves of patients have it.
        const HALF: f64 = 1.5e-8;
        let curve = self.curve();
        let at = curve.iter().position(|(_, s)| *s <= 0.5 + HALF)?;
        let (time, s) = curve[at];
        if s < 0.5 - HALF {
            return Some(time);
        }
        Some(curve.get(at + 1).map_or(time, |below| 0.5 * (time + below.0)))
    }
}

fn moments(mut events: Vec<f64>, mut censored: Vec<f64>) -> Vec<Moment> {
    events.sort_by(f64::total_cmp);
    censored.sort_by(f64::total_cmp);
    let (mut e, mut c) = (events.into_iter().peekable(), censored.into_iter().peekable());
    let mut all: Vec<Moment> = Vec::new();
    loop {
        let (time, event) = match (e.peek().copied(), c.peek().copied()) {
            (None, None) => return all,
            (Some(a), Some(b)) if a <= b => (a, true),
            (Some(a), None) => (a, true),
            (_, Some(b)) => (b, false),
        };
        if event {
            e.next()
        } else {
            c.next()
        };
        match all.last_mut() {
            Some(last) if last.time.total_cmp(&time).is_eq() => {
                last.events += u64::from(event);
                last.censored += u64::from(!event);
            }
            _ => all.push(Moment { time, events: event.into(), censored: (!event).into() }),
        }
    }
}

/// A hazard ratio with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Of the arm over the reference.
    pub hazard_ratio: f64,
    /// 2.5 %.
    pub lower: f64,
    /// 97.5 %.
    pub upper: f64,
}

/// Steps of Newton's method, of which a ratio that is there needs a handful.
const ITERATIONS: u32 = 50;

/// Why a hazard ratio is not determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RatioError {
    /// Nothing happened.
    #[error("not determined: {which} has no event")]
    NoEvent {
        /// `this arm`, `the first arm`.
        which: &'static str,
    },
    /// No maximum.
    #[error(
        "not determined: the likelihood keeps rising as the hazard ratio goes to 0 or infinity; the events of one arm lie all before those of the other"
    )]
    Rising,
    /// Too many iterations.
    #[error("not determined: {iterations} iterations were not enough")]
    NotConverged {
        /// Iterations made.
        iterations: u32,
    },
}

impl RatioError {
    /// Code of the message, that of what the patients of a trial do not determine.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT9303"
    }
}

/// Cox's hazard ratio of an arm over a reference with Efron's ties and its 95 % interval.
///
/// # Errors
/// No event in one of them, or events of one all before those of the
/// other, where the likelihood keeps rising.
pub fn hazard_ratio(arm: &Tally, reference: &Tally) -> Result<Ratio, RatioError> {
    for (tally, which) in [(arm, "this arm"), (reference, "the first arm")] {
        if tally.events() == 0 {
            return Err(RatioError::NoEvent { which });
        }
    }
    let both = Both::new(arm, reference);
    let mut beta = 0.0_f64;
    for _ in 0..ITERATIONS {
        let (score, information) = both.derivatives(beta);
        let step = (score / information).clamp(-2.0, 2.0);
        beta += step;
        // The bound of the Cox model on patients: an error of 100 says nothing.
        let error = 1.0 / both.derivatives(beta).1.sqrt();
        if !(beta.is_finite() && error < 100.0) {
            return Err(RatioError::Rising);
        }
        if step.abs() < 1e-10 {
            let at = |z: f64| (beta + z * error).exp();
            return Ok(Ratio {
                hazard_ratio: at(0.0),
                lower: at(-1.959_963_984_540_054),
                upper: at(1.959_963_984_540_054),
            });
        }
    }
    Err(RatioError::NotConverged { iterations: ITERATIONS })
}

/// Two arms, time by time.
struct Both {
    /// Events and censorings of the arm, then of the reference.
    moments: Vec<[u64; 4]>,
    patients: (u64, u64),
}

impl Both {
    fn new(arm: &Tally, reference: &Tally) -> Self {
        let mut times =
            [&arm.events, &arm.censored, &reference.events, &reference.censored].map(Vec::clone);
        let [a, b, c, d] = &mut times;
        join_ties(&mut [a, b, c, d]);
        let [a, b, c, d] = times;
        let (mut own, mut other) =
            (moments(a, b).into_iter().peekable(), moments(c, d).into_iter().peekable());
        let mut all = Vec::new();
        loop {
            let time = match (own.peek(), other.peek()) {
                (None, None) => break,
                (Some(a), Some(b)) => a.time.min(b.time),
                (Some(a), None) => a.time,
                (None, Some(b)) => b.time,
            };
            let of = |m: Option<Moment>| m.map_or((0, 0), |m| (m.events, m.censored));
            let (d1, c1) = of(own.next_if(|m| m.time <= time));
            let (d0, c0) = of(other.next_if(|m| m.time <= time));
            all.push([d1, c1, d0, c0]);
        }
        Self { moments: all, patients: (arm.patients(), reference.patients()) }
    }

    /// Score and information of the partial likelihood at β.
    fn derivatives(&self, beta: f64) -> (f64, f64) {
        let ratio = beta.exp();
        let (mut n1, mut n0) = (number(self.patients.0), number(self.patients.1));
        let (mut score, mut information) = (0.0, 0.0);
        for counts in &self.moments {
            let [d1, c1, d0, c0] = counts.map(number);
            let ties = d1 + d0;
            if ties > 0.0 {
                score += d1;
                let mut before = 0.0;
                while before < ties {
                    let share = before / ties;
                    let exposed = (n1 - share * d1) * ratio;
                    let p = exposed / (exposed + n0 - share * d0);
                    score -= p;
                    information += p * (1.0 - p);
                    before += 1.0;
                }
            }
            n1 -= d1 + c1;
            n0 -= d0 + c0;
        }
        (score, information)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of patients")]
fn number(count: u64) -> f64 {
    count as f64
}
