//! Why a text is no moment.

use crate::advice::{Report, reported};
use crate::json::quoted;
use crate::prelude::*;

/// Why a text is no moment. Variants stand in order of precedence.
///
/// Shows the beginning of the text, for the bookkeeper who has to find it in a file. Who reads a header makes an error
/// of his own of it: header values do not go into errors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The text has another form.
    Malformed {
        /// The form, with an example.
        expected: &'static str,
        /// What was given, shortened.
        found: String,
    },
    /// The form is right, but no calendar has this day or no clock shows this time.
    NoSuchMoment {
        /// What was given, shortened.
        found: String,
    },
    /// Before 1970 or after the year 9999.
    OutOfRange {
        /// What was given, shortened.
        found: String,
    },
}

impl Error {
    pub(super) fn malformed(expected: &'static str, found: &str) -> Self {
        Self::Malformed { expected, found: shortened(found) }
    }

    pub(super) fn no_such_moment(found: &str) -> Self {
        Self::NoSuchMoment { found: shortened(found) }
    }

    pub(super) fn out_of_range(found: &str) -> Self {
        Self::OutOfRange { found: shortened(found) }
    }
}

/// Hostile input may be megabytes long; a message shows its beginning.
fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    text.chars().take(SHOWN_MAX).collect()
}

impl Error {
    fn table(&self) -> Report {
        let (code, sentence, found) = match self {
            Self::Malformed { expected, found } => {
                return Report::new("time_malformed")
                    .fact("expected", expected)
                    .fact("found", found)
                    .say_with("{found} is not {expected}", &[("found", &quoted(found))]);
            }
            Self::NoSuchMoment { found } => {
                ("time_no_such_moment", "{found} names no moment: check day, time and offset", found)
            }
            Self::OutOfRange { found } => {
                ("time_out_of_range", "{found} is outside the years 1970 to 9999, in UTC", found)
            }
        };
        Report::new(code).fact("found", found).say_with(sentence, &[("found", &quoted(found))])
    }
}

reported!(Error);

#[cfg(test)]
mod tests {
    use crate::advice::Advice;
    use crate::advice::Diagnose;
    use crate::calendar::{parse_date, parse_http_date, parse_rfc3339};
    use crate::prelude::*;
    use crate::time::Timestamp;

    #[test]
    fn every_message_says_what_was_found_and_what_was_expected() {
        let errors = [
            parse_rfc3339("yesterday").unwrap_err(),
            parse_date("04.03.2026").unwrap_err(),
            parse_http_date("soon", Timestamp::MIN).unwrap_err(),
            parse_rfc3339("2026-02-29T00:00:00Z").unwrap_err(),
            parse_date("1900-01-01").unwrap_err(),
            parse_date(&"9".repeat(1 << 20)).unwrap_err(),
        ];
        let shown: Vec<String> =
            errors.iter().map(|e| format!("{}: {e} {:?}", e.code(), e.details())).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        time_malformed: "yesterday" is not an RFC 3339 moment such as 2026-03-04T05:06:07Z [("expected", "an RFC 3339 moment such as 2026-03-04T05:06:07Z"), ("found", "yesterday")]
        time_malformed: "04.03.2026" is not a date such as 2026-03-04 [("expected", "a date such as 2026-03-04"), ("found", "04.03.2026")]
        time_malformed: "soon" is not an HTTP date such as Sun, 06 Nov 1994 08:49:37 GMT [("expected", "an HTTP date such as Sun, 06 Nov 1994 08:49:37 GMT"), ("found", "soon")]
        time_no_such_moment: "2026-02-29T00:00:00Z" names no moment: check day, time and offset [("found", "2026-02-29T00:00:00Z")]
        time_out_of_range: "1900-01-01" is outside the years 1970 to 9999, in UTC [("found", "1900-01-01")]
        time_malformed: "9999999999999999999999999999999999999999" is not a date such as 2026-03-04 [("expected", "a date such as 2026-03-04"), ("found", "9999999999999999999999999999999999999999")]
        "#);
        assert!(errors.iter().all(|error| error.advice() == Advice::FixCall));
    }
}
