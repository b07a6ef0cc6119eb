/** What is shipped of others: the bill of materials, the licences that travel along, and what may come into the tree. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { at } from "../../scripts/command.mjs";
import { bans, denied, licences, sources } from "../../scripts/deny.mjs";
import { documentTool } from "../../scripts/document-tools.mjs";
import { ARTEFACTS } from "../../scripts/entries.mjs";
import { inlinedPackages, NOTICES, notices, SBOM, sbom, shippedCrates } from "../../scripts/shipped.mjs";

const bill = sbom();

test("the bill of materials is that of the lock file, and CycloneDX 1.6 says that it is one", async () => {
  assert.deepEqual(JSON.parse(readFileSync(at(SBOM), "utf8")), bill, `${SBOM} is stale: node scripts/shipped.mjs writes it anew`);
  const { Spec, Validation } = documentTool("@cyclonedx/cyclonedx-library");
  const found = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(JSON.stringify(bill));
  assert.equal(found, null, JSON.stringify(found));
  const broken = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(JSON.stringify({ ...bill, components: [{}] }));
  assert.notEqual(broken, null);
});

test("every crate has a hash, a licence and the artefacts it is in, and no macro is among them", () => {
  assert.ok(bill.components.length > 40);
  for (const { name, hashes, licenses, properties, purl } of bill.components) {
    if (purl.startsWith("pkg:npm/")) continue;
    if (name !== "rust-std") assert.match(hashes?.[0]?.content ?? "", /^[0-9a-f]{64}$/, name);
    assert.match(licenses[0].expression, /\w/);
    for (const artefact of properties[0].value.split(" ")) assert.ok(ARTEFACTS.some((each) => each.name === artefact), `${name}: ${artefact}`);
  }
  const names = bill.components.map(({ name }) => name);
  assert.deepEqual(names.filter((name) => ["syn", "quote", "proc-macro2", "serde_derive", "proptest", "serde_json"].includes(name)), []);
  assert.ok(names.includes("sha2") && names.includes("ed25519-dalek"));
});

test("every licence that has to travel along does", () => {
  const text = readFileSync(at(NOTICES), "utf8");
  assert.equal(text, notices(), `${NOTICES} is stale: node scripts/shipped.mjs writes it anew`);
  for (const { crate } of shippedCrates()) assert.ok(text.includes(`${crate.name} ${crate.version}`), crate.name);
  // The three of BSD ask for their text and the names of their authors.
  assert.equal([...text.matchAll(/^Taken under BSD-3-Clause:$/gm)].length, 3);
  assert.match(text, /Isis Agora Lovecruft/);
  assert.match(text, /UNICODE LICENSE V3/);
});

test("what is inlined of npm is listed, and needs nothing further", () => {
  const inlined = inlinedPackages();
  const listed = bill.components.filter(({ purl }) => purl.startsWith("pkg:npm/")).map(({ name }) => name);
  assert.deepEqual(listed, inlined.map(({ name }) => name));
  for (const { name, version, manifest_path: manifest } of inlined) {
    assert.ok(bill.components.some(({ purl }) => purl === `pkg:npm/${name}@${version}`), name);
    assert.deepEqual(JSON.parse(readFileSync(manifest, "utf8")).dependencies ?? {}, {});
    assert.ok(readFileSync(at(NOTICES), "utf8").includes(`${name} ${version}`), name);
  }
});

for (const { name, problems, skipped } of await denied()) {
  test(`deny.toml: ${name}`, { skip: skipped ?? false }, () => assert.deepEqual(problems, []));
}

test("the rules of deny.toml are broken by what breaks them", () => {
  const crate = (name, version, license = "MIT", source = "registry+https://github.com/rust-lang/crates.io-index") =>
    ({ id: `${name}@${version}`, name, version, license, source, publish: null, dependencies: [] });
  const tree = (packages, deps = []) => ({
    packages,
    resolve: { nodes: packages.map(({ id }) => ({ id, deps: deps.filter(([from]) => from === id).map(([, pkg]) => ({ pkg })) })) },
  });
  const allow = ["MIT", "BSD-3-Clause", "Unicode-3.0"];
  assert.deepEqual(licences({ allow }, tree([crate("a", "1.0.0", "(MIT OR Apache-2.0) AND Unicode-3.0"), crate("b", "1.0.0", "Unlicense/MIT")])), []);
  assert.equal(licences({ allow }, tree([crate("a", "1.0.0", "GPL-3.0-only")])).length, 1);
  assert.equal(licences({ allow }, tree([crate("a", "1.0.0", "MIT AND GPL-3.0-only"), { ...crate("b", "1.0.0"), license: null }])).length, 2);

  const rules = { "multiple-versions": "deny", wildcards: "deny", "allow-wildcard-paths": true, skip: [{ crate: "syn@2" }], deny: [{ crate: "rand", reason: "x", wrappers: ["proptest"] }] };
  assert.deepEqual(bans(rules, tree([crate("syn", "2.0.1"), crate("syn", "3.0.1")])), []);
  assert.equal(bans(rules, tree([crate("a", "1.0.0"), crate("a", "2.0.0")])).length, 1);
  const [rand, proptest, other] = [crate("rand", "1.0.0"), crate("proptest", "1.0.0"), crate("other", "1.0.0")];
  assert.deepEqual(bans(rules, tree([rand, proptest], [[proptest.id, rand.id]])), []);
  assert.equal(bans(rules, tree([rand, other], [[other.id, rand.id]])).length, 1);
  assert.equal(bans(rules, tree([{ ...crate("own", "0.1.0", "MIT", null), dependencies: [{ name: "b", req: "*" }] }])).length, 1);

  assert.equal(sources({}, tree([crate("a", "1.0.0", "MIT", "git+https://example.com/a")])).length, 1);
});
