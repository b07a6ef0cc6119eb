/**
 * `tillproof queue ACTION`: breaks on their way to a decision.
 *
 * Invariant: what the command decides is what the queue lets it decide; nothing is posted that no `--ledger` was named for.
 */

import { entryFor, openQueue, type BreakQueue, type Case, type CaseState, type ProposedEntry } from "../investigation/index.js";
import { Ledger } from "../ledger/ledger.js";
import type { BreakKind, Report } from "../reconcile/index.js";
import { isTillproofError } from "../shell/errors.js";
import { COMMANDS, flagsOf, type Flag } from "./commands.js";
import { expected } from "./meant.js";
import { moment } from "./moments.js";
import { addressOf, openStore } from "./store.js";
import { FINE, fileJson, flags, NO, printJson, required, shown, UsageError, wholeNumber } from "./usage.js";

const FLAGS = flagsOf("queue");

type Given = ReturnType<typeof flags<typeof FLAGS>>;

type Action = keyof (typeof COMMANDS)["queue"]["arguments"];

/** What an action answers: a document, how it reads, and the exit status. */
interface Answer {
  readonly document: unknown;
  readonly text: string;
  readonly status?: number;
}

/** Runs the command and gives its exit status. */
export async function runQueue(argv: string[]): Promise<number> {
  const [action, ...rest] = argv;
  if (!isAction(action)) {
    const found = action === undefined ? "no action was named" : `there is no action ${shown(action)}`;
    throw new UsageError(`${found}: ${expected(action ?? "", Object.keys(COMMANDS.queue.arguments))}`);
  }
  const given = flags(rest, FLAGS);
  onlyOf(action, given);
  const { store, close } = await openStore(addressOf(given), action === "sync");
  try {
    const ledger = given.ledger === undefined ? undefined : await Ledger.open({ store, name: given.ledger });
    const queue = openQueue({
      store,
      ledger,
      ...(given.name === undefined ? {} : { name: given.name }),
      fourEyes: given["two-eyes"] !== true,
    });
    const { document, text, status = FINE } = await ACTIONS[action](queue, given);
    if (given.json === true) printJson(document);
    else process.stdout.write(text);
    return status;
  } finally {
    await close();
  }
}

function isAction(word: string | undefined): word is Action {
  return word !== undefined && Object.hasOwn(COMMANDS.queue.arguments, word);
}

/** Refuses what would be ignored, and words that are none: who writes them means something by them. */
function onlyOf(action: Action, given: Given): void {
  for (const [name, { of, words }] of Object.entries<Flag>(FLAGS)) {
    const value = given[name as keyof Given];
    if (value === undefined) continue;
    if (of?.includes(action) === false) throw new UsageError(`--${name} says nothing to ${action}: it belongs to ${of.join(", ")}`);
    if (typeof value === "string" && words?.includes(value) === false) throw new UsageError(`--${name} ${shown(value)}: ${expected(value, words)}`);
  }
  if (given.entry === undefined) return;
  const other = (["gateway", "bank"] as const).find((name) => given[name] !== undefined);
  if (other !== undefined) throw new UsageError(`--entry and --${other}: give one of them, as an entry names its own accounts`);
}

const ACTIONS: Readonly<Record<Action, (queue: BreakQueue, given: Given) => Promise<Answer>>> = {
  sync: async (queue, given) => {
    const path = required("report", given.report);
    const report = fileJson("report", path) as Report;
    const at = given.at === undefined ? undefined : moment("at", given.at);
    const run = required("run", given.run);
    const synced = await ofFile("report", path, "no report of tillproof reconcile --json", () => queue.sync(report, { run, at }));
    const { run: name, ...counts } = synced;
    const words = Object.entries(counts).map(([word, count]) => `${count} ${word}`);
    return { document: synced, text: `${name}: ${words.join(", ")}\n` };
  },
  list: async (queue, given) => {
    const found = await queue.list({
      // Who asks for a list is not to take a part of it for all.
      limit: Number.MAX_SAFE_INTEGER,
      ...(given.state === undefined ? {} : { state: given.state as CaseState | "all" }),
      ...(given.kind === undefined ? {} : { kind: given.kind as BreakKind }),
      ...(given.assignee === undefined ? {} : { assignee: given.assignee }),
    });
    const waits = found.some(({ state }) => state !== "resolved" && state !== "gone");
    return { document: found, text: found.length === 0 ? "nothing waits\n" : found.map(row).join(""), status: waits ? NO : FINE };
  },
  show: async (queue, given) => told(await caseOf(queue, given)),
  assign: async (queue, given) => {
    const { id } = await caseOf(queue, given);
    return told(await queue.assign(id, { by: person(given), to: given.to ?? null }));
  },
  comment: async (queue, given) => {
    const { id } = await caseOf(queue, given);
    return told(await queue.comment(id, { by: person(given), text: required("text", given.text) }));
  },
  propose: async (queue, given) => {
    const found = await caseOf(queue, given);
    const [by, reason, entry] = [person(given), required("reason", given.reason), proposed(found, given)];
    return told(await ofFile("entry", given.entry ?? "", "no entry of the ledger", () => queue.propose(found.id, { by, reason, entry })));
  },
  accept: async (queue, given) => {
    const { id } = await caseOf(queue, given);
    return told(await queue.accept(id, { by: person(given), reason: required("reason", given.reason) }));
  },
  approve: async (queue, given) => {
    const found = await caseOf(queue, given);
    return told(await queue.approve(found.id, { by: person(given), proposal: number(found, given) }));
  },
  reject: async (queue, given) => {
    const found = await caseOf(queue, given);
    return told(await queue.reject(found.id, { by: person(given), proposal: number(found, given), reason: required("reason", given.reason) }));
  },
  reopen: async (queue, given) => {
    const { id } = await caseOf(queue, given);
    return told(await queue.reopen(id, { by: person(given), reason: required("reason", given.reason) }));
  },
  settle: async (queue, given) => {
    required("ledger", given.ledger);
    const settled = await queue.settle();
    const { posted, refused } = settled;
    return { document: settled, text: `${posted.length} posted, ${refused.length} refused\n`, status: refused.length === 0 ? FINE : NO };
  },
};

/** The case whose id begins so: nobody types 32 digits. */
async function caseOf(queue: BreakQueue, given: Given): Promise<Case> {
  const id = required("id", given.id);
  const found = (await queue.find(id)) ?? (await byBeginning(queue, id));
  if (found === undefined) throw new UsageError(`--id ${shown(id)}: no break of this queue begins so`);
  return found;
}

async function byBeginning(queue: BreakQueue, id: string): Promise<Case | undefined> {
  const found = (await queue.list({ state: "all", limit: Number.MAX_SAFE_INTEGER })).filter((one) => one.id.startsWith(id));
  if (found.length > 1) throw new UsageError(`--id ${shown(id)}: ${found.length} breaks begin so; give more of it`);
  return found[0];
}

/** How a refusal begins that is about a member of such a document. */
const MEMBER = { report: /^report\b/, entry: /^(?:entry|postings|description|occurredAt|links|facts)\b/ };

/** Acts on the document in a file; where something in it is refused, the refusal names the file. */
async function ofFile<T>(flag: "report" | "entry", path: string, what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (path === "" || !isTillproofError(error) || !MEMBER[flag].test(error.message)) throw error;
    throw new UsageError(`--${flag} ${shown(path)}: this is ${what}: ${error.message}`);
  }
}

function person(given: Given): string {
  return required("by", given.by ?? process.env["USER"]);
}

function number(found: Case, given: Given): number {
  return given.proposal === undefined ? Math.max(1, found.proposals.length) : wholeNumber("proposal", given.proposal);
}

function proposed(found: Case, given: Given): ProposedEntry {
  if (given.entry !== undefined) return fileJson("entry", given.entry) as ProposedEntry;
  const entry = entryFor(found.break, { gateway: given.gateway ?? "gateway", bank: given.bank });
  if (entry !== null) return entry;
  throw new UsageError(`no entry is evident for ${found.break.kind}: give one with --entry FILE.json`);
}

function told(found: Case): Answer {
  return { document: found, text: shownCase(found) };
}

function row({ id, state, assignee, openedAt, break: { kind, reference, difference_minor, currency } }: Case): string {
  const difference = difference_minor === null ? "" : `${difference_minor} ${currency} minor`;
  const day = new Date(openedAt).toISOString().slice(0, 10);
  return `${id.slice(0, 8)}  ${state.padEnd(8)}  ${day}  ${kind.padEnd(22)}  ${reference.padEnd(20)}  ${difference.padStart(20)}  ${assignee ?? "-"}\n`;
}

function shownCase(found: Case): string {
  const { break: one, proposals, history } = found;
  const lines = [
    `${one.code} ${one.kind}  ${one.reference}  [${found.id}]`,
    `  ${one.explanation}`,
    `  ${found.state}, opened ${time(found.openedAt)}, ${found.assignee === null ? "nobody looks at it" : `${found.assignee} looks at it`}`,
  ];
  for (const { number, by, reason, entry } of proposals) {
    lines.push(`  proposal ${number} by ${by}: ${reason}${entry === null ? " (nothing is posted)" : ""}`);
    for (const { side, account, amount, currency } of entry?.postings ?? []) lines.push(`    ${side.padEnd(6)} ${account}  ${String(amount)} ${currency} minor`);
  }
  for (const { type, at, by, run, to, text, reason, proposal, position } of history) {
    const facts = [by, run === undefined ? undefined : `run ${run}`, to && `to ${to}`, proposal && `proposal ${proposal}`, position && `position ${position}`, text, reason];
    lines.push(`  ${time(at)}  ${type}: ${facts.filter((fact) => fact !== undefined && fact !== "").join(", ")}`);
  }
  return `${lines.join("\n")}\n`;
}

function time(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}
