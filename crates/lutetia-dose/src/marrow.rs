//! Red marrow: its dose from its own activity, from the body and from organs, by blood or by images.
//!
//! **Electrons.** Active marrow lies between fat cells and trabeculae, so that an electron soon is in
//! something else. The spongiosa is taken for a random mixture whose chance of still being active
//! marrow at a distance r from active marrow is `f + (1 − f)·e^(−r/a)` (Debye's random medium) and
//! from trabecular bone `q·f·(1 − e^(−r/a))`; with the distances at which a nuclide gives its energy
//! away (module `kernel`) these are the absorbed fractions. `f` is the share of active marrow in what
//! long tracks cross, `a` the length of mixing (about a fat cell), `q` the part of the trabecular bone
//! that lies among active marrow and not in the limbs.
//!
//! **Alphas** stay: absorbed fraction 1 in marrow, and half of those that arise on the surface of
//! trabecular bone, as ICRP Publication 30 and the programs after it take them. The random medium
//! itself would give 0.9 and a few percent.
//!
//! **Photons.** The absorbed fraction of the whole body per its mass, times one constant for marrow to
//! marrow (marrow lies in the middle and close to itself), one for body to marrow, and one for organs
//! of the trunk, one for glands of the head.
//!
//! **The body** as a source holds its activity evenly per mass, but none in the fat of the marrow; that
//! of trabecular bone lies on its surfaces where alphas are concerned. This is what OLINDA 2 does, as
//! its factors show.
//!
//! `f`, `a`, `q` and the two photon constants of marrow and body are fitted to OLINDA/EXM 2.2 for
//! 177Lu, 90Y and 111In (twelve factors); 131I, 161Tb, 67Cu, 209Pb, 213Bi and 225Ac follow to 5 %
//! (tests `val_organ_factors`). The constants of organs lie between OLINDA and OpenDose, which differ by
//! a factor of 1.6.

use lutetia_data::Sex;
use lutetia_units::significant;
use serde::Serialize;

use crate::absorbed::Surroundings;
use crate::dose::{AbsorbedDose, Mass};
use crate::emitter::{Emitter, MGY_G_PER_MEV, Source};
use crate::error::{DoseError, above_zero, not_negative, short};
use crate::factor::{GY_PER_MBQ_H, SelfDoseFactor, photon_fraction};
use crate::kernel::Deposition;
use crate::region::{Kind, Region};
use crate::tia::Tia;

/// Share of active marrow in what long tracks of spongiosa cross.
const SHARE: f64 = 0.44;
/// Length of mixing, g/cm².
const LENGTH: f64 = 0.0063;
/// Part of the trabecular bone among active marrow.
const BONE_NEAR: f64 = 0.625;
/// Alphas of the surface of trabecular bone that go into marrow.
const ALPHA_OF_BONE: f64 = 0.5;
/// Photon dose of marrow from marrow over that of the body from itself, per activity.
const PHOTON_SELF: f64 = 3.6;
/// Photon dose of marrow from the body over that of the body from itself.
const PHOTON_BODY: f64 = 0.865;
/// Photon dose of marrow from an organ of the trunk, and from a gland of the head, over that of the
/// body from itself, per activity: 177Lu of kidneys, liver, spleen 0.9 to 1.1 (OLINDA 2), 1.5 to 1.7
/// (OpenDose, weighted with the active marrow of ICRP Publication 70); salivary glands 0.65 (OLINDA).
const PHOTON_TRUNK: f64 = 1.25;
const PHOTON_HEAD: f64 = 0.65;

/// The reference adult's masses, g: red marrow, trabecular bone, body.
struct Reference {
    marrow: f64,
    bone: f64,
    body: f64,
}

fn reference(sex: Sex) -> Reference {
    let mass = |organ| lutetia_data::reference_mass_g(organ, sex).unwrap_or(f64::NAN);
    Reference {
        marrow: mass("red_marrow"),
        bone: mass("trabecular_bone"),
        body: mass("total_body"),
    }
}

/// Activity concentration in the marrow over that in blood. There is no default: a peptide and an
/// antibody differ by a factor of three in the same patient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum MarrowToBlood {
    /// Small molecules (peptides, PSMA ligands) that do not bind to blood cells or marrow: 1.
    Peptide,
    /// Antibodies, in the plasma of the marrow: 0.19/(1 − haematocrit) (Sgouros 1993; Hindorf 2010).
    Antibody {
        /// Haematocrit of the patient, 0 to 1.
        haematocrit: f64,
    },
    /// A ratio of one's own.
    Ratio(f64),
}

impl MarrowToBlood {
    /// The ratio.
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] for a haematocrit that is not from 0.1 to 0.7, or a ratio not above
    /// 0.
    pub fn value(self) -> Result<f64, DoseError> {
        match self {
            Self::Peptide => Ok(1.0),
            Self::Antibody { haematocrit } if (0.1..=0.7).contains(&haematocrit) => {
                Ok(0.19 / (1.0 - haematocrit))
            }
            Self::Antibody { haematocrit } => Err(DoseError::OutOfRange {
                quantity: "haematocrit",
                of: "blood".to_owned(),
                value: haematocrit,
                unit: "(of 1)",
                expected: "a number from 0.1 to 0.7",
            }),
            Self::Ratio(ratio) => {
                above_zero("marrow-to-blood ratio", "red marrow", ratio, "(a ratio)")
            }
        }
    }

    /// The ratio in words, for a table.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Peptide => "marrow-to-blood ratio 1 (peptide)".to_owned(),
            Self::Antibody { haematocrit } => format!(
                "marrow-to-blood ratio 0.19/(1 - {}) = {:.3} (antibody)",
                lutetia_units::typed(haematocrit),
                0.19 / (1.0 - haematocrit)
            ),
            Self::Ratio(ratio) => {
                format!("marrow-to-blood ratio {} (given)", lutetia_units::typed(ratio))
            }
        }
    }
}

/// Photon energy, MeV, of one decay that a body of the reference mass absorbs.
fn photon_in_body(emitter: &Emitter, sex: Sex) -> Result<f64, DoseError> {
    if emitter.photon_mev <= 0.0 {
        return Ok(0.0);
    }
    let radius = (3.0 * reference(sex).body / (4.0 * std::f64::consts::PI)).cbrt() / BODY_PATH;
    Ok(emitter.photon_mev * photon_fraction(emitter, radius, Surroundings::Vacuum)?)
}

/// Path factor of the trunk (`data/dose_factors_organs.csv`).
const BODY_PATH: f64 = 1.147;

fn in_marrow(kernel: &Deposition) -> f64 {
    SHARE * kernel.deposited() + (1.0 - SHARE) * kernel.correlated(LENGTH)
}

fn from_bone(kernel: &Deposition) -> f64 {
    BONE_NEAR * SHARE * (kernel.deposited() - kernel.correlated(LENGTH))
}

fn summed(
    source: &Source,
    region: &str,
    mass_g: f64,
    method: String,
    of: impl Fn(&Emitter) -> Result<[f64; 3], DoseError>,
) -> Result<SelfDoseFactor, DoseError> {
    let mut sum = [0.0; 3];
    for (per_decay, emitter) in source.members() {
        for (total, part) in sum.iter_mut().zip(of(emitter)?) {
            *total += per_decay * part * MGY_G_PER_MEV;
        }
    }
    let [alpha, electron, photon] = sum;
    Ok(SelfDoseFactor {
        region: region.to_owned(),
        source: source.name().to_owned(),
        mass_g,
        alpha,
        electron,
        photon,
        method,
    })
}

/// S(RM←RM), mGy/(MBq·s), of the reference adult's red marrow; see [`SelfDoseFactor::scaled_to`] for
/// another mass.
///
/// # Errors
/// [`DoseError::NoPhotonLines`].
pub fn marrow_self_factor(source: &Source, sex: Sex) -> Result<SelfDoseFactor, DoseError> {
    let Reference { marrow, body, .. } = reference(sex);
    let method =
        format!("red marrow of {} g, random mixture with fat and bone", significant(marrow, 4));
    summed(source, "red marrow", marrow, method, |emitter| {
        Ok([
            emitter.alpha_mev / marrow,
            emitter.electron_mev * in_marrow(&emitter.electron_kernel) / marrow,
            photon_in_body(emitter, sex)? * PHOTON_SELF / body,
        ])
    })
}

/// S(RM←TB), mGy/(MBq·s): red marrow from activity spread over the body of the reference adult;
/// `mass_g` of the result is that of the body.
///
/// # Errors
/// [`DoseError::NoPhotonLines`].
pub fn marrow_from_body(source: &Source, sex: Sex) -> Result<SelfDoseFactor, DoseError> {
    let Reference { marrow, bone, body } = reference(sex);
    let method =
        format!("red marrow from a body of {} g, activity spread evenly", significant(body, 4));
    let bone = bone / marrow;
    summed(source, "red marrow", body, method, |emitter| {
        let kernel = &emitter.electron_kernel;
        Ok([
            emitter.alpha_mev * (1.0 + bone * ALPHA_OF_BONE) / body,
            emitter.electron_mev * (in_marrow(kernel) + bone * from_bone(kernel)) / body,
            photon_in_body(emitter, sex)? * PHOTON_BODY / body,
        ])
    })
}

/// S(RM←organ), mGy/(MBq·s): photons only, to about 40 %; `mass_g` of the result is that of the body.
///
/// # Errors
/// [`DoseError::NoPhotonLines`].
pub fn marrow_from_organ(
    source: &Source,
    organ: &Region,
    sex: Sex,
) -> Result<SelfDoseFactor, DoseError> {
    let body = reference(sex).body;
    let head = match &organ.kind {
        Kind::Organ { organ, .. } => HEAD.contains(&organ.name),
        Kind::Sphere => false,
    };
    let (times, place) = if head { (PHOTON_HEAD, "head") } else { (PHOTON_TRUNK, "trunk") };
    let method = format!("photons from an organ of the {place}");
    summed(source, "red marrow", body, method, |emitter| {
        Ok([0.0, 0.0, photon_in_body(emitter, sex)? * times / body])
    })
}

const HEAD: [&str; 5] =
    ["salivary glands", "parotid glands", "submandibular glands", "lacrimal glands", "brain"];

/// Where the activity of the marrow itself is taken from.
#[derive(Debug, Clone, PartialEq)]
pub enum MarrowActivity {
    /// From blood: time-integrated activity per gram of blood, MBq·h/g, its standard deviation, and the
    /// ratio of concentrations.
    Blood {
        /// MBq·h per g of blood.
        per_g_mbq_h: f64,
        /// Its standard deviation.
        sd: Option<f64>,
        /// Marrow over blood.
        ratio: MarrowToBlood,
    },
    /// From an image: time-integrated activity of a part of the marrow, such as lumbar vertebrae, and
    /// the share of all active marrow that lies in it, 0 to 1.
    Image {
        /// Of the part.
        part: Tia,
        /// Share of the active marrow.
        share: f64,
    },
}

/// What the dose of the red marrow is computed from.
#[derive(Debug, Clone)]
pub struct MarrowInput<'a> {
    /// What decays.
    pub source: &'a Source,
    /// Reference adult.
    pub sex: Sex,
    /// Mass of the patient's body, g; that of the reference adult where it is not known.
    pub body_g: Option<f64>,
    /// Activity of the marrow itself.
    pub marrow: MarrowActivity,
    /// Organs and tumours with activity of their own: region and mass in g.
    pub organs: Vec<(Region, f64, Tia)>,
    /// The rest of the body, marrow included; `None` where it was not measured.
    pub remainder: Option<Tia>,
    /// For Gy/GBq.
    pub administered_mbq: Option<f64>,
}

/// Dose of the red marrow by where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MarrowDose {
    /// Rows `red marrow`, one per organ, `remainder of body`: alpha, electron, photon in Gy.
    pub parts: Vec<(String, [f64; 3])>,
    /// All together.
    pub total: AbsorbedDose,
}

/// Absorbed dose of the red marrow (EANM guideline, Hindorf 2010, Eur J Nucl Med Mol Imaging 37:1238):
///
/// ```text
/// D = Ã_RM·S(RM←RM)·m_ref/m + Σ_h Ã_h·S(RM←h) + Ã_RB·S(RM←RB)
/// Ã_RM = ã_blood·ratio·m                       (per gram of blood; the mass m falls out)
/// S(RM←RB) = [S(RM←TB)·m_TB − S(RM←RM)·m_RM − Σ_h S(RM←h)·m_h]/m_RB
/// ```
///
/// The patient's marrow has the reference adult's share of the body mass. Ã_RB is the remainder given,
/// less Ã_RM. Electrons and alphas scale with 1/m of the body, photons with m^(−2/3). Standard
/// deviations are added as independent; none is given where that of the marrow's activity is not
/// known.
///
/// # Errors
/// [`DoseError::OutOfRange`] for a mass, activity, share or ratio out of range,
/// [`DoseError::NoPhotonLines`].
pub fn marrow_dose(input: &MarrowInput<'_>) -> Result<MarrowDose, DoseError> {
    let MarrowInput { source, sex, .. } = *input;
    let reference = reference(sex);
    let body = above_zero("mass", "the body", input.body_g.unwrap_or(reference.body), "g")?;
    let mass = reference.marrow * body / reference.body;
    let (own, own_sd, how) = match &input.marrow {
        MarrowActivity::Blood { per_g_mbq_h, sd, ratio } => {
            not_negative("time-integrated activity", "blood", *per_g_mbq_h, "MBq h/g")?;
            let times = ratio.value()? * mass;
            (per_g_mbq_h * times, sd.map(|sd| sd * times), format!("from blood, {}", ratio.words()))
        }
        MarrowActivity::Image { part, share } => {
            if !(share.is_finite() && *share > 0.0 && *share <= 1.0) {
                return Err(DoseError::OutOfRange {
                    quantity: "share of the active marrow",
                    of: part.region().to_owned(),
                    value: *share,
                    unit: "(of 1)",
                    expected: "a number above 0, at most 1",
                });
            }
            let how =
                format!("from `{}`, which holds {} % of it", part.region(), short(100.0 * share));
            (part.value_mbq_h() / share, part.sd_mbq_h().map(|sd| sd / share), how)
        }
    };
    let own_factor = marrow_self_factor(source, sex)?.scaled_to(mass)?;
    let of_body = marrow_from_body(source, sex)?.scaled_to(body)?;
    let mut parts = vec![("red marrow".to_owned(), times(&own_factor, own))];
    let mut variance = own_sd.map(|sd| (GY_PER_MBQ_H * sd * own_factor.total()).powi(2));
    let mut add_variance = |sd: Option<f64>, factor: &SelfDoseFactor| {
        let term = sd.map_or(0.0, |sd| (GY_PER_MBQ_H * sd * factor.total()).powi(2));
        variance = variance.map(|v| v + term);
    };
    // S times mass of everything that is not the remainder, and the mass of it.
    let mut taken = [own_factor.alpha, own_factor.electron, own_factor.photon].map(|s| s * mass);
    let mut rest_g = body - mass;
    for (organ, organ_g, tia) in &input.organs {
        above_zero("mass", organ.given(), *organ_g, "g")?;
        let factor = marrow_from_organ(source, organ, sex)?.scaled_to(body)?;
        parts.push((organ.given().to_owned(), times(&factor, tia.value_mbq_h())));
        add_variance(tia.sd_mbq_h(), &factor);
        taken[2] += factor.photon * organ_g;
        rest_g -= organ_g;
    }
    if let Some(remainder) = &input.remainder {
        above_zero("mass", "the remainder of the body", rest_g, "g")?;
        let whole = [of_body.alpha, of_body.electron, of_body.photon];
        let left = |i: usize| ((whole[i] * body - taken[i]) / rest_g).max(0.0);
        let factor = SelfDoseFactor {
            alpha: left(0),
            electron: left(1),
            photon: left(2),
            mass_g: rest_g,
            ..of_body.clone()
        };
        let activity = (remainder.value_mbq_h() - own).max(0.0);
        parts.push(("remainder of body".to_owned(), times(&factor, activity)));
        add_variance(remainder.sd_mbq_h(), &factor);
    }
    let sum = |i: usize| parts.iter().map(|(_, part)| part[i]).sum::<f64>();
    let [alpha, electron, photon] = [sum(0), sum(1), sum(2)];
    let total = alpha + electron + photon;
    if let Some(administered) = input.administered_mbq {
        above_zero("administered activity", "red marrow", administered, "MBq")?;
    }
    let rest = if input.remainder.is_some() { "" } else { ", remainder of the body not given" };
    let of = match input.body_g {
        Some(kg) => format!("body of {:.4} kg", kg / 1000.0),
        None => format!("reference body of {} kg", reference.body / 1000.0),
    };
    Ok(MarrowDose {
        total: AbsorbedDose {
            region: "red marrow".to_owned(),
            source: source.name().to_owned(),
            mass: Mass { g: mass, sd_g: None },
            alpha,
            electron,
            photon,
            total,
            sd: variance.map(f64::sqrt),
            extrapolated_fraction: match &input.marrow {
                MarrowActivity::Image { part, .. } => part.extrapolated_fraction(),
                MarrowActivity::Blood { .. } => None,
            },
            gy_per_gbq: input.administered_mbq.map(|mbq| total / (mbq / 1000.0)),
            method: format!("{how}; {of}{rest}"),
        },
        parts,
    })
}

fn times(factor: &SelfDoseFactor, mbq_h: f64) -> [f64; 3] {
    [factor.alpha, factor.electron, factor.photon].map(|s| GY_PER_MBQ_H * s * mbq_h)
}
