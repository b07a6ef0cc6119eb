//! Which faults, and when: a plan is read exactly, written back exactly, and never guessed.
//!
//! ```
//! use tillproof::simulator::FaultPlan;
//!
//! let text = r#"{"response_lost":{"probability":"0.05"},"slow":{"nth":[3,7],"delay_ms":[200,900]}}"#;
//! let plan = FaultPlan::parse(text.as_bytes()).unwrap();
//! assert_eq!(plan.to_json(), text);
//! ```

use alloc::collections::BTreeMap;

use super::kind::CATALOGUE;
use super::{Error, Fault};
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, Value};
use crate::prelude::*;

/// Longest delay a rule may ask for: one day, as longer ones outlive idempotency keys.
const DELAY_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// Longest name a message shows, in characters.
const SHOWN_MAX: usize = 80;

/// When a fault happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// In so many of a million matching calls.
    Ppm(u32),
    /// At these matching calls, counted from 1 since the plan was set.
    Nth(Vec<u64>),
}

/// When a fault happens and how long it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// When.
    pub when: When,
    /// From and to, in milliseconds, both possible. Only for faults that delay.
    pub delay_ms: Option<(u64, u64)>,
}

/// A rule for each fault that may happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    rules: BTreeMap<Fault, Rule>,
}

/// A plan with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Nothing goes wrong.
    None,
    /// What an ordinary bad day brings.
    Gentle,
    /// Everything, often.
    Hostile,
}

impl Preset {
    /// The preset of a name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownPreset`].
    pub fn parse(name: &str) -> Result<Self, Error> {
        match name {
            "none" => Ok(Self::None),
            "gentle" => Ok(Self::Gentle),
            "hostile" => Ok(Self::Hostile),
            other => Err(Error::UnknownPreset { found: other.chars().take(SHOWN_MAX).collect() }),
        }
    }

    /// Rates in parts per million, in the order of the catalogue.
    const fn rates_ppm(self) -> [u32; CATALOGUE.len()] {
        match self {
            Self::None => [0; CATALOGUE.len()],
            Self::Gentle => [
                5_000, 5_000, 5_000, 0, 10_000, 20_000, // requests
                20_000, 20_000, 10_000, 0, // webhooks
                2_000, 2_000, 2_000, 2_000, 1_000, 1_000, // settlement
            ],
            Self::Hostile => [
                40_000, 30_000, 40_000, 10_000, 60_000, 80_000, // requests
                100_000, 150_000, 100_000, 20_000, // webhooks
                15_000, 10_000, 10_000, 10_000, 10_000, 5_000, // settlement
            ],
        }
    }
}

impl FaultPlan {
    /// The plan of a preset.
    #[must_use]
    pub fn preset(preset: Preset) -> Self {
        let rates = CATALOGUE.into_iter().zip(preset.rates_ppm());
        let rules = rates
            .filter(|(_, ppm)| *ppm > 0)
            .map(|(row, ppm)| (row.fault, Rule { when: When::Ppm(ppm), delay_ms: None }));
        Self { rules: rules.collect() }
    }

    /// Reads a plan from JSON: the name of a preset as a string, or an object with a rule per fault.
    ///
    /// A rule is `{"probability": "0.05"}` or `{"nth": [3, 7]}`, with `"delay_ms": [from, to]` where the fault delays;
    /// a probability alone may stand for its rule.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`].
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        Self::from_json(&json::parse(text)?)
    }

    /// As [`FaultPlan::parse`], from a value that was read already.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`].
    pub fn from_json(value: &Value<'_>) -> Result<Self, Error> {
        if let Some(name) = value.as_str() {
            return Preset::parse(name).map(Self::preset);
        }
        // Reading it as fields gives the message for everything that is no object.
        let _ = Fields::of(value, "faults")?;
        let mut rules = BTreeMap::new();
        for (name, rule) in value.as_object().unwrap_or_default() {
            let row = CATALOGUE.iter().find(|row| row.name == name.as_ref());
            let row =
                row.ok_or_else(|| Error::UnknownFault { found: name.chars().take(SHOWN_MAX).collect() })?;
            let rule = read_rule(row.fault, row.name, rule)?;
            if rule.when != When::Ppm(0) {
                let _ = rules.insert(row.fault, rule);
            }
        }
        Ok(Self { rules })
    }

    /// The plan as JSON, faults in the order of the catalogue.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut plan = ObjectWriter::new();
        for row in CATALOGUE {
            if let Some(rule) = self.rules.get(&row.fault) {
                plan = plan.raw(row.name, &write_rule(rule));
            }
        }
        plan.finish()
    }

    /// The rule of a fault.
    #[must_use]
    pub fn rule(&self, fault: Fault) -> Option<&Rule> {
        self.rules.get(&fault)
    }

    /// Whether any of `faults` may happen.
    pub(in crate::simulator) fn has_any(&self, faults: &[Fault]) -> bool {
        faults.iter().any(|fault| self.rules.contains_key(fault))
    }
}

fn read_rule(fault: Fault, name: &'static str, value: &Value<'_>) -> Result<Rule, Error> {
    match value {
        Value::Number(_) | Value::String(_) => {
            Ok(Rule { when: When::Ppm(read_ppm(name, value)?), delay_ms: None })
        }
        Value::Object(_) => {
            let mut fields = Fields::of(value, name)?;
            let probability = fields.optional("probability");
            let calls = fields.optional("nth");
            let delay = fields.optional("delay_ms");
            fields.finish()?;
            let when = match (probability, calls) {
                (Some(probability), None) => When::Ppm(read_ppm(name, probability)?),
                (None, Some(calls)) => When::Nth(read_calls(name, calls)?),
                (None, None) | (Some(_), Some(_)) => return Err(Error::WrongRule { fault: name }),
            };
            let delay_ms = delay.map(|delay| read_delay(fault, name, delay)).transpose()?;
            Ok(Rule { when, delay_ms })
        }
        Value::Null | Value::Bool(_) | Value::Array(_) => Err(Error::WrongRule { fault: name }),
    }
}

/// Decimal text to parts per million, digit by digit: nothing is rounded.
fn read_ppm(fault: &'static str, value: &Value<'_>) -> Result<u32, Error> {
    const DECIMALS: usize = 6;
    let wrong = || Error::WrongProbability { fault };
    let text = match value {
        Value::Number(lexeme) => lexeme,
        Value::String(text) => text.as_ref(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(wrong()),
    };
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(whole, "0" | "1") || !digits(decimals) || decimals.len() > DECIMALS {
        return Err(wrong());
    }
    let ppm: u32 = format!("{whole}{decimals:0<DECIMALS$}").parse().map_err(|_| wrong())?;
    if ppm > 1_000_000 { Err(wrong()) } else { Ok(ppm) }
}

fn read_calls(fault: &'static str, value: &Value<'_>) -> Result<Vec<u64>, Error> {
    let wrong = || Error::WrongCalls { fault };
    let calls = value.as_array().ok_or_else(wrong)?;
    calls.iter().map(|call| call.as_u64().filter(|call| *call > 0).ok_or_else(wrong)).collect()
}

fn read_delay(fault: Fault, name: &'static str, value: &Value<'_>) -> Result<(u64, u64), Error> {
    let wrong = || Error::WrongDelay { fault: name };
    let _ = fault.delay_default_ms().ok_or_else(wrong)?;
    let bounds: Option<Vec<u64>> = value.as_array().ok_or_else(wrong)?.iter().map(Value::as_u64).collect();
    match bounds.as_deref() {
        Some([from, to]) if from <= to && *to <= DELAY_MS_MAX => Ok((*from, *to)),
        _ => Err(wrong()),
    }
}

fn write_rule(rule: &Rule) -> String {
    let mut out = match &rule.when {
        When::Ppm(ppm) => ObjectWriter::new().text("probability", &decimal(*ppm)),
        When::Nth(calls) => {
            let calls = calls.iter().fold(ArrayWriter::new(), |list, call| list.raw(&call.to_string()));
            ObjectWriter::new().raw("nth", &calls.finish())
        }
    };
    if let Some((from, to)) = rule.delay_ms {
        out = out.raw("delay_ms", &format!("[{from},{to}]"));
    }
    out.finish()
}

/// The shortest decimal text of a rate.
fn decimal(ppm: u32) -> String {
    let text = format!("{}.{:06}", ppm.wrapping_div(1_000_000), ppm.wrapping_rem(1_000_000));
    let text = text.trim_end_matches('0');
    text.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_is_read_to_the_millionth_or_refused() {
        let table = [
            ("0", Some(0)),
            ("1", Some(1_000_000)),
            ("0.05", Some(50_000)),
            ("\"0.05\"", Some(50_000)),
            ("0.000001", Some(1)),
            ("1.0", Some(1_000_000)),
            ("0.0000001", None),
            ("1.000001", None),
            ("2", None),
            ("-0", None),
            ("5e-2", None),
            ("\".5\"", None),
            ("\"0.\"", None),
            ("\"0.+5\"", None),
            ("\"\"", None),
        ];
        for (text, expected) in table {
            let value = json::parse(text.as_bytes()).unwrap();
            assert_eq!(read_ppm("slow", &value).ok(), expected, "{text}");
        }
        assert_eq!([0, 1, 50_000, 1_000_000].map(decimal), ["0", "0.000001", "0.05", "1"]);
    }

    #[test]
    fn each_wrong_plan_is_refused_with_a_sentence_that_helps() {
        let table = [
            "{",
            "[]",
            r#""furious""#,
            r#"{"respons_lost":"0.1"}"#,
            r#"{"slow":true}"#,
            r#"{"slow":{}}"#,
            r#"{"slow":{"probability":"0.1","nth":[1]}}"#,
            r#"{"slow":{"probability":"0.1","delay":[1,2]}}"#,
            r#"{"slow":"often"}"#,
            r#"{"slow":{"nth":[0]}}"#,
            r#"{"slow":{"nth":3}}"#,
            r#"{"slow":{"probability":"0.1","delay_ms":[2,1]}}"#,
            r#"{"request_lost":{"probability":"0.1","delay_ms":[1,2]}}"#,
        ];
        let messages: Vec<String> = table
            .into_iter()
            .map(|text| FaultPlan::parse(text.as_bytes()).unwrap_err().to_string())
            .collect();
        insta::assert_snapshot!(messages.join("\n"), @r#"
        the fault plan cannot be read: not JSON at byte 1: expected a string in double quotes
        the fault plan cannot be read: the field `faults` holds an array: expected an object
        there is no fault preset "furious": expected none, gentle or hostile
        there is no fault "respons_lost": expected one of the names of the catalogue, such as response_lost
        the rule of slow cannot be read: expected a probability, or an object with probability, nth or delay_ms
        the rule of slow cannot be read: expected a probability, or an object with probability, nth or delay_ms
        the rule of slow cannot be read: expected a probability, or an object with probability, nth or delay_ms
        the fault plan cannot be read: the field "delay" is not known here: remove it or mend its name
        the probability of slow cannot be read: expected a decimal from 0 to 1 with at most six decimals, such as 0.05
        the field nth of slow cannot be read: expected a list of whole numbers from 1, such as [3, 7]
        the field nth of slow cannot be read: expected a list of whole numbers from 1, such as [3, 7]
        the field delay_ms of slow cannot be read: expected [from, to] in milliseconds up to one day, for a fault that delays
        the field delay_ms of request_lost cannot be read: expected [from, to] in milliseconds up to one day, for a fault that delays
        "#);
    }

    #[test]
    fn a_message_shows_the_beginning_of_a_long_name() {
        let name = "x".repeat(1_000);
        for text in [format!("\"{name}\""), format!("{{\"{name}\":1}}")] {
            let message = FaultPlan::parse(text.as_bytes()).unwrap_err().to_string();
            let shows = |length: usize| message.contains(&"x".repeat(length));
            assert!(shows(SHOWN_MAX) && !shows(SHOWN_MAX + 1), "{message}");
        }
    }

    #[test]
    fn a_plan_is_written_as_it_was_read() {
        for preset in [Preset::None, Preset::Gentle, Preset::Hostile] {
            let plan = FaultPlan::preset(preset);
            assert_eq!(FaultPlan::parse(plan.to_json().as_bytes()), Ok(plan));
        }
        assert_eq!(FaultPlan::parse(br#""gentle""#), Ok(FaultPlan::preset(Preset::Gentle)));
        assert_eq!(FaultPlan::parse(br#"{"slow":0}"#), Ok(FaultPlan::default()));
    }
}
