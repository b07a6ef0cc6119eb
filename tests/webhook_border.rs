//! The door of the `webhooks` artefact, as the shell uses it but natively: numbers and bytes in, numbers and bytes out.
#![cfg(not(target_family = "wasm"))]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop loudly"
)]

use tillproof::crypto::{HashAlgorithm, Hasher};
use tillproof::json;
use tillproof::time::Timestamp;
use tillproof::wasm::delivery::{sign, tables};
use tillproof::wasm::scratch::{
    ABSENT, DIGEST_AT, LAYOUT, LENGTHS, NOW, OUT, REPEATED, SLOT_BYTES, SLOTS_AT, URL,
};
use tillproof::wasm::webhooks::{Door, answer};
use tillproof::webhook::{self, HEADER_BYTES_MAX, Outgoing, SCHEMES, scheme};

const NOW_MS: u64 = 1_700_000_000_000;
const BODY: &[u8] = br#"{"id":"evt_1","type":"charge.succeeded","created":1}"#;

/// Options as the shell writes them: tag, length, text.
fn options(fields: &[(u8, &str)]) -> Vec<u8> {
    let mut text = Vec::new();
    for (tag, value) in fields {
        text.push(*tag);
        text.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        text.extend(value.as_bytes());
    }
    text
}

fn open(door: &mut Door, fields: &[(u8, &str)]) -> u32 {
    let _ = door.area();
    let options = options(fields);
    door.text(options.len()).copy_from_slice(&options);
    door.open()
}

fn put(door: &mut Door, word: usize, value: u32) {
    door.area()[word * 4..word * 4 + 4].copy_from_slice(&value.to_le_bytes());
}

fn word(door: &mut Door, word: usize) -> u32 {
    u32::from_le_bytes(door.area()[word * 4..word * 4 + 4].try_into().unwrap())
}

/// Writes what a delivery claims: a header that is `None` is absent.
fn claim(door: &mut Door, now_ms: u64, headers: &[Option<&str>]) {
    put(door, NOW, u32::try_from(now_ms & 0xffff_ffff).unwrap());
    put(door, NOW + 1, u32::try_from(now_ms >> 32).unwrap());
    put(door, URL, ABSENT);
    for (slot, value) in headers.iter().enumerate() {
        let length = value.map_or(ABSENT, |value| u32::try_from(value.len()).unwrap());
        put(door, LENGTHS + slot, length);
        let written = &value.unwrap_or_default().as_bytes()[..value.map_or(0, str::len).min(SLOT_BYTES)];
        let at = SLOTS_AT + slot * SLOT_BYTES;
        door.area()[at..at + written.len()].copy_from_slice(written);
    }
}

/// The code of the error in the area.
fn code(door: &mut Door) -> &'static str {
    let line = word(door, OUT);
    webhook::Error::LINES[usize::try_from(line).unwrap()].0
}

/// Takes a delivery through all steps, hashing here as a host would, or through the door.
fn verify(door: &mut Door, handle: u32, body: &[u8], by_host: bool) -> u32 {
    let mut state = door.begin(handle, body.len(), body.len());
    let mut secret = 0;
    while state == answer::HASH {
        let laid = usize::try_from(word(door, LAYOUT + 1)).unwrap();
        door.room()[laid..laid + body.len()].copy_from_slice(body);
        if by_host {
            let mut hasher = Hasher::new(HashAlgorithm::Sha256);
            hasher.update(&door.room()[..laid + body.len()]);
            door.area()[DIGEST_AT..DIGEST_AT + 32].copy_from_slice(hasher.finish().as_bytes());
        } else {
            door.absorb(body.len());
        }
        state = door.close(secret);
        secret += 1;
    }
    state
}

/// The value of the one header of [`BODY`], signed at [`NOW_MS`].
fn signature(secret: &str) -> String {
    let outgoing = Outgoing {
        id: "",
        timestamp: Timestamp::from_unix_ms(NOW_MS).unwrap(),
        url: None,
        body: BODY,
        public_key_id: None,
        access_key: None,
    };
    outgoing.sign(scheme("stripe-v1").unwrap(), secret).unwrap().headers.remove(0).1
}

#[test]
fn a_delivery_is_verified_whoever_hashes_it_and_its_event_is_read_afterwards() {
    let mut door = Door::default();
    let handle = open(&mut door, &[(0, "stripe-v1"), (1, "whsec_0"), (1, "whsec_1")]);
    let header = signature("whsec_1");
    for by_host in [true, false] {
        claim(&mut door, NOW_MS, &[Some(&header)]);
        assert_eq!(verify(&mut door, handle, BODY, by_host), answer::VERIFIED);
        let time = u64::from(word(&mut door, OUT + 2)) | (u64::from(word(&mut door, OUT + 3)) << 32);
        assert_eq!((word(&mut door, OUT), word(&mut door, OUT + 1), time), (1, 1, NOW_MS));
        assert!(door.room().iter().take(64).all(|byte| *byte == 0), "the key's block is left in the room");

        let mut expected = Vec::new();
        // None refused, one event: signed id, type and time; no place; the time; lengths of id, type and digest; the
        // texts.
        for number in [0, 1, 0b1011, 0, 1000, 0, 5, 16, 0_u32] {
            expected.extend(number.to_le_bytes());
        }
        expected.extend(b"evt_1charge.succeeded");
        // Where it was hashed, and handed over once more.
        door.events(handle, BODY.len());
        assert_eq!(door.delivered(), expected);
        door.text(BODY.len()).copy_from_slice(BODY);
        door.events(handle, 0);
        assert_eq!(door.delivered(), expected);
    }
}

#[test]
fn events_of_a_list_tell_their_place_in_it_also_where_others_were_refused() {
    let adyen = scheme("adyen-standard").unwrap();
    let item = r#"{"NotificationRequestItem":{"pspReference":"P","eventCode":"E","success":"true"}}"#;
    let body = format!(r#"{{"notificationItems":[{item},{item}]}}"#);
    let timestamp = Timestamp::from_unix_ms(NOW_MS).unwrap();
    let (id, body) = ("", body.as_bytes());
    let outgoing = Outgoing { id, timestamp, url: None, body, public_key_id: None, access_key: None };
    let body = String::from_utf8(outgoing.sign(adyen, "00ff").unwrap().body).unwrap();
    let body = body.replacen(r#""eventCode":"E""#, r#""eventCode":"X""#, 1);

    let mut door = Door::default();
    let handle = open(&mut door, &[(0, "adyen-standard"), (1, "00ff"), (4, "")]);
    claim(&mut door, NOW_MS, &[]);
    door.text(body.len()).copy_from_slice(body.as_bytes());
    assert_eq!(door.whole(handle), answer::VERIFIED);
    let mut expected = Vec::new();
    // One refused, the first; one event: signed id, type and a place; the second.
    for number in [1, 0, 1, 0b10011, 1_u32] {
        expected.extend(number.to_le_bytes());
    }
    let told = door.delivered().get(..expected.len());
    assert_eq!(told, Some(expected.as_slice()));
}

type Case<'c> = (Option<&'c str>, &'c [u8], u64, bool, &'c str);

#[test]
fn refusals_come_in_their_order_and_those_of_the_headers_before_the_body_is_asked_for() {
    let mut door = Door::default();
    let handle = open(&mut door, &[(0, "stripe-v1"), (1, "whsec_1")]);
    let genuine = signature("whsec_1");
    let long = "x".repeat(HEADER_BYTES_MAX + 1);
    // header, body, seconds after signing, asks for the body, code
    let table: Vec<Case<'_>> = vec![
        (Some(&long), BODY, 0, false, "header_too_long"),
        (None, BODY, 0, false, "missing_header"),
        (Some("junk"), BODY, 0, false, "malformed_header"),
        (Some("t=1700000000,v0=00"), BODY, 0, false, "missing_signature"),
        (Some(&genuine), b"{}", 301, true, "signature_mismatch"),
        (Some(&genuine), BODY, 301, true, "timestamp_too_old"),
    ];
    for (header, body, later, asks, expected) in table {
        claim(&mut door, NOW_MS + later * 1000, &[header]);
        assert_eq!(door.begin(handle, body.len(), body.len()) == answer::HASH, asks, "{expected}");
        assert_eq!(verify(&mut door, handle, body, true), answer::REFUSED);
        assert_eq!(code(&mut door), expected);
    }
    claim(&mut door, NOW_MS, &[Some(&genuine)]);
    put(&mut door, LENGTHS, REPEATED);
    assert_eq!(door.begin(handle, BODY.len(), BODY.len()), answer::REFUSED);
    assert_eq!(code(&mut door), "repeated_header");
}

#[test]
fn equal_options_share_a_handle_until_all_have_let_go_and_an_old_one_finds_nothing() {
    let mut door = Door::default();
    let fields = [(0, "stripe-v1"), (1, "whsec_1")];
    assert_eq!(open(&mut door, &fields), 1);
    assert_eq!(open(&mut door, &fields), 1);
    assert_eq!(open(&mut door, &[(0, "stripe-v1"), (1, "whsec_2")]), 2);
    let header = signature("whsec_1");
    claim(&mut door, NOW_MS, &[Some(&header)]);
    door.release(1);
    assert_eq!(verify(&mut door, 1, BODY, true), answer::VERIFIED);
    door.release(1);
    for stranger in [1, 0, 3, u32::MAX] {
        assert_eq!(door.begin(stranger, 0, 0), answer::REFUSED);
        assert_eq!(door.whole(stranger), answer::REFUSED);
        door.release(stranger);
    }
    assert_eq!(open(&mut door, &fields), 3);
}

#[test]
fn steps_out_of_order_verify_nothing() {
    let mut door = Door::default();
    let handle = open(&mut door, &[(0, "stripe-v1"), (1, "whsec_1")]);
    assert_eq!(door.close(0), answer::REFUSED);
    door.absorb(10);
    let header = signature("whsec_1");
    claim(&mut door, NOW_MS, &[Some(&header)]);
    assert_eq!(door.begin(handle, BODY.len(), BODY.len()), answer::HASH);
    // No hash was written, and then no such secret.
    assert_eq!(door.close(0), answer::REFUSED);
    assert_eq!(door.close(7), answer::REFUSED);
    claim(&mut door, NOW_MS, &[Some(&header)]);
    assert_eq!(door.begin(handle, BODY.len(), BODY.len()), answer::HASH);
    door.absorb(usize::MAX);
    assert_eq!(door.close(0), answer::REFUSED);
}

#[test]
fn a_verifier_that_cannot_be_made_says_why() {
    let mut door = Door::default();
    let table: [(&[(u8, &str)], &str); 4] = [
        (&[(0, "nobody"), (1, "s")], "unknown_scheme"),
        (&[(0, "stripe-v1")], "missing_secret"),
        (&[(0, "standard-webhooks-v1"), (1, "whsec_?")], "bad_secret"),
        (&[], "unknown_scheme"),
    ];
    for (fields, expected) in table {
        assert_eq!(open(&mut door, fields), 0);
        assert_eq!(code(&mut door), expected);
    }
}

#[test]
fn the_tables_name_each_scheme_and_give_each_refusal_its_sentence() {
    let reply = String::from_utf8(tables()).unwrap();
    let reply = json::parse(reply.as_bytes()).unwrap();
    let tables = reply.get("ok").unwrap();
    assert_eq!(tables.get("schemes").unwrap().as_array().unwrap().len(), SCHEMES.len());
    assert_eq!(tables.get("refusals").unwrap().as_array().unwrap().len(), webhook::Error::LINES.len());
    let first = tables.get("reasons").unwrap().as_array().unwrap()[0].to_text();
    assert!(first.starts_with(r#"["hex_length","{found} characters of hexadecimal"#), "{first}");
    let items = tables.get("items").unwrap().as_array().unwrap();
    assert_eq!(items.len(), SCHEMES.iter().filter(|scheme| scheme.identity.items.is_some()).count());
    assert_eq!(items[0].to_text(), r#"["adyen-standard","notificationItems","NotificationRequestItem"]"#);
    let input = br#"{"scheme":"stripe-v1","secret":"whsec_1","timestamp":1700000000000}"#;
    let signed = String::from_utf8(sign(input, BODY)).unwrap();
    assert!(signed.contains(&signature("whsec_1")), "{signed}");
}
