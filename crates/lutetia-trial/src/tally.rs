//! Survival of a cohort of any size in memory that does not grow with it: days are counted, not patients.
//!
//! Trials record whole days, and for times in whole days these are the Kaplan–Meier curve and Cox's
//! estimate with Efron's ties exactly.

/// Events and censorings by day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    events: Vec<u64>,
    censored: Vec<u64>,
}

/// Most days that are counted apart: a century.
const MOST_DAYS: usize = 36_525;

impl Tally {
    /// Counts one patient; the day is rounded down. A time that is none is not counted.
    pub fn add(&mut self, day: f64, event: bool) {
        if day.is_nan() || day < 0.0 {
            return;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a day")]
        let day = (day.floor() as usize).min(MOST_DAYS);
        if self.events.len() <= day {
            self.events.resize(day + 1, 0);
            self.censored.resize(day + 1, 0);
        }
        let column = if event { &mut self.events } else { &mut self.censored };
        column[day] += 1;
    }

    /// Patients.
    #[must_use]
    pub fn patients(&self) -> u64 {
        self.events.iter().chain(&self.censored).sum()
    }

    /// Events.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events.iter().sum()
    }

    /// (day, S) after each day with events.
    #[must_use]
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let mut at_risk = number(self.patients());
        let mut survival = 1.0;
        let mut curve = Vec::new();
        for (day, (events, censored)) in (0_u32..).zip(self.events.iter().zip(&self.censored)) {
            if *events > 0 {
                survival *= 1.0 - number(*events) / at_risk;
                curve.push((f64::from(day), survival));
            }
            at_risk -= number(events + censored);
        }
        curve
    }

    /// The first day on which S is at or below one half.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        // 1e-9: a half that rounding put a little above.
        self.curve().into_iter().find(|(_, s)| *s <= 0.5 + 1e-9).map(|(day, _)| day)
    }
}

/// Cox's hazard ratio of an arm over a reference with Efron's ties and its 95 % interval; none where either
/// has no event.
#[must_use]
pub fn hazard_ratio(arm: &Tally, reference: &Tally) -> Option<(f64, f64, f64)> {
    if arm.events() == 0 || reference.events() == 0 {
        return None;
    }
    let mut beta = 0.0_f64;
    for _ in 0..50 {
        let (score, information) = derivatives(arm, reference, beta);
        let step = (score / information).clamp(-2.0, 2.0);
        beta += step;
        if !beta.is_finite() {
            return None;
        }
        if step.abs() < 1e-10 {
            let error = 1.0 / derivatives(arm, reference, beta).1.sqrt();
            let at = |z: f64| (beta + z * error).exp();
            return Some((at(0.0), at(-1.959_963_984_540_054), at(1.959_963_984_540_054)));
        }
    }
    None
}

/// Score and information of the partial likelihood at β.
fn derivatives(arm: &Tally, reference: &Tally, beta: f64) -> (f64, f64) {
    let ratio = beta.exp();
    let (mut n1, mut n0) = (number(arm.patients()), number(reference.patients()));
    let (mut score, mut information) = (0.0, 0.0);
    let of = |t: &[u64], day: usize| number(t.get(day).copied().unwrap_or(0));
    for day in 0..arm.events.len().max(reference.events.len()) {
        let (d1, d0) = (of(&arm.events, day), of(&reference.events, day));
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
        n1 -= d1 + of(&arm.censored, day);
        n0 -= d0 + of(&reference.censored, day);
    }
    (score, information)
}

#[expect(clippy::cast_precision_loss, reason = "counts of patients")]
fn number(count: u64) -> f64 {
    count as f64
}
