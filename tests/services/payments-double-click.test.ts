import assert from "node:assert/strict";
import { test } from "node:test";

import { DATABASES, type Database } from "./payments-crash/databases.js";
import type { Told } from "./payments-crash/process.js";
import { Shop } from "./payments-crash/shop.js";

const CALLS = 50;

/** Fifty calls with one reference, spread over processes that start together: their answers, and the charges there are. */
async function clicked(database: Database, processes: number): Promise<{ answers: Told[]; charges: string[] }> {
  const shop = await Shop.open(database);
  try {
    const shares = Array.from({ length: processes }, (_, index) => Math.ceil((CALLS - index) / processes));
    const ends = await Promise.all(
      shares.map((times) => shop.run({ do: "charge", reference: "click", times }, { profile: "native" })),
    );
    const answers = ends.flatMap((end) => ("printed" in end ? (end.printed as Told[]) : []));
    return { answers, charges: (await shop.truth("click")).map(({ id }) => id) };
  } finally {
    await shop.close();
  }
}

for (const processes of [1, 4]) {
  test(`${CALLS} calls with one reference in ${processes} process(es): one charge, equal answers`, { concurrency: true }, async (context) => {
    await Promise.all(DATABASES.map((database) => context.test(database, async () => {
      const { answers, charges } = await clicked(database, processes);
      assert.equal(charges.length, 1, "charges at the gateway");
      assert.equal(answers.length, CALLS);
      const [first] = answers;
      assert.deepEqual([first?.status, first?.["providerReference"]], ["settled", charges[0]]);
      assert.deepEqual(answers, Array.from({ length: CALLS }, () => first));
    })));
  });
}
