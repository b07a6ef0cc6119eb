//! The rows that stay, as the strict reader reads them.

use core::iter;

use super::Unfit;
use crate::ledger::EventType;
use crate::prelude::*;
use crate::reconcile::clear::Cleared;
use crate::reconcile::columns::Columns;
use crate::reconcile::csv::{Desk, Record, Records};
use crate::reconcile::order::{shared, sort_alike, sorted};
use crate::reconcile::packed::{Fields, kind_byte};
use crate::reconcile::row::{Row, Side};

/// Where the reference of a packed row stands: behind side, file, line, kind, whether it is keyed, and its own length.
const REFERENCE_AT: usize = 1 + 4 + 8 + 1 + 1 + 4;

/// So many rows are put in order together.
const TOGETHER: usize = 128;

/// A part in so many more is kept free for rows that are longer than the others.
const SPARE: usize = 32;

/// So many rows tell how long the others are.
const WITNESSES_MIN: usize = 64;

/// Rows are not expected to be longer than this: what is asked for and not needed is missing elsewhere.
const EXPECTED_BYTES_MAX: usize = 256;

/// Which row: side, file and line.
pub(super) type Place = (Side, usize, u64);

/// The strict reader, for single rows of any of the files.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Columns of each file of the ledger, and of the settlement.
    columns: [Vec<Columns>; 2],
    ends: Vec<usize>,
    desk: Option<Box<Desk>>,
}

impl Reader {
    pub(super) const fn columns(&mut self, side: Side) -> &mut Vec<Columns> {
        let [ledger, settlement] = &mut self.columns;
        if matches!(side, Side::Ledger) { ledger } else { settlement }
    }

    /// Reads the row of a text.
    pub(super) fn row<T>(
        &mut self,
        (side, file, line): Place,
        raw: &[u8],
        then: &mut dyn FnMut(&Row<'_>) -> Option<T>,
    ) -> Result<T, Unfit> {
        let Self { columns: [ledger, settlement], ends, desk } = self;
        let columns = if side == Side::Ledger { ledger } else { settlement };
        let columns = columns.get(file).ok_or(Unfit)?;
        let delimiter = columns.delimiter();
        if raw.contains(&b'"') {
            let own = desk.take().filter(|desk| desk.delimiter() == delimiter);
            let own = own.unwrap_or_else(|| Box::new(Desk::of(delimiter)));
            let mut records = Records::of_row(raw, own).ok_or(Unfit)?;
            let record = records.next().map_err(|_| Unfit)?.ok_or(Unfit)?;
            let mut row = columns.row(side, file, &record).map_err(|_| Unfit)?;
            row.line = line;
            let done = then(&row).ok_or(Unfit);
            *desk = Some(records.desk());
            return done;
        }
        let row = Record::plain(raw, line, delimiter, ends).ok_or(Unfit)?;
        then(&columns.row(side, file, &row).map_err(|_| Unfit)?).ok_or(Unfit)
    }
}

/// A row that stays.
#[derive(Clone, Copy, Debug)]
struct KeptRow {
    /// Where it stands among the packed rows.
    from: usize,
    /// How long its reference is.
    reference: usize,
    kind: u8,
    side: u8,
}

/// Bytes of a reference, behind what all of them have in common, that decide before the rows themselves are looked at.
const FRONT_BYTES: usize = 26;

/// The order of a row: its type, the front of its reference, its side, and which row it is. Numbers are compared faster than
/// rows, which stand far from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    first: u128,
    then: u128,
}

impl Key {
    #[inline(never)]
    fn of(row: KeptRow, reference: &[u8], number: u32) -> Self {
        let mut bytes = [0; 32];
        let (front, back) = bytes.split_at_mut(1 + FRONT_BYTES);
        for (own, byte) in front.iter_mut().zip(iter::once(&row.kind).chain(reference)) {
            *own = *byte;
        }
        for (own, byte) in back.iter_mut().zip(iter::once(row.side).chain(number.to_be_bytes())) {
            *own = byte;
        }
        match bytes.as_chunks().0 {
            [first, then] => Self { first: u128::from_be_bytes(*first), then: u128::from_be_bytes(*then) },
            // There are 32 bytes, always.
            _ => Self { first: 0, then: 0 },
        }
    }

    /// Whether two rows are the same in type and the front of the reference.
    fn is_like(&self, other: &Self) -> bool {
        const PLACE_BITS: u32 = u8::BITS + u32::BITS;
        self.first == other.first && self.then >> PLACE_BITS == other.then >> PLACE_BITS
    }

    /// What stands in front of which row it is: among rows that are alike, the side.
    const fn side(&self) -> u128 {
        self.then >> u32::BITS
    }

    fn row(&self) -> usize {
        usize::try_from(self.then & u128::from(u32::MAX)).unwrap_or(usize::MAX)
    }
}

/// Rows that stay, packed, and what is known of the others.
#[derive(Debug, Default)]
pub(super) struct Kept {
    packed: Vec<u8>,
    rows: Vec<KeptRow>,
    /// Room for them in order.
    ordered: Vec<u8>,
    /// Bytes of the longest reference.
    longest: usize,
    pub(super) cleared: Cleared,
}

impl Kept {
    pub(super) fn keep(&mut self, row: &Row<'_>) {
        let from = self.packed.len();
        row.pack(&mut self.packed);
        let reference = row.reference.len();
        self.longest = self.longest.max(reference);
        self.rows.push(KeptRow { from, reference, kind: kind_byte(row.kind), side: row.side.byte() });
    }

    /// Makes room for so many more rows, as long as those that are there, and before it for all of them in order where they are
    /// asked for so: both stand where the table of the ledger stood, and once these are dropped, what is left of that is in one
    /// piece, for the judge. A guess, and no more: without the room rows are kept all the same.
    pub(super) fn expect(&mut self, rows: usize, in_order: bool) {
        if self.rows.len() < WITNESSES_MIN {
            return;
        }
        let each = self.packed.len().checked_div(self.rows.len()).unwrap_or_default().min(EXPECTED_BYTES_MAX);
        let bytes = rows.saturating_mul(each);
        let more = bytes.saturating_add(bytes / SPARE);
        let all = self.packed.len().saturating_add(more);
        let has_room = (!in_order || self.ordered.try_reserve_exact(all).is_ok())
            && self.packed.try_reserve_exact(more).is_ok()
            && self.rows.try_reserve_exact(rows).is_ok();
        if !has_room {
            self.ordered = Vec::new();
        }
    }

    /// All of them in order, as [`Kept::put_in_order`] has them, in the room that was made for them.
    #[inline(never)]
    pub(super) fn take_in_order(&mut self) -> Vec<u8> {
        let mut rows = core::mem::take(&mut self.ordered);
        rows.reserve_exact(self.packed.len());
        self.put_in_order(&mut rows);
        rows.shrink_to_fit();
        rows
    }

    /// All of them, packed, in the order in which they were kept.
    pub(super) fn packed_rows(&self) -> &[u8] {
        &self.packed
    }

    /// Keeps rows that another lane has kept, whose lines are counted from those of `before` in a file of each side; `None` for
    /// bytes that are none.
    pub(super) fn adopt(&mut self, packed: &[u8], before: [(usize, u64); 2]) -> Option<()> {
        let [ledger, settlement] = before;
        let mut fields = Fields::of(packed);
        while !fields.rest.is_empty() {
            let mut row = Row::unpack(&mut fields)?;
            let (file, line) = if row.side == Side::Ledger { ledger } else { settlement };
            if row.file == file {
                row.line = row.line.saturating_add(line);
            }
            self.keep(&row);
        }
        Some(())
    }

    /// How many bytes they have.
    pub(super) const fn bytes(&self) -> usize {
        self.packed.len()
    }

    /// The settlement's payouts, in the order of the judge.
    #[inline(never)]
    pub(super) fn payouts(&self) -> Vec<Row<'_>> {
        let own = (Side::Settlement.byte(), kind_byte(Some(EventType::Payout)));
        let mut rows = Vec::new();
        for (place, row) in self.rows.iter().enumerate() {
            if (row.side, row.kind) == own {
                rows.extend(Row::unpack(&mut Fields::of(self.packed(place))));
            }
        }
        let place = |row: &Row<'_>| (row.file, row.line);
        sorted(rows, &|one, other| one.reference.cmp(other.reference).then(place(one).cmp(&place(other))))
    }

    /// How many they are.
    pub(super) const fn count(&self) -> usize {
        self.rows.len()
    }

    /// Appends all of them, packed, in the order in which the judge looks at them: that is found faster here, where all are at
    /// hand, and the judge goes over rows that are in order once.
    pub(super) fn put_in_order(&self, out: &mut Vec<u8>) {
        for keys in self.order().chunks(TOGETHER) {
            self.ask(keys);
            self.put(keys, out);
        }
    }

    /// Asks for rows, which stand far from each other, and does nothing else: so the machine waits for many at once.
    #[inline(never)]
    fn ask(&self, keys: &[Key]) {
        let row = |key: &Key| self.rows.get(key.row()).and_then(|row| self.packed.get(row.from)).copied();
        core::hint::black_box(keys.iter().fold(0, |all, key| all ^ row(key).unwrap_or_default()));
    }

    #[inline(never)]
    fn put(&self, keys: &[Key], out: &mut Vec<u8>) {
        for key in keys {
            out.extend_from_slice(self.packed(key.row()));
        }
    }

    /// A row as it is packed.
    fn packed(&self, row: usize) -> &[u8] {
        let Some(from) = self.rows.get(row).map(|row| row.from) else { return &[] };
        let to = self.rows.get(row.saturating_add(1)).map_or(self.packed.len(), |next| next.from);
        self.packed.get(from..to).unwrap_or_default()
    }

    fn reference(&self, row: &KeptRow) -> &[u8] {
        let from = row.from.saturating_add(REFERENCE_AT);
        self.packed.get(from..from.saturating_add(row.reference)).unwrap_or_default()
    }

    fn order(&self) -> Vec<Key> {
        let shared = shared(&mut self.rows.iter().map(|row| self.reference(row)));
        let mut order = Vec::with_capacity(self.rows.len());
        for (row, number) in self.rows.iter().zip(0..) {
            order.push(Key::of(*row, self.reference(row).get(shared..).unwrap_or_default(), number));
        }
        order.sort_unstable();
        let is_whole = self.longest <= shared.saturating_add(FRONT_BYTES);
        for same in order.chunk_by_mut(Key::is_like).filter(|same| same.len() > 1) {
            let is_settled = is_whole && same.is_sorted_by(|one, next| one.side() < next.side());
            if !is_settled {
                self.settle(same);
            }
        }
        order
    }

    /// Puts rows in order that their keys do not tell apart: from then on a key is only asked which row it is of.
    fn settle(&self, same: &mut [Key]) {
        let row = |number: u128| usize::try_from(number).unwrap_or(usize::MAX);
        let mut numbers = Vec::with_capacity(same.len());
        for key in &*same {
            numbers.push(key.then & u128::from(u32::MAX));
        }
        sort_alike(&mut numbers, &|one, other| self.key(row(one)).cmp(&self.key(row(other))));
        for (key, number) in same.iter_mut().zip(numbers) {
            key.then = number;
        }
    }

    /// What decides where a key does not: reference, side, file and line.
    fn key(&self, number: usize) -> Option<(&[u8], u8, usize, u64)> {
        let row = self.rows.get(number)?;
        let mut fields = Fields::of(self.packed(number));
        Some((self.reference(row), fields.byte()?, fields.count()?, fields.natural()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::row::charge;

    #[test]
    fn rows_that_no_memory_has_room_for_may_be_expected() {
        let mut kept = Kept::default();
        let keep = |kept: &mut Kept, number: usize| {
            let reference = format!("order_{number:03}_{}", "x".repeat(400));
            kept.keep(&Row { reference: &reference, ..charge(100) });
        };
        for rows in [0, 1, 3, usize::MAX / 512, usize::MAX] {
            for number in 0..2 * WITNESSES_MIN {
                keep(&mut kept, number);
            }
            kept.expect(rows, true);
        }
        let count = kept.count();
        let rows = kept.take_in_order();
        assert_eq!((count, rows.len(), rows.capacity()), (10 * WITNESSES_MIN, kept.bytes(), kept.bytes()));
    }
}
