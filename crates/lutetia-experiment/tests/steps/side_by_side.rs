//! Patients, ligands and settings side by side, beside closed forms and other kinds of steps.

use lutetia_testkit::{Files, Ran, heading, said};

/// Everything lies in the kidneys at once, and leaves them at `k`; `k_sorted` has a range.
const MODEL: &str = r#"
[model]
id = "one"
title = "One pool"
units = { time = "h", amount = "nmol", volume = "L" }
label = { on = ["X"], decayed = "cold" }
STATUS
[patient]
V = { unit = "L", range = ["0.01 L", "10 L"], typical = "0.3 L" }
[compartments]
c = "V"
[parameters]
k = { value = "0.02 1/h", min = "0.01 1/h", max = "0.04 1/h", source = "assumed", evidence = "assumed" }
[species]
X = { in = ["c"] }
[scheme]
processes = '''
out: X.c -> 0 @ k
'''
[observables]
A = { of = "activity(X.c)", unit = "MBq" }
T = { of = "0.1*activity(X.c)", unit = "MBq" }
C = { of = "[X.c]", unit = "nmol/L" }
"#;

const REGIONS: &str = r#"
regions = [
  { name = "kidneys", output = "A", volume = "V" },
  { name = "tumour", output = "T", mass = "10 g" },
]
"#;

const CASE: &str = r#"
[[step.case]]
name = "a"
model = "m"
doses = [{ into = "X.c", activity = "1 GBq", amount = "100 nmol" }]
"#;

fn files() -> Files {
    Files::of(&[
        ("m.toml", &MODEL.replace("STATUS", "")),
        ("sketch.toml", &MODEL.replace("STATUS", "status = \"sketch\"")),
        (
            "people.csv",
            "who,V (mL),k (1/h),hot (nmol),cold (nmol),A0 (MBq),age (y)\n1,300,0.02,2,98,1000,70\n2,600,0.01,2,48,500,60\n",
        ),
    ])
}

/// The keys of a step, and what follows it.
fn experiment(keys: &str, more: &str) -> String {
    format!(
        "{}[data.people]\ntable = \"people.csv\"\n\
         [models.m]\nfile = \"m.toml\"\nnuclides = [\"Lu-177\"]\n\
         [models.s]\nfile = \"sketch.toml\"\nnuclides = [\"Lu-177\"]\n\
         [models.slow]\nfile = \"m.toml\"\nnuclides = [\"Lu-177\"]\nhalf_lives = {{ Lu-177 = \"1000 h\" }}\n\
         [[step]]\nkind = \"side-by-side\"\nid = \"s\"\n{keys}{more}",
        heading(3)
    )
}

fn ran(keys: &str, more: &str) -> Ran {
    files().run(&experiment(keys, more)).unwrap_or_else(|failure| panic!("{}", said(&failure)))
}

fn refused(keys: &str, more: &str) -> String {
    said(&files().run(&experiment(keys, more)).expect_err("it is refused"))
}

fn lambda() -> f64 {
    3600.0 * lutetia_data::nuclides().get("Lu-177").expect("a nuclide").lambda_per_s()
}

fn near(what: &str, found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 2e-5, "{what}: {found}, expected {expected}");
}

#[test]
fn exact_integral_and_half_life_of_one_exponential() {
    let ran = ran(REGIONS, CASE);
    let row = &ran.table("s.integrals");
    let row = row.row("case", "a");
    near("integral", row.number("tiac_kidneys"), 1.0 / (0.02 + lambda()));
    let half_life = std::f64::consts::LN_2 / (0.02 + lambda());
    near("half-life", row.number("half_life_kidneys"), half_life);
}

#[test]
fn exact_half_lives_of_an_experiment_stand_in_place_of_those_of_the_table() {
    let ran = ran(REGIONS, &CASE.replace("\"m\"", "\"slow\""));
    let found = ran.table("s.integrals").row("case", "a").number("tiac_kidneys");
    near("integral", found, 1.0 / (0.02 + std::f64::consts::LN_2 / 1000.0));
}

/// The same doses by the step that computes doses out of a model.
#[test]
fn exact_doses_are_those_of_the_step_for_one_model() {
    let beside = r#"
[[step]]
kind = "model-dose"
id = "d"
model = "m"
doses = [{ into = "X.c", activity = "1 GBq", amount = "100 nmol" }]
sources = [
  { output = "A", region = "kidneys", nuclides = ["Lu-177"], mass = "300 g" },
  { output = "T", region = "tumour", nuclides = ["Lu-177"], mass = "10 g" },
]
"#;
    let ran = ran(
        &format!("{REGIONS}ratios = [[\"tumour\", \"kidneys\"]]\n"),
        &format!("{CASE}{beside}"),
    );
    let ours = ran.table("s");
    let ours = ours.row("case", "a");
    let theirs = ran.table("d.regions");
    let dose = |region: &str| 1000.0 * theirs.row("row", region).number("per_activity");
    for region in ["kidneys", "tumour"] {
        near(region, ours.number(region), dose(region));
    }
    near("ratio", ours.number("ratio_tumour_kidneys"), dose("tumour") / dose("kidneys"));
}

#[test]
fn exact_activity_until_a_limit_and_what_reaches_it() {
    let limits = "[step.limits]\nkidneys = { dose = \"23 Gy\" }\n";
    let keys = format!("target = \"tumour\"\n{REGIONS}");
    let own = ran(&keys, &format!("{limits}{CASE}"));
    let (doses, limited) = (own.table("s"), own.table("s.limits"));
    let (dose, limit) = (doses.row("case", "a"), limited.row("case", "a"));
    assert_eq!(limit.text("limiting"), "kidneys");
    near("activity", limit.number("activity"), 23.0 / dose.number("kidneys"));
    near("tumour", limit.number("at_limit"), 23.0 * dose.number("tumour") / dose.number("kidneys"));
    // 0.1 nmol of 177Lu carries less than that.
    let few = CASE.replace("1 GBq", "1 MBq").replace("100 nmol", "0.1 nmol");
    let few = ran(&keys, &format!("{limits}{few}"));
    let row = few.table("s.limits");
    let row = row.row("case", "a");
    assert_eq!(row.text("limiting"), "amount of ligand");
    let gbq = 0.1e-9 * lutetia_units::AVOGADRO * lambda() / 3600.0 * 1e-9;
    near("activity", row.number("activity"), gbq);
    // BED = D (1 + G D/(alpha/beta)).
    let tissue = "[step.limits]\nkidneys = { dose = \"23 Gy\", tissue = { alpha_beta = \"2.5 Gy\", repair = \"2.8 h\" } }\n";
    let bed = ran(&keys, &format!("{tissue}{CASE}"));
    let row = bed.table("s.limits");
    let given = row.row("case", "a").number("activity") * dose.number("kidneys");
    let (fall, repair) = (0.02 + lambda(), std::f64::consts::LN_2 / 2.8);
    near("BED", given * (1.0 + fall / (fall + repair) * given / 2.5), 23.0);
}

#[test]
fn exact_patients_are_rows_of_a_table() {
    let patients = r#"patients = { table = "people", called = "man", model = "m", into = "X.c", activity = "A0", amount = ["hot", "cold"], leave = ["age"], share = "50 %" }
readings = [{ name = "left", output = "C", at = "10 h" }]
"#;
    let ran = ran(&format!("{patients}{REGIONS}"), "");
    let table = ran.table("s");
    let (one, two) = (table.row("case", "man 1"), table.row("case", "man 2"));
    near("given", one.number("given"), 0.5);
    near("amount", two.number("amount"), 25.0);
    near("concentration", one.number("left"), 50.0 / 0.3 * (-0.2_f64).exp());
    let integrals = ran.table("s.integrals");
    let found = integrals.row("case", "man 2").number("tiac_kidneys");
    near("integral", found, 1.0 / (0.01 + lambda()));
    let summary = ran.table("s.summary");
    let row = summary.row("what", "tiac_kidneys");
    let (a, b) = (1.0 / (0.02 + lambda()), found);
    near("mean", row.number("mean"), (a + b) / 2.0);
    near("sd", row.number("sd"), (b - a) / 2.0_f64.sqrt());
    near("least", row.number("least"), a);
    near("greatest", row.number("greatest"), b);
}

/// The dose does not depend on the amount here, so that the limit by the amount decides: the greatest amount is best.
#[test]
fn exact_best_amount_and_values_beside_each_other() {
    let keys = format!(
        "target = \"tumour\"\namounts = [\"0.05 nmol\", \"0.1 nmol\"]\n\
         vary = {{ parameter = \"V\", values = [\"100 mL\", \"200 mL\"] }}\n{REGIONS}"
    );
    let limits = "[step.limits]\nkidneys = { dose = \"1000 Gy\" }\n";
    let dose = CASE.replace("1 GBq", "1 MBq");
    let ran = ran(&keys, &format!("{limits}{dose}"));
    let table = ran.table("s");
    let of = |row: &str| table.row("case", row).number("kidneys");
    // Twice the mass has half of the dose of the electrons, and a little less of that of the photons.
    let ratio = of("a at 0.05 nmol, 100 mL") / of("a at 0.05 nmol, 200 mL");
    assert!((1.9..2.01).contains(&ratio), "{ratio}");
    let best = ran.table("s.best");
    let row = best.row("case", "a at 200 mL");
    near("best", row.number("amount"), 0.1);
    near("as good from", row.number("from"), 0.1);
    assert_eq!(row.text("place"), "greatest tried");
    near("value", row.number("V"), 200.0);
}

#[test]
fn exact_relative_doses_are_those_over_the_first_value() {
    let keys =
        format!("vary = {{ parameter = \"k\", values = [\"0.02 1/h\", \"0.05 1/h\"] }}\n{REGIONS}");
    let ran = ran(&keys, CASE);
    let table = ran.table("s.relative");
    near("first", table.row("case", "a at 0.02 1 per h").number("kidneys"), 1.0);
    let expected = (0.02 + lambda()) / (0.05 + lambda());
    near("second", table.row("case", "a at 0.05 1 per h").number("kidneys"), expected);
}

/// Where one value alone decides, its quantiles are those of the dose, and the ranks run against each other.
#[test]
fn exact_draws_carry_a_range_through() {
    let ran = ran(&format!("draws = 200\nassumed = true\n{REGIONS}"), CASE);
    let table = ran.table("s");
    let row = table.row("case", "a");
    assert_eq!(row.text("drawn"), "1");
    let main = row.number("kidneys");
    let of = |u: f64| main * (0.02 + lambda()) / (0.01 * 4.0_f64.powf(u) + lambda());
    // A stratum is 0.5 % of the range, within which a draw lies anywhere.
    for (column, u) in [("kidneys_low", 0.95), ("kidneys_high", 0.05)] {
        let (found, slack) = (row.number(column), (of(u - 0.006) - of(u + 0.006)).abs());
        assert!((found - of(u)).abs() < slack, "{column}: {found}, expected {}", of(u));
    }
    let ranks = ran.table("s.correlations");
    near("rank", ranks.row("row", "a: k").number("kidneys"), -1.0);
    // A range of the step wins over that of the file, and another seed moves little.
    let narrow = ran_narrow();
    let row = &narrow.table("s");
    let row = row.row("case", "a");
    let width = row.number("kidneys_high") / row.number("kidneys_low");
    assert!((1.0..1.02).contains(&width), "{width}");
}

/// A factor of a dose alone: its quantiles are those of the dose, activities at the limit go against it, and neither the
/// dose without draws nor another region knows of it.
#[test]
fn exact_disagreement_multiplies_the_drawn_doses_of_its_region() {
    let limits = "[step.limits]\nkidneys = { dose = \"23 Gy\" }\n";
    let case = format!("{CASE}disagreement = {{ kidneys = [0.5, 2.0] }}\n");
    let ran_with = |seed: &str, case: &str| {
        ran(
            &format!("draws = 200\n{seed}target = \"tumour\"\n{REGIONS}"),
            &format!("{limits}{case}"),
        )
    };
    let (plain, drawn) = (
        ran(&format!("target = \"tumour\"\n{REGIONS}"), &format!("{limits}{CASE}")),
        ran_with("", &case),
    );
    let (own, table) = (plain.table("s"), drawn.table("s"));
    let (main, row) = (own.row("case", "a"), table.row("case", "a"));
    assert_eq!(row.text("drawn"), "1");
    for region in ["kidneys", "tumour"] {
        near(region, row.number(region), main.number(region));
    }
    near("tumour", row.number("tumour_low"), main.number("tumour"));
    near("tumour", row.number("tumour_high"), main.number("tumour"));
    let limited = drawn.table("s.limits");
    let activity = limited.row("case", "a");
    for (ends, u) in
        [(["kidneys_low", "activity_high"], 0.05), (["kidneys_high", "activity_low"], 0.95)]
    {
        let factor = 0.5 * 4.0_f64.powf(u);
        // A stratum is 0.5 % of the range, within which a draw lies anywhere.
        let close = |found: f64, expected: f64| {
            assert!(
                (found / expected).ln().abs() < 0.006 * 4.0_f64.ln(),
                "{found}, expected {expected}"
            );
        };
        close(row.number(ends[0]), factor * main.number("kidneys"));
        close(activity.number(ends[1]), 23.0 / (factor * main.number("kidneys")));
    }
    near(
        "rank",
        drawn.table("s.correlations").row("row", "a: dose of kidneys").number("kidneys"),
        1.0,
    );
    // The seed of the step stands in place of that of the experiment, which is 3.
    let low = |ran: &Ran| ran.table("s").row("case", "a").number("kidneys_low");
    assert_eq!(low(&ran_with("seed = 3\n", &case)).to_bits(), low(&drawn).to_bits());
    assert_ne!(low(&ran_with("seed = 4\n", &case)).to_bits(), low(&drawn).to_bits());
    for (off, expected) in [
        ("liver = [0.5, 2.0]", "`disagreement` names the region `liver`"),
        ("kidneys = [2.0, 0.5]", "the range of `dose of kidneys` is 2 to 0.5"),
        ("kidneys = [0.0, 0.5]", "expected a least and a greater value"),
    ] {
        let case = format!("{CASE}disagreement = {{ {off} }}\n");
        let found = refused(&format!("draws = 20\n{REGIONS}"), &case);
        assert!(found.contains(expected), "{off}: {found}");
    }
}

fn ran_narrow() -> Ran {
    let ranges = "[step.ranges]\nk = [\"0.0199 1/h\", \"0.0201 1/h\"]\n";
    ran(&format!("draws = 40\nassumed = true\n{REGIONS}"), &format!("{ranges}{CASE}"))
}

#[test]
fn exact_a_sketch_is_shown_and_has_no_rank() {
    let limits = "[step.limits]\nkidneys = { dose = \"23 Gy\" }\n";
    let other = CASE.replace("\"a\"", "\"b\"").replace("\"m\"", "\"s\"");
    let third = CASE.replace("\"a\"", "\"c\"") + "set = { k = \"0.01 1/h\" }\n";
    let keys = format!("target = \"tumour\"\n{REGIONS}");
    let ran = ran(&keys, &format!("{limits}{CASE}{other}{third}"));
    let table = ran.table("s.limits");
    let rank = |case: &str| table.row("case", case).text("rank").to_owned();
    assert_eq!(rank("b"), "none, a sketch");
    // Tumour and kidneys follow each other here, so that the ratio and the dose at the limit are alike.
    let doses = ["a", "c"].map(|case| table.row("case", case).number("at_limit"));
    assert!((doses[0] / doses[1] - 1.0).abs() < 1e-4, "{doses:?}");
    assert_ne!(rank("a"), "");
}

#[test]
fn regress_what_cannot_be_set_side_by_side() {
    let limits = "[step.limits]\nkidneys = { dose = \"23 Gy\" }\n";
    let patients = "patients = { table = \"people\", model = \"m\", into = \"X.c\", activity = \"A0\", amount = [\"hot\", \"warm\"], leave = [\"age\"] }\n";
    for (keys, more, expected) in [
        (REGIONS.to_owned(), "", "give either `case` or `patients`"),
        (format!("target = \"tumour\"\n{REGIONS}"), CASE, "`target` needs `limits`"),
        (
            format!("target = \"liver\"\n{REGIONS}"),
            &format!("{limits}{CASE}"),
            "names the region `liver`",
        ),
        (format!("draws = 10\n{REGIONS}"), CASE, "`draws` needs"),
        (format!("assumed = true\n{REGIONS}"), CASE, "these need `draws`"),
        (REGIONS.replace("\"tumour\"", "\"a tumour\""), CASE, "the name of a column"),
        (REGIONS.replace("\"tumour\"", "\"kidneys\""), CASE, "stands twice among the regions"),
        (REGIONS.replace("\"T\"", "\"A\""), CASE, "is that of two regions"),
        (REGIONS.replace("\"T\"", "\"U\""), CASE, "no model has the output `U`"),
        (REGIONS.replace("\"T\"", "\"C\""), CASE, "expected a unit of activity"),
        (
            format!("readings = [{{ name = \"r\", output = \"Q\", at = \"1 h\" }}]\n{REGIONS}"),
            CASE,
            "no model has the output `Q`",
        ),
        (REGIONS.replace("\"V\"", "\"k\""), CASE, "expected a volume"),
        (REGIONS.replace("mass", "volume = \"V\", mass"), CASE, "both `mass` and `volume`"),
        (format!("{patients}{REGIONS}"), "", "no column `warm`"),
        (
            format!("{patients}{REGIONS}")
                .replace("warm", "cold")
                .replace(", leave = [\"age\"]", ""),
            "",
            "`age`",
        ),
        (
            REGIONS.to_owned(),
            &CASE.replace("activity = \"1 GBq\", ", ""),
            "nothing is given that is active",
        ),
        (REGIONS.replace("mass = \"10 g\"", "factor = \"3 Gy\""), CASE, "expected Gy/(MBq h)"),
    ] {
        let found = refused(&keys, more);
        assert!(found.contains(expected), "{keys}{more}: {found}");
    }
    let ranges = format!("[step.ranges]\nk = [\"0.2 1/h\", \"0.1 1/h\"]\n{CASE}");
    let found = refused(&format!("draws = 20\n{REGIONS}"), &ranges);
    assert!(found.contains("expected a least and a greater value"), "{found}");
    for (half_lives, expected) in [
        ("{ Lu-177 = \"0 h\" }", "is not above zero"),
        ("{ Y-90 = \"60 h\" }", "it is not a radionuclide of `nuclides`"),
        ("{ Lu-177 = \"6 g\" }", "the half-life of `Lu-177`"),
    ] {
        let text = experiment(REGIONS, CASE).replace("{ Lu-177 = \"1000 h\" }", half_lives);
        let found = said(&files().run(&text).expect_err("it is refused"));
        assert!(found.contains(expected), "{half_lives}: {found}");
    }
}

/// Two cases, of which one is drawn and the other lies where the interval of the first ends with one seed and goes on with
/// another: with both seeds its place is not determined, and where the other lies far off it is.
#[test]
fn exact_a_place_that_changes_with_the_seed_is_not_determined() {
    let limits = "[step.limits]\nkidneys = { dose = \"23 Gy\" }\n";
    let drawn = format!("{CASE}disagreement = {{ tumour = [0.5, 2.0] }}\n");
    let ran_with = |seeds: &str, millilitres: f64| {
        let other = CASE.replace("\"a\"", "\"b\"");
        let case = format!("{limits}{drawn}{other}set = {{ V = \"{millilitres} mL\" }}\n");
        ran(&format!("draws = 200\n{seeds}target = \"tumour\"\n{REGIONS}"), &case)
    };
    let of = |ran: &Ran, case: &str, column: &str| {
        ran.table("s.limits").row("case", case).number(column)
    };
    let ends =
        [3, 4].map(|seed| of(&ran_with(&format!("seed = {seed}\n"), 300.0), "a", "at_limit_high"));
    assert!((ends[0] / ends[1] - 1.0).abs() > 1e-5, "{ends:?}");
    let between = (ends[0] * ends[1]).sqrt();
    // What the kidneys leave to the tumour goes nearly with their volume.
    let mut millilitres = 600.0;
    for _ in 0..6 {
        millilitres *= between / of(&ran_with("", millilitres), "b", "at_limit");
    }
    let rank =
        |ran: &Ran, case: &str| ran.table("s.limits").row("case", case).text("rank").to_owned();
    let one = [3, 4].map(|seed| rank(&ran_with(&format!("seed = {seed}\n"), millilitres), "a"));
    let mut places = one.clone();
    places.sort();
    assert_eq!(places, ["1 to 2", "2"]);
    let both = ran_with("seeds = [4]\n", millilitres);
    assert_eq!(rank(&both, "a"), "not determined: 1 to 2 or 2 by seed");
    // The interval is that of the step's own seed.
    assert_eq!(of(&both, "a", "at_limit_high").to_bits(), ends[0].to_bits());
    let far = ran_with("seeds = [4, 5]\n", 5.0 * millilitres);
    assert_eq!([rank(&far, "a"), rank(&far, "b")], ["2", "1"]);
    let refused = refused(&format!("seeds = [4]\ndraws = 200\nassumed = true\n{REGIONS}"), CASE);
    assert!(refused.contains("`seeds` draws ranks again"), "{refused}");
}
