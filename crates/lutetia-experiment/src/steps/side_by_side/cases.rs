//! The keys of a step in the terms of its models.

use std::collections::BTreeMap;

use lutetia_dose::{
    Mass, Region, Sex, Source, Tia, absorbed_dose, bundled::source_with_daughters,
    marrow_self_factor, self_dose_factor,
};
use lutetia_model::{Evidence, ParameterValue};
use lutetia_patient::{first_limit::Limit, text::tissue};
use lutetia_population::WIDEST_RANGE;
use lutetia_scenario::{DoseEntry, LoadedModel, ScenarioError, agreeing, setting};
use lutetia_sim::{Dose, Regimen};
use lutetia_table::{Cell, Table, Tables};
use lutetia_units::{Dimension, Quantity, Unit, significant};

use super::{CaseSpec, PatientsSpec, RegionSpec, SideBySide, SideBySideError, draws::Range};
use crate::steps::{Context, StepError};

/// What is computed.
pub(super) struct Asked<'c> {
    pub(super) cases: Vec<Case<'c>>,
    pub(super) limits: Vec<Limit>,
}

/// One case.
pub(super) struct Case<'c> {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) model: &'c LoadedModel,
    pub(super) source: Source,
    /// Internal.
    pub(super) parameters: Vec<f64>,
    pub(super) regimen: Regimen,
    /// Internal; when the first activity is given.
    pub(super) start: f64,
    /// In the order of the regions of the step; none where the model has not the output.
    pub(super) places: Vec<Option<Place>>,
    /// In the order of the readings.
    pub(super) readings: Vec<Option<usize>>,
    /// What is drawn.
    pub(super) ranges: Vec<Range>,
    /// The amounts of the step, internal, each with its text.
    pub(super) amounts: Vec<(String, f64)>,
    /// The values of the parameter that is varied: its slots, and each value with its text.
    pub(super) varied: Vec<(String, Vec<usize>, f64)>,
}

/// Where the activity of a region is, and how its dose follows from it.
pub(in crate::steps) struct Place {
    pub(super) output: usize,
    region: Region,
    mass: Weight,
}

impl Place {
    /// The dose per integral of one with these parameters, internal: Gy/(MBq h).
    pub(in crate::steps) fn gy_per_mbq_h(
        &self,
        model: &LoadedModel,
        source: &Source,
        parameters: &[f64],
    ) -> Result<f64, StepError> {
        let litre = Unit::parse("L")?;
        let grams = match self.mass {
            Weight::Factor(factor) => return Ok(factor),
            Weight::Grams(grams) => grams,
            Weight::Volume(slot) => {
                1000.0 * model.model.units.from_internal(parameters[slot], &litre)
            }
        };
        let factor = if self.region.is_red_marrow() {
            marrow_self_factor(source, Sex::Male).and_then(|factor| factor.scaled_to(grams))
        } else {
            self_dose_factor(source, &self.region, grams, Sex::Male)
        }?;
        let name = self.region.given();
        let tia = Tia::new(name, 1.0, None, None, "one")?;
        Ok(absorbed_dose(&tia, &factor, Mass::new(name, grams, None)?, None)?.total)
    }
}

/// What the dose per integral is made of.
enum Weight {
    /// g.
    Grams(f64),
    /// The slot of a volume, at 1 g/mL.
    Volume(usize),
    /// Gy/(MBq h).
    Factor(f64),
}

/// Reads the keys of a step.
pub(super) fn asked<'c>(step: &SideBySide, context: &'c Context) -> Result<Asked<'c>, StepError> {
    names(step)?;
    let table = step.patients.as_ref().map(|patients| context.published(&patients.table));
    let cases = specs(step, table.transpose()?)?
        .iter()
        .map(|spec| {
            case(step, spec, context).map_err(|source| {
                SideBySideError::Case { name: spec.name.clone(), source: Box::new(source) }.into()
            })
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    for (at, region) in step.regions.iter().enumerate() {
        if cases.iter().all(|case| case.places[at].is_none()) {
            let (region, output) = (region.name.clone(), region.output.clone());
            return Err(SideBySideError::NoOutput { region, output }.into());
        }
    }
    for (at, reading) in step.readings.iter().enumerate() {
        if cases.iter().all(|case| case.readings[at].is_none()) {
            let (region, output) = (reading.name.clone(), reading.output.clone());
            return Err(SideBySideError::NoOutput { region, output }.into());
        }
    }
    Ok(Asked { cases, limits: limits(step)? })
}

/// The cases as they are typed, or one for each row of a table.
fn specs(step: &SideBySide, table: Option<&Table>) -> Result<Vec<CaseSpec>, StepError> {
    match (&step.patients, table) {
        (Some(patients), Some(table)) if step.cases.is_empty() => of_rows(patients, table),
        (None, _) if !step.cases.is_empty() => Ok(step.cases.clone()),
        _ => Err(SideBySideError::CasesOrPatients.into()),
    }
}

/// What is drawn in each case, as far as its model could be read: the name of the case and that of the value.
pub(crate) fn drawn(
    step: &SideBySide,
    published: &Tables,
    models: &BTreeMap<String, LoadedModel>,
) -> Option<Vec<(String, String)>> {
    let table = step.patients.as_ref().and_then(|patients| published.get(&patients.table));
    let of = |spec: &CaseSpec| {
        let ranges = ranges(step, spec, models.get(&spec.model)?).ok()?;
        Some(ranges.into_iter().map(|range| (spec.name.clone(), range.name)).collect::<Vec<_>>())
    };
    let all: Option<Vec<_>> = specs(step, table).ok()?.iter().map(of).collect();
    Some(all?.concat())
}

/// Whether what the keys name is there, and stands once.
fn names(step: &SideBySide) -> Result<(), StepError> {
    let regions: Vec<&str> = step.regions.iter().map(|r| r.name.as_str()).collect();
    let readings: Vec<&str> = step.readings.iter().map(|r| r.name.as_str()).collect();
    let cases: Vec<&str> = step.cases.iter().map(|c| c.name.as_str()).collect();
    let column = |name: &&&str| {
        name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if let Some(name) = regions.iter().chain(&readings).find(column) {
        return Err(SideBySideError::Name { name: (*name).to_owned() }.into());
    }
    for (what, names) in [("regions", &regions), ("readings", &readings), ("cases", &cases)] {
        let twice = (1..names.len()).find(|&k| names[..k].contains(&names[k]));
        if let Some(k) = twice {
            return Err(SideBySideError::Twice { what, name: names[k].to_owned() }.into());
        }
    }
    let outputs: Vec<&String> = step.regions.iter().map(|r| &r.output).collect();
    if let Some(k) = (1..outputs.len()).find(|&k| outputs[..k].contains(&outputs[k])) {
        return Err(SideBySideError::OutputTwice { output: outputs[k].clone() }.into());
    }
    let named = step.ratios.iter().flatten().map(|name| ("ratios", name));
    let named = named.chain(step.limits.keys().map(|name| ("limits", name)));
    for (key, name) in named.chain(step.target.iter().map(|name| ("target", name))) {
        if !regions.contains(&name.as_str()) {
            return Err(no_region(key, name, step).into());
        }
    }
    if step.target.is_some() && step.limits.is_empty() {
        return Err(SideBySideError::NoLimits.into());
    }
    let off = step.cases.iter().any(|case| !case.disagreement.is_empty());
    if (step.draws > 0) != (step.assumed || !step.ranges.is_empty() || off) {
        return Err(SideBySideError::NothingDrawn.into());
    }
    if !step.seeds.is_empty() && (step.draws == 0 || step.target.is_none()) {
        return Err(SideBySideError::NothingRanked.into());
    }
    match step.regions.iter().find(|r| r.mass.is_some() && r.volume.is_some()) {
        Some(both) => Err(SideBySideError::MassAndVolume { name: both.name.clone() }.into()),
        None => Ok(()),
    }
}

fn no_region(key: &'static str, name: &str, step: &SideBySide) -> SideBySideError {
    let known = step.regions.iter().map(|r| r.name.clone()).collect();
    SideBySideError::NoRegion { key, name: name.to_owned(), known }
}

/// The name of the case of a row.
pub(crate) fn called(patients: &PatientsSpec, row: &str) -> String {
    format!("{} {row}", patients.called).trim().to_owned()
}

/// The cases of a table.
fn of_rows(patients: &PatientsSpec, table: &Table) -> Result<Vec<CaseSpec>, StepError> {
    let index = |column: &str| {
        table.index_of(column).ok_or_else(|| SideBySideError::NoColumn {
            table: patients.table.clone(),
            column: column.to_owned(),
            known: table.columns.iter().map(|c| c.name.clone()).collect(),
        })
    };
    let own: Vec<usize> = std::iter::once(&patients.activity)
        .chain(&patients.amount)
        .chain(&patients.leave)
        .map(|column| index(column))
        .collect::<Result<_, _>>()?;
    let share = patients.share.as_ref().map_or(1.0, crate::written::Share::share);
    let mut cases = Vec::new();
    for row in &table.rows {
        let name = row.first().map(Cell::csv).unwrap_or_default();
        let called = called(patients, &name);
        let number = |at: usize| {
            row.get(at).and_then(Cell::number).ok_or_else(|| SideBySideError::NoNumber {
                table: patients.table.clone(),
                row: name.clone(),
                column: table.columns[at].name.clone(),
            })
        };
        let mut set = patients.set.clone();
        for (at, column) in table.columns.iter().enumerate().skip(1) {
            let cell = row.get(at).filter(|cell| **cell != Cell::Missing);
            if own.contains(&at) || cell.is_none() {
                continue;
            }
            let text = cell.map(Cell::csv).unwrap_or_default();
            let text = format!("{text} {}", column.unit);
            set.entry(column.name.clone()).or_insert_with(|| text.trim().to_owned());
        }
        let mut amount = 0.0;
        for column in &patients.amount {
            amount += number(index(column)?)?;
        }
        let unit = |column: &str| Ok::<_, StepError>(table.columns[index(column)?].unit.clone());
        let of_amount = patients.amount.first().map(|column| unit(column)).transpose()?;
        let activity = share * number(index(&patients.activity)?)?;
        let dose = DoseEntry {
            activity: Some(format!("{activity} {}", unit(&patients.activity)?)),
            amount: of_amount.map(|unit| format!("{} {unit}", share * amount)),
            over: patients.over.as_ref().map(|over| over.text().to_owned()),
            ..DoseEntry::into_pool(&patients.into)
        };
        let (model, doses) = (patients.model.clone(), vec![dose]);
        let (group, disagreement) = (String::new(), BTreeMap::new());
        cases.push(CaseSpec { name: called, group, model, doses, set, disagreement });
    }
    Ok(cases)
}

fn case<'c>(
    step: &SideBySide,
    spec: &CaseSpec,
    context: &'c Context,
) -> Result<Case<'c>, StepError> {
    let model = context.model(&spec.model)?;
    let system = model.simulator.system();
    let nuclides = system.nuclides();
    let [nuclide] = nuclides else {
        let found = nuclides.iter().map(|n| n.name.clone()).collect();
        return Err(SideBySideError::Nuclides { found }.into());
    };
    let mut doses = Vec::new();
    for entry in &spec.doses {
        doses.extend(entry.doses(system).map_err(ScenarioError::from)?);
    }
    let regimen = Regimen { doses };
    model.simulator.check_regimen(&regimen)?;
    let active: Vec<&Dose> =
        regimen.doses.iter().filter(|d| d.activities.iter().any(|a| a.1 > 0.0)).collect();
    let Some(first) = active.iter().min_by(|a, b| a.at.total_cmp(&b.at)) else {
        return Err(SideBySideError::NothingActive.into());
    };
    let amounts = step
        .amounts
        .iter()
        .map(|text| {
            Ok((
                text.text().to_owned(),
                model.dose_amount("amount of a dose", text.text(), &first.into)?,
            ))
        })
        .collect::<Result<_, StepError>>()?;
    let mut varied = Vec::new();
    if let Some(vary) = &step.vary {
        for value in &vary.values {
            let slots = agreeing(model, &vary.parameter)?;
            varied.push((value.clone(), slots, setting(model, &vary.parameter, value)?));
        }
    }
    let readings = step.readings.iter().map(|r| system.output_index(&r.output)).collect();
    let places = step.regions.iter().map(|r| place(r, model)).collect::<Result<_, _>>()?;
    Ok(Case {
        name: spec.name.clone(),
        group: spec.group.clone(),
        model,
        source: source_with_daughters(&nuclide.name)?,
        parameters: model.parameters(&spec.set)?,
        start: first.at,
        places,
        readings,
        ranges: ranges(step, spec, model)?,
        amounts,
        varied,
        regimen,
    })
}

/// Where a region is in a model; none where the model has not its output.
pub(in crate::steps) fn place(
    spec: &RegionSpec,
    model: &LoadedModel,
) -> Result<Option<Place>, StepError> {
    let system = model.simulator.system();
    let Some(output) = system.output_index(&spec.output) else { return Ok(None) };
    let unit = &system.outputs()[output].unit;
    if unit.dimension() != Dimension::ACTIVITY {
        let unit = Box::new(unit.clone());
        return Err(SideBySideError::NoActivity { name: spec.output.clone(), unit }.into());
    }
    let named = spec.organ.as_ref().unwrap_or(&spec.name);
    let region = Region::named(named)?;
    let mass = match (&spec.factor, &spec.volume, &spec.mass) {
        (Some(factor), ..) => Weight::Factor(of_unit("factor", factor, "Gy/(MBq h)")?),
        (None, Some(volume), _) => {
            let slot = model.simulator.parameter(volume)?;
            let info = &system.parameters()[slot];
            if info.unit.dimension() != Unit::parse("L")?.dimension() {
                let (name, unit) = (volume.clone(), info.unit.to_string());
                return Err(SideBySideError::NoVolume { name, unit }.into());
            }
            Weight::Volume(slot)
        }
        (None, None, text) => {
            let text = text.as_deref().unwrap_or("reference");
            let given = lutetia_patient::text::given_mass(named, text)?;
            let of_adult = || region.reference_mass_g(Sex::Male);
            let none = || lutetia_patient::PatientError::NoReferenceMass { region: named.clone() };
            Weight::Grams(given.or_else(of_adult).ok_or_else(none)?)
        }
    };
    Ok(Some(Place { output, region, mass }))
}

/// A text as a number in a unit.
fn of_unit(what: &str, text: &str, unit: &'static str) -> Result<f64, StepError> {
    let found = Quantity::parse(text).and_then(|q| q.to(&Unit::parse(unit)?));
    found.map_err(|_| {
        let (what, text) = (what.to_owned(), text.to_owned());
        SideBySideError::Quantity { what, text, expected: unit }.into()
    })
}

/// What is drawn in a case: what the step says, and where it asks for it what the files of a ligand and its target call
/// assumed or carried over and give a range; and by how much doses of patients are other than those of the model.
fn ranges(
    step: &SideBySide,
    spec: &CaseSpec,
    model: &LoadedModel,
) -> Result<Vec<Range>, StepError> {
    let mut ranges = Vec::new();
    for (name, [low, high]) in &step.ranges {
        let bounds = (setting(model, name, low)?, setting(model, name, high)?);
        if bounds.0.is_nan() || bounds.0 >= bounds.1 {
            let (name, low, high) = (name.clone(), low.clone(), high.clone());
            return Err(SideBySideError::Range { name, low, high }.into());
        }
        let slots = agreeing(model, name)?;
        let (name, purpose) = (name.clone(), name.clone());
        ranges.push(Range { name, purpose, slots, bounds, region: None });
    }
    if step.assumed {
        ranges.extend(assumed(spec, model, &step.ranges));
    }
    for (name, &[low, high]) in &spec.disagreement {
        let Some(region) = step.regions.iter().position(|r| r.name == *name) else {
            return Err(no_region("disagreement", name, step).into());
        };
        let rises = 0.0 < low && low < high && high.is_finite();
        let name = format!("dose of {name}");
        if !rises {
            let (low, high) = (significant(low, 6), significant(high, 6));
            return Err(SideBySideError::Range { name, low, high }.into());
        }
        let purpose = format!("{} {name}", spec.name);
        let (slots, bounds) = (Vec::new(), (low, high));
        ranges.push(Range { name, purpose, slots, bounds, region: Some(region) });
    }
    Ok(ranges)
}

fn assumed(
    spec: &CaseSpec,
    model: &LoadedModel,
    known: &BTreeMap<String, [String; 2]>,
) -> Vec<Range> {
    // A chain says which values are its own; what stands in the files of its parts alone is not a choice of the ligand.
    let own: Option<Vec<String>> = model
        .model
        .chain
        .as_ref()
        .map(|chain| chain.set.iter().map(|s| s.name.replacen('.', ":", 1)).collect());
    let chosen = |name: &str| {
        let bare = name.rsplit_once(':').map_or(name, |(_, bare)| bare);
        own.as_ref().is_none_or(|own| own.iter().any(|n| n == name || n == bare))
    };
    let fixed = |name: &str| {
        let bare = name.rsplit_once(':').map_or(name, |(_, bare)| bare);
        [name, bare].iter().any(|n| spec.set.contains_key(*n) || known.contains_key(*n))
    };
    let mut found = Vec::new();
    for parameter in &model.model.parameters {
        let graded = matches!(parameter.evidence, Some(Evidence::Assumed | Evidence::Related));
        let (Some(low), Some(high)) = parameter.bounds else { continue };
        let ParameterValue::Number(value) = parameter.value else { continue };
        let name = &parameter.name;
        let there = value > 0.0 && high <= WIDEST_RANGE * value;
        let Some(slot) = model.simulator.system().parameter_index(name) else { continue };
        if graded && low < high && there && chosen(name) && !fixed(name) {
            let purpose = format!("{} {name}", spec.name);
            let (slots, bounds) = (vec![slot], (low, high));
            found.push(Range { name: name.clone(), purpose, slots, bounds, region: None });
        }
    }
    found
}

/// The limits of a step, in the order of its regions.
fn limits(step: &SideBySide) -> Result<Vec<Limit>, StepError> {
    let of = |(at, region): (usize, &RegionSpec)| Some((at, step.limits.get(&region.name)?));
    let named = step.regions.iter().enumerate().filter_map(of);
    named
        .map(|(region, spec)| {
            let tissue =
                spec.tissue.as_ref().map(|t| tissue(&t.alpha_beta, &t.repair)).transpose()?;
            Ok(Limit { region, gy: spec.dose.gy(), tissue })
        })
        .collect()
}
