// hostile in a suite of vitest, as a merchant writes it.
import Stripe from "stripe";
import { expect, test } from "vitest";
import { hostile } from "tillproof/testing";
import { careful, FAULTS } from "./shop/native.cjs";
import { FAULTS as STRIPE_FAULTS, shopOf } from "./shop/stripe.cjs";

test("the careful shop keeps its books", async () => {
  const report = await hostile(careful, { seeds: 100, faults: FAULTS });
  expect(report.faults.response_lost).toBeGreaterThan(0);
});

test("the shop on Stripe keeps its books", async () => {
  const report = await hostile(shopOf(Stripe), { dialect: "stripe", seeds: 30, faults: STRIPE_FAULTS });
  expect(report.faults.webhook_duplicate).toBeGreaterThan(0);
});

test("time and timers are given back", async () => {
  const before = Date.now();
  await hostile(careful, { seeds: 3, faults: FAULTS });
  expect(Date.now() - before).toBeLessThan(600_000);
  await new Promise((resolve) => setTimeout(resolve, 1));
});
