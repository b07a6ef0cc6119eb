//! Only bytes signed in time by a known secret become an event.
//!
//! A [`Scheme`] is a row of data that says what a provider signs and where the signature stands; a [`Verifier`] is a
//! scheme with secrets. What [`Verifier::verify`] lets through is a [`Verified`], which cannot be made elsewhere, and
//! only a [`Verified`] tells its [`Event`].
//!
//! ```
//! use tillproof::time::Timestamp;
//! use tillproof::webhook::{HeaderValue, Options, Request, STRIPE_V1, Verifier, sign};
//!
//! let now = Timestamp::from_unix_seconds(1_700_000_000).unwrap_or(Timestamp::MIN);
//! let body = br#"{"id":"evt_1","type":"charge.succeeded"}"#;
//! let signed = sign(&STRIPE_V1, "whsec_test", "evt_1", now, body)?;
//! let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, HeaderValue::Once(value))).collect();
//!
//! let verifier = Verifier::new(&STRIPE_V1, Options { secrets: &["whsec_test"], ..Options::default() })?;
//! let verified = verifier.verify(&Request { headers: &headers, url: None, body, now })?;
//! assert_eq!(verified.events()[0].id, "evt_1");
//! # Ok::<(), tillproof::webhook::Error>(())
//! ```
//!
//! Precedence of refusals: limits, form, signature, time. Not here: whether an event was seen before (that takes a
//! store, see `pkg/src/webhooks/inbox.ts`). Why a signature does not match is told by `diagnose`, in the full artefact.

mod block;
mod body;
mod catalogue;
mod claims;
mod clock;
mod cut;
#[cfg(feature = "webhooks-full")]
mod diagnose;
mod document;
mod error;
mod event;
mod grammar;
mod header;
mod identity;
pub mod interpreter;
#[cfg(feature = "webhooks-full")]
mod jws;
mod key;
mod message;
mod moment;
mod part;
mod peek;
mod pending;
mod provenance;
#[cfg(feature = "webhooks-full")]
mod public;
mod scheme;
mod sign;
mod spelling;
mod verify;

pub use catalogue::{SCHEMES, STANDARD_WEBHOOKS_V1, STRIPE_V1, scheme};
pub use clock::{Clock, TimeSource, TimeUnit, Window};
#[cfg(feature = "webhooks-full")]
pub use diagnose::{Confidence, Diagnosis, PROBED_BYTES_MAX, PROBES_MAX, RESERIALISED_BYTES_MAX, diagnose};
pub(crate) use error::Refusal;
pub use error::{Error, Fact};
pub use event::Event;
pub use grammar::Grammar;
pub use header::HeaderValue;
pub use identity::{IdSource, Identity, Items, KindSource, Moment, Path};
pub use part::Part;
pub use pending::Pending;
pub use provenance::{Evidence, Provenance, Told};
pub use scheme::{KeyForm, Place, Primitive, Scheme, SignatureForm, Strength};
pub use sign::{Delivery, Outgoing, sign};
pub use verify::{Options, Request, Verified, Verifier};

/// Most secrets of one verifier. A rotation needs two; each one costs a MAC per delivery.
pub const SECRETS_MAX: usize = 8;

/// Most items of a signature header: signatures, and what stands beside them. Providers send one signature for each
/// active secret.
pub const SIGNATURES_MAX: usize = 20;

/// Longest header value read, in bytes. Servers refuse more than 8 or 16 KiB for all headers together.
pub const HEADER_BYTES_MAX: usize = 4096;

/// Longest body read, in bytes.
pub const BODY_BYTES_MAX: usize = crate::json::BYTES_MAX;

/// Longest event id kept, in bytes. It becomes part of a store key; a longer one is replaced by the body's digest.
pub const EVENT_ID_BYTES_MAX: usize = 255;

/// Most events of a delivery in which each has its own signature. Adyen sends one to six.
pub const EVENTS_MAX: usize = 1000;

/// What a list of events should have been, in words.
const EVENTS_EXPECTED: &str = "a list of at least one event, and at most 1000";

/// Most fields of a form, and most parameters of a query.
pub const BODY_FIELDS_MAX: usize = 1000;

/// What a JSON body should have been, in words.
const JSON_EXPECTED: &str = "a JSON document in which no name stands twice";

/// What a form should have been, in words.
const FORM_EXPECTED: &str = "a form of at most 1000 fields, as the provider sent it";
