//! What comes in over a connection and what goes out, without the connection.

use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// A request as a server saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method, upper case.
    pub method: String,
    /// The path, percent-encoded as it came, without the query.
    pub path: String,
    /// What follows the `?`; empty when there is none.
    pub query: String,
    /// Names in any case, and values.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of a name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| is_same(found, name)).map(|(_, value)| value.as_str())
    }

    /// The values of all headers of a name, whatever its case.
    pub(super) fn headers_named(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.headers.iter().filter(move |(found, _)| is_same(found, name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Whether two names are the same, whatever their case. The length tells nearly all of them apart, and nearly all come in
/// lower case.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one == other || one.eq_ignore_ascii_case(other))
}

/// What the driver does with the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Sends the answer after the delay.
    Deliver {
        /// How long to wait first.
        delay: Millis,
    },
    /// Breaks the connection. The request was never seen.
    RequestLost,
    /// Breaks the connection. The request was carried out.
    ResponseLost,
    /// Sends the head of the answer with its whole length and a part of its body, then ends the connection. The request
    /// was carried out.
    Truncated,
    /// Sends nothing and keeps the connection until the client gives up. The request was carried out.
    Hung,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body: JSON, CSV or nothing.
    pub body: String,
    /// What to do with the connection.
    pub transport: Transport,
    /// By how much the driver moves its clock, carrying out what falls due, before it sends the answer.
    pub advance: Millis,
    /// Whether the driver carries out what is due, webhooks above all, before it sends the answer.
    pub webhooks_first: bool,
}

/// Headers of nearly all answers, at most.
const USUAL_HEADERS: usize = 6;

impl Exchange {
    pub(super) fn json(status: u16, body: String) -> Self {
        Self::of(status, "application/json", body)
    }

    pub(super) fn of(status: u16, content_type: &str, body: String) -> Self {
        let mut headers = Vec::with_capacity(USUAL_HEADERS);
        headers.push(("content-type", content_type.to_owned()));
        Self {
            status,
            headers,
            body,
            transport: Transport::Deliver { delay: Millis::ZERO },
            advance: Millis::ZERO,
            webhooks_first: false,
        }
    }
}

/// A webhook to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The id to report the outcome under.
    pub id: String,
    /// Where to.
    pub url: String,
    /// Names in lower case, and values; the signature is among them.
    pub headers: Vec<(&'static str, String)>,
    /// Exactly the bytes that were signed.
    pub body: String,
    /// Which attempt this is, from 1.
    pub attempt: usize,
    /// Until when its outcome is worth reporting.
    pub until: Timestamp,
}
