//! Reading fixed fields from the front of a text: each step takes exactly what it names, or nothing.

pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text.as_bytes() }
    }

    pub(super) fn take(&mut self, literal: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(literal.as_bytes())?;
        Some(())
    }

    /// The position, counted from 1, of the first word the text goes on with.
    pub(super) fn one_of(&mut self, words: &[&str]) -> Option<u8> {
        let index = words.iter().position(|word| self.take(word).is_some())?;
        u8::try_from(index.saturating_add(1)).ok()
    }

    pub(super) fn digit(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        let digit = first.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        self.rest = rest;
        Some(digit)
    }

    /// A number of exactly two digits.
    #[inline(never)]
    pub(super) fn two_digits(&mut self) -> Option<u8> {
        let (tens, ones) = (self.digit()?, self.digit()?);
        tens.checked_mul(10)?.checked_add(ones)
    }

    /// A number of exactly four digits.
    pub(super) fn four_digits(&mut self) -> Option<u16> {
        let (hundreds, rest) = (self.two_digits()?, self.two_digits()?);
        u16::from(hundreds).checked_mul(100)?.checked_add(u16::from(rest))
    }

    pub(super) fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}
