//! A line of the journal proves its place: its hash covers its content, its position and the hash before it.
//!
//! The text of a line is one JSON object with the members `entry`, `hash`, `position` and `previous`, in this order
//! and without white space; `account` stands in the place of `entry` where the line says what may be posted to an
//! account. The hash is the lower-case hexadecimal SHA-256 of these bytes:
//!
//! ```text
//! tillproof-ledger-1 LF position LF previous LF record
//! ```
//!
//! `position` in decimal from 1, `previous` as 64 hexadecimal digits (64 zeros for the first line), `record` the JSON
//! text of the first member exactly as it stands in the line. A third party checks a journal with any JSON reader and `sha256sum`.
//!
//! Reading is strict to the byte: a text that would be written differently is refused, so that no byte of a stored
//! journal can be changed unnoticed.

use super::digest::Digest;
use super::{Entry, Error, ErrorKind, Record, Standing};
use crate::json::{self, Fields, ObjectWriter};
use crate::prelude::*;

/// The last position of a journal: twelve digits, the width of the keys lines are stored under.
pub const POSITION_MAX: u64 = 999_999_999_999;

/// Keeps this chain apart from every other use of SHA-256.
pub(super) const DOMAIN: &str = "tillproof-ledger-1";

/// One line of a journal: a record at its position in the chain. Cannot be made with a wrong hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    position: u64,
    previous: Digest,
    hash: Digest,
    record: Record,
}

impl Line {
    /// The line of `record` after `previous`.
    pub(super) fn chained(position: u64, previous: Digest, record: Record) -> Self {
        let hash = hash_of(position, previous, &record.to_json());
        Self { position, previous, hash, record }
    }

    /// Reads the text of a line and checks its hash. Whether it follows the line before is for
    /// [`Ledger::apply`](super::Ledger::apply) to check.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BrokenChain`] at `expected_position`, the position the line should have.
    pub fn parse(text: &[u8], expected_position: u64) -> Result<Self, Error> {
        let broken = |found| Error::from(ErrorKind::BrokenChain { position: expected_position, found });
        let document = json::parse(text).map_err(|_| broken("it is not JSON"))?;
        let line = Self::read(&document).ok_or_else(|| broken("it is not a journal line"))?;
        if line.hash != hash_of(line.position, line.previous, &line.record.to_json()) {
            return Err(broken("its hash is not that of its content"));
        }
        if line.text().as_bytes() != text {
            return Err(broken("it is not written in the canonical form"));
        }
        if line.position != expected_position {
            return Err(broken("another position is written in it"));
        }
        Ok(line)
    }

    fn read(document: &json::Value<'_>) -> Option<Self> {
        let mut fields = Fields::of(document, "line").ok()?;
        let record = match (fields.optional("entry"), fields.optional("account")) {
            (Some(entry), None) => Entry::from_json(entry).ok()?.into(),
            (None, Some(standing)) => Standing::from_json(standing).ok()?.into(),
            (None, None) | (Some(_), Some(_)) => return None,
        };
        let hash = Digest::parse(fields.text("hash").ok()?)?;
        let position = fields.integer("position").ok()?;
        let previous = Digest::parse(fields.text("previous").ok()?)?;
        fields.finish().ok()?;
        Some(Self { position, previous, hash, record })
    }

    /// The text of the line, to be stored as it is. No line break.
    #[must_use]
    pub fn text(&self) -> String {
        ObjectWriter::new()
            .raw(self.record.member(), &self.record.to_json())
            .text("hash", &self.hash.text())
            .number("position", self.position)
            .text("previous", &self.previous.text())
            .finish()
    }

    /// Where the line stands, from 1.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// What it says.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The entry, if it holds one.
    #[must_use]
    pub const fn entry(&self) -> Option<&Entry> {
        self.record.entry()
    }

    /// The hash of this line, 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        self.hash.text()
    }

    /// The hash of the line before, 64 lower-case hexadecimal digits; zeros for the first line.
    #[must_use]
    pub fn previous(&self) -> String {
        self.previous.text()
    }

    pub(super) const fn digest(&self) -> Digest {
        self.hash
    }

    pub(super) fn follows(&self, head: Digest) -> bool {
        self.previous == head
    }
}

fn hash_of(position: u64, previous: Digest, record: &str) -> Digest {
    let head = glued(&[DOMAIN, "\n", &position.digits(), "\n", &previous.text(), "\n"]);
    Digest::of(&[head.as_bytes(), record.as_bytes()])
}
