//! Competing risks: by hand, against R, and the identity of the incidences.

use lutetia_outcome::survival::{
    AalenJohansen, CompetingData, Cox, CoxFit, Interval, KaplanMeier, SurvivalData, fine_gray,
};

use crate::common::{close, shared};

fn mgus2() -> Option<(CompetingData, Vec<f64>, Vec<f64>)> {
    let table = shared("classic/mgus2.csv")?;
    // Time to progression, else to death or the end of follow-up, as in R's vignette.
    let (ptime, pstat) = (table.numbers("ptime"), table.numbers("pstat"));
    let (futime, death) = (table.numbers("futime"), table.numbers("death"));
    let (mut time, mut cause) = (Vec::new(), Vec::new());
    for i in 0..ptime.len() {
        let progressed = pstat[i] > 0.5;
        time.push(if progressed { ptime[i] } else { futime[i] });
        cause.push(match (progressed, death[i] > 0.5) {
            (true, _) => Some(0),
            (false, true) => Some(1),
            (false, false) => None,
        });
    }
    let male = table.text("sex").iter().map(|s| f64::from(*s == "M")).collect();
    let data = CompetingData::new(time, cause, &["pcm", "death"]).expect("data");
    Some((data, table.numbers("age"), male))
}

/// 1 a, 2 b, 3 censored, 4 a: F_a = 1/4, then 1/4 + 1/2 at 4; F_b = 1/4.
#[test]
fn exact_aalen_johansen_by_hand() {
    let cause = vec![Some(0), Some(1), None, Some(0)];
    let data = CompetingData::new(vec![1.0, 2.0, 3.0, 4.0], cause, &["a", "b"]).expect("data");
    let curve = AalenJohansen::fit(&data).expect("curves");
    let at = |cause, t| curve.at(cause, t).expect("a cause").map(|x| x.0);
    assert_eq!(at("a", 0.5), Some(0.0));
    close(at("a", 1.0).expect("seen"), 0.25, 1e-15);
    close(at("b", 2.5).expect("seen"), 0.25, 1e-15);
    close(at("a", 4.0).expect("seen"), 0.75, 1e-15);
    assert_eq!(at("a", 4.5), None);
    // The incidences and the share without an event add to one.
    let any = SurvivalData::new(vec![1.0, 2.0, 3.0, 4.0], vec![true, true, false, true]);
    let km = KaplanMeier::fit(&any.expect("data"), Interval::Log, 0.95).expect("a curve");
    for step in &curve.steps {
        let free = km.survival_at(step.time).expect("observed");
        close(step.incidence.iter().sum::<f64>() + free, 1.0, 1e-14);
    }
}

#[test]
fn exact_what_is_not_a_cause() {
    let data = |cause| CompetingData::new(vec![1.0, 2.0], cause, &["a"]);
    let refused = data(vec![Some(1), None]).expect_err("a refusal").to_string();
    assert_eq!(refused, "no cause named `number 1`; known are a");
    let censored = data(vec![None, None]).expect("data");
    let refused = AalenJohansen::fit(&censored).expect_err("a refusal").to_string();
    assert_eq!(refused, "the cumulative incidence is not determined: all 2 times are censored");
    let x = [0.0, 1.0];
    let refused = fine_gray(&censored, "a", &[("x", &x)]).expect_err("a refusal").to_string();
    assert_eq!(
        refused,
        "the Fine–Gray model of `a` is not determined: none of the 2 patients had it"
    );
    assert!(fine_gray(&censored, "b", &[("x", &x)]).is_err());
}

/// Without competing events Fine and Gray is Cox.
#[test]
fn exact_fine_gray_without_competitors_is_cox() {
    let time = vec![2.0, 3.0, 5.0, 7.0, 11.0, 13.0];
    let x = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
    let cause = vec![Some(0), Some(0), None, Some(0), Some(0), None];
    let data = CompetingData::new(time, cause, &["a"]).expect("data");
    let fg = fine_gray(&data, "a", &[("x", &x)]).expect("a fit");
    let specific = data.cause_specific("a").expect("a cause");
    let cox = Cox::new(&specific).covariate("x", &x).fit().expect("a fit");
    close(fg.coefficients[0].value, cox.coefficients[0].value, 1e-9);
}

/// Patients stay at risk from before the first time, also where that is 0.
#[test]
fn exact_an_event_at_the_origin_counts() {
    let x = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0];
    let cause = [Some(0), Some(1), Some(0), None, Some(1), Some(0), None];
    let fit = |from: f64| {
        let time = (0..7).map(|i| from + f64::from(i)).collect();
        let data = CompetingData::new(time, cause.to_vec(), &["a", "b"]).expect("data");
        fine_gray(&data, "a", &[("x", &x)]).expect("a fit")
    };
    let (origin, later) = (fit(0.0), fit(5.0));
    close(origin.coefficients[0].value, later.coefficients[0].value, 1e-12);
    let robust = |f: &CoxFit| f.coefficients[0].robust_error.expect("of clusters");
    close(robust(&origin), robust(&later), 1e-12);
    assert_eq!(origin.events, 3);
}

#[test]
fn val_cumulative_incidence_of_mgus2() {
    let Some((data, _, _)) = mgus2() else { return };
    let curve = AalenJohansen::fit(&data).expect("curves");
    let expected = [
        (60.0, 0.034_103_71, 0.320_367_01),
        (120.0, 0.063_722_17, 0.531_817_70),
        (240.0, 0.099_813_72, 0.724_027_98),
        (360.0, 0.134_041_64, 0.784_208_25),
    ];
    for (t, pcm, death) in expected {
        close(curve.at("pcm", t).expect("a cause").expect("observed").0, pcm, 5.1e-9);
        close(curve.at("death", t).expect("a cause").expect("observed").0, death, 5.1e-9);
    }
}

#[test]
fn val_fine_gray_of_mgus2() {
    let Some((data, age, male)) = mgus2() else { return };
    for (cause, on_age, on_sex) in
        [("pcm", -0.017_301_71, -0.259_756_79), ("death", 0.058_823_32, 0.372_315_41)]
    {
        let fit = fine_gray(&data, cause, &[("age", &age), ("male", &male)]).expect("a fit");
        close(fit.coefficients[0].value, on_age, 5.1e-9);
        close(fit.coefficients[1].value, on_sex, 5.1e-9);
        assert!(fit.coefficients[0].robust_error.is_some());
    }
}
