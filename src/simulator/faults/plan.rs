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

use super::error::SHOWN_MAX;
use super::kind::CATALOGUE;
use super::{Error, Fault, Line, script};
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, Value};
use crate::prelude::*;

/// Longest delay of a request a rule may ask for: one day, as longer ones outlive idempotency keys.
const REQUEST_DELAY_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// Longest delay of a delivery a rule may ask for: thirty days, as long as events are kept.
const DELIVERY_DELAY_MS_MAX: u64 = 30 * REQUEST_DELAY_MS_MAX;

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

/// A rule for each fault that may happen, and single injections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    rules: BTreeMap<Fault, Rule>,
    script: Vec<Line>,
}

/// A plan with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Nothing goes wrong.
    None,
    /// What an ordinary bad day brings.
    Gentle,
    /// Everything a correct integration survives, often.
    Hostile,
    /// The gateway is hardly there, and neither is the merchant.
    Blackout,
    /// Everybody is busy, and the books drift.
    MonthEnd,
}

impl Preset {
    /// Those that have rates, in the order of the columns of the catalogue.
    pub(super) const RATED: [Self; 4] = [Self::Gentle, Self::Hostile, Self::Blackout, Self::MonthEnd];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gentle => "gentle",
            Self::Hostile => "hostile",
            Self::Blackout => "blackout",
            Self::MonthEnd => "month-end",
        }
    }

    /// The preset of a name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownPreset`].
    pub fn parse(name: &str) -> Result<Self, Error> {
        let all = [Self::None].into_iter().chain(Self::RATED);
        let unknown = || Error::UnknownPreset { found: name.chars().take(SHOWN_MAX).collect() };
        all.into_iter().find(|preset| preset.name() == name).ok_or_else(unknown)
    }
}

impl FaultPlan {
    /// The plan of a preset.
    #[must_use]
    pub fn preset(preset: Preset) -> Self {
        let Some(column) = Preset::RATED.iter().position(|rated| *rated == preset) else {
            return Self::default();
        };
        let rates = CATALOGUE.iter().filter_map(|row| Some((row.fault, *row.rates_ppm.get(column)?)));
        let rules = rates
            .filter(|(_, ppm)| *ppm > 0)
            .map(|(fault, ppm)| (fault, Rule { when: When::Ppm(ppm), delay_ms: None }));
        Self { rules: rules.collect(), script: Vec::new() }
    }

    /// Reads a plan from JSON: the name of a preset as a string, or an object with a rule per fault.
    ///
    /// A rule is `{"probability": "0.05"}` or `{"nth": [3, 7]}`, with `"delay_ms": [from, to]` where the fault delays;
    /// a probability alone may stand for its rule. `"script"` beside them is a list of single injections, such as
    /// `{"fault": "response_lost", "route": "POST /v1/refunds", "call": 2}`.
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
        let mut plan = Self::default();
        for (name, rule) in value.as_object().unwrap_or_default() {
            if name == "script" {
                plan.script = script::read(rule)?;
                continue;
            }
            let fault = Fault::parse(name).ok_or_else(|| Error::unknown_fault(name))?;
            let rule = read_rule(fault, rule)?;
            if rule.when != When::Ppm(0) {
                let _ = plan.rules.insert(fault, rule);
            }
        }
        Ok(plan)
    }

    /// The plan as JSON, faults in the order of the catalogue, then the script.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut plan = ObjectWriter::new();
        for row in CATALOGUE {
            if let Some(rule) = self.rules.get(&row.fault) {
                plan = plan.raw(row.name, &write_rule(rule));
            }
        }
        if !self.script.is_empty() {
            plan = plan.raw("script", &script::write(&self.script));
        }
        plan.finish()
    }

    /// The single injections.
    #[must_use]
    pub fn script(&self) -> &[Line] {
        &self.script
    }

    /// The rule of a fault.
    #[must_use]
    pub fn rule(&self, fault: Fault) -> Option<&Rule> {
        self.rules.get(&fault)
    }

    /// Whether any of `faults` may happen.
    pub(in crate::simulator) fn has_any(&self, faults: &[Fault]) -> bool {
        if self.rules.is_empty() && self.script.is_empty() {
            return false;
        }
        let scripted = |fault: &Fault| self.script.iter().any(|line| line.fault == *fault);
        faults.iter().any(|fault| self.rules.contains_key(fault) || scripted(fault))
    }
}

fn read_rule(fault: Fault, value: &Value<'_>) -> Result<Rule, Error> {
    let name = fault.name();
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
            let delay_ms = delay.map(|delay| read_delay(fault, delay)).transpose()?;
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

pub(super) fn read_delay(fault: Fault, value: &Value<'_>) -> Result<(u64, u64), Error> {
    let wrong = || Error::WrongDelay { fault: fault.name() };
    let limit = if fault.id().starts_with('F') { REQUEST_DELAY_MS_MAX } else { DELIVERY_DELAY_MS_MAX };
    let _ = fault.delay_default_ms().ok_or_else(wrong)?;
    let bounds: Option<Vec<u64>> = value.as_array().ok_or_else(wrong)?.iter().map(Value::as_u64).collect();
    match bounds.as_deref() {
        Some([from, to]) if from <= to && *to <= limit => Ok((*from, *to)),
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
            r#"{"slow":{"probability":"0.1","delay_ms":[1,86400001]}}"#,
            r#"{"script":{}}"#,
            r#"{"script":[{"fault":"slowly","call":1}]}"#,
            r#"{"script":[{"fault":"slow","call":0}]}"#,
            r#"{"script":[{"fault":"slow"}]}"#,
            r#"{"script":[{"fault":"slow","call":1,"at":2}]}"#,
        ];
        let messages: Vec<String> = table
            .into_iter()
            .map(|text| FaultPlan::parse(text.as_bytes()).unwrap_err().to_string())
            .collect();
        insta::assert_snapshot!(messages.join("\n"), @r#"
        the fault plan cannot be read: not JSON at byte 1: expected a string in double quotes
        the fault plan cannot be read: the field `faults` holds an array: expected an object
        there is no fault preset "furious": expected none, gentle, hostile, blackout or month-end
        there is no fault "respons_lost": expected one of the names of the catalogue, such as response_lost
        the rule of slow cannot be read: expected a probability, or an object with probability, nth or delay_ms
        the rule of slow cannot be read: expected a probability, or an object with probability, nth or delay_ms
        the rule of slow cannot be read: expected a probability, or an object with probability, nth or delay_ms
        the fault plan cannot be read: the field "delay" is not known here: remove it or mend its name
        the probability of slow cannot be read: expected a decimal from 0 to 1 with at most six decimals, such as 0.05
        the field nth of slow cannot be read: expected a list of whole numbers from 1, such as [3, 7]
        the field nth of slow cannot be read: expected a list of whole numbers from 1, such as [3, 7]
        the field delay_ms of slow cannot be read: expected [from, to] in milliseconds, up to one day for a request and thirty for a delivery, for a fault that delays
        the field delay_ms of request_lost cannot be read: expected [from, to] in milliseconds, up to one day for a request and thirty for a delivery, for a fault that delays
        the field delay_ms of slow cannot be read: expected [from, to] in milliseconds, up to one day for a request and thirty for a delivery, for a fault that delays
        the script cannot be read: expected a list of at most 10000 objects with fault, with call, counted from 1, and with route and delay_ms if wanted
        there is no fault "slowly": expected one of the names of the catalogue, such as response_lost
        the script cannot be read: expected a list of at most 10000 objects with fault, with call, counted from 1, and with route and delay_ms if wanted
        the fault plan cannot be read: the field `call` is missing: expected a whole number from 0 to 9007199254740991
        the fault plan cannot be read: the field "at" is not known here: remove it or mend its name
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
        for preset in [Preset::None].into_iter().chain(Preset::RATED) {
            let plan = FaultPlan::preset(preset);
            assert_eq!(FaultPlan::parse(plan.to_json().as_bytes()), Ok(plan));
        }
        let text = r#"{"slow":{"nth":[1]},"script":[{"fault":"webhook_outage","route":"payment.completed","call":2,"delay_ms":[172800000,172800000]},{"fault":"response_lost","call":1}]}"#;
        let plan = FaultPlan::parse(text.as_bytes()).unwrap();
        assert_eq!((plan.to_json().as_str(), plan.script().len()), (text, 2));
        assert!(plan.has_any(&[Fault::ResponseLost]) && !plan.has_any(&[Fault::RequestLost]));
        assert_eq!(FaultPlan::parse(br#""gentle""#), Ok(FaultPlan::preset(Preset::Gentle)));
        assert_eq!(FaultPlan::parse(br#"{"slow":0}"#), Ok(FaultPlan::default()));
    }
}
