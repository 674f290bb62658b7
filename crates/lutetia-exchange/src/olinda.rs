//! Case files of OLINDA/EXM 2 (`.cas`): nuclide, phantom, masses and kinetics.
//!
//! The file is lines of `name|value` in nested `[BEGIN …]`/`[END …]` sections. Its kinetics are
//! time-integrated activity coefficients in h (MBq·h per MBq administered); it holds no measured
//! activities, no times and no administered activity.

use lutetia_diagnostic::{Diagnostic, SourceId, Sources, Span};

use lutetia_data::Sex;

use crate::{
    Exported, OrganIntegral, codes,
    organs::{notes, olinda_organs, together},
};

/// A source organ of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct OlindaSource {
    /// Its name there.
    pub organ: String,
    /// Mass of the phantom's organ, g.
    pub mass_g: f64,
    /// Time-integrated activity coefficient, h.
    pub tiac_h: f64,
}

/// A phantom with its masses and kinetics.
#[derive(Debug, Clone, PartialEq)]
pub struct OlindaModel {
    /// Such as `ICRP 89 Adult Male`.
    pub name: String,
    /// Source organs in their order.
    pub sources: Vec<OlindaSource>,
    /// Target organs with their masses in g.
    pub targets: Vec<(String, f64)>,
    /// The masses of the target organs are those of the patient.
    pub masses_of_patient: bool,
}

/// A case file.
#[derive(Debug, Clone, PartialEq)]
pub struct OlindaCase {
    /// Nuclides as named there, such as `Lu-177`.
    pub nuclides: Vec<String>,
    /// Phantoms.
    pub models: Vec<OlindaModel>,
}

/// Reads a case file.
///
/// The case is `None` exactly when one of the diagnostics is an error.
#[must_use]
pub fn read_olinda_case(name: &str, text: &str) -> (Option<OlindaCase>, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::new();
    let id = sources.add(name, text);
    let mut reader = Reader { id, faults: Vec::new(), open: Vec::new() };
    let case = reader.read(text);
    let failed = lutetia_diagnostic::has_errors(&reader.faults);
    ((!failed).then_some(case), reader.faults, sources)
}

struct Reader {
    id: SourceId,
    faults: Vec<Diagnostic>,
    /// Sections that are open, outermost first, with the place of their beginning.
    open: Vec<(String, Span)>,
}

impl Reader {
    fn read(&mut self, text: &str) -> OlindaCase {
        let mut case = OlindaCase { nuclides: Vec::new(), models: Vec::new() };
        let mut model = None;
        let mut start = 0;
        let mut seen = false;
        for line in text.split('\n') {
            let span = Span::new(self.id, start, start + line.trim_end().len());
            start += line.len() + 1;
            let line = line.trim();
            if let Some(name) = bracket(line, "BEGIN") {
                seen |= name == "CASE FILE";
                if self.open.last().is_some_and(|s| s.0 == "MODELS") {
                    model = Some(Building::new(name));
                }
                self.open.push((name.to_owned(), span));
            } else if let Some(name) = bracket(line, "END") {
                self.close(name, span);
                if self.open.last().is_some_and(|s| s.0 == "MODELS")
                    && let Some(built) = model.take()
                {
                    let built = self.finish(built, span);
                    case.models.push(built);
                }
            } else if !line.is_empty() && !self.open.is_empty() {
                self.entry(line, span, &mut case, model.as_mut());
            }
        }
        let end = Span::new(self.id, text.len(), text.len());
        if !seen {
            let begin = Span::new(self.id, 0, text.lines().next().map_or(0, str::len));
            self.faults.push(
                Diagnostic::error(
                    codes::FOREIGN_SYNTAX,
                    "this is no OLINDA case file: `[BEGIN CASE FILE]` is missing",
                )
                .at(begin, "")
                .hint("save the case in OLINDA/EXM 2 as `.cas`"),
            );
            return case;
        }
        for (name, span) in std::mem::take(&mut self.open) {
            self.faults.push(
                Diagnostic::error(
                    codes::FOREIGN_SYNTAX,
                    format!("`[BEGIN {name}]` has no `[END {name}]`"),
                )
                .at(span, "opened here")
                .note_at(end, "the file ends here"),
            );
        }
        for (what, missing) in
            [("nuclide", case.nuclides.is_empty()), ("phantom", case.models.is_empty())]
        {
            if missing && !lutetia_diagnostic::has_errors(&self.faults) {
                self.faults.push(
                    Diagnostic::error(codes::FOREIGN_LACKS, format!("the case has no {what}"))
                        .at(end, "")
                        .hint(format!("choose a {what} in OLINDA and save the case again")),
                );
            }
        }
        case
    }

    fn close(&mut self, name: &str, span: Span) {
        match self.open.pop() {
            Some((open, _)) if open == name => {}
            Some((open, at)) => {
                self.faults.push(
                    Diagnostic::error(
                        codes::FOREIGN_SYNTAX,
                        format!("`[END {name}]` closes `[BEGIN {open}]`"),
                    )
                    .at(span, "closed here")
                    .note_at(at, "opened here"),
                );
            }
            None => self.faults.push(
                Diagnostic::error(codes::FOREIGN_SYNTAX, format!("`[END {name}]` closes nothing"))
                    .at(span, ""),
            ),
        }
    }

    fn entry(
        &mut self,
        line: &str,
        span: Span,
        case: &mut OlindaCase,
        model: Option<&mut Building>,
    ) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let section = self.open.last().map_or("", |s| s.0.as_str());
        if section == "NUCLIDES" {
            case.nuclides.push(cells[0].to_owned());
            return;
        }
        let Some(model) = model else { return };
        if section == "KINETIC DATA" {
            if let Some(value) = self.number(&cells, 1, span) {
                model.kinetics.push((cells[0].to_owned(), value, span));
            }
        } else if section.ends_with(" SOURCE ORGANS") {
            if let Some(mass) = self.number(&cells, 1, span) {
                // The third cell repeats the kinetics; some writers fill only one of both places.
                let tiac = if cells.len() > 2 { self.number(&cells, 2, span) } else { None };
                model.sources.push((cells[0].to_owned(), mass, tiac, span));
            }
        } else if section.ends_with(" MODEL TARGET ORGANS") {
            if cells[0] == "TARGET_ORGAN_MASSES_ARE_FROM_USER_INPUT" {
                model.of_patient = cells.get(1).is_some_and(|v| v.eq_ignore_ascii_case("true"));
            }
        } else if section.ends_with(" TARGET ORGANS")
            && let Some(mass) = self.number(&cells, 1, span)
        {
            model.targets.push((cells[0].to_owned(), mass));
        }
    }

    /// The non-negative number of a cell.
    fn number(&mut self, cells: &[&str], at: usize, span: Span) -> Option<f64> {
        let text = cells.get(at).copied().unwrap_or_default();
        match text.parse::<f64>() {
            Ok(x) if x.is_finite() && x >= 0.0 => Some(x),
            _ => {
                self.faults.push(
                    Diagnostic::error(
                        codes::FOREIGN_SYNTAX,
                        format!(
                            "`{}`: found `{text}` in cell {}, expected a number of 0 or more",
                            cells[0],
                            at + 1
                        ),
                    )
                    .at(span, ""),
                );
                None
            }
        }
    }

    fn finish(&mut self, model: Building, end: Span) -> OlindaModel {
        if model.kinetics.is_empty() {
            self.faults.push(
                Diagnostic::error(
                    codes::FOREIGN_LACKS,
                    format!("`{}` has no section `[BEGIN KINETIC DATA]`", model.name),
                )
                .at(end, "the phantom ends here")
                .hint("enter the kinetics in OLINDA and save the case again"),
            );
        }
        let mut sources = Vec::new();
        for (organ, mass_g, beside, span) in model.sources {
            let of_section = model.kinetics.iter().find(|k| k.0 == organ);
            let tiac_h = match (of_section, beside) {
                (Some((_, x, at)), Some(y))
                    if *x > 0.0 && y > 0.0 && (x / y - 1.0).abs() > 1e-5 =>
                {
                    self.faults.push(
                        Diagnostic::warning(
                            codes::FOREIGN_LEFT_OUT,
                            format!("`{organ}` has {y} h beside its mass and {x} h in its kinetics; the latter is taken"),
                        )
                        .at(*at, "taken")
                        .note_at(span, "not taken"),
                    );
                    *x
                }
                (Some((_, x, _)), Some(y)) if *x <= 0.0 => y,
                (Some((_, x, _)), _) => *x,
                (None, y) => y.unwrap_or(0.0),
            };
            sources.push(OlindaSource { organ, mass_g, tiac_h });
        }
        for (organ, x, span) in &model.kinetics {
            if *x > 0.0 && !sources.iter().any(|s| s.organ == *organ) {
                self.faults.push(
                    Diagnostic::error(
                        codes::FOREIGN_SYNTAX,
                        format!(
                            "`{organ}` has kinetics and is not a source organ of `{}`",
                            model.name
                        ),
                    )
                    .at(*span, ""),
                );
            }
        }
        OlindaModel {
            name: model.name,
            sources,
            targets: model.targets,
            masses_of_patient: model.of_patient,
        }
    }
}

/// A phantom while it is read.
struct Building {
    name: String,
    sources: Vec<(String, f64, Option<f64>, Span)>,
    targets: Vec<(String, f64)>,
    kinetics: Vec<(String, f64, Span)>,
    of_patient: bool,
}

impl Building {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            sources: Vec::new(),
            targets: Vec::new(),
            kinetics: Vec::new(),
            of_patient: false,
        }
    }
}

/// The name in `[BEGIN name]` or `[END name]`.
fn bracket<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.strip_prefix('[')?.strip_prefix(word)?.strip_prefix(' ')?.strip_suffix(']')
}

impl OlindaCase {
    /// A case file of an ICRP 89 adult from the integrals of one patient; target organs that were
    /// measured get the patient's mass.
    ///
    /// `saved` is the text of the first line, such as a date.
    #[must_use]
    pub fn export(nuclide: &str, sex: Sex, integrals: &[OrganIntegral], saved: &str) -> Exported {
        let (sums, left_out) = together(integrals);
        let column = usize::from(sex == Sex::Female);
        let model = match sex {
            Sex::Male => ("ICRP 89 Adult Male", "A"),
            Sex::Female => ("ICRP 89 Adult Female", "B"),
        };
        let mut notes = notes(&sums, &left_out, |o| o.name);
        let (sources, targets): (Vec<_>, Vec<_>) = olinda_organs().iter().partition(|o| o.source);
        let of_source: Vec<OlindaSource> = sources
            .iter()
            .map(|o| OlindaSource {
                organ: o.name.to_owned(),
                mass_g: o.mass_g[column],
                tiac_h: sums.iter().find(|t| t.organ.name == o.name).map_or(0.0, |t| t.tiac_h),
            })
            .collect();
        for t in &sums {
            if t.organ.mass_g[column] <= 0.0 {
                let organ = t.organ.name;
                notes.push(format!(
                    "{} has no {organ}; its kinetics stand there and give no dose",
                    model.0
                ));
            }
        }
        let mut of_patient = false;
        let targets: Vec<(String, f64)> = targets
            .iter()
            .map(|o| {
                // The mass of the remainder is not that of the body; contents are not walls.
                let measured = sums
                    .iter()
                    .find(|t| t.organ.name == o.name && o.name != "Total Body")
                    .and_then(|t| t.mass_g);
                of_patient |= measured.is_some();
                (o.name.to_owned(), measured.unwrap_or(o.mass_g[column]))
            })
            .collect();
        let case = OlindaCase {
            nuclides: vec![nuclide.to_owned()],
            models: vec![OlindaModel {
                name: model.0.to_owned(),
                sources: of_source,
                targets,
                masses_of_patient: of_patient,
            }],
        };
        Exported { text: case.text(model.1, saved), notes }
    }

    fn text(&self, letter: &str, saved: &str) -> String {
        let mut lines = vec![
            format!("Saved on {saved}"),
            "[BEGIN CASE FILE]".to_owned(),
            "[BEGIN NUCLIDE SETTINGS]".to_owned(),
            "USE_DECAY_SERIES|false".to_owned(),
            "USE_LEGACY_DATA|false".to_owned(),
            "[END NUCLIDE SETTINGS]".to_owned(),
            "[BEGIN NUCLIDES]".to_owned(),
        ];
        lines.extend(self.nuclides.iter().map(|n| format!("{n}|")));
        lines.extend(
            ["[END NUCLIDES]", "[BEGIN MODEL SETTINGS]", "[END MODEL SETTINGS]", "[BEGIN MODELS]"]
                .map(str::to_owned),
        );
        for m in &self.models {
            let name = &m.name;
            lines.push(format!("[BEGIN {name}]"));
            lines.push(format!("{name}|{letter}"));
            lines.push(format!("[BEGIN {name} SOURCE ORGANS]"));
            lines.extend(
                m.sources
                    .iter()
                    .map(|s| format!("{}|{:.1}|{}", s.organ, s.mass_g, hours(s.tiac_h))),
            );
            lines.push(format!("[END {name} SOURCE ORGANS]"));
            lines.push(format!("[BEGIN {name} MODEL OPTIONS]"));
            lines.push("IS_BONE_ACTIVITY_ON_SURFACE|true".to_owned());
            lines.push(format!("[END {name} MODEL OPTIONS]"));
            lines.push(format!("[BEGIN {name} TARGET ORGANS]"));
            lines.extend(m.targets.iter().map(|(organ, mass)| format!("{organ}|{mass:.1}")));
            lines.push(format!("[END {name} TARGET ORGANS]"));
            lines.push(format!("[BEGIN {name} MODEL TARGET ORGANS]"));
            let of_patient = if m.masses_of_patient { "TRUE" } else { "FALSE" };
            lines.push(format!("TARGET_ORGAN_MASSES_ARE_FROM_USER_INPUT|{of_patient}"));
            lines.push(format!("[END {name} MODEL TARGET ORGANS]"));
            lines.push("[BEGIN KINETIC DATA]".to_owned());
            lines.extend(m.sources.iter().map(|s| format!("{}|{}", s.organ, hours(s.tiac_h))));
            lines.push("[END KINETIC DATA]".to_owned());
            lines.push(format!("[END {name}]"));
        }
        lines.extend(["[END MODELS]", "[END CASE FILE]", ""].map(str::to_owned));
        lines.join("\n")
    }
}

/// A coefficient to six decimals, as case files hold it, and to six digits where it is small.
fn hours(tiac_h: f64) -> String {
    if tiac_h <= 0.0 {
        return "0.0".to_owned();
    }
    let decimals = (5.0 - tiac_h.log10().floor()).clamp(6.0, 15.0);
    format!("{tiac_h:.*}", decimals as usize)
}
