/**
 * Does the demo notice when a safety rule is gone? Each rule is disabled in a copy of the installed package, and the
 * demo has to end with "NOT PROVEN" and name the claim that fell.
 *
 * Invariant: a change that no longer fits the code is an error, so a rule that moved is not silently left in force.
 */

import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { at, attempt, Failure, main } from "./command.mjs";

const DIST = "node_modules/tillproof/dist";

/** The rule, what stands for it in the package, what is put there instead, and the claim that must fall. */
const RULES = [
  {
    rule: "stable keys: every send has a new key",
    from: "...headers } };",
    to: '...headers, "Idempotency-Key": crypto.randomUUID() } };',
    claim: "orders charged twice",
  },
  {
    rule: "unknown is not failed: a lost connection is told as a refusal",
    from: 'return { type: "failure", attempt: action.attempt, not_sent: notSent };',
    to: 'return { type: "response", attempt: action.attempt, status: 402, headers: {}, body: `{"error":{"code":"lost","message":""}}` };',
    claim: "orders with a certain end|charged, but not known to the shop|charges at the gateway",
  },
  {
    rule: "an event is applied once: the claim of an event is never found again",
    from: "const byId = `${prefix}/${event.id}`;",
    to: "const byId = `${prefix}/${event.id}/${crypto.randomUUID()}`;",
    claim: "events applied twice",
  },
  {
    rule: "the books hold what the gateway keeps: the shop posts no fee",
    file: "../demo/merchant.mjs",
    from: "fee: payment.fee,",
    to: "",
    claim: "settlement breaks found, of those injected",
  },
  {
    rule: "what a crash cut off is driven on: the shop has no sweeper",
    file: "../demo/merchant.mjs",
    from: "void payments.run({ everyMs: 250 });",
    to: "",
    claim: "orders with a certain end|orders cut off by the kill",
  },
  {
    rule: "every webhook counts: the shop acknowledges without applying",
    file: "../demo/merchant.mjs",
    from: 'if (event.type === "payment.completed") {',
    to: 'if (event.type === "payment.nothing") {',
    claim: "charges in the shop's books",
  },
];

/** Disables one rule in a copy of the demo and returns what the demo said. */
async function without({ rule, from, to, file, claim }, number) {
  const folder = at("target/sabotage", String(number));
  rmSync(folder, { recursive: true, force: true });
  cpSync(at("target/demo"), folder, { recursive: true, verbatimSymlinks: true });
  const dist = join(folder, DIST);
  const files = file === undefined ? readdirSync(dist).filter((name) => name.endsWith(".js")) : [file];
  const changed = files.filter((name) => {
    const path = join(dist, name);
    const text = readFileSync(path, "utf8");
    if (!text.includes(from)) return false;
    writeFileSync(path, text.replaceAll(from, to));
    return true;
  });
  if (changed.length === 0) throw new Failure(`sabotage: nothing looks like ${JSON.stringify(from)} any more`);
  const program = join(folder, "node_modules/.bin/tillproof");
  const { status, output } = await attempt(program, ["demo", "--orders", "150", "--seed", "7"], { cwd: folder, quiet: true });
  const fallen = output.split("\n").filter((line) => line.includes("✗"));
  const named = fallen.some((line) => new RegExp(claim).test(line));
  const noticed = status === 1 && output.includes("NOT PROVEN") && named;
  console.log(`${noticed ? "ok  " : "FAIL"} without ${rule}`);
  for (const line of fallen) console.log(`       ${line.trim()}`);
  if (!noticed) console.log(output.split("\n").slice(-30).join("\n"));
  return noticed;
}

/** Tries all rules; `target/demo` must hold the installed package (`make demo`). */
export async function sabotage() {
  let failed = 0;
  for (const [number, rule] of RULES.entries()) if (!(await without(rule, number))) failed += 1;
  return { passed: RULES.length - failed, failed };
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    const { passed, failed } = await sabotage();
    console.log(`${passed} passed, ${failed} failed`);
    if (failed > 0) throw new Failure("a disabled safety rule went unnoticed");
  });
}
