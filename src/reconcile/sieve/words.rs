//! The few words that stand in many rows, each with a number: currencies, states, days.
//!
//! A word is looked up by its bytes in a small table first, where nearly all are found; what decides is the reader of the
//! crate, asked once for each word.

use crate::calendar;
use crate::money::Currency;
use crate::prelude::*;
use crate::reconcile::packed::{Fields, put_count, put_currency, put_text};
use crate::reconcile::states::{self, State};

/// More words of a kind than this are left to the judge.
const WORDS_MAX: usize = 250;

/// Slots of each table.
const SLOTS: usize = 64;

/// Slots of the table of days, of which a file may have those of a year.
const DAY_SLOTS: usize = 1_024;

/// Words of one run. Numbers are from 1.
#[derive(Debug)]
pub(super) struct Words {
    currencies: Vec<Currency>,
    /// Words of states as the judge sees them.
    states: Vec<String>,
    /// By the bytes of the code.
    codes: [(u32, u8); SLOTS],
    /// By the bytes of the status.
    statuses: [([u64; 2], u8); SLOTS],
    /// By the bytes of a day: seconds since 1970 at its beginning.
    days: Box<[(u64, u16, u32); DAY_SLOTS]>,
}

/// What the numbers of other words are here: by the number there, from 0.
#[derive(Debug, Default)]
pub(super) struct Translation {
    pub(super) currencies: Vec<u8>,
    pub(super) states: Vec<u8>,
}

impl Words {
    pub(super) fn new() -> Self {
        Self {
            currencies: Vec::new(),
            states: Vec::new(),
            codes: [(0, 0); SLOTS],
            statuses: [([0; 2], 0); SLOTS],
            days: Box::new([(0, 0, 0); DAY_SLOTS]),
        }
    }

    /// The number of a currency.
    pub(super) fn currency(&mut self, currency: Currency) -> Option<u8> {
        let known = self.currencies.iter().position(|known| *known == currency);
        let place = known.unwrap_or_else(|| {
            self.currencies.push(currency);
            self.currencies.len().saturating_sub(1)
        });
        number(place)
    }

    /// The currency of a number.
    pub(super) fn of(&self, number: u8) -> Option<Currency> {
        self.currencies.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Currencies and states with their numbers, for [`Words::translation`].
    pub(super) fn pack(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_count(&mut out, self.currencies.len());
        for currency in &self.currencies {
            put_currency(&mut out, *currency);
        }
        for state in &self.states {
            put_text(&mut out, state);
        }
        out
    }

    /// How words that were packed are said here; `None` for bytes that are none, and for too many words.
    pub(super) fn translation(&mut self, packed: &[u8]) -> Option<Translation> {
        // No state is told.
        let mut found = Translation { currencies: vec![0], states: vec![0] };
        let mut fields = Fields::of(packed);
        for _ in 0..fields.count()? {
            let currency = fields.currency()?;
            found.currencies.push(self.currency(currency)?);
        }
        while !fields.rest.is_empty() {
            let state = fields.text()?;
            found.states.push(self.state_of(state)?);
        }
        Some(found)
    }

    /// The number of a code of three letters.
    #[inline(always)]
    pub(super) fn code(&mut self, code: [u8; 3]) -> Option<u8> {
        let [first, second, third] = code;
        let word = u32::from_le_bytes([first, second, third, 1]);
        let slot = slot(u64::from(word));
        if let Some((_, number)) = self.codes.get(slot).filter(|(known, _)| *known == word) {
            return Some(*number);
        }
        self.new_code(code, word, slot)
    }

    #[inline(never)]
    fn new_code(&mut self, code: [u8; 3], word: u32, slot: usize) -> Option<u8> {
        let found = Currency::parse(core::str::from_utf8(&code).ok()?).ok()?;
        let number = self.currency(found)?;
        if let Some(slot) = self.codes.get_mut(slot) {
            *slot = (word, number);
        }
        Some(number)
    }

    /// The number of the state that a status means; 0 for none.
    #[inline(never)]
    pub(super) fn state(&mut self, status: &[u8]) -> Option<u8> {
        let status = core::str::from_utf8(status).ok()?;
        states::parse(status).map(State::word).map_or(Some(0), |word| self.state_of(word))
    }

    /// The number of a word of a state.
    fn state_of(&mut self, state: &str) -> Option<u8> {
        let known = self.states.iter().position(|known| known == state);
        let place = known.unwrap_or_else(|| {
            self.states.push(state.to_owned());
            self.states.len().saturating_sub(1)
        });
        number(place)
    }

    /// The same by a table, for a status of at most 15 bytes: `word` is it, with its length in the last byte.
    #[inline(always)]
    pub(super) fn status(&mut self, word: [u64; 2], status: &[u8]) -> Option<u8> {
        let [low, high] = word;
        let slot = slot(low ^ high);
        if let Some((_, number)) = self.statuses.get(slot).filter(|(known, _)| *known == word) {
            return Some(*number);
        }
        self.new_status(word, status, slot)
    }

    #[inline(never)]
    fn new_status(&mut self, word: [u64; 2], status: &[u8], slot: usize) -> Option<u8> {
        let number = self.state(status)?;
        if let Some(slot) = self.statuses.get_mut(slot) {
            *slot = (word, number);
        }
        Some(number)
    }

    /// The seconds at which a day begins that is written `2026-03-01`.
    #[inline(always)]
    pub(super) fn day(&mut self, day: &[u8; 10]) -> Option<u32> {
        let (front, back) = day.split_first_chunk::<8>()?;
        let front = u64::from_le_bytes(*front);
        let back = u16::from_le_bytes(*back.first_chunk()?);
        let slot = day_slot(front ^ u64::from(back).wrapping_shl(32));
        if let Some((.., seconds)) = self.days.get(slot).filter(|(one, two, _)| (*one, *two) == (front, back))
        {
            return Some(*seconds);
        }
        self.new_day(day, (front, back), slot)
    }

    #[inline(never)]
    fn new_day(&mut self, day: &[u8; 10], (front, back): (u64, u16), slot: usize) -> Option<u32> {
        let found = calendar::parse_date(core::str::from_utf8(day).ok()?).ok()?;
        let seconds = u32::try_from(found.unix_ms() / 1_000).ok()?;
        if let Some(slot) = self.days.get_mut(slot) {
            *slot = (front, back, seconds);
        }
        Some(seconds)
    }
}

fn number(place: usize) -> Option<u8> {
    u8::try_from(place.saturating_add(1)).ok().filter(|_| place < WORDS_MAX)
}

/// Which of the slots a word may stand in: as many bits as there are slots.
#[inline]
fn slot(word: u64) -> usize {
    const BITS_NOT_USED: u32 = u64::BITS - SLOTS.ilog2();
    usize::try_from(mixed(word) >> BITS_NOT_USED).unwrap_or_default()
}

/// The same for a day.
#[inline]
fn day_slot(word: u64) -> usize {
    const BITS_NOT_USED: u32 = u64::BITS - DAY_SLOTS.ilog2();
    usize::try_from(mixed(word) >> BITS_NOT_USED).unwrap_or_default()
}

#[inline]
const fn mixed(word: u64) -> u64 {
    word.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
