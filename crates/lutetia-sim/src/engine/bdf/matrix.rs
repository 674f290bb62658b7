//! The sparse matrix the solver carries: one shared pattern, one array of values.
//!
//! diffsol is generic over its matrix. This one keeps the Jacobian, the identity and the Newton
//! matrix on patterns that are shared by reference, so that forming `I − c·J` is one pass over the
//! entries. It never carries more than one batch: all tangents share one Jacobian.

use std::ops::Mul;
use std::sync::Arc;

use diffsol_la::{
    Context, LaError, Matrix, MatrixCommon, MatrixSparsity, MatrixSparsityRef, NalgebraContext,
    NalgebraVec, Scale, Vector, VectorCommon, VectorIndex,
};

use crate::engine::elimination::Pattern;

pub(crate) type V = NalgebraVec<f64>;
type Index = <V as Vector>::Index;

/// All lanes of a vector, one after the other.
pub(crate) fn slice(v: &V) -> &[f64] {
    v.inner().as_slice()
}

/// All lanes of a vector, one after the other.
pub(crate) fn slice_mut(v: &mut V) -> &mut [f64] {
    v.inner_mut().as_mut_slice()
}

/// A sparse matrix on a shared pattern.
#[derive(Debug, Clone)]
pub(crate) struct SharedSparse {
    pattern: Arc<Pattern>,
    values: Vec<f64>,
    context: NalgebraContext,
}

impl SharedSparse {
    /// The values, in the order of the pattern.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values, to be written.
    pub(crate) fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    fn add_scaled(&mut self, other: &Self, factor: f64) {
        if Arc::ptr_eq(&self.pattern, &other.pattern) {
            for (target, value) in self.values.iter_mut().zip(&other.values) {
                *target += factor * value;
            }
            return;
        }
        for ((row, column), value) in other.pattern.entries().into_iter().zip(&other.values) {
            if let Some(position) = self.pattern.position(row, column) {
                self.values[position] += factor * value;
            }
        }
    }

    /// Adds a matrix that holds its diagonal only.
    fn add_diagonal(&mut self, other: &Self) {
        for (position, value) in self.pattern.diagonal.iter().zip(&other.values) {
            if let Some(position) = position {
                self.values[*position] += value;
            }
        }
    }

    fn is_diagonal(&self) -> bool {
        self.values.len() == self.pattern.n_columns
            && self.pattern.diagonal.iter().all(Option::is_some)
    }
}

impl MatrixCommon for SharedSparse {
    type V = V;
    type T = f64;
    type C = NalgebraContext;
    type Inner = Vec<f64>;

    fn nrows(&self) -> usize {
        self.pattern.n_rows
    }
    fn ncols(&self) -> usize {
        self.pattern.n_columns
    }
    fn inner(&self) -> &Vec<f64> {
        &self.values
    }
}

impl Mul<Scale<f64>> for SharedSparse {
    type Output = Self;
    fn mul(mut self, factor: Scale<f64>) -> Self {
        for value in &mut self.values {
            *value *= factor.value();
        }
        self
    }
}

impl Mul<Scale<f64>> for &SharedSparse {
    type Output = SharedSparse;
    fn mul(self, factor: Scale<f64>) -> SharedSparse {
        self.clone() * factor
    }
}

/// An owned pattern, as diffsol wants it.
#[derive(Debug, Clone)]
pub(crate) struct SharedPattern(pub(crate) Arc<Pattern>);

/// A borrowed pattern.
#[derive(Debug)]
pub(crate) struct BorrowedPattern<'a>(&'a Arc<Pattern>);

impl MatrixSparsity<SharedSparse> for SharedPattern {
    fn nrows(&self) -> usize {
        self.0.n_rows
    }
    fn ncols(&self) -> usize {
        self.0.n_columns
    }
    fn is_sparse() -> bool {
        true
    }
    fn try_from_indices(
        nrows: usize,
        ncols: usize,
        indices: Vec<(usize, usize)>,
    ) -> Result<Self, LaError> {
        Ok(Self(Arc::new(Pattern::from_entries(nrows, ncols, indices))))
    }
    fn indices(&self) -> Vec<(usize, usize)> {
        self.0.entries()
    }
    fn union(self, other: BorrowedPattern<'_>) -> Result<Self, LaError> {
        // The Jacobian's pattern already holds the diagonal, so the union with the identity is the
        // very same pattern: keeping the shared one makes every later sum a plain loop.
        let contains = |large: &Pattern, small: &Pattern| {
            large.n_rows == small.n_rows
                && large.n_columns == small.n_columns
                && small
                    .entries()
                    .into_iter()
                    .all(|(row, column)| large.position(row, column).is_some())
        };
        if contains(other.0, &self.0) {
            return Ok(Self(Arc::clone(other.0)));
        }
        if contains(&self.0, other.0) {
            return Ok(self);
        }
        let mut entries = self.0.entries();
        entries.extend(other.0.entries());
        Ok(Self(Arc::new(Pattern::from_entries(
            self.0.n_rows.max(other.0.n_rows),
            self.0.n_columns.max(other.0.n_columns),
            entries,
        ))))
    }
    fn new_diagonal(n: usize) -> Self {
        Self(Arc::new(Pattern::from_entries(n, n, (0..n).map(|k| (k, k)).collect())))
    }
    fn as_ref(&self) -> BorrowedPattern<'_> {
        BorrowedPattern(&self.0)
    }
    fn get_index(&self, indices: &[(usize, usize)], context: NalgebraContext) -> Index {
        Index::from_vec(
            indices.iter().filter_map(|&(row, column)| self.0.position(row, column)).collect(),
            context,
        )
    }
}

impl<'a> MatrixSparsityRef<'a, SharedSparse> for BorrowedPattern<'a> {
    fn nrows(&self) -> usize {
        self.0.n_rows
    }
    fn ncols(&self) -> usize {
        self.0.n_columns
    }
    fn is_sparse() -> bool {
        true
    }
    fn indices(&self) -> Vec<(usize, usize)> {
        self.0.entries()
    }
    fn to_owned(&self) -> SharedPattern {
        SharedPattern(Arc::clone(self.0))
    }
    fn split(&self, algebraic_indices: &Index) -> [(SharedPattern, Index); 4] {
        // Only needed for algebraic equations, which compiled models never have; kept correct.
        let algebraic = algebraic_indices.clone_as_vec();
        let context = *algebraic_indices.context();
        let place = |n: usize, inside: bool| -> (Vec<Option<usize>>, usize) {
            let mut next = 0;
            let places = (0..n)
                .map(|k| {
                    (algebraic.contains(&k) == inside).then(|| {
                        next += 1;
                        next - 1
                    })
                })
                .collect();
            (places, next)
        };
        [(false, false), (false, true), (true, false), (true, true)].map(|(rows, columns)| {
            let (row_places, n_rows) = place(self.0.n_rows, rows);
            let (column_places, n_columns) = place(self.0.n_columns, columns);
            let mut entries = Vec::new();
            let mut sources = Vec::new();
            for (position, (row, column)) in self.0.entries().into_iter().enumerate() {
                if let (Some(row), Some(column)) = (row_places[row], column_places[column]) {
                    entries.push((row, column));
                    sources.push(position);
                }
            }
            (
                SharedPattern(Arc::new(Pattern::from_entries(n_rows, n_columns, entries))),
                Index::from_vec(sources, context),
            )
        })
    }
}

impl Matrix for SharedSparse {
    type Sparsity = SharedPattern;
    type SparsityRef<'a> = BorrowedPattern<'a>;

    fn sparsity(&self) -> Option<BorrowedPattern<'_>> {
        Some(BorrowedPattern(&self.pattern))
    }
    fn context(&self) -> &NalgebraContext {
        &self.context
    }
    fn inner_mut(&mut self) -> &mut Vec<f64> {
        &mut self.values
    }
    fn partition_indices_by_zero_diagonal(&self) -> (Index, Index) {
        let (zero, other) = (0..self.pattern.n_rows.min(self.pattern.n_columns)).partition(|&k| {
            self.pattern.diagonal[k].is_none_or(|position| self.values[position] == 0.0)
        });
        (Index::from_vec(zero, self.context), Index::from_vec(other, self.context))
    }
    fn gemv(&self, alpha: f64, x: &V, beta: f64, y: &mut V) {
        y.for_each_batch_host([x], |y, [x], _| {
            for value in &mut *y {
                *value *= beta;
            }
            for column in 0..self.pattern.n_columns {
                let range =
                    self.pattern.column_starts[column]..self.pattern.column_starts[column + 1];
                for position in range {
                    y[self.pattern.row_indices[position]] +=
                        alpha * self.values[position] * x[column];
                }
            }
        });
    }
    fn copy_from(&mut self, other: &Self) {
        // Threads share the pattern: their cores would fight over its count at every copy.
        if !Arc::ptr_eq(&self.pattern, &other.pattern) {
            self.pattern = Arc::clone(&other.pattern);
        }
        self.values.clone_from(&other.values);
    }
    fn zeros(nrows: usize, ncols: usize, context: NalgebraContext) -> Self {
        Self {
            pattern: Arc::new(Pattern::from_entries(nrows, ncols, Vec::new())),
            values: Vec::new(),
            context,
        }
    }
    fn new_from_sparsity(
        nrows: usize,
        ncols: usize,
        sparsity: Option<SharedPattern>,
        context: NalgebraContext,
    ) -> Self {
        let pattern = sparsity.map_or_else(
            || {
                // No pattern means that every entry may be non-zero.
                let entries = (0..ncols)
                    .flat_map(|column| (0..nrows).map(move |row| (row, column)))
                    .collect();
                Arc::new(Pattern::from_entries(nrows, ncols, entries))
            },
            |sparsity| sparsity.0,
        );
        let values = vec![0.0; pattern.len()];
        Self { pattern, values, context }
    }
    fn from_diagonal(v: &V) -> Self {
        Self {
            pattern: SharedPattern::new_diagonal(v.len()).0,
            values: v.clone_as_vec(),
            context: NalgebraContext::default(),
        }
    }
    fn set_column(&mut self, j: usize, v: &V) {
        for position in self.pattern.column_starts[j]..self.pattern.column_starts[j + 1] {
            self.values[position] = VectorCommon::inner(v)[(self.pattern.row_indices[position], 0)];
        }
    }
    fn add_column_to_vector(&self, j: usize, v: &mut V) {
        v.for_each_batch_host([], |v, [], _| {
            for position in self.pattern.column_starts[j]..self.pattern.column_starts[j + 1] {
                v[self.pattern.row_indices[position]] += self.values[position];
            }
        });
    }
    fn add_columns_to_batched_vector(&self, v: &mut V) {
        v.for_each_batch_host([], |v, [], j| {
            for position in self.pattern.column_starts[j]..self.pattern.column_starts[j + 1] {
                v[self.pattern.row_indices[position]] += self.values[position];
            }
        });
    }
    fn set_data_with_indices(&mut self, targets: &Index, sources: &Index, data: &V) {
        for (target, source) in targets.clone_as_vec().into_iter().zip(sources.clone_as_vec()) {
            self.values[target] = VectorCommon::inner(data)[(source, 0)];
        }
    }
    fn gather(&mut self, other: &Self, indices: &Index) {
        for (target, source) in self.values.iter_mut().zip(indices.clone_as_vec()) {
            *target = other.values[source];
        }
    }
    fn scale_add_and_assign(&mut self, x: &Self, beta: f64, y: &Self) {
        if Arc::ptr_eq(&self.pattern, &y.pattern) {
            for (target, value) in self.values.iter_mut().zip(&y.values) {
                *target = beta * value;
            }
        } else {
            self.values.fill(0.0);
            self.add_scaled(y, beta);
        }
        if x.is_diagonal() {
            self.add_diagonal(x);
        } else {
            self.add_scaled(x, 1.0);
        }
    }
    fn triplet_iter(
        &self,
    ) -> (impl Iterator<Item = (usize, usize)> + '_, impl Iterator<Item = f64> + '_) {
        (self.pattern.entries().into_iter(), self.values.iter().copied())
    }
    fn try_from_triplets(
        nrows: usize,
        ncols: usize,
        indices: Vec<(usize, usize)>,
        values: Vec<f64>,
        context: NalgebraContext,
    ) -> Result<Self, LaError> {
        if context.nbatch() != 1 || values.len() != indices.len() {
            return Err(LaError::Other("one value per index and one batch expected".to_owned()));
        }
        let pattern = Arc::new(Pattern::from_entries(nrows, ncols, indices.clone()));
        let mut matrix = Self { values: vec![0.0; pattern.len()], pattern, context };
        for ((row, column), value) in indices.into_iter().zip(values) {
            if let Some(position) = matrix.pattern.position(row, column) {
                matrix.values[position] += value;
            }
        }
        Ok(matrix)
    }
}
