//! The door to plans: an artefact of its own, for books that a database keeps and no process holds.

use super::{documents, expired, maybe_moment, read_records};
use crate::json::{self, Fields};
use crate::ledger::{Answer, Error as LedgerError, Ledger, Record};
use crate::prelude::*;
use crate::wasm::reply;

/// Takes `{"known": [...], "record": {...}}`. Replies with the answer of a draft, where the line of `created` is good for its
/// record alone, and `demands`: `[{"account", "key"?, "currency", "side", "change", "loose"}]`. With `now` in the place of
/// `record`, replies with the entries that let go of those holds whose time is over. With `before`, the record that is there
/// under the same id, replies with what that comes to, and `known` is not looked at.
#[must_use]
pub fn plan(input: &[u8]) -> Vec<u8> {
    reply::of(try_plan(input))
}

fn try_plan(input: &[u8]) -> Result<String, LedgerError> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "plan")?;
    let ledger = Ledger::gathered(read_records(fields.list("known")?)?)?;
    let now = maybe_moment(&mut fields, "now")?;
    if let Some(now) = now {
        fields.finish()?;
        return Ok(expired(&ledger, now));
    }
    let record = Record::from_json(fields.required("record", "an entry or a standing")?)?;
    if let Some(before) = fields.optional("before") {
        fields.finish()?;
        return Ok(documents::answer(&Answer::repeated(1, &Record::from_json(before)?, &record)));
    }
    fields.finish()?;
    Ok(documents::plan(&ledger.plan(record)?))
}

/// What JavaScript sees.
#[cfg(all(feature = "wasm-ledger-plan", target_family = "wasm"))]
pub mod exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;

    /// See [`super::plan`].
    #[wasm_bindgen]
    pub fn ledger_plan(input: &[u8]) -> Vec<u8> {
        super::plan(input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPENT: &str = r#"{"cause":"c","id":"e","occurred_at":1,"postings":[
        {"account":"Liabilities:Wallet:a","amount_minor":"5","currency":"EUR","side":"debit"},
        {"account":"Liabilities:Wallet:b","amount_minor":"5","currency":"EUR","side":"credit"}],"recorded_at":1}"#;

    fn planned(input: &str) -> String {
        String::from_utf8(plan(input.as_bytes())).unwrap()
    }

    #[test]
    fn a_plan_crosses_with_its_demands_and_a_repetition_with_what_differs() {
        let reply = planned(&format!(r#"{{"known":[],"record":{SPENT}}}"#));
        let demands = concat!(
            r#""demands":[{"account":"Liabilities:Wallet:a","currency":"EUR","side":"credit","#,
            r#""change":"-5","loose":"-5"}]"#
        );
        assert!(
            reply.starts_with(r#"{"ok":{"status":"created","position":1,"line":"{\"entry\":"#),
            "{reply}"
        );
        assert!(reply.contains(demands), "{reply}");
        let later = SPENT.replace("\"occurred_at\":1", "\"occurred_at\":2");
        // before, expected
        let table = [
            (SPENT, r#"{"ok":{"status":"exists","position":1}}"#),
            (&later, r#"{"ok":{"status":"exists_with_different","position":1,"field":"occurred_at"}}"#),
        ];
        for (before, expected) in table {
            assert_eq!(planned(&format!(r#"{{"before":{before},"record":{SPENT}}}"#)), expected);
        }
        let known = planned(&format!(r#"{{"known":[{SPENT}],"record":{SPENT}}}"#));
        assert_eq!(known, r#"{"ok":{"status":"exists","position":1,"demands":[]}}"#);
    }

    #[test]
    fn with_a_time_the_holds_that_are_over_are_let_go() {
        let hold = SPENT.replace("\"occurred_at\"", "\"expires_at\":7,\"occurred_at\"");
        let hold = hold.replace("\"currency\":\"EUR\"", "\"currency\":\"EUR\",\"layer\":\"pending\"");
        assert_eq!(planned(&format!(r#"{{"known":[{hold}],"now":6}}"#)), r#"{"ok":[]}"#);
        let over = planned(&format!(r#"{{"known":[{hold}],"now":7}}"#));
        assert!(over.contains(r#""id":"expiry:e""#), "{over}");
    }
}
