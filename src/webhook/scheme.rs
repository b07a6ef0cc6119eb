//! What a provider signs, as data: whoever adds a provider writes a row, not a function.

use super::header::find;
use super::{
    Clock, Grammar, HeaderValue, IdSource, Identity, KindSource, Part, Path, Provenance, TimeSource,
};
use crate::crypto::{Hash, MacAlgorithm};
use crate::prelude::*;

/// One way of signing a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// The stable name, as callers write it.
    pub name: &'static str,
    /// Where the row was read.
    pub provenance: Provenance,
    /// Where the signature stands.
    pub place: Place,
    /// How the value there is cut into signatures.
    pub grammar: Grammar,
    /// How a signature is written.
    pub form: SignatureForm,
    /// What proves that the secret was known.
    pub primitive: Primitive,
    /// How the text of a secret becomes key bytes.
    pub key: KeyForm,
    /// What is signed, in order.
    pub content: &'static [Part],
    /// How many messages the content may stand for, where the provider is not consistent. Each costs a MAC.
    pub spellings: usize,
    /// The time that is signed; `None` where the provider signs none, so that replays cannot be told by age.
    pub clock: Option<Clock>,
    /// Whether a delivery without a body is refused.
    pub body_required: bool,
    /// What makes two deliveries the same event.
    pub identity: Identity,
    /// Hours during which the provider may repeat an event; whoever remembers events does so at least as long.
    pub retry_window_hours: u32,
    /// The row to read a delivery by that lacks the headers of this one.
    pub otherwise: Option<&'static Scheme>,
}

/// Where the signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In these headers, in lower case: at least one of them.
    Headers(&'static [&'static str]),
    /// In this field of the form that is the body.
    FormField(&'static str),
    /// In the JSON body. When a delivery carries several events, each has its own.
    Field(Path),
}

/// What proves that the secret was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// An HMAC of the message under the key.
    Mac(MacAlgorithm),
    /// A digest of the message, which contains the secret.
    Digest(Hash),
    /// The secret itself. It proves that the sender knows it, and nothing about what is sent with it.
    Token,
    /// A signature of the message under a public key.
    #[cfg(feature = "webhooks-full")]
    PublicKey,
    /// A JWS (RFC 7515) with the algorithm ES256, whose payload has the digest of the body.
    #[cfg(feature = "webhooks-full")]
    Jws,
}

/// How a tag is written. There is one text for each tag, but where the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureForm {
    /// Lower-case hexadecimal.
    HexLower,
    /// Hexadecimal, written in upper case and read in either.
    HexUpper,
    /// Hexadecimal, written in lower case and read in either.
    HexAnyCase,
    /// Standard base64, padded.
    Base64,
    /// Standard base64; lower-case hexadecimal is read too.
    Base64OrHex,
    /// Standard base64; that of the lower-case hexadecimal text is read too.
    Base64OrBase64OfHex,
    /// As it is: a token.
    Text,
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
    /// The SHA-1 of the text.
    Sha1,
    /// An Ed25519 public key: `whpk_` and base64.
    #[cfg(feature = "webhooks-full")]
    Whpk,
    /// An Ed25519 public key in hexadecimal.
    #[cfg(feature = "webhooks-full")]
    Ed25519Hex,
    /// An Ed25519 public key in base64.
    #[cfg(feature = "webhooks-full")]
    Ed25519Base64,
    /// A public key as base64 of its DER, or in PEM. Its ECDSA signatures are in DER.
    #[cfg(feature = "webhooks-full")]
    Spki,
    /// A public key in PEM: an option, or the secret itself.
    #[cfg(feature = "webhooks-full")]
    Pem,
    /// A public key as JWK: an option, or the secret itself.
    #[cfg(feature = "webhooks-full")]
    Jwk,
    /// The text itself, beside a certificate that is an option.
    #[cfg(feature = "webhooks-full")]
    Certificate,
}

/// How much a signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Every byte of the body is signed.
    SignedBody,
    /// Some fields are signed; nothing else in the delivery can be trusted.
    SignedFields,
    /// The sender knew the token. The body may be anything.
    Token,
}

impl Scheme {
    /// Every header that is read, in lower case, those with the signature first.
    #[must_use]
    pub fn headers(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        self.each_header(&mut |name| names.push(name));
        if let Some(other) = self.otherwise {
            other.each_header(&mut |name| names.push(name));
        }
        names
    }

    /// Shows every header of this row, without those of the other.
    fn each_header(&self, see: &mut dyn FnMut(&'static str)) {
        if let Place::Headers(names) = self.place {
            names.iter().for_each(|name| see(name));
        }
        for part in self.content {
            if let Some(name) = part.header() {
                see(name);
            }
        }
        if let Some(Clock { source: TimeSource::Header(name), .. }) = self.clock {
            see(name);
        }
        // A signed id stands in the content already.
        if let IdSource::UnsignedHeader(name) = self.identity.id {
            see(name);
        }
        if let KindSource::Header(name) = self.identity.kind {
            see(name);
        }
    }

    /// The row this delivery is read by: this one, or the other if it has one and a header of this one is absent.
    pub(super) fn layout(&'static self, headers: &[(&str, HeaderValue<'_>)]) -> &'static Self {
        let Some(other) = self.otherwise else { return self };
        let lacks = |row: &Self| {
            let mut lacks = false;
            row.each_header(&mut |name| lacks |= matches!(find(headers, name), Ok(None)));
            lacks
        };
        if lacks(self) && !lacks(other) { other } else { self }
    }

    /// The header or the member of the body where the signature stands, for people.
    #[must_use]
    pub fn place_name(&self) -> &'static str {
        match self.place {
            Place::Headers(names) => names.first().copied().unwrap_or_default(),
            Place::FormField(name) => name,
            Place::Field(path) => path.last().copied().unwrap_or_default(),
        }
    }

    /// Whether the URL is part of what is signed.
    #[must_use]
    pub fn signs_url(&self) -> bool {
        self.content.iter().any(|part| part.reads_url())
    }

    /// Whether the body must be read to know what is signed. If not, it stands in the message as it is, or not at all.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        let jws = self.primitive.name() == "jws-es256";
        jws || !matches!(self.place, Place::Headers(_)) || self.content.iter().any(|part| part.reads_body())
    }

    /// How much the signature says.
    #[must_use]
    pub fn strength(&self) -> Strength {
        let whole = |part: &Part| part.binds_body();
        match self.primitive {
            Primitive::Token => Strength::Token,
            _ if self.content.iter().any(whole) => Strength::SignedBody,
            _ => Strength::SignedFields,
        }
    }

    /// Whether the id of an event cannot be changed without breaking the signature.
    #[must_use]
    pub fn signs_id(&self) -> bool {
        let signs = |path: &Path| {
            let is = |part: &Part| matches!(part, Part::Field(of) | Part::MaybeField(of) | Part::FreeField(of) if of == path);
            self.content.iter().any(is)
        };
        match (self.identity.id, self.strength()) {
            (_, Strength::Token) | (IdSource::UnsignedHeader(_), _) => false,
            (IdSource::Body(paths), Strength::SignedFields) => paths.iter().all(signs),
            (IdSource::Body(_) | IdSource::SignedHeader(_) | IdSource::Digest, _) => true,
        }
    }

    /// Whether something is signed that no other delivery has.
    pub(super) fn signs_something_fresh(&self) -> bool {
        let fresh = |part: &Part| matches!(part, Part::Header(_) | Part::HeaderSegment(..) | Part::Timestamp);
        self.content.iter().any(fresh)
    }

    /// What is signed, for people: `{timestamp}.{body}`.
    #[must_use]
    pub fn signed_content(&self) -> String {
        let mut text = String::new();
        for part in self.content {
            part.describe(&mut text);
        }
        text
    }
}

impl Primitive {
    /// The stable name, as `schemes()` shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mac(algorithm) => algorithm.name(),
            Self::Digest(hash) => hash.name(),
            Self::Token => "token",
            #[cfg(feature = "webhooks-full")]
            Self::PublicKey => "public-key",
            #[cfg(feature = "webhooks-full")]
            Self::Jws => "jws-es256",
        }
    }
}

impl Strength {
    /// The stable name, as `schemes()` shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignedBody => "signed_body",
            Self::SignedFields => "signed_fields",
            Self::Token => "token",
        }
    }
}
