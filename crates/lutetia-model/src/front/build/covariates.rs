//! Covariates and their effects on parameters.

use lutetia_diagnostic::{Diagnostic, closest};
use lutetia_units::{Dimension, Unit};

use super::super::{
    code,
    declare::{Entry, Fields, unknown, wrong_kind},
    fields::{self, place, quantity, quantity_of, required, string, text, texts},
    keys,
    names::Names,
    text::Text,
    tree::{Node, Value},
};
use super::Builder;
use crate::model::{Covariate, Effect, EffectForm, Parameter, ParameterValue};

impl Builder<'_> {
    pub(super) fn covariates(&mut self, faults: &mut Vec<Diagnostic>) {
        for e in &self.found.patient {
            let f = &e.fields;
            let index = self.covariates.len();
            let levels: Vec<String> =
                texts(f, "levels", faults).iter().map(|t| t.as_str().to_owned()).collect();
            let about = string(f, "about", faults);
            if levels.is_empty() {
                let mut covariate = Covariate {
                    name: e.name.as_str().to_owned(),
                    unit: Unit::dimensionless(),
                    typical: None,
                    range: None,
                    levels,
                    driven: None,
                    about,
                };
                let typical =
                    text(f, "typical", faults).and_then(|t| Some((t, quantity(t, faults)?)));
                let unit = text(f, "unit", faults).and_then(|t| fields::unit(t, faults));
                covariate.unit = unit.or_else(|| typical.as_ref().map(|t| t.1.unit().clone())).unwrap_or_else(|| {
                    faults.push(
                        Diagnostic::error(code::MISSING, format!("covariate `{}` has no `unit`", e.name.as_str()))
                            .at(e.name.span(), "`unit` is missing")
                            .hint("write `unit = \"kg\"`, or `levels = [\"female\", \"male\"]` for a categorical one"),
                    );
                    Unit::dimensionless()
                });
                let dimension = covariate.unit.dimension();
                let read = |t: &Text, what: &str, faults: &mut Vec<Diagnostic>| {
                    quantity_of(t, dimension, what, faults)
                        .map(|q| self.names.units.to_internal(&q))
                };
                covariate.typical =
                    text(f, "typical", faults).and_then(|t| read(t, "the typical value", faults));
                let range = texts(f, "range", faults);
                covariate.range = match range[..] {
                    [] => None,
                    [low, high] => {
                        match (read(low, "the range", faults), read(high, "the range", faults)) {
                            (Some(a), Some(b)) if a < b => Some((a, b)),
                            (Some(_), Some(_)) => {
                                faults.push(
                                    Diagnostic::error(
                                        code::COVARIATE,
                                        format!("the range of `{}` is empty", e.name.as_str()),
                                    )
                                    .at(low.span(), "")
                                    .hint("give the lower end first"),
                                );
                                None
                            }
                            _ => None,
                        }
                    }
                    _ => {
                        faults.push(
                            Diagnostic::error(code::COVARIATE, "a range has two ends")
                                .at(place(f, "range"), "")
                                .hint("write `range = [\"30 kg\", \"200 kg\"]`"),
                        );
                        None
                    }
                };
                if let (Some(x), Some((low, high))) = (covariate.typical, covariate.range)
                    && !(low..=high).contains(&x)
                {
                    faults.push(
                        Diagnostic::error(
                            code::COVARIATE,
                            format!(
                                "the typical value of `{}` is {}; expected {} to {}, its range",
                                e.name.as_str(),
                                self.shown(x, &covariate.unit),
                                self.shown(low, &covariate.unit),
                                self.shown(high, &covariate.unit),
                            ),
                        )
                        .at(place(f, "typical"), "")
                        .hint("widen the range or correct the value"),
                    );
                }
                self.covariates.push(covariate);
            } else {
                let typical = text(f, "typical", faults).and_then(|t| {
                    let at = levels.iter().position(|l| l == t.as_str());
                    if at.is_none() {
                        faults.push(
                            Diagnostic::error(
                                code::COVARIATE,
                                format!("`{}` is not a level of `{}`", t.as_str(), e.name.as_str()),
                            )
                            .at(t.span(), "")
                            .hint(format!("the levels are {}", levels.join(", "))),
                        );
                    }
                    at
                });
                for (i, level) in levels.iter().enumerate() {
                    self.names.levels.insert(format!("{}.{level}", e.name.as_str()), (index, i));
                }
                self.covariates.push(Covariate {
                    name: e.name.as_str().to_owned(),
                    unit: Unit::dimensionless(),
                    typical: typical.map(|i| i as f64),
                    range: None,
                    levels,
                    driven: None,
                    about,
                });
            }
        }
    }

    /// Covariate effects; each coefficient becomes a parameter of its own.
    pub(super) fn effects(&mut self, faults: &mut Vec<Diagnostic>) {
        let known = keys::names(keys::EFFECT);
        for (i, e) in self.found.parameters.iter().enumerate() {
            let nodes: Vec<Node> = match e.fields.get("effects") {
                None => continue,
                Some(Node { value: Value::List(items), .. }) => items.clone(),
                Some(node) => vec![node.clone()],
            };
            for node in &nodes {
                let Value::Table(list) = &node.value else {
                    faults.push(wrong_kind("effects", &node.value, "a list of tables", node.span));
                    continue;
                };
                for (k, _) in list {
                    if !known.contains(&k.as_str()) {
                        faults.push(unknown(k, "key", &known));
                    }
                }
                let own = Fields { list: list.clone(), span: node.span };
                if let Some((effect, coefficient)) = self.effect(e, &own, faults) {
                    let index = self.parameters.len();
                    self.parameter_order.push(index);
                    self.parameters.push(coefficient);
                    self.parameters[i].effects.push(Effect { coefficient: index, ..effect });
                }
            }
        }
    }

    pub(super) fn effect(
        &mut self,
        e: &Entry,
        own: &Fields,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<(Effect, Parameter)> {
        let of = required(own, "of", "an effect", "\"weight\"", faults)?;
        let Some(covariate) = self.covariates.iter().position(|c| c.name == of.as_str()) else {
            let known = self.covariates.iter().map(|c| c.name.as_str());
            let hint = closest(of.as_str(), known).map_or_else(
                || "declare it under `[patient]`".to_owned(),
                |c| format!("did you mean `{c}`?"),
            );
            faults.push(
                Diagnostic::error(
                    code::UNDECLARED,
                    format!("`{}` is not a covariate", of.as_str()),
                )
                .at(of.span(), "not declared")
                .hint(hint),
            );
            return None;
        };
        self.names.used.insert(of.as_str().to_owned());
        let unit = self.covariates[covariate].unit.clone();
        let form_text = required(own, "form", "an effect", "\"power\"", faults)?;
        let reference = |names: &Names, faults: &mut Vec<Diagnostic>| {
            let t = required(own, "reference", "an effect", "\"70 kg\"", faults)?;
            quantity_of(t, unit.dimension(), "the reference", faults)
                .map(|q| names.units.to_internal(&q))
        };
        let (form, dimension) = match form_text.as_str() {
            "power" => {
                let reference = reference(&self.names, faults)?;
                if reference <= 0.0 {
                    faults.push(
                        Diagnostic::error(
                            code::COVARIATE,
                            "the reference of a power must be above zero",
                        )
                        .at(place(own, "reference"), "")
                        .hint("use form = \"linear\""),
                    );
                    return None;
                }
                (EffectForm::Power { reference }, Dimension::NONE)
            }
            "exponential" => (
                EffectForm::Exponential { reference: reference(&self.names, faults)? },
                Dimension::NONE / unit.dimension(),
            ),
            "linear" => (
                EffectForm::Linear { reference: reference(&self.names, faults)? },
                Dimension::NONE / unit.dimension(),
            ),
            "level" => {
                let t = required(own, "level", "an effect", "\"female\"", faults)?;
                let Some(level) =
                    self.covariates[covariate].levels.iter().position(|l| l == t.as_str())
                else {
                    faults.push(
                        Diagnostic::error(
                            code::COVARIATE,
                            format!("`{}` is not a level of `{}`", t.as_str(), of.as_str()),
                        )
                        .at(t.span(), "")
                        .hint(if self.covariates[covariate].levels.is_empty() {
                            format!(
                                "`{}` has no levels; use form = \"power\", \"exponential\" or \"linear\"",
                                of.as_str()
                            )
                        } else {
                            format!("the levels are {}", self.covariates[covariate].levels.join(", "))
                        }),
                    );
                    return None;
                };
                (EffectForm::Level { level }, Dimension::NONE)
            }
            other => {
                faults.push(
                    Diagnostic::error(
                        code::COVARIATE,
                        format!("unknown form `{other}` of an effect"),
                    )
                    .at(form_text.span(), "")
                    .hint("one of `power`, `exponential`, `linear`, `level`"),
                );
                return None;
            }
        };
        let t = required(own, "coefficient", "an effect", "\"0.75\"", faults)?;
        let q = quantity_of(t, dimension, "the coefficient", faults)?;
        let coefficient = Parameter {
            name: format!("{}~{}", e.name.as_str(), of.as_str()),
            dimension,
            unit: q.unit().clone(),
            value: ParameterValue::Number(self.names.units.to_internal(&q)),
            fixed: false,
            bounds: (None, None),
            iiv: None,
            iov: None,
            uncertainty: None,
            effects: Vec::new(),
            source: string(&e.fields, "source", faults),
            evidence: None,
            of_nuclide: None,
            daughter: None,
            about: Some(format!("effect of {} on {}", of.as_str(), e.name.as_str())),
        };
        Some((Effect { covariate, form, coefficient: 0 }, coefficient))
    }
}
