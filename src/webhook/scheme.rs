//! What a provider signs, as data: whoever adds a provider writes a row, not a function.

use crate::crypto::MacAlgorithm;
use crate::prelude::*;

/// One way of signing a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// The stable name, as callers write it.
    pub name: &'static str,
    /// The provider, in its own spelling.
    pub provider: &'static str,
    /// The header that carries the signature, in lower case.
    pub signature_header: &'static str,
    /// How that header is cut into signatures.
    pub grammar: Grammar,
    /// How a signature is written.
    pub form: SignatureForm,
    /// The hash under the HMAC.
    pub algorithm: MacAlgorithm,
    /// How the text of a secret becomes key bytes.
    pub key: KeyForm,
    /// What is signed, in order.
    pub content: &'static [Part],
    /// The time that is signed; `None` where the provider signs none, so that replays cannot be told by age.
    pub clock: Option<Clock>,
    /// Whether a delivery without a body is refused.
    pub body_required: bool,
    /// What makes two deliveries the same event.
    pub identity: Identity,
    /// Hours during which the provider may repeat an event; whoever remembers events does so at least as long.
    pub retry_window_hours: u32,
    /// Where the row was read: a repository and path, or a page.
    pub source: &'static str,
    /// When it was read, as year and month.
    pub checked: &'static str,
    /// How well it is attested.
    pub evidence: Evidence,
}

/// How a header value holds signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// The value is the signature.
    Plain,
    /// The value is this text and then the signature.
    Prefixed(&'static str),
    /// A list of `name=value`, without spaces, in which every value under `signature` is one.
    Pairs {
        /// What stands between two pairs.
        separator: char,
        /// The name of the pairs that count. Others are ignored.
        signature: &'static str,
    },
    /// A list of `tag,value` separated by single spaces, in which every value of the tag counts.
    Tagged(&'static str),
}

/// How a tag is written. There is one text for each tag, but for [`SignatureForm::HexAnyCase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureForm {
    /// Lower-case hexadecimal.
    HexLower,
    /// Upper-case hexadecimal.
    HexUpper,
    /// Hexadecimal of either case.
    HexAnyCase,
    /// Standard base64, padded.
    Base64,
}

/// How the text of a secret becomes key bytes. White space around it is never part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// The text itself, any prefix included.
    Text,
    /// Standard base64, after the first of these prefixes that it starts with.
    Base64(&'static [&'static str]),
    /// Hexadecimal of either case.
    Hex,
}

/// A part of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(&'static str),
    /// The value of a header, in lower case. It must not contain the text that follows it.
    Header(&'static str),
    /// The timestamp, exactly as received.
    Timestamp,
    /// The URL the provider was told to call.
    Url,
    /// The body, exactly as received.
    Body,
}

/// The signed time of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Where it stands.
    pub source: TimeSource,
    /// What it counts.
    pub unit: TimeUnit,
    /// Which times are refused.
    pub window: Window,
    /// Seconds of difference allowed when the caller says nothing. Unused when [`Window::OnRequest`].
    pub tolerance_seconds: u64,
}

/// Where the timestamp stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSource {
    /// In the signature header, under this name of a pair.
    Pair(&'static str),
    /// In a header of its own.
    Header(&'static str),
}

/// What a timestamp counts since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds, as exactly 13 digits: where no separator follows, digits must not move into the body.
    Milliseconds,
}

/// Which times are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Too old.
    PastOnly,
    /// Too old, and too far ahead.
    BothSides,
    /// None, unless the caller names a tolerance; then both sides.
    OnRequest,
}

/// What identifies an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Where the id stands.
    pub id: IdSource,
    /// Where the type stands.
    pub kind: KindSource,
    /// Where the time of the event stands, if anywhere.
    pub occurred_at: Option<Moment>,
}

/// Where the id of an event stands. Paths are member names of the JSON body, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSource {
    /// In the body.
    Body(&'static [&'static str]),
    /// In a header that is part of what is signed.
    SignedHeader(&'static str),
    /// In a header that anybody can change: a replay may come under a fresh id.
    UnsignedHeader(&'static str),
    /// Nowhere: the digest of the body is all there is.
    Digest,
}

/// Where the type of an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindSource {
    /// In the body.
    Body(&'static [&'static str]),
    /// In a header.
    Header(&'static str),
    /// Nowhere.
    None,
}

/// Where the time of an event stands in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A whole number of seconds since the epoch.
    Seconds(&'static [&'static str]),
    /// An RFC 3339 text.
    Rfc3339(&'static [&'static str]),
}

/// How well a row is attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The provider's own library was run on our vectors.
    Run,
    /// Read in the provider's own source.
    Source,
    /// Read in the provider's documentation.
    Documented,
    /// Known from third parties only.
    ThirdParty,
}

impl Scheme {
    /// Every header that is read, in lower case, the one with the signature first.
    #[must_use]
    pub fn headers(&self) -> Vec<&'static str> {
        let mut names = vec![self.signature_header];
        for part in self.content {
            if let Part::Header(name) = part {
                names.push(name);
            }
        }
        if let Some(Clock { source: TimeSource::Header(name), .. }) = self.clock {
            names.push(name);
        }
        // A signed id stands in the content already.
        if let IdSource::UnsignedHeader(name) = self.identity.id {
            names.push(name);
        }
        if let KindSource::Header(name) = self.identity.kind {
            names.push(name);
        }
        names
    }

    /// Whether the URL is part of what is signed.
    #[must_use]
    pub fn signs_url(&self) -> bool {
        self.content.contains(&Part::Url)
    }

    /// What is signed, for people: `{timestamp}.{body}`.
    #[must_use]
    pub fn signed_content(&self) -> String {
        let mut text = String::new();
        for part in self.content {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Header(name) => text.extend(["{", name, "}"]),
                Part::Timestamp => text.push_str("{timestamp}"),
                Part::Url => text.push_str("{url}"),
                Part::Body => text.push_str("{body}"),
            }
        }
        text
    }
}

impl Evidence {
    /// The stable name, as `schemes()` shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Run => "sdk_run",
            Self::Source => "sdk_source",
            Self::Documented => "documented",
            Self::ThirdParty => "third_party",
        }
    }
}

impl IdSource {
    /// Whether the id cannot be changed without breaking the signature.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        !matches!(self, Self::UnsignedHeader(_))
    }

    /// Where it stands in the body; empty when it does not.
    pub(super) const fn path(self) -> &'static [&'static str] {
        match self {
            Self::Body(path) => path,
            Self::SignedHeader(_) | Self::UnsignedHeader(_) | Self::Digest => &[],
        }
    }
}

impl KindSource {
    /// Where it stands in the body; empty when it does not.
    pub(super) const fn path(self) -> &'static [&'static str] {
        match self {
            Self::Body(path) => path,
            Self::Header(_) | Self::None => &[],
        }
    }
}
