//! Fields as bytes, for what artefacts hand each other: what was put comes out again, or the bytes are refused.
//!
//! Numbers are little-endian: an integer and a moment (milliseconds since the epoch) have 8 bytes, a sum 16, a count 4. A
//! text is its length in 4 bytes and its UTF-8. A currency is its three letters. What may be absent has a byte 0 or 1 in
//! front. An [`EventType`] is one byte, from 1 in the order of its declaration, and 0 for none.

use super::IS_FAST;
use crate::advice::{Advice, Report, reported};
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

pub(super) const KINDS: [EventType; 7] = [
    EventType::Charge,
    EventType::Refund,
    EventType::Dispute,
    EventType::Fee,
    EventType::Payout,
    EventType::PayoutFailure,
    EventType::Adjustment,
];

pub(super) fn kind_byte(kind: Option<EventType>) -> u8 {
    let place = KINDS.iter().position(|known| Some(*known) == kind);
    place.and_then(|place| u8::try_from(place.saturating_add(1)).ok()).unwrap_or(0)
}

pub(super) fn put_count(out: &mut Vec<u8>, count: usize) {
    // Nothing that is counted here fills a memory of 4 GiB.
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn put_natural(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

pub(super) fn put_integer(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(&number.to_le_bytes());
}

pub(super) fn put_moment(out: &mut Vec<u8>, moment: Timestamp) {
    put_natural(out, moment.unix_ms());
}

pub(super) fn put_currency(out: &mut Vec<u8>, currency: Currency) {
    out.extend_from_slice(currency.code().as_bytes());
}

pub(super) fn put_maybe<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(out, value);
    }
}

/// Takes fields from the front of a record; `None` where the bytes are not those of such a field.
pub(super) struct Fields<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) const fn of(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*first)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.bytes().map(|[byte]| byte)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.bytes()?)).ok()
    }

    pub(super) fn natural(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    pub(super) fn integer(&mut self) -> Option<i64> {
        self.bytes().map(i64::from_le_bytes)
    }

    pub(super) fn sum(&mut self) -> Option<i128> {
        self.bytes().map(i128::from_le_bytes)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        // As most columns are.
        if IS_FAST && length == 0 {
            return Some("");
        }
        let (own, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        core::str::from_utf8(own).ok()
    }

    pub(super) fn currency(&mut self) -> Option<Currency> {
        self.bytes().and_then(Currency::of_code)
    }

    pub(super) fn moment(&mut self) -> Option<Timestamp> {
        Timestamp::from_unix_ms(self.natural()?)
    }

    /// The outer `None` is for bytes that are none of this, here and below.
    pub(super) fn kind(&mut self) -> Option<Option<EventType>> {
        match self.byte()?.checked_sub(1) {
            Some(place) => KINDS.get(usize::from(place)).copied().map(Some),
            None => Some(None),
        }
    }

    pub(super) fn maybe<T>(&mut self, field: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { field(self).map(Some) } else { Some(None) }
    }
}

/// Bytes that were not packed here, or were cut or changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// Offset of the record in the batch.
    pub at: usize,
}

impl Corrupt {
    pub(super) fn table(&self) -> Report {
        Report::new("batch_corrupt")
            .advise(Advice::ReportBug)
            .count("at", self.at)
            .say("the batch is no batch from byte {at} on: hand over what the readers returned, unchanged")
    }
}

reported!(Corrupt);
