//! The journal as text: one JSON object an entry, version 1. Old entries must be readable for ever.

use crate::json::{ObjectWriter, Reader, Value, quoted};
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
        Entry::Opened { at, profile, account, request, fingerprint, key, deadline_at, terms, since } => {
            let out = begin("opened", at)
                .number("v", 1)
                .text("profile", profile)
                .text("account", account)
                .raw("request", &request.to_json())
                .text("fingerprint", fingerprint)
                .text("key", key)
                .number("deadline_at", deadline_at.unix_ms());
            let out = match terms {
                None => out,
                Some(terms) => out
                    .number("window_ms", terms.window.get())
                    .number("margin_ms", terms.margin.get())
                    .number("quarantine_ms", terms.quarantine.get()),
            };
            maybe(out, "since", *since)
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
    let mut reader = Reader::of(document, "entry");
    let r = &mut reader;
    let kind = r.text("type");
    let at = moment(r, "at");
    let entry = match kind {
        "opened" => {
            let version = r.integer("v");
            if version != 1 {
                r.refuse("v", "journal version 1", version.digits());
            }
            let request = r.optional("request").unwrap_or(&Value::Null);
            Entry::Opened {
                at,
                profile: r.text("profile").to_owned(),
                account: text(r, "account"),
                request: Request::from_json(request)?,
                fingerprint: r.text("fingerprint").to_owned(),
                key: r.text("key").to_owned(),
                deadline_at: moment(r, "deadline_at"),
                terms: terms(r),
                since: maybe_moment(r, "since"),
            }
        }
        "send_authorised" => Entry::SendAuthorised {
            at,
            attempt: count(r, "attempt"),
            owner: text(r, "owner"),
            lease_until: moment(r, "lease_until"),
        },
        "asked" => Entry::Asked {
            at,
            query: count(r, "query"),
            owner: text(r, "owner"),
            lease_until: moment(r, "lease_until"),
        },
        "held" => Entry::Held { at, until: moment(r, "until") },
        "not_executed" => Entry::NotExecuted { at, reason: unknown(r), next_at: moment(r, "next_at") },
        "ambiguous" => Entry::Ambiguous {
            at,
            reason: unknown(r),
            key_poisoned: r.flag("key_poisoned"),
            next_at: moment(r, "next_at"),
        },
        // Without `quiet` it was written before that was told apart: it counts for nothing then.
        "queried_empty" => Entry::QueriedEmpty { at, quiet: r.flag("quiet"), next_at: moment(r, "next_at") },
        "action_required" => Entry::ActionRequired {
            at,
            provider_reference: text(r, "provider_reference"),
            // Written before such a payment was asked about: it is asked about now.
            next_at: maybe_moment(r, "next_at").unwrap_or(at),
        },
        "settled" => Entry::Settled {
            at,
            provider_reference: text(r, "provider_reference"),
            evidence: named(r, "evidence", Evidence::from_name, Evidence::Response),
            look_at: maybe_moment(r, "look_at"),
        },
        "failed" => Entry::Failed {
            at,
            proof: proof(r),
            provider_reference: r.maybe_text("provider_reference").map(ToOwned::to_owned),
            code: text(r, "code"),
            message: text(r, "message"),
            look_at: maybe_moment(r, "look_at"),
        },
        "looked" => Entry::Looked { at, next_at: maybe_moment(r, "next_at") },
        "answered" => Entry::Answered { at, answer: answer(r.optional("answer").unwrap_or(&Value::Null))? },
        "extra_charge" => Entry::ExtraCharge { at, provider_reference: text(r, "provider_reference") },
        "cancel_wished" => Entry::CancelWished { at },
        "reversal_due" => Entry::ReversalDue {
            at,
            charge: text(r, "charge"),
            operation: named(r, "operation", Operation::from_name, Operation::Refund),
            reference: text(r, "reference"),
        },
        "reversal_awaited" => Entry::ReversalAwaited {
            at,
            charge: text(r, "charge"),
            again: r.flag("again"),
            next_at: moment(r, "next_at"),
        },
        "reversed" => Entry::Reversed { at, charge: text(r, "charge"), refund: text(r, "refund") },
        "reversal_failed" => Entry::ReversalFailed { at, charge: text(r, "charge"), code: text(r, "code") },
        "needs_review" => Entry::NeedsReview { at, reason: text(r, "reason") },
        "resolved" => Entry::Resolved {
            at,
            charge: r.maybe_text("charge").map(ToOwned::to_owned),
            note: text(r, "note"),
        },
        "reopened" => Entry::Reopened {
            at,
            epoch: count(r, "epoch"),
            key: text(r, "key"),
            proof: proof(r),
            deadline_at: maybe_moment(r, "deadline_at"),
        },
        other => {
            r.refuse("type", "a journal entry of version 1", quoted(other));
            Entry::CancelWished { at }
        }
    };
    // Only now is what was read known to be there.
    reader.finish()?;
    Ok(entry)
}

/// Texts that came from outside may be empty, and are kept so.
#[inline(never)]
fn text(reader: &mut Reader<'_, '_>, field: &'static str) -> String {
    reader.any_text(field).to_owned()
}

fn terms(reader: &mut Reader<'_, '_>) -> Option<Terms> {
    let window = reader.maybe_integer("window_ms");
    let margin = reader.maybe_integer("margin_ms");
    let quarantine = reader.maybe_integer("quarantine_ms");
    Some(Terms {
        window: Millis::new(window?),
        margin: Millis::new(margin?),
        quarantine: Millis::new(quarantine?),
    })
}

fn answer(value: &Value<'_>) -> Result<Answer, Error> {
    let mut reader = Reader::of(value, "answer");
    let status = reader.integer("status");
    let headers = header_list("headers", Some(reader.optional("headers").unwrap_or(&Value::Null)))?;
    let body = text(&mut reader, "body");
    let status = u16::try_from(status).unwrap_or_else(|_| {
        reader.refuse("status", "an HTTP status", status.digits());
        0
    });
    reader.finish()?;
    Ok(Answer { status, headers, body })
}

#[inline(never)]
fn moment(reader: &mut Reader<'_, '_>, field: &'static str) -> Timestamp {
    let ms = reader.integer(field);
    at_ms(reader, field, ms)
}

#[inline(never)]
fn maybe_moment(reader: &mut Reader<'_, '_>, field: &'static str) -> Option<Timestamp> {
    let ms = reader.maybe_integer(field)?;
    Some(at_ms(reader, field, ms))
}

fn at_ms(reader: &mut Reader<'_, '_>, field: &'static str, ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms).unwrap_or_else(|| {
        reader.refuse(field, "a moment before the year 10000", ms.digits());
        Timestamp::MIN
    })
}

#[inline(never)]
fn count(reader: &mut Reader<'_, '_>, field: &'static str) -> u32 {
    let number = reader.integer(field);
    u32::try_from(number).unwrap_or_else(|_| {
        reader.refuse(field, "a count below 2^32", number.digits());
        0
    })
}

#[inline(never)]
fn unknown(reader: &mut Reader<'_, '_>) -> Unknown {
    named(reader, "reason", Unknown::from_name, Unknown::QueryFailed)
}

#[inline(never)]
fn proof(reader: &mut Reader<'_, '_>) -> Proof {
    named(reader, "proof", Proof::from_name, Proof::Refused)
}

/// What a name stands for; the placeholder is never seen, since an unknown name refuses the entry.
fn named<T>(
    reader: &mut Reader<'_, '_>,
    field: &'static str,
    from_name: fn(&str) -> Option<T>,
    placeholder: T,
) -> T {
    from_name(reader.text(field)).unwrap_or_else(|| {
        refuse_word(reader, field);
        placeholder
    })
}

#[inline(never)]
fn refuse_word(reader: &mut Reader<'_, '_>, field: &'static str) {
    let found = quoted(reader.text(field));
    reader.refuse(field, "a word of journal version 1", found);
}
