//! The CSV of the table of results.

use lutetia_diagnostic::{Diagnostic, SourceId, Span};

use super::{
    Measured, PyTheranosticsTable, check, nuclide_name,
    study::{injection, write},
    value::python_list,
};
use crate::{StudyFiles, codes, foreign_fields::Fields};

pub(super) fn read(
    name: &str,
    text: &str,
    more: &PyTheranosticsTable,
    id: SourceId,
    faults: &mut Vec<Diagnostic>,
) -> Option<StudyFiles> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let column = |name: &str| headers.iter().position(|h| h.trim() == name);
    let needed = ["Time_hr", "Activity_MBq"];
    for name in needed {
        if column(name).is_none() {
            let first = Span::new(id, 0, text.lines().next().map_or(0, str::len));
            faults.push(
                Diagnostic::error(codes::FOREIGN_LACKS, format!("there is no column `{name}`"))
                    .at(first, "")
                    .hint(
                        "give the table of results (`results.to_csv(…)`) with times and activities",
                    ),
            );
        }
    }
    let [Some(times), Some(activities)] = needed.map(column) else { return None };
    let others = ["Volume_CT_mL", "TIA_MBq_h", "TIA_h"].map(column);
    let mut fields = Fields::default();
    fields.columns(headers.iter().skip(1));
    let mut measured = Vec::new();
    let mut ratio = None;
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                faults.push(Diagnostic::error(
                    codes::FOREIGN_SYNTAX,
                    format!("a row cannot be read: {error}"),
                ));
                continue;
            }
        };
        let start = record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(0));
        let span = Span::new(id, start, start);
        let region = record.get(0).unwrap_or_default().trim().to_owned();
        let mut lacks = |what: String, hint: &str| {
            faults.push(
                Diagnostic::error(codes::FOREIGN_LACKS, what).at(span, "").hint(hint.to_owned()),
            );
        };
        let place = format!("`{region}`");
        let mut list = |at: Option<usize>| {
            let text = at.and_then(|at| record.get(at)).unwrap_or_default();
            python_list(text).unwrap_or_else(|error| {
                lacks(format!("{place}: {error}"), "correct the list");
                Vec::new()
            })
        };
        let (times_h, activities_mbq, volumes_ml) =
            (list(Some(times)), list(Some(activities)), list(others[0]));
        let number = |at: Option<usize>| {
            at.and_then(|at| record.get(at)?.trim().parse::<f64>().ok()).filter(|x| x.is_finite())
        };
        let results = [number(others[1]), number(others[2]), None];
        if let [Some(tia), Some(per), _] = results
            && per > 0.0
        {
            ratio = ratio.or(Some(tia / per));
        }
        let m = Measured {
            cycle: more.cycle,
            region,
            times_h,
            activities_mbq,
            volumes_ml,
            mass_g: None,
            results,
        };
        faults.extend(check(&m, &place).into_iter().map(|d| d.at(span, "")));
        measured.push(m);
    }
    let Some(injected_mbq) = more.injected_mbq.or(ratio) else {
        faults.push(
            Diagnostic::error(
                codes::FOREIGN_LACKS,
                "the injected activity is not known: no row has both `TIA_MBq_h` and `TIA_h`, whose ratio it is",
            )
            .hint("give it with `--activity \"7.4 GBq\"`"),
        );
        return None;
    };
    if measured.is_empty() {
        faults.push(Diagnostic::error(codes::FOREIGN_LACKS, "the table has no row"));
    }
    let first = Span::new(id, 0, text.lines().next().map_or(0, str::len));
    faults.extend(fields.left_out().map(|d| d.at(first, "")));
    let nuclide = nuclide_name(&more.nuclide);
    let given = [injection(&more.subject, &nuclide, more.cycle, (0.0, injected_mbq))];
    Some(write(name, &more.subject, None, &given, &measured))
}
