//! The evidence of a dispute: a fixed list of fields, each a text or the id of a file.
//!
//! Source: <https://docs.stripe.com/api/disputes/evidence_object>. Enhanced evidence and appeals are not simulated and
//! refused by name.

use super::super::expand::{Field, Holds};
use super::super::files::File;
use super::super::object::Class;
use super::super::params::{Params, Patch};
use super::super::refusal::{Refusal, Result};
use super::super::sheet::Sheet;
use super::super::work::Work;
use crate::prelude::*;

/// Longest text of one field, in characters.
const TEXT_CHARS_MAX: usize = 20_000;

/// Longest evidence in all, in characters.
const ALL_CHARS_MAX: usize = 150_000;

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Text,
    File,
}

use Takes::{File as Upload, Text};

/// In the order in which they are shown. `enhanced_evidence` stands between them.
const FIELDS: &[(&str, Takes)] = &[
    ("access_activity_log", Text),
    ("billing_address", Text),
    ("cancellation_policy", Upload),
    ("cancellation_policy_disclosure", Text),
    ("cancellation_rebuttal", Text),
    ("customer_communication", Upload),
    ("customer_email_address", Text),
    ("customer_name", Text),
    ("customer_purchase_ip", Text),
    ("customer_signature", Upload),
    ("duplicate_charge_documentation", Upload),
    ("duplicate_charge_explanation", Text),
    ("duplicate_charge_id", Text),
    ("product_description", Text),
    ("receipt", Upload),
    ("refund_policy", Upload),
    ("refund_policy_disclosure", Text),
    ("refund_refusal_explanation", Text),
    ("service_date", Text),
    ("service_documentation", Upload),
    ("shipping_address", Text),
    ("shipping_carrier", Text),
    ("shipping_date", Text),
    ("shipping_documentation", Upload),
    ("shipping_tracking_number", Text),
    ("uncategorized_file", Upload),
    ("uncategorized_text", Text),
];

/// The fields of a dispute that may be expanded: whom it is about, and the files.
pub(super) const EXPANDABLE: &[Field] = &[
    ("charge", Holds::One(Class::Charge)),
    ("payment_intent", Holds::One(Class::PaymentIntent)),
    ("evidence.cancellation_policy", Holds::One(Class::File)),
    ("evidence.customer_communication", Holds::One(Class::File)),
    ("evidence.customer_signature", Holds::One(Class::File)),
    ("evidence.duplicate_charge_documentation", Holds::One(Class::File)),
    ("evidence.receipt", Holds::One(Class::File)),
    ("evidence.refund_policy", Holds::One(Class::File)),
    ("evidence.service_documentation", Holds::One(Class::File)),
    ("evidence.shipping_documentation", Holds::One(Class::File)),
    ("evidence.uncategorized_file", Holds::One(Class::File)),
];

/// What stands in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Text(String),
    File(usize),
}

/// What the merchant gave so far; fields without content have no entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    fields: Vec<(&'static str, Content)>,
}

/// What a request wants of the evidence.
#[derive(Debug)]
pub(super) struct Change {
    fields: Vec<(&'static str, Option<Content>)>,
}

impl Change {
    /// Reads `evidence`; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// A field is unknown or too long, or names a file that does not exist.
    pub(super) fn read(work: &Work<'_>, params: &mut Params) -> Result<Option<Self>> {
        let mut given = match params.object("evidence")? {
            Patch::Keep => return Ok(None),
            Patch::Unset => return Ok(Some(Self { fields: Vec::new() })),
            Patch::Set(given) => given,
        };
        let mut fields = Vec::new();
        for (name, takes) in FIELDS {
            let content = match given.patch_up_to(name, TEXT_CHARS_MAX)? {
                Patch::Keep => continue,
                Patch::Unset => None,
                Patch::Set(text) => Some(match takes {
                    Text => Content::Text(text),
                    Upload => Content::File(work.find_param::<File>(&text, &given.name(name))?),
                }),
            };
            fields.push((*name, content));
        }
        given.finish()?;
        Ok(Some(Self { fields }))
    }
}

impl Evidence {
    pub(super) const fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// What it would be with a change.
    ///
    /// # Errors
    ///
    /// It would be too long in all.
    pub(super) fn with(&self, change: Change) -> Result<Self> {
        let mut changed = self.clone();
        for (name, content) in change.fields {
            changed.fields.retain(|(found, _)| *found != name);
            changed.fields.extend(content.map(|content| (name, content)));
        }
        let texts = changed.fields.iter().filter_map(|(_, content)| match content {
            Content::Text(text) => Some(text.chars().count()),
            Content::File(_) => None,
        });
        let chars = texts.fold(0, usize::saturating_add);
        if chars > ALL_CHARS_MAX {
            let message =
                format!("The evidence has {chars} characters; it must have at most {ALL_CHARS_MAX} in all.");
            return Err(Refusal::param(None, "evidence", message));
        }
        Ok(changed)
    }

    /// The text that decides a dispute in a test (<https://docs.stripe.com/testing#evidence>).
    pub(super) fn uncategorized_text(&self) -> &str {
        match self.content("uncategorized_text") {
            Some(Content::Text(text)) => text,
            _ => "",
        }
    }

    fn content(&self, name: &str) -> Option<&Content> {
        self.fields.iter().find(|(found, _)| *found == name).map(|(_, content)| content)
    }

    pub(super) fn write(&self, sheet: &mut Sheet<'_>) {
        for (name, _) in FIELDS {
            if *name == "product_description" {
                sheet.object("enhanced_evidence", |_| {});
            }
            match self.content(name) {
                None => sheet.null(name),
                Some(Content::Text(text)) => sheet.text(name, text),
                Some(Content::File(file)) => sheet.reference::<File>(name, Some(*file)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_takes_a_file_can_be_expanded() {
        let files: Vec<String> = FIELDS
            .iter()
            .filter(|(_, takes)| *takes == Upload)
            .map(|(name, _)| format!("evidence.{name}"))
            .collect();
        let expandable = EXPANDABLE.iter().map(|(name, _)| (*name).to_owned());
        assert_eq!(expandable.filter(|name| name.starts_with("evidence")).collect::<Vec<_>>(), files);
    }
}
