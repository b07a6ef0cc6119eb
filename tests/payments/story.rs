//! A life of one intent, told in words: what the tables of transitions and histories are made of.

use std::sync::Arc;

use tillproof::entropy::Entropy;
use tillproof::json;
use tillproof::payments::{
    Action, Entry, Intention, Machine, Permit, Profile, Proof, Request, ReversalNews, Settings, decode_entry,
    encode_entry,
};

use super::table::{answer, at, error, payment, replay_marker, request, secret};

/// An intent, and the world around it as the next word finds it.
pub(crate) struct Story {
    pub(crate) machine: Machine,
    pub(crate) now: u64,
    pub(crate) journal: Vec<Entry>,
    /// Moment, number and key of every send.
    pub(crate) sends: Vec<(u64, u32, String)>,
    /// Number of the question that waits for an answer.
    asked: Option<u32>,
    profile: Arc<Profile>,
    entropy: Entropy,
}

impl Story {
    pub(crate) fn begin(profile: &str, operation: &str) -> Self {
        Self::by(Profile::named(profile).unwrap(), operation)
    }

    /// A life under a profile of its own.
    pub(crate) fn of(profile: &str, operation: &str) -> Self {
        let document = json::parse(profile.as_bytes()).unwrap();
        Self::by(Arc::new(Profile::from_json(&document).unwrap()), operation)
    }

    fn by(profile: Arc<Profile>, operation: &str) -> Self {
        let text = request("order_1").to_json().replace("\"charge\"", &format!("\"{operation}\""));
        let request = Request::from_json(&json::parse(text.as_bytes()).unwrap()).unwrap();
        let machine =
            Machine::open(Arc::clone(&profile), Settings::default(), "eu", request, &secret(), at(0))
                .unwrap();
        let mut story = Self {
            machine,
            now: 0,
            journal: Vec::new(),
            sends: Vec::new(),
            asked: None,
            profile,
            entropy: Entropy::from_seed(21),
        };
        story.store();
        story
    }

    /// Lives through the words of a line.
    pub(crate) fn live(&mut self, words: &str) {
        for word in words.split_whitespace() {
            assert!(self.word(word), "`{word}` does not fit: {:?}", self.machine.intent().state);
        }
    }

    /// What is told of it: the state, and how far each reversal got.
    pub(crate) fn told(&self) -> String {
        let intent = self.machine.intent();
        let mut told = intent.state.name().to_owned();
        for reversal in &intent.reversals {
            let progress = format!("{:?}", reversal.progress).to_lowercase();
            let progress = progress.split([' ', '{']).next().unwrap_or_default().to_owned();
            told += &format!(" {}:{}:{progress}", reversal.operation.name(), reversal.charge);
        }
        for extra in &intent.extra_charges {
            told += &format!(" extra:{extra}");
        }
        told
    }

    /// One thing that happens; false when it cannot happen now.
    pub(crate) fn word(&mut self, word: &str) -> bool {
        let (word, rest) = word.split_once(':').unwrap_or((word, ""));
        let attempt = self.machine.intent().attempts;
        let (now, entropy) = (at(self.now), &mut self.entropy);
        let completed = |id: &str| payment("completed").replace("pay_1", id);
        match word {
            "send" => return self.act(|action| matches!(action, Action::Send { .. })),
            "hold" => {
                let intention = self.machine.intends(now);
                let until = at(self.now + 60_000);
                let action = self.machine.poll(now, "me", Permit::Hold { until });
                if !intention.needs_permit() || action != (Action::Wait { until }) {
                    return false;
                }
            }
            // An answer needs something that it answers.
            "late" | "ok" | "action" | "processing" | "garbled" | "lost" | "not_sent" | "stored_500"
            | "foreign" | "status"
                if attempt == 0 =>
            {
                return false;
            }
            "late" => {
                let body = answer(201, &completed(if rest.is_empty() { "pay_1" } else { rest }));
                self.machine.handle_response(now, 1, &body, entropy);
            }
            "ok" | "action" | "processing" | "garbled" | "lost" | "not_sent" | "stored_500" | "foreign" => {
                let body = match word {
                    "ok" => completed(if rest.is_empty() { "pay_1" } else { rest }),
                    "action" => payment("requires_action"),
                    "processing" => payment("processing"),
                    "foreign" => payment("completed").replace("1000", "999"),
                    _ => "{\"id\":".to_owned(),
                };
                match word {
                    "lost" | "not_sent" => {
                        self.machine.handle_failure(now, attempt, word == "not_sent", entropy);
                    }
                    "stored_500" => {
                        let mut response = error(500, "internal");
                        response.headers = replay_marker();
                        self.machine.handle_response(now, attempt, &response, entropy);
                    }
                    _ => self.machine.handle_response(now, attempt, &answer(201, &body), entropy),
                }
            }
            "status" => {
                let status = rest.parse().unwrap();
                let code = if status == 422 { "idempotency_key_mismatch" } else { "no" };
                self.machine.handle_response(now, attempt, &error(status, code), entropy);
            }
            // A process that was frozen tells what became of the first attempt, or of the first question.
            "frozen_lost" if attempt > 1 => self.machine.handle_failure(now, 1, false, entropy),
            "frozen_not_sent" if attempt > 1 => self.machine.handle_failure(now, 1, true, entropy),
            "frozen_refused" if attempt > 1 => {
                self.machine.handle_response(now, 1, &error(400, "no"), entropy);
            }
            "frozen_none" if self.machine.intent().queries > 1 => {
                let empty = answer(200, r#"{"object":"list","data":[],"hasMore":false}"#);
                self.machine.handle_query(now, 1, Some(&empty), entropy);
            }
            "frozen_lost" | "frozen_not_sent" | "frozen_refused" | "frozen_none" => return false,
            "question" => return self.act(|action| matches!(action, Action::Query { .. })),
            "ask" => {
                if !self.act(|action| matches!(action, Action::Query { .. })) {
                    return false;
                }
                return self.word(&format!("hear:{rest}"));
            }
            // The answer to the question asked last; `none`, `lost`, or names of charges, oldest first.
            "hear" => {
                let Some(query) = self.asked.take() else { return false };
                let items: Vec<String> =
                    rest.split(',').rev().filter(|id| *id != "none").map(completed).collect();
                let list = format!(r#"{{"object":"list","data":[{}],"hasMore":false}}"#, items.join(","));
                let heard = answer(200, &list);
                let heard = (rest != "lost").then_some(&heard);
                self.machine.handle_query(at(self.now), query, heard, &mut self.entropy);
            }
            "hook" => {
                let text = completed(rest);
                let object = json::parse(text.as_bytes()).unwrap();
                self.machine.handle_webhook(now, &object, entropy).unwrap();
            }
            "hook_failed" => {
                let text = payment("failed").replace("pay_1", rest);
                let object = json::parse(text.as_bytes()).unwrap();
                self.machine.handle_webhook(now, &object, entropy).unwrap();
            }
            "wait" => self.now += rest.parse::<u64>().unwrap() * 60_000,
            // The process that holds the lease dies; whoever comes next looks when it is over.
            "die" => match self.machine.wake_at() {
                Some(wake_at) => self.now = self.now.max(wake_at.unix_ms()),
                None => return false,
            },
            "deadline" => {
                self.now = self.machine.intent().deadline_at.unix_ms();
                let _ = self.machine.poll(at(self.now), "me", Permit::Go);
            }
            "reopen" => {
                if self.machine.reopen(&secret(), now).is_err() {
                    return false;
                }
            }
            "cancel" => self.machine.cancel(now),
            "resolve" => {
                let charge = Some(rest).filter(|charge| *charge != "failed");
                if self.machine.resolve(charge, "a person looked", now).is_err() {
                    return false;
                }
            }
            "refunded" | "unrefundable" | "unsent_refund" | "refund_pending" | "refund_review" => {
                let Some(reversal) = self.machine.intent().open_reversal().cloned() else { return false };
                let failed = |proof| ReversalNews::Failed { proof, code: "no".to_owned() };
                let news = match word {
                    "refunded" => ReversalNews::Settled { refund: "ref_1".to_owned() },
                    "unrefundable" => failed(Proof::Refused),
                    "unsent_refund" => failed(Proof::Absent),
                    "refund_pending" => ReversalNews::Pending,
                    _ => ReversalNews::NeedsReview,
                };
                let due = self.machine.intent().reversal_at.map_or(0, tillproof::time::Timestamp::unix_ms);
                self.now = self.now.max(due);
                let Action::Reverse { .. } = self.machine.poll(at(self.now), "me", Permit::Go) else {
                    return false;
                };
                self.machine.handle_reversal(at(self.now), &reversal.reference, news, &mut self.entropy);
            }
            other => panic!("no such word: {other}"),
        }
        self.store();
        true
    }

    /// Polls until something is done, moving time along; what is done must be what was expected.
    fn act(&mut self, expected: impl Fn(&Action) -> bool) -> bool {
        for _ in 0..10_000 {
            let intention = self.machine.intends(at(self.now));
            let action = self.machine.poll(at(self.now), "me", Permit::Go);
            let fits = expected(&action);
            assert_eq!(
                intended(&action),
                intention.name().replace("first_send", "send").replace("resend", "send")
            );
            match action {
                Action::Wait { until } if until.unix_ms() > self.now => {
                    self.now = until.unix_ms();
                    self.store();
                }
                Action::Send { attempt, request } => {
                    let header = |(name, _): &&(String, String)| name == "Idempotency-Key";
                    let key = request.headers.iter().find(header).unwrap().1.clone();
                    self.sends.push((self.now, attempt, key));
                    self.store();
                    return fits;
                }
                Action::Query { query, .. } => {
                    self.asked = Some(query);
                    self.store();
                    return fits;
                }
                _ => {
                    self.store();
                    return fits && intention != Intention::Rest;
                }
            }
        }
        panic!("it waits for ever: {:?}", self.machine.intent().state);
    }

    /// Stores what is new and loads it again, as every round of a driver does: nothing lives in memory.
    fn store(&mut self) {
        let new = self.machine.new_entries().iter().map(|entry| {
            let text = encode_entry(entry);
            decode_entry(&json::parse(text.as_bytes()).unwrap()).unwrap()
        });
        self.journal.extend(new);
        let before = self.machine.intent().clone();
        self.machine = Machine::load(Arc::clone(&self.profile), Settings::default(), &self.journal).unwrap();
        assert_eq!(*self.machine.intent(), before, "the journal tells another state than the machine was in");
    }
}

fn intended(action: &Action) -> String {
    match action {
        Action::Send { .. } => "send",
        Action::Query { .. } => "query",
        Action::Void { .. } => "void",
        Action::Reverse { .. } => "reverse",
        Action::Wait { .. } => "wait",
        Action::Rest => "rest",
        _ => "unknown",
    }
    .to_owned()
}
