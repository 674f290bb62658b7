//! What parameters and volumes are worth before anything runs: at their defaults and typical covariates.

use crate::{
    expr::{Expr, Function, Symbol},
    model::{EffectForm, Model, Parameter, ParameterValue},
    system::function_of_one,
};

/// The numbers of a model at its defaults.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    model: &'a Model,
    /// Internal value of each parameter, with its covariate effects; nothing where it is not known.
    pub(crate) parameters: Vec<Option<f64>>,
}

impl<'a> Values<'a> {
    /// Works out every parameter in its order.
    pub(crate) fn new(model: &'a Model) -> Self {
        let plain: Vec<Option<f64>> = model
            .parameters
            .iter()
            .map(|p| match p.value {
                ParameterValue::Number(x) => Some(x).filter(|x| !x.is_nan()),
                ParameterValue::Formula { .. } => None,
            })
            .collect();
        let mut values = Self { model, parameters: plain.clone() };
        for (index, parameter) in model.parameters.iter().enumerate() {
            let with = plain[index].and_then(|x| values.with_effects(parameter, x, &plain));
            values.parameters[index] = with;
        }
        for &index in &model.parameter_order {
            let parameter = &model.parameters[index];
            if let ParameterValue::Formula { expr, .. } = &parameter.value {
                let value = values.of(expr);
                values.parameters[index] =
                    value.and_then(|x| values.with_effects(parameter, x, &plain));
            }
        }
        values
    }

    fn with_effects(
        &self,
        parameter: &Parameter,
        value: f64,
        plain: &[Option<f64>],
    ) -> Option<f64> {
        let mut value = value;
        for effect in &parameter.effects {
            let covariate = self.model.covariates[effect.covariate].typical?;
            let b = plain[effect.coefficient]?;
            value *= match effect.form {
                EffectForm::Power { reference } => (covariate / reference).powf(b),
                EffectForm::Exponential { reference } => (b * (covariate - reference)).exp(),
                EffectForm::Linear { reference } => 1.0 + b * (covariate - reference),
                EffectForm::Level { level } => 1.0 + b * is_level(covariate, level),
            };
        }
        Some(value)
    }

    /// The value of an expression (internal); nothing where it varies in time or a covariate has no typical value.
    pub(crate) fn of(&self, expr: &Expr) -> Option<f64> {
        // Sums lean to the left; the spine is walked in a loop, as where they are compiled.
        let mut spine = Vec::new();
        let mut first = expr;
        while let Expr::Add(a, _) | Expr::Sub(a, _) | Expr::Mul(a, _) | Expr::Div(a, _) = first {
            spine.push(first);
            first = a;
        }
        let mut value = self.operand(first)?;
        for node in spine.into_iter().rev() {
            value = match node {
                Expr::Add(_, b) => value + self.of(b)?,
                Expr::Sub(_, b) => value - self.of(b)?,
                Expr::Mul(_, b) => value * self.of(b)?,
                Expr::Div(_, b) => value / self.of(b)?,
                _ => value,
            };
        }
        Some(value)
    }

    fn operand(&self, expr: &Expr) -> Option<f64> {
        match expr {
            Expr::Number(x) => Some(*x),
            Expr::Symbol(Symbol::Parameter(p)) => self.parameters[*p],
            Expr::Symbol(Symbol::Covariate(c)) => self.model.covariates[*c].typical,
            Expr::Symbol(Symbol::CovariateLevel(c, level)) => {
                self.model.covariates[*c].typical.map(|x| is_level(x, *level))
            }
            Expr::Symbol(_) => None,
            Expr::Neg(a) => self.of(a).map(|x| -x),
            Expr::Pow(a, b) => Some(self.of(a)?.powf(self.of(b)?)),
            Expr::Call(function, arguments) => self.call(*function, arguments),
            Expr::Add(..) | Expr::Sub(..) | Expr::Mul(..) | Expr::Div(..) => self.of(expr),
        }
    }

    fn call(&self, function: Function, arguments: &[Expr]) -> Option<f64> {
        let number = |holds: bool| Some(f64::from(u8::from(holds)));
        match (function, arguments) {
            // The branch that is not taken need not have a value.
            (Function::If | Function::IfPositive, [x, a, b]) => {
                self.of(if self.of(x)? > 0.0 { a } else { b })
            }
            (Function::Less, [a, b]) => number(self.of(a)? < self.of(b)?),
            (Function::AtMost, [a, b]) => number(self.of(a)? <= self.of(b)?),
            (Function::Greater, [a, b]) => number(self.of(a)? > self.of(b)?),
            (Function::AtLeast, [a, b]) => number(self.of(a)? >= self.of(b)?),
            (Function::And, [a, b]) => number(self.of(a)? > 0.0 && self.of(b)? > 0.0),
            (Function::Or, [a, b]) => number(self.of(a)? > 0.0 || self.of(b)? > 0.0),
            (Function::Not, [a]) => number(self.of(a)? <= 0.0),
            (Function::Min, [a, b]) => Some(self.of(a)?.min(self.of(b)?)),
            (Function::Max, [a, b]) => Some(self.of(a)?.max(self.of(b)?)),
            (Function::Hill, [x, k, n]) => {
                let power = (self.of(x)?.max(0.0) / self.of(k)?).powf(self.of(n)?);
                Some(power / (1.0 + power))
            }
            (_, [a]) => function_of_one(function, self.of(a)?),
            _ => None,
        }
    }
}

fn is_level(covariate: f64, level: usize) -> f64 {
    f64::from(u8::from((covariate - level as f64).abs() <= 0.5))
}
