//! What a file says is handed on exactly, line by line, or the whole file is refused at a named line and column.
//!
//! A reader takes a provider's or a bank's file in pieces and pushes what it finds into a [`Sink`]: lines of a settlement
//! report ([`SettlementLine`]), entries of a bank account ([`BankLine`]), and what the file says about itself
//! ([`Statement`]). Lines are handed on while the file is still being read, so that memory does not grow with the file;
//! they stand for the file only once `finish` has answered `Ok`. Whoever collects them drops them all after an error.
//!
//! Signs are the same for every format. An amount is signed by what it does to the balance it is booked on: the
//! merchant's balance with the provider for a settlement line, the bank account for a bank line. The columns of the
//! contract count a refund as positive instead: [`SettlementLine::amount`] says it their way.
//!
//! Not here: what the lines mean for each other. A control total that does not agree is a fact, not an error, and the
//! reconciler makes a finding of it.

mod line;
mod statement;

pub use line::{BankLine, Money, Original, Place, SettlementLine, State};
pub use statement::{Balance, Counted, Declared, Statement};

/// Where a reader puts what it finds. Texts are borrowed for the length of the call.
pub trait Sink {
    /// A line of a settlement report.
    fn settlement(&mut self, line: &SettlementLine<'_>);

    /// An entry of a bank account.
    fn bank(&mut self, line: &BankLine<'_>);

    /// What a statement, or a whole settlement report, says about itself. Comes after its lines, and once for each.
    fn statement(&mut self, statement: &Statement<'_>);
}
