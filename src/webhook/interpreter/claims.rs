//! What a delivery claims about itself, read from where it came in; nothing of it is kept.
//!
//! A value is cut into signatures in one way or refused: two readers can never find different ones.

use core::cell::Cell;

use super::area::{ABSENT, Area, LENGTHS, REPEATED, SLOT_BYTES, SLOTS_AT, low};
use super::code::{self, clock, grammar, unit};
use super::fault::{Fault, Refused, Step, expected, line};
use super::key::{Key, matches};
use super::row::Row;
use crate::time::Timestamp;
use crate::webhook::block::count;
use crate::webhook::cut::cut_bytes;
use crate::webhook::{HEADER_BYTES_MAX, SIGNATURES_MAX, TimeUnit};

/// A delivery while it is read.
pub(super) struct Reading<'d> {
    pub(super) row: Row,
    pub(super) area: &'d Area,
    /// Empty when nobody said it.
    pub(super) url: &'d [u8],
    pub(super) body: &'d [u8],
    pub(super) keys: &'d [Key],
    /// Empty when the caller named none; the same for the access key.
    pub(super) key_id: &'d [u8],
    pub(super) access_key: &'d [u8],
    pub(super) fault: Cell<Fault>,
}

/// What a delivery claims.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Claims<'a> {
    /// How many signatures there are. An empty one is none.
    pub(super) signatures: usize,
    /// Whether one of them is the tag that was asked for.
    pub(super) holds: bool,
    /// The text of the time.
    pub(super) time: Option<&'a [u8]>,
    /// The moment it means.
    pub(super) signed_at: Option<SignedAt>,
}

/// The time a delivery was signed at.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignedAt {
    pub(super) ms: u64,
    /// Whether it is told to the second only.
    pub(super) whole_seconds: bool,
}

/// What is wrong with a value: a number of [`expected`].
type Cut<T> = Result<T, u8>;

impl<'d> Reading<'d> {
    /// Refuses, and says why.
    #[inline(never)]
    pub(super) fn fault<T>(&self, line: u8, subject: &'static [u8], expected: Option<u8>) -> Step<T> {
        self.fault.set(Fault { line, subject, expected, numbers: [0; 2] });
        Err(Refused)
    }

    /// As [`Reading::fault`], with numbers as facts.
    pub(super) fn fault_of<T>(&self, line: u8, subject: &'static [u8], numbers: [u64; 2]) -> Step<T> {
        self.fault.set(Fault { line, subject, expected: None, numbers });
        Err(Refused)
    }

    /// Refuses the value of a field.
    pub(super) fn field<T>(&self, field: &'static [u8], expected: u8) -> Step<T> {
        self.fault(line::FIELD_MALFORMED, field, Some(expected))
    }

    /// Refuses a field that is not there.
    pub(super) fn no_field<T>(&self, field: &'static [u8]) -> Step<T> {
        self.fault(line::FIELD_MISSING, field, None)
    }

    /// Refuses the body.
    pub(super) fn malformed<T>(&self, expected: u8) -> Step<T> {
        self.fault(line::BODY_MALFORMED, b"", Some(expected))
    }

    /// Refuses a delivery under whose secrets no signature holds.
    pub(super) fn mismatch<T>(&self, body_is_empty: bool) -> Step<T> {
        let line = if body_is_empty { line::SIGNATURE_MISMATCH_EMPTY } else { line::SIGNATURE_MISMATCH };
        self.fault(line, b"", None)
    }

    /// The value of the header in a slot of the row: one that arrived several times has none that counts.
    #[inline(never)]
    pub(super) fn find(&self, slot: usize) -> Step<Option<&'d [u8]>> {
        let place = slot.wrapping_add(self.row.first_slot);
        match self.area.word(LENGTHS.wrapping_add(place)) {
            ABSENT => Ok(None),
            REPEATED => self.fault(line::HEADER_REPEATED, self.row.header(slot), None),
            length => {
                let at = SLOTS_AT.wrapping_add(place.wrapping_mul(SLOT_BYTES));
                Ok(Some(self.area.bytes(at, usize::try_from(length).unwrap_or_default())))
            }
        }
    }

    /// The value of a header the scheme cannot do without.
    pub(super) fn required(&self, slot: usize) -> Step<&'d [u8]> {
        match self.find(slot)? {
            Some(value) => Ok(value),
            None => self.fault(line::HEADER_MISSING, self.row.header(slot), None),
        }
    }

    /// The row this delivery is read by: this one, or the other if it has one and a header of this one is absent.
    pub(super) fn layout(&mut self) {
        let lacks = |row: Row| {
            let word = |slot: usize| self.area.word(LENGTHS.wrapping_add(row.first_slot).wrapping_add(slot));
            (0..row.headers()).any(|slot| word(slot) == ABSENT)
        };
        if let Some(other) = self.row.otherwise()
            && lacks(self.row)
            && !lacks(other)
        {
            self.row = other;
        }
    }

    /// Refuses headers that are too long, of whichever row, before any is read.
    pub(super) fn lengths(&self) -> Step<()> {
        let mut row = self.row;
        loop {
            for slot in 0..row.headers() {
                let length = self.area.word(LENGTHS.wrapping_add(row.first_slot).wrapping_add(slot));
                if length > low(HEADER_BYTES_MAX) && length < REPEATED {
                    let limit = u64::from(low(HEADER_BYTES_MAX));
                    return self.fault_of(line::HEADER_TOO_LONG, row.header(slot), [length.into(), limit]);
                }
            }
            match row.otherwise() {
                Some(other) => row = other,
                None => return Ok(()),
            }
        }
    }

    /// Refuses headers that hold too many items.
    pub(super) fn limits(&self) -> Step<()> {
        for slot in 0..self.row.field(code::PLACE_SLOTS).into() {
            let found = self.items(self.find(slot).ok().flatten().unwrap_or_default());
            if found > SIGNATURES_MAX {
                let numbers = [low(found), low(SIGNATURES_MAX)].map(u64::from);
                return self.fault_of(line::TOO_MANY_SIGNATURES, self.row.header(slot), numbers);
            }
        }
        Ok(())
    }

    /// How many items a value holds, whatever they are.
    pub(super) fn items(&self, value: &[u8]) -> usize {
        match self.row.field(code::GRAMMAR) {
            ..grammar::TAGGED => 1,
            grammar => count(value, separator(grammar)).saturating_add(1),
        }
    }

    /// Reads the headers with the signature and, where it is apart, that with the time.
    pub(super) fn in_headers(&self) -> Step<Claims<'d>> {
        let mut claims = Claims::default();
        let mut found = false;
        for slot in 0..self.row.field(code::PLACE_SLOTS).into() {
            let Some(value) = self.find(slot)? else { continue };
            found = true;
            let before = claims.time;
            claims.time = None;
            if let Err(expected) = self.signatures(value, None, &mut claims) {
                return self.fault(line::HEADER_MALFORMED, self.row.header(slot), Some(expected));
            }
            claims.time = before.or(claims.time);
        }
        let first = self.row.header(0);
        if !found {
            return self.fault(line::HEADER_MISSING, first, None);
        }
        self.time(&mut claims)?;
        if claims.signatures == 0 {
            return self.fault(line::SIGNATURE_ABSENT, first, None);
        }
        Ok(claims)
    }

    /// Whether one of the signatures in the headers, which were read before, is this tag. All are looked at.
    pub(super) fn headers_hold(&self, tag: &[u8]) -> bool {
        let mut claims = Claims::default();
        for slot in 0..self.row.field(code::PLACE_SLOTS).into() {
            if let Ok(Some(value)) = self.find(slot) {
                claims.time = None;
                let _read_before = self.signatures(value, Some(tag), &mut claims);
            }
        }
        claims.holds
    }

    /// Reads the time of a delivery, where its scheme has one.
    fn time(&self, claims: &mut Claims<'d>) -> Step<()> {
        let (slot, text) = match self.row.field(code::CLOCK) {
            clock::NONE => return Ok(()),
            clock::PAIR => (0, claims.time),
            _ => {
                let slot = self.row.field(code::CLOCK_SLOT).into();
                (slot, Some(self.required(slot)?))
            }
        };
        let header = self.row.header(slot);
        let Some(text) = text else {
            return self.fault(line::HEADER_MALFORMED, header, Some(expected::TIMESTAMP));
        };
        let number = self.row.field(code::UNIT);
        let unit = unit_of(number);
        let Some(moment) = unit.read(text) else {
            let expected = expected::SECONDS.wrapping_add(number);
            return self.fault(line::HEADER_MALFORMED, header, Some(expected));
        };
        claims.time = Some(text);
        claims.signed_at =
            Some(SignedAt { ms: Timestamp::unix_ms(moment), whole_seconds: unit.counts_seconds(text) });
        Ok(())
    }

    /// Cuts a value into signatures; what else stands in a list is skipped, as the providers' own libraries do. Given a
    /// tag, says whether one of them is that.
    ///
    /// # Errors
    ///
    /// What the value should have been.
    pub(super) fn signatures(&self, value: &'d [u8], tag: Option<&[u8]>, claims: &mut Claims<'d>) -> Cut<()> {
        let take = |claims: &mut Claims<'d>, signature: &[u8]| {
            if !signature.is_empty() {
                claims.signatures = claims.signatures.wrapping_add(1);
                claims.holds |= tag.is_some_and(|tag| matches(self.row.field(code::FORM), tag, signature));
            }
        };
        let kind = self.row.field(code::GRAMMAR);
        let wanted = self.row.text(code::GRAMMAR_TEXT);
        if kind < grammar::TAGGED {
            let (before, rest) = value.split_at_checked(wanted.len()).unwrap_or_default();
            let named = wanted.ends_with(b" ") && before.eq_ignore_ascii_case(wanted);
            let is_prefix = (named && kind == grammar::PREFIXED) || before == wanted;
            let fits = is_prefix && value.len() >= wanted.len();
            if kind == grammar::PREFIXED && !fits {
                return Err(expected::PREFIX);
            }
            take(claims, if fits { rest } else { value });
            return Ok(());
        }
        let spaced = kind == grammar::PAIRS_SPACED;
        let time = (self.row.field(code::CLOCK) == clock::PAIR).then(|| self.row.text(code::CLOCK_PAIR));
        let is = |name: &[u8], wanted: &[u8]| name == wanted || (spaced && name.eq_ignore_ascii_case(wanted));
        let mut well_formed = 0_usize;
        let mut rest = Some(value);
        while let Some(all) = rest {
            let (item, more) =
                cut_bytes(all, separator(kind)).map_or((all, None), |(item, more)| (item, Some(more)));
            rest = more;
            match kind {
                grammar::POSITIONAL => {
                    if claims.time.is_none() {
                        claims.time = Some(item);
                    } else {
                        take(claims, item);
                    }
                    well_formed = 1;
                }
                grammar::KEY_IDS => {
                    well_formed = 1;
                    let item = item.strip_prefix(b" ").unwrap_or(item);
                    if item.is_empty() {
                        continue;
                    }
                    let (id, rest) = cut_bytes(item, b'/').ok_or(expected::KEY_IDS)?;
                    let (algorithm, signature) = cut_bytes(rest, b'/').ok_or(expected::KEY_IDS)?;
                    if id.is_empty() || cut_bytes(signature, b'/').is_some() {
                        return Err(expected::KEY_IDS);
                    }
                    if algorithm == wanted && (self.key_id.is_empty() || self.key_id == id) {
                        take(claims, signature);
                    }
                }
                grammar::TAGGED | grammar::PUBLIC_KEYS => {
                    let (wanted, between) =
                        if kind == grammar::TAGGED { (wanted, b',') } else { (self.key_id, b'|') };
                    well_formed = well_formed.max(usize::from(kind == grammar::PUBLIC_KEYS));
                    if let Some((tag, signature)) = cut_bytes(item, between) {
                        well_formed = 1;
                        if tag == wanted {
                            take(claims, signature);
                        }
                    }
                }
                _ => match pair(item, spaced) {
                    None => {
                        // Two values of one header are joined by a comma and a space wherever `Headers` is in between.
                        let joined = item.strip_prefix(b" ").and_then(|item| pair(item, false));
                        if joined.is_some_and(|(name, _)| Some(name) == time) {
                            return Err(expected::ONE_TIMESTAMP);
                        }
                    }
                    Some((name, text)) => {
                        well_formed = 1;
                        if is(name, wanted) {
                            take(claims, text);
                        } else if time.is_some_and(|time| is(name, time))
                            && claims.time.replace(text).is_some()
                        {
                            return Err(expected::ONE_TIMESTAMP);
                        }
                    }
                },
            }
        }
        match (well_formed, kind) {
            (0, grammar::TAGGED) => Err(expected::TAGGED),
            (0, _) => Err(expected::PAIRS),
            _ => Ok(()),
        }
    }
}

/// What stands between two items of a list.
fn separator(grammar: u8) -> u8 {
    match grammar {
        grammar::TAGGED => b' ',
        grammar::PUBLIC_KEYS => b'&',
        grammar::PAIRS_SEMICOLON => b';',
        _ => b',',
    }
}

/// A name and a value; `None` for anything else.
fn pair(item: &[u8], spaced: bool) -> Option<(&[u8], &[u8])> {
    let (name, text) = cut_bytes(item, b'=')?;
    let (name, text) = if spaced { (name.trim_ascii(), text.trim_ascii()) } else { (name, text) };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let is_pair = !name.is_empty() && name.iter().all(plain) && !text.iter().any(u8::is_ascii_whitespace);
    is_pair.then_some((name, text))
}

fn unit_of(number: u8) -> TimeUnit {
    match number {
        unit::SECONDS => TimeUnit::Seconds,
        unit::MILLISECONDS => TimeUnit::Milliseconds,
        unit::EITHER => TimeUnit::Either,
        _ => TimeUnit::Rfc3339,
    }
}
