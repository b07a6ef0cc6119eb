/**
 * How the breaks lead from what one side says to what the next one says.
 *
 * Invariant: a bridge adds up to the minor unit: what a side says, each kind of break, and what no break accounts for (what is
 * in flight, and rows that are set aside) make what the next side says.
 */

import type { Break, BreakKind } from "./report.js";

/** A side of a run. */
export type Side = "ledger" | "settlement" | "bank";

/** One side in one currency. Amounts are digits of minor units, signed by what they do to the merchant's balance. */
export interface SideTotal {
  readonly rows: number;
  /** Charges less refunds and disputes, without payouts; of a bank all entries. */
  readonly gross_minor: string;
  readonly fee_minor: string;
  /** Gross less fees. */
  readonly net_minor: string;
}

/** What each side comes to, by currency. */
export type SideTotals = Readonly<Record<Side, Readonly<Record<string, SideTotal>>>>;

/** A step of a bridge. */
export interface BridgeStep {
  /** A kind of break, or `unexplained` for what no break accounts for. */
  readonly kind: BreakKind | "unexplained";
  readonly count: number;
  readonly difference_minor: string;
}

/** The way from the net of one side to the net of the next, in one currency. */
export interface Bridge {
  readonly currency: string;
  readonly from: "ledger" | "settlement";
  readonly to: "settlement" | "bank";
  readonly from_minor: string;
  readonly steps: readonly BridgeStep[];
  readonly to_minor: string;
}

/** What a row does to the balance. */
export interface Effect {
  readonly currency: string;
  readonly net: bigint;
}

/** What rows do to the balance, by where they stand. */
export class Effects {
  readonly #files: Readonly<Record<Side, Map<string, Map<number, Effect>>>> = { ledger: new Map(), settlement: new Map(), bank: new Map() };

  /** Those of a file, by line. */
  of(side: Side, file: string): Map<number, Effect> {
    return held(this.#files[side], file, () => new Map<number, Effect>());
  }
}

/** The ways between the sides. */
const WAYS = [["ledger", "settlement"], ["settlement", "bank"]] as const;

interface Step {
  count: number;
  difference: bigint;
}

/** The steps of all bridges, which grow break by break. */
export class Bridges {
  readonly #effects: Effects;
  /** By way, currency and kind. */
  readonly #steps: readonly [Map<string, Map<BreakKind, Step>>, Map<string, Map<BreakKind, Step>>] = [new Map(), new Map()];

  constructor(effects: Effects) {
    this.#effects = effects;
  }

  add(found: Break): void {
    const { hop, kind, rows } = found;
    // A row counts on the way on which its break was found: payouts and the bank on the second, all others on the first.
    const way = hop === "H2" || hop === "H3" || (rows.bank.length > 0 && rows.ledger.length === 0) ? 1 : 0;
    const differences = way === 0 ? this.#ofRows(found) : this.#ofPayout(found);
    for (const [currency, difference] of differences) {
      if (difference === 0n) continue;
      const kinds = held(this.#steps[way], currency, () => new Map<BreakKind, Step>());
      const step = held(kinds, kind, () => ({ count: 0, difference: 0n }));
      step.count += 1;
      step.difference += difference;
    }
  }

  /** What rows say that are held against each other one by one. */
  #ofRows({ rows }: Break): Map<string, bigint> {
    const differences = new Map<string, bigint>();
    this.#count(differences, "settlement", rows.settlement, 1n);
    this.#count(differences, "ledger", rows.ledger, -1n);
    return differences;
  }

  /** What a payout is and what came of it, which the break says. Its rows are not to be added up: its lines have been already. */
  #ofPayout(found: Break): Map<string, bigint> {
    const { hop, kind, rows, currency, expected_minor, found_minor } = found;
    const differences = new Map<string, bigint>();
    const add = (difference: bigint): Map<string, bigint> => differences.set(currency, (differences.get(currency) ?? 0n) + difference);
    const [expected, came] = [BigInt(expected_minor ?? "0"), BigInt(found_minor ?? "0")];
    if (kind === "missing_payout") this.#count(differences, "settlement", rows.settlement, -1n);
    else if (kind === "currency_mismatch") this.#count(add(-expected), "bank", rows.bank, 1n);
    // One of them is in order.
    else if (kind === "duplicate_record_b" && expected_minor === null) add(came - came / BigInt(rows.bank.length));
    else if (kind === "payout_not_reversed" && hop === "H2") add(-size(came));
    else if (hop !== "H2" || kind === "group_sum_mismatch") add(came - expected);
    return differences;
  }

  #count(differences: Map<string, bigint>, side: Side, rows: Break["rows"][Side], sign: bigint): void {
    for (const { file, line } of rows) {
      const effect = this.#effects.of(side, file).get(line);
      if (effect !== undefined) differences.set(effect.currency, (differences.get(effect.currency) ?? 0n) + sign * effect.net);
    }
  }

  /** The bridges, once all breaks are there; to the bank only where it has files. */
  all(totals: SideTotals, hasBank: boolean): Bridge[] {
    const currencies = [...new Set([totals.ledger, totals.settlement, totals.bank].flatMap((side) => Object.keys(side)))].sort();
    return currencies.flatMap((currency) => [this.#of(0, currency, totals), ...(hasBank ? [this.#of(1, currency, totals)] : [])]);
  }

  #of(way: 0 | 1, currency: string, totals: SideTotals): Bridge {
    const [from, to] = WAYS[way];
    const [start, end] = [from, to].map((side) => BigInt(totals[side][currency]?.net_minor ?? "0")) as [bigint, bigint];
    const steps = [...(this.#steps[way].get(currency) ?? [])].sort(([, a], [, b]) => Number(size(b.difference) > size(a.difference)) - Number(size(b.difference) < size(a.difference)));
    const rest = end - start - steps.reduce((sum, [, { difference }]) => sum + difference, 0n);
    return {
      currency, from, to,
      from_minor: start.toString(),
      steps: [
        ...steps.map(([kind, { count, difference }]) => ({ kind, count, difference_minor: difference.toString() })),
        ...(rest === 0n ? [] : [{ kind: "unexplained" as const, count: 0, difference_minor: rest.toString() }]),
      ],
      to_minor: end.toString(),
    };
  }
}

function held<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function size(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}
