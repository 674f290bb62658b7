//! `--input`: measured curves that drive inputs, parameters and covariates of a model.

use std::path::{Path, PathBuf};

use lutetia_data::{CurveAsked, MeasuredCurve};
use lutetia_diagnostic::{Diagnostic, closest};
use lutetia_model::{Driven, Model};
use lutetia_scenario::{CurveForm, Drive, DriveError, Interpolation};
use lutetia_units::{Quantity, Unit};

use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const KEYS: [&str; 6] = ["file", "value", "interpolation", "delay", "before", "after"];

const HINT: &str = "write it as `--input C_P=blood.csv`, or `--input 'C_P={ file = \"blood.csv\", value = \"plasma\", after = \"hold\" }'`";

/// One `--input`, understood.
struct Asked {
    name: String,
    file: PathBuf,
    value: Option<String>,
    form: CurveForm,
}

/// Reads the curves and gives the model an input for each parameter or covariate that one of them drives. All faults of
/// the files are said at once.
pub(crate) fn read(
    given: &[String],
    model: &mut Model,
    terminal: &Terminal,
) -> Outcome<Vec<Drive>> {
    let asked = given.iter().map(|text| parse(text)).collect::<Outcome<Vec<_>>>()?;
    let mut drives: Vec<Drive> = Vec::new();
    let mut faulty = false;
    for asked in asked {
        let driven = model.vary(&asked.name).map_err(|e| refused(&e.into()))?;
        if drives.iter().any(|drive| drive.name() == driven.input) {
            return Err(refused(&DriveError::Twice { name: driven.input }));
        }
        match curve(&asked, &driven, model, terminal)? {
            Some(points) => {
                let drive = Drive::new(&driven, &points, &asked.form, &model.units);
                drives.push(drive.map_err(|e| refused(&e))?);
            }
            None => faulty = true,
        }
    }
    if faulty { Err(Failure::shown(Exit::Data)) } else { Ok(drives) }
}

/// Refuses a run that needs a curve where it was not measured and nothing is said.
pub(crate) fn covered(drives: &[Drive], model: &Model, (start, end): (f64, f64)) -> Outcome {
    let uncovered =
        drives.iter().flat_map(|drive| drive.uncovered(start, end, &model.units)).next();
    uncovered.map_or(Ok(()), |error| Err(refused(&error)))
}

/// A curve that cannot drive the model, with what can be done.
fn refused(error: &DriveError) -> Failure {
    Failure::new(Exit::Usage, Diagnostic::error(error.code(), error.to_string()).hint(error.hint()))
}

/// The points of a file in internal units; none where its faults were said.
fn curve(
    asked: &Asked,
    driven: &Driven,
    model: &Model,
    terminal: &Terminal,
) -> Outcome<Option<Vec<(f64, f64)>>> {
    if let Err(error) = std::fs::metadata(&asked.file) {
        return Err(Failure::reading(&asked.file, &error));
    }
    let quantity =
        |x: f64| Quantity::new(model.units.from_internal(x, &driven.unit), driven.unit.clone());
    let wanted = CurveAsked {
        name: &asked.name,
        value: asked.value.as_deref(),
        dimension: driven.unit.dimension(),
        unit: driven.unit.symbol(),
        range: driven.range.map(|(low, high)| (quantity(low), quantity(high))),
    };
    let (found, diagnostics, sources) = MeasuredCurve::read(&asked.file, &wanted);
    terminal.diagnostics(&diagnostics, &sources);
    let Some(found) = found else { return Ok(None) };
    let hour = Unit::parse("h").map_err(|e| Failure::usage(e.to_string(), HINT))?;
    let internal = |x: f64, unit: &Unit| model.units.to_internal(&Quantity::new(x, unit.clone()));
    let points = found.times_h.iter().zip(&found.values);
    Ok(Some(points.map(|(t, y)| (internal(*t, &hour), internal(*y, &found.unit))).collect()))
}

/// `NAME=FILE`, or `NAME={ file = "…", … }`.
fn parse(text: &str) -> Outcome<Asked> {
    let wrong = |message: String| Failure::usage(message, HINT);
    let Some((name, rest)) = text.split_once('=') else {
        return Err(wrong(format!("`--input {text}` names no file")));
    };
    let (name, rest) = (name.trim().to_owned(), rest.trim());
    if name.is_empty() || rest.is_empty() {
        return Err(wrong(format!(
            "`--input {text}` names {}",
            if rest.is_empty() { "no file" } else { "nothing that is driven" }
        )));
    }
    if !rest.starts_with('{') {
        return Ok(Asked {
            name,
            file: PathBuf::from(rest),
            value: None,
            form: CurveForm::default(),
        });
    }
    let table: toml::Table = format!("curve = {rest}").parse().map_err(|e: toml::de::Error| {
        wrong(format!("cannot read `--input {text}`: {}", e.message()))
    })?;
    let Some(toml::Value::Table(keys)) = table.get("curve").filter(|_| table.len() == 1) else {
        return Err(wrong(format!("`--input {text}` is not a table")));
    };
    if let Some(key) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let hint = closest(key, KEYS).map_or_else(
            || format!("a curve has: {}", KEYS.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Failure::usage(format!("a curve has no `{key}`"), hint));
    }
    let word = |key: &str| match keys.get(key) {
        None => Ok(None),
        Some(toml::Value::String(word)) => Ok(Some(word.clone())),
        Some(other) => Err(Failure::usage(
            format!("`{key} = {other}` of a curve is not text"),
            "put the value and its unit in quotation marks",
        )),
    };
    let interpolation = match word("interpolation")? {
        None => Interpolation::default(),
        Some(found) => Interpolation::of(&found).ok_or_else(|| {
            let known = Interpolation::ALL.map(|known| known.0);
            Failure::usage(
                format!("`interpolation = \"{found}\"`; expected `linear`, `previous` or `next`"),
                closest(&found, known).map_or_else(
                    || "leave it out for straight lines between the points".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            )
        })?,
    };
    let Some(file) = word("file")? else {
        return Err(wrong(format!("`--input {text}` has no `file`")));
    };
    let form = CurveForm {
        interpolation,
        delay: word("delay")?,
        before: word("before")?,
        after: word("after")?,
    };
    Ok(Asked { name, file: Path::new(&file).to_path_buf(), value: word("value")?, form })
}
