import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { serve } from "../../pkg/src/simulator/server.js";
import { server } from "./servers.js";

/** The programs of docs/idempotency.md, run as they stand there, with the package built from the sources beside them. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/idempotency-docs");
const page = readFileSync(join(ROOT, "docs/idempotency.md"), "utf8");
const programs = new Map([...page.matchAll(/^```js (\S+)\n([^]*?)^```$/gm)].map(([, name = "", code = ""]) => [name, code]));

/** What asks each program twice, and prints what it was told. */
const DRIVERS: Readonly<Record<string, string>> = {
  "postgres.mjs": `
    import { once } from "node:events";
    import { server } from "./postgres.mjs";
    if (!server.listening) await once(server, "listening");
    const headers = { "content-type": "application/json", "idempotency-key": '"one"', "x-account": "ann" };
    const told = [];
    for (const item of ["book", "book", "pen"]) {
      const url = "http://127.0.0.1:" + server.address().port + "/orders";
      const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ item }) });
      told.push([answer.status, answer.headers.get("idempotent-replayed"), (await answer.json()).item ?? null]);
    }
    console.log(JSON.stringify(told));
    process.exit(0);
  `,
  "checkout.mjs": `
    import { receive } from "./checkout.mjs";
    const told = [];
    for (const amount of [2500, 2500, 2600]) {
      const { status, answer } = await receive("ann", "one", JSON.stringify({ amount }));
      told.push([answer.status, status, answer.status === 201 ? JSON.parse(new TextDecoder().decode(answer.body)).payment : null]);
    }
    console.log(JSON.stringify(told));
    process.exit(0);
  `,
};

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(join(FOLDER, "built/node_modules"), { recursive: true });
  symlinkSync(join(ROOT, "tests/services/node_modules"), join(FOLDER, "node_modules"));
  symlinkSync(join(ROOT, "pkg/node_modules/node-sqlite3-wasm"), join(FOLDER, "built/node_modules/node-sqlite3-wasm"));
  for (const [name, code] of programs) {
    writeFileSync(join(FOLDER, name), code);
    writeFileSync(join(FOLDER, `run-${name}`), DRIVERS[name] ?? "");
  }
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [...programs.keys()].map((name) => join(FOLDER, `run-${name}`)), outdir: join(FOLDER, "built"), external: ["pg", "node-sqlite3-wasm"] });
});

/** Runs a program of the page beside the servers of this run. */
async function output(name: string, env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, [join(FOLDER, "built", `run-${name}`)], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  return text;
}

test("every program of the page is run here", () => {
  assert.deepEqual([...programs.keys()], Object.keys(DRIVERS));
});

test("the endpoint of the page takes an order once, and refuses another under its key", async () => {
  const database = new URL(server("POSTGRES_URL"));
  const told = JSON.parse(await output("postgres.mjs", { POSTGRES_URL: database.href })) as unknown;
  assert.deepEqual(told, [[201, null, "book"], [201, "true", "book"], [422, null, null]]);
});

test("the checkout of the page charges once, and sells what was charged", async () => {
  const gateway = await serve({ gateway: { seed: 7 } });
  try {
    const env = { GATEWAY_URL: `http://127.0.0.1:${gateway.port}`, DATABASE: join(FOLDER, "shop.db"), KEY_SECRET: "sixteen bytes and more" };
    const text = await output("checkout.mjs", env);
    const [first, second, third] = JSON.parse(text) as [number, string, string | null][];
    assert.deepEqual([first?.slice(0, 2), second?.slice(0, 2), third], [[201, "executed"], [201, "replayed"], [422, "refused", null]], text);
    assert.equal(first?.[2], second?.[2]);
  } finally {
    await gateway.close();
  }
});
