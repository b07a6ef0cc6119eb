//! Requests and answers as they cross: lines of text, since a simulator is asked ten thousand times a second and JSON in
//! JSON would be read twice.
//!
//! Invariant: no line break stands inside a line. The shell refuses it in what goes in; what comes out is the engine's own,
//! and a header of a request that is repeated in the answer came in as a line.

use super::{Error, wrong};
use crate::prelude::*;
use crate::simulator::{Exchange, Request, Transport};
use crate::time::Timestamp;

/// What the line of facts takes at most, nearly always.
const FACTS_BYTES: usize = 64;

/// Headers of most requests.
const USUAL_HEADERS: usize = 8;

/// Reads the lines `now`, method, path and query, and then a name and a value for each header.
pub(super) fn read(head: &str, body: &[u8]) -> Result<(Timestamp, Request), Error> {
    let mut lines = Lines(Some(head));
    let now = lines.next().and_then(|now| now.parse().ok()).and_then(Timestamp::from_unix_ms);
    let now = now.ok_or_else(|| wrong("now", "milliseconds up to the year 9999"))?;
    let mut line = |field| lines.next().map(str::to_owned).ok_or_else(|| wrong(field, "a line of text"));
    let (method, path, query) = (line("method")?, line("path")?, line("query")?);
    let mut headers = Vec::with_capacity(USUAL_HEADERS);
    while let Some(name) = lines.next() {
        let value = lines.next().ok_or_else(|| wrong("headers", "pairs of name and value"))?;
        headers.push((name.to_owned(), value.to_owned()));
    }
    Ok((now, Request { method, path, query, headers, body: body.to_vec() }))
}

/// The lines of a text that are left. Byte by byte: they are short, and the search of the library takes longer to begin.
struct Lines<'t>(Option<&'t str>);

impl<'t> Iterator for Lines<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let rest = self.0?;
        let end = rest.bytes().position(|byte| byte == b'\n');
        let Some((line, rest)) = end.and_then(|end| rest.split_at_checked(end)) else { return self.0.take() };
        self.0 = rest.get(1..);
        Some(line)
    }
}

/// Writes a line of status, transport, delay, advance, `webhooks_first` or `-`, and when something is to be done next or `-`; a
/// line for each header, an empty line and the body.
pub(super) fn written(exchange: &Exchange, due: Option<Timestamp>) -> String {
    let (transport, delay) = match exchange.transport {
        Transport::Deliver { delay } => ("deliver", delay.get()),
        Transport::RequestLost => ("request_lost", 0),
        Transport::ResponseLost => ("response_lost", 0),
        Transport::Truncated => ("truncated", 0),
        Transport::Hung => ("hung", 0),
    };
    let first = if exchange.webhooks_first { " webhooks_first " } else { " - " };
    let mut facts = String::with_capacity(FACTS_BYTES);
    append_digits(&mut facts, exchange.status.into());
    facts.extend([" ", transport, " "]);
    append_digits(&mut facts, delay);
    facts.push(' ');
    append_digits(&mut facts, exchange.advance.get());
    facts.push_str(first);
    match due {
        Some(due) => append_digits(&mut facts, due.unix_ms()),
        None => facts.push('-'),
    }
    let headers = exchange.headers.iter().map(|(name, value)| [1, name.len(), 2, value.len()]);
    let sizes = headers.flatten().chain([facts.len(), 2, exchange.body.len()]);
    // Not a byte too many, or the text is moved once more when it is handed over.
    let mut text = String::with_capacity(sizes.fold(0, usize::saturating_add));
    text.push_str(&facts);
    for (name, value) in &exchange.headers {
        text.extend(["\n", name, ": ", value]);
    }
    text.extend(["\n\n", &exchange.body]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_line_by_line_or_refused() {
        let (now, request) = read("1000\nPOST\n/v1/refunds\na=b\nAccept\n\nX-A\n: b", b"body").unwrap();
        assert_eq!(now.unix_ms(), 1_000);
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/refunds"));
        assert_eq!((request.query.as_str(), request.body.as_slice()), ("a=b", &b"body"[..]));
        assert_eq!((request.header("accept"), request.header("x-a")), (Some(""), Some(": b")));
        for head in ["", "now\nGET\n/\n", "253402300800000\nGET\n/\n", "0\nGET\n/", "0\nGET\n/\n\nAccept"] {
            assert!(read(head, b"").is_err(), "{head:?}");
        }
    }

    #[test]
    fn an_answer_is_a_line_its_headers_and_its_body() {
        let due = Timestamp::from_unix_ms(1_000);
        let mut exchange = crate::simulator::Gateway::new(crate::simulator::Options::default())
            .handle(Timestamp::MIN, &read("0\nGET\n/health\n", b"").unwrap().1);
        assert_eq!(
            written(&exchange, None),
            "200 deliver 0 0 - -\ncontent-type: application/json\n\n{\"status\":\"ok\"}"
        );
        (exchange.transport, exchange.webhooks_first) = (Transport::Hung, true);
        (exchange.headers, exchange.body) = (Vec::new(), String::new());
        assert_eq!(written(&exchange, due), "200 hung 0 0 webhooks_first 1000\n\n");
    }
}
