//! What a gateway is made from. Nothing else decides what it will do.

use super::Error;
use super::faults::FaultPlan;
use crate::json::{Fields, ObjectWriter, Value};
use crate::prelude::*;

/// Payments a gateway takes when nothing is said: about 2 GB, more than a 32-bit address space holds.
const PAYMENTS_MAX_DEFAULT: usize = 1_000_000;

/// What a gateway is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What decides every id, secret and fault. 0 to 2^53 - 1.
    pub seed: u64,
    /// Which faults happen, until another plan is set.
    pub faults: FaultPlan,
    /// How many payments it takes before it says that it is full.
    pub payments_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 0, faults: FaultPlan::default(), payments_max: PAYMENTS_MAX_DEFAULT }
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
        let payments_max = fields.maybe_integer("payments_max")?;
        fields.finish()?;
        match dialect {
            "native" => {}
            "stripe" | "both" => return Err(Error::NotSimulated { what: "the stripe dialect" }),
            _ => return Err(Error::FieldInvalid { field: "dialect", expected: "native or stripe" }),
        }
        let payments_max = match payments_max {
            None => PAYMENTS_MAX_DEFAULT,
            Some(limit) => usize::try_from(limit).unwrap_or(PAYMENTS_MAX_DEFAULT),
        };
        Ok(Self { seed, faults, payments_max })
    }

    /// The options as JSON, whole.
    #[must_use]
    pub fn to_json(&self) -> String {
        ObjectWriter::new()
            .number("seed", self.seed)
            .raw("faults", &self.faults.to_json())
            .number("payments_max", u64::try_from(self.payments_max).unwrap_or(u64::MAX))
            .finish()
    }
}
