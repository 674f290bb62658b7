//! What is written down of a run, and what came out of it?
//!
//! [`Record`] says what is wanted, [`Recorder`] writes it row by row, whatever integrates, and
//! [`Trajectory`] is the result.

use crate::engine_id::EngineId;

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

impl Statistics {
    /// What a part of a run cost.
    pub(crate) fn add(&mut self, part: &Self) {
        self.segments += part.segments;
        self.steps += part.steps;
        self.error_failures += part.error_failures;
        self.newton_failures += part.newton_failures;
        self.newton_iterations += part.newton_iterations;
        self.factorisations += part.factorisations;
        self.rhs_calls += part.rhs_calls;
        self.jacobian_calls += part.jacobian_calls;
    }
}

/// The integral of an output from the start of a run to infinity.
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
    /// One row per time, one column per integrated output: integrals from the start of the run, which
    /// is time zero where nothing is given or read before.
    pub integrals: Grid,
    /// One per integrated output, where
    /// [`Options::to_infinity`](crate::Options::to_infinity) asked for them.
    pub integrals_to_infinity: Vec<IntegralToInfinity>,
    /// Derivatives of all of that by the parameters that
    /// [`Request::wrt`](crate::Request::wrt) named; empty without it.
    pub sensitivities: Sensitivities,
    /// Where the run ended, and where another may go on ([`Request::from`](crate::Request::from)).
    pub end: Standing,
    /// Whether the stop rule ([`Request::follow_while`](crate::Request::follow_while)) ended it: the
    /// last row is then the one it ended with, and the end is somewhat later.
    pub stopped: bool,
    /// Which engine integrated; never [`EngineId::Auto`].
    pub engine: EngineId,
    /// What it cost.
    pub statistics: Statistics,
}

/// Where a run stands, before anything is given at that time: what its next piece starts from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standing {
    /// Internal time.
    pub time: f64,
    /// All states, internal, in the order of [`System::states`](lutetia_model::System::states).
    pub states: Vec<f64>,
    /// Events that were triggered and have not happened yet: (internal time, index into
    /// [`System::events`](lutetia_model::System::events)).
    pub waiting: Vec<(f64, usize)>,
    /// Which conditions of events are true, in the order of
    /// [`System::events`](lutetia_model::System::events); empty where that is still to be looked at.
    pub truth: Vec<bool>,
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
        let derivatives = &mut self.sensitivities;
        for grid in derivatives.outputs.iter_mut().chain(&mut derivatives.integrals) {
            grid.keep_rows(rows);
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

/// What is to be written down of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Record<'r> {
    /// Output times, ascending.
    pub(crate) times: &'r [f64],
    /// Outputs to be integrated over time.
    pub(crate) integrals: &'r [usize],
    /// Whether the integrals go on to infinity.
    pub(crate) to_infinity: bool,
    /// Whether the states are kept.
    pub(crate) states: bool,
}

impl Record<'_> {
    /// The last output time; zero without any.
    pub(crate) fn last_time(&self) -> f64 {
        self.times.last().copied().unwrap_or(0.0)
    }
}

/// Looks at each row (index, outputs) as it is written; the run ends after one for which it is false.
pub(crate) type StopRule<'r> = dyn Fn(usize, &[f64]) -> bool + Sync + 'r;

/// Writes rows, and carries the integrals.
pub(crate) struct Recorder<'r> {
    record: Record<'r>,
    rule: Option<&'r StopRule<'r>>,
    trajectory: Trajectory,
    next_row: usize,
    /// Integrals so far: of the outputs, then of their derivatives, parameter after parameter.
    pub(crate) integrals: Vec<f64>,
    integrals_at_last_time: Vec<f64>,
}

impl<'r> Recorder<'r> {
    pub(crate) fn new(
        record: Record<'r>,
        rule: Option<&'r StopRule<'r>>,
        wrt: &[usize],
        n_states: usize,
        n_outputs: usize,
    ) -> Self {
        let (rows, m) = (record.times.len(), record.integrals.len());
        let each = |columns: usize| vec![Grid::zeros(rows, columns); wrt.len()];
        Self {
            record,
            rule,
            trajectory: Trajectory {
                times: record.times.to_vec(),
                outputs: Grid::zeros(rows, n_outputs),
                states: record.states.then(|| Grid::zeros(rows, n_states)),
                integrals: Grid::zeros(rows, m),
                sensitivities: Sensitivities {
                    wrt: wrt.to_vec(),
                    outputs: each(n_outputs),
                    integrals: each(m),
                    integrals_to_infinity: Grid::zeros(wrt.len(), m),
                },
                ..Trajectory::default()
            },
            next_row: 0,
            integrals: vec![0.0; m * (1 + wrt.len())],
            integrals_at_last_time: vec![0.0; m],
        }
    }

    /// The next output time, if one is left.
    pub(crate) fn next_time(&self) -> Option<f64> {
        self.record.times.get(self.next_row).copied()
    }

    /// The output times that are left.
    pub(crate) fn times_ahead(&self) -> &'r [f64] {
        self.record.times.get(self.next_row..).unwrap_or(&[])
    }

    /// Whether the stop rule has seen enough.
    pub(crate) fn stopped(&self) -> bool {
        self.trajectory.stopped
    }

    /// Writes one row at the next output time: the outputs are filled in, the states given, and the
    /// derivatives of the outputs, parameter after parameter.
    pub(crate) fn write(&mut self, x: &[f64], dy: &[f64], outputs: impl FnOnce(&mut [f64])) {
        let row = self.next_row;
        self.next_row += 1;
        let y = self.trajectory.outputs.row_mut(row);
        outputs(y);
        for output in y.iter_mut() {
            // Minus zero is zero.
            *output += 0.0;
        }
        let n_outputs = y.len();
        if let Some(rule) = self.rule {
            self.trajectory.stopped = !rule(row, y);
        }
        if let Some(states) = &mut self.trajectory.states {
            states.row_mut(row).copy_from_slice(x);
        }
        let m = self.record.integrals.len();
        self.trajectory.integrals.row_mut(row).copy_from_slice(&self.integrals[..m]);
        self.integrals_at_last_time.copy_from_slice(&self.integrals[..m]);
        let sensitivities = &mut self.trajectory.sensitivities;
        for p in 0..sensitivities.outputs.len() {
            sensitivities.outputs[p]
                .row_mut(row)
                .copy_from_slice(&dy[p * n_outputs..(p + 1) * n_outputs]);
            sensitivities.integrals[p]
                .row_mut(row)
                .copy_from_slice(&self.integrals[(p + 1) * m..(p + 2) * m]);
        }
    }

    /// What came out, without the rows that were not reached.
    pub(crate) fn finish(mut self, end: Standing, statistics: Statistics) -> Trajectory {
        let m = self.record.integrals.len();
        if self.record.to_infinity {
            self.trajectory.integrals_to_infinity = self.integrals[..m]
                .iter()
                .zip(&self.integrals_at_last_time)
                .map(|(&value, at_last_time)| {
                    let beyond = value - at_last_time;
                    IntegralToInfinity {
                        value,
                        extrapolated_fraction: if value.abs() > 0.0 { beyond / value } else { 0.0 },
                    }
                })
                .collect();
            let derivatives = &mut self.trajectory.sensitivities.integrals_to_infinity;
            for p in 0..derivatives.rows() {
                derivatives.row_mut(p).copy_from_slice(&self.integrals[(p + 1) * m..(p + 2) * m]);
            }
        }
        self.trajectory.statistics = statistics;
        self.trajectory.end = end;
        self.trajectory.keep_rows(self.next_row);
        self.trajectory
    }
}
