//! Roles of outputs that a chain declares: read, and checked by dimension and kind.

use lutetia_diagnostic::{Diagnostic, closest};
use lutetia_units::{Quantity, Unit};

use super::{
    super::{
        code,
        declare::{Fields, unknown},
        fields, keys,
        text::Text,
    },
    lines::{Line, Lines},
};
use crate::{
    model::{ALIAS_SEPARATOR, Chain, ChainRole, ChainToxicity, Model},
    role::Role,
    system::labels::list,
};

/// How a toxicity is graded.
#[derive(Debug, Clone)]
pub(super) struct Grading {
    pub(super) output: Text,
    pub(super) by: By,
}

/// What its grades are.
#[derive(Debug, Clone)]
pub(super) enum By {
    Ctcae(Text),
    Limits(Vec<Text>),
}

/// Reads a toxicity.
pub(super) fn grading(
    name: &Text,
    given: &Fields,
    faults: &mut Vec<Diagnostic>,
) -> Option<Grading> {
    let before = faults.len();
    let example = "\"platelets.platelets\"";
    let output = fields::required(given, "output", "a toxicity", example, faults).cloned();
    let ctcae = fields::text(given, "ctcae", faults).cloned();
    let limits: Vec<Text> = fields::texts(given, "limits", faults).into_iter().cloned().collect();
    if let Some(word) = &ctcae
        && !keys::GRADED.contains(&word.as_str())
    {
        faults.push(unknown(word, "count of CTCAE", keys::GRADED));
    }
    let by = match (ctcae, given.get("limits").is_some()) {
        (Some(word), false) => Some(By::Ctcae(word)),
        (None, true) => Some(By::Limits(limits)),
        _ => {
            faults.push(
                Diagnostic::error(
                    code::ROLE,
                    format!("how `{}` is graded is not clear", name.as_str()),
                )
                .at(name.span(), "")
                .hint("give `ctcae`, such as `ctcae = \"platelets\"`, or `limits`, one of them"),
            );
            None
        }
    };
    if faults.len() > before {
        return None;
    }
    Some(Grading { output: output?, by: by? })
}

/// Checks what the chain declares against its joined model, and keeps it with it.
pub(super) fn declare(model: &mut Model, lines: &Lines, faults: &mut Vec<Diagnostic>) {
    let mut chain = Chain::default();
    for Line { name, given, file } in &lines.roles {
        let (Some(output), Some(role)) = (given, Role::named(name.as_str())) else { continue };
        if plays(model, role, name.as_str(), output, faults) {
            chain.roles.push(ChainRole {
                role: name.as_str().to_owned(),
                output: output.as_str().to_owned(),
                file: file.clone(),
            });
        }
    }
    for Line { name, given, file } in &lines.toxicities {
        let Some(Grading { output, by }) = given else { continue };
        let (ctcae, limits) = match by {
            By::Ctcae(word) => {
                let role = Role::of_count(word.as_str());
                if !plays(model, role, name.as_str(), output, faults) {
                    continue;
                }
                (Some(word.as_str().to_owned()), None)
            }
            By::Limits(texts) => {
                let Some(unit) = unit_of(model, name.as_str(), output, faults) else { continue };
                falling(name, texts, &unit, faults);
                (None, Some(texts.iter().map(|t| t.as_str().to_owned()).collect()))
            }
        };
        chain.toxicities.push(ChainToxicity {
            name: name.as_str().to_owned(),
            output: output.as_str().to_owned(),
            ctcae,
            limits,
            file: file.clone(),
        });
    }
    let kept = model.chain.get_or_insert_with(Chain::default);
    kept.roles = chain.roles;
    kept.toxicities = chain.toxicities;
}

/// Limits of grades: four quantities of the output, each not above the one before.
fn falling(name: &Text, texts: &[Text], unit: &Unit, faults: &mut Vec<Diagnostic>) {
    let what = format!("a limit of `{}`", name.as_str());
    let given: Vec<Option<Quantity>> = texts
        .iter()
        .map(|text| fields::quantity_of(text, unit.dimension(), &what, faults))
        .collect();
    let Some(given) = given.into_iter().collect::<Option<Vec<Quantity>>>() else { return };
    let values: Vec<f64> = given.iter().filter_map(|q| q.to(unit).ok()).collect();
    if values.len() != 4 || values.windows(2).any(|pair| pair[1] > pair[0]) {
        faults.push(
            Diagnostic::error(
                code::ROLE,
                format!("{what}: found {}, expected four that fall", list(texts.iter().map(Text::as_str))),
            )
            .at(name.span(), "")
            .hint("the values below which the grades 1, 2, 3 and 4 begin, such as `limits = [\"150 cells/nL\", \"75 cells/nL\", \"50 cells/nL\", \"25 cells/nL\"]`"),
        );
    }
}

fn unit_of(model: &Model, key: &str, output: &Text, faults: &mut Vec<Diagnostic>) -> Option<Unit> {
    index(model, key, output, faults).map(|k| model.outputs[k].unit.clone())
}

/// The output of a name written `part.output`.
fn index(model: &Model, key: &str, output: &Text, faults: &mut Vec<Diagnostic>) -> Option<usize> {
    let inside = output.as_str().replacen('.', &ALIAS_SEPARATOR.to_string(), 1);
    let found = model.outputs.iter().position(|o| o.name == inside);
    if found.is_none() {
        let names: Vec<String> =
            model.outputs.iter().map(|o| o.name.replacen(ALIAS_SEPARATOR, ".", 1)).collect();
        let near = closest(output.as_str(), names.iter().map(String::as_str))
            .map(|near| format!("did you mean `{near}`?"));
        faults.push(
            Diagnostic::error(
                code::ROLE,
                format!("`{key}` is `{}`, which is not an output of a part", output.as_str()),
            )
            .at(output.span(), "")
            .hint("`lutetia explain` lists the outputs; write `part.output`")
            .maybe_hint(near),
        );
    }
    found
}

/// Whether an output can play a role; if not, that is a fault.
fn plays(
    model: &Model,
    role: Role,
    key: &str,
    output: &Text,
    faults: &mut Vec<Diagnostic>,
) -> bool {
    let Some(k) = index(model, key, output, faults) else { return false };
    let Some(found) = role.unfit(model, k) else { return true };
    let fitting: Vec<String> = role
        .fitting(model)
        .take(5)
        .map(|name| format!("`{}`", name.replacen(ALIAS_SEPARATOR, ".", 1)))
        .collect();
    let hint = match &fitting[..] {
        [] => "no output of the parts is one: add a part that has it, or leave the line out"
            .to_owned(),
        names => format!("outputs that are: {}", names.join(", ")),
    };
    faults.push(
        Diagnostic::error(
            code::ROLE,
            format!("`{key}` is `{}`, {found}; expected {}", output.as_str(), role.expected()),
        )
        .at(output.span(), "")
        .hint(hint),
    );
    false
}
