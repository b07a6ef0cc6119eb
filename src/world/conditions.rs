//! How hostile a world is, as data: rates in parts per million, times in milliseconds.
//!
//! The default is that of reference/payments.md 5.5. Every other row says only in what it differs.

use crate::prelude::*;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// From the least to the most, both included.
pub type Range = (u64, u64);

/// What a provider promises about its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// For how long a key is surely remembered.
    pub window_ms: u64,
    /// The part of it that is not used.
    pub margin_ms: u64,
    /// How long after the last send a late copy may still execute, plus the lag of the query.
    pub quarantine_ms: u64,
}

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
    /// Further orders within the first minute.
    pub crowd: u32,
    /// Whether processes ask a governor before they reach the provider.
    pub is_governed: bool,
    /// What the provider promises in place of its profile.
    pub promise: Option<Promise>,
    /// What the program of the second process believes that the provider promises.
    pub other_promise: Option<Promise>,
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
    crowd: 0,
    is_governed: false,
    promise: None,
    other_promise: None,
    heals_after_ms: 96 * HOUR,
};

/// Half an hour, which is what Qonto promises and less than an outage lasts.
const HALF_AN_HOUR: Promise =
    Promise { window_ms: 30 * MINUTE, margin_ms: 5 * MINUTE, quarantine_ms: 5 * MINUTE };

/// Where nothing goes wrong but what a row names.
const CALM: Conditions = Conditions {
    crash_ppm: 0,
    freeze_ppm: 0,
    store_unacknowledged_ppm: 0,
    store_failed_ppm: 0,
    restored_ppm: 0,
    request_lost_ppm: 0,
    request_late_ppm: 0,
    request_twice_ppm: 0,
    not_connected_ppm: 0,
    answer_lost_ppm: 0,
    answer_cut_ppm: 0,
    outage_ppm: 0,
    charged_500_ppm: 0,
    idle_500_ppm: 0,
    unavailable_ppm: 0,
    limited_ppm: 0,
    slow_ppm: 0,
    declined_ppm: 0,
    challenged_ppm: 0,
    query_failed_ppm: 0,
    cancelled_ppm: 0,
    ..DEFAULT
};

const ALL: &[Conditions] = &[
    DEFAULT,
    Conditions {
        name: "crash-20",
        says: "20 % crash before and after every durable step",
        crash_ppm: 200_000,
        ..DEFAULT
    },
    Conditions {
        name: "short-window",
        says: "the provider forgets keys after 30 minutes, and outages last longer",
        promise: Some(HALF_AN_HOUR),
        forgets_ms: (0, 10 * MINUTE),
        outage_ppm: 500_000,
        charged_500_ppm: 100_000,
        ..DEFAULT
    },
    Conditions {
        name: "late-copies",
        says: "a 30 minute window and copies up to 3 hours late, which no quarantine covers: what executes twice is given back",
        promise: Some(HALF_AN_HOUR),
        forgets_ms: (0, 10 * MINUTE),
        request_late_ppm: 100_000,
        request_late_ms: (5 * SECOND, 3 * HOUR),
        // Nobody but a webhook tells of a copy that executes after the last look; so here they all come, some late.
        notice_lost_ppm: 0,
        // A copy of yesterday and copies from yesterday at once leave nothing to know the truth by.
        restored_ppm: 0,
        ..DEFAULT
    },
    Conditions {
        name: "wrong-clock",
        says: "clocks of processes are wrong by up to 2 minutes, which ends leases early",
        skew_ms_max: 2 * MINUTE,
        ..DEFAULT
    },
    Conditions {
        name: "version-skew",
        says: "the second process runs a program that believes in a window of one hour",
        other_promise: Some(Promise { window_ms: HOUR, margin_ms: 10 * MINUTE, quarantine_ms: 15 * MINUTE }),
        ..DEFAULT
    },
    Conditions {
        name: "frozen",
        says: "processes stand still at one step in twenty, for longer than a lease",
        freeze_ppm: 50_000,
        freeze_ms: (SECOND, 10 * MINUTE),
        ..DEFAULT
    },
    Conditions {
        name: "slow-query",
        says: "a query shows what happened up to 10 minutes later, and every third one fails",
        promise: Some(Promise { window_ms: 24 * HOUR, margin_ms: HOUR, quarantine_ms: 15 * MINUTE }),
        query_lag_ms: (0, 10 * MINUTE),
        query_failed_ppm: 330_000,
        charged_500_ppm: 100_000,
        idle_500_ppm: 100_000,
        ..DEFAULT
    },
    Conditions {
        name: "webhooks",
        says: "every third webhook is lost, every second comes twice, late or forged",
        notice_lost_ppm: 330_000,
        notice_twice_ppm: 500_000,
        notice_late_ppm: 500_000,
        notice_forged_ppm: 300_000,
        ..DEFAULT
    },
    Conditions {
        name: "customers",
        says: "customers click twice, cancel, come back and have to confirm at their bank, nearly all of them",
        double_click_ppm: 800_000,
        second_order_ppm: 500_000,
        other_content_ppm: 200_000,
        cancelled_ppm: 500_000,
        declined_ppm: 300_000,
        challenged_ppm: 300_000,
        tries_again_ppm: 950_000,
        ..DEFAULT
    },
    Conditions {
        name: "restored",
        says: "an older copy of the store is put in place in every second run",
        restored_ppm: 500_000,
        ..DEFAULT
    },
    Conditions {
        name: "storm",
        says: "forty orders within a minute meet an outage, and a governor stands before the provider",
        crowd: 40,
        is_governed: true,
        crash_ppm: 3_000,
        outage_ppm: 1_000_000,
        outage_ms: (35 * MINUTE, HOUR),
        ..DEFAULT
    },
    Conditions {
        name: "healthy",
        says: "every tenth answer is lost, and nothing else is wrong",
        answer_lost_ppm: 100_000,
        notice_late_ppm: 1_000_000,
        notice_lost_ppm: 1_000_000,
        ..CALM
    },
    Conditions {
        name: "one-doubt",
        says: "the first answer of the first orders is lost, or a stored 500 with or without a charge; from then on all is well",
        answer_lost_ppm: 700_000,
        charged_500_ppm: 300_000,
        idle_500_ppm: 300_000,
        notice_lost_ppm: 1_000_000,
        // Nothing else goes wrong, and this only with what is answered within the first second.
        heals_after_ms: SECOND,
        ..CALM
    },
    Conditions {
        name: "healthy-but-500",
        says: "every tenth payment is charged and answered by a stored 500; nothing else is wrong",
        charged_500_ppm: 100_000,
        idle_500_ppm: 100_000,
        notice_lost_ppm: 1_000_000,
        ..CALM
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
