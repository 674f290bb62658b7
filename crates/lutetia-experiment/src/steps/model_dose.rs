//! Absorbed doses out of a model: the integrals of its activities, region by region and nuclide by
//! nuclide, also while one parameter is varied.

use lutetia_scenario::{DoseEntry, LoadedModel, ScenarioError, unread};
use std::collections::BTreeMap;

use lutetia_data::Sex;
use lutetia_dose::{
    Mass, Rbe, Region, SelfDoseFactor, Tia, absorbed_dose, bundled, marrow_self_factor,
    rbe_weighted, self_dose_factor,
};
use lutetia_sim::{Options, Regimen, Request};
use lutetia_units::{Dimension, Unit};
use rayon::prelude::*;
use serde::Deserialize;

use super::{Context, StepKind, Use, dose::keys::RbeSpec};
use crate::steps::StepError;
use lutetia_patient::text::given_mass;
use lutetia_table::{Cell, Table};

/// Absorbed doses out of a model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelDose {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// Doses given.
    pub doses: Vec<DoseEntry>,
    /// Parameters or covariates that differ from the file.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Reference adult whose organs are taken: `male` or `female`.
    pub reference: Option<String>,
    /// Activities and where they are.
    pub sources: Vec<SourceSpec>,
    /// Weights by effect.
    #[serde(default)]
    pub rbe: Vec<RbeSpec>,
    /// A parameter that takes several values; the tables then have a column of it.
    pub vary: Option<Vary>,
}

/// One output of the model, an activity.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// Output, in a unit of activity.
    pub output: String,
    /// Region whose dose it adds to.
    pub region: String,
    /// Nuclides that decay there: the one of the output, then daughters that the model does not
    /// follow and that decay where the first does, by branching.
    pub nuclides: Vec<String>,
    /// Mass of the region, such as `310 g`, or `reference`.
    pub mass: String,
}

/// A parameter and the values it takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vary {
    /// The parameter.
    pub parameter: String,
    /// Its values.
    pub values: Vec<String>,
}

impl StepKind for ModelDose {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Model(&self.model)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

/// A nuclide of a source, ready to be multiplied.
struct Source {
    /// Index of the source, as the outputs are integrated.
    of: usize,
    output: usize,
    /// Decays per decay of the nuclide of the output.
    per_decay: f64,
    region: String,
    mass: Mass,
    factor: SelfDoseFactor,
    nuclide: String,
}

fn sources(step: &ModelDose, model: &LoadedModel) -> Result<Vec<Source>, StepError> {
    let sex = match step.reference.as_deref() {
        None | Some("male") => Sex::Male,
        Some("female") => Sex::Female,
        Some(other) => {
            return Err(format!("reference `{other}` is neither `male` nor `female`").into());
        }
    };
    let mut found = Vec::new();
    for (of, spec) in step.sources.iter().enumerate() {
        let output = model.simulator.output(&spec.output)?;
        let info = &model.simulator.system().outputs()[output];
        if info.unit.dimension() != Dimension::ACTIVITY {
            return Err(format!(
                "the output `{}` is in {}; expected a unit of activity",
                spec.output, info.unit
            )
            .into());
        }
        let region = Region::named(&spec.region)?;
        let grams = match given_mass(&spec.region, &spec.mass)? {
            Some(g) => g,
            None => region.reference_mass_g(sex).ok_or_else(|| {
                format!("the reference adult has no mass of `{}`; give it in g", spec.region)
            })?,
        };
        let mass = Mass::new(&spec.region, grams, None)?;
        let head = spec
            .nuclides
            .first()
            .ok_or_else(|| format!("`nuclides` of the output `{}` is empty", spec.output))?;
        for nuclide in &spec.nuclides {
            let source = bundled::source(nuclide)?;
            let factor = if region.is_red_marrow() {
                marrow_self_factor(&source, sex).and_then(|factor| factor.scaled_to(grams))
            } else {
                self_dose_factor(&source, &region, grams, sex)
            };
            found.push(Source {
                of,
                output,
                per_decay: bundled::decays_per_decay(head, nuclide)?,
                region: spec.region.clone(),
                mass,
                factor: factor?,
                nuclide: source.name().to_owned(),
            });
        }
    }
    Ok(found)
}

fn run(step: &ModelDose, context: &mut Context) -> Result<(), StepError> {
    let model = context
        .models
        .get(&step.model)
        .ok_or_else(|| format!("`{}` is not a model of this experiment", step.model))?;
    let sources = sources(step, model)?;
    let mut regimen = Regimen::default();
    for entry in &step.doses {
        regimen.doses.extend(entry.doses(model.simulator.system()).map_err(ScenarioError::from)?);
    }
    let in_unit = |x: f64, unit: &str| -> Result<f64, StepError> {
        let unit = Unit::parse(unit)?;
        Ok(model.model.units.from_internal(x, &unit))
    };
    let injected = in_unit(
        regimen.doses.iter().flat_map(|d| &d.activities).map(|(_, activity)| activity).sum(),
        "MBq",
    )?;
    if injected <= 0.0 {
        return Err("no activity is given; expected one such as `activity = \"8 MBq\"`".into());
    }
    let mut outputs: Vec<usize> = sources.iter().map(|s| s.output).collect();
    // One integral per source, in their order: its nuclides follow each other.
    outputs.dedup_by_key(|output| *output);
    if outputs.len() != step.sources.len() {
        return Err("an output stands twice in `sources`; expected each once".into());
    }
    let options = Options { integrals: outputs, to_infinity: true, ..Options::default() };
    let values: Vec<Option<&String>> = match &step.vary {
        None => vec![None],
        Some(vary) => vary.values.iter().map(Some).collect(),
    };
    let runs = values
        .par_iter()
        .map(|value| {
            let mut set = step.set.clone();
            if let (Some(vary), Some(value)) = (&step.vary, value) {
                set.insert(vary.parameter.clone(), (*value).clone());
            }
            let parameters = model.parameters(&set)?;
            let hour = 3600.0 / model.model.units.factor(Dimension::TIME);
            let trajectory = model
                .simulator
                .run(&Request::new(&parameters, &regimen, &[0.0, hour]).options(&options))?;
            (0..step.sources.len())
                .map(|i| {
                    let integral = trajectory.integrals_to_infinity.get(i);
                    integral.map(|x| x.value).ok_or_else(|| "an integral has no end".into())
                })
                .collect::<Result<Vec<f64>, StepError>>()
        })
        .collect::<Result<Vec<_>, _>>()?;

    let mut members = headed(step, &step.id, "Decays and mean absorbed dose by region and nuclide")
        .column("region", "")
        .column("nuclide", "")
        .column("tia", "MBq h")
        .column("alpha", "Gy")
        .column("electron", "Gy")
        .column("photon", "Gy")
        .column("total", "Gy")
        .column("per_activity", "Gy/MBq")
        .column("share", "%");
    let name = format!("{}.regions", step.id);
    let mut regions = headed(step, &name, "Mean absorbed dose by region, all nuclides together")
        .column("region", "")
        .column("mass", "g")
        .column("alpha", "Gy")
        .column("electron", "Gy")
        .column("photon", "Gy")
        .column("total", "Gy")
        .column("per_activity", "Gy/MBq")
        .column("not_alpha", "%");
    for (i, spec) in step.rbe.iter().enumerate() {
        let column = match step.rbe.len() {
            1 => "weighted".to_owned(),
            _ => format!("weighted_{}", i + 1),
        };
        regions.caption += &format!("; {column}: RBE {} of alphas for {}", spec.alpha, spec.effect);
        regions = regions.column(&column, "Gy(RBE)/MBq");
    }
    for (value, integrals) in values.iter().zip(&runs) {
        let head = |rest: &str| -> Vec<Cell> {
            match value {
                None => vec![rest.into()],
                Some(value) => match lutetia_units::Quantity::parse(value) {
                    Ok(q) => vec![format!("{rest} at {}", q.value()).into(), q.value().into()],
                    Err(_) => vec![format!("{rest} at {value}").into(), value.as_str().into()],
                },
            }
        };
        let mut sums: Vec<(String, Mass, [f64; 3])> = Vec::new();
        let mut rows: Vec<(String, f64, Vec<Cell>)> = Vec::new();
        for source in &sources {
            // Rounding of the solver may leave a small negative integral of what is not there.
            let mbq_h = in_unit(integrals[source.of], "MBq h")?.max(0.0) * source.per_decay;
            let tia = Tia::new(&source.region, mbq_h, None, None, "integral of the model")?;
            let dose = absorbed_dose(&tia, &source.factor, source.mass, Some(injected))?;
            let parts = [dose.alpha, dose.electron, dose.photon];
            let mut row = head(&format!("{} {}", source.region, source.nuclide));
            row.extend([
                source.region.as_str().into(),
                source.nuclide.as_str().into(),
                mbq_h.into(),
            ]);
            row.extend(parts.map(Cell::from));
            row.extend([dose.total.into(), (dose.total / injected).into()]);
            rows.push((source.region.clone(), dose.total, row));
            match sums.iter_mut().find(|(region, ..)| *region == source.region) {
                None => sums.push((source.region.clone(), source.mass, parts)),
                Some((_, _, sum)) => {
                    for (sum, part) in sum.iter_mut().zip(parts) {
                        *sum += part;
                    }
                }
            }
        }
        for (of, own, mut row) in rows {
            let all: f64 = (sums.iter().filter(|(region, ..)| *region == of))
                .flat_map(|(_, _, parts)| parts)
                .sum();
            row.push((all > 0.0).then(|| 100.0 * own / all).into());
            members.push(row);
        }
        for (region, mass, [alpha, electron, photon]) in sums {
            let total = alpha + electron + photon;
            let mut row = head(&region);
            row.extend([
                region.as_str().into(),
                mass.g.into(),
                alpha.into(),
                electron.into(),
                photon.into(),
                total.into(),
                (total / injected).into(),
            ]);
            row.push((100.0 * (electron + photon) / total).into());
            for spec in &step.rbe {
                let rbe = Rbe { alpha: spec.alpha, electron: spec.electron, photon: spec.photon };
                let asked = spec.regions.as_ref().is_none_or(|names| names.contains(&region));
                let weighted = weighted(&region, mass, [alpha, electron, photon], rbe)?;
                row.push(asked.then_some(weighted / injected).into());
            }
            regions.push(row);
        }
    }
    context.settings.insert("rtol".to_owned(), format!("{:e}", options.rtol));
    context.add(members);
    context.add(regions);
    let remarks = unread(&context.models, &step.model, &step.set);
    context.remark(&step.id, remarks);
    Ok(())
}

fn headed(step: &ModelDose, name: &str, caption: &str) -> Table {
    let caption = format!("{caption}, to infinity, physical dose without RBE unless it says so");
    let table = Table::new(name, &caption).column("row", "");
    match &step.vary {
        None => table,
        Some(vary) => {
            let first = vary.values.first().map(|v| lutetia_units::Quantity::parse(v));
            let unit = first.and_then(Result::ok).map(|q| q.unit().symbol().to_owned());
            table.column(&vary.parameter, unit.as_deref().unwrap_or(""))
        }
    }
}

fn weighted(region: &str, mass: Mass, parts: [f64; 3], rbe: Rbe) -> Result<f64, StepError> {
    // A factor whose dose per integral is the dose itself: 1/3.6 MBq h.
    let factor = SelfDoseFactor::given(region, "the chain", mass.g, parts, "sum")?;
    let tia = Tia::new(region, 1.0 / 3.6, None, None, "sum")?;
    let dose = absorbed_dose(&tia, &factor, mass, None)?;
    Ok(rbe_weighted(&dose, rbe)?.gy_rbe())
}
