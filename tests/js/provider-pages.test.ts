import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { providerProfiles } from "../../pkg/src/payments/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { schemes } from "../../pkg/src/webhooks/full.js";

const ROOT = process.cwd();
const PAGES = join(ROOT, "docs/providers");
const FOLDER = join(ROOT, "target/provider-pages");

/** Two scripts, which have no types. */
interface Scripts {
  providerPages(profiles: readonly unknown[], of: readonly unknown[]): Map<string, string>;
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}
const script = async (name: string): Promise<Scripts> => (await import(pathToFileURL(join(ROOT, "scripts", name)).href)) as Scripts;

test("docs/providers says what the profiles and the schemes say", async () => {
  const { providerPages } = await script("provider-pages.mjs");
  const pages = providerPages(providerProfiles(), schemes());
  assert.deepEqual(readdirSync(PAGES).sort(), [...pages.keys()].sort());
  for (const [file, page] of pages) assert.equal(readFileSync(join(PAGES, file), "utf8"), page, `docs/providers/${file} is stale: node scripts/provider-pages.mjs`);
});

test("every provider with a profile has a page, but those of tests", () => {
  const text = readdirSync(PAGES).map((file) => readFileSync(join(PAGES, file), "utf8")).join("\n");
  const absent = providerProfiles().map(({ name }) => name).filter((name) => !text.includes(`| Profile | \`${name}\` |`));
  assert.deepEqual(absent.sort(), ["conservative", "native"]);
});

test("the lines of each page make a shop", async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const names = readdirSync(PAGES).filter((file) => file !== "README.md").map((file) => file.replace(/\.md$/, ""));
  for (const name of names) {
    const [, code = ""] = /^```js shop\.mjs\n([^]*?)^```$/m.exec(readFileSync(join(PAGES, `${name}.md`), "utf8")) ?? [];
    writeFileSync(join(FOLDER, `${name}.mjs`), code);
  }
  const { buildPrograms } = await script("pages.mjs");
  await buildPrograms({ entryPoints: names.map((name) => join(FOLDER, `${name}.mjs`)), outdir: join(FOLDER, "built") });
  Object.assign(process.env, { KEY_SECRET: "a secret of sixteen bytes or more", API_KEY: "key" });
  assert.ok(names.length >= 10);
  for (const name of names) {
    const { createShop } = (await import(pathToFileURL(join(FOLDER, "built", `${name}.mjs`)).href)) as { createShop(store: unknown): { close?(): void; payments?: { close(): void } } };
    const shop = createShop(memoryStore());
    const close = shop.close?.bind(shop) ?? shop.payments?.close.bind(shop.payments);
    assert.equal(typeof close, "function", name);
    close?.();
  }
});
