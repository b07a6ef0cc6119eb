/**
 * Random books and reports of one month in the generic columns, with every class of difference a row can show.
 *
 * Invariant: the same seed gives the same rows. References are unique unless a class needs them shared, so that a class stays
 * what it was made as; what the classes make together is for the engines to say, and for the tests to compare.
 */

/** One row; an empty text stands for an empty cell. */
export interface GenericRow {
  readonly reference: string;
  readonly id: string;
  readonly type: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly fee_minor: string;
  readonly status: string;
  readonly occurred_at: string;
  readonly parent_reference: string;
}

export type Sides = Readonly<Record<"ledger" | "settlement", readonly GenericRow[]>>;

export const COLUMNS = ["reference", "id", "type", "amount_minor", "currency", "fee_minor", "status", "occurred_at", "parent_reference"] as const;

const DAY = 86_400_000;
const START = Date.UTC(2026, 2, 1);
/** What all months are looked at. */
export const AS_OF = START + 40 * DAY;

const WORDS = [
  "available", "canceled", "cancelled", "captured", "chargeback", "charged_back", "complete", "created", "declined", "in_transit",
  "initiated", "paid", "posted", "rejected", "requires_action", "requires_capture", "requires_confirmation",
  "requires_payment_method", "returned", "reversed", "settled", "submitted", "success", "succeeded", "won", "pending",
  "processing", "failed", "authorized", "completed", "voided", "expired", "partially_refunded", "refunded", "disputed", "lost",
  "Succeeded", "PENDING", "on_hold", "On_Hold", "",
];
/** Two words that mean the same, mostly. */
const SAME = [["succeeded", "settled"], ["completed", "completed"], ["captured", "paid"], ["", "settled"], ["refunded", "reversed"]] as const;
const CURRENCIES = ["EUR", "USD", "GBP", "JPY"];

/** The same numbers for the same seed, below a bound (mulberry32). */
export function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0;
  return (sides) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * sides);
  };
}

const time = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

type Row = { -readonly [K in keyof GenericRow]: GenericRow[K] };
type Fate = (rows: { ledger: Row[]; settlement: Row[]; our: Row; their: Row; roll: (sides: number) => number; at: number; hasParents: boolean }) => void;

const FATES: readonly Fate[] = [
  ({ settlement }) => void settlement.pop(),
  ({ ledger }) => void ledger.pop(),
  ({ settlement, their }) => void settlement.push({ ...their }),
  ({ ledger, our }) => void ledger.push({ ...our }),
  ({ ledger, settlement, our, their }) => void (ledger.push({ ...our }), settlement.push({ ...their })),
  // One id, another content.
  ({ settlement, their }) => void settlement.push({ ...their, amount_minor: String(Number(their.amount_minor) + 3) }),
  ({ ledger, our }) => void ledger.push({ ...our, amount_minor: String(Number(our.amount_minor) + 3) }),
  // The fee in a row of its own, under the reference of the payment or one of its own.
  ({ settlement, our, their, roll, hasParents }) => {
    const named = roll(2) === 0 || !hasParents ? { reference: our.reference } : { reference: `fee_${our.reference}`, parent_reference: our.reference };
    settlement.push({ ...their, ...named, id: `${their.id}_fee`, type: "fee", amount_minor: their.fee_minor, fee_minor: "0", status: "" });
    if (roll(3) > 0) their.fee_minor = "0";
  },
  // Another id, the same content: money taken twice.
  ({ settlement, their }) => void settlement.push({ ...their, id: `${their.id}_2` }),
  ({ ledger, our }) => void ledger.push({ ...our, id: `${our.id}_2` }),
  ({ ledger, settlement, our, their }) => void (ledger.push({ ...our, id: `${our.id}_2` }), settlement.push({ ...their, id: `${their.id}_2` })),
  ({ ledger, settlement, our }) => void (settlement.pop(), ledger.push({ ...our, id: `${our.id}_2` })),
  // Two purchases under one reference.
  ({ settlement, their }) => void settlement.push({ ...their, id: `${their.id}_2`, amount_minor: String(Number(their.amount_minor) + 900) }),
  ({ ledger, settlement, our, their }) =>
    void (ledger.push({ ...our, id: `${our.id}_2`, amount_minor: "777" }), settlement.push({ ...their, id: `${their.id}_2`, amount_minor: "888" })),
  ({ ledger, settlement, our, their }) =>
    void (ledger.push({ ...our, id: `${our.id}_2`, amount_minor: "777" }), settlement.push({ ...their, id: `${their.id}_2`, amount_minor: "777" })),
  // A whole and its parts, and a declined attempt before the one that succeeded.
  ({ settlement, their, roll }) => {
    const whole = Number(their.amount_minor);
    const part = Math.floor(whole / 3);
    their.amount_minor = String(part);
    settlement.push({ ...their, id: `${their.id}_2`, amount_minor: String(whole - part - (roll(2) === 0 ? 0 : 5)) });
  },
  ({ ledger, our }) => void ledger.unshift({ ...our, id: `${our.id}_0`, status: "declined" }),
  // Without ids.
  ({ settlement, our, their }) => ((our.id = ""), (their.id = ""), void settlement.push({ ...their })),
  ({ ledger, settlement, our, their }) => ((our.id = ""), (their.id = ""), void (ledger.push({ ...our }), settlement.push({ ...their }))),
  ({ their, roll }) => void (their.amount_minor = String(Number(their.amount_minor) + (roll(2) === 0 ? 1 : -1) * (1 + roll(60)))),
  ({ their }) => void (their.amount_minor = String(-Number(their.amount_minor))),
  ({ their }) => void (their.currency = their.currency === "EUR" ? "USD" : "EUR"),
  ({ their, roll }) => void (their.fee_minor = String(Number(their.fee_minor) + 1 + roll(9))),
  ({ our }) => void (our.fee_minor = "0"),
  ({ their }) => void (their.fee_minor = "0"),
  ({ our, their, roll }) => void ((our.status = WORDS[roll(WORDS.length)] ?? ""), (their.status = WORDS[roll(WORDS.length)] ?? "")),
  ({ our, their, roll }) => void ((our.status = WORDS[roll(WORDS.length)] ?? ""), (their.status = WORDS[roll(WORDS.length)] ?? "")),
  ({ settlement, our, roll }) => (settlement.pop(), void (our.status = WORDS[roll(WORDS.length)] ?? "")),
  ({ their, at, roll }) => void (their.occurred_at = time(at + (2 + roll(4)) * DAY + roll(3_600) * 1_000)),
  ({ their, at, roll }) => void (their.occurred_at = time(at - roll(2 * DAY))),
  ({ our, their }) => void ((our.occurred_at = time(START + 31 * DAY - 3_600_000)), (their.occurred_at = time(START + 31 * DAY + 7_200_000))),
  ({ their, at }) => void (their.occurred_at = time(at + DAY)),
  ({ our, their, roll }) => void (roll(2) === 0 ? (our.occurred_at = "") : (their.occurred_at = "")),
  // In flight.
  ({ settlement, our, roll }) => (settlement.pop(), void (our.occurred_at = time(AS_OF - roll(4) * DAY))),
  // Under another reference, and known by its id.
  ({ our, their }) => ((their.id = our.id), void (their.reference = `other_${their.reference}`)),
];

/** A month of `count` payments, of which every third has a fate or two. */
export function month(seed: number, count = 500): Sides {
  const roll = dice(seed);
  const [ledger, settlement]: [Row[], Row[]] = [[], []];
  const isSameInstant = seed % 3 === 0;
  const isTurned = seed % 4 === 1;
  const scales = new Set<string>();
  for (let number = 0; number < count; number += 1) {
    const kind = roll(12);
    const type = kind < 8 ? "charge" : kind === 8 ? "" : kind === 9 ? "refund" : kind === 10 ? "dispute" : "fee";
    const at = START + roll(28) * DAY + roll(86_400) * 1_000;
    const [word, other] = SAME[roll(SAME.length)] ?? ["", ""];
    const amount = 100 + roll(40_000);
    const row = { reference: `order_${seed}_${number}`, type, currency: CURRENCIES[roll(4)] ?? "EUR", fee_minor: String(30 + roll(400)), parent_reference: "" };
    const our: Row = { ...row, id: `our_${number}`, amount_minor: String(amount), status: word, occurred_at: time(at) };
    const sign = isTurned && type === "refund" ? -1 : 1;
    const their: Row = {
      ...row, id: `their_${number}`, amount_minor: String(sign * amount), status: other,
      occurred_at: time(isSameInstant ? at : at + (1 + roll(36)) * 3_600_000 + roll(3_000) * 1_000),
    };
    const own = { ledger: [our], settlement: [their], our, their, roll, at, hasParents: seed % 2 === 0 };
    for (let fates = roll(3) === 0 ? 1 + roll(8 + 1) % 2 : 0; fates > 0; fates -= 1) FATES[roll(FATES.length)]?.(own);
    // Three of one currency and power would be one break of the file.
    const power = 1 + roll(4);
    if (number % 40 === 7 && !scales.has(`${row.currency} ${power}`)) {
      scales.add(`${row.currency} ${power}`);
      their.amount_minor = String(Number(our.amount_minor) * 10 ** power);
    }
    ledger.push(...own.ledger);
    settlement.push(...own.settlement);
  }
  return { ledger: shuffled(ledger, roll), settlement: shuffled(settlement, roll) };
}

/** In another order. */
export function shuffled<T>(rows: readonly T[], roll: (sides: number) => number): T[] {
  const all = [...rows];
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = roll(at + 1);
    [all[at], all[other]] = [all[other] as T, all[at] as T];
  }
  return all;
}

/** The rows as a file; of a column in which nothing stands, such as the parents of some months, not even the name. */
export function csv(rows: readonly GenericRow[], columns: readonly (keyof GenericRow)[] = COLUMNS.filter((name) => rows.some((row) => row[name] !== ""))): string {
  return `${[columns.join(","), ...rows.map((row) => columns.map((name) => row[name]).join(","))].join("\n")}\n`;
}
