//! The individual times of each arm.

use lutetia_outcome::survival::{PublishedCurve, Reconstruction};
use lutetia_table::{Cell, Table};

use super::{Reconstruct, ReconstructError};
use crate::steps::{StepError, survival::source::Individuals};

/// The individual times of an arm.
pub(super) struct Arm {
    pub(super) name: String,
    /// Points of its published curve.
    pub(super) points: usize,
    pub(super) found: Reconstruction,
}

/// Points (time, value) of an arm.
type Points = (String, Vec<(f64, f64)>);

/// The points of each arm, in the order in which the arms appear.
fn by_arm(table: &Table, value: &str) -> Result<Vec<Points>, StepError> {
    let (arm_at, time_at, value_at) =
        (table.index("arm")?, table.index("time")?, table.index(value)?);
    let mut arms: Vec<Points> = Vec::new();
    for (i, row) in table.rows.iter().enumerate() {
        let number = |at: usize, column: &str| {
            row.get(at).and_then(Cell::number).ok_or_else(|| ReconstructError::NoNumber {
                row: i + 1,
                table: table.name.clone(),
                column: column.to_owned(),
            })
        };
        let point = (number(time_at, "time")?, number(value_at, value)?);
        let arm = row.get(arm_at).map(Cell::csv).unwrap_or_default();
        match arms.iter_mut().find(|a| a.0 == arm) {
            Some((_, points)) => points.push(point),
            None => arms.push((arm, vec![point])),
        }
    }
    Ok(arms)
}

/// The arms of the published curves in their order.
pub(super) fn of(
    step: &Reconstruct,
    curve: &Table,
    at_risk: &Table,
) -> Result<Vec<Arm>, StepError> {
    let curves = by_arm(curve, "survival")?;
    let risks = by_arm(at_risk, "at_risk")?;
    if let Some(name) = step.events.keys().find(|arm| curves.iter().all(|c| c.0 != **arm)) {
        let known = curves.into_iter().map(|c| c.0).collect();
        return Err(ReconstructError::NoArm { name: name.clone(), known }.into());
    }
    curves
        .into_iter()
        .map(|(name, points)| {
            let risk = risks.iter().find(|r| r.0 == name).ok_or_else(|| {
                ReconstructError::NoneAtRisk { table: step.at_risk.clone(), arm: name.clone() }
            })?;
            let found = one(step, &name, &points, &risk.1)?;
            Ok(Arm { name, points: points.len(), found })
        })
        .collect()
}

/// The individual times of all arms.
pub(super) fn individuals(arms: &[Arm]) -> Individuals {
    let mut all = Individuals::default();
    for arm in arms {
        let data = &arm.found.data;
        all.time.extend(data.time());
        all.event.extend(data.event());
        all.arm.extend(std::iter::repeat_n(arm.name.clone(), data.len()));
    }
    all
}

fn one(
    step: &Reconstruct,
    arm: &str,
    points: &[(f64, f64)],
    risk: &[(f64, f64)],
) -> Result<Reconstruction, ReconstructError> {
    let mut at_risk = Vec::with_capacity(risk.len());
    for &(time, n) in risk {
        if n < 0.0 || n.fract().abs() > 0.0 {
            return Err(ReconstructError::AtRisk { arm: arm.to_owned(), time, found: n });
        }
        at_risk.push((time, n as usize));
    }
    PublishedCurve::new(points, &at_risk, step.events.get(arm).copied())
        .and_then(|curve| {
            let curve = if step.fixed_times { curve.read_between_steps() } else { curve };
            curve.reconstruct()
        })
        .map_err(|source| ReconstructError::Curve { arm: arm.to_owned(), source: Box::new(source) })
}

#[cfg(test)]
mod tests {
    use lutetia_table::read;

    use super::*;
    use crate::written::TimeUnit;

    const CURVE: &str = "arm,time,survival\na,0,1\na,2,0.75\na,4,0.5\n";

    fn found(curve: &str, at_risk: &str, events: &[(&str, usize)]) -> Result<Vec<Arm>, StepError> {
        let step = Reconstruct {
            id: "r".to_owned(),
            curve: "curve".to_owned(),
            at_risk: "risk".to_owned(),
            events: events.iter().map(|(arm, n)| ((*arm).to_owned(), *n)).collect(),
            unit: TimeUnit::parse("mo").expect("a unit"),
            fixed_times: false,
        };
        of(&step, &read("curve", curve), &read("risk", at_risk))
    }

    /// Of four patients one dies at 2 and one at 4.
    #[test]
    fn exact_a_curve_without_censoring_gives_its_patients() {
        let arms = found(CURVE, "arm,time,at_risk\na,0,4\n", &[("a", 2)]).expect("a curve");
        let data = &arms[0].found.data;
        assert_eq!((arms[0].points, data.len(), data.events()), (3, 4, 2));
    }

    #[test]
    fn exact_what_does_not_belong_together_is_refused_by_name() {
        let cases = [
            (
                CURVE,
                "arm,time,at_risk\nb,0,4\n",
                "a",
                "`risk` has no numbers at risk of the arm `a`",
            ),
            (
                CURVE,
                "arm,time,at_risk\na,0,4\na,2,2.5\n",
                "a",
                "2.5 patients of `a` at risk at 2; expected a whole number",
            ),
            (CURVE, "arm,time,at_risk\na,0,4\n", "b", "`events` names the arm `b`; the arms are a"),
            (
                "arm,time,survival\na,0,\n",
                "arm,time,at_risk\na,0,4\n",
                "a",
                "row 1 of `curve` has no survival",
            ),
        ];
        for (curve, at_risk, arm, said) in cases {
            let refused = found(curve, at_risk, &[(arm, 2)]).err().expect(said);
            assert_eq!((refused.to_string().as_str(), refused.code()), (said, Some("LUT7155")));
        }
        let steep = "arm,time,survival\na,0,100\n";
        let refused = found(steep, "arm,time,at_risk\na,0,4\n", &[]).err().expect("per cent");
        assert!(refused.to_string().starts_with("arm `a`: survival at point 1"), "{refused}");
        assert_eq!(refused.code(), Some("LUT9001"));
    }
}
