/**
 * The shared deliveries, through the official packages and through ours: where the two differ, it is on purpose.
 *
 * Invariant: every difference stands in the table below with its reason. A new one fails, and so does one that is gone.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { mock, test } from "node:test";

import { isTillproofError } from "tillproof";
import { createVerifier } from "tillproof/webhooks";

import { official, PACKAGES } from "./packages.js";

/** The delivery, what we say, and why the official package, which says the opposite, is not followed. */
const DIFFERENCES = [
  ["adyen-strict-array-amount", "invalid",
    "the amount is a list of one number, which the package joins as text; what was signed and what is read must be the same"],
  ["gocardless-strict-trailing-garbage", "invalid",
    "Node reads hexadecimal up to the first letter that is none, so the package lets in what follows the signature"],
  ["mp-policy-uppercase-query", "valid",
    "the documentation has data.id in lower case and the package takes the case of the query; a genuine delivery is refused"],
  ["mp-strict-ms-tolerance", "valid",
    "the package takes a time in milliseconds for seconds, and with a tolerance refuses every delivery of today"],
  ["stripe-strict-bom", "valid",
    "the package decodes the body, which drops a byte order mark that was signed"],
  ["stripe-strict-duplicate-t", "invalid",
    "of two timestamps the package takes the last; a header that says two things says nothing"],
  ["stripe-strict-invalid-utf8", "valid",
    "the package decodes the body, which changes bytes that are not UTF-8; what was signed are the bytes"],
  ["stripe-strict-leading-zero-t", "invalid",
    "the package reads the timestamp leniently, so that several texts are one time"],
  ["stripe-strict-t-trailing-garbage", "invalid",
    "the package reads the timestamp up to the first letter, and signs what follows it as well"],
  ["sw-policy-supabase-secret", "valid",
    "secrets are handed out with the prefix v1,whsec_, which the package wants to be removed by hand"],
  ["sw-strict-timestamp-garbage", "invalid",
    "the package reads the timestamp up to the first letter"],
  ["workos-strict-raw-bytes", "valid",
    "the package parses the body and writes it again before it is hashed; what was signed are the bytes"],
];

const FILES = ["webhooks.jsonl", "webhooks-catalogue.jsonl", "public-keys.jsonl"];
const vectors = FILES.flatMap((file) =>
  readFileSync(new URL(`vectors/${file}`, import.meta.url), "utf8").trim().split("\n").map((line) => JSON.parse(line)));
const compared = vectors.filter(({ scheme }) => scheme in PACKAGES);
const reasons = new Map(DIFFERENCES.map(([id, ours]) => [id, ours]));
const opposite = { valid: "invalid", invalid: "valid" };

// The packages ask the clock, and each delivery has its own time.
mock.timers.enable({ apis: ["Date"] });

function verdict(vector) {
  const { scheme, secret, headers, url, timestamp_now, tolerance_s, public_key_id, access_key } = vector;
  const body = vector.body_base64 === undefined ? (vector.body ?? "") : Buffer.from(vector.body_base64, "base64");
  try {
    const verifier = createVerifier({
      scheme,
      secrets: secret,
      ...(tolerance_s !== undefined && { toleranceSeconds: tolerance_s }),
      ...(url !== undefined && { url }),
      ...(public_key_id !== undefined && { publicKeyId: public_key_id }),
      ...(access_key !== undefined && { accessKey: access_key }),
    });
    return verifier.verify({ body, headers, now: timestamp_now * 1000 }).ok ? "valid" : "invalid";
  } catch (error) {
    // A secret that no verifier is made with lets nothing in.
    if (isTillproofError(error)) return "invalid";
    throw error;
  }
}

for (const vector of compared) {
  test(`${vector.scheme} by ${PACKAGES[vector.scheme][0]}: ${vector.id}`, async () => {
    mock.timers.setTime(vector.timestamp_now * 1000);
    const ours = verdict(vector);
    assert.equal(ours, vector.expect, `tillproof: ${vector.why}`);
    const theirs = (await official(vector)) ? "valid" : "invalid";
    const expected = reasons.has(vector.id) ? opposite[ours] : ours;
    const hint = reasons.has(vector.id) ? "the difference is gone: take it out of the table" : "a new difference: decide, and say why";
    assert.equal(theirs, expected, `${PACKAGES[vector.scheme][0]} says ${theirs}, tillproof ${ours}: ${hint}`);
  });
}

test("the table names deliveries that are compared, and what we say about them", () => {
  for (const [id, ours, why] of DIFFERENCES) {
    assert.equal(compared.find((vector) => vector.id === id)?.expect, ours, id);
    assert.ok(why.length > 40, id);
  }
  assert.equal(reasons.size, DIFFERENCES.length);
});

test("what the vectors say of a package is what is compared", () => {
  for (const { id, scheme, sdk_says: says, confirmed_by: confirmed, expect } of vectors) {
    if (says === undefined && confirmed === null) continue;
    assert.ok(scheme in PACKAGES, `${id}: the vectors name a package, and none is asked`);
    assert.equal(reasons.has(id), says !== undefined, id);
    if (says !== undefined) assert.ok(says.startsWith(`${opposite[expect]} (`), id);
  }
});

test("packages are installed in the versions that are pinned", () => {
  const require = createRequire(import.meta.url);
  const { dependencies } = require("./package.json");
  const asked = new Set(Object.values(PACKAGES).map(([name]) => name));
  assert.deepEqual([...asked].sort(), Object.keys(dependencies).sort());
  for (const [name, version] of Object.entries(dependencies)) {
    const manifest = new URL(`node_modules/${name}/package.json`, import.meta.url);
    assert.equal(JSON.parse(readFileSync(manifest, "utf8")).version, version, name);
  }
});
