//! ECDSA: whatever comes as signature, in either form, nothing panics, and only the signature that was made is accepted.
//!
//! Input: one byte whose lowest bit picks the form, then the signature.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tillproof::crypto::{EcdsaForm, PublicKey, encode_base64};

static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
    PublicKey::from_pem(include_str!("../../tests/vectors/keys/p256.pem")).expect("the key is one")
});
/// The numbers of the one known signature of `tillproof`, in both forms.
const GENUINE: [(EcdsaForm, &str); 2] = [
    (
        EcdsaForm::Der,
        "MEUCID3AdkxoYj5RgHaeFpgwKDrqXGrc2/qme20MLLHPI4s2AiEAtC8xXUBXB1bbHfUvF3u3cJIsH4xomOCDXyBYOWm8zbU=",
    ),
    (
        EcdsaForm::Fixed,
        "PcB2TGhiPlGAdp4WmDAoOupcatzb+qZ7bQwssc8jiza0LzFdQFcHVtsd9S8Xe7dwkiwfjGiY4INfIFg5abzNtQ==",
    ),
];

fuzz_target!(|input: &[u8]| {
    let Some((pick, signature)) = input.split_first() else { return };
    let (form, genuine) = GENUINE[usize::from(pick & 1)];
    let key = KEY.clone().with_ecdsa_form(form);
    if key.verify(&[b"tillproof"], signature) {
        assert_eq!(encode_base64(signature), genuine);
    }
});
