/**
 * A reconciliation that takes its files as they come: today's, yesterday's, and one that is three weeks late.
 *
 * Invariant: the result is that of one run over all files that were ever added, whatever the order, the number of runs and
 * the processes that added them. That is so by construction: every row is kept, deflated, and judged again. No row can be
 * let go without a risk of being wrong: a dispute, a second charge or a late refund of an old payment is told by the rows of
 * that payment, and what is usual in a file is told by all of them.
 */

import { TillproofError } from "../shell/errors.js";
import { bytes, list, object, onlyKnown, refusal, text } from "../shell/guard.js";
import { storeShape } from "../stores/rules.js";
import type { Store } from "../stores/store.js";
import { toldStore } from "../stores/told.js";
import { through } from "./compressed.js";
import { sha256Of } from "./digest.js";
import { reconcile, type NamedSource, type ReconcileOptions } from "./index.js";
import type { Report } from "./report.js";
import { figuresWritten, writtenFigures } from "./statements.js";

const SIDES = ["ledger", "settlement", "bank"] as const;

type Side = (typeof SIDES)[number];

/** How to judge; the same for every run of a reconciliation. */
export type ReconciliationSettings = Pick<ReconcileOptions, "columns" | "inFlightDays" | "businessDays" | "holidays" | "rules" | "provider">;

/** How a reconciliation is opened. */
export interface ReconciliationOptions extends ReconciliationSettings {
  readonly store: Store;
  /** Several share a store by name: 1 to 64 letters, digits, `_`, `.` and `-`; `main` when left out. */
  readonly name?: string | undefined;
}

/** Files of one or more sides; each bears a name of its own on its side, for ever. */
export interface AddedFiles {
  readonly ledger?: NamedSource | readonly NamedSource[] | undefined;
  readonly settlement?: NamedSource | readonly NamedSource[] | undefined;
  readonly bank?: NamedSource | readonly NamedSource[] | undefined;
}

/** A file that was added. */
export interface KeptFile {
  readonly side: Side;
  readonly name: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

interface KeptDocument extends KeptFile {
  readonly chunks: number;
  /** Where its rows stood in the file they were read from. */
  readonly lines?: readonly number[];
  /** What it says about itself. */
  readonly statements?: readonly unknown[];
}

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** Bytes of a record: well within any database's row, and few enough records for large files. */
const CHUNK_BYTES = 192 * 1_024;

/** Files in a store. Made by {@link createReconciliation}. */
export class Reconciliation {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #settings: ReconciliationSettings;

  /** Use {@link createReconciliation}. */
  constructor(options: ReconciliationOptions) {
    const { store, name, ...settings } = onlyKnown("options", options, ["store", "name", "columns", "inFlightDays", "businessDays", "holidays", "rules", "provider"]);
    const own = text("name", name ?? "main");
    if (!NAME.test(own)) {
      throw refusal("reconciliation_name_invalid", "name", own, "is no name of a reconciliation: expected 1 to 64 letters, digits, _ . or -");
    }
    this.#store = toldStore(storeShape("store", store), "nothing was added; add the files again when it answers");
    this.#prefix = `reconciliation/${own}/`;
    this.#settings = settings;
    // Settings that cannot work are refused now, and not at the first result.
    const empty = "reference,amount_minor,currency\n";
    if (settings.columns === undefined) reconcile({ ...settings, ledger: empty, settlement: empty });
  }

  /**
   * Keeps files: all of them, or none. Adding the same again, after a crash for instance, changes nothing.
   *
   * Throws `file_changed` where a file of this name was added with other content, and what `reconcile` says of a file that
   * cannot be read: such a file is not kept.
   */
  async add(files: AddedFiles): Promise<readonly KeptFile[]> {
    onlyKnown("files", files, SIDES);
    const given = SIDES.flatMap((side) => sourcesOf(side, files[side]).map((source) => ({ side, ...source })));
    this.#readable(given);
    const kept: KeptDocument[] = [];
    for (const { side, name, data, lines, statements } of given) {
      const { sha256 } = await sha256Of(once(data));
      const packed = await through(new CompressionStream("deflate-raw"), data);
      const chunks = Math.ceil(packed.length / CHUNK_BYTES);
      for (let chunk = 0; chunk < chunks; chunk += 1) {
        const value = base64(packed.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES));
        // Named by its content: where it is there already, it says the same.
        await this.#store.commit([{ key: this.#chunkKey(sha256, chunk), expected: 0, value }]);
      }
      kept.push({ side, name, bytes: data.length, sha256, chunks, ...(lines === undefined ? {} : { lines }), ...(statements === undefined ? {} : { statements: statements.map(writtenFigures) }) });
    }
    for (;;) {
      const record = await this.#store.get(this.#manifestKey);
      const known = record === null ? [] : documentsOf(record.value);
      const all = [...known];
      for (const file of kept) {
        const at = all.findIndex(({ side, name }) => side === file.side && name === file.name);
        const same = all[at];
        if (same === undefined) all.push(file);
        else if (!isSame(same, file)) throw changed(file);
        // An earlier version kept the rows alone.
        else if (same.statements === undefined && file.statements !== undefined) all[at] = { ...same, ...file };
      }
      if (JSON.stringify(all) === JSON.stringify(known)) return kept.map(shown);
      const value = JSON.stringify({ v: 1, files: all });
      if (await this.#store.commit([{ key: this.#manifestKey, expected: record?.version ?? 0, value }])) return kept.map(shown);
    }
  }

  /** The files so far, by side and name. */
  async files(): Promise<readonly KeptFile[]> {
    return (await this.#documents()).map(shown);
  }

  /** The report of one run over all files so far. `asOf` is the moment ages are counted to. */
  async result(options: { readonly asOf?: number | undefined } = {}): Promise<Report> {
    const { asOf } = onlyKnown("options", options, ["asOf"]);
    const sources: Record<Side, NamedSource[]> = { ledger: [], settlement: [], bank: [] };
    for (const file of await this.#documents()) {
      const { name, lines, statements } = file;
      sources[file.side].push({ name, data: await this.#read(file), lines, statements: statements?.map(figuresWritten) });
    }
    const { bank, ...both } = sources;
    return reconcile({ ...this.#settings, ...both, ...(bank.length === 0 ? {} : { bank }), asOf });
  }

  /** In one order whatever the order they came in. */
  async #documents(): Promise<KeptDocument[]> {
    const record = await this.#store.get(this.#manifestKey);
    const order = ({ side, name }: KeptDocument): string => `${SIDES.indexOf(side)} ${name}`;
    return (record === null ? [] : documentsOf(record.value)).sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  async #read({ name, sha256, chunks }: KeptDocument): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const record = await this.#store.get(this.#chunkKey(sha256, chunk));
      if (record === null) throw lost(name);
      parts.push(Uint8Array.from(atob(record.value), (letter) => letter.charCodeAt(0)));
    }
    const data = await through(new DecompressionStream("deflate-raw"), ...parts);
    if ((await sha256Of(once(data))).sha256 !== sha256) throw lost(name);
    return data;
  }

  /** Reads what was given as a run would, so that a file that cannot be read is refused when it is added. */
  #readable(given: readonly (NamedSource & { readonly side: Side })[]): void {
    const { columns } = this.#settings;
    for (const { side, name, data } of given) {
      const source = { name, data };
      // Beside itself, so that every row agrees and nothing has to be explained.
      const own = columns?.[side];
      const both = own === undefined ? {} : { columns: { ledger: own, settlement: own, bank: own } };
      if (side === "bank") reconcile({ ledger: [], settlement: [], bank: source, ...both });
      else reconcile({ ledger: source, settlement: source, ...both });
    }
  }

  get #manifestKey(): string {
    return `${this.#prefix}files`;
  }

  #chunkKey(sha256: string, chunk: number): string {
    return `${this.#prefix}rows/${sha256}/${String(chunk).padStart(6, "0")}`;
  }
}

/** A reconciliation in a store. Throws what names an option that cannot work. */
export function createReconciliation(options: ReconciliationOptions): Reconciliation {
  return new Reconciliation(options);
}

interface Given {
  readonly name: string;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly lines?: readonly number[] | undefined;
  readonly statements?: NamedSource["statements"];
}

function sourcesOf(side: Side, sources: NamedSource | readonly NamedSource[] = []): Given[] {
  const all: readonly NamedSource[] = Array.isArray(sources) ? sources : [sources];
  return list(side, all).map((source, index) => {
    const { name, data, lines, statements } = object(`${side}[${index}]`, source);
    if (text(`${side}[${index}].name`, name) === "") throw refusal("option_invalid", `${side}[${index}].name`, name, "is no name: later runs tell files apart by it");
    return { name, data: Uint8Array.from(bytes(name, data)), lines, statements };
  });
}

/** Whether a file that was added says what this one says; of itself too, where both say something. */
function isSame(known: KeptDocument, file: KeptDocument): boolean {
  const told = [known.statements, file.statements];
  return known.sha256 === file.sha256 && (told.includes(undefined) || JSON.stringify(told[0]) === JSON.stringify(told[1]));
}

function shown({ side, name, bytes: size, sha256 }: KeptDocument): KeptFile {
  return { side, name, bytes: size, sha256 };
}

function documentsOf(value: string): KeptDocument[] {
  const { v, files } = JSON.parse(value) as { v: number; files: KeptDocument[] };
  if (v === 1) return files;
  throw new TillproofError({
    code: "reconciliation_of_later_version",
    message: "this reconciliation was written by a later version of tillproof: run that version here too",
    details: { version: String(v) },
  });
}

function changed({ side, name }: KeptDocument): TillproofError {
  return new TillproofError({
    code: "file_changed",
    message: `${JSON.stringify(name)} was added to the ${side} before, with other content: give a corrected file a name of its own`,
    details: { side, file: name },
  });
}

function lost(name: string): TillproofError {
  return new TillproofError({
    code: "reconciliation_rows_lost",
    message: `the store no longer has the rows of ${JSON.stringify(name)} as they were added: was it restored from a backup or truncated?`,
    advice: "reconcile",
    details: { file: name },
  });
}

async function* once(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data;
}

function base64(data: Uint8Array): string {
  let text = "";
  // As many as a call takes arguments everywhere.
  for (let at = 0; at < data.length; at += 8_192) text += String.fromCharCode(...data.subarray(at, at + 8_192));
  return btoa(text);
}
