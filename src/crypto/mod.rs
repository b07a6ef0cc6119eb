//! Secrets live here and leave no trace: they do not print, do not compare early and are wiped when dropped.
//!
//! HMAC, SHA-256, hex, base64 and comparison in constant time, for whoever signs, verifies or fingerprints. The
//! primitives are those of the RustCrypto crates; this module decides what may be done with them.
//!
//! Not here: randomness (see [`entropy`](crate::entropy)) and what is signed (see `webhook`).

mod digest;
mod encoding;
mod error;
mod mac;
mod secret;

pub use digest::{Hash, Sha256, sha1_of_secret, sha256, sha256_hex};
pub use encoding::{HexCase, decode_base64, decode_hex, encode_base64, encode_hex, equal};
pub use error::Error;
pub use mac::{Mac, MacAlgorithm, MacKey, Tag, hmac_sha256};
pub use secret::Secret;
