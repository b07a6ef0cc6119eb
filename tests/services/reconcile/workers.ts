/** Processes that make parts, some of which are killed at it. */

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { EngineName } from "./engines.js";

/** Of a test, which is bundled as a file beside the folder of this one. */
const PROGRAM = fileURLToPath(new URL("reconcile/worker.mjs", import.meta.url));

/** Worker processes; whoever begins a part is killed in the middle of it, so often as was asked for. */
export class Workers {
  readonly #alive = new Set<ChildProcess>();
  readonly #start: () => void;
  #left: number;
  killed = 0;

  constructor(engine: EngineName, name: string, count: number, kills: number) {
    this.#left = kills;
    this.#start = () => {
      const child = spawn(process.execPath, [PROGRAM, engine, name, kills > 0 ? "150" : "0"], { stdio: ["ignore", "pipe", "inherit"] });
      this.#alive.add(child);
      child.once("exit", () => this.#alive.delete(child));
      child.stdout?.on("data", () => this.#begun(child));
    };
    for (let at = 0; at < count; at += 1) this.#start();
  }

  #begun(child: ChildProcess): void {
    if (this.#left === 0 || child.killed) return;
    this.#left -= 1;
    this.killed += 1;
    // Anywhere between its first file and its result.
    setTimeout(() => child.kill("SIGKILL"), Math.random() * 500);
    child.once("exit", () => this.#start());
  }

  async end(): Promise<void> {
    const gone = [...this.#alive].map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of this.#alive) child.kill("SIGKILL");
    await Promise.all(gone);
  }
}
