//! The merchant's side of a payment, provable to the cent.
//!
//! Tillproof is made of engines that never touch the outside: no function of this crate reads a clock, a random
//! number generator, a file or a socket. What they need comes in as arguments; what they want done goes out as
//! effects; what became of it comes back in. That is why the same seed gives the same bytes natively, in Node and
//! in a browser, and why a crash between any two effects can be tested.
//!
//! Layers, from the bottom (see DESIGN.md; `tests/architecture.rs` enforces them):
//!
//! | Level | Modules |
//! | --- | --- |
//! | 0 | [`advice`], [`time`], [`entropy`], [`json`] |
//! | 1 | `money`, `crypto`, `retry`, `calendar` |
//! | 2 | `fingerprint`, `webhook`, `ledger` |
//! | 3 | `payments`, `reconcile` |
//! | 4 | `simulator` |
//! | 5 | `wasm`: decodes, calls, encodes; nobody imports it |

pub mod advice;
#[cfg(feature = "core")]
pub mod calendar;
pub mod crypto;
pub mod entropy;
#[cfg(feature = "core")]
pub mod fingerprint;
pub mod json;
#[cfg(feature = "core")]
pub mod ledger;
#[cfg(feature = "core")]
pub mod money;
#[cfg(feature = "core")]
pub mod payments;
#[cfg(feature = "core")]
pub mod reconcile;
#[cfg(feature = "core")]
pub mod retry;
#[cfg(feature = "simulator")]
pub mod simulator;
pub mod time;
pub mod wasm;
pub mod webhook;
