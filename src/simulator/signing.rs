//! What a merchant verifies: exactly the bytes that are sent, under the secret its endpoint was given.

use crate::crypto::{MacAlgorithm, MacKey, Secret, Tag, decode_base64, encode_base64, encode_hex};
use crate::prelude::*;

/// What every secret begins with.
const PREFIX: &str = "whsec_";

/// How deliveries are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Standard,
    Stripe,
}

impl Scheme {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard-webhooks-v1",
            Self::Stripe => "stripe-v1",
        }
    }

    /// The scheme of a name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Standard, Self::Stripe].into_iter().find(|scheme| scheme.name() == name)
    }

    /// The key a secret stands for; `None` when it is no usable secret.
    ///
    /// Standard Webhooks decodes the text after the prefix; Stripe takes the whole text as it is.
    pub(super) fn key(self, secret: &str) -> Option<Secret> {
        let rest = secret.strip_prefix(PREFIX).filter(|rest| !rest.trim().is_empty())?;
        match self {
            Self::Standard => decode_base64(rest).ok().map(Secret::new),
            Self::Stripe => Some(Secret::new(secret.as_bytes().to_vec())),
        }
    }

    /// The headers that authenticate `body` with each of `keys`, signed at `at_s` seconds since the Unix epoch.
    pub(super) fn headers(
        self,
        keys: &[Secret],
        id: &str,
        at_s: u64,
        body: &str,
    ) -> Vec<(&'static str, String)> {
        let at = at_s.to_string();
        match self {
            Self::Standard => {
                let tags = keys.iter().map(|key| sign(key, &[id, ".", &at, ".", body]));
                let tags = tags.map(|tag| format!("v1,{}", encode_base64(tag.as_bytes())));
                let signature = tags.collect::<Vec<_>>().join(" ");
                vec![
                    ("webhook-id", id.to_owned()),
                    ("webhook-timestamp", at),
                    ("webhook-signature", signature),
                ]
            }
            Self::Stripe => {
                let tags = keys.iter().map(|key| sign(key, &[&at, ".", body]));
                let signature = tags
                    .fold(format!("t={at}"), |all, tag| format!("{all},v1={}", encode_hex(tag.as_bytes())));
                vec![("stripe-signature", signature)]
            }
        }
    }
}

/// A secret as the merchant holds it, from bytes nobody else has.
pub(super) fn secret_text(bytes: &[u8]) -> String {
    format!("{PREFIX}{}", encode_base64(bytes))
}

fn sign(key: &Secret, parts: &[&str]) -> Tag {
    let mut mac = MacKey::new(MacAlgorithm::HmacSha256, key).begin();
    for part in parts {
        mac.update(part.as_bytes());
    }
    mac.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_webhooks_specification_holds() {
        let key = Scheme::Standard.key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let headers = Scheme::Standard.headers(
            &[key],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(headers[2], ("webhook-signature", expected.to_owned()));
    }

    #[test]
    fn a_secret_without_substance_is_refused() {
        for secret in ["", "whsec_", "whsec_  ", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(
                Scheme::Standard.key(secret).is_none() && Scheme::Stripe.key(secret).is_none(),
                "{secret}"
            );
        }
        assert!(Scheme::Standard.key("whsec_not base64").is_none());
        assert!(Scheme::Stripe.key("whsec_not base64").is_some());
    }
}
