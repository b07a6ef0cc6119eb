//! Who may not come in is told so before anything is looked at: such a request has no effect at all, and the journal,
//! which holds no secrets, does not know of it.

use alloc::borrow::Cow;

use super::super::{BODY_BYTES_MAX, Exchange, Request};
use super::envelope;
use super::events::REQUEST_PREFIX;
use super::refusal::{Refusal, Result};
use crate::crypto::{Sha256, decode_base64, encode_hex};
use crate::prelude::*;

/// The answer to a request that is not let in; `None` for one that is.
pub(in crate::simulator) fn refused_at_the_door(request: &Request) -> Option<Exchange> {
    let refusal = check(request).err()?;
    let id = id_of(request);
    let mut exchange = envelope::answer(&refusal, Some(&id));
    exchange.headers.push(("request-id", id));
    Some(exchange)
}

/// Such a request is not counted, so its id comes from itself.
fn id_of(request: &Request) -> String {
    const BYTES: usize = 12;
    let mut hash = Sha256::new();
    for part in
        [request.method.as_bytes(), b" ", request.path.as_bytes(), b"?", request.query.as_bytes(), b"\n"]
    {
        hash.update(part);
    }
    hash.update(&request.body);
    let hash = hash.finish();
    format!("{REQUEST_PREFIX}_{}", encode_hex(hash.get(..BYTES).unwrap_or_default()))
}

fn check(request: &Request) -> Result<()> {
    if request.body.len() > BODY_BYTES_MAX {
        let message = format!("The request body is larger than {BODY_BYTES_MAX} bytes");
        return Err(Refusal::request(message).with_status(413));
    }
    let content_type = request.header("content-type").unwrap_or_default();
    // Version 2 of the API speaks JSON; that it is not simulated is said by its address.
    let is_form = request.path.starts_with("/v1/");
    if is_form && content_type.starts_with("application/json") && !request.body.is_empty() {
        let message = "Invalid request: the content type of a POST must be application/x-www-form-urlencoded";
        return Err(Refusal::request(message.to_owned()));
    }
    let key = api_key(request).ok_or_else(|| {
        Refusal::unauthenticated(
            "You did not provide an API key. Send it as 'Authorization: Bearer sk_test_...'; any key that begins with \
             sk_test_ or rk_test_ is taken here.",
        )
    })?;
    match &*key {
        key if key.starts_with("sk_test_") || key.starts_with("rk_test_") => Ok(()),
        key if key.starts_with("sk_live_") || key.starts_with("rk_live_") => Err(Refusal::unauthenticated(
            "A live key was sent to the simulator: use one that begins with sk_test_, and consider rolling the live one.",
        )),
        key if key.starts_with("pk_") => {
            let mut refusal = Refusal::unauthenticated(
                "This request needs a secret key; a publishable key (pk_...) was sent.",
            );
            refusal.code = Some("secret_key_required");
            Err(refusal)
        }
        _ => Err(Refusal::unauthenticated(
            "Invalid API Key provided: expected one that begins with sk_test_ or rk_test_.",
        )),
    }
}

/// The key of `Bearer`, or the user name of `Basic`, which curl sends.
fn api_key(request: &Request) -> Option<Cow<'_, str>> {
    let (scheme, value) = request.header("authorization")?.trim().split_once(' ')?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return (!value.is_empty()).then_some(Cow::Borrowed(value));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(decode_base64(value).ok()?).ok()?;
    pair.split(':').next().filter(|user| !user.is_empty()).map(|user| Cow::Owned(user.to_owned()))
}
