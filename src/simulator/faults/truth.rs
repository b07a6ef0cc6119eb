//! What was really done to the merchant: the list a reconciler or an integration is judged by.

use super::Fault;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::prelude::*;

/// One injected fault.
///
/// Amounts are minor units of `currency`. `expected` is what is true, `actual` is what the merchant was shown;
/// `None` where that side does not exist or no amount is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Injected {
    /// The seed of the gateway.
    pub seed: u64,
    /// How many calls had changed the gateway before this one.
    pub step: u64,
    /// When, in milliseconds since the Unix epoch of the gateway's clock.
    pub at: u64,
    /// The name of the fault, as in the plan.
    pub fault: &'static str,
    /// The id of the fault in the catalogue.
    pub id: &'static str,
    /// At which matching call it struck, from 1 since the plan was set: what `nth` would name. `None` where only a line
    /// of the script asked for it.
    pub call: Option<u64>,
    /// The ids of the objects concerned: payment, refund, event, delivery.
    pub objects: Vec<String>,
    /// The name under which the merchant's records know the payment.
    pub reference: Option<String>,
    /// The true amount.
    pub expected: Option<u64>,
    /// The amount shown.
    pub actual: Option<u64>,
    /// The currency of both.
    pub currency: Option<String>,
    /// The true status, where the status was falsified.
    pub expected_status: Option<&'static str>,
    /// The status shown.
    pub actual_status: Option<&'static str>,
    /// Whether the request it struck had got through: the gateway has dealt with it, whatever came back. `None` where no
    /// request was struck.
    pub reached: Option<bool>,
    /// The kind of break a reconciler should report; only for drifts of the settlement report.
    pub kind: Option<&'static str>,
}

impl Injected {
    /// A record of a fault, to be completed.
    pub(in crate::simulator) fn of(fault: Fault) -> Self {
        Self { fault: fault.name(), id: fault.id(), kind: fault.kind(), ..Self::default() }
    }

    /// The record as JSON, amounts as integers.
    #[must_use]
    pub fn to_json(&self) -> String {
        let objects = self.objects.iter().fold(ArrayWriter::new(), |list, id| list.text(id)).finish();
        let mut out = ObjectWriter::new()
            .number("seed", self.seed)
            .number("step", self.step)
            .number("at", self.at)
            .text("fault", self.fault)
            .text("id", self.id)
            .raw("objects", &objects);
        out = number(out, "call", self.call);
        out = text(out, "reference", self.reference.as_deref());
        out = number(out, "expected", self.expected);
        out = number(out, "actual", self.actual);
        out = text(out, "currency", self.currency.as_deref());
        out = text(out, "expectedStatus", self.expected_status);
        out = text(out, "actualStatus", self.actual_status);
        out = match self.reached {
            Some(reached) => out.flag("reached", reached),
            None => out.null("reached"),
        };
        text(out, "kind", self.kind).finish()
    }
}

fn text(out: ObjectWriter, name: &str, value: Option<&str>) -> ObjectWriter {
    match value {
        Some(value) => out.text(name, value),
        None => out.null(name),
    }
}

fn number(out: ObjectWriter, name: &str, value: Option<u64>) -> ObjectWriter {
    match value {
        Some(value) => out.number(name, value),
        None => out.null(name),
    }
}
