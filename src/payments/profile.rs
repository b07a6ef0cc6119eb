//! What a provider promises about idempotency keys, as data.
//!
//! Each figure decides whether a re-send is safe, so each has a source and a date. Where a promise is unknown, the
//! conservative value is taken: a window of zero means "ask before sending again".

use crate::prelude::*;
use crate::time::Millis;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// How a provider treats keys, and how it can be asked what became of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The stable name.
    pub name: &'static str,
    /// The header that carries the key.
    pub key_header: &'static str,
    /// How long the provider surely remembers a key, from the first send. Zero: never send twice without asking.
    pub window: Millis,
    /// The part of the window that is not used, since clocks differ and requests travel.
    pub margin: Millis,
    /// How long after the last send a late copy may still execute, plus the lag of the query.
    pub quarantine: Millis,
    /// Whether payments can be listed by our reference. Without it, absence can never be proven.
    pub query_by_reference: bool,
    /// Whether a 429 is answered before the request is executed.
    pub rate_limit_executes_nothing: bool,
    /// The response header that marks a replayed answer.
    pub replay_header: &'static str,
    /// Where the promises are written.
    pub source: &'static str,
    /// When they were last checked, as a date.
    pub checked: &'static str,
}

/// Tillproof's own gateway dialect.
const NATIVE: Profile = Profile {
    name: "native",
    key_header: "Idempotency-Key",
    window: Millis::new(24 * HOUR),
    margin: Millis::new(HOUR),
    quarantine: Millis::new(5 * MINUTE),
    query_by_reference: true,
    rate_limit_executes_nothing: true,
    replay_header: "idempotent-replayed",
    source: "the native gateway over HTTP, README",
    checked: "2026-11-21",
};

/// A gateway that speaks the native dialect but promises nothing about keys: every doubt is settled by asking.
const CONSERVATIVE: Profile = Profile {
    name: "conservative",
    key_header: "Idempotency-Key",
    window: Millis::ZERO,
    margin: Millis::ZERO,
    quarantine: Millis::new(15 * MINUTE),
    query_by_reference: true,
    rate_limit_executes_nothing: false,
    replay_header: "idempotent-replayed",
    source: "reference/payments.md 6.3: the most conservative profile is the default",
    checked: "2026-11-21",
};

const ALL: [&Profile; 2] = [&NATIVE, &CONSERVATIVE];

impl Profile {
    /// The profile of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|profile| profile.name == name)
    }

    /// All profiles.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ALL.into_iter()
    }

    /// The names of all profiles, for messages.
    #[must_use]
    pub fn names() -> String {
        glued(&[NATIVE.name, ", ", CONSERVATIVE.name])
    }
}
