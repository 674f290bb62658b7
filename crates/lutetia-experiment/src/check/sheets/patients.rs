//! Steps about one patient, or about a model.

use lutetia_data::nuclides;
use lutetia_patient::model::Sort;
use lutetia_pet::Method;
use lutetia_scenario::LoadedModel;
use lutetia_units::Quantity;

use super::{Scope, Sheet, number};
use crate::steps::{
    cohort::BAND,
    cohort_curves::{CohortCurves, STATISTICS},
    designs::{DesignsStep, compute::canonical, tables::alone_row},
    dose::DoseStep,
    fit_curves::FitCurves,
    fit_model::{FitModel, tables::drawn_name},
    integrate::Integrate,
    model_dose::ModelDose,
    pet::{self, PetStep},
    pet_to_therapy::{self, PetToTherapy},
    plan::PlanStep,
    select_function::SelectFunction,
    side_by_side::{SideBySide, cases, tables},
    simulate::{Simulate, course::hours},
    small_targets::{SmallTargets, compute::PLACES},
    sweep::{Sweep, grid::amounts},
    uncertainty::UncertaintyStep,
};
use crate::written::{Length, Time};

const POINTS: &str = "region time activity sd fitted residual";
const CURVES: &str = "region time activity low high";

pub(super) fn fit_curves(s: &FitCurves, scope: &Scope<'_>) -> Vec<Sheet> {
    let regions = scope.measured(&s.study, s.subject.as_deref(), s.cycle, s.regions.as_deref());
    let mut sheets = vec![
        Sheet::of_results(
            &s.id,
            "",
            "region function tia tia_sd tia_coefficient extrapolated effective_half_life \
             effective_half_life_sd chi_square observations parameters note",
        ),
        Sheet::new(
            &s.id,
            "candidates",
            "region function tia tia_sd chi_square k aicc weight largest_cv largest_correlation \
             gates used note",
        ),
        Sheet::new(&s.id, "points", POINTS),
        Sheet::new(&s.id, "curves", CURVES),
        Sheet::of_results(&s.id, "averaged", "region tia tia_sd tia_coefficient functions"),
    ];
    if s.profile || s.bootstrap > 0 {
        let columns = "region quantity unit method value sd low high note";
        sheets.push(Sheet::new(&s.id, "intervals", columns));
    }
    if s.profile {
        sheets.push(Sheet::new(&s.id, "profile", "region quantity unit value deviance"));
    }
    sheets.into_iter().map(|sheet| sheet.rows(regions.clone())).collect()
}

pub(super) fn integrate(s: &Integrate, scope: &Scope<'_>) -> Vec<Sheet> {
    let regions = scope.measured(&s.study, s.subject.as_deref(), s.cycle, s.regions.as_deref());
    let columns = "region tia tia_sd tia_coefficient extrapolated method note";
    vec![Sheet::of_results(&s.id, "", columns).rows(regions)]
}

pub(super) fn select_function(s: &SelectFunction) -> Vec<Sheet> {
    let columns = "region function patients observations k minus_two_ln_l aicc delta weight note";
    vec![Sheet::new(&s.id, "", columns)]
}

pub(super) fn cohort_curves(s: &CohortCurves) -> Vec<Sheet> {
    let doses = if s.dose.is_empty() { "" } else { "median_dose" };
    let labels = s
        .regions
        .keys()
        .flat_map(|region| s.methods.iter().map(move |way| (region, way)))
        .flat_map(|(region, way)| {
            let of = if s.regions.len() > 1 { format!("{region}: ") } else { String::new() };
            let single = way.method.is_some() || way.model;
            match single && !way.at.is_empty() {
                true => {
                    let at = |t: &Time| format!("{of}{}, {} h", way.name, t.h());
                    way.at.iter().map(at).collect()
                }
                false => vec![format!("{of}{}", way.name)],
            }
        })
        .collect::<Vec<String>>();
    let drawn = (s.draws > 0).then(|| {
        let statistic = |of: &String| STATISTICS.map(|statistic| format!("{of}, {statistic}"));
        let rows = labels.iter().flat_map(statistic).collect();
        let columns = format!("row label region method statistic unit {}", BAND.join(" "));
        Sheet::of_results(&s.id, "uncertainty", &columns)
            .rows(Some(rows))
            .texts("statistic", STATISTICS.map(str::to_owned).into())
    });
    let mut sheets = vec![
        Sheet::of_results(
            &s.id,
            "",
            "label region method at patients determined bias bias_sd mean_deviation ratio low high \
             beyond_10 median_tia",
        )
        .and(doses)
        .rows(Some(labels)),
        Sheet::of_results(
            &s.id,
            "population",
            "region patients median_tia cv_tia half_life half_life_cv",
        )
        .and(doses)
        .rows(Some(s.regions.keys().cloned().collect())),
    ];
    sheets.extend(drawn);
    sheets
}

pub(super) fn pet(s: &PetStep, scope: &Scope<'_>) -> Vec<Sheet> {
    let columns = "row scan region method quantity unit value se low high note";
    let each = s.each(scope.scans.get(&s.data));
    let rows = |of: fn(Method) -> Vec<String>| {
        let one = |(scan, region, method): &(String, String, Method)| {
            let row = |q: &String| pet::tables::row(scan, region, method.name(), q);
            of(*method).iter().map(row).collect::<Vec<_>>()
        };
        each.as_ref().map(|each| each.iter().flat_map(one).collect())
    };
    // What stands in the columns of words, where all of it is known.
    let with = |mut sheet: Sheet, of: Option<fn(Method) -> Vec<String>>| {
        for (scan, region, method) in each.iter().flatten() {
            let words = [("scan", scan.clone()), ("region", region.clone())];
            let words = words.into_iter().chain([("method", method.name().to_owned())]);
            let quantities = of.map_or_else(Vec::new, |of| of(*method));
            let words = words.chain(quantities.into_iter().map(|q| ("quantity", q)));
            for (column, word) in words {
                match sheet.texts.iter_mut().find(|(known, _)| known == column) {
                    Some((_, texts)) if texts.contains(&word) => {}
                    Some((_, texts)) => texts.push(word),
                    None => sheet.texts.push((column.to_owned(), vec![word])),
                }
            }
        }
        sheet
    };
    let parameters = rows(Method::parameters);
    let main = Sheet::of_results(&s.id, "", columns).rows(rows(Method::quantities));
    let mut sheets = vec![
        with(main, Some(Method::quantities)),
        with(
            Sheet::new(
                &s.id,
                "points",
                "scan region method start end abscissa measured fitted used",
            ),
            None,
        ),
    ];
    if parameters.as_ref().is_none_or(|rows: &Vec<String>| !rows.is_empty()) {
        let certain = parameters.is_some();
        let sheet = Sheet::of_results(&s.id, "parameters", columns).rows(parameters);
        // Plots have none.
        let sheet = with(sheet, Some(Method::parameters));
        sheets.push(if certain { sheet } else { sheet.perhaps() });
    }
    sheets
}

pub(super) fn dose(s: &DoseStep, scope: &Scope<'_>) -> Vec<Sheet> {
    let mut main = Sheet::of_results(
        &s.id,
        "",
        "region mass alpha electron photon total total_sd per_activity extrapolated method",
    );
    if !s.bed.is_empty() {
        main = main.and("protraction bed eqd2");
    }
    let regions = scope.integrated(&s.from);
    let mut sheets = vec![main.and("note").rows(regions.clone())];
    if s.marrow.is_some() {
        sheets.push(
            Sheet::new(&s.id, "marrow", "from alpha electron photon total method note").perhaps(),
        );
    }
    if s.daughters.is_some() {
        let columns = "member region nuclide tia arising alpha electron photon total";
        sheets.push(Sheet::new(&s.id, "daughters", columns).perhaps());
    }
    if !s.rbe.is_empty() {
        let columns = "region effect rbe_alpha rbe_electron rbe_photon absorbed weighted \
                       weighted_sd per_activity note";
        // Or by the effect of which there is one.
        let effects = s.rbe.iter().map(|weights| weights.effect.clone());
        let rows = regions.map(|regions| regions.into_iter().chain(effects).collect());
        sheets.push(Sheet::of_results(&s.id, "rbe", columns).rows(rows));
    }
    sheets
}

pub(super) fn uncertainty(s: &UncertaintyStep, scope: &Scope<'_>) -> Vec<Sheet> {
    let regions = scope.dosed(&s.from);
    vec![
        Sheet::of_results(
            &s.id,
            "",
            "region total total_sd relative_sd activity_relative_sd factor_relative_sd correlation \
             dominant note",
        )
        .rows(regions),
        Sheet::new(&s.id, "budget", "region input input_sd sensitivity dose_sd dose_sd_gy share"),
    ]
}

pub(super) fn model_dose(s: &ModelDose) -> Vec<Sheet> {
    let varied = || s.vary.iter().map(|vary| vary.parameter.clone());
    let weighted = (1..=s.rbe.len()).map(|i| match s.rbe.len() {
        1 => "weighted".to_owned(),
        _ => format!("weighted_{i}"),
    });
    let values = s.vary.iter().flat_map(|vary| &vary.values);
    let at: Vec<String> = values
        .map(|value| match Quantity::parse(value) {
            Ok(quantity) => format!(" at {}", quantity.value()),
            Err(_) => format!(" at {value}"),
        })
        .collect();
    let at = if s.vary.is_none() { vec![String::new()] } else { at };
    let canonical = |name: &String| nuclides().get(name).map_or(name.clone(), |n| n.name.clone());
    let of_nuclides = s
        .sources
        .iter()
        .flat_map(|source| source.nuclides.iter().map(move |nuclide| (&source.region, nuclide)))
        .flat_map(|(region, nuclide)| {
            let nuclide = canonical(nuclide);
            let rows = at.iter().map(|at| format!("{region} {nuclide}{at}"));
            rows.chain([region.clone(), nuclide.clone()]).collect::<Vec<_>>()
        })
        .collect();
    let regions = s.sources.iter().map(|source| &source.region);
    let rows = regions.flat_map(|region| at.iter().map(move |at| format!("{region}{at}")));
    let rows = rows.collect();
    vec![
        Sheet::of_results(&s.id, "", "row")
            .with(varied())
            .and("region nuclide tia alpha electron photon total per_activity share")
            .rows(Some(of_nuclides)),
        Sheet::of_results(&s.id, "regions", "row")
            .with(varied())
            .and("region mass alpha electron photon total per_activity not_alpha")
            .with(weighted)
            .rows(Some(rows)),
    ]
}

pub(super) fn designs(s: &DesignsStep, scope: &Scope<'_>) -> Vec<Sheet> {
    let axes = || s.vary.iter().map(|axis| axis.name.clone());
    let columns = || s.regions.iter().map(|spec| spec.region.replace(' ', "_"));
    let regions = || s.regions.iter().map(|spec| spec.region.clone()).collect::<Vec<_>>();
    let names: Vec<String> = match s.scenarios.is_empty() {
        true => vec!["as given".to_owned()],
        false => s.scenarios.iter().map(|scenario| scenario.name.clone()).collect(),
    };
    // None where a model cannot be read, which is said elsewhere.
    let nuclides: Option<Vec<String>> = s.models.iter().map(|name| scope.nuclide(name)).collect();
    let places = |count: usize| (1..=count).map(|place| place.to_string()).collect();
    let in_regions = nuclides.as_ref().map(|nuclides| {
        let of = |nuclide: &String| {
            let nuclide = nuclide.clone();
            regions().into_iter().map(move |region| format!("{nuclide} {region}"))
        };
        nuclides.iter().flat_map(of).collect::<Vec<_>>()
    });
    let mut sheets = vec![
        Sheet::new(
            &s.id,
            "",
            "nuclide target_dose alpha_share equal_activity limiting limit_activity at_limit low high \
             low_assumption high_assumption rank rank_best rank_worst",
        )
        .rows(nuclides.clone()),
        Sheet::new(&s.id, "order", "place nuclide at_limit low high limiting rank_best rank_worst")
            .rows(Some(places(s.models.len()))),
        Sheet::of_results(
            &s.id,
            "regions",
            "row nuclide region physical weighted at_equal low high physical_at_equal in_place_at_equal of_limit \
             target_over_region",
        )
        .texts("region", regions())
        .rows(in_regions.clone()),
        Sheet::new(&s.id, "equal", "nuclide activity").with(columns()).rows(nuclides.clone()),
        Sheet::new(
            &s.id,
            "moved",
            "row nuclide region given daughters moved_over_in_place low high",
        )
        .texts("region", regions())
        .rows(in_regions),
    ];
    if !s.vary.is_empty() {
        let alone = |part: &str, under: &[String]| {
            let fixed =
                "row scenario nuclide axis value over_base at_limit gain limiting target_dose";
            let gains = columns().map(|region| format!("{region}_gain"));
            let rows = nuclides.as_ref().map(|nuclides| {
                let mut rows = Vec::new();
                for scenario in under {
                    for nuclide in nuclides {
                        for axis in &s.vary {
                            for value in &axis.values {
                                rows.push(alone_row(scenario, nuclide, &axis.name, value));
                            }
                        }
                    }
                }
                rows
            });
            Sheet::of_results(&s.id, part, fixed).with(gains).rows(rows)
        };
        sheets.extend([
            alone("alone", &names[..1]),
            alone("assumptions", &names),
            Sheet::new(
                &s.id,
                "gains",
                "axis base best estimate low high same_best worst limiting verdict",
            )
            .rows(Some(axes().collect())),
            Sheet::new(&s.id, "gain_order", "place axis best gain worst verdict")
                .rows(Some(places(s.vary.len()))),
            Sheet::new(&s.id, "best", "scenario")
                .with(axes())
                .and("at_limit gain product limiting base_at_limit base_limiting")
                .rows(Some(names)),
            Sheet::new(&s.id, "grid", "row nuclide")
                .with(axes())
                .with(columns())
                .and("limiting at_limit"),
        ]);
    }
    sheets
}

pub(super) fn small_targets(s: &SmallTargets) -> Vec<Sheet> {
    let smaller = s.diameters.len().saturating_sub(1);
    let sizes = s.diameters.iter().take(smaller).map(|d| d.text().to_owned()).collect();
    let rows = |of: &[&str]| {
        let mut rows = Vec::new();
        for nuclide in &s.nuclides {
            let nuclide = canonical(nuclide);
            rows.extend(of.iter().map(|of| format!("{nuclide} {of}")));
        }
        Some(rows)
    };
    let spheres: Vec<&str> = s.diameters.iter().map(Length::text).collect();
    vec![
        Sheet::new(
            &s.id,
            "",
            "row nuclide particles diameter cells alpha_fraction electron_fraction relative relative_low relative_high \
             relative_leaving needed needed_leaving",
        )
        .rows(rows(&spheres)),
        Sheet::new(
            &s.id,
            "sizes",
            "diameter best needed best_without_alphas needed_without_alphas worst needed_by_worst best_leaving \
             needed_leaving",
        )
        .rows(Some(sizes)),
        Sheet::of_results(&s.id, "cells", "row nuclide place alpha electron relative at_equal decays")
            .rows(rows(&PLACES.map(|(_, place)| place))),
    ]
}

pub(super) fn plan(s: &PlanStep, scope: &Scope<'_>) -> Vec<Sheet> {
    let regions = s.regions.clone().or_else(|| scope.dosed(&s.from));
    vec![
        Sheet::of_results(
            &s.id,
            "",
            "region limit limit_of given cycles_to_come per_activity per_activity_sd protraction \
             activity_expected activity_at_5_percent_risk risk_of_activity_asked \
             cycles_of_activity_asked cycles_of_activity_asked_at_5_percent_risk note",
        )
        .rows(regions.clone()),
        Sheet::new(&s.id, "risk", "region activity risk").rows(regions),
    ]
}

pub(super) fn fit_model(s: &FitModel, scope: &Scope<'_>) -> Vec<Sheet> {
    let regions = || Some(s.observe.keys().cloned().collect());
    let all = |model: &LoadedModel| model.model.parameters.iter().map(|p| p.name.clone()).collect();
    let estimated =
        scope.models.get(&s.model).map(|model| s.estimate.clone().unwrap_or_else(|| all(model)));
    let derived: Vec<String> = scope
        .models
        .get(&s.model)
        .map(|model| model.model.derived.iter().map(|d| d.name.clone()).collect())
        .unwrap_or_default();
    let of_model = (!derived.is_empty()).then(|| {
        Sheet::of_results(&s.id, "derived", "quantity unit estimate se low high note")
            .rows(Some(derived.clone()))
    });
    let mut sheets = vec![
        Sheet::of_results(
            &s.id,
            "",
            "parameter unit prior_median prior_cv estimate se low high contraction deviation note",
        )
        .rows(estimated.clone()),
        Sheet::new(&s.id, "fit", "what value"),
        Sheet::new(&s.id, "points", POINTS).rows(regions()),
        Sheet::new(&s.id, "curves", CURVES).rows(regions()),
        Sheet::of_results(&s.id, "tia", "region tia tia_sd tia_coefficient extrapolated note")
            .rows(regions()),
    ];
    sheets.extend(of_model);
    if s.draws > 0 {
        let named = |sort: Sort, names: Vec<String>| {
            names.into_iter().map(move |name| drawn_name(sort, &name)).collect::<Vec<_>>()
        };
        let rows = estimated.map(|estimated| {
            let mut rows = named(Sort::Parameter, estimated);
            rows.extend(named(Sort::Derived, derived));
            rows.extend(named(Sort::Integral, regions().unwrap_or_default()));
            rows
        });
        let columns =
            "quantity sort unit fixed estimate within between_draws se low high share fits note";
        sheets.push(Sheet::of_results(&s.id, "draws", columns).rows(rows));
    }
    sheets
}

pub(super) fn sweep(s: &Sweep, scope: &Scope<'_>) -> Vec<Sheet> {
    let model = scope.models.get(&s.model);
    let amounts = model.and_then(|model| amounts(s, model));
    let amounts = amounts.map(|all| all.into_iter().map(number).collect());
    let named = |output: &String| s.names.get(output).unwrap_or(output).clone();
    let mut observed: Vec<&String> = Vec::new();
    for output in &s.observe {
        if !observed.contains(&output) {
            observed.push(output);
        }
    }
    let ratios =
        s.ratios.iter().map(|[over, under]| format!("ratio_{}_{}", named(over), named(under)));
    let mut sheets = vec![
        Sheet::of_results(&s.id, "", "amount hot")
            .with(observed.into_iter().map(|output| format!("tiac_{}", named(output))))
            .with(ratios)
            .rows(amounts),
    ];
    if !s.curves.is_empty() {
        let texts = s.curves.iter().map(|amount| amount.text().to_owned()).collect();
        let curves = Sheet::new(&s.id, "curves", "amount output time activity");
        sheets.push(curves.rows(Some(texts)));
    }
    sheets
}

pub(super) fn side_by_side(s: &SideBySide, scope: &Scope<'_>) -> Vec<Sheet> {
    let names = match &s.patients {
        None => Some(s.cases.iter().map(|case| case.name.clone()).collect::<Vec<_>>()),
        Some(patients) => scope.published.get(&patients.table).map(|table| {
            let rows = table.rows.iter().filter_map(|row| row.first());
            rows.map(|row| cases::called(patients, &row.csv())).collect()
        }),
    };
    let amounts: Vec<Option<&str>> = match s.amounts.is_empty() {
        true => vec![None],
        false => s.amounts.iter().map(|amount| Some(amount.text())).collect(),
    };
    let values: Vec<Option<&str>> = match &s.vary {
        None => vec![None],
        Some(vary) => vary.values.iter().map(|value| Some(value.as_str())).collect(),
    };
    let rows = names.as_ref().map(|names| {
        let mut rows = Vec::new();
        for name in names {
            for amount in &amounts {
                for value in &values {
                    let at: Vec<&str> = [*amount, *value].into_iter().flatten().collect();
                    rows.push(tables::row_name(name, &at));
                }
            }
        }
        rows
    });
    tables::declared(s)
        .into_iter()
        .map(|(part, columns)| {
            let sheet =
                Sheet::of_results(&s.id, &part, "").with(columns.into_iter().map(|c| c.name));
            match part.as_str() {
                "best" => sheet.rows(names.as_ref().map(|names| {
                    let both = ["mean", "standard deviation"].map(str::to_owned);
                    let of = |name: &String| {
                        let name = name.clone();
                        values.iter().map(move |value| {
                            let at: Vec<&str> = value.iter().copied().collect();
                            tables::row_name(&name, &at)
                        })
                    };
                    names.iter().flat_map(of).chain(both).collect()
                })),
                // A row for each column that has numbers.
                "summary" => {
                    let single = ["", "integrals", "limits"];
                    let of =
                        tables::declared(s).into_iter().filter(|t| single.contains(&t.0.as_str()));
                    sheet.rows(Some(of.flat_map(|t| t.1).map(|column| column.name).collect()))
                }
                "correlations" => {
                    let drawn = cases::drawn(s, scope.published, scope.models);
                    let name = |(case, value): (String, String)| tables::drawn_name(&case, &value);
                    sheet.rows(drawn.map(|drawn| drawn.into_iter().map(name).collect()))
                }
                "strongest" => sheet.rows(names.clone()),
                _ => sheet.rows(rows.clone()),
            }
        })
        .collect()
}

pub(super) fn simulate(s: &Simulate, scope: &Scope<'_>) -> Vec<Sheet> {
    let times = hours(s).into_iter().map(number).collect();
    let sheet = Sheet::of_results(&s.id, "", "time").rows(Some(times));
    let Some(model) = scope.models.get(&s.model) else { return vec![sheet.open()] };
    let system = model.simulator.system();
    let name = |index: usize| system.outputs()[index].name.clone();
    vec![match &s.outputs {
        None => sheet.with((0..system.outputs().len()).map(name)),
        // One that the model does not have is said elsewhere.
        Some(asked) => sheet.with(
            asked
                .iter()
                .map(|output| system.output_index(output).map_or_else(|| output.clone(), name)),
        ),
    }]
}

pub(super) fn pet_to_therapy(s: &PetToTherapy) -> Vec<Sheet> {
    let texts = pet_to_therapy::tables::texts(s);
    let sheet = |(part, columns, rows): (&str, &str, Vec<String>)| {
        let sheet = Sheet::of_results(&s.id, part, columns).rows(Some(rows));
        let own =
            texts.iter().filter(|(column, _)| columns.split_whitespace().any(|c| c == *column));
        own.fold(sheet, |sheet, (column, texts)| sheet.texts(column, texts.clone()))
    };
    pet_to_therapy::tables::declared(s).into_iter().map(sheet).collect()
}
