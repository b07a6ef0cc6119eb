// hostile in a page: the same shop, bundled for browsers. What came of it is left for runners.test.js.
import { hostile } from "tillproof/testing";
import shop from "./shop/native.cjs";

const { careful, FAULTS, naive } = shop;

async function outcome() {
  const report = await hostile(careful, { seeds: 50, faults: FAULTS });
  const failure = await hostile(naive, { seeds: 50, faults: FAULTS }).catch((error) => error);
  return { requests: report.requests, struck: report.faults.response_lost ?? 0, seed: failure.seed, story: failure.story };
}

globalThis.outcome = await outcome().catch((error) => ({ problem: String(error?.stack ?? error) }));
