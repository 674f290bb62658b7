//! Which arithmetic solves `A x = b` for every matrix of one sparsity pattern?
//!
//! The pattern of a model's Newton matrix never changes, so the elimination is worked out once: a
//! fill-reducing order of the diagonal pivots (Markowitz), the pattern of `L + U`, and the flat list
//! of multiply–subtract operations. Factorising is then a walk over indices. No pivoting is done:
//! `I − h·γ·J` of compartment models is close to diagonally dominant. Whoever uses a factorisation
//! must look at [`Factors::is_trustworthy`] and fall back to a pivoted elimination where it is not.

use std::sync::Arc;

/// Compressed-column pattern of a square or rectangular matrix; rows ascend within a column.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) n_rows: usize,
    pub(crate) n_columns: usize,
    pub(crate) column_starts: Vec<usize>,
    pub(crate) row_indices: Vec<usize>,
    /// Position of entry (j, j) in `row_indices`, where it exists.
    pub(crate) diagonal: Vec<Option<usize>>,
}

impl Pattern {
    /// Pattern of the given (row, column) entries; duplicates are merged.
    pub(crate) fn from_entries(
        n_rows: usize,
        n_columns: usize,
        mut entries: Vec<(usize, usize)>,
    ) -> Self {
        entries.retain(|&(row, column)| row < n_rows && column < n_columns);
        entries.sort_unstable_by_key(|&(row, column)| (column, row));
        entries.dedup();
        let mut column_starts = vec![0; n_columns + 1];
        let mut diagonal = vec![None; n_columns];
        let mut row_indices = Vec::with_capacity(entries.len());
        for (position, &(row, column)) in entries.iter().enumerate() {
            column_starts[column + 1] += 1;
            row_indices.push(row);
            if row == column {
                diagonal[column] = Some(position);
            }
        }
        for column in 0..n_columns {
            column_starts[column + 1] += column_starts[column];
        }
        Self { n_rows, n_columns, column_starts, row_indices, diagonal }
    }

    /// All (row, column) entries, column by column.
    pub(crate) fn entries(&self) -> Vec<(usize, usize)> {
        let mut entries = Vec::with_capacity(self.row_indices.len());
        for column in 0..self.n_columns {
            for position in self.column_starts[column]..self.column_starts[column + 1] {
                entries.push((self.row_indices[position], column));
            }
        }
        entries
    }

    /// Position of an entry in the value array.
    pub(crate) fn position(&self, row: usize, column: usize) -> Option<usize> {
        let range = self.column_starts[column]..self.column_starts[column + 1];
        self.row_indices[range.clone()].binary_search(&row).ok().map(|offset| range.start + offset)
    }

    /// Number of stored entries.
    pub(crate) fn len(&self) -> usize {
        self.row_indices.len()
    }
}

/// Beyond this many multiply–subtract operations the flat list costs more memory than it is worth;
/// the dense fallback is used instead.
const MOST_OPERATIONS: usize = 8_000_000;

/// The elimination of one pattern, worked out once per model and shared between threads.
#[derive(Debug)]
pub(crate) struct Elimination {
    pub(super) n: usize,
    /// The pattern this elimination belongs to.
    pattern: Arc<Pattern>,
    /// `order[k]` is the row and column eliminated k-th.
    pub(super) order: Vec<u32>,
    /// Where entry `p` of the matrix goes in the factor array.
    pub(super) scatter: Vec<u32>,
    /// Number of entries of `L + U`.
    pub(super) n_factors: usize,
    /// Position of the k-th pivot.
    pub(super) pivots: Vec<u32>,
    /// Entries of column k of `L` below the pivot: (position, permuted row); ranges by `lower_starts`.
    pub(super) lower: Vec<(u32, u32)>,
    pub(super) lower_starts: Vec<usize>,
    /// Entries of row k of `U` right of the pivot: (position, permuted column).
    pub(super) upper: Vec<(u32, u32)>,
    pub(super) upper_starts: Vec<usize>,
    /// `f[target] −= f[left]·f[right]`, grouped by pivot.
    pub(super) updates: Vec<(u32, u32, u32)>,
    pub(super) update_starts: Vec<usize>,
}

/// Row or column sets as bit masks.
struct BitRows {
    words: usize,
    bits: Vec<u64>,
}

impl BitRows {
    fn new(n: usize) -> Self {
        let words = n.div_ceil(64).max(1);
        Self { words, bits: vec![0; words * n] }
    }

    fn insert(&mut self, row: usize, column: usize) {
        self.bits[row * self.words + column / 64] |= 1 << (column % 64);
    }

    fn remove(&mut self, row: usize, column: usize) {
        self.bits[row * self.words + column / 64] &= !(1 << (column % 64));
    }

    fn count(&self, row: usize) -> usize {
        self.bits[row * self.words..(row + 1) * self.words]
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    fn members(&self, row: usize) -> Vec<usize> {
        let mut members = Vec::new();
        for (index, &word) in self.bits[row * self.words..(row + 1) * self.words].iter().enumerate()
        {
            let mut rest = word;
            while rest != 0 {
                members.push(index * 64 + rest.trailing_zeros() as usize);
                rest &= rest - 1;
            }
        }
        members
    }

    fn unite(&mut self, into: usize, from: usize) {
        for word in 0..self.words {
            let bits = self.bits[from * self.words + word];
            self.bits[into * self.words + word] |= bits;
        }
    }
}

impl Elimination {
    /// Works out the elimination; `None` where the fill makes the operation list unreasonable.
    /// The pattern must be square and hold its whole diagonal.
    pub(crate) fn plan(pattern: Arc<Pattern>) -> Option<Self> {
        let n = pattern.n_rows;
        if pattern.n_columns != n
            || pattern.diagonal.iter().any(Option::is_none)
            || u32::try_from(n).is_err()
        {
            return None;
        }
        let (order, row_members, column_members) = markowitz(&pattern);
        let mut place = vec![0_usize; n];
        for (k, &row) in order.iter().enumerate() {
            place[row] = k;
        }
        // Number the entries of L + U: pivot, rest of the row of U, rest of the column of L.
        let mut number = std::collections::BTreeMap::new();
        let mut pivots = Vec::with_capacity(n);
        let mut lower = Vec::new();
        let mut upper = Vec::new();
        let mut lower_starts = vec![0];
        let mut upper_starts = vec![0];
        let mut next: u32 = 0;
        let mut n_updates = 0_usize;
        for (k, &pivot) in order.iter().enumerate() {
            number.insert((k, k), next);
            pivots.push(next);
            next += 1;
            for &column in &row_members[pivot] {
                number.insert((k, place[column]), next);
                upper.push((next, u32::try_from(place[column]).ok()?));
                next += 1;
            }
            for &row in &column_members[pivot] {
                number.insert((place[row], k), next);
                lower.push((next, u32::try_from(place[row]).ok()?));
                next += 1;
            }
            upper_starts.push(upper.len());
            lower_starts.push(lower.len());
            n_updates += row_members[pivot].len() * column_members[pivot].len();
            if n_updates > MOST_OPERATIONS {
                return None;
            }
        }
        let mut updates = Vec::with_capacity(n_updates);
        let mut update_starts = vec![0];
        for k in 0..n {
            for &(left, row) in &lower[lower_starts[k]..lower_starts[k + 1]] {
                for &(right, column) in &upper[upper_starts[k]..upper_starts[k + 1]] {
                    let target = number.get(&(row as usize, column as usize))?;
                    updates.push((*target, left, right));
                }
            }
            update_starts.push(updates.len());
        }
        let mut scatter = Vec::with_capacity(pattern.len());
        for (row, column) in pattern.entries() {
            scatter.push(*number.get(&(place[row], place[column]))?);
        }
        Some(Self {
            n,
            order: order.iter().map(|&row| u32::try_from(row).ok()).collect::<Option<_>>()?,
            scatter,
            n_factors: next as usize,
            pivots,
            lower,
            lower_starts,
            upper,
            upper_starts,
            updates,
            update_starts,
            pattern,
        })
    }

    /// The pattern this elimination belongs to.
    pub(crate) fn pattern(&self) -> &Arc<Pattern> {
        &self.pattern
    }
}

/// Diagonal pivots in the order of least (row − 1)·(column − 1), ties to the lower index so that
/// the order is the same on every machine. Returns the order and, for each pivot, the columns of
/// its row and the rows of its column still alive when it is eliminated (fill included).
fn markowitz(pattern: &Pattern) -> (Vec<usize>, Vec<Vec<usize>>, Vec<Vec<usize>>) {
    let n = pattern.n_rows;
    let mut rows = BitRows::new(n);
    let mut columns = BitRows::new(n);
    for (row, column) in pattern.entries() {
        if row != column {
            rows.insert(row, column);
            columns.insert(column, row);
        }
    }
    let mut alive = vec![true; n];
    let mut cost: Vec<usize> = (0..n).map(|k| rows.count(k) * columns.count(k)).collect();
    let mut order = Vec::with_capacity(n);
    let mut row_members = vec![Vec::new(); n];
    let mut column_members = vec![Vec::new(); n];
    for _ in 0..n {
        let Some(pivot) = (0..n).filter(|&k| alive[k]).min_by_key(|&k| (cost[k], k)) else {
            break;
        };
        alive[pivot] = false;
        order.push(pivot);
        let in_row = rows.members(pivot);
        let in_column = columns.members(pivot);
        for &row in &in_column {
            rows.unite(row, pivot);
            rows.remove(row, row);
            rows.remove(row, pivot);
        }
        for &column in &in_row {
            columns.unite(column, pivot);
            columns.remove(column, column);
            columns.remove(column, pivot);
        }
        for &k in in_row.iter().chain(&in_column) {
            cost[k] = rows.count(k) * columns.count(k);
        }
        row_members[pivot] = in_row;
        column_members[pivot] = in_column;
    }
    (order, row_members, column_members)
}

/// Entries of a trustworthy factorisation may grow at most this much beyond the largest entry of
/// the matrix: each decade costs a digit, and Newton's method needs only a few of the sixteen.
pub(super) const MOST_GROWTH: f64 = 1e8;

/// A factorisation of one matrix.
#[derive(Debug, Clone, Default)]
pub(crate) struct Factors {
    values: Vec<f64>,
    inverse_pivots: Vec<f64>,
    trustworthy: bool,
}

impl Factors {
    /// Factorises the matrix with the given values (in the order of the pattern).
    pub(crate) fn factorise(&mut self, plan: &Elimination, matrix: &[f64]) {
        self.trustworthy = false;
        self.values.clear();
        self.values.resize(plan.n_factors, 0.0);
        self.inverse_pivots.clear();
        self.inverse_pivots.resize(plan.n, 0.0);
        let f = &mut self.values[..];
        let mut largest = 0.0_f64;
        for (&value, &position) in matrix.iter().zip(&plan.scatter) {
            f[position as usize] = value;
            largest = largest.max(value.abs());
        }
        for k in 0..plan.n {
            let pivot = f[plan.pivots[k] as usize];
            let inverse = 1.0 / pivot;
            if !inverse.is_finite() {
                return;
            }
            self.inverse_pivots[k] = inverse;
            for &(position, _) in &plan.lower[plan.lower_starts[k]..plan.lower_starts[k + 1]] {
                f[position as usize] *= inverse;
            }
            for &(target, left, right) in
                &plan.updates[plan.update_starts[k]..plan.update_starts[k + 1]]
            {
                f[target as usize] -= f[left as usize] * f[right as usize];
            }
        }
        // A multiplier above the bound or an entry grown beyond it means lost digits; NaN fails
        // the comparison too.
        let bound = MOST_GROWTH * largest.max(1.0);
        self.trustworthy = f.iter().all(|value| value.abs() <= bound);
    }

    /// Whether the elimination without pivoting lost no more digits than can be afforded.
    pub(crate) fn is_trustworthy(&self) -> bool {
        self.trustworthy
    }

    /// Solves in place for one right-hand side; `work` is scratch.
    pub(crate) fn solve(&self, plan: &Elimination, b: &mut [f64], work: &mut Vec<f64>) {
        work.clear();
        work.extend(plan.order.iter().map(|&row| b[row as usize]));
        let f = &self.values[..];
        let w = &mut work[..];
        for k in 0..plan.n {
            let value = w[k];
            for &(position, row) in &plan.lower[plan.lower_starts[k]..plan.lower_starts[k + 1]] {
                w[row as usize] -= f[position as usize] * value;
            }
        }
        for k in (0..plan.n).rev() {
            let mut value = w[k];
            for &(position, column) in &plan.upper[plan.upper_starts[k]..plan.upper_starts[k + 1]] {
                value -= f[position as usize] * w[column as usize];
            }
            w[k] = value * self.inverse_pivots[k];
        }
        for (&row, &value) in plan.order.iter().zip(w.iter()) {
            b[row as usize] = value;
        }
    }

    /// Solves in place for `lanes` right-hand sides stored one after the other. Inside, the lanes
    /// of one unknown lie together, so that the compiler can vectorise over them.
    pub(crate) fn solve_lanes(
        &self,
        plan: &Elimination,
        b: &mut [f64],
        lanes: usize,
        work: &mut Vec<f64>,
    ) {
        let n = plan.n;
        work.clear();
        work.resize(n * lanes, 0.0);
        for (k, &row) in plan.order.iter().enumerate() {
            for lane in 0..lanes {
                work[k * lanes + lane] = b[lane * n + row as usize];
            }
        }
        let f = &self.values[..];
        for k in 0..n {
            let (head, tail) = work.split_at_mut((k + 1) * lanes);
            let source = &head[k * lanes..];
            for &(position, row) in &plan.lower[plan.lower_starts[k]..plan.lower_starts[k + 1]] {
                let factor = f[position as usize];
                let offset = (row as usize - k - 1) * lanes;
                for (target, value) in tail[offset..offset + lanes].iter_mut().zip(source) {
                    *target -= factor * value;
                }
            }
        }
        for k in (0..n).rev() {
            let (head, tail) = work.split_at_mut((k + 1) * lanes);
            let target = &mut head[k * lanes..];
            for &(position, column) in &plan.upper[plan.upper_starts[k]..plan.upper_starts[k + 1]] {
                let factor = f[position as usize];
                let offset = (column as usize - k - 1) * lanes;
                for (target, value) in target.iter_mut().zip(&tail[offset..offset + lanes]) {
                    *target -= factor * value;
                }
            }
            for value in target {
                *value *= self.inverse_pivots[k];
            }
        }
        for (k, &row) in plan.order.iter().enumerate() {
            for lane in 0..lanes {
                b[lane * n + row as usize] = work[k * lanes + lane];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dense(pattern: &Pattern, values: &[f64]) -> nalgebra::DMatrix<f64> {
        let mut matrix = nalgebra::DMatrix::zeros(pattern.n_rows, pattern.n_columns);
        for ((row, column), value) in pattern.entries().into_iter().zip(values) {
            matrix[(row, column)] = *value;
        }
        matrix
    }

    proptest! {
        /// Diagonally dominant matrices of random pattern: the static elimination agrees with a
        /// pivoted dense LU to 1e-11 (condition numbers here stay below 1e3).
        #[test]
        fn prop_static_elimination_agrees_with_pivoted_lu(
            n in 1_usize..24,
            seeds in proptest::collection::vec((0_usize..24, 0_usize..24, -1.0_f64..1.0), 0..80),
            rhs in proptest::collection::vec(-10.0_f64..10.0, 24 * 3),
        ) {
            let mut entries: Vec<(usize, usize)> = (0..n).map(|k| (k, k)).collect();
            entries.extend(seeds.iter().map(|s| (s.0 % n, s.1 % n)));
            let pattern = Arc::new(Pattern::from_entries(n, n, entries));
            let mut values = vec![0.0; pattern.len()];
            for &(row, column, value) in &seeds {
                let position = pattern.position(row % n, column % n).expect("entry exists");
                values[position] = value;
            }
            for k in 0..n {
                let off: f64 = seeds.iter().filter(|s| s.0 % n == k || s.1 % n == k).map(|s| s.2.abs()).sum();
                values[pattern.diagonal[k].expect("diagonal exists")] = 1.0 + off;
            }
            let plan = Elimination::plan(pattern.clone()).expect("square with full diagonal");
            let mut factors = Factors::default();
            factors.factorise(&plan, &values);
            prop_assert!(factors.is_trustworthy());
            let lu = dense(&pattern, &values).lu();
            let mut lanes = rhs[..n * 3].to_vec();
            let mut work = Vec::new();
            factors.solve_lanes(&plan, &mut lanes, 3, &mut work);
            for lane in 0..3 {
                let b = nalgebra::DVector::from_column_slice(&rhs[lane * n..(lane + 1) * n]);
                let expected = lu.solve(&b).expect("regular");
                let mut single = rhs[lane * n..(lane + 1) * n].to_vec();
                factors.solve(&plan, &mut single, &mut work);
                for k in 0..n {
                    prop_assert!((single[k] - expected[k]).abs() < 1e-11 * (1.0 + expected[k].abs()));
                    prop_assert!((lanes[lane * n + k] - expected[k]).abs() < 1e-11 * (1.0 + expected[k].abs()));
                }
            }
        }
    }

    #[test]
    fn exact_zero_pivot_is_not_trusted() {
        let pattern = Arc::new(Pattern::from_entries(2, 2, vec![(0, 0), (0, 1), (1, 0), (1, 1)]));
        let plan = Elimination::plan(pattern).expect("square with full diagonal");
        let mut factors = Factors::default();
        factors.factorise(&plan, &[0.0, 1.0, 1.0, 0.0]);
        assert!(!factors.is_trustworthy());
        // A pivot that loses ten digits is refused as well.
        factors.factorise(&plan, &[1e-10, 1.0, 1.0, 0.0]);
        assert!(!factors.is_trustworthy());
    }

    #[test]
    fn exact_arrow_matrix_has_no_fill() {
        // A hub connected to every spoke: eliminating the spokes first leaves no fill.
        let n = 40;
        let mut entries: Vec<(usize, usize)> = (0..n).map(|k| (k, k)).collect();
        entries.extend((1..n).flat_map(|k| [(0, k), (k, 0)]));
        let pattern = Arc::new(Pattern::from_entries(n, n, entries));
        let plan = Elimination::plan(pattern.clone()).expect("square with full diagonal");
        assert_eq!(plan.n_factors, pattern.len());
    }
}
