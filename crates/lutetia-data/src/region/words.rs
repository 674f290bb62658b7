//! The name of a region taken apart into words: the one place that does it, for tables and for doses.

/// The name of a region as words in lower case, cut at separators and at capitals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionWords {
    all: Vec<String>,
}

impl RegionWords {
    /// Takes a name apart: `Kidney_Left`, `left kidney` and `KidneyLeft` have the same two words. `tumor` is `tumour`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let mut spaced = String::with_capacity(name.len() + 8);
        let mut lower_before = false;
        for c in name.chars() {
            if c.is_uppercase() && lower_before {
                spaced.push(' ');
            }
            lower_before = c.is_lowercase();
            spaced.extend(if c.is_alphanumeric() { c } else { ' ' }.to_lowercase());
        }
        let british = |word: &str| match word.strip_prefix("tumor") {
            Some(rest) => format!("tumour{rest}"),
            None => word.to_owned(),
        };
        Self { all: spaced.split_whitespace().map(british).collect() }
    }

    /// `left` or `right`, where the name says so.
    #[must_use]
    pub fn side(&self) -> Option<&'static str> {
        self.all.iter().find_map(|word| side(word))
    }

    /// The words that do not say a side, in their order.
    pub fn without_side(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(String::as_str).filter(|word| side(word).is_none())
    }

    /// The same for names that differ in case, separators and order of words alone.
    #[must_use]
    pub fn key(&self) -> String {
        let mut sorted: Vec<&str> =
            self.all.iter().map(|word| side(word).unwrap_or(word)).collect();
        sorted.sort_unstable();
        sorted.join(" ")
    }
}

fn side(word: &str) -> Option<&'static str> {
    match word {
        "left" | "l" => Some("left"),
        "right" | "r" => Some("right"),
        _ => None,
    }
}

/// Whether a word says one tumour, numbered or not: `tumour`, `lesion12`, `met`, `sphere`.
#[must_use]
pub fn says_tumour(word: &str) -> bool {
    ["tumour", "tumours", "lesion", "metastasis", "met", "sphere"].contains(&unnumbered(word))
}

/// Whether a word says several tumours together: `lesions`, `ttb` (total tumour burden).
pub(crate) fn says_tumours(word: &str) -> bool {
    ["lesions", "metastases", "mets", "ttb"].contains(&unnumbered(word))
}

fn unnumbered(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Equal but for a plural s at the end of a word.
pub(super) fn same(a: &str, b: &str) -> bool {
    let singular = |word: &'_ str| word.strip_suffix('s').unwrap_or(word).to_owned();
    a.split(' ').map(singular).eq(b.split(' ').map(singular))
}
