//! The dose step: red marrow, daughters, cortex, weights, masses, and what is wrong with a request.

use std::fmt::Write as _;

use lutetia_experiment::Failure;
use lutetia_testkit::{Files, Ran, heading};

/// A study of one exponential per region (MBq at the start, half-life in h, mL) and a dose step with
/// these keys.
fn run(
    nuclide: &str,
    regions: &[(&str, f64, f64, Option<f64>)],
    keys: &str,
) -> Result<Ran, Failure> {
    let mut activity = "subject,region,time (h),activity (MBq),volume (mL)\n".to_owned();
    for (region, start, half_life, volume) in regions {
        for t in [2.0, 24.0, 48.0, 96.0] {
            let a = start * (-std::f64::consts::LN_2 * t / half_life).exp();
            let volume = volume.map_or_else(String::new, |v| v.to_string());
            writeln!(activity, "P1,{region},{t},{a},{volume}").expect("a text");
        }
    }
    let doses = format!("subject,time (h),nuclide,activity (MBq)\nP1,0,{nuclide},8\n");
    let study = Files::of(&[
        ("study/README.md", "Source: invented for this test"),
        ("study/subjects.csv", "subject,sex,weight (kg)\nP1,male,73\n"),
        ("study/activity.csv", &activity),
        ("study/doses.csv", &doses),
    ]);
    study.run(&format!(
        "{}[data.p]\nstudy = \"study\"\n[[step]]\nkind = \"fit-curves\"\nid = \"curves\"\nstudy = \"p\"\n\
         functions = [\"mono\"]\nerror = \"proportional 10 %\"\n\
         [[step]]\nkind = \"dose\"\nid = \"dose\"\nstudy = \"p\"\nfrom = \"curves\"\n{keys}",
        heading(1)
    ))
}

fn made(nuclide: &str, regions: &[(&str, f64, f64, Option<f64>)], keys: &str) -> Ran {
    run(nuclide, regions, keys).unwrap_or_else(|failure| panic!("{failure}"))
}

fn refused(nuclide: &str, keys: &str) -> String {
    match run(nuclide, &REGIONS, keys) {
        Err(Failure::Step { reason, .. }) => reason.to_string(),
        Err(Failure::Diagnostics { diagnostics, .. }) => {
            diagnostics.iter().map(|d| d.message.as_str()).collect::<Vec<_>>().join("\n")
        }
        other => panic!("{other:?}"),
    }
}

/// A cell of a table by the text of its first column and its header.
fn cell(ran: &Ran, table: &str, row: &str, column: &str) -> String {
    let rows = ran.table(table);
    let found = rows.iter().find(|r| r.name() == row);
    found.unwrap_or_else(|| panic!("no row {row} in {rows:?}"))[column].to_owned()
}

fn number(ran: &Ran, table: &str, row: &str, column: &str) -> f64 {
    let text = cell(ran, table, row, column);
    text.parse().unwrap_or_else(|_| panic!("{table}/{row}/{column} is `{text}`"))
}

const REGIONS: [(&str, f64, f64, Option<f64>); 5] = [
    ("kidneys", 0.4, 40.0, Some(300.0)),
    ("tumour", 0.1, 80.0, Some(10.0)),
    ("blood", 1.0, 12.0, Some(5000.0)),
    ("lacrimal", 0.01, 40.0, None),
    ("remainder", 3.0, 30.0, Some(60_000.0)),
];

#[test]
fn exact_marrow_cortex_daughters_masses_and_weights_in_one_step() {
    let ran = made(
        "Ac-225",
        &REGIONS,
        "leave_out = { blood = \"for the marrow\" }\n\
         masses = { lacrimal = \"reference\" }\n\
         cortex = { kidneys = { mass = \"70 %\", activity = \"100 %\" } }\n\
         rbe = [{ effect = \"late kidney damage\", alpha = 5.0, regions = [\"kidneys\"] }]\n\
         marrow = { blood = \"blood\", ratio = \"peptide\", remainder = \"remainder\" }\n\
         [step.daughters]\nleaving = [{ nuclide = \"Fr-221\", from = \"tumour\", fraction = \"40 %\", \
         to = { kidneys = \"50 %\" } }]\n",
    );
    // Decays: a tumour keeps 60 % of its francium, the kidneys get 20 % of it.
    let tia = |row: &str| number(&ran, "dose.daughters", row, "tia");
    let (parent, kidneys) = (tia("tumour Ac-225"), tia("kidneys Ac-225"));
    assert!((tia("tumour Fr-221") / parent - 0.6).abs() < 1e-5);
    assert!((tia("kidneys Fr-221") / (kidneys + 0.2 * parent) - 1.0).abs() < 1e-5);
    // The sums are the doses, and what a dose is in the table of doses.
    let total: f64 = ["Ac-225", "Fr-221", "At-217", "Bi-213", "Po-213", "Tl-209", "Pb-209"]
        .iter()
        .map(|nuclide| number(&ran, "dose.daughters", &format!("kidneys {nuclide}"), "total"))
        .sum();
    // Rare members (217Rn) and six printed digits.
    assert!((total / number(&ran, "dose", "kidneys", "total") - 1.0).abs() < 2e-4, "{total}");
    // Cortex: 70 % of the mass.
    let ratio =
        number(&ran, "dose", "kidneys cortex", "alpha") / number(&ran, "dose", "kidneys", "alpha");
    assert!((ratio - 1.0 / 0.7).abs() < 1e-4, "{ratio}");
    // Weighted: five times the alphas, only where asked.
    let dose = |column: &str| number(&ran, "dose", "kidneys", column);
    let weighted = number(&ran, "dose.rbe", "kidneys", "weighted");
    assert!(
        (weighted / (5.0 * dose("alpha") + dose("electron") + dose("photon")) - 1.0).abs() < 1e-5
    );
    let rbe = ran.made.tables["dose.rbe"].to_csv();
    assert_eq!(rbe.lines().count(), 2, "{rbe}");
    assert!(rbe.starts_with("region,effect,") && rbe.contains("(Gy(RBE))"), "{rbe}");
    // The marrow: its parts sum to what stands among the doses, and the ratio is said.
    let parts: f64 = ["red marrow", "kidneys", "tumour", "lacrimal", "remainder of body"]
        .iter()
        .map(|from| number(&ran, "dose.marrow", from, "total"))
        .sum();
    let marrow = number(&ran, "dose", "red marrow", "total");
    assert!((parts / marrow - 1.0).abs() < 1e-4, "{parts} {marrow}");
    assert!(cell(&ran, "dose", "red marrow", "method").contains("ratio 1 (peptide)"));
    // The lacrimal glands have the assumed mass, and it says so.
    assert!((number(&ran, "dose", "lacrimal", "mass") - 1.4).abs() < 1e-9);
    assert!(cell(&ran, "dose", "lacrimal", "method").contains("1.4 g, assumed"));
}

#[test]
fn exact_a_curve_of_a_daughter_is_its_own() {
    let mut regions = REGIONS.to_vec();
    regions.push(("kidneys_bi213", 0.9, 40.0, Some(300.0)));
    let ran = made(
        "Ac-225",
        &regions,
        "leave_out = { blood = \"x\", kidneys_bi213 = \"a curve of 213Bi\" }\n[step.daughters]\n\
         own = [{ nuclide = \"Bi-213\", place = \"kidneys\", curve = \"kidneys_bi213\" }]\n",
    );
    let tia = |row: &str| number(&ran, "dose.daughters", row, "tia");
    assert!((tia("kidneys Bi-213") / tia("kidneys Ac-225") - 0.9 / 0.4).abs() < 1e-3);
    assert!((tia("tumour Bi-213") / tia("tumour Ac-225") - 1.0).abs() < 1e-3);
}

#[test]
fn exact_an_rbe_on_a_beta_emitter_warns() {
    let ran =
        made("Lu-177", &REGIONS[..2], "rbe = [{ effect = \"late kidney damage\", alpha = 5.0 }]\n");
    let note = cell(&ran, "dose.rbe", "kidneys", "note");
    assert_eq!(note, "warning: Lu-177 gives no alphas; an RBE of alphas changes nothing");
    let (weighted, absorbed) = (
        cell(&ran, "dose.rbe", "kidneys", "weighted"),
        cell(&ran, "dose.rbe", "kidneys", "absorbed"),
    );
    assert_eq!(weighted, absorbed);
}

#[test]
fn exact_organs_without_a_factor_or_a_mass_say_what_there_is() {
    let ran = made(
        "Lu-177",
        &[
            ("kidneys", 0.4, 40.0, Some(300.0)),
            ("stomach", 0.04, 40.0, Some(150.0)),
            ("spleeen", 0.04, 40.0, Some(150.0)),
            ("liver", 1.0, 60.0, None),
        ],
        "",
    );
    let method = |row: &str| cell(&ran, "dose", row, "note");
    let stomach = method("stomach");
    assert!(
        stomach.starts_with("not determined: no self dose factor for `stomach`")
            && stomach.contains("there are factors for kidneys, liver, spleen"),
        "{stomach}"
    );
    let spleeen = method("spleeen");
    assert!(spleeen.contains("did you mean `spleen`?; known are kidneys, liver"), "{spleeen}");
    let liver = method("liver");
    assert!(liver.contains("no volume of `liver` was measured; give its mass"), "{liver}");
    assert!(number(&ran, "dose", "kidneys", "total") > 0.0);
}

#[test]
fn exact_what_is_wrong_with_a_request_is_said() {
    let lu = |keys: &str| refused("Lu-177", keys);
    let ac = |keys: &str| refused("Ac-225", keys);
    for (found, expected) in [
        (
            lu("masses = { kidneys = \"0 g\" }\n"),
            "mass of `kidneys` is 0 g; expected a finite number above 0",
        ),
        (lu("masses = { kidneys = \"3 mL\" }\n"), "found `3 mL` (volume), expected mass"),
        (
            lu("masses = { kidny = \"3 g\" }\n"),
            "a mass is asked for `kidny`, which was not measured",
        ),
        (
            lu("cortex = { kidneys = { mass = \"0 %\", activity = \"100 %\" } }\n"),
            "mass of the cortex is `0 %`",
        ),
        (
            lu("cortex = { kidneys = { mass = \"7 g\", activity = \"100 %\" } }\n"),
            "found `7 g` (mass), expected",
        ),
        (
            lu("marrow = { blood = \"blood\" }\n"),
            "the marrow-to-blood `ratio` is missing; expected `peptide`",
        ),
        (
            lu("marrow = { blood = \"blood\", ratio = \"antibody\" }\n"),
            "an antibody needs the `haematocrit`",
        ),
        (
            lu("marrow = { blood = \"blood\", ratio = \"urine\" }\n"),
            "the ratio is `urine`; expected `peptide`",
        ),
        (lu("marrow = { ratio = \"peptide\" }\n"), "expected either `blood` or `image`"),
        (
            lu("marrow = { image = \"remainder\" }\n"),
            "give `share`, the share of all active marrow",
        ),
        (
            lu("marrow = { blood = \"serum\", ratio = 1.0 }\n"),
            "no region `serum` was measured; measured: ",
        ),
        (
            lu("marrow = { blood = \"lacrimal\", ratio = 1.0 }\n"),
            "no volume of `lacrimal` was measured; give `blood_volume`",
        ),
        (lu("rbe = [{ effect = \"e\", alpha = 0.0 }]\n"), "RBE of alphas is 0"),
        (
            lu("rbe = [{ effect = \"e\", alpha = 5.0, regions = [\"lung\"] }]\n"),
            "an RBE is given for `lung`, which has no dose",
        ),
        (
            lu(
                "daughters = { leaving = [{ nuclide = \"Fr-221\", from = \"tumour\", fraction = \"1 %\" }] }\n",
            ),
            "Lu-177 has no daughters that can leave",
        ),
        (
            ac(
                "daughters = { leaving = [{ nuclide = \"At-217\", from = \"tumour\", fraction = \"1 %\" }] }\n",
            ),
            "it lives 0.033 s and decays where it arises; daughters of Ac-225 that can leave: Fr-221, ",
        ),
        (
            ac(
                "daughters = { leaving = [{ nuclide = \"Fr-221\", from = \"tumor\", fraction = \"1 %\" }] }\n",
            ),
            "there is no place of that name; there are: kidneys, tumour",
        ),
        (
            ac(
                "daughters = { leaving = [{ nuclide = \"Fr-221\", from = \"tumour\", fraction = \"130 %\" }] }\n",
            ),
            "fraction that leaves of `tumour` is 1.3",
        ),
        (
            ac(
                "daughters = { own = [{ nuclide = \"Bi-213\", place = \"kidneys\", curve = \"x\" }] }\n",
            ),
            "the curve `x` of Bi-213 was not measured",
        ),
    ] {
        assert!(found.contains(expected), "{found}\nexpected: {expected}");
    }
}

/// What stands against one dose alone is said in its row, and the others are made.
#[test]
fn exact_an_impossible_haematocrit_leaves_the_other_doses() {
    let keys = "marrow = { blood = \"blood\", ratio = \"antibody\", haematocrit = \"95 %\" }\n";
    let ran = made("Lu-177", &REGIONS, keys);
    assert_eq!(
        cell(&ran, "dose", "red marrow", "note"),
        "not determined: haematocrit of `blood` is 0.95 (of 1); expected a number from 0.1 to 0.7; check the unit and \
         the row it comes from"
    );
    assert_eq!(cell(&ran, "dose", "red marrow", "total"), "");
    assert!(number(&ran, "dose", "kidneys", "total") > 0.0);
}
