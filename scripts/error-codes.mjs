/**
 * docs/errors.md: every stable code with what is said of it, read out of the sources.
 *
 * Invariant: a code that the sources can give stands in the page, with the sentence of the source and no other. Nobody
 * writes there: `node scripts/error-codes.mjs` does, and a test fails while the page is not what it would write.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { relative } from "node:path";

import { at, Failure, main, ROOT } from "./command.mjs";
import { filesBelow } from "./javascript.mjs";

/** Where the page is. */
export const PAGE = "docs/errors.md";

/** A code: words in snake_case. Every code of ours has two at least. */
const CODE = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$/;

/** A string literal of Rust. */
const LITERAL = String.raw`"(?:[^"\\]|\\[\s\S])*"`;

/** Codes that arise in many places, each with a sentence of its own. */
const GENERAL = {
  argument_invalid: "an argument is not of the kind it must be: the message names it, what was found and what was expected",
  option_invalid: "an option is outside of what it may be: the message names it, what was found and what was expected",
  unknown_option: "an option is not known here, which is mostly a misspelling: remove it, or mend its name",
};

/** Codes whose sentence is made where they arise, of what was found there. */
const OWN = {
  decision_invalid: "the decision of a person cannot be taken as it stands: the message says which field is missing or does not fit",
  integration_broken: "an integration did not survive a hostile gateway: the message lists which promise broke, with the seed that shows it again",
  key_unavailable: "the provider's key could not be had: the message says from where and why; the delivery is to be tried again",
  queue_row_damaged: "a stored job cannot be read: the message says what is wrong with it; it is kept, and no worker touches it",
};

/** Sentences of one code that are shown; the others say the same of other places. */
const SENTENCES_MAX = 2;

/** The whole page. */
export function errorPage() {
  const rows = [...rustCodes(), ...typeScriptCodes()];
  const areas = new Map();
  for (const { code, area: arises, sentence, advice } of rows) {
    const area = code in GENERAL ? AREAS.shell : arises;
    const codes = areas.get(area) ?? areas.set(area, new Map()).get(area);
    const row = codes.get(code) ?? codes.set(code, { sentences: new Set(), advice: new Set() }).get(code);
    if (sentence !== "") row.sentences.add(sentence);
    row.advice.add(advice);
  }
  const parts = [...areas].sort(([a], [b]) => (a < b ? -1 : 1)).map(([area, codes]) => section(area, codes));
  return `${HEAD}\n${parts.join("\n")}\n${diagnoses()}`;
}

const HEAD = `# Error codes

<!-- Written by scripts/error-codes.mjs from the sources: do not edit. -->

Whatever Tillproof throws is a \`TillproofError\` with \`code\`, \`message\`, \`advice\` and \`details\`; what a delivery or a
gateway refuses is a value with the same codes. Codes are stable: a program may compare them, and none is given another
meaning. In the sentences \`{name}\` stands for what was found, which is also in \`details\`.

| \`advice\` | What to do |
| --- | --- |
| \`fix_call\` | the call or the configuration is wrong, and repeating it unchanged fails again: the sentence says what to mend |
| \`retry_same_key\` | repeat the same request with the same idempotency key |
| \`retry_new_key\` | it is proven that no money moved under the old key: begin a new intent |
| \`wait\` | nothing is wrong, the answer is not there yet: ask again later |
| \`reconcile\` | two records disagree: a person has to look at them |
| \`report_bug\` | Tillproof broke one of its own promises: please report it, with the code and the version |

\`isTillproofError(error)\` recognises one of any copy of the package. \`tillproof doctor\` looks for the usual causes.
`;

/** An area is a table. */
function section(area, codes) {
  const rows = [...codes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, { sentences, advice }]) => {
    const said = GENERAL[code] ?? OWN[code] ?? [...sentences].slice(0, SENTENCES_MAX).join("; or: ");
    if (said === "") throw new Failure(`${area}: nothing is said of ${code}`);
    return `| \`${code}\` | ${cell(said)} | ${[...advice].sort().map((word) => `\`${word}\``).join(" ")} |`;
  });
  return `## ${area}\n\n| Code | What is said of it | Advice |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
}

/** A bar or a line feed would end the cell. */
function cell(text) {
  return text.replaceAll("{}", "{value}").replaceAll(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;").trim();
}

/** Folders whose name is not the word a merchant knows it by. */
const AREAS = {
  shell: "every call",
  crypto: "webhooks",
  webhook: "webhooks",
  inbox: "webhooks: inbox",
  investigation: "reconcile: queue",
  dedup: "webhooks: dedup",
  json: "JSON documents",
  calendar: "times",
  money: "money",
  retry: "payments",
  governor: "payments: governor",
  world: "torture",
  queues: "worker: queues",
  wasm: "every call",
};

function areaOf(file) {
  const [, folder = ""] = /^(?:src|pkg\/src)\/([a-z]+)/.exec(file) ?? [];
  return AREAS[folder] ?? folder;
}

/** All files of a folder with one ending, by their path in the repository. */
function sources(folder, ending) {
  return filesBelow(at(folder)).filter((file) => file.endsWith(ending)).map((file) => ({
    file: relative(ROOT, file),
    text: readFileSync(file, "utf8"),
  }));
}

/** What the crate can say: tables of sentences, reports, and errors with a `code` and a `Display` of their own. */
export function rustCodes() {
  return sources("src", ".rs").flatMap(({ file, text: whole }) => {
    const text = whole.replace(/#\[cfg\(test\)\]\n(?:#\[[^\n]*\n)*mod tests \{[\s\S]*$/, "").replaceAll(/^\s*\/\/.*$/gm, "");
    const found = [...ofReports(text), ...ofArms(text)];
    const tables = ofTables(text);
    const known = new Map(tables.map(({ code, sentence }) => [code, sentence]));
    const area = areaOf(file);
    // A report without a sentence takes that of the table of its file; a table alone is one of reports made elsewhere.
    const rows = found.map((row) => ({ ...row, sentence: row.sentence || known.get(row.code) || "" }));
    const missing = tables.filter(({ code }) => !found.some((row) => row.code === code));
    return [...rows, ...missing.map((row) => ({ ...row, advice: "fix_call" }))].map((row) => ({ ...row, area, file }));
  });
}

/** Rows `("code", "sentence")` of files that report; other tables of the crate are not about errors. */
function ofTables(text) {
  if (!/Report::new\(|\bSentence\b/.test(text)) return [];
  const rows = text.matchAll(new RegExp(String.raw`\(\s*"([a-z0-9_]+)",\s*(${LITERAL})\s*[,)]`, "g"));
  return [...rows].map(([, code, sentence]) => ({ code, sentence: unquoted(sentence) })).filter(isRow);
}

/** Chains from `Report::new("code")` to the next one; a helper that begins a chain is handed the codes it chooses from. */
function ofReports(text) {
  const pieces = text.split(/(?=\bReport::new\(|\bat\.report\(|=> [a-z_]+\()/).slice(1);
  return pieces.flatMap((piece) => {
    const [, begins] = /^(?:Report::new|at\.report)\(\s*"([a-z0-9_]+)"/.exec(piece) ?? [];
    const [, handed = ""] = /^=> [a-z_]+\(([^()]*)\)\s*\./.exec(piece) ?? [];
    const said = new RegExp(String.raw`\.say(?:_with)?\(\s*(${LITERAL})`).exec(piece)?.[1];
    // Whatever is handed something in snake_case and says nothing is about something else.
    const codes = begins === undefined && said === undefined ? [] : begins === undefined ? [...handed.matchAll(/"([a-z0-9_]+)"/g)].map(([, code]) => code) : [begins];
    const advice = /\.advise\(Advice::(\w+)\)/.exec(piece)?.[1];
    const row = { sentence: said === undefined ? "" : unquoted(said), advice: snake(advice ?? "FixCall") };
    return codes.filter((code) => CODE.test(code)).map((code) => ({ code, ...row }));
  });
}

/** `fn code`, `fn advice` and `fn fmt` of one error, arm by arm. */
function ofArms(text) {
  const codes = arms(text, /fn code\(&self\) -> &'static str/, /=>\s*"([a-z0-9_]+)"/);
  if (codes.length === 0) return [];
  const advices = arms(text, /fn advice\(&self\) -> Advice/, /=>\s*\{?\s*Advice::(\w+)/);
  const sentences = arms(text, /fn fmt\(&self, f: /, new RegExp(String.raw`=>\s*\{?\s*(?:write!\(\s*f,|f\.write_str\()\s*(${LITERAL})`));
  return codes.filter(([, code]) => CODE.test(code)).map(([pattern, code]) => {
    const of = (table) => table.find(([other]) => sharesVariant(pattern, other))?.[1] ?? table.find(([other]) => other.trim() === "_")?.[1];
    const said = of(sentences);
    return { code, sentence: said === undefined ? "" : unquoted(said), advice: snake(of(advices) ?? "FixCall") };
  });
}

/** The arms of a function: the pattern of each, and what `result` finds behind it. */
function arms(text, signature, result) {
  const start = text.search(signature);
  if (start < 0) return [];
  const body = text.slice(start).split(/\n {4}\}\n/)[0];
  const parts = [...body.matchAll(/((?:Self::\w+[^=]*?|\b_\s*))(=>[\s\S]*?)(?=\n\s*(?:Self::|_ =>|\}\s*$)|$)/g)];
  return parts.flatMap(([, pattern, behind]) => {
    const [, found] = result.exec(behind) ?? [];
    return found === undefined ? [] : [[pattern, found]];
  });
}

function sharesVariant(pattern, other) {
  const variants = (text) => [...text.matchAll(/Self::(\w+)/g)].map(([, name]) => name);
  return variants(pattern).some((name) => variants(other).includes(name));
}

function unquoted(literal) {
  return literal.slice(1, -1).replaceAll(/\\\n\s*/g, "").replaceAll('\\"', '"').replaceAll("\\n", " ").replaceAll("\\\\", "\\");
}

function snake(name) {
  return name.replaceAll(/(?!^)([A-Z])/g, "_$1").toLowerCase();
}

function isRow({ code, sentence }) {
  return CODE.test(code) && sentence.includes(" ");
}

/** What the shell can say, read from its syntax: calls with a code, and tables by code. */
export function typeScriptCodes() {
  const ts = createRequire(at("pkg/package.json"))("typescript");
  const files = sources("pkg/src", ".ts").filter(({ file }) => !file.startsWith("pkg/src/cli/"));
  return files.flatMap(({ file, text }) => {
    const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const area = areaOf(file);
    const found = [];
    const add = (code, sentence, advice = "fix_call") => {
      if (CODE.test(code)) found.push({ code, sentence, advice, area, file });
    };
    const words = spoken(ts, tree);
    const visit = (node) => {
      if (ts.isObjectLiteralExpression(node)) ofParts(ts, node, words, add);
      if (ts.isCallExpression(node)) ofCall(ts, node, words, add);
      ts.forEachChild(node, visit);
    };
    visit(tree);
    return [...found, ...ofProblems(file, text, area)];
  });
}

/** `{ code: "…", message: …, advice: "…" }`, wherever it stands: an error, a refusal, or what one is made of. */
function ofParts(ts, parts, words, add) {
  const member = (name) => {
    const property = parts.properties.find((each) => each.name?.getText() === name);
    return property === undefined || ts.isShorthandPropertyAssignment(property) ? property?.name : property.initializer;
  };
  const [code, message, what, advice] = ["code", "message", "what", "advice"].map(member);
  const advised = literals(ts, advice).slice(0, 1);
  for (const each of literals(ts, code)) {
    if (message !== undefined) add(each, words(message), ...advised);
    // Of a part that is loaded on demand only what and where are told (shell/on-demand.ts).
    else if (what !== undefined) add(each, `${words(what)} are kept in a file of their own, and the message has the import that loads it`, ...advised);
  }
  // A code that is made of a key of the table which the sentence is taken from.
  if (code === undefined || !ts.isTemplateExpression(code) || message === undefined || !ts.isElementAccessExpression(message)) return;
  for (const [key, sentence] of words.table(message.expression)) add(`${code.head.text}${key}`, sentence, ...advised);
}

/** Functions that make an error of a code: which argument is the code, and what is said with the others. */
const MAKERS = {
  refusal: (args, words) => `{argument}: {found} ${words(args[3])}`,
  refused: (args, words) => words(args.at(-1)),
};

function ofCall(ts, node, words, add) {
  const say = MAKERS[node.expression.getText()];
  if (say === undefined || node.arguments.length < 2) return;
  for (const code of literals(ts, node.arguments[0])) add(code, say(node.arguments, words));
}

/** The strings an expression can be: itself, or both sides of a choice. */
function literals(ts, node) {
  if (node === undefined) return [];
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (ts.isConditionalExpression(node)) return [...literals(ts, node.whenTrue), ...literals(ts, node.whenFalse)];
  return ts.isParenthesizedExpression(node) ? literals(ts, node.expression) : [];
}

/** How an expression reads, with `{name}` for what is only known later; constants are looked up. */
function spoken(ts, tree) {
  const constants = new Map();
  const gather = (node) => {
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined) constants.set(node.name.getText(), node.initializer);
    ts.forEachChild(node, gather);
  };
  gather(tree);
  const words = (node, depth = 0) => {
    if (node === undefined || depth > 5) return "";
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
    if (ts.isParenthesizedExpression(node)) return words(node.expression, depth);
    if (ts.isConditionalExpression(node)) return words(node.whenTrue, depth) || words(node.whenFalse, depth);
    if (ts.isBinaryExpression(node)) return words(node.left, depth) + words(node.right, depth);
    if (ts.isTemplateExpression(node)) {
      return node.head.text + node.templateSpans.map(({ expression, literal }) => words(expression, depth + 1) + literal.text).join("");
    }
    const constant = ts.isIdentifier(node) ? constants.get(node.text) : undefined;
    const looked = constant === undefined ? "" : words(constant, depth + 1);
    return looked !== "" && !looked.startsWith("{") ? looked : `{${nameOf(node.getText())}}`;
  };
  words.table = (node) => {
    const rows = constants.get(node.getText());
    if (rows === undefined || !ts.isObjectLiteralExpression(rows)) return [];
    return rows.properties.map(({ name, initializer }) => [name.getText(), words(initializer)]);
  };
  return words;
}

/** What a gap is called: the last name in the expression. */
function nameOf(text) {
  return [...text.matchAll(/[A-Za-z_]\w*/g)].map(([name]) => name).filter((name) => !["String", "JSON", "stringify", "shown", "join", "this"].includes(name)).at(0) ?? "value";
}

/** The problems an endpoint answers with stand in a table by code. */
function ofProblems(file, text, area) {
  if (file !== "pkg/src/idempotency/problems.ts") return [];
  const rows = text.matchAll(/^ {2}([a-z_]+): \[\s*(\d+),\s*"((?:[^"\\]|\\.)+)"/gm);
  return [...rows].map(([, code, status, detail]) => ({ code, sentence: `${detail} (HTTP ${status})`, advice: status === "409" || status === "503" ? "wait" : "fix_call", area, file }));
}

/** Causes that a diagnosis names. */
function diagnoses() {
  const text = readFileSync(at("src/webhook/diagnose/words.rs"), "utf8");
  const constants = new Map([...text.matchAll(new RegExp(String.raw`const (\w+): &str = (${LITERAL});`, "g"))].map(([, name, value]) => [name, unquoted(value)]));
  const asides = new Map([...(/const ASIDES[^=]*= &\[([\s\S]*?)\];/.exec(text)?.[1] ?? "").matchAll(new RegExp(String.raw`\("(\w+)", (${LITERAL})\)`, "g"))].map(([, name, value]) => [name, unquoted(value)]));
  const causes = new Map();
  for (const [, code, sentence, fix] of text.matchAll(new RegExp(String.raw`code: "([a-z0-9_]+)",\s*sentence: (${LITERAL}),\s*fix: (${LITERAL}|\w+),`, "g"))) {
    if (causes.has(code)) continue;
    const advice = fix.startsWith('"') ? unquoted(fix) : constants.get(fix);
    if (advice === undefined) throw new Failure(`the fix of ${code} is ${fix}, which is no constant of words.rs`);
    const filled = advice.replaceAll(/\{(\w+)\}/g, (gap, name) => asides.get(name) ?? gap);
    causes.set(code, `| \`${code}\` | ${cell(unquoted(sentence))} | ${cell(filled)} |`);
  }
  const rows = [...causes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  const head = "`tillproof verify` and `diagnose()` name the cause of a refusal, where one can be found out (docs/webhooks.md).";
  return `## Causes that a diagnosis names\n\n${head}\n\n| Code | What happened | What to do |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
}

if (process.argv[1] === import.meta.filename) await main(async () => writeFileSync(at(PAGE), errorPage()));
