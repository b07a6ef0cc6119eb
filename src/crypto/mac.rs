//! HMAC (RFC 2104), cut where a host can help: `H(outer block || H(inner block || message))`.
//!
//! The inner hash is nearly all the work, and a runtime mostly has a faster one than wasm can be. So a [`MacKey`] tells
//! what the inner hash begins with ([`MacKey::inner_block`]) and takes its result ([`MacKey::close`]); the outer one
//! stays here, where the state behind the key's block is kept. The `hmac` crate has no such seam.

use sha2::Digest as _;
use zeroize::Zeroizing;

use super::hash::{BLOCK_BYTES_MAX, HashAlgorithm, HashValue, Hasher, fill};
use super::{Secret, equal};

/// Which MAC.
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

    /// The hash under it.
    #[must_use]
    pub const fn hash(self) -> HashAlgorithm {
        match self {
            Self::HmacSha1 => HashAlgorithm::Sha1,
            Self::HmacSha256 => HashAlgorithm::Sha256,
            Self::HmacSha512 => HashAlgorithm::Sha512,
        }
    }
}

/// A key ready to sign.
#[derive(Clone)]
pub struct MacKey {
    hash: HashAlgorithm,
    inner_block: Zeroizing<[u8; BLOCK_BYTES_MAX]>,
    /// Behind the outer block, so that closing takes one block and not two. It wipes itself.
    outer: Hasher,
}

/// A message being authenticated.
#[derive(Clone)]
pub struct Mac {
    inner: Hasher,
    outer: Hasher,
}

/// What authenticates a message. It does not print: a tag of a chosen message is as good as a signature.
pub struct Tag(HashValue);

impl MacKey {
    /// Prepares a key. HMAC takes keys of any length, so this cannot fail.
    #[must_use]
    pub fn new(algorithm: MacAlgorithm, secret: &Secret) -> Self {
        let hash = algorithm.hash();
        let mut block = key_block(secret, hash.block_bytes(), |long| {
            let mut state = Hasher::new(hash);
            state.update(long);
            state.finish()
        });
        mask(&mut block, OUTER);
        let mut outer = Hasher::new(hash);
        outer.update(block.get(..hash.block_bytes()).unwrap_or_default());
        mask(&mut block, OUTER ^ INNER);
        Self { hash, inner_block: block, outer }
    }

    /// Which hash is under it.
    #[must_use]
    pub const fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// What the inner hash begins with. It is the key, thinly disguised: whoever lays it anywhere wipes it there.
    #[must_use]
    pub fn inner_block(&self) -> &[u8] {
        self.inner_block.get(..self.hash.block_bytes()).unwrap_or_default()
    }

    /// The tag of the message whose inner hash this is.
    #[must_use]
    pub fn close(&self, inner: &HashValue) -> Tag {
        let mut outer = self.outer.clone();
        outer.update(inner.as_bytes());
        Tag(outer.finish())
    }

    /// Begins a message.
    #[must_use]
    pub fn begin(&self) -> Mac {
        let mut inner = Hasher::new(self.hash);
        inner.update(self.inner_block());
        Mac { inner, outer: self.outer.clone() }
    }

    /// The tag of a message that is there in one piece.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Tag {
        let mut mac = self.begin();
        mac.update(message);
        mac.finish()
    }
}

impl Mac {
    /// Adds the next part. Parts are not separated; whoever cuts a message must make the cut unambiguous.
    pub fn update(&mut self, part: &[u8]) {
        self.inner.update(part);
    }

    /// The tag of everything added.
    #[must_use]
    pub fn finish(self) -> Tag {
        let mut outer = self.outer;
        outer.update(self.inner.finish().as_bytes());
        Tag(outer.finish())
    }

    /// Whether `tag` is the whole tag of everything added, in constant time. A shortened tag is not.
    #[must_use]
    pub fn verify(self, tag: &[u8]) -> bool {
        equal(self.finish().as_bytes(), tag)
    }
}

impl Tag {
    /// The bytes, to be encoded and sent. To compare them, use [`Mac::verify`] or [`equal`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The tag of a message by HMAC-SHA-256.
///
/// For keys we derive ourselves: a [`MacKey`] carries SHA-1 and SHA-512 into every artefact that names it, whichever
/// algorithm is asked of it, and they weigh five kilobytes.
#[must_use]
pub fn hmac_sha256(secret: &Secret, message: &[u8]) -> Tag {
    let mut block = key_block(secret, HashAlgorithm::Sha256.block_bytes(), |long| {
        HashValue::of(&sha2::Sha256::digest(long))
    });
    let mut layer = |with, message: &[u8]| {
        mask(&mut block, with);
        let mut hash = sha2::Sha256::new();
        hash.update(block.get(..HashAlgorithm::Sha256.block_bytes()).unwrap_or_default());
        hash.update(message);
        hash.finalize()
    };
    let inner = layer(INNER, message);
    Tag(HashValue::of(&layer(INNER ^ OUTER, &inner)))
}

/// What the key is masked with in the inner hash.
const INNER: u8 = 0x36;

/// What the key is masked with in the outer hash.
const OUTER: u8 = 0x5c;

/// A key longer than a block is hashed, a shorter one padded with zeros.
fn key_block(
    secret: &Secret,
    block_bytes: usize,
    hashed: impl Fn(&[u8]) -> HashValue,
) -> Zeroizing<[u8; BLOCK_BYTES_MAX]> {
    let mut block = Zeroizing::new([0; BLOCK_BYTES_MAX]);
    let bytes = secret.expose();
    if bytes.len() > block_bytes {
        let mut value = hashed(bytes);
        fill(block.as_mut_slice(), value.as_bytes());
        value.wipe();
    } else {
        fill(block.as_mut_slice(), bytes);
    }
    block
}

fn mask(block: &mut [u8; BLOCK_BYTES_MAX], with: u8) {
    for byte in block {
        *byte ^= with;
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

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    #[test]
    fn the_short_way_and_the_cut_one_give_the_tag_of_the_long_one() {
        for length in [0, 1, 63, 64, 65, 200] {
            let secret = Secret::new(vec![7; length]);
            let key = MacKey::new(MacAlgorithm::HmacSha256, &secret);
            let long = key.sign(b"one message");
            assert_eq!(hmac_sha256(&secret, b"one message").as_bytes(), long.as_bytes());
            for algorithm in [MacAlgorithm::HmacSha1, MacAlgorithm::HmacSha256, MacAlgorithm::HmacSha512] {
                let key = MacKey::new(algorithm, &secret);
                let mut inner = Hasher::new(key.hash());
                inner.update(key.inner_block());
                inner.update(b"one message");
                assert_eq!(key.close(&inner.finish()).as_bytes(), key.sign(b"one message").as_bytes());
            }
        }
    }

    #[test]
    fn a_key_prints_nothing_of_itself_and_its_state_is_wiped() {
        // Compiles only while the `zeroize` features of the hash crates are on; a key is made of these states.
        const fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<Hasher>();
        wiped::<sha2::Sha256>();

        let key = MacKey::new(MacAlgorithm::HmacSha256, &Secret::new(b"hush".to_vec()));
        let shown = format!("{key:?} {:?} {:?}", key.begin(), key.sign(b"message"));
        assert_eq!(shown, "MacKey([REDACTED]) Mac([REDACTED]) Tag([REDACTED])");
    }
}
