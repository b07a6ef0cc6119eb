//! HMAC (RFC 2104) over SHA-1, SHA-256 and SHA-512, with the state of the key computed once.

use hmac::digest::common::Key;
use hmac::digest::{CtOutput, Digest};
use hmac::{Hmac, KeyInit, Mac as _};
use zeroize::Zeroize as _;

use super::Secret;

/// Which hash an HMAC runs on.
///
/// SHA-1 is here for the providers that never moved on; as HMAC it is not known to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacAlgorithm {
    /// 20 bytes of tag.
    HmacSha1,
    /// 32 bytes of tag.
    HmacSha256,
    /// 64 bytes of tag.
    HmacSha512,
}

impl MacAlgorithm {
    /// The stable name, as `schemes()` shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HmacSha1 => "hmac-sha1",
            Self::HmacSha256 => "hmac-sha256",
            Self::HmacSha512 => "hmac-sha512",
        }
    }
}

/// A key ready to sign: both hash blocks that depend on the key alone are done, so each message saves them.
#[derive(Clone)]
pub struct MacKey(State);

/// A message being authenticated.
#[derive(Clone)]
pub struct Mac(State);

#[derive(Clone)]
enum State {
    Sha1(Hmac<sha1::Sha1>),
    Sha256(Hmac<sha2::Sha256>),
    Sha512(Hmac<sha2::Sha512>),
}

/// What authenticates a message. It does not print: a tag of a chosen message is as good as a signature.
pub struct Tag(Output);

enum Output {
    Sha1(CtOutput<Hmac<sha1::Sha1>>),
    Sha256(CtOutput<Hmac<sha2::Sha256>>),
    Sha512(CtOutput<Hmac<sha2::Sha512>>),
}

impl MacKey {
    /// Prepares a key. HMAC takes keys of any length, so this cannot fail.
    #[must_use]
    pub fn new(algorithm: MacAlgorithm, secret: &Secret) -> Self {
        Self(match algorithm {
            MacAlgorithm::HmacSha1 => State::Sha1(keyed::<_, sha1::Sha1>(secret)),
            MacAlgorithm::HmacSha256 => State::Sha256(keyed::<_, sha2::Sha256>(secret)),
            MacAlgorithm::HmacSha512 => State::Sha512(keyed::<_, sha2::Sha512>(secret)),
        })
    }

    /// Begins a message.
    #[must_use]
    pub fn begin(&self) -> Mac {
        Mac(self.0.clone())
    }

    /// The tag of a message that is there in one piece.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Tag {
        let mut mac = self.begin();
        mac.update(message);
        mac.finish()
    }
}

/// The tag of a message by HMAC-SHA-256.
///
/// For keys we derive ourselves: a [`MacKey`] carries SHA-1 and SHA-512 into every artefact that names it, whichever
/// algorithm is asked of it, and they weigh five kilobytes.
#[must_use]
pub fn hmac_sha256(secret: &Secret, message: &[u8]) -> Tag {
    let mut mac = keyed::<Hmac<sha2::Sha256>, sha2::Sha256>(secret);
    mac.update(message);
    Tag(Output::Sha256(mac.finalize()))
}

impl Mac {
    /// Adds the next part. Parts are not separated; whoever cuts a message must make the cut unambiguous.
    pub fn update(&mut self, part: &[u8]) {
        match &mut self.0 {
            State::Sha1(mac) => mac.update(part),
            State::Sha256(mac) => mac.update(part),
            State::Sha512(mac) => mac.update(part),
        }
    }

    /// The tag of everything added.
    #[must_use]
    pub fn finish(self) -> Tag {
        Tag(match self.0 {
            State::Sha1(mac) => Output::Sha1(mac.finalize()),
            State::Sha256(mac) => Output::Sha256(mac.finalize()),
            State::Sha512(mac) => Output::Sha512(mac.finalize()),
        })
    }

    /// Whether `tag` is the whole tag of everything added, in constant time. A shortened tag is not.
    #[must_use]
    pub fn verify(self, tag: &[u8]) -> bool {
        match self.0 {
            State::Sha1(mac) => mac.verify_slice(tag).is_ok(),
            State::Sha256(mac) => mac.verify_slice(tag).is_ok(),
            State::Sha512(mac) => mac.verify_slice(tag).is_ok(),
        }
    }
}

impl Tag {
    /// The bytes, to be encoded and sent. To compare them, use [`Mac::verify`] or [`equal`](super::equal).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Output::Sha1(tag) => tag.as_bytes(),
            Output::Sha256(tag) => tag.as_bytes(),
            Output::Sha512(tag) => tag.as_bytes(),
        }
    }
}

impl core::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("MacKey([REDACTED])")
    }
}

impl core::fmt::Debug for Mac {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Mac([REDACTED])")
    }
}

impl core::fmt::Debug for Tag {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Tag([REDACTED])")
    }
}

/// A keyed state, by the rule of RFC 2104: a key longer than a block is hashed, a shorter one padded with zeros.
///
/// The crate does the same behind a door that can fail; a whole block cannot, so no answer has to be invented for
/// a key that was not taken.
fn keyed<M: KeyInit, D: Digest>(secret: &Secret) -> M {
    let mut block = Key::<M>::default();
    let bytes = secret.expose();
    if bytes.len() > block.len() {
        let mut hashed = D::digest(bytes);
        fill(&mut block, &hashed);
        hashed.as_mut_slice().zeroize();
    } else {
        fill(&mut block, bytes);
    }
    let state = M::new(&block);
    block.as_mut_slice().zeroize();
    state
}

fn fill(block: &mut [u8], bytes: &[u8]) {
    for (slot, byte) in block.iter_mut().zip(bytes) {
        *slot = *byte;
    }
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    #[test]
    fn the_short_way_gives_the_tag_of_the_long_one() {
        for length in [0, 1, 63, 64, 65, 200] {
            let secret = Secret::new(vec![7; length]);
            let long = MacKey::new(MacAlgorithm::HmacSha256, &secret).sign(b"one message");
            assert_eq!(hmac_sha256(&secret, b"one message").as_bytes(), long.as_bytes());
        }
    }

    #[test]
    fn a_key_prints_nothing_of_itself_and_its_state_is_wiped() {
        // Compiles only while the `zeroize` features of the hash crates are on; an HMAC is made of two of these states.
        const fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<sha1::Sha1>();
        wiped::<sha2::Sha256>();
        wiped::<sha2::Sha512>();

        let key = MacKey::new(MacAlgorithm::HmacSha256, &Secret::new(b"hush".to_vec()));
        let shown = format!("{key:?} {:?} {:?}", key.begin(), key.sign(b"message"));
        assert_eq!(shown, "MacKey([REDACTED]) Mac([REDACTED]) Tag([REDACTED])");
    }
}
