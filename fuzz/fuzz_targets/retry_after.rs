//! A hint of the server is read as what it says, at any time of day, or not at all.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::calendar::{http_date, parse_http_date, parse_rfc3339, rfc3339};
use tillproof::retry::retry_after;
use tillproof::time::{Millis, Timestamp};

fuzz_target!(|input: (u64, &str)| {
    let (ms, text) = input;
    let now = Timestamp::from_unix_ms(ms % Timestamp::MAX.unix_ms()).expect("below the last moment");

    if let Ok(moment) = parse_http_date(text, now) {
        // Whole seconds survive their own text; a leap second is kept a millisecond before the next.
        let again = parse_http_date(&http_date(moment), now);
        assert_eq!(again.map(Timestamp::unix_seconds), Ok(moment.unix_seconds()));
    }
    if let Ok(moment) = parse_rfc3339(text) {
        assert_eq!(parse_rfc3339(&rfc3339(moment)), Ok(moment));
    }
    assert_eq!(parse_rfc3339(&rfc3339(now)), Ok(now));

    if let Some(hint) = retry_after(text, now, parse_http_date) {
        let value = text.trim_matches([' ', '\t']);
        if value.bytes().all(|byte| byte.is_ascii_digit()) {
            let seconds = value.parse::<u64>().unwrap_or(u64::MAX);
            assert_eq!(hint, Millis::from_seconds(seconds));
        } else {
            let moment = parse_http_date(value, now).expect("a hint that is no number is a date");
            assert_eq!(hint, moment.since(now));
        }
    }
});
