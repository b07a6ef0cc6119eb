//! Two sums over a page show that a byte of it was changed by chance, and which.
//!
//! The first is the sum of its words, the second the sum of all sums on the way: each word times its place from the end. A
//! single changed word changes both, and the second by as many times the first as its place says. Against a hand there is
//! the chain; the sums only tell where to look, and what they point at is believed when the chain holds with it.

use super::packed::size;

/// The sums of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) sum: u64,
    pub(super) weighted: u64,
}

/// Bytes of both sums.
pub(super) const CHECK_BYTES: usize = 16;

impl Check {
    /// The sums of bytes; a last word that is short has zeros behind it.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<4>();
        let mut check = Self::default();
        for word in words {
            check.sum = check.sum.wrapping_add(u64::from(u32::from_le_bytes(*word)));
            check.weighted = check.weighted.wrapping_add(check.sum);
        }
        if !rest.is_empty() {
            let mut last = [0; 4];
            for (slot, byte) in last.iter_mut().zip(rest) {
                *slot = *byte;
            }
            check.sum = check.sum.wrapping_add(u64::from(u32::from_le_bytes(last)));
            check.weighted = check.weighted.wrapping_add(check.sum);
        }
        check
    }

    pub(super) fn bytes(self) -> [u8; CHECK_BYTES] {
        let mut bytes = [0; CHECK_BYTES];
        let both = self.sum.to_le_bytes().into_iter().chain(self.weighted.to_le_bytes());
        for (slot, byte) in bytes.iter_mut().zip(both) {
            *slot = byte;
        }
        bytes
    }

    /// The one byte of `length` that was changed, as the difference to what was `written` says, and by how much.
    pub(super) fn changed(self, written: Self, length: usize) -> Option<(usize, u8)> {
        let words = length.div_ceil(4);
        let sum = self.sum.wrapping_sub(written.sum).cast_signed();
        let weighted = self.weighted.wrapping_sub(written.weighted).cast_signed();
        let from_end = weighted.checked_div(sum).filter(|_| weighted.checked_rem(sum) == Some(0))?;
        let from_end = usize::try_from(from_end).ok().filter(|place| (1..=words).contains(place))?;
        let word = words.checked_sub(from_end)?;
        let lane = sum.unsigned_abs().trailing_zeros() / 8;
        let by = sum >> lane.wrapping_mul(8);
        if !(-255..=255).contains(&by) {
            return None;
        }
        let at = word.checked_mul(4)?.checked_add(size(lane)).filter(|at| *at < length)?;
        // Added to the byte as it is, this gives the byte as it was, modulo 256.
        Some((at, u8::try_from(by.wrapping_neg().rem_euclid(256)).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn every_change_of_one_byte_is_found_and_undone() {
        for length in [1_usize, 3, 4, 9, 70] {
            let written: Vec<u8> = (0..length).map(|at| u8::try_from(at * 37 % 256).unwrap()).collect();
            let check = Check::of(&written);
            for at in 0..length {
                for other in 0..=u8::MAX {
                    let mut changed = written.clone();
                    changed[at] = other;
                    let found = Check::of(&changed).changed(check, length);
                    let expected = (other != written[at]).then(|| (at, written[at].wrapping_sub(other)));
                    assert_eq!(found, expected, "{length} {at} {other}");
                }
            }
        }
    }
}
