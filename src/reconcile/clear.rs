//! What is cleared here would have agreed in every value; what is not certain stays for the passes that explain.
//!
//! Nearly all rows of two large files agree, and nothing but their number is told of them. They are held against each
//! other as bytes, without becoming rows: one walk over each file, one entry for each row of the ledger, text compared
//! only where a hash already agrees. A pair is cleared when both sides have exactly one row of the reference, both are
//! charges, and amount, currency, fee and state are the same and the times raise no question under any habit. Files with
//! columns by which one row may matter to another (payouts, parents, nets, accounts, conversions) are left alone, and so
//! are quoted ones.

use super::parts::spread;
use super::states;
use super::window::{DAY_MS, day_of, month_of};
use super::{Mapping, Source};
use crate::calendar;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Rows of a run below which clearing is not worth a second walk.
const ROWS_MIN: usize = 2_000;

/// The longest text the reader takes; longer ones are refused by it.
const TEXT_BYTES_MAX: usize = 500;

/// Columns by which one row may matter to another, or which decide more than this module looks at.
const TOGETHER: [&str; 13] = [
    "payout_id",
    "parent_reference",
    "account",
    "net_minor",
    "net",
    "tax_minor",
    "tax",
    "original_amount_minor",
    "original_amount",
    "original_currency",
    "amount",
    "fee",
    "rate",
];

/// Columns that are looked at.
const LOOKED_AT: [&str; 8] =
    ["reference", "id", "currency", "amount_minor", "type", "fee_minor", "status", "occurred_at"];

/// What is known of the pairs that were cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cleared {
    /// Pairs.
    pub(super) pairs: usize,
    /// Of these with the same moment on both sides.
    pub(super) same_instant: usize,
    /// Of these with a moment on both sides.
    pub(super) timed: usize,
    /// Of these with a moment in the ledger, and with one in the settlement.
    pub(super) timed_sides: [usize; 2],
    /// Of these with a fee on both sides.
    pub(super) told_fee: usize,
    /// The latest moment of any of their rows.
    pub(super) latest: Option<Timestamp>,
}

impl Cleared {
    /// Adds what another part of the run has cleared.
    pub(super) fn join(&mut self, other: &Self) {
        let add = |count: &mut usize, more: usize| *count = count.saturating_add(more);
        add(&mut self.pairs, other.pairs);
        add(&mut self.same_instant, other.same_instant);
        add(&mut self.timed, other.timed);
        for (count, more) in self.timed_sides.iter_mut().zip(other.timed_sides) {
            add(count, more);
        }
        add(&mut self.told_fee, other.told_fee);
        self.latest = self.latest.max(other.latest);
    }
}

/// For each file of the ledger and of the settlement, which of its rows are cleared, in order.
pub(super) struct Verdicts {
    pub(super) cleared: Cleared,
    pub(super) ledger: Vec<Vec<bool>>,
    pub(super) settlement: Vec<Vec<bool>>,
}

/// Where the columns stand that are looked at.
struct Places {
    width: usize,
    /// Whether rows have ids of the provider's.
    has_ids: bool,
    reference: usize,
    currency: usize,
    amount: usize,
    kind: Option<usize>,
    fee: Option<usize>,
    status: Option<usize>,
    time: Option<usize>,
}

/// A row as bytes, as far as it is plain.
#[derive(Clone, Copy, Default)]
struct Plain<'a> {
    reference: &'a [u8],
    currency: &'a [u8],
    amount: &'a [u8],
    fee: &'a [u8],
    status: &'a [u8],
    time: &'a [u8],
    /// Whether it is of another type than a charge, and may belong to one.
    is_child: bool,
    /// Whether all of it is as simple as it nearly always is.
    is_plain: bool,
}

/// A reference of the ledger.
struct Entry<'a> {
    hash: u32,
    row: Plain<'a>,
    /// File and row.
    place: (usize, usize),
    /// The row of the settlement, and its time.
    partner: Option<((usize, usize), &'a [u8])>,
    /// More than one row on a side, or something that is not plain.
    is_doubtful: bool,
}

/// Finds the pairs that agree; `None` where these files are not for it.
pub(super) fn clear(
    ledger: &[Source<'_>],
    settlement: &[Source<'_>],
    mappings: [Mapping<'_>; 2],
    days: u64,
) -> Option<Verdicts> {
    let bytes: usize = ledger.iter().chain(settlement).map(|file| file.data.len()).sum();
    if bytes / 64 < ROWS_MIN {
        return None;
    }
    let [ours, theirs] = mappings;
    let mut index = Index::new(bytes / 64);
    let mut verdicts = Verdicts { cleared: Cleared::default(), ledger: Vec::new(), settlement: Vec::new() };
    let (mut has_ids, mut has_children) = (false, false);
    for (file, source) in ledger.iter().enumerate() {
        let mut rows = 0_usize;
        has_ids |= walk(source, ours, &mut |row| {
            has_children |= row.is_child;
            let place = (file, rows);
            rows = rows.saturating_add(1);
            let found = index.find(row.reference);
            match index.entries.get_mut(found.unwrap_or(usize::MAX)) {
                Some(entry) => entry.is_doubtful = true,
                None => index.add(row, place),
            }
        })?;
        verdicts.ledger.push(vec![false; rows]);
    }
    let mut states = SameState::default();
    for (file, source) in settlement.iter().enumerate() {
        let mut rows = 0_usize;
        has_ids |= walk(source, theirs, &mut |row| {
            has_children |= row.is_child;
            let place = (file, rows);
            rows = rows.saturating_add(1);
            let found = index.find(row.reference);
            let Some(entry) = index.entries.get_mut(found.unwrap_or(usize::MAX)) else { return };
            let agrees = row.is_plain
                && entry.row.is_plain
                && (entry.row.amount, entry.row.currency, entry.row.fee)
                    == (row.amount, row.currency, row.fee)
                && states.agree(entry.row.status, row.status)
                && is_timely(entry.row.time, row.time, days);
            entry.is_doubtful = entry.is_doubtful || entry.partner.is_some() || !agrees;
            entry.partner = Some((place, row.time));
        })?;
        verdicts.settlement.push(vec![false; rows]);
    }
    // A refund may follow a charge by the charge's id, and ids are not looked at here.
    if has_ids && has_children {
        return None;
    }
    for entry in &index.entries {
        let Some(partner) = entry.partner.filter(|_| !entry.is_doubtful) else { continue };
        verdicts.take(entry, partner);
    }
    Some(verdicts)
}

impl Verdicts {
    fn take(&mut self, entry: &Entry<'_>, (partner, their_time): ((usize, usize), &[u8])) {
        let mark = |files: &mut [Vec<bool>], (file, row): (usize, usize)| {
            if let Some(is_cleared) = files.get_mut(file).and_then(|rows| rows.get_mut(row)) {
                *is_cleared = true;
            }
        };
        mark(&mut self.ledger, entry.place);
        mark(&mut self.settlement, partner);
        let is_timed = !entry.row.time.is_empty() && !their_time.is_empty();
        let count = |counter: &mut usize, yes: bool| *counter = counter.saturating_add(usize::from(yes));
        count(&mut self.cleared.pairs, true);
        count(&mut self.cleared.told_fee, !entry.row.fee.is_empty());
        count(&mut self.cleared.timed, is_timed);
        for (counter, time) in self.cleared.timed_sides.iter_mut().zip([entry.row.time, their_time]) {
            count(counter, !time.is_empty());
        }
        count(&mut self.cleared.same_instant, is_timed && entry.row.time == their_time);
        let later = moment(entry.row.time.max(their_time));
        self.cleared.latest = self.cleared.latest.max(later);
    }
}

/// The references of the ledger: open addressing over the entries, so that a row costs one look.
struct Index<'a> {
    entries: Vec<Entry<'a>>,
    /// Places of entries, from 1; a power of two of them.
    slots: Vec<u32>,
    mask: usize,
}

impl<'a> Index<'a> {
    fn new(rows: usize) -> Self {
        let size = rows.saturating_mul(2).checked_next_power_of_two().unwrap_or(1 << 16);
        Self { entries: Vec::new(), slots: vec![0; size], mask: size.saturating_sub(1) }
    }

    /// The slot of a reference: that of its entry, or the empty one where it would stand.
    fn slot(&self, reference: &[u8], hash: u32) -> (usize, Option<usize>) {
        let mut slot = usize::try_from(hash).unwrap_or_default() & self.mask;
        loop {
            let Some(place) = self.slots.get(slot).and_then(|place| place.checked_sub(1)) else {
                return (slot, None);
            };
            let place = usize::try_from(place).unwrap_or_default();
            if self
                .entries
                .get(place)
                .is_some_and(|entry| entry.hash == hash && entry.row.reference == reference)
            {
                return (slot, Some(place));
            }
            slot = slot.wrapping_add(1) & self.mask;
        }
    }

    fn find(&self, reference: &[u8]) -> Option<usize> {
        self.slot(reference, spread(reference)).1
    }

    fn add(&mut self, row: Plain<'a>, place: (usize, usize)) {
        // Half of the slots stay empty, or the rows that come are left to the passes that explain.
        if self.entries.len() >= self.slots.len() / 2 {
            return;
        }
        let hash = spread(row.reference);
        let (slot, _) = self.slot(row.reference, hash);
        self.entries.push(Entry { hash, row, place, partner: None, is_doubtful: !row.is_plain });
        if let (Some(slot), Ok(number)) = (self.slots.get_mut(slot), u32::try_from(self.entries.len())) {
            *slot = number;
        }
    }
}

/// Hands on each row of a file, and tells whether they have ids; `None` for a file that is not plain as a whole.
fn walk<'a>(source: &Source<'a>, mapping: Mapping<'_>, take: &mut dyn FnMut(Plain<'a>)) -> Option<bool> {
    let text = source.data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source.data);
    if text.contains(&b'"') || core::str::from_utf8(text).is_err() {
        return None;
    }
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let mut lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let places = Places::of(lines.next()?, mapping)?;
    for line in lines {
        // Empty lines and lone carriage returns change how lines are counted.
        if line.is_empty() || line.contains(&b'\r') {
            return None;
        }
        take(places.row(line)?);
    }
    Some(places.has_ids)
}

impl Places {
    fn of(header: &[u8], mapping: Mapping<'_>) -> Option<Self> {
        let header = core::str::from_utf8(header).ok()?;
        let names: Vec<&str> = header.split(',').collect();
        let find = |name: &str| {
            let theirs = mapping.iter().find(|(ours, _)| *ours == name).map_or(name, |(_, theirs)| *theirs);
            names.iter().position(|found| *found == theirs)
        };
        // The reader takes names in any case; here they are told apart by their bytes.
        let is_spelt_otherwise = |name: &str| {
            let theirs = mapping.iter().find(|(ours, _)| *ours == name).map_or(name, |(_, theirs)| *theirs);
            names.iter().any(|found| *found != theirs && found.trim().eq_ignore_ascii_case(theirs.trim()))
        };
        if TOGETHER.into_iter().chain(LOOKED_AT).any(is_spelt_otherwise) {
            return None;
        }
        if TOGETHER.into_iter().any(|name| find(name).is_some()) {
            return None;
        }
        Some(Self {
            width: names.len(),
            has_ids: find("id").is_some(),
            reference: find("reference")?,
            currency: find("currency")?,
            amount: find("amount_minor")?,
            kind: find("type"),
            fee: find("fee_minor"),
            status: find("status"),
            time: find("occurred_at"),
        })
    }

    /// `None` for a row of another width, which the reader refuses.
    fn row<'a>(&self, line: &'a [u8]) -> Option<Plain<'a>> {
        let mut row = Plain { is_plain: true, ..Plain::default() };
        let mut width = 0_usize;
        for cell in line.split(|byte| *byte == b',') {
            let here = Some(width);
            if width == self.reference {
                row.reference = cell;
            } else if width == self.currency {
                row.currency = cell;
            } else if width == self.amount {
                row.amount = cell;
                row.is_plain &= is_number(cell);
            } else if here == self.fee {
                row.fee = cell;
                row.is_plain &= cell.is_empty() || is_number(cell);
            } else if here == self.kind {
                row.is_child = !cell.is_empty() && cell != b"charge";
                row.is_plain &= !row.is_child;
            } else if here == self.status {
                row.status = cell;
            } else if here == self.time {
                row.time = cell;
                row.is_plain &= cell.is_empty() || is_moment(cell);
            }
            row.is_plain &= cell.len() <= TEXT_BYTES_MAX;
            width = width.saturating_add(1);
        }
        row.is_plain &= Currency::parse(core::str::from_utf8(row.currency).ok()?).is_ok();
        (width == self.width && !row.reference.is_empty()).then_some(row)
    }
}

/// Digits as the reader takes them, few enough for any amount.
fn is_number(cell: &[u8]) -> bool {
    let is_canonical = cell == b"0" || !cell.starts_with(b"0");
    is_canonical && !cell.is_empty() && cell.len() <= 18 && cell.iter().all(u8::is_ascii_digit)
}

/// The one form that is compared as bytes: `2026-03-01T00:00:00Z`.
fn is_moment(cell: &[u8]) -> bool {
    let is_like = |(at, byte): (usize, &u8)| match at {
        4 | 7 => *byte == b'-',
        10 => *byte == b'T',
        13 | 16 => *byte == b':',
        19 => *byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    cell.len() == 20 && cell.iter().enumerate().all(is_like)
}

fn moment(cell: &[u8]) -> Option<Timestamp> {
    calendar::parse_rfc3339(core::str::from_utf8(cell).ok()?).ok()
}

/// Whether the times of two rows raise no question whatever the habits of the files are.
fn is_timely(ours: &[u8], theirs: &[u8], days: u64) -> bool {
    if ours == theirs || ours.is_empty() || theirs.is_empty() {
        return ours.is_empty() || moment(ours).is_some();
    }
    let Some((ours, theirs)) = moment(ours).zip(moment(theirs)).filter(|(ours, theirs)| ours < theirs) else {
        return false;
    };
    let lag = theirs.since(ours).get();
    let is_late = theirs > ours.saturating_add(Millis::new(days.max(1).saturating_mul(DAY_MS)));
    let is_same_day = day_of(ours) == day_of(theirs);
    !is_late && month_of(ours) == month_of(theirs) && (is_same_day || lag.checked_rem(DAY_MS) != Some(0))
}

/// Whether two words mean one state. The same two words follow each other nearly always.
#[derive(Default)]
struct SameState<'a> {
    last: Option<(&'a [u8], &'a [u8], bool)>,
}

impl<'a> SameState<'a> {
    fn agree(&mut self, ours: &'a [u8], theirs: &'a [u8]) -> bool {
        if ours == theirs || ours.is_empty() || theirs.is_empty() {
            return true;
        }
        if let Some((.., agree)) = self.last.filter(|(left, right, _)| (*left, *right) == (ours, theirs)) {
            return agree;
        }
        let state = |text: &'a [u8]| states::parse(core::str::from_utf8(text).unwrap_or_default());
        let agree = state(ours) == state(theirs);
        self.last = Some((ours, theirs, agree));
        agree
    }
}
