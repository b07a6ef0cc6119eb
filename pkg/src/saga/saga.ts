/**
 * The driver of sagas: stores first, runs second, reports what became of it.
 *
 * Invariant: no step and no compensation runs that was not stored before by compare-and-set, nor after the lease that came
 * with it. A lost race means that another process moved the saga; the driver reloads it and asks the engine again.
 */

import { TillproofError } from "../shell/errors.js";
import { count, onlyKnown, text, timeMs } from "../shell/guard.js";
import { tell, unheard } from "../shell/listener.js";
import type { Store, Write } from "../stores/store.js";
import { toldStore } from "../stores/told.js";
import { TIMER_MS_MAX, following, hex, sleep, untilAborted } from "../payments/host.js";
import { attempted, resultsOf } from "./attempt.js";
import { turn, type JournalEntry, type Round, type SagaView, type SettingsDocument, type StepNews, type Turn } from "./engine.js";
import {
  checkedOptions, LEASE_SLACK_MS, settingsOf, timeoutOf,
  type SagaDocument, type SagaOptions, type SagaOutcome, type SagaStep, type SagaTransition, type SagaWait,
} from "./settings.js";

const WAIT_MS = 30_000;
const WATCH_EVERY_MS = 1_000;

/** Sagas a sweep drives at once. */
const SWEEP_CONCURRENCY = 8;

/** A saga as it was read; version 0 when there is none yet. */
interface Loaded {
  readonly version: number;
  readonly journal: readonly JournalEntry[];
}

/** What a round adds to what every round has. */
type Question = Pick<Round, "open" | "same_as" | "cancel" | "resume" | "news" | "owner">;

/** One kind of saga in one store. Made by {@link defineSaga}. */
export class Saga<Input> {
  readonly #options: SagaOptions<Input>;
  readonly #store: Store;
  readonly #steps: ReadonlyMap<string, SagaStep<Input>>;
  readonly #prefix: string;
  readonly #settings: SettingsDocument;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  readonly #random: (bytes: Uint8Array) => void;
  readonly #onError: NonNullable<SagaOptions<Input>["onError"]>;
  /** Names this process in leases; a new one each time, since a restarted process must not trust its old leases. */
  readonly #owner = crypto.randomUUID();
  /** Drives under way, so that two calls of one process join instead of racing. */
  readonly #driving = new Map<string, Promise<SagaView>>();
  /** Ends the pause of a drive when somebody resumed the saga. */
  readonly #pauses = new Map<string, AbortController>();

  /** Use {@link defineSaga}. */
  constructor(options: SagaOptions<Input>) {
    this.#options = checkedOptions(options);
    this.#store = toldStore(options.store, "the saga goes on when it answers again; ask again with the same id");
    this.#steps = new Map(options.steps.map((step) => [step.name, step]));
    this.#prefix = `saga/${encodeURIComponent(options.name)}/`;
    this.#settings = settingsOf(options);
    this.#timeoutMs = timeoutOf(options);
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? ((target) => void crypto.getRandomValues(target as Uint8Array<ArrayBuffer>));
    this.#onError = options.onError ?? ((error, saga) => console.error("tillproof: a saga could not go on:", error, saga));
    // What no saga can be made of is refused here, and not at the first order.
    this.#turn({ version: 0, journal: [] }, { open: this.#opening("check", "null") });
  }

  /**
   * Begins a saga, or waits on with one that was begun: the same id is the same saga, for ever. Resolves to what became
   * of it within `waitMs`. Throws `saga_mismatch` when the id was used with another input.
   */
  async run(id: string, input: Input, options: SagaWait = {}): Promise<SagaOutcome> {
    const wait = checkedWait(options);
    const key = this.#key(id);
    const json = inputText(input);
    await this.#change(key, (loaded) => (loaded === null ? { open: this.#opening(id, json) } : { same_as: json }));
    return this.#driveWithin(key, wait);
  }

  /** What is known of a saga; `null` when there is none of this id. Runs nothing. */
  async find(id: string): Promise<SagaOutcome | null> {
    const loaded = await this.#load(this.#key(id));
    return loaded === null ? null : outcomeOf(this.#turn(loaded, {}));
  }

  /** Looks again now: wakes a parked saga, for instance when a webhook came, and releases one that was in review. */
  async resume(id: string, options: SagaWait = {}): Promise<SagaOutcome> {
    const wait = checkedWait(options);
    const key = this.#key(id);
    await this.#change(key, (loaded) => ({ ...known(id, loaded), resume: true }));
    this.#pauses.get(key)?.abort();
    return this.#driveWithin(key, wait);
  }

  /** Has a saga taken back. What may be running, and what the outside decides, is waited for first. */
  async cancel(id: string, reason: string, options: SagaWait = {}): Promise<SagaOutcome> {
    const wait = checkedWait(options);
    const key = this.#key(id);
    const why = text("reason", reason).slice(0, 1_000);
    await this.#change(key, (loaded) => ({ ...known(id, loaded), cancel: why }));
    this.#pauses.get(key)?.abort();
    return this.#driveWithin(key, wait);
  }

  /**
   * Drives every saga that is due: those of crashed processes, and those nobody waits for. Resolves to how many were
   * looked at. What fails is told to `onError`; it rejects only when the store cannot be asked at all.
   */
  async sweep(options: { readonly limit?: number; readonly signal?: AbortSignal } = {}): Promise<number> {
    const { limit, signal } = onlyKnown("options", options, ["limit", "signal"]);
    const due = await this.#store.due(this.#prefix, this.#now(), count("limit", limit ?? 100, 1));
    const waiting = due.map(({ key }) => key).filter((key) => !this.#driving.has(key));
    const looked = waiting.length;
    const worker = async (): Promise<void> => {
      for (let key = waiting.shift(); key !== undefined && signal?.aborted !== true; key = waiting.shift()) {
        await this.#driveWithin(key, { waitMs: 0 }).catch((error: unknown) => this.#tell(error));
      }
    };
    await Promise.all(Array.from({ length: Math.min(SWEEP_CONCURRENCY, looked) }, worker));
    return looked;
  }

  /** Sweeps every `everyMs` (1,000 when left out) until the signal aborts. Never rejects. */
  async watch(options: { readonly everyMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    const { everyMs, signal = new AbortController().signal } = onlyKnown("options", options, ["everyMs", "signal"]);
    const pause = count("everyMs", everyMs ?? WATCH_EVERY_MS, 1);
    while (!signal.aborted) {
      await this.sweep({ signal }).catch((error: unknown) => this.#tell(error));
      await sleep(pause, signal);
    }
  }

  /** Asks the engine, and stores what it says, until nobody else was faster. */
  async #change(key: string, question: (loaded: Loaded | null) => Question): Promise<Turn> {
    for (;;) {
      const loaded = await this.#load(key);
      const asked = question(loaded);
      const answer = this.#turn(loaded ?? { version: 0, journal: [] }, asked);
      if (await this.#keep(key, loaded ?? { version: 0, journal: [] }, answer)) return answer;
      await sleep(this.#entropyByte() >> 4);
    }
  }

  async #driveWithin(key: string, { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal }): Promise<SagaOutcome> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), Math.min(waitMs, TIMER_MS_MAX));
    const unfollow = signal && following(patience, signal);
    const impatient = patience.signal;
    try {
      const drive = this.#join(key, impatient, waitMs === 0);
      if (waitMs === 0) await drive;
      else await untilAborted(drive, impatient);
      const loaded = await this.#load(key);
      return outcomeOf(this.#turn(loaded ?? lost(key), {}));
    } finally {
      clearTimeout(timer);
      unfollow?.();
      patience.abort();
    }
  }

  /** One drive at a time for each saga of this process; later callers wait for the same one. */
  #join(key: string, impatient: AbortSignal, once: boolean): Promise<SagaView> {
    const running = this.#driving.get(key);
    if (running !== undefined) {
      return running.then((view) => (isOver(view) || impatient.aborted || once ? view : this.#join(key, impatient, once)));
    }
    const drive = this.#drive(key, impatient, once).finally(() => this.#driving.delete(key));
    this.#driving.set(key, drive);
    return drive;
  }

  /** Drives until there is nothing to do, or nobody waits. A sweep drives until there is nothing to do now. */
  async #drive(key: string, impatient: AbortSignal, once: boolean): Promise<SagaView> {
    let news: StepNews | undefined;
    for (;;) {
      const loaded = (await this.#load(key)) ?? lost(key);
      // News is stored whoever waits, but nothing new is begun for a caller who left.
      const left = impatient.aborted && !once;
      const asked = this.#now();
      const answer = this.#turn(loaded, { ...(news === undefined ? {} : { news }), ...(left ? {} : { owner: this.#owner }) });
      // A step that is not defined here must not be counted as tried.
      const step = answer.action.type === "run" ? this.#stepOf(answer.saga) : undefined;
      if (!(await this.#keep(key, loaded, answer))) {
        await sleep(this.#entropyByte() >> 4);
        continue;
      }
      news = undefined;
      const { action, saga } = answer;
      if (left || action.type === "rest") return saga;
      if (action.type === "wait") {
        if (once) return saga;
        await this.#pause(key, action.until - this.#now(), impatient);
      } else if (step === undefined || this.#now() - asked > LEASE_SLACK_MS / 2) {
        // A process that was frozen after the store answered may wake when the step is another's.
        news = { step: saga.step, back: saga.back, attempt: action.attempt, type: "failed", reason: "lease_unsure" };
      } else {
        const tell = (error: unknown): void => this.#tell(error, { id: saga.id, step: saga.step });
        news = await attempted({ step, view: saga, action, timeoutMs: this.#timeoutMs, tell });
      }
    }
  }

  async #pause(key: string, milliseconds: number, impatient: AbortSignal): Promise<void> {
    const pause = new AbortController();
    this.#pauses.set(key, pause);
    await sleep(Math.max(0, milliseconds), AbortSignal.any([impatient, pause.signal]));
    this.#pauses.delete(key);
  }

  #stepOf({ step, back, id }: SagaView): SagaStep<Input> {
    const found = this.#steps.get(step);
    if (found !== undefined && (!back || found.undo !== undefined)) return found;
    throw new TillproofError({
      code: "saga_definition_changed",
      message:
        `the saga ${JSON.stringify(id)} was begun with a ${back ? "compensation of the " : ""}step ${JSON.stringify(step)} ` +
        "that is no longer defined: keep it until the sagas that were begun with it are over",
      details: { id, step },
    });
  }

  #turn(loaded: Loaded, question: Question): Turn {
    const journal = question.open === undefined ? { journal: loaded.journal } : {};
    const entropy = new Uint8Array(16);
    this.#random(entropy);
    return turn({ now: timeMs("now", this.#now()), entropy: hex(entropy), settings: this.#settings, ...journal, ...question });
  }

  async #load(key: string): Promise<Loaded | null> {
    const record = await this.#store.get(key);
    if (record === null) return null;
    const document = JSON.parse(record.value) as SagaDocument;
    if (document.v === 1) return { version: record.version, journal: document.journal };
    throw new TillproofError({
      code: "saga_of_later_version",
      message: `the record ${key} was written by a later version of tillproof: run that version here too`,
      details: { key, version: String(document.v) },
    });
  }

  /** Stores what a round added, with what others are told of it; `false` when another process was faster. */
  async #keep(key: string, loaded: Loaded, { append, wake_at, saga }: Turn): Promise<boolean> {
    if (append.length === 0) return true;
    const document: SagaDocument = { v: 1, journal: [...loaded.journal, ...append] };
    const write: Write = { key, expected: loaded.version, value: JSON.stringify(document), wakeAt: wake_at };
    const messages = await this.#messages(key, saga, append, document.journal.length);
    if (!(await this.#store.commit([write, ...messages]))) return false;
    if (messages.length > 0) this.#options.outbox?.nudge();
    this.#told(saga, append, document.journal);
    return true;
  }

  /** The end of a saga is told in the commit that makes it the end. */
  async #messages(key: string, saga: SagaView, append: readonly JournalEntry[], position: number): Promise<readonly Write[]> {
    const { outbox } = this.#options;
    const ended = isOver(saga) && append.some(({ type }) => type !== "released");
    if (outbox === undefined || !ended) return [];
    const { name, id, turned: reason } = saga;
    const payload = { saga: name, id, status: saga.state, ...(reason === undefined ? {} : { reason }), results: resultsOf(saga) };
    return outbox.writes([{ type: `saga.${saga.state}`, stream: key, position, payload }], { now: timeMs("now", this.#now()) });
  }

  #told({ name, id, state, step, back }: SagaView, append: readonly JournalEntry[], journal: readonly JournalEntry[]): void {
    const { onTransition } = this.#options;
    if (onTransition === undefined) return;
    const entries = append.map(({ type }) => String(type));
    const transition: SagaTransition = {
      name, id, state, step, back, entries, at: Number(append.at(-1)?.["at"]), openedAt: Number(journal[0]?.["at"]),
    };
    tell(() => onTransition(transition), (error) => this.#tell(error, { id, step }));
  }

  #tell(error: unknown, saga?: { readonly id: string; readonly step: string }): void {
    // Whoever listens must not be able to stop a saga.
    tell(() => this.#onError(error, saga), unheard);
  }

  #opening(id: string, input: string): NonNullable<Round["open"]> {
    const steps = this.#options.steps.map((step) => ({ name: step.name, undo: step.undo !== undefined }));
    return { name: this.#options.name, id, steps, input };
  }

  #key(id: string): string {
    return this.#prefix + encodeURIComponent(text("id", id));
  }

  #entropyByte(): number {
    const byte = new Uint8Array(1);
    this.#random(byte);
    return byte[0] ?? 0;
  }
}

/** A kind of saga. Throws `saga_definition_invalid`, or what names an option that cannot work. */
export function defineSaga<Input = unknown>(options: SagaOptions<Input>): Saga<Input> {
  return new Saga(options);
}

function isOver({ state }: SagaView): boolean {
  return state === "completed" || state === "compensated" || state === "needs_review";
}

function outcomeOf({ saga, wake_at }: Turn): SagaOutcome {
  const base = { id: saga.id, results: resultsOf(saga) };
  switch (saga.state) {
    case "completed":
      return { status: "completed", ...base };
    case "compensated":
      return { status: "compensated", ...base, reason: saga.turned ?? "" };
    case "needs_review":
      return { status: "needs_review", ...base, step: saga.step, reason: saga.reason ?? "" };
    default: {
      const reason = saga.reason ?? saga.turned ?? saga.cancelled;
      return {
        status: "pending",
        ...base,
        step: saga.step,
        back: saga.back,
        parked: saga.state === "parked",
        ...(reason === undefined ? {} : { reason }),
        ...(wake_at === null ? {} : { nextCheckAt: wake_at }),
      };
    }
  }
}

function checkedWait(options: SagaWait): { readonly waitMs: number; readonly signal?: AbortSignal } {
  const { waitMs, signal } = onlyKnown("options", options, ["waitMs", "signal"]);
  return { waitMs: count("waitMs", waitMs ?? WAIT_MS), ...(signal === undefined ? {} : { signal }) };
}

/** The input as it is stored and compared: plain JSON with its members in order. */
function inputText(input: unknown): string {
  try {
    const json = JSON.stringify(sorted(input ?? null));
    if (json !== undefined) return json;
  } catch (cause) {
    throw notPlain(cause);
  }
  throw notPlain();
}

function sorted(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const plain: unknown = typeof (value as { toJSON?: unknown }).toJSON === "function" ? JSON.parse(JSON.stringify(value)) : value;
  if (plain !== value) return sorted(plain);
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, sorted(member)]));
}

function notPlain(cause?: unknown): TillproofError {
  return new TillproofError({ code: "saga_input_invalid", message: "input: it cannot be written as JSON: pass plain values", cause });
}

function known(id: string, loaded: Loaded | null): object {
  if (loaded !== null) return {};
  throw new TillproofError({
    code: "saga_unknown",
    message: `no saga is called ${JSON.stringify(id.slice(0, 80))}: begin it with run`,
    details: { id: id.slice(0, 200) },
  });
}

function lost(key: string): never {
  throw new TillproofError({
    code: "saga_lost",
    message: "the store no longer has a saga it had before: was it restored from a backup or truncated?",
    advice: "reconcile",
    details: { key },
  });
}
