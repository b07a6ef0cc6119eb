//! Headers are renamed by servers, rewritten by proxies and dropped by mapping templates.

use super::case::{Headers, provider, signature_headers};
use super::form::percent_decoded;
use super::words::{
    HEADER_MISSING, HEADER_PROXIED, HEADER_RENAMED, HEADER_REWRITTEN, HEADERS_NONE, OTHER_PROVIDER, UNSIGNED,
};
use super::{Budget, Case, Diagnosis};
use crate::prelude::*;
use crate::webhook::{Error, Request, SCHEMES, Scheme};

/// What servers and gateways put in front of the name of a header.
const PREFIXES: &[&str] =
    &["http-", "redirect-http-", "x-amzn-remapped-", "x-original-", "x-forwarded-", "x-envoy-original-"];

/// Headers that say that something stood between the provider and this host.
const PROXIES: &[&str] = &[
    "x-forwarded-for",
    "forwarded",
    "via",
    "x-real-ip",
    "cf-ray",
    "x-amzn-trace-id",
    "x-envoy-external-address",
];

/// A way back from a rewritten value; `None` where it does not look like that.
struct Mend {
    /// As the sentence says it: "the signature holds once …".
    original: &'static str,
    undo: fn(&str) -> Option<String>,
}

const MENDS: &[Mend] = &[
    Mend {
        original: "the white space is taken away",
        undo: |value| value.contains(char::is_whitespace).then(|| value.split_whitespace().collect()),
    },
    Mend {
        original: "the white space around the value is taken away",
        undo: |value| Some(value.trim().to_owned()),
    },
    Mend {
        original: "the white space after commas and semicolons is taken away",
        undo: |value| Some(value.replace(", ", ",").replace("; ", ";")),
    },
    Mend {
        original: "the quotes are taken away",
        undo: |value| Some(value.trim_matches(['"', '\'', '[', ']']).to_owned()),
    },
    Mend {
        original: "the percent-encoding is decoded",
        undo: |value| {
            if value.contains('%') {
                String::from_utf8(percent_decoded(&value.replace('+', "%2B").into_bytes())?).ok()
            } else {
                None
            }
        },
    },
    Mend { original: "the second of two equal values is taken away", undo: halved },
    Mend { original: "the = at the end is put back", undo: padded },
    Mend { original: "the letters are lower case", undo: |value| Some(value.to_ascii_lowercase()) },
    Mend { original: "the hexadecimal digits are capitals", undo: capitals },
];

/// A header that is there under the name a server or a gateway gave it.
pub(super) fn renamed(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    let mut headers: Headers<'_> = case.request.headers.to_vec();
    let mut found = None;
    for wanted in case.scheme.headers() {
        if headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted)) {
            continue;
        }
        if let Some((name, value)) = case.request.headers.iter().find(|(name, _)| is_renamed(name, wanted)) {
            headers.push((wanted, *value));
            found = found.or(Some((*name, wanted)));
        }
    }
    let (name, wanted) = found?;
    let facts = [("found", name), ("header", wanted)];
    case.holds(budget, &Request { headers: &headers, ..case.request }).then(|| HEADER_RENAMED.proven(&facts))
}

fn is_renamed(name: &str, wanted: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    name == wanted || PREFIXES.iter().any(|prefix| name.strip_prefix(prefix) == Some(wanted))
}

/// A value that something wrote in another way.
pub(super) fn rewritten(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    for header in case.scheme.headers() {
        let Some(value) = case.header(header) else { continue };
        for mend in MENDS {
            let Some(mended) = (mend.undo)(value).filter(|mended| mended != value) else { continue };
            let headers = case.headers_with(header, &mended);
            if case.holds(budget, &Request { headers: &headers, ..case.request }) {
                return Some(HEADER_REWRITTEN.proven(&[("original", mend.original), ("header", header)]));
            }
        }
    }
    None
}

/// With the padding that base64 has, and that parsers of cookies and queries drop.
fn padded(value: &str) -> Option<String> {
    let digits = value.rsplit_once([',', '=']).map_or(value, |(_, digits)| digits);
    match digits.len() % 4 {
        2 => Some(glued(&[value, "=="])),
        3 => Some(glued(&[value, "="])),
        _ => None,
    }
}

/// `value, value` and `value,value`, as two proxies leave it.
fn halved(value: &str) -> Option<String> {
    [", ", ","].into_iter().find_map(|between| {
        let length = value.len().checked_sub(between.len())?;
        let (first, rest) = value.split_at_checked(length.wrapping_div(2))?;
        (rest.strip_prefix(between)? == first).then(|| first.to_owned())
    })
}

/// With hexadecimal digits in capitals; what stands before an `=` is a name and stays.
pub(super) fn capitals(value: &str) -> Option<String> {
    let (name, digits) = value.rsplit_once('=').map_or(("", value), |(name, digits)| (name, digits));
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| glued(&[name, if name.is_empty() { "" } else { "=" }, &digits.to_ascii_uppercase()]))
}

/// Deliveries of a provider that it does not sign: the scheme, how their bodies begin, what they are, what to do.
const NOT_SIGNED: &[(&str, &str, &str, &str)] = &[
    (
        "mollie-next-gen",
        "id=",
        "a classic webhook of Mollie",
        "take the id from it and fetch the object from Mollie's API; only next-generation webhooks are signed",
    ),
    (
        "paypal-rsa-crc32",
        "payment_type=",
        "an instant payment notification (IPN) of PayPal",
        "post it back to PayPal with cmd=_notify-validate, or change to webhooks",
    ),
    (
        "mercadopago",
        "{\"resource\":",
        "an instant payment notification (IPN) of Mercado Pago",
        "fetch the resource from Mercado Pago's API, or change to webhooks",
    ),
];

/// A header that is nowhere: what the others say about why.
pub(super) fn missing(case: &Case<'_>, _: &mut Budget) -> Option<Diagnosis> {
    let Error::HeaderMissing { header } = case.refusal else { return None };
    let headers = case.request.headers;
    if headers.is_empty() {
        return Some(HEADERS_NONE.proven(&[("header", header)]));
    }
    let unsigned = NOT_SIGNED.iter().find(|(scheme, start, ..)| {
        *scheme == case.scheme.name && case.request.body.starts_with(start.as_bytes())
    });
    if let Some((_, _, what, instead)) = unsigned {
        return Some(UNSIGNED.proven(&[("what", what), ("instead", instead)]));
    }
    let sender = case.provider();
    let own = case.scheme.headers();
    // Half of the scheme's headers are here: then one was lost, and the sender is the right one.
    let is_here = |name: &str| headers.iter().any(|(found, _)| found.eq_ignore_ascii_case(name));
    let none_of_own = !own.iter().any(|own| is_here(own));
    let theirs = SCHEMES
        .iter()
        .flat_map(|scheme| signature_headers(scheme).into_iter().map(move |name| (scheme, name)));
    let others = theirs.filter(|(_, name)| none_of_own && !own.contains(name) && is_here(name));
    // Several providers have a header of this name: it is his of whose headers most are here.
    let here = |scheme: &Scheme| scheme.headers().iter().filter(|name| is_here(name)).count();
    let other = others.reduce(|best, next| if here(next.0) > here(best.0) { next } else { best });
    if let Some((other, name)) = other {
        return Some(OTHER_PROVIDER.likely(&[
            ("header", name),
            ("found", provider(other)),
            ("missing", header),
            ("provider", sender),
            ("scheme", other.name),
        ]));
    }
    let proxy = PROXIES.iter().find(|proxy| is_here(proxy));
    Some(match proxy {
        Some(proxy) => HEADER_PROXIED.likely(&[("header", header), ("proxy", proxy), ("provider", sender)]),
        None => HEADER_MISSING.likely(&[("header", header), ("provider", sender)]),
    })
}
