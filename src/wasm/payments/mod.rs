//! The payments door: pure functions from a journal and news to new entries and one action.
//!
//! Nothing is kept here between calls. The journal comes in whole, what is new goes out, and the driver in
//! `pkg/src/payments` stores it before it acts. What is read stands in `input` and `news`; what can be known without an
//! intent in `tables`.

mod input;
mod news;
mod tables;

use crate::json::{self, ArrayWriter, ObjectWriter, Reader};
use crate::payments::{
    self, Action, Entry, Error, HttpRequest, Intent, Machine, Permit, Progress, Request, encode_entry,
};
use crate::prelude::*;

#[cfg(feature = "governor")]
pub use tables::sentences;
pub use tables::{check_profile, derive_key, random_key, retry_schedule};

/// Opens an intent: `{ profile, account, secret, request, settings?, now, since? }`. `profile` is the whole document,
/// here and in the other calls; it was checked when the client was made, see [`check_profile`].
///
/// # Errors
///
/// As [`Request::from_json`] and [`Machine::open`].
pub fn open(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut reader = Reader::of(&document, "input");
    let (profile, request) = (input::accepted_profile(&mut reader), input::part(&mut reader, "request"));
    let account = reader.maybe_text("account").unwrap_or_default();
    let secret = input::secret(&mut reader, "secret");
    let settings = input::settings(&mut reader)?;
    let now = input::moment(&mut reader, "now");
    let aged = reader.optional("since").is_some();
    let since = aged.then(|| input::moment(&mut reader, "since"));
    reader.finish()?;

    let request = Request::from_json(request)?;
    let mut machine = Machine::open(profile, settings, account, request, &secret, now)?;
    if let Some(since) = since {
        machine = machine.wanted_since(since)?;
    }
    Ok(outcome(&machine, &Action::Wait { until: now }))
}

/// One round:
/// `{ profile, journal, settings?, now, owner, entropy, same_as?, reopen_with?, cancel?, resolve?, news?, permit? }`.
///
/// `same_as` is the request of a repeated call; `reopen_with` the secret, when a failed intent is to be tried again;
/// `cancel` true, when the payment is no longer wanted; `resolve` `{ charge?, note }`, what a person decided; `news`
/// one of `{ type: "response", attempt, status, headers?, body, retry_after_ms? }`, `{ type: "failure", attempt, not_sent }`,
/// `{ type: "query" | "void", query, status?, headers?, body?, retry_after_ms? }`, `{ type: "webhook", payment }` and
/// `{ type: "reversal", reference, status, … }`. `headers` holds at least those that the action asked for, names in lower
/// case. `permit` is a moment before which nothing may be sent, or `"ask"`: then a round that would reach the provider
/// ends before it does, with the action `permit`.
///
/// # Errors
///
/// As [`Machine::load`], [`Machine::check_same`], [`Machine::reopen`] and [`Machine::resolve`].
pub fn step(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut reader = Reader::of(&document, "input");
    let profile = input::accepted_profile(&mut reader);
    let journal = input::journal(&mut reader)?;
    let settings = input::settings(&mut reader)?;
    let now = input::moment(&mut reader, "now");
    let owner = reader.text("owner");
    let mut entropy = input::entropy(&mut reader);
    let same_as = reader.optional("same_as").map(Request::from_json).transpose()?;
    let reopen = reader.optional("reopen_with").is_some();
    let reopen_with = reopen.then(|| input::secret(&mut reader, "reopen_with"));
    let cancel = reader.flag("cancel");
    let decision = reader.optional("resolve").map(input::decision).transpose()?;
    let news = reader.optional("news");
    let permit = input::permit(&mut reader);
    reader.finish()?;

    let mut machine = Machine::load(profile, settings, &journal)?;
    if let Some(request) = same_as {
        machine.check_same(&request)?;
    }
    if let Some(secret) = reopen_with {
        machine.reopen(&secret, now)?;
    }
    if cancel {
        machine.cancel(now);
    }
    if let Some((charge, note)) = decision {
        machine.resolve(charge, note, now)?;
    }
    if let Some(news) = news {
        news::tell(&mut machine, news, now, &mut entropy)?;
    }
    let intention = machine.intends(now);
    if permit.is_none() && intention.needs_permit() {
        let asked = ObjectWriter::new().text("type", "permit").text("for", intention.name()).finish();
        return Ok(written(&machine, &asked));
    }
    let action = machine.poll(now, owner, permit.unwrap_or(Permit::Go));
    Ok(outcome(&machine, &action))
}

/// The decisions of an intent as lines of text: `{ journal }`.
///
/// # Errors
///
/// As [`Intent::replay`].
pub fn trace(input: &[u8]) -> Result<String, Error> {
    payments::trace(&journal_alone(input)?).map(|story| json::quoted(&story))
}

/// Looks at an intent without moving it: `{ journal }`.
///
/// # Errors
///
/// As [`Intent::replay`].
pub fn view(input: &[u8]) -> Result<String, Error> {
    Ok(Intent::replay(&journal_alone(input)?)?.to_json())
}

#[inline(never)]
fn journal_alone(input: &[u8]) -> Result<Vec<Entry>, Error> {
    let document = json::parse(input)?;
    let mut reader = Reader::of(&document, "input");
    let journal = input::journal(&mut reader)?;
    reader.finish()?;
    Ok(journal)
}

fn outcome(machine: &Machine, action: &Action) -> String {
    written(machine, &describe(machine, action))
}

fn written(machine: &Machine, action: &str) -> String {
    let (mut append, mut open) = (ArrayWriter::new(), ArrayWriter::new());
    for entry in machine.new_entries() {
        append = append.raw(&encode_entry(entry));
        if let Entry::ReversalDue { reference, .. } = entry {
            let due = machine.intent().reversals.iter().filter(|known| known.reference == *reference);
            open = due.fold(open, |open, reversal| open.raw(&machine.reversal_request(reversal).to_json()));
        }
    }
    let mut out = ObjectWriter::new()
        .raw("append", &append.finish())
        .raw("open", &open.finish())
        .raw("action", action)
        .raw("intent", &machine.intent().to_json());
    out = match machine.wake_at() {
        Some(at) => out.number("wake_at", at.unix_ms()),
        None => out.null("wake_at"),
    };
    out.finish()
}

fn describe(machine: &Machine, action: &Action) -> String {
    let exchange = |out: ObjectWriter, request: &HttpRequest| {
        let mut headers = ObjectWriter::new();
        for (name, value) in &request.headers {
            headers = headers.text(name, value);
        }
        let wanted =
            machine.profile().answer_headers().iter().fold(ArrayWriter::new(), |list, name| list.text(name));
        out.text("method", &request.method)
            .text("path", &request.path)
            .raw("headers", &headers.finish())
            .raw("answer_headers", &wanted.finish())
            .maybe_text("body", request.body.as_deref())
            .finish()
    };
    match action {
        Action::Send { attempt, request } => {
            exchange(ObjectWriter::new().text("type", "send").number("attempt", u64::from(*attempt)), request)
        }
        Action::Query { query, request } => {
            exchange(ObjectWriter::new().text("type", "query").number("query", u64::from(*query)), request)
        }
        Action::Void { query, request } => {
            exchange(ObjectWriter::new().text("type", "void").number("query", u64::from(*query)), request)
        }
        Action::Reverse { reversal } => ObjectWriter::new()
            .text("type", "reverse")
            .text("charge", &reversal.charge)
            .flag("again", reversal.progress == Progress::Open { again: true })
            .raw("request", &machine.reversal_request(reversal).to_json())
            .finish(),
        Action::Wait { until } => {
            ObjectWriter::new().text("type", "wait").number("until", until.unix_ms()).finish()
        }
        Action::Rest => ObjectWriter::new().text("type", "rest").finish(),
    }
}

/// What JavaScript calls. Each function takes one JSON document and returns one reply.
#[cfg(all(target_family = "wasm", feature = "wasm-payments"))]
pub mod exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;
    use crate::wasm::reply;

    /// See [`super::open`].
    #[wasm_bindgen]
    pub fn payments_open(input: &[u8]) -> Vec<u8> {
        reply::of(super::open(input))
    }

    /// See [`super::step`].
    #[wasm_bindgen]
    pub fn payments_step(input: &[u8]) -> Vec<u8> {
        reply::of(super::step(input))
    }

    /// See [`super::view`].
    #[wasm_bindgen]
    pub fn payments_view(input: &[u8]) -> Vec<u8> {
        reply::of(super::view(input))
    }

    /// See [`super::trace`].
    #[wasm_bindgen]
    pub fn payments_trace(input: &[u8]) -> Vec<u8> {
        reply::of(super::trace(input))
    }
}

/// The same of what can be known without an intent: an artefact of its own, since no payment needs it.
#[cfg(all(target_family = "wasm", feature = "wasm-payments-tables"))]
pub mod table_exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;
    use crate::wasm::reply;

    /// See [`super::check_profile`].
    #[wasm_bindgen]
    pub fn payments_profile(input: &[u8]) -> Vec<u8> {
        reply::of(super::check_profile(input))
    }

    /// See [`super::sentences`].
    #[wasm_bindgen]
    pub fn payments_sentences() -> Vec<u8> {
        reply::ok(&super::sentences())
    }

    /// See [`super::derive_key`].
    #[wasm_bindgen]
    pub fn payments_derive_key(input: &[u8]) -> Vec<u8> {
        reply::of(super::derive_key(input))
    }

    /// See [`super::random_key`].
    #[wasm_bindgen]
    pub fn payments_random_key(input: &[u8]) -> Vec<u8> {
        reply::of(super::random_key(input))
    }

    /// See [`super::retry_schedule`].
    #[wasm_bindgen]
    pub fn payments_retry_schedule(input: &[u8]) -> Vec<u8> {
        reply::of(super::retry_schedule(input))
    }
}
