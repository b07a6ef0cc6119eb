/**
 * The scenario as each runtime and each bundler takes it.
 *
 * Invariant: nothing but the package is found: a program lives in a folder of its own below this one, whose node_modules has
 * the packed tarball. A bundle is made with the settings a new project has.
 */

import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";

const HERE = import.meta.dirname;
const require = createRequire(import.meta.url);
const installed = (file) => join(HERE, "node_modules", file);

/** A fresh folder with the scenario in it. */
export function folderOf(name) {
  const folder = join(HERE, "run", name.replaceAll(/\W+/g, "-"));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(HERE, "scenario.mjs"), join(folder, "scenario.mjs"));
  return folder;
}

/** Prints what the scenario found, for runtimes with a console. */
const PRINTS = `import { scenario } from "./scenario.mjs";\nconsole.log("found " + JSON.stringify(await scenario()));\n`;

/** Leaves what the scenario found where a driver of browsers looks for it. */
const LEAVES = `import { scenario } from "./scenario.mjs";
scenario().then((found) => (globalThis.found = found), (error) => (globalThis.found = { problems: [error + " " + error?.stack] }));
`;

/** Runs a program, and gives what the scenario found in it. */
function printed(program, args, folder, env = {}) {
  const { stdout, stderr, status, error } = spawnSync(program, args, { cwd: folder, encoding: "utf8", env: { ...process.env, ...env }, timeout: 900_000 });
  const [, found] = /^found (.*)$/m.exec(stdout ?? "") ?? [];
  if (found === undefined) throw new Error(`${program} ended with ${status ?? error}: ${stderr}${stdout}`);
  return JSON.parse(found);
}

/** A Node of this major version: the pinned one, or the one that runs this. `undefined` where there is neither. */
export function nodeOf(major) {
  const pinned = installed(`node${major}/bin/node`);
  if (existsSync(pinned)) return pinned;
  return Number.parseInt(process.versions.node, 10) === major ? process.execPath : undefined;
}

export function inNode(node, folder) {
  writeFileSync(join(folder, "main.mjs"), PRINTS);
  return printed(node, ["main.mjs"], folder);
}

/** The same translated to `require`, as a CommonJS project writes it. */
export async function inCommonJs(node, folder) {
  const { build } = require("esbuild");
  writeFileSync(join(folder, "entry.mjs"), `import { scenario } from "./scenario.mjs";\nscenario().then((found) => console.log("found " + JSON.stringify(found)));\n`);
  await build({ entryPoints: [join(folder, "entry.mjs")], bundle: true, packages: "external", format: "cjs", platform: "node", outfile: join(folder, "main.cjs") });
  if (!readFileSync(join(folder, "main.cjs"), "utf8").includes('require("tillproof/payments")')) throw new Error("the program does not require the package");
  return printed(node, ["main.cjs"], folder);
}

export function inBun(folder) {
  writeFileSync(join(folder, "main.mjs"), PRINTS);
  return printed(installed(`@oven/bun-${process.platform}-${process.arch}/bin/bun`), ["main.mjs"], folder);
}

export function inDeno(folder) {
  writeFileSync(join(folder, "main.mjs"), PRINTS);
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "dependencies": { "tillproof": "*" } }');
  writeFileSync(join(folder, "deno.json"), '{ "nodeModulesDir": "manual" }');
  mkdirSync(join(folder, "node_modules"));
  spawnSync("cp", ["-R", installed("tillproof"), join(folder, "node_modules/tillproof")]);
  const args = [installed("deno/bin.cjs"), "run", "--allow-env", "main.mjs"];
  return printed(process.execPath, args, folder, { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" });
}

/** A Worker under Miniflare, bundled as wrangler does it: wasm stays a module of its own. */
export async function inWorkerd(folder) {
  const { build } = require("esbuild");
  const { Miniflare } = require("miniflare");
  writeFileSync(join(folder, "worker.mjs"), `import { scenario } from "./scenario.mjs";\nexport default { fetch: async () => Response.json(await scenario()) };\n`);
  const { metafile } = await build({
    entryPoints: [join(folder, "worker.mjs")],
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    external: ["node:*"],
    outfile: join(folder, "built/worker.js"),
    absWorkingDir: folder,
    metafile: true,
  });
  const modules = Object.keys(metafile.outputs).map((path) => ({ type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path: join(folder, path) }));
  modules.sort((a, b) => (a.type === b.type ? 0 : a.type === "ESModule" ? -1 : 1));
  const worker = new Miniflare({ modules, modulesRoot: join(folder, "built"), compatibilityDate: "2026-01-01", compatibilityFlags: ["nodejs_compat"] });
  try {
    return await (await worker.dispatchFetch("http://shop.test/")).json();
  } finally {
    await worker.dispose();
  }
}

/** A page of a bundler's making; each takes the settings of a new project. */
export const BUNDLERS = {
  async Vite(folder) {
    const { build } = await import("vite");
    await build({ root: folder, logLevel: "warn", configFile: false, build: { outDir: "built" } });
  },
  async webpack(folder) {
    const webpack = require("webpack");
    const config = { mode: "production", context: folder, entry: "./page.mjs", output: { path: join(folder, "built"), filename: "page.js" }, performance: { hints: false } };
    const stats = await new Promise((resolve, reject) => webpack(config, (error, result) => (error ? reject(error) : resolve(result))));
    if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString("errors-warnings"));
    writeFileSync(join(folder, "built/index.html"), pageOf("page.js"));
  },
  async esbuild(folder) {
    await require("esbuild").build({ entryPoints: [join(folder, "page.mjs")], bundle: true, minify: true, format: "esm", outfile: join(folder, "built/page.js") });
    writeFileSync(join(folder, "built/index.html"), pageOf("page.js"));
  },
  async Rollup(folder) {
    const { rollup } = await import("rollup");
    const { nodeResolve } = await import("@rollup/plugin-node-resolve");
    const complaints = [];
    const bundle = await rollup({ input: join(folder, "page.mjs"), plugins: [nodeResolve({ browser: true })], onwarn: (warning) => complaints.push(warning.message) });
    await bundle.write({ dir: join(folder, "built"), format: "es", entryFileNames: "page.js" });
    await bundle.close();
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
    writeFileSync(join(folder, "built/index.html"), pageOf("page.js"));
  },
};

const pageOf = (script) => `<!doctype html><meta charset="utf-8"><title>shop</title><link rel="icon" href="data:,"><script type="module" src="./${script}"></script>\n`;

/** The page that a bundler made, in a folder of its own. */
export async function bundled(name, folder) {
  writeFileSync(join(folder, "page.mjs"), LEAVES);
  writeFileSync(join(folder, "index.html"), pageOf("page.mjs"));
  await BUNDLERS[name](folder);
  return join(folder, "built");
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Serves a folder under a strict policy, opens it, and gives what the scenario found there. */
export async function inBrowser(browser, folder) {
  const server = createServer((request, response) => {
    const file = join(folder, new URL(request.url, "http://x").pathname.replace(/\/$/, "/index.html"));
    if (!existsSync(file)) return response.writeHead(404).end();
    const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; img-src data:";
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain", "content-security-policy": policy });
    response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(message.text());
  });
  try {
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction("globalThis.found !== undefined", { timeout: 900_000 });
    const found = await page.evaluate("globalThis.found");
    return { ...found, problems: [...found.problems, ...complaints] };
  } finally {
    await page.close();
    server.close();
  }
}

/** A route of Next.js, built and started as in production. */
export async function inNext(folder) {
  mkdirSync(join(folder, "app/shop"), { recursive: true });
  writeFileSync(join(folder, "app/layout.js"), "export default ({ children }) => children;\n");
  writeFileSync(join(folder, "app/shop/route.js"), `import { scenario } from "../../scenario.mjs";\nexport const dynamic = "force-dynamic";\nexport const GET = async () => Response.json(await scenario());\n`);
  writeFileSync(join(folder, "next.config.mjs"), `export default { turbopack: { root: ${JSON.stringify(HERE)} } };\n`);
  const program = installed("next/dist/bin/next");
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "build"], { cwd: folder, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`next build ended with ${status}: ${stdout}${stderr}`);
  const server = spawn(process.execPath, [program, "start", "-p", "0", "-H", "127.0.0.1"], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  try {
    const address = await new Promise((resolve, reject) => {
      let said = "";
      const heard = (chunk) => {
        said += chunk;
        const [, url] = /Local:\s+(http:\S+)/.exec(said) ?? [];
        if (url !== undefined) resolve(url);
      };
      server.stdout.on("data", heard);
      server.stderr.on("data", heard);
      server.once("close", (code) => reject(new Error(`next start ended with ${code}: ${said}`)));
    });
    return await (await fetch(new URL("/shop", address))).json();
  } finally {
    server.kill("SIGKILL");
  }
}

/** The version of an installed package. */
export function versionOf(name) {
  return JSON.parse(readFileSync(installed(`${name}/package.json`), "utf8")).version;
}
