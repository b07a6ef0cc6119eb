//! The idempotency key of an intent follows from who it is, never from what it says.
//!
//! `HMAC-SHA-256(secret, merchant, account, operation, reference, epoch)`, cut to 128 bits and written as 32
//! lower-case hexadecimal characters: unguessable without the secret, the same after a crash or a restored backup,
//! and short enough for every provider studied (the strictest takes 36 characters, reference/payments.md 1.2). A
//! profile may ask for the same bits in another [`KeyForm`].

use crate::crypto::{Secret, encode_hex, hmac_sha256};
use crate::prelude::*;
use crate::time::Timestamp;

use super::{Error, ErrorKind, Operation};

/// Shortest secret accepted, in bytes: 128 bits, the strength of the key itself.
pub const SECRET_BYTES_MIN: usize = 16;

/// Who an intent is. Every field takes part in the key.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The merchant, as the provider knows him.
    pub merchant: &'a str,
    /// The provider account the request goes to: two accounts never share a key.
    pub account: &'a str,
    /// What is done.
    pub operation: Operation,
    /// The caller's name for the intent.
    pub reference: &'a str,
    /// The generation, counted from 1.
    pub epoch: u32,
}

/// Length and alphabet of a key, made of the same 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyForm {
    /// 32 lower-case hexadecimal characters.
    #[default]
    Hex,
    /// 36 characters of a UUID of version 8 (RFC 9562), for those who check that it is one. 122 bits are left.
    Uuid,
}

impl KeyForm {
    /// The form of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "hex" => Some(Self::Hex),
            "uuid" => Some(Self::Uuid),
            _ => None,
        }
    }

    /// Characters of a key.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Hex => 32,
            Self::Uuid => 36,
        }
    }

    fn write(self, bits: [u8; 16]) -> String {
        match self {
            Self::Hex => encode_hex(&bits),
            Self::Uuid => text(uuid::Builder::from_custom_bytes(bits).into_uuid()),
        }
    }
}

/// The key of an identity, in a form.
///
/// # Errors
///
/// [`ErrorKind::SecretTooShort`].
pub fn derive(secret: &Secret, identity: Identity<'_>, form: KeyForm) -> Result<String, Error> {
    let length = secret.expose().len();
    if length < SECRET_BYTES_MIN {
        return Err(Error::from(ErrorKind::SecretTooShort { found: length }));
    }
    let epoch = identity.epoch.digits();
    let fields = [
        "tillproof key v1",
        identity.merchant,
        identity.account,
        identity.operation.name(),
        identity.reference,
        &epoch,
    ];
    let mut message = Vec::new();
    for field in fields {
        // A length before each field, so that no two identities are spelt with the same bytes.
        message.extend_from_slice(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        message.extend_from_slice(field.as_bytes());
    }
    let tag = hmac_sha256(secret, &message);
    let mut bits = [0; 16];
    bits.iter_mut().zip(tag.as_bytes()).for_each(|(to, from)| *to = *from);
    Ok(form.write(bits))
}

/// A random key (UUID version 4) for callers who keep their own record of it.
#[must_use]
pub fn random_v4(entropy: [u8; 16]) -> String {
    text(uuid::Builder::from_random_bytes(entropy).into_uuid())
}

/// A random key that sorts by time (UUID version 7, RFC 9562).
#[must_use]
pub fn random_v7(now: Timestamp, entropy: [u8; 10]) -> String {
    text(uuid::Builder::from_unix_timestamp_millis(now.unix_ms(), &entropy).into_uuid())
}

fn text(id: uuid::Uuid) -> String {
    // The library's own writer would be a third way to write digits in the artefact.
    let mut text = String::new();
    for (place, digit) in encode_hex(id.as_bytes()).chars().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    fn of(identity: Identity<'_>) -> String {
        derive(&secret("0123456789abcdef"), identity, KeyForm::Hex).unwrap()
    }

    fn identity() -> Identity<'static> {
        Identity {
            merchant: "shop",
            account: "eu",
            operation: Operation::Charge,
            reference: "order_1",
            epoch: 1,
        }
    }

    #[test]
    fn the_key_of_an_identity_never_changes() {
        // A changed value here means that every merchant's open intents would get new keys: double charges.
        assert_eq!(of(identity()), "d771c918f3fd0678ef44289c74a44cd7");
    }

    #[test]
    fn every_part_of_the_identity_changes_the_key() {
        let base = of(identity());
        let others = [
            Identity { merchant: "shop2", ..identity() },
            Identity { account: "us", ..identity() },
            Identity { operation: Operation::Authorize, ..identity() },
            Identity { reference: "order_2", ..identity() },
            Identity { epoch: 2, ..identity() },
            // The same bytes when glued together, cut at another place.
            Identity { merchant: "sho", account: "peu", ..identity() },
        ];
        for other in others {
            assert_ne!(of(other), base, "{other:?}");
        }
        assert_ne!(derive(&secret("another secret of 16+"), identity(), KeyForm::Hex).unwrap(), base);
        assert_eq!(
            derive(&secret("short"), identity(), KeyForm::Hex),
            Err(Error::from(ErrorKind::SecretTooShort { found: 5 }))
        );
    }

    #[test]
    fn random_keys_are_uuids_made_of_the_given_bytes_and_time() {
        assert_eq!(random_v4([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let now = Timestamp::from_unix_ms(0x0123_4567_89ab).unwrap();
        assert_eq!(random_v7(now, [0; 10]), "01234567-89ab-7000-8000-000000000000");
    }
}
