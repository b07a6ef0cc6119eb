/**
 * A ledger as one writes it himself: a `Set` of ids, a `Map` of balances, amounts as numbers. It checks that amounts are
 * positive safe integers, and that they sum to zero, and knows a repetition by its id alone.
 */

import * as crypto from "node:crypto";

/** Posts everything; how many are new. */
export function plain(transactions) {
  const seen = new Set();
  const balances = new Map();
  let created = 0;
  for (const { id, postings } of transactions) {
    check(postings);
    if (seen.has(id)) continue;
    seen.add(id);
    created += 1;
    apply(balances, postings);
  }
  return created;
}

/** The same, with a SHA-256 for each transaction over the one before it and what it says. */
export function plainChained(transactions) {
  const seen = new Set();
  const balances = new Map();
  let created = 0;
  let head = "0".repeat(64);
  for (const { id, occurredAt, postings } of transactions) {
    check(postings);
    if (seen.has(id)) continue;
    seen.add(id);
    created += 1;
    apply(balances, postings);
    let line = `${head}\n${id}\n${occurredAt}`;
    for (const { account, side, amount, currency } of postings) line += `\n${account} ${side} ${amount} ${currency}`;
    head = digest(line);
  }
  return created;
}

const digest =
  crypto.hash === undefined
    ? (text) => crypto.createHash("sha256").update(text).digest("hex")
    : (text) => crypto.hash("sha256", text, "hex");

function check(postings) {
  let sum = 0;
  for (const { side, amount } of postings) {
    if (!Number.isSafeInteger(amount) || amount <= 0) throw new Error(`${amount} is no amount`);
    sum += side === "debit" ? amount : -amount;
  }
  if (sum !== 0) throw new Error(`the postings sum to ${sum}`);
}

function apply(balances, postings) {
  for (const { account, side, amount } of postings) {
    balances.set(account, (balances.get(account) ?? 0) + (side === "debit" ? amount : -amount));
  }
}
