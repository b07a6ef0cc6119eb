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

#[cfg(feature = "formats")]
mod bai2;
#[cfg(feature = "formats")]
mod camt;
#[cfg(feature = "formats")]
mod detect;
#[cfg(feature = "formats")]
mod encoding;
#[cfg(feature = "formats")]
mod error;
#[cfg(feature = "formats")]
mod figure;
#[cfg(feature = "formats")]
mod format;
#[cfg(feature = "formats")]
mod generic;
mod line;
#[cfg(feature = "formats")]
mod lines;
#[cfg(feature = "formats")]
mod markup;
#[cfg(feature = "formats")]
mod members;
#[cfg(feature = "formats")]
mod moment;
#[cfg(feature = "formats")]
mod mt940;
#[cfg(feature = "formats")]
mod objects;
#[cfg(feature = "formats")]
mod ofx;
mod packed;
#[cfg(feature = "formats")]
mod position;
#[cfg(feature = "formats")]
mod reader;
#[cfg(feature = "formats")]
mod shopify_json;
#[cfg(feature = "formats")]
mod square;
mod statement;
#[cfg(feature = "formats")]
mod table;

pub use super::packed::Corrupt;
#[cfg(feature = "formats")]
pub use detect::{Detection, HEAD_BYTES, detect};
#[cfg(feature = "formats")]
pub use encoding::Encoding;
#[cfg(feature = "formats")]
pub use error::{Error, ErrorKind};
#[cfg(feature = "formats")]
pub use figure::Mark;
#[cfg(feature = "formats")]
pub use format::{Format, Side};
#[cfg(feature = "formats")]
pub use generic::Generic;
pub use line::{BankLine, Money, Original, Place, SettlementLine, State};
#[cfg(feature = "formats")]
pub use moment::DateOrder;
pub use packed::{Packer, unpack};
#[cfg(feature = "formats")]
pub use reader::{Reader, Settings, Summary};
pub use statement::{Balance, Counted, Declared, Statement};
#[cfg(feature = "formats")]
pub use table::{Column, Guess, Mapping, MappingSide};

/// Where a reader puts what it finds. Texts are borrowed for the length of the call.
pub trait Sink {
    /// A line of a settlement report.
    fn settlement(&mut self, line: &SettlementLine<'_>);

    /// An entry of a bank account.
    fn bank(&mut self, line: &BankLine<'_>);

    /// What a statement, or a whole settlement report, says about itself. Comes after its lines, and once for each.
    fn statement(&mut self, statement: &Statement<'_>);

    /// Whether anything becomes of the context of lines; where nothing does, a reader may leave it out.
    fn wants_context(&self) -> bool {
        true
    }
}
