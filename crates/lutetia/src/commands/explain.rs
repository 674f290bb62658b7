//! `lutetia explain`.

use std::path::PathBuf;

use clap::Args;
use lutetia_model::{Model, ParameterValue};
use serde_json::{Value, json};

use super::models;
use crate::{failure::Outcome, terminal::Terminal};

const EXAMPLE: &str = "\
Example:
  lutetia explain models/sstr2/dotatate-small.toml
  lutetia explain --latex models/sstr2/dotatate-small.toml > model.tex";

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Model file.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print LaTeX instead of text.
    #[arg(long)]
    latex: bool,
}

/// Prints the document a physicist signs.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let model = models::load(&arguments.file, terminal)?;
    if terminal.json() {
        return terminal.data_json(&json(&model));
    }
    let text = if arguments.latex {
        lutetia_model::explain_latex(&model)
    } else {
        lutetia_model::explain_text(&model)
    };
    terminal.data(&text)
}

/// The model for machines; values in the units the author declared.
fn json(model: &Model) -> Value {
    let parameters: Vec<Value> = model
        .parameters
        .iter()
        .map(|p| {
            let (value, formula) = match &p.value {
                ParameterValue::Number(internal) => {
                    (json!(model.units.from_internal(*internal, &p.unit)), Value::Null)
                }
                ParameterValue::Formula { text, .. } => (Value::Null, json!(text)),
            };
            json!({
                "name": p.name, "value": value, "formula": formula, "unit": p.unit.symbol(),
                "fixed": p.fixed, "source": p.source, "about": p.about,
            })
        })
        .collect();
    let pools: Vec<String> = model
        .pools
        .iter()
        .map(|p| format!("{}.{}", model.species[p.species].name, model.compartments[p.place].name))
        .collect();
    let quantities: Vec<Value> = model
        .quantities
        .iter()
        .map(|q| json!({ "name": q.name, "unit": q.unit.symbol(), "about": q.about }))
        .collect();
    let processes: Vec<Value> =
        model.processes.iter().map(|p| json!({ "name": p.name, "rate": p.text })).collect();
    let inputs: Vec<Value> =
        model.inputs.iter().map(|i| json!({ "name": i.name, "unit": i.unit.symbol() })).collect();
    let outputs: Vec<Value> = model
        .outputs
        .iter()
        .map(|o| json!({ "name": o.name, "unit": o.unit.symbol(), "of": o.text, "port": o.port }))
        .collect();
    json!({
        "id": model.id, "title": model.title, "reference": model.reference,
        "pools": pools, "quantities": quantities, "processes": processes,
        "parameters": parameters, "inputs": inputs, "outputs": outputs,
    })
}
