//! Tumour control, complication and control without complication against activity or dose.

use serde::Deserialize;

use super::{Chart, Columns, Only, source::Source};
use crate::{
    figure::{Axis, Colour, Dash, Direction, Figure, Join, Marks, Panel, Point, Shape},
    page::Tables,
    table::significant,
};

/// Therapeutic-index curves: rows of `from` are levels of `x` (activity, dose, number of cycles) with
/// `tcp`, `ntcp` and, where known, `p_plus` (else `TCP (1 − NTCP)`), each with `…_low` and `…_high`
/// where known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TherapeuticIndexSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of the curves.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// Label of x with unit.
    pub x_label: String,
    /// Label of the other axis.
    #[serde(default = "probability")]
    pub y_label: String,
    /// What control is.
    #[serde(default = "control")]
    pub tcp_label: String,
    /// What the complication is.
    #[serde(default = "complication")]
    pub ntcp_label: String,
    /// Complication that is accepted: where the curve reaches it is marked.
    pub limit: Option<f64>,
}

fn probability() -> String {
    "probability".to_owned()
}

fn control() -> String {
    "tumour control (TCP)".to_owned()
}

fn complication() -> String {
    "complication (NTCP)".to_owned()
}

impl Chart for TherapeuticIndexSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, String> {
        let roles = [
            "x",
            "tcp",
            "ntcp",
            "p_plus",
            "tcp_low",
            "tcp_high",
            "ntcp_low",
            "ntcp_high",
            "p_plus_low",
            "p_plus_high",
        ];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let x = source.numbers("x")?;
        source.not_negative("x", &x)?;
        let (tcp, ntcp) = (share(&source, "tcp")?, share(&source, "ntcp")?);
        let p_plus = if source.has("p_plus")? {
            share(&source, "p_plus")?
        } else {
            tcp.iter().zip(&ntcp).map(|(t, n)| t * (1.0 - n)).collect()
        };
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
        let y = Axis::linear(&self.y_label).within(0.0, 1.0);
        let mut panel = Panel::new("", Axis::linear(&self.x_label), y);
        let curves = [
            ("tcp", &tcp, self.tcp_label.as_str(), Dash::Solid),
            ("ntcp", &ntcp, &self.ntcp_label, Dash::Solid),
            ("p_plus", &p_plus, "control without complication (P+)", Dash::Dashed),
        ];
        for (i, (role, _, _, _)) in curves.iter().enumerate() {
            let bars = source.bars(&format!("{role}_low"), &format!("{role}_high"))?;
            let band = order.iter().filter_map(|i| Some((x[*i], bars[*i]?.0, bars[*i]?.1)));
            let band: Vec<_> = band.collect();
            if band.len() > 1 {
                let band = Marks::Band { points: band, join: Join::Straight };
                panel.layer("95 % interval", Colour::Series(i), band);
            }
        }
        for (i, (_, values, label, dash)) in curves.into_iter().enumerate() {
            let points = order.iter().map(|i| (x[*i], values[*i])).collect();
            let line = Marks::Line { points, dash, join: Join::Straight };
            panel.layer(label, Colour::Series(i), line);
        }
        // The first of equals: no more is given than is of use.
        let best = order.iter().copied().reduce(|a, b| if p_plus[b] > p_plus[a] { b } else { a });
        if let Some(best) = best {
            let point = vec![Point::new(x[best], p_plus[best]).sized(1.5)];
            let marks = Marks::Points { points: point, shape: Shape::Diamond };
            panel.layer("highest P+", Colour::Series(2), marks);
            let unit = panel.x.unit().to_owned();
            let text = format!("P+ {} at {} {unit}", two(p_plus[best]), significant(x[best], 3));
            let words = vec![(x[best], p_plus[best], text.trim_end().to_owned())];
            panel.layer("", Colour::Ink, Marks::Words { words, left: false });
        }
        if let Some(limit) = self.limit {
            if !(0.0..=1.0).contains(&limit) {
                return Err(format!("`limit` is {limit}, expected a probability from 0 to 1"));
            }
            let text = format!("limit {}", two(limit));
            let rule = Marks::Rule { axis: Direction::Y, at: limit, dash: Dash::Dotted, text };
            panel.layer("", Colour::Series(1), rule);
            if let Some(at) = crossing(&order, &x, &ntcp, limit) {
                let text = format!("limit reached at {} {}", significant(at, 3), panel.x.unit());
                let text = text.trim_end().to_owned();
                let rule = Marks::Rule { axis: Direction::X, at, dash: Dash::Dotted, text };
                panel.layer("", Colour::Series(1), rule);
            }
        }
        Ok(Figure {
            name: self.name.clone(),
            caption: self.caption.clone(),
            panels: vec![panel],
            columns: 1,
        })
    }
}

fn two(p: f64) -> String {
    format!("{p:.2}")
}

fn share(source: &Source<'_>, role: &str) -> Result<Vec<f64>, String> {
    let values = source.numbers(role)?;
    match values.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(i) => {
            let found = significant(values[i], 6);
            Err(source.fault(i, role, &found, "a probability from 0 to 1"))
        }
        None => Ok(values),
    }
}

/// Where the straight line between two levels first rises to the limit.
fn crossing(order: &[usize], x: &[f64], y: &[f64], limit: f64) -> Option<f64> {
    order.windows(2).find_map(|w| {
        let ((xa, ya), (xb, yb)) = ((x[w[0]], y[w[0]]), (x[w[1]], y[w[1]]));
        (ya < limit && yb >= limit).then(|| xa + (limit - ya) / (yb - ya) * (xb - xa))
    })
}
