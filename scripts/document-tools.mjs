/** The tools that judge documents: readers of types, of licences and of bills of materials, at the versions of a lock file. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { at, run } from "./command.mjs";

const FOLDER = at("tests/documents");

/** `require` of one of them. */
export const documentTool = createRequire(join(FOLDER, "package.json"));

/** Installs them where that was not done yet. */
export async function ensureDocumentTools() {
  const lock = createHash("sha256").update(readFileSync(join(FOLDER, "package-lock.json"))).digest("hex");
  const stamp = join(FOLDER, "node_modules/.tillproof-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: FOLDER });
  writeFileSync(stamp, lock);
}
