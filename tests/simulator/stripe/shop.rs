//! A merchant's server that speaks to the Stripe dialect without any client.

use serde_json::Value;
use tillproof::simulator::{Dialect, Exchange, Gateway, Options, Request};
use tillproof::time::{Millis, Timestamp};

/// A gateway and the time it is.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) gateway: Gateway,
    pub(crate) now: Timestamp,
    keys: usize,
}

/// A status and a body that was JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The bytes of the body.
    pub(crate) text: String,
}

impl Shop {
    pub(crate) fn new(seed: u64) -> Self {
        let gateway = Gateway::new(Options { seed, dialect: Dialect::Stripe, ..Options::default() });
        Self { gateway, now: Timestamp::from_unix_ms(1_767_225_600_000).unwrap(), keys: 0 }
    }

    /// A request with a key of its own, `form` being `a=1&b[c]=2`.
    pub(crate) fn post(&mut self, path: &str, form: &str) -> Answer {
        self.keys += 1;
        let key = format!("key-{}", self.keys);
        self.send("POST", path, form, &[("idempotency-key", &key)])
    }

    /// A request with this key.
    pub(crate) fn post_with_key(&mut self, path: &str, form: &str, key: &str) -> Answer {
        self.send("POST", path, form, &[("idempotency-key", key)])
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "", &[])
    }

    pub(crate) fn delete(&mut self, path: &str) -> Answer {
        self.send("DELETE", path, "", &[])
    }

    /// Lets time pass, and happen what falls due in it.
    pub(crate) fn wait(&mut self, seconds: u64) {
        let target = self.now.saturating_add(Millis::from_seconds(seconds));
        while let Some(due) = self.gateway.poll_timeout().filter(|due| *due <= target) {
            self.gateway.handle_timeout(due).unwrap();
            while self.gateway.poll_delivery(due, due.unix_seconds()).is_some() {}
        }
        self.now = target;
    }

    /// The types of all events, oldest first.
    pub(crate) fn events(&mut self) -> Vec<String> {
        let mut types: Vec<String> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("/v1/events?limit=100{cursor}")).body;
            let data = page["data"].as_array().unwrap();
            types.extend(data.iter().map(|event| event["type"].as_str().unwrap().to_owned()));
            match data.last() {
                Some(last) if page["has_more"] == true => {
                    cursor = format!("&starting_after={}", last["id"].as_str().unwrap());
                }
                _ => break,
            }
        }
        types.reverse();
        types
    }

    /// Any request of a merchant with a key of the API.
    pub(crate) fn send(
        &mut self,
        method: &str,
        target: &str,
        form: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let own = [
            ("authorization", "Bearer sk_test_tillproof"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let own = own.into_iter().filter(|(name, _)| headers.iter().all(|(given, _)| given != name));
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: own.chain(headers.iter().copied()).map(pair).collect(),
            body: form.as_bytes().to_vec(),
        };
        let Exchange { status, headers, body, .. } = self.gateway.handle(self.now, &request);
        Answer { status, body: serde_json::from_str(&body).unwrap(), headers, text: body }
    }
}

impl Answer {
    /// The id of the object.
    pub(crate) fn id(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text);
        self.body["id"].as_str().unwrap().to_owned()
    }

    /// Status, type, code and param of a refusal, such as `400 invalid_request_error parameter_missing amount`.
    pub(crate) fn refusal(&self) -> String {
        let word = |name: &str| self.body["error"][name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", self.status, word("type"), word("code"), word("param"))
    }

    /// A header of the answer.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
    }
}
