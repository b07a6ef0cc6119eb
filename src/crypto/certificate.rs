//! A certificate is read for what it says; nobody here has checked that it may say so.
//!
//! Neither its signature nor its chain is verified: the merchant fetched it over TLS from a host that he pinned, and
//! that is what the trust rests on. Its dates and names are data for whoever decides.

use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};

use super::der::{first_pem, identifier, read_key};
use super::public_key::kind_of;
use super::{KeyError, PublicKey};
use crate::prelude::*;
use crate::time::Timestamp;

/// `id-at-commonName` (RFC 5280).
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
/// `id-ce-subjectAltName` (RFC 5280).
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// What of an X.509 certificate (RFC 5280) matters for a webhook.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Certificate {
    /// The common name of its subject, where there is exactly one and it is text.
    pub common_name: Option<String>,
    /// The DNS names it was issued for, in their order; none where it names none.
    pub dns_names: Vec<String>,
    /// From when it is valid, to the second.
    pub not_before: Timestamp,
    /// The last second in which it is valid.
    pub not_after: Timestamp,
    /// The key of its subject.
    pub key: PublicKey,
}

impl Certificate {
    /// The first certificate of a PEM text; a chain behind it is not read.
    ///
    /// # Errors
    ///
    /// Those of [`KeyError`] about PEM, DER and the key itself.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, document) = first_pem(text)?;
        if label != "CERTIFICATE" {
            return Err(KeyError::PemLabel { found: kind_of(&label), expected: "a certificate" });
        }
        Self::from_der(&document)
    }

    /// The certificate of a DER document.
    ///
    /// # Errors
    ///
    /// [`KeyError::Der`], [`KeyError::Algorithm`], and those about the key itself.
    pub fn from_der(document: &[u8]) -> Result<Self, KeyError> {
        let mut reader = SliceReader::new(document)?;
        let certificate = reader.sequence(|fields| {
            let certificate = fields.sequence(to_be_signed)?;
            // The issuer's algorithm and signature, which are not verified.
            sequence(fields)?;
            AnyRef::decode(fields)?.tag().assert_eq(Tag::BitString)?;
            Ok::<_, KeyError>(certificate)
        })?;
        reader.finish()?;
        Ok(certificate)
    }

    /// Whether `moment` is within its dates.
    #[must_use]
    pub fn is_valid_at(&self, moment: Timestamp) -> bool {
        self.not_before.unix_seconds() <= moment.unix_seconds()
            && moment.unix_seconds() <= self.not_after.unix_seconds()
    }
}

fn to_be_signed(fields: &mut SliceReader<'_>) -> Result<Certificate, KeyError> {
    tagged(fields, 0)?;
    AnyRef::decode(fields)?.tag().assert_eq(Tag::Integer)?;
    // The issuer's algorithm, and his name.
    sequence(fields)?;
    sequence(fields)?;
    let (not_before, not_after) =
        fields.sequence(|fields| Ok::<_, KeyError>((time(fields)?, time(fields)?)))?;
    let common_name = fields.sequence(common_name)?;
    let key = read_key(fields)?;
    let mut certificate = Certificate { common_name, dns_names: Vec::new(), not_before, not_after, key };
    // Unique identifiers of issuer and subject, which nobody uses.
    tagged(fields, 1)?;
    tagged(fields, 2)?;
    if let Some(extensions) = tagged(fields, 3)? {
        let mut reader = SliceReader::new(extensions.value())?;
        certificate.dns_names = reader.sequence(dns_names)?;
        reader.finish()?;
    }
    Ok(certificate)
}

/// The next field if it has this context-specific tag.
fn tagged<'a>(fields: &mut SliceReader<'a>, number: u32) -> Result<Option<AnyRef<'a>>, KeyError> {
    if fields.is_finished() {
        return Ok(None);
    }
    let Tag::ContextSpecific { number: found, .. } = Tag::peek(fields)? else { return Ok(None) };
    if found == TagNumber(number) { Ok(Some(AnyRef::decode(fields)?)) } else { Ok(None) }
}

/// The next field, whose inside is not looked at.
fn sequence(fields: &mut SliceReader<'_>) -> Result<(), KeyError> {
    Ok(AnyRef::decode(fields)?.tag().assert_eq(Tag::Sequence).map(drop)?)
}

fn time(fields: &mut SliceReader<'_>) -> Result<Timestamp, KeyError> {
    let value = AnyRef::decode(fields)?;
    let since_epoch = match value.tag() {
        Tag::UtcTime => value.decode_as::<UtcTime>()?.to_unix_duration(),
        _ => value.decode_as::<GeneralizedTime>()?.to_unix_duration(),
    };
    // The type of the library ends where ours does, with the year 9999.
    Ok(Timestamp::from_unix_seconds(since_epoch.as_secs()).unwrap_or(Timestamp::MAX))
}

/// A name is a sequence of sets of pairs: what kind, and the value.
fn common_name(name: &mut SliceReader<'_>) -> Result<Option<String>, KeyError> {
    let mut names = Vec::new();
    while !name.is_finished() {
        let set = AnyRef::decode(name)?;
        set.tag().assert_eq(Tag::Set)?;
        let mut pairs = SliceReader::new(set.value())?;
        while !pairs.is_finished() {
            let (kind, value) =
                pairs.sequence(|pair| Ok::<_, KeyError>((identifier(pair)?, AnyRef::decode(pair)?)))?;
            if kind == COMMON_NAME {
                names.push(text(value));
            }
        }
    }
    // Of two names nobody could say which one counts.
    Ok(if names.len() == 1 { names.pop().flatten() } else { None })
}

fn text(value: AnyRef<'_>) -> Option<String> {
    let readable = matches!(value.tag(), Tag::Utf8String | Tag::PrintableString | Tag::Ia5String);
    core::str::from_utf8(value.value()).ok().filter(|_| readable).map(str::to_owned)
}

/// Extensions are a sequence of: what kind, whether it is critical (left out if not), and the DER of the value.
fn dns_names(extensions: &mut SliceReader<'_>) -> Result<Vec<String>, KeyError> {
    let mut names = Vec::new();
    while !extensions.is_finished() {
        let (kind, value) = extensions.sequence(|fields| {
            let kind = identifier(fields)?;
            let mut value = AnyRef::decode(fields)?;
            if value.tag() == Tag::Boolean {
                value = AnyRef::decode(fields)?;
            }
            value.tag().assert_eq(Tag::OctetString)?;
            Ok::<_, KeyError>((kind, value.value()))
        })?;
        if kind != ALTERNATIVE_NAMES {
            continue;
        }
        let mut reader = SliceReader::new(value)?;
        reader.sequence(|general| {
            while !general.is_finished() {
                let name = AnyRef::decode(general)?;
                // [2] is `dNSName`; addresses, mail boxes and the like are passed over.
                if matches!(name.tag(), Tag::ContextSpecific { number: TagNumber(2), .. }) {
                    names.extend(core::str::from_utf8(name.value()).ok().map(str::to_owned));
                }
            }
            Ok::<_, KeyError>(())
        })?;
        reader.finish()?;
    }
    Ok(names)
}
