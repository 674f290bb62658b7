//! Time-integrated activities without a fitted function: one measurement, or trapezoids.

use crate::artefact::Artefact;
use crate::steps::StepError;
use lutetia_data::{Curve, CurvePoint, Study};
use lutetia_dose::{
    Start, TacLibrary, Tail, Tia, Trapezoids, TriExponential, from_library, haenscheid, madsen,
};
use lutetia_fit::{
    DerivedKind, ErrorModel, ExponentialForm, FitParameter, Observation, Prior, Problem,
    SumOfExponentials, fit,
};
use lutetia_units::{Quantity, Unit};
use serde::Deserialize;

use super::{
    Context, RegionTia, StepKind, Use, administrations, cycle, defaults, judge, shape, shown,
    subject,
};
use lutetia_table::Table;

/// Time-integrated activities without a fitted function.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integrate {
    /// Name of the table.
    pub id: String,
    /// Name under `[data]`.
    pub study: String,
    /// Subject; the only one if left out.
    pub subject: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "defaults::one")]
    pub cycle: u32,
    /// Regions; all if left out.
    pub regions: Option<Vec<String>>,
    /// `haenscheid`, `madsen 51 h`, `madsen 51 h 8 h`, `map effective 51 h 20 %`, `map biological 70 h 30 %` (with
    /// `amplitude 120 MBq 40 %` after it where the amplitude has a prior too), `library`, `jackson`,
    /// `trapezoid physical`, `trapezoid fitted` or `trapezoid 51 h`.
    pub method: String,
    /// Table under `[data]` with the curves of `library`: columns curve, amplitude, effective_half_life (h).
    pub library: Option<String>,
    /// The measurement nearest to this time, in hours or with a unit such as `1 d`, where the method takes one.
    #[serde(default, deserialize_with = "defaults::some_hours")]
    pub at: Option<f64>,
}

impl StepKind for Integrate {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        std::iter::once(self.study.as_str()).chain(self.library.as_deref()).map(Use::Data).collect()
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

/// How an integral is had without a fit.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// Hänscheid 2018: one measurement, no half-life.
    Haenscheid,
    /// Madsen 2018: one measurement and a half-life, h, with its scatter.
    Madsen(f64, Option<f64>),
    /// One exponential under a population's prior, from one measurement.
    Map(MapPrior),
    /// Jackson 2020: one measurement and a library of curves of the same tissue.
    Library(TacLibrary),
    /// Jackson 2013: a tri-exponential through three measurements.
    Jackson,
    /// Trapezoids from zero at the injection, and a tail; the physical half-life is the nuclide's.
    Trapezoid(TailChoice),
}

/// What a population says of one exponential.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapPrior {
    /// Whether the half-life is the biological one (the effective one then never exceeds the physical) or the effective.
    pub biological: bool,
    /// Median half-life, h.
    pub half_life_h: f64,
    /// Coefficient of variation between patients (log-normal), 1 = 100 %.
    pub cv: f64,
    /// Median activity at time zero, MBq, and its coefficient of variation; without it the amplitude is free.
    pub amplitude: Option<(f64, f64)>,
    /// Relative standard deviation of the measurement where the table has none.
    pub error: f64,
}

/// Relative standard deviation of a measurement where nothing is said.
const ASSUMED_ERROR: f64 = 0.1;

/// The tail of trapezoids.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TailChoice {
    /// Physical decay.
    Physical,
    /// Through the last two measurements.
    Fitted,
    /// An effective half-life, h.
    Given(f64),
}

/// A method from text: `haenscheid`, `madsen 51 h`, `madsen 51 h 8 h` (half-life and its SD), `map effective 51 h 20 %`
/// (half-life and its CV), `library`, `jackson`, `trapezoid physical`, `trapezoid fitted` or `trapezoid 51 h`.
///
/// # Errors
/// A sentence that says what would do.
pub fn method(text: &str, library: Option<TacLibrary>) -> Result<Method, String> {
    let fail = || {
        format!(
            "cannot read the method `{text}`; expected `haenscheid`, `madsen 51 h`, `madsen 51 h 8 h`, \
             `map effective 51 h 20 %`, `map biological 70 h 30 % amplitude 120 MBq 40 %`, `library`, \
             `jackson`, `trapezoid physical`, `trapezoid fitted` or `trapezoid 51 h`"
        )
    };
    let mbq = Unit::parse("MBq").map_err(|e| e.to_string())?;
    let hour = Unit::parse("h").map_err(|e| e.to_string())?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let hours = |number: &str, unit: &str| -> Result<f64, String> {
        let q = Quantity::parse(&format!("{number} {unit}")).map_err(|_| fail())?;
        q.to(&hour).map_err(|_| fail())
    };
    let share = |number: &str| -> Result<f64, String> {
        match number.parse::<f64>() {
            Ok(x) if x.is_finite() && x > 0.0 => Ok(x / 100.0),
            _ => Err(fail()),
        }
    };
    let prior = |kind: &str, n: &str, u: &str, cv: &str| -> Result<MapPrior, String> {
        let biological = match kind {
            "biological" => true,
            "effective" => false,
            _ => return Err(fail()),
        };
        let half_life_h = hours(n, u)?;
        if !(half_life_h > 0.0 && half_life_h.is_finite()) {
            return Err(fail());
        }
        Ok(MapPrior {
            biological,
            half_life_h,
            cv: share(cv)?,
            amplitude: None,
            error: ASSUMED_ERROR,
        })
    };
    match words[..] {
        ["map", kind, n, u, cv, "%"] => Ok(Method::Map(prior(kind, n, u, cv)?)),
        ["map", kind, n, u, cv, "%", "amplitude", a, au, acv, "%"] => {
            let median = Quantity::parse(&format!("{a} {au}"))
                .map_err(|_| fail())?
                .to(&mbq)
                .map_err(|_| fail())?;
            if !(median > 0.0 && median.is_finite()) {
                return Err(fail());
            }
            let amplitude = Some((median, share(acv)?));
            Ok(Method::Map(MapPrior { amplitude, ..prior(kind, n, u, cv)? }))
        }
        ["library"] => library.map(Method::Library).ok_or_else(|| {
            "the method `library` needs a table of curves: columns curve, amplitude, effective_half_life (h)"
                .to_owned()
        }),
        ["jackson"] => Ok(Method::Jackson),
        ["haenscheid"] => Ok(Method::Haenscheid),
        ["madsen", n, u] => Ok(Method::Madsen(hours(n, u)?, None)),
        ["madsen", n, u, m, v] => Ok(Method::Madsen(hours(n, u)?, Some(hours(m, v)?))),
        ["trapezoid", "physical"] => Ok(Method::Trapezoid(TailChoice::Physical)),
        ["trapezoid", "fitted"] => Ok(Method::Trapezoid(TailChoice::Fitted)),
        ["trapezoid", n, u] => Ok(Method::Trapezoid(TailChoice::Given(hours(n, u)?))),
        _ => Err(fail()),
    }
}

/// A measurement counts as taken at the time asked for within this share of it, or within [`NEAR_H`]: scans are planned
/// for 24 h and made at 20 to 28 h.
const NEAR: f64 = 0.25;

/// … or within so many hours.
const NEAR_H: f64 = 2.0;

/// Measured within these multiples of the effective half-life, one measurement misses the integral of one exponential by
/// 12 % at most (Hänscheid 2018).
const GOOD_TIMES: (f64, f64) = (0.75, 2.5);

/// The measurement nearest to `at_h`, or the only one.
fn one_point(curve: &Curve, at_h: Option<f64>) -> Result<&CurvePoint, String> {
    let region = &curve.region;
    let distance = |t: f64| at_h.map_or(0.0, |at| (t - at).abs());
    let measured = || {
        let times: Vec<String> =
            curve.points.iter().map(|p| lutetia_table::significant(p.time_h, 4)).collect();
        format!("measured at {} h", times.join(", "))
    };
    if curve.points.len() > 1 && at_h.is_none() {
        return Err(format!(
            "`{region}` has {} measurements and the method takes one; say which by its time, `--at` HOURS (`at` in an \
             experiment); {}",
            curve.points.len(),
            measured()
        ));
    }
    let nearest = curve
        .points
        .iter()
        .min_by(|a, b| distance(a.time_h).total_cmp(&distance(b.time_h)))
        .ok_or_else(|| format!("`{region}` has no measurement"))?;
    if let Some(at) = at_h
        && distance(nearest.time_h).partial_cmp(&(NEAR * at).max(NEAR_H))
            != Some(std::cmp::Ordering::Less)
    {
        return Err(format!(
            "`{region}` has no measurement near {} h; {}",
            lutetia_table::significant(at, 4),
            measured()
        ));
    }
    if nearest.below_detection {
        return Err(format!("`{region}` at {} h is below detection", nearest.time_h));
    }
    Ok(nearest)
}

/// An integral proportional to one activity, with the standard deviation of that activity added where it has one, and a
/// word on how it was made.
fn of_one(found: &Tia, point: &CurvePoint, word: &str) -> Result<Tia, String> {
    let value = found.value_mbq_h();
    let own = point.sd_mbq.filter(|_| point.activity_mbq > 0.0);
    let measurement = own.map(|sd| value * sd / point.activity_mbq);
    let (sd, covers) = match (found.sd_mbq_h(), measurement) {
        (Some(a), Some(b)) => (Some(a.hypot(b)), ""),
        (Some(a), None) => (Some(a), "; the SD leaves the measurement out"),
        (None, Some(b)) => (Some(b), "; the SD is that of the measurement alone"),
        (None, None) => (None, ""),
    };
    let method = format!("{}{word}{covers}", found.method());
    Tia::new(found.region(), value, sd, found.extrapolated_fraction(), &method)
        .map_err(|e| e.to_string())
}

/// What is to be said of a measurement at `time_h` under an effective half-life.
fn early_or_late(time_h: f64, half_life_h: f64) -> String {
    let x = time_h / half_life_h;
    if (GOOD_TIMES.0..=GOOD_TIMES.1).contains(&x) {
        return String::new();
    }
    format!(
        "; measured at {} effective half-lives, outside {} to {}: the integral rests on the half-life",
        lutetia_table::significant(x, 2),
        GOOD_TIMES.0,
        GOOD_TIMES.1
    )
}

/// The integral of one region. A method of one measurement takes the one nearest to `at_h`, or the
/// only one.
///
/// # Errors
/// Why there is none: several measurements and no `at_h` or none near it, one below detection, a curve that rises at
/// its end or falls slower than the nuclide decays, an effective half-life above the physical one.
pub fn integral(curve: &Curve, method: &Method, at_h: Option<f64>) -> Result<Tia, String> {
    administrations::one_injection(curve)?;
    let one = || one_point(curve, at_h);
    let region = curve.region.as_str();
    let physical_h = physical_half_life(curve)?;
    let possible = |half_life_h: f64, whose: &str| {
        let wrong = shape::impossible_half_life(half_life_h, physical_h, &curve.nuclide, whose);
        wrong.map_or(Ok(()), Err)
    };
    let all_sd: Option<Vec<f64>> = curve.points.iter().map(|p| p.sd_mbq).collect();
    match method {
        Method::Haenscheid => {
            let p = one()?;
            let found = haenscheid(region, p.time_h, p.activity_mbq).map_err(|e| e.to_string())?;
            let hours = |x: f64| lutetia_table::significant(x, 3);
            let (short, long) = (p.time_h / GOOD_TIMES.1, p.time_h / GOOD_TIMES.0);
            let word = if short >= physical_h {
                format!(
                    ", measured too late: more than {} physical half-lives, the integral is too small",
                    GOOD_TIMES.1
                )
            } else {
                format!(
                    ", within 12 % for effective half-lives of {} to {} h",
                    hours(short),
                    hours(long.min(physical_h))
                )
            };
            of_one(&found, p, &word)
        }
        Method::Madsen(half_life, sd) => {
            possible(*half_life, "of `madsen`")?;
            let p = one()?;
            let found = madsen(region, p.time_h, p.activity_mbq, *half_life, *sd)
                .map_err(|e| e.to_string())?;
            of_one(&found, p, &early_or_late(p.time_h, *half_life))
        }
        Method::Library(library) => {
            if let Some(slowest) = library.slowest_half_life_h() {
                possible(slowest, "of a curve of the library")?;
            }
            let p = one()?;
            let found = from_library(region, p.time_h, p.activity_mbq, library)
                .map_err(|e| e.to_string())?;
            of_one(&found, p, "")
        }
        Method::Map(prior) => {
            if !prior.biological {
                possible(prior.half_life_h, "of `map effective`")?;
            }
            let p = one()?;
            let sd = p.sd_mbq.unwrap_or(prior.error * p.activity_mbq);
            let physical = std::f64::consts::LN_2 / physical_h;
            map(region, (p.time_h, p.activity_mbq, sd), prior, physical)
        }
        Method::Jackson => {
            slow_end(curve, physical_h)?;
            let points: Vec<(f64, f64)> =
                curve.points.iter().map(|p| (p.time_h, p.activity_mbq)).collect();
            let three: [(f64, f64); 3] = points.try_into().map_err(|p: Vec<_>| {
                format!("`{region}` has {} measurements and the method takes three", p.len())
            })?;
            match all_sd.and_then(|sd| <[f64; 3]>::try_from(sd).ok()) {
                Some(sd) => TriExponential::integral_with_sd(region, three, sd, physical_h),
                None => TriExponential::through(region, three, physical_h)
                    .and_then(|curve| curve.integral(region)),
            }
            .map_err(|e| e.to_string())
        }
        Method::Trapezoid(tail) => {
            if let Some(p) = curve.points.iter().find(|p| p.below_detection) {
                return Err(format!("`{region}` at {} h is below detection", p.time_h));
            }
            let tail = match tail {
                TailChoice::Fitted => Tail::Fitted,
                TailChoice::Given(half_life) => {
                    possible(*half_life, "of `trapezoid`")?;
                    Tail::Given(*half_life)
                }
                TailChoice::Physical => Tail::Physical(physical_h),
            };
            let points: Vec<(f64, f64)> =
                curve.points.iter().map(|p| (p.time_h, p.activity_mbq)).collect();
            let found =
                Trapezoids::over(region, &points, Start::Zero, tail).map_err(|e| e.to_string())?;
            let half_life = found.effective_half_life_h;
            if tail == Tail::Fitted && half_life > physical_h * (1.0 + 1e-6) {
                return Err(format!(
                    "`{region}` falls slower than {} decays over its last two measurements: an effective half-life of \
                     {} h, the physical one {} h; use `trapezoid physical`, or look whether the values are \
                     decay-corrected",
                    curve.nuclide,
                    lutetia_table::significant(half_life, 4),
                    lutetia_table::significant(physical_h, 4)
                ));
            }
            let tia = found.integral(region, all_sd.as_deref()).map_err(|e| e.to_string())?;
            match still_filling(&points, physical_h) {
                true => relabelled(
                    &tia,
                    "; no upper bound: uptake may go on after the last measurement",
                ),
                false => Ok(tia),
            }
        }
    }
}

/// Whether the decay-corrected activity does not fall over the last two measurements.
fn still_filling(points: &[(f64, f64)], physical_h: f64) -> bool {
    let &[.., (t1, y1), (t2, y2)] = points else { return true };
    y2 > 0.0 && y2 >= y1 * (-(t2 - t1) / physical_h).exp2()
}

/// The same integral with a word after its method.
fn relabelled(tia: &Tia, word: &str) -> Result<Tia, String> {
    let method = format!("{}{word}", tia.method());
    Tia::new(tia.region(), tia.value_mbq_h(), tia.sd_mbq_h(), tia.extrapolated_fraction(), &method)
        .map_err(|e| e.to_string())
}

/// Refuses a curve whose end stands against an integral to infinity, by its standard deviations or, where it has none,
/// by the assumed error.
fn slow_end(curve: &Curve, physical_h: f64) -> Result<(), String> {
    let points: Vec<shape::EndPoint> = curve
        .points
        .iter()
        .filter(|p| !p.below_detection && p.activity_mbq > 0.0)
        .map(|p| (p.time_h, p.activity_mbq, p.sd_mbq.or(Some(ASSUMED_ERROR * p.activity_mbq))))
        .collect();
    let physical = std::f64::consts::LN_2 / physical_h;
    match shape::end_fault(&points, physical) {
        Some(fault) => Err(shape::explain(curve, &points, fault, physical)),
        None => Ok(()),
    }
}

/// One exponential from one measurement `(h, MBq, MBq)` under a population's prior: the maximum a posteriori, with the
/// standard error of the posterior. Without a prior on the amplitude the half-life stays the population's and the value
/// is Madsen's; the error then holds the scatter of both the population and the measurement.
///
/// # Errors
/// Why there is none.
pub fn map(
    region: &str,
    (time_h, activity_mbq, sd_mbq): (f64, f64, f64),
    prior: &MapPrior,
    physical_per_h: f64,
) -> Result<Tia, String> {
    if !(activity_mbq > 0.0 && sd_mbq > 0.0) {
        return Err(format!(
            "`{region}` is {} MBq at {} h; a maximum a posteriori needs an activity above 0 with a \
             standard deviation",
            lutetia_table::significant(activity_mbq, 6),
            lutetia_table::significant(time_h, 6)
        ));
    }
    let decay = if prior.biological { physical_per_h } else { 0.0 };
    let curve = SumOfExponentials::new(ExponentialForm::mono(), decay, &[time_h])
        .map_err(|e| e.to_string())?;
    let rate = std::f64::consts::LN_2 / prior.half_life_h;
    let start = activity_mbq * ((rate + decay) * time_h).exp();
    let mut amplitude = FitParameter::log("a1", start);
    amplitude.prior = prior.amplitude.map(|(median, cv)| Prior::log_normal(median, cv));
    let lambda = FitParameter::log("lambda1", rate).with_prior(Prior::log_normal(rate, prior.cv));
    let data = vec![Observation::with_sd(region, activity_mbq, sd_mbq)];
    let mut problem = Problem::new(&curve, data, ErrorModel::Known, vec![amplitude, lambda]);
    problem.options.random_starts = 4;
    let found = fit(&problem).map_err(|e| e.to_string())?;
    let tia = found.derived(DerivedKind::Tia).ok_or("the curve does not fall")?;
    if !tia.determined.is_determined() {
        return Err(tia.determined.to_string());
    }
    // The prior of an effective half-life does not know the nuclide; what it makes of the measurement must.
    let half_life = found.derived(DerivedKind::EffectiveHalfLife).map(|d| d.value);
    if let Some(h) =
        half_life.filter(|h| *h > std::f64::consts::LN_2 / physical_per_h * (1.0 + 1e-6))
    {
        return Err(format!(
            "the maximum a posteriori has an effective half-life of {} h, above the physical {} h; give the biological \
             half-life of the population, `map biological`",
            lutetia_table::significant(h, 4),
            lutetia_table::significant(std::f64::consts::LN_2 / physical_per_h, 4)
        ));
    }
    let kind = if prior.biological { "biological" } else { "effective" };
    let method = format!(
        "one point, maximum a posteriori, prior {kind} half-life {} h ± {} %",
        lutetia_table::significant(prior.half_life_h, 3),
        lutetia_table::significant(100.0 * prior.cv, 3)
    );
    Tia::new(region, tia.value, tia.se, None, &method).map_err(|e| e.to_string())
}

/// A library of curves from a table with the columns curve, amplitude and effective_half_life (h), a row per phase.
///
/// # Errors
/// What the table lacks.
pub fn library(table: &Table) -> Result<TacLibrary, String> {
    let column = |name: &str| {
        table.index_of(name).ok_or_else(|| {
            let known: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            format!(
                "a library needs the columns curve, amplitude and effective_half_life (h); found {}",
                known.join(", ")
            )
        })
    };
    let (curve, amplitude, half_life) =
        (column("curve")?, column("amplitude")?, column("effective_half_life")?);
    let mut curves: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for (i, row) in table.rows.iter().enumerate() {
        let number = |at: usize| {
            row.get(at).and_then(lutetia_table::Cell::number).ok_or_else(|| {
                format!(
                    "row {} of the library has no number in `{}`",
                    i + 1,
                    table.columns[at].name
                )
            })
        };
        let phase = (number(amplitude)?, std::f64::consts::LN_2 / number(half_life)?);
        let name = row.get(curve).map(lutetia_table::Cell::csv).unwrap_or_default();
        match curves.iter_mut().find(|c| c.0 == name) {
            Some(found) => found.1.push(phase),
            None => curves.push((name, vec![phase])),
        }
    }
    TacLibrary::new(curves.into_iter().map(|c| c.1).collect()).map_err(|e| e.to_string())
}

/// Physical half-life of the nuclide measured, h.
fn physical_half_life(curve: &Curve) -> Result<f64, String> {
    let nuclide = lutetia_data::nuclides().get(&curve.nuclide).map_err(|e| e.to_string())?;
    Ok(std::f64::consts::LN_2 / (nuclide.lambda_per_s() * 3600.0))
}

/// The integrals of the regions of one cycle of one patient.
///
/// # Errors
/// When a region was not measured.
pub fn integrals(
    study: &Study,
    subject: &str,
    cycle: u16,
    regions: &[String],
    method: &Method,
    at_h: Option<f64>,
) -> Result<Vec<RegionTia>, String> {
    regions
        .iter()
        .map(|region| {
            let curve = study.curve(subject, cycle, region).ok_or_else(|| {
                format!(
                    "region `{region}` of subject `{subject}` was not measured in cycle {cycle}"
                )
            })?;
            Ok(RegionTia {
                region: region.clone(),
                nuclide: curve.nuclide.clone(),
                injected_mbq: curve.injected_mbq,
                tia: judge::without_function(method, integral(&curve, method, at_h)),
                phases: Vec::new(),
            })
        })
        .collect()
}

/// The table of integrals.
#[must_use]
pub fn table(id: &str, tias: &[RegionTia]) -> Table {
    let mut table = Table::new(id, "Time-integrated activities without a fitted function")
        .column("region", "")
        .column("tia", "MBq h")
        .column("tia_sd", "MBq h")
        .column("tia_coefficient", "h")
        .column("extrapolated", "%")
        .column("method", "")
        .column("note", "");
    for t in tias {
        let (found, note) = shown(&t.tia);
        table.push(vec![
            t.region.as_str().into(),
            found.map(Tia::value_mbq_h).into(),
            found.and_then(Tia::sd_mbq_h).into(),
            found.map(|x| x.value_mbq_h() / t.injected_mbq).into(),
            found.and_then(Tia::extrapolated_fraction).map(|f| 100.0 * f).into(),
            found.map_or("", Tia::method).into(),
            note.into(),
        ]);
    }
    table
}

/// Runs the step of an experiment.
pub(crate) fn run(step: &Integrate, context: &mut Context) -> Result<(), StepError> {
    let study = context.study(&step.study)?;
    let subject = subject(study, step.subject.as_deref())?;
    let cycle = cycle(step.cycle)?;
    let regions: Vec<String> = match &step.regions {
        Some(names) => names.clone(),
        None => study.regions(subject, cycle).into_iter().map(str::to_owned).collect(),
    };
    let curves = match &step.library {
        None => None,
        Some(name) => {
            let table = context
                .published
                .get(name)
                .ok_or_else(|| format!("`{name}` is not a table of this experiment"))?;
            Some(library(table)?)
        }
    };
    let tias = integrals(study, subject, cycle, &regions, &method(&step.method, curves)?, step.at)?;
    context.add(table(&step.id, &tias));
    context.artefacts.add(&step.id, Artefact::Integrals(tias));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_methods_are_read() {
        let method = |text: &str| method(text, None);
        assert_eq!(method("haenscheid"), Ok(Method::Haenscheid));
        assert_eq!(method("jackson"), Ok(Method::Jackson));
        assert_eq!(method("madsen 2 d"), Ok(Method::Madsen(48.0, None)));
        assert_eq!(method("madsen 51 h 8 h"), Ok(Method::Madsen(51.0, Some(8.0))));
        assert_eq!(method("trapezoid fitted"), Ok(Method::Trapezoid(TailChoice::Fitted)));
        assert_eq!(method("trapezoid 51 h"), Ok(Method::Trapezoid(TailChoice::Given(51.0))));
        let prior = MapPrior {
            biological: true,
            half_life_h: 72.0,
            cv: 0.3,
            amplitude: Some((120.0, 0.4)),
            error: ASSUMED_ERROR,
        };
        assert_eq!(
            method("map biological 3 d 30 % amplitude 120 MBq 40 %"),
            Ok(Method::Map(prior))
        );
        for bad in [
            "",
            "haenscheid 5 h",
            "madsen",
            "madsen 5 MBq",
            "trapezoid slow",
            "simpson",
            "map effective 0 h 20 %",
            "map effective 51 h 0 %",
            "map physical 51 h 20 %",
            "library",
        ] {
            assert!(method(bad).is_err(), "{bad}");
        }
    }

    fn prior(biological: bool, amplitude: Option<(f64, f64)>) -> MapPrior {
        MapPrior { biological, half_life_h: 50.0, cv: 0.25, amplitude, error: 0.1 }
    }

    const PHYSICAL: f64 = 0.004_346_7;

    #[test]
    fn exact_without_a_prior_on_the_amplitude_it_is_madsen() {
        let (t, y, sd) = (72.0, 40.0, 4.0);
        let k = std::f64::consts::LN_2 / 50.0;
        let found = map("kidneys", (t, y, sd), &prior(false, None), PHYSICAL).expect("a value");
        let value = y * (k * t).exp() / k;
        // The search ends within 1e-7 standard errors (about 10 %).
        assert!((found.value_mbq_h() / value - 1.0).abs() < 1e-6, "{found:?}");
        // ln Ã = ln y + k t − ln k: the measurement and (k t − 1) times the scatter of ln k.
        let of_rate = (k * t - 1.0) * (1.0_f64 + 0.25 * 0.25).ln().sqrt();
        let expected = value * (0.1_f64 * 0.1 + of_rate * of_rate).sqrt();
        assert!((found.sd_mbq_h().expect("an SD") / expected - 1.0).abs() < 1e-5);
        // A biological half-life adds the decay: the effective one is shorter than both.
        let found = map("kidneys", (t, y, sd), &prior(true, None), PHYSICAL).expect("a value");
        let k = k + PHYSICAL;
        assert!((found.value_mbq_h() / (y * (k * t).exp() / k) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn val_with_a_prior_on_the_amplitude_beside_a_search_by_hand() {
        // The posterior of (ln a, ln k) on a fine grid.
        let (t, y, sd) = (96.0, 20.0, 2.0);
        let (median, cv) = (120.0, 0.4);
        let found =
            map("kidneys", (t, y, sd), &prior(false, Some((median, cv))), PHYSICAL).expect("one");
        let (sa, sk) = ((1.0 + cv * cv).ln().sqrt(), (1.0_f64 + 0.25 * 0.25).ln().sqrt());
        let k0 = std::f64::consts::LN_2 / 50.0;
        let mut best = (f64::INFINITY, 0.0);
        for i in -400..=400 {
            for j in -400..=400 {
                let (u, v) = (f64::from(i) * 0.002, f64::from(j) * 0.002);
                let (a, k) = (median * u.exp(), k0 * v.exp());
                let z = (y - a * (-k * t).exp()) / sd;
                let cost = z * z + (u / sa).powi(2) + (v / sk).powi(2);
                if cost < best.0 {
                    best = (cost, a / k);
                }
            }
        }
        // The grid knows each logarithm to 0.1 %.
        assert!((found.value_mbq_h() / best.1 - 1.0).abs() < 3e-3, "{found:?} {best:?}");
        // The measurement is low for the population: the value lies below Madsen's.
        let madsen = y * (k0 * t).exp() / k0;
        assert!(found.value_mbq_h() > madsen * 0.8 && (found.value_mbq_h() - madsen).abs() > 1.0);
        assert!(map("kidneys", (t, 0.0, 1.0), &prior(false, None), PHYSICAL).is_err());
    }

    #[test]
    fn exact_libraries_are_read() {
        let mut table = Table::new("l", "")
            .column("curve", "")
            .column("amplitude", "")
            .column("effective_half_life", "h");
        for (curve, a, h) in [("p1", 10.0, 50.0), ("p1", -10.0, 2.0), ("p2", 5.0, 70.0)] {
            table.push(vec![curve.into(), a.into(), h.into()]);
        }
        assert_eq!(library(&table).expect("two curves").factor(24.0).expect("one").curves, 2);
        let bad = Table::new("l", "").column("curve", "").column("amplitude", "");
        assert!(library(&bad).expect_err("a column is missing").contains("effective_half_life"));
    }
}
