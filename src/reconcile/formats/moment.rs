//! A text names one moment, or it is refused. Where a file names no zone the reading is UTC, and it says so.

use crate::calendar::Civil;
use crate::time::Timestamp;

/// A moment, and whether the file said in which zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) at: Timestamp,
    /// A time of day without a zone. A plain date is none: it is a day and no moment.
    pub(super) is_local: bool,
}

/// In which order a date names its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// `2026-03-04`
    YearMonthDay,
    /// `04.03.2026`
    DayMonthYear,
    /// `03/04/2026`
    MonthDayYear,
}

/// What an error says was expected of an ISO date.
pub(super) const ISO: &str = "a date or moment such as 2026-03-04 or 2026-03-04T05:06:07Z";

/// Minutes east of UTC of the zones that reports name by letters. What stands for two zones is not among them.
const ZONES: &[(&str, i16)] = &[
    ("Z", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("BST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("EST", -300),
    ("EDT", -240),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("BRT", -180),
    ("SGT", 480),
    ("HKT", 480),
    ("JST", 540),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
];

/// Fields of a calendar as they were read.
#[derive(Clone, Copy, Default)]
struct Fields {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    ms: u32,
}

impl Fields {
    /// The moment at minutes east of UTC, by the calendar's own rules.
    fn moment(self, offset: i16) -> Option<Timestamp> {
        let narrow = |number: u32| u8::try_from(number).ok();
        let civil = Civil {
            year: u16::try_from(self.year).ok()?,
            month: narrow(self.month)?,
            day: narrow(self.day)?,
            hour: narrow(self.hour)?,
            minute: narrow(self.minute)?,
            second: narrow(self.second)?,
            ms: u16::try_from(self.ms).ok()?,
        };
        civil.moment(i64::from(offset).checked_mul(60)?, "").ok()
    }

    /// Two digits of a year: those of this century, as no payment in these files is older.
    const fn in_century(mut self) -> Self {
        if self.year < 100 {
            self.year = self.year.saturating_add(2_000);
        }
        self
    }
}

/// Takes what it is asked for from the front of a text.
struct Scan<'a> {
    rest: &'a str,
}

impl Scan<'_> {
    /// A number of at least and at most so many digits.
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let digits = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (own, rest) = self.rest.split_at_checked(digits).filter(|_| digits >= least)?;
        self.rest = rest;
        own.parse().ok()
    }

    /// One of these characters.
    fn one_of(&mut self, characters: &str) -> Option<char> {
        let first = self.rest.chars().next().filter(|first| characters.contains(*first))?;
        self.rest = self.rest.get(first.len_utf8()..)?;
        Some(first)
    }

    /// A date in an order, its parts separated by the same character.
    fn date(&mut self, order: DateOrder) -> Option<Fields> {
        const SEPARATORS: &str = "-/.";
        let (first, separator) = match order {
            DateOrder::YearMonthDay => (self.number(4, 4)?, self.one_of(SEPARATORS)?),
            DateOrder::DayMonthYear | DateOrder::MonthDayYear => {
                (self.number(1, 2)?, self.one_of(SEPARATORS)?)
            }
        };
        let second = self.number(1, 2)?;
        self.one_of(SEPARATORS).filter(|again| *again == separator)?;
        let fields = match order {
            DateOrder::YearMonthDay => {
                Fields { year: first, month: second, day: self.number(1, 2)?, ..Fields::default() }
            }
            DateOrder::DayMonthYear => {
                Fields { day: first, month: second, year: self.year()?, ..Fields::default() }
            }
            DateOrder::MonthDayYear => {
                Fields { month: first, day: second, year: self.year()?, ..Fields::default() }
            }
        };
        Some(fields.in_century())
    }

    fn year(&mut self) -> Option<u32> {
        let before = self.rest.len();
        let year = self.number(2, 4)?;
        let digits = before.saturating_sub(self.rest.len());
        (digits != 3).then_some(year)
    }

    /// A time of day as `05:06`, `05:06:07` or `05:06:07.089`.
    fn clock(&mut self, fields: &mut Fields) -> Option<()> {
        fields.hour = self.number(1, 2)?;
        self.one_of(":")?;
        fields.minute = self.number(2, 2)?;
        if self.one_of(":").is_some() {
            fields.second = self.number(2, 2)?;
            if self.one_of(".,").is_some() {
                fields.ms = self.thousandths()?;
            }
        }
        Some(())
    }

    /// A fraction of a second, cut to milliseconds.
    fn thousandths(&mut self) -> Option<u32> {
        let mut ms = self.number(1, 1)?.checked_mul(100)?;
        for weight in [10, 1] {
            let Some(digit) = self.number(1, 1) else { return Some(ms) };
            ms = ms.checked_add(digit.checked_mul(weight)?)?;
        }
        while self.number(1, 1).is_some() {}
        Some(ms)
    }

    /// What is left, as minutes east of UTC: `Z`, `+01:00`, `-0700`, ` CET`. The outer `None` is for anything else.
    fn zone(&self) -> Option<Option<i16>> {
        let rest = self.rest.trim();
        if rest.is_empty() {
            return Some(None);
        }
        if let Some(minutes) = zone(rest) {
            return Some(Some(minutes));
        }
        let mut scan = Scan { rest };
        let sign = scan.one_of("+-")?;
        let hours = scan.number(2, 2)?;
        let _ = scan.one_of(":");
        let minutes = if scan.rest.is_empty() { 0 } else { scan.number(2, 2)? };
        let offset = hours.checked_mul(60)?.checked_add(minutes)?;
        let offset =
            i16::try_from(offset).ok().filter(|_| scan.rest.is_empty() && hours < 24 && minutes < 60)?;
        Some(Some(if sign == '-' { offset.saturating_neg() } else { offset }))
    }
}

/// Minutes east of UTC of a zone's letters.
pub(super) fn zone(name: &str) -> Option<i16> {
    ZONES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, minutes)| *minutes)
}

/// A date, or a date and a time, in an order; with the zone that the text names, or else one that is known from elsewhere.
pub(super) fn ordered(text: &str, order: DateOrder, known_zone: Option<i16>) -> Option<Reading> {
    let mut scan = Scan { rest: text.trim() };
    let mut fields = scan.date(order)?;
    // The date of an XML schema may have a zone, which does not move the day.
    if scan.rest.is_empty() || (scan.rest.starts_with(['Z', '+', '-']) && scan.zone().is_some()) {
        return Some(Reading { at: fields.moment(0)?, is_local: false });
    }
    scan.one_of("Tt ,")?;
    scan.rest = scan.rest.trim_start();
    scan.clock(&mut fields)?;
    let named = scan.zone()?.or(known_zone);
    Some(Reading { at: fields.moment(named.unwrap_or(0))?, is_local: named.is_none() })
}

/// As [`ordered`] with the year first: ISO 8601 and what looks like it.
pub(super) fn iso(text: &str) -> Option<Reading> {
    ordered(text, DateOrder::YearMonthDay, None)
}

/// `YYMMDD`, as SWIFT and BAI2 write days.
pub(super) fn six_digits(text: &str) -> Option<Timestamp> {
    let mut scan = Scan { rest: text };
    let (year, month, day) = (scan.number(2, 2)?, scan.number(2, 2)?, scan.number(2, 2)?);
    let fields = Fields { year, month, day, ..Fields::default() }.in_century();
    fields.moment(0).filter(|_| scan.rest.is_empty())
}

/// `YYYYMMDD`, with `HHMM`, `HHMMSS` or `HHMMSS.XXX` and `[-5:EST]` where they stand: the dates of OFX.
pub(super) fn packed(text: &str) -> Option<Reading> {
    let mut scan = Scan { rest: text.trim() };
    let mut fields = Fields {
        year: scan.number(4, 4)?,
        month: scan.number(2, 2)?,
        day: scan.number(2, 2)?,
        ..Fields::default()
    };
    if scan.rest.is_empty() {
        return Some(Reading { at: fields.moment(0)?, is_local: false });
    }
    let mut is_local = true;
    if !scan.rest.starts_with('[') {
        (fields.hour, fields.minute) = (scan.number(2, 2)?, scan.number(2, 2)?);
        fields.second = scan.number(2, 2).unwrap_or(0);
        if scan.one_of(".").is_some() {
            fields.ms = scan.thousandths()?;
        }
    }
    let mut offset = 0;
    if scan.one_of("[").is_some() {
        let (inside, rest) = scan.rest.split_once(']').filter(|(_, rest)| rest.is_empty())?;
        scan.rest = rest;
        let hours = inside.split(':').next().unwrap_or_default();
        offset = fractional_hours(hours)?;
        is_local = false;
    }
    Some(Reading { at: fields.moment(offset)?, is_local }).filter(|_| scan.rest.is_empty())
}

/// Hours east of UTC with quarters written as decimals, `-5` or `5.75`, in minutes.
fn fractional_hours(text: &str) -> Option<i16> {
    let (is_west, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, hundredths) = digits.split_once('.').unwrap_or((digits, "0"));
    let hours: i16 = hours.parse().ok().filter(|hours| *hours < 24)?;
    let hundredths: i16 = match hundredths {
        "0" | "00" => 0,
        "25" => 15,
        "5" | "50" => 30,
        "75" => 45,
        _ => return None,
    };
    let minutes = hours.checked_mul(60)?.checked_add(hundredths)?;
    Some(if is_west { minutes.saturating_neg() } else { minutes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::rfc3339;
    use crate::prelude::*;

    fn shown(reading: Option<Reading>) -> Option<(String, bool)> {
        reading.map(|reading| (rfc3339(reading.at), reading.is_local))
    }

    #[test]
    fn every_way_to_write_a_moment_names_the_same_one() {
        use DateOrder::{DayMonthYear, MonthDayYear, YearMonthDay};
        let noon = "2026-03-04T05:06:07Z";
        // text, order, moment, whether the zone is missing
        let table = [
            ("2026-03-04T05:06:07Z", YearMonthDay, noon, false),
            ("2026-03-04 05:06:07", YearMonthDay, noon, true),
            ("2026-03-04 05:06:07 UTC", YearMonthDay, noon, false),
            ("2026-03-04 00:06:07 -0500", YearMonthDay, noon, false),
            ("2026/03/03 22:06:07 -0700", YearMonthDay, noon, false),
            ("2026-03-04T06:06:07+01:00", YearMonthDay, noon, false),
            ("2026-03-04 06:06:07 CET", YearMonthDay, noon, false),
            ("2026-03-04T05:06:07.0899Z", YearMonthDay, "2026-03-04T05:06:07.089Z", false),
            ("2026-03-04 05:06", YearMonthDay, "2026-03-04T05:06:00Z", true),
            ("2026-03-04", YearMonthDay, "2026-03-04T00:00:00Z", false),
            ("2026-03-04+01:00", YearMonthDay, "2026-03-04T00:00:00Z", false),
            ("04.03.2026", DayMonthYear, "2026-03-04T00:00:00Z", false),
            ("4/3/26", DayMonthYear, "2026-03-04T00:00:00Z", false),
            ("03/04/2026", MonthDayYear, "2026-03-04T00:00:00Z", false),
            ("3/4/2026, 05:06:07", MonthDayYear, noon, true),
        ];
        for (text, order, moment, is_local) in table {
            assert_eq!(shown(ordered(text, order, None)), Some((moment.to_owned(), is_local)), "{text}");
        }
        assert_eq!(
            shown(ordered("2026-03-04 06:06:07", YearMonthDay, zone("CET"))),
            Some((noon.to_owned(), false))
        );
        let ofx = [
            ("20260304", "2026-03-04T00:00:00Z", false),
            ("20260304050607", noon, true),
            ("20260304000607.000[-5:EST]", noon, false),
            ("20260304105107[5.75:NPT]", noon, false),
            ("202603040506", "2026-03-04T05:06:00Z", true),
        ];
        for (text, moment, is_local) in ofx {
            assert_eq!(shown(packed(text)), Some((moment.to_owned(), is_local)), "{text}");
        }
        assert_eq!(six_digits("260304").map(rfc3339).as_deref(), Some("2026-03-04T00:00:00Z"));
    }

    #[test]
    fn what_names_no_moment_is_refused() {
        let iso_texts = [
            "",
            "2026",
            "2026-02-30",
            "2026-13-01",
            "26-03-04",
            "2026-03/04",
            "2026-03-04T",
            "2026-03-04 25:00:00",
            "2026-03-04 05:06:07 Mars",
            "2026-03-04 05:06:07 +9999",
            "2026-03-04x",
            "\u{661}026-03-04",
        ];
        for text in iso_texts {
            assert_eq!(iso(text), None, "{text}");
        }
        for text in ["31.02.2026", "04.03.202", "04.13.2026", "2026-03-04"] {
            assert_eq!(ordered(text, DateOrder::DayMonthYear, None), None, "{text}");
        }
        for text in ["2026030", "20260332", "2026030405", "20260304[", "20260304[-5:EST]x", "20260304[x]"] {
            assert_eq!(packed(text), None, "{text}");
        }
        for text in ["26030", "2603041", "260332", "x60304"] {
            assert_eq!(six_digits(text), None, "{text}");
        }
    }
}
