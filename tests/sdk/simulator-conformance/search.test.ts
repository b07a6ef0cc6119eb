/** Searches: their language, their pages, and when they find what is new. */

import assert from "node:assert/strict";

import type Stripe from "stripe";

import { category, refused } from "./lab.js";

const idsOf = (list: { data: readonly { id: string }[] }) => list.data.map(({ id }) => id);

category("search", (check) => {
  check("intents are found by metadata", async (lab) => {
    const mine = await lab.pay(1_000, { metadata: { search_for: "needle" } });
    const query = 'metadata["search_for"]:"needle"';
    const found = await lab.eventually(async () => {
      const result: Stripe.ApiSearchResult<Stripe.PaymentIntent> = await lab.stripe.paymentIntents.search({ query });
      return result.data.find(({ id }) => id === mine.id) && result;
    }, 60);
    assert.equal((found as { object: string }).object, "search_result");
    assert.equal(found.has_more, false);
  });

  check("parts of a search are joined by AND", async (lab) => {
    const mine = await lab.pay(4_321, { metadata: { search_and: "x" } });
    await lab.advance(120);
    const query = 'status:"succeeded" AND amount>4320 AND metadata["search_and"]:"x"';
    const { data } = await lab.stripe.paymentIntents.search({ query });
    assert.deepEqual(data.map(({ id }) => id), [mine.id]);
    const none = await lab.stripe.paymentIntents.search({ query: query.replace("succeeded", "canceled") });
    assert.deepEqual(none.data, []);
  });

  check("charges are found by amount and by payment", async (lab) => {
    const payment = await lab.pay(7_331);
    await lab.advance(120);
    const { data } = await lab.stripe.charges.search({ query: "amount:7331 AND status:'succeeded'" });
    assert.deepEqual(data.map(({ id }) => id), [payment.latest_charge]);
  });

  check("customers are found by email and by a part of their name", async (lab) => {
    const { id } = await lab.stripe.customers.create({ email: "needle@example.com", name: "Haystack Needleworth" });
    await lab.advance(120);
    for (const query of ['email:"needle@example.com"', 'name~"needlew"']) {
      assert.deepEqual((await lab.stripe.customers.search({ query })).data.map((found) => found.id), [id], query);
    }
  });

  check("a search is walked page by page", async (lab) => {
    const mark = `m${Date.now()}`;
    const ids: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) ids.unshift((await lab.stripe.customers.create({ metadata: { mark } })).id);
    await lab.advance(120);
    const query = `metadata['mark']:'${mark}'`;
    const first = await lab.stripe.customers.search({ query, limit: 2 });
    assert.equal(first.has_more, true);
    const second = await lab.stripe.customers.search({ query, limit: 2, page: first.next_page as string });
    assert.deepEqual([second.has_more, second.next_page], [false, null]);
    assert.deepEqual([...idsOf(first), ...idsOf(second)], ids);
    const walked = await lab.stripe.customers.search({ query, limit: 1 }).autoPagingToArray({ limit: 10 });
    assert.deepEqual(walked.map(({ id }) => id), ids);
  });

  check("a search that cannot be read is refused", async ({ stripe }) => {
    await refused(stripe.customers.search({ query: "what?" }), { status: 400, param: "query" });
    await refused(stripe.customers.search({} as never), { status: 400, code: "parameter_missing", param: "query" });
  });
});
