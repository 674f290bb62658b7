//! Diagnostics as text for people and as JSON for machines.

use codespan_reporting::{
    diagnostic::{Diagnostic as Report, Label as Mark, LabelStyle, Severity as Level},
    files::SimpleFiles,
    term::{self, Config},
};

use crate::{Diagnostic, Severity, Sources};

/// Renders diagnostics for a terminal, in the order of the text.
///
/// With `colour` the text carries ANSI escapes. Labels that lie outside their text are clamped to
/// it, so rendering never fails.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    let mut files = SimpleFiles::new();
    for (name, text) in &sources.texts {
        files.add(name.as_str(), text.as_str());
    }
    let config = Config { tab_width: 4, ..Config::default() };
    let mut out = String::new();
    for diagnostic in in_text_order(diagnostics) {
        let report = Report {
            severity: match diagnostic.severity {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
            },
            code: Some(diagnostic.code.to_owned()),
            message: diagnostic.message.clone(),
            labels: diagnostic
                .labels
                .iter()
                .filter(|label| label.span.source.0 < sources.texts.len())
                .map(|label| {
                    let length = sources.text(label.span.source).len();
                    let end = label.span.end.min(length);
                    let style =
                        if label.primary { LabelStyle::Primary } else { LabelStyle::Secondary };
                    Mark::new(style, label.span.source.0, label.span.start.min(end)..end)
                        .with_message(label.message.clone())
                })
                .collect(),
            notes: diagnostic.hint.iter().map(|hint| format!("hint: {hint}")).collect(),
        };
        let rendered = if colour {
            let mut buffer = term::termcolor::Ansi::new(Vec::new());
            term::emit_to_write_style(&mut buffer, &config, &files, &report)
                .ok()
                .map(|()| String::from_utf8_lossy(&buffer.into_inner()).into_owned())
        } else {
            term::emit_into_string(&config, &files, &report).ok()
        };
        // A renderer that cannot place a label still must not lose the message.
        out.push_str(&rendered.unwrap_or_else(|| plain(diagnostic)));
    }
    out
}

/// The diagnostics as one JSON array: code, severity, message, file, line, column, hint.
#[must_use]
pub fn render_json(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    #[derive(serde::Serialize)]
    struct Row<'a> {
        code: &'a str,
        severity: Severity,
        message: &'a str,
        file: Option<&'a str>,
        line: Option<usize>,
        column: Option<usize>,
        at: Option<&'a str>,
        hint: Option<&'a str>,
    }
    let rows: Vec<Row<'_>> = in_text_order(diagnostics)
        .into_iter()
        .map(|d| {
            let label = d.labels.iter().find(|l| l.primary);
            let place = label.map(|l| sources.line_column(l.span.source, l.span.start));
            Row {
                code: d.code,
                severity: d.severity,
                message: &d.message,
                file: label.map(|l| sources.name(l.span.source)),
                line: place.map(|p| p.0),
                column: place.map(|p| p.1),
                at: label.map(|l| l.message.as_str()).filter(|m| !m.is_empty()),
                hint: d.hint.as_deref(),
            }
        })
        .collect();
    // Strings and numbers only: serialisation cannot fail.
    serde_json::to_string_pretty(&rows).unwrap_or_else(|_| "[]".to_owned())
}

fn in_text_order(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|d| d.labels.iter().find(|l| l.primary).map(|l| l.span));
    sorted
}

fn plain(diagnostic: &Diagnostic) -> String {
    let hint = diagnostic.hint.as_ref().map_or_else(String::new, |h| format!("\n  hint: {h}"));
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    format!("{level}[{}]: {}{hint}\n", diagnostic.code, diagnostic.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;

    #[test]
    fn exact_rendering_places_the_caret_and_the_hint() {
        let mut sources = Sources::new();
        let id = sources.add("m.toml", "a = 1\nkon = \"2 L\"\n");
        let d = Diagnostic::error("LUT2001", "`kon` is not declared")
            .at(Span::new(id, 6, 9), "not declared")
            .hint("did you mean `koff`?");
        let text = render(std::slice::from_ref(&d), &sources, false);
        assert!(text.contains("error[LUT2001]: `kon` is not declared"), "{text}");
        assert!(text.contains("m.toml:2:1"), "{text}");
        assert!(text.contains("hint: did you mean `koff`?"), "{text}");
        assert!(render_json(&[d], &sources).contains("\"line\": 2"));
    }

    #[test]
    fn exact_labels_outside_the_text_do_not_lose_the_message() {
        let mut sources = Sources::new();
        let id = sources.add("m.toml", "µ");
        let d = Diagnostic::warning("LUT2002", "odd").at(Span::new(id, 90, 99), "");
        assert!(render(&[d], &sources, true).contains("odd"));
    }
}
