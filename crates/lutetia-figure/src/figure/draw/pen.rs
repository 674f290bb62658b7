//! Strokes, areas and texts on paper; the only file that names plotters.

use plotters::{
    coord::Shift,
    drawing::DrawingAreaErrorKind,
    element::DashedPathElement,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::figure::{
    Dash,
    colour::{Colour, Rgb},
};

/// Drawing units per pixel: plotters places marks on whole units, and a curve on whole pixels would
/// be a staircase.
const FINE: f64 = 8.0;
const FONT: &str = "sans-serif";

/// Why something could not be drawn.
pub(super) type Refused = DrawingAreaErrorKind<std::io::Error>;

/// Something drawn.
pub(super) type Drawn = Result<(), Refused>;

/// Draws with lengths in pixels.
pub(super) struct Pen<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    origin: (f64, f64),
}

/// How a text stands at its place.
#[derive(Clone, Copy)]
pub(super) struct Font {
    size: f64,
    bold: bool,
    upright: bool,
    colour: Rgb,
    across: HPos,
    down: VPos,
}

impl Font {
    pub(super) fn new(size: f64) -> Self {
        Self {
            size,
            bold: false,
            upright: false,
            colour: Colour::Ink.rgb(),
            across: HPos::Left,
            down: VPos::Center,
        }
    }

    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// Read from bottom to top.
    pub(super) fn upright(self) -> Self {
        Self { upright: true, ..self }
    }

    pub(super) fn colour(self, colour: Rgb) -> Self {
        Self { colour, ..self }
    }

    /// Centred at its place.
    pub(super) fn centred(self) -> Self {
        Self { across: HPos::Center, ..self }
    }

    /// Ends at its place.
    pub(super) fn ending(self) -> Self {
        Self { across: HPos::Right, ..self }
    }

    /// Hangs from its place.
    pub(super) fn below(self) -> Self {
        Self { down: VPos::Top, ..self }
    }
}

/// The width of a text in pixels, about: the reader's font is not known, so the widest common one
/// (DejaVu Sans) is taken.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let em: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' | '\u{a0}' => 0.32,
            'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' | '1' => 0.44,
            'm' | 'w' | 'M' | 'W' | '%' | '−' | '+' | '=' | '<' | '>' | '≥' | '≤' | '—' => {
                0.88
            }
            c if c.is_uppercase() => 0.7,
            _ => 0.62,
        })
        .sum();
    em * size
}

/// The text, cut with an ellipsis where it would be wider than `room`.
pub(super) fn fitted(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut kept: String = text.to_owned();
    while kept.pop().is_some() {
        let cut = format!("{}…", kept.trim_end());
        if width(&cut, size) <= room {
            return cut;
        }
    }
    String::new()
}

impl Pen<'_> {
    /// The SVG text of what `draw` draws on a paper of that size.
    pub(super) fn svg(
        size: (f64, f64),
        draw: impl FnOnce(&mut Pen<'_>) -> Drawn,
    ) -> Result<String, Refused> {
        // Positive and far below the largest number of pixels.
        let units = |pixels: f64| (pixels * FINE).round() as u32;
        let fine = (units(size.0), units(size.1));
        let mut out = String::new();
        {
            let area = SVGBackend::with_string(&mut out, fine).into_drawing_area();
            area.fill(&WHITE)?;
            let mut pen = Pen { area, origin: (0.0, 0.0) };
            draw(&mut pen)?;
            pen.area.present()?;
        }
        // The view box stays in drawing units; the size is that of the page.
        Ok(out.replacen(
            &format!("width=\"{}\" height=\"{}\"", fine.0, fine.1),
            &format!("width=\"{}\" height=\"{}\"", size.0.round(), size.1.round()),
            1,
        ))
    }

    /// Moves the origin.
    pub(super) fn from(&mut self, origin: (f64, f64)) -> &Self {
        self.origin = origin;
        self
    }

    fn at(&self, (x, y): (f64, f64)) -> (i32, i32) {
        let unit = |v: f64, o: f64| ((v + o) * FINE).round() as i32;
        (unit(x, self.origin.0), unit(y, self.origin.1))
    }

    /// Points that fall on the same unit are drawn once.
    fn path(&self, points: &[(f64, f64)]) -> Vec<(i32, i32)> {
        let mut path: Vec<(i32, i32)> = points.iter().map(|p| self.at(*p)).collect();
        path.dedup();
        path
    }

    fn stroke(colour: Rgb, pixels: f64) -> ShapeStyle {
        let (r, g, b) = colour;
        RGBColor(r, g, b).stroke_width((pixels * FINE).round() as u32)
    }

    pub(super) fn line(
        &self,
        points: &[(f64, f64)],
        colour: Rgb,
        pixels: f64,
        dash: Dash,
    ) -> Drawn {
        let path = self.path(points);
        if path.len() < 2 {
            return Ok(());
        }
        let style = Self::stroke(colour, pixels);
        let units = |pixels: f64| (pixels * FINE) as i32;
        match dash {
            Dash::Solid => self.area.draw(&PathElement::new(path, style)),
            Dash::Dashed => {
                self.area.draw(&DashedPathElement::new(path, units(7.0), units(4.0), style))
            }
            Dash::Dotted => {
                self.area.draw(&DashedPathElement::new(path, units(2.0), units(3.0), style))
            }
        }
    }

    /// A filled area.
    pub(super) fn fill(&self, points: &[(f64, f64)], (r, g, b): Rgb, opacity: f64) -> Drawn {
        let style = RGBColor(r, g, b).mix(opacity).filled();
        self.area.draw(&Polygon::new(self.path(points), style))
    }

    /// A filled rectangle between two corners.
    pub(super) fn rectangle(
        &self,
        a: (f64, f64),
        b: (f64, f64),
        (red, green, blue): Rgb,
        opacity: f64,
    ) -> Drawn {
        let style = RGBColor(red, green, blue).mix(opacity).filled();
        let ((ax, ay), (bx, by)) = (self.at(a), self.at(b));
        let corners = [(ax.min(bx), ay.min(by)), (ax.max(bx), ay.max(by))];
        self.area.draw(&Rectangle::new(corners, style))
    }

    pub(super) fn disc(&self, at: (f64, f64), radius: f64, (r, g, b): Rgb) -> Drawn {
        let radius = (radius * FINE) as i32;
        let disc = Circle::new(self.at(at), radius, RGBColor(r, g, b).filled());
        self.area.draw(&disc)
    }

    pub(super) fn ring(&self, at: (f64, f64), radius: f64, colour: Rgb, pixels: f64) -> Drawn {
        let radius = (radius * FINE) as i32;
        let ring = Circle::new(self.at(at), radius, Self::stroke(colour, pixels));
        self.area.draw(&ring)
    }

    pub(super) fn text(&self, text: &str, at: (f64, f64), font: Font) -> Drawn {
        if text.is_empty() {
            return Ok(());
        }
        let (r, g, b) = font.colour;
        let mut style = (FONT, (font.size * FINE) as i32).into_font();
        if font.bold {
            style = style.style(FontStyle::Bold);
        }
        if font.upright {
            style = style.transform(FontTransform::Rotate270);
        }
        let style = style.color(&RGBColor(r, g, b)).pos(Pos::new(font.across, font.down));
        self.area.draw(&Text::new(text.to_owned(), self.at(at), style))
    }

    /// A text on a patch of white, so that what lies behind does not run through it.
    pub(super) fn text_on_white(&self, text: &str, at: (f64, f64), font: Font) -> Drawn {
        let w = width(text, font.size);
        let left = match font.across {
            HPos::Left => at.0,
            HPos::Center => at.0 - w / 2.0,
            HPos::Right => at.0 - w,
        };
        let top = match font.down {
            VPos::Top => at.1 - 1.0,
            VPos::Center => at.1 - 0.55 * font.size,
            VPos::Bottom => at.1 - 1.1 * font.size,
        };
        let corner = (left + w + 2.0, top + 1.1 * font.size + 1.0);
        self.rectangle((left - 2.0, top), corner, (255, 255, 255), 0.75)?;
        self.text(text, at, font)
    }
}
