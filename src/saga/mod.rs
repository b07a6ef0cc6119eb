//! What a saga began is finished or taken back, step by step, and nothing of it is ever forgotten.
//!
//! A saga is a sequence of steps, each of which may have a compensation (charge → post to the ledger → notify; when the
//! ledger refuses, refund). Every step and every compensation has one key for ever ([`Saga::key`]), and is begun again
//! under that key until its fate is known. Whether an effect happened is a property of the outside, so that a step whose
//! fate stays unknown is compensated like one that happened, and its compensation is told so.
//!
//! # Call order
//!
//! As with payments: [`Machine::open`] or [`Machine::load`]; at most one command or piece of news; [`Machine::poll`];
//! [`Machine::new_entries`] are stored by compare-and-set; only then the [`Action`] is carried out.
//!
//! # States
//!
//! forward: `ready` → `in_flight` → `ready` at the next step | `parked` | `completed`; a refusal, a cancellation or
//! attempts that are used up turn the saga back. Back, in reverse order: `ready` → `in_flight` → `ready` at the step
//! before | `parked` | `compensated`. A compensation whose attempts are used up ends in `needs_review`, from where a person
//! releases it: none is skipped. A saga never turns forward again.
//!
//! # Not here
//!
//! What the steps do, storage, and time: a driver runs what [`Action`] says and reports what became of it.

mod codec;
mod entry;
mod error;
mod machine;
mod state;

pub use codec::{decode_definition, decode_entry, encode_entry};
pub use entry::{Definition, Entry, ID_BYTES_MAX, NAME_BYTES_MAX, STEPS_MAX, StepDefinition};
pub use error::{Error, ErrorKind};
pub use machine::{Action, Machine, News, Place, Settings};
pub use state::{Direction, Saga, State};
