//! An address is taken only if a request can be sent to it: what could never be called is refused when it is given,
//! not found in the dead letters.
//!
//! Stricter than the URL standard where that saves a merchant a search: no user name (`fetch` refuses it), no
//! percent-encoded host, no shortened IPv4 address.

use core::net::{Ipv4Addr, Ipv6Addr};

/// Longest name and longest part of a name that DNS can hold (RFC 1035 section 2.3.4).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Whether `url` is an absolute http or https address with a host and, where it has one, a port that exists.
pub(super) fn is_callable(url: &str) -> bool {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return false;
    }
    let Some(rest) = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")) else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(address) => address
            .split_once(']')
            .is_some_and(|(host, port)| host.parse::<Ipv6Addr>().is_ok() && is_port_or_nothing(port)),
        None => {
            let host = authority.split(':').next().unwrap_or_default();
            is_host(host) && is_port_or_nothing(authority.strip_prefix(host).unwrap_or_default())
        }
    }
}

/// A name, or four numbers. A name whose last part is a number is read as an IPv4 address by every client.
fn is_host(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
    name.len() <= NAME_BYTES_MAX
        && name.split('.').all(is_label)
        && (!is_number || name.parse::<Ipv4Addr>().is_ok())
}

/// What follows the host: nothing, a colon alone (which means the usual port), or a colon and 1 to 65535.
fn is_port_or_nothing(text: &str) -> bool {
    match text.strip_prefix(':') {
        None => text.is_empty(),
        Some("") => true,
        Some(port) => {
            port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_can_be_called_is_taken_and_no_other() {
        let long = format!("http://{}/", "a".repeat(64));
        let table = [
            ("http://x", true),
            ("https://shop.example/hooks?a=@b:c#d", true),
            ("http://127.0.0.1:8090/webhooks", true),
            ("http://localhost:65535", true),
            ("http://shop.example.:1/", true),
            ("http://my_service-1:8080", true),
            ("http://[::1]", true),
            ("http://[::1]:80/x", true),
            ("http://x:", true),
            ("http://x:00080", true),
            ("ftp://x", false),
            ("HTTP//x", false),
            ("//x", false),
            ("http://", false),
            ("http:///x", false),
            ("http://?x", false),
            ("http://:80", false),
            ("http://x:0", false),
            ("http://x:65536", false),
            ("http://x:99999999999999999999", false),
            ("http://x:+80", false),
            ("http://x:8o", false),
            ("http://x:80:80", false),
            ("http://[::1", false),
            ("http://[]", false),
            ("http://[::1]x", false),
            ("http://[::1%25eth0]", false),
            ("http://::1", false),
            ("http://user@x", false),
            ("http://user:secret@x", false),
            ("http://x y", false),
            ("http://schön", false),
            ("http://a%20b", false),
            ("http://a..b", false),
            ("http://.", false),
            ("http://x\\y", false),
            ("http://256.0.0.1", false),
            ("http://1.2.3", false),
            ("http://0x7f.1", false),
            (&long, false),
        ];
        for (url, expected) in table {
            assert_eq!(is_callable(url), expected, "{url}");
        }
    }
}
