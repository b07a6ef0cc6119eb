//! The catalogue of faults: one row each.

/// Something the gateway does to its merchant on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The connection breaks before the request is seen; nothing was done.
    RequestLost,
    /// 429 with `Retry-After`; nothing was done.
    RateLimited,
    /// 429 that tells the client to try again by itself; nothing was done.
    RateLimitedRetry,
    /// 503; nothing was done.
    ServerError,
    /// 500 with the body `{}`, which official clients take for an object; nothing was done.
    UnmarkedError,
    /// 404 in JSON without `error`, which official clients take for an object; nothing was done.
    UnmarkedNotFound,
    /// 502 with a page of HTML; done or not, nobody knows.
    BadGateway,
    /// 200 without a body; done or not, nobody knows.
    EmptyAnswer,
    /// The request is carried out, then 500 is answered and stored under the key.
    ServerErrorStored,
    /// The request is carried out, and 409 says that it is still running.
    KeyInFlight,
    /// The key of a finished request is forgotten, as if a day had passed: the request is carried out again.
    KeyExpired,
    /// The request arrives twice, the second time without the key of the first: both are carried out.
    DuplicateSubmission,
    /// The request is carried out, then the connection ends in the middle of the answer.
    ResponseTruncated,
    /// The request is carried out, then the connection breaks.
    ResponseLost,
    /// The request is carried out, and the answer never comes.
    ResponseHung,
    /// The answer takes its time.
    Slow,
    /// What is read is as old as the delay says.
    StaleRead,
    /// A search does not find yet what is younger than the delay.
    SearchLag,
    /// Something is added to a list between two of its pages.
    ListGrows,
    /// Webhooks arrive before the answer to the request that caused them.
    WebhookEarly,
    /// A delivery is sent twice.
    WebhookDuplicate,
    /// A delivery is held back past later ones.
    WebhookReorder,
    /// A delivery is late by minutes or hours.
    WebhookDelay,
    /// No attempt of a delivery arrives; it ends as a dead letter.
    WebhookNever,
    /// A delivery waits until the merchant has looked for itself, at most as long as the delay says.
    WebhookLate,
    /// One change is announced by two events.
    WebhookTwin,
    /// An event of a type nobody has heard of is sent as well.
    WebhookUnknown,
    /// Somebody else announces a payment that does not exist, with a wrong signature.
    WebhookForged,
    /// The merchant's endpoint is down for as long as the delay says; no attempt arrives.
    WebhookOutage,
    /// An attempt vanishes on its way and counts as failed.
    WebhookLost,
    /// An attempt is signed as of a quarter of an hour ago.
    WebhookStaleSignature,
    /// An attempt is signed with the secret of another endpoint.
    WebhookWrongSecret,
    /// A proxy writes the body of an attempt anew after it was signed.
    WebhookReserialized,
    /// An attempt carries a field nobody has heard of.
    WebhookExtraField,
    /// An attempt carries the payload of an API version of years ago.
    WebhookOldVersion,
    /// The merchant's answer came too late: it was processed, counts as failed and is sent again.
    WebhookTimeout,
    /// The settlement report shows another amount.
    SettlementAmount,
    /// The settlement report shows another fee.
    SettlementFee,
    /// The settlement report leaves the transaction out.
    SettlementMissing,
    /// The settlement report shows the transaction twice.
    SettlementDuplicate,
    /// The settlement report also shows a transaction of another merchant.
    SettlementForeign,
    /// The settlement report shows another status.
    SettlementStatus,
    /// The settlement report shows a conversion at another rate.
    SettlementRate,
    /// The settlement report shows the transaction in the payout after its own.
    SettlementPayout,
    /// The settlement report shows an amount a hundred times as large, as if the currency had other decimals.
    SettlementExponent,
    /// The settlement report shows a refund with the wrong sign.
    SettlementSign,
    /// The settlement report shows a payout that is not the sum of its rows.
    PayoutTotal,
    /// The bank keeps a charge of a payout.
    BankAmount,
    /// The bank never books a payout.
    BankMissing,
    /// The bank books a payout days later.
    BankLate,
    /// The bank books a payout in two parts.
    BankSplit,
    /// The bank books a payout together with the next one.
    BankMerged,
    /// A payout that was paid comes back days later.
    PayoutReturned,
    /// A refund that succeeded comes back.
    RefundReturned,
    /// No webhook tells of a dispute.
    DisputeSilent,
    /// The settlement report shows a dispute without its fee.
    DisputeFeeMissing,
    /// The settlement report shows a dispute with twice its fee.
    DisputeFeeDoubled,
    /// The settlement report shows all that was authorized where a part was captured.
    SettlementUncaptured,
    /// An authorization expires long before its time.
    AuthorizationShort,
    /// A part of a charge is put aside, and released days later.
    ReserveHeld,
    /// The account is made to owe money, and its bank is debited.
    BankDebit,
    /// The report of a payout is delivered twice.
    SettlementTwice,
    /// The settlement report shows another amount for a day and is then corrected.
    SettlementRestated,
    /// The settlement report shows the order once more, under another id.
    SettlementTwin,
    /// The gateway corrects the balance by hand and tells nobody.
    Unannounced,
    /// The settlement report dates the transaction a day off.
    SettlementDay,
}

/// What a fault rule may hold beside its probability, and how often the presets let it happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) fault: Fault,
    /// The name in fault plans and in the ground truth.
    pub(super) name: &'static str,
    /// The id in the catalogue.
    pub(super) id: &'static str,
    /// The delay in milliseconds, from and to, where the fault has one.
    pub(super) delay_ms: Option<(u64, u64)>,
    /// The kind of break a reconciler should report.
    pub(super) kind: Option<&'static str>,
    /// Rates in parts per million, in the order of [`Preset::RATED`](super::Preset).
    pub(super) rates_ppm: [u32; 4],
}

const fn row(fault: Fault, name: &'static str, id: &'static str, rates_ppm: [u32; 4]) -> Row {
    Row { fault, name, id, delay_ms: None, kind: None, rates_ppm }
}

const fn late(
    fault: Fault,
    name: &'static str,
    id: &'static str,
    delay_ms: (u64, u64),
    rates_ppm: [u32; 4],
) -> Row {
    Row { fault, name, id, delay_ms: Some(delay_ms), kind: None, rates_ppm }
}

const fn drift(
    fault: Fault,
    name: &'static str,
    id: &'static str,
    kind: &'static str,
    rates_ppm: [u32; 4],
) -> Row {
    Row { fault, name, id, delay_ms: None, kind: Some(kind), rates_ppm }
}

/// All faults, in the order in which they are tried. `S25` continues the catalogue: it has no row for a status.
///
/// The rates are those of gentle, hostile, blackout and month-end. What no merchant can survive, because the gateway
/// itself charges twice, is in no preset.
#[rustfmt::skip]
pub(super) const CATALOGUE: [Row; 66] = [
    row(Fault::RequestLost, "request_lost", "F07", [5_000, 40_000, 300_000, 10_000]),
    row(Fault::RateLimited, "rate_limited", "F02", [5_000, 30_000, 50_000, 60_000]),
    row(Fault::RateLimitedRetry, "rate_limited_retry", "F03", [0, 10_000, 20_000, 20_000]),
    row(Fault::ServerError, "server_error", "F01", [5_000, 40_000, 300_000, 10_000]),
    row(Fault::UnmarkedError, "unmarked_error", "F09", [0, 5_000, 50_000, 0]),
    row(Fault::UnmarkedNotFound, "unmarked_not_found", "F09", [0, 5_000, 20_000, 0]),
    row(Fault::BadGateway, "bad_gateway", "F10", [2_000, 10_000, 100_000, 5_000]),
    row(Fault::EmptyAnswer, "empty_answer", "F10", [0, 5_000, 50_000, 0]),
    row(Fault::ServerErrorStored, "server_error_stored", "F08", [0, 10_000, 50_000, 2_000]),
    late(Fault::KeyInFlight, "key_in_flight", "F12", (200, 2_000), [0, 10_000, 0, 2_000]),
    row(Fault::KeyExpired, "key_expired", "F13", [0, 0, 0, 0]),
    row(Fault::DuplicateSubmission, "duplicate_submission", "F17", [0, 0, 0, 0]),
    row(Fault::ResponseTruncated, "response_truncated", "F04", [5_000, 20_000, 50_000, 5_000]),
    row(Fault::ResponseLost, "response_lost", "F05", [10_000, 60_000, 200_000, 20_000]),
    row(Fault::ResponseHung, "response_hung", "F06", [0, 2_000, 50_000, 1_000]),
    late(Fault::Slow, "slow", "F11", (200, 2_000), [20_000, 80_000, 200_000, 150_000]),
    late(Fault::StaleRead, "stale_read", "F14", (200, 2_000), [0, 20_000, 50_000, 20_000]),
    late(Fault::SearchLag, "search_lag", "F15", (1_000, 60_000), [10_000, 50_000, 100_000, 50_000]),
    row(Fault::ListGrows, "list_grows", "F16", [0, 0, 0, 0]),
    row(Fault::WebhookEarly, "webhook_early", "W6", [20_000, 100_000, 50_000, 20_000]),
    late(Fault::WebhookDuplicate, "webhook_duplicate", "W1", (0, 2_000), [20_000, 100_000, 50_000, 50_000]),
    late(Fault::WebhookReorder, "webhook_reorder", "W2", (3_000, 9_000), [20_000, 150_000, 100_000, 50_000]),
    late(Fault::WebhookDelay, "webhook_delay", "W3", (60_000, 3_600_000), [2_000, 20_000, 200_000, 100_000]),
    row(Fault::WebhookNever, "webhook_never", "W4", [0, 0, 20_000, 5_000]),
    late(Fault::WebhookLate, "webhook_late", "W7", (60_000, 600_000), [2_000, 20_000, 0, 10_000]),
    row(Fault::WebhookTwin, "webhook_twin", "W9", [0, 10_000, 0, 5_000]),
    row(Fault::WebhookUnknown, "webhook_unknown", "W10", [0, 10_000, 0, 5_000]),
    row(Fault::WebhookForged, "webhook_forged", "W8", [0, 20_000, 5_000, 1_000]),
    late(Fault::WebhookOutage, "webhook_outage", "W5", (10_000, 40_000), [0, 2_000, 100_000, 2_000]),
    row(Fault::WebhookLost, "webhook_lost", "W4", [10_000, 100_000, 300_000, 20_000]),
    row(Fault::WebhookStaleSignature, "webhook_stale_signature", "W8", [0, 5_000, 0, 0]),
    row(Fault::WebhookWrongSecret, "webhook_wrong_secret", "W8", [0, 5_000, 0, 0]),
    row(Fault::WebhookReserialized, "webhook_reserialized", "W8", [0, 5_000, 0, 0]),
    row(Fault::WebhookExtraField, "webhook_extra_field", "W10", [0, 10_000, 0, 5_000]),
    row(Fault::WebhookOldVersion, "webhook_old_version", "W11", [0, 5_000, 0, 5_000]),
    row(Fault::WebhookTimeout, "webhook_timeout", "W12", [5_000, 20_000, 100_000, 20_000]),
    drift(Fault::SettlementAmount, "settlement_amount", "S01", "amount_mismatch", [2_000, 15_000, 2_000, 30_000]),
    drift(Fault::SettlementFee, "settlement_fee", "S02", "fee_mismatch", [2_000, 10_000, 2_000, 20_000]),
    drift(Fault::SettlementMissing, "settlement_missing", "S04", "missing_in_settlement", [2_000, 10_000, 2_000, 20_000]),
    drift(Fault::SettlementDuplicate, "settlement_duplicate", "S05", "duplicate_record_s", [2_000, 10_000, 2_000, 20_000]),
    drift(Fault::SettlementForeign, "settlement_foreign", "S06", "missing_in_mirror", [1_000, 10_000, 1_000, 20_000]),
    drift(Fault::SettlementStatus, "settlement_status", "S25", "status_mismatch", [1_000, 5_000, 1_000, 10_000]),
    drift(Fault::SettlementRate, "settlement_rate", "S03", "fx_rate_difference", [0, 0, 0, 20_000]),
    drift(Fault::SettlementPayout, "settlement_payout", "S07", "period_shift", [0, 0, 0, 10_000]),
    drift(Fault::SettlementExponent, "settlement_exponent", "S08", "scale_suspect", [0, 0, 0, 2_000]),
    drift(Fault::SettlementSign, "settlement_sign", "S09", "sign_suspect", [0, 0, 0, 20_000]),
    drift(Fault::PayoutTotal, "payout_total", "S10", "group_sum_mismatch", [0, 0, 0, 50_000]),
    drift(Fault::BankAmount, "bank_amount", "S11", "bank_charge", [0, 0, 0, 50_000]),
    drift(Fault::BankMissing, "bank_missing", "S12", "missing_in_bank", [0, 0, 0, 50_000]),
    drift(Fault::BankLate, "bank_late", "S12", "late", [0, 0, 0, 50_000]),
    drift(Fault::BankSplit, "bank_split", "S12", "split_incomplete", [0, 0, 0, 50_000]),
    drift(Fault::BankMerged, "bank_merged", "S12", "missing_in_bank", [0, 0, 0, 50_000]),
    Row { kind: Some("status_stale"), ..late(Fault::PayoutReturned, "payout_returned", "S13", (86_400_000, 259_200_000), [0, 0, 0, 50_000]) },
    Row { kind: Some("status_stale"), ..late(Fault::RefundReturned, "refund_returned", "S14", (86_400_000, 604_800_000), [0, 0, 0, 20_000]) },
    drift(Fault::DisputeSilent, "dispute_silent", "S15", "missing_in_mirror", [0, 0, 0, 50_000]),
    drift(Fault::DisputeFeeMissing, "dispute_fee_missing", "S16", "fee_missing", [0, 0, 0, 50_000]),
    drift(Fault::DisputeFeeDoubled, "dispute_fee_doubled", "S16", "fee_mismatch", [0, 0, 0, 50_000]),
    drift(Fault::SettlementUncaptured, "settlement_uncaptured", "S17", "amount_mismatch", [0, 0, 0, 50_000]),
    drift(Fault::AuthorizationShort, "authorization_short", "S18", "hold_not_closed", [0, 0, 0, 10_000]),
    drift(Fault::ReserveHeld, "reserve_held", "S19", "reserve_or_netting", [0, 0, 0, 10_000]),
    drift(Fault::BankDebit, "bank_debit", "S20", "unexpected_bank_entry", [0, 0, 0, 2_000]),
    drift(Fault::SettlementTwice, "settlement_twice", "S21", "file_duplicate", [0, 0, 0, 50_000]),
    drift(Fault::SettlementRestated, "settlement_restated", "S21", "restated", [0, 0, 0, 10_000]),
    drift(Fault::SettlementTwin, "settlement_twin", "S22", "duplicate_charge", [0, 0, 0, 10_000]),
    drift(Fault::Unannounced, "unannounced", "S23", "missing_in_mirror", [0, 0, 0, 5_000]),
    drift(Fault::SettlementDay, "settlement_day", "S24", "period_shift", [0, 0, 0, 10_000]),
];

impl Fault {
    /// All faults, in the order of the catalogue.
    pub fn all() -> impl Iterator<Item = Self> {
        CATALOGUE.iter().map(|row| row.fault)
    }

    /// The fault of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        CATALOGUE.iter().find(|row| row.name == name).map(|row| row.fault)
    }

    /// The name in fault plans and in the ground truth.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// The id in the catalogue: `F` for requests, `W` for webhooks, `S` for settlement.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.row().map_or("", |row| row.id)
    }

    /// The kind of break a reconciler should report for a drift of the settlement report.
    #[must_use]
    pub fn kind(self) -> Option<&'static str> {
        self.row().and_then(|row| row.kind)
    }

    fn row(self) -> Option<&'static Row> {
        CATALOGUE.iter().find(|row| row.fault == self)
    }

    /// The delay used when a rule names none, from and to in milliseconds; `None` for a fault that does not delay.
    #[must_use]
    pub fn delay_default_ms(self) -> Option<(u64, u64)> {
        self.row().and_then(|row| row.delay_ms)
    }
}
