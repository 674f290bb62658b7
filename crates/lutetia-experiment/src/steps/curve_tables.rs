//! The tables of fitted curves.

use lutetia_data::Curve;
use lutetia_dose::Tia;
use lutetia_fit::{DerivedKind, Fit, QualityGates};

use super::{
    curves::{Candidate, RegionCurve},
    shown,
};
use lutetia_table::{Cell, Table, significant};

/// The tables of fitted regions: results, candidates, points, curves.
///
/// # Errors
/// When a fitted curve cannot be drawn.
pub fn tables(id: &str, regions: &[RegionCurve], until_h: f64) -> Result<Vec<Table>, String> {
    let mut results = Table::new(id, "Fitted curves: time-integrated activity from the injection to infinity, one standard error")
        .column("region", "")
        .column("function", "")
        .column("tia", "MBq h")
        .column("tia_sd", "MBq h")
        .column("tia_coefficient", "h")
        .column("extrapolated", "%")
        .column("effective_half_life", "h")
        .column("effective_half_life_sd", "h")
        .column("chi_square", "")
        .column("observations", "")
        .column("parameters", "")
        .column("note", "");
    let mut candidates = Table::new(format!("{id}.candidates"), "Every function tried")
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
    let mut points = Table::new(
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
    let mut curves =
        Table::new(format!("{id}.curves"), "Fitted curves with pointwise 95 % intervals")
            .column("region", "")
            .column("time", "h")
            .column("activity", "MBq")
            .column("low", "MBq")
            .column("high", "MBq");
    let mut averaged = Table::new(
        format!("{id}.averaged"),
        "Time-integrated activity averaged over the functions by Akaike weights (AICc); the standard error includes how far the functions lie apart",
    )
    .column("region", "")
    .column("tia", "MBq h")
    .column("tia_sd", "MBq h")
    .column("tia_coefficient", "h")
    .column("functions", "");
    for region in regions {
        let name = region.data.region.as_str();
        let of =
            |c: &Candidate, quantity: DerivedKind| match (&region.refused, c.quantity(quantity)) {
                (None, Ok((value, sd))) => (Cell::from(value), Cell::from(sd)),
                _ => (Cell::Missing, Cell::Missing),
            };
        let average = region.average();
        averaged.push(match &average {
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
        for (i, c) in region.candidates.iter().enumerate() {
            let fit = c.fit.as_deref().ok();
            let (tia, sd) = of(c, DerivedKind::Tia);
            let weight = average.as_ref().ok().and_then(|a| a.weights.get(i).copied().flatten());
            let quality = fit.map(|f| f.quality(&QualityGates::default()));
            let cv = quality.as_ref().and_then(|q| q.largest_cv.as_ref()).map(|(_, cv)| *cv);
            // Beyond ten times the value the number is that of a direction without information.
            let cv = cv.filter(|cv| *cv <= 10.0);
            let correlation =
                quality.as_ref().and_then(|q| q.largest_correlation.as_ref()).map(|c| c.2.abs());
            let gates = quality.as_ref().map_or_else(String::new, ToString::to_string);
            candidates.push(vec![
                name.into(),
                c.function.as_str().into(),
                tia,
                sd,
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
        let best = region.best();
        let fit = best.fit.as_deref().ok();
        // What is shown here is what doses are made of, with what stands against it.
        let judged = region.tia().tia;
        let (found, said) = shown(&judged);
        let (tia, sd) =
            (Cell::from(found.map(Tia::value_mbq_h)), Cell::from(found.and_then(Tia::sd_mbq_h)));
        let coefficient = tia.number().map(|t| t / region.data.injected_mbq);
        let (extrapolated, _) = of(best, DerivedKind::ExtrapolatedFraction);
        let (half_life, mut half_life_sd) = of(best, DerivedKind::EffectiveHalfLife);
        if !region.at_bound.is_empty() {
            // As of the integral: it rests on a parameter at its bound.
            half_life_sd = Cell::Missing;
        }
        results.push(vec![
            name.into(),
            best.function.as_str().into(),
            tia,
            sd,
            coefficient.into(),
            extrapolated.number().map(|f| 100.0 * f).into(),
            half_life,
            half_life_sd,
            fit.map(chi_square).into(),
            fit.map(|f| f.n as f64).into(),
            fit.map(|f| f.estimates.len() as f64).into(),
            match &region.refused {
                Some(reason) => format!("not determined: {reason}"),
                None => noted(said, &best.note()),
            }
            .into(),
        ]);
        let Some(fit) = fit else { continue };
        for (point, residual) in region.data.points.iter().zip(&fit.residuals) {
            points.push(vec![
                name.into(),
                point.time_h.into(),
                point.activity_mbq.into(),
                residual.sd.into(),
                residual.predicted.into(),
                residual.weighted.into(),
            ]);
        }
        let grid = grid(&region.data, until_h);
        let drawn = best.curve.at_times(&grid).map_err(|e| e.to_string())?;
        let predictions = fit.predict(&drawn).map_err(|e| e.to_string())?;
        for (t, p) in grid.iter().zip(predictions) {
            curves.push(vec![
                name.into(),
                (*t).into(),
                p.value.into(),
                p.ci95.map(|c| c.0).into(),
                p.ci95.map(|c| c.1).into(),
            ]);
        }
    }
    Ok(vec![results, candidates, points, curves, averaged])
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

/// Times at which curves are drawn: dense where uptake happens, then even.
fn grid(data: &Curve, until_h: f64) -> Vec<f64> {
    let first = data.points.first().map_or(1.0, |p| p.time_h);
    let early = (1..=12).map(|i| first * f64::from(i) / 12.0);
    let late = (1..=60).map(|i| first + (until_h - first) * f64::from(i) / 60.0);
    early.chain(late.filter(|t| *t > first)).collect()
}
