/**
 * llms.txt and llms-full.txt (https://llmstxt.org): the documentation for programs that read.
 *
 * Invariant: both are made of the pages and of nothing else. llms.txt is kept in the repository and in the package, and a
 * test fails while it is stale; llms-full.txt is every page in one, and is written to target only.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { at, main, ROOT } from "./command.mjs";
import { filesBelow } from "./javascript.mjs";

/** Pages by their place, those first that one reads first; the others follow by name. */
const FIRST = ["README.md", "docs/quick-start.md"];

/** Headings of llms.txt, and the pages below each; what fits none stands under the last. */
const SECTIONS = [
  ["Begin", (page) => FIRST.includes(page) || ["docs/README.md", "docs/stacks.md", "docs/prove-your-integration.md"].includes(page)],
  ["Frameworks", (page) => page.startsWith("docs/frameworks/")],
  ["Providers", (page) => page.startsWith("docs/providers") || page === "docs/create-fetch.md"],
  ["Stores", (page) => page.startsWith("docs/stores")],
  ["Operate", (page) => ["docs/operations.md", "docs/telemetry.md", "docs/breaks.md", "docs/reconcile.md", "docs/reconcile-large.md", "docs/upgrading.md", "docs/errors.md", "SECURITY.md", "CHANGELOG.md"].includes(page)],
  ["Guides", () => true],
];

/** Every page of the documentation, in the order in which it is read. */
export function pages() {
  const docs = filesBelow(at("docs")).map((file) => relative(ROOT, file)).filter((page) => page.endsWith(".md"));
  const rest = [...docs, "SECURITY.md", "CHANGELOG.md"].filter((page) => !FIRST.includes(page)).sort();
  return [...FIRST.filter((page) => page === "README.md" || docs.includes(page)), ...rest];
}

/** What llms.txt says. */
export function llms() {
  const readme = readFileSync(at("README.md"), "utf8");
  const [, summary] = /^\*\*([^*]+)\*\*$/m.exec(readme) ?? [];
  const about = paragraph(readme.slice(readme.indexOf("**\n") + 3));
  const taken = new Set();
  const sections = SECTIONS.flatMap(([title, belongs]) => {
    const here = pages().filter((page) => !taken.has(page) && belongs(page));
    here.forEach((page) => taken.add(page));
    const lines = here.map((page) => `- [${titleOf(page)}](${page}): ${firstSentence(page)}`);
    return lines.length === 0 ? [] : [`## ${title}\n\n${lines.join("\n")}\n`];
  });
  return `# Tillproof\n\n> ${summary}\n\n${about}\n\n${sections.join("\n")}`;
}

/** Every page in one, each under its own name. */
export function llmsFull() {
  return pages().map((page) => `<!-- ${page} -->\n\n${readFileSync(at(page), "utf8").trim()}\n`).join("\n");
}

function titleOf(page) {
  return (/^# (.*)$/m.exec(readFileSync(at(page), "utf8"))?.[1] ?? page).trim();
}

/** Up to the first full stop that ends a sentence. */
function firstSentence(page) {
  if (/^docs\/providers\/(?!README)/.test(page)) return "How long keys are remembered, what follows from it, the lines to begin with, and the webhooks.";
  // These begin with the file to paste, as their readers want them to.
  if (/^docs\/frameworks\/(?!README)/.test(page)) return "The lines to paste, the one trap with the raw body, and how to try it on your own machine.";
  const text = paragraph(readFileSync(at(page), "utf8").replaceAll(/<!--[^]*?-->|^```[^]*?^```$/gm, "").replace(/^# .*$/m, ""));
  return /^[^]*?[.!?](?= [A-Z`*]|$)/.exec(text)?.[0] ?? text;
}

/** The first paragraph on one line, without marks. */
function paragraph(text) {
  const found = text.split(/\n\s*\n/).map((each) => each.trim()).find((each) => each !== "" && !each.startsWith("#") && !each.startsWith("|")) ?? "";
  return found.replaceAll(/\s+/g, " ").replaceAll("**", "").replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    writeFileSync(at("llms.txt"), llms());
    writeFileSync(join(at("target"), "llms-full.txt"), llmsFull());
  });
}
