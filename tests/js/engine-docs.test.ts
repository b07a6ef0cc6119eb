import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { createEngine, type JournalEntry } from "../../pkg/src/payments/engine-door.js";
import { createGateway, type Gateway } from "../../pkg/src/simulator/index.js";

/** The program of docs/engine.md on a gateway that fails, killed after each thing it does. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/engine-docs");
const ORIGIN = "http://gateway.test";
const SECRET = "sixteen bytes and more";
const ORDER = { reference: "order_1", amount: 1_000n, currency: "EUR" };

interface Write {
  readonly reference: string;
  readonly expected: number;
  readonly entries: readonly JournalEntry[];
}

interface Driver {
  charge(request: object): Promise<{ status: string; attempts: number }>;
}

interface Parts {
  readonly baseUrl: string;
  readonly secret: string;
  readonly journals: Journals;
  readonly fetch: (request: Request) => Promise<Response>;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

let createDriver: (parts: Parts) => Driver;

before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const [, code] = /^```js driver\.mjs\n([^]*?)^```$/m.exec(readFileSync(join(ROOT, "docs/engine.md"), "utf8")) ?? [];
  assert.ok(code, "the page has lost its program");
  writeFileSync(join(FOLDER, "driver.mjs"), code);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as {
    buildPrograms(of: { entryPoints: string[]; outdir: string }): Promise<void>;
  };
  await buildPrograms({ entryPoints: [join(FOLDER, "driver.mjs")], outdir: join(FOLDER, "built") });
  ({ createDriver } = (await import(pathToFileURL(join(FOLDER, "built/driver.mjs")).href)) as { createDriver: typeof createDriver });
});

/** Journals that outlive their process. */
class Journals {
  readonly #entries = new Map<string, JournalEntry[]>();

  load(reference: string): JournalEntry[] | undefined {
    return this.#entries.get(reference)?.slice();
  }

  commit(writes: readonly Write[]): boolean {
    if (writes.some(({ reference, expected }) => (this.#entries.get(reference)?.length ?? 0) !== expected)) return false;
    // What is stored has crossed a border: nothing but JSON survives it.
    for (const { reference, entries } of writes) {
      const stored = JSON.parse(JSON.stringify(entries)) as JournalEntry[];
      this.#entries.set(reference, [...(this.#entries.get(reference) ?? []), ...stored]);
    }
    return true;
  }
}

class Killed extends Error {}

/** A shop whose process dies when its budget of commits and exchanges is spent; time goes by as it sleeps. */
class Shop {
  readonly gateway: Gateway;
  readonly journals = new Journals();
  clock = 1_700_000_000_000;

  constructor(seed: number) {
    this.gateway = createGateway({ seed, faults: "hostile" });
  }

  process(acts: number): Driver {
    let left = acts;
    const act = (): void => {
      if (left === 0) throw new Killed();
      left -= 1;
    };
    const journals = new Journals();
    journals.load = (reference) => this.journals.load(reference);
    journals.commit = (writes) => {
      act();
      return this.journals.commit(writes);
    };
    return createDriver({
      baseUrl: ORIGIN,
      secret: SECRET,
      journals,
      fetch: (request) => {
        act();
        return this.gateway.fetch(request);
      },
      now: () => this.clock,
      sleep: async (milliseconds) => {
        this.clock += milliseconds;
        this.gateway.advance(milliseconds);
      },
    });
  }

  /** Payments that hold the customer's money. */
  async charges(): Promise<number> {
    this.gateway.setFaults("none");
    const answer = await this.gateway.fetch(`${ORIGIN}/api/payments?reference=order_1`);
    return ((await answer.json()) as { data: { state: string }[] }).data.filter(({ state }) => state === "completed").length;
  }
}

test("docs/engine.md: its driver charges once, killed wherever it may be, on a gateway that fails", async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const shop = new Shop(seed);
    let outcome: { status: string } | undefined;
    // A process that dies after one act, one that dies after two, and so on until one comes through.
    for (let acts = 1; outcome === undefined; acts += 1) {
      outcome = await shop.process(acts).charge(ORDER).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        return undefined;
      });
    }
    assert.equal(outcome.status, "settled", `seed ${seed}`);
    assert.equal(await shop.charges(), 1, `seed ${seed}`);
  }
});

test("docs/engine.md: another request under the same reference is refused before anything is sent", async () => {
  const shop = new Shop(1);
  await shop.process(Infinity).charge(ORDER);
  await assert.rejects(shop.process(Infinity).charge({ ...ORDER, amount: 1_001n }), { code: "intent_mismatch" });
});

test("an engine refuses what cannot be meant, by name", () => {
  const options = { profile: "native", merchantId: "shop", secret: SECRET };
  const engine = createEngine(options);
  const { append } = engine.open("charge", ORDER, { now: 1_700_000_000_000 });
  const round = { now: 1_700_000_000_000, owner: "a", entropy: new Uint8Array(16) };
  const table: readonly [name: string, call: () => unknown, code: string][] = [
    ["a misspelt option", () => createEngine({ ...options, lease: 1 } as never), "unknown_option"],
    ["a short secret", () => createEngine({ ...options, secret: "short" }), "key_secret_too_short"],
    ["a profile nobody knows", () => createEngine({ ...options, profile: "visa" }), "profile_unknown"],
    ["a field of another operation", () => engine.open("charge", { ...ORDER, target: "pay_1" } as never, { now: 0 }), "unknown_option"],
    ["too little entropy", () => engine.step(append, { ...round, entropy: new Uint8Array(8) }), "argument_invalid"],
    ["two things at once", () => engine.step(append, { ...round, cancel: true, resolve: { as: "failed", note: "no" } }), "argument_invalid"],
    ["a moment that is none", () => engine.step(append, { ...round, now: Number.NaN }), "time_not_milliseconds"],
    ["an empty journal", () => engine.step([], round), "intent_journal_broken"],
  ];
  for (const [name, call, code] of table) assert.throws(call, { code }, name);
  assert.equal(engine.view(append).status, "pending_confirmation");
  assert.match(engine.trace(append), /^1 \+0 opened operation="charge" amount="1000"/);
});
