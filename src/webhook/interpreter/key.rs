//! From the options of a verifier to what proves that its secrets were known.
//!
//! A verifier is kept as it came in, a list of options, each a tag, its length as four bytes, and its bytes; and behind it,
//! at the place that is its handle, a *record* of words of eight bytes.

use super::Interpreter;
use super::code::{self, grammar, key, part, proof};
use super::fault::{Fault, expected, line};
use super::memory::{ROWS_AT, Span};
use super::words;
use crate::crypto::compact::{Hash, STATE_WORDS};
use crate::crypto::{Error, HexCase, decode_base64_into, decode_hex_into, fill};
use crate::webhook::SECRETS_MAX;

/// Tags of options.
const NAME: u8 = 0;
const SECRET: u8 = 1;
pub(super) const TOLERANCE: u8 = 2;
pub(super) const STRICT: u8 = 3;
pub(super) const PARTIAL: u8 = 4;
pub(super) const URL: u8 = 5;
pub(super) const KEY_ID: u8 = 6;
pub(super) const ACCESS_KEY: u8 = 7;

/// In a record: that it is one. A handle that is none finds something else there.
pub(super) const MARK: usize = 0;
/// In a record: the one before it.
const BEFORE: usize = 8;
/// In a record: the options.
pub(super) const OPTIONS: usize = 16;
/// In a record: the row.
pub(super) const ROW: usize = 24;
/// In a record: how many keys there are.
pub(super) const KEYS: usize = 32;
const RECORD_BYTES: usize = 40;

/// Of a key: the text of the secret.
pub(super) const SECRET_TEXT: usize = 0;
/// Of a key: what the inner hash of the MAC begins with. It is the key, thinly disguised.
pub(super) const INNER_BLOCK: usize = 8;
pub(super) const BLOCK_BYTES: usize = 128;
/// Of a key: the state of the outer hash behind its own block.
const OUTER_STATE: usize = INNER_BLOCK + BLOCK_BYTES;
const KEY_BYTES: usize = OUTER_STATE + 8 * STATE_WORDS;

/// What a record is known by.
const RECORD: u64 = 0x7469_6c6c_7072_6f66;

impl Interpreter {
    /// The last option of a tag; none where there is none.
    #[inline(never)]
    pub(super) fn option(&self, tag: u8) -> Span {
        self.option_in(self.options, tag, 0)
    }

    /// The option of a tag, after so many others of it.
    #[inline(never)]
    fn option_in(&self, options: Span, tag: u8, mut others: usize) -> Span {
        let mut at = options.at();
        while at < options.end() {
            let from = at.wrapping_add(5);
            let length = self.memory.word(at.wrapping_add(1));
            let value = Span::new(from, from.wrapping_add(usize::try_from(length).unwrap_or_default()));
            if self.memory.byte(at) == tag {
                if others == 0 {
                    return value;
                }
                others = others.wrapping_sub(1);
            }
            at = value.end();
        }
        Span::NONE
    }

    /// The record of these options, if there is one.
    fn known(&self, options: Span) -> usize {
        let mut record = self.last_record;
        while record != 0
            && !self.memory.same(Span::of(self.memory.long(record.wrapping_add(OPTIONS))), options)
        {
            record = usize::try_from(self.memory.long(record.wrapping_add(BEFORE))).unwrap_or_default();
        }
        record
    }

    /// Makes the verifier a handle is of the one that is spoken of. Whether it is one.
    pub(super) fn turn_to(&mut self, handle: usize) -> bool {
        if handle == 0 || self.memory.long(handle.wrapping_add(MARK)) != RECORD {
            return false;
        }
        self.record = handle;
        self.options = Span::of(self.memory.long(handle.wrapping_add(OPTIONS)));
        self.row = usize::try_from(self.memory.long(handle.wrapping_add(ROW))).unwrap_or_default();
        self.first_slot = 0;
        true
    }

    /// How many keys the verifier has.
    pub(super) fn keys(&self) -> usize {
        usize::try_from(self.memory.long(self.record.wrapping_add(KEYS))).unwrap_or_default()
    }

    /// Where a key stands.
    pub(super) fn key(&self, index: usize) -> usize {
        self.record.wrapping_add(RECORD_BYTES).wrapping_add(index.wrapping_mul(KEY_BYTES))
    }

    /// Makes a verifier of the text. Answers with its handle; 0 and the fault where it cannot be made.
    pub(super) fn make(&mut self) -> usize {
        let options = self.text;
        let known = self.known(options);
        if known != 0 {
            return known;
        }
        self.options = options;
        let name = self.option(NAME);
        self.row = if name.is_empty() { 0 } else { self.memory.row(name) };
        if self.row == 0 {
            self.unknown(name);
            return 0;
        }
        let mut count = 0_usize;
        while !self.option_in(options, SECRET, count).is_none() {
            count = count.wrapping_add(1);
        }
        if count == 0 {
            self.fault(line::SECRET_MISSING, Span::EMPTY, expected::NOTHING);
        }
        if count > SECRETS_MAX {
            self.fault_of(line::TOO_MANY_SECRETS, Span::EMPTY, count, SECRETS_MAX);
        }
        while !self.memory.end().is_multiple_of(8) {
            self.memory.push(0);
        }
        let record = self.memory.end();
        for word in [RECORD, u64::try_from(self.last_record).unwrap_or_default(), options.bits()] {
            self.memory.append(&word.to_le_bytes());
        }
        for word in [self.row, count] {
            self.memory.append(&u64::try_from(word).unwrap_or_default().to_le_bytes());
        }
        for index in 0..count.min(SECRETS_MAX) {
            self.make_key(index, self.memory.trim(self.option_in(options, SECRET, index)));
        }
        if self.field(code::GRAMMAR) == usize::from(grammar::PUBLIC_KEYS) && self.option(KEY_ID).is_empty() {
            self.fault(line::OPTION_MISSING, words::PUBLIC_KEY_ID, expected::NOTHING);
        }
        let signs_access_key = self.parts().any(|at| self.memory.byte(at) == part::ACCESS_KEY);
        if signs_access_key && self.option(ACCESS_KEY).is_empty() {
            self.fault(line::OPTION_MISSING, words::ACCESS_KEY, expected::NOTHING);
        }
        if self.fault.line != line::NONE {
            // What was made of the secrets does not stay.
            self.memory.bytes.get_mut(record..).unwrap_or_default().fill(0);
            return 0;
        }

        // From here on there is a verifier.
        self.last_record = record;
        self.base = self.memory.end();
        record
    }

    /// No row has this name; perhaps there is another of the same provider.
    fn unknown(&mut self, name: Span) {
        let word = self.word(name);
        let mut row = ROWS_AT;
        loop {
            let length = self.memory.row_bytes(row);
            if length == 0 {
                return self.fault(line::UNKNOWN_SCHEME, Span::EMPTY, expected::NOTHING);
            }
            let other = self.memory.text_of(row, code::NAME);
            if self.memory.alike(self.word(other), word) {
                return self.fault(line::UNKNOWN_SCHEME_NEAR, other, expected::NOTHING);
            }
            row = row.wrapping_add(length);
        }
    }

    /// The first word of a name: that of the provider.
    #[inline(never)]
    fn word(&self, name: Span) -> Span {
        let mut end = name.at();
        while end < name.end() && !matches!(self.memory.byte(end), b'-' | b'_' | b' ') {
            end = end.wrapping_add(1);
        }
        name.before(end)
    }

    /// Appends the key of a secret, without the white space around it, which comes from copying: no provider issues a
    /// secret that has any.
    fn make_key(&mut self, index: usize, text: Span) {
        let mut bare = text;
        for prefix in code::KEY_PREFIXES.map(|field| self.text_of(field)) {
            if bare == text && self.memory.starts(text, prefix) {
                bare = text.skip(prefix.len());
            }
        }
        let encoded = self.memory.get(bare);
        let secret = &mut self.secret;
        secret.clear();
        let decoded = match u8::try_from(self.memory.field(self.row, code::KEY)).unwrap_or_default() {
            key::BASE64 => decode_base64_into(encoded, secret),
            key::HEX => decode_hex_into(encoded, HexCase::Any, secret),
            _ => {
                secret.extend_from_slice(encoded);
                Ok(())
            }
        };
        if let Err(reason) = decoded {
            self.malformed(index, reason);
        }
        if self.secret.is_empty() {
            self.fault_of(line::SECRET_EMPTY, Span::EMPTY, index, 0);
        }
        self.memory.append(&text.bits().to_le_bytes());
        let at = self.memory.end();
        self.memory.bytes.resize(at.wrapping_add(KEY_BYTES - INNER_BLOCK), 0);
        if self.field(code::PROOF) == usize::from(proof::MAC) {
            let is_hashed = self.field(code::KEY) == usize::from(key::SHA1);
            self.hasher.begin(self.hash());
            if is_hashed || self.secret.len() > self.hasher.block_bytes() {
                self.hasher.begin(if is_hashed { Hash::SHA1 } else { self.hash() });
                self.hasher.update(&self.secret);
                self.secret.fill(0);
                self.secret.clear();
                self.secret.extend_from_slice(self.hasher.finish());
                self.hasher.begin(self.hash());
            }
            let block = self.memory.bytes.get_mut(at..).unwrap_or_default();
            fill(block, &self.secret);
            mask(block, OUTER);
            self.hasher.update(block.get(..self.hasher.block_bytes()).unwrap_or_default());
            mask(block, OUTER ^ INNER);
            for (word, place) in self.hasher.state().iter().zip((at.wrapping_add(BLOCK_BYTES)..).step_by(8)) {
                self.memory.put_long(place, *word);
            }
        }
        self.secret.fill(0);
    }

    fn malformed(&mut self, index: usize, reason: Error) {
        let (reason, at) = reason.told();
        let numbers = [index, usize::try_from(at).unwrap_or(usize::MAX)];
        let expected = u8::try_from(reason).unwrap_or_default();
        if self.fault.line == line::NONE {
            self.fault = Fault { line: line::SECRET_MALFORMED, subject: Span::EMPTY, expected, numbers };
        }
    }

    /// The hash of the scheme, as the shell counts them.
    pub(super) fn hash(&self) -> u8 {
        self.memory.byte(self.row.wrapping_add(code::HASH))
    }

    /// Looks for the tag that a key gives the message of which this is the inner hash.
    pub(super) fn close_mac(&mut self, key: usize, inner: Span) {
        let at = key.wrapping_add(OUTER_STATE);
        let state = core::array::from_fn(|word| self.memory.long(at.wrapping_add(word.wrapping_mul(8))));
        self.hasher.resume(self.hash(), state);
        self.hasher.update(self.memory.get(inner));
        let tag = self.append_hash();
        self.look_for(tag);
    }
}

/// What the key is masked with in the inner hash of an HMAC (RFC 2104), and in the outer one.
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;

fn mask(block: &mut [u8], with: u8) {
    for byte in block.iter_mut().take(BLOCK_BYTES) {
        *byte ^= with;
    }
}
