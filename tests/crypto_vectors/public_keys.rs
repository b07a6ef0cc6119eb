//! Signatures under public keys: Project Wycheproof, keys and signatures made by OpenSSL, a genuine one of PayPal.
#![expect(clippy::unwrap_used, reason = "a vector that is missing fails the test that asks for it")]

use tillproof::advice::Diagnose as _;
use tillproof::crypto::{
    Certificate, CompactJws, EcdsaForm, HexCase, KeyError, PublicKey, decode_base64, decode_hex,
};
use tillproof::json::{self, Value};
use tillproof::time::Timestamp;
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify};

/// Whether `key` accepts, asked with the message whole and in uneven parts.
fn accepts(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let whole = key.verify(&[message], signature);
    let parts: Vec<&[u8]> = message.chunks(7).collect();
    assert_eq!(key.verify(&parts, signature), whole);
    whole
}

#[test]
fn wycheproof_agrees_about_ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut accepted = 0;
    for group in set.test_groups {
        let key = PublicKey::from_ed25519(&group.key.pk).unwrap();
        for other in [PublicKey::from_spki(&group.der), PublicKey::from_pem(&group.pem)] {
            assert_eq!(format!("{:?}", other.unwrap()), format!("{key:?}"));
        }
        for test in group.tests {
            let found = accepts(&key, &test.msg, &test.sig);
            assert_eq!(found, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            accepted += usize::from(found);
        }
    }
    assert_eq!((accepted, set.number_of_tests), (88, 151));
}

#[test]
fn wycheproof_agrees_about_ecdsa_in_both_forms() {
    for (name, form, expected) in [
        (ecdsa::TestName::EcdsaSecp256r1Sha256, EcdsaForm::Der, (174, 484)),
        (ecdsa::TestName::EcdsaSecp256r1Sha256P1363, EcdsaForm::Fixed, (173, 262)),
    ] {
        let set = ecdsa::TestSet::load(name).unwrap();
        let mut accepted = 0;
        for group in set.test_groups {
            let key = PublicKey::from_pem(&group.pem).unwrap().with_ecdsa_form(form);
            PublicKey::from_spki(&group.der).unwrap();
            for test in group.tests {
                let found = accepts(&key, &test.msg, &test.sig);
                assert_eq!(found, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
                accepted += usize::from(found);
            }
        }
        assert_eq!((accepted, set.number_of_tests), expected);
    }
}

#[test]
fn wycheproof_agrees_about_rsa_and_other_keys_are_refused() {
    use rsa_pkcs1_verify::TestName;
    // Accepted, refused, and groups whose key has an exponent or a size that is not accepted.
    for (name, expected) in [
        (TestName::Rsa2048Sha256, (7, 250, 2)),
        (TestName::Rsa3072Sha256, (7, 251, 1)),
        (TestName::Rsa4096Sha256, (7, 251, 0)),
        (TestName::Rsa8192Sha256, (0, 0, 1)),
    ] {
        let (mut accepted, mut refused, mut unusable) = (0, 0, 0);
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = match PublicKey::from_pem(&group.pem) {
                Ok(key) => key,
                Err(KeyError::RsaBits { found: 8192 } | KeyError::RsaExponent) => {
                    unusable += 1;
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            PublicKey::from_spki(&group.der).unwrap();
            for test in group.tests {
                // The one that is `Acceptable` leaves out the NULL in the block; ours has one form.
                let found = accepts(&key, &test.msg, &test.sig);
                assert_eq!(found, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
                if found { accepted += 1 } else { refused += 1 }
            }
        }
        assert_eq!((accepted, refused, unusable), expected, "{name:?}");
    }
}

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../vectors/keys/", $name, ".pem"))
    };
}

/// Of the message `tillproof`, made with OpenSSL 3.0 and the keys in tests/vectors/keys.
const SIGNATURES: [(&str, &str); 3] = [
    (
        file!("ed25519"),
        "03bb203326b5de3adca33629a07fdb990ae97fbcc70273b3c18bcef1606ea10d675070bd2c5ac6fcf1efc5bacd564677d59b5b9800d980\
         e6d19059da7eaf0c00",
    ),
    (
        file!("p256"),
        "304502203dc0764c68623e5180769e169830283aea5c6adcdbfaa67b6d0c2cb1cf238b36022100b42f315d40570756db1df52f177bb770\
         922c1f8c6898e0835f20583969bccdb5",
    ),
    (
        file!("rsa-2048"),
        "8876ffce889608317bb72a3c828e2b922af4545743adca9909cf86cc14c29e242b1a203a459c883a78e94b2b1a424dfd7cfc80af02441b\
         b0a225774ca3458f4189712694898e588d069a71a3c2dd08cb76aa61013d53c4a6b6f698d7d8b47aa7c6a80c7625b47d5a256e38875a03\
         7a33e1a1e4f5dfb8b4704197f090d05d5d634a8b0b5739838608608d8612428d27668a57b8095d6bf675d4e2b4bb6a275300c25aabafed\
         c8b144d5aa9526028f62796cb9e30cff222e99e2119ed5366b3b046f1afb5b378b04ef68cd3c9811578b2b34ff64a78d5bcc829e8375bb\
         1f7217776a1c34d94d64c96a571b1d88f3e8145cd17dbc245b0f2a5907dd59ff4041dd38",
    ),
];

#[test]
fn a_signature_of_openssl_holds_and_no_other_bit_pattern_does() {
    for (pem, signature) in SIGNATURES {
        let key = PublicKey::from_pem(pem).unwrap();
        let signature = decode_hex(signature, HexCase::Lower).unwrap();
        assert!(accepts(&key, b"tillproof", &signature), "{}", key.algorithm());
        assert!(!accepts(&key, b"tillproofs", &signature));
        for bit in 0..signature.len() * 8 {
            let mut other = signature.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verify(&[b"tillproof"], &other), "{} bit {bit}", key.algorithm());
        }
        for length in [0, 1, 63, 64, 65, signature.len() - 1] {
            let longer = signature.repeat(2);
            let cut = &longer[..length.min(longer.len())];
            assert_eq!(key.verify(&[b"tillproof"], cut), cut == signature, "{length} bytes");
        }
        assert!(!key.verify(&[b"tillproof"], &signature.repeat(2)));
    }
}

#[test]
fn one_key_reads_the_same_from_every_text_it_is_handed_out_as() {
    let (_, rsa) = SIGNATURES[2];
    let rsa = decode_hex(rsa, HexCase::Lower).unwrap();
    let windows = file!("rsa-2048").replace('\n', "\r\n");
    let noisy = format!("Bag Attributes\n  friendlyName: wise\n{}\n\n", file!("rsa-2048"));
    let twice = format!("{}{}", file!("rsa-2048"), file!("ed448"));
    for text in [file!("rsa-2048"), file!("rsa-2048-pkcs1"), &windows, &noisy, &twice] {
        assert!(PublicKey::from_pem(text).unwrap().verify(&[b"tillproof"], &rsa), "{text}");
    }

    let (_, p256) = SIGNATURES[1];
    let p256 = decode_hex(p256, HexCase::Lower).unwrap();
    let one_line: String = file!("p256").lines().filter(|line| !line.starts_with('-')).collect();
    assert!(PublicKey::from_spki_base64(&one_line).unwrap().verify(&[b"tillproof"], &p256));
    assert!(PublicKey::from_pem(file!("certificate-p256")).unwrap().verify(&[b"tillproof"], &p256));
    // The form of JOSE is another text for the same numbers, and only the agreed one is read.
    let fixed = [&p256[4..36], &p256[39..]].concat();
    let key = PublicKey::from_pem(file!("p256")).unwrap();
    assert!(!key.verify(&[b"tillproof"], &fixed));
    assert!(key.clone().with_ecdsa_form(EcdsaForm::Fixed).verify(&[b"tillproof"], &fixed));
    assert!(!key.with_ecdsa_form(EcdsaForm::Fixed).verify(&[b"tillproof"], &p256));
}

#[test]
fn keys_that_are_not_fit_to_verify_with_are_refused_by_name() {
    let private = file!("ed25519").replace("PUBLIC", "PRIVATE");
    let escaped = file!("ed25519").replace('\n', "\\n");
    let cut = file!("rsa-2048").replace("-----END PUBLIC KEY-----\n", "");
    let damaged = file!("rsa-2048").replacen("MII", "MIJ", 1);
    let long = " ".repeat(16_385);
    let table = [
        ("", "key_pem"),
        ("whsec_dGVzdA==", "key_pem"),
        (&*long, "key_too_long"),
        (&*escaped, "key_pem_escaped_newlines"),
        (&*cut, "key_pem"),
        (&*private, "key_pem_label"),
        (&*damaged, "key_der"),
        (file!("rsa-1024"), "key_rsa_bits"),
        (file!("rsa-2048-e3"), "key_rsa_exponent"),
        (file!("rsa-pss"), "key_algorithm"),
        (file!("p384"), "key_algorithm"),
        (file!("p256-explicit"), "key_algorithm"),
        (file!("ed448"), "key_algorithm"),
    ];
    for (text, expected) in table {
        assert_eq!(PublicKey::from_pem(text).unwrap_err().code(), expected, "{text}");
    }
    assert_eq!(Certificate::from_pem(file!("p256")).unwrap_err().code(), "key_pem_label");
}

#[test]
fn no_byte_of_a_key_can_be_cut_off_or_added() {
    for pem in [file!("ed25519"), file!("p256"), file!("rsa-2048")] {
        let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let document = decode_base64(&lines).unwrap();
        assert!(PublicKey::from_spki(&document).is_ok());
        for length in 0..document.len() {
            assert!(PublicKey::from_spki(&document[..length]).is_err(), "{length}");
        }
        assert_eq!(PublicKey::from_spki(&[&document, &[0][..]].concat()).unwrap_err().code(), "key_der");
    }
}

#[test]
fn ed25519_keys_that_sign_everything_and_second_spellings_are_refused() {
    // The points of small order, and two of them spelt with a coordinate of p and more.
    let table = [
        ("0000000000000000000000000000000000000000000000000000000000000000", "key_ed25519_small_order"),
        ("0000000000000000000000000000000000000000000000000000000000000080", "key_ed25519_small_order"),
        ("0100000000000000000000000000000000000000000000000000000000000000", "key_ed25519_small_order"),
        ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "key_ed25519_small_order"),
        ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "key_ed25519_small_order"),
        ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", "key_ed25519_small_order"),
        ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "key_ed25519_small_order"),
        ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", "key_ed25519_small_order"),
        ("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "key_ed25519_point"),
        ("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "key_ed25519_point"),
        ("0200000000000000000000000000000000000000000000000000000000000000", "key_ed25519_point"),
        ("02", "key_ed25519_length"),
    ];
    for (key, expected) in table {
        let bytes = decode_hex(key, HexCase::Lower).unwrap();
        assert_eq!(PublicKey::from_ed25519(&bytes).unwrap_err().code(), expected, "{key}");
    }
}

#[test]
fn the_key_of_standard_webhooks_has_its_prefix_and_strict_base64() {
    let key = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    assert!(PublicKey::from_whpk(key).is_ok());
    for (text, expected) in [
        (key.trim_start_matches("whpk_"), "key_whpk_prefix"),
        ("whsec_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=", "key_whpk_prefix"),
        (key.trim_end_matches('='), "key_encoding"),
        ("whpk_dGVzdA==", "key_ed25519_length"),
    ] {
        assert_eq!(PublicKey::from_whpk(text).unwrap_err().code(), expected, "{text}");
    }
}

#[test]
fn a_certificate_says_whose_it_is_and_how_long() {
    let certificate = Certificate::from_pem(file!("certificate-p256")).unwrap();
    assert_eq!(certificate.common_name.as_deref(), Some("hooks.example.com"));
    assert_eq!(certificate.dns_names, ["hooks.example.com", "*.example.net"]);
    let moment = |seconds| Timestamp::from_unix_seconds(seconds).unwrap();
    let (first, last) = (certificate.not_before, certificate.not_after);
    // The second date is after 2049, from where on certificates write the year with four digits.
    assert_eq!((first, last), (moment(1_795_281_858), moment(3_523_281_858)));
    assert!(certificate.is_valid_at(first) && certificate.is_valid_at(last));
    assert!(!certificate.is_valid_at(moment(first.unix_seconds() - 1)));
    assert!(!certificate.is_valid_at(moment(last.unix_seconds() + 1)));

    let two = Certificate::from_pem(file!("certificate-two-names")).unwrap();
    assert_eq!((two.common_name, two.dns_names.len()), (None, 0));
}

/// One of the deliveries whose parts are verified here by hand.
fn vector(id: &str) -> Value<'static> {
    let lines = include_str!("../vectors/public-keys.jsonl").lines();
    let mut all = lines.map(|line| json::parse(line.as_bytes()).unwrap());
    all.find(|vector| vector.get("id").and_then(Value::as_str) == Some(id)).unwrap()
}

fn text<'v>(vector: &'v Value<'_>, path: &[&str]) -> &'v str {
    path.iter().fold(vector, |value, name| value.get(name).unwrap()).as_str().unwrap()
}

#[test]
fn a_genuine_signature_of_paypal_holds_under_its_certificate() {
    let vector = vector("paypal-valid-genuine-py");
    let certificate = Certificate::from_pem(text(&vector, &["certificate_pem"])).unwrap();
    assert_eq!(certificate.common_name.as_deref(), Some("messageverificationcerts.sandbox.paypal.com"));
    assert_eq!(certificate.dns_names, ["messageverificationcerts.sandbox.paypal.com"]);
    assert_eq!(certificate.not_before.unix_seconds(), 1_426_636_800);
    assert_eq!(certificate.not_after.unix_seconds(), 1_490_184_000);
    let header = |name: &str| text(&vector, &["headers", name]);
    let (id, time) = (header("paypal-transmission-id"), header("paypal-transmission-time"));
    let signature = decode_base64(header("paypal-transmission-sig")).unwrap();
    let signed = format!("{id}|{time}|{}|2771810304", text(&vector, &["secret"]));
    assert!(accepts(&certificate.key, signed.as_bytes(), &signature));
    assert!(!accepts(&certificate.key, signed.replace("2771810304", "2771810305").as_bytes(), &signature));
}

#[test]
fn a_jws_is_verified_with_the_one_algorithm_of_its_scheme() {
    let valid = vector("plaid-valid");
    let token = text(&valid, &["headers", "plaid-verification"]);
    let key = PublicKey::from_jwk(valid.get("jwk").unwrap()).unwrap();
    let jws = CompactJws::es256(token).unwrap();
    assert_eq!(jws.key_id(), Some("bfbd5111-8e33-4643-8ced-b2e642a72f3c"));
    let payload = jws.verified_by(&key).unwrap();
    assert_eq!(json::parse(payload).unwrap().get("iat").and_then(Value::as_u64), Some(1_700_000_000));
    for other in [file!("p256"), file!("rsa-2048"), file!("ed25519")] {
        assert_eq!(jws.verified_by(&PublicKey::from_pem(other).unwrap()), None);
    }
    let hostile = vector("plaid-invalid-alg-hs256");
    let refusal = CompactJws::es256(text(&hostile, &["headers", "plaid-verification"])).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the JWS says it is signed with HS256: expected ES256, which is the only one this scheme has"
    );
}

#[test]
fn texts_that_are_no_jws_are_refused_in_order_of_precedence() {
    let encode = |header: &str| {
        let base64 = tillproof::crypto::encode_base64(header.as_bytes());
        base64.replace('+', "-").replace('/', "_").replace('=', "")
    };
    let with = |header: &str| format!("{}.e30.{}", encode(header), "A".repeat(86));
    let table = [
        ("a.".repeat(5000), "jws_too_long"),
        (String::new(), "jws_form"),
        ("e30.e30".to_owned(), "jws_form"),
        (".e30.AA".to_owned(), "jws_form"),
        ("e30.e30.e30.e30".to_owned(), "jws_form"),
        ("e30=.e30.AA".to_owned(), "jws_encoding"),
        ("e30.e3 .AA".to_owned(), "jws_encoding"),
        ("e30.e30.A".to_owned(), "jws_encoding"),
        (with("[]"), "jws_header"),
        (with("{\"alg\":null}"), "jws_header"),
        (with("{\"alg\":\"ES256\",\"alg\":\"none\"}"), "jws_header"),
        (with("{\"alg\":\"none\"}"), "jws_algorithm"),
        (with("{\"alg\":\"es256\"}"), "jws_algorithm"),
        (with("{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}"), "jws_critical"),
        (with("{\"alg\":\"ES256\",\"kid\":1}"), "jws_header"),
        (format!("{}.e30.AAAA", encode("{\"alg\":\"ES256\"}")), "jws_signature_length"),
        (with("{\"alg\":\"ES256\"}"), "read"),
    ];
    for (token, expected) in table {
        let found = CompactJws::es256(&token).map_or_else(|error| error.code(), |_| "read");
        assert_eq!(found, expected, "{token}");
    }
}

#[test]
fn a_jwk_is_read_only_for_what_it_may_be_used_for() {
    let good = r#"{"kty":"EC","crv":"P-256","x":"rC2IjphegJuTn4-v3buWYIBSi3Zcq9csoF-Yb4E1qYQ","y":"V1yi3w9ZH1bAxv1XdFtBtdkChHthB4dymFs8p3J7uO4"}"#;
    let table = [
        ("", "", "read"),
        ("{\"kty\"", "{\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":\"a\",\"kty\"", "read"),
        ("EC", "RSA", "key_jwk"),
        ("P-256", "P-384", "key_jwk"),
        ("{\"kty\"", "{\"use\":\"enc\",\"kty\"", "key_jwk"),
        ("{\"kty\"", "{\"alg\":\"ES384\",\"kty\"", "key_jwk"),
        ("{\"kty\"", "{\"d\":\"AA\",\"kty\"", "key_jwk"),
        ("\"x\"", "\"z\"", "key_jwk"),
        ("rC2IjphegJuTn4-v3buWYIBSi3Zcq9csoF-Yb4E1qYQ", "rC2I", "key_jwk"),
        ("qYQ\"", "qYQ=\"", "key_jwk"),
        ("qYQ\"", "qYA\"", "key_p256_point"),
    ];
    for (from, to, expected) in table {
        let jwk = good.replacen(from, to, 1);
        let found = PublicKey::from_jwk(&json::parse(jwk.as_bytes()).unwrap());
        assert_eq!(found.map_or_else(|error| error.code(), |_| "read"), expected, "{jwk}");
    }
    assert_eq!(PublicKey::from_jwk(&Value::Null).unwrap_err().code(), "key_jwk");
}
