//! The saga door: one function from a journal, a command or news to new entries and one action. Nothing is kept.

use crate::crypto::{HexCase, decode_hex};
use crate::entropy::Entropy;
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, Value};
use crate::prelude::*;
use crate::retry::{Jitter, Policy};
use crate::saga::{
    Action, Direction, Error, ErrorKind, Machine, News, Place, Saga, Settings, State, decode_definition,
    decode_entry, encode_entry,
};
use crate::time::{Millis, Timestamp};

/// One round: `{ now, journal | open, same_as?, cancel?, resume?, news?, owner?, entropy, settings? }`.
///
/// `open` is `{ name, id, steps: [{ name, undo }], input }` with the input as JSON text, `same_as` the input of a
/// repeated call, `cancel` a reason, `resume` a flag, and `news` `{ step, back, attempt, type, … }` with `done`
/// (`result`), `refused` (`reason`, `proven`), `failed` (`reason`) or `pending` (`reason`, `check_at?`). Without an
/// `owner` the saga is only looked at. Replies with `{ append, action, saga, wake_at }`.
///
/// # Errors
///
/// As [`Machine::open`], [`Machine::load`] and the commands.
pub fn step(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let now = moment(&mut fields, "now")?;
    let settings = settings(&mut fields)?;
    let mut entropy = entropy(&mut fields)?;
    let mut machine = match fields.optional("open") {
        Some(open) => opened(open, settings, now)?,
        None => {
            let mut journal = Vec::new();
            for entry in fields.list("journal")? {
                journal.push(decode_entry(entry)?);
            }
            Machine::load(settings, &journal)?
        }
    };
    let owner = fields.maybe_text("owner")?;
    if let Some(input) = fields.maybe_text("same_as")? {
        machine.check_same(input)?;
    }
    if let Some(reason) = fields.maybe_text("cancel")? {
        machine.cancel(now, reason)?;
    }
    if fields.maybe_flag("resume")? == Some(true) {
        machine.resume(now);
    }
    if let Some(news) = fields.optional("news") {
        tell(&mut machine, news, now, &mut entropy)?;
    }
    fields.finish()?;
    let action = owner.map_or(Action::Rest, |owner| machine.poll(now, owner));
    Ok(written(&machine, &action))
}

fn opened(open: &Value<'_>, settings: Settings, now: Timestamp) -> Result<Machine, Error> {
    let mut fields = Fields::of(open, "open")?;
    let definition = decode_definition(&mut fields)?;
    let input = fields.text("input")?;
    fields.finish()?;
    Machine::open(settings, definition, input, now)
}

fn tell(machine: &mut Machine, news: &Value<'_>, now: Timestamp, entropy: &mut Entropy) -> Result<(), Error> {
    let mut fields = Fields::of(news, "news")?;
    let attempt = fields.integer("attempt")?;
    let place = Place {
        step: fields.text("step")?,
        back: fields.maybe_flag("back")?.unwrap_or(false),
        attempt: u32::try_from(attempt)
            .map_err(|_| wrong("attempt", "a count below 2^32", attempt.digits()))?,
    };
    let kind = fields.text("type")?;
    let reason = fields.maybe_text("reason")?.unwrap_or_default().to_owned();
    let news = match kind {
        "done" => News::Done { result: fields.text("result")?.to_owned() },
        "refused" => News::Refused { reason, proven: fields.maybe_flag("proven")?.unwrap_or(false) },
        "failed" => News::Failed { reason },
        "pending" => {
            let check_at = fields.maybe_integer("check_at")?;
            News::Pending { reason, check_at: check_at.and_then(Timestamp::from_unix_ms) }
        }
        other => {
            let expected = "\"done\", \"refused\", \"failed\" or \"pending\"";
            return Err(wrong("type", expected, json::quoted(other)));
        }
    };
    fields.finish()?;
    machine.handle(now, place, news, entropy);
    Ok(())
}

fn written(machine: &Machine, action: &Action) -> String {
    let mut append = ArrayWriter::new();
    for entry in machine.new_entries() {
        append = append.raw(&encode_entry(entry));
    }
    let out = ObjectWriter::new()
        .raw("append", &append.finish())
        .raw("action", &described(action))
        .raw("saga", &shown(machine.saga()));
    match machine.wake_at() {
        Some(at) => out.number("wake_at", at.unix_ms()),
        None => out.null("wake_at"),
    }
    .finish()
}

fn described(action: &Action) -> String {
    let out = ObjectWriter::new();
    match action {
        Action::Run { attempt, key, doubtful } => out
            .text("type", "run")
            .number("attempt", u64::from(*attempt))
            .text("key", key)
            .flag("doubtful", *doubtful),
        Action::Wait { until } => out.text("type", "wait").number("until", until.unix_ms()),
        Action::Rest => out.text("type", "rest"),
    }
    .finish()
}

/// The saga as the driver sees it. Results are JSON text, as they were stored.
fn shown(saga: &Saga) -> String {
    let mut results = ObjectWriter::new();
    for (step, result) in saga.definition.steps.iter().zip(&saga.results) {
        results = results.maybe_text(&step.name, result.as_deref());
    }
    let mut out = ObjectWriter::new()
        .text("state", saga.state.name())
        .text("name", &saga.definition.name)
        .text("id", &saga.definition.id)
        .text("input", &saga.input)
        .text("step", saga.step_name())
        .flag("back", saga.direction == Direction::Back)
        .number("attempts", u64::from(saga.attempts))
        .maybe_text("turned", saga.turned.as_deref())
        .maybe_text("cancelled", saga.cancelled.as_deref());
    if let State::Parked { reason } | State::NeedsReview { reason } = &saga.state {
        out = out.text("reason", reason);
    }
    out.raw("results", &results.finish()).finish()
}

fn settings(fields: &mut Fields<'_, '_>) -> Result<Settings, Error> {
    let mut settings = Settings::default();
    let Some(value) = fields.optional("settings") else { return Ok(settings) };
    let mut fields = Fields::of(value, "settings")?;
    if let Some(ms) = fields.maybe_integer("lease_ms")? {
        settings.lease = Millis::new(ms);
    }
    settings.attempts_max = attempts(&mut fields, "attempts_max", settings.attempts_max)?;
    settings.undo_attempts_max = attempts(&mut fields, "undo_attempts_max", settings.undo_attempts_max)?;
    let base = fields.maybe_integer("base_ms")?.map_or(settings.retry.base(), Millis::new);
    let cap = fields.maybe_integer("cap_ms")?.map_or_else(|| settings.retry.cap().max(base), Millis::new);
    let policy = Policy::new(base, cap, Jitter::Equal);
    settings.retry =
        policy.map_err(|_| wrong("cap_ms", "at least base_ms, and both from 1", cap.get().digits()))?;
    fields.finish()?;
    Ok(settings)
}

fn attempts(fields: &mut Fields<'_, '_>, field: &'static str, default: u32) -> Result<u32, Error> {
    let Some(number) = fields.maybe_integer(field)? else { return Ok(default) };
    u32::try_from(number).map_err(|_| wrong(field, "a count below 2^32", number.digits()))
}

fn moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, Error> {
    let ms = fields.integer(field)?;
    Timestamp::from_unix_ms(ms).ok_or_else(|| wrong(field, "a moment before the year 10000", ms.digits()))
}

fn entropy(fields: &mut Fields<'_, '_>) -> Result<Entropy, Error> {
    let bytes =
        decode_hex(fields.text("entropy")?, HexCase::Lower).ok().and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(Entropy::from_bytes)
        .ok_or_else(|| wrong("entropy", "16 bytes in lower-case hexadecimal", "another text".to_owned()))
}

fn wrong(field: &'static str, expected: &'static str, found: String) -> Error {
    ErrorKind::Document(json::ErrorKind::WrongField { field, expected, found }.into()).into()
}

/// What JavaScript calls.
#[cfg(all(target_family = "wasm", feature = "wasm-saga"))]
pub mod exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;
    use crate::wasm::reply;

    /// See [`super::step`].
    #[wasm_bindgen]
    pub fn saga_step(input: &[u8]) -> Vec<u8> {
        reply::of(super::step(input))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose as _;

    const ENTROPY: &str = r#""entropy":"000102030405060708090a0b0c0d0e0f""#;
    const OPEN: &str = r#""open":{"name":"order","id":"42","steps":[{"name":"a","undo":true}],"input":"{}"}"#;

    fn asked(rest: &str) -> Result<String, Error> {
        step(glued(&["{\"now\":1,", ENTROPY, ",", rest, "}"]).as_bytes())
    }

    #[test]
    fn a_new_saga_is_begun_and_its_first_step_is_to_be_run() {
        insta::assert_snapshot!(asked(&format!("{OPEN},\"owner\":\"me\"")).unwrap(), @r#"{"append":[{"type":"opened","at":1,"v":1,"name":"order","id":"42","steps":[{"name":"a","undo":true}],"input":"{}"},{"type":"began","at":1,"attempt":1,"owner":"me","lease_until":30001}],"action":{"type":"run","attempt":1,"key":"step:order:42:a","doubtful":false},"saga":{"state":"in_flight","name":"order","id":"42","input":"{}","step":"a","back":false,"attempts":1,"results":{}},"wake_at":30001}"#);
    }

    #[test]
    fn what_this_door_does_not_take_is_refused_by_the_name_of_the_field() {
        let journal = r#""journal":[{"type":"opened","at":1,"v":1,"name":"order","id":"42","steps":[{"name":"a"}],"input":"{}"}]"#;
        let table = [
            (OPEN.replace("order", "two words"), "saga_definition_invalid"),
            (OPEN.replace("42", ""), "saga_definition_invalid"),
            ("\"journal\":[]".to_owned(), "saga_journal_broken"),
            (format!("{journal},\"same_as\":\"[]\""), "saga_mismatch"),
            (format!("{journal},\"resum\":true"), "field_unknown"),
            (format!("{journal},\"settings\":{{\"cap_ms\":1,\"base_ms\":2}}"), "field_invalid"),
            (format!("{journal},\"settings\":{{\"attempts_max\":4294967296}}"), "field_invalid"),
            (
                format!("{journal},\"news\":{{\"type\":\"gone\",\"step\":\"a\",\"attempt\":1}}"),
                "field_invalid",
            ),
            (
                format!("{journal},\"news\":{{\"type\":\"done\",\"step\":\"a\",\"attempt\":1}}"),
                "field_missing",
            ),
            (format!("{journal},\"entropy\":\"00\""), "json_duplicate_member"),
        ];
        for (rest, code) in table {
            assert_eq!(asked(&rest).unwrap_err().code(), code, "{rest}");
        }
        assert_eq!(
            step(b"{\"now\":1,\"entropy\":\"00\",\"journal\":[]}").unwrap_err().code(),
            "field_invalid"
        );
    }
}
