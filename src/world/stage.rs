//! What does not change from seed to seed is made once: conditions, profile, secrets, the prepared verifier.

use super::conditions::Conditions;
use super::error::Error;
use super::process::{LEASE_SLACK_MS, TIMEOUT_MS};
use super::provider::Contract;
use crate::crypto::Secret;
use crate::payments::{Profile, Safeguards, Settings};
use crate::prelude::*;
use crate::time::Millis;
use crate::webhook::{self, Options, Verifier};

/// The secret that the merchant and the provider share for webhooks.
pub(super) const WEBHOOK_SECRET: &str = "whsec_of_the_world";

/// Longer than anything in a world lasts: whoever waits for a person has not come to an end.
const DEADLINE: Millis = Millis::from_seconds(60 * 24 * 3_600);

/// Everything that all seeds of a run share.
#[derive(Debug)]
pub struct Stage {
    pub(super) conditions: Conditions,
    pub(super) profile: &'static Profile,
    pub(super) contract: Contract,
    pub(super) safeguards: Safeguards,
    pub(super) settings: Settings,
    pub(super) secret: Secret,
    pub(super) verifier: Verifier,
}

impl Stage {
    /// The stage of a profile's name: that of a world, or that of a provider in the default world.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownProfile`].
    pub fn new(name: &str, safeguards: Safeguards) -> Result<Self, Error> {
        let (conditions, profile) = match (Conditions::named(name), Profile::named(name)) {
            (Some(conditions), _) => (conditions, Profile::named("native")),
            (None, profile @ Some(_)) => (Conditions::default(), profile),
            (None, None) => return Err(Error::UnknownProfile { found: name.to_owned() }),
        };
        let profile = profile.ok_or_else(|| Error::UnknownProfile { found: name.to_owned() })?;
        let settings = Settings {
            lease: Millis::new(TIMEOUT_MS.saturating_add(LEASE_SLACK_MS)),
            deadline: DEADLINE,
            safeguards,
            ..Settings::default()
        };
        let options = Options { secrets: &[WEBHOOK_SECRET], ..Options::default() };
        let verifier = Verifier::new(&webhook::STRIPE_V1, options).map_err(|_| Error::Unprepared)?;
        let contract = Contract { window_ms: profile.window.get() };
        let secret = Secret::new(b"the secret of the merchant of the world".to_vec());
        Ok(Self { conditions, profile, contract, safeguards, settings, secret, verifier })
    }

    /// The same with another chance to die, before and after every durable step.
    #[must_use]
    pub fn with_crashes(mut self, percent: u32) -> Self {
        self.conditions.crash_ppm = percent.saturating_mul(10_000);
        self
    }
}
