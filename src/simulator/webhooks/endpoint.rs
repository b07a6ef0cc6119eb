//! An endpoint gets the events of its own dialect and account that it asked for, while it is enabled, and no others.

use alloc::collections::BTreeSet;

use super::super::signing::Scheme;
use super::Schedule;
use crate::prelude::*;
use crate::time::Timestamp;

/// Whose events there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Dialect {
    Native,
    Stripe,
}

/// Whether an endpoint takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Status {
    Enabled,
    /// Gets no new events; what is to be tried again waits for its moment, and is dropped if that comes first.
    Disabled,
    /// As disabled, for ever. Kept because deliveries point to it.
    Deleted,
}

/// The event types an endpoint asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Filter {
    /// `*`.
    All,
    Types(BTreeSet<String>),
}

impl Filter {
    /// A filter from names as they came; `*` among them means all, and so does no name at all.
    pub(in crate::simulator) fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let types: BTreeSet<String> = names.map(str::to_owned).collect();
        if types.is_empty() || types.contains("*") { Self::All } else { Self::Types(types) }
    }

    /// The names, `*` for all.
    pub(in crate::simulator) fn names(&self) -> Vec<&str> {
        match self {
            Self::All => vec!["*"],
            Self::Types(types) => types.iter().map(String::as_str).collect(),
        }
    }

    fn wants(&self, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::Types(types) => types.contains(kind),
        }
    }
}

/// Where events go.
#[derive(Clone)]
pub(in crate::simulator) struct Endpoint {
    pub(in crate::simulator) dialect: Dialect,
    /// The number of the account it belongs to; 0 is the gateway's own customer, others are connected to it.
    pub(in crate::simulator) account: usize,
    /// Whether it gets the events of connected accounts instead of its own.
    pub(in crate::simulator) connect: bool,
    pub(in crate::simulator) created: Timestamp,
    pub(in crate::simulator) url: String,
    pub(in crate::simulator) filter: Filter,
    pub(in crate::simulator) status: Status,
    pub(in crate::simulator) schedule: Schedule,
    pub(in crate::simulator) scheme: Scheme,
    /// As the merchant holds it: `whsec_...`.
    pub(in crate::simulator) secret: String,
    /// The secret before the last rotation, and until when deliveries are signed with it as well.
    pub(in crate::simulator) retiring: Option<(String, Timestamp)>,
    /// The API version its payloads are written in, where it asked for one.
    pub(in crate::simulator) api_version: Option<String>,
    /// Until when no attempt arrives.
    pub(in crate::simulator) down_until: Timestamp,
}

impl Endpoint {
    /// An endpoint of account 0 that gets everything.
    pub(in crate::simulator) fn new(
        dialect: Dialect,
        url: String,
        scheme: Scheme,
        secret: String,
        now: Timestamp,
    ) -> Self {
        let schedule = match dialect {
            Dialect::Native => Schedule::Native,
            Dialect::Stripe => Schedule::Live,
        };
        Self {
            dialect,
            account: 0,
            connect: false,
            created: now,
            url,
            filter: Filter::All,
            status: Status::Enabled,
            schedule,
            scheme,
            secret,
            retiring: None,
            api_version: None,
            down_until: Timestamp::MIN,
        }
    }

    /// Whether an event of an account goes here.
    pub(super) fn gets(&self, dialect: Dialect, account: usize, kind: &str) -> bool {
        let account_fits = if self.connect { account != self.account } else { account == self.account };
        self.status == Status::Enabled && self.dialect == dialect && account_fits && self.filter.wants(kind)
    }

    /// Takes another secret. The one before is good until `until`.
    pub(in crate::simulator) fn rotate(&mut self, secret: String, until: Timestamp) {
        let before = core::mem::replace(&mut self.secret, secret);
        self.retiring = Some((before, until));
    }

    /// The secrets a delivery at `now` is signed with, the newest first.
    pub(in crate::simulator) fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let retiring = self.retiring.as_ref().filter(|(_, until)| now < *until);
        core::iter::once(self.secret.as_str()).chain(retiring.map(|(secret, _)| secret.as_str()))
    }
}

impl core::fmt::Debug for Endpoint {
    /// Everything but the secrets, of which only the number is told.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Endpoint")
            .field("dialect", &self.dialect)
            .field("account", &self.account)
            .field("connect", &self.connect)
            .field("created", &self.created)
            .field("url", &self.url)
            .field("filter", &self.filter)
            .field("status", &self.status)
            .field("schedule", &self.schedule)
            .field("scheme", &self.scheme)
            .field("retiring", &self.retiring.as_ref().map(|(_, until)| until))
            .field("api_version", &self.api_version)
            .field("down_until", &self.down_until)
            .finish_non_exhaustive()
    }
}
