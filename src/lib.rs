//! The merchant's side of a payment, provable to the cent.
//!
//! Tillproof is made of engines that never touch the outside: no function of this crate reads a clock, a random
//! number generator, a file or a socket. What they need comes in as arguments; what they want done goes out as
//! effects; what became of it comes back in. That is why the same seed gives the same bytes natively, in Node and
//! in a browser, and why a crash between any two effects can be tested.
//!
//! Layers, from the bottom (see DESIGN.md; `tests/architecture.rs` enforces them):
//!
//! | Level | Modules |
//! | --- | --- |
//! | 0 | [`advice`], [`time`], [`entropy`], [`json`] |
//! | 1 | `money`, `crypto`, `retry`, `calendar`, `dedup`, `record` |
//! | 2 | `fingerprint`, `webhook`, `inbox`, `investigation`, `saga`, `ledger`, `governor` |
//! | 3 | `payments`, `idempotency`, `reconcile`, `bulk` |
//! | 4 | `simulator`, `world` |
//! | 5 | `wasm`: decodes, calls, encodes; nobody imports it |

// Without `std` there is no clock, no file, no socket and no environment to reach for: the compiler proves it.
#![no_std]

#[macro_use]
extern crate alloc;
// Linked for its allocator and panic handler, and not named, unless the artefact brings its own.
#[cfg(test)]
extern crate std;
#[cfg(not(any(test, all(target_family = "wasm", feature = "artefact"))))]
extern crate std as _;

pub mod advice;
#[cfg(feature = "bulk")]
pub mod bulk;
#[cfg(feature = "calendar")]
pub mod calendar;
pub mod crypto;
#[cfg(feature = "dedup")]
pub mod dedup;
pub mod entropy;
#[cfg(any(feature = "idempotency", feature = "payments"))]
pub mod fingerprint;
#[cfg(feature = "governor")]
pub mod governor;
#[cfg(feature = "idempotency")]
pub mod idempotency;
#[cfg(feature = "inbox")]
pub mod inbox;
#[cfg(feature = "investigation")]
pub mod investigation;
pub mod json;
#[cfg(feature = "ledger")]
pub mod ledger;
#[cfg(feature = "money")]
pub mod money;
#[cfg(feature = "payments")]
pub mod payments;
mod prelude;
#[cfg(feature = "reconcile")]
pub mod reconcile;
#[cfg(any(feature = "idempotency", feature = "inbox"))]
pub mod record;
#[cfg(any(feature = "governor", feature = "payments", feature = "saga"))]
pub mod retry;
#[cfg(feature = "saga")]
pub mod saga;
#[cfg(feature = "simulator")]
pub mod simulator;
pub mod time;
pub mod wasm;
pub mod webhook;
#[cfg(feature = "world")]
pub mod world;

/// What an artefact has instead of `std`: an allocator of 2 KB instead of 8, and a panic that is a trap and says
/// nothing, since the shell throws the instance away in any case.
#[cfg(all(target_family = "wasm", feature = "artefact"))]
mod artefact {
    #[cfg(feature = "keeping")]
    #[global_allocator]
    static HEAP: lol_alloc::LeakingPageAllocator = lol_alloc::LeakingPageAllocator;

    #[cfg(not(feature = "keeping"))]
    #[global_allocator]
    static HEAP: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

    #[panic_handler]
    fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }
}
