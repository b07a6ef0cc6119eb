//! Parameters are read one by one, and what nobody read is refused: a typing error never passes for a wish.
//!
//! Names in refusals are in bracket notation, such as `shipping[address][city]`. An empty value means "unset" where a
//! field can be unset, and is refused everywhere else, as the client sends `null` as an empty value.

use super::form::{Branch, Node};
pub(super) use super::metadata::MetadataPatch;
use super::refusal::{Refusal, Result};
use crate::prelude::*;

/// Longest text that is kept, in characters, where nothing else is said.
const TEXT_CHARS_MAX: usize = 5_000;

/// What a request wants of a field that can be unset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Patch<T> {
    /// Nothing was said.
    Keep,
    /// An empty value.
    Unset,
    /// This value.
    Set(T),
}

impl<T> Patch<T> {
    /// Writes the wish into a field.
    pub(super) fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Unset => *field = None,
            Self::Set(value) => *field = Some(value),
        }
    }

    /// The value of a new object.
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Keep | Self::Unset => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// The parameters of a request, or of one object in it, that were not read yet.
#[derive(Clone, Debug)]
pub(super) struct Params {
    /// Where these parameters stand, such as `shipping[address]`; empty for those of the request.
    path: String,
    members: Branch,
}

impl Params {
    pub(super) const fn new(members: Branch) -> Self {
        Self { path: String::new(), members }
    }

    /// The name of a parameter in bracket notation.
    pub(super) fn name(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { glued(&[&self.path, "[", name, "]"]) }
    }

    /// Whether a parameter is there and was not read.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(found, _)| found == name)
    }

    /// Takes a parameter as it came.
    pub(super) fn take(&mut self, name: &str) -> Option<Node> {
        let at = self.members.iter().position(|(found, _)| found == name)?;
        Some(self.members.remove(at).1)
    }

    /// Takes every parameter that is left, as name and value.
    pub(super) fn take_rest(&mut self) -> Branch {
        core::mem::take(&mut self.members)
    }

    /// A text of at most 5,000 characters that can be unset.
    ///
    /// # Errors
    ///
    /// It is an object, or too long.
    pub(super) fn patch(&mut self, name: &str) -> Result<Patch<String>> {
        self.patch_up_to(name, TEXT_CHARS_MAX)
    }

    /// A text of at most so many characters that can be unset.
    ///
    /// # Errors
    ///
    /// It is an object, or too long.
    pub(super) fn patch_up_to(&mut self, name: &str, chars_max: usize) -> Result<Patch<String>> {
        let text = match self.take(name) {
            None => return Ok(Patch::Keep),
            Some(Node::Text(text)) if text.is_empty() => return Ok(Patch::Unset),
            Some(Node::Text(text)) => text,
            Some(Node::Branch(_)) => return Err(self.invalid(name, "string", "an object")),
        };
        let found = text.chars().count();
        if found > chars_max {
            let name = self.name(name);
            let message = format!(
                "Invalid string: {name} has {found} characters; it must be at most {chars_max} characters"
            );
            return Err(Refusal::param(Some("parameter_invalid_string_too_long"), &name, message));
        }
        Ok(Patch::Set(text))
    }

    /// A text that cannot be unset.
    ///
    /// # Errors
    ///
    /// It is empty, an object, or too long.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.patch(name)? {
            Patch::Keep => Ok(None),
            Patch::Unset => Err(self.empty(name)),
            Patch::Set(text) => Ok(Some(text)),
        }
    }

    /// A text that has to be there.
    ///
    /// # Errors
    ///
    /// It is missing, empty, an object, or too long.
    pub(super) fn required_text(&mut self, name: &str) -> Result<String> {
        let text = self.text(name)?;
        text.ok_or_else(|| Refusal::missing(&self.name(name)))
    }

    /// A whole number.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let is_plain = text.strip_prefix('-').unwrap_or(&text).bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<i64>() {
            Ok(number) if is_plain => Ok(Some(number)),
            _ => Err(self.not_integer(name, &text)),
        }
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub(super) fn natural(&mut self, name: &str) -> Result<Option<u64>> {
        let Some(number) = self.integer(name)? else { return Ok(None) };
        match u64::try_from(number) {
            Ok(number) => Ok(Some(number)),
            Err(_) => {
                let message = "Invalid integer: this value must be greater than or equal to 0".to_owned();
                Err(Refusal::param(Some("parameter_invalid_integer"), &self.name(name), message))
            }
        }
    }

    /// A whole number of at least 1, such as an amount.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub(super) fn positive(&mut self, name: &str) -> Result<Option<u64>> {
        let Some(number) = self.integer(name)? else { return Ok(None) };
        match u64::try_from(number) {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => {
                let message = format!(
                    "This value must be greater than or equal to 1 (it currently is '{number}'): {}",
                    self.name(name)
                );
                Err(Refusal::param(Some("parameter_invalid_integer"), &self.name(name), message))
            }
        }
    }

    /// Refuses an empty value where a new object has nothing to unset; does not take it.
    ///
    /// # Errors
    ///
    /// It is empty.
    pub(super) fn not_empty(&self, name: &str) -> Result<()> {
        if self.is_unset(name) { Err(self.empty(name)) } else { Ok(()) }
    }

    /// Whether a parameter is there and empty; does not take it.
    pub(super) fn is_unset(&self, name: &str) -> bool {
        let is_it = |(found, node): &(String, Node)| {
            found == name && matches!(node, Node::Text(text) if text.is_empty())
        };
        self.members.iter().any(is_it)
    }

    /// `true` or `false`.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(text) => Err(self.invalid(name, "boolean", text)),
        }
    }

    /// One of some words.
    ///
    /// # Errors
    ///
    /// It is another one.
    pub(super) fn choice<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                let name = self.name(name);
                let message = format!("Invalid {name}: must be one of {}", listed(&words));
                Err(Refusal::param(None, &name, message))
            }
        }
    }

    /// An object that can be unset. Its own parameters have to be read to the end by [`Params::finish`].
    ///
    /// # Errors
    ///
    /// It is a text.
    pub(super) fn object(&mut self, name: &str) -> Result<Patch<Self>> {
        match self.take(name) {
            None => Ok(Patch::Keep),
            Some(Node::Branch(members)) => Ok(Patch::Set(Self { path: self.name(name), members })),
            Some(Node::Text(text)) if text.is_empty() => Ok(Patch::Unset),
            Some(Node::Text(text)) => Err(self.invalid(name, "object", &text)),
        }
    }

    /// A list of texts.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let Some(items) = self.items(name)? else { return Ok(None) };
        let mut texts = Vec::with_capacity(items.len());
        for (number, item) in items {
            match item {
                Node::Text(text) => texts.push(text),
                Node::Branch(_) => {
                    return Err(self.invalid(&format!("{name}[{number}]"), "string", "an object"));
                }
            }
        }
        Ok(Some(texts))
    }

    /// A list of objects.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub(super) fn objects(&mut self, name: &str) -> Result<Option<Vec<Self>>> {
        let Some(items) = self.items(name)? else { return Ok(None) };
        let mut objects = Vec::with_capacity(items.len());
        for (number, item) in items {
            let path = format!("{}[{number}]", self.name(name));
            match item {
                Node::Branch(members) => objects.push(Self { path, members }),
                Node::Text(text) => {
                    return Err(Refusal::param(None, &path, format!("Invalid object: {text}")));
                }
            }
        }
        Ok(Some(objects))
    }

    /// Refuses what nobody read.
    ///
    /// # Errors
    ///
    /// The first parameter that is left.
    pub(super) fn finish(self) -> Result<()> {
        match self.members.first() {
            None => Ok(()),
            Some((name, _)) => Err(Refusal::unknown(&self.name(name))),
        }
    }

    /// The refusal of a value of another kind.
    pub(super) fn invalid(&self, name: &str, expected: &str, found: &str) -> Box<Refusal> {
        const SHOWN_MAX: usize = 60;
        let shown: String = found.chars().take(SHOWN_MAX).collect();
        Refusal::param(None, &self.name(name), format!("Invalid {expected}: {shown}"))
    }

    fn not_integer(&self, name: &str, found: &str) -> Box<Refusal> {
        let mut refusal = self.invalid(name, "integer", found);
        refusal.code = Some("parameter_invalid_integer");
        refusal
    }

    fn empty(&self, name: &str) -> Box<Refusal> {
        let name = self.name(name);
        let message = format!(
            "You passed an empty string for '{name}', which cannot be unset: leave it out, or give a value."
        );
        Refusal::param(Some("parameter_invalid_empty"), &name, message)
    }

    /// The members of a list, whose names are whole numbers.
    fn items(&mut self, name: &str) -> Result<Option<Branch>> {
        match self.take(name) {
            None => Ok(None),
            Some(Node::Text(text)) if text.is_empty() => Ok(Some(Branch::new())),
            Some(Node::Branch(items)) if items.iter().all(|(at, _)| at.parse::<u32>().is_ok()) => {
                Ok(Some(items))
            }
            Some(_) => Err(self.invalid(name, "array", "expected one value for each position")),
        }
    }
}

/// `a`, `a or b`, `a, b, or c`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, other] => glued(&[one, " or ", other]),
        [rest @ .., last] => glued(&[&rest.join(", "), ", or ", last]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::form;
    use super::*;

    fn params(text: &str) -> Params {
        Params::new(form::decode(text.as_bytes()).unwrap())
    }

    fn told<T: core::fmt::Debug>(result: Result<T>) -> String {
        match result {
            Ok(value) => format!("{value:?}"),
            Err(refusal) => format!(
                "{} {}: {}",
                refusal.code.unwrap_or("-"),
                refusal.param.unwrap_or_default(),
                refusal.message
            ),
        }
    }

    #[test]
    fn a_value_is_read_or_refused_by_name() {
        let table = [
            (told(params("a=12").integer("a")), "Some(12)"),
            (told(params("a=-12").integer("a")), "Some(-12)"),
            (told(params("a=1.5").integer("a")), "parameter_invalid_integer a: Invalid integer: 1.5"),
            (told(params("a=+5").integer("a")), "parameter_invalid_integer a: Invalid integer:  5"),
            (told(params("a=1e3").integer("a")), "parameter_invalid_integer a: Invalid integer: 1e3"),
            (told(params("a=").patch("a")), "Unset"),
            (told(params("a[b]=1").text("a")), "- a: Invalid string: an object"),
            (told(params("a=yes").flag("a")), "- a: Invalid boolean: yes"),
            (told(params("a=x").choice("a", &[("y", 1), ("z", 2)])), "- a: Invalid a: must be one of y or z"),
            (told(params("").required_text("a")), "parameter_missing a: Missing required param: a."),
            (
                told(params("a=1&b=2").finish()),
                "parameter_unknown a: Received unknown parameter: a (unknown to Stripe, or not simulated)",
            ),
            (told(params("a[0]=x&a[1]=y").texts("a")), r#"Some(["x", "y"])"#),
            (told(params("metadata[k]=v&metadata[w]=").metadata()), r#"Merge([("k", "v"), ("w", "")])"#),
            (told(params("metadata=").metadata()), "Clear"),
        ];
        for (found, expected) in table {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn names_inside_an_object_stand_in_brackets() {
        let mut params = params("shipping[address][planet]=mars");
        let Patch::Set(mut shipping) = params.object("shipping").unwrap() else { panic!("an object") };
        let Patch::Set(address) = shipping.object("address").unwrap() else { panic!("an object") };
        assert_eq!(
            told(address.finish()),
            "parameter_unknown shipping[address][planet]: Received unknown parameter: shipping[address][planet] (unknown \
             to Stripe, or not simulated)"
        );
        shipping.finish().unwrap();
        params.finish().unwrap();
    }
}
