//! What a dose does: effect on cells, tumour control, complications.
//!
//! Doses (Gy) and protraction factors come from elsewhere; nothing here integrates a dose rate.
//!
//! **Two parameter sets, never mixed.** Slopes fitted to the volumes of patients' lesions
//! ([`ClinicalEffective`]) are about a ninth of those from cell survival ([`Radiobiological`]): they
//! hold all that is lost between dose and shrinkage. What one set has computed, the other does not
//! take; the types say so:
//!
//! ```compile_fail,E0308
//! use lutetia_outcome::radiobiology::{LinearQuadratic, tcp_poisson};
//! let clinical = LinearQuadratic::mcrpc_clinical();
//! let cells = LinearQuadratic::prostate_cells();
//! let bed = cells.bed(24.0, 0.035)?;
//! let tcp = tcp_poisson(1e8, &clinical, bed)?; // a BED of the other set
//! # Ok::<(), lutetia_outcome::OutcomeError>(())
//! ```
//!
//! Within a set the same reads
//!
//! ```
//! use lutetia_outcome::radiobiology::{LinearQuadratic, tcp_poisson};
//! let cells = LinearQuadratic::prostate_cells();
//! let bed = cells.bed(24.0, 0.035)?;
//! let tcp = tcp_poisson(1e8, &cells, bed)?;
//! # Ok::<(), lutetia_outcome::OutcomeError>(())
//! ```

mod complications;
mod control;
mod linear_quadratic;

pub use complications::{
    Lkb, OnBed, OnDose, checkpoint_inhibitor_toxicity, combined_probability, dry_mouth,
    kidney_bed_limit_gy, uncomplicated_control,
};
pub use control::{control_of_all, tcp_logistic, tcp_poisson};
pub use linear_quadratic::{
    Bed, ClinicalEffective, LinearQuadratic, ParameterSet, Radiobiological, equivalent_uniform_bed,
    generalised_eud_gy,
};
