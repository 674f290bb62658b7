//! Ours and the published number, row by row.

use lutetia_table::{Cell, cell};
use lutetia_units::{Quantity, Unit};

use super::{Compare, CompareError, CompareRow, Published};
use crate::{
    results::Found,
    steps::{Context, StepError},
};

/// A row of a comparison.
pub(super) struct Pair<'s> {
    pub(super) row: &'s CompareRow,
    /// As it stands in its table.
    pub(super) ours: Cell,
    /// The standard deviation beside it.
    pub(super) sd: Option<f64>,
    pub(super) published: Option<f64>,
    /// Ours over the published number; none where that is zero or missing.
    pub(super) ratio: Option<f64>,
}

/// The rows of a step.
pub(super) fn of<'s>(step: &'s Compare, context: &Context) -> Result<Vec<Pair<'s>>, StepError> {
    let pairs = step.rows.iter().map(|row| {
        let pair = pair(row, context)?;
        within(&pair)?;
        Ok(pair)
    });
    pairs.collect()
}

fn pair<'s>(row: &'s CompareRow, context: &Context) -> Result<Pair<'s>, StepError> {
    let Found { value: ours, sd } = context.results.at(&row.ours)?;
    let published = match &row.published {
        Published::Number(x) => Some(*x),
        Published::Cell(path) => cell(&context.published, path)?.number(),
    };
    let ratio = match (ours.number(), published) {
        (Some(a), Some(b)) if b.abs() > 0.0 => Some(a / b),
        _ => None,
    };
    Ok(Pair { row, ours, sd, published, ratio })
}

/// Refuses a number that differs by more than its row allows.
fn within(pair: &Pair<'_>) -> Result<(), CompareError> {
    let what = || pair.row.what.clone();
    let Some(text) = &pair.row.within else { return Ok(()) };
    let most = Quantity::parse(text)
        .and_then(|q| q.to(&Unit::parse("1")?))
        .map_err(|source| CompareError::Within { what: what(), source: Box::new(source) })?;
    if pair.ratio.is_some_and(|r| (r - 1.0).abs() <= most) {
        return Ok(());
    }
    Err(CompareError::Beyond {
        what: what(),
        found: Box::new(pair.ours.clone()),
        published: pair.published,
        within: text.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(within: &str) -> CompareRow {
        CompareRow {
            what: "half-life".to_owned(),
            ours: "t/r/c".to_owned(),
            published: Published::Number(50.0),
            source: "somewhere".to_owned(),
            why: String::new(),
            within: Some(within.to_owned()),
        }
    }

    fn judged(ours: f64, within: &str) -> Result<(), CompareError> {
        let row = row(within);
        super::within(&Pair {
            row: &row,
            ours: ours.into(),
            sd: None,
            published: Some(50.0),
            ratio: Some(ours / 50.0),
        })
    }

    #[test]
    fn exact_a_number_may_differ_by_what_its_row_says() {
        assert_eq!(judged(52.0, "5 %"), Ok(()));
        let refused = judged(53.0, "5 %").expect_err("6 % off");
        assert_eq!(
            refused.to_string(),
            "half-life: found 53, expected 50 within 5 %; what the text says of the method no longer holds"
        );
        assert_eq!(refused.code(), "LUT7156");
        assert!(matches!(judged(52.0, "5 Gy"), Err(CompareError::Within { .. })));
    }
}
