import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import type { Break } from "../../pkg/src/reconcile/index.js";

/** docs/breaks.md: its table against the kinds of the engine, and its program. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/breaks-docs");
const page = readFileSync(join(ROOT, "docs/breaks.md"), "utf8");
const rows = new Map([...page.matchAll(/^\| `([a-z_]+)` \| (.+) \| (.+) \| (.+) \|$/gm)].map(([, kind = "", ...cells]) => [kind, cells]));

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

test("docs/breaks.md: every kind that the engine can name has a row that says what to decide", () => {
  const text = readFileSync(join(ROOT, "src/reconcile/classes.rs"), "utf8");
  const kinds = [...text.matchAll(/^\s+\w+ "([a-z_]+)" "[A-G]\d+"/gm)].map(([, name = ""]) => name);
  assert.ok(kinds.length >= 30, kinds.join(", "));
  assert.deepEqual(kinds.filter((kind) => !rows.has(kind)), []);
  for (const [kind, cells] of rows) for (const cell of cells) assert.ok(cell.length > 3, kind);
});

test("docs/breaks.md: day.mjs sorts a day into what is urgent, to book, to ask and waiting", async () => {
  const [, code = ""] = /^```js day\.mjs\n([^]*?)^```$/m.exec(page) ?? [];
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "day.mjs"), code);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [join(FOLDER, "day.mjs")], outdir: join(FOLDER, "built") });
  const { today } = (await import(pathToFileURL(join(FOLDER, "built/day.mjs")).href)) as {
    today(of: { ledger: string; settlement: string; decided?: Set<string> }): { urgent: Break[]; toBook: unknown[]; toAsk: string[]; waiting: string[] };
  };
  const head = "id,reference,amount_minor,currency,occurred_at\n";
  const row = (id: string, reference: string, amount: number, day: string): string => `${id},${reference},${amount},EUR,2026-03-${day}T00:00:00Z\n`;
  const ledger = head + row("1", "order_1", 1_000, "01") + row("2", "order_2", 500, "01") + row("3", "order_9", 700, "08");
  const settlement = head + row("a", "order_1", 1_000, "02") + row("b", "order_1", 1_000, "02") + row("c", "order_2", 450, "02") + row("d", "order_3", 300, "02");
  const day = today({ ledger, settlement });
  assert.deepEqual(day.urgent.map(({ kind, reference }) => [kind, reference]), [["duplicate_charge", "order_1"]]);
  assert.deepEqual(day.toBook, [{ reference: "order_3", found_minor: "300" }]);
  assert.equal(day.toAsk.length, 1);
  assert.deepEqual(day.waiting, ["order_9 until 2026-03-10T00:00:00Z"]);
  const decided = new Set(day.urgent.map(({ id }) => id));
  assert.deepEqual(today({ ledger, settlement, decided }).urgent, []);
});
