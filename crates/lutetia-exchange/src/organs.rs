//! Organs by the names of other programs.

use std::sync::OnceLock;

use lutetia_data::{RegionKind, RegionName};

/// Time-integrated activity coefficient of one measured region, for export.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganIntegral {
    /// Region as the study names it.
    pub region: String,
    /// The organ it is, in the words of `data/dose_factors_organs.csv`; `sphere` for a tumour.
    pub organ: String,
    /// ã = Ã/A₀, h.
    pub tiac_h: f64,
    /// Its standard deviation, h.
    pub tiac_sd_h: Option<f64>,
    /// Mass, g.
    pub mass_g: Option<f64>,
}

/// A text for another program, and what could not go into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The text of the file.
    pub text: String,
    /// Sentences that a person must read: regions left out and why, regions put together.
    pub notes: Vec<String>,
}

/// A row of `data/olinda_organs.csv`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OlindaOrgan {
    pub(crate) source: bool,
    pub(crate) name: &'static str,
    /// Reference masses, g: male, female.
    pub(crate) mass_g: [f64; 2],
    ours: Vec<&'static str>,
    pub(crate) mirdcalc: &'static str,
}

pub(crate) fn olinda_organs() -> &'static [OlindaOrgan] {
    static ORGANS: OnceLock<Vec<OlindaOrgan>> = OnceLock::new();
    ORGANS.get_or_init(|| {
        lutetia_reference_data::OLINDA_ORGANS
            .lines()
            .filter(|line| !line.starts_with('#'))
            .skip(1)
            .filter_map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                let [kind, name, male, female, ours, mirdcalc] = cells[..] else { return None };
                Some(OlindaOrgan {
                    source: kind == "source",
                    name,
                    mass_g: [male.parse().ok()?, female.parse().ok()?],
                    ours: ours.split(';').filter(|o| !o.is_empty()).collect(),
                    mirdcalc,
                })
            })
            .collect()
    })
}

/// Integrals put together by the source organ they belong to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Together {
    pub(crate) organ: &'static OlindaOrgan,
    pub(crate) regions: Vec<String>,
    pub(crate) tiac_h: f64,
    /// In quadrature; `None` where one is missing.
    pub(crate) tiac_sd_h: Option<f64>,
    /// Sum; `None` where one is missing.
    pub(crate) mass_g: Option<f64>,
}

/// Sums integrals by source organ, in the order of the organs; returns those without a place, and
/// why.
pub(crate) fn together(
    integrals: &[OrganIntegral],
) -> (Vec<Together>, Vec<(&OrganIntegral, String)>) {
    let mut sums: Vec<Together> = Vec::new();
    let (kept, mut left_out) = apart(integrals);
    let has_remainder = integrals.iter().any(|i| i.organ == "remainder of body");
    for integral in kept {
        let organ = match integral.organ.as_str() {
            // What is left of the body belongs to "Total Body"; the body itself holds the organs, too.
            "total body" if has_remainder || integrals.len() > 1 => {
                left_out.push((
                    integral,
                    "the whole body holds the other regions, too; give the remainder".to_owned(),
                ));
                continue;
            }
            "total body" => olinda_organs().iter().find(|o| o.source && o.name == "Total Body"),
            ours => olinda_organs().iter().find(|o| o.source && o.ours.contains(&ours)),
        };
        let Some(organ) = organ else {
            let reason = match integral.organ.as_str() {
                "sphere" => "a tumour is not a source organ".to_owned(),
                "whole field of view" => {
                    "a field of view is not an organ and holds the others".to_owned()
                }
                other => format!("{other} has no single source organ there"),
            };
            left_out.push((integral, reason));
            continue;
        };
        let sum = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a + b);
        match sums.iter_mut().find(|t| t.organ.name == organ.name) {
            Some(t) => {
                t.regions.push(integral.region.clone());
                t.tiac_h += integral.tiac_h;
                t.tiac_sd_h = t.tiac_sd_h.zip(integral.tiac_sd_h).map(|(a, b)| a.hypot(b));
                t.mass_g = sum(t.mass_g, integral.mass_g);
            }
            None => sums.push(Together {
                organ,
                regions: vec![integral.region.clone()],
                tiac_h: integral.tiac_h,
                tiac_sd_h: integral.tiac_sd_h,
                mass_g: integral.mass_g,
            }),
        }
    }
    let place = |t: &Together| olinda_organs().iter().position(|o| o.name == t.organ.name);
    sums.sort_by_key(place);
    (sums, left_out)
}

/// Integrals that none of the others repeats or holds, and those that one does: the same activity is counted once.
///
/// A name that is another one in other letters is left out, and so is a part beside its whole (`kidney_left` beside
/// `kidneys`, `parotid_left` beside `salivary_glands`). Tumours stand for themselves, whatever lies in them; the body is
/// treated where its organ is looked for.
fn apart(integrals: &[OrganIntegral]) -> (Vec<&OrganIntegral>, Vec<(&OrganIntegral, String)>) {
    let names: Vec<RegionName> = integrals.iter().map(|i| RegionName::read(&i.region)).collect();
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for (i, integral) in integrals.iter().enumerate() {
        let name = &names[i];
        if let Some(first) = (0..i).find(|j| names[*j].key == name.key) {
            let why = format!("its name is that of `{}` in other letters", integrals[first].region);
            left_out.push((integral, why));
            continue;
        }
        let organ = matches!(name.kind, RegionKind::Organ(_));
        let whole = (0..integrals.len())
            .find(|j| matches!(names[*j].kind, RegionKind::Organ(_)) && name.lies_in(&names[*j]));
        match whole.filter(|_| organ) {
            Some(whole) => {
                left_out.push((integral, format!("`{}` holds it", integrals[whole].region)));
            }
            None => kept.push(integral),
        }
    }
    (kept, left_out)
}

/// Notes about regions put together and left out.
pub(crate) fn notes(
    sums: &[Together],
    left_out: &[(&OrganIntegral, String)],
    name: impl Fn(&OlindaOrgan) -> &str,
) -> Vec<String> {
    let joined = sums
        .iter()
        .filter(|t| t.regions.len() > 1)
        .map(|t| format!("{} is the sum of {}", name(t.organ), t.regions.join(", ")));
    let left = left_out.iter().map(|(i, why)| format!("`{}` is left out: {why}", i.region));
    joined.chain(left).collect()
}
