//! The table of functions ranked over a cohort.

use std::collections::BTreeMap;

use lutetia_patient::select::Ranking;
use lutetia_table::Table;

/// The table of a ranking, region by region: `<id>`.
#[must_use]
pub fn ranking(id: &str, ranking: &BTreeMap<String, Ranking>) -> Table {
    let mut table = Table::new(
        id,
        "Functions ranked over a cohort: −2 ln L of all patients together, K counted over the cohort; weights are Akaike's",
    )
    .column("region", "")
    .column("function", "")
    .column("patients", "")
    .column("observations", "")
    .column("k", "")
    .column("minus_two_ln_l", "")
    .column("aicc", "")
    .column("delta", "")
    .tolerance(1e-2)
    .column("weight", "")
    .tolerance(1e-2)
    .column("note", "");
    for (region, Ranking { patients, functions }) in ranking {
        for r in functions {
            let fit = r.fit.as_ref().ok();
            table.push(vec![
                region.as_str().into(),
                r.function.as_str().into(),
                (*patients as f64).into(),
                fit.map(|f| f.n as f64).into(),
                fit.map(|f| f.k as f64).into(),
                fit.and_then(|f| f.minus_two_log_likelihood).into(),
                r.aicc.into(),
                r.delta.into(),
                r.weight.into(),
                r.note().into(),
            ]);
        }
    }
    table
}
