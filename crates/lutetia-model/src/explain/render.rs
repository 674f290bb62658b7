//! The explanation as a text page and as a LaTeX document.

use super::{
    Definition, DoseRow, Equation, EventRow, Explanation, GivenRow, explain, fold::folded,
    print::escape, process_text,
};
use crate::model::{Chain, Model, OrganTable};

/// A text page: equations, states, conservation laws, flows, parameters with sources. What an organ template made is one
/// line with `{organ}`, or with `every_organ` a line for each.
#[must_use]
pub fn explain_text(model: &Model, every_organ: bool) -> String {
    let mut alone = model.clone();
    if every_organ {
        alone.organs = OrganTable::default();
    }
    let model = &alone;
    let e = explain(model);
    let mut out = format!("{}: {}\n", e.id, e.title);
    for line in e.reference.iter().chain(&e.about) {
        out.push_str(&format!("{line}\n"));
    }
    if let Some(status) = e.status {
        out.push_str(&format!("status: {}\n", status.word()));
    }
    for label in &e.labels {
        out.push_str(&format!("label: {label}\n"));
    }
    if let Some(chain) = &e.chain {
        lines_of_chain(&mut out, chain);
    }
    section(&mut out, "States");
    // Transit states of delays are said with the delays.
    let transit = |name: &str| {
        model
            .quantities
            .iter()
            .enumerate()
            .any(|(q, own)| own.name == name && model.delay_of(q).is_some())
    };
    let rows = e.states.iter().filter(|s| !transit(&s.name)).map(|s| {
        vec![s.name.clone(), s.unit.clone(), s.initial.clone(), s.about.clone().unwrap_or_default()]
    });
    let rows = folded(model, rows.collect(), &[]);
    table(&mut out, &["state", "unit", "initial", "about", ""], &rows);
    if !model.processes.is_empty() {
        section(&mut out, "Processes");
        let rows = model
            .processes
            .iter()
            .filter(|p| !transit(&p.name))
            .map(|p| vec![p.name.clone(), process_text(model, p), format!("@ {}", p.text)]);
        let rows = folded(model, rows.collect(), &[]);
        table(&mut out, &["name", "process", "rate", ""], &rows);
    }
    section(&mut out, "Equations");
    if e.labels.is_empty() {
        out.push('\n');
    } else {
        out.push_str(
            "(lambda = ln 2 / half-life of the nuclide bound; hot = each nuclide bound)\n\n",
        );
    }
    equations(&mut out, model, &e, &transit);
    definitions(&mut out, model, "Volumes", &e.volumes);
    definitions(&mut out, model, "Definitions", &e.definitions);
    definitions(&mut out, model, "Delays", &e.delays);
    events(&mut out, &e.events);
    doses(&mut out, &e.doses);
    definitions(&mut out, model, "Outputs", &e.outputs);
    definitions(&mut out, model, "Derived", &e.derived);
    laws(&mut out, model, &e);
    flows(&mut out, &e);
    parameters(&mut out, model, &e);
    given(&mut out, "Covariates", "typical", &e.covariates);
    given(&mut out, "Inputs", "default", &e.inputs);
    out
}

fn section(out: &mut String, title: &str) {
    out.push_str(&format!("\n{title}\n{}\n", "-".repeat(title.len())));
}

/// Columns padded to their widest cell; columns that are empty throughout are left out.
fn table(out: &mut String, head: &[&str], rows: &[Vec<String>]) {
    let used: Vec<usize> = (0..head.len())
        .filter(|&c| rows.iter().any(|r| r.get(c).is_some_and(|cell| !cell.is_empty())))
        .collect();
    let width = |c: usize| {
        rows.iter()
            .map(|r| r.get(c).map_or(0, |cell| cell.chars().count()))
            .chain([head[c].chars().count()])
            .max()
            .unwrap_or(0)
    };
    let mut line = |cells: Vec<&str>| {
        let padded: Vec<String> =
            used.iter().zip(cells).map(|(&c, cell)| format!("{cell:<w$}", w = width(c))).collect();
        out.push_str(padded.join("  ").trim_end());
        out.push('\n');
    };
    line(used.iter().map(|&c| head[c]).collect());
    for row in rows {
        line(used.iter().map(|&c| row.get(c).map_or("", String::as_str)).collect());
    }
}

/// Every line of a chain with the file that says it.
fn lines_of_chain(out: &mut String, chain: &Chain) {
    section(out, "Parts");
    let rows = chain.parts.iter().map(|p| vec![p.alias.clone(), p.model.clone(), p.file.clone()]);
    table(out, &["part", "model", "said in"], &rows.collect::<Vec<_>>());
    if !chain.wires.is_empty() {
        section(out, "Connections");
        let rows = chain.wires.iter().map(|w| {
            let source = w.source.clone().unwrap_or_default();
            let rule = match &w.port {
                Some(port) => format!("port {port}"),
                None => "written".to_owned(),
            };
            vec![w.to.clone(), w.from.clone(), rule, source, w.file.clone()]
        });
        let head = ["input", "is", "by", "source", "said in"];
        table(out, &head, &rows.collect::<Vec<_>>());
        if let Some(factor) = chain.dose_factors.iter().find(|f| f.region.is_some()) {
            let adult = factor.adult.word();
            out.push_str(&format!(
                "(S(organ, mass): dose factor of the reference adult {adult})\n"
            ));
        }
        if let Some(file) = &chain.ports {
            out.push_str(&format!("(ports: as listed in {file})\n"));
        }
    }
    if !chain.set.is_empty() {
        section(out, "Set by the chain");
        let rows = chain.set.iter().map(|s| {
            let source = s.source.clone().unwrap_or_else(|| "assumed".to_owned());
            vec![s.name.clone(), s.value.clone(), source, s.file.clone()]
        });
        table(out, &["name", "value", "source", "said in"], &rows.collect::<Vec<_>>());
    }
    if !chain.roles.is_empty() {
        section(out, "Roles in a trial");
        let rows =
            chain.roles.iter().map(|r| vec![r.role.clone(), r.output.clone(), r.file.clone()]);
        table(out, &["role", "output", "said in"], &rows.collect::<Vec<_>>());
    }
    if !chain.toxicities.is_empty() {
        section(out, "Toxicities in a trial");
        let rows = chain.toxicities.iter().map(|t| {
            let graded = match (&t.ctcae, &t.limits) {
                (Some(item), _) => format!("CTCAE, {item}"),
                (None, limits) => {
                    format!("below {}", limits.clone().unwrap_or_default().join(", "))
                }
            };
            vec![t.name.clone(), t.output.clone(), graded, t.file.clone()]
        });
        table(out, &["toxicity", "output", "graded by", "said in"], &rows.collect::<Vec<_>>());
    }
}

/// The right-hand sides, term by term; those of an organ template once.
fn equations(out: &mut String, model: &Model, e: &Explanation, transit: &dyn Fn(&str) -> bool) {
    let text = |equation: &Equation| {
        // The terms that one template made are one: what flows from the blood into every organ.
        let rows = equation.terms.iter().map(|term| {
            let sign = if term.minus { "-" } else { "+" };
            vec![term.process.clone(), term.text.clone(), sign.to_owned()]
        });
        // Padded when organs are put together, or the length of their names would tell them apart.
        let line = |row: &Vec<String>| {
            let organs = row.get(3).filter(|organs| !organs.is_empty());
            let organs = organs.map_or_else(String::new, |organs| format!(", {organs}"));
            format!("{}\t{}\t({}{organs})", row[2], row[1], row[0])
        };
        folded(model, rows.collect(), &[]).iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let padded = |terms: &str| {
        let rows: Vec<Vec<&str>> =
            terms.lines().map(|line| line.splitn(3, '\t').collect()).collect();
        let cell = |row: &Vec<&str>, c: usize| row.get(c).copied().unwrap_or_default().to_owned();
        let width = rows.iter().map(|row| cell(row, 1).chars().count()).max().unwrap_or(0).min(60);
        let line = |row: &Vec<&str>| {
            format!("\n    {} {:<width$}  {}", cell(row, 0), cell(row, 1), cell(row, 2))
        };
        rows.iter().map(line).collect::<String>()
    };
    let equations = e.equations.iter().filter(|equation| !transit(&equation.state));
    let rows = equations.map(|equation| vec![equation.state.clone(), text(equation)]).collect();
    for row in folded(model, rows, &[]) {
        let organs = row.get(2).filter(|organs| !organs.is_empty());
        let organs = organs.map_or_else(String::new, |organs| format!("  [{organs}]"));
        let right = if row[1].is_empty() { " 0".to_owned() } else { padded(&row[1]) };
        out.push_str(&format!("d({})/dt ={organs}{right}\n", row[0]));
    }
}

fn definitions(out: &mut String, model: &Model, title: &str, list: &[Definition]) {
    if list.is_empty() {
        return;
    }
    section(out, title);
    let rows = list.iter().map(|d| {
        let value = d.value.clone().unwrap_or_default();
        vec![d.name.clone(), d.text.clone(), value, d.unit.clone()]
    });
    for row in folded(model, rows.collect(), &[1, 2]) {
        let value = if row[2].is_empty() { String::new() } else { format!(" = {}", row[2]) };
        let organs = row.get(4).filter(|organs| !organs.is_empty());
        let organs = organs.map_or_else(String::new, |organs| format!("  ({organs})"));
        out.push_str(&format!("{} = {}{value}  [{}]{organs}\n", row[0], row[1], row[3]));
    }
}

fn events(out: &mut String, list: &[EventRow]) {
    if list.is_empty() {
        return;
    }
    section(out, "Events");
    let rows = list.iter().map(|e| {
        vec![
            e.name.clone(),
            e.when.clone(),
            e.sets.join("; "),
            priority(e),
            e.source.clone().unwrap_or_default(),
            e.about.clone().unwrap_or_default(),
        ]
    });
    let head = ["name", "happens", "sets", "priority", "source", "about"];
    table(out, &head, &rows.collect::<Vec<_>>());
}

fn doses(out: &mut String, list: &[DoseRow]) {
    if list.is_empty() {
        return;
    }
    section(out, "Doses");
    let rows = list.iter().map(|d| vec![d.into.clone(), d.numbers.join(", ")]);
    table(out, &["into", "what becomes of them"], &rows.collect::<Vec<_>>());
}

/// Nothing where it is as everywhere.
fn priority(event: &EventRow) -> String {
    if event.priority.abs() > 0.0 { event.priority.to_string() } else { String::new() }
}

fn laws(out: &mut String, model: &Model, e: &Explanation) {
    section(out, "Conservation laws");
    if e.laws.is_empty() {
        out.push_str("none\n");
    }
    let rows = e.laws.iter().map(|law| vec![law.sum.clone(), law.changed_by.join(", ")]).collect();
    for row in folded(model, rows, &[]) {
        let organs = row.get(2).filter(|organs| !organs.is_empty());
        let organs = organs.map_or_else(String::new, |organs| format!("  ({organs})"));
        if row[1].is_empty() {
            out.push_str(&format!("{} = constant{organs}\n", row[0]));
        } else {
            out.push_str(&format!("{} changes only by: {}{organs}\n", row[0], row[1]));
        }
    }
}

/// What flows through each compartment of a circulation, and by how much it does not balance.
fn flows(out: &mut String, e: &Explanation) {
    if e.flows.is_empty() {
        return;
    }
    section(out, "Flow balance");
    let rows: Vec<Vec<String>> =
        e.flows.iter().map(|flow| vec![flow.place.clone(), flow.text()]).collect();
    table(out, &["compartment", "flows"], &rows);
}

fn parameters(out: &mut String, model: &Model, e: &Explanation) {
    if e.parameters.is_empty() {
        return;
    }
    section(out, "Parameters");
    let rows = e.parameters.iter().map(|p| {
        let mut value = p.value.clone();
        for effect in &p.effects {
            value.push_str(&format!(" * {effect}"));
        }
        let typical = p.typical.clone().unwrap_or_default();
        let mut source = match (&p.source, e.assumed.contains(&p.name)) {
            (_, true) => "assumed".to_owned(),
            (Some(source), false) => source.clone(),
            (None, false) => "formula".to_owned(),
        };
        if let Some(uncertainty) = &p.uncertainty {
            source = format!("standard error {uncertainty}; {source}");
        }
        if let Some([low, high]) = &p.range {
            source = format!("{low} to {high}; {source}");
        }
        if let Some(evidence) = p.evidence {
            source = format!("{}: {source}", evidence.word());
        }
        vec![
            p.name.clone(),
            p.parts.join(", "),
            value,
            typical,
            p.unit.clone(),
            p.iiv.clone().unwrap_or_default(),
            p.iov.clone().unwrap_or_default(),
            if p.fixed { "fixed".to_owned() } else { String::new() },
            source,
            p.about.clone().unwrap_or_default(),
        ]
    });
    let head = [
        "name",
        "parts",
        "value",
        "typical",
        "unit",
        "iiv",
        "iov",
        "estimation",
        "source",
        "about",
        "",
    ];
    table(out, &head, &folded(model, rows.collect(), &[2, 3]));
    if !e.assumed.is_empty() {
        out.push_str(&format!("\nassumed without source: {}\n", e.assumed.join(", ")));
    }
}

fn given(out: &mut String, title: &str, typical: &str, list: &[GivenRow]) {
    if list.is_empty() {
        return;
    }
    section(out, title);
    let rows = list.iter().map(|g| {
        vec![
            g.name.clone(),
            g.typical.clone().unwrap_or_default(),
            g.unit.clone(),
            g.about.clone().unwrap_or_default(),
        ]
    });
    table(out, &["name", typical, "unit", "about"], &rows.collect::<Vec<_>>());
}

/// A complete LaTeX document (amsmath, longtable): equations, laws, parameters with sources.
#[must_use]
pub fn explain_latex(model: &Model) -> String {
    let e = explain(model);
    let mut out = String::from(
        "\\documentclass{article}\n\\usepackage{amsmath,longtable,booktabs}\n\
         \\usepackage[margin=2cm,landscape]{geometry}\n\\allowdisplaybreaks\n\\begin{document}\n",
    );
    out.push_str(&format!(
        "\\section*{{{}}}\n\\noindent\\texttt{{{}}}\n",
        escape(&e.title),
        escape(&e.id)
    ));
    for line in e.reference.iter().chain(&e.about).chain(&e.labels) {
        out.push_str(&format!("\n\\noindent {}\n", escape(line)));
    }
    out.push_str("\n\\subsection*{Equations}\n\\begin{align*}\n");
    let lines: Vec<String> = e
        .equations
        .iter()
        .map(|equation| {
            let mut right = String::new();
            for (k, term) in equation.terms.iter().enumerate() {
                // Long right-hand sides break before every fourth term.
                if k > 0 && k % 4 == 0 {
                    right.push_str(" \\\\\n  &\\quad");
                }
                let sign = match (term.minus, k) {
                    (true, _) => " - ",
                    (false, 0) => " ",
                    (false, _) => " + ",
                };
                right.push_str(sign);
                right.push_str(&term.latex);
            }
            if right.is_empty() {
                right.push_str(" 0");
            }
            format!(
                "\\frac{{\\mathrm{{d}}\\,{}}}{{\\mathrm{{d}}t}} &={right}",
                equation.state_latex
            )
        })
        .collect();
    out.push_str(&lines.join(" \\\\\n"));
    out.push_str("\n\\end{align*}\n");
    let listed = [
        ("Volumes", &e.volumes),
        ("Definitions", &e.definitions),
        ("Outputs", &e.outputs),
        ("Derived", &e.derived),
    ];
    for (title, list) in listed {
        if list.is_empty() {
            continue;
        }
        let rows: Vec<String> = list
            .iter()
            .map(|d| {
                format!("{} && [\\text{{{}}}]", d.latex.replacen(" = ", " &= ", 1), escape(&d.unit))
            })
            .collect();
        out.push_str(&format!(
            "\\subsection*{{{title}}}\n\\begin{{align*}}\n{}\n\\end{{align*}}\n",
            rows.join(" \\\\\n")
        ));
    }
    if !e.events.is_empty() {
        out.push_str("\\subsection*{Events}\n\\begin{itemize}\n");
        for event in &e.events {
            out.push_str(&format!(
                "\\item {} {}: \\texttt{{{}}}\n",
                escape(&event.name),
                escape(&event.when),
                escape(&event.sets.join("; "))
            ));
        }
        out.push_str("\\end{itemize}\n");
    }
    if !e.doses.is_empty() {
        out.push_str("\\subsection*{Doses}\n\\begin{itemize}\n");
        for dose in &e.doses {
            let numbers = escape(&dose.numbers.join(", "));
            out.push_str(&format!("\\item {}: \\texttt{{{numbers}}}\n", escape(&dose.into)));
        }
        out.push_str("\\end{itemize}\n");
    }
    if !e.laws.is_empty() {
        out.push_str("\\subsection*{Conservation laws}\n\\begin{itemize}\n");
        for law in &e.laws {
            let what = if law.changed_by.is_empty() {
                "is constant".to_owned()
            } else {
                format!("changes only by: {}", escape(&law.changed_by.join(", ")))
            };
            out.push_str(&format!("\\item \\texttt{{{}}} {what}\n", escape(&law.sum)));
        }
        out.push_str("\\end{itemize}\n");
    }
    latex_parameters(&mut out, &e);
    out.push_str("\\end{document}\n");
    out
}

fn latex_parameters(out: &mut String, e: &Explanation) {
    if e.parameters.is_empty() {
        return;
    }
    out.push_str(
        "\\subsection*{Parameters}\n\\begin{longtable}{llllp{0.35\\textwidth}}\n\\toprule\n\
         name & value & unit & variability & source \\\\\n\\midrule\n\\endhead\n",
    );
    for p in &e.parameters {
        let mut variability = Vec::new();
        if p.fixed {
            variability.push("fixed".to_owned());
        }
        variability.extend(p.iiv.iter().map(|v| format!("iiv {v}")));
        variability.extend(p.iov.iter().map(|v| format!("iov {v}")));
        let mut value = p.value.clone();
        for effect in &p.effects {
            value.push_str(&format!(" * {effect}"));
        }
        let source = if e.assumed.contains(&p.name) {
            "\\emph{assumed}".to_owned()
        } else {
            p.source.as_deref().map_or_else(|| "formula".to_owned(), escape)
        };
        let parts = match &p.parts[..] {
            [] => String::new(),
            parts => format!(" ({})", escape(&parts.join(", "))),
        };
        out.push_str(&format!(
            "\\texttt{{{}}}{parts} & \\texttt{{{}}} & {} & {} & {source} \\\\\n",
            escape(&p.name),
            escape(&value),
            escape(&p.unit),
            escape(&variability.join(", "))
        ));
    }
    out.push_str("\\bottomrule\n\\end{longtable}\n");
}
