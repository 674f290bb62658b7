//! What stands against an integral reaches every product, and nothing downstream of a refusal has a number.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use lutetia_data::{Sex, Study};
use lutetia_diagnostic::{Assumption, Choice, Flag, FlagKind, Gap, Verdict};
use lutetia_dose::MarrowToBlood;
use lutetia_experiment::steps::{plan::tables as plan_tables, uncertainty::ChainSpec};
use lutetia_fit::DerivedKind;
use lutetia_outcome::radiobiology::{Bed, Radiobiological};
use lutetia_patient::{
    NoValue, RegionTia,
    curves::{CurveOptions, error_model},
    cycles::{Integration, Options, Patient, compute, courses},
    dose::{DoseOptions, Marrow, MarrowSource, Weights, all_doses},
    plan::{Course, Limit, Plan, plans},
    text::tissue,
};
use lutetia_report::patient::{Words, files, tables as tables_of_patient};
use lutetia_table::{Cell, Table};

/// Decay-uncorrected mono-exponential regions, MBq at the start and half-life in h, measured at 4, 24, 72 and
/// 120 h in each cycle of (nuclide, MBq).
fn study(cycles: &[(&str, f64)], regions: &[(&str, f64, f64)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut activity =
        "subject,cycle,region,time (h),activity (MBq),sd (MBq),volume (mL)\n".to_owned();
    let mut doses = "subject,cycle,time (h),nuclide,activity (MBq)\n".to_owned();
    for (number, (nuclide, mbq)) in (1..).zip(cycles) {
        writeln!(doses, "P1,{number},0,{nuclide},{mbq}").expect("a text");
        for (region, share, half_life) in regions {
            for t in [4.0, 24.0, 72.0, 120.0] {
                let a = mbq * share * (-std::f64::consts::LN_2 * t / half_life).exp();
                let sd = 0.05 * a;
                writeln!(activity, "P1,{number},{region},{t},{a},{sd},150").expect("a text");
            }
        }
    }
    let subjects = "subject,sex,weight (kg),source\nP1,male,73,invented\n";
    write(folder.path(), subjects, &doses, &activity);
    folder
}

fn write(folder: &Path, subjects: &str, doses: &str, activity: &str) {
    for (name, text) in
        [("subjects.csv", subjects), ("doses.csv", doses), ("activity.csv", activity)]
    {
        fs::write(folder.join(name), text).expect("a file");
    }
    fs::write(folder.join("README.md"), "Source: invented for this test\n").expect("a file");
}

fn read(folder: &Path) -> Study {
    let (study, diagnostics, _) = Study::read(folder);
    study.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

fn options(dose: DoseOptions) -> Options {
    Options {
        integration: Integration::Fit(CurveOptions {
            functions: vec!["mono".to_owned()],
            error: error_model("proportional 10 %").expect("an error model"),
            over_sd: false,
            seed: 1,
            until_h: 200.0,
            variance_count: Default::default(),
            gates: false,
            profile: false,
            bootstrap: 0,
        }),
        dose: DoseOptions { chain: Some(ChainSpec::default().chain().expect("a chain")), ..dose },
        reference: None,
        tissue: Some(tissue("2.5 Gy", "2.8 h").expect("a tissue")),
        until_h: 200.0,
    }
}

fn rbe(alpha: f64) -> Weights {
    let effect = "late kidney damage".to_owned();
    Weights { effect, alpha, electron: 1.0, photon: 1.0, regions: None }
}

fn patient(study: &Study, dose: DoseOptions) -> Patient {
    let cycles = study.cycles("P1");
    compute(study, "P1", &cycles, None, &options(dose)).expect("a patient")
}

/// The patient with other verdicts on the integrals, everything after them computed again.
fn judged(study: &Study, patient: &Patient, judge: impl Fn(u16, &mut RegionTia)) -> Patient {
    let mut patient = patient.clone();
    let mut how = patient.options.dose.clone();
    for cycle in &mut patient.cycles {
        for tia in &mut cycle.tias {
            judge(cycle.number, tia);
            if let Some(tissue) = patient.options.tissue {
                how.bed.insert(tia.region.clone(), tissue);
            }
        }
        cycle.doses = all_doses(study, "P1", cycle.number, &cycle.tias, &how).expect("doses");
    }
    patient
}

/// The tables of the plans of these courses.
fn tables(id: &str, courses: Vec<Course>, what: &Plan) -> [Table; 2] {
    plan_tables::all(id, &plans(courses, what), what)
}

fn bed_plan() -> Plan {
    Plan {
        limit: Limit::Bed(40.0, tissue("2.5 Gy", "2.8 h").expect("a tissue")),
        cycles: 4,
        activity_gbq: Some(7.4),
        between_cycles: 0.0,
        accept_misfit: false,
    }
}

const REGIONS: [(&str, f64, f64); 3] =
    [("kidney_left", 0.01, 50.0), ("liver", 0.02, 60.0), ("blood", 0.01, 20.0)];

fn with_marrow() -> DoseOptions {
    let source = MarrowSource::Blood {
        region: "blood".to_owned(),
        volume_ml: None,
        ratio: MarrowToBlood::Peptide,
    };
    let marrow = Marrow { source, remainder: None, body_g: None };
    DoseOptions { marrow: Some(marrow), rbe: vec![rbe(5.0)], ..DoseOptions::new(Sex::Male) }
}

/// Every product by name, as text.
fn products(patient: &Patient) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let tables_of = tables_of_patient(patient).expect("tables");
    for name in ["doses", "rbe", "marrow", "uncertainty", "cumulative"] {
        let table = tables_of.get(name).unwrap_or_else(|| panic!("no table {name}"));
        all.insert(name.to_owned(), table.to_csv());
        all.insert(format!("{name} as JSON"), table.to_json().to_string());
    }
    for (name, after) in [("plan", false), ("plan after cycles given", true)] {
        let [plan, _] = tables(name, courses(patient, after), &bed_plan());
        all.insert(name.to_owned(), plan.to_csv());
    }
    let files = self::files(patient, &Words::default()).expect("files");
    for name in ["index.html", "results.json", "tables/doses.csv"] {
        let text = String::from_utf8(files[name].clone()).expect("a text");
        all.insert(name.to_owned(), text);
    }
    all.insert(
        "standard error".to_owned(),
        patient.remarks().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    );
    all
}

#[test]
fn exact_every_flag_arrives_in_every_product() {
    let folder = study(&[("Lu-177", 7400.0), ("Lu-177", 7400.0)], &REGIONS);
    let study = read(folder.path());
    let plain = patient(&study, with_marrow());
    let text = |t: &str| t.to_owned();
    let flags = [
        (Flag::Misfit { chi_square: 20_937.0, dof: 1, p: 0.0 }, "misses the data"),
        (Flag::Widened { ratio: 144.7 }, "widened 145 times"),
        (Flag::AtBound { parameter: text("lambda1") }, "lies at its bound"),
        (Flag::Extrapolated { share: 0.997 }, "100 % of the integral lies after"),
        (Flag::Prior { parameter: text("half-life") }, "a population's"),
        (
            Flag::Model { choice: Choice::WithoutAicc { function: text("bi") } },
            "chosen without AICc",
        ),
        (Flag::Assumed { what: Assumption::PhysicalTail }, "is taken to fall by physical decay"),
        (
            Flag::Incomplete { what: Gap::PhotonsOf { region: text("skull") } },
            "without the photons of `skull`",
        ),
    ];
    let kinds: Vec<FlagKind> = flags.iter().map(|(flag, _)| flag.kind()).collect();
    assert_eq!(kinds, FlagKind::ALL, "every kind is tried");
    for (name, product) in products(&plain) {
        for (flag, words) in &flags {
            assert!(!product.contains(words), "{name} has {:?} of its own", flag.kind());
        }
    }
    for (flag, words) in &flags {
        let flagged = judged(&study, &plain, |_, tia| tia.tia = tia.tia.clone().with(flag.clone()));
        for (name, product) in products(&flagged) {
            // HTML has its own apostrophe, and marks of its own for code.
            let product = product.replace(['’'], "'").replace("&#39;", "'");
            let product = product.replace("<code>", "`").replace("</code>", "`");
            assert!(
                product.contains(words),
                "{:?} does not arrive in {name}: {product}",
                flag.kind()
            );
        }
    }
}

/// Numbers of a row but those of the columns named.
fn numbers(table: &Table, row: &[Cell], but: &[&str]) -> Vec<f64> {
    let named = table.columns.iter().zip(row).filter(|(c, _)| !but.contains(&c.name.as_str()));
    named.filter_map(|(_, cell)| cell.number()).collect()
}

#[test]
fn prop_no_number_downstream_of_a_refusal() {
    let folder = study(&[("Lu-177", 7400.0), ("Lu-177", 7400.0)], &REGIONS);
    let study = read(folder.path());
    let plain = patient(&study, with_marrow());
    // Every subset of the integrals of three regions in two cycles.
    for subset in 0_u32..64 {
        let refused = |cycle: u16, region: &str| {
            let at = REGIONS.iter().position(|r| r.0 == region).expect("a region");
            subset >> (at as u32 + 3 * (u32::from(cycle) - 1)) & 1 == 1
        };
        let patient = judged(&study, &plain, |cycle, tia| {
            if refused(cycle, &tia.region) {
                tia.tia = Verdict::refused(NoValue::LeftOut { because: "it rises".to_owned() });
                tia.phases.clear();
            }
        });
        let any = |cycle: u16| REGIONS.iter().any(|r| refused(cycle, r.0));
        let is = |cycle: f64, region: &str| {
            let cycle = cycle as u16;
            if region == "red marrow" { any(cycle) } else { refused(cycle, region) }
        };
        let tables_of = tables_of_patient(&patient).expect("tables");
        for name in ["doses", "rbe", "uncertainty", "budget"] {
            let table = &tables_of[name];
            for row in &table.rows {
                let (cycle, region) = (row[0].number().expect("a cycle"), row[1].csv());
                if is(cycle, &region) {
                    let but = ["cycle", "rbe_alpha", "rbe_electron", "rbe_photon"];
                    assert_eq!(numbers(table, row, &but), [0.0; 0], "{name} {row:?}");
                    assert!(row.iter().any(|c| c.csv().contains("it rises")), "{name} {row:?}");
                }
            }
        }
        let marrow = &tables_of["marrow"];
        for row in &marrow.rows {
            let cycle = row[0].number().expect("a cycle");
            assert!(!any(cycle as u16) || numbers(marrow, row, &["cycle"]).is_empty(), "{row:?}");
        }
        let cumulative = &tables_of["cumulative"];
        let [plan, risk] = tables("plan", courses(&patient, true), &bed_plan());
        for row in &cumulative.rows {
            let region = row[0].csv();
            // Blood has no self dose.
            let whole = region != "blood" && [1.0, 2.0].iter().all(|cycle| !is(*cycle, &region));
            let found = numbers(cumulative, row, &["activity"]);
            assert_eq!(found.is_empty(), !whole, "{subset} {row:?}");
        }
        for row in plan.rows.iter().filter(|row| row[0].csv() != "red marrow") {
            let region = row[0].csv();
            // Blood has no self dose.
            let whole = region != "blood" && [1.0, 2.0].iter().all(|cycle| !is(*cycle, &region));
            assert_eq!(numbers(&plan, row, &["limit"]).is_empty(), !whole, "{subset} {row:?}");
            let risks = risk.rows.iter().filter(|r| r[0] == row[0]).count();
            assert!(whole || risks == 0);
        }
    }
}

#[test]
fn exact_a_curve_that_misses_its_data_is_widened_and_not_planned_with() {
    // 120 MBq with 5 h and 30 MBq with 70 h, no noise, and standard deviations of 0.4 % and of 16 %: no one
    // exponential goes through.
    for sd in ["0.433 0.128 0.0366", "17.3 5.12 1.46"] {
        let sds: Vec<&str> = sd.split(' ').collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let activity = format!(
            "subject,cycle,region,time (h),activity (MBq),sd (MBq),volume (mL)\n\
             P1,1,liver,3,108.3,{},1700\nP1,1,liver,20,32.11,{},1700\nP1,1,liver,120,9.143,{},1700\n",
            sds[0], sds[1], sds[2]
        );
        let doses = "subject,cycle,time (h),nuclide,activity (MBq)\nP1,1,0,Lu-177,7200\n";
        write(folder.path(), "subject,source\nP1,invented\n", doses, &activity);
        let study = read(folder.path());
        let patient = patient(&study, DoseOptions::new(Sex::Male));
        let [cycle] = &patient.cycles[..] else { panic!("one cycle") };
        let verdict = &cycle.tias[0].tia;
        if verdict.is_refused() {
            // Where the function is far from the data, nothing is widened.
            assert_eq!(sds[0], "0.433", "{verdict:?}");
            assert!(cycle.doses.regions[0].dose.is_refused());
        } else {
            assert!(verdict.has(FlagKind::Misfit) && verdict.has(FlagKind::Widened), "{verdict:?}");
            let fit = cycle.curves[0].best().fit.as_ref().expect("a fit");
            let stated = fit.derived(DerivedKind::Tia).and_then(|d| d.se).expect("an error");
            let tia = verdict.clone().accept(&FlagKind::ALL).expect("a value");
            let sd = tia.sd_mbq_h().expect("an error");
            // Birge: three points and two parameters leave one degree of freedom.
            assert!((sd / stated / fit.chi_square.sqrt() - 1.0).abs() < 1e-12, "{sd} {stated}");
            // The truth, 120·5/ln 2 + 30·70/ln 2, lies within two of the widened errors.
            let truth = (120.0 * 5.0 + 30.0 * 70.0) / std::f64::consts::LN_2;
            assert!((tia.value_mbq_h() - truth).abs() < 2.0 * sd);
        }
        for limit in [bed_plan().limit, Limit::Dose(30.0)] {
            let what = Plan { limit, ..bed_plan() };
            let [plan, risk] = tables("plan", courses(&patient, false), &what);
            assert_eq!(numbers(&plan, &plan.rows[0], &["limit"]), [0.0; 0]);
            let note = plan.rows[0].last().expect("a note").csv();
            assert!(note.contains("misses the data"), "{note}");
            assert!(verdict.is_refused() || note.contains("--accept misfit"), "{note}");
            assert!(risk.rows.is_empty());
        }
    }
}

#[test]
fn exact_alphas_need_an_rbe_in_every_product() {
    let folder = study(&[("Ac-225", 8.0)], &[("kidney_left", 0.01, 50.0)]);
    let study_of = read(folder.path());
    let without = patient(&study_of, DoseOptions::new(Sex::Male));
    let dose = &without.cycles[0].doses.regions[0];
    assert!(!dose.dose.is_refused());
    let bed = dose.effective.as_ref().expect("asked for");
    assert!(bed.is_refused() && bed.note().contains("--rbe"), "{}", bed.note());
    for limit in [bed_plan().limit, Limit::Dose(40.0)] {
        let [plan, _] = tables("plan", courses(&without, false), &Plan { limit, ..bed_plan() });
        assert_eq!(numbers(&plan, &plan.rows[0], &["limit"]), [0.0; 0]);
        assert!(plan.rows[0].last().is_some_and(|c| c.csv().contains("--rbe")));
    }

    let options = DoseOptions { rbe: vec![rbe(5.0)], ..DoseOptions::new(Sex::Male) };
    let with = patient(&study_of, options.clone());
    let dose = &with.cycles[0].doses.regions[0];
    let found = dose.dose.clone().accept(&FlagKind::ALL).expect("a dose");
    assert!(found.method.contains("daughters taken to stay"));
    let effective = dose.effective.clone().expect("asked for");
    let effective = effective.accept(&FlagKind::ALL).expect("a BED");
    let (low, g) = (found.electron + found.photon, effective.protraction);
    let bed = |times: f64| {
        let bed = Bed::<Radiobiological>::of_mixed(times * found.alpha, times * low, 5.0, g, 2.5);
        bed.expect("a BED").gy()
    };
    assert!((effective.bed_gy / bed(1.0) - 1.0).abs() < 1e-12);
    let [plan, _] = tables("plan", courses(&with, false), &bed_plan());
    let cell = |column: &str| plan.rows[0][plan.index_of(column).expect("a column")].clone();
    let gbq = cell("activity_expected").number().expect("an activity");
    // Four cycles of what was planned count what the limit says.
    assert!((4.0 * bed(gbq / 0.008) / 40.0 - 1.0).abs() < 1e-10);
    assert!(cell("limit_of").csv().contains("Gy(RBE), RBE 5 of alphas"));

    // 177Lu, then 225Ac: a Gy of one is not one of the other.
    let folder = study(&[("Lu-177", 7400.0), ("Ac-225", 8.0)], &[("kidney_left", 0.01, 50.0)]);
    let study_of = read(folder.path());
    let row = |options: DoseOptions, column: &str| {
        let tables = tables_of_patient(&patient(&study_of, options)).expect("tables");
        let table = &tables["cumulative"];
        table.index_of(column).map(|at| table.rows[0][at].clone())
    };
    let plain = || DoseOptions::new(Sex::Male);
    for column in ["total", "total_sd", "bed", "bed_sd", "activity"] {
        assert_eq!(row(plain(), column), Some(Cell::Missing), "{column}");
    }
    assert_eq!(row(plain(), "weighted"), None);
    let note = row(plain(), "note").expect("a note").csv();
    assert!(note.contains("do not add") && note.contains("--rbe"), "{note}");
    let both = patient(&study_of, options.clone());
    let weigh = |alpha: f64| -> f64 {
        let doses =
            both.cycles.iter().map(|c| c.doses.regions[0].dose.clone().accept(&FlagKind::ALL));
        doses.map(|d| d.expect("a dose")).map(|d| alpha * d.alpha + d.electron + d.photon).sum()
    };
    let weighted = row(options.clone(), "weighted").and_then(|c| c.number()).expect("a sum");
    assert!((weighted / weigh(5.0) - 1.0).abs() < 1e-12);
    assert_eq!(row(options.clone(), "total"), Some(Cell::Missing));
    assert!(row(options, "bed").and_then(|c| c.number()).expect("a sum") > weighted);
}

#[test]
fn exact_a_cycle_of_another_nuclide_is_not_taken_to_be_alike() {
    let folder = study(&[("Ac-225", 8.0)], &[("kidney_left", 0.01, 50.0)]);
    let path = folder.path().join("doses.csv");
    let mut doses = fs::read_to_string(&path).expect("a file");
    doses += "P1,2,1000,Lu-177,7400\n";
    fs::write(path, doses).expect("a file");
    let study_of = read(folder.path());
    let options = DoseOptions { rbe: vec![rbe(5.0)], ..DoseOptions::new(Sex::Male) };
    let with = patient(&study_of, options);
    let [plan, _] = tables("plan", courses(&with, true), &bed_plan());
    let note = plan.rows[0].last().expect("a note").csv();
    assert!(note.contains("cycle 2 was given with Lu-177"), "{note}");
    assert_eq!(numbers(&plan, &plan.rows[0], &["limit"]), [0.0; 0]);
}
