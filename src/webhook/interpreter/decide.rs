//! A delivery is genuine when one of its signatures is that of its own content under one of the secrets.
//!
//! Precedence of refusals: limits, form, signature, time.

use super::area::low;
use super::claims::{Claims, Reading, SignedAt};
use super::code::{self, flag, place, proof, window};
use super::events::Telling;
use super::fault::{Refused, Step, expected, line};
use super::key::{Entry, algorithm};
use super::members::{Members, descend, last};
use super::message::Draft;
use crate::crypto::{HashAlgorithm, HashValue, Hasher, MacKey};
use crate::webhook::document::is_document;
use crate::webhook::peek::{Elements, Member};
use crate::webhook::{BODY_BYTES_MAX, EVENTS_MAX, HEADER_BYTES_MAX, SIGNATURES_MAX};

/// What most providers ask for, where this one asks for nothing but the caller is strict.
const STRICT_TOLERANCE_SECONDS: u64 = 300;

/// What was found genuine: which secret signed it, and when.
pub(super) type Verdict = (usize, Option<SignedAt>);

impl Reading<'_> {
    /// Refuses what the limits forbid, and settles by which row the delivery is read.
    pub(super) fn open(&mut self, body_bytes: usize) -> Step<()> {
        self.lengths()?;
        if self.row.is(flag::SIGNS_URL) && self.url.is_empty() {
            return self.fault(line::URL_MISSING, b"", None);
        }
        if body_bytes > BODY_BYTES_MAX {
            let numbers = [low(body_bytes), low(BODY_BYTES_MAX)].map(u64::from);
            return self.fault_of(line::BODY_TOO_LARGE, b"", numbers);
        }
        self.layout();
        self.limits()
    }

    /// Refuses an empty body where the scheme signs none.
    pub(super) fn body_required(&self, body_bytes: usize) -> Step<()> {
        if self.row.is(flag::BODY_REQUIRED) && body_bytes == 0 {
            return self.fault(line::BODY_EMPTY, b"", None);
        }
        Ok(())
    }

    /// Decides on a delivery whose whole body is there, and tells its events.
    pub(super) fn whole(
        &self,
        entry: &Entry,
        draft: &mut Draft,
        telling: &mut Telling,
        now: u64,
    ) -> Step<Verdict> {
        let in_headers = self.row.field(code::PLACE) == place::HEADERS;
        let claims = if in_headers { self.in_headers()? } else { Claims::default() };
        if self.row.is(flag::READS_FORM) {
            if draft.form.read(self.body).is_none() {
                return self.malformed(expected::FORM);
            }
        } else if self.row.field(code::PLACE) == place::FIELD && !is_document(self.body) {
            return self.malformed(expected::JSON);
        }
        let list = self.row.text(code::LIST);
        let verdict = if in_headers || list.is_empty() {
            let members = self.look(self.body, &mut draft.spare);
            let signer = if in_headers {
                self.signer(draft, &members, claims.time, None)?
            } else {
                self.item(draft, &members, telling)?
            };
            telling.signed = self.row.is(flag::SIGNS_FIELDS).then(|| digest(draft));
            self.in_time(entry, claims.signed_at, now)?;
            self.tell_all(telling, &mut draft.spare);
            (signer, claims.signed_at)
        } else {
            (self.each(entry, draft, telling, list)?, None)
        };
        Ok(verdict)
    }

    /// Checks each event of a delivery by its own signature, and tells those that are genuine. At least one must be.
    fn each(
        &self,
        entry: &Entry,
        draft: &mut Draft,
        telling: &mut Telling,
        list: &'static [u8],
    ) -> Step<usize> {
        let spare = &mut draft.spare;
        let whole = descend(Member::Value(self.body), list, spare);
        let mut items = match whole {
            Member::Twice => return self.malformed(expected::JSON),
            Member::Value(list) => Elements::of(list),
            Member::Absent => Elements::of(b""),
        };
        let count = match items.count() {
            None => return self.no_field(list),
            Some(count @ 1..=EVENTS_MAX) => count,
            Some(_) => return self.field(list, expected::EVENTS),
        };
        let (mut proven, mut why) = (None, None);
        let mut index = 0_usize;
        while let Some(Some(item)) = items.next() {
            let event = match descend(Member::Value(item), self.row.text(code::MEMBER), &mut draft.spare) {
                Member::Twice => return self.malformed(expected::JSON),
                Member::Value(event) => event,
                Member::Absent => b"",
            };
            let members = self.look(event, &mut draft.spare);
            match self.item(draft, &members, telling) {
                Ok(signer) => {
                    proven = proven.or(Some(signer));
                    telling.signed = Some(digest(draft));
                    self.tell(telling, &members, item, Some(index), &mut draft.spare);
                }
                Err(_) => {
                    telling.refused.push(index);
                    why = why.or(Some(self.fault.get()));
                }
            }
            index = index.wrapping_add(1);
        }
        match (proven, why) {
            (Some(proven), None) => Ok(proven),
            (Some(proven), Some(_)) if entry.partial => Ok(proven),
            (Some(_), Some(_)) => self.fault_of(line::EVENTS_REFUSED, b"", [low(count).into(), 0]),
            (None, Some(why)) => {
                self.fault.set(why);
                Err(Refused)
            }
            (None, None) => self.mismatch(false),
        }
    }

    /// Checks an event, or a whole body, by the signature that stands in it.
    fn item(&self, draft: &mut Draft, members: &Members<'_>, telling: &mut Telling) -> Step<usize> {
        let signature = &mut telling.signature;
        signature.clear();
        let (field, found) = if self.row.field(code::PLACE) == place::FORM_FIELD {
            let field = self.row.text(code::PLACE_FIELD);
            (field, self.only(&draft.form, field)?)
        } else {
            let field = last(self.row.path(code::PLACE_PATH));
            (field, self.scalar(members, code::PLACE_PATH, &mut draft.spare)?)
        };
        let Some(found) = found else { return self.no_field(field) };
        signature.extend_from_slice(found);
        if signature.len() > HEADER_BYTES_MAX {
            return self.field(field, expected::SHORTER);
        }
        if self.items(signature) > SIGNATURES_MAX {
            return self.field(field, expected::FEWER);
        }
        let mut claims = Claims::default();
        match self.signatures(signature, None, &mut claims) {
            Err(expected) => self.field(field, expected),
            Ok(()) if claims.signatures == 0 => self.no_field(field),
            Ok(()) => self.signer(draft, members, None, Some(signature)),
        }
    }

    /// The first key under which a signature holds. All are tried, so that the time does not tell which. Where the body
    /// is not signed, what is signed is left as the draft.
    fn signer(
        &self,
        draft: &mut Draft,
        members: &Members<'_>,
        time: Option<&[u8]>,
        in_body: Option<&[u8]>,
    ) -> Step<usize> {
        let mut signer = None;
        let time = time.unwrap_or_default();
        for (index, key) in self.keys.iter().enumerate() {
            for spelling in 0..usize::from(self.row.field(code::SPELLINGS)) {
                self.message(draft, members, time, Some(key), spelling)?;
                let value;
                let tag = match (&key.mac, self.row.field(code::PROOF)) {
                    (_, proof::TOKEN) => key.text.expose(),
                    (mac, _) => {
                        value = self.tag(mac.as_ref(), draft);
                        value.as_bytes()
                    }
                };
                let holds = match in_body {
                    None => self.headers_hold(tag),
                    Some(signature) => {
                        let mut claims = Claims::default();
                        let _read_before = self.signatures(signature, Some(tag), &mut claims);
                        claims.holds
                    }
                };
                if holds && signer.is_none() {
                    signer = Some((index, spelling));
                }
            }
        }
        self.body_required(self.body.len())?;
        let Some((index, spelling)) = signer else { return self.mismatch(self.body.is_empty()) };
        if self.row.is(flag::SIGNS_FIELDS) {
            self.message(draft, members, time, self.keys.get(index), spelling)?;
        }
        Ok(index)
    }

    /// What the signature of the draft must be.
    fn tag(&self, mac: Option<&MacKey>, draft: &Draft) -> HashValue {
        let mut hasher = Hasher::new(algorithm(self.row.field(code::HASH)));
        hasher.update(mac.map_or(&b""[..], |mac| mac.inner_block()));
        for piece in draft.pieces(self.body) {
            hasher.update(piece);
        }
        let inner = hasher.finish();
        match mac {
            Some(mac) => HashValue::of(mac.close(&inner).as_bytes()),
            None => inner,
        }
    }

    /// Refuses what was signed too long ago, or will only be signed.
    pub(super) fn in_time(&self, entry: &Entry, signed_at: Option<SignedAt>, now: u64) -> Step<()> {
        let Some(SignedAt { ms, whole_seconds }) = signed_at else { return Ok(()) };
        let (tolerance_seconds, both_sides) = match (self.row.field(code::WINDOW), entry.tolerance_seconds) {
            (window::ON_REQUEST, None) if !entry.strict => return Ok(()),
            (window::ON_REQUEST, asked) => (asked.unwrap_or(STRICT_TOLERANCE_SECONDS), true),
            (window, asked) => {
                let own =
                    u64::from(self.row.field(code::TOLERANCE)).wrapping_mul(code::TOLERANCE_UNIT_SECONDS);
                (asked.unwrap_or(own), window == window::BOTH_SIDES)
            }
        };
        // What 0 means to Stripe's own library, and nobody wants a window of no width.
        if tolerance_seconds == 0 && !entry.strict {
            return Ok(());
        }
        // A timestamp of whole seconds is compared with whole seconds: 300.9 s later it is 300 s old.
        let now = if whole_seconds { now.saturating_sub(now % 1000) } else { now };
        let tolerance = tolerance_seconds.saturating_mul(1000);
        let (past, ahead) = (now.saturating_sub(ms), ms.saturating_sub(now));
        let line = match () {
            () if past > tolerance => line::TOO_OLD,
            () if ahead > tolerance && (entry.strict || both_sides) => line::TOO_NEW,
            () => return Ok(()),
        };
        // Rounded up, so that a refusal never names a difference that would have been allowed.
        self.fault_of(line, b"", [past.max(ahead).div_ceil(1000), tolerance_seconds])
    }
}

/// Of messages without the body.
fn digest(draft: &Draft) -> HashValue {
    HashAlgorithm::Sha256.of(&[&draft.bytes])
}
