import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { memoryStore } from "../../pkg/src/stores/memory.js";
import { sqliteStore } from "../../pkg/src/stores/sqlite.js";
import type { Store, Write } from "../../pkg/src/stores/store.js";
import {
  createInbox,
  schemes,
  type Delivery,
  type EventHandler,
  type InboxOptions,
  type VerifiedEvent,
  type Verifier,
} from "../../pkg/src/webhooks/index.js";

const require = createRequire(join(process.cwd(), "pkg", "package.json"));
const folder = mkdtempSync(join(tmpdir(), "tillproof-inbox-"));
const open: { close(): void }[] = [];

after(() => {
  for (const database of open) database.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Database {
  exec(sql: string): void;
  all(sql: string, values?: (string | number | null)[]): { n: number }[];
  run(sql: string, values?: (string | number | null)[]): unknown;
  close(): void;
}

/** A SQLite file with a table of sales beside the store's. */
function shop(): Database {
  const { Database } = require("node-sqlite3-wasm") as { Database: new (path: string) => Database };
  const database = new Database(join(folder, `${open.length}.db`));
  open.push(database);
  database.exec("CREATE TABLE sales (id TEXT)");
  return database;
}

/** Takes every delivery for genuine: a list of events as JSON. What verifies signatures has its own tests. */
function trusting(scheme = "stripe-v1"): Verifier {
  return {
    scheme,
    verify({ body }: Delivery) {
      if (body === "forged") return { ok: false, code: "signature_mismatch", message: "no" };
      const events = (JSON.parse(String(body)) as object[]).map((document) => ({
        idIsSigned: true,
        type: "charge.succeeded",
        payload: document,
        bytes: new TextEncoder().encode(JSON.stringify(document)),
        ...document,
      }));
      return { ok: true, scheme, secretIndex: 0, events: events as unknown as VerifiedEvent[] };
    },
  };
}

const START = 1_770_000_000_000;
const delivery = (events: object[], now = START): Delivery => ({ body: JSON.stringify(events), headers: {}, now });
const one = (id: string, now = START): Delivery => delivery([{ id }], now);

/** A store that dies at the commits it is told to, before or after they became true. */
function mortal(store: Store, dies: (commit: number) => "before" | "after" | undefined): Store {
  let commits = 0;
  return {
    ...store,
    async commit(writes: readonly Write[]) {
      const death = dies((commits += 1));
      if (death !== "before") await store.commit(writes);
      if (death !== undefined) throw new Error("killed");
      return true;
    },
  };
}

test("in a transaction the handler's own rows and the claim are true together, or neither is", async () => {
  const database = shop();
  const inbox = createInbox({ store: sqliteStore(database), verifier: trusting() });
  const sales = (): number => database.all("SELECT count(*) AS n FROM sales")[0]!.n;
  let fails = true;
  // `client` has the type of the database the store was made of.
  const sell: EventHandler<Database> = async (event, batch, { client }) => {
    client.run("INSERT INTO sales VALUES (?)", [event.id]);
    batch.add({ key: `sold/${event.id}`, expected: 0, value: "" });
    if (fails) throw new Error("out of stock");
  };
  await assert.rejects(inbox.receive(one("evt_1"), sell), /out of stock/);
  assert.equal(sales(), 0);
  fails = false;
  const receipts = await Promise.all(Array.from({ length: 5 }, () => inbox.receive(one("evt_1"), sell)));
  assert.deepEqual(receipts.map(({ status }) => status).sort(), ["applied", "duplicate", "duplicate", "duplicate", "duplicate"]);
  assert.equal(sales(), 1);
});

test("a store without transactions takes over no transaction mode, and says which modes it has", () => {
  const make = (options: object): unknown => createInbox({ store: memoryStore(), verifier: trusting(), ...options });
  assert.throws(() => make({ mode: "transaction" }), { code: "option_invalid", message: /take `lease` or `batch`/ });
  assert.throws(() => make({ mode: "twice" }), { code: "option_invalid", message: /transaction, batch, lease/ });
  for (const bad of [{ ttl: 0 }, { ttl: "1 day" }, { leaseMs: 0 }, { patienceMs: -1 }]) {
    assert.throws(() => make(bad), { code: "option_invalid" }, JSON.stringify(bad));
  }
  assert.throws(() => make({ tll: 1 }), { code: "unknown_option" });
});

test("a crash between any two steps neither loses the event nor applies it twice", async () => {
  for (const mode of ["batch", "lease"] as const) {
    for (const when of ["before", "after"] as const) {
      for (const at of mode === "batch" ? [1] : [1, 2]) {
        const store = memoryStore();
        let effects = 0;
        const handler: EventHandler = (event, batch) => {
          effects += 1;
          batch.add({ key: `sold/${event.id}`, expected: 0, value: "" });
        };
        const options = { verifier: trusting(), mode, leaseMs: 1_000, patienceMs: 0 };
        const crashing = mortal(store, (commit) => (commit >= at ? when : undefined));
        await assert.rejects(createInbox({ ...options, store: crashing }).receive(one("evt_1"), handler), /killed/);
        const inbox = createInbox({ ...options, store });
        const place = `${mode}, ${when} commit ${at}`;
        // The provider tries again, at once and when the lease has ended.
        const early = await inbox.receive(one("evt_1", START + 500), handler);
        const late = await inbox.receive(one("evt_1", START + 2_000), handler);
        assert.ok(["applied", "duplicate"].includes(late.status), `${place}: ${late.status}`);
        if (early.status === "busy") assert.equal(early.httpStatus, 503);
        assert.equal((await store.get("sold/evt_1"))?.version, 1, place);
        // Outside of the store the effect is repeated only where the handler had run and nobody could know.
        assert.ok(effects <= 2, place);
        assert.equal((await inbox.receive(one("evt_1", START + 9_000), handler)).status, "duplicate", place);
      }
    }
  }
});

test("an owner whose lease has ended is overtaken, and what he then commits is refused", async () => {
  const store = memoryStore();
  const options = { store, verifier: trusting(), leaseMs: 60_000, patienceMs: 0 };
  let go: () => void = () => undefined;
  const stuck = new Promise<void>((resolve) => (go = resolve));
  const owners: (readonly [number, number])[] = [];
  const slow = createInbox(options).receive(one("evt_1"), async (_event, batch, { fence, attempt }) => {
    owners.push([fence, attempt]);
    batch.add({ key: "sold", expected: 0, value: "by the old owner" });
    await stuck;
  });
  while (owners.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const others = createInbox(options);
  const take: EventHandler = (_event, batch, { fence, attempt, id }) => {
    owners.push([fence, attempt]);
    assert.equal(id, "stripe-v1/evt_1");
    batch.add({ key: "sold", expected: 0, value: "by the new owner" });
  };
  assert.equal((await others.receive(one("evt_1", START + 1_000), take)).status, "busy");
  assert.equal((await others.receive(one("evt_1", START + 120_000), take)).status, "applied");
  go();
  assert.equal((await slow).status, "duplicate");
  assert.deepEqual(owners, [[1, 1], [2, 2]]);
  assert.equal((await store.get("sold"))?.value, "by the new owner");
});

test("a failure under a lease gives the event back at once, and is counted", async () => {
  const inbox = createInbox({ store: memoryStore(), verifier: trusting() });
  const attempts: number[] = [];
  const failing: EventHandler = (_event, _batch, { attempt }) => {
    attempts.push(attempt);
    if (attempt < 3) throw new Error("not yet");
  };
  await assert.rejects(inbox.receive(one("evt_1"), failing), /not yet/);
  await assert.rejects(inbox.receive(one("evt_1"), failing), /not yet/);
  assert.equal((await inbox.receive(one("evt_1"), failing)).status, "applied");
  assert.deepEqual(attempts, [1, 2, 3]);
});

test("under a lease a record of the batch that moved makes the handler run again, not another owner", async () => {
  const store = memoryStore();
  await store.commit([{ key: "stock", expected: 0, value: "5" }]);
  let runs = 0;
  const receipt = await createInbox({ store, verifier: trusting() }).receive(one("evt_1"), async (_event, batch, { fence }) => {
    runs += 1;
    assert.equal(fence, 1);
    const stock = await store.get("stock");
    batch.add({ key: "stock", expected: stock!.version, value: String(Number(stock!.value) - 1) });
    if (runs === 1) await store.commit([{ key: "stock", expected: stock!.version, value: "4" }]);
  });
  assert.equal(receipt.status, "applied");
  assert.deepEqual([runs, (await store.get("stock"))?.value], [2, "3"]);
});

test("of a delivery with many events only those that are missing run at the next attempt", async () => {
  const inbox = createInbox({ store: memoryStore(), verifier: trusting("gocardless") });
  const ran: string[] = [];
  let broken = new Set(["EV2", "EV4"]);
  const handler: EventHandler = ({ id }) => {
    ran.push(id);
    if (broken.has(id)) throw new Error(`no ${id}`);
  };
  const many = delivery(["EV1", "EV2", "EV3", "EV4"].map((id) => ({ id })));
  await assert.rejects(inbox.receive(many, handler), (error: unknown) => {
    assert.ok(error instanceof AggregateError);
    assert.deepEqual(error.errors.map(({ message }) => message as string), ["no EV2", "no EV4"]);
    return true;
  });
  broken = new Set(["EV4"]);
  await assert.rejects(inbox.receive(many, handler), /^Error: no EV4$/);
  broken = new Set();
  const receipt = await inbox.receive(many, handler);
  assert.deepEqual(ran, ["EV1", "EV2", "EV3", "EV4", "EV2", "EV4", "EV4"]);
  assert.deepEqual(receipt.events.map(({ status }) => status), ["duplicate", "duplicate", "duplicate", "applied"]);
  assert.deepEqual([receipt.status, receipt.httpStatus], ["applied", 200]);
});

test("a refusal is answered as the provider asks for it", async () => {
  const table: [string, number][] = [["stripe-v1", 400], ["gocardless", 498], ["shopify", 401]];
  for (const [scheme, expected] of table) {
    const inbox = createInbox({ store: memoryStore(), verifier: trusting(scheme) });
    const receipt = await inbox.receive({ body: "forged", headers: {} }, () => assert.fail("the handler must not run"));
    assert.deepEqual([receipt.status, receipt.httpStatus, receipt.events], ["rejected", expected, []], scheme);
  }
});

test("a claim is kept as long as the provider may repeat the event, or as it is asked for", async () => {
  const day = 86_400_000;
  const known = schemes().find(({ name }) => name === "adyen-platform");
  assert.equal(known?.retryWindowHours, 30 * 24);
  const table: [string, Partial<InboxOptions>, number | undefined][] = [
    ["adyen-platform", {}, 31 * day],
    ["stripe-v1", {}, 31 * day],
    ["slack-v0", {}, 2 * day],
    ["a-scheme-of-my-own", {}, 31 * day],
    ["stripe-v1", { ttl: 60_000 }, 60_000],
    ["stripe-v1", { ttl: null }, undefined],
    ...schemes().map(({ name, retryWindowHours }): [string, object, number] => [name, {}, (retryWindowHours / 24 + 1) * day]),
  ];
  for (const [scheme, options, expected] of table) {
    const store = memoryStore();
    const seen: Write[] = [];
    const watched: Store = { ...store, commit: async (writes) => (seen.push(...writes), store.commit(writes)) };
    const inbox = createInbox({ store: watched, verifier: trusting(scheme), mode: "batch", ...options });
    await inbox.receive(one("evt_1"), () => undefined);
    const kept = seen[0]!.expiresAt;
    // The claim counts from the moment it is made, which is a little after the delivery came in.
    const found = kept === undefined || kept === null ? undefined : kept - START;
    const near = expected === undefined ? found === undefined : found! >= expected && found! < expected + 5_000;
    assert.ok(near, `${scheme} ${JSON.stringify(options)}: ${found}`);
    assert.equal((await inbox.receive(one("evt_1"), () => undefined)).status, "duplicate");
    await inbox.wake(() => undefined, { now: START + 32 * day });
    const later = await inbox.receive(one("evt_1", START + 32 * day), () => undefined);
    assert.equal(later.status, expected === undefined ? "duplicate" : "applied", "once it was forgotten");
  }
});

test("what an inbox remembers does not grow with what it has forgotten", async () => {
  const store = memoryStore();
  const inbox = createInbox({ store, verifier: trusting(), mode: "batch", ttl: 1_000 });
  let most = 0;
  for (let index = 0; index < 3_000; index += 1) {
    await inbox.receive(one(`evt_${index}`, START + index * 10), () => undefined);
    if (index % 250 === 0) most = Math.max(most, (await store.scan("inbox/", null, 10_000)).length);
  }
  // 100 are within their time; 500 deliveries lie between two clearings.
  assert.ok(most <= 700, `${most} records`);
});
