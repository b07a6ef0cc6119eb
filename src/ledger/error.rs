//! Why an entry or a journal was refused.

use crate::advice::{Advice, Detail, Diagnose};
use crate::json::{self, quoted};
use crate::money::{self, Currency};
use crate::prelude::*;

use super::{LINKS_MAX, POSITION_MAX, POSTINGS_MAX, POSTINGS_MIN};

/// Why an entry or a journal was refused. Variants stand in order of precedence; nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
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
        Self::InvalidAccount { found: shortened(found), expected }
    }

    pub(super) fn unknown_template(found: &str) -> Self {
        Self::UnknownTemplate { found: shortened(found) }
    }
}

/// Hostile input may be megabytes long; a message shows its beginning.
fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    text.chars().take(SHOWN_MAX).collect()
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<money::Error> for Error {
    fn from(error: money::Error) -> Self {
        Self::Money(error)
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Money(error) => error.fmt(f),
            Self::InvalidAccount { found, expected } => {
                write!(f, "{} is not the name of an account: expected {expected}", quoted(found))
            }
            Self::InvalidText { field, limit, found } => write!(
                f,
                "the field `{field}` holds {found}: expected 1 to {limit} bytes without control characters"
            ),
            Self::PostingsCount { found } => {
                write!(f, "the entry has {found} postings: expected {POSTINGS_MIN} to {POSTINGS_MAX}")
            }
            Self::TooManyLinks { found } => {
                write!(f, "the entry has {found} links: at most {LINKS_MAX} are kept")
            }
            Self::SeveralReversals => {
                write!(f, "the entry reverses several others: write one reversal for each")
            }
            Self::ZeroPosting { account } => {
                write!(f, "a posting of {account} moves nothing: leave it out")
            }
            Self::Unbalanced { currency, memo, debits, credits } => {
                let which = if *memo { "the memo postings" } else { "the postings" };
                write!(
                    f,
                    "{which} in {currency} do not sum to zero: debits {debits}, credits {credits} minor units; \
                     add the missing posting"
                )
            }
            Self::UnknownTemplate { found } => {
                write!(f, "there is no template {}: see the list of templates", quoted(found))
            }
            Self::MissingTemplateValue { template, value } => {
                write!(f, "the template `{template}` needs the value `{value}`: add it")
            }
            Self::DiffersInBatch { entry, position, field } => write!(
                f,
                "the entry {} stands at position {position} with another `{field}`, so nothing of this batch was \
                 posted: correct it by a reversal and a new entry",
                quoted(entry)
            ),
            Self::ReversalOfUnknown { entry } => {
                write!(f, "the entry {} is not in the journal, so it cannot be reversed", quoted(entry))
            }
            Self::AlreadyReversed { entry, position } => {
                write!(f, "the entry {} was reversed at position {position} already", quoted(entry))
            }
            Self::ReversalDiffers { entry } => write!(
                f,
                "a reversal of {} needs its postings on opposite sides, and no others",
                quoted(entry)
            ),
            Self::JournalFull => {
                write!(f, "the journal has {POSITION_MAX} lines, the most it can hold: begin a new one")
            }
            Self::OutOfOrder { expected, found } => {
                write!(
                    f,
                    "line {found} cannot be applied: the next position is {expected}; reload the journal"
                )
            }
            Self::BrokenChain { position, found } => write!(
                f,
                "the journal is broken at position {position}: {found}; restore it from a copy and compare"
            ),
        }
    }
}

impl core::error::Error for Error {}

impl Diagnose for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::Money(error) => error.code(),
            Self::InvalidAccount { .. } => "account_invalid",
            Self::InvalidText { .. } => "text_invalid",
            Self::PostingsCount { .. } => "entry_postings_count",
            Self::TooManyLinks { .. } => "entry_too_many_links",
            Self::SeveralReversals => "entry_several_reversals",
            Self::ZeroPosting { .. } => "entry_zero_posting",
            Self::Unbalanced { .. } => "entry_unbalanced",
            Self::UnknownTemplate { .. } => "template_unknown",
            Self::MissingTemplateValue { .. } => "template_value_missing",
            Self::DiffersInBatch { .. } => "entry_differs",
            Self::ReversalOfUnknown { .. } => "reversal_of_unknown",
            Self::AlreadyReversed { .. } => "already_reversed",
            Self::ReversalDiffers { .. } => "reversal_differs",
            Self::JournalFull => "journal_full",
            Self::OutOfOrder { .. } => "journal_out_of_order",
            Self::BrokenChain { .. } => "journal_broken",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::Json(error) => error.advice(),
            Self::Money(error) => error.advice(),
            Self::InvalidAccount { .. }
            | Self::InvalidText { .. }
            | Self::PostingsCount { .. }
            | Self::TooManyLinks { .. }
            | Self::SeveralReversals
            | Self::ZeroPosting { .. }
            | Self::Unbalanced { .. }
            | Self::UnknownTemplate { .. }
            | Self::MissingTemplateValue { .. }
            | Self::ReversalOfUnknown { .. }
            | Self::AlreadyReversed { .. }
            | Self::ReversalDiffers { .. }
            | Self::JournalFull => Advice::FixCall,
            Self::OutOfOrder { .. } => Advice::RetrySameKey,
            Self::DiffersInBatch { .. } | Self::BrokenChain { .. } => Advice::Reconcile,
        }
    }

    fn details(&self) -> Vec<Detail> {
        match self {
            Self::Json(error) => error.details(),
            Self::Money(error) => error.details(),
            Self::InvalidAccount { found, expected } => {
                vec![("found", found.clone()), ("expected", (*expected).to_owned())]
            }
            Self::InvalidText { field, limit, found } => {
                vec![("field", (*field).to_owned()), ("found", found.clone()), ("limit", limit.to_string())]
            }
            Self::PostingsCount { found } | Self::TooManyLinks { found } => {
                vec![("found", found.to_string())]
            }
            Self::ZeroPosting { account } => vec![("account", account.clone())],
            Self::Unbalanced { currency, memo: _, debits, credits } => vec![
                ("currency", currency.to_string()),
                ("debits", debits.to_string()),
                ("credits", credits.to_string()),
            ],
            Self::UnknownTemplate { found } => vec![("found", found.clone())],
            Self::MissingTemplateValue { template, value } => {
                vec![("template", (*template).to_owned()), ("field", (*value).to_owned())]
            }
            Self::DiffersInBatch { entry, position, field } => vec![
                ("entry", entry.clone()),
                ("position", position.to_string()),
                ("field", (*field).to_owned()),
            ],
            Self::ReversalOfUnknown { entry } | Self::ReversalDiffers { entry } => {
                vec![("entry", entry.clone())]
            }
            Self::AlreadyReversed { entry, position } => {
                vec![("entry", entry.clone()), ("position", position.to_string())]
            }
            Self::JournalFull | Self::SeveralReversals => Vec::new(),
            Self::OutOfOrder { expected, found } => {
                vec![("expected", expected.to_string()), ("found", found.to_string())]
            }
            Self::BrokenChain { position, found } => {
                vec![("position", position.to_string()), ("found", (*found).to_owned())]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_says_what_was_found_what_was_expected_and_what_to_do() {
        let entry = || "charge:1".to_owned();
        let eur = Currency::parse("EUR").unwrap();
        let errors = [
            Error::Json(json::Error::from(json::ErrorKind::TooLarge { found: 2, limit: 1 })),
            Error::Money(money::Error::UnknownCurrency { found: "eur".to_owned() }),
            Error::invalid_account("Bank", "a root"),
            Error::InvalidText { field: "id", limit: 200, found: "nothing".to_owned() },
            Error::PostingsCount { found: 1 },
            Error::TooManyLinks { found: 17 },
            Error::SeveralReversals,
            Error::ZeroPosting { account: "Income:Sales".to_owned() },
            Error::Unbalanced { currency: eur, memo: false, debits: Box::new(3), credits: Box::new(2) },
            Error::Unbalanced { currency: eur, memo: true, debits: Box::new(3), credits: Box::new(2) },
            Error::unknown_template("chrage"),
            Error::MissingTemplateValue { template: "charge", value: "gateway" },
            Error::DiffersInBatch { entry: entry(), position: 7, field: "postings" },
            Error::ReversalOfUnknown { entry: entry() },
            Error::AlreadyReversed { entry: entry(), position: 7 },
            Error::ReversalDiffers { entry: entry() },
            Error::JournalFull,
            Error::OutOfOrder { expected: 3, found: 5 },
            Error::BrokenChain { position: 3, found: "its hash is not that of its content" },
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
