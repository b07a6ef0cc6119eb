//! An id is its prefix, its number and a check that only this seed gives: nothing has to be stored to find it again.

use crate::entropy::Entropy;
use crate::prelude::*;

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
        format!("{prefix}_{number:08x}{:016x}", self.check(prefix, number))
    }

    /// The number in an id that this gateway gave; `None` for every other text.
    pub(super) fn number(&self, prefix: &str, id: &str) -> Option<usize> {
        let digits = id.strip_prefix(prefix)?.strip_prefix('_')?;
        let number = usize::from_str_radix(digits.get(..8)?, 16).ok()?;
        (self.id(prefix, number) == id).then_some(number)
    }

    /// An id that looks right and names nothing.
    pub(super) fn alien(&self, prefix: &str, number: usize) -> String {
        let check = self.check("alien", number);
        format!("{prefix}_{number:08x}{:016x}", self.check(prefix, number) ^ check.max(1))
    }

    /// Bytes that nobody else has, for secrets.
    pub(super) fn secret(&self, number: usize) -> [u8; 24] {
        bytes(self.stream("secret", number))
    }

    /// Bytes for the next secret of an object that has one already; `step` tells one rotation from another.
    pub(super) fn another_secret(&self, number: usize, step: u64) -> [u8; 24] {
        bytes(self.stream(&format!("secret of step {step}"), number))
    }

    fn check(&self, label: &str, number: usize) -> u64 {
        self.stream(label, number).next_u64()
    }

    fn stream(&self, label: &str, number: usize) -> Entropy {
        let [origin, ..] = self.root.stream(label).state();
        // A number is at most 64 bits wide on every platform we build for.
        Entropy::from_seed(origin ^ u64::try_from(number).unwrap_or_default())
    }
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
