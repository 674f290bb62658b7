//! The elimination of [`Elimination`], of several matrices of one pattern in the lanes of packs.

use lutetia_model::system::Pack;

use crate::engine::elimination::{Elimination, MOST_GROWTH};

/// Factorisations of `L` matrices of one pattern. What comes out for a lane has the bits that it would have alone.
#[derive(Debug, Clone)]
pub(super) struct PackFactors<const L: usize> {
    values: Vec<Pack<L>>,
    inverse_pivots: Vec<Pack<L>>,
    /// Whether the elimination without pivoting lost no more digits than can be afforded.
    pub(super) trustworthy: [bool; L],
    work: Vec<Pack<L>>,
}

impl<const L: usize> PackFactors<L> {
    pub(super) fn new(plan: &Elimination) -> Self {
        Self {
            values: vec![Pack::ZERO; plan.n_factors],
            inverse_pivots: vec![Pack::ZERO; plan.n],
            trustworthy: [false; L],
            work: vec![Pack::ZERO; plan.n],
        }
    }

    /// Factorises `diagonal`·I − `matrix` (its values in the order of the pattern).
    pub(super) fn factorise(&mut self, plan: &Elimination, matrix: &[Pack<L>], diagonal: &Pack<L>) {
        let f = &mut self.values[..];
        f.fill(Pack::ZERO);
        for (value, &position) in matrix.iter().zip(&plan.scatter) {
            let target = &mut f[position as usize].0;
            for lane in 0..L {
                target[lane] = -value.0[lane];
            }
        }
        for &position in &plan.pivots {
            let target = &mut f[position as usize].0;
            for lane in 0..L {
                target[lane] += diagonal.0[lane];
            }
        }
        let mut largest = [1.0_f64; L];
        for value in f.iter() {
            for lane in 0..L {
                largest[lane] = largest[lane].max(value.0[lane].abs());
            }
        }
        for k in 0..plan.n {
            let pivot = f[plan.pivots[k] as usize];
            let mut inverse = [0.0; L];
            for lane in 0..L {
                inverse[lane] = 1.0 / pivot.0[lane];
            }
            self.inverse_pivots[k] = Pack(inverse);
            for &(position, _) in &plan.lower[plan.lower_starts[k]..plan.lower_starts[k + 1]] {
                let value = &mut f[position as usize].0;
                for lane in 0..L {
                    value[lane] *= inverse[lane];
                }
            }
            for &(target, left, right) in
                &plan.updates[plan.update_starts[k]..plan.update_starts[k + 1]]
            {
                let (left, right) = (f[left as usize], f[right as usize]);
                let target = &mut f[target as usize].0;
                for lane in 0..L {
                    target[lane] -= left.0[lane] * right.0[lane];
                }
            }
        }
        // A multiplier above the bound or an entry grown beyond it means lost digits. The comparison fails for what is not
        // a number, too.
        self.trustworthy = [true; L];
        for value in f.iter().chain(&self.inverse_pivots) {
            for lane in 0..L {
                self.trustworthy[lane] &= value.0[lane].abs() <= MOST_GROWTH * largest[lane];
            }
        }
    }

    /// Solves in place; `b` in the order of the states.
    pub(super) fn solve(&mut self, plan: &Elimination, b: &mut [Pack<L>]) {
        let (f, w) = (&self.values[..], &mut self.work[..]);
        for (value, &row) in w.iter_mut().zip(&plan.order) {
            *value = b[row as usize];
        }
        for k in 0..plan.n {
            let value = w[k];
            for &(position, row) in &plan.lower[plan.lower_starts[k]..plan.lower_starts[k + 1]] {
                let factor = &f[position as usize];
                let target = &mut w[row as usize].0;
                for lane in 0..L {
                    target[lane] -= factor.0[lane] * value.0[lane];
                }
            }
        }
        for k in (0..plan.n).rev() {
            let mut value = w[k].0;
            for &(position, column) in &plan.upper[plan.upper_starts[k]..plan.upper_starts[k + 1]] {
                let (factor, known) = (&f[position as usize], &w[column as usize]);
                for lane in 0..L {
                    value[lane] -= factor.0[lane] * known.0[lane];
                }
            }
            let inverse = &self.inverse_pivots[k];
            for lane in 0..L {
                value[lane] *= inverse.0[lane];
            }
            w[k] = Pack(value);
        }
        for (&row, value) in plan.order.iter().zip(w.iter()) {
            b[row as usize] = *value;
        }
    }
}
