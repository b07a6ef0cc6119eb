//! A set of kinds, in order of precedence.

use super::breaks::BreakKind;

/// The kinds that hold of some rows. The first is the primary one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds(u16);

impl Kinds {
    /// The set of one kind.
    pub(super) fn only(kind: BreakKind) -> Self {
        let mut kinds = Self::default();
        kinds.insert(kind);
        kinds
    }

    pub(super) fn insert(&mut self, kind: BreakKind) {
        self.0 |= bit(kind);
    }

    pub(super) const fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In order of precedence.
    pub(super) fn iter(self) -> impl Iterator<Item = BreakKind> {
        BreakKind::ALL.into_iter().filter(move |kind| self.0 & bit(*kind) != 0)
    }
}

/// Each kind has the bit of its place in the order of precedence.
fn bit(kind: BreakKind) -> u16 {
    let place = BreakKind::ALL.iter().take_while(|other| **other != kind).count();
    1_u16.checked_shl(u32::try_from(place).unwrap_or(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn every_kind_has_a_bit_of_its_own_and_precedence_is_the_order_of_the_enum() {
        let mut all = Kinds::default();
        for kind in BreakKind::ALL {
            assert_eq!(Kinds::only(kind).iter().collect::<Vec<_>>(), [kind]);
            all.insert(kind);
        }
        assert!(BreakKind::ALL.is_sorted());
        assert_eq!(all.iter().count(), BreakKind::ALL.len());
    }
}
