//! Every rule holds in every build but those of the feature `mutants`, where one at a time can be taken away.
//!
//! What a rule is worth is known only when something goes wrong without it. The seeded world (`src/world`) removes each
//! and demands that a seed finds it out; without the feature [`Safeguards::broken`] is `false` at compile time, so that no
//! shipped file can lose one.

use crate::prelude::*;

/// A rule that keeps money safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Safeguard {
    /// A key is sent only while the provider surely remembers it.
    Window,
    /// Absence is concluded only when no copy can be under way any more.
    Quarantine,
    /// What is unknown is told as unknown.
    Parking,
    /// A record changes only for whoever knows its version.
    Fencing,
    /// A charge that comes to light late is given back.
    Reversal,
    /// What nobody waits for is looked after.
    Sweeper,
    /// The provider is asked when its key cannot tell.
    Query,
    /// All sends of an epoch carry one key.
    StableKey,
    /// What is about to be done is stored before.
    WriteFirst,
    /// A new epoch needs a stored proof.
    Proof,
    /// A final state is final.
    Finality,
    /// The provider's hints are obeyed.
    Hint,
    /// No send stands beside another.
    SingleSend,
    /// While the provider is down, one process sends one probe at a time.
    Governor,
    /// Chance comes from the seed alone.
    Seed,
    /// What may be of an older copy of the store is asked about before it is sent.
    Copies,
}

impl Safeguard {
    /// All rules. The first seven are those of reference/payments.md 5.5.
    pub const ALL: [Self; 16] = [
        Self::Window,
        Self::Quarantine,
        Self::Parking,
        Self::Fencing,
        Self::Reversal,
        Self::Sweeper,
        Self::Query,
        Self::StableKey,
        Self::WriteFirst,
        Self::Proof,
        Self::Finality,
        Self::Hint,
        Self::SingleSend,
        Self::Governor,
        Self::Seed,
        Self::Copies,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Quarantine => "quarantine",
            Self::Parking => "parking",
            Self::Fencing => "fencing",
            Self::Reversal => "reversal",
            Self::Sweeper => "sweeper",
            Self::Query => "query",
            Self::StableKey => "stable-key",
            Self::WriteFirst => "write-first",
            Self::Proof => "proof",
            Self::Finality => "finality",
            Self::Hint => "hint",
            Self::SingleSend => "single-send",
            Self::Governor => "governor",
            Self::Seed => "seed",
            Self::Copies => "copies",
        }
    }

    /// The rule of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// The names of all rules, for messages.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// Which rules hold: all of them, unless the build is one of mutants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Safeguards {
    #[cfg(feature = "mutants")]
    without: Option<Safeguard>,
}

impl Safeguards {
    /// All rules but one.
    #[cfg(feature = "mutants")]
    #[must_use]
    pub const fn without(rule: Safeguard) -> Self {
        Self { without: Some(rule) }
    }

    /// Whether a rule was taken away.
    #[cfg(feature = "mutants")]
    pub(crate) fn broken(self, rule: Safeguard) -> bool {
        self.without == Some(rule)
    }

    /// Whether a rule was taken away.
    #[cfg(not(feature = "mutants"))]
    pub(crate) const fn broken(self, _: Safeguard) -> bool {
        false
    }
}
