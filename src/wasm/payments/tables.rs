//! What can be known without an intent: whether a profile can be decided by, keys, and the waits a caller will see.

#[cfg(feature = "governor")]
use crate::governor;
use crate::json::{self, ArrayWriter, ObjectWriter, Reader};
#[cfg(feature = "governor")]
use crate::money;
use crate::payments::key::{self, KeyForm};
use crate::payments::{Error, Operation, Profile};
use crate::prelude::*;
use crate::retry::{self, Expected, Row};
use crate::time::Millis;

use super::input;

/// Checks a profile: `{ profile }`, answered by its name.
///
/// # Errors
///
/// As [`Profile::from_json`].
pub fn check_profile(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut reader = Reader::of(&document, "input");
    let profile = input::part(&mut reader, "profile");
    reader.finish()?;
    Ok(json::quoted(Profile::from_json(profile)?.name()))
}

/// What is said of each code that the engines behind a payment refuse with, as an object: the artefacts `payments` and
/// `governor` are wordless, so the build writes this into a module beside them.
#[cfg(feature = "governor")]
#[must_use]
pub fn sentences() -> String {
    let tables = [
        json::Error::SENTENCES,
        money::Error::SENTENCES,
        retry::Error::SENTENCES,
        Error::SENTENCES,
        governor::Error::SENTENCES,
        crate::wasm::governor::Error::SENTENCES,
    ];
    let lines = tables.iter().copied().flatten();
    lines.fold(ObjectWriter::new(), |out, (code, sentence)| out.text(code, sentence)).finish()
}

/// The key of an identity: `{ secret, merchant, account?, operation, reference, epoch?, form? }`.
///
/// # Errors
///
/// [`ErrorKind::Document`](crate::payments::ErrorKind::Document),
/// [`ErrorKind::SecretTooShort`](crate::payments::ErrorKind::SecretTooShort).
pub fn derive_key(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut reader = Reader::of(&document, "input");
    let secret = input::secret(&mut reader, "secret");
    let (name, merchant) = (reader.text("operation"), reader.text("merchant"));
    let operation = Operation::from_name(name);
    if operation.is_none() {
        reader.refuse("operation", Operation::EXPECTED, json::quoted(name));
    }
    let epoch = reader.maybe_integer("epoch").unwrap_or(1);
    if !(1..=u64::from(u32::MAX)).contains(&epoch) {
        reader.refuse("epoch", "a count from 1", epoch.digits());
    }
    let form = reader.maybe_text("form");
    let known = form.map_or(Some(KeyForm::Hex), KeyForm::from_name);
    if known.is_none() {
        reader.refuse("form", "\"hex\" or \"uuid\"", json::quoted(form.unwrap_or_default()));
    }
    let identity = key::Identity {
        merchant,
        account: reader.maybe_text("account").unwrap_or_default(),
        operation: operation.unwrap_or(Operation::Charge),
        reference: reader.text("reference"),
        epoch: u32::try_from(epoch).unwrap_or_default(),
    };
    reader.finish()?;
    key::derive(&secret, identity, known.unwrap_or(KeyForm::Hex)).map(|key| json::quoted(&key))
}

/// A random key: `{ version: 4 | 7, entropy, now? }`.
///
/// # Errors
///
/// [`ErrorKind::Document`](crate::payments::ErrorKind::Document).
pub fn random_key(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut reader = Reader::of(&document, "input");
    let version = reader.integer("version");
    let bytes = input::entropy_bytes(&mut reader);
    let key = match version {
        4 => key::random_v4(bytes),
        7 => {
            let mut tail = [0; 10];
            tail.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
            key::random_v7(input::moment(&mut reader, "now"), tail)
        }
        other => {
            reader.refuse("version", "4 or 7", other.digits());
            String::new()
        }
    };
    // A time beside a key that has none says nothing.
    let _ = reader.optional("now");
    reader.finish()?;
    Ok(json::quoted(&key))
}

/// The waits a caller will see: `{ retry?, attempts, deadline_ms?, hint_ms?, unknown?, entropy? }`, as an array of
/// `{ attempt, earliest_ms, latest_ms, begins_earliest_ms, begins_latest_ms, exact_ms? }`.
///
/// # Errors
///
/// [`ErrorKind::Document`](crate::payments::ErrorKind::Document).
pub fn retry_schedule(input: &[u8]) -> Result<String, Error> {
    const ATTEMPTS_MAX: u64 = 1_000;
    let document = json::parse(input)?;
    let mut reader = Reader::of(&document, "input");
    let policy = input::policy(reader.optional("retry"))?;
    let attempts = reader.integer("attempts");
    if attempts > ATTEMPTS_MAX {
        reader.refuse("attempts", "at most 1000 attempts", attempts.digits());
    }
    let deadline = reader.maybe_integer("deadline_ms").unwrap_or(json::SAFE_INTEGER_MAX);
    let expected = Expected {
        hint: Millis::new(reader.maybe_integer("hint_ms").unwrap_or_default()),
        is_unknown: reader.flag("unknown"),
    };
    let seeded = reader.optional("entropy").is_some();
    let entropy = seeded.then(|| input::entropy(&mut reader));
    reader.finish()?;

    let Ok(attempts @ 1..) = u32::try_from(attempts) else { return Ok(ArrayWriter::new().finish()) };
    let policy = policy.with_deadline(Millis::new(deadline)).with_attempts_max(attempts)?;
    let bounds = retry::schedule(&policy, expected, None).rows;
    // What will happen ends no later than what can: its rows are the first of the others.
    let exact =
        entropy.map_or_else(Vec::new, |entropy| retry::schedule(&policy, expected, Some(entropy)).rows);
    let mut list = ArrayWriter::new();
    for (at, bound) in bounds.iter().enumerate().take(if seeded { exact.len() } else { bounds.len() }) {
        let Row { attempt, wait, .. } = *bound;
        let Row { wait: drawn, begins, .. } = *exact.get(at).unwrap_or(bound);
        let safe = |length: Millis| length.get().min(json::SAFE_INTEGER_MAX);
        // The wait that stands before the attempt: none before the first.
        let mut row = ObjectWriter::new()
            .number("attempt", u64::from(attempt))
            .number("earliest_ms", safe(wait.earliest))
            .number("latest_ms", safe(wait.latest))
            .number("begins_earliest_ms", safe(begins.earliest))
            .number("begins_latest_ms", safe(begins.latest));
        if seeded {
            row = row.number("exact_ms", safe(drawn.latest));
        }
        list = list.raw(&row.finish());
    }
    Ok(list.finish())
}
