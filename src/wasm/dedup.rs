//! The dedup door: rings by handle, and ids through one scratch area that both sides know.
//!
//! A claim is a few dozen nanoseconds of work, so nothing is allocated or encoded for one: the shell writes the bytes of
//! the id into [`Dedups::scratch`] and gets a number back. The numbers that cross are words of 32 bits which the shell
//! has cut itself. Making a ring is rare, and crosses as a document like everything else.

use super::reply;
use crate::advice::{Advice, Diagnose as _, Report, reported};
use crate::crypto::{HexCase, decode_hex};
use crate::dedup::{self, Claim, Dedup, Limits};
use crate::json::{self, Fields, ObjectWriter};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// The longest id, in bytes. Ids of providers have a few dozen.
pub const ID_BYTES_MAX: usize = 4_096;

/// What [`Dedups::claim`] and [`Dedups::forget`] answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The id was claimed before; or, when forgetting, it was not.
    No,
    /// The claim is the first; or it was given back.
    Yes,
    /// No ring has this handle, the id is empty or longer than the scratch area, or there is no such time.
    Refused,
}

impl Answer {
    /// As the shell knows it.
    #[must_use]
    pub const fn word(self) -> u32 {
        match self {
            Self::No => 0,
            Self::Yes => 1,
            Self::Refused => 2,
        }
    }
}

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The document that came in is not what this function takes.
    Json(json::Error),
    /// What it asks for is refused.
    Dedup(dedup::Error),
    /// No ring has this handle: it was released, or is from before a trap.
    UnknownHandle {
        /// The handle.
        found: u32,
    },
    /// Four thousand million rings were opened.
    HandlesExhausted,
}

/// The rings of one instance.
#[derive(Debug, Default)]
pub struct Dedups {
    /// The ring of handle n stands at n - 1; a handle is never used again.
    open: Vec<Option<Box<Dedup>>>,
    scratch: Vec<u8>,
}

impl Dedups {
    /// No ring is open.
    #[must_use]
    pub const fn new() -> Self {
        Self { open: Vec::new(), scratch: Vec::new() }
    }

    /// Where the shell writes ids: [`ID_BYTES_MAX`] bytes, which stay where they are.
    pub fn scratch(&mut self) -> &mut [u8] {
        self.scratch.resize(ID_BYTES_MAX, 0);
        &mut self.scratch
    }

    /// Takes `{"capacity", "ttl_ms", "key"}`, the key as 32 hexadecimal digits. Replies with a handle.
    #[must_use]
    pub fn open(&mut self, options: &[u8]) -> Vec<u8> {
        reply::of(self.try_open(options).map(Digits::digits))
    }

    fn try_open(&mut self, options: &[u8]) -> Result<u32, Error> {
        let document = json::parse(options)?;
        let mut fields = Fields::of(&document, "options")?;
        let capacity = fields.integer("capacity")?;
        let limits = Limits {
            // What does not fit is too much as well.
            capacity: u32::try_from(capacity).unwrap_or(u32::MAX),
            ttl: Millis::new(fields.integer("ttl_ms")?),
        };
        let key = key(fields.text("key")?)?;
        fields.finish()?;
        let handle = u32::try_from(self.open.len()).ok().and_then(|last| last.checked_add(1));
        let handle = handle.ok_or(Error::HandlesExhausted)?;
        self.open.push(Some(Box::new(Dedup::new(limits, key)?)));
        Ok(handle)
    }

    /// Claims the id in the first `length` bytes of the scratch area, at a time in milliseconds of two words.
    pub fn claim(&mut self, handle: u32, length: u32, now: [u32; 2]) -> Answer {
        let (scratch, ring) = (&self.scratch, slot(&mut self.open, handle));
        let claimed = moment(now).and_then(|now| ring?.as_mut()?.claim(id(scratch, length)?, now).ok());
        match claimed {
            Some(Claim::First) => Answer::Yes,
            Some(Claim::Duplicate) => Answer::No,
            None => Answer::Refused,
        }
    }

    /// Gives back the claim of the id in the first `length` bytes of the scratch area.
    pub fn forget(&mut self, handle: u32, length: u32) -> Answer {
        let (scratch, ring) = (&self.scratch, slot(&mut self.open, handle));
        match ring.and_then(|ring| Some(ring.as_mut()?.forget(id(scratch, length)?))) {
            Some(true) => Answer::Yes,
            Some(false) => Answer::No,
            None => Answer::Refused,
        }
    }

    /// Replies with `{"size", "evicted_early"}`.
    #[must_use]
    pub fn view(&self, handle: u32) -> Vec<u8> {
        reply::of(self.try_view(handle))
    }

    fn try_view(&self, handle: u32) -> Result<String, Error> {
        let ring = place(handle).and_then(|place| self.open.get(place)?.as_deref());
        let ring = ring.ok_or(Error::UnknownHandle { found: handle })?;
        let out = ObjectWriter::new().raw("size", &ring.len().digits());
        Ok(out.number("evicted_early", ring.evicted_early()).finish())
    }

    /// Lets go of a handle and of what its ring remembers. Replies with `null`.
    #[must_use]
    pub fn release(&mut self, handle: u32) -> Vec<u8> {
        if let Some(ring) = slot(&mut self.open, handle) {
            *ring = None;
        }
        reply::ok("null")
    }
}

fn place(handle: u32) -> Option<usize> {
    usize::try_from(handle.checked_sub(1)?).ok()
}

fn slot(open: &mut [Option<Box<Dedup>>], handle: u32) -> Option<&mut Option<Box<Dedup>>> {
    open.get_mut(place(handle)?)
}

fn id(scratch: &[u8], length: u32) -> Option<&[u8]> {
    scratch.get(..usize::try_from(length).ok()?)
}

fn moment([high, low]: [u32; 2]) -> Option<Timestamp> {
    Timestamp::from_unix_ms((u64::from(high) << 32) | u64::from(low))
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

impl From<dedup::Error> for Error {
    fn from(error: dedup::Error) -> Self {
        Self::Dedup(error)
    }
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::Json(error) => error.report(),
            Self::Dedup(error) => error.report(),
            Self::UnknownHandle { found } => Report::new("dedup_unknown_handle")
                .number("found", u64::from(*found))
                .say("no ring has the handle {found}: it was closed, make another"),
            Self::HandlesExhausted => Report::new("dedup_handles_exhausted")
                .advise(Advice::ReportBug)
                .say("no more rings can be opened in this instance"),
        }
    }
}

reported!(Error);

/// What JavaScript sees.
#[cfg(all(target_family = "wasm", feature = "wasm-inbox"))]
pub mod exports {
    use spin::Mutex;
    use wasm_bindgen::prelude::wasm_bindgen;

    use super::Dedups;
    use crate::prelude::*;

    static DEDUPS: Mutex<Dedups> = Mutex::new(Dedups::new());

    /// The address of [`Dedups::scratch`].
    #[wasm_bindgen]
    pub fn dedup_scratch() -> *mut u8 {
        DEDUPS.lock().scratch().as_mut_ptr()
    }

    /// See [`Dedups::open`].
    #[wasm_bindgen]
    pub fn dedup_open(options: &[u8]) -> Vec<u8> {
        DEDUPS.lock().open(options)
    }

    /// See [`Dedups::claim`].
    #[wasm_bindgen]
    pub fn dedup_claim(handle: u32, length: u32, now_high: u32, now_low: u32) -> u32 {
        DEDUPS.lock().claim(handle, length, [now_high, now_low]).word()
    }

    /// See [`Dedups::forget`].
    #[wasm_bindgen]
    pub fn dedup_forget(handle: u32, length: u32) -> u32 {
        DEDUPS.lock().forget(handle, length).word()
    }

    /// See [`Dedups::view`].
    #[wasm_bindgen]
    pub fn dedup_view(handle: u32) -> Vec<u8> {
        DEDUPS.lock().view(handle)
    }

    /// See [`Dedups::release`].
    #[wasm_bindgen]
    pub fn dedup_release(handle: u32) -> Vec<u8> {
        DEDUPS.lock().release(handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f";

    fn text(reply: Vec<u8>) -> String {
        String::from_utf8(reply).unwrap()
    }

    fn opened(dedups: &mut Dedups) -> u32 {
        let options = format!(r#"{{"capacity":2,"ttl_ms":1000,"key":"{KEY}"}}"#);
        let reply: serde_json::Value = serde_json::from_slice(&dedups.open(options.as_bytes())).unwrap();
        u32::try_from(reply["ok"].as_u64().unwrap()).unwrap()
    }

    fn written(dedups: &mut Dedups, id: &str) -> u32 {
        dedups.scratch()[..id.len()].copy_from_slice(id.as_bytes());
        u32::try_from(id.len()).unwrap()
    }

    #[test]
    fn an_id_in_the_scratch_area_is_claimed_once_and_given_back_once() {
        let mut dedups = Dedups::new();
        let [one, other] = [opened(&mut dedups), opened(&mut dedups)];
        let length = written(&mut dedups, "evt_1");
        // 2^32 ms and one more: both words count.
        assert_eq!(dedups.claim(one, length, [1, 1]), Answer::Yes);
        assert_eq!(dedups.claim(one, length, [1, 1]), Answer::No);
        assert_eq!(dedups.claim(one, length, [1, 5_000]), Answer::Yes);
        assert_eq!(dedups.claim(other, length, [1, 1]), Answer::Yes);
        assert_eq!(dedups.forget(one, length), Answer::Yes);
        assert_eq!(dedups.forget(one, length), Answer::No);
        assert_eq!(text(dedups.view(one)), r#"{"ok":{"size":0,"evicted_early":0}}"#);
        assert_eq!(text(dedups.view(other)), r#"{"ok":{"size":1,"evicted_early":0}}"#);
    }

    #[test]
    fn what_cannot_be_claimed_is_refused_and_changes_nothing() {
        let mut dedups = Dedups::new();
        let handle = opened(&mut dedups);
        let length = written(&mut dedups, "evt_1");
        let too_long = u32::try_from(ID_BYTES_MAX + 1).unwrap();
        for (handle, length, now) in [
            (0, length, [0, 0]),
            (9, length, [0, 0]),
            (handle, 0, [0, 0]),
            (handle, too_long, [0, 0]),
            (handle, length, [u32::MAX, 0]),
        ] {
            assert_eq!(dedups.claim(handle, length, now), Answer::Refused, "{handle} {length} {now:?}");
        }
        assert_eq!(dedups.forget(9, length), Answer::Refused);
        assert_eq!(dedups.forget(handle, too_long), Answer::Refused);
        assert_eq!(text(dedups.view(handle)), r#"{"ok":{"size":0,"evicted_early":0}}"#);
        assert_eq!(text(dedups.release(handle)), r#"{"ok":null}"#);
        assert_eq!(dedups.claim(handle, length, [0, 0]), Answer::Refused);
        assert!(text(dedups.view(handle)).contains("dedup_unknown_handle"));
        assert_eq!([Answer::No, Answer::Yes, Answer::Refused].map(Answer::word), [0, 1, 2]);
    }

    #[test]
    fn options_are_refused_in_their_order() {
        let table = [
            ("[]", "field_invalid"),
            (r#"{"capacity":0,"ttl_ms":0,"key":"00"}"#, "field_invalid"),
            (&format!(r#"{{"capacity":0,"ttl_ms":0,"key":"{KEY}"}}"#), "dedup_capacity"),
            (&format!(r#"{{"capacity":4294967297,"ttl_ms":0,"key":"{KEY}"}}"#), "dedup_capacity"),
            (&format!(r#"{{"capacity":1,"ttl_ms":0,"key":"{KEY}"}}"#), "dedup_ttl_zero"),
            (r#"{"capacity":1,"ttl_ms":1,"key":"+00102030405060708090a0b0c0d0e0f"}"#, "field_invalid"),
        ];
        for (options, expected) in table {
            let reply = text(Dedups::new().open(options.as_bytes()));
            assert!(reply.contains(&format!(r#""code":"{expected}""#)), "{options}: {reply}");
        }
    }
}
