/**
 * What `tillproof reconcile --out DIR` leaves behind: the report for programs, for people, for spreadsheets and for auditors.
 *
 * Invariant: no file has its name before all of them are whole. Until then they are written under others, break by break as the
 * report is told; whatever fails, none of this run has its name.
 */

import { createHash, randomUUID } from "node:crypto";
import { chmodSync, closeSync, mkdirSync, openSync, readSync, realpathSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { Bridges, type Effects, type SideTotals } from "../reconcile/bridges.js";
import { CSV_HEAD, csvLine } from "../reconcile/csv.js";
import { Page } from "../reconcile/page.js";
import { canonicalJson, proofInput, stated, type ProofInput, type ProofOptions } from "../reconcile/proof.js";
import type { Break, InFlight, ReportHead } from "../reconcile/report.js";
import { textHead, textOf } from "../reconcile/text.js";
import type { ReportTaker } from "../reconcile/told.js";
import { notOver, reason, shown, UsageError } from "./usage.js";

/** A file that a run was made of. */
export interface Original {
  readonly side: ProofInput["side"];
  readonly name: string;
  readonly data: Uint8Array | AsyncIterable<Uint8Array>;
}

/** The digests of those files, one after the other: none is open while another is read. */
export async function inputsOf(originals: readonly Original[]): Promise<ProofInput[]> {
  const inputs: ProofInput[] = [];
  for (const { side, name, data } of originals) inputs.push(await proofInput(side, name, data));
  return inputs;
}

/** What the proof speaks of beside the report. */
export interface Stated extends Omit<ProofOptions, "inputs" | "totals"> {
  readonly originals: readonly Original[];
  readonly totals: SideTotals;
  readonly hasBank: boolean;
}

const NAMES = ["report.json", "report.txt", "breaks.csv", "report.html", "proof.json"] as const;

type Name = (typeof NAMES)[number];

/** The files of one folder. Whoever made them calls {@link ReportFiles.drop} in the end, whatever came of it. */
export class ReportFiles implements ReportTaker {
  readonly #folder: string;
  /** Two runs at once have parts of their own. */
  readonly #run = randomUUID();
  /** Those that are open, by their names to come. */
  readonly #parts = new Map<string, number>();
  readonly #nameless = new Set<string>();
  readonly #bridges: Bridges;
  readonly #passes = new Set<string>();
  /** Of the report in canonical JSON, whose members stand in the order of their names. */
  readonly #digest = createHash("sha256").update('{"breaks":[');
  #told: { readonly head: ReportHead; readonly page: Page } | undefined;
  #isFirst = true;

  /** Makes the folder; `effects` are those of all rows of breaks, and maybe of others. */
  constructor(folder: string, effects: Effects) {
    this.#folder = folder;
    this.#bridges = new Bridges(effects);
    this.#tried(() => {
      makeFolder(resolve(folder));
      for (const name of NAMES) {
        this.#parts.set(name, openSync(this.#partOf(name), "wx"));
        this.#nameless.add(name);
      }
    });
  }

  json(piece: Uint8Array | string): void {
    this.#write("report.json", piece);
  }

  head(head: ReportHead): void {
    this.#told = { head, page: new Page(head) };
    this.#write("report.txt", textHead(head));
    this.#write("breaks.csv", CSV_HEAD);
  }

  breaks(some: readonly Break[]): void {
    this.#write("report.txt", some.map(textOf).join(""));
    this.#write("breaks.csv", some.map(csvLine).join(""));
    const { page } = this.#known();
    for (const one of some) {
      page.add(one);
      this.#bridges.add(one);
      this.#passes.add(one.rule);
    }
    if (some.length > 0) this.#digest.update(`${this.#isFirst ? "" : ","}${some.map(canonicalJson).join(",")}`);
    this.#isFirst = this.#isFirst && some.length === 0;
  }

  inFlight(rows: readonly InFlight[]): void {
    const { version, summary } = this.#known().head;
    this.#digest.update(`],${canonicalJson({ in_flight: rows, summary, version }).slice(1)}`);
  }

  /** Writes what needs all of the report, and gives the files their names. */
  async end({ originals, totals: sides, hasBank, ...options }: Stated): Promise<void> {
    const { head: { version, summary }, page } = this.#known();
    const totals = { ...sides, bridges: this.#bridges.all(sides, hasBank) };
    this.#write("report.html", page.text({ totals }));
    const report = { version, summary, passes: [...this.#passes].sort(), sha256: this.#digest.digest("hex") };
    const proof = await stated(report, { ...options, inputs: await inputsOf(originals), totals });
    this.#write("proof.json", `${JSON.stringify(proof, null, 2)}\n`);
    this.#close();
    for (const name of NAMES) notOver("out", join(this.#folder, name), originals.map((file) => file.name));
    this.#name();
  }

  /** Prints a file that has its name: standard output is told of what is whole. */
  print(name: "report.json" | "report.txt", print: (piece: Uint8Array) => void): void {
    const file = this.#tried(() => openSync(join(this.#folder, name), "r"), name);
    const room = new Uint8Array(ROOM.length);
    try {
      for (let read = readSync(file, room); read > 0; read = readSync(file, room)) print(room.subarray(0, read));
    } finally {
      closeSync(file);
    }
  }

  /** Gives the files their names: those of a former run are theirs no longer, its proof first and the new one last. */
  #name(): void {
    const places = new Map(NAMES.map((name) => [name, placeOf(join(this.#folder, name))]));
    const named: string[] = [];
    try {
      rmSync(places.get("proof.json")?.path ?? "", { force: true });
      for (const [name, { path, mode }] of places) {
        this.#tried(() => {
          if (mode !== undefined) chmodSync(this.#partOf(name), mode);
          renameSync(this.#partOf(name), path);
        }, name);
        named.push(path);
        this.#nameless.delete(name);
      }
    } catch (error) {
      for (const path of named) rmSync(path, { force: true });
      throw error;
    }
  }

  /** Takes away what has no name yet. */
  drop(): void {
    this.#close();
    for (const name of this.#nameless) rmSync(this.#partOf(name), { force: true });
  }

  #known(): { readonly head: ReportHead; readonly page: Page } {
    if (this.#told === undefined) throw new Error("a report begins with its sums");
    return this.#told;
  }

  #partOf(name: string): string {
    return join(this.#folder, `.${name}.${this.#run}.part`);
  }

  #write(name: Name, what: Uint8Array | string): void {
    const part = this.#parts.get(name) ?? -1;
    this.#tried(() => {
      for (const bytes of piecesOf(what)) {
        for (let at = 0; at < bytes.length; ) at += writeSync(part, bytes, at);
      }
    });
  }

  #close(): void {
    for (const part of this.#parts.values()) closeSync(part);
    this.#parts.clear();
  }

  #tried<T>(act: () => T, name = ""): T {
    try {
      return act();
    } catch (error) {
      this.drop();
      throw new UsageError(`--out ${shown(join(this.#folder, name))}: ${reason(error)}`);
    }
  }
}

const ENCODER = new TextEncoder();

/** Text goes through here to its file: as bytes of its own it would be held twice, until somebody looks for garbage. */
const ROOM = new Uint8Array(262_144);

/** Bytes, or a text in UTF-8, piece by piece. The bytes of a piece hold until the next. */
function* piecesOf(text: Uint8Array | string): Generator<Uint8Array> {
  if (typeof text !== "string") return yield text;
  for (let at = 0; at < text.length; ) {
    const { read, written } = ENCODER.encodeInto(text.slice(at), ROOM);
    yield ROOM.subarray(0, written);
    at += read;
  }
}

/** Where a file really lies, and the rights that are kept where one is there already. */
function placeOf(path: string): { readonly path: string; readonly mode?: number } {
  const known = statSync(path, { throwIfNoEntry: false });
  return known?.isFile() === true ? { path: realpathSync(path), mode: known.mode & 0o777 } : { path };
}

/** Makes a folder and those above it. Node's own recursion never ends where folders cannot be made, as in /proc. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(above);
  mkdirSync(folder);
}
