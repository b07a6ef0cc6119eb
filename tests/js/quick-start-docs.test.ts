import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { Child } from "../../pkg/src/cli/demo/processes.js";
import { beProgram } from "./cli-program.js";

await beProgram();

/** The program of docs/quick-start.md, against the gateway as the page starts it. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/quick-start-docs");
const page = readFileSync(join(ROOT, "docs/quick-start.md"), "utf8");

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

test("docs/quick-start.md: the shop survives the gateway of the page, and says so", async () => {
  const [, code = ""] = /^```js shop\.mjs\n([^]*?)^```$/m.exec(page) ?? [];
  const [, flags = ""] = /^npx tillproof (simulate .*)$/m.exec(page) ?? [];
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "shop.mjs"), code);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [join(FOLDER, "shop.mjs")], outdir: join(FOLDER, "built") });

  // As the page says, but for the port, which another program may have.
  const args = flags.split(" ").map((word) => (word === "4010" ? "0" : word));
  const gateway = new Child("gateway", [fileURLToPath(import.meta.url), ...args], { TILLPROOF_TEST_CLI: "1" });
  try {
    let url = "";
    gateway.onLine((line) => void (url ||= /^listening on (\S+)$/.exec(line)?.[1] ?? ""));
    await gateway.ready(/listening on \S+/);
    const shop = spawn(process.execPath, [join(FOLDER, "built/shop.mjs")], { env: { ...process.env, GATEWAY: url }, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [shop.stdout, shop.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
    assert.equal(await new Promise((resolve) => shop.once("close", resolve)), 0, said);
    assert.match(said, /^10 of 10 orders are settled, in \d+ attempts\n10 of 10 were charged once, 0 twice\n\d+ events were applied, \d+ deliveries refused\n/);
    for (const line of said.trimEnd().split("\n").slice(3)) assert.match(line, /^[a-z_]+ \S+: .{10,}$/);
  } finally {
    await gateway.kill("SIGTERM");
  }
});
