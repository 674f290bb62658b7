//! Activities that are given as concentrations or as shares of what was injected.

use super::{
    columns::measured::{ACTIVITY, CORRECTED, MASS, VOLUME},
    doses::Cycles,
};
use crate::{
    RegionName, codes,
    table::{Bad, Fault, Faults, Measure, Over, RowView},
};

/// What was said once of a file, as it holds for all its rows.
#[derive(Debug, Default)]
pub(super) struct Unsaid {
    size: bool,
    correction: bool,
}

/// How large a region is, as its row says; what has a fault is not known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size<'r> {
    volume_ml: Option<f64>,
    mass_g: Option<f64>,
    region: &'r str,
    /// Neither is there, and no fault says so.
    absent: bool,
}

impl<'r> Size<'r> {
    pub(super) fn of(
        volume: Result<Option<f64>, Bad>,
        mass: Result<Option<f64>, Bad>,
        region: &'r str,
    ) -> Self {
        let absent = volume == Ok(None) && mass == Ok(None);
        let (volume_ml, mass_g) = (volume.ok().flatten(), mass.ok().flatten());
        Self { volume_ml, mass_g, region, absent }
    }

    /// Says what concentrations and shares lack; `None` where one lacks something.
    pub(super) fn look(
        &self,
        row: &RowView<'_>,
        measures: &[(usize, Option<Measure>)],
        told: &mut Unsaid,
        faults: &mut Faults,
    ) -> Option<()> {
        let of = |is: fn(&Measure) -> bool| {
            measures.iter().find_map(|(column, m)| m.filter(is).map(|_| *column))
        };
        let mut whole = Some(());
        let concentration = of(|m| m.per.over != Over::Nothing);
        if let Some(column) = concentration.filter(|_| self.absent) {
            whole = None;
            let name = row.column_name(column);
            if row.has(VOLUME) || row.has(MASS) {
                faults.error(codes::NO_SIZE, row.place(column), || {
                    Fault::new(
                        format!(
                            "`{name}` is a concentration, and the row has no volume and no mass"
                        ),
                        "a concentration",
                    )
                    .hint("give the volume or the mass of the region in this row")
                });
            } else if !std::mem::replace(&mut told.size, true) {
                faults.error(codes::NO_SIZE, row.place(column), || {
                    Fault::new(
                        format!("`{name}` is a concentration, and `activity.csv` has neither volumes nor masses"),
                        "the first concentration",
                    )
                    .hint("add a column `volume (mL)` or `mass (g)` of the regions")
                });
            }
        }
        if of(|m| m.per.injected).is_some() && row.text(CORRECTED).is_none() {
            whole = None;
            if row.has(CORRECTED) {
                faults.error(codes::UNSAID_CORRECTION, row.place(CORRECTED), || {
                    Fault::new(
                        "a share of the activity injected, of which nothing says whether it is corrected for decay",
                        "expected `yes` or `no`",
                    )
                    .hint(YES_OR_NO)
                });
            } else if !std::mem::replace(&mut told.correction, true) {
                faults.error(codes::UNSAID_CORRECTION, row.place(ACTIVITY), || {
                    Fault::new(
                        "shares of the activity injected, of which nothing says whether they are corrected for decay",
                        "the first of them",
                    )
                    .hint(format!("add a column `decay_corrected`: {YES_OR_NO}"))
                });
            }
        }
        whole
    }

    /// A measure in MBq, of `given` MBq injected; `None` where a volume or mass that it needs has a fault.
    ///
    /// A concentration c in MBq/mL is c·V, with V = m/ρ where a mass m alone is known; one in MBq/g is c·m, with m = V·ρ
    /// where a volume alone is.
    pub(super) fn mbq(&self, measure: Measure, given: f64) -> Option<f64> {
        let density = || RegionName::read(self.region).density();
        let by = match measure.per.over {
            Over::Nothing => 1.0,
            Over::Volume => self.volume_ml.or_else(|| Some(self.mass_g? / density()))?,
            Over::Mass => self.mass_g.or_else(|| Some(self.volume_ml? * density()))?,
        };
        let of = if measure.per.injected { given } else { 1.0 };
        Some(lutetia_units::without_noise(measure.value * by * of))
    }
}

const YES_OR_NO: &str = "`yes` where percents were taken of activities corrected to the injection, `no` where of those at the time of the scan";

/// The activity of a nuclide injected in the cycle of a scan up to it, MBq; `None` where there is none, which is said.
pub(super) fn given(
    row: &RowView<'_>,
    cycles: &Cycles<'_>,
    subject: &str,
    cycle: u16,
    nuclide: &str,
    time: f64,
    faults: &mut Faults,
) -> Option<f64> {
    let given = cycles.given(subject, cycle, nuclide, time);
    if given.is_none() && cycles.whole {
        faults.error(codes::NOT_INJECTED, row.place(ACTIVITY), || {
            Fault::new(
                format!(
                    "subject `{subject}` was given no {nuclide} in cycle {cycle} up to this scan, and `activity` is a share of it"
                ),
                "a share of nothing",
            )
            .hint("give the activity itself, in MBq, or correct nuclide and cycle")
        });
    }
    given
}
