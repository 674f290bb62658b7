//! Patient tables and bundled reference data.
//!
//! A study is a folder with `subjects.csv`, `doses.csv`, `activity.csv` and a `README.md` that
//! names the source. [`Study::read`] returns every fault of all of them at once, each with file,
//! line and column. Nothing is printed, and only [`Study::read`] touches the file system.
//!
//! ```
//! use lutetia_data::Study;
//! let (study, diagnostics, sources) = Study::parse(
//!     "demo",
//!     &[
//!         ("README.md", b"Source: invented for this example"),
//!         ("subjects.csv", b"subject,weight (kg)\nP1,70\n"),
//!         ("doses.csv", b"subject,time (h),nuclide,activity (MBq)\nP1,0,Lu-177,7400\n"),
//!         ("activity.csv", b"subject,region,time (h),activity (MBq)\nP1,liver,4,90\nP1,liver,24,60\n"),
//!     ],
//! );
//! assert!(diagnostics.is_empty(), "{}", lutetia_diagnostic::render(&diagnostics, &sources, false));
//! let study = study.expect("no diagnostics, so there is a study");
//! let liver = study.curve("P1", 1, "liver").expect("the liver was measured");
//! assert_eq!(liver.points.len(), 2);
//! ```

pub mod codes;
mod electrons;
mod nuclides;
mod pet;
mod read;
mod reference;
mod region;
mod study;
mod table;

pub use electrons::{ElectronKind, ElectronRow, electrons, electrons_from_csv};
pub use nuclides::{nuclides, nuclides_from_csv};
pub use pet::{PetAllowed, PetBlood, PetFrame, PetRegion, PetSamples, PetScan, PetStudy};
pub use read::{
    CurveAsked, Judge, MeasuredCurve, PatientTable, Refused, study_columns, study_page,
    study_summary,
};
pub use reference::{
    LineFault, PhotonLine, ReferenceError, ReferenceMass, Sex, bundled_tables, photon_lines,
    photon_lines_from_csv, reference_mass_g, reference_masses, reference_masses_from_csv,
};
pub use region::{Organ, OrganForm, RegionKind, RegionName, RegionWords, organs, says_tumour};
pub use study::{
    Administration, Covariate, Curve, CurvePoint, DoseRow, Measurement, ReadAs, RowKind, Study,
    Subject,
};
