//! Steps about cohorts, trials, combinations and survival.

use lutetia_table::significant;
use lutetia_trial::Endpoint;

use super::{Scope, Sheet, number};
use crate::steps::{
    calibrate::{CalibrateStep, TargetSpec},
    cohort::{BAND, Calibrated, CohortStep},
    combination::{CohortUse, CombinationStep, arm_names, case, scenarios, shifts},
    compare::Compare,
    courses::CoursesStep,
    exposure_response::ExposureResponseStep,
    independent_action::IndependentActionStep,
    one_at_a_time::OneAtATimeStep,
    reconstruct::Reconstruct,
    survival::SurvivalStep,
    trade_off::TradeOffStep,
    trial::TrialStep,
};

/// An output or a parameter within the name of a column.
fn within(name: &str) -> String {
    name.replace([':', '.'], "_").to_lowercase()
}

pub(super) fn compare(s: &Compare) -> Vec<Sheet> {
    let rows = s.rows.iter().map(|row| row.what.clone()).collect();
    let columns = "quantity ours sd published ratio published_in explanation";
    vec![Sheet::new(&s.id, "", columns).rows(Some(rows))]
}

pub(super) fn reconstruct(s: &Reconstruct, scope: &Scope<'_>) -> Vec<Sheet> {
    let arms = scope.arms(&s.curve, "arm");
    let columns = "arm points patients events events_missing largest_distance \
                   largest_at_risk_difference warning";
    let main = Sheet::of_results(&s.id, "", columns).rows(arms);
    vec![main, Sheet::new(&s.id, "individuals", "time event arm")]
}

pub(super) fn survival(s: &SurvivalStep, scope: &Scope<'_>) -> Vec<Sheet> {
    let table = s.from.as_ref().or(s.data.as_ref());
    let column = s.columns.arm.as_deref().unwrap_or("arm");
    let arms = table.and_then(|table| scope.arms(table, column));
    let at = |ends: [&'static str; 4]| {
        s.times(&s.at).into_iter().flat_map(move |t| {
            let t = significant(t, 6);
            ends.map(|end| match end {
                "at_risk" => format!("at_risk_{t}"),
                end => format!("survival_{t}{end}"),
            })
        })
    };
    let mut sheets = vec![
        Sheet::of_results(
            &s.id,
            "",
            "arm patients events median median_low median_high horizon restricted_mean \
             restricted_mean_sd",
        )
        .with(at(["", "_low", "_high", "at_risk"]))
        .and("note")
        .rows(arms.clone()),
        Sheet::new(&s.id, "curve", "arm time at_risk events censored survival low high")
            .rows(arms.clone()),
        Sheet::of_results(
            &s.id,
            "comparison",
            "arm reference hazard_ratio low high log_rank p proportional_hazards \
             proportional_hazards_p concordance horizon restricted_mean_difference \
             restricted_mean_low restricted_mean_high restricted_mean_p note",
        )
        .rows(arms)
        .perhaps(),
    ];
    if !s.periods.is_empty() {
        let columns = "period arm reference from to events hazard_ratio low high p note";
        sheets.push(Sheet::of_results(&s.id, "periods", columns).perhaps());
    }
    if s.knots.is_some() {
        sheets.push(Sheet::new(
            &s.id,
            "splines",
            "fit arm internal_knots knots gamma log_likelihood aic_difference median horizon \
             restricted_mean lack_of_fit lack_of_fit_df lack_of_fit_p note",
        ));
    }
    if s.families {
        sheets.push(Sheet::of_results(
            &s.id,
            "families",
            "fit arm family parameters log_likelihood aic_difference median median_low median_high \
             horizon restricted_mean largest_distance lack_of_fit lack_of_fit_df lack_of_fit_p note",
        ));
    }
    if s.between.is_some() {
        sheets.extend(interval_censored(&s.id, &s.times(&s.at)));
    }
    sheets
}

fn interval_censored(id: &str, at: &[f64]) -> [Sheet; 2] {
    let ends = at.iter().flat_map(|t| {
        let t = significant(*t, 6);
        [format!("survival_{t}_from"), format!("survival_{t}_to")]
    });
    [
        Sheet::of_results(
            id,
            "interval_censored",
            "arm patients events median_after median_by log_likelihood",
        )
        .with(ends)
        .and("note"),
        Sheet::new(id, "interval_censored_curve", "arm after by probability survival low high"),
    ]
}

pub(super) fn independent_action(s: &IndependentActionStep) -> Vec<Sheet> {
    let partner = match s.other {
        Some(_) => "other null excess",
        None => "needed needed_low needed_high",
    };
    let columns = "time combination alone difference difference_low difference_high";
    let times = s.at.iter().map(|time| number(time.r#in(&s.unit))).collect();
    vec![Sheet::of_results(&s.id, "", columns).and(partner).rows(Some(times))]
}

pub(super) fn combination(s: &CombinationStep) -> Vec<Sheet> {
    let harms = [("lowest", &s.lowest), ("last", &s.last)];
    let harms = harms
        .into_iter()
        .flat_map(|(what, names)| names.iter().map(move |n| format!("{what}_{}", within(n))));
    let single = s.scenarios.len() < 2 && s.shifts.len() < 2;
    let cases: Vec<String> = scenarios(s)
        .iter()
        .flat_map(|scenario| {
            shifts(s).iter().map(|shift| case(s, scenario, shift)).collect::<Vec<_>>()
        })
        .collect();
    let arms = ["untreated", "a", "b", "both"];
    let arms = cases.iter().flat_map(|case| arms.map(|arm| format!("{case}: {arm}"))).collect();
    let mut sheets = vec![
        Sheet::of_results(
            &s.id,
            "",
            "case scenario start untreated a b both bliss hsa excess_bliss excess_hsa synergy",
        )
        .rows(Some(cases.clone())),
        Sheet::of_results(&s.id, "arms", "case scenario start arm left")
            .with(harms)
            .rows(Some(arms)),
    ];
    let curves = Sheet::new(&s.id, "curves", "scenario start arm time left");
    sheets.push(if single { curves } else { curves.perhaps() });
    if s.levels.is_some() {
        let columns = "cell a b panel effect null excess low high patients";
        sheets.push(Sheet::new(&s.id, "grid", columns));
    }
    if let Some(cohort) = &s.cohort {
        sheets.extend([
            Sheet::of_results(
                &s.id,
                "cohort",
                "case scenario start arm median median_between free_at_end mean_until_end excess \
                 excess_low excess_high",
            )
            .rows(Some(followed(s, cohort, &cases, single))),
            Sheet::of_results(
                &s.id,
                "excess",
                "case scenario start excess excess_low excess_high correlated correlated_low \
                 correlated_high hr_a hr_a_low hr_a_high hr_b hr_b_low hr_b_high",
            )
            .rows(Some(cases.clone())),
            Sheet::new(&s.id, "survival", "arm scenario start time survival")
                .texts("scenario", scenarios(s).into_iter().map(|own| own.name).collect()),
        ]);
        if let Some(calibrate) = &cohort.calibrate {
            let columns = "parameter unit value arm median published";
            let rows = vec![calibrate.parameter.clone()];
            sheets.push(Sheet::of_results(&s.id, "calibrated", columns).rows(Some(rows)));
        }
    }
    sheets
}

/// The arms of a cohort and the null models beside them, by case where there are several.
fn followed(
    s: &CombinationStep,
    cohort: &CohortUse,
    cases: &[String],
    single: bool,
) -> Vec<String> {
    let nulls = [0.0, cohort.correlation]
        .map(|correlation| format!("independent action, correlation {correlation}"));
    let names: Vec<String> = arm_names(s).into_iter().chain(nulls).collect();
    if single {
        return names;
    }
    cases.iter().flat_map(|case| names.iter().map(move |name| format!("{case}: {name}"))).collect()
}

pub(super) fn cohort(s: &CohortStep, scope: &Scope<'_>) -> Vec<Sheet> {
    let names = scope.models.get(&s.model).map(|model| {
        let parameters = model.simulator.system().parameters();
        parameters.iter().map(|parameter| parameter.name.clone()).collect()
    });
    let mut sheets = vec![
        // A column per parameter that differs between patients.
        Sheet::new(&s.id, "", "patient").among(names),
        Sheet::new(&s.id, "summary", "name unit mean sd q05 median q95"),
        Sheet::new(&s.id, "margins", "name target unweighted weighted"),
    ];
    if s.draws > 0 {
        let columns = format!("name unit statistic {}", BAND.join(" "));
        sheets.push(Sheet::new(&s.id, "uncertainty", &columns));
    }
    if s.draws > 0 || matches!(s.calibrated, Some(Calibrated::Elsewhere(_))) {
        sheets.push(Sheet::new(&s.id, "draws", "draw").open());
    }
    sheets
}

pub(super) fn trial(s: &TrialStep) -> Vec<Sheet> {
    let arms = || s.arms.iter().map(|arm| arm.name.clone());
    let endpoints = Endpoint::ALL.map(Endpoint::name);
    // A row is named by its first cell, or by any other text of it.
    let of_ratios: Vec<String> = endpoints.map(str::to_owned).into_iter().chain(arms()).collect();
    let rows = arms().flat_map(|arm| endpoints.map(|endpoint| format!("{arm} {endpoint}")));
    let rows = rows.chain(of_ratios.iter().cloned()).collect();
    let mut sheets = vec![
        Sheet::of_results(
            &s.id,
            "",
            "row arm endpoint patients events median low high at_12_mo at_24_mo",
        )
        .rows(Some(rows)),
        Sheet::of_results(&s.id, "ratios", "endpoint arm hazard_ratio low high p note")
            .rows(Some(of_ratios)),
        Sheet::new(&s.id, "curves", "endpoint arm time survival low high at_risk censored"),
        Sheet::new(&s.id, "events", "patient arm endpoint time event left right crossed")
            .texts("endpoint", endpoints.map(str::to_owned).into())
            .texts("arm", arms().collect()),
        Sheet::new(&s.id, "responses", "patient arm response best_size best_marker cycles"),
        Sheet::new(&s.id, "grades", "patient arm toxicity grade"),
        Sheet::new(&s.id, "kept", "patient arm output value"),
        Sheet::new(&s.id, "shares", "row arm what share of"),
        Sheet::new(&s.id, "failures", "patient arm reason"),
    ];
    sheets.extend(interval_censored(&s.id, &[12.0, 24.0]).map(Sheet::perhaps));
    if s.arms.iter().any(|arm| arm.crossover.is_some()) {
        let columns = "method hazard_ratio low high time_ratio note";
        sheets.push(Sheet::new(&s.id, "crossover", columns).perhaps());
    }
    if s.weights {
        let columns = "name arm published trial patients effective_pool";
        sheets.push(Sheet::new(&s.id, "margins", columns).perhaps());
    }
    sheets
}

pub(super) fn calibrate(s: &CalibrateStep) -> Vec<Sheet> {
    let unknowns = || s.unknowns.iter().map(|unknown| unknown.name.clone());
    let most = s.most_generations.unwrap_or(s.generations);
    let generations = (0..=most).map(|k| k.to_string()).chain(["final".to_owned()]).collect();
    vec![
        Sheet::of_results(
            &s.id,
            "",
            "name unit prior_low prior_high nearest mean sd low median high spread_left",
        )
        .rows(Some(unknowns().collect())),
        Sheet::of_results(
            &s.id,
            "targets",
            "target unit role published published_low published_high simulated low high ratio \
             ratio_low ratio_high verdict simulated_with_interval source",
        )
        .rows(Some(s.targets.iter().map(TargetSpec::name).collect())),
        Sheet::new(&s.id, "band", "panel arm time median low high"),
        Sheet::new(&s.id, "correlations", "pair correlation"),
        Sheet::new(
            &s.id,
            "generations",
            "generation patients tolerance effective_size without_weight note",
        )
        .rows(Some(generations)),
        Sheet::new(&s.id, "particles", "weight distance").with(unknowns()),
    ]
}

pub(super) fn courses(s: &CoursesStep, scope: &Scope<'_>) -> Vec<Sheet> {
    let trial = scope.declared_trial(&s.trial);
    let arms =
        trial.as_ref().map(|t| t.arms.iter().map(|arm| arm.name.clone()).collect::<Vec<_>>());
    let toxicities = trial.as_ref().map(|t| {
        t.toxicities.iter().flatten().map(|toxicity| toxicity.name.clone()).collect::<Vec<_>>()
    });
    [
        ("visits", "subject arm time size marker"),
        ("phases", "subject arm start end phase ongoing"),
        ("events", "subject arm time event"),
        ("toxicity", "toxicity arm time value low high patients"),
        ("first", "arm time cause"),
    ]
    .map(|(part, columns)| {
        let mut sheet = Sheet::new(&s.id, part, columns).perhaps();
        if let Some(arms) = &arms {
            sheet = sheet.texts("arm", arms.clone());
        }
        match &toxicities {
            Some(names) if part == "toxicity" => sheet.texts("toxicity", names.clone()),
            _ => sheet,
        }
    })
    .into()
}

pub(super) fn exposure_response(s: &ExposureResponseStep) -> Vec<Sheet> {
    vec![
        Sheet::new(&s.id, "", "exposure probability low high"),
        Sheet::new(&s.id, "patients", "exposure response"),
        Sheet::new(
            &s.id,
            "fit",
            "what odds_ratio low high p per events patients lack_of_fit lack_of_fit_df \
             lack_of_fit_p note",
        ),
        Sheet::new(&s.id, "lack_of_fit", "exposure patients events expected z").perhaps(),
    ]
}

pub(super) fn one_at_a_time(s: &OneAtATimeStep) -> Vec<Sheet> {
    let rows = s.vary.iter().map(|vary| vary.name.clone()).collect();
    let columns = "parameter unit low_at high_at low high base";
    vec![Sheet::of_results(&s.id, "", columns).rows(Some(rows))]
}

pub(super) fn trade_off(s: &TradeOffStep, scope: &Scope<'_>) -> Vec<Sheet> {
    let regimens =
        || Some(s.regimens.iter().map(|regimen| regimen.name.clone()).collect::<Vec<_>>());
    let series = || s.regimens.iter().map(|regimen| regimen.series.clone());
    let mut index = Sheet::of_results(
        &s.id,
        "index",
        "regimen series activity amount benefit benefit_low benefit_high harm harm_low harm_high \
         both both_low both_high",
    )
    .rows(regimens());
    index = match scope.trial(&s.trial) {
        Some(trial) => index.with(trial.keep.iter().map(|name| format!("mean_{}", within(name)))),
        None => index.open(),
    };
    let mut sheets = vec![
        Sheet::of_results(
            &s.id,
            "",
            "regimen key series benefit benefit_low benefit_high harm harm_low harm_high on_front \
             front_share utility utility_low utility_high best_share more_harm more_harm_low \
             more_harm_high nnh nnh_low nnh_high number_needed_to_harm behind behind_low behind_high",
        )
        .rows(regimens()),
        Sheet::new(&s.id, "fronts", "series harm benefit benefit_low benefit_high")
            .rows(Some(series().collect())),
        Sheet::new(
            &s.id,
            "best",
            "series regimen not_told_apart keys utility utility_low utility_high greatest share",
        )
        .rows(Some(series().chain(regimens().into_iter().flatten()).collect())),
        index,
    ];
    if !(s.background.is_empty() && s.own_harm.is_empty()) {
        sheets.push(Sheet::new(&s.id, "own_harm", "harm under share source").perhaps());
    }
    if s.propose.is_some() {
        sheets.extend([
            Sheet::new(&s.id, "proposal", "what value lower_bound upper_bound low high note"),
            Sheet::new(&s.id, "limits", "limit value low high most met least_possible binds"),
        ]);
    }
    sheets
}
