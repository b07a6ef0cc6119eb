//! How hostile a world is, as data: rates in parts per million, times in milliseconds.
//!
//! The default is that of reference/payments.md 5.5. Every other row says only in what it differs.

use crate::prelude::*;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// From the least to the most, both included.
pub type Range = (u64, u64);

/// How hostile a world is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// The stable name, as `--profile` takes it.
    pub name: &'static str,
    /// In what it differs from the default, as a sentence.
    pub says: &'static str,
    /// A process dies, before and after every durable step.
    pub crash_ppm: u32,
    /// A process that is started again dies at once.
    pub crash_loop_ppm: u32,
    /// A process stands still between two steps, and goes on as if nothing had been.
    pub freeze_ppm: u32,
    /// For how long.
    pub freeze_ms: Range,
    /// By how much a process's clock may be wrong, in either direction.
    pub skew_ms_max: u64,
    /// A write happens and its acknowledgement is lost.
    pub store_unacknowledged_ppm: u32,
    /// A write does not happen and fails.
    pub store_failed_ppm: u32,
    /// In the course of a run an older copy of the store is restored.
    pub restored_ppm: u32,
    /// A request never arrives.
    pub request_lost_ppm: u32,
    /// A request arrives after its sender gave up.
    pub request_late_ppm: u32,
    /// How late.
    pub request_late_ms: Range,
    /// A request is delivered a second time.
    pub request_twice_ppm: u32,
    /// A connection is refused before a byte has left.
    pub not_connected_ppm: u32,
    /// An answer is lost.
    pub answer_lost_ppm: u32,
    /// An answer is cut off.
    pub answer_cut_ppm: u32,
    /// A run has an outage of the provider.
    pub outage_ppm: u32,
    /// How long it lasts.
    pub outage_ms: Range,
    /// The provider executes, and answers (and stores) a 500.
    pub charged_500_ppm: u32,
    /// The provider does nothing, and answers a 500.
    pub idle_500_ppm: u32,
    /// The provider does nothing, and answers a 503.
    pub unavailable_ppm: u32,
    /// The provider asks to slow down.
    pub limited_ppm: u32,
    /// Execution takes longer than the client waits.
    pub slow_ppm: u32,
    /// How long then.
    pub slow_ms: Range,
    /// The payment is refused for good.
    pub declined_ppm: u32,
    /// The customer has to confirm at his bank.
    pub challenged_ppm: u32,
    /// How long after its window the provider forgets a key, the margin before its end included.
    pub forgets_ms: Range,
    /// How long the provider does not show what it has done.
    pub query_lag_ms: Range,
    /// A query fails.
    pub query_failed_ppm: u32,
    /// A webhook never comes, with all its repetitions.
    pub notice_lost_ppm: u32,
    /// A webhook comes twice.
    pub notice_twice_ppm: u32,
    /// A webhook comes very late.
    pub notice_late_ppm: u32,
    /// How late.
    pub notice_late_ms: Range,
    /// Somebody else sends a webhook about our payment.
    pub notice_forged_ppm: u32,
    /// A customer clicks twice.
    pub double_click_ppm: u32,
    /// A customer wants the same thing a second time.
    pub second_order_ppm: u32,
    /// A caller repeats a reference with another amount.
    pub other_content_ppm: u32,
    /// A customer cancels what he asked for.
    pub cancelled_ppm: u32,
    /// A customer whose payment failed tries again.
    pub tries_again_ppm: u32,
    /// When misfortunes end.
    pub heals_after_ms: u64,
}

/// The world of reference/payments.md 5.5.
const DEFAULT: Conditions = Conditions {
    name: "default",
    says: "the hostile world of the tables: 3 % crash before and after every durable step",
    crash_ppm: 30_000,
    crash_loop_ppm: 100_000,
    freeze_ppm: 3_000,
    freeze_ms: (500, 3 * MINUTE),
    skew_ms_max: 400,
    store_unacknowledged_ppm: 5_000,
    store_failed_ppm: 5_000,
    restored_ppm: 10_000,
    request_lost_ppm: 20_000,
    request_late_ppm: 20_000,
    request_late_ms: (5 * SECOND, 2 * MINUTE),
    request_twice_ppm: 5_000,
    not_connected_ppm: 5_000,
    answer_lost_ppm: 50_000,
    answer_cut_ppm: 5_000,
    outage_ppm: 200_000,
    outage_ms: (SECOND, 3 * HOUR),
    charged_500_ppm: 40_000,
    idle_500_ppm: 30_000,
    unavailable_ppm: 10_000,
    limited_ppm: 10_000,
    slow_ppm: 10_000,
    slow_ms: (11 * SECOND, 60 * SECOND),
    declined_ppm: 80_000,
    challenged_ppm: 50_000,
    forgets_ms: (0, 12 * HOUR),
    query_lag_ms: (0, 30 * SECOND),
    query_failed_ppm: 50_000,
    notice_lost_ppm: 30_000,
    notice_twice_ppm: 50_000,
    notice_late_ppm: 50_000,
    notice_late_ms: (MINUTE, 6 * HOUR),
    notice_forged_ppm: 5_000,
    double_click_ppm: 100_000,
    second_order_ppm: 30_000,
    other_content_ppm: 10_000,
    cancelled_ppm: 40_000,
    tries_again_ppm: 700_000,
    heals_after_ms: 96 * HOUR,
};

const ALL: &[Conditions] = &[
    DEFAULT,
    Conditions {
        name: "crash-20",
        says: "20 % crash before and after every durable step",
        crash_ppm: 200_000,
        ..DEFAULT
    },
];

impl Default for Conditions {
    fn default() -> Self {
        DEFAULT
    }
}

impl Conditions {
    /// The conditions of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|conditions| conditions.name == name).cloned()
    }

    /// All conditions there are.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ALL.iter()
    }

    /// The names of all conditions, for messages.
    #[must_use]
    pub fn names() -> String {
        let names: Vec<&str> = ALL.iter().map(|conditions| conditions.name).collect();
        names.join(", ")
    }
}
