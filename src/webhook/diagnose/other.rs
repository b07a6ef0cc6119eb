//! One endpoint may get deliveries of several providers, and one provider may sign in several ways.

use super::case::signature_headers;
use super::words::OTHER_SCHEME;
use super::{Budget, Case, Diagnosis};
use crate::webhook::SCHEMES;

/// Verifies by every other scheme whose signature header is there, under the same secrets.
pub(super) fn scheme(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    let candidates = SCHEMES.iter().filter(|other| other.name != case.scheme.name);
    let here = |name: &str| case.request.headers.iter().any(|(found, _)| found.eq_ignore_ascii_case(name));
    let mut candidates = candidates.filter(|other| signature_headers(other).into_iter().any(here));
    let found = candidates.find(|other| !budget.is_spent() && case.holds_as(budget, other))?;
    Some(OTHER_SCHEME.proven(&[("found", found.name), ("scheme", case.scheme.name)]))
}
