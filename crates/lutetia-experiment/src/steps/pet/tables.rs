//! The tables of kinetics of PET; the command shows the same.

use lutetia_pet::{Analysed, Sought};
use lutetia_table::{Cell, Table};

use crate::results::{Measure, Results};

/// Relative difference within which numbers of fits are the same: the minimum is found to 1e-4 standard errors, and
/// another processor rounds otherwise.
const SAME: f64 = 2e-3;

/// The same of standard errors and ends of intervals.
const SAME_ERROR: f64 = 2e-2;

/// What the methods are for: `<id>`. What the data do not determine has no number; the note says why.
#[must_use]
pub fn quantities(name: &str, found: &[Analysed<'_>]) -> Results {
    let caption = "What each method is for, region by region, with standard error and 95 % interval; what the data do not determine has no number";
    filled(name, caption, found, |analysed| analysed.method.quantities())
}

/// What the methods estimate beside these: `<id>.parameters`.
#[must_use]
pub fn parameters(name: &str, found: &[Analysed<'_>]) -> Results {
    let caption =
        "What is estimated or held beside what each method is for: rates, share of blood, delay";
    filled(name, caption, found, |analysed| analysed.method.parameters())
}

/// Both, analysis by analysis.
#[must_use]
pub fn estimates(name: &str, found: &[Analysed<'_>]) -> Results {
    let caption = "Quantities and parameters of each region, with standard error and 95 % interval";
    filled(name, caption, found, |analysed| {
        analysed.method.quantities().into_iter().chain(analysed.method.parameters()).collect()
    })
}

/// Whether any method has parameters.
pub(super) fn estimates_anything(found: &[Analysed<'_>]) -> bool {
    found.iter().any(|analysed| !analysed.method.parameters().is_empty())
}

/// The name of a row.
pub(crate) fn row(scan: &str, region: &str, method: &str, quantity: &str) -> String {
    format!("{scan}: {region}, {method}, {quantity}")
}

fn filled(
    name: &str,
    caption: &str,
    found: &[Analysed<'_>],
    wanted: impl Fn(&Analysed<'_>) -> Vec<String>,
) -> Results {
    let mut table = Results::new(name, caption)
        .subject("row", "")
        .text("scan")
        .text("region")
        .text("method")
        .text("quantity")
        .text("unit")
        .number(Measure::Value, "")
        .tolerance(SAME)
        .number(Measure::Se, "")
        .tolerance(SAME_ERROR)
        .number(Measure::Low, "")
        .tolerance(SAME_ERROR)
        .number(Measure::High, "")
        .tolerance(SAME_ERROR)
        .text("note");
    for analysed in found {
        for name in wanted(analysed) {
            table.push(cells(analysed, &name));
        }
    }
    table
}

/// One quantity of an analysis.
fn cells(analysed: &Analysed<'_>, name: &str) -> Vec<Cell> {
    let (scan, region) = (&analysed.scan.name, &analysed.region.name);
    let method = analysed.method.name();
    let mut cells: Vec<Cell> = vec![
        row(scan, region, method, name).into(),
        scan.as_str().into(),
        region.as_str().into(),
        method.into(),
        name.into(),
    ];
    let sought = |sought: &Sought| sought.name == name;
    let answer = match &analysed.answer {
        Ok(answer) => answer,
        Err(why) => {
            cells.extend(["".into(), Cell::Missing, Cell::Missing, Cell::Missing, Cell::Missing]);
            cells.push(format!("not determined: {why}").into());
            return cells;
        }
    };
    let Some(q) = answer.quantities.iter().find(|q| sought(q)) else { return cells };
    let known = q.refused.is_none();
    let number = |x: Option<f64>| Cell::from(x.filter(|x| known && x.is_finite()));
    let note = match (&q.refused, q.fixed) {
        (Some(why), _) => format!("not determined: {why}"),
        (None, true) => "held".to_owned(),
        (None, false) => answer.how.clone(),
    };
    cells.push(q.unit.into());
    cells.extend([number(Some(q.value)), number(q.se)]);
    cells.extend([number(q.ci95.map(|c| c.0)), number(q.ci95.map(|c| c.1))]);
    cells.push(note.into());
    cells
}

/// Frames, measured and fitted: `<id>.points`.
#[must_use]
pub fn points(name: &str, found: &[Analysed<'_>]) -> Table {
    let caption = "Frames of each region, measured and fitted: concentrations (kBq/mL), or the ordinate of the plot beside its abscissa";
    let mut table = Table::new(name, caption)
        .column("scan", "")
        .column("region", "")
        .column("method", "")
        .column("start", "min")
        .column("end", "min")
        .column("abscissa", "")
        .column("measured", "")
        .column("fitted", "")
        .tolerance(SAME)
        .column("used", "");
    for Analysed { scan, region, method, answer } in found {
        let number = |x: f64| Cell::from(Some(x).filter(|x| x.is_finite()));
        for seen in answer.iter().flat_map(|answer| &answer.seen) {
            table.push(vec![
                scan.name.as_str().into(),
                region.name.as_str().into(),
                method.name().into(),
                seen.frame.start.into(),
                seen.frame.end.into(),
                number(seen.abscissa.unwrap_or(f64::NAN)),
                number(seen.measured),
                number(seen.fitted),
                if seen.used { "yes" } else { "no" }.into(),
            ]);
        }
    }
    table
}
