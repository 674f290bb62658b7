//! Names: what each means, and expressions with every name resolved and every dimension verified.

use std::collections::BTreeMap;

use lutetia_diagnostic::{Diagnostic, Span, closest};
use lutetia_units::{Dimension, UnitSystem};

use super::{
    code,
    sums::stands_for_several,
    syntax::{Raw, RawKind},
};
use crate::{
    expr::{Expr, Form, Function, Symbol},
    model::Delay,
};

/// What a plain name means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning {
    pub(super) symbol: Symbol,
    pub(super) dimension: Option<Dimension>,
    /// Whether it is 1 where something holds, else 0.
    pub(super) condition: bool,
    pub(super) span: Span,
}

/// Where an expression stands, which decides what it may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A formula parameter: parameters and covariates.
    Formula,
    /// An initial value: parameters, covariates and volumes.
    Initial,
    /// A derived quantity: the same, for a fit.
    Derived,
    /// A rate, a definition, an observable, a volume: everything.
    Anywhere,
}

/// Everything that can be named.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) plain: BTreeMap<String, Meaning>,
    /// `X.place` → pool.
    pub(super) pools: BTreeMap<String, usize>,
    /// (species, place) of each pool, by name.
    pub(super) pool_parts: Vec<(String, String)>,
    /// Whether a pool carries a label; then it has hot and cold forms.
    pub(super) labelled: Vec<bool>,
    /// Whether a pool has a nuclide at all (label, or a radioactive species).
    pub(super) radioactive: Vec<bool>,
    /// Place of each pool.
    pub(super) places_of: Vec<usize>,
    pub(super) compartments: BTreeMap<String, usize>,
    /// Levels of categorical covariates: `sex.male`.
    pub(super) levels: BTreeMap<String, (usize, usize)>,
    pub(super) units: UnitSystem,
    /// Names seen in expressions.
    pub(super) used: std::collections::BTreeSet<String>,
    /// Species whose places were faulty; that an amount of theirs is missing is not a second fault.
    pub(super) doubtful: std::collections::BTreeSet<String>,
    /// Whether it is uncertain which species carry a label.
    pub(super) labels_doubtful: bool,
    /// Organs of the organ table.
    pub(super) organs: Vec<String>,
    /// States that the file declares; those of delays follow them.
    pub(super) states: usize,
    /// Delays met so far.
    pub(super) delays: Vec<Delay>,
}

/// A dimension, or that of a literal zero, which fits any.
pub(super) type Found = (Expr, Option<Dimension>);

const FUNCTIONS: [(&str, Function, usize); 12] = [
    ("if", Function::If, 3),
    ("exp", Function::Exp, 1),
    ("ln", Function::Ln, 1),
    ("log10", Function::Log10, 1),
    ("sqrt", Function::Sqrt, 1),
    ("abs", Function::Abs, 1),
    ("tanh", Function::Tanh, 1),
    ("min", Function::Min, 2),
    ("max", Function::Max, 2),
    ("hill", Function::Hill, 3),
    ("step", Function::Step, 1),
    ("if_positive", Function::IfPositive, 3),
];

/// Names that mean something already.
pub(super) const RESERVED: [&str; 18] = [
    "t",
    "if",
    "and",
    "or",
    "not",
    "exp",
    "ln",
    "log10",
    "sqrt",
    "abs",
    "tanh",
    "min",
    "max",
    "hill",
    "step",
    "if_positive",
    "volume",
    "activity",
];

impl Names {
    /// Resolves an expression; `None` after faults were reported.
    pub(super) fn resolve(
        &mut self,
        raw: &Raw,
        place: Place,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Found> {
        match &raw.kind {
            RawKind::Number(x) => {
                let zero = x.abs() < f64::MIN_POSITIVE;
                Some((Expr::Number(*x), (!zero).then_some(Dimension::NONE)))
            }
            RawKind::Name(name) => self.name(name, raw.span, place, faults),
            RawKind::Concentration(name) => {
                let pool = self.pool(name, raw.span, place, faults)?;
                let (amount, form) = pool;
                let volume = Expr::Symbol(Symbol::Volume(self.places_of[amount]));
                let expr = Expr::Div(
                    Box::new(Expr::Symbol(Symbol::Amount(amount, form))),
                    Box::new(volume),
                );
                Some((expr, Some(Dimension::CONCENTRATION)))
            }
            RawKind::Neg(inner) => {
                let (expr, dimension) = self.resolve(inner, place, faults)?;
                Some((Expr::Neg(Box::new(expr)), dimension))
            }
            RawKind::Binary(op, a, b) => {
                let left = self.resolve(a, place, faults);
                let right = self.resolve(b, place, faults);
                let ((ea, da), (eb, db)) = (left?, right?);
                let (ea, eb) = (Box::new(ea), Box::new(eb));
                match op {
                    '*' => Some((Expr::Mul(ea, eb), product(da, db, |x, y| x * y))),
                    '/' => Some((Expr::Div(ea, eb), product(da, db, |x, y| x / y))),
                    '^' => self.power(raw, (ea, da), (eb, db), b, faults),
                    _ => {
                        let dimension = self.same(raw, (a, da), (b, db), faults)?;
                        let expr = if *op == '+' { Expr::Add(ea, eb) } else { Expr::Sub(ea, eb) };
                        Some((expr, dimension))
                    }
                }
            }
            RawKind::Call(name, arguments) => self.call(name, arguments, raw.span, place, faults),
            RawKind::Compare(function, a, b) => {
                let left = self.resolve(a, place, faults);
                let right = self.resolve(b, place, faults);
                let ((ea, da), (eb, db)) = (left?, right?);
                self.same(raw, (a, da), (b, db), faults)?;
                Some((Expr::Call(*function, vec![ea, eb]), Some(Dimension::NONE)))
            }
            RawKind::Logic(function, parts) => {
                let found: Vec<Option<Expr>> =
                    parts.iter().map(|part| self.condition(part, place, faults)).collect();
                let found: Vec<Expr> = found.into_iter().collect::<Option<_>>()?;
                // `a and b and c` are two calls of two.
                let both = match *function {
                    Function::Not => Some(Expr::Call(Function::Not, found)),
                    f => joined(f, found),
                };
                both.map(|expr| (expr, Some(Dimension::NONE)))
            }
        }
    }

    /// What holds or does not hold: a comparison, `and`, `or`, `not`, the level of a covariate, or a name that stands
    /// for one of them.
    pub(super) fn condition(
        &mut self,
        raw: &Raw,
        place: Place,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Expr> {
        let (expr, _) = self.resolve(raw, place, faults)?;
        if self.is_condition(raw, &expr) {
            return Some(expr);
        }
        faults.push(
            Diagnostic::error(code::CONDITION, "a value stands where a condition is expected")
                .at(raw.span, "expected a condition")
                .hint("compare it: `x > 0`; conditions are joined by `and`, `or` and `not`"),
        );
        None
    }

    /// Whether what was resolved is 1 where something holds and 0 where it does not.
    pub(super) fn is_condition(&self, raw: &Raw, expr: &Expr) -> bool {
        match (expr, &raw.kind) {
            (Expr::Call(function, _), _) => function.is_condition(),
            (Expr::Symbol(Symbol::CovariateLevel(..)), _) => true,
            (Expr::Symbol(_), RawKind::Name(name)) => {
                self.plain.get(name).is_some_and(|meaning| meaning.condition)
            }
            _ => false,
        }
    }

    fn power(
        &self,
        raw: &Raw,
        (base, dimension): (Box<Expr>, Option<Dimension>),
        (exponent, of_exponent): (Box<Expr>, Option<Dimension>),
        typed: &Raw,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Found> {
        if of_exponent.is_some_and(|d| !d.is_none()) {
            faults.push(
                Diagnostic::error(
                    code::DIMENSION,
                    format!(
                        "an exponent is {}; expected a pure number",
                        of_exponent.unwrap_or_default()
                    ),
                )
                .at(typed.span, "expected a pure number")
                .hint("divide by a reference value first: `(weight/w_ref)^0.75`"),
            );
            return None;
        }
        let result = match dimension {
            None => None,
            Some(d) if d.is_none() => Some(Dimension::NONE),
            Some(d) => match constant(typed).and_then(|x| d.pow(x)) {
                Some(d) => Some(d),
                None => {
                    faults.push(
                        Diagnostic::error(
                            code::DIMENSION,
                            format!("{d} to a power that is not a plain number has no dimension"),
                        )
                        .at(raw.span, "")
                        .hint("divide by a reference value first: `(weight/w_ref)^b`"),
                    );
                    return None;
                }
            },
        };
        Some((Expr::Pow(base, exponent), result))
    }

    pub(super) fn same(
        &self,
        raw: &Raw,
        (a, da): (&Raw, Option<Dimension>),
        (b, db): (&Raw, Option<Dimension>),
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Option<Dimension>> {
        match (da, db) {
            (Some(x), Some(y)) if x != y => {
                faults.push(
                    Diagnostic::error(code::DIMENSION, "the two sides have different dimensions")
                        .at(raw.span, "")
                        .note_at(a.span, format!("this is {x} ({})", self.units.unit_of(x)))
                        .note_at(b.span, format!("this is {y} ({})", self.units.unit_of(y)))
                        .hint("only like quantities can be added or compared"),
                );
                None
            }
            (x, y) => Some(x.or(y)),
        }
    }

    fn name(
        &mut self,
        name: &str,
        span: Span,
        place: Place,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Found> {
        if name == "t" {
            if place != Place::Anywhere {
                faults.push(not_here("t", "time", place, span));
                return None;
            }
            return Some((Expr::Symbol(Symbol::Time), Some(Dimension::TIME)));
        }
        if let Some((covariate, level)) = self.levels.get(name).copied() {
            self.used.insert(name.split('.').next().unwrap_or(name).to_owned());
            return Some((
                Expr::Symbol(Symbol::CovariateLevel(covariate, level)),
                Some(Dimension::NONE),
            ));
        }
        if name.contains('.') || name.contains('*') {
            let (pool, form) = self.pool(name, span, place, faults)?;
            return Some((Expr::Symbol(Symbol::Amount(pool, form)), Some(Dimension::AMOUNT)));
        }
        let Some(meaning) = self.plain.get(name).copied() else {
            self.undeclared(name, span, faults);
            return None;
        };
        self.used.insert(name.to_owned());
        let what = match meaning.symbol {
            Symbol::Define(_) if place != Place::Anywhere => {
                Some("a definition, which varies in time")
            }
            Symbol::Quantity(_) if place != Place::Anywhere => Some("a state"),
            Symbol::Input(_) if place != Place::Anywhere => Some("an input"),
            _ => None,
        };
        if let Some(what) = what {
            faults.push(not_here(name, what, place, span));
            return None;
        }
        // A thing whose own declaration was faulty has no dimension; its fault is reported there.
        Some((Expr::Symbol(meaning.symbol), Some(meaning.dimension?)))
    }

    /// A pool by `X.place`, `X.place.hot` or `X.place.cold`.
    pub(super) fn pool(
        &mut self,
        name: &str,
        span: Span,
        place: Place,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<(usize, Form)> {
        let (base, form) = match name.rsplit_once('.') {
            Some((base, "hot")) => (base, Form::Hot),
            Some((base, "cold")) => (base, Form::Cold),
            _ => (name, Form::Total),
        };
        if name.contains('*') {
            faults.push(stands_for_several(name, span));
            return None;
        }
        let Some(pool) = self.pools.get(base).copied() else {
            self.undeclared(name, span, faults);
            return None;
        };
        self.used.insert(self.pool_parts[pool].0.clone());
        if form != Form::Total && !self.labelled[pool] {
            faults.push(
                Diagnostic::error(
                    code::LABEL,
                    format!("`{base}` carries no label, so it has no hot and cold forms"),
                )
                .at(span, "")
                .hint(format!(
                    "add `{}` to `label.on`, or write `{base}`",
                    self.pool_parts[pool].0
                )),
            );
            return None;
        }
        if place != Place::Anywhere {
            faults.push(not_here(name, "an amount, which varies in time", place, span));
            return None;
        }
        Some((pool, form))
    }

    pub(super) fn undeclared(&self, name: &str, span: Span, faults: &mut Vec<Diagnostic>) {
        if name.split_once('.').is_some_and(|(species, _)| self.doubtful.contains(species)) {
            return;
        }
        let known = self
            .plain
            .keys()
            .chain(self.pools.keys())
            .chain(self.levels.keys())
            .map(String::as_str)
            .chain(["t"]);
        let hint = self
            .not_of_organ(name)
            .or_else(|| Some(format!("did you mean `{}`?", closest(name, known)?)));
        let hint = hint.unwrap_or_else(|| {
            if name.contains('.') {
                "write `species.place` for an amount; the species must be `in` that place"
                    .to_owned()
            } else {
                "declare it under `[parameters]`, `[define]`, `[patient]`, `[states]` or `[inputs]`"
                    .to_owned()
            }
        });
        faults.push(
            Diagnostic::error(code::UNDECLARED, format!("`{name}` is not declared"))
                .at(span, "not declared")
                .hint(hint),
        );
    }

    /// What is to be done where a name is that of a column of the organ table which the row of an organ does not have.
    fn not_of_organ(&self, name: &str) -> Option<String> {
        let of = |organ: &&String| name.strip_suffix(organ.as_str())?.strip_suffix('_');
        let organ = self.organs.iter().find(|organ| of(organ).is_some())?;
        let column = of(&organ)?;
        let has = |other: &&String| self.plain.contains_key(&format!("{column}_{other}"));
        let other = self.organs.iter().find(has)?;
        Some(format!(
            "`{other}` has `{column}` in the organ table and `{organ}` has not: fill it in, or write the line with a column of \
             true and false, `{{organ:column}}`, for the organs that have it"
        ))
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &[Raw],
        span: Span,
        place: Place,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Found> {
        if name == "activity" {
            return self.activity(arguments, span, place, faults);
        }
        if name == "volume" {
            return self.volume(arguments, span, place, faults);
        }
        if name == "delay" {
            return self.delay(arguments, span, place, faults);
        }
        if name == "sum" {
            return self.sum(arguments, span, place, faults);
        }
        let Some((_, function, n)) = FUNCTIONS.iter().find(|f| f.0 == name) else {
            let known: Vec<&str> = FUNCTIONS
                .iter()
                .map(|f| f.0)
                .chain(["sum", "delay", "volume", "activity"])
                .collect();
            let hint = closest(name, known.iter().copied()).map_or_else(
                || format!("the functions are {}", known.join(", ")),
                |c| format!("did you mean `{c}`?"),
            );
            faults.push(
                Diagnostic::error(code::UNDECLARED, format!("there is no function `{name}`"))
                    .at(span, "")
                    .hint(hint),
            );
            return None;
        };
        if arguments.len() != *n {
            faults.push(
                Diagnostic::error(
                    code::ARGUMENTS,
                    format!("`{name}` has {} arguments; expected {n}", arguments.len()),
                )
                .at(span, "")
                .hint(if *function == Function::If {
                    "write `if(condition, value, other)`".to_owned()
                } else {
                    let all = ["x", "y", "z"].get(..*n).unwrap_or_default().join(", ");
                    format!("write `{name}({all})`")
                }),
            );
            return None;
        }
        let asks = *function == Function::If;
        let resolved: Vec<Option<Found>> = arguments
            .iter()
            .enumerate()
            .map(|(i, a)| match i {
                0 if asks => self.condition(a, place, faults).map(|c| (c, Some(Dimension::NONE))),
                _ => self.resolve(a, place, faults),
            })
            .collect();
        let found: Vec<Found> = resolved.into_iter().collect::<Option<_>>()?;
        let dims: Vec<Option<Dimension>> = found.iter().map(|f| f.1).collect();
        let exprs: Vec<Expr> = found.into_iter().map(|f| f.0).collect();
        let pure = |i: usize, faults: &mut Vec<Diagnostic>| {
            if let Some(d) = dims[i].filter(|d| !d.is_none()) {
                faults.push(
                    Diagnostic::error(
                        code::DIMENSION,
                        format!("`{name}` takes a pure number; found {d}"),
                    )
                    .at(arguments[i].span, format!("this is {d} ({})", self.units.unit_of(d)))
                    .hint("divide by a reference value of the same dimension"),
                );
                return None;
            }
            Some(())
        };
        let dimension = match function {
            Function::Exp | Function::Ln | Function::Log10 | Function::Tanh => {
                pure(0, faults)?;
                Some(Dimension::NONE)
            }
            Function::Step => Some(Dimension::NONE),
            Function::Abs => dims[0],
            Function::Sqrt => match dims[0] {
                None => None,
                Some(d) => Some(d.pow(0.5)?),
            },
            Function::Min | Function::Max => {
                let raw = Raw { kind: RawKind::Number(0.0), span };
                self.same(&raw, (&arguments[0], dims[0]), (&arguments[1], dims[1]), faults)?
            }
            Function::Hill => {
                let raw = Raw { kind: RawKind::Number(0.0), span };
                self.same(&raw, (&arguments[0], dims[0]), (&arguments[1], dims[1]), faults)?;
                pure(2, faults)?;
                Some(Dimension::NONE)
            }
            Function::IfPositive | Function::If => {
                let raw = Raw { kind: RawKind::Number(0.0), span };
                self.same(&raw, (&arguments[1], dims[1]), (&arguments[2], dims[2]), faults)?
            }
            // Written as operators, never called by name.
            Function::Less
            | Function::AtMost
            | Function::Greater
            | Function::AtLeast
            | Function::And
            | Function::Or
            | Function::Not => Some(Dimension::NONE),
        };
        Some((Expr::Call(*function, exprs), dimension))
    }

    fn volume(
        &mut self,
        arguments: &[Raw],
        span: Span,
        place: Place,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Found> {
        let [Raw { kind: RawKind::Name(name), span: at }] = arguments else {
            faults.push(
                Diagnostic::error(code::ARGUMENTS, "`volume` takes the name of one compartment")
                    .at(span, "")
                    .hint("write `volume(plasma)`"),
            );
            return None;
        };
        let Some(compartment) = self.compartments.get(name).copied() else {
            let hint = closest(name, self.compartments.keys().map(String::as_str))
                .map(|c| format!("did you mean `{c}`?"));
            faults.push(
                Diagnostic::error(code::UNDECLARED, format!("there is no compartment `{name}`"))
                    .at(*at, "not declared")
                    .hint("declare it under `[compartments]`")
                    .maybe_hint(hint),
            );
            return None;
        };
        if place == Place::Formula {
            faults.push(not_here("volume", "a volume", place, span));
            return None;
        }
        Some((Expr::Symbol(Symbol::Volume(compartment)), Some(Dimension::VOLUME)))
    }

    fn activity(
        &mut self,
        arguments: &[Raw],
        span: Span,
        place: Place,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Found> {
        if place != Place::Anywhere {
            faults.push(not_here("activity", "an activity, which varies in time", place, span));
            return None;
        }
        let mut pools: Vec<usize> = Vec::new();
        let mut failed = arguments.is_empty();
        if failed {
            faults.push(
                Diagnostic::error(code::ARGUMENTS, "`activity` needs at least one amount")
                    .at(span, "")
                    .hint("write `activity(L.tumour, LR.tumour)` or `activity(*.tumour)`"),
            );
        }
        for argument in arguments {
            let RawKind::Name(name) = &argument.kind else {
                faults.push(
                    Diagnostic::error(
                        code::ARGUMENTS,
                        "`activity` takes amounts such as `L.tumour`",
                    )
                    .at(argument.span, "")
                    .hint("`*` stands for all species or all places: `activity(*.tumour)`"),
                );
                failed = true;
                continue;
            };
            if name.contains('*') {
                let matching = self.matching(name, |i| self.radioactive[i]);
                if matching.is_empty() {
                    faults.push(
                        Diagnostic::error(
                            code::UNDECLARED,
                            format!("`{name}` matches nothing that carries a nuclide"),
                        )
                        .at(argument.span, "")
                        .hint("`*.tumour` means all labelled species of the tumour"),
                    );
                    failed = true;
                }
                for i in matching {
                    let species = self.pool_parts[i].0.clone();
                    self.used.insert(species);
                    if !pools.contains(&i) {
                        pools.push(i);
                    }
                }
                continue;
            }
            let Some((pool, form)) = self.pool(name, argument.span, Place::Anywhere, faults) else {
                failed = true;
                continue;
            };
            if form == Form::Cold || !self.radioactive[pool] {
                let (message, hint) = if form == Form::Cold {
                    ("cold molecules have no activity".to_owned(), "leave `.cold` out".to_owned())
                } else {
                    (
                        format!("`{name}` carries no nuclide, so it has no activity"),
                        format!("add `{}` to `label.on`", self.pool_parts[pool].0),
                    )
                };
                faults
                    .push(Diagnostic::error(code::LABEL, message).at(argument.span, "").hint(hint));
                failed = true;
                continue;
            }
            if pools.contains(&pool) {
                faults.push(
                    Diagnostic::error(code::TWICE, format!("`{name}` is counted twice"))
                        .at(argument.span, "")
                        .hint("name each amount once"),
                );
                failed = true;
            }
            pools.push(pool);
        }
        if failed {
            return None;
        }
        Some((sum(&pools), Some(Dimension::ACTIVITY)))
    }
}

/// `a and b and c` as calls of two, balanced, so that a thousand conditions do not nest a thousand deep.
fn joined(function: Function, mut parts: Vec<Expr>) -> Option<Expr> {
    if parts.len() < 2 {
        return parts.pop();
    }
    let right = parts.split_off(parts.len().div_ceil(2));
    let both = vec![joined(function, parts)?, joined(function, right)?];
    Some(Expr::Call(function, both))
}

/// A balanced sum, so that a thousand pools do not nest a thousand deep.
fn sum(pools: &[usize]) -> Expr {
    match pools {
        [] => Expr::Number(0.0),
        [one] => Expr::Symbol(Symbol::Activity(*one)),
        several => {
            let (a, b) = several.split_at(several.len() / 2);
            Expr::Add(Box::new(sum(a)), Box::new(sum(b)))
        }
    }
}

fn product(
    a: Option<Dimension>,
    b: Option<Dimension>,
    f: impl Fn(Dimension, Dimension) -> Dimension,
) -> Option<Dimension> {
    // Zero times anything is zero of any dimension.
    Some(f(a?, b?))
}

/// The value of a literal exponent.
fn constant(raw: &Raw) -> Option<f64> {
    match &raw.kind {
        RawKind::Number(x) => Some(*x),
        RawKind::Neg(inner) => constant(inner).map(|x| -x),
        RawKind::Binary('/', a, b) => Some(constant(a)? / constant(b)?),
        _ => None,
    }
}

pub(super) fn not_here(name: &str, what: &str, place: Place, span: Span) -> Diagnostic {
    let (where_, hint) = match place {
        Place::Formula => (
            "in the formula of a parameter",
            "use parameters and covariates only, or move the formula to `[define]`",
        ),
        Place::Initial => ("in an initial value", "use parameters, covariates and volumes only"),
        Place::Derived => ("in a derived quantity", "use parameters, covariates and volumes only"),
        Place::Anywhere => ("here", "use another name"),
    };
    Diagnostic::error(code::NOT_HERE, format!("`{name}` is {what}, which cannot stand {where_}"))
        .at(span, "")
        .hint(hint)
}
