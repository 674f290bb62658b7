//! The network of a model as a drawing: compartments in layers, what happens within them, and what goes between them.

use std::collections::BTreeMap;

use lutetia_units::significant;

use super::{
    fold::{organ_in, template},
    process_text,
};
use crate::model::{Model, Participant, Process, Rate};

const WIDTH: f64 = 230.0;
const LINE: f64 = 17.0;
const GAP_X: f64 = 190.0;
const GAP_Y: f64 = 30.0;
const MARGIN: f64 = 40.0;
/// Characters of the text of a box; longer ones are cut.
const LONGEST: usize = 34;
/// Lines of processes in a box.
const MOST_LINES: usize = 8;
/// Boxes of a column; a fuller layer goes on in the next column.
const MOST_IN_COLUMN: usize = 9;

/// A compartment, or those that one template made.
struct Box {
    title: String,
    lines: Vec<String>,
    compartments: Vec<usize>,
    x: f64,
    y: f64,
    height: f64,
}

/// What goes from box to box, there and back.
#[derive(Default)]
struct Arrow {
    there: Vec<String>,
    back: Vec<String>,
}

/// The network as SVG: a box per compartment with its species and the processes in it, an arrow per exchange. Compartments
/// that an organ template made are one box, or with `every_organ` a box each.
#[must_use]
pub fn diagram_svg(model: &Model, every_organ: bool) -> String {
    let (mut boxes, of) = boxes(model, every_organ);
    let mut arrows: BTreeMap<(usize, usize), Arrow> = BTreeMap::new();
    let mut inside: Vec<Vec<String>> = vec![Vec::new(); boxes.len()];
    // A name is that of a template where several processes have it.
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for process in &model.processes {
        *alike.entry(folded_name(model, &process.name, every_organ)).or_default() += 1;
    }
    let named = |name: &str| {
        let folded = folded_name(model, name, every_organ);
        if alike.get(&folded).is_some_and(|&n| n > 1) { folded } else { name.to_owned() }
    };
    let mut states: Vec<String> = Vec::new();
    for process in &model.processes {
        let (from, into) =
            (places(model, &process.reactants, &of), places(model, &process.products, &of));
        let name = named(&process.name);
        match (from.first(), into.first()) {
            (Some(&a), Some(&b)) if a != b => {
                let arrow = arrows.entry((a.min(b), a.max(b))).or_default();
                let names = if a < b { &mut arrow.there } else { &mut arrow.back };
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            (Some(&here), _) | (None, Some(&here)) => {
                let line = format!("{name}: {}", within(model, process, every_organ));
                if !inside[here].contains(&line) {
                    inside[here].push(line);
                }
            }
            (None, None) => {
                let line = process_text(model, process);
                let transit = |side: &(Participant, f64)| matches!(side.0, Participant::Quantity(q) if model.delay_of(q).is_some());
                if !process.products.iter().any(transit) {
                    states.push(format!("{name}: {line}"));
                }
            }
        }
    }
    for (own, lines) in boxes.iter_mut().zip(inside) {
        own.lines.extend(shortened(lines));
    }
    let links: Vec<(usize, usize)> = arrows.keys().copied().collect();
    if !states.is_empty() || !model.delays.is_empty() {
        let delays =
            model.delays.iter().map(|d| format!("{}: {} transit states", d.name, d.states));
        let mut lines = shortened(states);
        lines.extend(delays);
        boxes.push(Box {
            title: "states".to_owned(),
            lines,
            compartments: Vec::new(),
            x: 0.0,
            y: 0.0,
            height: 0.0,
        });
    }
    let (width, height) = place(&mut boxes, &links);
    // Letters of the title are about half as wide as high.
    let width = width.max(2.0 * MARGIN + 8.3 * model.title.chars().count() as f64);
    draw(model, &boxes, &arrows, (width, height))
}

/// Boxes, and the box of each compartment.
fn boxes(model: &Model, every_organ: bool) -> (Vec<Box>, Vec<usize>) {
    let mut boxes: Vec<Box> = Vec::new();
    let mut of = Vec::with_capacity(model.compartments.len());
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut species: Vec<Vec<&str>> = vec![Vec::new(); model.compartments.len()];
    for pool in &model.pools {
        species[pool.place].push(&model.species[pool.species].name);
    }
    for (index, compartment) in model.compartments.iter().enumerate() {
        let list = species[index].join(", ");
        let title = folded_name(model, &compartment.name, every_organ);
        let next = boxes.len();
        let own = *known.entry((title.clone(), list.clone())).or_insert(next);
        if own == next {
            let lines = if list.is_empty() { Vec::new() } else { vec![cut(&list)] };
            boxes.push(Box { title, lines, compartments: Vec::new(), x: 0.0, y: 0.0, height: 0.0 });
        }
        boxes[own].compartments.push(index);
        of.push(own);
    }
    for own in &mut boxes {
        let names: Vec<&str> =
            own.compartments.iter().map(|&c| model.compartments[c].name.as_str()).collect();
        let organs: Option<Vec<&str>> =
            names.iter().map(|name| organ_in(&model.organs, name)).collect();
        own.title = match (names.as_slice(), organs) {
            ([one], _) => (*one).to_owned(),
            (all, Some(organs)) => {
                let choice = model.organs.choice(&organs).unwrap_or_else(|| "{organ}".to_owned());
                format!("{} × {}", template(all[0], organs[0], &choice), all.len())
            }
            (all, None) => format!("{} × {}", own.title, all.len()),
        };
    }
    (boxes, of)
}

fn folded_name(model: &Model, name: &str, every_organ: bool) -> String {
    match organ_in(&model.organs, name) {
        Some(organ) if !every_organ && model.organs.names.len() > 1 => {
            template(name, organ, "{organ}")
        }
        _ => name.to_owned(),
    }
}

/// The boxes of the participants of a side, without repetition.
fn places(model: &Model, side: &[(Participant, f64)], of: &[usize]) -> Vec<usize> {
    let mut out: Vec<usize> = Vec::new();
    for (participant, _) in side {
        if let Participant::Pool(pool) = participant {
            let own = of[model.pools[*pool].place];
            if !out.contains(&own) {
                out.push(own);
            }
        }
    }
    out
}

/// A process within a compartment, without the name of the compartment; of one between two compartments of a box, these.
fn within(model: &Model, process: &Process, every_organ: bool) -> String {
    let place = |side: &[(Participant, f64)]| {
        side.iter().find_map(|side| match side.0 {
            Participant::Pool(pool) => Some(&model.compartments[model.pools[pool].place].name),
            Participant::Quantity(_) => None,
        })
    };
    if let (Some(from), Some(into)) = (place(&process.reactants), place(&process.products))
        && from != into
    {
        return format!("{} → {into}", folded_name(model, from, every_organ));
    }
    let side = |side: &[(Participant, f64)]| {
        if side.is_empty() {
            return "0".to_owned();
        }
        let one = |&(participant, times): &(Participant, f64)| {
            let name = match participant {
                Participant::Pool(pool) => &model.species[model.pools[pool].species].name,
                Participant::Quantity(quantity) => &model.quantities[quantity].name,
            };
            let name = folded_name(model, name, every_organ);
            if (times - 1.0).abs() <= 0.0 {
                name
            } else {
                format!("{} {name}", significant(times, 3))
            }
        };
        side.iter().map(one).collect::<Vec<_>>().join(" + ")
    };
    let arrow = if matches!(process.rate, Rate::Explicit(_)) { "⇒" } else { "→" };
    format!("{} {arrow} {}", side(&process.reactants), side(&process.products))
}

fn shortened(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(MOST_LINES);
    if more > 1 {
        lines.truncate(MOST_LINES);
        lines.push(format!("and {more} more"));
    }
    lines.iter().map(|line| cut(line)).collect()
}

fn cut(text: &str) -> String {
    cut_to(text, LONGEST)
}

fn cut_to(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let head: String = text.chars().take(longest - 1).collect();
    format!("{}…", head.trim_end())
}

/// Lays the boxes out: columns by the distance from the box with most exchanges, each ordered by the middle of its
/// neighbours to the left. The size of the drawing.
fn place(boxes: &mut [Box], links: &[(usize, usize)]) -> (f64, f64) {
    let near = |b: usize| {
        links.iter().filter_map(move |&(x, y)| match (x == b, y == b) {
            (true, _) => Some(y),
            (_, true) => Some(x),
            _ => None,
        })
    };
    let mut layer: Vec<Option<usize>> = vec![None; boxes.len()];
    let mut by_links: Vec<usize> = (0..boxes.len()).collect();
    by_links.sort_by_key(|&b| std::cmp::Reverse(near(b).count()));
    for root in by_links {
        if layer[root].is_some() {
            continue;
        }
        layer[root] = Some(0);
        let mut front = vec![root];
        while !front.is_empty() {
            let mut next = Vec::new();
            for b in front {
                for other in near(b).collect::<Vec<_>>() {
                    if layer[other].is_none() {
                        layer[other] = layer[b].map(|l| l + 1);
                        next.push(other);
                    }
                }
            }
            front = next;
        }
    }
    let layers = layer.iter().flatten().max().map_or(0, |l| l + 1);
    let (mut x, mut deepest) = (MARGIN, 0.0_f64);
    let mut columns: Vec<Vec<usize>> = Vec::new();
    for l in 0..layers {
        let mut column: Vec<usize> = (0..boxes.len()).filter(|&b| layer[b] == Some(l)).collect();
        let middle = |b: &usize| {
            let left: Vec<f64> = near(*b)
                .filter(|&n| layer[n] < Some(l))
                .map(|n| boxes[n].y + boxes[n].height / 2.0)
                .collect();
            left.iter().sum::<f64>() / left.len().max(1) as f64
        };
        column.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
        for part in column.chunks(MOST_IN_COLUMN) {
            let mut y = MARGIN + 30.0;
            for &b in part {
                boxes[b].height = 30.0 + LINE * boxes[b].lines.len() as f64;
                boxes[b].x = x;
                boxes[b].y = y;
                y += boxes[b].height + GAP_Y;
            }
            deepest = deepest.max(y);
            x += WIDTH + GAP_X;
            columns.push(part.to_vec());
        }
    }
    // Short columns stand in the middle of long ones.
    for column in columns {
        let end = column.last().map_or(0.0, |&b| boxes[b].y + boxes[b].height + GAP_Y);
        for b in column {
            boxes[b].y += (deepest - end) / 2.0;
        }
    }
    ((x - GAP_X + MARGIN + 60.0).max(400.0), deepest + MARGIN)
}

fn draw(
    model: &Model,
    boxes: &[Box],
    arrows: &BTreeMap<(usize, usize), Arrow>,
    (width, height): (f64, f64),
) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n<title>{}</title>\n<defs><marker id=\"tip\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\" fill=\"#5b6b7b\"/></marker></defs>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"{MARGIN}\" y=\"34\" font-size=\"15\">{}</text>\n",
        escaped(&model.title),
        escaped(&model.title)
    );
    let mut labels = String::new();
    for (&(a, b), arrow) in arrows {
        // From left to right, whichever comes first in the file.
        let (left, right, swapped) =
            if boxes[a].x <= boxes[b].x { (a, b, false) } else { (b, a, true) };
        let (from, to) = (&boxes[left], &boxes[right]);
        let (y1, y2) = (from.y + from.height / 2.0, to.y + to.height / 2.0);
        let beside = (from.x - to.x).abs() < 1.0;
        let x1 = from.x + WIDTH;
        let x2 = if beside { to.x + WIDTH } else { to.x };
        let bend = if beside { 70.0 } else { (x2 - x1) / 2.0 };
        let end = if beside { x2 + bend } else { x2 - bend };
        let (rightward, leftward) =
            if swapped { (&arrow.back, &arrow.there) } else { (&arrow.there, &arrow.back) };
        let tip = |names: &Vec<String>, at: &str| {
            if names.is_empty() { String::new() } else { format!(" marker-{at}=\"url(#tip)\"") }
        };
        out.push_str(&format!(
            "<path d=\"M{x1:.0} {y1:.0}C{:.0} {y1:.0} {end:.0} {y2:.0} {x2:.0} {y2:.0}\" fill=\"none\" stroke=\"#5b6b7b\"{}{}/>\n",
            x1 + bend,
            tip(leftward, "start"),
            tip(rightward, "end"),
        ));
        let middle = if beside { x1 + 0.75 * bend } else { (x1 + x2) / 2.0 };
        let lines = [("→ ", rightward), ("← ", leftward)];
        let lines: Vec<String> = lines
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(sign, names)| {
                let more =
                    if names.len() > 2 { format!(" +{}", names.len() - 2) } else { String::new() };
                let first: Vec<&str> = names.iter().take(2).map(String::as_str).collect();
                let sign = if beside { "" } else { sign };
                cut_to(&format!("{sign}{}{more}", first.join(", ")), 28)
            })
            .collect();
        for (k, line) in lines.iter().enumerate() {
            let y = (y1 + y2) / 2.0 + 13.0 * k as f64 - 6.5 * (lines.len() - 1) as f64 + 3.0;
            labels.push_str(&format!(
                "<text x=\"{middle:.0}\" y=\"{y:.0}\" font-size=\"10.5\" text-anchor=\"middle\" stroke=\"white\" stroke-width=\"4\" paint-order=\"stroke\" fill=\"#34495e\">{}</text>\n",
                escaped(line)
            ));
        }
    }
    for own in boxes {
        out.push_str(&format!(
            "<rect x=\"{:.0}\" y=\"{:.0}\" width=\"{WIDTH}\" height=\"{:.0}\" rx=\"6\" fill=\"#eef3f8\" stroke=\"#34495e\"/>\n<text x=\"{:.0}\" y=\"{:.0}\" font-weight=\"bold\">{}</text>\n",
            own.x,
            own.y,
            own.height,
            own.x + 10.0,
            own.y + 20.0,
            escaped(&cut(&own.title))
        ));
        for (k, line) in own.lines.iter().enumerate() {
            out.push_str(&format!(
                "<text x=\"{:.0}\" y=\"{:.0}\" font-size=\"11\">{}</text>\n",
                own.x + 10.0,
                own.y + 37.0 + LINE * k as f64,
                escaped(line)
            ));
        }
    }
    out.push_str(&labels);
    out.push_str("</svg>\n");
    out
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            // Not allowed in XML.
            c if c.is_control() => " ".to_owned(),
            c => c.to_string(),
        })
        .collect()
}
