//! Parameters: values, formulas, variability.

use lutetia_diagnostic::Diagnostic;
use lutetia_units::{Dimension, Unit};

use super::super::{
    code,
    declare::Entry,
    fields::{self, looks_like_quantity, place, quantity, quantity_of, required, string, text},
    names::Place,
    population,
    syntax::{self, Raw},
    text::Text,
    tree::{Node, Value},
};
use super::{Builder, order::sorted};
use crate::model::{Parameter, ParameterValue};

impl Builder<'_> {
    pub(super) fn parameters(&mut self, faults: &mut Vec<Diagnostic>) {
        let mut formulas: Vec<Option<(Raw, Text)>> = Vec::new();
        for e in &self.found.parameters {
            let own = self.parameter(e, faults);
            formulas.push(own.1);
            if let Some(dimension) = own.2 {
                self.set_dimension(e.name.as_str(), dimension);
            }
            self.parameters.push(own.0);
        }
        let names: Vec<String> =
            self.found.parameters.iter().map(|e| e.name.as_str().to_owned()).collect();
        let raws: Vec<Option<&Raw>> = formulas.iter().map(|f| f.as_ref().map(|f| &f.0)).collect();
        let order = sorted(&names, &raws, faults);
        for i in &order {
            let Some((raw, t)) = &formulas[*i] else { continue };
            let Some((expr, dimension)) = self.names.resolve(raw, Place::Formula, faults) else {
                continue;
            };
            let mut dimension = dimension.unwrap_or(Dimension::NONE);
            let parameter = &mut self.parameters[*i];
            let declared = text(&self.found.parameters[*i].fields, "unit", faults)
                .and_then(|t| fields::unit(t, faults));
            if let Some(unit) = declared {
                if unit.dimension() == dimension {
                    parameter.unit = unit;
                } else {
                    faults.push(
                        Diagnostic::error(
                            code::DIMENSION,
                            format!(
                                "`{}` is {dimension}, but its unit `{unit}` is {}",
                                names[*i],
                                unit.dimension()
                            ),
                        )
                        .at(
                            t.span(),
                            format!(
                                "this is {dimension} ({})",
                                self.names.units.unit_of(dimension)
                            ),
                        )
                        .note_at(
                            place(&self.found.parameters[*i].fields, "unit"),
                            format!("this is {}", unit.dimension()),
                        )
                        .hint("correct the formula or the unit"),
                    );
                    dimension = unit.dimension();
                }
            } else {
                parameter.unit = self.names.units.unit_of(dimension);
            }
            parameter.dimension = dimension;
            parameter.value = ParameterValue::Formula { expr, text: t.as_str().to_owned() };
            self.set_dimension(&names[*i], dimension);
        }
        self.parameter_order = order;
        self.effects(faults);
    }

    /// A parameter without its formula and effects, the formula as typed, and its dimension.
    pub(super) fn parameter(
        &mut self,
        e: &Entry,
        faults: &mut Vec<Diagnostic>,
    ) -> (Parameter, Option<(Raw, Text)>, Option<Dimension>) {
        let f = &e.fields;
        let mut parameter = Parameter {
            name: e.name.as_str().to_owned(),
            dimension: Dimension::NONE,
            unit: Unit::dimensionless(),
            value: ParameterValue::Number(0.0),
            fixed: fields::flag(f, "fixed", faults),
            bounds: (None, None),
            iiv: None,
            iov: None,
            effects: Vec::new(),
            source: string(f, "source", faults),
            about: string(f, "about", faults),
        };
        let what = format!("parameter `{}`", e.name.as_str());
        // A plain TOML number is a pure number.
        let number = match f.get("value") {
            Some(Node { value: Value::Number(x), span }) => {
                Some(Text::lumped(*span, &x.to_string()))
            }
            _ => None,
        };
        let Some(t) =
            number.or_else(|| required(f, "value", &what, "\"2.4 L/h\"", faults).cloned())
        else {
            return (parameter, None, None);
        };
        if !looks_like_quantity(t.as_str()) {
            for key in ["iiv", "iov"] {
                if f.get(key).is_some() {
                    faults.push(
                        Diagnostic::error(
                            code::POPULATION,
                            format!(
                                "`{}` is a formula, so it has no `{key}` of its own",
                                e.name.as_str()
                            ),
                        )
                        .at(place(f, key), "")
                        .hint("give the variability to a parameter in the formula"),
                    );
                }
            }
            let raw = syntax::expression(&t).map_err(|d| faults.push(*d)).ok();
            return (parameter, raw.map(|r| (r, t)), None);
        }
        let Some(q) = quantity(&t, faults) else { return (parameter, None, None) };
        parameter.dimension = q.dimension();
        parameter.unit = q.unit().clone();
        let value = self.names.units.to_internal(&q);
        if !value.is_finite() {
            faults.push(
                Diagnostic::error(
                    code::NUMBER,
                    format!("`{}` is too large for the units of the model", t.as_str()),
                )
                .at(t.span(), "")
                .hint("give the value in a larger unit"),
            );
        }
        parameter.value = ParameterValue::Number(value);
        if let Some(ut) = text(f, "unit", faults)
            && let Some(unit) = fields::unit(ut, faults)
            && unit.dimension() != q.dimension()
        {
            faults.push(
                Diagnostic::error(
                    code::DIMENSION,
                    format!(
                        "`{}` is {}, but its unit `{unit}` is {}",
                        e.name.as_str(),
                        q.dimension(),
                        unit.dimension()
                    ),
                )
                .at(t.span(), format!("this is {}", q.dimension()))
                .note_at(ut.span(), format!("this is {}", unit.dimension()))
                .hint("the value already has its unit; leave `unit` out"),
            );
        }
        let dimension = q.dimension();
        let mut bound = |key: &str| {
            let t = text(f, key, faults)?;
            quantity_of(t, dimension, &format!("`{key}`"), faults)
                .map(|q| self.names.units.to_internal(&q))
        };
        parameter.bounds = (bound("min"), bound("max"));
        let inside = parameter.bounds.0.is_none_or(|low| low <= value)
            && parameter.bounds.1.is_none_or(|high| value <= high);
        let shown = |bound: Option<f64>| {
            bound.map_or_else(|| "…".to_owned(), |x| self.shown(x, &parameter.unit))
        };
        if !inside {
            faults.push(
                Diagnostic::error(
                    code::NUMBER,
                    format!(
                        "`{}` is `{}`; expected {} to {}, its bounds",
                        e.name.as_str(),
                        t.as_str(),
                        shown(parameter.bounds.0),
                        shown(parameter.bounds.1)
                    ),
                )
                .at(t.span(), "")
                .hint("correct `value`, `min` or `max`"),
            );
        }
        let distribution = population::distribution(f, faults);
        parameter.iiv = population::variability(
            f,
            "iiv",
            distribution,
            &parameter.unit,
            &self.names.units,
            faults,
        );
        parameter.iov = population::variability(
            f,
            "iov",
            distribution,
            &parameter.unit,
            &self.names.units,
            faults,
        );
        if parameter.fixed && (parameter.iiv.is_some() || parameter.iov.is_some()) {
            faults.push(
                Diagnostic::error(
                    code::POPULATION,
                    format!("`{}` is fixed and varies between individuals", e.name.as_str()),
                )
                .at(place(f, "fixed"), "")
                .hint("leave `fixed` or `iiv` out"),
            );
        }
        if (parameter.iiv.is_some() || parameter.iov.is_some())
            && matches!(
                distribution,
                crate::model::Distribution::LogNormal | crate::model::Distribution::BoxCox { .. }
            )
            && value <= 0.0
        {
            faults.push(
                Diagnostic::error(
                    code::POPULATION,
                    format!(
                        "`{}` is {} and its value is not above zero",
                        e.name.as_str(),
                        if distribution == crate::model::Distribution::LogNormal {
                            "log-normal"
                        } else {
                            "Box-Cox"
                        }
                    ),
                )
                .at(t.span(), "")
                .hint("write `distribution = \"normal\"`"),
            );
        }
        if distribution == crate::model::Distribution::LogitNormal
            && (parameter.bounds.0.is_none() || parameter.bounds.1.is_none())
        {
            faults.push(
                Diagnostic::error(
                    code::POPULATION,
                    format!("`{}` is logit-normal and has no `min` and `max`", e.name.as_str()),
                )
                .at(place(f, "distribution"), "")
                .hint("give both ends"),
            );
        }
        (parameter, None, Some(dimension))
    }
}
