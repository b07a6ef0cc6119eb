//! This folder decodes, calls and encodes; it decides nothing, and nothing of the crate depends on it.
//!
//! Each artefact has one file. Its functions take and return bytes: one JSON document in, one
//! [`reply`] out. They are plain functions so that they can be tested natively; beside each stands a
//! `#[wasm_bindgen]` wrapper of a few lines, compiled for `wasm32` only. Numbers never cross as
//! arguments, but for the `u32` handles of long-lived engines: wasm-bindgen wraps what does not fit, silently. The
//! [`webhooks`] door, which must be fast and small, is the exception: its memory and its numbers are the shell's own, and
//! so are the numbers of `governor`. The doors of ids ([`dedup`]) and of batches ([`bulk`]) share areas of memory.

#[cfg(feature = "bulk")]
pub mod bulk;
#[cfg(feature = "dedup")]
pub mod dedup;
#[cfg(any(feature = "webhooks-full", feature = "simulator"))]
pub mod delivery;
#[cfg(feature = "webhooks-full")]
pub mod diagnosis;
#[cfg(feature = "formats")]
pub mod formats;
#[cfg(feature = "governor")]
pub mod governor;
#[cfg(feature = "idempotency")]
pub mod idempotency;
#[cfg(feature = "inbox")]
pub mod inbox;
#[cfg(feature = "investigation")]
pub mod investigation;
#[cfg(feature = "ledger")]
pub mod ledger;
#[cfg(feature = "payments")]
pub mod payments;
#[cfg(feature = "reconcile")]
pub mod reconcile;
#[cfg(any(feature = "idempotency", feature = "inbox"))]
mod record;
pub mod reply;
#[cfg(feature = "saga")]
pub mod saga;
#[cfg(feature = "webhooks")]
pub mod scratch;
#[cfg(feature = "reconcile")]
pub mod sieve;
#[cfg(feature = "simulator")]
pub mod simulator;
#[cfg(feature = "world")]
pub mod torture;
#[cfg(feature = "webhooks")]
pub mod webhooks;
