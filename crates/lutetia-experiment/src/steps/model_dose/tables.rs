//! The tables of doses out of a model.

use lutetia_patient::model_dose::{ModelDoses, ModelDosesFound, Parts};
use lutetia_table::Cell;
use lutetia_units::Quantity;

use crate::results::{Measure, Results};

/// Both of them: [`nuclides`] and [`regions`].
#[must_use]
pub fn all(id: &str, asked: &ModelDoses, found: &ModelDosesFound) -> [Results; 2] {
    [nuclides(id, asked, found), regions(id, asked, found)]
}

/// The first cells of a row: its name, and the value of the parameter that is varied.
fn lead(of: &str, value: Option<&str>) -> Vec<Cell> {
    match value {
        None => vec![of.into()],
        Some(value) => match Quantity::parse(value) {
            Ok(q) => vec![format!("{of} at {}", q.value()).into(), q.value().into()],
            Err(_) => vec![format!("{of} at {value}").into(), value.into()],
        },
    }
}

/// Doses by region and nuclide: `<id>`.
#[must_use]
pub fn nuclides(id: &str, asked: &ModelDoses, found: &ModelDosesFound) -> Results {
    let mut table = headed(id, asked, "Decays and mean absorbed dose by region and nuclide")
        .text("region")
        .text("nuclide")
        .number(Measure::Tia, "MBq h")
        .number(Measure::Alpha, "Gy")
        .number(Measure::Electron, "Gy")
        .number(Measure::Photon, "Gy")
        .number(Measure::Total, "Gy")
        .number(Measure::PerActivity, "Gy/MBq")
        .number(Measure::Share, "%");
    for case in &found.cases {
        for one in &case.nuclides {
            let mut row = lead(&format!("{} {}", one.region, one.nuclide), case.value.as_deref());
            let Parts { alpha, electron, photon } = one.parts;
            row.extend([
                one.region.as_str().into(),
                one.nuclide.as_str().into(),
                one.mbq_h.into(),
                alpha.into(),
                electron.into(),
                photon.into(),
                one.total.into(),
                (one.total / found.injected_mbq).into(),
                one.share.map(|share| 100.0 * share).into(),
            ]);
            table.push(row);
        }
    }
    table
}

/// Doses by region: `<id>.regions`.
#[must_use]
pub fn regions(id: &str, asked: &ModelDoses, found: &ModelDosesFound) -> Results {
    let mut table = headed(
        &format!("{id}.regions"),
        asked,
        "Mean absorbed dose by region, all nuclides together",
    )
    .text("region")
    .number(Measure::Mass, "g")
    .number(Measure::Alpha, "Gy")
    .number(Measure::Electron, "Gy")
    .number(Measure::Photon, "Gy")
    .number(Measure::Total, "Gy")
    .number(Measure::PerActivity, "Gy/MBq")
    .number(Measure::NotAlpha, "%");
    for (i, spec) in asked.weights.iter().enumerate() {
        let measure = match asked.weights.len() {
            1 => Measure::Weighted,
            _ => Measure::WeightedBy(i + 1),
        };
        let column = measure.name();
        table.caption += &format!("; {column}: RBE {} of alphas for {}", spec.alpha, spec.effect);
        table = table.number(measure, "Gy(RBE)/MBq");
    }
    for case in &found.cases {
        for one in &case.regions {
            let mut row = lead(&one.region, case.value.as_deref());
            let Parts { alpha, electron, photon } = one.parts;
            let total = one.parts.total();
            row.extend([
                one.region.as_str().into(),
                one.mass_g.into(),
                alpha.into(),
                electron.into(),
                photon.into(),
                total.into(),
                (total / found.injected_mbq).into(),
                (100.0 * (electron + photon) / total).into(),
            ]);
            row.extend(
                one.weighted.iter().map(|w| Cell::from(w.map(|gy| gy / found.injected_mbq))),
            );
            table.push(row);
        }
    }
    table
}

fn headed(name: &str, asked: &ModelDoses, caption: &str) -> Results {
    let caption = format!("{caption}, to infinity, physical dose without RBE unless it says so");
    let table = Results::new(name, &caption).subject("row", "");
    match &asked.vary {
        None => table,
        Some((parameter, values)) => {
            let first = values.first().map(|v| Quantity::parse(v));
            let unit = first.and_then(Result::ok).map(|q| q.unit().symbol().to_owned());
            table.number(Measure::Parameter(parameter.clone()), unit.as_deref().unwrap_or(""))
        }
    }
}
