/** A thread that plays the first scene once, with the wasm of the package, and hands over what it saw and how that looks. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

import { provideWasm } from "tillproof/slim";

const { resolve } = createRequire(import.meta.url);
const { ARTEFACTS, firstView, playFirst } = await import(workerData);

for (const name of ARTEFACTS) provideWasm(name, new WebAssembly.Module(readFileSync(resolve(`tillproof/wasm/${name}.wasm`))));
const stories = await playFirst();
parentPort.postMessage({ stories, view: firstView(stories) });
