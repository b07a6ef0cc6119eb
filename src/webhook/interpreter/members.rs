//! Members of JSON objects, found in one pass over the object that keeps and allocates nothing else.

use super::claims::Reading;
use super::code;
use super::fault::{Step, expected};
use crate::prelude::*;
use crate::webhook::cut::cut_bytes;
use crate::webhook::peek::{Member, after_space, pick, spelled_out};

/// What an object has at the first name of each path of a row.
pub(super) type Members<'a> = [Member<'a>; code::PATHS_MAX];

impl Reading<'_> {
    /// Looks for the first name of each path in an object; in anything else there is nothing.
    pub(super) fn look<'a>(&self, object: &'a [u8], spare: &mut Vec<u8>) -> Members<'a> {
        let mut wanted = [&b""[..]; code::PATHS_MAX];
        for (path, name) in wanted.iter_mut().enumerate().take(self.row.paths()) {
            *name = first(self.row.path(path)).0;
        }
        let mut found = Members::default();
        if !pick(object, &wanted, &mut found, spare) {
            found = Members::default();
        }
        found
    }

    /// The text of the string, number or truth value at the end of a path: `None` where nothing or null stands.
    ///
    /// Refuses a name that stands twice, and a list or an object, which other readers may take for the text of what is
    /// in it.
    pub(super) fn scalar<'t>(
        &self,
        members: &Members<'t>,
        path: usize,
        spare: &'t mut Vec<u8>,
    ) -> Step<Option<&'t [u8]>> {
        let text = self.row.path(path);
        match descend(members.get(path).copied().unwrap_or_default(), first(text).1, spare) {
            Member::Absent | Member::Value(b"null") => Ok(None),
            Member::Twice => self.malformed(expected::JSON),
            Member::Value(value) => match spelled_out(value, spare) {
                Some(text) => Ok(Some(text)),
                None => self.field(last(text), expected::SCALAR),
            },
        }
    }
}

/// What stands at the end of the rest of a path.
pub(super) fn descend<'a>(mut member: Member<'a>, mut rest: &[u8], spare: &mut Vec<u8>) -> Member<'a> {
    while let Member::Value(value) = member
        && !rest.is_empty()
    {
        let (name, more) = first(rest);
        rest = more;
        let mut found = [Member::Absent];
        if !after_space(value).starts_with(b"{") {
            return Member::Absent;
        }
        member = if pick(value, &[name], &mut found, spare) { found[0] } else { Member::Twice };
    }
    member
}

/// The first name of a path, and the rest.
pub(super) fn first(path: &[u8]) -> (&[u8], &[u8]) {
    cut_bytes(path, b'.').unwrap_or((path, b""))
}

/// The last name of a path.
pub(super) fn last(path: &'static [u8]) -> &'static [u8] {
    let (mut name, mut rest) = first(path);
    while !rest.is_empty() {
        (name, rest) = first(rest);
    }
    name
}
