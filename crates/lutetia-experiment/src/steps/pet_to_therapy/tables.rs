//! The tables of therapies that are predicted from scans.

use lutetia_fit::percentiles;
use lutetia_model::cv_of_log_sd;
use lutetia_patient::predict::{Difference, Predicted, Score, Way, difference, score};
use lutetia_table::Cell;

use super::{
    PetToTherapy,
    asked::{RIGHT, names},
    run::Found,
};
use crate::results::{Measure, Results};

/// Relative difference within which numbers are the same: the estimates are those of a search with an end of its own.
const SAME: f64 = 2e-2;

/// All of them.
pub(super) fn all(step: &PetToTherapy, found: &Found<'_>) -> Vec<Results> {
    let mut all = vec![
        scores(step, found, ""),
        differences(step, found),
        patients(step, found),
        parameters(step, found),
        population(step, found),
        truth(step, found),
    ];
    if !step.wrong.is_empty() {
        all.push(scores(step, found, "wrong"));
    }
    all
}

/// The name of a row: a scan under what is believed, or what is wrong with it as well.
fn of_case(wrong: &str, scan: &str) -> String {
    if wrong == RIGHT { scan.to_owned() } else { format!("{wrong}, {scan}") }
}

/// The names of the rows by case, region and way, for those cases and ways that `wanted` and `ways` name.
fn rows(step: &PetToTherapy, right: bool, ways: &[Way]) -> Vec<String> {
    let cases = names(step).into_iter().filter(|(wrong, _)| !right || wrong == RIGHT);
    let mut rows = Vec::new();
    for (wrong, scan) in cases {
        for region in &step.regions {
            for way in ways {
                let way = way.word();
                rows.push(format!("{}: {}, {way}", of_case(&wrong, &scan), region.name));
            }
        }
    }
    rows
}

/// The names of the rows of each table, by its part, where the keys decide them.
pub(crate) fn declared(step: &PetToTherapy) -> Vec<(&'static str, &'static str, Vec<String>)> {
    const SCORES: &str = "row wrong scan region way patients determined bias bias_low bias_high bias_sd \
        mean_deviation mean_deviation_low mean_deviation_high covered covered_low covered_high width left";
    let patients = |region: &String| {
        (1..=step.patients).map(|k| format!("{region}, patient {k}")).collect::<Vec<_>>()
    };
    let by_scan = |of: &[String]| {
        let scans = step.scans.iter().map(|scan| &scan.name);
        scans.flat_map(|s| of.iter().map(move |x| format!("{s}: {x}"))).collect::<Vec<_>>()
    };
    let regions: Vec<String> = step.regions.iter().map(|r| r.name.clone()).collect();
    let unknown: Vec<String> =
        step.differ.iter().filter(|d| !d.known).map(|d| d.parameter.clone()).collect();
    let each: Vec<String> = regions.iter().flat_map(patients).collect();
    let mut declared = vec![
        ("", SCORES, rows(step, true, &Way::ALL)),
        (
            "differences",
            "row wrong scan region way patients gain gain_low gain_high nearer",
            rows(step, false, &Way::ALL[1..]),
        ),
        (
            "patients",
            "row scan region truth predicted low high scaled left dose_truth dose dose_low dose_high",
            by_scan(&each),
        ),
        ("parameters", "row scan parameter left low high", by_scan(&unknown)),
        (
            "population",
            "parameter median cv known stated",
            step.differ.iter().map(|d| d.parameter.clone()).collect(),
        ),
        ("truth", "region median cv low high dose dose_low dose_high", regions),
    ];
    if !step.wrong.is_empty() {
        declared.push(("wrong", SCORES, rows(step, false, &Way::ALL)));
    }
    declared
}

/// What may stand in the columns of words, in any table that has them.
pub(crate) fn texts(step: &PetToTherapy) -> Vec<(&'static str, Vec<String>)> {
    let wrong = step.wrong.iter().map(|wrong| wrong.name.clone());
    vec![
        ("wrong", std::iter::once(RIGHT.to_owned()).chain(wrong).collect()),
        ("scan", step.scans.iter().map(|scan| scan.name.clone()).collect()),
        ("region", step.regions.iter().map(|region| region.name.clone()).collect()),
        ("way", Way::ALL.iter().map(|way| way.word().to_owned()).collect()),
    ]
}

fn number(name: &str) -> Measure {
    Measure::Output(name.to_owned())
}

/// `<id>` and `<id>.wrong`: how near each way comes, under what is believed and under everything.
fn scores(step: &PetToTherapy, found: &Found<'_>, part: &str) -> Results {
    let (name, caption) = match part {
        "" => (
            step.id.clone(),
            "Predicted over true coefficients: mean error with its Monte-Carlo interval, its standard deviation, mean error without sign, share of the 95 % intervals that hold the truth, upper over lower end of these, and variance left of the prior's",
        ),
        _ => {
            (format!("{}.{part}", step.id), "The same where what the prediction believes is wrong")
        }
    };
    let mut table = Results::new(name, caption)
        .subject("row", "")
        .text("wrong")
        .text("scan")
        .text("region")
        .text("way")
        .number(Measure::Patients, "")
        .number(Measure::Determined, "%");
    for measure in [
        Measure::Bias,
        Measure::Bias.low(),
        Measure::Bias.high(),
        Measure::Bias.sd(),
        Measure::MeanDeviation,
        Measure::MeanDeviation.low(),
        Measure::MeanDeviation.high(),
        number("covered"),
        number("covered_low"),
        number("covered_high"),
    ] {
        table = table.number(measure, "%").tolerance(SAME);
    }
    table = table.number(number("width"), "").tolerance(SAME);
    table = table.number(Measure::Left, "%").tolerance(SAME);
    for (at, case) in found.asked.cases.iter().enumerate() {
        if part.is_empty() && case.wrong != RIGHT {
            continue;
        }
        for (r, region) in step.regions.iter().enumerate() {
            for way in Way::ALL {
                let score = score(&found.pairs(at, r, way));
                let of = of_case(&case.wrong, &case.scan);
                let mut row: Vec<Cell> = vec![
                    format!("{of}: {}, {}", region.name, way.word()).into(),
                    case.wrong.as_str().into(),
                    case.scan.as_str().into(),
                    region.name.as_str().into(),
                    way.word().into(),
                    (step.patients as usize).into(),
                ];
                row.extend(cells(score));
                table.push(row);
            }
        }
    }
    table
}

#[expect(clippy::cast_precision_loss, reason = "counts of patients")]
fn cells(score: Option<Score>) -> Vec<Cell> {
    let Some(s) = score else { return vec![0.0.into()] };
    let three = |(mean, low, high): (f64, f64, f64)| [mean, low, high];
    let mut cells: Vec<Cell> = vec![(100.0 * s.determined as f64 / s.patients as f64).into()];
    cells.extend(three(s.bias).map(Cell::from));
    cells.push(s.sd.into());
    cells.extend(three(s.deviation).into_iter().chain(three(s.covered)).map(Cell::from));
    cells.push(s.width.into());
    cells.push(s.left.into());
    cells
}

/// `<id>.differences`: by how much the model with a scan is nearer to the truth than each other way, patient by patient.
fn differences(step: &PetToTherapy, found: &Found<'_>) -> Results {
    let mut table = Results::new(
        format!("{}.differences", step.id),
        "Error without sign of each other way less that of the model with scan, mean over the patients with its Monte-Carlo interval; which is nearer is said only where that leaves out zero",
    )
    .subject("row", "")
    .text("wrong")
    .text("scan")
    .text("region")
    .text("way")
    .number(Measure::Patients, "")
    .number(number("gain"), "%")
    .tolerance(SAME)
    .number(number("gain_low"), "%")
    .tolerance(SAME)
    .number(number("gain_high"), "%")
    .tolerance(SAME)
    .text("nearer");
    for (at, case) in found.asked.cases.iter().enumerate() {
        for (r, region) in step.regions.iter().enumerate() {
            let own = found.pairs(at, r, Way::Scan);
            for way in &Way::ALL[1..] {
                let gain = difference(&own, &found.pairs(at, r, *way));
                let nearer = match gain.map(Difference::sign) {
                    Some(1) => Way::Scan.word(),
                    Some(-1) => way.word(),
                    _ => "not told apart",
                };
                let of = of_case(&case.wrong, &case.scan);
                table.push(vec![
                    format!("{of}: {}, {}", region.name, way.word()).into(),
                    case.wrong.as_str().into(),
                    case.scan.as_str().into(),
                    region.name.as_str().into(),
                    way.word().into(),
                    gain.map_or(0, |g| g.patients).into(),
                    gain.map(|g| g.mean.0).into(),
                    gain.map(|g| g.mean.1).into(),
                    gain.map(|g| g.mean.2).into(),
                    nearer.into(),
                ]);
            }
        }
    }
    table
}

/// `<id>.patients`: every patient under what is believed.
fn patients(step: &PetToTherapy, found: &Found<'_>) -> Results {
    let mut table = Results::new(
        format!("{}.patients", step.id),
        "Virtual patients: integral per activity of the therapy, true and predicted by the model with scan with its 95 % interval, and the doses",
    )
    .subject("row", "")
    .text("scan")
    .text("region");
    for name in ["truth", "predicted", "low", "high", "scaled"] {
        table = table.number(number(name), "h").tolerance(SAME);
    }
    table = table.number(Measure::Left, "%").tolerance(SAME);
    for name in ["dose_truth", "dose", "dose_low", "dose_high"] {
        table = table.number(number(name), "Gy/GBq").tolerance(SAME);
    }
    for (at, case) in found.asked.cases.iter().enumerate().filter(|(_, c)| c.wrong == RIGHT) {
        for (r, region) in step.regions.iter().enumerate() {
            for (k, patient) in found.outcomes[at].iter().enumerate() {
                let (truth, gy) = (patient.truth_h[r], found.factors[k][r]);
                let by = patient.by(Way::Scan, r);
                let scaled = patient.by(Way::Ratio, r).map(|p| p.coefficient_h);
                let ends = by.map(Predicted::interval);
                let hours = [by.map(|p| p.coefficient_h), ends.map(|e| e.0), ends.map(|e| e.1)];
                let mut row: Vec<Cell> = vec![
                    format!("{}: {}, patient {}", case.scan, region.name, k + 1).into(),
                    case.scan.as_str().into(),
                    region.name.as_str().into(),
                    truth.into(),
                ];
                row.extend(hours.map(Cell::from));
                row.push(scaled.into());
                row.push(by.and_then(|p| p.left).map(|left| 100.0 * left).into());
                row.push((gy * truth).into());
                row.extend(hours.map(|h| Cell::from(h.map(|h| gy * h))));
                table.push(row);
            }
        }
    }
    table
}

/// `<id>.parameters`: what of the variance of each unknown parameter a scan leaves.
fn parameters(step: &PetToTherapy, found: &Found<'_>) -> Results {
    let mut table = Results::new(
        format!("{}.parameters", step.id),
        "Variance of each unknown parameter after the scan over that of its prior: mean over the patients and range of the middle 95 %; 100 % says that the scan has told nothing of it",
    )
    .subject("row", "")
    .text("scan")
    .text("parameter");
    for measure in [Measure::Left, Measure::Low, Measure::High] {
        table = table.number(measure, "%").tolerance(SAME);
    }
    let unknown: Vec<&str> =
        step.differ.iter().filter(|d| !d.known).map(|d| d.parameter.as_str()).collect();
    for (at, case) in found.asked.cases.iter().enumerate().filter(|(_, c)| c.wrong == RIGHT) {
        for (k, parameter) in unknown.iter().enumerate() {
            let left: Vec<f64> = found.outcomes[at]
                .iter()
                .filter_map(|o| o.left.get(k).map(|l| 100.0 * l))
                .collect();
            let p = percentiles(&left);
            table.push(vec![
                format!("{}: {parameter}", case.scan).into(),
                case.scan.as_str().into(),
                (*parameter).into(),
                p.map(|p| p.mean).into(),
                p.map(|p| p.low).into(),
                p.map(|p| p.high).into(),
            ]);
        }
    }
    table
}

/// `<id>.population`: what patients differ in.
fn population(step: &PetToTherapy, found: &Found<'_>) -> Results {
    let mut table = Results::new(
        format!("{}.population", step.id),
        "What virtual patients differ in, log-normally and independently of each other",
    )
    .subject("parameter", "")
    .text("median")
    .number(number("cv"), "%")
    .text("known")
    .text("stated");
    for (law, of_table) in &found.asked.laws {
        let from = step.from.as_deref().unwrap_or_default();
        table.push(vec![
            law.name.as_str().into(),
            median(&law.median).into(),
            (100.0 * cv_of_log_sd(law.log_sd)).into(),
            if law.known { "of each patient" } else { "estimated" }.into(),
            if *of_table { format!("of `{from}`") } else { "in the step".to_owned() }.into(),
        ]);
    }
    table
}

/// A median with as many digits as are read.
fn median(text: &str) -> String {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let rounded = number.parse().map(|x| lutetia_units::significant(x, 4));
    format!("{} {unit}", rounded.unwrap_or_else(|_| number.to_owned())).trim().to_owned()
}

/// `<id>.truth`: what is true of the virtual patients.
fn truth(step: &PetToTherapy, found: &Found<'_>) -> Results {
    let mut table = Results::new(
        format!("{}.truth", step.id),
        "What is true of the virtual patients under the therapy: median, coefficient of variation and range of the middle 95 % of the integral per activity and of the dose",
    )
    .subject("region", "")
    .number(Measure::Median, "h")
    .number(number("cv"), "%")
    .number(Measure::Low, "h")
    .number(Measure::High, "h")
    .number(number("dose"), "Gy/GBq")
    .number(number("dose_low"), "Gy/GBq")
    .number(number("dose_high"), "Gy/GBq");
    let Some(patients) = found.outcomes.first() else { return table };
    for (r, region) in step.regions.iter().enumerate() {
        let hours: Vec<f64> = patients.iter().map(|o| o.truth_h[r]).collect();
        let doses: Vec<f64> = hours.iter().zip(&found.factors).map(|(h, f)| h * f[r]).collect();
        let (h, d) = (percentiles(&hours), percentiles(&doses));
        table.push(vec![
            region.name.as_str().into(),
            h.map(|h| h.median).into(),
            h.map(|h| 100.0 * h.sd / h.mean).into(),
            h.map(|h| h.low).into(),
            h.map(|h| h.high).into(),
            d.map(|d| d.median).into(),
            d.map(|d| d.low).into(),
            d.map(|d| d.high).into(),
        ]);
    }
    table
}
