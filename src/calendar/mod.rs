//! Every moment has one text, and a text either names exactly one moment or is refused.
//!
//! RFC 3339 for files and JSON, HTTP dates (RFC 9110, section 5.6.7) for headers. This module is the only door to the
//! `time` crate, of which it uses the calendar and nothing else: its format machinery would weigh more than the few
//! lines here.
//!
//! Three rules hold for all readers:
//!
//! * A fraction of a second is cut to milliseconds, never rounded: rounding up could move a moment into the next day.
//! * A leap second (`23:59:60` UTC, at the end of a month) reads as the last millisecond before midnight, so that it
//!   stays in its day. A `:60` anywhere else is refused.
//! * Moments before 1970 or after the year 9999 are refused (see [`crate::time`]).
//!
//! Not here: time zones by name, local time, durations, and any way to ask what time it is.

mod civil;
mod cursor;
mod error;
mod http_date;
mod months;
mod rfc3339;

#[cfg(feature = "formats")]
pub(crate) use civil::Civil;
pub use error::Error;
pub use http_date::{http_date, parse_http_date};
pub use months::{end_of_day, months_after, year_and_month};
pub use rfc3339::{date, parse_date, parse_rfc3339, rfc3339};
