//! News as it crosses: what became of an exchange, of a webhook, or of the intent that takes a charge back.

use crate::entropy::Entropy;
use crate::json::{Reader, Value, quoted};
use crate::payments::{Error, Machine, Proof, Response, ReversalNews};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Tells the machine one piece of news.
///
/// # Errors
///
/// [`ErrorKind::Document`](crate::payments::ErrorKind::Document), and as [`Machine::handle_webhook`].
pub(super) fn tell(
    machine: &mut Machine,
    news: &Value<'_>,
    now: Timestamp,
    entropy: &mut Entropy,
) -> Result<(), Error> {
    let mut reader = Reader::of(news, "news");
    match reader.text("type") {
        "response" => {
            let (attempt, response) = (count(&mut reader, "attempt"), response(&mut reader));
            reader.finish()?;
            machine.handle_response(now, attempt, &response, entropy);
        }
        "failure" => {
            let (attempt, not_sent) = (count(&mut reader, "attempt"), reader.flag("not_sent"));
            reader.finish()?;
            machine.handle_failure(now, attempt, not_sent, entropy);
        }
        kind @ ("query" | "void") => {
            let query = count(&mut reader, "query");
            let answered = reader.optional("status").is_some();
            let answer = answered.then(|| response(&mut reader));
            reader.finish()?;
            if kind == "void" {
                machine.handle_void(now, query, answer.as_ref(), entropy);
            } else {
                machine.handle_query(now, query, answer.as_ref(), entropy);
            }
        }
        "reversal" => {
            let (reference, news) = (reader.text("reference"), reversal(&mut reader));
            reader.finish()?;
            machine.handle_reversal(now, reference, news, entropy);
        }
        "webhook" => {
            let payment = reader.optional("payment").unwrap_or(&Value::Null);
            reader.finish()?;
            machine.handle_webhook(now, payment, entropy)?;
        }
        other => {
            let expected = "\"response\", \"failure\", \"query\", \"void\", \"webhook\" or \"reversal\"";
            reader.refuse("type", expected, quoted(other));
            reader.finish()?;
        }
    }
    Ok(())
}

/// What the driver heard of the intent that takes a charge back, in the words of its outcome.
fn reversal(reader: &mut Reader<'_, '_>) -> ReversalNews {
    match reader.text("status") {
        "settled" => ReversalNews::Settled { refund: reader.text("provider_reference").to_owned() },
        "failed" => {
            let proof = reader.text("proof");
            let code = reader.maybe_text("code").unwrap_or_default().to_owned();
            let proof = Proof::from_name(proof).unwrap_or_else(|| {
                reader.refuse("proof", "a proof", quoted(proof));
                Proof::Refused
            });
            ReversalNews::Failed { proof, code }
        }
        "pending_confirmation" => ReversalNews::Pending,
        "needs_review" => ReversalNews::NeedsReview,
        other => {
            let expected = "\"settled\", \"failed\", \"pending_confirmation\" or \"needs_review\"";
            reader.refuse("status", expected, quoted(other));
            ReversalNews::Pending
        }
    }
}

#[inline(never)]
fn response(reader: &mut Reader<'_, '_>) -> Response {
    let status = reader.integer("status");
    Response {
        status: u16::try_from(status).unwrap_or_else(|_| {
            reader.refuse("status", "an HTTP status", status.digits());
            0
        }),
        headers: reader.optional("headers").map(header_list).unwrap_or_default(),
        body: reader.maybe_text("body").unwrap_or_default().as_bytes().to_vec(),
        retry_after: reader.maybe_integer("retry_after_ms").map(Millis::new),
    }
}

/// What came over the wire: a header that is no text is none.
fn header_list(value: &Value<'_>) -> Vec<(String, String)> {
    let mut list = Vec::new();
    for (name, value) in value.as_object().unwrap_or_default() {
        if let Some(value) = value.as_str() {
            list.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }
    list
}

fn count(reader: &mut Reader<'_, '_>, field: &'static str) -> u32 {
    let number = reader.integer(field);
    u32::try_from(number).unwrap_or_else(|_| {
        reader.refuse(field, "a count below 2^32", number.digits());
        0
    })
}
