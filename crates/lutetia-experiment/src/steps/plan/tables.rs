//! The tables of plans: activities until a limit, and risks by activity.

use lutetia_patient::{
    plan::{Plan, PlannedCourse},
    shown,
};
use lutetia_table::{Cell, Table};

use crate::results::{Measure, Results};

/// The tables `<id>` and `<id>.risk`.
#[must_use]
pub fn all(id: &str, planned: &[PlannedCourse], what: &Plan) -> [Table; 2] {
    let (results, risks) = found(id, planned, what);
    [results.table(), risks]
}

/// What was planned, and risks by activity.
pub(super) fn found(id: &str, planned: &[PlannedCourse], what: &Plan) -> (Results, Table) {
    let mut table = Results::new(
        id,
        "Activity per cycle until the limit over all cycles; the cycles to come are taken to be like the one measured",
    )
    .subject("region", "")
    .number(Measure::Limit, "Gy")
    .text("limit_of")
    .number(Measure::Given, "Gy")
    .number(Measure::CyclesToCome, "")
    .number(Measure::PerActivity, "Gy/GBq")
    .number(Measure::PerActivity.sd(), "Gy/GBq")
    .number(Measure::Protraction, "")
    .number(Measure::ActivityExpected, "GBq")
    .number(Measure::ActivityAt5PercentRisk, "GBq")
    .number(Measure::RiskOfActivityAsked, "%")
    .number(Measure::CyclesOfActivityAsked, "")
    .number(Measure::CyclesOfActivityAskedAt5PercentRisk, "")
    .text("note");
    let mut risks = Table::new(
        format!("{id}.risk"),
        "Probability that the limit is exceeded, by activity per cycle to come",
    )
    .column("region", "")
    .column("activity", "GBq")
    .column("risk", "%");
    for one in planned {
        let (course, p) = (&one.course, shown(&one.plan).0);
        let limit_of = match p.map(|p| p.rbe.as_str()) {
            Some(rbe) if !rbe.is_empty() => format!("{}, in Gy(RBE), {rbe}", what.limit.of()),
            _ => what.limit.of(),
        };
        let mut row = vec![course.region.as_str().into(), what.limit.gy().into(), limit_of.into()];
        match p {
            Some(p) => {
                row.extend([
                    p.given_gy.into(),
                    f64::from(what.cycles).into(),
                    p.gy_per_gbq.0.into(),
                    p.gy_per_gbq.1.into(),
                    p.protraction.into(),
                    p.expected_gbq.into(),
                    p.cautious_gbq.into(),
                    p.risk.map(|r| 100.0 * r).into(),
                    p.cycles_possible.map(|c| c.0).into(),
                    p.cycles_possible.and_then(|c| c.1).into(),
                ]);
                for (gbq, risk) in &p.curve {
                    risks.push(vec![
                        course.region.as_str().into(),
                        (*gbq).into(),
                        (100.0 * risk).into(),
                    ]);
                }
            }
            None => {
                row.resize(13, Cell::Missing);
            }
        }
        row.push(one.note().into());
        table.push(row);
    }
    (table, risks)
}

#[cfg(test)]
mod tests {
    use lutetia_diagnostic::Verdict;
    use lutetia_patient::{
        NoValue,
        plan::{Course, Limit},
    };

    use super::*;

    #[test]
    fn exact_a_refused_plan_has_no_number_and_no_risk() {
        let why = || Verdict::refused(NoValue::LeftOut { because: "it rises".to_owned() });
        let course = Course {
            region: "kidney_left".to_owned(),
            next: Verdict::refused(NoValue::LeftOut { because: "it rises".to_owned() }),
            given: Verdict::determined(Vec::new()),
            note: String::new(),
        };
        let what = Plan {
            limit: Limit::Dose(23.0),
            cycles: 4,
            activity_gbq: None,
            between_cycles: 0.0,
            accept_misfit: false,
        };
        let [table, risks] = all("plan", &[PlannedCourse { course, plan: why() }], &what);
        assert!(risks.rows.is_empty());
        assert!(table.rows[0][3..13].iter().all(|c| *c == Cell::Missing));
        assert!(table.rows[0][13].csv().contains("it rises"));
    }
}
