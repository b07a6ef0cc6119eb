//! The investigation door: one function from a journal and a command to new entries. Nothing is kept.

use crate::investigation::{
    Case, Error, Machine, Sighting, decode_entry, decode_moment, decode_number, decode_proposal,
    decode_sighting, encode_entry,
};
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, Value};
use crate::prelude::*;
use crate::time::Timestamp;

/// One step: `{ now, journal, do?: { type, … } }`, or `{ now, open: { run, id, figures, found } }`.
///
/// `do` is what a run shows, `seen` (`run`, `figures`, `found`) or `missed` (`run`); what a person wants, `assign` (`by`,
/// `to?`), `comment` (`by`, `text`), `propose` (`by`, `entry?`, `mends?`, `reason`), `reject` (`by`, `proposal`, `reason`), `approve`
/// (`by`, `proposal`, `four_eyes`) or `reopen` (`by`, `reason`); or what the ledger said, `posted` (`proposal`, `position`)
/// or `refused` (`proposal`, `reason`). Replies with `{ append, case }`.
///
/// # Errors
///
/// As [`Machine::open`], [`Machine::load`] and the commands.
pub fn step(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let now = decode_moment(&mut fields, "now")?;
    let mut machine = match fields.optional("open") {
        Some(open) => opened(open, now)?,
        None => {
            let mut journal = Vec::new();
            for entry in fields.list("journal")? {
                journal.push(decode_entry(entry)?);
            }
            Machine::load(&journal)?
        }
    };
    if let Some(command) = fields.optional("do") {
        carry_out(&mut machine, command, now)?;
    }
    fields.finish()?;
    Ok(written(&machine))
}

fn opened(open: &Value<'_>, now: Timestamp) -> Result<Machine, Error> {
    let mut fields = Fields::of(open, "open")?;
    let (run, id) = (fields.text("run")?, fields.text("id")?);
    let sighting = decode_sighting(&mut fields)?;
    fields.finish()?;
    Machine::open(now, run, id, sighting)
}

fn carry_out(machine: &mut Machine, command: &Value<'_>, now: Timestamp) -> Result<(), Error> {
    let mut fields = Fields::of(command, "do")?;
    let kind = fields.text("type")?;
    // What a person gave is judged by the machine, which says what is wrong with it.
    let said = |fields: &mut Fields<'_, '_>, field| -> Result<String, Error> {
        Ok(fields.maybe_text(field)?.unwrap_or_default().to_owned())
    };
    match kind {
        "seen" => {
            let run = said(&mut fields, "run")?;
            let sighting: Sighting = decode_sighting(&mut fields)?;
            machine.seen(now, &run, sighting)?;
        }
        "missed" => machine.missed(now, &said(&mut fields, "run")?)?,
        "assign" => machine.assign(now, &said(&mut fields, "by")?, fields.maybe_text("to")?)?,
        "comment" => machine.comment(now, &said(&mut fields, "by")?, &said(&mut fields, "text")?)?,
        "propose" => {
            let by = said(&mut fields, "by")?;
            machine.propose(now, &by, decode_proposal(&mut fields)?)?;
        }
        "reject" => {
            let (by, number) = (said(&mut fields, "by")?, decode_number(&mut fields)?);
            machine.reject(now, &by, number, &said(&mut fields, "reason")?)?;
        }
        "approve" => {
            let (by, number) = (said(&mut fields, "by")?, decode_number(&mut fields)?);
            machine.approve(now, &by, number, fields.maybe_flag("four_eyes")?.unwrap_or(true))?;
        }
        "posted" => {
            let number = decode_number(&mut fields)?;
            machine.posted(now, number, fields.integer("position")?)?;
        }
        "refused" => {
            let number = decode_number(&mut fields)?;
            machine.refused(now, number, fields.text("reason")?)?;
        }
        "reopen" => machine.reopen(now, &said(&mut fields, "by")?, &said(&mut fields, "reason")?)?,
        other => {
            let expected = "what a run shows, a person wants, or the ledger said";
            let found = json::quoted(other);
            return Err(
                json::Error::from(json::ErrorKind::WrongField { field: "type", expected, found }).into()
            );
        }
    }
    Ok(fields.finish()?)
}

fn written(machine: &Machine) -> String {
    let mut append = ArrayWriter::new();
    for entry in machine.new_entries() {
        append = append.raw(&encode_entry(entry));
    }
    ObjectWriter::new().raw("append", &append.finish()).raw("case", &shown(machine.case())).finish()
}

/// The case as the driver sees it. What a run found and what is proposed are JSON text, as they were stored.
fn shown(case: &Case) -> String {
    let mut proposals = ArrayWriter::new();
    for proposed in &case.proposals {
        let out = ObjectWriter::new()
            .text("by", &proposed.by)
            .maybe_text("entry", proposed.proposal.entry.as_deref())
            .flag("mends", proposed.proposal.mends)
            .text("reason", &proposed.proposal.reason)
            .maybe_text("approved_by", proposed.approved_by.as_deref());
        let out = match proposed.position {
            Some(position) => out.number("position", position),
            None => out,
        };
        proposals = proposals.raw(&out.finish());
    }
    let out = ObjectWriter::new()
        .text("id", &case.id)
        .text("state", case.state.name())
        .text("found", &case.sighting.found)
        .text("run", &case.run)
        .number("run_at", case.run_at.unix_ms())
        .number("opened_at", case.opened_at.unix_ms())
        .number("changed_at", case.changed_at.unix_ms());
    let out = match case.resolved_at {
        Some(at) => out.number("resolved_at", at.unix_ms()),
        None => out,
    };
    out.maybe_text("assignee", case.assignee.as_deref())
        .number("returns", case.returns.into())
        .raw("proposals", &proposals.finish())
        .finish()
}

/// What JavaScript calls.
#[cfg(all(target_family = "wasm", feature = "wasm-investigation"))]
pub mod exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;
    use crate::wasm::reply;

    /// See [`super::step`].
    #[wasm_bindgen]
    pub fn investigation_step(input: &[u8]) -> Vec<u8> {
        reply::of(super::step(input))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose as _;

    const OPENED: &str = r#"{"type":"opened","at":1,"v":1,"id":"b1","run":"r1","figures":"{}","found":"{}"}"#;

    fn asked(command: &str) -> Result<String, Error> {
        step(format!(r#"{{"now":2,"journal":[{OPENED}],"do":{command}}}"#).as_bytes())
    }

    #[test]
    fn a_new_case_is_opened_and_shown() {
        let open = r#"{"now":1,"open":{"run":"r1","id":"b1","figures":"{}","found":"{}"}}"#;
        insta::assert_snapshot!(step(open.as_bytes()).unwrap(), @r#"{"append":[{"type":"opened","at":1,"v":1,"id":"b1","run":"r1","figures":"{}","found":"{}"}],"case":{"id":"b1","state":"open","found":"{}","run":"r1","run_at":1,"opened_at":1,"changed_at":1,"returns":0,"proposals":[]}}"#);
    }

    #[test]
    fn a_command_adds_an_entry_and_a_look_adds_none() {
        let reply = asked(r#"{"type":"propose","by":"ann","reason":"fee"}"#).unwrap();
        assert!(
            reply.contains(r#""append":[{"type":"proposed","at":2,"by":"ann","proposal":1,"mends":false,"reason":"fee"}]"#),
            "{reply}"
        );
        let reply = step(format!(r#"{{"now":2,"journal":[{OPENED}]}}"#).as_bytes()).unwrap();
        assert!(reply.starts_with(r#"{"append":[],"#), "{reply}");
    }

    #[test]
    fn what_this_door_does_not_take_is_refused_by_the_name_of_the_field() {
        let table = [
            (r#"{"type":"forget","by":"ann"}"#, "field_invalid"),
            (r#"{"type":"assign","to":"ann"}"#, "case_text_invalid"),
            (r#"{"type":"comment","by":"ann","test":"x","text":"x"}"#, "field_unknown"),
            (r#"{"type":"approve","by":"ann"}"#, "field_missing"),
            (r#"{"type":"approve","by":"ann","proposal":4294967296}"#, "field_invalid"),
            (r#"{"type":"approve","by":"ann","proposal":1}"#, "proposal_not_waiting"),
            (r#"{"type":"posted","proposal":1,"position":1}"#, "proposal_not_approved"),
            (r#"{"type":"seen","run":"r2","figures":"{}"}"#, "field_missing"),
        ];
        for (command, code) in table {
            assert_eq!(asked(command).unwrap_err().code(), code, "{command}");
        }
        assert_eq!(step(br#"{"now":2,"journal":[]}"#).unwrap_err().code(), "case_journal_broken");
    }
}
