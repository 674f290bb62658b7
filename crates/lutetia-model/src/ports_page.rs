//! The ports that models share, as a page.

use crate::{Port, PortPattern, Ports};

const HEAD: &str = "\
# Ports

Models connect because they have the same ports: what one gives as an output, another takes as an input.
This page is made of `models/ports.toml` by `cargo xtask schema`.

A chain that says `connect = \"ports\"` under `[chain]` connects its parts by this list.
An input that no line under `[connect]` names follows the one output of another part that gives its port; where two outputs give it, that is a fault that names both, and a line says which is meant.
A line under `[connect]` always wins, and `\"none\"` leaves an input open.
A dose rate is connected by a line with `dose_rate_of` and the mass, so that it follows the nuclide.
`lutetia explain` prints what was connected and by which port.

A model that this list does not name has its ports by the names of its inputs and outputs, where a name and its dimension are of one port alone.
An input that is not connected keeps its default, by which nothing acts, so that each model also runs alone.
In the names of models `*` stands for any part.
";

impl Ports {
    /// The list as a page in Markdown.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = HEAD.to_owned();
        for port in &self.list {
            page.push_str(&section(port));
        }
        page
    }
}

fn section(port: &Port) -> String {
    let mut text = format!("\n## `{}`\n\n{}", port.name, capital(&port.is));
    if let Some(about) = &port.about {
        text.push_str(&format!("; {about}"));
    }
    text.push_str(&format!(
        ".\nIn `{}`; where nothing gives it, it is `{}`.\n",
        port.unit, port.nothing
    ));
    let mut line = |what: &str, list: &[PortPattern]| {
        if !list.is_empty() {
            let names: Vec<String> = list.iter().map(|p| format!("`{p}`")).collect();
            text.push_str(&format!("\n- {what}: {}", names.join(", ")));
        }
    };
    line("given by", &port.given);
    line("taken by", &port.taken);
    line("called the same, and something else", &port.apart);
    text.push('\n');
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
