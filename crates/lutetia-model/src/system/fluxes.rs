//! Processes and decay: the right-hand side as sums of fluxes.

use lutetia_units::Dimension;

use super::{
    binding::Binding,
    error::CompileError,
    graph::Id,
    limits::{Limit, LimitKind, Transfer},
    lower::{Context, Lowering},
};
use crate::model::{Model, Participant, Process, Rate};

/// What processes and decay do.
pub(crate) struct Flows {
    /// The right-hand side of every state.
    pub(crate) rhs: Vec<Id>,
    pub(crate) transfers: Vec<Transfer>,
    /// Coefficients of mass action.
    pub(crate) coefficients: Vec<(Limit, Id)>,
}

/// The right-hand side of every state.
pub(crate) fn right_hand_side(
    lowering: &mut Lowering<'_>,
    binding: &Binding<'_>,
) -> Result<Flows, CompileError> {
    let mut terms: Vec<Vec<(Id, f64)>> = vec![Vec::new(); lowering.states.len()];
    let (mut transfers, mut coefficients) = (Vec::new(), Vec::new());
    let model = lowering.model;
    for process in &model.processes {
        add_process(lowering, process, &mut terms, &mut transfers)?;
        if let Rate::MassAction { coefficient, volume_power, .. } = &process.rate {
            let id = lowering.lower(coefficient, Context::Running)?;
            let fixed = lowering.graph.is_static(id);
            coefficients.push((coefficient_limit(model, process, *volume_power, fixed), id));
        }
    }
    add_decay(lowering, binding, &mut terms, &mut transfers)?;
    let rhs = terms.into_iter().map(|t| lowering.graph.sum(t)).collect();
    Ok(Flows { rhs, transfers, coefficients })
}

/// Flux per time = coefficient · Π amountᵐ / volumeᵖ gives the coefficient its dimension.
fn coefficient_limit(model: &Model, process: &Process, power: i32, fixed: bool) -> Limit {
    let dimension_of = |participant: Participant| match participant {
        Participant::Pool(_) => Dimension::AMOUNT,
        Participant::Quantity(q) => model.quantities[q].unit.dimension(),
    };
    let moved = process.reactants.first().or(process.products.first());
    let mut dimension = Dimension::RATE * Dimension::VOLUME.powi(power);
    if let Some(&(participant, _)) = moved {
        dimension = dimension * dimension_of(participant);
    }
    for &(participant, multiplicity) in &process.reactants {
        // Multiplicities are small whole numbers.
        dimension = dimension / dimension_of(participant).powi(multiplicity as i32);
    }
    let places = |side: &[(Participant, f64)]| {
        side.iter()
            .filter_map(|&(participant, _)| match participant {
                Participant::Pool(pool) => Some(model.pools[pool].place),
                Participant::Quantity(_) => None,
            })
            .collect()
    };
    Limit {
        kind: LimitKind::Coefficient,
        name: process.name.clone(),
        text: process.text.clone(),
        dimension,
        fixed,
        from: places(&process.reactants),
        into: places(&process.products),
    }
}

/// The states of each pool that a process uses up, for one form of the labelled one.
fn used_up(
    lowering: &Lowering<'_>,
    process: &Process,
    labelled: Option<usize>,
    form: Option<usize>,
) -> Vec<Vec<usize>> {
    let mut used = Vec::new();
    for &(participant, _) in &process.reactants {
        let Participant::Pool(pool) = participant else { continue };
        let states = &lowering.pools[pool];
        let hot = states.hot.iter();
        used.push(match form {
            Some(n) if labelled == Some(pool) => hot.filter(|h| h.0 == n).map(|h| h.1).collect(),
            None if labelled == Some(pool) => states.cold.into_iter().collect(),
            _ => states.cold.into_iter().chain(hot.map(|h| h.1)).collect(),
        });
    }
    used
}

fn add_process(
    lowering: &mut Lowering<'_>,
    process: &Process,
    terms: &mut [Vec<(Id, f64)>],
    transfers: &mut Vec<Transfer>,
) -> Result<(), CompileError> {
    let model = lowering.model;
    let group_of = |participant: Participant| match participant {
        Participant::Pool(pool) => model.species[model.pools[pool].species].label,
        Participant::Quantity(_) => None,
    };
    let labelled = process.reactants.iter().find_map(|&(participant, _)| match participant {
        Participant::Pool(pool) if group_of(participant).is_some() => Some(pool),
        _ => None,
    });
    let group = labelled.and_then(|pool| group_of(Participant::Pool(pool)));
    let fluxes = form_fluxes(lowering, process, labelled)?;
    let sides = process
        .reactants
        .iter()
        .map(|&(p, m)| (p, -m))
        .chain(process.products.iter().map(|&(p, m)| (p, m)));
    for (participant, multiplicity) in sides {
        let pool = match participant {
            Participant::Pool(pool) => pool,
            Participant::Quantity(quantity) => {
                let state = lowering.quantity_state(quantity);
                terms[state].extend(fluxes.iter().map(|&(_, flux)| (flux, multiplicity)));
                continue;
            }
        };
        let states = &lowering.pools[pool];
        if group.is_some() && group_of(participant) == group {
            // Each form becomes the same form.
            for &(form, flux) in &fluxes {
                let state = match form {
                    None => states.cold,
                    Some(n) => states.hot.iter().find(|h| h.0 == n).map(|h| h.1),
                };
                if let Some(state) = state {
                    terms[state].push((flux, multiplicity));
                    if multiplicity > 0.0 {
                        let from = used_up(lowering, process, labelled, form);
                        transfers.push(Transfer { from, to: state, share: multiplicity.min(1.0) });
                    }
                }
            }
        } else if let Some(state) = states.cold.or(states.hot.first().map(|h| h.1)) {
            // Unlabelled, or radioactive by itself: one state, all forms together.
            terms[state].extend(fluxes.iter().map(|&(_, flux)| (flux, multiplicity)));
            if multiplicity > 0.0 && !process.reactants.is_empty() {
                for &(form, _) in &fluxes {
                    let from = used_up(lowering, process, labelled, form);
                    transfers.push(Transfer { from, to: state, share: multiplicity.min(1.0) });
                }
            }
        }
    }
    Ok(())
}

/// The flux of each form (None = cold or only); together they are the flux of the total.
fn form_fluxes(
    lowering: &mut Lowering<'_>,
    process: &Process,
    labelled: Option<usize>,
) -> Result<Vec<(Option<usize>, Id)>, CompileError> {
    let forms: Vec<(Option<usize>, usize)> = match labelled {
        None => Vec::new(),
        Some(pool) => {
            let states = &lowering.pools[pool];
            let cold = states.cold.map(|s| (None, s));
            cold.into_iter().chain(states.hot.iter().map(|&(n, s)| (Some(n), s))).collect()
        }
    };
    match &process.rate {
        Rate::MassAction { coefficient, volume_power, place } => {
            let mut factor = lowering.lower(coefficient, Context::Running)?;
            if let (Some(place), true) = (place, *volume_power != 0) {
                let volume = lowering.volume(*place, Context::Running)?;
                if *volume_power > 0 {
                    let power = lowering.graph.powi(volume, *volume_power);
                    factor = lowering.graph.per_volume(factor, power);
                } else {
                    let power = lowering.graph.powi(volume, -*volume_power);
                    factor = lowering.graph.mul(factor, power);
                }
            }
            for &(participant, multiplicity) in &process.reactants {
                if labelled.is_some_and(|pool| participant == Participant::Pool(pool)) {
                    continue;
                }
                let amount = match participant {
                    Participant::Pool(pool) => lowering.total(pool),
                    Participant::Quantity(quantity) => {
                        let state = lowering.quantity_state(quantity);
                        lowering.graph.state(state)
                    }
                };
                // Multiplicities are small whole numbers.
                let power = lowering.graph.powi(amount, multiplicity as i32);
                factor = lowering.graph.mul(factor, power);
            }
            if labelled.is_none() {
                return Ok(vec![(None, factor)]);
            }
            let mut fluxes = Vec::with_capacity(forms.len());
            for (form, state) in forms {
                let amount = lowering.graph.state(state);
                fluxes.push((form, lowering.graph.mul(amount, factor)));
            }
            Ok(fluxes)
        }
        Rate::Explicit(expr) => {
            let flux = lowering.lower(expr, Context::Running)?;
            let Some(pool) = labelled else { return Ok(vec![(None, flux)]) };
            let total = lowering.total(pool);
            let per_amount = lowering.graph.divide_out(flux, total);
            let mut fluxes = Vec::with_capacity(forms.len());
            for (form, state) in forms {
                let amount = lowering.graph.state(state);
                let share = match per_amount {
                    Some(per_amount) => lowering.graph.mul(amount, per_amount),
                    None => {
                        let fraction = lowering.graph.ratio(amount, total);
                        lowering.graph.mul(flux, fraction)
                    }
                };
                fluxes.push((form, share));
            }
            Ok(fluxes)
        }
    }
}

fn add_decay(
    lowering: &mut Lowering<'_>,
    binding: &Binding<'_>,
    terms: &mut [Vec<(Id, f64)>],
    transfers: &mut Vec<Transfer>,
) -> Result<(), CompileError> {
    let model = lowering.model;
    let labels = lowering.labels;
    // The yields depend on species and nuclide, not on the place.
    let mut yields = Vec::with_capacity(model.species.len());
    for species in 0..model.species.len() {
        let mut rows = Vec::new();
        for &n in &labels.carried[species] {
            rows.push((n, labels.decay(model, binding, species, n)?));
        }
        yields.push(rows);
    }
    let mut pool_at = std::collections::HashMap::new();
    for (index, pool) in model.pools.iter().enumerate() {
        pool_at.insert((pool.species, pool.place), index);
    }
    for (index, pool) in model.pools.iter().enumerate() {
        let states = lowering.pools[index].clone();
        for &(n, state) in &states.hot {
            let lambda = labels.nuclides[n].lambda;
            let amount = lowering.graph.state(state);
            terms[state].push((amount, -lambda));
            let Some((_, (cold, products))) = yields[pool.species].iter().find(|r| r.0 == n) else {
                continue;
            };
            if let (true, Some(cold)) = (*cold, states.cold) {
                terms[cold].push((amount, lambda));
                transfers.push(Transfer { from: vec![vec![state]], to: cold, share: 1.0 });
            }
            for &(product, expected) in products {
                let Some(&target) = pool_at.get(&(product, pool.place)) else {
                    return Err(CompileError::ProductNotThere {
                        parent: model.species[pool.species].name.clone(),
                        place: model.compartments[pool.place].name.clone(),
                        product: model.species[product].name.clone(),
                    });
                };
                let target = &lowering.pools[target];
                // A daughter is there as long as its own decay lets it be.
                let share = match target.hot.first() {
                    Some(&(n, _)) if target.cold.is_none() => {
                        (lambda / labels.nuclides[n].lambda).min(1.0)
                    }
                    _ => 1.0,
                };
                if let Some(target) = target.cold.or(target.hot.first().map(|h| h.1)) {
                    terms[target].push((amount, lambda * expected));
                    transfers.push(Transfer { from: vec![vec![state]], to: target, share });
                }
            }
        }
    }
    Ok(())
}
