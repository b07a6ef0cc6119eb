//! What a gateway is made from. Nothing else decides what it will do.

use super::Error;
use super::faults::FaultPlan;
use super::webhooks::Schedule;
use crate::json::{Fields, ObjectWriter, Value};
use crate::prelude::*;

/// Payments a gateway takes when nothing is said: about 2 GB, more than a 32-bit address space holds.
const PAYMENTS_MAX_DEFAULT: usize = 1_000_000;

/// How a gateway is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The reference API, below `/api/`.
    #[default]
    Native,
    /// Stripe's API, below `/v1/`.
    Stripe,
    /// Both, side by side: they share the clock, the faults and the ground truth, and no payments.
    Both,
}

const DIALECTS: [(&str, Dialect); 3] =
    [("native", Dialect::Native), ("stripe", Dialect::Stripe), ("both", Dialect::Both)];

impl Dialect {
    /// Whether a path is answered as Stripe would. What belongs to the simulator itself stands beside either dialect.
    pub(super) fn is_stripe(self, path: &str) -> bool {
        match self {
            Self::Native => false,
            Self::Stripe => path != "/health" && !path.starts_with("/_tillproof/"),
            Self::Both => path.starts_with("/v1/") || path.starts_with("/v2/"),
        }
    }

    fn name(self) -> &'static str {
        DIALECTS.iter().find(|(_, dialect)| *dialect == self).map_or("", |(name, _)| name)
    }
}

/// What a gateway is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What decides every id, secret and fault. 0 to 2^53 - 1.
    pub seed: u64,
    /// How it is spoken to.
    pub dialect: Dialect,
    /// When failed deliveries of the Stripe dialect are tried again.
    pub schedule: Schedule,
    /// Which faults happen, until another plan is set.
    pub faults: FaultPlan,
    /// How many payments it takes before it says that it is full.
    pub payments_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            dialect: Dialect::Native,
            schedule: Schedule::Live,
            faults: FaultPlan::default(),
            payments_max: PAYMENTS_MAX_DEFAULT,
        }
    }
}

impl Options {
    /// Reads `{"seed": 7, "dialect": "native", "faults": …, "payments_max": …}`; each field may be left out.
    ///
    /// # Errors
    ///
    /// [`Error::Body`] for a wrong or unknown field, [`Error::NotSimulated`] for another dialect, [`Error::Plan`].
    pub fn from_json(value: &Value<'_>) -> Result<Self, Error> {
        let mut fields = Fields::of(value, "options")?;
        let seed = fields.maybe_integer("seed")?.unwrap_or_default();
        let dialect = fields.maybe_text("dialect")?.unwrap_or("native");
        let faults = fields.optional("faults").map(FaultPlan::from_json).transpose()?.unwrap_or_default();
        let schedule = fields.maybe_text("webhook_schedule")?.unwrap_or(Schedule::Live.name());
        let payments_max = fields.maybe_integer("payments_max")?;
        fields.finish()?;
        let expected = "native, stripe or both";
        let dialect = DIALECTS.iter().find(|(name, _)| *name == dialect).map(|(_, dialect)| *dialect);
        let dialect = dialect.ok_or(Error::FieldInvalid { field: "dialect", expected })?;
        let expected = "live, sandbox or native";
        let unknown = Error::FieldInvalid { field: "webhook_schedule", expected };
        let schedule = Schedule::parse(schedule).ok_or(unknown)?;
        let payments_max = match payments_max {
            None => PAYMENTS_MAX_DEFAULT,
            Some(limit) => usize::try_from(limit).unwrap_or(PAYMENTS_MAX_DEFAULT),
        };
        Ok(Self { seed, dialect, schedule, faults, payments_max })
    }

    /// The options as JSON, whole.
    #[must_use]
    pub fn to_json(&self) -> String {
        ObjectWriter::new()
            .number("seed", self.seed)
            .text("dialect", self.dialect.name())
            .text("webhook_schedule", self.schedule.name())
            .raw("faults", &self.faults.to_json())
            .number("payments_max", u64::try_from(self.payments_max).unwrap_or(u64::MAX))
            .finish()
    }
}
