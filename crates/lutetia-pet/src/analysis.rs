//! One region of a scan by one method: from tables to quantities.

use std::fmt;

use lutetia_data::{PetBlood, PetFrame, PetRegion, PetSamples, PetScan};
use lutetia_fit::{Determination, Fit, FitOptions};
use lutetia_units::significant;

use crate::{
    compartments::Compartments,
    curve::Curve,
    error::PetError,
    fitting::{KineticFit, Known, TissueSetting, fit_reference, fit_tissue},
    frames::{Frame, Frames, TissueCurve},
    graphical::{Graphical, GraphicalInput, Start, logan, ma1, patlak, reference_logan},
    input::{BloodSamples, Input},
    model::ModelFile,
};

/// A method of analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A compartment model with a blood input.
    Tissue(Compartments),
    /// The simplified reference tissue model.
    Srtm,
    /// Logan's plot with a blood input.
    Logan,
    /// Multilinear analysis.
    Ma1,
    /// Patlak's plot.
    Patlak,
    /// Logan's plot with a reference region.
    ReferenceLogan,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 8] = [
        Self::Tissue(Compartments::OneTissue),
        Self::Tissue(Compartments::TwoTissue),
        Self::Tissue(Compartments::TwoTissueIrreversible),
        Self::Srtm,
        Self::Logan,
        Self::Ma1,
        Self::Patlak,
        Self::ReferenceLogan,
    ];

    /// Name in commands and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tissue(model) => model.name(),
            Self::Srtm => "srtm",
            Self::Logan => "logan",
            Self::Ma1 => "ma1",
            Self::Patlak => "patlak",
            Self::ReferenceLogan => "reference-logan",
        }
    }

    /// The method of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether its input is a region without the target, and not blood.
    pub fn needs_reference(self) -> bool {
        matches!(self, Self::Srtm | Self::ReferenceLogan)
    }

    /// What it is for, the first of [`Answer::quantities`] first.
    pub fn quantities(self) -> Vec<String> {
        match self {
            Self::Tissue(model) => ModelFile::Tissue(model).names(),
            Self::Srtm | Self::ReferenceLogan => vec!["BP_ND".to_owned()],
            Self::Logan | Self::Ma1 => vec!["V_T".to_owned()],
            Self::Patlak => vec!["K_i".to_owned()],
        }
    }

    /// What it estimates beside these: rates, blood fraction, delay. Plots estimate nothing else.
    pub fn parameters(self) -> Vec<String> {
        match self {
            Self::Tissue(model) => model.parameters(),
            Self::Srtm => {
                let rates = ["R1", "k2"].into_iter().map(str::to_owned);
                rates.chain(ModelFile::Srtm.names()).collect()
            }
            Self::Logan | Self::Ma1 | Self::Patlak | Self::ReferenceLogan => Vec::new(),
        }
    }

    /// Whether it reads a line off the end of the scan.
    pub fn is_graphical(self) -> bool {
        !matches!(self, Self::Tissue(_) | Self::Srtm)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a region is analysed.
#[derive(Debug, Clone)]
pub struct Analysis<'a> {
    /// By which method.
    pub method: Method,
    /// The reference region, for methods that need one.
    pub reference: Option<&'a PetRegion>,
    /// Efflux of the reference region, 1/min, for reference Logan.
    pub k2_prime: Option<f64>,
    /// Where the line of a graphical method begins.
    pub start: Start,
    /// The delay of the blood, min; without it compartments estimate it within 0.5 min and plots take 0.
    pub delay: Option<Known>,
    /// The fraction of blood; without it compartments estimate it up to 0.3 and plots take 0.
    pub blood_fraction: Option<Known>,
    /// Search and gates of fits.
    pub options: FitOptions,
}

/// A quantity that an analysis looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Sought {
    /// Its name: `V_T`, `K1`.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// Its value.
    pub value: f64,
    /// Standard error.
    pub se: Option<f64>,
    /// 95 % interval.
    pub ci95: Option<(f64, f64)>,
    /// Why the value is not to be used.
    pub refused: Option<String>,
    /// Held, not estimated.
    pub fixed: bool,
}

/// One frame beside what the method makes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// The frame.
    pub frame: Frame,
    /// Measured: the concentration (compartments, MA1), or the ordinate of the plot.
    pub measured: f64,
    /// Fitted: the same by the model or the line.
    pub fitted: f64,
    /// Abscissa of the plot, where the method has one.
    pub abscissa: Option<f64>,
    /// Whether it counted.
    pub used: bool,
}

/// What an analysis found.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Quantities, the one that the method is for first.
    pub quantities: Vec<Sought>,
    /// Frames.
    pub seen: Vec<Seen>,
    /// How the fit ended, or where the line begins.
    pub how: String,
}

/// Analyses one region of a scan.
///
/// # Errors
/// As the method has them: an input that does not cover the scan, gaps, too few points, no reference region.
pub fn analyse(
    scan: &PetScan,
    region: &PetRegion,
    analysis: &Analysis<'_>,
) -> Result<Answer, PetError> {
    let tissue = tissue_curve(region)?;
    match analysis.method {
        Method::Tissue(model) => {
            let input = input_of(scan)?;
            let usual = TissueSetting::default();
            let setting = TissueSetting {
                blood_fraction: analysis.blood_fraction.unwrap_or(usual.blood_fraction),
                delay: analysis.delay.unwrap_or(usual.delay),
                options: analysis.options.clone(),
            };
            let found = fit_tissue(model, &input, &tissue, &setting)?;
            Ok(of_fit(ModelFile::Tissue(model), &found, &tissue))
        }
        Method::Srtm => {
            let reference = tissue_curve(analysis.reference.ok_or(PetError::NoReference)?)?;
            let found = fit_reference(&tissue, &reference, analysis.options.clone())?;
            Ok(of_fit(ModelFile::Srtm, &found, &tissue))
        }
        Method::ReferenceLogan => {
            let reference = tissue_curve(analysis.reference.ok_or(PetError::NoReference)?)?;
            let found = reference_logan(&tissue, &reference, analysis.k2_prime, analysis.start)?;
            Ok(of_line("BP_ND", "1", &found, &tissue, analysis.method))
        }
        Method::Logan | Method::Ma1 | Method::Patlak => {
            let input = input_of(scan)?;
            let held = |known: Option<Known>, what| match known {
                None => Ok(0.0),
                Some(Known::Fixed(value)) => Ok(value),
                Some(Known::Between(..)) => Err(PetError::NotFitted { what }),
            };
            let with = GraphicalInput {
                input: &input,
                delay: held(analysis.delay, "delay")?,
                blood_fraction: held(analysis.blood_fraction, "blood fraction")?,
            };
            let (name, unit, found) = match analysis.method {
                Method::Logan => ("V_T", VOLUME, logan(&tissue, with, analysis.start)?),
                Method::Ma1 => ("V_T", VOLUME, ma1(&tissue, with, analysis.start)?),
                _ => ("K_i", FLOW, patlak(&tissue, with, analysis.start)?),
            };
            Ok(of_line(name, unit, &found, &tissue, analysis.method))
        }
    }
}

const VOLUME: &str = "mL/cm^3";
const FLOW: &str = "mL/cm^3/min";

/// The curve of a region as its table has it.
fn tissue_curve(region: &PetRegion) -> Result<TissueCurve, PetError> {
    let frame = |f: &PetFrame| Frame { start: f.start_min, end: f.end_min };
    let frames = Frames::new(region.frames.iter().map(frame).collect())?;
    let curve = TissueCurve::new(frames, region.activity.clone())?;
    match &region.weights {
        Some(weights) => curve.weighted(weights.clone()),
        None => Ok(curve),
    }
}

/// The input that the blood of a scan gives.
fn input_of(scan: &PetScan) -> Result<Input, PetError> {
    let blood = scan.blood.as_ref().ok_or(PetError::NoInput)?;
    let curve = |samples: &PetSamples| {
        (!samples.values.is_empty())
            .then(|| Curve::new(samples.times_min.clone(), samples.values.clone()))
            .transpose()
    };
    let PetBlood { whole_blood, plasma, plasma_fraction, parent_fraction, parent } = blood;
    Input::of_samples(&BloodSamples {
        whole_blood: curve(whole_blood)?,
        plasma: curve(plasma)?,
        plasma_fraction: curve(plasma_fraction)?,
        parent_fraction: curve(parent_fraction)?,
        parent: curve(parent)?,
    })
}

/// Unit of a parameter of a fit.
fn unit_of(name: &str) -> &'static str {
    match name {
        "K1" => FLOW,
        "k2" | "k3" | "k4" => "1/min",
        "delay" => "min",
        _ => "1",
    }
}

fn refusal(determined: &Determination) -> Option<String> {
    match determined {
        Determination::Determined => None,
        Determination::NotDetermined { reason } => Some(reason.to_string()),
    }
}

fn of_fit(file: ModelFile, found: &KineticFit, tissue: &TissueCurve) -> Answer {
    let Fit { estimates, derived, residuals, status, .. } = &found.fit;
    let of_derived = derived.iter().map(|d| Sought {
        name: d.name(),
        unit: file.unit(&d.name()).unwrap_or("1"),
        value: d.value,
        se: d.se,
        ci95: d.ci95,
        refused: refusal(&d.determined),
        fixed: false,
    });
    let of_parameters = estimates.iter().map(|e| Sought {
        name: e.name.clone(),
        unit: unit_of(&e.name),
        value: e.value,
        se: e.se,
        ci95: e.ci95,
        refused: refusal(&e.determined),
        fixed: e.fixed,
    });
    // What the method is for comes first; the efflux of a reference region is an aside.
    let mut quantities: Vec<Sought> = of_derived.chain(of_parameters).collect();
    if file == ModelFile::Srtm
        && let Some(at) = quantities.iter().position(|q| q.name == "BP_ND")
    {
        let first = quantities.remove(at);
        quantities.insert(0, first);
    }
    let frames = tissue.frames().list();
    let mut seen: Vec<Seen> = frames
        .iter()
        .zip(tissue.values())
        .map(|(frame, &measured)| Seen {
            frame: *frame,
            measured,
            fitted: f64::NAN,
            abscissa: None,
            used: false,
        })
        .collect();
    for (&k, residual) in found.frames.iter().zip(residuals) {
        (seen[k].fitted, seen[k].used) = (residual.predicted, true);
    }
    Answer { quantities, seen, how: status.to_string() }
}

fn of_line(
    name: &str,
    unit: &'static str,
    found: &Graphical,
    tissue: &TissueCurve,
    method: Method,
) -> Answer {
    let Graphical { quantity, line, plot } = found;
    let sought = Sought {
        name: name.to_owned(),
        unit,
        value: quantity.value,
        se: Some(quantity.se),
        ci95: Some(quantity.ci95),
        refused: quantity.refused.map(|why| why.to_string()),
        fixed: false,
    };
    let frames = tissue.frames().list().iter().zip(plot).enumerate();
    let seen = frames.map(|(k, (frame, &(x, y)))| {
        let (measured, fitted, abscissa) = match method {
            Method::Ma1 => (x, y, None),
            _ => (y, line.coefficients[0] * x + line.coefficients[1], Some(x)),
        };
        let used = k >= line.first && tissue.weights()[k] > 0.0;
        Seen { frame: *frame, measured, fitted, abscissa, used }
    });
    let how = format!(
        "{} frames from t* = {} min, within {} % of the line",
        line.points,
        significant(line.t_star, 4),
        significant(100.0 * line.deviation, 2)
    );
    Answer { quantities: vec![sought], seen: seen.collect(), how }
}
