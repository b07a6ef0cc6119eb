/** A framework's own server in a process of its own, on a free port of the loopback. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { SECRET } from "./delivery.mjs";

/** How long a server may take until it listens. */
const START_MS = 600_000;

/** A fresh folder below `run/`, with files in it. It sees the packages that are installed in `root`. */
export function project(name, files, root = import.meta.dirname) {
  const folder = join(root, "run", name);
  rmSync(folder, { recursive: true, force: true });
  for (const [file, code] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), code);
  }
  return folder;
}

/** A port that was free a moment ago, below those that systems hand out by themselves: nobody is given it by chance. */
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_768);
    const probe = createServer();
    const isFree = await new Promise((resolve, reject) => {
      probe.once("error", (error) => (["EADDRINUSE", "EACCES"].includes(error.code) ? resolve(false) : reject(error)));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

/** What the servers are started with, beside what they take from us. */
export function environment(port) {
  return { PORT: String(port), STRIPE_WEBHOOK_SECRET: SECRET, HOST: "127.0.0.1", NO_COLOR: "1", FORCE_COLOR: undefined };
}

/**
 * Starts a server and waits until it listens.
 *
 * @param {{ command: string[] | ((port: number) => string[]), folder: string, env?: object, host?: string }} what
 */
export async function start({ command, folder, env = {}, host = "127.0.0.1" }) {
  const port = await freePort();
  const [program, ...args] = typeof command === "function" ? command(port) : command;
  const child = spawn(program, args, {
    cwd: folder,
    // A group of its own, since some of these programs start others.
    detached: true,
    env: { ...process.env, ...environment(port), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (chunk) => (said.out += chunk));
  child.stderr.on("data", (chunk) => (said.err += chunk));
  child.on("error", (error) => (said.err += String(error)));
  const url = `http://${host}:${port}`;
  const server = { url, said, stop: () => stop(child) };
  const deadline = Date.now() + START_MS;
  while (!(await listens(port, host))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop(child);
      throw new Error(`${program} ${args.join(" ")} does not listen:\n${said.out}\n${said.err}`);
    }
    await pause(25);
  }
  return server;
}

function listens(port, host) {
  return new Promise((resolve) => {
    const probe = connect(port, host, () => resolve(probe.end()));
    probe.on("error", () => resolve(false));
  });
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  process.kill(-child.pid, "SIGKILL");
  await gone;
}

/** Waits until a process has said something; what it says comes through a pipe, later than its answer. */
export async function heard(server, pattern, where = "out") {
  const deadline = Date.now() + 300_000;
  while (!pattern.test(server.said[where])) {
    if (Date.now() > deadline) throw new Error(`${pattern} was not said, but:\n${server.said.out}\n${server.said.err}`);
    await pause(10);
  }
}

/** How often an event was applied. */
export const applied = (server, id) => server.said.out.split("\n").filter((line) => line.includes("applied") && line.includes(id)).length;
