//! The routes of the native dialect, as one table.

use super::super::Error;
use crate::prelude::*;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Route {
    CreatePayment,
    ListPayments,
    GetPayment,
    Capture,
    Void,
    Refund,
    Account,
    Reconcile,
    AddEndpoint,
    ListEndpoints,
    GetEndpoint,
    UpdateEndpoint,
    DeleteEndpoint,
    RotateEndpoint,
    Events,
    GetEvent,
    Resend,
    Health,
    Advance,
    GroundTruth,
    GetFaults,
    PutFaults,
    CreateTransfer,
    GetTransfer,
    CreateEscrow,
    GetEscrow,
    ReleaseEscrow,
    ReturnEscrow,
    CreatePayout,
    GetPayout,
    CancelPayout,
    Wallet,
    Settlement,
    Statement,
    Reset,
}

/// How a route is treated before it is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Class {
    /// Moves money: needs a key and suffers faults.
    Mutation,
    /// Reads: suffers faults.
    Read,
    /// Belongs to the simulator or its set-up: suffers none.
    Plain,
}

const ROUTES: &[(&str, &str, Route, Class)] = &[
    ("POST", "/api/payments", Route::CreatePayment, Class::Mutation),
    ("GET", "/api/payments", Route::ListPayments, Class::Read),
    ("GET", "/api/payments/:id", Route::GetPayment, Class::Read),
    ("POST", "/api/payments/:id/capture", Route::Capture, Class::Mutation),
    ("POST", "/api/payments/:id/void", Route::Void, Class::Mutation),
    ("POST", "/api/payments/:id/refund", Route::Refund, Class::Mutation),
    ("POST", "/api/transfers", Route::CreateTransfer, Class::Mutation),
    ("GET", "/api/transfers/:id", Route::GetTransfer, Class::Read),
    ("POST", "/api/escrows", Route::CreateEscrow, Class::Mutation),
    ("GET", "/api/escrows/:id", Route::GetEscrow, Class::Read),
    ("POST", "/api/escrows/:id/release", Route::ReleaseEscrow, Class::Mutation),
    ("POST", "/api/escrows/:id/return", Route::ReturnEscrow, Class::Mutation),
    ("POST", "/api/payouts", Route::CreatePayout, Class::Mutation),
    ("GET", "/api/payouts/:id", Route::GetPayout, Class::Read),
    ("POST", "/api/payouts/:id/cancel", Route::CancelPayout, Class::Mutation),
    ("GET", "/api/wallets/:id", Route::Wallet, Class::Read),
    ("GET", "/api/ledger/:id", Route::Account, Class::Read),
    ("POST", "/api/reconcile", Route::Reconcile, Class::Read),
    ("POST", "/api/webhook_endpoints", Route::AddEndpoint, Class::Plain),
    ("GET", "/api/webhook_endpoints", Route::ListEndpoints, Class::Plain),
    ("GET", "/api/webhook_endpoints/:id", Route::GetEndpoint, Class::Plain),
    ("POST", "/api/webhook_endpoints/:id", Route::UpdateEndpoint, Class::Plain),
    ("DELETE", "/api/webhook_endpoints/:id", Route::DeleteEndpoint, Class::Plain),
    ("POST", "/api/webhook_endpoints/:id/rotate", Route::RotateEndpoint, Class::Plain),
    ("GET", "/api/events", Route::Events, Class::Read),
    ("GET", "/api/events/:id", Route::GetEvent, Class::Read),
    ("POST", "/api/events/:id/resend", Route::Resend, Class::Plain),
    ("GET", "/health", Route::Health, Class::Plain),
    ("POST", "/_tillproof/advance", Route::Advance, Class::Plain),
    ("GET", "/_tillproof/ground-truth", Route::GroundTruth, Class::Plain),
    ("GET", "/_tillproof/faults", Route::GetFaults, Class::Plain),
    ("PUT", "/_tillproof/faults", Route::PutFaults, Class::Plain),
    ("GET", "/_tillproof/settlement.csv", Route::Settlement, Class::Plain),
    ("GET", "/_tillproof/statement.xml", Route::Statement, Class::Plain),
    ("POST", "/_tillproof/reset", Route::Reset, Class::Plain),
];

/// Longest method and path a message shows.
const SHOWN_MAX: usize = 60;

/// A route that was found, with the `:id` of its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Found {
    pub(in crate::simulator) route: Route,
    pub(in crate::simulator) class: Class,
    /// Method and pattern, which is what a script of faults calls it.
    pub(in crate::simulator) name: String,
    pub(in crate::simulator) id: String,
}

/// The route of a request.
///
/// # Errors
///
/// [`Error::RouteNotFound`], [`Error::MethodNotAllowed`].
pub(in crate::simulator) fn find(method: &str, path: &str) -> Result<Found, Error> {
    // HEAD is answered as GET; its body is left out where the answer is sent.
    let wanted = if method == "HEAD" { "GET" } else { method };
    let mut allowed = Vec::new();
    for (expected, pattern, route, class) in ROUTES {
        let Some(id) = matches(pattern, path) else { continue };
        if *expected == wanted {
            let name = format!("{expected} {pattern}");
            return Ok(Found { route: *route, class: *class, name, id });
        }
        allowed.push(*expected);
    }
    let shown = |text: &str| text.chars().take(SHOWN_MAX).collect();
    if allowed.is_empty() {
        return Err(Error::RouteNotFound { found: shown(path) });
    }
    Err(Error::MethodNotAllowed { found: shown(method), expected: allowed.join(" or ") })
}

/// The decoded `:id` when the path fits the pattern; empty for a pattern without one.
fn matches(pattern: &str, path: &str) -> Option<String> {
    let mut id = String::new();
    let (mut patterns, mut parts) = (pattern.split('/'), path.split('/'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return Some(id),
            (Some(":id"), Some(part)) => id = decode(part).filter(|id| !id.is_empty())?,
            (Some(expected), Some(part)) if expected == part => {}
            _ => return None,
        }
    }
}

/// Percent-decoding; `None` when it is malformed or not UTF-8.
pub(in crate::simulator) fn decode(text: &str) -> Option<String> {
    if !text.bytes().any(|byte| byte == b'%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let value = digit()?.checked_mul(16)?.checked_add(digit()?)?;
                bytes.push(u8::try_from(value).ok()?);
            }
            plain => bytes.push(plain),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_finds_its_route_or_a_sentence_that_helps() {
        let table = [
            ("POST", "/api/payments", "CreatePayment"),
            ("GET", "/api/payments/pay_1", "GetPayment pay_1"),
            ("GET", "/api/ledger/gateway%3Afees", "Account gateway:fees"),
            ("POST", "/api/payments/pay_1/refund", "Refund pay_1"),
            ("HEAD", "/health", "Health"),
            ("HEAD", "/api/reconcile", r#"this route does not answer "HEAD": use POST"#),
            ("GET", "/", r#"there is no route "/": see the list of routes of the native gateway"#),
            (
                "GET",
                "/api/payments/",
                r#"there is no route "/api/payments/": see the list of routes of the native gateway"#,
            ),
            (
                "GET",
                "/api/ledger/%zz",
                r#"there is no route "/api/ledger/%zz": see the list of routes of the native gateway"#,
            ),
            ("DELETE", "/api/payments", r#"this route does not answer "DELETE": use POST or GET"#),
            ("post", "/health", r#"this route does not answer "post": use GET"#),
        ];
        for (method, path, expected) in table {
            let found = match find(method, path) {
                Ok(found) => format!("{:?} {}", found.route, found.id).trim_end().to_owned(),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{method} {path}");
        }
    }
}
