//! A driver as short as one can be: a clock, requests, and everything that was seen written into one hash.

use tillproof::crypto::{Sha256, encode_hex};
use tillproof::json::{self, Value};
use tillproof::simulator::{Delivery, Exchange, FaultPlan, Gateway, Options, Outcome, Request, Transport};
use tillproof::time::{Millis, Timestamp};

/// 2026-01-01T00:00:00Z.
pub(crate) const START_MS: u64 = 1_767_225_600_000;

pub(crate) struct Driver {
    pub(crate) gateway: Gateway,
    pub(crate) now: Timestamp,
    transcript: Sha256,
}

impl Driver {
    pub(crate) fn new(seed: u64, faults: &str) -> Self {
        let faults = FaultPlan::parse(faults.as_bytes()).unwrap();
        Self::over(Gateway::new(Options { seed, faults, ..Options::default() }))
    }

    pub(crate) fn over(gateway: Gateway) -> Self {
        Self { gateway, now: Timestamp::from_unix_ms(START_MS).unwrap(), transcript: Sha256::new() }
    }

    pub(crate) fn wait(&mut self, ms: u64) {
        self.now = self.now.saturating_add(Millis::new(ms));
    }

    pub(crate) fn send(&mut self, method: &str, target: &str, key: Option<&str>, body: &str) -> Exchange {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: key.map(|key| ("Idempotency-Key".to_owned(), key.to_owned())).into_iter().collect(),
            body: body.as_bytes().to_vec(),
        };
        let exchange = self.gateway.handle(self.now, &request);
        self.transcript.update(format!("{exchange:?}\n").as_bytes());
        exchange
    }

    pub(crate) fn post(&mut self, path: &str, key: &str, body: &str) -> Exchange {
        self.send("POST", path, Some(key), body)
    }

    pub(crate) fn get(&mut self, target: &str) -> Exchange {
        self.send("GET", target, None, "")
    }

    /// A completed payment of `amount` euro cents; returns its id.
    pub(crate) fn pay(&mut self, reference: &str, amount: u64) -> String {
        let made = self.post("/api/payments", reference, &order(reference, amount, ""));
        assert_eq!(made.status, 201, "{}", made.body);
        text(&made.body, "id")
    }

    pub(crate) fn listen(&mut self, body: &str) -> Exchange {
        let made = self.send("POST", "/api/webhook_endpoints", None, body);
        assert_eq!(made.status, 201, "{}", made.body);
        made
    }

    /// Delivers everything that falls due up to `now`, each at its moment; the merchant's answer decides.
    pub(crate) fn deliver(&mut self, mut merchant: impl FnMut(&Delivery) -> Outcome) {
        while let Some(due) = self.gateway.poll_timeout().filter(|due| *due <= self.now) {
            self.gateway.handle_timeout(due).unwrap();
            while let Some(delivery) = self.gateway.poll_delivery(due, due.unix_seconds()) {
                self.transcript.update(format!("{delivery:?}\n").as_bytes());
                let outcome = merchant(&delivery);
                self.gateway.handle_delivery(due, &delivery.id, outcome).unwrap();
            }
        }
    }

    /// Everything that was seen so far.
    pub(crate) fn transcript(&self) -> String {
        encode_hex(&self.transcript.clone().finish())
    }
}

pub(crate) fn order(reference: &str, amount: u64, more: &str) -> String {
    format!(r#"{{"merchantId":"shop","amount":{amount},"currency":"EUR","reference":"{reference}"{more}}}"#)
}

/// A text of a JSON document by its path, such as `error.code`; a number by its digits.
pub(crate) fn text(body: &str, path: &str) -> String {
    let document = json::parse(body.as_bytes()).unwrap();
    let mut value = &document;
    for name in path.split('.') {
        let Some(inner) = value.get(name) else { return format!("no {name}") };
        value = inner;
    }
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_text(),
    }
}

/// Whether an answer arrived whole and was written by the gateway, which is when a client may conclude anything.
pub(crate) fn is_understood(exchange: &Exchange) -> bool {
    let wanted = if exchange.status < 400 { "id" } else { "error" };
    let document = json::parse(exchange.body.as_bytes());
    matches!(exchange.transport, Transport::Deliver { .. })
        && document.is_ok_and(|document| document.get(wanted).is_some())
}

/// What a client sees of an exchange, in one line.
pub(crate) fn line(exchange: &Exchange) -> String {
    let replayed = exchange.headers.iter().any(|(name, _)| *name == "idempotent-replayed");
    let seen = match exchange.transport {
        Transport::RequestLost => return "request lost".to_owned(),
        Transport::ResponseLost => return "response lost".to_owned(),
        Transport::Truncated => return "truncated".to_owned(),
        Transport::Hung => return "hung".to_owned(),
        Transport::Deliver { .. } if !is_understood(exchange) => "not understood".to_owned(),
        Transport::Deliver { .. } if exchange.status < 400 => text(&exchange.body, "state"),
        Transport::Deliver { .. } => text(&exchange.body, "error.code"),
    };
    format!("{} {seen}{}", exchange.status, if replayed { " replayed" } else { "" })
}
