//! What a sink gets, one line of text for each.

use tillproof::calendar::rfc3339;
use tillproof::reconcile::formats::{
    Balance, BankLine, Format, Original, Reader, Settings, SettlementLine, Sink, Statement, Summary,
};
use tillproof::time::Timestamp;

/// Everything that arrived, in order.
#[derive(Default)]
pub(crate) struct Shown(pub(crate) Vec<String>);

fn moment(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| rfc3339(at).replace("T00:00:00Z", ""))
}

fn part(minor: Option<i64>) -> String {
    minor.map_or_else(|| "-".to_owned(), |minor| minor.to_string())
}

fn original(original: Option<Original<'_>>) -> String {
    original.map_or_else(String::new, |original| {
        format!(" from {} {} at {:?}", original.money.minor, original.money.currency, original.rate)
    })
}

fn balance(balance: Option<Balance>) -> String {
    balance.map_or_else(
        || "-".to_owned(),
        |balance| format!("{} {} {}", balance.money.minor, balance.money.currency, moment(balance.at)),
    )
}

impl Sink for Shown {
    fn settlement(&mut self, line: &SettlementLine<'_>) {
        self.0.push(format!(
            "{} {} [{}] {}/{}/{}/{} {} fee {} tax {} net {} {} at {}{} from {} {:?} {:?}{}",
            line.place.line,
            line.kind.map_or("?", |kind| kind.name()),
            line.written_type,
            line.reference,
            line.id,
            line.parent_reference,
            line.payout_id,
            line.gross,
            part(line.fee),
            part(line.tax),
            part(line.net),
            line.currency,
            moment(line.occurred_at),
            if line.is_local_time { " local" } else { "" },
            moment(line.available_at),
            line.status,
            line.account,
            original(line.original),
        ));
    }

    fn bank(&mut self, line: &BankLine<'_>) {
        self.0.push(format!(
            "{} s{} [{}] {}/{}/{} {} {} booked {} value {} {:?} {:?} {:?} charges {} {:?}{} {:?}{}",
            line.place.line,
            line.statement,
            line.written_type,
            line.id,
            line.reference,
            line.batch,
            line.amount.minor,
            line.amount.currency,
            moment(line.booked_at),
            moment(line.value_date),
            line.description,
            line.counterparty,
            line.counterparty_account,
            part(line.charges),
            line.state,
            if line.is_reversal { " reversal" } else { "" },
            line.account,
            original(line.original),
        ));
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        let declared = statement.declared;
        let counted = statement.counted;
        self.0.push(format!(
            "statement {} {:?} {:?} number {:?} page {:?} {} to {} opening {} closing {} declared {:?} {:?}+{:?} \
             {:?}-{:?} {:?} {:?} counted {} {}+{} {}-{} {} {}",
            statement.index,
            statement.account,
            statement.id,
            statement.number,
            statement.page,
            moment(statement.from),
            moment(statement.to),
            balance(statement.opening),
            balance(statement.closing),
            declared.entries,
            declared.credit_entries,
            declared.credits,
            declared.debit_entries,
            declared.debits,
            declared.checksum,
            declared.records,
            counted.entries,
            counted.credit_entries,
            counted.credits,
            counted.debit_entries,
            counted.debits,
            counted.checksum,
            counted.records,
        ));
    }
}

/// Reads a file in pieces of some bytes. What arrived, and the summary or the error.
pub(crate) fn read(
    format: Format,
    settings: Settings,
    bytes: &[u8],
    step: usize,
) -> (Vec<String>, Result<Summary, tillproof::reconcile::formats::Error>) {
    let mut shown = Shown::default();
    let result = Reader::new(format, settings).and_then(|mut reader| {
        for piece in bytes.chunks(step) {
            reader.push(piece, &mut shown)?;
        }
        reader.finish(&mut shown)
    });
    (shown.0, result)
}
