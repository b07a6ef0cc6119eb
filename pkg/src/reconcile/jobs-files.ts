/**
 * The files of a run in jobs: generic CSV by its place alone, and files of providers and banks by place and format.
 *
 * Invariant: what a file is read as stands in its job, so that every machine reads it alike; a format that no
 * machine can read, or a member that none knows, is refused before anything is queued.
 */

import { onlyKnown, refusal, text, type BytesInput } from "../shell/guard.js";
import type { NamedSource } from "./index.js";
import type { JobsFile } from "./jobs.js";
import { MAPPING, readers, type TableMapping } from "./readers.js";

/** Checks a file of a side, and brings it into one order of members, so that the same run has the same jobs. */
export function checkedFile(name: string, file: string | JobsFile, side: "ledger" | "settlement" | "bank"): string | JobsFile {
  if (typeof file !== "object") return text(name, file);
  const { place, format, encoding, mapping, referenceColumn } = onlyKnown(name, file, ["place", "format", "encoding", "mapping", "referenceColumn"]);
  const formats = readers.formats().filter((known) => known.side === (side === "bank" ? "bank" : "settlement"));
  if (!formats.some((known) => known.name === format)) {
    throw refusal("option_invalid", `${name}.format`, format, `is no format of this side: expected one of ${formats.map((known) => known.name).join(", ")}`);
  }
  return {
    place: text(`${name}.place`, place),
    format,
    ...(encoding === undefined ? {} : { encoding: text(`${name}.encoding`, encoding) }),
    ...(mapping === undefined ? {} : { mapping: orderedMapping(`${name}.mapping`, mapping) }),
    ...(referenceColumn === undefined ? {} : { referenceColumn: text(`${name}.referenceColumn`, referenceColumn) }),
  };
}

function orderedMapping(name: string, mapping: TableMapping): TableMapping {
  onlyKnown(name, mapping, MAPPING);
  return Object.fromEntries(MAPPING.flatMap((member) => (mapping[member] === undefined ? [] : [[member, ordered(mapping[member])]])));
}

/** The members of a table, whatever order they were written in. */
function ordered(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Where a file is. */
export function placeOf(file: string | JobsFile): string {
  return typeof file === "string" ? file : file.place;
}

/** A file that was fetched, as `reconcile` takes it. Throws like `readers.source`. */
export function sourceOf(file: string | JobsFile, content: BytesInput): NamedSource {
  if (typeof file === "string") return { name: file, data: content };
  const { place, ...options } = file;
  return readers.source(content, { ...options, name: place });
}
