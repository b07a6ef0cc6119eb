//! The decisions of a life, one a line: the same seed gives the same bytes on every platform.

use super::event::Seat;
use crate::prelude::*;

/// Lines of what was decided, where somebody wants to read them.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    text: Option<String>,
    begins_at: u64,
}

impl Trace {
    pub(super) fn new(wanted: bool, begins_at: u64) -> Self {
        Self { text: wanted.then(String::new), begins_at }
    }

    /// What a process did.
    pub(super) fn line(&mut self, now: u64, seat: Seat, says: impl FnOnce() -> String) {
        self.write(now, seat.name(), says);
    }

    /// What happened elsewhere.
    pub(super) fn global(&mut self, now: u64, says: impl FnOnce() -> String) {
        self.write(now, "-", says);
    }

    fn write(&mut self, now: u64, who: &str, says: impl FnOnce() -> String) {
        let Some(text) = &mut self.text else { return };
        let since = now.saturating_sub(self.begins_at).digits();
        for piece in [since.as_str(), " ", who, " ", &says(), "\n"] {
            text.push_str(piece);
        }
    }

    pub(super) fn into_text(self) -> Option<String> {
        self.text
    }
}
