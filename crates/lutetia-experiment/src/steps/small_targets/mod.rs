//! Nuclides in single cells, micrometastases and bulk tumour: what of their energy stays.

pub(crate) mod compute;
mod error;
mod tables;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};
use crate::written::{AbsorbedDose, Length, OfNuclide, Rate, Share, Text};
pub use error::SmallTargetsError;

/// Nuclides in single cells, micrometastases and bulk tumour.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmallTargets {
    /// Name of the tables.
    pub id: String,
    /// Nuclides, each with its daughters.
    #[schemars(with = "Vec<Text<OfNuclide>>")]
    pub nuclides: Vec<String>,
    /// Diameters of spheres, such as `["20 um", "1 mm"]`; the last is the bulk that the others are compared with.
    pub diameters: Vec<Length>,
    /// Weight of alphas.
    pub rbe: f64,
    /// Another weight of alphas, for the range of the results; as `rbe` if left out.
    #[serde(default)]
    pub rbe_range: Vec<f64>,
    /// RBE-weighted dose of the bulk at which nuclides are compared.
    pub equal: AbsorbedDose,
    /// Lethal hits per RBE-weighted dose of a cell, in 1/Gy, repair and pairs of hits left aside.
    pub alpha: f64,
    /// A cell.
    pub cell: CellSpec,
    /// Probability that no cell is left at which doses are sought, such as `90 %`.
    pub control: Share,
    /// Daughters that leave by diffusion before they decay: how fast, by nuclide; the others stay.
    #[serde(default)]
    pub leave: BTreeMap<String, Rate>,
}

/// A cell and its nucleus.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SmallCell")]
pub struct CellSpec {
    /// Diameter of the cell, such as `14 um`.
    pub diameter: Length,
    /// Diameter of its nucleus, such as `10 um`.
    pub nucleus: Length,
}

impl StepKind for SmallTargets {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        Vec::new()
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, _: &mut Context) -> Result<(), StepError> {
        compute::checked(self)
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        compute::checked(self)?;
        let found = compute::of(self)?;
        for table in tables::all(self, &found) {
            context.add(table);
        }
        Ok(())
    }
}
