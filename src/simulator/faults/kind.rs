//! The catalogue of faults: one row each.

/// Something the gateway does to its merchant on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The connection breaks before the request is seen; nothing was done.
    RequestLost,
    /// 429 with `Retry-After`; nothing was done.
    RateLimited,
    /// 503; nothing was done.
    ServerError,
    /// The request is carried out, then 500 is answered and stored under the key.
    ServerErrorStored,
    /// The request is carried out, then the connection breaks.
    ResponseLost,
    /// The answer takes its time.
    Slow,
    /// A delivery is sent twice.
    WebhookDuplicate,
    /// A delivery is held back past later ones.
    WebhookReorder,
    /// An attempt vanishes on its way and counts as failed.
    WebhookLost,
    /// Somebody else announces a payment that does not exist, with a wrong signature.
    WebhookForged,
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
}

/// What a fault rule may hold beside its probability.
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
}

const fn row(fault: Fault, name: &'static str, id: &'static str) -> Row {
    Row { fault, name, id, delay_ms: None, kind: None }
}

const fn slow(fault: Fault, name: &'static str, id: &'static str, from: u64, to: u64) -> Row {
    Row { fault, name, id, delay_ms: Some((from, to)), kind: None }
}

const fn drift(fault: Fault, name: &'static str, id: &'static str, kind: &'static str) -> Row {
    Row { fault, name, id, delay_ms: None, kind: Some(kind) }
}

/// All faults, in the order in which they are tried. `S25` continues the catalogue: it has no row for a status.
pub(super) const CATALOGUE: [Row; 16] = [
    row(Fault::RequestLost, "request_lost", "F07"),
    row(Fault::RateLimited, "rate_limited", "F02"),
    row(Fault::ServerError, "server_error", "F01"),
    row(Fault::ServerErrorStored, "server_error_stored", "F08"),
    row(Fault::ResponseLost, "response_lost", "F05"),
    slow(Fault::Slow, "slow", "F11", 200, 2_000),
    slow(Fault::WebhookDuplicate, "webhook_duplicate", "W1", 0, 2_000),
    slow(Fault::WebhookReorder, "webhook_reorder", "W2", 3_000, 9_000),
    row(Fault::WebhookLost, "webhook_lost", "W4"),
    row(Fault::WebhookForged, "webhook_forged", "W8"),
    drift(Fault::SettlementAmount, "settlement_amount", "S01", "amount_mismatch"),
    drift(Fault::SettlementFee, "settlement_fee", "S02", "fee_mismatch"),
    drift(Fault::SettlementMissing, "settlement_missing", "S04", "missing_in_settlement"),
    drift(Fault::SettlementDuplicate, "settlement_duplicate", "S05", "duplicate_record_s"),
    drift(Fault::SettlementForeign, "settlement_foreign", "S06", "missing_in_mirror"),
    drift(Fault::SettlementStatus, "settlement_status", "S25", "status_mismatch"),
];

impl Fault {
    /// The faults that strike a request.
    pub(in crate::simulator) const OF_REQUESTS: [Self; 6] = [
        Self::RequestLost,
        Self::RateLimited,
        Self::ServerError,
        Self::ServerErrorStored,
        Self::ResponseLost,
        Self::Slow,
    ];

    /// The faults that strike the sending of a webhook.
    pub(in crate::simulator) const OF_WEBHOOKS: [Self; 3] =
        [Self::WebhookDuplicate, Self::WebhookReorder, Self::WebhookForged];

    /// The faults that strike a row of the settlement report.
    pub(in crate::simulator) const OF_SETTLEMENT: [Self; 6] = [
        Self::SettlementAmount,
        Self::SettlementFee,
        Self::SettlementMissing,
        Self::SettlementDuplicate,
        Self::SettlementForeign,
        Self::SettlementStatus,
    ];

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

    /// The delay used when the rule names none.
    pub(super) fn delay_default_ms(self) -> Option<(u64, u64)> {
        self.row().and_then(|row| row.delay_ms)
    }
}
