//! The rectangle of one pair of axes: grid, outline, ticks, labels.

use super::pen::{Drawn, Font, Pen, fitted, width};
use crate::figure::{
    Axis, Dash,
    axis::Scale,
    colour::{Colour, Rgb},
};

pub(super) const FAINT: Rgb = (222, 222, 222);

/// Height of the ticks and label below a frame.
pub(super) const FOOT: f64 = 46.0;

/// The rectangle, in pixels of its panel.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Frame {
    pub(super) fn x(&self, share: f64) -> f64 {
        self.left + share * (self.right - self.left)
    }

    pub(super) fn y(&self, share: f64) -> f64 {
        self.bottom - share * (self.bottom - self.top)
    }

    /// Where a pair of values lies, on the frame or beyond it.
    pub(super) fn at(&self, x: &Scale, y: &Scale, vx: f64, vy: f64) -> Option<(f64, f64)> {
        Some((self.x(x.share(vx)?), self.y(y.share(vy)?)))
    }

    /// Whether a place lies on the frame, half a pixel of rounding included.
    pub(super) fn holds(&self, (px, py): (f64, f64)) -> bool {
        px >= self.left - 0.5
            && px <= self.right + 0.5
            && py >= self.top - 0.5
            && py <= self.bottom + 0.5
    }

    /// The nearest place on the frame.
    pub(super) fn clamp(&self, (px, py): (f64, f64)) -> (f64, f64) {
        (px.clamp(self.left, self.right), py.clamp(self.top, self.bottom))
    }

    /// The parts of a path that lie on the frame.
    pub(super) fn clip(&self, path: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
        let mut open = false;
        for pair in path.windows(2) {
            let Some((a, b)) = self.clip_segment(pair[0], pair[1]) else {
                open = false;
                continue;
            };
            match pieces.last_mut() {
                Some(piece) if open => piece.push(b),
                _ => pieces.push(vec![a, b]),
            }
            open = b == pair[1];
        }
        pieces
    }

    /// Liang and Barsky (1984): the part of a segment within the rectangle.
    fn clip_segment(&self, a: (f64, f64), b: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let (mut enter, mut leave) = (0.0, 1.0);
        for (p, q) in [
            (-dx, a.0 - self.left),
            (dx, self.right - a.0),
            (-dy, a.1 - self.top),
            (dy, self.bottom - a.1),
        ] {
            if p.abs() < 1e-12 {
                if q < -1e-9 {
                    return None;
                }
            } else if p < 0.0 {
                enter = if q / p > enter { q / p } else { enter };
            } else {
                leave = if q / p < leave { q / p } else { leave };
            }
        }
        if enter > leave {
            return None;
        }
        let along = |t: f64| (a.0 + t * dx, a.1 + t * dy);
        let start = if enter > 0.0 { along(enter) } else { a };
        let end = if leave < 1.0 { along(leave) } else { b };
        Some((start, end))
    }

    pub(super) fn grid(&self, pen: &Pen<'_>, x: &Scale, y: &Scale) -> Drawn {
        for (v, _) in &x.ticks {
            let at = self.x(x.placed(*v));
            pen.line(&[(at, self.top), (at, self.bottom)], FAINT, 1.0, Dash::Solid)?;
        }
        for (v, _) in &y.ticks {
            let at = self.y(y.placed(*v));
            pen.line(&[(self.left, at), (self.right, at)], FAINT, 1.0, Dash::Solid)?;
        }
        Ok(())
    }

    pub(super) fn outline(&self, pen: &Pen<'_>) -> Drawn {
        let corner = [(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)];
        pen.line(&corner, Colour::Ink.rgb(), 1.0, Dash::Solid)
    }

    pub(super) fn x_ticks(&self, pen: &Pen<'_>, x: &Scale, axis: &Axis) -> Drawn {
        let ink = Colour::Ink.rgb();
        // Labels that would touch their neighbour are left out.
        let mut free_from = f64::NEG_INFINITY;
        for (v, name) in &x.ticks {
            let at = self.x(x.placed(*v));
            pen.line(&[(at, self.bottom), (at, self.bottom + 4.0)], ink, 1.0, Dash::Solid)?;
            let half = width(name, 12.0) / 2.0;
            if at - half >= free_from {
                pen.text(name, (at, self.bottom + 7.0), Font::new(12.0).centred().below())?;
                free_from = at + half + 4.0;
            }
        }
        let row = self.bottom + 25.0;
        let middle = self.left.midpoint(self.right);
        pen.text(&axis.label, (middle, row), Font::new(13.0).centred().below())?;
        if let Some((low, high)) = &axis.ends {
            // Beside the label where there is room, else beneath it.
            let all = self.right - self.left;
            let beside = (all - width(&axis.label, 13.0)) / 2.0 - 8.0;
            let (low, high) = (format!("← {low}"), format!("{high} →"));
            let (a, b) = (width(&low, 12.0), width(&high, 12.0));
            let wide = a > beside || b > beside;
            let row = if wide { row + 17.0 } else { row };
            let room = if a + b + 8.0 < all { all } else { all / 2.0 - 4.0 };
            let font = Font::new(12.0).below();
            pen.text(&fitted(&low, 12.0, room), (self.left, row), font)?;
            pen.text(&fitted(&high, 12.0, room), (self.right, row), font.ending())?;
        }
        Ok(())
    }

    pub(super) fn y_ticks(&self, pen: &Pen<'_>, y: &Scale, axis: &Axis) -> Drawn {
        let ink = Colour::Ink.rgb();
        let mut free_to = f64::INFINITY;
        for (v, name) in &y.ticks {
            let at = self.y(y.placed(*v));
            pen.line(&[(self.left - 4.0, at), (self.left, at)], ink, 1.0, Dash::Solid)?;
            if at > free_to {
                continue;
            }
            free_to = at - 11.0;
            // Half a pixel of rounding, or the widest would be cut.
            let room = self.left - 11.5;
            let name = fitted(name, 12.0, room);
            if axis.flush_left {
                // Readers of SVG drop leading space, so that an indent must be a place.
                let shown = name.trim_start_matches('\u{a0}');
                let indent = 4.0 * name.matches('\u{a0}').count() as f64;
                pen.text(shown, (6.0 + indent, at), Font::new(12.0))?;
            } else {
                pen.text(&name, (self.left - 7.0, at), Font::new(12.0).ending())?;
            }
        }
        // Close to the ticks, even where the names of rows beneath take more room.
        let widest = y.ticks.iter().map(|(_, t)| width(t, 12.0));
        let widest = widest.fold(0.0, |a: f64, w| if w > a { w } else { a });
        let at = self.left - widest - 34.0;
        let room = if at > 8.0 { at } else { 8.0 };
        let middle = (room, self.top.midpoint(self.bottom));
        pen.text(&axis.label, middle, Font::new(13.0).upright().centred().below())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_a_path_is_cut_where_it_leaves_the_frame() {
        let frame = Frame { left: 0.0, right: 10.0, top: 0.0, bottom: 10.0 };
        // In, out through the top, and back in: two pieces that end on the border.
        let pieces = frame.clip(&[(0.0, 5.0), (5.0, 5.0), (5.0, -5.0), (7.0, -5.0), (7.0, 5.0)]);
        assert_eq!(
            pieces,
            [vec![(0.0, 5.0), (5.0, 5.0), (5.0, 0.0)], vec![(7.0, 0.0), (7.0, 5.0)]]
        );
        assert!(frame.clip(&[(-5.0, -5.0), (-1.0, 20.0)]).is_empty());
        assert_eq!(frame.clip(&[(-5.0, 5.0), (15.0, 5.0)]), [vec![(0.0, 5.0), (10.0, 5.0)]]);
        assert!(frame.clip(&[(1.0, 1.0)]).is_empty());
    }
}
