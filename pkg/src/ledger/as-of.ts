/** Which balance is asked for, as the engine is asked. */

import { TillproofError } from "../shell/errors.js";
import { onlyKnown, text, timeMs } from "../shell/guard.js";
import type { AsOfOptions, BalanceOptions } from "./answers.js";
import type { BalanceQuery } from "./books.js";

/** The question for one account. Throws `balance_of_key_in_the_past`. */
export function balanceQuery(account: string, currency: string, options: BalanceOptions): BalanceQuery {
  const { key, at, knownAt } = onlyKnown("options", options, ["key", "at", "knownAt"]);
  if (key !== undefined && (at !== undefined || knownAt !== undefined)) {
    throw new TillproofError({
      code: "balance_of_key_in_the_past",
      message: "options: `key` and a time together are not kept: ask for the account, or for the balance of now",
      details: { argument: "options" },
    });
  }
  return {
    account: text("account", account),
    currency: text("currency", currency),
    ...(key === undefined ? {} : { key: text("options.key", key) }),
    ...moments({ at, knownAt }),
  };
}

/** The question for all accounts. */
export function trialQuery(options: AsOfOptions): Pick<BalanceQuery, "at" | "known_at"> {
  return moments(onlyKnown("options", options, ["at", "knownAt"]));
}

function moments({ at, knownAt }: AsOfOptions): Pick<BalanceQuery, "at" | "known_at"> {
  return {
    ...(at === undefined ? {} : { at: timeMs("options.at", at) }),
    ...(knownAt === undefined ? {} : { known_at: timeMs("options.knownAt", knownAt) }),
  };
}
