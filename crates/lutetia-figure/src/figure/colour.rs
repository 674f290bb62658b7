//! Colours that every kind of colour vision tells apart.

/// Red, green, blue.
pub(super) type Rgb = (u8, u8, u8);

/// The colours of Okabe and Ito (2008), without yellow, which is faint on white.
const SERIES: [Rgb; Colour::COUNT] = [
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (230, 159, 0),
    (38, 38, 38),
];

/// Tints for grades of toxicity 1 … 5: one hue, darker with the grade, light enough for a dark curve
/// in front (the oranges of ColorBrewer, Harrower and Brewer 2003).
const GRADES: [Rgb; 5] =
    [(254, 240, 224), (253, 217, 180), (253, 190, 133), (250, 159, 97), (230, 120, 60)];

/// The colour of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Of the series with this number; numbers beyond [`Colour::COUNT`] repeat.
    Series(usize),
    /// A light tint of a series' colour, for areas behind marks.
    Tint(usize),
    /// Of text and axes.
    Ink,
    /// Of what stands back.
    Grey,
    /// Of a grade of toxicity, from 1.
    Grade(u8),
}

impl Colour {
    /// How many series have a colour of their own.
    pub const COUNT: usize = 7;

    pub(super) fn rgb(self) -> Rgb {
        match self {
            Self::Series(i) => SERIES[i % Self::COUNT],
            Self::Tint(i) => {
                let light = |c: u8| 255 - ((255 - u16::from(c)) * 9 / 20) as u8;
                let (r, g, b) = SERIES[i % Self::COUNT];
                (light(r), light(g), light(b))
            }
            Self::Ink => (38, 38, 38),
            Self::Grey => (150, 150, 150),
            Self::Grade(g) => GRADES[usize::from(g.clamp(1, 5)) - 1],
        }
    }
}

/// What the colours of cells mean: blue below `middle`, orange above, white at it.
#[derive(Debug, Clone, PartialEq)]
pub struct ColourScale {
    /// Quantity and unit.
    pub label: String,
    /// Lower end.
    pub low: f64,
    /// Where the colour is neutral.
    pub middle: f64,
    /// Upper end.
    pub high: f64,
}

impl ColourScale {
    /// A scale with `middle` in its middle that reaches all of `values`.
    #[must_use]
    pub fn diverging(label: impl Into<String>, middle: f64, values: &[f64]) -> Self {
        let reach = values
            .iter()
            .map(|v| (v - middle).abs())
            .filter(|d| d.is_finite())
            .fold(0.0, |a: f64, d| if d > a { d } else { a });
        // All equal: any range shows it.
        let reach = if reach > 0.0 { reach } else { 1.0 };
        Self { label: label.into(), low: middle - reach, middle, high: middle + reach }
    }

    pub(super) fn rgb(&self, value: f64) -> Rgb {
        const WHITE: Rgb = (247, 247, 247);
        let share = |v: f64, end: f64| ((v - self.middle) / (end - self.middle)).clamp(0.0, 1.0);
        let (end, share) = if value < self.middle {
            (SERIES[0], share(value, self.low))
        } else {
            (SERIES[1], share(value, self.high))
        };
        let mix = |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))) as u8;
        (mix(WHITE.0, end.0), mix(WHITE.1, end.1), mix(WHITE.2, end.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_a_diverging_scale_is_white_in_its_middle_and_even_on_both_sides() {
        let scale = ColourScale::diverging("excess", 0.0, &[-0.1, 0.3, f64::NAN]);
        assert_eq!((scale.low, scale.high), (-0.3, 0.3));
        assert_eq!(scale.rgb(0.0), (247, 247, 247));
        assert_eq!(scale.rgb(0.3), SERIES[1]);
        assert_eq!(scale.rgb(-5.0), SERIES[0]);
        let flat = ColourScale::diverging("excess", 2.0, &[2.0]);
        assert_eq!((flat.low, flat.high), (1.0, 3.0));
    }

    /// Relative luminance after WCAG 2.1.
    fn luminance((r, g, b): Rgb) -> f64 {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    #[test]
    fn exact_grades_darken_and_stay_readable_under_ink() {
        let grades: Vec<f64> = (1..=5).map(|g| luminance(Colour::Grade(g).rgb())).collect();
        assert!(grades.windows(2).all(|w| w[1] < w[0]), "{grades:?}");
        let ink = luminance(Colour::Ink.rgb());
        for g in grades {
            // WCAG asks 4.5 of text.
            assert!((g + 0.05) / (ink + 0.05) > 4.5, "{g}");
        }
    }
}
