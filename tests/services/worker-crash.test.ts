import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { createVerifier } from "../../pkg/src/webhooks/index.js";
import { createReceiver, type Receiver, type StoredReceipt } from "../../pkg/src/worker/receiver.js";
import { server } from "./servers.js";
import { connect } from "./worker-engines.js";
import { orderOf } from "./worker-process.js";

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

/** Where one worker process tells what it does: `.` when an attempt begins, `+` when its handler is through. */
class Diary {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** A file and no pipe: a pipe that nobody reads holds up its writer, and with him the lock of the file he is in. */
  open(): number {
    return openSync(this.#path, "a");
  }

  #count(mark: string): number {
    return readFileSync(this.#path, "latin1").split(mark).length - 1;
  }

  /** Attempts that began. */
  get begun(): number {
    return this.#count(".");
  }

  /** Whether the last attempt is not through, or will never be. */
  get inMidJob(): boolean {
    return this.begun > this.#count("+");
  }
}

/** Against hanging, and no measure of how fast a machine has to be. */
const GUARD_MS = 600_000;

/** Worker processes, one of which dies again and again. */
class Crowd {
  readonly #engine: string;
  readonly #name: string;
  readonly #folder: string;
  readonly #alive = new Map<ChildProcess, Diary>();
  readonly #diaries: Diary[] = [];
  #closed = false;
  /** Hears of the next process that ends. */
  #ended: (diary: Diary) => void = () => undefined;
  /** The file with what all of them had to complain about. */
  readonly errors: string;
  /** Deaths in the middle of a job. */
  kills = 0;

  constructor(engine: string, name: string, folder: string) {
    this.#engine = engine;
    this.#name = name;
    this.#folder = folder;
    this.errors = join(folder, "errors.log");
    for (let count = 0; count < PROCESSES; count += 1) this.#add();
  }

  /** Attempts begun by all of them, also by the dead. */
  get attempts(): number {
    return this.#diaries.reduce((sum, { begun }) => sum + begun, 0);
  }

  #add(): void {
    if (this.#closed) return;
    const diary = new Diary(join(this.#folder, `worker-${this.#diaries.length}`));
    const files = [diary.open(), openSync(this.errors, "a")] as const;
    const child = spawn(server("MODERN_NODE"), [PROGRAM, this.#engine, this.#name, this.#folder], { stdio: ["ignore", ...files] });
    for (const file of files) closeSync(file);
    this.#diaries.push(diary);
    this.#alive.set(child, diary);
    child.once("exit", () => {
      this.#alive.delete(child);
      this.#ended(diary);
    });
  }

  /** Orders whoever gets to that point of a job next to die there, and puts another in his place. */
  async killOne(mark: "." | "+"): Promise<void> {
    const dead = new Promise<Diary>((resolve) => (this.#ended = resolve));
    writeFileSync(orderOf(this.#folder, mark), "");
    const late = sleep(GUARD_MS, undefined, { ref: false }).then(() => assert.fail("nobody got to where he was to die"));
    const diary = await Promise.race([dead, late]);
    assert.ok(diary.inMidJob, "a process ended that was not in the middle of a job");
    this.kills += 1;
    this.#add();
  }

  /** Ends all of them; resolves to the signals by which they ended. */
  async end(signal: NodeJS.Signals): Promise<(NodeJS.Signals | null)[]> {
    this.#closed = true;
    const ended = [...this.#alive.keys()].map((child) => new Promise<NodeJS.Signals | null>((resolve) => {
      child.once("exit", (_, by) => resolve(by));
    }));
    for (const child of this.#alive.keys()) child.kill(signal);
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
    crowd = new Crowd(engine, name, folder);
    // A part of the deliveries for each kill, and an event that nobody knows yet, so that there is somebody at work to die.
    const part = Math.ceil(order.length / (kills + 1));
    for (let from = 0; from < order.length; from += part) {
      const dies = crowd.kills < kills ? crowd.killOne(crowd.kills % 2 === 0 ? "." : "+") : undefined;
      const fresh = dies === undefined ? [] : [EVENTS + crowd.kills];
      const arrive = Promise.all([...fresh, ...order.slice(from, from + part)].map((index) => delivered(receiver, index)));
      const [receipts] = await Promise.all([arrive, dies]);
      assert.ok(receipts.every(({ httpStatus }) => httpStatus === 200));
    }
    const deadline = Date.now() + GUARD_MS;
    for (;;) {
      const { ready, delayed, taken, quarantined } = await queue.counts();
      assert.equal(quarantined, 0, "jobs put aside");
      if (ready + delayed + taken === 0) break;
      assert.ok(Date.now() < deadline, `${ready} ready, ${delayed} delayed, ${taken} taken after ten minutes`);
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
    assert.ok(crowd.attempts > EVENTS + kills, "no process died in the middle of a job");
    assert.equal(applied.size, EVENTS + kills, "events applied");
    if (exactlyOnce) assert.equal(twice, 0, "events applied more than once");
    // A drain ends the process by the very signal that asked for it.
    assert.deepEqual(await crowd.end("SIGTERM"), Array.from({ length: PROCESSES }, () => "SIGTERM"));
  } catch (error) {
    if (crowd !== undefined) console.error(readFileSync(crowd.errors, "utf8"));
    throw error;
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
