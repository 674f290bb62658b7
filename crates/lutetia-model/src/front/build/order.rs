//! The order in which definitions can be computed.

use std::collections::BTreeMap;

use lutetia_diagnostic::Diagnostic;

use super::super::{
    code,
    syntax::{Raw, RawKind},
};

/// The names in an expression, for ordering.
fn mentioned(raw: &Raw, out: &mut Vec<String>) {
    match &raw.kind {
        RawKind::Number(_) | RawKind::Concentration(_) => {}
        RawKind::Name(name) => out.push(name.clone()),
        RawKind::Neg(a) => mentioned(a, out),
        RawKind::Binary(_, a, b) | RawKind::Compare(_, a, b) => {
            mentioned(a, out);
            mentioned(b, out);
        }
        RawKind::Call(_, parts) | RawKind::Logic(_, parts) => {
            parts.iter().for_each(|a| mentioned(a, out));
        }
    }
}
/// An order in which each item uses only earlier ones; members of a circle are reported and left out.
pub(super) fn sorted(
    names: &[String],
    raws: &[Option<&Raw>],
    faults: &mut Vec<Diagnostic>,
) -> Vec<usize> {
    let index: BTreeMap<&str, usize> =
        names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
    let uses: Vec<Vec<usize>> = raws
        .iter()
        .map(|raw| {
            let mut found = Vec::new();
            if let Some(raw) = raw {
                mentioned(raw, &mut found);
            }
            found.iter().filter_map(|n| index.get(n.as_str()).copied()).collect()
        })
        .collect();
    // 0 new, 1 on the way, 2 done. An explicit stack: a chain may be as long as the file.
    let mut state = vec![0_u8; names.len()];
    let mut order = Vec::new();
    let mut in_circle = vec![false; names.len()];
    for start in 0..names.len() {
        let mut stack = vec![(start, 0)];
        while let Some((item, next)) = stack.pop() {
            if next == 0 {
                if state[item] != 0 {
                    continue;
                }
                state[item] = 1;
            }
            if let Some(used) = uses[item].get(next).copied() {
                stack.push((item, next + 1));
                if state[used] == 0 {
                    stack.push((used, 0));
                } else if state[used] == 1 && !in_circle[used] {
                    let from = stack.iter().position(|s| s.0 == used).unwrap_or(0);
                    let circle: Vec<usize> = stack[from..].iter().map(|s| s.0).collect();
                    let mut path: Vec<&str> = circle.iter().map(|i| names[*i].as_str()).collect();
                    path.push(&names[used]);
                    for i in &circle {
                        in_circle[*i] = true;
                    }
                    if let Some(raw) = raws[used] {
                        faults.push(
                            Diagnostic::error(
                                code::CYCLE,
                                format!(
                                    "these definitions go round in a circle: {}",
                                    path.join(" -> ")
                                ),
                            )
                            .at(raw.span, "")
                            .hint("define one of them without the others"),
                        );
                    }
                }
            } else {
                state[item] = 2;
                order.push(item);
            }
        }
    }
    order.retain(|i| !in_circle[*i]);
    order
}
