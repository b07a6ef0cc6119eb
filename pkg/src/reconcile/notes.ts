/**
 * What a part carries beside its rows: whether it has every row, where rows stood in the files they were read from, and what
 * those files say about themselves.
 *
 * Invariant: places and statements come with the first share and no other, so that a statement is judged once, whatever the
 * number of parts. A part with nothing to note is the bytes of the engine alone; one whose notes cannot be read is handed on
 * as it is, and the engine refuses it.
 */

import { joined } from "./joined.js";
import type { Places } from "./places.js";

/** What is noted. */
export interface Notes {
  /** Whether also the rows are there that plainly agree. */
  readonly isWhole: boolean;
  readonly places: Places;
  /** Statements, as the judge takes them behind its terms. */
  readonly statements: Uint8Array;
}

const SIDES = ["ledger", "settlement", "bank"] as const;

/** The first byte of a part with notes: no batch begins with it, and no JSON document. */
const MARK = 0xff;

/** Mark, whether every row is there, and the lengths of places and statements. */
const HEAD_BYTES = 10;

/** Rows of all files of a part: more do not fit into an engine, and an array that grows holds as many. */
const LINES_MAX = 2 ** 25;

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array();

/** Nothing to note. */
export const NO_NOTES: Notes = /* @__PURE__ */ { isWhole: false, places: /* @__PURE__ */ placesOf({}), statements: NOTHING };

/** A part with its notes in front. */
export function noted(part: Uint8Array, { isWhole, places, statements }: Notes): Uint8Array {
  const isPlaced = SIDES.some((side) => places[side].size > 0);
  if (!isWhole && !isPlaced && statements.length === 0) return part;
  const document = isPlaced ? new TextEncoder().encode(JSON.stringify(written(places))) : NOTHING;
  const head = new Uint8Array(HEAD_BYTES);
  head.set([MARK, isWhole ? 1 : 0]);
  const view = new DataView(head.buffer);
  view.setUint32(2, document.length, true);
  view.setUint32(6, statements.length, true);
  return joined([head, document, statements, part]);
}

/** A part, and what stands in front of it. */
export function opened(part: Uint8Array): { readonly rows: Uint8Array; readonly notes: Notes } {
  if (part[0] !== MARK || part.length < HEAD_BYTES) return { rows: part, notes: NO_NOTES };
  const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
  const statementsAt = HEAD_BYTES + view.getUint32(2, true);
  const rowsAt = statementsAt + view.getUint32(6, true);
  const places = read(part.subarray(HEAD_BYTES, statementsAt));
  if (rowsAt > part.length || places === undefined) return { rows: part, notes: NO_NOTES };
  return { rows: part.subarray(rowsAt), notes: { isWhole: part[1] === 1, places, statements: part.subarray(statementsAt, rowsAt) } };
}

/** The notes of parts that became one: of those that lack a row, the whole lacks it too. */
export function together(notes: readonly Notes[]): Notes {
  const first = notes.find(({ places, statements }) => statements.length > 0 || SIDES.some((side) => places[side].size > 0));
  return { ...(first ?? NO_NOTES), isWhole: notes.every(({ isWhole }) => isWhole) };
}

/** Of each side and file, by how much each line follows on the one before it, and for how many rows: `[1, 3, 2, 40]`. */
type Written = Readonly<Partial<Record<(typeof SIDES)[number], Readonly<Record<string, readonly number[]>>>>>;

function written(places: Places): Written {
  const sides = SIDES.map((side) => [side, Object.fromEntries([...places[side]].map(([name, lines]) => [name, stepsOf(lines)]))]);
  return Object.fromEntries(sides) as Written;
}

function placesOf(written: Written): Places {
  let left = LINES_MAX;
  const lines = (steps: readonly number[]): number[] => {
    const lines = linesOf(steps, left);
    left -= lines.length;
    return lines;
  };
  const side = (name: (typeof SIDES)[number]): ReadonlyMap<string, readonly number[]> =>
    new Map(Object.entries(written[name] ?? {}).map(([file, steps]) => [file, lines(steps)]));
  return { ledger: side("ledger"), settlement: side("settlement"), bank: side("bank") };
}

function read(document: Uint8Array): Places | undefined {
  if (document.length === 0) return NO_NOTES.places;
  try {
    return placesOf(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(document)) as Written);
  } catch {
    return undefined;
  }
}

function stepsOf(lines: readonly number[]): number[] {
  const steps: number[] = [];
  let [before, step, count] = [0, 0, 0];
  for (const line of lines) {
    if (count > 0 && line - before !== step) {
      steps.push(step, count);
      count = 0;
    }
    [before, step, count] = [line, line - before, count + 1];
  }
  if (count > 0) steps.push(step, count);
  return steps;
}

/** The lines of a file, at most so many. Whoever wrote the steps may be anybody: nothing is made before its number is known. */
function linesOf(steps: readonly number[], most: number): number[] {
  if (!Array.isArray(steps)) throw new TypeError("no lines of a file");
  const lines: number[] = [];
  let line = 0;
  for (let at = 0; at < steps.length; at += 2) {
    const [step, count] = [steps[at] ?? NaN, steps[at + 1] ?? NaN];
    const isCount = Number.isSafeInteger(count) && count >= 1 && lines.length + count <= most;
    const [first, last] = [line + step, line + step * count];
    if (!isCount || !Number.isSafeInteger(step) || !Number.isSafeInteger(last) || first < 1 || last < 1) throw new RangeError("no lines of a file");
    for (let left = count; left > 0; left -= 1) lines.push((line += step));
  }
  return lines;
}
