//! SHA-1 over one block, round by round as FIPS 180-4 has it.
//!
//! The crate `sha1` unrolls its eighty rounds into four kilobytes, a tenth of the smallest artefact, for three providers
//! that never moved on; it has no other form. So the rounds stand here, and the crate proves them in the tests. They touch
//! memory in an order, and take a time, that the bytes have no part in.

/// Rounds of a block.
const ROUNDS: usize = 80;

/// Takes a block into the state, of which the first five words count.
pub(super) fn compress(state: &mut [u32; 8], block: &[u8; 64]) {
    let mut words = [0_u32; ROUNDS];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    for round in 16..ROUNDS {
        let mut word = 0;
        for back in [3, 8, 14, 16] {
            word ^= words.get(round.wrapping_sub(back)).copied().unwrap_or_default();
        }
        if let Some(slot) = words.get_mut(round) {
            *slot = word.rotate_left(1);
        }
    }
    let [mut a, mut b, mut c, mut d, mut e, ..] = *state;
    for (round, word) in words.iter().enumerate() {
        let (mixed, constant) = match round / 20 {
            0 => ((b & c) | (!b & d), 0x5a82_7999),
            1 => (b ^ c ^ d, 0x6ed9_eba1),
            2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6_u32),
        };
        let next =
            a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
    }
    for (slot, word) in state.iter_mut().zip([a, b, c, d, e]) {
        *slot = slot.wrapping_add(word);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha1::Digest as _;

    use crate::crypto::HashAlgorithm;

    proptest! {
        #[test]
        fn every_message_has_the_hash_that_the_crate_gives_it(message in proptest::collection::vec(any::<u8>(), 0..300)) {
            let found = HashAlgorithm::Sha1.of(&[&message]);
            let expected = sha1::Sha1::digest(&message);
            prop_assert_eq!(found.as_bytes(), expected.as_slice());
        }
    }
}
