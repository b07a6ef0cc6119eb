/**
 * What the package can be asked for: one row for each import of contract.md.
 *
 * Invariant: the `exports` of the packed package.json are this table, restricted to the rows whose source exists, so
 * no listed entry can be missing from the package.
 */

import { existsSync } from "node:fs";

import { at } from "./command.mjs";

/** `[name, source]`; the name is the import behind `tillproof/`, empty for `tillproof` itself. */
const TABLE = [
  ["", "index.ts"],
  ["webhooks", "webhooks/index.ts"],
  ["webhooks/full", "webhooks/full.ts"],
  ["webhooks/paypal", "webhooks/paypal.ts"],
  ["webhooks/plaid", "webhooks/plaid.ts"],
  ["payments", "payments/index.ts"],
  ["payments/profiles", "payments/own-profiles.ts"],
  ["payments/engine", "payments/engine-door.ts"],
  ["outbox", "outbox/index.ts"],
  ["saga", "saga/index.ts"],
  ["telemetry", "telemetry/index.ts"],
  ["ledger", "ledger/index.ts"],
  ["ledger/postgres", "ledger/postgres.ts"],
  ["reconcile", "reconcile/index.ts"],
  ["reconcile/parts", "reconcile/parts.ts"],
  ["reconcile/queue", "investigation/index.ts"],
  ["reconcile/sql", "reconcile/sql.ts"],
  ["reconcile/bullmq", "reconcile/bullmq.ts"],
  ["reconcile/pgboss", "reconcile/pgboss.ts"],
  ["simulator", "simulator/index.ts"],
  ["idempotency", "idempotency/index.ts"],
  ["testing", "testing/index.ts"],
  ["torture", "torture/index.ts"],
  ["worker", "worker/index.ts"],
  ["queues/sqlite", "queues/sqlite.ts"],
  ["queues/postgres", "queues/postgres.ts"],
  ["queues/bullmq", "queues/bullmq.ts"],
  ["queues/pgboss", "queues/pgboss.ts"],
  ["stores/store", "stores/store.ts"],
  ["stores/conformance", "stores/conformance.ts"],
  ["stores/memory", "stores/memory.ts"],
  ["stores/sqlite", "stores/sqlite.ts"],
  ["stores/indexeddb", "stores/indexeddb.ts"],
  ["stores/postgres", "stores/postgres.ts"],
  ["stores/redis", "stores/redis.ts"],
  ["adapters/bun", "adapters/bun.ts"],
  ["adapters/deno", "adapters/deno.ts"],
  ["adapters/express", "adapters/express.ts"],
  ["adapters/fastify", "adapters/fastify.ts"],
  ["adapters/h3", "adapters/h3.ts"],
  ["adapters/hono", "adapters/hono.ts"],
  ["adapters/koa", "adapters/koa.ts"],
  ["adapters/lambda", "adapters/lambda.ts"],
  ["adapters/nest", "adapters/nest.ts"],
  ["adapters/next", "adapters/next.ts"],
  ["adapters/node", "adapters/node.ts"],
  ["adapters/nuxt", "adapters/nuxt.ts"],
  ["adapters/sveltekit", "adapters/sveltekit.ts"],
  ["adapters/web", "adapters/web.ts"],
  ["adapters/workers", "adapters/workers.ts"],
];

/** Entries that reach wasm, and therefore also come without inlined bytes. */
const SLIM = ["webhooks", "webhooks/full", "payments", "payments/profiles", "payments/engine", "outbox", "saga", "ledger", "ledger/postgres", "reconcile", "reconcile/queue", "simulator", "idempotency", "testing"];

/**
 * The wasm files: name and cargo features. `webhooks` is bare: numbers cross and nothing else, so that it needs no glue.
 * The simulator and the formats go without `artefact`: serde-wasm-bindgen and quick-xml bring `std`. What of the simulator
 * is loaded is not counted by the kilobyte, so that it is compiled and optimised for time: an eighth more of size, for a
 * tenth of the time of a request.
 */
export const ARTEFACTS = [
  { name: "webhooks", features: "wasm-webhooks,artefact,keeping", bare: true },
  { name: "webhooks-full", features: "wasm-webhooks,webhooks-full,artefact" },
  { name: "inbox", features: "wasm-inbox,artefact", fast: true },
  { name: "idempotency", features: "wasm-idempotency,artefact" },
  { name: "payments", features: "wasm-payments,artefact,wordless", compact: true },
  { name: "payments-tables", features: "wasm-payments-tables,artefact" },
  { name: "governor", features: "wasm-governor,artefact,wordless" },
  { name: "investigation", features: "wasm-investigation,artefact" },
  { name: "saga", features: "wasm-saga,artefact" },
  { name: "ledger", features: "wasm-ledger,artefact" },
  { name: "ledger-bulk", features: "wasm-ledger-bulk,artefact", fast: true, pass: "-O3" },
  { name: "ledger-templates", features: "wasm-ledger-templates,artefact" },
  { name: "ledger-plan", features: "wasm-ledger-plan,artefact" },
  { name: "reconcile", features: "wasm-reconcile,artefact", compact: true },
  { name: "reconcile-files", features: "wasm-reconcile-files,artefact", compact: true },
  { name: "reconcile-sieve", features: "wasm-reconcile-sieve,artefact", fast: true, level: "3", pass: "-O3", once: 20 },
  { name: "formats", features: "wasm-formats", fast: true },
  { name: "simulator", features: "wasm-simulator", fast: true, level: "3", inline: 100, pass: "-O3" },
  { name: "torture", features: "wasm-torture,artefact", fast: true },
];

/** What the package itself loads when it is needed: no export, but behind `imports` in package.json. */
export const ON_DEMAND = ["webhooks-full", "payments-tables"].map((name) => ({ name: `on-demand/${name}`, source: `shell/${name}-parts.ts` }));

/** Files that do something when they are imported, which a bundler must not leave out for want of a used name. */
export const SIDE_EFFECTS = ["webhooks/full", "payments/profiles"].flatMap((entry) => [entry, `slim/${entry}`]).flatMap((file) => [`./dist/${file}.js`, `./dist/${file}.cjs`]);

/** The command-line tool: not importable, ES modules only. */
export const CLI = { name: "cli", source: "cli/main.ts" };

/** What it runs in threads of its own. */
export const CLI_THREAD = { name: "cli-reconcile-thread", source: "cli/reconcile-thread.ts" };

const present = TABLE.filter(([, source]) => existsSync(at("pkg/src", source)));

/** `{ name, file, source }` of each entry with inlined wasm; `file` is its path in dist without extension. */
export const ENTRIES = present.map(([name, source]) => ({ name, file: name || "index", source }));

/** The same for the entries whose caller provides the modules. */
export const SLIM_ENTRIES = [
  { name: "slim", file: "slim/index", source: "slim/index.ts" },
  ...ENTRIES.filter(({ name }) => SLIM.includes(name)).map(({ name, source }) => ({
    name: `slim/${name}`,
    file: `slim/${name}`,
    source,
  })),
];

/** The entry that waits for the first request of a function: where nothing is bundled, a file of its own has all of it. */
export const AT_ONCE = "webhooks";

/** The `exports` field. */
export function exportsField() {
  const field = {};
  for (const { name, file, source } of [...ENTRIES, ...SLIM_ENTRIES]) {
    const declaration = source.replace(/\.ts$/, ".d.ts");
    // As `#webhooks` of pkg/package.json says it.
    const files = (extension) => ({
      ...(name === AT_ONCE && { workerd: `./dist/${file}.${extension}`, node: `./dist/${file}-at-once.${extension}` }),
      default: `./dist/${file}.${extension}`,
    });
    field[name === "" ? "." : `./${name}`] = {
      import: { types: `./dist/types/${declaration}`, ...files("js") },
      require: { types: `./dist/types/cjs/${declaration}`, ...files("cjs") },
    };
  }
  for (const { name } of ARTEFACTS) field[`./wasm/${name}.wasm`] = `./wasm/${name}.wasm`;
  field["./package.json"] = "./package.json";
  return field;
}
