//! What a provider promises about idempotency keys, as data: one JSON form for built-in and custom profiles.
//!
//! Invariant: a profile that was read can be decided by. Each figure decides whether a re-send is safe, so a missing or
//! contradictory one is refused by its name; where a promise is unknown, the value is the careful one (a window of zero
//! means "ask before sending again"). Sources and dates of check stand in the member `sources`; nothing is decided by
//! them.
//!
//! `schema` has the form, docs/providers.md says what each field means. Profiles are interpreted and not translated into
//! types of their own: they are read by few lines of code, and those are shipped to browsers.

use alloc::sync::Arc;

use crate::json::{self, Value};
use crate::prelude::*;
use crate::time::Millis;

use super::key::KeyForm;
use super::node::Node;
use super::schema::{self, Misfit};
use super::template::mentions;
use super::{Content, Error, ErrorKind, Operation, Request};

/// How a provider treats keys, how his answers are read, and how he can be asked what became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The document, of the form `schema::PROFILE`.
    root: Node,
}

/// What a provider promised when an intent was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long the key is surely remembered, from the first send.
    pub window: Millis,
    /// The part of the window that is not used, since clocks differ and requests travel.
    pub margin: Millis,
    /// How long after the last send a late copy may still execute, plus the lag of the query.
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
const BUILT_IN: [(&str, &str); 13] = [
    ("native", include_str!("profiles/native.json")),
    ("conservative", include_str!("profiles/conservative.json")),
    ("stripe", include_str!("profiles/stripe.json")),
    ("stripe-v2", include_str!("profiles/stripe-v2.json")),
    ("adyen", include_str!("profiles/adyen.json")),
    ("paypal", include_str!("profiles/paypal.json")),
    ("square", include_str!("profiles/square.json")),
    ("mollie", include_str!("profiles/mollie.json")),
    ("checkout", include_str!("profiles/checkout.json")),
    ("gocardless", include_str!("profiles/gocardless.json")),
    ("razorpay", include_str!("profiles/razorpay.json")),
    ("mangopay", include_str!("profiles/mangopay.json")),
    ("worldline", include_str!("profiles/worldline.json")),
];

impl Profile {
    /// The built-in profile of a name, read from its file.
    #[must_use]
    pub fn named(name: &str) -> Option<Arc<Self>> {
        let (_, text) = BUILT_IN.into_iter().find(|(known, _)| *known == name)?;
        let document = json::parse(text.as_bytes()).ok()?;
        Self::from_json(&document).ok().map(Arc::new)
    }

    /// The names of the built-in profiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.into_iter().map(|(name, _)| name)
    }

    /// Reads a profile.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Profile`] names the profile, the field and what is wrong with it.
    pub fn from_json(document: &Value<'_>) -> Result<Self, Error> {
        let profile = Self::accepted(document);
        let root = &profile.root;
        let found = schema::misfit(root, &schema::PROFILE).or_else(|| contradiction(root));
        if let Some(Misfit { field, problem }) = found {
            let profile = profile.name().to_owned();
            return Err(ErrorKind::Profile { profile, field, problem }.into());
        }
        Ok(profile)
    }

    /// The profile of a document that [`Profile::from_json`] accepted before: checking takes as long as deciding.
    #[must_use]
    pub fn accepted(document: &Value<'_>) -> Self {
        Self { root: Node::of(document) }
    }

    /// The document.
    pub(super) const fn root(&self) -> &Node {
        &self.root
    }

    /// The stable name. Journals keep it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.root.text("name").unwrap_or_default()
    }

    /// What is promised about the key of a request.
    #[must_use]
    pub fn terms(&self, request: &Request) -> Terms {
        Terms {
            window: Millis::new(self.row_of(request).unwrap_or(&self.root).count("window_ms")),
            margin: Millis::new(self.root.count("margin_ms")),
            quarantine: Millis::new(self.root.count("quarantine_ms")),
        }
    }

    /// The path of a request, its gaps unfilled.
    pub(super) fn path_of<'s>(&'s self, request: &'s Request) -> Option<&'s str> {
        match &request.content {
            Content::Call(call) => Some(&call.path),
            Content::Payment(_) => self.route(request.operation)?.text("path"),
        }
    }

    /// What is promised about requests to this path in particular.
    fn row_of(&self, request: &Request) -> Option<&Node> {
        let path = self.path_of(request)?;
        self.root
            .list("windows")
            .iter()
            .find(|row| row.text("path").is_some_and(|begin| path.starts_with(begin)))
    }

    /// The header that carries the key of a request; `None` when it goes into the body.
    pub(super) fn key_header_of(&self, request: &Request) -> Option<&str> {
        self.row_of(request).and_then(|row| row.text("key_header")).or_else(|| self.key_header())
    }

    /// Length and alphabet of the keys it takes.
    #[must_use]
    pub fn key_form(&self) -> KeyForm {
        form_of(&self.root)
    }

    /// The header that carries the key where no path has its own; `None` when it goes into the body.
    #[must_use]
    pub fn key_header(&self) -> Option<&str> {
        self.root.get("key")?.text("header")
    }

    /// The operations the dialect can carry out. Prepared requests can always be sent.
    pub fn operations(&self) -> impl Iterator<Item = Operation> {
        Operation::all().filter(|operation| self.route(*operation).is_some())
    }

    /// Names of the response headers that classification and replay need, in lower case, each once.
    #[must_use]
    pub fn answer_headers<'s>(&'s self) -> Vec<&'s str> {
        let mut names = vec!["retry-after"];
        let mut wanted = |name: Option<&'s str>| {
            if let Some(name) = name.filter(|name| !names.contains(name)) {
                names.push(name);
            }
        };
        for rule in self.root.list("answers") {
            wanted(rule.get("header").and_then(|test| test.text("name")));
        }
        wanted(self.root.get("replay").and_then(|test| test.text("name")));
        for name in self.root.list("kept_headers") {
            wanted(name.as_text());
        }
        names
    }

    /// Names of the response headers that are kept with the answer to a prepared request.
    pub fn kept_headers(&self) -> impl Iterator<Item = &str> {
        self.root.list("kept_headers").iter().filter_map(Node::as_text)
    }

    /// How an operation is carried out; `None` when the profile has no dialect, or the dialect no such operation.
    pub(super) fn route(&self, operation: Operation) -> Option<&Node> {
        self.root.get("dialect")?.get("operations")?.get(operation.name())
    }
}

fn form_of(root: &Node) -> KeyForm {
    let name = root.get("key").and_then(|key| key.text("form"));
    name.and_then(KeyForm::from_name).unwrap_or_default()
}

/// What each field allows by itself and all together forbid.
fn contradiction(root: &Node) -> Option<Misfit> {
    let misfit = |field: &str, problem| Some(Misfit { field: field.to_owned(), problem });
    let name = root.text("name").unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if name.len() > 64 || !name.bytes().all(plain) {
        return misfit("name", "is not made of at most 64 lower-case letters, digits, `-` and `_`");
    }
    let key = root.get("key")?;
    match (key.text("header"), key.text("field")) {
        (Some(header), None) if schema::is_header(header) => {}
        (None, Some(_)) => {}
        _ => {
            return misfit(
                "key",
                "needs one of `header` and `field`: where does the provider look for the key?",
            );
        }
    }
    let own = core::iter::once(("key.header", key.text("header")));
    let of_rows = root.list("windows").iter().map(|row| ("windows.key_header", row.text("key_header")));
    let kept = root.list("kept_headers").iter().filter_map(Node::as_text);
    let reserved = |(field, name): (&'static str, Option<&str>)| {
        name.is_some_and(schema::is_reserved).then_some((
            field,
            "is a header that says who you are or how the message travels: name the one for the key",
        ))
    };
    let secret = |name: &str| {
        let problem = "keeps credentials in the journal: leave cookies and authorizations out";
        schema::is_secret(name).then_some(("kept_headers", problem))
    };
    let header = own.chain(of_rows).find_map(reserved).or_else(|| kept.into_iter().find_map(secret));
    if let Some((field, problem)) = header {
        return misfit(field, problem);
    }
    let length = u64::try_from(form_of(root).length()).unwrap_or(u64::MAX);
    let fits = match key.list("length") {
        [least, most] => least.as_count() <= Some(length) && Some(length) <= most.as_count(),
        _ => false,
    };
    if !fits {
        let problem = "is no pair of a shortest and a longest key between which the form lies: hex has 32 characters, \
                       uuid 36";
        return misfit("key.length", problem);
    }
    let margin = root.count("margin_ms");
    let windows = core::iter::once(root).chain(root.list("windows"));
    if windows.map(|row| row.count("window_ms")).any(|window| window > 0 && window <= margin) {
        return misfit("margin_ms", "is as long as a window: nothing of that window would be left");
    }
    rules(root.list("answers")).or_else(|| {
        let dialect = root.get("dialect")?;
        let operations = dialect.get("operations").map_or(&[][..], Node::members);
        if operations.is_empty() {
            return misfit(
                "dialect.operations",
                "is empty: leave the dialect out, or say how an operation is sent",
            );
        }
        operations.iter().find_map(|(name, route)| {
            let problem = unsent(name, route).or_else(|| unreadable(dialect, route))?;
            misfit(&glued(&["dialect.operations.", name]), problem)
        })
    })
}

/// Rules that leave an answer to chance, or call one proof that is none.
fn rules(rules: &[Node]) -> Option<Misfit> {
    /// Meanings by which an epoch may fail, and those that say that this attempt moved nothing.
    const FAILS: [&str; 2] = ["declined", "refused"];
    const MOVED_NOTHING: [&str; 5] = ["declined", "refused", "rate_limited", "unauthorised", "not_executed"];
    let always =
        |rule: &Node| ["code", "header", "replayed"].into_iter().all(|name| rule.get(name).is_none());
    let range = |rule: &Node| rule.get("status").and_then(schema::statuses).unwrap_or_default();
    let wrong = |(position, rule): (usize, &Node)| {
        let ((first, last), means) = (range(rule), rule.text("means").unwrap_or_default());
        let problem = if FAILS.contains(&means) && (first < 400 || last > 499 || (first, last) == (408, 408))
        {
            "calls an answer a proof that nothing moved which is none: only statuses from 400 to 499 without 408 can be \
             declined or refused"
        } else if MOVED_NOTHING.contains(&means) && first < 400 {
            "calls an answer below 400 unexecuted: success is read by the dialect, not classified"
        } else if MOVED_NOTHING.contains(&means) && last > 499 && always(rule) {
            "calls every server error unexecuted: name the code or the header by which the provider says so"
        } else {
            return None;
        };
        Some(Misfit { field: glued(&["answers.", &position.digits()]), problem })
    };
    rules.iter().enumerate().find_map(wrong).or_else(|| {
        // The first status that no rule is known to be about.
        let mut open = 400;
        let ranges = || rules.iter().filter(|rule| always(rule)).map(range);
        while let Some((_, last)) = ranges().find(|(first, last)| *first <= open && open <= *last) {
            open = last.saturating_add(1);
        }
        let problem =
            "does not say what each status from 400 to 599 means: end with rules that have no conditions";
        (open <= 599).then(|| Misfit { field: "answers".to_owned(), problem })
    })
}

/// Why a request would not say what the payment says, or what it is asked about by.
fn unsent(operation: &str, route: &Node) -> Option<&'static str> {
    let sends = |place: &Node, gaps: &[&str]| {
        mentions(place.text("path").unwrap_or_default(), place.get("body"), gaps)
    };
    if operation != "void" && !sends(route, &["amount", "amount_text", "amount_decimal"]) {
        return Some("does not send the amount: whatever was asked for, the provider would take another one");
    }
    let query = route.get("query")?;
    let reference = ["reference", "reference_quoted"];
    // A list is searched for the reference, whether the provider searches or we do.
    let by_reference = query.get("items").is_some() || sends(query, &reference);
    if by_reference && !sends(route, &reference) {
        return Some(
            "has a query by a reference that is never sent: what was made would be taken for absent, and made again",
        );
    }
    None
}

/// Why the answers of a route would prove nothing, or too much.
fn unreadable(dialect: &Node, route: &Node) -> Option<&'static str> {
    let usual = dialect.get("answer");
    let Some(reading) = route.get("answer").or(usual) else {
        return Some(
            "has no `answer`, and the dialect has none for all operations: where does it say what happened?",
        );
    };
    let states = reading.get("states").or(usual.and_then(|usual| usual.get("states")));
    let one_sided = |reading: &Node| reading.get("amount").is_some() != reading.get("currency").is_some();
    if one_sided(reading) {
        return Some("reads only one of `amount` and `currency`: neither says anything alone");
    }
    if states.is_some_and(contradict) {
        return Some("reads one word as two `states`: which of them holds?");
    }
    if reading.get("state").is_some() && states.is_none() {
        return Some("reads a state without `states`: which words mean success, and which failure?");
    }
    let query = route.get("query")?;
    let asked = query.get("answer").unwrap_or(reading);
    if asked.get("states").or(states).is_some_and(contradict) {
        return Some("has a query that reads one word as two `states`: which of them holds?");
    }
    if one_sided(asked) {
        return Some("has a query that reads only one of `amount` and `currency`");
    }
    if query.get("items").is_some() && asked.get("reference").is_none() {
        return Some(
            "has a query that reads a list without `reference`: payments of others would count as ours",
        );
    }
    let stateless = asked.get("state").is_none() || asked.get("states").or(states).is_none();
    if stateless && query.get("items").is_none() {
        return Some(
            "has a query that reads no state: that an object can be read does not prove what was done to it",
        );
    }
    let named = ["reference", "reference_quoted", "target", "destination"];
    let is_bound = mentions(query.text("path").unwrap_or_default(), query.get("body"), &named);
    let says_whole = query.get("more").is_some() || query.get("next").is_some();
    if !is_bound && (query.get("items").is_none() || !says_whole) {
        return Some(
            "has a query that names neither `{reference}` nor `{target}`: an answer about everything, perhaps cut off, \
             proves the absence of nothing",
        );
    }
    None
}

/// Whether a word stands in more than one list.
fn contradict(states: &Node) -> bool {
    let lists = states.members();
    let holds = |list: &Node, word: &Node| list.items().contains(word);
    lists.iter().any(|(name, list)| {
        let others = || lists.iter().filter(move |(other, _)| other != name);
        list.items().iter().any(|word| others().any(|(_, other)| holds(other, word)))
    })
}
