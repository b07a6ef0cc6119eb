//! The journal as text: one JSON object an entry, version 1. Old entries must be readable for ever.

use crate::json::{self, Fields, ObjectWriter, Value, quoted};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

use super::content::header_list;
use super::{Answer, Entry, Error, Evidence, Operation, Proof, Request, Terms, Unknown};

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
        Entry::Asked { at, query, owner, lease_until } => begin("asked", at)
            .number("query", u64::from(*query))
            .text("owner", owner)
            .number("lease_until", lease_until.unix_ms())
            .finish(),
        Entry::Held { at, until } => begin("held", at).number("until", until.unix_ms()).finish(),
        Entry::NotExecuted { at, reason, next_at } => begin("not_executed", at)
            .text("reason", reason.name())
            .number("next_at", next_at.unix_ms())
            .finish(),
        Entry::Ambiguous { at, reason, key_poisoned, next_at } => begin("ambiguous", at)
            .text("reason", reason.name())
            .flag("key_poisoned", *key_poisoned)
            .number("next_at", next_at.unix_ms())
            .finish(),
        Entry::QueriedEmpty { at, quiet, next_at } => {
            begin("queried_empty", at).flag("quiet", *quiet).number("next_at", next_at.unix_ms()).finish()
        }
        Entry::ActionRequired { at, provider_reference, next_at } => begin("action_required", at)
            .text("provider_reference", provider_reference)
            .number("next_at", next_at.unix_ms())
            .finish(),
        Entry::Settled { at, provider_reference, evidence, look_at } => maybe(
            begin("settled", at)
                .text("provider_reference", provider_reference)
                .text("evidence", evidence.name()),
            "look_at",
            *look_at,
        ),
        Entry::Failed { at, proof, provider_reference, code, message, look_at } => maybe(
            begin("failed", at)
                .text("proof", proof.name())
                .maybe_text("provider_reference", provider_reference.as_deref())
                .text("code", code)
                .text("message", message),
            "look_at",
            *look_at,
        ),
        Entry::Looked { at, next_at } => maybe(begin("looked", at), "next_at", *next_at),
        Entry::Answered { at, answer } => begin("answered", at).raw("answer", &answer.to_json()).finish(),
        Entry::ExtraCharge { at, provider_reference } => {
            begin("extra_charge", at).text("provider_reference", provider_reference).finish()
        }
        Entry::CancelWished { at } => begin("cancel_wished", at).finish(),
        Entry::ReversalDue { at, charge, operation, reference } => begin("reversal_due", at)
            .text("charge", charge)
            .text("operation", operation.name())
            .text("reference", reference)
            .finish(),
        Entry::ReversalAwaited { at, charge, again, next_at } => begin("reversal_awaited", at)
            .text("charge", charge)
            .flag("again", *again)
            .number("next_at", next_at.unix_ms())
            .finish(),
        Entry::Reversed { at, charge, refund } => {
            begin("reversed", at).text("charge", charge).text("refund", refund).finish()
        }
        Entry::ReversalFailed { at, charge, code } => {
            begin("reversal_failed", at).text("charge", charge).text("code", code).finish()
        }
        Entry::NeedsReview { at, reason } => begin("needs_review", at).text("reason", reason).finish(),
        Entry::Resolved { at, charge, note } => {
            begin("resolved", at).maybe_text("charge", charge.as_deref()).text("note", note).finish()
        }
        Entry::Reopened { at, epoch, key, proof, deadline_at } => maybe(
            begin("reopened", at)
                .number("epoch", u64::from(*epoch))
                .text("key", key)
                .text("proof", proof.name()),
            "deadline_at",
            *deadline_at,
        ),
    }
}

fn maybe(out: ObjectWriter, field: &str, moment: Option<Timestamp>) -> String {
    match moment {
        Some(moment) => out.number(field, moment.unix_ms()),
        None => out,
    }
    .finish()
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
        "asked" => Entry::Asked {
            at,
            query: count(&mut fields, "query")?,
            owner: fields.text("owner")?.to_owned(),
            lease_until: moment(&mut fields, "lease_until")?,
        },
        "held" => Entry::Held { at, until: moment(&mut fields, "until")? },
        "not_executed" => {
            Entry::NotExecuted { at, reason: unknown(&mut fields)?, next_at: moment(&mut fields, "next_at")? }
        }
        "ambiguous" => Entry::Ambiguous {
            at,
            reason: unknown(&mut fields)?,
            key_poisoned: fields.maybe_flag("key_poisoned")?.unwrap_or(false),
            next_at: moment(&mut fields, "next_at")?,
        },
        "queried_empty" => Entry::QueriedEmpty {
            at,
            // Written before this was told apart: it counts for nothing then.
            quiet: fields.maybe_flag("quiet")?.unwrap_or(false),
            next_at: moment(&mut fields, "next_at")?,
        },
        "action_required" => Entry::ActionRequired {
            at,
            provider_reference: text(&mut fields, "provider_reference")?,
            // Written before such a payment was asked about: it is asked about now.
            next_at: maybe_moment(&mut fields, "next_at")?.unwrap_or(at),
        },
        "settled" => {
            let evidence = fields.text("evidence")?;
            Entry::Settled {
                at,
                provider_reference: text(&mut fields, "provider_reference")?,
                evidence: Evidence::from_name(evidence)
                    .ok_or_else(|| unexpected("evidence", "a kind of evidence", quoted(evidence)))?,
                look_at: maybe_moment(&mut fields, "look_at")?,
            }
        }
        "failed" => Entry::Failed {
            at,
            proof: proof(&mut fields)?,
            provider_reference: fields.maybe_text("provider_reference")?.map(ToOwned::to_owned),
            code: text(&mut fields, "code")?,
            message: text(&mut fields, "message")?,
            look_at: maybe_moment(&mut fields, "look_at")?,
        },
        "looked" => Entry::Looked { at, next_at: maybe_moment(&mut fields, "next_at")? },
        "answered" => Entry::Answered { at, answer: answer(fields.required("answer", "the answer")?)? },
        "extra_charge" => {
            Entry::ExtraCharge { at, provider_reference: text(&mut fields, "provider_reference")? }
        }
        "cancel_wished" => Entry::CancelWished { at },
        "reversal_due" => {
            let operation = fields.text("operation")?;
            Entry::ReversalDue {
                at,
                charge: text(&mut fields, "charge")?,
                operation: Operation::from_name(operation)
                    .ok_or_else(|| unexpected("operation", "an operation", quoted(operation)))?,
                reference: text(&mut fields, "reference")?,
            }
        }
        "reversal_awaited" => Entry::ReversalAwaited {
            at,
            charge: text(&mut fields, "charge")?,
            again: fields.maybe_flag("again")?.unwrap_or(false),
            next_at: moment(&mut fields, "next_at")?,
        },
        "reversed" => {
            Entry::Reversed { at, charge: text(&mut fields, "charge")?, refund: text(&mut fields, "refund")? }
        }
        "reversal_failed" => Entry::ReversalFailed {
            at,
            charge: text(&mut fields, "charge")?,
            code: text(&mut fields, "code")?,
        },
        "needs_review" => Entry::NeedsReview { at, reason: text(&mut fields, "reason")? },
        "resolved" => Entry::Resolved {
            at,
            charge: fields.maybe_text("charge")?.map(ToOwned::to_owned),
            note: text(&mut fields, "note")?,
        },
        "reopened" => Entry::Reopened {
            at,
            epoch: count(&mut fields, "epoch")?,
            key: fields.text("key")?.to_owned(),
            proof: proof(&mut fields)?,
            deadline_at: maybe_moment(&mut fields, "deadline_at")?,
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

fn maybe_moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Option<Timestamp>, Error> {
    match fields.maybe_integer(field)? {
        None => Ok(None),
        Some(ms) => Timestamp::from_unix_ms(ms)
            .map(Some)
            .ok_or_else(|| unexpected(field, "a moment before the year 10000", ms.digits())),
    }
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
    Proof::from_name(name).ok_or_else(|| unexpected("proof", "a proof of version 1", quoted(name)))
}
