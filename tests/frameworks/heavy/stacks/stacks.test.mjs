/**
 * The three stacks of docs/stacks.md, as the package ships the page: what is pasted, and what is counted.
 *
 * Real servers stand behind them; `npm install` of a section is what the lock file of this folder holds.
 */

import assert from "node:assert/strict";
import { execSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";

import pg from "pg";

import { heard, project, start } from "../../server.mjs";
import { installed } from "../build.mjs";

const HERE = import.meta.dirname;
const COMMANDS_MAX = 6;
const LINES_MAX = 30;

const BLOCK = /^```(\w+)(?: (\S+))?\n([^]*?)^```$/gm;
const blocks = (text) => [...text.matchAll(BLOCK)].map(([, language, file, code]) => ({ language, file, code }));

const [shared, ...sections] = readFileSync(join(HERE, "node_modules/tillproof/docs/stacks.md"), "utf8").split(/^## /m);

/** A section: the files to paste, with the one that all share, and the commands. */
function stack(title) {
  const section = sections.find((text) => text.startsWith(title));
  assert.ok(section, `docs/stacks.md has no section ${title}`);
  const all = [...blocks(shared), ...blocks(section)];
  const commands = all.filter(({ language }) => language === "sh").flatMap(({ code }) => code.trim().split("\n"));
  return { files: Object.fromEntries(all.filter(({ file }) => file !== undefined).map(({ file, code }) => [file, code])), commands };
}

/** The packages that a section installs are those that this folder has. */
const packages = ({ commands }) => commands.find((line) => line.startsWith("npm install ")).split(" ").slice(2);

/** What a server says of a section: the delivery was accepted twice and sold once, and is still known after a restart. */
function sells({ title, env = {}, files = (pasted) => pasted, command, path = "", prepare = async () => {} }) {
  describe(title, () => {
    const found = stack(title);
    let variables;
    before(async () => {
      variables = await prepare(found);
    });

    test(`it takes at most ${COMMANDS_MAX} commands and ${LINES_MAX} pasted lines`, () => {
      const lines = Object.values(found.files).reduce((sum, code) => sum + code.trim().split("\n").filter((line) => line.trim() !== "").length, 0);
      assert.ok(found.commands.length <= COMMANDS_MAX, `${found.commands.length} commands`);
      assert.ok(lines <= LINES_MAX, `${lines} lines`);
      assert.deepEqual(packages(found).filter((name) => !isInstalled(name)), []);
    });

    test("a delivery is verified, sold once, and known after a restart", async () => {
      // Of the same charge each time, which the page does not want.
      const sending = found.files["send.mjs"].replace("${Date.now()}", "stack");
      const folder = project(title.replaceAll(/\W+/g, "-"), files({ ...found.files, "send.mjs": sending }), HERE);
      // What npm writes into the manifest decides how a bundler reads the files. Without a folder for packages npm would take
      // the one above for the project.
      mkdirSync(join(folder, "node_modules"));
      execSync(found.commands.find((line) => line.startsWith("npm init")), { cwd: folder, stdio: "ignore" });
      for (const sold of [1, 0]) {
        const server = await start({ command, folder, env: { ...env, ...variables } });
        try {
          assert.equal(await sent(folder, server.url + path), "200 200\n", `${server.said.out}\n${server.said.err}`);
          if (sold === 1) await heard(server, /sold ch_stack/);
          assert.equal(server.said.out.match(/sold ch_stack/g)?.length ?? 0, sold);
        } finally {
          await server.stop();
        }
      }
    });
  });
}

/** Whether a package of a section is one that this folder, or one above it, has. */
const isInstalled = (name) => ["", "..", "../.."].some((up) => existsSync(join(HERE, up, "node_modules", name, "package.json")));

/** What send.mjs prints. */
function sent(folder, url) {
  const child = spawn(process.execPath, ["send.mjs", url], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  return new Promise((resolve) => child.once("close", () => resolve(said)));
}

sells({
  title: "Express, Stripe and SQLite",
  env: { STRIPE_WEBHOOK_SECRET: "whsec_test" },
  command: () => [process.env.MODERN_NODE, "server.mjs"],
  path: "/webhooks/stripe",
});

sells({
  title: "Next.js and PostgreSQL",
  env: { STRIPE_WEBHOOK_SECRET: "whsec_test", NEXT_TELEMETRY_DISABLED: "1" },
  command: (port) => [process.execPath, installed("next/dist/bin/next"), "dev", "-p", String(port), "-H", "127.0.0.1"],
  path: "/webhooks/stripe",
  /** What the page does with psql. */
  async prepare({ commands }) {
    const admin = new pg.Client({ connectionString: process.env.POSTGRES_URL });
    await admin.connect();
    await admin.query("DROP DATABASE IF EXISTS docs_stacks");
    await admin.query("CREATE DATABASE docs_stacks");
    await admin.end();
    const DATABASE_URL = Object.assign(new URL(process.env.POSTGRES_URL), { pathname: "/docs_stacks" }).href;
    const client = new pg.Client({ connectionString: DATABASE_URL });
    await client.connect();
    for (const line of commands.filter((each) => each.startsWith("psql "))) {
      const [, file, statement] = /(?:-f node_modules\/(\S+)|-c "([^"]+)")$/.exec(line);
      await client.query(file === undefined ? statement : readFileSync(installed(file), "utf8"));
    }
    await client.end();
    return { DATABASE_URL };
  },
});

sells({
  title: "A Worker and Redis over `fetch`",
  env: { WRANGLER_SEND_METRICS: "false", WRANGLER_LOG: "log", CI: "1" },
  files: (pasted) => ({ ...pasted, ".dev.vars": pasted[".dev.vars"].replace("https://example.upstash.io", process.env.UPSTASH_REDIS_REST_URL) }),
  command: (port) => [process.execPath, installed("wrangler/bin/wrangler.js"), "dev", "--port", String(port), "--ip", "127.0.0.1"],
});
