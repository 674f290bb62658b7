//! The columns of a study: the one table of which the reader, the page of documentation and the helps are made.

use crate::table::{ColumnSpec, Kind, Needed, TableSpec, Way};

pub(super) const SUBJECT_WORDS: &[&str] = &[
    "patient",
    "patient_id",
    "patient_name",
    "patient_number",
    "patient_no",
    "pat_id",
    "pid",
    "id",
    "subject_id",
    "subject_name",
    "case",
    "case_id",
    "participant",
    "participant_id",
];
const CYCLE_WORDS: &[&str] = &[
    "cycle_number",
    "cycle_no",
    "cycle_nr",
    "treatment_cycle",
    "therapy_cycle",
    "course",
    "treatment",
    "fraction",
];
const NUCLIDE_WORDS: &[&str] = &["isotope", "radionuclide", "radioisotope"];
const NOTE_WORDS: &[&str] = &["notes", "comment", "comments", "remark", "remarks"];
const HOURS_WORDS: &[&str] = &["t", "elapsed_time"];
const HOURS_UNITED: &[(&str, &str)] = &[("hours", "h"), ("minutes", "min"), ("days", "d")];

/// `subjects.csv`: who there is, and their covariates.
pub(super) static SUBJECTS: TableSpec = TableSpec {
    file: "subjects.csv",
    row: "patient",
    columns: &[ColumnSpec::new(
        "subject",
        Kind::Text,
        Needed::Always,
        "name of the patient, the same in all files",
    )
    .words(SUBJECT_WORDS)],
    covariates: true,
    unit_column_for: &[],
    row_limit: 200_000,
};

/// Places of the columns in [`DOSES`].
pub(super) mod dose {
    pub(crate) const SUBJECT: usize = 0;
    pub(crate) const CYCLE: usize = 1;
    pub(crate) const NUCLIDE: usize = 5;
    pub(crate) const ACTIVITY: usize = 6;
    pub(crate) const AMOUNT: usize = 7;
    pub(crate) const DURATION: usize = 8;
    pub(crate) const EVERY: usize = 9;
    pub(crate) const NUMBER: usize = 10;
    pub(crate) const KIND: usize = 11;
    pub(crate) const INTO: usize = 12;
    pub(crate) const NOTE: usize = 13;
}

/// `doses.csv`: what was injected, when, in whom.
pub(super) static DOSES: TableSpec = TableSpec {
    file: "doses.csv",
    row: "injection",
    columns: &[
        ColumnSpec::new("subject", Kind::Text, Needed::Always, "as in `subjects.csv`")
            .words(SUBJECT_WORDS),
        ColumnSpec::new(
            "cycle",
            Kind::Text,
            Needed::In("with several cycles"),
            "1, 2, …; 1 without it",
        )
        .words(CYCLE_WORDS),
        ColumnSpec::new(
            "time",
            Kind::Number("h"),
            Needed::When(Way::Hours),
            "start of the injection, from the start of the first one of all cycles",
        )
        .words(HOURS_WORDS)
        .united(HOURS_UNITED),
        ColumnSpec::new(
            "injection_date",
            Kind::Date,
            Needed::When(Way::Date),
            "date of the start of the injection, with its clock time or beside `injection_time`",
        )
        .words(&[
            "date",
            "datetime",
            "timestamp",
            "injection_datetime",
            "administration_date",
            "administration_datetime",
            "admin_date",
            "infusion_date",
            "dose_date",
            "dose_datetime",
            "treatment_date",
            "therapy_date",
        ]),
        ColumnSpec::new(
            "injection_time",
            Kind::Clock,
            Needed::When(Way::Clock),
            "its clock time, beside `injection_date`",
        )
        .words(&[
            "clock_time",
            "time_of_day",
            "administration_time",
            "admin_time",
            "dose_time",
            "infusion_start",
            "time_of_injection",
            "time_of_administration",
        ]),
        ColumnSpec::new("nuclide", Kind::Text, Needed::Always, "such as `Lu-177`")
            .words(NUCLIDE_WORDS),
        ColumnSpec::new(
            "activity",
            Kind::Number("MBq"),
            Needed::Always,
            "activity injected, at the start of the injection",
        )
        .words(&[
            "a",
            "a0",
            "act",
            "injected_activity",
            "administered_activity",
            "given_activity",
            "dose",
            "injected_dose",
            "administered_dose",
        ]),
        ColumnSpec::new(
            "amount",
            Kind::Number("nmol"),
            Needed::No,
            "ligand, hot and cold together",
        )
        .words(&["ligand_amount", "peptide_amount"]),
        ColumnSpec::new("duration", Kind::Number("h"), Needed::No, "of an infusion").words(&[
            "infusion_duration",
            "infusion_time",
            "injection_duration",
        ]),
        ColumnSpec::new(
            "every",
            Kind::Number("h"),
            Needed::No,
            "interval at which the injection is repeated, with `number`: each repetition is the next cycle; or that of its steady state",
        )
        .words(&["interval", "dosing_interval", "ii"]),
        ColumnSpec::new("number", Kind::Text, Needed::No, "how often it is given in all, with `every`")
            .words(&["number_of_injections", "injections_in_all"]),
        ColumnSpec::new(
            "kind",
            Kind::Text,
            Needed::No,
            "what it does to what is there, in models: `add` or nothing; `steady` (or 1), in the steady state of itself at the interval `every`; `add-steady` (or 2), that state added to what is there; `reset`, everything begins anew first",
        )
        .words(&["ss", "steady_state", "dose_kind"]),
        ColumnSpec::new("into", Kind::Text, Needed::No, "pool of a model, such as `L.plasma`")
            .words(&["route", "compartment", "pool"]),
        ColumnSpec::new("note", Kind::Text, Needed::No, "anything").words(NOTE_WORDS),
    ],
    covariates: false,
    unit_column_for: &["activity"],
    row_limit: 200_000,
};

/// Places of the columns in [`ACTIVITY`].
pub(super) mod measured {
    pub(crate) const SUBJECT: usize = 0;
    pub(crate) const CYCLE: usize = 1;
    pub(crate) const REGION: usize = 2;
    pub(crate) const ACTIVITY: usize = 7;
    pub(crate) const SD: usize = 8;
    pub(crate) const VOLUME: usize = 9;
    pub(crate) const BELOW: usize = 11;
    pub(crate) const CORRECTED: usize = 12;
    pub(crate) const NUCLIDE: usize = 13;
    pub(crate) const MASS: usize = 10;
}

/// `activity.csv`: what was measured, in long form.
pub(super) static ACTIVITY: TableSpec = TableSpec {
    file: "activity.csv",
    row: "region and scan",
    columns: &[
        ColumnSpec::new("subject", Kind::Text, Needed::Always, "as in `subjects.csv`")
            .words(SUBJECT_WORDS),
        ColumnSpec::new("cycle", Kind::Text, Needed::In("with several cycles"), "as in `doses.csv`")
            .words(CYCLE_WORDS),
        ColumnSpec::new(
            "region",
            Kind::Text,
            Needed::Always,
            "such as `kidney_left`, `liver`, `tumour 1`, `blood`, `whole_body`",
        )
        .words(&[
            "region_name", "roi", "roi_name", "voi", "voi_name", "organ", "organ_name", "structure",
            "structure_name", "segment", "segment_name", "label", "tissue", "contour", "source_organ",
            "source_region",
        ]),
        ColumnSpec::new(
            "time",
            Kind::Number("h"),
            Needed::When(Way::Hours),
            "of the scan, from the start of the first injection of all cycles",
        )
        .words(HOURS_WORDS)
        .united(HOURS_UNITED),
        ColumnSpec::new(
            "time_after_injection",
            Kind::Number("h"),
            Needed::When(Way::After),
            "of the scan, from the start of the first injection of its cycle",
        )
        .words(&[
            "time_pi", "t_pi", "time_post_injection", "post_injection_time", "time_since_injection",
            "time_after_administration", "time_post_administration", "time_since_administration",
            "time_from_injection",
        ])
        .united(&[
            ("hours_pi", "h"),
            ("h_pi", "h"),
            ("hours_post_injection", "h"),
            ("hours_after_injection", "h"),
            ("minutes_pi", "min"),
            ("min_pi", "min"),
            ("days_pi", "d"),
            ("d_pi", "d"),
            ("days_post_injection", "d"),
            ("days_after_injection", "d"),
        ]),
        ColumnSpec::new(
            "scan_date",
            Kind::Date,
            Needed::When(Way::Date),
            "date of the scan, with its clock time or beside `scan_time`",
        )
        .words(&[
            "date", "datetime", "timestamp", "scan_datetime", "acquisition_date",
            "acquisition_datetime", "acq_date", "study_date", "study_datetime", "series_date",
            "imaging_date", "measurement_date", "date_of_scan",
        ]),
        ColumnSpec::new(
            "scan_time",
            Kind::Clock,
            Needed::When(Way::Clock),
            "its clock time, beside `scan_date`",
        )
        .words(&[
            "clock_time", "time_of_day", "acquisition_time", "acq_time", "study_time", "series_time",
            "imaging_time", "measurement_time", "time_of_scan",
        ]),
        ColumnSpec::new(
            "activity",
            Kind::Measured,
            Needed::Always,
            "in the region at the time of the scan, or its concentration or share of what was injected (see “Activities”); `<12.3` is below detection",
        )
        .words(&[
            "a", "act", "total_activity", "measured_activity", "activity_in_region", "region_activity",
            "roi_activity", "voi_activity", "organ_activity", "activity_concentration", "concentration",
            "mean_concentration", "mean_activity_concentration",
        ])
        .united(&[
            ("%IA", "%IA"),
            ("%ID", "%IA"),
            ("percent_IA", "%IA"),
            ("percent_ID", "%IA"),
            ("percent_injected_activity", "%IA"),
            ("%IA/mL", "%IA/mL"),
            ("%ID/mL", "%IA/mL"),
            ("%IA/g", "%IA/g"),
            ("%ID/g", "%IA/g"),
        ]),
        ColumnSpec::new(
            "sd",
            Kind::MeasuredOrRelative,
            Needed::No,
            "standard deviation of the activity, also in `%` of it",
        )
        .words(&[
            "std", "stdev", "std_dev", "standard_deviation", "sigma", "se", "error", "uncertainty",
            "activity_sd", "activity_std", "activity_error", "activity_uncertainty", "cv", "cov",
            "coefficient_of_variation", "relative_sd", "rel_sd",
        ]),
        ColumnSpec::new(
            "volume",
            Kind::Number("mL"),
            Needed::In("for a dose or a concentration, without a mass"),
            "of the region; its mass is this times the density of the organ (ICRP 89)",
        )
        .words(&[
            "v", "vol", "region_volume", "roi_volume", "voi_volume", "organ_volume",
            "structure_volume",
        ]),
        ColumnSpec::new(
            "mass",
            Kind::Number("g"),
            Needed::In("for a dose or a concentration, without a volume"),
            "of the region; where given, doses take it and not the volume",
        )
        .words(&["m", "region_mass", "roi_mass", "voi_mass", "organ_mass"]),
        ColumnSpec::new(
            "below_detection",
            Kind::Text,
            Needed::No,
            "`yes` where `activity` is the limit of detection",
        )
        .words(&["bdl", "below_limit", "below_lod", "blq", "bloq", "censored"]),
        ColumnSpec::new(
            "decay_corrected",
            Kind::Text,
            Needed::In("with shares of what was injected"),
            "`yes` where the activity was corrected to the start of the cycle's first injection; the correction is undone",
        )
        .words(&["decay_correction", "decay_corr", "corrected"]),
        ColumnSpec::new("nuclide", Kind::Text, Needed::In("with several nuclides"), "which was imaged")
            .words(NUCLIDE_WORDS),
        ColumnSpec::new("note", Kind::Text, Needed::No, "anything").words(NOTE_WORDS),
    ],
    covariates: false,
    unit_column_for: &["activity", "sd"],
    row_limit: usize::MAX,
};

/// The three tables in the order in which they are read.
pub(super) static TABLES: [&TableSpec; 3] = [&SUBJECTS, &DOSES, &ACTIVITY];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn exact_the_places_are_those_of_the_names() {
        for (i, name) in [
            (dose::SUBJECT, "subject"),
            (dose::CYCLE, "cycle"),
            (dose::NUCLIDE, "nuclide"),
            (dose::ACTIVITY, "activity"),
            (dose::AMOUNT, "amount"),
            (dose::DURATION, "duration"),
            (dose::EVERY, "every"),
            (dose::NUMBER, "number"),
            (dose::KIND, "kind"),
            (dose::INTO, "into"),
            (dose::NOTE, "note"),
        ] {
            assert_eq!(DOSES.columns[i].name, name);
        }
        for (i, name) in [
            (measured::SUBJECT, "subject"),
            (measured::CYCLE, "cycle"),
            (measured::REGION, "region"),
            (measured::ACTIVITY, "activity"),
            (measured::SD, "sd"),
            (measured::VOLUME, "volume"),
            (measured::BELOW, "below_detection"),
            (measured::CORRECTED, "decay_corrected"),
            (measured::NUCLIDE, "nuclide"),
            (measured::MASS, "mass"),
        ] {
            assert_eq!(ACTIVITY.columns[i].name, name);
        }
    }

    #[test]
    fn exact_a_word_means_one_column() {
        for table in TABLES {
            let mut meaning: BTreeMap<String, &str> = BTreeMap::new();
            for column in table.columns {
                for name in column.names() {
                    let key = crate::table::squashed(name);
                    let other = meaning.insert(key, column.name);
                    assert_eq!(other, None, "{}: `{name}` of `{}`", table.file, column.name);
                    let (found, _) = table.called(name).expect("a name of a column");
                    assert_eq!(table.columns[found].name, column.name, "{name}");
                }
            }
        }
    }
}
