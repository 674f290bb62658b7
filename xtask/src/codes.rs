//! `CODES.md` and the diagnostics of the crates name the same codes.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::workspace;

const PATH: &str = "CODES.md";

/// Every `LUT` with four digits in a text.
fn codes(text: &str) -> BTreeSet<String> {
    text.match_indices("LUT")
        .filter_map(|(at, _)| text.get(at..at + 7))
        .filter(|code| code[3..].bytes().all(|b| b.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

/// Codes that the crates use and the list lacks, and the other way round.
fn compare(used: &BTreeSet<String>, listed: &BTreeSet<String>) -> Vec<String> {
    let lacking = used.difference(listed).map(|c| format!("{PATH}: `{c}` is used and not listed"));
    let spare = listed.difference(used).map(|c| format!("{PATH}: `{c}` is listed and not used"));
    lacking.chain(spare).collect()
}

/// Faults of the list.
pub(crate) fn faults() -> Result<Vec<String>> {
    let mut used = BTreeSet::new();
    for path in workspace::files()? {
        let source =
            path.starts_with("crates") && path.components().any(|c| c.as_os_str() == "src");
        if source && let Some(text) = workspace::text(&path)? {
            used.extend(codes(&text));
        }
    }
    let listed = std::fs::read_to_string(workspace::root().join(PATH))?;
    Ok(compare(&used, &codes(&listed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_codes_are_found_and_compared() {
        // Joined here, so that this file names no code.
        let code = |n: u32| format!("{}{n}", "LUT");
        let text = format!("a {} b `{}`, LUTxxxx, LUT12", code(9001), code(9002));
        let found = codes(&text);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [code(9001), code(9002)]);
        let (a, b) = (codes(&code(9001)), codes(&code(9002)));
        assert_eq!(compare(&a, &b).len(), 2);
        assert_eq!(compare(&a, &a), Vec::<String>::new());
    }

    #[test]
    fn exact_every_code_is_explained() {
        assert_eq!(faults().expect("a readable repository"), Vec::<String>::new());
    }
}
