//! A fault happens because the plan and the seed say so, and whatever happened is in the ground truth.
//!
//! Each fault draws from a stream of its own, so that changing the rate of one never moves another. A fault with no
//! rule draws nothing at all.

mod error;
mod fate;
mod injector;
mod kind;
mod occasions;
mod plan;
mod script;
mod truth;

pub use error::Error;
pub(super) use fate::{Deed, Fate, bare};
pub(super) use injector::Injector;
pub use kind::Fault;
pub use plan::{FaultPlan, Preset, Rule, When};
pub use script::Line;
pub use truth::Injected;
