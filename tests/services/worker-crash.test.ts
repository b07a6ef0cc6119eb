import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { createVerifier } from "../../pkg/src/webhooks/index.js";
import { createReceiver, type Receiver, type StoredReceipt } from "../../pkg/src/worker/receiver.js";
import { server } from "./servers.js";
import { connect } from "./worker-engines.js";

const EVENTS = Number(process.env["WORKER_EVENTS"] ?? 200);
const KILLS = Number(process.env["WORKER_KILLS"] ?? 5);
const PROCESSES = 3;
const SECRET = "whsec_crash";
const PROGRAM = fileURLToPath(new URL("worker-process.mjs", import.meta.url));

/** A delivery of Stripe's as it comes over the wire. */
function delivery(index: number) {
  const now = Date.now();
  const body = JSON.stringify({ id: `evt_${index}`, object: "event", type: "charge.succeeded", created: Math.floor(now / 1_000) });
  const time = Math.floor(now / 1_000);
  const signature = createHmac("sha256", SECRET).update(`${time}.${body}`).digest("hex");
  return { body, headers: { "stripe-signature": `t=${time},v1=${signature}` } };
}

/** As a provider does it: what is answered with an error comes again. */
async function delivered(receiver: Receiver, index: number): Promise<StoredReceipt> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await receiver.receive(delivery(index));
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

/** Worker processes, one of which dies again and again. */
class Crowd {
  readonly #start: () => ChildProcess;
  readonly #alive = new Set<ChildProcess>();
  kills = 0;
  /** Attempts begun by all of them, also by the dead. */
  attempts = 0;

  constructor(engine: string, name: string) {
    this.#start = () => spawn(server("MODERN_NODE"), [PROGRAM, engine, name], { stdio: ["ignore", "pipe", "ignore"] });
    for (let count = 0; count < PROCESSES; count += 1) this.#add();
  }

  #add(): void {
    const child = this.#start();
    this.#alive.add(child);
    child.stdout?.on("data", (chunk: Buffer) => (this.attempts += chunk.length));
    child.once("exit", () => this.#alive.delete(child));
  }

  /** In the middle of a job: whoever begins one next, a moment later. */
  async killOne(): Promise<void> {
    const begins = [...this.#alive].map((child) => new Promise<ChildProcess>((resolve) => {
      child.stdout?.once("data", () => resolve(child));
    }));
    const victim = await Promise.race(begins);
    await sleep(Math.random() * 10);
    this.kills += victim.kill("SIGKILL") ? 1 : 0;
    this.#alive.delete(victim);
    this.#add();
  }

  /** Ends all of them; resolves to the signals by which they ended. */
  async end(signal: NodeJS.Signals): Promise<(NodeJS.Signals | null)[]> {
    const ended = [...this.#alive].map((child) => new Promise<NodeJS.Signals | null>((resolve) => {
      child.once("exit", (_, by) => resolve(by));
    }));
    for (const child of this.#alive) child.kill(signal);
    return Promise.all(ended);
  }
}

async function crashed(engine: string, kills: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tillproof-crash-"));
  const name = engine === "sqlite" ? join(folder, "queue.db") : `${engine}-${randomBytes(4).toString("hex")}`;
  const { queue, exactlyOnce, effects, prepare, close } = await connect(engine, name);
  let crowd: Crowd | undefined;
  try {
    await prepare();
    const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });
    const receiver = createReceiver({ verifier, queue });
    const started = Date.now();
    // Each event 1 to 5 times, shuffled, while the workers already run and die.
    const order = Array.from({ length: EVENTS }, (_, index) => Array.from({ length: 1 + (index % 5) }, () => index)).flat();
    order.sort(() => Math.random() - 0.5);
    await queue.counts();
    crowd = new Crowd(engine, name);
    // A part of the deliveries for each kill, so that there is always somebody at work to be killed.
    const part = Math.ceil(order.length / (kills + 1));
    for (let from = 0; from < order.length; from += part) {
      const dies = crowd.kills < kills ? crowd.killOne() : undefined;
      const receipts = await Promise.all(order.slice(from, from + part).map((index) => delivered(receiver, index)));
      assert.ok(receipts.every(({ httpStatus }) => httpStatus === 200));
      await dies;
    }
    const deadline = Date.now() + 120_000;
    for (;;) {
      const { ready, delayed, taken, quarantined } = await queue.counts();
      assert.equal(quarantined, 0, "jobs put aside");
      if (ready + delayed + taken === 0) break;
      assert.ok(Date.now() < deadline, `${ready} ready, ${delayed} delayed, ${taken} taken after two minutes`);
      await sleep(100);
    }
    const seconds = (Date.now() - started) / 1_000;
    const applied = await effects();
    const twice = [...applied.values()].filter((times) => times > 1).length;
    console.log(
      `${engine}: ${EVENTS} events in ${order.length} deliveries, ${PROCESSES} processes, ${crowd.kills} SIGKILLs: ` +
        `${crowd.attempts} attempts, ${applied.size} applied, ${twice} of them more than once, ${seconds.toFixed(1)} s`,
    );
    assert.equal(crowd.kills, kills, "processes killed");
    assert.ok(crowd.attempts > EVENTS, "no process died in the middle of a job");
    assert.equal(applied.size, EVENTS, "events applied");
    if (exactlyOnce) assert.equal(twice, 0, "events applied more than once");
    // A drain ends the process by the very signal that asked for it.
    assert.deepEqual(await crowd.end("SIGTERM"), Array.from({ length: PROCESSES }, () => "SIGTERM"));
  } finally {
    await crowd?.end("SIGKILL");
    await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** SQLite is built into newer versions of Node: on an older one, the test runs itself with a newer. */
async function crashedInModernNode(): Promise<void> {
  const env = { ...process.env, WORKER_CRASH_ONLY: "sqlite", NODE_TEST_CONTEXT: undefined };
  const child = spawn(server("MODERN_NODE"), [fileURLToPath(import.meta.url)], { env, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const status = await new Promise((resolve) => child.once("close", resolve));
  console.log(/^sqlite: .*$/m.exec(output)?.[0]);
  assert.equal(status, 0, output);
  assert.match(output, /^. pass 1$/m);
}

const modern = process.getBuiltinModule?.("node:sqlite") !== undefined;
test("sqlite: every event is applied exactly once, whoever is killed", () =>
  modern ? crashed("sqlite", KILLS) : crashedInModernNode());
if (process.env["WORKER_CRASH_ONLY"] === undefined) {
  test("postgres: every event is applied exactly once, whoever is killed", () => crashed("postgres", KILLS));
  test("postgres without a shared transaction: no event is lost, whoever is killed", () => crashed("postgres-outside", KILLS));
  test("bullmq: no event is lost, whoever is killed", () => crashed("bullmq", KILLS));
  // pg-boss takes ten seconds to see that a worker died.
  test("pg-boss: every event is applied exactly once, whoever is killed", () => crashed("pg-boss", Math.ceil(KILLS / 2)));
}
