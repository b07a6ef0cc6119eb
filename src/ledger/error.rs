//! Why an entry or a journal was refused.

use crate::advice::{Advice, Diagnose, Report, behind_one_pointer, reported};
use crate::json::{self, quoted};
use crate::money::{self, Currency};
use crate::prelude::*;

use super::{LINKS_MAX, POSITION_MAX, POSTINGS_MAX, POSTINGS_MIN};

behind_one_pointer! {
    /// Why an entry or a journal was refused: one pointer, because every answer of the ledger has room for it. Nothing has
    /// changed then.
    pub struct Error of ErrorKind;
}

/// What is wrong with an entry or a journal. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The document is not what it should be.
    Json(json::Error),
    /// A currency or amount is not one.
    Money(money::Error),
    /// The name is not that of an account.
    InvalidAccount {
        /// The name, shortened.
        found: String,
        /// What is asked of a name.
        expected: &'static str,
    },
    /// A text is empty, too long or holds a control character.
    InvalidText {
        /// The field.
        field: &'static str,
        /// Most bytes allowed.
        limit: usize,
        /// What is wrong with it.
        found: String,
    },
    /// Fewer or more postings than an entry has.
    PostingsCount {
        /// Postings found.
        found: usize,
    },
    /// More links than an entry has.
    TooManyLinks {
        /// Links found.
        found: usize,
    },
    /// More than one link that takes an entry back.
    SeveralReversals,
    /// A posting that moves nothing.
    ZeroPosting {
        /// The account of the posting.
        account: String,
    },
    /// Debits and credits differ in a currency.
    Unbalanced {
        /// The currency.
        currency: Currency,
        /// Whether it is the memo postings that differ.
        memo: bool,
        /// Sum of the debits, in minor units. Behind a pointer, because every answer of the ledger has room for an error.
        debits: Box<u128>,
        /// Sum of the credits, in minor units.
        credits: Box<u128>,
    },
    /// No template has this name.
    UnknownTemplate {
        /// The name, shortened.
        found: String,
    },
    /// A template needs a value that was not given.
    MissingTemplateValue {
        /// The template.
        template: &'static str,
        /// The name or amount that is missing.
        value: &'static str,
    },
    /// An entry of a batch says something else than the one in the journal, so none of the batch is posted.
    DiffersInBatch {
        /// The id of the entry.
        entry: String,
        /// Where the first one stands.
        position: u64,
        /// The first field that differs.
        field: &'static str,
    },
    /// The entry to be taken back is not in the journal.
    ReversalOfUnknown {
        /// The id of the entry that is missing.
        entry: String,
    },
    /// The entry was taken back before.
    AlreadyReversed {
        /// The id of the entry.
        entry: String,
        /// Where the first reversal stands.
        position: u64,
    },
    /// The postings are not those of the entry to be taken back on opposite sides.
    ReversalDiffers {
        /// The id of the entry to be taken back.
        entry: String,
    },
    /// The journal is full.
    JournalFull,
    /// A line does not follow the one before it.
    OutOfOrder {
        /// Position that comes next.
        expected: u64,
        /// Position of the line.
        found: u64,
    },
    /// A line of the journal was changed, or does not belong there.
    BrokenChain {
        /// Position of the first bad line, from 1.
        position: u64,
        /// What is wrong with it.
        found: &'static str,
    },
}

impl Error {
    pub(super) fn invalid_account(found: &str, expected: &'static str) -> Self {
        ErrorKind::InvalidAccount { found: shortened(found), expected }.into()
    }

    pub(super) fn unknown_template(found: &str) -> Self {
        ErrorKind::UnknownTemplate { found: shortened(found) }.into()
    }
}

/// Hostile input may be megabytes long; a message shows its beginning.
fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    text.chars().take(SHOWN_MAX).collect()
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        ErrorKind::Json(error).into()
    }
}

impl From<money::Error> for Error {
    fn from(error: money::Error) -> Self {
        ErrorKind::Money(error).into()
    }
}

impl Error {
    fn table(&self) -> Report {
        match self.kind() {
            ErrorKind::Json(error) => error.report(),
            ErrorKind::Money(error) => error.report(),
            ErrorKind::InvalidAccount { found, expected } => {
                Report::new("account_invalid").fact("found", found).fact("expected", expected).say_with(
                    "{found} is not the name of an account: expected {expected}",
                    &[("found", &quoted(found))],
                )
            }
            ErrorKind::InvalidText { field, limit, found } => Report::new("text_invalid")
                .fact("field", field)
                .fact("found", found)
                .count("limit", *limit)
                .say("the field `{field}` holds {found}: expected 1 to {limit} bytes without control characters"),
            ErrorKind::PostingsCount { found } => Report::new("entry_postings_count").count("found", *found).say_with(
                "the entry has {found} postings: expected {least} to {most}",
                &[("least", &POSTINGS_MIN.digits()), ("most", &POSTINGS_MAX.digits())],
            ),
            ErrorKind::TooManyLinks { found } => Report::new("entry_too_many_links").count("found", *found).say_with(
                "the entry has {found} links: at most {limit} are kept",
                &[("limit", &LINKS_MAX.digits())],
            ),
            ErrorKind::SeveralReversals => Report::new("entry_several_reversals")
                .say("the entry reverses several others: write one reversal for each"),
            ErrorKind::ZeroPosting { account } => Report::new("entry_zero_posting")
                .fact("account", account)
                .say("a posting of {account} moves nothing: leave it out"),
            ErrorKind::Unbalanced { currency, memo, debits, credits } => Report::new("entry_unbalanced")
                .fact("currency", currency.code())
                .fact("debits", &debits.digits())
                .fact("credits", &credits.digits())
                .say_with(
                    "{which} in {currency} do not sum to zero: debits {debits}, credits {credits} minor units; add the \
                     missing posting",
                    &[("which", if *memo { "the memo postings" } else { "the postings" })],
                ),
            ErrorKind::UnknownTemplate { found } => Report::new("template_unknown").fact("found", found).say_with(
                "there is no template {found}: see the list of templates",
                &[("found", &quoted(found))],
            ),
            ErrorKind::MissingTemplateValue { template, value } => Report::new("template_value_missing")
                .fact("template", template)
                .fact("field", value)
                .say("the template `{template}` needs the value `{field}`: add it"),
            ErrorKind::DiffersInBatch { entry, position, field } => Report::new("entry_differs")
                .advise(Advice::Reconcile)
                .fact("entry", entry)
                .number("position", *position)
                .fact("field", field)
                .say_with(
                    "the entry {entry} stands at position {position} with another `{field}`, so nothing of this \
                     batch was posted: correct it by a reversal and a new entry",
                    &[("entry", &quoted(entry))],
                ),
            ErrorKind::ReversalOfUnknown { entry } => Report::new("reversal_of_unknown").fact("entry", entry).say_with(
                "the entry {entry} is not in the journal, so it cannot be reversed",
                &[("entry", &quoted(entry))],
            ),
            ErrorKind::AlreadyReversed { entry, position } => {
                Report::new("already_reversed").fact("entry", entry).number("position", *position).say_with(
                    "the entry {entry} was reversed at position {position} already",
                    &[("entry", &quoted(entry))],
                )
            }
            ErrorKind::ReversalDiffers { entry } => Report::new("reversal_differs").fact("entry", entry).say_with(
                "a reversal of {entry} needs its postings on opposite sides, and no others",
                &[("entry", &quoted(entry))],
            ),
            ErrorKind::JournalFull => Report::new("journal_full").say_with(
                "the journal has {limit} lines, the most it can hold: begin a new one",
                &[("limit", &POSITION_MAX.digits())],
            ),
            ErrorKind::OutOfOrder { expected, found } => Report::new("journal_out_of_order")
                .advise(Advice::RetrySameKey)
                .number("expected", *expected)
                .number("found", *found)
                .say("line {found} cannot be applied: the next position is {expected}; reload the journal"),
            ErrorKind::BrokenChain { position, found } => Report::new("journal_broken")
                .advise(Advice::Reconcile)
                .number("position", *position)
                .fact("found", found)
                .say("the journal is broken at position {position}: {found}; restore it from a copy and compare"),
        }
    }
}

reported!(Error);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_says_what_was_found_what_was_expected_and_what_to_do() {
        let entry = || "charge:1".to_owned();
        let eur = Currency::parse("EUR").unwrap();
        let errors = [
            Error::from(ErrorKind::Json(json::Error::from(json::ErrorKind::TooLarge { found: 2, limit: 1 }))),
            Error::from(ErrorKind::Money(money::Error::from(money::ErrorKind::UnknownCurrency {
                found: "eur".to_owned(),
            }))),
            Error::invalid_account("Bank", "a root"),
            Error::from(ErrorKind::InvalidText { field: "id", limit: 200, found: "nothing".to_owned() }),
            Error::from(ErrorKind::PostingsCount { found: 1 }),
            Error::from(ErrorKind::TooManyLinks { found: 17 }),
            Error::from(ErrorKind::SeveralReversals),
            Error::from(ErrorKind::ZeroPosting { account: "Income:Sales".to_owned() }),
            Error::from(ErrorKind::Unbalanced {
                currency: eur,
                memo: false,
                debits: Box::new(3),
                credits: Box::new(2),
            }),
            Error::from(ErrorKind::Unbalanced {
                currency: eur,
                memo: true,
                debits: Box::new(3),
                credits: Box::new(2),
            }),
            Error::unknown_template("chrage"),
            Error::from(ErrorKind::MissingTemplateValue { template: "charge", value: "gateway" }),
            Error::from(ErrorKind::DiffersInBatch { entry: entry(), position: 7, field: "postings" }),
            Error::from(ErrorKind::ReversalOfUnknown { entry: entry() }),
            Error::from(ErrorKind::AlreadyReversed { entry: entry(), position: 7 }),
            Error::from(ErrorKind::ReversalDiffers { entry: entry() }),
            Error::from(ErrorKind::JournalFull),
            Error::from(ErrorKind::OutOfOrder { expected: 3, found: 5 }),
            Error::from(ErrorKind::BrokenChain { position: 3, found: "its hash is not that of its content" }),
        ];
        let shown: Vec<String> = errors
            .iter()
            .map(|error| format!("{} ({}): {error}", error.code(), error.advice().name()))
            .collect();
        assert_eq!(
            shown,
            [
                "json_too_large (fix_call): the document has 2 bytes; at most 1 are read",
                "currency_unknown (fix_call): \"eur\" is not a currency of ISO 4217: expected three upper-case \
                 letters such as EUR",
                "account_invalid (fix_call): \"Bank\" is not the name of an account: expected a root",
                "text_invalid (fix_call): the field `id` holds nothing: expected 1 to 200 bytes without control \
                 characters",
                "entry_postings_count (fix_call): the entry has 1 postings: expected 2 to 256",
                "entry_too_many_links (fix_call): the entry has 17 links: at most 16 are kept",
                "entry_several_reversals (fix_call): the entry reverses several others: write one reversal for each",
                "entry_zero_posting (fix_call): a posting of Income:Sales moves nothing: leave it out",
                "entry_unbalanced (fix_call): the postings in EUR do not sum to zero: debits 3, credits 2 minor \
                 units; add the missing posting",
                "entry_unbalanced (fix_call): the memo postings in EUR do not sum to zero: debits 3, credits 2 \
                 minor units; add the missing posting",
                "template_unknown (fix_call): there is no template \"chrage\": see the list of templates",
                "template_value_missing (fix_call): the template `charge` needs the value `gateway`: add it",
                "entry_differs (reconcile): the entry \"charge:1\" stands at position 7 with another `postings`, \
                 so nothing of this batch was posted: correct it by a reversal and a new entry",
                "reversal_of_unknown (fix_call): the entry \"charge:1\" is not in the journal, so it cannot be \
                 reversed",
                "already_reversed (fix_call): the entry \"charge:1\" was reversed at position 7 already",
                "reversal_differs (fix_call): a reversal of \"charge:1\" needs its postings on opposite sides, \
                 and no others",
                "journal_full (fix_call): the journal has 999999999999 lines, the most it can hold: begin a new \
                 one",
                "journal_out_of_order (retry_same_key): line 5 cannot be applied: the next position is 3; reload \
                 the journal",
                "journal_broken (reconcile): the journal is broken at position 3: its hash is not that of its \
                 content; restore it from a copy and compare",
            ]
        );
    }
}
