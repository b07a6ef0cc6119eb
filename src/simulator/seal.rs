//! An attempt is sealed when it begins: written in the words of its dialect, signed, and spoiled if the plan says so.

use super::exchange::Delivery;
use super::faults::Fault;
use super::webhooks::{Content, Endpoint, News, Stage};
use super::world::World;
use super::{native, stripe};
use crate::crypto::{Secret, sha256};
use crate::json;
use crate::prelude::*;

/// How far back a stale signature is dated, in seconds: official clients refuse what is older than five minutes.
const STALE_S: u64 = 15 * 60;

/// How an attempt is spoiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoil {
    None,
    StaleSignature,
    WrongSecret,
    /// Written anew after it was signed.
    Reserialized,
    /// These two are signed like any other.
    ExtraField,
    OldVersion,
}

impl Spoil {
    /// The spoil of a fault; none for a fault that spoils nothing.
    pub(super) const fn of(fault: Fault) -> Self {
        match fault {
            Fault::WebhookStaleSignature => Self::StaleSignature,
            Fault::WebhookWrongSecret => Self::WrongSecret,
            Fault::WebhookReserialized => Self::Reserialized,
            Fault::WebhookExtraField => Self::ExtraField,
            Fault::WebhookOldVersion => Self::OldVersion,
            _ => Self::None,
        }
    }
}

impl World {
    /// What is sent for a delivery in flight, signed as of `signed_at_s`.
    pub(super) fn sealed(&self, number: usize, signed_at_s: u64, spoil: Spoil) -> Option<Delivery> {
        let parcel = self.webhooks.parcel(number)?;
        let endpoint = self.webhooks.endpoint(parcel.endpoint)?;
        let event = self.webhooks.events().get(parcel.content.event())?;
        let is_old = spoil == Spoil::OldVersion;
        let (event_id, written) = match event.news {
            News::Payment { .. } | News::Payout { .. } => native::webhook_body(self, parcel.content, is_old)?,
            News::Stripe { event } => {
                let is_forged = matches!(parcel.content, Content::Forged(_));
                stripe::webhook_body(self, event, endpoint.api_version.as_deref(), is_old, is_forged)?
            }
        };
        let body = if spoil == Spoil::ExtraField { with_extra_field(&written) } else { written };
        let keys = self.keys_of(endpoint, parcel, &event_id, spoil);
        let signed_at_s =
            if spoil == Spoil::StaleSignature { signed_at_s.saturating_sub(STALE_S) } else { signed_at_s };
        let agent = match event.news {
            News::Payment { .. } | News::Payout { .. } => "tillproof-simulator/1",
            News::Stripe { .. } => "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        };
        let mut headers = vec![
            ("content-type", "application/json; charset=utf-8".to_owned()),
            ("user-agent", agent.to_owned()),
        ];
        headers.extend(endpoint.scheme.headers(&keys, &event_id, signed_at_s, &body));
        let body = if spoil == Spoil::Reserialized { reserialized(&body) } else { body };
        let until = match parcel.stage {
            Stage::InFlight { until } => until,
            Stage::Scheduled { .. } | Stage::Delivered { .. } | Stage::Dead { .. } => self.clock,
        };
        let (id, url) = (self.ids.id("dlv", number), endpoint.url.clone());
        Some(Delivery { id, url, headers, body, attempt: parcel.attempts.len(), until })
    }

    fn keys_of(
        &self,
        endpoint: &Endpoint,
        parcel: &super::webhooks::Parcel,
        event_id: &str,
        spoil: Spoil,
    ) -> Vec<Secret> {
        // A key nobody was given: the forger does not know the right one.
        let invented = || vec![Secret::new(sha256(event_id.as_bytes()).to_vec())];
        match (parcel.content, spoil) {
            (Content::Forged(_), _) => invented(),
            (Content::Genuine(_), Spoil::WrongSecret) => {
                let other = self.webhooks.endpoints().find(|(number, _)| *number != parcel.endpoint);
                let other = other.and_then(|(_, other)| endpoint.scheme.key(&other.secret));
                other.map_or_else(invented, |key| vec![key])
            }
            (Content::Genuine(_), _) => {
                endpoint.secrets(self.clock).filter_map(|secret| endpoint.scheme.key(secret)).collect()
            }
        }
    }
}

/// A body with a member that was not there last year.
fn with_extra_field(body: &str) -> String {
    match body.strip_prefix('{') {
        Some(rest) => format!(r#"{{"unheard_of":{{"since":"tomorrow","list":[1,null]}},{rest}"#),
        None => body.to_owned(),
    }
}

/// The same document as a proxy writes it that has read it: members in another order, so that the bytes differ.
fn reserialized(body: &str) -> String {
    let Ok(value) = json::parse(body.as_bytes()) else { return format!("{body}\n") };
    let written = json::canonical(&value);
    if written == body { format!("{body}\n") } else { written }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_keeps_the_meaning_and_changes_the_bytes() {
        for body in [r#"{"b":1,"a":[true,null]}"#, r#"{"a":1}"#] {
            let other = reserialized(body);
            assert_ne!(other, body);
            let (before, after) = (json::parse(body.as_bytes()), json::parse(other.as_bytes()));
            assert_eq!(json::canonical(&before.unwrap()), json::canonical(&after.unwrap()));
        }
        let more = with_extra_field(r#"{"a":1}"#);
        assert_eq!(json::parse(more.as_bytes()).unwrap().get("a").unwrap().as_u64(), Some(1));
    }
}
