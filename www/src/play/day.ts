/** The orders placed by hand, a busy hour, the books, and a week later what was settled and paid out. */

import { templates } from "tillproof/slim/ledger";
import { reconcile, type Report } from "tillproof/slim/reconcile";

import type { Scene } from "../scene.js";
import { booksOf, type Books } from "./books.js";
import { dice } from "./dice.js";
import { naiveShop } from "./naive-shop.js";
import { busyHour, orders, run, type Scenery } from "./run.js";
import type { Score } from "./step.js";
import { tillproofShop, type TillproofShop } from "./tillproof-shop.js";

/** What the gateway did to the settlement, in its own words. */
export interface InjectedDrift {
  readonly fault: string;
  readonly reference: string | null;
  /** Minor units; `null` where a side does not exist. */
  readonly expected: string | null;
  readonly actual: string | null;
  /** The kind of break a reconciler has to report. */
  readonly kind: string;
}

export interface Day {
  readonly naive: Score;
  readonly tillproof: Score;
  readonly books: Books;
  readonly ledgerCsv: string;
  readonly settlementCsv: string;
  readonly statementCsv: string;
  readonly report: Report;
  readonly injected: readonly InjectedDrift[];
  readonly tookMs: number;
}

const DAY_MS = 86_400_000;

/** Until the money of the hour may be paid out, and until a payout has reached the bank. */
const MATURE_DAYS = 4;
const ARRIVE_DAYS = 5;

export async function playDay(scene: Scene): Promise<Day> {
  const began = performance.now();
  const naive = await run(scene, (network) => naiveShop(network, dice(scene.seed)), [orders(scene), busyHour(scene)]);
  const paper: Paper = { settlementCsv: "", statementCsv: "", injected: [], readAt: 0 };
  const ours = await run(scene, (network, target) => tillproofShop(network, target, scene), [
    orders(scene),
    busyHour(scene),
    aWeekPasses(paper),
  ]);
  const ledgerCsv = ours.shop.ledger.toCsv();
  const report = reconcile({ ledger: ledgerCsv, settlement: paper.settlementCsv, bank: paper.statementCsv, asOf: paper.readAt });
  const books = booksOf(ours.shop.ledger);
  ours.shop.ledger.close();
  const { settlementCsv, statementCsv, injected } = paper;
  const tookMs = performance.now() - began;
  return { naive: naive.score, tillproof: ours.score, books, ledgerCsv, settlementCsv, statementCsv, injected, report, tookMs };
}

/** What arrives by post, and when it was read. */
interface Paper {
  settlementCsv: string;
  statementCsv: string;
  injected: InjectedDrift[];
  readAt: number;
}

/** The money matures, is paid out and reaches the bank; the payout goes into the books like everything else. */
function aWeekPasses(paper: Paper) {
  return async ({ gateway, shop }: Scenery<TillproofShop>): Promise<void> => {
    shop.close();
    const text = async (path: string, init?: RequestInit): Promise<string> => (await gateway.fetch(`http://gateway${path}`, init)).text();
    await gateway.advance(MATURE_DAYS * DAY_MS);
    const wallet = JSON.parse(await text("/api/wallets/shop")) as Wallet;
    const { available = 0 } = wallet.balances.find(({ currency }) => currency === "EUR") ?? {};
    if (available > 0) {
      const body = JSON.stringify({ account: "shop", amount: available, currency: "EUR" });
      const headers = { "idempotency-key": "payout-1" };
      const { id } = JSON.parse(await text("/api/payouts", { method: "POST", headers, body })) as { id: string };
      const fields = { gateway: "native", payoutId: id, amount: available, currency: "EUR", occurredAt: gateway.now(), cause: id };
      // The bank, and the balance at the gateway, do not know the payout by its name.
      const { payoutId: _, ...matured } = fields;
      await shop.ledger.post(templates.fundsAvailable({ ...matured, id: `available:${id}` }));
      await shop.ledger.post(templates.payout({ ...fields, id: `payout:${id}` }));
      await gateway.advance(ARRIVE_DAYS * DAY_MS);
      await shop.ledger.post(templates.payoutArrived({ ...matured, id: `arrived:${id}`, bank: "Main", occurredAt: gateway.now() }));
    }
    paper.settlementCsv = await text("/_tillproof/settlement.csv");
    paper.statementCsv = await text("/_tillproof/statement.xml?format=csv");
    const truth = JSON.parse(await text("/_tillproof/ground-truth")) as readonly RawInjected[];
    paper.injected = truth.flatMap((one) => (one.kind === null ? [] : [drift(one, one.kind)]));
    paper.readAt = gateway.now();
  };
}

interface Wallet {
  readonly balances: readonly { readonly currency: string; readonly available: number }[];
}

interface RawInjected {
  readonly fault: string;
  readonly reference: string | null;
  readonly expected: number | null;
  readonly actual: number | null;
  readonly kind: string | null;
}

function drift({ fault, reference, expected, actual }: RawInjected, kind: string): InjectedDrift {
  return { fault, reference, expected: expected?.toString() ?? null, actual: actual?.toString() ?? null, kind };
}
