//! What every file of a crate without `std` would otherwise import by hand: the owning types of `alloc`.
//!
//! Only names that Rust's own prelude has where `std` is linked, so that nobody has to learn this one.

#![allow(unused_imports, reason = "an artefact without the modules of another does not need all of them")]

pub(crate) use alloc::borrow::ToOwned;
pub(crate) use alloc::boxed::Box;
pub(crate) use alloc::string::{String, ToString};
pub(crate) use alloc::vec::Vec;
