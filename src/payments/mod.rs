//! An intent moves money at most once, and its outcome is never guessed.
//!
//! The unit is the *intent*: what the merchant wants once, named by the caller's `reference`. Its idempotency key is
//! derived from identity and epoch ([`key`]), so that a lost row or a restored backup yields the same key again. One
//! key per epoch; a new epoch needs a stored [`Proof`] that the old one moved no money. Whatever is not proven stays
//! [`Outcome::PendingConfirmation`], which is a value and not an error.
//!
//! # Call order
//!
//! A [`Machine`] is loaded from a journal, changed, and its new entries are stored before anything is done:
//!
//! 1. [`Machine::open`] or [`Machine::load`];
//! 2. at most one command ([`Machine::reopen`], [`Machine::cancel`], [`Machine::resolve`]) or piece of news
//!    (`handle_*`);
//! 3. [`Machine::intends`] says what would be done next, for a driver that needs a permit for it;
//! 4. [`Machine::poll`] says what to do next;
//! 5. [`Machine::new_entries`] are appended to the stored journal by compare-and-set, in one write with the intents that
//!    a new [`Entry::ReversalDue`] asks for. On a conflict, start over at 1;
//! 6. only now the [`Action`] is carried out, and its result is the news of the next round.
//!
//! A spurious `poll` is harmless: it answers [`Action::Wait`].
//!
//! # States
//!
//! `initiated` → `in_flight` → `settled` | `failed` | `awaiting_customer` | `pending_confirmation`;
//! `pending_confirmation` → `in_flight` (same key, inside the window) | `settled` | `failed` | `needs_review`;
//! `awaiting_customer` → `settled` | `failed` | `pending_confirmation` | `needs_review`;
//! `failed`, or any open state of a payment that is no longer wanted → `reversing` → `reversed` | `needs_review`;
//! `needs_review` → `settled` when only its time had passed, and what a person decides; `failed` and `reversed` →
//! `initiated` in a new epoch. Ambiguity is sticky: once an attempt's fate is unknown, only an answer bound to the key,
//! a query or a webhook clears it. A 4xx on attempt 2 says nothing about attempt 1.
//!
//! # Where what stands
//!
//! What a provider promises and how he speaks is data: a [`Profile`] of rules and a dialect, the same form for built-in
//! and custom ones. Classification, templates and readings interpret it; the machine decides and knows no provider. It
//! is one type in four files: commands and news (`machine`), what news proves (`judge`), what to do next (`poll`), and
//! charges that must not stay (`reversal`).
//!
//! # Not here
//!
//! The network (a driver sends what [`Action`] says) and storage.

mod action;
mod apply;
mod call;
mod classify;
mod codec;
mod content;
mod entry;
mod error;
mod evidence;
mod intent;
mod judge;
mod kept;
pub mod key;
mod machine;
mod node;
mod poll;
mod profile;
mod reading;
mod request;
mod reversal;
mod safeguard;
mod schema;
mod state;
mod tag;
mod template;
mod trace;
mod wire;

pub use action::{Action, HttpRequest, Intention, Outcome, Permit};
pub use call::{CALL_BYTES_MAX, Call, OWN_KEY_BYTES_MAX};
pub use classify::{Response, Verdict, send_answer};
pub use codec::{decode_entry, encode_entry};
pub use content::{Content, DESCRIPTION_BYTES_MAX, METADATA_BYTES_MAX, Payment, TARGET_BYTES_MAX};
pub use entry::{Answer, Entry};
pub use error::{Error, ErrorKind};
pub use evidence::{Evidence, Proof, Unknown};
pub use intent::Intent;
pub use machine::{Machine, Settings};
pub use profile::{Profile, Terms};
pub use request::{Operation, REFERENCE_BYTES_MAX, Request};
pub use reversal::ReversalNews;
pub use safeguard::{Safeguard, Safeguards};
pub use state::{Progress, Reversal, State};
pub use trace::trace;
