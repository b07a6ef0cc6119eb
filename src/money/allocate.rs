//! Splitting loses no unit: the parts always sum to the whole.
//!
//! The rule is that of the largest remainder (Hamilton): each part gets its exact share rounded down, and the units
//! left over go one each to the parts that lost most by the rounding; among equals, to the part that stands first. A
//! part of weight zero gets nothing.

use core::cmp::Reverse;

use super::{Amount, Error, ErrorKind};
use crate::prelude::*;

/// The most parts of one split. A marketplace order has some hundred lines; the rest is an attack on memory.
pub const PARTS_MAX: usize = 10_000;

impl Amount {
    /// Splits by integer weights: `[90, 10]` gives nine tenths and one tenth. The parts sum to the whole.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongParts`] for no parts or more than [`PARTS_MAX`], [`ErrorKind::NoWeight`] when all weights are zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, Error> {
        check_parts(weights.len())?;
        // At most 10^4 weights below 2^64, and products below 2^127: nothing here reaches 2^128.
        let total = weights.iter().fold(0_u128, |total, weight| total.saturating_add(u128::from(*weight)));
        let mut shares = Vec::with_capacity(weights.len());
        for (index, weight) in weights.iter().enumerate() {
            let wide = u128::from(self.minor()).saturating_mul(u128::from(*weight));
            let (Some(share), Some(remainder)) = (wide.checked_div(total), wide.checked_rem(total)) else {
                return Err(Error::from(ErrorKind::NoWeight));
            };
            shares.push(Share { index, minor: u64::try_from(share).unwrap_or(u64::MAX), remainder });
        }

        let given = shares.iter().fold(0_u64, |given, share| given.saturating_add(share.minor));
        let left_over = usize::try_from(self.minor().saturating_sub(given)).unwrap_or(usize::MAX);
        shares.sort_by_key(|share| (Reverse(share.remainder), share.index));
        // Each remainder is below the total and they sum to `left_over` totals: so more parts have a remainder than
        // units are left, and no part of weight zero is reached.
        for share in shares.iter_mut().take(left_over) {
            share.minor = share.minor.saturating_add(1);
        }
        shares.sort_by_key(|share| share.index);
        shares.into_iter().map(|share| Self::from_minor(share.minor, self.currency())).collect()
    }

    /// Splits into equal parts; they differ by at most one unit and the larger ones stand first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongParts`] for no parts or more than [`PARTS_MAX`].
    pub fn split(self, parts: usize) -> Result<Vec<Self>, Error> {
        check_parts(parts)?;
        self.allocate(&vec![1; parts])
    }
}

struct Share {
    index: usize,
    minor: u64,
    remainder: u128,
}

fn check_parts(found: usize) -> Result<(), Error> {
    if found == 0 || found > PARTS_MAX {
        return Err(Error::from(ErrorKind::WrongParts { found, limit: PARTS_MAX }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn minors(parts: Vec<Amount>) -> Vec<u64> {
        parts.into_iter().map(Amount::minor).collect()
    }

    #[test]
    fn the_largest_remainder_gets_the_unit_and_ties_go_to_the_first() {
        let table: &[(u64, &[u64], &[u64])] = &[
            (100, &[90, 10], &[90, 10]),
            (100, &[1, 1, 1], &[34, 33, 33]),
            (5, &[3, 7], &[2, 3]),
            (1, &[1, 1], &[1, 0]),
            (1, &[1, 2], &[0, 1]),
            (2, &[0, 1, 0, 1, 1], &[0, 1, 0, 1, 0]),
            (7, &[1], &[7]),
            (0, &[3, 4], &[0, 0]),
            // Exact shares 3.57, 2.14 and 4.29: the one unit left goes to the first.
            (10, &[5, 3, 6], &[4, 2, 4]),
            (Amount::MINOR_MAX, &[u64::MAX, u64::MAX], &[1 << 62, (1 << 62) - 1]),
        ];
        for (minor, weights, expected) in table {
            let whole = Amount::from_minor(*minor, Currency::EUR).unwrap();
            assert_eq!(minors(whole.allocate(weights).unwrap()), *expected, "{minor} by {weights:?}");
        }
    }

    #[test]
    fn equal_parts_differ_by_at_most_one_unit() {
        let whole = Amount::from_minor(1_001, Currency::JPY).unwrap();
        assert_eq!(minors(whole.split(4).unwrap()), [251, 250, 250, 250]);
        assert_eq!(minors(whole.split(1).unwrap()), [1_001]);
        assert_eq!(whole.split(PARTS_MAX).unwrap().len(), PARTS_MAX);
    }

    #[test]
    fn a_split_into_nothing_is_refused() {
        let whole = Amount::from_minor(100, Currency::EUR).unwrap();
        assert_eq!(
            whole.allocate(&[]),
            Err(Error::from(ErrorKind::WrongParts { found: 0, limit: PARTS_MAX }))
        );
        assert_eq!(whole.allocate(&[0, 0]), Err(Error::from(ErrorKind::NoWeight)));
        assert_eq!(whole.split(0), Err(Error::from(ErrorKind::WrongParts { found: 0, limit: PARTS_MAX })));
        assert_eq!(
            whole.split(usize::MAX),
            Err(Error::from(ErrorKind::WrongParts { found: usize::MAX, limit: PARTS_MAX }))
        );
    }
}
