//! A payment gateway in a value: same seed, same calls, same bytes, and the truth about every fault it injected.
//!
//! A neutral core (books, events, deliveries, settlement, faults) and two dialects in which it is spoken to: the native
//! one and Stripe's. The core shares no code with the client it tests, so that both cannot be wrong
//! together.
//!
//! Limits: [`BODY_BYTES_MAX`], [`KEY_BYTES_MAX`], [`ENDPOINTS_MAX`], [`Options::payments_max`]. Each is refused with a
//! typed error. A payment costs its texts, 64 bytes per transition and the request in the journal.
//!
//! Not here: sockets, clocks and timers (see `pkg/src/simulator`), payouts, disputes and bank statements.
//!
//! ```
//! use tillproof::simulator::{Gateway, Options, Request};
//! use tillproof::time::Timestamp;
//!
//! let mut gateway = Gateway::new(Options { seed: 7, ..Options::default() });
//! let request = Request {
//!     method: "POST".to_owned(),
//!     path: "/api/payments".to_owned(),
//!     headers: vec![("Idempotency-Key".to_owned(), "order-1".to_owned())],
//!     body: br#"{"merchantId":"shop","amount":1000,"currency":"EUR"}"#.to_vec(),
//!     ..Request::default()
//! };
//! assert_eq!(gateway.handle(Timestamp::MIN, &request).status, 201);
//! ```

mod books;
mod decimal;
mod error;
mod exchange;
mod faults;
mod gateway;
mod idempotency;
mod ids;
mod journal;
mod native;
mod options;
mod payment;
mod post;
mod seal;
mod settlement;
mod signing;
mod state;
mod statement;
mod stripe;
mod tape;
mod treasury;
mod wallets;
mod webhooks;
mod weigh;
mod world;

pub use books::{FEES, NETWORK};
pub use error::Error;
pub use exchange::{Delivery, Exchange, Request, Transport};
pub use faults::{Error as FaultPlanError, Fault, FaultPlan, Injected, Line, Preset, Rule, When};
pub use gateway::Gateway;
pub use idempotency::{KEY_BYTES_MAX, KEY_LIFE};
pub use journal::SnapshotError;
pub use options::{Dialect, Options};
pub use payment::{AUTHORIZATION_LIFE, Failure, PROCESSING_TIME};
pub use state::{Move, State};
pub use webhooks::{ENDPOINTS_MAX, Outcome, SILENCE_MAX, Schedule};
use world::Receipt;

use crate::prelude::*;

/// The routes of the Stripe dialect with how much of each is simulated: a JSON list of `method`, `path`, `level` (`whole`,
/// `most`, `basic`) and `note`.
#[must_use]
pub fn stripe_routes() -> String {
    stripe::coverage()
}

/// Longest request body that is read, in bytes: a payment with all the metadata it may have stays below half of it.
pub const BODY_BYTES_MAX: usize = 256 << 10;
