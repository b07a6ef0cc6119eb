//! Random histories: whatever happens in whatever order, a naive reader of the journal finds no broken promise.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tillproof::payments::{Entry, Operation, Outcome, Progress, State};

use super::story::Story;

/// All that can happen. What does not fit at a moment is skipped.
const WORDS: [&str; 46] = [
    "frozen_lost",
    "frozen_not_sent",
    "frozen_refused",
    "frozen_none",
    "question",
    "send",
    "send",
    "send",
    "send",
    "ok",
    "ok:pay_2",
    "lost",
    "lost",
    "lost",
    "not_sent",
    "action",
    "processing",
    "garbled",
    "stored_500",
    "foreign",
    "late",
    "late:pay_3",
    "status:402",
    "status:409",
    "status:422",
    "status:429",
    "status:503",
    "ask:none",
    "ask:none",
    "ask:none",
    "ask:lost",
    "ask:pay_1",
    "ask:pay_1,pay_2",
    "hook:pay_1",
    "hook:pay_4",
    "hold",
    "die",
    "wait:6",
    "wait:700",
    "reopen",
    "reopen",
    "cancel",
    "refunded",
    "unrefundable",
    "unsent_refund",
    "resolve:failed",
];

/// 23 of the 24 hours for which the native gateway remembers a key; the last hour is the margin.
const USABLE_WINDOW_MS: u64 = 23 * 3_600_000;

/// What a naive reader remembers beside the journal.
#[derive(Default)]
struct Reader {
    /// When the key of the epoch was first sent, unless that send was surely not executed.
    first_sent: Option<u64>,
    keys: Vec<String>,
    sends: usize,
    settled: bool,
    charges: BTreeSet<String>,
}

impl Reader {
    fn look(&mut self, story: &Story, word: &str) {
        let intent = story.machine.intent();
        for (sent_at, _, key) in story.sends.iter().skip(self.sends) {
            // G10: a key that was not sent before needs a proof of its own in the journal.
            if self.keys.last() != Some(key) {
                self.keys.push(key.clone());
                self.first_sent = None;
                let proofs = story.journal.iter().filter(|entry| matches!(entry, Entry::Reopened { .. }));
                assert!(self.keys.len() <= 1 + proofs.count(), "a key without a proof after {word}");
            }
            let first = *self.first_sent.get_or_insert(*sent_at);
            // G9.
            assert!(*sent_at < first + USABLE_WINDOW_MS, "sent {} ms after the first", sent_at - first);
        }
        self.sends = story.sends.len();
        assert_eq!(
            self.keys.iter().collect::<BTreeSet<_>>().len(),
            self.keys.len(),
            "a key of an earlier epoch"
        );
        if intent.state.name() == "initiated" {
            self.first_sent = None;
        }
        // I5.
        self.settled |= intent.outcome() == Outcome::Settled;
        assert!(
            !self.settled || intent.outcome() == Outcome::Settled,
            "settled, and then {:?}",
            intent.state
        );
        self.account_for_charges(story, word);
        prove(&story.journal);
    }

    /// I8: whatever was heard of counts, is taken back, or is shown to a person; and what failed left nothing moved.
    fn account_for_charges(&mut self, story: &Story, word: &str) {
        let intent = story.machine.intent();
        let heard = story.journal.iter().filter_map(|entry| match entry {
            Entry::Settled { provider_reference, .. } | Entry::ExtraCharge { provider_reference, .. } => {
                Some(provider_reference)
            }
            // A void calls off a payment that still waits for its customer: no charge yet.
            Entry::ReversalDue { charge, operation: Operation::Refund, .. } => Some(charge),
            _ => None,
        });
        self.charges.extend(heard.cloned());
        if let Some(("hook", charge)) = word.split_once(':') {
            self.charges.insert(charge.to_owned());
        }
        for charge in &self.charges {
            let counts = matches!(&intent.state,
                State::Settled { provider_reference, .. } if provider_reference == charge);
            let of_it = || intent.reversals.iter().filter(|reversal| reversal.charge == *charge);
            let taken_back = of_it().any(|reversal| !matches!(reversal.progress, Progress::Failed { .. }));
            let shown = intent.extra_charges.contains(charge);
            assert!(
                counts || taken_back || shown,
                "nobody accounts for {charge} after {word}: {:?}",
                intent.state
            );
            let settled_by_it = counts && taken_back;
            assert!(!settled_by_it, "{charge} counts and is taken back");
        }
        if intent.outcome() == Outcome::Failed {
            let open = intent.reversals.iter().any(|reversal| reversal.is_open());
            assert!(!open, "failed while money is on its way back: {}", story.told());
        }
    }
}

/// I4: each new epoch follows its proof, and P4 follows two empty answers that count.
fn prove(journal: &[Entry]) {
    for (position, entry) in journal.iter().enumerate() {
        let before = &journal[..position];
        match entry {
            Entry::Reopened { proof, .. } => {
                let last = before.iter().rev().find_map(|entry| match entry {
                    Entry::Failed { proof, .. } => Some(proof.name()),
                    Entry::Reversed { .. } => Some("reversed"),
                    Entry::Resolved { .. } => Some("decided"),
                    Entry::SendAuthorised { .. } | Entry::Settled { .. } | Entry::Opened { .. } => {
                        Some("none")
                    }
                    _ => None,
                });
                assert_eq!(last, Some(proof.name()));
            }
            Entry::Failed { proof, .. } if proof.name() == "absent" => {
                let empty = before.iter().rev().take_while(|entry| {
                    !matches!(
                        entry,
                        Entry::SendAuthorised { .. } | Entry::Ambiguous { .. } | Entry::Reopened { .. }
                    )
                });
                let counting = empty.filter(|entry| matches!(entry, Entry::QueriedEmpty { quiet: true, .. }));
                assert!(counting.count() >= 2, "absent without two empty answers");
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_a_promise(history in prop::collection::vec(0..WORDS.len(), 1..40)) {
        let mut story = Story::begin("native", "charge");
        let mut reader = Reader::default();
        for word in history.into_iter().map(|index| WORDS[index]) {
            if story.word(word) {
                reader.look(&story, word);
            }
        }
    }
}
