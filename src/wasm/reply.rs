//! Every answer across the border is one JSON document: `{"ok": …}` or `{"error": {…}}`, never an exception.
//!
//! The shell in `pkg/src/shell` turns the second form into a `TillproofError`.

use crate::advice::{Diagnose, Report};
use crate::json::ObjectWriter;
use crate::prelude::*;

/// The reply for a result: `value` is JSON text already.
///
/// ```
/// use tillproof::{json, wasm::reply};
///
/// let fine: Result<String, json::Error> = Ok("7".to_owned());
/// assert_eq!(reply::of(fine), br#"{"ok":7}"#);
/// ```
#[must_use]
pub fn of<E: Diagnose>(result: Result<String, E>) -> Vec<u8> {
    match result {
        Ok(value) => ok(&value),
        Err(error) => refusal(&error),
    }
}

/// The reply `{"ok": …}` for JSON text.
#[must_use]
pub fn ok(value: &str) -> Vec<u8> {
    ObjectWriter::new().raw("ok", value).finish().into_bytes()
}

/// The reply `{"error": …}` for an error of any module.
#[must_use]
pub fn refusal(error: &impl Diagnose) -> Vec<u8> {
    ObjectWriter::new().raw("error", &describe(error)).finish().into_bytes()
}

/// An error as JSON text: `code`, `message`, `advice`, `details`. Also used inside replies that carry several.
#[must_use]
pub fn describe(error: &impl Diagnose) -> String {
    written(&error.report())
}

fn written(report: &Report) -> String {
    let mut details = ObjectWriter::new();
    for (name, value) in &report.details {
        details = details.text(name, value);
    }
    let out = ObjectWriter::new().text("code", report.code);
    // Of a wordless artefact the shell knows the sentence.
    let out = match report.message.as_str() {
        "" => out,
        message => out.text("message", message),
    };
    out.text("advice", report.advice.name()).raw("details", &details.finish()).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Error, ErrorKind};

    #[test]
    fn an_error_crosses_with_code_sentence_advice_and_facts() {
        let refused: Result<String, Error> = Err(ErrorKind::TooLarge { found: 9, limit: 8 }.into());
        assert_eq!(
            String::from_utf8(of(refused)).unwrap(),
            concat!(
                r#"{"error":{"code":"json_too_large","message":"the document has 9 bytes; at most 8 are read","#,
                r#""advice":"fix_call","details":{"found":"9","limit":"8"}}}"#
            )
        );
    }

    #[test]
    fn an_error_without_facts_has_empty_details() {
        let refused: Result<String, crate::crypto::Error> = Err(crate::crypto::Error::Base64TrailingBits);
        let reply = String::from_utf8(of(refused)).unwrap();
        assert!(reply.ends_with(r#""advice":"fix_call","details":{}}}"#), "{reply}");
    }
}
