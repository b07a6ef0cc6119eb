//! `metadata`: names and values that belong to the merchant. A request says what is to become of them, name by name.
//!
//! Source of the limits: <https://docs.stripe.com/api/metadata>.

use super::form::Node;
use super::params::{Params, Patch};
use super::refusal::{Refusal, Result};
use crate::prelude::*;

/// Most names in one request.
const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_CHARS_MAX: usize = 40;
const METADATA_VALUE_CHARS_MAX: usize = 500;

/// What a request wants of metadata: keys are merged one by one, an empty value removes its key, and an empty value for
/// the whole removes all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MetadataPatch {
    Keep,
    Clear,
    Merge(Vec<(String, String)>),
}

impl Params {
    /// `metadata`.
    ///
    /// # Errors
    ///
    /// It is no flat object, has too many keys, or one of them is too long.
    pub(super) fn metadata(&mut self) -> Result<MetadataPatch> {
        let mut object = match self.object("metadata")? {
            Patch::Keep => return Ok(MetadataPatch::Keep),
            Patch::Unset => return Ok(MetadataPatch::Clear),
            Patch::Set(object) => object,
        };
        let members = object.take_rest();
        if members.len() > METADATA_KEYS_MAX {
            let message = format!("Metadata may hold at most {METADATA_KEYS_MAX} keys");
            return Err(Refusal::param(None, "metadata", message));
        }
        let mut pairs = Vec::with_capacity(members.len());
        for (key, value) in members {
            let name = object.name(&key);
            let refuse = |message: String| Err(Refusal::param(None, &name, message));
            let Node::Text(value) = value else {
                return refuse("Metadata values must be strings, but an object was given".to_owned());
            };
            if key.chars().count() > METADATA_KEY_CHARS_MAX {
                return refuse(format!("Metadata keys must be at most {METADATA_KEY_CHARS_MAX} characters"));
            }
            if value.chars().count() > METADATA_VALUE_CHARS_MAX {
                return refuse(format!(
                    "Metadata values must be at most {METADATA_VALUE_CHARS_MAX} characters"
                ));
            }
            pairs.push((key, value));
        }
        Ok(MetadataPatch::Merge(pairs))
    }
}
