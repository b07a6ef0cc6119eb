/** Real processes and real HTTP: what the demo watches. */

import { spawn, type ChildProcess } from "node:child_process";
import { createRequire, isBuiltin } from "node:module";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

/** A JSON object whose fields are checked where they are used. */
export type JsonObject = Record<string, unknown>;

/** How long a process may take to say that it is ready, in milliseconds. */
const READY_MS = 120_000;

/** The SQLite that also serves Node 20. */
const DRIVER = "node-sqlite3-wasm";

/** A process whose lines are read. */
export class Child {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #listeners: ((line: string) => void)[] = [];
  readonly #ended: Promise<void>;
  #errors = "";
  /** Why it could not be started at all. */
  #failure = "";
  /** Where it listens, once it is ready. */
  url = "";

  constructor(name: string, args: readonly string[], env: Record<string, string>) {
    this.#name = name;
    this.#process = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#ended = new Promise((resolve) => {
      this.#process.once("exit", () => resolve());
      this.#process.once("error", (error) => {
        this.#failure = error.message;
        resolve();
      });
    });
    let rest = "";
    this.#process.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) for (const listener of this.#listeners) listener(line);
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      this.#errors = (this.#errors + chunk).slice(-4_000);
    });
  }

  onLine(listener: (line: string) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Resolves when a line matches; its first group is the URL. Rejects, if it ends first or says nothing for too long,
   * with a plain `Error` of one line that holds what the process complained about.
   */
  async ready(pattern: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`the ${this.#name} ${why}: ${this.#complaint}`));
      const timer = setTimeout(() => fail(`was not ready after ${READY_MS / 1_000} s`), READY_MS);
      this.onLine((line) => {
        const match = pattern.exec(line);
        if (match === null) return;
        this.url = match[1] ?? "";
        clearTimeout(timer);
        resolve();
      });
      void this.#ended.then(() => {
        clearTimeout(timer);
        fail("ended before it was ready");
      });
    });
  }

  /** The line that names the error, of all that was said; Node puts source lines before it and a stack behind. */
  get #complaint(): string {
    const lines = this.#errors.split("\n").map((line) => line.trim());
    const named = lines.find((line) => /^(?:\w*Error\b|tillproof: )/.test(line));
    return this.#failure || named || lines.find((line) => line !== "") || "no message";
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#process.kill(signal);
    await this.#ended;
  }
}

/** The gateway is this same program, as a user would start it. */
export function gatewayArguments(seed: number): string[] {
  const program = process.argv[1] ?? "";
  return [program, "simulate", "--port", "0", "--seed", String(seed), "--faults", FAULTS, "--clock", "real"];
}

/** What can go wrong and come right within the minute of a demo: no outage of many minutes, no payload of another version. */
const FAULTS = fileURLToPath(new URL("../demo/faults.json", import.meta.url));

/** The merchant's program, shipped beside `dist`. */
export function merchantProgram(): string {
  return fileURLToPath(new URL("../demo/merchant.mjs", import.meta.url));
}

/**
 * What `program` can open its SQLite file with; `undefined` when there is nothing.
 *
 * Node has a driver of its own since 22.5, behind a flag until 22.13. The other one is looked for where the program
 * itself would find it.
 */
export function databaseDriver(program = merchantProgram()): string | undefined {
  if (isBuiltin("node:sqlite")) return "node:sqlite";
  try {
    createRequire(program).resolve(DRIVER);
    return DRIVER;
  } catch {
    return undefined;
  }
}

/** A port nobody uses now. The merchant keeps it over his restart, as his webhook address must not change. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** One JSON exchange. Rejects with a plain `Error` that says which, where `fetch` says "fetch failed" only. */
export async function json(method: string, url: string, body?: unknown, timeoutMs = 30_000): Promise<JsonObject> {
  try {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    return (await response.json()) as JsonObject;
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Error(`${method} ${url}: ${cause instanceof Error ? cause.message : message}`, { cause: error });
  }
}
