/**
 * The first view of the page, made while the page is built: its first story as the module `virtual:first-story`, and what
 * shows it as text in the document, to be read before a script has run.
 *
 * Invariant: the story is what the player of the page tells on the first scene, word for word: it runs the same sources with
 * the same wasm, in a thread of its own, since a run replaces the timers around it.
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

import { build } from "vite";

const NAME = "virtual:first-story";
const PLACE = '<div id="page"></div>';

/** For the configuration of Vite. */
export function firstView() {
  let root;
  let made;
  const recorded = () => (made ??= record(root));
  return {
    name: "first-view",
    configResolved: (config) => void (root = config.root),
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: async (id) => (id === `\0${NAME}` ? `export default ${sourceOf((await recorded()).stories)};` : undefined),
    transformIndexHtml: async (html) => {
      if (!html.includes(PLACE)) throw new Error(`index.html has no ${PLACE}`);
      const { view } = await recorded();
      // A function, since the text may hold what a pattern of a replacement means.
      return html.replace(PLACE, () => PLACE.replace("><", `>${view}<`));
    },
  };
}

/** Plays the first scene: `{ stories, view }`. */
async function record(root) {
  const outDir = join(root, "node_modules/.recorded");
  await build({ root, configFile: false, logLevel: "warn", build: { ssr: "src/first.tsx", outDir, emptyOutDir: true } });
  const first = pathToFileURL(join(outDir, "first.js")).href;
  return new Promise((resolve, reject) => {
    new Worker(new URL("./record.js", import.meta.url), { workerData: first }).once("message", resolve).once("error", reject);
  });
}

/** JSON, but for amounts, which are bigints and have a literal of their own. */
function sourceOf(value) {
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(sourceOf).join(",")}]`;
  if (typeof value !== "object" || value === null) return String(JSON.stringify(value));
  return `{${Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${sourceOf(inner)}`).join(",")}}`;
}
