//! The numerics of a group: one step of every lane, and the states and outputs anywhere within it.
//!
//! Nothing here looks at a lane by itself, so that all of it runs over the widest registers there are; what belongs to one
//! patient alone is done in [`Course`](super::course::Course). States are in the order of the elimination.
#![allow(clippy::inline_always, reason = "compiled for the instruction set of the caller")]

use lutetia_model::system::{LaneEvaluator, LaneTapes, Lanes};

use std::hint::black_box;
use std::sync::Arc;

use super::factors::LaneFactors;
use super::method::{A, ALPHA, C, D, GAMMA, Q, R, STAGES};
use super::set::{InstructionSet, Numerics};
use crate::engine::elimination::Elimination;

/// Where in a step ∂f/∂t is taken from a difference: far enough that the difference is none of rounding, near enough that
/// what it is multiplied by (h·d) leaves nothing of its own error.
const TIME_DIFFERENCE: f64 = 1e-6;

/// Where in a step the model is asked, as shares of it: of the stages, the last two at the same moment, and of ∂f/∂t.
pub(super) const MOMENTS: [f64; 6] =
    [ALPHA[0], ALPHA[1], ALPHA[2], ALPHA[3], ALPHA[4], TIME_DIFFERENCE];
/// Which of the moments is that of ∂f/∂t.
const OF_TIME: usize = 5;
/// Which of the moments each stage is at.
const MOMENT_OF: [usize; STAGES] = [0, 1, 2, 3, 4, 4];

/// What flows into a state from outside at the moments of a step.
#[derive(Debug, Clone)]
struct Flow<N> {
    state: usize,
    rates: [N; MOMENTS.len()],
}

/// What drives a step from outside: the model's time and inputs at its moments, and what flows in.
#[derive(Debug, Clone)]
pub(super) struct Drive<N> {
    time: [N; MOMENTS.len()],
    inputs: [Vec<N>; MOMENTS.len()],
    flows: Vec<Flow<N>>,
    /// Whether any of it changes within the step of any lane.
    pub(super) moves: bool,
}

impl<N: Lanes> Drive<N> {
    fn new(inputs: usize) -> Self {
        let zero = N::splat(0.0);
        Self {
            time: [zero; MOMENTS.len()],
            inputs: std::array::from_fn(|_| vec![zero; inputs]),
            flows: Vec::new(),
            moves: false,
        }
    }

    /// Before a step: nothing flows in.
    pub(super) fn clear(&mut self) {
        self.flows.clear();
        self.moves = false;
    }

    /// The time of a lane at a moment, and its inputs.
    pub(super) fn set(&mut self, lane: usize, moment: usize, time: f64, inputs: &[f64]) {
        self.time[moment].set_lane(lane, time);
        for (pack, value) in self.inputs[moment].iter_mut().zip(inputs) {
            pack.set_lane(lane, *value);
        }
    }

    /// Lets more flow into a state of a lane at a moment.
    pub(super) fn add(&mut self, lane: usize, moment: usize, (state, rate): (usize, f64)) {
        let known = self.flows.iter().position(|flow| flow.state == state);
        let place = known.unwrap_or_else(|| {
            self.flows.push(Flow { state, rates: [N::splat(0.0); MOMENTS.len()] });
            self.flows.len() - 1
        });
        let rates = &mut self.flows[place].rates[moment];
        rates.set_lane(lane, rates.lane(lane) + rate);
    }
}

/// Where something is read within the last step: the share of it, the model's time and the inputs there.
#[derive(Debug, Clone)]
pub(super) struct Place<N> {
    pub(super) share: N,
    pub(super) time: N,
    pub(super) inputs: Vec<N>,
}

/// Steps of as many patients as `N` has lanes.
#[derive(Debug)]
pub(super) struct Stepper<'r, N> {
    plan: &'r Elimination,
    set: InstructionSet,
    rtol: f64,
    /// Whether slopes depend on time by themselves.
    timed: bool,
    evaluator: LaneEvaluator<N>,
    factors: LaneFactors<N>,
    pub(super) drive: Drive<N>,
    /// The sizes of the steps; one where nobody sits.
    pub(super) h: N,
    x: Vec<N>,
    y: Vec<N>,
    k: [Vec<N>; STAGES],
    by_time: Vec<N>,
    absolute: Vec<N>,
    /// What lies between minus this and zero is nothing.
    nothing: Vec<N>,
    /// The squared error of the last step in tolerances; not a number where there is no step.
    pub(super) error: N,
    pub(super) growth: N,
    pub(super) place: Place<N>,
    shown: Vec<N>,
    outputs: Vec<N>,
}

impl<'r, N: Lanes> Stepper<'r, N> {
    pub(super) fn new(
        tapes: &Arc<LaneTapes>,
        plan: &'r Elimination,
        (inputs, outputs): (usize, usize),
        rtol: f64,
        (timed, set): (bool, InstructionSet),
    ) -> Self {
        let zero = N::splat(0.0);
        let states = || vec![zero; plan.n];
        let mut stepper = Self {
            plan,
            // One number has nothing to gain, and most to lose by being compiled thrice.
            set: if N::WIDTH == 1 { InstructionSet::Common } else { set },
            rtol,
            timed,
            evaluator: LaneEvaluator::new(Arc::clone(tapes)),
            factors: LaneFactors::new(plan),
            drive: Drive::new(inputs),
            h: N::splat(1.0),
            x: states(),
            y: states(),
            k: std::array::from_fn(|_| states()),
            by_time: states(),
            absolute: vec![N::splat(1.0); plan.n],
            nothing: states(),
            error: zero,
            growth: zero,
            place: Place { share: zero, time: zero, inputs: vec![zero; inputs] },
            shown: states(),
            outputs: vec![zero; outputs],
        };
        stepper.factors.prepare(plan, stepper.evaluator.fixed_jacobian());
        stepper
    }

    /// The parameters of a lane.
    pub(super) fn set_parameters(&mut self, lane: usize, parameters: &[f64]) {
        self.evaluator.set_parameters(lane, parameters);
        self.factors.prepare(self.plan, self.evaluator.fixed_jacobian());
    }

    /// The absolute tolerance of each state of a lane, and how much of it is nothing.
    pub(super) fn set_tolerances(
        &mut self,
        lane: usize,
        tolerances: &crate::tolerance::Tolerances,
    ) {
        for (place, &state) in self.plan.order.iter().enumerate() {
            let state = state as usize;
            self.absolute[place].set_lane(lane, tolerances.absolute[state]);
            self.nothing[place].set_lane(lane, tolerances.nothing(state));
        }
    }

    /// Puts a state into a lane.
    pub(super) fn set_state(&mut self, lane: usize, x: &[f64]) {
        for (pack, &state) in self.x.iter_mut().zip(&self.plan.order) {
            pack.set_lane(lane, x[state as usize]);
        }
    }

    fn read(&self, from: &[N], lane: usize, x: &mut [f64]) {
        for (pack, &state) in from.iter().zip(&self.plan.order) {
            x[state as usize] = pack.lane(lane);
        }
    }

    /// The state of a lane before its step.
    pub(super) fn state(&self, lane: usize, x: &mut [f64]) {
        self.read(&self.x, lane, x);
    }

    /// The state of a lane after its step.
    pub(super) fn state_after(&self, lane: usize, x: &mut [f64]) {
        self.read(&self.y, lane, x);
    }

    /// The state of a lane where [`Stepper::look`] looked, without what is nothing.
    pub(super) fn state_shown(&self, lane: usize, x: &mut [f64]) {
        self.read(&self.shown, lane, x);
    }

    /// Σ weightⱼ·kⱼ of a lane.
    pub(super) fn stages(&self, lane: usize, weights: &[f64; 5], x: &mut [f64]) {
        for (place, &state) in self.plan.order.iter().enumerate() {
            let mut sum = 0.0;
            for (weight, k) in weights.iter().zip(&self.k) {
                sum += weight * k[place].lane(lane);
            }
            x[state as usize] = sum;
        }
    }

    /// The output of a lane where [`Stepper::look`] looked.
    pub(super) fn output(&self, lane: usize, output: usize) -> f64 {
        self.outputs[output].lane(lane)
    }

    /// Tries a step of every lane.
    pub(super) fn step(&mut self) {
        self.set.run(Step(self));
    }

    /// Looks at the place within the last step of every lane.
    pub(super) fn look(&mut self) {
        self.set.run(Look(self));
    }

    /// Takes the step of those lanes for which this is above zero.
    pub(super) fn accept(&mut self, lanes: N) {
        self.set.run(Accept(self, lanes));
    }

    #[inline(always)]
    fn slope(&mut self, moment: usize, of: Of, into: usize) {
        let states = if of == Of::Start { &self.x } else { &self.y };
        let (t, u) = (self.drive.time[moment], &self.drive.inputs[moment]);
        let dx = &mut self.k[into][..];
        self.evaluator.rhs(t, states, u, dx);
        for flow in &self.drive.flows {
            dx[flow.state] = dx[flow.state].plus(flow.rates[moment]);
        }
    }

    #[inline(always)]
    fn try_step(&mut self) {
        let over = self.h.map(|h| 1.0 / h);
        let diagonal = over.map(|over| over / GAMMA);
        let point = (self.drive.time[0], &self.x[..], &self.drive.inputs[0][..]);
        self.growth = self.factors.factorise(self.plan, &mut self.evaluator, point, diagonal);
        let timed = self.timed || self.drive.moves;
        if timed {
            self.slope(OF_TIME, Of::Start, 1);
        }
        self.slope(0, Of::Start, 0);
        if timed {
            // h·∂f/∂t
            let (first, second) = self.k.split_at(1);
            for (j, by) in self.by_time.iter_mut().enumerate() {
                let j = state::<N>(j);
                let difference = second[0][j].minus(first[0][j]);
                *by = difference.map(|difference| difference / TIME_DIFFERENCE);
            }
        }
        for stage in 0..STAGES {
            if stage > 0 {
                self.stage_state(stage);
                self.slope(MOMENT_OF[stage], Of::Stage, stage);
                self.before(stage, over);
            }
            let rhs = &mut self.k[stage][..];
            if timed && D[stage].abs() > 0.0 {
                for (j, value) in rhs.iter_mut().enumerate() {
                    let j = state::<N>(j);
                    *value = value.zip(self.by_time[j], |value, by| value + D[stage] * by);
                }
            }
            self.factors.solve(self.plan, rhs);
        }
        for (j, y) in self.y.iter_mut().enumerate() {
            let j = state::<N>(j);
            *y = y.plus(self.k[STAGES - 1][j]);
        }
        self.judge();
    }

    /// The states of a stage after the first.
    #[inline(always)]
    fn stage_state(&mut self, stage: usize) {
        let Self { x, y, k, .. } = self;
        let one = N::splat(1.0);
        match stage {
            1 => weigh::<N, 1>(y, x, k, A[0], one),
            2 => weigh::<N, 2>(y, x, k, A[1], one),
            3 => weigh::<N, 3>(y, x, k, A[2], one),
            4 => weigh::<N, 4>(y, x, k, A[3], one),
            _ => {
                for (j, y) in y.iter_mut().enumerate() {
                    let j = state::<N>(j);
                    *y = y.plus(k[stage - 1][j]);
                }
            }
        }
    }

    /// Adds Σ cⱼ/h·kⱼ to a slope.
    #[inline(always)]
    fn before(&mut self, stage: usize, over: N) {
        let (k, from) = self.k.split_at_mut(stage);
        let rhs = &mut from[0][..];
        match stage {
            1 => add::<N, 1>(rhs, k, C[0], over),
            2 => add::<N, 2>(rhs, k, C[1], over),
            3 => add::<N, 3>(rhs, k, C[2], over),
            4 => add::<N, 4>(rhs, k, C[3], over),
            _ => add::<N, 5>(rhs, k, C[4], over),
        }
    }

    /// The error of the step of every lane, in tolerances, squared.
    #[inline(always)]
    fn judge(&mut self) {
        let rtol = self.rtol;
        let mut sum = N::splat(0.0);
        let (y, k) = (&self.y[..], &self.k[STAGES - 1][..]);
        for (j, x) in self.x.iter().enumerate() {
            let j = state::<N>(j);
            let most = x.zip(y[j], |x, y| if y.abs() > x.abs() { y.abs() } else { x.abs() });
            let scale = self.absolute[j].zip(most, |absolute, most| absolute + rtol * most);
            let share = k[j].zip(scale, |k, scale| k / scale);
            sum = sum.plus(share.times(share));
            // What is not finite is not a step.
            sum = sum.zip(y[j], |sum, y| sum + 0.0 * y);
        }
        #[expect(clippy::cast_precision_loss, reason = "states are few")]
        let n = self.x.len().max(1) as f64;
        self.error = sum.map(|sum| sum / n);
    }

    /// y(s) = x(1 − s) + s·(y + (1 − s)(q + s·r)), q and r sums of the stages, and the outputs there.
    #[inline(always)]
    fn look_there(&mut self) {
        let share = self.place.share;
        let rest = share.map(|s| 1.0 - s);
        let both = share.times(rest);
        let mut weights = [N::splat(0.0); 5];
        for (weight, (q, r)) in weights.iter_mut().zip(Q.iter().zip(&R)) {
            *weight = both.zip(share, |both, s| both * (q + s * r));
        }
        let k: [&[N]; 5] = std::array::from_fn(|j| &self.k[j][..]);
        for (j, value) in self.shown.iter_mut().enumerate() {
            let j = state::<N>(j);
            let mut sum = self.x[j].times(rest).plus(self.y[j].times(share));
            for (weight, k) in weights.iter().zip(&k) {
                sum = sum.plus(weight.times(k[j]));
            }
            *value = sum
                .zip(self.nothing[j], |x, nothing| if x < 0.0 && x > -nothing { 0.0 } else { x });
        }
        let Place { time, inputs, .. } = &self.place;
        self.evaluator.outputs(*time, &self.shown, inputs, &mut self.outputs);
    }
}

/// The index of a state, which the compiler is not to know where a number has lanes: it would gather one lane of eight
/// states into a register in place of eight lanes of one.
#[inline(always)]
fn state<N: Lanes>(index: usize) -> usize {
    if N::WIDTH == 1 { index } else { black_box(index) }
}

/// Which states a slope is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Start,
    Stage,
}

struct Step<'a, 'r, N>(&'a mut Stepper<'r, N>);

impl<N: Lanes> Numerics for Step<'_, '_, N> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.0.try_step();
    }
}

struct Look<'a, 'r, N>(&'a mut Stepper<'r, N>);

impl<N: Lanes> Numerics for Look<'_, '_, N> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.0.look_there();
    }
}

struct Accept<'a, 'r, N>(&'a mut Stepper<'r, N>, N);

impl<N: Lanes> Numerics for Accept<'_, '_, N> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self(stepper, lanes) = self;
        for (j, x) in stepper.x.iter_mut().enumerate() {
            let j = state::<N>(j);
            *x = lanes.choose(stepper.y[j], *x);
        }
    }
}

/// into = from + Σ weightⱼ·over·kⱼ, term by term in the order of the stages.
#[inline(always)]
fn weigh<N: Lanes, const M: usize>(
    into: &mut [N],
    from: &[N],
    stages: &[Vec<N>],
    weights: &[f64],
    over: N,
) {
    let k: [&[N]; M] = std::array::from_fn(|j| &stages[j][..]);
    let weights: [N; M] = std::array::from_fn(|j| over.map(|over| weights[j] * over));
    for (j, into) in into.iter_mut().enumerate() {
        let j = state::<N>(j);
        let mut sum = from[j];
        for m in 0..M {
            sum = sum.plus(weights[m].times(k[m][j]));
        }
        *into = sum;
    }
}

/// The same in place.
#[inline(always)]
fn add<N: Lanes, const M: usize>(into: &mut [N], stages: &[Vec<N>], weights: &[f64], over: N) {
    let k: [&[N]; M] = std::array::from_fn(|j| &stages[j][..]);
    let weights: [N; M] = std::array::from_fn(|j| over.map(|over| weights[j] * over));
    for (j, into) in into.iter_mut().enumerate() {
        let j = state::<N>(j);
        let mut sum = *into;
        for m in 0..M {
            sum = sum.plus(weights[m].times(k[m][j]));
        }
        *into = sum;
    }
}
