//! The bulk door: batches through two areas that both sides know, everything else as documents.
//!
//! The shell packs a batch into the columns of [`Bulks::room`] and gets numbers back; of a refusal it asks for the document.
//! The numbers that cross are words of 32 bits which the shell has cut itself. What the columns hold is checked by the
//! engine, whatever the shell has checked.

use super::ledger::documents;
use super::reply;
use crate::advice::{Advice, Diagnose as _, Report, reported};
use crate::bulk::{self, BulkLedger, Chain, Exception, Known, Origin, Packed};
use crate::crypto::{HexCase, decode_hex};
use crate::json::{self, Fields, ObjectWriter, quoted};
use crate::ledger::{Account, Standing};
use crate::prelude::*;
use crate::time::Timestamp;

/// Words of [`Bulks::told`].
pub const TOLD_WORDS: usize = 10;

/// Bytes of a digest of the host.
pub const DIGEST_BYTES: usize = 32;

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The document that came in is not what this function takes.
    Json(json::Error),
    /// What it asks for is refused.
    Bulk(bulk::Error),
    /// No books have this handle: they were closed.
    UnknownHandle {
        /// The handle.
        found: u32,
    },
    /// Four thousand million books were opened.
    HandlesExhausted,
}

/// The books of one instance, and the areas of its memory that the shell knows.
#[derive(Debug, Default)]
pub struct Bulks {
    /// The books of handle n stand at n - 1; a handle is never used again.
    open: Vec<Option<Box<BulkLedger>>>,
    /// The column of words, behind as many bytes as make its address one of words.
    words: Vec<u8>,
    words_at: usize,
    ids: Vec<u8>,
    /// What became of the last batch.
    told: [u32; TOLD_WORDS],
    exceptions: Vec<u32>,
    digest: [u8; DIGEST_BYTES],
    refusal: Vec<u8>,
}

impl Bulks {
    /// No books are open.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            open: Vec::new(),
            words: Vec::new(),
            words_at: 0,
            ids: Vec::new(),
            told: [0; TOLD_WORDS],
            exceptions: Vec::new(),
            digest: [0; DIGEST_BYTES],
            refusal: Vec::new(),
        }
    }

    /// Makes the columns at least so long, in words and in bytes; what stands in them stays. Both may have moved.
    pub fn room(&mut self, words: u32, ids: u32) {
        const WORD: usize = 4;
        let (words, ids) = (size(words).saturating_mul(WORD), size(ids));
        if self.words.len().saturating_sub(WORD) < words {
            let before = self.words_at;
            self.words.resize(words.saturating_add(WORD), 0);
            self.words_at = self.words.as_ptr().align_offset(WORD).min(WORD);
            if self.words_at != before {
                self.words.copy_within(before..words.saturating_add(before), self.words_at);
            }
        }
        if self.ids.len() < ids {
            self.ids.resize(ids, 0);
        }
    }

    /// The column of words.
    pub fn words(&mut self) -> &mut [u8] {
        self.words.get_mut(self.words_at..).unwrap_or_default()
    }

    /// The column of ids.
    pub fn ids(&mut self) -> &mut [u8] {
        &mut self.ids
    }

    /// Where the host leaves a digest.
    pub const fn digest(&mut self) -> &mut [u8; DIGEST_BYTES] {
        &mut self.digest
    }

    /// What became of the last batch, as words: how many transactions are new; position of the first (low, high);
    /// exceptions, and their address (four words each: the transaction; 0 the same, 1 other postings, 2 another time, 3
    /// another kind; position, low and high); address and bytes of the page; bytes of it that wait for a digest, or 0; slots
    /// that stand in pages; transactions looked at.
    #[must_use]
    pub const fn told(&self) -> &[u32; TOLD_WORDS] {
        &self.told
    }

    /// Takes `{"chain", "key", "capacity"?}`, the key as 32 hexadecimal digits. Replies with a handle.
    #[must_use]
    pub fn open(&mut self, options: &[u8]) -> Vec<u8> {
        reply::of(self.try_open(options).map(Digits::digits))
    }

    fn try_open(&mut self, options: &[u8]) -> Result<u32, Error> {
        let document = json::parse(options)?;
        let mut fields = Fields::of(&document, "options")?;
        let chain = fields.text("chain")?;
        let chain = Chain::parse(chain).ok_or_else(|| json::ErrorKind::WrongField {
            field: "chain",
            expected: "none, batch or transaction",
            found: quoted(chain),
        });
        let chain = chain.map_err(json::Error::from)?;
        let key = key(fields.text("key")?)?;
        let capacity = fields.maybe_integer("capacity")?.unwrap_or(0);
        fields.finish()?;
        let mut books = BulkLedger::new(chain, key);
        books.reserve(usize::try_from(capacity).unwrap_or(usize::MAX))?;
        let handle = u32::try_from(self.open.len()).ok().and_then(|last| last.checked_add(1));
        let handle = handle.ok_or(Error::HandlesExhausted)?;
        self.open.push(Some(Box::new(books)));
        Ok(handle)
    }

    /// Takes `{"account", "currency"}`. Replies with the slot.
    #[must_use]
    pub fn introduce(&mut self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_introduce(handle, input).map(Digits::digits))
    }

    fn try_introduce(&mut self, handle: u32, input: &[u8]) -> Result<u32, Error> {
        let books = books(&mut self.open, handle)?;
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "account")?;
        let (account, currency) = (fields.text("account")?, fields.text("currency")?);
        fields.finish()?;
        Ok(books.introduce(account, currency)?)
    }

    /// Posts what stands in the columns: so many words, so many bytes of ids. `false` says that it was refused: see
    /// [`Bulks::refusal`].
    pub fn draft(&mut self, handle: u32, columns: [u32; 2], recorded: [u32; 2], cause: &[u8]) -> bool {
        match self.try_draft(handle, columns, recorded, cause) {
            Ok(()) => {
                self.look(handle);
                true
            }
            Err(error) => {
                self.refusal = reply::refusal(&error);
                false
            }
        }
    }

    fn try_draft(
        &mut self,
        handle: u32,
        [words, ids]: [u32; 2],
        recorded: [u32; 2],
        cause: &[u8],
    ) -> Result<(), Error> {
        let books = books(&mut self.open, handle)?;
        let all = self.words.get(self.words_at..).unwrap_or_default().as_chunks().0;
        // What the shell says is longer than the area is shorter than what its own words say, and refused as that.
        let packed = Packed {
            words: all.get(..size(words)).unwrap_or(all),
            ids: self.ids.get(..size(ids)).unwrap_or(&self.ids),
        };
        let origin = Origin {
            cause: core::str::from_utf8(cause).unwrap_or_default(),
            recorded_at: moment(recorded).unwrap_or(Timestamp::MAX),
        };
        let drafted = books.draft(packed, origin)?;
        let [low, high] = halves(drafted.first);
        self.exceptions.clear();
        for exception in drafted.exceptions {
            self.exceptions.extend_from_slice(&told(exception));
        }
        let exceptions = number(drafted.exceptions.len());
        let created = u32::try_from(drafted.created).unwrap_or(u32::MAX);
        self.told = [
            created,
            low,
            high,
            exceptions,
            address(self.exceptions.as_ptr().addr()),
            0,
            0,
            0,
            0,
            created.wrapping_add(exceptions),
        ];
        Ok(())
    }

    /// Tells of the last page of these books, which the books before them may have overwritten there.
    pub fn look(&mut self, handle: u32) {
        let Ok(books) = books(&mut self.open, handle) else { return };
        let unsealed = number(books.unsealed().len());
        let introduced = number(books.introduced());
        let page = books.page();
        let [_, _, _, _, _, page_at, page_bytes, unsealed_bytes, slots, _] = &mut self.told;
        (*page_at, *page_bytes) = (address(page.as_ptr().addr()), number(page.len()));
        (*unsealed_bytes, *slots) = (unsealed, introduced);
    }

    /// Why the last batch was refused.
    #[must_use]
    pub fn refusal(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.refusal)
    }

    /// Gives the last page its head: the digest that the host has left, or one of our own.
    pub fn seal(&mut self, handle: u32, by_host: bool) {
        let digest = self.digest;
        if let Ok(books) = books(&mut self.open, handle) {
            let _ = if by_host { books.seal_with(digest) } else { books.seal() };
        }
    }

    /// Takes a standing as `ledger` does, and tells of its page as of that of a batch. Replies with `null` when it is new,
    /// or with `{"position", "field"?}`.
    #[must_use]
    pub fn standing(&mut self, handle: u32, input: &[u8]) -> Vec<u8> {
        self.told = [0; TOLD_WORDS];
        let reply = reply::of(self.try_standing(handle, input));
        self.look(handle);
        reply
    }

    fn try_standing(&mut self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let books = books(&mut self.open, handle)?;
        let standing = Standing::from_json(&json::parse(input)?).map_err(bulk::Error::from)?;
        let known = books.draft_standing(&standing)?;
        Ok(match known {
            None => "null".to_owned(),
            Some(Known::Same { position }) => ObjectWriter::new().number("position", position).finish(),
            Some(Known::Different { position, field }) => {
                ObjectWriter::new().number("position", position).text("field", field).finish()
            }
        })
    }

    /// Undoes the last batch. Replies as [`Bulks::view`].
    #[must_use]
    pub fn take_back(&mut self, handle: u32) -> Vec<u8> {
        let taken = books(&mut self.open, handle).and_then(|books| {
            books.take_back()?;
            Ok(view(books))
        });
        reply::of(taken)
    }

    /// Takes the next page of a journal. Replies as [`Bulks::view`].
    #[must_use]
    pub fn replay(&mut self, handle: u32, page: &[u8]) -> Vec<u8> {
        let replayed = books(&mut self.open, handle).and_then(|books| {
            books.replay(page)?;
            Ok(view(books))
        });
        reply::of(replayed)
    }

    /// Replies with `{"length", "pages", "head", "introduced"}`.
    #[must_use]
    pub fn view(&mut self, handle: u32) -> Vec<u8> {
        reply::of(books(&mut self.open, handle).map(|books| view(books)))
    }

    /// Takes `{"account", "currency"}`. Replies with the sums, as `ledger` does.
    #[must_use]
    pub fn balance(&mut self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_balance(handle, input))
    }

    fn try_balance(&mut self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let books = books(&mut self.open, handle)?;
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "balance")?;
        let (name, currency) = (fields.text("account")?, fields.text("currency")?);
        fields.finish()?;
        let balance = books.balance(name, currency)?;
        let account = Account::parse(name).map_err(bulk::Error::from)?;
        Ok(documents::sums(ObjectWriter::new(), &account, balance).finish())
    }

    /// Replies as the trial balance of `ledger`.
    #[must_use]
    pub fn trial_balance(&mut self, handle: u32) -> Vec<u8> {
        let trial = books(&mut self.open, handle).map(|books| books.trial_balance());
        reply::of(trial.map(|trial| documents::trial_balance(&trial)))
    }

    /// Takes `{"id"}`. Replies with its position, or `null`.
    #[must_use]
    pub fn position(&mut self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_position(handle, input))
    }

    fn try_position(&mut self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let books = books(&mut self.open, handle)?;
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "position")?;
        let position = books.position(fields.text("id")?);
        fields.finish()?;
        Ok(position.map_or_else(|| "null".to_owned(), Digits::digits))
    }

    /// Lets go of a handle and of its books. Replies with `null`.
    #[must_use]
    pub fn release(&mut self, handle: u32) -> Vec<u8> {
        if let Some(slot) = place(handle).and_then(|place| self.open.get_mut(place)) {
            *slot = None;
        }
        reply::ok("null")
    }
}

fn books(open: &mut [Option<Box<BulkLedger>>], handle: u32) -> Result<&mut BulkLedger, Error> {
    let found = place(handle).and_then(|place| open.get_mut(place)?.as_deref_mut());
    found.ok_or(Error::UnknownHandle { found: handle })
}

fn place(handle: u32) -> Option<usize> {
    usize::try_from(handle.checked_sub(1)?).ok()
}

fn view(books: &BulkLedger) -> String {
    ObjectWriter::new()
        .number("length", books.length())
        .number("pages", books.pages())
        .text("head", &books.head())
        .raw("introduced", &books.introduced().digits())
        .finish()
}

fn told(exception: &Exception) -> [u32; 4] {
    let (code, position) = match exception.known {
        Known::Same { position } => (0, position),
        Known::Different { position, field: "postings" } => (1, position),
        Known::Different { position, field: "occurred_at" } => (2, position),
        Known::Different { position, .. } => (3, position),
    };
    let [low, high] = halves(position);
    [u32::try_from(exception.transaction).unwrap_or(u32::MAX), code, low, high]
}

fn halves(wide: u64) -> [u32; 2] {
    [wide & 0xffff_ffff, wide >> 32].map(|half| u32::try_from(half).unwrap_or_default())
}

fn moment([high, low]: [u32; 2]) -> Option<Timestamp> {
    Timestamp::from_unix_ms((u64::from(high) << 32) | u64::from(low))
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// An address of wasm's memory, which has 32 bits.
fn address(address: usize) -> u32 {
    number(address)
}

fn key(text: &str) -> Result<[u8; 16], json::Error> {
    let bytes = decode_hex(text, HexCase::Lower).ok().and_then(|bytes| bytes.try_into().ok());
    let (field, expected) = ("key", "16 bytes in lower-case hexadecimal");
    // The key is a secret and is not shown.
    let found = "another text".to_owned();
    bytes.ok_or_else(|| json::ErrorKind::WrongField { field, expected, found }.into())
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<bulk::Error> for Error {
    fn from(error: bulk::Error) -> Self {
        Self::Bulk(error)
    }
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::Json(error) => error.report(),
            Self::Bulk(error) => error.report(),
            Self::UnknownHandle { found } => Report::new("bulk_unknown_handle")
                .number("found", u64::from(*found))
                .say("no books have the handle {found}: they were closed, open them again"),
            Self::HandlesExhausted => Report::new("bulk_handles_exhausted")
                .advise(Advice::ReportBug)
                .say("no more books can be opened in this instance"),
        }
    }
}

reported!(Error);

/// What JavaScript sees.
#[cfg(all(target_family = "wasm", feature = "wasm-ledger-bulk"))]
pub mod exports {
    use spin::Mutex;
    use wasm_bindgen::prelude::wasm_bindgen;

    use super::Bulks;
    use crate::prelude::*;

    static BULKS: Mutex<Bulks> = Mutex::new(Bulks::new());

    /// See [`Bulks::room`].
    #[wasm_bindgen]
    pub fn bulk_room(words: u32, ids: u32) {
        BULKS.lock().room(words, ids);
    }

    /// The address of [`Bulks::words`].
    #[wasm_bindgen]
    pub fn bulk_words() -> *mut u8 {
        BULKS.lock().words().as_mut_ptr()
    }

    /// The address of [`Bulks::ids`].
    #[wasm_bindgen]
    pub fn bulk_ids() -> *mut u8 {
        BULKS.lock().ids().as_mut_ptr()
    }

    /// The address of [`Bulks::digest`].
    #[wasm_bindgen]
    pub fn bulk_digest() -> *mut u8 {
        BULKS.lock().digest().as_mut_ptr()
    }

    /// The address of [`Bulks::told`].
    #[wasm_bindgen]
    pub fn bulk_told() -> *const u32 {
        BULKS.lock().told().as_ptr()
    }

    /// See [`Bulks::open`].
    #[wasm_bindgen]
    pub fn bulk_open(options: &[u8]) -> Vec<u8> {
        BULKS.lock().open(options)
    }

    /// See [`Bulks::introduce`].
    #[wasm_bindgen]
    pub fn bulk_introduce(handle: u32, input: &[u8]) -> Vec<u8> {
        BULKS.lock().introduce(handle, input)
    }

    /// See [`Bulks::draft`].
    #[wasm_bindgen]
    pub fn bulk_draft(
        handle: u32,
        words: u32,
        ids: u32,
        recorded_high: u32,
        recorded_low: u32,
        cause: &[u8],
    ) -> u32 {
        u32::from(BULKS.lock().draft(handle, [words, ids], [recorded_high, recorded_low], cause))
    }

    /// See [`Bulks::look`].
    #[wasm_bindgen]
    pub fn bulk_look(handle: u32) {
        BULKS.lock().look(handle);
    }

    /// See [`Bulks::refusal`].
    #[wasm_bindgen]
    pub fn bulk_refusal() -> Vec<u8> {
        BULKS.lock().refusal()
    }

    /// See [`Bulks::seal`].
    #[wasm_bindgen]
    pub fn bulk_seal(handle: u32, by_host: u32) {
        BULKS.lock().seal(handle, by_host != 0);
    }

    /// See [`Bulks::standing`].
    #[wasm_bindgen]
    pub fn bulk_standing(handle: u32, input: &[u8]) -> Vec<u8> {
        BULKS.lock().standing(handle, input)
    }

    /// See [`Bulks::take_back`].
    #[wasm_bindgen]
    pub fn bulk_take_back(handle: u32) -> Vec<u8> {
        BULKS.lock().take_back(handle)
    }

    /// See [`Bulks::replay`].
    #[wasm_bindgen]
    pub fn bulk_replay(handle: u32, page: &[u8]) -> Vec<u8> {
        BULKS.lock().replay(handle, page)
    }

    /// See [`Bulks::view`].
    #[wasm_bindgen]
    pub fn bulk_view(handle: u32) -> Vec<u8> {
        BULKS.lock().view(handle)
    }

    /// See [`Bulks::balance`].
    #[wasm_bindgen]
    pub fn bulk_balance(handle: u32, input: &[u8]) -> Vec<u8> {
        BULKS.lock().balance(handle, input)
    }

    /// See [`Bulks::trial_balance`].
    #[wasm_bindgen]
    pub fn bulk_trial_balance(handle: u32) -> Vec<u8> {
        BULKS.lock().trial_balance(handle)
    }

    /// See [`Bulks::position`].
    #[wasm_bindgen]
    pub fn bulk_position(handle: u32, input: &[u8]) -> Vec<u8> {
        BULKS.lock().position(handle, input)
    }

    /// See [`Bulks::release`].
    #[wasm_bindgen]
    pub fn bulk_release(handle: u32) -> Vec<u8> {
        BULKS.lock().release(handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f";

    fn text(reply: Vec<u8>) -> String {
        String::from_utf8(reply).unwrap()
    }

    fn opened(bulks: &mut Bulks) -> u32 {
        let options = format!(r#"{{"chain":"batch","key":"{KEY}"}}"#);
        let reply: serde_json::Value = serde_json::from_slice(&bulks.open(options.as_bytes())).unwrap();
        u32::try_from(reply["ok"].as_u64().unwrap()).unwrap()
    }

    fn write(bulks: &mut Bulks, id: &str, legs: &[[u32; 3]]) -> [u32; 2] {
        let words =
            [&[u32::try_from(id.len() | (legs.len() << 16)).unwrap(), 7, 0], legs.as_flattened()].concat();
        let lengths = [words.len(), id.len()].map(|length| u32::try_from(length).unwrap());
        bulks.room(lengths[0], lengths[1]);
        for (slot, word) in bulks.words().chunks_mut(4).zip(&words) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        bulks.ids()[..id.len()].copy_from_slice(id.as_bytes());
        lengths
    }

    #[test]
    fn a_batch_in_the_columns_is_posted_told_and_sealed() {
        let mut bulks = Bulks::new();
        let handle = opened(&mut bulks);
        for (slot, account) in ["Assets:Bank", "Income:Sales"].into_iter().enumerate() {
            let input = format!(r#"{{"account":"{account}","currency":"EUR"}}"#);
            assert_eq!(text(bulks.introduce(handle, input.as_bytes())), format!(r#"{{"ok":{slot}}}"#));
        }
        let columns = write(&mut bulks, "sale_1", &[[0, 5, 0], [3, 5, 0]]);
        assert!(bulks.draft(handle, columns, [0, 9], b"test"));
        let [created, first, _, exceptions, _, _, page, unsealed, slots, looked] = *bulks.told();
        assert_eq!((created, first, exceptions, page - unsealed, slots, looked), (1, 1, 0, 32, 2, 1));
        assert!(!bulks.draft(handle, columns, [0, 9], b"test"));
        assert!(text(bulks.refusal()).contains("bulk_unsealed"));
        bulks.seal(handle, false);
        assert!(bulks.draft(handle, columns, [0, 9], b"test"));
        assert_eq!(bulks.told()[..4], [0, 2, 0, 1]);
        let columns = write(&mut bulks, "sale_2", &[[0, 5, 0], [3, 6, 0]]);
        assert!(!bulks.draft(handle, columns, [0, 9], b"test"));
        let refusal = text(bulks.refusal());
        assert!(
            refusal.contains(r#""code":"entry_unbalanced""#) && refusal.contains(r#""transaction":"0""#),
            "{refusal}"
        );
        assert_eq!(text(bulks.position(handle, br#"{"id":"sale_1"}"#)), r#"{"ok":1}"#);
        assert_eq!(text(bulks.position(handle, br#"{"id":"sale_2"}"#)), r#"{"ok":null}"#);
        assert!(
            text(bulks.balance(handle, br#"{"account":"Income:Sales","currency":"EUR"}"#))
                .contains(r#""balance":"5""#)
        );
        assert_eq!(text(bulks.release(handle)), r#"{"ok":null}"#);
        assert!(text(bulks.view(handle)).contains("bulk_unknown_handle"));
    }

    #[test]
    fn more_room_keeps_what_stands_in_the_columns() {
        let mut bulks = Bulks::new();
        let columns = write(&mut bulks, "sale_1", &[[0, 5, 0], [3, 5, 0]]);
        let before = (bulks.words()[..36].to_vec(), bulks.ids()[..6].to_vec());
        bulks.room(100_000, 100_000);
        assert_eq!((bulks.words()[..36].to_vec(), bulks.ids()[..6].to_vec()), before);
        assert!(bulks.words().len() >= 400_000 && bulks.words().as_ptr().addr().is_multiple_of(4));
        assert_eq!(columns, [9, 6]);
    }

    #[test]
    fn options_are_refused_in_their_order() {
        let table = [
            ("[]", "field_invalid"),
            (r#"{"chain":"weak","key":"00"}"#, "none, batch or transaction"),
            (r#"{"chain":"none","key":"00"}"#, "16 bytes in lower-case hexadecimal"),
            (&format!(r#"{{"chain":"none","key":"{KEY}","capacity":1000000000}}"#), "bulk_full"),
        ];
        for (options, expected) in table {
            let reply = text(Bulks::new().open(options.as_bytes()));
            assert!(reply.contains(expected), "{options}: {reply}");
        }
    }
}
