//! The decisions of an intent, told from its journal alone: the same journal gives the same bytes on every platform.
//!
//! One line an entry: its place, the milliseconds since the intent was opened, what happened, why, and its facts.
//! Moments are told as `+` and milliseconds like the first. No key and no secret is told, and of the caller's content
//! only operation and amount.
//!
//! ```text
//! 1 +0 opened operation="charge" amount="1000" currency="EUR" profile="native" deadline_at=+259200000
//! 2 +0 send_authorised why="first_send" attempt=1 owner="a" lease_until=+12000
//! 3 +40 ambiguous reason="server_error" key_poisoned=false next_at=+1900
//! 4 +1900 send_authorised why="same_key_inside_its_window" attempt=2 owner="a" lease_until=+13900
//! 5 +1990 settled provider_reference="pay_1" evidence="response"
//! ```

use crate::json::{self, Value};
use crate::prelude::*;
use crate::time::Timestamp;

use super::codec::encode_entry;
use super::{Entry, Error, ErrorKind, Intent, State};

/// Members of an encoded entry that a line does not repeat: they stand at its beginning, or are nobody's business.
const LEFT_OUT: [&str; 8] = ["type", "at", "v", "key", "fingerprint", "account", "request", "answer"];

/// Members of a request that a line tells.
const OF_REQUEST: [&str; 3] = ["operation", "amount", "currency"];

/// The story of a journal, one line an entry, each ended by a line feed.
///
/// # Errors
///
/// [`ErrorKind::Journal`] as [`Intent::replay`].
pub fn trace(journal: &[Entry]) -> Result<String, Error> {
    let mut intent = Intent::replay(journal.get(..1).unwrap_or_default())?;
    let opened_at = journal.first().map_or(Timestamp::MIN, Entry::at);
    let mut story = String::new();
    for (position, entry) in journal.iter().enumerate() {
        story.push_str(&position.saturating_add(1).digits());
        let text = encode_entry(entry);
        let document = json::parse(text.as_bytes())?;
        push(&mut story, &[" ", &since(entry.at().unix_ms(), opened_at), " "]);
        story.push_str(document.get("type").and_then(Value::as_str).unwrap_or_default());
        // Only what was known before an entry explains it.
        if let Some(why) = why(entry, &intent) {
            push(&mut story, &[" why=\"", why, "\""]);
        }
        if let Some(request) = document.get("request") {
            for name in OF_REQUEST {
                fact(&mut story, name, request.get(name), opened_at);
            }
        }
        for (name, value) in document.as_object().unwrap_or_default() {
            if !LEFT_OUT.contains(&name.as_ref()) {
                fact(&mut story, name, Some(value), opened_at);
            }
        }
        story.push('\n');
        if position > 0 {
            intent.apply(entry).map_err(|problem| Error::from(ErrorKind::Journal { position, problem }))?;
        }
    }
    Ok(story)
}

fn fact(story: &mut String, name: &str, value: Option<&Value<'_>>, opened_at: Timestamp) {
    let Some(value) = value else { return };
    let is_moment = name.ends_with("_at") || name.ends_with("until");
    let told = match value.as_u64().filter(|_| is_moment) {
        Some(ms) => since(ms, opened_at),
        None => json::canonical(value),
    };
    push(story, &[" ", name, "=", &told]);
}

fn since(ms: u64, opened_at: Timestamp) -> String {
    glued(&["+", &ms.saturating_sub(opened_at.unix_ms()).digits()])
}

fn push(story: &mut String, pieces: &[&str]) {
    for piece in pieces {
        story.push_str(piece);
    }
}

/// Why something was sent or asked, in a stable word.
fn why(entry: &Entry, before: &Intent) -> Option<&'static str> {
    match entry {
        Entry::SendAuthorised { .. } => Some(match before.first_sent_at {
            Some(_) => "same_key_inside_its_window",
            None if before.empty_queries > 0 => "first_send_after_asking",
            None => "first_send",
        }),
        Entry::Asked { .. } => Some(match &before.state {
            State::AwaitingCustomer { .. } => "the_customer_may_have_acted",
            state if !state.is_open() => "a_copy_may_have_outlived_its_key",
            _ if before.cancel_wished => "no_longer_wanted",
            _ if before.key_poisoned => "the_key_will_never_tell",
            _ if before.payment_seen => "being_processed",
            _ if before.first_sent_at.is_none() => "the_record_may_be_older_than_a_send",
            _ if remembers(before, entry.at()) => "the_record_may_be_of_an_older_copy",
            _ => "the_key_may_be_forgotten",
        }),
        _ => None,
    }
}

/// Whether the provider surely still knew the key.
fn remembers(intent: &Intent, at: Timestamp) -> bool {
    let ends_at = |first: Timestamp| Some(first.saturating_add(intent.terms?.usable_window()));
    intent.first_sent_at.and_then(ends_at).is_some_and(|ends_at| at < ends_at)
}
