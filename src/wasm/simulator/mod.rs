//! The door of the `simulator` artefact: gateways by handle.
//!
//! The shell never shows a handle to its user. After a trap every handle is dead; a gateway that shall survive one is
//! rebuilt from its snapshot.

mod area;
mod error;
#[cfg(all(target_family = "wasm", feature = "wasm-simulator"))]
pub mod exports;

use alloc::collections::BTreeMap;

use area::Area;
pub use error::Error;

use super::reply;
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, quoted};
use crate::prelude::*;
use crate::simulator::{FaultPlan, Gateway, Injected, Options, Outcome};
use crate::time::Timestamp;

/// The gateways of one instance.
#[derive(Debug, Default)]
pub struct Gateways {
    entries: BTreeMap<u32, Gateway>,
    last: u32,
    area: Area,
}

impl Gateways {
    /// No gateway was made.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: BTreeMap::new(), last: 0, area: Area::new() }
    }

    /// Takes `{"seed"?, "dialect"?, "faults"?, "payments_max"?}`; replies with a handle.
    #[must_use]
    pub fn create(&mut self, options: &[u8]) -> Vec<u8> {
        reply::of(self.try_create(options).map(|handle| handle.to_string()))
    }

    /// Takes the bytes of a snapshot; replies with a handle.
    #[must_use]
    pub fn restore(&mut self, snapshot: &[u8]) -> Vec<u8> {
        reply::of(self.try_restore(snapshot).map(|handle| handle.to_string()))
    }

    /// Where the area is, once the texts of a request have this much room. It moves where that takes more than there was.
    pub fn area(&mut self, text_bytes: usize) -> usize {
        self.area.place(text_bytes)
    }

    /// Answers the request in the area. Says whether an answer is there now; if not it is `{"error": …}`.
    pub fn handle(&mut self, handle: u32) -> bool {
        match self.try_handle(handle) {
            Ok(()) => true,
            Err(error) => {
                self.area.refuse(ObjectWriter::new().raw("error", &reply::describe(&error)).finish());
                false
            }
        }
    }

    /// Takes `{"now"}`: what happens by itself up to then happens. Replies with when something is to be done next, and when a
    /// delivery is, both in milliseconds or `null`: `{"due", "delivery_due"}`.
    #[must_use]
    pub fn advance(&mut self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_advance(handle, input))
    }

    /// Takes `{"now", "signed_at"}`, both in milliseconds. Replies with a delivery or `null`.
    #[must_use]
    pub fn poll_delivery(&mut self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_poll_delivery(handle, input))
    }

    /// Takes `{"now", "id", "status"}`, `status` being `null` when there was no answer. Replies with `null`.
    #[must_use]
    pub fn handle_delivery(&mut self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_handle_delivery(handle, input))
    }

    /// Replies with the time at which something is to be done next, or `null`.
    #[must_use]
    pub fn next_due(&self, handle: u32) -> Vec<u8> {
        let due = self.gateway(handle).map(Gateway::poll_timeout);
        reply::of(due.map(|due| due.map_or_else(|| "null".to_owned(), |due| due.unix_ms().to_string())))
    }

    /// Replies with the fault plan.
    #[must_use]
    pub fn faults(&self, handle: u32) -> Vec<u8> {
        reply::of(self.gateway(handle).map(|gateway| gateway.faults().to_json()))
    }

    /// Takes `{"now", "faults"}`; replies with the fault plan.
    #[must_use]
    pub fn set_faults(&mut self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_set_faults(handle, input))
    }

    /// Replies with the snapshot, as one string.
    #[must_use]
    pub fn snapshot(&self, handle: u32) -> Vec<u8> {
        reply::of(self.gateway(handle).map(|gateway| quoted(&gateway.snapshot())))
    }

    /// Forgets a gateway; replies with `null`, also when there is none.
    #[must_use]
    pub fn release(&mut self, handle: u32) -> Vec<u8> {
        let _ = self.entries.remove(&handle);
        reply::ok("null")
    }

    /// Every fault injected so far.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownHandle`].
    pub fn ground_truth(&self, handle: u32) -> Result<&[Injected], Error> {
        self.gateway(handle).map(Gateway::ground_truth)
    }

    fn gateway(&self, handle: u32) -> Result<&Gateway, Error> {
        self.entries.get(&handle).ok_or(Error::UnknownHandle { found: handle })
    }

    fn gateway_mut(&mut self, handle: u32) -> Result<&mut Gateway, Error> {
        self.entries.get_mut(&handle).ok_or(Error::UnknownHandle { found: handle })
    }

    fn keep(&mut self, gateway: Gateway) -> Result<u32, Error> {
        let handle = self.last.checked_add(1).ok_or(Error::HandlesExhausted)?;

        // From here on the gateway is held.
        self.last = handle;
        let _ = self.entries.insert(handle, gateway);
        Ok(handle)
    }

    fn try_create(&mut self, options: &[u8]) -> Result<u32, Error> {
        let options = Options::from_json(&json::parse(options)?)?;
        self.keep(Gateway::new(options))
    }

    fn try_restore(&mut self, snapshot: &[u8]) -> Result<u32, Error> {
        let text = core::str::from_utf8(snapshot).map_err(|error| {
            json::Error::from(json::ErrorKind::Syntax { offset: error.valid_up_to(), expected: "UTF-8" })
        })?;
        let gateway = Gateway::restore(text).map_err(Error::Snapshot)?;
        self.keep(gateway)
    }

    fn try_handle(&mut self, handle: u32) -> Result<(), Error> {
        let (now, request) = self.area.read()?;
        let gateway = self.entries.get_mut(&handle).ok_or(Error::UnknownHandle { found: handle })?;
        let exchange = gateway.handle(now, request);
        let due = gateway.poll_timeout();
        self.area.write(&exchange, due);
        Ok(())
    }

    fn try_advance(&mut self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "input")?;
        let now = moment(&mut fields, "now")?;
        fields.finish()?;
        let gateway = self.gateway_mut(handle)?;
        gateway.handle_timeout(now)?;
        let agenda = [("due", gateway.poll_timeout()), ("delivery_due", gateway.poll_delivery_timeout())];
        let agenda = agenda.into_iter().fold(ObjectWriter::new(), |out, (name, at)| match at {
            Some(at) => out.number(name, at.unix_ms()),
            None => out.null(name),
        });
        Ok(agenda.finish())
    }

    fn try_poll_delivery(&mut self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "input")?;
        let (now, signed_at) = (moment(&mut fields, "now")?, moment(&mut fields, "signed_at")?);
        fields.finish()?;
        let delivery = self.gateway_mut(handle)?.poll_delivery(now, signed_at.unix_seconds());
        let Some(delivery) = delivery else { return Ok("null".to_owned()) };
        Ok(ObjectWriter::new()
            .text("id", &delivery.id)
            .text("url", &delivery.url)
            .raw("headers", &headers(&delivery.headers))
            .text("body", &delivery.body)
            .number("attempt", u64::try_from(delivery.attempt).unwrap_or(u64::MAX))
            .number("until", delivery.until.unix_ms())
            .finish())
    }

    fn try_handle_delivery(&mut self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "input")?;
        let now = moment(&mut fields, "now")?;
        let id = fields.text("id")?;
        let status = fields.maybe_integer("status")?;
        fields.finish()?;
        let outcome = match status.map(u16::try_from) {
            None => Outcome::NoAnswer,
            Some(Ok(status)) => Outcome::Answered(status),
            Some(Err(_)) => return Err(wrong("status", "an HTTP status")),
        };
        self.gateway_mut(handle)?.handle_delivery(now, id, outcome)?;
        Ok("null".to_owned())
    }

    fn try_set_faults(&mut self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "input")?;
        let now = moment(&mut fields, "now")?;
        let plan = FaultPlan::from_json(fields.required("faults", "a fault plan")?).map_err(Error::Plan)?;
        fields.finish()?;
        let gateway = self.gateway_mut(handle)?;
        gateway.set_faults(now, plan);
        Ok(gateway.faults().to_json())
    }
}

fn headers(headers: &[(&'static str, String)]) -> String {
    let list = headers.iter().fold(ArrayWriter::new(), |list, (name, value)| {
        list.raw(&ArrayWriter::new().text(name).text(value).finish())
    });
    list.finish()
}

fn moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, Error> {
    let ms = fields.integer(field)?;
    Timestamp::from_unix_ms(ms).ok_or_else(|| wrong(field, "milliseconds up to the year 9999"))
}

fn wrong(field: &'static str, expected: &'static str) -> Error {
    Error::Json(json::Error::from(json::ErrorKind::WrongField {
        field,
        expected,
        found: "something else".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::area::tests::request;
    use super::*;

    fn text(reply: Vec<u8>) -> String {
        String::from_utf8(reply).unwrap()
    }

    #[test]
    fn a_payment_crosses_and_its_webhook_comes_back() {
        let mut gateways = Gateways::default();
        assert_eq!(text(gateways.create(br#"{"seed":7,"dialect":"native"}"#)), r#"{"ok":1}"#);
        let post = |gateways: &mut Gateways, path: &str, body: &str| {
            gateways.area.ask(1_000, &request("POST", path, ("idempotency-key", "k"), body));
            assert!(gateways.handle(1));
            gateways.area.text().to_owned()
        };
        let url = r#"{"url":"http://127.0.0.1:1/hook","events":["payment.completed"]}"#;
        assert!(post(&mut gateways, "/api/webhook_endpoints", url).contains(r#""id":"we_"#));
        let order = r#"{"merchantId":"shop","amount":1000,"currency":"EUR"}"#;
        let paid = post(&mut gateways, "/api/payments", order);
        assert!(paid.starts_with("application/json{\"id\":\"pay_"), "{paid}");
        assert_eq!(text(gateways.next_due(1)), r#"{"ok":1000}"#);
        assert_eq!(
            text(gateways.advance(1, br#"{"now":1000}"#)),
            r#"{"ok":{"due":1000,"delivery_due":1000}}"#
        );
        let polled = text(gateways.poll_delivery(1, br#"{"now":1000,"signed_at":1700000000000}"#));
        let delivery = json::parse(polled.as_bytes()).unwrap();
        let id = delivery.get("ok").unwrap().get("id").unwrap().as_str().unwrap();
        assert!(polled.contains(r#"["webhook-timestamp","1700000000"]"#), "{polled}");
        let report = format!(r#"{{"now":1000,"id":"{id}","status":204}}"#);
        assert_eq!(text(gateways.handle_delivery(1, report.as_bytes())), r#"{"ok":null}"#);
        assert_eq!(text(gateways.next_due(1)), r#"{"ok":null}"#);

        let snapshot = text(gateways.snapshot(1));
        let snapshot = json::parse(snapshot.as_bytes()).unwrap();
        let snapshot = snapshot.get("ok").unwrap().as_str().unwrap();
        assert_eq!(text(gateways.restore(snapshot.as_bytes())), r#"{"ok":2}"#);
        assert_eq!(text(gateways.next_due(2)), text(gateways.next_due(1)));
    }

    #[test]
    fn a_wrong_call_is_refused_with_a_code() {
        let handled = |gateways: &mut Gateways, handle, now| {
            gateways.area.ask(now, &request("GET", "/health", ("host", "h"), ""));
            assert!(!gateways.handle(handle));
            gateways.area.text().as_bytes().to_vec()
        };
        let mut gateways = Gateways::default();
        let _ = gateways.create(b"{}");
        let table = [
            (gateways.create(b"{"), "json_syntax"),
            (gateways.create(br#"{"sed":7}"#), "field_unknown"),
            (gateways.create(br#"{"dialect":"paypal"}"#), "field_invalid"),
            (gateways.create(br#"{"faults":"furious"}"#), "fault_preset_unknown"),
            (gateways.restore(b""), "snapshot_empty"),
            (gateways.restore(b"\xff"), "json_syntax"),
            (handled(&mut gateways, 1, 253_402_300_800_000), "field_invalid"),
            (handled(&mut gateways, 9, 0), "unknown_handle"),
            (gateways.advance(1, br#"{"now":253402300800000}"#), "field_invalid"),
            (gateways.handle_delivery(1, br#"{"now":0,"id":"dlv_1","status":200}"#), "delivery_not_found"),
            (gateways.handle_delivery(1, br#"{"now":0,"id":"dlv_1","status":70000}"#), "field_invalid"),
            (gateways.set_faults(1, br#"{"now":0,"faults":{"slow":2}}"#), "fault_probability_invalid"),
        ];
        for (found, code) in table {
            let found = text(found);
            assert!(found.starts_with(&format!(r#"{{"error":{{"code":"{code}""#)), "{code}: {found}");
        }
        let _ = gateways.release(1);
        assert!(text(gateways.snapshot(1)).contains("unknown_handle"));
    }
}
