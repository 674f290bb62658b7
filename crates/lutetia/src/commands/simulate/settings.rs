//! What is set of a model on the command line.

use lutetia_diagnostic::closest;
use lutetia_model::{
    Model, ParameterValue,
    system::{ParameterInfo, SettingError, System},
};
use lutetia_scenario::NOT_OF_NUCLIDE;

use super::failed;
use crate::failure::{Failure, Outcome};

/// The defaults of the model with what was set on the command line; no number where a covariate has neither.
pub(super) fn parameters(model: &Model, system: &System, settings: &[String]) -> Outcome<Vec<f64>> {
    let infos = system.parameters();
    let mut values: Vec<f64> = infos.iter().map(|p| p.default).collect();
    for setting in settings {
        let hint = "write it as `--set \"CL=2.4 L/h\"`";
        let Some((name, text)) = setting.split_once('=') else {
            return Err(Failure::usage(format!("`{setting}` sets nothing"), hint));
        };
        let (name, text) = (name.trim(), text.trim());
        if model.inputs.iter().any(|input| input.name == name) {
            return Err(Failure::usage(
                format!(
                    "`{name}` is an input of the model, or driven by a curve, and cannot be set"
                ),
                format!("give its curve with `--input {name}=FILE.csv`, and leave `--set` out"),
            ));
        }
        let Some(index) = system.parameter_index(name) else {
            if let Some(ParameterValue::Formula { text, .. }) =
                model.parameters.iter().find(|p| p.name == name).map(|p| &p.value)
            {
                return Err(Failure::usage(
                    format!("`{name}` is the formula `{text}`, which cannot be set"),
                    "set what stands in it",
                ));
            }
            let near = closest(name, infos.iter().map(|p| p.name.as_str()));
            return Err(Failure::usage(
                format!("the model has no parameter or covariate `{name}`"),
                near.map_or_else(
                    || "`lutetia explain` lists those it has".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            ));
        };
        values[index] = value_of(&infos[index], text, hint)?;
    }
    Ok(values)
}

/// That every parameter and covariate has a value.
pub(super) fn complete(model: &Model, system: &System, values: &[f64]) -> Outcome {
    let infos = system.parameters();
    if let Some(missing) = infos.iter().zip(values).find(|(_, v)| v.is_nan()) {
        let name = &missing.0.name;
        if model.is_dose_factor(name) {
            return Err(Failure::usage(
                format!(
                    "`{name}` is what a nuclide deposits per decay, and there is not one nuclide"
                ),
                "run the chain with one, such as `--nuclide Lu-177`, or set it",
            ));
        }
        if model.is_of_nuclide(name) {
            let unknown = infos.iter().zip(values).filter(|(_, v)| v.is_nan()).map(|(p, _)| p);
            let unknown: Vec<_> = unknown.filter(|p| model.is_of_nuclide(&p.name)).collect();
            let names: Vec<String> = unknown.iter().map(|p| format!("`{}`", p.name)).collect();
            let set = unknown.iter().map(|p| format!("--set \"{}=… {}\"", p.name, p.unit.symbol()));
            return Err(failed(
                NOT_OF_NUCLIDE,
                &format!(
                    "not known of the nuclide that the model is run with: {}; give it with `{}`",
                    names.join(", "),
                    set.collect::<Vec<_>>().join(" ")
                ),
            ));
        }
        return Err(Failure::usage(
            format!("the covariate `{name}` has no typical value and is not set"),
            match missing.0.levels.first() {
                Some(level) => format!("give it with `--set \"{name}={level}\"`"),
                None => format!("give it with `--set \"{name}=… {}\"`", missing.0.unit.symbol()),
            },
        ));
    }
    Ok(())
}

/// A value in the unit the model declares or a level, made internal, within the range it declares.
fn value_of(info: &ParameterInfo, text: &str, hint: &str) -> Outcome<f64> {
    info.setting(text).map_err(|error| {
        let hint = match &error {
            SettingError::Range { .. } => "set a value inside the range".to_owned(),
            SettingError::Level { .. } => {
                format!("write it as `--set \"{}={}\"`", info.name, info.levels[0])
            }
            // The unit of a parameter without one is `1`.
            SettingError::Unit { .. } if info.unit.symbol() == "1" => {
                format!("write it as a number: `--set \"{}=0.5\"`", info.name)
            }
            SettingError::Unit { .. } if info.name != "CL" => {
                format!(
                    "write it in a unit such as `{}`: `--set \"{}=2.4 {}\"`",
                    info.unit, info.name, info.unit
                )
            }
            SettingError::Unit { .. } => hint.to_owned(),
        };
        Failure::usage(error.to_string(), hint)
    })
}
