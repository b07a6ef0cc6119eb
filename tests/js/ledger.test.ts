import assert from "node:assert/strict";
import { test } from "node:test";

import { Ledger, templates, type ChargeFields, type EntryInput } from "../../pkg/src/ledger/index.js";
import { reconcile } from "../../pkg/src/reconcile/index.js";
import { ledger as books } from "../../pkg/src/shell/ledger.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { Batch, type Store } from "../../pkg/src/stores/store.js";

const PENDING = "Assets:Gateway:native:Pending:EUR";

function fields(number: number, changes: Partial<ChargeFields> = {}): ChargeFields {
  return {
    id: `charge:${number}`,
    gateway: "native",
    reference: `order_${number}`,
    paymentId: `pay_${number}`,
    amount: 1_000n,
    fee: 30,
    currency: "EUR",
    occurredAt: 1_772_323_200_000 + number,
    cause: `evt_${number}`,
    ...changes,
  };
}

const charge = (number: number, changes: Partial<ChargeFields> = {}): EntryInput => templates.charge(fields(number, changes));

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => isTillproofError(error) && error.code === code;
}

/** A store that lets another writer in between what the ledger read and what it writes. */
function raced(store: Store, rivals: (() => Promise<unknown>)[]): Store {
  return {
    get: (key) => store.get(key),
    due: (prefix, now, limit) => store.due(prefix, now, limit),
    scan: (prefix, after, limit) => store.scan(prefix, after, limit),
    commit: async (writes) => {
      await rivals.shift()?.();
      return store.commit(writes);
    },
  };
}

test("a posted entry is in the books, in the store and in the journal of the next process", async () => {
  const store = memoryStore();
  const ledger = await Ledger.open({ store, now: () => 1_772_400_000_000 });
  assert.deepEqual(await ledger.post(charge(1)), { status: "created", position: 1 });
  const none = { debits: 0n, credits: 0n, pendingDebits: 0n, pendingCredits: 0n, balance: 0n, available: 0n };
  assert.deepEqual(ledger.balance(PENDING, "EUR"), { ...none, debits: 970n, balance: 970n, available: 970n });
  const sales = { ...none, credits: 1_000n, balance: 1_000n, available: 1_000n };
  assert.deepEqual(ledger.balance("Income:Sales", "EUR"), sales);
  assert.deepEqual(ledger.balance("Income:Sales", "JPY"), none);
  const [record] = await store.scan("ledger/", null, 10);
  assert.equal(record?.key, "ledger/main/000000000001");
  assert.equal(JSON.parse(record?.value ?? "").entry.recorded_at, 1_772_400_000_000);

  const next = await Ledger.open({ store });
  assert.deepEqual(next.journal(), ledger.journal());
  assert.deepEqual(next.trialBalance(), ledger.trialBalance());
  const [eur, ...others] = next.trialBalance();
  assert.deepEqual(others, []);
  assert.equal(eur?.currency, "EUR");
  assert.equal(eur?.debits, 1_000n);
  assert.equal(eur?.credits, 1_000n);
  assert.deepEqual(eur?.accounts.map(({ account }) => account), [PENDING, "Expenses:GatewayFee", "Income:Sales"]);
  assert.deepEqual(next.statement("Expenses:GatewayFee"), [
    {
      position: 1,
      entry: "charge:1",
      occurredAt: 1_772_323_200_001,
      description: "",
      side: "debit",
      layer: "posted",
      amount: 30n,
      currency: "EUR",
      balance: 30n,
    },
  ]);
  // Another name is another ledger in the same store.
  assert.equal((await Ledger.open({ store, name: "other" })).length, 0);
});

test("a repeated entry gets one of three answers", async () => {
  const ledger = await Ledger.open();
  await ledger.post(charge(1));
  assert.deepEqual(await ledger.post(charge(1, { cause: "evt_again" })), { status: "exists", position: 1 });
  const other = await ledger.post(charge(1, { amount: 1_001 }));
  assert.deepEqual(other, { status: "exists_with_different", position: 1, field: "postings" });
  const later = await ledger.post(charge(1, { occurredAt: 1 }));
  assert.deepEqual(later, { status: "exists_with_different", position: 1, field: "occurredAt" });
  assert.equal(ledger.length, 1);
});

test("entries of a batch become true together with its other writes, and several fit", async () => {
  const store = memoryStore();
  const ledger = await Ledger.open({ store });
  const batch = new Batch();
  batch.add({ key: "order/1", expected: 0, value: "paid" });
  assert.deepEqual(await ledger.post(charge(1), { batch }), { status: "created", position: 1 });
  assert.deepEqual(await ledger.post(charge(2), { batch }), { status: "created", position: 2 });
  assert.deepEqual(await ledger.post(charge(1), { batch }), { status: "exists", position: 1 });
  assert.equal(ledger.length, 0, "nothing is true before the commit");
  assert.equal(await batch.commit(store), true);
  assert.equal(ledger.length, 2);
  assert.deepEqual((await Ledger.open({ store })).journal(), ledger.journal());
  assert.equal((await store.get("order/1"))?.value, "paid");
});

test("a batch that lost the race changes nothing, and a new one succeeds", async () => {
  const store = memoryStore();
  const [ledger, rival] = [await Ledger.open({ store }), await Ledger.open({ store })];
  const batch = new Batch();
  await ledger.post(charge(1), { batch });
  await rival.post(charge(2));
  // Drafting goes on in a batch that is bound to fail, also when the books have moved on in the meantime.
  await ledger.reload();
  await ledger.post(charge(3), { batch });
  assert.equal(await batch.commit(store), false);
  assert.deepEqual(ledger.journal(), rival.journal());

  const again = new Batch();
  assert.deepEqual(await ledger.post(charge(1), { batch: again }), { status: "created", position: 2 });
  assert.equal(await again.commit(store), true);
  assert.equal(ledger.length, 2);
  assert.equal((await ledger.verify()).valid, true);
});

test("without a batch a lost race is run again until it is won or the entry is there", async () => {
  const store = memoryStore();
  const rival = await Ledger.open({ store });
  const ledger = await Ledger.open({
    store: raced(store, [() => rival.post(charge(7)), () => rival.post(charge(8)), async () => {}, () => rival.post(charge(2))]),
  });
  assert.deepEqual(await ledger.post(charge(1)), { status: "created", position: 3 });
  // The rival posts the same entry first.
  await rival.reload();
  assert.deepEqual(await ledger.post(charge(2)), { status: "exists", position: 4 });
  assert.equal((await ledger.verify()).valid, true);
});

test("many posts at once are all there, each once", async () => {
  const store = memoryStore();
  const ledgers = [await Ledger.open({ store }), await Ledger.open({ store })];
  await Promise.all(
    Array.from({ length: 60 }, (_, number) => ledgers[number % 2]?.post(charge(number % 40))),
  );
  const ledger = await Ledger.open({ store });
  assert.equal(ledger.length, 40);
  assert.equal(ledger.balance("Income:Sales", "EUR").balance, 40_000n);
});

test("several entries are posted all or none", async () => {
  const ledger = await Ledger.open();
  const first = charge(1);
  const posted = await ledger.postAll([first, templates.reversal(first, { id: "r:1", occurredAt: 5, cause: "evt_r" })]);
  assert.deepEqual(posted, [
    { status: "created", position: 1 },
    { status: "created", position: 2 },
  ]);
  await assert.rejects(ledger.postAll([charge(2), charge(1, { amount: 2 })]), hasCode("entry_differs"));
  assert.equal(ledger.length, 2);
  assert.equal(ledger.balance(PENDING, "EUR").balance, 0n);
});

test("a store that refuses without a reason is named instead of asked for ever", async () => {
  const store: Store = { ...memoryStore(), commit: async () => false };
  const ledger = await Ledger.open({ store });
  await assert.rejects(ledger.post(charge(1)), hasCode("ledger_store_inconsistent"));
});

test("amounts that are none never reach the books", async () => {
  const ledger = await Ledger.open();
  // amount, code
  const table: [unknown, string][] = [
    [-1, "amount_not_an_integer"],
    [1.5, "amount_not_an_integer"],
    [2 ** 53, "amount_unsafe_number"],
    [NaN, "amount_not_an_integer"],
    ["1e3", "amount_not_an_integer"],
    [{}, "amount_not_an_integer"],
    [null, "amount_not_an_integer"],
    [2n ** 63n, "amount_too_large"],
    [0, "entry_postings_count"],
  ];
  for (const [amount, code] of table) {
    assert.throws(() => charge(1, { amount: amount as bigint, fee: undefined }), hasCode(code), String(amount));
  }
  const entry = charge(1);
  const [first, ...rest] = entry.postings;
  const unbalanced = { ...entry, postings: [{ ...first, amount: 1 }, ...rest] } as EntryInput;
  await assert.rejects(ledger.post(unbalanced), hasCode("entry_unbalanced"));
  await assert.rejects(ledger.post({ ...entry, postings: {} as [] }), hasCode("list_expected"));
  await assert.rejects(ledger.post({ ...entry, id: 7 as unknown as string }), hasCode("text_expected"));
  await assert.rejects(ledger.post(charge(1), { batch: new Batch() }), hasCode("ledger_without_store"));
  await assert.rejects(Ledger.open({ name: "a/b" }), hasCode("ledger_name_invalid"));
  assert.throws(() => ledger.balance("Bank", "EUR"), hasCode("account_invalid"));
  assert.equal(ledger.length, 0);
});

test("a tampered store is found at its first bad position, before anything is believed", async () => {
  const store = memoryStore();
  const ledger = await Ledger.open({ store });
  for (const number of [1, 2, 3]) await ledger.post(charge(number));
  const record = await store.get("ledger/main/000000000002");
  const value = record?.value.replace("evt_2", "evt_9") ?? "";
  await store.commit([{ key: "ledger/main/000000000002", expected: 1, value }]);
  const found = await ledger.verify();
  assert.deepEqual(found, {
    valid: false,
    position: 2,
    reason: "its hash is not that of its content",
    byte: value.indexOf("evt_9") + "evt_".length,
  });
  await assert.rejects(Ledger.open({ store }), hasCode("journal_broken"));
});

test("after a trap the books are made again from their journal", async () => {
  const ledger = await Ledger.open();
  for (const number of [1, 2, 3]) await ledger.post(charge(number));
  const before = ledger.trialBalance();
  assert.throws(
    () =>
      books.raw(() => {
        throw new WebAssembly.RuntimeError("unreachable");
      }),
    hasCode("internal_trap"),
  );
  assert.deepEqual(ledger.trialBalance(), before);
  assert.deepEqual(await ledger.post(charge(4)), { status: "created", position: 4 });
  ledger.close();
  assert.equal(ledger.balance("Income:Sales", "EUR").balance, 4_000n);
});

test("the mirror reconciles with a settlement that says the same, and shows what does not", async () => {
  const ledger = await Ledger.open();
  const day = 86_400_000;
  await ledger.post(charge(1));
  await ledger.post(charge(2, { reference: 'order "2", of two' }));
  await ledger.post(charge(3));
  const wrong = charge(4);
  await ledger.post(wrong);
  await ledger.post(templates.reversal(wrong, { id: "r:4", occurredAt: 9, cause: "clerk" }));
  await ledger.post(
    templates.refund({ ...fields(1), id: "refund:1", amount: 400, refundId: "re_1", parentReference: "order_1" }),
  );
  const mirror = ledger.toCsv();
  assert.equal(
    mirror,
    "reference,id,type,amount_minor,currency,fee_minor,status,occurred_at,payout_id,parent_reference\n" +
      "order_1,pay_1,charge,1000,EUR,30,completed,2026-03-01T00:00:00.001Z,,\n" +
      '"order ""2"", of two",pay_2,charge,1000,EUR,30,completed,2026-03-01T00:00:00.002Z,,\n' +
      "order_3,pay_3,charge,1000,EUR,30,completed,2026-03-01T00:00:00.003Z,,\n" +
      "order_1,re_1,refund,400,EUR,,completed,2026-03-01T00:00:00.001Z,,order_1\n",
  );
  const asOf = 1_772_323_200_000 + 9 * day;
  const same = reconcile({ ledger: mirror, settlement: mirror, asOf });
  assert.equal(same.summary.matched, 4);
  assert.equal(same.summary.breaks, 0);
  const other = reconcile({ ledger: mirror, settlement: mirror.replace("order_3,pay_3,charge,1000", "order_3,x,charge,999"), asOf });
  assert.deepEqual(
    other.breaks.map(({ kind, reference, difference_minor, age_days }) => ({ kind, reference, difference_minor, age_days })),
    [{ kind: "amount_mismatch", reference: "order_3", difference_minor: "-1", age_days: 8 }],
  );
});

test("each template balances and names the accounts of its gateway", async () => {
  const ledger = await Ledger.open();
  const event = { gateway: "native", currency: "EUR", occurredAt: 1, cause: "evt" };
  const entries = [
    templates.charge({ ...event, id: "1", reference: "o", amount: 1_000, fee: 30 }),
    templates.fundsAvailable({ ...event, id: "2", amount: 970, follows: "1" }),
    templates.refundRequested({ ...event, id: "3", amount: 100 }),
    templates.refundSent({ ...event, id: "4", reference: "r", amount: 100 }),
    templates.payout({ ...event, id: "5", payoutId: "po_1", amount: 870 }),
    templates.payoutFailed({ ...event, id: "6", payoutId: "po_1", amount: 870 }),
    templates.payout({ ...event, id: "7", payoutId: "po_2", amount: 870 }),
    templates.payoutArrived({ ...event, id: "8", bank: "main", amount: 870 }),
  ];
  await ledger.postAll(entries);
  const balances = Object.fromEntries(
    (ledger.trialBalance()[0]?.accounts ?? []).map(({ account, balance }) => [account, balance]),
  );
  assert.deepEqual(balances, {
    "Assets:Bank:main:EUR": 870n,
    "Assets:Clearing:Payout:native:EUR": 0n,
    "Assets:Gateway:native:Available:EUR": 0n,
    "Assets:Gateway:native:Pending:EUR": 0n,
    "Expenses:GatewayFee": 30n,
    "Income:Refunds": -100n,
    "Income:Sales": 1_000n,
    "Liabilities:Refunds:Pending:EUR": 0n,
  });
});
