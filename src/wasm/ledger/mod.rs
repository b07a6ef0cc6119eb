//! The ledger door: books by handle, and nothing that the journal does not hold.
//!
//! The shell keeps the lines of each journal and makes a new handle from them after a trap. That an entry exists
//! already, or says something else, is an expected outcome and crosses as a value.

pub(super) mod documents;
pub mod plan;
pub mod templates;

use super::reply;
use crate::advice::{Advice, Diagnose, Report, reported};
use crate::json::{self, ArrayWriter, Fields, ObjectWriter};
use crate::ledger::{
    Account, Error as LedgerError, ErrorKind as LedgerErrorKind, Ledger, Record, Watch, tampered_byte,
};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// What the call asks for is refused.
    Ledger(LedgerError),
    /// No ledger has this handle: it was released, or is from before a trap.
    UnknownHandle {
        /// The handle.
        found: u32,
    },
    /// Four thousand million ledgers were opened.
    HandlesExhausted,
}

/// The ledgers of one instance.
#[derive(Debug, Default)]
pub struct Ledgers {
    /// The ledger of handle n stands at n - 1; a handle is never used again.
    open: Vec<Option<Box<Open>>>,
}

/// A ledger, and what was checked of its stored journal.
#[derive(Debug)]
struct Open {
    ledger: Ledger,
    watch: Watch,
}

impl Ledgers {
    /// No ledger is open.
    #[must_use]
    pub const fn new() -> Self {
        Self { open: Vec::new() }
    }

    /// Takes the lines of a journal, each ended by a line feed. Replies with `{"handle", "length", "head"}`.
    #[must_use]
    pub fn open(&mut self, lines: &[u8]) -> Vec<u8> {
        reply::of(self.try_open(lines))
    }

    fn try_open(&mut self, lines: &[u8]) -> Result<String, Error> {
        let ledger = Ledger::open(split(lines))?;
        let handle = u32::try_from(self.open.len()).ok().and_then(|last| last.checked_add(1));
        let handle = handle.ok_or(Error::HandlesExhausted)?;

        // From here on the ledger is held.
        let out = ObjectWriter::new().number("handle", u64::from(handle));
        let out = position(out, &ledger).finish();
        self.open.push(Some(Box::new(Open { ledger, watch: Watch::new() })));
        Ok(out)
    }

    /// Takes `{"entries": [...], "before"?: [...]}`: entries and standings of accounts, where `before` are those drafted
    /// earlier for the same commit.
    /// Replies with one answer for each of `entries`: `{"status": "created", "position", "line"}`,
    /// `{"status": "exists", "position"}` or `{"status": "exists_with_different", "position", "field"}`. Several
    /// entries are drafted all or none.
    #[must_use]
    pub fn draft(&self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_draft(handle, input))
    }

    fn try_draft(&self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let ledger = self.get(handle)?;
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "draft")?;
        let mut entries = read_records(fields.list("entries")?)?;
        let mut all = read_records(fields.list("before")?)?;
        fields.finish()?;
        let (answers, skipped) = match (entries.pop(), entries.is_empty()) {
            (Some(only), true) => (vec![ledger.draft_together(all, only)?], 0),
            (last, _) => {
                let skipped = all.len();
                all.extend(entries);
                all.extend(last);
                (ledger.draft_all(all)?, skipped)
            }
        };
        let mut list = ArrayWriter::new();
        for answer in answers.iter().skip(skipped) {
            list = list.raw(&documents::answer(answer));
        }
        Ok(list.finish())
    }

    /// Takes the stored lines that come next, each ended by a line feed. Replies with `{"length", "head"}`. Lines before
    /// a refused one stay applied.
    #[must_use]
    pub fn apply(&mut self, handle: u32, lines: &[u8]) -> Vec<u8> {
        reply::of(self.try_apply(handle, lines))
    }

    fn try_apply(&mut self, handle: u32, lines: &[u8]) -> Result<String, Error> {
        let Open { ledger, .. } = self.get_mut(handle)?;
        ledger.extend(split(lines))?;
        Ok(position(ObjectWriter::new(), ledger).finish())
    }

    /// Takes stored lines that follow those that were checked, each ended by a line feed. Replies with `{"valid": true,
    /// "position", "head", "balanced", "compared", "differing": [...]}`, where `differing` are names of accounts, or with
    /// `{"valid": false, "position", "reason"}` for the first bad line, which stays the next one.
    #[must_use]
    pub fn watch(&mut self, handle: u32, lines: &[u8]) -> Vec<u8> {
        reply::of(self.try_watch(handle, lines))
    }

    fn try_watch(&mut self, handle: u32, lines: &[u8]) -> Result<String, Error> {
        let Open { ledger, watch } = self.get_mut(handle)?;
        match watch.step(split(lines), ledger) {
            Ok(watched) => Ok(documents::watched(&watched)),
            Err(error) => match error.kind() {
                LedgerErrorKind::BrokenChain { position, found } => {
                    let out = ObjectWriter::new().flag("valid", false).number("position", *position);
                    Ok(out.text("reason", found).finish())
                }
                _ => Err(error.into()),
            },
        }
    }

    /// Takes `{"account", "currency", "key"?}`, or `{"account", "currency", "at", "known_at"?}` for a balance of the past.
    /// Replies with `{"debits", "credits", "pending_debits", "pending_credits", "balance", "available", "exponent"}`: balance
    /// and available on the normal side, the exponent that of the currency.
    #[must_use]
    pub fn balance(&self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_balance(handle, input))
    }

    fn try_balance(&self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let ledger = self.get(handle)?;
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "balance")?;
        let account = Account::parse(fields.text("account")?)?;
        let currency = Currency::parse(fields.text("currency")?).map_err(LedgerError::from)?;
        let (key, at) = (fields.maybe_text("key")?, maybe_moment(&mut fields, "at")?);
        let known_at = maybe_moment(&mut fields, "known_at")?;
        fields.finish()?;
        let balance = match (at.or(known_at), key) {
            (Some(_), _) => ledger.balance_at(&account, currency, at.unwrap_or(Timestamp::MAX), known_at),
            (None, Some(key)) => ledger.balance_by_key(&account, key, currency),
            (None, None) => ledger.balance(&account, currency),
        };
        let out = documents::sums(ObjectWriter::new(), &account, balance);
        Ok(out.number("exponent", u64::from(currency.exponent())).finish())
    }

    /// Takes `{"at"?, "known_at"?}`, of now without either. Replies with one object for each currency:
    /// `{"currency", "exponent", "debits", "credits", "accounts": [...]}`.
    #[must_use]
    pub fn trial_balance(&self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_trial_balance(handle, input))
    }

    fn try_trial_balance(&self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let ledger = self.get(handle)?;
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "trial_balance")?;
        let (at, known_at) = (maybe_moment(&mut fields, "at")?, maybe_moment(&mut fields, "known_at")?);
        fields.finish()?;
        let trial = match at.or(known_at) {
            None => ledger.trial_balance(),
            Some(_) => ledger.trial_balance_at(at.unwrap_or(Timestamp::MAX), known_at),
        };
        Ok(documents::trial_balance(&trial))
    }

    /// Takes `{"account"}`. Replies with a list of `{"position", "entry", "occurred_at", "description", "side",
    /// "amount", "currency", "balance"}`, with `key` and `layer` where the posting has a key or is pending.
    #[must_use]
    pub fn statement(&self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_statement(handle, input))
    }

    fn try_statement(&self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let ledger = self.get(handle)?;
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "statement")?;
        let account = Account::parse(fields.text("account")?)?;
        fields.finish()?;
        Ok(documents::statement(&account, &ledger.statement(&account)))
    }

    /// Takes `{"now"}`. Replies with the entries that let go of holds whose time is over.
    #[must_use]
    pub fn expiries(&self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_expiries(handle, input))
    }

    fn try_expiries(&self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let ledger = self.get(handle)?;
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "expiries")?;
        let now = maybe_moment(&mut fields, "now")?.unwrap_or(Timestamp::MAX);
        fields.finish()?;
        Ok(expired(ledger, now))
    }

    /// Replies with `[{"day", "from", "to", "root"}]`, `day` in days since 1970.
    #[must_use]
    pub fn days(&self, handle: u32) -> Vec<u8> {
        reply::of(self.get(handle).map(|ledger| documents::days(&ledger.days())))
    }

    /// Takes `{"position"}`. Replies with `{"day", "from", "to", "root", "index", "size", "path": [...]}`, or `null` when no
    /// line stands there.
    #[must_use]
    pub fn inclusion(&self, handle: u32, input: &[u8]) -> Vec<u8> {
        reply::of(self.try_inclusion(handle, input))
    }

    fn try_inclusion(&self, handle: u32, input: &[u8]) -> Result<String, Error> {
        let ledger = self.get(handle)?;
        let document = json::parse(input)?;
        let mut fields = Fields::of(&document, "inclusion")?;
        let position = fields.integer("position")?;
        fields.finish()?;
        Ok(ledger.inclusion(position).map_or_else(|| "null".to_owned(), |proof| documents::inclusion(&proof)))
    }

    /// Replies with `{"balanced", "index_holds", "overdrawn": [...], "open_keys": [...]}`.
    #[must_use]
    pub fn audit(&self, handle: u32) -> Vec<u8> {
        reply::of(self.get(handle).map(|ledger| documents::audit(&ledger.audit())))
    }

    /// Lets go of a handle. Replies with `null`.
    #[must_use]
    pub fn release(&mut self, handle: u32) -> Vec<u8> {
        if let Some(slot) = self.slot(handle) {
            *slot = None;
        }
        reply::ok("null")
    }

    fn get(&self, handle: u32) -> Result<&Ledger, Error> {
        let found = place(handle).and_then(|place| self.open.get(place)?.as_deref());
        found.map(|open| &open.ledger).ok_or(Error::UnknownHandle { found: handle })
    }

    fn get_mut(&mut self, handle: u32) -> Result<&mut Open, Error> {
        let found = self.slot(handle).and_then(Option::as_deref_mut);
        found.ok_or(Error::UnknownHandle { found: handle })
    }

    fn slot(&mut self, handle: u32) -> Option<&mut Option<Box<Open>>> {
        self.open.get_mut(place(handle)?)
    }
}

fn read_records(list: &[json::Value<'_>]) -> Result<Vec<Record>, LedgerError> {
    let mut records = Vec::new();
    for record in list {
        records.push(Record::from_json(record)?);
    }
    Ok(records)
}

fn place(handle: u32) -> Option<usize> {
    usize::try_from(handle.checked_sub(1)?).ok()
}

fn expired(ledger: &Ledger, now: Timestamp) -> String {
    let mut entries = ArrayWriter::new();
    for entry in ledger.expiries(now) {
        entries = entries.raw(&entry.to_json());
    }
    entries.finish()
}

/// Takes the lines of a journal. Replies with `{"valid": true, "length", "head"}`, or with
/// `{"valid": false, "position", "reason", "byte"?}` for the first bad line, with the place of the first byte that is not as
/// it was written, where that can be told.
#[must_use]
pub fn verify(lines: &[u8]) -> Vec<u8> {
    let mut ledger = Ledger::new();
    reply::of(match ledger.extend(split(lines)) {
        Ok(()) => Ok(position(ObjectWriter::new().flag("valid", true), &ledger).finish()),
        Err(error) => match error.kind() {
            LedgerErrorKind::BrokenChain { position, found } => {
                let mut out = ObjectWriter::new().flag("valid", false).number("position", *position);
                out = out.text("reason", found);
                // All lines before the bad one are applied.
                let bad = usize::try_from(ledger.length()).ok().and_then(|before| split(lines).nth(before));
                let byte = bad.and_then(|text| tampered_byte(text, *position, &ledger.head()));
                if let Some(byte) = byte.and_then(|byte| u64::try_from(byte).ok()) {
                    out = out.number("byte", byte);
                }
                Ok(out.finish())
            }
            _ => Err(error),
        },
    })
}

fn maybe_moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Option<Timestamp>, json::Error> {
    Ok(fields.maybe_integer(field)?.map(|ms| Timestamp::from_unix_ms(ms).unwrap_or(Timestamp::MAX)))
}

fn split(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines.strip_suffix(b"\n").unwrap_or(lines).split(|byte| *byte == b'\n').filter(|_| !lines.is_empty())
}

fn position(out: ObjectWriter, ledger: &Ledger) -> ObjectWriter {
    out.number("length", ledger.length()).text("head", &ledger.head())
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::Ledger(error) => error.report(),
            Self::UnknownHandle { found } => Report::new("ledger_unknown_handle")
                .number("found", u64::from(*found))
                .say("no ledger has the handle {found}: it was closed, open the ledger again"),
            Self::HandlesExhausted => Report::new("ledger_handles_exhausted")
                .advise(Advice::ReportBug)
                .say("no more ledgers can be opened in this instance"),
        }
    }
}

reported!(Error);

/// What JavaScript sees.
#[cfg(all(feature = "wasm-ledger", target_family = "wasm"))]
pub mod exports {
    use spin::Mutex;
    use wasm_bindgen::prelude::wasm_bindgen;

    use super::Ledgers;
    use crate::prelude::*;

    static LEDGERS: Mutex<Ledgers> = Mutex::new(Ledgers::new());

    /// See [`Ledgers::open`].
    #[wasm_bindgen]
    pub fn ledger_open(lines: &[u8]) -> Vec<u8> {
        LEDGERS.lock().open(lines)
    }

    /// See [`Ledgers::draft`].
    #[wasm_bindgen]
    pub fn ledger_draft(handle: u32, input: &[u8]) -> Vec<u8> {
        LEDGERS.lock().draft(handle, input)
    }

    /// See [`Ledgers::apply`].
    #[wasm_bindgen]
    pub fn ledger_apply(handle: u32, lines: &[u8]) -> Vec<u8> {
        LEDGERS.lock().apply(handle, lines)
    }

    /// See [`Ledgers::watch`].
    #[wasm_bindgen]
    pub fn ledger_watch(handle: u32, lines: &[u8]) -> Vec<u8> {
        LEDGERS.lock().watch(handle, lines)
    }

    /// See [`Ledgers::balance`].
    #[wasm_bindgen]
    pub fn ledger_balance(handle: u32, input: &[u8]) -> Vec<u8> {
        LEDGERS.lock().balance(handle, input)
    }

    /// See [`Ledgers::trial_balance`].
    #[wasm_bindgen]
    pub fn ledger_trial_balance(handle: u32, input: &[u8]) -> Vec<u8> {
        LEDGERS.lock().trial_balance(handle, input)
    }

    /// See [`Ledgers::statement`].
    #[wasm_bindgen]
    pub fn ledger_statement(handle: u32, input: &[u8]) -> Vec<u8> {
        LEDGERS.lock().statement(handle, input)
    }

    /// See [`Ledgers::expiries`].
    #[wasm_bindgen]
    pub fn ledger_expiries(handle: u32, input: &[u8]) -> Vec<u8> {
        LEDGERS.lock().expiries(handle, input)
    }

    /// See [`Ledgers::days`].
    #[wasm_bindgen]
    pub fn ledger_days(handle: u32) -> Vec<u8> {
        LEDGERS.lock().days(handle)
    }

    /// See [`Ledgers::inclusion`].
    #[wasm_bindgen]
    pub fn ledger_inclusion(handle: u32, input: &[u8]) -> Vec<u8> {
        LEDGERS.lock().inclusion(handle, input)
    }

    /// See [`Ledgers::audit`].
    #[wasm_bindgen]
    pub fn ledger_audit(handle: u32) -> Vec<u8> {
        LEDGERS.lock().audit(handle)
    }

    /// See [`Ledgers::release`].
    #[wasm_bindgen]
    pub fn ledger_release(handle: u32) -> Vec<u8> {
        LEDGERS.lock().release(handle)
    }

    /// See [`super::verify`].
    #[wasm_bindgen]
    pub fn ledger_verify(lines: &[u8]) -> Vec<u8> {
        super::verify(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::templates::template;
    use super::*;

    const CHARGE: &str = r#"{"template":"charge","id":"charge:1","occurred_at":1,"recorded_at":2,"cause":"evt_1",
        "currency":"EUR","amounts":{"amount":"1000","fee":"30"},"names":{"gateway":"native"}}"#;

    fn text(reply: Vec<u8>) -> String {
        String::from_utf8(reply).unwrap()
    }

    fn ok(reply: Vec<u8>) -> serde_json::Value {
        let reply: serde_json::Value = serde_json::from_slice(&reply).unwrap();
        assert!(reply.get("ok").is_some(), "{reply}");
        reply["ok"].clone()
    }

    #[test]
    fn a_charge_goes_from_template_to_books_and_back_from_its_journal() {
        let mut ledgers = Ledgers::default();
        let zeros = "0".repeat(64);
        let opened = text(ledgers.open(b""));
        assert_eq!(opened, format!(r#"{{"ok":{{"handle":1,"length":0,"head":"{zeros}"}}}}"#));
        let entry = ok(template(CHARGE.as_bytes()));
        let drafted = ok(ledgers.draft(1, format!(r#"{{"entries":[{entry}]}}"#).as_bytes()));
        assert_eq!((&drafted[0]["status"], &drafted[0]["position"]), (&"created".into(), &1.into()));
        let line = format!("{}\n", drafted[0]["line"].as_str().unwrap());
        assert_eq!(ok(ledgers.apply(1, line.as_bytes()))["length"], 1);
        assert_eq!(
            text(ledgers.balance(1, br#"{"account":"Income:Sales","currency":"EUR"}"#)),
            concat!(
                r#"{"ok":{"debits":"0","credits":"1000","pending_debits":"0","pending_credits":"0","#,
                r#""balance":"1000","available":"1000","exponent":2}}"#
            )
        );
        let trial = ok(ledgers.trial_balance(1, b"{}"));
        assert_eq!((&trial[0]["debits"], &trial[0]["credits"]), (&"1000".into(), &"1000".into()));
        assert_eq!(trial[0]["accounts"].as_array().unwrap().len(), 3);
        assert_eq!(
            text(ledgers.statement(1, br#"{"account":"Expenses:GatewayFee"}"#)),
            concat!(
                r#"{"ok":[{"position":1,"entry":"charge:1","occurred_at":1,"description":"","side":"debit","#,
                r#""amount":"30","currency":"EUR","balance":"30"}]}"#
            )
        );
        let again = text(ledgers.draft(1, format!(r#"{{"entries":[{entry}]}}"#).as_bytes()));
        assert_eq!(again, r#"{"ok":[{"status":"exists","position":1}]}"#);
        assert_eq!(ok(ledgers.open(line.as_bytes()))["handle"], 2);
        assert_eq!(ok(verify(line.as_bytes()))["valid"], true);
        let tampered = line.replace("\"recorded_at\":2", "\"recorded_at\":3");
        let byte = tampered.find("\"recorded_at\":3").unwrap() + "\"recorded_at\":".len();
        let reason = "its hash is not that of its content";
        let found = format!(r#"{{"ok":{{"valid":false,"position":1,"reason":"{reason}","byte":{byte}}}}}"#);
        assert_eq!(text(verify(tampered.as_bytes())), found);
    }

    #[test]
    fn what_is_stored_is_watched_and_the_past_is_balanced_too() {
        let mut ledgers = Ledgers::default();
        let _ = ledgers.open(b"");
        let entry = ok(template(CHARGE.as_bytes())).to_string();
        let drafted = ok(ledgers.draft(1, format!(r#"{{"entries":[{entry}]}}"#).as_bytes()));
        let line = format!("{}\n", drafted[0]["line"].as_str().unwrap());
        let _ = ledgers.apply(1, line.as_bytes());
        let tampered = line.replace("\"recorded_at\":2", "\"recorded_at\":3");
        assert_eq!(
            text(ledgers.watch(1, tampered.as_bytes())),
            r#"{"ok":{"valid":false,"position":1,"reason":"its hash is not that of its content"}}"#
        );
        let watched = ok(ledgers.watch(1, line.as_bytes()));
        assert_eq!((&watched["valid"], &watched["position"]), (&true.into(), &1.into()));
        assert_eq!((&watched["compared"], &watched["balanced"]), (&true.into(), &true.into()));
        assert!(watched["differing"].as_array().unwrap().is_empty());
        assert_eq!(text(ledgers.trial_balance(1, br#"{"at":0}"#)), r#"{"ok":[]}"#);
        assert_eq!(text(ledgers.trial_balance(1, br#"{"known_at":1}"#)), r#"{"ok":[]}"#);
        assert_eq!(ledgers.trial_balance(1, br#"{"at":1}"#), ledgers.trial_balance(1, b"{}"));
    }

    #[test]
    fn what_was_drafted_before_for_the_same_commit_counts() {
        let mut ledgers = Ledgers::default();
        let _ = ledgers.open(b"");
        let entry = ok(template(CHARGE.as_bytes())).to_string();
        let other = entry.replace("charge:1", "charge:2");
        let different = entry.replace("\"occurred_at\":1", "\"occurred_at\":7");
        let draft = |entries: &str, before: &str| {
            text(ledgers.draft(1, format!(r#"{{"entries":[{entries}],"before":[{before}]}}"#).as_bytes()))
        };
        assert!(draft(&other, &entry).contains(r#""position":2"#));
        assert_eq!(draft(&entry, &entry), r#"{"ok":[{"status":"exists","position":1}]}"#);
        assert_eq!(
            draft(&different, &entry),
            r#"{"ok":[{"status":"exists_with_different","position":1,"field":"occurred_at"}]}"#
        );
        let both = draft(&format!("{other},{different}"), &entry);
        assert!(both.contains(r#""code":"entry_differs""#), "{both}");
        assert_eq!(draft("", ""), r#"{"ok":[]}"#);
    }

    #[test]
    fn a_released_handle_is_refused_with_what_to_do() {
        let mut ledgers = Ledgers::default();
        let _ = ledgers.open(b"");
        assert_eq!(text(ledgers.release(1)), r#"{"ok":null}"#);
        let refused = text(ledgers.trial_balance(1, b"{}"));
        assert!(
            refused.contains("no ledger has the handle 1: it was closed, open the ledger again"),
            "{refused}"
        );
        let refused = text(ledgers.open(b"{}\n"));
        assert!(refused.contains(r#""code":"journal_broken""#), "{refused}");
    }
}
