//! Lines come out whole, without their breaks, each with its place.

use super::position::Position;
use super::{Error, ErrorKind, Place};
use crate::prelude::*;

/// Longest line, in bytes. SWIFT and BAI2 allow some hundred.
const LINE_BYTES_MAX: usize = 1 << 16;

/// Takes text and gives lines.
pub(super) struct Lines {
    waiting: String,
    position: Position,
}

impl Lines {
    pub(super) const fn new() -> Self {
        Self { waiting: String::new(), position: Position::START }
    }

    /// Where the next line begins.
    pub(super) const fn place(&self) -> Place {
        self.position.place()
    }

    /// Takes the next text and gives the lines that are whole; blank ones are passed over.
    pub(super) fn push(
        &mut self,
        text: &str,
        take: &mut dyn FnMut(&str, Place) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut waiting = core::mem::take(&mut self.waiting);
        waiting.push_str(text);
        let mut rest = waiting.as_str();
        while let Some(end) = rest.find(['\n', '\r']) {
            let (line, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            self.hand_on(line, take)?;
            let (end_of_line, behind) = behind.split_at_checked(1).unwrap_or((behind, ""));
            self.position.pass(end_of_line);
            rest = behind;
        }
        if rest.len() > LINE_BYTES_MAX {
            return Err(self.too_long());
        }
        let done = waiting.len().saturating_sub(rest.len());
        waiting.replace_range(..done, "");
        self.waiting = waiting;
        Ok(())
    }

    /// Gives the last line, which may have no end.
    pub(super) fn finish(
        &mut self,
        take: &mut dyn FnMut(&str, Place) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let rest = core::mem::take(&mut self.waiting);
        self.hand_on(&rest, take)
    }

    fn hand_on(
        &mut self,
        line: &str,
        take: &mut dyn FnMut(&str, Place) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if line.len() > LINE_BYTES_MAX {
            return Err(self.too_long());
        }
        if !line.trim().is_empty() {
            take(line.trim_end(), self.place())?;
        }
        self.position.pass(line);
        Ok(())
    }

    fn too_long(&self) -> Error {
        Error::at(self.place(), ErrorKind::TooLong { what: "the line", limit: LINE_BYTES_MAX })
    }
}
