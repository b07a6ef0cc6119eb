import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import pg from "pg";

import { createGateway } from "../../pkg/src/simulator/index.js";
import { postgresStore } from "../../pkg/src/stores/postgres.js";
import { server } from "./servers.js";

/** The program of docs/create-fetch.md, word for word, where Stripe is the simulator. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/create-fetch-docs");
const page = readFileSync(join(ROOT, "docs/create-fetch.md"), "utf8");
const [, code = ""] = /^```js checkout\.mjs\n([^]*?)^```$/m.exec(page) ?? [];

/** What the page leaves to the reader: a pool, an order and a card. */
const AROUND = `import pg from "pg";
const pool = new pg.Pool({ connectionString: process.env.POSTGRES_URL, max: 2 });
const order = { id: process.env.ORDER };
const card = "pm_card_visa";
`;

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

const gateway = createGateway({ seed: 7, dialect: "stripe" });
const { fetch } = globalThis;
const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 1 });

before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  symlinkSync(join(ROOT, "tests/services/node_modules"), join(FOLDER, "node_modules"));
  const ending = "export { intent };\nsafe.payments.close();\nawait pool.end();\n";
  for (const run of ["first", "again"]) writeFileSync(join(FOLDER, `${run}.mjs`), `${AROUND}${code}${ending}`);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: ["first", "again"].map((name) => join(FOLDER, `${name}.mjs`)), outdir: join(FOLDER, "built"), external: ["pg", "stripe"] });
  await postgresStore(pool).migrate();
  globalThis.fetch = (input, init) => {
    const request = new Request(input, init);
    return new URL(request.url).host === "api.stripe.com" ? gateway.fetch(request) : fetch(request);
  };
});

after(async () => {
  globalThis.fetch = fetch;
  await pool.end();
  await gateway.close();
});

test("docs/create-fetch.md: the order is charged once, in this process and the next", async () => {
  Object.assign(process.env, { TILLPROOF_SECRET: "a secret of sixteen bytes or more", STRIPE_KEY: "sk_test_shop", ORDER: `docs-${process.pid}-${Date.now()}` });
  const run = async (name: string): Promise<{ id: string; status: string }> =>
    ((await import(pathToFileURL(join(FOLDER, "built", `${name}.mjs`)).href)) as { intent: { id: string; status: string } }).intent;
  const first = await run("first");
  assert.match(first.id, /^pi_/);
  assert.equal(first.status, "succeeded");
  const again = await run("again");
  assert.equal(again.id, first.id);
  const listed = (await (await gateway.fetch("https://api.stripe.com/v1/payment_intents", { headers: { authorization: "Bearer sk_test_shop" } })).json()) as { data: unknown[] };
  assert.equal(listed.data.length, 1);
});
