//! The native dialect: how the neutral gateway is spoken to in JSON over HTTP.
//!
//! Invariant: a request that is refused has changed nothing, and burns no key.

mod read;
mod routes;
mod serve;
mod view;

pub(super) use serve::{Control, refusal, serve};
pub(super) use view::webhook_body;
