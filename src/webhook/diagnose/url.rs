//! A signed URL is the one the provider was told; behind a proxy the request has another.

use super::case::Case;
use super::words::URL_VARIANT;
use super::{Budget, Diagnosis};
use crate::prelude::*;
use crate::webhook::Request;

/// Longest URL that is varied, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// A part of a URL as it might have been, and how the sentence says so: "for the URL …". Empty for the part as it is.
type Variant = (String, &'static str);

/// A URL in the parts that proxies and routers change.
struct Parts<'u> {
    scheme: &'u str,
    authority: &'u str,
    path: &'u str,
    query: Option<&'u str>,
}

/// Tries the URL with other schemes, hosts, ports, slashes and queries, all that few changes reach first.
pub(super) fn variant(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    if !case.scheme.signs_url() {
        return None;
    }
    let configured = case.options.url.filter(|_| case.request.url.is_some());
    if let Some(url) = configured
        && holds(case, budget, url)
    {
        return Some(told(case, "that the verifier was given, not the one that came with the delivery"));
    }
    let url = case.request.url.or(case.options.url)?;
    let parts = Parts::of(url)?;
    let mut candidates = Vec::new();
    for (scheme, scheme_change) in parts.schemes(case) {
        for (authority, authority_change) in parts.authorities(case) {
            for (path, path_change) in parts.paths() {
                for (query, query_change) in parts.queries() {
                    let changes = [scheme_change, authority_change, path_change, query_change];
                    let changes: Vec<&str> =
                        changes.into_iter().filter(|change| !change.is_empty()).collect();
                    candidates.push((glued(&[&scheme, "://", &authority, &path, &query]), changes));
                }
            }
        }
    }
    candidates.sort_by_key(|(_, changes)| changes.len());
    let found = candidates.iter().find(|(candidate, changes)| {
        !changes.is_empty() && candidate != url && holds(case, budget, candidate)
    });
    let (_, changes) = found?;
    Some(told(case, &listed(changes)))
}

fn holds(case: &Case<'_>, budget: &mut Budget, url: &str) -> bool {
    !budget.is_spent() && case.holds(budget, &Request { url: Some(url), ..case.request })
}

fn told(case: &Case<'_>, change: &str) -> Diagnosis {
    URL_VARIANT.proven(&[("change", change), ("provider", case.provider())])
}

fn listed(changes: &[&str]) -> String {
    let mut text = String::new();
    for (index, change) in changes.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { " and " });
        text.push_str(change);
    }
    text
}

impl<'u> Parts<'u> {
    fn of(url: &'u str) -> Option<Self> {
        if url.len() > URL_BYTES_MAX {
            return None;
        }
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end)?;
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        Some(Self { scheme, authority, path, query })
    }

    fn schemes(&self, case: &Case<'_>) -> Vec<Variant> {
        let mut variants = vec![(self.scheme.to_owned(), "")];
        match self.scheme {
            "http" => variants.push(("https".to_owned(), "with https instead of http")),
            "https" => variants.push(("http".to_owned(), "with http instead of https")),
            _ => {}
        }
        // Lists of proxies have the one nearest to the provider first.
        let forwarded = case.header("x-forwarded-proto").map(first).filter(|scheme| is_word(scheme));
        if let Some(scheme) = forwarded.filter(|scheme| !matches!(*scheme, "http" | "https")) {
            variants.push((scheme.to_owned(), "with the scheme of X-Forwarded-Proto"));
        }
        variants
    }

    fn authorities(&self, case: &Case<'_>) -> Vec<Variant> {
        let (host, port) = match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
            _ => (self.authority, None),
        };
        let mut variants = vec![(self.authority.to_owned(), "")];
        let mut add = |authority: String, change| {
            if !variants.iter().any(|(known, _)| *known == authority) {
                variants.push((authority, change));
            }
        };
        match port {
            Some(_) => add(host.to_owned(), "without the port"),
            None => {
                add(glued(&[host, ":443"]), "with the port 443");
                add(glued(&[host, ":80"]), "with the port 80");
            }
        }
        add(self.authority.to_ascii_lowercase(), "with the host in lower case");
        match host.strip_prefix("www.") {
            Some(bare) => add(bare.to_owned(), "without www in front of the host"),
            None => add(glued(&["www.", host]), "with www in front of the host"),
        }
        for (header, change) in [
            ("x-forwarded-host", "with the host of X-Forwarded-Host"),
            ("x-original-host", "with the host of X-Original-Host"),
            ("host", "with the host of the Host header"),
        ] {
            if let Some(name) = case.header(header).map(first).filter(|name| is_authority(name)) {
                add(name.to_owned(), change);
            }
        }
        variants
    }

    fn paths(&self) -> Vec<Variant> {
        let mut variants = vec![(self.path.to_owned(), "")];
        match self.path.strip_suffix('/') {
            Some(bare) => variants.push((bare.to_owned(), "without the slash at the end of the path")),
            None => variants.push((glued(&[self.path, "/"]), "with a slash at the end of the path")),
        }
        if self.path.contains("//") {
            variants.push((self.path.replace("//", "/"), "with single slashes in the path"));
        }
        variants
    }

    fn queries(&self) -> Vec<Variant> {
        let Some(query) = self.query else { return vec![(String::new(), "")] };
        let mut variants = vec![(glued(&["?", query]), ""), (String::new(), "without the query")];
        let mut fields: Vec<&str> = query.split('&').collect();
        let joined = |fields: &[&str]| glued(&["?", &fields.join("&")]);
        if fields.len() > 1 {
            fields.reverse();
            variants.push((joined(&fields), "with the query the other way round"));
            fields.sort_unstable();
            variants.push((joined(&fields), "with the query in order of its names"));
        }
        for (from, to, change) in
            [("+", "%20", "with %20 for + in the query"), ("%20", "+", "with + for %20 in the query")]
        {
            if query.contains(from) {
                variants.push((glued(&["?", &query.replace(from, to)]), change));
            }
        }
        if let Some((whole, _)) = query.split_once('#') {
            variants.push((glued(&["?", whole]), "without the fragment"));
        }
        variants
    }
}

/// The first of a list of proxies.
fn first(list: &str) -> &str {
    list.split(',').next().unwrap_or_default().trim_ascii()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_authority(text: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']' | b'_');
    !text.is_empty() && text.bytes().all(plain)
}
