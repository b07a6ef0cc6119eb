//! The door of large files: they come in chunks that JavaScript puts straight into the memory of this instance.
//!
//! One run at a time. What answers with no says that the files are not for the sieve, and the run is over.

use super::reconcile::{Asked, Error};
use super::reply;
use crate::json;
use crate::prelude::*;
use crate::reconcile::sieve::{KEY_BYTES, Lane, Plan, Rest, Sieve, Wanted};
use crate::reconcile::{self, Form, PartError, Piece, Side, Tellers};

const SIDES: [Side; 2] = [Side::Ledger, Side::Settlement];

/// The run of one instance.
#[derive(Debug, Default)]
pub struct Sieving {
    sieve: Option<Sieve>,
    lengths: [Vec<u64>; 3],
    /// A part that waits for being printed.
    kept: Vec<u8>,
    /// The rows that wait for being printed, where they are no part.
    rest: Option<Rest>,
}

impl Sieving {
    /// No run yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { sieve: None, lengths: [const { Vec::new() }; 3], kept: Vec::new(), rest: None }
    }

    /// Begins a run with the options of [`read`](super::reconcile::read) and a random key. Replies with null.
    pub fn open(&mut self, options: &[u8], key: &[u8]) -> Vec<u8> {
        reply::of(self.try_open(options, key).map(|()| "null".to_owned()))
    }

    fn try_open(&mut self, options: &[u8], key: &[u8]) -> Result<(), Error> {
        *self = Self::new();
        let document = json::parse(options)?;
        let asked = Asked::of(&document)?;
        let key: &[u8; KEY_BYTES] = key.as_array().ok_or_else(|| {
            json::Error::from(json::ErrorKind::WrongField {
                field: "key",
                expected: "544 random bytes",
                found: key.len().digits(),
            })
        })?;
        let names =
            asked.files.each_ref().map(|files| files.iter().map(|(name, _)| (*name).to_owned()).collect());
        let mappings = asked.mappings.each_ref().map(|mapping| {
            mapping.iter().map(|(ours, theirs)| ((*ours).to_owned(), (*theirs).to_owned())).collect()
        });
        self.lengths = asked.files.each_ref().map(|files| files.iter().map(|(_, length)| *length).collect());
        let plan = Plan { names, mappings };
        self.sieve = Some(Sieve::new(plan, asked.options(), asked.share, key)?);
        Ok(())
    }

    /// See [`Sieve::sum_up`].
    pub fn sum_up(&mut self) {
        if let Some(sieve) = &mut self.sieve {
            sieve.sum_up();
        }
    }

    /// See [`Sieve::totals`].
    #[must_use]
    pub fn totals(&self) -> Vec<u8> {
        self.sieve.as_ref().map(Sieve::totals).unwrap_or_default()
    }

    /// Begins a file: side 0 is the ledger, 1 the settlement.
    pub fn begin(&mut self, side: usize, file: usize) -> bool {
        let length = self.lengths.get(side).and_then(|lengths| lengths.get(file)).copied();
        let (Some(sieve), Some(side), Some(length)) = (&mut self.sieve, SIDES.get(side), length) else {
            return false;
        };
        sieve.begin(*side, length).is_ok()
    }

    /// Where the next bytes go.
    pub fn room(&mut self) -> &mut [u8] {
        self.sieve.as_mut().map(Sieve::room).unwrap_or_default()
    }

    /// Takes so many bytes; none end the file.
    pub fn take(&mut self, bytes: usize) -> bool {
        let Some(sieve) = &mut self.sieve else { return false };
        if bytes == 0 { sieve.close().is_ok() } else { sieve.take(bytes).is_ok() }
    }

    /// Ends the files.
    pub fn finish(&mut self) -> bool {
        self.sieve.as_mut().map(Sieve::finish).is_some()
    }

    /// Side, file, offset and length of what is wanted next; nothing when there is no more.
    #[must_use]
    pub fn wanted(&self) -> Vec<u32> {
        let Some(Wanted { side, file, offset, length }) = self.sieve.as_ref().and_then(Sieve::wanted) else {
            return Vec::new();
        };
        let small = |number: usize| u32::try_from(number).unwrap_or_default();
        let side = u32::from(side == Side::Settlement);
        vec![side, small(file), u32::try_from(offset).unwrap_or_default(), small(length)]
    }

    /// Where so many bytes go that are wanted.
    pub fn room_for(&mut self, bytes: usize) -> &mut [u8] {
        self.sieve.as_mut().map(|sieve| sieve.room_for(bytes)).unwrap_or_default()
    }

    /// Takes what was wanted.
    pub fn give(&mut self) -> bool {
        self.sieve.as_mut().is_some_and(|sieve| sieve.give().is_ok())
    }

    /// Goes on at an offset of the file that was begun: see [`Sieve::skip`].
    pub fn skip(&mut self, offset: u64) -> bool {
        self.sieve.as_mut().is_some_and(|sieve| sieve.skip(offset).is_ok())
    }

    /// See [`Sieve::line`].
    #[must_use]
    pub fn line(&self) -> u64 {
        self.sieve.as_ref().map(Sieve::line).unwrap_or_default()
    }

    /// See [`Sieve::rows`].
    #[must_use]
    pub fn rows(&self) -> usize {
        self.sieve.as_ref().map(Sieve::rows).unwrap_or_default()
    }

    /// See [`Sieve::words`].
    #[must_use]
    pub fn words(&self) -> Vec<u8> {
        self.sieve.as_ref().map(Sieve::words).unwrap_or_default()
    }

    /// See [`Sieve::be`].
    pub const fn be(&mut self, lane: Lane) {
        if let Some(sieve) = &mut self.sieve {
            sieve.be(lane);
        }
    }

    /// See [`Sieve::is_for_lanes`].
    #[must_use]
    pub fn is_for_lanes(&self) -> bool {
        self.sieve.as_ref().is_some_and(Sieve::is_for_lanes)
    }

    /// See [`Sieve::gather`].
    pub fn gather(&mut self) {
        if let Some(sieve) = &mut self.sieve {
            sieve.gather();
        }
    }

    /// See [`Sieve::rows_from`].
    pub fn say(&mut self, place: usize) -> &[u8] {
        self.sieve.as_mut().map(|sieve| sieve.rows_from(place)).unwrap_or_default()
    }

    /// See [`Sieve::forget`].
    pub fn forget(&mut self) {
        if let Some(sieve) = &mut self.sieve {
            sieve.forget();
        }
    }

    /// See [`Sieve::hear`].
    pub fn hear(&mut self, side: usize, bytes: usize, words: &[u8]) -> bool {
        let found = self.sieve.as_mut().zip(SIDES.get(side));
        found.is_some_and(|(sieve, side)| sieve.hear(*side, bytes, words).is_ok())
    }

    /// See [`Sieve::staying`].
    #[must_use]
    pub fn staying(&self, side: usize, from: u32, to: u32) -> Vec<u32> {
        let found = self.sieve.as_ref().zip(SIDES.get(side));
        found.map(|(sieve, side)| sieve.staying(*side, from, to).to_vec()).unwrap_or_default()
    }

    /// See [`Sieve::keep_rows`].
    pub fn stay(&mut self, ledger: &[u32], settlement: &[u32]) -> bool {
        self.sieve.as_mut().is_some_and(|sieve| sieve.keep_rows(ledger, settlement).is_ok())
    }

    /// See [`Sieve::kept`]. The run is over.
    pub fn hand_over(&mut self) -> Vec<u8> {
        self.sieve.take().map(|sieve| sieve.kept().to_vec()).unwrap_or_default()
    }

    /// See [`Sieve::adopt`].
    pub fn adopt(&mut self, kept: &[u8], before: [(usize, u64); 2]) -> bool {
        self.sieve.as_mut().is_some_and(|sieve| sieve.adopt(kept, before).is_ok())
    }

    /// The part of the run, with the files of the bank one after the other; nothing where the files are not for the sieve.
    pub fn part(&mut self, bank: &[u8]) -> Vec<u8> {
        self.try_part(bank).unwrap_or_default()
    }

    /// The same, and it stays here for [`Sieving::print`]: a large one is not copied out and in again.
    pub fn keep(&mut self, bank: &[u8]) -> bool {
        match self.sieve.take().map(Sieve::rest) {
            Some(Ok(rest)) => {
                self.rest = Some(rest);
                return true;
            }
            Some(Err(sieve)) => self.sieve = Some(*sieve),
            None => return false,
        }
        self.kept = self.try_part(bank).unwrap_or_default();
        !self.kept.is_empty()
    }

    /// Keeps the part of whole files, which are given as [`read`](super::reconcile::read) takes them; no where that refuses
    /// them.
    pub fn keep_whole(&mut self, options: &[u8], files: [&[u8]; 3]) -> bool {
        *self = Self::new();
        let [ledger, settlement, bank] = files;
        let answer = super::reconcile::read(options, ledger, settlement, bank);
        // A refusal is a document, and no part begins as one does.
        let is_part = !answer.starts_with(b"{");
        if is_part {
            self.kept = answer;
        }
        is_part
    }

    fn try_part(&mut self, bank: &[u8]) -> Option<Vec<u8>> {
        let mut rest = bank;
        let mut files = Vec::new();
        let [.., lengths] = &self.lengths;
        for length in lengths {
            let (own, others) = rest.split_at_checked(usize::try_from(*length).ok()?)?;
            files.push(own);
            rest = others;
        }
        self.sieve.take()?.part(&files).ok()
    }

    /// Judges by terms what was kept, and hands its report on as the command prints it. Replies with how many breaks there are.
    pub fn print(&mut self, terms: &[u8], how: (Tellers, Form), take: &mut dyn FnMut(Piece<'_>)) -> Vec<u8> {
        let (kept, rest) = (core::mem::take(&mut self.kept), self.rest.take());
        let told = match rest {
            Some(rest) => rest.tell(terms, how, take),
            None => reconcile::tell(&kept, terms, how, take),
        };
        reply::of(told.map(Digits::digits).map_err(Error::Part))
    }
}

/// Tells a stretch of a report that this or another instance has handed out. Replies with null.
pub fn print_stretch(stretch: &[u8], write: &mut dyn FnMut(&[u8])) -> Vec<u8> {
    let told = reconcile::tell_stretch(stretch, write);
    reply::of(told.map(|()| "null".to_owned()).map_err(|corrupt| Error::Part(PartError::Corrupt(corrupt))))
}

/// What JavaScript sees of it.
#[cfg(all(feature = "wasm-reconcile-sieve", target_family = "wasm"))]
pub mod exports {
    use spin::Mutex;
    use wasm_bindgen::prelude::wasm_bindgen;

    use super::{Form, Lane, Piece, Sieving, Tellers, print_stretch};
    use crate::prelude::*;
    use crate::wasm::reconcile;

    static SIEVING: Mutex<Sieving> = Mutex::new(Sieving::new());

    fn address(bytes: &[u8]) -> u32 {
        u32::try_from(bytes.as_ptr().addr()).unwrap_or_default()
    }

    fn size(number: u32) -> usize {
        usize::try_from(number).unwrap_or_default()
    }

    /// See [`reconcile::read`].
    #[wasm_bindgen]
    pub fn sieve_read(options: &[u8], ledger: &[u8], settlement: &[u8], bank: &[u8]) -> Vec<u8> {
        reconcile::read(options, ledger, settlement, bank)
    }

    /// See [`reconcile::merge`].
    #[wasm_bindgen]
    pub fn sieve_merge(lengths: &[u8], parts: &[u8]) -> Vec<u8> {
        reconcile::merge(lengths, parts)
    }

    /// See [`reconcile::conclude`].
    #[wasm_bindgen]
    pub fn sieve_conclude(part: &[u8], terms: &[u8]) -> Vec<u8> {
        reconcile::conclude(part, terms)
    }

    /// See [`Sieving::open`].
    #[wasm_bindgen]
    pub fn sieve_open(options: &[u8], key: &[u8]) -> Vec<u8> {
        SIEVING.lock().open(options, key)
    }

    /// See [`Sieving::sum_up`].
    #[wasm_bindgen]
    pub fn sieve_sum_up() {
        SIEVING.lock().sum_up();
    }

    /// See [`Sieving::totals`].
    #[wasm_bindgen]
    pub fn sieve_totals() -> Vec<u8> {
        SIEVING.lock().totals()
    }

    /// See [`Sieving::begin`].
    #[wasm_bindgen]
    pub fn sieve_begin(side: u32, file: u32) -> bool {
        SIEVING.lock().begin(size(side), size(file))
    }

    /// The address of [`Sieving::room`].
    #[wasm_bindgen]
    pub fn sieve_room() -> u32 {
        address(SIEVING.lock().room())
    }

    /// The length of [`Sieving::room`].
    #[wasm_bindgen]
    pub fn sieve_room_bytes() -> u32 {
        u32::try_from(SIEVING.lock().room().len()).unwrap_or_default()
    }

    /// See [`Sieving::take`].
    #[wasm_bindgen]
    pub fn sieve_take(bytes: u32) -> bool {
        SIEVING.lock().take(size(bytes))
    }

    /// See [`Sieving::finish`].
    #[wasm_bindgen]
    pub fn sieve_finish() -> bool {
        SIEVING.lock().finish()
    }

    /// See [`Sieving::wanted`].
    #[wasm_bindgen]
    pub fn sieve_wanted() -> Vec<u32> {
        SIEVING.lock().wanted()
    }

    /// The address of [`Sieving::room_for`].
    #[wasm_bindgen]
    pub fn sieve_room_for(bytes: u32) -> u32 {
        address(SIEVING.lock().room_for(size(bytes)))
    }

    /// See [`Sieving::give`].
    #[wasm_bindgen]
    pub fn sieve_give() -> bool {
        SIEVING.lock().give()
    }

    /// See [`Sieving::skip`].
    #[wasm_bindgen]
    pub fn sieve_skip(offset: u32) -> bool {
        SIEVING.lock().skip(offset.into())
    }

    /// See [`Sieving::line`]: a side has no more bytes than fit.
    #[wasm_bindgen]
    pub fn sieve_line() -> u32 {
        u32::try_from(SIEVING.lock().line()).unwrap_or(u32::MAX)
    }

    /// See [`Sieving::rows`].
    #[wasm_bindgen]
    pub fn sieve_rows() -> u32 {
        u32::try_from(SIEVING.lock().rows()).unwrap_or_default()
    }

    /// See [`Sieving::words`].
    #[wasm_bindgen]
    pub fn sieve_words() -> Vec<u8> {
        SIEVING.lock().words()
    }

    /// See [`Sieving::be`]: the first of several lanes, or another one.
    #[wasm_bindgen]
    pub fn sieve_lane(is_first: bool) {
        SIEVING.lock().be(if is_first { Lane::First } else { Lane::Other });
    }

    /// See [`Sieving::is_for_lanes`].
    #[wasm_bindgen]
    pub fn sieve_is_for_lanes() -> bool {
        SIEVING.lock().is_for_lanes()
    }

    /// See [`Sieving::gather`].
    #[wasm_bindgen]
    pub fn sieve_gather() {
        SIEVING.lock().gather();
    }

    /// Address and length of [`Sieving::say`].
    #[wasm_bindgen]
    pub fn sieve_say(place: u32) -> Vec<u32> {
        let mut sieving = SIEVING.lock();
        let said = sieving.say(size(place));
        vec![address(said), u32::try_from(said.len()).unwrap_or_default()]
    }

    /// See [`Sieving::forget`].
    #[wasm_bindgen]
    pub fn sieve_forget() {
        SIEVING.lock().forget();
    }

    /// See [`Sieving::hear`].
    #[wasm_bindgen]
    pub fn sieve_hear(side: u32, bytes: u32, words: &[u8]) -> bool {
        SIEVING.lock().hear(size(side), size(bytes), words)
    }

    /// See [`Sieving::staying`].
    #[wasm_bindgen]
    pub fn sieve_staying(side: u32, from: u32, to: u32) -> Vec<u32> {
        SIEVING.lock().staying(size(side), from, to)
    }

    /// See [`Sieving::stay`].
    #[wasm_bindgen]
    pub fn sieve_stay(ledger: &[u32], settlement: &[u32]) -> bool {
        SIEVING.lock().stay(ledger, settlement)
    }

    /// See [`Sieving::hand_over`].
    #[wasm_bindgen]
    pub fn sieve_hand_over() -> Vec<u8> {
        SIEVING.lock().hand_over()
    }

    /// See [`Sieving::adopt`]: file and line of the ledger, and of the settlement.
    #[wasm_bindgen]
    pub fn sieve_adopt(kept: &[u8], files: &[u32], lines: &[u32]) -> bool {
        let (&[ours, theirs], &[our_line, their_line]) = (files, lines) else { return false };
        let before = [(size(ours), our_line.into()), (size(theirs), their_line.into())];
        SIEVING.lock().adopt(kept, before)
    }

    /// See [`Sieving::part`].
    #[wasm_bindgen]
    pub fn sieve_part(bank: &[u8]) -> Vec<u8> {
        SIEVING.lock().part(bank)
    }

    /// See [`Sieving::keep`].
    #[wasm_bindgen]
    pub fn sieve_keep(bank: &[u8]) -> bool {
        SIEVING.lock().keep(bank)
    }

    /// See [`Sieving::keep_whole`].
    #[wasm_bindgen]
    pub fn sieve_keep_whole(options: &[u8], ledger: &[u8], settlement: &[u8], bank: &[u8]) -> bool {
        SIEVING.lock().keep_whole(options, [ledger, settlement, bank])
    }

    #[wasm_bindgen]
    extern "C" {
        /// Whoever takes what is printed.
        pub type Writer;

        /// Takes so many bytes from an address on, which hold until it returns: 0 is a stretch, 1 text, 2 the end. Throws
        /// nothing: this instance would be lost.
        #[wasm_bindgen(method)]
        fn write(this: &Writer, what: u32, address: u32, bytes: u32);
    }

    impl Writer {
        fn take(&self, what: u32, bytes: &[u8]) {
            self.write(what, address(bytes), u32::try_from(bytes.len()).unwrap_or_default());
        }
    }

    /// See [`Sieving::print`]: as lines for people, or as JSON.
    #[wasm_bindgen]
    pub fn sieve_print(terms: &[u8], most: u32, each: u32, as_lines: bool, writer: &Writer) -> Vec<u8> {
        let form = if as_lines { Form::Lines } else { Form::Json };
        let tellers = Tellers { most: size(most), each: size(each) };
        SIEVING.lock().print(terms, (tellers, form), &mut |piece| match piece {
            Piece::Stretch(bytes) => writer.take(0, bytes),
            Piece::Text(bytes) => writer.take(1, bytes),
            Piece::End(bytes) => writer.take(2, bytes),
        })
    }

    /// See [`print_stretch`].
    #[wasm_bindgen]
    pub fn sieve_print_stretch(stretch: &[u8], writer: &Writer) -> Vec<u8> {
        print_stretch(stretch, &mut |bytes| writer.take(1, bytes))
    }
}
