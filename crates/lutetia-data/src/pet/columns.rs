//! The columns of the tables of a PET study.

use crate::table::{ColumnSpec, Kind, Needed, TableSpec};

const SCAN_WORDS: &[&str] =
    &["pet", "subject", "subject_id", "patient", "participant", "participant_id", "session", "id"];

/// Places of the columns in [`TACS`].
pub(super) mod tac {
    pub(crate) const SCAN: usize = 0;
    pub(crate) const REGION: usize = 1;
    pub(crate) const START: usize = 2;
    pub(crate) const END: usize = 3;
    pub(crate) const DURATION: usize = 4;
    pub(crate) const ACTIVITY: usize = 5;
    pub(crate) const SD: usize = 6;
    pub(crate) const WEIGHT: usize = 7;
}

/// `tacs.csv`: the mean concentration of each region over each frame.
pub(super) static TACS: TableSpec = TableSpec {
    file: "tacs.csv",
    row: "region and frame",
    columns: &[
        ColumnSpec::new("scan", Kind::Text, Needed::In("with several scans"), "name of the scan")
            .words(SCAN_WORDS),
        ColumnSpec::new("region", Kind::Text, Needed::Always, "name of the region")
            .words(&["roi", "voi", "organ", "structure"]),
        ColumnSpec::new(
            "start",
            Kind::Number("min"),
            Needed::Always,
            "start of the frame, from the injection",
        )
        .words(&["frame_start", "start_time", "tstart"]),
        ColumnSpec::new(
            "end",
            Kind::Number("min"),
            Needed::In("without a duration"),
            "end of the frame, from the injection",
        )
        .words(&["frame_end", "end_time", "tend"]),
        ColumnSpec::new(
            "duration",
            Kind::Number("min"),
            Needed::In("without an end"),
            "how long the frame is",
        )
        .words(&["frame_duration", "dur"]),
        ColumnSpec::new(
            "activity",
            Kind::Number("kBq/mL"),
            Needed::Always,
            "mean concentration of the region over the frame, decay-corrected to injection",
        )
        .words(&["concentration", "activity_concentration", "tac", "radioactivity", "value"]),
        ColumnSpec::new(
            "sd",
            Kind::NumberOrRelative("kBq/mL"),
            Needed::No,
            "standard deviation of the activity, also in `%` of it; the weight is its inverse square",
        )
        .words(&["std", "stdev", "standard_deviation", "uncertainty"]),
        ColumnSpec::new(
            "weight",
            Kind::Pure,
            Needed::No,
            "inverse variance up to a factor; 0 leaves the frame out of the sum of squares",
        )
        .words(&["weights", "w"]),
    ],
    covariates: false,
    unit_column_for: &["activity", "sd"],
    row_limit: 1_000_000,
};

/// Places of the columns in [`BLOOD`].
pub(super) mod sample {
    pub(crate) const SCAN: usize = 0;
    pub(crate) const TIME: usize = 1;
    pub(crate) const WHOLE_BLOOD: usize = 2;
    pub(crate) const PLASMA: usize = 3;
    pub(crate) const PLASMA_FRACTION: usize = 4;
    pub(crate) const PARENT_FRACTION: usize = 5;
    pub(crate) const PARENT: usize = 6;
}

/// `blood.csv`: what was measured in blood, arterial or in the image.
pub(super) static BLOOD: TableSpec = TableSpec {
    file: "blood.csv",
    row: "time; cells of what was not measured then are empty",
    columns: &[
        ColumnSpec::new("scan", Kind::Text, Needed::In("with several scans"), "as in `tacs.csv`")
            .words(SCAN_WORDS),
        ColumnSpec::new("time", Kind::Number("min"), Needed::Always, "from the injection")
            .words(&["t", "sample_time", "time_after_injection"]),
        ColumnSpec::new(
            "whole_blood",
            Kind::Number("kBq/mL"),
            Needed::In("for blood in vessels"),
            "concentration in whole blood, of an artery or of a vessel in the image",
        )
        .words(&["blood", "whole_blood_radioactivity", "cb", "image_derived"]),
        ColumnSpec::new(
            "plasma",
            Kind::Number("kBq/mL"),
            Needed::In("without `parent_plasma`"),
            "concentration in plasma, metabolites included",
        )
        .words(&["total_plasma", "plasma_radioactivity"]),
        ColumnSpec::new(
            "plasma_fraction",
            Kind::Pure,
            Needed::In("in the place of `plasma`"),
            "concentration in plasma over that in whole blood",
        )
        .words(&["plasma_to_blood", "plasma_over_blood"]),
        ColumnSpec::new(
            "parent_fraction",
            Kind::Pure,
            Needed::In("without `parent_plasma`"),
            "unchanged tracer in plasma, as a part of all activity there",
        )
        .words(&["metabolite_parent_fraction", "unchanged_fraction", "intact_fraction"]),
        ColumnSpec::new(
            "parent_plasma",
            Kind::Number("kBq/mL"),
            Needed::In("without plasma and fractions"),
            "concentration of the unchanged tracer in plasma",
        )
        .words(&["parent", "aif", "cp", "metabolite_corrected_plasma"]),
    ],
    covariates: false,
    unit_column_for: &[],
    row_limit: 1_000_000,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_the_places_are_those_of_the_names() {
        let of_tacs = [
            (tac::SCAN, "scan"),
            (tac::REGION, "region"),
            (tac::START, "start"),
            (tac::END, "end"),
            (tac::DURATION, "duration"),
            (tac::ACTIVITY, "activity"),
            (tac::SD, "sd"),
            (tac::WEIGHT, "weight"),
        ];
        let of_blood = [
            (sample::SCAN, "scan"),
            (sample::TIME, "time"),
            (sample::WHOLE_BLOOD, "whole_blood"),
            (sample::PLASMA, "plasma"),
            (sample::PLASMA_FRACTION, "plasma_fraction"),
            (sample::PARENT_FRACTION, "parent_fraction"),
            (sample::PARENT, "parent_plasma"),
        ];
        for (i, name) in of_tacs {
            assert_eq!(TACS.columns[i].name, name);
        }
        for (i, name) in of_blood {
            assert_eq!(BLOOD.columns[i].name, name);
        }
        for table in [&TACS, &BLOOD] {
            for column in table.columns {
                for name in column.names() {
                    let (found, _) = table.called(name).expect("a name of a column");
                    assert_eq!(table.columns[found].name, column.name, "{name}");
                }
            }
        }
    }
}
