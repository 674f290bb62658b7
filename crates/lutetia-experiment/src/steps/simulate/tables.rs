//! The table of a simulation.

use lutetia_table::Cell;

use super::course::Course;
use crate::results::{Measure, Results};

/// `<id>`: a row per time, a column per output.
pub(super) fn outputs(id: &str, course: &Course) -> Results {
    let mut table = Results::new(id, "Outputs over time").subject("time", "h");
    for output in &course.outputs {
        table = table.number(Measure::Output(output.name.clone()), output.unit.symbol());
    }
    for (row, t) in course.hours.iter().enumerate() {
        let values = course.outputs.iter().map(|o| Cell::from(o.values[row]));
        table.push(std::iter::once(Cell::from(*t)).chain(values).collect());
    }
    table
}
