/**
 * Readers of the files of providers and banks.
 *
 * {@link readers} reads a whole file at once (`read`), or piece by piece within bounded memory (`batches`), and tells which
 * format a file seems to be in (`detect`). Files compressed with gzip or zstd are decompressed by the host.
 *
 * Invariant: a file is read exactly or refused with line and column. What `batches` has handed out stands for nothing if
 * it then throws.
 */

import { formats as engine } from "../shell/formats.js";
import { bytes, flag, fn, object, onlyKnown, optionalText, refusal, text, type BytesInput } from "../shell/guard.js";
import { encode } from "../shell/wire.js";
import type { GenericFile } from "./generic.js";
import { joined } from "./joined.js";
import { decompressed, decompressing } from "./readers-decompress.js";
import { unpackInto, type Lines } from "./readers-lines.js";
import { figuresOf, type StatementFigures } from "./statements.js";

/** The name of a format, one of {@link readers.formats}. */
export type FormatName =
  | "generic"
  | "stripe"
  | "adyen"
  | "paypal"
  | "braintree"
  | "square"
  | "shopify"
  | "shopify-json"
  | "mollie"
  | "csv"
  | "camt.053"
  | "camt.054"
  | "mt940"
  | "bai2"
  | "ofx";

/** A format that is read. */
export interface FormatInfo {
  readonly name: FormatName;
  /** Whether its lines are those of a provider or of a bank. */
  readonly side: "settlement" | "bank";
}

/** How the columns of a table are named, for the formats `generic` and `csv`. */
export interface TableMapping {
  /** Which column holds what: `{ amount: "Betrag", booked_at: "Buchungstag" }`. Only these are read. */
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** The currency of every row, where no column says it. */
  readonly currency?: string | undefined;
  readonly decimal?: "point" | "comma" | undefined;
  readonly dateOrder?: "year_month_day" | "day_month_year" | "month_day_year" | undefined;
  readonly delimiter?: "," | ";" | "\t" | "|" | undefined;
  readonly rowsBeforeHeader?: number | undefined;
  /** Whether amounts of a settlement are signed by what they do to the balance, and not counted along their type. */
  readonly signedByEffect?: boolean | undefined;
  /** Whether fees and taxes are written as what they do to the balance: -0.29 for a fee of 0.29. */
  readonly feesNegative?: boolean | undefined;
  /** Words of the type column and what they mean: `{ sale: "charge" }`. */
  readonly types?: Readonly<Record<string, string>> | undefined;
  /** Words of the status column and what they mean: `{ bezahlt: "completed" }`. A word that is not here stands for itself. */
  readonly statuses?: Readonly<Record<string, string>> | undefined;
}

/** What is known of a file. */
export interface ReadOptions {
  readonly format: FormatName;
  /** What errors call the file; the name of the format when left out. */
  readonly name?: string | undefined;
  /** `utf-8`, `utf-16le`, `utf-16be`, `windows-1252`, `iso-8859-1` or `iso-8859-15`; otherwise what the file says. */
  readonly encoding?: string | undefined;
  readonly mapping?: TableMapping | undefined;
  /** The column with the merchant's own reference, for the formats `stripe` and `mollie`, which have none. */
  readonly referenceColumn?: string | undefined;
  /** Whether lines keep the columns that say nothing else. */
  readonly context?: boolean | undefined;
}

/** What was read of a file. */
export interface FileSummary {
  readonly settlementLines: number;
  readonly bankLines: number;
  readonly statements: number;
  /** The encoding it was read in. */
  readonly encoding: string;
}

/** A whole file. */
export interface FileContent extends Lines {
  readonly summary: FileSummary;
}

/** What a file seems to be. Nothing is done with it: it is for a person, or for a program that shows it. */
export interface Detection {
  /** `null` for a format that is not known. */
  readonly format: FormatName | null;
  /** What it was told by. */
  readonly because: string;
  readonly encoding: string;
  /** For a table of no known format: what its columns seem to hold, and what has to be said beside. */
  readonly guess: MappingGuess | null;
}

/** A mapping to be looked at. */
export interface MappingGuess {
  /** `generic` for settlement, `csv` for bank. */
  readonly side: "settlement" | "bank";
  readonly mapping: TableMapping;
  /** Members of the mapping that cannot be told from the rows. */
  readonly unsure: readonly ("currency" | "dateOrder" | "decimal")[];
}

/** Pieces of a file, as streams and iterables have them. */
export type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ReadableStream<Uint8Array>;

/** The readers, as they are documented on {@link readers}. */
export interface Readers {
  /** The formats that are read. */
  formats(): readonly FormatInfo[];
  /** Tells which format a file seems to be in, from its first 64 KiB. */
  detect(data: BytesInput, options?: { readonly encoding?: string | undefined }): Detection;
  /** Reads a whole file. Throws `file_*` with file, line and column for one that is not exactly of its format. */
  read(data: BytesInput, options: ReadOptions): FileContent;
  /**
   * Reads a file piece by piece. Yields packed batches, which `unpack` and the reconciler read; returns the summary.
   * Throws like `read`, and everything it has yielded stands for nothing then.
   */
  batches(pieces: Pieces | BytesInput, options: ReadOptions): AsyncGenerator<Uint8Array, FileSummary>;
  /** The lines of a batch. */
  unpack(batch: Uint8Array): Lines;
  /**
   * A whole file as `reconcile` takes it: in the generic columns, under its name, with the line each row came from. Throws
   * like `read`.
   */
  source(data: BytesInput, options: ReadOptions): ReadSource;
}

/** A file that was read for `reconcile`. */
export interface ReadSource extends GenericFile {
  readonly name: string;
  /** What the file says about itself, for `reconcile` to hold against what was read. */
  readonly statements: readonly StatementFigures[];
}

/** Readers of the files of providers and banks. */
export const readers: Readers = { formats, detect, read, batches, unpack, source };

/** How much of a file `detect` looks at. */
const HEAD_BYTES = 65_536;
/** A batch is handed out when it has grown to this size. */
const BATCH_BYTES = 262_144;
/** So much is read at once of bytes that are there as a whole. */
const PIECE_BYTES = 1_048_576;

function formats(): readonly FormatInfo[] {
  return engine.invoke<FormatInfo[]>((exports) => exports.formats_names());
}

function detect(data: BytesInput, options: { readonly encoding?: string | undefined } = {}): Detection {
  onlyKnown("options", options, ["encoding"]);
  const head = decompressed("data", bytes("data", data)).subarray(0, HEAD_BYTES);
  const document = encode({ encoding: optionalText("encoding", options.encoding) });
  const found = engine.invoke<Found>((exports) => exports.formats_detect(document, head));
  if (found.guess === null) return { ...found, guess: null };
  const { side, mapping, unsure } = found.guess;
  const { columns, decimal, date_order, delimiter, rows_before_header, signed_by_effect, fees_negative } = mapping;
  return {
    ...found,
    guess: {
      side,
      unsure: unsure.map((name) => (name === "date_order" ? "dateOrder" : name)),
      mapping: {
        columns,
        ...(decimal === undefined ? {} : { decimal }),
        ...(date_order === undefined ? {} : { dateOrder: date_order }),
        ...(delimiter === undefined ? {} : { delimiter }),
        ...(rows_before_header === 0 ? {} : { rowsBeforeHeader: rows_before_header }),
        ...(signed_by_effect === undefined ? {} : { signedByEffect: signed_by_effect }),
        ...(fees_negative === undefined ? {} : { feesNegative: fees_negative }),
      },
    },
  };
}

/** What the engine answers. */
interface Found {
  readonly format: FormatName | null;
  readonly because: string;
  readonly encoding: string;
  readonly guess: {
    readonly side: "settlement" | "bank";
    readonly mapping: {
      readonly columns: Readonly<Record<string, string>>;
      readonly decimal?: "point" | "comma";
      readonly date_order?: "year_month_day" | "day_month_year" | "month_day_year";
      readonly delimiter?: "," | ";" | "\t" | "|";
      readonly rows_before_header: number;
      readonly signed_by_effect?: boolean;
      readonly fees_negative?: boolean;
    };
    readonly unsure: readonly ("currency" | "date_order" | "decimal")[];
  } | null;
}

function read(data: BytesInput, options: ReadOptions): FileContent {
  const lines: Lines = { settlement: [], bank: [], statements: [] };
  const { summary } = readInto(data, options, {}, (reader) => unpackInto(lines, reader.take()));
  return { ...lines, summary };
}

/** Reads a whole file, from which `take` takes what was found after each piece and at the end. */
function readInto(data: BytesInput, options: ReadOptions, form: Form, take: (reader: Reader) => void): Finished & { readonly name: string } {
  const reader = new Reader(options, form);
  try {
    for (const piece of cut(decompressed(reader.name, bytes(reader.name, data)))) {
      reader.push(piece);
      take(reader);
    }
    const finished = reader.finish();
    take(reader);
    return { ...finished, name: reader.name };
  } finally {
    reader.release();
  }
}

async function* batches(pieces: Pieces | BytesInput, options: ReadOptions): AsyncGenerator<Uint8Array, FileSummary> {
  const reader = new Reader(options);
  let waiting: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of decompressing(reader.name, iterated(reader.name, pieces))) {
      for (const part of cut(bytes(reader.name, piece))) {
        reader.push(part);
        const batch = reader.take();
        waiting.push(batch);
        size += batch.length;
      }
      if (size >= BATCH_BYTES) {
        yield joined(waiting);
        [waiting, size] = [[], 0];
      }
    }
    const { summary } = reader.finish();
    waiting.push(reader.take());
    const last = joined(waiting);
    if (last.length > 0) yield last;
    return summary;
  } finally {
    reader.release();
  }
}

function unpack(batch: Uint8Array): Lines {
  const lines: Lines = { settlement: [], bank: [], statements: [] };
  unpackInto(lines, bytes("batch", batch));
  return lines;
}

/** As what lines come out: packed, or as rows of generic CSV. */
interface Form {
  readonly asGeneric?: true;
}

/** A file that was read to its end. */
interface Finished {
  readonly summary: FileSummary;
  /** Of the first line, where lines come out as generic CSV. */
  readonly currency: string | undefined;
}

/** A reader of the engine, for one file. */
class Reader {
  readonly name: string;
  readonly #handle: number;
  readonly #generation: number;

  constructor(options: ReadOptions, { asGeneric }: Form = {}) {
    onlyKnown("options", options, ["format", "name", "encoding", "mapping", "referenceColumn", "context"]);
    const format = text("format", options.format);
    this.name = optionalText("name", options.name) ?? format;
    const document = encode({
      format,
      name: this.name,
      encoding: optionalText("encoding", options.encoding),
      reference_column: optionalText("referenceColumn", options.referenceColumn),
      mapping: options.mapping === undefined ? undefined : mappingDocument(options.mapping),
      context: flag("context", options.context),
      as_generic: asGeneric,
    });
    this.#handle = engine.invoke<number>((exports) => exports.formats_open(document));
    this.#generation = engine.generation;
  }

  push(piece: Uint8Array): void {
    this.#check();
    engine.invoke<null>((exports) => exports.formats_push(this.#handle, piece));
  }

  take(): Uint8Array {
    this.#check();
    return engine.raw((exports) => exports.formats_take(this.#handle));
  }

  /** Of each row that was taken, the line it came from. */
  takePlaces(): Uint32Array {
    this.#check();
    const places = engine.raw((exports) => exports.formats_take_places(this.#handle));
    return new Uint32Array(places.buffer, places.byteOffset, places.length / Uint32Array.BYTES_PER_ELEMENT);
  }

  /** A batch of what the file says of itself, where lines come out as generic CSV. */
  takeStatements(): Uint8Array {
    this.#check();
    return engine.raw((exports) => exports.formats_take_statements(this.#handle));
  }

  finish(): Finished {
    this.#check();
    const found = engine.invoke<{ settlement_lines: number; bank_lines: number; statements: number; encoding: string; currency?: string }>(
      (exports) => exports.formats_finish(this.#handle),
    );
    const { settlement_lines: settlementLines, bank_lines: bankLines, statements, encoding, currency } = found;
    return { summary: { settlementLines, bankLines, statements, encoding }, currency };
  }

  release(): void {
    if (engine.generation !== this.#generation) return;
    engine.invoke<null>((exports) => exports.formats_release(this.#handle));
  }

  /** Another file's reader may have the handle after a trap. */
  #check(): void {
    if (engine.generation === this.#generation) return;
    throw refusal("reader_lost", this.name, "the reader", "was lost with an instance that trapped: read the file again");
  }
}

/** The members of a mapping. */
export const MAPPING: readonly (keyof TableMapping)[] = [
  "columns", "currency", "decimal", "dateOrder", "delimiter", "rowsBeforeHeader", "signedByEffect", "feesNegative", "types", "statuses",
];

function mappingDocument(mapping: TableMapping): Record<string, unknown> {
  onlyKnown("mapping", mapping, MAPPING);
  return {
    columns: mapping.columns === undefined ? undefined : named("mapping.columns", mapping.columns),
    currency: optionalText("mapping.currency", mapping.currency),
    decimal: optionalText("mapping.decimal", mapping.decimal),
    date_order: optionalText("mapping.dateOrder", mapping.dateOrder),
    delimiter: optionalText("mapping.delimiter", mapping.delimiter),
    rows_before_header: mapping.rowsBeforeHeader,
    signed_by_effect: flag("mapping.signedByEffect", mapping.signedByEffect),
    fees_negative: flag("mapping.feesNegative", mapping.feesNegative),
    types: mapping.types === undefined ? undefined : named("mapping.types", mapping.types),
    statuses: mapping.statuses === undefined ? undefined : named("mapping.statuses", mapping.statuses),
  };
}

function named(name: string, value: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(object(name, value));
  return Object.fromEntries(entries.map(([key, inner]) => [key, text(`${name}.${key}`, inner)]));
}

/** Bytes as an iterable of their own, and streams and iterables as one that is asynchronous. */
async function* iterated(name: string, pieces: Pieces | BytesInput): AsyncGenerator<Uint8Array> {
  if (typeof pieces === "string" || ArrayBuffer.isView(pieces) || pieces instanceof ArrayBuffer) {
    yield bytes(name, pieces);
    return;
  }
  if (Symbol.asyncIterator in pieces || Symbol.iterator in pieces) {
    yield* pieces;
    return;
  }
  // Streams of some browsers are no iterables.
  const stream = object(name, pieces as ReadableStream<Uint8Array>);
  fn(`${name}.getReader`, stream.getReader);
  const reader = stream.getReader();
  for (;;) {
    const next = await reader.read();
    if (next.done) return;
    yield next.value;
  }
}

function* cut(whole: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < whole.length; at += PIECE_BYTES) yield whole.subarray(at, at + PIECE_BYTES);
}

function source(data: BytesInput, options: ReadOptions): ReadSource {
  const rows: Uint8Array[] = [];
  const lines: number[] = [];
  const found: Lines = { settlement: [], bank: [], statements: [] };
  const { name, currency } = readInto(data, options, { asGeneric: true }, (reader) => {
    rows.push(reader.take());
    for (const line of reader.takePlaces()) lines.push(line);
    unpackInto(found, reader.takeStatements());
  });
  return { name, statements: figuresOf(found.statements, currency), data: joined(rows), lines };
}
