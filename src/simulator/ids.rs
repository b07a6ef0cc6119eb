//! An id is its prefix, its number and a check that only this seed gives: nothing has to be stored to find it again.

use crate::entropy::Entropy;
use crate::prelude::*;

/// Digits of a number.
const NUMBER_DIGITS: usize = 8;

/// What follows the prefix: the underscore, the number and the check.
const TAIL_BYTES: usize = 1 + NUMBER_DIGITS + 16;

/// Makes and reads ids such as `pay_00000007c0ffee00c0ffee00`.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    root: Entropy,
}

impl Ids {
    pub(super) fn new(root: &Entropy) -> Self {
        Self { root: root.stream("ids") }
    }

    /// The id of object number `number` of a kind.
    pub(super) fn id(&self, prefix: &str, number: usize) -> String {
        let mut id = String::with_capacity(prefix.len().saturating_add(TAIL_BYTES));
        self.append(&mut id, prefix, number);
        id
    }

    /// Appends the id of object number `number` of a kind to a text.
    pub(super) fn append(&self, text: &mut String, prefix: &str, number: usize) {
        append(text, prefix, number, self.check(prefix, number));
    }

    /// The number in an id that this gateway gave; `None` for every other text.
    pub(super) fn number(&self, prefix: &str, id: &str) -> Option<usize> {
        let digits = id.strip_prefix(prefix)?.strip_prefix('_')?;
        let number = usize::from_str_radix(digits.get(..8)?, 16).ok()?;
        let written = tail(u32::try_from(number).ok()?, self.check(prefix, number));
        (digits.as_bytes() == written.as_slice()).then_some(number)
    }

    /// An id that looks right and names nothing.
    pub(super) fn alien(&self, prefix: &str, number: usize) -> String {
        let check = self.check("alien", number);
        let mut id = String::new();
        append(&mut id, prefix, number, self.check(prefix, number) ^ check.max(1));
        id
    }

    /// Bytes that nobody else has, for secrets.
    pub(super) fn secret(&self, number: usize) -> [u8; 24] {
        bytes(self.stream("secret", number))
    }

    /// Bytes for the next secret of an object that has one already; `step` tells one rotation from another.
    pub(super) fn another_secret(&self, number: usize, step: u64) -> [u8; 24] {
        bytes(self.stream(&format!("secret of step {step}"), number))
    }

    /// In place of its calls, as what it is made of: one word of a stream is a third of the work of a stream.
    #[inline]
    fn check(&self, label: &str, number: usize) -> u64 {
        self.stream(label, number).next_u64()
    }

    #[inline]
    fn stream(&self, label: &str, number: usize) -> Entropy {
        let [origin, ..] = self.root.stream(label).state();
        // A number is at most 64 bits wide on every platform we build for.
        Entropy::from_seed(origin ^ u64::try_from(number).unwrap_or_default())
    }
}

fn append(text: &mut String, prefix: &str, number: usize, check: u64) {
    text.push_str(prefix);
    text.push('_');
    // Eight digits name more objects than fit into any memory.
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    text.push_str(core::str::from_utf8(&tail(number, check)).unwrap_or_default());
}

/// The digits of a number and of its check.
fn tail(number: u32, check: u64) -> [u8; TAIL_BYTES - 1] {
    let [high, low] = [check >> 32, check].map(|half| u32::try_from(half & 0xffff_ffff).unwrap_or_default());
    let mut digits = [0; TAIL_BYTES - 1];
    for (slots, part) in digits.as_chunks_mut::<NUMBER_DIGITS>().0.iter_mut().zip([number, high, low]) {
        *slots = hex(part);
    }
    digits
}

/// The eight digits of a number, all at once: several ids are written for every request, and digit by digit they would be a
/// twentieth of it.
fn hex(number: u32) -> [u8; NUMBER_DIGITS] {
    let wide = u64::from(number);
    let wide = ((wide << 16) | wide) & 0x0000_ffff_0000_ffff;
    let wide = ((wide << 8) | wide) & 0x00ff_00ff_00ff_00ff;
    // Each digit in a byte of its own.
    let digits = ((wide << 4) | wide) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 where a digit is a letter, which stands 39 behind where it would follow the nine.
    let letters = (digits.wrapping_add(0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    digits.wrapping_add(0x3030_3030_3030_3030).wrapping_add(letters.wrapping_mul(39)).to_be_bytes()
}

fn bytes(mut entropy: Entropy) -> [u8; 24] {
    let mut bytes = [0; 24];
    for chunk in bytes.chunks_mut(8) {
        for (slot, byte) in chunk.iter_mut().zip(entropy.next_u64().to_le_bytes()) {
            *slot = byte;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_and_a_strange_one_is_not() {
        let ids = Ids::new(&Entropy::from_seed(7));
        let id = ids.id("pay", 258);
        assert_eq!((id.len(), ids.number("pay", &id)), (28, Some(258)));
        let other_seed = Ids::new(&Entropy::from_seed(8)).id("pay", 258);
        for strange in
            [ids.alien("pay", 258), ids.id("evt", 258), other_seed, "pay_".to_owned(), "pay_€€€".to_owned()]
        {
            assert_eq!(ids.number("pay", &strange), None, "{strange}");
        }
    }
}
