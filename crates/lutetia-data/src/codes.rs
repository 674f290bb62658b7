//! The codes of this crate, one per kind of fault.

use lutetia_diagnostic::Code;

/// A file of the study is missing.
pub const MISSING_FILE: Code = "LUT3001";
/// A file of the study cannot be opened or read.
pub const UNREADABLE_FILE: Code = "LUT3002";
/// A file is empty or has a header only.
pub const EMPTY_FILE: Code = "LUT3003";
/// A line is not UTF-8.
pub const NOT_UTF8: Code = "LUT3004";
/// A line is longer than any table row.
pub const LINE_TOO_LONG: Code = "LUT3005";
/// A quote is not closed on its line, or text follows it.
pub const BAD_QUOTE: Code = "LUT3006";
/// A row has more or fewer cells than the header.
pub const RAGGED_ROW: Code = "LUT3007";
/// A required column is missing.
pub const MISSING_COLUMN: Code = "LUT3008";
/// A column is not known.
pub const UNKNOWN_COLUMN: Code = "LUT3009";
/// A column is there twice.
pub const DUPLICATE_COLUMN: Code = "LUT3010";
/// A number has no unit.
pub const MISSING_UNIT: Code = "LUT3011";
/// A unit is not known.
pub const UNKNOWN_UNIT: Code = "LUT3012";
/// A unit has the wrong dimension.
pub const WRONG_DIMENSION: Code = "LUT3013";
/// A cell that must hold a number does not.
pub const NOT_A_NUMBER: Code = "LUT3014";
/// A number is infinite or not a number.
pub const NOT_FINITE: Code = "LUT3015";
/// Decimal commas and points are mixed in one file.
pub const MIXED_DECIMALS: Code = "LUT3016";
/// The file is another table, or holds two tables.
pub const MIXED_TABLES: Code = "LUT3017";
/// A mark is neither yes nor no.
pub const BAD_MARK: Code = "LUT3018";
/// A cycle is not a whole number from 1 on.
pub const BAD_CYCLE: Code = "LUT3019";
/// A subject is not in `subjects.csv`.
pub const MISSING_SUBJECT: Code = "LUT3020";
/// A subject is listed twice.
pub const DUPLICATE_SUBJECT: Code = "LUT3021";
/// A nuclide is unknown, stable or not determined.
pub const BAD_NUCLIDE: Code = "LUT3022";
/// A row is there twice.
pub const DUPLICATE_ROW: Code = "LUT3023";
/// A time lies before the injection.
pub const BEFORE_INJECTION: Code = "LUT3024";
/// An activity is negative, or an injected activity is not positive.
pub const BAD_ACTIVITY: Code = "LUT3025";
/// A standard deviation is zero or negative.
pub const BAD_SD: Code = "LUT3026";
/// A volume, amount or duration is out of its range.
pub const OUT_OF_RANGE: Code = "LUT3027";
/// An activity is above what was injected.
pub const ABOVE_INJECTED: Code = "LUT3028";
/// An activity is above what decay leaves of what was injected.
pub const ABOVE_REMAINING: Code = "LUT3029";
/// A region falls more slowly than physical decay.
pub const LOOKS_DECAY_CORRECTED: Code = "LUT3030";
/// A subject was measured at one time only.
pub const ONE_TIME_POINT: Code = "LUT3031";
/// A measurement belongs to a cycle without a dose.
pub const NO_DOSE: Code = "LUT3032";
/// An activity is more than its amount of ligand can carry.
pub const ABOVE_CARRIER: Code = "LUT3033";
/// The study names no source.
pub const NO_SOURCE: Code = "LUT3034";
/// A subject has no dose or no measurement.
pub const UNUSED_SUBJECT: Code = "LUT3035";
/// A name is empty.
pub const EMPTY_NAME: Code = "LUT3036";
/// Lines end in a lone carriage return.
pub const OLD_LINE_ENDS: Code = "LUT3037";
/// A table has more rows than it may.
pub const TOO_MANY_ROWS: Code = "LUT3038";
/// Decay-corrected and measured activities stand in one table.
pub const MIXED_CORRECTION: Code = "LUT3039";
/// An injected activity is out of proportion.
pub const DOUBTFUL_INJECTED: Code = "LUT3043";
/// The mass of a region is out of proportion.
pub const DOUBTFUL_MASS: Code = "LUT3044";
/// The volume of a region jumps between the scans of a cycle.
pub const VOLUME_JUMPS: Code = "LUT3045";
/// Names of regions differ only in case, separators or order of words.
pub const NAMES_ALIKE: Code = "LUT3046";
/// A region stands beside another that holds it.
pub const REGIONS_OVERLAP: Code = "LUT3047";
/// Regions hold more together than was injected.
pub const SUM_ABOVE_INJECTED: Code = "LUT3048";
/// Regions hold more together than the body that holds them.
pub const SUM_ABOVE_WHOLE: Code = "LUT3049";
/// Times are out of proportion to the nuclide.
pub const DOUBTFUL_TIME: Code = "LUT3050";
/// A sex is not understood.
pub const BAD_SEX: Code = "LUT3051";
/// A date or clock time is not understood or absent, or could be two.
pub const BAD_DATE: Code = "LUT3052";
/// Times with and without an offset from UTC are compared, or scans have dates and injections none.
pub const MIXED_ZONES: Code = "LUT3053";
/// Clocks may have been set between injection and scan.
pub const CLOCKS_SET: Code = "LUT3054";
/// A mark in a number may be decimal or separate thousands.
pub const UNDECIDED_NUMBER: Code = "LUT3055";
/// A concentration stands beside neither a volume nor a mass.
pub const NO_SIZE: Code = "LUT3060";
/// A share of the injected activity does not say whether it is decay-corrected.
pub const UNSAID_CORRECTION: Code = "LUT3061";
/// A share is of an activity that was not injected.
pub const NOT_INJECTED: Code = "LUT3062";
/// Frames of a scan overlap.
pub const FRAMES_OVERLAP: Code = "LUT3070";
/// Frames of a scan leave a gap.
pub const FRAMES_GAP: Code = "LUT3071";
/// A blood input begins after the first frame of the scan.
pub const INPUT_LATE: Code = "LUT3072";
/// A blood input ends before the scan.
pub const INPUT_SHORT: Code = "LUT3073";
/// A fraction of plasma or parent is out of its range.
pub const BAD_FRACTION: Code = "LUT3074";
/// Blood does not say what reaches the tissue, or a scan has no blood.
pub const NO_INPUT: Code = "LUT3075";
/// A concentration in blood is negative.
pub const NEGATIVE_BLOOD: Code = "LUT3076";
/// Times of a curve do not ascend.
pub const NOT_ASCENDING: Code = "LUT3077";
