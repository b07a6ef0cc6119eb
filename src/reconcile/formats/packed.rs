//! Lines as bytes: what the artefact of the readers hands to the artefact of the reconciler, and nothing else reads.
//!
//! A batch is records one after the other; it may be cut between any two. Numbers are little-endian. Each record is
//!
//! | bytes | holds |
//! | --- | --- |
//! | 1 | what it is: 1 a settlement line, 2 a bank line, 3 a statement |
//! | 4 | how many bytes follow |
//! | … | the fields in the order of the struct, as below |
//!
//! Fields are packed as `reconcile/packed.rs` has them; the sums of a [`Statement`] have 16 bytes, a [`State`] is one byte
//! from 0. Context is the number of pairs in 4 bytes and two texts for each; who packs may leave it out.

use super::{
    Balance, BankLine, Counted, Declared, Money, Original, Place, SettlementLine, Sink, State, Statement,
};
use crate::prelude::*;
use crate::reconcile::packed::{Corrupt, Fields, kind_byte, put_currency, put_maybe, put_moment, put_text};

const SETTLEMENT: u8 = 1;
const BANK: u8 = 2;
const STATEMENT: u8 = 3;

const STATES: [State; 3] = [State::Booked, State::Pending, State::Information];

/// A sink that packs what it gets.
#[derive(Clone, Debug, Default)]
pub struct Packer {
    bytes: Vec<u8>,
    has_context: bool,
    lines: u64,
}

impl Packer {
    /// A packer that keeps the context of each line, or leaves it out: most of a file is context.
    #[must_use]
    pub const fn new(has_context: bool) -> Self {
        Self { bytes: Vec::new(), has_context, lines: 0 }
    }

    /// The batch so far; the next one begins empty.
    pub fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.bytes)
    }

    /// Settlement and bank lines packed since the beginning.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    fn record(&mut self, tag: u8, fields: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.push(tag);
        let at = self.bytes.len();
        self.bytes.extend([0; 4]);
        fields(&mut self.bytes);
        let length = self.bytes.len().saturating_sub(at).saturating_sub(4);
        let length = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        if let Some(place) = self.bytes.get_mut(at..at.saturating_add(4)) {
            place.copy_from_slice(&length);
        }
    }

    const fn context<'a>(&self, pairs: &'a [(&'a str, &'a str)]) -> &'a [(&'a str, &'a str)] {
        if self.has_context { pairs } else { &[] }
    }
}

impl Sink for Packer {
    fn wants_context(&self) -> bool {
        self.has_context
    }

    fn settlement(&mut self, line: &SettlementLine<'_>) {
        let pairs = self.context(line.context);
        self.lines = self.lines.saturating_add(1);
        self.record(SETTLEMENT, |out| {
            put_place(out, line.place);
            out.push(kind_byte(line.kind));
            for text in [line.written_type, line.reference, line.id, line.parent_reference, line.payout_id] {
                put_text(out, text);
            }
            out.extend(line.gross.to_le_bytes());
            for part in [line.fee, line.tax, line.net] {
                put_maybe(out, part, |out, minor| out.extend(minor.to_le_bytes()));
            }
            put_currency(out, line.currency);
            put_text(out, line.status);
            put_maybe(out, line.occurred_at, put_moment);
            out.push(u8::from(line.is_local_time));
            put_maybe(out, line.available_at, put_moment);
            put_text(out, line.account);
            put_maybe(out, line.original, put_original);
            put_pairs(out, pairs);
        });
    }

    fn bank(&mut self, line: &BankLine<'_>) {
        let pairs = self.context(line.context);
        self.lines = self.lines.saturating_add(1);
        self.record(BANK, |out| {
            put_place(out, line.place);
            out.extend(line.statement.to_le_bytes());
            for text in [line.id, line.reference, line.batch] {
                put_text(out, text);
            }
            put_money(out, line.amount);
            put_maybe(out, line.booked_at, put_moment);
            put_maybe(out, line.value_date, put_moment);
            for text in [line.description, line.counterparty, line.counterparty_account] {
                put_text(out, text);
            }
            put_maybe(out, line.charges, |out, minor| out.extend(minor.to_le_bytes()));
            put_maybe(out, line.original, put_original);
            put_text(out, line.written_type);
            out.push(match line.state {
                State::Booked => 0,
                State::Pending => 1,
                State::Information => 2,
            });
            out.push(u8::from(line.is_reversal));
            put_text(out, line.account);
            put_pairs(out, pairs);
        });
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        self.record(STATEMENT, |out| {
            put_place(out, statement.place);
            out.extend(statement.index.to_le_bytes());
            put_text(out, statement.account);
            put_text(out, statement.id);
            put_maybe(out, statement.number, |out, number| out.extend(number.to_le_bytes()));
            put_maybe(out, statement.page, |out, page| out.extend(page.to_le_bytes()));
            out.push(u8::from(statement.is_last_page));
            put_maybe(out, statement.from, put_moment);
            put_maybe(out, statement.to, put_moment);
            put_maybe(out, statement.currency, put_currency);
            put_maybe(out, statement.opening, put_balance);
            put_maybe(out, statement.closing, put_balance);
            let Declared { entries, credit_entries, debit_entries, credits, debits, checksum, records } =
                statement.declared;
            for count in [entries, credit_entries, debit_entries, records] {
                put_maybe(out, count, |out, count| out.extend(count.to_le_bytes()));
            }
            for sum in [credits, debits, checksum] {
                put_maybe(out, sum, |out, sum| out.extend(sum.to_le_bytes()));
            }
            let counted = statement.counted;
            for count in [counted.entries, counted.credit_entries, counted.debit_entries, counted.records] {
                out.extend(count.to_le_bytes());
            }
            for sum in [counted.credits, counted.debits, counted.checksum] {
                out.extend(sum.to_le_bytes());
            }
        });
    }
}

fn put_place(out: &mut Vec<u8>, place: Place) {
    out.extend(place.line.to_le_bytes());
    out.extend(place.column.to_le_bytes());
}

fn put_money(out: &mut Vec<u8>, money: Money) {
    out.extend(money.minor.to_le_bytes());
    put_currency(out, money.currency);
}

fn put_balance(out: &mut Vec<u8>, balance: Balance) {
    put_money(out, balance.money);
    put_maybe(out, balance.at, put_moment);
}

fn put_original(out: &mut Vec<u8>, original: Original<'_>) {
    put_money(out, original.money);
    put_text(out, original.rate);
}

fn put_pairs(out: &mut Vec<u8>, pairs: &[(&str, &str)]) {
    out.extend(u32::try_from(pairs.len()).unwrap_or(u32::MAX).to_le_bytes());
    for (name, text) in pairs {
        put_text(out, name);
        put_text(out, text);
    }
}

/// Hands the lines of a batch to a sink, as they were packed.
///
/// # Errors
///
/// [`Corrupt`] for bytes that no packer has written. What came before them has reached the sink.
pub fn unpack(batch: &[u8], sink: &mut dyn Sink) -> Result<(), Corrupt> {
    let mut rest = batch;
    while !rest.is_empty() {
        let at = batch.len().saturating_sub(rest.len());
        rest = record(rest, sink).ok_or(Corrupt { at })?;
    }
    Ok(())
}

fn record<'a>(batch: &'a [u8], sink: &mut dyn Sink) -> Option<&'a [u8]> {
    let mut head = Fields::of(batch);
    let tag = head.byte()?;
    let length = head.count()?;
    let (own, rest) = head.rest.split_at_checked(length)?;
    let mut fields = Fields::of(own);
    let mut pairs = Vec::new();
    match tag {
        SETTLEMENT => {
            let line = settlement(&mut fields, &mut pairs)?;
            sink.settlement(&SettlementLine { context: &pairs, ..line });
        }
        BANK => {
            let line = bank(&mut fields, &mut pairs)?;
            sink.bank(&BankLine { context: &pairs, ..line });
        }
        STATEMENT => sink.statement(&statement(&mut fields)?),
        _ => return None,
    }
    fields.rest.is_empty().then_some(rest)
}

fn settlement<'a>(
    fields: &mut Fields<'a>,
    pairs: &mut Vec<(&'a str, &'a str)>,
) -> Option<SettlementLine<'a>> {
    let line = SettlementLine {
        place: fields.place()?,
        kind: fields.kind()?,
        written_type: fields.text()?,
        reference: fields.text()?,
        id: fields.text()?,
        parent_reference: fields.text()?,
        payout_id: fields.text()?,
        gross: fields.integer()?,
        fee: fields.maybe(Fields::integer)?,
        tax: fields.maybe(Fields::integer)?,
        net: fields.maybe(Fields::integer)?,
        currency: fields.currency()?,
        status: fields.text()?,
        occurred_at: fields.maybe(Fields::moment)?,
        is_local_time: fields.flag()?,
        available_at: fields.maybe(Fields::moment)?,
        account: fields.text()?,
        original: fields.maybe(Fields::original)?,
        context: &[],
    };
    fields.pairs(pairs)?;
    Some(line)
}

fn bank<'a>(fields: &mut Fields<'a>, pairs: &mut Vec<(&'a str, &'a str)>) -> Option<BankLine<'a>> {
    let line = BankLine {
        place: fields.place()?,
        statement: u32::from_le_bytes(fields.bytes()?),
        id: fields.text()?,
        reference: fields.text()?,
        batch: fields.text()?,
        amount: fields.money()?,
        booked_at: fields.maybe(Fields::moment)?,
        value_date: fields.maybe(Fields::moment)?,
        description: fields.text()?,
        counterparty: fields.text()?,
        counterparty_account: fields.text()?,
        charges: fields.maybe(Fields::integer)?,
        original: fields.maybe(Fields::original)?,
        written_type: fields.text()?,
        state: *STATES.get(usize::from(fields.byte()?))?,
        is_reversal: fields.flag()?,
        account: fields.text()?,
        context: &[],
    };
    fields.pairs(pairs)?;
    Some(line)
}

fn statement<'a>(fields: &mut Fields<'a>) -> Option<Statement<'a>> {
    let place = fields.place()?;
    let index = u32::from_le_bytes(fields.bytes()?);
    let (account, id) = (fields.text()?, fields.text()?);
    let (number, page) = (fields.maybe(Fields::natural)?, fields.maybe(Fields::natural)?);
    let is_last_page = fields.flag()?;
    let (from, to) = (fields.maybe(Fields::moment)?, fields.maybe(Fields::moment)?);
    let currency = fields.maybe(Fields::currency)?;
    let (opening, closing) = (fields.maybe(Fields::balance)?, fields.maybe(Fields::balance)?);
    let mut declared = Declared {
        entries: fields.maybe(Fields::natural)?,
        credit_entries: fields.maybe(Fields::natural)?,
        debit_entries: fields.maybe(Fields::natural)?,
        records: fields.maybe(Fields::natural)?,
        ..Declared::default()
    };
    declared.credits = fields.maybe(Fields::sum)?;
    declared.debits = fields.maybe(Fields::sum)?;
    declared.checksum = fields.maybe(Fields::sum)?;
    let mut counted = Counted {
        entries: fields.natural()?,
        credit_entries: fields.natural()?,
        debit_entries: fields.natural()?,
        records: fields.natural()?,
        ..Counted::default()
    };
    counted.credits = fields.sum()?;
    counted.debits = fields.sum()?;
    counted.checksum = fields.sum()?;
    Some(Statement {
        place,
        index,
        account,
        id,
        number,
        page,
        is_last_page,
        from,
        to,
        currency,
        opening,
        closing,
        declared,
        counted,
    })
}

impl<'a> Fields<'a> {
    fn place(&mut self) -> Option<Place> {
        Some(Place { line: self.natural()?, column: self.natural()? })
    }

    fn money(&mut self) -> Option<Money> {
        Some(Money { minor: self.integer()?, currency: self.currency()? })
    }

    fn balance(&mut self) -> Option<Balance> {
        Some(Balance { money: self.money()?, at: self.maybe(Self::moment)? })
    }

    fn original(&mut self) -> Option<Original<'a>> {
        Some(Original { money: self.money()?, rate: self.text()? })
    }

    fn pairs(&mut self, pairs: &mut Vec<(&'a str, &'a str)>) -> Option<()> {
        for _ in 0..self.count()? {
            pairs.push((self.text()?, self.text()?));
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::EventType;
    use crate::money::Currency;
    use crate::reconcile::packed::KINDS;
    use crate::time::Timestamp;

    /// What arrives, in order.
    #[derive(Default)]
    struct Shown(Vec<String>);

    impl Sink for Shown {
        fn settlement(&mut self, line: &SettlementLine<'_>) {
            self.0.push(format!("{line:?}"));
        }

        fn bank(&mut self, line: &BankLine<'_>) {
            self.0.push(format!("{line:?}"));
        }

        fn statement(&mut self, statement: &Statement<'_>) {
            self.0.push(format!("{statement:?}"));
        }
    }

    fn hand_over(sink: &mut dyn Sink, context: &[(&str, &str)]) {
        let place = Place { line: 7, column: 3 };
        let at = Timestamp::from_unix_ms(1_772_582_400_000);
        let money = Money { minor: -1_205, currency: Currency::EUR };
        let original = Original { money: Money { minor: i64::MAX, currency: Currency::JPY }, rate: "0.0061" };
        let full = SettlementLine {
            place,
            kind: Some(EventType::Adjustment),
            written_type: "adjustment",
            reference: "order_é",
            id: "txn_1",
            parent_reference: "pi_1",
            payout_id: "po_1",
            gross: i64::MIN + 1,
            fee: Some(-1),
            tax: Some(0),
            net: Some(i64::MAX),
            currency: Currency::KWD,
            status: "available",
            occurred_at: at,
            is_local_time: true,
            available_at: at,
            account: "acct_1",
            original: Some(original),
            context,
        };
        sink.settlement(&full);
        sink.settlement(&SettlementLine {
            kind: None,
            fee: None,
            tax: None,
            net: None,
            occurred_at: None,
            available_at: None,
            original: None,
            is_local_time: false,
            ..full
        });
        for kind in KINDS {
            sink.settlement(&SettlementLine { kind: Some(kind), ..full });
        }
        let line = BankLine {
            place,
            statement: u32::MAX,
            id: "NTRF1",
            reference: "po_1",
            batch: "b",
            amount: money,
            booked_at: at,
            value_date: None,
            description: "PAYOUT\npo_1",
            counterparty: "Gateway",
            counterparty_account: "DE02",
            charges: Some(15),
            original: Some(original),
            written_type: "PMNT",
            state: State::Booked,
            is_reversal: true,
            account: "000123",
            context,
        };
        for state in STATES {
            sink.bank(&BankLine { state, ..line });
        }
        let balance = Some(Balance { money, at });
        let mut counted = Counted::default();
        counted.add(i64::MIN + 1);
        counted.add(5);
        let declared =
            Declared { entries: Some(2), credits: Some(5), checksum: Some(-9), ..Declared::default() };
        let statement = Statement {
            place,
            index: 1,
            account: "000123",
            id: "S-1",
            number: Some(12),
            page: None,
            is_last_page: true,
            from: at,
            to: None,
            currency: Some(Currency::GBP),
            opening: balance,
            closing: None,
            declared,
            counted,
        };
        sink.statement(&statement);
        sink.statement(&Statement {
            opening: None,
            closing: balance,
            currency: None,
            page: Some(1),
            ..statement
        });
    }

    #[test]
    fn what_was_packed_comes_out_as_it_went_in() {
        let context = [("Card Brand", "visa"), ("Note", "")];
        for (has_context, context) in [(true, context.as_slice()), (false, &[])] {
            let mut direct = Shown::default();
            hand_over(&mut direct, context);
            let mut packer = Packer::new(has_context);
            hand_over(&mut packer, &[("Card Brand", "visa"), ("Note", "")]);
            assert_eq!(packer.lines(), 12);
            let mut again = Shown::default();
            assert_eq!(unpack(&packer.take(), &mut again), Ok(()));
            assert_eq!(again.0, direct.0);
            assert!(packer.take().is_empty());
        }
    }

    #[test]
    fn bytes_that_were_cut_or_changed_are_refused_at_their_record() {
        let mut packer = Packer::new(true);
        hand_over(&mut packer, &[("a", "b")]);
        let batch = packer.take();
        let first = 5 + usize::try_from(u32::from_le_bytes(batch[1..5].try_into().unwrap())).unwrap();
        for cut in 1..batch.len() {
            let at = unpack(&batch[..cut], &mut Shown::default());
            if cut < first {
                assert_eq!(at, Err(Corrupt { at: 0 }), "{cut}");
            }
        }
        assert_eq!(unpack(&batch[..first], &mut Shown::default()), Ok(()));
        let mut changed = batch.clone();
        changed[first] = 9;
        assert_eq!(unpack(&changed, &mut Shown::default()), Err(Corrupt { at: first }));
    }
}
