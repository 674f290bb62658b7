//! Parameters: values, formulas, variability.

use lutetia_diagnostic::Diagnostic;
use lutetia_units::{Dimension, Quantity, Unit};

use super::super::{
    code,
    declare::Entry,
    fields::{self, looks_like_quantity, place, quantity, quantity_of, required, string, text},
    grade,
    names::Place,
    population,
    syntax::{self, Raw},
    text::Text,
    tree::{Node, Value},
};
use super::{Builder, order::sorted};
use crate::model::{Distribution, Parameter, ParameterValue};

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
            let condition = self.names.is_condition(raw, &expr);
            parameter.value = ParameterValue::Formula { expr, text: t.as_str().to_owned() };
            if let Some(meaning) = self.names.plain.get_mut(&names[*i]) {
                meaning.dimension = Some(dimension);
                meaning.condition = condition;
            }
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
            uncertainty: None,
            effects: Vec::new(),
            source: string(f, "source", faults),
            evidence: grade::evidence(f, faults),
            of_nuclide: None,
            daughter: None,
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
            return (parameter, formula(e, t, faults), None);
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
        parameter.of_nuclide = grade::of_nuclide(f, q.dimension(), faults);
        parameter.daughter = grade::daughter(f, q.dimension(), faults);
        declared_unit(e, &t, &q, faults);
        parameter.bounds = self.bounds(e, &t, (value, &parameter.unit), faults);
        self.variability(e, &t, value, &mut parameter, faults);
        let unit = &parameter.unit;
        parameter.uncertainty =
            population::uncertainty(f, (value, unit), &self.names.units, faults);
        (parameter, None, Some(q.dimension()))
    }

    /// The least and the greatest value, internal; the value itself must lie between them.
    fn bounds(
        &self,
        e: &Entry,
        t: &Text,
        (value, unit): (f64, &Unit),
        faults: &mut Vec<Diagnostic>,
    ) -> (Option<f64>, Option<f64>) {
        let mut bound = |key: &str| {
            let t = text(&e.fields, key, faults)?;
            quantity_of(t, unit.dimension(), &format!("`{key}`"), faults)
                .map(|q| self.names.units.to_internal(&q))
        };
        let (low, high) = (bound("min"), bound("max"));
        let inside = low.is_none_or(|low| low <= value) && high.is_none_or(|high| value <= high);
        let shown =
            |bound: Option<f64>| bound.map_or_else(|| "…".to_owned(), |x| self.shown(x, unit));
        if !inside {
            faults.push(
                Diagnostic::error(
                    code::NUMBER,
                    format!(
                        "`{}` is `{}`; expected {} to {}, its bounds",
                        e.name.as_str(),
                        t.as_str(),
                        shown(low),
                        shown(high)
                    ),
                )
                .at(t.span(), "")
                .hint("correct `value`, `min` or `max`"),
            );
        }
        (low, high)
    }

    /// How the parameter differs between individuals and occasions, and whether it can by its law.
    fn variability(
        &self,
        e: &Entry,
        t: &Text,
        value: f64,
        parameter: &mut Parameter,
        faults: &mut Vec<Diagnostic>,
    ) {
        let f = &e.fields;
        let law = population::distribution(f, faults);
        let mut of = |key: &str| {
            population::variability(f, key, law, &parameter.unit, &self.names.units, faults)
        };
        let (iiv, iov) = (of("iiv"), of("iov"));
        let varies = iiv.is_some() || iov.is_some();
        (parameter.iiv, parameter.iov) = (iiv, iov);
        if parameter.fixed && varies {
            faults.push(
                Diagnostic::error(
                    code::POPULATION,
                    format!("`{}` is fixed and varies between individuals", e.name.as_str()),
                )
                .at(place(f, "fixed"), "")
                .hint("leave `fixed` or `iiv` out"),
            );
        }
        let positive = match law {
            Distribution::LogNormal => Some("log-normal"),
            Distribution::BoxCox { .. } => Some("Box-Cox"),
            _ => None,
        };
        if let Some(named) = positive.filter(|_| varies && value <= 0.0) {
            faults.push(
                Diagnostic::error(
                    code::POPULATION,
                    format!("`{}` is {named} and its value is not above zero", e.name.as_str()),
                )
                .at(t.span(), "")
                .hint("write `distribution = \"normal\"`"),
            );
        }
        let bounded = parameter.bounds.0.is_some() && parameter.bounds.1.is_some();
        if law == Distribution::LogitNormal && !bounded {
            faults.push(
                Diagnostic::error(
                    code::POPULATION,
                    format!("`{}` is logit-normal and has no `min` and `max`", e.name.as_str()),
                )
                .at(place(f, "distribution"), "")
                .hint("give both ends"),
            );
        }
    }
}

/// The formula of a parameter, which has no variability of its own.
fn formula(e: &Entry, t: Text, faults: &mut Vec<Diagnostic>) -> Option<(Raw, Text)> {
    for key in ["iiv", "iov", "uncertainty"].into_iter().filter(|key| e.fields.get(key).is_some()) {
        faults.push(
            Diagnostic::error(
                code::POPULATION,
                format!("`{}` is a formula, so it has no `{key}` of its own", e.name.as_str()),
            )
            .at(place(&e.fields, key), "")
            .hint("give it to a parameter in the formula"),
        );
    }
    let raw = syntax::expression(&t).map_err(|d| faults.push(*d)).ok()?;
    Some((raw, t))
}

/// A unit that is declared beside a value must be one of its dimension.
fn declared_unit(e: &Entry, t: &Text, q: &Quantity, faults: &mut Vec<Diagnostic>) {
    if let Some(ut) = text(&e.fields, "unit", faults)
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
}
