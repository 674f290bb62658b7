//! Figures from tables.

use std::collections::BTreeMap;

use crate::{
    experiment::{ComparisonSpec, FigureSpec, LinesSpec, TimeActivitySpec},
    figure::{Axis, Figure, Layer, Marks, Panel, Residuals},
    page::Tables,
    run::Failure,
    table::{Cell, Table},
};

/// Builds the figure that `spec` describes from the tables of the experiment.
pub(crate) fn build(spec: &FigureSpec, tables: &Tables) -> Result<Figure, Failure> {
    let made = match spec {
        FigureSpec::TimeActivity(f) => time_activity(f, tables),
        FigureSpec::Comparison(f) => comparison(f, tables),
        FigureSpec::Lines(f) => lines(f, tables),
    };
    made.map_err(|reason| Failure::Step { step: format!("figure {}", spec.name()), reason })
}

fn table<'a>(tables: &'a Tables, name: &str) -> Result<&'a Table, String> {
    tables.get(name).ok_or_else(|| {
        let known: Vec<&str> = tables.keys().map(String::as_str).collect();
        format!("there is no table `{name}`; there are: {}", known.join(", "))
    })
}

fn index(table: &Table, column: &str) -> Result<usize, String> {
    table.index_of(column).ok_or_else(|| {
        let known: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        format!("the table `{}` has no column `{column}`; it has: {}", table.name, known.join(", "))
    })
}

/// The values of some columns of every row, grouped by a text column, in order of appearance.
fn grouped<const N: usize>(
    table: &Table,
    by: &str,
    columns: [&str; N],
) -> Result<Vec<(String, Vec<[Option<f64>; N]>)>, String> {
    let key = index(table, by)?;
    let mut at = [0; N];
    for (slot, column) in at.iter_mut().zip(columns) {
        *slot = index(table, column)?;
    }
    let mut order: Vec<String> = Vec::new();
    let mut groups: BTreeMap<String, Vec<[Option<f64>; N]>> = BTreeMap::new();
    for row in &table.rows {
        let name = row.get(key).map(Cell::csv).unwrap_or_default();
        if !groups.contains_key(&name) {
            order.push(name.clone());
        }
        groups.entry(name).or_default().push(at.map(|i| row.get(i).and_then(Cell::number)));
    }
    Ok(order
        .into_iter()
        .map(|name| {
            let rows = groups.remove(&name).unwrap_or_default();
            (name, rows)
        })
        .collect())
}

fn readable(region: &str) -> String {
    region.replace('_', " ")
}

fn time_activity(spec: &TimeActivitySpec, tables: &Tables) -> Result<Figure, String> {
    let points = grouped(
        table(tables, &format!("{}.points", spec.from))?,
        "region",
        ["time", "activity", "sd", "residual"],
    )?;
    let columns = ["time", "activity", "low", "high"];
    let curves = grouped(table(tables, &format!("{}.curves", spec.from))?, "region", columns)?;
    let against = match &spec.against {
        Some(step) => grouped(table(tables, &format!("{step}.curves"))?, "region", columns)?,
        None => Vec::new(),
    };
    let panels = points
        .iter()
        .map(|(region, rows)| {
            let mut layers = Vec::new();
            let find = |set: &[(String, Vec<[Option<f64>; 4]>)]| {
                set.iter()
                    .find(|(name, _)| name == region)
                    .map(|(_, rows)| rows.clone())
                    .unwrap_or_default()
            };
            let curve = find(&curves);
            let band: Vec<(f64, f64, f64)> = curve
                .iter()
                .filter_map(|[t, _, low, high]| Some(((*t)?, (*low)?, (*high)?)))
                .collect();
            if !band.is_empty() {
                layers.push(Layer {
                    label: "95 % band of the curve".to_owned(),
                    series: 0,
                    marks: Marks::Band { points: band },
                });
            }
            let line = |rows: &[[Option<f64>; 4]]| -> Vec<(f64, f64)> {
                rows.iter().filter_map(|[t, a, _, _]| Some(((*t)?, (*a)?))).collect()
            };
            layers.push(Layer {
                label: "fit".to_owned(),
                series: 0,
                marks: Marks::Line { points: line(&curve), dashed: false },
            });
            let other = line(&find(&against));
            if !other.is_empty() {
                layers.push(Layer {
                    label: "sum of exponentials".to_owned(),
                    series: 1,
                    marks: Marks::Line { points: other, dashed: true },
                });
            }
            layers.push(Layer {
                label: "measured ± 1 SD".to_owned(),
                series: 6,
                marks: Marks::Points {
                    points: rows
                        .iter()
                        .filter_map(|[t, a, sd, _]| {
                            let (t, a) = ((*t)?, (*a)?);
                            Some((t, a, sd.map(|sd| (a - sd, a + sd))))
                        })
                        .collect(),
                    open: false,
                },
            });
            Panel {
                title: readable(region),
                x: Axis::linear("time after injection (h)"),
                y: Axis::log("activity (MBq)"),
                layers,
                residuals: Some(Residuals {
                    label: "resid. (SD)".to_owned(),
                    points: rows.iter().filter_map(|[t, _, _, r]| Some(((*t)?, (*r)?))).collect(),
                }),
            }
        })
        .collect();
    Ok(Figure { name: spec.name.clone(), caption: spec.caption.clone(), panels, columns: 3 })
}

/// Ours over published, one row per quantity, so that quantities of any unit share one axis.
fn comparison(spec: &ComparisonSpec, tables: &Tables) -> Result<Figure, String> {
    let rows = grouped(table(tables, &spec.from)?, "quantity", ["ours", "sd", "published"])?;
    let count = rows.len();
    // Categories count upwards from the axis; the first row belongs on top.
    let height = |i: usize| (count - 1 - i) as f64;
    let ratios = rows
        .iter()
        .enumerate()
        .filter_map(|(i, (_, values))| {
            let [ours, sd, published] = values.first().copied()?;
            let (ours, published) = (ours?, published.filter(|p| p.abs() > 0.0)?);
            let bar = sd.map(|sd| ((ours - 1.96 * sd) / published, (ours + 1.96 * sd) / published));
            Some((ours / published, height(i), bar))
        })
        .collect();
    let names = rows.iter().rev().map(|(name, _)| readable(name)).collect();
    let unity = vec![(1.0, -0.5), (1.0, count as f64 - 0.5)];
    Ok(Figure {
        name: spec.name.clone(),
        caption: spec.caption.clone(),
        panels: vec![Panel {
            title: String::new(),
            x: Axis::linear("this report / published"),
            y: Axis::categories("", names),
            layers: vec![
                Layer {
                    label: String::new(),
                    series: 6,
                    marks: Marks::Line { points: unity, dashed: true },
                },
                Layer {
                    label: "this report / published, with 95 % interval where it has one"
                        .to_owned(),
                    series: 0,
                    marks: Marks::Points { points: ratios, open: false },
                },
            ],
            residuals: None,
        }],
        columns: 1,
    })
}

fn lines(spec: &LinesSpec, tables: &Tables) -> Result<Figure, String> {
    let source = table(tables, &spec.from)?;
    let x = index(source, &spec.x)?;
    let ys = spec.y.iter().map(|y| index(source, y)).collect::<Result<Vec<_>, _>>()?;
    let split = |column: &Option<String>| column.as_ref().map(|c| index(source, c)).transpose();
    let (panel_by, series_by) = (split(&spec.panels)?, split(&spec.series)?);
    let key = |row: &[Cell], by: Option<usize>| {
        by.and_then(|i| row.get(i)).map(Cell::pretty).unwrap_or_default()
    };
    let distinct = |by: Option<usize>| {
        let mut names: Vec<String> = Vec::new();
        for row in &source.rows {
            let name = key(row, by);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    };
    let axis = |label: &str, log: bool| if log { Axis::log(label) } else { Axis::linear(label) };
    let series_names = distinct(series_by);
    let legend =
        |i: usize, column: &str| spec.labels.get(i).cloned().unwrap_or_else(|| readable(column));
    let panels = distinct(panel_by)
        .into_iter()
        .map(|panel| {
            let mut layers = Vec::new();
            for (i, (column, at)) in spec.y.iter().zip(&ys).enumerate() {
                for (j, series) in series_names.iter().enumerate() {
                    let mut points: Vec<(f64, f64)> = source
                        .rows
                        .iter()
                        .filter(|r| key(r, panel_by) == panel && key(r, series_by) == *series)
                        .filter_map(|r| Some((r.get(x)?.number()?, r.get(*at)?.number()?)))
                        .collect();
                    points.sort_by(|a, b| a.0.total_cmp(&b.0));
                    if points.is_empty() {
                        continue;
                    }
                    let label = match (spec.y.len() > 1, series.is_empty()) {
                        (true, true) => legend(i, column),
                        (true, false) => format!("{}, {series}", legend(i, column)),
                        (false, true) => String::new(),
                        (false, false) => readable(series),
                    };
                    let colour = i * series_names.len() + j;
                    let few = points.len() <= 40;
                    layers.push(Layer {
                        label,
                        series: colour,
                        marks: Marks::Line { points: points.clone(), dashed: colour % 2 == 1 },
                    });
                    if few {
                        layers.push(Layer {
                            label: String::new(),
                            series: colour,
                            marks: Marks::Points {
                                points: points.into_iter().map(|(a, b)| (a, b, None)).collect(),
                                open: colour % 2 == 1,
                            },
                        });
                    }
                }
            }
            Panel {
                title: readable(&panel),
                x: axis(&spec.x_label, spec.x_log),
                y: axis(&spec.y_label, spec.y_log),
                layers,
                residuals: None,
            }
        })
        .collect::<Vec<_>>();
    let columns = panels.len().clamp(1, 3);
    Ok(Figure { name: spec.name.clone(), caption: spec.caption.clone(), panels, columns })
}
