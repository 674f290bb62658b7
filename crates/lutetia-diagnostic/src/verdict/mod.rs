//! A result that carries what stands against it.
//!
//! A number that a curve, a dose or a plan rests on is rarely simply right or wrong: a function may miss
//! the data, a parameter lie at its bound, a third of an integral lie after the last measurement. A
//! [`Verdict`] holds the value together with such [`Flag`]s, or the [`Reason`]s why there is none. Both
//! travel: what is computed from a flagged value is flagged, and nothing computed from a refusal has a
//! value.
//!
//! The value comes out by [`accept`](Verdict::accept) alone, which names the kinds of flags that are taken:
//!
//! ```
//! use lutetia_diagnostic::{Flag, FlagKind, Verdict};
//! let integral = Verdict::determined(7593.75).with(Flag::Extrapolated { share: 0.31 });
//! let dose = integral.map(|mbq_h| 3.5e-4 * mbq_h);
//! // Whoever takes no flags gets no value.
//! assert!(dose.clone().accept(&[]).is_err());
//! assert!(dose.clone().accept(&[FlagKind::Misfit]).is_err());
//! assert!(dose.accept(&[FlagKind::Extrapolated]).is_ok());
//! ```
//!
//! No other way leads to a bare value. Not by looking inside:
//!
//! ```compile_fail,E0423
//! use lutetia_diagnostic::Verdict;
//! let Verdict(inside) = Verdict::determined(7593.75);
//! ```
//!
//! ```compile_fail,E0616
//! use lutetia_diagnostic::Verdict;
//! let value: f64 = Verdict::determined(7593.75).0;
//! ```
//!
//! nor by taking it for its value:
//!
//! ```compile_fail,E0614
//! use lutetia_diagnostic::Verdict;
//! let value: f64 = *Verdict::determined(7593.75);
//! ```
//!
//! ```compile_fail,E0308
//! use lutetia_diagnostic::Verdict;
//! let value: f64 = Verdict::determined(7593.75);
//! ```
//!
//! nor by hoping, nor by a default:
//!
//! ```compile_fail,E0599
//! use lutetia_diagnostic::Verdict;
//! let value: f64 = Verdict::determined(7593.75).unwrap();
//! ```
//!
//! ```compile_fail,E0599
//! use lutetia_diagnostic::Verdict;
//! let value: f64 = Verdict::determined(7593.75).value();
//! ```
//!
//! ```compile_fail,E0599
//! use lutetia_diagnostic::Verdict;
//! let verdict: Verdict<f64> = Verdict::default();
//! ```

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap as _};

mod flag;
mod reason;

pub use flag::{Assumption, Choice, Flag, FlagKind, Gap, LARGE_EXTRAPOLATION, Noted};
use reason::Unaccepted;
pub use reason::{Cause, Reason};

/// What [`Verdict::accept`] gives in place of a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    reasons: Vec<Reason>,
}

impl Refusal {
    /// Why, at least one.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The first hint, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.reasons.iter().find_map(Reason::hint)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not determined: ")?;
        join(f, &self.reasons)
    }
}

impl std::error::Error for Refusal {}

impl Cause for Refusal {
    /// That of the first reason.
    fn code(&self) -> &'static str {
        self.reasons.first().map_or("LUT6140", Reason::code)
    }
}

fn join(f: &mut fmt::Formatter<'_>, parts: &[impl fmt::Display]) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str("; ")?;
        }
        write!(f, "{part}")?;
    }
    Ok(())
}

/// A value, a value with what stands against it, or why there is none.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Verdict<T>(State<T>);

#[derive(Debug, Clone, PartialEq)]
enum State<T> {
    /// With its flags; none where it is determined.
    Value(T, Vec<Noted>),
    /// At least one reason.
    Refused(Vec<Reason>),
}

impl<T> Verdict<T> {
    /// A value that nothing stands against.
    pub fn determined(value: T) -> Self {
        Self(State::Value(value, Vec::new()))
    }

    /// No value.
    pub fn refused(reason: impl Into<Reason>) -> Self {
        Self(State::Refused(vec![reason.into()]))
    }

    /// The value with one more flag; a refusal stays one.
    pub fn with(self, flag: Flag) -> Self {
        self.noted(Noted { of: String::new(), flag })
    }

    /// As [`with`](Self::with), where there is a flag.
    pub fn with_all(self, flags: impl IntoIterator<Item = Flag>) -> Self {
        flags.into_iter().fold(self, Self::with)
    }

    fn noted(mut self, noted: Noted) -> Self {
        if let State::Value(_, flags) = &mut self.0
            && !flags.contains(&noted)
        {
            flags.push(noted);
        }
        self
    }

    /// Says of what the flags and reasons so far are: `cycle 2`.
    pub fn within(mut self, of: &str) -> Self {
        let place = |inner: &str| match inner {
            "" => of.to_owned(),
            inner => format!("{of}, {inner}"),
        };
        match &mut self.0 {
            State::Value(_, flags) => {
                for noted in flags {
                    noted.of = place(&noted.of);
                }
            }
            State::Refused(reasons) => {
                for reason in reasons {
                    reason.within(of);
                }
            }
        }
        self
    }

    /// What is computed of the value; flags and reasons travel.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Verdict<U> {
        Verdict(match self.0 {
            State::Value(value, flags) => State::Value(f(value), flags),
            State::Refused(reasons) => State::Refused(reasons),
        })
    }

    /// What is computed of the value where that may fail, by a verdict of its own; the flags of both join.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Verdict<U>) -> Verdict<U> {
        match self.0 {
            State::Value(value, flags) => {
                let mut next = f(value);
                if let State::Value(_, own) = &mut next.0 {
                    let mut all = flags;
                    for noted in own.drain(..) {
                        if !all.contains(&noted) {
                            all.push(noted);
                        }
                    }
                    *own = all;
                }
                next
            }
            State::Refused(reasons) => Verdict(State::Refused(reasons)),
        }
    }

    /// What is computed of the value where that may fail.
    pub fn try_map<U, E: Cause>(self, f: impl FnOnce(T) -> Result<U, E>) -> Verdict<U> {
        self.and_then(|value| match f(value) {
            Ok(found) => Verdict::determined(found),
            Err(error) => Verdict::refused(error),
        })
    }

    /// Both values; flags join, and a refusal of either is one of both.
    pub fn zip<U>(self, other: Verdict<U>) -> Verdict<(T, U)> {
        Verdict(match (self.0, other.0) {
            (State::Value(a, mut flags), State::Value(b, others)) => {
                for noted in others {
                    if !flags.contains(&noted) {
                        flags.push(noted);
                    }
                }
                State::Value((a, b), flags)
            }
            (State::Refused(mut reasons), State::Refused(others)) => {
                for reason in others {
                    if !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                }
                State::Refused(reasons)
            }
            (State::Refused(reasons), _) | (_, State::Refused(reasons)) => State::Refused(reasons),
        })
    }

    /// All values; flags join, and one refusal is a refusal of all.
    pub fn all(verdicts: impl IntoIterator<Item = Self>) -> Verdict<Vec<T>> {
        verdicts.into_iter().fold(Verdict::determined(Vec::new()), |all, one| {
            all.zip(one).map(|(mut all, one)| {
                all.push(one);
                all
            })
        })
    }

    /// The same, by reference.
    pub fn as_ref(&self) -> Verdict<&T> {
        Verdict(match &self.0 {
            State::Value(value, flags) => State::Value(value, flags.clone()),
            State::Refused(reasons) => State::Refused(reasons.clone()),
        })
    }

    /// The same where all flags are of the kinds allowed; otherwise a refusal with those that are not, and
    /// `hint`.
    pub fn only(self, allowed: &[FlagKind], hint: &str) -> Self {
        let against: Vec<Reason> = self
            .flags()
            .iter()
            .filter(|noted| !allowed.contains(&noted.flag.kind()))
            .map(|noted| Unaccepted { flag: noted.clone(), hint: hint.to_owned() }.into())
            .collect();
        if against.is_empty() { self } else { Self(State::Refused(against)) }
    }

    /// The bare value where all its flags are of the kinds allowed.
    ///
    /// # Errors
    /// Why there is none, or the flags that are not allowed.
    pub fn accept(self, allowed: &[FlagKind]) -> Result<T, Refusal> {
        match self.only(allowed, "").0 {
            State::Value(value, _) => Ok(value),
            State::Refused(reasons) => Err(Refusal { reasons }),
        }
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.0, State::Refused(_))
    }

    /// What stands against the value; empty where nothing does, and for a refusal.
    #[must_use]
    pub fn flags(&self) -> &[Noted] {
        match &self.0 {
            State::Value(_, flags) => flags,
            State::Refused(_) => &[],
        }
    }

    /// Why there is no value; empty where there is one.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        match &self.0 {
            State::Value(..) => &[],
            State::Refused(reasons) => reasons,
        }
    }

    /// Whether a flag of this kind stands against the value.
    #[must_use]
    pub fn has(&self, kind: FlagKind) -> bool {
        self.flags().iter().any(|noted| noted.flag.kind() == kind)
    }

    /// Everything a reader must know, in one line: the flags, or `not determined:` and the reasons; empty
    /// for a value that nothing stands against.
    #[must_use]
    pub fn note(&self) -> String {
        struct Note<'a, T>(&'a Verdict<T>);
        impl<T> fmt::Display for Note<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match &self.0.0 {
                    State::Value(_, flags) => join(f, flags),
                    State::Refused(reasons) => {
                        f.write_str("not determined: ")?;
                        join(f, reasons)
                    }
                }
            }
        }
        Note(self).to_string()
    }

    /// One word: `determined`, `flagged` or `refused`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.0 {
            State::Value(_, flags) if flags.is_empty() => "determined",
            State::Value(..) => "flagged",
            State::Refused(_) => "refused",
        }
    }
}

impl<T: Clone> Verdict<&T> {
    /// An owned copy.
    pub fn cloned(self) -> Verdict<T> {
        self.map(Clone::clone)
    }
}

impl<T, E: Cause> From<Result<T, E>> for Verdict<T> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::determined(value),
            Err(error) => Self::refused(error),
        }
    }
}

/// `{"verdict": "flagged", "value": …, "flags": […]}`, or `{"verdict": "refused", "reasons": […]}`.
impl<T: Serialize> Serialize for Verdict<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("verdict", self.word())?;
        match &self.0 {
            State::Value(value, flags) => {
                map.serialize_entry("value", value)?;
                if !flags.is_empty() {
                    map.serialize_entry("flags", flags)?;
                }
            }
            State::Refused(reasons) => map.serialize_entry("reasons", reasons)?,
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Why there is no value, and what would do.
    #[derive(Debug)]
    struct Because(&'static str, Option<&'static str>);

    impl fmt::Display for Because {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Because {}

    impl Cause for Because {
        fn code(&self) -> &'static str {
            "LUT6140"
        }

        fn hint(&self) -> Option<String> {
            self.1.map(str::to_owned)
        }
    }

    /// One flag of every kind.
    fn flags() -> Vec<Flag> {
        let text = || "k".to_owned();
        vec![
            Flag::Misfit { chi_square: 20_937.0, dof: 1, p: 0.0 },
            Flag::Widened { ratio: 144.7 },
            Flag::AtBound { parameter: text() },
            Flag::Extrapolated { share: 0.314 },
            Flag::Prior { parameter: text() },
            Flag::Model { choice: Choice::WithoutAicc { function: text() } },
            Flag::Assumed { what: Assumption::PhysicalTail },
            Flag::Incomplete { what: Gap::StandardError },
        ]
    }

    #[test]
    fn exact_every_kind_has_a_flag_a_name_and_its_own_acceptance() {
        let kinds: Vec<FlagKind> = flags().iter().map(Flag::kind).collect();
        assert_eq!(kinds, FlagKind::ALL);
        for flag in flags() {
            let kind = flag.kind();
            assert_eq!(FlagKind::named(kind.name()), Some(kind));
            let verdict = Verdict::determined(1.5).with(flag.clone());
            assert_eq!(verdict.word(), "flagged");
            assert!(verdict.has(kind) && verdict.note() == flag.to_string());
            assert_eq!(verdict.clone().accept(&[kind]), Ok(1.5));
            assert_eq!(verdict.clone().accept(&FlagKind::ALL), Ok(1.5));
            let others: Vec<FlagKind> =
                FlagKind::ALL.into_iter().filter(|other| *other != kind).collect();
            let refusal = verdict.accept(&others).expect_err("it is not allowed");
            assert_eq!(refusal.to_string(), format!("not determined: {flag}"));
        }
        assert_eq!(FlagKind::NOT_REFUTING.len() + 1, FlagKind::ALL.len());
        assert!(!FlagKind::NOT_REFUTING.contains(&FlagKind::Misfit));
        assert_eq!(FlagKind::named("Misfit"), None);
    }

    #[test]
    fn exact_flags_travel_join_once_and_say_of_what_they_are() {
        let [first, second] = [Flag::Widened { ratio: 2.0 }, Flag::Extrapolated { share: 0.5 }];
        let a = Verdict::determined(2.0).with(first.clone()).within("cycle 1");
        let b = Verdict::determined(3.0).with(second.clone()).within("cycle 2");
        let sum = a.clone().zip(b.clone()).map(|(a, b)| a + b);
        assert_eq!(
            sum.note(),
            "cycle 1: standard error widened 2.00 times for the lack of fit; \
             cycle 2: 50 % of the integral lies after the last measurement"
        );
        assert_eq!(a.clone().zip(a.clone()).flags().len(), 1);
        let next = a.clone().and_then(|_| b.clone());
        assert_eq!(next.flags(), sum.flags());
        assert_eq!(a.clone().within("patient").flags()[0].of, "patient, cycle 1");
        assert_eq!(sum.accept(&[first.kind(), second.kind()]), Ok(5.0));
    }

    #[test]
    fn exact_nothing_after_a_refusal_has_a_value() {
        let good = || Verdict::determined(2.0).with(Flag::Widened { ratio: 2.0 });
        let bad =
            || Verdict::<f64>::refused(Because("not determined: the curve does not fall", None));
        let downstream: Vec<Verdict<f64>> = vec![
            bad().map(|x| x + 1.0),
            bad().and_then(|_| good()),
            good().and_then(|_| bad()),
            bad().try_map(|x| Ok::<_, Refusal>(x + 1.0)),
            bad().zip(good()).map(|(a, b)| a + b),
            good().zip(bad()).map(|(a, b)| a + b),
            Verdict::all([good(), bad(), good()]).map(|all| all.iter().sum()),
            bad().with(Flag::Widened { ratio: 2.0 }),
            bad().only(&FlagKind::ALL, ""),
            bad().as_ref().cloned(),
        ];
        for (i, verdict) in downstream.into_iter().enumerate() {
            assert!(verdict.is_refused(), "{i}");
            assert_eq!(verdict.note(), "not determined: the curve does not fall", "{i}");
            let json = serde_json::to_value(&verdict).expect("JSON");
            assert!(json.get("value").is_none(), "{json}");
            assert!(verdict.accept(&FlagKind::ALL).is_err(), "{i}");
        }
        let both = bad().zip(Verdict::<f64>::refused(Because("no mass", None)));
        assert_eq!(both.reasons().len(), 2);
    }

    #[test]
    fn exact_json_says_the_verdict() {
        let is = |v: &Verdict<f64>, expected: &str| {
            let expected: serde_json::Value = serde_json::from_str(expected).expect("JSON");
            assert_eq!(serde_json::to_value(v).expect("JSON"), expected);
        };
        is(&Verdict::determined(1.5), r#"{"value":1.5,"verdict":"determined"}"#);
        is(
            &Verdict::determined(1.5).with(Flag::Widened { ratio: 2.0 }).within("cycle 1"),
            r#"{"flags":[{"flag":{"kind":"widened","ratio":2.0},"of":"cycle 1",
                "text":"standard error widened 2.00 times for the lack of fit"}],
                "value":1.5,"verdict":"flagged"}"#,
        );
        let refused = Verdict::refused(Because("no mass", Some("give it with `--mass`")));
        is(
            &refused,
            r#"{"reasons":[{"code":"LUT6140","hint":"give it with `--mass`","text":"no mass"}],
                "verdict":"refused"}"#,
        );
        assert_eq!(refused.note(), "not determined: no mass; give it with `--mass`");
        let reason = &refused.within("cycle 2").within("patient").reasons()[0].clone();
        assert_eq!(reason.text(), "patient: cycle 2: no mass");
        assert!(reason.cause().is::<Because>() && reason.code() == "LUT6140");
    }
}
