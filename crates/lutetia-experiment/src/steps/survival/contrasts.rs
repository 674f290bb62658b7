//! Arms against the reference, over all of follow-up and by period.

use lutetia_outcome::OutcomeError;
use lutetia_outcome::survival::{
    Coefficient, Cox, Groups, LogRank, LogRankResult, PhTime, RmstContrast, SurvivalData,
    TestStatistic, firth,
};

use super::{Patients, SurvivalError, SurvivalOptions};

/// An arm against the reference.
pub(super) struct Contrast<'p> {
    pub(super) arm: &'p str,
    pub(super) reference: &'p str,
    pub(super) hazard_ratio: Option<f64>,
    /// The upper one may be infinite.
    pub(super) limits: Option<(f64, f64)>,
    pub(super) log_rank: Option<LogRankResult>,
    pub(super) proportional: Option<TestStatistic>,
    pub(super) concordance: Option<f64>,
    pub(super) restricted_mean: Option<RmstContrast>,
    /// Why something is missing.
    pub(super) notes: Vec<OutcomeError>,
}

/// Two arms of the patients: the reference and another.
fn pair(patients: &Patients, other: usize) -> Result<(SurvivalData, Groups), OutcomeError> {
    let labels = patients.groups.labels();
    let (mut time, mut event, mut arm) = (Vec::new(), Vec::new(), Vec::new());
    for (i, &g) in patients.groups.of().iter().enumerate() {
        if g == 0 || g == other {
            time.push(patients.data.time()[i]);
            event.push(patients.data.event()[i]);
            arm.push(labels[g].as_str());
        }
    }
    let data = SurvivalData::new(time, event)?;
    let groups = Groups::with_order(&[&labels[0], &labels[other]], &arm)?;
    Ok((data, groups))
}

/// Each arm against the reference.
pub(super) fn of<'p>(
    patients: &'p Patients,
    options: &SurvivalOptions,
) -> Result<Vec<Contrast<'p>>, OutcomeError> {
    let tau = options.horizon(patients);
    let by_arm = patients.by_arm();
    let others = by_arm.iter().enumerate().skip(1);
    others.map(|(g, (arm, _))| one(patients, options, (g, arm), &by_arm, tau)).collect()
}

fn one<'p>(
    patients: &Patients,
    options: &SurvivalOptions,
    (g, arm): (usize, &'p str),
    by_arm: &[(&'p str, SurvivalData)],
    tau: f64,
) -> Result<Contrast<'p>, OutcomeError> {
    let (data, groups) = pair(patients, g)?;
    let mut notes = Vec::new();
    let mut note = |e: OutcomeError| notes.push(e);
    let cox = Cox::new(&data).groups(&groups).fit();
    let penalised = if options.firth {
        let treated: Vec<f64> = groups.of().iter().map(|&g| f64::from(u8::from(g > 0))).collect();
        firth(&data, &[(arm, &treated)], options.level).map_err(&mut note).ok()
    } else {
        None
    };
    // Where the penalised likelihood was asked for, its own note says all.
    let cox = cox
        .map_err(|e| {
            if !options.firth {
                note(e);
            }
        })
        .ok();
    let (hazard_ratio, limits) = match &penalised {
        Some(fit) => {
            let c = &fit.coefficients[0];
            (Some(c.hazard_ratio()), Some((c.lower.exp(), c.upper.exp())))
        }
        None => {
            let own = cox.as_ref().map(|c| &c.coefficients[0]);
            let limits = own.and_then(|h| h.hazard_ratio_interval(options.level).ok());
            (own.map(Coefficient::hazard_ratio), limits)
        }
    };
    let proportional = cox.as_ref().and_then(|c| {
        c.proportional_hazards(PhTime::KaplanMeier).map_err(&mut note).ok().map(|t| t.global)
    });
    let log_rank = LogRank::new(&data, &groups).test().map_err(&mut note).ok();
    let (reference, own) = (options.curve(&by_arm[0].1)?, options.curve(&by_arm[g].1)?);
    let restricted_mean = own
        .rmst(tau)
        .and_then(|a| a.minus(&reference.rmst(tau)?, options.level))
        .map_err(&mut note)
        .ok();
    Ok(Contrast {
        arm,
        reference: by_arm[0].0,
        hazard_ratio,
        limits,
        log_rank,
        proportional,
        concordance: cox.as_ref().map(|c| c.concordance.c),
        restricted_mean,
        notes,
    })
}

/// An arm against the reference in a period of follow-up.
pub(super) struct Period<'p> {
    pub(super) arm: &'p str,
    pub(super) reference: &'p str,
    pub(super) from: f64,
    /// Infinite for the last one.
    pub(super) to: f64,
    pub(super) fit: Result<PeriodFit, OutcomeError>,
}

/// Cox's model of those still at risk at the start of a period.
pub(super) struct PeriodFit {
    pub(super) events: usize,
    pub(super) coefficient: Coefficient,
    pub(super) limits: (f64, f64),
}

/// The ends of the periods between cuts, from 0 to infinity.
pub(super) fn edges(cuts: &[f64]) -> Result<Vec<f64>, SurvivalError> {
    let mut edges = vec![0.0];
    for &cut in cuts {
        if cut.is_nan() || cut <= edges[edges.len() - 1] {
            return Err(SurvivalError::Period { cut });
        }
        edges.push(cut);
    }
    edges.push(f64::INFINITY);
    Ok(edges)
}

/// Each arm against the reference in each period.
pub(super) fn by_period<'p>(
    patients: &'p Patients,
    options: &SurvivalOptions,
    edges: &[f64],
) -> Result<Vec<Period<'p>>, OutcomeError> {
    let labels = patients.groups.labels();
    let mut periods = Vec::new();
    for (g, arm) in labels.iter().enumerate().skip(1) {
        let (data, groups) = pair(patients, g)?;
        for edge in edges.windows(2) {
            let (from, to) = (edge[0], edge[1]);
            let fit = in_period(&data, &groups, (from, to), options.level);
            periods.push(Period { arm, reference: &labels[0], from, to, fit });
        }
    }
    Ok(periods)
}

fn in_period(
    data: &SurvivalData,
    groups: &Groups,
    (from, to): (f64, f64),
    level: f64,
) -> Result<PeriodFit, OutcomeError> {
    let rows: Vec<usize> = (0..data.len()).filter(|&i| data.time()[i] > from).collect();
    let labels = groups.labels();
    let arm: Vec<&str> = rows.iter().map(|&i| labels[groups.of()[i]].as_str()).collect();
    let piece = SurvivalData::new(
        rows.iter().map(|&i| data.time()[i].min(to)).collect(),
        rows.iter().map(|&i| data.event()[i] && data.time()[i] <= to).collect(),
    )?;
    let groups = Groups::with_order(&[&labels[0], &labels[1]], &arm)?;
    let cox = Cox::new(&piece).groups(&groups).fit()?;
    let limits = cox.coefficients[0].hazard_ratio_interval(level)?;
    Ok(PeriodFit { events: cox.events, coefficient: cox.coefficients[0].clone(), limits })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Arms 1, 3 and 2, 4: in the period to 2.5 the deaths are at 1 and 2, after it at 3 and 4, where
    /// each arm has one patient left.
    #[test]
    fn exact_periods_count_those_still_at_risk() {
        let patients = Patients {
            data: SurvivalData::new(vec![1.0, 3.0, 2.0, 4.0], vec![true; 4]).expect("data"),
            groups: Groups::by_appearance(&["a", "a", "b", "b"]),
            notes: Vec::new(),
        };
        let options = SurvivalOptions { unit: "d".to_owned(), ..SurvivalOptions::default() };
        let edges = edges(&[2.5]).expect("a cut");
        let periods = by_period(&patients, &options, &edges).expect("two arms");
        let first = periods[0].fit.as_ref().expect("determined");
        assert_eq!(first.events, 2);
        // 1/(2 + 2r) · r/(1 + 2r) is largest where 2r² = 1.
        let ratio = first.coefficient.hazard_ratio();
        assert!((ratio - 0.5_f64.sqrt()).abs() < 1e-6, "{ratio}");
        // In the last period only a has its event while both are at risk.
        let Err(said) = &periods[1].fit else { panic!("a ratio") };
        assert!(said.to_string().contains("not determined"), "{said}");
        let table = super::super::periods("p", &patients, &options, &[2.5]).expect("a table");
        let named = |row: usize| table.table().rows[row][0].csv();
        assert_eq!((named(0), named(1)), ("0 to 2.5 d".to_owned(), "after 2.5 d".to_owned()));
    }

    #[test]
    fn exact_cuts_out_of_order_are_refused() {
        for cuts in [&[2.0, 1.0][..], &[0.0], &[f64::NAN]] {
            assert!(matches!(edges(cuts), Err(SurvivalError::Period { .. })), "{cuts:?}");
        }
    }
}
