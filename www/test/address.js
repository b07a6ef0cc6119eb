// The story stands in the address: the same for everybody, and harmless whatever somebody writes there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { done, textOf, visit } from "./browser.js";
import { openSite } from "./site.js";

let site;
before(async () => {
  site = await openSite();
});
after(() => site?.close());

async function storyAt(query) {
  const { page, leave } = await visit(site.url + query);
  await done(page, "order");
  const steps = await textOf(page, "#order .stories");
  const seed = await page.$eval('#order input[name="seed"]', ({ value }) => value);
  await leave();
  return { steps, seed };
}

test("an address tells the same story twice, and another seed another one", async () => {
  const query = "?seed=41&orders=slow.webhook-late~webhook-lost.fine";
  const first = await storyAt(query);
  assert.equal(first.seed, "41");
  assert.match(first.steps, /Order 3, €[\d.]+: goes well/);
  assert.deepEqual(await storyAt(query), first);
  assert.notEqual((await storyAt(query.replace("41", "42"))).steps, first.steps);
});

test("a shop that may rely on nothing asks before it sends again", async () => {
  const { steps } = await storyAt("?orders=answer-lost&trust=nothing");
  const [, ours] = steps.split("The same shop with Tillproof");
  assert.match(ours, /parked[\s\S]*asks what became of the order[\s\S]*the card was charged[\s\S]*Settled once, because the gateway was asked/);
  assert.doesNotMatch(ours, /sends it again/);
});

test("a link to a part of the page leads to it", async () => {
  const { page, leave } = await visit(`${site.url}?seed=8#day`);
  await done(page, "day");
  const top = await page.$eval("#day", (part) => part.getBoundingClientRect().top);
  // With some room above it.
  assert.ok(top >= 0 && top < 100, `the part begins at ${top}`);
  await leave();
});

test("an address sets every control, also after a reload", async () => {
  const query = "?seed=19&orders=fine.slow&trust=nothing&rates=1.2.3.4.5.6.7.30&drift=fee.status&policy=at-once";
  const { page, leave } = await visit(site.url + query);
  const told = async () => {
    await done(page, "order");
    return page.evaluate(() => {
      const chosen = (part) => [...document.querySelectorAll(`${part} input:checked`)].map(({ name, value }) => (value === "on" ? name : value));
      return {
        seed: document.querySelector('input[name="seed"]').value,
        trust: chosen("#order").filter((one) => one === "keys" || one === "nothing"),
        next: document.querySelector("#order .primary").textContent,
        rates: [...document.querySelectorAll('#hour input[type="range"]')].map(({ value }) => Number(value)),
        drift: chosen("#day"),
        policy: chosen("#storm"),
      };
    });
  };
  const expected = { seed: "19", trust: ["nothing"], next: "Place order 3", rates: [1, 2, 3, 4, 5, 6, 7, 30], drift: ["fee", "status"], policy: ["at-once"] };
  assert.deepEqual(await told(), expected);
  await page.reload();
  assert.deepEqual(await told(), expected);
  // What is changed stands in the address, and nothing else of it is lost.
  await page.$eval("#day", (part) => part.scrollIntoView());
  await page.click('#day input[name="amount"]');
  await page.waitForFunction(() => location.search.includes("drift=amount.fee.status"));
  assert.equal(new URL(page.url()).search, query.replace("drift=", "drift=amount."));
  await leave();
});

test("what is no story is the first one", async () => {
  const first = await storyAt("");
  for (const query of ["?seed=-1", "?seed=1e9", "?rates=a.b.c&drift=%00", "?seed=%3Cscript%3E"]) {
    assert.deepEqual(await storyAt(query), first, query);
  }
});

test("mishaps nobody knows are left out, and orders beyond the sixth", async () => {
  const { steps } = await storyAt("?orders=fine.fine.fine.fine.fine.earthquake.fine.fine");
  assert.match(steps, /Order 6, €[\d.]+: goes well/);
  assert.doesNotMatch(steps, /Order 7/);
});
