import assert from "node:assert/strict";
import { test } from "node:test";

import { retryAfterMs } from "../../pkg/src/payments/retry-after.js";

test("a hint is seconds or a date, and anything else is none", () => {
  const now = Date.parse("1994-11-06T08:47:37.250Z");
  // As in src/retry/retry_after.rs, but that JavaScript has no integers beyond 2^53.
  const table: [string, number | undefined][] = [
    ["120", 120_000],
    ["0", 0],
    ["007", 7_000],
    [" \t120 ", 120_000],
    ["18446744073709552", Number.MAX_SAFE_INTEGER],
    ["99999999999999999999999999", Number.MAX_SAFE_INTEGER],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 119_750],
    ["Sunday, 06-Nov-94 08:49:37 GMT", 119_750],
    ["Sun Nov  6 08:49:37 1994", 119_750],
    ["Sun Nov 06 08:49:37 1994", 119_750],
    // Not a Monday; read all the same.
    ["Mon, 06 Nov 1994 08:49:37 GMT", 119_750],
    ["Sun, 06 Nov 1994 08:47:37 GMT", 0],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 252_618_189_141_750],
    ...["", "  ", "-5", "+5", "1.5", "1e3", "0x10", "120s", "120, 60", "１２", "NaN", "soon"].map(none),
    ...["1994-11-06T08:49:37Z", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT"].map(none),
    ...["Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 06 Nov 1994 08:49:37"].map(none),
    ...["sun, 06 nov 1994 08:49:37 gmt", "Sun,06 Nov 1994 08:49:37 GMT", "Son, 06 Nov 1994 08:49:37 GMT"].map(none),
    ...["Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 94"].map(none),
    ...["Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT"].map(none),
    ...["Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49:60 GMT", "Sun, 06 Nov 1994 08:60:00 GMT"].map(none),
    ...["Wed, 31 Dec 1969 23:59:59 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\n", "1".repeat(65)].map(none),
  ];
  for (const [text, expected] of table) assert.equal(retryAfterMs(text, now), expected, JSON.stringify(text));
});

test("a year of two digits is at most fifty years ahead, and a leap second ends its month", () => {
  // now, text, the moment
  const table: [string, string, string | undefined][] = [
    ["2026-03-04T00:00:00Z", "Sunday, 06-Nov-75 08:49:37 GMT", "2075-11-06T08:49:37.000Z"],
    ["2026-03-04T00:00:00Z", "Sunday, 04-Mar-76 00:00:00 GMT", "2076-03-04T00:00:00.000Z"],
    ["2026-03-04T00:00:00Z", "Sunday, 04-Mar-76 00:00:01 GMT", undefined],
    ["2026-03-04T00:00:00Z", "Sunday, 06-Nov-94 08:49:37 GMT", undefined],
    ["2049-12-31T23:59:59Z", "Friday, 01-Jan-00 00:00:00 GMT", undefined],
    ["2050-01-01T00:00:00Z", "Friday, 01-Jan-00 00:00:00 GMT", "2100-01-01T00:00:00.000Z"],
    ["2099-12-31T00:00:00Z", "Friday, 01-Jan-01 00:00:00 GMT", "2101-01-01T00:00:00.000Z"],
    ["2016-12-31T00:00:00Z", "Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59.999Z"],
  ];
  for (const [now, text, moment] of table) {
    const at = Date.parse(now);
    // What is past is no wait.
    assert.equal(retryAfterMs(text, at), moment === undefined ? 0 : Date.parse(moment) - at, `${text} at ${now}`);
  }
});

function none(text: string): [string, undefined] {
  return [text, undefined];
}
