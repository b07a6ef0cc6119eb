//! Every error says what the caller should do next, in one word that never changes.
//!
//! An error enum of any module implements [`Diagnose`]; the wasm border turns that into the one error class
//! JavaScript sees. Codes are stable, snake_case and never reused.

use crate::prelude::*;

/// What the caller of a failed operation should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The call itself is wrong; repeating it unchanged fails again.
    FixCall,
    /// Repeat the same request with the same idempotency key.
    RetrySameKey,
    /// Start a new intent: it is proven that the old key moved no money.
    RetryNewKey,
    /// Nothing is wrong; the answer is not there yet.
    Wait,
    /// Two records disagree; a person has to look at them.
    Reconcile,
    /// Tillproof broke one of its own invariants.
    ReportBug,
}

impl Advice {
    /// The stable name, as JavaScript sees it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixCall => "fix_call",
            Self::RetrySameKey => "retry_same_key",
            Self::RetryNewKey => "retry_new_key",
            Self::Wait => "wait",
            Self::Reconcile => "reconcile",
            Self::ReportBug => "report_bug",
        }
    }
}

/// A line of a table of sentences: a code, and what is said of it. `{name}` stands for the fact of that name, and
/// `{"name"}` for the same in quotes.
pub type Sentence = (&'static str, &'static str);

/// A fact an error carries beside its sentence, for programs: a field name and its value as text.
///
/// Never a secret, a body or a header value.
pub type Detail = (&'static str, String);

/// What every error of the crate answers.
pub trait Diagnose: core::fmt::Display {
    /// The stable name of the error.
    fn code(&self) -> &'static str;

    /// What the caller should do.
    fn advice(&self) -> Advice;

    /// Expected and found values, for programs. Empty where the sentence says it all.
    fn details(&self) -> Vec<Detail> {
        Vec::new()
    }

    /// All of it at once, as it crosses the border.
    fn report(&self) -> Report {
        let (code, advice) = (self.code(), self.advice());
        Said { code, advice, message: self.to_string(), details: self.details() }.into()
    }
}

/// Everything an error says.
///
/// An error of an artefact with a budget is written as one table of reports, from which [`Diagnose`] and `Display`
/// follow: four tables, and `core::fmt`, would weigh more than the hash functions do.
///
/// ```
/// use tillproof::advice::{Advice, Report};
///
/// let report = Report::new("body_too_large").count("found", 9).say("the body has {found} bytes: at most 8 are read");
/// assert_eq!(report.message, "the body has 9 bytes: at most 8 are read");
/// assert_eq!((report.code, report.advice), ("body_too_large", Advice::FixCall));
/// assert_eq!(report.details, [("found", "9".to_owned())]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report(Box<Said>);

/// What a [`Report`] says: behind one pointer, because each fact that is added hands the report on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// See [`Diagnose::code`].
    pub code: &'static str,
    /// See [`Diagnose::advice`].
    pub advice: Advice,
    /// The sentence.
    pub message: String,
    /// See [`Diagnose::details`].
    pub details: Vec<Detail>,
}

impl From<Said> for Report {
    fn from(said: Said) -> Self {
        Self(Box::new(said))
    }
}

impl core::ops::Deref for Report {
    type Target = Said;

    fn deref(&self) -> &Said {
        &self.0
    }
}

impl Report {
    /// All of it, to be kept.
    #[must_use]
    pub fn said(self) -> Said {
        *self.0
    }

    /// A report without facts, whose advice is that of most refusals: [`Advice::FixCall`].
    #[must_use]
    #[inline(never)]
    pub fn new(code: &'static str) -> Self {
        Said { code, advice: Advice::FixCall, message: String::new(), details: Vec::new() }.into()
    }

    /// Gives another advice.
    #[must_use]
    pub fn advise(mut self, advice: Advice) -> Self {
        self.0.advice = advice;
        self
    }

    /// Adds a fact.
    #[must_use]
    #[inline(never)]
    pub fn fact(mut self, name: &'static str, value: &str) -> Self {
        self.0.details.push((name, beginning(value).to_owned()));
        self
    }

    /// Adds a fact that is a number of things.
    #[must_use]
    #[inline(never)]
    pub fn count(self, name: &'static str, value: usize) -> Self {
        self.fact(name, &value.digits())
    }

    /// Adds a fact that is an integer.
    #[must_use]
    #[inline(never)]
    pub fn number(self, name: &'static str, value: u64) -> Self {
        self.fact(name, &value.digits())
    }

    /// Finishes with the sentence that a table has for the code.
    ///
    /// An artefact that is `wordless` has no sentences: they stand in JavaScript, as the build writes them there from the
    /// same table, and what crosses is code and facts.
    #[must_use]
    pub fn say_from(self, sentences: &[Sentence]) -> Self {
        self.say_quoting_from(sentences, ToOwned::to_owned)
    }

    /// As [`Report::say_from`], for a table that quotes: by `quoted`, which comes as an argument because this module knows
    /// no JSON.
    #[must_use]
    pub fn say_quoting_from(self, sentences: &[Sentence], quoted: fn(&str) -> String) -> Self {
        if cfg!(all(target_family = "wasm", feature = "wordless")) {
            return self;
        }
        let found = sentences.iter().find(|(code, _)| *code == self.code);
        let sentence = found.map_or(self.code, |(_, sentence)| sentence);
        self.written(sentence, &[], quoted)
    }

    /// Finishes with a sentence, in which `{name}` stands for the fact of that name.
    #[must_use]
    pub fn say(self, sentence: &str) -> Self {
        self.say_with(sentence, &[])
    }

    /// As [`Report::say`], with values that stand in the sentence only. They come before facts of the same name.
    #[must_use]
    pub fn say_with(self, sentence: &str, asides: &[(&str, &str)]) -> Self {
        self.written(sentence, asides, ToOwned::to_owned)
    }

    #[inline(never)]
    fn written(mut self, sentence: &str, asides: &[(&str, &str)], quoted: fn(&str) -> String) -> Self {
        let mut pieces = sentence.split('{');
        self.0.message.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let (place, rest) = piece.split_once('}').unwrap_or((piece, ""));
            let name = place.trim_matches('"');
            let facts = self.details.iter().map(|(known, value)| (*known, value.as_str()));
            let found = asides.iter().copied().chain(facts).find(|(known, _)| *known == name);
            let value = found.map_or(name, |(_, value)| value);
            let value = if name == place { value.to_owned() } else { quoted(value) };
            self.0.message.push_str(beginning(&value));
            self.0.message.push_str(rest);
        }
        self
    }
}

/// Hostile input may be megabytes long; an error repeats this many of its characters.
const SHOWN_MAX: usize = 200;

fn beginning(text: &str) -> &str {
    text.char_indices().nth(SHOWN_MAX).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Makes the error type of a module whose kinds are a large enum: one pointer, because an error is handed on and
/// converted at every `?` between where it arises and the border.
macro_rules! behind_one_pointer {
    ($(#[$attribute:meta])* pub struct $error:ident of $kind:ident;) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $error($crate::prelude::Box<$kind>);

        impl $error {
            /// What is wrong.
            #[must_use]
            pub fn kind(&self) -> &$kind {
                &self.0
            }
        }

        impl From<$kind> for $error {
            #[inline(never)]
            fn from(kind: $kind) -> Self {
                Self($crate::prelude::Box::new(kind))
            }
        }
    };
}

/// Makes an error of an enum with a method `table`, which gives the [`Report`] of each variant.
macro_rules! reported {
    ($error:ty) => {
        impl core::fmt::Display for $error {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.table().message)
            }
        }

        impl core::error::Error for $error {}

        impl $crate::advice::Diagnose for $error {
            fn code(&self) -> &'static str {
                self.table().code
            }

            fn advice(&self) -> $crate::advice::Advice {
                self.table().advice
            }

            fn details(&self) -> $crate::prelude::Vec<$crate::advice::Detail> {
                self.table().said().details
            }

            fn report(&self) -> $crate::advice::Report {
                self.table()
            }
        }
    };
}

pub(crate) use {behind_one_pointer, reported};
