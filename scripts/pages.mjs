/**
 * The programs of a documentation page, as whoever installed the package would run them.
 *
 * Invariant: what a page imports from `tillproof/…` is the source of that entry, so that a page is tested before the
 * package is built.
 */

import { at } from "./command.mjs";
import { ENTRIES } from "./entries.mjs";
import { esbuild } from "./javascript.mjs";

/** The longest first: `tillproof/webhooks` would also be taken for the beginning of `tillproof/webhooks/full`. */
const NAMED = ENTRIES.filter(({ name }) => name !== "").sort((a, b) => b.name.length - a.name.length);

/** Bundles programs to ES modules for Node; `external` names the drivers that are found beside them. */
export async function buildPrograms({ entryPoints, outdir, external = [] }) {
  await esbuild().build({
    entryPoints,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    outdir,
    outExtension: { ".js": ".mjs" },
    external,
    alias: Object.fromEntries(NAMED.map(({ name, source }) => [`tillproof/${name}`, at("pkg/src", source)])),
    logLevel: "warning",
  });
}
