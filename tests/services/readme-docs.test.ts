import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { serve } from "../../pkg/src/simulator/server.js";
import { server } from "./servers.js";

/** The program of README.md as it stands there, behind a route of `node:http`, at a gateway that is hostile. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/readme-docs");

/** What a reader does around it: an endpoint, its secret in the environment, and the bytes of each delivery. */
const AROUND = `
import { createServer } from "node:http";
const gateway = process.env.GATEWAY;
const ask = async (path, method, body, left = 20) => {
  try {
    return await fetch(gateway + path, { method, body: JSON.stringify(body) });
  } catch (error) {
    if (left === 0) throw error;
    return ask(path, method, body, left - 1);
  }
};
const statuses = [];
let shop;
const route = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  // As in a shop that has not started yet.
  if (shop === undefined) return response.writeHead(503).end();
  const { status, httpStatus } = await shop.onWebhook(Buffer.concat(parts), request.headers);
  statuses.push(status);
  response.writeHead(httpStatus).end();
});
await new Promise((resolve) => route.listen(0, "127.0.0.1", resolve));
const endpoint = await ask("/api/webhook_endpoints", "POST", { url: "http://127.0.0.1:" + route.address().port + "/webhooks" });
process.env.WEBHOOK_SECRET = (await endpoint.json()).secret;
await ask("/_tillproof/faults", "PUT", "hostile");
shop = await import("./readme.mjs");
await ask("/_tillproof/faults", "PUT", "none");
await ask("/_tillproof/advance", "POST", { seconds: 86400 });
const { data } = await (await ask("/api/payments?reference=order_1001")).json();
console.log("charged", data.filter(({ state }) => state === "completed").length, "applied", statuses.includes("applied"));
process.exit();
`;

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

test("README.md: the shop charges once at a hostile gateway, and applies what it is told", async () => {
  const [, code = ""] = /^## Quick start$[^]*?^```js\n([^]*?)^```$/m.exec(readFileSync(join(ROOT, "README.md"), "utf8")) ?? [];
  const gateway = await serve({ gateway: { seed: 7 } });
  const url = `http://127.0.0.1:${gateway.port}`;
  try {
    assert.ok(code.includes("http://127.0.0.1:8080"), "the gateway of the page");
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, "readme.mjs"), code.replace("http://127.0.0.1:8080", url));
    writeFileSync(join(FOLDER, "around.mjs"), AROUND);
    const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
    const built = join(FOLDER, "built");
    await buildPrograms({ entryPoints: ["readme.mjs", "around.mjs"].map((name) => join(FOLDER, name)), outdir: built, external: ["./readme.mjs"] });
    const env = { ...process.env, GATEWAY: url, KEY_SECRET: "sixteen bytes and more" };
    const shop = spawn(server("MODERN_NODE"), ["around.mjs"], { cwd: built, env, stdio: ["ignore", "pipe", "pipe"] });
    let [said, complained] = ["", ""];
    shop.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    shop.stderr.on("data", (chunk: Buffer) => (complained += chunk.toString()));
    assert.equal(await new Promise((resolve) => shop.once("close", resolve)), 0, complained);
    assert.equal(said, "settled\ncharged 1 applied true\n", complained);
  } finally {
    await gateway.close();
  }
});
