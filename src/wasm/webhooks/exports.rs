//! What JavaScript calls: the functions of the one door of the instance, which is the one of this folder, or in the small
//! artefact the interpreter, which has the same steps and says the same.

use spin::Mutex;
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(feature = "webhooks-full")]
use super::Door;
use super::crossing::address;
#[cfg(feature = "webhooks-full")]
use crate::prelude::*;
#[cfg(not(feature = "webhooks-full"))]
use crate::webhook::interpreter::Interpreter as Door;

static DOOR: Mutex<Door> = Mutex::new(Door::new());

/// See [`crate::wasm::delivery::tables`].
#[cfg(feature = "webhooks-full")]
#[wasm_bindgen]
pub fn webhooks_tables() -> Vec<u8> {
    crate::wasm::delivery::tables()
}

/// See [`Door::area`].
#[wasm_bindgen]
pub fn webhooks_area() -> u32 {
    address(DOOR.lock().area())
}

/// See [`Door::text`].
#[wasm_bindgen]
pub fn webhooks_text(bytes: usize) -> u32 {
    address(DOOR.lock().text(bytes))
}

/// See [`Door::open`].
#[wasm_bindgen]
pub fn webhooks_open() -> u32 {
    DOOR.lock().open()
}

/// See [`Door::begin`].
#[wasm_bindgen]
pub fn webhooks_begin(handle: u32, body_bytes: usize, room_bytes: usize) -> u32 {
    DOOR.lock().begin(handle, body_bytes, room_bytes)
}

/// See [`Door::absorb`].
#[wasm_bindgen]
pub fn webhooks_absorb(bytes: usize) {
    DOOR.lock().absorb(bytes);
}

/// See [`Door::close`].
#[wasm_bindgen]
pub fn webhooks_close(secret_index: usize) -> u32 {
    DOOR.lock().close(secret_index)
}

/// See [`Door::whole`].
#[wasm_bindgen]
pub fn webhooks_whole(handle: u32) -> u32 {
    DOOR.lock().whole(handle)
}

/// See [`Door::events`].
#[wasm_bindgen]
pub fn webhooks_events(handle: u32, room_bytes: usize) {
    DOOR.lock().events(handle, room_bytes);
}
