//! Both engines are asked the same, and must say the same: the verdict, why, and which events there are.

#![expect(clippy::arithmetic_side_effects, reason = "a test that cannot go on should stop loudly")]

mod cases;

use core::fmt::Write as _;

use proptest::prelude::*;

use self::cases::{Case, changed, genuine, symmetric};
use super::area::{
    ABSENT, DELIVERED, DIGEST_AT, LAYOUT, LENGTHS, NOW, OUT, REPEATED, SLOT_BYTES, SLOTS_AT, URL, URL_AT,
};
use super::{EXPECTED, Interpreter, answer};
use crate::crypto::compact::Hash;
use crate::crypto::{self, decode_base64};
use crate::json::{self, Value};
use crate::prelude::*;
use crate::time::Timestamp;
use crate::webhook::{Error, Fact, HeaderValue, Options, Request, Verifier, scheme};

/// What [`Verifier`] says.
fn by_verifier(case: &Case) -> String {
    let secrets: Vec<&str> = case.secrets.iter().map(String::as_str).collect();
    let options = Options {
        secrets: &secrets,
        tolerance_seconds: case.tolerance_seconds,
        strict: case.strict,
        partial: case.partial,
        url: case.own_url.as_deref(),
        public_key_id: case.key_id.as_deref(),
        access_key: case.access_key.as_deref(),
        ..Options::default()
    };
    let verifier = match scheme(&case.scheme).and_then(|scheme| Verifier::new(scheme, options)) {
        Ok(verifier) => verifier,
        Err(error) => return told(&error),
    };
    let headers: Vec<(&str, HeaderValue<'_>)> = case
        .headers
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_deref().map_or(HeaderValue::Repeated, HeaderValue::Once)))
        .collect();
    let now = Timestamp::from_unix_ms(case.now_ms).unwrap();
    let request = Request { headers: &headers, url: case.url.as_deref(), body: &case.body, now };
    match verifier.verify(&request) {
        Err(error) => told(&error),
        Ok(verified) => {
            let time = verified.timestamp().map(Timestamp::unix_ms);
            let mut text = format!(
                "verified by {} at {time:?} without {:?}:",
                verified.secret_index(),
                verified.refused()
            );
            for event in verified.events() {
                let time = event.occurred_at.map(Timestamp::unix_ms);
                let (id, kind, digest) = (event.id, event.kind, event.digest);
                write!(
                    text,
                    " [{id:?} {} {kind:?} {digest:?} {time:?} {:?}]",
                    event.id_is_signed, event.index
                )
                .unwrap();
            }
            text
        }
    }
}

/// An error by its line and its facts.
fn told(error: &Error) -> String {
    let (line, facts) = error.told();
    let mut text = format!("refused {line}");
    for fact in facts.into_iter().flatten() {
        match fact {
            Fact::Given(_) => text.push_str(" given"),
            Fact::Known(known) => write!(text, " {known:?}").unwrap(),
            Fact::Number(number) => write!(text, " {number}").unwrap(),
            Fact::Places(places) => write!(text, " {places:?}").unwrap(),
            Fact::Reason(line, number) => write!(text, " {} {number}", crypto::Error::LINES[line].0).unwrap(),
            Fact::Key(_) => text.push_str(" key"),
        }
    }
    text
}

/// The small engine, as the shell uses it.
struct Shell(Interpreter);

impl Shell {
    fn new() -> Self {
        let mut shell = Self(Interpreter::new());
        // As the shell asks first of all where it is.
        let _ = shell.0.area();
        shell
    }

    fn put(&mut self, word: usize, value: u32) {
        self.0.area()[word * 4..word * 4 + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn word(&mut self, word: usize) -> u32 {
        u32::from_le_bytes(self.0.area()[word * 4..word * 4 + 4].try_into().unwrap())
    }

    fn text(&mut self, bytes: &[u8]) {
        self.0.text(bytes.len()).copy_from_slice(bytes);
    }

    fn slot(&mut self, at: usize, length: usize, text: Option<&str>, bytes_max: usize) {
        self.put(length, text.map_or(ABSENT, |text| u32::try_from(text.len()).unwrap()));
        let bytes = text.unwrap_or_default().as_bytes();
        let bytes = &bytes[..bytes.len().min(bytes_max)];
        self.0.area()[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// What the small engine says, by the host's hash or its own.
    fn says(&mut self, case: &Case, by_host: bool) -> String {
        let mut options = Vec::new();
        let mut put = |tag: u8, value: &str| {
            options.push(tag);
            options.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
            options.extend(value.as_bytes());
        };
        put(0, &case.scheme);
        case.secrets.iter().for_each(|secret| put(1, secret));
        let tolerance = case.tolerance_seconds.map(|seconds| seconds.to_string());
        let flag = |on: bool| on.then_some("");
        let rest = [
            (2, tolerance.as_deref()),
            (3, flag(case.strict)),
            (4, flag(case.partial)),
            (5, case.own_url.as_deref()),
            (6, case.key_id.as_deref()),
            (7, case.access_key.as_deref()),
        ];
        rest.into_iter()
            .filter_map(|(tag, value)| Some((tag, value?)))
            .for_each(|(tag, value)| put(tag, value));
        self.text(&options);
        let handle = self.0.open();
        if handle == 0 {
            return self.fault();
        }
        let names = scheme(&case.scheme).unwrap().headers();
        assert_eq!(usize::try_from(self.word(OUT + 3)).unwrap(), names.len(), "{}", case.scheme);
        for (slot, name) in names.iter().enumerate() {
            assert_eq!(usize::try_from(self.word(OUT + 5 + slot * 2)).unwrap(), name.len());
            let found: Vec<_> =
                case.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name)).collect();
            let value = found.first().and_then(|(_, value)| value.as_deref());
            self.slot(SLOTS_AT + slot * SLOT_BYTES, LENGTHS + slot, value, SLOT_BYTES);
            if found.len() > 1 || (found.len() == 1 && value.is_none()) {
                self.put(LENGTHS + slot, REPEATED);
            }
        }
        self.slot(URL_AT, URL, case.url.as_deref(), 8192);
        self.put(NOW, u32::try_from(case.now_ms & 0xffff_ffff).unwrap());
        self.put(NOW + 1, u32::try_from(case.now_ms >> 32).unwrap());

        let hash = self.word(OUT);
        let mut state = self.0.begin(handle, case.body.len(), case.body.len());
        let stepwise = state != answer::WHOLE;
        let mut secret = 0;
        while state == answer::HASH {
            let laid = usize::try_from(self.word(LAYOUT + 1)).unwrap();
            self.0.room()[laid..laid + case.body.len()].copy_from_slice(&case.body);
            if by_host {
                let mut value = Hash::new();
                value.begin(u8::try_from(hash).unwrap());
                value.update(&self.0.room()[..laid + case.body.len()]);
                let bytes = value.finish();
                self.0.area()[DIGEST_AT..DIGEST_AT + bytes.len()].copy_from_slice(bytes);
            } else {
                self.0.absorb(case.body.len());
            }
            state = self.0.close(secret);
            secret += 1;
        }
        if state == answer::WHOLE {
            self.text(&case.body);
            state = self.0.whole(handle);
        }
        if state == answer::REFUSED {
            return self.fault();
        }
        let low = u64::from(self.word(OUT + 2));
        let time = (self.word(OUT + 1) == 1).then_some(low | (u64::from(self.word(OUT + 3)) << 32));
        let signer = self.word(OUT);
        if stepwise && by_host && !case.body.is_empty() {
            self.0.events(handle, case.body.len());
        } else if stepwise {
            self.text(&case.body);
            self.0.events(handle, 0);
        }
        assert_eq!(usize::try_from(self.word(DELIVERED + 1)).unwrap(), self.0.delivered().len());
        format!("verified by {signer} at {time:?} without {}", shown(self.0.delivered()))
    }

    /// Why the last call refused.
    fn fault(&self) -> String {
        let fault = self.0.fault;
        let mut text = format!("refused {}", fault.line);
        let [first, second] = fault.numbers;
        if matches!(fault.line, 0 | 29) {
            text.push_str(" given");
        }
        if fault.line == 4 {
            let reason = crypto::Error::LINES[usize::from(fault.expected)].0;
            return format!("{text} {first} {reason} {second}");
        }
        if fault.line == 26 {
            let places = self.0.refused_events.as_chunks().0.iter().map(|place| u32::from_le_bytes(*place));
            return format!("{text} {first} {:?}", places.collect::<Vec<u32>>());
        }
        if !fault.subject.is_empty() {
            write!(text, " {:?}", core::str::from_utf8(self.0.memory.get(fault.subject)).unwrap()).unwrap();
        }
        if let Some(expected) = EXPECTED.get(usize::from(fault.expected)) {
            write!(text, " {expected:?}").unwrap();
        }
        let mut number = |number: usize| write!(text, " {number}").unwrap();
        match fault.line {
            3 => number(first),
            2 | 12 | 13 | 14 | 27 | 28 => {
                number(first);
                number(second);
            }
            _ => {}
        }
        text
    }
}

/// Events as they are written.
fn shown(bytes: &[u8]) -> String {
    let mut at = 0;
    let mut take = |count: u32| {
        at += usize::try_from(count).unwrap();
        bytes[at - usize::try_from(count).unwrap()..at].to_vec()
    };
    let word = |take: &mut dyn FnMut(u32) -> Vec<u8>| u32::from_le_bytes(take(4).try_into().unwrap());
    let refused: Vec<u32> = (0..word(&mut take)).map(|_| word(&mut take)).collect();
    let mut text = format!("{refused:?}:");
    for _ in 0..word(&mut take) {
        let [flags, index, low, high, id, kind, digest] = [(); 7].map(|()| word(&mut take));
        let [id, kind, digest] = [id, kind, digest].map(|length| String::from_utf8(take(length)).unwrap());
        let is = |bit: u32| flags & bit != 0;
        let time = is(8).then_some(u64::from(low) | (u64::from(high) << 32));
        let (kind, digest) = (is(2).then_some(kind), is(4).then_some(digest));
        write!(text, " [{id:?} {} {kind:?} {digest:?} {time:?} {:?}]", is(1), is(16).then_some(index))
            .unwrap();
    }
    assert_eq!(at, bytes.len());
    text
}

/// Asserts that both engines say the same, whoever hashes.
fn agree(shell: &mut Shell, case: &Case) -> String {
    let expected = by_verifier(case);
    for by_host in [true, false] {
        assert_eq!(shell.says(case, by_host), expected, "{case:?}");
    }
    expected
}

#[test]
fn both_engines_say_the_same_of_every_scheme_and_whatever_is_wrong_with_its_deliveries() {
    let mut shell = Shell::new();
    let (mut asked, mut verified) = (0_usize, 0_usize);
    for scheme in symmetric() {
        let cases = genuine(scheme);
        assert!(!cases.is_empty(), "{}", scheme.name);
        for case in &cases {
            let says = agree(&mut shell, case);
            assert!(says.starts_with("verified by 1 "), "{case:?}: {says}");
        }
        // Bodies of one scheme differ in what its events are, and hardly in what can be wrong with a delivery.
        for other in cases.iter().take(2).flat_map(|case| changed(scheme, case)) {
            verified += usize::from(agree(&mut shell, &other).starts_with("verified"));
            asked += 1;
        }
    }
    assert!(verified > 5_000 && asked - verified > 5_000, "{verified} of {asked}");
}

#[test]
fn both_engines_say_the_same_of_every_vector() {
    let mut shell = Shell::new();
    let files = [
        include_str!("../../../../tests/vectors/webhooks.jsonl"),
        include_str!("../../../../tests/vectors/webhooks-catalogue.jsonl"),
    ];
    let mut asked = 0_usize;
    for line in files.iter().flat_map(|file| file.lines()) {
        let vector = json::parse(line.as_bytes()).unwrap();
        let text = |field: &str| vector.get(field).and_then(Value::as_str).map(str::to_owned);
        let number = |field: &str| vector.get(field).and_then(Value::as_u64);
        let name = text("scheme").unwrap();
        if !symmetric().any(|scheme| scheme.name == name) {
            continue;
        }
        let headers = vector.get("headers").and_then(Value::as_object).unwrap().iter();
        let case = Case {
            scheme: name,
            secrets: Vec::from([text("secret").unwrap()]),
            tolerance_seconds: number("tolerance_s"),
            strict: false,
            partial: false,
            own_url: None,
            key_id: text("public_key_id"),
            access_key: text("access_key"),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.as_str().map(str::to_owned)))
                .collect(),
            url: text("url"),
            body: match text("body_base64") {
                Some(encoded) => decode_base64(&encoded).unwrap(),
                None => text("body").unwrap().into_bytes(),
            },
            now_ms: number("timestamp_now").unwrap() * 1000,
        };
        let says = agree(&mut shell, &case);
        assert_eq!(
            says.starts_with("verified"),
            text("expect").as_deref() == Some("valid"),
            "{case:?}: {says}"
        );
        asked += 1;
    }
    assert!(asked > 120, "{asked}");
}

proptest! {
    #[test]
    fn both_engines_say_the_same_of_any_header_and_any_body(
        scheme in any::<prop::sample::Index>(),
        value in "[-0-9a-zA-Z=,;/|&.: \\t{}\"é]{0,24}",
        slot in 0_usize..3,
        body in "[\\[\\]{},:\"\\\\0-9eE+.nulltrefasid=&% -]{0,24}",
    ) {
        let schemes: Vec<_> = symmetric().collect();
        let mut shell = Shell::new();
        let Some(mut case) = genuine(schemes[scheme.index(schemes.len())]).pop() else { return Ok(()) };
        agree(&mut shell, &Case { body: body.into_bytes(), ..case.clone() });
        if let Some((_, header)) = case.headers.get_mut(slot) {
            *header = Some(value);
        }
        agree(&mut shell, &case);
    }
}
