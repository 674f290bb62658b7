//! Which tables a step will make, with their columns and, where the keys and the data decide them, their rows.
//!
//! What is said here is held against every table that is made: the tests compare it with the committed tables of all
//! experiments and with those of the steps that they run.

mod patients;
mod trials;

use std::collections::BTreeMap;

use lutetia_data::{PetStudy, Study};
use lutetia_scenario::LoadedModel;
use lutetia_table::{Cell, Origin, Tables};

use crate::{
    Experiment,
    names::owns,
    steps::{self, Context, Step, Use},
};

/// A table that a step will make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Its name: that of the step, or that and the part.
    pub name: String,
    /// Its columns, in their order.
    pub columns: Vec<String>,
    /// Whether it may have further columns, which what is read decides.
    pub open: bool,
    /// The names that those may have, where that is known.
    pub among: Option<Vec<String>>,
    /// The first cells of its rows, where all of them are known.
    pub rows: Option<Vec<String>>,
    /// What may stand in the cells of a column of texts, where all of it is known.
    pub texts: Vec<(String, Vec<String>)>,
    /// Whether it is made in any case; else what is computed decides.
    pub certain: bool,
    /// Whether it shows results, which later steps may take.
    pub results: bool,
}

impl Sheet {
    fn new(step: &str, part: &str, columns: &str) -> Self {
        let name = if part.is_empty() { step.to_owned() } else { format!("{step}.{part}") };
        Self {
            name,
            columns: columns.split_whitespace().map(str::to_owned).collect(),
            open: false,
            among: None,
            rows: None,
            texts: Vec::new(),
            certain: true,
            results: false,
        }
    }

    /// With further columns, spaces between those of a text.
    fn and(mut self, columns: &str) -> Self {
        self.columns.extend(columns.split_whitespace().map(str::to_owned));
        self
    }

    /// With further columns by name.
    fn with(mut self, columns: impl IntoIterator<Item = String>) -> Self {
        self.columns.extend(columns);
        self
    }

    fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// With further columns of these names.
    fn among(mut self, names: Option<Vec<String>>) -> Self {
        self.among = names;
        self.open()
    }

    /// The sheet of results.
    fn of_results(step: &str, part: &str, columns: &str) -> Self {
        Self { results: true, ..Self::new(step, part, columns) }
    }

    fn perhaps(mut self) -> Self {
        self.certain = false;
        self
    }

    /// With what may stand in a column.
    fn texts(mut self, column: &str, texts: Vec<String>) -> Self {
        self.texts.push((column.to_owned(), texts));
        self
    }

    fn rows(mut self, rows: Option<Vec<String>>) -> Self {
        self.rows = rows;
        self
    }

    /// Whether a column of that name can be there.
    #[must_use]
    pub fn may_have(&self, column: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|known| known == column);
        named(&self.columns) || self.open && self.among.as_deref().is_none_or(named)
    }
}

/// What the steps of an experiment read, as far as it could be read.
pub(crate) struct Scope<'e> {
    pub(crate) experiment: &'e Experiment,
    pub(crate) studies: &'e BTreeMap<String, Study>,
    pub(crate) scans: &'e BTreeMap<String, PetStudy>,
    pub(crate) published: &'e Tables,
    pub(crate) models: &'e BTreeMap<String, LoadedModel>,
}

impl<'e> Scope<'e> {
    pub(crate) fn of(experiment: &'e Experiment, context: &'e Context) -> Self {
        let Context { studies, scans, published, models, .. } = context;
        Self { experiment, studies, scans, published, models }
    }

    /// The nuclide that a model is run with, as the table has it.
    fn nuclide(&self, model: &str) -> Option<String> {
        let name = self.experiment.models.get(model)?.nuclides.first()?;
        Some(crate::steps::designs::compute::canonical(name))
    }

    pub(crate) fn step(&self, id: &str) -> Option<&'e Step> {
        self.experiment.steps.iter().find(|step| step.kind().id() == id)
    }

    pub(crate) fn trial(&self, id: &str) -> Option<&'e crate::steps::trial::TrialStep> {
        match self.step(id)? {
            Step::Trial(trial) => Some(trial),
            _ => None,
        }
    }

    /// A trial with what the chain of its cohort declares.
    pub(crate) fn declared_trial(&self, id: &str) -> Option<crate::steps::trial::TrialStep> {
        let trial = self.trial(id)?;
        let Some(Step::Cohort(cohort)) = self.step(&trial.cohort) else { return None };
        Some(trial.with_declared(&self.models.get(&cohort.model)?.model))
    }

    /// The subject of a study: as named, or the only one.
    pub(crate) fn subject(&self, study: &str, asked: Option<&str>) -> Option<(&'e Study, &'e str)> {
        let study = self.studies.get(study)?;
        Some((study, crate::steps::subject(study, asked).ok()?))
    }

    /// The regions of a cycle of a study, or those that are named of them.
    pub(crate) fn measured(
        &self,
        study: &str,
        subject: Option<&str>,
        cycle: u32,
        named: Option<&[String]>,
    ) -> Option<Vec<String>> {
        if let Some(named) = named {
            return Some(named.to_vec());
        }
        let (study, subject) = self.subject(study, subject)?;
        let regions = study.regions(subject, u16::try_from(cycle).ok()?);
        Some(regions.into_iter().map(str::to_owned).collect())
    }

    /// The step that a table is of.
    pub(crate) fn step_of(&self, table: &str) -> Option<&'e str> {
        let ids = self.experiment.steps.iter().map(|step| step.kind().id());
        ids.filter(|id| owns(id, table)).max_by_key(|id| id.len())
    }

    /// Where the numbers of a table will come from, as [`Context::begin`] has it when its step runs.
    pub(crate) fn origin_of(&self, table: &str) -> Origin {
        let Some(step) = self.step_of(table).and_then(|id| self.step(id)) else {
            return self.published.get(table).map_or(Origin::Observed, |t| t.origin);
        };
        // Steps use steps before them alone, so that this ends.
        let before = |id: &str| {
            let place = |id: &str| self.experiment.steps.iter().position(|s| s.kind().id() == id);
            place(id) < place(step.kind().id())
        };
        steps::origin(step.kind(), &|used| match used {
            Use::Data(name) => self.published.get(*name).map_or(Origin::Observed, |t| t.origin),
            Use::Step(id) if before(id) => self.origin_of(id),
            _ => Origin::Unknown,
        })
    }

    /// The arms of a table of patients' times, where they are known.
    pub(crate) fn arms(&self, table: &str, column: &str) -> Option<Vec<String>> {
        let (published, column) = match self.step_of(table).and_then(|id| self.step(id)) {
            Some(Step::Reconstruct(s)) => (self.published.get(&s.curve)?, "arm"),
            Some(Step::Trial(s)) => return Some(s.arms.iter().map(|a| a.name.clone()).collect()),
            Some(_) => return None,
            None => (self.published.get(table)?, column),
        };
        let at = published.index_of(column)?;
        let mut arms: Vec<String> = Vec::new();
        for cell in published.rows.iter().filter_map(|row| row.get(at)) {
            let arm = cell.csv();
            if !arms.contains(&arm) {
                arms.push(arm);
            }
        }
        Some(arms)
    }

    /// The regions that a step of doses may have.
    pub(crate) fn dosed(&self, id: &str) -> Option<Vec<String>> {
        match self.step(id)? {
            Step::Dose(dose) => self.integrated(&dose.from),
            _ => None,
        }
    }

    /// The regions that a step hands integrals on of.
    pub(crate) fn integrated(&self, id: &str) -> Option<Vec<String>> {
        match self.step(id)? {
            Step::FitCurves(s) => {
                self.measured(&s.study, s.subject.as_deref(), s.cycle, s.regions.as_deref())
            }
            Step::Integrate(s) => {
                self.measured(&s.study, s.subject.as_deref(), s.cycle, s.regions.as_deref())
            }
            Step::FitModel(s) => Some(s.observe.keys().cloned().collect()),
            _ => None,
        }
    }
}

/// A number as it stands in a table.
fn number(x: f64) -> String {
    Cell::from(x).csv()
}

/// The tables that a step will make; none where nothing of it is known.
pub(crate) fn of(step: &Step, scope: &Scope<'_>) -> Vec<Sheet> {
    match step {
        Step::FitCurves(s) => patients::fit_curves(s, scope),
        Step::CohortCurves(s) => patients::cohort_curves(s),
        Step::SelectFunction(s) => patients::select_function(s),
        Step::Integrate(s) => patients::integrate(s, scope),
        Step::Dose(s) => patients::dose(s, scope),
        Step::Uncertainty(s) => patients::uncertainty(s, scope),
        Step::ModelDose(s) => patients::model_dose(s),
        Step::Designs(s) => patients::designs(s, scope),
        Step::SmallTargets(s) => patients::small_targets(s),
        Step::Plan(s) => patients::plan(s, scope),
        Step::FitModel(s) => patients::fit_model(s, scope),
        Step::Sweep(s) => patients::sweep(s, scope),
        Step::Simulate(s) => patients::simulate(s, scope),
        Step::SideBySide(s) => patients::side_by_side(s, scope),
        Step::Pet(s) => patients::pet(s, scope),
        Step::PetToTherapy(s) => patients::pet_to_therapy(s),
        Step::Compare(s) => trials::compare(s),
        Step::Reconstruct(s) => trials::reconstruct(s, scope),
        Step::Survival(s) => trials::survival(s, scope),
        Step::IndependentAction(s) => trials::independent_action(s),
        Step::Combination(s) => trials::combination(s),
        Step::Cohort(s) => trials::cohort(s, scope),
        Step::Trial(s) => trials::trial(s),
        Step::Calibrate(s) => trials::calibrate(s),
        Step::Courses(s) => trials::courses(s, scope),
        Step::ExposureResponse(s) => trials::exposure_response(s),
        Step::OneAtATime(s) => trials::one_at_a_time(s),
        Step::TradeOff(s) => trials::trade_off(s, scope),
    }
}
