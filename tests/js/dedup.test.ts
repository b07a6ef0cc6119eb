import assert from "node:assert/strict";
import { test } from "node:test";

import { inbox } from "../../pkg/src/shell/inbox.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { utf8 } from "../../pkg/src/shell/wire.js";
import { createDedup } from "../../pkg/src/webhooks/dedup.js";

const NOW = 1_770_000_000_000;
const DAY = 24 * 3_600_000;
const code = (expected: string) => (error: unknown): boolean => isTillproofError(error) && error.code === expected;
const loose = createDedup as (options: unknown) => ReturnType<typeof createDedup>;

test("the first claim of an id is true, and every other within its time is not", () => {
  const dedup = createDedup({ capacity: 10, ttl: DAY });
  assert.equal(dedup.claim("evt_1", NOW), true);
  assert.equal(dedup.claim("evt_1", NOW), false);
  assert.equal(dedup.claim("evt_2", NOW), true);
  assert.equal(dedup.claim("evt_1", NOW + DAY - 1), false);
  assert.equal(dedup.claim("evt_1", NOW + DAY), true);
  assert.equal(dedup.size, 2);
  assert.equal(dedup.evictedEarly, 0);
});

test("a claim that was given back is the first again", () => {
  const dedup = createDedup({ capacity: 10, ttl: DAY });
  dedup.claim("evt_1");
  assert.equal(dedup.forget("evt_1"), true);
  assert.equal(dedup.forget("evt_1"), false);
  assert.equal(dedup.claim("evt_1"), true);
  assert.equal(dedup.claim("evt_1"), false);
});

test("an id is its bytes in UTF-8, and no two ids are taken for one", () => {
  const dedup = createDedup({ capacity: 1_000, ttl: DAY });
  // One byte a letter would make ł of B, and a cut text would make all long ones one.
  const ids = ["A", "B", "\u0142", "ł", "Ł", "\u0100A", "é", "e\u0301", "日", "𝒜"];
  const long = ["a".repeat(64), "a".repeat(65), "é".repeat(2_048), "a".repeat(4_096)];
  const fresh = [...new Set([...ids, ...long])];
  for (const id of fresh) assert.equal(dedup.claim(id, NOW), true, id.slice(0, 9));
  for (const id of fresh) assert.equal(dedup.claim(utf8(id), NOW), false, id.slice(0, 9));
  assert.equal(dedup.claim(new Uint8Array([0xff]), NOW), true);
  assert.equal(dedup.claim(new Uint8Array([0xfe]), NOW), true);
  assert.equal(dedup.size, fresh.length + 2);
});

test("what is no id, no time or no option is refused by name", () => {
  const dedup = createDedup({ capacity: 10, ttl: DAY });
  const table: [() => unknown, string][] = [
    [() => dedup.claim(""), "dedup_id_empty"],
    [() => dedup.claim(new Uint8Array()), "dedup_id_empty"],
    [() => dedup.claim("a".repeat(4_097)), "dedup_id_too_long"],
    [() => dedup.claim("é".repeat(2_049)), "dedup_id_too_long"],
    [() => dedup.claim(new Uint8Array(4_097)), "dedup_id_too_long"],
    [() => dedup.forget("a".repeat(4_097)), "dedup_id_too_long"],
    [() => dedup.claim("evt_\ud800"), "text_not_unicode"],
    [() => dedup.claim(7 as unknown as string), "bytes_expected"],
    [() => dedup.claim("evt_1", -1), "time_not_milliseconds"],
    [() => dedup.claim("evt_1", Number.NaN), "time_not_milliseconds"],
    [() => loose({ capacity: 0, ttl: DAY }), "dedup_capacity"],
    [() => loose({ capacity: 2 ** 27 + 1, ttl: DAY }), "dedup_capacity"],
    [() => loose({ capacity: 10, ttl: 0 }), "dedup_ttl_zero"],
    [() => loose({ capacity: "10", ttl: DAY }), "option_invalid"],
    [() => loose({ capacity: 10 }), "option_invalid"],
    [() => loose({ capacity: 10, ttl: DAY, max: 10 }), "unknown_option"],
    [() => loose(undefined), "argument_invalid"],
  ];
  for (const [call, expected] of table) assert.throws(call, code(expected), expected);
  assert.equal(dedup.size, 0);
});

test("the oldest id makes room, and one that did so before its time is counted", () => {
  const dedup = createDedup({ capacity: 3, ttl: DAY });
  for (const id of ["a", "b", "c", "d"]) assert.equal(dedup.claim(id, NOW), true);
  assert.equal(dedup.evictedEarly, 1);
  assert.equal(dedup.size, 3);
  for (const id of ["b", "c", "d"]) assert.equal(dedup.claim(id, NOW), false);
  for (const id of ["e", "f", "g"]) assert.equal(dedup.claim(id, NOW + DAY), true);
  assert.equal(dedup.evictedEarly, 1);
});

test("a memory that grew under the scratch area loses no claim", () => {
  const dedup = createDedup({ capacity: 1_000, ttl: DAY });
  dedup.claim("before", NOW);
  const before = inbox.memory().buffer;
  const large = createDedup({ capacity: 1_000_000, ttl: DAY });
  assert.notEqual(inbox.memory().buffer, before);
  assert.equal(dedup.claim("before", NOW), false);
  assert.equal(dedup.claim("after", NOW), true);
  assert.equal(large.claim("before", NOW), true);
  large.close();
});

test("a million ids take at most 32 bytes each", () => {
  // A place of its own in memory, whatever the tests before have left free.
  const before = inbox.memory().buffer.byteLength;
  const dedups = [0, 1, 2, 3].map(() => createDedup({ capacity: 1_000_000, ttl: DAY }));
  const grown = inbox.memory().buffer.byteLength - before;
  for (const dedup of dedups) dedup.close();
  assert.ok(grown > 3_000_000 * 20 && grown <= 4_000_000 * 32, String(grown));
  createDedup({ capacity: 1_000_000, ttl: DAY }).close();
  assert.equal(inbox.memory().buffer.byteLength - before, grown, "what was closed is used again");
});

test("what does not fit into memory is an error that says what to do", () => {
  assert.throws(() => createDedup({ capacity: 2 ** 27, ttl: DAY }), code("dedup_no_memory"));
  const dedup = createDedup({ capacity: 10, ttl: DAY });
  assert.equal(dedup.claim("evt_1"), true);
});

test("a closed dedup says so instead of forgetting in silence", () => {
  const dedup = createDedup({ capacity: 10, ttl: DAY });
  dedup.claim("evt_1");
  dedup.close();
  dedup.close();
  for (const call of [() => dedup.claim("evt_1"), () => dedup.forget("evt_1"), () => dedup.size, () => dedup.evictedEarly]) {
    assert.throws(call, code("dedup_closed"));
  }
});

test("after a trap the ring is empty and works", () => {
  const dedup = createDedup({ capacity: 10, ttl: DAY });
  const other = createDedup({ capacity: 10, ttl: DAY });
  dedup.claim("evt_1", NOW);
  /** The glue asks the allocator for as many bytes as this says it has: a real trap. */
  const impossible = { length: 2 ** 32 - 1 } as unknown as Uint8Array;
  assert.throws(() => inbox.raw((exports) => exports.dedup_open(impossible)), code("internal_trap"));
  assert.equal(dedup.claim("evt_1", NOW), true);
  assert.equal(dedup.claim("evt_1", NOW), false);
  assert.equal(other.size, 0);
  other.close();
  dedup.close();
});
