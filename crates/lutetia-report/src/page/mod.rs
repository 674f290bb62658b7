//! Pages: the README of a report, its page for the browser, and the index of all reports.

use std::{collections::BTreeMap, sync::Arc};

use minijinja::{Environment, Error, ErrorKind, Value, context};

use crate::provenance::Provenance;
use lutetia_experiment::Experiment;
use lutetia_experiment::spec::Heading;
use lutetia_figure::figure::Figure;
use lutetia_table::{Tables, cell, significant};

const README: &str = include_str!("readme.md.jinja");
const PAGE: &str = include_str!("page.html.jinja");
const INDEX: &str = include_str!("index.html.jinja");

/// A page that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// A placeholder names nothing, or the text is not well-formed.
    #[error("in the text of the experiment, line {line}: {reason}")]
    Text {
        /// Line of the text block, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        Self::Text { line: error.line().unwrap_or(0), reason }
    }
}

/// A report ready to be written.
pub(crate) struct Text {
    /// `README.md`.
    pub(crate) readme: String,
    /// `index.html`.
    pub(crate) page: String,
}

/// Fills the text of an experiment with its numbers, which may be those of tables under `[data]` too.
pub(crate) fn render(
    experiment: &Experiment,
    tables: &Arc<Tables>,
    numbers: &Arc<Tables>,
    figures: &[Figure],
    assumed: &[String],
    provenance: &Provenance,
) -> Result<Text, PageError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let for_num = Arc::clone(numbers);
    environment.add_function("num", move |path: String, digits: Option<usize>| {
        let found = cell(&for_num, &path)
            .map_err(|m| Error::new(ErrorKind::InvalidOperation, m.to_string()))?;
        Ok(match found.number() {
            Some(x) => significant(x, digits.unwrap_or(3)),
            None => found.pretty(),
        })
    });
    // Captions are texts as the others are: filled before the functions that print them.
    let filled = |text: &str| environment.render_str(text, context! {}).map_err(PageError::from);
    let mut table_captions = BTreeMap::new();
    for (name, table) in tables.iter() {
        table_captions.insert(name.clone(), filled(&table.caption)?);
    }
    let mut captions = BTreeMap::new();
    for figure in figures {
        captions.insert(figure.name.clone(), filled(&figure.caption)?);
    }
    let for_table = Arc::clone(tables);
    environment.add_function("table", move |name: String| {
        let known: Vec<&str> = for_table.keys().map(String::as_str).collect();
        for_table
            .get(&name)
            .map(|t| {
                let caption = table_captions.get(&name).unwrap_or(&t.caption);
                format!("{}\n\n*{caption}* ([CSV](tables/{name}.csv))", t.to_markdown())
            })
            .ok_or_else(|| {
                let reason = format!("there is no table `{name}`; there are: {}", known.join(", "));
                Error::new(ErrorKind::InvalidOperation, reason)
            })
    });
    environment.add_function("figure", move |name: String| {
        captions
            .get(&name)
            .map(|caption| {
                format!(
                    "![{caption}](figures/{name}.svg)\n\n*{caption}* ([data](figures/{name}.csv))"
                )
            })
            .ok_or_else(|| {
                let known: Vec<&str> = captions.keys().map(String::as_str).collect();
                let reason =
                    format!("there is no figure `{name}`; there are: {}", known.join(", "));
                Error::new(ErrorKind::InvalidOperation, reason)
            })
    });
    let fill = |text: &str| environment.render_str(text, context! {}).map_err(PageError::from);
    let heading: &Heading = &experiment.experiment;
    let readme = environment.render_str(
        README,
        context! {
            title => &heading.title,
            question => &heading.question,
            objective => fill(&heading.objective)?,
            method => fill(&heading.method)?,
            result => fill(&heading.result)?,
            disagreement => fill(&heading.disagreement)?,
            references => heading.references.iter().cloned().collect::<Value>(),
            assumed => assumed.iter().cloned().collect::<Value>(),
            provenance => made(provenance),
        },
    )?;
    let body = html(&readme);
    let page = environment
        .render_str(PAGE, context! { title => &heading.title, nav => "All reports", body })?;
    Ok(Text { readme, page })
}

/// One line of the index.
#[derive(Debug, Clone, serde::Serialize)]
pub struct IndexEntry {
    /// Folder name.
    pub folder: String,
    /// Title.
    pub title: String,
    /// Question.
    pub question: String,
    /// A figure to show, by path from the folder.
    pub figure: Option<String>,
}

/// `reports/index.html`.
///
/// # Errors
/// Never for entries of plain text; the signature is that of the template engine.
pub fn index(entries: &[IndexEntry]) -> Result<String, PageError> {
    listed(
        "Lutetia: reports",
        "Model-informed radioligand therapy. Every page below is made from the bundled data and models by <code>lutetia report</code>.",
        entries.iter().map(|entry| {
            let number = entry.folder.split('_').next().unwrap_or_default();
            line(entry, number.to_owned())
        }),
    )
}

/// The index of the patients of a study.
pub(crate) fn patients_index(study: &str, entries: &[IndexEntry]) -> Result<String, PageError> {
    listed(
        &format!("Dosimetry of {study}"),
        "Made by <code>lutetia dose</code>. Research software, no medical device.",
        entries.iter().zip(1..).map(|(entry, number)| line(entry, format!("{number}"))),
    )
}

/// A page that leads to others; `lead` is HTML.
fn listed(
    heading: &str,
    lead: &str,
    entries: impl Iterator<Item = Value>,
) -> Result<String, PageError> {
    let entries = entries.collect::<Value>();
    Ok(Environment::new().render_str(INDEX, context! { heading, lead, entries })?)
}

/// The page of a patient from Markdown.
pub(crate) fn patient_html(title: &str, markdown: &str) -> Result<String, PageError> {
    let body = html(markdown);
    Ok(Environment::new().render_str(PAGE, context! { title, nav => "All patients", body })?)
}

/// Provenance as the template reads it.
fn made(provenance: &Provenance) -> Value {
    let pairs = |map: &BTreeMap<String, String>| Value::from_pairs(map.clone());
    Value::from_pairs([
        ("version", Value::from(provenance.version.as_str())),
        ("seed", Value::from(provenance.seed)),
        ("settings", pairs(&provenance.settings)),
        ("inputs", pairs(&provenance.inputs)),
    ])
}

/// One line of the index as the template reads it.
fn line(entry: &IndexEntry, number: String) -> Value {
    Value::from_pairs([
        ("folder", Value::from(entry.folder.as_str())),
        ("number", Value::from(number)),
        ("title", Value::from(entry.title.as_str())),
        ("question", Value::from(entry.question.as_str())),
        ("figure", entry.figure.as_deref().map_or_else(|| Value::from(()), Value::from)),
    ])
}

/// Markdown as HTML; raw HTML in the text is kept from acting.
fn html(markdown: &str) -> String {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let parser = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: page_of(dest_url), title, id })
        }
        other => other,
    });
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, parser);
    out
}

/// A README links to the README of another report, which a browser shows as raw text: a page links to that
/// report's page.
fn page_of(link: pulldown_cmark::CowStr<'_>) -> pulldown_cmark::CowStr<'_> {
    let (path, anchor) = link.split_once('#').map_or((&*link, None), |(p, a)| (p, Some(a)));
    let Some(folder) = path.strip_suffix("README.md").filter(|_| !path.contains("://")) else {
        return link;
    };
    let anchor = anchor.map_or_else(String::new, |a| format!("#{a}"));
    format!("{folder}index.html{anchor}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_pages_link_to_pages() {
        for (markdown, link) in [
            ("[a](../06_vision/README.md)", "../06_vision/index.html"),
            ("[a](../06_vision/README.md#method)", "../06_vision/index.html#method"),
            ("[a](tables/x.csv)", "tables/x.csv"),
            ("[a](https://example.org/README.md)", "https://example.org/README.md"),
        ] {
            let page = html(markdown);
            assert!(page.contains(&format!("href=\"{link}\"")), "{markdown}: {page}");
        }
    }
}
