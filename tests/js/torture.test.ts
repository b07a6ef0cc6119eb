/**
 * The seeded world in the artefact that ships: climates, mutants, the published trace.
 *
 * Every safeguard is taken away once, and a seed must notice; with all of them in place the same seeds notice nothing.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { menu, torture, trace } from "../../pkg/src/torture/index.js";

test("ten thousand seeds of the default world, and of one with 20 % crashes, break nothing", () => {
  for (const profile of ["default", "crash-20"]) {
    const { intents, charges, doubles, losses, unresolved, failures } = torture({ profile, from: 0, to: 10_000 });
    assert.deepEqual(failures, [], profile);
    assert.deepEqual({ doubles, losses, unresolved }, { doubles: 0, losses: 0, unresolved: 0 });
    assert.ok(intents > 9_000 && charges > 8_000, `${intents} intents, ${charges} charges`);
  }
});

test("a thousand seeds of every other climate break nothing", () => {
  for (const { name } of menu().worlds) {
    assert.deepEqual(torture({ profile: name, from: 0, to: 1_000 }).failures, [], name);
  }
});

/** The safeguard, the world in which it is taken away, the invariants one of which must be found broken, and the seeds. */
const MUTANTS: readonly (readonly [safeguard: string, world: string, invariants: readonly string[], seeds: number])[] = [
  ["window", "short-window", ["I3"], 4_000],
  ["quarantine", "default", ["I6"], 8_000],
  ["parking", "default", ["I6", "I7"], 1_000],
  ["fencing", "default", ["I1", "I2", "I5", "I12"], 1_000],
  ["reversal", "late-copies", ["I7", "I8"], 100],
  ["sweeper", "default", ["I8"], 200],
  ["query", "default", ["I8"], 300],
  ["stable-key", "default", ["I1"], 100],
  ["write-first", "default", ["I2"], 100],
  ["proof", "default", ["I4"], 1_000],
  ["finality", "default", ["I5"], 500],
  ["hint", "default", ["I9"], 3_000],
  ["single-send", "default", ["I12"], 100],
  ["governor", "storm", ["I10"], 100],
  ["seed", "default", ["I11"], 1_000],
  ["copies", "restored", ["I7", "I8"], 16_000],
];

for (const [without, profile, invariants, seeds] of MUTANTS) {
  test(`without ${without}, a seed breaks ${invariants.join(" or ")}`, () => {
    const broken = new Set(torture({ profile, without, from: 0, to: seeds }).failures.map(({ invariant }) => invariant));
    assert.ok(invariants.some((invariant) => broken.has(invariant)), `found ${[...broken].join(", ") || "nothing"}`);
  });
}

test("every safeguard has its mutant", () => {
  assert.deepEqual(MUTANTS.map(([safeguard]) => safeguard).sort(), [...menu().safeguards].sort());
});

test("a doubt is over within two seconds, or with the second question after the quarantine, once the provider is well", () => {
  const { response, query, absent } = torture({ profile: "one-doubt", from: 0, to: 5_000 }).mean_time_to_resolve_ms;
  console.log(`mean time to resolve: ${response} ms by the same key, ${query} ms by a query, ${absent} ms where nothing is found`);
  const quarantineMs = 300_000;
  assert.ok(response !== null && response < 2_000, `${response}`);
  assert.ok(query !== null && query < quarantineMs, `${query}`);
  assert.ok(absent !== null && absent < quarantineMs + 2 * 2_500, `${absent}`);
});

test("the decisions of the published seeds have the published sum", () => {
  const hash = createHash("sha256");
  for (let seed = 0; seed < 40; seed += 1) hash.update(trace({ seed }).trace);
  const published = readFileSync("tests/seeds/trace.sha256", "utf8").trim();
  assert.equal(hash.digest("hex"), published);
  // Other runtimes compare with a copy.
  assert.ok(readFileSync("tests/frameworks/heavy/torture.test.mjs", "utf8").includes(`"${published}"`));
});

test("what nobody knows is refused by name", () => {
  assert.throws(() => torture({ profile: "paradise", from: 0, to: 1 }), { code: "torture_profile_unknown" });
  assert.throws(() => torture({ without: "luck", from: 0, to: 1 }), { code: "torture_rule_unknown" });
  // What lives no seed, or dies at every step, finds nothing wrong.
  assert.throws(() => torture({ from: 5, to: 5 }), { code: "option_invalid" });
  assert.throws(() => torture({ from: 0, to: 1, crashPercent: 101 }), { code: "option_invalid" });
});
