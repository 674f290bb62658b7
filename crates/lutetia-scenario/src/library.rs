//! Models by name, what is near a name that nothing has, and the ports that they share.

use lutetia_model::SourceFile;

use crate::ScenarioError;

/// The bundled model whose name is nearest: `psma/tumour-kidny` means `psma/tumour-kidney`, and so does `tumour-kidney`.
///
/// ```
/// use lutetia_scenario::nearest;
/// assert_eq!(nearest("models/psma/tumor-kidney.toml"), Some("psma/tumour-kidney"));
/// assert_eq!(nearest("tumour-kidney"), Some("psma/tumour-kidney"));
/// assert_eq!(nearest("elsewhere/model"), None);
/// ```
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    let wanted = lutetia_models::plain(name);
    let last = |name: &'static str| name.rsplit('/').next().unwrap_or(name);
    if wanted.contains('/') {
        return lutetia_diagnostic::closest(wanted, lutetia_models::names());
    }
    // Without a family, what is meant is the name within one.
    let near = lutetia_diagnostic::closest(wanted, lutetia_models::names().map(last))?;
    lutetia_models::names().find(|name| last(name) == near)
}

/// The text of a bundled model or chain, or of the ports that models share: what [`model`](crate::model()) reads where a
/// program has no models of its own.
///
/// ```
/// let model = lutetia_scenario::model("psma/tumour-kidney", &["Lu-177".to_owned()], &mut lutetia_scenario::bundled)?;
/// assert_eq!(model.model.id, "psma-tumour-kidney");
/// # Ok::<(), lutetia_scenario::ScenarioError>(())
/// ```
///
/// # Errors
/// [`ScenarioError::NoModel`], with the name that is nearest.
pub fn bundled(name: &str) -> Result<String, ScenarioError> {
    if name == lutetia_models::PORTS_PATH {
        return Ok(lutetia_models::PORTS.to_owned());
    }
    match lutetia_models::find(name) {
        Some(model) => Ok(model.text.to_owned()),
        None => Err(ScenarioError::NoModel { name: name.to_owned(), nearest: nearest(name) }),
    }
}

/// The file of the ports that models share, as it travels with the library. Chains are connected by what the reader of
/// their models gives under its path, which a user may have in its place.
#[must_use]
pub fn ports_file() -> SourceFile {
    SourceFile {
        name: lutetia_models::PORTS_PATH.to_owned(),
        text: lutetia_models::PORTS.to_owned(),
    }
}
