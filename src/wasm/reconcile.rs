//! The doors of reconciliation: files in and a batch out, a batch in and verdicts out, verdicts in and a report out.
//! Nothing is kept.
//!
//! Two artefacts share them: `reconcile-files` has what stands at either end, `reconcile` the judgement between.

use super::reply;
use crate::advice::{Diagnose, Report, reported};
use crate::calendar;
use crate::json::{self, Fields, Value};
use crate::prelude::*;
use crate::reconcile::{
    self, Error as ReconcileError, IN_FLIGHT_DAYS_DEFAULT, Options, PartError, Share, Source, Sources,
};
use crate::time::Timestamp;

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The options are not what they should be.
    Json(json::Error),
    /// A file was refused.
    Reconcile(ReconcileError),
    /// Parts were not merged or not judged.
    Part(PartError),
}

/// Takes `{"ledger": [{"name", "length"}, …], "settlement": […], "bank": […], "as_of"?, "in_flight_days"?,
/// "business_days"?, "holidays"?: [{"day"}], "ledger_columns"?: [{"ours", "theirs"}], "settlement_columns"?,
/// "bank_columns"?, "whole"?, "part"?, "parts"?}` and the bytes of the files of each side, one after the other. Answers with a batch, which no `{`
/// begins, or with the reply of a refusal.
#[must_use]
pub fn read(options: &[u8], ledger: &[u8], settlement: &[u8], bank: &[u8]) -> Vec<u8> {
    try_read(options, [ledger, settlement, bank]).unwrap_or_else(|error| reply::refusal(&error))
}

/// Takes parts one after the other, and how long each of them is as `{"parts": [{"length"}, …]}`. Answers with one part, or
/// with the reply of a refusal.
#[must_use]
pub fn merge(lengths: &[u8], parts: &[u8]) -> Vec<u8> {
    try_merge(lengths, parts).unwrap_or_else(|error| reply::refusal(&error))
}

/// Takes the part that [`merge`] has made of all parts of a run, and the terms as [`judge`] does. Replies with the document of
/// [`Report::to_json`](reconcile::Report::to_json).
#[must_use]
pub fn conclude(part: &[u8], terms: &[u8]) -> Vec<u8> {
    match reconcile::judge_by(part, terms) {
        Ok(verdicts) => report(&verdicts),
        Err(error) => reply::refusal(&Error::Part(error)),
    }
}

fn try_merge(lengths: &[u8], parts: &[u8]) -> Result<Vec<u8>, Error> {
    let document = json::parse(lengths)?;
    let mut fields = Fields::of(&document, "options")?;
    let mut rest = parts;
    let mut cut = Vec::new();
    for part in fields.list("parts")? {
        let mut fields = Fields::of(part, "part")?;
        cut.push(taken(&mut rest, fields.integer("length")?)?);
        fields.finish()?;
    }
    fields.finish()?;
    reconcile::merge(&cut).map_err(Error::Part)
}

/// So many bytes from the front.
fn taken<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], json::Error> {
    let cut = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (own, others) = cut.ok_or_else(|| {
        json::Error::from(json::ErrorKind::WrongField {
            field: "length",
            expected: "no more bytes than were passed",
            found: length.digits(),
        })
    })?;
    *rest = others;
    Ok(own)
}

/// Takes a batch and the terms of the run, nothing for the usual ones; answers with verdicts, or with nothing, which are none,
/// where the bytes are no batch or no terms.
#[must_use]
pub fn judge(batch: &[u8], terms: &[u8]) -> Vec<u8> {
    reconcile::judge_by(batch, terms).unwrap_or_default()
}

/// Takes verdicts. Replies with the document of [`Report::to_json`](reconcile::Report::to_json).
#[must_use]
pub fn report(verdicts: &[u8]) -> Vec<u8> {
    reply::of(reconcile::report(verdicts).map(|report| report.to_json()))
}

/// Takes verdicts. Answers with the matches that were asked for, as JSON Lines, or with the reply of a refusal.
#[must_use]
pub fn matches(verdicts: &[u8]) -> Vec<u8> {
    reconcile::matches(verdicts).map_or_else(|corrupt| reply::refusal(&corrupt), String::into_bytes)
}

/// Takes what [`read`] takes, and answers with what the rows come to: see [`add_up`](reconcile::add_up). No refusal begins like it.
#[must_use]
pub fn add_up(options: &[u8], ledger: &[u8], settlement: &[u8], bank: &[u8]) -> Vec<u8> {
    let bytes = [ledger, settlement, bank];
    with_sources(options, bytes, &mut |sources, _| reconcile::add_up(sources))
        .unwrap_or_else(|error| reply::refusal(&error))
}

fn try_read(options: &[u8], bytes: [&[u8]; 3]) -> Result<Vec<u8>, Error> {
    with_sources(options, bytes, &mut |sources, asked| {
        reconcile::partition(sources, asked.options(), asked.share)
    })
}

/// What is done with the files of a run.
type Then<'t> = dyn FnMut(&Sources<'_>, &Asked<'_>) -> Result<Vec<u8>, ReconcileError> + 't;

/// Cuts the bytes of each side into its files.
fn with_sources(options: &[u8], bytes: [&[u8]; 3], then: &mut Then<'_>) -> Result<Vec<u8>, Error> {
    let document = json::parse(options)?;
    let asked = Asked::of(&document)?;
    let [ledger, settlement, bank] = &asked.files;
    let [our_bytes, their_bytes, bank_bytes] = bytes;
    let (ledger, settlement) = (cut(ledger, our_bytes)?, cut(settlement, their_bytes)?);
    let bank = cut(bank, bank_bytes)?;
    let [ours, theirs, banks] = &asked.mappings;
    let sources =
        Sources { ledger: &ledger, settlement: &settlement, bank: &bank, mappings: [ours, theirs, banks] };
    Ok(then(&sources, &asked)?)
}

/// A name and so many bytes.
pub(super) type File<'a> = (&'a str, u64);

/// What the options of [`read`] say.
pub(super) struct Asked<'a> {
    pub(super) files: [Vec<File<'a>>; 3],
    pub(super) mappings: [Vec<(&'a str, &'a str)>; 3],
    pub(super) holidays: Vec<Timestamp>,
    pub(super) share: Share,
    as_of: Option<Timestamp>,
    in_flight_days: u64,
    business_days: bool,
    pub(super) is_whole: bool,
}

impl<'a> Asked<'a> {
    pub(super) fn of(document: &'a Value<'a>) -> Result<Self, Error> {
        let mut fields = Fields::of(document, "options")?;
        let files = [
            files(fields.list("ledger")?)?,
            files(fields.list("settlement")?)?,
            files(fields.list("bank")?)?,
        ];
        let as_of = fields.maybe_integer("as_of")?;
        let in_flight_days = fields.maybe_integer("in_flight_days")?.unwrap_or(IN_FLIGHT_DAYS_DEFAULT);
        let business_days = fields.maybe_flag("business_days")?.unwrap_or(false);
        let mut holidays = Vec::new();
        for day in fields.list("holidays")? {
            let mut fields = Fields::of(day, "holiday")?;
            let text = fields.text("day")?;
            let moment = calendar::parse_date(text).map_err(|_| {
                json::Error::from(json::ErrorKind::WrongField {
                    field: "holidays",
                    expected: "days such as 2026-12-25",
                    found: text.to_owned(),
                })
            });
            holidays.push(moment?);
            fields.finish()?;
        }
        let is_whole = fields.maybe_flag("whole")?.unwrap_or(false);
        let mappings = [
            columns(fields.list("ledger_columns")?)?,
            columns(fields.list("settlement_columns")?)?,
            columns(fields.list("bank_columns")?)?,
        ];
        let share = match fields.maybe_integer("part")? {
            None => Share::WHOLE,
            Some(index) => Share { index: small(index), of: small(fields.integer("parts")?) },
        };
        fields.finish()?;
        let as_of = as_of.map(moment).transpose()?;
        Ok(Self { files, mappings, holidays, share, as_of, in_flight_days, business_days, is_whole })
    }

    pub(super) fn options(&self) -> Options<'_> {
        let Self { as_of, in_flight_days, business_days, is_whole, ref holidays, .. } = *self;
        Options { as_of, in_flight_days, business_days, holidays, is_whole }
    }
}

/// What is too large for a number of parts is refused as one.
fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn columns<'a>(list: &'a [Value<'a>]) -> Result<Vec<(&'a str, &'a str)>, json::Error> {
    let mut columns = Vec::new();
    for column in list {
        let mut fields = Fields::of(column, "column")?;
        columns.push((fields.text("ours")?, fields.text("theirs")?));
        fields.finish()?;
    }
    Ok(columns)
}

fn moment(ms: u64) -> Result<Timestamp, json::Error> {
    Timestamp::from_unix_ms(ms).ok_or_else(|| {
        json::Error::from(json::ErrorKind::WrongField {
            field: "as_of",
            expected: "milliseconds since 1970, not after the year 9999",
            found: ms.digits(),
        })
    })
}

/// The files of a side.
fn files<'a>(list: &'a [Value<'a>]) -> Result<Vec<File<'a>>, json::Error> {
    let mut files = Vec::with_capacity(list.len());
    for file in list {
        let mut fields = Fields::of(file, "file")?;
        files.push((fields.text("name")?, fields.integer("length")?));
        fields.finish()?;
    }
    Ok(files)
}

/// Cuts the bytes of a side into its files.
fn cut<'a>(files: &[File<'a>], data: &'a [u8]) -> Result<Vec<Source<'a>>, json::Error> {
    let mut rest = data;
    let mut sources = Vec::with_capacity(files.len());
    for (name, length) in files {
        sources.push(Source { name, data: taken(&mut rest, *length)? });
    }
    Ok(sources)
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<ReconcileError> for Error {
    fn from(error: ReconcileError) -> Self {
        Self::Reconcile(error)
    }
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::Json(error) => error.report(),
            Self::Reconcile(error) => error.report(),
            Self::Part(error) => error.report(),
        }
    }
}

reported!(Error);

/// What JavaScript sees of the judgement.
#[cfg(all(feature = "wasm-reconcile", target_family = "wasm"))]
pub mod exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;

    /// See [`super::judge`].
    #[wasm_bindgen]
    pub fn reconcile_judge(batch: &[u8], terms: &[u8]) -> Vec<u8> {
        super::judge(batch, terms)
    }
}

/// What JavaScript sees of files and reports.
#[cfg(all(feature = "wasm-reconcile-files", target_family = "wasm"))]
pub mod file_exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;

    /// See [`super::read`].
    #[wasm_bindgen]
    pub fn reconcile_read(options: &[u8], ledger: &[u8], settlement: &[u8], bank: &[u8]) -> Vec<u8> {
        super::read(options, ledger, settlement, bank)
    }

    /// See [`super::add_up`].
    #[wasm_bindgen]
    pub fn reconcile_add_up(options: &[u8], ledger: &[u8], settlement: &[u8], bank: &[u8]) -> Vec<u8> {
        super::add_up(options, ledger, settlement, bank)
    }

    /// See [`super::matches`].
    #[wasm_bindgen]
    pub fn reconcile_matches(verdicts: &[u8]) -> Vec<u8> {
        super::matches(verdicts)
    }

    /// See [`super::report`].
    #[wasm_bindgen]
    pub fn reconcile_report(verdicts: &[u8]) -> Vec<u8> {
        super::report(verdicts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(options: &str, ledger: &str, settlement: &str) -> String {
        let batch = read(options.as_bytes(), ledger.as_bytes(), settlement.as_bytes(), b"");
        let reply = if batch.starts_with(b"{") { batch } else { report(&judge(&batch, b"")) };
        String::from_utf8(reply).unwrap()
    }

    #[test]
    fn files_are_cut_where_the_options_say_and_keep_their_names() {
        let header = "reference,amount,currency\n";
        let (first, second) = (format!("{header}order_1,1.00,EUR\n"), format!("{header}order_2,2.00,EUR\n"));
        let options = format!(
            r#"{{"ledger":[],"settlement":[{{"name":"a.csv","length":{}}},{{"name":"b.csv","length":{}}}],
                "as_of":0,"in_flight_days":0}}"#,
            first.len(),
            second.len()
        );
        let reply = text(&options, "", &format!("{first}{second}"));
        assert!(reply.starts_with(r#"{"ok":{"version":1,"#), "{reply}");
        for place in [r#"{"file":"a.csv","line":2}"#, r#"{"file":"b.csv","line":2}"#] {
            assert!(reply.contains(place), "{reply}");
        }
    }

    #[test]
    fn bytes_that_are_no_batch_become_no_report() {
        let batch = read(b"{}", b"", b"", b"");
        for wrong in
            [b"".as_slice(), b"{}", &batch[..batch.len() - 1], &[&batch, b"\x00".as_slice()].concat()]
        {
            let verdicts = judge(wrong, b"");
            assert!(verdicts.is_empty(), "{wrong:?}");
            let reply = String::from_utf8(report(&verdicts)).unwrap();
            assert!(reply.contains(r#""code":"batch_corrupt""#), "{reply}");
        }
    }

    #[test]
    fn wrong_options_and_unreadable_files_are_refused_with_their_names() {
        let table = [
            ("{}", "", r#"{"ok":{"version":1,"#),
            (
                r#"{"ledger":[{"name":"a","length":2}]}"#,
                "x",
                r#""message":"the field `length` holds 2: expected"#,
            ),
            (r#"{"ledger":[{"name":"a.csv","length":0}]}"#, "", r#""message":"a.csv: the file is empty"#),
            (r#"{"as_of":253402300800000}"#, "", r#""code":"field_invalid""#),
            (r#"{"in_flight_days":367}"#, "", r#""code":"reconcile_window_too_long""#),
            (r#"{"inFlightDays":1}"#, "", r#""code":"field_unknown""#),
            (r#"{"holidays":[{"day":"2026-02-30"}]}"#, "", "expected days such as 2026-12-25"),
            (
                r#"{"ledger":[{"name":"a.csv","length":1}],"ledger_columns":[{"ours":"amount","theirs":"Total"}]}"#,
                "x",
                "a.csv: the header has no column Total",
            ),
        ];
        for (options, ledger, expected) in table {
            let reply = text(options, ledger, "");
            assert!(reply.contains(expected), "{options}: {reply}");
        }
    }
}
