// The conformance kit of the installed package on bun:sqlite: `bun conformance.mjs FOLDER`. Prints what was broken as JSON.
import { Database } from "bun:sqlite";
import { join } from "node:path";

import { storeConformance, transactionConformance } from "tillproof/stores/conformance";
import { sqliteStore } from "tillproof/stores/sqlite";

const [folder] = process.argv.slice(2);
let files = 0;
const fresh = () => join(folder, `store-${(files += 1)}.db`);
const open = () => sqliteStore(new Database(fresh()));
const clients = () => {
  const path = fresh();
  return [1, 2, 3].map(() => sqliteStore(new Database(path)));
};

const checks = [...storeConformance(open, { clients }), ...transactionConformance(open)];
const broken = [];
for (const { name, run } of checks) await run().catch((error) => broken.push(`${name}: ${error.message}`));
console.log(JSON.stringify({ count: checks.length, broken }));
