//! The auditor counts charges and compares what was said with what is: he knows nothing of how the machine decides.
//!
//! He sees what became durable (as [`Fact`]s), which bytes left, what the provider's books say and what callers were
//! told. The invariants are those of reference/payments.md 4.7; the first that is broken ends the run.

use alloc::collections::BTreeMap;

use super::event::{Life, Name, Told};
use super::facts::{self, Fact};
use super::probes::Probes;
use super::process::{LEASE_SLACK_MS, TIMEOUT_MS};
use super::provider::books::Books;
use super::store::Store;
use crate::payments::{Entry, Outcome};
use crate::prelude::*;

/// What a lease has to spare after the last moment at which its owner may begin to send.
pub(super) const LEASE_SPARE_MS: u64 = LEASE_SLACK_MS / 2;

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its name: `I1` to `I12`, or `W1` and `W2` for webhooks.
    pub invariant: &'static str,
    /// What was seen, as a sentence.
    pub seen: String,
    /// When, in milliseconds of the world.
    pub at_ms: u64,
}

/// How long it took to find out what had become of a payment, by the way it was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// `response`, `query`, `webhook`, `refused` or `absent`.
    pub way: &'static str,
    /// From the first doubt to the end.
    pub took_ms: u64,
}

/// Bytes that are about to leave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving<'a> {
    pub(super) life: Life,
    pub(super) name: &'a Name,
    pub(super) key: &'a str,
    pub(super) attempt: u32,
    pub(super) owner: &'a str,
    pub(super) body: Option<&'a str>,
    /// When the provider first saw this key.
    pub(super) first_seen: Option<u64>,
}

/// Where an intent stands as far as the auditor was told by the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Open,
    InFlight,
    AwaitsCustomer,
    Settled,
    Failed,
    Reversing,
    Review,
}

/// What the auditor knows of one intent.
#[derive(Clone, Debug, Default)]
struct File {
    standing: Standing,
    epoch: u32,
    key: String,
    deadline_at: u64,
    /// Every send of this epoch that was authorised, and who did it.
    authorised: BTreeMap<u32, String>,
    settled_as: Option<String>,
    doubtful_since: Option<u64>,
    not_before: Option<u64>,
    told_settled: bool,
    reopened_at: Option<u64>,
    /// An older copy of the store was put in place, and it has not come again to the epoch it had reached.
    rewound_from: Option<u32>,
    sends: u32,
}

/// A key, and what it was sent with.
#[derive(Clone, Debug)]
struct KeyFile {
    name: Name,
    epoch: u32,
    body: Option<String>,
}

/// The key of the record that claims an event.
pub(super) fn claim_key(event: &str) -> String {
    glued(&["event/", event])
}

/// The auditor.
#[derive(Clone, Debug)]
pub(super) struct Auditor {
    /// By how much two clocks may differ.
    tolerance_ms: u64,
    /// The part of the window that may be used.
    usable_ms: u64,
    /// No copy outlives the quarantine: what was proven absent stays absent.
    copies_die: bool,
    /// Processes ask a governor first.
    is_governed: bool,
    probes: Probes,
    files: BTreeMap<Name, File>,
    keys: BTreeMap<String, KeyFile>,
    on_the_wire: Vec<(Life, Name, u64)>,
    applied: BTreeMap<String, u32>,
    resolved: Vec<Resolved>,
    broken: Option<Broken>,
    was_restored: bool,
}

impl Auditor {
    pub(super) const fn new(tolerance_ms: u64, usable_ms: u64, copies_die: bool, is_governed: bool) -> Self {
        Self {
            tolerance_ms,
            usable_ms,
            copies_die,
            is_governed,
            probes: Probes::new(),
            files: BTreeMap::new(),
            keys: BTreeMap::new(),
            on_the_wire: Vec::new(),
            applied: BTreeMap::new(),
            resolved: Vec::new(),
            broken: None,
            was_restored: false,
        }
    }

    /// Whether an older copy of the store was put in place.
    pub(super) const fn was_restored(&self) -> bool {
        self.was_restored
    }

    pub(super) const fn broken(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }

    pub(super) fn into_findings(self) -> (Option<Broken>, Vec<Resolved>) {
        (self.broken, self.resolved)
    }

    /// Sends of all intents.
    pub(super) fn sends(&self) -> u64 {
        self.files.values().map(|file| u64::from(file.sends)).sum()
    }

    /// Notes what is wrong; only the first counts.
    pub(super) fn blame(&mut self, at_ms: u64, invariant: &'static str, seen: String) {
        if self.broken.is_none() {
            self.broken = Some(Broken { invariant, seen, at_ms });
        }
    }

    /// Entries became durable.
    pub(super) fn stored(
        &mut self,
        now: u64,
        name: &Name,
        entries: &[Entry],
        wake_at: Option<u64>,
        books: &Books,
    ) {
        for entry in entries {
            if let Some(fact) = facts::of(entry) {
                self.note(now, name, &fact, books);
            }
        }
        let deadline_at = self.files.get(name).map_or(u64::MAX, |file| file.deadline_at);
        // Whoever asks just before the deadline keeps others away until his lease is over.
        let latest = deadline_at
            .max(now)
            .saturating_add(self.tolerance_ms)
            .saturating_add(TIMEOUT_MS)
            .saturating_add(LEASE_SLACK_MS);
        if let Some(wake_at) = wake_at.filter(|wake_at| *wake_at > latest) {
            self.blame(
                now,
                "I9",
                format!("{name} sleeps until {wake_at}, beyond its deadline {deadline_at}"),
            );
        }
    }

    fn note(&mut self, now: u64, name: &Name, fact: &Fact, books: &Books) {
        let file = self.files.entry(name.clone()).or_default();
        let before = file.standing;
        let moves =
            !matches!(fact, Fact::Settled { .. } | Fact::Extra | Fact::Reversing | Fact::Reversed { .. });
        if before == Standing::Settled && moves {
            let seen = format!("{name} was settled, and then {fact:?} was stored");
            return self.blame(now, "I5", seen);
        }
        match fact {
            Fact::Opened { key, deadline_at } => {
                let known = file.epoch > 0;
                let (told_settled, sends, rewound_from) = (file.told_settled, file.sends, file.rewound_from);
                *file = File { told_settled, sends, rewound_from, ..File::default() };
                (file.epoch, file.deadline_at) = (1, *deadline_at);
                file.key.clone_from(key);
                if known {
                    self.blame(now, "I1", format!("{name} was opened twice"));
                }
            }
            Fact::Authorised { attempt, owner } => {
                file.standing = Standing::InFlight;
                file.authorised.insert(*attempt, owner.clone());
            }
            Fact::Unknown | Fact::NotExecuted => {
                file.standing = Standing::Open;
                if *fact == Fact::Unknown {
                    file.doubtful_since = file.doubtful_since.or(Some(now));
                }
            }
            Fact::AwaitsCustomer => file.standing = Standing::AwaitsCustomer,
            Fact::Settled { charge, way } => {
                (file.standing, file.rewound_from) = (Standing::Settled, None);
                file.settled_as = Some(charge.clone());
                let (way, since) = (*way, file.doubtful_since.take());
                self.resolved.extend(since.map(|since| Resolved { way, took_ms: now.saturating_sub(since) }));
                if !books.moved(name, charge) {
                    self.blame(
                        now,
                        "I8",
                        format!("{name} was settled by {charge}, which is no payment of it"),
                    );
                }
            }
            Fact::Failed { proof } => {
                file.standing = Standing::Failed;
                let (way, since) = (*proof, file.doubtful_since.take());
                self.resolved.extend(since.map(|since| Resolved { way, took_ms: now.saturating_sub(since) }));
            }
            Fact::Review => file.standing = Standing::Review,
            // A settled intent stays settled while a second charge of it is given back.
            Fact::Reversing if before == Standing::Settled => {}
            Fact::Reversing => file.standing = Standing::Reversing,
            Fact::Reversed { charge } => {
                if before != Standing::Settled {
                    file.standing = Standing::Failed;
                }
                if books.named(charge).is_some_and(|payment| payment.is_live()) {
                    self.blame(now, "I8", format!("{charge} of {name} is called given back, and it stands"));
                }
            }
            Fact::Extra => {}
            Fact::Reopened { epoch, key } => {
                let counted = file.epoch.checked_add(1) == Some(*epoch);
                (file.standing, file.epoch, file.reopened_at) = (Standing::Open, *epoch, Some(now));
                file.authorised.clear();
                file.not_before = None;
                file.rewound_from = file.rewound_from.filter(|from| epoch < from);
                file.key.clone_from(key);
                if before != Standing::Failed || !counted {
                    let seen =
                        format!("{name} went to epoch {epoch} from {before:?}, without a stored proof");
                    self.blame(now, "I4", seen);
                }
            }
        }
    }

    /// An older copy of the store is in place: what was durable is what the copy says.
    pub(super) fn restored(&mut self, now: u64, store: &Store) {
        self.was_restored = true;
        let files = core::mem::take(&mut self.files);
        // The replay of an old truth is no finding.
        let (broken, resolved) = (self.broken.clone(), self.resolved.clone());
        for (name, record) in store.intents() {
            self.stored(now, name, &record.journal, None, &Books::default());
        }
        (self.broken, self.resolved) = (broken, resolved);
        self.applied.retain(|event, _| store.claim(&claim_key(event)).is_some());
        for (name, old) in files {
            let file = self.files.entry(name).or_default();
            // What was told after the copy was made is not known to it, and may come out otherwise.
            file.told_settled = old.told_settled && file.standing == Standing::Settled;
            file.sends = old.sends;
            file.rewound_from = Some(old.epoch.max(old.rewound_from.unwrap_or_default()));
        }
    }

    /// Whether a restored copy has not yet come again to the epoch that the intent had reached.
    pub(super) fn is_behind(&self, name: &Name) -> bool {
        self.files.get(name).is_some_and(|file| file.rewound_from.is_some())
    }

    /// A hint of the provider was stored with the news it came with.
    pub(super) fn hinted(&mut self, name: &Name, not_before: Option<u64>) {
        if let Some(file) = self.files.get_mut(name) {
            file.not_before = not_before;
        }
    }

    /// Bytes of a send leave a process.
    pub(super) fn leaves(&mut self, now: u64, leaving: &Leaving<'_>) {
        let Leaving { life, name, key, attempt, owner, body, first_seen } = *leaving;
        let file = self.files.entry(name.clone()).or_default();
        file.sends = file.sends.saturating_add(1);
        let epoch = file.epoch;
        // News may settle the intent between the authorisation and the first byte; the same key does no harm then. Whose
        // clock is wrong by more than a lease has to spare may be overtaken in that moment.
        let overtaken = file.authorised.keys().next_back().is_some_and(|latest| *latest != attempt);
        let durable = file.authorised.get(&attempt).is_some_and(|by| by == owner)
            && (!overtaken || self.tolerance_ms > LEASE_SPARE_MS);
        let right_key = file.key == key;
        let early = file.not_before.is_some_and(|moment| now.saturating_add(self.tolerance_ms) < moment);
        let limit = self.usable_ms.saturating_add(self.tolerance_ms);
        let late = first_seen.is_some_and(|first| now >= first.saturating_add(limit));
        let known = self.keys.entry(key.to_owned()).or_insert_with(|| KeyFile {
            name: name.clone(),
            epoch,
            body: body.map(ToOwned::to_owned),
        });
        let same = known.name == *name && known.epoch == epoch && known.body.as_deref() == body;
        // Clocks that differ by more than a lease has to spare end it early; that overlap is allowed.
        let overlap_ms = self.tolerance_ms.saturating_sub(LEASE_SPARE_MS);
        let ends_at = |sent_at: u64| sent_at.saturating_add(TIMEOUT_MS).saturating_sub(overlap_ms);
        let parallel =
            self.on_the_wire.iter().any(|(_, other, sent_at)| other == name && now < ends_at(*sent_at));
        self.on_the_wire.push((life, name.clone(), now));
        if !right_key {
            self.blame(now, "I1", format!("{name} sends a key that is not that of epoch {epoch}"));
        } else if !same {
            self.blame(now, "I1", format!("a key of {name} was sent with two contents, or in two epochs"));
        }
        if !durable {
            self.blame(now, "I2", format!("attempt {attempt} of {name} leaves {owner} and is not durable"));
        }
        if late {
            let first = first_seen.unwrap_or_default();
            self.blame(
                now,
                "I3",
                format!("attempt {attempt} of {name} leaves at {now}; its key began {first}"),
            );
        }
        if early {
            self.blame(now, "I9", format!("attempt {attempt} of {name} leaves before the provider's hint"));
        }
        if parallel {
            self.blame(now, "I12", format!("attempt {attempt} of {name} leaves beside another one"));
        }
    }

    /// A question leaves a process.
    pub(super) fn asks(&mut self, now: u64, name: &Name) {
        let hint = self.files.get(name).and_then(|file| file.not_before);
        if hint.is_some_and(|moment| now.saturating_add(self.tolerance_ms) < moment) {
            self.blame(now, "I9", format!("a question about {name} leaves before the provider's hint"));
        }
    }

    /// A request of any kind leaves a process.
    pub(super) fn begins(&mut self, now: u64, life: Life, name: &Name) {
        // What gives a charge back is an operation of its own, with a breaker of its own.
        if !self.is_governed || name.contains('/') {
            return;
        }
        let beside = self.probes.begins(now, life.seat, name);
        if beside > 0 {
            let seat = life.seat.name();
            self.blame(
                now,
                "I10",
                format!("{seat} asks about {name} beside {beside} probes while nobody answers"),
            );
        }
    }

    /// The answer has come, or none will.
    pub(super) fn ended(&mut self, now: u64, life: Life, name: &Name, failed: bool) {
        self.probes.ended(now, life.seat, name, failed);
    }

    /// A process no longer waits for an answer.
    pub(super) fn returned(&mut self, life: Life, name: &Name) {
        if let Some(at) = self.on_the_wire.iter().position(|(by, of, _)| *by == life && of == name) {
            self.on_the_wire.swap_remove(at);
        }
    }

    /// A process is dead: what it sent are copies.
    pub(super) fn died(&mut self, life: Life) {
        self.on_the_wire.retain(|(by, _, _)| *by != life);
        self.probes.died(life.seat);
    }

    /// A caller was told how his payment stands.
    ///
    /// What was true when the process read it may be told late: `decided_at` is when it was read.
    pub(super) fn told(&mut self, now: u64, name: &Name, told: &Told, decided_at: u64, books: &Books) {
        let live = books.of(name).filter(|payment| payment.is_live()).count();
        let file = self.files.entry(name.clone()).or_default();
        let standing = file.standing;
        match told.outcome {
            Outcome::Settled => {
                file.told_settled = true;
                if !told.charge.as_deref().is_some_and(|charge| books.moved(name, charge)) {
                    self.blame(
                        now,
                        "I8",
                        format!("{name} was called settled, and {:?} is not its charge", told.charge),
                    );
                }
            }
            Outcome::Failed => {
                let settled_before = file.told_settled;
                if file.reopened_at.is_some_and(|at| at >= decided_at) || file.rewound_from.is_some() {
                    return;
                }
                if standing != Standing::Failed {
                    self.blame(now, "I6", format!("{name} was called failed while it was {standing:?}"));
                } else if live > 0 && self.copies_die {
                    self.blame(
                        now,
                        "I6",
                        format!("{name} was called failed, and {live} charges of it stand"),
                    );
                }
                if settled_before {
                    self.blame(now, "I5", format!("{name} was called settled, and then failed"));
                }
            }
            Outcome::PendingConfirmation | Outcome::AwaitingCustomer => {}
        }
    }

    /// The effect of a webhook's event became durable.
    pub(super) fn applied(&mut self, now: u64, event: &str, is_forged: bool) {
        let times = self.applied.entry(event.to_owned()).or_default();
        *times = times.saturating_add(1);
        let times = *times;
        if times > 1 {
            self.blame(now, "W1", format!("{event} was applied {times} times"));
        }
        if is_forged {
            self.blame(now, "W2", format!("{event} was applied, and nobody we know had signed it"));
        }
    }
}
