/**
 * The queue of breaks: what runs found, what people decided, and what the ledger was told.
 *
 * Invariant: nothing is adjusted silently. An entry reaches the ledger only after its approval is stored, under an id made
 * of break and proposal and with a cause that names both and who approved; posting it again after a crash posts nothing.
 */

import { toDocument, type EntryInput } from "../ledger/entry.js";
import type { PostResult } from "../ledger/answers.js";
import { BREAK_KINDS, isBreakKind } from "../reconcile/kinds.js";
import type { BreakKind, Report } from "../reconcile/report.js";
import { isTillproofError, TillproofError } from "../shell/errors.js";
import { count, flag, fn, onlyKnown, refusal, text, timeMs } from "../shell/guard.js";
import { storeShape } from "../stores/rules.js";
import type { Store } from "../stores/store.js";
import { toldStore } from "../stores/told.js";
import { caseOf, kindOf, type Case, type ProposedEntry } from "./case.js";
import { step, type CaseState, type CaseView, type Command } from "./engine.js";
import { Keeper, type Kept } from "./keeper.js";
import { lastRun, RunRecord, taken, type LastRun, type Synced } from "./runs.js";
import { wholeReport } from "./whole-report.js";

/** What of a ledger is needed; a `Ledger` of `tillproof/ledger` is one. */
export interface PostingLedger {
  post(entry: EntryInput): Promise<PostResult>;
}

/** How a queue is opened. */
export interface QueueOptions {
  readonly store: Store;
  /** Several queues share a store by name, one for each thing that is reconciled as a whole; `main` when left out. */
  readonly name?: string | undefined;
  /** Where approved entries are posted; without it they wait for a {@link BreakQueue.settle} of a process that has one. */
  readonly ledger?: PostingLedger | undefined;
  /** Whether somebody else has to approve than who proposed; `true` when left out. */
  readonly fourEyes?: boolean | undefined;
  /** Stands in for `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Which cases are asked for: those that are not over, where nothing is said. */
export interface CaseFilter {
  /** One state, several, or `all`. */
  readonly state?: CaseState | readonly CaseState[] | "all" | undefined;
  /** Whose; `null` for those of nobody. */
  readonly assignee?: string | null | undefined;
  readonly kind?: BreakKind | undefined;
  /** Most cases; 1,000 when left out. */
  readonly limit?: number | undefined;
}

/** What became of approved entries. */
export interface Settled {
  /** Ids of cases whose entry stands in the ledger now. */
  readonly posted: readonly string[];
  /** Ids of cases whose entry the ledger refused; they are open again. */
  readonly refused: readonly string[];
}

/** How a queue stands. */
export interface QueueFigures {
  readonly name: string;
  /** Cases by state. */
  readonly cases: Readonly<Record<CaseState, number>>;
  /** Age of the oldest case that is not over, in milliseconds; 0 without one. */
  readonly oldestAgeMs: number;
  /** The run that was taken over last. */
  readonly lastRun: LastRun | null;
}

const STATES: readonly CaseState[] = ["open", "proposed", "approved", "resolved", "gone"];
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const LIMIT = 1_000;

/** Errors of a ledger that say something about the entry, so that trying again later would change nothing. */
const FINAL = "fix_call";

/** A queue in a store. Made by {@link openQueue}. */
export class BreakQueue {
  /** The name among the queues of its store. */
  readonly name: string;
  readonly #keeper: Keeper;
  readonly #runs: RunRecord;
  readonly #ledger: PostingLedger | undefined;
  readonly #fourEyes: boolean;
  readonly #now: () => number;

  /** Use {@link openQueue}. */
  constructor(options: QueueOptions) {
    onlyKnown("options", options, ["store", "name", "ledger", "fourEyes", "now"]);
    this.name = text("name", options.name ?? "main");
    if (!NAME.test(this.name)) {
      throw refusal("queue_name_invalid", "name", this.name, "is no name of a queue: expected 1 to 64 letters, digits, _ . or -");
    }
    const store = toldStore(storeShape("store", options.store), "nothing was decided; ask again when it answers");
    if (options.ledger !== undefined) fn("ledger.post", options.ledger?.post);
    this.#keeper = new Keeper(store, this.name);
    this.#runs = new RunRecord(store, this.name);
    this.#ledger = options.ledger;
    this.#fourEyes = flag("fourEyes", options.fourEyes) ?? true;
    this.#now = fn("now", options.now ?? Date.now);
  }

  /**
   * Takes a run over: opens cases for new breaks, opens again what returned, and closes as gone what the run no longer has.
   * The report has to be whole: of a part of the files everything else would be gone. Taking the same run over again, after
   * a crash in the middle for instance, changes nothing more. `at` is when the files were read.
   *
   * Throws `run_too_old` where a later run was taken over.
   */
  async sync(report: Report, options: { readonly run: string; readonly at?: number | undefined }): Promise<Synced> {
    const { run, at } = onlyKnown("options", options, ["run", "at"]);
    const name = text("run", run);
    const moment = timeMs("at", at ?? this.#now());
    wholeReport(report);
    await this.#runs.begin(lastRun(report, name, moment));
    return taken(this.#keeper, report, name, moment);
  }

  /** A case with its whole history; `null` where no run had such a break. */
  async find(id: string): Promise<Case | null> {
    const loaded = await this.#keeper.load(text("id", id));
    return loaded === null ? null : caseOf(step(this.#time(), loaded.journal).case, loaded.journal);
  }

  /** Cases, the oldest first. */
  async list(filter: CaseFilter = {}): Promise<Case[]> {
    const { state, assignee, kind, limit } = onlyKnown("filter", filter, ["state", "assignee", "kind", "limit"]);
    const most = count("limit", limit ?? LIMIT, 1);
    const states = state === "all" ? STATES : typeof state === "string" ? [state] : state;
    const unknown = states?.find((one) => !STATES.includes(one));
    if (unknown !== undefined) throw refusal("option_invalid", "state", unknown, `is no state: expected ${STATES.join(", ")} or all`);
    if (kind !== undefined && !isBreakKind(kind)) throw refusal("option_invalid", "kind", kind, `is no kind of break: expected ${BREAK_KINDS.join(", ")}`);
    const now = this.#time();
    const found: Case[] = [];
    // What is not over has an index; the rest is read through.
    const open = states === undefined || states.every((one) => one !== "resolved" && one !== "gone");
    const source = open ? await this.#keeper.waiting() : this.#keeper.all();
    for await (const { journal } of source) {
      const view = step(now, journal).case;
      if (states !== undefined && !states.includes(view.state)) continue;
      if (assignee !== undefined && (view.assignee ?? null) !== assignee) continue;
      if (kind !== undefined && kindOf(view) !== kind) continue;
      found.push(caseOf(view, journal));
    }
    return found.sort((a, b) => a.openedAt - b.openedAt || (a.id < b.id ? -1 : 1)).slice(0, most);
  }

  /** Says who is to look; `to: null` for nobody. */
  assign(id: string, { by, to }: { readonly by: string; readonly to: string | null }): Promise<Case> {
    return this.#command(id, { type: "assign", by: text("by", by), ...(to === null ? {} : { to: text("to", to) }) });
  }

  /** Keeps what somebody says. */
  comment(id: string, said: { readonly by: string; readonly text: string }): Promise<Case> {
    return this.#command(id, { type: "comment", by: text("by", said.by), text: text("text", said.text) });
  }

  /**
   * Proposes an entry; `entryFor` has one for the kinds where one is evident. Throws `proposal_unbalanced`, or what names
   * the member that no entry has.
   */
  propose(id: string, { by, reason, entry }: { readonly by: string; readonly reason: string; readonly entry: ProposedEntry }): Promise<Case> {
    const kept = checkedEntry(entry);
    const mends = entry.facts !== undefined || (entry.links ?? []).some(({ relation }) => relation === "reverses");
    return this.#command(id, { type: "propose", by: text("by", by), reason: text("reason", reason), entry: kept, mends });
  }

  /** Proposes to leave the break as it is and to post nothing: it stays decided while its figures stay. */
  accept(id: string, { by, reason }: { readonly by: string; readonly reason: string }): Promise<Case> {
    return this.#command(id, { type: "propose", by: text("by", by), reason: text("reason", reason), mends: false });
  }

  /** Rejects a proposal, or takes back one's own. `proposal` is the number of the one that was seen. */
  reject(id: string, { by, proposal, reason }: { readonly by: string; readonly proposal: number; readonly reason: string }): Promise<Case> {
    return this.#command(id, { type: "reject", by: text("by", by), proposal: count("proposal", proposal, 1), reason: text("reason", reason) });
  }

  /**
   * Approves a proposal, and posts its entry where the queue has a ledger. `proposal` is the number of the one that was seen:
   * one that was made since is not approved by accident.
   *
   * Throws `proposal_same_person`, `proposal_not_waiting`.
   */
  async approve(id: string, { by, proposal }: { readonly by: string; readonly proposal: number }): Promise<Case> {
    const command: Command = { type: "approve", by: text("by", by), proposal: count("proposal", proposal, 1), four_eyes: this.#fourEyes };
    const kept = await this.#change(id, () => command);
    return shown(this.#ledger === undefined || kept.view.state !== "approved" ? kept : await this.#post(this.#ledger, kept));
  }

  /** Opens again what is resolved or gone. */
  reopen(id: string, { by, reason }: { readonly by: string; readonly reason: string }): Promise<Case> {
    return this.#command(id, { type: "reopen", by: text("by", by), reason: text("reason", reason) });
  }

  /**
   * Posts what is approved and not yet in the ledger: what a process left that died in between, or had no ledger. Throws
   * `queue_without_ledger`, and what the ledger throws for reasons of its own, such as a store that does not answer.
   */
  async settle(options: { readonly ledger?: PostingLedger | undefined } = {}): Promise<Settled> {
    const ledger = onlyKnown("options", options, ["ledger"]).ledger ?? this.#ledger;
    if (ledger === undefined) {
      throw new TillproofError({ code: "queue_without_ledger", message: "there is no ledger to post to: pass { ledger } here or to openQueue" });
    }
    fn("ledger.post", ledger.post);
    const [posted, refused]: [string[], string[]] = [[], []];
    for (const { journal } of await this.#keeper.waiting()) {
      const { case: view } = step(this.#time(), journal);
      if (view.state !== "approved") continue;
      const kept = await this.#post(ledger, { view, journal });
      (kept.view.state === "resolved" ? posted : refused).push(view.id);
    }
    return { posted, refused };
  }

  /** How the queue stands. */
  async figures(): Promise<QueueFigures> {
    const now = this.#time();
    const cases: Record<CaseState, number> = { open: 0, proposed: 0, approved: 0, resolved: 0, gone: 0 };
    let oldest = now;
    for await (const { journal } of this.#keeper.all()) {
      const { case: view } = step(now, journal);
      cases[view.state] += 1;
      if (view.state !== "resolved" && view.state !== "gone") oldest = Math.min(oldest, view.opened_at);
    }
    return { name: this.name, cases, oldestAgeMs: now - oldest, lastRun: await this.#runs.read() };
  }

  async #post(ledger: PostingLedger, { view, journal }: Kept): Promise<Kept> {
    const number = view.proposals.length;
    const proposed = view.proposals[number - 1];
    const approved = [...journal].reverse().find(({ type }) => type === "approved");
    if (proposed?.entry === undefined || approved === undefined) return { view, journal };
    const entry = JSON.parse(proposed.entry) as ProposedEntry;
    const posting: EntryInput = {
      ...entry,
      id: `break:${view.id}:${number}`,
      // The approval's own time, so that the same entry is posted whoever posts it, and whenever.
      occurredAt: entry.occurredAt ?? approved.at,
      cause: `break:${view.id}#${number} approved by ${proposed.approved_by ?? ""}`,
    };
    let said: Command;
    try {
      const answer = await ledger.post(posting);
      said =
        answer.status === "exists_with_different"
          ? { type: "refused", proposal: number, reason: `the ledger has another entry with the id ${posting.id}: ${answer.field} differs` }
          : { type: "posted", proposal: number, position: answer.position };
    } catch (error) {
      if (!isTillproofError(error) || error.advice !== FINAL) throw error;
      said = { type: "refused", proposal: number, reason: `${error.code}: ${error.message}` };
    }
    const news = said;
    // Another process may have posted it, and said so, meanwhile.
    return this.#change(view.id, (now) => (now.state === "approved" && now.proposals.length === number ? news : null));
  }

  async #command(id: string, command: Command): Promise<Case> {
    return shown(await this.#change(id, () => command));
  }

  #change(id: string, command: (view: CaseView) => Command | null): Promise<Kept> {
    return this.#keeper.change(text("id", id), this.#time(), command);
  }

  #time(): number {
    return timeMs("now", this.#now());
  }
}

/** Opens a queue. Throws `store_invalid`, `queue_name_invalid`, or what names an option of the wrong type. */
export function openQueue(options: QueueOptions): BreakQueue {
  return new BreakQueue(options);
}

function shown({ view, journal }: Kept): Case {
  return caseOf(view, journal);
}

/** An entry as it is kept: JSON with amounts as digits, checked as the ledger would. */
function checkedEntry(entry: ProposedEntry): string {
  onlyKnown("entry", entry, ["postings", "description", "occurredAt", "links", "facts"]);
  const { occurredAt, ...rest } = entry;
  const document = toDocument({ ...rest, id: "proposed", cause: "proposed", occurredAt: occurredAt ?? 0, recordedAt: 0 }, () => 0);
  const sums = new Map<string, bigint>();
  for (const { side, amount_minor, currency, layer } of document.postings) {
    const key = `${currency} ${layer ?? "posted"}`;
    sums.set(key, (sums.get(key) ?? 0n) + (side === "debit" ? BigInt(amount_minor) : -BigInt(amount_minor)));
  }
  const open = [...sums].find(([, sum]) => sum !== 0n);
  if (document.postings.length < 2 || open !== undefined) {
    const [key = "", sum = 0n] = open ?? [];
    throw new TillproofError({
      code: "proposal_unbalanced",
      message:
        document.postings.length < 2
          ? `entry.postings: ${document.postings.length} legs are no entry: expected two or more that sum to zero`
          : `entry.postings: debits exceed credits by ${sum} ${key}: expected legs that sum to zero in each currency`,
      details: { legs: String(document.postings.length) },
    });
  }
  return JSON.stringify(entry, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}
