//! Nearly all rows of two large files plainly agree: they are let through here, and what stays is what the judge is for.
//!
//! The report is that of [`read`](super::read) to the byte, or the sieve says that it is not for these files: it never
//! decides anything but that two rows are a match and matter to nothing else. What that means stands in `plain`.
//!
//! Files come in chunks, those of the ledger first. Of the ledger 36 bytes and two slots of 4 are kept for each row, of the
//! settlement nothing but where a partner stands, and what the lines of each payout sum to. Rows that stay are asked for
//! once more at the end, by their places, as nobody knew before that they would. Whoever drives the sieve owns the files;
//! it asks for bytes by [`Sieve::wanted`] and opens nothing.

mod cells;
mod entries;
mod followed;
mod heard;
mod lanes;
mod payouts;
mod plain;
mod print;
mod recall;
mod rest;
mod rows;
mod scan;
mod separators;
mod words;
mod zones;

pub(super) use cells::Layout;
pub use lanes::Lane;
pub use print::KEY_BYTES;
pub use recall::Wanted;
pub use rest::Rest;

use super::batch::{self, Head};
use super::packed::Fields;
use super::parts::Share;
use super::row::{Row, Side};
use super::sums::{self, Sums};
use super::window::Window;
use super::{Error, ErrorKind, IN_FLIGHT_DAYS_MAX, Options, Source};
use super::{columns, csv};
use crate::prelude::*;
use entries::Entries;
use followed::Followed;
use payouts::Payouts;
use print::Print;
use recall::Recall;
use rows::{Kept, Reader};
use scan::Parsed;
use separators::{BLOCK_BYTES, Separators};
use words::Words;
use zones::Zones;

/// Bytes of a chunk: what stays in the cache of a core until it was looked at.
const CHUNK_BYTES: usize = 131_072;

/// A row that is longer than this is left to the reader of whole files.
const BUFFER_BYTES_MAX: usize = 16_777_216;

/// Bytes behind a chunk that are looked at and do not count.
const SLACK_BYTES: usize = BLOCK_BYTES + print::TEXT_BYTES_MAX + print::SLACK_BYTES;

/// The files are not for the sieve: [`read`](super::read) them instead, which also says what is wrong with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit;

/// What is held against what, before any byte was read.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Names of the files of ledger, settlement and bank.
    pub names: [Vec<String>; 3],
    /// How the files of each side call their columns.
    pub mappings: [Vec<(String, String)>; 3],
}

/// One run.
#[derive(Debug)]
pub struct Sieve {
    plan: Plan,
    window: Window,
    share: Share,
    /// Every row is to be judged.
    is_whole: bool,
    key: Box<[u8; KEY_BYTES]>,
    words: Words,
    entries: Entries,
    buffer: Vec<u8>,
    filled: usize,
    separators: Separators,
    reader: Reader,
    side: Side,
    file: usize,
    sizes: Vec<(Side, u64)>,
    /// Of the file that is being read, once its header was.
    layout: Option<Layout>,
    delimiter: u8,
    is_fresh: bool,
    lane: Lane,
    /// Room for the rows of the file is still to be made.
    awaits_room: bool,
    /// Where the buffer begins: bytes of its side before it, and line.
    base: u64,
    line: u64,
    recall: Recall,
    followed: Followed,
    zones: Zones,
    payouts: Payouts,
    kept: Kept,
    met: Vec<Parsed>,
    /// The prints of what was met.
    prints: Vec<Print>,
    counts: Counts,
    /// What the rows come to, where somebody asks for it.
    sums: Option<Box<Sums>>,
}

/// What decides whether the files are for the sieve.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    rows: usize,
    odd: usize,
}

impl Sieve {
    /// A sieve for one share of a run; `key` is secret, and random for each run.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WindowTooLong`], [`ErrorKind::Part`] for a share that does not exist.
    pub fn new(plan: Plan, options: Options<'_>, share: Share, key: &[u8; KEY_BYTES]) -> Result<Self, Error> {
        if options.in_flight_days > IN_FLIGHT_DAYS_MAX {
            return Err(Error::from(ErrorKind::WindowTooLong { found: options.in_flight_days }));
        }
        let share = share.checked().map_err(ErrorKind::Part)?;
        let window = Window {
            days: options.in_flight_days,
            is_business: options.business_days,
            holidays: options.holidays.to_vec(),
            as_of: options.as_of,
            by_account: Vec::new(),
        };
        Ok(Self {
            plan,
            window,
            share,
            is_whole: options.is_whole,
            key: Box::new(*key),
            words: Words::new(),
            entries: Entries::default(),
            buffer: vec![0; CHUNK_BYTES.saturating_add(SLACK_BYTES)],
            filled: 0,
            separators: Separators::default(),
            reader: Reader::default(),
            side: Side::Ledger,
            file: 0,
            sizes: Vec::new(),
            layout: None,
            delimiter: b',',
            is_fresh: true,
            lane: Lane::Alone,
            awaits_room: false,
            base: 0,
            line: 1,
            recall: Recall::default(),
            followed: Followed::default(),
            zones: Zones::default(),
            payouts: Payouts::default(),
            kept: Kept::default(),
            met: Vec::new(),
            prints: Vec::new(),
            counts: Counts::default(),
            sums: None,
        })
    }

    /// Asks for [`Sieve::totals`], before the first file. The run has to be all of a run.
    pub fn sum_up(&mut self) {
        self.sums = Some(Box::default());
    }

    /// What [`add_up`](super::add_up) makes of ledger and settlement, with the effects of the rows that stay alone; once nothing is
    /// wanted any more. Empty where nobody asked for it.
    #[must_use]
    pub fn totals(&self) -> Vec<u8> {
        let Some(sums) = &self.sums else { return Vec::new() };
        let mut out = sums.pack();
        let mut fields = Fields::of(self.kept.packed_rows());
        while let Some(row) = Row::unpack(&mut fields) {
            sums::put_effect(&row, &mut out);
        }
        out
    }

    /// Begins the next file of a side, which has so many bytes. All files of the ledger come before those of the
    /// settlement.
    ///
    /// # Errors
    ///
    /// [`Unfit`] for a side of more than 4 GiB, and for files of one size, which may be one file twice, and where
    /// [`Options::is_whole`].
    pub fn begin(&mut self, side: Side, bytes: u64) -> Result<(), Unfit> {
        if self.is_whole {
            return Err(Unfit);
        }
        self.zones.begin(side != self.side || self.sizes.is_empty(), self.share.of > 1);
        if side != self.side {
            if side != Side::Settlement || self.side != Side::Ledger {
                return Err(Unfit);
            }
            // What asks for rows by their places is not for lanes.
            if self.lane == Lane::First && self.is_for_lanes() {
                self.entries.gather();
            }
            if self.lane != Lane::Other {
                self.entries.index();
            }
            (self.side, self.base, self.file) = (side, 0, 0);
        }
        if self.base.saturating_add(bytes) >= u64::from(u32::MAX) {
            return Err(Unfit);
        }
        // The same file twice is one for the judge.
        if self.sizes.contains(&(side, bytes)) {
            return Err(Unfit);
        }
        self.sizes.push((side, bytes));
        self.recall.begin(side, self.base);
        (self.filled, self.line, self.layout, self.is_fresh) = (0, 1, None, true);
        self.met.clear();
        (self.counts.rows, self.counts.odd) = (0, 0);
        self.awaits_room = side == Side::Ledger && self.lane != Lane::Other;
        self.recall.expect(bytes);
        Ok(())
    }

    /// Where the next bytes go.
    pub fn room(&mut self) -> &mut [u8] {
        let end = self.buffer.len().saturating_sub(SLACK_BYTES);
        self.buffer.get_mut(self.filled..end).unwrap_or_default()
    }

    /// Looks at so many bytes that were put into [`Sieve::room`].
    ///
    /// # Errors
    ///
    /// [`Unfit`].
    pub fn take(&mut self, bytes: usize) -> Result<(), Unfit> {
        self.filled = self.filled.saturating_add(bytes).min(self.buffer.len().saturating_sub(SLACK_BYTES));
        if self.is_fresh && self.filled >= 3 {
            self.is_fresh = false;
            if self.buffer.starts_with(b"\xef\xbb\xbf") {
                self.drop_front(3);
            }
        }
        self.look()
    }

    /// Ends a file.
    ///
    /// # Errors
    ///
    /// [`Unfit`], also for a file without a header.
    pub fn close(&mut self) -> Result<(), Unfit> {
        if self.filled > 0 {
            // A last line may go without a line break, unless its time may have been cut off.
            if self.layout.is_some_and(|layout| layout.time == layout.width.checked_sub(1))
                && !self.ends_with_zone()
            {
                return Err(Unfit);
            }
            let Some(end) = self.room().first_mut() else { return Err(Unfit) };
            *end = b'\n';
            self.filled = self.filled.saturating_add(1);
            self.look()?;
            // It is ours, and not in the file.
            self.base = self.base.saturating_sub(1);
            if let Some(chunk) = self.recall.chunks(self.side).last_mut() {
                chunk.length = chunk.length.saturating_sub(1);
            }
        }
        self.file = self.file.saturating_add(1);
        if self.filled > 0 || self.layout.is_none() { Err(Unfit) } else { Ok(()) }
    }

    /// Whether what is left of the file ends with the zone of a moment.
    fn ends_with_zone(&self) -> bool {
        let row = self.buffer.get(..self.filled).unwrap_or_default();
        let row = row.strip_suffix(b"\"").unwrap_or(row);
        let cell = row.rsplit(|byte| *byte == self.delimiter).next().unwrap_or_default();
        let sign = cell.len().checked_sub("+00:00".len()).and_then(|place| cell.get(place));
        cell.len() > "2026-03-04T05:06".len()
            && (matches!(cell.last(), Some(b'Z' | b'z')) || matches!(sign, Some(b'+' | b'-')))
    }

    fn drop_front(&mut self, bytes: usize) {
        self.buffer.copy_within(bytes..self.filled, 0);
        self.filled = self.filled.saturating_sub(bytes);
        self.base = self.base.saturating_add(u64::try_from(bytes).unwrap_or_default());
    }

    /// Looks at the whole rows of the buffer, and brings the beginning of the next one to its front.
    fn look(&mut self) -> Result<(), Unfit> {
        if let Some(slack) = self.buffer.get_mut(self.filled..) {
            slack.iter_mut().take(BLOCK_BYTES).for_each(|byte| *byte = 0);
        }
        let buffer = core::mem::take(&mut self.buffer);
        let mut separators = core::mem::take(&mut self.separators);
        if self.layout.is_none() {
            self.delimiter = csv::delimiter(buffer.get(..self.filled).unwrap_or_default());
        }
        separators.find(&buffer, self.filled, self.delimiter);
        let looked = self.chunk(&buffer, &separators);
        (self.buffer, self.separators) = (buffer, separators);
        let whole = looked?;
        self.drop_front(whole);
        let size = self.buffer.len().saturating_sub(SLACK_BYTES);
        // Always room for a line break at the end.
        if self.filled.saturating_add(1) >= size {
            if size >= BUFFER_BYTES_MAX {
                return Err(Unfit);
            }
            self.buffer.resize(size.saturating_mul(2).saturating_add(SLACK_BYTES), 0);
        }
        Ok(())
    }

    /// Ends the files. What [`Sieve::wanted`] asks for comes next.
    pub fn finish(&mut self) {
        if self.side == Side::Ledger {
            self.entries.index();
        }
        self.keep_followed();
    }

    /// Parts the rows that stay from the others, once nothing can make one stay any more.
    fn settle(&mut self) {
        let Self { entries, payouts, recall, kept, words, .. } = self;
        payouts.settle(kept, words);
        let (left, cleared) = entries.finish(payouts, &mut |line| recall.again(line));
        self.kept.cleared = cleared;
        self.leave_out_zoneless();
        // Nobody looks for a row any more.
        self.entries = Entries::default();
        self.recall.finish(left);
        self.kept.expect(self.recall.rows(), self.is_alone());
    }

    /// Whether the run is all of a run, without files of the bank.
    fn is_alone(&self) -> bool {
        let [.., bank] = &self.plan.names;
        self.share == Share::WHOLE && bank.is_empty()
    }

    /// What is later than so many days on the other side is late, or may be.
    const fn days(&self) -> u64 {
        if self.window.is_business { 1 } else { self.window.days }
    }

    /// The bytes that are to be put into [`Sieve::room_for`] next; `None` when there are no more.
    pub fn wanted(&self) -> Option<Wanted> {
        self.wanted_for_ids().or_else(|| self.recall.wanted())
    }

    /// Room for so many bytes.
    pub fn room_for(&mut self, bytes: usize) -> &mut [u8] {
        let size = bytes.saturating_add(SLACK_BYTES);
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        }
        self.buffer.get_mut(..bytes).unwrap_or_default()
    }

    /// Takes the rows from the bytes that were wanted.
    ///
    /// # Errors
    ///
    /// [`Unfit`] where the file is not what it was.
    pub fn give(&mut self) -> Result<(), Unfit> {
        if self.wanted_for_ids().is_some() {
            return self.pass_ids();
        }
        let Self { recall, reader, key, words, kept, buffer, .. } = self;
        recall.give(buffer, (reader, key, words), kept)
    }

    /// The rows that stay, with those of the bank, as a part of the run.
    ///
    /// # Errors
    ///
    /// [`Unfit`] for a statement that cannot be read, or stands there twice, and where rows are asked for that went.
    pub fn part(&mut self, bank: &[&[u8]]) -> Result<Vec<u8>, Unfit> {
        let [_, _, names] = &self.plan.names;
        let mut rows = Vec::new();
        let [_, _, mapping] = &self.plan.mappings;
        let mapping: Vec<(&str, &str)> = mapping.iter().map(|(ours, theirs)| (&**ours, &**theirs)).collect();
        if bank.iter().enumerate().any(|(file, data)| bank.iter().take(file).any(|other| other == data)) {
            return Err(Unfit);
        }
        for (file, (data, name)) in bank.iter().zip(names).enumerate() {
            let source = Source { name, data };
            columns::read(Side::Bank, file, source, &mapping, (self.share, &[]), &mut rows)
                .map_err(|_| Unfit)?;
        }
        let summed = self.payouts.summed(&self.words);
        let head = Head {
            names: self.plan.names.each_ref().map(|names| names.iter().map(|name| &**name).collect()),
            window: self.window.clone(),
            cleared: self.kept.cleared,
            summed: summed.clone(),
            of: self.share.of,
            ..Head::default()
        };
        let mut out = batch::opened(&head, self.share, self.kept.bytes().saturating_add(rows.len()));
        let front = out.len();
        self.kept.put_in_order(&mut out);
        if !rest::is_enough(out.get(front..).unwrap_or_default(), &summed) {
            return Err(Unfit);
        }
        out.extend_from_slice(&rows);
        Ok(out)
    }

    /// The rows that stay, for whoever judges them in the same memory.
    ///
    /// # Errors
    ///
    /// The sieve itself where there are other shares or files of the bank, which only [`Sieve::part`] puts together, and where
    /// rows are asked for that went.
    pub fn rest(mut self) -> Result<Rest, Box<Self>> {
        if !self.is_alone() {
            return Err(Box::new(self));
        }
        let rows = self.kept.take_in_order();
        if !rest::is_enough(&rows, &self.payouts.summed(&self.words)) {
            return Err(Box::new(self));
        }
        let Self { plan, window, kept, payouts, words, .. } = self;
        Ok(Rest::of(plan.names, window, (&kept, rows), (payouts, words)))
    }
}
