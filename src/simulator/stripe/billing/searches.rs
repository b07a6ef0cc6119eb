//! What can be searched for in billing.
//!
//! Source: <https://docs.stripe.com/search#supported-query-fields-for-each-resource>.

use super::super::customers::Customer;
use super::super::object::Kind;
use super::super::params::Params;
use super::super::refusal::Result;
use super::super::routes::Answer;
use super::super::search::{self, Content};
use super::super::search_page;
use super::super::work::Work;
use super::invoice::Invoice;
use super::subscription::Subscription;
use crate::prelude::*;

/// Fields of <https://docs.stripe.com/search#query-fields-for-invoices>.
const INVOICE_FIELDS: &[search::Field] = &[
    ("created", search::Kind::Number),
    ("currency", search::Kind::Token),
    ("customer", search::Kind::Token),
    ("metadata", search::Kind::Metadata),
    ("number", search::Kind::Text),
    ("status", search::Kind::Token),
    ("subscription", search::Kind::Token),
    ("total", search::Kind::Number),
];

pub(super) fn invoices(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let is_there = |invoice: &Invoice| !invoice.is_deleted;
    let list = ("/v1/invoices/search", INVOICE_FIELDS);
    search_page::answer::<Invoice>(work, params, list, is_there, |invoice, ids, name, key| match name {
        "created" => Content::Number(invoice.head.created.unix_seconds()),
        "currency" => Content::Text(invoice.currency.code().to_ascii_lowercase()),
        "customer" => Content::Text(ids.id(Customer::PREFIX, invoice.customer)),
        "metadata" => search_page::metadata(&invoice.head.metadata, key),
        "number" => Content::maybe(invoice.number.clone()),
        "status" => Content::Text(invoice.status.name().to_owned()),
        "subscription" => {
            let subscription = invoice.subscription_number();
            Content::maybe(subscription.map(|number| ids.id(Subscription::PREFIX, number)))
        }
        _ => Content::Number(invoice.due()),
    })
}

/// Fields of <https://docs.stripe.com/search#query-fields-for-subscriptions>.
const SUBSCRIPTION_FIELDS: &[search::Field] = &[
    ("canceled_at", search::Kind::Number),
    ("created", search::Kind::Number),
    ("metadata", search::Kind::Metadata),
    ("status", search::Kind::Token),
];

pub(super) fn subscriptions(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let list = ("/v1/subscriptions/search", SUBSCRIPTION_FIELDS);
    search_page::answer::<Subscription>(
        work,
        params,
        list,
        |_| true,
        |found, _, name, key| match name {
            "canceled_at" => {
                found.canceled_at.map_or(Content::Absent, |at| Content::Number(at.unix_seconds()))
            }
            "created" => Content::Number(found.head.created.unix_seconds()),
            "metadata" => search_page::metadata(&found.head.metadata, key),
            _ => Content::Text(found.status.name().to_owned()),
        },
    )
}
