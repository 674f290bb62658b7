//! Expressions as text and as LaTeX.

use super::fold::sum_text;
use crate::{
    expr::{Expr, Form, Function, Symbol},
    model::{Model, OrganTable},
    system::pool_name,
};

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Text,
    Latex,
}

/// Binding strength of what was written, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Power,
    Atom,
}

/// Writes expressions of one model.
pub(super) struct Printer<'a> {
    pub(super) model: &'a Model,
    pub(super) style: Style,
}

impl Printer<'_> {
    pub(super) fn expr(&self, expr: &Expr) -> String {
        self.write(expr).0
    }

    /// An expression that stands in a product.
    pub(super) fn factor(&self, expr: &Expr) -> String {
        self.at_least(expr, Strength::Product)
    }

    fn at_least(&self, expr: &Expr, strength: Strength) -> String {
        let (text, found) = self.write(expr);
        if found >= strength { text } else { self.bracketed(&text) }
    }

    fn bracketed(&self, text: &str) -> String {
        match self.style {
            Style::Text => format!("({text})"),
            Style::Latex => format!("\\left({text}\\right)"),
        }
    }

    fn write(&self, expr: &Expr) -> (String, Strength) {
        match expr {
            Expr::Number(x) => {
                let strength = if *x < 0.0 { Strength::Sum } else { Strength::Atom };
                (self.number(*x), strength)
            }
            Expr::Symbol(symbol) => (self.symbol(*symbol), Strength::Atom),
            Expr::Neg(a) => (format!("-{}", self.at_least(a, Strength::Product)), Strength::Sum),
            Expr::Add(..) | Expr::Sub(..) | Expr::Mul(..) | Expr::Div(..) => self.chain(expr),
            Expr::Pow(a, b) => {
                let base = self.at_least(a, Strength::Atom);
                match self.style {
                    Style::Text => {
                        (format!("{base}^{}", self.at_least(b, Strength::Atom)), Strength::Power)
                    }
                    Style::Latex => (format!("{{{base}}}^{{{}}}", self.expr(b)), Strength::Power),
                }
            }
            Expr::Call(function, arguments) => match (function, arguments.as_slice()) {
                (function, [a, b]) if function.is_condition() => self.relation(*function, a, b),
                (Function::Not, [a]) => {
                    let inner = self.at_least(a, Strength::Not);
                    let not = if self.style == Style::Text { "not " } else { "\\lnot " };
                    (format!("{not}{inner}"), Strength::Not)
                }
                _ => (self.call(*function, arguments), Strength::Atom),
            },
        }
    }

    /// A comparison, or two conditions joined.
    fn relation(&self, function: Function, a: &Expr, b: &Expr) -> (String, Strength) {
        let (strength, text, latex) = match function {
            Function::Less => (Strength::Comparison, "<", "<"),
            Function::AtMost => (Strength::Comparison, "<=", "\\le"),
            Function::Greater => (Strength::Comparison, ">", ">"),
            Function::AtLeast => (Strength::Comparison, ">=", "\\ge"),
            Function::And => (Strength::And, "and", "\\land"),
            _ => (Strength::Or, "or", "\\lor"),
        };
        // Two comparisons in a row have no meaning.
        let least = if strength == Strength::Comparison { Strength::Sum } else { strength };
        let sign = if self.style == Style::Text { text } else { latex };
        let (a, b) = (self.at_least(a, least), self.at_least(b, least));
        (format!("{a} {sign} {b}"), strength)
    }

    /// Left-leaning chains are written in a loop: a sum may be thousands of terms long.
    fn chain(&self, expr: &Expr) -> (String, Strength) {
        let mut spine = Vec::new();
        let mut first = expr;
        while let Expr::Add(a, _) | Expr::Sub(a, _) | Expr::Mul(a, _) | Expr::Div(a, _) = first {
            spine.push(first);
            first = a;
        }
        let (text, mut strength) = self.write(first);
        // The terms of the sum so far, each with whether it is subtracted.
        let mut terms = vec![(false, text)];
        for node in spine.into_iter().rev() {
            if let Expr::Add(_, b) | Expr::Sub(_, b) = node {
                terms.push((matches!(node, Expr::Sub(..)), self.at_least(b, Strength::Product)));
                strength = Strength::Sum;
                continue;
            }
            let mut text = self.terms(&mut terms, &mut strength);
            match node {
                Expr::Mul(_, b) => {
                    if strength < Strength::Product {
                        text = self.bracketed(&text);
                    }
                    // A quotient on the right needs brackets in text: a*(b/c).
                    let right = self.at_least(b, Strength::Power);
                    text = match self.style {
                        Style::Text => format!("{text}*{right}"),
                        Style::Latex => format!("{text}\\,{right}"),
                    };
                    strength = Strength::Product;
                }
                Expr::Div(_, b) => match self.style {
                    Style::Text => {
                        if strength < Strength::Product {
                            text = self.bracketed(&text);
                        }
                        text = format!("{text}/{}", self.at_least(b, Strength::Power));
                        strength = Strength::Product;
                    }
                    Style::Latex => {
                        text = format!("\\frac{{{text}}}{{{}}}", self.expr(b));
                        strength = Strength::Power;
                    }
                },
                _ => {}
            }
            terms = vec![(false, text)];
        }
        let text = self.terms(&mut terms, &mut strength);
        (text, strength)
    }

    /// Terms as a sum; in text, those of all organs of a choice are one.
    fn terms(&self, terms: &mut Vec<(bool, String)>, strength: &mut Strength) -> String {
        if terms.len() == 1 {
            return terms.pop().map(|term| term.1).unwrap_or_default();
        }
        let none = OrganTable::default();
        let organs = if self.style == Style::Text { &self.model.organs } else { &none };
        let (text, alone) = sum_text(organs, terms);
        if alone {
            *strength = Strength::Atom;
        }
        text
    }

    fn call(&self, function: Function, arguments: &[Expr]) -> String {
        let list: Vec<String> = arguments.iter().map(|a| self.expr(a)).collect();
        let name = match function {
            Function::Exp => "exp",
            Function::Ln => "ln",
            Function::Log10 => "log10",
            Function::Sqrt => "sqrt",
            Function::Abs => "abs",
            Function::Tanh => "tanh",
            Function::Min => "min",
            Function::Max => "max",
            Function::Hill => "hill",
            Function::Step => "step",
            Function::IfPositive => "if_positive",
            Function::If => "if",
            // Written between or before their arguments.
            Function::Less => "less",
            Function::AtMost => "at_most",
            Function::Greater => "greater",
            Function::AtLeast => "at_least",
            Function::And => "and",
            Function::Or => "or",
            Function::Not => "not",
        };
        if self.style == Style::Text {
            return format!("{name}({})", list.join(", "));
        }
        match (function, list.as_slice()) {
            (Function::Sqrt, [a]) => format!("\\sqrt{{{a}}}"),
            (Function::Abs, [a]) => format!("\\left|{a}\\right|"),
            (Function::Log10, [a]) => format!("\\log_{{10}}\\left({a}\\right)"),
            (Function::If, [holds, a, b]) => format!(
                "\\begin{{cases}} {a} & \\text{{if }} {holds} \\\\ {b} & \\text{{otherwise}} \\end{{cases}}"
            ),
            (Function::Hill, [x, k, n]) => {
                format!("\\frac{{({x})^{{{n}}}}}{{({k})^{{{n}}} + ({x})^{{{n}}}}}")
            }
            (Function::Exp | Function::Ln | Function::Tanh | Function::Min | Function::Max, _) => {
                format!("\\{name}\\left({}\\right)", list.join(", "))
            }
            _ => format!(
                "\\operatorname{{{}}}\\left({}\\right)",
                name.replace('_', "\\_"),
                list.join(", ")
            ),
        }
    }

    fn symbol(&self, symbol: Symbol) -> String {
        let m = self.model;
        match symbol {
            Symbol::Time => "t".to_owned(),
            Symbol::Parameter(i) => self.name(&m.parameters[i].name),
            Symbol::Covariate(i) => self.name(&m.covariates[i].name),
            Symbol::CovariateLevel(i, level) => {
                let covariate = &m.covariates[i];
                let level = covariate.levels.get(level).map_or("?", String::as_str);
                match self.style {
                    Style::Text => format!("{}.{level}", covariate.name),
                    Style::Latex => format!(
                        "[\\mathrm{{{}}}=\\mathrm{{{}}}]",
                        escape(&covariate.name),
                        escape(level)
                    ),
                }
            }
            Symbol::Define(i) => self.name(&m.defines[i].name),
            Symbol::Input(i) => self.name(&m.inputs[i].name),
            // The last transit state is the delay's value.
            Symbol::Quantity(i) => match m.delays.iter().find(|d| d.first + d.states == i + 1) {
                Some(delay) => self.name(&delay.name),
                None => self.name(&m.quantities[i].name),
            },
            Symbol::Amount(pool, form) => self.amount(pool, form),
            Symbol::Volume(i) => match self.style {
                Style::Text => format!("volume({})", m.compartments[i].name),
                Style::Latex => format!("V(\\mathrm{{{}}})", escape(&m.compartments[i].name)),
            },
            Symbol::Activity(pool) => match self.style {
                Style::Text => format!("activity({})", pool_name(m, pool)),
                Style::Latex => {
                    format!("\\mathcal{{A}}\\left({}\\right)", self.amount(pool, Form::Total))
                }
            },
        }
    }

    /// The amount of a pool, or of one form of it.
    pub(super) fn amount(&self, pool: usize, form: Form) -> String {
        let suffix = match form {
            Form::Total => "",
            Form::Hot => "hot",
            Form::Cold => "cold",
        };
        let m = self.model;
        match (self.style, suffix) {
            (Style::Text, "") => pool_name(m, pool),
            (Style::Text, form) => format!("{}.{form}", pool_name(m, pool)),
            (Style::Latex, form) => {
                let species = &m.species[m.pools[pool].species].name;
                let place = &m.compartments[m.pools[pool].place].name;
                let place = match (species.split_once(':'), place.split_once(':')) {
                    (Some((a, _)), Some((b, bare))) if a == b => bare,
                    _ => place,
                };
                let base =
                    format!("\\mathrm{{{}}}_{{\\mathrm{{{}}}}}", escape(species), escape(place));
                if form.is_empty() { base } else { format!("{base}^{{\\mathrm{{{form}}}}}") }
            }
        }
    }

    /// A name: in LaTeX what follows the first underscore is the index.
    pub(super) fn name(&self, name: &str) -> String {
        if self.style == Style::Text {
            return name.to_owned();
        }
        let letters = |text: &str| {
            if text.chars().count() == 1 {
                escape(text)
            } else {
                format!("\\mathit{{{}}}", escape(text))
            }
        };
        match name.split_once('_') {
            Some((base, index)) if !base.is_empty() && !index.is_empty() => {
                format!("{}_{{\\mathrm{{{}}}}}", letters(base), escape(index))
            }
            _ => letters(name),
        }
    }

    pub(super) fn number(&self, x: f64) -> String {
        let text = number(x);
        match (self.style, text.split_once('e')) {
            (Style::Latex, Some((mantissa, exponent))) => {
                format!("{mantissa}\\cdot 10^{{{exponent}}}")
            }
            _ => text,
        }
    }
}

/// A number to twelve significant digits without trailing zeros; conversion between units leaves
/// noise behind these.
pub(super) fn number(x: f64) -> String {
    if !x.is_finite() {
        return x.to_string();
    }
    let rounded: f64 = format!("{x:.11e}").parse().unwrap_or(x);
    if rounded.abs() > 0.0 && !(1e-4..1e7).contains(&rounded.abs()) {
        format!("{rounded:e}")
    } else {
        format!("{rounded}")
    }
}

/// Text made safe for LaTeX.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '_' | '%' | '&' | '#' | '$' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            _ => out.push(c),
        }
    }
    out
}
