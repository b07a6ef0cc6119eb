/**
 * Real database servers for tests: started on a free port of this machine, over an empty folder, and stopped at the end.
 *
 * Invariant: a server belongs to the run that started it. It listens on loopback only, keeps its data in a temporary
 * folder and flushes each commit to the disk as a careful merchant's server does, so a test proves what production has.
 */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chownSync, closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { describe, Failure, onPath, outputOf, run } from "./command.mjs";
import { freePort } from "./ports.mjs";

/** Guards against hanging, and no measure of how fast a machine has to be. */
const START_MS_MAX = 300_000;
const STOP_MS_MAX = 60_000;

/** What runs, by name: `{ url, stop, kill }`. */
const running = new Map();

// Whatever ends this script ends its servers.
process.on("exit", () => running.forEach(({ kill }) => kill()));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** A PostgreSQL server of this run; resolves to its connection string. */
export const ensurePostgres = () => ensure("postgres", startPostgres);

/** A Redis server of this run; resolves to its connection string. */
export const ensureRedis = () => ensure("redis", () => startRedis());

/** A Redis cluster of one node of this run, which has all slots; resolves to its connection string. */
export const ensureRedisCluster = () => ensure("redis cluster", startRedisCluster);

/** A NATS server with JetStream of this run; resolves to its connection string. */
export const ensureNats = () => ensure("nats", startNats);

/** Stops what was started, and removes its data. */
export async function stopServices() {
  await Promise.all([...running.values()].map(({ stop }) => stop()));
  running.clear();
}

async function ensure(name, start) {
  if (!running.has(name)) running.set(name, await start());
  return running.get(name).url;
}

async function startPostgres() {
  const bin = await postgresPrograms();
  const owner = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), "tillproof-postgres-"));
  const data = join(folder, "data");
  const password = randomBytes(16).toString("hex");
  writeFileSync(join(folder, "password"), password);
  if (owner !== undefined) for (const path of [folder, join(folder, "password")]) chownSync(path, owner.uid, owner.gid);
  const made = await finished(join(bin, "initdb"), [
    "--pgdata", data, "--username", "tillproof", "--pwfile", join(folder, "password"),
    "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync",
  ], { ...owner, cwd: folder });
  if (made.status !== 0) throw new Failure(`initdb could not make a database:\n${made.output}`);
  const port = await freePort();
  // fsync and synchronous_commit are what they are by default, and stand here because the guarantees need them.
  const settings = {
    listen_addresses: "127.0.0.1", port, unix_socket_directories: folder, fsync: "on", synchronous_commit: "on",
    // Files of tests run side by side, as many as there are cores, each with pools of its own.
    max_connections: 500,
  };
  const args = ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const url = `postgres://tillproof:${password}@127.0.0.1:${port}/postgres`;
  // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
  const server = launch(join(bin, "postgres"), args, { ...owner, cwd: folder }, "SIGINT", folder);
  await ready("postgres", server, () => answers(port, postgresGreeting(), (answer) => answer[0] === 0x52));
  return { url, ...server };
}

async function startRedisCluster() {
  const server = await startRedis(["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]);
  const port = Number(new URL(server.url).port);
  const says = (command, expected) => answers(port, `${command}\r\n`, (answer) => answer.toString().includes(expected));
  await ready("redis cluster", server, () => says("CLUSTER ADDSLOTSRANGE 0 16383", "+OK"));
  await ready("redis cluster", server, () => says("CLUSTER INFO", "cluster_state:ok"));
  return server;
}

async function startRedis(further = []) {
  await ensureProgram("redis-server", "redis-server");
  const folder = mkdtempSync(join(tmpdir(), "tillproof-redis-"));
  const port = await freePort();
  const args = [
    "--bind", "127.0.0.1", "--port", String(port), "--dir", folder, "--save", "",
    "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction",
    ...further,
  ];
  const server = launch(onPath("redis-server"), args, { cwd: folder }, "SIGTERM", folder);
  await ready("redis", server, () => answers(port, "PING\r\n", (answer) => answer.toString().startsWith("+PONG")));
  return { url: `redis://127.0.0.1:${port}`, ...server };
}

async function startNats() {
  await ensureProgram("nats-server", "nats-server");
  const folder = mkdtempSync(join(tmpdir(), "tillproof-nats-"));
  const port = await freePort();
  const args = ["--addr", "127.0.0.1", "--port", String(port), "--jetstream", "--store_dir", folder];
  const server = launch(onPath("nats-server"), args, { cwd: folder }, "SIGTERM", folder);
  // A NATS server speaks first.
  await ready("nats", server, () => answers(port, "", (answer) => answer.toString().startsWith("INFO ")));
  return { url: `nats://127.0.0.1:${port}`, ...server };
}

/** The folder with `initdb` and `postgres`, which Debian keeps out of PATH. */
async function postgresPrograms() {
  const found = () => {
    const packaged = "/usr/lib/postgresql";
    const versions = existsSync(packaged) ? readdirSync(packaged).sort((a, b) => Number(b) - Number(a)) : [];
    const folders = [...versions.map((version) => join(packaged, version, "bin")), ...(process.env.PATH ?? "").split(":")];
    return folders.find((folder) => ["initdb", "postgres"].every((name) => existsSync(join(folder, name))));
  };
  if (found() === undefined) await install("postgresql");
  const folder = found();
  if (folder === undefined) throw missing("PostgreSQL", "postgresql");
  return folder;
}

async function ensureProgram(program, aptPackage) {
  if (onPath(program) === null) await install(aptPackage);
  if (onPath(program) === null) throw missing(program, aptPackage);
}

/** The programs whose formats the ledger writes. A machine without them runs the other tests, and says so. */
export async function offerAccountants() {
  for (const [program, aptPackage] of [["hledger", "hledger"], ["bean-check", "beancount"]]) {
    if (onPath(program) === null) await install(aptPackage).catch(() => undefined);
    if (onPath(program) === null) console.log(`${program} is missing: what only it can tell is skipped; install ${aptPackage}`);
  }
}

/** The last installation: apt lets one at a time at its lists, and several servers are started at once. */
let installing = Promise.resolve();

function install(aptPackage) {
  const mine = installing.then(() => installAlone(aptPackage));
  installing = mine.catch(() => undefined);
  return mine;
}

async function installAlone(aptPackage) {
  if (process.getuid?.() !== 0 || onPath("apt-get") === null) return;
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update"], { env });
  await run("apt-get", ["install", "--yes", "--no-install-recommends", aptPackage], { env });
}

function missing(what, aptPackage) {
  const command = describe("sudo apt-get", ["install", "--no-install-recommends", aptPackage]);
  return new Failure(`${what} is missing, and the tests of stores need the real server: install it with\n  ${command}`);
}

/** PostgreSQL refuses to run as root; the package brings a user of its own, and `nobody` is everywhere. */
function unprivileged() {
  if (process.getuid?.() !== 0) return undefined;
  for (const user of ["postgres", "nobody"]) {
    const [uid, gid] = [outputOf("id", ["-u", user]), outputOf("id", ["-g", user])];
    if (uid !== "" && gid !== "") return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Failure("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`: run as another user");
}

function finished(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => resolve({ status: error.code, output: error.message }));
    child.on("close", (status) => resolve({ status, output }));
  });
}

/** Starts a server that logs into its folder: a pipe would stop it whenever nobody reads. */
function launch(command, args, options, stopSignal, folder) {
  const file = join(folder, "server.log");
  const log = openSync(file, "a");
  const child = spawn(command, args, { ...options, stdio: ["ignore", log, log] });
  closeSync(log);
  const ended = new Promise((resolve) => {
    child.once("error", resolve);
    child.once("close", resolve);
  });
  const kill = () => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  const stop = async () => {
    child.kill(stopSignal);
    const timer = sleep(STOP_MS_MAX, undefined, { ref: false }).then(() => child.kill("SIGKILL"));
    await Promise.race([ended, timer.then(() => ended)]);
    rmSync(folder, { recursive: true, force: true });
  };
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return { kill, stop, ended: hasEnded, log: () => readFileSync(file, "utf8") };
}

async function ready(name, server, probe) {
  const deadline = process.hrtime.bigint() + BigInt(START_MS_MAX) * 1_000_000n;
  while (!(await probe())) {
    if (server.ended() || process.hrtime.bigint() > deadline) {
      const log = server.log();
      server.kill();
      throw new Failure(`${name} did not start:\n${log}`);
    }
    await sleep(50);
  }
}

/** Whether a server on this port answers a greeting as expected. */
function answers(port, greeting, expected) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(greeting));
    const done = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", (answer) => done(expected(answer)));
    socket.once("error", () => done(false));
    socket.once("close", () => done(false));
  });
}

/** The start-up message of PostgreSQL's protocol 3.0; a server that is up answers with a request to authenticate, `R`. */
function postgresGreeting() {
  const body = Buffer.from("\0\x03\0\0user\0tillproof\0database\0postgres\0\0", "latin1");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}
