/**
 * Two files of a month as ledger-recon.md 6.1 has them: the books in the order of time, the provider's report shuffled, and
 * of each class of difference half a percent of the payments.
 *
 * Invariant: what a payment says follows from the seed and its number alone, so that nothing is kept of a row but its number,
 * and the same size gives the same bytes on every machine.
 */

import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const SEED = 20261122;
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CURRENCIES = ["USD", "USD", "USD", "EUR", "EUR", "GBP", "JPY"];
const STATES = ["succeeded", "succeeded", "succeeded", "succeeded", "succeeded", "succeeded", "succeeded", "succeeded", "refunded", "disputed"];
/** Where a state was changed, it became the next of these. */
const OTHER_STATE = { succeeded: "refunded", refunded: "disputed", disputed: "succeeded" };
const HEADER = "id,reference,amount_minor,currency,fee_minor,status,occurred_at\n";
const START = Date.UTC(2026, 2, 1);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const DAYS = 30;
/** The moment ages are counted to, and the in-flight window that goes with it. */
export const AS_OF = "2026-03-31T00:00:00Z";
export const WINDOW_DAYS = 2;
const FLUSH_BYTES = 1 << 20;

/** What was done to a payment; 0 is nothing. The first two are chosen by time. */
const CLASSES = [
  "none", "missing_in_settlement", "in_flight", "missing_in_mirror", "twice_in_settlement", "twice_in_mirror",
  "currency", "amount", "one_unit", "fee", "status", "late",
];
const [, MISSING, IN_FLIGHT, UNKNOWN, TWICE_S, TWICE_M, CURRENCY, AMOUNT, ONE_UNIT, FEE, STATUS, LATE] = CLASSES.keys();

/** A small generator (sfc32) that is set anew for each payment. */
class Draws {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;

  from(number, stream) {
    this.#a = SEED;
    this.#b = number >>> 0;
    this.#c = stream;
    this.#counter = 1;
    for (let round = 0; round < 8; round += 1) this.word();
    return this;
  }

  word() {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return sum >>> 0;
  }

  below(bound) {
    return Math.floor((this.word() / 4_294_967_296) * bound);
  }

  text(length) {
    let text = "";
    for (let i = 0; i < length; i += 1) text += BASE62[this.below(62)];
    return text;
  }
}

/** The two files for so many rows a side: `{ ledger, settlement, rows }`, made on first use and kept in `folder`. */
export function files(folder, rows) {
  mkdirSync(folder, { recursive: true });
  const [ledger, settlement] = ["ledger", "settlement"].map((side) => join(folder, `${side}-${rows}-${SEED}.csv`));
  if (!existsSync(ledger) || !existsSync(settlement)) write(rows, ledger, settlement);
  return { ledger, settlement, bytes: statSync(ledger).size + statSync(settlement).size };
}

function write(rows, ledger, settlement) {
  // As many stand in the books twice as are missing there, so that the books have as many rows as there are payments.
  const what = classes(rows, Math.round(rows / 200));
  const row = new Rows(rows);
  lines(ledger, function* () {
    for (let number = 0; number < rows; number += 1) {
      if (what[number] === UNKNOWN) continue;
      yield row.ours(number);
      if (what[number] === TWICE_M) yield row.ours(number, 1);
    }
  });
  const order = shuffled(rows);
  lines(settlement, function* () {
    for (const number of order) {
      if (what[number] === MISSING || what[number] === IN_FLIGHT) continue;
      yield row.theirs(number, what[number]);
      if (what[number] === TWICE_S) yield row.theirs(number, what[number]);
    }
  });
}

/** What is done to each payment: `each` of every class, at places drawn from the seed. */
function classes(payments, each) {
  const what = new Uint8Array(payments);
  const left = new Array(CLASSES.length).fill(each);
  const lastDays = payments * ((DAYS - WINDOW_DAYS) / DAYS);
  for (const number of shuffled(payments)) {
    const wanted = left.findIndex((count, kind) => {
      if (kind === 0 || count === 0) return false;
      // What is missing for less than the window is in flight, and the other way round.
      return kind === MISSING ? number < lastDays : kind === IN_FLIGHT ? number >= lastDays : true;
    });
    if (wanted < 0) continue;
    what[number] = wanted;
    left[wanted] -= 1;
  }
  return what;
}

function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, number) => number);
  const draws = new Draws().from(count, 9);
  for (let at = count - 1; at > 0; at -= 1) {
    const other = draws.below(at + 1);
    [order[at], order[other]] = [order[other], order[at]];
  }
  return order;
}

class Rows {
  #draws = new Draws();
  #step;

  constructor(payments) {
    this.#step = (DAYS * DAY) / payments;
  }

  #payment(number) {
    const draws = this.#draws.from(number, 1);
    const reference = `ch_3${draws.text(23)}`;
    const amount = 100 + draws.below(draws.below(10) === 0 ? 500_000 : 20_000);
    const currency = CURRENCIES[draws.below(7)];
    const status = STATES[draws.below(10)];
    const at = START + Math.floor(number * this.#step);
    return { reference, amount, currency, fee: Math.floor(amount * 0.029) + 30, status, at };
  }

  /** A row of the books; a copy has an id of its own. */
  ours(number, copy = 0) {
    const { reference, amount, currency, fee, status, at } = this.#payment(number);
    const id = `pay_${this.#draws.from(number, 2 + copy).text(16)}`;
    return `${id},${reference},${amount},${currency},${fee},${status},${time(at)}\n`;
  }

  /** A row of the report, with what was done to it. The same row twice is the same bytes. */
  theirs(number, what) {
    const payment = this.#payment(number);
    const draws = this.#draws.from(number, 4);
    const id = `txn_${draws.text(16)}`;
    const sign = draws.below(2) === 0 ? 1 : -1;
    if (what === CURRENCY) payment.currency = payment.currency === "EUR" ? "USD" : "EUR";
    if (what === AMOUNT) payment.amount += sign * (2 + draws.below(50));
    if (what === ONE_UNIT) payment.amount += sign;
    if (what === FEE) payment.fee += 1 + draws.below(40);
    if (what === STATUS) payment.status = OTHER_STATE[payment.status];
    const hours = what === LATE ? 49 + draws.below(72) : 1 + draws.below(41);
    const { reference, amount, currency, fee, status, at } = payment;
    return `${id},${reference},${amount},${currency},${fee},${status},${time(at + hours * HOUR + draws.below(3_600) * 1_000)}\n`;
  }
}

function time(at) {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** Writes a file under another name first, so that one that was cut short is never taken for whole. */
function lines(path, rows) {
  const unfinished = `${path}.part`;
  writeFileSync(unfinished, HEADER);
  const file = openSync(unfinished, "a");
  let waiting = "";
  for (const row of rows()) {
    waiting += row;
    if (waiting.length >= FLUSH_BYTES) {
      writeSync(file, waiting);
      waiting = "";
    }
  }
  writeSync(file, waiting);
  closeSync(file);
  renameSync(unfinished, path);
}
