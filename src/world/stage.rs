//! What does not change from seed to seed is made once: conditions, profile, secrets, the prepared verifier.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use super::conditions::{Conditions, Promise};
use super::error::Error;
use super::event::Seat;
use super::process::{LEASE_SLACK_MS, TIMEOUT_MS};
use super::provider::Contract;
use crate::crypto::Secret;
use crate::json;
use crate::payments::{Entry, Error as Refusal, Machine, Profile, Request, Safeguards, Settings, Terms};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};
use crate::webhook::{self, Options, Verifier};

/// The secret that the merchant and the provider share for webhooks.
pub(super) const WEBHOOK_SECRET: &str = "whsec_of_the_world";

/// The profile whose figures a world may change.
const NATIVE: &str = include_str!("../payments/profiles/native.json");

/// The provider profiles whose dialect the world's provider speaks.
pub(super) const SPOKEN: [&str; 2] = ["native", "conservative"];

/// Longer than anything in a world lasts: whoever waits for a person has not come to an end.
const DEADLINE: Millis = Millis::from_seconds(60 * 24 * 3_600);

/// Everything that all seeds of a run share.
#[derive(Debug)]
pub struct Stage {
    pub(super) conditions: Conditions,
    profile: Arc<Profile>,
    /// That of the second process, where two versions are deployed at once.
    other_profile: Arc<Profile>,
    /// What the machine is promised about keys, which is what the invariants are measured by.
    pub(super) terms: Terms,
    pub(super) contract: Contract,
    pub(super) safeguards: Safeguards,
    pub(super) settings: Settings,
    pub(super) secret: Secret,
    pub(super) verifier: Verifier,
    /// Lives so far, for the mutant whose chance does not come from the seed.
    lives: AtomicU64,
}

impl Stage {
    /// The stage of a profile's name: that of a world, or that of a provider in the default world.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownProfile`].
    pub fn new(name: &str, safeguards: Safeguards) -> Result<Self, Error> {
        let (conditions, provider) = match Conditions::named(name) {
            Some(conditions) => (conditions, "native"),
            None if SPOKEN.contains(&name) => (Conditions::default(), name),
            None => return Err(Error::UnknownProfile { found: name.to_owned() }),
        };
        let known = |promise| profile(provider, promise);
        let unknown = || Error::UnknownProfile { found: name.to_owned() };
        let profile = known(conditions.promise).ok_or_else(unknown)?;
        let other_profile = known(conditions.other_promise.or(conditions.promise)).ok_or_else(unknown)?;
        let settings = Settings {
            lease: Millis::new(TIMEOUT_MS.saturating_add(LEASE_SLACK_MS)),
            deadline: DEADLINE,
            safeguards,
            ..Settings::default()
        };
        let options = Options { secrets: &[WEBHOOK_SECRET], ..Options::default() };
        let verifier = Verifier::new(&webhook::STRIPE_V1, options).map_err(|_| Error::Unprepared)?;
        let terms = request("order", 1).map(|request| profile.terms(&request)).ok_or(Error::Unprepared)?;
        let contract = Contract { window_ms: terms.window.get() };
        let secret = Secret::new(b"the secret of the merchant of the world".to_vec());
        Ok(Self {
            conditions,
            profile,
            other_profile,
            terms,
            contract,
            safeguards,
            settings,
            secret,
            verifier,
            lives: AtomicU64::new(0),
        })
    }

    /// The same with another chance to die, before and after every durable step.
    #[must_use]
    pub fn with_crashes(mut self, percent: u32) -> Self {
        self.conditions.crash_ppm = percent.saturating_mul(10_000);
        self
    }

    /// Another number for each life.
    pub(super) fn disturbance(&self) -> u64 {
        self.lives.fetch_add(1, Ordering::Relaxed)
    }

    /// An intent from its journal, as a process of a seat reads it that began at that moment.
    pub(super) fn load(
        &self,
        seat: Seat,
        begun_at: Timestamp,
        journal: &[Entry],
    ) -> Result<Machine, Refusal> {
        Machine::load(self.profile(seat), Settings { begun_at, ..self.settings.clone() }, journal)
    }

    /// A new intent.
    pub(super) fn open(&self, seat: Seat, request: Request, now: Timestamp) -> Result<Machine, Refusal> {
        Machine::open(self.profile(seat), self.settings.clone(), "eu", request, &self.secret, now)
    }

    /// What the program of a process knows of the provider.
    fn profile(&self, seat: Seat) -> Arc<Profile> {
        match seat {
            Seat::First => self.profile.clone(),
            Seat::Second => self.other_profile.clone(),
        }
    }
}

/// A provider profile, with other figures where the world has others.
fn profile(name: &str, promise: Option<Promise>) -> Option<Arc<Profile>> {
    let Some(Promise { window_ms, margin_ms, quarantine_ms }) = promise else {
        return Profile::named(name);
    };
    let native = json::parse(NATIVE.as_bytes()).ok()?;
    let figures = [("window_ms", window_ms), ("margin_ms", margin_ms), ("quarantine_ms", quarantine_ms)];
    let mut out = json::ObjectWriter::new();
    for (name, value) in native.as_object()? {
        out = match figures.iter().find(|(figure, _)| figure == name) {
            Some((_, other)) => out.number(name, *other),
            None => out.raw(name, &value.to_text()),
        };
    }
    Profile::from_json(&json::parse(out.finish().as_bytes()).ok()?).ok().map(Arc::new)
}

/// What a customer asks for.
pub(super) fn request(name: &str, amount: u64) -> Option<Request> {
    let document = json::ObjectWriter::new()
        .text("merchant", "shop")
        .text("operation", "charge")
        .text("reference", name)
        .text("amount", &amount.digits())
        .text("currency", "EUR")
        .finish();
    Request::from_json(&json::parse(document.as_bytes()).ok()?).ok()
}
