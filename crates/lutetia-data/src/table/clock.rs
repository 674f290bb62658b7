//! Dates and clock times as spreadsheets, scanners and people write them.
//!
//! Clock times without an offset from UTC are those of one clock that nobody sets: differences are those of the
//! readings. With an offset they are moments, and differences are exact across changes of the clocks.

use std::fmt;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Whether the day or the month stands first in `03/04/2025`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    DayFirst,
    MonthFirst,
}

/// A date with a clock time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Microseconds since 1970-01-01 00:00, of UTC where `zoned`, else of the clock that was read.
    micros: i64,
    /// The text gave an offset from UTC.
    pub(crate) zoned: bool,
}

impl Moment {
    /// Hours from an earlier moment; exact to the last bit, as the difference is one of whole microseconds.
    pub(crate) fn hours_since(self, earlier: Self) -> f64 {
        (self.micros - earlier.micros) as f64 / HOUR as f64
    }

    /// The moment so many hours later, to the microsecond.
    pub(crate) fn after_hours(self, hours: f64) -> Self {
        // Hours lie between two dates of at most 300 years.
        Self { micros: self.micros.saturating_add((hours * HOUR as f64).round() as i64), ..self }
    }

    pub(crate) fn is_before(self, other: Self) -> bool {
        self.micros < other.micros
    }

    /// The days after `self` and not after `end` at whose 02:30 clocks are set, each with its region, where neither says
    /// its offset.
    pub(crate) fn clocks_set_before(self, end: Self) -> Vec<(String, SetIn)> {
        if self.zoned || end.zoned {
            return Vec::new();
        }
        let year = |moment: Self| civil(moment.micros.div_euclid(DAY)).0;
        let within = |&(day, _): &(i64, SetIn)| {
            let at = day * DAY + 2 * HOUR + 30 * MINUTE;
            self.micros < at && at <= end.micros
        };
        let days = (year(self)..=year(end)).flat_map(changes).filter(within);
        days.map(|(day, region)| (date_text(day), region)).collect()
    }
}

/// Where clocks are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetIn {
    Europe,
    NorthAmerica,
}

impl SetIn {
    /// An offset from UTC that clocks show there in summer.
    pub(crate) fn offset(self) -> &'static str {
        match self {
            Self::Europe => "+02:00",
            Self::NorthAmerica => "-04:00",
        }
    }
}

impl fmt::Display for SetIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Europe => "Europe",
            Self::NorthAmerica => "North America",
        })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, rest) = (self.micros.div_euclid(DAY), self.micros.rem_euclid(DAY));
        write!(f, "{} {:02}:{:02}", date_text(day), rest / HOUR, rest % HOUR / MINUTE)?;
        if rest % MINUTE > 0 {
            write!(f, ":{:02}", rest % MINUTE / SECOND)?;
        }
        if self.zoned { f.write_str(" UTC") } else { Ok(()) }
    }
}

/// Why a text is not a date or a clock time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClockFault {
    /// Day and month cannot be told apart; the date both ways.
    Ambiguous {
        day_first: String,
        month_first: String,
    },
    /// The other order than that of the header or of the rest of the file.
    OtherOrder {
        iso: String,
    },
    ShortYear,
    /// The number by which a spreadsheet keeps a date.
    SerialNumber,
    NoSuchDay,
    NotADate,
    /// A date without a clock time, or with the midnight that a spreadsheet writes behind such a one.
    NoClock,
    /// Nothing that says a time of day; the text that would, where it can be guessed.
    NotAClock {
        guess: Option<String>,
    },
    /// Two clock times or one with an offset from UTC; the first one.
    Span {
        start: String,
    },
    /// The date has a clock time other than the column beside it.
    TwoClocks,
}

/// A date, and the clock time that stands behind it: microseconds of the day and the offset from UTC in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dated {
    day: i64,
    clock: Option<Clock>,
    /// The order of day and month that the text shows by itself.
    pub(crate) shows: Option<Order>,
}

/// A time of day and its offset from UTC in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    micros: i64,
    offset: Option<i64>,
}

impl Clock {
    /// What a spreadsheet writes behind a date that has no time.
    fn may_be_none(self) -> bool {
        self.micros == 0 && self.offset.is_none()
    }
}

impl Dated {
    /// The moment of this date with the clock time of its own text or of the column beside it.
    pub(crate) fn at(self, beside: Option<Clock>) -> Result<Moment, ClockFault> {
        let clock = match (self.clock, beside) {
            (None, None) => return Err(ClockFault::NoClock),
            (Some(own), None) if own.may_be_none() => return Err(ClockFault::NoClock),
            (Some(own), None) => own,
            (Some(own), Some(beside)) if own != beside && !own.may_be_none() => {
                return Err(ClockFault::TwoClocks);
            }
            (_, Some(beside)) => beside,
        };
        let offset = clock.offset.unwrap_or(0);
        let micros = self.day * DAY + clock.micros - offset * MINUTE;
        Ok(Moment { micros, zoned: clock.offset.is_some() })
    }
}

/// Reads a date with or without a clock time behind it; `order` is what a header or the rest of the file says.
pub(crate) fn parse_date(text: &str, order: Option<Order>) -> Result<Dated, ClockFault> {
    let text = text.trim();
    let (date, clock) = split_clock(text);
    if let Some(start) = clock.and_then(|clock| start_of_span_behind(text, clock)) {
        return Err(ClockFault::Span { start: format!("{date} {start}") });
    }
    let clock = clock.map(clock_of).transpose()?;
    let (day, shows) = parse_day(date, order)?;
    Ok(Dated { day, clock, shows })
}

/// Cuts `2025-03-04T10:30`, `4 Mar 2025 2:30 PM`, `20250304 103000` and `20250304103000` between day and clock.
fn split_clock(text: &str) -> (&str, Option<&str>) {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if let Some((head, tail)) = text.split_at_checked(8).filter(|(head, _)| digits(head)) {
        let tail = tail.trim_start_matches(['T', ' ', ',']);
        return (head, Some(tail).filter(|t| !t.is_empty()));
    }
    let Some(colon) = text.find(':') else { return (text, None) };
    let Some(at) = text[..colon].rfind(['T', ' ', '\t', ',', '\u{a0}']) else {
        return (text, None);
    };
    let after = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
    (text[..at].trim_end_matches([' ', ',', '\t', '\u{a0}']), Some(&text[after..]))
}

/// The same text with another way to write its date.
pub(crate) fn with_date(text: &str, date: &str) -> String {
    match split_clock(text.trim()).1 {
        Some(clock) => format!("{date} {clock}"),
        None => date.to_owned(),
    }
}

/// Whether a clock time stands behind the date.
pub(crate) fn has_clock(text: &str) -> bool {
    split_clock(text.trim()).1.is_some()
}

/// Reads the time of day of a cell that holds no date.
pub(crate) fn parse_clock(text: &str) -> Result<Clock, ClockFault> {
    match span(text) {
        Some((start, _)) => Err(ClockFault::Span { start: start.to_owned() }),
        None => clock_of(text),
    }
}

/// Start and end of `10:00-10:30` or `1000-1030`, which are not times with an offset from UTC.
fn span(text: &str) -> Option<(&str, &str)> {
    let (start, end) = text.split_once(['-', '\u{2212}', '\u{2013}'])?;
    let (start, end) = (start.trim(), end.trim());
    let colons = |part: &str| part.matches(':').count();
    let alike = match (colons(start), colons(end)) {
        (0, 0) => start.len() == 4 && end.len() == 4,
        both => both == (1, 1),
    };
    (alike && clock_of(start).is_ok() && clock_of(end).is_ok()).then_some((start, end))
}

/// The start of `2025-03-31 10:00-10:30`. Behind a `T` (ISO 8601) it is an offset from UTC, if there is such a one; behind
/// a blank it may be, if it is no later time of the day.
fn start_of_span_behind<'t>(text: &str, clock: &'t str) -> Option<&'t str> {
    let (start, end) = span(clock)?;
    let iso = text.len() > clock.len() && text[..text.len() - clock.len()].ends_with('T');
    let offset = clock_of(clock).ok().and_then(|read| read.offset);
    let exists = offset.is_some_and(|minutes| OFFSETS_WEST.contains(&-minutes));
    let later = clock_of(start).ok()?.micros < clock_of(end).ok()?.micros;
    (!exists || (later && !iso)).then_some(start)
}

/// Minutes that clocks west of Greenwich are behind UTC.
const OFFSETS_WEST: [i64; 17] =
    [0, 60, 120, 150, 180, 210, 240, 270, 300, 360, 420, 480, 540, 570, 600, 660, 720];

/// Reads a time of day: `9:05`, `10:30:00.5`, `2:30 PM`, `103000`, each with an offset from UTC or without.
fn clock_of(text: &str) -> Result<Clock, ClockFault> {
    let text = text.trim();
    let no = || ClockFault::NotAClock { guess: None };
    let (rest, offset) = split_offset(text).ok_or_else(no)?;
    // Of the same length, letter by letter.
    let lower = rest.to_ascii_lowercase();
    let half = [("p.m.", 12), ("pm", 12), ("a.m.", 0), ("am", 0)]
        .into_iter()
        .find_map(|(word, hours)| Some((lower.strip_suffix(word)?.trim_end().len(), hours)));
    let rest = half.and_then(|(length, _)| rest.get(..length)).unwrap_or(rest);
    let (h, m, s) = match rest.split(':').collect::<Vec<_>>()[..] {
        [h, m] => (h, m, "0"),
        [h, m, s] => (h, m, s),
        [run] => run_of_digits(run)?,
        _ => return Err(no()),
    };
    let number = |part: &str, lengths: &[usize]| {
        let good = lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        good.then(|| part.parse::<i64>().ok()).flatten().ok_or_else(no)
    };
    let (seconds, fraction) = s.split_once(['.', ',']).unwrap_or((s, ""));
    if fraction.len() > 12 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(no());
    }
    let micros: i64 = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(6)
        .fold(0, |sum, b| sum * 10 + i64::from(b - b'0'));
    let (mut h, m, s) = (number(h, &[1, 2])?, number(m, &[2])?, number(seconds, &[1, 2])?);
    if let Some((_, hours)) = half {
        if !(1..=12).contains(&h) {
            return Err(no());
        }
        h = h % 12 + hours;
    }
    if h > 23 || m > 59 || s > 59 {
        return Err(no());
    }
    Ok(Clock { micros: h * HOUR + m * MINUTE + s * SECOND + micros, offset })
}

/// Hours, minutes and seconds of `103000` or `1030`, as DICOM writes them.
fn run_of_digits(run: &str) -> Result<(&str, &str, &str), ClockFault> {
    let whole = run.split_once('.').map_or(run, |r| r.0);
    let all = !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit());
    match whole.len() {
        4 if all && whole.len() == run.len() => Ok((&run[..2], &run[2..4], "0")),
        6 if all => Ok((&run[..2], &run[2..4], &run[4..])),
        _ => {
            // `14.30` and `14h30` are times of day somewhere, and numbers elsewhere.
            let parts: Vec<&str> = run.split(['.', 'h', 'H']).collect();
            let guess = match parts[..] {
                [h, m] if (1..=2).contains(&h.len()) && m.len() == 2 => Some(format!("{h}:{m}")),
                _ => None,
            };
            Err(ClockFault::NotAClock { guess: guess.filter(|g| clock_of(g).is_ok()) })
        }
    }
}

/// Takes `Z`, `UTC`, `+02:00`, `+0200` or `+02` off the end; `None` where the offset is none that exists.
fn split_offset(text: &str) -> Option<(&str, Option<i64>)> {
    for word in ["Z", "z", "UTC", "GMT"] {
        if let Some(rest) = text.strip_suffix(word) {
            return Some((rest.trim_end(), Some(0)));
        }
    }
    let Some(at) = text.rfind(['+', '-', '\u{2212}']) else { return Some((text, None)) };
    let sign = text[at..].chars().next()?;
    let digits = text[at + sign.len_utf8()..].replace(':', "");
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (h, m): (i64, i64) = match digits.len() {
        2 => (digits.parse().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    let minutes = if sign == '+' { 60 * h + m } else { -(60 * h + m) };
    // From Baker Island to the Line Islands.
    let exists = m < 60 && (-12 * 60..=14 * 60).contains(&minutes);
    exists.then(|| (text[..at].trim_end(), Some(minutes)))
}

/// The day, and the order that its text shows by itself.
fn parse_day(text: &str, order: Option<Order>) -> Result<(i64, Option<Order>), ClockFault> {
    let whole = |day: Option<i64>| day.map(|d| (d, None)).ok_or(ClockFault::NoSuchDay);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if text.len() == 8 && digits(text) {
        return whole(day_of(&text[..4], &text[4..6], &text[6..]));
    }
    let number = text.replacen([',', '.'], "", 1);
    if digits(&number) && text.split(['.', ',']).next().is_some_and(|n| n.len() == 5) {
        return Err(ClockFault::SerialNumber);
    }
    let parts: Vec<&str> =
        text.split(['-', '/', '.', ' ', ',']).filter(|part| !part.is_empty()).collect();
    let [a, b, c] = parts[..] else { return Err(ClockFault::NotADate) };
    if let Some(month) = month(b) {
        let month = month.to_string();
        return match (a.len() == 4, c.len() == 4) {
            (true, false) => whole(day_of(a, &month, c)),
            (false, true) => whole(day_of(c, &month, a)),
            _ => Err(ClockFault::ShortYear),
        };
    }
    if let Some(month) = month(a) {
        if b.len() <= 2 && c.len() <= 2 && digits(c) {
            return Err(ClockFault::ShortYear);
        }
        return whole(day_of(c, &month.to_string(), b));
    }
    if ![a, b, c].into_iter().all(digits) {
        return Err(ClockFault::NotADate);
    }
    match (a.len(), c.len()) {
        (4, _) => whole(day_of(a, b, c)),
        (_, 4) if text.contains('.') => whole(day_of(c, b, a)),
        (_, 4) => either_order(a, b, c, order),
        (1 | 2, 2) => Err(ClockFault::ShortYear),
        _ => Err(ClockFault::NotADate),
    }
}

/// `03/04/2025` is one day here and another there; points are written with the day first everywhere.
fn either_order(
    a: &str,
    b: &str,
    year: &str,
    order: Option<Order>,
) -> Result<(i64, Option<Order>), ClockFault> {
    let (day_first, month_first) = (day_of(year, b, a), day_of(year, a, b));
    match (day_first, month_first, order) {
        (None, None, _) => Err(ClockFault::NoSuchDay),
        (Some(d), Some(m), _) if d == m => Ok((d, None)),
        (Some(d), _, Some(Order::DayFirst)) => Ok((d, None)),
        (_, Some(m), Some(Order::MonthFirst)) => Ok((m, None)),
        (Some(d), Some(m), None) => {
            Err(ClockFault::Ambiguous { day_first: date_text(d), month_first: date_text(m) })
        }
        (Some(d), None, None) => Ok((d, Some(Order::DayFirst))),
        (None, Some(m), None) => Ok((m, Some(Order::MonthFirst))),
        (Some(d), None, Some(_)) | (None, Some(d), Some(_)) => {
            Err(ClockFault::OtherOrder { iso: date_text(d) })
        }
    }
}

fn month(word: &str) -> Option<usize> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let lower = word.to_lowercase();
    let lower = if lower == "sept" { "sep" } else { lower.as_str() };
    let of = |name: &str| name == lower || (lower.len() == 3 && name.starts_with(lower));
    MONTHS.iter().position(|name| of(name)).map(|i| i + 1)
}

/// Days since 1970-01-01 of a day that exists; years from 1900 to 2200.
fn day_of(year: &str, month: &str, day: &str) -> Option<i64> {
    let number =
        |part: &str, most: usize| (part.len() <= most).then(|| part.parse::<i64>().ok()).flatten();
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    ((1900..=2200).contains(&year) && (1..=length).contains(&day)).then(|| days(year, month, day))
}

/// Days from 1970-01-01 in the Gregorian calendar (H. Hinnant, “chrono-compatible low-level date algorithms”).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of days from 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn date_text(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days of a year on which clocks are set: last Sundays of March and October in Europe; second Sunday of March and first
/// of November in North America (since 2007).
fn changes(year: i64) -> [(i64, SetIn); 4] {
    // 1970-01-01 was a Thursday, so that Sundays are 3 past a multiple of 7.
    let sunday_from = |month: i64, day: i64| {
        let day = days(year, month, day);
        day + (3 - day).rem_euclid(7)
    };
    // The change in October lies before that in November, and that of the second week of March before its last.
    [
        (sunday_from(3, 8), SetIn::NorthAmerica),
        (sunday_from(3, 25), SetIn::Europe),
        (sunday_from(10, 25), SetIn::Europe),
        (sunday_from(11, 1), SetIn::NorthAmerica),
    ]
}

/// The order of day and month that a format such as `dd/mm/yyyy hh:mm` says; `None` where the text is not a format of dates.
pub(crate) fn date_format(text: &str) -> Option<Option<Order>> {
    let lower = text.trim().to_lowercase();
    let letters =
        |c: char| matches!(c, 'd' | 'm' | 'y' | 'h' | 's' | ':' | '/' | '-' | '.' | ' ' | 't');
    let format = lower.contains('d') && lower.contains('y') && lower.chars().all(letters);
    format.then(|| match lower.chars().next() {
        Some('d') => Some(Order::DayFirst),
        Some('m') => Some(Order::MonthFirst),
        _ => None,
    })
}

/// Whether a text such as `hh:mm` is a format of clock times.
pub(crate) fn is_clock_format(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    lower.starts_with('h') && lower.contains(":m") && lower.chars().all(|c| "hms:.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        parse_date(text, None).and_then(|d| d.at(None)).unwrap_or_else(|e| panic!("{text}: {e:?}"))
    }

    #[test]
    fn exact_one_moment_written_in_many_ways() {
        let wanted = moment("2025-03-04 14:05");
        for text in [
            "2025-03-04T14:05",
            "2025-03-04T14:05:00",
            "2025/03/04 14:05:00.000",
            "2025.03.04 14:05",
            "20250304 140500",
            "20250304T140500.000",
            "20250304140500",
            "04.03.2025 14:05",
            "4.3.2025, 14:05",
            "4 Mar 2025 2:05 PM",
            "04-Mar-2025 14:05",
            "March 4, 2025 2:05 p.m.",
        ] {
            assert_eq!(moment(text), wanted, "{text}");
        }
        assert_eq!(wanted.to_string(), "2025-03-04 14:05");
    }

    #[test]
    fn exact_offsets_make_moments() {
        let utc = moment("2025-03-04T12:00Z");
        for text in [
            "2025-03-04T13:00+01:00",
            "2025-03-04 04:00 -0800",
            "2025-03-04T14:00+02",
            "2025-03-04 12:00 UTC",
            "2025-03-04T00:00-12:00",
            "2025-03-05 02:00+14:00",
        ] {
            assert_eq!(moment(text), utc, "{text}");
        }
        for text in ["10:30:00-12:01", "10:30:00+14:01", "10:30:00-13:00", "10:30+02:60"] {
            let found = parse_date(&format!("2025-03-04 {text}"), None);
            assert_eq!(found, Err(ClockFault::NotAClock { guess: None }), "{text}");
        }
        // Clocks in Europe went forward at 01:00 UTC of that day: 23 h, though readings differ by 24 h.
        let hours = moment("2025-03-30T10:00+02:00").hours_since(moment("2025-03-29T10:00+01:00"));
        assert!((hours - 23.0).abs() < f64::EPSILON, "{hours}");
        let read = moment("2025-03-30 10:00").hours_since(moment("2025-03-29 10:00"));
        assert!((read - 24.0).abs() < f64::EPSILON, "{read}");
    }

    #[test]
    fn exact_dates_that_could_be_two_are_refused_and_others_not() {
        let fault =
            |text: &str, order| parse_date(text, order).map(|d| d.at(None)).expect_err(text);
        assert_eq!(
            fault("03/04/2025 10:00", None),
            ClockFault::Ambiguous {
                day_first: "2025-04-03".into(),
                month_first: "2025-03-04".into()
            }
        );
        assert_eq!(moment("25/03/2025 10:00"), moment("2025-03-25 10:00"));
        assert_eq!(moment("03/25/2025 10:00"), moment("2025-03-25 10:00"));
        assert_eq!(moment("05/05/2025 10:00"), moment("2025-05-05 10:00"));
        assert_eq!(moment("03.04.2025 10:00"), moment("2025-04-03 10:00"));
        let with = |order| parse_date("03/04/2025 10:00", Some(order)).and_then(|d| d.at(None));
        assert_eq!(with(Order::DayFirst), Ok(moment("2025-04-03 10:00")));
        assert_eq!(with(Order::MonthFirst), Ok(moment("2025-03-04 10:00")));
        assert_eq!(
            fault("25/03/2025 10:00", Some(Order::MonthFirst)),
            ClockFault::OtherOrder { iso: "2025-03-25".into() }
        );
        for short in ["04.03.25 10:00", "Mar 4, 25 10:00", "Mar 4, 25", "4 Mar 25"] {
            assert_eq!(fault(short, None), ClockFault::ShortYear, "{short}");
        }
        assert_eq!(fault("Mar 32, 2025", None), ClockFault::NoSuchDay);
        assert_eq!(fault("45720.4375", None), ClockFault::SerialNumber);
        assert_eq!(fault("45720", None), ClockFault::SerialNumber);
        assert_eq!(fault("2025-02-29 10:00", None), ClockFault::NoSuchDay);
        assert_eq!(fault("32.01.2025 10:00", None), ClockFault::NoSuchDay);
        assert_eq!(fault("soon", None), ClockFault::NotADate);
        assert_eq!(fault("2025-03-04 25:00", None), ClockFault::NotAClock { guess: None });
    }

    #[test]
    fn exact_a_date_takes_the_clock_beside_it() {
        let clock = parse_clock("10:30").expect("a clock time");
        let day = |text| parse_date(text, None).expect("a date");
        assert_eq!(day("2025-03-04").at(None), Err(ClockFault::NoClock));
        assert_eq!(day("2025-03-04").at(Some(clock)), Ok(moment("2025-03-04 10:30")));
        assert_eq!(day("2025-03-04 00:00:00").at(Some(clock)), Ok(moment("2025-03-04 10:30")));
        assert_eq!(day("2025-03-04 10:30").at(Some(clock)), Ok(moment("2025-03-04 10:30")));
        assert_eq!(day("2025-03-04 10:31").at(Some(clock)), Err(ClockFault::TwoClocks));
        let guess = |text| parse_clock(text).expect_err(text);
        assert_eq!(guess("14.30"), ClockFault::NotAClock { guess: Some("14:30".into()) });
        assert_eq!(guess("93000"), ClockFault::NotAClock { guess: None });
        assert_eq!(guess("13:00 PM"), ClockFault::NotAClock { guess: None });
    }

    #[test]
    fn exact_midnight_behind_a_date_is_no_time_of_it() {
        let midnight = parse_clock("00:00").expect("a clock time");
        for text in
            ["2025-03-04 00:00:00", "2025-03-04 00:00", "20250304000000", "4 Mar 2025 12:00:00 AM"]
        {
            let dated = parse_date(text, None).expect(text);
            assert_eq!(dated.at(None), Err(ClockFault::NoClock), "{text}");
            let beside = dated.at(Some(midnight)).expect(text);
            assert_eq!(beside.to_string(), "2025-03-04 00:00", "{text}");
            assert!(has_clock(text), "{text}");
        }
        assert!(!has_clock("2025-03-04"));
        // Who gives an offset means the time.
        assert_eq!(moment("2025-03-04T00:00Z").to_string(), "2025-03-04 00:00 UTC");
    }

    #[test]
    fn exact_a_span_is_no_clock_time_with_an_offset() {
        for (text, start) in [
            ("10:00-10:30", "10:00"),
            (" 9:00 - 9:20 ", "9:00"),
            ("10:00\u{2013}10:30", "10:00"),
            ("22:00\u{2212}23:30", "22:00"),
            ("1000-1030", "1000"),
        ] {
            let span = ClockFault::Span { start: start.to_owned() };
            assert_eq!(parse_clock(text), Err(span), "{text}");
        }
        let clock = |text: &str| parse_clock(text).expect(text);
        assert_eq!(clock("10:00:00-05:00").offset, Some(-300));
        assert_eq!(clock("10:00+02:00").offset, Some(120));
        assert_eq!(clock("10:00-0500").offset, Some(-300));
        assert_eq!(clock("2:00 PM").micros, 14 * HOUR);
    }

    #[test]
    fn exact_a_span_behind_a_date_is_no_offset() {
        let span = |start: &str| Err(ClockFault::Span { start: start.to_owned() });
        for (text, start) in [
            ("2025-03-31 10:00-10:30", "2025-03-31 10:00"),
            ("2025-03-31 10:00 - 10:30", "2025-03-31 10:00"),
            ("31.03.2025 10:00\u{2013}10:30", "31.03.2025 10:00"),
            ("31 Mar 2025 09:00-10:00", "31 Mar 2025 09:00"),
            // No clock is ten and a half hours, or thirteen, behind UTC.
            ("2025-03-31T10:00-10:30", "2025-03-31 10:00"),
            ("20250331T1000-1300", "20250331 1000"),
        ] {
            assert_eq!(parse_date(text, None), span(start), "{text}");
        }
        for (text, minutes) in [
            ("2025-03-31T09:00-10:00", -600),
            ("2025-03-31T14:30-05:00", -300),
            // A span does not go back.
            ("2025-03-31 14:30-05:00", -300),
            ("2025-03-31 01:00:00-05:00", -300),
            ("2025-03-31 01:00+02:00", 120),
            ("20250331T100000-0330", -210),
        ] {
            let clock = parse_date(text, None).expect(text).clock.expect(text);
            assert_eq!(clock.offset, Some(minutes), "{text}");
        }
    }

    #[test]
    fn regress_letters_that_change_their_length_do_not_panic() {
        for text in ["1\u{212a}\u{212a}pm", "\u{212a}1:30 pm", "İİİpm", "10:30 İ am", "Kpm"] {
            assert_eq!(parse_clock(text), Err(ClockFault::NotAClock { guess: None }), "{text}");
            parse_date(&format!("2025-03-04 {text}"), None).expect_err(text);
        }
    }

    #[test]
    fn prop_calendar_goes_there_and_back() {
        // From 1900 to 2200, and each day is the one after that before it.
        let mut before = None;
        for day in days(1900, 1, 1)..=days(2200, 12, 31) {
            let (y, m, d) = civil(day);
            assert_eq!(days(y, m, d), day);
            assert_eq!(day_of(&y.to_string(), &m.to_string(), &d.to_string()), Some(day));
            assert!(before.is_none_or(|b| b < (y, m, d)));
            before = Some((y, m, d));
        }
    }

    #[test]
    fn val_clocks_are_set_when_the_tz_database_says() {
        // Europe/Berlin and America/New_York, 2024 to 2026.
        for (day, zone) in [
            ("2024-03-10", "US"),
            ("2024-03-31", "EU"),
            ("2024-10-27", "EU"),
            ("2024-11-03", "US"),
            ("2025-03-09", "US"),
            ("2025-03-30", "EU"),
            ("2025-10-26", "EU"),
            ("2025-11-02", "US"),
            ("2026-03-08", "US"),
            ("2026-03-29", "EU"),
            ("2026-10-25", "EU"),
            ("2026-11-01", "US"),
        ] {
            let (from, to) = (moment(&format!("{day} 00:01")), moment(&format!("{day} 12:00")));
            let region = if zone == "EU" { SetIn::Europe } else { SetIn::NorthAmerica };
            assert_eq!(from.clocks_set_before(to), [(day.to_owned(), region)]);
            assert!(to.clocks_set_before(moment(&format!("{day} 13:00"))).is_empty());
        }
    }

    #[test]
    fn exact_every_change_in_between_is_found() {
        let between = |from: &str, to: &str| {
            let changes = moment(from).clocks_set_before(moment(to));
            changes.into_iter().map(|(day, region)| format!("{day} {region}")).collect::<Vec<_>>()
        };
        assert_eq!(
            between("2025-03-01 10:00", "2025-04-10 10:00"),
            ["2025-03-09 North America", "2025-03-30 Europe"]
        );
        assert_eq!(
            between("2025-10-20 10:00", "2026-03-10 10:00"),
            ["2025-10-26 Europe", "2025-11-02 North America", "2026-03-08 North America"]
        );
        assert_eq!(between("2025-10-20 10:00", "2025-10-10 10:00"), [""; 0]);
        assert_eq!(between("2025-03-01T10:00Z", "2025-04-10T10:00Z"), [""; 0]);
    }
}
