//! What JavaScript sees of the governor's door.

use spin::Mutex;
use wasm_bindgen::prelude::wasm_bindgen;

use super::Governors;
use crate::prelude::*;

static GOVERNORS: Mutex<Governors> = Mutex::new(Governors::new());

/// See [`Governors::permit`].
#[wasm_bindgen]
pub fn governor_permit(
    handle: u32,
    lane: u32,
    purpose: u32,
    deadline: u32,
    now_high: u32,
    now_low: u32,
) -> u32 {
    GOVERNORS.lock().permit(handle, lane, purpose, deadline, [now_high, now_low])
}

/// See [`Governors::report`].
#[wasm_bindgen]
pub fn governor_report(
    handle: u32,
    lane: u32,
    ticket: u32,
    status: u32,
    retry_after: u32,
    now_high: u32,
    now_low: u32,
) {
    GOVERNORS.lock().report(handle, lane, ticket, status, retry_after, [now_high, now_low]);
}

/// See [`Governors::join`].
#[wasm_bindgen]
pub fn governor_join(
    handle: u32,
    lane: u32,
    purpose: u32,
    deadline: u32,
    now_high: u32,
    now_low: u32,
) -> u32 {
    GOVERNORS.lock().join(handle, lane, purpose, deadline, [now_high, now_low])
}

/// See [`Governors::admit`].
#[wasm_bindgen]
pub fn governor_admit(handle: u32, lane: u32, now_high: u32, now_low: u32) -> u32 {
    GOVERNORS.lock().admit(handle, lane, [now_high, now_low])
}

/// See [`Governors::admitted`].
#[wasm_bindgen]
pub fn governor_admitted(handle: u32) -> u32 {
    GOVERNORS.lock().admitted(handle)
}

/// See [`Governors::leave`].
#[wasm_bindgen]
pub fn governor_leave(handle: u32, lane: u32, waiter: u32) -> u32 {
    GOVERNORS.lock().leave(handle, lane, waiter)
}

/// See [`Governors::next`].
#[wasm_bindgen]
pub fn governor_next(handle: u32, lane: u32, now_high: u32, now_low: u32) -> u32 {
    GOVERNORS.lock().next(handle, lane, [now_high, now_low])
}

/// See [`Governors::hedged`].
#[wasm_bindgen]
pub fn governor_hedged(purpose: u32) -> Vec<u8> {
    Governors::hedged(purpose)
}

/// See [`Governors::open`].
#[wasm_bindgen]
pub fn governor_open(words: &[u32]) -> Vec<u8> {
    GOVERNORS.lock().open(words)
}

/// See [`Governors::add_lane`].
#[wasm_bindgen]
pub fn governor_add_lane(handle: u32) -> Vec<u8> {
    GOVERNORS.lock().add_lane(handle)
}

/// See [`Governors::view`].
#[wasm_bindgen]
pub fn governor_view(handle: u32, lane: u32) -> Vec<u32> {
    GOVERNORS.lock().view(handle, lane)
}
