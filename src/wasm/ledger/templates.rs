//! The door to templates: an artefact of its own, since whoever writes his entries by hand needs none of it.

use super::documents;
use crate::json;
use crate::ledger::{Error as LedgerError, Template};
use crate::prelude::*;
use crate::wasm::reply;

/// Takes the document of [`Template::fill`]. Replies with the entry as [`Entry::to_json`] writes it.
#[must_use]
pub fn template(input: &[u8]) -> Vec<u8> {
    let document = json::parse(input).map_err(LedgerError::from);
    reply::of(document.and_then(|document| Template::fill(&document)).map(|entry| entry.to_json()))
}

/// Takes nothing, and replies with all built-in templates: `[{"name", "event"?, "relation"?}]`; or takes a merchant's own,
/// and replies with that one once it is checked.
#[must_use]
pub fn templates(input: &[u8]) -> Vec<u8> {
    let templates = if input.is_empty() {
        Template::names().map(Template::named).collect()
    } else {
        let document = json::parse(input).map_err(LedgerError::from);
        document.and_then(|document| Ok(vec![Template::from_json(&document)?]))
    };
    reply::of(templates.map(|templates| documents::templates(&templates)))
}

/// What JavaScript sees.
#[cfg(all(feature = "wasm-ledger-templates", target_family = "wasm"))]
pub mod exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;

    /// See [`super::template`].
    #[wasm_bindgen]
    pub fn ledger_template(input: &[u8]) -> Vec<u8> {
        super::template(input)
    }

    /// See [`super::templates`].
    #[wasm_bindgen]
    pub fn ledger_templates(input: &[u8]) -> Vec<u8> {
        super::templates(input)
    }
}
