/** What a page shows is what runs: each program of a page is run by a test, and each link leads somewhere. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

import { at, outputOf, ROOT } from "../../scripts/command.mjs";
import { filesBelow } from "../../scripts/javascript.mjs";

const PAGES = ["README.md", "SECURITY.md", "CHANGELOG.md", "DESIGN.md", ...filesBelow(at("docs")).map((file) => relative(ROOT, file)).filter((file) => file.endsWith(".md"))];
const pages = new Map(PAGES.map((page) => [page, readFileSync(at(page), "utf8")]));

/** Pieces that are no programs: how many of them a page may have, and why. */
const FRAGMENTS = {
  // What a caller does with an error, with `...` where his own call stands.
  "docs/create-fetch.md": 1,
  // Pieces around the bytes of a reader's own file.
  "docs/readers.md": 4,
  // The two lines that differ from the first program of the page.
  "docs/providers.md": 1,
  // One option, with `...` for the others.
  "docs/stores.md": 1,
  // The import of a bundle.
  "docs/webhooks.md": 1,
};

const blocks = (text) => [...text.matchAll(/^```(\w+)?(?: (\S+))?[^\n]*\n([^]*?)^```$/gm)].map(([, language = "", name, code]) => ({ language, name, code }));

const tests = outputOf("git", ["ls-files", "-co", "--exclude-standard", "tests"]).split("\n").filter((file) => /\.(?:ts|mjs|js)$/.test(file) && existsSync(at(file)));
const tested = tests.map((file) => readFileSync(at(file), "utf8")).join("\n");

test("every program of a page has a name, and a test that reads the page", () => {
  let programs = 0;
  for (const [page, text] of pages) {
    // The pages of frameworks have a suite of their own, which takes every block of theirs: tests/frameworks/pages.mjs.
    if (page.startsWith("docs/frameworks/")) continue;
    // Those of providers are written by a program: tests/js/provider-pages.test.ts runs what stands there.
    if (page.startsWith("docs/providers/")) continue;
    const code = blocks(text).filter(({ language }) => ["js", "ts", "mjs", "jsx", "tsx"].includes(language));
    const named = code.filter(({ name }) => name !== undefined);
    if (page !== "README.md") assert.equal(code.length - named.length, FRAGMENTS[page] ?? 0, `${page}: a block without a name is not run`);
    if (code.length === 0) continue;
    const stem = page.replace(/^docs\//, "").replace(/\.md$/, "");
    if (named.length > 0) assert.ok(tested.includes(page) || tested.includes(`"${stem}"`), `no test reads ${page}`);
    for (const { name } of named) {
      assert.ok(tested.includes(name) || tested.includes(name.replace(/(?:\.test)?\.mjs$/, "")), `no test runs ${name} of ${page}`);
      programs += 1;
    }
  }
  assert.ok(programs > 35, `only ${programs} programs were found`);
});

test("every link between pages leads to a file and to a heading", () => {
  const anchors = (text) =>
    new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")));
  let links = 0;
  for (const [page, text] of pages) {
    for (const [, target] of text.replaceAll(/^```[^]*?^```$/gm, "").matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links += 1;
      const [path, anchor] = target.split("#");
      const file = path === "" ? page : relative(ROOT, join(ROOT, dirname(page), path));
      assert.ok(existsSync(at(file)), `${page} leads to ${target}, which is not there`);
      if (anchor !== undefined && file.endsWith(".md")) assert.ok(anchors(readFileSync(at(file), "utf8")).has(anchor), `${page} leads to ${target}: no such heading`);
    }
  }
  assert.ok(links > 50, `only ${links} links were found`);
});

test("README leads to every page that it does not lead to by another", () => {
  const led = new Set();
  const follow = (page) => {
    if (led.has(page)) return;
    led.add(page);
    for (const [, target] of (pages.get(page) ?? "").matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
      if (!/^[a-z]+:/.test(target)) follow(relative(ROOT, join(ROOT, dirname(page), target)));
    }
  };
  follow("README.md");
  assert.deepEqual(PAGES.filter((page) => page.startsWith("docs/") && !led.has(page)), []);
});
