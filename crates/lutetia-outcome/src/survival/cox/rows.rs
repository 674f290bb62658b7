//! The rows of a Cox model in the order in which risk sets are read.

use std::ops::Range;

use nalgebra::DVector;

/// Rows by stratum and falling time, at one time those with the event first: a risk set without late entries is then a
/// beginning of its stratum. Covariates are centred and scaled, which leaves the model as it is and keeps `exp(xᵀβ)`
/// and the pivots of the information of the order of one.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    /// Number of covariates.
    pub(super) covariates: usize,
    pub(super) time: Vec<f64>,
    /// Empty where everybody is at risk from the beginning.
    pub(super) entry: Vec<f64>,
    pub(super) event: Vec<bool>,
    pub(super) weight: Vec<f64>,
    /// `(x − mean)/scale`, row by row.
    pub(super) x: Vec<f64>,
    pub(super) mean: Vec<f64>,
    pub(super) scale: Vec<f64>,
    /// Greatest minus least value of each covariate, unscaled.
    pub(super) span: Vec<f64>,
    /// The place of each row in the caller's table.
    pub(super) origin: Vec<usize>,
    /// Rows of each stratum by falling entry; empty without entries.
    pub(super) by_entry: Vec<usize>,
    pub(super) strata: Vec<Stratum>,
}

/// The rows of one stratum.
#[derive(Debug, Clone)]
pub(super) struct Stratum {
    /// Its position among the labels.
    pub(super) label: usize,
    pub(super) rows: Range<usize>,
}

/// What the caller gives, one value per row and column.
pub(super) struct Columns<'a> {
    pub(super) time: &'a [f64],
    pub(super) event: &'a [bool],
    pub(super) entry: Option<&'a [f64]>,
    pub(super) weights: Option<&'a [f64]>,
    pub(super) strata: Option<&'a [usize]>,
    pub(super) covariates: &'a [Vec<f64>],
}

/// A covariate whose spread is below this share of its largest value is constant but for rounding.
const CONSTANT: f64 = 1e-13;

impl Rows {
    /// Sorts the columns, `O(n log n)`; the position of a covariate that is constant instead.
    pub(super) fn new(columns: &Columns<'_>) -> Result<Self, usize> {
        let (time, event) = (columns.time, columns.event);
        let n = time.len();
        let stratum = |i: usize| columns.strata.map_or(0, |s| s[i]);
        let mut origin: Vec<usize> = (0..n).collect();
        origin.sort_unstable_by(|&a, &b| {
            stratum(a)
                .cmp(&stratum(b))
                .then(time[b].total_cmp(&time[a]))
                .then(event[b].cmp(&event[a]))
                .then(a.cmp(&b))
        });
        let sorted = |column: &[f64]| origin.iter().map(|&i| column[i]).collect::<Vec<f64>>();
        let covariates = columns.covariates.len();
        let mut x = vec![0.0; n * covariates];
        let (mut mean, mut scale, mut span) = (Vec::new(), Vec::new(), Vec::new());
        for (j, column) in columns.covariates.iter().enumerate() {
            let (low, high) = column
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
            let middle = column.iter().sum::<f64>() / n as f64;
            let width = column.iter().map(|v| (v - middle).abs()).sum::<f64>() / n as f64;
            if high - low <= CONSTANT * low.abs().max(high.abs()) {
                return Err(j);
            }
            for (row, &i) in origin.iter().enumerate() {
                x[row * covariates + j] = (column[i] - middle) / width;
            }
            mean.push(middle);
            scale.push(width);
            span.push(high - low);
        }
        let mut strata: Vec<Stratum> = Vec::new();
        for (row, &i) in origin.iter().enumerate() {
            match strata.last_mut() {
                Some(last) if last.label == stratum(i) => last.rows.end = row + 1,
                _ => strata.push(Stratum { label: stratum(i), rows: row..row + 1 }),
            }
        }
        let entry = columns.entry.map(&sorted).unwrap_or_default();
        let mut by_entry = Vec::new();
        if !entry.is_empty() {
            by_entry = (0..n).collect();
            for Stratum { rows, .. } in &strata {
                by_entry[rows.clone()].sort_unstable_by(|&a, &b| entry[b].total_cmp(&entry[a]));
            }
        }
        Ok(Self {
            covariates,
            time: sorted(time),
            entry,
            event: origin.iter().map(|&i| event[i]).collect(),
            weight: columns.weights.map_or_else(|| vec![1.0; n], sorted),
            x,
            mean,
            scale,
            span,
            origin,
            by_entry,
            strata,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.time.len()
    }

    /// The covariates of a row.
    pub(super) fn x(&self, row: usize) -> &[f64] {
        &self.x[row * self.covariates..(row + 1) * self.covariates]
    }

    /// `xᵀβ` of every row, of the scaled covariates.
    pub(super) fn predictors(&self, beta: &DVector<f64>) -> Vec<f64> {
        let of = |x: &[f64]| x.iter().zip(beta.iter()).map(|(x, b)| x * b).sum();
        self.x.chunks_exact(self.covariates).map(of).collect()
    }

    /// Whether a row has come under observation before `time`.
    pub(super) fn entered(&self, row: usize, time: f64) -> bool {
        self.entry.get(row).is_none_or(|&from| from < time)
    }

    /// The end of the rows that share the time of row `first`.
    pub(super) fn end_of_time(&self, first: usize, end: usize) -> usize {
        let time = self.time[first];
        // Times fall from row to row.
        first + self.time[first..end].iter().take_while(|&&t| t >= time).count()
    }
}
