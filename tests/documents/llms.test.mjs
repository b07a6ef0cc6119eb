/** llms.txt beside the pages it is made of. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { at } from "../../scripts/command.mjs";
import { llms, llmsFull, pages } from "../../scripts/llms.mjs";

test("llms.txt is what the pages say", () => {
  assert.equal(readFileSync(at("llms.txt"), "utf8"), llms(), "llms.txt is stale: node scripts/llms.mjs writes it anew");
});

test("llms.txt names every page once, with a sentence", () => {
  const lines = llms().split("\n").filter((line) => line.startsWith("- ["));
  const named = lines.map((line) => /\]\(([^)]+)\): .{20,}[.!?:]$/.exec(line)?.[1]);
  assert.deepEqual([...named].sort(), [...pages()].sort());
  for (const page of named) assert.ok(existsSync(at(page)), page);
});

test("llms-full.txt holds every page whole", () => {
  const full = llmsFull();
  for (const page of pages()) assert.ok(full.includes(readFileSync(at(page), "utf8").trim()), page);
});
