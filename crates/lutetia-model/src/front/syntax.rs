//! Expressions as typed: names unresolved, every part with its place.

use lutetia_diagnostic::{Diagnostic, Span};

use super::{code, text::Text};
use crate::expr::Function;

/// Deepest nesting of brackets and operators.
const DEEPEST: usize = 64;
/// Most parts of one expression: sums are walked recursively further on.
const LARGEST: usize = 1500;

/// An expression as typed.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) kind: RawKind,
    pub(super) span: Span,
}

#[derive(Debug, Clone)]
pub(super) enum RawKind {
    Number(f64),
    /// `CL`, `L.plasma`, `L.plasma.hot`, `sex.male`, `L.*`.
    Name(String),
    /// `[L.plasma]`.
    Concentration(String),
    Neg(Box<Raw>),
    Binary(char, Box<Raw>, Box<Raw>),
    Call(String, Vec<Raw>),
    /// Two values compared.
    Compare(Function, Box<Raw>, Box<Raw>),
    /// `and`, `or`, `not` of conditions.
    Logic(Function, Vec<Raw>),
}

/// Reads an expression.
pub(super) fn expression(text: &Text) -> Result<Raw, Box<Diagnostic>> {
    let mut parser = Parser { text, s: text.as_str(), at: 0, depth: 0, parts: 0 };
    let raw = parser.any()?;
    parser.spaces();
    if parser.at < parser.s.len() {
        return Err(parser.fault("an operator or the end of the expression"));
    }
    Ok(raw)
}

struct Parser<'a> {
    text: &'a Text,
    s: &'a str,
    at: usize,
    depth: usize,
    parts: usize,
}

type Parsed = Result<Raw, Box<Diagnostic>>;

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.s[self.at..].chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
    }

    fn fault(&self, expected: &str) -> Box<Diagnostic> {
        if let Some(fault) = self.quantity() {
            return Box::new(fault);
        }
        let end = self.at + self.peek().map_or(0, char::len_utf8);
        let found = match self.peek() {
            Some(c) => format!("`{c}`"),
            None => "the end".to_owned(),
        };
        Box::new(
            Diagnostic::error(
                code::EXPRESSION,
                format!("cannot read the expression: found {found}, expected {expected}"),
            )
            .at(self.text.place(self.at, end), format!("expected {expected}"))
            .hint(self.advice()),
        )
    }

    /// The fault of a quantity, such as `0.5 nmol`, where an expression takes a number.
    fn quantity(&self) -> Option<Diagnostic> {
        let of_number = |c: char| c.is_ascii_digit() || c == '.';
        let of_unit = |c: char| c.is_alphanumeric() || "%/^*".contains(c);
        let before = self.s[..self.at].trim_end();
        let start = before.trim_end_matches(of_number).len();
        let unit = &self.s[self.at..];
        let unit = &unit[..unit.find(|c| !of_unit(c)).unwrap_or(unit.len())];
        if start == before.len() || !unit.starts_with(|c: char| c.is_alphabetic() || c == '%') {
            return None;
        }
        let quantity = format!("{} {unit}", &before[start..]);
        // `2 % of` and `1 apple` are other mistakes.
        lutetia_units::Quantity::parse(&quantity).ok()?;
        Some(
            Diagnostic::error(
                code::EXPRESSION,
                format!("cannot read the expression: found the quantity `{quantity}`, and numbers in an expression have no unit"),
            )
            .at(self.text.place(start, self.at + unit.len()), "a quantity with a unit")
            .hint(format!(
                "name it under `[parameters]`, `limit = {{ value = \"{quantity}\", fixed = true }}`, and write the name here"
            )),
        )
    }

    /// What to write in place of an operator of other languages.
    fn advice(&self) -> &'static str {
        match self.peek() {
            Some('&') => "write `and` between two conditions",
            Some('|') => "write `or` between two conditions",
            Some('!') => {
                "write `not` before a condition; numbers are compared by `<`, `<=`, `>` or `>=`"
            }
            Some('=') => {
                "numbers are compared by `<`, `<=`, `>` or `>=`; a level of a covariate is a condition by itself: `sex.male`"
            }
            Some('?' | ':') => "write `if(condition, value, other)`",
            Some('<' | '>') => "join two comparisons by `and`: `a < b and b < c`",
            _ => {
                "expressions have numbers, names, `[X.place]`, `+ - * / ^`, comparisons, `and`, `or`, `not`, brackets and functions"
            }
        }
    }

    fn enter(&mut self) -> Result<(), Box<Diagnostic>> {
        self.depth += 1;
        self.parts += 1;
        if self.depth > DEEPEST || self.parts > LARGEST {
            let limit = if self.depth > DEEPEST {
                format!("nested deeper than {DEEPEST}")
            } else {
                format!("longer than {LARGEST} parts")
            };
            return Err(Box::new(
                Diagnostic::error(code::EXPRESSION, format!("the expression is {limit}"))
                    .at(self.text.place(self.at, self.at + 1), "")
                    .hint("name parts of it under `[define]`"),
            ));
        }
        Ok(())
    }

    fn node(&self, kind: RawKind, start: usize) -> Raw {
        Raw { kind, span: self.text.place(start, self.at) }
    }

    /// Whether the word is next; it is passed over.
    fn word(&mut self, word: &str) -> bool {
        self.spaces();
        let rest = &self.s[self.at..];
        let found = rest.strip_prefix(word).is_some_and(|after| {
            !after.starts_with(|c: char| is_letter(c) || c.is_ascii_digit() || c == '.')
        });
        if found {
            self.at += word.len();
        }
        found
    }

    /// Anything: a value, or a condition. `or` binds weakest, then `and`, `not`, comparisons.
    fn any(&mut self) -> Parsed {
        self.spaces();
        let start = self.at;
        let mut all = vec![self.all()?];
        while self.word("or") {
            all.push(self.all()?);
        }
        Ok(self.logic(Function::Or, all, start))
    }

    fn all(&mut self) -> Parsed {
        self.spaces();
        let start = self.at;
        let mut all = vec![self.negated()?];
        while self.word("and") {
            all.push(self.negated()?);
        }
        Ok(self.logic(Function::And, all, start))
    }

    fn logic(&self, function: Function, mut parts: Vec<Raw>, start: usize) -> Raw {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                self.node(RawKind::Logic(function, parts), start)
            }
        }
    }

    fn negated(&mut self) -> Parsed {
        self.spaces();
        let start = self.at;
        if !self.word("not") {
            return self.comparison();
        }
        self.enter()?;
        let inner = self.negated()?;
        self.depth -= 1;
        Ok(self.node(RawKind::Logic(Function::Not, vec![inner]), start))
    }

    fn comparison(&mut self) -> Parsed {
        self.spaces();
        let start = self.at;
        let left = self.sum()?;
        self.spaces();
        let rest = &self.s[self.at..];
        let operators = [
            ("<=", Function::AtMost),
            (">=", Function::AtLeast),
            ("<", Function::Less),
            (">", Function::Greater),
        ];
        let Some((typed, function)) = operators.into_iter().find(|o| rest.starts_with(o.0)) else {
            return Ok(left);
        };
        self.at += typed.len();
        let right = self.sum()?;
        self.spaces();
        if matches!(self.peek(), Some('<' | '>')) {
            return Err(self.fault("`and`, `or` or the end of the condition"));
        }
        Ok(self.node(RawKind::Compare(function, Box::new(left), Box::new(right)), start))
    }

    fn sum(&mut self) -> Parsed {
        self.enter()?;
        self.spaces();
        let start = self.at;
        let mut left = self.product()?;
        loop {
            self.spaces();
            match self.peek() {
                Some(op @ ('+' | '-')) => {
                    self.bump();
                    self.parts += 1;
                    let right = self.product()?;
                    left = self.node(RawKind::Binary(op, Box::new(left), Box::new(right)), start);
                    if self.parts > LARGEST {
                        self.enter()?;
                    }
                }
                _ => {
                    self.depth -= 1;
                    return Ok(left);
                }
            }
        }
    }

    fn product(&mut self) -> Parsed {
        self.spaces();
        let start = self.at;
        let mut left = self.unary()?;
        loop {
            self.spaces();
            match self.peek() {
                Some(op @ ('*' | '/')) => {
                    self.bump();
                    self.parts += 1;
                    let right = self.unary()?;
                    left = self.node(RawKind::Binary(op, Box::new(left), Box::new(right)), start);
                    if self.parts > LARGEST {
                        self.enter()?;
                    }
                }
                _ => return Ok(left),
            }
        }
    }

    fn unary(&mut self) -> Parsed {
        self.spaces();
        let start = self.at;
        if self.peek() == Some('-') {
            self.bump();
            self.enter()?;
            let inner = self.unary()?;
            self.depth -= 1;
            return Ok(self.node(RawKind::Neg(Box::new(inner)), start));
        }
        if self.peek() == Some('+') {
            self.bump();
            self.enter()?;
            let inner = self.unary()?;
            self.depth -= 1;
            return Ok(inner);
        }
        self.power()
    }

    fn power(&mut self) -> Parsed {
        let start = self.at;
        let base = self.primary()?;
        self.spaces();
        if self.peek() == Some('^') {
            self.bump();
            self.enter()?;
            // Right-associative, and an exponent may be negative.
            let exponent = self.unary()?;
            self.depth -= 1;
            return Ok(self.node(RawKind::Binary('^', Box::new(base), Box::new(exponent)), start));
        }
        Ok(base)
    }

    fn primary(&mut self) -> Parsed {
        self.spaces();
        let start = self.at;
        match self.peek() {
            Some('(') => {
                self.bump();
                let inner = self.any()?;
                self.spaces();
                if self.peek() != Some(')') {
                    return Err(self.fault("`)`"));
                }
                self.bump();
                Ok(inner)
            }
            Some('[') => {
                self.bump();
                self.spaces();
                let name = self.path()?;
                self.spaces();
                if self.peek() != Some(']') {
                    return Err(self.fault("`]`"));
                }
                self.bump();
                Ok(self.node(RawKind::Concentration(name), start))
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if is_letter(c) || c == '*' => {
                let name = self.path()?;
                if ["and", "or", "not"].contains(&name.as_str()) {
                    self.at = start;
                    return Err(self.fault("a value"));
                }
                self.spaces();
                if self.peek() == Some('(') && !name.contains('.') && name != "*" {
                    self.bump();
                    let mut arguments = Vec::new();
                    self.spaces();
                    if self.peek() != Some(')') {
                        loop {
                            arguments.push(self.any()?);
                            self.spaces();
                            match self.peek() {
                                Some(',') => self.bump(),
                                Some(')') => break,
                                _ => return Err(self.fault("`,` or `)`")),
                            }
                        }
                    }
                    self.bump();
                    return Ok(self.node(RawKind::Call(name, arguments), start));
                }
                Ok(self.node(RawKind::Name(name), start))
            }
            _ => Err(self.fault("a number, a name, `[X.place]` or `(`")),
        }
    }

    fn number(&mut self) -> Parsed {
        let start = self.at;
        let digits = |p: &mut Self| {
            while p.peek().is_some_and(|c| c.is_ascii_digit()) {
                p.bump();
            }
        };
        digits(self);
        if self.peek() == Some('.') {
            self.bump();
            digits(self);
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            let before = self.at;
            self.bump();
            if matches!(self.peek(), Some('+' | '-')) {
                self.bump();
            }
            if self.peek().is_some_and(|c| c.is_ascii_digit()) {
                digits(self);
            } else {
                self.at = before;
            }
        }
        let text = &self.s[start..self.at];
        match text.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(self.node(RawKind::Number(x), start)),
            _ => Err(Box::new(
                Diagnostic::error(code::NUMBER, format!("`{text}` is not a finite number"))
                    .at(self.text.place(start, self.at), "")
                    .hint("write a decimal number such as `0.5` or `1e-3`"),
            )),
        }
    }

    /// Names joined by dots; `*` stands for all names at its place.
    fn path(&mut self) -> Result<String, Box<Diagnostic>> {
        let mut path = String::new();
        loop {
            match self.peek() {
                Some('*') => {
                    self.bump();
                    path.push('*');
                }
                Some(c) if is_letter(c) => {
                    while let Some(c) = self.peek().filter(|c| is_letter(*c) || c.is_ascii_digit())
                    {
                        path.push(c);
                        self.bump();
                    }
                }
                _ => return Err(self.fault("a name")),
            }
            // A dot that is not followed by a name ends the path; the caller says what it expected.
            let next = self.s[self.at..].chars().nth(1);
            if self.peek() == Some('.') && next.is_some_and(|c| is_letter(c) || c == '*') {
                self.bump();
                path.push('.');
            } else {
                return Ok(path);
            }
        }
    }
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '~'
}
