//! A few members of a JSON document, found in one pass that keeps and allocates nothing else.
//!
//! The document is authentic before it gets here, so it is not validated: who reads all of it does that. What is kept
//! is that no two readers may find different values: a wanted name that stands twice is not found at all.

use alloc::borrow::Cow;

use super::block::{BLOCK_BYTES, Block, position};
use super::cut::cut_bytes;
use super::document::is_document;
use super::{JSON_EXPECTED, Refusal};
use crate::prelude::*;

/// The string, or the number or truth value as it was written, at the end of each path of member names, outermost first.
pub(super) fn texts(document: &[u8], paths: Paths<'_>) -> [Option<String>; PATHS] {
    let mut found = members(without_mark(document), paths.map(|path| path.first().copied()))
        .unwrap_or_default()
        .into_iter();
    paths.map(|path| {
        let outer = found.next()??;
        text(value(outer, path.get(1..)?)?).map(Cow::into_owned)
    })
}

/// The value at the end of a path of member names, as it stands in an object.
pub(super) fn value<'a>(object: &'a [u8], path: &[&str]) -> Option<&'a [u8]> {
    only_value(object, path).ok().flatten()
}

/// As [`value`], of a document that is known to be JSON.
///
/// # Errors
///
/// [`super::Error::BodyMalformed`] when a name on the path stands twice in its object: readers would disagree on its value.
#[inline(never)]
pub(super) fn only_value<'a>(object: &'a [u8], path: &[&str]) -> Result<Option<&'a [u8]>, Refusal> {
    let mut value = object;
    for name in path {
        if !after_space(value).starts_with(b"{") {
            return Ok(None);
        }
        let found = members(value, [Some(*name), None, None, None, None, None]);
        match found {
            Some([Some(member), ..]) => value = member,
            Some(_) => return Ok(None),
            None => return Err(Refusal::body(JSON_EXPECTED)),
        }
    }
    Ok(Some(value))
}

/// The elements of a list, as they stand there; `None` when it is none.
pub(super) fn elements(list: &[u8]) -> Option<Vec<&[u8]>> {
    let mut elements = Vec::new();
    let mut rest = Elements::of(list);
    while let Some(element) = rest.next()? {
        elements.push(element);
    }
    Some(elements)
}

/// The elements of a list, one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
    /// What stands before the next one.
    before: u8,
}

impl<'a> Elements<'a> {
    pub(super) const fn of(list: &'a [u8]) -> Self {
        Self { rest: list, before: b'[' }
    }

    /// The next element, or that there is none. `None` where this is no list.
    #[inline(never)]
    pub(super) fn next(&mut self) -> Option<Option<&'a [u8]>> {
        let rest = after_space(self.rest);
        let is_first = self.before == b'[';
        let inside = after_space(rest.strip_prefix(&[self.before]).unwrap_or_default());
        if if is_first { inside } else { rest }.starts_with(b"]") {
            return Some(None);
        }
        let (element, rest) = inside.split_at_checked(there(value_end(inside, 0))?)?;
        *self = Self { rest, before: b',' };
        Some(Some(element))
    }
}

/// How many members are looked for in one pass. A number and not a parameter, so that the code is there once.
pub(super) const PATHS: usize = 6;

/// Names of members, outermost first. An empty path leads nowhere.
pub(super) type Paths<'p> = [&'p [&'p str]; PATHS];

/// What stands under a name in an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Member<'a> {
    /// Nothing.
    #[default]
    Absent,
    /// Several values: readers would disagree on which counts.
    Twice,
    /// This, as it stands there.
    Value(&'a [u8]),
}

/// The values of the wanted members of an object; `None` when it is no object, or a wanted name stands twice.
fn members<'a>(object: &'a [u8], wanted: [Option<&str>; PATHS]) -> Option<[Option<&'a [u8]>; PATHS]> {
    let mut found = [Member::Absent; PATHS];
    let wanted = wanted.map(|name| name.unwrap_or_default().as_bytes());
    if !pick(object, &wanted, &mut found, &mut Vec::new()) || found.contains(&Member::Twice) {
        return None;
    }
    Some(found.map(|member| match member {
        Member::Value(value) => Some(value),
        Member::Absent | Member::Twice => None,
    }))
}

/// Looks for the wanted names among the members of an object; an empty name is none. Answers whether it is an object to
/// its end. `spare` is where names with escapes are spelled out.
#[inline(never)]
pub(super) fn pick<'a>(
    object: &'a [u8],
    wanted: &[&[u8]],
    found: &mut [Member<'a>],
    spare: &mut Vec<u8>,
) -> bool {
    picked(object, wanted, found, spare).is_some_and(|rest| after_space(rest).is_empty())
}

/// As [`pick`]; answers with what stands behind the object.
fn picked<'a>(
    object: &'a [u8],
    wanted: &[&[u8]],
    found: &mut [Member<'a>],
    spare: &mut Vec<u8>,
) -> Option<&'a [u8]> {
    let mut rest = after_space(after_space(object).strip_prefix(b"{")?);
    if let Some(rest) = rest.strip_prefix(b"}") {
        return Some(rest);
    }
    loop {
        let (name, after) = rest.split_at_checked(there(string_end(rest, 0))?)?;
        let after = after_space(after_space(after).strip_prefix(b":")?);
        let (value, after) = after.split_at_checked(there(value_end(after, 0))?)?;
        let bare = name.get(1..name.len().saturating_sub(1)).unwrap_or_default();
        // Names with escapes are rare and read in full.
        let bare = if position(bare, b'\\').is_some() { spelled_out(name, spare) } else { Some(bare) };
        for (slot, wanted) in found.iter_mut().zip(wanted) {
            if bare == Some(wanted) && !wanted.is_empty() {
                *slot = if *slot == Member::Absent { Member::Value(value) } else { Member::Twice };
            }
        }
        let after = after_space(after);
        match after.strip_prefix(b",") {
            Some(next) => rest = after_space(next),
            None => return after.strip_prefix(b"}"),
        }
    }
}

/// The text of a string, or a number or truth value as it was written; `None` for null, and for a nested value: that is
/// not what was asked for, and reading it would cost as much as the whole document.
pub(super) fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    match written(value)? {
        (text, false) => core::str::from_utf8(text).ok().map(Cow::Borrowed),
        (text, true) => {
            let mut out = Vec::new();
            unescape(text, &mut out)?;
            String::from_utf8(out).ok().map(Cow::Owned)
        }
    }
}

/// As [`text`], with what had to be written anew in `spare`.
#[inline(never)]
pub(super) fn spelled_out<'t>(value: &'t [u8], spare: &'t mut Vec<u8>) -> Option<&'t [u8]> {
    let (text, escaped) = written(value)?;
    if !escaped {
        return Some(text);
    }
    spare.clear();
    unescape(text, spare)?;
    Some(spare)
}

/// A scalar other than null as it stands there, without quotes, and whether it has escapes.
fn written(value: &[u8]) -> Option<(&[u8], bool)> {
    if matches!(value.first()?, b'{' | b'[' | b'n') || !is_document(value) {
        return None;
    }
    let text = value.trim_ascii();
    match text {
        [b'"', text @ .., b'"'] => Some((text, position(text, b'\\').is_some())),
        _ => Some((text, false)),
    }
}

/// Writes a text without its escapes; `None` where one is half of a surrogate pair.
fn unescape(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = text;
    while let Some((before, after)) = cut_bytes(rest, b'\\') {
        out.extend_from_slice(before);
        let (escape, after) = after.split_first()?;
        rest = after;
        let letter = match escape {
            b'u' => {
                let high = unit(&mut rest)?;
                let pair = (0xd800..0xdc00).contains(&high);
                let code = if pair {
                    rest = rest.strip_prefix(b"\\u")?;
                    let low = unit(&mut rest)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    (((high & 0x3ff) << 10) | low).wrapping_add(0x1_0000)
                } else {
                    high
                };
                char::from_u32(code)?
            }
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            // A quote, a backslash or a slash, which stand for themselves.
            _ => char::from(*escape),
        };
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out.extend_from_slice(rest);
    Some(())
}

/// The next four hexadecimal digits.
fn unit(rest: &mut &[u8]) -> Option<u32> {
    let (digits, after) = rest.split_at_checked(4)?;
    *rest = after;
    let digit = |code: u32, digit: &u8| Some((code << 4) | char::from(*digit).to_digit(16)?);
    digits.iter().try_fold(0, digit)
}

/// Without the byte-order mark that some put in front of a document.
pub(super) fn without_mark(document: &[u8]) -> &[u8] {
    document.strip_prefix("\u{feff}".as_bytes()).unwrap_or(document)
}

pub(super) fn after_space(bytes: &[u8]) -> &[u8] {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    bytes.iter().position(|byte| !space(byte)).and_then(|at| bytes.get(at..)).unwrap_or_default()
}

/// A place that is none where it is 0.
fn there(place: usize) -> Option<usize> {
    (place > 0).then_some(place)
}

/// Where the string ends that begins at a place; 0 where none does.
#[inline(never)]
pub(super) fn string_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at) != Some(&b'"') {
        return 0;
    }
    let mut place = at.wrapping_add(1);
    while place < bytes.len() {
        let block = Block::at(bytes, place);
        let (quotes, backslashes) = (block.places(b'"'), block.places(b'\\'));
        let before = (quotes | backslashes).trailing_zeros();
        let before = usize::try_from(before).unwrap_or(BLOCK_BYTES);
        place = place.wrapping_add(before.min(BLOCK_BYTES));
        if before < BLOCK_BYTES {
            // Whatever is escaped ends nothing.
            place = place.wrapping_add(1);
            if (quotes >> before) & 1 == 1 {
                return place;
            }
            place = place.wrapping_add(1);
        }
    }
    0
}

/// Where the value ends that begins at a place; 0 where none does.
#[inline(never)]
pub(super) fn value_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        None => 0,
        Some(b'"') => string_end(bytes, at),
        Some(b'{' | b'[') => nested_end(bytes, at),
        Some(_) => {
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
            let mut end = at;
            while bytes.get(end).is_some_and(|byte| !ends(byte)) {
                end = end.wrapping_add(1);
            }
            if end > at { end } else { 0 }
        }
    }
}

/// Where the object or list ends that begins at a place; 0 where it has no end. Brackets are counted, whatever their kind,
/// and most blocks have too few to end anything, so that where in the block they stand is not looked at.
fn nested_end(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_u32, 0, false);
    let mut place = at;
    while place < bytes.len() {
        let block = Block::at(bytes, place);
        let (mut quotes, backslashes) = (block.places(b'"'), block.places(b'\\'));
        if backslashes != 0 || escaped {
            quotes &= !escapes(backslashes, &mut escaped);
        }
        // From an odd quote on, bytes are in a string, and the last one tells what the next block begins in.
        let strings = odd(quotes) ^ in_string;
        in_string = if (strings >> (BLOCK_BYTES - 1)) & 1 == 1 { ALL } else { 0 };
        let brackets = block.curly();
        let (opens, closes) = (brackets.places(b'{') & !strings, brackets.places(b'}') & !strings);
        if closes.count_ones() < depth {
            depth = depth.wrapping_add(opens.count_ones()).wrapping_sub(closes.count_ones());
        } else {
            let mut brackets = opens | closes;
            while brackets != 0 {
                let before = brackets.trailing_zeros();
                // The first one opens, so that there is never one too many that closes.
                depth =
                    if (opens >> before) & 1 == 1 { depth.wrapping_add(1) } else { depth.wrapping_sub(1) };
                if depth == 0 {
                    let before = usize::try_from(before).unwrap_or_default();
                    return place.wrapping_add(before).wrapping_add(1);
                }
                brackets &= brackets.wrapping_sub(1);
            }
        }
        place = place.wrapping_add(BLOCK_BYTES);
    }
    0
}

/// A bit for each byte of a block.
const ALL: u32 = 0xffff;

/// Which bytes of a block follow a backslash that is not itself escaped; `escaped` crosses from block to block.
fn escapes(backslashes: u32, escaped: &mut bool) -> u32 {
    let mut found = 0;
    for bit in 0..BLOCK_BYTES {
        if *escaped {
            found |= 1 << bit;
            *escaped = false;
        } else {
            *escaped = (backslashes >> bit) & 1 == 1;
        }
    }
    found
}

/// The bits up to which, themselves included, an odd number is set.
const fn odd(bits: u32) -> u32 {
    let bits = bits ^ (bits << 1);
    let bits = bits ^ (bits << 2);
    let bits = bits ^ (bits << 4);
    (bits ^ (bits << 8)) & ALL
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::{self, Value};

    fn one(document: &[u8], path: &[&str]) -> Option<String> {
        let [text, ..] = texts(document, [path, &[], &[], &[], &[], &[]]);
        text
    }

    #[test]
    fn members_are_found_wherever_they_stand_and_only_where_they_are_unambiguous() {
        let table: [(&str, &[&str], Option<&str>); 20] = [
            (r#"{"id":"a"}"#, &["id"], Some("a")),
            (" { \"x\" : [ { \"id\" : 1 } , \"}\" ] ,\n\"id\" : \"a\" } ", &["id"], Some("a")),
            (r#"{"x":"\\","y":"\"","id":"\u0061"}"#, &["id"], Some("a")),
            (r#"{"\u0069d":"a"}"#, &["id"], Some("a")),
            (r#"{"id":"a","\u0069d":"b"}"#, &["id"], None),
            (r#"{"id":"a","x":1,"id":"a"}"#, &["id"], None),
            (r#"{"event":{"x":{},"id":7}}"#, &["event", "id"], Some("7")),
            (r#"{"event":"text"}"#, &["event", "id"], None),
            (r#"{"event":{"id":{"id":1}}}"#, &["event", "id"], None),
            (r#"{"id":true}"#, &["id"], Some("true")),
            (r#"{"id":null}"#, &["id"], None),
            (r#"{"id":9007199254740993}"#, &["id"], Some("9007199254740993")),
            ("\u{feff}{\"id\":1}", &["id"], Some("1")),
            ("{}", &["id"], None),
            ("[]", &["id"], None),
            ("", &["id"], None),
            (r#"{"id":1"#, &["id"], None),
            (r#"{"id":1}}"#, &["id"], None),
            (r#"{"id" "a"}"#, &["id"], None),
            (r#"{"":"a"}"#, &[], None),
        ];
        for (document, path, expected) in table {
            assert_eq!(one(document.as_bytes(), path).as_deref(), expected, "{document}");
        }
        assert_eq!(one(b"{\"id\":\"a\",\"x\":\"\xff\"}", &["id"]).as_deref(), Some("a"));
        let paths: Paths<'_> = [&["event", "id"], &["event", "type"], &["time"], &[], &[], &[]];
        let found = texts(br#"{"event":{"id":"a","type":"b"},"time":1}"#, paths);
        let expected = [Some("a"), Some("b"), Some("1"), None, None, None];
        assert_eq!(found, expected.map(|text| text.map(str::to_owned)));
    }

    #[test]
    fn elements_are_cut_where_they_end() {
        let table: [(&str, Option<&[&str]>); 12] = [
            ("[]", Some(&[])),
            (" [ ] ", Some(&[])),
            ("[1]", Some(&["1"])),
            (r#" [ {"a":[1,2]} , "]," ,3 ] "#, Some(&[r#"{"a":[1,2]}"#, r#""],""#, "3"])),
            ("[1,]", None),
            ("[,1]", None),
            ("[1 2]", None),
            ("[1", None),
            ("[", None),
            ("{}", None),
            ("1", None),
            ("", None),
        ];
        for (list, expected) in table {
            let found = elements(list.as_bytes());
            let expected = expected.map(|texts| texts.iter().map(|text| text.as_bytes()).collect());
            assert_eq!(found, expected, "{list}");
        }
    }

    proptest! {
        /// The reader of whole documents is the second opinion.
        #[test]
        fn what_is_found_is_what_the_strict_reader_finds(
            members in proptest::collection::vec(("[a-c\\\\\"é]{0,2}", "([\\\\\"{}\\[\\]]|\\PC){0,40}", 0_u8..5), 0..6),
        ) {
            let member = |(name, text, kind): &(String, String, u8)| {
                let value = match kind {
                    0 => json::quoted(text),
                    1 => "-12.5e3".to_owned(),
                    2 => format!("[{},{{}}]", json::quoted(text)),
                    3 => format!("{{\"a\":{}}}", json::quoted(text)),
                    _ => "null".to_owned(),
                };
                format!("{} : {value}", json::quoted(name))
            };
            let document = format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(" ,"));
            if let Ok(whole) = json::parse(document.as_bytes()) {
                for path in [&["a"][..], &["b"], &["a", "a"], &["é"]] {
                    let expected = path.iter().try_fold(&whole, |value, name| value.get(name));
                    let expected = expected.and_then(|value| match value {
                        Value::String(text) => Some(text.to_string()),
                        Value::Number(lexeme) => Some((*lexeme).to_owned()),
                        _ => None,
                    });
                    prop_assert_eq!(one(document.as_bytes(), path), expected);
                }
            }
        }
    }
}
