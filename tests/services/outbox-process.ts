/**
 * A merchant's process of the outbox crash tests: `node outbox-process.mjs <database> <place> <file> <work> [point]`.
 *
 * `write N` charges N orders, and dies at the point `stored`, when the outcome and its message are committed and nobody
 * was told; `deliver` hands messages on, each of them a line in the file, and dies at the point `delivered`, when the
 * line is on the disk and the message is not acknowledged; `run` delivers until it is killed.
 */

import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

import { createOutbox } from "../../pkg/src/outbox/index.js";
import { createPayments } from "../../pkg/src/payments/index.js";
import { openStore, type Database } from "./payments-crash/databases.js";

const [database = "", place = "", file = "", work = "", point = ""] = process.argv.slice(2);

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("dead");
}

/** On the disk before anything else can happen to this process. */
function written(line: string): void {
  const handle = openSync(file, "a");
  writeSync(handle, `${line}\n`);
  fsyncSync(handle);
  closeSync(handle);
}

if (database !== "") {
  const { store, close } = await openStore(database as Database, place);
  const outbox = createOutbox({
    store,
    pollMs: 20,
    timeoutMs: 100,
    backoff: { baseMs: 10, capMs: 50 },
    deliver: async ({ id, type }) => {
      written(`${type} ${id}`);
      if (point === "delivered") die();
      // Long enough for somebody to kill this process in the middle of it.
      if (work === "run") await new Promise((resolve) => setTimeout(resolve, 40));
    },
  });
  if (work === "run") await outbox.run();
  if (work === "deliver") {
    while ((await outbox.figures()).ready + (await outbox.figures()).taken > 0) {
      await outbox.sweep();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  if (work.startsWith("write")) {
    const payments = createPayments({
      provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
      store,
      outbox,
      secret: "a secret of sixteen bytes or more",
      onTransition: ({ after }) => void (point === "stored" && after.status === "settled" && die()),
      fetch: async (request) => {
        const { reference } = (await request.json()) as { reference: string };
        return Response.json({ id: `pay_${reference}`, merchantId: "shop", amount: 100, currency: "EUR", reference, state: "completed" }, { status: 201 });
      },
    });
    for (let order = 0; order < Number(work.slice("write".length)); order += 1) {
      await payments.charge({ reference: `order_${order}`, amount: 100, currency: "EUR" });
    }
  }
  await close();
}
