//! Grades against the printed table of CTCAE v5.0.

use lutetia_outcome::endpoint::{Ctcae, Toxicity};

use crate::close;

/// Values at and just below each printed limit.
#[test]
fn val_grades_of_ctcae_v5() {
    let printed: [(Toxicity, &[(f64, u8)]); 5] = [
        (Toxicity::Platelets, &[(75.0, 1), (74.9, 2), (50.0, 2), (49.9, 3), (25.0, 3), (24.9, 4)]),
        (Toxicity::Neutrophils, &[(1.5, 1), (1.49, 2), (1.0, 2), (0.99, 3), (0.5, 3), (0.49, 4)]),
        (Toxicity::Lymphocytes, &[(0.8, 1), (0.79, 2), (0.5, 2), (0.49, 3), (0.2, 3), (0.19, 4)]),
        (Toxicity::Leukocytes, &[(3.0, 1), (2.99, 2), (2.0, 2), (1.99, 3), (1.0, 3), (0.99, 4)]),
        (Toxicity::Haemoglobin, &[(10.0, 1), (9.9, 2), (8.0, 2), (7.9, 3), (3.0, 3)]),
    ];
    for (toxicity, values) in printed {
        let limits = Ctcae::of(toxicity).expect("a row of the table");
        for &(value, grade) in values {
            assert_eq!(limits.grade(value), Ok(grade), "{} {value}", limits.name);
        }
        assert_eq!(limits.grade(limits.normal), Ok(0));
        assert!(limits.source.contains("CTCAE v5.0"));
    }
}

#[test]
fn exact_worst_grade_of_a_trajectory() {
    let platelets = Ctcae::of(Toxicity::Platelets).expect("a row");
    let course = [
        (0.0, 220.0),
        (14.0, 120.0),
        (21.0, 60.0),
        (28.0, 40.0),
        (35.0, 30.0),
        (42.0, 45.0),
        (49.0, 80.0),
        (63.0, 48.0),
        (70.0, 160.0),
    ];
    let worst = platelets.worst(&course).expect("values");
    assert_eq!((worst.grade, worst.day), (3, Some(28.0)));
    close(worst.nadir, 30.0, 0.0);
    close(worst.nadir_day, 35.0, 0.0);
    close(worst.days_at_grade_3, 14.0, 0.0);
    let relative: Vec<(f64, f64)> = course.iter().map(|&(t, x)| (t, x / 220.0)).collect();
    assert_eq!(platelets.worst_of_relative(220.0, &relative).expect("values").grade, 3);
    let fine = platelets.worst(&[(0.0, 300.0)]).expect("a value");
    assert_eq!((fine.grade, fine.day), (0, None));
}

#[test]
fn exact_what_cannot_be_graded() {
    let platelets = Ctcae::of(Toxicity::Platelets).expect("a row");
    assert!(platelets.grade(-1.0).is_err());
    assert!(platelets.grade(f64::NAN).is_err());
    assert!(platelets.worst(&[]).is_err());
    assert!(platelets.worst(&[(2.0, 100.0), (1.0, 100.0)]).is_err());
    assert!(platelets.worst_of_relative(0.0, &[(0.0, 1.0)]).is_err());
    assert!(platelets.clone().with_normal(60.0).is_err());
    assert_eq!(platelets.with_normal(130.0).expect("a limit").grade(140.0), Ok(0));
    assert_eq!(
        Toxicity::named("thrombocytes").expect_err("refused").to_string(),
        "no toxicity named `thrombocytes`; known are platelets, neutrophils, lymphocytes, leukocytes, haemoglobin"
    );
}
