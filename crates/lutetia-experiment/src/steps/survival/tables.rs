//! The tables of survival.

use lutetia_outcome::OutcomeError;
use lutetia_outcome::lack_of_fit::survival_lack_of_fit;
use lutetia_outcome::survival::{
    Coefficient, Cox, Groups, Interval, KaplanMeier, LogRank, PhTime, SplineScale, SurvivalData,
    firth, fit_all, fit_spline,
};

use super::Patients;
use crate::steps::StepError;
use lutetia_table::{Cell, Table, significant};

/// How curves and comparisons are made.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalOptions {
    /// Unit of time, as printed; may be empty.
    pub unit: String,
    /// The arm that others are compared with.
    pub reference: Option<String>,
    /// Scale of the pointwise intervals.
    pub interval: Interval,
    /// Level of all intervals.
    pub level: f64,
    /// Horizon of the restricted means; without it the last time that all arms have.
    pub rmst: Option<f64>,
    /// Times at which survival is tabulated per arm.
    pub at: Vec<f64>,
    /// Whether hazard ratios are by Firth's penalised likelihood.
    pub firth: bool,
}

impl Default for SurvivalOptions {
    fn default() -> Self {
        Self {
            unit: String::new(),
            reference: None,
            interval: Interval::Log,
            level: 0.95,
            rmst: None,
            at: Vec::new(),
            firth: false,
        }
    }
}

impl SurvivalOptions {
    pub(super) fn percent(&self) -> String {
        format!("{} %", significant(100.0 * self.level, 4))
    }

    fn curve(&self, data: &SurvivalData) -> Result<KaplanMeier, StepError> {
        KaplanMeier::fit(data, self.interval, self.level).map_err(StepError::from)
    }

    /// The horizon asked for, or the last time that every arm has been followed to.
    fn horizon(&self, patients: &Patients) -> f64 {
        self.rmst.unwrap_or_else(|| {
            let last = |(_, data): &(&str, SurvivalData)| data.last_time();
            patients.by_arm().iter().map(last).fold(f64::INFINITY, f64::min)
        })
    }
}

/// A row per arm: patients, events, median, restricted mean, survival at the times asked for.
///
/// # Errors
/// Options out of range.
pub fn arms(id: &str, patients: &Patients, options: &SurvivalOptions) -> Result<Table, StepError> {
    let unit = options.unit.as_str();
    let caption = format!(
        "Survival by arm (Kaplan and Meier) with {} intervals; a dash is not reached or not determined",
        options.percent()
    );
    let mut table = Table::new(id, caption)
        .column("arm", "")
        .column("patients", "")
        .column("events", "")
        .column("median", unit)
        .column("median_low", unit)
        .column("median_high", unit)
        .column("horizon", unit)
        .column("restricted_mean", unit)
        .column("restricted_mean_sd", unit);
    for t in &options.at {
        let t = significant(*t, 6);
        table = table
            .column(&format!("survival_{t}"), "")
            .column(&format!("survival_{t}_low"), "")
            .column(&format!("survival_{t}_high"), "")
            .column(&format!("at_risk_{t}"), "");
    }
    table = table.column("note", "");
    let tau = options.horizon(patients);
    for (arm, data) in patients.by_arm() {
        let curve = options.curve(&data)?;
        let median = curve.median();
        let mut notes = Vec::new();
        let rmst = curve.rmst(tau).map_err(|e| notes.push(e.to_string())).ok();
        let mut row: Vec<Cell> = vec![
            arm.into(),
            (data.len() as f64).into(),
            (data.events() as f64).into(),
            median.estimate.into(),
            median.lower.into(),
            median.upper.into(),
            tau.into(),
            rmst.map(|r| r.mean).into(),
            rmst.map(|r| r.standard_error).filter(|&se| se > 0.0).into(),
        ];
        for &t in &options.at {
            let seen = curve.survival_at(t);
            let step = seen.and_then(|_| curve.step_at(t));
            row.push(seen.into());
            row.push(step.map_or(seen, |s| s.lower).into());
            row.push(step.map_or(seen, |s| s.upper).into());
            row.push((curve.at_risk_at(t) as f64).into());
        }
        row.push(if notes.is_empty() { Cell::Missing } else { notes.join("; ").into() });
        table.push(row);
    }
    Ok(table)
}

/// A row per time at which patients die or leave.
///
/// # Errors
/// Options out of range.
pub fn curves(
    id: &str,
    patients: &Patients,
    options: &SurvivalOptions,
) -> Result<Table, StepError> {
    let caption = format!("Kaplan–Meier curves with pointwise {} intervals", options.percent());
    let mut table = Table::new(id, caption)
        .column("arm", "")
        .column("time", &options.unit)
        .column("at_risk", "")
        .column("events", "")
        .column("censored", "")
        .column("survival", "")
        .column("low", "")
        .column("high", "");
    for (arm, data) in patients.by_arm() {
        for step in options.curve(&data)?.steps {
            table.push(vec![
                arm.into(),
                step.time.into(),
                (step.at_risk as f64).into(),
                (step.events as f64).into(),
                (step.censored as f64).into(),
                step.survival.into(),
                step.lower.into(),
                step.upper.into(),
            ]);
        }
    }
    Ok(table)
}

/// Two arms of the patients: the reference and another.
fn pair(patients: &Patients, other: usize) -> Result<(SurvivalData, Groups), StepError> {
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

/// Each arm against the reference: hazard ratio, log-rank test, proportional hazards, restricted means.
///
/// # Errors
/// Fewer than two arms, options out of range.
pub fn comparison(
    id: &str,
    patients: &Patients,
    options: &SurvivalOptions,
) -> Result<Table, StepError> {
    if patients.arms() < 2 {
        return Err("there is one arm, and nothing to compare".into());
    }
    let unit = options.unit.as_str();
    let caption = format!(
        "Arms against the reference, {} intervals: hazard ratio ({}), log-rank test, test of proportional hazards, difference of restricted means",
        options.percent(),
        if options.firth {
            "Cox, Firth's penalised likelihood with its profile"
        } else {
            "Cox, Efron"
        }
    );
    let mut table = Table::new(id, caption)
        .column("arm", "")
        .column("reference", "")
        .column("hazard_ratio", "")
        .column("low", "")
        .column("high", "")
        .column("log_rank", "")
        .column("p", "")
        .column("proportional_hazards", "")
        .column("proportional_hazards_p", "")
        .column("concordance", "")
        .column("horizon", unit)
        .column("restricted_mean_difference", unit)
        .column("restricted_mean_low", unit)
        .column("restricted_mean_high", unit)
        .column("restricted_mean_p", "")
        .column("note", "");
    let tau = options.horizon(patients);
    let by_arm = patients.by_arm();
    for (g, (arm, own)) in by_arm.iter().enumerate().skip(1) {
        let (data, groups) = pair(patients, g)?;
        let mut notes: Vec<String> = Vec::new();
        let mut note = |e: OutcomeError| notes.push(e.to_string());
        let cox = Cox::new(&data).groups(&groups).fit();
        let penalised = if options.firth {
            let treated: Vec<f64> =
                groups.of().iter().map(|&g| f64::from(u8::from(g > 0))).collect();
            firth(&data, &[(*arm, &treated)], options.level).map_err(&mut note).ok()
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
        let (hazard, limits) = match &penalised {
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
        let ph = cox.as_ref().and_then(|c| {
            c.proportional_hazards(PhTime::KaplanMeier).map_err(&mut note).ok().map(|t| t.global)
        });
        let test = LogRank::new(&data, &groups).test().map_err(&mut note).ok();
        let (reference, own) = (options.curve(&by_arm[0].1)?, options.curve(own)?);
        let gain = own
            .rmst(tau)
            .and_then(|a| a.minus(&reference.rmst(tau)?, options.level))
            .map_err(&mut note)
            .ok();
        table.push(vec![
            (*arm).into(),
            by_arm[0].0.into(),
            hazard.into(),
            limits.map(|l| l.0).into(),
            // An infinite limit is none.
            limits.map(|l| l.1).filter(|x| x.is_finite()).into(),
            test.as_ref().map(|t| t.chi_squared).into(),
            Cell::of_p(test.as_ref().map(|t| t.p)),
            ph.map(|t| t.chi_squared).into(),
            Cell::of_p(ph.map(|t| t.p)),
            cox.as_ref().map(|c| c.concordance.c).into(),
            tau.into(),
            gain.map(|d| d.difference).into(),
            gain.map(|d| d.lower).into(),
            gain.map(|d| d.upper).into(),
            Cell::of_p(gain.map(|d| d.p)),
            if notes.is_empty() { Cell::Missing } else { notes.join("; ").into() },
        ]);
    }
    Ok(table)
}

/// The hazard ratio of each arm in periods of follow-up: in a period count those still at risk at its
/// start.
///
/// # Errors
/// Cuts that are not above 0 or out of order.
pub fn periods(
    id: &str,
    patients: &Patients,
    options: &SurvivalOptions,
    cuts: &[f64],
) -> Result<Table, StepError> {
    let mut edges = vec![0.0];
    for &cut in cuts {
        if cut.is_nan() || cut <= edges[edges.len() - 1] {
            return Err(
                format!("a period ends at {cut}, expected a time after the one before it").into()
            );
        }
        edges.push(cut);
    }
    edges.push(f64::INFINITY);
    let caption = format!("Hazard ratio by period of follow-up, {} intervals", options.percent());
    let mut table = Table::new(id, caption)
        .column("period", "")
        .column("arm", "")
        .column("reference", "")
        .column("from", options.unit.as_str())
        .column("to", options.unit.as_str())
        .column("events", "")
        .column("hazard_ratio", "")
        .column("low", "")
        .column("high", "")
        .column("p", "")
        .column("note", "");
    for g in 1..patients.arms() {
        let (data, groups) = pair(patients, g)?;
        for edge in edges.windows(2) {
            let (from, to) = (edge[0], edge[1]);
            let rows: Vec<usize> = (0..data.len()).filter(|&i| data.time()[i] > from).collect();
            let labels = groups.labels();
            let arm: Vec<&str> = rows.iter().map(|&i| labels[groups.of()[i]].as_str()).collect();
            let fit = SurvivalData::new(
                rows.iter().map(|&i| data.time()[i].min(to)).collect(),
                rows.iter().map(|&i| data.event()[i] && data.time()[i] <= to).collect(),
            )
            .and_then(|piece| {
                let groups = Groups::with_order(&[&labels[0], &labels[1]], &arm)?;
                let cox = Cox::new(&piece).groups(&groups).fit()?;
                let limits = cox.coefficients[0].hazard_ratio_interval(options.level)?;
                Ok((cox.events, cox.coefficients[0].clone(), limits))
            });
            let name = if to.is_finite() {
                format!("{} to {} {}", significant(from, 6), significant(to, 6), options.unit)
            } else {
                format!("after {} {}", significant(from, 6), options.unit)
            };
            let found = fit.as_ref().ok();
            table.push(vec![
                name.trim_end().into(),
                labels[1].as_str().into(),
                labels[0].as_str().into(),
                from.into(),
                if to.is_finite() { to.into() } else { Cell::Missing },
                found.map(|f| f.0 as f64).into(),
                found.map(|f| f.1.hazard_ratio()).into(),
                found.map(|f| f.2.0).into(),
                found.map(|f| f.2.1).into(),
                Cell::of_p(found.map(|f| f.1.p)),
                fit.as_ref().err().map_or(Cell::Missing, |e| e.to_string().into()),
            ]);
        }
    }
    Ok(table)
}

/// What a table says of a curve that its own patients refute.
const REFUTED: &str =
    "refuted by the patients it was fitted to (lack of fit): no interval is given";

/// Parametric families by arm, best AIC first, each with the test of its fit
/// ([`survival_lack_of_fit`]); where that refutes it the median has no interval, and the note says so.
///
/// # Errors
/// Options out of range.
pub fn families(
    id: &str,
    patients: &Patients,
    options: &SurvivalOptions,
) -> Result<Table, StepError> {
    let unit = options.unit.as_str();
    let tau = options.horizon(patients);
    let mut table =
        Table::new(id, "Parametric families by maximum likelihood, best AIC of each arm first")
            .column("fit", "")
            .column("arm", "")
            .column("family", "")
            .column("parameters", "")
            .column("log_likelihood", "")
            .column("aic_difference", "")
            // A difference of numbers a thousand times as large.
            .tolerance(1e-2)
            .column("median", unit)
            .column("median_low", unit)
            .column("median_high", unit)
            .column("horizon", unit)
            .column("restricted_mean", unit)
            .column("largest_distance", "")
            .tolerance(1e-2)
            .column("lack_of_fit", "")
            .tolerance(1e-2)
            .column("lack_of_fit_df", "")
            .column("lack_of_fit_p", "")
            .tolerance(1e-1)
            .column("note", "");
    for (arm, data) in patients.by_arm() {
        let (fits, refused) = fit_all(&data, options.level)?;
        let best = fits.first().map_or(f64::NAN, |f| f.aic);
        let curve = options.curve(&data)?;
        for fit in &fits {
            let family = fit.distribution.family().name();
            let parameters: Vec<String> = fit
                .parameters
                .iter()
                .map(|p| {
                    format!(
                        "{} {} ± {}",
                        p.name,
                        significant(p.value, 4),
                        significant(p.standard_error, 2)
                    )
                })
                .collect();
            let median = fit.quantile(0.5).ok();
            // At both sides of every step.
            let distance = curve.steps.windows(2).flat_map(|w| {
                let s = fit.distribution.survival(w[1].time);
                [(s - w[0].survival).abs(), (s - w[1].survival).abs()]
            });
            let test = survival_lack_of_fit(&data, |t| fit.distribution.cumulative_hazard(t)).ok();
            let refuted = test.is_some_and(|t| t.refuted());
            // An interval takes the family for true.
            let (low, high) =
                if refuted { (None, None) } else { (median.map(|m| m.1), median.map(|m| m.2)) };
            table.push(vec![
                format!("{arm}, {family}").into(),
                arm.into(),
                family.into(),
                parameters.join(", ").into(),
                fit.log_likelihood.into(),
                (fit.aic - best).into(),
                median.map(|m| m.0).into(),
                low.into(),
                high.into(),
                tau.into(),
                fit.distribution.restricted_mean(tau).ok().into(),
                distance.fold(0.0, f64::max).into(),
                test.map(|t| t.chi_squared).into(),
                test.map(|t| t.df as f64).into(),
                test.map(|t| t.p).into(),
                if refuted { REFUTED.into() } else { Cell::Missing },
            ]);
        }
        for (family, reason) in refused {
            let mut row = vec![Cell::Missing; 16];
            row[0] = format!("{arm}, {}", family.name()).into();
            row[1] = arm.into();
            row[2] = family.name().into();
            row[15] = reason.to_string().into();
            table.push(row);
        }
    }
    Ok(table)
}

/// Royston–Parmar splines by arm with none to `most` internal knots, best AIC first.
///
/// # Errors
/// Options out of range.
pub fn splines(
    id: &str,
    patients: &Patients,
    options: &SurvivalOptions,
    most: usize,
    scale: SplineScale,
) -> Result<Table, StepError> {
    if most > 10 {
        return Err(
            format!("splines with up to {most} internal knots; expected 10 or fewer").into()
        );
    }
    let unit = options.unit.as_str();
    let tau = options.horizon(patients);
    let caption = format!(
        "Royston–Parmar splines by maximum likelihood on the scale of the {}, best AIC of each arm first; coefficients are of the basis of flexsurv, knots in ln t",
        match scale {
            SplineScale::Hazard => "logarithm of the cumulative hazard",
            SplineScale::Odds => "logarithm of the odds",
            SplineScale::Normal => "normal deviate",
        }
    );
    let mut table = Table::new(id, caption)
        .column("fit", "")
        .column("arm", "")
        .column("internal_knots", "")
        .column("knots", "")
        .column("gamma", "")
        .column("log_likelihood", "")
        .column("aic_difference", "")
        // A difference of numbers a thousand times as large.
        .tolerance(1e-2)
        .column("median", unit)
        .column("horizon", unit)
        .column("restricted_mean", unit)
        .column("lack_of_fit", "")
        .tolerance(1e-2)
        .column("lack_of_fit_df", "")
        .column("lack_of_fit_p", "")
        .tolerance(1e-1)
        .column("note", "");
    for (arm, data) in patients.by_arm() {
        let mut refused = Vec::new();
        let mut fits = Vec::new();
        for knots in 0..=most {
            match fit_spline(&data, knots, scale, options.level) {
                Ok(fit) => fits.push(fit),
                Err(e) => refused.push((knots, e)),
            }
        }
        fits.sort_by(|a, b| a.aic.total_cmp(&b.aic));
        let best = fits.first().map_or(f64::NAN, |f| f.aic);
        let name = |knots: usize| format!("{arm}, {knots} internal");
        let list = |values: &[f64]| {
            values.iter().map(|x| significant(*x, 6)).collect::<Vec<_>>().join(" ")
        };
        for fit in &fits {
            let median = fit.quantile(0.5);
            let test =
                survival_lack_of_fit(&data, |t| if t > 0.0 { -fit.survival(t).ln() } else { 0.0 })
                    .ok();
            let mut notes: Vec<String> = Vec::new();
            if test.is_some_and(|t| t.refuted()) {
                notes.push(REFUTED.to_owned());
            }
            notes.extend(median.as_ref().err().map(ToString::to_string));
            table.push(vec![
                name(fit.internal_knots()).into(),
                arm.into(),
                (fit.internal_knots() as f64).into(),
                list(&fit.knots).into(),
                list(&fit.gamma).into(),
                fit.log_likelihood.into(),
                (fit.aic - best).into(),
                median.as_ref().ok().copied().into(),
                tau.into(),
                fit.restricted_mean(tau).ok().into(),
                test.map(|t| t.chi_squared).into(),
                test.map(|t| t.df as f64).into(),
                test.map(|t| t.p).into(),
                if notes.is_empty() { Cell::Missing } else { notes.join("; ").into() },
            ]);
        }
        for (knots, reason) in refused {
            let mut row = vec![Cell::Missing; 14];
            row[0] = name(knots).into();
            row[1] = arm.into();
            row[2] = (knots as f64).into();
            row[13] = reason.to_string().into();
            table.push(row);
        }
    }
    Ok(table)
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
        let table = periods("p", &patients, &options, &[2.5]).expect("a table");
        let cell = |row: usize, column: &str| {
            table.rows[row][table.index_of(column).expect("a column")].clone()
        };
        assert_eq!(cell(0, "period").csv(), "0 to 2.5 d");
        assert_eq!(cell(1, "period").csv(), "after 2.5 d");
        assert_eq!(cell(0, "events").number(), Some(2.0));
        // 1/(2 + 2r) · r/(1 + 2r) is largest where 2r² = 1.
        let ratio = cell(0, "hazard_ratio").number().expect("determined");
        assert!((ratio - 0.5_f64.sqrt()).abs() < 1e-6, "{ratio}");
        // In the last period only a has its event while both are at risk.
        assert_eq!(cell(1, "hazard_ratio").number(), None);
        assert!(cell(1, "note").csv().contains("not determined"));
        assert!(periods("p", &patients, &options, &[2.0, 1.0]).is_err());
    }
}
