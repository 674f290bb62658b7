//! Ligands in the reference body: what each file says of its numbers, and how far published numbers are met.

use std::collections::BTreeMap;

use lutetia_model::{Binding, Evidence, Model, Status, compile};
use lutetia_sim::{Dose, Options, Regimen, Request, Simulator};
use lutetia_units::Dimension;

use crate::library::at_path;
use crate::shipped::{folder, near};

/// The names of the files of a family.
fn family(name: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder().join(name)).expect("a family");
    let mut names: Vec<String> = entries
        .filter_map(|e| e.expect("an entry").path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

fn model(family: &str, name: &str) -> Model {
    at_path(&folder().join(format!("{family}/{name}.toml")))
}

/// One row of the table of published numbers.
struct Published {
    ligand: String,
    nuclide: String,
    activity: f64,
    amount: f64,
    cold: f64,
    organ: String,
    quantity: String,
    low: f64,
    high: f64,
    used: bool,
    lutetia: f64,
    inside: bool,
    remembered: bool,
}

fn published() -> Vec<Published> {
    let text = lutetia_testkit::text("data/ligands/published.csv");
    let number = |text: &str| text.parse::<f64>().unwrap_or_else(|e| panic!("{text}: {e}"));
    text.lines()
        .skip(1)
        .map(|line| {
            // The last cell is a sentence.
            let cells: Vec<&str> = line.splitn(16, ',').collect();
            Published {
                ligand: cells[0].to_owned(),
                nuclide: cells[1].to_owned(),
                activity: number(cells[2]),
                amount: number(cells[3]),
                cold: number(cells[4]),
                organ: cells[5].to_owned(),
                quantity: cells[6].to_owned(),
                low: number(cells[9]),
                high: number(cells[10]),
                used: cells[12] == "yes",
                lutetia: number(cells[13]),
                inside: cells[14] == "yes",
                remembered: cells[15].contains("quoted from memory"),
            }
        })
        .collect()
}

/// A cold dose first, 4 h before, where there is one; then 10 min of the labelled one.
fn doses(row: &Published) -> (f64, Regimen) {
    let into = "pk:P.serum".to_owned();
    let start = if row.cold > 0.0 { 4.0 } else { 0.0 };
    let mut doses = Vec::new();
    if row.cold > 0.0 {
        let amount = Some(row.cold);
        doses.push(Dose {
            at: 0.0,
            into: into.clone(),
            activities: Vec::new(),
            amount,
            over: Some(1.0),
            ..Dose::default()
        });
    }
    doses.push(Dose {
        at: start,
        into,
        activities: vec![(row.nuclide.clone(), row.activity)],
        amount: Some(row.amount),
        over: Some(10.0 / 60.0),
        ..Dose::default()
    });
    (start, Regimen { doses })
}

/// Masses of the man of the body, kg; the whole of him by his weight.
fn mass(organ: &str) -> f64 {
    let grams = match organ {
        "tumour" => 10.0,
        "body" => 73_000.0,
        // Without blood, as in the body.
        "lungs" => 1000.0,
        "kidneys" => 310.0,
        "liver" => 1800.0,
        "spleen" => 150.0,
        "marrow" => 1170.0,
        "stomach" => 150.0,
        "pancreas" => 140.0,
        "heart" => 330.0,
        "salivary" => 85.0,
        "lacrimal" => 1.4,
        other => panic!("no mass of {other}"),
    };
    grams / 1000.0
}

/// Gy kg/(GBq h) of the electrons of a nuclide: 1 MeV per decay is 0.5768.
fn deposited(nuclide: &str) -> f64 {
    let mev = lutetia_data::nuclides().get(nuclide).expect("a nuclide").energy.electron_mev;
    mev * 1.602_176_634e-13 * 3600.0 * 1e9
}

/// The published numbers of one ligand as the model has them, in the order of the rows.
fn computed(rows: &[&Published]) -> Vec<f64> {
    let first = rows[0];
    let model = model("ligand", &first.ligand);
    let binding = Binding::all(lutetia_data::nuclides(), [first.nuclide.as_str()]);
    let system = compile(&model, &binding).unwrap_or_else(|e| panic!("{}: {e}", first.ligand));
    let simulator = Simulator::new(system);
    let hour = 3600.0 / simulator.system().units().factor(Dimension::TIME);
    assert!((hour - 1.0).abs() < 1e-12, "the body counts hours");
    let (start, regimen) = doses(first);
    let times: Vec<f64> = [24.0, 48.0, 72.0, 96.0].iter().map(|t| start + t).collect();
    let output = |name: &str| simulator.output(&format!("pk:{name}")).expect("an output");
    let name = |organ: &str| match organ {
        "serum" => "C_serum".to_owned(),
        organ => format!("A_{organ}"),
    };
    let mut integrals: Vec<usize> = rows.iter().map(|r| output(&name(&r.organ))).collect();
    integrals.sort_unstable();
    integrals.dedup();
    let options = Options { integrals: integrals.clone(), to_infinity: true, ..Options::default() };
    let parameters = simulator.system().default_parameters();
    let run = simulator
        .run(&Request::new(&parameters, &regimen, &times).options(&options))
        .unwrap_or_else(|e| panic!("{}: {e}", first.ligand));
    let lambda =
        3600.0 * lutetia_data::nuclides().get(&first.nuclide).expect("known").lambda_per_s();
    let value = |row: usize, column: usize| run.outputs.get(row, column).expect("a value");
    let factor = |column: usize| simulator.system().outputs()[column].factor;
    rows.iter()
        .map(|row| {
            let column = output(&name(&row.organ));
            let rate = (value(0, column) / value(3, column)).ln() / 72.0;
            let voided = |at: usize, hours: f64| {
                let urine = output("A_urine");
                let corrected = value(at, urine) * factor(urine) * (lambda * hours).exp();
                100.0 * corrected / row.activity
            };
            match row.quantity.as_str() {
                "dose" => {
                    let at = integrals.iter().position(|&i| i == column).expect("chosen");
                    let integral = run.integrals_to_infinity[at].value * factor(column);
                    integral / row.activity * deposited(&row.nuclide) / mass(&row.organ)
                }
                "half-life" => std::f64::consts::LN_2 / rate,
                "biological half-life" => std::f64::consts::LN_2 / (rate - lambda),
                "urine24" => voided(0, 24.0),
                "urine48" => voided(1, 48.0),
                "urine72" => voided(2, 72.0),
                other => panic!("{other}"),
            }
        })
        .collect()
}

/// The table that ships says what the models give, and which of it lies in the accepted range; a ligand is
/// `validated` where of at least three published numbers that set nothing of it more than half are met. Those that are
/// quoted from memory do not count.
#[test]
fn val_published_doses_and_half_lives_of_ligands() {
    let rows = published();
    let mut by_ligand: BTreeMap<&str, Vec<&Published>> = BTreeMap::new();
    for row in &rows {
        by_ligand.entry(&row.ligand).or_default().push(row);
    }
    for (ligand, rows) in &by_ligand {
        let found = computed(rows);
        let (mut inside, mut counted) = (0, 0);
        for (row, found) in rows.iter().zip(found) {
            let what = format!("{ligand} {} {}", row.organ, row.quantity);
            // Three digits are in the table, of another run at another tolerance.
            near(&what, found, row.lutetia, 0.01);
            assert_eq!((row.low..=row.high).contains(&row.lutetia), row.inside, "{what}");
            if !row.used && !row.remembered {
                counted += 1;
                inside += i32::from(row.inside);
            }
        }
        let validated = counted >= 3 && 2 * inside > counted;
        let expected = if validated { Status::Validated } else { Status::Sketch };
        let said = model("ligand", ligand).status;
        assert_eq!(said, Some(expected), "{ligand}: {inside} of {counted} inside");
    }
    for ligand in family("ligand") {
        if !by_ligand.contains_key(ligand.as_str()) {
            assert!(model("ligand", &ligand).is_sketch(), "{ligand} has no published number");
        }
    }
}

/// Every number that a target or a ligand sets says what it rests on; an assumed one has a range in which it lies, and
/// an IC50 is never given as a dissociation constant without saying that it is none. What is quoted from memory is not
/// `measured`.
#[test]
fn exact_every_number_of_a_ligand_is_graded() {
    for name in ["target", "ligand"] {
        for file in family(name) {
            let model = model(name, &file);
            let chain = model.chain.as_ref().expect("a chain");
            assert!(!chain.set.is_empty(), "{file} sets nothing");
            for setting in &chain.set {
                let inside = setting.name.replacen('.', ":", 1);
                let parameter = model.parameters.iter().find(|p| p.name == inside);
                let parameter = parameter.expect("a parameter");
                let evidence = parameter.evidence;
                assert!(evidence.is_some(), "{file}: {} is not graded", setting.name);
                let source = parameter.source.as_deref().unwrap_or("");
                assert!(!source.is_empty(), "{file}: {} has no source", setting.name);
                let remembered = evidence == Some(Evidence::Measured) && source.contains("memory");
                assert!(!remembered, "{file}: {} is measured, from memory", setting.name);
                if evidence == Some(Evidence::Assumed) {
                    let both = parameter.bounds.0.is_some() && parameter.bounds.1.is_some();
                    assert!(both, "{file}: {} is assumed without a range", setting.name);
                }
                if inside.ends_with(":KD") && source.contains("IC50") {
                    assert!(source.contains("not a dissociation constant"), "{file}: {source}");
                }
            }
        }
    }
}

/// Sixteen ligands and more on ten targets and more, each a target's file and a few lines.
#[test]
fn exact_a_ligand_is_a_small_file_over_a_target() {
    let ligands = family("ligand");
    let mut targets = std::collections::BTreeSet::new();
    for ligand in &ligands {
        let text = std::fs::read_to_string(folder().join(format!("ligand/{ligand}.toml")));
        let text = text.expect("a file");
        assert!(text.lines().count() <= 40, "{ligand}");
        let target = text.lines().find_map(|l| l.strip_prefix("extends = \"target/"));
        targets.insert(target.expect("a target").trim_end_matches('"').to_owned());
    }
    assert!(ligands.len() >= 14, "{ligands:?}");
    assert!(targets.len() >= 10, "{targets:?}");
    assert_eq!(targets.into_iter().collect::<Vec<_>>(), family("target"));
}
