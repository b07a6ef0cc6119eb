// A shop that charges twice, in vitest: this suite has to fail, and its report is what a merchant sees.
import { test } from "vitest";
import { hostile } from "tillproof/testing";
import { FAULTS, naive } from "./shop/native.cjs";

test("the naive shop keeps its books", async () => {
  await hostile(naive, { seeds: 100, faults: FAULTS });
});
