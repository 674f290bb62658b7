//! Regimens between benefit and harm: the front, what it dominates, and lines of equal utility.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Chart, ChartError, Columns, Only,
    source::{Source, groups},
};
use crate::figure::{Axis, Colour, Corner, Dash, Figure, Join, Marks, Note, Panel, Point, Shape};
use lutetia_table::{Tables, significant};

/// A Pareto front: rows of `from` are regimens (`x`, `y`; where known `x_low`, `x_high`, `y_low`,
/// `y_high`, `label`, and `series`, which gives colour and mark). A regimen is dominated where another one
/// is not worse on either axis and better on one.
///
/// With `beside`, a series, every other series has a panel of its own, in which it is drawn beside that one,
/// each with its own front; bands of both fronts come from the table `bands`.
///
/// Its utility is `w_x u(x) + w_y u(y)`, where `u` rises on a straight line from 0 at the worst to 1 at
/// the best value of an axis.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParetoSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of regimens.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// Label of x with unit.
    pub x_label: String,
    /// Label of y with unit.
    pub y_label: String,
    /// Which x is better.
    #[serde(default = "less")]
    pub x_better: Better,
    /// Which y is better.
    #[serde(default = "more")]
    pub y_better: Better,
    /// Weights of `x` and `y`, which add to 1; draws lines of equal utility and marks the regimen of
    /// highest utility.
    pub weights: Option<AxisWeights>,
    /// The x of utility 0 and the x of utility 1; needed with `weights`.
    pub x_utility: Option<[f64; 2]>,
    /// The y of utility 0 and the y of utility 1; needed with `weights`.
    pub y_utility: Option<[f64; 2]>,
    /// The series that is drawn in every panel, beside each of the others.
    pub beside: Option<String>,
    /// Table of the bands of fronts: `series`, `x`, `y`, `y_low`, `y_high`, the best y at that x.
    pub bands: Option<String>,
    /// Columns of that table that are not called like their role.
    #[serde(default)]
    pub band_columns: Columns,
    /// What those bands are.
    #[serde(default = "range_of_the_best")]
    pub band_label: String,
    /// Table of the highest utility of each series with its range: `series`, `utility`, `utility_low`,
    /// `utility_high`; said in each panel. Where it has `keys`, the labels of the regimens that are not told apart
    /// (with spaces between), rings mark them all; a series without a utility is not ranked.
    pub best: Option<String>,
}

/// How much each axis counts; they add to 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxisWeights {
    /// Weight of x.
    pub x: f64,
    /// Weight of y.
    pub y: f64,
}

/// Which direction of an axis is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Small values.
    Less,
    /// Large values.
    More,
}

impl Better {
    /// The value turned so that more is better.
    fn turned(self, value: f64) -> f64 {
        if self == Self::More { value } else { -value }
    }
}

fn range_of_the_best() -> String {
    "95 % range of the best".to_owned()
}

fn less() -> Better {
    Better::Less
}

fn more() -> Better {
    Better::More
}

const SHAPES: [Shape; 4] = [Shape::Disc, Shape::Square, Shape::Triangle, Shape::Ring];

impl Chart for ParetoSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        std::iter::once(&self.from)
            .chain(&self.bands)
            .chain(&self.best)
            .map(String::as_str)
            .collect()
    }

    fn keys(&self) -> Result<(), ChartError> {
        self.utility().map(drop)
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let roles = ["x", "y", "x_low", "x_high", "y_low", "y_high", "label", "series"];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let rows = Rows {
            x: source.numbers("x")?,
            y: source.numbers("y")?,
            x_bars: source.bars("x_low", "x_high")?,
            y_bars: source.bars("y_low", "y_high")?,
            labels: source.optional_texts("label")?,
            series: source.optional_texts("series")?,
        };
        let utility = self.utility()?;
        let bands = self.bands(tables)?;
        let best = self.best(tables)?;
        let all: Vec<usize> = (0..rows.x.len()).collect();
        let panels = match &self.beside {
            None => vec![self.panel("", &[all], &rows, utility.as_ref(), &bands, &best)],
            Some(beside) => {
                let grouped = groups(&rows.series);
                let Some((_, shared)) = grouped.iter().find(|(name, _)| name == beside) else {
                    return Err(ChartError::Series {
                        key: "beside",
                        what: "the series ",
                        name: beside.clone(),
                        table: self.from.clone(),
                        there: grouped.iter().map(|g| g.0.clone()).collect(),
                    });
                };
                let panel = |(name, own): &(String, Vec<usize>)| {
                    let sets = [shared.clone(), own.clone()];
                    let mut panel = self.panel(name, &sets, &rows, utility.as_ref(), &bands, &best);
                    let said = best.iter().filter(|b| b.series == *name || b.series == *beside);
                    let lines: Vec<String> = said.map(|b| b.text.clone()).collect();
                    if !lines.is_empty() {
                        panel.notes.push(Note { corner: Corner::BottomRight, lines });
                    }
                    panel
                };
                let mut panels: Vec<Panel> =
                    grouped.iter().filter(|g| g.0 != *beside).map(panel).collect();
                // One pair of axes for all, so that panels can be compared.
                let (x, y) = rows.reach(&bands);
                for panel in &mut panels {
                    panel.x = panel.x.clone().within(x.0, x.1);
                    panel.y = panel.y.clone().within(y.0, y.1);
                }
                panels
            }
        };
        let columns = match panels.len() {
            0..=2 => panels.len().max(1),
            4 => 2,
            _ => 3,
        };
        Ok(Figure { name: self.name.clone(), caption: self.caption.clone(), panels, columns })
    }
}

/// The regimens, column by column.
struct Rows {
    x: Vec<f64>,
    y: Vec<f64>,
    x_bars: Vec<Option<(f64, f64)>>,
    y_bars: Vec<Option<(f64, f64)>>,
    labels: Vec<String>,
    series: Vec<String>,
}

/// The band of a front: its series, and (x, y, low, high).
type FrontBand = (String, Vec<(f64, f64, f64, f64)>);

impl Rows {
    /// Ends of both axes that show all regimens and bands, with some air.
    fn reach(&self, bands: &[FrontBand]) -> ((f64, f64), (f64, f64)) {
        let of_bands = || bands.iter().flat_map(|b| &b.1);
        let x: Vec<f64> = self.x.iter().copied().chain(of_bands().map(|b| b.0)).collect();
        let y = self.y.iter().copied().chain(of_bands().flat_map(|b| [b.2, b.3]));
        let y: Vec<f64> = y.collect();
        let air = |(low, high): (f64, f64)| {
            let span = high - low;
            (low - 0.03 * span, high + 0.05 * span)
        };
        (air(range(&x)), air(range(&y)))
    }
}

impl ParetoSpec {
    /// Sets of regimens in one panel, each with its front; with more than one set, each a colour of its own.
    fn panel(
        &self,
        title: &str,
        sets: &[Vec<usize>],
        rows: &Rows,
        utility: Option<&Utility>,
        bands: &[FrontBand],
        best: &[BestOf],
    ) -> Panel {
        let mut panel = Panel::new(
            super::readable(title),
            Axis::linear(&self.x_label),
            Axis::linear(&self.y_label),
        );
        let turned =
            |i: &usize| (self.x_better.turned(rows.x[*i]), self.y_better.turned(rows.y[*i]));
        let place = |i: &usize| Point::new(rows.x[*i], rows.y[*i]);
        let name = |set: &[usize]| set.first().map_or("", |i| rows.series[*i].as_str());
        let of_set = |k: usize| bands.iter().find(|b| b.0 == name(&sets[k]));
        let mut fronts: Vec<Vec<usize>> = Vec::new();
        let mut behind: Vec<usize> = Vec::new();
        for set in sets {
            let beaten = |i: &usize| set.iter().any(|j| beats(&turned(j), &turned(i)));
            let (back, front): (Vec<usize>, Vec<usize>) = set.iter().copied().partition(beaten);
            fronts.push(front);
            behind.extend(back);
        }
        for k in 0..sets.len() {
            if let Some((_, band)) = of_set(k) {
                let points = band.iter().map(|b| (b.0, b.2, b.3)).collect();
                let marks = Marks::Band { points, join: Join::Steps };
                panel.layer(self.band_label.as_str(), Colour::Series(k), marks);
            }
        }
        if !behind.is_empty() {
            let points = behind.iter().map(|i| place(i).sized(0.6)).collect();
            panel.layer("dominated", Colour::Grey, Marks::Points { points, shape: Shape::Disc });
        }
        for (k, front) in fronts.iter().enumerate() {
            let (points, join): (Vec<(f64, f64)>, Join) = match of_set(k) {
                // What a level of harm allows rises in steps.
                Some((_, band)) => (band.iter().map(|b| (b.0, b.1)).collect(), Join::Steps),
                None => (front.iter().map(|i| (rows.x[*i], rows.y[*i])).collect(), Join::Straight),
            };
            if points.len() > 1 {
                let dash = if k == 0 { Dash::Solid } else { Dash::Dashed };
                let colour = if sets.len() > 1 { Colour::Series(k) } else { Colour::Ink };
                let label = if sets.len() > 1 { "" } else { "front" };
                panel.layer(label, colour, Marks::Line { points, dash, join });
            }
        }
        if let Some(utility) = utility {
            let along: Vec<usize> = fronts.concat();
            let own = fronts.last().map_or(&[] as &[usize], Vec::as_slice);
            let in_panel: Vec<usize> = sets.concat();
            let pick = |v: &[f64]| in_panel.iter().map(|i| v[*i]).collect::<Vec<_>>();
            let named = sets.len() == 1;
            // One entry of the legend for all panels, which have one ring or several.
            let rings = match (named, best.iter().any(|b| b.keys.len() > 1)) {
                (true, _) => None,
                (false, true) => Some("highest utility, or not told apart from it"),
                (false, false) => Some("highest utility with the partner"),
            };
            let chosen = if named { &along } else { own };
            let series = |i: &usize| best.iter().find(|b| b.series == rows.series[*i]);
            let ranked: Vec<usize> =
                chosen.iter().copied().filter(|i| series(i).is_none_or(|b| b.ranked)).collect();
            let shown = sets.last().map_or(&[] as &[usize], Vec::as_slice);
            let near: Vec<usize> = shown
                .iter()
                .copied()
                .filter(|i| series(i).is_some_and(|b| b.keys.contains(&rows.labels[*i])))
                .collect();
            self.iso_lines(
                &mut panel,
                utility,
                rows,
                (&pick(&rows.x), &pick(&rows.y)),
                (&ranked, &near),
                rings,
            );
        }
        // Colours of the series in one panel; of the sets where there are several.
        let mut number = 0;
        for front in &fronts {
            let texts: Vec<String> = front.iter().map(|i| rows.series[*i].clone()).collect();
            for (label, members) in groups(&texts) {
                let bars = bands.is_empty();
                let point = |m: &usize| {
                    let i = &front[*m];
                    let point = place(i);
                    if bars { point.lying(rows.x_bars[*i]).upright(rows.y_bars[*i]) } else { point }
                };
                let points: Vec<Point> = members.iter().map(point).collect();
                let label = match (label.is_empty(), sets.len() > 1 && number > 0) {
                    (true, _) => "on the front".to_owned(),
                    // The title of the panel says which.
                    (false, true) => "with the partner of the panel".to_owned(),
                    (false, false) => super::readable(&label),
                };
                let marks = Marks::Points { points, shape: SHAPES[number % SHAPES.len()] };
                panel.layer(label, Colour::Series(number), marks);
                number += 1;
            }
        }
        let words: Vec<_> = fronts
            .concat()
            .iter()
            .filter(|i| !rows.labels[**i].is_empty())
            .map(|i| (rows.x[*i], rows.y[*i], rows.labels[*i].clone()))
            .collect();
        if !words.is_empty() {
            let left = self.x_better == Better::Less;
            panel.layer("", Colour::Ink, Marks::Words { words, left });
        }
        panel
    }

    fn bands(&self, tables: &Tables) -> Result<Vec<FrontBand>, ChartError> {
        let Some(name) = &self.bands else { return Ok(Vec::new()) };
        let roles = ["series", "x", "y", "y_low", "y_high"];
        let source = Source::open(tables, name, &self.band_columns, &Only::default(), &roles)?;
        let (x, y) = (source.numbers("x")?, source.maybe("y")?);
        let bars = source.bars("y_low", "y_high")?;
        // Where nothing is determined there is no band.
        let row = |i: usize| Some((x[i], y[i]?, bars[i]?.0, bars[i]?.1));
        Ok(groups(&source.optional_texts("series")?)
            .into_iter()
            .map(|(series, at)| {
                let mut points: Vec<_> = at.into_iter().filter_map(row).collect();
                points.sort_by(|a: &(f64, f64, f64, f64), b| a.0.total_cmp(&b.0));
                (series, points)
            })
            .collect())
    }

    /// The highest utility of each series, in words.
    fn best(&self, tables: &Tables) -> Result<Vec<BestOf>, ChartError> {
        let Some(name) = &self.best else { return Ok(Vec::new()) };
        let roles = ["series", "utility", "utility_low", "utility_high", "keys"];
        let none = Columns::default();
        let source = Source::open(tables, name, &none, &Only::default(), &roles)?;
        let (series, utility) = (source.texts("series")?, source.maybe("utility")?);
        let bars = source.bars("utility_low", "utility_high")?;
        let keys = source.optional_texts("keys")?;
        let of = |i: usize| {
            let shown = super::readable(&series[i]);
            let text = match (utility[i], bars[i]) {
                (None, _) => format!("{shown}: not ranked"),
                (Some(u), None) => format!("highest utility, {shown}: {u:.2}"),
                (Some(u), Some((low, high))) => {
                    format!("highest utility, {shown}: {u:.2} ({low:.2} to {high:.2})")
                }
            };
            BestOf {
                series: series[i].clone(),
                text,
                ranked: utility[i].is_some(),
                keys: keys[i].split_whitespace().map(str::to_owned).collect(),
            }
        };
        Ok((0..series.len()).map(of).collect())
    }
}

/// What is said of the best of a series.
struct BestOf {
    series: String,
    text: String,
    ranked: bool,
    /// Labels of the regimens not told apart.
    keys: Vec<String>,
}

/// Whether `a` is not worse than `b` in anything and better in something.
fn beats(a: &(f64, f64), b: &(f64, f64)) -> bool {
    a.0 >= b.0 && a.1 >= b.1 && (a.0 > b.0 || a.1 > b.1)
}

impl ParetoSpec {
    fn utility(&self) -> Result<Option<Utility>, ChartError> {
        let Some(AxisWeights { x: wx, y: wy }) = self.weights else { return Ok(None) };
        if !(wx >= 0.0 && wy > 0.0 && (wx + wy - 1.0).abs() < 1e-6) {
            return Err(ChartError::Key {
                key: "weights",
                verb: "are",
                found: format!("x = {wx} and y = {wy}, which add to {}", wx + wy),
                expected: "numbers that are not negative, that of y above 0, that add to 1",
            });
        }
        let ends = |key: &'static str, ends: Option<[f64; 2]>, better: Better| {
            let [worst, best] = ends.ok_or(ChartError::WithoutEnds { key })?;
            if better.turned(best) <= better.turned(worst) || !(best - worst).is_finite() {
                let expected = if better == Better::More {
                    "a pair that rises from utility 0 to 1"
                } else {
                    "a pair that falls from utility 0 to 1"
                };
                return Err(ChartError::key(key, format!("[{worst}, {best}]"), expected));
            }
            Ok((worst, best))
        };
        let x = ends("x_utility", self.x_utility, self.x_better)?;
        let y = ends("y_utility", self.y_utility, self.y_better)?;
        Ok(Some(Utility { wx, wy, x, y }))
    }

    /// The line through the regimen of highest utility and parallels below it. The legend names that regimen unless
    /// `rings` says what the rings are.
    fn iso_lines(
        &self,
        panel: &mut Panel,
        utility: &Utility,
        rows: &Rows,
        (x, y): (&[f64], &[f64]),
        (front, near): (&[usize], &[usize]),
        rings: Option<&str>,
    ) {
        let of = |i: &usize| utility.of(rows.x[*i], rows.y[*i]);
        let Some(best) = front.iter().reduce(|a, b| if of(b) > of(a) { b } else { a }) else {
            return;
        };
        let ((left, right), (bottom, top)) = (range(x), range(y));
        let step = 0.18 * (utility.of(left, top) - utility.of(left, bottom)).abs();
        for k in 0..5 {
            let level = of(best) - f64::from(k) * step;
            let ends = [left, right].map(|at| (at, utility.y_at(at, level)));
            // Lines beyond what is shown would stretch the axes.
            let Some(points) = between(ends, (bottom, top)) else { continue };
            let label = if k == 0 {
                format!(
                    "equal utility, {} u(y) + {} u(x)",
                    significant(utility.wy, 3),
                    significant(utility.wx, 3)
                )
            } else {
                String::new()
            };
            let line = Marks::Line { points, dash: Dash::Dotted, join: Join::Straight };
            panel.layer(label, Colour::Grey, line);
        }
        let ring = |i: &usize| Point::new(rows.x[*i], rows.y[*i]).sized(7.0);
        let several = near.len() > 1;
        let points = if several { near.iter().map(ring).collect() } else { vec![ring(best)] };
        let marks = Marks::Points { points, shape: Shape::Ring };
        let label = match rings {
            Some(rings) => rings.to_owned(),
            None if several => "highest utility, not told apart".to_owned(),
            None => {
                let of = significant(of(best), 3).replace('-', "−");
                let colon = if rows.labels[*best].is_empty() { "" } else { ": " };
                format!("highest utility{colon}{} ({of})", rows.labels[*best])
            }
        };
        panel.layer(label, Colour::Ink, marks);
    }
}

/// Weights and the values of utility 0 and 1.
struct Utility {
    wx: f64,
    wy: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Utility {
    fn of(&self, x: f64, y: f64) -> f64 {
        let share = |v: f64, (worst, best): (f64, f64)| (v - worst) / (best - worst);
        self.wx * share(x, self.x) + self.wy * share(y, self.y)
    }

    /// The y that has this utility with this x.
    fn y_at(&self, x: f64, level: f64) -> f64 {
        let (worst, best) = self.x;
        let left = (level - self.wx * (x - worst) / (best - worst)) / self.wy;
        self.y.0 + left * (self.y.1 - self.y.0)
    }
}

/// The ends of the values, a little apart where they are equal.
fn range(values: &[f64]) -> (f64, f64) {
    let low = values.iter().fold(f64::INFINITY, |a, v| if *v < a { *v } else { a });
    let high = values.iter().fold(f64::NEG_INFINITY, |a, v| if *v > a { *v } else { a });
    if high > low { (low, high) } else { (low - 0.5, high + 0.5) }
}

/// The part of a line between two heights, if there is any.
fn between(ends: [(f64, f64); 2], (bottom, top): (f64, f64)) -> Option<Vec<(f64, f64)>> {
    let [(xa, ya), (xb, yb)] = ends;
    let slope = (yb - ya) / (xb - xa);
    if slope.abs() <= 0.0 {
        return (bottom..=top).contains(&ya).then(|| ends.to_vec());
    }
    let cut = |(x, y): (f64, f64)| {
        let held = y.clamp(bottom, top);
        (x + (held - y) / slope, held)
    };
    let (a, b) = (cut(ends[0]), cut(ends[1]));
    let inside = |(x, _): (f64, f64)| x >= xa - 1e-9 && x <= xb + 1e-9;
    (inside(a) && inside(b) && b.0 > a.0).then(|| vec![a, b])
}
