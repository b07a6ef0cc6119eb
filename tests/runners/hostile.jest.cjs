// hostile in a suite of jest, whose tests are CommonJS in a world of their own.
const Stripe = require("stripe");
const { hostile, HostileFailure } = require("tillproof/testing");
const { careful, FAULTS, naive } = require("./shop/native.cjs");
const { FAULTS: STRIPE_FAULTS, shopOf } = require("./shop/stripe.cjs");

test("the careful shop keeps its books", async () => {
  const report = await hostile(careful, { seeds: 100, faults: FAULTS });
  expect(report.faults.response_lost).toBeGreaterThan(0);
});

test("the shop on Stripe keeps its books", async () => {
  const report = await hostile(shopOf(Stripe), { dialect: "stripe", seeds: 30, faults: STRIPE_FAULTS });
  expect(report.faults.webhook_duplicate).toBeGreaterThan(0);
});

test("a shop that breaks is told as a value of the package's own class", async () => {
  const thrown = await hostile(naive, { seeds: 100, faults: FAULTS }).catch((error) => error);
  expect(thrown).toBeInstanceOf(HostileFailure);
  expect(thrown.violations[0].invariant).toBe("charged_once");
});
