//! What a provider promises about idempotency keys, as data: one JSON form for built-in and custom profiles.
//!
//! Invariant: a profile that was read can be decided by. Each figure decides whether a re-send is safe, so a missing or
//! contradictory one is refused by its name; where a promise is unknown, the value is the careful one (a window of zero
//! means "ask before sending again"). Sources and dates of check stand in the member `sources`, beside what they
//! vouch for; nothing is decided by them.
//!
//! docs/providers.md describes the form field by field.

use alloc::sync::Arc;

use crate::json::{self, Fields, Value};
use crate::prelude::*;
use crate::time::Millis;

use super::content::header_list;
use super::dialect::Dialect;
use super::key::KeyForm;
use super::rule::{HeaderTest, Rule};
use super::template::Template;
use super::{Content, Error, ErrorKind, Operation, Request};

/// Longest window, margin or quarantine: what a provider remembers for years is remembered long enough.
const DAYS_400: u64 = 400 * 24 * 3_600_000;

/// How a provider treats keys, how its answers are read, and how it can be asked what became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The stable name. Journals keep it.
    pub(super) name: String,
    /// Where the key goes.
    pub(super) key: KeyPlace,
    /// How long the provider surely remembers a key of a request that no row of [`Profile::windows`] is about.
    pub(super) window: Millis,
    /// Other windows: of requests whose path begins so. The first that fits counts.
    pub(super) windows: Vec<(String, Millis)>,
    /// The part of a window that is not used, since clocks differ and requests travel.
    pub(super) margin: Millis,
    /// How long after the last send a late copy may still execute, plus the lag of the query.
    pub(super) quarantine: Millis,
    /// The header that marks a replayed answer.
    pub(super) replay: Option<HeaderTest>,
    /// Where an error answer says its codes, in order of precedence: paths into the body.
    pub(super) error_codes: Vec<String>,
    /// Where an error answer says what is wrong, for people.
    pub(super) error_message: Option<String>,
    /// Where an error answer names the payment it made all the same.
    pub(super) error_payment: Option<String>,
    /// What answers mean. The first rule that fits decides.
    pub(super) rules: Vec<Rule>,
    /// Response headers that are kept with the answer to a prepared request.
    pub(super) kept_headers: Vec<String>,
    /// The request that voids whatever was done with a key, where the provider has one.
    pub(super) void_by_key: Option<Template>,
    /// How payments become requests. Without it only prepared requests can be sent.
    pub(super) dialect: Option<Dialect>,
}

/// Where the key goes, and in which form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyPlace {
    /// In which part of the request.
    pub part: KeyPart,
    /// As a string of RFC 8941, in double quotes: what the IETF draft asks for, and almost nobody takes.
    pub quoted: bool,
    /// Length and alphabet.
    pub form: KeyForm,
}

/// The part of a request that carries the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyPart {
    /// This header.
    Header(String),
    /// This member of the body.
    Field(String),
}

/// What a provider promised when an intent was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long the key is surely remembered, from the first send.
    pub window: Millis,
    /// The part of the window that is not used.
    pub margin: Millis,
    /// How long after the last send a late copy may still execute.
    pub quarantine: Millis,
}

impl Terms {
    /// The part of the window in which the key may be sent again.
    #[must_use]
    pub const fn usable_window(&self) -> Millis {
        Millis::new(self.window.get().saturating_sub(self.margin.get()))
    }

    /// The more careful of two promises, figure by figure.
    ///
    /// Two versions of a profile may drive one intent, during a deployment or after an upgrade. Neither knows which of
    /// them is right, so neither may rely on more than the other grants.
    #[must_use]
    pub fn or_stricter(self, other: Self) -> Self {
        Self {
            window: self.window.min(other.window),
            margin: self.margin.max(other.margin),
            quarantine: self.quarantine.max(other.quarantine),
        }
    }
}

/// Name and text of each built-in profile.
const BUILT_IN: [(&str, &str); 2] = [
    ("native", include_str!("profiles/native.json")),
    ("conservative", include_str!("profiles/conservative.json")),
];

impl Profile {
    /// The built-in profile of a name, read from its file.
    #[must_use]
    pub fn named(name: &str) -> Option<Arc<Self>> {
        let (_, text) = BUILT_IN.into_iter().find(|(known, _)| *known == name)?;
        let document = json::parse(text.as_bytes()).ok()?;
        Self::from_json(&document).ok().map(Arc::new)
    }

    /// The stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The header that carries the key; `None` when it goes into the body.
    #[must_use]
    pub fn key_header(&self) -> Option<&str> {
        match &self.key.part {
            KeyPart::Header(name) => Some(name),
            KeyPart::Field(_) => None,
        }
    }

    /// The operations the dialect can carry out. Prepared requests can always be sent.
    pub fn operations(&self) -> impl Iterator<Item = Operation> {
        self.dialect.iter().flat_map(|dialect| dialect.routes.iter().map(|(operation, _)| *operation))
    }

    /// The names of the built-in profiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.into_iter().map(|(name, _)| name)
    }

    /// Reads a profile.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Profile`] names the profile, the place and what is wrong there.
    pub fn from_json(document: &Value<'_>) -> Result<Self, Error> {
        let name = document.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self::read(document).map_err(|error| match error.kind() {
            ErrorKind::Document(cause) => ErrorKind::Profile { name, problem: cause.to_string() }.into(),
            ErrorKind::ProfileField { field, problem } => {
                let problem = glued(&["the field `", field, "` ", problem]);
                ErrorKind::Profile { name, problem }.into()
            }
            _ => error,
        })
    }

    fn read(document: &Value<'_>) -> Result<Self, Error> {
        let mut fields = Fields::of(document, "profile")?;
        let name = fields.text("name")?.to_owned();
        let _ = fields.maybe_text("title")?;
        let key = KeyPlace::read(fields.required("key", "an object")?)?;
        let window = length(&mut fields, "window_ms")?;
        let mut windows = Vec::new();
        for row in fields.list("windows")? {
            let mut fields = Fields::of(row, "windows")?;
            let path = fields.text("path")?.to_owned();
            windows.push((path, length(&mut fields, "window_ms")?));
            fields.finish()?;
        }
        let margin = length(&mut fields, "margin_ms")?;
        let quarantine = length(&mut fields, "quarantine_ms")?;
        let replay = fields.optional("replay").map(HeaderTest::read).transpose()?;
        let mut error = Fields::of(fields.required("error", "an object")?, "error")?;
        let error_codes = texts("codes", error.list("codes")?)?;
        let error_message = error.maybe_text("message")?.map(ToOwned::to_owned);
        let error_payment = error.maybe_text("payment")?.map(ToOwned::to_owned);
        error.finish()?;
        let rules = fields.list("answers")?.iter().map(Rule::read).collect::<Result<Vec<_>, _>>()?;
        let kept_headers = texts("kept_headers", fields.list("kept_headers")?)?;
        let void_by_key = fields.optional("void_by_key").map(Template::read).transpose()?;
        let dialect = fields.optional("dialect").map(Dialect::read).transpose()?;
        let _ = fields.optional("sources");
        fields.finish()?;

        check_name(&name)?;
        if core::iter::once(window)
            .chain(windows.iter().map(|(_, window)| *window))
            .any(|window| window > Millis::ZERO && window <= margin)
        {
            return Err(refused(
                "window_ms",
                "is not larger than `margin_ms`: nothing of the window would be left",
            ));
        }
        Rule::check(&rules)?;
        Ok(Self {
            name,
            key,
            window,
            windows,
            margin,
            quarantine,
            replay,
            error_codes,
            error_message,
            error_payment,
            rules,
            kept_headers,
            void_by_key,
            dialect,
        })
    }

    /// What is promised about the key of a request.
    #[must_use]
    pub fn terms(&self, request: &Request) -> Terms {
        let path = match &request.content {
            Content::Call(call) => Some(call.path.as_str()),
            Content::Payment(_) => self.route(request.operation).map(|route| route.send.path.as_str()),
        };
        let special =
            path.and_then(|path| self.windows.iter().find(|(begin, _)| path.starts_with(begin.as_str())));
        let window = special.map_or(self.window, |(_, window)| *window);
        Terms { window, margin: self.margin, quarantine: self.quarantine }
    }

    /// Names of the response headers that classification and replay need, in lower case, each once.
    #[must_use]
    pub fn answer_headers(&self) -> Vec<&str> {
        let tests = self.replay.iter().chain(self.rules.iter().filter_map(|rule| rule.header.as_ref()));
        let mut names = vec!["retry-after"];
        for name in tests.map(|test| test.name.as_str()).chain(self.kept_headers.iter().map(String::as_str)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// How an operation is carried out; `None` when the profile has no dialect, or the dialect no such operation.
    pub(super) fn route(&self, operation: Operation) -> Option<&super::dialect::Route> {
        self.dialect.as_ref()?.routes.iter().find(|(known, _)| *known == operation).map(|(_, route)| route)
    }
}

impl KeyPlace {
    fn read(value: &Value<'_>) -> Result<Self, Error> {
        let mut fields = Fields::of(value, "key")?;
        let (header, field) = (fields.maybe_text("header")?, fields.maybe_text("field")?);
        let quoted = fields.maybe_flag("quoted")?.unwrap_or(false);
        let name = fields.maybe_text("form")?.unwrap_or("hex");
        let lengths = fields.list("length")?;
        fields.finish()?;

        let part = match (header, field) {
            (Some(header), None) if is_header(header) => KeyPart::Header(header.to_owned()),
            (Some(_), None) => return Err(refused("key.header", "is no name of a header")),
            (None, Some(field)) if !field.is_empty() => KeyPart::Field(field.to_owned()),
            _ => {
                return Err(refused(
                    "key",
                    "needs either `header` or `field`: where the provider looks for the key",
                ));
            }
        };
        let form = KeyForm::from_name(name)
            .ok_or_else(|| refused("key.form", "is none of \"hex\", \"uuid\" and \"base64url\""))?;
        let [least, most] = lengths else {
            return Err(refused(
                "key.length",
                "is no pair of the shortest and the longest key that is taken",
            ));
        };
        let length = u64::try_from(form.length()).unwrap_or(u64::MAX);
        let fits = least.as_u64().is_some_and(|least| least <= length)
            && most.as_u64().is_some_and(|most| length <= most);
        if !fits {
            let problem =
                "does not allow the length of the form: hex has 32 characters, uuid 36, base64url 22";
            return Err(refused("key.length", problem));
        }
        Ok(Self { part, quoted, form })
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if name.len() > 64 || !name.bytes().all(plain) {
        return Err(refused("name", "is not made of at most 64 lower-case letters, digits, `-` and `_`"));
    }
    Ok(())
}

pub(super) fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn length(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Millis, Error> {
    let ms = fields.integer(field)?;
    if ms > DAYS_400 {
        return Err(refused(field, "is more than 400 days: it counts milliseconds"));
    }
    Ok(Millis::new(ms))
}

/// A list of non-empty strings.
pub(super) fn texts(field: &'static str, items: &[Value<'_>]) -> Result<Vec<String>, Error> {
    items
        .iter()
        .map(|item| match item.as_str() {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err(refused(field, "holds something else than non-empty strings")),
        })
        .collect()
}

/// Something in a profile that cannot be decided by.
pub(super) fn refused(field: &'static str, problem: &'static str) -> Error {
    ErrorKind::ProfileField { field, problem }.into()
}

/// One fixed header of a request, as in a profile.
pub(super) fn headers(value: Option<&Value<'_>>) -> Result<Vec<(String, String)>, Error> {
    value.map_or_else(|| Ok(Vec::new()), |value| header_list("headers", value))
}
