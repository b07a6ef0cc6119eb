import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

/** The programs of docs/ledger.md, with the package built from the sources; proof-check.mjs is run by ledger-evidence.test.ts. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/ledger-docs");
const page = readFileSync(join(ROOT, "docs/ledger.md"), "utf8");
const programs = new Map([...page.matchAll(/^```js (\S+)\n([^]*?)^```$/gm)].map(([, name = "", code = ""]) => [name, code]));

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, code] of programs) writeFileSync(join(FOLDER, name), code);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [...programs.keys()].map((name) => join(FOLDER, name)), outdir: join(FOLDER, "built") });
});

/** What a program prints. */
function printed(name: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(FOLDER, "built", name)], { cwd: FOLDER, encoding: "utf8" });
  assert.equal(status, 0, `${name}: ${stdout}${stderr}`);
  return stdout;
}

/** What the page says beside each line that prints. */
const TABLE: readonly (readonly [name: string, printed: RegExp])[] = [
  ["books.mjs", /^created\nexists\n9680n\n$/],
  ["holds.mjs", /^4000n\n$/],
  ["payment-states.mjs", /^reversed 10000n 10000n\ninitiated checkout 1\nsettled evt_1\nreversed evt_2\n\[\]\n$/],
  ["own-template.mjs", /^250n\n$/],
  ["checks.mjs", /^\{ sound: true, position: 1, checked: [01], findings: \[\] \}\n[^]*^tillproof_ledger_sound\{ledger="shop"\} 1$/m],
  ["exports.mjs", /^1\ntrue\n1\n2 28 line 2, column 28: found "@ 1.1 USD", expected an amount without a cost or price/],
  ["mirror.mjs", /^settled 2\n$/],
  ["entitlements.mjs", /^true\ntrue 99999\n$/],
  ["bulk.mjs", /^2 0 0\n1980n\n$/],
];

for (const [name, expected] of TABLE) {
  test(`docs/ledger.md: ${name} prints what the page says`, () => {
    assert.match(printed(name), expected);
  });
}

test("docs/ledger.md: subscriptions.mjs takes events and lists, and every program of the page is run", async () => {
  const { onEvent, onBackfill } = (await import(pathToFileURL(join(FOLDER, "built/subscriptions.mjs")).href)) as {
    onEvent(event: object): Promise<number>;
    onBackfill(pages: object[][]): Promise<number>;
  };
  const subscription = {
    object: "subscription", id: "sub_1", customer: "cus_1", metadata: { user_id: "u1" }, status: "active",
    items: { data: [{ price: { id: "price_pro" }, current_period_start: 1_772_366_400, current_period_end: 1_775_044_800 }] },
  };
  const event = { id: "evt_1", payload: { type: "customer.subscription.updated", created: 1_772_366_400, data: { object: subscription } } };
  assert.deepEqual([await onEvent(event), await onEvent(event), await onBackfill([[subscription]])], [1, 0, 1]);
  const run = [...TABLE.map(([name]) => name), "subscriptions.mjs", "proof-check.mjs"];
  assert.deepEqual([...programs.keys()].sort(), run.sort());
});
