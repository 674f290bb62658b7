//! A combination beside independent action on event times.

use lutetia_outcome::combination::IndependentAction;
use lutetia_outcome::survival::{Interval, KaplanMeier, Step as CurveStep};
use serde::Deserialize;

use super::{
    Context, StepKind, Use,
    survival::{Columns, Patients},
};
use crate::steps::StepError;
use lutetia_table::{Cell, Table};

/// A combination beside independent action (Palmer and Sorger 2017): each patient has the better of
/// the two treatments' times.
///
/// With both treatments alone the null curve and the excess over it are tabulated; with one of them,
/// what the other would have to do alone to explain the combination without any interaction.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndependentActionStep {
    /// Name of its table.
    pub id: String,
    /// Table of an earlier step with `time`, `event` (1 or 0) and `arm`.
    pub from: String,
    /// The arm of the combination.
    pub combination: String,
    /// The arm of one treatment alone.
    pub alone: String,
    /// The arm of the other treatment alone, if there is one.
    pub other: Option<String>,
    /// Correlation of the two times of a patient.
    #[serde(default)]
    pub correlation: f64,
    /// Times.
    pub at: Vec<f64>,
    /// Unit of time.
    pub unit: String,
}

/// 95 % of a normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

impl StepKind for IndependentActionStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Step(self.from.split('.').next().unwrap_or(&self.from))]
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let table = context
            .tables
            .get(&self.from)
            .ok_or_else(|| format!("there is no table `{}`", self.from))?;
        let patients = Patients::from_table(table, &Columns::default())?;
        let table = tabulate(self, &patients)?;
        context.add(table);
        Ok(())
    }
}

fn curve(patients: &Patients, arm: &str) -> Result<KaplanMeier, StepError> {
    let arms = patients.by_arm();
    let data = arms.iter().find(|a| a.0 == arm).ok_or_else(|| {
        let known: Vec<&str> = arms.iter().map(|a| a.0).collect();
        format!("no arm `{arm}`; the arms are {}", known.join(", "))
    })?;
    KaplanMeier::fit(&data.1, Interval::Log, 0.95).map_err(StepError::from)
}

/// S and its standard error at a time.
fn at(curve: &KaplanMeier, t: f64) -> Option<(f64, f64)> {
    let survival = curve.survival_at(t)?;
    let error: fn(&CurveStep) -> f64 = |s| s.standard_error;
    Some((survival, curve.step_at(t).map_or(0.0, error)))
}

fn tabulate(step: &IndependentActionStep, patients: &Patients) -> Result<Table, StepError> {
    let both = curve(patients, &step.combination)?;
    let one = curve(patients, &step.alone)?;
    let other = step.other.as_deref().map(|arm| curve(patients, arm)).transpose()?;
    let model = IndependentAction::new(step.correlation)?;
    let table = Table::new(&step.id, caption(step))
        .column("time", &step.unit)
        .column("combination", "")
        .column("alone", "")
        .column("difference", "")
        .column("difference_low", "")
        .column("difference_high", "");
    let mut table = if other.is_some() {
        table.column("other", "").column("null", "").column("excess", "")
    } else {
        table.column("needed", "").column("needed_low", "").column("needed_high", "")
    };
    for &t in &step.at {
        let (Some((c, c_se)), Some((a, a_se))) = (at(&both, t), at(&one, t)) else {
            table.push(vec![t.into()]);
            continue;
        };
        let half = Z_95 * c_se.hypot(a_se);
        let mut row: Vec<Cell> = vec![
            t.into(),
            c.into(),
            a.into(),
            (c - a).into(),
            (c - a - half).into(),
            (c - a + half).into(),
        ];
        if let Some(other) = &other {
            let b = other.survival_at(t);
            let null = b.map(|b| model.survival(a, b)).transpose()?;
            row.extend([b.into(), null.into(), null.map(|n| c - n).into()]);
        } else if a < 1.0 {
            // S_AB = S_A + S_B − S_A S_B solved for S_B, with the error of both curves.
            let needed = (c - a) / (1.0 - a);
            let error = (c_se / (1.0 - a)).hypot(a_se * (1.0 - c) / (1.0 - a).powi(2));
            row.extend([
                needed.into(),
                (needed - Z_95 * error).into(),
                (needed + Z_95 * error).into(),
            ]);
        }
        table.push(row);
    }
    Ok(table)
}

fn caption(step: &IndependentActionStep) -> String {
    match &step.other {
        Some(other) => format!(
            "{} beside independent action of {} and {other} with correlation {}",
            step.combination, step.alone, step.correlation
        ),
        None => format!(
            "Survival that the missing partner would need alone to explain {} over {} by independent action without correlation; below 0: no partner can",
            step.combination, step.alone
        ),
    }
}

#[cfg(test)]
mod tests {
    use lutetia_outcome::survival::{Groups, SurvivalData};

    use super::*;

    /// Arms of four without censoring: S falls by a quarter at each time.
    fn patients() -> Patients {
        let time = vec![1.0, 2.0, 3.0, 4.0, 2.0, 4.0, 6.0, 8.0, 3.0, 6.0, 9.0, 12.0];
        let arm = ["a"; 4].into_iter().chain(["b"; 4]).chain(["both"; 4]).collect::<Vec<_>>();
        let data = SurvivalData::new(time, vec![true; 12]).expect("data");
        Patients { data, groups: Groups::by_appearance(&arm), notes: Vec::new() }
    }

    fn step(other: Option<&str>, at: &[f64]) -> IndependentActionStep {
        IndependentActionStep {
            id: "t".to_owned(),
            from: "t".to_owned(),
            combination: "both".to_owned(),
            alone: "a".to_owned(),
            other: other.map(str::to_owned),
            correlation: 0.0,
            at: at.to_vec(),
            unit: "months".to_owned(),
        }
    }

    fn number(table: &Table, row: usize, column: &str) -> Option<f64> {
        table.rows[row][table.index_of(column).expect("a column")].number()
    }

    /// At 2: S_a 1/2, S_b 3/4, together 1: null 7/8, excess 1/8; b would have needed 1.
    #[test]
    fn exact_null_and_needed() {
        let table = tabulate(&step(Some("b"), &[2.0, 13.0]), &patients()).expect("a table");
        let close = |found: Option<f64>, expected: f64| {
            let found = found.expect("a number");
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        };
        close(number(&table, 0, "null"), 0.875);
        close(number(&table, 0, "excess"), 0.125);
        close(number(&table, 1, "null"), 0.0);
        let table = tabulate(&step(None, &[2.0, 3.0, 0.5]), &patients()).expect("a table");
        close(number(&table, 0, "needed"), 1.0);
        // S_a 1/4, together 3/4: (3/4 − 1/4)/(3/4).
        close(number(&table, 1, "needed"), 2.0 / 3.0);
        // Before the first death nothing is asked of a partner.
        assert_eq!(number(&table, 2, "needed"), None);
    }

    #[test]
    fn exact_an_arm_that_is_missing() {
        let refused = tabulate(&step(Some("c"), &[2.0]), &patients()).expect_err("refused");
        assert_eq!(refused.to_string(), "no arm `c`; the arms are a, b, both");
    }
}
