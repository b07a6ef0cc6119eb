/** Runs one bench file in this process and prints what it found as one JSON document. */

import { compare } from "./paired.js";

const { run, pairs } = await import(`./${process.argv[2]}`);

/** A file may list plain pairs instead: `{ name, ours: { name, call }, theirs: { name, call } }`. */
async function runPairs() {
  const rows = [];
  const goals = [];
  for (const { name, ours, theirs, gate, stretch, number } of pairs) {
    const { us, faster } = await compare({ [ours.name]: ours.call, [theirs.name]: theirs.call });
    rows.push({ name, us });
    if (gate !== undefined) goals.push({ number, name, gate, stretch, measured: faster(ours.name, theirs.name) });
  }
  return { rows, goals };
}

// What was measured is measured: other clients hold timers for the better part of an hour.
process.stdout.write(JSON.stringify(await (run ?? runPairs)()), () => process.exit());
