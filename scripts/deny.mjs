/**
 * What deny.toml allows, checked: by cargo-deny where it is installed, else by the same rules read here.
 *
 * Invariant: licences, bans and sources are checked in either case, and whatever was not checked is printed. The advisory
 * database is not a part of the repository: without cargo-deny, or without a copy of it, advisories are skipped aloud.
 */

import { readFileSync } from "node:fs";

import { at, attempt, onPath } from "./command.mjs";
import { crateMetadata } from "./crates.mjs";
import { documentTool } from "./document-tools.mjs";

/** Runs the checks; each is `{ name, problems }`, or `{ name, skipped }` with the reason. */
export async function denied() {
  if (onPath("cargo-deny") !== null) return byCargoDeny();
  const { parse } = documentTool("smol-toml");
  const rules = parse(readFileSync(at("deny.toml"), "utf8"));
  const metadata = crateMetadata(["--all-features"]);
  return [
    { name: "licences", problems: licences(rules.licenses, metadata) },
    { name: "bans", problems: bans(rules.bans, metadata) },
    { name: "sources", problems: sources(rules.sources, metadata) },
    { name: "advisories", skipped: "cargo-deny is not installed: cargo install cargo-deny --version 0.20.2 --locked" },
  ];
}

async function byCargoDeny() {
  const rows = [];
  for (const [name, ...check] of [["licences", "licenses"], ["bans", "bans"], ["sources", "sources"]]) {
    const { status, output } = await attempt("cargo", ["deny", "--offline", "check", ...check], { quiet: true });
    rows.push({ name, problems: status === 0 ? [] : output.trim().split("\n") });
  }
  const { status, output } = await attempt("cargo", ["deny", "check", "advisories"], { quiet: true });
  const unreachable = /failed to (?:fetch|clone|open|load) (?:the )?advisory|unable to (?:fetch|clone)|offline/i.test(output);
  if (status !== 0 && unreachable) return [...rows, { name: "advisories", skipped: "the advisory database cannot be reached from here" }];
  return [...rows, { name: "advisories", problems: status === 0 ? [] : output.trim().split("\n") }];
}

const told = ({ name, version }) => `${name} ${version}`;

/** Every crate can be taken under licences of the list alone. */
export function licences({ allow, private: own }, { packages }) {
  const satisfies = documentTool("spdx-satisfies");
  return packages.flatMap((crate) => {
    if (own?.ignore === true && crate.publish?.length === 0) return [];
    if (crate.license === null) return [`${told(crate)} says no licence`];
    try {
      return satisfies(crate.license.replaceAll("/", " OR "), allow) ? [] : [`${told(crate)} is under ${crate.license}: none of ${allow.join(", ")} will do`];
    } catch {
      return [`${told(crate)} is under ${crate.license}, which is no SPDX expression`];
    }
  });
}

/** No crate twice, none without a version, and the banned ones only behind their wrappers. */
export function bans({ deny, skip, "multiple-versions": multiple, wildcards, "allow-wildcard-paths": paths }, { packages, resolve }) {
  const byId = new Map(packages.map((crate) => [crate.id, crate]));
  const problems = [];
  if (multiple === "deny") {
    const versions = grouped(packages, ({ name }) => name);
    const spared = (crate) => skip.some(({ crate: spec }) => crate.name === spec.split("@")[0] && (!spec.includes("@") || crate.version.startsWith(`${spec.split("@")[1]}.`) || crate.version === spec.split("@")[1]));
    for (const [name, all] of versions) {
      const counted = all.filter((crate) => !spared(crate));
      if (counted.length > 1) problems.push(`${name} is there in several versions: ${counted.map(({ version }) => version).join(", ")}`);
    }
  }
  if (wildcards === "deny") {
    for (const crate of packages.filter(({ source }) => source === null)) {
      for (const { name, req, path } of crate.dependencies) {
        if (req === "*" && !(path !== undefined && paths === true)) problems.push(`${told(crate)} takes any version of ${name}`);
      }
    }
  }
  for (const { id, deps } of resolve.nodes) {
    for (const { pkg } of deps) {
      const rule = deny.find(({ crate }) => crate === byId.get(pkg).name);
      const by = byId.get(id).name;
      if (rule !== undefined && !(rule.wrappers ?? []).includes(by)) problems.push(`${by} depends on ${rule.crate}, which is banned: ${rule.reason}`);
    }
  }
  return problems;
}

function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** Everything comes from the registry, or lies in the repository. */
export function sources(_, { packages }) {
  const registry = "registry+https://github.com/rust-lang/crates.io-index";
  return packages.filter(({ source }) => source !== null && source !== registry).map((crate) => `${told(crate)} comes from ${crate.source}`);
}
