//! Processes and decay: the right-hand side as sums of fluxes.

use super::{
    binding::Binding,
    error::CompileError,
    graph::Id,
    lower::{Context, Lowering},
};
use crate::model::{Participant, Process, Rate};

/// The right-hand side of every state.
pub(crate) fn right_hand_side(
    lowering: &mut Lowering<'_>,
    binding: &Binding<'_>,
) -> Result<Vec<Id>, CompileError> {
    let mut terms: Vec<Vec<(Id, f64)>> = vec![Vec::new(); lowering.states.len()];
    let model = lowering.model;
    for process in &model.processes {
        add_process(lowering, process, &mut terms)?;
    }
    add_decay(lowering, binding, &mut terms)?;
    Ok(terms.into_iter().map(|t| lowering.graph.sum(t)).collect())
}

fn add_process(
    lowering: &mut Lowering<'_>,
    process: &Process,
    terms: &mut [Vec<(Id, f64)>],
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
                }
            }
        } else if let Some(state) = states.cold.or(states.hot.first().map(|h| h.1)) {
            // Unlabelled, or radioactive by itself: one state, all forms together.
            terms[state].extend(fluxes.iter().map(|&(_, flux)| (flux, multiplicity)));
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
                let power = lowering.graph.powi(volume, *volume_power);
                factor = lowering.graph.div(factor, power);
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
                if let Some(target) = target.cold.or(target.hot.first().map(|h| h.1)) {
                    terms[target].push((amount, lambda * expected));
                }
            }
        }
    }
    Ok(())
}
