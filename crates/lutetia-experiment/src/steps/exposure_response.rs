//! Does a response or a harm of a trial's patients follow their exposure?

use lutetia_outcome::exposure_response::Logistic;
use lutetia_outcome::lack_of_fit::{ExposureGroup, LackOfFit};
use lutetia_trial::{Record, Share, TrialSpec};
use lutetia_units::Quantity;
use serde::Deserialize;

use super::{Context, StepKind, Use, trade_off::kept, trial::TrialUse};
use crate::steps::StepError;
use lutetia_table::{Cell, Table, significant};

/// A logistic curve of a response or a harm against an exposure over the patients of a trial. Tables:
/// `<id>` (the curve with its 95 % band), `<id>.patients`, `<id>.fit` (odds ratio, p) and `<id>.lack_of_fit`
/// (events seen and expected in tenths of the patients, and Hosmer and Lemeshow's test). A curve that its
/// patients refute has no band, and the interval of its odds ratio is widened by `√(χ²/df)`.
///
/// Patients of a trial stop treatment at progression and die: exposure follows response as well as
/// response exposure, so that the curve describes and does not predict.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExposureResponseStep {
    /// Name of the tables.
    pub id: String,
    /// An earlier step of the kind `trial`.
    pub trial: String,
    /// An output that the trial keeps, such as an absorbed dose.
    pub exposure: String,
    /// What is counted per patient, by its name in the table `<trial>.shares`.
    pub response: String,
    /// Arms that are pooled; all if left out.
    #[serde(default)]
    pub arms: Vec<String>,
    /// Rise of exposure that the odds ratio is of, such as `10 Gy`; one unit if left out.
    pub per: Option<String>,
}

/// Points of the curve.
const POINTS: u32 = 101;

/// Groups of patients in which the curve is tested.
const GROUPS: usize = 10;

/// The test of a curve, or why there is none.
type Tested = Result<(LackOfFit, Vec<ExposureGroup>), StepError>;

impl StepKind for ExposureResponseStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Step(&self.trial)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let (base, records) = context.trial(&self.trial)?;
        for table in self.compute(base, records)? {
            context.add(table);
        }
        Ok(())
    }
}

impl ExposureResponseStep {
    fn compute(&self, base: &TrialUse, records: &[Record]) -> Result<Vec<Table>, StepError> {
        let place = kept(base, &self.exposure)?;
        let system = base.cohort.model.simulator.system();
        // `kept` resolved the name when the trial was made.
        let info = system
            .output_index(&self.exposure)
            .map(|k| &system.outputs()[k])
            .ok_or_else(|| format!("the model has no output `{}`", self.exposure))?;
        let unit = info.unit.symbol();
        let per = match &self.per {
            None => 1.0,
            Some(text) => Quantity::parse(text)
                .and_then(|q| q.to(&info.unit))
                .map_err(|e| format!("`per`: {e}"))?,
        };
        let chosen = self.chosen(&base.spec)?;
        let spec = &base.spec;
        let share = Share::named(&self.response, spec).ok_or_else(|| {
            let known: Vec<String> =
                Share::of_trial(spec).iter().map(|share| share.name(spec)).collect();
            format!("no share is called `{}`; there are: {}", self.response, known.join(", "))
        })?;
        let (mut exposure, mut response) = (Vec::new(), Vec::new());
        for record in records.iter().filter(|r| chosen.contains(&r.arm)) {
            // Who was never assessed has no response, neither yes nor no.
            if let (Some(x), Some(yes)) = (record.kept.get(place), share.of(record)) {
                exposure.push(x * info.factor);
                response.push(yes);
            }
        }
        let fit = Logistic::fit(&exposure, &response)?;
        let mut patients = Table::new(format!("{}.patients", self.id), "Exposure and response")
            .column("exposure", unit)
            .column("response", "");
        for (x, yes) in exposure.iter().zip(&response) {
            patients.push(vec![(*x).into(), f64::from(u8::from(*yes)).into()]);
        }
        let tested = fit.lack_of_fit(&exposure, &response, GROUPS).map_err(StepError::from);
        Ok(vec![
            self.curve(&fit, &tested, &exposure, unit)?,
            patients,
            self.summary(&fit, &tested, per, unit)?,
            self.groups(&tested, unit),
        ])
    }

    fn groups(&self, tested: &Tested, unit: &str) -> Table {
        let caption = match tested {
            Ok((test, _)) => format!(
                "Events of `{}` seen and expected by the logistic curve, in groups of neighbouring exposures; \
                 Hosmer and Lemeshow: χ² {} on {} degrees of freedom, {}: {}",
                self.response,
                significant(test.chi_squared, 3),
                test.df,
                p_value(test.p),
                if test.refuted() { "the curve is refuted" } else { "the curve is not refuted" }
            ),
            Err(reason) => format!("The fit of the logistic curve is not tested: {reason}"),
        };
        let mut table = Table::new(format!("{}.lack_of_fit", self.id), caption)
            .column("exposure", unit)
            .column("patients", "")
            .column("events", "")
            .column("expected", "")
            .column("z", "")
            .tolerance(1e-2);
        for g in tested.iter().flat_map(|t| &t.1) {
            #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
            let (n, events) = (g.patients as f64, g.events as f64);
            let z = (events - g.expected) / (g.expected * (1.0 - g.expected / n)).sqrt();
            table.push(vec![
                g.exposure.into(),
                n.into(),
                events.into(),
                g.expected.into(),
                z.into(),
            ]);
        }
        table
    }

    fn chosen(&self, spec: &TrialSpec) -> Result<Vec<usize>, StepError> {
        let names: Vec<&str> = spec.arms.iter().map(|a| a.name.as_str()).collect();
        if self.arms.is_empty() {
            return Ok((0..names.len()).collect());
        }
        let place = |wanted: &String| {
            names.iter().position(|n| n == wanted).ok_or_else(|| {
                format!("no arm `{wanted}`; the arms are {}", names.join(", ")).into()
            })
        };
        self.arms.iter().map(place).collect()
    }

    fn curve(
        &self,
        fit: &Logistic,
        tested: &Tested,
        exposure: &[f64],
        unit: &str,
    ) -> Result<Table, StepError> {
        let refuted = tested.as_ref().is_ok_and(|t| t.0.refuted());
        let (low, high) = exposure
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
        let said = if refuted {
            "; refuted by the patients it was fitted to (lack of fit), so that it has no band"
        } else {
            ""
        };
        let caption = format!("Probability of `{}` by exposure, logistic{said}", self.response);
        let mut table = Table::new(&self.id, caption)
            .column("exposure", unit)
            .column("probability", "")
            .column("low", "")
            .column("high", "");
        for k in 0..POINTS {
            let x = low + (high - low) * f64::from(k) / f64::from(POINTS - 1);
            let (p, a, b) = fit.at(x, 0.95)?;
            let ends = if refuted { [Cell::Missing, Cell::Missing] } else { [a.into(), b.into()] };
            table.push([x.into(), p.into()].into_iter().chain(ends).collect());
        }
        Ok(table)
    }

    fn summary(
        &self,
        fit: &Logistic,
        tested: &Tested,
        per: f64,
        unit: &str,
    ) -> Result<Table, StepError> {
        let (ratio, low, high) = fit.odds_ratio(per, 0.95)?;
        let test = tested.as_ref().ok().map(|t| t.0);
        // The scatter about a refuted curve is wider than the curve says.
        let wider = test.filter(LackOfFit::refuted).map_or(1.0, |t| t.widening());
        let [low, high] = [low, high].map(|end: f64| ratio * (end / ratio).powf(wider));
        let p = if wider > 1.0 { Cell::Missing } else { Cell::of_p(fit.p()) };
        let note: Cell = match tested {
            Ok((t, _)) if t.refuted() => format!(
                "refuted (lack of fit); interval widened by {} and no p",
                significant(wider, 2)
            )
            .into(),
            Ok(_) => Cell::Missing,
            Err(reason) => reason.to_string().into(),
        };
        let count = |n: usize| Cell::from(f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
        let mut table = Table::new(format!("{}.fit", self.id), "Odds ratio of the logistic curve")
            .column("what", "")
            .column("odds_ratio", "")
            .column("low", "")
            .column("high", "")
            .column("p", "")
            .column("per", "")
            .column("events", "")
            .column("patients", "")
            .column("lack_of_fit", "")
            .tolerance(1e-2)
            .column("lack_of_fit_df", "")
            .column("lack_of_fit_p", "")
            .tolerance(1e-1)
            .column("note", "");
        table.push(vec![
            self.response.as_str().into(),
            ratio.into(),
            low.into(),
            high.into(),
            p,
            format!("{} {unit}", significant(per, 3)).trim().into(),
            count(fit.events),
            count(fit.patients),
            test.map(|t| t.chi_squared).into(),
            test.map_or(Cell::Missing, |t| count(t.df)),
            test.map(|t| t.p).into(),
            note,
        ]);
        Ok(table)
    }
}

fn p_value(p: f64) -> String {
    if p < 1e-4 { "p < 0.0001".to_owned() } else { format!("p = {}", significant(p, 2)) }
}
