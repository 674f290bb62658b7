//! Therapies predicted from scans, where everything has a closed form.

use lutetia_testkit::{Files, Ran, heading, said};

/// Activity falls from the start at `k`, and a region has `s` of it: ln A(t) = ln s − (k + λ)t + ln A₀, and the coefficient
/// of the therapy is s/(k + λ).
const MODEL: &str = r#"
[model]
id = "one"
title = "One pool"
units = { time = "h", amount = "nmol", volume = "L" }
label = { on = ["X"], decayed = "cold" }
[patient]
V = { unit = "L", range = ["0.001 L", "100 L"], typical = "0.3 L" }
[compartments]
c = "1 L"
[parameters]
k = { value = "0.02 1/h", source = "assumed" }
s = { value = "0.1", source = "assumed" }
[species]
X = { in = ["c"] }
[scheme]
processes = '''
out: X.c -> 0 @ k
'''
[observables]
A = { of = "s*activity(X.c)", unit = "MBq" }
C = { of = "[X.c]", unit = "nmol/L" }
"#;

const K: f64 = 0.02;
const OMEGA: f64 = 0.5;

fn files() -> Files {
    Files::of(&[
        ("m.toml", MODEL),
        ("people.csv", "who,s,r,V (mL),same\na,0.05,1,200,1\nb,0.1,2,300,1\nc,0.2,4,450,1\n"),
    ])
}

/// The step with its keys replaced; a coefficient of variation of e^(0.5²) − 1 is a standard deviation of 0.5 of the logarithm.
fn experiment(changes: &[(&str, &str)], more: &str) -> String {
    let mut keys = r#"
patients = 200
others = 50
therapy = { model = "lu", dose = { into = "X.c", activity = "7.4 GBq", amount = "100 nmol" } }
scans = [
  { name = "ga", model = "ga", dose = { into = "X.c", activity = "150 MBq", amount = "3 nmol" }, times = ["1 h"], cv = "10 %" },
  { name = "twice", model = "ga", dose = { into = "X.c", activity = "150 MBq", amount = "3 nmol" }, times = ["1 h", "2 h"], cv = "10 %" },
]
regions = [{ name = "kidneys", output = "A", volume = "V" }]
differ = [
  { parameter = "s", median = "0.1", cv = "53.2940 %" },
  { parameter = "V", median = "300 mL", cv = "20 %", known = true },
]
"#
    .to_owned();
    for (from, to) in changes {
        assert!(keys.contains(from), "{from}");
        keys = keys.replace(from, to);
    }
    format!(
        "{}[data.people]\ntable = \"people.csv\"\n\
         [models.ga]\nfile = \"m.toml\"\nnuclides = [\"Ga-68\"]\n\
         [models.lu]\nfile = \"m.toml\"\nnuclides = [\"Lu-177\"]\n\
         [[step]]\nkind = \"pet-to-therapy\"\nid = \"p\"\n{keys}{more}",
        heading(3)
    )
}

fn ran(changes: &[(&str, &str)], more: &str) -> Ran {
    files().run(&experiment(changes, more)).unwrap_or_else(|failure| panic!("{}", said(&failure)))
}

fn lambda() -> f64 {
    3600.0 * lutetia_data::nuclides().get("Lu-177").expect("a nuclide").lambda_per_s()
}

fn near(what: &str, found: f64, expected: f64, within: f64) {
    assert!((found / expected - 1.0).abs() < within, "{what}: {found}, expected {expected}");
}

/// With ln A = ln s + …, an error of 10 % and n images, the information on ln s is n/0.1² beside 1/ω² of the prior.
#[test]
fn exact_the_variance_left_of_the_prior() {
    let ran = ran(&[], "");
    for (scan, images) in [("ga", 1.0), ("twice", 2.0)] {
        let left = 1.0 / (1.0 + images * (OMEGA / 0.1).powi(2));
        let table = ran.table("p.parameters");
        // Six digits are printed, and the integrator has 1e-7.
        near(scan, table.row("row", &format!("{scan}: s")).number("left"), 100.0 * left, 2e-4);
        let row = ran.table("p");
        let row = row.row("row", &format!("{scan}: kidneys, model with scan"));
        near(scan, row.number("left"), 100.0 * left, 2e-4);
        let sd = OMEGA * left.sqrt();
        near(scan, row.number("width"), (2.0 * 1.959_964 * sd).exp(), 2e-4);
        assert!((row.number("determined") - 100.0).abs() < 1e-9);
        // What is left is met: errors scatter by it, and 95 % of 200 intervals hold the truth (± 3 standard errors).
        near(scan, row.number("bias_sd"), 100.0 * sd, 0.2);
        assert!((row.number("covered") - 95.0).abs() < 4.7, "{}", row.number("covered"));
    }
}

#[test]
fn exact_without_a_scan_the_medians_stand_for_everybody() {
    let ran = ran(&[], "");
    let table = ran.table("p");
    let row = table.row("row", "ga: kidneys, model without scan");
    near("width", row.number("width"), (2.0 * 1.959_964 * OMEGA).exp(), 2e-4);
    let truths = ran.table("p.patients");
    let predicted = 0.1 / (K + lambda());
    let own: Vec<f64> =
        truths.iter().filter(|r| r.text("scan") == "ga").map(|r| r.number("truth")).collect();
    let bias = own.iter().map(|t| 100.0 * (predicted / t - 1.0)).sum::<f64>() / 200.0;
    near("bias", row.number("bias"), bias, 1e-3);
}

/// A coefficient of 1 h is 1000 MBq h per GBq in the mass of the patient, which is known of him.
#[test]
fn exact_doses_are_those_of_cases_side_by_side() {
    let beside = r#"
[[step]]
kind = "side-by-side"
id = "b"
regions = [{ name = "kidneys", output = "A", volume = "V" }]
[[step.case]]
name = "a"
model = "lu"
doses = [{ into = "X.c", activity = "7.4 GBq", amount = "100 nmol" }]
"#;
    let ran = ran(&[("cv = \"20 %\"", "cv = \"0.001 %\"")], beside);
    let dose = ran.table("b").row("case", "a").number("kidneys");
    let hours = ran.table("b.integrals").row("case", "a").number("tiac_kidneys");
    let row = ran.table("p.patients");
    let row = row.row("row", "ga: kidneys, patient 1");
    near("dose", row.number("dose_truth") / row.number("truth"), dose / hours, 2e-4);
    near("prediction", row.number("dose") / row.number("predicted"), dose / hours, 2e-4);
}

/// A truth that the prediction does not know.
#[test]
fn exact_what_a_wrong_belief_does() {
    let wrong = r#"
[[step.wrong]]
name = "slower"
therapy = { k = "0.01 1/h" }
scans = ["ga"]
[[step.wrong]]
name = "more"
medians = { s = "0.2" }
scans = ["ga"]
[[step.wrong]]
name = "dim"
shows = "80 %"
"#;
    // The scan decides all but everything.
    let ran = ran(&[("cv = \"10 %\"", "cv = \"0.5 %\"")], wrong);
    let table = ran.table("p.wrong");
    let bias = |row: &str| table.row("row", row).number("bias");
    let slower = 100.0 * ((0.01 + lambda()) / (K + lambda()) - 1.0);
    assert!((bias("slower, ga: kidneys, model with scan") - slower).abs() < 0.2);
    assert!((bias("dim, ga: kidneys, model with scan") + 20.0).abs() < 0.2);
    assert!((bias("dim, twice: kidneys, model with scan") + 20.0).abs() < 0.2);
    // What the scan decides does not hang on the prior's median; what stands for it without a scan does.
    assert!(bias("more, ga: kidneys, model with scan").abs() < 0.3);
    let (right, wrong) =
        ("ga: kidneys, model without scan", "more, ga: kidneys, model without scan");
    near("twice the truth", 1.0 + bias(wrong) / 100.0, 0.5 * (1.0 + bias(right) / 100.0), 1e-3);
    // Others are scanned and treated alike, so that a mean scaled by the uptake does not notice.
    assert!(bias("slower, ga: kidneys, mean scaled by uptake").abs() < 0.3);
    assert!(bias("dim, ga: kidneys, mean scaled by uptake").abs() < 0.3);
    let nearer = ran.table("p.differences");
    let nearer = |row: &str| nearer.row("row", row).text("nearer").to_owned();
    assert_eq!(nearer("ga: kidneys, mean of others"), "model with scan");
    assert_eq!(nearer("dim, ga: kidneys, mean scaled by uptake"), "mean scaled by uptake");
    let row = table.row("row", "dim, ga: kidneys, model with scan");
    assert!(row.number("covered") < 1.0, "{}", row.number("covered"));
}

#[test]
fn exact_laws_out_of_a_table() {
    let differ = "{ parameter = \"s\", median = \"0.1\", cv = \"53.2940 %\" }";
    let ran = ran(
        &[(differ, "{ parameter = \"s\" }"), ("patients = 200", "from = \"people\"\npatients = 3")],
        "",
    );
    let table = ran.table("p.population");
    let row = table.row("parameter", "s");
    // Logarithms −ln 2, 0, ln 2 about that of 0.1: a standard deviation of ln 2.
    let log_sd = std::f64::consts::LN_2;
    near("cv", row.number("cv"), 100.0 * ((log_sd * log_sd).exp() - 1.0).sqrt(), 1e-5);
    assert_eq!((row.text("median"), row.text("stated")), ("0.1", "of `people`"));
    assert_eq!(table.row("parameter", "V").text("known"), "of each patient");
}

/// Tables have the same bits on one thread and on three.
#[test]
fn prop_same_bits_on_any_number_of_threads() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let ran = pool.install(|| {
            ran(&[("patients = 200", "patients = 7"), ("others = 50", "others = 5")], "")
        });
        let bits = |cell: &lutetia_table::Cell| match cell.number() {
            Some(x) => format!("{:x}", x.to_bits()),
            None => cell.csv(),
        };
        let rows = ran.made.tables.values().flat_map(|table| &table.rows);
        rows.flatten().map(bits).collect::<Vec<_>>()
    };
    let one = on(1);
    assert!(one.len() > 200, "{}", one.len());
    assert!(one == on(3));
}

#[test]
fn prop_a_patient_is_the_same_whatever_the_cohort_and_the_scan() {
    let truth =
        |ran: &Ran, row: &str| ran.table("p.patients").row("row", row).text("truth").to_owned();
    let (large, small) = (ran(&[], ""), ran(&[("patients = 200", "patients = 5")], ""));
    for k in 1..=5 {
        let own = truth(&large, &format!("ga: kidneys, patient {k}"));
        assert_eq!(own, truth(&small, &format!("ga: kidneys, patient {k}")));
        assert_eq!(own, truth(&small, &format!("twice: kidneys, patient {k}")));
    }
    assert_ne!(truth(&small, "ga: kidneys, patient 1"), truth(&small, "ga: kidneys, patient 2"));
}

#[test]
fn regress_what_cannot_be_predicted() {
    let refused = |changes: &[(&str, &str)], more: &str| {
        let failure = files().run(&experiment(changes, more)).expect_err("it is refused");
        said(&failure)
    };
    let all = refused(
        &[
            ("patients = 200", "patients = 1"),
            ("name = \"twice\"", "name = \"ga\""),
            ("\"1 h\", \"2 h\"", "\"2 h\", \"1 h\""),
            ("cv = \"53.2940 %\"", "cv = \"0 %\""),
            ("name = \"kidneys\"", "name = \"both kidneys\""),
        ],
        "[[step.wrong]]\nname = \"nothing\"\n[[step.wrong]]\nname = \"s\"\nscan = { s = \"0.2\" }\nscans = [\"pet\"]\nmedians = { V = \"1 L\" }\n",
    );
    for part in [
        "`patients` is 1; expected 2 to 10000",
        "the name `ga` stands twice in `scans`",
        "`times` of `ga` are not above 0 h and ascending",
        "`cv` of `s` is 0 %; expected above 0 %, at most 1000 %",
        "the region `both kidneys` names rows; expected letters, digits and `_`",
        "`nothing` changes nothing; give `scan`, `therapy`, `medians`, `spread` or `shows`",
        "`medians` of `s` names `V`; expected one of those that are estimated: s",
        "`s` sets `s`, in which patients differ; set what is the same in all of them",
        "`s` names the scan `pet`; there are: ga, ga",
    ] {
        assert!(all.contains(part), "{part}\n{all}");
    }
    let law = "median = \"0.1\", cv = \"53.2940 %\"";
    let differ = format!("{{ parameter = \"s\", {law} }}");
    for (changes, part) in [
        (vec![(law, "cv = \"10 %\"")], "`s` states no `median`, and there is no table `from`"),
        (
            vec![
                (&*differ, "{ parameter = \"k\" }"),
                ("others = 50", "others = 50\nfrom = \"people\""),
            ],
            "the table `people` has no column `k`; it has: who, s, r, V, same",
        ),
        (vec![("parameter = \"s\"", "parameter = \"q\"")], "`q`"),
        (
            vec![(law, "median = \"0.1\", cv = \"10 %\", known = true")],
            "every one of `differ` is `known`",
        ),
        (vec![("output = \"A\"", "output = \"C\"")], "expected a unit of activity"),
        (vec![("output = \"A\"", "output = \"Q\"")], "`Q`"),
        (vec![("activity = \"7.4 GBq\", ", "")], "no activity is given"),
    ] {
        let found = refused(&changes, "");
        assert!(found.contains(part), "{part}\n{found}");
    }
}
