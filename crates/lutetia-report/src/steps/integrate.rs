//! Time-integrated activities without a fitted function: one measurement, or trapezoids.

use lutetia_data::{Curve, Study};
use lutetia_dose::{Start, Tail, Tia, TriExponential, haenscheid, madsen, trapezoid};
use lutetia_units::{Quantity, Unit};
use serde::Deserialize;

use super::{Context, RegionTia, StepKind, Use, cycle, defaults, subject};
use crate::table::Table;

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
    /// `haenscheid`, `madsen 51 h`, `madsen 51 h 8 h`, `jackson`, `trapezoid physical`, `trapezoid fitted` or
    /// `trapezoid 51 h`.
    pub method: String,
    /// The measurement nearest to this time, in hours, where the method takes one.
    pub at: Option<f64>,
}

impl StepKind for Integrate {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Data(&self.study)]
    }

    fn run(&self, context: &mut Context) -> Result<(), String> {
        run(self, context)
    }
}

/// How an integral is had without a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// Hänscheid 2018: one measurement, no half-life.
    Haenscheid,
    /// Madsen 2018: one measurement and a half-life, h, with its scatter.
    Madsen(f64, Option<f64>),
    /// Jackson 2013: a tri-exponential through three measurements.
    Jackson,
    /// Trapezoids from zero at the injection, and a tail; the physical half-life is the nuclide's.
    Trapezoid(TailChoice),
}

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

/// A method from text: `haenscheid`, `madsen 51 h`, `madsen 51 h 8 h` (half-life and its SD),
/// `jackson`, `trapezoid physical`, `trapezoid fitted` or `trapezoid 51 h`.
///
/// # Errors
/// A sentence that says what would do.
pub fn method(text: &str) -> Result<Method, String> {
    let fail = || {
        format!(
            "cannot read the method `{text}`; expected `haenscheid`, `madsen 51 h`, `madsen 51 h 8 h`, \
             `jackson`, `trapezoid physical`, `trapezoid fitted` or `trapezoid 51 h`"
        )
    };
    let hour = Unit::parse("h").map_err(|e| e.to_string())?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let hours = |number: &str, unit: &str| -> Result<f64, String> {
        let q = Quantity::parse(&format!("{number} {unit}")).map_err(|_| fail())?;
        q.to(&hour).map_err(|_| fail())
    };
    match words[..] {
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

/// The integral of one region. A method of one measurement takes the one nearest to `at_h`, or the
/// only one.
///
/// # Errors
/// Why there is none: several measurements and no `at_h`, one below detection, a curve that rises at
/// its end.
pub fn integral(curve: &Curve, method: Method, at_h: Option<f64>) -> Result<Tia, String> {
    let one = || -> Result<(f64, f64), String> {
        let distance = |t: f64| at_h.map_or(0.0, |at| (t - at).abs());
        if curve.points.len() > 1 && at_h.is_none() {
            return Err(format!(
                "`{}` has {} measurements and the method takes one; say which by its time",
                curve.region,
                curve.points.len()
            ));
        }
        let nearest = curve
            .points
            .iter()
            .min_by(|a, b| distance(a.time_h).total_cmp(&distance(b.time_h)))
            .ok_or_else(|| format!("`{}` has no measurement", curve.region))?;
        if nearest.below_detection {
            return Err(format!("`{}` at {} h is below detection", curve.region, nearest.time_h));
        }
        Ok((nearest.time_h, nearest.activity_mbq))
    };
    let region = curve.region.as_str();
    match method {
        Method::Haenscheid => {
            let (t, a) = one()?;
            haenscheid(region, t, a).map_err(|e| e.to_string())
        }
        Method::Madsen(half_life, sd) => {
            let (t, a) = one()?;
            madsen(region, t, a, half_life, sd).map_err(|e| e.to_string())
        }
        Method::Jackson => {
            let points: Vec<(f64, f64)> =
                curve.points.iter().map(|p| (p.time_h, p.activity_mbq)).collect();
            let three: [(f64, f64); 3] = points.try_into().map_err(|p: Vec<_>| {
                format!("`{region}` has {} measurements and the method takes three", p.len())
            })?;
            TriExponential::through(region, three, physical_half_life(curve)?)
                .and_then(|curve| curve.integral(region))
                .map_err(|e| e.to_string())
        }
        Method::Trapezoid(tail) => {
            if let Some(p) = curve.points.iter().find(|p| p.below_detection) {
                return Err(format!("`{region}` at {} h is below detection", p.time_h));
            }
            let tail = match tail {
                TailChoice::Fitted => Tail::Fitted,
                TailChoice::Given(half_life) => Tail::Given(half_life),
                TailChoice::Physical => Tail::Physical(physical_half_life(curve)?),
            };
            let points: Vec<(f64, f64)> =
                curve.points.iter().map(|p| (p.time_h, p.activity_mbq)).collect();
            trapezoid(region, &points, Start::Zero, tail).map_err(|e| e.to_string())
        }
    }
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
    method: Method,
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
                tia: integral(&curve, method, at_h),
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
        .column("method", "");
    for t in tias {
        let found = t.tia.as_ref().ok();
        table.push(vec![
            t.region.as_str().into(),
            found.map(Tia::value_mbq_h).into(),
            found.and_then(Tia::sd_mbq_h).into(),
            found.map(|x| x.value_mbq_h() / t.injected_mbq).into(),
            found.and_then(Tia::extrapolated_fraction).map(|f| 100.0 * f).into(),
            match &t.tia {
                Ok(x) => x.method().to_owned(),
                Err(reason) => format!("not determined: {reason}"),
            }
            .into(),
        ]);
    }
    table
}

/// Runs the step of an experiment.
pub(crate) fn run(step: &Integrate, context: &mut Context) -> Result<(), String> {
    let study = context.study(&step.study)?;
    let subject = subject(study, step.subject.as_deref())?;
    let cycle = cycle(step.cycle)?;
    let regions: Vec<String> = match &step.regions {
        Some(names) => names.clone(),
        None => study.regions(subject, cycle).into_iter().map(str::to_owned).collect(),
    };
    let tias = integrals(study, subject, cycle, &regions, method(&step.method)?, step.at)?;
    context.add(table(&step.id, &tias));
    context.tias.insert(step.id.clone(), tias);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_methods_are_read() {
        assert_eq!(method("haenscheid"), Ok(Method::Haenscheid));
        assert_eq!(method("jackson"), Ok(Method::Jackson));
        assert_eq!(method("madsen 2 d"), Ok(Method::Madsen(48.0, None)));
        assert_eq!(method("madsen 51 h 8 h"), Ok(Method::Madsen(51.0, Some(8.0))));
        assert_eq!(method("trapezoid fitted"), Ok(Method::Trapezoid(TailChoice::Fitted)));
        assert_eq!(method("trapezoid 51 h"), Ok(Method::Trapezoid(TailChoice::Given(51.0))));
        for bad in ["", "haenscheid 5 h", "madsen", "madsen 5 MBq", "trapezoid slow", "simpson"] {
            assert!(method(bad).is_err(), "{bad}");
        }
    }
}
