//! The journal as text: one JSON object an entry, version 1. Old entries must be readable for ever.

use crate::json::{self, Fields, ObjectWriter, Value, quoted};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

use super::content::header_list;
use super::{Answer, Entry, Error, Evidence, Proof, Request, Terms, Unknown};

/// An entry as one line of JSON.
#[must_use]
pub fn encode_entry(entry: &Entry) -> String {
    let begin =
        |kind: &str, at: &Timestamp| ObjectWriter::new().text("type", kind).number("at", at.unix_ms());
    match entry {
        Entry::Opened { at, profile, account, request, fingerprint, key, deadline_at, terms } => {
            let out = begin("opened", at)
                .number("v", 1)
                .text("profile", profile)
                .text("account", account)
                .raw("request", &request.to_json())
                .text("fingerprint", fingerprint)
                .text("key", key)
                .number("deadline_at", deadline_at.unix_ms());
            match terms {
                None => out.finish(),
                Some(terms) => out
                    .number("window_ms", terms.window.get())
                    .number("margin_ms", terms.margin.get())
                    .number("quarantine_ms", terms.quarantine.get())
                    .finish(),
            }
        }
        Entry::SendAuthorised { at, attempt, owner, lease_until } => begin("send_authorised", at)
            .number("attempt", u64::from(*attempt))
            .text("owner", owner)
            .number("lease_until", lease_until.unix_ms())
            .finish(),
        Entry::NotExecuted { at, reason, next_at } => begin("not_executed", at)
            .text("reason", reason.name())
            .number("next_at", next_at.unix_ms())
            .finish(),
        Entry::Ambiguous { at, reason, key_poisoned, next_at } => begin("ambiguous", at)
            .text("reason", reason.name())
            .flag("key_poisoned", *key_poisoned)
            .number("next_at", next_at.unix_ms())
            .finish(),
        Entry::QueriedEmpty { at, next_at } => {
            begin("queried_empty", at).number("next_at", next_at.unix_ms()).finish()
        }
        Entry::ActionRequired { at, provider_reference } => {
            begin("action_required", at).text("provider_reference", provider_reference).finish()
        }
        Entry::Settled { at, provider_reference, evidence } => begin("settled", at)
            .text("provider_reference", provider_reference)
            .text("evidence", evidence.name())
            .finish(),
        Entry::Failed { at, proof, provider_reference, code, message } => begin("failed", at)
            .text("proof", proof.name())
            .maybe_text("provider_reference", provider_reference.as_deref())
            .text("code", code)
            .text("message", message)
            .finish(),
        Entry::Answered { at, answer } => begin("answered", at).raw("answer", &answer.to_json()).finish(),
        Entry::ExtraCharge { at, provider_reference } => {
            begin("extra_charge", at).text("provider_reference", provider_reference).finish()
        }
        Entry::NeedsReview { at, reason } => begin("needs_review", at).text("reason", reason).finish(),
        Entry::Reopened { at, epoch, key, proof } => begin("reopened", at)
            .number("epoch", u64::from(*epoch))
            .text("key", key)
            .text("proof", proof.name())
            .finish(),
    }
}

/// Reads an entry.
///
/// # Errors
///
/// [`Document`](super::ErrorKind::Document) names the field; [`Money`](super::ErrorKind::Money) and the others when the
/// stored request is not one.
pub fn decode_entry(document: &Value<'_>) -> Result<Entry, Error> {
    let mut fields = Fields::of(document, "entry")?;
    let kind = fields.text("type")?;
    let at = moment(&mut fields, "at")?;
    let entry = match kind {
        "opened" => {
            let version = fields.integer("v")?;
            if version != 1 {
                return Err(unexpected("v", "journal version 1", version.digits()));
            }
            Entry::Opened {
                at,
                profile: fields.text("profile")?.to_owned(),
                account: text(&mut fields, "account")?,
                request: Request::from_json(fields.required("request", "the request")?)?,
                fingerprint: fields.text("fingerprint")?.to_owned(),
                key: fields.text("key")?.to_owned(),
                deadline_at: moment(&mut fields, "deadline_at")?,
                terms: terms(&mut fields)?,
            }
        }
        "send_authorised" => Entry::SendAuthorised {
            at,
            attempt: count(&mut fields, "attempt")?,
            owner: fields.text("owner")?.to_owned(),
            lease_until: moment(&mut fields, "lease_until")?,
        },
        "not_executed" => {
            Entry::NotExecuted { at, reason: unknown(&mut fields)?, next_at: moment(&mut fields, "next_at")? }
        }
        "ambiguous" => Entry::Ambiguous {
            at,
            reason: unknown(&mut fields)?,
            key_poisoned: fields.maybe_flag("key_poisoned")?.unwrap_or(false),
            next_at: moment(&mut fields, "next_at")?,
        },
        "queried_empty" => Entry::QueriedEmpty { at, next_at: moment(&mut fields, "next_at")? },
        "action_required" => {
            Entry::ActionRequired { at, provider_reference: text(&mut fields, "provider_reference")? }
        }
        "settled" => {
            let evidence = fields.text("evidence")?;
            Entry::Settled {
                at,
                provider_reference: text(&mut fields, "provider_reference")?,
                evidence: Evidence::from_name(evidence)
                    .ok_or_else(|| unexpected("evidence", "a kind of evidence", quoted(evidence)))?,
            }
        }
        "failed" => Entry::Failed {
            at,
            proof: proof(&mut fields)?,
            provider_reference: fields.maybe_text("provider_reference")?.map(ToOwned::to_owned),
            code: text(&mut fields, "code")?,
            message: text(&mut fields, "message")?,
        },
        "answered" => Entry::Answered { at, answer: answer(fields.required("answer", "the answer")?)? },
        "extra_charge" => {
            Entry::ExtraCharge { at, provider_reference: text(&mut fields, "provider_reference")? }
        }
        "needs_review" => Entry::NeedsReview { at, reason: text(&mut fields, "reason")? },
        "reopened" => Entry::Reopened {
            at,
            epoch: count(&mut fields, "epoch")?,
            key: fields.text("key")?.to_owned(),
            proof: proof(&mut fields)?,
        },
        other => return Err(unexpected("type", "a journal entry of version 1", quoted(other))),
    };
    fields.finish()?;
    Ok(entry)
}

fn unexpected(field: &'static str, expected: &'static str, found: String) -> Error {
    json::Error::from(json::ErrorKind::WrongField { field, expected, found }).into()
}

/// Texts that came from outside may be empty, and are kept so.
fn text(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<String, Error> {
    let missing = || json::Error::from(json::ErrorKind::MissingField { field, expected: "a string" });
    Ok(fields.maybe_text(field)?.ok_or_else(missing)?.to_owned())
}

fn terms(fields: &mut Fields<'_, '_>) -> Result<Option<Terms>, Error> {
    let lengths = [
        fields.maybe_integer("window_ms")?,
        fields.maybe_integer("margin_ms")?,
        fields.maybe_integer("quarantine_ms")?,
    ];
    let [Some(window), Some(margin), Some(quarantine)] = lengths.map(|ms| ms.map(Millis::new)) else {
        return Ok(None);
    };
    Ok(Some(Terms { window, margin, quarantine }))
}

fn answer(value: &Value<'_>) -> Result<Answer, Error> {
    let mut fields = Fields::of(value, "answer")?;
    let status = fields.integer("status")?;
    let answer = Answer {
        status: u16::try_from(status).map_err(|_| unexpected("status", "an HTTP status", status.digits()))?,
        headers: header_list("headers", fields.required("headers", "an object")?)?,
        body: text(&mut fields, "body")?,
    };
    fields.finish()?;
    Ok(answer)
}

fn moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, Error> {
    let ms = fields.integer(field)?;
    Timestamp::from_unix_ms(ms)
        .ok_or_else(|| unexpected(field, "a moment before the year 10000", ms.digits()))
}

fn count(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<u32, Error> {
    let number = fields.integer(field)?;
    u32::try_from(number).map_err(|_| unexpected(field, "a count below 2^32", number.digits()))
}

fn unknown(fields: &mut Fields<'_, '_>) -> Result<Unknown, Error> {
    let name = fields.text("reason")?;
    Unknown::from_name(name).ok_or_else(|| unexpected("reason", "a reason of version 1", quoted(name)))
}

fn proof(fields: &mut Fields<'_, '_>) -> Result<Proof, Error> {
    let name = fields.text("proof")?;
    Proof::from_name(name).ok_or_else(|| unexpected("proof", "\"refused\" or \"absent\"", quoted(name)))
}
