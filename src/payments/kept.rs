//! The answer to a prepared request is kept with the outcome it led to, so that every repeated call gets an equal one.
//!
//! Where it never came, the object that a query has found or a webhook has shown stands in its place: what the request
//! was to make, as it was when it came to light.

use crate::json::Value;
use crate::prelude::*;
use crate::time::Timestamp;

use super::classify::{self, Response, Verdict};
use super::{Answer, Content, Entry, Evidence, Machine, State, Unknown};

impl Machine {
    /// A verdict on a prepared request: credentials that were refused end it, as long as no attempt is unknown.
    ///
    /// Whoever prepared it has the credentials, and must be told; for a payment of ours they are mended in the options.
    pub(super) fn or_refused(&self, verdict: Verdict) -> Verdict {
        let ends = self.intent.request.content.as_call().is_some() && !self.intent.ambiguous;
        match verdict {
            Verdict::NotExecuted(reason @ Unknown::Unauthorised) if ends => {
                Verdict::Refused { code: reason.name().to_owned(), message: String::new() }
            }
            verdict => verdict,
        }
    }

    /// Keeps an answer that has just led to an outcome.
    pub(super) fn keep_answer(&mut self, now: Timestamp, response: &Response) {
        let (State::Settled { .. } | State::Failed { .. }) = self.intent.state else { return };
        let kept = |(name, _): &&(String, String)| self.profile.kept_headers().any(|known| known == name);
        self.keep(
            now,
            Answer {
                status: response.status,
                headers: response.headers.iter().filter(kept).cloned().collect(),
                body: core::str::from_utf8(&response.body).unwrap_or_default().to_owned(),
            },
        );
    }

    /// Keeps what a query has found.
    pub(super) fn keep_found(&mut self, now: Timestamp, body: &[u8]) {
        if let State::Settled { provider_reference, evidence: Evidence::Query } = &self.intent.state
            && let Some(object) =
                classify::found_object(&self.profile, &self.intent.request, provider_reference, body)
        {
            self.keep_object(now, object);
        }
    }

    /// Keeps what a webhook has shown.
    pub(super) fn keep_shown(&mut self, now: Timestamp, shown: &Value<'_>) {
        if let State::Settled { evidence: Evidence::Webhook, .. } = self.intent.state {
            self.keep_object(now, shown.to_text());
        }
    }

    fn keep_object(&mut self, now: Timestamp, body: String) {
        let kind = ("content-type".to_owned(), "application/json".to_owned());
        self.keep(now, Answer { status: 200, headers: vec![kind], body });
    }

    fn keep(&mut self, now: Timestamp, answer: Answer) {
        if let (Content::Call(_), None) = (&self.intent.request.content, &self.intent.answer) {
            self.append(Entry::Answered { at: now, answer });
        }
    }
}
