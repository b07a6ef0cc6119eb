//! What `expand[]` asks for is checked against the kinds of objects before anything is carried out: a field that cannot
//! be expanded never costs more than a 400.
//!
//! Sources: <https://docs.stripe.com/api/expanding_objects>; at most four levels; `data.` reaches into lists.

use super::object::Class;
use super::refusal::{Refusal, Result};
use crate::prelude::*;

/// Most names in one path, each `data` among them.
const DEPTH_MAX: usize = 4;

/// A field that may be expanded, and what it holds.
pub(super) type Field = (&'static str, Holds);

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// The id of an object of this kind, or a list of such objects that is left out unless it is asked for.
    One(Class),
    /// The id of an object whose kind is only known when it is there.
    Any,
}

/// What an answer is made of, as far as `expand[]` is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// Nothing that can be expanded.
    Nothing,
    One(Class),
    /// A list or a search result.
    List(Class),
}

/// The paths asked for, as a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expand {
    children: Vec<(String, Expand)>,
}

impl Expand {
    /// Nothing.
    pub(super) const NONE: &'static Self = &Self { children: Vec::new() };

    /// Reads the paths of a request whose answer `gives` is.
    ///
    /// # Errors
    ///
    /// A path is too long, or a field on it cannot be expanded.
    pub(super) fn read(paths: &[String], gives: Gives) -> Result<Self> {
        let mut root = Self::default();
        for path in paths {
            let names: Vec<&str> = path.split('.').collect();
            let (class, names) = match (gives, names.split_first()) {
                (Gives::One(class), _) => (class, names.as_slice()),
                (Gives::List(class), Some((&"data", rest))) if !rest.is_empty() => (class, rest),
                _ => return Err(refused(path)),
            };
            if path.split('.').count() > DEPTH_MAX {
                let message =
                    format!("You cannot expand more than {DEPTH_MAX} levels of a property. Property: {path}");
                return Err(Refusal::param(Some("property_expansion_max_depth"), "expand", message));
            }
            check(path, names, class)?;
            root.add(names);
        }
        Ok(root)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    /// What is asked for below a field; `None` when the field stays an id.
    pub(super) fn below(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|(found, _)| found == name).map(|(_, below)| below)
    }

    fn add(&mut self, names: &[&str]) {
        let Some((first, rest)) = names.split_first() else { return };
        let at = self.children.iter().position(|(found, _)| found == first).unwrap_or(self.children.len());
        if at == self.children.len() {
            self.children.push(((*first).to_owned(), Self::default()));
        }
        if let Some((_, below)) = self.children.get_mut(at) {
            below.add(rest);
        }
    }
}

/// Whether each name on a path is a field of the kind before it. A name of several words, such as
/// `invoice_settings.default_payment_method`, stands in the table as it is written.
fn check(path: &str, names: &[&str], class: Class) -> Result<()> {
    let mut class = class;
    let mut rest = names;
    while !rest.is_empty() {
        let found = class.fields().iter().find_map(|(field, holds)| {
            let words: Vec<&str> = field.split('.').collect();
            rest.strip_prefix(words.as_slice()).map(|after| (after, holds))
        });
        match found {
            None => return Err(refused(path)),
            Some((_, Holds::Any)) => return Ok(()),
            Some((after, Holds::One(below))) => {
                // A list inside an object is walked through `data`.
                rest = after.strip_prefix(&["data"][..]).unwrap_or(after);
                class = *below;
            }
        }
    }
    Ok(())
}

fn refused(path: &str) -> Box<Refusal> {
    Refusal::param(None, "expand", format!("This property cannot be expanded ({path})."))
}
