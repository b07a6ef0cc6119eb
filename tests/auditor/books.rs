//! The ledger as a list: every question is answered by adding up everything again.

use std::collections::BTreeMap;

/// (account, side, currency, minor units)
pub(crate) type Leg = (String, &'static str, &'static str, u64);

/// What the model says to an entry, in the words of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Created,
    Exists,
    Different(&'static str),
    Refused(&'static str),
}

/// An entry as the model sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) id: String,
    pub(crate) occurred_at: u64,
    pub(crate) description: String,
    pub(crate) reverses: Option<String>,
    pub(crate) legs: Vec<Leg>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    entries: Vec<Plain>,
}

impl Books {
    pub(crate) fn verdict(&self, entry: &Plain) -> Verdict {
        if entry.legs.len() < 2 {
            return Verdict::Refused("entry_postings_count");
        }
        if entry.legs.iter().any(|leg| leg.3 == 0) {
            return Verdict::Refused("entry_zero_posting");
        }
        let mut sums: BTreeMap<(&str, bool), i128> = BTreeMap::new();
        for (account, side, currency, minor) in &entry.legs {
            let signed = if *side == "debit" { i128::from(*minor) } else { -i128::from(*minor) };
            *sums.entry((currency, account.starts_with("Memo:"))).or_default() += signed;
        }
        if sums.values().any(|sum| *sum != 0) {
            return Verdict::Refused("entry_unbalanced");
        }
        if let Some(known) = self.entries.iter().find(|known| known.id == entry.id) {
            return match known {
                known if known.legs != entry.legs => Verdict::Different("postings"),
                known if known.reverses != entry.reverses => Verdict::Different("links"),
                known if known.occurred_at != entry.occurred_at => Verdict::Different("occurred_at"),
                known if known.description != entry.description => Verdict::Different("description"),
                _ => Verdict::Exists,
            };
        }
        if let Some(original) = &entry.reverses {
            let Some(known) = self.entries.iter().find(|known| known.id == *original) else {
                return Verdict::Refused("reversal_of_unknown");
            };
            if self.entries.iter().any(|other| other.reverses.as_ref() == Some(original)) {
                return Verdict::Refused("already_reversed");
            }
            let mut opposite = reversed(&known.legs);
            let mut legs = entry.legs.clone();
            opposite.sort();
            legs.sort();
            if opposite != legs {
                return Verdict::Refused("reversal_differs");
            }
        }
        Verdict::Created
    }

    pub(crate) fn add(&mut self, entry: Plain) {
        self.entries.push(entry);
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn entries(&self) -> &[Plain] {
        &self.entries
    }

    /// Sum of one side of an account in a currency.
    pub(crate) fn sum(&self, account: &str, currency: &str, side: &str) -> u128 {
        let legs = self.entries.iter().flat_map(|entry| &entry.legs);
        legs.filter(|leg| leg.0 == account && leg.1 == side && leg.2 == currency)
            .map(|leg| u128::from(leg.3))
            .sum()
    }
}

pub(crate) fn reversed(legs: &[Leg]) -> Vec<Leg> {
    let flip = |side| if side == "debit" { "credit" } else { "debit" };
    legs.iter()
        .map(|(account, side, currency, minor)| (account.clone(), flip(*side), *currency, *minor))
        .collect()
}
