//! Every entry sums to zero in each currency; nothing is ever changed.
//!
//! The merchant's own books of what the gateway did, in double entry. An [`Entry`] is two or more [`Posting`]s, each
//! a debit or a credit of one [`Account`]. Entries are only ever added: a mistake is taken back by a second entry
//! that [reverses](Relation::Reverses) it. Balances are never written, only derived.
//!
//! Writing an entry takes two steps, so that storage stays outside. [`Ledger::draft`] checks the entry and answers
//! with the journal [`Line`] to be stored, or that the entry is there already; it changes nothing. Once the line is
//! stored, [`Ledger::apply`] adds it to the books. Lines are chained by SHA-256, so that [`Ledger::open`] finds the
//! first one that was tampered with.
//!
//! Postings stand on one of two [`Layer`]s. What is posted moved; what is pending is held, until an entry that
//! [captures](Relation::Captures), [voids](Relation::Voids) or [expires](Relation::Expires) the hold lets go of it.
//! What reverses an entry or releases a hold is measured against what is left of it, so that nothing is given back twice.
//!
//! Who may post what is in the journal too: a [`Standing`] blocks or closes accounts and limits them, beside what the
//! [chart](CHART) promises of wallets and escrow. Rules are applied when an entry is drafted; a stored line is history.
//!
//! Memo accounts (`Memo:...`) note what may happen, such as an authorization, and stand outside the balance sheet:
//! they balance among themselves.
//!
//! Limits: [`POSTINGS_MAX`] postings and [`LINKS_MAX`] links in an entry, [`POSITION_MAX`] lines in a journal.
//!
//! Not here: storage, and the formats of other programs, which are written in TypeScript from the journal.

mod account;
mod balance;
mod chart;
mod digest;
mod document;
mod draft;
mod entry;
mod error;
mod facts;
mod index;
mod journal;
mod line;
mod locate;
mod merkle;
mod plan;
mod read;
mod record;
mod rest;
mod standing;
mod templates;
mod watch;

pub use account::{ACCOUNT_BYTES_MAX, Account, Kind, SEGMENT_BYTES_MAX, SEGMENTS_MAX, Side};
pub use balance::{AccountBalance, Balance, CurrencyTotal, TrialBalance};
pub use chart::{CHART, ChartRule, rule};
#[cfg(feature = "bulk")]
pub(crate) use entry::checked_text;
pub use entry::{
    CAUSE_BYTES_MAX, DESCRIPTION_BYTES_MAX, Entry, ID_BYTES_MAX, KEY_BYTES_MAX, LINKS_MAX, Layer, Link,
    POSTINGS_MAX, POSTINGS_MIN, Parts, Posting, Relation,
};
pub use error::{Error, ErrorKind};
pub use facts::{EventType, FACT_BYTES_MAX, Facts};
pub use journal::{Answer, Ledger};
pub use line::{Line, POSITION_MAX};
pub use locate::tampered_byte;
pub use merkle::{DayRoot, Inclusion};
pub use plan::{Demand, Plan};
pub use read::{Audit, StatementLine};
pub use record::Record;
pub use standing::{Limit, Standing, State};
#[cfg(feature = "bulk")]
pub(crate) use standing::{Rulings, is_within};
pub use templates::{Leg, Template, Term};
pub use watch::{DIFFERING_MAX, Watch, Watched};
