//! What came out of a run?

/// A table of numbers, row after row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grid {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Grid {
    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![0.0; rows * columns] }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Entry of a row and column, if it exists.
    #[must_use]
    pub fn get(&self, row: usize, column: usize) -> Option<f64> {
        if column < self.columns {
            self.values.get(row * self.columns + column).copied()
        } else {
            None
        }
    }

    /// One row; empty where there is none.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f64] {
        self.values.get(row * self.columns..(row + 1) * self.columns).unwrap_or(&[])
    }

    /// One column, top to bottom; empty where there is none.
    pub fn column(&self, column: usize) -> impl Iterator<Item = f64> + '_ {
        (0..self.rows).filter_map(move |row| self.get(row, column))
    }

    /// Forgets all rows after the first `rows`.
    pub(crate) fn keep_rows(&mut self, rows: usize) {
        self.rows = self.rows.min(rows);
        self.values.truncate(self.rows * self.columns);
    }

    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.columns..(row + 1) * self.columns]
    }
}

/// How hard the integrator worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Pieces between doses, infusion edges, bends of inputs and changes of branches.
    pub segments: usize,
    /// Accepted steps.
    pub steps: usize,
    /// Steps rejected because the error was too large.
    pub error_failures: usize,
    /// Newton iterations that did not converge.
    pub newton_failures: usize,
    /// Newton iterations.
    pub newton_iterations: usize,
    /// Factorisations of the Newton matrix.
    pub factorisations: usize,
    /// Evaluations of the right-hand side.
    pub rhs_calls: usize,
    /// Evaluations of the Jacobian.
    pub jacobian_calls: usize,
}

/// The integral of an output from time zero to infinity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IntegralToInfinity {
    /// The integral, in (internal unit of the output) × (internal time).
    pub value: f64,
    /// The share of it that lies beyond the last requested time.
    pub extrapolated_fraction: f64,
}

/// Outputs over time.
///
/// At the time of a bolus, outputs are those right *after* it; at the edge of an infusion they are
/// continuous.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trajectory {
    /// The requested times, internal.
    pub times: Vec<f64>,
    /// One row per time, one column per output of the system (internal units).
    pub outputs: Grid,
    /// One row per time, one column per state, where [`Options::states`](crate::Options::states)
    /// asked for them.
    pub states: Option<Grid>,
    /// One row per time, one column per integrated output: integrals from time zero.
    pub integrals: Grid,
    /// One per integrated output, where
    /// [`Options::to_infinity`](crate::Options::to_infinity) asked for them.
    pub integrals_to_infinity: Vec<IntegralToInfinity>,
    /// What it cost.
    pub statistics: Statistics,
}

impl Trajectory {
    /// Forgets the rows that were not reached.
    pub(crate) fn keep_rows(&mut self, rows: usize) {
        self.times.truncate(rows);
        self.outputs.keep_rows(rows);
        self.integrals.keep_rows(rows);
        if let Some(states) = &mut self.states {
            states.keep_rows(rows);
        }
    }
}

/// Derivatives of a trajectory by chosen parameters (internal units).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sensitivities {
    /// The parameters, as indices into [`System::parameters`](lutetia_model::System::parameters).
    pub wrt: Vec<usize>,
    /// For each chosen parameter, d outputs / d parameter: one row per time, one column per output.
    pub outputs: Vec<Grid>,
    /// For each chosen parameter, d integrals / d parameter: one row per time, one column per
    /// integrated output.
    pub integrals: Vec<Grid>,
    /// One row per chosen parameter, one column per integrated output.
    pub integrals_to_infinity: Grid,
}
