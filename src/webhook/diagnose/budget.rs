//! A diagnosis ends: each verification it tries is paid for before, out of a fixed sum.

/// Most verifications of one diagnosis. All the ways in which known writers of JSON, proxies and copied secrets differ
/// are some hundred; a rounded integer takes up to 2,048 tries.
pub const PROBES_MAX: usize = 4_096;

/// Most bytes all verifications of one diagnosis may hash together: 50 to 100 ms of WebAssembly.
pub const PROBED_BYTES_MAX: usize = 4 << 20;

/// Longest body that is parsed and written again, in bytes. Webhooks are far shorter, and writing costs more than
/// hashing.
pub const RESERIALISED_BYTES_MAX: usize = 256 << 10;

/// What a verification costs beside its body, as bytes hashed in the same time.
const OVERHEAD_BYTES: usize = 512;

/// What is left of the sum.
#[derive(Debug)]
pub(super) struct Budget {
    probes: usize,
    bytes: usize,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self { probes: PROBES_MAX, bytes: PROBED_BYTES_MAX }
    }

    /// Pays for one verification of a body of `bytes` under each of `secrets`; `false` when it cannot be afforded.
    pub(super) fn pays(&mut self, bytes: usize, secrets: usize) -> bool {
        let price = bytes.saturating_add(OVERHEAD_BYTES).saturating_mul(secrets.max(1));
        let (Some(probes), Some(left)) = (self.probes.checked_sub(1), self.bytes.checked_sub(price)) else {
            // Whatever is smaller later on is not tried either: what is found should not depend on sizes in odd ways.
            self.probes = 0;
            return false;
        };
        (self.probes, self.bytes) = (probes, left);
        true
    }

    /// Whether nothing can be afforded any more, so that candidates need not be made.
    pub(super) const fn is_spent(&self) -> bool {
        self.probes == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_once_for_its_size_ends_the_diagnosis() {
        let mut budget = Budget::new();
        assert!(budget.pays(1 << 19, 7));
        assert!(!budget.pays(1 << 19, 8));
        assert!(!budget.pays(0, 1) && budget.is_spent());
    }

    #[test]
    fn small_bodies_are_bounded_by_their_number() {
        let mut budget = Budget::new();
        let tried = (0..2 * PROBES_MAX).filter(|_| budget.pays(100, 1)).count();
        assert_eq!(tried, PROBES_MAX);
    }
}
