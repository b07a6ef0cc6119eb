//! What the ledger door replies with, member by member. Amounts are texts of digits, times milliseconds.

use crate::json::{ArrayWriter, ObjectWriter};
use crate::ledger::{
    Account, AccountBalance, Answer, Audit, Balance, DayRoot, EventType, Inclusion, Layer, Plan, Relation,
    StatementLine, Template, TrialBalance, Watched,
};
use crate::prelude::*;

pub(super) fn answer(answer: &Answer) -> String {
    answered(answer).finish()
}

pub(super) fn plan(plan: &Plan) -> String {
    let mut demands = ArrayWriter::new();
    for demand in &plan.demands {
        let out = ObjectWriter::new()
            .text("account", demand.account.name())
            .maybe_text("key", demand.key.as_deref())
            .text("currency", demand.currency.code())
            .text("side", demand.side.name())
            .digits("change", demand.change)
            .digits("loose", demand.loose);
        demands = demands.raw(&out.finish());
    }
    answered(&plan.answer).raw("demands", &demands.finish()).finish()
}

fn answered(answer: &Answer) -> ObjectWriter {
    match answer {
        Answer::Created(line) => ObjectWriter::new()
            .text("status", "created")
            .number("position", line.position())
            .text("line", &line.text()),
        Answer::Exists { position } => {
            ObjectWriter::new().text("status", "exists").number("position", *position)
        }
        Answer::ExistsWithDifferent { position, field } => ObjectWriter::new()
            .text("status", "exists_with_different")
            .number("position", *position)
            .text("field", field),
    }
}

/// Gross sums, and what they come to on the normal side of the account.
pub(in crate::wasm) fn sums(out: ObjectWriter, account: &Account, balance: Balance) -> ObjectWriter {
    let side = account.normal_side();
    out.text("debits", &balance.debits.digits())
        .text("credits", &balance.credits.digits())
        .text("pending_debits", &balance.pending_debits.digits())
        .text("pending_credits", &balance.pending_credits.digits())
        .digits("balance", balance.on(side))
        .digits("available", balance.available(side))
}

fn row(row: &AccountBalance, with_currency: bool) -> String {
    let mut out = ObjectWriter::new()
        .text("account", row.account.name())
        .text("kind", row.account.kind().name())
        .maybe_text("key", row.key.as_deref());
    if with_currency {
        out = out.text("currency", row.currency.code());
    }
    sums(out, &row.account, row.balance).finish()
}

pub(in crate::wasm) fn trial_balance(trial: &TrialBalance) -> String {
    let mut currencies = ArrayWriter::new();
    for total in &trial.totals {
        let mut accounts = ArrayWriter::new();
        for account in trial.accounts.iter().filter(|row| row.currency == total.currency) {
            accounts = accounts.raw(&row(account, false));
        }
        currencies = currencies.raw(
            &ObjectWriter::new()
                .text("currency", total.currency.code())
                .number("exponent", u64::from(total.currency.exponent()))
                .text("debits", &total.total.debits.digits())
                .text("credits", &total.total.credits.digits())
                .raw("accounts", &accounts.finish())
                .finish(),
        );
    }
    currencies.finish()
}

pub(super) fn statement(account: &Account, statement: &[StatementLine]) -> String {
    let mut lines = ArrayWriter::new();
    for line in statement {
        let mut out = ObjectWriter::new()
            .number("position", line.position)
            .text("entry", &line.entry)
            .number("occurred_at", line.occurred_at.unix_ms())
            .text("description", &line.description)
            .maybe_text("key", line.key.as_deref())
            .text("side", line.side.name());
        if line.layer != Layer::Posted {
            out = out.text("layer", line.layer.name());
        }
        lines = lines.raw(
            &out.digits("amount", line.amount.minor())
                .text("currency", line.amount.currency().code())
                .digits("balance", line.after.on(account.normal_side()))
                .finish(),
        );
    }
    lines.finish()
}

pub(super) fn audit(audit: &Audit) -> String {
    let rows = |list: &[AccountBalance]| {
        let mut rows = ArrayWriter::new();
        for balance in list {
            rows = rows.raw(&row(balance, true));
        }
        rows.finish()
    };
    ObjectWriter::new()
        .flag("balanced", audit.balanced)
        .flag("index_holds", audit.index_holds)
        .raw("overdrawn", &rows(&audit.overdrawn))
        .raw("open_keys", &rows(&audit.open_keys))
        .finish()
}

pub(super) fn watched(watched: &Watched) -> String {
    let mut differing = ArrayWriter::new();
    for account in &watched.differing {
        differing = differing.text(account.name());
    }
    ObjectWriter::new()
        .flag("valid", true)
        .number("position", watched.position)
        .text("head", &watched.head)
        .flag("balanced", watched.balanced)
        .flag("compared", watched.compared)
        .raw("differing", &differing.finish())
        .finish()
}

fn day(day: &DayRoot) -> ObjectWriter {
    ObjectWriter::new()
        .number("day", day.day)
        .number("from", day.from)
        .number("to", day.to)
        .text("root", &day.root)
}

pub(super) fn days(days: &[DayRoot]) -> String {
    let mut list = ArrayWriter::new();
    for root in days {
        list = list.raw(&day(root).finish());
    }
    list.finish()
}

pub(super) fn inclusion(proof: &Inclusion) -> String {
    let mut path = ArrayWriter::new();
    for hash in &proof.path {
        path = path.text(hash);
    }
    day(&proof.day)
        .number("index", proof.index)
        .number("size", proof.size)
        .raw("path", &path.finish())
        .finish()
}

pub(super) fn templates(templates: &[Template]) -> String {
    let mut list = ArrayWriter::new();
    for template in templates {
        list = list.raw(
            &ObjectWriter::new()
                .text("name", template.name())
                .maybe_text("event", template.event().map(EventType::name))
                .maybe_text("relation", template.relation().map(Relation::name))
                .finish(),
        );
    }
    list.finish()
}
