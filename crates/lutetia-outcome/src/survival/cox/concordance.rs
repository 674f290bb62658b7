//! How well the order of risks foretells the order of events.

use nalgebra::DVector;

use super::Concordance;
use super::rows::{Rows, Stratum};

/// Predictors closer than this are one.
const SPREAD: f64 = 1e-12;

/// Sums over ranks that are asked for while they change, by Fenwick's binary tree (1994), `O(log n)` each.
struct Tree {
    sums: Vec<f64>,
    total: f64,
}

impl Tree {
    fn new(ranks: usize) -> Self {
        Self { sums: vec![0.0; ranks + 1], total: 0.0 }
    }

    fn clear(&mut self) {
        self.sums.fill(0.0);
        self.total = 0.0;
    }

    fn add(&mut self, rank: usize, value: f64) {
        self.total += value;
        let mut place = rank + 1;
        while place < self.sums.len() {
            self.sums[place] += value;
            place += place & place.wrapping_neg();
        }
    }

    /// Over the ranks below `rank`.
    fn below(&self, rank: usize) -> f64 {
        let (mut place, mut sum) = (rank, 0.0);
        while place > 0 {
            sum += self.sums[place];
            place &= place - 1;
        }
        sum
    }

    /// Over the ranks below, with half of those that are equal.
    fn halfway(&self, rank: usize) -> f64 {
        0.5 * (self.below(rank) + self.below(rank + 1))
    }
}

/// Of a row: the weight of the partners of known order, and of those in which the risks foretell it.
#[derive(Clone, Copy, Default)]
struct Pairs {
    known: f64,
    foretold: f64,
}

/// Harrell's C of these predictors, by stratum. A pair is of known order where one has the event while the other is at
/// risk and does not have it at the same time; weights multiply. The error is that of the infinitesimal jackknife,
/// `Σ_g (Σ_{i in g} w_i ∂C/∂w_i)²`, over clusters or rows. `O(n log n)`.
pub(super) fn concordance(
    rows: &Rows,
    beta: &DVector<f64>,
    cluster: Option<&[usize]>,
) -> Concordance {
    let predictors = rows.predictors(beta);
    let mut sorted = predictors.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.dedup();
    // Coefficients of 0 but for rounding foretell no order.
    if sorted.last().zip(sorted.first()).is_some_and(|(high, low)| high - low < SPREAD) {
        sorted.truncate(1);
    }
    let rank: Vec<usize> = predictors
        .iter()
        .map(|eta| sorted.partition_point(|other| other < eta).min(sorted.len() - 1))
        .collect();
    let mut tree = Tree::new(sorted.len());
    let mut pairs = vec![Pairs::default(); rows.len()];
    for stratum in &rows.strata {
        tree.clear();
        with_survivors(rows, &rank, stratum, &mut tree, &mut pairs);
    }
    let over_rows = |of: &dyn Fn(usize) -> f64| (0..rows.len()).map(of).sum::<f64>();
    let known = over_rows(&|row| rows.weight[row] * pairs[row].known);
    let foretold = over_rows(&|row| rows.weight[row] * pairs[row].foretold);
    for stratum in &rows.strata {
        tree.clear();
        with_events(rows, &rank, stratum, &mut tree, &mut pairs);
    }
    let c = foretold / known;
    let groups = cluster.map_or(rows.len(), |c| c.iter().max().map_or(0, |m| m + 1));
    let mut influence = vec![0.0; groups];
    for (row, p) in pairs.iter().enumerate() {
        let group = cluster.map_or(row, |c| c[rows.origin[row]]);
        influence[group] += rows.weight[row] * (p.foretold - c * p.known) / known;
    }
    let variance: f64 = influence.iter().map(|d| d * d).sum();
    Concordance { c, standard_error: variance.is_finite().then(|| variance.sqrt()) }
}

/// Backwards in time: each event beside those at risk that do not have it then.
fn with_survivors(
    rows: &Rows,
    rank: &[usize],
    stratum: &Stratum,
    tree: &mut Tree,
    pairs: &mut [Pairs],
) {
    let (mut first, end) = (stratum.rows.start, stratum.rows.end);
    let mut late = first;
    while first < end {
        let next = rows.end_of_time(first, end);
        let dying = first + rows.event[first..next].iter().take_while(|e| **e).count();
        for row in dying..next {
            tree.add(rank[row], rows.weight[row]);
        }
        while let Some(&row) = rows.by_entry.get(late).filter(|_| late < end)
            && !rows.entered(row, rows.time[first])
        {
            tree.add(rank[row], -rows.weight[row]);
            late += 1;
        }
        for row in first..dying {
            pairs[row].known += tree.total;
            pairs[row].foretold += tree.halfway(rank[row]);
        }
        for row in first..dying {
            tree.add(rank[row], rows.weight[row]);
        }
        first = next;
    }
}

/// Forwards in time: each row beside the events of others during its time at risk.
fn with_events(
    rows: &Rows,
    rank: &[usize],
    stratum: &Stratum,
    tree: &mut Tree,
    pairs: &mut [Pairs],
) {
    let begin = stratum.rows.start;
    let mut end = stratum.rows.end;
    let mut early = end;
    let add = |tree: &Tree, pairs: &mut Pairs, rank: usize, sign: f64| {
        pairs.known += sign * tree.total;
        // Foretold where the event had the higher risk.
        pairs.foretold += sign * (tree.total - tree.halfway(rank));
    };
    while end > begin {
        let time = rows.time[end - 1];
        let first = begin + rows.time[begin..end].partition_point(|&t| t > time);
        while early > begin
            && let Some(&row) = rows.by_entry.get(early - 1)
            && rows.entered(row, time)
        {
            add(tree, &mut pairs[row], rank[row], -1.0);
            early -= 1;
        }
        let dying = first + rows.event[first..end].iter().take_while(|e| **e).count();
        for row in first..dying {
            add(tree, &mut pairs[row], rank[row], 1.0);
        }
        for row in first..dying {
            tree.add(rank[row], rows.weight[row]);
        }
        for row in dying..end {
            add(tree, &mut pairs[row], rank[row], 1.0);
        }
        end = first;
    }
}
