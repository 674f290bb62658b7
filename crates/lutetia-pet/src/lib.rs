//! Kinetics of PET.
//!
//! A dynamic scan gives the mean concentration of a region over each frame; blood gives what reached it. This crate
//! finds how much the tissue takes up and holds:
//!
//! | to … | use |
//! |---|---|
//! | analyse a region of a table by a method | [`analyse`] with [`Method`] |
//! | analyse what is asked of a table of scans | [`Survey`] |
//! | make an input of blood, plasma fraction and parent fraction | [`BloodSamples`], [`Input::of_samples`] |
//! | fit compartments with delay and blood volume | [`fit_tissue`] with [`Compartments`] |
//! | fit the simplified reference tissue model | [`fit_reference`] |
//! | read V_T, K_i or BP_ND off a plot | [`logan`], [`patlak`], [`ma1`], [`reference_logan`] |
//!
//! Times are in min after injection; concentrations in one unit throughout, decay-corrected to injection. K₁ and K_i are
//! in mL/cm³/min, rate constants in 1/min, V_T in mL/cm³; BP_ND has no unit. Innis et al. 2007, J Cereb Blood Flow Metab
//! 27:1533, says what the names mean.
//!
//! A model is averaged over each frame, exactly: the input is linear between its samples, and a line convolved with an
//! exponential, and the integral of that, have closed forms. Nothing is sampled at the middle of a frame.
//!
//! ```
//! use lutetia_pet::*;
//! let input = Curve::new(vec![0.0, 1.0, 60.0], vec![0.0, 100.0, 5.0]).expect("an input");
//! let input = Input::new(input.clone(), input);
//! let frames = (0..20).map(|k| f64::from(k)).map(|t| Frame { start: 3.0 * t, end: 3.0 * (t + 1.0) });
//! let frames = Frames::new(frames.collect()).expect("frames");
//! // What a scanner without noise would see of K1 = 0.2, k2 = 0.05, 4 % blood.
//! let model = TissuePredictor::new(Compartments::OneTissue, &input, &frames);
//! let mut seen = vec![0.0; frames.len()];
//! lutetia_fit::Predictor::predict(&model, &[0.2, 0.05, 0.04, 0.0], &mut seen, None).expect("values");
//! let tissue = TissueCurve::new(frames, seen).expect("a curve");
//! let setting = TissueSetting { delay: Known::Fixed(0.0), ..TissueSetting::default() };
//! let found = fit_tissue(Compartments::OneTissue, &input, &tissue, &setting).expect("a fit");
//! let volume = &found.fit.derived[0];
//! assert_eq!(volume.name(), "V_T");
//! assert!((volume.value - 4.0).abs() < 1e-6);
//! ```

mod analysis;
mod compartments;
mod curve;
mod error;
mod fitting;
mod frames;
mod graphical;
mod input;
mod model;
mod reference;
mod survey;
mod tissue;

pub use analysis::{Analysis, Answer, Method, Seen, Sought, analyse};
pub use compartments::Compartments;
pub use curve::Curve;
pub use error::PetError;
pub use fitting::{KineticFit, Known, TissueSetting, fit_reference, fit_tissue};
pub use frames::{Frame, Frames, TissueCurve};
pub use graphical::{
    Graphical, GraphicalInput, Line, NotDetermined, Quantity, Start, logan, ma1, patlak,
    reference_logan,
};
pub use input::{BloodSamples, Input};
pub use reference::ReferencePredictor;
pub use survey::{Analysed, Efflux, Survey, SurveyFault};
pub use tissue::TissuePredictor;
