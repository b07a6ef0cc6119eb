//! The payments door: pure functions from a journal and news to new entries and one action.
//!
//! Nothing is kept here between calls. The journal comes in whole, what is new goes out, and the driver in
//! `pkg/src/payments` stores it before it acts.

use alloc::sync::Arc;

use crate::crypto::{HexCase, Secret, decode_hex};
use crate::entropy::Entropy;
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, SAFE_INTEGER_MAX, Value};
use crate::payments::key::KeyForm;
use crate::payments::{
    self, Action, Entry, Error, HttpRequest, Intent, Machine, Operation, Permit, Profile, Progress, Proof,
    Request, Response, ReversalNews, Settings, decode_entry, encode_entry, key,
};
use crate::prelude::*;
use crate::retry::{self, Expected, Jitter, Policy, Row};
use crate::time::{Millis, Timestamp};

/// Opens an intent: `{ profile, account, secret, request, settings?, now }`. `profile` is the whole document, here and in
/// the other calls.
///
/// # Errors
///
/// As [`Profile::from_json`], [`Request::from_json`] and [`Machine::open`].
pub fn open(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let profile = profile(&mut fields)?;
    let account = fields.maybe_text("account")?.unwrap_or_default();
    let secret = secret(&mut fields)?;
    let request = Request::from_json(fields.required("request", "an object")?)?;
    let settings = settings(&mut fields)?;
    let now = moment(&mut fields, "now")?;
    fields.finish()?;

    let machine = Machine::open(profile, settings, account, request, &secret, now)?;
    let action = describe(&machine, &Action::Wait { until: now });
    Ok(outcome(&machine, &action))
}

/// One round:
/// `{ profile, journal, settings?, now, owner, entropy, same_as?, reopen_with?, cancel?, resolve?, news?, permit? }`.
///
/// `same_as` is the request of a repeated call; `reopen_with` the secret, when a failed intent is to be tried again;
/// `cancel` true, when the payment is no longer wanted; `resolve` `{ charge?, note }`, what a person decided; `news`
/// one of `{ type: "response", attempt, status, headers?, body }`, `{ type: "failure", attempt, not_sent }`,
/// `{ type: "query" | "void", query, status?, headers?, body? }`, `{ type: "webhook", payment }` and
/// `{ type: "reversal", charge, status, … }`. `headers` holds at least those that the action asked for, names in lower
/// case. `permit` is a moment before which nothing may be sent, or `"ask"`: then a round that would reach the provider
/// ends before it does, with the action `permit`.
///
/// # Errors
///
/// As [`Machine::load`], [`Machine::check_same`], [`Machine::reopen`] and [`Machine::resolve`].
pub fn step(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let profile = profile(&mut fields)?;
    let journal = journal(&mut fields)?;
    let settings = settings(&mut fields)?;
    let now = moment(&mut fields, "now")?;
    let owner = fields.text("owner")?;
    let mut entropy = entropy(&mut fields)?;
    let same_as = fields.optional("same_as").map(Request::from_json).transpose()?;
    let reopen_with = fields.maybe_text("reopen_with")?.map(secret_of).transpose()?;
    let cancel = fields.maybe_flag("cancel")?.unwrap_or(false);
    let resolve = fields.optional("resolve");
    let news = fields.optional("news");
    let permit = permit(&mut fields)?;
    fields.finish()?;

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
    if let Some(decision) = resolve {
        let mut fields = Fields::of(decision, "resolve")?;
        let (charge, note) = (fields.maybe_text("charge")?, fields.text("note")?);
        fields.finish()?;
        machine.resolve(charge, note, now)?;
    }
    if let Some(news) = news {
        tell(&mut machine, news, now, &mut entropy)?;
    }
    let Some(permit) = permit else {
        let intention = machine.intends(now);
        if intention.needs_permit() {
            let asked = ObjectWriter::new().text("type", "permit").text("for", intention.name()).finish();
            return Ok(outcome(&machine, &asked));
        }
        let action = machine.poll(now, owner, Permit::Go);
        return Ok(outcome(&machine, &describe(&machine, &action)));
    };
    let action = machine.poll(now, owner, permit);
    Ok(outcome(&machine, &describe(&machine, &action)))
}

/// The decisions of an intent as lines of text: `{ journal }`.
///
/// # Errors
///
/// As [`Machine::load`].
pub fn trace(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let journal = journal(&mut fields)?;
    fields.finish()?;
    payments::trace(&journal).map(|story| json::quoted(&story))
}

/// `None` when the driver wants to be asked.
fn permit(fields: &mut Fields<'_, '_>) -> Result<Option<Permit>, Error> {
    match fields.optional("permit") {
        None => Ok(Some(Permit::Go)),
        Some(Value::String(word)) if word == "ask" => Ok(None),
        Some(_) => moment(fields, "permit").map(|until| Some(Permit::Hold { until })),
    }
}

/// Looks at an intent without moving it: `{ journal }`.
///
/// # Errors
///
/// As [`Intent::replay`].
pub fn view(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let journal = journal(&mut fields)?;
    fields.finish()?;
    Ok(Intent::replay(&journal)?.to_json())
}

/// Checks a profile: `{ profile }`, answered by its name.
///
/// # Errors
///
/// As [`Profile::from_json`].
pub fn check_profile(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let profile = profile(&mut fields)?;
    fields.finish()?;
    Ok(json::quoted(profile.name()))
}

/// The key of an identity: `{ secret, merchant, account?, operation, reference, epoch?, form? }`.
///
/// # Errors
///
/// [`ErrorKind::Document`], [`ErrorKind::SecretTooShort`].
pub fn derive_key(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let secret = secret(&mut fields)?;
    let operation = fields.text("operation")?;
    let epoch = fields.maybe_integer("epoch")?.unwrap_or(1);
    let identity = key::Identity {
        merchant: fields.text("merchant")?,
        account: fields.maybe_text("account")?.unwrap_or_default(),
        operation: Operation::from_name(operation)
            .ok_or_else(|| wrong("operation", Operation::EXPECTED, json::quoted(operation)))?,
        reference: fields.text("reference")?,
        epoch: u32::try_from(epoch)
            .ok()
            .filter(|epoch| *epoch > 0)
            .ok_or_else(|| wrong("epoch", "a count from 1", epoch.digits()))?,
    };
    let form = match fields.maybe_text("form")? {
        None => KeyForm::Hex,
        Some(name) => KeyForm::from_name(name)
            .ok_or_else(|| wrong("form", "\"hex\" or \"uuid\"", json::quoted(name)))?,
    };
    fields.finish()?;
    key::derive(&secret, identity, form).map(|key| json::quoted(&key))
}

/// A random key: `{ version: 4 | 7, entropy, now? }`.
///
/// # Errors
///
/// [`ErrorKind::Document`].
pub fn random_key(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let version = fields.integer("version")?;
    let bytes = entropy_bytes(&mut fields)?;
    let key = match version {
        4 => key::random_v4(bytes),
        7 => {
            let mut tail = [0; 10];
            tail.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
            key::random_v7(moment(&mut fields, "now")?, tail)
        }
        other => return Err(wrong("version", "4 or 7", other.digits())),
    };
    Ok(json::quoted(&key))
}

/// The waits a caller will see: `{ retry?, attempts, deadline_ms?, hint_ms?, unknown?, entropy? }`, as an array of
/// `{ attempt, earliest_ms, latest_ms, begins_earliest_ms, begins_latest_ms, exact_ms? }`.
///
/// # Errors
///
/// [`ErrorKind::Document`].
pub fn retry_schedule(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let attempts = fields.integer("attempts")?;
    let deadline = fields.maybe_integer("deadline_ms")?.unwrap_or(SAFE_INTEGER_MAX);
    let policy = policy(fields.optional("retry"))?.with_deadline(Millis::new(deadline));
    let expected = Expected {
        hint: Millis::new(fields.maybe_integer("hint_ms")?.unwrap_or_default()),
        is_unknown: fields.maybe_flag("unknown")?.unwrap_or(false),
    };
    let seeded = fields.optional("entropy").is_some();
    let entropy = if seeded { Some(entropy(&mut fields)?) } else { None };
    fields.finish()?;
    let attempts = u32::try_from(attempts)
        .ok()
        .filter(|attempts| usize::try_from(*attempts).is_ok_and(|attempts| attempts <= retry::ROWS_MAX))
        .ok_or_else(|| wrong("attempts", "at most 1000 attempts", attempts.digits()))?;
    if attempts == 0 {
        return Ok(ArrayWriter::new().finish());
    }

    let policy = policy.with_attempts_max(attempts)?;
    let bounds = retry::schedule(&policy, expected, None).rows;
    // What will happen ends no later than what can: its rows are the first of the others.
    let exact =
        entropy.map_or_else(Vec::new, |entropy| retry::schedule(&policy, expected, Some(entropy)).rows);
    let mut list = ArrayWriter::new();
    for (at, bound) in bounds.iter().enumerate().take(if seeded { exact.len() } else { bounds.len() }) {
        let Row { attempt, wait, .. } = *bound;
        let Row { wait: drawn, begins, .. } = *exact.get(at).unwrap_or(bound);
        let safe = |length: Millis| length.get().min(SAFE_INTEGER_MAX);
        // The wait that stands before the attempt: none before the first.
        let mut row = ObjectWriter::new()
            .number("attempt", u64::from(attempt))
            .number("earliest_ms", safe(wait.earliest))
            .number("latest_ms", safe(wait.latest))
            .number("begins_earliest_ms", safe(begins.earliest))
            .number("begins_latest_ms", safe(begins.latest));
        if seeded {
            row = row.number("exact_ms", safe(drawn.latest));
        }
        list = list.raw(&row.finish());
    }
    Ok(list.finish())
}

fn tell(machine: &mut Machine, news: &Value<'_>, now: Timestamp, entropy: &mut Entropy) -> Result<(), Error> {
    let mut fields = Fields::of(news, "news")?;
    match fields.text("type")? {
        "response" => {
            let attempt = counted(&mut fields, "attempt")?;
            let response = response(&mut fields)?;
            fields.finish()?;
            machine.handle_response(now, attempt, &response, entropy);
        }
        "failure" => {
            let attempt = counted(&mut fields, "attempt")?;
            let not_sent = fields.maybe_flag("not_sent")?.unwrap_or(false);
            fields.finish()?;
            machine.handle_failure(now, attempt, not_sent, entropy);
        }
        kind @ ("query" | "void") => {
            let query = counted(&mut fields, "query")?;
            let answered = fields.optional("status").is_some();
            let answer = if answered { Some(response(&mut fields)?) } else { None };
            fields.finish()?;
            if kind == "void" {
                machine.handle_void(now, query, answer.as_ref(), entropy);
            } else {
                machine.handle_query(now, query, answer.as_ref(), entropy);
            }
        }
        "reversal" => {
            let charge = fields.text("charge")?;
            let news = reversal(&mut fields)?;
            fields.finish()?;
            machine.handle_reversal(now, charge, news, entropy);
        }
        "webhook" => {
            let payment = fields.required("payment", "the payment object of the event")?;
            fields.finish()?;
            machine.handle_webhook(now, payment, entropy)?;
        }
        other => {
            let expected = "\"response\", \"failure\", \"query\", \"void\", \"webhook\" or \"reversal\"";
            return Err(wrong("type", expected, json::quoted(other)));
        }
    }
    Ok(())
}

fn outcome(machine: &Machine, action: &str) -> String {
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

fn profile(fields: &mut Fields<'_, '_>) -> Result<Arc<Profile>, Error> {
    Profile::from_json(fields.required("profile", "an object")?).map(Arc::new)
}

fn journal(fields: &mut Fields<'_, '_>) -> Result<Vec<Entry>, Error> {
    let mut journal = Vec::new();
    for entry in fields.list("journal")? {
        journal.push(decode_entry(entry)?);
    }
    Ok(journal)
}

fn settings(fields: &mut Fields<'_, '_>) -> Result<Settings, Error> {
    let mut settings = Settings::default();
    if let Some(value) = fields.optional("settings") {
        let mut fields = Fields::of(value, "settings")?;
        if let Some(ms) = fields.maybe_integer("lease_ms")? {
            settings.lease = Millis::new(ms);
        }
        if let Some(ms) = fields.maybe_integer("deadline_ms")? {
            settings.deadline = Millis::new(ms);
        }
        settings.retry = policy(fields.optional("retry"))?;
        fields.finish()?;
    }
    Ok(settings)
}

fn policy(value: Option<&Value<'_>>) -> Result<Policy, Error> {
    let default = Policy::default();
    let Some(value) = value else { return Ok(default) };
    let mut fields = Fields::of(value, "retry")?;
    let base = fields.maybe_integer("base_ms")?.map_or(default.base(), Millis::new);
    let cap = fields.maybe_integer("cap_ms")?.map_or_else(|| default.cap().max(base), Millis::new);
    let jitter = match fields.maybe_text("jitter")? {
        None => default.jitter(),
        Some(name) => Jitter::from_name(name).ok_or_else(|| {
            wrong(
                "jitter",
                "\"full\", \"equal\", \"decorrelated\" or \"decorrelated_v2\"",
                json::quoted(name),
            )
        })?,
    };
    fields.finish()?;
    Ok(Policy::new(base, cap, jitter)?)
}

fn counted(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<u32, Error> {
    let count = fields.integer(field)?;
    u32::try_from(count).map_err(|_| wrong(field, "a count below 2^32", count.digits()))
}

/// What the driver heard of the intent that takes a charge back, in the words of its outcome.
fn reversal(fields: &mut Fields<'_, '_>) -> Result<ReversalNews, Error> {
    Ok(match fields.text("status")? {
        "settled" => ReversalNews::Settled { refund: fields.text("provider_reference")?.to_owned() },
        "failed" => {
            let proof = fields.text("proof")?;
            ReversalNews::Failed {
                proof: Proof::from_name(proof)
                    .ok_or_else(|| wrong("proof", "a proof", json::quoted(proof)))?,
                code: fields.maybe_text("code")?.unwrap_or_default().to_owned(),
            }
        }
        "pending_confirmation" => ReversalNews::Pending,
        "needs_review" => ReversalNews::NeedsReview,
        other => {
            let expected = "\"settled\", \"failed\", \"pending_confirmation\" or \"needs_review\"";
            return Err(wrong("status", expected, json::quoted(other)));
        }
    })
}

/// What came over the wire: a header that is no text is none.
fn header_list(value: &Value<'_>) -> Vec<(String, String)> {
    let members = value.as_object().unwrap_or_default().iter();
    members
        .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), value.as_str()?.to_owned())))
        .collect()
}

fn response(fields: &mut Fields<'_, '_>) -> Result<Response, Error> {
    let status = fields.integer("status")?;
    Ok(Response {
        status: u16::try_from(status).map_err(|_| wrong("status", "an HTTP status", status.digits()))?,
        headers: fields.optional("headers").map(header_list).unwrap_or_default(),
        body: fields.maybe_text("body")?.unwrap_or_default().as_bytes().to_vec(),
    })
}

fn moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, Error> {
    let ms = fields.integer(field)?;
    Timestamp::from_unix_ms(ms).ok_or_else(|| wrong(field, "a moment before the year 10000", ms.digits()))
}

fn secret(fields: &mut Fields<'_, '_>) -> Result<Secret, Error> {
    secret_of(fields.text("secret")?)
}

fn secret_of(hex: &str) -> Result<Secret, Error> {
    let bytes = decode_hex(hex, HexCase::Lower)
        .map_err(|_| wrong("secret", "bytes in lower-case hexadecimal", "another text".to_owned()))?;
    Ok(Secret::new(bytes))
}

fn entropy(fields: &mut Fields<'_, '_>) -> Result<Entropy, Error> {
    entropy_bytes(fields).map(Entropy::from_bytes)
}

fn entropy_bytes(fields: &mut Fields<'_, '_>) -> Result<[u8; 16], Error> {
    let text = fields.text("entropy")?;
    decode_hex(text, HexCase::Lower)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| wrong("entropy", "16 bytes in lower-case hexadecimal", "another text".to_owned()))
}

fn wrong(field: &'static str, expected: &'static str, found: String) -> Error {
    json::Error::from(json::ErrorKind::WrongField { field, expected, found }).into()
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

    /// See [`super::check_profile`].
    #[wasm_bindgen]
    pub fn payments_profile(input: &[u8]) -> Vec<u8> {
        reply::of(super::check_profile(input))
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
