//! A record changes only for whoever knows its version, and several change together or not at all.
//!
//! This is the contract of the real stores (`pkg/src/stores/store.ts`) with the misfortunes of real ones: a write whose
//! acknowledgement is lost, a write that fails, and a copy of yesterday.

use alloc::collections::BTreeMap;

use super::event::Name;
use crate::payments::Entry;
use crate::prelude::*;

/// An intent as it is stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) version: u64,
    pub(super) journal: Vec<Entry>,
    /// When a sweeper should look, in milliseconds of the process that wrote it.
    pub(super) wake_at: Option<u64>,
}

/// A change of an intent.
#[derive(Clone, Debug)]
pub(super) struct IntentWrite {
    pub(super) name: Name,
    /// 0 when there must be none.
    pub(super) expected: u64,
    pub(super) append: Vec<Entry>,
    pub(super) wake_at: Option<u64>,
    /// The journal that `append` was decided by, where versions are not compared and it replaces what is there.
    pub(super) before: Option<Vec<Entry>>,
}

/// A change of the record of a webhook.
#[derive(Clone, Debug)]
pub(super) struct ClaimWrite {
    pub(super) key: String,
    pub(super) expected: u64,
    pub(super) value: String,
}

/// What is durable.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    intents: BTreeMap<Name, Record>,
    claims: BTreeMap<String, (u64, String)>,
}

impl Store {
    pub(super) fn intent(&self, name: &Name) -> Option<&Record> {
        self.intents.get(name)
    }

    pub(super) fn intents(&self) -> impl Iterator<Item = (&Name, &Record)> {
        self.intents.iter()
    }

    /// Version and value of a claim.
    pub(super) fn claim(&self, key: &str) -> Option<(u64, &str)> {
        self.claims.get(key).map(|(version, value)| (*version, value.as_str()))
    }

    /// The earliest moment at which somebody wants to be looked at.
    pub(super) fn next_wake(&self) -> Option<u64> {
        self.intents.values().filter_map(|record| record.wake_at).min()
    }

    /// Writes all or nothing; `false` when somebody else was faster.
    pub(super) fn commit(&mut self, intents: &[IntentWrite], claims: &[ClaimWrite]) -> bool {
        let fresh = |write: &IntentWrite| {
            self.intents.get(&write.name).map_or(0, |record| record.version) == write.expected
        };
        let unclaimed = |write: &ClaimWrite| {
            self.claims.get(&write.key).map_or(0, |(version, _)| *version) == write.expected
        };
        if !(intents.iter().all(fresh) && claims.iter().all(unclaimed)) {
            return false;
        }

        // From here on the transition succeeds.
        self.overwrite(intents, claims);
        true
    }

    /// Writes without looking: what a store without compare-and-set does.
    pub(super) fn overwrite(&mut self, intents: &[IntentWrite], claims: &[ClaimWrite]) {
        for write in intents {
            let record = self.intents.entry(write.name.clone()).or_default();
            if let Some(before) = &write.before {
                record.journal.clone_from(before);
            }
            record.version = record.version.saturating_add(1);
            record.journal.extend_from_slice(&write.append);
            record.wake_at = write.wake_at;
        }
        for write in claims {
            let (version, value) = self.claims.entry(write.key.clone()).or_default();
            *version = version.saturating_add(1);
            value.clone_from(&write.value);
        }
    }
}
