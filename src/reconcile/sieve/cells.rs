//! A plain row is read without becoming a [`Row`]; it says the same as the row that the strict reader makes of it.
//!
//! What is not simple is not read here: the strict reader is asked.

use super::plain::{AMOUNT_MAX, NO_FEE, NO_TIME, Plain, is_told, moment as moment_of};
use super::print::{KEY_BYTES, Print, print};
use super::rows::Place;
use super::words::Words;
use crate::ledger::EventType;
use crate::reconcile::row::Row;

/// Digits of an amount that surely fits; an amount of so many digits may be too large for a plain row.
const DIGITS_MAX: usize = 14;

/// A row of so many bytes has no cell that the strict reader would find too long.
const ROW_BYTES_MAX: usize = 500;

/// Where the cells stand that a plain row is read from.
#[derive(Clone, Copy, Debug)]
pub(in crate::reconcile) struct Layout {
    pub(in crate::reconcile) delimiter: u8,
    pub(in crate::reconcile) width: usize,
    /// Whether amount and fee stand in minor units, and nowhere else: otherwise the strict reader is asked for each row.
    pub(in crate::reconcile) is_minor: bool,
    pub(in crate::reconcile) reference: usize,
    pub(in crate::reconcile) currency: usize,
    pub(in crate::reconcile) amount: usize,
    pub(in crate::reconcile) fee: Option<usize>,
    /// Tax and net, where one of them stands there.
    pub(in crate::reconcile) extra: Option<[Option<usize>; 2]>,
    pub(in crate::reconcile) kind: Option<usize>,
    pub(in crate::reconcile) id: Option<usize>,
    pub(in crate::reconcile) parent: Option<usize>,
    pub(in crate::reconcile) status: Option<usize>,
    pub(in crate::reconcile) payout: Option<usize>,
    pub(in crate::reconcile) note: Option<usize>,
    pub(in crate::reconcile) time: Option<usize>,
    /// Columns in which little stands: a row with something there is no plain one. None where the file has none of them.
    pub(in crate::reconcile) rare: Option<[Option<usize>; 6]>,
}

/// A row of a chunk: where it begins and where its cells end.
#[derive(Clone, Copy)]
pub(super) struct Span<'c> {
    pub(super) data: &'c [u8],
    pub(super) start: usize,
    pub(super) ends: &'c [u32],
    /// Some cells stand in quotes, and none holds one: see [`Span::is_wrapped`].
    pub(super) is_quoted: bool,
}

impl<'c> Span<'c> {
    /// Where a cell begins, and its length; without the quotes it stands in.
    #[inline(always)]
    pub(super) fn cell(&self, index: usize) -> Option<(usize, usize)> {
        let (start, length) = self.whole_cell(index)?;
        if self.is_quoted && self.data.get(start) == Some(&b'"') {
            return Some((start.wrapping_add(1), length.checked_sub(2)?));
        }
        Some((start, length))
    }

    #[inline(always)]
    fn whole_cell(&self, index: usize) -> Option<(usize, usize)> {
        let end = usize::try_from(*self.ends.get(index)?).ok()?;
        let start = match index.checked_sub(1) {
            None => self.start,
            Some(before) => usize::try_from(*self.ends.get(before)?).ok()?.wrapping_add(1),
        };
        Some((start, end.wrapping_sub(start)))
    }

    /// The bytes of a cell.
    #[inline(always)]
    pub(super) fn bytes(&self, index: usize) -> Option<&'c [u8]> {
        let (start, length) = self.cell(index)?;
        self.data.get(start..)?.get(..length)
    }

    /// Whether the row says that it is a charge, in the word that nearly all of them use, or does not say what it is.
    #[inline(always)]
    pub(super) fn is_charge(&self, layout: &Layout) -> bool {
        let Some(kind) = layout.kind else { return true };
        matches!(self.bytes(kind), Some(b"" | b"charge"))
    }

    /// Whether something stands in one of these columns.
    #[inline(never)]
    fn is_filled(&self, columns: &[Option<usize>]) -> bool {
        columns.iter().flatten().any(|index| self.cell(*index).is_some_and(|(_, length)| length > 0))
    }

    /// Whether every quote is the first or the last of a cell that begins and ends with one.
    #[inline(never)]
    pub(super) fn is_wrapped(&self) -> bool {
        let mut around = 0_usize;
        for index in 0..self.ends.len() {
            let cell =
                self.whole_cell(index).and_then(|(start, length)| self.data.get(start..)?.get(..length));
            if let Some([b'"', .., b'"']) = cell {
                around = around.wrapping_add(2);
            }
        }
        let all = self.raw().iter().fold(0_usize, |sum, byte| sum.wrapping_add(usize::from(*byte == b'"')));
        around == all
    }

    /// The row itself, without its line break.
    pub(super) fn raw(&self) -> &'c [u8] {
        let end = self.ends.last().and_then(|end| usize::try_from(*end).ok()).unwrap_or_default();
        self.data.get(self.start..end).unwrap_or_default()
    }
}

/// Prints and values of plain rows. Compiled apart from the loop around it: engines spill what one function of all steps
/// would hold.
#[inline(never)]
pub(super) fn read(
    span: &Span<'_>,
    layout: &Layout,
    key: &[u8; KEY_BYTES],
    words: &mut Words,
) -> Option<(Print, Plain)> {
    let last = usize::try_from(*span.ends.last()?).ok()?;
    if last.wrapping_sub(span.start) > ROW_BYTES_MAX || !layout.is_minor {
        return None;
    }
    if !span.is_charge(layout) || layout.rare.is_some_and(|rare| span.is_filled(&rare)) {
        return None;
    }
    let (start, length) = span.cell(layout.reference)?;
    if length == 0 {
        return None;
    }
    let print = print(key, span.data.get(start..)?, length)?;
    let currency = words.code(*span.bytes(layout.currency)?.as_array()?)?;
    let amount = figure(span.cell(layout.amount)?, span.data).filter(|amount| *amount < AMOUNT_MAX)?;
    let fee = match layout.fee.map(|fee| span.cell(fee)) {
        None => NO_FEE,
        Some(fee) => {
            let (start, length) = fee?;
            if length == 0 {
                NO_FEE
            } else {
                u32::try_from(figure((start, length), span.data)?).ok().filter(|fee| *fee != NO_FEE)?
            }
        }
    };
    if let Some(extra) = layout.extra {
        let [tax, net] = extras(span, extra)?;
        if !is_told(amount, fee, tax, net) {
            return None;
        }
    }
    let state = match layout.status {
        None => 0,
        Some(status) => {
            let (start, length) = span.cell(status)?;
            let rest = span.data.get(start..)?;
            if length == 0 { 0 } else { words.status(word(rest, length)?, rest.get(..length)?)? }
        }
    };
    let (time, is_day, is_zoneless) = match layout.time.map(|time| span.bytes(time)) {
        None | Some(Some(b"")) => (NO_TIME, false, false),
        Some(text) => {
            let text = text?;
            match text.as_array() {
                Some(whole) => (moment(whole, words)?, false, false),
                None => match without_fraction(text) {
                    Some(whole) => (moment(&whole, words)?, false, false),
                    None => {
                        let (time, is_day) = short_moment(text, words)?;
                        (time, is_day, !is_day)
                    }
                },
            }
        }
    };
    Some((print, Plain { amount, fee, time, currency, state, is_day, is_zoneless }))
}

/// What stands in the cells of tax and net, which go without a sign in a plain row that is read here.
#[inline(never)]
fn extras(span: &Span<'_>, cells: [Option<usize>; 2]) -> Option<[Option<i64>; 2]> {
    let mut found = [None; 2];
    for (own, cell) in found.iter_mut().zip(cells) {
        let Some(cell) = cell else { continue };
        let text = span.bytes(cell)?;
        let is_padded = text.len() > 1 && text.starts_with(b"0");
        if !text.is_empty() {
            *own = i64::try_from(long_figure(text).filter(|_| !is_padded)?).ok();
        }
    }
    Some(found)
}

/// The row that the strict reader makes of one that is plain.
#[inline(never)]
pub(super) fn row<'c>(
    (side, file, line): Place,
    span: &Span<'c>,
    layout: &Layout,
    plain: &Plain,
    words: &Words,
) -> Option<Row<'c>> {
    let [tax, net] = layout.extra.map_or(Some([None; 2]), |extra| extras(span, extra))?;
    let text = |index: Option<usize>| match index {
        None => Some(""),
        Some(index) => core::str::from_utf8(span.bytes(index)?).ok(),
    };
    Some(Row {
        number: 0,
        packed: &[],
        side,
        file,
        line,
        kind: Some(EventType::Charge),
        reference: text(Some(layout.reference))?,
        is_keyed: true,
        id: text(layout.id)?,
        amount: i64::try_from(plain.amount).ok()?,
        currency: words.of(plain.currency)?,
        fee: (plain.fee != NO_FEE).then(|| plain.fee.into()),
        tax,
        net,
        status: text(layout.status)?,
        occurred_at: moment_of(plain.time),
        value_at: None,
        is_zoneless: plain.is_zoneless,
        is_day: plain.is_day,
        payout_id: text(layout.payout)?,
        parent: text(layout.parent)?,
        account: "",
        note: text(layout.note)?,
        original: None,
    })
}

/// Digits as the strict reader takes them, few enough for any amount. Eight of them are read at once, as how many there are
/// is what a machine cannot guess.
#[inline(always)]
fn figure((start, length): (usize, usize), data: &[u8]) -> Option<u64> {
    let rest = data.get(start..)?;
    if length > 1 && rest.starts_with(b"0") {
        return None;
    }
    if !(1..=8).contains(&length) {
        return long_figure(rest.get(..length)?);
    }
    let bits = u32::try_from(8_usize.wrapping_sub(length).wrapping_mul(8)).ok()?;
    // The last digit is brought to the last byte, with zeros in front of the first.
    let digits =
        (u64::from_le_bytes(*rest.first_chunk()?) ^ u64::from_le_bytes(*b"00000000")).wrapping_shl(bits);
    if (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    // Two digits become a number, then two of those, and two of those.
    let pairs = digits.wrapping_mul(10 << 8 | 1).wrapping_shr(8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1).wrapping_shr(16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000 << 32 | 1).wrapping_shr(32))
}

/// The same for more digits than that, or none.
#[inline(never)]
fn long_figure(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > DIGITS_MAX {
        return None;
    }
    let mut sum = 0_u64;
    let mut wrong = 0_u8;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        wrong |= u8::from(digit > 9);
        sum = sum.wrapping_mul(10).wrapping_add(digit.into());
    }
    (wrong == 0).then_some(sum)
}

/// A text of at most 15 bytes as a number; its length is the last byte.
#[inline(always)]
fn word(rest: &[u8], length: usize) -> Option<[u64; 2]> {
    let both = rest.first_chunk::<16>()?.as_chunks().0;
    let [low, high] = both else { return None };
    let (low, high) = (u64::from_le_bytes(*low), u64::from_le_bytes(*high));
    let bits = u32::try_from(length.wrapping_mul(8)).ok()?;
    let own = u64::try_from(length).ok()?.wrapping_shl(56);
    match length {
        0..8 => Some([low & !u64::MAX.wrapping_shl(bits), own]),
        8 => Some([low, own]),
        9..16 => Some([low, (high & !u64::MAX.wrapping_shl(bits)) | own]),
        _ => None,
    }
}

/// Seconds since 1970 of the one form that nearly all files have: `2026-03-01T00:00:00Z`.
#[inline(always)]
fn moment(text: &[u8; 20], words: &mut Words) -> Option<u32> {
    let (day, rest) = text.split_first_chunk::<10>()?;
    let (mark, rest) = rest.split_first()?;
    let (clock, zone) = rest.split_first_chunk::<8>()?;
    if *mark != b'T' || zone != b"Z" {
        return None;
    }
    // What is a digit becomes its value, and a colon becomes zero.
    let digits = u64::from_le_bytes(*clock) ^ u64::from_le_bytes(*b"00:00:00");
    let above_nine = digits.wrapping_add(0x7676_7676_7676_7676) & 0x8080_8080_8080_8080;
    if above_nine != 0 || digits & 0xf0f0_fff0_f0ff_f0f0 != 0 {
        return None;
    }
    let two = |shift: u32| {
        let pair = digits.wrapping_shr(shift);
        (pair & 0xf).wrapping_mul(10).wrapping_add(pair.wrapping_shr(8) & 0xf)
    };
    let (hour, minute, second) = (two(0), two(24), two(48));
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let since = hour.wrapping_mul(3_600).wrapping_add(minute.wrapping_mul(60)).wrapping_add(second);
    words.day(day)?.checked_add(u32::try_from(since).ok()?).filter(|seconds| *seconds != NO_TIME)
}

/// A moment of a whole second that says so, as JavaScript writes it: without its `.000`.
#[inline(never)]
fn without_fraction(text: &[u8]) -> Option<[u8; 20]> {
    let mut whole = [b'Z'; 20];
    whole.get_mut(..19)?.copy_from_slice(text.strip_suffix(b".000Z").filter(|rest| rest.len() == 19)?);
    Some(whole)
}

/// The same for a day, and for a moment without a zone: `2026-03-01 00:00:00`, also with a `T`; and whether it is a day.
#[inline(never)]
fn short_moment(text: &[u8], words: &mut Words) -> Option<(u32, bool)> {
    if let Some(day) = text.as_array() {
        let time = words.day(day).filter(|seconds| *seconds != NO_TIME)?;
        return Some((time, true));
    }
    let text: &[u8; 19] = text.as_array()?;
    let mut whole = *b"0000-00-00T00:00:00Z";
    for (own, byte) in whole.iter_mut().zip(text) {
        *own = *byte;
    }
    if let Some(mark) = whole.get_mut(10).filter(|mark| **mark == b' ') {
        *mark = b'T';
    }
    Some((moment(&whole, words)?, false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse_rfc3339;
    use crate::prelude::*;

    #[test]
    fn a_moment_is_that_of_the_calendar_or_none() {
        let mut words = Words::new();
        let table = [
            "2026-03-01T00:00:00Z",
            "2026-12-31T23:59:59Z",
            "2024-02-29T12:34:56Z",
            "2026-02-29T12:34:56Z",
            "2026-13-01T12:34:56Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T00:60:00Z",
            "2026-03-01T00:00:60Z",
            "2026-03-01T0a:00:00Z",
            "2026-03-01T:0:00:00Z",
            "2026-03-01T00.00:00Z",
            "2026-03-01t00:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00Z",
            "2106-02-07T06:28:15Z",
            "2106-02-07T06:28:16Z",
        ];
        for text in table {
            let exact = parse_rfc3339(text).ok().map(|at| at.unix_ms() / 1_000);
            let bytes: &[u8; 20] = text.as_bytes().as_array().unwrap();
            for _ in 0..2 {
                match moment(bytes, &mut words) {
                    Some(found) => assert_eq!(Some(u64::from(found)), exact, "{text}"),
                    None => assert!(
                        exact.is_none_or(|exact| exact == 0 || u32::try_from(exact).is_err())
                            || text.contains('t'),
                        "{text}"
                    ),
                }
            }
        }
    }

    #[test]
    fn a_short_moment_is_a_day_or_lacks_its_zone_or_is_none() {
        // text, and the same in full
        let table = [
            ("2026-03-01", Some("2026-03-01T00:00:00Z")),
            ("2026-03-01 10:20:30", Some("2026-03-01T10:20:30Z")),
            ("2026-03-01T10:20:30", Some("2026-03-01T10:20:30Z")),
            ("2026-02-29", None),
            ("1970-01-01", None),
            ("1970-01-01 00:00:00", None),
            ("2026-03-01 24:00:00", None),
            ("2026-03-01_10:20:30", None),
            ("2026-03-01 10:20:3 ", None),
            ("2026-03-01 10:20", None),
            ("01.03.2026", None),
            ("", None),
        ];
        for (text, whole) in table {
            let mut words = Words::new();
            let found = short_moment(text.as_bytes(), &mut words);
            let exact = whole.map(|whole| parse_rfc3339(whole).unwrap().unix_ms() / 1_000);
            assert_eq!(found.map(|(seconds, _)| u64::from(seconds)), exact, "{text:?}");
            assert_eq!(
                found.is_some_and(|(_, is_day)| is_day),
                exact.is_some() && text.len() == 10,
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_figure_is_what_the_library_reads_or_none() {
        let table = [
            "",
            "0",
            "7",
            "00",
            "01",
            "10",
            "42",
            "999",
            "1234",
            "12345",
            "123456",
            "1234567",
            "12345678",
            "99999999",
            "123456789",
            "99999999999999",
            "123456789012345",
            "-1",
            "+1",
            "1.5",
            "1,5",
            "12a",
            "a12",
            "1 2",
            ":",
            "/",
            "1\u{80}",
            "\u{ff}1",
            "\u{8a}\u{8a}1",
        ];
        for text in table {
            let plain =
                text.bytes().all(|byte| byte.is_ascii_digit()) && !(text.len() > 1 && text.starts_with('0'));
            let expected = text.parse::<u64>().ok().filter(|_| plain && text.len() <= DIGITS_MAX);
            for behind in ["", ",", "0", "9", "\u{ff}"] {
                let data = format!("12{text}{behind}________________");
                assert_eq!(figure((2, text.len()), data.as_bytes()), expected, "{text:?} {behind:?}");
            }
        }
        // Every byte at every place of every length.
        for length in 1..=9_usize {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut data = b"1111111111111111111111111".to_vec();
                    data[place] = byte;
                    let text = core::str::from_utf8(&data[..length]).unwrap_or_default();
                    let is_zero = place == 0 && byte == b'0' && length > 1;
                    let expected = text.parse::<u64>().ok().filter(|_| byte.is_ascii_digit() && !is_zero);
                    assert_eq!(figure((0, length), &data), expected, "{data:?} {length}");
                }
            }
        }
    }

    #[test]
    fn words_of_up_to_fifteen_bytes_differ_when_the_texts_do() {
        let text = "abcdefghijklmnopqrstuvwxyz";
        let mut found: Vec<[u64; 2]> = Vec::new();
        for length in 0..16 {
            found.push(word(text.as_bytes(), length).unwrap());
        }
        let all = found.len();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), all);
        assert_eq!(word(text.as_bytes(), 16), None);
        assert_eq!(word(b"abc,0123456789xyz", 3), word(b"abcdefghijklmnopqr", 3));
    }
}
