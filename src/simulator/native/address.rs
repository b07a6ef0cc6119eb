//! An address is taken only if a request can be sent to it: what could never be called is refused when it is given,
//! not found in the dead letters.
//!
//! Stricter than the URL standard where that saves a merchant a search: no user name (`fetch` refuses it), no
//! percent-encoded host, no shortened IPv4 address, none inside of an IPv6 one.
//!
//! By hand, as the parsers of `core::net` weigh more than all of this in a file that a page loads.

/// Longest name and longest part of a name that DNS can hold (RFC 1035 section 2.3.4).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Whether `url` is an absolute http or https address with a host and, where it has one, a port that exists.
pub(in crate::simulator) fn is_callable(url: &str) -> bool {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return false;
    }
    let Some(rest) = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")) else {
        return false;
    };
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(address) => {
            address.split_once(']').is_some_and(|(host, port)| is_ipv6(host) && is_port_or_nothing(port))
        }
        None => {
            let (host, port) = authority
                .split_at_checked(authority.bytes().position(|byte| byte == b':').unwrap_or(end))
                .unwrap_or((authority, ""));
            is_host(host) && is_port_or_nothing(port)
        }
    }
}

/// A name, or four numbers. A name whose last part is a number is read as an IPv4 address by every client, and then
/// each of four parts must be one up to 255, without leading zeros, which some clients take for octal.
fn is_host(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let (mut labels, mut is_address, mut is_number) = (0_usize, true, false);
    for label in name.split('.') {
        let fits = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if label.is_empty() || label.len() > LABEL_BYTES_MAX || !fits {
            return false;
        }
        let value = number(label);
        is_number = value.is_some() || label.starts_with("0x");
        is_address &= matches!(value, Some(0..=255)) && (label == "0" || !label.starts_with('0'));
        labels = labels.saturating_add(1);
    }
    name.len() <= NAME_BYTES_MAX && (!is_number || (is_address && labels == 4))
}

/// Eight groups of up to four hexadecimal digits, or fewer with one `::` for those that are zero (RFC 4291).
fn is_ipv6(text: &str) -> bool {
    const GROUPS: usize = 8;
    let (mut groups, mut gaps) = (0_usize, 0_usize);
    for group in text.split(':') {
        if group.len() > 4 || !group.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return false;
        }
        let count = if group.is_empty() { &mut gaps } else { &mut groups };
        *count = count.saturating_add(1);
    }
    // One `::` leaves one gap between its colons, and another before or behind it where it stands at an end.
    let (first, last) = (text.starts_with("::"), text.ends_with("::"));
    let expected = 1_usize.saturating_add(usize::from(first)).saturating_add(usize::from(last));
    let is_torn = text.starts_with(':') != first || text.ends_with(':') != last;
    if text.len() < 2 || is_torn {
        return false;
    }
    if gaps == 0 { groups == GROUPS } else { gaps == expected && groups < GROUPS }
}

/// A number in plain digits; what is longer than any number here counts as too large for all of them.
fn number(text: &str) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// What follows the host: nothing, a colon alone (which means the usual port), or a colon and 1 to 65535.
fn is_port_or_nothing(text: &str) -> bool {
    match text.strip_prefix(':') {
        None => text.is_empty(),
        Some("") => true,
        Some(port) => matches!(number(port), Some(1..=65_535)),
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
            ("http://[2001:db8::8a2e:370:7334]", true),
            ("http://[1:2:3:4:5:6:7:8]", true),
            ("http://[::]", true),
            ("http://[1::]", true),
            ("http://[1::2]", true),
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
            ("http://[1:2:3:4:5:6:7]", false),
            ("http://[1:2:3:4:5:6:7::8]", false),
            ("http://[1::2::3]", false),
            ("http://[:::1]", false),
            ("http://[12345::]", false),
            ("http://[::g]", false),
            ("http://[:1:2:3:4:5:6:7]", false),
            ("http://[1:2:3:4:5:6:7:]", false),
            ("http://[1::2:]", false),
            ("http://[:]", false),
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
            ("http://1.2.3.04", false),
            ("http://1.2.3.4.5", false),
            ("http://0x7f.1", false),
            (&long, false),
        ];
        for (url, expected) in table {
            assert_eq!(is_callable(url), expected, "{url}");
        }
    }
}
