/**
 * What some schemes need beside the secret, as a visitor pastes it: `name=value`, one a line.
 *
 * Invariant: a key that has several lines, in PEM or as JSON, stays one value. Names nobody knows are left to the package,
 * which lists those it does.
 */

const SWITCHES: ReadonlySet<string> = new Set(["strict", "partial"]);

/** Options of a verifier. Throws a plain `Error` for a key that is no JSON, and for a switch that is neither on nor off. */
export function optionsIn(text: string): Record<string, unknown> {
  const options: [name: string, value: string][] = [];
  for (const line of text.split("\n").map((each) => each.trim()).filter((each) => each !== "")) {
    const last = options.at(-1);
    const [, name, value] = /^([A-Za-z][\w-]*)\s*=\s*(.*)$/.exec(line) ?? [];
    // A line of a key may end with equals signs, and look like a name.
    const isInKey = last !== undefined && last[1].includes("-----BEGIN") && !last[1].includes("-----END");
    if (name !== undefined && value !== undefined && !isInKey) options.push([name, value]);
    else if (last !== undefined) last[1] += `\n${line}`;
  }
  return Object.fromEntries(options.map(([name, value]) => [name, valueOf(name, value)]));
}

function valueOf(name: string, value: string): unknown {
  if (name === "toleranceSeconds") return Number(value);
  if (SWITCHES.has(name)) {
    if (value !== "true" && value !== "false") throw new Error(`${name} is ${value}: write true or false`);
    return value === "true";
  }
  if (name !== "jwk") return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new Error("jwk is not a JSON document: paste the whole key, from { to }");
  }
}
