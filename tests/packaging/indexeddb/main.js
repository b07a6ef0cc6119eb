// A checkout in a page, as Vite builds it. What drive.test.js asks for stands in `shop`.
import { createPayments } from "tillproof/payments";
import { storeConformance } from "tillproof/stores/conformance";
import { indexedDbStore } from "tillproof/stores/indexeddb";

// Of docs/stores/indexeddb.md; drive.test.js puts it here.
import * as documented from "./browser-store.js";

// A page has no secrets. This one only has to be the same after a reload; what authenticates the page is its session.
const SECRET = "derived-by-the-server-for-this-session";

const store = indexedDbStore({ name: "checkout" });
const payments = createPayments({
  store,
  provider: { baseUrl: location.origin, merchantId: "shop", profile: "native" },
  secret: SECRET,
  timeoutMs: 1_000,
  retry: { baseMs: 50, capMs: 500 },
});

const plain = ({ status, providerReference, attempts, key }) => ({ status, providerReference, attempts, key });
const order = (reference) => ({ reference, amount: 1_000, currency: "EUR" });

/** Code and advice of what a promise rejects with; `null` when it does not. */
const refusal = (promise) => promise.then(() => null, ({ code, advice }) => ({ code, advice }));

/** A raw connection that never lets go, as a page of an older version might have it. */
const stubborn = (name, form) =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(name, form);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

let databases = 0;

globalThis.shop = {
  charge: async (reference) => plain(await payments.charge(order(reference))),

  /** Fifty clicks at once. */
  clicks: async (reference) =>
    (await Promise.all(Array.from({ length: 50 }, () => payments.charge(order(reference))))).map(plain),

  /** What a page does when it is opened: nobody repeats the call, the sweep finds what was begun. */
  async resume(reference) {
    const deadline = Date.now() + 300_000;
    for (;;) {
      await payments.sweep();
      const outcome = await payments.find(reference);
      if (outcome === null || outcome.status !== "pending_confirmation" || Date.now() > deadline) return outcome && plain(outcome);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  },

  /** What the page on this store shows: one more version of a record at each call. */
  async documented(key) {
    const ready = typeof (await documented.ready());
    const version = (await documented.store.get(key))?.version ?? 0;
    await documented.store.commit([{ key, expected: version, value: "" }]);
    return { ready, version: version + 1 };
  },

  /** Each promise of the contract, on a database of its own; what was broken. */
  async conformance() {
    const checks = storeConformance(() => indexedDbStore({ name: `conformance-${(databases += 1)}` }));
    const broken = [];
    for (const { name, run } of checks) await run().catch((error) => broken.push(`${name}: ${error.message}`));
    return { count: checks.length, broken };
  },

  /** Takes part in a race of several tabs for the same records; how many this tab won. */
  async race(rounds) {
    let won = 0;
    for (let round = 0; round < rounds; round += 1) {
      const key = `race/${round}`;
      if (await store.commit([{ key, expected: 0, value: "" }, { key: `effect/${round}`, expected: 0, value: "" }])) won += 1;
    }
    return won;
  },

  keys: async (prefix) => (await store.scan(prefix, null, 1_000)).map(({ key }) => key),

  /** An older form is open in a tab that does not let go. */
  async blocked() {
    const held = await stubborn("blocked", 1);
    const factory = { open: (name, form) => indexedDB.open(name, form + 1) };
    const waiting = indexedDbStore({ name: "blocked", indexedDB: factory, busyTimeoutMs: 100 });
    const refused = await refusal(waiting.open());
    held.close();
    return refused;
  },

  /** A later version wants the database: this one lets go, and says what it finds afterwards. */
  async outdated() {
    const early = indexedDbStore({ name: "outdated" });
    await early.commit([{ key: "a", expected: 0, value: "" }]);
    (await stubborn("outdated", 2)).close();
    return refusal(early.get("a"));
  },

  /** More than there is room for, in values that Chromium does not keep as files beside the database. */
  async full() {
    const small = indexedDbStore({ name: "small" });
    const writes = Array.from({ length: 100 }, (_, index) => ({ key: `${index}`, expected: 0, value: "x".repeat(60_000) }));
    return { refused: await refusal(small.commit(writes)), kept: (await small.scan("", null, 100)).length };
  },

  /** Closed by hand, and opened again by the next call. */
  async reopened() {
    const closed = indexedDbStore({ name: "reopened" });
    await closed.commit([{ key: "a", expected: 0, value: "one" }]);
    await closed.close();
    return (await closed.get("a"))?.value;
  },

  unavailable: () => refusal(indexedDbStore().open()),
};

globalThis.ready = true;
