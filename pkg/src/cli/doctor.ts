/**
 * `tillproof doctor`: whether a merchant's setup is what the promises need, and what to fix where it is not.
 *
 * Invariant: it changes nothing of the setup. What it sends to the endpoint is a probe that no handler knows, and only
 * where the endpoint was named.
 */

import { isBuiltin } from "node:module";

import { schemes } from "../webhooks/index.js";
import { flagsOf } from "./commands.js";
import { checkClock } from "./doctor/clock.js";
import { checkEndpoint } from "./doctor/endpoint.js";
import { exchange, isAnswered, isLocal, urlOf } from "./doctor/exchange.js";
import { broken, doubtful, fine, type Finding, skipped, type Standing } from "./doctor/finding.js";
import { checkSecrets, type NamedSecret } from "./doctor/secrets.js";
import { checkStore } from "./doctor/store.js";
import { type Paint, paintOf } from "./paint.js";
import { schemeNamed } from "./scheme.js";
import { FINE, flags, NO, printJson, shown, UsageError } from "./usage.js";

type Given = ReturnType<typeof flags<ReturnType<typeof flagsOf<"doctor">>>>;

/** Runs the checks that were asked for; 1 when one of them found something broken. */
export async function runDoctor(argv: string[]): Promise<number> {
  const given = flags(argv, flagsOf("doctor"));
  const findings = await examine(given);
  const ok = findings.every(({ standing }) => standing !== "broken");
  if (given.json === true) {
    printJson({ version: 1, ok, checks: findings.map(({ check, standing, found, fix }) => ({ check, status: standing, found, fix })) });
  } else {
    process.stdout.write(toText(findings, paintOf(process.stdout)));
  }
  return ok ? FINE : NO;
}

/** All flags are read before the first request leaves. */
async function examine(given: Given): Promise<Finding[]> {
  const endpoint = given.endpoint === undefined ? undefined : urlOf("endpoint", given.endpoint);
  const provider = given["provider-url"] === undefined ? undefined : urlOf("provider-url", given["provider-url"]);
  const clock = given.clock === undefined ? (provider ?? endpoint) : urlOf("clock", given.clock);
  const scheme = given.scheme === undefined ? undefined : schemeNamed(given.scheme);
  const store = storeAddress(given);
  const secrets = namedSecrets(given);
  const secret = given["secret-env"] === undefined ? undefined : process.env[given["secret-env"][0] ?? ""];

  return [
    runtime(),
    clock === undefined
      ? skipped("clock", "no server to compare with", "add --clock URL, such as that of your provider")
      : await checkClock(clock),
    ...(secrets.length === 0
      ? [skipped("secrets", "none was named", "add --secret-env NAME, --api-key-env NAME, --key-secret-env NAME")]
      : checkSecrets(secrets, scheme, process.env)),
    ...(store === undefined
      ? [skipped("store", "none was named", "add --store sqlite:FILE, or --store-env NAME for one with a password")]
      : await checkStore(store.flag, store.address)),
    ...(endpoint === undefined
      ? [skipped("endpoint", "none was named", "add --endpoint URL, with --scheme and --secret-env for a signed probe")]
      : await checkEndpoint({
          url: endpoint,
          ...(scheme === undefined ? {} : { scheme }),
          ...(secret === undefined || secret === "" ? {} : { secret }),
        })),
    provider === undefined ? skipped("provider", "none was named", "add --provider-url URL") : await checkProvider(provider),
  ];
}

function storeAddress(given: Given): { readonly flag: string; readonly address: string } | undefined {
  const variable = given["store-env"];
  if (variable === undefined) return given.store === undefined ? undefined : { flag: "store", address: given.store };
  if (given.store !== undefined) throw new UsageError("--store and --store-env: give one of them");
  const address = process.env[variable];
  if (address === undefined || address === "") {
    throw new UsageError(`--store-env ${shown(variable)}: the environment has no such variable, or it is empty`);
  }
  return { flag: "store-env", address };
}

function namedSecrets(given: Given): NamedSecret[] {
  return [
    ...(given["secret-env"] ?? []).map((variable) => ({ role: "webhook", variable }) as const),
    ...(given["api-key-env"] ?? []).map((variable) => ({ role: "api_key", variable }) as const),
    ...(given["key-secret-env"] === undefined ? [] : [{ role: "key_secret", variable: given["key-secret-env"] } as const]),
  ];
}

/** The module itself ran by now: the schemes were read out of it. */
function runtime(): Finding {
  const version = `Node ${process.versions.node}`;
  const known = schemes().length;
  if (Number.parseInt(process.versions.node, 10) < 20) return broken("runtime", `${version} is too old`, "use Node 20 or later");
  const sqlite = isBuiltin("node:sqlite") ? "with SQLite of its own" : "without SQLite of its own";
  return fine("runtime", `${version}, ${sqlite}; the module runs and knows ${known} schemes`);
}

/** Whatever it answers, it was there: without a key most of them say 401. */
async function checkProvider(url: URL): Promise<Finding> {
  const outcome = await exchange(url);
  if (!isAnswered(outcome)) return broken("provider", outcome.problem, outcome.fix);
  const found = `${url.host} answers ${outcome.status} in ${outcome.answeredAt - outcome.sentAt} ms`;
  if (outcome.status >= 500) return doubtful("provider", found, "look at the provider's status page, and ask again");
  if (url.protocol === "http:" && !isLocal(url)) return broken("provider", `${found}, without TLS`, "use https: the key stands in every request");
  return fine("provider", found);
}

const MARKS: Readonly<Record<Standing, string>> = { fine: "ok", doubtful: "look", broken: "FIX", skipped: "-" };

function toText(findings: readonly Finding[], paint: Paint): string {
  const colour: Readonly<Record<Standing, (text: string) => string>> = {
    fine: paint.good,
    doubtful: paint.doubtful,
    broken: paint.bad,
    skipped: paint.faint,
  };
  const width = Math.max(...findings.map(({ check }) => check.length)) + 2;
  const lines = findings.map(({ check, standing, found, fix }) => {
    const row = `${colour[standing](MARKS[standing].padEnd(5))}${check.padEnd(width)}${found}\n`;
    return fix === null ? row : `${row}${" ".repeat(5 + width)}${standing === "skipped" ? "" : "fix: "}${fix}\n`;
  });
  const count = (standing: Standing): number => findings.filter((finding) => finding.standing === standing).length;
  return `${lines.join("")}\n${count("fine")} fine, ${count("doubtful")} to look at, ${count("broken")} to fix, ${count("skipped")} not asked for\n`;
}
