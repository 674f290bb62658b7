//! The model files of `models/pet` beside the closed forms.

use lutetia_fit::Predictor;
use lutetia_model::{Binding, Named, Resolve, SourceFile, check, compile};
use lutetia_pet::{
    Compartments, Curve, Frame, Frames, Input, ReferencePredictor, TissueCurve, TissuePredictor,
};
use lutetia_sim::{Inputs, Options, Regimen, Request, Simulator};

struct Nothing;

impl Resolve for Nothing {
    fn resolve(&self, _: &str) -> Option<String> {
        None
    }

    fn named(&self, _: &str) -> Option<Named<'_>> {
        None
    }
}

/// The output `C_T` of a bundled model with its own parameters, at some times, and those parameters by name.
fn simulated(
    name: &str,
    inputs: &[(&str, &Curve)],
    times: &[f64],
) -> (Vec<f64>, Vec<(String, f64)>) {
    let bundled = lutetia_models::find(name).expect("it is bundled");
    let source = SourceFile { name: bundled.path.to_owned(), text: bundled.text.to_owned() };
    let checked = check(&source, &Nothing);
    assert!(checked.diagnostics.is_empty(), "{:#?}", checked.diagnostics);
    let model = checked.model.expect("a model");
    let system =
        compile(&model, &Binding::all(lutetia_data::nuclides(), std::iter::empty::<&str>()))
            .expect("it compiles");
    let factor =
        |input: &str| system.inputs().iter().find(|i| i.name == input).expect("an input").factor;
    let curves = inputs.iter().map(|(input, curve)| {
        let scale = factor(input);
        let points = curve.times().iter().zip(curve.values()).map(|(t, v)| (*t, v * scale));
        lutetia_sim::Curve { input: (*input).to_owned(), points: points.collect() }
    });
    let inputs = Inputs { curves: curves.collect() };
    let parameters: Vec<f64> = system.parameters().iter().map(|p| p.default).collect();
    let declared =
        |p: &lutetia_model::system::ParameterInfo| (p.name.clone(), p.default / p.factor);
    let named = system.parameters().iter().map(declared).collect();
    let output = system.outputs().iter().position(|o| o.name == "C_T").expect("an output");
    let scale = system.outputs()[output].factor;
    let options = Options { rtol: 1e-10, ..Options::default() };
    let regimen = Regimen::default();
    let simulator = Simulator::new(system);
    let request = Request::new(&parameters, &regimen, times).inputs(&inputs).options(&options);
    let run = simulator.run(&request).expect("a run");
    ((0..times.len()).map(|row| run.outputs.row(row)[output] * scale).collect(), named)
}

fn blood() -> (Curve, Curve) {
    let times = vec![0.0, 0.5, 0.75, 1.0, 1.5, 3.0, 8.0, 20.0, 60.0, 90.0];
    let plasma = vec![0.0, 5.0, 150.0, 90.0, 40.0, 20.0, 9.0, 5.0, 2.0, 1.0];
    let whole = plasma.iter().map(|v| 0.7 * v + 1.0).collect();
    let curve = |values| Curve::new(times.clone(), values).expect("a curve");
    (curve(plasma), curve(whole))
}

/// Times between samples, each with a frame so short that its mean is the value at its middle.
fn instants() -> (Vec<f64>, Frames) {
    let times = vec![0.3, 0.6, 0.9, 1.2, 2.2, 5.0, 13.0, 31.0, 47.0, 77.0];
    let short = |t: &f64| Frame { start: t - 1e-4, end: t + 1e-4 };
    let frames = Frames::new(times.iter().map(short).collect()).expect("frames");
    (times, frames)
}

fn assert_close(name: &str, found: &[f64], expected: &[f64]) {
    let peak = expected.iter().copied().fold(0.0, f64::max);
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-6 * peak, "{name}: {a} {b}");
    }
}

#[test]
fn exact_model_files_are_the_closed_forms() {
    let ((plasma, whole), (times, frames)) = (blood(), instants());
    let input = Input::new(plasma.clone(), whole.clone());
    for (name, model) in [
        ("pet/1tcm", Compartments::OneTissue),
        ("pet/2tcm", Compartments::TwoTissue),
        ("pet/2tcm-irreversible", Compartments::TwoTissueIrreversible),
    ] {
        let (found, parameters) = simulated(name, &[("C_P", &plasma), ("C_B", &whole)], &times);
        let predictor = TissuePredictor::new(model, &input, &frames);
        let value = |name: &String| parameters.iter().find(|p| p.0 == *name).map_or(0.0, |p| p.1);
        let theta: Vec<f64> = predictor.names().iter().map(value).collect();
        let mut expected = vec![0.0; times.len()];
        predictor.predict(&theta, &mut expected, None).expect("values");
        assert_close(name, &found, &expected);
    }
}

#[test]
fn exact_the_model_file_of_the_reference_region_is_the_closed_form() {
    // Frames of a reference region; the file is given the curve whose means they are, which is linear between their
    // middles, and compared over the frames by Simpson's rule.
    let edges: Vec<f64> = (0..31).map(|k| 3.0 * f64::from(k)).collect();
    let list = edges.windows(2).map(|e| Frame { start: e[0], end: e[1] }).collect();
    let frames = Frames::new(list).expect("frames");
    let shape = |t: f64| 80.0 * t * (-0.12 * t).exp() + 3.0;
    // A curve that is linear between the middles and constant after the last has these means.
    let knots: Vec<f64> =
        std::iter::once(0.0).chain(frames.list().iter().map(|f| f.middle())).collect();
    let values: Vec<f64> = knots.iter().map(|t| if *t > 0.0 { shape(*t) } else { 0.0 }).collect();
    let curve = Curve::new(knots, values).expect("a curve");
    let means: Vec<f64> = frames
        .list()
        .iter()
        .map(|f| {
            // Linear on each half: Simpson's rule is exact.
            let half =
                |a: f64, b: f64| (curve.at(a) + 4.0 * curve.at(0.5 * (a + b)) + curve.at(b)) / 6.0;
            0.5 * (half(f.start, f.middle()) + half(f.middle(), f.end))
        })
        .collect();
    let reference = TissueCurve::new(frames.clone(), means).expect("a curve");
    let predictor = ReferencePredictor::new(&reference, &reference).expect("a model");
    // Ten Gauss-like pieces of Simpson's rule over each half frame, away from the knots only by their ends.
    let pieces = 20;
    let times: Vec<f64> = frames
        .list()
        .iter()
        .flat_map(|f| {
            let step = f.duration() / f64::from(pieces);
            let start = f.start;
            (0..=pieces).map(move |k| start + step * f64::from(k))
        })
        .map(|t| t.max(1e-9))
        .collect();
    let mut unique = times.clone();
    unique.sort_by(f64::total_cmp);
    unique.dedup();
    let (values, parameters) = simulated("pet/srtm", &[("C_R", &curve)], &unique);
    let at = |t: f64| values[unique.partition_point(|u| *u < t - 1e-12)];
    let found: Vec<f64> = times
        .chunks_exact(pieces as usize + 1)
        .map(|chunk| {
            let sum: f64 = chunk
                .iter()
                .enumerate()
                .map(|(k, t)| {
                    let weight = match k {
                        0 => 1.0,
                        k if k == pieces as usize => 1.0,
                        k if k % 2 == 1 => 4.0,
                        _ => 2.0,
                    };
                    weight * at(*t)
                })
                .sum();
            sum / (3.0 * f64::from(pieces))
        })
        .collect();
    let value = |name: &String| parameters.iter().find(|p| p.0 == *name).expect("one").1;
    let theta: Vec<f64> = predictor.names().iter().map(value).collect();
    let mut expected = vec![0.0; frames.len()];
    predictor.predict(&theta, &mut expected, None).expect("values");
    assert_close("pet/srtm", &found, &expected);
}
