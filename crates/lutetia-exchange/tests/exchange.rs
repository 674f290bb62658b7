//! What other programs' files say is carried over or named, and what goes to them is counted once.

use lutetia_data::{RegionName, Sex, Study};
use lutetia_exchange::{OlindaCase, OrganIntegral, codes, mirdcalc_csv, read_pytheranostics_json};
use serde_json::Value;

const RESULTS: &str = include_str!("exchange/results.json");

fn lesion(text: &str) -> lutetia_data::Curve {
    let (files, faults, _) = read_pytheranostics_json("results.json", text);
    let files = files.unwrap_or_else(|| panic!("{faults:?}"));
    let (study, faults, _) = Study::parse("P1", &files.as_input());
    let study = study.unwrap_or_else(|| panic!("{faults:?}"));
    let region = study
        .regions("P1", 1)
        .into_iter()
        .find(|r| r.to_lowercase().contains("lesion"))
        .expect("a lesion");
    study.curve("P1", 1, region).expect("a curve")
}

#[test]
fn exact_mass_and_density_of_lesions_are_kept() {
    assert!((lesion(RESULTS).mean_mass_g().expect("a mass") - 19.2).abs() < 1e-9);
    // Where the mass is not given, density times volume is one.
    let mut value: Value = serde_json::from_str(RESULTS).expect("JSON");
    let regions = value["Cycle_01"][0]["VOIs"].as_object_mut().expect("regions");
    for (name, fields) in regions {
        if name.to_lowercase().contains("lesion") {
            fields["mass_g"]["mean"] = "NA".into();
            fields["density_gml"]["mean"] = 1.5.into();
            fields["volumes_mL"]["different_tps"] = vec![10.0, 10.0, 10.0, 10.0].into();
        }
    }
    let found = lesion(&value.to_string()).mean_mass_g().expect("a mass");
    assert!((found - 15.0).abs() < 1e-9, "{found}");
}

/// Paths of all numbers.
fn numbers(value: &Value, path: &str, out: &mut Vec<String>) {
    match value {
        Value::Number(_) => out.push(path.to_owned()),
        Value::Array(list) => {
            for (i, v) in list.iter().enumerate() {
                numbers(v, &format!("{path}/{i}"), out);
            }
        }
        Value::Object(map) => {
            for (key, v) in map {
                numbers(v, &format!("{path}/{key}"), out);
            }
        }
        _ => {}
    }
}

#[test]
fn prop_no_number_is_dropped_without_a_word() {
    let value: Value = serde_json::from_str(RESULTS).expect("JSON");
    let read = |value: &Value| {
        let (files, faults, _) = read_pytheranostics_json("results.json", &value.to_string());
        (files, faults.into_iter().map(|d| d.message).collect::<Vec<_>>())
    };
    let (files, said) = read(&value);
    assert!(said.iter().any(|m| m.starts_with("not carried over: ")), "{said:?}");
    let mut paths = Vec::new();
    numbers(&value, "", &mut paths);
    assert!(paths.len() > 30);
    for path in paths {
        let mut changed = value.clone();
        let cell = changed.pointer_mut(&path).expect("a number");
        *cell = (cell.as_f64().expect("a number") * 1.25 + 1.0).into();
        let (other, faults) = read(&changed);
        let field = path.split('/').rfind(|p| p.parse::<usize>().is_err()).unwrap_or_default();
        let parent = path.split('/').rev().nth(1).unwrap_or_default();
        let named = said.iter().any(|m| {
            m.contains(&format!("`{field}`")) || m.contains(&format!("`{parent}.{field}`"))
        });
        // A mean beside the values it is the mean of, the number of a cycle beside its name, the number of cycles.
        let repeated = ["CycleNumber", "No_of_completed_cycles"].contains(&field)
            || path.ends_with("volumes_mL/mean")
            || path.ends_with("density_gml/mean");
        assert!(
            other != files || faults != said || named || repeated,
            "{path} is dropped in silence"
        );
    }
}

fn integral(region: &str, organ: &str, tiac_h: f64, mass_g: f64) -> OrganIntegral {
    OrganIntegral {
        region: region.into(),
        organ: organ.into(),
        tiac_h,
        tiac_sd_h: Some(0.01 * tiac_h),
        mass_g: Some(mass_g),
    }
}

#[test]
fn exact_what_lies_in_another_region_is_exported_once() {
    let left = integral("kidney_left", "kidneys", 0.9656, 157.5);
    let right = integral("kidney_right", "kidneys", 0.8686, 157.5);
    let both = integral("kidneys", "kidneys", 1.834, 315.0);
    let parotid = integral("ParotidGland_Left", "parotid glands", 0.07, 26.0);
    let glands = integral("salivary_glands", "salivary glands", 0.2, 90.0);
    let liver = integral("liver", "liver", 4.0, 1800.0);
    let lobe = integral("liver_left", "liver", 1.0, 500.0);
    let other_case = integral("Kidney_Left", "kidneys", 0.97, 157.5);
    // What is given, the one number of its organ (h, g), and what is left out.
    let table: Vec<(Vec<&OrganIntegral>, &str, f64, f64, Vec<&str>)> = vec![
        (vec![&left, &right], "Kidneys", 1.8342, 315.0, vec![]),
        (vec![&left, &right, &both], "Kidneys", 1.834, 315.0, vec!["kidney_left", "kidney_right"]),
        (vec![&both, &left], "Kidneys", 1.834, 315.0, vec!["kidney_left"]),
        (vec![&left, &other_case], "Kidneys", 0.9656, 157.5, vec!["Kidney_Left"]),
        (vec![&liver, &lobe], "Liver", 4.0, 1800.0, vec!["liver_left"]),
        (vec![&parotid, &glands], "Salivary", 0.2, 90.0, vec!["ParotidGland_Left"]),
    ];
    for (given, organ, tiac, mass, left_out) in table {
        let given: Vec<OrganIntegral> = given.into_iter().cloned().collect();
        let names: Vec<&str> = given.iter().map(|g| g.region.as_str()).collect();
        let mird = mirdcalc_csv(&given);
        let rows: Vec<Vec<&str>> = mird
            .text
            .lines()
            .filter(|l| l.starts_with(organ))
            .map(|l| l.split(',').collect())
            .collect();
        assert_eq!(rows.len(), 1, "{names:?}: {}", mird.text);
        assert!(
            (rows[0][1].parse::<f64>().expect("h") / tiac - 1.0).abs() < 1e-5,
            "{names:?}: {:?}",
            rows[0]
        );
        assert!(
            (rows[0][4].parse::<f64>().expect("g") - mass).abs() < 1e-3,
            "{names:?}: {:?}",
            rows[0]
        );
        let case = OlindaCase::export("Lu-177", Sex::Male, &given, "x");
        for exported in [&mird, &case] {
            for region in &left_out {
                let told = exported
                    .notes
                    .iter()
                    .any(|n| n.starts_with(&format!("`{region}` is left out")));
                assert!(told, "{names:?}: {:?}", exported.notes);
            }
        }
        let total: f64 = case
            .text
            .lines()
            .skip_while(|l| *l != "[BEGIN KINETIC DATA]")
            .filter_map(|l| l.split_once('|')?.1.parse::<f64>().ok())
            .sum();
        assert!((total / tiac - 1.0).abs() < 1e-5, "{names:?}: {total}");
    }
}

#[test]
fn exact_imported_names_of_sides_are_read() {
    assert_eq!(RegionName::read("Kidney_Left").key, RegionName::read("left kidney").key);
    assert_eq!(codes::FOREIGN_LEFT_OUT, "LUT3042");
}
