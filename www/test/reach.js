// What a visitor without a mouse reaches and sees, and what moves under the eyes of one who reads: nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { done, expectStill, keepPicture, visit } from "./browser.js";
import { openSite } from "./site.js";

const WINDOWS = [
  ["a desktop", { width: 1280, height: 900, scheme: "light" }],
  ["a tablet", { width: 820, height: 1180, scheme: "light" }],
  ["a phone in the dark", { width: 390, height: 844, scheme: "dark" }],
];

/** More stops than the page has. */
const STOPS_MAX = 300;

const PARTS = ["hour", "books", "day", "webhook", "files", "storm"];

let site;
before(async () => {
  site = await openSite();
});
after(() => site?.close());

/** Goes down the whole page, part by part, until each has what it shows. */
async function readThrough(page) {
  await done(page, "order");
  // The browser forgives what moves after a click or a key; of a scroll it does not.
  await page.evaluate(() => dispatchEvent(new Event("scroll")));
  for (const part of PARTS) {
    await page.$eval(`#${part}`, (element) => element.scrollIntoView());
    if (part === "books") await page.waitForSelector('.balance[data-balances="true"]');
    else if (part === "webhook") await page.waitForFunction(() => document.querySelectorAll("#webhook option").length > 20);
    else if (part !== "files") await done(page, part);
  }
  await page.waitForSelector("#storm .uplot canvas");
}

for (const [name, look] of WINDOWS) {
  test(`on ${name} the Tab key alone reaches every control, and each shows that it has the focus`, async () => {
    const { page, leave } = await visit(site.url, look);
    await readThrough(page);
    await page.evaluate(() => scrollTo(0, 0));
    const unseen = [];
    let stops = 0;
    for (; stops < STOPS_MAX; stops += 1) {
      await page.keyboard.press("Tab");
      const trouble = await page.evaluate(() => {
        const stop = document.activeElement;
        if (stop === null || stop === document.body || stop.dataset.reached !== undefined) return "over";
        stop.dataset.reached = "";
        // A box that covers its chip or its drop zone unseen leaves it to these to show the focus.
        const covered = getComputedStyle(stop).opacity === "0";
        const shown = covered ? [stop.nextElementSibling, stop.closest(".drop")] : [stop];
        const outlined = shown.some((one) => {
          const style = one === null ? undefined : getComputedStyle(one);
          return style?.outlineStyle === "solid" && Number.parseFloat(style.outlineWidth) >= 2;
        });
        const { top, bottom } = stop.getBoundingClientRect();
        const inView = (top + bottom) / 2 > 0 && (top + bottom) / 2 < innerHeight;
        return outlined && inView ? "" : `${stop.outerHTML.slice(0, 120)}: outlined ${outlined}, in view ${inView}`;
      });
      if (trouble === "over") break;
      if (trouble !== "") unseen.push(trouble);
    }
    const missed = await page.evaluate(() => {
      const controls = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']");
      // Of a row of radio buttons the chosen one is a stop; arrows lead to the others. What is folded away is none.
      const isStop = (one) => !one.disabled && (one.type !== "radio" || one.checked) && (one.closest("details") === null || one.matches("summary"));
      return [...controls].filter((one) => isStop(one) && one.dataset.reached === undefined).map((one) => one.outerHTML.slice(0, 120));
    });
    assert.deepEqual(missed, []);
    assert.deepEqual(unseen, []);
    assert.ok(stops > 50 && stops < STOPS_MAX, `${stops} stops`);
    await leave();
  });

  test(`on ${name} nothing moves while the page is read from its top to its end`, async () => {
    const { page, leave } = await visit(site.url, look);
    await readThrough(page);
    await expectStill(page, 0.01);
    // Only now: what is wider than the window while a picture is taken moves.
    await keepPicture(page, `${name.split(" ")[1]}-${look.scheme}-end`, "end");
    await leave();
  });

  test(`on ${name} each link at the top leads to its part, also past parts that nobody has seen`, async () => {
    const { page, leave } = await visit(site.url, look);
    await done(page, "order");
    await page.waitForSelector("footer");
    for (const part of PARTS.toReversed()) {
      await page.click(`nav a[href="#${part}"]`);
      if (part === "storm") await page.waitForSelector("#storm .uplot canvas");
      const top = await page.$eval(`#${part}`, (element) => element.getBoundingClientRect().top);
      assert.ok(top >= 0 && top < 130, `${part} begins at ${top}`);
      await page.evaluate(() => scrollTo(0, 0));
    }
    await leave();
  });
}
