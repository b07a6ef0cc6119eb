//! The doors of reconciliation: files in and a batch out, a batch in and verdicts out, verdicts in and a report out.
//! Nothing is kept.
//!
//! Two artefacts share them: `reconcile-files` has what stands at either end, `reconcile` the judgement between.

use super::reply;
use crate::advice::{Diagnose, Report, reported};
use crate::calendar;
use crate::json::{self, Fields, Value};
use crate::prelude::*;
use crate::reconcile::{self, Error as ReconcileError, IN_FLIGHT_DAYS_DEFAULT, Options, Source, Sources};
use crate::time::Timestamp;

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The options are not what they should be.
    Json(json::Error),
    /// A file was refused.
    Reconcile(ReconcileError),
}

/// Takes `{"ledger": [{"name", "length"}, …], "settlement": […], "bank": […], "as_of"?, "in_flight_days"?,
/// "business_days"?, "holidays"?: [{"day"}], "ledger_columns"?: [{"ours", "theirs"}], "settlement_columns"?,
/// "bank_columns"?}` and the bytes of the files of each side, one after the other. Answers with a batch, which no `{`
/// begins, or with the reply of a refusal.
#[must_use]
pub fn read(options: &[u8], ledger: &[u8], settlement: &[u8], bank: &[u8]) -> Vec<u8> {
    try_read(options, [ledger, settlement, bank]).unwrap_or_else(|error| reply::refusal(&error))
}

/// Takes a batch and answers with verdicts; with nothing, which are none, where the bytes are no batch.
#[must_use]
pub fn judge(batch: &[u8]) -> Vec<u8> {
    reconcile::judge(batch).unwrap_or_default()
}

/// Takes verdicts. Replies with the document of [`Report::to_json`](reconcile::Report::to_json).
#[must_use]
pub fn report(verdicts: &[u8]) -> Vec<u8> {
    reply::of(reconcile::report(verdicts).map(|report| report.to_json()))
}

fn try_read(options: &[u8], [ledger, settlement, bank]: [&[u8]; 3]) -> Result<Vec<u8>, Error> {
    let document = json::parse(options)?;
    let mut fields = Fields::of(&document, "options")?;
    let ledger = files(fields.list("ledger")?, ledger)?;
    let settlement = files(fields.list("settlement")?, settlement)?;
    let bank = files(fields.list("bank")?, bank)?;
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
    let mappings = [
        columns(fields.list("ledger_columns")?)?,
        columns(fields.list("settlement_columns")?)?,
        columns(fields.list("bank_columns")?)?,
    ];
    fields.finish()?;
    let as_of = as_of.map(moment).transpose()?;
    let [ours, theirs, banks] = &mappings;
    let sources =
        Sources { ledger: &ledger, settlement: &settlement, bank: &bank, mappings: [ours, theirs, banks] };
    Ok(reconcile::read(&sources, Options { as_of, in_flight_days, business_days, holidays: &holidays })?)
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

/// Cuts the bytes of a side into its files.
fn files<'a>(list: &'a [Value<'a>], data: &'a [u8]) -> Result<Vec<Source<'a>>, json::Error> {
    let mut rest = data;
    let mut files = Vec::with_capacity(list.len());
    for file in list {
        let mut fields = Fields::of(file, "file")?;
        let name = fields.text("name")?;
        let length = fields.integer("length")?;
        fields.finish()?;
        let cut = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
        let (own, others) = cut.ok_or_else(|| {
            json::Error::from(json::ErrorKind::WrongField {
                field: "length",
                expected: "no more bytes than were passed",
                found: length.digits(),
            })
        })?;
        files.push(Source { name, data: own });
        rest = others;
    }
    Ok(files)
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
    pub fn reconcile_judge(batch: &[u8]) -> Vec<u8> {
        super::judge(batch)
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
        let reply = if batch.starts_with(b"{") { batch } else { report(&judge(&batch)) };
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
            let verdicts = judge(wrong);
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
