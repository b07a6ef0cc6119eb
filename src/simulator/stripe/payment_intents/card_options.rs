//! `payment_method_options[card]`: what is asked of cards alone. What no card here can do may be asked for, if only where
//! it is available, and is then not had.

use super::super::params::{Params, Patch};
use super::super::refusal::Result;
use super::wish::future;
use super::{Future, ThreeDSecure};

const THREE_D_SECURE: &[(&str, ThreeDSecure)] = &[
    ("any", ThreeDSecure::Any),
    ("automatic", ThreeDSecure::Automatic),
    ("challenge", ThreeDSecure::Challenge),
];

/// Asked for where it is available, which it never is.
const UNAVAILABLE: [&str; 4] = [
    "request_extended_authorization",
    "request_incremental_authorization",
    "request_multicapture",
    "request_overcapture",
];

/// What is asked of cards.
#[derive(Debug)]
pub(in super::super) struct CardOptions {
    pub(in super::super) three_d_secure: Option<ThreeDSecure>,
    /// Whether cards wait for a capture, whatever the intent says.
    pub(super) holds_cards: Option<bool>,
    pub(super) future: Patch<Future>,
}

impl CardOptions {
    /// Reads `payment_method_options`.
    ///
    /// # Errors
    ///
    /// A member is unknown, or its value is wrong.
    pub(in super::super) fn read(params: &mut Params) -> Result<Self> {
        let mut found = Self { three_d_secure: None, holds_cards: None, future: Patch::Keep };
        let Patch::Set(mut options) = params.object("payment_method_options")? else { return Ok(found) };
        if let Patch::Set(mut card) = options.object("card")? {
            found.three_d_secure = card.choice("request_three_d_secure", THREE_D_SECURE)?;
            found.holds_cards = match card.patch("capture_method")? {
                Patch::Keep => None,
                Patch::Unset => Some(false),
                Patch::Set(word) if word == "manual" => Some(true),
                Patch::Set(word) => return Err(card.invalid("capture_method", "capture_method", &word)),
            };
            found.future = future(&mut card)?;
            for name in UNAVAILABLE {
                let _ = card.choice(name, &[("if_available", ()), ("never", ())])?;
            }
            if let Patch::Set(mut installments) = card.object("installments")? {
                let _ = installments.flag("enabled")?;
                installments.finish()?;
            }
            card.finish()?;
        }
        options.finish()?;
        Ok(found)
    }
}

/// `radar_options`: a session of a browser, which changes nothing here.
///
/// # Errors
///
/// A member is unknown, or no text.
pub(super) fn radar(params: &mut Params) -> Result<()> {
    if let Patch::Set(mut radar) = params.object("radar_options")? {
        let _ = radar.text("session")?;
        radar.finish()?;
    }
    Ok(())
}
