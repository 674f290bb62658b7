//! What does a failure of the integrator mean?

use diffsol::{DiffsolError, error::OdeSolverError};

use crate::error::Cause;

/// The likely cause.
pub(super) fn cause(error: &DiffsolError) -> Cause {
    match error {
        DiffsolError::OdeSolverError(OdeSolverError::StepSizeTooSmall { .. }) => {
            Cause::StepTooSmall
        }
        DiffsolError::OdeSolverError(OdeSolverError::TooManyErrorTestFailures { .. }) => {
            Cause::TooSudden
        }
        other => Cause::Unsolvable { reason: other.to_string() },
    }
}
