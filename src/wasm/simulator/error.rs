//! Why a call across the border was refused.

use crate::advice::{Advice, Detail, Diagnose};
use crate::json;
use crate::prelude::*;
use crate::simulator::{self, FaultPlanError, SnapshotError};

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The document that came in is not what this function takes.
    Json(json::Error),
    /// What it asks for is refused.
    Gateway(simulator::Error),
    /// The fault plan is refused.
    Plan(FaultPlanError),
    /// The snapshot is refused.
    Snapshot(SnapshotError),
    /// No gateway has this handle: it was released, or is from before a trap.
    UnknownHandle {
        /// The handle.
        found: u32,
    },
    /// Four thousand million gateways were made.
    HandlesExhausted,
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Gateway(error) => error.fmt(f),
            Self::Plan(error) => error.fmt(f),
            Self::Snapshot(error) => error.fmt(f),
            Self::UnknownHandle { found } => {
                write!(
                    f,
                    "there is no gateway {found}: it was closed, or is from before a trap; create it anew"
                )
            }
            Self::HandlesExhausted => {
                f.write_str("no handle is left for another gateway: restart the process")
            }
        }
    }
}

impl core::error::Error for Error {}

impl Diagnose for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::Gateway(error) => error.code(),
            Self::Plan(error) => error.code(),
            Self::Snapshot(error) => error.code(),
            Self::UnknownHandle { .. } => "unknown_handle",
            Self::HandlesExhausted => "handles_exhausted",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::Json(error) => error.advice(),
            Self::Gateway(error) => error.advice(),
            Self::Plan(error) => error.advice(),
            Self::Snapshot(error) => error.advice(),
            Self::UnknownHandle { .. } | Self::HandlesExhausted => Advice::FixCall,
        }
    }

    fn details(&self) -> Vec<Detail> {
        match self {
            Self::Json(error) => error.details(),
            Self::Gateway(error) => error.details(),
            Self::Plan(error) => error.details(),
            Self::Snapshot(error) => error.details(),
            Self::UnknownHandle { found } => vec![("found", found.to_string())],
            Self::HandlesExhausted => Vec::new(),
        }
    }
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<simulator::Error> for Error {
    fn from(error: simulator::Error) -> Self {
        Self::Gateway(error)
    }
}
