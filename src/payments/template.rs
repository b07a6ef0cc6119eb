//! A request with gaps: method, path and body of a provider's API, in which names with a dollar stand for what is sent.
//!
//! Invariant: what is filled in cannot change the shape of the request: in a path it is percent-encoded, in a body it
//! is a value of its own. A gap without a value leaves its member out.

use crate::crypto::encode_hex;
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, Value};
use crate::prelude::*;

use super::profile::{headers, refused};
use super::{Error, Operation, Payment, Request};

/// A request with gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// The HTTP method.
    pub(super) method: String,
    /// Path and query; `{target}` and the like are gaps.
    pub(super) path: String,
    /// Fixed headers.
    pub(super) headers: Vec<(String, String)>,
    /// JSON text; a string that begins with `$` is a gap.
    pub(super) body: Option<String>,
}

/// What gaps may stand for.
const GAPS: [&str; 12] = [
    "merchant",
    "reference",
    "key",
    "amount",
    "amount_text",
    "amount_decimal",
    "currency",
    "currency_lower",
    "target",
    "destination",
    "description",
    "metadata",
];

/// The member whose value is merged into the object it stands in.
const SPREAD: &str = "...";

impl Template {
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Error> {
        Self::read_fields(&mut Fields::of(value, "request")?)
    }

    pub(super) fn read_fields(fields: &mut Fields<'_, '_>) -> Result<Self, Error> {
        let method = fields.maybe_text("method")?.unwrap_or("POST").to_owned();
        let path = fields.text("path")?.to_owned();
        let fixed = headers(fields.optional("headers"))?;
        let body = fields.optional("body");
        if !matches!(method.as_str(), "GET" | "POST" | "PUT" | "PATCH" | "DELETE") {
            return Err(refused("method", "is no method of HTTP that a payment is sent with"));
        }
        if !path.starts_with('/') || pieces(&path).any(|(_, gap)| gap.is_some_and(|gap| !GAPS.contains(&gap)))
        {
            return Err(refused("path", "does not begin with a slash, or has a gap that nothing stands for"));
        }
        if body.is_some_and(|body| body.as_object().is_none() || !gaps_are_known(body)) {
            return Err(refused("body", "is no object, or has a gap that nothing stands for"));
        }
        Ok(Self { method, path, headers: fixed, body: body.map(Value::to_text) })
    }

    /// The path with its gaps filled.
    pub(super) fn path(&self, filler: &Filler<'_>) -> String {
        let mut out = String::new();
        for (plain, gap) in pieces(&self.path) {
            out.push_str(plain);
            if let Some(Fill::Text(text) | Fill::Number(text)) = gap.and_then(|gap| filler.fill(gap)) {
                percent_encode(&mut out, &text);
            }
        }
        out
    }

    /// The body with its gaps filled and the caller's own fields merged in, as JSON text.
    ///
    /// # Errors
    ///
    /// The member that both the template and the caller would write.
    pub(super) fn body(&self, filler: &Filler<'_>) -> Result<Option<String>, String> {
        let own = filler.payment.and_then(|payment| payment.provider_fields.as_deref());
        let Some(body) = &self.body else { return Ok(own.map(ToOwned::to_owned)) };
        let Ok(body) = json::parse(body.as_bytes()) else { return Ok(None) };
        let filled = filler.value(&body).unwrap_or_else(|| "{}".to_owned());
        match own {
            None => Ok(Some(filled)),
            Some(own) => merged(&filled, own).map(Some),
        }
    }
}

/// What gaps are filled with.
#[derive(Debug)]
pub(super) struct Filler<'a> {
    pub(super) request: &'a Request,
    pub(super) payment: Option<&'a Payment>,
    pub(super) key: &'a str,
}

enum Fill {
    Text(String),
    Number(String),
    Json(String),
}

impl<'a> Filler<'a> {
    pub(super) fn new(request: &'a Request, key: &'a str) -> Self {
        Self { request, payment: request.content.as_payment(), key }
    }

    /// What stands in a gap; `None` when the request has none of it.
    fn fill(&self, gap: &str) -> Option<Fill> {
        let amount = self.request.amount();
        let text = |text: &str| Fill::Text(text.to_owned());
        let of =
            |field: fn(&Payment) -> &Option<String>| self.payment.and_then(|payment| field(payment).clone());
        match gap {
            "merchant" => Some(text(&self.request.merchant)),
            "reference" => Some(text(&self.request.reference)),
            "key" => Some(text(self.key)),
            "amount" => amount.map(|amount| Fill::Number(amount.minor().digits())),
            "amount_text" => amount.map(|amount| Fill::Text(amount.minor().digits())),
            "amount_decimal" => amount.map(|amount| Fill::Text(amount.to_major())),
            "currency" => amount.map(|amount| text(amount.currency().code())),
            "currency_lower" => {
                amount.map(|amount| Fill::Text(amount.currency().code().to_ascii_lowercase()))
            }
            "target" => of(|payment| &payment.target).map(Fill::Text),
            "destination" => of(|payment| &payment.destination).map(Fill::Text),
            "description" => of(|payment| &payment.description).map(Fill::Text),
            "metadata" => of(|payment| &payment.metadata).map(Fill::Json),
            _ => None,
        }
    }

    /// A value of a template as JSON text; `None` when it is a gap that stays empty.
    fn value(&self, value: &Value<'_>) -> Option<String> {
        match value {
            Value::String(text) => match text.strip_prefix('$') {
                None => Some(json::quoted(text)),
                Some(gap) => self.fill(gap).map(|fill| match fill {
                    Fill::Text(text) => json::quoted(&text),
                    Fill::Number(text) | Fill::Json(text) => text,
                }),
            },
            Value::Array(items) => {
                let filled = items.iter().filter_map(|item| self.value(item));
                Some(filled.fold(ArrayWriter::new(), |list, item| list.raw(&item)).finish())
            }
            Value::Object(members) => {
                let mut out = ObjectWriter::new();
                for (name, member) in members {
                    let Some(text) = self.value(member) else { continue };
                    out = if name == SPREAD { spread(out, &text, value) } else { out.raw(name, &text) };
                }
                // An object of which nothing is left was about something the request does not have.
                let out = out.finish();
                (members.is_empty() || out != "{}").then_some(out)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.to_text()),
        }
    }
}

/// The members of an object, except those that stand in the template beside it: the template decides about those.
fn spread(out: ObjectWriter, object: &str, template: &Value<'_>) -> ObjectWriter {
    let Ok(object) = json::parse(object.as_bytes()) else { return out };
    let members = object.as_object().unwrap_or_default().iter();
    members
        .filter(|(name, _)| template.get(name).is_none())
        .fold(out, |out, (name, value)| out.raw(name, &value.to_text()))
}

/// Two objects as one; the name of the first member that both have and that is not an object in both.
pub(super) fn merged(one: &str, two: &str) -> Result<String, String> {
    let (Ok(one), Ok(two)) = (json::parse(one.as_bytes()), json::parse(two.as_bytes())) else {
        return Ok(one.to_owned());
    };
    merged_values(&one, &two)
}

fn merged_values(one: &Value<'_>, two: &Value<'_>) -> Result<String, String> {
    let mut out = ObjectWriter::new();
    for (name, value) in one.as_object().unwrap_or_default() {
        out = match two.get(name) {
            None => out.raw(name, &value.to_text()),
            Some(other) if value.as_object().is_some() && other.as_object().is_some() => {
                let inner = merged_values(value, other).map_err(|inner| glued(&[name, ".", &inner]))?;
                out.raw(name, &inner)
            }
            Some(_) => return Err(name.clone().into_owned()),
        };
    }
    for (name, value) in two.as_object().unwrap_or_default() {
        if one.get(name).is_none() {
            out = out.raw(name, &value.to_text());
        }
    }
    Ok(out.finish())
}

fn gaps_are_known(value: &Value<'_>) -> bool {
    match value {
        Value::String(text) => text.strip_prefix('$').is_none_or(|gap| GAPS.contains(&gap)),
        Value::Array(items) => items.iter().all(gaps_are_known),
        Value::Object(members) => members.iter().all(|(_, member)| gaps_are_known(member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// The pieces of a path: plain text, and the gap that follows it.
fn pieces(path: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut pieces = path.split('{');
    let first = pieces.next().unwrap_or_default();
    let rest = pieces.flat_map(|piece| {
        let (gap, plain) = piece.split_once('}').unwrap_or(("", piece));
        [("", Some(gap)), (plain, None)]
    });
    core::iter::once((first, None)).chain(rest)
}

/// RFC 3986 section 2.3: everything but unreserved characters is escaped.
pub(super) fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&encode_hex(&[byte]).to_ascii_uppercase());
        }
    }
}

/// The operations a template may be written for are those of a payment.
pub(super) fn operation_of(name: &str) -> Option<Operation> {
    Operation::from_name(name).filter(|operation| *operation != Operation::Call)
}
