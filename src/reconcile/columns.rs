//! Columns are found by name, in any order; what a cell holds is read exactly or the file is refused.
//!
//! Required are `currency` and one of `amount_minor` and `amount` (major units), and `reference` but for banks; where an
//! amount stands in both units, they must say the same. The other columns of the contract are read where they stand;
//! what is not among them is context, found through file and line, and never changes a verdict. A [`Mapping`] lets a
//! file call its columns otherwise.
//!
//! Case and blanks around a name, a currency, a type, a figure or a moment say nothing; those of a reference, an id or an
//! account do.

use super::csv::{self, Record, Records};
use super::parts::Share;
use super::rate::Rate;
use super::row::{Original, Row, Side};
use super::sieve::Layout;
use super::{Error, ErrorKind, Mapping, Source};
use crate::advice::Diagnose as _;
use crate::calendar;
use crate::ledger::EventType;
use crate::money::{self, Amount, Currency};
use crate::prelude::*;
use crate::time::Timestamp;

/// Longest reference, id or status, in bytes. Real ones stay below 100.
const TEXT_BYTES_MAX: usize = 500;

/// A column of amounts.
#[derive(Clone, Copy, Debug)]
struct Figures {
    index: usize,
    name: &'static str,
    /// Whole minor units; otherwise a decimal in major units.
    minor: bool,
}

/// Where an amount stands: in minor units, in major units, or in both.
#[derive(Clone, Copy, Debug)]
struct Money {
    figures: Figures,
    /// The column of major units beside one of minor units.
    twin: Option<Figures>,
}

/// Where each column stands.
#[derive(Debug)]
pub(super) struct Columns {
    delimiter: u8,
    width: usize,
    reference: Option<usize>,
    currency: usize,
    amount: Money,
    kind: Option<usize>,
    fee: Option<Money>,
    tax: Option<Money>,
    net: Option<Money>,
    original: Option<Money>,
    original_currency: Option<usize>,
    rate: Option<usize>,
    occurred_at: Option<usize>,
    /// Only banks tell it.
    value_date: Option<usize>,
    /// Where `id`, `status`, `payout_id`, `parent_reference`, `account` and `description` stand.
    texts: [Option<usize>; 6],
}

/// The columns of plain text, in the order of [`Columns::texts`].
const TEXTS: [&str; 6] = ["id", "status", "payout_id", "parent_reference", "account", "description"];

/// Reads a whole file and packs the rows of a share, but for those that were cleared, by their order.
///
/// # Errors
///
/// The first error of the file. Rows before it were packed, so the caller drops them all.
pub(super) fn read(
    side: Side,
    file: usize,
    source: Source<'_>,
    mapping: Mapping<'_>,
    (share, cleared): (Share, &[bool]),
    batch: &mut Vec<u8>,
) -> Result<(), Error> {
    let mut records = Records::of(source)?;
    let Some(header) = records.next()? else {
        return Err(Error::from(ErrorKind::NoHeader { file: source.name.to_owned() }));
    };
    let columns = Columns::of(side, source.name, &header, mapping)?;
    let mut cleared = cleared.iter();
    let (mut has_zones, mut has_none) = (false, false);
    while let Some(record) = records.next()? {
        if cleared.next() == Some(&true) {
            // Only whole moments are, and rows without one.
            has_zones |= columns.tells_time(&record);
            continue;
        }
        let row = columns.row(side, file, &record)?;
        if row.occurred_at.is_some() {
            let is_short = row.is_zoneless || row.is_day;
            if is_short && record.is_open() && has_zones && !has_none && columns.ends_with_time() {
                return Err(Error::from(ErrorKind::BadValue {
                    at: record.place(record.len().saturating_sub(1)),
                    column: time_column(side),
                    reason: "the file ends here, and all other times have a zone: is it complete?".to_owned(),
                }));
            }
            has_none |= is_short;
            has_zones |= !is_short;
        }
        if share.holds_row(&row) {
            row.pack(batch);
        }
    }
    Ok(())
}

impl Columns {
    fn tells_time(&self, record: &Record<'_, '_>) -> bool {
        self.occurred_at.is_some_and(|index| !record.cell(index).is_empty())
    }

    /// The columns of a header, which is one line behind the byte-order mark of its file; `None` for one that is refused, and
    /// for one that has a mark of its own.
    pub(super) fn read(side: Side, header: Source<'_>, mapping: Mapping<'_>) -> Option<Self> {
        let line = header.data.strip_suffix(b"\r").unwrap_or(header.data);
        if line.starts_with(csv::BYTE_ORDER_MARK) {
            return None;
        }
        if !line.contains(&b'"') {
            let mut ends = Vec::new();
            let record = Record::plain(line, 1, csv::delimiter(line), &mut ends)?;
            return Self::of(side, header.name, &record, mapping).ok();
        }
        let mut records = Records::of(header).ok()?;
        let record = records.next().ok()??;
        Self::of(side, header.name, &record, mapping).ok()
    }

    /// Whether the last cell of a row is its time.
    fn ends_with_time(&self) -> bool {
        self.occurred_at.is_some_and(|index| index.saturating_add(1) == self.width)
    }

    /// What stands between cells.
    pub(super) const fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Where the cells of a plain row stand, and those that have to be empty in all rows, as they may matter, or make one row matter
    /// to another; `None` without a column of references.
    pub(super) fn layout(&self) -> Option<Layout> {
        let Self { delimiter, width, reference, currency, amount, kind, fee, occurred_at, .. } = *self;
        let Self { tax, net, original, original_currency, rate, value_date, texts, .. } = *self;
        let [id, status, payout_id, parent, account, note] = texts;
        let figures = |money: Money| [Some(money.figures.index), money.twin.map(|twin| twin.index)];
        let [amount_seen, its_twin] = original.map_or([None; 2], figures);
        let rare = [account, original_currency, rate, value_date, amount_seen, its_twin];
        let is_minor = |money: Money| money.figures.minor && money.twin.is_none();
        Some(Layout {
            delimiter,
            width,
            is_minor: is_minor(amount) && [fee, tax, net].into_iter().flatten().all(is_minor),
            reference: reference?,
            currency,
            amount: amount.figures.index,
            fee: fee.map(|fee| fee.figures.index),
            extra: tax.or(net).map(|_| [tax, net].map(|money| money.map(|money| money.figures.index))),
            kind,
            id,
            parent,
            status,
            payout: payout_id,
            note,
            time: occurred_at,
            rare: Some(rare).filter(|rare| *rare != [None; 6]),
        })
    }

    fn of(side: Side, file: &str, header: &Record<'_, '_>, mapping: Mapping<'_>) -> Result<Self, Error> {
        let mut names: Vec<&str> = Vec::new();
        for index in 0..header.len() {
            let name = header.cell(index);
            if !name.is_empty() && names.contains(&name) {
                return Err(Error::from(ErrorKind::DoubledColumn {
                    at: header.place(index),
                    column: name.to_owned(),
                }));
            }
            names.push(name);
        }
        let find = |name: &str| {
            let theirs = mapping.iter().find(|(ours, _)| *ours == name).map_or(name, |(_, theirs)| *theirs);
            let same = |found: &str| found.trim().eq_ignore_ascii_case(theirs.trim());
            let exact = names.iter().position(|found| *found == theirs);
            // Two columns that differ in case only are not told apart by it.
            let is_only = || names.iter().filter(|found| same(found)).count() == 1;
            exact.or_else(|| names.iter().position(|found| same(found)).filter(|_| is_only()))
        };
        let missing = |column: &str| {
            Error::from(ErrorKind::MissingColumn { file: file.to_owned(), column: column.to_owned() })
        };
        for (ours, theirs) in mapping {
            if find(ours).is_none() {
                return Err(missing(theirs));
            }
        }
        let money = |minor: &'static str, major: &'static str| {
            let minor = find(minor).map(|index| Figures { index, name: minor, minor: true });
            let major = find(major).map(|index| Figures { index, name: major, minor: false });
            match minor {
                Some(figures) => Some(Money { figures, twin: major }),
                None => major.map(|figures| Money { figures, twin: None }),
            }
        };
        let reference = find("reference");
        if reference.is_none() && side != Side::Bank {
            return Err(missing("reference"));
        }
        Ok(Self {
            delimiter: header.delimiter(),
            width: header.len(),
            reference,
            amount: money("amount_minor", "amount").ok_or_else(|| missing("amount_minor or amount"))?,
            currency: find("currency").ok_or_else(|| missing("currency"))?,
            kind: find("type"),
            fee: money("fee_minor", "fee"),
            tax: money("tax_minor", "tax"),
            net: money("net_minor", "net"),
            original: money("original_amount_minor", "original_amount"),
            original_currency: find("original_currency"),
            rate: find("rate"),
            occurred_at: find(time_column(side)),
            value_date: find("value_date").filter(|_| side == Side::Bank),
            texts: TEXTS.map(find),
        })
    }

    pub(super) fn row<'r>(
        &self,
        side: Side,
        file: usize,
        record: &'r Record<'_, '_>,
    ) -> Result<Row<'r>, Error> {
        if record.len() != self.width {
            return Err(Error::from(ErrorKind::WrongWidth {
                at: record.place(0),
                expected: self.width,
                found: record.len(),
            }));
        }
        if word(record, self.currency).eq_ignore_ascii_case("currency") {
            return Err(Error::from(ErrorKind::HeaderAgain { at: record.place(0) }));
        }
        let mut texts = [""; 6];
        for ((text, index), name) in texts.iter_mut().zip(self.texts).zip(TEXTS) {
            *text = plain(record, index, name)?;
        }
        let [id, status, payout_id, parent, account, note] = texts;
        let given = plain(record, self.reference, "reference")?;
        let reference = if given.is_empty() { id } else { given };
        if reference.is_empty() && side != Side::Bank {
            return Err(Error::from(ErrorKind::MissingValue {
                at: record.place(self.reference.unwrap_or_default()),
                column: "reference",
            }));
        }
        let currency = self.currency(record, self.currency, "currency")?.ok_or_else(|| {
            Error::from(ErrorKind::MissingValue { at: record.place(self.currency), column: "currency" })
        })?;
        let amount = self.amount.minor_units(record, currency)?.ok_or_else(|| {
            Error::from(ErrorKind::MissingValue {
                at: record.place(self.amount.figures.index),
                column: self.amount.figures.name,
            })
        })?;
        let maybe =
            |money: Option<Money>| money.map_or(Ok(None), |money| money.minor_units(record, currency));
        let time = moment(record, self.occurred_at, time_column(side), side)?;
        let value_at = moment(record, self.value_date, "value_date", side)?.at;
        Ok(Row {
            number: 0,
            packed: &[],
            side,
            file,
            line: record.line(),
            kind: self.kind(record),
            reference,
            is_keyed: !given.is_empty(),
            id,
            amount,
            currency,
            fee: maybe(self.fee)?,
            tax: maybe(self.tax)?,
            net: maybe(self.net)?,
            status,
            occurred_at: time.at,
            value_at,
            is_zoneless: time.is_zoneless,
            is_day: time.is_day,
            payout_id,
            parent,
            account,
            note,
            original: self.original(record)?,
        })
    }

    /// What was presented to the customer: amount and currency, of which both or none must stand.
    fn original(&self, record: &Record<'_, '_>) -> Result<Option<Original>, Error> {
        let (Some(money), Some(index)) = (self.original, self.original_currency) else { return Ok(None) };
        let Some(currency) = self.currency(record, index, "original_currency")? else { return Ok(None) };
        let Some(amount) = money.minor_units(record, currency)? else { return Ok(None) };
        let rate = plain(record, self.rate, "rate")?;
        let bad = || {
            Error::from(ErrorKind::BadValue {
                at: record.place(self.rate.unwrap_or_default()),
                column: "rate",
                reason: "expected a decimal above zero, such as 1.08085".to_owned(),
            })
        };
        let rate = if rate.is_empty() { None } else { Some(Rate::parse(rate).ok_or_else(bad)?) };
        Ok(Some(Original { amount, currency, rate }))
    }

    fn currency(
        &self,
        record: &Record<'_, '_>,
        index: usize,
        column: &'static str,
    ) -> Result<Option<Currency>, Error> {
        let code = word(record, index);
        if code.is_empty() {
            return Ok(None);
        }
        Currency::parse(&code.to_ascii_uppercase()).or_else(|_| Currency::parse(code)).map(Some).map_err(
            |error| {
                let reason = error.report().said().message;
                Error::from(ErrorKind::BadValue { at: record.place(index), column, reason })
            },
        )
    }

    /// `None` for a word that is not known: such a row is reported, not refused.
    fn kind(&self, record: &Record<'_, '_>) -> Option<EventType> {
        match self.kind.map_or("", |index| word(record, index)) {
            "" => Some(EventType::Charge),
            word => EventType::parse(word).or_else(|| EventType::parse(&word.to_ascii_lowercase())),
        }
    }
}

/// A time as it is written.
#[derive(Clone, Copy, Default)]
struct Moment {
    /// `None` for an empty cell. Of a day, its first moment in UTC.
    at: Option<Timestamp>,
    /// A time of day without a zone, read as UTC.
    is_zoneless: bool,
    /// A day without a time of day, but for banks, which write nothing else.
    is_day: bool,
}

/// A time: a moment of RFC 3339, also with a blank for the `T` and without a zone, or a day.
fn moment(
    record: &Record<'_, '_>,
    index: Option<usize>,
    column: &'static str,
    side: Side,
) -> Result<Moment, Error> {
    let Some(index) = index else { return Ok(Moment::default()) };
    let written = word(record, index);
    if written.is_empty() {
        return Ok(Moment::default());
    }
    let read = calendar::parse_rfc3339(written);
    if let Ok(at) = read {
        return Ok(Moment { at: Some(at), ..Moment::default() });
    }
    if let Ok(day) = calendar::parse_date(written) {
        return Ok(Moment { at: Some(day), is_day: side != Side::Bank, is_zoneless: false });
    }
    let joined = written.replacen(' ', "T", 1);
    if let Ok(at) = calendar::parse_rfc3339(&joined) {
        return Ok(Moment { at: Some(at), ..Moment::default() });
    }
    if let Ok(local) = calendar::parse_rfc3339(&glued(&[&joined, "Z"])) {
        return Ok(Moment { at: Some(local), is_zoneless: true, is_day: false });
    }
    read.map(|_| Moment::default()).map_err(|error| {
        let reason = error.report().said().message;
        Error::from(ErrorKind::BadValue { at: record.place(index), column, reason })
    })
}

/// A cell without the blanks around it.
fn word<'r>(record: &'r Record<'_, '_>, index: usize) -> &'r str {
    record.cell(index).trim_matches(' ')
}

const fn time_column(side: Side) -> &'static str {
    if matches!(side, Side::Bank) { "booked_at" } else { "occurred_at" }
}

fn plain<'r>(
    record: &'r Record<'_, '_>,
    index: Option<usize>,
    column: &'static str,
) -> Result<&'r str, Error> {
    let Some(index) = index else { return Ok("") };
    let text = record.cell(index);
    if text.len() > TEXT_BYTES_MAX {
        let reason = glued(&[
            &text.len().digits(),
            " bytes are too many: at most ",
            &TEXT_BYTES_MAX.digits(),
            " are kept",
        ]);
        return Err(Error::from(ErrorKind::BadValue { at: record.place(index), column, reason }));
    }
    Ok(text)
}

impl Money {
    /// Signed minor units, exact; `None` when every cell of the amount is empty.
    fn minor_units(self, record: &Record<'_, '_>, currency: Currency) -> Result<Option<i64>, Error> {
        let first = minor_units(record, self.figures, currency)?;
        let Some(twin) = self.twin else { return Ok(first) };
        match (first, minor_units(record, twin, currency)?) {
            (Some(first), Some(second)) if first != second => Err(Error::from(ErrorKind::BadValue {
                at: record.place(twin.index),
                column: twin.name,
                reason: glued(&[
                    "it says ",
                    record.cell(twin.index),
                    " where `",
                    self.figures.name,
                    "` says ",
                    record.cell(self.figures.index),
                    ": mend one of the two, or drop its column",
                ]),
            })),
            (first, second) => Ok(first.or(second)),
        }
    }
}

/// Signed minor units, exact; `None` when the cell is empty.
fn minor_units(record: &Record<'_, '_>, column: Figures, currency: Currency) -> Result<Option<i64>, Error> {
    let text = word(record, column.index);
    if text.is_empty() {
        return Ok(None);
    }
    let (digits, negative) = match text.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let (short, read): (_, fn(&str, Currency) -> _) = if column.minor {
        (digits, Amount::parse_minor)
    } else {
        (without_zeros(digits, currency), Amount::parse_major)
    };
    // What is wrong is told of what stands there.
    let amount = read(short, currency).or_else(|_| read(digits, currency));
    let wrong = |error: money::Error| {
        Error::from(ErrorKind::BadValue {
            at: record.place(column.index),
            column: column.name,
            reason: error.report().said().message,
        })
    };
    let minor = i64::try_from(amount.map_err(wrong)?.minor()).unwrap_or(i64::MAX);
    Ok(Some(if negative { minor.saturating_neg() } else { minor }))
}

/// A figure without the zeros behind the decimals of its currency, which a column of one scale for all currencies has:
/// `1000.00` for JPY. Three digits behind the point stay, and are refused, since they may be thousands: `12.340`.
fn without_zeros(digits: &str, currency: Currency) -> &str {
    let Some((whole, fraction)) = digits.split_once('.').filter(|(_, fraction)| fraction.len() != 3) else {
        return digits;
    };
    let decimals = usize::from(currency.exponent());
    let is_zeros = |beyond: &str| !beyond.is_empty() && beyond.bytes().all(|byte| byte == b'0');
    if !fraction.get(decimals..).is_some_and(is_zeros) {
        return digits;
    }
    let point = usize::from(decimals > 0);
    digits.get(..whole.len().saturating_add(decimals).saturating_add(point)).unwrap_or(digits)
}
