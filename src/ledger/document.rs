//! An entry has one text: reading it and writing it again gives the same bytes.
//!
//! Members stand in alphabetical order and absent ones are left out, so the text is canonical in the sense of
//! [`json::canonical`](crate::json::canonical) and can be hashed as it is.

use super::Error;
use super::account::{Account, Side};
use super::entry::{Entry, Layer, Link, Parts, Posting, Relation};
use super::facts::{EventType, Facts};
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, Value};
use crate::money::{Amount, Currency};
use crate::prelude::*;
use crate::time::Timestamp;

impl Entry {
    /// Reads an entry from JSON, as [`Entry::to_json`] writes it; members may stand in any order, and amounts may be
    /// numbers where every reader keeps them exact.
    ///
    /// # Errors
    ///
    /// [`Json`](super::ErrorKind::Json), [`Money`](super::ErrorKind::Money),
    /// [`InvalidAccount`](super::ErrorKind::InvalidAccount), then those of [`Entry::new`].
    pub fn from_json(value: &Value<'_>) -> Result<Self, Error> {
        let mut fields = Fields::of(value, "entry")?;
        let mut parts = Parts {
            id: fields.text("id")?.to_owned(),
            occurred_at: moment(&mut fields, "occurred_at")?,
            recorded_at: moment(&mut fields, "recorded_at")?,
            cause: fields.text("cause")?.to_owned(),
            description: fields.maybe_text("description")?.unwrap_or_default().to_owned(),
            links: Vec::new(),
            expires_at: maybe_moment(&mut fields, "expires_at")?,
            facts: None,
            postings: Vec::new(),
        };
        for link in fields.list("links")? {
            parts.links.push(read_link(link)?);
        }
        if let Some(facts) = fields.optional("facts") {
            parts.facts = Some(Box::new(read_facts(facts)?));
        }
        for posting in fields.list("postings")? {
            parts.postings.push(read_posting(posting)?);
        }
        fields.finish()?;
        Self::new(parts)
    }

    /// The canonical text of the entry.
    #[must_use]
    pub fn to_json(&self) -> String {
        let parts = self.parts();
        let mut postings = ArrayWriter::new();
        for posting in &parts.postings {
            let mut out = ObjectWriter::new()
                .text("account", posting.account.name())
                .digits("amount_minor", posting.amount.minor())
                .text("currency", posting.amount.currency().code())
                .maybe_text("key", posting.key.as_deref());
            if posting.layer != Layer::Posted {
                out = out.text("layer", posting.layer.name());
            }
            postings = postings.raw(&out.text("side", posting.side.name()).finish());
        }
        let mut out = ObjectWriter::new().text("cause", &parts.cause);
        if !parts.description.is_empty() {
            out = out.text("description", &parts.description);
        }
        if let Some(expires_at) = parts.expires_at {
            out = out.number("expires_at", expires_at.unix_ms());
        }
        if let Some(facts) = &parts.facts {
            out = out.raw("facts", &facts.to_json());
        }
        out = out.text("id", &parts.id);
        if !parts.links.is_empty() {
            let mut links = ArrayWriter::new();
            for link in &parts.links {
                links = links.raw(
                    &ObjectWriter::new()
                        .text("entry", &link.entry)
                        .text("relation", link.relation.name())
                        .finish(),
                );
            }
            out = out.raw("links", &links.finish());
        }
        out.number("occurred_at", parts.occurred_at.unix_ms())
            .raw("postings", &postings.finish())
            .number("recorded_at", parts.recorded_at.unix_ms())
            .finish()
    }
}

impl Facts {
    fn to_json(&self) -> String {
        let mut out = ObjectWriter::new()
            .digits("amount_minor", self.amount.minor())
            .text("currency", self.amount.currency().code());
        if let Some(fee) = self.fee {
            out = out.digits("fee_minor", fee.minor());
        }
        out.maybe_text("id", self.gateway_id.as_deref())
            .maybe_text("parent_reference", self.parent_reference.as_deref())
            .maybe_text("payout_id", self.payout_id.as_deref())
            .text("reference", &self.reference)
            .maybe_text("status", self.status.as_deref())
            .text("type", self.kind.name())
            .finish()
    }
}

/// A moment in milliseconds since the epoch.
pub(super) fn moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, json::Error> {
    to_moment(field, fields.integer(field)?)
}

/// As [`moment`]; `None` when absent.
pub(super) fn maybe_moment(
    fields: &mut Fields<'_, '_>,
    field: &'static str,
) -> Result<Option<Timestamp>, json::Error> {
    fields.maybe_integer(field)?.map(|ms| to_moment(field, ms)).transpose()
}

fn to_moment(field: &'static str, ms: u64) -> Result<Timestamp, json::Error> {
    Timestamp::from_unix_ms(ms).ok_or_else(|| {
        json::Error::from(json::ErrorKind::WrongField {
            field,
            expected: "milliseconds since 1970, not after the year 9999",
            found: ms.digits(),
        })
    })
}

fn read_posting(value: &Value<'_>) -> Result<Posting, Error> {
    let mut fields = Fields::of(value, "postings")?;
    let account = Account::parse(fields.text("account")?)?;
    let currency = Currency::parse(fields.text("currency")?)?;
    let amount = Amount::from_json(fields.required("amount_minor", MINOR_UNITS)?, currency)?;
    let key = owned(&mut fields, "key")?;
    let layer = match fields.optional("layer") {
        None => Layer::Posted,
        Some(_) => word(&mut fields, "layer", "posted or pending", Layer::parse)?,
    };
    let side = word(&mut fields, "side", "debit or credit", Side::parse)?;
    fields.finish()?;
    Ok(Posting { account, key, side, layer, amount })
}

fn read_link(value: &Value<'_>) -> Result<Link, Error> {
    let mut fields = Fields::of(value, "links")?;
    let entry = fields.text("entry")?.to_owned();
    let relation =
        word(&mut fields, "relation", "one of reverses, captures, voids, expires, follows", Relation::parse)?;
    fields.finish()?;
    Ok(Link { relation, entry })
}

fn read_facts(value: &Value<'_>) -> Result<Facts, Error> {
    let mut fields = Fields::of(value, "facts")?;
    let kind = word(&mut fields, "type", EVENT_TYPES, EventType::parse)?;
    let currency = Currency::parse(fields.text("currency")?)?;
    let facts = Facts {
        kind,
        reference: fields.text("reference")?.to_owned(),
        gateway_id: owned(&mut fields, "id")?,
        amount: Amount::from_json(fields.required("amount_minor", MINOR_UNITS)?, currency)?,
        fee: fields.optional("fee_minor").map(|fee| Amount::from_json(fee, currency)).transpose()?,
        status: owned(&mut fields, "status")?,
        payout_id: owned(&mut fields, "payout_id")?,
        parent_reference: owned(&mut fields, "parent_reference")?,
    };
    fields.finish()?;
    Ok(facts)
}

const MINOR_UNITS: &str = "minor units as a string of digits";
const EVENT_TYPES: &str = "one of charge, refund, dispute, fee, payout, payout_failure, adjustment";

pub(super) fn owned(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Option<String>, json::Error> {
    Ok(fields.maybe_text(field)?.map(str::to_owned))
}

pub(super) fn word<T>(
    fields: &mut Fields<'_, '_>,
    field: &'static str,
    expected: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<T, json::Error> {
    const SHOWN_MAX: usize = 40;
    let found = fields.text(field)?;
    parse(found).ok_or_else(|| {
        json::Error::from(json::ErrorKind::WrongField {
            field,
            expected,
            found: json::quoted(&found.chars().take(SHOWN_MAX).collect::<String>()),
        })
    })
}
