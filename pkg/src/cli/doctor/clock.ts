/**
 * Whether the clock of this host agrees with a server's `Date`.
 *
 * A wrong clock refuses good deliveries, accepts old ones, and misjudges how long a provider remembers a key.
 */

import { type Answered, exchange, isAnswered } from "./exchange.js";
import { broken, doubtful, fine, type Finding } from "./finding.js";

/** `Date` counts whole seconds, and the way there and back takes its time. */
const EXACT_MS = 3_000;

/** Most schemes take five minutes; what is left must do for the network. */
const USABLE_MS = 60_000;

const CHECK = "clock";

/** Asks the server for its time. */
export async function checkClock(server: URL): Promise<Finding> {
  const outcome = await exchange(server, { method: "HEAD", cache: "no-store" });
  if (isAnswered(outcome)) return judgeClock(server.host, outcome);
  return doubtful(CHECK, `no time to compare with: ${outcome.problem}`, `${outcome.fix}; or name another server with --clock`);
}

/** Compares the middle of the exchange with what the server said. */
export function judgeClock(host: string, { headers, sentAt, answeredAt }: Pick<Answered, "headers" | "sentAt" | "answeredAt">): Finding {
  const date = headers.get("date");
  const there = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(there)) return doubtful(CHECK, `${host} says no time`, "name another server with --clock");
  if (Number(headers.get("age") ?? 0) > 0) {
    return doubtful(CHECK, `the answer of ${host} comes from a cache and its time is old`, "name another server with --clock");
  }
  // The server's second began up to a second before its answer: half of one is added.
  const ahead = Math.round((sentAt + answeredAt) / 2 - (there + 500));
  const off = Math.abs(ahead);
  const way = ahead > 0 ? "ahead of" : "behind";
  const fix = "run NTP (chrony, systemd-timesyncd), and wait until it has caught up before payments are taken";
  if (off <= EXACT_MS) return fine(CHECK, `this clock agrees with ${host} to within ${EXACT_MS / 1000} s`);
  const found = `this clock is ${spanOf(off)} ${way} ${host}`;
  return off <= USABLE_MS ? doubtful(CHECK, found, fix) : broken(CHECK, found, fix);
}

function spanOf(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
