//! The primitives agree with the published vectors: RFC 4231, and the files of Project Wycheproof.
#![cfg(not(target_family = "wasm"))]

#[path = "crypto_vectors/public_keys.rs"]
mod public_keys;

use tillproof::crypto::{HexCase, Mac, MacAlgorithm, MacKey, Secret, decode_hex, encode_hex};
use tillproof::json;
use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

fn mac(algorithm: MacAlgorithm, key: &[u8], message: &[u8]) -> Mac {
    let mut mac = MacKey::new(algorithm, &Secret::new(key.to_vec())).begin();
    // In uneven parts, so that block borders fall inside of parts.
    for part in message.chunks(7) {
        mac.update(part);
    }
    mac
}

#[test]
fn rfc_4231_agrees_and_its_shortened_tags_are_refused() {
    let document = json::parse(include_bytes!("vectors/rfc4231.json")).unwrap();
    let cases = document.as_array().unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let bytes =
            |field: &str| decode_hex(case.get(field).unwrap().as_str().unwrap(), HexCase::Lower).unwrap();
        let (key, data) = (bytes("key"), bytes("data"));
        for (algorithm, expected) in
            [(MacAlgorithm::HmacSha256, bytes("sha256")), (MacAlgorithm::HmacSha512, bytes("sha512"))]
        {
            let tag = mac(algorithm, &key, &data).finish();
            let whole = tag.as_bytes().len() == expected.len();
            assert_eq!(encode_hex(&tag.as_bytes()[..expected.len()]), encode_hex(&expected));
            assert_eq!(mac(algorithm, &key, &data).verify(&expected), whole, "{case:?}");
        }
    }
}

#[test]
fn wycheproof_agrees() {
    for (algorithm, name, tag_bits) in [
        (MacAlgorithm::HmacSha1, TestName::HmacSha1, 160),
        (MacAlgorithm::HmacSha256, TestName::HmacSha256, 256),
        (MacAlgorithm::HmacSha512, TestName::HmacSha512, 512),
    ] {
        let set = TestSet::load(name).unwrap();
        let (mut accepted, mut refused) = (0, 0);
        for group in set.test_groups {
            for test in group.tests {
                // The groups with shorter tags say what a verifier that allows them should accept; ours refuses.
                let expected = group.tag_size == tag_bits && test.result == TestResult::Valid;
                assert_ne!(test.result, TestResult::Acceptable, "{name:?} {}", test.tc_id);
                let found = mac(algorithm, &test.key, &test.msg).verify(&test.tag);
                assert_eq!(found, expected, "{name:?} {}: {}", test.tc_id, test.comment);
                if test.result == TestResult::Valid {
                    let tag = mac(algorithm, &test.key, &test.msg).finish();
                    assert_eq!(&tag.as_bytes()[..group.tag_size / 8], &**test.tag, "{name:?} {}", test.tc_id);
                }
                if found { accepted += 1 } else { refused += 1 }
            }
        }
        assert!(accepted >= 30 && refused >= 60, "{name:?}: {accepted} accepted, {refused} refused");
    }
}
