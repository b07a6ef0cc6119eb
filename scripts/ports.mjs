/**
 * Ports for servers that have to be told theirs.
 *
 * Invariant: a port lies below those that systems hand out by themselves, to servers that ask for any and to everybody who
 * connects to one. So between the look and the start nobody is given it by chance.
 */

import { createServer } from "node:net";

/** Linux hands out 32,768 and above, others 49,152 and above. */
const LEAST = 10_000;
const BEYOND = 32_768;

/** A port of the loopback that was free a moment ago. */
export async function freePort() {
  for (;;) {
    const port = LEAST + Math.floor(Math.random() * (BEYOND - LEAST));
    if (await isFree(port)) return port;
  }
}

function isFree(port) {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", (error) => (["EADDRINUSE", "EACCES"].includes(error.code) ? resolve(false) : reject(error)));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
