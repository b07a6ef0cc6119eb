//! What a run is judged by beside its rows: the rules, what the files say about themselves, and what is to be kept.
//!
//! Terms cross to the artefact that judges on their own, because no reader needs them: as a version, the rules, whether
//! matches are kept, and then the statements to the end.

use super::packed::{Corrupt, Fields};
use super::rules::Rules;
use super::statements::{Kept, Statement};
use super::{Error, ErrorKind};
use crate::prelude::*;

/// The first byte of terms.
const VERSION: u8 = 1;

/// The terms of a run.
#[derive(Clone, Debug, Default)]
pub struct Terms<'a> {
    /// What is decided by agreement.
    pub rules: Rules,
    /// What the files of settlement and bank say about themselves, where they do.
    pub statements: &'a [Statement<'a>],
    /// Whether [`matches`](super::matches) has something to tell, which takes time and memory.
    pub keeps_matches: bool,
}

impl Terms<'_> {
    /// Whether also rows that plainly agree have to be judged one by one: see [`Options::is_whole`](super::Options).
    #[must_use]
    pub const fn needs_every_row(&self) -> bool {
        self.keeps_matches || !self.rules.fees.is_empty() || !self.rules.reaches.is_empty()
    }

    /// # Errors
    ///
    /// [`ErrorKind::WrongRules`].
    pub(super) fn check(&self) -> Result<(), Error> {
        match self.rules.problem() {
            Some(problem) => Err(ErrorKind::WrongRules { rules: self.rules.label(), problem }.into()),
            None => Ok(()),
        }
    }

    /// The bytes for [`judge_by`](super::judge_by).
    #[must_use]
    pub fn packed(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        self.rules.pack(&mut out);
        out.push(u8::from(self.keeps_matches));
        for statement in self.statements {
            statement.pack(&mut out);
        }
        out
    }
}

/// Terms as the judge takes them.
#[derive(Debug, Default)]
pub(super) struct Unpacked<'a> {
    pub(super) rules: Rules,
    pub(super) keeps_matches: bool,
    pub(super) statements: Vec<Kept<'a>>,
}

/// # Errors
///
/// [`Corrupt`] for bytes that are no terms.
pub(super) fn unpack(terms: &[u8]) -> Result<Unpacked<'_>, Corrupt> {
    if terms.is_empty() {
        return Ok(Unpacked::default());
    }
    let mut fields = Fields::of(terms);
    let mut found = head(&mut fields).ok_or(Corrupt { at: 0 })?;
    while !fields.rest.is_empty() {
        let at = terms.len().saturating_sub(fields.rest.len());
        found.statements.push(Kept::unpack(&mut fields).ok_or(Corrupt { at })?);
    }
    Ok(found)
}

fn head<'a>(fields: &mut Fields<'a>) -> Option<Unpacked<'a>> {
    if fields.byte()? != VERSION {
        return None;
    }
    Some(Unpacked { rules: Rules::unpack(fields)?, keeps_matches: fields.flag()?, statements: Vec::new() })
}
