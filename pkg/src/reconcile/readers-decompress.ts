/**
 * Compressed files, by what the host has: zlib of Node, Bun and Deno, or the streams of browsers and Workers.
 *
 * Invariant: what is compressed is told by its first bytes and never by a name, and a host that cannot decompress says so
 * instead of handing the bytes on.
 */

import { TillproofError } from "../shell/errors.js";

/** How a file is compressed. */
type Compression = "gzip" | "zstd";

/** Bytes of a magic number. */
const MAGIC_BYTES = 4;

/** The part of `node:zlib` that is used. zstd came with Node 22.15 and 23.8. */
interface Zlib {
  readonly gunzipSync: (bytes: Uint8Array) => Uint8Array;
  readonly zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array;
  readonly createGunzip: () => unknown;
  readonly createZstdDecompress?: () => unknown;
}

/** The part of `node:stream` that is used. */
interface Streams {
  readonly Readable: { from(source: AsyncIterable<Uint8Array>): unknown };
  readonly pipeline: (source: unknown, through: unknown, done: (error: unknown) => void) => unknown;
}

interface Builtins {
  getBuiltinModule?(name: "node:zlib"): Zlib | undefined;
  getBuiltinModule?(name: "node:stream"): Streams | undefined;
}

// Asked for at run time, because a bundle for browsers must not import them.
function host(): Builtins {
  return (globalThis as { process?: Builtins }).process ?? {};
}

/** How the bytes at the beginning of a file are compressed; `undefined` where they are not. */
function compressionOf(head: Uint8Array): Compression | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  return undefined;
}

/**
 * The bytes of a file, decompressed where they are compressed.
 *
 * Throws `file_decompressor_missing` where the host has none that works at once, `file_compression_broken` for bytes that
 * are not what their beginning says.
 */
export function decompressed(name: string, bytes: Uint8Array): Uint8Array {
  const compression = compressionOf(bytes);
  if (compression === undefined) return bytes;
  const zlib = host().getBuiltinModule?.("node:zlib");
  const inflate = compression === "gzip" ? zlib?.gunzipSync : zlib?.zstdDecompressSync;
  if (inflate === undefined) throw missing(name, compression, zlib === undefined);
  try {
    return inflate(bytes);
  } catch (cause) {
    throw broken(name, compression, cause);
  }
}

/**
 * The pieces of a file, decompressed on the way where they are compressed.
 *
 * Throws like {@link decompressed}.
 */
export async function* decompressing(name: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = source[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  let ended = false;
  while (!ended && head.length < MAGIC_BYTES) {
    const next = await pieces.next();
    if (next.done === true) ended = true;
    else head = head.length === 0 ? next.value : joined(head, next.value);
  }
  const rest = resumed(head, pieces, ended);
  const compression = compressionOf(head);
  if (compression === undefined) {
    yield* rest;
    return;
  }
  try {
    yield* inflated(name, compression, rest);
  } catch (cause) {
    if (cause instanceof TillproofError) throw cause;
    throw broken(name, compression, cause);
  }
}

function inflated(name: string, compression: Compression, source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const zlib = host().getBuiltinModule?.("node:zlib");
  const streams = host().getBuiltinModule?.("node:stream");
  const through = compression === "gzip" ? zlib?.createGunzip() : zlib?.createZstdDecompress?.();
  if (through !== undefined && streams !== undefined) {
    // What goes wrong destroys the stream that is read, whose reader gets the error.
    streams.pipeline(streams.Readable.from(source), through, () => undefined);
    return through as AsyncIterable<Uint8Array>;
  }
  if (compression !== "gzip" || typeof DecompressionStream === "undefined") {
    throw missing(name, compression, zlib === undefined);
  }
  return throughWebStream(source);
}

async function* throughWebStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = source[Symbol.asyncIterator]();
  const readable = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await pieces.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
  });
  const through = new DecompressionStream("gzip") as unknown as ReadableWritablePair<Uint8Array, Uint8Array>;
  const reader = readable.pipeThrough(through).getReader();
  for (;;) {
    const next = await reader.read();
    if (next.done) return;
    yield next.value;
  }
}

async function* resumed(
  head: Uint8Array,
  pieces: AsyncIterator<Uint8Array>,
  ended: boolean,
): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  while (!ended) {
    const next = await pieces.next();
    if (next.done === true) return;
    yield next.value;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function missing(name: string, compression: Compression, isWithoutZlib: boolean): TillproofError {
  const instead =
    compression === "zstd"
      ? "zstd comes with Node 22.15 and later: decompress the file first, or use a newer Node"
      : isWithoutZlib
        ? "decompress the file first, or read it with readers.batches, which can use the streams of this host"
        : "decompress the file first";
  return new TillproofError({
    code: "file_decompressor_missing",
    message: `${name}: the file is compressed with ${compression}, which this host cannot decompress here: ${instead}`,
    details: { file: name, found: compression },
  });
}

function broken(name: string, compression: Compression, cause: unknown): TillproofError {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new TillproofError({
    code: "file_compression_broken",
    message: `${name}: the file begins as ${compression} and cannot be decompressed (${found}): fetch it again`,
    details: { file: name, compression, found },
    cause,
  });
}
