/** Bulk books in wasm: packing, answers, pages, and what happens when something goes wrong on the way. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { BulkLedger, type BulkOptions } from "../../pkg/src/ledger/bulk/bulk-ledger.js";
import type { BulkTransaction } from "../../pkg/src/ledger/bulk/columns.js";
import { Engine } from "../../pkg/src/ledger/bulk/engine.js";
import { splitPages } from "../../pkg/src/ledger/bulk/pages.js";
import { Ledger } from "../../pkg/src/ledger/ledger.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { ledgerBulk } from "../../pkg/src/shell/ledger-bulk.js";
import type { AmountInput } from "../../pkg/src/shell/guard.js";

const CAUSE = { cause: "import:1", recordedAt: 2_000 };

function sale(id: string, amount: AmountInput = 500, currency = "EUR"): BulkTransaction {
  return {
    id,
    occurredAt: 1_770_000_000_123,
    postings: [
      { account: "Assets:Bank:EUR", side: "debit", amount, currency },
      { account: "Income:Sales", side: "credit", amount, currency },
    ],
  };
}

/** What a call was refused with. */
async function refusal(call: () => Promise<unknown>): Promise<{ code: string; message: string; details: Record<string, string> }> {
  try {
    await call();
  } catch (error) {
    if (isTillproofError(error)) return { code: error.code, message: error.message, details: { ...error.details } };
    throw error;
  }
  throw new Error("nothing was refused");
}

test("a batch is answered transaction by transaction, and balances follow", async () => {
  const books = BulkLedger.open();
  const first = await books.post([sale("one"), sale("two", 700n), sale("one"), sale("three", "9007199254740993")], CAUSE);
  assert.deepEqual([...first], [
    { status: "created", position: 1 },
    { status: "created", position: 2 },
    { status: "exists", position: 1 },
    { status: "created", position: 3 },
  ]);
  assert.deepEqual([first.length, first.created, first.existing, first.different], [4, 3, 1, []]);
  const second = await books.post([sale("two", 701), { ...sale("one"), occurredAt: 5 }, sale("four", 1)], CAUSE);
  assert.deepEqual(second.different, [
    { index: 0, position: 2, field: "postings" },
    { index: 1, position: 1, field: "occurredAt" },
  ]);
  assert.deepEqual(second.at(2), { status: "created", position: 4 });
  const sales = books.balance("Income:Sales", "EUR");
  assert.deepEqual([sales.credits, sales.debits, sales.balance], [9007199254742194n, 0n, 9007199254742194n]);
  assert.deepEqual([books.length, books.pages, books.position("three"), books.position("five")], [4, 2, 3, null]);
  const [eur] = books.trialBalance();
  assert.equal(eur?.debits, eur?.credits);
  books.close();
  assert.equal((await refusal(() => books.post([], CAUSE))).code, "bulk_closed");
});

test("the same batch leaves the same balances as Ledger does, and is refused with its codes", async () => {
  const wallet = (id: string, amount: AmountInput, side: "debit" | "credit"): BulkTransaction => ({
    id,
    occurredAt: 1_000,
    postings: [
      { account: "Liabilities:Wallet:a:EUR", side, amount, currency: "EUR" },
      { account: "Assets:Bank:EUR", side: side === "debit" ? "credit" : "debit", amount, currency: "EUR" },
    ],
  });
  const unbalanced = { ...sale("x"), postings: [...sale("x").postings, { account: "Assets:Till", side: "debit" as const, amount: 1, currency: "EUR" }] };
  const refused: readonly BulkTransaction[] = [
    wallet("w", 5, "debit"),
    sale("", 5),
    sale("a\u0007b", 5),
    sale("x".repeat(201), 5),
    sale("x".repeat(70_000), 5),
    sale("ü".repeat(101), 5),
    sale("x", 0),
    sale("x", -1),
    sale("x", 1.5),
    sale("x", 2 ** 53),
    sale("x", "9223372036854775808"),
    sale("x", 5, "EURO"),
    { ...sale("x"), postings: sale("x").postings.slice(1) },
    { ...sale("x"), postings: [] },
    { ...sale("x"), occurredAt: -1 },
    { ...sale("x"), occurredAt: Number.NaN },
    { ...sale("x"), postings: [{ ...sale("x").postings[0]!, account: "Bank" }, sale("x").postings[1]!] },
    unbalanced,
    sale("half \ud800 a pair"),
  ];
  for (const transaction of refused) {
    const [books, ledger] = [BulkLedger.open(), await Ledger.open()];
    const expected = await refusal(() => ledger.post({ ...transaction, cause: "c", recordedAt: 1 }));
    const found = await refusal(() => books.post([sale("fine"), transaction, sale("later")], CAUSE));
    assert.equal(found.code, expected.code, `${transaction.id.slice(0, 20)}: ${found.message} / ${expected.message}`);
    assert.ok(found.details["transaction"] === "1" || found.details["argument"]?.startsWith("transactions[1]"), JSON.stringify(found));
    assert.deepEqual([books.length, books.pages, books.trialBalance(), books.position("fine")], [0, 0, [], null]);
    // Nothing of what was refused is left behind.
    assert.equal((await books.post([sale("fine"), wallet("in", 5, "credit")], CAUSE)).created, 2);
    books.close();
    ledger.close();
  }
});

test("what bulk books do not keep is refused and never passed over", async () => {
  const books = BulkLedger.open();
  for (const [member, value] of Object.entries({ links: [], facts: {}, description: "d", expiresAt: 1, cause: "c", recordedAt: 1 })) {
    const found = await refusal(() => books.post([{ ...sale("x"), [member]: value } as BulkTransaction], CAUSE));
    assert.deepEqual([found.code, found.details["field"]], ["bulk_not_kept", member]);
  }
  for (const member of ["key", "layer"]) {
    const [first, second] = sale("x").postings;
    const posting = { ...first!, [member]: "pending" };
    const found = await refusal(() => books.post([{ ...sale("x"), postings: [posting, second!] }], CAUSE));
    assert.deepEqual([found.code, found.details["field"]], ["bulk_not_kept", member]);
  }
  const wrong: readonly unknown[] = [null, 5, "x", [], { id: 5 }, { id: "x" }, { id: "x", postings: "no" }, { ...sale("x"), postings: [null, 5] }];
  for (const transaction of wrong) await refusal(() => books.post([transaction as BulkTransaction], CAUSE));
  const side = { ...sale("x").postings[0]!, side: "Debit" as "debit" };
  assert.equal((await refusal(() => books.post([{ ...sale("x"), postings: [side] }], CAUSE))).code, "field_invalid");
  assert.equal((await refusal(() => books.post([sale("x")], { cause: "" }))).code, "field_invalid");
  assert.equal((await refusal(() => books.post([sale("x")], {} as typeof CAUSE))).code, "text_expected");
  assert.equal(books.length, 0);
  books.close();
});

test("ids in any script cross as they are, beside those in ASCII and in batches of any size", async () => {
  const books = BulkLedger.open();
  const ids = Array.from({ length: 3_000 }, (_, number) => (number % 7 === 0 ? `zahlung_ü_${number}_決済_🙂` : `txn_${number}`));
  const result = await books.post(ids.map((id) => sale(id)), CAUSE);
  assert.equal(result.created, 3_000);
  for (const number of [0, 1, 7, 511, 512, 513, 2_999]) assert.equal(books.position(ids[number]!), number + 1);
  // Many legs, more than one room of words.
  const legs = Array.from({ length: 256 }, (_, leg) => ({ account: `Assets:Till:${leg}`, side: leg < 128 ? ("debit" as const) : ("credit" as const), amount: 1, currency: "JPY" }));
  const wide = Array.from({ length: 100 }, (_, number) => ({ id: `wide_${number}`, occurredAt: number, postings: legs }));
  assert.equal((await books.post(wide, CAUSE)).created, 100);
  assert.equal(books.balance("Assets:Till:255", "JPY").credits, 100n);
  books.close();
});

test("a batch may introduce so many accounts that wasm's memory moves under its columns", async () => {
  const books = BulkLedger.open();
  const name = (number: number, side: string): string => `Assets:Customer:${"x".repeat(40)}:${number}:${side}`;
  const batch = Array.from({ length: 20_000 }, (_, number): BulkTransaction => ({
    id: `txn_${number}_${"y".repeat(60)}`,
    occurredAt: number,
    postings: [
      { account: name(number, "in"), side: "debit", amount: number + 1, currency: "EUR" },
      { account: name(number, "out"), side: "credit", amount: number + 1, currency: "EUR" },
    ],
  }));
  assert.equal((await books.post(batch, CAUSE)).created, 20_000);
  for (const number of [0, 5_461, 5_462, 19_999]) {
    assert.equal(books.balance(name(number, "in"), "EUR").debits, BigInt(number + 1));
    assert.equal(books.balance(name(number, "out"), "EUR").credits, BigInt(number + 1));
  }
  assert.equal(books.trialBalance()[0]?.accounts.length, 40_000);
  books.close();
});

test("pages are the journal: chained by SHA-256, replayed to the same books, and each changed byte is named", async () => {
  for (const chain of ["none", "batch", "transaction"] as const) {
    const pages: Uint8Array[] = [];
    const books = BulkLedger.open({ chain, append: async (page) => void pages.push(page) });
    for (let batch = 0; batch < 5; batch += 1) {
      await books.post([sale(`a${batch}`), sale(`b${batch}`, batch + 1), sale("a0")], CAUSE);
    }
    await books.setAccount({ id: "stop", account: "Liabilities:Wallet", state: "blocked", occurredAt: 1, recordedAt: 2, cause: "desk" });
    const standing = { id: "stop", account: "Liabilities:Wallet", state: "blocked", occurredAt: 2, recordedAt: 2, cause: "desk" } as const;
    const different = await books.setAccount(standing);
    assert.deepEqual([different.status, different.status === "exists_with_different" && different.field], ["exists_with_different", "occurredAt"]);
    assert.equal(pages.length, 6);
    const file = Buffer.concat(pages);
    assert.deepEqual(splitPages(file).map((page) => page.length), pages.map((page) => page.length));
    const again = BulkLedger.open({ chain, pages: splitPages(file) });
    assert.deepEqual([again.head, again.length, again.trialBalance()], [books.head, books.length, books.trialBalance()]);
    assert.deepEqual(BulkLedger.verify(pages, chain), { valid: true, pages: 6, length: 11, head: books.head });
    // Somebody else finds the head of a page with sha256sum.
    if (chain === "batch") assert.equal(createHash("sha256").update(pages[5]!.subarray(0, -32)).digest("hex"), books.head);
    for (const [number, at] of [[0, 20], [2, 0], [3, 120], [5, pages[5]!.length - 1], [1, pages[1]!.length - 40]] as const) {
      const changed = pages.map((page) => page.slice());
      changed[number]![at]! ^= 4;
      const found = BulkLedger.verify(changed, chain);
      assert.deepEqual([found.valid, !found.valid && found.page, !found.valid && found.byte], [false, number + 1, at]);
    }
    assert.equal((await refusal(async () => BulkLedger.open({ chain, pages: splitPages(file.subarray(0, -5)) }))).code, "bulk_page_broken");
    again.close();
    books.close();
  }
});

test("a batch whose page could not be stored was never posted, and the next one follows the last that was", async () => {
  const pages: Uint8Array[] = [];
  let broken = false;
  const append = async (page: Uint8Array): Promise<void> => {
    await Promise.resolve();
    if (broken) throw new Error("disk full");
    pages.push(page);
  };
  const books = BulkLedger.open({ append });
  await books.post([sale("one")], CAUSE);
  const before = [books.head, books.length, books.trialBalance()];
  broken = true;
  const other = { ...sale("two"), postings: sale("two").postings.map((posting) => ({ ...posting, account: `${posting.account}:Other` })) };
  await assert.rejects(books.post([other, sale("three")], CAUSE), /disk full/);
  assert.deepEqual([books.head, books.length, books.trialBalance()], before);
  broken = false;
  // At once: they wait for each other.
  await Promise.all([books.post([other], CAUSE), books.post([sale("three")], CAUSE), books.post([sale("three")], CAUSE)]);
  assert.deepEqual([books.length, books.position("two"), books.position("three")], [3, 2, 3]);
  assert.deepEqual(BulkLedger.verify(pages), { valid: true, pages: 3, length: 3, head: books.head });
  books.close();
});

test("the page of a batch can be taken until the next one is posted", async () => {
  const books = BulkLedger.open();
  const [one, two] = [await books.post([sale("one")], CAUSE), await books.post([sale("two")], CAUSE)];
  assert.throws(() => one.page, { code: "bulk_page_gone" });
  const page = two.page;
  const none = await books.post([sale("two")], CAUSE);
  assert.deepEqual([none.page.length, two.page], [0, page]);
  books.close();
});

test("whoever hashes, the page is the same", () => {
  const heads = [undefined, () => null].map((host) => {
    const engine = new Engine("batch", 0, host);
    engine.post([sale("one")], "cause", 1);
    const { head } = engine.view();
    engine.close();
    return head;
  });
  assert.equal(heads[0], heads[1]);
  assert.notEqual(heads[0], "0".repeat(64));
});

test("options are checked, and books of one process do not disturb each other", async () => {
  for (const [options, code] of [
    [{ chain: "weak" }, "option_invalid"],
    [{ capacity: -1 }, "option_invalid"],
    [{ append: 5 }, "argument_invalid"],
    [{ store: {} }, "unknown_option"],
    [{ capacity: 2 ** 40 }, "bulk_full"],
    [{ pages: ["no page"] }, "bulk_page_broken"],
  ] as const) {
    assert.equal((await refusal(async () => BulkLedger.open(options as unknown as BulkOptions))).code, code);
  }
  const [one, other] = [BulkLedger.open({ capacity: 10_000 }), BulkLedger.open({ chain: "none" })];
  const result = await one.post([sale("one", 5)], CAUSE);
  await other.post([sale("one", 6)], CAUSE);
  assert.deepEqual(result.at(0), { status: "created", position: 1 });
  assert.equal(result.page.length > 0, true);
  assert.deepEqual([one.balance("Income:Sales", "EUR").credits, other.balance("Income:Sales", "EUR").credits], [5n, 6n]);
  assert.equal(other.head, "0".repeat(64));
  one.close();
  other.close();
});

test("after a trap the books say that they are lost, and are opened again from their pages", async () => {
  const pages: Uint8Array[] = [];
  const books = BulkLedger.open({ append: (page) => void pages.push(page) });
  await books.post([sale("one")], CAUSE);
  assert.throws(() => ledgerBulk.raw(() => { throw new WebAssembly.RuntimeError("unreachable"); }), { code: "internal_trap" });
  assert.equal((await refusal(() => books.post([sale("two")], CAUSE))).code, "bulk_lost");
  const again = BulkLedger.open({ pages, append: (page) => void pages.push(page) });
  assert.deepEqual([...(await again.post([sale("one"), sale("two")], CAUSE))].map(({ status }) => status), ["exists", "created"]);
  again.close();
});
