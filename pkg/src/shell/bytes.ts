/**
 * A module from what `#wasm/<artefact>` resolved to.
 *
 * Each runtime is given what it can compile: Workers a ready `WebAssembly.Module` (they refuse to compile bytes),
 * Node, Bun, Deno, browsers and bundlers packed bytes in a JavaScript file (a path to a `.wasm` file does not survive
 * bundling), and the slim entries a function that returns the module the caller provided.
 *
 * Packed is base64 of deflated bytes: plain base64 would cost a third more, since gzip cannot find its way through it. The
 * module that a page carries for a webhook is packed closer than that: `squeezed.ts`.
 */

import { fromBase64 } from "./base64.js";
import { inflate } from "./inflate.js";

/** What `#wasm/<artefact>` resolves to: packed bytes, the compiled module, or where to get it at the first call. */
export type ModuleSource = string | Compiled;

/** The compiled module, or what makes it. */
export type Compiled = WebAssembly.Module | (() => WebAssembly.Module);

/** What compiles a packed text, synchronously, when the module is asked for. */
export function packed(source: ModuleSource): Compiled {
  return typeof source === "string" ? () => new WebAssembly.Module(unpack(source)) : source;
}

/** The bytes of a packed text. */
export function unpack(text: string): Uint8Array<ArrayBuffer> {
  return inflated(fromBase64(text));
}

/** Bytes as the build packs them: the first four are their number, the lowest first, and the rest is their deflation. */
export function inflated(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const deflated = bytes.subarray(4);
  // Asked for at run time, because a bundle for browsers must not import it. No browser inflates synchronously.
  const zlib = (globalThis as { process?: Builtins }).process?.getBuiltinModule?.("node:zlib");
  if (zlib !== undefined) return zlib.inflateRawSync(deflated);
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return inflate(deflated, size);
}

type Builtins = { getBuiltinModule?: (name: "node:zlib") => Zlib | undefined };
type Zlib = { inflateRawSync(deflated: Uint8Array): Uint8Array<ArrayBuffer> };
