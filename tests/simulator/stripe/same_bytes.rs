//! The same requests give the same bytes wherever the engine runs: here as native code, in `tests/js/simulator.test.ts` in Node
//! by way of the shell, and in `tests/border` in Node and in Chromium. All of them read one file, which says what is expected.

use tillproof::crypto::sha256_hex;
use tillproof::simulator::{Dialect, Gateway, Options, Request};
use tillproof::time::Timestamp;

use super::super::driver::START_MS;

const SCENARIO: &str = include_str!("../same-bytes.txt");
const ROUNDS: usize = 12;

#[test]
fn the_same_requests_give_the_bytes_that_every_platform_gives() {
    let (expected, requests) = SCENARIO.split_once('\n').unwrap();
    let mut gateway = Gateway::new(Options { seed: 7, dialect: Dialect::Stripe, ..Options::default() });
    let now = Timestamp::from_unix_ms(START_MS).unwrap();
    let (mut seen, mut id) = (String::new(), String::new());
    for round in 0..ROUNDS {
        for (line, text) in requests.lines().enumerate() {
            let text = text.replace("{n}", &round.to_string()).replace("{id}", &id);
            let mut parts = text.split(' ');
            let (method, target) = (parts.next().unwrap(), parts.next().unwrap());
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let headers = [
                ("authorization", "Bearer sk_test_tillproof".to_owned()),
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
                ("idempotency-key", format!("key {round} {line}")),
            ];
            let request = Request {
                method: method.to_owned(),
                path: path.to_owned(),
                query: query.to_owned(),
                headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
                body: parts.next().unwrap_or_default().as_bytes().to_vec(),
            };
            let answer = gateway.handle(now, &request);
            if answer.status == 200 && method == "POST" {
                id = answer.body.split('"').nth(3).unwrap().to_owned();
            }
            seen += &answer.status.to_string();
            for (name, value) in &answer.headers {
                seen += &format!(" {name}: {value}");
            }
            seen += &format!(" {}\n", answer.body);
        }
    }
    assert_eq!(expected, format!("expected {}", sha256_hex(seen.as_bytes())));
}
