//! The elimination of [`Elimination`], of several matrices of one pattern in the lanes of packs.
#![allow(clippy::inline_always, reason = "compiled for the instruction set of the caller")]

use lutetia_model::system::{LaneEvaluator, Lanes};

use crate::engine::elimination::{Elimination, MOST_GROWTH};

/// Factorisations of matrices of one pattern. What comes out for a lane has the bits that it would have alone.
#[derive(Debug, Clone)]
pub(super) struct LaneFactors<N> {
    /// What of the matrices is the same in every step, where it goes in the factors.
    fixed: Vec<N>,
    values: Vec<N>,
    inverse_pivots: Vec<N>,
}

/// The point at which a Jacobian is taken: time, states and inputs.
pub(super) type Point<'a, N> = (N, &'a [N], &'a [N]);

impl<N: Lanes> LaneFactors<N> {
    pub(super) fn new(plan: &Elimination) -> Self {
        Self {
            fixed: vec![N::splat(0.0); plan.n_factors],
            values: vec![N::splat(0.0); plan.n_factors],
            inverse_pivots: vec![N::splat(0.0); plan.n],
        }
    }

    /// Takes what parameters fix of −J.
    pub(super) fn prepare(&mut self, plan: &Elimination, fixed: &[N]) {
        for (value, &position) in fixed.iter().zip(&plan.scatter) {
            self.fixed[position as usize] = value.map(|x| -x);
        }
    }

    /// Factorises `diagonal`·I − J, and says of each lane by how much its entries grew beyond its diagonal (not a number
    /// where the elimination broke down).
    #[inline(always)]
    pub(super) fn factorise(
        &mut self,
        plan: &Elimination,
        evaluator: &mut LaneEvaluator<N>,
        (t, x, u): Point<'_, N>,
        diagonal: N,
    ) -> N {
        let f = &mut self.values[..];
        f.copy_from_slice(&self.fixed);
        evaluator.varying_jacobian(t, x, u, |entry, value| {
            let target = &mut f[plan.scatter[entry] as usize];
            *target = target.minus(value);
        });
        let mut largest = N::splat(1.0);
        for &position in &plan.pivots {
            let target = &mut f[position as usize];
            *target = target.plus(diagonal);
            largest = largest.zip(*target, |a, b| if b.abs() > a { b.abs() } else { a });
        }
        for k in 0..plan.n {
            let inverse = f[plan.pivots[k] as usize].map(|pivot| 1.0 / pivot);
            self.inverse_pivots[k] = inverse;
            for &(position, _) in &plan.lower[plan.lower_starts[k]..plan.lower_starts[k + 1]] {
                let value = &mut f[position as usize];
                *value = value.times(inverse);
            }
            for &(target, left, right) in
                &plan.updates[plan.update_starts[k]..plan.update_starts[k + 1]]
            {
                let product = f[left as usize].times(f[right as usize]);
                let target = &mut f[target as usize];
                *target = target.minus(product);
            }
        }
        // What is not a number stays so in a sum; two of them halve the chain of dependent additions.
        let (mut even, mut odd) = (N::splat(0.0), N::splat(0.0));
        let add = |sum: N, value: N| sum.zip(value, |sum, x| sum + x.abs());
        for pair in f.chunks(2) {
            even = add(even, pair[0]);
            if let Some(second) = pair.get(1) {
                odd = add(odd, *second);
            }
        }
        let size = even.plus(odd);
        size.zip(largest, |size, largest| size / largest)
    }

    /// Solves in place; `b` in the order of elimination.
    #[inline(always)]
    pub(super) fn solve(&self, plan: &Elimination, b: &mut [N]) {
        // Entries of a column of L, and of a row of U, lie one after the other among the factors.
        let of = |entries: &[(u32, u32)]| {
            let first = entries.first().map_or(0, |entry| entry.0 as usize);
            &self.values[first..first + entries.len()]
        };
        for (k, ends) in plan.lower_starts.windows(2).enumerate() {
            let entries = &plan.lower[ends[0]..ends[1]];
            let value = b[k];
            for (factor, &(_, row)) in of(entries).iter().zip(entries) {
                let target = &mut b[row as usize];
                *target = target.minus(factor.times(value));
            }
        }
        for (k, ends) in plan.upper_starts.windows(2).enumerate().rev() {
            let entries = &plan.upper[ends[0]..ends[1]];
            let mut value = b[k];
            for (factor, &(_, column)) in of(entries).iter().zip(entries) {
                value = value.minus(factor.times(b[column as usize]));
            }
            b[k] = value.times(self.inverse_pivots[k]);
        }
    }
}

/// Whether an elimination without pivoting that let its entries grow so much lost no more digits than can be afforded.
pub(super) fn is_trustworthy(growth: f64) -> bool {
    growth <= MOST_GROWTH
}
