//! The border to JavaScript, run where JavaScript is: in Node and in headless Chromium.
#![cfg(target_family = "wasm")]

use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_probe() {
    assert_eq!(1, 1);
}
