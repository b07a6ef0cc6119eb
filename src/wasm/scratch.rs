//! The area of `webhooks-full`: laid out as that of the small artefact, so that one shell speaks to both.

use super::webhooks::{answer, halves, number};
#[cfg(feature = "webhooks-full")]
use crate::advice::Diagnose as _;
use crate::prelude::*;
use crate::time::Timestamp;
pub use crate::webhook::interpreter::area::{
    ABSENT, AREA_BYTES, DELIVERED, DIGEST_AT, LAYOUT, LENGTHS, NOW, OUT, REPEATED, SLOT_BYTES, SLOTS,
    SLOTS_AT, URL, URL_AT, URL_BYTES_MAX,
};
use crate::webhook::{Error, Fact, HEADER_BYTES_MAX, HeaderValue, Verifier};

/// The headers of a delivery: no list on the heap, because every allocation is felt.
#[derive(Debug)]
pub(super) struct Headers<'a> {
    list: [(&'static str, HeaderValue<'a>); SLOTS],
    length: usize,
}

/// The area of one instance; empty until somebody asks where it is.
#[derive(Debug, Default)]
pub struct Scratch {
    area: Vec<u8>,
}

impl Scratch {
    /// No area yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { area: Vec::new() }
    }

    pub(super) fn area(&mut self) -> &mut [u8] {
        if self.area.is_empty() {
            self.area = vec![0; AREA_BYTES];
        }
        &mut self.area
    }

    pub(super) fn put(&mut self, word: usize, value: u32) {
        if let Some(slot) = self.area.as_chunks_mut::<4>().0.get_mut(word) {
            *slot = value.to_le_bytes();
        }
    }

    fn word(&self, word: usize) -> u32 {
        self.area.as_chunks::<4>().0.get(word).map_or(0, |slot| u32::from_le_bytes(*slot))
    }

    fn bytes(&self, at: usize, length: usize) -> &[u8] {
        self.area.get(at..at.saturating_add(length)).unwrap_or_default()
    }

    /// The caller's time. The shell lets no other through, so a wrong one is the end of all times.
    pub(super) fn now(&self) -> Timestamp {
        let ms = u64::from(self.word(NOW)) | (u64::from(self.word(NOW + 1)) << 32);
        Timestamp::from_unix_ms(ms).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn url(&self) -> Option<&str> {
        let length = self.word(URL);
        let length = usize::try_from(length).ok().filter(|_| length != ABSENT)?;
        core::str::from_utf8(self.bytes(URL_AT, length.min(URL_BYTES_MAX))).ok()
    }

    /// The headers, in the order of `names`.
    ///
    /// # Errors
    ///
    /// [`Error::HeaderTooLong`], as the engine would say it: a slot holds no longer one.
    pub(super) fn headers(&self, names: &[&'static str]) -> Result<Headers<'_>, Error> {
        let mut headers = Headers { list: [("", HeaderValue::Repeated); SLOTS], length: 0 };
        for (slot, name) in names.iter().enumerate() {
            let value = match self.word(LENGTHS.saturating_add(slot)) {
                ABSENT => continue,
                REPEATED => HeaderValue::Repeated,
                length => {
                    let found = usize::try_from(length).unwrap_or(usize::MAX);
                    if found > HEADER_BYTES_MAX {
                        return Err(Error::HeaderTooLong { header: name, found });
                    }
                    let bytes = self.bytes(SLOTS_AT.saturating_add(slot.saturating_mul(SLOT_BYTES)), found);
                    HeaderValue::Once(core::str::from_utf8(bytes).unwrap_or_default())
                }
            };
            if let Some(free) = headers.list.get_mut(headers.length) {
                *free = (*name, value);
                headers.length = headers.length.saturating_add(1);
            }
        }
        Ok(headers)
    }

    /// The hash the host left. What is left of it there tells nothing without the key.
    pub(super) fn digest(&self, length: usize) -> &[u8] {
        self.bytes(DIGEST_AT, length)
    }

    /// Bytes laid out in the room.
    pub(super) fn laid(&self) -> usize {
        usize::try_from(self.word(LAYOUT + 1)).unwrap_or_default()
    }

    /// Tells what a verifier reads.
    pub(super) fn describe(&mut self, hash: u32, verifier: &Verifier, headers: &[&'static str]) {
        self.put(OUT, hash);
        self.put(OUT + 1, number(verifier.secrets()));
        self.put(OUT + 2, u32::from(verifier.scheme().identity.items.is_some()));
        self.put(OUT + 3, number(headers.len()));
        for (index, name) in headers.iter().enumerate() {
            let at = OUT.saturating_add(4).saturating_add(index.saturating_mul(2));
            self.put_text(at, name);
        }
    }

    pub(super) fn verified(&mut self, secret_index: usize, timestamp: Option<Timestamp>) -> u32 {
        let [low, high] = halves(timestamp.map_or(0, Timestamp::unix_ms));
        self.put(OUT, number(secret_index));
        self.put(OUT + 1, u32::from(timestamp.is_some()));
        self.put(OUT + 2, low);
        self.put(OUT + 3, high);
        answer::VERIFIED
    }

    /// Tells an error; answers with what of it needs a text of its own: places in a list, or code and sentence of a
    /// reason with a zero between them.
    pub(super) fn refused(&mut self, error: &Error) -> Option<Vec<u8>> {
        let (line, facts) = error.told();
        let mut text = None;
        self.put(OUT, number(line));
        for (index, fact) in facts.into_iter().enumerate() {
            let at = OUT.saturating_add(1).saturating_add(index.saturating_mul(3));
            let [first, second] = [at.saturating_add(1), at.saturating_add(2)];
            let kind = match fact {
                None => 0,
                Some(Fact::Given(_)) => 1,
                Some(Fact::Known(text)) => {
                    self.put_text(first, text);
                    2
                }
                Some(Fact::Number(value)) => {
                    let [low, high] = halves(value);
                    self.put(first, low);
                    self.put(second, high);
                    3
                }
                Some(Fact::Reason(line, value)) => {
                    self.put(first, number(line));
                    self.put(second, number(usize::try_from(value).unwrap_or(usize::MAX)));
                    4
                }
                Some(Fact::Places(list)) => {
                    text = Some(list.iter().flat_map(|place| number(*place).to_le_bytes()).collect());
                    5
                }
                #[cfg(feature = "webhooks-full")]
                Some(Fact::Key(reason)) => {
                    let report = reason.report();
                    text = Some([report.code, "\0", &report.message].concat().into_bytes());
                    6
                }
            };
            self.put(at, kind);
        }
        text
    }

    fn put_text(&mut self, word: usize, text: &'static str) {
        self.put(word, number(text.as_ptr().addr()));
        self.put(word.saturating_add(1), number(text.len()));
    }
}

impl<'a> Headers<'a> {
    /// In the order of their slots.
    pub(super) fn list(&self) -> &[(&'static str, HeaderValue<'a>)] {
        self.list.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::SCHEMES;

    #[test]
    fn every_scheme_finds_a_slot_for_each_of_its_headers() {
        for scheme in SCHEMES {
            let headers = scheme.headers();
            assert!(headers.len() <= SLOTS, "{} reads {} headers", scheme.name, headers.len());
        }
    }
}
