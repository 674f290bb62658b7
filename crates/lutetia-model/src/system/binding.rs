//! Which nuclide a label carries.

use std::collections::BTreeMap;

use lutetia_units::NuclideTable;

/// The nuclides chosen for the label groups of a model.
///
/// A group is found by its name; in a connected model `pk:label` is also found as `label`. The
/// default, if one is given, serves every group that is not named.
#[derive(Debug, Clone)]
pub struct Binding<'a> {
    pub(crate) table: &'a NuclideTable,
    pub(crate) groups: BTreeMap<String, Vec<String>>,
    pub(crate) default: Vec<String>,
}

impl<'a> Binding<'a> {
    /// No nuclide for any group; enough for a model without labels.
    #[must_use]
    pub fn new(table: &'a NuclideTable) -> Self {
        Self { table, groups: BTreeMap::new(), default: Vec::new() }
    }

    /// The same nuclides for every label group.
    #[must_use]
    pub fn all<S: Into<String>>(
        table: &'a NuclideTable,
        nuclides: impl IntoIterator<Item = S>,
    ) -> Self {
        let default = nuclides.into_iter().map(Into::into).collect();
        Self { table, groups: BTreeMap::new(), default }
    }

    /// Chooses the nuclides of one group.
    #[must_use]
    pub fn with<S: Into<String>>(
        mut self,
        group: impl Into<String>,
        nuclides: impl IntoIterator<Item = S>,
    ) -> Self {
        self.groups.insert(group.into(), nuclides.into_iter().map(Into::into).collect());
        self
    }

    /// The nuclides of a group, as the user named them.
    pub(crate) fn nuclides_of(&self, group: &str) -> &[String] {
        self.groups
            .get(group)
            .or_else(|| self.groups.get(group.rsplit(':').next().unwrap_or(group)))
            .unwrap_or(&self.default)
    }
}
