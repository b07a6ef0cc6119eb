//! The door JavaScript uses, with anything in its memory, and the documents for signing: nothing panics, and nothing that
//! was not signed is verified.
//!
//! Input: two pieces separated by a zero byte. The first is written over the area, the second is options and body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::json;
use tillproof::wasm::delivery::sign;
use tillproof::wasm::webhooks::{Door, answer};

fuzz_target!(|input: &[u8]| {
    let mut pieces = input.splitn(2, |byte| *byte == 0);
    let (first, second) = (pieces.next().unwrap_or_default(), pieces.next().unwrap_or_default());
    let mut door = Door::default();
    let genuine = b"\x00\x09\x00\x00\x00stripe-v1\x01\x07\x00\x00\x00whsec_1";
    for options in [&genuine[..], second] {
        let _ = door.area();
        door.text(options.len()).copy_from_slice(options);
        let handle = door.open();
        for (slot, byte) in door.area().iter_mut().zip(first) {
            *slot = *byte;
        }
        if door.begin(handle, second.len(), second.len()) == answer::HASH {
            door.absorb(second.len());
            assert!(door.close(0) != answer::VERIFIED);
        }
        door.text(second.len()).copy_from_slice(second);
        assert!(door.whole(handle) != answer::VERIFIED);
        door.release(handle);
    }
    let signed = sign(first, second);
    let reply = json::parse(&signed).expect("a reply is JSON");
    assert!(reply.get("ok").is_some() != reply.get("error").is_some());
});
