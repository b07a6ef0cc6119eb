/** A process that posts what is approved, slowly enough to be killed in the middle. */

import { openQueue } from "../../pkg/src/investigation/index.js";
import { Ledger } from "../../pkg/src/ledger/index.js";
import type { Store } from "../../pkg/src/stores/store.js";

/** Settles, until it is done or somebody kills it. */
export async function settleSlowly(store: Store): Promise<never> {
  const ledger = await Ledger.open({ store });
  const queue = openQueue({ store, ledger });
  const slowly = {
    post: async (entry: Parameters<Ledger["post"]>[0]) => {
      const posted = await ledger.post(entry);
      // Here the ledger has it, and the queue does not know.
      process.stdout.write(".");
      await new Promise((resolve) => setTimeout(resolve, 15));
      return posted;
    },
  };
  await queue.settle({ ledger: slowly });
  process.exit();
}
