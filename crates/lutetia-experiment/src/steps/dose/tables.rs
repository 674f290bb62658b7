//! The tables of absorbed doses.

use lutetia_diagnostic::Verdict;
use lutetia_dose::{AbsorbedDose, MarrowDose, MemberDose, RbeWeightedDose};
use lutetia_patient::{
    dose::{Doses, RegionDose, Weights, bed_unit, no_alphas},
    shown,
};
use lutetia_table::{Cell, Table};

use crate::results::{Measure, Results, Shown};

/// The tables of all that was found: [`doses`], and [`marrow`], [`daughters`] and [`weighted`] where they were asked for.
#[must_use]
pub(crate) fn all(id: &str, found: &Doses, weights: &[Weights]) -> Vec<Shown> {
    let mut tables: Vec<Shown> = vec![doses(id, &found.regions).into()];
    tables.extend(found.marrow.as_ref().map(|found| marrow(id, found).into()));
    tables.extend(found.members.as_ref().map(|members| daughters(id, members).into()));
    if !weights.is_empty() {
        tables.push(weighted(id, weights, &found.regions).into());
    }
    tables
}

/// The table of doses: every number with the note of its verdict: `<id>`.
#[must_use]
pub fn doses(id: &str, doses: &[RegionDose]) -> Results {
    let mut table = Results::new(
        id,
        "Mean absorbed self dose per cycle, physical dose without RBE, one standard error",
    )
    .subject("region", "")
    .number(Measure::Mass, "g")
    .number(Measure::Alpha, "Gy")
    .number(Measure::Electron, "Gy")
    .number(Measure::Photon, "Gy")
    .number(Measure::Total, "Gy")
    .number(Measure::Total.sd(), "Gy")
    .number(Measure::PerActivity, "Gy/GBq")
    .number(Measure::Extrapolated, "%")
    .text("method");
    let effects = || doses.iter().filter_map(|d| d.effective.as_ref());
    let with_bed = effects().next().is_some();
    let unit = bed_unit(effects());
    if with_bed {
        table = table
            .number(Measure::Protraction, "")
            .number(Measure::Bed, unit)
            .number(Measure::Eqd2, unit);
    }
    table = table.text("note");
    for region in doses {
        let found = shown(&region.dose).0;
        let mut row: Vec<Cell> = vec![
            region.region.as_str().into(),
            found.map(|d| d.mass.g).into(),
            found.map(|d| d.alpha).into(),
            found.map(|d| d.electron).into(),
            found.map(|d| d.photon).into(),
            found.map(|d| d.total).into(),
            found.and_then(|d| d.sd).into(),
            found.and_then(|d| d.gy_per_gbq).into(),
            found.and_then(|d| d.extrapolated_fraction).map(|f| 100.0 * f).into(),
            found.map_or("", |d| d.method.as_str()).into(),
        ];
        if with_bed {
            let e = region.effective.as_ref().and_then(|e| shown(e).0);
            row.push(e.map(|e| e.protraction).into());
            row.push(e.map(|e| e.bed_gy).into());
            row.push(e.map(|e| e.eqd2_gy).into());
        }
        row.push(region.note().into());
        table.push(row);
    }
    table
}

/// The table of the marrow's dose by where it comes from: `<id>.marrow`.
#[must_use]
pub fn marrow(id: &str, marrow: &Verdict<MarrowDose>) -> Table {
    let mut table = Table::new(
        format!("{id}.marrow"),
        "Mean absorbed dose of the red marrow by where it comes from, physical dose without RBE",
    )
    .column("from", "")
    .column("alpha", "Gy")
    .column("electron", "Gy")
    .column("photon", "Gy")
    .column("total", "Gy")
    .column("method", "")
    .column("note", "");
    let (found, note) = shown(marrow);
    for (from, [alpha, electron, photon]) in found.iter().flat_map(|m| &m.parts) {
        table.push(vec![
            from.as_str().into(),
            (*alpha).into(),
            (*electron).into(),
            (*photon).into(),
            (alpha + electron + photon).into(),
            Cell::from(""),
            Cell::from(""),
        ]);
    }
    let t = found.map(|m| &m.total);
    table.push(vec![
        "all".into(),
        t.map(|t| t.alpha).into(),
        t.map(|t| t.electron).into(),
        t.map(|t| t.photon).into(),
        t.map(|t| t.total).into(),
        t.map_or("", |t| t.method.as_str()).into(),
        note.into(),
    ]);
    table
}

/// The table of doses by daughter: `<id>.daughters`.
#[must_use]
pub fn daughters(id: &str, members: &[MemberDose]) -> Table {
    let mut table = Table::new(
        format!("{id}.daughters"),
        "Decays and mean absorbed dose of every member of the chain, physical dose without RBE",
    )
    .column("member", "")
    .column("region", "")
    .column("nuclide", "")
    .column("tia", "MBq h")
    .column("arising", "MBq h")
    .column("alpha", "Gy")
    .column("electron", "Gy")
    .column("photon", "Gy")
    .column("total", "Gy");
    for m in members {
        let [alpha, electron, photon] = m.gy;
        table.push(vec![
            format!("{} {}", m.decays.place, m.decays.nuclide).into(),
            m.decays.place.as_str().into(),
            m.decays.nuclide.as_str().into(),
            m.decays.mbq_h.into(),
            m.decays.arising_mbq_h.into(),
            alpha.into(),
            electron.into(),
            photon.into(),
            (alpha + electron + photon).into(),
        ]);
    }
    table
}

/// The table of weighted doses, one row per region and effect: `<id>.rbe`.
#[must_use]
pub fn weighted(id: &str, weights: &[Weights], doses: &[RegionDose]) -> Results {
    let mut table = Results::new(
        format!("{id}.rbe"),
        "Doses weighted by RBE, per effect; not an absorbed dose",
    )
    .subject("region", "")
    .text("effect")
    .number(Measure::RbeAlpha, "")
    .number(Measure::RbeElectron, "")
    .number(Measure::RbePhoton, "")
    .number(Measure::Absorbed, "Gy")
    .number(Measure::Weighted, "Gy(RBE)")
    .number(Measure::Weighted.sd(), "Gy(RBE)")
    .number(Measure::PerActivity, "Gy(RBE)/GBq")
    .text("note");
    let wanted = weights
        .iter()
        .flat_map(|w| doses.iter().filter(|d| w.is_for(&d.region)).map(move |d| (w, d)));
    for (spec, region) in wanted {
        let both = region
            .dose
            .as_ref()
            .and_then(|dose| Verdict::from(spec.weigh(dose)).map(|weighted| (dose, weighted)));
        let (found, mut note) = shown(&both);
        if let Some((dose, _)) = found.filter(|(dose, _)| no_alphas(dose)) {
            let source = &dose.source;
            let warning =
                format!("warning: {source} gives no alphas; an RBE of alphas changes nothing");
            note = if note.is_empty() { warning } else { format!("{note}; {warning}") };
        }
        let per = |(dose, weighted): &(&AbsorbedDose, RbeWeightedDose)| {
            let per = dose.gy_per_gbq.filter(|_| dose.total > 0.0)?;
            Some(per * weighted.gy_rbe() / dose.total)
        };
        table.push(vec![
            region.region.as_str().into(),
            spec.effect.as_str().into(),
            spec.alpha.into(),
            spec.electron.into(),
            spec.photon.into(),
            found.map(|(dose, _)| dose.total).into(),
            found.map(|(_, weighted)| weighted.gy_rbe()).into(),
            found.and_then(|(_, weighted)| weighted.sd()).into(),
            found.and_then(per).into(),
            note.into(),
        ]);
    }
    table
}
