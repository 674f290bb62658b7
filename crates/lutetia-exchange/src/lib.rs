//! Files of other programs: results of PyTheranostics in, case files of OLINDA/EXM in and out, time-
//! integrated activity coefficients for MIRDcalc out.
//!
//! A reader returns what the file holds and every fault of it at once; what a file lacks is said
//! exactly. Nothing is printed and no file is touched.
//!
//! ```
//! use lutetia_exchange::{OrganIntegral, mirdcalc_csv};
//!
//! let kidney = |region: &str, tiac_h: f64| OrganIntegral {
//!     region: region.to_owned(),
//!     organ: "kidneys".to_owned(),
//!     tiac_h,
//!     tiac_sd_h: Some(0.1),
//!     mass_g: Some(150.0),
//! };
//! let exported = mirdcalc_csv(&[kidney("kidney_left", 1.5), kidney("kidney_right", 1.0)]);
//! // Regions of one organ are added, and it is said which.
//! assert_eq!(exported.text.lines().count(), 2);
//! assert!(exported.text.contains("2.5") && exported.text.contains("kidney_left + kidney_right"));
//! ```

pub mod codes;
mod foreign_fields;
mod mirdcalc;
mod olinda;
mod organs;
mod pytheranostics;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use mirdcalc::mirdcalc_csv;
pub use olinda::{OlindaCase, OlindaModel, OlindaSource, read_olinda_case};
pub use organs::{Exported, OrganIntegral};
pub use pytheranostics::{
    PyTheranosticsTable, read_pytheranostics_json, read_pytheranostics_table,
};

/// The files of a study folder, by name, ready to be written; [`lutetia_data::Study::parse`] reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudyFiles {
    /// Name of the file and its text.
    pub files: BTreeMap<&'static str, String>,
}

impl StudyFiles {
    /// The files as [`lutetia_data::Study::parse`] takes them.
    #[must_use]
    pub fn as_input(&self) -> Vec<(&str, &[u8])> {
        self.files.iter().map(|(name, text)| (*name, text.as_bytes())).collect()
    }
}

/// Rows of CSV, quoted where needed.
fn csv_text(rows: &[Vec<String>]) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in rows {
        // Writing to memory cannot fail.
        let _ = writer.write_record(row);
    }
    writer.into_inner().ok().and_then(|b| String::from_utf8(b).ok()).unwrap_or_default()
}
