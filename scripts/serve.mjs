/** `make serve`: builds the page in www/ with the packed package and serves it on loopback; PORT names the port. */

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import { at, main } from "./command.mjs";
import { buildPackage } from "./package.mjs";
import { installSample, WWW } from "./samples.mjs";

await main(async () => {
  await buildPackage();
  const root = await installSample(WWW);
  const vite = createRequire(at("pkg/package.json")).resolve("vite");
  const { build, preview } = await import(pathToFileURL(vite).href);
  await build({ root, logLevel: "warn" });
  const port = Number(process.env.PORT ?? 4173);
  const server = await preview({ root, preview: { host: "127.0.0.1", port } });
  server.printUrls();
});
