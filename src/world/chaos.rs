//! Every misfortune is drawn from the seed, and after the healing none happens any more.
//!
//! A draw is taken whether or not it may strike, so that changing one rate shifts nothing else.

use crate::entropy::Entropy;

/// The dice of one part of the world.
#[derive(Clone, Debug)]
pub(super) struct Dice {
    entropy: Entropy,
    healed: bool,
}

impl Dice {
    pub(super) const fn new(entropy: Entropy) -> Self {
        Self { entropy, healed: false }
    }

    /// Whether a misfortune happens, which does so in `ppm` of a million cases while the world is ill.
    pub(super) const fn strikes(&mut self, ppm: u32) -> bool {
        self.entropy.chance_ppm(ppm) && !self.healed
    }

    /// Whether somebody does something that is no misfortune.
    pub(super) const fn chooses(&mut self, ppm: u32) -> bool {
        self.entropy.chance_ppm(ppm)
    }

    /// A number from `low` to `high`, both included.
    pub(super) const fn between(&mut self, low: u64, high: u64) -> u64 {
        low.saturating_add(self.entropy.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// The stream itself, for whoever takes entropy as an argument.
    pub(super) const fn entropy(&mut self) -> &mut Entropy {
        &mut self.entropy
    }
}

/// One set of dice for each part, so that a draw of one never shifts those of another.
#[derive(Clone, Debug)]
pub(super) struct Chaos {
    pub(super) network: Dice,
    pub(super) provider: Dice,
    pub(super) notices: Dice,
    pub(super) machines: Dice,
    pub(super) people: Dice,
    pub(super) jitter: Dice,
}

impl Chaos {
    pub(super) fn of_seed(seed: u64) -> Self {
        let root = Entropy::from_seed(seed);
        let dice = |label| Dice::new(root.stream(label));
        Self {
            network: dice("network"),
            provider: dice("provider"),
            notices: dice("notices"),
            machines: dice("machines"),
            people: dice("people"),
            jitter: dice("jitter"),
        }
    }

    /// From here on the world is kind.
    pub(super) const fn heal(&mut self) {
        self.network.healed = true;
        self.provider.healed = true;
        self.notices.healed = true;
        self.machines.healed = true;
        self.people.healed = true;
    }
}
