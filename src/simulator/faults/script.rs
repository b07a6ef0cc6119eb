//! A script names single injections: this fault, at the so-many-th call of that route.

use super::{Error, Fault};
use crate::json::{ArrayWriter, Fields, ObjectWriter, Value};
use crate::prelude::*;

/// Most lines of a script.
const LINES_MAX: usize = 10_000;

/// One injection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What happens.
    pub fault: Fault,
    /// Where: a route such as `POST /v1/refunds`, with `:id` or `*` for any part of the path; a type of events such as
    /// `payment.completed`; a kind of transaction. Anywhere when left out.
    pub route: Option<String>,
    /// At which matching call, from 1 since the plan was set.
    pub call: u64,
    /// From and to, in milliseconds. Only for faults that delay.
    pub delay_ms: Option<(u64, u64)>,
}

impl Line {
    /// Whether a route is one this line means.
    pub(super) fn matches(&self, route: &str) -> bool {
        let Some(own) = &self.route else { return true };
        let is_any = |part: &str| part == "*" || part.starts_with([':', '{']);
        let (mut own, mut parts) = (own.split('/'), route.split('/'));
        loop {
            match (own.next(), parts.next()) {
                (None, None) => return true,
                (Some(own), Some(part)) if own == part || is_any(own) || is_any(part) => {}
                _ => return false,
            }
        }
    }
}

/// Reads the list under `script`.
pub(super) fn read(value: &Value<'_>) -> Result<Vec<Line>, Error> {
    let lines = value.as_array().filter(|lines| lines.len() <= LINES_MAX).ok_or(Error::WrongScript)?;
    lines.iter().map(read_line).collect()
}

fn read_line(value: &Value<'_>) -> Result<Line, Error> {
    let mut fields = Fields::of(value, "script")?;
    let name = fields.text("fault")?;
    let route = fields.maybe_text("route")?;
    let call = fields.integer("call")?;
    let delay = fields.optional("delay_ms");
    fields.finish()?;
    let fault = Fault::parse(name).ok_or_else(|| Error::unknown_fault(name))?;
    if call == 0 {
        return Err(Error::WrongScript);
    }
    let delay_ms = delay.map(|delay| super::plan::read_delay(fault, delay)).transpose()?;
    Ok(Line { fault, route: route.map(str::to_owned), call, delay_ms })
}

/// Writes the list.
pub(super) fn write(lines: &[Line]) -> String {
    let lines = lines.iter().fold(ArrayWriter::new(), |list, line| {
        let out = ObjectWriter::new().text("fault", line.fault.name());
        let out = out.maybe_text("route", line.route.as_deref()).number("call", line.call);
        let out = match line.delay_ms {
            Some((from, to)) => out.raw("delay_ms", &format!("[{from},{to}]")),
            None => out,
        };
        list.raw(&out.finish())
    });
    lines.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_met_part_by_part() {
        let table = [
            (None, "POST /api/payments", true),
            (Some("POST /api/payments"), "POST /api/payments", true),
            (Some("POST /api/payments"), "GET /api/payments", false),
            (Some("POST /api/payments"), "POST /api/payments/:id/refund", false),
            (Some("POST /api/payments/:id/refund"), "POST /api/payments/:id/refund", true),
            (Some("POST /api/payments/*/refund"), "POST /api/payments/{payment}/refund", true),
            (Some("POST /api/payments/*/refund"), "POST /api/payments/:id/capture", false),
            (Some("payment.completed"), "payment.completed", true),
            (Some("payment.completed"), "payment.failed", false),
        ];
        for (own, route, expected) in table {
            let route_of = own.map(str::to_owned);
            let line = Line { fault: Fault::Slow, route: route_of, call: 1, delay_ms: None };
            assert_eq!(line.matches(route), expected, "{own:?} {route}");
        }
    }
}
