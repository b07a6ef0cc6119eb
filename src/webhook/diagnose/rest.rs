//! What is left when no probe found anything: the refusal itself, and the cause most refusals of its kind have.

use super::case::Stage;
use super::words::{KEY_WRONG, SECRET_MODE, SECRET_STRIPE, SECRET_WRONG, TOKEN_WRONG, URL_MISSING, refused};
use super::{Budget, Case, Confidence, Diagnosis};
use crate::advice::Diagnose as _;
use crate::json::Value;
use crate::prelude::*;
use crate::webhook::{Error, Primitive};

pub(super) fn of(case: &Case<'_>, _: &mut Budget) -> Option<Diagnosis> {
    let provider = ("provider", case.provider());
    match case.stage {
        Stage::Secret => Some(unusable(case)),
        Stage::Url => Some(URL_MISSING.proven(&[provider])),
        Stage::Form => {
            let fix = "hand over header values exactly as they arrived; if nothing rewrites them, the request is not from \
                       this provider, or the scheme is another one";
            Some(refused(case.refusal.report(), fix, Confidence::Likely))
        }
        Stage::Body => {
            let fix = "hand over the body as received: the scheme signs fields of it, and they are not where they should \
                       be; if nothing rewrites it, the request is not from this provider, or the scheme is another one";
            Some(refused(case.refusal.report(), fix, Confidence::Likely))
        }
        Stage::Signature if matches!(case.scheme.primitive, Primitive::PublicKey | Primitive::Jws) => {
            Some(KEY_WRONG.likely(&[provider]))
        }
        Stage::Signature => {
            let secrets = match case.options.secrets.len() {
                1 => "the secret that was given".to_owned(),
                several => glued(&["any of the ", &several.digits(), " secrets"]),
            };
            if matches!(case.scheme.primitive, Primitive::Token) {
                return Some(TOKEN_WRONG.likely(&[("secrets", &secrets), provider]));
            }
            Some(match case.document.as_ref().and_then(mode) {
                Some(mode) if case.scheme.name.starts_with("stripe") => {
                    SECRET_STRIPE.likely(&[("secrets", &secrets), ("mode", mode)])
                }
                Some(mode) => SECRET_MODE.likely(&[("secrets", &secrets), ("mode", mode), provider]),
                None => SECRET_WRONG.likely(&[("secrets", &secrets), provider]),
            })
        }
        Stage::Rest if matches!(case.refusal, Error::EventsRefused { .. }) => {
            let fix = "refuse the delivery: each event has a signature of its own, and genuine events were mixed with \
                       others; to apply the genuine ones all the same, verify with `partial`";
            Some(refused(case.refusal.report(), fix, Confidence::Proven))
        }
        Stage::Rest if matches!(case.refusal, Error::KeyNotValid) => {
            let fix = "get the key again, or the certificate, that the delivery names: providers change them, and each is \
                       valid for a time";
            Some(refused(case.refusal.report(), fix, Confidence::Proven))
        }
        Stage::Time | Stage::Rest => None,
    }
}

fn unusable(case: &Case<'_>) -> Diagnosis {
    if matches!(case.refusal, Error::OptionMissing { .. }) {
        let fix = "give it beside the secrets when the verifier is made; where the provider shows it is in schemes()";
        return refused(case.refusal.report(), fix, Confidence::Proven);
    }
    if matches!(
        case.refusal,
        Error::KeyMalformed { .. } | Error::JwkMalformed | Error::CertificateOfOther { .. }
    ) {
        let fix = "give the public key or certificate exactly as the provider publishes it, with its BEGIN and END lines \
                   and their line ends (an environment variable often has \\n instead)";
        return refused(case.refusal.report(), fix, Confidence::Proven);
    }
    let fix = "give the signing secret of the endpoint as its provider shows it, alone and whole; if it comes from the \
               environment, look whether the variable is set where this runs";
    refused(case.refusal.report(), fix, Confidence::Proven)
}

/// Members that say whether a delivery is from test or live mode, and the values that mean test and live.
const MODES: &[(&[&str], &[&str], &[&str])] = &[
    (&["livemode"], &["false"], &["true"]),
    (&["live_mode"], &["false"], &["true"]),
    (&["live"], &["false"], &["true"]),
    (&["meta", "test_mode"], &["true"], &["false"]),
    (&["environment"], &["test", "sandbox"], &["live", "production"]),
    (&["mode"], &["test", "sandbox"], &["live"]),
];

/// The mode a body says it is from. One word of it is told, which is not a secret of anybody.
fn mode(document: &Value<'_>) -> Option<&'static str> {
    MODES.iter().find_map(|(path, test, live)| {
        let found = path.iter().try_fold(document, |value, name| value.get(name))?;
        let text = match found {
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::String(text) => text,
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        if test.contains(&text) {
            Some("test mode")
        } else if live.contains(&text) {
            Some("live mode")
        } else {
            None
        }
    })
}
