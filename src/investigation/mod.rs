//! A break is decided by people, in the open: nothing that was said of it is ever changed or forgotten, and no entry is
//! posted that two of them did not see.
//!
//! A [`Case`] is what a queue keeps of one break of the reconciler, under the break's own id, which is the same from run to
//! run. It is a fold over a journal of [`Entry`]s: what runs found, and what people said, proposed and decided.
//!
//! # Call order
//!
//! [`Machine::open`] or [`Machine::load`]; one piece of news or one command; [`Machine::new_entries`] are stored by
//! compare-and-set. An approved entry is posted only after the approval is stored, under an id made of the case and the
//! proposal, so that posting it again posts nothing; then [`Machine::posted`] says so.
//!
//! # States
//!
//! `open` → `proposed` → `approved` → `resolved` → `gone`. A rejected proposal, one that the ledger refuses, and one whose
//! break has other figures by now, lead back to `open`. What a run no longer has is `gone`, whether an entry settled it or
//! it went by itself; only what is approved is posted first. What a later run has again, though it was `gone` or mended, is
//! `open` again. What was explained by an entry that leaves the break where it is, or accepted as it is, stays `resolved`
//! while its figures stay.
//!
//! # Not here
//!
//! Who people are and what they may do, storage, and the posting itself.

mod case;
mod codec;
mod entry;
mod error;
mod machine;

pub use case::{Case, Proposed, State};
pub use codec::{decode_entry, decode_moment, decode_number, decode_proposal, decode_sighting, encode_entry};
pub use entry::{Entry, Proposal, Sighting};
pub use error::{Error, ErrorKind};
pub use machine::{HISTORY_MAX, ID_BYTES_MAX, Machine, PERSON_BYTES_MAX, TEXT_BYTES_MAX};
