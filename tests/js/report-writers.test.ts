import assert from "node:assert/strict";
import { createHash, createHmac, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { test } from "node:test";

import { progress } from "../../pkg/src/cli/progress.js";
import { SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH } from "../../pkg/src/reconcile/page-parts.js";
import { canonicalJson } from "../../pkg/src/reconcile/proof.js";
import {
  proofInput, proofOf, reconcile, toCsv, toHtml, totalsOf, verifyProof, type Proof, type Report, type Totals,
} from "../../pkg/src/reconcile/index.js";

const HEADER = "id,reference,type,amount_minor,fee_minor,currency,occurred_at\n";
const row = (id: string, type: string, amount: number, fee: number, currency = "EUR"): string => `${id},order_${id},${type},${amount},${fee},${currency},2026-03-01T00:00:00Z\n`;
const LEDGER = HEADER + row("1", "charge", 1_000, 30) + row("2", "charge", 2_000, 60) + row("3", "refund", 500, 0) + row("4", "charge", 700, 20, "USD");
const SETTLEMENT = HEADER + row("1", "charge", 1_000, 35) + row("3", "refund", 450, 0) + row("4", "charge", 700, 20, "USD") + row("5", "charge", 90, 1);
const asOf = Date.UTC(2026, 2, 20);
const REPORT = reconcile({ ledger: LEDGER, settlement: SETTLEMENT, asOf });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const totals = (report: Report, ledger: string, settlement: string, bank?: string): Promise<Totals> =>
  totalsOf(report, {
    ledger: [{ name: "ledger.csv", data: bytes(ledger) }],
    settlement: [{ name: "settlement.csv", data: bytes(settlement) }],
    bank: bank === undefined ? [] : [{ name: "bank.csv", data: bytes(bank) }],
    columns: {},
  });

test("each side is added up by what its rows do to the balance, and the way between them adds up to the cent", async () => {
  const { ledger, settlement, bridges } = await totals(REPORT, LEDGER, SETTLEMENT);
  assert.deepEqual(ledger, {
    EUR: { rows: 3, gross_minor: "2500", fee_minor: "90", net_minor: "2410" },
    USD: { rows: 1, gross_minor: "700", fee_minor: "20", net_minor: "680" },
  });
  assert.deepEqual(settlement["EUR"], { rows: 3, gross_minor: "640", fee_minor: "36", net_minor: "604" });
  const [euro, dollar] = bridges;
  assert.deepEqual(euro?.steps.map(({ kind, difference_minor }) => [kind, difference_minor]), [
    ["missing_in_settlement", "-1940"], ["missing_in_mirror", "89"], ["amount_mismatch", "50"], ["fee_mismatch", "-5"],
  ]);
  assert.deepEqual([dollar?.currency, dollar?.steps, dollar?.to_minor], ["USD", [], "680"]);
  for (const { from_minor, steps, to_minor } of bridges) {
    assert.equal(steps.reduce((sum, { difference_minor }) => sum + BigInt(difference_minor), BigInt(from_minor)), BigInt(to_minor));
  }
});

test("a table whose columns have other names is added up whatever separates them", async () => {
  for (const mark of [",", ";", "\t"]) {
    const table = (name: string, rows: readonly string[][]): Uint8Array => bytes([[name, "total", '"currency"', "when"], ...rows].map((row) => row.join(mark)).join("\n"));
    const ledger = table("order", [["1", "10.50", "EUR", "2026-03-01T00:00:00Z"]]);
    const settlement = table("order", [["1", "10.40", "EUR", "2026-03-01T00:00:00Z"]]);
    const names = { reference: "order", amount: "total", occurred_at: "when" };
    const columns = { ledger: names, settlement: names };
    const report = reconcile({ ledger: { name: "l.csv", data: ledger }, settlement: { name: "s.csv", data: settlement }, columns, asOf });
    const found = await totalsOf(report, { ledger: [{ name: "l.csv", data: ledger }], settlement: [{ name: "s.csv", data: settlement }], bank: [], columns });
    assert.deepEqual(found.bridges.map(({ from_minor, to_minor, steps }) => [from_minor, to_minor, steps.map(({ kind }) => kind)]), [["1050", "1040", ["amount_mismatch"]]], mark);
  }
});

test("what no break accounts for is a step of its own, so that a bridge never lies", async () => {
  const inFlight = LEDGER + "9,order_9,charge,100,0,EUR,2026-03-20T00:00:00Z\n";
  const { bridges } = await totals(reconcile({ ledger: inFlight, settlement: SETTLEMENT, asOf }), inFlight, SETTLEMENT);
  assert.deepEqual(bridges[0]?.steps.at(-1), { kind: "unexplained", count: 0, difference_minor: "-100" });
});

test("the CSV has a line for each break, and no cell of it is a formula", () => {
  const evil = ["=HYPERLINK(\"http://evil\")", "+1+1", "-2+3", "@SUM(A1)", "|cmd", "%0A"];
  const rows = evil.map((reference, index) => `${index},"${reference.replaceAll('"', '""')}",charge,100,0,EUR,2026-03-01T00:00:00Z\n`);
  const report = reconcile({ ledger: HEADER + rows.join(""), settlement: HEADER, asOf });
  const lines = toCsv(report).trimEnd().split("\r\n");
  assert.equal(lines.length, report.breaks.length + 1);
  for (const reference of evil) assert.ok(toCsv(report).includes(`'${reference.replaceAll('"', '""')}`), reference);
  for (const line of lines) assert.doesNotMatch(line, /(?:^|,)"?[=+@|%\t]/);
  const fee = toCsv(REPORT).split("\r\n").find((line) => line.includes("fee_mismatch")) ?? "";
  assert.match(fee, /,EUR,30,35,5,19,ledger\.csv:2,settlement\.csv:2,,/);
  assert.match(toCsv(REPORT), /,-2000?,|,-\d+,|,450,-50,/, "amounts stay numbers");
  assert.throws(() => toCsv({} as Report), { code: "report_invalid" });
});

test("the page carries all it needs, allows itself alone, and shows what files said as text", async () => {
  for (const [text, hash] of [[STYLE, STYLE_HASH], [SCRIPT, SCRIPT_HASH]] as const) {
    assert.equal(`sha256-${createHash("sha256").update(text).digest("base64")}`, hash);
  }
  const evil = `<img src=x onerror=alert(1)>"'&`;
  const ledger = HEADER + `1,"${evil.replaceAll('"', '""')}",charge,100,0,EUR,2026-03-01T00:00:00Z\n`;
  const page = toHtml(reconcile({ ledger, settlement: HEADER, asOf }), { title: "</title><script>" });
  assert.ok(!page.includes("<img") && !page.includes("</title><script>"));
  const whole = toHtml(REPORT, { totals: await totals(REPORT, LEDGER, SETTLEMENT) });
  assert.match(whole, /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'">/);
  for (const asking of [/https?:/, /\ssrc=/, /<link/, /url\(/, /@import/, /\sstyle=/, /\son\w+=/]) assert.doesNotMatch(whole, asking);
  assert.match(whole, /From your books to the settlement, EUR/);
  assert.match(whole, /<th scope="row">fee_mismatch \(1\)<\/th><td class="n">\u22120\.05 EUR<\/td>/);
  assert.equal(whole.match(/<tr id="b-/g)?.length, REPORT.breaks.length);
  assert.match(whole, /<th scope="row">8 to 30 days<\/th><td class="n">4<\/td>/);
  assert.throws(() => toHtml({} as Report), { code: "report_invalid" });
});

test("a page of very many breaks tells of all of them, and lists the worst of each kind", () => {
  const rows = Array.from({ length: 6_000 }, (_, at) => `r${at},100,EUR,2026-03-01T00:00:00Z\n`).join("");
  const head = "reference,amount_minor,currency,occurred_at\n";
  const report = reconcile({ ledger: `${head}${rows}wrong,100,EUR,2026-03-01T00:00:00Z\n`, settlement: `${head}wrong,250,EUR,2026-03-01T00:00:00Z\n`, asOf });
  const page = toHtml(report);
  assert.equal(page.match(/<tr id="b-/g)?.length, 5_000);
  assert.equal(page.match(/data-kind="amount_mismatch"/g)?.length, 1, "a rare kind is listed");
  assert.match(page, /<p>The worst 5000 of 6001 are listed, of each kind some\. The CSV of the report has all of them\.<\/p>/);
  assert.match(page, /<th scope="row">missing_in_settlement<\/th><td class="n">6000<\/td>/);
  const first = report.breaks.filter(({ kind }) => kind === "missing_in_settlement").slice(0, 4_999);
  for (const { id } of first) assert.ok(page.includes(`<tr id="b-${id}"`), "the worst, not any");
  assert.doesNotMatch(toHtml(REPORT), /are listed/);
});

test("amounts on the page are those of the currency, whatever its decimals and however large", () => {
  const rows = [["JPY", "1234", "1\u202f234 JPY"], ["KWD", "1234", "1.234 KWD"], ["EUR", "9007199254740993", "90\u202f071\u202f992\u202f547\u202f409.93 EUR"], ["EUR", "5", "0.05 EUR"]];
  for (const [currency, minor, shown] of rows) {
    const ledger = `reference,amount_minor,currency,occurred_at\nx,${minor},${currency},2026-03-01T00:00:00Z\n`;
    assert.ok(toHtml(reconcile({ ledger, settlement: "reference,amount_minor,currency\n", asOf })).includes(`<td class="n">${shown}</td>`), shown);
  }
});

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  for (const letter of text) yield bytes(letter);
}

const inputs = await Promise.all([proofInput("ledger", "ledger.csv", LEDGER), proofInput("settlement", "settlement.csv", pieces(SETTLEMENT))]);

test("a file has one digest, whole or in pieces", () => {
  const [ledger, settlement] = inputs;
  assert.equal(ledger?.sha256, createHash("sha256").update(LEDGER).digest("hex"));
  assert.deepEqual(settlement, { side: "settlement", name: "settlement.csv", bytes: SETTLEMENT.length, sha256: createHash("sha256").update(SETTLEMENT).digest("hex") });
});

test("a proof that was signed is verified by its key, and by nothing else", async () => {
  const { privateKey, publicKey } = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  const hmac = await crypto.subtle.importKey("raw", Uint8Array.from(bytes("secret")), { name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]);
  const options = { inputs, now: asOf, totals: await totals(REPORT, LEDGER, SETTLEMENT), ledgerRoot: { root: "00".repeat(32), day: "2026-03-01", to: 4 } };
  const [signed, sealed, bare] = await Promise.all([
    proofOf(REPORT, { ...options, key: privateKey, keyId: "2026" }), proofOf(REPORT, { ...options, key: hmac }), proofOf(REPORT, options),
  ]);
  assert.equal((await verifyProof(signed, { key: publicKey, inputs: [...inputs].reverse(), report: REPORT })).valid, true);
  assert.equal((await verifyProof(JSON.parse(JSON.stringify(sealed)) as Proof, { key: hmac })).valid, true);
  // Anybody can check it with what every language has.
  const text = bytes(canonicalJson(signed.statement));
  const pem = Buffer.from(await crypto.subtle.exportKey("spki", publicKey));
  assert.equal(verify(null, text, createPublicKey({ key: pem, format: "der", type: "spki" }), Uint8Array.from(Buffer.from(signed.signature?.value ?? "", "base64"))), true);
  assert.equal(sealed.signature?.value, createHmac("sha256", "secret").update(canonicalJson(sealed.statement)).digest("base64"));

  const change = (proof: Proof, part: object): Proof => ({ ...proof, statement: { ...proof.statement, ...part } });
  const other = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair).publicKey;
  const [first] = inputs;
  const table: [Proof, Parameters<typeof verifyProof>[1], string][] = [
    [bare, { key: publicKey }, "proof_not_signed"],
    [signed, { key: hmac }, "proof_algorithm_other"],
    [signed, { key: other }, "proof_signature_wrong"],
    [change(signed, { made_at: "2026-01-01T00:00:00.000Z" }), { key: publicKey }, "proof_signature_wrong"],
    [change(signed, { result: { ...signed.statement.result, breaks: 0 } }), { key: publicKey }, "proof_signature_wrong"],
    [{ ...signed, signature: { ...signed.signature!, value: "not base64!" } }, { key: publicKey }, "proof_signature_wrong"],
    [signed, { key: publicKey, inputs: [await proofInput("ledger", "ledger.csv", `${LEDGER}\n`)] }, "proof_input_differs"],
    [signed, { key: publicKey, inputs: [first!] }, "proof_input_differs"],
    [signed, { key: publicKey, report: { ...REPORT, breaks: [] } }, "proof_report_differs"],
  ];
  for (const [proof, given, code] of table) {
    const found = await verifyProof(proof, given);
    assert.equal(found.valid ? "valid" : found.code, code);
  }
});

test("what a statement says follows from the run alone, and its canonical form from nothing but its members", async () => {
  const { statement } = await proofOf(REPORT, { inputs, now: asOf });
  assert.deepEqual([statement.made_at, statement.result.breaks, statement.ledger, statement.totals], ["2026-03-20T00:00:00.000Z", 4, null, null]);
  assert.ok(statement.rules.passes.every((pass) => /@\d+$/.test(pass)), statement.rules.passes.join());
  assert.equal(canonicalJson({ b: [1, "é", null], a: { d: true, c: undefined } }), '{"a":{"d":true},"b":[1,"é",null]}');
});

test("a key that cannot sign is refused", async () => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const rsa = await crypto.subtle.importKey("spki", Uint8Array.from(publicKey.export({ type: "spki", format: "der" })), { name: "RSA-PSS", hash: "SHA-256" }, true, ["verify"]);
  await assert.rejects(proofOf(REPORT, { inputs, key: rsa }), { code: "proof_key_unusable" });
  await assert.rejects(verifyProof({ statement: {} as Proof["statement"], signature: { algorithm: "Ed25519", key_id: null, value: "" } }, { key: rsa }), { code: "proof_key_unusable" });
});

test("a bar goes to terminals alone, and nothing of it stays", () => {
  const written = (isTTY: boolean): string => {
    let text = "";
    let now = 0;
    const bar = progress("adding up", 10, { isTTY, write: (more: string) => (text += more) }, () => (now += 1_000));
    [1, 4, 5].forEach(bar.more);
    bar.end();
    return text;
  };
  assert.equal(written(false), "");
  assert.match(written(true), /^\radding up \[###\s+\]  10 %\radding up \[#{15} +\]  50 %\radding up \[#{30}\] 100 %\r\u001b\[K$/);
});

const PAYOUTS = [["po_1", "275"], ["po_2", "200"], ["po_3", "300"], ["po_4", "400"], ["po_5", "500"]] as const;
/** What came of them at the bank. */
const STATEMENT = "id,reference,amount_minor,currency,booked_at\n" +
  [["b1", "po_1", "260", "EUR"], ["b2", "po_2", "200", "EUR"], ["b3", "po_2", "200", "EUR"], ["b4", "po_3", "310", "USD"], ["b6", "po_5", "500", "EUR"], ["b6", "po_5", "500", "EUR"], ["b7", "payout_9", "90", "EUR"]]
    .map((cells) => `${cells.join(",")},2026-03-02\n`).join("");

test("the way to the bank has what each payout lacks or has too much, and no whole payouts", async () => {
  const header = `${HEADER.trimEnd()},payout_id\n`;
  const lines = PAYOUTS.map(([payout, amount], at) => `c${at},order_${at},charge,${Number(amount) + 5},5,EUR,2026-03-01T00:00:00Z,${payout}\n`).join("");
  const payouts = PAYOUTS.map(([payout, amount]) => `${payout},${payout},payout,${amount},,EUR,2026-03-01T12:00:00Z,${payout}\n`).join("");
  // Payouts that only their lines tell of, and such as have a row of their own.
  for (const settlement of [header + lines, header + lines + payouts]) {
    const report = reconcile({ ledger: header + lines, settlement, bank: STATEMENT, asOf });
    const { bridges } = await totals(report, header + lines, settlement, STATEMENT);
    const toBank = bridges.filter(({ to }) => to === "bank");
    const [euro, dollar] = toBank.map(({ from_minor, steps, to_minor }) => [from_minor, steps.map(({ kind, difference_minor }) => [kind, difference_minor]), to_minor]);
    assert.deepEqual(euro, ["1675", [["duplicate_record_b", "700"], ["missing_in_bank", "-400"], ["currency_mismatch", "-300"], ["unexpected_bank_entry", "90"], ["bank_charge", "-15"]], "1750"]);
    assert.deepEqual(dollar, ["0", [["currency_mismatch", "310"]], "310"]);
  }
});
