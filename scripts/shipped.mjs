/**
 * What is inside the package and written by others: the crates in the wasm files, and npm packages whose code is inlined.
 * From it follow the bill of materials and the licences that have to travel along.
 *
 * Invariant: a crate is listed when some artefact is built of it, an npm package when a source imports it by its name.
 * Macros and build scripts are not: they run while it is built, and nothing of theirs is shipped.
 *
 * `node scripts/shipped.mjs` writes pkg/sbom.cdx.json and pkg/THIRD-PARTY-NOTICES.md.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { at, Failure, main } from "./command.mjs";
import { crateMetadata } from "./crates.mjs";
import { ARTEFACTS } from "./entries.mjs";
import { filesBelow } from "./javascript.mjs";

const TARGET = "wasm32-unknown-unknown";

/** Where both files are kept. */
export const SBOM = "pkg/sbom.cdx.json";
export const NOTICES = "pkg/THIRD-PARTY-NOTICES.md";

/** Every crate in a wasm file: its package, as cargo tells it, and the artefacts it is in. Sorted by name and version. */
export function shippedCrates() {
  const found = new Map();
  for (const { name, features } of ARTEFACTS) {
    const { packages, resolve } = crateMetadata(["--filter-platform", TARGET, "--no-default-features", "--features", features]);
    const byId = new Map(packages.map((each) => [each.id, each]));
    for (const id of reached(resolve, byId)) {
      if (id === resolve.root) continue;
      const entry = found.get(id) ?? found.set(id, { crate: byId.get(id), artefacts: [] }).get(id);
      entry.artefacts.push(name);
    }
  }
  return [...found.values()].sort((a, b) => (key(a.crate) < key(b.crate) ? -1 : 1));
}

/** The root and what it is built of, without what only runs while building. */
function reached({ root, nodes }, byId) {
  const nodeOf = new Map(nodes.map((node) => [node.id, node]));
  const seen = new Set();
  const follow = (id) => {
    const isMacro = byId.get(id).targets.some(({ kind }) => kind.includes("proc-macro"));
    if (isMacro || seen.has(id)) return;
    seen.add(id);
    for (const { pkg, dep_kinds: kinds } of nodeOf.get(id).deps) if (kinds.some(({ kind }) => kind === null)) follow(pkg);
  };
  follow(root);
  return seen;
}

const key = ({ name, version }) => `${name} ${version}`;

/** Every npm package that a source imports by its name, as pkg/node_modules has it. Types alone leave nothing behind. */
export function inlinedPackages() {
  const named = /^(?:import|export)\s(?!type\b)[^"';]*?from "([^".#][^"]*)";$/gm;
  const sources = filesBelow(at("pkg/src")).filter((file) => file.endsWith(".ts")).map((file) => readFileSync(file, "utf8"));
  const names = sources.flatMap((text) => [...text.matchAll(named)].map(([, from]) => from)).filter((from) => !from.startsWith("node:"));
  const lock = JSON.parse(readFileSync(at("pkg/package-lock.json"), "utf8")).packages;
  return [...new Set(names)].sort().map((name) => {
    const folder = at("pkg/node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const [, sum] = /^sha512-(.+)$/.exec(lock[`node_modules/${name}`].integrity);
    return { name, version, license, authors: [], manifest_path: join(folder, "package.json"), sum: Buffer.from(sum, "base64").toString("hex") };
  });
}

/** SPDX as it is written today: crates of long ago have a slash for OR. */
const expression = ({ license }) => license.replaceAll("/", " OR ");

/** The bill of materials, CycloneDX 1.6. Without a date and a serial number, so that the same commit gives the same bytes. */
export function sbom() {
  const { name, version, license } = JSON.parse(readFileSync(at("pkg/package.json"), "utf8"));
  const root = `pkg:npm/${name}@${version}`;
  const sums = checksums();
  const crates = shippedCrates().map(({ crate, artefacts }) => {
    const sum = sums.get(key(crate));
    return {
      type: "library",
      "bom-ref": purl(crate),
      name: crate.name,
      version: crate.version,
      ...(sum === undefined ? {} : { hashes: [{ alg: "SHA-256", content: sum }] }),
      licenses: [{ expression: expression(crate) }],
      purl: purl(crate),
      properties: [{ name: "tillproof:artefacts", value: artefacts.join(" ") }],
    };
  });
  const compiler = rust();
  const library = {
    type: "library",
    "bom-ref": `pkg:generic/rust-std@${compiler}`,
    name: "rust-std",
    version: compiler,
    description: "core and alloc of the Rust standard library, and in the simulator std",
    licenses: [{ expression: "MIT OR Apache-2.0" }],
    purl: `pkg:generic/rust-std@${compiler}`,
    properties: [{ name: "tillproof:artefacts", value: ARTEFACTS.map((artefact) => artefact.name).join(" ") }],
  };
  const packages = inlinedPackages().map((inlined) => ({
    type: "library",
    "bom-ref": `pkg:npm/${key(inlined).replace(" ", "@")}`,
    name: inlined.name,
    version: inlined.version,
    hashes: [{ alg: "SHA-512", content: inlined.sum }],
    licenses: [{ expression: inlined.license }],
    purl: `pkg:npm/${key(inlined).replace(" ", "@")}`,
    properties: [{ name: "tillproof:inlined", value: "true" }],
  }));
  const components = [...crates, library, ...packages];
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      lifecycles: [{ phase: "build" }],
      component: { type: "library", "bom-ref": root, name, version, licenses: [{ license: { id: license } }], purl: root },
    },
    components,
    dependencies: [{ ref: root, dependsOn: components.map((component) => component["bom-ref"]) }],
  };
}

const purl = ({ name, version }) => `pkg:cargo/${name}@${version}`;

/** What Cargo.lock says a crate's file has for a hash. */
function checksums() {
  const lock = readFileSync(at("Cargo.lock"), "utf8");
  const rows = lock.matchAll(/name = "([^"]+)"\nversion = "([^"]+)"\nsource = "[^"]+"\nchecksum = "([0-9a-f]{64})"/g);
  return new Map([...rows].map(([, name, version, sum]) => [`${name} ${version}`, sum]));
}

function rust() {
  return /channel = "([^"]+)"/.exec(readFileSync(at("rust-toolchain.toml"), "utf8"))[1];
}

/** Licences we take a crate by, the shortest obligations first. */
const TAKEN = [
  ["MIT", /\bMIT\b/, /(?:^|[-_.])mit\b|^license(?:\.md|\.txt)?$/i],
  ["BSD-3-Clause", /\bBSD-3-Clause\b/, /bsd|^license(?:\.md|\.txt)?$/i],
  ["Apache-2.0", /\bApache-2\.0\b/, /apache/i],
];

/**
 * The licences of everything shipped. The permission of MIT stands once, under the notices of all who gave it; every other
 * text stands as its crate has it.
 */
export function notices() {
  const holders = [];
  const texts = new Map();
  for (const crate of [...shippedCrates().map((each) => each.crate), ...inlinedPackages()]) {
    const name = `${crate.name} ${crate.version}`;
    for (const { id, text } of licencesOf(crate)) {
      const same = id === "MIT" ? permissionOf(text) : undefined;
      if (same !== undefined) holders.push([name, same]);
      else texts.set(text, { id, crates: [...(texts.get(text)?.crates ?? []), name] });
    }
  }
  holders.push([`the Rust standard library ${rust()}`, "Copyright (c) The Rust Project Contributors"]);
  const given = holders.map(([name, notice]) => `* ${name}: ${notice || "no notice of its own"}`);
  const mit = `## Under MIT\n\n${given.join("\n")}\n\n\`\`\`text\n${permission()}\n\`\`\`\n`;
  const others = [...texts].map(([text, { id, crates }]) => `## ${crates.join(", ")}\n\nTaken under ${id}:\n\n\`\`\`text\n${text}\n\`\`\`\n`);
  return `${HEAD}\n${[mit, ...others].join("\n")}`;
}

/** The copyright notices above the permission of MIT; `undefined` where the text says anything else beside. */
function permissionOf(text) {
  const plain = (part) => part.replaceAll(/\s+/g, " ").trim();
  const at = text.search(/Permission is hereby granted/);
  if (at < 0 || plain(text.slice(at)) !== plain(permission())) return undefined;
  const above = plain(text.slice(0, at)).replace(/^(?:the )?mit license(?: \(mit\))?/i, "").trim();
  return /^(?:Copyright .*)?$/.test(above) ? above : undefined;
}

const HEAD = `# Third-party notices

<!-- Written by scripts/shipped.mjs from Cargo.lock: do not edit. -->

Tillproof itself is under the MIT licence (LICENSE). Its wasm files are built of the crates below and hold parts of them; what
each file is built of is told by \`sbom.cdx.json\`. An npm package has code in \`dist\` only if it stands
below.
`;

/** The one we take a crate by, and those that hold beside it. */
function licencesOf(crate) {
  const also = [...crate.license.matchAll(/\bAND (\S+)/g)].map(([, id]) => ({ id, text: textOf(crate, new RegExp(id.split("-")[0], "i")) }));
  for (const { id, text } of also) if (text === undefined) throw new Failure(`${crate.name} comes without the text of ${id}`);
  return [licenceOf(crate), ...also];
}

/** The text in a file whose name fits, the most telling name first. */
function textOf({ manifest_path: manifest }, named) {
  const folder = dirname(manifest);
  const files = readdirSync(folder).filter((name) => named.test(name) && !/\.(?:rs|toml)$/.test(name));
  const [file] = files.sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  return file === undefined ? undefined : trimmed(readFileSync(join(folder, file), "utf8"));
}

function licenceOf(crate) {
  const taken = TAKEN.find(([, fits]) => fits.test(crate.license));
  if (taken === undefined) throw new Failure(`${crate.name} is under ${crate.license}, and scripts/shipped.mjs knows no way to take it`);
  const [id, , named] = taken;
  const text = textOf(crate, named);
  if (text !== undefined) return { id, text };
  // Published without the text: the licence is that of the manifest, and so is the holder.
  if (id !== "MIT") throw new Failure(`${crate.name} comes without the text of ${id}`);
  return { id, text: mit(crate.authors.length > 0 ? crate.authors.join(", ").replaceAll(/ <[^>]*>/g, "") : `The authors of ${crate.name}`) };
}

/** Lines as their author wrote them, without the white space around. */
function trimmed(text) {
  return text.replaceAll("\r\n", "\n").replaceAll(/[ \t]+$/gm, "").trim();
}

function mit(holder) {
  return `Copyright (c) ${holder}\n\n${permission()}`;
}

/** What MIT permits, as our own licence has it. */
function permission() {
  const text = readFileSync(at("LICENSE"), "utf8");
  return trimmed(text.slice(text.indexOf("Permission is hereby granted")));
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    writeFileSync(at(SBOM), `${JSON.stringify(sbom(), null, 2)}\n`);
    writeFileSync(at(NOTICES), notices());
  });
}
