import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { reconcile } from "../../pkg/src/reconcile/index.js";
import type { JobsRun } from "../../pkg/src/reconcile/jobs.js";
import { proofOf } from "../../pkg/src/reconcile/proof.js";
import { ENGINES, open, type EngineName } from "./reconcile/engines.js";
import { Workers } from "./reconcile/workers.js";
import { AS_OF, csv, month } from "../js/reconcile-rows.js";

const ROWS = Number(process.env["RECONCILE_ROWS"] ?? 6_000);
const KILLS = Number(process.env["RECONCILE_KILLS"] ?? 3);
/** Against hanging, and no measure of how fast a machine has to be. */
const GUARD_MS = 900_000;
const folder = mkdtempSync(join(tmpdir(), "tillproof-jobs-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const { ledger, settlement } = month(11, ROWS);
const half = Math.floor(settlement.length / 2);
const FILES = { ledger: [csv(ledger)], settlement: [csv(settlement.slice(0, half)), csv(settlement.slice(half))] };

/** The places of files. */
type Places = Readonly<Record<"ledger" | "settlement", readonly string[]>>;

/** The month on the disk, under names of its own. */
function written(name: string): Places {
  const paths = (side: "ledger" | "settlement"): string[] =>
    FILES[side].map((content, at) => {
      const path = join(folder, `${name}-${side}-${at}.csv`);
      writeFileSync(path, content);
      return path;
    });
  return { ledger: paths("ledger"), settlement: paths("settlement") };
}

const settings = { asOf: AS_OF, inFlightDays: 3, rules: { rules: "ours", version: 2, tolerances: { EUR: { minor: 40 } } } };

/** What one run in one process says, as the bytes of its document. */
function single(run: Places): string {
  const sources = (paths: readonly string[]) => paths.map((name) => ({ name, data: readFileSync(name) }));
  return JSON.stringify(reconcile({ ledger: sources(run.ledger), settlement: sources(run.settlement), ...settings }));
}

let names = 0;
const nameOf = (engine: EngineName): string => `jobs-${engine}-${process.pid}-${(names += 1)}`;

for (const engine of ENGINES) {
  test(`${engine}: workers killed in the middle of their parts leave the bytes of a run in one process`, { timeout: GUARD_MS }, async () => {
    const name = nameOf(engine);
    const files = written(name);
    const { reconciler, close } = await open(engine, name, () => assert.fail("nobody works here"), true);
    const workers = new Workers(engine, name, 3, KILLS);
    try {
      const { report, inputs } = await reconciler.run({ run: "march", parts: 7, ...files, ...settings }, { pollMs: 50 });
      assert.equal(workers.killed, KILLS);
      assert.equal(JSON.stringify(report), single(files));
      assert.ok(report.summary.breaks > ROWS / 10, `${report.summary.breaks} breaks`);
      assert.deepEqual(inputs.map((input) => input.name), [...files.ledger, ...files.settlement]);
      const proof = await proofOf(report, { inputs, now: AS_OF, rules: settings.rules });
      assert.deepEqual(proof.statement.inputs, inputs);
    } finally {
      await workers.end();
      await close();
    }
  });

  test(`${engine}: a file that cannot be read is refused in the words of a run in one process, and read anew when it was mended`, { timeout: GUARD_MS }, async () => {
    const name = nameOf(engine);
    const run: JobsRun & Places = { run: "march", parts: 2, ...written(name), ...settings };
    const [path = ""] = run.settlement;
    const good = readFileSync(path, "utf8");
    writeFileSync(path, good.replace("their_1,", "their_1,,"));
    const { reconciler, close } = await open(engine, name, (place) => readFile(place));
    const worker = await reconciler.work();
    try {
      const refusal = (await reconciler.run(run, { pollMs: 20 }).catch((error: unknown) => error)) as { code: string; message: string; toJSON(): unknown };
      let said: { message: string; toJSON(): unknown } | undefined;
      try {
        single(run);
      } catch (error) {
        said = error as typeof said;
      }
      assert.match(refusal.code, /^file_/);
      assert.deepEqual(refusal.toJSON(), said?.toJSON());
      writeFileSync(path, good);
      const { report } = await reconciler.run(run, { pollMs: 20 });
      assert.equal(JSON.stringify(report), single(run));
    } finally {
      await worker.stop();
      await close();
    }
  });

  test(`${engine}: a run that was given up goes on with the parts it has, and a place that does not answer is asked again`, { timeout: GUARD_MS }, async () => {
    const name = nameOf(engine);
    const run: JobsRun & Places = { run: "march", parts: 4, ...written(name), ...settings };
    let [reads, failures] = [0, 2];
    const { reconciler, close } = await open(engine, name, async (place) => {
      reads += 1;
      if ((failures -= 1) >= 0) throw new Error("503 slow down");
      return readFile(place);
    });
    const worker = await reconciler.work();
    try {
      const impatient = new AbortController();
      const given = reconciler.run(run, { pollMs: 10, signal: impatient.signal });
      // Six reads are two parts, beside the failures.
      while (reads < 9) await new Promise((resolve) => setTimeout(resolve, 5));
      impatient.abort(new Error("given up"));
      await assert.rejects(given, { message: "given up" });
      const { report } = await reconciler.run(run, { pollMs: 10 });
      assert.equal(JSON.stringify(report), single(run));
      assert.equal(reads, 2 + 4 * 3, "no part was made twice");
    } finally {
      await worker.stop();
      await close();
    }
  });

  test(`${engine}: parts of files that changed meanwhile are not put together`, { timeout: GUARD_MS }, async () => {
    const name = nameOf(engine);
    const run: JobsRun & Places = { run: "march", parts: 3, ...written(name), ...settings };
    let reads = 0;
    // Another row at the end, from the second part on.
    const { reconciler, close } = await open(engine, name, async (place) => {
      const content = await readFile(place, "utf8");
      return (reads += 1) > 3 && place === run.settlement[1] ? content.replace(/\n[^\n]+\n$/, "\n") : content;
    });
    const worker = await reconciler.work();
    try {
      await assert.rejects(reconciler.run(run, { pollMs: 20 }), { code: "reconcile_files_changed", message: /the settlement file .* changed while the run "march" was made/ });
    } finally {
      await worker.stop();
      await close();
    }
  });

  test(`${engine}: what is no run, or too many parts of one, is refused before anything is queued`, async () => {
    const { reconciler, close } = await open(engine, nameOf(engine), () => "");
    const run: JobsRun = { run: "march", parts: 2, ledger: ["a.csv"], settlement: ["b.csv"] };
    const table: [object, string][] = [
      [{ ...run, parts: 0 }, "option_invalid"],
      [{ ...run, parts: 257 }, "reconcile_share_invalid"],
      [{ ...run, ledger: "a.csv" }, "list_expected"],
      [{ ...run, settlement: [7] }, "text_expected"],
      [{ ...run, run: undefined }, "text_expected"],
      [{ ...run, days: 2 }, "unknown_option"],
      [{ ...run, columns: { shop: {} } }, "unknown_option"],
    ];
    try {
      for (const [asked, code] of table) {
        await assert.rejects(reconciler.run(asked as JobsRun), (error: { code?: string }) => (assert.equal(error.code, code, JSON.stringify(asked)), true));
      }
    } finally {
      await close();
    }
  });
}

