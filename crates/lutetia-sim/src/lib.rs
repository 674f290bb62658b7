//! Regimens, integration, sensitivities, trajectories.
