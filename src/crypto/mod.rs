//! Secrets live here and leave no trace: they do not print, do not compare early and are wiped when dropped.
//!
//! HMAC, SHA-256, hex, base64 and comparison in constant time, for whoever signs, verifies or fingerprints; with the
//! feature `webhooks-full` also signatures under public keys. The primitives are those of well-kept crates (RustCrypto,
//! dalek), but for the rounds of SHA-1; this module decides what may be done with them.
//!
//! Not here: randomness (see [`entropy`](crate::entropy)) and what is signed (see `webhook`).

#[cfg(feature = "webhooks-full")]
mod base64url;
#[cfg(feature = "webhooks-full")]
mod certificate;
pub mod compact;
#[cfg(feature = "webhooks-full")]
mod der;
mod digest;
#[cfg(feature = "webhooks-full")]
mod ed25519;
mod encoding;
mod error;
mod hash;
#[cfg(feature = "webhooks-full")]
mod jws;
#[cfg(feature = "webhooks-full")]
mod jws_error;
#[cfg(feature = "webhooks-full")]
mod key_error;
mod mac;
#[cfg(feature = "webhooks-full")]
mod p256;
#[cfg(feature = "webhooks-full")]
mod public_key;
#[cfg(feature = "webhooks-full")]
mod rsa;
mod secret;
mod sha1;

#[cfg(feature = "webhooks-full")]
pub use base64url::decode_base64url;
#[cfg(feature = "webhooks-full")]
pub use certificate::Certificate;
pub use digest::{Hash, Sha256, sha1_of_secret, sha256, sha256_hex};
pub use encoding::{
    HexCase, base64_digits, decode_base64, decode_base64_into, decode_hex, decode_hex_into, encode_base64,
    encode_hex, equal, hex_digits_of, is_base64_of, is_hex_of,
};
pub use error::Error;
pub(crate) use hash::fill;
pub use hash::{BLOCK_BYTES_MAX, HASH_BYTES_MAX, HashAlgorithm, HashValue, Hasher};
#[cfg(feature = "webhooks-full")]
pub use jws::{CompactJws, JWS_BYTES_MAX};
#[cfg(feature = "webhooks-full")]
pub use jws_error::JwsError;
#[cfg(feature = "webhooks-full")]
pub use key_error::KeyError;
pub use mac::{Mac, MacAlgorithm, MacKey, Tag, hmac_sha256};
#[cfg(feature = "webhooks-full")]
pub use p256::EcdsaForm;
#[cfg(feature = "webhooks-full")]
pub use public_key::PublicKey;
#[cfg(feature = "webhooks-full")]
pub use rsa::{RSA_BITS_MAX, RSA_BITS_MIN};
pub use secret::Secret;
