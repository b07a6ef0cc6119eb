// What of the page is asked for without a browser.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { build } from "vite";

/** A module of the page, built for Node. */
export async function sourceOf(path) {
  const root = join(import.meta.dirname, "..");
  const outDir = join(root, "node_modules/.examples");
  await build({ root, logLevel: "warn", build: { ssr: `src/${path}`, outDir, emptyOutDir: true } });
  return import(pathToFileURL(join(outDir, path.split("/").at(-1).replace(/\.ts$/, ".js"))).href);
}
