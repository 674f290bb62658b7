//! Absorbed doses from time-integrated activities.

use crate::artefact::Artefact;
use crate::steps::StepError;
use std::collections::BTreeMap;

use lutetia_data::{RegionName, Study};
use lutetia_diagnostic::{Reason, Verdict};
use lutetia_dose::{
    AbsorbedDose, MarrowDose, Mass, MemberDose, Region, Sex, Tissue, absorbed_dose,
    bundled::source_with_daughters, cortex_dose, self_dose_factor,
};
use lutetia_units::{Dimension, Quantity, Unit};
use serde::Deserialize;

pub mod daughters;
mod effective;
pub mod marrow;
pub mod weighted;

use daughters::DaughterSpec;
pub use effective::Effective;
pub(crate) use effective::effective;
use marrow::MarrowSpec;
use weighted::RbeSpec;

use super::{Context, StepKind, Use, cycle, defaults, subject};
use lutetia_patient::{RegionTia, refuse_bare, shown};
use lutetia_table::{Cell, Table, significant};

/// Absorbed doses from time-integrated activities.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoseStep {
    /// Name of the tables.
    pub id: String,
    /// Step whose time-integrated activities are used.
    pub from: String,
    /// Name under `[data]`.
    pub study: String,
    /// Subject; the only one if left out.
    pub subject: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "defaults::one")]
    pub cycle: u32,
    /// Relative standard deviation of a measured volume, such as `5 %`.
    pub volume_sd: Option<String>,
    /// Which of the measured volumes is taken for the mass.
    #[serde(default)]
    pub volume: Volume,
    /// Sex of the reference adult whose organs are scaled to the patient; that of the study's
    /// `sex` column if left out, else male.
    pub reference: Option<String>,
    /// Regions with a biologically effective dose: α/β and half-time of repair of each.
    #[serde(default)]
    pub bed: BTreeMap<String, TissueSpec>,
    /// Regions without an absorbed dose and why (a field of view is no organ).
    #[serde(default)]
    pub leave_out: BTreeMap<String, String>,
    /// Masses of regions whose volume was not measured, such as `1.4 g`, or `reference` for that of
    /// the reference adult.
    #[serde(default)]
    pub masses: BTreeMap<String, String>,
    /// Kidneys (or other organs) whose activity lies in a cortex: its share of mass and of activity.
    #[serde(default)]
    pub cortex: BTreeMap<String, CortexSpec>,
    /// The red marrow.
    pub marrow: Option<MarrowSpec>,
    /// Weights by effect; without them no dose is weighted.
    #[serde(default)]
    pub rbe: Vec<RbeSpec>,
    /// What becomes of daughters; all stay with their parent without it.
    pub daughters: Option<DaughterSpec>,
}

/// Which part of an organ is its cortex.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CortexSpec {
    /// Share of the mass, such as `70 %`.
    pub mass: String,
    /// Share of the activity, such as `100 %`.
    pub activity: String,
}

/// How a tissue answers to a dose that comes slowly.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TissueSpec {
    /// α/β, such as `2.5 Gy`.
    pub alpha_beta: String,
    /// Half-time of repair, such as `2.8 h`, or two phases, such as `40 % 0.3 h + 60 % 4 h`.
    pub repair: String,
}

/// Which of the volumes measured at several times is taken for the mass of a region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Volume {
    /// The mean of all.
    #[default]
    Mean,
    /// That of the first scan.
    First,
}

impl StepKind for DoseStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Data(&self.study), Use::Step(&self.from)]
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

impl DoseStep {
    /// What the keys of the step ask for.
    fn options(&self, reference: Sex) -> Result<DoseOptions, String> {
        Ok(DoseOptions {
            volume_sd: self.volume_sd.as_deref().map(relative).transpose()?,
            volume: self.volume,
            reference,
            leave_out: self.leave_out.clone(),
            bed: self
                .bed
                .iter()
                .map(|(region, t)| Ok((region.clone(), tissue(&t.alpha_beta, &t.repair)?)))
                .collect::<Result<_, String>>()?,
            masses: self
                .masses
                .iter()
                .map(|(region, text)| Ok((region.clone(), given_mass(region, text)?)))
                .collect::<Result<_, String>>()?,
            cortex: self
                .cortex
                .iter()
                .map(|(region, c)| Ok((region.clone(), cortex(&c.mass, &c.activity)?)))
                .collect::<Result<_, String>>()?,
            marrow: self.marrow.clone(),
            rbe: self.rbe.clone(),
            daughters: self.daughters.clone(),
        })
    }
}

/// A mass in g from text such as `1.4 g`; `None` for `reference`.
///
/// # Errors
/// When it is no mass above zero.
pub fn given_mass(region: &str, text: &str) -> Result<Option<f64>, String> {
    if text == "reference" {
        return Ok(None);
    }
    let g = quantity(&format!("mass of `{region}`"), text, "g")?;
    Mass::new(region, g, None).map_err(|e| e.to_string()).map(|mass| Some(mass.g))
}

/// Shares of mass and activity of a cortex from texts such as `70 %` and `100 %`.
///
/// # Errors
/// When they are no shares above 0 and at most 1.
pub fn cortex(mass: &str, activity: &str) -> Result<(f64, f64), String> {
    let share = |what: &str, text: &str| match quantity(what, text, "1")? {
        share if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err(format!("{what} is `{text}`; expected a share above 0 %, at most 100 %")),
    };
    Ok((share("mass of the cortex", mass)?, share("activity of the cortex", activity)?))
}

/// How doses are computed.
#[derive(Debug, Clone)]
pub struct DoseOptions {
    /// Relative standard deviation of measured volumes; `None` where nothing is known of it.
    pub volume_sd: Option<f64>,
    /// Which of the measured volumes gives the mass.
    pub volume: Volume,
    /// Reference adult whose organs are scaled to the patient.
    pub reference: Sex,
    /// Regions without an absorbed dose, and why.
    pub leave_out: BTreeMap<String, String>,
    /// Regions with a biologically effective dose.
    pub bed: BTreeMap<String, Tissue>,
    /// Masses given, g; `None` for that of the reference adult.
    pub masses: BTreeMap<String, Option<f64>>,
    /// Shares of mass and activity of a cortex.
    pub cortex: BTreeMap<String, (f64, f64)>,
    /// The red marrow.
    pub marrow: Option<MarrowSpec>,
    /// Weights by effect.
    pub rbe: Vec<RbeSpec>,
    /// What becomes of daughters.
    pub daughters: Option<DaughterSpec>,
}

impl DoseOptions {
    /// Mean volumes, the reference adult given, and nothing else asked for.
    #[must_use]
    pub fn new(reference: Sex) -> Self {
        Self {
            volume_sd: None,
            volume: Volume::Mean,
            reference,
            leave_out: BTreeMap::new(),
            bed: BTreeMap::new(),
            masses: BTreeMap::new(),
            cortex: BTreeMap::new(),
            marrow: None,
            rbe: Vec::new(),
            daughters: None,
        }
    }
}

/// All that a dose step finds.
#[derive(Debug, Clone)]
pub struct Doses {
    /// By region; the red marrow and cortices at the end.
    pub regions: Vec<RegionDose>,
    /// The red marrow by where its dose comes from.
    pub marrow: Option<Verdict<MarrowDose>>,
    /// By member of the chain.
    pub members: Option<Vec<MemberDose>>,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

impl Doses {
    /// The tables: doses, and of marrow, daughters and weighted doses where they were asked for.
    ///
    /// # Errors
    /// As [`weighted::table`].
    pub fn tables(&self, id: &str, options: &DoseOptions) -> Result<Vec<Table>, String> {
        let mut tables = vec![table(id, &self.regions)];
        tables.extend(self.marrow.as_ref().map(|marrow| marrow::table(id, marrow)));
        tables.extend(self.members.as_ref().map(|members| daughters::table(id, members)));
        if !options.rbe.is_empty() {
            tables.push(weighted::table(id, &options.rbe, &self.regions)?);
        }
        Ok(tables)
    }
}

/// Doses of measured regions, and of the red marrow, cortices and daughters where they are asked for.
///
/// # Errors
/// A region that was not measured, a ratio that is missing, a fraction out of range.
pub fn all_doses(
    study: &Study,
    subject: &str,
    cycle: u16,
    tias: &[RegionTia],
    options: &DoseOptions,
) -> Result<Doses, String> {
    check_regions(options, tias)?;
    let mut regions = doses(study, subject, cycle, tias, options);
    let members = options
        .daughters
        .as_ref()
        .map(|spec| daughters::by_member(spec, tias, &mut regions, options.reference))
        .transpose()?;
    let marrow = options
        .marrow
        .as_ref()
        .map(|spec| marrow::marrow(spec, study, (subject, cycle), tias, &regions, options))
        .transpose()?;
    for (region, (mass, activity)) in &options.cortex {
        let whole = regions.iter().find(|r| r.region == *region);
        let dose =
            whole.map_or_else(|| Verdict::refused("it was not measured"), |r| r.dose.clone());
        let dose = dose.try_map(|d| cortex_dose(&d, *mass, *activity));
        regions.push(RegionDose { region: format!("{region} cortex"), dose, effective: None });
    }
    if let Some(marrow) = &marrow {
        let dose = marrow.as_ref().map(|marrow| marrow.total.clone());
        regions.push(RegionDose { region: "red marrow".to_owned(), dose, effective: None });
    }
    let mut warnings = weighted::warnings(&options.rbe, &regions);
    warnings.extend(lutetia_patient::without_effective_dose(options.bed.keys(), tias));
    warnings.extend(doubtful_masses(&options.masses));
    Ok(Doses { regions, marrow, members, warnings })
}

/// The absorbed dose of a region, or why there is none.
#[derive(Debug, Clone)]
pub struct RegionDose {
    /// Region as the study names it.
    pub region: String,
    /// The dose with what stands against it, or why there is none.
    pub dose: Verdict<AbsorbedDose>,
    /// The biologically effective dose, or why there is none, where it was asked for.
    pub effective: Option<Verdict<Effective>>,
}

/// Every region that something is asked for must have been measured.
///
/// # Errors
/// A sentence that lists the regions there are.
pub fn check_regions(options: &DoseOptions, tias: &[RegionTia]) -> Result<(), String> {
    let known: Vec<&str> = tias.iter().map(|t| t.region.as_str()).collect();
    let asked = (options.bed.keys().map(|region| ("a BED", region)))
        .chain(options.masses.keys().map(|region| ("a mass", region)))
        .chain(options.cortex.keys().map(|region| ("a cortex", region)));
    for (what, unknown) in asked {
        if !known.contains(&unknown.as_str()) {
            let hint = lutetia_diagnostic::closest(unknown, known.iter().copied())
                .map_or_else(String::new, |c| format!("; did you mean `{c}`?"));
            return Err(format!(
                "{what} is asked for `{unknown}`, which was not measured; measured: {}{hint}",
                known.join(", ")
            ));
        }
    }
    Ok(())
}

/// Absorbed self doses of measured regions.
///
/// A mass is the measured volume (the mean, or that of the first scan) times the density of the
/// organ.
#[must_use]
pub fn doses(
    study: &Study,
    subject: &str,
    cycle: u16,
    tias: &[RegionTia],
    options: &DoseOptions,
) -> Vec<RegionDose> {
    tias.iter()
        .map(|t| {
            let dose = match options.leave_out.get(&t.region) {
                Some(reason) => Verdict::refused(reason.as_str()),
                None => dose(study, subject, cycle, t, options),
            };
            let effective =
                options.bed.get(&t.region).map(|tissue| effective(t, &dose, *tissue, &options.rbe));
            RegionDose { region: t.region.clone(), dose, effective }
        })
        .collect()
}

fn dose(
    study: &Study,
    subject: &str,
    cycle: u16,
    tia: &RegionTia,
    options: &DoseOptions,
) -> Verdict<AbsorbedDose> {
    tia.tia.as_ref().and_then(|integral| {
        let found = || -> Result<AbsorbedDose, Reason> {
            let region = Region::named(&tia.region).map_err(|e| e.to_string())?;
            let mass = mass(study, subject, cycle, tia, &region, options)?;
            let source = source_with_daughters(&tia.nuclide).map_err(|e| e.to_string())?;
            let factor = self_dose_factor(&source, &region, mass.g, options.reference)
                .map_err(|e| e.to_string())?;
            let mut dose = absorbed_dose(integral, &factor, mass, Some(tia.injected_mbq))
                .map_err(|e| e.to_string())?;
            if source.has_daughters() && options.daughters.is_none() {
                dose.method += "; daughters taken to stay where their parent decays";
            }
            Ok(dose)
        };
        found().map_or_else(Verdict::refused, Verdict::determined)
    })
}

/// Mass of a region: as given, else its measured volume times the density of the organ.
fn mass(
    study: &Study,
    subject: &str,
    cycle: u16,
    tia: &RegionTia,
    region: &Region,
    options: &DoseOptions,
) -> Result<Mass, String> {
    match options.masses.get(&tia.region) {
        Some(Some(g)) => return Mass::new(&tia.region, *g, None).map_err(|e| e.to_string()),
        Some(None) => {
            let g = region.reference_mass_g(options.reference).ok_or_else(|| {
                format!("the reference adult has no mass of `{}`; give it in g", tia.region)
            })?;
            return Mass::new(&tia.region, g, None).map_err(|e| e.to_string());
        }
        None => {}
    }
    let curve = study.curve(subject, cycle, &tia.region);
    if let Some(g) = curve.as_ref().and_then(lutetia_data::Curve::mean_mass_g) {
        return Mass::new(&tia.region, g, options.volume_sd.map(|sd| sd * g))
            .map_err(|e| e.to_string());
    }
    let volume = curve
        .and_then(|c| match options.volume {
            Volume::Mean => c.mean_volume_ml(),
            Volume::First => c.points.iter().find_map(|p| p.volume_ml),
        })
        .ok_or_else(|| {
            format!(
                "no volume of `{0}` was measured; give its mass, such as `{0} = \"20 g\"`",
                tia.region
            )
        })?;
    Mass::of_volume(region, volume, options.volume_sd.map(|sd| sd * volume))
        .map_err(|e| e.to_string())
}

/// The table of doses: every number with the note of its verdict.
#[must_use]
pub fn table(id: &str, doses: &[RegionDose]) -> Table {
    let mut table = Table::new(
        id,
        "Mean absorbed self dose per cycle, physical dose without RBE, one standard error",
    )
    .column("region", "")
    .column("mass", "g")
    .column("alpha", "Gy")
    .column("electron", "Gy")
    .column("photon", "Gy")
    .column("total", "Gy")
    .column("total_sd", "Gy")
    .column("per_activity", "Gy/GBq")
    .column("extrapolated", "%")
    .column("method", "");
    let effects = || doses.iter().filter_map(|d| d.effective.as_ref());
    let with_bed = effects().next().is_some();
    let unit = bed_unit(effects());
    if with_bed {
        table = table.column("protraction", "").column("bed", unit).column("eqd2", unit);
    }
    table = table.column("note", "");
    for region in doses {
        let (found, note) = shown(&region.dose);
        let mut row: Vec<Cell> = vec![
            region.region.as_str().into(),
            found.map(|d| d.mass.g).into(),
            found.map(|d| d.alpha).into(),
            found.map(|d| d.electron).into(),
            found.map(|d| d.photon).into(),
            found.map(|d| d.total).into(),
            found.and_then(|d| d.sd).into(),
            found.and_then(|d| d.gy_per_gbq).into(),
            found.and_then(|d| d.extrapolated_fraction).map(|f| 100.0 * f).into(),
            found.map_or("", |d| d.method.as_str()).into(),
        ];
        if with_bed {
            let e = region.effective.as_ref().and_then(|e| shown(e).0);
            row.push(e.map(|e| e.protraction).into());
            row.push(e.map(|e| e.bed_gy).into());
            row.push(e.map(|e| e.eqd2_gy).into());
        }
        row.push(region.with_bed_note(note).into());
        table.push(row);
    }
    table
}

/// Unit of biologically effective doses: Gy(RBE) where one of them is weighted.
pub fn bed_unit<'a>(effects: impl IntoIterator<Item = &'a Verdict<Effective>>) -> &'static str {
    let weighted = |e: &Verdict<Effective>| shown(e).0.is_some_and(|e| e.linear.is_weighted());
    if effects.into_iter().any(weighted) { "Gy(RBE)" } else { "Gy" }
}

impl RegionDose {
    /// The note of the dose, and why it has no BED where only that is missing.
    fn with_bed_note(&self, note: String) -> String {
        match &self.effective {
            Some(e) if e.is_refused() && !self.dose.is_refused() => {
                let join = if note.is_empty() { "" } else { "; " };
                format!("{note}{join}BED {}", e.note())
            }
            _ => note,
        }
    }

    /// Everything a reader must know of the dose, and of the BED where that was asked for.
    #[must_use]
    pub fn note(&self) -> String {
        self.with_bed_note(self.dose.note())
    }
}

/// The share and the rest of `40 % 0.5 h`; a half where none is said.
fn share(text: &str) -> Result<(f64, &str), String> {
    match text.split_once('%') {
        None => Ok((0.5, text.trim())),
        Some((percent, rest)) => {
            let text = format!("{} %", percent.trim());
            Ok((quantity("share of a phase of repair", &text, "1")?, rest.trim()))
        }
    }
}

/// A tissue from texts such as `2.5 Gy` and `2.8 h`; repair in two phases is written `0.3 h + 4 h`
/// (equal shares) or `40 % 0.3 h + 60 % 4 h`.
///
/// # Errors
/// When they are no dose and no time above zero.
pub fn tissue(alpha_beta: &str, repair: &str) -> Result<Tissue, String> {
    let alpha_beta = quantity("alpha/beta", alpha_beta, "Gy")?;
    let half_time = |text: &str| quantity("half-time of repair", text, "h");
    let tissue = match repair.split_once('+') {
        None => Tissue::new(alpha_beta, half_time(repair)?),
        Some((first, second)) => {
            let (w, first) = share(first)?;
            let (v, second) = share(second)?;
            let phases = [(w, half_time(first)?), (v, half_time(second)?)];
            Tissue::biphasic(alpha_beta, phases)
        }
    };
    tissue.map_err(|e| e.to_string())
}

/// A number in `unit` from text such as `2.5 Gy`; a pure number for the unit `1`.
pub(crate) fn quantity(what: &str, text: &str, unit: &str) -> Result<f64, String> {
    let q = Quantity::parse(text).map_err(|e| format!("{what}: {e}"))?;
    if unit == "1" {
        refuse_bare(text).map_err(|e| format!("{what}: {e}"))?;
        return if q.dimension() == Dimension::NONE {
            Ok(q.si())
        } else {
            Err(format!("{what} is `{text}`; expected a pure number such as `30 %`"))
        };
    }
    let unit = Unit::parse(unit).map_err(|e| e.to_string())?;
    q.to(&unit).map_err(|e| format!("{what}: {e}"))
}

/// The reference adult of a patient: as asked, else by the `sex` column of the study, else male.
///
/// # Errors
/// When `asked` is neither `male` nor `female`.
pub fn reference(study: &Study, subject: &str, asked: Option<&str>) -> Result<Sex, String> {
    match asked.map(str::to_lowercase).as_deref() {
        Some("female" | "f") => Ok(Sex::Female),
        Some("male" | "m") => Ok(Sex::Male),
        None => Ok(study.sex(subject).unwrap_or(Sex::Male)),
        Some(other) => Err(format!("reference `{other}` is neither `male` nor `female`")),
    }
}

/// Refuses a reference mass for a patient of whom nobody said which reference adult is meant.
///
/// # Errors
/// What would say it.
pub fn check_reference(
    study: &Study,
    subject: &str,
    asked: Option<&str>,
    masses: &BTreeMap<String, Option<f64>>,
) -> Result<(), String> {
    let Some((region, _)) = masses.iter().find(|(_, mass)| mass.is_none()) else { return Ok(()) };
    if asked.is_some() || study.sex(subject).is_some() {
        return Ok(());
    }
    let differs = Region::named(region)
        .is_ok_and(|r| r.reference_mass_g(Sex::Male) != r.reference_mass_g(Sex::Female));
    if !differs {
        return Ok(());
    }
    Err(format!(
        "the reference mass of `{region}` goes by sex, and that of subject `{subject}` is not known; write `male` or \
         `female` in a column `sex` of subjects.csv, or name the reference adult (`--reference female`)"
    ))
}

/// What masses in g a unit was mistaken for.
const MASS_SLIPS: [(f64, &str); 4] = [
    (1e-3, "was g meant?"),
    (1e3, "was kg meant?"),
    (1e-6, "was mg meant?"),
    (1e6, "look at the unit"),
];

/// Masses given that the regions cannot have.
fn doubtful_masses(masses: &BTreeMap<String, Option<f64>>) -> Vec<String> {
    masses
        .iter()
        .filter_map(|(region, mass)| {
            let g = (*mass)?;
            let (reference, slip) = RegionName::read(region).doubtful_mass(g, &MASS_SLIPS)?;
            let slip = slip.map_or_else(String::new, |slip| format!("; {slip}"));
            Some(format!(
                "warning: a mass of {} g is given for `{region}`; {reference}{slip}",
                significant(g, 4)
            ))
        })
        .collect()
}

/// A relative standard deviation from text such as `5 %`.
///
/// # Errors
/// When it is no non-negative pure number.
pub fn relative(text: &str) -> Result<f64, String> {
    refuse_bare(text).map_err(|e| e.to_string())?;
    let q = Quantity::parse(text).map_err(|e| e.to_string())?;
    if q.dimension() == Dimension::NONE && q.si() >= 0.0 {
        Ok(q.si())
    } else {
        Err(format!("`{text}` is no relative standard deviation; expected one such as `5 %`"))
    }
}

/// Runs the step of an experiment.
pub(crate) fn run(step: &DoseStep, context: &mut Context) -> Result<(), StepError> {
    let study = context.study(&step.study)?;
    let subject = subject(study, step.subject.as_deref())?;
    let options = step.options(reference(study, subject, step.reference.as_deref())?)?;
    check_reference(study, subject, step.reference.as_deref(), &options.masses)?;
    let tias = context.artefacts.integrals(&step.from)?;
    let doses = all_doses(study, subject, cycle(step.cycle)?, tias, &options)?;
    for table in doses.tables(&step.id, &options)? {
        context.add(table);
    }
    for (i, warning) in doses.warnings.iter().enumerate() {
        context.settings.insert(format!("note {} of `{}`", i + 1, step.id), warning.clone());
    }
    let made = Artefact::Doses { from: step.from.clone(), regions: doses.regions };
    context.artefacts.add(&step.id, made);
    if let Some(sd) = &step.volume_sd {
        context.settings.insert(format!("relative SD of volumes of `{}`", step.id), sd.clone());
    }
    Ok(())
}
