/**
 * A reconciliation as jobs on a queue: any number of processes, on any number of machines, each make a part of it.
 *
 * Invariant: the report is that of `reconcile` over the same files, whoever made which part, how often, and whoever died at
 * it. A job is a pure function of its files: made twice, it makes the same part. Parts tell the digests of the files they
 * were made of, and parts of different files are not put together.
 *
 * Jobs carry the places of files and not their content: `read` fetches them on the machine that works. A result is the part,
 * deflated; it is removed from the queue when the report is there.
 */

import { count, flag, fn, list, object, onlyKnown, refusal, text, timeMs, type BytesInput } from "../shell/guard.js";
import { isTillproofError, TillproofError, type Advice } from "../shell/errors.js";
import { uuidOf } from "../worker/identity.js";
import { through } from "./compressed.js";
import type { ColumnNames, NamedSource, ReconcileOptions } from "./index.js";
import { checkedFile, placeOf, sourceOf } from "./jobs-files.js";
import { judgeParts, mergeParts, partitionOf } from "./parts.js";
import { proofInput, type ProofInput } from "./proof.js";
import type { ReadOptions } from "./readers.js";
import type { Report } from "./report.js";
import { rulesOf } from "./rules.js";

/** A file that has to be read by a format, a mapping or an encoding: where it is, and what is known of it. */
export interface JobsFile extends Omit<ReadOptions, "name" | "context"> {
  /** As `read` knows it; breaks call the file by it. */
  readonly place: string;
}

/**
 * A run to be made in parts. Files are told by their places: paths, URLs, keys of a bucket, as `read` knows them; a place alone is
 * generic CSV, and a file of a provider or a bank has its format beside it. `onMatch` hears where `run` was called.
 */
export interface JobsRun
  extends Pick<ReconcileOptions, "columns" | "asOf" | "inFlightDays" | "businessDays" | "holidays" | "rules" | "provider" | "onMatch"> {
  /** What the run is called, `2026-03-31` for instance. Asked for again after a crash, it goes on with the parts it has. */
  readonly run: string;
  /** Into how many parts it is cut, 1 to 256: about as many as there are processes to work. */
  readonly parts: number;
  /** The merchant's own books. */
  readonly ledger: readonly (string | JobsFile)[];
  /** The provider's reports. */
  readonly settlement: readonly (string | JobsFile)[];
  /** The bank's statements. */
  readonly bank?: readonly (string | JobsFile)[] | undefined;
}

/** What came of a run. */
export interface JobsResult {
  /** The report of `reconcile`. */
  readonly report: Report;
  /** The files by their digests, as `proofOf` takes them. */
  readonly inputs: readonly ProofInput[];
}

/** How a run is waited for. */
export interface JobsWait {
  /** Gives up waiting; the jobs stay. */
  readonly signal?: AbortSignal | undefined;
  /** How often the queue is asked, in milliseconds; 500 when left out. */
  readonly pollMs?: number | undefined;
}

/** Fetches a file by its place, as the whole of its bytes, compressed or not. Throws where it cannot, and the job comes again. */
export type ReadFile = (place: string) => Promise<BytesInput> | BytesInput;

/** A worker that was started. */
export interface JobsWorker {
  /** Takes no more jobs, and waits for the one it has. */
  stop(): Promise<void>;
}

/** A reconciliation on a queue. Made by `bullmqReconciler` and `pgBossReconciler`. */
export interface Reconciler {
  /** Starts to make parts in this process, one at a time, until it is stopped. */
  work(): Promise<JobsWorker>;
  /**
   * Puts the parts of a run on the queue, waits for them, and judges. Somebody has to work: this process or another.
   *
   * Throws what `reconcile` throws of files that cannot be read, `reconcile_job_failed` when a job failed for good, and
   * `reconcile_files_changed` when parts were made of different files.
   */
  run(run: JobsRun, wait?: JobsWait): Promise<JobsResult>;
  /** Closes what it has opened, and nothing of the caller's. */
  close(): Promise<void>;
}

/** One part to be made. */
export interface PartJob {
  /** A UUID, of run and share. */
  readonly id: string;
  readonly data: PartData;
}

/** The document of a job. */
export interface PartData {
  readonly v: 1;
  readonly index: number;
  readonly run: QueuedRun;
  /** Whether matches are to be told, for which parts keep every row. */
  readonly matches?: true;
}

/** A run as it stands in a job. */
type QueuedRun = Omit<JobsRun, "onMatch">;

/** The document of a result. */
export type PartResult =
  | { readonly v: 1; readonly part: string; readonly inputs: readonly ProofInput[] }
  | { readonly v: 1; readonly refused: { readonly code: string; readonly message: string; readonly advice: Advice; readonly details: Readonly<Record<string, string>> } };

/** Where a job stands. */
export type PartState = { readonly as: "open" | "unknown" } | { readonly as: "done"; readonly result: unknown } | { readonly as: "failed"; readonly reason: string };

/** What an engine has to do. */
export interface PartsEngine {
  /** Adds jobs; one that is there, by its id, stays what it is. */
  add(jobs: readonly PartJob[]): Promise<void>;
  state(id: string): Promise<PartState>;
  remove(ids: readonly string[]): Promise<void>;
  work(make: (data: unknown) => Promise<PartResult>): Promise<JobsWorker>;
  close(): Promise<void>;
}

/** So often is a part begun before its job fails for good. */
export const ATTEMPTS = 20;

/** What is done and never fetched goes after a day, in seconds. */
export const KEPT_SECONDS = 86_400;

const PARTS_MAX = 256;
const POLL_MS = 500;
const SIDES = ["ledger", "settlement", "bank"] as const;

/** The reconciler over an engine. */
export function reconcilerOf(engine: PartsEngine, read: ReadFile): Reconciler {
  fn("read", read);
  return {
    work: () => engine.work((data) => made(data, read)),
    run: (run, wait) => finished(engine, run, wait),
    close: () => engine.close(),
  };
}

async function finished(engine: PartsEngine, asked: JobsRun, wait: JobsWait = {}): Promise<JobsResult> {
  const { onMatch } = asked;
  const run = checkedRun(asked);
  onlyKnown("wait", wait, ["signal", "pollMs"]);
  const pollMs = wait.pollMs === undefined ? POLL_MS : count("pollMs", wait.pollMs, 1);
  const jobs: PartJob[] = [];
  for (let index = 0; index < run.parts; index += 1) {
    const data: PartData = { v: 1, index, run, ...(onMatch === undefined ? {} : { matches: true }) };
    jobs.push({ id: await uuidOf(JSON.stringify(data)), data });
  }
  const ids = jobs.map(({ id }) => id);
  const results = new Map<string, PartResult>();
  await engine.add(jobs);
  while (results.size < jobs.length) {
    wait.signal?.throwIfAborted();
    const lost: PartJob[] = [];
    for (const job of jobs.filter(({ id }) => !results.has(id))) {
      const state = await engine.state(job.id);
      if (state.as === "done") results.set(job.id, checkedResult(state.result));
      // A queue that was emptied, or a result older than a day: the part is made anew.
      if (state.as === "unknown") lost.push(job);
      if (state.as === "failed") {
        await engine.remove(ids);
        throw failed(job.data, state.reason);
      }
    }
    if (lost.length > 0) await engine.add(lost);
    if (results.size < jobs.length) await pause(pollMs, wait.signal);
  }
  // From here on nothing of the run is needed on the queue, whatever comes of it: asked for again, it is made anew.
  await engine.remove(ids);
  return merged(run, ids.flatMap((id) => results.get(id) ?? []), onMatch);
}

async function merged(run: QueuedRun, results: readonly PartResult[], onMatch: JobsRun["onMatch"]): Promise<JobsResult> {
  const parts: Uint8Array[] = [];
  let inputs: readonly ProofInput[] = [];
  for (const result of results) {
    if ("refused" in result) throw new TillproofError(result.refused);
    const other = parts.length === 0 ? undefined : result.inputs.find(({ sha256 }, index) => inputs[index]?.sha256 !== sha256);
    if (other !== undefined) throw changed(run, other);
    inputs = result.inputs;
    parts.push(await through(new DecompressionStream("deflate-raw"), Buffer.from(result.part, "base64")));
  }
  return { report: judgeParts(mergeParts(parts), { rules: run.rules, onMatch }), inputs };
}

/** Makes the part a job asks for. What is wrong with the files is a result: no other machine would read them otherwise. */
async function made(data: unknown, read: ReadFile): Promise<PartResult> {
  const { index, run, matches } = checkedData(data);
  const inputs: ProofInput[] = [];
  const fetched: { readonly side: (typeof SIDES)[number]; readonly source: () => NamedSource }[] = [];
  for (const side of SIDES) {
    for (const file of run[side] ?? []) {
      const place = placeOf(file);
      const content = await read(place);
      inputs.push(await proofInput(side, place, content));
      fetched.push({ side, source: () => sourceOf(file, content) });
    }
  }
  const onMatch = matches === true ? (): void => undefined : undefined;
  const { columns, asOf, inFlightDays, businessDays, holidays, rules, provider } = run;
  try {
    const files: Record<(typeof SIDES)[number], NamedSource[]> = { ledger: [], settlement: [], bank: [] };
    for (const { side, source } of fetched) files[side].push(source());
    const { ledger, settlement, bank } = files;
    const options = { ledger, settlement, ...(run.bank === undefined ? {} : { bank }), columns, asOf, inFlightDays, businessDays, holidays, rules, provider, onMatch };
    const part = partitionOf(options, { index, of: run.parts });
    const packed = await through(new CompressionStream("deflate-raw"), part);
    return { v: 1, part: Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength).toString("base64"), inputs };
  } catch (error) {
    if (!isTillproofError(error) || error.advice !== "fix_call") throw error;
    return { v: 1, refused: error.toJSON() };
  }
}

function checkedRun(asked: JobsRun): QueuedRun {
  const known = ["run", "parts", ...SIDES, "columns", "asOf", "inFlightDays", "businessDays", "holidays", "rules", "provider", "onMatch"] as const;
  const { run, parts, ledger, settlement, bank, columns, asOf, inFlightDays, businessDays, holidays, rules, provider, onMatch } = onlyKnown("run", asked, known);
  if (onMatch !== undefined) fn("onMatch", onMatch);
  if (count("parts", parts, 1) > PARTS_MAX) {
    throw refusal("reconcile_share_invalid", "parts", parts, `are too many parts: expected at most ${PARTS_MAX}, about as many as processes work`);
  }
  const files = (side: (typeof SIDES)[number], value: JobsRun["ledger"]): JobsRun["ledger"] => list(side, value).map((file, at) => checkedFile(`${side}[${at}]`, file, side));
  // In one order of members, so that the same run has the same jobs.
  return {
    run: text("run", run),
    parts,
    ledger: files("ledger", ledger),
    settlement: files("settlement", settlement),
    ...(bank === undefined ? {} : { bank: files("bank", bank) }),
    ...(columns === undefined ? {} : { columns: namedColumns(columns) }),
    ...(asOf === undefined ? {} : { asOf: timeMs("asOf", asOf) }),
    ...(inFlightDays === undefined ? {} : { inFlightDays: count("inFlightDays", inFlightDays, 0) }),
    ...(businessDays === undefined ? {} : { businessDays: flag("businessDays", businessDays) === true }),
    ...(holidays === undefined ? {} : { holidays: list("holidays", holidays).map((day, at) => text(`holidays[${at}]`, day)) }),
    ...(rules === undefined ? {} : { rules: rulesOf(rules) }),
    ...(provider === undefined ? {} : { provider: text("provider", provider) }),
  };
}

function namedColumns(columns: NonNullable<JobsRun["columns"]>): NonNullable<JobsRun["columns"]> {
  onlyKnown("columns", columns, SIDES);
  const sides = SIDES.flatMap((side): [string, ColumnNames][] => {
    const names = columns[side];
    if (names === undefined) return [];
    const pairs = Object.entries(object(`columns.${side}`, names)).map(([ours, theirs]) => [ours, text(`columns.${side}.${ours}`, theirs)]);
    return [[side, Object.fromEntries(pairs) as ColumnNames]];
  });
  return Object.fromEntries(sides);
}

/** A job of this version, whoever put it on the queue. */
function checkedData(value: unknown): PartData {
  const { v, index, run, matches } = object("job", value as Partial<PartData>);
  if (v !== 1 || typeof index !== "number" || run === undefined) {
    throw refusal("reconcile_job_unknown", "job", value, "is no part of a reconciliation: give reconciliations a queue of their own, and run one version of tillproof");
  }
  return { v, index, run, ...(matches === true ? { matches } : {}) };
}

function checkedResult(value: unknown): PartResult {
  const result = object("result", value as Partial<{ v: number; part: string; refused: object }>);
  if (result.v === 1 && (typeof result.part === "string" || typeof result.refused === "object")) return value as PartResult;
  throw refusal("reconcile_job_unknown", "result", value, "is no part of a reconciliation: give reconciliations a queue of their own, and run one version of tillproof");
}

function failed({ index, run }: PartData, reason: string): TillproofError {
  const [number, name] = [index + 1, JSON.stringify(run.run)];
  return new TillproofError({
    code: "reconcile_job_failed",
    message: `part ${number} of ${run.parts} of the run ${name} failed ${ATTEMPTS} times, at last with: ${reason}; mend that and run it again`,
    advice: "retry_same_key",
    details: { run: run.run, part: String(index), reason },
  });
}

function changed({ run }: QueuedRun, { side, name }: ProofInput): TillproofError {
  return new TillproofError({
    code: "reconcile_files_changed",
    message: `the ${side} file ${JSON.stringify(name)} changed while the run ${JSON.stringify(run)} was made; give files that stay as they are, and run it again`,
    advice: "retry_same_key",
    details: { run, side, file: name },
  });
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(ended, ms);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    function ended(): void {
      signal?.removeEventListener("abort", abort);
      resolve();
    }
    signal?.addEventListener("abort", abort, { once: true });
  });
}

