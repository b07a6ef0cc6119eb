/**
 * What the build needs, installed where it is missing.
 *
 * Invariant: each function returns with its tool present at the version the repository names, or throws a message
 * that says which command installs it. Programs installed here live in `$TILLPROOF_CACHE/<tool>-<version>`.
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import { at, attempt, describe, Failure, onPath, outputOf, run } from "./command.mjs";

const WASM_PACK_VERSION = "0.15.1";
const CARGO_FUZZ_VERSION = "0.13.2";
const NODE_MAJOR_MIN = 20;

const CACHE = process.env.TILLPROOF_CACHE ?? join(homedir(), ".cache", "tillproof");

/** The compiler, components and targets that rust-toolchain.toml names. */
export async function ensureRust() {
  if (onPath("rustup") === null) {
    throw new Failure(
      "rustup is missing: install it with\n" +
        "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --default-toolchain none\n" +
        "and open a new shell",
    );
  }
  const toolchain = readFileSync(at("rust-toolchain.toml"), "utf8");
  const channel = quotedValues(toolchain, "channel")[0];
  const components = quotedValues(toolchain, "components");
  const targets = quotedValues(toolchain, "targets");
  const installed = (kind) => outputOf("rustup", [kind, "list", "--installed", "--toolchain", channel]).split("\n");
  const complete =
    outputOf("rustup", ["toolchain", "list"]).split("\n").some((line) => line.startsWith(`${channel}-`)) &&
    targets.every((target) => installed("target").includes(target)) &&
    components.every((component) => installed("component").some((line) => line.startsWith(component)));
  if (complete) return;
  await run("rustup", [
    "toolchain", "install", channel, "--profile", "minimal",
    "--component", components.join(","), "--target", targets.join(","),
  ]);
}

/** Enough of TOML for a file of ours: the quoted strings on the line of a key. */
function quotedValues(toml, key) {
  const line = toml.split("\n").find((candidate) => candidate.startsWith(`${key} =`)) ?? "";
  return [...line.matchAll(/"([^"]+)"/g)].map((match) => match[1]);
}

/** The packages of pkg/package-lock.json. */
export async function ensureNpm() {
  const major = Number.parseInt(process.versions.node, 10);
  if (major < NODE_MAJOR_MIN) throw new Failure(`Node ${NODE_MAJOR_MIN} or newer is needed, this is ${process.version}`);
  const lock = createHash("sha256").update(readFileSync(at("pkg/package-lock.json"))).digest("hex");
  const stamp = at("pkg/node_modules/.tillproof-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: at("pkg") });
  writeFileSync(stamp, lock);
}

/** A program that pkg/package.json brings. */
export const npmBin = (name) => at("pkg/node_modules/.bin", name);

/** The folder with wasm-bindgen and its test runner, at the version of the library in Cargo.lock. */
export async function ensureWasmBindgen() {
  const lock = readFileSync(at("Cargo.lock"), "utf8");
  const version = /name = "wasm-bindgen"\nversion = "([^"]+)"/.exec(lock)?.[1];
  if (version === undefined) throw new Failure("Cargo.lock names no version of wasm-bindgen");
  return cargoTool("wasm-bindgen-cli", "wasm-bindgen", version);
}

/** The folder with wasm-pack. */
export async function ensureWasmPack() {
  return cargoTool("wasm-pack", "wasm-pack", WASM_PACK_VERSION);
}

/** The folder of cargo-fuzz, which drives libFuzzer. */
export async function ensureCargoFuzz() {
  return cargoTool("cargo-fuzz", "cargo-fuzz", CARGO_FUZZ_VERSION);
}

async function cargoTool(crate, program, version) {
  const onOurPath = onPath(program);
  if (onOurPath !== null && hasVersion(onOurPath, version)) return dirname(onOurPath);
  const root = join(CACHE, `${program}-${version}`);
  const bin = join(root, "bin");
  if (hasVersion(join(bin, program), version)) return bin;
  const args = ["install", crate, "--version", version, "--root", root];
  if ((await attempt("cargo", [...args, "--locked"])).status === 0) return bin;
  console.error(`${crate} does not install from its lock file; trying the newest versions its manifest allows`);
  if ((await attempt("cargo", args)).status === 0) return bin;
  throw new Failure(`${crate} ${version} could not be installed: try\n  ${describe("cargo", args)}`);
}

function hasVersion(program, version) {
  return outputOf(program, ["--version"]).split(/\s/).includes(version);
}

/** Chromium and its driver: `{ browser, driver }`, both paths. */
export async function ensureChromium() {
  const found = () => ({
    browser: process.env.CHROMIUM ?? onPath("chromium", "chromium-browser", "google-chrome"),
    driver: process.env.CHROMEDRIVER ?? onPath("chromedriver"),
  });
  const complete = ({ browser, driver }) => browser !== null && driver !== null;
  if (complete(found())) return found();
  await installFromDebian("chromium", "chromium-driver");
  if (complete(found())) return found();
  throw new Failure(
    "Chromium and its driver are missing: install them with\n  sudo apt-get install chromium chromium-driver\n" +
      "or name them in the variables CHROMIUM and CHROMEDRIVER",
  );
}

/** Firefox: its path. It is driven over WebDriver BiDi, without a driver of its own. */
export async function ensureFirefox() {
  const found = () => process.env.FIREFOX ?? onPath("firefox-esr", "firefox");
  if (found() === null) await installFromDebian("firefox-esr");
  if (found() !== null) return found();
  throw new Failure("Firefox is missing: install it with\n  sudo apt-get install firefox-esr\nor name it in the variable FIREFOX");
}

/** Does nothing where it may not, or where there is no apt-get. */
async function installFromDebian(...packages) {
  if (process.getuid?.() !== 0 || onPath("apt-get") === null) return;
  await run("apt-get", ["update"]);
  await run("apt-get", ["install", "--yes", "--no-install-recommends", ...packages], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
}
