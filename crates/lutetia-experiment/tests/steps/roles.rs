//! Roles of outputs in a trial: what each takes and what it refuses, by dimension and by kind.
use std::fs;

use lutetia_experiment::{
    Failure,
    steps::{roles, trial::TrialStep},
};
use lutetia_scenario::LoadedModel;
use lutetia_testkit::{Files, heading, repository};

const MODEL: &str = r#"
[model]
id    = "everything"
title = "An output of every kind that a trial meets"
units = { time = "h", amount = "nmol", volume = "L" }
label = { on = ["L"], decayed = "cold" }

[patient]
sex    = { levels = ["male", "female"], typical = "male" }
weight = { unit = "kg", range = ["30 kg", "200 kg"], typical = "70 kg" }

[compartments]
body = "10 L"

[parameters]
k      = "0.05 1/h"
grow   = "0.0001 1/h"
h0     = "0.0001 1/h"
rate0  = "0.001 Gy/h"
beta0  = "0.001 Gy(BED)/h"
gram   = "1 g"
ml     = "1 mL"
number = "1e9 cells"
full   = "236 cells/nL"
hb     = "14 g/dL"
psa0   = "20 ug/L"
ca0    = "5 nmol/L"
kg     = "1 1/kg"
spare  = "1"
hour   = "1 h"
minus  = "-1"

[species]
L = { in = ["body"] }

[states]
M = { unit = "1", initial = "1" }
C = { unit = "1", initial = "1" }
H = { unit = "1", initial = "0" }
N = { unit = "1", initial = "0" }
E = { unit = "1", initial = "0" }
D = { unit = "Gy", initial = "0 Gy" }
B = { unit = "Gy(BED)", initial = "0 Gy(BED)" }
T = { unit = "1", initial = "2" }
U = { unit = "1", initial = "0" }

[define]
both   = "H + N"
before = "(h0*hour)^2*exp(0.1*sex.female)*(t/(t + hour))"

[scheme]
processes = '''
out:   L.body -> 0 @ k
grow:  0 => M @ grow*M
fill:  0 => C @ k*(1 - C)
die:   0 => H @ h0*M*(1 + 0.1*sex.female + 0*kg*weight)
new:   0 => N @ h0
late:  0 => E @ k*(M - E)
give:  0 => D @ rate0
harm:  0 => B @ beta0
tick:  0 => T @ h0
undo:  0 => U @ -h0
'''

[outputs]
A        = { of = "activity(L.body)", unit = "MBq" }
conc     = { of = "activity(L.body)/volume(body)", unit = "MBq/L" }
dose     = { of = "D", unit = "Gy" }
rate     = { of = "rate0*M", unit = "Gy/h" }
bed      = { of = "B", unit = "Gy(BED)" }
hazard   = { of = "H", unit = "1" }
sum      = { of = "both", unit = "1" }
weighted = { of = "2*H + N/3", unit = "1" }
late     = { of = "H + before", unit = "1" }
clock    = { of = "t/hour", unit = "1" }
course   = { of = "before", unit = "1" }
scaled   = { of = "h0*t + 0*H", unit = "1" }
falling  = { of = "minus*H", unit = "1" }
undone   = { of = "U", unit = "1" }
per_hour = { of = "h0*M", unit = "1/h" }
ratio    = { of = "M", unit = "1" }
alive    = { of = "exp(-H)", unit = "1" }
less     = { of = "1 - H", unit = "1" }
effect   = { of = "E", unit = "1" }
started  = { of = "T", unit = "1" }
relative = { of = "C", unit = "1" }
mass     = { of = "gram*M", unit = "g" }
volume   = { of = "ml*M", unit = "mL" }
cells    = { of = "number*M", unit = "cells" }
counts   = { of = "full*C", unit = "cells/uL" }
haemo    = { of = "hb*C", unit = "g/L" }
psa      = { of = "psa0*M", unit = "ug/L" }
ca       = { of = "ca0*M", unit = "nmol/L" }
age      = { of = "t", unit = "d" }
"#;

const OUTPUTS: [&str; 29] = [
    "A", "conc", "dose", "rate", "bed", "hazard", "sum", "weighted", "late", "clock", "course",
    "scaled", "falling", "undone", "per_hour", "ratio", "alive", "less", "effect", "started",
    "relative", "mass", "volume", "cells", "counts", "haemo", "psa", "ca", "age",
];

/// Runs an experiment with a cohort, a trial with these roles, and what follows.
fn tried(cohort: &str, roles: &str, more: &str) -> Result<(), String> {
    let experiment = format!(
        r#"
[models.all]
file = "all.toml"
nuclides = ["Lu-177"]

[[step]]
kind = "cohort"
id = "people"
model = "all"
patients = 2
{cohort}

[[step]]
kind = "trial"
id = "trial"
cohort = "people"
follow_up = "2 mo"
arm = [{{ name = "none", patients = 2 }}]
{roles}

{more}
"#
    );
    match Files::of(&[("all.toml", MODEL)]).run(&format!("{}{experiment}", heading(5))) {
        Ok(_) => Ok(()),
        Err(Failure::Step { reason, .. }) => Err(reason.to_string()),
        Err(Failure::Diagnostics { diagnostics, .. }) => {
            let said = |d: &lutetia_diagnostic::Diagnostic| {
                format!("{}; {}", d.message, d.hint.as_deref().unwrap_or_default())
            };
            Err(diagnostics.iter().map(said).collect::<Vec<_>>().join("\n"))
        }
        other => panic!("{other:?}"),
    }
}

/// What stands against the roles of a trial.
fn check(step: &TrialStep, model: &LoadedModel) -> Result<(), String> {
    roles::check(step, model).map_err(|e| e.to_string())
}

#[test]
fn exact_every_role_takes_its_outputs_and_no_other() {
    let size = ["mass", "volume", "cells"];
    let serum = ["mass", "volume", "cells", "counts", "haemo", "psa", "ca"];
    let hazard = ["hazard", "sum", "weighted", "late"];
    let graded = |item: &str, output: &str| {
        format!("toxicities = [{{ name = \"x\", output = \"{output}\", ctcae = \"{item}\" }}]")
    };
    let plain = |key: &'static str| move |output: &str| format!("{key} = \"{output}\"");
    type Line<'a> = Box<dyn Fn(&str) -> String + 'a>;
    let table: [(&[&str], Line<'_>); 8] = [
        (&hazard, Box::new(plain("death"))),
        (&hazard, Box::new(plain("new_lesion"))),
        (&size, Box::new(plain("volume"))),
        (&serum, Box::new(plain("marker"))),
        (&["counts"], Box::new(|o| graded("platelets", o))),
        (&["counts"], Box::new(|o| graded("neutrophils", o))),
        (&["counts"], Box::new(|o| graded("lymphocytes", o))),
        (&["haemo", "psa"], Box::new(|o| graded("haemoglobin", o))),
    ];
    let mut read = |_: &str| Ok(MODEL.to_owned());
    let model =
        lutetia_scenario::model("all.toml", &["Lu-177".to_owned()], &mut read).expect("a model");
    for (takes, line) in &table {
        for output in OUTPUTS {
            let line = line(output);
            let step = format!(
                "id = \"t\"\ncohort = \"c\"\nfollow_up = \"2 mo\"\narm = [{{ name = \"a\", patients = 2 }}]\n{line}"
            );
            let step: TrialStep = toml::from_str(&step).expect(&line);
            let found = check(&step, &model);
            if takes.contains(&output) {
                assert_eq!(found, Ok(()), "{line}");
                continue;
            }
            let said = found.expect_err(&line);
            assert!(said.contains(&format!("is `{output}`, ")), "{line}: {said}");
            assert!(said.contains("; expected "), "{line}: {said}");
            let one = takes.iter().find(|t| said.contains(&format!("`{t}`")));
            assert!(one.is_some(), "{line}: no output that fits in: {said}");
        }
    }
}

/// The unit found is said, and all faults of a step at once.
#[test]
fn exact_all_roles_of_a_step_are_judged_at_once() {
    let roles = "death = \"dose\"\nvolume = \"bed\"\nmarker = \"rate\"\n\
                 toxicities = [{ name = \"x\", output = \"mass\", ctcae = \"platelets\" }, { name = \"y\", output = \"ratio\", ctcae = \"haemoglobin\" }]";
    let said = tried("", roles, "").expect_err("five faults");
    for part in [
        "`death` is `dose`, absorbed dose, in `Gy`; expected a cumulative hazard",
        "`volume` is `bed`",
        "in `Gy(BED)`; expected a volume, a mass or a number of cells",
        "`marker` is `rate`",
        "`x, ctcae` is `mass`, mass, in `g`; expected cells per volume",
        "`y, ctcae` is `ratio`, a pure number; expected a mass per volume",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

/// Grades do not depend on the unit in which counts are declared: grade 3 begins below 50 cells/nL, 50 000 cells/uL.
#[test]
fn exact_counts_are_graded_in_their_own_unit() {
    let mut read = |_: &str| Ok(MODEL.to_owned());
    let model =
        lutetia_scenario::model("all.toml", &["Lu-177".to_owned()], &mut read).expect("a model");
    let declared = |item: &str, output: &str| -> Vec<f64> {
        let system = model.simulator.system();
        let info = &system.outputs()[system.output_index(output).expect("an output")];
        let limits = roles::graded_limits(&model, "x", item, output).expect("limits");
        limits.iter().map(|l| l * info.factor).collect()
    };
    for (item, output, grade_3) in [
        ("platelets", "counts", 50e3),
        ("neutrophils", "counts", 1e3),
        ("haemoglobin", "haemo", 80.0),
    ] {
        // Two conversions of decimal numbers.
        let found = declared(item, output)[2];
        assert!((found / grade_3 - 1.0).abs() < 1e-12, "{item}: {found}");
    }
}

#[test]
fn exact_what_later_steps_are_computed_from_must_be_there() {
    let front = |benefit: &str| {
        format!(
            "[[step]]\nkind = \"trade-off\"\nid = \"front\"\ntrial = \"trial\"\npatients = 2\nbenefit = \"{benefit}\"\nhorizon = \"2 mo\"\nweights = {{ benefit = 0.5, harm = 0.5 }}\nreference = \"none\"\nsamples = 100\nregimen = [{{ name = \"none\" }}]\n"
        )
    };
    let one = |result: &str| {
        format!(
            "[[step]]\nkind = \"one-at-a-time\"\nid = \"o\"\ntrial = \"trial\"\narm = \"none\"\nresult = \"{result}\"\nhorizon = \"2 mo\"\npatients = 2\nvary = [{{ name = \"h0\", low = \"1e-5 1/h\", high = \"1e-3 1/h\" }}]\n"
        )
    };
    let graded = "toxicities = [{ name = \"x\", output = \"counts\", ctcae = \"platelets\" }]";
    for (roles, more, said) in [
        (graded, front("restricted-mean"), "the benefit `restricted-mean` needs `death`"),
        (graded, front("alive"), "the benefit `alive` needs `death`"),
        (graded, front("progression-free"), "needs `volume` or `new_lesion`"),
        ("death = \"hazard\"", front("alive"), "no regimen could harm anybody"),
        (graded, one("restricted-mean"), "needs `death`"),
        ("death = \"hazard\"", one("grade3-or-more"), "needs `toxicities`"),
    ] {
        let found = tried("", roles, &more).expect_err(said);
        assert!(found.contains(said), "{found}");
    }
    let mut read = |_: &str| Ok(MODEL.to_owned());
    let model =
        lutetia_scenario::model("all.toml", &["Lu-177".to_owned()], &mut read).expect("a model");
    for (arm, said) in [
        ("stop_at_progression = true", "stops treatment at progression, and nothing can progress"),
        ("crossover = { to = \"b\", share = 0.5 }", "crosses over at progression"),
    ] {
        let step = format!(
            "id = \"t\"\ncohort = \"c\"\nfollow_up = \"2 mo\"\ndeath = \"hazard\"\narm = [{{ name = \"a\", patients = 2, {arm} }}]"
        );
        let step: TrialStep = toml::from_str(&step).expect("a step");
        let found = check(&step, &model).expect_err(said);
        assert!(found.contains(said), "{found}");
        let better = TrialStep { volume: Some("mass".to_owned()), ..step };
        assert_eq!(check(&better, &model), Ok(()));
    }
}

/// Categories by the name of a level, in every table that sets them; a covariate within its range.
#[test]
fn exact_categories_are_set_by_level_and_covariates_within_their_range() {
    let death = "death = \"hazard\"";
    for good in [
        "set = { sex = \"female\" }",
        "set = { sex = \"1\" }",
        "set = { weight = \"200 kg\" }",
        "covariates = { sex = { value = \"female\" } }",
        "covariates = { sex = { shares = [0.4, 0.6] } }",
        "by_occasion = { sex = [\"male\", \"female\"] }",
    ] {
        assert_eq!(tried(good, death, ""), Ok(()), "{good}");
    }
    for (bad, said) in [
        ("set = { sex = \"0.5\" }", "`0.5` is not a level of `sex`; its levels are male, female"),
        ("set = { sex = \"2\" }", "`2` is not a level of `sex`"),
        ("set = { sex = \"weiblich\" }", "`weiblich` is not a level of `sex`"),
        (
            "set = { weight = \"300 kg\" }",
            "`weight` = 300 kg is outside the range of the model, 30 to 200 kg",
        ),
        ("covariates = { sex = { value = \"0.5\" } }", "`0.5` is not a level"),
        ("covariates = { sex = { median = \"female\", cv = \"10 %\" } }", "shares of its levels"),
        ("covariates = { weight = { value = \"20 kg\" } }", "outside the range of the model"),
        ("by_occasion = { sex = [\"male\", \"0.5\"] }", "`0.5` is not a level"),
    ] {
        let found = tried(bad, death, "").expect_err(bad);
        assert!(found.contains(said), "{bad}: {found}");
    }
    let simulate = |set: &str, more: &str| {
        format!(
            "[[step]]\nkind = \"simulate\"\nid = \"s\"\nmodel = \"all\"\nset = {{ {set} }}\n{more}"
        )
    };
    for good in ["sex = \"female\"", "sex = \"0\""] {
        assert_eq!(tried("", death, &simulate(good, "")), Ok(()), "{good}");
    }
    for (bad, said) in [
        ("sex = \"0.5\"", "`0.5` is not a level of `sex`"),
        ("weight = \"20 kg\"", "outside the range of the model"),
    ] {
        let found = tried("", death, &simulate(bad, "")).expect_err(bad);
        assert!(found.contains(said), "{bad}: {found}");
    }
}

/// Times of steps have a unit; one without is refused with the text that works.
#[test]
fn exact_times_of_steps_have_units() {
    let simulate = |until: &str| {
        format!("[[step]]\nkind = \"simulate\"\nid = \"s\"\nmodel = \"all\"\nuntil = {until}\n")
    };
    for good in ["\"5 d\"", "\"120 h\""] {
        assert_eq!(tried("", "death = \"hazard\"", &simulate(good)), Ok(()), "{good}");
    }
    for (bare, meant) in [("168", "168 h"), ("5.5", "5.5 h"), ("\"168\"", "168 h")] {
        let found = tried("", "death = \"hazard\"", &simulate(bare)).expect_err(bare);
        assert!(found.contains(&format!("write `until = \"{meant}\"`")), "{bare}: {found}");
    }
}

/// A value of the wrong kind is marked itself, not the head of its table.
#[test]
fn exact_a_value_of_the_wrong_kind_is_marked() {
    let head = "[experiment]\ntitle = \"t\"\nquestion = \"5\"\nseed = 1\nobjective = \"o\"\nmethod = \"m\"\nresult = \"r\"\ndisagreement = \"d\"\n";
    let step = "[[step]]\nkind = \"simulate\"\nid = \"s\"\nmodel = \"m\"\n";
    for line in [
        "until = \"5 parsecs\"",
        "until = true",
        "points = \"3 points\"",
        "points = \"7\" # seven",
        "outputs = 5",
        "every = 7",
    ] {
        let text = format!("{head}{step}{line}\n");
        let mut sources = lutetia_diagnostic::Sources::new();
        let faults = lutetia_experiment::spec::parse("x", &text, &mut sources).expect_err(line);
        let span = faults[0].labels[0].span;
        let marked = &text[span.start..span.end];
        let (_, value) = line.split_once(" = ").expect("two parts");
        let value = value.split(" #").next().unwrap_or(value);
        assert_eq!(marked, value, "{}", faults[0].message);
    }
}

/// Every survival model that is shipped has a cumulative hazard, also one that begins a moment late, and its hazard is
/// none.
#[test]
fn exact_every_shipped_survival_model_can_end_a_life() {
    let folder = repository().join("models/survival");
    let mut models = 0;
    for entry in fs::read_dir(folder).expect("the survival models") {
        let path = entry.expect("an entry").path();
        let mut read = |_: &str| Ok(fs::read_to_string(&path).expect("a model file"));
        let model = lutetia_scenario::model("x.toml", &[], &mut read).expect("a model");
        for (output, plays) in [("cumulative_hazard", true), ("hazard", false)] {
            let step = format!(
                "id = \"t\"\ncohort = \"c\"\nfollow_up = \"2 mo\"\narm = [{{ name = \"a\", patients = 2 }}]\ndeath = \"{output}\""
            );
            let step: TrialStep = toml::from_str(&step).expect("a step");
            let found = roles::check(&step, &model);
            assert_eq!(found.is_ok(), plays, "{}: {found:?}", path.display());
        }
        models += 1;
    }
    assert!(models >= 4, "{models} models");
}

/// Every trial of the shipped experiments has outputs that can play their roles.
#[test]
fn exact_the_shipped_trials_have_outputs_for_their_roles() {
    use lutetia_experiment::spec;
    use lutetia_experiment::steps::Step;
    use lutetia_scenario as load;
    let root = repository();
    let mut trials = 0;
    for entry in fs::read_dir(root.join("reports")).expect("the reports") {
        let path = entry.expect("an entry").path().join("experiment.toml");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let mut sources = lutetia_diagnostic::Sources::new();
        let found = spec::parse("x", &text, &mut sources).expect("an experiment");
        for step in &found.steps {
            let Step::Trial(trial) = step else { continue };
            let model = found
                .steps
                .iter()
                .find_map(|s| match s {
                    Step::Cohort(c) if c.id == trial.cohort => Some(&c.model),
                    _ => None,
                })
                .expect("a cohort");
            let mut read = |name: &str| match lutetia_models::find(name) {
                Some(bundled) => Ok(bundled.text.to_owned()),
                None => Ok(fs::read_to_string(root.join(name)).expect(name)),
            };
            let loaded = load::used(model, &found.models[model], &mut read).expect("a model");
            assert_eq!(check(trial, &loaded), Ok(()), "{}: {}", path.display(), trial.id);
            trials += 1;
        }
    }
    assert!(trials >= 10, "{trials} trials");
}
