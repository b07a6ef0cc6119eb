//! The providers: one row each, with where it was read and when.
//!
//! To add a provider that signs with an HMAC, add a row to the file of its kind, its name to [`SCHEMES`], and its
//! vectors to `tests/vectors/webhooks.jsonl`.

#[cfg(feature = "webhooks-full")]
mod asymmetric;
mod fields;
mod raw_body;
mod timed;
mod tokens;

use super::{
    Error, Evidence, Grammar, IdSource, Identity, KeyForm, KindSource, Moment, Part, Path, Place, Primitive,
    Provenance, Scheme, SignatureForm,
};
use crate::crypto::MacAlgorithm::HmacSha256;

pub use timed::{STANDARD_WEBHOOKS_V1, STRIPE_V1};

/// All schemes, by name.
pub static SCHEMES: &[&Scheme] = &[
    &raw_body::ADYEN_PLATFORM,
    &fields::ADYEN_STANDARD,
    &timed::AFFIRM,
    &timed::AIRWALLEX,
    &raw_body::AUTHORIZE_NET,
    &timed::BLUESNAP,
    &raw_body::BOLT,
    &fields::BRAINTREE,
    &timed::CASHFREE,
    &raw_body::CHARGIFY,
    &raw_body::CHECKOUT_COM,
    &raw_body::COINBASE_COMMERCE,
    #[cfg(feature = "webhooks-full")]
    &asymmetric::DISCORD,
    &raw_body::DWOLLA,
    &raw_body::FLUTTERWAVE_V4,
    &raw_body::GITHUB,
    &raw_body::GOCARDLESS,
    &raw_body::HOOKDECK,
    &timed::IRON,
    &raw_body::KLARNA,
    &raw_body::LEMONSQUEEZY,
    &fields::MERCADOPAGO,
    &raw_body::MIDTRANS_IRIS,
    &fields::MIDTRANS,
    #[cfg(feature = "webhooks-full")]
    &asymmetric::MIDTRANS_SNAP,
    &raw_body::MODERN_TREASURY,
    &raw_body::MOLLIE,
    &raw_body::NMI,
    &fields::NOON,
    &fields::NOVALNET,
    &fields::NUVEI,
    &timed::PADDLE,
    #[cfg(feature = "webhooks-full")]
    &asymmetric::PAYPAL,
    &raw_body::PAYSTACK,
    #[cfg(feature = "webhooks-full")]
    &asymmetric::PLAID,
    &raw_body::PPRO,
    &raw_body::PRIMER,
    &timed::QONTO,
    &timed::RAPYD,
    &raw_body::RAZORPAY,
    &timed::RECURLY,
    &timed::REVOLUT,
    #[cfg(feature = "webhooks-full")]
    &asymmetric::SENDGRID,
    &raw_body::SHOPIFY,
    &timed::SLACK,
    &timed::SQUARE,
    &STANDARD_WEBHOOKS_V1,
    &timed::POLAR,
    #[cfg(feature = "webhooks-full")]
    &asymmetric::STANDARD_WEBHOOKS_V1A,
    &tokens::STATIC_TOKEN,
    &tokens::STATIC_TOKEN_BASIC,
    &tokens::STATIC_TOKEN_VERIF_HASH,
    &STRIPE_V1,
    &timed::SVIX,
    #[cfg(feature = "webhooks-full")]
    &asymmetric::TELNYX,
    &fields::TWILIO_BODY,
    &fields::TWILIO_FORM,
    &raw_body::VERCEL,
    #[cfg(feature = "webhooks-full")]
    &asymmetric::WISE,
    &raw_body::WOOCOMMERCE,
    &timed::WORKOS,
    &raw_body::WORLDLINE,
    &raw_body::WORLDPAY,
    &timed::ZOHO_PAYMENTS,
];

/// What most providers do: the lower-case hexadecimal HMAC-SHA256 of the body, under the text of the secret. Rows say
/// where they differ.
const PLAIN: Scheme = Scheme {
    name: "",
    provenance: Provenance::new("", Evidence::ThirdParty, ""),
    place: Place::Headers(&[]),
    grammar: Grammar::Plain,
    form: SignatureForm::HexLower,
    primitive: Primitive::Mac(HmacSha256),
    key: KeyForm::Text,
    content: &[Part::Body],
    spellings: 1,
    clock: None,
    body_required: false,
    identity: in_body(&[&["id"]], &[&["type"]]),
    retry_window_hours: 72,
    otherwise: None,
};

/// Neither id nor type: the digest of what is signed stands for the event.
const DIGEST: Identity =
    Identity { id: IdSource::Digest, kind: KindSource::None, occurred_at: None, items: None };

/// Id and type in the body.
const fn in_body(id: &'static [Path], kind: &'static [Path]) -> Identity {
    Identity { id: IdSource::Body(id), kind: KindSource::Body(kind), occurred_at: None, items: None }
}

/// No id, but a type in the body.
const fn kind_in_body(kind: &'static [Path]) -> Identity {
    Identity { kind: KindSource::Body(kind), ..DIGEST }
}

/// An id in a header nobody signs, a type in the body.
const fn in_unsigned_header(id: &'static str, kind: &'static [Path]) -> Identity {
    Identity { id: IdSource::UnsignedHeader(id), ..kind_in_body(kind) }
}

impl Identity {
    /// The same, with the time of the event.
    const fn at(self, moment: Moment) -> Self {
        Self { occurred_at: Some(moment), ..self }
    }
}

/// The scheme of this name.
///
/// # Errors
///
/// [`Error::UnknownScheme`].
pub fn scheme(name: &str) -> Result<&'static Scheme, Error> {
    row(name).ok_or_else(|| Error::unknown_scheme(name, near(name)))
}

/// Whether two names begin with the same word: that of the provider.
fn is_near(name: &str, other: &str) -> bool {
    let word = |name: &'_ str| name.find(['-', '_', ' ']).unwrap_or(name.len());
    let (one, two) = (name.get(..word(name)), other.get(..word(other)));
    one.zip(two).is_some_and(|(one, two)| one.eq_ignore_ascii_case(two))
}

fn near(name: &str) -> Option<&'static str> {
    SCHEMES.iter().map(|scheme| scheme.name).find(|other| is_near(name, other))
}

fn row(name: &str) -> Option<&'static Scheme> {
    SCHEMES.iter().find(|scheme| scheme.name == name).copied()
}
