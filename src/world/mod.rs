//! Whatever goes wrong between a merchant and his provider, every intent ends charged once or not at all.
//!
//! A world in virtual time around the real [`Machine`](crate::payments::Machine): a provider that forgets keys, stores
//! server errors and answers late, a network that loses and doubles, processes that die between any two steps, customers
//! who click twice, webhooks that come before the answer or never. One seed is one life; the same seed gives the same
//! life on every platform. An auditor who knows nothing of the machine checks the invariants of reference/payments.md 4.7
//! after every event, and at the end compares the store with the provider's books.
//!
//! ```
//! use tillproof::payments::Safeguards;
//! use tillproof::world::{Stage, live};
//!
//! let stage = Stage::new("default", Safeguards::default())?;
//! let life = live(&stage, 7, false);
//! assert_eq!((life.doubles, life.losses, life.unresolved), (0, 0, 0));
//! # Ok::<(), tillproof::world::Error>(())
//! ```
//!
//! Two phases: while misfortunes happen only safety is checked, then the world heals and everything must come to an end.
//!
//! Not here: real time, real stores (see the crash tests), and the provider's own code: it shares nothing with the
//! machine's dialect, or both would be wrong together.

mod agenda;
mod auditor;
mod chaos;
mod conditions;
mod customer;
mod drive;
mod error;
mod event;
mod facts;
mod governed;
mod life;
mod notice;
mod probes;
mod process;
mod provider;
mod stage;
mod store;
mod tally;
mod trace;
mod verdict;
mod wire;

pub use auditor::{Broken, Resolved};
pub use conditions::{Conditions, Promise, Range};
pub use error::Error;
pub use life::{Life, live, lived_twice};
pub use stage::Stage;
pub use tally::{Doubts, FAILURES_MAX, Failure, Tally, WAYS};
