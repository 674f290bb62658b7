//! Dose factors of models follow the nuclide that a model is run with.
//!
//! A model file knows no nuclide, so a dose factor in it is a number of one of them, which its words name
//! (`electrons of 177Lu absorbed in place`). Run with another nuclide, it would give the dose of the first:
//! of 225Ac with its daughters a two-hundredth of what it is.

use lutetia_dose::{Source, bundled::source_with_daughters};
use lutetia_model::{Model, Parameter, ParameterValue};
use lutetia_units::{Quantity, Unit, significant};

/// Share of alphas in the energy that stays above which an RBE is asked after.
const ALPHA_SHARE: f64 = 1e-4;

/// Unit of a factor that knows no mass: dose times mass per integral.
const PER_MASS: &str = "Gy g/(MBq h)";
/// Unit of a factor of one mass.
const OF_MASS: &str = "Gy/(MBq h)";

/// Gives a model the dose factors of its nuclide. A factor per mass becomes that of the nuclide with its
/// daughters, alphas and electrons absorbed in place; one of a certain mass cannot be known here and is named.
/// An RBE of 1 is named where there are alphas.
///
/// Returns what a reader must know, by parameter. What a user sets is set later and wins.
pub fn follow(model: &mut Model, nuclides: &[String]) -> Vec<(String, String)> {
    let of = |unit: &str| Unit::parse(unit).ok();
    let (Some(per_mass), Some(of_mass)) = (of(PER_MASS), of(OF_MASS)) else { return Vec::new() };
    // `GROUP=NUCLIDE` where the model has several label groups.
    let mut run: Vec<String> = Vec::new();
    for name in nuclides {
        let name = name.split_once('=').map_or(name.as_str(), |(_, name)| name).trim();
        if let Ok(nuclide) = lutetia_data::nuclides().get(name)
            && !run.contains(&nuclide.name)
        {
            run.push(nuclide.name.clone());
        }
    }
    if run.is_empty() {
        return Vec::new();
    }
    let sources: Vec<Source> =
        run.iter().filter_map(|name| source_with_daughters(name).ok()).collect();
    let mut notes = Vec::new();
    let units = model.units.clone();
    let made = model.chain.as_ref().map_or_else(Vec::new, |chain| chain.dose_factors.clone());
    for index in made {
        let parameter = &mut model.parameters[index];
        // What the chain sets is not unknown.
        if !matches!(parameter.value, ParameterValue::Number(x) if x.is_nan()) {
            continue;
        }
        if let [source] = &sources[..] {
            let gy = source.local_deposition_mgy_g_per_mbq_h() / 1000.0;
            let own = units.to_internal(&Quantity::new(gy, per_mass.clone()));
            parameter.value = ParameterValue::Number(own);
            parameter.source =
                Some(format!("{} with its daughters, absorbed in place", source.name()));
        } else {
            notes.push((
                parameter.name.clone(),
                format!(
                    "`{}` is not known with several nuclides ({}); set it",
                    parameter.name,
                    run.join(", ")
                ),
            ));
        }
    }
    for parameter in &mut model.parameters {
        let ParameterValue::Number(value) = parameter.value else { continue };
        let written = named(parameter);
        let other = written.as_ref().filter(|name| !run.contains(name));
        if let Some(other) = other
            && parameter.dimension == per_mass.dimension()
            && let [source] = &sources[..]
        {
            let gy = source.local_deposition_mgy_g_per_mbq_h() / 1000.0;
            let own = units.to_internal(&Quantity::new(gy, per_mass.clone()));
            parameter.value = ParameterValue::Number(own);
            notes.push((
                parameter.name.clone(),
                format!(
                    "`{}` = {} {PER_MASS}, of {}, absorbed in place; the file has that of {other}",
                    parameter.name,
                    significant(gy, 3),
                    source.name()
                ),
            ));
        } else if let Some(other) = other
            && [per_mass.dimension(), of_mass.dimension()].contains(&parameter.dimension)
        {
            notes.push((
                parameter.name.clone(),
                format!(
                    "`{}` is a dose factor of {other}, and the model is run with {}; set it",
                    parameter.name,
                    run.join(", ")
                ),
            ));
        }
        let plain = parameter.name.rsplit(lutetia_model::ALIAS_SEPARATOR).next();
        // A weight of 1 of any unit that is one: Gy(RBE)/Gy, too.
        let one = (units.from_internal(value, &parameter.unit) - 1.0).abs() < 1e-12;
        if plain == Some("RBE")
            && one
            && let Some(source) = sources.iter().find(|source| has_alphas(source))
        {
            notes.push((
                parameter.name.clone(),
                format!(
                    "`{}` = 1 although {} gives alphas: dose counts like that of electrons; set it",
                    parameter.name,
                    source.name()
                ),
            ));
        }
    }
    notes
}

fn has_alphas(source: &Source) -> bool {
    let [alpha, electron, _] = source.energy_mev();
    alpha > ALPHA_SHARE * (alpha + electron)
}

/// The nuclide that the words of a parameter name, if they name one alone.
fn named(parameter: &Parameter) -> Option<String> {
    let words = [parameter.about.as_deref(), parameter.source.as_deref()];
    let mut found: Vec<String> = words
        .into_iter()
        .flatten()
        .flat_map(|text| text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')))
        // `177Lu` and `Lu-177`, but not the number of a year.
        .filter(|word| word.chars().any(|c| c.is_ascii_digit()))
        .filter(|word| word.chars().any(|c| c.is_ascii_alphabetic()))
        .filter_map(|word| {
            // `177Lu-PSMA` is of 177Lu.
            let label = word.split('-').next().unwrap_or(word);
            let all = lutetia_data::nuclides();
            all.get(word).or_else(|_| all.get(label)).ok().map(|n| n.name.clone())
        })
        .collect();
    found.dedup();
    match &found[..] {
        [one] => Some(one.clone()),
        _ => None,
    }
}
