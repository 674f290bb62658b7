//! Checked expressions: every name resolved, every dimension verified, numbers in internal units.

use std::ops::{Add, Div, Mul, Sub};

/// A function of the closed list of the model language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `exp(x)`, dimensionless.
    Exp,
    /// `ln(x)`, dimensionless.
    Ln,
    /// `log10(x)`, dimensionless.
    Log10,
    /// `sqrt(x)`; the dimension's exponents are halved.
    Sqrt,
    /// `abs(x)`.
    Abs,
    /// `tanh(x)`, dimensionless.
    Tanh,
    /// `min(x, y)`, equal dimensions.
    Min,
    /// `max(x, y)`, equal dimensions.
    Max,
    /// `hill(x, k, n)` = xⁿ/(kⁿ + xⁿ); `x` and `k` of equal dimension, `n` dimensionless.
    Hill,
    /// `step(x)`: 0 for x < 0, 1 for x ≥ 0. Where x changes its sign in time, the integrator stops; at
    /// that very moment outputs are those after it.
    Step,
    /// `if_positive(x, a, b)`: `a` where x > 0, else `b`; stops as for `step`.
    IfPositive,
    /// `if(condition, a, b)`: `a` where the condition holds, else `b`; the branch that is not taken is not looked at,
    /// whatever its value. The integrator stops where a comparison of the condition changes its outcome.
    If,
    /// `a < b`: 1 where it holds, else 0. Equal dimensions, as for the other comparisons.
    Less,
    /// `a <= b`.
    AtMost,
    /// `a > b`.
    Greater,
    /// `a >= b`.
    AtLeast,
    /// `a and b`, of conditions.
    And,
    /// `a or b`, of conditions.
    Or,
    /// `not a`, of a condition.
    Not,
}

impl Function {
    /// Whether the value is 1 where something holds, else 0.
    #[must_use]
    pub fn is_condition(self) -> bool {
        matches!(
            self,
            Self::Less
                | Self::AtMost
                | Self::Greater
                | Self::AtLeast
                | Self::And
                | Self::Or
                | Self::Not
        )
    }
}

/// Which form of a labelled species a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// Hot and cold together; the only form of an unlabelled species.
    Total,
    /// The labelled molecules, all nuclides of the label group together.
    Hot,
    /// The unlabelled molecules.
    Cold,
}

/// A resolved name. Indices point into the tables of [`crate::Model`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Symbol {
    /// Time since the start of the first administration.
    Time,
    /// `Model::parameters`.
    Parameter(usize),
    /// Numeric value of `Model::covariates`.
    Covariate(usize),
    /// 1 where the categorical covariate (first index) has that level (second), else 0.
    CovariateLevel(usize, usize),
    /// `Model::defines`.
    Define(usize),
    /// `Model::inputs`.
    Input(usize),
    /// Value of a `[states]` quantity: `Model::quantities`.
    Quantity(usize),
    /// Amount of a species at a place: `Model::pools`.
    Amount(usize, Form),
    /// Volume of `Model::compartments`.
    Volume(usize),
    /// Activity of a pool, summed over the nuclides of its label (internal activity per internal
    /// unit); `Model::pools`. Zero for pools without a nuclide.
    Activity(usize),
}

/// An expression tree. Concentrations `[X]` are already written as amount / volume.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A number in internal units.
    Number(f64),
    /// A name.
    Symbol(Symbol),
    /// −x.
    Neg(Box<Expr>),
    /// Sum of two.
    Add(Box<Expr>, Box<Expr>),
    /// Difference.
    Sub(Box<Expr>, Box<Expr>),
    /// Product.
    Mul(Box<Expr>, Box<Expr>),
    /// Quotient.
    Div(Box<Expr>, Box<Expr>),
    /// Power.
    Pow(Box<Expr>, Box<Expr>),
    /// Function call with the right number of arguments.
    Call(Function, Vec<Expr>),
}

impl Expr {
    /// Calls `visit` on every symbol of the expression.
    pub fn for_each_symbol(&self, visit: &mut impl FnMut(Symbol)) {
        match self {
            Self::Number(_) => {}
            Self::Symbol(s) => visit(*s),
            Self::Neg(a) => a.for_each_symbol(visit),
            Self::Add(a, b)
            | Self::Sub(a, b)
            | Self::Mul(a, b)
            | Self::Div(a, b)
            | Self::Pow(a, b) => {
                a.for_each_symbol(visit);
                b.for_each_symbol(visit);
            }
            Self::Call(_, arguments) => {
                for a in arguments {
                    a.for_each_symbol(visit);
                }
            }
        }
    }
}

/// Two trees under one node. Dimensions are those of whoever writes: a model file is checked, an expression is not.
macro_rules! operator {
    ($operator:ident, $method:ident) => {
        impl $operator for Expr {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                Self::$operator(Box::new(self), Box::new(other))
            }
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);
