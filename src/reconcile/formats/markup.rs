//! Tags and texts come out whole and in order, however the file is cut; what is no markup is refused where it stands.
//!
//! quick-xml finds where a tag ends, takes attributes apart and resolves references; it is fed piece by piece. A document
//! type is refused: its entities could stand for anything, and no bank sends one.

use alloc::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::escape::unescape;
use quick_xml::events::BytesStart;
use quick_xml::parser::{ElementParser, Parser as _};

use super::position::Position;
use super::{Error, ErrorKind, Place};
use crate::prelude::*;

/// Longest tag, text or comment, in bytes. Those of real files stay below 10 KB.
const TOKEN_BYTES_MAX: usize = 1 << 20;

/// A piece of markup.
#[derive(Debug)]
pub(super) enum Token<'a> {
    /// `<Name …>`; with a close of its own behind it when it was `<Name …/>`.
    Open(Tag<'a>),
    /// Text between tags, resolved. One text may come in several.
    Text(Cow<'a, str>),
    /// `</Name>`
    Close(&'a str),
}

/// An opening tag.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    /// The name without its prefix.
    pub(super) name: &'a str,
    start: BytesStart<'a>,
}

impl Tag<'_> {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let found =
            self.start.attributes().filter_map(Result::ok).find(|known| local(known.key.0) == name)?;
        found.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
    }
}

/// What a text between tags may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// XML 1.0.
    Xml,
    /// SGML as OFX 1.x uses it: a `&` that begins no reference is a `&`.
    Sgml,
}

/// Takes text and gives tokens.
pub(super) struct Markup {
    dialect: Dialect,
    waiting: String,
    /// How far the token at the front of `waiting` was searched for its end.
    searched: usize,
    element: ElementParser,
    position: Position,
}

/// Who takes the tokens.
pub(super) type Take<'a> = dyn FnMut(Token<'_>, Place) -> Result<(), Error> + 'a;

/// A token's form, by how it begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Tag,
    Comment,
    CharacterData,
    Instruction,
    Declaration,
    /// Too little is there to tell.
    Unknown,
}

impl Form {
    fn of(text: &str) -> Self {
        const OTHERS: [(&str, Form); 3] =
            [("<!--", Form::Comment), ("<![CDATA[", Form::CharacterData), ("<?", Form::Instruction)];
        if !text.starts_with('<') {
            return Self::Text;
        }
        if let Some((_, form)) = OTHERS.iter().find(|(start, _)| text.starts_with(start)) {
            return *form;
        }
        if OTHERS.iter().any(|(start, _)| start.starts_with(text)) {
            return Self::Unknown;
        }
        if text.starts_with("<!") { Self::Declaration } else { Self::Tag }
    }
}

impl Markup {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            waiting: String::new(),
            searched: 0,
            element: ElementParser::default(),
            position: Position::START,
        }
    }

    /// Where the next token begins.
    pub(super) const fn place(&self) -> Place {
        self.position.place()
    }

    /// Takes the next text and gives the tokens that are whole.
    pub(super) fn push(&mut self, text: &str, take: &mut Take<'_>) -> Result<(), Error> {
        let mut waiting = core::mem::take(&mut self.waiting);
        waiting.push_str(text);
        let mut rest = waiting.as_str();
        while let Some(length) = self.end_of(rest)? {
            let (token, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
            self.check_length(token)?;
            self.hand_on(token, take)?;
            self.position.pass(token);
            self.searched = 0;
            rest = behind;
        }
        self.check_length(rest)?;
        let done = waiting.len().saturating_sub(rest.len());
        waiting.replace_range(..done, "");
        self.waiting = waiting;
        Ok(())
    }

    /// Refuses a token that is too long, whether it has come to its end or not.
    fn check_length(&self, token: &str) -> Result<(), Error> {
        if token.len() <= TOKEN_BYTES_MAX {
            return Ok(());
        }
        let what = if token.starts_with('<') { "the tag" } else { "the text" };
        Err(Error::at(self.place(), ErrorKind::TooLong { what, limit: TOKEN_BYTES_MAX }))
    }

    /// Ends the file: text may end with it, a tag may not.
    pub(super) fn finish(&mut self, take: &mut Take<'_>) -> Result<(), Error> {
        let rest = core::mem::take(&mut self.waiting);
        if rest.starts_with('<') {
            return Err(Error::truncated(self.place(), "the end of the tag that begins here"));
        }
        self.hand_on(&rest, take)?;
        self.position.pass(&rest);
        Ok(())
    }

    /// The length of the token at the front, once it is whole.
    fn end_of(&mut self, rest: &str) -> Result<Option<usize>, Error> {
        let from = self.searched;
        self.searched = rest.len();
        let found = |mark: &str| {
            // The mark may have been cut in two.
            let from = from.saturating_sub(mark.len());
            let at = rest
                .as_bytes()
                .get(from..)?
                .windows(mark.len())
                .position(|bytes| bytes == mark.as_bytes())?;
            Some(at.saturating_add(from).saturating_add(mark.len()))
        };
        let end = match Form::of(rest) {
            Form::Unknown => None,
            Form::Text => {
                let at =
                    rest.as_bytes().get(from..).unwrap_or_default().iter().position(|byte| *byte == b'<');
                at.map(|at| at.saturating_add(from))
            }
            Form::Tag => {
                if from == 0 {
                    self.element = ElementParser::default();
                }
                let at = self.element.feed(rest.as_bytes().get(from..).unwrap_or_default());
                at.map(|at| at.saturating_add(from).saturating_add(1))
            }
            Form::Comment => found("-->"),
            Form::CharacterData => found("]]>"),
            Form::Instruction => found("?>"),
            Form::Declaration => {
                let expected = "no document type, which no statement has";
                // More of it may not have come yet, and an error says the same however a file is cut.
                return Err(Error::malformed(self.place(), expected, "<!"));
            }
        };
        // Before its form was known nothing was searched.
        if Form::of(rest) == Form::Unknown {
            self.searched = 0;
        }
        Ok(end.filter(|end| *end > 0))
    }

    fn hand_on(&self, token: &str, take: &mut Take<'_>) -> Result<(), Error> {
        let place = self.place();
        match Form::of(token) {
            Form::Text if token.is_empty() => Ok(()),
            Form::Text => take(Token::Text(self.resolved(token)?), place),
            Form::CharacterData => {
                let text = token.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>"));
                take(Token::Text(Cow::Borrowed(text.unwrap_or_default())), place)
            }
            Form::Tag => self.tag(token, take),
            Form::Comment | Form::Instruction | Form::Declaration | Form::Unknown => Ok(()),
        }
    }

    fn resolved<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Error> {
        match (unescape(text), self.dialect) {
            (Ok(text), _) => Ok(text),
            (Err(_), Dialect::Sgml) => Ok(Cow::Borrowed(text)),
            (Err(_), Dialect::Xml) => {
                let offset = text.find('&').unwrap_or_default();
                let place = self.position.after(text.get(..offset).unwrap_or_default()).place();
                let expected = "a reference such as &amp; and no other use of &";
                Err(Error::malformed(place, expected, text.get(offset..).unwrap_or_default()))
            }
        }
    }

    fn tag(&self, token: &str, take: &mut Take<'_>) -> Result<(), Error> {
        let place = self.place();
        let inside = token.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or_default();
        if let Some(name) = inside.strip_prefix('/') {
            let name = name.trim_end();
            return if is_name(name) {
                take(Token::Close(local(name)), place)
            } else {
                Err(no_tag(place, token))
            };
        }
        let (content, is_closed) = match inside.strip_suffix('/') {
            Some(content) => (content, true),
            None => (inside, false),
        };
        let length = content.find(|character: char| character.is_ascii_whitespace()).unwrap_or(content.len());
        let name = content.get(..length).filter(|name| is_name(name)).ok_or_else(|| no_tag(place, token))?;
        let start = BytesStart::from_content(content, length);
        if start.attributes().any(|attribute| attribute.is_err()) {
            return Err(no_tag(place, token));
        }
        take(Token::Open(Tag { name: local(name), start }), place)?;
        if is_closed { take(Token::Close(local(name)), place) } else { Ok(()) }
    }
}

fn no_tag(place: Place, token: &str) -> Error {
    Error::malformed(place, "a tag with a name, and attributes in quotes", token)
}

/// The part of a name behind its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || "_-.:".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose;

    fn tokens(dialect: Dialect, text: &str, step: usize) -> Result<String, String> {
        let mut markup = Markup::new(dialect);
        let mut out: Vec<(char, String)> = Vec::new();
        let mut take = |token: Token<'_>, _: Place| {
            match token {
                Token::Open(tag) => out.push(('<', format!("{}{:?}", tag.name, tag.attribute("Ccy")))),
                Token::Close(name) => out.push(('>', name.to_owned())),
                Token::Text(text) => match out.last_mut() {
                    Some(('t', before)) => before.push_str(&text),
                    _ => out.push(('t', text.into_owned())),
                },
            }
            Ok(())
        };
        let message = |error: Error| error.report().said().message;
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(step) {
            markup.push(&piece.iter().collect::<String>(), &mut take).map_err(message)?;
        }
        markup.finish(&mut take).map_err(message)?;
        Ok(out.into_iter().map(|(kind, text)| format!("{kind}{text}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn markup_is_the_same_however_it_is_cut() {
        let table = [
            ("<a/>", "<aNone >a"),
            ("<?xml version=\"1.0\"?><a>x</a>", "<aNone tx >a"),
            ("<p:a xmlns:p='urn:x' Ccy=\"EUR\">1 &lt; 2 &#8364;</p:a>", "<aSome(\"EUR\") t1 < 2 \u{20ac} >a"),
            ("<a><!-- <b> --><![CDATA[<c>&]]>d</a >", "<aNone t<c>&d >a"),
            ("<a Ccy='>'>y</a>\n", "<aSome(\">\") ty >a t\n"),
        ];
        for (text, expected) in table {
            for step in [1, 2, 3, 5, 1_000] {
                assert_eq!(tokens(Dialect::Xml, text, step).as_deref(), Ok(expected), "{text}, {step}");
            }
        }
        assert_eq!(
            tokens(Dialect::Sgml, "<A>AT&T &amp; Co\n<B>1", 2).as_deref(),
            Ok("<ANone tAT&T &amp; Co\n <BNone t1")
        );
    }

    #[test]
    fn what_is_no_markup_is_refused_where_it_stands() {
        let long = format!("<a>{}", "x".repeat(TOKEN_BYTES_MAX + 1));
        let table = [
            ("<a>\n x & y</a>", "line 2, column 4: found \"& y\", expected a reference such as &amp;"),
            ("<a>&nbsp;</a>", "line 1, column 4: found \"&nbsp;\", expected a reference"),
            (
                "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
                "line 1, column 1: found \"<!\", expected no document type",
            ),
            ("<a><>", "line 1, column 4: found \"<>\", expected a tag with a name"),
            ("<1>", "line 1, column 1: found \"<1>\", expected a tag with a name"),
            (
                "<a b>",
                "line 1, column 1: found \"<a b>\", expected a tag with a name, and attributes in quotes",
            ),
            ("<a>\n<b", "line 2, column 1: the file ends here without the end of the tag that begins here"),
            ("<a><!-- x", "line 1, column 4: the file ends here without the end of the tag"),
            (&long, "line 1, column 4: the text that begins here does not end within 1048576 bytes"),
        ];
        for (text, expected) in table {
            for step in [3, 1 << 21] {
                let found = tokens(Dialect::Xml, text, step).unwrap_err();
                assert!(found.contains(expected), "{found}\nshould contain {expected}");
            }
        }
    }
}
