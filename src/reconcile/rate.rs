//! A declared rate is an exact fraction, and what it makes of an amount is compared without rounding.

use crate::money::Currency;

/// Digits of a rate: more than any provider writes, few enough that products fit.
const DIGITS_MAX: usize = 18;

/// Bits of the size of an amount.
const WHOLE_BITS: u32 = 64;

/// A positive decimal: a number over a power of ten, or that turned round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) above: u64,
    pub(super) below: u64,
}

/// An exact amount of minor units: a fraction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact {
    above: i128,
    below: i128,
}

impl Rate {
    /// A rate from digits with at most one point, more than zero; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_plain = !whole.is_empty() && (!fraction.is_empty() || !text.contains('.'));
        if !is_plain || text.len() > DIGITS_MAX {
            return None;
        }
        let mut rate = Self { above: 0, below: 1 };
        for digit in whole.bytes().chain(fraction.bytes()) {
            let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
            rate.above = rate.above.checked_mul(10)?.checked_add(digit.into())?;
        }
        for _ in fraction.bytes() {
            rate.below = rate.below.checked_mul(10)?;
        }
        (rate.above > 0).then_some(rate)
    }

    /// The rate of the other direction.
    pub(super) const fn turned(self) -> Self {
        Self { above: self.below, below: self.above }
    }

    /// What an amount becomes, in minor units of the other currency; `None` where the product is too long.
    pub(super) fn convert(self, minor: i64, from: Currency, to: Currency) -> Option<Exact> {
        Some(Exact {
            above: product(product(minor.into(), self.above.into())?, to.minor_units().into())?,
            below: product(self.below.into(), from.minor_units().into())?,
        })
    }
}

impl Exact {
    /// The amount without its fraction.
    pub(super) fn whole(self) -> i64 {
        let (mut rest, below) = (self.above.unsigned_abs(), self.below.unsigned_abs());
        if below == 0 || rest >> WHOLE_BITS >= below {
            return i64::MAX;
        }
        // Bit by bit: to divide 128 bits at once is a kilobyte of wasm.
        let mut whole = 0_u64;
        for bit in (0..WHOLE_BITS).rev() {
            if rest >> bit >= below {
                rest = rest.wrapping_sub(below << bit);
                whole |= 1 << bit;
            }
        }
        let whole = i128::from(whole);
        i64::try_from(if self.above < 0 { whole.saturating_neg() } else { whole }).unwrap_or(i64::MAX)
    }

    /// Whether some way of rounding to a whole unit gives this amount.
    pub(super) fn rounds_to(self, minor: i64) -> bool {
        let whole = product(minor.into(), self.below);
        let off = whole.and_then(|whole| whole.checked_sub(self.above));
        off.is_some_and(|off| off.unsigned_abs() < self.below.unsigned_abs())
    }
}

/// A product, by the bits of its factors; `None` where it may not fit. The check of the library is half a kilobyte of wasm.
fn product(one: i128, other: i128) -> Option<i128> {
    let bits = |factor: i128| u128::BITS.wrapping_sub(factor.unsigned_abs().leading_zeros());
    (bits(one).wrapping_add(bits(other)) < u128::BITS).then(|| one.wrapping_mul(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_of_a_fraction_is_what_a_division_gives() {
        let sides =
            [0, 1, 2, 3, 7, 99, 1_000_003, i128::from(i64::MAX), i128::from(u64::MAX), 1 << 100, i128::MAX];
        for above in sides {
            for below in sides.into_iter().filter(|below| *below != 0) {
                let whole = i64::try_from(above / below).unwrap_or(i64::MAX);
                assert_eq!(Exact { above, below }.whole(), whole, "{above}/{below}");
                let negative = i64::try_from(-above / below).unwrap_or(i64::MAX);
                assert_eq!(Exact { above: -above, below }.whole(), negative, "-{above}/{below}");
            }
        }
        assert_eq!(Exact { above: 1, below: 0 }.whole(), i64::MAX);
    }

    #[test]
    fn a_product_is_exact_or_none() {
        let (large, small) = (i128::from(i64::MAX), i128::from(i64::MIN));
        assert_eq!(product(large, u64::MAX.into()), large.checked_mul(u64::MAX.into()));
        assert_eq!(product(small, large), small.checked_mul(large));
        assert_eq!(product(1 << 100, 1 << 40), None);
        assert_eq!(product(0, i128::MAX), Some(0));
    }

    #[test]
    fn a_product_rounds_to_its_two_neighbours_and_to_nothing_else() {
        let rate = Rate::parse("1.08085").unwrap();
        let exact = rate.convert(8_500, Currency::EUR, Currency::USD).unwrap();
        for (minor, fits) in [(9_186, false), (9_187, true), (9_188, true), (9_189, false)] {
            assert_eq!(exact.rounds_to(minor), fits, "{minor}");
        }
        let yen = Rate::parse("161.5").unwrap().convert(100, Currency::EUR, Currency::JPY).unwrap();
        assert!(yen.rounds_to(161) && yen.rounds_to(162) && !yen.rounds_to(163));
        let whole = Rate::parse("2").unwrap().convert(100, Currency::EUR, Currency::USD).unwrap();
        assert!(whole.rounds_to(200) && !whole.rounds_to(201) && !whole.rounds_to(199));
        let back = Rate::parse("2").unwrap().turned().convert(100, Currency::EUR, Currency::USD).unwrap();
        assert!(back.rounds_to(50) && !back.rounds_to(51));
        for wrong in ["", ".", "1.", ".5", "-1", "1e3", "0", "0.0", "1,5", "1.2.3", "1234567890123456789"] {
            assert_eq!(Rate::parse(wrong), None, "{wrong}");
        }
    }
}
