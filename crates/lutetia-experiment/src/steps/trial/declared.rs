//! Roles that a trial takes from the chain of its cohort.

use lutetia_model::{ALIAS_SEPARATOR, Model};

use super::{ToxicitySpec, TrialStep};

/// What says that an output that the chain declares plays no role.
const NONE: &str = "none";

impl TrialStep {
    /// The step with the roles and toxicities that the chain declares where the step does not say otherwise.
    pub(crate) fn with_declared(&self, model: &Model) -> Self {
        let mut step = self.clone();
        let chain = model.chain.as_ref();
        let inside = |output: &str| output.replacen('.', &ALIAS_SEPARATOR.to_string(), 1);
        for (role, own) in [
            ("death", &mut step.death),
            ("new_lesion", &mut step.new_lesion),
            ("volume", &mut step.volume),
            ("marker", &mut step.marker),
        ] {
            *own = match own.take() {
                None => chain.and_then(|chain| chain.role(role)).map(inside),
                Some(output) => (output != NONE).then_some(output),
            };
        }
        step.toxicities.get_or_insert_with(|| {
            let declared = chain.map_or(&[][..], |chain| &chain.toxicities);
            let spec = |t: &lutetia_model::ChainToxicity| ToxicitySpec {
                name: t.name.clone(),
                output: inside(&t.output),
                ctcae: t.ctcae.clone(),
                limits: t.limits.clone(),
            };
            declared.iter().map(spec).collect()
        });
        step
    }

    /// The outputs that the step itself names.
    pub(crate) fn named_outputs(&self) -> impl Iterator<Item = &str> {
        let roles = [&self.death, &self.new_lesion, &self.volume, &self.marker];
        let roles = roles.into_iter().filter_map(|role| role.as_deref()).filter(|o| *o != NONE);
        let graded = self.toxicities.iter().flatten().map(|t| t.output.as_str());
        roles.chain(graded).chain(self.keep.iter().map(String::as_str))
    }
}
