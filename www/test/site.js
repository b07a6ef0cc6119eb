/**
 * The built page behind a server that knows nothing: files below a path, no compression, the policy as a header.
 *
 * Invariant: whoever asks for something that is not in the build gets 404, and everything that was asked for is in
 * `asked`, in order.
 */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

import { build } from "vite";

const ROOT = join(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");
const BASE = "/deep/down/";

const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".wasm": "application/wasm" };

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

let built;

/** Serves the page, which is built once. `without` are patterns of files that are not there. */
export async function openSite({ without = [] } = {}) {
  built ??= build({ root: ROOT, logLevel: "warn" });
  await built;
  const asked = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://site.invalid").pathname;
    const file = join(DIST, normalize(path.slice(BASE.length)) || "index.html");
    const named = path === BASE ? join(DIST, "index.html") : file;
    const isThere = path.startsWith(BASE) && existsSync(named) && statSync(named).isFile() && !without.some((pattern) => pattern.test(path));
    asked.push({ path, bytes: isThere ? statSync(named).size : 0 });
    response.setHeader("content-security-policy", POLICY);
    response.setHeader("content-type", TYPES[extname(named)] ?? "application/octet-stream");
    if (!isThere) response.writeHead(404).end();
    else createReadStream(named).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}${BASE}`;
  return { url, asked, close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))) };
}
