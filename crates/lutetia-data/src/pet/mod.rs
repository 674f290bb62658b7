//! Dynamic PET: curves of regions over frames, and blood.

mod blood;
mod columns;
mod frames;

use std::{collections::BTreeMap, path::Path};

use lutetia_diagnostic::{Diagnostic, Sources, closest};
use lutetia_units::{Nuclide, typed};

use crate::{
    codes,
    table::{Fault, Faults, Input, Part, Place, TableReader},
};

/// A scan in a table without a column `scan`.
const ONLY: &str = "scan";

/// The index of the number of each file in places.
const TACS: usize = 0;
const BLOOD: usize = 1;

/// One frame, min after injection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PetFrame {
    /// Start, min.
    pub start_min: f64,
    /// End, min.
    pub end_min: f64,
}

/// One region of a scan.
#[derive(Debug, Clone, PartialEq)]
pub struct PetRegion {
    /// Its name.
    pub name: String,
    /// Its frames, in the order of time.
    pub frames: Vec<PetFrame>,
    /// Mean concentration over each frame, kBq/mL.
    pub activity: Vec<f64>,
    /// Inverse variance of each, up to a factor, where the table says it.
    pub weights: Option<Vec<f64>>,
}

/// Samples of one quantity in blood, in the order of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PetSamples {
    /// Times, min after injection.
    pub times_min: Vec<f64>,
    /// Values: kBq/mL, or fractions.
    pub values: Vec<f64>,
}

/// What was measured in blood; quantities that were not are empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PetBlood {
    /// Whole blood, kBq/mL.
    pub whole_blood: PetSamples,
    /// Plasma with metabolites, kBq/mL.
    pub plasma: PetSamples,
    /// Plasma over whole blood.
    pub plasma_fraction: PetSamples,
    /// Unchanged tracer in plasma over all activity there.
    pub parent_fraction: PetSamples,
    /// Unchanged tracer in plasma, kBq/mL.
    pub parent: PetSamples,
}

/// One scan.
#[derive(Debug, Clone, PartialEq)]
pub struct PetScan {
    /// Its name.
    pub name: String,
    /// Its regions, in the order of the table.
    pub regions: Vec<PetRegion>,
    /// Its blood, where a table of blood was given.
    pub blood: Option<PetBlood>,
}

/// Dynamic scans with their blood.
#[derive(Debug, Clone, PartialEq)]
pub struct PetStudy {
    /// The scans, in the order of the table.
    pub scans: Vec<PetScan>,
}

/// What a caller allows of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PetAllowed {
    /// Frames may leave gaps: a break in the scan.
    pub gaps: bool,
}

impl PetStudy {
    /// Reads the table of frames and, where there is one, that of blood.
    ///
    /// What each column means is in `docs/pet.md`. Units stand in the titles. The study is `None` exactly when one of the
    /// diagnostics is an error; all faults of both tables are told at once.
    #[must_use]
    pub fn read(
        tacs: &Path,
        blood: Option<&Path>,
        allowed: PetAllowed,
    ) -> (Option<Self>, Vec<Diagnostic>, Sources) {
        let input = |path: &Path| (path.display().to_string(), Input::File(path.to_path_buf()));
        read_study(input(tacs), blood.map(input), allowed)
    }

    /// The same from memory: name and text of each table.
    #[must_use]
    pub fn parse(
        tacs: (&str, &[u8]),
        blood: Option<(&str, &[u8])>,
        allowed: PetAllowed,
    ) -> (Option<Self>, Vec<Diagnostic>, Sources) {
        let input = |(name, text)| (String::from(name), Input::Memory(text));
        // Both closures would borrow for different lives otherwise.
        let second = blood.map(|(name, text)| (String::from(name), Input::Memory(text)));
        read_study(input(tacs), second, allowed)
    }

    /// Corrects concentrations that were written as measured for the decay of a nuclide since the injection: those of
    /// blood at their times by `e^{λt}`, those of frames by the mean decay over the frame,
    /// `λd e^{λs}/(1 − e^{−λd})` with start `s` and duration `d`.
    pub fn correct_decay(&mut self, nuclide: &Nuclide) {
        let rate = nuclide.lambda_per_s() * 60.0;
        for scan in &mut self.scans {
            for region in &mut scan.regions {
                for (k, frame) in region.frames.iter().enumerate() {
                    let x = rate * (frame.end_min - frame.start_min);
                    let factor = (rate * frame.start_min).exp() * x / -(-x).exp_m1();
                    region.activity[k] *= factor;
                    if let Some(weights) = &mut region.weights {
                        weights[k] /= factor * factor;
                    }
                }
            }
            let Some(blood) = &mut scan.blood else { continue };
            for samples in [&mut blood.whole_blood, &mut blood.plasma, &mut blood.parent] {
                for (value, time) in samples.values.iter_mut().zip(&samples.times_min) {
                    *value *= (rate * time).exp();
                }
            }
        }
    }
}

fn read_study(
    tacs: (String, Input<'_>),
    blood: Option<(String, Input<'_>)>,
    allowed: PetAllowed,
) -> (Option<PetStudy>, Vec<Diagnostic>, Sources) {
    let mut faults = Faults::default();
    let reader = TableReader { file: TACS, name: &tacs.0, spec: &columns::TACS, others: &[] };
    let (mut curves, mut delimiters) = (Vec::new(), [b','; 2]);
    (delimiters[TACS], curves) = frames::read(&reader, &tacs.1, allowed, &mut faults, curves);
    let mut samples = blood.as_ref().map(|(name, input)| {
        let reader = TableReader { file: BLOOD, name, spec: &columns::BLOOD, others: &[] };
        let (delimiter, samples) = blood::read(&reader, input, &mut faults);
        delimiters[BLOOD] = delimiter;
        samples
    });
    if let Some(samples) = &samples {
        beside(&curves, samples, &mut faults);
    }
    let failed = faults.errors() > 0;
    let mut files = vec![(tacs.0, Some(tacs.1), delimiters[TACS])];
    files.extend(blood.map(|(name, input)| (name, Some(input), delimiters[BLOOD])));
    let (diagnostics, sources) = faults.finish(&files);
    let scans = curves.into_iter().map(|scan| PetScan {
        blood: samples.as_mut().and_then(|samples| samples.remove(&scan.name)).map(|s| s.blood),
        regions: scan.regions,
        name: scan.name,
    });
    let study = PetStudy { scans: scans.collect() };
    ((!failed).then_some(study), diagnostics, sources)
}

/// A scan as it is read, with the lines of its first and last frame.
struct ReadScan {
    name: String,
    regions: Vec<PetRegion>,
    first: (f64, u32),
    last: (PetFrame, u32),
}

/// The blood of a scan as it is read, with the lines of its first and last sample.
#[derive(Default)]
struct ReadBlood {
    blood: PetBlood,
    first: Option<(f64, u32)>,
    last: Option<(f64, u32)>,
}

/// Whether the blood of each scan covers it and says what reaches the tissue.
fn beside(scans: &[ReadScan], blood: &BTreeMap<String, ReadBlood>, faults: &mut Faults) {
    let place = |file: usize, line: u32| Place { file, line, part: Part::Line };
    for scan in scans {
        let Some(found) = blood.get(&scan.name) else {
            let near = closest(&scan.name, blood.keys().map(String::as_str));
            faults.error(codes::NO_INPUT, place(TACS, scan.first.1), || {
                Fault::new(
                    format!("scan `{}` has no blood", scan.name),
                    "not in the table of blood",
                )
                .hint(match near {
                    Some(near) => {
                        format!("the table of blood has `{near}`; give both the same name")
                    }
                    None => "add its samples, or leave the scan out".to_owned(),
                })
            });
            continue;
        };
        let PetBlood { whole_blood, plasma, plasma_fraction, parent_fraction, parent } =
            &found.blood;
        let (Some(begins), Some(ends)) = (found.first, found.last) else { continue };
        let has = |samples: &PetSamples| !samples.values.is_empty();
        let in_plasma = has(plasma) || (has(whole_blood) && has(plasma_fraction));
        if !(has(parent) || in_plasma && has(parent_fraction)) {
            let missing = match (in_plasma, has(parent_fraction)) {
                (true, _) => {
                    "a column `parent_fraction` (1 throughout where nothing is metabolised)"
                }
                (false, true) => {
                    "a column `plasma (kBq/mL)`, or `whole_blood (kBq/mL)` with `plasma_fraction`"
                }
                (false, false) => {
                    "a column `parent_plasma (kBq/mL)`, or plasma with `parent_fraction`"
                }
            };
            faults.error(codes::NO_INPUT, place(BLOOD, begins.1), || {
                Fault::new(
                    format!(
                        "blood of scan `{}` does not say how much unchanged tracer is in plasma",
                        scan.name
                    ),
                    "the input cannot be made of these columns",
                )
                .hint(format!("add {missing}"))
            });
        }
        let (start, line) = begins;
        if start > 0.0 && start > scan.first.0 {
            faults.error(codes::INPUT_LATE, place(BLOOD, line), || {
                Fault::new(
                    format!(
                        "blood of scan `{}` begins at {} min, after the first frame at {} min",
                        scan.name,
                        typed(start),
                        typed(scan.first.0)
                    ),
                    "the first sample",
                )
                .hint("give the samples before it, with 0 at the injection, and count both tables from the injection")
                .also(place(TACS, scan.first.1), "the first frame")
            });
        }
        let (last, line) = scan.last;
        let held = (last.end_min - last.start_min).max(0.1 * last.end_min);
        if ends.0 < last.end_min - held {
            faults.error(codes::INPUT_SHORT, place(BLOOD, ends.1), || {
                Fault::new(
                    format!(
                        "blood of scan `{}` ends at {} min, the scan at {} min; its last value is held for at most {} min",
                        scan.name,
                        typed(ends.0),
                        typed(last.end_min),
                        typed(held)
                    ),
                    "the last sample",
                )
                .hint("give later samples, or leave out the frames after them")
                .also(place(TACS, line), "the last frame")
            });
        }
    }
}
