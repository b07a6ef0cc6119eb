//! What JavaScript calls: wrappers of a line, and the one place where 64-bit numbers become `bigint`.

use serde::Serialize as _;
use spin::Mutex;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use super::Gateways;
use crate::prelude::*;
use crate::wasm::{delivery, reply};

static GATEWAYS: Mutex<Gateways> = Mutex::new(Gateways::new());

/// See [`Gateways::create`].
#[wasm_bindgen]
pub fn simulator_create(options: &[u8]) -> Vec<u8> {
    GATEWAYS.lock().create(options)
}

/// See [`Gateways::restore`].
#[wasm_bindgen]
pub fn simulator_restore(snapshot: &[u8]) -> Vec<u8> {
    GATEWAYS.lock().restore(snapshot)
}

/// See [`Gateways::area`].
#[wasm_bindgen]
pub fn simulator_area(text_bytes: usize) -> usize {
    GATEWAYS.lock().area(text_bytes)
}

/// See [`Gateways::handle`].
#[wasm_bindgen]
pub fn simulator_handle(handle: u32) -> bool {
    with_room(|| GATEWAYS.lock().handle(handle))
}

/// Does something that makes the memory grow again and again. The allocator asks for 64 KiB at a time, and each time the
/// engine moves the memory or at least collects garbage, which takes as long as forty requests; so where it grew, a
/// sixteenth is added on top.
fn with_room<T>(work: impl FnOnce() -> T) -> T {
    const PAGE_BYTES: usize = 64 << 10;
    // Nobody pays for pages that nobody touched.
    const ROOM_BYTES_MIN: usize = 4 << 20;
    let before = core::arch::wasm32::memory_size(0);
    let done = work();
    let pages = core::arch::wasm32::memory_size(0);
    if pages > before {
        let room = pages.saturating_mul(PAGE_BYTES / 16).max(ROOM_BYTES_MIN);
        // Given back at once, and kept by the allocator: wasm has no way to give memory back.
        drop(core::hint::black_box(Vec::<u8>::with_capacity(room)));
    }
    done
}

/// See [`Gateways::advance`].
#[wasm_bindgen]
pub fn simulator_advance(handle: u32, input: &[u8]) -> Vec<u8> {
    GATEWAYS.lock().advance(handle, input)
}

/// See [`Gateways::poll_delivery`].
#[wasm_bindgen]
pub fn simulator_poll_delivery(handle: u32, input: &[u8]) -> Vec<u8> {
    GATEWAYS.lock().poll_delivery(handle, input)
}

/// See [`Gateways::handle_delivery`].
#[wasm_bindgen]
pub fn simulator_handle_delivery(handle: u32, input: &[u8]) -> Vec<u8> {
    GATEWAYS.lock().handle_delivery(handle, input)
}

/// See [`Gateways::next_due`].
#[wasm_bindgen]
pub fn simulator_next_due(handle: u32) -> Vec<u8> {
    GATEWAYS.lock().next_due(handle)
}

/// See [`Gateways::faults`].
#[wasm_bindgen]
pub fn simulator_faults(handle: u32) -> Vec<u8> {
    GATEWAYS.lock().faults(handle)
}

/// See [`Gateways::set_faults`].
#[wasm_bindgen]
pub fn simulator_set_faults(handle: u32, input: &[u8]) -> Vec<u8> {
    GATEWAYS.lock().set_faults(handle, input)
}

/// See [`Gateways::snapshot`].
#[wasm_bindgen]
pub fn simulator_snapshot(handle: u32) -> Vec<u8> {
    GATEWAYS.lock().snapshot(handle)
}

/// See [`Gateways::release`].
#[wasm_bindgen]
pub fn simulator_release(handle: u32) -> Vec<u8> {
    GATEWAYS.lock().release(handle)
}

/// The routes of the Stripe dialect. See [`crate::simulator::stripe_routes`].
#[wasm_bindgen]
pub fn simulator_stripe_routes() -> Vec<u8> {
    reply::ok(&crate::simulator::stripe_routes())
}

/// Every fault injected so far, as objects: all 64-bit numbers are `bigint`, for amounts must never be rounded.
///
/// # Errors
///
/// The description of the error, as JSON text.
#[wasm_bindgen]
pub fn simulator_ground_truth(handle: u32) -> Result<JsValue, JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::new()
        .serialize_large_number_types_as_bigints(true)
        .serialize_missing_as_null(true);
    let gateways = GATEWAYS.lock();
    let truth = gateways.ground_truth(handle).map_err(|error| reply::describe(&error))?;
    truth.serialize(&serializer).map_err(JsValue::from)
}

/// See [`delivery::sign`].
#[wasm_bindgen]
pub fn webhooks_sign(input: &[u8], body: &[u8]) -> Vec<u8> {
    delivery::sign(input, body)
}
