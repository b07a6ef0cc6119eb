/**
 * A question asked once more while the first is unanswered; the first answer counts.
 *
 * Invariant: only a query is ever hedged. Two copies of a request that moves money race each other at the provider, and
 * his key is all that would keep both from being executed; asking for that is an error, and the engine refuses it too.
 */

import { count, onlyKnown } from "../shell/guard.js";
import type { ExchangeAction } from "./engine.js";
import type { Exchanged } from "./exchange.js";
import type { Gate, Pass, Passed } from "./gate.js";
import { assertHedgeable } from "./governor.js";
import { sleep } from "./host.js";

/** When a question is asked once more. */
export interface HedgeOptions {
  /** After so many milliseconds without an answer to a query; never when left out. */
  readonly queryAfterMs?: number;
}

/** The checked option. Throws `governor_hedged_money` where sends are to be hedged. */
export function hedgeOf(hedge: HedgeOptions | undefined): number | undefined {
  if (hedge === undefined) return undefined;
  if (Object.hasOwn(hedge, "sendAfterMs")) assertHedgeable("resend");
  const { queryAfterMs } = onlyKnown("hedge", hedge, ["queryAfterMs"]);
  return queryAfterMs === undefined ? undefined : count("hedge.queryAfterMs", queryAfterMs, 1);
}

/** One exchange that may be hedged. */
export interface Hedged {
  readonly action: ExchangeAction;
  readonly afterMs: number;
  readonly gate: Gate | undefined;
  /** The pass the exchange was let through with; a copy asks for one of its own. */
  readonly pass: Pass | undefined;
  readonly now: () => number;
  /** Makes the exchange; called once or twice. */
  readonly ask: () => Promise<Exchanged>;
  readonly told: (news: Exchanged) => Passed;
}

/** Asks, and asks once more when no answer came in time and the governor lets it. */
export async function hedged({ action, afterMs, gate, pass, now, ask, told }: Hedged): Promise<Exchanged> {
  const asked = async (by: Pass | undefined): Promise<Exchanged> => {
    const news = await ask();
    by?.end(told(news), now());
    return news;
  };
  const first = asked(pass);
  if (action.type !== "query") return first;
  const waited = new AbortController();
  const early = await Promise.race([first, sleep(afterMs, waited.signal)]);
  waited.abort();
  if (early !== undefined) return early;
  if (gate === undefined || pass === undefined) return answered([first, asked(undefined)]);
  const copy = gate.permit({ ...pass.lane, purpose: "hedged_query" }, now());
  return copy.go ? answered([first, asked(copy)]) : first;
}

/** The first that is an answer; the last if none is. */
async function answered(asked: readonly Promise<Exchanged>[]): Promise<Exchanged> {
  const isAnswer = (news: Exchanged): boolean => "status" in news && news.status !== undefined;
  const answers = asked.map(async (exchanged) => {
    const news = await exchanged;
    return isAnswer(news) ? news : Promise.reject(new Error("no answer"));
  });
  return Promise.any(answers).catch(async () => (await Promise.all(asked)).at(-1) as Exchanged);
}
