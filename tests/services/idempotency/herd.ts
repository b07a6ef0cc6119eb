/**
 * Many customers who repeat themselves, over loopback HTTP, against several servers at once.
 *
 * Invariant: what is counted is what came over the wire, and what stands in the database, by means that know nothing of keys.
 */

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { server } from "../servers.js";
import { HELD, RELEASE } from "./shop.js";

/** A server that listens. */
export interface Shop {
  readonly port: number;
  readonly child: ChildProcess;
  /** Resolves when an order of a server that holds them is written down and goes no further. */
  readonly held: Promise<void>;
  /** Lets it go on. */
  release(): void;
  /** Sets the server's clock ahead of the wall's. */
  setAhead(milliseconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server and waits until it listens. */
export async function open(env: Readonly<Record<string, string>>): Promise<Shop> {
  const program = join(dirname(fileURLToPath(import.meta.url)), "idempotency", "shop.mjs");
  // With a SQLite of its own, which this Node may lack.
  const execPath = server("MODERN_NODE");
  const child = fork(program, { env: { ...process.env, ...env }, execPath, execArgv: ["--enable-source-maps"] });
  const heard = (wanted: (message: unknown) => boolean): Promise<unknown> =>
    new Promise((resolve) => child.on("message", (message) => wanted(message) && resolve(message)));
  const held = heard((message) => message === HELD).then(() => undefined);
  const port = (await heard((message) => typeof message === "number")) as number;
  return {
    port,
    child,
    held,
    release: () => void child.send(RELEASE),
    async setAhead(milliseconds) {
      const told = heard((message) => message === milliseconds);
      child.send(milliseconds);
      await told;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** What came back. */
export interface Told {
  readonly status: number;
  readonly replayed: boolean;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Sends an order; `null` where the server went away. */
export function send(port: number, key: string, item: string, account = "ann"): Promise<Told | null> {
  const body = JSON.stringify({ item });
  return new Promise((resolve) => {
    const headers = {
      "content-type": "application/json", "content-length": Buffer.byteLength(body), "idempotency-key": key, "x-account": account,
    };
    const sending = request({ host: "127.0.0.1", port, method: "POST", path: "/orders", headers, agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", () => resolve(null));
      answer.on("end", () => {
        const replayed = answer.headers["idempotent-replayed"] === "true";
        resolve({ status: answer.statusCode ?? 0, replayed, body: Buffer.concat(chunks).toString() });
      });
    });
    sending.on("error", () => resolve(null));
    sending.end(body);
  });
}

/** What a herd was told. */
export interface Stampede {
  readonly seconds: number;
  /** How many different answers each key had, 201s alone. */
  readonly answers: ReadonlyMap<string, ReadonlySet<string>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly replayed: number;
}

/** `requests` requests of `keys` keys, `atOnce` under way at any time, to each server in turn. */
export async function stampede(ports: readonly number[], requests: number, keys: number, atOnce: number): Promise<Stampede> {
  const answers = new Map<string, Set<string>>();
  const statuses: Record<string, number> = {};
  let replayed = 0;
  let next = 0;
  const started = process.hrtime.bigint();
  const lane = async (): Promise<void> => {
    for (let at = next++; at < requests; at = next++) {
      // Repetitions of one key are near each other in time, and at different servers.
      const key = `key-${Math.floor(at / (requests / keys))}`;
      const told = await send(ports[at % ports.length]!, key, `item of ${key}`);
      const status = told?.status ?? 0;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (told?.status !== 201) continue;
      if (told.replayed) replayed += 1;
      answers.set(key, (answers.get(key) ?? new Set()).add(told.body));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return { seconds: Number(process.hrtime.bigint() - started) / 1e9, answers, statuses, replayed };
}
