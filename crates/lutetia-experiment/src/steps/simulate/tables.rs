//! The table of a simulation.

use lutetia_table::{Cell, Table};

use super::course::Course;

/// `<id>`: a row per time, a column per output.
pub(super) fn outputs(id: &str, course: &Course) -> Table {
    let mut table = Table::new(id, "Outputs over time").column("time", "h");
    for output in &course.outputs {
        table = table.column(&output.name, output.unit.symbol());
    }
    for (row, t) in course.hours.iter().enumerate() {
        let values = course.outputs.iter().map(|o| Cell::from(o.values[row]));
        table.push(std::iter::once(Cell::from(*t)).chain(values).collect());
    }
    table
}
