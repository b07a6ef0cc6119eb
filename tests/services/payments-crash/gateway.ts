/** The gateway of the crash tests, in a process of its own: `node gateway.mjs simulate --port 0`, as merchants start it. */

import { runSimulate } from "../../../pkg/src/cli/simulate.js";

const [command, ...flags] = process.argv.slice(2);
if (command === "simulate") process.exitCode = await runSimulate(flags);
