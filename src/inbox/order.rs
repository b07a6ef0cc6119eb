//! A mark never goes back: it stands at the newest event of its object that was applied.
//!
//! Two events at the same place in the order (two within one second, where a provider counts seconds) are no reason to
//! drop one: both are applied, in the order in which they arrive.

use super::claim::{moment, wrong};
use crate::json::{self, Fields, ObjectWriter};
use crate::prelude::*;
use crate::time::Timestamp;

/// Where an event stands among those of its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// A number the provider counts up by one with each change of the object, from 1.
    Version(u64),
    /// When it happened, as the provider says.
    Time(u64),
    /// The rank of the state it brings, in steps from 0.
    State(u64),
}

impl Position {
    const fn name(self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::Time(_) => "time",
            Self::State(_) => "state",
        }
    }

    /// The number itself.
    #[must_use]
    pub const fn value(self) -> u64 {
        match self {
            Self::Version(value) | Self::Time(value) | Self::State(value) => value,
        }
    }

    /// The position with this name.
    #[must_use]
    pub fn of(name: &str, value: u64) -> Option<Self> {
        match name {
            "version" => Some(Self::Version(value)),
            "time" => Some(Self::Time(value)),
            "state" => Some(Self::State(value)),
            _ => None,
        }
    }

    /// Whether nothing can be missing between the mark and this. Times do not tell what lies between them.
    fn follows(self, mark: Option<Self>) -> bool {
        let next = match (self, mark) {
            (Self::Time(_), _) => return false,
            (Self::Version(_), None) => 1,
            (Self::State(_), None) => 0,
            (Self::Version(_) | Self::State(_), Some(mark)) => mark.value().saturating_add(1),
        };
        self.value() <= next
    }
}

/// How an event stands to what was applied before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is known of its object.
    First,
    /// Newer than all.
    Newer,
    /// As new as the newest.
    Same,
    /// Older than one that was applied.
    Older,
}

impl Verdict {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Newer => "newer",
            Self::Same => "same",
            Self::Older => "older",
        }
    }
}

/// What becomes of events that are out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// An older one is acknowledged, recorded as stale, and not handled.
    Newest,
    /// One that came too early is held back; an older one is stale.
    Hold,
    /// All are handled, and the handler is told the verdict.
    Tell,
}

impl Policy {
    /// The policy with this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "newest" => Some(Self::Newest),
            "hold" => Some(Self::Hold),
            "verdict" => Some(Self::Tell),
            _ => None,
        }
    }
}

/// What is known of an object: the newest event that was applied, and who works on the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Where the newest stands; `None` when none was applied yet.
    pub newest: Option<Position>,
    /// Until when nobody else may apply an event of the object.
    pub busy_until: Option<Timestamp>,
}

impl Mark {
    /// How an event stands to the mark. One that counts differently than those before begins a new order.
    #[must_use]
    pub fn verdict(self, position: Position) -> Verdict {
        let Some(newest) = self.comparable(position) else { return Verdict::First };
        match position.value().cmp(&newest.value()) {
            core::cmp::Ordering::Greater => Verdict::Newer,
            core::cmp::Ordering::Equal => Verdict::Same,
            core::cmp::Ordering::Less => Verdict::Older,
        }
    }

    fn comparable(self, position: Position) -> Option<Position> {
        self.newest.filter(|newest| newest.name() == position.name())
    }

    /// Whether an event can be applied without anything missing before it.
    pub(super) fn is_followed_by(self, position: Position) -> bool {
        position.follows(self.comparable(position))
    }

    /// The mark once an event was applied.
    pub(super) fn after(self, position: Position) -> Self {
        let newest = match self.verdict(position) {
            Verdict::Older => self.newest,
            Verdict::First | Verdict::Newer | Verdict::Same => Some(position),
        };
        Self { newest, busy_until: None }
    }

    /// The record.
    #[must_use]
    pub fn encode(self) -> String {
        let record = ObjectWriter::new().number("v", 1);
        let record = match self.newest {
            Some(position) => record.number(position.name(), position.value()),
            None => record,
        };
        match self.busy_until {
            Some(until) => record.number("busy_until", until.unix_ms()),
            None => record,
        }
        .finish()
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// What names the field that is not as [`Mark::encode`] writes it.
    pub fn decode(record: &str) -> Result<Self, json::Error> {
        let document = json::parse(record.as_bytes())?;
        let mut fields = Fields::of(&document, "mark")?;
        let version = fields.integer("v")?;
        if version != 1 {
            return Err(wrong("v", "1", version.digits()));
        }
        let mut newest = None;
        for name in ["version", "time", "state"] {
            newest = newest.or(fields.maybe_integer(name)?.and_then(|value| Position::of(name, value)));
        }
        let is_busy = fields.optional("busy_until").is_some();
        let busy_until = is_busy.then(|| moment(&mut fields, "busy_until")).transpose()?;
        Ok(Self { newest, busy_until })
    }
}

/// The order of an object, as far as an arrival has to do with it.
#[derive(Clone, Copy, Debug)]
pub struct Ordering<'a> {
    /// What becomes of events that are out of order.
    pub policy: Policy,
    /// Where the event stands.
    pub position: Position,
    /// The record of the object's [`Mark`].
    pub mark: super::Slot<'a>,
    /// The record in which the event is held, or would be.
    pub held: super::Slot<'a>,
    /// Until when it is held at most.
    pub hold_until: Timestamp,
    /// The events before it will not be waited for any longer.
    pub release: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_stands_first_newer_same_or_older() {
        use Position::{State, Time, Version};
        // newest             event       verdict         nothing missing before it
        let table = [
            (None, Version(1), Verdict::First, true),
            (None, Version(2), Verdict::First, false),
            (None, State(0), Verdict::First, true),
            (None, State(1), Verdict::First, false),
            (None, Time(7), Verdict::First, false),
            (Some(Version(3)), Version(4), Verdict::Newer, true),
            (Some(Version(3)), Version(5), Verdict::Newer, false),
            (Some(Version(3)), Version(3), Verdict::Same, true),
            (Some(Version(3)), Version(2), Verdict::Older, true),
            (Some(State(1)), State(2), Verdict::Newer, true),
            (Some(State(1)), State(3), Verdict::Newer, false),
            (Some(Time(7)), Time(8), Verdict::Newer, false),
            (Some(Time(7)), Time(7), Verdict::Same, false),
            // Counted otherwise than before: a new order begins.
            (Some(Time(7)), Version(1), Verdict::First, true),
        ];
        for (newest, position, verdict, follows) in table {
            let mark = Mark { newest, busy_until: None };
            assert_eq!(
                (mark.verdict(position), mark.is_followed_by(position)),
                (verdict, follows),
                "{position:?} after {newest:?}"
            );
            let after = mark.after(position).newest.unwrap();
            let kept = if verdict == Verdict::Older { newest.unwrap() } else { position };
            assert_eq!(after, kept, "a mark never goes back");
        }
    }

    #[test]
    fn a_mark_is_read_back_as_it_was_written() {
        let until = Timestamp::from_unix_ms(9);
        let table = [
            (None, None, r#"{"v":1}"#),
            (Some(Position::Version(3)), None, r#"{"v":1,"version":3}"#),
            (Some(Position::Time(0)), until, r#"{"v":1,"time":0,"busy_until":9}"#),
            (Some(Position::State(2)), until, r#"{"v":1,"state":2,"busy_until":9}"#),
        ];
        for (newest, busy_until, record) in table {
            let mark = Mark { newest, busy_until };
            assert_eq!(mark.encode(), record);
            assert_eq!(Mark::decode(record), Ok(mark));
        }
        for record in ["", "[]", r#"{"v":2}"#, r#"{"v":1,"version":"3"}"#] {
            assert!(Mark::decode(record).is_err(), "{record}");
        }
    }
}
