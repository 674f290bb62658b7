//! Dose factors of models follow the nuclide that a model is run with.
//!
//! A model file knows no nuclide, so a dose factor in it is a number of one of them, which its key `nuclide` names. Run
//! with another nuclide, it would give the dose of the first: of 225Ac with its daughters a two-hundredth of what it is.
//! What it is with another one, the key `other_nuclides` says. The share of alphas in a dose, by which an RBE weights it,
//! follows in the same way, and so do the numbers of daughters per decay, by the key `daughter`. What cannot be known is no
//! number until it is set.

use lutetia_data::Sex;
use lutetia_dose::{
    DoseError, Region, SelfDoseFactor, Source, bundled::source_with_daughters, marrow_self_factor,
    self_dose_factor,
};
use lutetia_model::{
    ALIAS_SEPARATOR, Adult, DoseFactor, Follows, Model, Parameter, ParameterValue,
};
use lutetia_units::{Quantity, Unit, UnitSystem, significant};

/// Share of alphas in the energy that stays above which an RBE is asked after.
const ALPHA_SHARE: f64 = 1e-4;

/// How a factor that follows by energy does so, in words.
const BY_ENERGY: &str = "in proportion to the energy that stays in place";
/// How one that follows that of the red marrow does so.
const AS_RED_MARROW: &str = "in proportion to the dose factor of red marrow for itself";

/// Gives a model the numbers of its nuclide: a dose factor of another one follows as its file says; one of which nothing
/// is said, and one that would follow by energy where there are alphas, cannot be known here, is named and becomes NaN,
/// with which nothing runs before it is set. What a chain made with the mass of an organ is the organ's, and so is the
/// share of alphas in the part that its dose rate drives. A plain `RBE` of 1 is named where there are alphas.
///
/// Returns what a reader must know, by parameter. What a user sets is set later and wins.
pub fn follow(model: &mut Model, nuclides: &[String]) -> Vec<(String, String)> {
    // `GROUP=NUCLIDE` where the model has several label groups.
    let mut run: Vec<String> = Vec::new();
    for name in nuclides {
        let name = name.split_once('=').map_or(name.as_str(), |(_, name)| name).trim();
        if let Some(name) = canonical(name)
            && !run.contains(&name)
        {
            run.push(name);
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
    daughters(model, &run, &mut notes);
    alpha_shares(model, &sources, &run, &mut notes);
    for parameter in &mut model.parameters {
        let ParameterValue::Number(value) = parameter.value else { continue };
        let note = match of_another(parameter, &run) {
            None => None,
            Some(Other::Known(other)) => {
                Some(followed(parameter, &other, &sources, &units).unwrap_or_else(|| {
                    parameter.value = ParameterValue::Number(f64::NAN);
                    format!(
                        "`{}` is a dose factor of {other}, and the model is run with {}; set it",
                        parameter.name,
                        run.join(", ")
                    )
                }))
            }
            Some(Other::Unknown(name)) => {
                parameter.value = ParameterValue::Number(f64::NAN);
                Some(format!(
                    "`{}` is said to be a dose factor of `{name}`, which is not a known nuclide; set it",
                    parameter.name
                ))
            }
        };
        notes.extend(note.map(|note| (parameter.name.clone(), note)));
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

/// The name of a nuclide in the bundled table; none where it has none of the name.
fn canonical(name: &str) -> Option<String> {
    lutetia_data::nuclides().get(name).ok().map(|nuclide| nuclide.name.clone())
}

/// The nuclide of which a parameter is the number.
enum Other {
    /// As the table has it.
    Known(String),
    /// As it is written, where the table does not have it.
    Unknown(String),
}

/// The nuclide of which a parameter is the number, where the model is run with others alone.
fn of_another(parameter: &Parameter, run: &[String]) -> Option<Other> {
    let of = parameter.of_nuclide.as_ref()?;
    if of.follows == Some(Follows::AlphaShare) {
        return None;
    }
    let written = &of.nuclide;
    match canonical(written) {
        Some(name) if run.contains(&name) => None,
        Some(name) => Some(Other::Known(name)),
        None => Some(Other::Unknown(written.clone())),
    }
}

/// Gives a dose factor of another nuclide the value for the one that the model is run with, and says so; nothing where
/// it does not follow.
fn followed(
    parameter: &mut Parameter,
    other: &str,
    sources: &[Source],
    units: &UnitSystem,
) -> Option<String> {
    let follows = parameter.of_nuclide.as_ref()?.follows?;
    let ([source], ParameterValue::Number(value)) = (sources, &parameter.value) else {
        return None;
    };
    let own = source.local_deposition_mgy_g_per_mbq_h();
    let unit = Unit::parse(follows.unit()).ok()?;
    let (value, how) = match follows {
        Follows::InPlace => {
            let gy = own / 1000.0;
            (units.to_internal(&Quantity::new(gy, unit.clone())), ", absorbed in place".to_owned())
        }
        // Alphas do not reach from where they are emitted to what the factor is of.
        Follows::ByEnergy if has_alphas(source) => return None,
        Follows::ByEnergy | Follows::ByAllEnergy => {
            let old = source_with_daughters(other).ok()?.local_deposition_mgy_g_per_mbq_h();
            (value * own / old, format!(" {BY_ENERGY}"))
        }
        // That of man and woman are in the same proportion to a few thousandths.
        Follows::AsRedMarrow => {
            let of =
                |source: &Source| marrow_self_factor(source, Sex::Male).ok().map(|s| s.total());
            let old = of(&source_with_daughters(other).ok()?)?;
            (value * of(source)? / old, format!(" {AS_RED_MARROW}"))
        }
        Follows::AlphaShare => return None,
    };
    parameter.value = ParameterValue::Number(value);
    Some(format!(
        "`{}` = {} {}, of {}{how}; the file has that of {other}",
        parameter.name,
        significant(units.from_internal(value, &unit), 3),
        follows.unit(),
        source.name()
    ))
}

/// Gives the numbers of daughters per decay, the branching fractions, those of the nuclide; with several nuclides they are
/// not known.
fn daughters(model: &mut Model, run: &[String], notes: &mut Vec<(String, String)>) {
    for parameter in &mut model.parameters {
        let Some(written) = &parameter.daughter else { continue };
        let name = &parameter.name;
        let why = match (canonical(written), run) {
            (Some(daughter), [nuclide]) => {
                let Ok(nuclide) = lutetia_data::nuclides().get(nuclide) else { continue };
                let branches = nuclide.branches.iter().filter(|b| b.daughter == daughter);
                parameter.value = ParameterValue::Number(branches.map(|b| b.fraction).sum());
                continue;
            }
            (Some(_), _) => {
                format!("`{name}` is not known with several nuclides ({}); set it", run.join(", "))
            }
            (None, _) => format!(
                "`{name}` is said to be the number of `{written}` per decay, which is not a known nuclide; set it"
            ),
        };
        notes.push((name.clone(), why));
        parameter.value = ParameterValue::Number(f64::NAN);
    }
}

/// Gives the shares of alphas in the dose those of the nuclide: of a part whose dose rate is that of an organ, of the
/// organ's dose factor, photons in it; else of the energy that stays in place. Where several nuclides or several organs
/// give a part doses of unlike shares, the share is not one number and is not known.
fn alpha_shares(
    model: &mut Model,
    sources: &[Source],
    run: &[String],
    notes: &mut Vec<(String, String)>,
) {
    let made = model.chain.as_ref().map_or_else(Vec::new, |chain| chain.dose_factors.clone());
    let part = |name: &str| name.split_once(ALIAS_SEPARATOR).map(|(part, _)| part.to_owned());
    let driven: Vec<(Option<String>, &DoseFactor)> =
        made.iter().map(|f| (part(&model.parameters[f.parameter].name), f)).collect();
    for parameter in &mut model.parameters {
        let Some(of) = &parameter.of_nuclide else { continue };
        if of.follows != Some(Follows::AlphaShare) {
            continue;
        }
        let here = part(&parameter.name);
        let factors: Vec<&DoseFactor> = driven
            .iter()
            .filter(|(of, _)| here.is_some() && *of == here)
            .map(|(_, f)| *f)
            .collect();
        // Without a share of each nuclide there is none of their mixture.
        let known = sources.len() == run.len();
        let shares: Option<Vec<f64>> = sources
            .iter()
            .filter(|_| known)
            .flat_map(|source| {
                let of_energy = factors.is_empty().then(|| Some(energy_share(source)));
                factors.iter().map(|f| organ_share(f, source)).chain(of_energy)
            })
            .collect();
        let name = &parameter.name;
        match shares.as_deref() {
            Some([share, others @ ..]) if others.iter().all(|s| (s - share).abs() <= 1e-12) => {
                parameter.value = ParameterValue::Number(*share);
                // Of no alphas nothing need be said.
                if *share > 0.0 {
                    let note = format!(
                        "`{name}` = {}, of {}; the file has that of {}",
                        significant(*share, 3),
                        run.join(", "),
                        of.nuclide
                    );
                    notes.push((name.clone(), note));
                }
            }
            _ => {
                let note = format!(
                    "`{name}`, the share of alphas in the dose, is not known with {}; set it",
                    run.join(", ")
                );
                notes.push((name.clone(), note));
                parameter.value = ParameterValue::Number(f64::NAN);
            }
        }
    }
}

/// Share of alphas in the energy that stays in place.
fn energy_share(source: &Source) -> f64 {
    let [alpha, electron, _] = source.energy_mev();
    if alpha > 0.0 { alpha / (alpha + electron) } else { 0.0 }
}

/// Share of alphas in the dose of what a chain gives the dose rate of.
fn organ_share(factor: &DoseFactor, source: &Source) -> Option<f64> {
    if factor.region.is_none() {
        return Some(energy_share(source));
    }
    let factor = organ_factor(factor, source)?.ok()?;
    Some(if factor.alpha > 0.0 { factor.alpha / factor.total() } else { 0.0 })
}

/// The self-dose factor of the organ that a dose factor of a chain names, if it names one.
fn organ_factor(factor: &DoseFactor, source: &Source) -> Option<Result<SelfDoseFactor, DoseError>> {
    let (Some(region), Some(mass_g)) = (&factor.region, factor.mass_g) else { return None };
    let sex = match factor.adult {
        Adult::Male => Sex::Male,
        Adult::Female => Sex::Female,
    };
    Some(Region::named(region).and_then(|region| self_dose_factor(source, &region, mass_g, sex)))
}

/// Gives the dose factors that a chain made those of the nuclide; what the chain sets stays.
fn made_by_chain(
    model: &mut Model,
    sources: &[Source],
    run: &[String],
    notes: &mut Vec<(String, String)>,
) {
    let made = model.chain.as_ref().map_or_else(Vec::new, |chain| chain.dose_factors.clone());
    let Ok(per_mass) = Unit::parse(Follows::InPlace.unit()) else { return };
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
    let (Some(organ), Some(mass_g)) = (organ_factor(factor, source), factor.mass_g) else {
        let gy = source.local_deposition_mgy_g_per_mbq_h() / 1000.0;
        return Ok((gy, "absorbed in place".to_owned()));
    };
    let organ = organ?;
    // Dose rate of 1 MBq, in Gy/h.
    Ok((organ.dose_rate_gy_per_h(1.0)? * mass_g, organ.method))
}

fn has_alphas(source: &Source) -> bool {
    let [alpha, electron, _] = source.energy_mev();
    alpha > ALPHA_SHARE * (alpha + electron)
}
