//! The objects of one list in a JSON document come out one by one, and the rest of the document is still read strictly.
//!
//! The text of each object goes to the strict reader of [`crate::json`], with its place. What stands around the objects is
//! kept, without them, and goes there too when the document ends. Several documents may follow each other, as the pages of
//! an API do.

use super::position::Position;
use super::{Error, ErrorKind, Place};
use crate::json::{self, Value};
use crate::prelude::*;

/// Longest object, and longest rest of a document, in bytes.
const OBJECT_BYTES_MAX: usize = 1 << 20;

/// Who takes the objects.
pub(super) type Take<'a> = dyn FnMut(&Value<'_>, Place) -> Result<(), Error> + 'a;

/// Takes text and gives objects.
pub(super) struct Objects {
    /// The member of the outermost object that holds the list.
    list: &'static str,
    position: Position,
    /// The document without the objects of the list.
    frame: String,
    frame_start: Position,
    /// The object that is being read.
    object: String,
    object_start: Position,
    depth: usize,
    is_in_text: bool,
    is_escaped: bool,
    /// Depth of the list, while it is open.
    list_depth: Option<usize>,
    is_list_found: bool,
    /// Whether an object of the list has ended and no comma stood behind it.
    is_behind_object: bool,
    documents: u64,
}

impl Objects {
    pub(super) const fn new(list: &'static str) -> Self {
        Self {
            list,
            position: Position::START,
            frame: String::new(),
            frame_start: Position::START,
            object: String::new(),
            object_start: Position::START,
            depth: 0,
            is_in_text: false,
            is_escaped: false,
            list_depth: None,
            is_list_found: false,
            is_behind_object: false,
            documents: 0,
        }
    }

    /// Takes the next text and gives the objects that are whole.
    pub(super) fn push(&mut self, text: &str, take: &mut Take<'_>) -> Result<(), Error> {
        for character in text.chars() {
            let before = self.position;
            self.position.pass(character.encode_utf8(&mut [0; 4]));
            self.step(character, before, take)?;
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn finish(&self) -> Result<(), Error> {
        if !self.frame.trim().is_empty() || !self.object.is_empty() {
            return Err(Error::truncated(self.position.place(), "the end of the JSON document"));
        }
        if self.documents == 0 {
            return Err(Error::at(self.position.place(), ErrorKind::Empty { expected: "a JSON document" }));
        }
        Ok(())
    }

    fn step(&mut self, character: char, at: Position, take: &mut Take<'_>) -> Result<(), Error> {
        let is_in_object = self.list_depth.is_some_and(|list| self.depth > list);
        if !is_in_object && !self.is_in_text {
            if self.frame.is_empty() && character.is_ascii_whitespace() {
                return Ok(());
            }
            if self.frame.is_empty() {
                self.frame_start = at;
            }
            if self.list_depth == Some(self.depth) && self.between(character, at)? {
                return Ok(());
            }
        }
        self.follow(character, at)?;
        let is_now_in_object = self.list_depth.is_some_and(|list| self.depth > list);
        if is_in_object || is_now_in_object {
            self.object.push(character);
            if is_in_object && !is_now_in_object {
                return self.end_object(take);
            }
        } else {
            self.frame.push(character);
        }
        let longest = self.object.len().max(self.frame.len());
        if longest > OBJECT_BYTES_MAX {
            let (what, start) = if self.object.is_empty() {
                ("the document", self.frame_start)
            } else {
                ("the object", self.object_start)
            };
            return Err(Error::at(start.place(), ErrorKind::TooLong { what, limit: OBJECT_BYTES_MAX }));
        }
        if self.depth == 0 && !self.is_in_text && matches!(character, '}' | ']') {
            return self.end_document();
        }
        Ok(())
    }

    /// A character of the list that is in no object: whether it is done with.
    fn between(&mut self, character: char, at: Position) -> Result<bool, Error> {
        match character {
            '{' if !self.is_behind_object => {
                self.object_start = at;
                Ok(false)
            }
            // The frame keeps a list of one null for all objects, so commas between them are checked here.
            ',' if self.is_behind_object => {
                self.is_behind_object = false;
                Ok(true)
            }
            ']' if self.is_behind_object || self.frame.ends_with('[') => Ok(false),
            character if character.is_ascii_whitespace() => Ok(true),
            other => {
                let expected =
                    if self.is_behind_object { "a comma or the end of the list" } else { "an object" };
                Err(Error::malformed(at.place(), expected, other.encode_utf8(&mut [0; 4])))
            }
        }
    }

    /// Follows texts and brackets.
    fn follow(&mut self, character: char, at: Position) -> Result<(), Error> {
        if self.is_in_text {
            match character {
                _ if self.is_escaped => self.is_escaped = false,
                '\\' => self.is_escaped = true,
                '"' => self.is_in_text = false,
                _ => {}
            }
            return Ok(());
        }
        match character {
            '"' => self.is_in_text = true,
            '{' | '[' => {
                self.depth = self.depth.saturating_add(1);
                if self.depth > json::DEPTH_MAX {
                    return Err(Error::malformed(
                        at.place(),
                        "fewer levels",
                        character.encode_utf8(&mut [0; 4]),
                    ));
                }
                if character == '[' && self.is_list() {
                    self.list_depth = Some(self.depth);
                    self.is_list_found = true;
                    self.is_behind_object = false;
                    self.object_start = Position::START;
                }
            }
            '}' | ']' => {
                if self.list_depth == Some(self.depth) {
                    self.list_depth = None;
                }
                let Some(depth) = self.depth.checked_sub(1) else {
                    return Err(Error::malformed(
                        at.place(),
                        "a JSON document",
                        character.encode_utf8(&mut [0; 4]),
                    ));
                };
                self.depth = depth;
            }
            _ if self.depth == 0 => {
                let expected = glued(&["a JSON document with the list ", self.list]);
                let found = character.encode_utf8(&mut [0; 4]).to_owned();
                return Err(Error::at(at.place(), ErrorKind::OtherFormat { expected, found }));
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the bracket that opens now is that of the list: alone, or behind its name in the outermost object.
    fn is_list(&self) -> bool {
        if self.list_depth.is_some() || self.is_list_found {
            return false;
        }
        let before = self.frame.trim_end();
        match self.depth {
            1 => before.is_empty(),
            2 => before
                .strip_suffix(':')
                .is_some_and(|before| before.trim_end().ends_with(&glued(&["\"", self.list, "\""]))),
            _ => false,
        }
    }

    fn end_object(&mut self, take: &mut Take<'_>) -> Result<(), Error> {
        let object = core::mem::take(&mut self.object);
        let start = self.object_start;
        let value = json::parse(object.as_bytes()).map_err(|error| refused(&error, &object, start))?;
        if self.frame.ends_with('[') {
            self.frame.push_str("null");
        }
        self.is_behind_object = true;
        take(&value, start.place())
    }

    fn end_document(&mut self) -> Result<(), Error> {
        let frame = core::mem::take(&mut self.frame);
        json::parse(frame.as_bytes()).map_err(|error| refused(&error, &frame, self.frame_start))?;
        if !self.is_list_found {
            let expected = glued(&["a JSON document with the list ", self.list]);
            let found = super::error::shortened(&frame);
            return Err(Error::at(self.frame_start.place(), ErrorKind::OtherFormat { expected, found }));
        }
        self.is_list_found = false;
        self.documents = self.documents.saturating_add(1);
        Ok(())
    }
}

/// An error of the strict reader, at its place in the file.
fn refused(error: &json::Error, text: &str, start: Position) -> Error {
    use json::ErrorKind as Kind;
    let (offset, expected) = match error.kind() {
        Kind::Syntax { offset, expected } => (*offset, (*expected).to_owned()),
        Kind::TooDeep { offset } => (*offset, "fewer levels".to_owned()),
        Kind::TooManyMembers { offset } => (*offset, "fewer members".to_owned()),
        Kind::DuplicateMember { offset, .. } => {
            (*offset, "a name that did not stand in this object before".to_owned())
        }
        _ => (0, "a JSON document".to_owned()),
    };
    let place = start.after(text.get(..offset).unwrap_or_default()).place();
    Error::malformed(place, &expected, text.get(offset..).unwrap_or_default())
}
