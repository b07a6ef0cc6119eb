import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { runSimulate } from "../../pkg/src/cli/simulate.js";
import { UsageError } from "../../pkg/src/cli/usage.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import type { FaultPlan } from "../../pkg/src/simulator/index.js";
import { serve, type GatewayServer } from "../../pkg/src/simulator/server.js";
import { createVerifier } from "../../pkg/src/webhooks/index.js";

/** With this in the environment the file is the program under test: only a process of its own can be ended. */
const CHILD = "TILLPROOF_TEST_SIMULATE";
const childArguments = process.env[CHILD];
if (childArguments !== undefined) process.exit(await runSimulate(JSON.parse(childArguments) as string[]));

function pay(server: GatewayServer, key: string, more: object = {}): Promise<Response> {
  const body = JSON.stringify({ merchantId: "shop", amount: 1_000, currency: "EUR", reference: key, ...more });
  return fetch(`${server.url}/api/payments`, { method: "POST", headers: { "idempotency-key": key }, body });
}

async function withServer(faults: FaultPlan, use: (server: GatewayServer) => Promise<void>): Promise<void> {
  const server = await serve({ gateway: { seed: 7, faults } });
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

const error = async (response: Response): Promise<[number, unknown]> => {
  const body = (await response.json()) as { error: { code: string } };
  return [response.status, body.error.code];
};

test("requests are answered over HTTP, also those that are too long or no HTTP at all", () =>
  withServer("none", async (server) => {
    assert.deepEqual(await (await fetch(`${server.url}/health`)).json(), { status: "ok" });
    const paid = await pay(server, "k");
    assert.deepEqual([paid.status, paid.headers.get("content-type")], [201, "application/json"]);
    assert.deepEqual(await error(await pay(server, "l", { description: "x".repeat(300_000) })), [413, "body_too_large"]);
    assert.deepEqual(await error(await fetch(`${server.url}/nowhere?x=1`)), [404, "route_not_found"]);
    const put = await fetch(`${server.url}/api/payments`, { method: "PUT" });
    assert.deepEqual([put.headers.get("allow"), ...(await error(put))], ["POST, GET, HEAD", 405, "method_not_allowed"]);
    const nonsense = await new Promise<string>((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () => socket.write("hello?\r\n\r\n"));
      let seen = "";
      socket.on("data", (chunk) => (seen += chunk.toString()));
      socket.on("close", () => resolve(seen));
    });
    assert.match(nonsense, /^HTTP\/1\.1 400 .*"code":"not_http"/s);
  }));

test("a lost request and a lost answer reset the connection", () =>
  withServer({ request_lost: { nth: [1] }, response_lost: { nth: [2] } }, async (server) => {
    const reset = (failure: unknown): boolean => ((failure as Error).cause as { code?: string }).code === "ECONNRESET";
    await assert.rejects(pay(server, "k"), reset);
    await assert.rejects(pay(server, "k"), reset);
    const answer = await pay(server, "k");
    assert.deepEqual([answer.status, answer.headers.get("idempotent-replayed")], [201, "true"]);
  }));

test("a double click on a slow answer is told to wait, and closing lets the slow answer end", async () => {
  let [begun, end] = [() => undefined as void, () => undefined as void];
  const underWay = new Promise<void>((resolve) => (begun = resolve));
  const wait = (): Promise<void> => (begun(), new Promise((resolve) => (end = resolve)));
  const server = await serve({ gateway: { seed: 7, clock: "virtual", wait, faults: { slow: { nth: [1], delayMs: [400, 400] } } } });
  const slow = pay(server, "k");
  await underWay;
  assert.deepEqual(await error(await pay(server, "k")), [409, "idempotency_key_in_flight"]);
  const closed = server.close();
  end();
  assert.equal((await slow).status, 201);
  await closed;
  await assert.rejects(fetch(`${server.url}/health`));
});

test("by the clock of the wall a slow answer takes its time", async () => {
  await withServer({ slow: { nth: [1], delayMs: [400, 400] } }, async (server) => {
    const started = performance.now();
    assert.equal((await pay(server, "k")).status, 201);
    assert.ok(performance.now() - started >= 399, `${performance.now() - started} ms`);
  });
});

test("webhooks are sent by themselves, signed by the wall clock, and again when the clock is advanced", async () => {
  const seen: { headers: Record<string, string>; body: string }[] = [];
  const shop = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(seen.length < 3 ? 500 : 200).end();
    });
  });
  await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
  await withServer("none", async (server) => {
    const url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/hook`;
    const asked = JSON.stringify({ url, events: ["payment.completed"] });
    const endpoint = await fetch(`${server.url}/api/webhook_endpoints`, { method: "POST", body: asked });
    const { secret } = (await endpoint.json()) as { secret: string };
    await pay(server, "k");
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const advanced = await fetch(`${server.url}/_tillproof/advance`, { method: "POST", body: '{"seconds":3600}' });
    assert.equal(advanced.status, 200);
    assert.equal(seen.length, 3, "everything due had happened when it answered");
    assert.ok(server.gateway.now() - Date.now() > 3_500_000);
    const verifier = createVerifier({ scheme: "standard-webhooks-v1", secrets: secret });
    for (const delivery of seen) assert.ok(verifier.verify(delivery).ok);

    // A reset forgets the delivery under way; its report finds nobody, which is no failure.
    await fetch(`${server.url}/_tillproof/reset`, { method: "POST" });
    assert.deepEqual(await error(await fetch(`${server.url}/api/ledger/shop`)), [404, "account_not_found"]);
  });
  shop.closeAllConnections();
  shop.close();
});

test("simulate says where it listens and ends cleanly when told to", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tillproof-"));
  const plan = join(folder, "faults.json");
  writeFileSync(plan, '{"server_error":{"nth":[1]}}');
  const argv = ["--port", "0", "--seed", "9", "--faults", plan, "--clock", "virtual"];
  const program = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    env: { ...process.env, [CHILD]: JSON.stringify(argv) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => program.once("exit", (status, signal) => resolve({ status, signal })));
  const line = await new Promise<string>((resolve) => program.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString())));
  const [, url] = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(line) ?? [];
  assert.deepEqual(await error(await fetch(`${url}/api/payments`)), [503, "unavailable"]);
  program.kill("SIGTERM");
  assert.deepEqual(await ended, { status: 0, signal: null });
  rmSync(folder, { recursive: true });
});

test("wrong usage is refused in one line", async () => {
  const busy = await serve();
  const table: [argv: string[], line: RegExp][] = [
    [["--prot", "1"], /prot/],
    [["--port", "http"], /--port "http": expected a whole number/],
    [["--port", "65536"], /--port 65536: expected 0 to 65535/],
    [["--port", String(busy.port)], /another program listens there/],
    [["--seed", "-1"], /seed/],
    [["--dialect", "visa"], /--dialect "visa": expected native, stripe, both/],
    [["--clock", "sundial"], /--clock "sundial": expected real, virtual/],
    [["--faults", "furious.json"], /--faults furious.json: no such file/],
  ];
  for (const [argv, line] of table) {
    await assert.rejects(runSimulate(argv), (failure) => {
      return failure instanceof UsageError && line.test(failure.message) && !failure.message.includes("\n");
    }, argv.join(" "));
  }
  const folder = mkdtempSync(join(tmpdir(), "tillproof-"));
  writeFileSync(join(folder, "plan.json"), '{"slow":"often"}');
  await assert.rejects(runSimulate(["--faults", join(folder, "plan.json")]), (failure) => {
    return isTillproofError(failure) && failure.code === "fault_probability_invalid";
  });
  rmSync(folder, { recursive: true });
  await busy.close();
});
