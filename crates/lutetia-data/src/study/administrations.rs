//! What was given in the cycle a curve was measured in.

use super::{Curve, DoseRow, RowKind};

/// One administration of a cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct Administration {
    /// Canonical nuclide name.
    pub nuclide: String,
    /// Its start after that of the cycle's first injection, h.
    pub after_h: f64,
    /// How long it took, h; 0 where the source does not say.
    pub duration_h: f64,
    /// Activity, MBq.
    pub activity_mbq: f64,
    /// What it does to what is there.
    pub kind: RowKind,
}

/// The administrations of these doses of one cycle, whose first began at `start_h`.
pub(super) fn administrations(doses: &[&DoseRow], start_h: f64) -> Vec<Administration> {
    let mut list: Vec<Administration> = doses
        .iter()
        .map(|d| Administration {
            nuclide: d.nuclide.clone(),
            after_h: d.time_h - start_h,
            duration_h: d.duration_h.unwrap_or(0.0),
            activity_mbq: d.activity_mbq,
            kind: d.kind,
        })
        .collect();
    list.sort_by(|a, b| a.after_h.total_cmp(&b.after_h));
    list
}

impl Curve {
    /// The administrations of the nuclide that was measured.
    #[must_use]
    pub fn given(&self) -> Vec<&Administration> {
        self.administrations.iter().filter(|a| a.nuclide == self.nuclide).collect()
    }

    /// Nuclides given in this cycle beside the one that was measured.
    #[must_use]
    pub fn other_nuclides(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .administrations
            .iter()
            .map(|a| a.nuclide.as_str())
            .filter(|n| *n != self.nuclide)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Mean of the masses given with the measurements, g; `None` where none is given.
    #[must_use]
    pub fn mean_mass_g(&self) -> Option<f64> {
        let masses: Vec<f64> = self.points.iter().filter_map(|p| p.mass_g).collect();
        (!masses.is_empty()).then(|| masses.iter().sum::<f64>() / masses.len() as f64)
    }
}
