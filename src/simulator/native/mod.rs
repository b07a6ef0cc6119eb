//! The native dialect: how the neutral gateway is spoken to in JSON over HTTP.
//!
//! Invariant: a request that is refused has changed nothing, and burns no key.

mod address;
mod befall;
mod door;
mod endpoints;
mod lists;
mod proof;
mod read;
mod reports;
mod routes;
mod serve;
mod status;
mod view;
mod wallets;

pub(super) use address::is_callable;
pub(super) use door::is_malformed;
pub(super) use routes::decode;
pub(super) use serve::{Control, is_spared, refusal, serve};
pub(super) use view::webhook_body;
