/**
 * The inbox under torture, on real servers: `node scripts/inbox-torture.mjs --events 100000`; `--stores` and `--seed` too.
 *
 * Ends with 1 when an effect was lost, or happened twice where it must not.
 */

import { join } from "node:path";

import { attempt, main } from "./command.mjs";
import { buildServiceTests, withServices } from "./service-tests.mjs";

await main(async () => {
  const program = join(await buildServiceTests(), "inbox-torture", "main.mjs");
  const args = ["--enable-source-maps", program, ...process.argv.slice(2)];
  const { status } = await withServices((env) => attempt(process.execPath, args, { env }));
  process.exitCode = status === 0 ? 0 : 1;
});
