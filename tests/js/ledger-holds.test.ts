import assert from "node:assert/strict";
import { test } from "node:test";

import { defineTemplate, Ledger, templates, type EntryInput, type StandingInput, type TemplateFields } from "../../pkg/src/ledger/index.js";
import { SHAPES } from "../../pkg/src/ledger/template-fields.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";

const DAY = 86_400_000;
const NOON = 1_772_366_400_000;
const EVENT = { currency: "EUR", occurredAt: NOON, cause: "evt" };
const GATEWAY = { ...EVENT, gateway: "native" };

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => isTillproofError(error) && error.code === code;
}

function standing(id: string, changes: Partial<StandingInput>): StandingInput {
  return { id, account: "Liabilities:Wallet:anna:EUR", state: "open", occurredAt: NOON, cause: "clerk", ...changes };
}

async function withWallet(amount: number): Promise<Ledger> {
  const ledger = await Ledger.open({ store: memoryStore() });
  await ledger.post(templates.walletToppedUp({ ...GATEWAY, id: "top-up", wallet: "anna", amount, reference: "top-up" }));
  return ledger;
}

test("an authorization is captured in parts and its rest expires, and money and promise never mix", async () => {
  const ledger = await Ledger.open({ store: memoryStore() });
  const hold = { ...EVENT, authorization: "pi_1" };
  await ledger.post(templates.authorization({ ...hold, id: "hold", amount: 10_000, expiresAt: NOON + 7 * DAY }));
  assert.equal(ledger.balance("Memo:Auth:Open", "EUR", { key: "pi_1" }).pendingDebits, 10_000n);
  assert.equal(ledger.balance("Memo:Auth:Open", "EUR").balance, 0n);

  const capture = { ...GATEWAY, authorization: "pi_1", of: "hold", reference: "order_1" };
  await ledger.post(templates.capture({ ...capture, id: "capture:1", amount: 6_000, fee: 204 }));
  assert.equal(ledger.balance("Memo:Auth:Open", "EUR").pendingDebits, 4_000n);
  assert.equal(ledger.balance("Assets:Gateway:native:Pending:EUR", "EUR").balance, 5_796n);
  await assert.rejects(ledger.post(templates.capture({ ...capture, id: "capture:2", amount: 4_001 })), hasCode("hold_exceeds"));
  const late = { ...capture, occurredAt: NOON + 8 * DAY };
  await assert.rejects(ledger.post(templates.capture({ ...late, id: "capture:2", amount: 1 })), hasCode("hold_expired"));

  assert.equal(await ledger.expireHolds({ now: NOON + 6 * DAY }), 0);
  assert.equal(await ledger.expireHolds({ now: NOON + 7 * DAY }), 1);
  assert.equal(await ledger.expireHolds({ now: NOON + 9 * DAY }), 0);
  assert.equal(ledger.balance("Memo:Auth:Open", "EUR").pendingDebits, 0n);
  const voided = templates.authorizationVoided({ ...hold, id: "void", amount: 4_000, of: "hold" });
  await assert.rejects(ledger.post(voided), hasCode("hold_closed"));
});

test("money that is held for another cannot be spent twice", async () => {
  const ledger = await withWallet(5_000);
  const between = { ...EVENT, from: "anna", to: "ben" };
  await ledger.post(templates.walletHold({ ...between, id: "hold", amount: 3_000 }));
  const wallet = ledger.balance("Liabilities:Wallet:anna:EUR", "EUR");
  assert.deepEqual([wallet.balance, wallet.available], [5_000n, 2_000n]);
  await assert.rejects(ledger.post(templates.walletTransfer({ ...between, id: "t:1", amount: 2_001 })), (error) => {
    assert.ok(isTillproofError(error) && error.code === "limit_reached");
    assert.deepEqual(error.details, {
      account: "Liabilities:Wallet:anna:EUR",
      key: "",
      limit: "no_debit_balance",
      currency: "EUR",
      available: "2000",
      after: "-1",
    });
    return true;
  });
  await ledger.post(templates.walletHoldCaptured({ ...between, id: "captured", of: "hold", amount: 2_500, released: 3_000 }));
  await ledger.post(templates.walletTransfer({ ...between, id: "t:1", amount: 2_400, fee: 100 }));
  assert.equal(ledger.balance("Liabilities:Wallet:anna:EUR", "EUR").available, 0n);
  assert.equal(ledger.balance("Liabilities:Wallet:ben:EUR", "EUR").balance, 4_900n);
});

test("an escrow never pays out more than it holds for an order, whatever it holds for others", async () => {
  const ledger = await Ledger.open();
  for (const order of ["order_1", "order_2"]) {
    await ledger.post(templates.escrowHeld({ ...GATEWAY, id: `held:${order}`, order, amount: 10_000, fee: 320 }));
  }
  const release = { ...EVENT, order: "order_1", provider: "ben" };
  await assert.rejects(ledger.post(templates.escrowReleased({ ...release, id: "r", amount: 10_001 })), hasCode("limit_reached"));
  await ledger.post(templates.escrowReleased({ ...release, id: "r", amount: 10_000, platformFee: 1_000 }));
  assert.equal(ledger.balance("Liabilities:Provider:ben:EUR", "EUR").balance, 9_000n);
  assert.equal(ledger.balance("Income:PlatformFee", "EUR").balance, 1_000n);
  assert.equal(ledger.balance("Liabilities:Escrow:EUR", "EUR", { key: "order_1" }).balance, 0n);
  assert.deepEqual(
    ledger.audit().openKeys.map(({ account, key, balance }) => [account, key, balance]),
    [["Liabilities:Escrow:EUR", "order_2", 10_000n]],
  );
});

test("a correction takes back a part, then the rest, and not a cent more", async () => {
  const ledger = await Ledger.open();
  const sale = templates.charge({ ...GATEWAY, id: "sale", amount: 1_000, reference: "order_1" });
  await ledger.post(sale);
  const part = (id: string, amount: number): EntryInput => ({
    ...templates.reversal(sale, { id, occurredAt: NOON, cause: "clerk" }),
    postings: templates.reversal(sale, { id, occurredAt: NOON, cause: "clerk" }).postings.map((posting) => ({ ...posting, amount })),
  });
  await ledger.post(part("part:1", 400));
  assert.equal(ledger.toCsv().split("\n").length, 3);
  await assert.rejects(ledger.post(part("part:2", 601)), hasCode("reversal_exceeds"));
  await ledger.post(part("part:2", 600));
  assert.equal(ledger.balance("Income:Sales", "EUR").balance, 0n);
  assert.equal(ledger.toCsv().split("\n").length, 2);
  await assert.rejects(ledger.post(part("part:3", 1)), hasCode("already_reversed"));
});

test("accounts are blocked, opened and closed by lines of the journal, for all beneath them", async () => {
  const store = memoryStore();
  const ledger = await Ledger.open({ store });
  const transfer = (id: string, amount = 100): Promise<unknown> =>
    ledger.post(templates.walletTransfer({ ...EVENT, id, from: "anna", to: "ben", amount }));
  await ledger.post(templates.walletToppedUp({ ...GATEWAY, id: "top-up", wallet: "anna", amount: 300 }));
  assert.deepEqual(await ledger.setAccount(standing("s:1", { account: "Liabilities:Wallet", state: "blocked" })), {
    status: "created",
    position: 2,
  });
  await assert.rejects(transfer("t:1"), hasCode("account_blocked"));
  const again = standing("s:1", { account: "Liabilities:Wallet" });
  assert.deepEqual(await ledger.setAccount(again), { status: "exists_with_different", position: 2, field: "state" });
  await ledger.setAccount(standing("s:2", { account: "Liabilities:Wallet" }));
  await transfer("t:1");

  await assert.rejects(ledger.setAccount(standing("s:3", { state: "closed" })), hasCode("account_not_empty"));
  await transfer("t:2", 200);
  await ledger.setAccount(standing("s:3", { state: "closed" }));
  await assert.rejects(transfer("t:3"), hasCode("account_closed"));
  const reopened = await Ledger.open({ store });
  await assert.rejects(reopened.setAccount(standing("s:4", {})), hasCode("account_closed"));

  await ledger.setAccount(standing("s:5", { account: "Liabilities:Wallet:ben:EUR", limit: "unlimited" }));
  await ledger.post(templates.walletTransfer({ ...EVENT, id: "t:4", from: "ben", to: "carla", amount: 9_999 }));
  await ledger.setAccount(standing("s:6", { account: "Liabilities:Wallet:ben:EUR", limit: "no_debit_balance" }));
  assert.deepEqual(ledger.audit().overdrawn.map(({ account, available }) => [account, available]), [
    ["Liabilities:Wallet:ben:EUR", -9_699n],
  ]);
});

test("a balance of the past counts what had happened, and with knownAt what was known", async () => {
  const ledger = await Ledger.open();
  const sale = (id: string, occurredAt: number, recordedAt: number): Promise<unknown> =>
    ledger.post(templates.charge({ ...GATEWAY, id, amount: 100, reference: id, occurredAt, recordedAt }));
  await sale("first", NOON, NOON + 1);
  await sale("late", NOON - DAY, NOON + 2 * DAY);
  await sale("next", NOON + DAY, NOON + DAY);
  // at, knownAt, balance
  const table: [number, number | undefined, bigint][] = [
    [NOON - DAY - 1, undefined, 0n],
    [NOON - DAY, undefined, 100n],
    [NOON, undefined, 200n],
    [NOON, NOON + 1, 100n],
    [NOON, NOON + 2 * DAY, 200n],
    [NOON + DAY, undefined, 300n],
    [NOON + DAY, NOON + DAY, 200n],
  ];
  for (const [at, knownAt, balance] of table) {
    assert.equal(ledger.balance("Income:Sales", "EUR", { at, knownAt }).balance, balance, `${at} ${knownAt}`);
  }
  assert.throws(() => ledger.balance("Income:Sales", "EUR", { at: 1, key: "k" }), hasCode("balance_of_key_in_the_past"));
});

test("every template balances, names its accounts, and leaves the books in order", async () => {
  const ledger = await Ledger.open();
  const all = {
    ...GATEWAY,
    amount: 1_000n,
    reference: "ref",
    authorization: "a",
    bank: "main",
    bought: 13_780n,
    boughtCurrency: "JPY",
    disputeId: "dp",
    fee: 30,
    from: "anna",
    invoice: "in_1",
    jurisdiction: "DE",
    order: "o",
    payoutId: "po",
    platformFee: 100,
    provider: "ben",
    refundId: "re",
    refunded: 400,
    released: 600,
    payment: "order_9",
    tax: 160,
    to: "ben",
    wallet: "anna",
  };
  // Wallets and escrow are filled first, holds made before they are released.
  const first = ["walletToppedUp", "escrowHeld", "escrowReleased", "authorization", "walletHold", "paymentInitiated"];
  const names = [...new Set([...first, ...Object.keys(SHAPES)])] as (keyof TemplateFields)[];
  for (const name of names) {
    const of = name.startsWith("wallet") ? "id:walletHold" : name === "authorizationExpired" ? "id:second" : name === "paymentFailed" ? "id:paymentInitiated" : "id:authorization";
    if (name === "authorizationExpired") await ledger.post(templates.authorization({ ...all, id: "id:second", expiresAt: NOON }));
    if (name.startsWith("escrow") || name === "clawBack" || name === "providerPaid") {
      await ledger.post(templates.escrowHeld({ ...all, id: `held:${name}` }));
      await ledger.post(templates.escrowReleased({ ...all, id: `free:${name}`, amount: 900, platformFee: 0 }));
      await ledger.post(templates.escrowHeld({ ...all, id: `more:${name}` }));
    }
    if (name === "walletWithdrawn" || name === "walletTransfer") {
      await ledger.post(templates.walletToppedUp({ ...all, id: `top:${name}`, amount: 2_000 }));
    }
    const ends = { authorizationVoided: "hold:v", walletHoldVoided: "hold:w", capture: "hold:c" }[name as string];
    if (ends === "hold:w") await ledger.post(templates.walletHold({ ...all, id: ends }));
    else if (ends !== undefined) await ledger.post(templates.authorization({ ...all, id: ends }));
    const fill = templates[name] as (fields: unknown) => EntryInput;
    const takes = /Voided|Expired|paymentFailed|^capture|Captured/.test(name) ? { of: ends ?? of } : {};
    const entry = fill({ ...all, ...takes, id: `id:${name}`, released: name === "capture" ? 1_000 : 600 });
    assert.equal((await ledger.post(entry)).status, "created", name);
  }
  const audit = ledger.audit();
  assert.ok(audit.balanced && audit.indexHolds);
  assert.deepEqual(audit.overdrawn, []);
  const sheet = ledger.balanceSheet().find(({ currency }) => currency === "EUR");
  assert.ok(sheet !== undefined);
  assert.equal(sheet.assets, sheet.liabilities + sheet.equity + sheet.profit);
});

test("a template of one's own is checked when it is defined", async () => {
  const ledger = await Ledger.open();
  const tip = defineTemplate({
    name: "tip_paid",
    legs: ["debit Assets:Till:{currency} amount", "credit Liabilities:Tips:{waiter}#{table?} amount"],
  });
  await ledger.post(tip({ ...EVENT, id: "tip:1", amounts: { amount: 200 }, names: { waiter: "anna", table: "7" } }));
  assert.equal(ledger.balance("Liabilities:Tips:anna", "EUR", { key: "7" }).balance, 200n);
  const legs = ["debit Assets:Till:{currency} amount + tip?", "credit Liabilities:Tips:{waiter} amount"];
  assert.throws(() => defineTemplate({ name: "tip_paid", legs }), (error: Error) => {
    assert.match(error.message, /tip_paid.*tip: expected as much on the debit side/);
    return hasCode("template_invalid")(error);
  });
  assert.throws(() => tip({ ...EVENT, id: "tip:2", amounts: { amount: 200 } }), hasCode("template_value_missing"));
});
