//! What a secret must not be, told by its shape alone: keys of the API, ids, tokens and public keys.
//!
//! A shape is no proof, as some providers sign with what others call a key; so a row that names no scheme holds for
//! those only whose own secrets never look like it.

use super::words::SECRET_KIND;
use super::{Budget, Case, Diagnosis};
use crate::prelude::*;

/// A kind of text that is pasted instead of a signing secret.
struct Shape {
    /// The schemes it is wrong for, by the beginning of their names; empty for all.
    schemes: &'static [&'static str],
    /// How such a text begins.
    prefixes: &'static [&'static str],
    kind: &'static str,
    instead: &'static str,
}

const STRIPE: &[&str] = &["stripe"];
const WHSEC: &str = "the signing secret of the endpoint, which begins with whsec_";

const SHAPES: &[Shape] = &[
    Shape { schemes: STRIPE, prefixes: &["sk_", "rk_"], kind: "an API key of Stripe", instead: WHSEC },
    Shape { schemes: STRIPE, prefixes: &["pk_"], kind: "a publishable key of Stripe", instead: WHSEC },
    Shape { schemes: STRIPE, prefixes: &["we_"], kind: "the id of a webhook endpoint", instead: WHSEC },
    Shape {
        schemes: STRIPE,
        prefixes: &["acct_", "evt_"],
        kind: "the id of an object of Stripe",
        instead: WHSEC,
    },
    Shape {
        schemes: &["standard-webhooks", "svix"],
        prefixes: &["sk_", "testsk_"],
        kind: "an API key",
        instead: WHSEC,
    },
    Shape {
        schemes: &["standard-webhooks", "svix"],
        prefixes: &["ep_", "app_", "msg_"],
        kind: "the id of an endpoint, application or message",
        instead: WHSEC,
    },
    Shape {
        schemes: &["standard-webhooks-v1", "svix"],
        prefixes: &["whsk_"],
        kind: "a private Ed25519 key",
        instead: "the whsec_ secret, or the public key with scheme standard-webhooks-v1a",
    },
    Shape {
        schemes: &["paddle"],
        prefixes: &["pdl_live_apikey_", "pdl_sdbx_apikey_", "apikey_"],
        kind: "an API key of Paddle",
        instead: "the secret key of the notification destination, which begins with pdl_ntfset_",
    },
    Shape {
        schemes: &["paddle"],
        prefixes: &["ntfset_"],
        kind: "the id of a notification destination",
        instead: "its secret key, which begins with pdl_ntfset_",
    },
    Shape {
        schemes: &["shopify"],
        prefixes: &["shpat_", "shpca_", "shppa_", "shpua_"],
        kind: "an access token of a shop",
        instead: "the client secret of the app (for webhooks made in the admin: the secret shown there)",
    },
    Shape {
        schemes: &["github"],
        prefixes: &["ghp_", "gho_", "ghs_", "ghu_", "github_pat_"],
        kind: "an access token of GitHub",
        instead: "the secret entered in the settings of the webhook",
    },
    Shape {
        schemes: &["slack"],
        prefixes: &["xoxb-", "xoxp-", "xoxa-", "xapp-", "xoxe"],
        kind: "a token of Slack",
        instead: "the signing secret under Basic Information of the app",
    },
    Shape {
        schemes: &["square"],
        prefixes: &["sq0csp-", "sq0idp-", "sandbox-sq0", "EAAA"],
        kind: "a credential of the Square API",
        instead: "the signature key of the webhook subscription",
    },
    Shape {
        schemes: &["twilio"],
        prefixes: &["AC", "SK"],
        kind: "an account or key SID of Twilio",
        instead: "the auth token of the account",
    },
    Shape {
        schemes: &["razorpay"],
        prefixes: &["rzp_live_", "rzp_test_"],
        kind: "a key id of the Razorpay API",
        instead: "the secret entered when the webhook was made",
    },
    Shape {
        schemes: &["paystack"],
        prefixes: &["pk_"],
        kind: "a public key of Paystack",
        instead: "the secret key, which begins with sk_",
    },
    Shape {
        schemes: &["flutterwave"],
        prefixes: &["FLWSECK", "FLWPUBK"],
        kind: "an API key of Flutterwave",
        instead: "the secret hash entered in the webhook settings",
    },
    Shape {
        schemes: &["mollie"],
        prefixes: &["live_", "test_", "access_"],
        kind: "an API key of Mollie",
        instead: "the signing secret shown when the webhook was made",
    },
    Shape {
        schemes: &["gocardless"],
        prefixes: &["live_", "sandbox_"],
        kind: "an access token of GoCardless",
        instead: "the secret of the webhook endpoint",
    },
    Shape {
        schemes: &["adyen"],
        prefixes: &["AQE"],
        kind: "an API key of Adyen",
        instead: "the HMAC key of the webhook, 64 hexadecimal digits",
    },
    Shape {
        schemes: &["checkout"],
        prefixes: &["pk_", "ack_"],
        kind: "a key of the Checkout.com API",
        instead: "the signature key of the webhook",
    },
    Shape {
        schemes: &["standard-webhooks-v1-utf8-key"],
        prefixes: &["polar_oat_", "polar_at_"],
        kind: "an access token of Polar",
        instead: "the secret of the webhook endpoint",
    },
    Shape {
        schemes: &["woocommerce"],
        prefixes: &["ck_", "cs_"],
        kind: "a key of the WooCommerce REST API",
        instead: "the secret of the webhook, under Advanced, Webhooks",
    },
    Shape {
        schemes: &["workos"],
        prefixes: &["sk_", "client_"],
        kind: "a credential of the WorkOS API",
        instead: "the signing secret of the webhook endpoint",
    },
    Shape {
        schemes: &["coinbase"],
        prefixes: &["organizations/"],
        kind: "the name of an API key",
        instead: "the shared secret of the webhook subscription",
    },
    Shape {
        schemes: &[],
        prefixes: &["http://", "https://"],
        kind: "a URL",
        instead: "the signing secret of the endpoint",
    },
    Shape {
        schemes: &[],
        prefixes: &["${", "{{", "<your", "process.env"],
        kind: "a placeholder nobody has filled in",
        instead: "the signing secret of the endpoint",
    },
    Shape {
        schemes: &[],
        prefixes: &["arn:aws:", "projects/", "op://", "vault:"],
        kind: "the name of a stored secret",
        instead: "what is stored under it",
    },
    Shape {
        schemes: &[],
        prefixes: &["eyJ"],
        kind: "a JSON Web Token",
        instead: "the signing secret of the endpoint",
    },
];

/// Shapes whose own secrets may look like one of the rows for all.
const NO_SHAPE: &[&str] = &["static-token"];

pub(super) fn kind(case: &Case<'_>, _: &mut Budget) -> Option<Diagnosis> {
    let name = case.scheme.name;
    if NO_SHAPE.iter().any(|scheme| name.starts_with(scheme)) {
        return None;
    }
    for (index, secret) in case.options.secrets.iter().enumerate() {
        let text = secret.trim_ascii();
        let found = SHAPES.iter().find(|shape| {
            let concerns =
                shape.schemes.is_empty() || shape.schemes.iter().any(|scheme| name.starts_with(scheme));
            concerns && shape.prefixes.iter().any(|prefix| text.starts_with(prefix))
        });
        if let Some(shape) = found {
            let index = index.digits();
            return Some(SECRET_KIND.likely(&[
                ("index", &index),
                ("kind", shape.kind),
                ("instead", shape.instead),
            ]));
        }
    }
    None
}
