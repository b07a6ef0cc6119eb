/**
 * Where the command-line tool has its modules from: the `.wasm` files beside it, in the place of `#wasm/<artefact>`.
 *
 * It is never bundled into something else, so a path holds; a file is read in a millisecond, while the packed text takes
 * twenty to be loaded and unpacked, which is a tenth of what `tillproof simulate` has until its first answer.
 */

import { readFileSync } from "node:fs";

/** What gives the module of an artefact when it is first asked for. */
export function wasmFile(name: string): () => WebAssembly.Module {
  // Relative to where the build puts the code, which is in the folder `dist`.
  return () => new WebAssembly.Module(readFileSync(new URL(`../wasm/${name}.wasm`, import.meta.url)));
}
