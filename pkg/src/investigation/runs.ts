/**
 * What a run leaves in the queue: which cases it opens, changes and closes, and its figures.
 *
 * Invariant: runs are taken over in the order in which their files were read, and taking one over again changes nothing.
 */

import type { Break, BreakKind, Report } from "../reconcile/report.js";
import { TillproofError } from "../shell/errors.js";
import type { Store } from "../stores/store.js";
import { figuresOf } from "./case.js";
import { opened, step, type Command, type Sighting, type Step } from "./engine.js";
import type { Keeper, Loaded } from "./keeper.js";

/** Cases that are written at once. */
const COMMIT_CASES = 200;

/** What a run changed. */
export interface Synced {
  readonly run: string;
  /** Breaks that were not known. */
  readonly opened: number;
  /** Breaks with other figures than before. */
  readonly changed: number;
  /** Breaks that are there again. */
  readonly returned: number;
  /** Cases whose break the run no longer has. */
  readonly gone: number;
  /** Breaks that are as they were. */
  readonly unchanged: number;
}

/** The last run, for figures. */
export interface LastRun {
  readonly run: string;
  /** When its files were read, in milliseconds. */
  readonly at: number;
  readonly rows: Report["summary"]["rows"];
  readonly matched: number;
  readonly in_flight: number;
  readonly breaks: number;
  readonly by_kind: Readonly<Partial<Record<BreakKind, number>>>;
  /** Sums of differences without their sign, in minor units, by currency: what one side has and the other has not. */
  readonly unmatched_minor: Readonly<Record<string, string>>;
  /** Age of the oldest break, in days; 0 without one. */
  readonly oldest_days: number;
}

/** Takes a report over. */
export async function taken(keeper: Keeper, report: Report, run: string, at: number): Promise<Synced> {
  const counts = { opened: 0, changed: 0, returned: 0, gone: 0, unchanged: 0 };
  const breaks = new Map(report.breaks.map((one) => [one.id, one]));
  let waiting: { readonly id: string; readonly loaded: Loaded; readonly answer: Step }[] = [];
  const told = (id: string, loaded: Loaded): Step => {
    const found = breaks.get(id);
    if (found === undefined) return step(at, loaded.journal, { type: "missed", run });
    if (loaded.version === 0) return opened(at, id, sighting(run, found));
    return step(at, loaded.journal, { type: "seen", ...sighting(run, found) } satisfies Command);
  };
  const count = (answer: Step, isThere: boolean): void => {
    const type = answer.append.at(-1)?.type;
    if (type === "opened" || type === "changed" || type === "returned" || type === "gone") counts[type] += 1;
    else if (isThere) counts.unchanged += 1;
  };
  const flush = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0 || (await keeper.commit(batch.map(({ id, loaded, answer }) => keeper.write(id, loaded, answer))))) {
      for (const { id, answer } of batch) count(answer, breaks.has(id));
      return;
    }
    // Somebody said something of one of them meanwhile: each by itself, and as often as it takes.
    for (const { id } of batch) {
      for (;;) {
        const loaded = (await keeper.load(id)) ?? { version: 0, journal: [] };
        const answer = told(id, loaded);
        if (answer.append.length > 0 && !(await keeper.commit([keeper.write(id, loaded, answer)]))) continue;
        count(answer, breaks.has(id));
        break;
      }
    }
  };
  const take = async (id: string, loaded: Loaded): Promise<void> => {
    const answer = told(id, loaded);
    if (answer.append.length === 0) return count(answer, breaks.has(id));
    waiting.push({ id, loaded, answer });
    if (waiting.length === COMMIT_CASES) await flush();
  };
  const known = new Set<string>();
  for await (const { id, ...loaded } of keeper.all()) {
    known.add(id);
    // Most cases of a queue are gone for long, and the run knows nothing of them.
    if (!breaks.has(id) && loaded.journal.at(-1)?.type === "gone") continue;
    await take(id, loaded);
  }
  for (const id of breaks.keys()) if (!known.has(id)) await take(id, { version: 0, journal: [] });
  await flush();
  return { run, ...counts };
}

function sighting(run: string, found: Break): Sighting {
  return { run, figures: figuresOf(found), found: JSON.stringify(found) };
}

/** The record of the last run. */
export class RunRecord {
  readonly #store: Store;
  readonly #key: string;

  constructor(store: Store, name: string) {
    this.#store = store;
    this.#key = `queue/${name}/run`;
  }

  /** The last run; `null` before the first. */
  async read(): Promise<LastRun | null> {
    const record = await this.#store.get(this.#key);
    return record === null ? null : (JSON.parse(record.value) as { v: 1; last: LastRun }).last;
  }

  /** Makes a run the last one. Throws `run_too_old` where a later one was taken over. */
  async begin(last: LastRun): Promise<void> {
    for (;;) {
      const record = await this.#store.get(this.#key);
      const known = record === null ? null : (JSON.parse(record.value) as { v: 1; last: LastRun }).last;
      if (known !== null && known.at > last.at) {
        throw new TillproofError({
          code: "run_too_old",
          message:
            `the files of run ${JSON.stringify(last.run)} were read before those of ${JSON.stringify(known.run)}, which was taken ` +
            "over already: what went since would come back; take over the later run only",
          details: { run: last.run, last: known.run },
        });
      }
      const value = JSON.stringify({ v: 1, last });
      if (await this.#store.commit([{ key: this.#key, expected: record?.version ?? 0, value }])) return;
    }
  }
}

/** The figures of a report. */
export function lastRun(report: Report, run: string, at: number): LastRun {
  const { rows, matched, in_flight, breaks, by_kind } = report.summary;
  const sums = new Map<string, bigint>();
  let oldest = 0;
  for (const { currency, expected_minor, found_minor, difference_minor, age_days } of report.breaks) {
    const value = BigInt(difference_minor ?? expected_minor ?? found_minor ?? "0");
    sums.set(currency, (sums.get(currency) ?? 0n) + (value < 0n ? -value : value));
    oldest = Math.max(oldest, age_days ?? 0);
  }
  return {
    run, at, rows, matched, in_flight, breaks,
    by_kind: Object.fromEntries(Object.entries(by_kind).map(([kind, total]) => [kind, total.count])),
    unmatched_minor: Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([currency, sum]) => [currency, sum.toString()])),
    oldest_days: oldest,
  };
}
