//! Ligands in the reference body: what each file says of its numbers, and how far published numbers are met.

use std::collections::{BTreeMap, BTreeSet};

use lutetia_dose::{Region, Sex, self_dose_factor};
use lutetia_model::{Binding, Evidence, Model, Status, compile};
use lutetia_sim::{Dose, Options, Regimen, Request, Simulator};
use lutetia_units::Dimension;

use crate::library::at_path;
use crate::shipped::folder;

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

/// What was given: nuclide, activity (MBq), amount and cold amount before (nmol), as they stand in the table.
type Given<'a> = (&'a str, [u64; 3]);

impl Published {
    fn given(&self) -> Given<'_> {
        (&self.nuclide, [self.activity, self.amount, self.cold].map(f64::to_bits))
    }

    /// The output that is compared.
    fn output(&self) -> String {
        match self.organ.as_str() {
            "serum" => "pk:C_serum".to_owned(),
            organ => format!("pk:A_{}", organ.replace(' ', "_")),
        }
    }

    /// Hours after which excretion was measured.
    fn excreted_by(&self) -> Option<f64> {
        self.quantity.strip_prefix("urine").map(|hours| hours.parse().expect("hours"))
    }
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

/// Masses of the man of the body, g; the whole of him by his weight.
fn mass_g(organ: &str) -> f64 {
    match organ {
        "tumour" => 10.0,
        "body" => 73_000.0,
        // As phantoms have them.
        "lungs" => 1000.0,
        "kidneys" => 310.0,
        "liver" => 1800.0,
        "spleen" => 150.0,
        "marrow" => 1170.0,
        "stomach" => 150.0,
        "pancreas" => 140.0,
        // Muscle, and the 0.09 of 5.32 L of blood that the chambers hold.
        "heart region" => 330.0 + 0.09 * 5320.0 * 1.06,
        "salivary" => 85.0,
        "lacrimal" => 1.4,
        other => panic!("no mass of {other}"),
    }
}

/// Gy/(MBq h) of an organ that irradiates itself: electrons and its own photons; where there is no factor of it, as of
/// marrow and walls, the electrons alone. 1 MeV per decay is 0.5768 Gy kg/(GBq h).
fn self_dose(nuclide: &str, organ: &str) -> f64 {
    let known = match organ {
        "body" => "total body",
        "salivary" => "salivary glands",
        "lacrimal" => "lacrimal glands",
        "heart region" => "heart",
        organ => organ,
    };
    let mass = mass_g(organ);
    let region = Region::named(known).expect("a region");
    let source = lutetia_dose::bundled::source(nuclide).expect("a nuclide");
    self_dose_factor(&source, &region, mass, Sex::Male).map_or_else(
        |_| {
            let energy = lutetia_data::nuclides().get(nuclide).expect("a nuclide").energy;
            energy.electron_mev * 1.602_176_634e-13 * 3600.0 * 1e6 / (mass / 1000.0)
        },
        // mGy/(MBq s).
        |factor| factor.total() * 3.6,
    )
}

/// The published numbers of one ligand as the model has them, in the order of the rows.
fn computed(rows: &[&Published]) -> Vec<f64> {
    let mut given: Vec<Given<'_>> = rows.iter().map(|row| row.given()).collect();
    given.sort_unstable();
    given.dedup();
    let mut found = vec![f64::NAN; rows.len()];
    for given in given {
        let places: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].given() == given).collect();
        let of: Vec<&Published> = places.iter().map(|i| rows[*i]).collect();
        for (place, value) in places.into_iter().zip(simulated(&of)) {
            found[place] = value;
        }
    }
    found
}

/// Those that were given the same.
fn simulated(rows: &[&Published]) -> Vec<f64> {
    let first = rows[0];
    let model = model("ligand", &first.ligand);
    let binding = Binding::all(lutetia_data::nuclides(), [first.nuclide.as_str()]);
    let system = compile(&model, &binding).unwrap_or_else(|e| panic!("{}: {e}", first.ligand));
    let simulator = Simulator::new(system);
    let hour = 3600.0 / simulator.system().units().factor(Dimension::TIME);
    assert!((hour - 1.0).abs() < 1e-12, "the body counts hours");
    let (start, regimen) = doses(first);
    let mut hours: Vec<f64> = rows.iter().filter_map(|row| row.excreted_by()).collect();
    hours.extend([24.0, 96.0]);
    hours.sort_by(f64::total_cmp);
    hours.dedup();
    let times: Vec<f64> = hours.iter().map(|t| start + t).collect();
    let output = |name: &str| simulator.output(name).expect("an output");
    let mut integrals: Vec<usize> = rows.iter().map(|r| output(&r.output())).collect();
    integrals.sort_unstable();
    integrals.dedup();
    let options = Options { integrals: integrals.clone(), to_infinity: true, ..Options::default() };
    let parameters = simulator.system().default_parameters();
    let run = simulator
        .run(&Request::new(&parameters, &regimen, &times).options(&options))
        .unwrap_or_else(|e| panic!("{}: {e}", first.ligand));
    let lambda =
        3600.0 * lutetia_data::nuclides().get(&first.nuclide).expect("known").lambda_per_s();
    let value = |hour: f64, column: usize| {
        let row = hours.iter().position(|h| h.total_cmp(&hour).is_eq()).expect("a time");
        run.outputs.get(row, column).expect("a value")
    };
    let factor = |column: usize| simulator.system().outputs()[column].factor;
    rows.iter()
        .map(|row| {
            let column = output(&row.output());
            if let Some(by) = row.excreted_by() {
                let urine = output("pk:A_urine");
                return 100.0 * value(by, urine) * factor(urine) * (lambda * by).exp()
                    / row.activity;
            }
            let rate = (value(24.0, column) / value(96.0, column)).ln() / 72.0;
            let residence = || {
                let at = integrals.iter().position(|&i| i == column).expect("chosen");
                run.integrals_to_infinity[at].value * factor(column) / row.activity
            };
            match row.quantity.as_str() {
                "dose" => residence() * 1000.0 * self_dose(&row.nuclide, &row.organ),
                "residence time" => residence(),
                "half-life" => std::f64::consts::LN_2 / rate,
                "biological half-life" => std::f64::consts::LN_2 / (rate - lambda),
                other => panic!("{other}"),
            }
        })
        .collect()
}

/// The rule of `data/ligands/README.md`: of at least three published numbers that set nothing of a ligand, more than half
/// are met.
fn is_validated(met: usize, counted: usize) -> bool {
    counted >= 3 && 2 * met > counted
}

/// The table that ships says what the models give, and which of it lies in the accepted range; each ligand is called what
/// the rule makes of it, in its file and in the README. A number that is quoted from memory counts for nothing.
#[test]
fn val_published_doses_and_half_lives_of_ligands() {
    let rows = published();
    let readme = lutetia_testkit::text("data/ligands/README.md");
    let mut by_ligand: BTreeMap<&str, Vec<&Published>> = BTreeMap::new();
    for row in &rows {
        by_ligand.entry(&row.ligand).or_default().push(row);
    }
    let mut faults = Vec::new();
    let mut validated = 0;
    for (ligand, rows) in &by_ligand {
        let (mut met, mut counted, mut of_organs) = (0, 0, 0);
        for (row, found) in rows.iter().zip(computed(rows)) {
            let what = format!("{ligand}, {} {}", row.organ, row.quantity);
            // Four digits are in the table, of another run at another tolerance.
            if (found / row.lutetia - 1.0).abs() > 0.01 {
                faults.push(format!("{what}: {} in the table, {found:.4} found", row.lutetia));
            }
            let inside = (row.low..=row.high).contains(&found);
            if inside != row.inside {
                faults.push(format!("{what}: {found:.4} of {} to {}", row.low, row.high));
            }
            if !row.used && !row.remembered {
                counted += 1;
                met += usize::from(inside);
                let of_organ = ["dose", "half-life"].contains(&row.quantity.as_str());
                of_organs += usize::from(inside && of_organ);
            }
        }
        let is = is_validated(met, counted);
        validated += usize::from(is);
        if is && of_organs == 0 {
            faults.push(format!("{ligand} meets no dose or half-life of an organ"));
        }
        let expected = if is { Status::Validated } else { Status::Sketch };
        if model("ligand", ligand).status != Some(expected) {
            faults.push(format!("{ligand} is not called {expected:?}: {met} of {counted} are met"));
        }
        let word = if is { "validated" } else { "sketch" };
        let line = format!("| {ligand} | {word} | {met} of {counted} |");
        if !readme.lines().any(|l| l.starts_with(&line)) {
            faults.push(format!("the README does not say `{line}`"));
        }
    }
    for ligand in family("ligand") {
        if !by_ligand.contains_key(ligand.as_str()) && !model("ligand", &ligand).is_sketch() {
            faults.push(format!("{ligand} has no published number and is not a sketch"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(validated >= 8, "{validated}");
}

/// Three numbers are needed, and of four two are not more than half.
#[test]
fn exact_the_rule_of_a_validated_ligand() {
    assert!(is_validated(2, 3) && is_validated(3, 4) && is_validated(8, 14));
    assert!(
        !is_validated(2, 2) && !is_validated(2, 4) && !is_validated(7, 14) && !is_validated(0, 0)
    );
}

/// A row of the comparison as the README has it.
fn comparison(cells: &[&str]) -> String {
    let number = |at: usize| cells[at].parse::<f64>().expect("a number");
    let quantity = match cells[6] {
        "dose" => "dose, Gy/GBq".to_owned(),
        "half-life" => "effective half-life, h".to_owned(),
        other => other
            .strip_prefix("urine")
            .map_or_else(|| format!("{other}, h"), |hours| format!("urine by {hours} h, %")),
    };
    let [set, missed] = [(12, "yes", " (set by it)"), (14, "no", " ✗")]
        .map(|(at, word, mark)| if cells[at] == word { mark } else { "" });
    let [ligand, organ, published, low, high, found] = [0, 5, 8, 9, 10, 13].map(|at| cells[at]);
    let ratio = number(13) / number(8);
    format!(
        "| {ligand} | {organ} | {quantity}{set} | {published} | {low}–{high} | {found}{missed} | {ratio:.2} |"
    )
}

/// The README shows every number of the table, and nothing else.
#[test]
fn exact_the_readme_shows_the_comparison() {
    let text = lutetia_testkit::text("data/ligands/published.csv");
    let rows = text.lines().skip(1).map(|line| line.splitn(16, ',').collect::<Vec<_>>());
    let expected: Vec<String> = rows.map(|cells| comparison(&cells)).collect();
    let readme = lutetia_testkit::text("data/ligands/README.md");
    let shown = readme.lines().skip_while(|l| !l.starts_with("| ligand | organ |")).skip(2);
    let shown: Vec<&str> = shown.take_while(|l| l.starts_with('|')).collect();
    assert!(shown == expected, "the table that belongs there:\n{}", expected.join("\n"));
}

/// No number of the same ligand stands twice, and every range holds what is published.
#[test]
fn exact_published_numbers_stand_once_within_their_ranges() {
    let mut seen = BTreeSet::new();
    for line in lutetia_testkit::text("data/ligands/published.csv").lines().skip(1) {
        let cells: Vec<&str> = line.splitn(16, ',').collect();
        let number = |at: usize| cells[at].parse::<f64>().expect("a number");
        assert!((number(9)..=number(10)).contains(&number(8)), "{line}");
        assert!(seen.insert([&cells[..9], &cells[15..]].concat()), "twice: {line}");
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
    let mut targets = BTreeSet::new();
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
