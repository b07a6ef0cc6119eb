import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { COMMANDS, type Command } from "../../pkg/src/cli/commands.js";
import { helpOf, overview } from "../../pkg/src/cli/help.js";
import { expected, meant } from "../../pkg/src/cli/meant.js";
import { paintOf } from "../../pkg/src/cli/paint.js";
import { schemeNamed } from "../../pkg/src/cli/scheme.js";
import { flags } from "../../pkg/src/cli/usage.js";
import { beProgram, type Ended, tillproofOf } from "./cli-program.js";

await beProgram();
const tillproof = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> => tillproofOf(fileURLToPath(import.meta.url), args, { env });

const folder = mkdtempSync(join(tmpdir(), "tillproof-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const commands: [name: string, command: Command][] = Object.entries(COMMANDS);
const plain = paintOf({}, {});

/** A line of a shell as words; ours need no more than quotes. */
const wordsOf = (line: string): string[] => line.split(" ");

test("every command explains every flag of its, and each example is one that it takes", () => {
  assert.ok(commands.length >= 7);
  for (const [name, command] of commands) {
    const help = helpOf(name, command, plain);
    assert.ok(command.examples.length > 0, name);
    for (const flag of Object.keys(command.flags)) assert.ok(help.includes(`--${flag}`), `${name} --${flag}`);
    for (const [word, says] of Object.entries(command.arguments ?? {})) assert.ok(help.includes(`  ${word} `) && help.includes(says.slice(0, 30)), `${name} ${word}`);
    for (const { line } of command.examples) {
      assert.ok(help.includes(line), line);
      const scheme = /--scheme (\S+)/.exec(line)?.[1];
      if (scheme !== undefined) assert.equal(schemeNamed(scheme), scheme, line);
      const [first, second, ...rest] = wordsOf(line.replace(/^source <\((.*)\)$/, "$1").replace(/ > .*$/, ""));
      assert.deepEqual([first, second], ["tillproof", name]);
      // Throws for what the command would not take.
      const [word = "", ...after] = rest;
      if (command.arguments !== undefined) assert.ok(Object.hasOwn(command.arguments, word), line);
      flags(command.arguments === undefined ? rest : after, command.flags);
    }
    for (const row of help.split("\n").filter((each) => !/^ {2}tillproof|https?:/.test(each))) assert.ok(row.length <= 100, row);
  }
});

test("a word that is nearly one of those there are is told beside them", () => {
  const known = ["--ledger", "--ledger-format", "stripe-v1", "square", "reconcile"];
  const cases: [typed: string, meant: string | undefined][] = [
    ["stripe", "stripe-v1"],
    ["Stripe-V1", "stripe-v1"],
    ["--ledgr", "--ledger"],
    ["--legder", "--ledger"],
    ["reconsile", "reconcile"],
    ["sqare", "square"],
    ["sq", undefined],
    ["paypal", undefined],
    ["x".repeat(80), undefined],
  ];
  for (const [typed, word] of cases) {
    assert.equal(meant(typed, known), word, typed);
    assert.equal(expected(typed, known), `${word === undefined ? "" : `did you mean ${word}? `}expected ${known.join(", ")}`);
  }
});

test("help is the same by every way to ask for it", async () => {
  const [asked, long, short] = await Promise.all([tillproof(["help"]), tillproof(["--help"]), tillproof(["-h"])]);
  assert.deepEqual([asked, long], [short, short]);
  assert.deepEqual(short, { status: 0, out: overview(plain), err: "" });
  const [named, flagged] = await Promise.all([tillproof(["help", "doctor"]), tillproof(["doctor", "--json", "--help"])]);
  assert.deepEqual(named, flagged);
  assert.deepEqual(named, { status: 0, out: helpOf("doctor", COMMANDS.doctor, plain), err: "" });
  const unknown = await tillproof(["help", "doktor"]);
  assert.deepEqual([unknown.status, unknown.out], [2, ""]);
  assert.match(unknown.err, /^tillproof: there is no command "doktor": did you mean doctor\? expected verify, .*\n$/);
});

test("without a command one is taught, and a script is told", async () => {
  const { status, out, err } = await tillproof([]);
  assert.equal(status, 2);
  assert.equal(out, overview(plain));
  assert.match(err, /^tillproof: no command was given: expected verify, [^\n]*\n$/);
});

test("colours are for terminals, and not for those who do not want them", () => {
  const table: [isTTY: boolean, env: Record<string, string>, coloured: boolean][] = [
    [true, {}, true],
    [true, { NO_COLOR: "" }, true],
    [true, { NO_COLOR: "1" }, false],
    [true, { TERM: "dumb" }, false],
    [false, {}, false],
    [false, { FORCE_COLOR: "1" }, false],
  ];
  for (const [isTTY, env, coloured] of table) {
    const text = overview(paintOf({ isTTY }, env));
    assert.equal(text.includes("\u001b["), coloured, JSON.stringify([isTTY, env]));
    assert.equal(text.replaceAll(/\u001b\[\d+m/g, ""), overview(plain));
  }
});

test("a completion script is asked for by the name of the shell", async () => {
  for (const [args, line] of [
    [[], /no shell was named: expected bash, zsh, fish/],
    [["tcsh"], /there is no script for "tcsh": expected bash, zsh, fish/],
    [["bash", "zsh"], /there is no script for "bash zsh"/],
  ] as const) {
    const { status, out, err } = await tillproof(["completion", ...args]);
    assert.deepEqual([status, out], [2, ""]);
    assert.match(err, line);
  }
});

test("every script knows every command and every flag", async () => {
  for (const shell of Object.keys(COMMANDS.completion.arguments)) {
    const { out } = await tillproof(["completion", shell]);
    for (const [name, { flags: known }] of commands) {
      assert.ok(out.includes(name), `${shell}: ${name}`);
      for (const flag of Object.keys(known)) assert.match(out, new RegExp(`(?:--|-l )${flag}\\b`), `${shell}: ${name} --${flag}`);
    }
  }
});

test("bash completes what the script says", async () => {
  const { out: script } = await tillproof(["completion", "bash"]);
  const file = join(folder, "completion.bash");
  writeFileSync(file, script);
  // typed, with the word under the cursor last, and what is offered
  const table: [typed: string, offered: string][] = [
    ["tillproof rec", "reconcile"],
    ["tillproof help do", "doctor"],
    ["tillproof verify --sec", "--secret --secret-env"],
    ["tillproof simulate --dialect ", "native stripe both"],
    ["tillproof simulate --faults black", "blackout"],
    ["tillproof completion z", "zsh"],
    ["tillproof reconcile --bank-format c", "csv camt.053 camt.054"],
    ["tillproof verify --body compl", "completion.bash"],
    ["tillproof verify --secret s", ""],
  ];
  for (const [typed, offered] of table) {
    const words = wordsOf(typed).map((word) => `'${word}'`).join(" ");
    const program = `. ./completion.bash; COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _tillproof; echo "\${COMPREPLY[*]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", program], { cwd: folder, encoding: "utf8" });
    assert.deepEqual([stdout.trim(), stderr], [offered, ""], typed);
  }
});

test("zsh and fish read their scripts, where they are installed", async (context) => {
  let tried = 0;
  for (const shell of ["zsh", "fish"]) {
    const { out } = await tillproof(["completion", shell]);
    const file = join(folder, `completion.${shell}`);
    writeFileSync(file, out);
    const { status, stderr, error } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    if (error !== undefined) continue;
    tried += 1;
    assert.deepEqual([status, stderr], [0, ""], shell);
  }
  if (tried < 2) context.diagnostic(`${2 - tried} of the two shells is not installed here`);
});

test("fish offers what the script says, where it is installed", async (context) => {
  const { out } = await tillproof(["completion", "fish"]);
  const file = join(folder, "offered.fish");
  writeFileSync(file, out);
  const offered = (typed: string): { stdout: string; error?: Error } =>
    spawnSync("fish", ["--no-config", "-c", `source ${file}; complete -C '${typed}'`], { encoding: "utf8", cwd: folder });
  const first = offered("tillproof rec");
  if (first.error !== undefined) return context.skip("fish is not installed here");
  assert.match(first.stdout, /^reconcile\tcompares your ledger/m);
  assert.match(offered("tillproof simulate --dialect ").stdout, /^both\b[^]*^native\b[^]*^stripe\b/m);
  assert.match(offered("tillproof verify --sec").stdout, /^--secret\t[^]*^--secret-env\t/m);
});

test("every command line in the pages is one that the program takes", () => {
  const pages = ["README.md", ...readdirSync("docs", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md")).map((name) => join("docs", name))];
  let lines = 0;
  for (const page of pages) {
    const code = [...readFileSync(page, "utf8").replaceAll("\\\n", " ").matchAll(/^```(?:sh|bash|console)[^\n]*\n([^]*?)^```$|`([^`\n]+)`/gm)];
    for (const { line, inline } of code.flatMap(([, block = "", inline = ""]) => [...block.split("\n").map((line) => ({ line, inline: false })), { line: inline, inline: true }])) {
      const [, name = "", rest = ""] = /^(?:\$ )?(?:npx )?tillproof ([a-z]+)((?: [^#|>;&]*)?)/.exec(line.trim()) ?? [];
      // Spans of OpenTelemetry are called `tillproof charge` and the like.
      if (name === "" || (inline && !Object.hasOwn(COMMANDS, name))) continue;
      lines += 1;
      if (name === "help") continue;
      assert.ok(Object.hasOwn(COMMANDS, name), `${page}: ${line}`);
      const command: Command = COMMANDS[name as keyof typeof COMMANDS];
      const words = (rest.match(/"[^"]*"|\S+/g) ?? []).filter((word) => !/^(?:\[|\.\.\.|…)/.test(word));
      if (command.arguments === undefined) assert.doesNotThrow(() => flags(words, command.flags), `${page}: ${line}`);
    }
  }
  assert.ok(lines >= 12, `only ${lines} command lines were found`);
});
