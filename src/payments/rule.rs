//! What an answer means, as ordered rules over status, error code and headers.
//!
//! Invariant: every status from 400 to 599 has a rule without conditions, so that no answer is left to chance; and no
//! rule calls a server error or a time-out proof of failure, since what stands behind them may have been executed.

use crate::json::{self, Fields, Value};
use crate::prelude::*;

use super::Error;
use super::profile::{is_header, refused, texts};

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(super) enum Meaning {
    /// Refused for a reason bound to this key, such as a declined card: proof that nothing moved.
    Declined,
    /// The content was refused before execution: proof unless an earlier attempt is of unknown fate.
    Refused,
    /// The same key is being executed right now.
    InProgress,
    /// The provider did it before, and will not show the outcome to this key.
    AlreadyDone,
    /// The key was used for another request.
    Mismatch,
    /// Answered before execution, since there were too many requests.
    RateLimited,
    /// Answered before execution, since our credentials were refused.
    Unauthorised,
    /// Answered before execution, for a reason that passes.
    NotExecuted,
    /// Perhaps executed.
    Unknown,
    /// Perhaps executed, and this answer is all the key will ever give.
    UnknownForEver,
}

impl Meaning {
    const NAMES: [(Self, &'static str); 10] = [
        (Self::Declined, "declined"),
        (Self::Refused, "refused"),
        (Self::InProgress, "in_progress"),
        (Self::AlreadyDone, "already_done"),
        (Self::Mismatch, "mismatch"),
        (Self::RateLimited, "rate_limited"),
        (Self::Unauthorised, "unauthorised"),
        (Self::NotExecuted, "not_executed"),
        (Self::Unknown, "unknown"),
        (Self::UnknownForEver, "unknown_for_ever"),
    ];

    fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, known)| *known == name).map(|(meaning, _)| meaning)
    }

    /// Whether an epoch may fail on the strength of it.
    const fn may_fail(self) -> bool {
        matches!(self, Self::Declined | Self::Refused)
    }

    /// Whether it says that this attempt moved nothing.
    const fn moved_nothing(self) -> bool {
        matches!(
            self,
            Self::Declined | Self::Refused | Self::RateLimited | Self::Unauthorised | Self::NotExecuted
        )
    }
}

/// A header that must have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeaderTest {
    /// In lower case.
    pub(super) name: String,
    /// Compared without regard to case; any value fits when it is left out.
    pub(super) value: Option<String>,
}

impl HeaderTest {
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Error> {
        let mut fields = Fields::of(value, "header")?;
        let name = fields.text("name")?.to_owned();
        let value = fields.maybe_text("value")?.map(ToOwned::to_owned);
        fields.finish()?;
        if !is_header(&name) || name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(refused("header.name", "is no name of a header in lower case"));
        }
        Ok(Self { name, value })
    }

    /// Whether the header is there with this value.
    #[must_use]
    pub(super) fn fits(&self, headers: &[(String, String)]) -> bool {
        let found = headers.iter().find(|(name, _)| *name == self.name);
        found.is_some_and(|(_, value)| {
            self.value.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(value.trim()))
        })
    }
}

/// One row: which answers it is about, and what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// First and last HTTP status.
    pub(super) status: (u16, u16),
    /// Any of these error codes; any answer when empty.
    pub(super) codes: Vec<String>,
    /// A header that must be there.
    pub(super) header: Option<HeaderTest>,
    /// Whether it is about replayed answers only.
    pub(super) replayed: bool,
    /// What it means.
    pub(super) means: Meaning,
}

/// Statuses of servers and proxies that gave up waiting.
const TIMED_OUT: u16 = 408;

impl Rule {
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Error> {
        let mut fields = Fields::of(value, "answers")?;
        let status = statuses(fields.required("status", "a status, or the first and the last of several")?)?;
        let codes = match fields.optional("code") {
            None => Vec::new(),
            Some(Value::Array(items)) => texts("code", items)?,
            Some(item) => texts("code", core::slice::from_ref(item))?,
        };
        let header = fields.optional("header").map(HeaderTest::read).transpose()?;
        let replayed = fields.maybe_flag("replayed")?.unwrap_or(false);
        let name = fields.text("means")?;
        let means = Meaning::from_name(name).ok_or_else(|| {
            json::Error::from(json::ErrorKind::WrongField {
                field: "means",
                expected: "declined, refused, in_progress, already_done, mismatch, rate_limited, unauthorised, \
                           not_executed, unknown or unknown_for_ever",
                found: json::quoted(name),
            })
        })?;
        fields.finish()?;
        Ok(Self { status, codes, header, replayed, means })
    }

    /// Whether it is about every answer with these statuses.
    const fn is_unconditional(&self) -> bool {
        self.codes.is_empty() && self.header.is_none() && !self.replayed
    }

    /// Refuses rules that leave an answer to chance, or call one proof that is none.
    pub(super) fn check(rules: &[Self]) -> Result<(), Error> {
        for rule in rules {
            let (first, last) = rule.status;
            if rule.means.may_fail()
                && (first < 400 || last > 499 || (first == TIMED_OUT && last == TIMED_OUT))
            {
                let problem = "calls an answer a proof of failure that is none: only statuses from 400 to 499 without 408 \
                               can be declined or refused";
                return Err(refused("answers", problem));
            }
            if rule.means.moved_nothing() && first < 400 {
                return Err(refused(
                    "answers",
                    "calls an answer below 400 unexecuted: success is read, not classified",
                ));
            }
            if rule.means.moved_nothing() && last > 499 && rule.is_unconditional() {
                let problem = "calls every server error unexecuted: name the code or the header by which the provider \
                               says so";
                return Err(refused("answers", problem));
            }
        }
        let covered = |status: &u16| {
            rules
                .iter()
                .any(|rule| rule.is_unconditional() && rule.status.0 <= *status && *status <= rule.status.1)
        };
        if (400..=599).all(|status| covered(&status)) {
            return Ok(());
        }
        Err(refused(
            "answers",
            "does not say what each status from 400 to 599 means: end with rules without conditions",
        ))
    }
}

fn statuses(value: &Value<'_>) -> Result<(u16, u16), Error> {
    let one = |value: &Value<'_>| {
        let status = value.as_u64().and_then(|status| u16::try_from(status).ok());
        status.filter(|status| (200..=599).contains(status))
    };
    let range = match value {
        Value::Array(items) => match items.as_slice() {
            [first, last] => one(first).zip(one(last)).filter(|(first, last)| first <= last),
            _ => None,
        },
        single => one(single).map(|status| (status, status)),
    };
    range.ok_or_else(|| refused("answers.status", "is neither a status from 200 to 599 nor a pair of them"))
}
