//! The order in which definitions can be computed, through volumes.

use crate::{
    expr::{Expr, Symbol},
    model::{Define, Model, Rate},
};

/// Puts the definitions in an order in which each uses only earlier ones, looking through volumes;
/// a loop without a state in it has no solution in general and is given back.
pub(crate) fn order_definitions(model: &mut Model) -> Result<(), Vec<String>> {
    let (defines, volumes) = (model.defines.len(), model.compartments.len());
    // Nodes: definitions, then volumes.
    let mut needs: Vec<Vec<usize>> = Vec::with_capacity(defines + volumes);
    let exprs = model.defines.iter().map(|d| &d.expr);
    for expr in exprs.chain(model.compartments.iter().map(|c| &c.volume)) {
        let mut list = Vec::new();
        expr.for_each_symbol(&mut |symbol| match symbol {
            Symbol::Define(d) => list.push(d),
            Symbol::Volume(v) => list.push(defines + v),
            _ => {}
        });
        list.sort_unstable();
        list.dedup();
        needs.push(list);
    }
    let mut done = vec![false; needs.len()];
    let mut order = Vec::with_capacity(defines);
    // Depth first with a stack of our own: (node, next need to look at).
    for root in 0..needs.len() {
        let mut path: Vec<(usize, usize)> = if done[root] { Vec::new() } else { vec![(root, 0)] };
        while let Some(&(node, k)) = path.last() {
            let Some(&need) = needs[node].get(k) else {
                done[node] = true;
                if node < defines {
                    order.push(node);
                }
                path.pop();
                continue;
            };
            if let Some(top) = path.last_mut() {
                top.1 += 1;
            }
            if done[need] {
                continue;
            }
            if let Some(start) = path.iter().position(|p| p.0 == need) {
                let name = |node: usize| {
                    if node < defines {
                        model.defines[node].name.clone()
                    } else {
                        format!("volume({})", model.compartments[node - defines].name)
                    }
                };
                let mut cycle: Vec<String> = path[start..].iter().map(|p| name(p.0)).collect();
                cycle.push(name(need));
                return Err(cycle);
            }
            path.push((need, 0));
        }
    }
    if order.iter().enumerate().all(|(place, &old)| place == old) {
        return Ok(());
    }
    let mut new_place = vec![0; defines];
    for (place, &old) in order.iter().enumerate() {
        new_place[old] = place;
    }
    let renumber = Renumber(&new_place);
    let mut sorted: Vec<Define> = Vec::with_capacity(defines);
    for &old in &order {
        let mut define = model.defines[old].clone();
        renumber.expr(&mut define.expr);
        sorted.push(define);
    }
    model.defines = sorted;
    for compartment in &mut model.compartments {
        renumber.expr(&mut compartment.volume);
    }
    for pool in &mut model.pools {
        if let Some(initial) = &mut pool.initial {
            renumber.expr(initial);
        }
    }
    for quantity in &mut model.quantities {
        renumber.expr(&mut quantity.initial);
    }
    for delay in &mut model.delays {
        renumber.expr(&mut delay.of);
        renumber.expr(&mut delay.mean);
    }
    for process in &mut model.processes {
        match &mut process.rate {
            Rate::MassAction { coefficient: e, .. } | Rate::Explicit(e) => renumber.expr(e),
        }
    }
    for event in &mut model.events {
        event.for_each_expr(&mut |e| renumber.expr(e));
    }
    for output in &mut model.outputs {
        renumber.expr(&mut output.expr);
    }
    Ok(())
}

struct Renumber<'a>(&'a [usize]);

impl Renumber<'_> {
    fn expr(&self, expr: &mut Expr) {
        match expr {
            Expr::Symbol(Symbol::Define(d)) => *d = self.0[*d],
            Expr::Number(_) | Expr::Symbol(_) => {}
            Expr::Neg(a) => self.expr(a),
            Expr::Add(a, b)
            | Expr::Sub(a, b)
            | Expr::Mul(a, b)
            | Expr::Div(a, b)
            | Expr::Pow(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            Expr::Call(_, arguments) => arguments.iter_mut().for_each(|a| self.expr(a)),
        }
    }
}
