/** `tillproof simulate` in the Stripe dialect, as a process of its own, and the routes it prints. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import Stripe from "stripe";

import { runSimulate } from "../../pkg/src/cli/simulate.js";
import { UsageError } from "../../pkg/src/cli/usage.js";
import { createGateway, stripeRoutes } from "../../pkg/src/simulator/index.js";

/** With this in the environment the file is the program under test: only a process of its own can be ended. */
const CHILD = "TILLPROOF_TEST_SIMULATE";
const childArguments = process.env[CHILD];
if (childArguments !== undefined) process.exit(await runSimulate(JSON.parse(childArguments) as string[]));

/** What the program prints until it says something that `enough` accepts, and a way to end it. */
async function started(argv: string[], enough: RegExp): Promise<{ out: string; end: () => Promise<number | null> }> {
  const env = { ...process.env, [CHILD]: JSON.stringify(argv) };
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let out = "";
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      if (enough.test(out)) resolve();
    });
    void ended.then(() => resolve());
  });
  return { out, end: () => (child.kill("SIGTERM"), ended) };
}

test("the official client talks to a process, and SIGTERM ends it cleanly", async () => {
  const { out, end } = await started(["--port", "0", "--dialect", "stripe", "--seed", "7"], /\n/);
  const port = /^listening on http:\/\/127\.0\.0\.1:(\d+)\n$/.exec(out)?.[1];
  const stripe = new Stripe("sk_test_tillproof", { host: "127.0.0.1", port: Number(port), protocol: "http", telemetry: false });
  const customer = await stripe.customers.create({ name: "Ada" });
  assert.equal((await stripe.customers.list()).data[0]?.id, customer.id);
  assert.equal(await end(), 0);
});

test("the routes are printed as a table and as one JSON document, and each is answered", async () => {
  const routes = stripeRoutes();
  const table = await started(["--routes"], /routes: .*\n$/);
  const lines = table.out.trimEnd().split("\n");
  assert.equal(lines.length, routes.length + 1);
  for (const { method, path, level } of routes) {
    assert.ok(lines.some((line) => line.startsWith(method) && line.includes(` ${path} `) && line.includes(level)), path);
  }
  const document = await started(["--routes", "--json"], /\}\n$/);
  assert.deepEqual(JSON.parse(document.out), { routes });
  const gateway = createGateway({ dialect: "stripe" });
  for (const { method, path } of routes) {
    const answer = await gateway.fetch(`http://gateway${path.replaceAll(":id", "x_1")}`, {
      method,
      headers: { authorization: "Bearer sk_test_tillproof" },
    });
    assert.doesNotMatch(await answer.text(), /not simulated/, `${method} ${path}`);
    assert.ok(answer.status < 500, `${method} ${path}: ${answer.status}`);
  }
});

test("a route that is not simulated says so, in the envelope the client reads", async () => {
  const { out, end } = await started(["--port", "0", "--dialect", "stripe"], /\n/);
  const answer = await fetch(`${out.trim().split(" ").at(-1)}/v1/terminal/readers`, { headers: { authorization: "Bearer sk_test_x" } });
  assert.equal(answer.status, 404);
  const { error } = (await answer.json()) as { error: { message: string; type: string } };
  assert.equal(error.type, "invalid_request_error");
  assert.match(error.message, /not simulated/);
  await end();
});

test("flags that do not belong together, or mean nothing, are wrong usage", async () => {
  for (const argv of [["--json"], ["--dialect", "paypal"], ["--faults", "furious"], ["--clock", "sundial"]]) {
    await assert.rejects(runSimulate(argv), UsageError, argv.join(" "));
  }
});
