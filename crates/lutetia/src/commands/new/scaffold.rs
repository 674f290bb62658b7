//! What the new files say.

use std::path::PathBuf;

/// Files to be written, by path from the folder of the user.
pub(super) struct Scaffold {
    /// What is shown: the file, or the folder of several.
    pub(super) place: PathBuf,
    pub(super) files: Vec<(PathBuf, String)>,
    /// What comes next, with `{}` for the place.
    pub(super) next: &'static str,
}

/// Where an editor finds what a model may say.
const MODEL_SCHEMA: &str =
    "#:schema https://raw.githubusercontent.com/lutetia-rlt/lutetia/main/schemas/model.schema.json";

fn one(place: PathBuf, text: String, next: &'static str) -> Scaffold {
    Scaffold { files: vec![(place.clone(), text)], place, next }
}

pub(super) fn ligand(name: &str, family: &str) -> Scaffold {
    one(
        ["models", family, &format!("{name}.toml")].iter().collect(),
        format!(
            "{MODEL_SCHEMA}\n{}{}",
            lutetia_model::scaffold(name),
            include_str!("../../../templates/ligand.toml")
                .replace("{family}", family)
                .replace("{id}", name)
        ),
        "its numbers are assumed until you give them a source; next: `lutetia check {}`, `lutetia explain {}`",
    )
}

pub(super) fn chain(name: &str) -> Scaffold {
    one(
        ["models", "chains", &format!("{name}.toml")].iter().collect(),
        include_str!("../../../templates/chain.toml").replace("{id}", name),
        "name the parts you want and what drives them; next: `lutetia check {}`, `lutetia explain {}`",
    )
}

pub(super) fn study(name: &str) -> Scaffold {
    let files = [
        ("README.md", include_str!("../../../templates/study/README.md")),
        ("subjects.csv", include_str!("../../../templates/study/subjects.csv")),
        ("doses.csv", include_str!("../../../templates/study/doses.csv")),
        ("activity.csv", include_str!("../../../templates/study/activity.csv")),
    ];
    let place = PathBuf::from(name);
    Scaffold {
        files: files
            .into_iter()
            .map(|(file, text)| {
                let text = text.replace("{columns}", &lutetia_data::study_columns());
                (place.join(file), text.replace("{id}", name))
            })
            .collect(),
        place,
        next: "its rows are made up until you replace them; next: `lutetia data check {}`, `lutetia dose {}`",
    }
}

pub(super) fn experiment(name: &str) -> Scaffold {
    one(
        ["reports", name, "experiment.toml"].iter().collect(),
        include_str!("../../../templates/experiment.toml").replace("{id}", name),
        "change its question and its steps; next: `lutetia check {}`, then `lutetia report` with its name",
    )
}
