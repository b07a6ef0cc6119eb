//! Why ids cannot be remembered as asked.

use super::ring::CAPACITY_MAX;
use crate::advice::{Report, reported};

/// Why ids cannot be remembered as asked. Variants stand in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Room for no id, or for more than an index can tell apart.
    Capacity {
        /// The ids there should be room for.
        found: u32,
    },
    /// An id would be forgotten the moment it arrives.
    TtlZero,
    /// The platform does not give as much memory.
    NoMemory {
        /// The ids there should be room for.
        capacity: u32,
    },
    /// All deliveries without an id would be duplicates of each other.
    EmptyId,
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::Capacity { found } => Report::new("dedup_capacity")
                .number("found", u64::from(*found))
                .number("limit", u64::from(CAPACITY_MAX))
                .say("room for {found} ids was asked for: expected 1 to {limit}"),
            Self::TtlZero => Report::new("dedup_ttl_zero")
                .say("ids would be remembered for 0 ms: expected the time in which the provider repeats a delivery"),
            Self::NoMemory { capacity } => Report::new("dedup_no_memory")
                .number("capacity", u64::from(*capacity))
                .say("there is no memory for {capacity} ids, which take 27 bytes each: lower the capacity"),
            Self::EmptyId => Report::new("dedup_id_empty")
                .say("the id is empty, and so would be that of any other event without one: pass what tells them apart"),
        }
    }
}

reported!(Error);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::{Advice, Diagnose};
    use crate::prelude::*;

    #[test]
    fn every_message_of_a_refusal_says_what_to_do() {
        let errors =
            [Error::Capacity { found: 0 }, Error::TtlZero, Error::NoMemory { capacity: 9 }, Error::EmptyId];
        let shown: Vec<String> =
            errors.iter().map(|e| format!("{}: {e} {:?}", e.code(), e.details())).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        dedup_capacity: room for 0 ids was asked for: expected 1 to 134217728 [("found", "0"), ("limit", "134217728")]
        dedup_ttl_zero: ids would be remembered for 0 ms: expected the time in which the provider repeats a delivery []
        dedup_no_memory: there is no memory for 9 ids, which take 27 bytes each: lower the capacity [("capacity", "9")]
        dedup_id_empty: the id is empty, and so would be that of any other event without one: pass what tells them apart []
        "#);
        assert!(errors.iter().all(|error| error.advice() == Advice::FixCall));
    }
}
