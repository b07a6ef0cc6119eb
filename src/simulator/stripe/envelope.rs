//! How a refusal is written: `{"error": …}` and nothing else, since the official client takes every other body for a success.
//!
//! Source of the members: <https://docs.stripe.com/api/errors>.

use super::super::Exchange;
use super::expand::Expand;
use super::refusal::{OUR_CODES, Refusal};
use super::sheet::Reader;
use crate::json::{ObjectWriter, quoted};
use crate::prelude::*;

/// Where Stripe shows what became of a request of a test account.
const LOGS: &str = "https://dashboard.stripe.com/test/logs/";

/// The answer to a request that was not let in.
pub(super) fn answer(refusal: &Refusal, request_id: Option<&str>) -> Exchange {
    Exchange::json(refusal.status, written(refusal, None, request_id))
}

/// `{"error": …}`: the official client takes everything else for a success. `request_id` is that of the request it answers.
pub(super) fn written(refusal: &Refusal, reader: Option<Reader<'_>>, request_id: Option<&str>) -> String {
    let mut error = ObjectWriter::new();
    error = error.maybe_text("advice_code", refusal.advice_code);
    error = error.maybe_text("charge", refusal.charge.as_deref());
    error = error.maybe_text("code", refusal.code);
    error = error.maybe_text("decline_code", refusal.decline_code);
    if let Some(code) = refusal.code.filter(|code| !OUR_CODES.contains(code)) {
        error = error.raw(
            "doc_url",
            &quoted(&format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"))),
        );
    }
    error = error.text("message", &refusal.message);
    error = error.maybe_text("network_decline_code", refusal.network_decline_code);
    error = error.maybe_text("param", refusal.param.as_deref());
    for (name, object) in &refusal.objects {
        if let Some(reader) = reader {
            error = error.raw(name, &reader.object(object, Expand::NONE));
        }
    }
    if let Some(id) = request_id {
        error = error.text("request_log_url", &glued(&[LOGS, id]));
    }
    error = error.text("type", refusal.kind.name());
    ObjectWriter::new().raw("error", &error.finish()).finish()
}
