//! The rows that stay, as the strict reader reads them.

use super::Unfit;
use crate::prelude::*;
use crate::reconcile::clear::Cleared;
use crate::reconcile::columns::Columns;
use crate::reconcile::csv::{Desk, Record, Records};
use crate::reconcile::order::{by_front, is_same_front, position, shared};
use crate::reconcile::packed::kind_byte;
use crate::reconcile::row::{Row, Side};

/// Where the reference of a packed row stands: behind side, file, line, kind, whether it is keyed, and its own length.
const REFERENCE_AT: usize = 1 + 4 + 8 + 1 + 1 + 4;

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
    kind: u8,
    /// Where its reference stands among the packed rows, and how long it is.
    reference: (usize, usize),
    side: u8,
    file: usize,
    line: u64,
    /// Where the row stands.
    packed: (usize, usize),
}

/// Rows that stay, packed, and what is known of the others.
#[derive(Debug, Default)]
pub(super) struct Kept {
    packed: Vec<u8>,
    rows: Vec<KeptRow>,
    pub(super) cleared: Cleared,
}

impl Kept {
    pub(super) fn keep(&mut self, row: &Row<'_>) {
        let from = self.packed.len();
        row.pack(&mut self.packed);
        self.rows.push(KeptRow {
            kind: kind_byte(row.kind),
            reference: (from.saturating_add(REFERENCE_AT), row.reference.len()),
            side: row.side.byte(),
            file: row.file,
            line: row.line,
            packed: (from, self.packed.len()),
        });
    }

    /// How many bytes they have.
    pub(super) const fn bytes(&self) -> usize {
        self.packed.len()
    }

    /// All of them, packed, in the order in which the judge looks at them: that is found faster here, where all are at hand,
    /// and the judge goes over rows that are in order once.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &[u8]> {
        let Self { packed, rows, .. } = self;
        let at = |number: u128| rows.get(position(number)).map(|row| row.packed);
        let pieces = self.order().into_iter().filter_map(at);
        pieces.map(|(from, to)| packed.get(from..to).unwrap_or_default())
    }

    fn order(&self) -> Vec<u128> {
        let Self { packed, rows, .. } = self;
        let text = |(from, length): (usize, usize)| {
            packed.get(from..from.saturating_add(length)).unwrap_or_default()
        };
        let shared = shared(&mut rows.iter().map(|row| text(row.reference)));
        // Numbers are sorted faster than rows: kind, front of the reference, and which row it is.
        let mut order: Vec<u128> = Vec::with_capacity(rows.len());
        for (row, number) in rows.iter().zip(0_u32..) {
            let reference = text(row.reference).get(shared..).unwrap_or_default();
            order.push(by_front(row.kind, reference, number));
        }
        order.sort_unstable();
        let at = |number: u128| rows.get(position(number));
        for same in order.chunk_by_mut(|one, other| is_same_front(*one, *other)).filter(|same| same.len() > 1)
        {
            let key = |row: &KeptRow| (text(row.reference), row.side, row.file, row.line);
            same.sort_unstable_by(|one, other| at(*one).map(key).cmp(&at(*other).map(key)));
        }
        order
    }

    /// How many they are.
    pub(super) const fn count(&self) -> usize {
        self.rows.len()
    }
}
