//! What is asked of a table of scans: which scans and regions, by which methods; and all of it, one after the other.

use lutetia_data::{PetRegion, PetScan, PetStudy};
use lutetia_diagnostic::closest;
use lutetia_fit::FitOptions;
use lutetia_units::typed;
use rayon::prelude::*;

use crate::{
    Compartments,
    analysis::{Analysis, Answer, Method, analyse},
    error::PetError,
    fitting::Known,
    graphical::Start,
};

/// What is asked of a table of scans, in words; nothing named stands for all that there is.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Scans by name.
    pub scans: Vec<String>,
    /// Regions by name; without them all but the reference region.
    pub regions: Vec<String>,
    /// Methods by name; without them `2tcm`, or `srtm` with a reference region.
    pub methods: Vec<String>,
    /// The region without the target.
    pub reference: Option<String>,
    /// Efflux of the reference region for reference Logan; none where it is not said.
    pub k2_prime: Option<Efflux>,
    /// Where the line of a plot begins.
    pub start: Start,
    /// The delay of the blood, min; estimated (or 0 in a plot) without it.
    pub delay: Option<f64>,
    /// The fraction of blood; estimated (or 0 in a plot) without it.
    pub blood_fraction: Option<f64>,
    /// Search and gates of fits.
    pub options: FitOptions,
}

/// Efflux of the reference region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Efflux {
    /// The term is left out, as region and reference keep a constant ratio.
    LeftOut,
    /// 1/min.
    Rate(f64),
}

/// One region of a scan by one method.
#[derive(Debug, Clone)]
pub struct Analysed<'a> {
    /// The scan.
    pub scan: &'a PetScan,
    /// The region.
    pub region: &'a PetRegion,
    /// The method.
    pub method: Method,
    /// What it found, or why it finds nothing.
    pub answer: Result<Answer, PetError>,
}

impl Analysed<'_> {
    /// Whether the data determine what the method is for.
    #[must_use]
    pub fn is_determined(&self) -> bool {
        let first = self.answer.as_ref().ok().and_then(|answer| answer.quantities.first());
        first.is_some_and(|sought| sought.refused.is_none())
    }
}

/// Something that is asked and cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurveyFault {
    /// A method that there is not.
    #[error("there is no method `{name}`; there are: {}", all_methods())]
    NoMethod {
        /// As named.
        name: String,
    },
    /// A scan that there is not.
    #[error("there is no scan `{name}`; there are: {}", known.join(", "))]
    NoScan {
        /// As named.
        name: String,
        /// The scans there are.
        known: Vec<String>,
    },
    /// A region that a scan has not.
    #[error("there is no region `{name}` in the scan `{scan}`; there are: {}", known.join(", "))]
    NoRegion {
        /// As named.
        name: String,
        /// The scan.
        scan: String,
        /// Its regions.
        known: Vec<String>,
    },
    /// A method with a reference region, without one.
    #[error("`{method}` needs a reference region")]
    NoReference {
        /// The method.
        method: Method,
    },
    /// A method with blood, for a scan that has none.
    #[error("`{method}` needs blood, and the scan `{scan}` has none")]
    NoBlood {
        /// The method.
        method: Method,
        /// The scan.
        scan: String,
    },
    /// Reference Logan without a word on the efflux.
    #[error("`reference-logan` needs the efflux of the reference region")]
    NoEfflux,
    /// An efflux that is none.
    #[error("the efflux of the reference region is {} 1/min; expected more than 0", typed(*per_min))]
    Efflux {
        /// 1/min.
        per_min: f64,
    },
    /// A region of blood alone, or of less than none.
    #[error("the fraction of blood is {}; expected 0 or more and less than 1", typed(*fraction))]
    BloodFraction {
        /// 1 = 100 %.
        fraction: f64,
    },
}

fn all_methods() -> String {
    let names: Vec<&str> = Method::ALL.iter().map(|method| method.name()).collect();
    names.join(", ")
}

impl SurveyFault {
    /// The name that is near to one that there is not.
    #[must_use]
    pub fn near(&self) -> Option<&str> {
        match self {
            Self::NoMethod { name } => closest(name, Method::ALL.iter().map(|m| m.name())),
            Self::NoScan { name, known } | Self::NoRegion { name, known, .. } => {
                closest(name, known.iter().map(String::as_str))
            }
            _ => None,
        }
    }
}

/// One analysis that is to be made.
struct Task<'a> {
    scan: &'a PetScan,
    region: &'a PetRegion,
    reference: Option<&'a PetRegion>,
    method: Method,
}

impl Survey {
    /// What will be analysed: scan, region and method of each, in their order.
    ///
    /// # Errors
    /// Every [`SurveyFault`].
    pub fn analyses(
        &self,
        study: &PetStudy,
    ) -> Result<Vec<(String, String, Method)>, Vec<SurveyFault>> {
        let names = |t: Task<'_>| (t.scan.name.clone(), t.region.name.clone(), t.method);
        Ok(self.tasks(study)?.into_iter().map(names).collect())
    }

    /// Analyses everything that is asked for, in the order of scans, regions and methods; the same bits on any number of
    /// threads.
    ///
    /// # Errors
    /// Every [`SurveyFault`]. What the data of a region do not allow stands in its own [`answer`](Analysed::answer).
    pub fn run<'a>(&self, study: &'a PetStudy) -> Result<Vec<Analysed<'a>>, Vec<SurveyFault>> {
        let tasks = self.tasks(study)?;
        let analysed = |Task { scan, region, reference, method }: Task<'a>| {
            let analysis = Analysis {
                method,
                reference,
                k2_prime: self.k2_prime.and_then(Efflux::per_min),
                start: self.start,
                delay: self.delay.map(Known::Fixed),
                blood_fraction: self.blood_fraction.map(Known::Fixed),
                options: self.options.clone(),
            };
            Analysed { scan, region, method, answer: analyse(scan, region, &analysis) }
        };
        Ok(tasks.into_par_iter().map(analysed).collect())
    }

    /// The methods that are asked for, and what is wrong with what is asked whatever the scans are.
    fn methods(&self, faults: &mut Vec<SurveyFault>) -> Vec<Method> {
        let mut methods = Vec::new();
        for name in &self.methods {
            match Method::named(name) {
                Some(method) => methods.push(method),
                None => faults.push(SurveyFault::NoMethod { name: name.clone() }),
            }
        }
        if self.methods.is_empty() {
            methods.push(match self.reference {
                Some(_) => Method::Srtm,
                None => Method::Tissue(Compartments::TwoTissue),
            });
        }
        if self.reference.is_none() {
            let lonely = methods.iter().filter(|method| method.needs_reference());
            faults.extend(lonely.map(|&method| SurveyFault::NoReference { method }));
        }
        match self.k2_prime {
            None if methods.contains(&Method::ReferenceLogan) => faults.push(SurveyFault::NoEfflux),
            Some(Efflux::Rate(per_min)) if !(per_min > 0.0 && per_min.is_finite()) => {
                faults.push(SurveyFault::Efflux { per_min });
            }
            _ => {}
        }
        let possible = |fraction: &f64| (0.0..1.0).contains(fraction);
        if let Some(fraction) = self.blood_fraction.filter(|fraction| !possible(fraction)) {
            faults.push(SurveyFault::BloodFraction { fraction });
        }
        methods
    }

    fn tasks<'a>(&self, study: &'a PetStudy) -> Result<Vec<Task<'a>>, Vec<SurveyFault>> {
        let mut faults = Vec::new();
        let methods = self.methods(&mut faults);
        let mut tasks = Vec::new();
        for scan in self.scans_of(study, &mut faults) {
            let find = |name: &String| scan.regions.iter().find(|region| region.name == *name);
            let known = || scan.regions.iter().map(|region| region.name.clone()).collect();
            for name in self.regions.iter().chain(&self.reference).filter(|n| find(n).is_none()) {
                let (name, scan) = (name.clone(), scan.name.clone());
                faults.push(SurveyFault::NoRegion { name, scan, known: known() });
            }
            if scan.blood.is_none() {
                let bloodless = methods.iter().filter(|method| !method.needs_reference());
                let fault = |&method| SurveyFault::NoBlood { method, scan: scan.name.clone() };
                faults.extend(bloodless.map(fault));
            }
            let reference = self.reference.as_ref().and_then(find);
            let regions: Vec<&PetRegion> = match &self.regions[..] {
                [] => {
                    let other = |r: &&PetRegion| Some(&r.name) != self.reference.as_ref();
                    scan.regions.iter().filter(other).collect()
                }
                names => names.iter().filter_map(find).collect(),
            };
            for region in regions {
                let task = |&method| Task { scan, region, reference, method };
                tasks.extend(methods.iter().map(task));
            }
        }
        if faults.is_empty() { Ok(tasks) } else { Err(faults) }
    }

    fn scans_of<'a>(&self, study: &'a PetStudy, faults: &mut Vec<SurveyFault>) -> Vec<&'a PetScan> {
        if self.scans.is_empty() {
            return study.scans.iter().collect();
        }
        let mut scans = Vec::new();
        for name in &self.scans {
            match study.scans.iter().find(|scan| scan.name == *name) {
                Some(scan) => scans.push(scan),
                None => faults.push(SurveyFault::NoScan {
                    name: name.clone(),
                    known: study.scans.iter().map(|scan| scan.name.clone()).collect(),
                }),
            }
        }
        scans
    }
}

impl Efflux {
    /// The rate, where the term is not left out.
    fn per_min(self) -> Option<f64> {
        match self {
            Self::LeftOut => None,
            Self::Rate(per_min) => Some(per_min),
        }
    }
}
