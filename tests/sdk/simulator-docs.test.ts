/** The programs of docs/simulator.md, and what it says of flags, routes and options. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

import type Stripe from "stripe";

import { createGateway } from "../../pkg/src/simulator/index.js";
import { serve } from "../../pkg/src/simulator/server.js";

const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/simulator-docs");
const page = readFileSync(join(ROOT, "docs/simulator.md"), "utf8");
const programs = new Map([...page.matchAll(/^```js (\S+)\n([^]*?)^```$/gm)].map(([, name = "", code = ""]) => [name, code]));

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  symlinkSync(join(ROOT, "tests/sdk/node_modules"), join(FOLDER, "node_modules"));
  for (const [name, code] of programs) writeFileSync(join(FOLDER, name), code);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  const entryPoints = [...programs.keys()].map((name) => join(FOLDER, name));
  await buildPrograms({ entryPoints, outdir: join(FOLDER, "built"), external: ["stripe"] });
});

async function exported<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join(FOLDER, "built", name)).href)) as T;
}

test("docs/simulator.md: over-http.mjs reaches a gateway that listens", async () => {
  const { clientFor } = await exported<{ clientFor(port: number): Stripe }>("over-http.mjs");
  const server = await serve({ gateway: { dialect: "stripe" } });
  assert.match((await clientFor(server.port).customers.create({})).id, /^cus_/);
  await server.close();
});

test("docs/simulator.md: in-process.mjs takes a payment, whose money is available a week later", async () => {
  const { story } = await exported<{ story(): Promise<{ payment: Stripe.PaymentIntent; booked: Stripe.BalanceTransaction }> }>("in-process.mjs");
  const { payment, booked } = await story();
  assert.deepEqual([payment.status, payment.amount_received], ["succeeded", 1_999]);
  // 2.9 % of 19.99 are 58 cents, and 30 on top.
  assert.deepEqual([booked.status, booked.net], ["available", 1_999 - 58 - 30]);
});

test("docs/simulator.md: webhooks.mjs verifies an event in virtual time", async () => {
  const { firstEvent } = await exported<{ firstEvent(): Promise<string[]> }>("webhooks.mjs");
  assert.deepEqual(await firstEvent(), ["customer.created"]);
});

test("docs/simulator.md: faults.mjs loses an answer and replays it", async () => {
  const { lostAnswer } = await exported<{ lostAnswer(): Promise<unknown> }>("faults.mjs");
  assert.deepEqual(await lostAnswer(), { lost: "ECONNRESET", replayed: "true", fault: "response_lost", id: "F05" });
});

test("docs/simulator.md names every option of a gateway and every control", () => {
  const refusal = (() => {
    try {
      createGateway({ unknown: 1 } as object);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  })();
  const options = /one of (.*)$/.exec(refusal)?.[1]?.split(", ") ?? [];
  assert.ok(options.length > 8);
  for (const option of options) assert.ok(page.includes(`\`${option}\``), option);
  const source = readFileSync("src/simulator/native/routes.rs", "utf8");
  for (const [, path = ""] of source.matchAll(/^ {4}\("[A-Z]+", "(\/_tillproof\/[^"]+)"/gm)) assert.ok(page.includes(path), path);
});
