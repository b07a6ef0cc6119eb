/**
 * The entry that explains a difference, for the kinds where one is evident.
 *
 * Invariant: it is only ever proposed. It posts the difference, and nothing else, between the account of the money and the
 * account that collects differences of its kind.
 */

import type { PostingInput } from "../ledger/entry.js";
import type { Break, BreakKind } from "../reconcile/report.js";
import { onlyKnown, text } from "../shell/guard.js";
import type { ProposedEntry } from "./case.js";

/** The names that stand in accounts. */
export interface EntryNames {
  /** As in `Assets:Gateway:<gateway>:Pending:<currency>`. */
  readonly gateway?: string | undefined;
  /** As in `Assets:Bank:<bank>:<currency>`; `main` when left out. */
  readonly bank?: string | undefined;
  /** The account that collects the differences of a kind, where it is not the usual one: `accounts` of the rules. */
  readonly accounts?: Readonly<Partial<Record<BreakKind, string>>> | undefined;
}

const PENDING = "Assets:Gateway:{gateway}:Pending:{currency}";
const BANK = "Assets:Bank:{bank}:{currency}";

/** Accounts that hold money, and collect no differences. */
const MONEY: ReadonlySet<string> = new Set([PENDING, BANK]);

/** Where a difference belongs: debited and credited when more was found than expected, and the other way round for less. */
const EVIDENT: Readonly<Partial<Record<BreakKind, readonly [debit: string, credit: string]>>> = {
  fee_mismatch: ["Expenses:GatewayFee", PENDING],
  fee_unexpected: ["Expenses:GatewayFee", PENDING],
  rounding: [PENDING, "Expenses:Rounding"],
  fx_rate_difference: [PENDING, "Expenses:FXFee"],
  reserve_or_netting: [PENDING, "Assets:Gateway:{gateway}:Reserve:{currency}"],
  bank_charge: [BANK, "Expenses:BankCharge"],
  unexpected_bank_entry: [BANK, "Liabilities:Unidentified:{currency}"],
};

/**
 * What to propose for a break: `null` for a kind whose entry needs more than the difference, such as a booking that is
 * missing altogether, and where there is no difference in one currency.
 *
 * Throws `text_expected` where the accounts need a name that was not given.
 */
export function entryFor(found: Break, names: EntryNames = {}): ProposedEntry | null {
  const { gateway, bank } = onlyKnown("names", names, ["gateway", "bank", "accounts"]);
  const evident = EVIDENT[found.kind];
  const own = names.accounts?.[found.kind];
  // The other account is where the money is.
  const accounts = evident === undefined || own === undefined ? evident
    : [MONEY.has(evident[0]) ? evident[0] : own, MONEY.has(evident[1]) ? evident[1] : own] as const;
  const difference = differenceOf(found);
  if (accounts === undefined || difference === null || difference === 0n) return null;
  const filled = (account: string): string =>
    account.replace(/\{(\w+)\}/g, (_, name: string) =>
      name === "currency" ? found.currency : name === "bank" ? text("names.bank", bank ?? "main") : text("names.gateway", gateway),
    );
  const [debit, credit] = difference > 0n ? accounts : [accounts[1], accounts[0]];
  const amount = difference < 0n ? -difference : difference;
  const leg = (side: PostingInput["side"], account: string): PostingInput => ({ account: filled(account), side, amount, currency: found.currency });
  return {
    description: `${found.kind} of ${found.reference}`.slice(0, 200),
    postings: [leg("debit", debit), leg("credit", credit)],
  };
}

/** What was found beyond what was expected; all of it, where nothing was. */
function differenceOf({ expected_minor: expected, found_minor: found, difference_minor: difference }: Break): bigint | null {
  if (difference !== null) return BigInt(difference);
  return expected === null && found !== null ? BigInt(found) : null;
}
