//! The grid of visits, first events, and times from hazards.

use lutetia_outcome::endpoint::{Candidate, Visits, event_time, first_event, first_events};
use lutetia_outcome::survival::{AalenJohansen, Interval, KaplanMeier, SurvivalData};

use crate::close;

/// VISION: every 8 weeks to week 24, then every 12.
#[test]
fn exact_stages_of_visits() {
    let grid = Visits::in_stages(&[(56.0, 168.0), (84.0, 500.0)]).expect("a plan");
    assert_eq!(grid.times(), [56.0, 112.0, 168.0, 252.0, 336.0, 420.0]);
    assert_eq!(grid.next(56.0), Some(56.0));
    assert_eq!(grid.next(56.1), Some(112.0));
    assert_eq!(grid.next(421.0), None);
    close(grid.last_before(55.0), 0.0, 0.0);
    close(grid.last_before(112.0), 112.0, 0.0);
    assert!(Visits::in_stages(&[(56.0, 168.0), (84.0, 100.0)]).is_err());
    assert!(Visits::in_stages(&[(0.0, 168.0)]).is_err());
    assert!(Visits::in_stages(&[]).is_err());
    assert!(Visits::at(&[56.0, 50.0]).is_err());
}

#[test]
fn exact_progression_is_seen_at_a_visit() {
    let grid = Visits::at(&[56.0, 112.0, 168.0]).expect("a plan");
    let see = |p, d, o| grid.progression_free(p, d, o).expect("times");
    let found = see(Some(60.0), None, None);
    assert_eq!((found.time, found.event, found.between), (112.0, true, Some((56.0, 112.0))));
    // Death before the next visit, after progression.
    let found = see(Some(60.0), Some(100.0), None);
    assert_eq!((found.time, found.event, found.between), (100.0, true, None));
    // Death after progression was seen.
    close(see(Some(60.0), Some(150.0), None).time, 112.0, 0.0);
    // Leaves before the visit that would have seen it: censored at the visit before.
    let found = see(Some(60.0), None, Some(100.0));
    assert_eq!((found.time, found.event), (56.0, false));
    // Death after drop-out is not known.
    close(see(None, Some(140.0), Some(120.0)).time, 112.0, 0.0);
    // Never, or after the last visit: censored there.
    assert_eq!((see(None, None, None).time, see(Some(200.0), None, None).event), (168.0, false));
    // Before the first visit nothing was seen at all.
    close(see(None, None, Some(20.0)).time, 0.0, 0.0);
    assert!(grid.progression_free(Some(-1.0), None, None).is_err());
    assert!(grid.progression_free(None, Some(f64::NAN), None).is_err());
}

#[test]
fn exact_censoring_after_the_last_visit() {
    let grid = Visits::at(&[56.0, 112.0]).expect("a plan");
    assert_eq!(grid.check_censoring(80.0), Ok(56.0));
    assert_eq!(
        grid.check_censoring(130.0).expect_err("refused").to_string(),
        "censored at 130 d, after the last visit at 112 d; progression-free survival is censored at the last visit without progression"
    );
    assert_eq!(
        grid.check_censoring(30.0).expect_err("refused").to_string(),
        "progression-free survival is not determined: censored at 30 d, before the first visit at 56 d"
    );
}

/// A grid makes a median of 80 days into 112: the interval, not the drug.
#[test]
fn exact_the_grid_moves_the_median() {
    let grid = Visits::at(&[56.0, 112.0, 168.0, 224.0]).expect("a plan");
    let (mut time, mut event) = (Vec::new(), Vec::new());
    for i in 1..=99 {
        let truth = 1.6 * f64::from(i);
        let seen = grid.progression_free(Some(truth), None, None).expect("a time");
        time.push(seen.time);
        event.push(seen.event);
    }
    let data = SurvivalData::new(time, event).expect("data");
    let curve = KaplanMeier::fit(&data, Interval::Log, 0.95).expect("a curve");
    assert_eq!(curve.median().estimate, Some(112.0));
}

#[test]
fn exact_first_events() {
    let of =
        |p, d| [Candidate { name: "progression", time: p }, Candidate { name: "death", time: d }];
    let first = |p, d, c| first_event(&of(p, d), c).expect("times");
    let list = [
        first(Some(3.0), Some(9.0), 10.0),
        first(None, Some(4.0), 10.0),
        first(Some(12.0), None, 10.0),
        first(Some(5.0), Some(5.0), 10.0),
        first(Some(10.0), None, 10.0),
    ];
    assert_eq!(list.map(|f| f.cause), [Some(0), Some(1), None, Some(0), Some(0)]);
    for (found, time) in list.iter().zip([3.0, 4.0, 10.0, 5.0, 10.0]) {
        close(found.time, time, 0.0);
    }
    let data = first_events(&list, &["progression", "death"]).expect("data");
    let curve = AalenJohansen::fit(&data).expect("curves");
    close(curve.at("death", 6.0).expect("a cause").expect("seen").0, 0.2, 1e-12);
    assert!(first_event(&of(Some(-1.0), None), 10.0).is_err());
    assert!(first_event(&of(None, None), f64::NAN).is_err());
}

/// H = t²/100: T = 10 √(−ln u), found on a fine grid to its error.
#[test]
fn exact_times_from_a_hazard() {
    let times: Vec<f64> = (0..=4000).map(|i| f64::from(i) * 0.01).collect();
    let hazard: Vec<f64> = times.iter().map(|t| t * t / 100.0).collect();
    for u in [0.9, 0.5, 0.01] {
        let found = event_time(&times, &hazard, u).expect("a hazard").expect("reached");
        // Linear between points 0.01 apart: the error is below h²/(8 T).
        close(found, 10.0 * (-f64::ln(u)).sqrt(), 1e-4);
    }
    assert_eq!(event_time(&times, &hazard, 1e-8), Ok(None));
    assert_eq!(event_time(&[1.0, 2.0], &[0.0, 0.0], 1.0), Ok(None));
}

#[test]
fn exact_a_hazard_that_overflows() {
    let refused = event_time(&[1.0, 2.0], &[0.1, f64::INFINITY], 0.5).expect_err("refused");
    assert_eq!(
        refused.to_string(),
        "the survival time is not determined: the cumulative hazard is inf at time 2, from 0.1 at 1; check the coefficients of the hazard and the size of what they multiply"
    );
    // An event before the overflow is still an event.
    assert_eq!(event_time(&[1.0, 2.0], &[1.0, f64::INFINITY], 0.5).map(|t| t.is_some()), Ok(true));
    assert!(event_time(&[1.0, 2.0], &[0.2, 0.1], 0.5).is_err());
    assert!(event_time(&[2.0, 1.0], &[0.1, 0.2], 0.5).is_err());
    assert!(event_time(&[1.0], &[0.1, 0.2], 0.5).is_err());
    assert!(event_time(&[1.0], &[0.1], 0.0).is_err());
}
