//! Kinetics of PET in an experiment, on scans that are computed from what is to be found.

use std::fmt::Write as _;

use lutetia_pet::{Compartments, Curve, Frame, Frames, Input, TissuePredictor};
use lutetia_testkit::{Files, Ran, heading, said};

/// K1 (mL/cm³/min), k2 (1/min), share of blood and delay (min) of two regions; V_T is K1/k2: 4 and 2.5 mL/cm³.
const REGIONS: [(&str, [f64; 4]); 2] =
    [("cortex", [0.2, 0.05, 0.04, 0.0]), ("cerebellum", [0.25, 0.1, 0.04, 0.0])];

/// Frames of two scans that are one, and the blood that reached them.
pub(crate) fn tables() -> (String, String) {
    let (times, values) = (vec![0.0, 1.0, 10.0, 60.0], vec![0.0, 100.0, 20.0, 5.0]);
    let mut blood = "scan,time (min),whole_blood (kBq/mL),parent_plasma (kBq/mL)\n".to_owned();
    for scan in ["first", "second"] {
        for (t, c) in times.iter().zip(&values) {
            let _ = writeln!(blood, "{scan},{t},{c},{c}");
        }
    }
    let curve = Curve::new(times, values).expect("a curve");
    let input = Input::new(curve.clone(), curve);
    let list: Vec<Frame> = (0..20)
        .map(|k| 3.0 * f64::from(k))
        .map(|start| Frame { start, end: start + 3.0 })
        .collect();
    let frames = Frames::new(list.clone()).expect("frames");
    let model = TissuePredictor::new(Compartments::OneTissue, &input, &frames);
    let mut tacs = "scan,region,start (min),end (min),activity (kBq/mL)\n".to_owned();
    for scan in ["first", "second"] {
        for (region, theta) in REGIONS {
            let mut seen = vec![0.0; list.len()];
            lutetia_fit::Predictor::predict(&model, &theta, &mut seen, None).expect("values");
            for (frame, c) in list.iter().zip(&seen) {
                let _ = writeln!(tacs, "{scan},{region},{},{},{c:?}", frame.start, frame.end);
            }
        }
    }
    (tacs, blood)
}

/// An experiment of one step with further keys.
pub(crate) fn experiment(keys: &str) -> String {
    format!(
        "{}[data.scans]\npet = {{ frames = \"pet/tacs.csv\", blood = \"pet/blood.csv\" }}\n\
         [[step]]\nkind = \"pet\"\nid = \"k\"\ndata = \"scans\"\n{keys}",
        heading(3)
    )
}

fn files() -> Files {
    let (tacs, blood) = tables();
    Files::of(&[("pet/tacs.csv", &tacs), ("pet/blood.csv", &blood)])
}

fn ran(keys: &str) -> Ran {
    files().run(&experiment(keys)).unwrap_or_else(|failure| panic!("{}", said(&failure)))
}

/// Without noise, every method finds what the scans were computed from: compartments to the tolerance of the search, plots
/// to what is lost between the means of frames of 3 min.
#[test]
fn exact_a_step_finds_what_scans_were_computed_from() {
    let ran =
        ran("methods = [\"1tcm\", \"ma1\", \"logan\"]\nt_star = \"12 min\"\nscans = [\"first\"]\n");
    let table = ran.table("k");
    assert_eq!(table.iter().count(), 6, "two regions by three methods");
    for (region, [k1, k2, blood, _]) in REGIONS {
        let of = |method: &str| table.row("row", &format!("first: {region}, {method}, V_T"));
        let value = of("1tcm").number("value");
        assert!((value / (k1 / k2) - 1.0).abs() < 1e-4, "{region}: {value}");
        assert_eq!(of("1tcm").text("unit"), "mL/cm^3");
        let parameters = ran.table("k.parameters");
        let found = |name: &str| {
            parameters.row("row", &format!("first: {region}, 1tcm, {name}")).number("value")
        };
        assert!((found("vB") - blood).abs() < 1e-4 && (found("K1") / k1 - 1.0).abs() < 1e-3);
    }
    assert!(parameters_of_plots(&ran).is_empty(), "plots estimate nothing else");
    assert_eq!(ran.table("k.points").iter().count(), 6 * 20);
}

fn parameters_of_plots(ran: &Ran) -> Vec<String> {
    let table = ran.table("k.parameters");
    let plots = table.iter().filter(|row| row.text("method") != "1tcm");
    plots.map(|row| row.text("row").to_owned()).collect()
}

/// A fraction of blood and a delay that are given are not estimated: they have no error, their rows say so, and V_T is the
/// one that the scan was computed from.
#[test]
fn exact_what_is_held_is_said_to_be_held() {
    let keys = "methods = [\"1tcm\"]\nregions = [\"cortex\"]\nscans = [\"second\"]\n\
                blood_fraction = \"4 %\"\ndelay = \"0 s\"\n";
    let ran = ran(keys);
    let table = ran.table("k.parameters");
    for name in ["vB", "delay"] {
        let row = table.row("row", &format!("second: cortex, 1tcm, {name}"));
        assert_eq!(row.text("note"), "held");
        assert_eq!(row.text("se"), "");
    }
    let row = ran.table("k");
    let row = row.row("row", "second: cortex, 1tcm, V_T");
    assert!((row.number("value") / 4.0 - 1.0).abs() < 1e-6, "{}", row.number("value"));
}

/// The simplified reference model has no input but the other region: BP_ND is the ratio of volumes less one, where both have
/// one compartment and no blood.
#[test]
fn exact_a_reference_region_is_left_out_of_the_regions() {
    let ran = ran("reference = \"cerebellum\"\n");
    let table = ran.table("k");
    let names: Vec<&str> = table.iter().map(|row| row.text("region")).collect();
    assert_eq!(names, ["cortex", "cortex"], "of two scans");
    let row = table.row("row", "first: cortex, srtm, BP_ND");
    // 4/2.5 − 1; both regions hold 4 % of blood, which the model does not know.
    assert!((row.number("value") - 0.6).abs() < 0.02, "{}", row.number("value"));
}

#[test]
fn exact_every_fault_of_a_step_is_found_before_it_runs() {
    let (tacs, blood) = tables();
    let world = std::collections::BTreeMap::from([
        ("pet/tacs.csv".to_owned(), tacs.into_bytes()),
        ("pet/blood.csv".to_owned(), blood.into_bytes()),
    ]);
    let check = |text: &str| {
        let checked = lutetia_experiment::check("reports/x/experiment.toml", text, &world);
        lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false)
    };
    assert_eq!(check(&experiment("")), "");
    for (keys, expected) in [
        ("methods = [\"logn\"]\n", &["LUT7016", "write `logan`"][..]),
        (
            "scans = [\"frist\"]\nregions = [\"cortx\"]\n",
            &["LUT7172", "no scan `frist`", "did you mean `first`?"],
        ),
        (
            "regions = [\"cortx\"]\nmethods = [\"srtm\"]\n",
            &["no region `cortx` in the scan `first`", "`srtm` needs a reference region"],
        ),
        (
            "reference = \"cerebellum\"\nmethods = [\"reference-logan\"]\n",
            &["needs the efflux", "constant_ratio = true"],
        ),
        ("t_star = \"30\"\n", &["LUT7015", "30 h"]),
        ("t_star = \"30 min\"\nwithin = \"5 %\"\n", &["LUT7172", "give one of them"]),
        ("blood_fraction = \"100 %\"\n", &["LUT7172", "less than 1"]),
        ("delay = \"6 kg\"\n", &["LUT7010"]),
        ("region = [\"cortex\"]\n", &["LUT7005", "`regions`"]),
    ] {
        let said = check(&experiment(keys));
        for expected in expected {
            assert!(said.contains(expected), "{keys}{expected}\n{said}");
        }
    }
    let other = |from: &str, to: &str| check(&experiment("").replace(from, to));
    let said = other(", blood = \"pet/blood.csv\"", "");
    assert!(said.contains("needs blood") && said.contains("`blood` beside `frames`"), "{said}");
    let said = other("pet/blood.csv", "pet/blod.csv");
    assert!(said.contains("pet/blod.csv"), "{said}");
    let said = other("blood.csv\"", "blood.csv\", uncorrected = \"C-12\"");
    assert!(said.contains("C-12") && said.matches("error[").count() == 1, "{said}");
    let said = other("pet = {", "pets = {");
    assert!(said.contains("LUT7005"), "{said}");
}

/// Concentrations as measured are corrected for the decay of the nuclide that is named.
#[test]
fn exact_uncorrected_concentrations_become_those_that_were_corrected() {
    let (tacs, blood) = tables();
    let lambda = 60.0 * lutetia_data::nuclides().get("C-11").expect("a nuclide").lambda_per_s();
    let decayed = |text: &str, mean: bool| -> String {
        let mut lines = text.lines();
        let head = lines.next().expect("a header");
        let line = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            let x = |k: usize| cells[k].parse::<f64>().expect("a number");
            match mean {
                // The mean of what decays over a frame from s to e.
                true => {
                    let (s, e) = (x(2), x(3));
                    let factor = ((-lambda * s).exp() - (-lambda * e).exp()) / (lambda * (e - s));
                    format!(
                        "{},{},{},{},{:?}\n",
                        cells[0],
                        cells[1],
                        cells[2],
                        cells[3],
                        x(4) * factor
                    )
                }
                false => {
                    let factor = (-lambda * x(1)).exp();
                    format!("{},{},{:?},{:?}\n", cells[0], cells[1], x(2) * factor, x(3) * factor)
                }
            }
        };
        std::iter::once(format!("{head}\n")).chain(lines.map(line)).collect()
    };
    let (raw, raw_blood) = (decayed(&tacs, true), decayed(&blood, false));
    let files = files().with("raw/tacs.csv", &raw).with("raw/blood.csv", &raw_blood);
    let keys = "methods = [\"1tcm\"]\nregions = [\"cortex\"]\nscans = [\"first\"]\n";
    let text = experiment(keys)
        .replace("pet/tacs", "raw/tacs")
        .replace("pet/blood.csv\"", "raw/blood.csv\", uncorrected = \"C-11\"");
    let ran = files.run(&text).unwrap_or_else(|failure| panic!("{}", said(&failure)));
    let table = ran.table("k");
    let value = table.row("row", "first: cortex, 1tcm, V_T").number("value");
    assert!((value / 4.0 - 1.0).abs() < 1e-4, "{value}");
}
