import assert from "node:assert/strict";
import { test } from "node:test";

import { DATABASES, type Database } from "./payments-crash/databases.js";
import { TOLD } from "./payments-crash/killing.js";
import { type Act, type Point, POINTS } from "./payments-crash/points.js";
import type { Order, Told } from "./payments-crash/process.js";
import { type End, Shop, type TruePayment } from "./payments-crash/shop.js";

const ROUNDS = Number(process.env["PAYMENTS_CRASH_ROUNDS"] ?? 1);

const MINUTE = 60_000;

/** When sweepers look, from the restart on: soon after the lease, and then until the longest quarantine is over. */
const SWEEPS_AT = [0, 5_000, 30_000, MINUTE, 5 * MINUTE, 20 * MINUTE, 40 * MINUTE, 90 * MINUTE];

function workOf(act: Act, reference: string, payment: TruePayment | undefined): Order["work"] | undefined {
  switch (act.work) {
    case "charge":
      // Who lives leaves what nobody knows to a sweeper.
      return { do: "charge", reference, leaves: act.road?.includes("request_lost") === true };
    case "charge again":
      return { do: "charge", reference, retryFailed: true };
    case "cancel":
      return { do: "cancel", reference };
    case "sweep":
      return { do: "sweep", reference, at: SWEEPS_AT };
    case "hear":
      return { do: "hear", payment };
    default:
      return undefined;
  }
}

/** Runs one act and what the operator does after it. Whoever is to die has died then, and nobody else. */
async function play(shop: Shop, point: Point, act: Act, reference: string): Promise<void> {
  const work = workOf(act, reference, (await shop.truth(reference))[0]);
  if (work !== undefined) {
    shop.road.fates = [...(act.road ?? [])];
    const end: End = await shop.run(work, { profile: point.profile, dies: act.dies });
    const dies = act.dies !== undefined || act.road?.includes("sender_dies") === true;
    assert.equal("signal" in end ? end.signal : "lived", dies ? "SIGKILL" : "lived", `${point.name}: ${act.work}`);
    assert.deepEqual(shop.road.fates, [], `${point.name}: what was to happen on the road`);
  }
  for (const next of act.then ?? []) {
    if (next === "back up") await shop.place.backUp();
    else if (next === "restore") await shop.place.restore();
    else await shop.wait(next);
  }
}

async function lives(shop: Shop, point: Point, work: Order["work"]): Promise<unknown> {
  const end = await shop.run(work, { profile: point.profile });
  assert.ok("printed" in end, `${point.name}: a process that nobody killed died`);
  return end.printed;
}

/** The columns of a row: what a sweeper found, what a repeated call was answered, charges that stand, and what was told. */
async function outcomeOf(shop: Shop, point: Point, round: number): Promise<string[]> {
  await shop.moveIn();
  const reference = `${point.name}-${POINTS.indexOf(point)}-${round}`;
  for (const act of point.acts) await play(shop, point, act, reference);
  const found = (await lives(shop, point, { do: "sweep", reference, at: SWEEPS_AT })) as Told | null;
  const again = { do: "charge", reference, retryFailed: point.retryFailed ?? false, times: 2 } as const;
  const [first, second] = (await lives(shop, point, again)) as Told[];
  assert.deepEqual(second, first, `${point.name}: two answers to a repeated call`);
  const payments = await shop.truth(reference);
  const charges = payments.filter(({ state }) => state === "completed");
  // What does not stand was given back as a whole, and once.
  assert.ok(payments.every(({ state }) => state === "completed" || state === "refunded"), JSON.stringify(payments));
  if (first?.["providerReference"] !== undefined) assert.equal(first["providerReference"], charges[0]?.id, point.name);
  if (point.acts.some(({ dies }) => dies?.commit === TOLD)) {
    // Whoever told is taken for alive until his lease is over.
    await shop.wait(MINUTE);
    await lives(shop, point, { do: "sweep", reference, at: [0] });
    assert.equal(shop.told(reference).length, 2, "told again, since nobody stored that it was told");
  }
  const told = [...new Map(shop.told(reference).map(({ id, type }) => [id, type])).values()];
  return [found?.status ?? "nothing", String(first?.status), String(charges.length), told.join(", ")];
}

/** What the row must say. */
function expected({ name, what, found, repeated = "settled", told = ["payment.settled"] }: Point): string[] {
  return [name, what, found, repeated, repeated === "settled" ? "1" : "0", told.join(", ")];
}

async function crashed(database: Database): Promise<void> {
  const shop = await Shop.open(database);
  try {
    const rows: string[][] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const point of POINTS) rows.push([point.name, point.what, ...(await outcomeOf(shop, point, round))]);
    }
    const widths = [4, 40, 8, 8, 7, 0];
    console.log([["", `killed on ${database}`, "found", "repeated", "charges", "told"], ...rows]
      .map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd())
      .join("\n"));
    assert.deepEqual(rows, Array.from({ length: ROUNDS }, () => POINTS.map(expected)).flat());
  } finally {
    await shop.close();
  }
}

test("one charge, found after restart, wherever the process is killed", { concurrency: true }, async (context) => {
  await Promise.all(DATABASES.map((database) => context.test(database, () => crashed(database))));
});

test("the harness sees a second charge: a merchant with a new key at each start makes one", async () => {
  const shop = await Shop.open("sqlite");
  try {
    shop.road.fates = ["sender_dies"];
    const work = { do: "charge", reference: "control" } as const;
    assert.deepEqual(await shop.run(work, { profile: "native", forgets: true }), { signal: "SIGKILL" });
    assert.ok("printed" in (await shop.run(work, { profile: "native", forgets: true })));
    assert.equal((await shop.truth("control")).length, 2);
  } finally {
    await shop.close();
  }
});
