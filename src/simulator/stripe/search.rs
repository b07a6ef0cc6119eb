//! Stripe's search query language: a query that was read matches an object or not, and nothing else can happen.
//!
//! `field:value`, `field~part`, `field>n` with `<`, `>=`, `<=`; `-` in front negates; `metadata['key']`, where `null`
//! asks whether a key is missing. Clauses are joined by AND, which may be left out, or by OR, never by both.
//! Source: <https://docs.stripe.com/search#search-query-language>.

use crate::prelude::*;

/// Most clauses of a query.
const CLAUSES_MAX: usize = 10;

/// Shortest text that `~` looks for, in characters.
const PART_CHARS_MIN: usize = 3;

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Kind {
    /// Whole or not at all: ids, states, currencies.
    Token,
    /// Whole or in part: names, addresses.
    Text,
    /// Amounts and times.
    Number,
    /// By key.
    Metadata,
}

/// A field that can be searched for.
pub(in crate::simulator) type Field = (&'static str, Kind);

/// What stands in a field of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Content {
    /// Nothing.
    Absent,
    Text(String),
    Number(u64),
    Flag(bool),
}

impl Content {
    /// A text, or nothing.
    pub(in crate::simulator) fn maybe(text: Option<String>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Contains,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Missing,
    Text(String),
    Number(u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Clause {
    negated: bool,
    field: &'static str,
    /// The key of metadata; empty otherwise.
    key: String,
    operator: Operator,
    wanted: Wanted,
}

/// A query that can be put to objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Query {
    clauses: Vec<Clause>,
    /// Whether one clause is enough.
    any: bool,
}

impl Query {
    /// Reads a query about objects that have `fields`.
    ///
    /// # Errors
    ///
    /// The message, which says where it cannot be read.
    pub(in crate::simulator) fn parse(text: &str, fields: &'static [Field]) -> Result<Self, String> {
        let mut reader = Reader { rest: text.trim_start(), fields };
        let (mut clauses, mut joint) = (Vec::new(), None);
        loop {
            clauses.push(reader.clause()?);
            if clauses.len() > CLAUSES_MAX {
                return Err(format!(
                    "A search query holds at most {CLAUSES_MAX} clauses, and this one has more."
                ));
            }
            if reader.rest.is_empty() {
                break;
            }
            let joined = reader.joint();
            if joint.is_some_and(|before| before != joined) {
                return Err("A search query joins its clauses by AND or by OR, not by both.".to_owned());
            }
            joint = Some(joined);
        }
        Ok(Self { clauses, any: joint == Some(Joint::Or) })
    }

    /// Whether an object fits; `read` gives the content of a field, with the key where it is metadata.
    pub(in crate::simulator) fn matches(&self, read: impl Fn(&'static str, &str) -> Content) -> bool {
        let fits = |clause: &Clause| clause.fits(&read(clause.field, &clause.key)) != clause.negated;
        if self.any { self.clauses.iter().any(fits) } else { self.clauses.iter().all(fits) }
    }
}

impl Clause {
    fn fits(&self, content: &Content) -> bool {
        match (&self.wanted, content) {
            (Wanted::Missing, content) => *content == Content::Absent,
            (Wanted::Text(wanted), Content::Text(found)) if self.operator == Operator::Contains => {
                found.to_lowercase().contains(&wanted.to_lowercase())
            }
            (Wanted::Text(wanted), Content::Text(found)) => found.eq_ignore_ascii_case(wanted),
            (Wanted::Text(wanted), Content::Flag(found)) => {
                wanted.eq_ignore_ascii_case(if *found { "true" } else { "false" })
            }
            (Wanted::Number(wanted), Content::Number(found)) => match self.operator {
                Operator::Equal | Operator::Contains => found == wanted,
                Operator::Less => found < wanted,
                Operator::LessOrEqual => found <= wanted,
                Operator::Greater => found > wanted,
                Operator::GreaterOrEqual => found >= wanted,
            },
            _ => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joint {
    And,
    Or,
}

struct Reader<'a> {
    rest: &'a str,
    fields: &'static [Field],
}

impl<'a> Reader<'a> {
    /// What cannot be read, as a message.
    fn stuck<T>(&self, expected: &str) -> Result<T, String> {
        const SHOWN_MAX: usize = 40;
        let found: String = self.rest.chars().take(SHOWN_MAX).collect();
        let found = if found.is_empty() { "the end of the query".to_owned() } else { format!("`{found}`") };
        Err(format!(
            "We were unable to parse your search query: expected {expected}, found {found}. Try something like \
             `status:'succeeded' AND amount>100`."
        ))
    }

    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// What joins the clause just read to the next: AND when nothing does.
    fn joint(&mut self) -> Joint {
        for (word, joint) in [("AND", Joint::And), ("OR", Joint::Or)] {
            for word in [word.to_owned(), word.to_lowercase()] {
                if let Some(rest) = self.rest.strip_prefix(word.as_str())
                    && (rest.is_empty() || rest.starts_with([' ', '\t', '-']))
                {
                    self.rest = rest.trim_start();
                    return joint;
                }
            }
        }
        Joint::And
    }

    fn clause(&mut self) -> Result<Clause, String> {
        let negated = self.take("-");
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
        let (name, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len())).unwrap_or_default();
        let known = self.fields.iter().find(|(known, _)| *known == name);
        let Some((field, kind)) = known.copied() else {
            let names: Vec<&str> = self.fields.iter().map(|(name, _)| *name).collect();
            return self.stuck(&format!("one of the fields {}", names.join(", ")));
        };
        self.rest = rest;
        let key = if kind == Kind::Metadata { self.key()? } else { String::new() };
        self.skip_blanks();
        let operator = self.operator(kind)?;
        self.skip_blanks();
        let wanted = self.wanted(kind, operator)?;
        self.skip_blanks();
        Ok(Clause { negated, field, key, operator, wanted })
    }

    fn key(&mut self) -> Result<String, String> {
        if !self.take("[") {
            return self.stuck("a key, as in `metadata['order']`");
        }
        let key = self.quoted()?;
        if !self.take("]") {
            return self.stuck("`]`");
        }
        Ok(key)
    }

    fn operator(&mut self, kind: Kind) -> Result<Operator, String> {
        let all = [
            (":", Operator::Equal),
            ("~", Operator::Contains),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        let allowed = |operator| match operator {
            Operator::Equal => true,
            Operator::Contains => matches!(kind, Kind::Text | Kind::Metadata),
            _ => kind == Kind::Number,
        };
        for (sign, operator) in all {
            if allowed(operator) && self.take(sign) {
                return Ok(operator);
            }
        }
        self.stuck(match kind {
            Kind::Token => "`:`",
            Kind::Text | Kind::Metadata => "`:` or `~`",
            Kind::Number => "`:`, `<`, `>`, `<=` or `>=`",
        })
    }

    fn wanted(&mut self, kind: Kind, operator: Operator) -> Result<Wanted, String> {
        if operator == Operator::Equal && self.rest.to_ascii_lowercase().starts_with("null") {
            self.rest = self.rest.get("null".len()..).unwrap_or_default();
            return Ok(Wanted::Missing);
        }
        if kind == Kind::Number {
            return self.number();
        }
        let text = self.quoted()?;
        if operator == Operator::Contains && text.chars().count() < PART_CHARS_MIN {
            return Err(format!("`~` looks for at least {PART_CHARS_MIN} characters, and found `{text}`."));
        }
        Ok(Wanted::Text(text))
    }

    /// Digits, with or without quotes.
    fn number(&mut self) -> Result<Wanted, String> {
        let before = self.rest;
        let digits = if self.rest.starts_with(['\'', '"']) {
            self.quoted()?
        } else {
            let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let (digits, rest) = self.rest.split_at_checked(end).unwrap_or_default();
            self.rest = rest;
            digits.to_owned()
        };
        match digits.parse() {
            Ok(number) => Ok(Wanted::Number(number)),
            Err(_) => {
                self.rest = before;
                self.stuck("a whole number")
            }
        }
    }

    /// A text in single or double quotes; a backslash keeps the character after it.
    fn quoted(&mut self) -> Result<String, String> {
        let Some(quote) = self.rest.chars().next().filter(|first| matches!(first, '\'' | '"')) else {
            return self.stuck("a text in quotes");
        };
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => text.extend(characters.next().map(|(_, kept)| kept)),
                found if found == quote => {
                    self.rest = self.rest.get(at.saturating_add(1)..).unwrap_or_default();
                    return Ok(text);
                }
                plain => text.push(plain),
            }
        }
        self.stuck("a text whose quotes are closed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[
        ("status", Kind::Token),
        ("email", Kind::Text),
        ("amount", Kind::Number),
        ("card.last4", Kind::Token),
        ("metadata", Kind::Metadata),
    ];

    fn read(name: &'static str, key: &str) -> Content {
        let text = |text: &str| Content::Text(text.to_owned());
        match (name, key) {
            ("status", _) => text("succeeded"),
            ("email", _) => text("Ada@example.com"),
            ("amount", _) => Content::Number(1_000),
            ("card.last4", _) => text("4242"),
            ("metadata", "order's") => text("7"),
            _ => Content::Absent,
        }
    }

    #[test]
    fn a_query_matches_what_its_clauses_say() {
        let table = [
            ("status:'succeeded'", true),
            ("status:\"SUCCEEDED\"", true),
            ("-status:'succeeded'", false),
            ("email~'ada@'", true),
            ("email:'ada'", false),
            ("amount>999", true),
            ("amount>1000", false),
            ("amount>=1000 AND amount<=1000", true),
            ("amount:1000", true),
            ("amount:'1000'", true),
            ("amount<1000 OR card.last4:'4242'", true),
            ("amount<1000 or amount<999", false),
            ("status:'succeeded' amount:1", false),
            (r"metadata['order\'s']:'7'", true),
            ("metadata[\"order's\"]:null", false),
            ("-metadata[\"order's\"]:null", true),
            ("metadata['other']:null", true),
            ("  status : 'succeeded'  and -amount : 5 ", true),
        ];
        for (query, expected) in table {
            let read_query = Query::parse(query, FIELDS).unwrap();
            assert_eq!(read_query.matches(read), expected, "{query}");
        }
    }

    #[test]
    fn what_is_no_query_is_refused_where_it_stops_making_sense() {
        let table = [
            ("", "expected one of the fields"),
            ("colour:'red'", "found `colour:'red'`"),
            ("status~'succ'", "expected `:`, found `~'succ'`"),
            ("status>5", "expected `:`"),
            ("amount~5", "expected `:`, `<`"),
            ("amount>x", "expected a whole number, found `x`"),
            ("status:succeeded", "expected a text in quotes"),
            ("status:'succeeded", "quotes are closed"),
            ("email~'ad'", "at least 3 characters"),
            ("status:'a' AND", "found the end of the query"),
            ("status:'a' AND status:'b' OR status:'c'", "not by both"),
            ("metadata:'7'", "expected a key"),
            ("metadata['a':'7'", "expected `]`"),
        ];
        for (query, expected) in table {
            let message = Query::parse(query, FIELDS).unwrap_err();
            assert!(message.contains(expected), "{query}: {message}");
        }
        let many = ["amount:1"; CLAUSES_MAX + 1].join(" ");
        assert!(Query::parse(&many, FIELDS).unwrap_err().contains("at most 10"));
    }
}
