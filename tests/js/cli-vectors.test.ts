import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { beProgram, type Ended, tillproofOf } from "./cli-program.js";

await beProgram();
const tillproof = (args: readonly string[]): Promise<Ended> => tillproofOf(fileURLToPath(import.meta.url), args);

const folder = mkdtempSync(join(tmpdir(), "tillproof-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** What a scheme may need beside its secret, as the vectors spell it. */
const FURTHER = ["public_key_id", "access_key", "jwk", "public_key_pem", "certificate_pem"] as const;

interface Vector extends Readonly<Partial<Record<(typeof FURTHER)[number], unknown>>> {
  readonly id: string;
  readonly scheme: string;
  readonly secret: string | readonly string[];
  readonly headers: unknown;
  readonly body?: string;
  readonly body_base64?: string;
  readonly url?: string;
  readonly timestamp_now: number;
  readonly tolerance_s?: number;
  readonly expect: "valid" | "invalid";
}

/** The first of each scheme and verdict that has further fields, and those in files, as they come from a provider. */
const vectors = readFileSync("tests/vectors/webhooks.jsonl", "utf8").trim().split("\n").map((line) => JSON.parse(line) as Vector);
const told = new Map(
  vectors
    .filter((vector) => FURTHER.some((field) => vector[field] !== undefined))
    .reverse()
    .map((vector) => [`${vector.scheme} ${vector.expect}`, vector]),
);

for (const [name, vector] of told) {
  test(`a delivery of ${name} gets that verdict, with what its scheme needs beside the secret in a file`, async () => {
    const file = (part: string, content: string | Uint8Array): string => {
      const path = join(folder, `${vector.id}.${part}`);
      writeFileSync(path, content);
      return path;
    };
    const { scheme, secret, headers, body, body_base64: encoded, url, timestamp_now: now, tolerance_s: tolerance } = vector;
    const { status, out, err } = await tillproof([
      ...["verify", "--json", "--scheme", scheme, "--now", String(now)],
      ...["--headers", file("headers", JSON.stringify(headers)), "--body", file("body", encoded === undefined ? (body ?? "") : Buffer.from(encoded, "base64"))],
      ...[secret].flat().map((one) => `--secret=${one}`),
      ...(url === undefined ? [] : ["--url", url]),
      ...(tolerance === undefined ? [] : ["--tolerance", String(tolerance)]),
      ...FURTHER.filter((field) => vector[field] !== undefined).flatMap((field) => {
        const value = vector[field];
        return ["--option", `${field}=@${file(field, typeof value === "string" ? value : JSON.stringify(value))}`];
      }),
    ]);
    assert.deepEqual([status, err], [vector.expect === "valid" ? 0 : 1, ""]);
    assert.equal((JSON.parse(out) as { ok: boolean }).ok, vector.expect === "valid");
  });
}

test("each kind of further field was tried", () => {
  const tried = FURTHER.filter((field) => [...told.values()].some((vector) => vector[field] !== undefined));
  assert.deepEqual(tried, FURTHER);
});

test("a key that is no JSON object is named, and not shown", async () => {
  const empty = join(folder, "empty.json");
  writeFileSync(empty, "{}");
  for (const value of ["no key", "[1]", '"{}"']) {
    const { status, out, err } = await tillproof(["verify", "--scheme", "plaid-jwt-es256", "--headers", empty, "--body", empty, "--option", `jwk=${value}`]);
    assert.deepEqual([status, out], [2, ""]);
    assert.match(err, /^tillproof: --option jwk: expected a JSON object, such as [^\n]*\n$/);
  }
});
