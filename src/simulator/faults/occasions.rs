//! Where each fault strikes: the faults that are drawn for at one place, in the order in which they are tried there.

use super::Fault;

impl Fault {
    /// The faults that strike any request.
    pub(in crate::simulator) const OF_REQUESTS: [Self; 13] = [
        Self::RequestLost,
        Self::RateLimited,
        Self::RateLimitedRetry,
        Self::ServerError,
        Self::UnmarkedError,
        Self::UnmarkedNotFound,
        Self::BadGateway,
        Self::EmptyAnswer,
        Self::ResponseTruncated,
        Self::ResponseLost,
        Self::ResponseHung,
        Self::Slow,
        Self::WebhookEarly,
    ];

    /// The faults that strike a request with a key, beside those of all requests.
    pub(in crate::simulator) const OF_MUTATIONS: [Self; 4] =
        [Self::ServerErrorStored, Self::KeyInFlight, Self::KeyExpired, Self::DuplicateSubmission];

    /// The faults that strike a request that reads, beside those of all requests.
    pub(in crate::simulator) const OF_READS: [Self; 3] = [Self::StaleRead, Self::SearchLag, Self::ListGrows];

    /// The faults that add an event to another.
    pub(in crate::simulator) const OF_EVENTS: [Self; 2] = [Self::WebhookTwin, Self::WebhookUnknown];

    /// The faults that strike an event on its way to one endpoint.
    pub(in crate::simulator) const OF_WEBHOOKS: [Self; 6] = [
        Self::WebhookDuplicate,
        Self::WebhookReorder,
        Self::WebhookDelay,
        Self::WebhookNever,
        Self::WebhookLate,
        Self::WebhookForged,
    ];

    /// The faults that strike one attempt to deliver.
    pub(in crate::simulator) const OF_ATTEMPTS: [Self; 8] = [
        Self::WebhookOutage,
        Self::WebhookLost,
        Self::WebhookStaleSignature,
        Self::WebhookWrongSecret,
        Self::WebhookReserialized,
        Self::WebhookExtraField,
        Self::WebhookOldVersion,
        Self::WebhookTimeout,
    ];

    /// The faults that strike the row of a charge in the settlement report.
    pub(in crate::simulator) const OF_CHARGES: [Self; 11] = [
        Self::SettlementAmount,
        Self::SettlementFee,
        Self::SettlementMissing,
        Self::SettlementDuplicate,
        Self::SettlementForeign,
        Self::SettlementStatus,
        Self::SettlementPayout,
        Self::SettlementExponent,
        Self::SettlementRestated,
        Self::SettlementTwin,
        Self::SettlementDay,
    ];

    /// Those of a charge that was settled in another currency, beside the first six of every charge.
    pub(in crate::simulator) const OF_CONVERTED_CHARGES: [Self; 7] = [
        Self::SettlementAmount,
        Self::SettlementFee,
        Self::SettlementMissing,
        Self::SettlementDuplicate,
        Self::SettlementForeign,
        Self::SettlementStatus,
        Self::SettlementRate,
    ];

    /// Those of a charge of which a part was captured.
    pub(in crate::simulator) const OF_PARTIAL_CAPTURES: [Self; 7] = [
        Self::SettlementAmount,
        Self::SettlementFee,
        Self::SettlementMissing,
        Self::SettlementDuplicate,
        Self::SettlementForeign,
        Self::SettlementStatus,
        Self::SettlementUncaptured,
    ];

    /// The faults that strike the row of a refund.
    pub(in crate::simulator) const OF_REFUNDS: [Self; 8] = [
        Self::SettlementAmount,
        Self::SettlementFee,
        Self::SettlementMissing,
        Self::SettlementDuplicate,
        Self::SettlementForeign,
        Self::SettlementStatus,
        Self::SettlementSign,
        Self::SettlementDay,
    ];

    /// The faults that strike the row of a dispute.
    pub(in crate::simulator) const OF_DISPUTES: [Self; 2] =
        [Self::DisputeFeeMissing, Self::DisputeFeeDoubled];

    /// The faults that really move money beside a charge.
    pub(in crate::simulator) const OF_MONEY: [Self; 3] =
        [Self::ReserveHeld, Self::BankDebit, Self::Unannounced];

    /// The faults that strike the report of a payout.
    pub(in crate::simulator) const OF_PAYOUTS: [Self; 2] = [Self::PayoutTotal, Self::SettlementTwice];

    /// The faults that strike a payout once it arrives at the bank.
    pub(in crate::simulator) const OF_BANK: [Self; 5] =
        [Self::BankAmount, Self::BankMissing, Self::BankLate, Self::BankSplit, Self::BankMerged];
}
