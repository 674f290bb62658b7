//! The tables of fitted curves.

use lutetia_dose::Tia;
use lutetia_fit::{DerivedKind, Fit, QualityGates};
use lutetia_patient::{
    PatientError,
    curves::{Candidate, Intervals, RegionCurve},
    shown,
};
use lutetia_table::{Cell, Table, significant};

use crate::results::{Measure, Results, Shown};

/// The tables of fitted regions: [`results`], [`candidates`], [`points`], [`curves`] and [`averaged`].
///
/// # Errors
/// [`PatientError`] where a fitted curve cannot be drawn.
pub(crate) fn all(
    id: &str,
    regions: &[RegionCurve],
    until_h: f64,
) -> Result<[Shown; 5], PatientError> {
    Ok([
        results(id, regions).into(),
        candidates(id, regions).into(),
        points(id, regions).into(),
        curves(id, regions, until_h)?.into(),
        averaged(id, regions).into(),
    ])
}

/// A quantity of a candidate and its standard error; nothing where the end of the curve stands against it.
fn quantity(
    region: &RegionCurve,
    c: &Candidate,
    quantity: DerivedKind,
) -> Option<(f64, Option<f64>)> {
    if region.refused.is_some() { None } else { c.quantity(quantity).ok() }
}

/// The function used of every region: `<id>`.
#[must_use]
pub fn results(id: &str, regions: &[RegionCurve]) -> Results {
    let mut table = Results::new(id, "Fitted curves: time-integrated activity from the injection to infinity, one standard error")
        .subject("region", "")
        .text("function")
        .number(Measure::Tia, "MBq h")
        .number(Measure::Tia.sd(), "MBq h")
        .number(Measure::TiaCoefficient, "h")
        .number(Measure::Extrapolated, "%")
        .number(Measure::EffectiveHalfLife, "h")
        .number(Measure::EffectiveHalfLife.sd(), "h")
        .number(Measure::ChiSquare, "")
        .number(Measure::Observations, "")
        .number(Measure::Parameters, "")
        .text("note");
    for region in regions {
        let name = region.data.region.as_str();
        let best = region.best();
        let fit = best.fit.as_deref().ok();
        // What is shown here is what doses are made of, with what stands against it.
        let judged = region.tia().tia;
        let (found, said) = shown(&judged);
        let tia = found.map(Tia::value_mbq_h);
        let extrapolated = quantity(region, best, DerivedKind::ExtrapolatedFraction);
        let half_life = region.effective_half_life();
        table.push(vec![
            name.into(),
            best.function.as_str().into(),
            tia.into(),
            found.and_then(Tia::sd_mbq_h).into(),
            tia.map(|t| t / region.data.injected_mbq).into(),
            extrapolated.map(|e| 100.0 * e.0).into(),
            half_life.map(|h| h.0).into(),
            half_life.and_then(|h| h.1).into(),
            fit.map(chi_square).into(),
            fit.map(|f| f.n as f64).into(),
            fit.map(|f| f.estimates.len() as f64).into(),
            match &region.refused {
                Some(why) => format!("not determined: {why}"),
                None => noted(said, &best.note()),
            }
            .into(),
        ]);
    }
    table
}

/// Every function tried: `<id>.candidates`.
#[must_use]
pub fn candidates(id: &str, regions: &[RegionCurve]) -> Table {
    let mut table = Table::new(format!("{id}.candidates"), "Every function tried")
        .column("region", "")
        .column("function", "")
        .column("tia", "MBq h")
        .column("tia_sd", "MBq h")
        .column("chi_square", "")
        .column("k", "")
        .column("aicc", "")
        .column("weight", "")
        .column("largest_cv", "%")
        .column("largest_correlation", "")
        .column("gates", "")
        .column("used", "")
        .column("note", "");
    for region in regions {
        let name = region.data.region.as_str();
        let average = region.average();
        for (i, c) in region.candidates.iter().enumerate() {
            let fit = c.fit.as_deref().ok();
            let tia = quantity(region, c, DerivedKind::Tia);
            let weight = average.as_ref().ok().and_then(|a| a.weights.get(i).copied().flatten());
            let quality = fit.map(|f| f.quality(&QualityGates::default()));
            let cv = quality.as_ref().and_then(|q| q.largest_cv.as_ref()).map(|(_, cv)| *cv);
            // Beyond ten times the value the number is that of a direction without information.
            let cv = cv.filter(|cv| *cv <= 10.0);
            let correlation =
                quality.as_ref().and_then(|q| q.largest_correlation.as_ref()).map(|c| c.2.abs());
            let gates = quality.as_ref().map_or_else(String::new, ToString::to_string);
            table.push(vec![
                name.into(),
                c.function.as_str().into(),
                tia.map(|t| t.0).into(),
                tia.and_then(|t| t.1).into(),
                fit.map(chi_square).into(),
                fit.map(|f| f.k as f64).into(),
                fit.and_then(|f| f.aicc).into(),
                weight.into(),
                cv.map(|cv| 100.0 * cv).into(),
                correlation.into(),
                gates.into(),
                if i == region.chosen { "yes" } else { "" }.into(),
                c.note().into(),
            ]);
        }
    }
    table
}

/// What was measured and what the function used makes of it: `<id>.points`.
#[must_use]
pub fn points(id: &str, regions: &[RegionCurve]) -> Table {
    let mut table = Table::new(
        format!("{id}.points"),
        "Measured and fitted activities; residuals in standard deviations of the error model",
    )
    .column("region", "")
    .column("time", "h")
    .column("activity", "MBq")
    .column("sd", "MBq")
    .column("fitted", "MBq")
    .column("residual", "")
    // Residuals are differences of nearly equal numbers.
    .tolerance(1e-3);
    for region in regions {
        let name = region.data.region.as_str();
        let Ok(fit) = &region.best().fit else { continue };
        for (point, residual) in region.data.points.iter().zip(&fit.residuals) {
            table.push(vec![
                name.into(),
                point.time_h.into(),
                point.activity_mbq.into(),
                residual.sd.into(),
                residual.predicted.into(),
                residual.weighted.into(),
            ]);
        }
    }
    table
}

/// The function used of every region, drawn until `until_h`: `<id>.curves`.
///
/// # Errors
/// [`PatientError`] where it cannot be drawn.
pub fn curves(id: &str, regions: &[RegionCurve], until_h: f64) -> Result<Table, PatientError> {
    let mut table =
        Table::new(format!("{id}.curves"), "Fitted curves with pointwise 95 % intervals")
            .column("region", "")
            .column("time", "h")
            .column("activity", "MBq")
            .column("low", "MBq")
            .column("high", "MBq");
    for region in regions {
        let name = region.data.region.as_str();
        let grid = region.grid(until_h);
        for (t, p) in grid.iter().zip(region.drawn(&grid)?) {
            table.push(vec![
                name.into(),
                (*t).into(),
                p.value.into(),
                p.ci95.map(|c| c.0).into(),
                p.ci95.map(|c| c.1).into(),
            ]);
        }
    }
    Ok(table)
}

/// The integral of every region averaged over the functions: `<id>.averaged`.
#[must_use]
pub fn averaged(id: &str, regions: &[RegionCurve]) -> Results {
    let mut table = Results::new(
        format!("{id}.averaged"),
        "Time-integrated activity averaged over the functions by Akaike weights (AICc); the standard error includes how far the functions lie apart",
    )
    .subject("region", "")
    .number(Measure::Tia, "MBq h")
    .number(Measure::Tia.sd(), "MBq h")
    .number(Measure::TiaCoefficient, "h")
    .text("functions");
    for region in regions {
        let name = region.data.region.as_str();
        let average = region.average();
        table.push(match &average {
            Ok(a) => {
                let parts = a.weights.iter().zip(&region.candidates).filter_map(|(w, c)| {
                    let w = (*w)?;
                    Some(format!("{} {}", c.function, significant(w, 2)))
                });
                vec![
                    name.into(),
                    a.value.into(),
                    a.sd.into(),
                    (a.value / region.data.injected_mbq).into(),
                    parts.collect::<Vec<_>>().join(", ").into(),
                ]
            }
            Err(reason) => vec![
                name.into(),
                Cell::Missing,
                Cell::Missing,
                Cell::Missing,
                format!("none: {reason}").into(),
            ],
        });
    }
    table
}

/// Intervals by every method asked for, in the order of the regions: `<id>.intervals`.
#[must_use]
pub fn intervals(id: &str, regions: &[RegionCurve], found: &[Intervals]) -> Table {
    let mut table = Table::new(
        format!("{id}.intervals"),
        "95 % intervals by propagation of the covariance (closed-form gradient), by profile likelihood and by parametric bootstrap",
    )
    .column("region", "")
    .column("quantity", "")
    .column("unit", "")
    .column("method", "")
    .column("value", "")
    .column("sd", "")
    .column("low", "")
    .column("high", "")
    .column("note", "");
    for (region, found) in regions.iter().zip(found) {
        for row in &found.rows {
            let mut cells: Vec<Cell> = vec![
                region.data.region.as_str().into(),
                row.quantity.name().into(),
                row.unit.into(),
                row.method.name().into(),
            ];
            cells.extend([row.value, row.sd, row.low, row.high].map(Cell::from));
            cells.push(row.note.as_str().into());
            table.push(cells);
        }
    }
    table
}

/// The points of the profiles, in the order of the regions: `<id>.profile`.
#[must_use]
pub fn profile(id: &str, regions: &[RegionCurve], found: &[Intervals]) -> Table {
    let mut table = Table::new(
        format!("{id}.profile"),
        "Profile likelihood: rise of −2 ln L when the quantity is held at a value and all else is fitted anew",
    )
    .column("region", "")
    .column("quantity", "")
    .column("unit", "")
    .column("value", "")
    .column("deviance", "");
    // Where the search for the limit steps depends on the last digits.
    for column in &mut table.columns {
        column.tolerance = 1e-2;
    }
    for (region, found) in regions.iter().zip(found) {
        for point in &found.profile {
            table.push(vec![
                region.data.region.as_str().into(),
                point.quantity.name().into(),
                point.unit.into(),
                point.value.into(),
                point.deviance.into(),
            ]);
        }
    }
    table
}

/// χ² without what rounding leaves of a curve through its points.
fn chi_square(fit: &Fit) -> f64 {
    if fit.chi_square < 1e-6 { 0.0 } else { fit.chi_square }
}

/// The note of a verdict, and what the fit says beyond it.
fn noted(mut said: String, fit: &str) -> String {
    for part in fit.split("; ") {
        let part = part.trim_start_matches("not determined: ");
        if !part.is_empty() && !said.contains(part) {
            let join = if said.is_empty() { "" } else { "; " };
            said = format!("{said}{join}{part}");
        }
    }
    said
}
