//! Why an entry or a journal was refused.

use crate::advice::{Advice, Diagnose, Report, behind_one_pointer, reported};
use crate::json::{self, quoted};
use crate::money::{self, Currency};
use crate::prelude::*;

use super::{LINKS_MAX, Limit, POSITION_MAX, POSTINGS_MAX, POSTINGS_MIN, Relation};

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
    /// More than one link that takes from another entry.
    SeveralTaken,
    /// A posting that moves nothing.
    ZeroPosting {
        /// The account of the posting.
        account: String,
    },
    /// Pending postings where there are none, or none where there are some.
    WrongLayers {
        /// What is expected.
        expected: &'static str,
    },
    /// Debits and credits differ in a currency.
    Unbalanced {
        /// The currency.
        currency: Currency,
        /// Which postings differ: memo postings and those of each layer balance by themselves.
        which: &'static str,
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
    /// A template cannot be used.
    InvalidTemplate {
        /// Its name, shortened.
        template: String,
        /// The line or member that is wrong, shortened.
        found: String,
        /// What is expected.
        expected: &'static str,
    },
    /// A template needs a value that was not given.
    MissingTemplateValue {
        /// The template.
        template: String,
        /// The name or amount that is missing.
        value: String,
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
    /// The entry to be reversed, captured, voided or expired is not in the journal.
    TakesFromUnknown {
        /// How it would be taken from.
        relation: Relation,
        /// The id of the entry that is missing.
        entry: String,
    },
    /// The entry was reversed whole, or its hold is released, already.
    NothingLeft {
        /// How it would be taken from.
        relation: Relation,
        /// The id of the entry.
        entry: String,
        /// Where the last that took from it stands.
        position: u64,
    },
    /// The postings are not those of the other entry on opposite sides.
    TakenDiffers {
        /// How it would be taken from.
        relation: Relation,
        /// The id of the other entry.
        entry: String,
    },
    /// More would be taken than is left.
    TakesTooMuch {
        /// How it would be taken from.
        relation: Relation,
        /// The id of the other entry.
        entry: String,
        /// The account of the posting.
        account: String,
        /// What is left there, in minor units.
        left: u64,
    },
    /// A hold would be captured after its time.
    HoldOver {
        /// The id of the hold.
        entry: String,
    },
    /// A hold would expire before its time, or has none.
    HoldNotOver {
        /// The id of the hold.
        entry: String,
    },
    /// A part of a hold would be voided or expire.
    ReleasesPart {
        /// The id of the hold.
        entry: String,
    },
    /// Nothing may be posted to the account for now.
    AccountBlocked {
        /// The account.
        account: String,
    },
    /// Nothing may be posted to the account any more.
    AccountClosed {
        /// The account.
        account: String,
    },
    /// Something stands on the account that is to be closed, or on one beneath.
    AccountNotEmpty {
        /// The account on which something stands.
        account: String,
        /// In which currency.
        currency: Currency,
    },
    /// The account would be overdrawn.
    LimitReached {
        /// The account.
        account: String,
        /// The key, where it is that of one object which is overdrawn.
        key: Option<String>,
        /// Its limit.
        limit: Limit,
        /// The currency.
        currency: Currency,
        /// What there is, less what is held, in minor units.
        available: Box<i128>,
        /// What there would be.
        after: Box<i128>,
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
pub(super) fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    text.chars().take(SHOWN_MAX).collect()
}

/// Reversals and holds are told apart by code.
fn taken(relation: Relation, reversal: &'static str, hold: &'static str, entry: &str) -> Report {
    let code = if relation == Relation::Reverses { reversal } else { hold };
    Report::new(code).fact("entry", entry).fact("relation", relation.name())
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
            ErrorKind::SeveralTaken => Report::new("entry_several_reversals")
                .say("the entry reverses, captures or releases several others: write one entry for each"),
            ErrorKind::ZeroPosting { account } => Report::new("entry_zero_posting")
                .fact("account", account)
                .say("a posting of {account} moves nothing: leave it out"),
            ErrorKind::WrongLayers { expected } => Report::new("entry_layers_wrong")
                .fact("expected", expected)
                .say("the layers of the postings do not belong together: {expected}"),
            ErrorKind::Unbalanced { currency, which, debits, credits } => Report::new("entry_unbalanced")
                .fact("currency", currency.code())
                .fact("debits", &debits.digits())
                .fact("credits", &credits.digits())
                .say_with(
                    "{which} in {currency} do not sum to zero: debits {debits}, credits {credits} minor units; add the \
                     missing posting",
                    &[("which", which)],
                ),
            ErrorKind::UnknownTemplate { found } => Report::new("template_unknown").fact("found", found).say_with(
                "there is no template {found}: see the list of templates",
                &[("found", &quoted(found))],
            ),
            ErrorKind::InvalidTemplate { template, found, expected } => Report::new("template_invalid")
                .fact("template", template)
                .fact("found", found)
                .fact("expected", expected)
                .say_with(
                    "the template {template} cannot be used: {found}: expected {expected}",
                    &[("template", &quoted(template))],
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
            ErrorKind::TakesFromUnknown { relation, entry } => taken(*relation, "reversal_of_unknown", "hold_unknown", entry)
                .say_with("the entry {entry} is not in the journal: post it first", &[("entry", &quoted(entry))]),
            ErrorKind::NothingLeft { relation, entry, position } => taken(*relation, "already_reversed", "hold_closed", entry)
                .number("position", *position)
                .say_with(
                    "nothing is left of the entry {entry}: the rest of it was taken at position {position}",
                    &[("entry", &quoted(entry))],
                ),
            ErrorKind::TakenDiffers { relation, entry } => taken(*relation, "reversal_differs", "hold_differs", entry).say_with(
                "the entry {entry} has no such postings on the opposite sides: take back only what it says",
                &[("entry", &quoted(entry))],
            ),
            ErrorKind::TakesTooMuch { relation, entry, account, left } => {
                taken(*relation, "reversal_exceeds", "hold_exceeds", entry)
                    .fact("account", account)
                    .number("left", *left)
                    .say_with(
                        "of the entry {entry} there are {left} minor units left on {account}: take no more than that",
                        &[("entry", &quoted(entry))],
                    )
            }
            ErrorKind::HoldOver { entry } => Report::new("hold_expired").fact("entry", entry).say_with(
                "the hold {entry} was over before it was captured: post what was captured without it",
                &[("entry", &quoted(entry))],
            ),
            ErrorKind::HoldNotOver { entry } => Report::new("hold_not_expired").fact("entry", entry).say_with(
                "the hold {entry} is not over yet: void it, or wait for its time",
                &[("entry", &quoted(entry))],
            ),
            ErrorKind::ReleasesPart { entry } => Report::new("hold_released_in_part").fact("entry", entry).say_with(
                "what voids or expires the hold {entry} releases all that is left of it: add the missing postings",
                &[("entry", &quoted(entry))],
            ),
            ErrorKind::AccountBlocked { account } => Report::new("account_blocked")
                .advise(Advice::Wait)
                .fact("account", account)
                .say("the account {account} is blocked: nothing is posted to it until it is open again"),
            ErrorKind::AccountClosed { account } => Report::new("account_closed")
                .fact("account", account)
                .say("the account {account} is closed for good: post to another"),
            ErrorKind::AccountNotEmpty { account, currency } => Report::new("account_not_empty")
                .fact("account", account)
                .fact("currency", currency.code())
                .say("{currency} stand or are held on {account}: settle them before it is closed"),
            ErrorKind::LimitReached { account, key, limit, currency, available, after } => {
                let place = match key {
                    Some(key) => glued(&[account, " for ", &quoted(key)]),
                    None => account.clone(),
                };
                Report::new("limit_reached")
                    .fact("account", account)
                    .fact("key", key.as_deref().unwrap_or_default())
                    .fact("limit", limit.name())
                    .fact("currency", currency.code())
                    .fact("available", &available.digits())
                    .fact("after", &after.digits())
                    .say_with(
                        "{place} would be overdrawn: {available} minor units {currency} are available, {after} would be \
                         left; take less, or change its limit",
                        &[("place", &place)],
                    )
            }
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
            Error::from(ErrorKind::SeveralTaken),
            Error::from(ErrorKind::ZeroPosting { account: "Income:Sales".to_owned() }),
            Error::from(ErrorKind::WrongLayers { expected: "a void has pending postings only" }),
            Error::from(ErrorKind::Unbalanced {
                currency: eur,
                which: "the postings",
                debits: Box::new(3),
                credits: Box::new(2),
            }),
            Error::from(ErrorKind::Unbalanced {
                currency: eur,
                which: "the memo postings",
                debits: Box::new(3),
                credits: Box::new(2),
            }),
            Error::unknown_template("chrage"),
            Error::from(ErrorKind::InvalidTemplate {
                template: "tip".to_owned(),
                found: "debit Income".to_owned(),
                expected: "an account",
            }),
            Error::from(ErrorKind::MissingTemplateValue {
                template: "charge".to_owned(),
                value: "gateway".to_owned(),
            }),
            Error::from(ErrorKind::DiffersInBatch { entry: entry(), position: 7, field: "postings" }),
            Error::from(ErrorKind::TakesFromUnknown { relation: Relation::Reverses, entry: entry() }),
            Error::from(ErrorKind::TakesFromUnknown { relation: Relation::Voids, entry: entry() }),
            Error::from(ErrorKind::NothingLeft { relation: Relation::Reverses, entry: entry(), position: 7 }),
            Error::from(ErrorKind::NothingLeft { relation: Relation::Captures, entry: entry(), position: 7 }),
            Error::from(ErrorKind::TakenDiffers { relation: Relation::Reverses, entry: entry() }),
            Error::from(ErrorKind::TakenDiffers { relation: Relation::Expires, entry: entry() }),
            Error::from(ErrorKind::TakesTooMuch {
                relation: Relation::Reverses,
                entry: entry(),
                account: "Income:Sales".to_owned(),
                left: 3,
            }),
            Error::from(ErrorKind::HoldOver { entry: entry() }),
            Error::from(ErrorKind::HoldNotOver { entry: entry() }),
            Error::from(ErrorKind::ReleasesPart { entry: entry() }),
            Error::from(ErrorKind::AccountBlocked { account: "Income:Sales".to_owned() }),
            Error::from(ErrorKind::AccountClosed { account: "Income:Sales".to_owned() }),
            Error::from(ErrorKind::AccountNotEmpty { account: "Income:Sales".to_owned(), currency: eur }),
            Error::from(ErrorKind::LimitReached {
                account: "Liabilities:Escrow".to_owned(),
                key: Some("order_1".to_owned()),
                limit: Limit::NoDebitBalance,
                currency: eur,
                available: Box::new(5),
                after: Box::new(-2),
            }),
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
                "currency_unknown (fix_call): \"eur\" is not a currency of ISO 4217: expected three \
                 upper-case letters such as EUR",
                "account_invalid (fix_call): \"Bank\" is not the name of an account: expected a root",
                "text_invalid (fix_call): the field `id` holds nothing: expected 1 to 200 bytes without \
                 control characters",
                "entry_postings_count (fix_call): the entry has 1 postings: expected 2 to 256",
                "entry_too_many_links (fix_call): the entry has 17 links: at most 16 are kept",
                "entry_several_reversals (fix_call): the entry reverses, captures or releases several \
                 others: write one entry for each",
                "entry_zero_posting (fix_call): a posting of Income:Sales moves nothing: leave it out",
                "entry_layers_wrong (fix_call): the layers of the postings do not belong together: a void \
                 has pending postings only",
                "entry_unbalanced (fix_call): the postings in EUR do not sum to zero: debits 3, credits 2 \
                 minor units; add the missing posting",
                "entry_unbalanced (fix_call): the memo postings in EUR do not sum to zero: debits 3, \
                 credits 2 minor units; add the missing posting",
                "template_unknown (fix_call): there is no template \"chrage\": see the list of templates",
                "template_invalid (fix_call): the template \"tip\" cannot be used: debit Income: expected \
                 an account",
                "template_value_missing (fix_call): the template `charge` needs the value `gateway`: add \
                 it",
                "entry_differs (reconcile): the entry \"charge:1\" stands at position 7 with another \
                 `postings`, so nothing of this batch was posted: correct it by a reversal and a new \
                 entry",
                "reversal_of_unknown (fix_call): the entry \"charge:1\" is not in the journal: post it \
                 first",
                "hold_unknown (fix_call): the entry \"charge:1\" is not in the journal: post it first",
                "already_reversed (fix_call): nothing is left of the entry \"charge:1\": the rest of it \
                 was taken at position 7",
                "hold_closed (fix_call): nothing is left of the entry \"charge:1\": the rest of it was \
                 taken at position 7",
                "reversal_differs (fix_call): the entry \"charge:1\" has no such postings on the opposite \
                 sides: take back only what it says",
                "hold_differs (fix_call): the entry \"charge:1\" has no such postings on the opposite \
                 sides: take back only what it says",
                "reversal_exceeds (fix_call): of the entry \"charge:1\" there are 3 minor units left on \
                 Income:Sales: take no more than that",
                "hold_expired (fix_call): the hold \"charge:1\" was over before it was captured: post \
                 what was captured without it",
                "hold_not_expired (fix_call): the hold \"charge:1\" is not over yet: void it, or wait for \
                 its time",
                "hold_released_in_part (fix_call): what voids or expires the hold \"charge:1\" releases \
                 all that is left of it: add the missing postings",
                "account_blocked (wait): the account Income:Sales is blocked: nothing is posted to it \
                 until it is open again",
                "account_closed (fix_call): the account Income:Sales is closed for good: post to another",
                "account_not_empty (fix_call): EUR stand or are held on Income:Sales: settle them before \
                 it is closed",
                "limit_reached (fix_call): Liabilities:Escrow for \"order_1\" would be overdrawn: 5 minor \
                 units EUR are available, -2 would be left; take less, or change its limit",
                "journal_full (fix_call): the journal has 999999999999 lines, the most it can hold: begin \
                 a new one",
                "journal_out_of_order (retry_same_key): line 5 cannot be applied: the next position is 3; \
                 reload the journal",
                "journal_broken (reconcile): the journal is broken at position 3: its hash is not that of \
                 its content; restore it from a copy and compare",
            ]
        );
    }
}
