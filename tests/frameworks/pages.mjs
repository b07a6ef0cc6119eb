/**
 * The code of docs/frameworks, as a reader would paste it.
 *
 * Invariant: what the tests run is the text of the page. Whoever changes a page changes what is tested.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Copied here beside the tests; see scripts/frameworks.mjs. */
const FOLDER = join(import.meta.dirname, "docs");

/** A block begins with its language and the file it belongs into. */
const BLOCK = /^```(\w+) (\S+)\n([\s\S]*?)^```$/gm;

/** The pages by name, without the index. */
export function pages() {
  return readdirSync(FOLDER).filter((file) => file !== "README.md").map((file) => file.replace(/\.md$/, ""));
}

/** The text of a page. */
export function page(name) {
  return readFileSync(join(FOLDER, `${name}.md`), "utf8");
}

/** What a page has for a reader to paste: `{ file, code }` of each block. */
export function pastes(name) {
  return [...page(name).matchAll(BLOCK)].map(([, , file, code]) => ({ file, code }));
}

/** The code of one file. */
export function paste(name, file) {
  const found = pastes(name).find((candidate) => candidate.file === file);
  if (found === undefined) throw new Error(`${name}.md has no block for ${file}`);
  return found.code;
}
