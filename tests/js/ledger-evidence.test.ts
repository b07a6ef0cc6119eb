import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import {
  Ledger,
  templates,
  toBeancount,
  toHledger,
  type EntryInput,
} from "../../pkg/src/ledger/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";

const DAY = 86_400_000;
const MIDNIGHT = Date.parse("2026-03-01T00:00:00Z");
const folder = mkdtempSync(join(tmpdir(), "tillproof-ledger-"));
after(() => rmSync(folder, { recursive: true }));

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => isTillproofError(error) && error.code === code;
}

/** Nine days of all sorts of entries, in three currencies of three scales. */
async function filled(): Promise<Ledger> {
  const ledger = await Ledger.open({ store: memoryStore() });
  const entries: EntryInput[] = [];
  for (let number = 0; number < 27; number += 1) {
    const at = MIDNIGHT + number * (DAY / 3);
    const currency = ["EUR", "JPY", "KWD"][number % 3] ?? "EUR";
    const event = { gateway: "native_2.eu", currency, occurredAt: at, recordedAt: at, cause: `evt;${number}` };
    const amount = 1_000 * (number + 1) + 7;
    entries.push(
      templates.charge({ ...event, id: `charge:${number}`, reference: `order "${number}", of two`, amount, fee: 31, description: 'a "sale"; with | all, of it \\' }),
      templates.fundsAvailable({ ...event, id: `available:${number}`, amount: amount - 31, follows: `charge:${number}` }),
      templates.payout({ ...event, id: `payout:${number}`, payoutId: `po_${number}`, amount: 500 }),
      templates.authorization({ ...event, id: `hold:${number}`, authorization: `pi_${number}`, amount: 77, expiresAt: at + DAY }),
    );
  }
  entries.push(
    templates.conversion({ id: "fx", gateway: "native_2.eu", currency: "EUR", amount: 85, boughtCurrency: "JPY", bought: 138, occurredAt: MIDNIGHT, recordedAt: MIDNIGHT + 9 * DAY, cause: "evt" }),
  );
  await ledger.postAll(entries);
  return ledger;
}

/** A program of accountants, or the reason why its test is skipped. */
function missing(program: string): string | false {
  return spawnSync(program, ["--version"]).error === undefined ? false : `${program} is not installed`;
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  assert.equal(status, 0, `${program} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

test("a third party checks that an entry stands in a day, with the twenty lines of the page", async () => {
  const ledger = await filled();
  const page = readFileSync("docs/ledger.md", "utf8");
  const script = /```js proof-check.mjs\n([^]*?)```/.exec(page)?.[1] ?? "";
  const code = script.split("\n").filter((line) => line !== "" && !line.startsWith("//"));
  assert.ok(code.length <= 21, `${code.length} lines`);
  writeFileSync(join(folder, "proof-check.mjs"), script);
  const check = (proof: object, root: string): number | null => {
    writeFileSync(join(folder, "proof.json"), JSON.stringify(proof));
    return spawnSync(process.execPath, [join(folder, "proof-check.mjs"), join(folder, "proof.json"), root]).status;
  };
  const roots = new Map(ledger.dayRoots().map(({ day, root }) => [day, root]));
  assert.deepEqual([...roots.keys()], ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"].map((day) => `2026-03-${day}`));
  for (const id of ["charge:0", "hold:2", "payout:13", "available:26", "fx"]) {
    const proof = ledger.proof(id);
    assert.ok(proof !== null && proof.line.includes(id));
    assert.equal(proof.root, roots.get(proof.day));
    assert.equal(check(proof, proof.root), 0, id);
    assert.equal(check({ ...proof, line: proof.line.replace("evt", "evT") }, proof.root), 1, id);
    assert.equal(check({ ...proof, path: [...proof.path, proof.root] }, proof.root), 1, id);
    if (proof.size > 1) assert.equal(check({ ...proof, index: (proof.index + 1) % proof.size }, proof.root), 1, id);
  }
  assert.equal(ledger.proof("no such entry"), null);
});

test("a root of a day that is over stays as it is, whatever is posted later", async () => {
  const ledger = await filled();
  const before = ledger.dayRoots();
  const late = templates.charge({ id: "late", gateway: "x", reference: "r", amount: 1, currency: "EUR", occurredAt: MIDNIGHT, recordedAt: MIDNIGHT, cause: "evt" });
  await ledger.post(late);
  const now = ledger.dayRoots();
  assert.deepEqual(now.slice(0, -1), before.slice(0, -1));
  assert.notEqual(now.at(-1)?.root, before.at(-1)?.root);
});

test("hledger accepts the journal and reports the same balances", { skip: missing("hledger") }, async () => {
  const ledger = await filled();
  const file = join(folder, "books.journal");
  writeFileSync(file, toHledger(ledger));
  run("hledger", ["-f", file, "check", "--strict"]);
  const shown = run("hledger", ["-f", file, "balance", "--flat", "--empty", "--no-total", "-O", "csv"]);
  const rows = shown.trim().split("\n").slice(1).map((row) => row.slice(1, -1).split('","'));
  const found = new Map(rows.map(([account = "", amounts = ""]) => [account, new Set(amounts.split(", ").filter((amount) => !/^0(\.0+)? /.test(amount)))]));
  compare(ledger, (account, amount) => found.get(account)?.has(amount) ?? false, found.size);
  writeFileSync(file, toHledger(ledger).replace(/(order|EUR) = (-?[1-9])/, "$1 = 1$2"));
  assert.notEqual(spawnSync("hledger", ["-f", file, "check"]).status, 0);
});

test("bean-check accepts the journal and finds every balance", { skip: missing("bean-check") }, async () => {
  const ledger = await filled();
  const file = join(folder, "books.beancount");
  const journal = toBeancount(ledger);
  writeFileSync(file, journal);
  run("bean-check", [file]);
  const balances = ledger.trialBalance().flatMap(({ accounts }) => accounts);
  assert.equal(journal.match(/^2026-03-10 balance /gm)?.length, balances.length);
  writeFileSync(file, journal.replace(/(2026-03-10 balance Income:Sales +)/, "$11"));
  assert.notEqual(spawnSync("bean-check", [file]).status, 0);
});

/** Every balance that is not zero stands in the report, with the decimals of its currency, and no account is missing. */
function compare(ledger: Ledger, reports: (account: string, amount: string) => boolean, accounts: number): void {
  const names = new Set<string>();
  for (const { currency, exponent, accounts: rows } of ledger.trialBalance()) {
    for (const { account, debits, credits } of rows) {
      names.add(account);
      const minor = debits - credits;
      if (minor === 0n) continue;
      const digits = String(minor < 0n ? -minor : minor).padStart(exponent + 1, "0");
      const decimal = exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
      const amount = `${minor < 0n ? "-" : ""}${decimal} ${currency}`;
      assert.ok(reports(account, amount), `${account}: ${amount}`);
    }
  }
  assert.equal(accounts, names.size);
}

test("the journal comes back from JSON Lines, whole or in parts that follow each other", async () => {
  const ledger = await filled();
  const store = memoryStore();
  const mirror = await Ledger.open({ store });
  assert.equal(await mirror.importJournal(ledger.toJsonLines()), ledger.length);
  assert.equal(await mirror.importJournal(ledger.journal()), 0);
  assert.deepEqual((await Ledger.open({ store })).trialBalance(), ledger.trialBalance());
});

test("a journal that was changed, or is another one, is not taken over", async () => {
  const ledger = await filled();
  const lines = ledger.journal();
  const mirror = await Ledger.open();
  const changed = lines.map((line, index) => (index === 5 ? line.replace("evt", "evT") : line));
  await assert.rejects(mirror.importJournal(changed), hasCode("journal_broken"));
  assert.equal(mirror.length, 0);
  await mirror.importJournal(lines.slice(0, 3));
  const other = await Ledger.open();
  await other.post(templates.charge({ id: "other", gateway: "x", reference: "r", amount: 1, currency: "EUR", occurredAt: 1, recordedAt: 1, cause: "evt" }));
  await assert.rejects(mirror.importJournal(other.journal()), hasCode("journal_broken"));
  assert.equal(mirror.length, 3);
});
