/** The torture by hand: `node scripts/inbox-torture.mjs --events 100000 --stores sqlite,postgres,redis --seed 1 --kill-every 1000`. */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { flaws, line, prove, STORES } from "./proof.js";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "2000" },
    stores: { type: "string", default: STORES.join(",") },
    seed: { type: "string", default: "1" },
    "kill-every": { type: "string", default: "1000" },
  },
});
for (const store of values.stores.split(",")) {
  const proof = await prove(store, dirname(fileURLToPath(import.meta.url)), {
    events: Number(values.events),
    seed: Number(values.seed),
    killEvery: Number(values["kill-every"]),
  });
  console.log(line(proof));
  for (const flaw of flaws(proof)) {
    console.error(flaw);
    process.exitCode = 1;
  }
}
