//! A form is decoded into one tree or refused: what two readers could take for two things is never guessed at.
//!
//! The official client writes `a[b][c]=v` and `a[0]=x` with bare brackets; curl and other SDKs also write `a[]=x`, encoded
//! brackets and `+` for a space (<https://docs.stripe.com/api>, stripe-node 23.1.0). All of them mean the same tree; in
//! `a[][b]=1&a[][c]=2&a[][b]=3` an element ends where a name comes that it has already.
//!
//! Limits: [`PAIRS_MAX`], [`DEPTH_MAX`].

use alloc::borrow::Cow;

use super::refusal::{Refusal, Result};
use crate::prelude::*;

/// Most `name=value` pairs of one request.
const PAIRS_MAX: usize = 1_000;

/// Parameters of most requests.
const USUAL_PARAMS: usize = 8;

/// Most brackets behind one name.
const DEPTH_MAX: usize = 8;

/// Parts of most names that are a path.
const USUAL_DEPTH: usize = 4;

/// A value of a form: a text, or named values. A list is a branch whose names are its positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    Branch(Branch),
}

/// Named values, in the order in which their names first came.
pub(super) type Branch = Vec<(String, Node)>;

/// Reads a form body or a query.
///
/// # Errors
///
/// A [`Refusal`] of the request as a whole: it is no form, or too large a one.
pub(super) fn decode(text: &[u8]) -> Result<Branch> {
    if text.is_empty() {
        return Ok(Branch::new());
    }
    let text = core::str::from_utf8(text).map_err(|_| malformed())?;
    let mut root = Branch::with_capacity(USUAL_PARAMS);
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    for (number, pair) in pairs.enumerate() {
        if number >= PAIRS_MAX {
            return Err(Refusal::request(format!("Invalid request: more than {PAIRS_MAX} parameters")));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (unescaped(name)?, unescaped(value)?.into_owned());
        // Most names are no path.
        if name.is_empty() || name.bytes().any(|byte| byte == b'[') {
            insert(&mut root, &segments(&name)?, &name, value)?;
        } else {
            insert(&mut root, &[&*name], &name, value)?;
        }
    }
    Ok(root)
}

/// `a[b][c]` as `a`, `b`, `c`.
fn segments(name: &str) -> Result<Vec<&str>> {
    let malformed = || Refusal::request(format!("Invalid request: the parameter name {name:?} is malformed"));
    let (first, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    let mut segments = Vec::with_capacity(USUAL_DEPTH);
    segments.push(first);
    let mut rest = rest;
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').ok_or_else(malformed)?;
        let (segment, after) = inner.split_once(']').ok_or_else(malformed)?;
        segments.push(segment);
        rest = after;
    }
    if first.is_empty() || segments.len() > DEPTH_MAX {
        return Err(malformed());
    }
    Ok(segments)
}

fn insert(branch: &mut Branch, path: &[&str], name: &str, value: String) -> Result<()> {
    let Some((first, rest)) = path.split_first() else { return Ok(()) };
    // `a[]=x&a[]=y` numbers its values itself.
    let counted;
    let first = if first.is_empty() {
        counted = match branch.last() {
            Some((last, Node::Branch(element))) if !rest.is_empty() && !holds(element, rest) => last.clone(),
            _ => branch.len().digits(),
        };
        &counted
    } else {
        *first
    };
    let at = branch.iter().position(|(found, _)| found == first);
    let clash =
        || Refusal::request(format!("Invalid request: {name:?} is given as a value and as an object"));
    match (at.and_then(|at| branch.get_mut(at)), rest.is_empty()) {
        // Of two values for one name the later one counts, as in every form reader.
        (Some((_, Node::Text(found))), true) => *found = value,
        (Some((_, Node::Branch(inner))), false) => return insert(inner, rest, name, value),
        (Some(_), _) => return Err(clash()),
        (None, true) => branch.push((first.to_owned(), Node::Text(value))),
        (None, false) => {
            let mut inner = Branch::new();
            insert(&mut inner, rest, name, value)?;
            branch.push((first.to_owned(), Node::Branch(inner)));
        }
    }
    Ok(())
}

/// Whether there is a value at a path already.
fn holds(branch: &Branch, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    branch.iter().find(|(name, _)| name == first).is_some_and(|(_, node)| match node {
        Node::Text(_) => true,
        Node::Branch(inner) => holds(inner, rest),
    })
}

fn malformed() -> Box<Refusal> {
    Refusal::request("Invalid request: a parameter is not percent-encoded UTF-8".to_owned())
}

/// Percent-decoding as of a form: `+` is a space.
fn unescaped(text: &str) -> Result<Cow<'_, str>> {
    // Nearly all texts are as they are meant.
    if !text.bytes().fold(false, |any, byte| any | matches!(byte, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) = (digit().ok_or_else(malformed)?, digit().ok_or_else(malformed)?);
                u8::try_from((high << 4) | low).map_err(|_| malformed())?
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(branch: &Branch) -> String {
        let parts: Vec<String> = branch
            .iter()
            .map(|(name, node)| match node {
                Node::Text(text) => format!("{name}={text}"),
                Node::Branch(inner) => format!("{name}({})", shown(inner)),
            })
            .collect();
        parts.join(" ")
    }

    #[test]
    fn what_clients_write_is_read_as_the_same_tree() {
        let table = [
            ("amount=1&currency=usd", "amount=1 currency=usd"),
            ("a[b][c]=1&a[b][d]=2", "a(b(c=1 d=2))"),
            ("a%5Bb%5D=1", "a(b=1)"),
            ("expand[0]=x&expand[1]=y", "expand(0=x 1=y)"),
            ("expand[]=x&expand[]=y", "expand(0=x 1=y)"),
            ("a[][b]=1&a[][c]=2&a[][b]=3", "a(0(b=1 c=2) 1(b=3))"),
            ("a[][b][c]=1&a[][b][d]=2&a[][e][]=3&a[][e][]=4", "a(0(b(c=1 d=2) e(0=3 1=4)))"),
            ("d=a+b%20c%2B", "d=a b c+"),
            ("m=", "m="),
            ("a=1&a=2", "a=2"),
            ("", ""),
            ("&&a=1&", "a=1"),
            ("a=b=c", "a=b=c"),
        ];
        for (text, expected) in table {
            assert_eq!(shown(&decode(text.as_bytes()).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in ["a=1&a[b]=2", "a[b]=2&a=1", "a[b=1", "[a]=1", "a[b]c=1", "a=%zz", "a=%ff", "a=%e", "=1"]
        {
            assert!(decode(text.as_bytes()).is_err(), "{text}");
        }
        let deep = format!("a{}=1", "[b]".repeat(DEPTH_MAX));
        assert!(decode(deep.as_bytes()).is_err());
        assert!(decode("a=1&".repeat(PAIRS_MAX.saturating_add(1)).as_bytes()).is_err());
    }
}
