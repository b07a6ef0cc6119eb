//! A refusal is explained by what would have been accepted, and nothing is accepted because it was explained.
//!
//! After a refusal [`diagnose`] undoes, one at a time, what frameworks, proxies and people do to a delivery or to a
//! secret, and verifies again. A change under which the signature holds is [`Confidence::Proven`]: nobody finds it by
//! chance. What no change explains is named by what is left, as [`Confidence::Likely`].
//!
//! ```
//! use tillproof::time::Timestamp;
//! use tillproof::webhook::{Confidence, HeaderValue, Options, Request, STRIPE_V1, diagnose, sign};
//!
//! let now = Timestamp::from_unix_seconds(1_700_000_000).unwrap_or(Timestamp::MIN);
//! let signed = sign(&STRIPE_V1, "whsec_test", "", now, b"{\n  \"id\": \"evt_1\"\n}")?;
//! let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, HeaderValue::Once(value))).collect();
//!
//! // The framework parsed the body, and the handler wrote it again.
//! let request = Request { headers: &headers, url: None, body: br#"{"id":"evt_1"}"#, now };
//! let found = diagnose(&STRIPE_V1, Options { secrets: &["whsec_test"], ..Options::default() }, &request);
//! assert!(found.is_some_and(|found| found.code == "body_reserialised" && found.confidence == Confidence::Proven));
//! # Ok::<(), tillproof::webhook::Error>(())
//! ```
//!
//! Bounded: see [`PROBES_MAX`], [`PROBED_BYTES_MAX`] and [`RESERIALISED_BYTES_MAX`]. Whoever answers requests of
//! strangers with it also bounds how often; `pkg/src/webhooks/diagnosis.ts` does. No diagnosis holds a secret, a part
//! of the body or of the path of a URL.
//!
//! Not here: accepting anything. A delivery that verifies once it is changed was still changed.

mod body;
mod budget;
mod case;
mod clock;
mod envelope;
mod escapes;
mod form;
mod headers;
mod layout;
mod numbers;
mod other;
mod reserialised;
mod rest;
mod secret;
mod shapes;
mod url;
mod words;

use super::{Options, Request, Scheme};
use crate::advice::Detail;
use crate::prelude::*;

use budget::Budget;
pub use budget::{PROBED_BYTES_MAX, PROBES_MAX, RESERIALISED_BYTES_MAX};
use case::{Case, Stage};

/// Why a delivery was refused, and what to do about it. For logs: what is answered to the sender should not depend on
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The stable name of the cause.
    pub code: &'static str,
    /// How sure it is.
    pub confidence: Confidence,
    /// What happened.
    pub sentence: String,
    /// What to do.
    pub fix: String,
    /// What the sentences say, for programs: never a secret, nor anything of the body.
    pub details: Vec<Detail>,
}

/// How sure a diagnosis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// The signature holds once the cause is undone, or the delivery shows the cause itself.
    Proven,
    /// The most likely of what is left.
    Likely,
}

impl Confidence {
    /// The stable name, as JavaScript sees it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Likely => "likely",
        }
    }
}

/// One way of looking for a cause.
struct Probe {
    /// After which refusals it is worth its time.
    stages: &'static [Stage],
    /// Looks. Spends from the budget whatever it verifies.
    find: fn(&Case<'_>, &mut Budget) -> Option<Diagnosis>,
}

/// Everything that is looked for, in this order: cheap before dear, proof before guess.
const PROBES: &[Probe] = &[
    Probe { stages: &[Stage::Time], find: clock::skew },
    Probe { stages: &[Stage::Secret, Stage::Signature], find: secret::as_written },
    Probe { stages: &[Stage::Form], find: headers::renamed },
    Probe { stages: &[Stage::Form, Stage::Signature], find: headers::rewritten },
    Probe { stages: &[Stage::Secret, Stage::Form, Stage::Body, Stage::Signature], find: other::scheme },
    Probe { stages: &[Stage::Body, Stage::Signature], find: body::edited },
    Probe { stages: &[Stage::Url, Stage::Signature], find: url::variant },
    Probe { stages: &[Stage::Body, Stage::Signature], find: envelope::wrapped },
    Probe { stages: &[Stage::Signature], find: reserialised::layouts },
    Probe { stages: &[Stage::Signature], find: secret::decoded_otherwise },
    Probe { stages: &[Stage::Body, Stage::Signature], find: form::encodings },
    Probe { stages: &[Stage::Signature], find: reserialised::numbers },
    // From here on nothing was proven by a signature.
    Probe { stages: &[Stage::Body, Stage::Signature], find: body::visibly },
    Probe { stages: &[Stage::Secret, Stage::Signature], find: shapes::kind },
    Probe { stages: &[Stage::Form], find: headers::missing },
    Probe { stages: Stage::ALL, find: rest::of },
];

/// The cause of a refusal; `None` for a delivery that is not refused, and where the refusal itself says all there is.
///
/// Takes what a [`Verifier`](super::Verifier) and its `verify` take, and also explains options no verifier can be made
/// of. Give all headers of the request, not only those of the scheme: the others often tell.
#[must_use]
pub fn diagnose(scheme: &'static Scheme, options: Options<'_>, request: &Request<'_>) -> Option<Diagnosis> {
    let case = Case::new(scheme, options, request)?;
    let mut budget = Budget::new();
    let probes = PROBES.iter().filter(|probe| probe.stages.contains(&case.stage));
    probes.map(|probe| (probe.find)(&case, &mut budget)).find(Option::is_some).flatten()
}
