// Every story, told at each width and in each colour scheme.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { closeBrowser, done, drop, expectAccessible, goTo, keepPicture, press, textOf, visit } from "./browser.js";
import { openSite } from "./site.js";

const WINDOWS = [
  { name: "desktop-light", width: 1280, height: 900, scheme: "light" },
  { name: "desktop-dark", width: 1280, height: 900, scheme: "dark" },
  { name: "phone-light", width: 390, height: 844, scheme: "light" },
  { name: "phone-dark", width: 390, height: 844, scheme: "dark" },
];

let site;
before(async () => {
  site = await openSite();
});
after(async () => {
  await closeBrowser();
  await site?.close();
});

for (const { name, ...look } of WINDOWS) {
  describe(`in a window of ${name}`, () => {
    let visitor;
    let page;
    before(async () => {
      visitor = await visit(site.url, look);
      ({ page } = visitor);
      await done(page, "order");
      await keepPicture(page, `${name}-first-view`);
    });
    after(() => visitor.leave());

    test("a lost answer costs the usual shop a double charge, and the other one nothing", async () => {
      assert.match(await textOf(page, '[data-shop="naive"] .score'), /charged twice\s+1 · €53\.90/);
      assert.match(await textOf(page, '[data-shop="tillproof"] .total'), /€0\.00/);
      assert.match(await textOf(page, '[data-shop="tillproof"] .steps'), /parked[\s\S]*same key[\s\S]*replayed[\s\S]*settled/);
    });

    test("a forged and a repeated webhook are believed by one shop, refused and dropped by the other", async () => {
      await page.click('#order input[name="webhook-twice"]');
      await press(page, "order", "Place order 2");
      await page.waitForFunction(() => document.querySelector('[data-shop="tillproof"] .steps').innerText.includes("Order 2"));
      assert.match(await textOf(page, '[data-shop="naive"] .steps'), /sent out once more/);
      const ours = await textOf(page, '[data-shop="tillproof"] .steps');
      assert.match(ours, /Dropped as a duplicate/);
      assert.match(ours, /signature does not hold\. Refused/);
      assert.match(await textOf(page, '[data-shop="tillproof"] .total'), /€0\.00/);
      assert.match(page.url(), /orders=answer-lost\.webhook-twice~webhook-forged/);
      await keepPicture(page, `${name}-order`, "order");
    });

    test("time can be turned back step by step", async () => {
      const hidden = () => page.$$eval('#order .step[data-hidden="true"]', (steps) => steps.length);
      assert.equal(await hidden(), 0);
      await page.click('#order [aria-label="One step back"]');
      assert.ok((await hidden()) > 0);
      await page.click('#order [aria-label="One step on"]');
      assert.equal(await hidden(), 0);
    });

    test("a slider makes the hour worse for one shop alone", async () => {
      await goTo(page, "hour");
      await done(page, "hour");
      const before = await textOf(page, '#hour [data-shop="naive"] .total');
      await page.focus('#hour input[name="rate-answer-lost"]');
      await page.keyboard.press("End");
      await page.waitForFunction((old) => document.querySelector('#hour [data-shop="naive"] .total').innerText !== old, {}, before);
      await done(page, "hour");
      assert.match(await textOf(page, '#hour [data-shop="naive"] .total'), /€[1-9]/);
      assert.match(await textOf(page, '#hour [data-shop="tillproof"] .total'), /€0\.00/);
      assert.match(page.url(), /rates=30\./);
      await keepPicture(page, `${name}-hour`, "hour");
    });

    test("the books balance, account by account", async () => {
      await goTo(page, "books");
      assert.match(await textOf(page, "#books .balance"), /Debits (€[\d,.]+), credits \1: they balance to the cent/);
      const sums = await page.$$eval("#books tfoot tr:first-child td", (cells) => cells.map(({ innerText }) => Number(innerText.replace(/[^\d]/g, ""))));
      assert.equal(sums.length, 12);
      const side = (at) => sums.filter((_, index) => index % 2 === at).reduce((sum, one) => sum + one, 0);
      assert.equal(side(0), side(1));
      assert.ok(side(0) > 0);
      await keepPicture(page, `${name}-books`, "books");
    });

    test("every mistake put into the settlement is found, and nothing else is reported", async () => {
      await goTo(page, "day");
      for (const box of ["fee", "twice", "foreign", "status"]) await page.click(`#day input[name="${box}"]`);
      await page.waitForFunction(() => /6 of 6 injected mistakes found, 0 false alarms/.test(document.querySelector("#day .status").innerText));
      assert.equal((await page.$$("#day .breaks tbody tr")).length, 6);
      assert.equal((await page.$$("#day .breaks .tag")).length, 6);
      await keepPicture(page, `${name}-day`, "day");
    });

    test("a webhook is diagnosed where it was pasted", async () => {
      await goTo(page, "webhook");
      await page.waitForFunction(() => document.querySelectorAll("#webhook option").length > 20);
      const cases = [
        ["genuine", "genuine", /charge\.succeeded with the id evt_1/],
        ["wrong-secret", "refused", /signature_mismatch/],
        ["old", "refused", /timestamp/],
        ["reserialised", "refused", /parsed and written again[\s\S]*body_reserialised/],
      ];
      for (const [example, verdict, words] of cases) {
        await page.$eval('#webhook input[name="secret"]', (field) => field.dispatchEvent(new Event("input", { bubbles: true })));
        await page.click(`[data-example="${example}"]`);
        await page.waitForSelector(`.finding[data-verdict="${verdict}"]`);
        assert.match(await textOf(page, ".finding"), words);
      }
      await keepPicture(page, `${name}-webhook`, "webhook");
      await page.$eval('#webhook input[name="secret"]', (field) => {
        field.value = "";
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
      await press(page, "webhook", "Verify");
      await page.waitForSelector('.finding[data-verdict="unreadable"]');
    });

    test("files are reconciled where they are, and one that cannot be read is named with its place", async () => {
      await goTo(page, "files");
      await press(page, "files", "Use the files of the week");
      await page.waitForSelector("#files .breaks");
      assert.match(await textOf(page, "#files .answer"), /6 breaks[\s\S]*of the bank/);
      await drop(page, "settlement", "settlement.csv", "reference,amount_minor,currency\norder-1,12.5,EUR\n");
      // What was said of another file goes.
      await page.waitForFunction(() => document.querySelector("#files .breaks") === null);
      await press(page, "files", "Reconcile");
      await page.waitForSelector("#files .trouble");
      assert.match(await textOf(page, "#files .trouble"), /settlement\.csv, line 2/);
      await keepPicture(page, `${name}-files-unreadable`, "files");
    });

    test("books, a provider's report and a bank's table are held against each other, and what each was read as is shown", async () => {
      await press(page, "files", "Try an Adyen report");
      await page.waitForFunction(() => document.querySelectorAll("#files .breaks tbody tr").length === 3);
      assert.match(await textOf(page, "#files .breaks"), /bank charge[\s\S]*kontoauszug\.csv, line 4[\s\S]*amount mismatch[\s\S]*fee mismatch/);
      assert.match(await textOf(page, '#files [aria-label="settlement-detail-report.csv"]'), /Recognised as Adyen settlement details by the columns Psp Reference/);
      assert.match(await textOf(page, '#files [aria-label="kontoauszug.csv"]'), /guessed[\s\S]*booked_at\s+Buchungstag/);
      await keepPicture(page, `${name}-files`, "files");
    });

    test("nothing is read by a guess before its gaps are filled, and a file on the wrong side is told", async () => {
      const button = () => page.$eval("#files .primary", (element) => element.disabled);
      const hint = () => textOf(page, "#files .controls .hint");
      await page.click('[aria-label="Remove kontoauszug.csv"]');
      const table = "Buchungstag;Begünstigter;Verwendungszweck;Referenz;Soll;Haben\n05.03.2026;Adyen;Auszahlung;TX61 batch 61, BookshopEU;;262,28\n";
      await drop(page, "bank", "april.csv", Buffer.from(table, "latin1"));
      assert.match(await textOf(page, '#files [aria-label="april.csv"]'), /is not utf-8/);
      assert.equal(await button(), true);
      await page.select('#files select[name="bank-encoding"]', "windows-1252");
      await page.waitForSelector('#files input[name="bank-currency"]');
      assert.match(await hint(), /the currency of april\.csv/);
      assert.equal(await button(), true);
      await page.type('#files input[name="bank-currency"]', "eur");
      assert.equal(await button(), false);
      await press(page, "files", "Reconcile");
      await page.waitForFunction(() => document.querySelectorAll("#files .breaks tbody tr").length === 2);
      await drop(page, "settlement", "march.sta", ":20:1\n:25:DE02\n:28C:1\n:60F:C260304EUR0,00\n:62F:C260304EUR0,00\n");
      assert.match(await textOf(page, '#files [aria-label="march.sta"]'), /Seems to be a file of your bank \(mt940\)/);
      assert.equal(await button(), true);
      await page.click('[aria-label="Remove march.sta"]');
      assert.equal(await button(), false);
    });

    test("a storm is drawn for each policy, and ours serves everybody", async () => {
      await goTo(page, "storm");
      await page.waitForSelector("#storm .uplot canvas");
      const cases = [
        ["at-once", /^Three times, at once[\s\S]*never/],
        ["every-second", /^Every second[\s\S]*100\.0 %/],
        ["full-jitter", /^Doubling, full jitter[\s\S]*100\.0 %/],
        ["doubling", /^Doubling from 1 s[\s\S]*never/],
      ];
      for (const [policy, figures] of cases) {
        await page.click(`#storm input[value="${policy}"]`);
        await page.waitForFunction((pattern) => new RegExp(pattern).test(document.querySelector("#storm .figures tbody tr").innerText), {}, figures.source);
        await done(page, "storm");
        assert.match(page.url(), new RegExp(`policy=${policy}$`));
      }
      assert.match(await textOf(page, "#storm .figures tbody tr:last-child"), /Tillproof[\s\S]*100\.0 %/);
      await keepPicture(page, `${name}-storm`, "storm");
    });

    test("nothing is wider than the window, and axe finds nothing wrong", async () => {
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= look.width);
      await expectAccessible(page);
    });
  });
}
