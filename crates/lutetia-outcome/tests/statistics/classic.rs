//! The classic data sets, to the digits of R `survival` 3.5-3 and lifelines.

use lutetia_outcome::survival::{
    Cox, Groups, Interval, KaplanMeier, LogRank, PhTime, SurvivalData, Ties,
};

use crate::common::{Table, close, shared};

/// Half a unit of the tenth decimal, the digits given.
const TENTH: f64 = 5.1e-11;

fn lung() -> Option<(Table, SurvivalData)> {
    let table = shared("classic/lung.csv")?;
    let data = table.survival("time", "status", 2.0);
    Some((table, data))
}

#[test]
fn val_kaplan_meier_of_lung() {
    let Some((table, data)) = lung() else { return };
    let curve = KaplanMeier::fit(&data, Interval::Log, 0.95).expect("a curve");
    for (t, survival, error) in [
        (100.0, 0.863_968_967_6, 0.022_710_23),
        (200.0, 0.680_272_862_2, 0.031_134_57),
        (300.0, 0.530_608_117_8, 0.034_640_15),
        (500.0, 0.293_269_193_7, 0.035_077_82),
    ] {
        let step = curve.step_at(t).expect("a step");
        close(step.survival, survival, TENTH);
        close(step.standard_error, error, 5.1e-9);
    }
    let median = curve.median();
    assert_eq!(
        (median.estimate, median.lower, median.upper),
        (Some(310.0), Some(285.0), Some(363.0))
    );
    let sexes = Groups::with_order(&["1", "2"], &table.text("sex")).expect("groups");
    let curves: Vec<KaplanMeier> = sexes
        .split(&data)
        .expect("two groups")
        .iter()
        .map(|d| KaplanMeier::fit(d, Interval::Log, 0.95).expect("a curve"))
        .collect();
    let of = |c: &KaplanMeier| {
        let m = c.median();
        (m.estimate, m.lower, m.upper)
    };
    assert_eq!(of(&curves[0]), (Some(270.0), Some(212.0), Some(310.0)));
    assert_eq!(of(&curves[1]), (Some(426.0), Some(348.0), Some(550.0)));
    let at = [0.0, 250.0, 500.0, 750.0, 1000.0];
    assert_eq!(at.map(|t| curves[0].at_risk_at(t)), [138, 62, 20, 7, 2]);
    assert_eq!(at.map(|t| curves[1].at_risk_at(t)), [90, 53, 21, 3, 0]);
    let rmst = curves.iter().map(|c| c.rmst(365.0).expect("a mean")).collect::<Vec<_>>();
    close(rmst[0].mean, 241.495_085_2, 5.1e-8);
    close(rmst[0].standard_error, 10.358_226_49, 5.1e-9);
    close(rmst[1].mean, 297.465_409_5, 5.1e-8);
    close(rmst[1].standard_error, 10.791_323_98, 5.1e-9);
}

#[test]
fn val_log_rank_tests() {
    let Some((table, data)) = lung() else { return };
    let sex = table.groups("sex");
    let test = |rho| {
        let test = LogRank::new(&data, &sex).weights(rho, 0.0).test().expect("a test");
        test.chi_squared
    };
    close(test(0.0), 10.326_741_95, 5.1e-9);
    close(test(1.0), 12.714_151_4, 5.1e-8);
    // R leaves out the one patient without an institution.
    let with = shared("classic/lung.csv").expect("read above").complete(&["inst"]);
    let (data, sex) = (with.survival("time", "status", 2.0), with.groups("sex"));
    let institution = with.groups("inst");
    let stratified = LogRank::new(&data, &sex).strata(&institution).test().expect("a test");
    close(stratified.chi_squared, 8.524_467, 5.1e-7);

    let veteran = shared("classic/veteran.csv").expect("beside lung");
    let data = veteran.survival("time", "status", 1.0);
    let arms = LogRank::new(&data, &veteran.groups("trt")).test().expect("a test");
    close(arms.chi_squared, 0.008_227_3, 5.1e-8);
    let cells = LogRank::new(&data, &veteran.groups("celltype")).test().expect("a test");
    close(cells.chi_squared, 25.403_70, 5.1e-6);
    assert_eq!(cells.degrees_of_freedom, 3);
}

#[test]
fn val_cox_of_lung() {
    let Some(table) = shared("classic/lung.csv") else { return };
    let table = table.complete(&["ph.ecog", "age", "sex"]);
    let data = table.survival("time", "status", 2.0);
    let (age, sex, ecog) = (table.numbers("age"), table.numbers("sex"), table.numbers("ph.ecog"));
    let model =
        || Cox::new(&data).covariate("age", &age).covariate("sex", &sex).covariate("ecog", &ecog);
    let efron = model().fit().expect("a fit");
    let expected =
        [(0.011_066_76, 0.009_267_41), (-0.552_612_40, 0.167_739_05), (0.463_728_48, 0.113_577_27)];
    for (found, (value, error)) in efron.coefficients.iter().zip(expected) {
        close(found.value, value, 5.1e-9);
        close(found.model_error, error, 5.1e-9);
        assert_eq!(found.robust_error, None);
    }
    close(efron.null_log_likelihood, -744.480_46, 5.1e-6);
    close(efron.log_likelihood, -729.230_12, 5.1e-6);
    close(efron.concordance.c, 0.637_135_5, 5.1e-8);
    let robust = model().robust().fit().expect("a fit");
    for (found, error) in robust.coefficients.iter().zip([0.009_881_39, 0.164_748_43, 0.124_158_85])
    {
        close(found.robust_error.expect("asked for"), error, 5.1e-9);
        close(found.standard_error, error, 5.1e-9);
    }
    let breslow = model().ties(Ties::Breslow).fit().expect("a fit");
    close(breslow.coefficients[1].value, -0.551_889_57, 5.1e-9);
    close(breslow.log_likelihood, -729.488_71, 5.1e-6);
    let exact = model().ties(Ties::Exact).fit().expect("a fit");
    close(exact.coefficients[1].value, -0.553_435_61, 5.1e-9);
    close(exact.log_likelihood, -710.401_05, 5.1e-6);
}

#[test]
fn val_cox_of_veteran_and_its_proportional_hazards() {
    let Some(table) = shared("classic/veteran.csv") else { return };
    let data = table.survival("time", "status", 1.0);
    let cells =
        Groups::with_order(&["squamous", "smallcell", "adeno", "large"], &table.text("celltype"))
            .expect("groups");
    let mut model = Cox::new(&data).covariate("trt", &table.numbers("trt")).groups(&cells);
    for name in ["karno", "diagtime", "age", "prior"] {
        model = model.covariate(name, &table.numbers(name));
    }
    let fit = model.fit().expect("a fit");
    assert_eq!(fit.coefficients.len(), 8);
    close(fit.log_likelihood, -474.397_111_7, 5.1e-8);
    close(fit.coefficient("karno").expect("a covariate").value, -0.032_815_33, 5.1e-9);
    let test = fit.proportional_hazards(PhTime::KaplanMeier).expect("a test");
    close(test.global.chi_squared, 34.55, 5.1e-3);
    close(test.global.degrees_of_freedom, 8.0, 0.0);
}

#[test]
fn val_cox_of_rossi() {
    let Some(table) = shared("classic/rossi.csv") else { return };
    let data = table.survival("week", "arrest", 1.0);
    let expected = [
        ("fin", -0.379_422_2),
        ("age", -0.057_437_7),
        ("race", 0.313_899_8),
        ("wexp", -0.149_795_7),
        ("mar", -0.433_703_9),
        ("paro", -0.084_871_1),
        ("prio", 0.091_497_1),
    ];
    let mut model = Cox::new(&data);
    for (name, _) in expected {
        model = model.covariate(name, &table.numbers(name));
    }
    let fit = model.fit().expect("a fit");
    for (name, value) in expected {
        close(fit.coefficient(name).expect("a covariate").value, value, 5.1e-8);
    }
    close(fit.log_likelihood, -658.747_66, 5.1e-6);
    close(fit.likelihood_ratio.chi_squared, 33.265_95, 5.1e-6);
    close(fit.concordance.c, 0.640_33, 5.1e-6);
}
