/** What a queue of breaks does, on any store: the same story for each of them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { entryFor, openQueue, type BreakQueue, type Case, type QueueOptions } from "../../pkg/src/investigation/index.js";
import { Ledger, templates } from "../../pkg/src/ledger/index.js";
import { reconcile, type Break, type Report } from "../../pkg/src/reconcile/index.js";
import type { Store } from "../../pkg/src/stores/store.js";

export const HEADER = "id,reference,amount_minor,fee_minor,currency,occurred_at\n";
export const row = (id: string, amount: number, fee: number, day = "01"): string => `${id},order_${id},${amount},${fee},EUR,2026-03-${day}T00:00:00Z\n`;
const report = (ledger: string, settlement: string): Report => reconcile({ ledger: HEADER + ledger, settlement: HEADER + settlement, asOf: Date.UTC(2026, 2, 20) });

/** One fee differs and one payment is not settled. */
const BOOKS = row("1", 1_000, 30) + row("2", 2_000, 60) + row("3", 500, 15);
export const FIRST = report(BOOKS, row("1", 1_000, 35) + row("3", 500, 15));
export const fee = FIRST.breaks.find(({ kind }) => kind === "fee_mismatch") as Break;
const missing = FIRST.breaks.find(({ kind }) => kind === "missing_in_settlement") as Break;
export const NAMES = { gateway: "stripe" };

/** A store of its own for each test. */
export type MakeStore = () => Store | Promise<Store>;

/** A queue whose clock stands at the number of things that happened. */
async function opened(make: MakeStore, options: Partial<QueueOptions> = {}): Promise<{ queue: BreakQueue; store: Store }> {
  let now = 1_000;
  const store = options.store ?? (await make());
  return { store, queue: openQueue({ store, now: () => (now += 1), ...options }) };
}

const types = ({ history }: Case): string => history.map(({ type }) => type).join(" ");

/** Registers the story for a store. */
export function breakQueueStory(name: string, make: MakeStore): void {
  test(`${name}: a run opens a case for each break, and the same run again changes nothing`, async () => {
    const { queue } = await opened(make);
    assert.deepEqual(await queue.sync(FIRST, { run: "monday" }), { run: "monday", opened: 2, changed: 0, returned: 0, gone: 0, unchanged: 0 });
    assert.deepEqual(await queue.sync(FIRST, { run: "monday" }), { run: "monday", opened: 0, changed: 0, returned: 0, gone: 0, unchanged: 2 });
    const cases = await queue.list();
    assert.deepEqual(cases.map(({ id }) => id).sort(), [fee.id, missing.id].sort());
    assert.deepEqual((await queue.list({ kind: "fee_mismatch" })).map((one) => one.break), [fee]);
  });

  test(`${name}: what a run no longer has is gone with that run, and what is there again is open again under its id`, async () => {
    const { queue } = await opened(make);
    await queue.sync(FIRST, { run: "monday" });
    const second = report(BOOKS, row("1", 1_000, 35) + row("2", 2_000, 60) + row("3", 500, 15));
    assert.deepEqual(await queue.sync(second, { run: "tuesday" }), { run: "tuesday", opened: 0, changed: 0, returned: 0, gone: 1, unchanged: 1 });
    const gone = await queue.find(missing.id);
    assert.deepEqual([gone?.state, gone?.run, types(gone!)], ["gone", "tuesday", "opened gone"]);
    assert.equal((await queue.sync(FIRST, { run: "wednesday" })).returned, 1);
    assert.deepEqual([(await queue.find(missing.id))?.state, (await queue.find(missing.id))?.returns], ["open", 1]);
  });

  test(`${name}: other figures of the same break take back a proposal for the earlier ones`, async () => {
    const { queue } = await opened(make);
    await queue.sync(FIRST, { run: "monday" });
    await queue.propose(fee.id, { by: "ann", reason: "price list", entry: entryFor(fee, NAMES)! });
    const dearer = report(BOOKS, row("1", 1_000, 40) + row("3", 500, 15));
    assert.equal(dearer.breaks.find(({ kind }) => kind === "fee_mismatch")?.id, fee.id, "a break keeps its id");
    assert.equal((await queue.sync(dearer, { run: "tuesday" })).changed, 1);
    await assert.rejects(queue.approve(fee.id, { by: "bob", proposal: 1 }), { code: "proposal_not_waiting" });
    assert.equal((await queue.find(fee.id))?.break.difference_minor, "10");
  });

  test(`${name}: an entry that another person approved stands in the ledger with the break and the approval as its cause`, async () => {
    const { store } = await opened(make);
    const ledger = await Ledger.open({ store });
    const { queue } = await opened(make, { store, ledger });
    await queue.sync(FIRST, { run: "monday" });
    await queue.assign(fee.id, { by: "ann", to: "ann" });
    await queue.comment(fee.id, { by: "ann", text: "a card from abroad" });
    await queue.propose(fee.id, { by: "ann", reason: "price list", entry: entryFor(fee, NAMES)! });
    await assert.rejects(queue.approve(fee.id, { by: "ann", proposal: 1 }), { code: "proposal_same_person" });
    const approved = await queue.approve(fee.id, { by: "bob", proposal: 1 });
    assert.deepEqual([approved.state, approved.proposals[0]?.position], ["resolved", 1]);
    assert.equal(types(approved), "opened assigned commented proposed approved posted");
    const [line = ""] = ledger.journal();
    const { entry } = JSON.parse(line) as { entry: { id: string; cause: string; postings: unknown[] } };
    assert.deepEqual([entry.id, entry.cause], [`break:${fee.id}:1`, `break:${fee.id}#1 approved by bob`]);
    assert.equal(ledger.balance("Expenses:GatewayFee", "EUR").balance, 5n);
    // It explains the difference, which stays in the files: the case stays decided until the figures change.
    assert.equal((await queue.sync(FIRST, { run: "tuesday" })).unchanged, 2);
    assert.equal((await queue.find(fee.id))?.state, "resolved");
  });

  test(`${name}: an entry that mends the books makes the break go, and one that did not is open again`, async () => {
    const { store } = await opened(make);
    const ledger = await Ledger.open({ store });
    const charge = templates.charge({
      id: "charge:2", gateway: "stripe", reference: "order_2", paymentId: "2", amount: 2_000n, fee: 60n, currency: "EUR",
      occurredAt: Date.UTC(2026, 2, 1), cause: "evt_2",
    });
    await ledger.post(charge);
    const { queue } = await opened(make, { store, ledger });
    const settlement = HEADER;
    const run = (): Report => reconcile({ ledger: ledger.toCsv(), settlement, asOf: Date.UTC(2026, 2, 20) });
    await queue.sync(run(), { run: "monday" });
    const [lost] = await queue.list();
    assert.equal(lost?.break.kind, "missing_in_settlement");
    const { postings, links } = templates.reversal(charge, { id: "x", occurredAt: 1, cause: "x" });
    await queue.propose(lost!.id, { by: "ann", reason: "never captured", entry: { postings, links } });
    const decided = await queue.approve(lost!.id, { by: "bob", proposal: 1 });
    assert.deepEqual([decided.state, decided.proposals[0]?.mends], ["resolved", true]);
    assert.equal((await queue.sync(run(), { run: "tuesday" })).gone, 1);
    // The same break in a later run: whatever was posted did not settle it.
    const again = reconcile({ ledger: HEADER + row("2", 2_000, 60), settlement, asOf: Date.UTC(2026, 2, 20) });
    const { id } = again.breaks[0]!;
    await queue.sync(again, { run: "wednesday" });
    assert.equal((await queue.find(id))?.state, "open");
  });

  test(`${name}: what is approved and not posted yet is posted once, whoever settles it and however often`, async () => {
    const { queue, store } = await opened(make);
    await queue.sync(FIRST, { run: "monday" });
    await queue.propose(fee.id, { by: "ann", reason: "price list", entry: entryFor(fee, NAMES)! });
    assert.equal((await queue.approve(fee.id, { by: "bob", proposal: 1 })).state, "approved");
    await assert.rejects(queue.settle(), { code: "queue_without_ledger" });
    const ledger = await Ledger.open({ store });
    // Killed after the ledger had it and before the queue was told.
    const dying = { post: async (entry: Parameters<Ledger["post"]>[0]) => { await ledger.post(entry); throw new Error("killed"); } };
    await assert.rejects(queue.settle({ ledger: dying }), /killed/);
    assert.equal((await queue.find(fee.id))?.state, "approved");
    assert.deepEqual(await queue.settle({ ledger }), { posted: [fee.id], refused: [] });
    assert.deepEqual(await queue.settle({ ledger }), { posted: [], refused: [] });
    assert.equal(ledger.length, 1);
  });

  test(`${name}: what the ledger refuses is open again and says why, and what fails otherwise stays approved`, async () => {
    const { store } = await opened(make);
    const ledger = await Ledger.open({ store });
    const { queue } = await opened(make, { store, ledger });
    await queue.sync(FIRST, { run: "monday" });
    const postings = [
      { account: "Cash", side: "debit", amount: 5, currency: "EUR" },
      { account: "Expenses:Rounding", side: "credit", amount: 5, currency: "EUR" },
    ] as const;
    await queue.propose(fee.id, { by: "ann", reason: "try", entry: { postings } });
    const refused = await queue.approve(fee.id, { by: "bob", proposal: 1 });
    assert.equal(refused.state, "open");
    assert.match(refused.history.at(-1)?.reason ?? "", /^account_invalid: /);
    assert.equal(ledger.length, 0);
  });

  test(`${name}: accepting a break as it is needs the same approval, and holds while the figures stay`, async () => {
    const { queue } = await opened(make);
    await queue.sync(FIRST, { run: "monday" });
    await queue.accept(missing.id, { by: "ann", reason: "a test order" });
    assert.equal((await queue.approve(missing.id, { by: "bob", proposal: 1 })).state, "resolved");
    await queue.sync(FIRST, { run: "tuesday" });
    assert.equal((await queue.find(missing.id))?.state, "resolved");
    assert.equal((await queue.reopen(missing.id, { by: "bob", reason: "was none" })).state, "open");
  });

  test(`${name}: two who decide at once do not both decide`, async () => {
    const { queue, store } = await opened(make);
    await queue.sync(FIRST, { run: "monday" });
    await queue.propose(fee.id, { by: "ann", reason: "price list", entry: entryFor(fee, NAMES)! });
    const other = openQueue({ store });
    const ends = await Promise.allSettled([
      queue.approve(fee.id, { by: "bob", proposal: 1 }),
      other.reject(fee.id, { by: "cyd", proposal: 1, reason: "no" }),
    ]);
    assert.deepEqual(ends.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const talk = await Promise.all(["x", "y", "z"].map((text) => other.comment(fee.id, { by: "dan", text })));
    assert.equal(talk.length, 3);
    assert.equal((await queue.find(fee.id))?.history.filter(({ type }) => type === "commented").length, 3);
  });

  test(`${name}: runs are taken over in the order in which their files were read`, async () => {
    const { queue } = await opened(make);
    await queue.sync(FIRST, { run: "tuesday", at: 2_000 });
    await assert.rejects(queue.sync(FIRST, { run: "monday", at: 1_999 }), { code: "run_too_old" });
  });

  test(`${name}: what is no proposal, no person and no queue is refused by name`, async () => {
    const { queue, store } = await opened(make);
    await queue.sync(FIRST, { run: "monday" });
    const leg = { account: "Expenses:Rounding", side: "debit", amount: 5, currency: "EUR" } as const;
    const entry = { postings: [leg, { ...leg, side: "credit" as const }] };
    const refusals: [() => unknown, string][] = [
      [() => openQueue({ store, name: "a/b" }), "queue_name_invalid"],
      [() => openQueue({ store: {} as Store }), "store_invalid"],
      [() => openQueue({ store, fourEyes: 2 as unknown as boolean }), "argument_invalid"],
      [() => queue.propose(fee.id, { by: "ann", reason: "x", entry: { postings: [leg] } }), "proposal_unbalanced"],
      [() => queue.propose(fee.id, { by: "ann", reason: "x", entry: { postings: [leg, leg] } }), "proposal_unbalanced"],
      [() => queue.propose(fee.id, { by: "ann", reason: "x", entry: { ...entry, id: "own" } as typeof entry }), "unknown_option"],
      [() => queue.propose(fee.id, { by: "", reason: "x", entry }), "case_text_invalid"],
      [() => queue.propose("unknown", { by: "ann", reason: "x", entry }), "case_unknown"],
      [() => queue.list({ state: "closed" as "open" }), "option_invalid"],
      [() => queue.list({ kind: "banana" as "late" }), "option_invalid"],
      [() => queue.sync({ ...FIRST, breaks: FIRST.breaks.slice(1) }, { run: "half" }), "option_invalid"],
      [() => queue.approve(fee.id, { by: "bob", proposal: 0 }), "option_invalid"],
    ];
    for (const [call, code] of refusals) await assert.rejects(async () => call(), { code }, code);
  });

  test(`${name}: figures say how the queue and its last run stand`, async () => {
    const { queue } = await opened(make);
    await queue.sync(FIRST, { run: "monday", at: 1_000 });
    await queue.propose(fee.id, { by: "ann", reason: "price list", entry: entryFor(fee, NAMES)! });
    const { cases, lastRun, oldestAgeMs } = await queue.figures();
    assert.deepEqual(cases, { open: 1, proposed: 1, approved: 0, resolved: 0, gone: 0 });
    assert.ok(oldestAgeMs > 0);
    assert.deepEqual(lastRun?.unmatched_minor, { EUR: "2005" });
    assert.deepEqual([lastRun?.matched, lastRun?.breaks, lastRun?.oldest_days], [1, 2, 19]);
  });

  test(`${name}: a thousand breaks are taken over in pages, whatever is said meanwhile`, async () => {
    const rows = Array.from({ length: 1_000 }, (_, index) => row(String(index), 100, 0)).join("");
    const many = report(rows, "");
    const { queue } = await opened(make);
    const first = queue.sync(many, { run: "monday" });
    assert.equal((await first).opened, 1_000);
    const talking = (async () => { for (const { id } of many.breaks.slice(0, 50)) await queue.comment(id, { by: "ann", text: "seen" }); })();
    const [second] = await Promise.all([queue.sync(report("", ""), { run: "tuesday" }), talking]);
    assert.equal(second.gone, 1_000);
    assert.equal((await queue.figures()).cases.gone, 1_000);
    assert.equal((await queue.list({ state: "gone", limit: 2_000 })).filter(({ history }) => history.some(({ type }) => type === "commented")).length, 50);
  });
}
