/** Transactions as a shop makes them. benches/native/src/main.rs makes the same. */

export const TRANSACTIONS = 1_000_000;
export const BATCH = 1_000;
/** Legs of a transaction on average: half of them have two, half of them three. */
export const LEGS = 2.5;
const ACCOUNTS = 1_000;
/** Of so many transactions one comes a second time. */
const REPEATED = 50;

const NAMES = Array.from({ length: ACCOUNTS }, (_, number) => (number < ACCOUNTS / 2 ? `Assets:Customer:${number}:EUR` : `Income:Sales:${number}`));

let series = 0;
let seed = 1;

function below(bound) {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return (seed >>> 8) % bound;
}

/** How many of so many are new. */
export function expected(count) {
  return count - (Math.ceil(count / REPEATED) - Math.floor(BATCH / REPEATED) - 1);
}

/** Transactions that nobody has seen: their texts share nothing, those of repetitions included. */
export function transactions(count) {
  series += 1;
  const prefix = `txn_${String(series).padStart(4, "0")}_2eZvKYlo_`;
  const id = (number) => Buffer.from(prefix + ((number * 2_654_435_761) % 2 ** 32).toString().padStart(10, "0")).toString();
  const leg = (account, side, amount) => ({ account, side, amount, currency: "EUR" });
  const account = () => NAMES[below(ACCOUNTS)];
  const all = [];
  for (let number = 0; number < count; number += 1) {
    if (number > BATCH && number % REPEATED === 0) {
      const before = all[number - 1 - below(900)];
      all.push({ ...before, id: Buffer.from(before.id).toString() });
      continue;
    }
    const [gross, fee] = [100 + below(100_000), 1 + below(90)];
    const postings =
      number % 2 === 1
        ? [leg(account(), "debit", gross), leg(account(), "credit", gross)]
        : [leg(account(), "debit", gross - fee), leg(account(), "debit", fee), leg(account(), "credit", gross)];
    all.push({ id: id(number), occurredAt: 1_770_000_000_000 + number, postings });
  }
  return all;
}
