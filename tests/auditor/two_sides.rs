//! A ledger and a settlement as texts, through the public door of the reconciler.

use tillproof::reconcile::{Error, Options, Report, Source, Sources};

pub(crate) const HEADER: &str = "reference,id,type,amount_minor,currency,fee_minor,status,occurred_at\n";

pub(crate) fn reconcile(ledger: &str, settlement: &str, options: Options<'_>) -> Result<Report, Error> {
    run(
        &[Source { name: "ledger.csv", data: ledger.as_bytes() }],
        &[Source { name: "s.csv", data: settlement.as_bytes() }],
        options,
    )
}

pub(crate) fn run(
    ledger: &[Source<'_>],
    settlement: &[Source<'_>],
    options: Options<'_>,
) -> Result<Report, Error> {
    tillproof::reconcile::run(&Sources { ledger, settlement, ..Sources::default() }, options)
}
