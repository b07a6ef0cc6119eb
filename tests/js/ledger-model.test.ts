/**
 * The ledger as a merchant's program has it, beside the plainest books there are: a list of entries that is added up.
 *
 * Goal: whatever is posted, both say the same; after each operation the sums are zero, what was refused changed nothing, and
 * balances of any time are those of the list. Method: every template and made-up entries in three currencies, on few accounts and
 * ids, so that they meet. `LEDGER_OPERATIONS` is how many. tests/ledger/workload.rs is the native twin, whose model also foretells
 * each refusal of holds and reversals; here those may be refused or not, as long as the books agree.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Ledger, templates, type Balance, type EntryInput, type PostingInput } from "../../pkg/src/ledger/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";

const OPERATIONS = Number(process.env["LEDGER_OPERATIONS"] ?? 6_000);
/** How many operations one pair of books sees. */
const STEPS = 300;
const DAY = 86_400_000;
const CURRENCIES = ["EUR", "JPY", "KWD"];
const ACCOUNTS = [
  "Assets:Bank:main", "Assets:Gateway:native:Pending:EUR", "Income:Sales", "Expenses:GatewayFee", "Liabilities:Escrow:EUR",
  "Liabilities:Wallet:anna:EUR",
];
/** What the chart of accounts promises without being asked. */
const NEVER_IN_DEBIT = /^Liabilities:(?:Escrow|Provider|Wallet)(?::|$)/;
const DEBIT_ROOTS = /^(?:Assets|Expenses|Memo):/;

type Template = (fields: object) => EntryInput;
/** What takes from the entry of a hold, and says which. */
const RELEASES = /^(?:authorizationVoided|authorizationExpired|paymentFailed|capture|walletHoldCaptured|walletHoldVoided)$/;
const NAMES = Object.keys(templates).filter((name) => name !== "reversal");

/** The same numbers for the same seed: the generator of Knuth's MMIX. */
function randomOf(seed: number): (limit: number) => number {
  let state = BigInt(seed) * 0x9e3779b97f4a7c15n;
  return (limit) => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number((state >> 33n) % BigInt(limit));
  };
}

type Random = ReturnType<typeof randomOf>;

const pick = <T>(random: Random, values: readonly T[]): T => values[random(values.length)] as T;

/** What is asked of an account. */
interface Question {
  readonly account: string;
  readonly currency: string;
  readonly key?: string | undefined;
}

/** What is in the books, and when the news of it came. */
type Known = EntryInput & { readonly recordedAt: number };

/** The naive books: nothing is kept but what was posted. */
class List {
  readonly entries: Known[] = [];

  balance(question: Question, at = Infinity, knownAt = Infinity): Balance {
    return added(this.entries.filter((entry) => entry.occurredAt <= at && entry.recordedAt <= knownAt), question);
  }

  find(id: string): Known | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  /** Whether it would leave less than nothing of what is owed to somebody. */
  overdrawnBy(entry: Known): boolean {
    return entry.postings.some(({ account, currency, key }) => {
      if (!NEVER_IN_DEBIT.test(account)) return false;
      return [undefined, key].some((of) => {
        const question = { account, currency, key: of };
        const [before, after] = [this.entries, [...this.entries, entry]].map((entries) => added(entries, question).available);
        return after !== undefined && before !== undefined && after < 0n && after < before;
      });
    });
  }
}

function added(entries: readonly Known[], { account, currency, key }: Question): Balance {
  const posted = { debit: 0n, credit: 0n };
  const held = { debit: 0n, credit: 0n };
  for (const { postings, links } of entries) {
    const releases = links?.some(({ relation }) => ["captures", "voids", "expires"].includes(relation)) ?? false;
    for (const posting of postings) {
      if (posting.account !== account || posting.currency !== currency || (key !== undefined && posting.key !== key)) continue;
      const amount = BigInt(posting.amount);
      if (posting.layer !== "pending") posted[posting.side] += amount;
      // What lets go of a hold stands on the other side of it.
      else if (releases) held[posting.side === "debit" ? "credit" : "debit"] -= amount;
      else held[posting.side] += amount;
    }
  }
  // In the past a hold may be unknown that was let go of already.
  const [pendingDebits, pendingCredits] = [held.debit, held.credit].map((sum) => (sum < 0n ? 0n : sum)) as [bigint, bigint];
  const onDebit = DEBIT_ROOTS.test(account);
  const balance = onDebit ? posted.debit - posted.credit : posted.credit - posted.debit;
  const available = balance - (onDebit ? pendingCredits : pendingDebits);
  return { debits: posted.debit, credits: posted.credit, pendingDebits, pendingCredits, balance, available };
}

/** The facts of an event, for whatever template is asked for. */
function facts(random: Random, list: List, name: string, id: string, step: number): object {
  const holds = list.entries.filter(({ postings }) => postings.some(({ layer }) => layer === "pending"));
  const amount = (limit: number): bigint => BigInt(1 + random(limit));
  return {
    id, occurredAt: random(4) * DAY + random(3), recordedAt: step, cause: "evt_7", amount: amount(400), currency: pick(random, CURRENCIES),
    ...(random(2) === 0 ? { fee: amount(40) } : {}), ...(random(2) === 0 ? { tax: amount(40) } : {}),
    ...(random(2) === 0 ? { platformFee: amount(3) } : {}), refunded: amount(40), released: 5n + amount(400), bought: amount(400),
    boughtCurrency: "USD", gateway: "native", bank: "main", reference: "order_1", paymentId: "pay_1", authorization: "auth_1",
    payment: "order_1", payoutId: "po_1", disputeId: "dp_1", refundId: "re_1", feeId: "fee_1", order: pick(random, ["order_1", "order_2"]),
    provider: "ben", wallet: "anna", from: "anna", to: "ben", invoice: "in_1", jurisdiction: "DE",
    ...(RELEASES.test(name) ? { of: holds.length === 0 ? "nothing" : pick(random, holds).id } : {}),
  };
}

/** Legs in one or two currencies that balance, but for one in ten. */
function legs(random: Random): PostingInput[] {
  const made = Array.from({ length: 1 + random(2) }, () => {
    const [currency, total] = [pick(random, CURRENCIES), 2 + random(500)];
    const first = 1 + random(total - 1);
    const leg = (side: "debit" | "credit", amount: number): PostingInput => ({
      account: pick(random, ACCOUNTS), side, amount: BigInt(amount), currency,
      ...(random(3) === 0 ? { key: pick(random, ["order_1", "po_1"]) } : {}),
    });
    return [leg("debit", total), leg("credit", first), leg("credit", total - first)];
  }).flat();
  return random(10) === 0 ? made.slice(1) : made;
}

function operation(random: Random, list: List, step: number, used: Set<string>): Known {
  const id = `e${random(200)}`;
  const plain = { id, occurredAt: random(4) * DAY + random(3), recordedAt: step, cause: "evt_7" };
  const known = list.entries.length === 0 ? undefined : pick(random, list.entries);
  switch (known === undefined ? 0 : random(6)) {
    case 1: return { ...(known as Known), recordedAt: step };
    case 2: return { ...plain, ...templates.reversal(known as Known, plain), recordedAt: step };
    case 3: return { ...plain, postings: legs(random) };
    default: {
      const name = pick(random, NAMES);
      const entry = (templates as unknown as Record<string, Template>)[name]?.(facts(random, list, name, id, step)) as EntryInput;
      used.add(`${name} ${entry.postings[0]?.currency}`);
      return { ...entry, recordedAt: step };
    }
  }
}

const unbalanced = ({ postings }: EntryInput): boolean =>
  CURRENCIES.concat("USD").some((currency) =>
    ["posted", "pending"].some((on) => {
      const sum = (side: string): bigint =>
        postings.filter((leg) => leg.currency === currency && leg.side === side && (leg.layer ?? "posted") === on)
          .reduce((total, { amount }) => total + BigInt(amount), 0n);
      return sum("debit") !== sum("credit");
    }));

/** What the list foretells: `created`, `exists`, the code of a refusal, or nothing where another entry is taken from. */
function foretold(list: List, entry: Known): string | undefined {
  if (entry.postings.length < 2) return "entry_postings_count";
  if (unbalanced(entry)) return "entry_unbalanced";
  const takes = entry.links?.some(({ relation }) => relation !== "follows") ?? false;
  if (takes || list.find(entry.id) !== undefined) return undefined;
  return list.overdrawnBy(entry) ? "limit_reached" : "created";
}

async function answerOf(ledger: Ledger, entry: EntryInput): Promise<string> {
  try {
    return (await ledger.post(entry)).status;
  } catch (error) {
    if (!isTillproofError(error)) throw error;
    return error.code;
  }
}

test("the ledger and the list agree on every operation, template, currency and time", async () => {
  const [used, seen] = [new Set<string>(), new Set<string>()];
  for (let seed = 1; seed <= Math.ceil(OPERATIONS / STEPS); seed += 1) {
    const [random, list, ledger] = [randomOf(seed), new List(), await Ledger.open()];
    for (let step = 0; step < STEPS; step += 1) {
      const at = `seed ${seed}, step ${step}`;
      const entry = operation(random, list, step, used);
      const expected = foretold(list, entry);
      const lines = ledger.journal().length;
      const answer = await answerOf(ledger, entry);
      seen.add(answer);
      if (expected !== undefined) assert.equal(answer, expected, at);
      if (answer === "created") list.entries.push(entry);
      if (answer.startsWith("exists")) assert.ok(list.find(entry.id) !== undefined, at);
      assert.equal(ledger.journal().length, lines + (answer === "created" ? 1 : 0), `${at}: ${answer}`);
      // Of a hold nothing was posted, so that its reversal is empty, and refused.
      const posting = pick(random, entry.postings.length > 0 ? entry.postings : legs(random));
      const question = { account: posting.account, currency: posting.currency };
      assert.deepEqual(ledger.balance(question.account, question.currency), list.balance(question), `${at}: ${posting.account}`);
      const [then, knownAt] = [random(5) * DAY + random(3), random(step + 1)];
      assert.deepEqual(
        ledger.balance(question.account, question.currency, { at: then, knownAt }),
        list.balance(question, then, knownAt),
        `${at}: ${posting.account} at ${then}, known at ${knownAt}`,
      );
      if (posting.key !== undefined) {
        const keyed = { ...question, key: posting.key };
        assert.deepEqual(ledger.balance(keyed.account, keyed.currency, { key: keyed.key }), list.balance(keyed), `${at}: ${posting.key}`);
      }
      for (const { debits, credits } of ledger.trialBalance()) assert.equal(debits, credits, at);
    }
    for (const { currency, accounts } of ledger.trialBalance()) {
      for (const { account, kind, ...balance } of accounts) {
        assert.deepEqual(balance, list.balance({ account, currency }), `seed ${seed}: ${account} (${kind})`);
      }
    }
    assert.equal((await ledger.verify()).valid, true);
    assert.equal(ledger.audit().indexHolds, true);
    ledger.close();
  }
  assert.equal(used.size, NAMES.length * CURRENCIES.length, "every template was used in every currency");
  for (const answer of ["created", "exists", "exists_with_different", "limit_reached", "entry_unbalanced", "already_reversed", "hold_exceeds"]) {
    assert.ok(seen.has(answer), `${answer} was never said: ${[...seen].join(", ")}`);
  }
});
