import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";

import { readers, reconcile, type Match, type ReconcileOptions } from "../../pkg/src/reconcile/index.js";
import type { JobsFile, JobsRun } from "../../pkg/src/reconcile/jobs.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { BANKS, sample, SETTLEMENTS, shop, STRIPE_REFERENCE } from "../js/reconcile-formats.js";
import { ENGINES, open, type EngineName } from "./reconcile/engines.js";
import { Workers } from "./reconcile/workers.js";

/** Runs in jobs over the files of providers and banks: reconcile-jobs.test.ts has those over generic CSV. */

const KILLS = Number(process.env["RECONCILE_KILLS"] ?? 3);
/** Against hanging, and no measure of how fast a machine has to be. */
const GUARD_MS = 900_000;
const folder = mkdtempSync(join(tmpdir(), "tillproof-formats-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let names = 0;
const nameOf = (engine: EngineName): string => `formats-${engine}-${process.pid}-${(names += 1)}`;

/** A file on the disk, as a job tells it. */
function written(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

type Files = Pick<JobsRun, "ledger" | "settlement" | "bank">;

/** A month with a table of the merchant's own, Stripe's report, and statements in four formats, some of them compressed. */
function month(name: string): Files {
  const { ledger, stripe, bank } = shop(31, 40);
  const columns = { reference: "Auftrag", id: "id", type: "type", amount_minor: "amount_minor", fee_minor: "fee_minor", currency: "currency", occurred_at: "occurred_at" };
  return {
    ledger: [{ place: written(`${name}-books.csv.gz`, gzipSync(ledger.replace("reference", "Auftrag"))), format: "generic", mapping: { columns } }],
    settlement: [
      { place: written(`${name}-stripe.csv`, stripe), format: "stripe", referenceColumn: STRIPE_REFERENCE },
      { place: written(`${name}-adyen.csv`, sample("adyen.csv")), format: "adyen" },
      written(`${name}-more.csv`, "reference,id,amount_minor,currency\norder_more,ch_more,700,EUR\n"),
    ],
    bank: [
      { place: written(`${name}-camt.xml.gz`, gzipSync(bank["camt.053"])), format: "camt.053" },
      { place: written(`${name}-other.sta`, shop(32, 2).bank.mt940.replaceAll("DE02120300000000202051", "DE75512108001245126199")), format: "mt940" },
      { place: written(`${name}-bai2.txt`, sample("bai2.txt", true)), format: "bai2" },
      { place: written(`${name}-ofx.ofx`, sample("ofx1.ofx")), format: "ofx" },
    ],
  };
}

const settings = {
  asOf: Date.UTC(2026, 3, 20), inFlightDays: 3, businessDays: true, holidays: ["2026-03-17"],
  rules: { rules: "ours", version: 2, tolerances: { EUR: { minor: 40 } }, fees: [{ currency: "EUR", percent: "0.1", fixed_minor: "20" }] },
};

/** What `reconcile` is given in one process. */
function single({ ledger, settlement, bank = [] }: Files): ReconcileOptions {
  const sources = (files: readonly (string | JobsFile)[]) =>
    files.map((file) => {
      if (typeof file === "string") return { name: file, data: readFileSync(file) };
      const { place, ...options } = file;
      return readers.source(readFileSync(place), { ...options, name: place });
    });
  return { ledger: sources(ledger), settlement: sources(settlement), bank: sources(bank), ...settings };
}

for (const engine of ENGINES) {
  test(`${engine}: files of providers and banks, and workers killed at them, leave the bytes of a run in one process`, { timeout: GUARD_MS }, async () => {
    const name = nameOf(engine);
    const files = month(name);
    const { reconciler, close } = await open(engine, name, () => assert.fail("nobody works here"), true);
    const workers = new Workers(engine, name, 3, KILLS);
    try {
      const { report, inputs } = await reconciler.run({ run: "march", parts: 5, ...files, ...settings }, { pollMs: 50 });
      assert.equal(workers.killed, KILLS);
      assert.equal(JSON.stringify(report), JSON.stringify(reconcile(single(files))));
      const told = (kind: string): number => report.breaks.filter((one) => one.kind === kind).length;
      // Of camt and MT940, each once; and the control totals of the statement that does not add up.
      assert.deepEqual([told("balance_chain_break"), told("file_gap")], [2, 2]);
      assert.ok(told("file_truncated") > 0 && told("fee_off_contract") > 0 && told("missing_in_bank") > 0);
      const digest = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
      assert.deepEqual(inputs.map(({ sha256 }) => sha256), inputs.map((input) => digest(input.name)), "of the files as they lie there");
      assert.equal(inputs.length, 8);
    } finally {
      await workers.end();
      await close();
    }
  });

  test(`${engine}: matches are told where the run was asked for, as in one process`, { timeout: GUARD_MS }, async () => {
    const name = nameOf(engine);
    const files = month(name);
    const { reconciler, close } = await open(engine, name, (place) => readFile(place));
    const worker = await reconciler.work();
    try {
      const [told, whole]: [Match[], Match[]] = [[], []];
      const { report } = await reconciler.run({ run: "march", parts: 3, ...files, ...settings, onMatch: (match) => void told.push(match) }, { pollMs: 20 });
      assert.equal(JSON.stringify(report), JSON.stringify(reconcile({ ...single(files), onMatch: (match) => void whole.push(match) })));
      assert.deepEqual(told, whole);
      assert.ok(told.length > 100, `${told.length} matches`);
    } finally {
      await worker.stop();
      await close();
    }
  });

  test(`${engine}: a file that is not what its format says is refused in the words of the readers`, { timeout: GUARD_MS }, async () => {
    const name = nameOf(engine);
    const { reconciler, close } = await open(engine, name, (place) => readFile(place));
    const worker = await reconciler.work();
    try {
      for (const [index, [file, format]] of [...SETTLEMENTS, ...BANKS].entries()) {
        const side = readers.formats().find((known) => known.name === format)?.side ?? "settlement";
        // Its beginning, and then what stands in no file of any format.
        const broken = Buffer.concat([sample(file).slice(0, 40), Buffer.from("\0\n<{\n")]);
        const place = written(`${name}-broken-${file}`, broken);
        const run: JobsRun = { run: `broken ${index}`, parts: 1, ledger: [], settlement: [], bank: [], [side]: [{ place, format }] };
        const refusal: unknown = await reconciler.run(run, { pollMs: 5 }).catch((error: unknown) => error);
        assert.throws(() => readers.source(broken, { format, name: place }), (error) => {
          assert.ok(isTillproofError(error) && isTillproofError(refusal), `${file}: ${String(refusal)}`);
          assert.deepEqual(refusal.toJSON(), error.toJSON(), file);
          return true;
        });
      }
    } finally {
      await worker.stop();
      await close();
    }
  });

  test(`${engine}: a format of the other side, and what no reader knows, is refused before anything is queued`, async () => {
    const { reconciler, close } = await open(engine, nameOf(engine), () => "");
    const run: JobsRun = { run: "march", parts: 2, ledger: ["a.csv"], settlement: ["b.csv"] };
    const table: [object, string][] = [
      [{ settlement: [{ place: "b.xml", format: "camt.053" }] }, "option_invalid"],
      [{ bank: [{ place: "b.csv", format: "stripe" }] }, "option_invalid"],
      [{ bank: [{ place: "b.csv", format: "csv", name: "b" }] }, "unknown_option"],
      [{ bank: [{ place: "b.csv", format: "csv", mapping: { column: {} } }] }, "unknown_option"],
      [{ bank: [{ format: "csv" }] }, "text_expected"],
      [{ ledger: [null] }, "argument_invalid"],
      [{ onMatch: "all" }, "argument_invalid"],
    ];
    try {
      for (const [wrong, code] of table) {
        await assert.rejects(reconciler.run({ ...run, ...wrong } as JobsRun), (error: { code?: string }) => (assert.equal(error.code, code, JSON.stringify(wrong)), true));
      }
    } finally {
      await close();
    }
  });
}
