import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

import type { HostileFailure, HostileOptions, HostileReport, Integration } from "../../pkg/src/testing/index.js";

/** The programs of docs/prove-your-integration.md, with the package built from the sources; those on Stripe are in tests/sdk. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/prove-docs");
const page = readFileSync(join(ROOT, "docs/prove-your-integration.md"), "utf8");
const programs = new Map([...page.matchAll(/^```js (?!stripe-)(\S+)\n([^]*?)^```$/gm)].map(([, name = "", code = ""]) => [name, code]));

/** The page's own `hostile`: a second copy of the package would replace the timers a second time. */
let hostile: (integration: Integration, options?: HostileOptions) => Promise<HostileReport>;

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, code] of programs) writeFileSync(join(FOLDER, name), code);
  writeFileSync(join(FOLDER, "kit.mjs"), 'export { hostile } from "tillproof/testing";\n');
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  const entryPoints = [...programs.keys(), "kit.mjs"].filter((name) => !name.endsWith(".test.mjs")).map((name) => join(FOLDER, name));
  await buildPrograms({ entryPoints, outdir: join(FOLDER, "built") });
  ({ hostile } = await exported<{ hostile: typeof hostile }>("kit.mjs"));
});

async function exported<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join(FOLDER, "built", name)).href)) as T;
}

async function integration(name: string): Promise<Integration> {
  const found = (await exported<{ [name: string]: Integration }>(`${name}.mjs`))[name];
  assert.ok(found, name);
  return found;
}

/** Keys of the naive shop are random: the story is the same but for them. */
function withoutKeys(story: string): string {
  return story.replaceAll(/ +key \S+/g, "");
}

test("docs/prove-your-integration.md: the naive shop fails, with the story the page tells", async () => {
  const failure = await hostile(await integration("naive"), { seeds: 1000 }).then(
    () => assert.fail("a shop with a key for every attempt got through"),
    (error: HostileFailure) => error,
  );
  assert.equal(failure.code, "integration_broken");
  assert.ok(withoutKeys(page).includes(withoutKeys(failure.message)), failure.message);
});

for (const [name, seeds] of [["careful", 1_000], ["tillproof", 300]] as const) {
  test(`docs/prove-your-integration.md: the shop of ${name}.mjs keeps its books on ${seeds} seeds`, async () => {
    const report = await hostile(await integration(name), { seeds });
    assert.ok(report.seeds === seeds && report.payments >= 2 * seeds, JSON.stringify(report));
    for (const fault of ["request_lost", "response_lost", "server_error_stored", "rate_limited", "slow"] as const) {
      assert.ok((report.faults[fault] ?? 0) > 0, `${fault} never struck`);
    }
  });
}
