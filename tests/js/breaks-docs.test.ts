import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { rulesOf, type Break } from "../../pkg/src/reconcile/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store } from "../../pkg/src/stores/store.js";

/** docs/breaks.md and docs/reconcile.md: their tables against the kinds of the engine, and their programs. */
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

/** A program of a page as a module. */
async function programOf(markdown: string, name: string): Promise<string> {
  const [, code = ""] = new RegExp(`^\`\`\`js ${name}\n([^]*?)^\`\`\`$`, "m").exec(readFileSync(join(ROOT, markdown), "utf8")) ?? [];
  assert.ok(code.length > 0, `${markdown} has no ${name}`);
  const folder = join(FOLDER, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), code);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [join(folder, name)], outdir: join(folder, "built") });
  return join(folder, "built", name);
}

const HEAD = "id,reference,amount_minor,fee_minor,currency,occurred_at\n";
const BOOKS = `${HEAD}1,order_1,1000,30,EUR,2026-03-01T00:00:00Z\n2,order_2,500,15,EUR,2026-03-01T00:00:00Z\n`;
const SETTLED = `${HEAD}1,order_1,1000,35,EUR,2026-03-09T00:00:00Z\n`;

test("docs/breaks.md: queue.mjs decides what a price list explains, by two people and with a posted entry", async () => {
  const { decide } = (await import(pathToFileURL(await programOf("docs/breaks.md", "queue.mjs")).href)) as {
    decide(of: { store: Store; run: string; ledger: string; settlement: string }): Promise<{ synced: { opened: number; unchanged: number }; waiting: { break: Break }[]; posted: string[] }>;
  };
  const store = memoryStore();
  const day = await decide({ store, run: "monday", ledger: BOOKS, settlement: SETTLED });
  assert.deepEqual([day.synced.opened, day.waiting.map((one) => one.break.kind), day.posted.length], [2, ["missing_in_settlement"], 1]);
  assert.match(day.posted[0] ?? "", /"cause":"break:[0-9a-f]+#1 approved by bob"/);
  const next = await decide({ store, run: "tuesday", ledger: BOOKS, settlement: SETTLED });
  assert.deepEqual([next.synced.unchanged, next.posted.length], [2, 1], "what is explained stays so");
});

test("docs/reconcile.md: report.mjs writes reports, and proof-check.mjs proves them to whoever has the key", async () => {
  const { reports } = (await import(pathToFileURL(await programOf("docs/reconcile.md", "report.mjs")).href)) as {
    reports(of: { ledger: string; settlement: string; key: CryptoKey }): Promise<{ csv: string; html: string; proof: object }>;
  };
  const pair = generateKeyPairSync("ed25519");
  const key = await crypto.subtle.importKey("pkcs8", Uint8Array.from(pair.privateKey.export({ type: "pkcs8", format: "der" })), "Ed25519", false, ["sign"]);
  const { csv, html, proof } = await reports({ ledger: BOOKS, settlement: SETTLED, key });
  assert.equal(csv.trimEnd().split("\r\n").length, 3);
  assert.match(html, /<title>March<\/title>[^]*From your books to the settlement, EUR/);
  const program = await programOf("docs/reconcile.md", "proof-check.mjs");
  const at = (name: string, text: string): string => {
    writeFileSync(join(FOLDER, name), text);
    return join(FOLDER, name);
  };
  const pem = at("public.pem", String(pair.publicKey.export({ type: "spki", format: "pem" })));
  const [books, settled] = [at("books.csv", BOOKS), at("settled.csv", SETTLED)];
  const check = (...args: string[]): string => spawnSync(process.execPath, [program, ...args], { encoding: "utf8" }).stdout.trim();
  const [good, forged] = [at("proof.json", JSON.stringify(proof)), at("forged.json", JSON.stringify(proof).replace('"breaks":2', '"breaks":0'))];
  assert.equal(check(good, pem, books, settled), "proven");
  assert.equal(check(forged, pem), "wrong signature");
  assert.match(check(good, pem, at("other.csv", HEAD)), /other\.csv is not in it$/);
});

test("docs/reconcile.md: the rules of the page are rules, and why.mjs says what belongs together and what was nearest", async () => {
  const [, rules = ""] = /^```json\n([^]*?)^```$/m.exec(readFileSync(join(ROOT, "docs/reconcile.md"), "utf8")) ?? [];
  assert.equal(rulesOf(rules).rules, "shop-eu");
  const { why } = (await import(pathToFileURL(await programOf("docs/reconcile.md", "why.mjs")).href)) as {
    why(of: { ledger: string; settlement: string; accounts: string[] }): { pairs: string[]; near: string[]; rules: string };
  };
  const row = (id: string, reference: string, amount: number, day: string): string => `${id},${reference},${amount},15,EUR,2026-03-${day}T00:00:00Z\n`;
  const ledger = HEAD + row("1", "order_1", 1_000, "01") + row("2", "order_2", 500, "01") + row("9", "order_9", 1, "20");
  const settlement = HEAD + row("1", "order_1", 1_000, "01") + row("2", "order_3", 400, "01") + row("9", "order_9", 1, "20");
  const found = why({ ledger, settlement, accounts: ["ShopEU"] });
  assert.deepEqual(found, {
    pairs: ["order_1 by_reference@1 type,reference", "order_9 by_reference@1 type,reference"],
    near: ["order_2: order_3, but for amount", "order_3: order_2, but for amount"],
    rules: "shop-eu@1",
  });
});

test("docs/reconcile.md: daily.mjs takes files as they come, and the queue follows", async () => {
  const { arrived } = (await import(pathToFileURL(await programOf("docs/reconcile.md", "daily.mjs")).href)) as {
    arrived(of: { store: Store; files: object; run: string }): Promise<{ report: { breaks: Break[] }; synced: { gone: number } }>;
  };
  const store = memoryStore();
  await arrived({ store, files: { ledger: { name: "march.csv", data: BOOKS }, settlement: { name: "1.csv", data: SETTLED } }, run: "monday" });
  const late = `${HEAD}2,order_2,500,15,EUR,2026-03-02T00:00:00Z\n`;
  const { report, synced } = await arrived({ store, files: { settlement: { name: "late.csv", data: late } }, run: "tuesday" });
  assert.deepEqual([report.breaks.map(({ kind }) => kind), synced.gone], [["fee_mismatch"], 1]);
});
