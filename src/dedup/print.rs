//! A print stands for a text of any length: equal texts have equal prints, and that two of a million others share one has a
//! chance of 10^-27.

use core::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// 128 bits of SipHash-1-3 over a text, without a secret: for texts nobody gains by choosing, at a fifth of the price of
/// SHA-256.
#[must_use]
pub fn print(text: &[u8]) -> [u64; 2] {
    let mut hasher = SipHasher13::new();
    hasher.write(text);
    let found = hasher.finish128();
    [found.h1, found.h2]
}

/// Prints under a secret key, for texts that somebody might choose so that they meet.
#[cfg(feature = "bulk")]
#[derive(Clone)]
pub(crate) struct Prints {
    wide: SipHasher13,
    short: siphasher::sip::SipHasher13,
}

#[cfg(feature = "bulk")]
impl Prints {
    /// The key must come from the host's generator and be kept secret.
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self { wide: SipHasher13::new_with_key(&key), short: siphasher::sip::SipHasher13::new_with_key(&key) }
    }

    /// 128 bits, to tell texts apart that were never compared.
    pub(crate) fn wide(&self, text: &[u8]) -> [u32; 4] {
        let found = self.wide.hash(text);
        let halves =
            |wide: u64| [wide >> 32, wide & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or_default());
        let ([a, b], [c, d]) = (halves(found.h1), halves(found.h2));
        [a, b, c, d]
    }

    /// 64 bits, to see whether a text is the one it should be.
    pub(crate) fn short(&self, text: &[u8]) -> u64 {
        self.short.hash(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_print_and_another_text_another() {
        assert_eq!(print(b"key_1"), print(b"key_1"));
        assert_ne!(print(b"key_1"), print(b"key_2"));
        assert_ne!(print(b""), print(b"\0"));
    }
}
