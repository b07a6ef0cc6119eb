/** docs/errors.md against the sources it is written from, and against what they say of themselves elsewhere. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { at } from "../../scripts/command.mjs";
import { errorPage, PAGE, rustCodes, typeScriptCodes } from "../../scripts/error-codes.mjs";
import { filesBelow } from "../../scripts/javascript.mjs";

const page = readFileSync(at(PAGE), "utf8");
const listed = new Set([...page.matchAll(/^\| `([a-z0-9_]+)` \|/gm)].map(([, code]) => code));

const sources = (folder, ending) =>
  filesBelow(at(folder)).filter((file) => file.endsWith(ending)).map((file) => [file, readFileSync(file, "utf8")]);

test("the page is what the sources say", () => {
  assert.equal(page, errorPage(), `${PAGE} is stale: node scripts/error-codes.mjs writes it anew`);
});

test("each code has one line in each area, with a sentence and an advice", () => {
  const sections = page.split(/^## /m).slice(1);
  assert.ok(sections.length > 12);
  for (const section of sections) {
    const rows = section.split("\n").filter((line) => line.startsWith("| `"));
    const codes = rows.map((row) => row.split("`")[1]);
    assert.deepEqual(codes, [...new Set(codes)].sort(), section.split("\n")[0]);
    for (const row of rows) assert.match(row, /^\| `[a-z0-9_]+` \| .{12,} \| .{4,} \|$/);
  }
});

test("every code that the documentation of a function says it throws is listed", () => {
  let seen = 0;
  for (const [file, text] of sources("pkg/src", ".ts")) {
    if (file.includes("/cli/")) continue;
    for (const [, sentence] of text.matchAll(/\bThrows ((?:[^.]|\.(?=\w))*)\./g)) {
      for (const [, code] of sentence.matchAll(/`([a-z0-9]+(?:_[a-z0-9]+)+)`/g)) {
        seen += 1;
        assert.ok(listed.has(code), `${file} throws ${code}, which ${PAGE} does not know`);
      }
    }
  }
  assert.ok(seen > 60, `only ${seen} codes are named in the documentation`);
});

test("every literal that stands where a code does is listed", () => {
  const inRust = sources("src", ".rs").flatMap(([, text]) => [...text.matchAll(/\bReport::new\(\s*"([a-z0-9_]+)"/g)].map(([, code]) => code));
  const inTypeScript = sources("pkg/src", ".ts")
    .filter(([file]) => !file.includes("/cli/"))
    .flatMap(([, text]) => [...text.matchAll(/\bcode:\s*"([a-z0-9]+(?:_[a-z0-9]+)+)"/g)].map(([, code]) => code));
  assert.ok(inRust.length > 90 && inTypeScript.length > 90);
  // The codes of the crate's own examples and tests are none of a merchant's.
  const own = new Set(["a", "a_code", "body_too_large"]);
  for (const code of [...inRust, ...inTypeScript]) assert.ok(listed.has(code) || own.has(code), `${PAGE} does not know ${code}`);
});

test("advice is one of the six words", () => {
  const words = ["fix_call", "retry_same_key", "retry_new_key", "wait", "reconcile", "report_bug"];
  const rows = [...rustCodes(), ...typeScriptCodes()];
  assert.deepEqual([...new Set(rows.map(({ advice }) => advice))].filter((word) => !words.includes(word)), []);
});
