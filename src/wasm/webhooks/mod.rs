//! The door of the `webhooks` artefact: numbers and raw bytes, because nothing else is fast and small enough.
//!
//! The shell writes into memory that this side owns, and the functions take and return numbers:
//!
//! * the *area* ([`Scratch`]): words for what goes in and out, a slot for each header the scheme reads, one for the URL;
//! * the *room*: what is hashed, laid out as inner block || head, and the body right behind;
//! * the *text*: whatever is long, for one call.
//!
//! A delivery takes [`Door::begin`], which refuses by the headers alone and otherwise lays out the room; then for each
//! secret a hash, by the host over the room or here ([`Door::absorb`]), and [`Door::close`]. Schemes that must read the
//! body take [`Door::whole`] instead. Nothing is kept but the keys: events are read when somebody asks for them.
//!
//! A refusal goes out as [`Error::told`](webhook::Error::told) tells it; the shell has the sentences. A wrong handle, or
//! steps out of order, are bugs of the shell and answered like a delivery that does not verify.

mod crossing;
#[cfg(all(target_family = "wasm", feature = "wasm-webhooks"))]
pub mod exports;

pub(super) use self::crossing::{address, halves, number};
use self::crossing::{verifier, written};
use super::scratch::{DELIVERED, LAYOUT, Scratch};
use crate::crypto::{HashAlgorithm, HashValue, Hasher};
use crate::prelude::*;
use crate::time::Timestamp;
use crate::webhook::{self, Pending, Request, Verifier};

/// What [`Door::begin`] and [`Door::close`] answer.
pub mod answer {
    /// Refused: the area tells why.
    pub const REFUSED: u32 = 0;
    /// Genuine: the area tells by which secret, and when it was signed.
    pub const VERIFIED: u32 = 1;
    /// Go on: the room is laid out for the next secret.
    pub const HASH: u32 = 2;
    /// The scheme reads the body: write it and call [`Door::whole`](super::Door::whole).
    pub const WHOLE: u32 = 3;
}

/// Bytes of a body that are copied into the room at once.
pub const CHUNK_BYTES: usize = 65_536;

/// The verifiers of one instance, and the delivery that is being verified.
///
/// Equal options share a handle, so that a server that makes a verifier for each request holds one, not thousands.
#[derive(Debug, Default)]
pub struct Door {
    /// The verifier with handle `n` stands at `n - 1`; `None` once all have let go of it. A list, because a map would
    /// weigh more than the hash functions do.
    entries: Vec<Option<Entry>>,
    scratch: Scratch,
    room: Vec<u8>,
    text: Vec<u8>,
    delivery: Option<Delivery>,
}

#[derive(Debug)]
struct Entry {
    verifier: Verifier,
    headers: Vec<&'static str>,
    /// The digest of the options.
    options: HashValue,
    uses: u32,
}

/// A delivery between two steps.
#[derive(Debug)]
struct Delivery {
    handle: u32,
    pending: Pending,
    now: Timestamp,
    hasher: Option<Hasher>,
}

impl Door {
    /// No verifier yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
            scratch: Scratch::new(),
            room: Vec::new(),
            text: Vec::new(),
            delivery: None,
        }
    }

    /// The area. It stays where it is as long as the instance lives.
    #[must_use]
    pub fn area(&mut self) -> &mut [u8] {
        self.scratch.area()
    }

    /// What is laid out to be hashed, and the space behind it for the body.
    #[must_use]
    pub fn room(&mut self) -> &mut [u8] {
        &mut self.room
    }

    /// Makes a text of this length, to be written.
    #[must_use]
    pub fn text(&mut self, bytes: usize) -> &mut [u8] {
        self.text = vec![0; bytes];
        &mut self.text
    }

    /// The text the last call left.
    #[must_use]
    pub fn delivered(&self) -> &[u8] {
        &self.text
    }

    /// Makes a verifier of the text, which is a list of options, each a tag, its length as four bytes, and its bytes.
    /// Answers with a handle, or [`answer::REFUSED`].
    #[must_use]
    pub fn open(&mut self) -> u32 {
        let text = core::mem::take(&mut self.text);
        match self.try_open(&text) {
            Ok(handle) => handle,
            Err(error) => self.refuse(&error),
        }
    }

    fn try_open(&mut self, text: &[u8]) -> Result<u32, webhook::Error> {
        let options = HashAlgorithm::Sha256.of(&[text]);
        let known = |entry: &Option<Entry>| {
            entry.as_ref().is_some_and(|entry| entry.options.as_bytes() == options.as_bytes())
        };
        let place = match self.entries.iter().position(known) {
            Some(place) => place,
            None => {
                let verifier = verifier(text)?;
                let headers = verifier.scheme().headers();
                self.entries.push(Some(Entry { verifier, headers, options, uses: 0 }));
                self.entries.len().saturating_sub(1)
            }
        };
        if let Some(Some(entry)) = self.entries.get_mut(place) {
            entry.uses = entry.uses.saturating_add(1);
            let hash = entry.verifier.hash().map_or(0, hash_number);
            self.scratch.describe(hash, &entry.verifier, &entry.headers);
        }
        Ok(number(place).saturating_add(1))
    }

    /// Lets go of a handle once; the last one wipes the keys.
    pub fn release(&mut self, handle: u32) {
        if let Some(slot) = place(handle).and_then(|place| self.entries.get_mut(place))
            && let Some(entry) = slot
        {
            entry.uses = entry.uses.saturating_sub(1);
            if entry.uses == 0 {
                *slot = None;
            }
        }
    }

    /// Reads the headers of a delivery from the area. `body_bytes` is the length of the body; `room_bytes` is how much
    /// of it will be written into the room.
    #[must_use]
    pub fn begin(&mut self, handle: u32, body_bytes: usize, room_bytes: usize) -> u32 {
        self.delivery = None;
        let Some(entry) = entry(&self.entries, handle) else { return answer::REFUSED };
        let headers = self.scratch.headers(&entry.headers);
        let headers = match headers {
            Ok(headers) => headers,
            Err(error) => return self.refuse(&error),
        };
        match entry.verifier.begin(headers.list(), self.scratch.url(), body_bytes) {
            Err(error) => self.refuse(&error),
            Ok(None) => answer::WHOLE,
            Ok(Some(pending)) => {
                let now = self.scratch.now();
                let delivery = Delivery { handle, pending, now, hasher: None };
                lay(&mut self.room, &mut self.scratch, &entry.verifier, &delivery.pending, 0, room_bytes);
                self.delivery = Some(delivery);
                answer::HASH
            }
        }
    }

    /// Hashes the next part of the body, which stands in the room behind the head.
    pub fn absorb(&mut self, bytes: usize) {
        let Some(delivery) = &mut self.delivery else { return };
        let Some(entry) = entry(&self.entries, delivery.handle) else { return };
        let Some(hash) = entry.verifier.hash() else { return };
        let laid = self.scratch.laid();
        let hasher = delivery.hasher.get_or_insert_with(|| {
            let mut hasher = Hasher::new(hash);
            hasher.update(self.room.get(..laid).unwrap_or_default());
            hasher
        });
        let end = laid.saturating_add(bytes);
        hasher.update(self.room.get(laid..end).unwrap_or_default());
    }

    /// Takes the hash for the secret of this index: what was absorbed, or else what the host wrote into the area. Lays
    /// out the room for the next one, or says what the last one means.
    #[must_use]
    pub fn close(&mut self, secret_index: usize) -> u32 {
        let Some(delivery) = &mut self.delivery else { return answer::REFUSED };
        let Some(entry) = entry(&self.entries, delivery.handle) else { return answer::REFUSED };
        let inner = match (delivery.hasher.take(), entry.verifier.hash()) {
            (Some(hasher), _) => hasher.finish(),
            (None, Some(hash)) => HashValue::of(self.scratch.digest(hash.hash_bytes())),
            (None, None) => return answer::REFUSED,
        };
        entry.verifier.check(&mut delivery.pending, secret_index, &inner);
        let next = secret_index.saturating_add(1);
        if next < entry.verifier.secrets() {
            let kept = self.room.len();
            lay(&mut self.room, &mut self.scratch, &entry.verifier, &delivery.pending, next, kept);
            return answer::HASH;
        }

        // From here on the delivery is decided, and nothing of a key is left in the room.
        let block = entry.verifier.inner_block(0).len();
        if let Some(block) = self.room.get_mut(..block) {
            block.fill(0);
        }
        let decided = entry.verifier.conclude(&delivery.pending, delivery.now);
        self.delivery = None;
        match decided {
            Ok((secret_index, timestamp)) => self.scratch.verified(secret_index, timestamp),
            Err(error) => self.refuse(&error),
        }
    }

    /// Verifies a delivery whose body is the text, and reads its events.
    #[must_use]
    pub fn whole(&mut self, handle: u32) -> u32 {
        let body = core::mem::take(&mut self.text);
        let Some(entry) = entry(&self.entries, handle) else { return answer::REFUSED };
        let headers = match self.scratch.headers(&entry.headers) {
            Ok(headers) => headers,
            Err(error) => return self.refuse(&error),
        };
        let request = Request {
            headers: headers.list(),
            url: self.scratch.url(),
            body: &body,
            now: self.scratch.now(),
        };
        // What verifies in steps has been through `begin`, so this is only for what does not.
        match entry.verifier.verify_whole(&request) {
            Err(refusal) => self.refuse(&refusal.into()),
            Ok(verified) => {
                let (secret_index, timestamp) = (verified.secret_index(), verified.timestamp());
                let written = written(&verified.events(), verified.refused());
                self.tell(written);
                self.scratch.verified(secret_index, timestamp)
            }
        }
    }

    /// Reads the events of a delivery that was verified in steps: the area has its headers. So many bytes in the room
    /// are its body, or the text is, when there are none.
    pub fn events(&mut self, handle: u32, room_bytes: usize) {
        let text = core::mem::take(&mut self.text);
        let Some(entry) = entry(&self.entries, handle) else { return };
        let Ok(headers) = self.scratch.headers(&entry.headers) else { return };
        let laid = self.scratch.laid();
        let body = match room_bytes {
            0 => &text,
            _ => self.room.get(laid..laid.saturating_add(room_bytes)).unwrap_or_default(),
        };
        let written = written(&entry.verifier.events(headers.list(), body), &[]);
        self.tell(written);
    }

    /// Leaves a text to the shell.
    fn tell(&mut self, text: Vec<u8>) {
        self.text = text;
        let at = address(&mut self.text);
        self.scratch.put(DELIVERED, at);
        self.scratch.put(DELIVERED + 1, number(self.text.len()));
    }

    fn refuse(&mut self, error: &webhook::Error) -> u32 {
        if let Some(text) = self.scratch.refused(error) {
            self.tell(text);
        }
        answer::REFUSED
    }
}

/// Lays out what is hashed for a secret, with space for `room_bytes` of the body behind it.
fn lay(
    room: &mut Vec<u8>,
    scratch: &mut Scratch,
    verifier: &Verifier,
    pending: &Pending,
    secret_index: usize,
    room_bytes: usize,
) {
    let (block, head) = (verifier.inner_block(secret_index), pending.head());
    let laid = block.len().saturating_add(head.len());
    let wanted = laid.saturating_add(room_bytes.min(CHUNK_BYTES));
    if room.len() < wanted {
        room.resize(wanted, 0);
    }
    if let Some((first, rest)) = room.split_at_mut_checked(block.len())
        && let Some(second) = rest.get_mut(..head.len())
    {
        first.copy_from_slice(block);
        second.copy_from_slice(head);
    }
    scratch.put(LAYOUT, address(room));
    scratch.put(LAYOUT + 1, number(laid));
}

fn entry(entries: &[Option<Entry>], handle: u32) -> Option<&Entry> {
    place(handle).and_then(|place| entries.get(place)).and_then(Option::as_ref)
}

/// Where the verifier of a handle stands. A handle is never given out again, so that an old one finds nothing.
fn place(handle: u32) -> Option<usize> {
    usize::try_from(handle.checked_sub(1)?).ok()
}

/// Which hash, as the shell counts them.
const fn hash_number(hash: HashAlgorithm) -> u32 {
    match hash {
        HashAlgorithm::Sha1 => 1,
        HashAlgorithm::Sha256 => 2,
        HashAlgorithm::Sha512 => 3,
    }
}
