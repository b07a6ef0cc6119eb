//! The `torture` artefact: ranges of seeds in, sums out. No seed's result depends on the range it is in.
//!
//! Documents: `{ profile, crash_percent?, without?, from, to }` for [`run`], `{ profile, crash_percent?, without?, seed }`
//! for [`trace`].

use crate::json::{self, ArrayWriter, Fields, ObjectWriter};
use crate::payments::{Safeguard, Safeguards};
use crate::prelude::*;
use crate::world::{Broken, Conditions, Error, Stage, Tally, WAYS, live, lived_twice};

/// Most seeds of one call, so that a host can show how far it is and stop.
const SEEDS_MAX: u64 = 100_000;

/// One seed in so many is lived twice more, to see that nothing but the seed decides.
const TWICE_EVERY: u64 = 100;

/// Lives the seeds from `from` to `to`, the last not included, and adds up what they came to.
///
/// # Errors
///
/// [`Error::Document`], [`Error::UnknownProfile`], [`Error::UnknownRule`], [`Error::RulesHold`].
pub fn run(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let stage = stage(&mut fields)?;
    let (from, to) = (fields.integer("from")?, fields.integer("to")?);
    fields.finish()?;
    let mut tally = Tally::default();
    for seed in from..to.min(from.saturating_add(SEEDS_MAX)) {
        let mut life = live(&stage, seed, false);
        if seed.is_multiple_of(TWICE_EVERY) {
            life.broken = life.broken.or_else(|| lived_twice(&stage, seed));
        }
        tally.add(seed, life);
    }
    Ok(written(&tally))
}

/// Lives one seed and tells every decision, one a line.
///
/// # Errors
///
/// As [`run`].
pub fn trace(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let stage = stage(&mut fields)?;
    let seed = fields.integer("seed")?;
    fields.finish()?;
    let mut life = live(&stage, seed, true);
    let text = life.trace.take().unwrap_or_default();
    let mut tally = Tally::default();
    tally.add(seed, life);
    Ok(ObjectWriter::new().text("trace", &text).raw("tally", &written(&tally)).finish())
}

/// What can be asked for: `{ worlds: [{ name, says }], safeguards: [name] }`.
#[must_use]
pub fn menu() -> String {
    let mut worlds = ArrayWriter::new();
    for conditions in Conditions::all() {
        let world = ObjectWriter::new().text("name", conditions.name).text("says", conditions.says);
        worlds = worlds.raw(&world.finish());
    }
    let mut safeguards = ArrayWriter::new();
    for safeguard in Safeguard::ALL {
        safeguards = safeguards.text(safeguard.name());
    }
    ObjectWriter::new().raw("worlds", &worlds.finish()).raw("safeguards", &safeguards.finish()).finish()
}

fn stage(fields: &mut Fields<'_, '_>) -> Result<Stage, Error> {
    let profile = fields.text("profile")?;
    let without = match fields.maybe_text("without")? {
        None => None,
        Some(name) => {
            Some(Safeguard::from_name(name).ok_or_else(|| Error::UnknownRule { found: name.to_owned() })?)
        }
    };
    let crash_percent = fields.maybe_integer("crash_percent")?;
    let stage = Stage::new(profile, safeguards(without)?)?;
    Ok(match crash_percent {
        Some(percent) => stage.with_crashes(u32::try_from(percent.min(100)).unwrap_or(100)),
        None => stage,
    })
}

#[cfg(feature = "mutants")]
fn safeguards(without: Option<Safeguard>) -> Result<Safeguards, Error> {
    Ok(without.map_or_else(Safeguards::default, Safeguards::without))
}

#[cfg(not(feature = "mutants"))]
fn safeguards(without: Option<Safeguard>) -> Result<Safeguards, Error> {
    match without {
        None => Ok(Safeguards::default()),
        Some(_) => Err(Error::RulesHold),
    }
}

fn written(tally: &Tally) -> String {
    let mut doubts = ObjectWriter::new();
    for (way, sum) in WAYS.iter().zip(tally.doubts) {
        let one = ObjectWriter::new().number("count", sum.count).number("total_ms", sum.total_ms).finish();
        doubts = doubts.raw(way, &one);
    }
    let mut failures = ArrayWriter::new();
    for failure in &tally.failures {
        let Broken { invariant, seen, at_ms } = &failure.broken;
        failures = failures.raw(
            &ObjectWriter::new()
                .number("seed", failure.seed)
                .text("invariant", invariant)
                .text("seen", seen)
                .number("at_ms", *at_ms)
                .finish(),
        );
    }
    ObjectWriter::new()
        .number("seeds", tally.seeds)
        .number("intents", tally.intents)
        .number("charges", tally.charges)
        .number("doubles", tally.doubles)
        .number("losses", tally.losses)
        .number("unresolved", tally.unresolved)
        .number("reversed", tally.reversed)
        .number("sends", tally.sends)
        .number("events", tally.events)
        .number("broken", tally.broken)
        .raw("doubts", &doubts.finish())
        .raw("failures", &failures.finish())
        .finish()
}

/// What JavaScript calls. Each function takes one JSON document and returns one reply.
#[cfg(all(target_family = "wasm", feature = "wasm-torture"))]
pub mod exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;
    use crate::wasm::reply;

    /// See [`super::run`].
    #[wasm_bindgen]
    pub fn torture_run(input: &[u8]) -> Vec<u8> {
        reply::of(super::run(input))
    }

    /// See [`super::trace`].
    #[wasm_bindgen]
    pub fn torture_trace(input: &[u8]) -> Vec<u8> {
        reply::of(super::trace(input))
    }

    /// See [`super::menu`].
    #[wasm_bindgen]
    pub fn torture_menu() -> Vec<u8> {
        reply::ok(&super::menu())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(from: u64, to: u64) -> serde_json::Value {
        let input = format!(r#"{{"profile":"default","from":{from},"to":{to}}}"#);
        serde_json::from_str(&run(input.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn ranges_add_up_to_the_range_they_make() {
        let (whole, first, second) = (sums(0, 60), sums(0, 25), sums(25, 60));
        for name in ["seeds", "intents", "charges", "sends", "events", "broken"] {
            let parts = first[name].as_u64().unwrap() + second[name].as_u64().unwrap();
            assert_eq!(whole[name].as_u64().unwrap(), parts, "{name}");
        }
        assert_eq!(whole["seeds"], 60);
    }

    #[test]
    fn what_nobody_knows_is_refused_by_name() {
        let of = |input: &str| run(input.as_bytes()).unwrap_err().to_string();
        let unknown = of(r#"{"profile":"paradise","from":0,"to":1}"#);
        assert!(
            unknown.starts_with("there is no profile paradise: expected a world (default, "),
            "{unknown}"
        );
        let unknown = of(r#"{"profile":"default","without":"luck","from":0,"to":1}"#);
        assert!(unknown.starts_with("there is no rule luck: expected one of window, "), "{unknown}");
    }
}
