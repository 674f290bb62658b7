//! Which places of the parameter vector does a name mean?

use lutetia_model::system::{ParameterKind, System};

use crate::error::{Instead, PopulationError};

/// The places of a name. In connected models a name without its part means every covariate of that name (they are
/// one patient's), or the parameter of that name where there is one.
pub(crate) fn slots(
    system: &System,
    name: &str,
    what: &'static str,
) -> Result<Vec<usize>, PopulationError> {
    if let Some(slot) = system.parameter_index(name) {
        return Ok(vec![slot]);
    }
    let infos = system.parameters();
    let of_parts: Vec<usize> = (0..infos.len())
        .filter(|&k| {
            infos[k]
                .name
                .rsplit_once(lutetia_model::ALIAS_SEPARATOR)
                .is_some_and(|(_, own)| own == name)
        })
        .collect();
    if of_parts.is_empty() {
        let instead = Instead::of(name, infos.iter().map(|p| p.name.as_str()));
        return Err(PopulationError::Unknown { what, name: name.to_owned(), instead });
    }
    let covariates = of_parts.iter().all(|k| infos[*k].kind == ParameterKind::Covariate);
    if of_parts.len() > 1 && !covariates {
        let parts = of_parts.iter().map(|k| infos[*k].name.clone()).collect();
        return Err(PopulationError::Unknown {
            what: "single parameter",
            name: name.to_owned(),
            instead: Instead::Parts(parts),
        });
    }
    Ok(of_parts)
}

/// The places of a covariate.
pub(crate) fn covariate_slots(system: &System, name: &str) -> Result<Vec<usize>, PopulationError> {
    let infos = system.parameters();
    let found = slots(system, name, "covariate")?;
    if found.iter().all(|k| infos[*k].kind == ParameterKind::Covariate) {
        return Ok(found);
    }
    let names =
        infos.iter().filter(|p| p.kind == ParameterKind::Covariate).map(|p| p.name.as_str());
    Err(PopulationError::Unknown {
        what: "covariate",
        name: name.to_owned(),
        instead: Instead::Parameter(Box::new(Instead::of(name, names))),
    })
}
