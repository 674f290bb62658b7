//! Drawing with plotters; the only file that names it.

use plotters::{
    coord::Shift,
    element::DashedPathElement,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    Figure, Layer, Marks, Panel,
    axis::{Scale, values},
};

/// Okabe and Ito (2008), without yellow, which is faint on white.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(40, 40, 40),
];
const INK: RGBColor = RGBColor(38, 38, 38);
const FAINT: RGBColor = RGBColor(214, 214, 214);
const FONT: &str = "sans-serif";

/// Drawing units per pixel: plotters places marks on whole units, and a curve on whole pixels would
/// be a staircase.
const FINE: i32 = 8;

const fn px(pixels: i32) -> i32 {
    pixels * FINE
}

const PANEL_WIDTH: i32 = px(380);
const PANEL_HEIGHT: i32 = px(270);
const RESIDUAL_HEIGHT: i32 = px(84);
const LEGEND_ROW: i32 = px(20);
/// Width of a letter of tick labels, about.
const LETTER: i32 = px(7);

/// A figure that could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw the figure `{figure}`: {reason}")]
pub struct FigureError {
    /// Its name.
    pub figure: String,
    /// What the drawing library says.
    pub reason: String,
}

/// The figure as SVG text.
///
/// # Errors
/// When it has no panel or the drawing library refuses.
pub fn svg(figure: &Figure) -> Result<String, FigureError> {
    let fail = |reason: String| FigureError { figure: figure.name.clone(), reason };
    if figure.panels.is_empty() {
        return Err(fail("it has no panel".to_owned()));
    }
    let columns = figure.columns.clamp(1, figure.panels.len());
    let rows = figure.panels.len().div_ceil(columns);
    let residuals = figure.panels.iter().any(|p| p.residuals.is_some());
    let single = figure.panels.len() == 1;
    let categories = figure.panels.iter().map(|p| p.y.categories.len()).max().unwrap_or(0) as i32;
    let (w, h) = match (single, categories) {
        (true, 0) => (px(640), px(400)),
        (true, n) => (px(640), px(86 + 26 * n)),
        (false, _) => (PANEL_WIDTH, PANEL_HEIGHT),
    };
    let height = h + if residuals { RESIDUAL_HEIGHT } else { 0 };
    let legend = legend_entries(figure);
    let per_row = (w * columns as i32 / px(210)).max(1) as usize;
    let legend_height = if legend.is_empty() {
        0
    } else {
        LEGEND_ROW * legend.len().div_ceil(per_row) as i32 + px(8)
    };
    let panels_height = height * rows as i32;
    // Both are sums of positive lengths.
    let size =
        ((w * columns as i32).unsigned_abs(), (panels_height + legend_height).unsigned_abs());
    let mut out = String::new();
    {
        let root = SVGBackend::with_string(&mut out, size).into_drawing_area();
        let result = (|| {
            root.fill(&WHITE)?;
            let (body, foot) = root.split_vertically(panels_height);
            for (panel, area) in figure.panels.iter().zip(body.split_evenly((rows, columns))) {
                draw_panel(panel, &area, residuals)?;
            }
            draw_legend(&legend, &foot, per_row)?;
            root.present()
        })();
        result.map_err(|e| fail(e.to_string()))?;
    }
    // The view box stays in drawing units; the size is that of the page.
    let (fine, page) = (size, (size.0 / FINE.unsigned_abs(), size.1 / FINE.unsigned_abs()));
    Ok(out.replacen(
        &format!("width=\"{}\" height=\"{}\"", fine.0, fine.1),
        &format!("width=\"{}\" height=\"{}\"", page.0, page.1),
        1,
    ))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn text(size: i32) -> TextStyle<'static> {
    (FONT, px(size)).into_font().color(&INK)
}

fn draw_panel<'a>(panel: &Panel, area: &Area<'a>, residuals: bool) -> Drawn<'a> {
    let (width, height) = area.dim_in_pixel();
    let strip = if residuals { RESIDUAL_HEIGHT } else { 0 };
    let longest = panel.y.categories.iter().map(|c| c.chars().count()).max().unwrap_or(0) as i32;
    let (left, right) = (px(66).max(longest * LETTER + px(12)), width as i32 - px(14));
    let (top, bottom) = (px(28), height as i32 - px(46) - strip);
    let (xs, ys) = values(panel);
    let x = Scale::new(&panel.x, xs.into_iter(), 6);
    let y = Scale::new(&panel.y, ys.into_iter(), 5);
    let frame = Frame { left, right, top, bottom };

    area.draw(&Text::new(
        panel.title.clone(),
        (left, px(7)),
        (FONT, px(15)).into_font().style(FontStyle::Bold).color(&INK),
    ))?;
    frame.grid(area, &x, &y)?;
    for layer in &panel.layers {
        draw_layer(layer, area, &frame, &x, &y)?;
    }
    frame.outline(area)?;
    frame.y_ticks(area, &y, &panel.y.label)?;

    if let Some(residuals) = &panel.residuals {
        let lower = Frame { left, right, top: bottom + px(12), bottom: height as i32 - px(46) };
        let largest = residuals
            .points
            .iter()
            .map(|p| p.1.abs())
            .filter(|r| r.is_finite())
            .fold(1.0, |a: f64, r| if r > a { r } else { a });
        let limit = 1.15 * largest;
        let scale = Scale {
            low: -limit,
            high: limit,
            ticks: [-largest.floor(), 0.0, largest.floor()]
                .into_iter()
                .map(|v| (v, crate::table::significant(v, 2).replace('-', "−")))
                .collect(),
            log: false,
            categories: false,
        };
        lower.grid(area, &x, &scale)?;
        let zero = lower.at(&x, &scale, x_low(&x), 0.0);
        if let Some((_, py)) = zero {
            area.draw(&PathElement::new(
                vec![(left, py), (right, py)],
                INK.stroke_width(px(1).unsigned_abs()),
            ))?;
        }
        for (t, r) in &residuals.points {
            if let Some(at) = lower.at(&x, &scale, *t, *r) {
                area.draw(&Circle::new(at, px(3), INK.filled()))?;
            }
        }
        lower.outline(area)?;
        lower.y_ticks(area, &scale, &residuals.label)?;
        lower.x_ticks(area, &x, &panel.x.label)?;
    } else {
        frame.x_ticks(area, &x, &panel.x.label)?;
    }
    Ok(())
}

fn x_low(scale: &Scale) -> f64 {
    if scale.log { 10f64.powf(scale.low) } else { scale.low }
}

/// The rectangle of one pair of axes, in pixels.
struct Frame {
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}

impl Frame {
    fn x(&self, scale: &Scale, placed: f64) -> i32 {
        let share = (placed - scale.low) / (scale.high - scale.low);
        self.left + (share * f64::from(self.right - self.left)).round() as i32
    }

    fn y(&self, scale: &Scale, placed: f64) -> i32 {
        let share = (placed - scale.low) / (scale.high - scale.low);
        self.bottom - (share * f64::from(self.bottom - self.top)).round() as i32
    }

    fn at(&self, x: &Scale, y: &Scale, vx: f64, vy: f64) -> Option<(i32, i32)> {
        Some((self.x(x, x.place(vx)?), self.y(y, y.place(vy)?)))
    }

    fn grid<'a>(&self, area: &Area<'a>, x: &Scale, y: &Scale) -> Drawn<'a> {
        for (v, _) in &x.ticks {
            let at = self.x(x, *v);
            area.draw(&PathElement::new(
                vec![(at, self.top), (at, self.bottom)],
                FAINT.stroke_width(px(1).unsigned_abs()),
            ))?;
        }
        for (v, _) in &y.ticks {
            let py = self.y(y, *v);
            area.draw(&PathElement::new(
                vec![(self.left, py), (self.right, py)],
                FAINT.stroke_width(px(1).unsigned_abs()),
            ))?;
        }
        Ok(())
    }

    fn outline<'a>(&self, area: &Area<'a>) -> Drawn<'a> {
        area.draw(&PathElement::new(
            vec![(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)],
            INK.stroke_width(px(1).unsigned_abs()),
        ))
    }

    fn x_ticks<'a>(&self, area: &Area<'a>, x: &Scale, label: &str) -> Drawn<'a> {
        let style = text(12).pos(Pos::new(HPos::Center, VPos::Top));
        // Labels that would touch their neighbour are left out.
        let mut free_from = i32::MIN;
        for (v, name) in &x.ticks {
            let at = self.x(x, *v);
            let half = LETTER / 2 * name.chars().count() as i32;
            area.draw(&PathElement::new(
                vec![(at, self.bottom), (at, self.bottom + px(4))],
                INK.stroke_width(px(1).unsigned_abs()),
            ))?;
            if at - half >= free_from {
                area.draw(&Text::new(name.clone(), (at, self.bottom + px(7)), style.clone()))?;
                free_from = at + half + px(4);
            }
        }
        area.draw(&Text::new(
            label.to_owned(),
            (self.left.midpoint(self.right), self.bottom + px(25)),
            text(13).pos(Pos::new(HPos::Center, VPos::Top)),
        ))
    }

    fn y_ticks<'a>(&self, area: &Area<'a>, y: &Scale, label: &str) -> Drawn<'a> {
        let style = text(12).pos(Pos::new(HPos::Right, VPos::Center));
        for (v, name) in &y.ticks {
            let py = self.y(y, *v);
            area.draw(&PathElement::new(
                vec![(self.left - px(4), py), (self.left, py)],
                INK.stroke_width(px(1).unsigned_abs()),
            ))?;
            area.draw(&Text::new(name.clone(), (self.left - px(7), py), style.clone()))?;
        }
        area.draw(&Text::new(
            label.to_owned(),
            (px(8), self.top.midpoint(self.bottom)),
            text(13).transform(FontTransform::Rotate270).pos(Pos::new(HPos::Center, VPos::Top)),
        ))
    }
}

fn draw_layer<'a>(
    layer: &Layer,
    area: &Area<'a>,
    frame: &Frame,
    x: &Scale,
    y: &Scale,
) -> Drawn<'a> {
    let colour = COLOURS[layer.series % COLOURS.len()];
    match &layer.marks {
        Marks::Band { points } => {
            let upper = points.iter().filter_map(|p| frame.at(x, y, p.0, p.2));
            let lower = points.iter().rev().filter_map(|p| frame.at(x, y, p.0, p.1));
            let outline: Vec<_> = upper.chain(lower).collect();
            area.draw(&Polygon::new(outline, colour.mix(0.2).filled()))?;
        }
        Marks::Line { points, dashed } => {
            let path: Vec<_> = points.iter().filter_map(|p| frame.at(x, y, p.0, p.1)).collect();
            if *dashed {
                area.draw(&DashedPathElement::new(
                    path,
                    px(7),
                    px(4),
                    colour.stroke_width(px(2).unsigned_abs()),
                ))?;
            } else {
                area.draw(&PathElement::new(path, colour.stroke_width(px(2).unsigned_abs())))?;
            }
        }
        Marks::Points { points, open } => {
            for (vx, vy, bar) in points {
                let ends = bar.map(|(low, high)| {
                    if y.categories {
                        (frame.at(x, y, low, *vy), frame.at(x, y, high, *vy))
                    } else {
                        (frame.at(x, y, *vx, low), frame.at(x, y, *vx, high))
                    }
                });
                if let Some((Some(a), Some(b))) = ends {
                    area.draw(&PathElement::new(
                        vec![a, b],
                        colour.stroke_width(px(2).unsigned_abs()),
                    ))?;
                }
                if let Some(at) = frame.at(x, y, *vx, *vy) {
                    if *open {
                        area.draw(&Circle::new(at, px(4), WHITE.filled()))?;
                        area.draw(&Circle::new(
                            at,
                            px(4),
                            colour.stroke_width(px(2).unsigned_abs()),
                        ))?;
                    } else {
                        area.draw(&Circle::new(at, px(4), colour.filled()))?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// The distinct labelled layers, in order of appearance.
fn legend_entries(figure: &Figure) -> Vec<&Layer> {
    let mut entries: Vec<&Layer> = Vec::new();
    for layer in figure.panels.iter().flat_map(|p| &p.layers) {
        if !layer.label.is_empty() && !entries.iter().any(|e| e.label == layer.label) {
            entries.push(layer);
        }
    }
    entries
}

fn draw_legend<'a>(entries: &[&Layer], area: &Area<'a>, per_row: usize) -> Drawn<'a> {
    let width = area.dim_in_pixel().0 as i32;
    let step = (width - px(80)) / per_row.max(1) as i32;
    for (i, layer) in entries.iter().enumerate() {
        let at = px(66) + step * (i % per_row) as i32;
        let py = px(10) + LEGEND_ROW * (i / per_row) as i32;
        let colour = COLOURS[layer.series % COLOURS.len()];
        match &layer.marks {
            Marks::Band { .. } => {
                area.draw(&Rectangle::new(
                    [(at, py - px(6)), (at + px(26), py + px(6))],
                    colour.mix(0.2).filled(),
                ))?;
            }
            Marks::Line { dashed: true, .. } => {
                let path = vec![(at, py), (at + px(26), py)];
                area.draw(&DashedPathElement::new(
                    path,
                    px(7),
                    px(4),
                    colour.stroke_width(px(2).unsigned_abs()),
                ))?;
            }
            Marks::Line { .. } => {
                area.draw(&PathElement::new(
                    vec![(at, py), (at + px(26), py)],
                    colour.stroke_width(px(2).unsigned_abs()),
                ))?;
            }
            Marks::Points { open, .. } => {
                let style =
                    if *open { colour.stroke_width(px(2).unsigned_abs()) } else { colour.filled() };
                area.draw(&Circle::new((at + px(13), py), px(4), style))?;
            }
        }
        area.draw(&Text::new(
            layer.label.clone(),
            (at + px(33), py),
            text(13).pos(Pos::new(HPos::Left, VPos::Center)),
        ))?;
    }
    Ok(())
}
