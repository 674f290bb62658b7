//! Dose factors of models follow the nuclide that a model is run with.
//!
//! A model file knows no nuclide, so a dose factor in it is a number of one of them, which its words name
//! (`electrons of 177Lu absorbed in place`). Run with another nuclide, it would give the dose of the first:
//! of 225Ac with its daughters a two-hundredth of what it is.

use lutetia_data::Sex;
use lutetia_dose::{DoseError, Region, Source, bundled::source_with_daughters, self_dose_factor};
use lutetia_model::{DoseFactor, Model, Parameter, ParameterValue};
use lutetia_units::{Quantity, Unit, significant};

/// Share of alphas in the energy that stays above which an RBE is asked after.
const ALPHA_SHARE: f64 = 1e-4;

/// Unit of a factor that knows no mass: dose times mass per integral.
const PER_MASS: &str = "Gy g/(MBq h)";
/// Unit of a factor of one mass.
const OF_MASS: &str = "Gy/(MBq h)";
/// Words by which a factor of a certain mass says how it is that of another nuclide.
const BY_ENERGY: &str = "in proportion to the energy that stays in place";

/// Gives a model the dose factors of its nuclide. A factor per mass becomes that of the nuclide with its
/// daughters, alphas and electrons absorbed in place; one of a certain mass is scaled by that energy where its words say
/// so and there are no alphas, and cannot be known here otherwise and is named. What a chain made with the mass of an organ is the organ's.
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
    made_by_chain(model, &sources, &run, &mut notes);
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
            && parameter.dimension == of_mass.dimension()
            && let [source] = &sources[..]
            // Alphas do not reach from where they are emitted to what the factor is of.
            && !has_alphas(source)
            && parameter.about.as_deref().is_some_and(|about| about.contains(BY_ENERGY))
            && let Ok(written) = source_with_daughters(other)
        {
            let [own, old] = [source, &written].map(Source::local_deposition_mgy_g_per_mbq_h);
            let gy = units.from_internal(value, &of_mass) * own / old;
            parameter.value = ParameterValue::Number(value * own / old);
            notes.push((
                parameter.name.clone(),
                format!(
                    "`{}` = {} {OF_MASS}, of {} {BY_ENERGY}; the file has that of {other}",
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

/// Gives the dose factors that a chain made those of the nuclide; what the chain sets stays.
fn made_by_chain(
    model: &mut Model,
    sources: &[Source],
    run: &[String],
    notes: &mut Vec<(String, String)>,
) {
    let made = model.chain.as_ref().map_or_else(Vec::new, |chain| chain.dose_factors.clone());
    let Ok(per_mass) = Unit::parse(PER_MASS) else { return };
    for factor in made {
        let parameter = &mut model.parameters[factor.parameter];
        if !matches!(parameter.value, ParameterValue::Number(x) if x.is_nan()) {
            continue;
        }
        let name = &parameter.name;
        let [source] = sources else {
            let note =
                format!("`{name}` is not known with several nuclides ({}); set it", run.join(", "));
            notes.push((name.clone(), note));
            continue;
        };
        match deposited(&factor, source) {
            Ok((gy, how)) => {
                let own = model.units.to_internal(&Quantity::new(gy, per_mass.clone()));
                parameter.value = ParameterValue::Number(own);
                parameter.source = Some(format!("{} with its daughters, {how}", source.name()));
            }
            Err(fault) => {
                notes.push((name.clone(), format!("`{name}` is not known: {fault}; set it")));
            }
        }
    }
}

/// Dose times mass per decay, Gy g/(MBq h), and how it was found: of an organ `S m` with its self-dose factor S at the
/// mass m; else the energy of all alphas and electrons.
fn deposited(factor: &DoseFactor, source: &Source) -> Result<(f64, String), DoseError> {
    let (Some(region), Some(mass_g)) = (&factor.region, factor.mass_g) else {
        let gy = source.local_deposition_mgy_g_per_mbq_h() / 1000.0;
        return Ok((gy, "absorbed in place".to_owned()));
    };
    let factor = self_dose_factor(source, &Region::named(region)?, mass_g, Sex::Male)?;
    // Dose rate of 1 MBq, in Gy/h.
    Ok((factor.dose_rate_gy_per_h(1.0)? * mass_g, factor.method))
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
