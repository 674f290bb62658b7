//! Which times are one?

/// Two neighbouring different times closer than this, absolutely or over the mean of all different ones, are one: √ε,
/// R's `timefix`.
const TOLERANCE: f64 = 1.490_116_119_384_765_6e-8;

/// A chain of neighbours longer than so many tolerances is data that lie densely, not one time with rounding.
const LONGEST: f64 = 1000.0;

/// Makes times that differ by rounding equal: each becomes the least of its chain of neighbours. Times computed in two
/// ways (0.1 + 0.2 and 0.3) are then ties, and patients of one time are at risk together, in whatever is computed from
/// them. The columns (entries and ends) share one scale, as in R's `aeqSurv`. Values that are not finite stay.
pub fn join_ties(columns: &mut [&mut [f64]]) {
    // −0 and 0 are one number in two forms, which a total order tells apart.
    columns.iter_mut().flat_map(|c| c.iter_mut()).for_each(|t| *t += 0.0);
    let mut times: Vec<f64> =
        columns.iter().flat_map(|c| c.iter().copied()).filter(|t| t.is_finite()).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
    let mean = times.iter().map(|t| t.abs()).sum::<f64>() / times.len().max(1) as f64;
    let close = TOLERANCE * mean.max(1.0);
    if !times.windows(2).any(|w| w[1] - w[0] <= close) {
        return;
    }
    let mut firsts: Vec<f64> = Vec::new();
    let mut before = f64::NEG_INFINITY;
    for &t in &times {
        let chained = t - before <= close;
        if !chained || firsts.last().is_none_or(|first| t - first > LONGEST * close) {
            firsts.push(t);
        }
        before = t;
    }
    for t in columns.iter_mut().flat_map(|c| c.iter_mut()).filter(|t| t.is_finite()) {
        if let Some(k) = firsts.partition_point(|first| *first <= *t).checked_sub(1) {
            *t = firsts[k];
        }
    }
}
