//! Compact storage of `activity.csv`: names are kept once, a row takes 56 bytes.

use std::collections::HashMap;

use super::Measurement;

/// Gives each distinct text a small number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interner {
    names: Vec<String>,
    index: HashMap<String, u32>,
}

impl Interner {
    pub(crate) fn intern(&mut self, name: &str) -> u32 {
        if let Some(&id) = self.index.get(name) {
            return id;
        }
        let id = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), id);
        id
    }

    pub(crate) fn get(&self, name: &str) -> Option<u32> {
        self.index.get(name).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn name(&self, id: u32) -> &str {
        self.names.get(id as usize).map_or("", String::as_str)
    }
}

/// One row; NaN stands for a missing standard deviation, volume or mass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) time_h: f64,
    pub(crate) activity_mbq: f64,
    pub(crate) sd_mbq: f64,
    pub(crate) volume_ml: f64,
    pub(crate) mass_g: f64,
    pub(crate) subject: u32,
    pub(crate) region: u32,
    pub(crate) line: u32,
    pub(crate) cycle: u16,
    pub(crate) nuclide: u8,
    pub(crate) flags: u8,
}

pub(crate) const BELOW_DETECTION: u8 = 1;
pub(crate) const CORRECTION_UNDONE: u8 = 2;

/// All rows with the names they use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    pub(crate) subjects: Interner,
    pub(crate) regions: Interner,
    pub(crate) nuclides: Interner,
}

impl Rows {
    pub(crate) fn view(&self, row: &Row) -> Measurement<'_> {
        Measurement {
            subject: self.subjects.name(row.subject),
            cycle: row.cycle,
            region: self.regions.name(row.region),
            nuclide: self.nuclides.name(u32::from(row.nuclide)),
            time_h: row.time_h,
            activity_mbq: row.activity_mbq,
            sd_mbq: (!row.sd_mbq.is_nan()).then_some(row.sd_mbq),
            volume_ml: (!row.volume_ml.is_nan()).then_some(row.volume_ml),
            mass_g: (!row.mass_g.is_nan()).then_some(row.mass_g),
            below_detection: row.flags & BELOW_DETECTION != 0,
            decay_correction_undone: row.flags & CORRECTION_UNDONE != 0,
            line: row.line,
        }
    }

    pub(crate) fn of<'a>(
        &'a self,
        subject: &str,
        cycle: u16,
        region: &str,
    ) -> impl Iterator<Item = &'a Row> + use<'a> {
        let key = self.subjects.get(subject).zip(self.regions.get(region));
        self.rows.iter().filter(move |r| r.cycle == cycle && Some((r.subject, r.region)) == key)
    }

    pub(crate) fn regions(&self, subject: &str, cycle: u16) -> Vec<&str> {
        let Some(subject) = self.subjects.get(subject) else { return Vec::new() };
        let mut seen = Vec::new();
        for row in self.rows.iter().filter(|r| r.subject == subject && r.cycle == cycle) {
            if !seen.contains(&row.region) {
                seen.push(row.region);
            }
        }
        seen.into_iter().map(|id| self.regions.name(id)).collect()
    }
}
